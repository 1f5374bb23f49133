"""The rows of a query of DuckDB."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from drdarrow.server import errors, recursion
from drdarrow.server.cursors import Cursor, Cursors
from drdarrow.server.engine import SqlError

__all__ = ["DuckResult"]


class _Session(Protocol):
    """The parts of a client's session that a result needs."""

    _cursors: Cursors
    _repeats: bool

    def _failed(self, error: Exception, cursor: Cursor) -> SqlError: ...
    def _end(self, number: int) -> None: ...


class DuckResult:
    """The rows of a query, on their way."""

    def __init__(
        self,
        session: _Session,
        cursor: Cursor,
        stream: object,
        shared: bool,
        run: int,
        query: tuple[str, Sequence[Any]] | None = None,
        changed: int | None = None,
    ) -> None:
        """query: its text and values, where it is still under way."""
        self._session = session
        self._cursor = cursor
        self._query = query
        session._cursors.lend(cursor)
        self._stream = stream
        self._shared = shared
        self._run = run
        #: Rows that the statement has changed, if it is a query over those of a change.
        self.changed = changed

    @property
    def shared(self) -> bool:
        """On the connection of the changes."""
        return self._shared

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return self._stream

    def interrupt(self) -> None:
        """Breaks off the batch that is read now."""
        self._cursor.interrupt()

    def ends_first(self) -> bool:
        """The stream, which nobody reads on, must have ended before it is released."""
        if self._query is None or self._session._repeats:
            return self._query is not None
        cursor = self._session._cursors.take()
        try:
            return recursion.repeats(*self._query, cursor)
        finally:
            self._session._cursors.give(cursor)

    def trouble(self, text: str, /) -> SqlError:
        """The meaning of an error of the stream."""
        return self._session._failed(errors.translate(text), self._cursor)

    def close(self) -> None:
        """Gives the cursor back."""
        if self._stream is not None:
            self._stream = None
            self._session._cursors.give(self._cursor)
            self._session._end(self._run)
