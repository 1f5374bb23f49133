"""Tables, queries and record files as a data source of Spark 4: `spark.read.format("drda")`.

    import drdarrow.spark

    drdarrow.spark.register(spark)
    orders = spark.read.format("drda").option("uri", "profile://prod").load("SHOP.ORDERS")

Workers need this package, and the password by a profile or the environment.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

import pyspark.sql.datasource as api

from drdarrow.engines import Scan, public, write
from drdarrow.exceptions import InterfaceError

if TYPE_CHECKING:
    import pyarrow
    from pyspark.sql import SparkSession
    from pyspark.sql.types import StructType

__all__ = ["DrdaDataSource", "register"]

_OPTIONS = ("uri", "table", "path", "file", "partitions", "on", "plan", "columns", "where")


def register(spark: SparkSession) -> None:
    """Makes the format "drda" known to a session."""
    spark.dataSource.register(DrdaDataSource)


class DrdaDataSource(api.DataSource):
    """A table, a query or a record file.

    Options: `uri`; `table` (a table or a query, also as the argument of `load()`) or `file` (a record file, LIB/FILE);
    `partitions`, the number of parts; `on`, `plan` and `where` as in `Connection.partitions`; `columns`, names with
    commas between.
    """

    @classmethod
    def name(cls) -> str:
        """The name of the format."""
        return "drda"

    def _asked(self) -> dict[str, str]:
        """The options, checked."""
        given = {name.lower(): value for name, value in dict(self.options).items()}
        public(given.get("uri"), given)
        for name in given:
            if name not in _OPTIONS:
                raise InterfaceError(f"option {name!r} is not one of {', '.join(_OPTIONS)}; settings stand in the URI")
        table = given.get("table") or given.get("path")
        if bool(table) == bool(given.get("file")):
            raise InterfaceError("options: one of table and file has to be given")
        return {**given, "table": table or ""}

    def _scan(self) -> Scan:
        given = self._asked()
        options: dict[str, Any] = {name: given[name] for name in ("on", "plan", "where") if name in given}
        file = given.get("file")
        return Scan(given.get("uri"), file or given["table"], file=bool(file), options=options)

    def _columns(self) -> list[str] | None:
        given = self._asked().get("columns")
        return None if given is None else [name.strip() for name in given.split(",")]

    def schema(self) -> StructType:
        """The columns; all of them may be NULL."""
        from pyspark.sql.pandas.types import from_arrow_schema

        schema, wanted = self._scan().schema(), self._columns()
        if wanted is not None:
            import pyarrow

            schema = pyarrow.schema([schema.field(name) for name in wanted])
        return from_arrow_schema(schema, prefer_timestamp_ntz=True)

    def reader(self, schema: StructType) -> api.DataSourceReader:
        """A reader of the columns of a schema."""
        count = int(self._asked().get("partitions", "8"))
        return _Reader(self._scan(), [one.name for one in schema.fields], count)

    def writer(self, schema: StructType, overwrite: bool) -> api.DataSourceArrowWriter:
        """A writer that adds rows to a table: all of a task's, or none."""
        given = self._asked()
        if overwrite or given.get("file"):
            raise InterfaceError('rows are added to tables: write with mode("append"), and option("table", …)')
        return _Writer(given.get("uri"), given["table"])


class _Reader(api.DataSourceReader):
    """Takes no filters: Spark 4.3 keeps those of one query for the next one of the same frame, whose rows would be
    missing then."""

    def __init__(self, scan: Scan, wanted: Sequence[str], count: int) -> None:
        self._scan, self._wanted, self._count = scan, list(wanted), count

    def partitions(self) -> Sequence[api.InputPartition]:
        """The parts."""
        return [api.InputPartition(part) for part in self._scan.parts(self._count, self._wanted)]

    def read(self, partition: api.InputPartition) -> Iterator[pyarrow.RecordBatch]:
        """The rows of one."""
        return self._scan.batches(partition.value)


@dataclass
class _Written(api.WriterCommitMessage):
    """How many rows a task has added."""

    rows: int


class _Writer(api.DataSourceArrowWriter):
    def __init__(self, uri: str | None, table: str) -> None:
        self._uri, self._table = uri, table

    def write(self, iterator: Iterator[pyarrow.RecordBatch]) -> api.WriterCommitMessage:
        """Adds the rows of a task."""
        first = next(iterator, None)
        if first is None:
            return _Written(0)
        return _Written(write(self._uri, self._table, chain([first], iterator), {}))
