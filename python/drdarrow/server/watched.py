"""The calls of a session while the memory of the process is watched."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from drdarrow.server.cursors import Cursors
from drdarrow.server.engine import SqlError
from drdarrow.server.patience import Patience
from drdarrow.server.watch import Watch

__all__ = ["WatchedSession"]


class WatchedSession:
    """The work of a session that runs, and how it is broken off."""

    def __init__(self, cursors: Cursors, watch: Watch | None) -> None:
        self._cursors = cursors
        self._watch = watch
        #: The memory was used up by what runs now.
        self._exhausted = False
        #: Calls and open results.
        self._runs: set[int] = set()
        self.patience = Patience()

    def exhausted(self) -> None:
        """Breaks off all that runs, for want of memory."""
        self._exhausted = True
        self.patience.interrupt()
        self._cursors.interrupt_all()

    @contextmanager
    def _watched(self) -> Iterator[None]:
        """While a call runs."""
        number = self._begin()
        try:
            with self._cursors.at_work():
                yield
        except SqlError as e:
            raise self._told(e) from e
        finally:
            self._end(number)

    def _begin(self) -> int:
        if self._watch is None:
            return 0
        self._exhausted = self._exhausted and bool(self._runs)
        number = self._watch.begin(self)
        self._runs.add(number)
        return number

    def _end(self, number: int) -> None:
        if self._watch is not None:
            self._runs.discard(number)
            self._watch.end(number)

    def _told(self, error: SqlError) -> SqlError:
        """The memory, where that was why a statement was broken off."""
        return SqlError(-954, "57011") if self._exhausted and error.sqlcode == -952 else error
