"""Changes of record files in a target: applied to a table of DuckDB, or kept beside Parquet as files of changes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol

import pyarrow as pa

from drdarrow.copying.databases import POSITIONS, DuckDB, grouped
from drdarrow.copying.files import PartFiles, checked
from drdarrow.copying.folder import CHANGES, Folder, as_stored
from drdarrow.exceptions import InterfaceError
from drdarrow.journal.chain import Position

if TYPE_CHECKING:
    from drdarrow.copying.manifest import TableState
    from drdarrow.journal.changes import Changes

__all__ = ["ChangeTarget", "change_target"]

#: Changes after which a record is there.
_PUT = "('insert', 'update_after')"


class ChangeTarget(Protocol):
    """A place that takes changes."""

    def position(self, table: TableState) -> Position:
        """Where the changes end that are in."""

    def take(self, table: TableState, changes: Changes) -> None:
        """Takes changes, all of them or nothing, with the position after them. The state is told both."""


def change_target(target: Any) -> ChangeTarget:
    """The target, for changes."""
    if isinstance(target, DuckDB):
        return _Applied(target)
    assert type(target) is Folder, "options refuse other formats"
    return _Kept(target)


def _noted(table: TableState) -> Position:
    """The position of the manifest."""
    if table.position is None:
        raise InterfaceError(
            f"{table.name}: the copy does not know where its journal was when it began; set restart=True to copy anew"
        )
    return Position(*table.position)


class _Applied:
    """Tables of DuckDB, which changes are applied to by the numbers of records."""

    def __init__(self, target: DuckDB) -> None:
        self._target = target

    def position(self, table: TableState) -> Position:
        # The database knows it with the changes themselves; the manifest may have missed the last ones.
        sql = (
            f"SELECT RECEIVER, SEQUENCE_NO, ATTACHED, CHANGE_COUNT FROM {POSITIONS} "
            "WHERE COPY_ID = ? AND TABLE_NAME = ?"
        )
        for *place, count in self._target.ask(sql, (self._target.id, table.name)):
            table.position, table.changes = place, count
        return _noted(table)

    def take(self, table: TableState, changes: Changes) -> None:
        with self._target.cursor() as cursor:
            cursor.begin()
            try:
                count = table.changes
                for group in grouped(changes, self._target.options.row_group_bytes):
                    self._apply(cursor, table, group)
                    count += group.num_rows
                row = [self._target.id, table.name, *changes.position, count]
                cursor.execute(f"INSERT OR REPLACE INTO {POSITIONS} VALUES (?, ?, ?, ?, ?, ?)", row)
                cursor.commit()
            except BaseException:
                with suppress(Exception):
                    cursor.rollback()
                raise
        table.position, table.changes = list(changes.position), count

    def _apply(self, cursor: Any, table: TableState, group: pa.Table) -> None:
        name = self._target.quoted(table)
        clears = [at for at, change in enumerate(group["_change"].to_pylist()) if change == "clear"]
        if clears:
            cursor.execute(f"DELETE FROM {name}")
            group = group.slice(clears[-1] + 1)
        number, *fields = (_quoted(column) for column, _ in table.columns)
        listed = "".join(f", {field}" for field in fields)
        cursor.register("drdarrow_rows", group)
        cursor.execute(
            f"DELETE FROM {name} WHERE {number} IN (SELECT _rrn FROM drdarrow_rows WHERE _change <> 'update_before')"
        )
        cursor.execute(
            f"INSERT INTO {name} SELECT _rrn{listed} FROM (SELECT * FROM drdarrow_rows "
            "WHERE _change <> 'update_before' "
            "QUALIFY row_number() OVER (PARTITION BY _rrn ORDER BY _sequence DESC) = 1) "
            f"WHERE _change IN {_PUT}"
        )
        cursor.unregister("drdarrow_rows")


class _Kept:
    """Files of changes, in a folder of their own beside the rows that were copied."""

    def __init__(self, target: Folder) -> None:
        self._target = target

    def position(self, table: TableState) -> Position:
        return _noted(table)

    def take(self, table: TableState, changes: Changes) -> None:
        target = self._target
        schema = target.stored(changes.schema)
        began = changes.position
        stem = f"{target.folder(table)}/{CHANGES}/changes-{target.id}-{len(table.change_files):08}-{began.sequence:020}"
        with PartFiles(target.store, stem, "parquet", schema, target.options) as files:
            for batch in _stored(changes, schema):
                files.add(batch)
            files.end(empty=False)
            if target.options.verify:
                for file in files.files:
                    checked(target.store, file, "parquet", schema)
        table.change_files += files.files
        table.changes += sum(file.rows for file in files.files)
        table.position = list(changes.position)


def _stored(changes: Changes, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    for batch in changes:
        yield as_stored(batch, schema)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
