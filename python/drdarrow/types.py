"""The type objects and constructors of PEP 249, and the names of types for annotations."""

from __future__ import annotations

import builtins
import datetime
import enum
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from os import PathLike
from typing import Any, Literal, NamedTuple, Protocol, SupportsIndex, TypeAlias, TypedDict

from drdarrow import _core
from drdarrow.catalog_rows import (
    CatalogInfo,
    ColumnInfo,
    IndexInfo,
    KeyInfo,
    ProcedureInfo,
    SchemaInfo,
    StatisticInfo,
    TableInfo,
)

__all__ = [
    "BINARY",
    "DATETIME",
    "NUMBER",
    "ROWID",
    "STRING",
    "ArrowArrayExportable",
    "ArrowSchemaExportable",
    "ArrowStreamExportable",
    "Between",
    "Binary",
    "CatalogInfo",
    "Column",
    "ColumnInfo",
    "Date",
    "DateFromTicks",
    "DtypeBackend",
    "FileOptions",
    "FileSettings",
    "IndexInfo",
    "Key",
    "KeyInfo",
    "Keys",
    "Message",
    "OneFile",
    "Parameters",
    "PartitionOptions",
    "ProcedureInfo",
    "Reading",
    "Record",
    "Row",
    "Rows",
    "Scalar",
    "SchemaInfo",
    "StatisticInfo",
    "TableInfo",
    "Time",
    "TimeFromTicks",
    "Timestamp",
    "TimestampFromTicks",
    "TypeObject",
    "Uuid",
    "Value",
    "Values",
    "Which",
    "Xid",
    "XidLike",
]


class Message(NamedTuple):
    """A message of a CL command."""

    id: str
    """The identifier, such as CPC7301."""
    severity: int
    """0 to 99."""
    text: str
    """The text in the language of the system."""


class Scalar(Protocol):
    """A scalar of NumPy."""

    def item(self) -> Any: ...


class Uuid(Protocol):
    """A `uuid.UUID`."""

    @property
    def bytes(self) -> builtins.bytes: ...

    @property
    def urn(self) -> str: ...


#: Values that a parameter takes.
Value: TypeAlias = (
    SupportsIndex
    | Scalar
    | Uuid
    | enum.Enum
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
Values: TypeAlias = Sequence[Value]
#: One value per question mark, or a value for each `:name`.
Parameters: TypeAlias = Values | Mapping[str, Value]

#: A key of a file: one value, or one for each key field or the first ones.
Key: TypeAlias = Value | tuple[Value, ...] | list[Value]
Between: TypeAlias = tuple[Key | None, Key | None] | list[Key | None]
#: Rows to be added to a file: each a dict by field, or one value per field.
Record: TypeAlias = Mapping[str, Value] | Values
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


#: Which types the columns of a pandas frame have.
DtypeBackend: TypeAlias = Literal["numpy", "numpy_nullable", "pyarrow"]
#: Rows for any library that knows Arrow: a table, a frame, a stream, a batch.
ArrowData: TypeAlias = ArrowStreamExportable | ArrowArrayExportable
#: Rows of parameters: Arrow data, or a sequence or mapping of values per row.
Rows: TypeAlias = ArrowData | Iterable[Parameters]


class TypeObject:
    """Equal to the `type_code` of every column of its kind: `description[0][1] == NUMBER`."""

    def __init__(self, name: str, *sql_types: str) -> None:
        self.name = name
        self.sql_types = frozenset(sql_types)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, TypeObject):
            return self.sql_types == other.sql_types
        if isinstance(other, str):
            # A general type with the SQL type in parentheses.
            general, _, sql_type = other.partition("(")
            return (
                sql_type.rstrip(")") if other in _THEIR_OWN else general
            ) in self.sql_types or other in self.sql_types
        return NotImplemented

    def __hash__(self) -> int:
        return hash(self.sql_types)

    def __repr__(self) -> str:
        return f"drdarrow.{self.name}"


#: Type codes whose SQL type says more than the general one.
_THEIR_OWN = ("TEXT(DECFLOAT)", "BINARY(ROWID)")

STRING = TypeObject("STRING", "TEXT", *_core.TYPE_NAMES["STRING"])
BINARY = TypeObject("BINARY", *_core.TYPE_NAMES["BINARY"])
NUMBER = TypeObject("NUMBER", *_core.TYPE_NAMES["NUMBER"])
DATETIME = TypeObject("DATETIME", *_core.TYPE_NAMES["DATETIME"])
ROWID = TypeObject("ROWID", *_core.TYPE_NAMES["ROWID"])

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


