"""The changes of a file, read from its journal."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing, suppress
from types import TracebackType
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from drdarrow.exceptions import Error
from drdarrow.journal.chain import Position, chain
from drdarrow.journal.reading import Reading, schema_of
from drdarrow.partitions.asking import answered, answered_async

if TYPE_CHECKING:
    from typing import Self

    import drdarrow
    from drdarrow.aio import AsyncConnection, AsyncFile

__all__ = ["ALONE", "AsyncChanges", "Changes", "batches", "entries"]

#: The name of the only file of a reading.
ALONE = "file"


def entries(connection: drdarrow.Connection, reading: Reading) -> Iterator[pa.RecordBatch]:
    """The entries of a reading."""
    with connection.cursor(row_factory=None) as cursor:
        for batch in batches(cursor.execute(reading.beforehand()).fetch_arrow()):
            reading.tell(batch)
        stream = cursor.execute(reading.entries()).fetch_arrow()
        reading.again(answered(connection, chain(*reading.journal)))
        yield from batches(stream)


def batches(stream: Any) -> Iterator[pa.RecordBatch]:
    """Those of a stream, for pyarrow."""
    for batch in stream:
        yield pa.record_batch(batch)


class _Base:
    """The part that both have in common."""

    def __init__(self, reading: Reading, file: Any, start: Position) -> None:
        self._reading, self._file, self._position = reading, file, start
        self._schema = schema_of(file)

    @property
    def schema(self) -> pa.Schema:
        """The columns of the batches, pyarrow.Schema."""
        return self._schema

    @property
    def position(self) -> Position:
        """The place after the changes that were handed out: another reading goes on from there."""
        return self._position

    def _first(self) -> None:
        if (error := self._reading.altered(ALONE)) is not None:
            raise error

    def _last(self) -> None:
        self._position = self._reading.end(self._position)


class Changes(_Base):
    """The changes of a file after a place in its journal, as an iterator of pyarrow.RecordBatch.

    Each row is an image of a record: `_sequence` (number of the entry, uint64), `_time`, `_change` (`insert`,
    `update_before`, `update_after`, `delete`, or `clear`: all records are gone), `_rrn` (number of the record),
    `_cycle` (the unit of work; NULL without commitment control), `_state` (`committed`, `rolled back`; NULL without
    commitment control), then the fields of the file, all of which can be NULL.
    """

    def __init__(self, connection: drdarrow.Connection, reading: Reading, file: drdarrow.File, start: Position) -> None:
        super().__init__(reading, file, start)
        self._connection = connection
        self._batches = self._read()

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        return self

    def __next__(self) -> pa.RecordBatch:
        return next(self._batches)

    def _read(self) -> Iterator[pa.RecordBatch]:
        for batch in entries(self._connection, self._reading):
            self._first()
            for name, given in self._reading.divided(batch):
                step = self._reading.step(name, self._file, given)
                self._position = step.position
                if step.changes.num_rows:
                    yield step.changes
                if step.error is not None:
                    raise step.error
                if step.over:
                    return
        self._first()
        self._last()


class AsyncChanges(_Base):
    """The same with asyncio: an asynchronous iterator, and an asynchronous context manager, which ends the reading.
    A task that is cancelled ends it, too."""

    def __init__(self, connection: AsyncConnection, reading: Reading, file: AsyncFile, start: Position) -> None:
        super().__init__(reading, file, start)
        self._connection = connection
        self._batches = self._read()

    def __aiter__(self) -> AsyncIterator[pa.RecordBatch]:
        return self

    async def __anext__(self) -> pa.RecordBatch:
        return await anext(self._batches)

    async def aclose(self) -> None:
        """Ends the reading: its cursor is closed."""
        await self._batches.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None = None,
        value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        await self.aclose()

    async def _read(self) -> AsyncGenerator[pa.RecordBatch]:
        cursor = self._connection.cursor(row_factory=None)
        try:
            async with aclosing(self._entries(cursor)) as entries:
                async for batch in entries:
                    self._first()
                    for name, given in self._reading.divided(batch):
                        # The position is that of what was handed out, should the wait be cancelled.
                        step = await asyncio.to_thread(self._reading.step, name, self._file, given)
                        self._position = step.position
                        if step.changes.num_rows:
                            yield step.changes
                        if step.error is not None:
                            raise step.error
                        if step.over:
                            return
            self._first()
            self._last()
        finally:
            with suppress(Error):
                await cursor.close()

    async def _entries(self, cursor: Any) -> AsyncGenerator[pa.RecordBatch]:
        async for told in (await cursor.execute(self._reading.beforehand())).fetch_arrow():
            self._reading.tell(pa.record_batch(told))
        executed = await cursor.execute(self._reading.entries())
        self._reading.again(await answered_async(self._connection, chain(*self._reading.journal)))
        async for batch in executed.fetch_arrow():
            yield pa.record_batch(batch)
