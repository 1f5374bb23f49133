"""Queries over the rows of a change, on the connection of the changes: see `final`."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from drdarrow._core import collect
from drdarrow.server import describing, final
from drdarrow.server.current_schema import CurrentSchema
from drdarrow.server.cursors import Cursor
from drdarrow.server.describing import Rules
from drdarrow.server.dialect import Dialect
from drdarrow.server.drawn import Drawn
from drdarrow.server.engine import Prepared, SqlError
from drdarrow.server.known import Known
from drdarrow.server.result import DuckResult
from drdarrow.server.result import _Session as _Results
from drdarrow.server.savepoints import Savepoints
from drdarrow.server.statement import Statement

__all__ = ["prepare", "query"]


class _Session(_Results, Protocol):
    """The parts of a client's session that these need."""

    _main: Cursor
    _dialect: Dialect
    _current: CurrentSchema
    _known: Known
    _rules: Rules
    _drawn: Drawn
    _savepoints: Savepoints
    _statements: dict[int, Statement]
    _changed: bool

    def _prepare(self, sql: str) -> Prepared: ...
    def _reading(self, *statements: str) -> AbstractContextManager[Cursor]: ...
    def _keep(self, statement: Statement) -> int: ...
    def _begin(self) -> int: ...
    def _start(self, *statements: str) -> None: ...


def prepare(session: _Session, change: final.Change) -> Prepared:
    """Reads and describes the change and the query over its rows."""
    number, _, inner = session._prepare(change.inner)
    changing = session._statements.pop(number)
    translated = session._dialect.to_duckdb(change.outer)
    target = session._dialect.to_duckdb(f"FROM {change.target}").sql
    tables = session._known.tables
    name = change.target.replace('"', "").upper()
    facts = tables.get(name, tables.get(name.rpartition(".")[2], {}))
    known = {**tables, final.ROWS.upper(): facts}
    with session._reading(translated.sql) as cursor:
        none = collect(cursor.sql(f"SELECT * {target} LIMIT 0"))
        session._current.check(translated.sql, cursor)
        with cursor.holding(final.ROWS, none):
            found = describing.describe(cursor, cursor is not session._main, translated, known, session._rules)
    statement, described, parameters = found
    statement.changing = changing, change
    described = described and session._current.seen(described)
    return session._keep(statement), described, change.joined(inner, parameters)


def query(
    session: _Session, statement: Statement, changing: Statement, change: final.Change, parameters: Sequence[Any]
) -> DuckResult:
    """Changes rows, and asks for them."""
    inner, outer = change.parted(parameters)
    run, cursor = session._begin(), session._main
    session._savepoints.lose()
    try:
        sql, values = changing.run.ready(inner)
        session._start(sql, statement.run.sql)
        session._drawn.tell(sql, cursor)
        with session._drawn.drawing(changing.draws, changing.own, cursor):
            # It runs at once.
            rows = collect(cursor.sql(sql, values or None))
        session._changed = True
        with cursor.holding(final.ROWS, rows):
            found = collect(statement.relation(cursor, statement.run.values(outer)))
        return DuckResult(session, cursor, found.__arrow_c_stream__(), True, run, None, rows.num_rows())
    except Exception as e:
        failed: SqlError = session._failed(e, cursor)
        session._end(run)
        raise failed from e
