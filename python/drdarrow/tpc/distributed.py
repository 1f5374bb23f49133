"""`with distributed(a, b):` for both kinds of connections."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self, final

from drdarrow import _core
from drdarrow.exceptions import InterfaceError
from drdarrow.tpc.coordinator import Coordinator, checked
from drdarrow.tpc.log import Log, LogPath
from drdarrow.tpc.steps import run, run_async

__all__ = ["AsyncDistributed", "Distributed", "distributed", "distributed_async"]


@final
class Distributed:
    """A block whose work on several connections is kept or undone as a whole; made by `distributed()`."""

    def __init__(self, connections: tuple[_core.Connection, ...], log: LogPath | None) -> None:
        self._coordinator = Coordinator(checked(connections, _core.Connection), Log(log))
        self._entered = False

    @property
    def gtrid(self) -> bytes:
        """The name of the transaction."""
        return self._coordinator.gtrid

    def __enter__(self) -> Self:
        _once(self._entered)
        self._entered = True
        run(self._coordinator.begin())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        with self._coordinator.told():
            run(self._coordinator.end(value))


@final
class AsyncDistributed:
    """A block whose work on several connections is kept or undone as a whole; made by `aio.distributed()`."""

    def __init__(self, connections: tuple[_core.AsyncConnection, ...], log: LogPath | None) -> None:
        self._connections = checked(connections, _core.AsyncConnection)
        self._log = log
        self._entered = False
        self._begun: Coordinator | None = None

    @property
    def gtrid(self) -> bytes:
        """The name of the transaction. Raises InterfaceError before it has begun."""
        return self._coordinator.gtrid

    @property
    def _coordinator(self) -> Coordinator:
        if self._begun is None:
            raise InterfaceError("the transaction has not begun: async with it")
        return self._begun

    async def __aenter__(self) -> Self:
        _once(self._entered)
        self._entered = True
        # The file may be slow, or locked by others.
        self._begun = Coordinator(self._connections, await asyncio.to_thread(Log, self._log))
        await run_async(self._begun.begin())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        with self._coordinator.told():
            await run_async(self._coordinator.end(value))


def distributed(*connections: _core.Connection, log: LogPath | None = None) -> Distributed:
    """A transaction on several connections: `with drdarrow.distributed(a, b):` commits on all of them at the end of the
    block, or rolls back on all when an exception leaves it.

    Args:
        connections: each made with `two_phase=True`, and without work that is not committed.
        log: file of decisions, of SQLite. Default: one of this user (`drdarrow.tpc.default_path()`). Keep it: with it
            `drdarrow.tpc.recover()` ends what a crash has left.

    Raises:
        NotSupportedError: a server takes no part in such transactions, or files of IBM i were given.
        ProgrammingError: work on a connection was not committed.
        OperationalError: a server could not keep its part: nothing is kept. With SQLSTATE 08007 somebody has not heard
            the outcome: the error names the branches, and `recover()` ends them.
        IntegrityError: a server has ended its part in another way than it was told.
    """
    return Distributed(connections, log)


def distributed_async(*connections: _core.AsyncConnection, log: LogPath | None = None) -> AsyncDistributed:
    """A transaction on several connections: `async with aio.distributed(a, b):`; see `drdarrow.distributed`."""
    return AsyncDistributed(connections, log)


def _once(entered: bool) -> None:
    if entered:
        raise InterfaceError("the transaction was entered before: call distributed() for each block")
