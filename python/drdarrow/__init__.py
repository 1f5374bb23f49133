"""IBM i and Db2 as Apache Arrow: a DDM/DRDA client in pure Rust.

    import drdarrow

    with drdarrow.connect("drda://app@localhost:1527/sample", password="secret") as connection:
        table = connection.execute("SELECT * FROM orders WHERE id > ?", (1000,)).fetch_arrow_table()
        for row in connection.execute("SELECT id, amount FROM orders"):
            print(row)

Rows come as tuples (PEP 249) or as Arrow record batches that pyarrow, pandas, Polars and DuckDB read
without copying: `fetch_arrow()`, `fetch_arrow_table()`, `fetch_df()`, `fetch_polars()`. The same with
asyncio is in `drdarrow.aio`.

Files of IBM i are read and written without SQL, record by record:

    with drdarrow.open_file("drda://me@system/LIB/FILE", password="secret") as file:
        table = file.fetch_arrow_table()
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drdarrow._core import (
    ArrowStream,
    CatalogTable,
    Connection,
    Cursor,
    File,
    FileConnection,
    FilePartition,
    Ingested,
    Query,
    RecordBatch,
    Schema,
    __version__,
    connect,
    connect_files,
    open_file,
)
from drdarrow.exceptions import (
    DatabaseError,
    DataError,
    Error,
    IntegrityError,
    InterfaceError,
    InternalError,
    NotSupportedError,
    OperationalError,
    ProgrammingError,
    Warning,  # noqa: A004  PEP 249 wants this name
)
from drdarrow.sqlwarnings import SqlWarning
from drdarrow.types import (
    BINARY,
    DATETIME,
    NUMBER,
    ROWID,
    STRING,
    Binary,
    Date,
    DateFromTicks,
    Time,
    TimeFromTicks,
    Timestamp,
    TimestampFromTicks,
)

if TYPE_CHECKING:
    from drdarrow.copying import copy
    from drdarrow.probing import ProbeReport, probe
    from drdarrow.retrying import retry
    from drdarrow.tpc.distributed import distributed

__all__ = [
    "BINARY",
    "DATETIME",
    "NUMBER",
    "ROWID",
    "STRING",
    "ArrowStream",
    "Binary",
    "CatalogTable",
    "Connection",
    "Cursor",
    "DataError",
    "DatabaseError",
    "Date",
    "DateFromTicks",
    "Error",
    "File",
    "FileConnection",
    "FilePartition",
    "Ingested",
    "IntegrityError",
    "InterfaceError",
    "InternalError",
    "NotSupportedError",
    "OperationalError",
    "ProbeReport",
    "ProgrammingError",
    "Query",
    "RecordBatch",
    "Schema",
    "SqlWarning",
    "Time",
    "TimeFromTicks",
    "Timestamp",
    "TimestampFromTicks",
    "Warning",
    "__version__",
    "apilevel",
    "connect",
    "connect_files",
    "copy",
    "distributed",
    "open_file",
    "paramstyle",
    "probe",
    "retry",
    "threadsafety",
]

apilevel = "2.0"
#: Threads may share the module and connections, not cursors.
threadsafety = 2
paramstyle = "qmark"


def __getattr__(name: str) -> Any:
    """Imported when they are first named: `drdarrow.aio`, `drdarrow.pool` and `drdarrow.server` bring asyncio with
    them, the probe and the copy their dataclasses, `distributed` SQLite."""
    if name in ("aio", "journal", "pool", "server", "tpc"):
        import importlib

        return importlib.import_module(f"drdarrow.{name}")
    if name in ("ProbeReport", "probe"):
        from drdarrow import probing

        globals().update(ProbeReport=probing.ProbeReport, probe=probing.probe)
        return globals()[name]
    if name == "copy":
        from drdarrow.copying import copy

        globals()["copy"] = copy
        return copy
    if name == "retry":
        from drdarrow.retrying import retry

        globals()["retry"] = retry
        return retry
    if name == "distributed":
        from drdarrow.tpc.distributed import distributed

        globals().update(distributed=distributed)
        return distributed
    raise AttributeError(f"module 'drdarrow' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, "aio", "journal", "pool", "server", "tpc"})
