"""Transactions as blocks, of both kinds of connections."""

from __future__ import annotations

import asyncio
import threading
from types import TracebackType
from typing import Self, final

from drdarrow import _core
from drdarrow.exceptions import Error, InterfaceError

__all__ = ["AsyncTransaction", "Transaction"]


@final
class Transaction:
    """A block whose work is kept or undone as a whole; made by `Connection.transaction()`."""

    def __init__(self, connection: _core.Connection, /) -> None:
        self._connection = connection
        self._number = 0

    def __enter__(self) -> Self:
        _unused(self._number)
        self._number = self._connection._begin(threading.get_ident())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        number, self._number = self._number, 0
        try:
            self._connection._end(number, value is None)
        except Error as e:
            _told(value, e)


@final
class AsyncTransaction:
    """A block whose work is kept or undone as a whole; made by `AsyncConnection.transaction()`."""

    def __init__(self, connection: _core.AsyncConnection, /) -> None:
        self._connection = connection
        self._number = 0

    async def __aenter__(self) -> Self:
        _unused(self._number)
        self._number = await self._connection._begin(id(asyncio.current_task()))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        number, self._number = self._number, 0
        try:
            await self._connection._end(number, value is None)
        except Error as e:
            _told(value, e)


def _unused(number: int) -> None:
    if number:
        raise InterfaceError("the transaction was entered before: call transaction() for each block")


def _told(raised: BaseException | None, e: Error) -> None:
    """The failing end of a block. The exception that left the block says more: it gets a note."""
    if raised is None:
        raise e
    raised.add_note(f"the transaction was not rolled back, which the end of its connection does: {e}")
