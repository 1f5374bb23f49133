"""DuckDB behind a server: Db2's SQL, types, parameters, transactions, errors. DuckDB itself is the judge."""

from __future__ import annotations

import datetime
import subprocess
import threading
from collections.abc import Callable, Iterator
from decimal import Decimal

import duckdb
import polars
import pyarrow as pa
import pytest
from apart import PeerFailed, apart
from derby import DerbyError, Truth, client, java

import drdarrow
from drdarrow import server
from drdarrow.server.dialect import Dialect
from drdarrow.server.duckdb import DuckEngine
from drdarrow.server.engine import SqlError

DAY = datetime.date(2024, 1, 31)
ORDERS = pa.table({"ID": pa.array([1, 2, 3], pa.int32()), "NAME": ["a", None, "c"], "PLACED": [DAY] * 3})


@pytest.fixture
def srv() -> Iterator[server.Server]:
    with server.serve(tables={"ORDERS": ORDERS}) as running:
        yield running


@pytest.fixture
def conn(srv: server.Server) -> Iterator[drdarrow.Connection]:
    connection = srv.connect(user="app")
    yield connection
    if not connection.closed:
        connection.rollback()
        connection.close()


DB2 = [
        ("SELECT ID FROM ORDERS WHERE ID < 2 WITH UR", [(1,)]),
        ("SELECT ID FROM ORDERS ORDER BY ID DESC FETCH FIRST 1 ROW ONLY FOR FETCH ONLY WITH CS", [(3,)]),
        ("SELECT ID FROM ORDERS WHERE ID = 1 FOR READ ONLY", [(1,)]),
        ("SELECT ID FROM ORDERS WHERE ID = 1 FOR UPDATE OF NAME, ID WITH RS USE AND KEEP UPDATE LOCKS", [(1,)]),
        ("SELECT ID FROM ORDERS WHERE ID = 1 OPTIMIZE FOR 10 ROWS", [(1,)]),
        ("WITH cs AS (SELECT 5 AS x FROM SYSIBM.SYSDUMMY1) SELECT x FROM cs WITH UR", [(5,)]),
        ("VALUES 1, 2", [(1,), (2,)]),
        ("VALUES (1, 'a'), (2, 'b')", [(1, "a"), (2, "b")]),
        ("VALUES CURRENT SCHEMA", [("APP",)]),
        ("SELECT USER, CURRENT SERVER FROM SYSIBM.SYSDUMMY1", [("APP", "SAMPLE")]),
        ("SELECT D.IBMREQD FROM SYSIBM.SYSDUMMY1 AS D, SYSIBM/SYSDUMMY1 E WHERE D.IBMREQD = E.IBMREQD", [("Y",)]),
        ("SELECT 'a' CONCAT 'b' || 'c', CONCAT('d', 'e') FROM SYSIBM.SYSDUMMY1", [("abc", "de")]),
        ("SELECT ID FROM ORDERS WHERE ID ¬= 1 AND ID ^= 2", [(3,)]),
        ("SELECT ID FROM main/ORDERS WHERE ID = 1", [(1,)]),
        ("SELECT DATE('2024-01-31') + 1 MONTH - 1 DAY FROM SYSIBM.SYSDUMMY1", [(datetime.date(2024, 2, 28),)]),
        ("SELECT TIMESTAMP(PLACED) + 2 HOURS FROM ORDERS WHERE ID = 1", [(datetime.datetime(2024, 1, 31, 2),)]),
        ("SELECT 7 / 2, -7 / 2, INTEGER(3.7), BIGINT(-3.7), INT('5') FROM SYSIBM.SYSDUMMY1", [(3, -3, 3, -3, 5)]),
        ("SELECT DECIMAL('1.567', 5, 2), CHAR(5), VARCHAR('abc', 2) FROM SYSIBM.SYSDUMMY1", [(Decimal("1.56"), "5          ", "ab")]),
        ("SELECT VALUE(NULL, 3), POSSTR('abc', 'c'), LOCATE('c', 'abcc', 4) FROM SYSIBM.SYSDUMMY1", [(3, 3, 4)]),
        ("SELECT DAYS('0001-01-01'), DAYOFWEEK('2024-01-07'), DAYOFWEEK_ISO('2024-01-07'), WEEK('2024-01-07'), "
         "WEEK_ISO('2024-01-07') FROM SYSIBM.SYSDUMMY1", [(1, 1, 7, 2, 1)]),
        ("SELECT G'a', BX'00FF', '-- no /* comment', \"ID\" /* FOR READ ONLY */ FROM ORDERS WHERE ID = 1 -- WITH UR",
         [("a", b"\x00\xff", "-- no /* comment", 1)]),
        ("SELECT VALUE((SELECT 4 FROM SYSIBM.SYSDUMMY1), ID), TIMESTAMPTZ '2024-01-01 00:00:00+00' FROM ORDERS WHERE ID = 1; -- end",
         [(4, datetime.datetime(2024, 1, 1))]),
]  # fmt: skip


