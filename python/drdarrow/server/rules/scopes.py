"""The columns that the names in a query mean, with their types."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from sqlglot import exp

from drdarrow.server.rules.kinds import Kind, decfloats, wider

__all__ = ["Columns", "Scope", "common"]

#: The columns of a query or table in order; None where they are not known.
Columns: TypeAlias = list[tuple[str, Kind | None]] | None


@dataclass
class Scope:
    """A query: its sources by their names, the names that its list gives, the common table expressions around it."""

    outer: Scope | None = None
    sources: list[tuple[str, Columns]] = field(default_factory=list)
    given: dict[str, Kind | None] = field(default_factory=dict)
    ctes: dict[str, Columns] = field(default_factory=dict)
    #: Columns that joins merge, and those of `*` where some are merged: see `joins`.
    merged: dict[str, exp.Expr] = field(default_factory=dict)
    visible: list[tuple[str, exp.Expr]] = field(default_factory=list)

    def add(self, name: str, columns: Columns, renamed: Sequence[str] = ()) -> None:
        """Takes a source. renamed: other names of its columns."""
        if renamed and columns is not None:
            columns = [(new, of) for new, (_, of) in zip(renamed, columns, strict=False)] + columns[len(renamed) :]
        self.sources.append((name.upper(), columns))

    def cte(self, name: str) -> Columns | bool:
        """A common table expression; False where there is none of the name."""
        scope: Scope | None = self
        while scope is not None:
            if name.upper() in scope.ctes:
                return scope.ctes[name.upper()]
            scope = scope.outer
        return False

    def find(self, table: str, name: str, schema: str = "") -> Kind | None:
        """The type of a column; None where it is not known."""
        table, name = table.upper(), name.upper()
        scope: Scope | None = self
        while scope is not None:
            if schema and sum(source == table for source, _ in scope.sources) > 1:
                return None
            for source, columns in scope.sources:
                if table and source != table:
                    continue
                if columns is None:
                    return None
                for column, of in columns:
                    if column.upper() == name:
                        return of
            if not table and name in scope.given:
                return scope.given[name]
            scope = scope.outer
        return None

    def covers(self, table: str, name: str) -> bool:
        """A table of the query may have a column of the name, or there is no such table."""
        scope: Scope | None = self
        while scope is not None:
            for source, columns in scope.sources:
                if source == table.upper():
                    return columns is None or any(column.upper() == name.upper() for column, _ in columns)
            scope = scope.outer
        return True

    def both(self, name: str) -> exp.Expr | None:
        """The column of two tables that a name without one means; None for any other name."""
        scope: Scope | None = self
        while scope is not None:
            if name.upper() in scope.merged:
                return scope.merged[name.upper()].copy()
            for _, columns in scope.sources:
                if columns is None or any(column.upper() == name.upper() for column, _ in columns):
                    return None
            scope = scope.outer
        return None

    def star(self, table: str = "") -> Columns:
        """The columns of all sources, or of one."""
        found: list[tuple[str, Kind | None]] = []
        for source, columns in self.sources:
            if table and source != table.upper():
                continue
            if columns is None:
                return None
            found += columns
        return found


def common(kinds: Iterable[Kind | None]) -> Kind | None:
    """The type of values of several types; None where it is not known."""
    found: Kind | None = None
    for of in kinds:
        if of is None:
            return None
        if found is None or found == of or found.name in ("NULL", "MARKER"):
            found = found if found is not None and of.name == "NULL" else of
        elif of.name in ("NULL", "MARKER"):
            continue
        elif found.whole and of.whole:
            found = wider(found, of)
        elif found.exact and of.exact:
            one, other = found.decimal, of.decimal
            scale = max(one.scale, other.scale)
            size = min(max(one.size - one.scale, other.size - other.scale) + scale, 31)
            found = Kind("DECIMAL", size, scale)
        elif found.number and of.number:
            found = decfloats(found, of) or Kind("DOUBLE")
        elif found.text and of.text:
            both = (found.size, of.size)
            found = Kind(found.name if found.name == of.name else "VARCHAR", max(both) if all(both) else 0)
        elif found.moment and of.text:
            continue
        elif of.moment and found.text:
            found = of
        elif {found.name, of.name} == {"DATE", "TIMESTAMP"}:
            found = Kind("TIMESTAMP")
        else:
            return None
    return found
