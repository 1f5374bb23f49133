"""Rows in other forms than tuples."""

import asyncio
import gc
import weakref

import pytest
from conftest import Lab

import drdarrow
from drdarrow import aio
from drdarrow.rows import dict_row, namedtuple_row

SQL = "SELECT * FROM (VALUES (1, 'a'), (2, 'b'), (3, CAST(NULL AS CHAR(1)))) AS T (N, \"low\")"
DICTS = [{"N": 1, "low": "a"}, {"N": 2, "low": "b"}, {"N": 3, "low": None}]


def test_rows_are_dicts_whichever_way_they_are_fetched(conn: drdarrow.Connection) -> None:
    cursor = conn.cursor(row_factory=dict_row)
    assert cursor.execute(SQL).fetchall() == DICTS
    assert list(cursor.execute(SQL)) == DICTS
    cursor.execute(SQL)
    assert (cursor.fetchone(), cursor.fetchmany(5), cursor.fetchone()) == (DICTS[0], DICTS[1:], None)
    assert all(type(row) is dict for row in cursor.execute(SQL).fetchall())


def test_rows_are_tuples_unless_told(conn: drdarrow.Connection) -> None:
    assert conn.row_factory is None and conn.cursor().row_factory is None
    assert [type(row) for row in conn.execute(SQL).fetchall()] == [tuple] * 3


def test_rows_are_named_tuples(conn: drdarrow.Connection) -> None:
    row = conn.cursor(row_factory=namedtuple_row).execute(SQL).fetchone()
    assert isinstance(row, tuple) and (row.N, row.low, row) == (1, "a", (1, "a"))
    odd = conn.cursor(row_factory=namedtuple_row).execute('VALUES (1, 2, 3)').fetchone()
    assert odd == (1, 2, 3) and odd._fields == ("_0", "_1", "_2")
    sql = 'SELECT * FROM (VALUES (1, 2, 3, 4)) AS T ("A B", "class", "_X", OK)'
    assert conn.cursor(row_factory=namedtuple_row).execute(sql).fetchone()._fields == ("_0", "_1", "_2", "OK")


@pytest.mark.parametrize("factory", [dict_row, namedtuple_row])
def test_two_columns_of_one_name_are_refused_and_no_row_is_lost(conn: drdarrow.Connection, factory) -> None:
    cursor = conn.cursor(row_factory=factory).execute("SELECT 1 AS A, 2 AS B, 3 AS A FROM SYSIBM.SYSDUMMY1")
    for fetch in (cursor.fetchone, cursor.fetchall, cursor.fetchmany):
        with pytest.raises(drdarrow.ProgrammingError, match="several columns are called A: name them by AS"):
            fetch()
    cursor.row_factory = None
    assert cursor.fetchall() == [(1, 2, 3)]


def test_cursors_take_the_factory_that_their_connection_has(conn: drdarrow.Connection) -> None:
    before = conn.cursor()
    conn.row_factory = dict_row
    assert conn.execute(SQL).fetchall() == DICTS
    assert before.execute(SQL).fetchone() == (1, "a")
    assert conn.cursor(row_factory=None).execute(SQL).fetchone() == (1, "a")
    conn.row_factory = None
    assert conn.execute(SQL).fetchone() == (1, "a")


def test_a_factory_is_called_once_for_each_result(conn: drdarrow.Connection) -> None:
    seen = []

    def factory(cursor):
        names = [column[0] for column in cursor.description]
        seen.append(names)
        return lambda row: dict(zip(names, map(str, row), strict=True))

    cursor = conn.cursor(row_factory=factory).execute(SQL)
    assert cursor.fetchone() == {"N": "1", "low": "a"} and cursor.fetchone() == {"N": "2", "low": "b"}
    assert cursor.fetchall() == [{"N": "3", "low": "None"}]
    assert cursor.execute("VALUES 7").fetchall() == [{"1": "7"}]
    assert seen == [["N", "low"], ["1"]]
    with pytest.raises(drdarrow.ProgrammingError, match="no rows to fetch"):
        conn.cursor(row_factory=factory).fetchone()


def test_the_factory_may_change_between_fetches(conn: drdarrow.Connection) -> None:
    cursor = conn.execute(SQL)
    assert cursor.fetchone() == (1, "a")
    cursor.row_factory = dict_row
    assert cursor.fetchone() == DICTS[1]
    cursor.row_factory = None
    assert cursor.fetchone() == (3, None)


