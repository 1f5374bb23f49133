"""Types of the catalogs as types of SQLAlchemy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import types as sqltypes
from sqlalchemy import util

from drdarrow.sqlalchemy import types as own
from drdarrow.sqlalchemy.catalogs.catalog import ColumnFacts

Made = sqltypes.TypeEngine[Any]

_PLAIN: dict[str, Callable[[], Made]] = {
    "SMALLINT": sqltypes.SMALLINT,
    "INTEGER": sqltypes.INTEGER,
    "BIGINT": sqltypes.BIGINT,
    "REAL": sqltypes.REAL,
    "DOUBLE": sqltypes.DOUBLE,
    "DOUBLE PRECISION": sqltypes.DOUBLE,
    "FLOAT": sqltypes.DOUBLE,
    "BOOLEAN": sqltypes.BOOLEAN,
    "DATE": sqltypes.DATE,
    "TIME": sqltypes.TIME,
    "XML": own.XML,
    "LONG VARCHAR": sqltypes.TEXT,
    "LONG VARGRAPHIC": own.DBCLOB,
}
_SIZED: dict[str, Callable[[int | None], Made]] = {
    "CHAR": sqltypes.CHAR,
    "CHARACTER": sqltypes.CHAR,
    "VARCHAR": sqltypes.VARCHAR,
    "CHARACTER VARYING": sqltypes.VARCHAR,
    "CLOB": sqltypes.CLOB,
    "BLOB": sqltypes.BLOB,
    "BINARY": sqltypes.BINARY,
    "VARBINARY": sqltypes.VARBINARY,
    "GRAPHIC": own.GRAPHIC,
    "VARGRAPHIC": own.VARGRAPHIC,
    "VARG": own.VARGRAPHIC,
    "DBCLOB": own.DBCLOB,
    "NCHAR": own.GRAPHIC,
    "NVARCHAR": own.VARGRAPHIC,
    "NCLOB": own.DBCLOB,
}


def of_column(facts: ColumnFacts) -> Made:
    """The type of a column; one that is not known is NullType, with a warning."""
    name, length, scale = facts.type, facts.length, facts.scale
    if facts.bits:
        if name.startswith("LONG"):
            return sqltypes.LargeBinary()
        varying = "VAR" in name
        return own.VarCharForBitData(length) if varying else own.CharForBitData(length)
    if name in ("DECIMAL", "NUMERIC"):
        return (sqltypes.NUMERIC if name == "NUMERIC" else sqltypes.DECIMAL)(length, scale or 0)
    if name == "DECFLOAT":
        return own.DECFLOAT(16 if length in (8, 16) else 34)
    if name.startswith("TIMESTAMP"):
        return sqltypes.TIMESTAMP(timezone=True) if "ZONE" in name else own.TIMESTAMP(scale)
    if name in _PLAIN:
        return _PLAIN[name]()
    if name in _SIZED:
        return _SIZED[name](length)
    util.warn(f"column {facts.name} of {facts.table}: the type {name} is not known")
    return sqltypes.NULLTYPE
