"""The form of a catalog: for each kind of fact one statement, and the way from its rows to the fact."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

Rows = Sequence[Sequence[Any]]


class Relation(NamedTuple):
    """A table ("T"), view ("V") or materialized query table ("M")."""

    name: str
    kind: str
    comment: str | None


class Alias(NamedTuple):
    """Another name of a table."""

    name: str
    schema: str
    table: str


class ColumnFacts(NamedTuple):
    """A column of a table, as the server says it."""

    table: str
    name: str
    type: str
    length: int | None
    scale: int | None
    nullable: bool
    default: str | None
    comment: str | None
    bits: bool = False
    #: "ALWAYS" or "BY DEFAULT" of an identity column.
    identity: str | None = None
    #: Facts about its numbers, by SQLAlchemy's names.
    numbers: dict[str, Any] | None = None
    #: The expression of GENERATED ALWAYS AS.
    computed: str | None = None


class Key(NamedTuple):
    """One column of a primary ("P") or unique ("U") key."""

    table: str
    name: str
    kind: str
    column: str


class Reference(NamedTuple):
    """One column of a foreign key."""

    table: str
    name: str
    column: str
    parent_schema: str
    parent: str
    parent_column: str
    on_delete: str | None
    on_update: str | None


class Check(NamedTuple):
    table: str
    name: str
    text: str


class IndexPart(NamedTuple):
    """One column of an index that is no key's: "A" ascends, "D" descends, "I" is only included. A column is None where
    an expression stands."""

    table: str
    name: str
    unique: bool
    column: str | None
    order: str
    expression: str | None = None


@dataclasses.dataclass(frozen=True)
class Question:
    """A statement, with `:schema` for a schema and `AND x IN (:names)` for some tables, and the reader of its rows."""

    text: str
    read: Callable[[Rows], Iterable[Any]]

    def bind(self, schema: str | None, names: Sequence[str] | None) -> tuple[str, tuple[str, ...]]:
        """The text with question marks, and their values. Without names it asks for all of them."""
        values: list[str] = []

        def put(found: re.Match[str]) -> str:
            if found[0] == ":schema":
                values.append(schema or "")
                return "?"
            if names is None:
                return ""
            values.extend(names)
            return f"AND {found[1]} IN ({', '.join('?' * len(names))})"

        return re.sub(r":schema\b|AND (\S+) IN \(:names\)", put, self.text), tuple(values)


@dataclasses.dataclass(frozen=True)
class Catalog:
    schemas: Question
    relations: Question
    columns: Question
    keys: Question
    references: Question
    checks: Question
    indexes: Question
    #: Other names of tables.
    aliases: Question
    #: Rows of name and text.
    views: Question
    #: Rows of names.
    sequences: Question


def trimmed(value: Any) -> str:
    """Names of old tables come with blanks."""
    return str(value).rstrip()


def names(rows: Rows) -> list[str]:
    return [trimmed(row[0]) for row in rows]


def aliases(rows: Rows) -> list[Alias]:
    """Of rows with name, schema and table."""
    return [Alias(*map(trimmed, row)) for row in rows]


def texts(rows: Rows) -> list[tuple[str, str]]:
    """Texts by name, of which long ones may come in several rows."""
    found: dict[str, str] = {}
    for name, text in rows:
        name = trimmed(name)
        found[name] = found.get(name, "") + (text or "")
    return list(found.items())


#: The rules of foreign keys by their letters. NO ACTION is the default, and is not told.
RULES = {"C": "CASCADE", "N": "SET NULL", "R": "RESTRICT", "D": "SET DEFAULT"}


def rule(letter: Any) -> str | None:
    return RULES.get(trimmed(letter)) if letter is not None else None


def number(value: Any) -> int | None:
    return None if value is None else int(value)


def yes(value: Any) -> bool:
    return value is not None and trimmed(value) in ("Y", "YES")


def attributes(
    start: Any, increment: Any, minimum: Any = None, maximum: Any = None, cycle: Any = None, cache: Any = None
) -> dict[str, Any]:
    """The numbers of an identity column, by SQLAlchemy's names."""
    found = {
        "start": number(start),
        "increment": number(increment),
        "minvalue": number(minimum),
        "maxvalue": number(maximum),
        "cycle": None if cycle is None else yes(cycle),
        "cache": number(cache) or None,
    }
    return {key: value for key, value in found.items() if value is not None}
