"""Facts about tables beyond DuckDB's types: committed ones for all sessions, uncommitted ones for their own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from threading import Lock
from typing import TYPE_CHECKING

from drdarrow.server import columns
from drdarrow.server.columns import Facts
from drdarrow.server.ddl import Change
from drdarrow.server.kept import Kept, entries
from drdarrow.server.remembered import Committed as CommittedMemory
from drdarrow.server.remembered import Memory, Remembered

if TYPE_CHECKING:
    from drdarrow.server.cursors import Cursor

__all__ = ["Committed", "Known"]


class Committed:
    """The tables that every session sees."""

    def __init__(self, tables: Facts) -> None:
        self.tables = tables
        self._lock = Lock()

    def change(self, changes: Mapping[str, dict[str, dict[str, str]] | None], defined: bool) -> None:
        """Takes over what a transaction made of tables; None where one is gone. Sessions that read go on with what
        they have. defined: what is known of them elsewhere may have changed as well, so these are others."""
        if changes or defined:
            with self._lock:
                self.tables = _changed(self.tables, changes)


class Known:
    """The tables that one session sees: those committed, as its transaction changed them, and its temporary ones."""

    def __init__(self, committed: Committed, memory: CommittedMemory, kept: Kept) -> None:
        self._committed = committed
        self._remembered = Remembered(memory)
        self._kept = kept
        #: Changes that are not committed. Temporary tables, and those at the last end of a transaction.
        self._pending: dict[str, dict[str, dict[str, str]] | None] = {}
        self._temporary: Facts = {}
        self._before: Facts = {}

    @property
    def tables(self) -> Facts:
        """Table to column to metadata, as `columns` has them."""
        committed = self._committed.tables
        if not self._pending and not self._temporary:
            return committed
        return {**_changed(committed, self._pending), **self._temporary}

    @property
    def memory(self) -> Memory:
        """The words of definitions beyond that."""
        return self._remembered.memory

    def hear(self, said: str, schema: str) -> None:
        """Takes up a definition that was carried out. schema: of names without one."""
        self._remembered.hear(said, schema)

    def mark(self) -> int:
        """How much the transaction has said."""
        return self._remembered.mark()

    def back_to(self, mark: int) -> None:
        """Forgets what it has said since."""
        self._remembered.back_to(mark)

    def learn(self, changes: Iterable[Change], declared: Facts, temporary: bool) -> None:
        """Notes what a statement made of tables."""
        before = self.tables
        now = dict(before)
        for change in changes:
            columns.change(now, change)
            if change.what != "add":
                self._forget_views(now, {change.table.rpartition(".")[2]})
        for table, about in declared.items():
            columns.learn(now, table, about)
        self._temporary = dict(self._temporary)
        for table in before.keys() | now.keys():
            if before.get(table) is now.get(table):
                continue
            if temporary and table in now:
                self._temporary[table] = now[table]
            elif table in self._temporary:
                # It had hidden a table of the same name, which is seen again.
                del self._temporary[table]
                if table in now:
                    self._temporary[table] = now[table]
            else:
                self._pending[table] = now.get(table)

    def _forget_views(self, tables: Facts, changed: set[str]) -> None:
        """The columns of views over tables that have changed, and of views over these, may be others."""
        while changed:
            names = re.compile("|".join(rf"(?<!\w){re.escape(name)}(?!\w)" for name in changed), re.IGNORECASE)
            views = {
                (schema, name)
                for (schema, name), view in self.memory.tables.items()
                if view.text is not None
                and tables.get(f"{schema}.{name}", tables.get(name))
                and names.search(view.text)
            }
            for schema, name in views:
                columns.change(tables, Change(f"{schema}.{name}", "drop"))
            changed = {name for _, name in views}

    def keep(self, cursor: Cursor, defined: bool) -> None:
        """Writes what the transaction has said into the database, where that is kept. defined: what is known may have
        changed elsewhere."""
        if self._kept.writes and (self._pending or defined or self._remembered.mark()):
            before = entries(self._remembered.committed, self._committed.tables)
            after = entries(self._remembered.memory, _changed(self._committed.tables, self._pending))
            self._kept.write(cursor, before, after)

    def commit(self, defined: bool) -> None:
        """All sessions see the changes. defined: those of tables and the like are among them."""
        self._committed.change(self._pending, defined)
        self._remembered.commit()
        self._pending = {}
        self._before = self._temporary

    def rollback(self) -> None:
        """The changes are forgotten."""
        self._pending = {}
        self._temporary = self._before
        self._remembered.rollback()


def _changed(tables: Facts, changes: Mapping[str, dict[str, dict[str, str]] | None]) -> Facts:
    out = {**tables, **{table: about for table, about in changes.items() if about is not None}}
    for table, about in changes.items():
        if about is None:
            out.pop(table, None)
    return out
