"""Savepoints of a transaction. DuckDB has none: going back deletes the rows that were appended since, and drops the
tables that were created.

DuckDB numbers the rows that a transaction appends beyond all that are there, in their order, and uses no number twice
(measured: DuckDB 1.4 and 2.0). So the highest number at a savepoint parts the rows before it from those after it.
Changes of other kinds, and rows of a table that refers to itself, cannot be taken back: a savepoint before them is
lost, and going back to it is an error. None is set for a statement that is about to make such a change.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from drdarrow.server.ddl import Change
from drdarrow.server.engine import SqlError
from drdarrow.server.inserts import plain_name, table_of
from drdarrow.server.lexer import lex, text
from drdarrow.server.targets import Place, has_triggers, place

if TYPE_CHECKING:
    from drdarrow.server.cursors import Cursor
    from drdarrow.server.known import Known
    from drdarrow.server.statement import Statement

__all__ = ["Savepoints", "is_about_savepoints"]

_ABOUT = re.compile(r"\s*(savepoint|release|rollback(\s+work)?\s+to)\b", re.IGNORECASE)
_NAME = r"(?P<name>\"(?:[^\"]|\"\")+\"|[^\W\d][\w$#@]*)"
_FORMS = [
    (kind, re.compile(form, re.IGNORECASE))
    for kind, form in (
        ("set", rf"\s*savepoint\s+{_NAME}(?P<unique>\s+unique)?(\s+on\s+rollback\s+retain\s+(cursors|locks))*\s*"),
        ("back", rf"\s*rollback(\s+work)?\s+to\s+savepoint(\s+{_NAME})?\s*"),
        ("release", rf"\s*release(\s+to)?\s+savepoint\s+{_NAME}\s*"),
    )
]
#: As many as a transaction may have.
_MOST = 1000
_ITSELF = """
SELECT 1 FROM duckdb_constraints() WHERE constraint_type = 'FOREIGN KEY' AND lower(table_name) = lower(?)
AND lower(referenced_table) = lower(table_name)
"""
#: Words that have an INSERT change rows that are there.
_CHANGES_ROWS = {"CONFLICT", "RETURNING"}


def is_about_savepoints(sql: str) -> bool:
    """A statement that sets or releases a savepoint, or goes back to one."""
    return _ABOUT.match(sql) is not None


@dataclass
class _Since:
    """A savepoint, and what was done since it was set, up to the next one."""

    name: str
    #: How much the transaction had said before.
    mark: int = 0
    #: Rows that were appended to a table, and the highest number of a row before them.
    appended: dict[Place, tuple[int, int]] = field(default_factory=dict)
    #: Tables that were created, by their names as facts are known of them.
    created: list[tuple[str, Place]] = field(default_factory=list)
    lost: bool = False
    #: No other one may have its name while it stands.
    unique: bool = False

    def take_over(self, later: _Since) -> None:
        """Counts what was done since a later one to this one."""
        for table, (highest, rows) in later.appended.items():
            first, before = self.appended.get(table, (highest, 0))
            self.appended[table] = first, before + rows
        self.created += later.created
        self.lost = self.lost or later.lost


class Savepoints:
    """Those of a session's transaction, the oldest first."""

    def __init__(self) -> None:
        self._all: list[_Since] = []
        #: Places of tables, by their names in statements.
        self._places: dict[str, Place] = {}

    def __bool__(self) -> bool:
        return bool(self._all)

    def run(self, sql: str, main: Cursor, known: Known, next_one: Statement | None) -> None:
        """Runs a statement about them. known: the session's tables; next_one: the statement that is about to run.

        Raises SqlError -880 for a savepoint that is not there or lost, -881 for a name that is taken, -707 for one that
        Db2 keeps for itself, -20111 where none can be set; DuckDB's errors.
        """
        for kind, form in _FORMS:
            found = form.fullmatch(sql)
            if found is None:
                continue
            name = None if (given := found["name"]) is None else _folded(given)
            if kind == "set" and name is not None:
                self._set(name, found["unique"] is not None, next_one, known)
            elif kind == "back":
                self._back_to(name, main, known)
            elif name is not None:
                self._release(self._find(name))
            return
        raise SqlError(-104, "42601", sql.split()[0].upper(), "", "savepoint")

    def clear(self) -> None:
        """The transaction has ended."""
        self._all.clear()
        self._places.clear()

    def undone(self) -> None:
        """DuckDB has undone the transaction, which had changed nothing: they stand as they were set."""
        for since in self._all:
            since.appended.clear()
            since.created.clear()
            since.mark = 0
        self._places.clear()

    def forget_places(self) -> None:
        """Names mean other tables from now on."""
        self._places.clear()

    def lose(self) -> None:
        """Something was changed that cannot be taken back."""
        for since in self._all:
            since.lost = True

    @contextmanager
    def appending(self, statement: Statement, main: Cursor) -> Iterator[list[int]]:
        """While a statement changes rows; in the list the numbers of rows that it changes are put."""
        counts: list[int] = []
        if not self._all or self._all[-1].lost:
            yield counts
            return
        since, table = self._all[-1], self._place(statement, main)
        if table is not None and table not in since.appended:
            since.appended[table] = int(_one(main, f"SELECT coalesce(max(rowid), -1) FROM {table.name}")), 0
        yield counts
        if table is not None:
            highest, rows = since.appended[table]
            since.appended[table] = highest, rows + sum(counts)
        elif sum(counts):
            self.lose()

    def defined(self, statement: Statement, main: Cursor) -> None:
        """A statement has made, changed or dropped something."""
        self._places.clear()
        if not self._all or self._all[-1].lost:
            return
        words = [word for word in lex(statement.run.sql) if word.kind != "end"]
        opening = next((at for at, word in enumerate(words) if word.text == "("), 0)
        named = words[2:opening]
        plain = [word.upper for word in words[:2]] == ["CREATE", "TABLE"] and len(named) % 2 == 1
        plain = plain and all(word.text == "." for word in named[1::2])
        parts = [plain_name(word.text) for word in named[::2]]
        found = place(parts, main) if plain else None
        if found is None:
            self.lose()
        else:
            self._all[-1].created.append((".".join(parts[-2:]).upper(), found))

    def _place(self, statement: Statement, main: Cursor) -> Place | None:
        """The table that a statement only appends rows to; None for any other statement."""
        name = _appends_to(statement)
        if name is None:
            return None
        if name not in self._places:
            parts = [plain_name(word.text) for word in lex(name) if word.kind in ("name", "quoted")]
            found = place(parts, main)
            columns = [] if found is None else main.sql(f"FROM {found.name} LIMIT 0").columns
            # A column may have the name by which rows are numbered. DuckDB deletes no row that another one referred to.
            if (
                found is None
                or _refers_to_itself(parts[-1], main)
                or has_triggers(parts[-1], main)
                or "rowid" in (column.lower() for column in columns)
            ):
                return None
            self._places[name] = found
        return self._places[name]

    def _set(self, name: str, unique: bool, next_one: Statement | None, known: Known) -> None:
        if name.startswith("SYS"):
            raise SqlError(-707, "42939", name)
        at = next((n for n, since in enumerate(self._all) if since.name == name), None)
        if at is not None and (unique or self._all[at].unique):
            raise SqlError(-881, "3B501", name)
        if next_one is not None and next_one.kind != "SELECT" and _appends_to(next_one) is None:
            raise SqlError(-20111, "3B503", "1")
        if at is not None:
            since = self._all.pop(at)
            if at > 0:
                self._all[at - 1].take_over(since)
        if len(self._all) >= _MOST:
            raise SqlError(-101, "54001")
        self._all.append(_Since(name, known.mark(), unique=unique))

    def _back_to(self, name: str | None, main: Cursor, known: Known) -> None:
        at = len(self._all) - 1 if name is None else self._find(name)
        if at < 0 or self._all[at].lost:
            raise SqlError(-880, "3B001", name or "")
        done = _Since("")
        for since in self._all[at:]:
            done.take_over(since)
        created = {table for _, table in done.created}
        # A table that another one refers to was created before it.
        for table in sorted(done.appended.keys() - created, key=lambda table: table.number, reverse=True):
            highest, rows = done.appended[table]
            if rows and _one(main, f"DELETE FROM {table.name} WHERE rowid > {highest}") != rows:
                raise SqlError(-911, "40001", "2", rolled_back=True)
        for name_of_facts, table in reversed(done.created):
            main.execute(f"DROP TABLE {table.name}")
            known.learn([Change(name_of_facts, "drop")], {}, False)
        known.back_to(self._all[at].mark)
        del self._all[at + 1 :]
        self._all[at] = _Since(self._all[at].name, self._all[at].mark, unique=self._all[at].unique)
        self._places.clear()

    def _release(self, at: int) -> None:
        if at > 0:
            for since in self._all[at:]:
                self._all[at - 1].take_over(since)
        del self._all[at:]

    def _find(self, name: str) -> int:
        for at, since in enumerate(self._all):
            if since.name == name:
                return at
        raise SqlError(-880, "3B001", name)


def _appends_to(statement: Statement) -> str | None:
    """The table that a statement appends rows to, without changing any that are there."""
    run = statement.run
    if statement.kind != "INSERT" or run.first or run.then:
        return None
    words = lex(run.sql)
    if any(word.upper in _CHANGES_ROWS for word in words):
        return None
    table, _ = table_of(words)
    return text(table).strip() or None


def _refers_to_itself(table: str, main: Cursor) -> bool:
    return bool(main.execute(_ITSELF, [table]).fetchall())


def _one(main: Cursor, sql: str) -> int:
    return int(main.execute(sql).fetchall()[0][0])


def _folded(name: str) -> str:
    return plain_name(name) if name.startswith('"') else name.upper()
