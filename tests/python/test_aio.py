"""The same names, awaited."""

import asyncio
import gc
import threading
import time
from typing import Any

import pyarrow as pa
import pytest
from conftest import SLACK, Lab
from peers import Proxy, Silent

import drdarrow
from drdarrow import aio, frames


def test_connect_in_both_spellings(lab: Lab) -> None:
    async def main() -> None:
        async with aio.connect(lab.uri(), timeout=15) as connection:
            cursor = connection.cursor()
            await cursor.execute("VALUES 1")
            assert await cursor.fetchone() == (1,)
        async with await aio.connect(lab.uri(), timeout=15) as connection:
            cursor = connection.cursor()
            await cursor.execute("VALUES 2")
            assert await cursor.fetchall() == [(2,)]
        connection = await aio.connect(lab.uri(), timeout=15)
        assert not connection.closed
        await connection.close()
        assert connection.closed

    asyncio.run(main())


def test_rows(lab: Lab) -> None:
    async def main() -> None:
        async with aio.connect(lab.uri(), timeout=15) as connection:
            cursor = connection.cursor()
            await cursor.execute("SELECT ID FROM INTS WHERE ID > ? ORDER BY ID", (10,))
            assert cursor.description[0][0] == "ID"
            assert await cursor.fetchone() == (11,)
            assert await cursor.fetchmany(2) == [(12,), (13,)]
            total = 0
            async for row in cursor:
                total += row[0]
            assert total == 5_000_050_000 - sum(range(14))

    asyncio.run(main())


def test_batches(lab: Lab) -> None:
    async def main() -> None:
        async with aio.connect(lab.uri(), timeout=15) as connection:
            cursor = connection.cursor()
            await cursor.execute("SELECT ID, N FROM INTS ORDER BY ID")
            seen: list[int] = []
            async for batch in cursor.fetch_arrow(batch_rows=5000):
                assert batch.num_rows <= 5000
                seen += pa.record_batch(batch).column(0).to_pylist()
            assert seen == list(range(1, 100_001))
            await cursor.execute("SELECT ID FROM INTS")
            assert (await cursor.fetch_arrow_table()).num_rows == 100_000

    asyncio.run(main())


def test_transactions(lab: Lab, table) -> None:
    name = table("ID INTEGER NOT NULL PRIMARY KEY")

    async def count() -> int:
        async with aio.connect(lab.uri(), timeout=15) as connection:
            cursor = connection.cursor()
            await cursor.execute(f"SELECT COUNT(*) FROM {name}")
            return (await cursor.fetchone())[0]

    async def main() -> None:
        async with aio.connect(lab.uri(), timeout=15) as connection:
            cursor = connection.cursor()
            await cursor.executemany(f"INSERT INTO {name} VALUES (?)", [(1,), (2,)])
            await connection.commit()
            await cursor.execute(f"INSERT INTO {name} VALUES (3)")
            await connection.rollback()
        assert await count() == 2
        with pytest.raises(KeyError):
            async with aio.connect(lab.uri(), timeout=15) as connection:
                await connection.cursor().execute(f"INSERT INTO {name} VALUES (4)")
                raise KeyError
        assert await count() == 2
        async with aio.connect(lab.uri(), timeout=15) as connection:
            await connection.cursor().execute(f"INSERT INTO {name} VALUES (5)")
        assert await count() == 3

    asyncio.run(main())


def test_errors(lab: Lab) -> None:
    async def main() -> None:
        async with aio.connect(lab.uri(), timeout=15) as connection:
            cursor = connection.cursor()
            with pytest.raises(drdarrow.ProgrammingError) as caught:
                await cursor.execute("SELECT * FROM NOSUCH")
            assert caught.value.sqlstate == "42X05"
            await cursor.execute("SELECT ID, 1000/(ID-150000) FROM DIVZERO ORDER BY ID")
            with pytest.raises(drdarrow.DataError):
                async for _ in cursor.fetch_arrow():
                    pass
            await cursor.execute("VALUES 1")
            assert await cursor.fetchone() == (1,)
        with pytest.raises(drdarrow.OperationalError):
            await aio.connect(lab.uri().replace("LAB", "NOSUCHDB"), timeout=15)

    asyncio.run(main())


