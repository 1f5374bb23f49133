"""Limits clients to the tables of the DuckDB that serves them.

Two locks, each of which holds where the other has a gap. `lock` closes the instance: no files, network, extensions,
Python objects or settings. `check` looks at each statement: an allow-list of kinds, and of functions that give tables.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any

import duckdb

from drdarrow.exceptions import InterfaceError
from drdarrow.server import growing, tokens
from drdarrow.server.engine import SqlError

__all__ = ["DIVISION", "check", "check_runs_nothing", "is_locked", "lock"]

#: Ways of Db2 that DuckDB has to be told: 7 / 2 is 3.
DIVISION = "integer_division = true"
#: In this order: the last two make those before them final.
_SETTINGS = (
    f"SET GLOBAL {DIVISION}",
    "SET autoinstall_known_extensions = false",
    "SET autoload_known_extensions = false",
    "SET allow_community_extensions = false",
    "SET GLOBAL python_enable_replacements = false",
    "SET enable_external_access = false",
    "SET lock_configuration = true",
)

#: The part of the machine that clients may use up, unless its owner has said something else: DuckDB's own bounds are
#: four fifths of the memory and nine tenths of the disk. A database in memory writes no files into the working folder.
_LIMITS = {"memory_limit": "50%", "max_temp_directory_size": "16GiB", "temp_directory": ""}

#: Kinds of statements, as DuckDB's parser names them.
_KINDS = {"SELECT", "INSERT", "UPDATE", "DELETE", "MERGE_INTO", "CREATE", "ALTER", "DROP", "EXPLAIN"}
#: Those that change nothing.
_READING = {"SELECT", "EXPLAIN"}
#: Words that begin a change, and those that follow them then; UPDATE has a SET soon after it.
_CHANGE: dict[str, set[str]] = {"INSERT": {"INTO", "OR"}, "DELETE": {"FROM"}, "MERGE": {"INTO"}, "UPDATE": {"OR"}}
#: Words between CREATE, ALTER or DROP and what is made, changed or dropped.
_DECORATION = {"OR", "REPLACE", "TEMP", "TEMPORARY", "LOCAL", "GLOBAL", "UNIQUE", "IF", "NOT", "EXISTS"}
_OBJECTS = {"TABLE", "VIEW", "INDEX", "SEQUENCE", "SCHEMA", "TYPE"}
#: Functions that give tables and touch nothing but their arguments and the catalog.
_TABLES = {
    "duckdb_columns", "duckdb_constraints", "duckdb_indexes", "duckdb_keywords", "duckdb_schemas", "duckdb_sequences",
    "duckdb_tables", "duckdb_types", "duckdb_views", "generate_series", "histogram", "histogram_values",
    "icu_calendar_names", "json_each", "json_tree", "pg_timezone_names", "pragma_show", "pragma_table_info", "range",
    "repeat", "repeat_row", "summary", "unnest",
}  # fmt: skip
#: A name with brackets that follows one of these is that of a table, with its columns.
_BEFORE_A_NAME = {"TABLE", "INTO", "EXISTS", "VIEW", "REFERENCES", "ON"}
#: Functions of one value, and views, that tell of or write to what all sessions share, or plan a statement that nobody
#: looked at.
_SHARED = {"current_setting", "write_log", "parse_duckdb_log_message", "json_serialize_plan"}
_VIEWS = {
    "duckdb_databases",
    "duckdb_logs",
    "pragma_database_list",
    "pg_settings",
    "pg_database",
    "pg_prepared_statements",
}


def lock(source: Any, paths: Iterable[str] = ()) -> None:
    """Closes the instance of a connection for good: all connections to it lose files, network, extensions, variables of
    Python as tables, and SET. Statements may go on reading `paths`.

    Raises InterfaceError when the configuration was locked before in a state that leaves files open.
    """
    cursor = source.cursor()
    try:
        if is_locked(cursor):
            if _setting(cursor, "enable_external_access"):
                raise InterfaceError(
                    "the configuration of this DuckDB is locked and lets statements reach files; serve it with "
                    "external_access=True if clients may do that, or lock it with enable_external_access = false"
                )
            return
        allowed = ", ".join("'" + path.replace("'", "''") + "'" for path in paths)
        if allowed:
            cursor.execute(f"SET allowed_paths = [{allowed}]")
        for setting in (*_limits(cursor), *_SETTINGS):
            cursor.execute(setting)
    finally:
        cursor.close()


def _limits(cursor: Any) -> list[str]:
    """Bounds for what nobody has set."""
    with duckdb.connect(":memory:") as fresh:
        unset = [name for name in _LIMITS if _setting(cursor, name) == _setting(fresh, name)]
    return [f"SET GLOBAL {name} = '{_LIMITS[name]}'" for name in unset]


def memory(source: Any) -> int:
    """Bytes that DuckDB's own limit allows."""
    cursor = source.cursor()
    try:
        number, _, unit = str(_setting(cursor, "memory_limit")).partition(" ")
    finally:
        cursor.close()
    units = ["bytes", "KiB", "MiB", "GiB", "TiB", "PiB"]
    return int(float(number) * 1024 ** units.index(unit)) if unit in units else sys.maxsize


