"""Types of expressions as Db2 has them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from sqlglot import exp

__all__ = ["Kind", "decfloats", "declared", "kind", "of_constant", "of_duck", "of_type", "wider"]

_DECIMAL = re.compile(r"DECIMAL\((\d+), ?(\d+)\)")
_INTEGERS = {"SMALLINT": (5, 2), "INTEGER": (11, 4), "BIGINT": (19, 8), "HUGEINT": (31, 16)}
#: Bytes of the longest VARCHAR, and of the longest CHAR.
_LONGEST, _FIXED = 32_672, 254
_ORDER = list(_INTEGERS)
_NAMES = {
    "TINYINT": "SMALLINT", "UTINYINT": "SMALLINT", "USMALLINT": "INTEGER", "UINTEGER": "BIGINT", "UBIGINT": "HUGEINT",
    "UHUGEINT": "HUGEINT", "FLOAT": "REAL", "TIMESTAMP_S": "TIMESTAMP", "TIMESTAMP_MS": "TIMESTAMP",
    "TIMESTAMP_NS": "TIMESTAMP", '"NULL"': "NULL",
}  # fmt: skip


@dataclass(frozen=True)
class Kind:
    """A type: INTEGER, DECIMAL, VARCHAR and so on. size: digits of a DECIMAL or DECFLOAT, characters or bytes of a text
    as far as they are known; scale: digits after the point. MARKER is a parameter that has no type yet."""

    name: str
    size: int = 0
    scale: int = 0

    @property
    def whole(self) -> bool:
        """SMALLINT, INTEGER, BIGINT."""
        return self.name in _INTEGERS

    @property
    def exact(self) -> bool:
        """An integer or a DECIMAL."""
        return self.whole or self.name == "DECIMAL"

    @property
    def approximate(self) -> bool:
        """REAL, DOUBLE, DECFLOAT."""
        return self.name in ("REAL", "DOUBLE", "DECFLOAT")

    @property
    def number(self) -> bool:
        """Any number."""
        return self.exact or self.approximate

    @property
    def text(self) -> bool:
        """CHAR, VARCHAR."""
        return self.name in ("CHAR", "VARCHAR")

    @property
    def moment(self) -> bool:
        """DATE, TIME, TIMESTAMP."""
        return self.name in ("DATE", "TIME", "TIMESTAMP")

    @property
    def decimal(self) -> Kind:
        """The DECIMAL that an integer counts as in arithmetic."""
        return self if self.name == "DECIMAL" else Kind("DECIMAL", _INTEGERS[self.name][0], 0)

    @property
    def bytes(self) -> int:
        """Bytes of an integer."""
        return _INTEGERS[self.name][1]

    @property
    def about(self) -> dict[str, str]:
        """The facts that describe a column of the type beyond DuckDB's."""
        if self.name == "DECFLOAT":
            return {"drda:type": "DECFLOAT", "drda:length": "8" if self.size == 16 else "16"}
        if not self.text or not 0 < self.size <= _LONGEST:
            return {}
        name = "CHAR" if self.name == "CHAR" and self.size <= _FIXED else "VARCHAR"
        return {"drda:type": name, "drda:length": str(self.size)}

    @property
    def duck(self) -> str:
        """DuckDB's name."""
        if self.name == "DECIMAL":
            return f"DECIMAL({self.size}, {self.scale})"
        return {"CHAR": "VARCHAR", "MARKER": "VARCHAR", "DECFLOAT": "DOUBLE"}.get(self.name, self.name)


def wider(one: Kind, other: Kind) -> Kind:
    """The integer type that holds both."""
    return max(one, other, key=lambda kind: _ORDER.index(kind.name))


def decfloats(one: Kind, other: Kind) -> Kind | None:
    """The DECFLOAT that two numbers are computed in; None where none of them is one."""
    if "DECFLOAT" not in (one.name, other.name):
        return None
    short = all(
        of == Kind("DECFLOAT", 16) or of.exact and of.name != "BIGINT" and of.decimal.size <= 16 for of in (one, other)
    )
    return Kind("DECFLOAT", 16 if short else 34)


def of_duck(name: str) -> Kind | None:
    """DuckDB's type; None for one that Db2 has not."""
    if found := _DECIMAL.fullmatch(name):
        return Kind("DECIMAL", int(found[1]), int(found[2]))
    name = _NAMES.get(name, name)
    known = (
        *_INTEGERS,
        "REAL",
        "DOUBLE",
        "VARCHAR",
        "DATE",
        "TIME",
        "TIMESTAMP",
        "BLOB",
        "BOOLEAN",
        "NULL",
        "INTERVAL",
    )
    return Kind(name) if name in known else None


def declared(duck: str, about: Mapping[str, str]) -> Kind | None:
    """The type of a column with what its table was declared as."""
    found = of_duck(duck)
    if found is not None and found.name == "VARCHAR" and about.get("drda:length", "").isdigit():
        fixed = about.get("drda:type") in ("CHAR", "GRAPHIC")
        return Kind("CHAR" if fixed else "VARCHAR", int(about["drda:length"]))
    if found is not None and found.name == "DOUBLE" and about.get("drda:type") == "DECFLOAT":
        return Kind("DECFLOAT", 16 if about.get("drda:length") == "8" else 34)
    return found


def kind(node: exp.Expr | None) -> Kind | None:
    """The type that the walk found for an expression; None where it found none."""
    found = node.meta.get("kind") if node is not None and node._meta else None
    return found if isinstance(found, Kind) else None


def of_type(found: object) -> Kind | None:
    """The type that stands in a statement."""
    words = found.sql("duckdb") if isinstance(found, exp.DataType) else ""
    return of_duck({"INT": "INTEGER", "TEXT": "VARCHAR"}.get(words, words))


def of_constant(node: exp.Literal, in_bytes: bool) -> Kind:
    """The type of a constant. in_bytes: the length of a text is counted so."""
    words = node.name
    if node.is_string:
        return Kind("VARCHAR", len(words.encode(errors="replace")) if in_bytes else len(words))
    if "e" in words or "E" in words:
        return Kind("DOUBLE")
    if "." in words:
        digits, _, places = words.partition(".")
        return Kind("DECIMAL", len(digits) + len(places), len(places))
    value = int(words)
    if value < 1 << 31:
        return Kind("INTEGER")
    return Kind("BIGINT") if value < 1 << 63 else Kind("DECIMAL", len(words), 0)
