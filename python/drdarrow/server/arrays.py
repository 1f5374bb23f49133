"""Statements that change rows, run for an array of rows in DuckDB: all of them or none, or each for itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from drdarrow.server import merges
from drdarrow.server.bad_rows import bad_rows
from drdarrow.server.cursors import Cursor, Cursors
from drdarrow.server.describing import Rules
from drdarrow.server.engine import SqlError
from drdarrow.server.inserts import Insert
from drdarrow.server.targets import Target, shape

if TYPE_CHECKING:
    from drdarrow._core import Collected
    from drdarrow.server.known import Known
    from drdarrow.server.patience import Patience
    from drdarrow.server.savepoints import Savepoints
    from drdarrow.server.statement import Statement

__all__ = ["CHANGES", "DEFINITIONS", "gathered", "run"]

#: Kinds of statements that change rows, in DuckDB's words.
CHANGES = ("INSERT", "UPDATE", "DELETE", "MERGE_INTO")
#: Kinds of statements that make tables and the like, or change or drop them.
DEFINITIONS = ("CREATE", "ALTER", "DROP")
#: Rows of an array that may fail, each of which has the others run once more; an INSERT needs none of that.
_FAILURES = 16
#: A row after one that failed.
_NOT_RUN = SqlError(-901, "58004")
#: Targets that a session keeps in mind.
_TARGETS = 256

#: Rows changed by each row of parameters, or why there are none.
_Answers: TypeAlias = list[int | None | SqlError]


class _Session(Protocol):
    """The parts of a client's session that arrays need: its connection of the changes, and its transaction."""

    _main: Cursor
    _cursors: Cursors
    _savepoints: Savepoints
    _known: Known
    _rules: Rules
    #: Targets of INSERTs, each with the INSERT and the tables that there were.
    _targets: dict[int, tuple[Insert, object, Target]]
    _begun: bool
    _changed: bool
    _defined: bool
    _local: bool
    patience: Patience

    def _start(self, *statements: str) -> None: ...
    def _ready(self, statement: Statement, rows: Sequence[Sequence[Any]]) -> list[tuple[str, list[Any]]]: ...
    def _run_ready(self, statement: Statement, ready: list[tuple[str, list[Any]]]) -> int: ...
    def _plain(self, error: Exception) -> SqlError: ...
    def _failed(self, error: Exception, cursor: Cursor) -> SqlError: ...


def run(session: _Session, statement: Statement, table: Collected, atomic: bool) -> int | _Answers:
    """Runs a statement for the rows of a table in the session's transaction.

    Raises SqlError for a row of an atomic array, and where the transaction went with a row of another one.
    """
    insert = _for_many(session, statement)
    if insert is not None:
        target = _target(session, insert)
        if target is not None and not target.triggers and insert.takes(table):
            answers = _insert(session, statement, insert, target, table, atomic)
            if answers is not None:
                return answers
    rows = [row[1:] for row in table.rows()]
    if atomic:
        # A value that does not fit is told before anything runs: the transaction goes on.
        ready = session._ready(statement, rows)
        try:
            session._start(statement.run.sql)
            count = session._run_ready(statement, ready)
        except Exception as e:
            if merges.nothing_ran(e, rows):
                raise session._plain(e) from e
            raise session._failed(e, session._main) from e
        session._changed = True
        return count
    return _each(session, statement, rows)


def gathered(session: _Session, statement: Statement, table: Collected) -> tuple[int, SqlError | None] | None:
    """Runs a statement for rows that came one by one, in the session's transaction: how many, from the first on,
    and the error of the next, if there is one. None of them are run where the outcome would not be the same as one by
    one; None where that is so for any rows."""
    insert = _for_many(session, statement)
    if insert is None or not insert.steady:
        return None
    target = _target(session, insert)
    if target is None or target.serial or target.triggers:
        return None
    count = table.num_rows()
    if not insert.takes(table):
        return 0, None
    bad: dict[int, SqlError] | None = {}
    try:
        # An error takes with it what the transaction did before. Where nobody knows whether there will be one, the
        # rows go in one by one.
        if session._changed:
            bad = None if target.further else _bad_rows(session, insert, target, table)
    except SqlError as error:
        return 0, error
    # Without savepoints the bad row by itself takes the transaction along.
    if bad is None or bad and not session._savepoints:
        return 0, None
    first = min(bad, default=count)
    lost = session._changed
    try:
        _insert_but(session, statement, insert, table, {row: bad.get(row, _NOT_RUN) for row in range(first, count)})
    except SqlError as error:
        return 0, error if lost or error.rolled_back or error.sqlcode == -952 else None
    session._changed = session._changed or first > 0
    return first, bad.get(first)


