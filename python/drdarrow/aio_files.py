"""Files of IBM i with asyncio; the names are in `drdarrow.aio`."""

from __future__ import annotations

import asyncio
import builtins
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Generator, Iterable, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, Literal, Self, TypeVar, Unpack

import drdarrow._core as _core
from drdarrow import frames
from drdarrow.aio_stream import AsyncArrowStream
from drdarrow.types import (
    ArrowArrayExportable,
    ArrowSchemaExportable,
    ArrowStreamExportable,
    FileOptions,
    FileSettings,
    Key,
    Keys,
    Message,
    OneFile,
    Reading,
    Record,
    Row,
    Value,
    Which,
)

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow

    from drdarrow.types import DtypeBackend

__all__ = ["AsyncFile", "AsyncFileConnection", "connect_files", "open_file", "open_partition"]


def connect_files(uri: str | None = None, /, **settings: Unpack[FileSettings]) -> _Opening[AsyncFileConnection]:
    """Connects: `await` it or `async with` it. Arguments as `drdarrow.connect_files`."""
    caller = _core.Caller()

    async def connect() -> AsyncFileConnection:
        return AsyncFileConnection(await _core.connect_files_async(caller, uri, **settings))

    return _Opening(connect)


def open_file(uri: str, /, **settings: Unpack[OneFile]) -> _Opening[AsyncFile]:
    """Opens a file: `await` it or `async with` it. Arguments as `drdarrow.open_file`."""
    caller = _core.Caller()

    async def open_it() -> AsyncFile:
        return AsyncFile(await _core.open_file_async(caller, uri, **settings))

    return _Opening(open_it)


def open_partition(
    part: _core.FilePartition, uri: str | None = None, /, **settings: Unpack[FileSettings]
) -> Coroutine[Any, Any, AsyncArrowStream]:
    """Connects and reads a part of a file. Arguments as `drdarrow.FilePartition.open`."""

    async def read(caller: _core.Caller) -> AsyncArrowStream:
        return AsyncArrowStream(await _core.open_partition_async(caller, part, uri, **settings))

    return read(_core.Caller())


class AsyncFileConnection:
    """A connection for files: a job on the system, with a unit of work and a library QTEMP of its own."""

    def __init__(self, raw: _core.RawFileConnection) -> None:
        self._raw = raw

    def open_file(self, path: str, /, **options: Unpack[FileOptions]) -> _Opening[AsyncFile]:
        """Opens a file: `await` it or `async with` it. Options as `drdarrow.open_file`."""

        async def open_it() -> AsyncFile:
            return AsyncFile(await self._raw.open_file(path, **options))

        return _Opening(open_it)

    async def command(self, cl: str) -> builtins.list[Message]:
        """Runs a CL command; raises when it fails."""
        return [Message(*said) for said in await self._raw.command(cl)]

    async def describe(self, path: str) -> dict[str, Any]:
        """The record formats and keys of a file."""
        return await self._raw.describe(path)

    async def list(self, library: str, files: str = "*ALL") -> _core.Collected:
        """The database files of a library as Arrow; see `drdarrow.FileConnection.list`."""
        return await self._raw.list(library, files)

    async def members(self, path: str) -> builtins.list[dict[str, Any]]:
        """The members of a file: name, text, records, deleted."""
        return await self._raw.members(path)

    async def add_member(self, path: str, member: str) -> None:
        """Adds a member to a physical file."""
        await self._raw.add_member(path, member)

    async def remove_member(self, path: str, member: str) -> None:
        """Removes a member with its records."""
        await self._raw.remove_member(path, member)

    async def clear_member(self, path: str, member: str = "*FIRST") -> None:
        """Removes all records of a member."""
        await self._raw.clear_member(path, member)

    async def create_file(self, path: str, schema: ArrowSchemaExportable, *, keys: Sequence[str] | None = None) -> None:
        """Creates a physical file; see `drdarrow.FileConnection.create_file`."""
        await self._raw.create_file(path, schema, keys or [])

    async def delete_file(self, path: str) -> None:
        """Deletes a file."""
        await self._raw.delete_file(path)

    async def lock(self, path: str, lock: str = "EXCL", *, member: str = "*FIRST") -> None:
        """Locks a member against other jobs: `"SHRRD"`, `"SHRNUP"`, `"SHRUPD"`, `"EXCLRD"`, `"EXCL"`."""
        await self._raw.lock(path, lock, member)

    async def unlock(self, path: str, lock: str = "EXCL", *, member: str = "*FIRST") -> None:
        """Lets a lock go."""
        await self._raw.unlock(path, lock, member)

    async def commit(self) -> None:
        """Makes changes of files that were opened with `commit` last."""
        await self._raw.commit()

    async def rollback(self) -> None:
        """Undoes them."""
        await self._raw.rollback()

    async def close(self) -> None:
        """Closes; what was not committed is undone. Closing twice is allowed."""
        await self._raw.close()

    @property
    def closed(self) -> bool:
        """Closed by `close()` or lost."""
        return self._raw.sync.closed

    @property
    def server(self) -> dict[str, Any]:
        """The server's description of itself."""
        return self._raw.sync.server

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._raw.leave(kind is None)

    def __repr__(self) -> str:
        return repr(self._raw)


