"""The connections to DuckDB that one client has: one for its changes, one for each query that is open."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import duckdb

from drdarrow.server import errors
from drdarrow.server.macros import Macros

if TYPE_CHECKING:
    from drdarrow._core import Collected

__all__ = ["SEARCHED", "Cursor", "Cursors"]


#: The setting of the schemas in which names without one are looked for.
SEARCHED = "SET search_path"
#: The settings of schemas, and those in their place on a connection that does not see the schema.
_UNSEEN = {SEARCHED.upper(): f"{SEARCHED} = 'main'", "SET SCHEMA": "SET schema = 'pg_catalog'"}
#: Views of rows that a connection keeps.
_FEEDS = 16


class _Feed:
    """A view of rows, which are others each time: to make a view takes DuckDB as long as to insert a row."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.rows: Collected | None = None

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        if self.rows is None:
            raise RuntimeError("nobody reads it")
        return self.rows.__arrow_c_stream__(requested_schema)


class Cursor:
    """A connection. It has the macros that its statements name."""

    def __init__(self, raw: Any, macros: Macros) -> None:
        self._raw = raw
        self._macros = macros
        self._has: set[str] = set()
        #: Macros that are gone when the transaction is undone.
        self._uncertain: set[str] = set()
        self._begun = False
        #: Which of its session's settings it was told.
        self.told = 0
        #: Views of rows by their columns; those that are gone when the transaction is undone.
        self._feeds: dict[tuple[tuple[str, str], ...], _Feed] = {}
        self._passing: set[tuple[tuple[str, str], ...]] = set()
        self._number = 0
        #: Views of rows by their names; those that are gone when the transaction is undone.
        self._shown: dict[str, _Feed] = {}
        self._passing_shown: set[str] = set()
        #: Describes the markers of a statement, where this DuckDB can.
        self.bind: Callable[[str], tuple[Any, ...]] | None = self._bind if hasattr(raw, "_bind") else None

    def ready(self, *statements: str) -> None:
        """Makes the macros for some statements."""
        for sql in statements:
            for name in self._macros.of(sql) - self._has:
                self._raw.execute(self._macros[name])
                self._has.add(name)
                if self._begun:
                    self._uncertain.add(name)

    def execute(self, sql: str, parameters: Sequence[Any] | None = None) -> Any:
        """Runs a statement."""
        self.ready(sql)
        return self._raw.execute(sql, parameters)

    def execute_again(self, sql: str, parameters: Sequence[Any] | None, read: dict[str, Any]) -> Any:
        """The same for one that is run again and again. read: the statements that were read so far, by their texts."""
        self.ready(sql)
        if sql not in read:
            [read[sql]] = self._raw.extract_statements(sql)
        return self._raw.execute(read[sql], parameters)

    def sql(self, sql: str, params: Sequence[Any] | None = None) -> Any:
        """A query as a relation, which has not run yet."""
        self.ready(sql)
        return self._raw.sql(sql, params=params)

    def _bind(self, sql: str) -> tuple[Any, ...]:
        self.ready(sql)
        return tuple(self._raw._bind(sql))

    def extract_statements(self, sql: str) -> Any:
        """The statements of a text, read and no more."""
        return self._raw.extract_statements(sql)

    def show(self, name: str, rows: Collected) -> None:
        """The rows are a view of the connection's with this name, until it shows others under it."""
        feed = self._shown.get(name)
        if feed is None:
            feed = self._shown[name] = _Feed(name)
            feed.rows = rows
            self._raw.register(name, feed)
            if self._begun:
                self._passing_shown.add(name)
        feed.rows = rows

    def shows(self, name: str) -> bool:
        """Whether it shows rows by this name."""
        return (feed := self._shown.get(name)) is not None and feed.rows is not None

    def hide(self) -> None:
        """Nobody reads the rows any more that it shows."""
        for feed in self._shown.values():
            feed.rows = None

    @contextmanager
    def given(self, rows: Collected) -> Iterator[str]:
        """The rows are a view of the connection's: its name."""
        columns = tuple((name, kind) for name, kind, _ in rows.fields())
        feed = self._feeds.get(columns)
        kept = feed is not None or len(self._feeds) < _FEEDS
        if feed is None:
            self._number += 1
            feed = _Feed(f"drdarrow_array_{self._number}")
            feed.rows = rows
            self._raw.register(feed.name, feed)
            if kept:
                self._feeds[columns] = feed
            if kept and self._begun:
                self._passing.add(columns)
        feed.rows = rows
        try:
            yield feed.name
        finally:
            feed.rows = None
            if not kept:
                # With a transaction that failed it went away.
                with suppress(Exception):
                    self._raw.unregister(feed.name)

    @contextmanager
    def holding(self, name: str, rows: Any) -> Iterator[None]:
        """Rows are a view of this name."""
        self._raw.register(name, rows)
        try:
            yield
        finally:
            # With a transaction that failed it went away.
            with suppress(Exception):
                self._raw.unregister(name)

    def begin(self, read_only: bool = False) -> None:
        """Begins a transaction; read_only: one that changes nothing."""
        self._raw.execute("BEGIN TRANSACTION READ ONLY" if read_only else "BEGIN TRANSACTION")
        self._begun = True

    def commit(self) -> None:
        """Ends the transaction."""
        self._raw.commit()
        self._uncertain.clear()
        self._passing.clear()
        self._passing_shown.clear()
        self._begun = False

    def rollback(self) -> None:
        """Undoes the transaction."""
        self._has -= self._uncertain
        self._uncertain.clear()
        self._begun = False
        try:
            self._raw.rollback()
        except duckdb.TransactionException as e:
            # A COMMIT that fails has undone it.
            if "no transaction is active" not in str(e):
                raise
        finally:
            gone = [self._feeds.pop(columns) for columns in self._passing]
            for feed in [*gone, *(self._shown.pop(name) for name in self._passing_shown)]:
                with suppress(Exception):
                    self._raw.unregister(feed.name)
            self._passing.clear()
            self._passing_shown.clear()

    def interrupt(self) -> None:
        """Breaks off what runs; called from any thread."""
        self._raw.interrupt()

    def another(self) -> Cursor:
        """Another connection to the same instance."""
        return Cursor(self._raw.cursor(), self._macros)

    def close(self) -> None:
        """Closes the connection."""
        self._raw.close()


