"""ADBC driver for IBM i, Db2 and Derby, for `adbc_driver_manager`: the library of `drdarrow` answers as it.

`adbc_driver_drda.dbapi` has the interface of PEP 249. Needs `drdarrow[adbc]`.
"""

from __future__ import annotations

import enum
import importlib.util
from collections.abc import Mapping

import adbc_driver_manager

from drdarrow import __version__

__all__ = ["ConnectionOptions", "DatabaseOptions", "StatementOptions", "__version__", "connect"]


class DatabaseOptions(enum.Enum):
    """Options of a database, some of them: every setting of `drdarrow.connect()` is one, after `adbc.drda.`."""

    #: Where to: `drda://user@host:port/DATABASE`.
    URI = "uri"
    #: User id.
    USERNAME = "username"
    #: Password.
    PASSWORD = "password"
    #: Seconds for name resolution, TCP and login together.
    TIMEOUT = "adbc.drda.timeout"
    #: Seconds to wait for the answer to a statement.
    STATEMENT_TIMEOUT = "adbc.drda.statement_timeout"
    #: The security mechanism.
    SECURITY = "adbc.drda.security"
    #: `off`, `require` or `insecure`.
    TLS = "adbc.drda.tls"
    #: File of the authorities to trust.
    TLS_CA = "adbc.drda.tls_ca"
    #: Timestamps in `us`, `ns`, `ms` or `s`.
    TIMESTAMP_UNIT = "adbc.drda.timestamp_unit"
    #: DECFLOAT as `text` or `decimal(p,s)`.
    DECFLOAT = "adbc.drda.decfloat"
    #: Decimals of more than 38 digits as `decimal256`, `text` or `float64`.
    WIDE_DECIMAL = "adbc.drda.wide_decimal"


class ConnectionOptions(enum.Enum):
    """Options of a connection beside those of `adbc_driver_manager.ConnectionOptions`."""

    #: Warnings about the connection itself, one a line; read-only.
    WARNINGS = "adbc.drda.warnings"


class StatementOptions(enum.Enum):
    """Options of a statement beside those of `adbc_driver_manager.StatementOptions`."""

    #: Rows of a record batch, at most.
    BATCH_ROWS = "adbc.drda.batch_rows"
    #: Bytes of a record batch, at most.
    BATCH_BYTES = "adbc.drda.batch_bytes"
    #: Partitions of a query, at most.
    PARTITION_COUNT = "adbc.drda.partition.count"
    #: The column of integers that divides them.
    PARTITION_ON = "adbc.drda.partition.on"


def connect(uri: str, db_kwargs: Mapping[str, str] | None = None) -> adbc_driver_manager.AdbcDatabase:
    """Makes a database of ADBC, whose connections go to `uri`: `drda://user@host:port/DATABASE`.

    db_kwargs: options of the database by their names, see DatabaseOptions.
    """
    return adbc_driver_manager.AdbcDatabase(
        driver=_library(), entrypoint="AdbcDriverInit", uri=uri, **(db_kwargs or {})
    )


def _library() -> str:
    """The path of the library that is the driver."""
    found = importlib.util.find_spec("drdarrow._core")
    if found is None or found.origin is None:
        raise ImportError("the library of drdarrow is not installed")
    return found.origin
