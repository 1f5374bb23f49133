"""Arrays of rows at the server, by the clients that send them: what is in the table afterwards is what was sent, over
both engines. IBM's CLI driver reaches the persona luw only: the others want a licence or another product's client."""

from __future__ import annotations

import datetime
import itertools
from collections.abc import Iterator
from decimal import Decimal

import duckdb
import pyarrow as pa
import pytest
from apart import PeerFailed, apart
from ibm_arrays_rows import numbered
from serving import PASSWORD, USER, dsn, print_of

from drdarrow import _core, server
from drdarrow.server.duckdb import DuckEngine
from drdarrow.server.engine import SqlError
from drdarrow.server.inserts import Insert

ENGINES = ["duckdb", "tables"]
SIZES = [1, 2, 3, 100, 5000, 32_767, 32_768, 100_000]
pytestmark = pytest.mark.timeout(300)


@pytest.fixture(params=ENGINES)
def srv(request: pytest.FixtureRequest) -> Iterator[server.Server]:
    with serve(request.param) as running:
        yield running


def serve(engine: str, persona: server.Persona = "luw") -> server.Server:
    users = {USER: PASSWORD}
    if engine == "tables":
        return server.serve(engine="tables", persona=persona, users=users)
    return server.serve(duckdb.connect(), persona=persona, users=users)


def make(srv: server.Server, *statements: str) -> None:
    with srv.connect(password=PASSWORD) as connection:
        for sql in statements:
            connection.execute(sql)
        connection.commit()


def in_table(srv: server.Server, sql: str = "SELECT * FROM T") -> list[tuple]:
    with srv.connect(password=PASSWORD) as connection:
        return connection.execute(sql).fetchall()


@pytest.mark.parametrize("count", SIZES)
def test_every_row_of_executemany_arrives(srv: server.Server, count: int):
    make(srv, "CREATE TABLE T (A INTEGER, B VARCHAR(30))")
    done, seconds = apart("ibm_arrays.dbi_numbered", dsn(srv.port), "INSERT INTO T VALUES (?, ?)", count, seconds=200)
    assert done == count
    assert in_table(srv) == numbered(count)
    assert seconds < 60


@pytest.mark.parametrize("count", [100, 5000])
def test_every_row_arrives_in_a_table_whose_texts_have_no_known_length(count: int):
    # The driver sends each row by itself, and each text outside the row.
    con = duckdb.connect()
    con.execute("CREATE TABLE T (A INTEGER, B VARCHAR)")
    with server.serve(con, users={USER: PASSWORD}) as srv:
        done, _ = apart("ibm_arrays.dbi_numbered", dsn(srv.port), "INSERT INTO T VALUES (?, ?)", count, seconds=60)
    assert done == count
    assert con.execute("SELECT * FROM T").fetchall() == numbered(count)


DAYS = [datetime.date(1, 1, 1), datetime.date(9999, 12, 31), datetime.date(2000, 2, 29)]
#: Column type; values of which a hundred rows are made.
TYPES: list[tuple[str, list]] = [
    ("SMALLINT", [-(2**15), 2**15 - 1, 0]),
    ("INTEGER", [-(2**31), 2**31 - 1, 0]),
    ("BIGINT", [-(2**63), 2**63 - 1, 0]),
    ("REAL", [-1.5, 2.0**-126, 2.0**100]),
    ("DOUBLE", [float.fromhex("-0x1.fffffffffffffp1023"), 2.0**-1022, 0.1]),
    ("DECIMAL(9,2)", ["-9999999.99", "0.01", "12.50"]),
    ("DECIMAL(31,31)", ["-0.9999999999999999999999999999999", "0.0000000000000000000000000000001"]),
    ("BOOLEAN", [True, False]),
    ("CHAR(5)", ["abcde", "Ü é"]),
    ("VARCHAR(60)", ["", "Grüße 日本 𝄞", " x ", "a" * 60]),
    ("VARCHAR(30000)", ["", "é" * 15_000, "z" * 30_000]),
    ("VARBINARY(10)", [b"", b"\0\xff", b"0123456789"]),
    ("DATE", DAYS),
    ("TIME", [datetime.time(0, 0), datetime.time(23, 59, 59), datetime.time(12, 34, 56)]),
    ("TIMESTAMP", [datetime.datetime(1, 1, 1), datetime.datetime(9999, 12, 31, 23, 59, 59, 999999)]),
    ("CLOB(1000000)", ["", "x", "Grüße 日本 " * 5000]),
    ("BLOB(1000000)", [b"x", bytes(range(256)) * 300]),
]


