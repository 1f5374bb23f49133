"""Functions of Db2 that DuckDB has not, or has under the same name with another meaning. Each takes its arguments as
text and gives the expression, or None where DuckDB's own will do. An argument that may be a call stands once in it.

| Db2 | |
|---|---|
| `SMALLINT`, `INTEGER`, `INT`, `BIGINT` | digits after the point are cut off |
| `DOUBLE`, `FLOAT`, `REAL`, `DECFLOAT`, `DECIMAL`, `DEC`, `NUMERIC` | a cast |
| `CHAR`, `VARCHAR`, `CLOB`, `GRAPHIC`, `VARGRAPHIC`, `DBCLOB` | text; a second argument is the length it is cut at |
| `BLOB`, `BINARY`, `VARBINARY`, `TIME`, `TIMESTAMP` | a cast |
| `CAST(x AS CHAR(n))`, `CAST(x AS VARCHAR(n))` and the like | filled with blanks, cut at the length |
| `NULLIF(a, b)` | a comparison as any other, unless `a` is a call or has a parameter |
| `REPEAT`, `LPAD`, `RPAD`, `SPACE`, `HEX`, `REPLACE`, `REGEXP_REPLACE` | bounded, see `growing` |
| `VALUE`, `NVL` | `coalesce` |
| `POSSTR`, `LOCATE`, `STRIP`, `ABSVAL`, `RAND` | their namesakes |
| `DAYS`, `DAYOFWEEK`, `DAYOFWEEK_ISO`, `WEEK`, `WEEK_ISO`, `MICROSECOND` | counted as Db2 does |
"""

from __future__ import annotations

from collections.abc import Callable

from drdarrow.server import growing

__all__ = ["FUNCTIONS"]

_Make = Callable[[list[str]], str | None]


def _whole(kind: str) -> _Make:
    return lambda a: f"CAST(trunc(CAST({a[0]} AS DECIMAL(38, 10))) AS {kind})" if len(a) == 1 else None


def _cast(kind: str) -> _Make:
    return lambda a: f"CAST({a[0]} AS {kind})" if len(a) == 1 else None


def _text(a: list[str]) -> str | None:
    if len(a) == 1:
        return f"CAST({a[0]} AS VARCHAR)"
    return f"left(CAST({a[0]} AS VARCHAR), {a[1]})" if len(a) == 2 and a[1].isdigit() else None


def _fixed(a: list[str]) -> str | None:
    if len(a) == 1:
        return f"CAST({a[0]} AS VARCHAR)"
    return growing.filled("rpad", [f"CAST({a[0]} AS VARCHAR)", a[1]]) if len(a) == 2 and a[1].isdigit() else None


def _nullif(a: list[str]) -> str | None:
    if len(a) != 2 or "?" in a[0] or "(" in a[0]:
        return None
    return f"(CASE WHEN {a[0]} = {a[1]} THEN NULL ELSE {a[0]} END)"


def _decimal(a: list[str]) -> str | None:
    if not 1 <= len(a) <= 3 or not all(n.isdigit() for n in a[1:]):
        return None
    digits, scale = a[1] if len(a) > 1 else "15", a[2] if len(a) > 2 else "0"
    # Db2 cuts where a cast rounds.
    return f"CAST(trunc(CAST({a[0]} AS DECIMAL(38, 12)), {scale}) AS DECIMAL({digits}, {scale}))"


def _locate(a: list[str]) -> str | None:
    if len(a) == 2:
        return f"strpos({a[1]}, {a[0]})"
    if len(a) != 3:
        return None
    return f"drdarrow_locate({', '.join(a)})"


def _one(form: str) -> _Make:
    return lambda a: form.format(a[0]) if len(a) == 1 else None


FUNCTIONS: dict[str, _Make] = {
    **growing.FORMS,
    "SMALLINT": _whole("SMALLINT"),
    "INTEGER": _whole("INTEGER"),
    "INT": _whole("INTEGER"),
    "BIGINT": _whole("BIGINT"),
    "DOUBLE": _cast("DOUBLE"),
    "FLOAT": _cast("DOUBLE"),
    "DECFLOAT": _cast("DOUBLE"),
    "REAL": _cast("REAL"),
    "DECIMAL": _decimal,
    "DEC": _decimal,
    "NUMERIC": _decimal,
    "CHAR": _fixed,
    "VARCHAR": _text,
    "CLOB": _text,
    "GRAPHIC": _fixed,
    "VARGRAPHIC": _text,
    "DBCLOB": _text,
    "BLOB": _cast("BLOB"),
    "BINARY": _cast("BLOB"),
    "VARBINARY": _cast("BLOB"),
    "TIME": _cast("TIME"),
    "TIMESTAMP": _cast("TIMESTAMP"),
    "NULLIF": _nullif,
    "VALUE": lambda a: f"coalesce({', '.join(a)})",
    "NVL": lambda a: f"coalesce({', '.join(a)})",
    "POSSTR": lambda a: f"strpos({a[0]}, {a[1]})" if len(a) == 2 else None,
    "LOCATE": _locate,
    "STRIP": _one("trim({})"),
    "ABSVAL": _one("abs({})"),
    "RAND": lambda a: None if a else "random()",
    "DAYS": _one("(date_diff('day', DATE '0001-01-01', CAST({} AS DATE)) + 1)"),
    "DAYOFWEEK": _one("(dayofweek(CAST({} AS DATE)) + 1)"),
    "DAYOFWEEK_ISO": _one("isodow(CAST({} AS DATE))"),
    "WEEK": _one("drdarrow_week({})"),
    "WEEK_ISO": _one("week(CAST({} AS DATE))"),
    "MICROSECOND": _one("(microsecond({}) % 1000000)"),
}