class Cursors:
    """Those of a session. main: the one of its changes; settings: what each is told."""

    def __init__(self, main: Cursor, settings: Iterable[str], read_only: bool) -> None:
        self.main = main
        self._read_only = read_only
        #: The last SET of each setting.
        self._settings = {_setting(statement): statement for statement in settings}
        self._first_settings = dict(self._settings)
        self._idle: list[Cursor] = []
        #: Those that a call is at work on, and those of open results.
        self._busy: list[Cursor] = []
        self._open: list[Cursor] = []
        self._calls = 0
        self._closed = False
        #: How often they were changed.
        self._changes = 0
        self._tell(main)

    def take(self, *statements: str) -> Cursor:
        """A cursor for reading, ready for some statements."""
        cursor = self._idle.pop() if self._idle else self._another()
        if self._read_only:
            # A macro of this transaction would go with it. What fails here fails there once more, and is told.
            with suppress(Exception):
                cursor.ready(*statements)
            cursor.begin(read_only=True)
        self._busy.append(cursor)
        return cursor

    def _another(self) -> Cursor:
        cursor = self.main.another()
        try:
            self._tell(cursor)
        except Exception as e:
            cursor.close()
            raise errors.translate(str(e), e) from e
        return cursor

    def lend(self, cursor: Cursor) -> None:
        """The call is over, and an open result keeps the cursor."""
        if cursor is not self.main:
            self._forget(cursor)
            self._open.append(cursor)

    def give(self, cursor: Cursor) -> None:
        """Takes a cursor back."""
        cursor.hide()
        if cursor is self.main:
            return
        self._forget(cursor)
        if self._read_only:
            cursor.rollback()
        if self._closed or cursor.told != self._changes:
            cursor.close()
        else:
            self._idle.append(cursor)

    def set(self, sql: str) -> None:
        """Runs a SET, for the cursors to come too."""
        self.main.execute(sql)
        self._settings[_setting(sql)] = sql
        self._others()

    def unset(self, setting: str) -> None:
        """Undoes the SETs of one setting."""
        if self._settings.pop(setting.upper(), None) is not None:
            self._unset(setting)

    def reset(self) -> None:
        """Undoes each SET."""
        others = self._settings.keys() - self._first_settings.keys()
        self._settings = dict(self._first_settings)
        self._unset(*others)

    def _unset(self, *settings: str) -> None:
        for setting in settings:
            self.main.execute(f"RESET {setting.split(None, 1)[1]}")
        self._others()
        self._tell(self.main)

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """While a call runs."""
        self._calls += 1
        try:
            yield
        finally:
            self._calls -= 1

    def interrupt(self) -> None:
        """Breaks off the call that runs. An open result that is not read now would end the next time."""
        if self._calls:
            for cursor in [self.main, *self._busy]:
                cursor.interrupt()

    def interrupt_all(self) -> None:
        """Breaks off open results as well."""
        for cursor in [self.main, *self._busy, *self._open]:
            cursor.interrupt()

    def close(self) -> None:
        """Closes them; those of open results when they are given back."""
        self._closed = True
        self._forget_idle()
        self.main.close()

    def _forget(self, cursor: Cursor) -> None:
        self._busy = [other for other in self._busy if other is not cursor]
        self._open = [other for other in self._open if other is not cursor]

    def _tell(self, cursor: Cursor) -> None:
        for setting, statement in self._settings.items():
            try:
                cursor.execute(statement)
            except Exception:
                # The schema is not committed, or gone: that of the user leaves `main`, another one nothing.
                if setting not in _UNSEEN:
                    raise
                cursor.execute(_UNSEEN[setting])
        cursor.told = self._changes

    def _others(self) -> None:
        """The settings are others now."""
        self._changes += 1
        self._forget_idle()

    def _forget_idle(self) -> None:
        idle, self._idle = self._idle, []
        for cursor in idle:
            cursor.close()


def _setting(sql: str) -> str:
    """The setting that a SET sets."""
    return sql.partition("=")[0].strip().upper()