def test_what_is_no_factory_is_refused(conn: drdarrow.Connection) -> None:
    for wrong in (1, "dict", dict, tuple, list):
        with pytest.raises(drdarrow.InterfaceError, match=r"drdarrow.rows.dict_row, not"):
            conn.row_factory = wrong
        with pytest.raises(drdarrow.InterfaceError, match="row_factory"):
            conn.cursor(row_factory=wrong)
    cursor = conn.cursor(row_factory=lambda cursor: None).execute(SQL)
    with pytest.raises(drdarrow.InterfaceError, match="it returned NoneType"):
        cursor.fetchall()


def test_rows_that_a_factory_refuses_are_not_taken_for_the_end(conn: drdarrow.Connection) -> None:
    def factory(cursor):
        return lambda row: 1 // (row[0] - 2)

    cursor = conn.cursor(row_factory=factory).execute(SQL)
    with pytest.raises(ZeroDivisionError):
        cursor.fetchall()
    with pytest.raises(drdarrow.InterfaceError, match="execute the statement again"):
        cursor.fetchall()
    cursor.execute(SQL)
    got = []
    while len(got) < 3:
        try:
            got.append(cursor.fetchone())
        except ZeroDivisionError:
            got.append("refused")
    assert got == [-1, "refused", 1] and cursor.fetchone() is None and gc.isenabled()


def test_the_same_with_asyncio(lab: Lab) -> None:
    async def work() -> None:
        async with aio.connect(lab.uri()) as connection:
            connection.row_factory = dict_row
            cursor = await connection.execute(SQL)
            assert await cursor.fetchone() == DICTS[0]
            assert await cursor.fetchone() == DICTS[1]
            assert await cursor.fetchmany(4) == DICTS[2:]
            cursor = await connection.execute(SQL)
            assert [row async for row in cursor] == DICTS
            cursor = connection.cursor(row_factory=None)
            assert await (await cursor.execute(SQL)).fetchone() == (1, "a")
            cursor = await connection.execute("VALUES (1, 2)")
            cursor.row_factory = lambda cursor: None
            for _ in range(2):
                with pytest.raises(drdarrow.InterfaceError, match="it returned NoneType"):
                    await cursor.fetchall()
            cursor.row_factory = None
            assert await cursor.fetchall() == [(1, 2)]

    asyncio.run(work())


def test_a_cursor_is_generic_in_its_rows() -> None:
    assert drdarrow.Cursor[dict].__origin__ is drdarrow.Cursor
    assert aio.AsyncCursor[dict].__origin__ is aio.AsyncCursor


def test_a_cursor_of_a_query_takes_the_factory_that_its_connection_has(conn: drdarrow.Connection) -> None:
    conn.row_factory = dict_row
    assert conn.query(SQL).execute().fetchall() == DICTS


def test_a_factory_that_holds_its_cursor_or_connection_keeps_neither_alive(lab: Lab) -> None:
    def close_over(cursor):
        return lambda row: (cursor.description, row)

    async def with_asyncio() -> weakref.ref:
        connection = await aio.connect(lab.uri())
        cursor = connection.cursor(row_factory=close_over)
        await (await cursor.execute(SQL)).fetchone()
        connection.row_factory = lambda cursor, held=(connection, cursor): tuple
        return weakref.ref(connection)

    gone = [asyncio.run(with_asyncio())]
    connection = lab.connect()
    connection.cursor(row_factory=close_over).execute(SQL).fetchone()
    gone.append(weakref.ref(connection))
    connection = lab.connect()
    query = connection.query(SQL)
    connection.row_factory = lambda cursor, held=query: tuple
    gone.append(weakref.ref(connection))
    del connection, query
    gc.collect()
    assert [each() for each in gone] == [None] * 3


def test_the_factory_may_be_an_argument_of_the_connection(lab: Lab) -> None:
    with lab.connect(row_factory=dict_row) as connection:
        assert connection.row_factory is dict_row and connection.execute(SQL).fetchall() == DICTS
    with lab.connect(row_factory=None) as connection:
        assert connection.execute(SQL).fetchone() == (1, "a")

    async def work() -> None:
        async with aio.connect(lab.uri(), row_factory=dict_row) as connection:
            assert await (await connection.execute(SQL)).fetchone() == DICTS[0]

    asyncio.run(work())
    # Nothing is sent for what is wrong.
    for connect in (drdarrow.connect, aio.connect):
        with pytest.raises(drdarrow.InterfaceError, match="row_factory: expected None or a callable"):
            made = connect("drda://127.0.0.1:1/X", row_factory=1)
            asyncio.run(awaited(made))
    with pytest.raises(drdarrow.InterfaceError, match="row_factory"):
        drdarrow.connect("drda://127.0.0.1:1/X?row_factory=dict_row")
    with pytest.raises(drdarrow.InterfaceError, match="row_factory"):
        drdarrow.connect_files("drda://127.0.0.1:1", row_factory=dict_row)


async def awaited(made):
    return await made
