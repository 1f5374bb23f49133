"""The DB-API cursor: fetching, counting, describing, misusing."""

import asyncio

import pytest
from conftest import Lab
from peers import CNTQRY, Proxy, wait_for

import drdarrow
from drdarrow import aio


def test_fetching_in_every_way(cur: drdarrow.Cursor) -> None:
    cur.execute("SELECT ID FROM INTS ORDER BY ID")
    assert cur.fetchone() == (1,)
    assert cur.arraysize >= 1
    cur.arraysize = 3
    assert cur.fetchmany() == [(2,), (3,), (4,)]
    assert cur.fetchmany(2) == [(5,), (6,)]
    assert cur.fetchmany(0) == []
    assert next(iter(cur)) == (7,)
    rest = cur.fetchall()
    assert rest[0] == (8,) and rest[-1] == (100_000,) and len(rest) == 99_993
    assert cur.fetchone() is None and cur.fetchmany(5) == [] and cur.fetchall() == []


def test_iteration(cur: drdarrow.Cursor) -> None:
    assert sum(row[0] for row in cur.execute("SELECT ID FROM INTS")) == 5_000_050_000


def test_execute_returns_the_cursor(conn: drdarrow.Connection) -> None:
    cursor = conn.cursor()
    assert cursor.execute("VALUES 1") is cursor
    assert conn.execute("VALUES (1, 'x')").fetchall() == [(1, "x")]


def test_description(cur: drdarrow.Cursor) -> None:
    assert cur.description is None
    cur.execute("SELECT ID, C_DEC31_5, C_CHAR, C_VARBIT, C_TIMESTAMP FROM ALLTYPES")
    assert cur.description is not None
    assert [len(item) for item in cur.description] == [7] * 5
    assert [item[0] for item in cur.description] == ["ID", "C_DEC31_5", "C_CHAR", "C_VARBIT", "C_TIMESTAMP"]
    assert cur.description[0][1] == drdarrow.NUMBER != cur.description[2][1]
    assert cur.description[1][1] == drdarrow.NUMBER
    assert cur.description[2][1] == drdarrow.STRING
    assert cur.description[3][1] == drdarrow.BINARY
    assert cur.description[4][1] == drdarrow.DATETIME
    assert cur.description[1][4:6] == (31, 5)
    assert [item[6] for item in cur.description] == [False, True, True, True, True]
    cur.fetchall()


def test_no_result_set(cur: drdarrow.Cursor, table) -> None:
    with pytest.raises(drdarrow.Error):
        cur.fetchone()
    name = table("ID INTEGER")
    cur.execute(f"INSERT INTO {name} VALUES (1)")
    assert cur.description is None
    for fetch in (cur.fetchone, cur.fetchall, cur.fetchmany, cur.fetch_arrow_table, cur.fetch_record_batch):
        with pytest.raises(drdarrow.Error):
            fetch()


def test_update_counts(cur: drdarrow.Cursor, table) -> None:
    """An UPDATE of no row is SQLCODE 10000 or +100, SQLSTATE 02000: a count of 0, not an error."""
    name = table("ID INTEGER, V VARCHAR(5)")
    assert cur.rowcount == -1
    cur.execute(f"INSERT INTO {name} VALUES (1, 'a'), (2, 'b'), (3, 'c')")
    assert cur.rowcount == 3
    cur.execute(f"UPDATE {name} SET V = 'z' WHERE ID > 1")
    assert cur.rowcount == 2
    for nothing in (f"UPDATE {name} SET V = 'z' WHERE ID > 99", f"DELETE FROM {name} WHERE ID > 99"):
        cur.execute(nothing)
        assert cur.rowcount == 0 and cur.messages == []
    cur.execute(f"DELETE FROM {name}")
    assert cur.rowcount == 3
    cur.execute(f"SELECT ID FROM {name}")
    assert cur.rowcount in (-1, 0)


def test_a_new_statement_ends_the_old_result(cur: drdarrow.Cursor) -> None:
    cur.execute("SELECT ID FROM INTS ORDER BY ID")
    assert cur.fetchone() == (1,)
    cur.execute("VALUES 'other'")
    assert cur.fetchall() == [("other",)]


def test_more_statements_than_sections(conn: drdarrow.Connection) -> None:
    """Packages have a few hundred sections; they are used again."""
    cursor = conn.cursor()
    for number in range(700):
        cursor.execute(f"VALUES {number}")
        assert cursor.fetchone() == (number,)
    cursors = [conn.cursor() for _ in range(40)]
    for number, each in enumerate(cursors):
        each.execute(f"SELECT ID + {number} FROM INTS ORDER BY ID")
    assert [each.fetchone() for each in cursors] == [(number + 1,) for number in range(40)]


@pytest.mark.parametrize(
    "sql",
    [
        "VALUES 1",
        "values 1",
        "  \n\tVALUES 1",
        "-- a comment\nVALUES 1",
        "/* a comment */ VALUES 1",
        "-- one\n/* two */-- three\n SELECT 1 FROM SYSIBM.SYSDUMMY1",
        "(VALUES 1)",
        "SELECT 1 FROM SYSIBM.SYSDUMMY1 UNION ALL SELECT 2 FROM SYSIBM.SYSDUMMY1 WHERE 1 = 0",
    ],
)
def test_what_is_a_query_is_the_servers_word(cur: drdarrow.Cursor, sql: str) -> None:
    assert cur.execute(sql).fetchall() == [(1,)]


def test_a_long_statement(cur: drdarrow.Cursor) -> None:
    """More than a frame (32 KiB) of SQL text."""
    cur.execute("VALUES " + " + ".join(["1"] * 2) + " /* " + "x" * 100_000 + " */")
    assert cur.fetchone() == (2,)


