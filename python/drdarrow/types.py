"""The type objects and constructors of PEP 249, and the names of types for annotations."""

from __future__ import annotations

import datetime
import time
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Protocol, SupportsIndex, TypeAlias

__all__ = [
    "BINARY",
    "DATETIME",
    "NUMBER",
    "ROWID",
    "STRING",
    "ArrowArrayExportable",
    "ArrowSchemaExportable",
    "ArrowStreamExportable",
    "Binary",
    "Column",
    "Date",
    "DateFromTicks",
    "Parameters",
    "Row",
    "Time",
    "TimeFromTicks",
    "Timestamp",
    "TimestampFromTicks",
    "TypeObject",
    "Value",
]

#: What a parameter may be.
Value: TypeAlias = (
    SupportsIndex
    | float
    | Decimal
    | str
    | bytes
    | bytearray
    | memoryview
    | datetime.date
    | datetime.time
    | datetime.datetime
    | None
)
#: One value per question mark.
Parameters: TypeAlias = Sequence[Value]
#: int, float, Decimal, str, bytes, bool, date, time, datetime, None.
Row: TypeAlias = tuple[Any, ...]
#: name, type_code, display_size, internal_size, precision, scale, null_ok.
Column: TypeAlias = tuple[str, str, None, int, int | None, int | None, bool]


class ArrowSchemaExportable(Protocol):
    """Has a schema for any library that knows Arrow (PyCapsule interface)."""

    def __arrow_c_schema__(self) -> object: ...


class ArrowArrayExportable(Protocol):
    """Has a batch of rows for any library that knows Arrow."""

    def __arrow_c_array__(self, requested_schema: object | None = None) -> tuple[object, object]: ...


class ArrowStreamExportable(Protocol):
    """Has a stream of batches for any library that knows Arrow."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...


class TypeObject:
    """Equal to the `type_code` of every column of its kind: `description[0][1] == NUMBER`."""

    def __init__(self, name: str, *sql_types: str) -> None:
        self.name = name
        self.sql_types = frozenset(sql_types)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, TypeObject):
            return self.sql_types == other.sql_types
        if isinstance(other, str):
            return other in self.sql_types
        return NotImplemented

    def __hash__(self) -> int:
        return hash(self.sql_types)

    def __repr__(self) -> str:
        return f"drdarrow.{self.name}"


STRING = TypeObject(
    "STRING", "CHAR", "VARCHAR", "LONG VARCHAR", "CLOB", "GRAPHIC", "VARGRAPHIC", "LONG VARGRAPHIC", "DBCLOB", "XML",
    "DATALINK",
)  # fmt: skip
BINARY = TypeObject(
    "BINARY", "BINARY", "VARBINARY", "BLOB", "CHAR FOR BIT DATA", "VARCHAR FOR BIT DATA", "LONG VARCHAR FOR BIT DATA",
)  # fmt: skip
NUMBER = TypeObject(
    "NUMBER", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "REAL", "DOUBLE", "FLOAT(16)", "DECIMAL", "NUMERIC",
    "DECFLOAT", "BOOLEAN",
)  # fmt: skip
DATETIME = TypeObject("DATETIME", "DATE", "TIME", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE")
ROWID = TypeObject("ROWID", "ROWID")

Date = datetime.date
Time = datetime.time
Timestamp = datetime.datetime
Binary = bytes


def DateFromTicks(ticks: float) -> datetime.date:  # noqa: N802
    """The local date at so many seconds from the epoch."""
    return Date(*time.localtime(ticks)[:3])


def TimeFromTicks(ticks: float) -> datetime.time:  # noqa: N802
    """The local time at so many seconds from the epoch."""
    return Time(*time.localtime(ticks)[3:6])


def TimestampFromTicks(ticks: float) -> datetime.datetime:  # noqa: N802
    """The local date and time at so many seconds from the epoch."""
    return Timestamp(*time.localtime(ticks)[:6])
