"""Databases as targets: DuckDB, and others by `Cursor.ingest`.

The rows of a part and a row that says so, in a table of parts, are one transaction: a copy that was killed at any
moment finds there which parts are in, and none is in twice.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import pyarrow as pa

import drdarrow
from drdarrow.copying.manifest import PartState, TableState
from drdarrow.copying.options import Options
from drdarrow.copying.units import DatabaseUnit, DuckDBUnit, Unit
from drdarrow.exceptions import DataError, Error, IntegrityError, InterfaceError, ProgrammingError
from drdarrow.partitions.division import counting
from drdarrow.partitions.relation import quoted

if TYPE_CHECKING:
    from drdarrow.copying.reading import Rows

__all__ = ["COLUMNS", "MADE", "Base", "Database", "DuckDB", "grouped", "names_of"]

#: The table of parts.
_PARTS = "DRDARROW_COPIES"
COLUMNS = (
    "COPY_ID VARCHAR(32) NOT NULL, TABLE_NAME VARCHAR(300) NOT NULL, RUN_NO INTEGER NOT NULL, "
    "PART_NO INTEGER NOT NULL, ROW_COUNT BIGINT NOT NULL, PRIMARY KEY (COPY_ID, TABLE_NAME, RUN_NO, PART_NO)"
)
#: The number of a part that says that the table was made by the copy.
MADE = -1
#: The name of a file of DuckDB in statements.
_TARGET = "drdarrow_target"
#: The table of positions in journals, and its columns.
_POSITIONS = "DRDARROW_POSITIONS"
_POSITION_COLUMNS = (
    "COPY_ID VARCHAR(32) NOT NULL, TABLE_NAME VARCHAR(300) NOT NULL, RECEIVER VARCHAR(64) NOT NULL, "
    "SEQUENCE_NO DECIMAL(20, 0) NOT NULL, ATTACHED VARCHAR(32) NOT NULL, CHANGE_COUNT BIGINT NOT NULL, "
    "PRIMARY KEY (COPY_ID, TABLE_NAME)"
)
#: SQLSTATEs of a table that is not there; Derby has its own, for its schema, too.
_UNKNOWN = frozenset({"42704", "42X05", "42Y07"})
#: Seconds that a transaction is given for its end before its connection is closed.
_PATIENCE = 2.0
#: Rows that go into DuckDB at once.
_GROUP = 122_880


class Base:
    """The part that all have in common: SQL of a connection."""

    #: The tables of parts and of positions in journals, in SQL.
    parts, positions = _PARTS, _POSITIONS
    #: Errors of a table that is not as it was made.
    refusals: tuple[type[Exception], ...] = (ProgrammingError, IntegrityError)

    def __init__(self, name: str, options: Options, copy_id: str, *, replaces: bool) -> None:
        self.name, self.options, self.id, self.replaces = name, options, copy_id, replaces
        self.turn = threading.Lock()

    def ask(self, sql: str, values: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        """The rows of a statement; its effect is committed."""
        raise NotImplementedError

    def counting(self) -> str:
        """The aggregate that counts all rows."""
        return "COUNT(*)"

    def exists(self, table: TableState) -> bool:
        """Whether the table is there."""
        raise NotImplementedError

    def quoted(self, table: TableState) -> str:
        """The table in SQL."""
        return ".".join(quoted(name) for name in names_of(table) if name is not None)

    def parts_in(self, table: TableState) -> dict[tuple[int, int], int]:
        """The rows of the parts that are in, by run and number."""
        sql = f"SELECT RUN_NO, PART_NO, ROW_COUNT FROM {self.parts} WHERE COPY_ID = ? AND TABLE_NAME = ?"
        return {(int(run), int(part)): int(rows) for run, part, rows in self.ask(sql, (self.id, table.name))}

    def is_in(self, table: TableState, part: PartState) -> bool:
        """Whether an earlier try put a part in, and only its end was lost."""
        rows = self.parts_in(table).get((part.run, part.number))
        if rows is not None:
            part.rows = rows
        return rows is not None

    def settled(self, table: TableState) -> bool:
        """Which parts are in is for the database to say."""
        known = self.parts_in(table)
        # Asked again: a copy that was killed may have made the table just now.
        if not known and self.exists(table) and not (known := self.parts_in(table)):
            if not self.replaces:
                raise InterfaceError(
                    f"target: {self.quoted(table)} is there, and this copy did not make it; take another target, or "
                    "set restart=True to replace it"
                )
            self.ask(f"DROP TABLE {self.quoted(table)}")
        well = True
        for part in table.parts:
            rows = known.get((part.run, part.number))
            if part.done != (rows is not None):
                well, part.done, part.rows = False, rows is not None, rows or 0
                part.verified = part.done and self.options.verify
        return well

    def forget(self, table: TableState) -> None:
        """Drops a table that is copied anew."""
        if self.exists(table):
            self.ask(f"DROP TABLE {self.quoted(table)}")
        self.ask(f"DELETE FROM {self.parts} WHERE COPY_ID = ? AND TABLE_NAME = ?", (self.id, table.name))

    def commit(self, table: TableState) -> None:
        """Compares the rows of the table with those that were put in."""
        (count,) = self.ask(f"SELECT {self.counting()} FROM {self.quoted(table)}")[0]
        if int(count) != table.rows:
            raise DataError(
                f"{self.quoted(table)} has {count} rows, and {table.rows} were put in: somebody else changes the table"
            )

    def made(self, table: TableState, number: int, run: int, rows: int) -> tuple[str, tuple[Any, ...]]:
        """The statement that says that a part is in."""
        return f"INSERT INTO {self.parts} VALUES (?, ?, ?, ?, ?)", (self.id, table.name, run, number, rows)


class DuckDB(Base):
    """A file of DuckDB. Threads have cursors of one connection."""

    parts, positions = (f"{_TARGET}.main.{name}" for name in (_PARTS, _POSITIONS))

    def __init__(self, name: str, options: Options, copy_id: str, *, replaces: bool) -> None:
        super().__init__(name, options, copy_id, replaces=replaces)
        import duckdb

        folder = os.path.dirname(os.path.abspath(name))
        os.makedirs(folder, exist_ok=True)
        self.refusals = (duckdb.ProgrammingError, duckdb.IntegrityError, duckdb.DataError)
        self._connection = duckdb.connect()
        # Under a name of its own: that of the file may be one of a schema, too.
        path = os.path.abspath(name).replace("'", "''")
        self._connection.execute(f"ATTACH '{path}' AS {_TARGET}")
        self._connection.execute(f"CREATE TABLE IF NOT EXISTS {self.parts} ({COLUMNS})")
        if options.follow:
            self._connection.execute(f"CREATE TABLE IF NOT EXISTS {self.positions} ({_POSITION_COLUMNS})")

    @contextmanager
    def unit(self) -> Iterator[Unit]:
        """A transaction, which is undone after an error."""
        with self._connection.cursor() as cursor:
            cursor.begin()
            try:
                yield DuckDBUnit(cursor, self)
                cursor.commit()
            except BaseException:
                with suppress(Exception):
                    cursor.rollback()
                raise

    def ask(self, sql: str, values: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        with self._connection.cursor() as cursor:
            found: list[tuple[Any, ...]] = cursor.execute(sql, list(values)).fetchall()
            return found

    def exists(self, table: TableState) -> bool:
        # Its names have no case.
        sql = (
            "SELECT 1 FROM duckdb_tables() WHERE database_name = ? AND lower(schema_name) = lower(?) "
            "AND lower(table_name) = lower(?)"
        )
        schema, name = names_of(table)
        return bool(self.ask(sql, (_TARGET, schema or "main", name)))

    def quoted(self, table: TableState) -> str:
        schema, name = names_of(table)
        return f"{_TARGET}.{quoted(schema or 'main')}.{quoted(name)}"

    def write(self, table: TableState, part: PartState, rows: Rows, step: Callable[[int], None]) -> None:
        """Puts the rows of a part in, in a transaction."""
        if self.is_in(table, part):
            return
        with self._connection.cursor() as cursor:
            self._make(table, rows.schema, cursor)
            cursor.begin()
            try:
                count = 0
                for group in grouped(rows.batches, self.options.row_group_bytes):
                    cursor.register("drdarrow_rows", group)
                    cursor.execute(f"INSERT INTO {self.quoted(table)} SELECT * FROM drdarrow_rows")
                    cursor.unregister("drdarrow_rows")
                    count += group.num_rows
                    step(group.num_rows)
                cursor.execute(*self.made(table, part.number, part.run, count))
                cursor.commit()
            except BaseException:
                with suppress(Exception):
                    cursor.rollback()
                raise
        part.rows, part.nulled = count, dict(rows.nulled)

    def cancel(self) -> None:
        """No wait has no end."""

    def close(self) -> None:
        self._connection.close()

    def _make(self, table: TableState, schema: pa.Schema, cursor: Any) -> None:
        """Makes the table, once, with the row that says who made it."""
        with self.turn:
            if self.exists(table):
                return
            cursor.register("drdarrow_rows", schema.empty_table())
            cursor.begin()
            if (of := names_of(table)[0]) is not None:
                cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {_TARGET}.{quoted(of)}")
            cursor.execute(f"CREATE TABLE {self.quoted(table)} AS SELECT * FROM drdarrow_rows")
            cursor.execute(*self.made(table, MADE, 0, 0))
            cursor.commit()
            cursor.unregister("drdarrow_rows")


class Database(Base):
    """A database that this package connects to: each thread has a connection of its own."""

    def __init__(self, name: str, options: Options, copy_id: str, *, replaces: bool) -> None:
        super().__init__(name, options, copy_id, replaces=replaces)
        self._own = threading.local()
        self._all: list[drdarrow.Connection] = []
        self.turn_of_making = threading.Lock()
        if not self._known(self.parts):
            self.ask(f"CREATE TABLE {self.parts} ({COLUMNS})")
        if options.follow and not self._known(self.positions):
            self.ask(f"CREATE TABLE {self.positions} ({_POSITION_COLUMNS})")

    def connection(self) -> drdarrow.Connection:
        """That of this thread."""
        known: drdarrow.Connection | None = getattr(self._own, "connection", None)
        if known is None or known.closed:
            known = self._own.connection = drdarrow.connect(self.name, autocommit=False)
            with self.turn:
                self._all.append(known)
        return known

    def ask(self, sql: str, values: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        connection = self.connection()
        with connection.cursor(row_factory=None) as cursor:
            cursor.execute(sql, values or None)
            found: list[tuple[Any, ...]] = [] if cursor.description is None else cursor.fetchall()
        connection.commit()
        return found

    def counting(self) -> str:
        return counting(str(self.connection().server["product"]))

    def exists(self, table: TableState) -> bool:
        return self._known(self.quoted(table))

    def _known(self, name: str) -> bool:
        """Whether a statement finds the table: one of the same name in another schema is not meant."""
        try:
            self.ask(f"SELECT COUNT(*) FROM {name} WHERE 1 = 0")
        except ProgrammingError as e:
            if e.sqlstate not in _UNKNOWN:
                raise
            self.connection().rollback()
            return False
        return True

    def write(self, table: TableState, part: PartState, rows: Rows, step: Callable[[int], None]) -> None:
        """Puts the rows of a part in, in a transaction."""
        try:
            if self.is_in(table, part):
                return
            self._make(table, rows.schema)
            connection = self.connection()
            with connection.cursor() as cursor:
                taken = 0

                def batches() -> Iterator[pa.RecordBatch]:
                    nonlocal taken
                    for batch in rows.batches:
                        step(batch.num_rows)
                        taken += batch.num_rows
                        yield batch

                reader = pa.RecordBatchReader.from_batches(rows.schema, batches())
                cursor.ingest(self.quoted(table), reader, "append")
                cursor.execute(*self.made(table, part.number, part.run, taken))
            connection.commit()
        except BaseException:
            self._drop()
            raise
        part.rows, part.nulled = taken, dict(rows.nulled)

    @contextmanager
    def unit(self) -> Iterator[Unit]:
        """A transaction, which is undone after an error."""
        try:
            connection = self.connection()
            with connection.cursor() as cursor:
                yield DatabaseUnit(cursor, self)
            connection.commit()
        except BaseException:
            self._drop()
            raise

    def cancel(self) -> None:
        """Breaks off what threads wait for: a lock of the target, mostly."""
        with self.turn:
            known = list(self._all)
        breaking = [threading.Thread(target=_broken_off, args=(each,), daemon=True) for each in known]
        for thread in breaking:
            thread.start()
        for thread in breaking:
            thread.join()

    def close(self) -> None:
        with self.turn:
            for each in self._all:
                with suppress(Error):
                    each.close()

    def _make(self, table: TableState, schema: pa.Schema) -> None:
        with self.turn_of_making:
            if self.exists(table):
                return
            connection = self.connection()
            with connection.cursor() as cursor:
                cursor.ingest(self.quoted(table), schema.empty_table(), "create", types=_lengths(schema))
                if self.options.follow:
                    # Changes are applied by the numbers of records.
                    cursor.execute(
                        f"CREATE INDEX {self._index(table)} ON {self.quoted(table)} ({quoted(schema.names[0])})"
                    )
                cursor.execute(*self.made(table, MADE, 0, 0))
            connection.commit()

    def _index(self, table: TableState) -> str:
        """A name for the index of a table, beside it."""
        schema, name = names_of(table)
        index = quoted(f"RRN_{hashlib.sha256(f'{self.id}/{name}'.encode()).hexdigest()[:12]}".upper())
        return index if schema is None else f"{quoted(schema)}.{index}"

    def _drop(self) -> None:
        known: drdarrow.Connection | None = getattr(self._own, "connection", None)
        self._own.connection = None
        if known is not None:
            with suppress(Error):
                known._rollback_within(_PATIENCE)
                known.close()


def _broken_off(connection: drdarrow.Connection) -> None:
    with suppress(Error):
        connection.cancel()


def _lengths(schema: pa.Schema) -> dict[str, str]:
    """SQL types of text, of the length that the source tells: in UTF-8 it may take three times the bytes."""
    found = {}
    for field in schema:
        told = {key: value.decode() for key, value in (field.metadata or {}).items()}
        if told.get(b"drda:type") in ("CHAR", "VARCHAR") and pa.types.is_string(field.type) and b"drda:length" in told:
            length = max(int(told[b"drda:length"]), 1) * (1 if told.get(b"drda:ccsid") == "1208" else 3)
            found[field.name] = f"VARCHAR({length})" if length <= 32_672 else "CLOB(1G)"
    return found


def grouped(batches: Iterator[pa.RecordBatch], limit: int) -> Iterator[pa.Table]:
    """Batches as tables of many rows, and of not many more bytes than `limit`."""
    waiting: list[pa.RecordBatch] = []
    rows = nbytes = 0
    for batch in batches:
        waiting.append(batch)
        rows, nbytes = rows + batch.num_rows, nbytes + batch.nbytes
        if rows >= _GROUP or nbytes >= limit:
            yield pa.Table.from_batches(waiting)
            waiting, rows, nbytes = [], 0, 0
    if waiting:
        yield pa.Table.from_batches(waiting)


def names_of(table: TableState) -> tuple[str | None, str]:
    """The schema, and the name."""
    schema, _, name = table.name.partition(".")
    return (schema, name) if name else (None, schema)
