"""The coroutines of the classes for asyncio, which `drdarrow._core` makes.

Rows are taken after a wait and without another one in between: so a task that is cancelled loses none.
"""

from __future__ import annotations

import asyncio
import inspect
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Generator, Iterable
from contextlib import asynccontextmanager
from functools import partial
from os import PathLike
from types import TracebackType
from typing import Any, Generic, Protocol, TypeVar

import drdarrow._core as _core
from drdarrow.exceptions import Error, InterfaceError
from drdarrow.types import ArrowData, Record, Row, Rows

__all__ = ["Opening"]

#: Rows that are read at a time on the thread of an event loop.
_CHUNK = 1024
#: Progress is told no more often than after so many seconds.
_PAUSE = 0.1


class _Entered(Protocol):
    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None, /
    ) -> None: ...


_T = TypeVar("_T")
_E = TypeVar("_E", bound=_Entered)


class Opening(Coroutine[Any, Any, _E], Generic[_E]):
    """A connection or file to be: `await` it, or enter it by `async with`, which closes it in the end."""

    def __init__(self, coroutine: Coroutine[Any, Any, _E]) -> None:
        self._coroutine = coroutine
        self._entered: _E | None = None

    def __await__(self) -> Generator[Any, None, _E]:
        return self._coroutine.__await__()

    def send(self, value: Any, /) -> Any:
        return self._coroutine.send(value)

    def throw(self, *raised: Any) -> Any:
        return self._coroutine.throw(*raised)

    def close(self) -> None:
        self._coroutine.close()

    async def __aenter__(self) -> _E:
        self._entered = await self._coroutine
        return self._entered

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._entered is not None:
            await self._entered.__aexit__(kind, value, traceback)


async def wait(start: Callable[[], asyncio.Future[_T]]) -> _T:
    """Begins some work and waits for it."""
    return await start()


async def whole(start: Callable[[], asyncio.Future[_T]], lose: Callable[[], None]) -> _T:
    """The same, for a result as a whole: when the task is cancelled its rows are lost, and no later fetch is to take
    that for the end."""
    try:
        return await start()
    except Exception:
        raise
    except BaseException:
        lose()
        raise


async def give(value: _T) -> _T:
    """A value that is there already."""
    return value


async def with_password(function: str, uri: str | None, settings: dict[str, Any]) -> Any:
    """Connects when a callable has given the password. One that is no coroutine function may wait for somebody."""
    source = settings["password"]
    password = source() if inspect.iscoroutinefunction(source) else await asyncio.to_thread(source)
    if inspect.isawaitable(password):
        password = await password
    if not isinstance(password, str):
        raise InterfaceError(f"password: the callable gave {type(password).__name__}, not a str")
    loop = asyncio.get_running_loop()
    given = {**settings, "password": password}
    if function == "connect_async":
        given["_password"] = partial(_asked_again, source, loop)
    return await getattr(_core, function)(uri, **given)


def _asked_again(source: Callable[[], Any], loop: asyncio.AbstractEventLoop) -> Any:
    """The password for another login, which asks from a thread. loop: that of the first one, for a coroutine."""
    password = source()
    if not inspect.isawaitable(password):
        return password
    if not loop.is_running():
        if inspect.iscoroutine(password):
            password.close()
        raise InterfaceError("password: a coroutine gives it, and the event loop of its first login runs no more")

    async def wait() -> Any:
        return await password

    return asyncio.run_coroutine_threadsafe(wait(), loop).result()


async def fetch(cursor: _core.AsyncCursor[_T], wanted: int = sys.maxsize) -> list[_T]:
    """So many rows. Where the task is cancelled, those that have come are kept for the next fetch."""
    async with cursor._turn:
        return await _fetch_in_turn(cursor, wanted)


async def _fetch_in_turn(cursor: _core.AsyncCursor[_T], wanted: int) -> list[_T]:
    """The same, for who has the turn."""
    kept = cursor._kept
    while len(kept) < wanted:
        try:
            if not await cursor._more(wanted == sys.maxsize):
                break
        except Error:
            # The rows before the failure first; it is told again by the next fetch.
            if kept and wanted < sys.maxsize:
                break
            raise
        kept += cursor._in_hand(wanted - len(kept))
    # A row that the factory refuses is fetched again.
    rows = cursor._made(kept[:wanted])
    del kept[:wanted]
    return rows


async def fetch_one(cursor: _core.AsyncCursor[_T]) -> _T | None:
    """The next row, or None at the end."""
    # A row in hand may be that which another task has moved to.
    if not cursor._kept and not cursor._turn.locked() and (row := cursor._row_in_hand()) is not None:
        return row
    rows = await fetch(cursor, 1)
    return rows[0] if rows else None