class AsyncFile:
    """A file of IBM i. `async for batch in file` reads all of it; see `drdarrow.File`."""

    def __init__(self, raw: _core.RawFile) -> None:
        self._raw = raw
        self._sync = raw.sync

    @property
    def name(self) -> str:
        """The file as the system found it: `LIB/FILE(MEMBER)`."""
        return self._sync.name

    @property
    def member(self) -> str:
        """The member."""
        return self._sync.member

    @property
    def mode(self) -> str:
        """`"r"`, `"w"` or `"rw"`."""
        return self._sync.mode

    @property
    def records(self) -> int:
        """Records when it was opened."""
        return self._sync.records

    @property
    def schema(self) -> _core.Schema:
        """The columns that are read."""
        return self._sync.schema

    @property
    def record_format(self) -> dict[str, Any]:
        """The description of the records."""
        return self._sync.record_format

    @property
    def nulled(self) -> dict[str, int]:
        """Bad values that were read as NULL since the file was opened, by field."""
        return self._sync.nulled

    @property
    def closed(self) -> bool:
        """Closed, by itself or with its connection."""
        return self._sync.closed

    async def fetch_arrow(
        self,
        first: int | None = None,
        last: int | None = None,
        *,
        batch_rows: int | None = None,
        batch_bytes: int | None = None,
        **how: Unpack[Reading],
    ) -> AsyncArrowStream:
        """All records, or those with numbers from `first` to `last`, or with a `key` or keys `between` two."""
        return AsyncArrowStream(await self._raw.fetch_arrow(first, last, batch_rows, batch_bytes, **how))

    async def ranges(self, first: int = 1, last: int | None = None) -> AsyncArrowStream:
        """The records with numbers from `first` to `last`; without `last` as many as there are."""
        return AsyncArrowStream(await self._raw.fetch_arrow(first, last))

    async def fetch_arrow_table(self, **keys: Unpack[Keys]) -> pyarrow.Table:
        """All records, or those with a `key` or keys `between` two, as a `pyarrow.Table`."""
        return (await self._raw.collect(**keys)).to_arrow()

    async def fetch_df(self, *, dtype_backend: DtypeBackend | None = None, **keys: Unpack[Keys]) -> pandas.DataFrame:
        """All records, or those with a `key` or keys `between` two, as a `pandas.DataFrame`, every value exact;
        `dtype_backend` chooses the types as in pandas."""
        frames.checked(dtype_backend)
        return await asyncio.to_thread((await self._raw.collect(**keys)).to_pandas, dtype_backend)

    async def fetch_polars(self, **keys: Unpack[Keys]) -> polars.DataFrame:
        """All records, or those with a `key` or keys `between` two, as a `polars.DataFrame`."""
        self._raw.for_polars()
        return await asyncio.to_thread((await self._raw.collect(**keys)).to_polars)

    async def __aiter__(self) -> AsyncIterator[_core.RecordBatch]:
        async with await self.fetch_arrow() as stream:
            async for batch in stream:
                yield batch

    async def read(self, rrn: int) -> Row | None:
        """The record with a relative record number, or None."""
        return await self._raw.read(rrn)

    async def read_key(self, key: Key, how: Literal["==", ">=", ">", "<=", "<"] = "==") -> Row | None:
        """The record that stands to a key as `how` says, or None."""
        return await self._raw.read_key(key, how)

    async def first(self) -> Row | None:
        """The first record, or None."""
        return await self._raw.first()

    async def last(self) -> Row | None:
        """The last record, or None."""
        return await self._raw.last()

    async def next(self) -> Row | None:
        """The record after the one read last, or None."""
        return await self._raw.next()

    async def previous(self) -> Row | None:
        """The record before the one read last, or None."""
        return await self._raw.previous()

    async def next_equal(self) -> Row | None:
        """The next record with the key of the one read last, or None."""
        return await self._raw.next_equal()

    async def previous_equal(self) -> Row | None:
        """The previous record with the key of the one read last, or None."""
        return await self._raw.previous_equal()

    async def rewind(self, *, end: bool = False) -> None:
        """Puts the position before the first record, or after the last."""
        await self._raw.rewind(end=end)

    async def write(
        self, data: ArrowStreamExportable | ArrowArrayExportable | Mapping[str, Value] | Iterable[Record]
    ) -> int:
        """Adds records: Arrow data or rows. Returns how many."""
        if hasattr(data, "__arrow_c_stream__") or hasattr(data, "__arrow_c_array__"):
            return await self._raw.write(data)
        rows, written = self._raw.rows(data), 0
        while chunk := await self._raw.write_chunk(rows, written):
            written += chunk
        return written

    async def update(self, row: Record, **which: Unpack[Which]) -> bool:
        """Updates the record read last, or the one with a number `rrn` or a `key`; False if there is none."""
        return await self._raw.update(row, **which)

    async def delete(self, **which: Unpack[Which]) -> bool:
        """Deletes the record read last, or the one with a number `rrn` or a `key`; False if there is none."""
        return await self._raw.delete(**which)

    async def partitions(self, count: int) -> list[_core.FilePartition]:
        """Parts of about equally many record numbers, to be read elsewhere, there also by `open_partition`."""
        return await self._raw.partitions(count)

    async def close(self) -> None:
        """Closes the file. Closing twice is allowed."""
        await self._raw.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._raw.leave(kind is None)

    def __repr__(self) -> str:
        return repr(self._raw)


_T = TypeVar("_T", bound=AsyncFile | AsyncFileConnection)


class _Opening(Awaitable[_T], Generic[_T]):
    """A file or connection to be."""

    def __init__(self, make: Callable[[], Coroutine[Any, Any, _T]]) -> None:
        self._make = make
        self._made: _T | None = None

    def __await__(self) -> Generator[Any, None, _T]:
        return self._make().__await__()

    async def __aenter__(self) -> _T:
        self._made = await self._make()
        return self._made

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._made is not None:
            await self._made.__aexit__(kind, value, traceback)