@pytest.mark.parametrize("sql,values", TYPES, ids=[name for name, _ in TYPES])
def test_arrays_of_every_type(srv: server.Server, sql: str, values: list):
    make(srv, f"CREATE TABLE T (ID INTEGER, V {sql})")
    # The first value says to the driver what the column is.
    cycle = itertools.islice(itertools.cycle([*values, None]), 100)
    rows = list(enumerate(cycle))
    assert apart("ibm_arrays.dbi", dsn(srv.port), "INSERT INTO T VALUES (?, ?)", rows, seconds=60) == 100
    expected = [(n, Decimal(v) if sql.startswith("DEC") and v is not None else v) for n, v in rows]
    got = in_table(srv)
    assert [tuple(map(print_of, row)) for row in got] == [tuple(map(print_of, row)) for row in expected]


def test_null_comes_first(srv: server.Server):
    make(srv, "CREATE TABLE T (A INTEGER, B VARCHAR(30))")
    rows = [(None, None), (1, "a"), (None, "b"), (3, None)]
    assert apart("ibm_arrays.dbi", dsn(srv.port), "INSERT INTO T VALUES (?, ?)", rows) == 4
    assert in_table(srv) == rows


KEYED = "CREATE TABLE T (A INTEGER NOT NULL PRIMARY KEY, B VARCHAR(30))"
INSERT = "INSERT INTO T VALUES (?, ?)"


@pytest.mark.parametrize("bad", [0, 2, 4])
@pytest.mark.parametrize("atomic", [True, False])
def test_a_bad_row_in_a_transaction_with_earlier_work(srv: server.Server, atomic: bool, bad: int):
    make(srv, KEYED)
    rows: list[tuple] = [(n, f"row {n}") for n in range(5)]
    rows[bad] = (50, "again")
    earlier = ["INSERT INTO T VALUES (50, 'earlier')"]
    got = apart("ibm_arrays.paramset", dsn(srv.port), earlier, INSERT, rows, atomic)
    assert got["code"] == -1
    assert ("23505", -803) in got["told"]
    good = [row for n, row in enumerate(rows) if n != bad]
    if atomic:
        good = []
    else:
        assert got["status"] == [5 if n == bad else 0 for n in range(5)]
        assert got["rows"] == 4
    assert in_table(srv) == [(50, "earlier"), *good]


@pytest.mark.parametrize("atomic", [True, False])
def test_the_driver_counts_the_rows_of_an_array(srv: server.Server, atomic: bool):
    make(srv, KEYED)
    rows = [(n, None if n % 2 else f"é{n}") for n in range(500)]
    got = apart("ibm_arrays.paramset", dsn(srv.port), [], INSERT, rows, atomic)
    assert (got["code"], got["rows"], got["told"]) == (0, 500, [])
    assert in_table(srv) == rows


def test_each_row_that_fails_is_left_out(srv: server.Server):
    make(srv, KEYED)
    rows = ((1, "a"), (2, "b"), (1, "c"), (4, None), (2, "d"), (7, "e"))
    apart("ibm_arrays.many", dsn(srv.port), INSERT, rows)
    assert in_table(srv) == [(1, "a"), (2, "b"), (4, None), (7, "e")]


def test_rows_change_and_delete_rows():
    with serve("duckdb") as srv:
        make(srv, KEYED, "INSERT INTO T VALUES (1, 'a'), (2, 'b'), (3, 'c')")
        to = dsn(srv.port)
        assert apart("ibm_arrays.dbi", to, "UPDATE T SET B = ? WHERE A = ?", [("x", 1), ("z", 3)]) == 2
        assert in_table(srv, "SELECT * FROM T ORDER BY A") == [(1, "x"), (2, "b"), (3, "z")]
        assert apart("ibm_arrays.dbi", to, "DELETE FROM T WHERE A = ? AND B <> ?", [(1, ""), (3, "")]) == 2
        assert in_table(srv) == [(2, "b")]


