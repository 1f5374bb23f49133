"""Cursors that move, and change rows where they stand: at a real Derby, and at our server as each product."""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa
import pytest
from conftest import Lab
from peers import CNTQRY, Proxy, wait_for

import drdarrow
from drdarrow import aio, server

pytestmark = pytest.mark.timeout(120)

ROWS = 10_000
NUMBERS = pa.table(
    {
        "ID": pa.array(range(1, ROWS + 1), pa.int32()),
        "V": pa.array([None if n % 7 == 0 else f"v{n}" for n in range(1, ROWS + 1)]),
    }
)
EXPECTED = list(zip(*(NUMBERS.column(n).to_pylist() for n in (0, 1)), strict=True))
SERVERS = ["derby-itself", "luw", "zos", "ibmi", "derby", "tables"]


@pytest.fixture(scope="module", params=SERVERS)
def at(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a server with the rows."""
    if request.param == "derby-itself":
        lab: Lab = request.getfixturevalue("lab")
        with lab.connect() as connection:
            connection.execute("CREATE TABLE NUMBERS (ID INTEGER NOT NULL PRIMARY KEY, V VARCHAR(20))")
            connection.cursor().executemany("INSERT INTO NUMBERS VALUES (?, ?)", NUMBERS)
        yield lab.uri()
    elif request.param == "tables":
        with server.serve(tables={"NUMBERS": NUMBERS}, engine="tables") as srv:
            yield srv.uri
    else:
        with server.serve(tables={"NUMBERS": NUMBERS}, persona=request.param) as srv:
            yield srv.uri


@pytest.fixture
def connection(at: str) -> Iterator[drdarrow.Connection]:
    connection = drdarrow.connect(at, timeout=15)
    yield connection
    connection.rollback()
    connection.close()


@pytest.fixture
def changed(at: str, request: pytest.FixtureRequest) -> Iterator[drdarrow.Connection]:
    """A connection to a table of five rows that can be changed."""
    if is_in_memory(request):
        pytest.skip("tables in memory have no rows that are changed where a cursor stands")
    connection = drdarrow.connect(at, timeout=15)
    connection.execute("CREATE TABLE CHANGED (ID INTEGER NOT NULL PRIMARY KEY, V VARCHAR(20))")
    connection.cursor().executemany("INSERT INTO CHANGED VALUES (?, ?)", [(n, f"v{n}") for n in range(1, 6)])
    connection.commit()
    yield connection
    connection.rollback()
    connection.execute("DROP TABLE CHANGED")
    connection.commit()
    connection.close()


@pytest.fixture
def query(at: str, request: pytest.FixtureRequest) -> str:
    """The rows in order: tables in memory have them so, and know no other."""
    return "SELECT ID, V FROM NUMBERS" + ("" if is_in_memory(request) else " ORDER BY ID")


def is_in_memory(request: pytest.FixtureRequest) -> bool:
    return "tables" in request.node.name.split("[")[-1]


class Walker:
    """The same moves over a list."""

    def __init__(self, rows: list) -> None:
        self.rows, self.at = rows, 0

    def fetch(self, row: int):
        self.at = min(max(row, 0), len(self.rows) + 1)
        return self.rows[self.at - 1] if 0 < self.at <= len(self.rows) else None

    def many(self, count: int) -> list:
        start = min(self.at, len(self.rows))
        found = self.rows[start : start + count]
        self.at = start + count if len(found) == count else len(self.rows) + 1
        return found


@pytest.mark.parametrize("rowset", [None, 1, 7])
def test_a_random_walk_is_that_over_a_list(connection: drdarrow.Connection, query: str, rowset: int | None) -> None:
    dice = random.Random(f"walk {rowset}")
    cursor = connection.cursor(scrollable=True, rowset=rowset).execute(query)
    walker = Walker(EXPECTED)
    for _ in range(60):
        kind = dice.choice(["first", "last", "prior", "next", "absolute", "relative", "many", "scroll"])
        n = dice.choice([dice.randint(-ROWS - 5, ROWS + 5), dice.randint(-3, 3)])
        if kind == "first":
            assert cursor.fetch_first() == walker.fetch(1)
        elif kind == "last":
            assert cursor.fetch_last() == walker.fetch(ROWS)
        elif kind == "prior":
            assert cursor.fetch_prior() == walker.fetch(walker.at - 1)
        elif kind == "next":
            assert cursor.fetchone() == walker.fetch(walker.at + 1)
        elif kind == "absolute":
            assert cursor.fetch_absolute(n) == walker.fetch(n if n >= 0 else ROWS + 1 + n)
        elif kind == "relative":
            assert cursor.fetch_relative(n) == walker.fetch(walker.at + n)
        elif kind == "many":
            count = dice.randint(1, 300)
            assert cursor.fetchmany(count) == walker.many(count)
        else:
            index = dice.randrange(ROWS)
            cursor.scroll(index, mode="absolute")
            walker.at = index
        assert cursor.rownumber == min(walker.at, ROWS), kind


def test_all_that_follows_is_fetched(connection: drdarrow.Connection, query: str) -> None:
    cursor = connection.cursor(scrollable=True).execute(query)
    cursor.scroll(9_000)
    assert cursor.fetchall() == EXPECTED[9_000:]
    assert cursor.fetchone() is None
    assert cursor.fetch_prior() == EXPECTED[-1]
    cursor.scroll(10, mode="absolute")
    assert cursor.fetch_arrow_table().column(0).to_pylist() == [row[0] for row in EXPECTED[10:]]


def test_scroll_leaves_no_result(connection: drdarrow.Connection, query: str) -> None:
    """IndexError beyond the ends, as PEP 249 has it, and the cursor stays."""
    cursor = connection.cursor(scrollable=True).execute(query)
    cursor.scroll(5)
    for value, mode in ((-6, "relative"), (ROWS, "relative"), (ROWS, "absolute"), (-1, "absolute")):
        with pytest.raises(IndexError):
            cursor.scroll(value, mode)
        assert cursor.rownumber == 5
    assert cursor.fetchone() == EXPECTED[5]
    with pytest.raises(drdarrow.InterfaceError, match="mode"):
        cursor.scroll(1, mode="sideways")
    plain = connection.execute(query)
    assert plain.rownumber is None
    with pytest.raises(drdarrow.ProgrammingError, match="does not move"):
        plain.scroll(1)


def test_parameters_and_no_rows(connection: drdarrow.Connection, request: pytest.FixtureRequest) -> None:
    if is_in_memory(request):
        pytest.skip("tables in memory compare nothing but equality")
    cursor = connection.cursor(scrollable=True)
    cursor.execute("SELECT ID FROM NUMBERS WHERE ID > ? ORDER BY ID", (ROWS - 3,))
    assert [cursor.fetch_last(), cursor.fetch_first(), cursor.fetch_absolute(4)] == [(ROWS,), (ROWS - 2,), None]
    cursor.execute("SELECT ID FROM NUMBERS WHERE ID > ?", (ROWS,))
    assert [cursor.fetch_first(), cursor.fetch_last(), cursor.fetchone(), cursor.fetchall()] == [None, None, None, []]
    with pytest.raises(IndexError):
        cursor.scroll(0)


def test_a_commit_leaves_it_open_by_choice(connection: drdarrow.Connection, query: str) -> None:
    held = connection.cursor(scrollable=True).execute(query)
    other = connection.cursor(scrollable=True, hold=False).execute(query)
    assert held.fetchone() == other.fetchone() == EXPECTED[0]
    connection.commit()
    assert held.fetch_absolute(100) == EXPECTED[99]
    with pytest.raises(drdarrow.OperationalError) as caught:
        other.fetch_absolute(100)
    assert caught.value.sqlstate == "24501" and "hold" in str(caught.value)
    connection.rollback()
    with pytest.raises(drdarrow.OperationalError):
        held.fetch_absolute(100)


def test_moves_of_tasks(at: str, query: str) -> None:
    async def main() -> None:
        async with aio.connect(at, timeout=15) as connection:
            cursor = connection.cursor(scrollable=True)
            await cursor.execute(query)
            assert await cursor.fetch_last() == EXPECTED[-1]
            assert await cursor.fetch_prior() == EXPECTED[-2]
            assert await cursor.fetch_absolute(5) == EXPECTED[4]
            assert await cursor.fetch_relative(-4) == EXPECTED[0]
            await cursor.scroll(99)
            assert cursor.rownumber == 100
            assert await cursor.fetchmany(3) == EXPECTED[100:103]
            with pytest.raises(IndexError):
                await cursor.scroll(ROWS)
            assert await cursor.fetch_first() == EXPECTED[0]

    asyncio.run(main())


def test_tasks_that_move_one_cursor_get_their_own_rows(at: str, query: str) -> None:
    async def main() -> None:
        async with aio.connect(at, timeout=15) as connection:
            cursor = connection.cursor(scrollable=True)
            await cursor.execute(query)
            for _ in range(5):
                moves = [cursor.fetch_absolute(n) for n in range(1, 8)]
                found = await asyncio.gather(*moves, cursor.fetchone(), cursor.fetch_last(), cursor.fetchmany(2))
                assert found[:7] == EXPECTED[:7]
                assert found[8] == EXPECTED[-1]

    asyncio.run(main())


def test_tasks_that_scroll_one_cursor_take_turns(at: str, query: str) -> None:
    """A move does not come between that of another task and its row."""
    async def main() -> None:
        async with aio.connect(at, timeout=15) as connection:
            cursor = connection.cursor(scrollable=True, rowset=3)
            await cursor.execute(query)
            for _ in range(5):
                moves = [move for n in range(1, 6) for move in (cursor.fetch_absolute(n), cursor.scroll(20, mode="absolute"))]
                found = await asyncio.gather(*moves, cursor.fetchmany(2))
                assert found[:10:2] == EXPECTED[:5]
                assert found[-1] == EXPECTED[20:22] and cursor.rownumber == 22

    asyncio.run(main())


def test_threads_that_move_one_cursor_get_their_own_rows(connection: drdarrow.Connection, query: str) -> None:
    """Or are told that another one is at it."""
    cursor = connection.cursor(scrollable=True, rowset=1).execute(query)
    start = threading.Barrier(4)

    def walk(seed: int) -> int:
        dice, told = random.Random(seed), 0
        start.wait(20)
        for _ in range(150):
            row = dice.randint(1, ROWS)
            try:
                assert cursor.fetch_absolute(row) == EXPECTED[row - 1]
                told += 1
            except drdarrow.InterfaceError as e:
                assert "in use by another thread" in str(e)
        return told

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(walk, range(4))) > 0


def table(connection: drdarrow.Connection) -> list:
    return connection.execute("SELECT ID, V FROM CHANGED ORDER BY ID").fetchall()


@pytest.mark.parametrize("scrollable", [None, True, "sensitive"])
def test_rows_are_changed_where_the_cursor_stands(changed: drdarrow.Connection, scrollable: object) -> None:
    cursor = changed.cursor(scrollable=scrollable, updatable=True)
    cursor.execute("SELECT ID, V FROM CHANGED" + (" FOR UPDATE" if scrollable is None else ""))
    seen = []
    while (row := cursor.fetchone()) is not None:
        seen.append(row[0])
        if row[0] == 2:
            cursor.update_current({"v": "two"}, table="CHANGED")
        elif row[0] == 3:
            cursor.update_current({"V": None}, table="CHANGED")
        elif row[0] == 4:
            cursor.delete_current(table="CHANGED")
    with pytest.raises(drdarrow.ProgrammingError) as caught:
        cursor.delete_current(table="CHANGED")
    assert caught.value.sqlstate == "24504"
    cursor.close()
    assert sorted(seen) == [1, 2, 3, 4, 5]
    assert table(changed) == [(1, "v1"), (2, "two"), (3, None), (5, "v5")]


def test_the_same_row_is_changed_twice(changed: drdarrow.Connection) -> None:
    cursor = changed.cursor(scrollable=True, updatable=True).execute("SELECT ID, V FROM CHANGED")
    row = cursor.fetch_absolute(3)
    assert row is not None
    cursor.update_current({"V": "once"}, table="CHANGED")
    cursor.update_current({"V": "twice"}, table="CHANGED")
    cursor.fetch_first()
    cursor.fetch_absolute(3)
    cursor.update_current({"V": "thrice"}, table="CHANGED")
    cursor.close()
    assert (row[0], "thrice") in table(changed)


def test_the_table_is_told_by_the_server_or_named(changed: drdarrow.Connection) -> None:
    cursor = changed.cursor(updatable=True).execute("SELECT ID, V FROM CHANGED FOR UPDATE")
    with pytest.raises(drdarrow.ProgrammingError):
        cursor.update_current({"V": "x"})
    cursor.fetchone()
    with pytest.raises(drdarrow.InterfaceError, match="NOPE"):
        cursor.update_current({"NOPE": "x"}, table="CHANGED")
    only = changed.cursor(scrollable=True).execute("SELECT ID, V FROM CHANGED")
    only.fetchone()
    with pytest.raises(drdarrow.ProgrammingError, match="updatable"):
        only.update_current({"V": "x"}, table="CHANGED")


def test_rows_beyond_all_numbers_are_none(connection: drdarrow.Connection, query: str) -> None:
    """Derby takes the lower half of a row's number."""
    for row in (2**31, 2**32 + 5, 2**63 - 1, -(2**32) - 1, -(2**63)):
        cursor = connection.cursor(scrollable=True).execute(query)
        assert cursor.fetch_absolute(row) is None, row
        assert cursor.rownumber == (ROWS if row > 0 else 0)
        assert cursor.fetch_absolute(5) == EXPECTED[4]
        assert cursor.fetch_relative(2**32) is None
    with pytest.raises(IndexError):
        connection.cursor(scrollable=True).execute(query).scroll(2**32 + 4, mode="absolute")


def test_a_cursor_of_another_kind_is_told_how_it_is_opened(changed: drdarrow.Connection) -> None:
    for rowset in (0, -1, 32_768, 2**40):
        with pytest.raises(drdarrow.InterfaceError, match="rowset: expected 1 to 32767 rows"):
            changed.cursor(scrollable=True, rowset=rowset)
    with changed.execute("SELECT ID, V FROM CHANGED") as cursor:
        cursor.fetchone()
        for change in (lambda: cursor.update_current({"V": "x"}), cursor.delete_current):
            with pytest.raises(drdarrow.ProgrammingError, match=r"updatable=True"):
                change()
        with pytest.raises(drdarrow.ProgrammingError, match=r"scrollable=True"):
            cursor.scroll(1)


def test_a_connection_that_only_reads_changes_nothing(changed: drdarrow.Connection, at: str) -> None:
    with drdarrow.connect(at, timeout=15, read_only=True) as connection:
        cursor = connection.cursor(scrollable=True, updatable=True)
        try:
            cursor.execute("SELECT ID, V FROM CHANGED")
        except drdarrow.NotSupportedError:
            pass  # Our server makes no such cursor then.
        else:
            cursor.fetchone()
            for change in (
                lambda: cursor.update_current({"V": "x"}, table="CHANGED"),
                lambda: cursor.delete_current(table="CHANGED"),
            ):
                with pytest.raises(drdarrow.OperationalError) as caught:
                    change()
                assert caught.value.sqlstate == "25006"
        with pytest.raises(drdarrow.OperationalError) as caught:
            connection.cursor(scrollable=True).execute("SELECT * FROM FINAL TABLE (DELETE FROM CHANGED)")
        assert caught.value.sqlstate == "25006"
        cursor.close()
        connection.commit()
    assert table(changed) == [(n, f"v{n}") for n in range(1, 6)]


@pytest.mark.parametrize("scrollable", [None, True])
def test_a_row_that_the_cursor_deleted_is_not_changed(changed: drdarrow.Connection, scrollable: object) -> None:
    cursor = changed.cursor(scrollable=scrollable, updatable=True)
    cursor.execute("SELECT ID, V FROM CHANGED" + (" FOR UPDATE" if scrollable is None else ""))
    gone, _ = cursor.fetchone()
    cursor.delete_current(table="CHANGED")
    for change in (
        lambda: cursor.update_current({"V": "x"}, table="CHANGED"),
        lambda: cursor.delete_current(table="CHANGED"),
    ):
        with pytest.raises(drdarrow.ProgrammingError) as caught:
            change()
        assert caught.value.sqlstate == "24504"
    kept, _ = cursor.fetchone()
    cursor.update_current({"V": "next"}, table="CHANGED")
    with pytest.raises(drdarrow.InterfaceError, match="two values"):
        cursor.update_current({"V": "x", "v": "y"}, table="CHANGED")
    cursor.close()
    rows = dict(table(changed))
    assert gone not in rows and rows[kept] == "next" and len(rows) == 4


def test_cancel_ends_a_fetch_of_many_requests(at: str, query: str) -> None:
    """It ends although no request of it takes long."""
    with drdarrow.connect(at, timeout=15) as connection:
        cursor = connection.cursor(scrollable=True, rowset=1).execute(query)
        cursor.fetchone()
        asked = connection.counters().round_trips
        with ThreadPoolExecutor(1) as pool:
            fetch = pool.submit(cursor.fetchall)
            assert wait_for(lambda: connection.counters().round_trips > asked + 5, 20)
            while not fetch.done():
                connection.cancel()
            with pytest.raises(drdarrow.OperationalError) as caught:
                fetch.result()
        assert caught.value.sqlstate == "57014"


def test_a_set_of_rows_is_one_request(lab: Lab) -> None:
    with Proxy(lab.port) as between, lab.connect(between.port) as connection:
        cursor = connection.cursor(scrollable=True, rowset=500).execute("SELECT ID FROM INTS ORDER BY ID")
        assert cursor.fetchmany(500) == [(n,) for n in range(1, 501)]
        assert between.count(CNTQRY) <= 1
        cursor.close()


def test_large_objects(lab: Lab) -> None:
    with lab.connect() as connection:
        plain = connection.execute("SELECT * FROM LOBS").fetchall()
        cursor = connection.cursor(scrollable=True).execute("SELECT * FROM LOBS")
        for number in reversed(range(len(plain))):
            assert cursor.fetch_absolute(number + 1) == plain[number]
        assert len(plain) > 1


def test_holes_and_changed_rows_of_derby_are_told_by_their_numbers(lab: Lab) -> None:
    """A cursor sees its own changes there: the row that it deleted is a hole, which is left out."""
    with lab.connect() as connection:
        connection.execute("CREATE TABLE HOLES (ID INTEGER NOT NULL PRIMARY KEY, V VARCHAR(20))")
        connection.cursor().executemany("INSERT INTO HOLES VALUES (?, ?)", [(n, f"v{n}") for n in range(1, 7)])
        connection.commit()
        cursor = connection.cursor(scrollable=True, updatable=True).execute("SELECT ID, V FROM HOLES")
        cursor.fetch_absolute(2)
        cursor.update_current({"V": "two"}, table="HOLES")
        cursor.fetch_absolute(4)
        cursor.delete_current(table="HOLES")
        cursor.messages.clear()
        cursor.fetch_absolute(1)
        assert cursor.fetchall() == [(2, "two"), (3, "v3"), (5, "v5"), (6, "v6")]
        told = [str(warning) for _, warning in cursor.messages]
        assert [text.partition(":")[0] for text in told] == ["row 2", "row 4"], told
        assert cursor.messages[1][1].sqlstate == "02502"
        # Where it goes to the hole itself, it goes on in its direction.
        assert cursor.fetch_absolute(4) == (5, "v5") and cursor.fetch_prior() == (3, "v3")
        assert cursor.fetch_absolute(-3) == (3, "v3") and cursor.fetch_relative(1) == (5, "v5")
        assert cursor.fetch_relative(-1) == (3, "v3")
        for row in 6, 1:
            cursor.fetch_absolute(row)
            cursor.delete_current(table="HOLES")
        assert cursor.fetch_last() == (5, "v5") and cursor.fetch_first() == (2, "two")
        assert cursor.fetch_prior() is None and cursor.fetchone() == (2, "two")
        assert cursor.fetch_absolute(6) is None and cursor.fetch_prior() == (5, "v5")
        cursor.close()
        connection.rollback()


def test_holes_are_left_out_for_tasks_too(lab: Lab) -> None:
    async def main() -> None:
        async with aio.connect(lab.uri(), timeout=15) as connection:
            await connection.execute("CREATE TABLE GAPS (ID INTEGER NOT NULL PRIMARY KEY)")
            await connection.cursor().executemany("INSERT INTO GAPS VALUES (?)", [(n,) for n in range(1, 6)])
            await connection.commit()
            cursor = connection.cursor(scrollable=True, updatable=True)
            await cursor.execute("SELECT ID FROM GAPS")
            for row in 1, 3, 5:
                await cursor.fetch_absolute(row)
                await cursor.delete_current(table="GAPS")
            assert await cursor.fetch_last() == (4,) and await cursor.fetch_prior() == (2,)
            assert await cursor.fetch_prior() is None and await cursor.fetch_first() == (2,)
            assert await cursor.fetchall() == [(4,)]
            await cursor.close()
            await connection.rollback()

    asyncio.run(main())


def test_a_server_that_calls_it_a_rowset_cursor(at: str, query: str, request: pytest.FixtureRequest) -> None:
    """QRYATTSET: the rows are asked for by their numbers all the same."""
    port = int(at.rpartition(":")[2].partition("/")[0])
    with Proxy(port) as proxy:
        # In the place of QRYATTSNS.
        proxy.change = (b"\x00\x05\x21\x57\x01", b"\x00\x05\x21\x4a\xf1")
        with drdarrow.connect(at.replace(f":{port}", f":{proxy.port}"), timeout=15) as connection:
            cursor = connection.cursor(scrollable=True, rowset=5).execute(query)
            assert [cursor.fetch_last(), cursor.fetch_prior()] == [EXPECTED[-1], EXPECTED[-2]]
            assert cursor.fetch_absolute(7) == EXPECTED[6] and cursor.fetchmany(12) == EXPECTED[7:19]
            cursor.close()