def _for_many(session: _Session, statement: Statement) -> Insert | None:
    if statement.looked:
        return statement.insert
    with session.patience.reading(statement.run.sql):
        return statement.for_many()


def _target(session: _Session, insert: Insert) -> Target | None:
    """The table, as it was seen last unless tables have changed; None when it does not exist."""
    tables = None if session._defined or session._local else session._known.tables
    kept = session._targets.get(id(insert))
    # On a cursor where nothing is lost, if that sees the table.
    cursor = session._main if session._defined or session._local else session._cursors.take()
    try:
        if kept is not None and kept[0] is insert and tables is not None and kept[1] is tables:
            # Nobody tells what the host does to its tables.
            if shape(insert, cursor) == kept[2].shape:
                return kept[2]
        found = Target.of(insert, cursor)
    except Exception as e:
        if cursor is session._main and session._begun:
            raise session._failed(e, cursor) from e
        return None
    finally:
        session._cursors.give(cursor)
    if len(session._targets) >= _TARGETS:
        session._targets.clear()
    session._targets[id(insert)] = insert, tables, found
    return found


def _insert(
    session: _Session, statement: Statement, insert: Insert, target: Target, table: Collected, atomic: bool
) -> int | _Answers | None:
    """Nothing is done, and None the answer, where the rows are to be run one by one."""
    # An error takes with it what the transaction did before: then bad rows are looked for first.
    bad = _bad_rows(session, insert, target, table) if session._changed else {}
    if bad is None:
        return None
    try:
        count = 0 if atomic and bad else _insert_but(session, statement, insert, table, bad)
    except SqlError as error:
        if bad or error.rolled_back or error.sqlcode == -952:
            raise
        bad = _bad_rows(session, insert, target, table)
        if not bad and atomic:
            raise
        if not bad:
            return None
        count = 0 if atomic else _insert_but(session, statement, insert, table, bad)
    if atomic and bad:
        raise bad[min(bad)]
    session._changed = session._changed or count > 0
    return count if atomic else [bad.get(row, 1) for row in range(table.num_rows())]


def _insert_but(
    session: _Session, statement: Statement, insert: Insert, table: Collected, bad: dict[int, SqlError]
) -> int:
    """Inserts the rows that are not bad. Raises SqlError; then nothing is left of the transaction."""
    wanted = table.num_rows() - len(bad)
    if not wanted:
        return 0
    try:
        session._start(", ".join(insert.items))
        with session._savepoints.appending(statement, session._main) as counts:
            count = insert.run(session._main, table, bad)
            counts.append(count)
        if count != wanted:
            raise SqlError(-901, "58004", f"{count} rows of {wanted} were inserted")
    except Exception as e:
        raise session._failed(e, session._main) from e
    return count


def _bad_rows(session: _Session, insert: Insert, target: Target, table: Collected) -> dict[int, SqlError] | None:
    """None where that is not known."""
    other = session._cursors.take()
    try:
        with session.patience.reading(""):
            found = bad_rows(insert, target, session._main, other, table)
            for error in (found or {}).values():
                error.sqlcode = session._rules.product.code(error.sqlcode)
            return found
    except Exception as e:
        raise session._failed(e, session._main) from e
    finally:
        session._cursors.give(other)


def _each(session: _Session, statement: Statement, rows: Sequence[Sequence[Any]]) -> _Answers:
    """Runs a statement for each row by itself. A row that fails takes those before it along: they are run again."""
    answers: _Answers = []
    for row in rows:
        try:
            ready = session._ready(statement, [row])
        except SqlError as e:
            answers.append(e)
            continue
        try:
            session._start(statement.run.sql)
            answers.append(session._run_ready(statement, ready))
        except Exception as e:
            error = session._failed(e, session._main)
            answers.append(error)
            if error.rolled_back or error.sqlcode == -952 or not _again(session, statement, rows, answers):
                return [error] * len(rows)
    session._changed = session._changed or any(not isinstance(answer, SqlError) for answer in answers)
    return answers


def _again(session: _Session, statement: Statement, rows: Sequence[Sequence[Any]], answers: _Answers) -> bool:
    """Runs the rows once more that went well; whether they went as before."""
    if sum(isinstance(answer, SqlError) for answer in answers) > _FAILURES:
        return False
    try:
        session._start()
        for row, answer in zip(rows, answers, strict=False):
            if isinstance(answer, SqlError):
                continue
            if session._run_ready(statement, session._ready(statement, [row])) != answer:
                raise SqlError(-911, "40001", "2", rolled_back=True)
    except Exception as e:
        session._failed(e, session._main)
        return False
    return True