BAD = [
    # The column's type and the conditions; five values of which the third is bad; its SQLCODE.
    ("INTEGER NOT NULL", ["1", "2", None, "4", "5"], -407),
    ("INTEGER", ["1", "2", "three", "4", "5"], -420),
    ("DATE", ["2024-01-01", "2024-01-02", "2024-02-30", "2024-01-04", "2024-01-05"], -180),
    ("INTEGER CHECK (V < 100)", ["1", "2", "300", "4", "5"], -545),
    ("INTEGER UNIQUE", ["1", "2", "1", "4", None], -803),
]


@pytest.mark.parametrize("sql,values,code", BAD, ids=[sql for sql, *_ in BAD])
@pytest.mark.parametrize("earlier", [False, True])
@pytest.mark.parametrize("atomic", [False, True])
def test_duckdb_keeps_what_a_bad_row_does_not_spoil(sql: str, values: list, code: int, earlier: bool, atomic: bool):
    con = duckdb.connect()
    con.execute(f"CREATE TABLE T (ID INTEGER, V {sql})")
    rows = list(enumerate(values))
    session = DuckEngine(con, {}, guarded=False).session("me", "DB")
    before = "2020-01-01" if sql == "DATE" else "77"
    if earlier:
        number, *_ = session.prepare(f"INSERT INTO T VALUES (99, '{before}')")
        session.execute(number, [()])
    number, *_ = session.prepare("INSERT INTO T VALUES (?, ?)")
    table = _core.collect(pa.table({"0": range(5), "1": range(5), "2": values}))
    try:
        answers = session.execute_array(number, table, atomic)
    except SqlError as e:
        answers = [e]
    assert isinstance(answers, list)
    codes = [answer.sqlcode if isinstance(answer, SqlError) else answer for answer in answers]
    assert codes == ([code] if atomic else [1, 1, code, 1, 1])
    session.commit()
    kept = [] if atomic else [row for n, row in enumerate(rows) if n != 2]
    got = con.execute("SELECT ID, CAST(V AS VARCHAR) FROM T ORDER BY ID").fetchall()
    assert got == kept + [(99, before)] * earlier


def test_rows_that_would_change_others_are_looked_at_one_by_one():
    con = duckdb.connect()
    con.execute("CREATE TABLE T (A INTEGER PRIMARY KEY, B INTEGER UNIQUE)")
    con.execute("INSERT INTO T VALUES (100, 9)")
    session = DuckEngine(con, {}, guarded=False).session("me", "DB")
    number, *_ = session.prepare("INSERT INTO T VALUES (?, ?)")
    # The first row has a value that is there already, so that the second one is the first of its key.
    a, b = [1, 1, 1, 2, 3], [9, 3, 4, 3, None]
    table = _core.collect(pa.table({"0": range(5), "1": a, "2": b}))
    answers = session.execute_array(number, table, False)
    assert isinstance(answers, list)
    assert [answer.sqlcode if isinstance(answer, SqlError) else answer for answer in answers] == [-803, 1, -803, -803, 1]
    session.commit()
    assert con.execute("SELECT * FROM T ORDER BY A").fetchall() == [(1, 3), (3, None), (100, 9)]


def test_what_goes_with_a_failed_transaction_is_told():
    con = duckdb.connect()
    con.execute("CREATE TABLE T (A INTEGER)")
    con.execute("CREATE UNIQUE INDEX I ON T (abs(A))")
    session = DuckEngine(con, {}, guarded=False).session("me", "DB")
    number, *_ = session.prepare("INSERT INTO T VALUES (1)")
    session.execute(number, [()])
    number, *_ = session.prepare("INSERT INTO T VALUES (?)")
    # Values of an expression are not looked through.
    with pytest.raises(SqlError) as caught:
        session.execute_array(number, _core.collect(pa.table({"0": [0, 1], "1": [2, -1]})), False)
    assert (caught.value.sqlcode, caught.value.rolled_back) == (-1476, True)
    session.commit()
    assert con.execute("SELECT * FROM T").fetchall() == []


