"""Tables, queries and record files as views of DuckDB, which read anew each time DuckDB asks.

import duckdb
import drdarrow.duckdb

local = duckdb.connect()
drdarrow.duckdb.register(local, "orders", "drda://ada@db.example/SHOP", "ORDERS")
local.sql("SELECT year, sum(amount) FROM orders GROUP BY year")
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import drdarrow
from drdarrow.exceptions import InterfaceError
from drdarrow.tables import statement
from drdarrow.types import Parameters

if TYPE_CHECKING:
    import duckdb
    import pyarrow

__all__ = ["register"]


def register(
    target: duckdb.DuckDBPyConnection,
    name: str,
    source: str | drdarrow.Connection | drdarrow.FileConnection,
    table: str,
    parameters: Parameters = (),
    **settings: Any,
) -> None:
    """Makes a view of a table, a query or a record file. DuckDB reads all of its columns and rows each time it uses
    the view: name columns and conditions in a query to have less sent, or make a table of the view.

    Args:
        target: DuckDB's connection.
        name: of the view.
        source: a URI as `drdarrow.connect` takes it, for a connection of its own at each use; or a connection, which
            has to stay open.
        table: the name of a table, as SQL has it, or a query; the path of a file where the source is a connection to
            record files.
        parameters: of the query.
        settings: those of `drdarrow.connect` beside a URI, or of `open_file`.

    Raises:
        ProgrammingError: there is no such table or file, or the query is wrong.
        InterfaceError: settings were given beside a connection.
    """
    if isinstance(source, str):
        target.register(name, _Anew(source, settings, statement(table), parameters))
    elif isinstance(source, drdarrow.FileConnection):
        target.register(name, source.open_file(table, **settings))
    elif settings:
        raise InterfaceError("settings belong to a URI, and a connection was given")
    else:
        asked = source.query(statement(table), parameters)
        asked.schema  # noqa: B018  an error is told as one of ours, not by DuckDB
        target.register(name, asked)


class _Anew:
    """A query of a connection that is made for each reading."""

    def __init__(self, uri: str, settings: dict[str, Any], query: str, parameters: Parameters) -> None:
        self._uri, self._settings, self._query, self._parameters = uri, settings, query, parameters
        import pyarrow

        with drdarrow.connect(uri, **settings) as connection:
            described: Any = connection.query(query, parameters).schema
        self._schema = pyarrow.schema(described)

    def __arrow_c_schema__(self) -> object:
        return self._schema.__arrow_c_schema__()

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        import pyarrow

        reader: Any = pyarrow.RecordBatchReader.from_batches(self._schema, self._batches())
        return reader.__arrow_c_stream__(requested_schema)

    def _batches(self) -> Iterator[pyarrow.RecordBatch]:
        import pyarrow

        with drdarrow.connect(self._uri, **self._settings) as connection:
            stream: Any = connection.query(self._query, self._parameters).fetch_arrow()
            before, now = _named(self._schema), _named(pyarrow.schema(stream.schema))
            if now != before:
                # DuckDB would take the bytes of one type for those of another.
                raise InterfaceError(f"the columns were {before} and are {now}: register the view again")
            for batch in stream:
                yield pyarrow.record_batch(batch)


def _named(schema: pyarrow.Schema) -> str:
    """Columns with their types."""
    return ", ".join(f'"{field.name}" {field.type}' for field in schema)
