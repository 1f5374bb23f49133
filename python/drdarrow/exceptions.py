"""The exceptions of PEP 249, with the facts that DRDA has about a failure."""

from __future__ import annotations

__all__ = [
    "DataError",
    "DatabaseError",
    "Error",
    "IntegrityError",
    "InterfaceError",
    "InternalError",
    "NotSupportedError",
    "OperationalError",
    "ProgrammingError",
    "Warning",
]


class Warning(Exception):  # noqa: A001  PEP 249 wants this name
    """A warning of the server, as found in `Cursor.messages`. It is not raised."""

    def __init__(self, *args: object, sqlstate: str | None = None, sqlcode: int | None = None) -> None:
        super().__init__(*args)
        #: SQLSTATE, five characters.
        self.sqlstate = sqlstate
        #: SQLCODE, above zero.
        self.sqlcode = sqlcode


class Error(Exception):
    """The base of all errors. It never holds a password."""

    def __init__(
        self,
        *args: object,
        sqlstate: str | None = None,
        sqlcode: int | None = None,
        phase: str | None = None,
        peer: str | None = None,
        reply: str | None = None,
        hint: str | None = None,
        connection_usable: bool = True,
        retryable: bool = False,
        row: int | None = None,
        column: str | None = None,
    ) -> None:
        super().__init__(*args)
        #: SQLSTATE, five characters, or None.
        self.sqlstate = sqlstate
        #: SQLCODE, when the server sent one.
        self.sqlcode = sqlcode
        #: The step that failed: config, dns, tcp, tls, exchange, security, access, execute, fetch, commit, close.
        self.phase = phase
        #: `host:port` of the server.
        self.peer = peer
        #: Name of the DRDA reply message of the refusal, such as RDBNFNRM.
        self.reply = reply
        #: Advice.
        self.hint = hint
        #: Whether the connection can still be used.
        self.connection_usable = connection_usable
        #: Whether the same work may succeed when it is tried again: deadlock, lock time-out.
        self.retryable = retryable
        #: The row at fault, where many were given to one call: the first is 1, counted over the whole call.
        self.row = row
        #: The column at fault, or the number of the parameter, as str, where the server tells it or no value was sent.
        self.column = column


class InterfaceError(Error):
    """Misuse of this package."""


class DatabaseError(Error):
    """Base of the errors of a database."""


class DataError(DatabaseError):
    """A value is out of range, too long or not convertible."""


class OperationalError(DatabaseError):
    """The network, the login or the server failed."""


class IntegrityError(DatabaseError):
    """A constraint was violated."""


class InternalError(DatabaseError):
    """The protocol was broken."""


class ProgrammingError(DatabaseError):
    """The statement is wrong, or a call does not fit it."""


class NotSupportedError(DatabaseError):
    """The server or this package does not do that."""


# They are shown and pickled by their public names.
for _name in __all__:
    globals()[_name].__module__ = "drdarrow"
del _name