def test_many_at_once(lab: Lab) -> None:
    async def one(number: int) -> int:
        async with aio.connect(lab.uri(), timeout=15) as connection:
            cursor = connection.cursor()
            await cursor.execute("SELECT COUNT(*) FROM INTS WHERE ID > ?", (number,))
            return (await cursor.fetchone())[0]

    async def main() -> None:
        assert await asyncio.gather(*(one(n) for n in range(20))) == [100_000 - n for n in range(20)]

    asyncio.run(main())


def test_the_loop_goes_on_while_we_wait(lab: Lab, proxy: Proxy) -> None:
    async def main() -> None:
        async with aio.connect(lab.uri(proxy.port), timeout=15) as connection:
            cursor = connection.cursor()
            proxy.hold()
            task = asyncio.ensure_future(cursor.execute("VALUES 1"))
            steps = 0
            end = time.monotonic() + 0.5
            while time.monotonic() < end:
                await asyncio.sleep(0.001)
                steps += 1
            assert not task.done()
            assert steps > 500 / SLACK
            proxy.release()
            await task
            assert await cursor.fetchone() == (1,)

    asyncio.run(main())


def test_cancel_while_connecting() -> None:
    async def main() -> None:
        with Silent() as silent:
            start = time.monotonic()
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.3):
                    await aio.connect(f"drda://app@127.0.0.1:{silent.port}/LAB", timeout=60)
            assert time.monotonic() - start < 0.3 + 0.3 * SLACK

    asyncio.run(main())


@pytest.mark.parametrize("answer_comes", [True, False])
def test_cancel_while_executing(lab: Lab, proxy: Proxy, answer_comes: bool) -> None:
    """The wait ends at once. The reply is drained if it comes soon; if not, the connection says that it is broken."""

    async def main() -> None:
        connection = await aio.connect(lab.uri(proxy.port), timeout=15)
        cursor = connection.cursor()
        proxy.hold()
        task = asyncio.ensure_future(cursor.execute("VALUES 'cancelled'"))
        await asyncio.sleep(0.2)
        start = time.monotonic()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert time.monotonic() - start < 0.3 * SLACK
        if answer_comes:
            proxy.release()
        other = connection.cursor()
        try:
            async with asyncio.timeout(10):
                await other.execute("VALUES 'next'")
                # Whatever happened to the first statement, its answer is not taken for the second's.
                assert await other.fetchall() == [("next",)]
        except drdarrow.Error as error:
            assert error.connection_usable is False
        except TimeoutError:
            assert not answer_comes
        proxy.release()
        await connection.close()

    asyncio.run(main())


def test_cancelled_fetches_lose_no_row(lab: Lab) -> None:
    """Whenever the cancellation comes, the next fetch goes on where the rows handed out ended."""

    async def cancel(fetch, steps: int) -> list:
        task = asyncio.ensure_future(fetch)
        for _ in range(steps):
            await asyncio.sleep(0.0003)
        task.cancel()
        try:
            return await task
        except asyncio.CancelledError:
            return []

    async def main() -> None:
        async with aio.connect(lab.uri(), timeout=15, block_size=32767) as connection:
            cursor = connection.cursor()
            await cursor.execute("SELECT ID FROM INTS ORDER BY ID")
            seen: list = []
            for n in range(100):
                seen += await cancel(cursor.fetchmany(700), n % 7)
            seen += await cancel(cursor.fetchall(), 3)
            seen += await cursor.fetchall()
            assert [row[0] for row in seen] == list(range(1, 100_001))

            await cursor.execute("SELECT ID FROM INTS ORDER BY ID")
            batches = cursor.fetch_arrow(batch_rows=500)
            rows = 0
            for n in range(100):
                task = asyncio.ensure_future(anext(batches))
                for _ in range(n % 5):
                    await asyncio.sleep(0.0003)
                task.cancel()
                try:
                    rows += (await task).num_rows
                except asyncio.CancelledError:
                    pass
            async for batch in batches:
                rows += batch.num_rows
            assert rows == 100_000

    asyncio.run(main())