def test_inserts_that_can_be_arrays():
    plain = Insert.of("INSERT INTO s.\"t x\" (a, b) VALUES (?, 'x,y')")
    assert plain is not None and plain.plain == plain.items
    assert plain.columns == ["a", "b"] and plain.items == ['"1"', "'x,y'"]
    sums = Insert.of("INSERT INTO t VALUES (? + 1, lower(?))")
    assert sums is not None and not sums.plain
    own = Insert.of("INSERT INTO t VALUES (?, default)")
    assert own is not None and own.items == ['"1"', "DEFAULT"]
    for other in (
        "INSERT INTO t SELECT ?",
        "INSERT INTO t VALUES (?), (?)",
        "INSERT INTO t VALUES ((SELECT max(a) FROM t), ?)",
        "INSERT INTO t VALUES (DEFAULT, DEFAULT)",
        "INSERT INTO t VALUES (? + DEFAULT)",
        "INSERT INTO t VALUES (?) RETURNING a",
        "INSERT OR IGNORE INTO t VALUES (?)",
        "INSERT INTO t VALUES (?) ON CONFLICT DO NOTHING",
        "UPDATE t SET a = ?",
        "INSERT INTO t VALUES",
        "",
    ):
        assert Insert.of(other) is None, other


@pytest.mark.parametrize("engine", ENGINES)
def test_adbc_inserts_many(engine: str):
    with server.serve(engine=engine, users={"user": "secret"}) as srv:
        make(srv, "CREATE TABLE T (A INTEGER, B VARCHAR(30))")
        assert apart("adbc.store_many", srv.port, INSERT, numbered(3000), seconds=120) == 3000
        assert in_table(srv) == numbered(3000)


#: A licence is missing; Derby's server has no mechanism that the driver asks for.
REFUSALS = {"ibmi": "SQL1598N", "zos": "SQL1598N", "derby": "SQL30082N"}


@pytest.mark.parametrize("persona", ["ibmi", "zos", "derby"])
def test_ibms_driver_does_not_come_to_other_personas(persona: server.Persona):
    with serve("tables", persona) as srv, pytest.raises(PeerFailed) as caught:
        apart("ibm_arrays.dbi", dsn(srv.port), INSERT, [(1, "a")])
    assert REFUSALS[persona] in str(caught.value)


MARKERS = [
    ("INSERT INTO T VALUES (?, ?, ?)", ["INTEGER", "VARCHAR(30)", "BLOB"]),
    ("INSERT INTO T (D, A) VALUES (?, ?), (?, ?)", ["BLOB", "INTEGER", "BLOB", "INTEGER"]),
    ("INSERT INTO T (C) VALUES ('a' || ?)", ["VARCHAR(32672)"]),
    ("UPDATE T SET C = ?, D = ? WHERE C <> ?", ["VARCHAR(30)", "BLOB", "VARCHAR(30)"]),
    ("SELECT * FROM T AS X WHERE X.C = ? AND ? < C AND C BETWEEN ? AND ?", ["VARCHAR(30)"] * 4),
    ("SELECT * FROM T WHERE C IN (?, 'x') AND C LIKE ?", ["VARCHAR(30)", "VARCHAR(32672)"]),
    ("SELECT * FROM T, U WHERE C = ?", ["VARCHAR(32672)"]),
    ("DELETE FROM T WHERE C = ? OR A = ?", ["VARCHAR(30)", "INTEGER"]),
]


@pytest.mark.parametrize("sql,expected", MARKERS, ids=[sql for sql, _ in MARKERS])
def test_markers_are_described_as_the_columns_that_they_go_into(sql: str, expected: list[str]):
    con = duckdb.connect()
    session = DuckEngine(con, {}, guarded=False).session("me", "DB")
    number, *_ = session.prepare("CREATE TABLE T (A INTEGER, C CHAR(30), D BLOB(1000))")
    session.execute(number, [()])
    session.commit()
    con.execute("CREATE TABLE U (B VARCHAR)")
    _, _, described = session.prepare(sql)
    names = {"Int32": "INTEGER", "Utf8": "VARCHAR", "Binary": "VARBINARY"}
    told = []
    for _, arrow, about in described:
        name = about.get("drda:type", names[arrow])
        told.append(name if name in ("INTEGER", "BLOB") else f"{name}({about.get('drda:length', 32672)})")
    assert told == expected
