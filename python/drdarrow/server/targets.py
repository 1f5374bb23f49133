"""Tables that rows are inserted into: their columns, and the conditions that rows have to meet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import chain
from typing import Any

import duckdb

from drdarrow.server.inserts import Insert, plain_name

__all__ = ["Column", "Target", "shape"]

#: Tables of a name, and where one is that is named without more.
_PLACES = """
SELECT database_name, schema_name, current_database(), current_schema() FROM duckdb_tables()
WHERE lower(table_name) = lower(?)
"""
_HERE = "lower(table_name) = lower(?) AND database_name = ? AND schema_name = ?"
_CONSTRAINTS = f"""
SELECT constraint_type, expression, constraint_column_names FROM duckdb_constraints() WHERE {_HERE}
"""
#: Rows for what depends on the rows before, or that only the INSERT itself can tell.
_INDEXES = f"SELECT count(*) FROM duckdb_indexes() WHERE is_unique AND {_HERE}"
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


@dataclass
class Target:
    """The columns that get values, the conditions of CHECK, the columns of each key."""

    #: Names and types of all columns.
    shape: list[tuple[str, str]] = field(default_factory=list)
    columns: list[Column] = field(default_factory=list)
    checks: list[str] = field(default_factory=list)
    keys: list[list[str]] = field(default_factory=list)
    #: Conditions that are not looked at: foreign keys, unique indexes. Defaults that differ from row to row.
    #: Something is done for each row.
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
        place = _place(parts, main.execute(_PLACES, parts[-1:]).fetchall())
        if place is None:
            # Nobody knows what holds for it.
            self.further = self.serial = True
            return
        where, required = [parts[-1], *place], set()
        for kind, expression, of in main.execute(_CONSTRAINTS, where).fetchall():
            if kind == "CHECK":
                self.checks.append(expression)
            elif kind in ("PRIMARY KEY", "UNIQUE"):
                self.keys.append([column.lower() for column in of])
            elif kind == "FOREIGN KEY":
                self.further = True
            if kind in ("NOT NULL", "PRIMARY KEY"):
                required |= {column.lower() for column in of}
        for column in self.columns:
            column.required = column.name.lower() in required
        names = [column.name.lower() for column in self.columns]
        self.further = self.further or required > set(names) or bool(_count(main, _INDEXES, where))
        # Two rows have the same default.
        self.further = self.further or not set(chain(*self.keys)) <= set(names)
        self.serial = bool(_count(main, _DEFAULTS, [*where, names]))
        self.triggers = _has_triggers() and bool(_count(main, _TRIGGERS, where[:1]))


def shape(insert: Insert, cursor: Any) -> list[tuple[str, str]]:
    """Names and types of the columns of an INSERT's table."""
    relation = cursor.sql(f"FROM {insert.name} LIMIT 0")
    return [(column, str(kind)) for column, kind in zip(relation.columns, relation.types, strict=True)]


def _place(parts: Sequence[str], found: Sequence[tuple[str, str, str, str]]) -> tuple[str, str] | None:
    """Database and schema of a table by the parts of its name; None where that is not certain."""
    if not found:
        return None
    database, schema = found[0][2:]
    if len(parts) == 1:
        wanted = [("temp", "main"), (database, schema), (database, "main")]
    elif len(parts) == 2:
        wanted = [(database, parts[0]), (parts[0], "main")]
    else:
        wanted = [(parts[-3], parts[-2])]
    places = {(of.lower(), within.lower()): (of, within) for of, within, _, _ in found}
    return next((places[one] for of, within in wanted if (one := (of.lower(), within.lower())) in places), None)


def _asked() -> bool:
    with duckdb.connect(":memory:") as connection:
        functions = connection.execute("SELECT 1 FROM duckdb_functions() WHERE function_name = 'duckdb_triggers'")
        return functions.fetchone() is not None


#: Whether the DuckDB in use knows triggers.
_has_triggers = cache(_asked)


def _count(main: Any, sql: str, values: list[Any]) -> int:
    return int(main.execute(sql, values).fetchall()[0][0])
