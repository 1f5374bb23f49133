"""Conditions on the columns of a result, in SQL: those that a library asks for are sent to the server where SQL means
the same. A condition that lets more rows pass than the library's own says so, and is then asked again on what came; one
that could let fewer pass is not sent at all.
"""

from __future__ import annotations

import ctypes
import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow

__all__ = ["Column", "Condition", "both", "columns", "either", "negated"]

#: A library's comparison in SQL, and its opposite.
OPPOSITES = {"=": "<>", "<>": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
#: Values in one IN; the rest of a longer list is asked on what came.
_MOST = 1_000
#: The largest float of 32 bits.
_LARGEST = (2 - 2**-23) * 2.0**127


@dataclass(frozen=True)
class Condition:
    """Text of SQL with question marks, and their values. `exact`: it lets the same rows pass, with NULLs as in SQL."""

    sql: str
    values: tuple[Any, ...] = ()
    exact: bool = True


def both(left: Condition | None, right: Condition | None) -> Condition | None:
    """Rows that pass both. One that is not there lets all pass."""
    if left is None or right is None:
        known = left or right
        return known and Condition(known.sql, known.values, exact=False)
    return Condition(f"({left.sql} AND {right.sql})", left.values + right.values, left.exact and right.exact)


def either(left: Condition | None, right: Condition | None) -> Condition | None:
    """Rows that pass one of them."""
    if left is None or right is None:
        return None
    return Condition(f"({left.sql} OR {right.sql})", left.values + right.values, left.exact and right.exact)


def negated(one: Condition | None) -> Condition | None:
    """Rows that do not pass it."""
    return Condition(f"NOT {one.sql}", one.values) if one is not None and one.exact else None


@dataclass(frozen=True)
class Column:
    """A column that conditions are asked on. `kind`: the SQL type; `type`: that of Arrow."""

    name: str
    kind: str
    type: pyarrow.DataType
    #: Digits of a decimal, or characters; 0 where the server does not tell.
    size: int
    #: Digits of fractions.
    scale: int
    #: Its text is in Unicode.
    unicode: bool = False
    #: Its text is read in another page than that of the server.
    forced: bool = False
    #: The server's floats are those of IEEE 754.
    ieee: bool = True

    @property
    def quoted(self) -> str:
        """Its name in SQL."""
        return '"' + self.name.replace('"', '""') + '"'

    def compare(self, operator: str, value: object) -> Condition | None:
        """`column operator value`, or None where SQL might let fewer rows pass."""
        if value is None or operator not in OPPOSITES:
            return None
        # Long ones are not compared by servers.
        if self.kind in ("CHAR", "VARCHAR", "GRAPHIC", "VARGRAPHIC"):
            return self._text(operator, value)
        if self.kind == "TIMESTAMP":
            return self._timestamp(operator, value)
        return Condition(f"({self.quoted} {operator} ?)", (value,)) if self._holds(value) else None

    def one_of(self, values: Iterable[object]) -> Condition | None:
        """The column has one of the values. A NULL among them matches no row."""
        found = [self.compare("=", value) for value in values if value is not None]
        if not found or len(found) > _MOST:
            return None
        known = [one for one in found if one is not None]
        if len(known) < len(found) or any(len(one.values) != 1 for one in known):
            return None
        marks = ", ".join("?" * len(known))
        # Beside a NULL, a value that is not among them is NULL in SQL and false elsewhere: it does not pass.
        return Condition(f"({self.quoted} IN ({marks}))", tuple(one.values[0] for one in known), exact=False)

    def known(self) -> Condition:
        """The column is not NULL. Settings may read more values as NULL than the server has."""
        return Condition(f"({self.quoted} IS NOT NULL)", exact=False)

    def _holds(self, value: object) -> bool:
        """The server compares the value as it is: no rounding, no other code page."""
        import pyarrow.types as types

        if isinstance(value, bool):
            return False
        if self.kind in ("SMALLINT", "INTEGER", "BIGINT"):
            bits = self.type.bit_width - 1
            return isinstance(value, int) and -(1 << bits) <= value < 1 << bits
        if self.kind in ("DECIMAL", "NUMERIC") and types.is_decimal(self.type):
            return isinstance(value, (int, Decimal)) and self._decimal(Decimal(value))
        if self.kind in ("REAL", "DOUBLE") and self.ieee and isinstance(value, float) and value - value == 0:
            if types.is_float64(self.type) and self.kind == "DOUBLE":
                return True
            return types.is_float32(self.type) and abs(value) <= _LARGEST and ctypes.c_float(value).value == value
        return self.kind == "DATE" and isinstance(value, dt.date) and not isinstance(value, dt.datetime)

    def _decimal(self, value: Decimal) -> bool:
        """The column's type has the value."""
        _, digits, exponent = value.as_tuple()
        if not isinstance(exponent, int) or len(digits) + abs(exponent) >= 100:
            return False
        # In integers: operators of Decimal round as their context says.
        number, more = int("".join(map(str, digits))), exponent + self.scale
        whole, rest = (number * 10**more, 0) if more >= 0 else divmod(number, 10**-more)
        return rest == 0 and whole < 10**self.size

    def _text(self, operator: str, value: object) -> Condition | None:
        """Equality alone: the order of the letters is the server's, and blanks at the end count for less there. An
        empty text may be NULL to it, in some code pages two codes are the same letter, and text that is read in
        another page than the server's is another one.
        """
        if operator != "=" or not isinstance(value, str) or not value.strip(" ") or not value.isprintable():
            return None
        # A mark for bytes that mean nothing; and letters that pages of Asia have in two ways.
        doubtful = "\ufffd" if self.unicode else "\\~"
        if self.forced or not (value.isascii() or self.unicode) or any(letter in doubtful for letter in value):
            return None
        return Condition(f"({self.quoted} = ?)", (value,), exact=False) if len(value.encode()) <= self.size else None

    def _timestamp(self, operator: str, value: object) -> Condition | None:
        """Of microseconds. What the server has beyond them is cut on this side, or an error. 24:00:00 is midnight of
        the next day here, and comes before it at the server.
        """
        if not isinstance(value, dt.datetime) or value.tzinfo or str(self.type) != "timestamp[us]":
            return None
        # The end of time is another moment on this side.
        if not 1 < value.year < 9999 or value.microsecond % 10 ** max(6 - self.scale, 0):
            return None
        midnight, finer = value.time() == dt.time(), self.scale > 6
        exact = not (midnight or finer)
        least = Condition(f"({self.quoted} >= ?)", (value,), exact)
        if midnight:
            least = Condition(f"({self.quoted} > ?)", (value - dt.timedelta(seconds=1),), exact)
        most = Condition(f"({self.quoted} <= ?)", (value,), exact)
        if finer:
            most = Condition(f"({self.quoted} < ?)", (value + dt.timedelta(microseconds=1),), exact)
        if operator == ">=":
            return least
        if operator == "<=":
            return most
        if operator == "=":
            return Condition(f"({self.quoted} = ?)", (value,)) if exact else both(least, most)
        return Condition(f"({self.quoted} {operator} ?)", (value,), exact) if exact or operator != "<>" else None


def columns(schema: pyarrow.Schema, *, ieee: bool) -> dict[str, Column]:
    """The columns of a result, by name. `ieee`: the server's floats are of IEEE 754."""
    found = {}
    for field in schema:
        said = {key: value.decode() for key, value in (field.metadata or {}).items()}
        kind = said.get(b"drda:type", "")
        size = said.get(b"drda:precision") or said.get(b"drda:length") or "0"
        scale = said.get(b"drda:scale") or "0"
        unicode = said.get(b"drda:ccsid") in ("1200", "1208")
        forced = b"drda:forced_ccsid" in said
        found[field.name] = Column(field.name, kind, field.type, int(size), int(scale), unicode, forced, ieee)
    return found
