"""How a session makes procedures and calls them. They are remembered like other definitions: see `remembered`."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from drdarrow.server.catalog_views import CatalogViews
from drdarrow.server.current_schema import CurrentSchema
from drdarrow.server.cursors import Cursor
from drdarrow.server.describing import Rules
from drdarrow.server.engine import Called, Prepared, PreparedCall, SqlError
from drdarrow.server.known import Known
from drdarrow.server.meaning import Run
from drdarrow.server.procedures import calls, definition, listing
from drdarrow.server.procedures.running import Session
from drdarrow.server.statement import Statement

__all__ = ["call", "catalog_columns", "columns", "described", "prepare_call", "prepare_definition"]

_COLUMNS = "SELECT upper(table_name), upper(column_name) FROM duckdb_columns() WHERE NOT internal"


class _Session(Session, Protocol):
    """The parts of a client's session that these need."""

    _current: CurrentSchema
    _known: Known
    _rules: Rules
    _views: CatalogViews
    _statements: dict[int, Statement]

    def _reading(self, *statements: str) -> AbstractContextManager[Cursor]: ...
    def _keep(self, statement: Statement) -> int: ...


def prepare_call(session: _Session, sql: str) -> tuple[int, calls.Call]:
    """Reads a CALL."""
    schema, name, arguments, status = calls.parsed(sql)
    procedures = session._known.memory.procedures
    found = calls.find(procedures, schema or session._current.name, name, len(arguments))
    made = calls.Call(found, arguments, status)
    return session._keep(Statement(Run(""), "CALL", call=made)), made


def described(session: _Session, number: int, made: calls.Call) -> PreparedCall:
    """Describes the markers of a CALL."""
    try:
        return calls.described(session, number, made)
    except Exception:
        session.forget(number)
        raise


def call(session: _Session, number: int, parameters: Sequence[Any]) -> Called:
    """Runs a CALL."""
    made = session._statements[number].call
    if made is None:
        raise SqlError(-518, "07003")
    return calls.call(session, made, parameters)


def prepare_definition(session: _Session, sql: str) -> Prepared:
    """A CREATE PROCEDURE or a DROP. Raises SqlError -454 for one that is there already, -204 for none."""
    if session._rules.read_only:
        raise SqlError(-817, "25000")
    procedures = session._known.memory.procedures
    drop = definition.dropped(sql)
    if drop is not None:
        schema = drop.schema or session._current.name
        same = [key for key in procedures if key[:2] == (schema, drop.name) and drop.types in (None, key[2])]
        if not same:
            raise SqlError(-204, "42704", session._current.told(f"{schema}.{drop.name}"))
        if len(same) > 1:
            raise SqlError(-476, "42725", drop.name)
    else:
        made = definition.creation(sql)
        key = made.schema or session._current.name, made.name, len(made.parameters)
        if key in procedures and not made.replaces:
            raise SqlError(-454, "42723", made.name, "PROCEDURE", key[0])
        specific = made.clauses.specific
        others = listing.specific_names({**procedures, key: made})
        if specific and [named[0] for named, name in others.items() if name == specific].count(key[0]) > 1:
            raise SqlError(-454, "42723", specific, "SPECIFIC", key[0])
    return session._keep(Statement(Run(""), "LABEL", said=sql)), None, []


def columns(session: _Session) -> dict[str, set[str]]:
    """The columns of tables and views by their names, whatever their schemas; those of temporary ones too."""
    found: dict[str, set[str]] = {}
    with session._reading() as cursor:
        for table, column in cursor.execute(_COLUMNS).fetchall():
            found.setdefault(table, set()).add(column)
    return found


def catalog_columns(session: _Session, sql: str) -> set[str]:
    """The columns of the views of the catalog that a statement names."""
    return {column for about in session._views.facts(session._views.place(sql)[1]).values() for column in about}
