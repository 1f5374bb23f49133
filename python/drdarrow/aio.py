"""The classes and functions of `drdarrow` for asyncio.

    from drdarrow import aio

    async with aio.connect("drda://app@localhost:1527/sample", password="secret") as connection:
        cursor = await connection.execute("SELECT * FROM orders")
        async for batch in cursor.fetch_arrow():
            ...

While a coroutine waits for the server the event loop goes on; decoding runs in other threads. Cancelling a task ends
its wait at once. Rows that a cancelled fetch had received are kept for the next fetch. The outcome of a cancelled
commit is unknown.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Coroutine, Generator
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self, Unpack

import drdarrow._core as _core
from drdarrow import frames
from drdarrow.aio_files import AsyncFile, AsyncFileConnection, connect_files, open_file, open_partition
from drdarrow.aio_stream import AsyncArrowStream
from drdarrow.exceptions import Error, InterfaceError
from drdarrow.probing import probe_async as probe
from drdarrow.types import Message

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow

    from drdarrow.exceptions import Warning  # noqa: A004
    from drdarrow.types import BatchDelay, Column, DtypeBackend, FileOptions, Parameters, Row, Rows

__all__ = [
    "AsyncArrowStream",
    "AsyncConnection",
    "AsyncCursor",
    "AsyncFile",
    "AsyncFileConnection",
    "connect",
    "connect_files",
    "open_file",
    "open_partition",
    "probe",
]

_CHUNK = 512


def connect(uri: str | None = None, /, **settings: Any) -> _Connecting:
    """Connects: `await connect(...)` or `async with connect(...) as connection`. Arguments as `drdarrow.connect`."""
    return _Connecting(_core.Caller(), uri, settings)


class _Connecting(Awaitable["AsyncConnection"]):
    """A connection to be."""

    def __init__(self, caller: _core.Caller, uri: str | None, settings: dict[str, Any]) -> None:
        self._arguments = caller, uri, settings
        self._connection: AsyncConnection | None = None

    async def _connect(self) -> AsyncConnection:
        caller, uri, settings = self._arguments
        return AsyncConnection(await _core.connect_async(caller, uri, **settings))

    def __await__(self) -> Generator[Any, None, AsyncConnection]:
        return self._connect().__await__()

    async def __aenter__(self) -> AsyncConnection:
        self._connection = await self._connect()
        return self._connection

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._connection is not None:
            await self._connection.__aexit__(kind, value, traceback)


class AsyncConnection:
    """A connection to a database. Tasks may share it: their statements take turns.

    `async with connection` commits at the end, or rolls back when an exception leaves the block, and closes.
    """

    def __init__(self, raw: _core.RawConnection) -> None:
        self._raw = raw

    def cursor(self) -> AsyncCursor:
        """A new cursor."""
        return AsyncCursor(self, self._raw.cursor())

    async def execute(self, operation: str, parameters: Parameters | None = None) -> AsyncCursor:
        """A cursor of its own with the result."""
        return await self.cursor().execute(operation, parameters)

    def open_file(self, path: str, /, **options: Unpack[FileOptions]) -> Coroutine[Any, Any, AsyncFile]:
        """Opens a file of the same system on a connection for files beside this one, with its own unit of work."""

        async def open_it(caller: _core.Caller) -> AsyncFile:
            return AsyncFile(await _core.open_file_beside(caller, self._raw, path, **options))

        return open_it(_core.Caller())

    def command(self, cl: str) -> Coroutine[Any, Any, list[Message]]:
        """Runs a CL command in the job of that connection."""

        async def run(caller: _core.Caller) -> list[Message]:
            return [Message(*said) for said in await _core.command_beside(caller, self._raw, cl)]

        return run(_core.Caller())

    async def commit(self) -> None:
        """Makes the changes last. OperationalError 08007 says that the outcome is unknown."""
        await self._raw.commit()

    async def rollback(self) -> None:
        """Undoes the changes since the last commit; open results end with an error."""
        await self._raw.rollback()

    async def set_client_info(
        self,
        *,
        application_name: str | None = None,
        client_workstation: str | None = None,
        client_user: str | None = None,
        client_accounting: str | None = None,
    ) -> None:
        """Tells the server anew who works here: what is given is changed, "" takes it back, None leaves it."""
        await self._raw.set_client_info(
            application_name=application_name,
            client_workstation=client_workstation,
            client_user=client_user,
            client_accounting=client_accounting,
        )

    async def close(self) -> None:
        """Closes; work that was not committed is undone. Closing twice is allowed."""
        await self._raw.close()

    @property
    def autocommit(self) -> bool:
        """Whether every statement is committed by itself."""
        return self._raw.autocommit

    @autocommit.setter
    def autocommit(self, on: bool) -> None:
        self._raw.autocommit = on

    @property
    def closed(self) -> bool:
        """Closed by `close()` or lost."""
        return self._raw.closed

    @property
    def security(self) -> str:
        """The security mechanism in force: "encrypted (SECMEC 9, AES-256)"."""
        return self._raw.security

    @property
    def server(self) -> dict[str, Any]:
        """The server's description of itself."""
        return self._raw.server

    @property
    def tls(self) -> dict[str, Any] | None:
        """Protection of the connection: version, cipher, fingerprint, verified; None when it is in clear."""
        return self._raw.tls

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._raw.leave(kind is None)

    def __repr__(self) -> str:
        return repr(self._raw)