def is_locked(connection: Any) -> bool:
    """The configuration cannot be changed any more. Sessions cannot be told how Db2 divides then.

    Raises InterfaceError when that was not told before.
    """
    locked = bool(_setting(connection, "lock_configuration"))
    if locked and not _setting(connection, "integer_division"):
        raise InterfaceError(f"the configuration of this DuckDB is locked without {DIVISION}, which Db2's SQL needs")
    return locked


def _setting(connection: Any, name: str) -> Any:
    return connection.execute("SELECT current_setting(?)", [name]).fetchone()[0]


def check(sql: str, kind: str, read_only: bool = False) -> None:
    """Refuses a statement that reaches beyond the tables. kind: what DuckDB's parser calls it; read_only: what it
    changes is refused too, temporary tables among it.

    Raises SqlError -142 for a kind of statement, -440 for a function, -817 for a change.
    """
    words = [word for word, _ in tokens.words(sql)]
    upper = [word.upper() for word in words[:16]]
    if kind not in _KINDS:
        raise SqlError(-142, "42612", upper[0] if upper else kind)
    if read_only and (kind not in _READING or _change_within([word.upper() for word in words])):
        raise SqlError(-817, "25000")
    if kind in ("CREATE", "ALTER", "DROP"):
        what = next((word for word in upper[1:] if word not in _DECORATION), "")
        # COMMENT ON TABLE is an ALTER to DuckDB.
        if what not in _OBJECTS and upper[:2] != ["COMMENT", "ON"]:
            raise SqlError(-142, "42612", f"{upper[0]} {what}")
    for at, word in enumerate(words):
        if not (word[:1].isalpha() or word[:1] in '_"'):
            continue
        name = tokens.name(word)
        called = words[at + 1 : at + 2] == ["("]
        named = at > 0 and words[at - 1].upper() in _BEFORE_A_NAME
        if name in _VIEWS or called and (name in _SHARED or name in _forbidden() and not named):
            raise SqlError(-440, "42884", name.upper(), "FUNCTION")
    if refused := growing.refused(tokens.words(sql)):
        raise SqlError(-440, "42884", refused.upper(), "FUNCTION")


def check_runs_nothing(sql: str, kind: str) -> None:
    """Refuses what DuckDB runs when it is only described.

    Raises SqlError -142.
    """
    found = [word for word, _ in tokens.words(sql)]
    words = [word.upper() for word in found]
    # An option of EXPLAIN may stand in quotes.
    analyzed = kind == "EXPLAIN" and "analyze" in map(tokens.name, found)
    if kind == "SELECT" and (change := _change_within(words)):
        raise SqlError(-142, "42612", change)
    if kind in ("CALL", "PRAGMA", "EXECUTE", "MULTI") or analyzed:
        raise SqlError(-142, "42612", "EXPLAIN ANALYZE" if kind == "EXPLAIN" else words[0] if words else kind)


def _change_within(words: list[str]) -> str | None:
    """The word that begins a change within a query: `WITH X AS (DELETE FROM …) SELECT …`. words in upper case."""
    for at, word in enumerate(words):
        if word not in _CHANGE or at == 0 or words[at - 1] not in ("(", ")"):
            continue
        # Functions and columns have such names too.
        following = words[at + 1 : at + 12]
        if following[:1] and following[0] in _CHANGE[word] or word == "UPDATE" and "SET" in following[1:]:
            return word
    return None


def _forbidden() -> frozenset[str]:
    """Functions of this DuckDB that give tables and are not known to be harmless."""
    if not _found:
        with duckdb.connect(":memory:") as connection:
            rows = connection.execute(
                "SELECT DISTINCT lower(function_name) FROM duckdb_functions() "
                "WHERE internal AND function_type IN ('table', 'table_macro')"
            ).fetchall()
        _found.append(frozenset(name for (name,) in rows) - _TABLES)
    return _found[0]


#: Found once, for the first statement.
_found: list[frozenset[str]] = []