async def fetch_moved(cursor: _core.AsyncCursor[_T], name: str, number: int) -> _T | None:
    """The row that a move leads to, or None where there is none. No other fetch comes between."""
    backward = number < 0
    async with cursor._turn:
        while await cursor._seek(name, number):
            target = cursor.rownumber or 0
            rows = await _fetch_in_turn(cursor, 1)
            # A row that was deleted is left out, backward by the one before it.
            if not backward or rows and cursor.rownumber == target + 1:
                return rows[0] if rows else None
            name, number = "absolute", target
    return None


async def in_turn(cursor: _core.AsyncCursor, method: str, arguments: tuple[Any, ...]) -> Any:
    """A move, or a change of the row where the cursor stands. No fetch comes between."""
    async with cursor._turn:
        return await getattr(cursor, method)(*arguments)


async def next_row(cursor: _core.AsyncCursor[_T]) -> _T:
    """The next row."""
    row = await fetch_one(cursor)
    if row is None:
        raise StopAsyncIteration
    return row


@asynccontextmanager
async def kept_whole(batch: _core.RawBatch) -> AsyncIterator[None]:
    """While the rows of a call are given. An error undoes them; so does a cancellation, in the background."""
    try:
        yield
        await batch.finish()
    except Exception as e:
        if left := await batch.undo():
            e.add_note(left)
        raise
    except BaseException:
        batch.leave()
        raise


async def execute_many(
    cursor: _core.AsyncCursor, operation: str, given: Rows, skipping: tuple[str, int]
) -> _core.AsyncCursor:
    """A statement for each row of parameters. skipping: `on_error` and `max_skipped`."""
    rows = _core.RawRows(operation, given)
    batch = await cursor._batch(rows.statement, *skipping)
    async with kept_whole(batch):
        while True:
            most = batch.appetite()
            chunk = await asyncio.to_thread(rows.chunk, most) if rows.waits else rows.chunk(min(most, _CHUNK))
            if not chunk:
                break
            await batch.add(chunk)
    return cursor


async def ingest(
    cursor: _core.AsyncCursor,
    data: ArrowData | Iterable[ArrowData],
    options: tuple[Any, ...],
    progress: Callable[[int, int | None], object] | None,
) -> _core.Ingested:
    """Arrow data into a table."""
    _core.check_ingest(*options)
    total = _core.total_rows(data) if progress is not None else None
    rows = await asyncio.to_thread(_core.RawRows.arrow, data)
    await asyncio.to_thread(rows.peek)
    batch = await cursor._ingest(rows, *options)
    told = 0.0
    async with kept_whole(batch):
        while chunk := await asyncio.to_thread(rows.chunk, batch.appetite()):
            if progress is not None and time.monotonic() - told >= _PAUSE:
                progress(batch.done(), total)
                told = time.monotonic()
            await batch.add(chunk)
        if progress is not None:
            await batch.settle()
            progress(batch.done(), total)
    return cursor._ingested()


async def next_batch(stream: _core.AsyncArrowStream) -> _core.RecordBatch:
    """The next batch."""
    while await stream._more():
        if (batch := stream._in_hand()) is not None:
            return batch
    raise StopAsyncIteration


async def batches(file: _core.AsyncFile) -> AsyncIterator[_core.RecordBatch]:
    """All records."""
    async with await file.fetch_arrow() as stream:
        async for batch in stream:
            yield batch


async def rows(query: _core.AsyncQuery) -> AsyncIterator[Row]:
    """All rows."""
    async with await query.execute() as cursor:
        async for row in cursor:
            yield row


async def write_parquet(query: _core.AsyncQuery, path: str | PathLike[str], options: dict[str, Any] | None) -> int:
    """A Parquet file of the result; how many rows."""
    from drdarrow.parquet import write_async

    return await write_async(await query.fetch_arrow(batch_delay=None), path, **(options or {}))


async def partitions(
    connection: _core.AsyncConnection, source: Any, parameters: Any, options: dict[str, Any] | None
) -> Any:
    """The parts of a table or a query."""
    from drdarrow.partitions import partitions_async

    return await partitions_async(connection, source, parameters, **(options or {}))


async def write(file: _core.AsyncFile, data: ArrowData | Iterable[Record]) -> int:
    """Adds rows, a chunk at a time; how many."""
    rows, written = _core.RawRecords(data), 0
    while True:
        chunk = await asyncio.to_thread(rows.chunk, file, written) if rows.waits else rows.chunk(file, written)
        if chunk is None:
            return written
        written += await file._write(chunk, written)
