"""A session's part in the locks of tables: LOCK TABLE, and what its other statements wait for.

| product | mode | others meanwhile |
|---|---|---|
| all | IN SHARE MODE | read the table, and change nothing in it |
| i | IN EXCLUSIVE MODE ALLOW READ | read it; it has no other lock |
| all | IN EXCLUSIVE MODE | do neither; WITH UR they read it, but not on i |

A lock ends with the unit of work. Waiting ends after ten seconds, or as many as SET CURRENT LOCK TIMEOUT has said, with
SQLCODE -911 and a rollback; on i with -913 and without one. Derby undoes nothing either where it is LOCK TABLE that
waits (measured: Derby 10.14).

(Read: LOCK TABLE, SET CURRENT LOCK TIMEOUT, SQLCODES -156, -526, -911, -913 in the SQL references of the products; LOCK
TABLE, "Deadlocks" in Derby's.)
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from drdarrow.server.edits import names
from drdarrow.server.engine import SqlError
from drdarrow.server.inserts import plain_name
from drdarrow.server.lexer import Word, lex, name_end
from drdarrow.server.locks import (
    CHANGE,
    EXCLUSIVE,
    KEEPS_READERS,
    READ,
    SHARE,
    DeadlockError,
    Locks,
    Table,
    TimeoverError,
)
from drdarrow.server.targets import place

if TYPE_CHECKING:
    from drdarrow.server.current_schema import CurrentSchema
    from drdarrow.server.cursors import Cursor
    from drdarrow.server.rules.product import Product
    from drdarrow.server.statement import Statement

__all__ = ["KIND", "Locking", "changed_table", "is_lock", "reads_uncommitted"]

#: The kind of a statement that locks a table.
KIND = "LOCK"
_LOCK = re.compile(r"\s*+LOCK\s++TABLE\b", re.IGNORECASE)
#: WITH UR at the end of a statement, or before another clause there; a common table expression may have that name.
_UNCOMMITTED = re.compile(r"\bWITH\s++UR\b(?!\s*+(?:AS\b|\())", re.IGNORECASE)
_TIMEOUT = re.compile(
    r"\s*+SET\s++(?:CURRENT\s++)?LOCK\s++TIMEOUT\s*+=?\s*+(?:(NOT\s++WAIT)|(NULL)|(?:WAIT\s*+)?([+-]?\d++)?)\s*+;?\s*+$",
    re.IGNORECASE,
)
#: Seconds that a statement waits, unless it was told another number; and at most.
_USUAL, _LONGEST = 10.0, 3600.0
_MODES = {"SHARE MODE": SHARE, "EXCLUSIVE MODE": EXCLUSIVE, "EXCLUSIVE MODE ALLOW READ": KEEPS_READERS}
#: How the products tell a wait that was too long, and one without an end: SQLCODE, SQLSTATE, reason.
_OVER = {"luw": (-911, "40001", "68"), "ibmi": (-913, "57033", ""), "zos": (-911, "40001", "00C9008E")}
_ENDLESS = {"luw": (-911, "40001", "2"), "ibmi": (-913, "57033", ""), "zos": (-911, "40001", "00C90088")}
#: Derby has one SQLCODE for both.
_OVER["derby"], _ENDLESS["derby"] = (-911, "40XL1", ""), (-911, "40001", "")
_VIEWS = "SELECT schema_name, view_name, sql FROM duckdb_views() WHERE NOT internal"
#: The word in front of the table that a kind of statement changes.
_BEFORE = {
    "INSERT": "INTO",
    "UPDATE": "UPDATE",
    "DELETE": "FROM",
    "MERGE_INTO": "INTO",
    "ALTER": "TABLE",
    "DROP": "TABLE",
}
#: Places of names that are kept.
_MOST = 256


def is_lock(sql: str) -> bool:
    """The statement locks a table."""
    return _LOCK.match(sql) is not None


def reads_uncommitted(sql: str) -> bool:
    """A query that waits for nobody."""
    return _UNCOMMITTED.search(sql) is not None


def changed_table(words: Sequence[Word], kind: str) -> tuple[str, ...]:
    """The parts of the name of the table that a statement for DuckDB changes; none where it changes none that was there
    before. kind: what DuckDB calls the statement."""
    before = "ON" if kind == "CREATE" and "INDEX" in [word.upper for word in words[:3]] else _BEFORE.get(kind, "")
    depth = 0
    for at, word in enumerate(words):
        depth += {"(": 1, ")": -1}.get(word.text, 0)
        truncates = kind == "DELETE" and word.upper == "TRUNCATE"
        if depth == 0 and (word.upper == before or truncates) and before:
            at += 1
            while words[at].upper in ("IF", "NOT", "EXISTS") or truncates and words[at].upper == "TABLE":
                at += 1
            return names(words[at : name_end(words, at)]) or ()
    return ()


class Locking:
    """That of one session."""

    def __init__(
        self,
        locks: Locks,
        product: Product,
        current: CurrentSchema,
        main: Cursor,
        unbroken: Callable[[], Callable[[], None]],
    ) -> None:
        """unbroken: makes a function that raises once the session is interrupted."""
        self._locks = locks
        self._product = product
        self._current = current
        self._main = main
        self._unbroken = unbroken
        self._seconds = _USUAL
        #: Tables that it changes or has locked, in this unit of work.
        self._changing: set[Table] = set()
        self._any = False
        #: The number of changes when its transaction began in DuckDB, which sees no later ones.
        self._since: int | None = None
        #: Tables by the names that statements have for them, as long as nothing is defined.
        self._places: dict[tuple[str, ...], Table | None] = {}
        self._known = -1, ""

    def told(self, sql: str) -> None:
        """A register was set: it may be the one that says how long to wait."""
        if (found := _TIMEOUT.match(sql)) is None:
            return
        not_wait, unset, seconds = found.groups()
        if seconds is not None and not -1 <= int(seconds) <= 32767:
            raise SqlError(-20178, "428B7", "CURRENT LOCK TIMEOUT")
        forever = not not_wait and not unset and (seconds is None or int(seconds) < 0)
        wait = 0.0 if not_wait else _USUAL if unset else _LONGEST if forever else float(seconds)
        self._seconds = min(wait, _LONGEST)

    def begin(self) -> None:
        """The session's transaction begins in DuckDB."""
        self._since = self._locks.changes

    def undone(self) -> None:
        """It is over there, and the unit of work goes on."""
        self._since = None

    def end(self, changed: bool, defined: bool) -> None:
        """The unit of work is over. changed: its changes last; defined: those of tables and the like."""
        self._since = None
        if self._any:
            self._locks.release(self, changed, defined)
            self._changing.clear()
            self._any = False
        elif defined:
            self._locks.release(self, changed, defined)

    def check(self, sql: str) -> None:
        """Looks at a LOCK TABLE. Raises SqlError -104, -204, -156 for a view, -526 for a temporary table."""
        self._table(*self._parsed(sql))

    def lock(self, sql: str) -> None:
        """Locks a table until the end of the unit of work.

        Raises SqlError -911 or -913 where others are in the way; -913 as well for a table that others have changed
        since the unit of work began to change rows: DuckDB does not show it what they did.
        """
        name, mode = self._parsed(sql)
        table = self._table(name, mode)
        if not self._take(table, mode, self._since):
            reason = f"{self._told(table)} has changed since this unit of work began"
            raise SqlError(-913, "57033", reason)

    def before(self, statement: Statement, changes: bool, fresh: bool) -> None:
        """A statement is about to run: waits for those who have locked what it changes or reads. fresh: tables may have
        been made in this unit of work.

        Raises SqlError -911 or -913.
        """
        if changes and (of := statement.target):
            there = len(of) == 1 and statement.schema and self._place((statement.schema, *of), fresh)
            table = there or self._place(of, fresh)
            if table is not None and table[0] != "temp" and table not in self._changing:
                self._take(table, CHANGE)
                self._changing.add(table)
        if locked := self._locks.exclusive(self):
            self._wait_for_readable(statement, locked, changes)

    def _wait_for_readable(self, statement: Statement, locked: Sequence[Table], changes: bool) -> None:
        if statement.uncommitted and not changes and self._product.name != "ibmi":
            return
        named = {plain_name(word.text).upper() for word in lex(statement.run.sql) if word.kind in ("name", "quoted")}
        views = {str(name).upper(): str(sql) for _, name, sql in self._main.execute(_VIEWS).fetchall()}
        ahead = [name for name in named if name in views]
        while ahead:
            inside = {
                plain_name(word.text).upper() for word in lex(views[ahead.pop()]) if word.kind in ("name", "quoted")
            }
            ahead += [name for name in inside - named if name in views]
            named |= inside
        for table in locked:
            if table[2].upper() in named:
                self._take(table, READ)

    def _take(self, table: Table, mode: str, since: int | None = None) -> bool:
        try:
            done = self._locks.take(self, table, mode, self._seconds, self._unbroken(), since)
        except (TimeoverError, DeadlockError) as e:
            if self._product.derby and mode in (SHARE, EXCLUSIVE):
                raise SqlError(-913, "X0X02", self._told(table), mode.upper()) from None
            told = _OVER if isinstance(e, TimeoverError) else _ENDLESS
            code, state, reason = told[self._product.name]
            tokens = (reason, "00000200", self._told(table)) if self._product.name == "zos" else (reason,)
            if self._product.name == "ibmi":
                library, _, file = self._told(table).partition(".")
                tokens = (file, library, "FILE")
            raise SqlError(code, state, *filter(None, tokens), rolled_back=code == -911) from None
        self._any = self._any or mode != READ
        return done

    def _parsed(self, sql: str) -> tuple[tuple[str, ...], str]:
        words = [word for word in lex(sql)[2:-1] if word.text != ";"]
        at = next((at for at, word in enumerate(words) if word.upper == "IN"), len(words))
        name = names([Word("sign", ".") if word.text == "/" else word for word in words[:at]])
        mode = " ".join(word.upper for word in words[at + 1 :])
        if name is None or mode not in _MODES or (mode.endswith("READ") and self._product.name != "ibmi"):
            wrong = words[min(at + 1, len(words) - 1)].text if words else ""
            raise SqlError(-104, "42601", wrong, sql.strip()[:20], "IN SHARE MODE")
        return name, _MODES[mode]

    def _table(self, name: tuple[str, ...], mode: str) -> Table:
        if name[0] == "SESSION":
            raise SqlError(-526, "42995")
        found = self._place(name, fresh=True)
        if found is None:
            views = {
                (str(schema).upper(), str(view).upper()) for schema, view, _ in self._main.execute(_VIEWS).fetchall()
            }
            schemas = {name[-2]} if len(name) > 1 else {self._current.name.upper(), "MAIN"}
            full = self._current.told(".".join(name) if len(name) > 1 else f"{self._current.name}.{name[0]}")
            if any((schema, name[-1]) in views for schema in schemas):
                raise SqlError(-156, "42Y62" if self._product.derby else "42809", full)
            raise SqlError(-204, "42704", full)
        if found[0] == "temp":
            raise SqlError(-526, "42995")
        return found

    def _place(self, name: tuple[str, ...], fresh: bool) -> Table | None:
        """The table of a name. fresh: it may have been made in this unit of work."""
        known = self._locks.definitions, self._current.name
        if known != self._known or len(self._places) > _MOST:
            self._places, self._known = {}, known
        if fresh or name not in self._places:
            found = place(name, self._main)
            table = None if found is None else (found.database, found.schema, found.table)
            if fresh:
                return table
            self._places[name] = table
        return self._places[name]

    def _told(self, table: Table) -> str:
        return self._current.told(f"{table[1]}.{table[2]}".upper())
