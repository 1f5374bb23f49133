"""The state of a pool: which connections there are, who waits, who is next. It waits for nothing itself, so both kinds
of pools have it."""

from __future__ import annotations

import os
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from drdarrow.exceptions import InterfaceError
from drdarrow.pool.rules import PoolFull, PoolTimeout, Rules, pause

__all__ = ["PoolCore", "Slot", "Ticket"]


class Pooled(Protocol):
    """The part of a connection that can be seen without waiting."""

    autocommit: bool
    row_factory: Any

    @property
    def closed(self) -> bool: ...
    @property
    def _touched(self) -> bool: ...


C = TypeVar("C", bound=Pooled)


@dataclass(eq=False)
class Slot(Generic[C]):
    """A connection of the pool."""

    connection: C
    #: When it is too old to be kept.
    until: float
    #: Its state when it was new.
    autocommit: bool
    row_factory: Any
    #: When it came back, or was made.
    since: float = field(default_factory=time.monotonic)

    def restore(self) -> None:
        """Puts back what Python keeps of it."""
        self.connection.autocommit = self.autocommit
        self.connection.row_factory = self.row_factory


@dataclass(eq=False)
class Ticket(Generic[C]):
    """Somebody who wants a connection."""

    wake: Callable[[], None]
    deadline: float
    begun: float = field(default_factory=time.monotonic)
    #: The connection that was handed over.
    slot: Slot[C] | None = None


