"""The end of what a crash has left: branches that wait for their outcome."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any, Literal, NamedTuple

from drdarrow import _core
from drdarrow.exceptions import Error, IntegrityError, OperationalError, ProgrammingError
from drdarrow.tpc.coordinator import checked, place
from drdarrow.tpc.log import FORMAT, Log, LogPath
from drdarrow.tpc.steps import Aside, Steps, run, run_async
from drdarrow.types import Xid

__all__ = ["Resolved", "recover", "recover_async"]


#: Seconds that a server has to notice that a connection is lost.
_PATIENCE = 5.0


class Resolved(NamedTuple):
    """A branch that was found."""

    xid: Xid
    """Its name."""
    outcome: Literal["committed", "rolled back", "gone"]
    """Its end; "gone" where somebody else ended it just then."""
    place: str
    """The server and its database."""


def recover(connections: Iterable[_core.Connection], log: LogPath | None = None) -> list[Resolved]:
    """Ends the branches of this log whose coordinators are gone: commits those of transactions that were decided to be
    committed, rolls back the others.

    Branches of other logs and other programs stay as they are, and so do transactions under way in processes of this
    machine. Other machines must not use the same log.

    Args:
        connections: one to each database that took part, made with `two_phase=True`, without open work.
        log: as given to `distributed()`.

    Raises:
        OperationalError: a server could not be asked, or did not end a branch; the others are ended. Call it again.
        IntegrityError: a server had ended a branch in another way than was decided.
    """
    return run(_recover(checked(connections, _core.Connection), Log(log)))


async def recover_async(connections: Iterable[_core.AsyncConnection], log: LogPath | None = None) -> list[Resolved]:
    """The same with connections of `drdarrow.aio`."""
    given = checked(connections, _core.AsyncConnection)
    return await run_async(_recover(given, await asyncio.to_thread(Log, log)))


def _recover(connections: Sequence[Any], log: Log) -> Steps[list[Resolved]]:
    resolved: list[Resolved] = []
    failed: list[tuple[str, Error]] = []
    for connection in connections:
        where = place(connection)
        try:
            found: list[Xid] = yield connection.tpc_recover
        except Error as e:
            failed.append((where, e))
            continue
        # In this order: what begins meanwhile is in none of the lists, or in the last.
        opened = yield Aside(log.open)
        spared = yield Aside(log.under_way)
        waiting = [xid for xid in found if log.has(xid) and xid.gtrid not in spared]
        # A server may keep a branch that is not prepared, whose connection is lost. (Measured: Derby.)
        # And of one that is committed the note may be missing: its own server says so.
        known = [
            each for each in opened if each.gtrid not in spared and (each.outcome != "commit" or each.place == where)
        ]
        names = {Xid(FORMAT, each.gtrid, each.bqual): each.place for each in known}
        for xid in [*waiting, *(xid for xid in names if xid not in waiting)]:
            try:
                outcome = yield from _end(connection, xid, log)
            except Error as e:
                failed.append((f"{xid} at {where}", e))
                continue
            if outcome != "gone" or xid in waiting or names[xid] == where:
                yield Aside(partial(log.done, xid.gtrid, [xid.bqual]))
            if outcome != "gone" or xid in waiting:
                resolved.append(Resolved(xid, outcome, where))
    if failed:
        text = "; ".join(f"{what}: {e}" for what, e in failed)
        differs = any(isinstance(e, IntegrityError) for _, e in failed)
        kind, state = (IntegrityError, "40003") if differs else (OperationalError, "08007")
        joins = ", with connections made with two_phase=True" if "two_phase=True" in text else ""
        error = kind(f"not all branches ended as decided: {text} (call recover() again{joins})", sqlstate=state)
        for each in resolved:
            error.add_note(f"{each.xid} at {each.place}: {each.outcome}")
        raise error from failed[0][1]
    return resolved


def _end(connection: Any, xid: Xid, log: Log) -> Steps[Literal["committed", "rolled back", "gone"]]:
    """Ends a branch as it was decided; from now on that is so for all of its transaction."""
    commits = (yield Aside(partial(log.decide, xid.gtrid, "abort"))) == "commit"
    if commits:
        yield Aside(partial(log.taken, xid))
    until = time.monotonic() + _PATIENCE
    while True:
        try:
            yield partial(connection.tpc_commit if commits else connection.tpc_rollback, xid)
        except ProgrammingError as e:
            if "XAER_NOTA" in str(e):
                return "gone"
            # The server may not have noticed yet that a connection is lost.
            if "XAER_PROTO" not in str(e) or time.monotonic() > until:
                raise
            yield Aside(partial(time.sleep, 0.1))
        except IntegrityError:
            yield Aside(partial(log.done, xid.gtrid, [xid.bqual]))
            raise
        else:
            return "committed" if commits else "rolled back"
