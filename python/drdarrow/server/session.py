"""One client's session on DuckDB: its statements, its cursors and its transaction.

A client has one DuckDB connection for its changes, and one more for each query that is open at a time: a query sees
what is committed when it begins (read committed, Db2's CS). In a transaction with changes of its own queries run on the
connection of the changes; an unread result is then read into memory when the next statement comes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from drdarrow._core import collect
from drdarrow.server import (
    alike,
    altering,
    arrays,
    catalog,
    change_times,
    changed,
    client_information,
    current_schema,
    describing,
    final,
    kept,
    locking,
    merges,
    positioned,
    recursion,
    remembered,
    schemas,
    sizes,
    type_defaults,
)
from drdarrow.server.arrays import CHANGES, DEFINITIONS
from drdarrow.server.catalog_views import CatalogViews
from drdarrow.server.change_times import Clock
from drdarrow.server.current_schema import CurrentSchema
from drdarrow.server.cursors import Cursor, Cursors
from drdarrow.server.describing import Rules
from drdarrow.server.dialect import Dialect
from drdarrow.server.drawn import Drawn
from drdarrow.server.engine import Called, Objects, Prepared, PreparedCall, SqlError, Views
from drdarrow.server.inserts import Insert
from drdarrow.server.known import Known
from drdarrow.server.locks import Locks
from drdarrow.server.macros import Macros
from drdarrow.server.meaning import Run
from drdarrow.server.procedures import session as procedures
from drdarrow.server.procedures.definition import is_about_procedures
from drdarrow.server.references import References
from drdarrow.server.result import DuckResult
from drdarrow.server.savepoints import is_about_savepoints
from drdarrow.server.statement import Statement
from drdarrow.server.targets import Target
from drdarrow.server.transaction import TransactionSession, goes_on
from drdarrow.server.watch import Watch

if TYPE_CHECKING:
    from drdarrow._core import Collected

__all__ = ["DuckSession"]

#: Statements that a session may have prepared.
_STATEMENTS = 65_536
_TEMPORARY = re.compile(r"\s*create\s+(or\s+replace\s+)?(local\s+)?temp(orary)?\b", re.IGNORECASE)


class DuckSession(TransactionSession):
    """One client's cursors, its transaction and its statements."""

    def __init__(
        self,
        cursors: Cursors,
        dialect: Dialect,
        current: CurrentSchema,
        known: Known,
        rules: Rules,
        macros: Macros,
        references: References | None,
        watch: Watch | None,
        drawn: Drawn,
        locks: Locks,
        clock: Clock,
    ) -> None:
        super().__init__(cursors, current, known, rules, watch, locks)
        self._drawn = drawn
        self._clock = clock
        self._dialect = dialect
        self._macros = macros
        self._references = references
        self._statements: dict[int, Statement] = {}
        self._number = 0
        #: There are objects that only this connection has.
        self._local = False
        #: It has defined something that queries would repeat a part of themselves by.
        self._repeats = False
        self._targets: dict[int, tuple[Insert, object, Target]] = {}
        #: The statement that was prepared last, until one runs.
        self._next: Statement | None = None
        self._views = CatalogViews()

    def appear_as(self, views: Views, /) -> None:
        """The views of the product's catalog, which statements may name."""
        self._views = CatalogViews(views)

    def prepare(self, sql: str, /) -> Prepared:
        """Reads and describes a statement."""
        with self.patience.reading(sql), self._watched():
            return self._prepare(sql)

    def _prepare(self, sql: str) -> Prepared:
        if len(self._statements) >= _STATEMENTS:
            raise SqlError(-101, "54001")
        kept.check(sql)
        if current_schema.is_set(sql):
            return self._keep(Statement(Run(""), "SCHEMA", said=sql)), None, current_schema.markers(sql)
        self._said, sql = sql, self._current.with_main(sql)
        if self._dialect.is_register(sql):
            return self._keep(Statement(Run(""), "REGISTER", said=sql)), None, []
        if is_about_savepoints(sql):
            return self._keep(Statement(Run(sql), "SAVEPOINT")), None, []
        if locking.is_lock(sql):
            with self._reading():
                self._locking.check(sql)
            return self._keep(Statement(Run(""), locking.KIND, said=sql)), None, []
        if is_about_procedures(sql) and not self._rules.product.derby:
            return procedures.prepare_definition(self, sql)
        if altering.is_alteration(sql):
            return altering.prepare(self, sql)
        if made := remembered.labels(sql):
            with self._reading() as cursor:
                catalog.check(cursor, made)
            return self._keep(Statement(Run(""), "LABEL", said=sql)), None, []
        if (change := final.change(sql)) is not None:
            return changed.prepare(self, change)
        self._settle()
        sql = change_times.named(type_defaults.with_values(sql), self._known.tables)
        if alike.is_alike(sql):
            with self._reading(first=True) as cursor:
                sql = alike.written(sql, cursor, self._known.tables, self._known.memory)
        sql = self._current.placed(sql)
        placed, shown = self._views.place(sql)
        translated = self._dialect.to_duckdb(placed)
        with self._reading(translated.sql, first=True) as cursor:
            self._views.describe(cursor, shown)
            if self._references is not None:
                self._references.check(translated.sql, cursor)
            self._current.check(translated.sql, cursor)
            apart = cursor is not self._main
            known = {**self._known.tables, **self._views.facts(shown)} if shown else self._known.tables
            found = describing.describe(cursor, apart, translated, known, self._rules)
        statement, described, parameters = found
        statement.shown = shown
        statement.uncommitted = locking.reads_uncommitted(sql) or self._dialect.isolation == "UR"
        if statement.kind in DEFINITIONS:
            statement.said = sql
        self._next = statement
        return self._keep(statement), described and self._current.seen(described), parameters

    def prepare_updatable(self, sql: str, /) -> Prepared:
        """Reads and describes a query whose rows are to be changed where a cursor stands."""
        with self.patience.reading(sql), self._watched():
            return positioned.updatable(self, sql)

    def prepare_at_row(self, sql: str, of: int, /) -> Prepared:
        """Reads and describes a change of one row of such a query."""
        with self.patience.reading(sql), self._watched():
            return positioned.at_row(self, sql, of)

    def prepare_call(self, sql: str, /) -> PreparedCall:
        """Reads a CALL and describes its markers."""
        with self.patience.reading(sql), self._watched():
            number, made = procedures.prepare_call(self, self._current.with_main(sql))
        return procedures.described(self, number, made)

    def call(self, number: int, parameters: Sequence[Any], /) -> Called:
        """Runs a CALL."""
        # Its variables count as well.
        with self._watched():
            return procedures.call(self, number, parameters)

    def columns(self) -> dict[str, set[str]]:
        """The columns of tables by their names, which go before variables of procedures."""
        return procedures.columns(self)

    def catalog_columns(self, sql: str) -> set[str]:
        """The same of the views of the catalog that a statement names."""
        return procedures.catalog_columns(self, sql)

    def unbroken(self) -> Callable[[], None]:
        """A function that raises SqlError -952 once the session was interrupted after now."""
        return self.patience.unbroken()

    def _show(self, cursor: Cursor, statement: Statement) -> None:
        """The views of the catalog that a statement reads, as they are now."""
        if statement.shown:
            with self.patience.reading(""):
                self._views.show(cursor, statement.shown, self._objects, self._current.main)

    def _objects(self, cursor: Cursor) -> Objects:
        return catalog.objects(cursor, self._known.tables, self._known.memory, self._current.main)

    @contextmanager
    def _reading(self, *statements: str, first: bool = False) -> Iterator[Cursor]:
        """A cursor that sees the tables that the session sees. first: nothing of a statement has run yet, so that an
        error leaves the changes of the transaction alone where DuckDB does."""
        cursor = self._main if self._local or self._defined else self._cursors.take(*statements)
        try:
            with self._cursors.at_work():
                yield cursor
        except Exception as e:
            if first and cursor is self._main and self._begun and goes_on(cursor):
                raise self._plain(e) from e
            raise self._failed(e, cursor) from e
        finally:
            self._cursors.give(cursor)

    def _prepared(self, number: int) -> Statement:
        """A statement that is about to run. What it names may have changed since it was prepared."""
        statement = self._statements[number]
        self._next = self._next if statement.kind == "SAVEPOINT" else None
        if (changing := statement.changing[0] if statement.changing else statement).kind in CHANGES:
            self._temporaries.change(changing.run.sql)
        defines = changing.kind in DEFINITIONS
        self._wait(changing, changing.kind in CHANGES or defines, defines or self._local)
        if changing.dated:
            self._clock.tell(self._main)
        self._updates = changing.only_updates
        references = self._references
        if references is not None and statement.text and (statement.grows or references.concerns(statement.text)):
            with self.patience.reading(statement.text), self._reading(statement.text) as cursor:
                references.check(statement.text, cursor)
                if statement.grows:
                    sizes.check(statement.text, cursor)
        return statement

    @contextmanager
    def _as_prepared(self, statement: Statement) -> Iterator[None]:
        """Names are looked for where they were when a statement was prepared."""
        moved = statement.schema != self._current.told_name
        for forget in (self._targets.clear, self._savepoints.forget_places) if moved else ():
            forget()
        with self._current.of(statement.schema):
            yield
        for forget in (self._targets.clear, self._savepoints.forget_places) if moved else ():
            forget()

    def _keep(self, statement: Statement) -> int:
        statement.schema = self._current.told_name
        self._number += 1
        self._statements[self._number] = statement
        return self._number

    def query(self, number: int, parameters: Sequence[Any], /) -> DuckResult:
        """Runs a query on a cursor of its own, or among the changes of the transaction."""
        statement = self._prepared(number)
        if statement.kind != "SELECT":
            self._savepoints.lose()
        with self._cursors.at_work(), self._as_prepared(statement):
            return self._query(statement, parameters)

    def _query(self, statement: Statement, parameters: Sequence[Any]) -> DuckResult:
        if statement.changing is not None:
            return changed.query(self, statement, *statement.changing, parameters)
        run = self._begin()
        # The numbers of rows hold in the transaction that changes them.
        shared = self._changed or self._local or bool(statement.rows_of)
        cursor = self._main if shared else self._cursors.take(statement.run.sql)
        try:
            if statement.rows_of:
                self._start(statement.run.sql)
            self._show(cursor, statement)
            values = statement.run.values(parameters)
            self._drawn.tell(statement.run.sql, cursor)
            with self._drawn.drawing(statement.draws, "", cursor):
                rows = statement.relation(cursor, values)
                if statement.draws:
                    # Other sessions wait until the values are drawn.
                    rows = collect(rows)
            query = None if statement.draws else (statement.run.sql, values)
            return DuckResult(self, cursor, rows.__arrow_c_stream__(), shared, run, query)
        except Exception as e:
            failed = self._failed(e, cursor)
            self._cursors.give(cursor)
            self._end(run)
            raise failed from e

    def execute(self, number: int, rows: Sequence[Sequence[Any]], /) -> int | None:
        """Runs a statement for each row of parameters, in the session's transaction."""
        if len(rows) > 1 and self._statements[number].kind in DEFINITIONS:
            # Each is looked at again: what it names is not what it was before.
            for row in rows:
                self.execute(number, [row])
            return None
        statement = self._prepared(number)
        if statement.kind == "REGISTER":
            self._told_register(statement.said)
            return None
        with self._watched():
            if statement.kind == locking.KIND:
                self._lock(statement.said)
                return None
            if statement.kind == "SCHEMA":
                self._set_schema(statement.said, rows[0] if rows else ())
                return None
            if statement.kind == "SAVEPOINT":
                self._about_savepoints(statement.run.sql)
                return None
            with self._as_prepared(statement):
                if statement.kind == altering.KIND:
                    statement = altering.as_now(self, statement)
                return self._execute(statement, rows)

    def _told_register(self, sql: str) -> None:
        self._locking.told(sql)
        self._dialect.told(sql)

    def _about_savepoints(self, sql: str) -> None:
        try:
            self._savepoints.run(sql, self._main, self._known, self._next)
        except SqlError as e:
            raise (self._failed(e, self._main) if e.rolled_back else e) from e
        except Exception as e:
            raise self._failed(e, self._main) from e

    def _execute(self, statement: Statement, rows: Sequence[Sequence[Any]]) -> int | None:
        # A value that does not fit is told before anything runs: the transaction goes on.
        ready = self._ready(statement, rows)
        try:
            if statement.kind in ("VARIABLE_SET", "SET", "PRAGMA"):
                self._targets.clear()
                self._savepoints.forget_places()
                self._cursors.set(statement.run.sql)
                return None
            self._start(statement.run.sql, statement.run.lean)
            if statement.kind == "LABEL":
                self._learn(statement)
                return None
            self._show(self._main, statement)
            for other in statement.run.first:
                self._main.execute(other)
            self._drawn.tell(statement.run.sql, self._main)
            with self._drawn.drawing(statement.draws, statement.own, self._main):
                count = self._run_ready(statement, ready)
            for other in statement.run.then:
                self._main.execute(other)
            if statement.kind not in CHANGES:
                self._savepoints.defined(statement, self._main)
        except Exception as e:
            if merges.nothing_ran(e, ready):
                raise self._plain(e) from e
            raise self._failed(e, self._main) from e
        self._changed = True
        if statement.kind in CHANGES:
            return count
        self._repeats = self._repeats or recursion.is_named(statement.run.sql)
        self._macros.stand(statement.run.sql)
        temporary = bool(_TEMPORARY.match(statement.run.sql))
        self._known.learn(statement.changes, self._current.full_names(statement.declared, temporary), temporary)
        if not temporary:
            self._learn(statement)
        self._defined = True
        self._local = self._local or temporary
        self._temporaries.made(statement.emptied, statement.undone)
        if schemas.makes_or_drops(statement.run.sql):
            self._schemas = True
            self._current.come_home()
        return None

    def _learn(self, statement: Statement) -> None:
        """Remembers what a definition says and DuckDB does not keep."""
        schema = self._current.name
        for other in statement.run.first:
            # The schema that a definition makes.
            if schemas.makes(other):
                self._known.hear(other, schema)
        self._known.hear(statement.said, schema)
        self._changed = True

    def _start(self, *statements: str) -> None:
        """Begins a transaction for some statements, unless one has begun."""
        if not self._begun:
            # A macro of the transaction would go with it.
            self._main.ready(*statements)
            # Commits of others meanwhile count as later.
            self._locking.begin()
            self._main.begin()
            self._begun = True

    def _ready(self, statement: Statement, rows: Sequence[Sequence[Any]]) -> list[tuple[str, list[Any]]]:
        """The statement with its parameters for each row."""
        try:
            return [statement.run.ready(row) for row in rows]
        except SqlError as e:
            e.sqlcode = self._rules.product.code(e.sqlcode)
            raise

    def _run_ready(self, statement: Statement, ready: Iterable[tuple[str, list[Any]]]) -> int:
        if statement.kind not in CHANGES:
            for sql, values in ready:
                self._main.execute_again(sql, values or None, statement.read).fetchall()
            return 0
        count = 0
        with self._savepoints.appending(statement, self._main) as counts:
            for sql, values in ready:
                if statement.kind == "MERGE_INTO":
                    merges.check(self._main, statement.twice(sql), values)
                if found := self._main.execute_again(sql, values or None, statement.read).fetchall():
                    count += len(found) if statement.returns else int(found[0][0])
            counts.append(count)
        return count

    def execute_array(self, number: int, table: Collected, atomic: bool, /) -> int | None | list[int | None | SqlError]:
        """Runs a statement for an array of rows, in the session's transaction."""
        statement = self._prepared(number)
        if statement.kind in CHANGES:
            drawing = self._drawn.drawing(statement.draws, statement.own, self._main)
            with self._watched(), self._as_prepared(statement), drawing:
                return arrays.run(self, statement, table, atomic)
        rows = [row[1:] for row in table.rows()]
        return self.execute(number, rows) if atomic else [self.execute(number, [row]) for row in rows]

    def execute_gathered(self, number: int, table: Collected, /) -> tuple[int, SqlError | None] | None:
        """Runs a statement for rows that came one by one, as far as that can be done at once."""
        try:
            statement = self._prepared(number)
            if statement.kind != "INSERT":
                return None
            drawing = self._drawn.drawing(statement.draws, statement.own, self._main)
            with self._watched(), self._as_prepared(statement), drawing:
                return arrays.gathered(self, statement, table)
        except SqlError as e:
            return 0, e if e.rolled_back else None

    @property
    def careful(self) -> bool:
        """An error of DuckDB's would take changes along: single rows are looked at before they run."""
        return bool(self._savepoints) or self._changed

    def forget(self, number: int, /) -> None:
        """Drops a statement."""
        gone = self._statements.pop(number, None)
        self._next = None if self._next is gone else self._next

    def set(self, sql: str, /) -> None:
        """The schema is taken over, and what the client says of itself. Other registers mean nothing here."""
        self._told_register(sql)
        if current_schema.is_set(sql):
            kept.check(sql)
            with self._watched():
                self._set_schema(sql, ())

    def _set_schema(self, sql: str, parameters: Sequence[Any]) -> None:
        self._targets.clear()
        self._savepoints.forget_places()
        try:
            self._current.set(sql, parameters)
        except SqlError as e:
            # Nothing has run.
            raise self._plain(e) from e
        except Exception as e:
            raise self._failed(e, self._main) from e

    def _settle(self) -> None:
        """The current schema may be there by now, or no more."""
        try:
            self._current.settle()
        except Exception as e:
            raise self._failed(e, self._main) from e

    def reset(self) -> None:
        """Puts back what was set to the values of the start."""
        with self._watched():
            self._targets.clear()
            self._savepoints.forget_places()
            self._cursors.reset()
            self._current.reset()
            self._dialect.take(client_information.EMPTY | {"ISOLATION": "CS"})

    def objects(self) -> Objects:
        """The tables, views and the like."""
        with self.patience.reading(""), self._reading() as cursor:
            return self._objects(cursor)

    def interrupt(self) -> None:
        """Breaks off the call that runs."""
        self.patience.interrupt()
        self._cursors.interrupt()

    def close(self) -> None:
        """Undoes the transaction and closes the cursors; those of open results when they are released."""
        try:
            self.rollback()
        finally:
            self._cursors.close()