class PartitionOptions(TypedDict, total=False):
    """Options of `Connection.partitions`."""

    n: int
    """The number of parts, 8 unless given; there may be fewer."""
    on: str | Sequence[str] | None
    """A column whose values divide the rows, or several that are divided by together."""
    columns: Sequence[str] | None
    """Those that are read."""
    where: str | tuple[str, Sequence[Value]] | None
    """A condition that rows have to pass, or a pair of it and the values of its question marks."""
    plan: (
        Literal[
            "partitions", "nodes", "rrn", "members", "range", "quantiles", "statistics", "sampled", "rid", "modulo",
            "one",
        ]
        | None
    )  # fmt: skip
    """The way; the best that fits without it."""
    snapshot: Literal["lock", "as_of"] | datetime.datetime | None
    """Which moment the rows are of."""
    verify: bool
    """Whether the rows of each part and of the whole are counted and compared."""


class Xid(NamedTuple):
    """The name of a branch of a global transaction, made by `Connection.xid()` or listed by `tpc_recover()`."""

    format_id: int
    """Number of its form, 0 to 2147483647."""
    gtrid: bytes
    """The global transaction, 1 to 64 bytes."""
    bqual: bytes
    """The branch in it, up to 64 bytes."""


#: A name as methods take it.
XidLike: TypeAlias = Xid | tuple[int, str | bytes, str | bytes]


class FileOptions(TypedDict, total=False):
    """Options of an open."""

    member: str | None
    """The member, `*FIRST`, `*LAST` or `*FILE`."""
    mode: Literal["r", "w", "rw"] | None
    """Read, add, or both and update and delete."""
    keyed: bool | None
    """In the order of the keys; allows reads by key."""
    commit: Literal["none", "chg", "cs", "all"] | None
    """The level of commitment control."""
    columns: Sequence[str] | str | None
    """The fields that are read."""
    rrn: bool | None
    """A column RRN with the relative record numbers in front."""
    on_error: Literal["raise", "null", "raw"] | Mapping[str, str] | None
    """Treatment of invalid values, for all fields or by field (`*` for the others)."""
    force_ccsid: Mapping[str, int] | str | None
    """Fields whose text is in another page than their description says."""
    format: str | Mapping[str, Any] | None
    """A record format by name, or a description in place of the server's."""


class Which(TypedDict, total=False):
    """A record: by number, by key, or the one read last."""

    rrn: int
    """The one with a relative record number."""
    key: Key
    """The first one with a key."""


class BatchDelay(TypedDict, total=False):
    """The time that the rows of a batch wait for more; left out, that of the connection."""

    batch_delay: float | Literal["none"] | None
    """Seconds that a batch waits to be filled by a slow server; None as long as it takes."""


class Keys(TypedDict, total=False):
    """The records that are read as Arrow: by default all."""

    key: Key
    """Those with a key, or that begin with the fields of it that are given."""
    between: Between | None
    """Those from a lower key to a higher one, both included; None is open."""


class Reading(BatchDelay, Keys, total=False):
    """Both, for a stream of records."""


class FileSettings(TypedDict, total=False):
    """Settings of a connection for files."""

    host: str | None
    port: int | None
    user: str | None
    password: str | Callable[[], Any] | None
    timeout: float | None
    statement_timeout: float | None
    commit_timeout: float | None
    security: str | None
    tls: Literal["off", "require", "insecure"] | bool | None
    tls_ca: str | PathLike[str] | None
    tls_cert: str | PathLike[str] | None
    tls_key: str | PathLike[str] | None
    tls_fingerprint: str | None
    tls_server_name: str | None
    password_level: Literal[0, 1, 2, 3, 4] | None
    new_password: str | None
    additional_factor: str | None
    token: Callable[[bytes], bytes] | None
    allow_cleartext_password: bool | None
    application_name: str | None
    timestamp_unit: Literal["us", "ns", "ms", "s"] | None
    timestamp_excess: Literal["raise", "truncate"] | None
    end_of_time: Literal["raise", "last", "next"] | None
    """Treatment of 9999-12-31-24.00.00: an error, the moment before it, or the year 10000."""
    time_unit: Literal["s", "us", "text"] | None
    string_type: Literal["utf8", "large_utf8", "utf8_view"] | None
    decfloat: str | None
    wide_decimal: Literal["decimal256", "text", "float64"] | None
    text_errors: Literal["strict", "replace"] | None
    bit_data_ccsid: int | None
    batch_rows: int | None
    batch_bytes: int | None
    batch_delay: float | Literal["none"] | None
    """Seconds that a batch waits to be filled by a slow server; None as long as it takes."""
    signon_port: int | None
    """Port of the sign-on server; 0 does not ask it."""
    job_ccsid: int | None
    """The page of the server's job."""
    pool: str | None
    """Independent disk pool."""


class OneFile(FileSettings, FileOptions, total=False):
    """Both, for a file with a connection of its own."""