def test_a_cancelled_whole_is_not_taken_for_the_rest(lab: Lab) -> None:
    async def main() -> None:
        async with aio.connect(lab.uri(), timeout=15, block_size=32767) as connection:
            cursor = connection.cursor()
            await cursor.execute("SELECT A.ID FROM INTS A, INTS B")
            task = asyncio.ensure_future(cursor.fetch_arrow_table())
            await asyncio.sleep(0.3)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            with pytest.raises(drdarrow.InterfaceError, match="execute the statement again"):
                await cursor.fetchall()
            await cursor.execute("VALUES 1")
            assert await cursor.fetchall() == [(1,)]
            # Rows that a cancelled fetch left are rows: no stream begins after them.
            await cursor.execute("SELECT A.ID FROM INTS A, INTS B")
            task = asyncio.ensure_future(cursor.fetchall())
            await asyncio.sleep(0.3)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            with pytest.raises(drdarrow.InterfaceError, match="fetch them as rows"):
                cursor.fetch_arrow()

    asyncio.run(main())


def test_a_whole_that_is_cancelled_while_it_is_made_is_lost(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """All rows have come, and pandas makes a frame of them: they are not to be taken for the end."""
    making, go_on = threading.Event(), threading.Event()
    made = frames.to_pandas

    def slow(*arguments: Any) -> Any:
        making.set()
        go_on.wait(10)
        return made(*arguments)

    monkeypatch.setattr(frames, "to_pandas", slow)

    async def main() -> None:
        async with aio.connect(lab.uri(), timeout=15) as connection:
            cursor = connection.cursor()
            await cursor.execute("SELECT ID FROM INTS WHERE ID < 10")
            task = asyncio.create_task(cursor.fetch_df())
            await asyncio.to_thread(making.wait, 10)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            go_on.set()
            with pytest.raises(drdarrow.InterfaceError, match="execute the statement again"):
                await cursor.fetchall()

    asyncio.run(main())


def test_rows_that_were_kept_are_not_skipped(lab: Lab) -> None:
    """They are given up when something new is asked for, even where that never begins."""

    async def main() -> None:
        async with aio.connect(lab.uri(), timeout=15, block_size=32767) as connection:
            cursor = connection.cursor()
            for given_up in (lambda: cursor.execute("VALUES 1"), cursor.nextset):
                await cursor.execute("SELECT A.ID FROM INTS A, INTS B")
                task = asyncio.create_task(cursor.fetchall())
                await asyncio.sleep(0.3)
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
                given_up().close()
                with pytest.raises(drdarrow.InterfaceError, match="execute the statement again"):
                    await cursor.fetchone()
            await cursor.execute("VALUES 1")
            assert await cursor.fetchall() == [(1,)]

    asyncio.run(main())


def test_the_table_of_a_cancelled_query_can_be_dropped(lab: Lab, proxy: Proxy) -> None:
    """The answer to its open was late: nothing overtakes the close that follows it."""

    async def main() -> None:
        async with aio.connect(lab.uri(proxy.port), timeout=15) as connection:
            for n in range(5):
                await connection.execute(f"CREATE TABLE CANCELLED_{n} AS SELECT ID FROM INTS WITH NO DATA")
                await connection.execute(f"INSERT INTO CANCELLED_{n} SELECT ID FROM INTS")
                await connection.commit()
                proxy.hold()
                task = asyncio.create_task(connection.execute(f"SELECT A.ID FROM CANCELLED_{n} A, CANCELLED_{n} B"))
                await asyncio.sleep(0.1)
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
                drop = asyncio.create_task(connection.execute(f"DROP TABLE CANCELLED_{n}"))
                await asyncio.sleep(0.05)
                proxy.release()
                await drop
                await connection.commit()

    asyncio.run(main())


def test_a_cancelled_commit_is_of_unknown_outcome(lab: Lab, proxy: Proxy, table) -> None:
    name = table("ID INTEGER")

    async def main() -> None:
        connection = await aio.connect(lab.uri(proxy.port), timeout=15)
        await connection.execute(f"INSERT INTO {name} VALUES (1)")
        proxy.hold()
        task = asyncio.ensure_future(connection.commit())
        await asyncio.sleep(0.2)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        with pytest.raises(drdarrow.OperationalError) as caught:
            await connection.execute("VALUES 1")
        assert (caught.value.sqlstate, caught.value.connection_usable) == ("08007", False)
        proxy.release()
        await connection.close()

    asyncio.run(main())


def test_leaving_a_loop_early(lab: Lab) -> None:
    async def main() -> None:
        async with aio.connect(lab.uri(), timeout=15) as connection:
            cursor = connection.cursor()
            await cursor.execute("SELECT A.ID FROM INTS A, INTS B")
            async for _ in cursor.fetch_arrow(batch_rows=100):
                break
            await cursor.execute("VALUES 1")
            assert await cursor.fetchone() == (1,)

    asyncio.run(main())


def test_the_loop_ends_with_an_open_stream(lab: Lab, script) -> None:
    running = script(
        """
        import asyncio, sys
        from drdarrow import aio
        async def main():
            connection = await aio.connect(sys.argv[1], timeout=15)
            cursor = connection.cursor()
            await cursor.execute("SELECT A.ID FROM INTS A, INTS B")
            async for batch in cursor.fetch_arrow(batch_rows=100):
                return
        asyncio.run(main())
    """,
        lab.uri(),
    )
    assert running.end(20) == (0, "", "")


def test_every_method_is_a_coroutine(lab: Lab) -> None:
    async def main() -> None:
        connection = await asyncio.create_task(aio.connect(lab.uri(), timeout=15))
        cursor = await asyncio.create_task(connection.execute("VALUES 1"))
        assert await asyncio.wait_for(cursor.fetchone(), 15) == (1,)
        rows, none = await asyncio.gather(cursor.fetchall(), connection.commit())
        assert (rows, none) == ([], None)
        # It begins when it is awaited, not before.
        work = connection.commit()
        assert asyncio.iscoroutine(work) and work.cr_await is None
        await asyncio.create_task(work)
        with pytest.raises(RuntimeError, match="already awaited"):
            await work
        await asyncio.create_task(connection.close())
        # A wrong argument is an error of the coroutine.
        wrong = connection.set_client_info(application_name=7)
        with pytest.raises(drdarrow.InterfaceError):
            await wrong
        with pytest.warns(RuntimeWarning, match="coroutine 'AsyncConnection.rollback' was never awaited"):
            connection.rollback()
            gc.collect()

    asyncio.run(main())


# Names that only one class of a pair has, and why.
ALONE = {
    "fetch_record_batch": "pyarrow's reader waits by itself",
    "__arrow_c_stream__": "a consumer of Arrow waits by itself",
}
SPELT_OTHERWISE = {
    "__aenter__": "__enter__",
    "__aexit__": "__exit__",
    "__aiter__": "__iter__",
    "__anext__": "__next__",
}


@pytest.mark.parametrize("name", ["Connection", "Cursor", "ArrowStream", "FileConnection", "File"])
def test_both_classes_have_the_same_names(name: str) -> None:
    def names(kind: type) -> set[str]:
        own = {SPELT_OTHERWISE.get(each, each) for each in vars(kind)}
        return {each for each in own if each.startswith("__") or not each.startswith("_")} - {"__module__"}

    waits, awaits = names(getattr(drdarrow, name)), names(getattr(aio, f"Async{name}"))
    assert (waits ^ awaits) - set(ALONE) == set()
    for each, member in vars(getattr(aio, f"Async{name}")).items():
        if not each.startswith("_") and not isinstance(member, type):
            assert member.__doc__, f"{name}.{each}"
