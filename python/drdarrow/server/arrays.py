"""Statements that change rows, run for an array of rows in DuckDB: all of them or none, or each for itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from drdarrow.server.cursors import Cursor, Cursors
from drdarrow.server.engine import SqlError
from drdarrow.server.inserts import Insert, given

if TYPE_CHECKING:
    from drdarrow._core import Collected
    from drdarrow.server.patience import Patience
    from drdarrow.server.statement import Statement

__all__ = ["CHANGES", "DEFINITIONS", "run"]

#: Kinds of statements that change rows, in DuckDB's words.
CHANGES = ("INSERT", "UPDATE", "DELETE", "MERGE_INTO")
#: Kinds of statements that make tables and the like, or change or drop them.
DEFINITIONS = ("CREATE", "ALTER", "DROP")
#: Rows of an array that may fail, each of which has the others run once more; an INSERT needs none of that.
_FAILURES = 16

#: Rows changed by each row of parameters, or why there are none.
_Answers: TypeAlias = list[int | None | SqlError]


class _Session(Protocol):
    """The parts of a client's session that arrays need: its connection of the changes, and its transaction."""

    _main: Cursor
    _cursors: Cursors
    _changed: bool
    patience: Patience

    def _start(self, *statements: str) -> None: ...
    def _run(self, statement: Statement, rows: Sequence[Sequence[Any]]) -> int: ...
    def _failed(self, error: Exception, cursor: Cursor) -> SqlError: ...


def run(session: _Session, statement: Statement, table: Collected, atomic: bool) -> int | _Answers:
    """Runs a statement for the rows of a table in the session's transaction.

    Raises SqlError for a row of an atomic array, and where the transaction went with a row of another one.
    """
    insert = None
    if statement.kind == "INSERT" and not statement.run.trimmed:
        with session.patience.reading(statement.run.sql):
            insert = Insert.of(statement.run.sql, statement.text)
    if insert is not None:
        return _insert(session, insert, table, atomic)
    rows = [row[1:] for row in table.rows()]
    if atomic:
        try:
            session._start(statement.run.sql)
            count = session._run(statement, rows)
        except Exception as e:
            raise session._failed(e, session._main) from e
        session._changed = True
        return count
    return _each(session, statement, rows)


def _insert(session: _Session, insert: Insert, table: Collected, atomic: bool) -> int | _Answers:
    # An error takes with it what the transaction did before: then bad rows are looked for first.
    bad = _bad_rows(session, insert, table) if session._changed else {}
    try:
        count = 0 if atomic and bad else _insert_but(session, insert, table, bad)
    except SqlError as error:
        if atomic or bad or error.rolled_back:
            raise
        bad = _bad_rows(session, insert, table)
        if not bad:
            raise
        count = _insert_but(session, insert, table, bad)
    if atomic and bad:
        raise bad[min(bad)]
    session._changed = session._changed or count > 0
    return count if atomic else [bad.get(row, 1) for row in range(table.num_rows())]


def _insert_but(session: _Session, insert: Insert, table: Collected, bad: dict[int, SqlError]) -> int:
    """Inserts the rows that are not bad. Raises SqlError; then nothing is left of the transaction."""
    wanted = table.num_rows() - len(bad)
    if not wanted:
        return 0
    try:
        session._start(", ".join(insert.items))
        with given(session._main, table):
            count = insert.run(session._main, bad)
        if count != wanted:
            raise SqlError(-901, "58004", f"{count} rows of {wanted} were inserted")
    except Exception as e:
        raise session._failed(e, session._main) from e
    return count


def _bad_rows(session: _Session, insert: Insert, table: Collected) -> dict[int, SqlError]:
    other = session._cursors.take()
    try:
        return insert.bad_rows(session._main, other, table)
    except Exception as e:
        raise session._failed(e, session._main) from e
    finally:
        session._cursors.give(other)


def _each(session: _Session, statement: Statement, rows: Sequence[Sequence[Any]]) -> _Answers:
    """Runs a statement for each row by itself. A row that fails takes those before it along: they are run again."""
    answers: _Answers = []
    for row in rows:
        try:
            session._start(statement.run.sql)
            answers.append(session._run(statement, [row]))
        except Exception as e:
            error = session._failed(e, session._main)
            answers.append(error)
            if error.rolled_back or not _again(session, statement, rows, answers):
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
            if not isinstance(answer, SqlError) and session._run(statement, [row]) != answer:
                raise SqlError(-911, "40001", "2", rolled_back=True)
    except Exception as e:
        session._failed(e, session._main)
        return False
    return True
