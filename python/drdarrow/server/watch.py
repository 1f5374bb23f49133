"""A watch over the memory of the process while statements of clients run: what DuckDB's own limit does not count
(single values, states of aggregates, results) is looked at from outside. Systems without `/proc/self/statm` have none.
"""

from __future__ import annotations

import ctypes
import os
import threading
from contextlib import suppress
from pathlib import Path
from typing import Protocol

__all__ = ["Watch", "Watched"]

_STATM = Path("/proc/self/statm")
#: Seconds between two looks.
_EVERY = 0.05
#: Bytes beyond DuckDB's own limit.
_MARGIN = 256 << 20


class Watched(Protocol):
    """The work that runs."""

    def exhausted(self) -> None:
        """Breaks off all that runs, for want of memory; called from another thread, and more than once."""


class Watch:
    """That of one engine. It has a thread while something runs, and none otherwise."""

    def __init__(self, limit: int) -> None:
        self._most = min(limit + _MARGIN, os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2)
        self._lock = threading.Lock()
        self._number = 0
        #: The work that runs, by its number.
        self._running: dict[int, Watched] = {}
        self._watching = False

    def begin(self, one: Watched) -> int:
        """A statement of a session runs from now on: its number."""
        with self._lock:
            self._number += 1
            self._running[self._number] = one
            if not self._watching and (now := _resident()):
                self._watching = True
                threading.Thread(target=self._look, args=(now,), name="drdarrow-memory", daemon=True).start()
            return self._number

    def end(self, number: int) -> None:
        """It runs no more."""
        with self._lock:
            self._running.pop(number, None)

    def _look(self, start: int) -> None:
        """Looks until nothing runs. start: bytes that the process had before."""
        pause = threading.Event()
        told: set[int] = set()
        while True:
            pause.wait(_EVERY)
            with self._lock:
                running = dict(self._running)
                self._watching = bool(running)
            if told and not told & running.keys():
                told.clear()
                _trim()
                # Memory that the allocators keep is used again: it is no growth of the next statement.
                start = max(start, _resident())
            if not running:
                return
            if _resident() - start > self._most:
                told.update(running)
                for one in set(running.values()):
                    with suppress(Exception):
                        one.exhausted()


def _resident() -> int:
    """Bytes of the process in memory; 0 where the system does not tell."""
    try:
        return int(_STATM.read_bytes().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return 0


def _trim() -> None:
    """Gives freed memory back to the system, where the C library can."""
    with suppress(Exception):
        ctypes.CDLL(None).malloc_trim(0)
