"""Transactions as blocks, of both kinds of connections."""

from __future__ import annotations

import asyncio
import itertools
import threading
from types import TracebackType
from typing import Self, final

from drdarrow import _core
from drdarrow.exceptions import Error, InterfaceError

__all__ = ["AsyncTransaction", "Transaction"]

#: Names of blocks.
_names = itertools.count(1)


@final
class Transaction:
    """A block whose work is kept or undone as a whole; made by `Connection.transaction()`."""

    def __init__(self, connection: _core.Connection, /) -> None:
        self._connection = connection
        self._block = 0

    def __enter__(self) -> Self:
        block = self._block = _new(self._block)
        try:
            self._connection._begin(threading.get_ident(), block)
        except Error:
            self._block = 0
            raise
        except BaseException as e:
            # It may have begun: Ctrl-C comes after that, too, and then nobody ends it.
            self._end(e)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._end(value)

    def _end(self, raised: BaseException | None) -> None:
        block, self._block = self._block, 0
        try:
            self._connection._end(block, raised is None)
        except Error as e:
            _told(raised, e)


@final
class AsyncTransaction:
    """A block whose work is kept or undone as a whole; made by `AsyncConnection.transaction()`."""

    def __init__(self, connection: _core.AsyncConnection, /) -> None:
        self._connection = connection
        self._block = 0

    async def __aenter__(self) -> Self:
        block = self._block = _new(self._block)
        try:
            await self._connection._begin(id(asyncio.current_task()), block)
        except Error:
            self._block = 0
            raise
        except BaseException as e:
            # It may have begun: a task is cancelled after that, too, and then nobody ends it.
            await self._end(e)
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._end(value)

    async def _end(self, raised: BaseException | None) -> None:
        block, self._block = self._block, 0
        try:
            await self._connection._end(block, raised is None)
        except Error as e:
            _told(raised, e)


def _new(block: int) -> int:
    """The name of a block that begins."""
    if block:
        raise InterfaceError("the transaction was entered before: call transaction() for each block")
    return next(_names)


def _told(raised: BaseException | None, e: Error) -> None:
    """The failing end of a block. The exception that left the block says more: it gets a note."""
    if raised is None:
        raise e
    raised.add_note(f"the transaction was not rolled back, which the end of its connection does: {e}")
