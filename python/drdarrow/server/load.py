"""Tables of other libraries in DuckDB."""

from __future__ import annotations

from typing import Any

from drdarrow.exceptions import InterfaceError
from drdarrow.server.engine import Engine

__all__ = ["engine"]


def engine(source: Any, tables: dict[str, Any]) -> Engine:
    """DuckDB with these tables: those of `source`, a connection, or of a database of its own in memory."""
    try:
        import duckdb
        import sqlglot  # noqa: F401

        from drdarrow.server.duckdb import DuckEngine
    except ImportError as e:
        raise InterfaceError(f'{e.name} is not installed: pip install "drdarrow[server]"') from e
    if source is None:
        source = duckdb.connect(":memory:")
    for name, table in tables.items():
        _load(source.cursor(), name, table)
    return DuckEngine(source)


def _load(cursor: Any, name: str, table: Any) -> None:
    """Copies a table into DuckDB."""
    try:
        cursor.register("drdarrow_incoming", _Stream(table))
        cursor.execute('CREATE TABLE "{}" AS FROM drdarrow_incoming'.format(name.replace('"', '""')))
    except Exception as e:
        raise InterfaceError(f"tables: {name}: {e}") from e
    finally:
        cursor.close()


class _Stream:
    """Only the stream of a table: DuckDB reads objects that it knows by name through their libraries."""

    def __init__(self, table: Any) -> None:
        self._table = table

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return self._table.__arrow_c_stream__(requested_schema)
