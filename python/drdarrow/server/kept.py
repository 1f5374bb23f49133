"""The words of definitions and the procedures, kept in the database file: they are there when the file is served again.

It is written in the transaction that it is about. DuckDB's own description stands beside each entry. Where that is
another one later, somebody has changed the table with other means, and what was said of it holds no more.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from drdarrow.server.engine import SqlError
from drdarrow.server.lexer import lex
from drdarrow.server.procedures import definition
from drdarrow.server.procedures.steps import Procedure
from drdarrow.server.remembered import Memory, TableMemory

if TYPE_CHECKING:
    from drdarrow.server.columns import Facts
    from drdarrow.server.cursors import Cursor

__all__ = ["SCHEMA", "Entries", "Kept", "check", "entries"]

#: Nobody else's schema: catalogs do not show it, and statements of clients do not reach it.
SCHEMA = "drdarrow_kept"
_TABLE = f"{SCHEMA}.entries"
_COLUMNS = f"""
SELECT upper(schema_name), upper(table_name), column_name, data_type FROM duckdb_columns()
WHERE database_name = current_database() AND NOT internal AND schema_name <> '{SCHEMA}'
ORDER BY schema_name, table_name, column_index
"""
_INDEXES = """
SELECT upper(schema_name), upper(index_name), expressions FROM duckdb_indexes()
WHERE database_name = current_database()
"""
#: Kinds as `spelling` has them.
_NAMES = """
SELECT 'SCHEMA', '', schema_name FROM duckdb_schemas() WHERE database_name = current_database() AND NOT internal
UNION ALL SELECT 'TABLE', upper(schema_name), table_name FROM duckdb_tables() WHERE database_name = current_database()
UNION ALL SELECT 'TABLE', upper(schema_name), view_name FROM duckdb_views() WHERE database_name = current_database()
UNION ALL SELECT 'INDEX', upper(schema_name), index_name FROM duckdb_indexes() WHERE database_name = current_database()
UNION ALL SELECT 'SEQUENCE', upper(schema_name), sequence_name FROM duckdb_sequences()
WHERE database_name = current_database()
"""
_FOUND = "SELECT 1 FROM duckdb_tables() WHERE database_name = current_database() AND schema_name = ?"
#: The description of a thing that is not there.
_NOTHING = "[]"
#: Kind and name of an entry, and what it says.
Entries: TypeAlias = dict[tuple[str, str], Any]

_log = logging.getLogger("drdarrow.server")


class Kept:
    """The entries of the database that a connection is about; none of one in memory, or of one that is only read."""

    def __init__(self, source: Any, read_only: bool) -> None:
        cursor = source.cursor()
        try:
            self._home, path, locked = cursor.execute(
                "SELECT database_name, path, readonly FROM duckdb_databases() WHERE database_name = current_database()"
            ).fetchone()
            self._reads, self.writes = bool(path), bool(path) and not locked and not read_only
        finally:
            cursor.close()

    def read(self, source: Any) -> tuple[Memory, Facts]:
        """The words of definitions, and the facts about columns, as far as they hold."""
        memory, facts = Memory(), dict[str, dict[str, dict[str, str]]]()
        cursor = source.cursor()
        try:
            found = self._reads and cursor.execute(_FOUND, [SCHEMA]).fetchall()
            rows = cursor.execute(f"SELECT kind, name, said, described FROM {_TABLE}").fetchall() if found else []
            now = _Described(cursor) if rows else None
        finally:
            cursor.close()
        for kind, name, said, described in rows:
            try:
                if now is not None and now.of(kind, name) == described:
                    _take(memory, facts, kind, name, json.loads(said))
            except (SqlError, ValueError, TypeError, LookupError, AttributeError):
                _log.warning("what the database keeps of %s is no entry, and is left out", name)
        return memory, facts

    def write(self, cursor: Cursor, before: Entries, after: Entries) -> None:
        """Writes what a transaction has said, in it."""
        if cursor.execute("SELECT current_database()").fetchall() != [(self._home,)]:
            return
        changed = {key for key in before.keys() | after.keys() if before.get(key) is not after.get(key)}
        found = cursor.execute(_FOUND, [SCHEMA]).fetchall()
        if not found:
            if not changed:
                return
            cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
            cursor.execute(f"CREATE TABLE {_TABLE} (kind VARCHAR, name VARCHAR, said VARCHAR, described VARCHAR)")
        now = _Described(cursor)
        for kind, name, described in cursor.execute(f"SELECT kind, name, described FROM {_TABLE}").fetchall():
            # The words about a table hold when it gets other columns.
            if (kind, name) in after and now.of(kind, name) not in (described, _NOTHING):
                changed.add((kind, name))
        for key in changed:
            cursor.execute(f"DELETE FROM {_TABLE} WHERE kind = ? AND name = ?", list(key))
            if (said := after.get(key)) is not None:
                values = [*key, json.dumps(_told(said)), now.of(*key)]
                cursor.execute(f"INSERT INTO {_TABLE} VALUES (?, ?, ?, ?)", values)


class _Described:
    """Tables, indexes and names as DuckDB describes them."""

    def __init__(self, cursor: Any) -> None:
        self._columns: dict[tuple[str, str], list[tuple[str, str]]] = {}
        for schema, table, *column in cursor.execute(_COLUMNS).fetchall():
            self._columns.setdefault((schema, table), []).append((column[0], column[1]))
        self._indexes = {(schema, name): text for schema, name, text in cursor.execute(_INDEXES).fetchall()}
        self._names = {
            json.dumps([kind, schema, name.upper()]): name for kind, schema, name in cursor.execute(_NAMES).fetchall()
        }

    def _all(self, kind: str, name: str) -> list[str]:
        """That of each thing that the name may stand for; none of a procedure, which DuckDB does not know."""
        if kind == "procedure":
            return []
        schema, point, plain = name.rpartition(".") if kind == "facts" else _parts(name)
        found: Mapping[tuple[str, str], Any] = self._indexes if kind == "index" else self._columns
        return [json.dumps(about) for of, about in found.items() if of[1] == plain and (not point or of[0] == schema)]

    def of(self, kind: str, name: str) -> str:
        """All of them."""
        if kind == "name":
            return json.dumps([self._names[name]]) if name in self._names else _NOTHING
        return json.dumps(self._all(kind, name))


def _parts(name: str) -> tuple[str, str, str]:
    schema, plain = json.loads(name)
    return schema, ".", plain


def entries(memory: Memory, facts: Facts) -> Entries:
    """All that is remembered, each as it is."""
    tables = {("table", json.dumps(key)): table for key, table in memory.tables.items()}
    indexes = {("index", json.dumps(key)): index for key, index in memory.indexes.items()}
    procedures = {("procedure", json.dumps(key)): made for key, made in memory.procedures.items()}
    names = {("name", json.dumps(key)): name for key, name in memory.names.items()}
    known = {("facts", name): about for name, about in facts.items()}
    return {**tables, **indexes, **procedures, **names, **known}


def _told(said: Any) -> Any:
    if isinstance(said, Procedure):
        return said.text
    return _of_table(said) if isinstance(said, TableMemory) else said


def _of_table(table: TableMemory) -> dict[str, Any]:
    keys = [[rule, columns, name] for (rule, columns), name in table.keys.items()]
    about = {"label": table.label, "comment": table.comment, "text": table.text}
    return {"keys": keys, "checks": table.checks, "columns": table.columns, **about}


def _take(memory: Memory, facts: Facts, kind: str, name: str, said: Any) -> None:
    """Takes an entry over. Raises ValueError and the like for anything else."""
    if kind == "facts":
        facts[name] = {column: _texts(about) for column, about in said.items()}
        return
    if kind == "procedure":
        schema, plain, count = json.loads(name)
        memory.procedures[schema, plain, count] = definition.creation(said)
        return
    if kind == "name":
        of, schema, plain = json.loads(name)
        memory.names[str(of), str(schema), str(plain)] = str(said)
        return
    schema, _, plain = _parts(name)
    if kind == "index":
        memory.indexes[schema, plain] = [(str(column), bool(high)) for column, high in said]
    elif kind == "table":
        memory.tables[schema, plain] = TableMemory(
            {(str(rule), tuple(map(str, columns))): str(given) for rule, columns, given in said["keys"]},
            tuple((str(given), str(text)) for given, text in said["checks"]),
            {column: _texts(about) for column, about in said["columns"].items()},
            *(None if said[of] is None else str(said[of]) for of in ("label", "comment", "text")),
        )


def _texts(about: Mapping[str, Any]) -> dict[str, str]:
    return {key: str(value) for key, value in about.items()}


def check(sql: str) -> None:
    """Raises SqlError -204 for a statement that names the schema."""
    if SCHEMA in sql.lower():
        for word in lex(sql):
            if word.kind in ("name", "quoted", "string") and word.text.strip("\"'").lower() == SCHEMA:
                raise SqlError(-204, "42704", SCHEMA.upper())
