"""`drdarrow.journal.read_async`: changes as a task reads them, and what is left when it is cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from typing import Any

import psutil
import pyarrow as pa
import pytest

import drdarrow
from drdarrow import aio, journal, server

pytestmark = pytest.mark.timeout(300)

FILE = "SHOP/STOCK"
STOCK = pa.table({"ID": pa.array([1, 2, 3], pa.int32()), "NAME": ["Ada", None, "Grace"]})


@pytest.fixture
def running() -> Iterator[server.Server]:
    with server.serve(persona="ibmi", files={FILE: STOCK}, users={"ada": "secret"}, password_level=0) as made:
        yield made


def run(running: server.Server, work: Callable[[aio.AsyncConnection], Awaitable[None]]) -> None:
    async def main() -> None:
        async with await aio.connect(running.uri, password="secret", batch_rows=500) as connection:
            await work(connection)

    asyncio.run(main())


def write(running: server.Server, first: int, count: int) -> None:
    with running.connect_files(password="secret") as system, system.open_file(FILE, mode="rw") as file:
        file.write([{"ID": n, "NAME": None if n % 3 else f"N{n}"} for n in range(first, first + count)])


async def sockets(running: server.Server, expected: int | None = None) -> int:
    """How many clients the server has; those that have left are waited for."""
    for _ in range(100):
        found = psutil.Process().net_connections("tcp")
        count = sum(each.laddr.port == running.port and each.status == "ESTABLISHED" for each in found)
        if expected in (None, count):
            break
        await asyncio.sleep(0.05)
    return count


async def ids(changes: Any) -> list[int]:
    return [row["ID"] async for batch in changes for row in batch.to_pylist()]


def test_it_reads_as_the_other_does_and_goes_on_where_it_ended(running: server.Server) -> None:
    async def work(connection: aio.AsyncConnection) -> None:
        place = await journal.end_async(connection, file=FILE)
        taken = []
        for step in range(3):
            await asyncio.to_thread(write, running, 10 * step, 10)
            changes = await journal.read_async(connection, "SHOP/QSQJRN", file=FILE, start=place)
            assert changes.schema.names[-2:] == ["ID", "NAME"]
            taken += await ids(changes)
            place = changes.position
        assert taken == list(range(30))
        # A number alone will do, and nothing comes twice.
        assert await ids(await journal.read_async(connection, file=FILE, start=place.sequence)) == []
        with running.connect(password="secret") as other:
            expected = list(journal.read(other, file=FILE))
        async with await journal.read_async(connection, file=FILE) as again:
            assert pa.Table.from_batches([batch async for batch in again]) == pa.Table.from_batches(expected)
        async with await connection.open_file(FILE, columns=["ID"]) as file:
            few = await journal.read_async(connection, file=file, start=place, transactions="all")
            assert few.schema.names[6:] == ["ID"]

    run(running, work)


def test_what_is_wrong_is_raised_before_anything_is_read(running: server.Server) -> None:
    async def work(connection: aio.AsyncConnection) -> None:
        for words, given in (
            ("there is no journal SHOP/NONE", {"journal": "SHOP/NONE"}),
            ("expected committed or all", {"transactions": "some"}),
            ("expected a Position", {"start": -1}),
            ("numbers do not go on from 999", {"start": 999}),
        ):
            with pytest.raises(drdarrow.Error, match=words):
                await journal.read_async(connection, file=FILE, **given)  # type: ignore[arg-type]
        with pytest.raises(drdarrow.ProgrammingError, match="there is no journal SHOP/NONE"):
            await journal.end_async(connection, "SHOP/NONE")

    run(running, work)


def test_a_reading_that_is_left_has_nothing_open(running: server.Server) -> None:
    write(running, 0, 9000)

    async def work(connection: aio.AsyncConnection) -> None:
        # Files are opened on a second connection, which the connection keeps.
        await (await connection.open_file(FILE)).close()
        before = await sockets(running)
        async with await journal.read_async(connection, file=FILE) as changes:
            first = await anext(changes)
            assert 0 < first.num_rows < 9000
            place = changes.position
            assert place.sequence == first["_sequence"][-1].as_py()
        with pytest.raises(StopAsyncIteration):
            await anext(changes)
        rest = await ids(await journal.read_async(connection, file=FILE, start=place))
        assert len(rest) == 9000 - first.num_rows and rest[-1] == 8999
        assert await sockets(running, before) == before

    run(running, work)


@pytest.mark.parametrize("steps", [0, 1, 2, 3, 5, 8, 13, 30])
def test_a_task_that_is_cancelled_has_nothing_open_and_another_goes_on(running: server.Server, steps: int) -> None:
    write(running, 0, 9000)

    async def work(connection: aio.AsyncConnection) -> None:
        # Files are opened on a second connection, which the connection keeps.
        await (await connection.open_file(FILE)).close()
        before = await sockets(running)
        place = None
        taken: list[int] = []

        async def read() -> None:
            nonlocal place
            changes = await journal.read_async(connection, file=FILE, start=place)
            async for batch in changes:
                taken.extend(batch["ID"].to_pylist())
                place = changes.position

        for wait in range(3):
            task = asyncio.create_task(read())
            for _ in range(steps * (wait + 1)):
                await asyncio.sleep(0.001)
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        await read()
        assert taken == list(range(9000))
        assert await sockets(running, before) == before
        assert await (await connection.execute("SELECT 1 FROM SYSIBM.SYSDUMMY1")).fetchone() == (1,)

    run(running, work)
