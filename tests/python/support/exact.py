"""Derby's own words (Truth.java) as the Python values that Arrow's `to_pylist` gives."""

from __future__ import annotations

import datetime as dt
import math
import struct
from decimal import Decimal
from typing import Any


def row(columns: list[dict], values: list) -> list[Any]:
    """One row of Truth's answer."""
    return [value(column, each) for column, each in zip(columns, values, strict=True)]


def value(column: dict, told: Any) -> Any:
    """One value; None stays None."""
    kind = column["type"]
    if told is None or kind == "BOOLEAN":
        return told
    if kind in ("SMALLINT", "INTEGER", "BIGINT"):
        return int(told)
    if kind == "REAL":
        return struct.unpack(">f", bytes.fromhex(told["bits"]))[0]
    if kind == "DOUBLE":
        return struct.unpack(">d", bytes.fromhex(told["bits"]))[0]
    if kind in ("DECIMAL", "NUMERIC"):
        return Decimal(told)
    if kind.endswith("FOR BIT DATA") or kind == "BLOB":
        return bytes.fromhex(told)
    if kind == "DATE":
        return dt.date.fromisoformat(told)
    if kind == "TIME":
        return dt.time.fromisoformat(told)
    if kind == "TIMESTAMP":
        whole, _, fraction = told.partition(".")
        assert not fraction[6:].strip("0"), f"{told} does not fit microseconds"
        return dt.datetime.fromisoformat(whole).replace(microsecond=int(fraction[:6].ljust(6, "0")))
    return told


def same(ours: Any, theirs: Any) -> bool:
    """Equal in value and in kind: floats by their bits, decimals with their scale, no text for bytes."""
    if ours is None or theirs is None:
        return ours is theirs
    if isinstance(theirs, float):
        return isinstance(ours, float) and ours == theirs and math.copysign(1, ours) == math.copysign(1, theirs)
    if isinstance(theirs, Decimal):
        return isinstance(ours, Decimal) and ours.as_tuple() == theirs.as_tuple()
    return type(ours) is type(theirs) and ours == theirs
