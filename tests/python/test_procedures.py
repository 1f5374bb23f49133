"""Procedures of a real Derby, written in Java: parameters of every mode, result sets, failures."""

import asyncio
import datetime
from collections.abc import Iterator
from decimal import Decimal

import pyarrow as pa
import pytest
from conftest import Lab
from peers import CLSQRY, RDBCMM, RDBRLLBCK, Proxy
from test_lobs import SIZES, blob, clob

import drdarrow
import drdarrow.aio

NAMED = "LANGUAGE JAVA PARAMETER STYLE JAVA {} EXTERNAL NAME 'Procedures.{}'"
PROCEDURES = {
    "ADDING(IN A INT, INOUT TOTAL INT, OUT WORDS VARCHAR(40))": ("NO SQL", "add"),
    "TYPES(INOUT A SMALLINT, INOUT B BIGINT, INOUT C REAL, INOUT D DOUBLE, INOUT E DECIMAL(12,3), INOUT F CHAR(5), "
    "INOUT G VARCHAR(40), INOUT H VARCHAR(40) FOR BIT DATA, INOUT I DATE, INOUT J TIME, INOUT K TIMESTAMP, "
    "INOUT L BOOLEAN)": ("NO SQL", "types"),
    "LARGE(IN SIZE INT, OUT C CLOB(16M), OUT B BLOB(16M))": ("READS SQL DATA", "large"),
    "SETS(IN MOST INT, OUT ANSWER INT)": ("READS SQL DATA DYNAMIC RESULT SETS 2", "sets"),
    "LATE(IN MOST INT, OUT ANSWER INT)": ("READS SQL DATA DYNAMIC RESULT SETS 2", "late"),
    "WITHLOBS()": ("READS SQL DATA DYNAMIC RESULT SETS 1", "lobs"),
    "FAILING(IN N INT)": ("READS SQL DATA DYNAMIC RESULT SETS 1", "failing"),
    "CHANGE(IN N INT)": ("MODIFIES SQL DATA", "change"),
    "\"Not \"\"today\"(OUT A INT)": ("NO SQL", "fail"),
}
ROWS = 20_000


@pytest.fixture(scope="session")
def calls(lab: Lab) -> Lab:
    lab.server.compile("Procedures.java")
    with lab.connect() as connection:
        for signature, (sql, method) in PROCEDURES.items():
            connection.execute(f"CREATE PROCEDURE {signature} {NAMED.format(sql, method)}")
        connection.execute("CREATE TABLE NUMBERS (N INTEGER)")
        connection.cursor().executemany("INSERT INTO NUMBERS VALUES (?)", ((n,) for n in range(ROWS)))
        connection.execute("CREATE TABLE CHANGED (N INTEGER)")
    return lab


@pytest.fixture
def cursor(calls: Lab) -> Iterator[drdarrow.Cursor]:
    connection = calls.connect()
    yield connection.cursor()
    connection.rollback()
    connection.close()


def test_parameters_of_every_mode(cursor: drdarrow.Cursor) -> None:
    assert cursor.callproc("ADDING", (2, 40, None)) == [2, 42, "sum 42"]
    assert cursor.outputs == (None, 42, "sum 42")
    assert cursor.description is None and cursor.rowcount in (-1, 0)
    # What only comes out may be given anything.
    assert cursor.callproc("APP.adding", [-1, 1, 12345]) == [-1, 0, "sum 0"]
    given = [5, 5, ""]
    assert cursor.callproc('"APP"."ADDING"', given) == [5, 10, "sum 10"]
    assert given == [5, 5, ""]
    assert cursor.execute("CALL ADDING(1, ?, ?)", (2, None)).outputs == (3, "sum 3")
    assert cursor.execute("VALUES 1").outputs is None
    with pytest.raises(drdarrow.ProgrammingError):
        cursor.execute("INSERT INTO CHANGED VALUES 1").nextset()
    with pytest.raises(drdarrow.ProgrammingError):
        cursor.fetchone()


def test_every_type(cursor: drdarrow.Cursor) -> None:
    moment = datetime.datetime(2026, 2, 28, 23, 59, 59, 123_456)
    given = (1, 2**60, 1.5, 0.1, Decimal("1.500"), "ab", "t", b"\x00", moment.date(), datetime.time(1, 2, 3), moment, True)
    want = [
        2,
        2**60 + 1,
        3.0,
        0.2,
        Decimal("2.500"),
        "ab!",
        "t\U0001d11e\u00fc",
        b"\x00\xff",
        datetime.date(2026, 3, 1),
        datetime.time(1, 2, 4),
        moment + datetime.timedelta(microseconds=1),
        False,
    ]
    got = cursor.callproc("TYPES", given)
    got[5] = got[5].rstrip()
    assert got == want
    nulls = [0, 0, 0.0, 0.0, None, None, None, None, None, None, None, False]
    assert cursor.callproc("TYPES", nulls) == [1, 1, 0.0, 0.0, None, None, None, None, None, None, None, True]


