"""The coordinator of a transaction on several connections: each promises, the decision is written, each is told."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any, NamedTuple

from drdarrow import _core
from drdarrow.exceptions import (
    Error,
    IntegrityError,
    InterfaceError,
    NotSupportedError,
    OperationalError,
)
from drdarrow.tpc.log import FORMAT, Log
from drdarrow.tpc.steps import Aside, Steps
from drdarrow.types import Xid

__all__ = ["Coordinator", "checked", "place"]

#: Seconds from the first promise to the decision, at most: a recovery keeps what it has undone for longer.
_LONGEST = 24 * 3600.0


def _now() -> float:
    """Seconds that do not run back, and do run while the machine sleeps."""
    return max(time.time() - _START[0], time.monotonic() - _START[1])


_START = time.time(), time.monotonic()


class _Branch(NamedTuple):
    connection: Any
    xid: Xid


def place(connection: _core.Connection | _core.AsyncConnection) -> str:
    """Where a connection is, for people."""
    return f"{connection.server['peer']}/{connection.server['database']}"


def checked(connections: Iterable[object], kind: type) -> list[Any]:
    """The connections, which have to be of a kind."""
    if isinstance(connections, (_core.Connection, _core.AsyncConnection)):
        raise InterfaceError("connections: expected a list of connections, not one connection")
    connections = list(connections)
    if not connections:
        raise InterfaceError("connections are missing")
    for connection in connections:
        if isinstance(connection, (_core.FileConnection, _core.AsyncFileConnection, _core.File, _core.AsyncFile)):
            raise NotSupportedError(
                f"{connection!r}: files of IBM i take no part in global transactions: their commitment control ends by "
                "itself (use SQL for them)",
                sqlstate="0A000",
            )
        if not isinstance(connection, kind):
            cure = "; give each connection as an argument of its own" if isinstance(connection, list | tuple) else ""
            if isinstance(connection, (_core.Connection, _core.AsyncConnection)):
                cure = "; drdarrow.distributed() and drdarrow.aio.distributed() are for one kind each"
            raise InterfaceError(f"a drdarrow {kind.__name__} is expected, not {type(connection).__name__}{cure}")
    if len({id(connection) for connection in connections}) < len(connections):
        raise InterfaceError("a connection is given twice")
    return connections


class Coordinator:
    """One transaction."""

    def __init__(self, connections: Sequence[Any], log: Log) -> None:
        self.log = log
        self.gtrid = log.new()
        names = (number.to_bytes(2, "big") for number in range(len(connections)))
        self._branches = [_Branch(c, Xid(FORMAT, self.gtrid, name)) for c, name in zip(connections, names, strict=True)]
        self._begun: list[_Branch] = []
        #: Names of branches that have ended.
        self._over: set[bytes] = set()

    def begin(self) -> Steps[None]:
        """Begins a branch on each connection, or on none."""
        branches = [(branch.xid.bqual, place(branch.connection)) for branch in self._branches]
        self.log.enter(self.gtrid)
        try:
            yield Aside(partial(self.log.begin, self.gtrid, branches))
        except BaseException:
            self.log.leave(self.gtrid)
            raise
        for branch in self._branches:
            try:
                yield partial(branch.connection.tpc_begin, branch.xid)
            except BaseException as e:
                if not isinstance(e, Error):
                    # It may have begun: Ctrl-C comes after that, too.
                    with suppress(Error):
                        yield partial(branch.connection.tpc_rollback, branch.xid)
                if getattr(e, "connection_usable", False):
                    self._over.add(branch.xid.bqual)
                self._over.update(b.xid.bqual for b in self._branches if b not in self._begun and b is not branch)
                try:
                    yield from self._undo(e)
                finally:
                    yield from self._note()
                raise
            self._begun.append(branch)

    def end(self, raised: BaseException | None) -> Steps[None]:
        """Commits all, or rolls back all when an exception has left the block."""
        try:
            yield from self._undo(raised) if raised is not None else self._keep()
        finally:
            yield from self._note()

    def _note(self) -> Steps[None]:
        """Writes which branches are over. Where it cannot be written, a recovery looks for them and finds none."""
        with suppress(sqlite3.Error):
            yield Aside(partial(self.log.done, self.gtrid, list(self._over), True))

    def _keep(self) -> Steps[None]:
        *others, last = self._branches
        began = _now()
        try:
            waiting = []
            for branch in others:
                if (yield branch.connection.tpc_prepare):
                    waiting.append(branch)
            # Where no other has changed anything, the last one needs no promise.
            if waiting and (yield last.connection.tpc_prepare):
                waiting.append(last)
        except BaseException as e:
            yield from self._undo(e)
            raise
        if waiting:
            yield from self._leave([branch for branch in self._branches if branch not in waiting])
            yield from self._decide(waiting, began)
            yield from self._commit(waiting)
            return
        yield from self._leave(others)
        try:
            yield last.connection.tpc_commit
        except BaseException:
            yield from self._leave([last])
            raise
        self._over.add(last.xid.bqual)

    @contextmanager
    def told(self) -> Iterator[None]:
        """An interrupt of the end tells how to go on."""
        try:
            yield
        except Exception:
            raise
        except BaseException as e:
            name = self.gtrid.hex()
            e.add_note(
                f"the end of the distributed transaction {name} was interrupted: drdarrow.tpc.recover() with the log "
                f"{self.log.path} ends branches that still wait"
            )
            raise
        finally:
            self.log.leave(self.gtrid)

    def _decide(self, waiting: Sequence[_Branch], began: float) -> Steps[None]:
        """Writes that it is committed. From then on it is."""
        try:
            if _now() - began > _LONGEST:
                raise OperationalError("the branches were prepared too long ago", sqlstate="40000")
            outcome = yield Aside(partial(self.log.decide, self.gtrid, "commit"))
        except BaseException as e:
            # It may have been written all the same.
            try:
                outcome = yield Aside(partial(self.log.decide, self.gtrid, "abort"))
            except BaseException as unread:
                raise self._in_doubt(waiting, f"the log {self.log.path} cannot be written: {e}") from unread
            if outcome == "abort":
                yield from self._undo(e)
                raise
            yield from self._commit(waiting)
            raise
        if outcome == "abort":
            lost = OperationalError(
                "the transaction was rolled back: a recovery with the same log came between its two phases",
                sqlstate="40001",
                retryable=True,
            )
            yield from self._undo(lost)
            raise lost

    def _commit(self, waiting: Sequence[_Branch]) -> Steps[None]:
        """The second phase: all are told, whatever becomes of one."""
        failed: list[tuple[_Branch, BaseException]] = []
        for branch in waiting:
            try:
                yield branch.connection.tpc_commit
            except BaseException as e:
                # A recovery may have committed it before us.
                if "XAER_NOTA" in str(e) and (yield from self._was_taken(branch)):
                    self._over.add(branch.xid.bqual)
                    continue
                failed.append((branch, e))
                if not isinstance(e, IntegrityError):
                    continue
            self._over.add(branch.xid.bqual)
        for _, error in failed:
            if not isinstance(error, Error):
                error.add_note(str(self._in_doubt([branch for branch, _ in failed], "it was interrupted")))
                raise error
        broken = [(branch, e) for branch, e in failed if isinstance(e, IntegrityError)]
        if broken:
            text = "; ".join(f"{place(branch.connection)}: {e}" for branch, e in failed)
            raise IntegrityError(
                f"the transaction is committed, but not everywhere: {text}", sqlstate="40003"
            ) from broken[0][1]
        if failed:
            why = "; ".join(str(e) for _, e in failed)
            raise self._in_doubt([branch for branch, _ in failed], why) from failed[0][1]

    def _was_taken(self, branch: _Branch) -> Steps[bool]:
        """Whether a recovery has committed the branch before us."""
        try:
            taken: bool = yield Aside(partial(self.log.was_taken, branch.xid))
        except sqlite3.Error:
            return False
        return taken

    def _undo(self, raised: BaseException) -> Steps[None]:
        """Rolls back what has begun. The exception that led to it gets a note of what could not be."""
        interrupt: BaseException | None = None
        for branch in self._begun:
            try:
                yield branch.connection.tpc_rollback
            except BaseException as e:
                text = f"{branch.xid} at {place(branch.connection)} was not rolled back: {e!r}"
                if isinstance(e, IntegrityError):
                    self._over.add(branch.xid.bqual)
                    raised.add_note(f"{text} (look at the data: the database has ended it in another way)")
                    continue
                cure = f"where it still waits, drdarrow.tpc.recover() with the log {self.log.path} undoes it"
                raised.add_note(f"{text} ({cure})")
                interrupt = interrupt or (None if isinstance(e, Exception) else e)
            else:
                self._over.add(branch.xid.bqual)
        if interrupt is not None:
            raise interrupt from raised

    def _leave(self, over: Sequence[_Branch]) -> Steps[None]:
        """Connections whose branches are over do work of their own again. Nothing is sent."""
        for branch in over:
            with suppress(Error):
                yield branch.connection.tpc_rollback
                self._over.add(branch.xid.bqual)

    def _in_doubt(self, branches: Sequence[_Branch], why: str) -> OperationalError:
        """Some may not have heard the outcome."""
        names = ", ".join(f"{branch.xid} at {place(branch.connection)}" for branch in branches)
        cure = f"drdarrow.tpc.recover() with connections to these databases and the log {self.log.path} ends them"
        text = f"the outcome is not known everywhere: {names}: {why} ({cure})"
        return OperationalError(text, sqlstate="08007", phase="commit", hint=cure)
