"""Databases that drivers for ADBC write to: SQLite, PostgreSQL, DuckDB, and others by the name of their package.

As in other databases, the rows of a part and a row that says so are one transaction.
"""

from __future__ import annotations

import importlib
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as types

from drdarrow.copying.databases import COLUMNS, MADE, Base, grouped, names_of
from drdarrow.copying.folder import as_stored
from drdarrow.copying.manifest import PartState, TableState
from drdarrow.copying.options import DRIVERS, Options
from drdarrow.exceptions import DataError, Error, InterfaceError, OperationalError
from drdarrow.partitions.relation import quoted

if TYPE_CHECKING:
    from drdarrow.copying.reading import Rows

__all__ = ["Adbc"]

#: Milliseconds that SQLite waits for others who have its file locked.
_PATIENCE = 10_000


class Adbc(Base):
    """A database that is reached by a driver: each thread has a connection of its own."""

    def __init__(self, name: str, options: Options, copy_id: str, *, replaces: bool) -> None:
        super().__init__(name, options, copy_id, replaces=replaces)
        package = options.driver or DRIVERS[name.partition("://")[0]]
        try:
            driver = importlib.import_module(f"{package}.dbapi")
            self._error = importlib.import_module("adbc_driver_manager").Error
        except ModuleNotFoundError as e:
            # DuckDB brings its driver along.
            needed = "duckdb" if package == "adbc_driver_duckdb" else package.replace("_", "-")
            raise InterfaceError(
                f"driver: {e.name} is not installed: pip install {needed} adbc-driver-manager pyarrow"
            ) from None
        self._own = threading.local()
        self._all: list[Any] = []
        self.turn_of_making, self._sole = threading.Lock(), threading.RLock()
        # A path of SQLite and DuckDB has no scheme of its own.
        scheme, _, path = name.partition("://")
        with self._told():
            # Others share its database: DuckDB opened twice in a process loses what one of them wrote.
            self._first = driver.connect(path if scheme in ("sqlite", "duckdb") else name)
            self._all.append(self._first)
            self.vendor = str(self._first.adbc_get_info().get("vendor_name", "")).lower()
            self._first.rollback()
        if not getattr(self._first, "_commit_supported", True):
            self.close()
            raise InterfaceError(f"driver: {package} has no transactions: rows of a part could be there twice")
        if not self._there(None, self.parts):
            self.ask(f"CREATE TABLE {self.parts} ({COLUMNS})")

    def connection(self) -> Any:
        """That of this thread. Its transactions end by commit or rollback."""
        known = getattr(self._own, "connection", None)
        if known is None:
            with self.turn, self._told():
                known = self._first.adbc_clone()
                self._all.append(known)
                if self.vendor == "sqlite":
                    with known.cursor() as cursor:
                        cursor.execute(f"PRAGMA busy_timeout = {_PATIENCE}")
                        cursor.fetchall()
                    known.rollback()
                self._own.connection = known
        return known

    def ask(self, sql: str, values: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        # Drivers differ in the signs of parameters. The only values are names and numbers of this package.
        pieces = sql.split("?")
        if values:
            sql = "".join(piece + _literal(value) for piece, value in zip(pieces, (*values, None), strict=True))
        with self._unit() as cursor:
            cursor.execute(sql)
            found: list[tuple[Any, ...]] = [] if cursor.description is None else cursor.fetchall()
        return found

    def exists(self, table: TableState) -> bool:
        return self._there(*self._names(table))

    def quoted(self, table: TableState) -> str:
        return ".".join(quoted(name) for name in self._names(table) if name is not None)

    def write(self, table: TableState, part: PartState, rows: Rows, step: Callable[[int], None]) -> None:
        """Puts the rows of a part in, in a transaction."""
        with self._turn_of_thread():
            if self.is_in(table, part):
                return
            schema = self.stored(rows.schema)
            self._make(table, schema)
            of, name = self._names(table)
            count = 0
            with self._unit() as cursor:
                for group in grouped(rows.batches, self.options.row_group_bytes):
                    batches = [as_stored(self._held(batch), schema) for batch in group.to_batches()]
                    cursor.adbc_ingest(name, pa.Table.from_batches(batches), mode="append", db_schema_name=of)
                    count += group.num_rows
                    step(group.num_rows)
                cursor.execute(self._inserted(table, part.number, part.run, count))
        part.rows, part.nulled = count, dict(rows.nulled)

    def cancel(self) -> None:
        """Breaks off what threads wait for: a lock of the target, mostly."""
        with self.turn:
            known = list(self._all)
        for each in known:
            with suppress(Exception):
                each.adbc_cancel()

    def close(self) -> None:
        with self.turn:
            for each in reversed(self._all):
                with suppress(Exception):
                    each.close()

    def stored(self, schema: pa.Schema) -> pa.Schema:
        """The columns as the database has them."""
        return pa.schema([pa.field(each.name, self._kept(each.type), each.nullable) for each in schema])

    def _kept(self, kind: pa.DataType) -> pa.DataType:
        if types.is_dictionary(kind):
            return self._kept(kind.value_type)
        if self.vendor == "sqlite" and (types.is_decimal(kind) or types.is_time(kind) or _zoned(kind)):
            # It has none of them, and text keeps all of their digits.
            return pa.string()
        if self.vendor == "postgresql" and types.is_timestamp(kind):
            return pa.timestamp("us", kind.tz)
        return kind

    def _held(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """A batch that the database can hold as it is.

        Raises:
            DataError: a value would be another one there.
        """
        if self.vendor != "sqlite":
            return batch
        for field, column in zip(batch.schema, batch.columns, strict=True):
            if types.is_floating(field.type) and pc.any(pc.is_nan(column)).as_py():
                raise DataError(f"{field.name}: a value is NaN, which SQLite would keep as NULL", column=field.name)
        return batch

    def _names(self, table: TableState) -> tuple[str | None, str]:
        """The schema, where the database has schemas, and the name."""
        return (None, table.name) if self.vendor == "sqlite" else names_of(table)

    def _there(self, schema: str | None, name: str) -> bool:
        """Whether there is a table. Names that are not in quotes are in the case that the database likes."""
        connection = self.connection()
        plain = name == self.parts
        with self._turn_of_thread(), self._told():
            if schema is None and self.vendor != "sqlite":
                schema = connection.adbc_current_db_schema
            # A pattern that takes more than the name.
            like = "%" if plain else re.sub(r"[%_\\]", "_", name)
            reader = connection.adbc_get_objects(
                depth="tables", db_schema_filter=schema and re.sub(r"[%_\\]", "_", schema), table_name_filter=like
            )
            catalogs = reader.read_all().to_pylist()
            connection.rollback()
        return any(
            found["table_name"] == name or (plain and found["table_name"].upper() == name)
            for catalog in catalogs
            for one in catalog["catalog_db_schemas"] or ()
            if schema is None or one["db_schema_name"] == schema
            for found in one["db_schema_tables"] or ()
        )

    def _make(self, table: TableState, schema: pa.Schema) -> None:
        """Makes the table, once, with the row that says who made it."""
        with self.turn_of_making:
            if self.exists(table):
                return
            of, name = self._names(table)
            with self._unit() as cursor:
                if of is not None and self.vendor in ("postgresql", "duckdb"):
                    cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {quoted(of)}")
                cursor.adbc_ingest(name, schema.empty_table(), mode="create", db_schema_name=of)
                cursor.execute(self._inserted(table, MADE, 0, 0))

    def _inserted(self, table: TableState, number: int, run: int, rows: int) -> str:
        sql, values = self.made(table, number, run, rows)
        return "".join(piece + _literal(value) for piece, value in zip(sql.split("?"), (*values, None), strict=True))

    @contextmanager
    def _turn_of_thread(self) -> Iterator[None]:
        """The turn of a thread, where a reader would lock the database for the writer, or the writer for a reader."""
        if self.vendor != "sqlite":
            yield
            return
        with self._sole:
            yield

    @contextmanager
    def _unit(self) -> Iterator[Any]:
        """A cursor whose transaction is undone after an error."""
        connection = self.connection()
        try:
            with self._turn_of_thread(), self._told():
                with connection.cursor() as cursor:
                    yield cursor
                connection.commit()
        except BaseException:
            self._own.connection = None
            with suppress(Exception):
                connection.rollback()
            with suppress(Exception):
                connection.close()
            raise

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Errors of the driver as those of this package."""
        try:
            yield
        except self._error as e:
            if isinstance(e, Error):
                raise
            raise OperationalError(f"target: {e}", sqlstate=e.sqlstate, phase="execute") from e


def _zoned(kind: pa.DataType) -> bool:
    return types.is_timestamp(kind) and kind.tz is not None


def _literal(value: Any) -> str:
    """A value in a statement; None is the place after the last one."""
    if value is None:
        return ""
    return str(value) if isinstance(value, int) else "'" + str(value).replace("'", "''") + "'"
