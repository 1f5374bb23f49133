"""A part of a table or a query: a statement with its values, to be read on any connection to the same database."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import drdarrow
from drdarrow import _core
from drdarrow.exceptions import DataError, InterfaceError, ProgrammingError
from drdarrow.partitions.values import packed, unpacked

if TYPE_CHECKING:
    import pyarrow

    from drdarrow import ArrowStream, Connection, Schema
    from drdarrow._core import AsyncArrowStream, AsyncConnection

__all__ = ["Member", "Part"]

#: The bytes begin with this and the version of their form.
_HEAD = b"drdarrow-part-1\n"


@dataclass(frozen=True)
class Member:
    """A member of a file, by an alias in the job's own library."""

    alias: str
    """The name in QTEMP that the statement reads."""
    library: str
    """The library of the file."""
    file: str
    """The file."""
    member: str
    """The member."""

    @property
    def statement(self) -> str:
        """That which makes the alias."""
        alias, library, file, member = (_quoted(name) for name in (self.alias, self.library, self.file, self.member))
        return f"CREATE ALIAS QTEMP.{alias} FOR {library}.{file}({member})"


@dataclass(frozen=True)
class Part:
    """A part: picklable, and the same on every machine. It names no host and has no password.

    A part is a statement: whoever opens one runs it with the rights of the connection. Open none that a stranger made.
    """

    sql: str
    """The statement, a question mark for each value."""
    parameters: tuple[Any, ...]
    """The values, with their types."""
    number: int
    """Its place among the parts, from 0."""
    count: int
    """How many parts there are."""
    database: str
    """The database that the statement is for."""
    columns: tuple[tuple[str, str], ...]
    """Names and types of the columns, as the table had them when it was divided."""
    where: str
    """The rows of this part, as a person reads it."""
    rows: int | None = None
    """About how many rows it has; None where nothing tells."""
    nbytes: int | None = None
    """About how many bytes they have in Arrow; None where nothing tells."""
    member: Member | None = None
    """The member of a file of IBM i that it reads, by an alias."""
    product: str = ""
    """The server's product, whose order of text the bounds have; empty where nothing tells."""

    @property
    def fingerprint(self) -> str:
        """A hash of names and types of the columns, in hexadecimal digits."""
        return hashlib.sha256(json.dumps(self.columns).encode()).hexdigest()

    def select(self, columns: Sequence[str]) -> Part:
        """The same part with some of its columns, in the order given.

        Raises:
            ProgrammingError: it has no such column.
        """
        known = dict(self.columns)
        for name in columns:
            if name not in known:
                raise ProgrammingError(f"columns: the part has no column {name!r}", sqlstate="42703", column=name)
        listed = ", ".join(map(_quoted, columns))
        sql = f"SELECT {listed} FROM ({self.sql}\n) AS DRDA_P"
        return replace(self, sql=sql, columns=tuple((name, known[name]) for name in columns))

    def open(self, source: str | Connection | None = None, /, **settings: Any) -> ArrowStream:
        """The rows, as an `ArrowStream`, which is read once: by an Arrow library, or batch by batch.

        Args:
            source: a connection, on which the stream is one of its cursors; or a URI as `drdarrow.connect` takes it,
                for a connection of its own, which ends with the stream. Without it the environment says where.
            settings: those of `drdarrow.connect`, beside a URI.

        Raises:
            InterfaceError: the connection is one to another database or product, or settings were given beside it.
            DataError: the columns are no longer those that the table had when it was divided.
        """
        if isinstance(source, drdarrow.Connection):
            _no_settings(settings)
            return self._begun(source)
        connection = drdarrow.connect(source, **settings)
        try:
            return self._begun(connection)
        except BaseException:
            connection.close()
            raise

    def read(self, source: str | Connection | None = None, /, **settings: Any) -> pyarrow.Table:
        """The rows, as a `pyarrow.Table`; arguments and errors are those of `open()`."""
        if isinstance(source, drdarrow.Connection):
            return _whole(self.open(source, **settings))
        with drdarrow.connect(source, **settings) as connection:
            return _whole(self.open(connection))

    async def open_async(self, source: str | AsyncConnection | None = None, /, **settings: Any) -> AsyncArrowStream:
        """The rows, as an `AsyncArrowStream`; arguments and errors are those of `open()`."""
        if isinstance(source, _core.AsyncConnection):
            _no_settings(settings)
            return await self._begun_async(source)
        connection = await _core.connect_async(source, **settings)
        try:
            return await self._begun_async(connection)
        except BaseException:
            await connection.close()
            raise

    def to_bytes(self) -> bytes:
        """All of it as bytes, the same for the same part. They begin with the version of their form."""
        form = {
            "sql": self.sql,
            "parameters": [packed(value) for value in self.parameters],
            "number": self.number,
            "count": self.count,
            "database": self.database,
            "product": self.product,
            "columns": [list(column) for column in self.columns],
            "where": self.where,
            "rows": self.rows,
            "nbytes": self.nbytes,
            "member": self.member and list(vars(self.member).values()),
        }
        return _HEAD + json.dumps(form, sort_keys=True, separators=(",", ":")).encode()

    @staticmethod
    def from_bytes(data: bytes | bytearray | memoryview) -> Part:
        """The part of such bytes.

        Raises:
            InterfaceError: they are not those of a part, or of another version.
        """
        head, _, rest = bytes(data).partition(b"\n")
        if head + b"\n" != _HEAD:
            raise InterfaceError("the bytes are no part that this version reads: they come from Part.to_bytes()")
        try:
            return _checked(json.loads(rest))
        except (ValueError, ArithmeticError, KeyError, TypeError, RecursionError) as e:
            raise InterfaceError(f"the bytes of the part are damaged: {e}") from None

    def __reduce__(self) -> tuple[Any, tuple[bytes]]:
        return Part.from_bytes, (self.to_bytes(),)

    def _begun(self, connection: Connection) -> ArrowStream:
        """The stream on a connection."""
        self._same_database(connection.server)
        for statement in self._before():
            _run(connection, statement)
        stream = connection.query(self.sql, self.parameters).fetch_arrow()
        try:
            self._same_columns(stream.schema)
        except BaseException:
            stream.close()
            raise
        return stream

    async def _begun_async(self, connection: AsyncConnection) -> AsyncArrowStream:
        """The same with asyncio."""
        self._same_database(connection.server)
        for statement in self._before():
            await _run_async(connection, statement)
        stream = await connection.query(self.sql, self.parameters).fetch_arrow()
        try:
            self._same_columns(stream.schema)
        except BaseException:
            await stream.close()
            raise
        return stream

    def _before(self) -> Iterator[str]:
        """Statements that come before."""
        if self.member is not None:
            yield self.member.statement

    def _same_database(self, server: dict[str, Any]) -> None:
        found = str(server["database"])
        if found.upper() != self.database.upper():
            raise InterfaceError(f"the part is of the database {self.database!r}, and the connection to {found!r}")
        product = str(server["product"])
        # The same name elsewhere: text may have another order there, and ranges of it other rows.
        if self.product and product != self.product:
            raise InterfaceError(f"the part is of {self.product}, and the connection to {product}")

    def _same_columns(self, schema: Schema) -> None:
        """Raises DataError where the columns are others than before."""
        found = tuple(zip(schema.names, schema.types, strict=True))
        if found != self.columns:
            raise DataError(
                f"the columns were {_words(self.columns)} and are {_words(found)}: the table has changed, or the "
                "connection reads types in another way; divide the table again, with the settings of the readers",
                sqlstate="55019",
                phase="execute",
            )


