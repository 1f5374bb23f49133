"""The rows of parts: the connections of a thread, plans, and streams."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pyarrow as pa

import drdarrow
from drdarrow import journal
from drdarrow._core import quoted_table
from drdarrow.copying.increments import bounded, correlation
from drdarrow.copying.manifest import PartState, TableState
from drdarrow.copying.options import Options
from drdarrow.exceptions import DataError, Error, InterfaceError, NotSupportedError
from drdarrow.journal.chain import journaled, parts
from drdarrow.partitions import Part
from drdarrow.partitions.asking import answered
from drdarrow.partitions.division import counting

__all__ = ["Reader", "Rows", "same_columns"]

#: Rows of a table that is not worth dividing.
_SMALL = 20_000


class Rows:
    """The rows of a part as they come."""

    def __init__(self, schema: pa.Schema, batches: Iterator[pa.RecordBatch], nulled: dict[str, int]) -> None:
        self.schema, self.batches, self.nulled = schema, batches, nulled
        """`nulled`: bad values of fields that were read as NULL, once all batches were taken."""


class Reader:
    """The connections of one thread, made when they are needed; a context manager."""

    def __init__(self, uri: str | None, options: Options) -> None:
        self._uri, self._options = uri, options
        self._sql: drdarrow.Connection | None = None
        self._files: drdarrow.FileConnection | None = None
        self._resting = False

    @property
    def follows(self) -> bool:
        """Changes of record files are wanted, too."""
        return self._options.follow

    def __enter__(self) -> Reader:
        return self

    def __exit__(self, *_: object) -> None:
        self.drop()

    def connection(self) -> drdarrow.Connection:
        """The one for SQL."""
        if self._sql is None or self._sql.closed:
            self._sql = drdarrow.connect(self._uri, **{**self._options.settings, "autocommit": False})
        return self._sql

    def files(self) -> drdarrow.FileConnection:
        """The one for record files; those that are followed are opened beside the connection of SQL."""
        if self._files is None or self._files.closed:
            try:
                self._files = drdarrow.connect_files(self._uri, **self._options.settings)
            except InterfaceError as e:
                if not str(e).startswith("uri: names a file"):
                    raise
                raise InterfaceError(
                    "uri: record files are copied without a database in it: leave out what follows the host and port; "
                    "follow needs the database"
                ) from None
        return self._files

    def check_journals(self) -> None:
        """
        Raises:
            NotSupportedError: the server is of a product without journals.
        """
        if (product := self.connection().server["product"]) != "Db2 for i":
            raise NotSupportedError(
                f"follow: journals are those of Db2 for i, and this is {product}; since= a column that grows copies "
                "the rows of tables that came later"
            )

    def followed(self, library: str) -> list[str]:
        """The files of a library that are journaled, in order."""
        of = answered(self.connection(), journaled(library))
        journal = None if self._options.journal is None else parts(self._options.journal)
        return sorted(name for name, one in of.items() if journal in (None, one))

    def rest(self) -> None:
        """Ends the unit of work."""
        if self._sql is None:
            return
        self._resting = True
        try:
            self._sql.rollback()
        finally:
            self._resting = False

    def drop(self) -> None:
        """Closes the connections: those that failed are not used again."""
        for each in (self._sql, self._files):
            if each is not None:
                with suppress(Error):
                    each.close()
        self._sql = self._files = None

    def cancel(self) -> None:
        """Breaks off what its thread waits for; from another thread."""
        if (connection := self._sql) is not None:
            with suppress(Error):
                if self._resting:
                    # A rollback cannot be broken off, and nothing of the source is lost with the connection.
                    connection.close()
                else:
                    connection.cancel()
        if (files := self._files) is not None:
            # Requests for records cannot be broken off.
            with suppress(Error):
                files.close()

    def database(self, kind: str) -> str:
        """The database, or the system of record files."""
        alone = kind == "file" and not self._options.follow
        server = self.files().server if alone else self.connection().server
        return str(server.get("database") or server.get("system") or "")

    def plan(self, table: TableState) -> None:
        """Divides a table into the parts of its run."""
        if table.kind == "file":
            self._plan_file(table)
        else:
            self._plan_table(table)

    def count(self, table: TableState) -> int | None:
        """The rows that the source has now, of this run; None where counting is not worth its while."""
        options = self._options
        if table.kind == "file" or options.snapshot is not None:
            return None
        where = bounded(table, options)
        if table.kind == "query" and where is None:
            return None
        source = f"({table.source}\n)" if table.kind == "query" else quoted_table(table.source)
        connection = self.connection()
        sql = f"SELECT {counting(str(connection.server['product']))} FROM {source} AS {correlation(table)}"
        if where is not None:
            sql = f"{sql} WHERE {where[0]}"
        with connection.cursor(row_factory=None) as cursor:
            row = cursor.execute(sql, None if where is None else list(where[1]) or None).fetchone()
        self.rest()
        return None if row is None else int(row[0])

    @contextmanager
    def rows(self, table: TableState, part: PartState) -> Iterator[Rows]:
        """The rows of a part. The unit of work ends with them.

        Raises:
            DataError: the columns are others than those that were divided.
        """
        if table.kind == "file":
            yield from self._records(table, part)
            return
        connection = self.connection()
        with Part.from_bytes(part.text.encode()).open(connection) as stream:
            yield Rows(_schema(stream), _batches(stream), {})
        self.rest()

    def _records(self, table: TableState, part: PartState) -> Iterator[Rows]:
        numbers = json.loads(part.text)
        with self.opened(table) as file:
            nulled: dict[str, int] = {}
            with file.ranges(numbers["first"], numbers["last"]) as stream:
                same_columns(table, stream.schema)

                def batches() -> Iterator[pa.RecordBatch]:
                    yield from _batches(stream)
                    nulled.update(file.nulled)

                yield Rows(_schema(stream), batches(), nulled)

    def opened(self, table: TableState) -> drdarrow.File:
        """A record file. With the numbers of its records, by which changes know them, where they are followed."""
        given: dict[str, Any] = {"rrn": True} if self._options.follow else {}
        if self._options.on_error is not None:
            given["on_error"] = self._options.on_error
        if self._options.columns is not None:
            given["columns"] = list(self._options.columns)
        system = self.connection() if self._options.follow else self.files()
        return system.open_file(table.source, **given)

    def _plan_file(self, table: TableState) -> None:
        options = self._options
        for name in ("on", "where", "plan", "snapshot", "since"):
            if getattr(options, name) is not None:
                raise InterfaceError(f"{name}: record files are divided by the numbers of their records")
        with self.opened(table) as file:
            if options.follow:
                if options.format != "duckdb" and file.schema.names.count(file.schema.names[0]) > 1:
                    raise InterfaceError(
                        f"follow: {table.source} has a field RRN, and so are the numbers of its records named, which "
                        f"{options.format} cannot tell apart; take DuckDB, or leave the field out with columns="
                    )
                # Before the first record is read: what changes from now on is read from the journal.
                place = journal.end(self.connection(), options.journal, file=table.source)
                self.rest()
                table.position = list(place)
            parts = file.partitions(self._wanted())
            table.columns = _columns(file.schema)
        table.explained = f"numbers of records, {len(parts)} parts"
        for number, each in enumerate(parts):
            text = json.dumps({"first": each.first, "last": each.last})
            table.parts.append(PartState(number, table.run, text))

    def _plan_table(self, table: TableState) -> None:
        options = self._options
        connection = self.connection()
        asked: dict[str, Any] = {
            "columns": options.columns, "where": bounded(table, options), "plan": options.plan,
            "snapshot": options.snapshot, "on": options.on,
        }  # fmt: skip
        try:
            parts = connection.partitions(table.source, n=self._wanted(), **asked)
        except NotSupportedError:
            # Nothing says how to divide it: it is read as it stands.
            if options.on is not None or options.plan is not None:
                raise
            parts = connection.partitions(table.source, n=1, **asked)
        small = parts.rows is not None and parts.rows < _SMALL and options.plan is None
        if len(parts) > 1 and options.parts is None and small:
            parts = connection.partitions(table.source, n=1, **asked)
        self.rest()
        columns = [list(column) for column in parts[0].columns]
        if table.run and table.columns != columns:
            raise _changed(table, columns)
        table.columns, table.explained = columns, parts.explain()
        for part in parts:
            table.parts.append(PartState(part.number, table.run, part.to_bytes().decode()))

    def _wanted(self) -> int:
        return self._options.parts or 2 * self._options.connections


def _columns(schema: drdarrow.Schema) -> list[list[str]]:
    return [[name, kind] for name, kind in zip(schema.names, schema.types, strict=True)]


def same_columns(table: TableState, schema: drdarrow.Schema) -> None:
    """Checks that a file has the columns that it had when it was divided.

    Raises:
        DataError: it has others.
    """
    if (found := _columns(schema)) != table.columns:
        raise _changed(table, found)


def _changed(table: TableState, found: list[list[str]]) -> DataError:
    before, now = (", ".join(f'"{name}" {kind}' for name, kind in each) for each in (table.columns, found))
    return DataError(
        f"{table.name}: the columns were {before} and are {now}: the table has changed; copy it anew with restart=True",
        sqlstate="55019",
        phase="execute",
    )


def _schema(stream: drdarrow.ArrowStream) -> pa.Schema:
    told: Any = stream.schema
    return pa.schema(told)


def _batches(stream: drdarrow.ArrowStream) -> Iterator[pa.RecordBatch]:
    for batch in stream:
        given: Any = batch
        yield pa.record_batch(given)