def test_text_of_the_statement_is_unicode(cur: drdarrow.Cursor) -> None:
    assert cur.execute("VALUES 'é€世界😀'").fetchone() == ("é€世界😀",)


@pytest.mark.parametrize(
    ("sql", "kind", "sqlstate", "words"),
    [
        ("VALUES '\ud800'", drdarrow.InterfaceError, None, "index 8"),
        ("VALUES 'a\0b'", drdarrow.ProgrammingError, "42601", "byte 9"),
        (f"VALUES 1 -- {'x' * (2 << 20)}", drdarrow.ProgrammingError, "54001", "the limit is 2097152"),
        (b"VALUES 1", drdarrow.InterfaceError, None, "not bytes"),
        (None, drdarrow.InterfaceError, None, "not NoneType"),
    ],
    ids=["surrogate", "nul", "long", "bytes", "none"],
)
def test_text_that_cannot_be_sent(
    lab: Lab, cur: drdarrow.Cursor, sql: str, kind: type, sqlstate: str | None, words: str
) -> None:
    """Refused here, before a server could cut it at the NUL or make something else of it."""
    with pytest.raises(drdarrow.Error, match=words) as caught:
        cur.execute(sql)
    assert (type(caught.value), caught.value.sqlstate) == (kind, sqlstate)
    assert cur.execute("VALUES 1").fetchone() == (1,)

    async def main() -> None:
        async with aio.connect(lab.uri(), timeout=15) as connection:
            with pytest.raises(kind, match=words):
                await connection.execute(sql)

    asyncio.run(main())


def test_a_closed_cursor(conn: drdarrow.Connection) -> None:
    with conn.cursor() as cursor:
        cursor.execute("SELECT ID FROM INTS")
    for action in (cursor.fetchone, cursor.fetchall, lambda: cursor.execute("VALUES 1"), lambda: next(iter(cursor))):
        with pytest.raises(drdarrow.InterfaceError):
            action()
    assert conn.execute("VALUES 1").fetchone() == (1,)


def test_closing_early_stops_the_server(lab: Lab, proxy: Proxy) -> None:
    """A result is asked for as it is read: closing after one row leaves the rest where it is."""
    with lab.connect(proxy.port, block_size=32767) as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT A.ID, B.ID FROM INTS A, INTS B")
        cursor.fetchone()
        cursor.close()
        assert wait_for(lambda: proxy.bytes_down > 0)
        assert connection.execute("VALUES 1").fetchone() == (1,)
        assert proxy.bytes_down < 16 << 20
        asked = proxy.count(CNTQRY)
        connection.commit()
        assert proxy.count(CNTQRY) == asked


def test_a_reader_at_rest_asks_for_nothing(lab: Lab, proxy: Proxy) -> None:
    """Read-ahead has a bound (4 MiB a cursor, and what is decoded), however long the reader waits."""
    with lab.connect(proxy.port, block_size=32767) as connection:
        stream = connection.execute("SELECT A.ID, B.ID FROM INTS A, INTS B").fetch_arrow(batch_rows=1000)
        next(iter(stream))
        settled = -1
        while settled != proxy.bytes_down:
            settled = proxy.bytes_down
            wait_for(lambda: False, 0.5)
        assert settled < 12 << 20
        stream.close()


def test_no_ops(cur: drdarrow.Cursor) -> None:
    cur.setinputsizes([25])
    cur.setoutputsize(1000)
    cur.setoutputsize(1000, 2)
    assert list(cur.messages) == []


def test_executemany(cur: drdarrow.Cursor, table) -> None:
    name = table("ID INTEGER NOT NULL PRIMARY KEY, V VARCHAR(20)")
    cur.executemany(f"INSERT INTO {name} VALUES (?, ?)", [(i, f"row {i}") for i in range(1000)])
    assert cur.rowcount in (-1, 1000)
    assert cur.execute(f"SELECT COUNT(*), MAX(ID) FROM {name}").fetchone() == (1000, 999)
    cur.executemany(f"UPDATE {name} SET V = ? WHERE ID = ?", ((None, i) for i in range(10)))
    assert cur.execute(f"SELECT COUNT(*) FROM {name} WHERE V IS NULL").fetchone() == (10,)
    cur.executemany(f"INSERT INTO {name} VALUES (?, ?)", [])
    assert cur.execute(f"SELECT COUNT(*) FROM {name}").fetchone() == (1000,)


def test_executemany_stops_loudly(conn: drdarrow.Connection, table) -> None:
    name = table("ID INTEGER NOT NULL PRIMARY KEY")
    cursor = conn.cursor()
    with pytest.raises(drdarrow.IntegrityError) as caught:
        cursor.executemany(f"INSERT INTO {name} VALUES (?)", [(1,), (2,), (1,), (3,)])
    assert caught.value.sqlstate == "23505"
    assert caught.value.connection_usable
    conn.rollback()
    assert conn.execute(f"SELECT COUNT(*) FROM {name}").fetchone() == (0,)


def test_a_generator_that_raises(conn: drdarrow.Connection, table) -> None:
    """The caller's own exception comes back as it was; the connection stays usable."""
    name = table("ID INTEGER")

    def rows():
        yield (1,)
        raise LookupError("from the caller")

    with pytest.raises(LookupError, match="from the caller"):
        conn.cursor().executemany(f"INSERT INTO {name} VALUES (?)", rows())
    conn.rollback()
    assert conn.execute("VALUES 1").fetchone() == (1,)