@pytest.mark.parametrize("mode", ["inline", "locator"])
@pytest.mark.parametrize("size", [-1, 0, 1, 40_000, 1_000_000])
def test_large_objects_come_out(calls: Lab, mode: str, size: int) -> None:
    want = [size, None, None] if size < 0 else [size, "\u20ac" * size, b"\7" * size]
    with calls.connect(lobs=mode) as connection:
        assert connection.cursor().callproc("LARGE", (size, None, None)) == want


def test_result_sets_one_after_the_other(cursor: drdarrow.Cursor) -> None:
    assert cursor.callproc("SETS", (ROWS, None)) == [ROWS, 2 * ROWS]
    assert [column[0] for column in cursor.description] == ["N", "WORDS"]
    assert cursor.fetchmany(2) == [(0, "row 0"), (1, "row 1")]
    assert len(cursor.fetchall()) == ROWS - 2
    assert cursor.nextset() is True
    assert [column[0] for column in cursor.description] == ["1", "2"]
    assert cursor.fetchall() == [("x", Decimal("1.5")), ("y", Decimal("2.5"))]
    assert cursor.nextset() is None


def test_result_sets_as_arrow(cursor: drdarrow.Cursor) -> None:
    cursor.execute("CALL SETS(?, ?)", (5, None))
    first = cursor.fetch_arrow()
    assert cursor.nextset() is True
    second = cursor.fetch_arrow_table()
    assert second.to_pylist() == [{"1": "x", "2": Decimal("1.5")}, {"1": "y", "2": Decimal("2.5")}]
    assert pa.table(first).column("N").to_pylist() == list(range(5))


def test_what_is_not_read_is_closed(calls: Lab, proxy: Proxy) -> None:
    with calls.connect(proxy.port) as connection:
        cursor = connection.cursor()
        proxy.forget()
        for _ in range(3):
            cursor.callproc("SETS", (ROWS, None))
            cursor.fetchone()
        cursor.close()
        assert connection.execute("VALUES 1").fetchone() == (1,)
        connection.commit()
        # The long one each time; the short one came whole and Derby keeps it open until told.
        assert proxy.count(CLSQRY) == 6
        # Nothing holds the table.
        with calls.connect() as other:
            other.execute("LOCK TABLE NUMBERS IN EXCLUSIVE MODE")


@pytest.mark.parametrize("mode", ["inline", "locator"])
def test_large_objects_in_a_result_set(calls: Lab, mode: str) -> None:
    with calls.connect(lobs=mode) as connection:
        rows = connection.execute("CALL WITHLOBS()").fetchall()
    assert rows == [(n, clob(s), blob(s)) for n, s in SIZES.items() if n != 4]


def test_many_procedures_at_once_and_held_over_a_commit(calls: Lab) -> None:
    with calls.connect() as connection:
        cursors = [connection.cursor() for _ in range(5)]
        for cursor in cursors:
            cursor.callproc("SETS", (ROWS, None))
        connection.commit()
        for cursor in cursors:
            assert len(cursor.fetchall()) == ROWS
            assert cursor.nextset() and len(cursor.fetchall()) == 2
        cursors[0].callproc("SETS", (ROWS, None))
        connection.rollback()
        with pytest.raises(drdarrow.OperationalError):
            cursors[0].fetchall()


def test_autocommit(calls: Lab) -> None:
    with calls.connect(autocommit=True) as connection:
        cursor = connection.cursor()
        assert cursor.callproc("CHANGE", [7]) == [7]
        with calls.connect() as other:
            assert other.execute("SELECT COUNT(*) FROM CHANGED WHERE N = 7").fetchone() == (1,)
        cursor.callproc("SETS", (3, None))
        assert len(cursor.fetchall()) == 3
        assert cursor.nextset() and len(cursor.fetchall()) == 2


def test_changes_are_part_of_the_unit_of_work(cursor: drdarrow.Cursor) -> None:
    cursor.callproc("CHANGE", [8])
    cursor.connection.rollback()
    assert cursor.execute("SELECT COUNT(*) FROM CHANGED WHERE N = 8").fetchone() == (0,)
    cursor.executemany("CALL CHANGE(?)", [(9,), (9,), (9,)])
    assert cursor.execute("SELECT COUNT(*) FROM CHANGED WHERE N = 9").fetchone() == (3,)


@pytest.mark.parametrize("autocommit", [True, False])
def test_many_calls_are_kept_or_none(calls: Lab, autocommit: bool) -> None:
    with calls.connect(autocommit=autocommit) as connection:
        cursor = connection.cursor()
        if not autocommit:
            cursor.callproc("CHANGE", [10])
        with pytest.raises(drdarrow.DataError) as caught:
            cursor.executemany("CALL CHANGE(?)", [(11,)] * 300 + [("no number",)])
        assert (caught.value.row, cursor.rowcount) == (301, 0)
        with pytest.raises(drdarrow.Error) as caught:
            # The result sets of a call have no place: what it changed is undone with the others.
            cursor.executemany("CALL CHANGE(?)", iter([(11,), (2**31,)]))
        assert caught.value.row == 2
        connection.commit()
        kept = cursor.execute("SELECT N, COUNT(*) FROM CHANGED WHERE N IN (10, 11) GROUP BY N").fetchall()
        assert kept == ([] if autocommit else [(10, 1)])
        cursor.execute("DELETE FROM CHANGED WHERE N = 10")
        connection.commit()


