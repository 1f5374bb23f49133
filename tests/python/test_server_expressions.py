"""Expressions of Db2 on the embedded server: each has the value and the type that Db2's documents give, on the product
that the server looks like, or is refused with Db2's SQLCODE. Real Derby answers those that it knows."""

from __future__ import annotations

import datetime
import math
import time
from collections.abc import Iterator
from typing import Any

import duckdb
import pytest
from derby import Derby
from expressions import EXPRESSIONS, TABLES, Expression, Refused

import drdarrow
from drdarrow import server

PERSONAS = ("luw", "ibmi", "zos", "derby")


@pytest.fixture(scope="module", params=PERSONAS)
def srv(request: pytest.FixtureRequest) -> Iterator[server.Server]:
    with server.serve(duckdb.connect(), persona=request.param) as running:
        yield running


@pytest.fixture(scope="module")
def conn(srv: server.Server) -> Iterator[drdarrow.Connection]:
    with srv.connect(autocommit=True) as connection:
        for sql in TABLES:
            connection.execute(sql)
        yield connection


def asked(sql: str) -> str:
    """The query for an expression."""
    return sql if sql.startswith(("SELECT", "WITH", "VALUES")) else f"SELECT {sql} FROM T"


def described(column: Any, told: str) -> str:
    """The type of a column, with its sizes if `told` has some."""
    name = str(getattr(column[1], "name", column[1])).partition("(")[0]
    name = {"TEXT": str(column[1]).partition("(")[2].rstrip(")")}.get(name, name)
    if name == "DECIMAL":
        return f"DECIMAL({column[4]},{column[5]})"
    return f"{name}({column[3]})" if "(" in told else name


def same(got: Any, value: Any) -> bool:
    if isinstance(value, float) and isinstance(got, float):
        return math.isclose(got, value, rel_tol=1e-12, abs_tol=1e-15)
    return bool(got == value)


@pytest.mark.parametrize("expression", EXPRESSIONS, ids=[expression.sql for expression in EXPRESSIONS])
def test_an_expression_has_its_value_or_is_refused(
    srv: server.Server, conn: drdarrow.Connection, expression: Expression
) -> None:
    value, kind = expression.on(srv.persona)
    if isinstance(value, Refused):
        with pytest.raises(drdarrow.Error) as caught:
            print(conn.execute(asked(expression.sql)).fetchall())
        assert caught.value.sqlstate == value.sqlstate, caught.value
        # Derby has one SQLCODE for all.
        assert srv.persona == "derby" or value.sqlcode in (0, caught.value.sqlcode)
        return
    cursor = conn.execute(asked(expression.sql))
    got = [row[0] if len(row) == 1 else row for row in cursor.fetchall()]
    wanted = value if isinstance(value, list) else [value]
    assert len(got) == len(wanted), got
    assert all(same(one, other) for one, other in zip(got, wanted, strict=True)), got
    if kind:
        assert described(cursor.description[0], kind) == kind  # type: ignore[index]


#: The values that are stored in a DECIMAL(5,0), an INTEGER and a SMALLINT of a table with 12.50, 3.9E0 and 7.
STORED = [
    ("INSERT INTO X SELECT D, D, F FROM Y", (12, 12, 3)),
    ("INSERT INTO X (I) SELECT MAIN.Y.D FROM MAIN.Y", (None, 12, None)),
    ("INSERT INTO X VALUES ((SELECT D FROM Y), CASE WHEN 1 = 1 THEN 3.9 END, 4)", (12, 3, 4)),
    ("INSERT INTO X SELECT COALESCE(F, D), COALESCE(D, F) + 0.2, COALESCE(D, 0) FROM Y", (3, 12, 12)),
    ("INSERT INTO X SELECT LAG(D, 0) OVER (ORDER BY I), GREATEST(D, I), NVL2(I, D, 0) FROM Y", (12, 12, 12)),
    ("INSERT INTO X SELECT DECODE(I, 7, D), ABS(D), MAX(D) OVER () FROM Y", (12, 12, 12)),
    ("INSERT INTO X SELECT UNFORESEEN.D, UNFORESEEN.F, 1 FROM (SELECT * FROM Y) AS UNFORESEEN", (12, 3, 1)),
    ("MERGE INTO X USING Y ON X.I = Y.I WHEN NOT MATCHED THEN INSERT VALUES (COALESCE(Y.D, 0), Y.D, F)", (12, 12, 3)),
    ("INSERT INTO X VALUES (1, 1, 1); UPDATE X SET M = (SELECT D FROM Y), I = (SELECT F FROM Y)", (12, 3, 1)),
    ("INSERT INTO X VALUES (1, 1, 1); UPDATE X SET (M, I) = (12.5, 3.9)", (12, 3, 1)),
    ("INSERT INTO Y SELECT D, F, I FROM Y; UPDATE Y SET I = D; INSERT INTO X SELECT MAX(I), 0, 0 FROM Y", (12, 0, 0)),
]


