"""Changes of record files in a target: applied to its tables, or kept beside Parquet as files of changes.

A target keeps the position in the journal in the transaction, or commit, that has the changes: whatever moment a copy
is killed at, each change is in once.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Protocol

import pyarrow as pa

from drdarrow.copying.databases import Database, DuckDB, grouped
from drdarrow.copying.effects import effect
from drdarrow.copying.files import PartFiles, checked
from drdarrow.copying.folder import CHANGES, Folder, as_stored
from drdarrow.exceptions import DataError, Error, InterfaceError
from drdarrow.journal.chain import Position

if TYPE_CHECKING:
    from drdarrow.copying.feed import Feed
    from drdarrow.copying.manifest import TableState

__all__ = ["ChangeTarget", "change_target", "noted"]


class ChangeTarget(Protocol):
    """A place that takes changes."""

    def position(self, table: TableState) -> Position:
        """Where the changes end that are in."""

    def take(self, table: TableState, changes: Feed) -> None:
        """Takes changes, all of them or nothing, with the position after them. The state is told both."""


def change_target(target: Any) -> ChangeTarget:
    """The target, for changes."""
    if isinstance(target, DuckDB | Database):
        return _Applied(target)
    if type(target) is Folder:
        return _Kept(target)
    from drdarrow.copying.changing_lakes import AppliedDelta, AppliedIceberg
    from drdarrow.copying.lakes import Delta

    return AppliedDelta(target) if isinstance(target, Delta) else AppliedIceberg(target)


def noted(table: TableState) -> Position:
    """The position of the manifest."""
    if table.position is None:
        raise InterfaceError(
            f"{table.name}: the copy does not know where its journal was when it began; set restart=True to copy anew"
        )
    return Position(*table.position)


class _Applied:
    """Tables of a database, which changes are applied to by the numbers of records."""

    def __init__(self, target: DuckDB | Database) -> None:
        self._target = target

    def position(self, table: TableState) -> Position:
        # The database knows it with the changes themselves; the manifest may have missed the last ones.
        sql = (
            f"SELECT RECEIVER, SEQUENCE_NO, ATTACHED, CHANGE_COUNT FROM {self._target.positions} "
            "WHERE COPY_ID = ? AND TABLE_NAME = ?"
        )
        if not self._target.exists(table):
            raise DataError(
                f"{table.name}: the target has no such table any more: another removed it; restart=True copies anew",
                phase="execute",
            )
        for receiver, sequence, attached, count in self._target.ask(sql, (self._target.id, table.name)):
            table.position, table.changes = [receiver, int(sequence), attached], int(count)
        return noted(table)

    def take(self, table: TableState, changes: Feed) -> None:
        try:
            self._take(table, changes)
        except self._target.refusals as e:
            cure = "where another has changed the table, set restart=True to copy anew"
            if isinstance(e, Error):
                e.add_note(f"the target does not take the changes of {table.name}; {cure}")
                raise
            raise DataError(f"{table.name}: the target does not take the changes: {e}; {cure}", phase="execute") from e

    def _take(self, table: TableState, changes: Feed) -> None:
        target = self._target
        with target.unit() as unit:
            count = table.changes
            for group in grouped(changes, target.options.row_group_bytes):
                unit.apply(table, effect(group))
                count += group.num_rows
            where = f"FROM {target.positions} WHERE COPY_ID = ? AND TABLE_NAME = ?"
            unit.execute(f"DELETE {where}", (target.id, table.name))
            row = (target.id, table.name, *changes.position, count)
            unit.execute(f"INSERT INTO {target.positions} VALUES (?, ?, ?, ?, ?, ?)", row)
        table.position, table.changes = list(changes.position), count


class _Kept:
    """Files of changes, in a folder of their own beside the rows that were copied."""

    def __init__(self, target: Folder) -> None:
        self._target = target

    def position(self, table: TableState) -> Position:
        return noted(table)

    def take(self, table: TableState, changes: Feed) -> None:
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


def _stored(changes: Feed, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    for batch in changes:
        yield as_stored(batch, schema)
