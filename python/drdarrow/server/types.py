"""DuckDB's types as those of Db2.

| DuckDB | SQL |
|---|---|
| BOOLEAN | BOOLEAN |
| TINYINT, SMALLINT, UTINYINT | SMALLINT |
| INTEGER, USMALLINT | INTEGER |
| BIGINT, UINTEGER | BIGINT |
| UBIGINT | DECIMAL(20, 0) |
| HUGEINT, UHUGEINT | DECIMAL(31, 0) |
| FLOAT, DOUBLE | REAL, DOUBLE |
| DECIMAL(p, s) | DECIMAL(p, s), at most 31 digits |
| VARCHAR | as it was declared or given, VARCHAR(32672) where that is not known |
| JSON | VARCHAR(32672) |
| ENUM | VARCHAR of its longest value |
| UUID | CHAR(36) |
| BLOB | as it was declared or given, VARBINARY(32672) where that is not known |
| BIT | VARCHAR, as text of 0 and 1 |
| DATE, TIME | DATE, TIME |
| TIMESTAMP, TIMESTAMP_S, _MS, _NS | TIMESTAMP with 6, 0, 3, 9 digits |
| TIMESTAMP WITH TIME ZONE | TIMESTAMP in UTC |
| LIST, ARRAY, STRUCT, MAP, UNION | VARCHAR(32672), as JSON text |
| INTERVAL, TIME WITH TIME ZONE, BIGNUM and others | SQLCODE -351 |

A value that does not fit (a time with a fraction, a number of more than 31 digits, a longer text) is an SQLCODE when it
is read, never rounded or cut.
"""

from __future__ import annotations

import re

from drdarrow import _core
from drdarrow.server.engine import Described, SqlError

__all__ = ["DIGITS", "LONGEST", "describe", "fitting", "wrapped"]

#: Bytes of the longest VARCHAR.
LONGEST = 32_672
#: Digits of the longest DECIMAL.
DIGITS = 31

#: Types that become one of Arrow's.
_PLAIN = {
    **_core.PLAIN_TYPES,
    "TINYINT": "Int8",
    "UTINYINT": "UInt8",
    "USMALLINT": "UInt16",
    "UINTEGER": "UInt32",
    "UBIGINT": "UInt64",
    "HUGEINT": f"Decimal128({DIGITS}, 0)",
    "UHUGEINT": f"Decimal128({DIGITS}, 0)",
    "FLOAT": "Float32",
    "VARCHAR": "Utf8",
    "JSON": "Utf8",
    "BIT": "Utf8",
    "BLOB": "Binary",
    "TIME": "Time64(Microsecond)",
    "TIMESTAMP": "Timestamp(Microsecond, None)",
    "TIMESTAMP_S": "Timestamp(Second, None)",
    "TIMESTAMP_MS": "Timestamp(Millisecond, None)",
    "TIMESTAMP_NS": "Timestamp(Nanosecond, None)",
    "TIMESTAMP WITH TIME ZONE": "Timestamp(Microsecond, None)",
}
#: Expressions that make a text or a plain type of a column.
_CASTS = {
    "BIT": "CAST({} AS VARCHAR)",
    # Of an infinite one the microseconds are NULL.
    "TIMESTAMP WITH TIME ZONE": (
        "CASE WHEN isinf({0}) THEN CAST('infinity' AS TIMESTAMP) ELSE make_timestamp(epoch_us({0})) END"
    ),
    "nested": "CAST(to_json({}) AS VARCHAR)",
}


def describe(name: str, duck: str) -> Described:
    """A column of DuckDB's type `duck`, as DuckDB writes it. Raises SqlError -351 for a type that Db2 has not."""
    if plain := _PLAIN.get(duck):
        return name, plain, {}
    if found := re.fullmatch(r"DECIMAL\((\d+), ?(\d+)\)", duck):
        digits, scale = (min(int(n), DIGITS) for n in found.groups())
        return name, f"Decimal128({digits}, {scale})", {}
    if duck == "UUID":
        return name, "Utf8", {"drda:type": "CHAR", "drda:length": "36"}
    if duck.startswith("ENUM("):
        values = re.findall(r"'([^']*+(?:''[^']*+)*+)'", duck)
        longest = max((len(value.replace("''", "'").encode()) for value in values), default=1)
        return name, "Utf8", {"drda:type": "VARCHAR", "drda:length": str(max(longest, 1))}
    if duck in ('"NULL"', "NULL"):
        return name, "Utf8", {"drda:type": "VARCHAR", "drda:length": "1"}
    if _nested(duck):
        return name, "Utf8", {}
    raise SqlError(-351, "56084", f"{name} {duck}")


def wrapped(column: str, duck: str) -> str | None:
    """The expression that makes the described type of a quoted column; None where it has it."""
    cast = _CASTS.get("nested" if _nested(duck) else duck)
    return cast.format(column) if cast else None


def fitting(duck: str, about: dict[str, str]) -> dict[str, str]:
    """The facts about a column, as far as they hold for its type."""
    name = about.get("drda:type", "")
    if duck == "VARCHAR":
        return about if name not in ("", "NUMERIC", "BLOB", "BINARY", "VARBINARY") and "BIT DATA" not in name else {}
    if duck == "BLOB":
        return about if "BIT DATA" in name or name in ("BLOB", "BINARY", "VARBINARY") else {}
    if duck == "DOUBLE":
        return about if name == "DECFLOAT" else {}
    if duck.startswith("TIMESTAMP"):
        return {"drda:scale": about["drda:scale"]} if "drda:scale" in about else {}
    return about if duck.startswith("DECIMAL(") and name == "NUMERIC" else {}


def _nested(duck: str) -> bool:
    return duck.endswith("]") or duck.startswith(("STRUCT(", "MAP(", "UNION("))