@pytest.mark.parametrize(("sql", "expected"), DB2)
def test_db2_is_understood(conn: drdarrow.Connection, sql: str, expected: list[tuple]) -> None:
    assert conn.execute(sql).fetchall() == expected


def test_what_duckdb_takes_stays_as_it_was_written() -> None:
    dialect = Dialect("app", "SAMPLE")
    for sql in (
        "SELECT a.b, count(*) FROM t a JOIN u USING (x) WHERE c = 'WITH UR' /* FOR READ ONLY */ GROUP BY ALL LIMIT 5",
        "INSERT INTO t (a, b) VALUES (?, ?), (1, 'x''y')",
        'WITH "UR" AS (SELECT 1) SELECT "current" AS "date" FROM "UR"',
        "SELECT [1, 2][1], {'a': 1}, x -> x + 1, 1::INTEGER, 5 // 2, $1, a.user FROM range(3) AS a(u)",
        "UPDATE t SET value = value + 1, day = day - days",
    ):
        assert dialect.to_duckdb(sql).sql == sql


def test_no_text_is_too_strange_to_translate() -> None:
    """Cut at every letter, and with words left out."""
    dialect = Dialect("app", "SAMPLE")
    definition = "CREATE TABLE T (A LONG VARCHAR FOR BIT DATA, B CHARACTER LARGE OBJECT(1 M) CCSID 1208, C DECIMAL(5, 2))"
    for sql in [definition, "SELECT CAST(A AS CHAR(5) FOR BIT DATA), NEXT VALUE FOR a.b FROM T", *(sql for sql, _ in DB2)]:
        for at in range(len(sql)):
            dialect.to_duckdb(sql[:at])
            dialect.to_duckdb(sql[at:])
        words = sql.split()
        for at in range(len(words)):
            dialect.to_duckdb(" ".join(words[:at] + words[at + 1 :]))


def test_now_is_now(conn: drdarrow.Connection) -> None:
    ((day, time, stamp, same),) = conn.execute(
        "SELECT CURRENT DATE, CURRENT TIME, CURRENT TIMESTAMP, CURRENT_TIMESTAMP - CURRENT TIMESTAMP = 0 "
        "FROM SYSIBM.SYSDUMMY1"
    ).fetchall()
    assert type(day) is datetime.date and type(time) is datetime.time and stamp.tzinfo is None and same is True
    assert stamp.date() == day


def test_names_are_folded_as_db2_does(conn: drdarrow.Connection) -> None:
    def names(sql: str) -> list[str]:
        return [column[0] for column in conn.execute(sql).description]

    assert names('SELECT id, name AS who, name AS "Who", "id", id + 1, COUNT(*) FROM orders GROUP BY ALL') == [
        "ID", "WHO", "Who", "id", "5", "6",
    ]  # fmt: skip
    assert names("SELECT * FROM orders") == ["ID", "NAME", "PLACED"]
    assert names('SELECT 1 AS a FROM orders UNION SELECT 2 AS "b" FROM orders') == ["A"]
    assert names("VALUES (1, 2)") == ["1", "2"]