@pytest.mark.parametrize(("sql", "row"), STORED)
def test_digits_that_a_column_has_no_room_for_are_cut_off(srv: server.Server, sql: str, row: tuple) -> None:
    with srv.connect() as connection:
        connection.execute("CREATE TABLE Y (D DECIMAL(9,2), F DOUBLE, I INTEGER)")
        connection.execute("INSERT INTO Y VALUES (12.50, 3.9E0, 7)")
        connection.execute("CREATE TABLE X (M DECIMAL(5,0), I INTEGER, S SMALLINT)")
        for statement in sql.split("; "):
            connection.execute(statement)
        assert connection.execute("SELECT M, I, S FROM X").fetchall() == [row]
        connection.rollback()


LONG = [("I" + " + 1" * 400, 407), ("V" + " || 'x'" * 400, "cd " + "x" * 400)]


@pytest.mark.parametrize(("sql", "value"), LONG, ids=["sum", "text"])
def test_a_long_chain_of_operators_is_no_deep_expression(conn: drdarrow.Connection, sql: str, value: Any) -> None:
    assert conn.execute(f"SELECT {sql} FROM T").fetchall() == [(value,)]
    assert conn.execute("SELECT I / 2 FROM T WHERE I = 1" + " OR I = 7" * 400).fetchall() == [(3,)]


@pytest.mark.parametrize("form", ["NULLIF({}, 'q')", "DECODE({}, 'q', 'r', 'cd', 'cd')", "HEX(LENGTH({}))"])
def test_calls_within_calls_take_no_time_that_doubles(conn: drdarrow.Connection, form: str) -> None:
    sql = "V"
    for _ in range(14):
        sql = form.format(sql)
    start = time.monotonic()
    assert len(conn.execute(f"SELECT {sql} FROM T").fetchall()) == 1
    # It was forty seconds with ten of them.
    assert time.monotonic() - start < 10


def test_a_sequence_is_drawn_from_once(conn: drdarrow.Connection) -> None:
    conn.execute("CREATE SEQUENCE ONCE START WITH 1")
    for _ in range(2):
        drawn = conn.execute("SELECT NULLIF(NEXT VALUE FOR ONCE, 99) FROM T").fetchall()
    assert drawn == [(2,)]
    conn.execute("DROP SEQUENCE ONCE")


MARKERS = [
    ("SUBSTR(V, ?, ?)", (2, 1), "d"), ("SUBSTR(V, ?)", (2,), "d "), ("MOD(I, ?)", (4,), 3), ("MOD(?, I)", (9,), 2),
    ("LOCATE('d', V, ?)", (1,), 2), ("ADD_MONTHS(DT, ?)", (1,), datetime.date(2024, 2, 29)), ("NULLIF(I, ?)", (7,), None),
    ("NULLIF(V, ?)", ("cd",), None), ("COALESCE(N, ?)", (9,), 9), ("INTEGER(?)", ("1.9",), 1), ("INTEGER(?)", (2,), 2),
    ("BIGINT(?)", (9007199254740993,), 9007199254740993), ("AVG(I + ?)", (2,), 9), ("AVG(DISTINCT I + ?)", (2,), 9),
]  # fmt: skip