def _checked(form: Any) -> Part:
    """A part of a form that came from anywhere."""
    number, count = int(form["number"]), int(form["count"])
    columns = tuple((_text(name), _text(kind)) for name, kind in form["columns"])
    member = form["member"]
    return Part(
        sql=_text(form["sql"]),
        parameters=tuple(unpacked(value) for value in form["parameters"]),
        number=number,
        count=count,
        database=_text(form["database"]),
        product=_text(form["product"]),
        columns=columns,
        where=_text(form["where"]),
        rows=_number(form["rows"]),
        nbytes=_number(form["nbytes"]),
        member=None if member is None else Member(*(_text(name) for name in member)),
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"expected text, not {value!r}")
    return value


def _number(value: object) -> int | None:
    if value is not None and type(value) is not int:
        raise TypeError(f"expected a number, not {value!r}")
    return value


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _words(columns: tuple[tuple[str, str], ...]) -> str:
    return ", ".join(f'"{name}" {kind}' for name, kind in columns)


def _whole(stream: ArrowStream) -> pyarrow.Table:
    """All rows of a stream. An error is the one that the stream had, not pyarrow's word for it."""
    import pyarrow

    with stream:
        try:
            return pyarrow.table(stream)
        except pyarrow.ArrowException:
            if stream.error is None:
                raise
            raise stream.error from None


def _no_settings(settings: dict[str, Any]) -> None:
    if settings:
        raise InterfaceError("settings belong to a URI, and a connection was given")


#: The alias was made before, for another part of the same member.
_THERE = -601


def _run(connection: Connection, statement: str) -> None:
    try:
        connection.execute(statement).close()
    except drdarrow.ProgrammingError as e:
        if e.sqlcode != _THERE:
            raise


async def _run_async(connection: AsyncConnection, statement: str) -> None:
    try:
        await (await connection.execute(statement)).close()
    except drdarrow.ProgrammingError as e:
        if e.sqlcode != _THERE:
            raise
