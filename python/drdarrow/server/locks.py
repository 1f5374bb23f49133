"""The locks of tables that the sessions of an engine have, which DuckDB knows nothing of.

Whoever changes a table notes that until the end of the unit of work, so that LOCK TABLE waits for it; a table that
somebody else has locked is not changed, and not read either where the lock is exclusive. Others who use the same DuckDB
beside the server see no locks.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable, Iterator

__all__ = ["CHANGE", "EXCLUSIVE", "KEEPS_READERS", "READ", "SHARE", "DeadlockError", "Locks", "Table", "TimeoverError"]

#: Database, schema and name of a table, as DuckDB has them.
Table = tuple[str, str, str]

#: Uses of a table. READ is not noted; KEEPS_READERS is EXCLUSIVE MODE ALLOW READ of IBM i.
READ, CHANGE, SHARE, KEEPS_READERS, EXCLUSIVE = "read", "change", "share", "keeps readers", "exclusive"
#: Pairs that several sessions may do at a time.
_TOGETHER = {(CHANGE, CHANGE), (SHARE, SHARE), (READ, CHANGE), (READ, SHARE), (READ, KEEPS_READERS)}
#: Tables whose last change is remembered one by one; the older half counts as changed where there are more.
_MOST = 10_000
#: Seconds between two looks whether the wait was broken off.
_EVERY = 0.05


class TimeoverError(Exception):
    """The lock was not given up in time."""


class DeadlockError(Exception):
    """Two sessions wait for each other."""


class Locks:
    """Those of one engine. waiting: how many sessions may wait at a time, each of which keeps a thread of the server
    busy; the next one is refused at once."""

    def __init__(self, waiting: int) -> None:
        self._waiting = waiting
        self._freed = threading.Condition()
        #: The uses that each session makes of a table.
        self._held: dict[Table, dict[Hashable, set[str]]] = {}
        #: Those whom a session waits for.
        self._awaited: dict[Hashable, set[Hashable]] = {}
        #: How many units of work have changed tables, and which was the last one that changed each.
        self.changes = 0
        self._last: dict[Table, int] = {}
        #: The last of those changes that are no longer there by their table.
        self._forgotten = 0
        #: How often tables were made or dropped.
        self.definitions = 0

    def take(
        self,
        owner: Hashable,
        table: Table,
        mode: str,
        seconds: float,
        look: Callable[[], None],
        since: int | None = None,
    ) -> bool:
        """Waits until a session may do something with a table. look: called while it waits, and raises when nobody
        waits any more. False where the table was changed by a unit of work after the number `since`.

        Raises TimeoverError, DeadlockError.
        """
        until = time.monotonic() + seconds
        with self._freed:
            try:
                while others := set(self._in_the_way(owner, table, mode)):
                    self._awaited[owner] = others
                    if self._waits_for(owner, others):
                        raise DeadlockError
                    left = until - time.monotonic()
                    if left <= 0 or len(self._awaited) > self._waiting:
                        raise TimeoverError
                    self._freed.wait(min(left, _EVERY))
                    look()
            finally:
                self._awaited.pop(owner, None)
            if since is not None and self._last.get(table, self._forgotten) > since:
                return False
            if mode != READ:
                self._held.setdefault(table, {}).setdefault(owner, set()).add(mode)
            return True

    def exclusive(self, owner: Hashable) -> list[Table]:
        """The tables that others let nobody read."""
        if not self._held:
            return []
        with self._freed:
            return [table for table in self._held if any(self._in_the_way(owner, table, READ))]

    def release(self, owner: Hashable, changed: bool, defined: bool) -> None:
        """The unit of work of a session has ended. changed: its changes last; defined: so do those of tables and the
        like."""
        with self._freed:
            self.definitions += defined
            gone = [table for table, owners in self._held.items() if owner in owners]
            self.changes += 1
            for table in gone:
                if changed and CHANGE in self._held[table].pop(owner):
                    # The last one stands at the end.
                    self._last.pop(table, None)
                    self._last[table] = self.changes
                else:
                    self._held[table].pop(owner, None)
                if not self._held[table]:
                    del self._held[table]
            if len(self._last) > _MOST:
                for table in list(self._last)[: _MOST // 2]:
                    self._forgotten = self._last.pop(table)
            self._freed.notify_all()

    def _in_the_way(self, owner: Hashable, table: Table, mode: str) -> Iterator[Hashable]:
        for other, modes in self._held.get(table, {}).items():
            if other is not owner and any((mode, one) not in _TOGETHER for one in modes):
                yield other

    def _waits_for(self, owner: Hashable, others: set[Hashable]) -> bool:
        """One of the others waits for this session, whoever is between."""
        seen: set[Hashable] = set()
        ahead = list(others)
        while ahead:
            if (one := ahead.pop()) is owner:
                return True
            if one not in seen:
                seen.add(one)
                ahead += self._awaited.get(one, ())
        return False