@pytest.mark.parametrize(("sql", "given", "value"), MARKERS)
def test_a_parameter_has_the_type_of_its_place(conn: drdarrow.Connection, sql: str, given: tuple, value: Any) -> None:
    assert conn.execute(f"SELECT {sql} FROM T", given).fetchall() == [(value,)]


def test_a_mean_with_a_parameter_is_exact(srv: server.Server, conn: drdarrow.Connection) -> None:
    for sql, kind in (
        ("AVG(D + ?)", "DECIMAL(5,2)"),
        ("AVG(D + ?) FILTER (WHERE A > 0)", "DECIMAL(5,2)"),
        ("AVG(B + ?)", "INTEGER"),
        ("AVG(A + ?) OVER (PARTITION BY G)", "SMALLINT"),
    ):
        other = sql.replace("?", f"CAST(1 AS {kind})")
        asked = conn.execute(f"SELECT {sql} FROM R", (1,))
        wanted = conn.execute(f"SELECT {other} FROM R")
        assert asked.description[0][1:6] == wanted.description[0][1:6]  # type: ignore[index]
        assert asked.fetchall() == wanted.fetchall()
    assert conn.execute("SELECT AVG(A + ?) FROM R WHERE A > 100", (1,)).fetchall() == [(None,)]


@pytest.mark.parametrize("sql", ["? + 1 DAY", "AVG(?)"])
def test_a_parameter_without_a_type_is_refused(conn: drdarrow.Connection, sql: str) -> None:
    with pytest.raises(drdarrow.Error) as caught:
        conn.execute(f"SELECT {sql} FROM T", ("1",))
    assert caught.value.sqlstate == "42610"


SEQUENCES = [
    ("", [1], [-2147483648], "INTEGER"),
    ("AS SMALLINT START WITH 32766", [32766, 32767, None], None, "SMALLINT"),
    ("AS BIGINT START WITH 5 INCREMENT BY 2", [5, 7], None, "BIGINT"),
    ("AS DECIMAL(9,0) START WITH 7", [7], None, "DECIMAL(9,0)"),
    ("AS SMALLINT INCREMENT BY -1", [-1, -2], [32767, 32766], "SMALLINT"),
]


@pytest.mark.parametrize(("options", "values", "derby", "kind"), SEQUENCES)
def test_a_value_of_a_sequence_has_its_type(
    srv: server.Server, options: str, values: list, derby: list | None, kind: str
) -> None:
    """NEXT VALUE, and PREVIOUS VALUE; beyond the last value it is -359."""
    with srv.connect() as connection:
        connection.execute(f"CREATE SEQUENCE NUMBERED {options}")
        for value in derby if derby is not None and srv.persona == "derby" else values:
            if value is None:
                with pytest.raises(drdarrow.Error, match="359"):
                    connection.execute("VALUES NEXT VALUE FOR NUMBERED").fetchall()
                continue
            cursor = connection.execute("VALUES NEXT VALUE FOR NUMBERED")
            assert described(cursor.description[0], kind) == kind  # type: ignore[index]
            assert cursor.fetchall() == [(value,)]
            cursor = connection.execute("VALUES PREVIOUS VALUE FOR NUMBERED")
            assert described(cursor.description[0], kind) == kind  # type: ignore[index]
            assert cursor.fetchall() == [(value,)]
        connection.rollback()


@pytest.mark.parametrize("sql", ["DT - ?", "? - DT", "DT + SOMETHING.X", "LENGTH(SOMETHING.X[1])"])
def test_what_has_no_type_is_refused(conn: drdarrow.Connection, sql: str) -> None:
    with pytest.raises(drdarrow.Error) as caught:
        conn.execute(f"SELECT {sql} FROM T, (SELECT [DT] AS X FROM T) AS SOMETHING")
    assert caught.value.sqlstate == "42997"


def test_a_table_of_a_query_has_its_rows_or_none(srv: server.Server) -> None:
    with srv.connect() as connection:
        connection.execute("CREATE TABLE A AS (SELECT 7 / 2 AS X FROM (VALUES 1) AS V (I)) WITH DATA")
        connection.execute("CREATE TABLE B AS (SELECT 7 / 2 AS X FROM (VALUES 1) AS V (I)) WITH NO DATA")
        assert connection.execute("SELECT X FROM A").fetchall() == [(3,)]
        assert connection.execute("SELECT X FROM B").fetchall() == []
        connection.rollback()


