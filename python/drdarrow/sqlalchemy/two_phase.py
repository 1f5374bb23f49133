"""`Connection.begin_twophase()` and sessions with `twophase=True`, over the `tpc_*` methods of the driver: the URL has
`?two_phase=true`."""

from __future__ import annotations

from typing import Any

from sqlalchemy.engine import Connection
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.util.concurrency import await_

from drdarrow.types import Xid

#: The form of SQLAlchemy's names: "SA".
_FORMAT = 0x5341


class DrdaTwoPhase(DefaultDialect):
    """The part of the dialects that commits in two phases."""

    def do_begin_twophase(self, connection: Connection, xid: Any) -> None:
        self._tpc(connection, "tpc_begin", _name(xid))

    def do_prepare_twophase(self, connection: Connection, xid: Any) -> None:
        # A branch that has changed nothing is over; its commit sends nothing.
        self._tpc(connection, "tpc_prepare")

    def do_rollback_twophase(
        self, connection: Connection, xid: Any, is_prepared: bool = True, recover: bool = False
    ) -> None:
        self._tpc(connection, "tpc_rollback", *([_name(xid)] if recover else []))

    def do_commit_twophase(
        self, connection: Connection, xid: Any, is_prepared: bool = True, recover: bool = False
    ) -> None:
        self._tpc(connection, "tpc_commit", *([_name(xid)] if recover else []))

    def do_recover_twophase(self, connection: Connection) -> list[Any]:
        waiting: list[Xid] = self._tpc(connection, "tpc_recover")
        return [xid.gtrid.decode("utf-8", "replace") for xid in waiting if xid.format_id == _FORMAT]

    def _tpc(self, connection: Connection, name: str, *arguments: Any) -> Any:
        called = getattr(connection.connection.driver_connection, name)(*arguments)
        return await_(called) if self.is_async else called


def _name(xid: Any) -> Xid:
    """A name that SQLAlchemy made, or its user."""
    return Xid(_FORMAT, xid.encode() if isinstance(xid, str) else bytes(xid), b"")
