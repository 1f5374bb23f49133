"""The tables of DuckDB, for the catalog procedures by which drivers ask (JDBC's getTables and so on)."""

from __future__ import annotations

from typing import Any

from drdarrow.server import types
from drdarrow.server.columns import Facts
from drdarrow.server.engine import Described, SqlError, Table

__all__ = ["parameter", "tables"]

_TABLES = """
SELECT schema_name, table_name, 'TABLE' FROM duckdb_tables() WHERE NOT internal AND database_name = current_database()
UNION ALL
SELECT schema_name, view_name, 'VIEW' FROM duckdb_views() WHERE NOT internal AND database_name = current_database()
ORDER BY ALL
"""
_COLUMNS = """
SELECT schema_name, table_name, column_name, data_type, is_nullable
FROM duckdb_columns() WHERE NOT internal AND database_name = current_database()
ORDER BY schema_name, table_name, column_index
"""
_KEYS = """
SELECT schema_name, table_name, constraint_column_names
FROM duckdb_constraints() WHERE constraint_type = 'PRIMARY KEY' AND database_name = current_database()
"""


def parameter(name: str, duck: str) -> Described:
    """A parameter of DuckDB's type; text for a type that Db2 has not, which DuckDB reads."""
    try:
        return types.describe(name, duck)
    except SqlError:
        return name, "Utf8", {}


def tables(cursor: Any, known: Facts) -> list[Table]:
    """The tables and views, their names in upper case. A column of a type that Db2 has not is listed as text."""
    columns: dict[tuple[str, str], list[tuple[str, str, bool]]] = {}
    for schema, table, column, duck, nullable in cursor.execute(_COLUMNS).fetchall():
        columns.setdefault((schema, table), []).append((column, duck, nullable))
    keys = {(schema, table): names for schema, table, names in cursor.execute(_KEYS).fetchall()}
    found = []
    for schema, table, kind in cursor.execute(_TABLES).fetchall():
        of = columns.get((schema, table), [])
        names = [column for column, _, _ in of]
        facts = known.get(f"{schema}.{table}".upper(), known.get(table.upper(), {}))
        described: list[Described] = []
        for column, duck, _ in of:
            name, arrow, metadata = parameter(column.upper(), duck)
            described.append((name, arrow, {**metadata, **types.fitting(duck, facts.get(name, {}))}))
        required = [n for n, (_, _, nullable) in enumerate(of) if not nullable]
        key = [names.index(column) for column in keys.get((schema, table), [])]
        found.append(Table(schema.upper(), table.upper(), kind, described, required, key))
    return found
