"""Tables that rows are inserted into: their columns, and the conditions that rows have to meet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import chain
from typing import Any

import duckdb

from drdarrow.server.inserts import Insert, plain_name
from drdarrow.server.lexer import Word, lex, split

__all__ = ["Column", "Foreign", "KeyPart", "Place", "Target", "has_triggers", "place", "quoted", "shape"]

#: Tables of a name, and where one is that is named without more.
_PLACES = """
SELECT database_name, schema_name, table_name, table_oid, current_database(), current_schema() FROM duckdb_tables()
WHERE lower(table_name) = lower(?)
"""
_HERE = "lower(table_name) = lower(?) AND database_name = ? AND schema_name = ?"
_CONSTRAINTS = f"""
SELECT constraint_type, expression, constraint_column_names, referenced_table, referenced_column_names
FROM duckdb_constraints() WHERE {_HERE}
"""
_INDEXES = f"SELECT sql FROM duckdb_indexes() WHERE is_unique AND {_HERE}"
_DEFAULTS = f"""
SELECT count(*) FROM duckdb_columns() WHERE contains(lower(column_default), 'nextval')
AND {_HERE} AND NOT list_contains(?, lower(column_name))
"""
_TRIGGERS = "SELECT count(*) FROM duckdb_triggers() WHERE lower(table_name) = lower(?)"


@dataclass
class Column:
    """A column of the target, what goes into it, and the marker or literal that it is made of."""

    name: str
    type: str
    item: str
    of: str
    required: bool = False

    @property
    def cast(self) -> str:
        """The value that the column gets."""
        return f"CAST({self.item} AS {self.type})"


@dataclass(frozen=True)
class Place:
    """A table, wherever it is."""

    database: str
    schema: str
    table: str
    #: Later tables have higher ones.
    number: int

    @property
    def name(self) -> str:
        """For statements."""
        return ".".join(map(quoted, (self.database, self.schema, self.table)))


@dataclass(frozen=True)
class KeyPart:
    """A column of a key, in small letters; blanks at its end may not count."""

    column: str
    trimmed: bool = False

    def of(self, value: str) -> str:
        """A value as the key has it."""
        return f"rtrim({value}, ' ')" if self.trimmed else value


@dataclass(frozen=True)
class Foreign:
    """A foreign key: columns, in small letters, and those of another table that they have to be in."""

    columns: tuple[str, ...]
    table: str
    of: tuple[str, ...]


@dataclass
class Target:
    """The columns that get values, the conditions of CHECK, the columns of each key."""

    #: Names and types of all columns.
    shape: list[tuple[str, str]] = field(default_factory=list)
    columns: list[Column] = field(default_factory=list)
    checks: list[str] = field(default_factory=list)
    keys: list[list[KeyPart]] = field(default_factory=list)
    foreign: list[Foreign] = field(default_factory=list)
    #: Conditions that are not looked at: a foreign key to the table itself, a unique index of expressions, a key with
    #: defaults. Defaults that differ from row to row. Something is done for each row.
    further: bool = False
    serial: bool = False
    triggers: bool = False

    @classmethod
    def of(cls, insert: Insert, main: Any) -> Target:
        """That of an INSERT. main: the cursor of the changes, on which nothing may fail."""
        found = cls(shape(insert, main))
        types = {column.lower(): (column, kind) for column, kind in found.shape}
        named = [plain_name(column).lower() for column in insert.columns] or list(types)
        if len(named) != len(insert.items) or any(column not in types for column in named):
            found.further = True
            return found
        of = insert.plain or insert.items
        found.columns = [
            Column(*types[name], item, alone)
            for name, item, alone in zip(named, insert.items, of, strict=True)
            if item != "DEFAULT"
        ]
        found._look(insert.parts, main)
        return found

    def _look(self, parts: Sequence[str], main: Any) -> None:
        where = place(parts, main)
        if where is None:
            # Nobody knows what holds for it.
            self.further = self.serial = True
            return
        here, required = [where.table, where.database, where.schema], set()
        for kind, expression, of, table, others in main.execute(_CONSTRAINTS, here).fetchall():
            if kind == "CHECK":
                self.checks.append(expression)
            elif kind in ("PRIMARY KEY", "UNIQUE"):
                self.keys.append([KeyPart(column.lower()) for column in of])
            elif kind == "FOREIGN KEY":
                # DuckDB has them within a schema only.
                parent = ".".join(map(quoted, (where.database, where.schema, table)))
                self.foreign.append(Foreign(tuple(column.lower() for column in of), parent, tuple(others)))
                self.further = self.further or table.lower() == where.table.lower()
            if kind in ("NOT NULL", "PRIMARY KEY"):
                required |= {column.lower() for column in of}
        for column in self.columns:
            column.required = column.name.lower() in required
        names = [column.name.lower() for column in self.columns]
        for (sql,) in main.execute(_INDEXES, here).fetchall():
            key = _index(sql, [column.lower() for column, _ in self.shape])
            if key:
                self.keys.append(key)
            self.further = self.further or not key
        # Two rows have the same default.
        used = chain((part.column for part in chain(*self.keys)), *(foreign.columns for foreign in self.foreign))
        self.further = self.further or not required | set(used) <= set(names)
        self.serial = bool(_count(main, _DEFAULTS, [*here, names]))
        self.triggers = has_triggers(where.table, main)


def shape(insert: Insert, cursor: Any) -> list[tuple[str, str]]:
    """Names and types of the columns of an INSERT's table."""
    relation = cursor.sql(f"FROM {insert.name} LIMIT 0")
    return [(column, str(kind)) for column, kind in zip(relation.columns, relation.types, strict=True)]


