"""The interface of PEP 249 over the driver, with the extensions of `adbc_driver_manager.dbapi`."""

from __future__ import annotations

from collections.abc import Mapping

import adbc_driver_manager
import adbc_driver_manager.dbapi
from adbc_driver_manager.dbapi import (
    BINARY,
    DATETIME,
    NUMBER,
    ROWID,
    STRING,
    Cursor,
    DatabaseError,
    DataError,
    Date,
    DateFromTicks,
    Error,
    IntegrityError,
    InterfaceError,
    InternalError,
    NotSupportedError,
    OperationalError,
    ProgrammingError,
    Time,
    TimeFromTicks,
    Timestamp,
    TimestampFromTicks,
    Warning,  # noqa: A004 - its name in PEP 249
    apilevel,
    paramstyle,
    threadsafety,
)

import adbc_driver_drda

__all__ = [
    "BINARY",
    "DATETIME",
    "NUMBER",
    "ROWID",
    "STRING",
    "Connection",
    "Cursor",
    "DataError",
    "DatabaseError",
    "Date",
    "DateFromTicks",
    "Error",
    "IntegrityError",
    "InterfaceError",
    "InternalError",
    "NotSupportedError",
    "OperationalError",
    "ProgrammingError",
    "Time",
    "TimeFromTicks",
    "Timestamp",
    "TimestampFromTicks",
    "Warning",
    "apilevel",
    "connect",
    "paramstyle",
    "threadsafety",
]


class Connection(adbc_driver_manager.dbapi.Connection):
    """A connection to IBM i, Db2 or Derby; `connect()` makes it."""


def connect(
    uri: str,
    db_kwargs: Mapping[str, str] | None = None,
    conn_kwargs: Mapping[str, str] | None = None,
    *,
    autocommit: bool = False,
) -> Connection:
    """Connects.

    uri: `drda://user@host:port/DATABASE`, with settings as `?key=value`.
    db_kwargs: options of the database by their names, see `adbc_driver_drda.DatabaseOptions`.
    conn_kwargs: options of the connection, see `adbc_driver_manager.ConnectionOptions`.
    autocommit: every statement is committed; else `commit()` makes changes last.
    """
    database = connection = None
    try:
        database = adbc_driver_drda.connect(uri, db_kwargs)
        connection = adbc_driver_manager.AdbcConnection(database, **(conn_kwargs or {}))
        return Connection(database, connection, conn_kwargs, autocommit=autocommit)
    except Exception:
        if connection is not None:
            connection.close()
        if database is not None:
            database.close()
        raise
