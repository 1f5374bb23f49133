"""A table with a column of every SQL type: the Arrow fields that a server of ours makes them of, and values."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any, NamedTuple

import pyarrow as pa


class Kind(NamedTuple):
    """A column: its Arrow type, what else its field says, two values (the ends of what it holds)."""

    arrow: pa.DataType
    about: dict[str, object]
    values: tuple[Any, Any]


UTC = dt.UTC
_LAST = dt.datetime(9999, 12, 31, 23, 59, 59, 999999)
#: Name of the column to what it is. Types are those of Db2 for z/OS, which has all of them, save BOOLEAN.
TYPES: dict[str, Kind] = {
    "SMALLINT": Kind(pa.int16(), {}, (-(2**15), 2**15 - 1)),
    "INTEGER": Kind(pa.int32(), {}, (-(2**31), 2**31 - 1)),
    "BIGINT": Kind(pa.int64(), {}, (2**53 + 1, -(2**63))),
    "REAL": Kind(pa.float32(), {}, (1.5, -0.10000000149011612)),
    "DOUBLE": Kind(pa.float64(), {}, (0.1, -1.7976931348623157e308)),
    "DECIMAL": Kind(pa.decimal128(31, 2), {}, (Decimal("12345678901234567890123456789.01"), Decimal("-0.01"))),
    "NUMERIC": Kind(
        pa.decimal128(31, 2), {"type": "NUMERIC"}, (Decimal("12345678901234567890123456789.01"), Decimal("-0.01"))
    ),
    "DECFLOAT": Kind(pa.string(), {"type": "DECFLOAT", "length": 16}, (Decimal("1.50"), Decimal(f"-9.{'9' * 33}E+6144"))),
    "CHAR": Kind(pa.string(), {"type": "CHAR", "length": 5}, ("ab   ", "zzzzz")),
    "VARCHAR": Kind(pa.string(), {"type": "VARCHAR", "length": 40}, ("", "Gruesse")),
    "LONG_VARCHAR": Kind(pa.string(), {"type": "LONG VARCHAR"}, ("", "long")),
    "CLOB": Kind(pa.large_string(), {"type": "CLOB", "length": 1000}, ("", "text")),
    "GRAPHIC": Kind(pa.string(), {"type": "GRAPHIC", "length": 3, "ccsid": 1200}, ("日本語", "ab ")),
    "VARGRAPHIC": Kind(pa.string(), {"type": "VARGRAPHIC", "length": 30, "ccsid": 1200}, ("", "日本")),
    "DBCLOB": Kind(pa.large_string(), {"type": "DBCLOB", "length": 1000, "ccsid": 1200}, ("", "日本")),
    "CHAR_BITS": Kind(pa.binary(), {"type": "CHAR FOR BIT DATA", "length": 3}, (b"\0\x01\xff", b"@@@")),
    "VARCHAR_BITS": Kind(pa.binary(), {"type": "VARCHAR FOR BIT DATA", "length": 30}, (b"", b"\xff\0")),
    "BINARY": Kind(pa.binary(), {"type": "BINARY", "length": 3}, (b"\0\x01\xff", b"@@@")),
    "VARBINARY": Kind(pa.binary(), {"type": "VARBINARY", "length": 30}, (b"", b"\xff\0")),
    "BLOB": Kind(pa.large_binary(), {"type": "BLOB", "length": 1000}, (b"", b"\xff\0")),
    "ROWID": Kind(pa.binary(), {"type": "ROWID"}, (b"\x01\x02", b"\xff\0")),
    "DATE": Kind(pa.date32(), {}, (dt.date(1, 1, 1), dt.date(9999, 12, 31))),
    "TIME": Kind(pa.time32("s"), {}, (dt.time(0, 0), dt.time(23, 59, 59))),
    "TIMESTAMP0": Kind(pa.timestamp("us"), {"scale": 0}, (dt.datetime(1, 1, 1), _LAST.replace(microsecond=0))),
    "TIMESTAMP3": Kind(pa.timestamp("us"), {"scale": 3}, (dt.datetime(1, 1, 1), _LAST.replace(microsecond=999000))),
    "TIMESTAMP": Kind(pa.timestamp("us"), {}, (dt.datetime(1, 1, 1), _LAST)),
    "TIMESTAMP12": Kind(pa.timestamp("us"), {"scale": 12}, (dt.datetime(1, 1, 1), _LAST)),
    "TIMESTAMPTZ": Kind(
        pa.timestamp("us", "UTC"), {}, (dt.datetime(1, 1, 1, tzinfo=UTC), dt.datetime(9999, 12, 31, tzinfo=UTC))
    ),
    "BOOLEAN": Kind(pa.bool_(), {}, (True, False)),
}


def field(name: str, nullable: bool = True) -> pa.Field:
    """The Arrow field of a column."""
    kind = TYPES[name]
    metadata = {f"drda:{key}": str(value) for key, value in kind.about.items()}
    return pa.field(name, kind.arrow, nullable, metadata=metadata)


def column(name: str, values: list[Any]) -> pa.Array:
    """Values of a column."""
    if name == "DECFLOAT":
        values = [None if value is None else str(value) for value in values]
    return pa.array(values, TYPES[name].arrow)


def table(names: list[str], values: dict[str, list[Any]]) -> pa.Table:
    """A table with these columns, each nullable if it has a NULL."""
    fields = [field(name, None in values[name]) for name in names]
    return pa.table([column(name, values[name]) for name in names], schema=pa.schema(fields))
