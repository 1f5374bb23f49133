"""Calls with many rows beside other work on the same connection, signals and tasks that are cancelled."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest
from batching import Target, rows
from derby import Derby
from peers import Proxy

import drdarrow
from drdarrow import aio, server


@pytest.fixture(scope="module", params=["real derby", "luw duckdb", "ibmi tables"])
def some(request: pytest.FixtureRequest, derby: Derby) -> Iterator[Target]:
    """One of each kind, where personas do not differ."""
    made = Target(request.param, derby)
    yield made
    made.close()


def test_work_from_before_autocommit_was_set_is_not_undone_with_the_call(some: Target) -> None:
    table = some.table(0)
    with some.connect() as connection:
        connection.execute(f"INSERT INTO {table} VALUES (-1)")
        connection.autocommit = True
        with pytest.raises(drdarrow.Error) as caught:
            connection.cursor().executemany(f"INSERT INTO {table} VALUES (?)", rows([*range(1, 600), 0]))
        assert caught.value.row == 600
        assert "the server rolled back" not in str(caught.value)
        assert some.keys(table) == [-1, 0]


def test_an_open_reader_in_autocommit_reads_on(some: Target) -> None:
    table, source = some.table(0), some.table(*range(50))
    with some.connect(autocommit=True, block_size=512) as connection:
        reader = connection.execute(f"SELECT A FROM {source}")
        assert reader.fetchone() is not None
        with pytest.raises(drdarrow.Error) as caught:
            connection.cursor().executemany(f"INSERT INTO {table} VALUES (?)", rows([*range(1, 600), 0]))
        assert caught.value.row == 600
        assert len(reader.fetchall()) == 49
        assert some.keys(table) == [0]
        assert connection.cursor().executemany(f"INSERT INTO {table} VALUES (?)", rows(range(1, 9))).rowcount == 8
        assert some.keys(table) == list(range(9))


@pytest.mark.parametrize("fails", [True, False])
def test_rows_read_from_the_same_connection(some: Target, fails: bool) -> None:
    """The query ends within the call, which must not commit the rows that are in so far."""
    source, table = some.table(), some.table(0)
    with some.connect(autocommit=True) as connection:
        connection.cursor().executemany(f"INSERT INTO {source} VALUES (?)", rows(range(1, 700)))

        def read() -> Iterator[tuple[int]]:
            yield from connection.execute(f"SELECT A FROM {source} ")
            yield from rows(range(1000, 2000))
            if fails:
                yield (0,)

        cursor = connection.cursor()
        if fails:
            with pytest.raises(drdarrow.Error) as caught:
                cursor.executemany(f"INSERT INTO {table} VALUES (?)", read())
            assert (caught.value.row, cursor.rowcount) == (1700, 0)
            assert some.keys(table) == [0]
        else:
            assert cursor.executemany(f"INSERT INTO {table} VALUES (?)", read()).rowcount == 1699
            assert some.keys(table) == [*range(700), *range(1000, 2000)]


def test_what_the_rows_do_on_the_connection_belongs_to_the_call(some: Target) -> None:
    table, log = some.table(0), some.table()
    with some.connect(autocommit=True) as connection:
        cursor = connection.cursor()

        def noting(last: int) -> Iterator[tuple[int]]:
            for n in range(1, 1200):
                if n % 500 == 0:
                    connection.execute(f"INSERT INTO {log} VALUES ({n})")
                yield (n,)
            yield (last,)

        with pytest.raises(drdarrow.Error) as caught:
            cursor.executemany(f"INSERT INTO {table} VALUES (?)", noting(0))
        assert caught.value.row == 1200
        assert (some.keys(table), some.keys(log)) == ([0], [])
        cursor.executemany(f"INSERT INTO {table} VALUES (?)", noting(1200))
        assert (some.keys(table), some.keys(log)) == (list(range(1201)), [500, 1000])


def test_a_commit_by_the_rows_keeps_those_before_it(some: Target) -> None:
    table = some.table(0)
    with some.connect() as connection:
        cursor = connection.cursor()

        def committing() -> Iterator[tuple[int]]:
            for n in range(1, 1300):
                if n == 600:
                    connection.commit()
                yield (n,)
            yield (0,)

        with pytest.raises(drdarrow.Error, match="rows 1 to 512, which were committed meanwhile, are kept") as caught:
            cursor.executemany(f"INSERT INTO {table} VALUES (?)", committing())
        assert (caught.value.row, cursor.rowcount) == (1300, 512)
        connection.commit()
        assert some.keys(table) == list(range(513))


def test_a_rollback_by_the_rows_is_not_passed_over(some: Target) -> None:
    table = some.table(0)
    with some.connect() as connection:
        cursor = connection.cursor()

        def undoing() -> Iterator[tuple[int]]:
            for n in range(1, 1300):
                if n == 600:
                    connection.rollback()
                yield (n,)

        with pytest.raises(drdarrow.OperationalError, match="rolled back while the rows"):
            cursor.executemany(f"INSERT INTO {table} VALUES (?)", undoing())
        assert cursor.rowcount == 0
        connection.commit()
        assert some.keys(table) == [0]


def test_a_call_within_a_call_may_fail(some: Target) -> None:
    """It is undone, and the call around it goes on."""
    table, log = some.table(), some.table(0)
    with some.connect() as connection:

        def logging() -> Iterator[tuple[int]]:
            for n in range(1, 1300):
                if n == 600:
                    with pytest.raises(drdarrow.IntegrityError):
                        connection.cursor().executemany(f"INSERT INTO {log} VALUES (?)", rows([5, 0]))
                yield (n,)

        cursor = connection.cursor()
        assert cursor.executemany(f"INSERT INTO {table} VALUES (?)", logging()).rowcount == 1299
        connection.commit()
        assert (some.keys(table), some.keys(log)) == (list(range(1, 1300)), [0])


def test_an_insert_of_several_rows_is_no_array() -> None:
    with server.serve(persona="luw", engine="duckdb") as made:
        with drdarrow.connect(f"drda://app@127.0.0.1:{made.port}/B", timeout=15, autocommit=True) as connection:
            connection.execute("CREATE TABLE M (A INTEGER)")
            cursor = connection.cursor()
            assert cursor.executemany("INSERT INTO M VALUES (?), (?)", [(1, 2), (3, 4)]).rowcount == 4
            assert sorted(connection.execute("SELECT A FROM M").fetchall()) == [(1,), (2,), (3,), (4,)]


def test_a_statement_of_another_thread_waits_for_the_call(some: Target) -> None:
    """Both share the unit of work: the statement would be undone with the call, or commit half of it."""
    table, other = some.table(0), some.table()
    with some.connect(autocommit=True) as connection:
        begun = threading.Event()

        def insert() -> None:
            begun.wait(20)
            connection.execute(f"INSERT INTO {other} VALUES (1)")

        def slow() -> Iterator[tuple[int]]:
            for n in range(1, 1100):
                if n == 600:
                    begun.set()
                    time.sleep(0.3)
                yield (n,)
            yield (0,)

        thread = threading.Thread(target=insert)
        thread.start()
        with pytest.raises(drdarrow.Error) as caught:
            connection.cursor().executemany(f"INSERT INTO {table} VALUES (?)", slow())
        thread.join()
        assert caught.value.row == 1100
        assert (some.keys(table), some.keys(other)) == ([0], [1])


@pytest.mark.parametrize("autocommit", [True, False])
def test_ctrl_c_undoes_the_rows_before_anything_else_runs(some: Target, autocommit: bool) -> None:
    table = some.table(0)
    with Proxy(some.port) as proxy:
        connection = some.connect(proxy.port, autocommit=autocommit)
        connection.execute(f"SELECT A FROM {table}").fetchall()
        connection.commit()
        cursor = connection.cursor()

        def held() -> Iterator[tuple[int]]:
            for n in range(1, 1100):
                if n == 600:
                    proxy.hold()
                    threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
                    threading.Timer(0.8, proxy.release).start()
                yield (n,)

        with pytest.raises(KeyboardInterrupt):
            cursor.executemany(f"INSERT INTO {table} VALUES (?)", held())
        assert connection.execute(f"SELECT A FROM {table}").fetchall() == [(0,)]
        cursor.executemany(f"INSERT INTO {table} VALUES (?)", rows(range(1, 30)))
        connection.commit()
        assert some.keys(table) == list(range(30))
        connection.close()


@pytest.mark.parametrize("autocommit", [True, False])
def test_with_asyncio(some: Target, autocommit: bool) -> None:
    table = some.table(0)

    async def main() -> None:
        async with aio.connect(some.uri, timeout=15, autocommit=autocommit) as connection:
            cursor = connection.cursor()
            for keys in ([*range(1, 700), 0], [*range(1, 699), 2**40, 0]):
                with pytest.raises(drdarrow.Error) as caught:
                    await cursor.executemany(f"INSERT INTO {table} VALUES (?)", rows(keys))
                assert (caught.value.row, cursor.rowcount) == (700 if keys[-2] == 699 else 699, 0)
                await connection.commit()
                assert some.keys(table) == [0]
            with pytest.raises(LookupError) as broken:
                await cursor.executemany(f"INSERT INTO {table} VALUES (?)", raising())
            assert broken.value.__notes__ == ["no row of the call is kept"]
            await connection.commit()
            assert some.keys(table) == [0]
            await cursor.executemany(f"INSERT INTO {table} VALUES (?)", iter(rows(range(1, 700))))
            assert cursor.rowcount == 699
            await connection.commit()
            assert some.keys(table) == list(range(700))

    def raising() -> Iterator[tuple[int]]:
        yield from rows(range(1, 600))
        raise LookupError

    asyncio.run(main())


@pytest.mark.parametrize("autocommit", [True, False])
def test_a_cancelled_task_undoes_its_rows_before_anything_else_runs(some: Target, autocommit: bool) -> None:
    async def main(port: int) -> None:
        uri = some.uri.replace(f":{some.port}/", f":{port}/")
        async with aio.connect(uri, timeout=15, autocommit=autocommit) as connection:
            cursor = connection.cursor()
            for steps in (1, 5, 40):
                table = some.table(0)
                keys = held(proxy) if steps == 1 else iter(rows(range(1, 1100)))
                task = asyncio.ensure_future(cursor.executemany(f"INSERT INTO {table} VALUES (?)", keys))
                await asyncio.sleep(0.3 if steps == 1 else steps / 1000)
                done = not task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
                proxy.release()
                reader = await connection.execute(f"SELECT A FROM {table}")
                kept = sorted(key for (key,) in await reader.fetchall())
                # A cancellation that comes when the server has all rows finds the call over.
                whole = kept == [*range(1100)]
                assert whole if done else kept == [0] or (whole and steps > 1), len(kept)
                await connection.commit()
                assert some.keys(table) == kept

    def held(proxy: Proxy) -> Iterator[tuple[int]]:
        for n in range(1, 1100):
            if n == 600:
                proxy.hold()
            yield (n,)

    with Proxy(some.port) as proxy:
        asyncio.run(main(proxy.port))


def test_a_statement_without_parameters_runs_for_each_row(some: Target) -> None:
    table, none = some.table(), some.table(1, 2)
    with some.connect() as connection:
        cursor = connection.cursor()
        with pytest.raises(drdarrow.Error) as caught:
            cursor.executemany(f"INSERT INTO {table} VALUES (1)", [(), ()])
        assert caught.value.row == 2
        connection.rollback()
        assert cursor.executemany(f"DELETE FROM {none}", [(), ()]).rowcount == 2
        connection.rollback()