class PoolCore(Generic[C]):
    """The state of a pool. Every method takes its lock for a moment."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.is_open = False
        self.counts = dict.fromkeys(
            ("requests", "requests_waited", "requests_failed", "made", "failed", "lost", "expired", "resets"), 0
        )
        self.waited = 0.0
        self._empty()
        _pools.add(self)

    def _empty(self) -> None:
        """Nothing is there, and nobody waits."""
        self._lock = threading.Lock()
        #: Those that wait for work, the latest last: so that others grow old.
        self._idle: deque[Slot[C]] = deque()
        self._used: dict[int, Slot[C]] = {}
        #: Connections, with those that are being made.
        self._size = 0
        self._tickets: deque[Ticket[C]] = deque()
        self._failures = 0
        self._not_before = 0.0
        #: What the last attempt to connect met.
        self._failure: Exception | None = None

    # -- asking ----------------------------------------------------------------------------------------------------

    def ask(self, wake: Callable[[], None], deadline: float) -> Ticket[C]:
        """Joins those who want a connection, at their end."""
        with self._lock:
            self._check()
            self.counts["requests"] += 1
            if self.rules.max_waiting and len(self._tickets) - self._free() >= self.rules.max_waiting:
                self.counts["requests_failed"] += 1
                raise PoolFull(f"{self._described()}: max_waiting is {self.rules.max_waiting}", sqlstate="57033")
            ticket: Ticket[C] = Ticket(wake, deadline)
            self._tickets.append(ticket)
            return ticket

    def step(self, ticket: Ticket[C]) -> Slot[C] | float | None:
        """The connection that it has now; None where it is to make one; else the time up to which it waits."""
        now = time.monotonic()
        with self._lock:
            if ticket.slot is None:
                self._check()
                first = self._tickets[0] is ticket
                if first and self._idle:
                    self._tickets.popleft()
                    ticket.slot = self._idle.pop()
                elif first and self._size < self.rules.max_size and now >= self._not_before:
                    self._tickets.popleft()
                    self._size += 1
                    self._wake()
                    return None
                elif now < ticket.deadline:
                    may_make = first and self._size < self.rules.max_size
                    return min(ticket.deadline, self._not_before) if may_make else ticket.deadline
                else:
                    raise self._late(ticket, now)
            slot, ticket.slot = ticket.slot, None
            self._used[id(slot.connection)] = slot
            self._note_wait(ticket, now)
            self._wake()
            return slot

    def leave(self, ticket: Ticket[C]) -> Slot[C] | None:
        """Gives up waiting; a connection that was handed over meanwhile is to be given back."""
        with self._lock:
            if ticket in self._tickets:
                self._tickets.remove(ticket)
            slot, ticket.slot = ticket.slot, None
            self._wake()
            return slot

    def made(self, ticket: Ticket[C] | None, connection: C) -> Slot[C]:
        """A connection was made: for the ticket, else for whoever comes."""
        now = time.monotonic()
        slot = Slot(connection, now + self.rules.lifetime(), connection.autocommit, connection.row_factory)
        with self._lock:
            self._failures, self._not_before, self._failure = 0, 0.0, None
            self.counts["made"] += 1
            if ticket is not None:
                self._used[id(connection)] = slot
                self._note_wait(ticket, now)
            self._wake()
        return slot

    def not_made(self, ticket: Ticket[C] | None, error: BaseException, again: bool) -> None:
        """It was not. With `again` the ticket is the next to try, in a while."""
        with self._lock:
            self._size -= 1
            self.counts["failed"] += 1
            if isinstance(error, Exception):
                self._failures += 1
                self._failure = error
                self._not_before = time.monotonic() + pause(self._failures)
            if ticket is not None and again and isinstance(error, Exception):
                self._tickets.appendleft(ticket)
            elif ticket is not None:
                self.counts["requests_failed"] += 1
            self._wake()

    def wants_more(self) -> bool:
        """Takes the place of a connection that `min_size` asks for, if one is missing."""
        with self._lock:
            self._check()
            missing = self._size < self.rules.min_size
            self._size += missing
            return missing

    # -- giving back -----------------------------------------------------------------------------------------------

    def slot_of(self, connection: C) -> Slot[C]:
        """The slot of a connection that comes back."""
        with self._lock:
            slot = self._used.pop(id(connection), None)
        if slot is None or slot.connection is not connection:
            raise InterfaceError(f"{self.rules.name}: the connection is not one that this pool has handed out")
        return slot

    def keep(self, slot: Slot[C]) -> bool:
        """Hands it to the next, or keeps it; False where it is to be closed instead."""
        now = time.monotonic()
        with self._lock:
            old = now >= slot.until
            if not self.is_open or slot.connection.closed or old:
                self.counts["expired" if old else "lost"] += self.is_open
                self._size -= 1
                self._wake()
                return False
            slot.since = now
            if self._tickets:
                ticket = self._tickets.popleft()
                ticket.slot = slot
                ticket.wake()
            else:
                self._idle.append(slot)
            return True

    def lose(self, slot: Slot[C], ticket: Ticket[C] | None = None) -> None:
        """It is of no use any more, and its place is free. The ticket that it was for is the next."""
        with self._lock:
            self._used.pop(id(slot.connection), None)
            self.counts["expired" if self.is_old(slot) else "lost"] += 1
            self._size -= 1
            if ticket is not None:
                self._tickets.appendleft(ticket)
            self._wake()

    def expired(self) -> C | None:
        """Takes out one that is too old, or was idle for too long. Only one: whoever asks has to wait for its end."""
        now = time.monotonic()
        with self._lock:
            for slot in self._idle:
                idle = now - slot.since > self.rules.max_idle and self._size > self.rules.min_size
                if idle or now >= slot.until or slot.connection.closed:
                    self._idle.remove(slot)
                    self._size -= 1
                    self.counts["lost" if slot.connection.closed else "expired"] += 1
                    return slot.connection
            return None

    def is_old(self, slot: Slot[C]) -> bool:
        """Whether it is too old to be kept."""
        return time.monotonic() >= slot.until

    def is_doubtful(self, slot: Slot[C]) -> bool:
        """Whether it was idle for so long that the server is to be asked."""
        check = self.rules.check
        return check is not None and time.monotonic() - slot.since >= check

    def shut(self) -> list[C]:
        """Closes the pool: those who wait hear of it, and whoever asks. What is idle is to be closed."""
        with self._lock:
            self.is_open = False
            idle = [slot.connection for slot in self._idle]
            self._size -= len(idle)
            self._idle.clear()
            for ticket in self._tickets:
                ticket.wake()
            return idle

    def count(self, key: str) -> None:
        """One more."""
        with self._lock:
            self.counts[key] += 1

    def stats(self) -> dict[str, Any]:
        """The numbers of the pool."""
        with self._lock:
            return {
                "name": self.rules.name,
                "min_size": self.rules.min_size,
                "max_size": self.rules.max_size,
                "size": self._size,
                "idle": len(self._idle),
                "in_use": len(self._used),
                "waiting": len(self._tickets),
                **self.counts,
                "waited_seconds": self.waited,
            }

    # -- within the lock -------------------------------------------------------------------------------------------

    def _check(self) -> None:
        if not self.is_open:
            raise InterfaceError(f"{self.rules.name}: the pool is closed")

    def _free(self) -> int:
        """How many can be had at once: those who ask for them do not wait."""
        may_make = time.monotonic() >= self._not_before
        return len(self._idle) + (self.rules.max_size - self._size if may_make else 0)

    def _wake(self) -> None:
        """The first who waits looks again."""
        if self._tickets and (self._idle or self._size < self.rules.max_size):
            self._tickets[0].wake()

    def _note_wait(self, ticket: Ticket[C], now: float) -> None:
        waited = now - ticket.begun
        self.counts["requests_waited"] += waited > 0.001
        self.waited += waited

    def _described(self) -> str:
        state = f"{self._size} of {self.rules.max_size} connections, {len(self._used)} in use"
        return f"{self.rules.name}: {state}, {len(self._tickets)} waiting"

    def _late(self, ticket: Ticket[C], now: float) -> PoolTimeout:
        text = f"{self._described()}: no connection within {now - ticket.begun:.1f} s"
        if ticket in self._tickets:
            self._tickets.remove(ticket)
        self.counts["requests_failed"] += 1
        self._wake()
        if self._failure is not None:
            text += f"; the last one that was tried: {self._failure}"
        late = PoolTimeout(text, sqlstate="57033", retryable=True)
        late.__cause__ = self._failure
        return late


_pools: weakref.WeakSet[PoolCore[Any]] = weakref.WeakSet()


def _in_a_child() -> None:
    """A child process does not use the connections of its parent, and makes its own."""
    for core in list(_pools):
        core._empty()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_a_child)
