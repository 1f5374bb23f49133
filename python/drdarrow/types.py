"""The type objects and constructors of PEP 249."""

from __future__ import annotations

import datetime
import time

__all__ = [
    "BINARY",
    "DATETIME",
    "NUMBER",
    "ROWID",
    "STRING",
    "Binary",
    "Date",
    "DateFromTicks",
    "Time",
    "TimeFromTicks",
    "Timestamp",
    "TimestampFromTicks",
    "TypeObject",
]


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
