"""Types and rows that double with each query around them are refused before DuckDB plans them, in a process that may have
3 GiB, beside a client who goes on; ordinary ones are answered."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator

import duckdb
import pyarrow as pa
import pytest
from test_server_growing import CHILD, nested

import drdarrow
from drdarrow import _core, server
from drdarrow.server.duckdb import DuckEngine
from drdarrow.server.engine import SqlError

TOO_LARGE = -101
COLUMN = "SELECT A AS X FROM T"
#: One level, made of the one within.
DOUBLING = {
    "struct": "SELECT {'a': X, 'b': X} AS X FROM (@) Q",
    "row": "SELECT ROW(X, X) AS X FROM (@) Q",
    "tuple": "SELECT (X, X) AS X FROM (@) Q",
    "struct_pack": "SELECT struct_pack(a := X, b := X) AS X FROM (@) Q",
    "quoted": 'SELECT "STRUCT_PACK"(a := X, b := X) AS X FROM (@) Q',
    "method": "SELECT X.struct_pack(X) AS X FROM (@) Q",
    "struct_insert": "SELECT struct_insert({'a': X}, b := X) AS X FROM (@) Q",
    "map": "SELECT map([X], [X]) AS X FROM (@) Q",
    "map in braces": "SELECT MAP {X: X} AS X FROM (@) Q",
    "list_zip": "SELECT list_zip([X], [X]) AS X FROM (@) Q",
    "array_agg": "SELECT array_agg({'a': X, 'b': X}) AS X FROM (@) Q",
    "unnest": "SELECT unnest([{'a': X, 'b': X}]) AS X FROM (@) Q",
    "union": "SELECT {'a': X, 'b': X} AS X FROM (@) Q UNION ALL SELECT NULL",
    "scalar query": "SELECT (SELECT {'a': X, 'b': X}) AS X FROM (@) Q",
    "columns": "SELECT struct_pack(*COLUMNS(*), z := X) AS X FROM (@) Q",
    "row of a table": "SELECT Q AS X FROM (SELECT X AS A, X AS B FROM (@) R) Q",
    "row of a table called by a text": "SELECT \"q\" AS X FROM (SELECT X AS A, X AS B FROM (@) R) AS 'q'",
    "row of a table called by a keyword": "SELECT YEAR AS X FROM (SELECT X AS A, X AS B FROM (@) R) YEAR",
    "name in front": "SELECT X: {'a': X, 'b': X} FROM Q: (@)",
    "stars": "SELECT *, * FROM (@) Q",
    "rows beside stars": "SELECT *, Q AS R FROM (@) Q",
}


def around(form: str, times: int) -> str:
    return nested(COLUMN, "", 0) if not times else form.replace("@", around(form, times - 1))


def chain(form: str, times: int = 22) -> str:
    """Common table expressions, each made of the one before."""
    parts = [f"C0 AS ({COLUMN})", *(f"C{n + 1} AS ({form.replace('@', f'C{n}')})" for n in range(times))]
    return f"WITH {', '.join(parts)} SELECT * FROM C{times}"


STRUCT = around(DOUBLING["struct"], 22)
KILLERS = [
    *(around(form, 22) for form in DOUBLING.values()),
    chain("SELECT {'a': X, 'b': X} AS X FROM @"),
    chain("SELECT * FROM @ P, @ Q"),
    chain("SELECT R AS X FROM T SET, (SELECT X AS A, X AS B FROM @) R"),
    chain("FROM @ P, @ Q"),
    chain("FROM @ P POSITIONAL JOIN @ Q"),
    "SELECT A AS X0" + "".join(f", {{'a': X{n}, 'b': X{n}}} AS X{n + 1}" for n in range(22)) + " FROM T",
    "SELECT 1 FROM (SELECT 1 AS X0) Q"
    + "".join(f", LATERAL (SELECT {{'a': X{n}, 'b': X{n}}} AS X{n + 1}) Q{n}" for n in range(22)),
    "SELECT "
    + ", ".join(["Q"] * 300)
    + " FROM (SELECT "
    + ", ".join(["R"] * 300)
    + " FROM (SELECT 1 AS A, 2 AS B) R) Q",
    f"CREATE TABLE N AS {STRUCT}",
    f"CREATE VIEW N AS {STRUCT}",
    f"INSERT INTO T {STRUCT}",
    f"UPDATE T SET A = Q.X FROM ({STRUCT}) Q",
    f"DELETE FROM T WHERE A = ({STRUCT})",
    f"EXPLAIN {STRUCT}",
    f"SELECT /* '{'x' * 300_000}' */ Q.X FROM ({STRUCT}) Q",
    f"SELECT '{'x' * 300_000}', Q.X FROM ({STRUCT}) Q",
]


@pytest.mark.timeout(120)
def test_each_killer_is_refused_and_others_are_answered() -> None:
    asked = subprocess.run(
        [sys.executable, "-c", CHILD],
        input=json.dumps([(sql, TOO_LARGE) for sql in KILLERS]),
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert asked.returncode == 0, asked.stderr[-2000:]
    *answers, honest = map(json.loads, asked.stdout.splitlines())
    assert [(sql[:90], code) for sql, code, _, _ in answers] == [(sql[:90], TOO_LARGE) for sql in KILLERS]
    assert all(usable and seconds < 10 for _, _, usable, seconds in answers), answers
    assert honest["errors"] == []


@pytest.fixture
def srv() -> Iterator[server.Server]:
    with duckdb.connect() as source:
        source.execute("CREATE TABLE OWN AS SELECT {'a': 1, 'b': {'c': 2}} AS S, 7 AS OWN")
        source.execute("CREATE VIEW V AS SELECT {'s': S, 'n': OWN} AS X FROM OWN")
        with server.serve(source, tables={"T": pa.table({"A": ["x"], "N": pa.array([3], pa.int32())})}) as running:
            yield running


@pytest.mark.parametrize("kind", ["TABLE", "VIEW"])
@pytest.mark.parametrize(
    "made",
    [
        "SELECT {'a': X, 'b': X} AS X FROM @",
        "SELECT * FROM @ P, @ Q",
        "SELECT P AS X, P AS Y FROM @ P",
        "SELECT P AS X, Q AS Y FROM MAIN.order o, @ P, @ Q",
        "SELECT P AS X, Q AS Y FROM T SET, @ P, @ Q",
        "FROM @ P, @ Q",
        "FROM @ P POSITIONAL JOIN @ Q",
        "(FROM @ P JOIN @ Q ON 1 = 1)",
    ],
)
def test_tables_and_views_do_not_double_from_statement_to_statement(srv: server.Server, kind: str, made: str) -> None:
    with srv.connect(autocommit=True) as connection:
        connection.execute('CREATE TABLE "ORDER" (A INTEGER)')
        connection.execute(f"CREATE {kind} M0 AS {COLUMN}")
        with pytest.raises(drdarrow.Error) as caught:
            for n in range(22):
                connection.execute(f"CREATE {kind} M{n + 1} AS {made.replace('@', f'M{n}')}")
        # A view of some 250 tables is more than a join may have.
        late = n > (8 if kind == "TABLE" else 5)
        assert (caught.value.sqlcode, caught.value.sqlstate, late) == (TOO_LARGE, "54001", True)
        assert connection.execute("SELECT A FROM T").fetchall() == [("x",)]


def test_types_do_not_double_from_statement_to_statement(srv: server.Server) -> None:
    with srv.connect(autocommit=True) as connection:
        connection.execute("CREATE TYPE N0 AS ENUM ('a', 'b')")
        with pytest.raises(drdarrow.Error) as caught:
            for n in range(22):
                connection.execute(f"CREATE TYPE N{n + 1} AS STRUCT(A N{n}, B N{n})")
        assert (caught.value.sqlcode, n > 8) == (TOO_LARGE, True)
        connection.execute(f"CREATE TABLE N (A N{n})")
        with pytest.raises(drdarrow.Error, match="-101"):
            connection.execute(f"SELECT CAST(NULL AS STRUCT(A N{n}, B N{n}, C N{n}, D N{n})) FROM N")


def test_views_stand_for_so_many_tables_and_no_more(srv: server.Server) -> None:
    with srv.connect(autocommit=True) as connection, srv.connect(autocommit=True) as other:
        connection.execute("CREATE VIEW D0 AS SELECT N AS A FROM T")
        connection.execute("CREATE VIEW Z AS SELECT N AS A FROM T")
        early = "SELECT COUNT(*) FROM Z P, Z Q, Z R, Z S"
        cursor = other.cursor()
        assert cursor.execute(early).fetchall() == [(1,)]
        with pytest.raises(drdarrow.Error) as caught:
            for n in range(22):
                connection.execute(f'CREATE VIEW "d{n + 1}" AS SELECT P.A FROM D{n} P, d{n} Q')
        assert (caught.value.sqlcode, caught.value.sqlstate, n > 5) == (TOO_LARGE, "54001", True)
        connection.execute(f"ALTER VIEW D{n} RENAME TO E")
        with pytest.raises(drdarrow.Error, match="-101"):
            connection.execute("SELECT COUNT(*) FROM E P, E Q, E R")
        with pytest.raises(drdarrow.Error, match="-101"):
            connection.execute("SELECT COUNT(*) FROM T JOIN E ON 1 = 1, (E P CROSS JOIN 'e')")
        with pytest.raises(drdarrow.Error, match="-101"):
            connection.execute("SELECT COUNT(*) FROM T AS SET, E, E VALUES, E Q")
        # Columns may be called as views are, and a view as a word is.
        connection.execute('CREATE VIEW "SELECT" AS FROM E')
        assert connection.execute("SELECT E.N AS D9, E.N + E.N AS E FROM T E WHERE E.N < 9 AND E.N > 1").fetchall() == [
            (3, 6)
        ]
        # A statement that was prepared when the name stood for less.
        connection.execute("DROP VIEW Z")
        connection.execute(f"CREATE VIEW Z AS SELECT A FROM D{n - 1}")
        with pytest.raises(drdarrow.Error, match="-101"):
            cursor.execute(early)
        assert connection.execute("SELECT A FROM T").fetchall() == [("x",)]


def test_what_is_inlined_counts_as_a_view(srv: server.Server) -> None:
    def inlined(depth: int) -> str:
        parts = [f"C{n + 1} (A) AS NOT /* so */ MATERIALIZED (SELECT P.A FROM C{n} P, C{n} Q)" for n in range(depth)]
        return f"WITH C0 AS NOT MATERIALIZED (SELECT N AS A FROM T), {', '.join(parts)} SELECT * FROM C{depth}"

    with srv.connect(autocommit=True) as connection:
        assert connection.execute(inlined(5)).fetchall() == [(3,)]
        with pytest.raises(drdarrow.Error, match="-101"):
            connection.execute(inlined(20))
        assert connection.execute(inlined(12).replace("NOT MAT", "MAT").replace("NOT /* so */", "")).fetchall() == [
            (3,)
        ]


@pytest.mark.parametrize("columns", ["(A) USING KEY (A)", "USING KEY (A)", "(A)"])
def test_what_is_inlined_is_found_by_its_name(srv: server.Server, columns: str) -> None:
    parts = [
        f"C{n} {columns} AS NOT MATERIALIZED (SELECT P.A FROM C{n - 1} P, C{n - 1} Q UNION SELECT 1)"
        for n in range(1, 13)
    ]
    sql = f"WITH RECURSIVE C0 AS NOT MATERIALIZED (SELECT N AS A FROM T), {', '.join(parts)} SELECT COUNT(*) FROM C12"
    with srv.connect() as connection, pytest.raises(drdarrow.Error, match="-101"):
        connection.execute(sql)


def test_views_within_views_may_change_later(srv: server.Server) -> None:
    with srv.connect(autocommit=True) as connection, srv.connect(autocommit=True) as other:
        for n in range(16):
            connection.execute(f"CREATE VIEW I{n} AS SELECT N AS A FROM T")
        # From the outermost one to the innermost.
        for n in range(15, 0, -1):
            connection.execute(f"CREATE OR REPLACE VIEW I{n} AS SELECT P.A FROM I{n - 1} P, I{n - 1} Q")
        for one in (connection, other):
            with pytest.raises(drdarrow.Error, match="-101"):
                one.execute("SELECT COUNT(*) FROM I15")
            assert one.execute("SELECT COUNT(*) FROM I5").fetchall() == [(1,)]
        # What is gone counts no more.
        connection.execute("CREATE OR REPLACE VIEW I9 AS SELECT N AS A FROM T")
        assert connection.execute("SELECT COUNT(*) FROM I15").fetchall() == [(1,)]


def test_views_of_one_name_count_as_the_largest(srv: server.Server) -> None:
    with srv.connect(autocommit=True) as connection:
        connection.execute("CREATE SCHEMA S")
        connection.execute("CREATE VIEW V0 AS SELECT N AS A FROM T")
        for n in range(6):
            connection.execute(f'CREATE VIEW "V{n + 1}" AS SELECT P.A FROM V{n} P, V{n} Q')
        connection.execute("CREATE VIEW S.V6 AS SELECT A FROM MAIN.V6")
        connection.execute("CREATE VIEW S.V5 AS WITH RECURSIVE V5 AS (SELECT A FROM MAIN.V2) SELECT A FROM V5")
        assert connection.execute("SELECT COUNT(*) FROM S.V6").fetchall() == [(1,)]
        assert connection.execute("SELECT COUNT(*) FROM S.V5").fetchall() == [(1,)]
        with pytest.raises(drdarrow.Error, match="-101"):
            connection.execute("SELECT COUNT(*) FROM S.V6 P, V6 Q, V6 R, V6 S")


def test_names_of_views_are_those_of_duckdb(srv: server.Server) -> None:
    with srv.connect(autocommit=True) as connection, pytest.raises(drdarrow.Error, match="-101"):
        connection.execute('CREATE VIEW "\u0130\u212a0" AS SELECT N AS A FROM T')
        for n in range(22):
            connection.execute(
                f'CREATE VIEW "\u0130\u212a{n + 1}" AS FROM "\u0130\u212a{n}" P POSITIONAL JOIN "\u0130\u212a{n}"'
            )


GROWN = "SELECT {" + ", ".join(f"'k{n}': A" for n in range(50)) + "} AS A FROM "


@pytest.mark.parametrize("kind", ["TABLE", "VIEW"])
def test_what_was_prepared_is_looked_at_again(kind: str) -> None:
    with duckdb.connect() as source:
        source.execute("CREATE TABLE M0 AS SELECT 1 AS A")
        session = DuckEngine(source, {}).session("me", "DB")
        for n in range(1, 4):
            source.execute(f"CREATE {kind} M{n} AS SELECT A FROM M0")
        # Each is small as long as the one before is.
        numbers = [session.prepare(f"CREATE OR REPLACE {kind} M{n + 1} AS {GROWN} M{n}")[0] for n in range(3)]
        session.execute(numbers[0], [()])
        session.execute(numbers[1], [()])
        session.commit()
        with pytest.raises(SqlError) as caught:
            session.execute(numbers[2], [()])
        assert caught.value.sqlcode == TOO_LARGE
        session.close()


@pytest.mark.parametrize("way", ["rows", "atomic", "each"])
def test_each_row_of_an_array_is_looked_at(way: str) -> None:
    with duckdb.connect() as source:
        source.execute("CREATE TABLE M AS SELECT 1 AS A")
        session = DuckEngine(source, {}).session("me", "DB")
        number, *_ = session.prepare(f"CREATE OR REPLACE TABLE M AS {GROWN} M")
        with pytest.raises(SqlError) as caught:
            if way == "rows":
                session.execute(number, [()] * 4)
            else:
                session.execute_array(number, _core.collect(pa.table({"0": range(4)})), way == "atomic")
        # What the first rows did is gone with it.
        assert (caught.value.sqlcode, caught.value.tokens[0], caught.value.rolled_back) == (-1476, "-101", True)
        assert source.execute("SELECT A FROM M").fetchall() == [(1,)]
        session.close()


def test_views_of_the_owner_are_read_as_they_are() -> None:
    with duckdb.connect() as source:
        source.execute("CREATE TABLE OWN AS SELECT 1 AS A")
        source.execute("CREATE VIEW V0 AS SELECT A FROM OWN UNION ALL SELECT A FROM OWN")
        for n in range(10):
            source.execute(f"CREATE VIEW V{n + 1} AS SELECT A FROM V{n} UNION ALL SELECT A FROM V{n}")
        with server.serve(source) as running, running.connect() as connection:
            assert connection.execute("SELECT COUNT(*) FROM V10").fetchall() == [(2048,)]
            with pytest.raises(drdarrow.Error, match="-101"):
                connection.execute("SELECT COUNT(*) FROM V10, V9 Q")


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        ("SELECT {'a': A, 'b': N} FROM T", [('{"a":"x","b":3}',)]),
        ("SELECT T FROM T", [('{"A":"x","N":3}',)]),
        ("SELECT OWN FROM OWN", [(7,)]),
        ("SELECT S, S.b.c FROM OWN", [('{"a":1,"b":{"c":2}}', 2)]),
        ("SELECT X FROM V", [('{"s":{"a":1,"b":{"c":2}},"n":7}',)]),
        ("SELECT [A, A], MAP {A: N} FROM T", [('["x","x"]', '{"x":3}')]),
        ("SELECT COUNT(*) FROM T WHERE (A, N) IN (SELECT A, N FROM T) AND (A, N) = ('x', 3)", [(1,)]),
        ("SELECT P.*, Q.* FROM T P JOIN T Q ON P.N = Q.N", [("x", 3, "x", 3)]),
        ("SELECT N FROM T JOIN T Q USING (N) GROUP BY N", [(3,)]),
        (around(DOUBLING["stars"], 6).replace("SELECT *, *", "SELECT COUNT(*)", 1), [(1,)]),
        (nested("SELECT N AS X FROM T", "CASE WHEN X > 0 THEN X ELSE X - X END", 25), [(3,)]),
    ],
)
def test_ordinary_ones_are_answered(srv: server.Server, sql: str, rows: list[tuple]) -> None:
    with srv.connect() as connection:
        assert connection.execute(sql).fetchall() == rows


@pytest.mark.timeout(120)
def test_a_table_with_more_columns_is_read_as_it_is() -> None:
    names = [f"C{n}" for n in range(9000)]
    with (
        server.serve(tables={"W": pa.table({name: pa.array([1], pa.int32()) for name in names})}) as srv,
        srv.connect() as connection,
    ):
        assert len(connection.execute("SELECT * FROM W").fetchone() or ()) == 9000
        assert len(connection.execute("SELECT W.*, 1 FROM W, (SELECT 1) ONE").fetchone() or ()) == 9001
        with pytest.raises(drdarrow.Error, match="-101"):
            connection.execute("SELECT *, * FROM W")


def test_with_external_access_there_is_no_bound() -> None:
    with server.serve(external_access=True) as srv, srv.connect() as connection:
        rows = connection.execute("SELECT " + ", ".join(["*"] * 9) + " FROM (SELECT 1, 2, 3) T").fetchall()
        assert rows == [(1, 2, 3) * 9]