def test_what_was_declared_is_described(conn: drdarrow.Connection) -> None:
    conn.execute(
        "CREATE TABLE T (A CHAR(5) NOT NULL, B VARCHAR(10) FOR BIT DATA, C DECFLOAT(16), D VARGRAPHIC(4), E CLOB(1M), "
        "F FLOAT, G DECIMAL, H TIMESTAMP(9), I NUMERIC(7, 2), J BLOB(2K), K INTEGER, PRIMARY KEY (A))"
    )
    row = ("ab", b"\x01", 1.5, "gr", "x" * 40_000, 0.1, 7, datetime.datetime(2024, 1, 1), Decimal("5.25"), b"\x02", 3)
    conn.execute("INSERT INTO T VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
    conn.commit()
    cursor = conn.execute("SELECT * FROM T")
    assert [(c[1].name if hasattr(c[1], "name") else str(c[1]), c[3]) for c in cursor.description][:5] == [
        ("CHAR", 5), ("BINARY(VARCHAR FOR BIT DATA)", 10), ("TEXT(DECFLOAT)", 8), ("TEXT(VARGRAPHIC)", 4), ("TEXT(CLOB)", 1 << 20),
    ]  # fmt: skip
    assert cursor.fetchall() == [("ab   ", *row[1:])]


def test_types_out_of_duckdb(conn: drdarrow.Connection) -> None:
    sql = """SELECT true a, 1::TINYINT b, 300::USMALLINT c, 18446744073709551615::UBIGINT d, SUM(1) e, 1.5::FLOAT f,
        'x'::BLOB g, [1, 2] h, {'k': 1} i, 'q'::ENUM('q', 'long') j, TIMESTAMPTZ '2024-01-01 00:00:00+02' k,
        '00000000-0000-0000-0000-000000000001'::UUID l, TIME '10:11:12' m, TIMESTAMP_NS '2024-01-01 00:00:00.000001' n,
        '101'::BIT o, NULL p"""
    cursor = conn.execute(sql)
    assert cursor.fetchall() == [
        (True, 1, 300, Decimal(2**64 - 1), Decimal(1), 1.5, b"x", "[1,2]", '{"k":1}', "q",
         datetime.datetime(2023, 12, 31, 22), "00000000-0000-0000-0000-000000000001", datetime.time(10, 11, 12),
         datetime.datetime(2024, 1, 1, 0, 0, 0, 1), "101", None)
    ]  # fmt: skip
    for sql, state in (
        ("SELECT INTERVAL 1 DAY", "56084"),
        ("SELECT make_time(10, 11, 12.5) FROM ORDERS", "22003"),
        ("SELECT 100000000000000000::HUGEINT * 1000000000000000", "22003"),
        ("SELECT repeat('x', 32672) || 'x'", "22001"),
        ("SELECT repeat('x', 32673)", "54006"),
    ):
        with pytest.raises(drdarrow.Error) as caught:
            conn.execute(sql).fetchall()
        assert (sql, caught.value.sqlstate) == (sql, state)


@pytest.mark.parametrize("persona", ["luw", "ibmi", "zos", "derby"])
def test_parameters_of_every_type(persona: server.Persona) -> None:
    row = (
        1, 2**40, 0.1, Decimal("-12.34"), "Grüße", b"\x00\xff", DAY, datetime.time(1, 2, 3),
        datetime.datetime(2024, 1, 2, 3, 4, 5, 678901), True,
    )  # fmt: skip
    source = duckdb.connect()
    source.execute("CREATE TABLE P (A INT, B BIGINT, C DOUBLE, D DECIMAL(9, 2), E VARCHAR, F BLOB, G DATE, H TIME, I TIMESTAMP, J BOOLEAN)")
    with server.serve(source, persona=persona) as srv, srv.connect() as connection:
        insert = "INSERT INTO P VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        cursor = connection.execute(insert, row)
        assert cursor.rowcount == 1
        connection.execute(insert, (None,) * 10)
        connection.commit()
        assert source.execute("FROM P").fetchall() == [row, (None,) * 10]
        assert connection.execute("SELECT * FROM P WHERE A = ? AND D < ? AND G = ?", (1, Decimal("0.5"), DAY)).fetchall() == [row]
        assert connection.execute("SELECT ? FROM SYSIBM.SYSDUMMY1", ("text",)).fetchall() == [("text",)]
        assert connection.execute("SELECT A + ?, ? * D FROM P WHERE A = ?", (5, Decimal("2.00"), 1)).fetchall() == [(6, Decimal("-24.6800"))]
        with pytest.raises(drdarrow.ProgrammingError) as caught:
            connection.execute(insert, (1, 2))
        assert caught.value.sqlstate == "07001"


def test_many_rows_or_none(srv: server.Server, conn: drdarrow.Connection) -> None:
    conn.execute("CREATE TABLE M (A INTEGER PRIMARY KEY, B VARCHAR(10))")
    conn.commit()
    cursor = conn.cursor().executemany("INSERT INTO M VALUES (?, ?)", ((n, f"row {n}") for n in range(1500)))
    assert cursor.rowcount == 1500
    conn.commit()
    with pytest.raises(drdarrow.Error):
        conn.cursor().executemany("INSERT INTO M VALUES (?, ?)", [(2000, "new"), (7, "again")])
    conn.rollback()
    with srv.connect() as other:
        assert other.execute("SELECT COUNT(*), MAX(A) FROM M").fetchall() == [(1500, 1499)]


def test_transactions(srv: server.Server, conn: drdarrow.Connection) -> None:
    def others_see() -> int:
        with srv.connect() as other:
            return other.execute("SELECT COUNT(*) FROM ORDERS").fetchone()[0]

    conn.execute("DELETE FROM ORDERS WHERE ID = 1")
    assert conn.execute("SELECT COUNT(*) FROM ORDERS").fetchone() == (2,)
    assert others_see() == 3
    conn.rollback()
    assert conn.execute("DELETE FROM ORDERS WHERE ID = 1").rowcount == 1
    conn.commit()
    assert others_see() == 2
    cursor = conn.execute("UPDATE ORDERS SET NAME = 'x' WHERE ID = 99")
    assert cursor.rowcount == 0
    conn.execute("DELETE FROM ORDERS")
    conn.close()
    assert others_see() == 2


def test_results_outlive_other_statements(conn: drdarrow.Connection) -> None:
    """Open side by side, over a change, a commit and an unread rest."""
    many = "SELECT range AS N FROM range(100000) t"
    first, second = conn.execute(many), conn.execute(many + " ORDER BY N DESC")
    assert (first.fetchone(), second.fetchone()) == ((0,), (99_999,))
    conn.execute("UPDATE ORDERS SET NAME = 'new' WHERE ID = 1")
    third = conn.execute("SELECT O.NAME, N.range FROM ORDERS O, range(100000) N WHERE O.ID = 1 ORDER BY 2")
    assert third.fetchone() == ("new", 0)
    conn.execute("UPDATE ORDERS SET NAME = 'newer' WHERE ID = 1")
    rest = third.fetchall()
    assert len(rest) == 99_999 and {row[0] for row in rest} == {"new"}
    assert len(first.fetchall()) == 99_999
    fourth = conn.execute("SELECT N.range FROM ORDERS, range(300000) N")
    fourth.fetchone()
    conn.rollback()
    with pytest.raises(drdarrow.Error):
        fourth.fetchall()


@pytest.mark.parametrize(
    ("sql", "sqlcode", "sqlstate", "words"),
    [
        ("SELEC 1", -104, "42601", "SELEC"),
        ("SELECT 1; SELECT 2", -104, "42601", ";"),
        ("SELECT * FROM NOWHERE", -204, "42704", "NOWHERE"),
        ("SELECT NOTHING FROM ORDERS", -206, "42703", "NOTHING"),
        ("SELECT NOFUNC(ID) FROM ORDERS", -440, "42884", "NOFUNC"),
        ("INSERT INTO ORDERS VALUES (1)", -117, "42802", ""),
        ("SELECT ID, COUNT(*) FROM ORDERS", -119, "42803", "ID"),
        ("CREATE TABLE ORDERS (A INT)", -601, "42710", "ORDERS"),
        ("INSERT INTO K VALUES (1, 'a', 1)", -803, "23505", ""),
        ("INSERT INTO K VALUES (2, NULL, 1)", -407, "23502", "K.B"),
        ("INSERT INTO K VALUES (2, 'a', -1)", -545, "23513", "K"),
        ("SELECT CAST(NAME AS INTEGER) FROM ORDERS", -420, "22018", "could not convert"),
        ("SELECT CAST(ID * 100 AS TINYINT) FROM ORDERS", -413, "22003", ""),
        ("SELECT ID % 0 FROM ORDERS", -801, "22012", ""),
        ("SELECT CAST('2024-13-01' AS DATE) FROM ORDERS", -181, "22007", ""),
        ("SELECT CAST('2024-W1' AS DATE) FROM ORDERS", -180, "22007", "2024-W1"),
        ("SELECT ID + 2147483647 FROM ORDERS", -802, "22003", ""),
        ("COMMIT", -84, "42612", ""),
    ],
)
def test_errors_have_their_codes(conn: drdarrow.Connection, sql: str, sqlcode: int, sqlstate: str, words: str) -> None:
    conn.execute("CREATE TABLE K (A INT PRIMARY KEY, B VARCHAR(5) NOT NULL, C INT CHECK (C > 0))")
    conn.execute("INSERT INTO K VALUES (1, 'a', 1)")
    conn.commit()
    with pytest.raises(drdarrow.Error) as caught:
        conn.execute(sql).fetchall()
    assert (caught.value.sqlcode, caught.value.sqlstate) == (sqlcode, sqlstate)
    assert words.lower() in str(caught.value).lower()
    # Nothing is wedged, nothing is lost.
    assert conn.execute("SELECT COUNT(*) FROM K").fetchall() == [(1,)]


def test_changes_that_an_error_undoes_are_told(srv: server.Server, conn: drdarrow.Connection) -> None:
    conn.execute("DELETE FROM ORDERS WHERE ID = 1")
    with pytest.raises(drdarrow.Error) as caught:
        conn.execute("INSERT INTO ORDERS SELECT 1 / 0 % 0, 'a', NULL FROM ORDERS")
    assert (caught.value.sqlcode, caught.value.sqlstate) == (-1476, "40506")
    assert "-801" in str(caught.value)
    assert conn.execute("SELECT COUNT(*) FROM ORDERS").fetchone() == (3,)
    # A statement that cannot be prepared costs nothing.
    conn.execute("DELETE FROM ORDERS WHERE ID = 1")
    with pytest.raises(drdarrow.ProgrammingError):
        conn.execute("SELECT NOTHING FROM ORDERS")
    conn.commit()
    assert conn.execute("SELECT COUNT(*) FROM ORDERS").fetchone() == (2,)


def test_a_conflict_rolls_back(srv: server.Server, conn: drdarrow.Connection) -> None:
    with srv.connect() as other:
        conn.execute("UPDATE ORDERS SET NAME = 'mine' WHERE ID = 1")
        with pytest.raises(drdarrow.OperationalError) as caught:
            other.execute("UPDATE ORDERS SET NAME = 'theirs' WHERE ID = 1")
        assert (caught.value.sqlcode, caught.value.sqlstate, caught.value.retryable) == (-911, "40001", True)
        conn.commit()
        assert other.execute("SELECT NAME FROM ORDERS WHERE ID = 1").fetchone() == ("mine",)


def test_a_key_that_another_transaction_took_is_the_reason_of_a_failed_commit(
    srv: server.Server, conn: drdarrow.Connection
) -> None:
    conn.execute("CREATE TABLE TAKEN (A INT PRIMARY KEY)")
    conn.commit()
    with srv.connect() as other:
        for each in (conn, other):
            each.execute("INSERT INTO TAKEN VALUES (1)")
        conn.commit()
        with pytest.raises(drdarrow.Error) as caught:
            other.commit()
        assert (caught.value.sqlcode, caught.value.sqlstate) == (-1476, "40506")
        assert "-803" in str(caught.value)
        # It is undone, and the connection goes on.
        other.execute("INSERT INTO TAKEN VALUES (2)")
        other.commit()
        assert other.execute("SELECT A FROM TAKEN ORDER BY A").fetchall() == [(1,), (2,)]


@pytest.mark.parametrize("guarded", [True, False])
def test_a_session_that_is_reset_is_as_at_its_start(guarded: bool) -> None:
    with duckdb.connect() as con:
        con.execute("CREATE SCHEMA AWAY; CREATE TABLE AWAY.T AS SELECT 2 AS A; CREATE TABLE T AS SELECT 1 AS A")
        session = DuckEngine(con, {}, guarded=guarded).session("me", "DB")

        def found(sql: str = "SELECT A FROM T") -> list[tuple]:
            number, _, _ = session.prepare(sql)
            return [tuple(row.values()) for row in pa.table(session.query(number, ())).to_pylist()]

        first = found("VALUES CURRENT SCHEMA")
        number, _, _ = session.prepare("INSERT INTO T VALUES (3)")
        for say in (session.set, lambda sql: session.execute(session.prepare(sql)[0], [()])):
            say("SET CURRENT SCHEMA = 'AWAY'")
            assert found() == [(2,)]
            session.reset()
            assert found("VALUES CURRENT SCHEMA") == first
            assert found()[0] == (1,)
            # The transaction goes on.
            session.execute(number, [()])
        session.set("SET CLIENT APPLNAME 'mine'")
        assert found("VALUES CURRENT CLIENT_APPLNAME") == [("mine",)]
        session.reset()
        assert found("VALUES CURRENT CLIENT_APPLNAME") == [("",)]
        assert found() == [(1,), (3,), (3,)]
        session.rollback()
        assert found() == [(1,)]
        session.close()


def test_metadata_of_the_tables_is_kept() -> None:
    told = {b"drda:type": b"CHAR", b"drda:length": b"3"}
    schema = pa.schema([pa.field("C", pa.string(), metadata=told), pa.field("V", pa.string()), pa.field("L", pa.string())])
    table = pa.table([["abc"], ["x" * 200], ["y" * 40_000]], schema=schema)
    with server.serve(tables={"T": table}) as srv, srv.connect() as connection:
        cursor = connection.execute('SELECT T.*, C AS "again", C || V FROM T')
        about = [(str(column[1]), column[3]) for column in cursor.description]
        assert [size for _, size in about] == [3, 400, 2_147_483_647, 3, 403]
        assert cursor.fetchall() == [("abc", "x" * 200, "y" * 40_000, "abc", "abc" + "x" * 200)]


@pytest.mark.parametrize("make", [lambda t: t, lambda t: t.to_batches()[0], lambda t: polars.from_arrow(t)])
def test_tables_of_all_libraries(make: Callable[[pa.Table], object]) -> None:
    for engine in ("duckdb", "tables"):
        with server.serve(tables={"T": make(ORDERS)}, engine=engine) as srv, srv.connect() as connection:
            assert connection.execute("SELECT * FROM T").fetch_arrow_table().to_pydict() == ORDERS.to_pydict()
            batch = next(iter(connection.execute("SELECT * FROM T").fetch_arrow()))
        with server.serve(tables={"T": batch}, engine=engine) as srv, srv.connect() as connection:
            assert len(connection.execute("SELECT * FROM T").fetchall()) == 3


def test_tables_in_schemas() -> None:
    def told(length: int) -> pa.Table:
        about = {b"drda:type": b"CHAR", b"drda:length": str(length).encode()}
        return pa.table([["a"]], schema=pa.schema([pa.field("C", pa.string(), metadata=about)]))

    with server.serve(tables={"ONE.T": told(1), "TWO.T": told(2)}, persona="ibmi") as srv, srv.connect() as connection:
        for name, value in (("ONE.T", "a"), ("two/t", "a "), ("two.t AS one", "a ")):
            assert connection.execute(f"SELECT * FROM {name}").fetchall() == [(value,)]
        connection.execute("SET SCHEMA TWO")
        assert connection.execute("SELECT C FROM T").fetchone()[0].strip() == "a"
    with server.serve(tables={"ONE.T": told(1)}, engine="tables") as srv, srv.connect() as connection:
        assert connection.execute("SELECT * FROM ONE.T").fetchall() == [("a",)]
    with pytest.raises(drdarrow.InterfaceError, match="no schemas"):
        server.serve(tables={"ONE.T": told(1), "TWO.T": told(2)}, engine="tables")


@pytest.mark.parametrize("autocommit", [True, False])
def test_statements_beyond_select(srv: server.Server, autocommit: bool) -> None:
    with srv.connect(autocommit=autocommit) as connection:
        connection.execute("CREATE TABLE A1 (A INTEGER, B CHAR(2))")
        assert connection.cursor().executemany("INSERT INTO A1 VALUES (?, ?)", [(n, "x") for n in range(600)]).rowcount == 600
        assert connection.execute("UPDATE A1 SET B = ? WHERE A < ?", ("yy", 10)).rowcount == 10
        connection.execute("ALTER TABLE A1 ADD COLUMN C VARCHAR(3)")
        assert connection.execute("SELECT * FROM A1 ORDER BY A FETCH FIRST 1 ROW ONLY").fetchall() == [(0, "yy", None)]
        connection.execute("CREATE TEMP TABLE MINE AS SELECT 1 AS A")
        assert connection.execute("SELECT A FROM MINE").fetchall() == [(1,)]
        assert connection.execute("EXPLAIN SELECT * FROM A1").fetchone() is not None
        assert ("A1",) in connection.execute("SHOW TABLES").fetchall()
        connection.execute("DROP TABLE A1")
        connection.execute("CREATE OR REPLACE VIEW V AS SELECT ID FROM ORDERS")
    with srv.connect() as other:
        assert other.execute("SELECT COUNT(*) FROM V").fetchall() == [(3,)]
        with pytest.raises(drdarrow.ProgrammingError):
            other.execute("SELECT * FROM A1")


def test_set_schema(conn: drdarrow.Connection) -> None:
    conn.execute("CREATE SCHEMA shop")
    conn.execute("CREATE TABLE shop.T (A INTEGER)")
    conn.commit()
    conn.execute("SET CURRENT SCHEMA = SHOP")
    assert conn.execute("SELECT COUNT(*) FROM T").fetchone() == (0,)
    conn.execute("SET CURRENT DEGREE = 'ANY'")
    conn.execute("SET SCHEMA nowhere")
    with pytest.raises(drdarrow.ProgrammingError, match=r"NOWHERE\.T is not defined"):
        conn.execute("SELECT COUNT(*) FROM T")


def test_a_source_of_ones_own_with_tables() -> None:
    source = duckdb.connect()
    source.execute("CREATE TABLE MINE AS SELECT 42 AS A")
    with server.serve(source, tables={"ORDERS": ORDERS}) as srv, srv.connect() as connection:
        assert connection.execute("SELECT A, COUNT(*) FROM MINE, ORDERS GROUP BY A").fetchall() == [(42, 3)]
    assert source.execute("SELECT COUNT(*) FROM ORDERS").fetchall() == [(3,)]


def test_fifty_clients_at_once(srv: server.Server) -> None:
    seen: list[int] = []

    def ask(n: int) -> None:
        with srv.connect() as connection:
            seen.append(connection.execute(f"SELECT COUNT(*) FROM range({n}) t, ORDERS").fetchone()[0])

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(seen) == [3 * n for n in range(50)]


def test_derbys_own_client() -> None:
    """Apache's driver for Java, which knows nothing of this server."""
    source = duckdb.connect()
    source.execute(
        "CREATE TABLE T AS SELECT i::INTEGER ID, 'name ' || i NM, (i * 1.5)::DECIMAL(9, 2) D, DATE '2024-01-01' + i::INTEGER DT, "
        "TIMESTAMP '2024-01-01 10:00:00.123456' TS, i = 1 B, '\\x00\\xFF'::BLOB BL FROM range(1, 3) t(i)"
    )
    with (
        server.serve(source, persona="derby", database="LAB", users={"app": "secret"}) as srv,
        Truth(f"jdbc:derby://127.0.0.1:{srv.port}/LAB;user=app;password=secret") as java,
    ):
        columns, rows = java.select("SELECT * FROM T WITH UR")
        assert [(column["name"], column["type"]) for column in columns] == [
            ("ID", "INTEGER"), ("NM", "VARCHAR"), ("D", "DECIMAL"), ("DT", "DATE"), ("TS", "TIMESTAMP"), ("B", "BOOLEAN"),
            ("BL", "VARCHAR FOR BIT DATA"),
        ]  # fmt: skip
        stamp = "2024-01-01 10:00:00.123456"
        assert rows == [
            ["1", "name 1", "1.50", "2024-01-02", stamp, True, "00ff"],
            ["2", "name 2", "3.00", "2024-01-03", stamp, False, "00ff"],
        ]
        assert list(java.lines("INSERT INTO T (ID) VALUES 9")) == [{"updated": 1}]
        assert source.execute("SELECT COUNT(*) FROM T").fetchall() == [(3,)]
        with pytest.raises(DerbyError, match="42X04"):
            java.select("SELECT NOTHING FROM T")


def test_ibms_own_driver() -> None:
    source = duckdb.connect()
    source.execute("CREATE TABLE T AS SELECT i::INTEGER ID, 'name ' || i NM, (i * 1.5)::DECIMAL(9, 2) D FROM range(2000) t(i)")
    with server.serve(source, database="SHOP", users={"app": "secret"}) as srv:
        to = f"DATABASE=SHOP;HOSTNAME={srv.host};PORT={srv.port};PROTOCOL=TCPIP;UID=app;PWD=secret;"
        everything, some, none, found = apart(
            "ibm.select",
            to,
            "SELECT * FROM T ORDER BY ID WITH UR",
            "SELECT COUNT(*), CAST(SUM(ID) AS INTEGER), 7 / 2 FROM T",
            "SELECT NM FROM T WHERE ID < 0",
            "SELECT repeat('x', 5000) FROM SYSIBM.SYSDUMMY1",
        )
        assert everything == [(n, f"name {n}", f"{Decimal(n) * Decimal('1.5'):.2f}") for n in range(2000)]
        assert (some, none, found) == ([(2000, 1_999_000, 3)], [], [("x" * 5000,)])
        assert apart("ibm.filters", to, [("SELECT NM FROM T WHERE ID = ? AND D > ?", (3, "4.00"))]) == [[("name 3",)]]
        with pytest.raises(PeerFailed, match='SQL0204N  "APP.NOWHERE" is an undefined name'):
            apart("ibm.select", to, "SELECT * FROM NOWHERE")


def test_derbys_client_finds_the_tables() -> None:
    source = duckdb.connect(":memory:")
    source.execute("CREATE SCHEMA shop")
    source.execute('CREATE TABLE shop.orders (line INTEGER, id BIGINT NOT NULL, "Total" DECIMAL(9, 2), PRIMARY KEY (id, line))')
    source.execute("CREATE VIEW names AS SELECT 'a' AS name, 1 AS number")
    source.execute("CREATE TABLE odd (took INTERVAL)")
    source.execute(
        "CREATE TABLE shop.parts (part INTEGER, of_order BIGINT, of_line INTEGER, UNIQUE (part), "
        "FOREIGN KEY (of_order, of_line) REFERENCES shop.orders (id, line))"
    )
    incoming = {"GIVEN": pa.table({"CODE": pa.array(["a"])})}
    with server.serve(source, tables=incoming, persona="derby", users={"app": "secret"}) as srv:
        url = f"jdbc:derby://127.0.0.1:{srv.port}/SAMPLE;user=app;password=secret"
        command = [*java(), "-XX:+UseSerialGC", *client("Catalog"), url]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        answers = [[tuple(line.split("\t")) for line in part.splitlines()] for part in done.stdout.split("\n\n")]
        schemas, kinds, tables, wanted, columns, pattern, keys, *rest, _ = answers
        assert schemas == [("APP",), ("SHOP",)]
        assert kinds == [("TABLE",), ("VIEW",)]
        assert tables == [
            ("APP", "GIVEN", "TABLE"), ("APP", "ODD", "TABLE"), ("SHOP", "ORDERS", "TABLE"), ("SHOP", "PARTS", "TABLE"),
            ("APP", "NAMES", "VIEW"),
        ]  # fmt: skip
        assert wanted == [("SHOP", "ORDERS")]
        assert columns == [
            ("LINE", "4", "INTEGER", "10", "0", "NO", "1"),
            ("ID", "-5", "BIGINT", "19", "0", "NO", "2"),
            ("TOTAL", "3", "DECIMAL", "9", "2", "YES", "3"),
        ]
        assert pattern == [("NAMES", "NAME"), ("NAMES", "NUMBER")]
        assert keys == [("ID", "1"), ("LINE", "2")]
        imported, exported, crossed, index, unique, best, version, kinds, *rest = rest
        parent = [("ORDERS", "ID", "PARTS", "OF_ORDER", "1"), ("ORDERS", "LINE", "PARTS", "OF_LINE", "2")]
        assert imported == exported == crossed == parent
        assert index == [("0", "PARTS_PART_KEY", "1", "PART", "A")] and unique == [("PARTS_PART_KEY",)]
        assert best == [("ID", "BIGINT"), ("LINE", "INTEGER")] and version == [("nothing",)]
        assert ("VARCHAR",) in kinds and ("VARBINARY",) not in kinds and len(kinds) > 15
        procedures, parameters, rights, column_rights, types, functions = rest
        assert procedures == [("SQLTABLEPRIVILEGES",), ("SQLTABLES",)] and parameters == [("TABLE", "VARCHAR")]
        assert rights == [("DELETE",), ("INSERT",), ("SELECT",), ("UPDATE",)]
        # Of the owner, and of everyone.
        assert column_rights == [(right,) for right in ("INSERT", "SELECT", "UPDATE") for _ in range(2)]
        assert types == functions == [("nothing",)]


def test_an_engine_without_a_catalog() -> None:
    class Bare:
        def commit(self) -> None:
            pass

        rollback = close = commit

        def prepare(self, sql: str) -> object:
            raise SqlError(-104, "42601", sql)

    class Engine:
        def session(self, user: str, database: str) -> Bare:
            return Bare()

    with server.serve(Engine(), persona="derby") as srv, srv.connect() as connection:
        with pytest.raises(drdarrow.Error) as caught:
            connection.execute("CALL SYSIBM.SQLTABLES(NULL, NULL, '%', NULL, '')")
        assert caught.value.sqlstate == "42Y03"


def test_derbys_client_changes_the_schema() -> None:
    source = duckdb.connect(":memory:")
    source.execute("CREATE SCHEMA shop")
    source.execute("CREATE TABLE shop.orders AS SELECT 7 AS id")
    with (
        server.serve(source, persona="derby") as srv,
        Truth(f"jdbc:derby://127.0.0.1:{srv.port}/LAB;user=app") as java,
    ):
        assert list(java.lines("SET CURRENT SCHEMA = shop")) == [{"updated": 0}]
        assert java.select("SELECT id FROM orders")[1] == [["7"]]
        # The client cuts messages at two colons.
        with pytest.raises(DerbyError, match="42X05"):
            java.execute('SET SCHEMA "no::where"')


def test_calls_whose_value_is_used_twice_stand_once(srv: server.Server) -> None:
    """A marker in them is one marker."""
    with srv.connect() as connection:
        assert connection.execute("VALUES LOCATE(?, 'banana', 3)", ("a",)).fetchall() == [(4,)]
        assert connection.execute("VALUES LOCATE('a', 'abca', LOCATE('b', 'abc', 1)), LOCATE('x', 'abc', 2)").fetchall() == [(4,), (0,)]
        assert connection.execute("VALUES WEEK(CAST(? AS DATE)), WEEK('2026-01-01')", ("2023-12-31",)).fetchall() == [(53,), (1,)]


def test_a_schema_that_is_gone_stays_the_current_one(conn: drdarrow.Connection) -> None:
    conn.execute("CREATE SCHEMA shop")
    conn.execute("SET SCHEMA shop")
    conn.rollback()
    with pytest.raises(drdarrow.ProgrammingError, match=r"SHOP\.ORDERS is not defined"):
        conn.execute("SELECT COUNT(*) FROM ORDERS")
    assert conn.execute("VALUES CURRENT SCHEMA").fetchone() == ("SHOP",)
    conn.execute("CREATE TABLE ORDERS (A INTEGER)")
    assert conn.execute("SELECT COUNT(*) FROM ORDERS").fetchone() == (0,)
    conn.rollback()
    conn.execute("SET SCHEMA main")
    assert conn.execute("SELECT COUNT(*) FROM ORDERS").fetchone() == (3,)


@pytest.mark.parametrize("name", ["'a'b'", "shop, main", "A.B", ""])
def test_a_schema_that_is_not_understood_is_no_other_register(conn: drdarrow.Connection, name: str) -> None:
    with pytest.raises(drdarrow.ProgrammingError):
        conn.execute(f"SET CURRENT SCHEMA = {name}")


def test_a_statement_sets_what_a_client_says_of_itself(conn: drdarrow.Connection) -> None:
    conn.execute("SET CLIENT APPLNAME 'it''s'")
    assert conn.execute("VALUES CURRENT CLIENT_APPLNAME").fetchall() == [("it's",)]


def test_a_row_that_others_refer_to_is_told_from_one_that_refers_to_none(conn: drdarrow.Connection) -> None:
    conn.execute("CREATE TABLE PARENT (K INTEGER NOT NULL PRIMARY KEY)")
    conn.execute("CREATE TABLE CHILD (K INTEGER REFERENCES PARENT)")
    conn.execute("INSERT INTO PARENT VALUES (1)")
    conn.execute("INSERT INTO CHILD VALUES (1)")
    conn.commit()
    for sql, sqlcode in (("DELETE FROM PARENT", -532), ("INSERT INTO CHILD VALUES (2)", -530)):
        with pytest.raises(drdarrow.IntegrityError) as error:
            conn.execute(sql)
        assert error.value.sqlcode == sqlcode
        assert " K " in str(error.value)
        conn.rollback()


@pytest.mark.parametrize(
    ("query", "nullable"),
    [
        ("SELECT A FROM N", False),
        ("SELECT X.A FROM N X, N Y WHERE X.A = Y.A", False),
        ("SELECT A FROM N GROUP BY A", False),
        ("SELECT A FROM N GROUP BY ROLLUP(A)", True),
        ("SELECT A FROM N GROUP BY CUBE(A, B)", True),
        ("SELECT A FROM N GROUP BY GROUPING SETS ((A), ())", True),
        ("SELECT Y.A FROM N X LEFT JOIN N Y ON Y.A = 9", True),
        ("SELECT Y.A FROM (N X LEFT JOIN N Y ON Y.A = 9)", True),
        ("SELECT Y.A FROM N Z JOIN (N X LEFT JOIN N Y ON Y.A = 9) ON 1 = 1", True),
    ],
)
def test_a_column_of_a_query_is_not_null_where_no_row_has_another(conn: drdarrow.Connection, query: str, nullable: bool) -> None:
    conn.execute("CREATE TABLE N (A INTEGER NOT NULL, B INTEGER)")
    conn.execute("INSERT INTO N VALUES (1, 2)")
    cursor = conn.cursor().execute(query)
    assert cursor.description is not None and cursor.description[0][6] == nullable
    assert any(row == (None,) for row in cursor.fetchall()) == nullable
