"""Many rows into DuckDB at once, where that might not have the outcome of the rows one by one."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import duckdb
import pyarrow as pa
import pytest

import drdarrow
from drdarrow import _core, server
from drdarrow.server import bad_rows
from drdarrow.server.duckdb import DuckEngine
from drdarrow.server.engine import SqlError
from drdarrow.server.inserts import Insert
from drdarrow.server.session import DuckSession

I32, I16, F32 = pa.int32(), pa.int16(), pa.float32()


def engine(*ddl: str, guarded: bool = False) -> DuckEngine:
    con = duckdb.connect()
    for sql in ddl:
        con.execute(sql)
    return DuckEngine(con, {}, guarded=guarded)


def run(session: DuckSession, sql: str, *, commit: bool = True) -> None:
    number, *_ = session.prepare(sql)
    session.execute(number, [()])
    if commit:
        session.commit()


def rows(*columns: Sequence[Any], kind: pa.DataType | None = I32) -> Any:
    arrays = [column if isinstance(column, pa.Array) else pa.array(column, kind) for column in columns]
    return _core.collect(pa.table({"0": range(len(arrays[0])), **{str(n + 1): a for n, a in enumerate(arrays)}}))


def told(answer: object) -> object:
    return (answer.sqlcode, answer.sqlstate, answer.rolled_back) if isinstance(answer, SqlError) else answer


def one(session: DuckSession, number: int, row: tuple) -> object:
    try:
        return session.execute(number, [row])
    except SqlError as e:
        return told(e)


def chain(session: DuckSession, number: int, table: Any) -> list:
    """A chain of these rows, as the server runs it."""
    done = session.execute_gathered(number, table)
    if done not in (None, (0, None)):
        assert done is not None
        count, error = done
        return [1] * count + ([told(error)] if error is not None else [])
    return [one(session, number, row[1:]) for row in table.rows()]


def array(session: DuckSession, number: int, table: Any) -> list:
    answers = session.execute_array(number, table, False)
    assert isinstance(answers, list)
    return [told(answer) for answer in answers]


def single(session: DuckSession, number: int, table: Any) -> list:
    return [one(session, number, row[1:]) for row in table.rows()]


#: Ways in which rows come.
WAYS = {"chain": chain, "array": array}


def outcome(way: Any, ddl: Sequence[str], sql: str, table: Any, earlier: bool = True) -> tuple[list, list]:
    """The answers, and the rows of T that are committed."""
    of = engine(*ddl, "CREATE TABLE OTHER (A INTEGER)")
    session = of.session("me", "DB")
    number, *_ = session.prepare(sql)
    if earlier:
        run(session, "INSERT INTO OTHER VALUES (1)", commit=False)
    answers = way(session, number, table)
    session.commit()
    return answers, of._source.execute("SELECT CAST(T AS VARCHAR) FROM T ORDER BY ALL").fetchall()


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("by", ["schema", "host"])
def test_values_go_into_the_columns_that_the_table_has_now(way: Any, by: str) -> None:
    of = engine("CREATE SCHEMA A", "CREATE SCHEMA B", "CREATE TABLE A.T (X INTEGER, Y INTEGER DEFAULT 7)")
    session = of.session("me", "DB")
    of._source.execute("CREATE TABLE B.T (Y INTEGER DEFAULT 9, X INTEGER)")
    run(session, "SET SCHEMA A")
    number, *_ = session.prepare("INSERT INTO T VALUES (?, DEFAULT)")
    assert way(session, number, rows([5, 6])) == [1, 1]
    session.commit()
    assert of._source.execute("FROM A.T").fetchall() == [(5, 7), (6, 7)]
    if by == "schema":
        run(session, "SET SCHEMA B")
    else:
        of._source.execute("CREATE OR REPLACE TABLE A.T (Y INTEGER, X INTEGER DEFAULT 9)")
    assert way(session, number, rows([1, 2])) == [1, 1]
    session.commit()
    found = of._source.execute("SELECT X, Y FROM A.T ORDER BY ALL").fetchall()
    # One by one the first item goes into the first column.
    assert found == ([(9, 1), (9, 2)] if by == "host" else [(1, 7), (2, 7), (5, 7), (6, 7)])
    # A statement keeps the schema in which it was prepared.
    assert of._source.execute("FROM B.T").fetchall() == []


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_a_table_that_the_host_replaced_in_a_transaction_is_seen_as_it_does(way: Any) -> None:
    of = engine("CREATE TABLE T (X INTEGER, Y INTEGER DEFAULT 7)", "CREATE TABLE U (A INTEGER)")
    session = of.session("me", "DB")
    number, *_ = session.prepare("INSERT INTO T VALUES (?, DEFAULT)")
    run(session, "INSERT INTO U VALUES (1)", commit=False)
    of._source.execute("CREATE OR REPLACE TABLE T (Y INTEGER DEFAULT 9, X INTEGER)")
    try:
        way(session, number, rows([1, 2]))
        session.commit()
    except SqlError as e:
        assert e.rolled_back
    # The transaction does not see the new table.
    assert of._source.execute("FROM T").fetchall() == []


#: Tables, a statement, and its values: in a chain, each has the outcome that it has by itself.
ALIKE = {
    "default in a check": (
        ["CREATE TABLE T (A INTEGER, B INTEGER DEFAULT 5, CHECK (A < B))"],
        "INSERT INTO T (A) VALUES (?)",
        [pa.array([1, 9, 2], I32)],
    ),
    "default in a key": (
        ["CREATE TABLE T (A INTEGER, B INTEGER DEFAULT 5 UNIQUE)"],
        "INSERT INTO T (A) VALUES (?)",
        [pa.array([1, 9], I32)],
    ),
    "numbered": (["CREATE TABLE T (A INTEGER, B INTEGER)"], "INSERT INTO T VALUES ($2, $1)", [pa.array([1, 2], I32)] * 2),
    "numbered too": (
        ["CREATE TABLE T (A INTEGER, B INTEGER)"],
        "INSERT INTO T VALUES (?2, ?1)",
        [pa.array([1, 2], I32), pa.array([3, 4], I32)],
    ),
    "from": (
        ["CREATE TABLE T (A INTEGER, B BIGINT)", "CREATE VIEW V AS SELECT count(*) AS N FROM T"],
        "INSERT INTO T VALUES (?, (FROM V))",
        [pa.array([1, 2], I32)],
    ),
    "table": (
        ["CREATE TABLE T (A INTEGER, B BIGINT)", "CREATE VIEW V AS SELECT count(*) AS N FROM T"],
        "INSERT INTO T VALUES (?, (TABLE V))",
        [pa.array([1, 2], I32)],
    ),
    "short sums": (["CREATE TABLE T (A INTEGER)"], "INSERT INTO T VALUES (? * 1000)", [pa.array([100, 7], I16)]),
    "floats as texts": (
        ["CREATE TABLE T (A VARCHAR, B DECIMAL(18,15), C REAL)"],
        "INSERT INTO T VALUES (?, ?, ?)",
        [pa.array([0.1, None], F32)] * 3,
    ),
    "nanoseconds in texts": (
        ["CREATE TABLE T (A TIMESTAMP_NS PRIMARY KEY)"],
        "INSERT INTO T VALUES (?)",
        [pa.array(["2024-01-01 00:00:00.000000001", "2024-01-01 00:00:00.000000002"])],
    ),
    "a key in any case": (
        ["CREATE TABLE T (A VARCHAR COLLATE NOCASE PRIMARY KEY)", "INSERT INTO T VALUES ('a')"],
        "INSERT INTO T VALUES (?)",
        [pa.array(["A", "b", "B"])],
    ),
    "a key that is there": (
        ["CREATE TABLE T (A VARCHAR COLLATE NOCASE PRIMARY KEY)", "INSERT INTO T VALUES ('a')"],
        "INSERT INTO T VALUES (?)",
        [pa.array(["A", "b", "a", "c"])],
    ),
}


@pytest.mark.parametrize("earlier", [False, True], ids=["first", "later"])
@pytest.mark.parametrize("name", ALIKE)
def test_a_chain_has_the_outcome_of_its_rows(name: str, earlier: bool) -> None:
    ddl, sql, columns = ALIKE[name]
    table = rows(*columns)
    assert outcome(chain, ddl, sql, table, earlier) == outcome(single, ddl, sql, table, earlier)


@pytest.mark.parametrize("name", ["from", "table", "short sums", "floats as texts", "nanoseconds in texts", "a key in any case"])
def test_good_rows_of_an_array_have_the_outcome_of_single_ones(name: str) -> None:
    ddl, sql, columns = ALIKE[name]
    table = rows(*columns)
    assert outcome(array, ddl, sql, table) == outcome(single, ddl, sql, table)


def test_an_extract_is_no_query() -> None:
    insert = Insert.of("INSERT INTO T VALUES (EXTRACT(YEAR FROM ?), (? + 1), CASE WHEN ? IS NULL THEN 1 END)")
    assert insert is not None and insert.markers == 3
    for item in ("(FROM V)", "( /* x */ WITH A AS (FROM V) FROM A)", "(PIVOT V ON A)", "EXISTS (FROM V)", "((TABLE V))"):
        assert Insert.of(f"INSERT INTO T VALUES (?, {item})") is None, item
    for marker in ("$1", "?1", ":a", "$a", "#1"):
        assert Insert.of(f"INSERT INTO T VALUES (?, {marker})") is None, marker


def test_a_temporary_table_has_conditions_of_its_own() -> None:
    of = engine("CREATE TABLE T (A INTEGER PRIMARY KEY CHECK (A < 5))", "CREATE TABLE U (A INTEGER)")
    session = of.session("me", "DB")
    session._main.execute("CREATE TEMP TABLE T (A INTEGER)")
    session._local = True
    number, *_ = session.prepare("INSERT INTO T VALUES (?)")
    run(session, "INSERT INTO U VALUES (1)", commit=False)
    assert array(session, number, rows([9, 9])) == [1, 1]
    assert session.execute_gathered(number, rows([7, 7])) == (2, None)
    session.rollback()
    # And that one has its own.
    other = of.session("you", "DB")
    number, *_ = other.prepare("INSERT INTO T VALUES (?)")
    run(other, "INSERT INTO U VALUES (1)", commit=False)
    assert array(other, number, rows([1, 9, 1, 2])) == [1, (-545, "23513", False), (-803, "23505", False), 1]


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_a_commit_that_fails_leaves_a_session_that_works(way: Any) -> None:
    of = engine("CREATE TABLE T (A INTEGER PRIMARY KEY)")
    mine, other = of.session("me", "DB"), of.session("you", "DB")
    first, *_ = mine.prepare("INSERT INTO T VALUES (?)")
    second, *_ = other.prepare("INSERT INTO T VALUES (?)")
    assert way(mine, first, rows([1, 2])) == way(other, second, rows([2, 3])) == [1, 1]
    mine.commit()
    with pytest.raises(SqlError) as caught:
        other.commit()
    assert told(caught.value) == (-1476, "40506", True) and caught.value.tokens[0] == "-803"
    for n in (10, 20):
        assert way(other, second, rows([n, n + 1])) == [1, 1]
        other.commit()
    assert of._source.execute("SELECT A FROM T ORDER BY A").fetchall() == [(n,) for n in (1, 2, 10, 11, 20, 21)]


@pytest.mark.parametrize("kind, length", [("CHAR", 32_000), ("VARCHAR", 70_000), ("VARCHAR", 200_000)])
def test_long_columns_take_many_blanks(kind: str, length: int) -> None:
    session = engine(guarded=True).session("me", "DB")
    run(session, f"CREATE TABLE T (A {kind}({length}))")
    number, *_ = session.prepare("INSERT INTO T VALUES (?)")
    texts = ["x", "y" + " " * (2 * length)]
    assert session.execute_gathered(number, rows(pa.array(texts))) == (2, None)
    found = session._main.execute("SELECT length(A), rtrim(A) FROM T ORDER BY 2").fetchall()
    assert found == [(length if kind == "CHAR" else 1, "x"), (length, "y")]


def test_rows_that_blanks_would_blow_up_go_one_by_one() -> None:
    session = engine(guarded=True).session("me", "DB")
    run(session, "CREATE TABLE T (A CHAR(30000), B CHAR(30000))")
    number, *_ = session.prepare("INSERT INTO T VALUES (?, ?)")
    many, few = pa.array(["x"] * 8192), pa.array(["x"] * 200)
    assert session.execute_gathered(number, rows(many, many)) == (0, None)
    assert session.execute_gathered(number, rows(few, few)) == (200, None)


def test_the_number_of_parameters_is_held_against_the_markers() -> None:
    ddl, sql = ["CREATE TABLE T (A INTEGER)"], "INSERT INTO T VALUES (?)"
    table = rows([1, 2], [3, 4])
    assert outcome(chain, ddl, sql, table) == outcome(single, ddl, sql, table)


def interrupt(*_: object) -> None:
    raise duckdb.InterruptException("INTERRUPT Error: Interrupted!")


@pytest.mark.parametrize("atomic", [True, False], ids=["atomic", "each"])
def test_an_interrupt_is_no_fault_of_a_row(monkeypatch: pytest.MonkeyPatch, atomic: bool) -> None:
    of = engine("CREATE TABLE T (A INTEGER CHECK (A < 100))")
    session = of.session("me", "DB")
    number, *_ = session.prepare("INSERT INTO T VALUES (? + 0)")
    run(session, "INSERT INTO T VALUES (1)", commit=False)
    monkeypatch.setattr(bad_rows, "_conditions", interrupt)
    with pytest.raises(SqlError) as caught:
        session.execute_array(number, rows([2, 3]), atomic)
    assert told(caught.value) == (-1476, "40506", True) and caught.value.tokens[0] == "-952"
    assert of._source.execute("FROM T").fetchall() == []


def test_an_interrupt_while_a_row_is_looked_at_is_told() -> None:
    class Interrupted:
        def execute(self, _sql: str) -> None:
            interrupt()

    with pytest.raises(duckdb.InterruptException):
        bad_rows._why(Interrupted(), "T", ["1"], 0, 0)


def test_many_bad_rows_of_an_expression_are_not_looked_for_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    of = engine("CREATE TABLE T (A INTEGER)")
    session = of.session("me", "DB")
    number, *_ = session.prepare("INSERT INTO T VALUES (? + 1)")
    looked: list[int] = []
    why = bad_rows._why
    monkeypatch.setattr(bad_rows, "_why", lambda *given: (looked.append(1), why(*given))[1])
    run(session, "INSERT INTO T VALUES (1)", commit=False)
    with pytest.raises(SqlError) as caught:
        session.execute_array(number, rows([2**31 - 1] * 900), True)
    assert len(looked) < 2000 and caught.value.rolled_back
    session.commit()
    assert of._source.execute("FROM T").fetchall() == []


def test_decimals_are_what_they_are() -> None:
    ddl, sql = ["CREATE TABLE T (A DECIMAL(9,2) PRIMARY KEY)"], "INSERT INTO T VALUES (?)"
    table = rows(pa.array([Decimal("1.25"), Decimal("1.26"), Decimal("1.25")], pa.decimal128(9, 2)))
    assert outcome(chain, ddl, sql, table) == outcome(single, ddl, sql, table)


def test_a_row_with_nanoseconds_goes_in_by_itself() -> None:
    moments = [1_000, 1_001, 1_001]
    with server.serve(duckdb.connect()) as srv, srv.connect(timestamp_unit="ns") as connection:
        cursor = connection.cursor()
        cursor.execute("CREATE TABLE T (A TIMESTAMP(9) NOT NULL PRIMARY KEY)")
        connection.commit()
        for n, expected in zip(moments, (1, 1, -803), strict=True):
            table = pa.table({"A": pa.array([n], pa.timestamp("ns"))})
            if expected == 1:
                cursor.ingest("T", table)
                connection.commit()
                continue
            with pytest.raises(drdarrow.Error) as caught:
                cursor.ingest("T", table)
            assert caught.value.sqlcode == expected
            connection.rollback()
        cursor.execute("SELECT A FROM T ORDER BY A")
        assert cursor.fetch_arrow_table().column(0).cast(pa.int64()).to_pylist() == [1_000, 1_001]
