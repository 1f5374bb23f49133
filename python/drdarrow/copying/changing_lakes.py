"""Changes of record files applied to Delta Lake and Iceberg: a commit has changes, and the position after them."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from drdarrow.copying.changing import noted
from drdarrow.copying.databases import grouped
from drdarrow.copying.effects import Effect, effect
from drdarrow.copying.folder import as_stored
from drdarrow.copying.lakes import Delta, Iceberg
from drdarrow.copying.manifest import TableState
from drdarrow.exceptions import DataError
from drdarrow.journal.chain import Position
from drdarrow.partitions.relation import quoted

if TYPE_CHECKING:
    from drdarrow.copying.feed import Feed

__all__ = ["AppliedDelta", "AppliedIceberg"]

#: The key under which a commit tells the position in the journal after its changes.
_FOLLOW = "drdarrow.follow"
#: A column that no record has.
_GONE = "_gone"


def _effects(target: Delta | Iceberg, table: TableState, changes: Feed) -> Iterator[tuple[Effect, pa.Table, int]]:
    """The outcome of groups of changes, the records as the lake has them, and how many changes there were. The position
    of the changes is then after the group."""
    number: Any = pa.field(table.columns[0][0], pa.int64())
    fields: Any = list(changes.schema)[6:]
    schema = target.stored(pa.schema([number, *fields]))
    for group in grouped(changes, target.options.row_group_bytes):
        found = effect(group)
        records = [as_stored(batch, schema) for batch in found.records.rename_columns(schema.names).to_batches()]
        yield found, pa.Table.from_batches(records, schema), group.num_rows


def _told(table: TableState, position: Position, count: int) -> dict[str, Any]:
    return {"commit": table.change_commits + 1, "position": list(position), "changes": count}


class AppliedDelta:
    """Tables of Delta Lake. A transaction of an application counts the commits; each has its position as metadata."""

    def __init__(self, target: Delta) -> None:
        self._target = target

    def position(self, table: TableState) -> Position:
        known, app = self._target.table(table), self._app()
        commits = known.transaction_version(app) or 0
        if commits != table.change_commits:
            # The manifest missed the last ones, which are among the latest of the table.
            told = (json.loads(entry[app]) for entry in known.history() if app in entry)
            last = next((each for each in told if each["commit"] == commits), None)
            if last is None:
                raise DataError(
                    f"{table.name}: the state of the copy is older than the table, whose history does not say how far "
                    "its changes go any more; set restart=True to copy anew"
                )
            table.position, table.changes, table.change_commits = last["position"], last["changes"], commits
        return noted(table)

    def take(self, table: TableState, changes: Feed) -> None:
        for found, records, count in _effects(self._target, table, changes):
            position, total = changes.position, table.changes + count
            table.change_commits = self._apply(table, found, records, _told(table, position, total))
            table.position, table.changes = list(position), total
        table.position = list(changes.position)

    def _apply(self, table: TableState, found: Effect, records: pa.Table, told: dict[str, Any]) -> int:
        from deltalake.transaction import CommitProperties, Transaction

        known, app = self._target.table(table), self._app()
        number = records.schema.names[0]
        gone = found.gone()
        source = pa.concat_tables(
            [
                records.append_column(_GONE, pa.array([False] * records.num_rows, pa.bool_())),
                pa.table({number: gone, _GONE: pa.array([True] * len(gone), pa.bool_())}),
            ],
            promote_options="default",
        )
        merge = known.merge(
            source,
            f"t.{quoted(number)} = s.{quoted(number)}",
            source_alias="s",
            target_alias="t",
            commit_properties=CommitProperties(
                custom_metadata={app: json.dumps(told)}, app_transactions=[Transaction(app, told["commit"])]
            ),
        )
        merge.when_matched_delete(f"s.{_GONE}")
        merge.when_matched_update_all(f"NOT s.{_GONE}", except_cols=[_GONE])
        merge.when_not_matched_insert_all(f"NOT s.{_GONE}", except_cols=[_GONE])
        if found.cleared:
            merge.when_not_matched_by_source_delete()
        merge.execute()
        # Nothing is committed where nothing is to be changed.
        commits: int = known.transaction_version(app) or 0
        return commits

    def _app(self) -> str:
        return f"{_FOLLOW}/{self._target.id}"


class AppliedIceberg:
    """Tables of Iceberg. A property of the table has the position."""

    def __init__(self, target: Iceberg) -> None:
        self._target = target

    def position(self, table: TableState) -> Position:
        text = self._target.table(table).properties.get(self._property())
        if text is not None:
            told = json.loads(text)
            if told["commit"] > table.change_commits:
                table.position, table.changes = told["position"], told["changes"]
                table.change_commits = told["commit"]
        return noted(table)

    def take(self, table: TableState, changes: Feed) -> None:
        from pyiceberg.expressions import AlwaysTrue, In

        for found, records, count in _effects(self._target, table, changes):
            position, total = changes.position, table.changes + count
            told = _told(table, position, total)
            known = self._target.table(table)
            replaced = AlwaysTrue() if found.cleared else In(records.schema.names[0], found.numbers.to_pylist())
            with warnings.catch_warnings(), known.transaction() as transaction:
                # Where all are new, there is nothing to delete.
                warnings.filterwarnings("ignore", "Delete operation did not match any records")
                transaction.overwrite(records, replaced)
                transaction.set_properties({self._property(): json.dumps(told)})
            table.position, table.changes, table.change_commits = list(position), total, told["commit"]
        table.position = list(changes.position)

    def _property(self) -> str:
        return f"{_FOLLOW}.{self._target.id}"