def test_a_call_that_fails_in_autocommit_leaves_nothing_behind(calls: Lab, proxy: Proxy) -> None:
    """The work of a procedure before its failure is not committed with the next statement."""
    with calls.connect(proxy.port, autocommit=True) as connection:
        cursor = connection.cursor()
        proxy.forget()
        with pytest.raises(drdarrow.Error):
            cursor.callproc('"Not ""today"', [None])
        assert [proxy.count(command) for command in (RDBCMM, RDBRLLBCK)] == [0, 1]


def test_procedures_of_the_system(cursor: drdarrow.Cursor) -> None:
    cursor.execute("CALL SYSIBM.SQLTABLES(NULL, NULL, 'LOBS', NULL, 'DATATYPE=''ODBC''')")
    assert [row[1:3] for row in cursor.fetchall()] == [("APP", "LOBS")]
    cursor.callproc("SYSIBM.SQLCOLUMNS", (None, None, "LOBS", None, "DATATYPE='ODBC'"))
    assert {row["COLUMN_NAME"] for row in cursor.fetch_arrow_table().to_pylist()} == {"ID", "C", "B", "NOTE"}
    assert cursor.callproc("SYSCS_UTIL.SYSCS_SET_RUNTIMESTATISTICS", [0]) == [0]


def test_failures(cursor: drdarrow.Cursor) -> None:
    with pytest.raises(drdarrow.Error) as caught:
        cursor.callproc('"Not ""today"', [None])
    # Of an exception that is not Derby's it tells the state alone, to its own client too.
    assert caught.value.sqlstate == "38777" and caught.value.connection_usable
    for name in ("ADDING; DROP TABLE NUMBERS", "ADDING(1,2,3)", "", "1", "a.b.c.d"):
        with pytest.raises(drdarrow.ProgrammingError) as caught:
            cursor.callproc(name, (1, 2, 3))
        assert "name of a procedure" in str(caught.value)
    for wrong in ("abc", b"abc", {"a": 1}, 5):
        with pytest.raises(drdarrow.ProgrammingError):
            cursor.callproc("ADDING", wrong)
    with pytest.raises(drdarrow.ProgrammingError):
        cursor.callproc("ADDING", (1, 2))
    with pytest.raises(drdarrow.ProgrammingError):
        cursor.callproc("NOSUCH", (1, 2))
    with pytest.raises(drdarrow.NotSupportedError, match="not read for a batch of calls"):
        cursor.executemany("CALL SETS(?, ?)", [(1, None)])
    assert cursor.execute("VALUES 1").fetchone() == (1,)


@pytest.mark.parametrize("block_size", [4096, 1 << 20])
def test_a_result_set_that_fails_on_its_way(calls: Lab, block_size: int) -> None:
    """In its first block or in a later one: the rows before the failure come, or none, but no false end."""
    with calls.connect(block_size=block_size) as connection:
        cursor = connection.cursor()
        with pytest.raises(drdarrow.DataError) as caught:
            cursor.callproc("FAILING", [ROWS - 10])
            cursor.fetchall()
        assert caught.value.sqlstate == "22012" and caught.value.connection_usable
        assert cursor.execute("VALUES 1").fetchone() == (1,)


def test_awaited(calls: Lab) -> None:
    async def main() -> None:
        async with drdarrow.aio.connect(calls.uri(), timeout=15) as connection:
            cursor = connection.cursor()
            assert await cursor.callproc("ADDING", (2, 40, None)) == [2, 42, "sum 42"]
            assert cursor.outputs == (None, 42, "sum 42")
            assert await cursor.callproc("SETS", (3, None)) == [3, 6]
            assert [row async for row in cursor] == [(n, f"row {n}") for n in range(3)]
            assert await cursor.nextset() is True
            assert await cursor.fetchall() == [("x", Decimal("1.5")), ("y", Decimal("2.5"))]
            assert await cursor.nextset() is None
            with pytest.raises(drdarrow.ProgrammingError):
                await cursor.callproc("ADDING", "abc")

    asyncio.run(main())


def test_a_call_that_nobody_waits_for_leaves_nothing_open(calls: Lab, proxy: Proxy) -> None:
    async def main() -> None:
        async with drdarrow.aio.connect(calls.uri(proxy.port), timeout=15) as connection:
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(connection.cursor().callproc("LATE", (ROWS, None)), 0.1)
            assert await (await connection.execute("VALUES 1")).fetchone() == (1,)
            for _ in range(100):
                if proxy.count(CLSQRY) == 2:
                    return
                await asyncio.sleep(0.05)
            raise AssertionError(f"{proxy.count(CLSQRY)} of 2 result sets closed")

    asyncio.run(main())