#: SQLSTATEs by which Derby says that it does not know a word, a function or an operator.
UNKNOWN = ("42X", "42Y", "0A0")


@pytest.mark.parametrize(
    "call", ["DAY({})", "HOUR({})", "DATE({})", "TIME({})", "VARCHAR({})", "CHAR({})", "DAYS({})", "VARCHAR_FORMAT({}, 'DD')"]
)
def test_what_24_00_00_would_have_otherwise_is_refused(conn: drdarrow.Connection, call: str) -> None:
    """Db2 keeps the day, and Derby has it for DATE."""
    with pytest.raises(drdarrow.Error) as caught:
        print(conn.execute(asked(call.format("TIMESTAMP('2024-03-05-24.00.00')"))).fetchall())
    assert caught.value.sqlstate == "22007"


def test_real_derby_says_the_same(derby: Derby) -> None:
    """The values for Derby are its own."""
    answered = 0
    with drdarrow.connect(derby.uri("EXPRESSIONS", attributes="create=true"), autocommit=True) as real:
        for sql in TABLES:
            real.execute(sql)
        for expression in EXPRESSIONS:
            value, kind = expression.on("derby")
            try:
                cursor = real.execute(asked(expression.sql))
                got = [row[0] if len(row) == 1 else row for row in cursor.fetchall()]
            except drdarrow.Error as e:
                state = e.sqlstate or ""
                # It has another SQLSTATE for texts that are no dates.
                told = isinstance(value, Refused) and (state == value.sqlstate or {state, value.sqlstate} == {"22007", "22008"})
                assert told or state.startswith(UNKNOWN), (expression.sql, str(e))
                continue
            answered += 1
            wanted = value if isinstance(value, list) else [value]
            assert len(got) == len(wanted), (expression.sql, got)
            assert all(same(one, other) for one, other in zip(got, wanted, strict=True)), (expression.sql, got)
            if kind:
                assert described(cursor.description[0], kind) == kind, expression.sql  # type: ignore[index]
    assert answered > 100


def test_the_table_is_as_long_as_is_said() -> None:
    assert len({expression.sql for expression in EXPRESSIONS}) == len(EXPRESSIONS) >= 150


@pytest.mark.parametrize("persona", ["luw", "ibmi"])
def test_a_list_of_distinct_texts_does_not_look_at_blanks_at_their_ends(persona: Any):
    with server.serve(persona=persona) as srv, srv.connect() as connection:
        connection.execute("CREATE TABLE L (G INTEGER, A VARCHAR(5))")
        connection.execute("INSERT INTO L VALUES (1, 'a'), (1, 'a  '), (1, 'b'), (2, NULL), (2, 'z  '), (3, NULL)")

        def listed(what: str) -> list[tuple]:
            return connection.execute(f"SELECT G, {what} FROM L GROUP BY G ORDER BY G").fetchall()

        # Which of those that are the same is listed is nobody's promise.
        rising = listed("LISTAGG(DISTINCT A, ',') WITHIN GROUP (ORDER BY A)")
        assert [(g, text and text.replace(" ", "")) for g, text in rising] == [(1, "a,b"), (2, "z"), (3, None)]
        assert rising[1] == (2, "z  ")
        falling = listed("LISTAGG(DISTINCT A, ',') WITHIN GROUP (ORDER BY A DESC)")
        assert falling[0][1].replace(" ", "") == "b,a"
        assert listed("LISTAGG(DISTINCT UPPER(A), '-')")[0][1].replace(" ", "") == "A-B"
        assert listed("LISTAGG(DISTINCT G, '-')") == [(1, "1"), (2, "2"), (3, "3")]
        with pytest.raises(drdarrow.Error, match="-214"):
            listed("LISTAGG(DISTINCT A, '-') WITHIN GROUP (ORDER BY G)")