def place(parts: Sequence[str], main: Any) -> Place | None:
    """The table of a name, which has these parts; None where that is not certain."""
    found = main.execute(_PLACES, parts[-1:]).fetchall()
    if not found:
        return None
    database, schema = found[0][4:]
    if len(parts) == 1:
        wanted = [("temp", "main"), (database, schema), (database, "main")]
    elif len(parts) == 2:
        wanted = [(database, parts[0]), (parts[0], "main")]
    else:
        wanted = [(parts[-3], parts[-2])]
    places = {(row[0].lower(), row[1].lower()): Place(*row[:4]) for row in found}
    return next((places[one] for of, within in wanted if (one := (of.lower(), within.lower())) in places), None)


def has_triggers(table: str, main: Any) -> bool:
    """Something is done for each row of a table of this name."""
    return _knows_triggers() and bool(_count(main, _TRIGGERS, [table]))


def _index(sql: str, columns: Sequence[str]) -> list[KeyPart]:
    """The key of `CREATE UNIQUE INDEX name ON table(parts)`; nothing where a part is no column, with its blanks or
    without."""
    words = [word for word in lex(sql) if word.kind != "end" and word.text != ";"]
    opening = next((at for at, word in enumerate(words) if word.text == "("), len(words))
    key = []
    for part in split(words[opening + 1 : -1]):
        while len(part) > 2 and part[0].text == "(" and part[-1].text == ")":
            part = part[1:-1]
        trimmed = [word.text for word in part[:2]] == ["rtrim", "("]
        trimmed = trimmed and [word.text for word in part[3:]] == [",", "' '", ")"]
        one: Sequence[Word] = part[2:3] if trimmed else part
        if len(one) != 1 or (name := plain_name(one[0].text).lower()) not in columns:
            return []
        key.append(KeyPart(name, trimmed))
    return key


def quoted(name: str) -> str:
    """A name in quotes."""
    return '"' + name.replace('"', '""') + '"'


def _asked() -> bool:
    with duckdb.connect(":memory:") as connection:
        functions = connection.execute("SELECT 1 FROM duckdb_functions() WHERE function_name = 'duckdb_triggers'")
        return functions.fetchone() is not None


#: Whether the DuckDB in use knows triggers.
_knows_triggers = cache(_asked)


def _count(main: Any, sql: str, values: list[Any]) -> int:
    return int(main.execute(sql, values).fetchall()[0][0])
