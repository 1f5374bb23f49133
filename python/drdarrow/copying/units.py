"""Transactions of databases that make records those that changes leave."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import pyarrow as pa

from drdarrow.copying.effects import Effect
from drdarrow.copying.manifest import TableState
from drdarrow.partitions.relation import quoted

if TYPE_CHECKING:
    from drdarrow.copying.databases import Database, DuckDB

__all__ = ["DatabaseUnit", "DuckDBUnit", "Unit"]


class Unit(Protocol):
    """A transaction under way."""

    def execute(self, sql: str, values: tuple[Any, ...] = ()) -> object:
        """Executes a statement."""

    def apply(self, table: TableState, effect: Effect) -> None:
        """Makes the records of a table those that changes leave."""


class DuckDBUnit:
    """That of DuckDB, by a cursor of its own."""

    def __init__(self, cursor: Any, target: DuckDB) -> None:
        self._cursor, self._target = cursor, target

    def execute(self, sql: str, values: tuple[Any, ...] = ()) -> object:
        return self._cursor.execute(sql, list(values))

    def apply(self, table: TableState, effect: Effect) -> None:
        cursor, name = self._cursor, self._target.quoted(table)
        if effect.cleared:
            cursor.execute(f"DELETE FROM {name}")
        number, *fields = (quoted(column) for column, _ in table.columns)
        cursor.register("drdarrow_rows", pa.table({"_rrn": effect.numbers}))
        cursor.execute(f"DELETE FROM {name} WHERE {number} IN (SELECT _rrn FROM drdarrow_rows)")
        cursor.unregister("drdarrow_rows")
        cursor.register("drdarrow_rows", effect.records)
        listed = "".join(f", {field}" for field in fields)
        cursor.execute(f"INSERT INTO {name} SELECT _rrn{listed} FROM drdarrow_rows")
        cursor.unregister("drdarrow_rows")


class DatabaseUnit:
    """That of a connection."""

    def __init__(self, cursor: Any, target: Database) -> None:
        self._cursor, self._target = cursor, target

    def execute(self, sql: str, values: tuple[Any, ...] = ()) -> object:
        return self._cursor.execute(sql, values)

    def apply(self, table: TableState, effect: Effect) -> None:
        name = self._target.quoted(table)
        if effect.cleared:
            self._cursor.execute(f"DELETE FROM {name}")
        number = table.columns[0][0]
        if len(effect.numbers):
            rows = pa.table({number: effect.numbers})
            self._cursor.executemany(f"DELETE FROM {name} WHERE {quoted(number)} = ?", rows)
        if effect.records.num_rows:
            columns = [column for column, _ in table.columns]
            self._cursor.ingest(name, effect.records.rename_columns(columns), "append")