class AsyncCursor:
    """Executes statements and fetches their rows. One task at a time may use it."""

    def __init__(self, connection: AsyncConnection, raw: _core.RawCursor) -> None:
        self._connection = connection
        self._raw = raw
        # Rows fetched and not handed out: those of a fetch that was cancelled.
        self._rows: list[Row] = []
        self._turn = asyncio.Lock()
        #: Rows that `fetchmany()` fetches unless told.
        self.arraysize = 1

    @property
    def connection(self) -> AsyncConnection:
        """The connection it belongs to."""
        return self._connection

    @property
    def description(self) -> tuple[Column, ...] | None:
        """One 7-tuple per column of the result, as in PEP 249; None without a result."""
        return self._raw.description

    @property
    def rowcount(self) -> int:
        """Rows changed by the last statement; -1 before it and for a result."""
        return self._raw.rowcount

    @property
    def messages(self) -> list[tuple[type[Warning], Warning]]:
        """Warnings of the server for the last statement."""
        return self._raw.messages

    async def execute(self, operation: str, parameters: Parameters | None = None) -> Self:
        """Executes a statement with a value per question mark, and returns the cursor itself."""
        self._rows = []
        await self._raw.execute(operation, parameters)
        return self

    async def executemany(self, operation: str, seq_of_parameters: Rows) -> Self:
        """Executes a statement once for each row of parameters, a few hundred at a time. The rows are Arrow data (a
        table, a frame, a stream), or any iterable with a sequence of values per row.

        All rows are kept, or none, as with `drdarrow.Cursor.executemany`. When the task is cancelled they are undone
        in the background, before anything else runs on the connection; a commit under way goes on.
        """
        self._rows = []
        rows = _core.RawRows(seq_of_parameters)
        batch = await self._raw.batch(operation)
        try:
            while chunk := await asyncio.to_thread(rows.chunk, _CHUNK) if rows.waits else rows.chunk(_CHUNK):
                await batch.add(chunk)
            await batch.finish()
        except Exception as e:
            if left := await batch.undo():
                e.add_note(left)
            raise
        except BaseException:
            batch.leave()
            raise
        return self

    async def callproc(self, procname: str, parameters: Parameters | None = None) -> list[Any]:
        """Calls a procedure and returns its parameters, those that come out with their new values."""
        self._rows = []
        sql, given = self._raw.call_of(procname, parameters)
        await self._raw.execute(sql, given)
        return self._raw.returned(given)

    @property
    def outputs(self) -> Row | None:
        """Values of a procedure's parameters after its call; None when nothing came out."""
        return self._raw.outputs

    async def nextset(self) -> Literal[True] | None:
        """Goes on to the next result set of a procedure: True, or None when there is no other."""
        self._rows = []
        return await self._raw.nextset()

    async def fetchone(self) -> Row | None:
        """The next row, or None at the end."""
        if not self._rows and (row := self._raw.row_in_hand()) is not None:
            return row
        rows = await self._fetch(1)
        return rows[0] if rows else None

    async def fetchmany(self, size: int | None = None) -> list[Row]:
        """The next `size` rows, `arraysize` unless given; fewer at the end."""
        wanted = self.arraysize if size is None else size
        if wanted < 0:
            raise InterfaceError("size: expected a number of rows")
        return await self._fetch(wanted)

    async def fetchall(self) -> list[Row]:
        """All remaining rows."""
        return await self._fetch(sys.maxsize)

    async def _fetch(self, wanted: int) -> list[Row]:
        """So many rows. Where the task is cancelled, those that have come are kept for the next fetch."""
        async with self._turn:
            while len(self._rows) < wanted:
                try:
                    if not await self._raw.more(wanted == sys.maxsize):
                        break
                except Error:
                    # The rows before the failure first; it is told again by the next fetch.
                    if self._rows and wanted < sys.maxsize:
                        break
                    raise
                self._rows += self._raw.rows_in_hand(wanted - len(self._rows))
            rows, self._rows = self._rows[:wanted], self._rows[wanted:]
            return rows

    def fetch_arrow(
        self, batch_rows: int | None = None, batch_bytes: int | None = None, **delay: Unpack[BatchDelay]
    ) -> AsyncArrowStream:
        """The result as a stream of Arrow record batches, which takes it over."""
        self._whole()
        return AsyncArrowStream(self._raw.fetch_arrow(batch_rows, batch_bytes, **delay))

    async def fetch_arrow_table(self) -> pyarrow.Table:
        """The result as a `pyarrow.Table`. Needs `pip install drdarrow[arrow]`."""
        return (await self._collect()).to_arrow()

    async def fetch_df(self, *, dtype_backend: DtypeBackend | None = None) -> pandas.DataFrame:
        """The result as a `pandas.DataFrame`, every value exact; `dtype_backend` chooses the types as in pandas. Needs
        `pip install drdarrow[pandas]`."""
        frames.checked(dtype_backend)
        return await asyncio.to_thread((await self._collect()).to_pandas, dtype_backend)

    async def fetch_polars(self) -> polars.DataFrame:
        """The result as a `polars.DataFrame`. Needs `pip install drdarrow[polars]`."""
        self._raw.for_polars()
        return await asyncio.to_thread((await self._collect()).to_polars)

    async def _collect(self) -> _core.Collected:
        """The whole result. A cancelled task loses the rows that have come, so the rest is refused."""
        self._whole()
        try:
            return await self._raw.collect()
        except asyncio.CancelledError:
            self._raw.lose()
            raise

    def _whole(self) -> None:
        """Refuses to go on as if a cancelled fetch had taken nothing."""
        if self._rows:
            raise InterfaceError("rows of a fetch that was cancelled are waiting: fetch them as rows, or execute again")

    async def close(self) -> None:
        """Closes the cursor and its result."""
        self._rows = []
        await self._raw.close()

    def setinputsizes(self, sizes: object) -> None:
        """Does nothing; the server describes the parameters."""

    def setoutputsize(self, size: object, column: object = None, /) -> None:
        """Does nothing; values are fetched whole."""

    def __aiter__(self) -> AsyncIterator[Row]:
        return self

    async def __anext__(self) -> Row:
        row = await self.fetchone()
        if row is None:
            raise StopAsyncIteration
        return row

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.close()

    def __repr__(self) -> str:
        return repr(self._raw)
