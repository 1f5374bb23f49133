"""How long a statement may be read and translated, and how that is broken off.

Statements come from strangers, and what reads them is Python: no timeout of DuckDB's ends it. So its loops call `look`,
which raises once the time is up or the session was interrupted.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from drdarrow.server.engine import SqlError

__all__ = ["SECONDS", "Patience", "look"]

#: For a statement, from its arrival to its description; DuckDB's own work is not counted.
SECONDS = 30.0
#: Characters from which on a statement waits for other long ones: each takes hundreds of bytes a word while it is read.
_LONG = 64 << 10
_one_at_a_time = threading.Lock()


class _Running(threading.local):
    """The statement that a thread reads now."""

    patience: Patience | None = None


_running = _Running()


class Patience:
    """That of a session: for one statement at a time."""

    def __init__(self, seconds: float = SECONDS) -> None:
        self._seconds = seconds
        self._until = 0.0
        #: Interrupts so far; those before a statement are not meant for it.
        self._interrupts = self._seen = 0

    def interrupt(self) -> None:
        """Ends the statement that is read now, if there is one; called from any thread."""
        self._interrupts += 1

    def unbroken(self) -> Callable[[], None]:
        """A function that raises SqlError -952 after an interrupt that comes from now on, whatever was read since."""
        before = self._interrupts

        def look() -> None:
            if self._interrupts != before:
                raise SqlError(-952, "57014")

        return look

    @contextmanager
    def reading(self, sql: str) -> Iterator[None]:
        """While a statement is read and translated. Raises SqlError -905 when it takes too long, -952 after an
        interrupt; both by way of `look`."""
        self._seen, self._until = self._interrupts, time.monotonic() + self._seconds
        long = len(sql) > _LONG
        _running.patience = self
        try:
            while long and not _one_at_a_time.acquire(timeout=0.05):
                self.look()
            try:
                yield
            finally:
                if long:
                    _one_at_a_time.release()
        finally:
            _running.patience = None

    def look(self) -> None:
        """Raises when it is over."""
        if self._interrupts != self._seen:
            raise SqlError(-952, "57014")
        if time.monotonic() > self._until:
            raise SqlError(-905, "57014", f"{self._seconds:g} seconds of translation")


def look() -> None:
    """Raises SqlError when what this thread reads has taken too long, or was interrupted."""
    if (patience := _running.patience) is not None:
        patience.look()
