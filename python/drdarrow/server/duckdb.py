"""DuckDB as the engine of a server: statements of Db2 are put into its words, its rows leave as Arrow.

A client has one DuckDB connection for its changes, and one more for each query that is open at a time: a query sees
what is committed when it begins (read committed, Db2's CS). In a transaction with changes of its own queries run on the
connection of the changes; an unread result is then read into memory when the next statement comes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from drdarrow.server import arrays, catalog, columns, errors, guard, markers, meaning, types
from drdarrow.server.arrays import CHANGES
from drdarrow.server.dialect import Dialect, Translated
from drdarrow.server.engine import Described, Prepared, SqlError, Table
from drdarrow.server.known import Committed, Known
from drdarrow.server.meaning import Run
from drdarrow.server.patience import Patience
from drdarrow.server.statement import Statement
from drdarrow.server.storing import Storage
from drdarrow.server.watch import Watch

if TYPE_CHECKING:
    from drdarrow._core import Collected

__all__ = ["DuckEngine", "DuckSession", "Statement"]

#: Statements that a session may have prepared.
_STATEMENTS = 65_536
#: Markers that a description can count; a persona may have fewer.
_MARKERS = 65_535
_SETUP = f"SET SESSION {guard.DIVISION}"
_TEMPORARY = re.compile(r"\s*create\s+(or\s+replace\s+)?(local\s+)?temp(orary)?\b", re.IGNORECASE)


#: DuckDB has none, and what it cannot read would end its transaction.
_SAVEPOINT = re.compile(r"\s*(savepoint|release|rollback(\s+work)?\s+to)\b", re.IGNORECASE)

#: What a bare NULL is of.
_NULL = {'"NULL"', "NULL"}


class DuckEngine:
    """Serves a DuckDB connection. Every session works on cursors of it; the connection itself is left alone.

    facts: what is known of columns beyond DuckDB's types; tables that clients create add to it.
    guarded: the instance is locked, and so are statements that reach beyond its tables.
    storage: how lengths are counted and blanks filled in.
    read_only: queries run in transactions that DuckDB itself lets change nothing; there are no others.
    """

    def __init__(
        self,
        source: Any,
        facts: columns.Facts,
        guarded: bool = True,
        storage: Storage | None = None,
        read_only: bool = False,
    ) -> None:
        self._source = source
        self._committed = Committed(facts)
        self._storage = storage or Storage()
        self._guarded = guarded
        self._read_only = read_only
        self._locked = guarded or guard.is_locked(source)
        self._aggregates = _aggregates(source)
        self._watch = Watch(guard.memory(source)) if guarded else None

    def session(self, user: str, database: str, /) -> DuckSession:
        """A session on a cursor of its own."""
        setup = [] if self._locked else [_SETUP]
        dialect = Dialect(user, database)
        return DuckSession(
            self._source.cursor(),
            dialect,
            Known(self._committed),
            self._guarded,
            setup,
            self._storage,
            self._aggregates,
            self._read_only,
            self._watch,
        )


class DuckSession:
    """One client's cursors, its transaction and its statements."""

    def __init__(
        self,
        cursor: Any,
        dialect: Dialect,
        known: Known,
        guarded: bool,
        setup: Sequence[str],
        storage: Storage,
        aggregates: frozenset[str],
        read_only: bool = False,
        watch: Watch | None = None,
    ) -> None:
        self._main = cursor
        self._dialect = dialect
        self._known = known
        self._guarded = guarded
        self._read_only = read_only
        self._storage = storage
        self._aggregates = aggregates
        self._macros = meaning.setup(storage, guarded)
        self._watch = watch
        #: The memory was used up by what runs now.
        self._exhausted = False
        #: Calls and open results.
        self._runs: set[int] = set()
        #: What a new cursor is told: the last SET of each setting.
        self._setup = {_setting(statement): statement for statement in setup}
        self._idle: list[Any] = []
        self._busy: list[Any] = []
        self._statements: dict[int, Statement] = {}
        self._number = 0
        self._begun = False
        #: Changes that are not committed; those of tables and the like; objects that only this connection has.
        self._changed = self._defined = self._local = False
        self._closed = False
        self.patience = Patience()
        self._tell(cursor)

    def prepare(self, sql: str, /) -> Prepared:
        """Reads and describes a statement."""
        with self.patience.reading(sql), self._watched():
            return self._prepare(sql)

    def _prepare(self, sql: str) -> Prepared:
        if len(self._statements) >= _STATEMENTS:
            raise SqlError(-101, "54001")
        if schema := self._dialect.schema(sql):
            return self._keep(Statement(Run(schema), "VARIABLE_SET")), None, []
        if self._dialect.is_register(sql):
            return self._keep(Statement(Run(""), "REGISTER")), None, []
        if _SAVEPOINT.match(sql):
            raise SqlError(-142, "42612")
        translated = self._dialect.to_duckdb(sql)
        cursor = self._main if self._local or self._defined else self._take()
        try:
            found = self._describe(cursor, translated)
        except Exception as e:
            raise self._failed(e, cursor) from e
        finally:
            self._give(cursor)
        return found

    def _describe(self, cursor: Any, translated: Translated) -> Prepared:
        text = translated.sql
        parsed = cursor.extract_statements(text)
        if len(parsed) != 1:
            raise SqlError(-104, "42601", ";", "", "")
        kind = parsed[0].type.name
        if kind == "TRANSACTION":
            raise SqlError(-84, "42612")
        if self._guarded:
            guard.check(text, kind, self._read_only)
        guard.check_runs_nothing(text, kind)
        names = parsed[0].named_parameters
        if len(names) > _MARKERS:
            raise SqlError(-101, "54001", f"{len(names)} parameter markers; no description holds more than {_MARKERS}")
        ducks = self._markers(cursor, text, names)
        parameters = self._parameters(text, ducks)
        run = meaning.apply(text, self._known.tables, translated.declared, self._storage, self._aggregates)
        statement = Statement(run, kind, declared=translated.declared, changes=translated.changes, text=text)
        outcomes = {kind.name for kind in parsed[0].expected_result_type}
        if "QUERY_RESULT" not in outcomes or "CHANGED_ROWS" in outcomes:
            return self._keep(statement), None, parameters
        relation = cursor.sql(text, params=[None] * len(ducks) or None)
        if relation is None:
            return self._keep(statement), None, parameters
        statement.types = [str(kind) for kind in relation.types]
        if ducks and _NULL & set(statement.types):
            # With values there are types.
            statement.types = self._types(cursor, text, ducks, statement.types)
        titles = columns.names(text, relation.columns)
        known = columns.facts(text, relation.columns, self._known.tables)
        described: list[Described] = []
        for name, duck, about in zip(titles, statement.types, known, strict=True):
            _, arrow, metadata = types.describe(name, duck)
            described.append((name, arrow, {**metadata, **types.fitting(duck, about)}))
        return self._keep(statement), described, parameters

    def _markers(self, cursor: Any, text: str, names: set[str]) -> list[str]:
        """The types of the markers as far as DuckDB finds them out; VARCHAR where it does not."""
        if sorted(names, key=lambda name: (len(name), name)) != [str(n) for n in range(1, len(names) + 1)]:
            raise SqlError(-104, "42601", ":", "", "?")
        bind: Callable[[str], tuple[Any, ...]] | None = getattr(cursor, "_bind", None)
        if not names or bind is None:
            return ["VARCHAR"] * len(names)
        found = {name: str(kind) for name, kind in bind(text)[2]}
        # What fails on the connection of the changes would undo them.
        if "UNKNOWN" in found.values() and cursor is not self._main and (other := columns.settled(text)) is not None:
            with suppress(Exception):
                found |= {name: str(kind) for name, kind in bind(other)[2] if found[name] == "UNKNOWN"}
        types_found = [found.get(str(n), "UNKNOWN") for n in range(1, len(names) + 1)]
        return ["VARCHAR" if duck == "UNKNOWN" or duck in _NULL else duck for duck in types_found]

    def _parameters(self, text: str, ducks: Sequence[str]) -> list[Described]:
        """The markers, each as the column that it goes into or is compared with."""
        known = markers.targets(text, self._known.tables) if ducks else {}
        parameters = []
        for n, duck in enumerate(ducks, 1):
            name, arrow, metadata = catalog.parameter(str(n), duck)
            parameters.append((name, arrow, {**metadata, **types.fitting(duck, known.get(n, {}))}))
        return parameters

    def _types(self, cursor: Any, text: str, ducks: list[str], types_now: list[str]) -> list[str]:
        """The types of a result whose markers have values."""
        other = columns.typed(text, ducks) if cursor is not self._main else None
        if other is not None:
            with suppress(Exception):
                types_now = [str(kind) for kind in cursor.sql(other).types]
        return ["VARCHAR" if duck in _NULL else duck for duck in types_now]

    def _keep(self, statement: Statement) -> int:
        self._number += 1
        self._statements[self._number] = statement
        return self._number

    def query(self, number: int, parameters: Sequence[Any], /) -> DuckResult:
        """Runs a query on a cursor of its own, or among the changes of the transaction."""
        statement = self._statements[number]
        run = self._begin()
        shared = self._changed or self._local
        cursor = self._main if shared else self._take()
        try:
            values = statement.run.values(parameters)
            relation = cursor.sql(statement.run.sql, params=values or None)
            now = [str(kind) for kind in relation.types]
            if now != statement.types or not statement.fits:
                relation = cursor.sql(statement.casting(now), params=values or None)
            return DuckResult(self, cursor, relation.__arrow_c_stream__(), shared, run)
        except Exception as e:
            failed = self._failed(e, cursor)
            self._give(cursor)
            self._end(run)
            raise failed from e

    def execute(self, number: int, rows: Sequence[Sequence[Any]], /) -> int | None:
        """Runs a statement for each row of parameters, in the session's transaction."""
        statement = self._statements[number]
        if statement.kind == "REGISTER":
            return None
        with self._watched():
            return self._execute(statement, rows)

    def _execute(self, statement: Statement, rows: Sequence[Sequence[Any]]) -> int | None:
        # A value that does not fit is told before anything runs: the transaction goes on.
        ready = [statement.run.ready(row) for row in rows]
        try:
            if statement.kind in ("VARIABLE_SET", "SET", "PRAGMA"):
                self._main.execute(statement.run.sql)
                self._setup[_setting(statement.run.sql)] = statement.run.sql
                self._forget_idle()
                return None
            self._start()
            for other in statement.run.first:
                self._main.execute(other)
            count = self._run_ready(statement, ready)
            for other in statement.run.then:
                self._main.execute(other)
        except Exception as e:
            raise self._failed(e, self._main) from e
        self._changed = True
        if statement.kind in CHANGES:
            return count
        temporary = bool(_TEMPORARY.match(statement.run.sql))
        self._known.learn(statement.changes, statement.declared, temporary)
        self._defined = True
        self._local = self._local or temporary
        return None

    def _start(self) -> None:
        """Begins a transaction where there is none."""
        if not self._begun:
            self._main.begin()
            self._begun = True

    def _run(self, statement: Statement, rows: Sequence[Sequence[Any]]) -> int:
        """Runs a statement for each row of parameters; rows changed."""
        return self._run_ready(statement, (statement.run.ready(row) for row in rows))

    def _run_ready(self, statement: Statement, ready: Iterable[tuple[str, list[Any]]]) -> int:
        count = 0
        for sql, values in ready:
            found = self._main.execute(sql, values or None).fetchall()
            if statement.kind in CHANGES and found:
                count += int(found[0][0]) if len(found[0]) == 1 else len(found)
        return count

    def execute_array(self, number: int, table: Collected, atomic: bool, /) -> int | None | list[int | None | SqlError]:
        """Runs a statement for an array of rows, in the session's transaction."""
        statement = self._statements[number]
        if statement.kind in CHANGES:
            with self._watched():
                return arrays.run(self, statement, table, atomic)
        rows = [row[1:] for row in table.rows()]
        return self.execute(number, rows) if atomic else [self.execute(number, [row]) for row in rows]

    def forget(self, number: int, /) -> None:
        """Drops a statement."""
        self._statements.pop(number, None)

    def set(self, sql: str, /) -> None:
        """The schema is taken over if there is one of the name; other registers of a client mean nothing here."""
        if schema := self._dialect.schema(sql):
            try:
                self.execute(self._keep(Statement(Run(schema), "VARIABLE_SET")), [()])
            except SqlError as e:
                if e.rolled_back:
                    raise
            finally:
                self.forget(self._number)

    def tables(self) -> list[Table]:
        """The tables and views."""
        cursor = self._main if self._local or self._defined else self._take()
        try:
            return catalog.tables(cursor, self._known.tables)
        except Exception as e:
            raise self._failed(e, cursor) from e
        finally:
            self._give(cursor)

    def commit(self) -> None:
        """Ends the transaction. Raises SqlError -911 when DuckDB cannot commit it."""
        if self._begun:
            try:
                self._main.commit()
            except Exception as e:
                raise self._failed(e, self._main) from e
            self._known.commit()
            self._ended()

    def rollback(self) -> None:
        """Undoes the transaction."""
        if self._begun:
            self._ended()
            self._main.rollback()

    def interrupt(self) -> None:
        """Breaks off all that runs."""
        self.patience.interrupt()
        for cursor in [self._main, *self._busy]:
            cursor.interrupt()

    def exhausted(self) -> None:
        """Breaks off all that runs, for want of memory."""
        self._exhausted = True
        self.interrupt()

    @contextmanager
    def _watched(self) -> Iterator[None]:
        """While a call runs."""
        number = self._begin()
        try:
            yield
        except SqlError as e:
            raise self._told(e) from e
        finally:
            self._end(number)

    def _begin(self) -> int:
        if self._watch is None:
            return 0
        self._exhausted = self._exhausted and bool(self._runs)
        number = self._watch.begin(self)
        self._runs.add(number)
        return number

    def _end(self, number: int) -> None:
        if self._watch is not None:
            self._runs.discard(number)
            self._watch.end(number)

    def _told(self, error: SqlError) -> SqlError:
        """The memory, where that was why a statement was broken off."""
        return SqlError(-954, "57011") if self._exhausted and error.sqlcode == -952 else error

    def close(self) -> None:
        """Undoes the transaction and closes the cursors; those of open results when they are released."""
        self._closed = True
        try:
            self.rollback()
        finally:
            self._forget_idle()
            self._main.close()

    def _ended(self) -> None:
        self._known.rollback()
        self._begun = self._changed = self._defined = False

    def _failed(self, error: Exception, cursor: Any) -> SqlError:
        """The condition. An error ends DuckDB's transaction: that is told when changes went with it."""
        found = self._told(error if isinstance(error, SqlError) else errors.translate(str(error), error))
        if cursor is not self._main or not self._begun:
            found.rolled_back = False
            return found
        lost = self._changed
        self._ended()
        self._main.rollback()
        if lost and not found.rolled_back:
            return SqlError(-1476, "40506", str(found.sqlcode), *found.tokens, rolled_back=True)
        return found

    def _take(self) -> Any:
        """A cursor for reading."""
        if self._idle:
            cursor = self._idle.pop()
        else:
            cursor = self._main.cursor()
            self._tell(cursor)
        if self._read_only:
            cursor.execute("BEGIN TRANSACTION READ ONLY")
        self._busy.append(cursor)
        return cursor

    def _tell(self, cursor: Any) -> None:
        """Makes a new cursor ready."""
        for statement in (*self._macros, *self._setup.values()):
            cursor.execute(statement)

    def _give(self, cursor: Any) -> None:
        if cursor is self._main:
            return
        self._busy = [other for other in self._busy if other is not cursor]
        if self._read_only:
            cursor.rollback()
        if self._closed:
            cursor.close()
        else:
            self._idle.append(cursor)

    def _forget_idle(self) -> None:
        """The settings apply to new cursors."""
        idle, self._idle = self._idle, []
        for cursor in idle:
            cursor.close()


def _aggregates(source: Any) -> frozenset[str]:
    """The functions that make one value of many rows."""
    cursor = source.cursor()
    try:
        rows = cursor.execute(
            "SELECT DISTINCT lower(function_name) FROM duckdb_functions() WHERE function_type = 'aggregate'"
        ).fetchall()
    finally:
        cursor.close()
    return frozenset(name for (name,) in rows)


def _setting(sql: str) -> str:
    """The setting that a SET sets."""
    return sql.partition("=")[0].strip().upper()


class DuckResult:
    """The rows of a query, on their way."""

    def __init__(self, session: DuckSession, cursor: Any, stream: object, shared: bool, run: int) -> None:
        self._session = session
        self._cursor = cursor
        self._stream = stream
        self._shared = shared
        self._run = run

    @property
    def shared(self) -> bool:
        """On the connection of the changes."""
        return self._shared

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return self._stream

    def trouble(self, text: str, /) -> SqlError:
        """The meaning of an error of the stream."""
        return self._session._failed(errors.translate(text), self._cursor)

    def close(self) -> None:
        """Gives the cursor back."""
        if self._stream is not None:
            self._stream = None
            self._session._give(self._cursor)
            self._session._end(self._run)
