"""SQL types that SQLAlchemy has no class for, and the way of values to and from the driver where they differ."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from sqlalchemy import types as sqltypes
from sqlalchemy.engine.interfaces import Dialect

Processor = Callable[[Any], Any]


class DECFLOAT(sqltypes.Numeric[Decimal]):
    """Decimal floating point of 16 or 34 digits. Derby has none."""

    __visit_name__ = "DECFLOAT"

    def __init__(self, precision: int = 34) -> None:
        if precision not in (16, 34):
            raise ValueError(f"DECFLOAT has a precision of 16 or 34, not {precision}")
        super().__init__(precision=precision, asdecimal=True)

    def bind_processor(self, dialect: Dialect) -> Processor | None:
        return None

    def result_processor(self, dialect: Dialect, coltype: object) -> Processor | None:
        """The driver gives text, for NaN and Infinity are among its values."""

        def process(value: Any) -> Any:
            return Decimal(value) if isinstance(value, str) else value

        return process


class GRAPHIC(sqltypes.Unicode):
    """Text of a fixed number of UTF-16 units."""

    __visit_name__ = "GRAPHIC"


class VARGRAPHIC(sqltypes.Unicode):
    """Text of up to so many UTF-16 units."""

    __visit_name__ = "VARGRAPHIC"


class DBCLOB(sqltypes.UnicodeText):
    """A large text in UTF-16."""

    __visit_name__ = "DBCLOB"


class CharForBitData(sqltypes.BINARY):
    """CHAR(n) FOR BIT DATA: bytes that are padded as text is."""

    __visit_name__ = "CHAR_FOR_BIT_DATA"


class VarCharForBitData(sqltypes.VARBINARY):
    """VARCHAR(n) FOR BIT DATA: bytes in a column of a text type."""

    __visit_name__ = "VARCHAR_FOR_BIT_DATA"


class TIMESTAMP(sqltypes.TIMESTAMP):
    """A timestamp with so many digits of a second; Derby has nine and takes no number."""

    def __init__(self, precision: int | None = None) -> None:
        super().__init__(timezone=False)
        self.precision = precision


class XML(sqltypes.Text):
    """A document, as text."""

    __visit_name__ = "XML"


class Time(sqltypes.Time):
    """TIME has whole seconds in all these products, so that others are an error before a fraction is lost."""

    def bind_processor(self, dialect: Dialect) -> Processor | None:
        def process(value: Any) -> Any:
            if isinstance(value, datetime.time) and value.microsecond:
                raise ValueError(f"TIME has whole seconds, and {value} has a fraction: use a TIMESTAMP")
            return value

        return process


class Numeric(sqltypes.Numeric[Any]):
    """An expression of DECFLOAT comes as text, as its columns do."""

    def result_processor(self, dialect: Dialect, coltype: object) -> Processor | None:
        if self.asdecimal:
            return lambda value: Decimal(value) if isinstance(value, str) else value
        return lambda value: value if value is None else float(value)


class Boolean(sqltypes.Boolean):
    """Where there is no BOOLEAN a SMALLINT of 0 and 1 has its place."""

    def bind_processor(self, dialect: Dialect) -> Processor | None:
        coerce = self._strict_as_bool
        if dialect.supports_native_boolean:
            return coerce

        def process(value: Any) -> Any:
            value = coerce(value)
            return value if value is None else int(value)

        return process

    def result_processor(self, dialect: Dialect, coltype: object) -> Processor | None:
        def process(value: Any) -> Any:
            return value if value is None else bool(value)

        return process


#: Types of SQLAlchemy that these products see differently.
COLSPECS: dict[Any, Any] = {
    sqltypes.Numeric: Numeric,
    sqltypes.Time: Time,
    sqltypes.Boolean: Boolean,
}
