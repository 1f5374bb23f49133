"""A table, a query or a record file for engines that read it in parts, on machines of their own.

The parts carry no password: workers connect by a profile (`profile://prod`, a file on each of them), or by a URI with
the password in the environment (`DRDARROW_PASSWORD`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import pyarrow

import drdarrow
from drdarrow.conditions import Column, Condition, both, columns
from drdarrow.exceptions import DataError, InterfaceError
from drdarrow.partitions import Part
from drdarrow.tables import statement

if TYPE_CHECKING:
    from drdarrow import FilePartition

__all__ = ["Scan", "public", "write"]

#: Settings that are secret, or cannot be carried.
_SECRETS = ("password", "new_password", "additional_factor", "token")
#: Engines have no type for all values of TIME and of decimals past 38 digits: they get text, unless asked otherwise.
_FORMS = {"time_unit": "text", "wide_decimal": "text"}


@dataclass(frozen=True)
class Scan:
    """Rows to be read in parts. It can be pickled; it has no password."""

    uri: str | None
    table: str
    """A table, a query, or the path of a record file."""
    parameters: tuple[Any, ...] = ()
    file: bool = False
    options: dict[str, Any] = field(default_factory=dict)
    """Those of `Connection.partitions`."""
    settings: dict[str, Any] = field(default_factory=dict)
    """Those of `connect()`."""

    def __post_init__(self) -> None:
        public(self.uri, self.settings)
        for name in self.options if self.file else ():
            if self.options[name] is not None:
                raise InterfaceError(f"{name}: record files are divided by the numbers of their records")
        object.__setattr__(self, "settings", {**_FORMS, **self.settings})

    def schema(self) -> pyarrow.Schema:
        """The columns, as all parts have them."""
        return _plain(self.described())

    def described(self) -> pyarrow.Schema:
        """The columns with what the server told of them."""
        # Arrow's interface is known to pyarrow, not to its stubs.
        if self.file:
            with self._files() as system, system.open_file(self.table) as opened:
                of_file: Any = opened.schema
                return pyarrow.schema(of_file)
        with drdarrow.connect(self.uri, **self.settings) as connection:
            of_query: Any = connection.query(statement(self.table), self.parameters).schema
            return pyarrow.schema(of_query)

    def columns(self) -> dict[str, Column]:
        """The columns that conditions are asked on: those of SQL."""
        if self.file:
            return {}
        with drdarrow.connect(self.uri, **self.settings) as connection:
            ieee = connection.server["platform"] != "z/OS"
        return columns(self.described(), ieee=ieee)

    def parts(
        self, count: int, wanted: Sequence[str] | None = None, condition: Condition | None = None
    ) -> list[Part | FilePartition]:
        """The parts, with these columns of the rows that pass. A record file gives all rows: its readers ask again."""
        if self.file:
            with self._files() as system, system.open_file(self.table, columns=wanted) as opened:
                return list(opened.partitions(count))
        options = {"n": count, **self.options}
        if wanted is not None:
            options["columns"] = wanted
        own = _condition(self.options.get("where"))
        asked = own if condition is None else condition if own is None else both(own, condition)
        options["where"] = None if asked is None else (asked.sql, asked.values)
        with drdarrow.connect(self.uri, **self.settings) as connection:
            try:
                return list(connection.partitions(self.table, self.parameters or None, **options))
            except DataError as e:
                # A value that the column cannot hold is in none of its rows: the engine says what that means.
                if condition is None or e.sqlcode:
                    raise
                options["where"] = self.options.get("where")
                return list(connection.partitions(self.table, self.parameters or None, **options))

    def batches(self, part: Part | FilePartition) -> Iterator[pyarrow.RecordBatch]:
        """The rows of a part."""
        with part.open(self.uri, **self.settings) as stream:
            told: Any = stream.schema
            schema = _plain(pyarrow.schema(told))
            for batch in stream:
                given: Any = batch
                yield pyarrow.RecordBatch.from_arrays(pyarrow.record_batch(given).columns, schema=schema)

    def read(self, part: Part | FilePartition, wanted: Sequence[str] | None = None) -> pyarrow.Table:
        """All rows of a part."""
        # Without a column there is still a number of rows.
        asked = wanted if wanted != [] else [part.columns[0][0]] if isinstance(part, Part) else None
        narrow = part.select(asked) if asked is not None and isinstance(part, Part) else part
        with narrow.open(self.uri, **self.settings) as stream:
            told: Any = stream
            table = pyarrow.table(told)
        table = table if wanted is None else table.select(list(wanted))
        return pyarrow.Table.from_arrays(table.columns, schema=_plain(table.schema))

    def _files(self) -> drdarrow.FileConnection:
        return drdarrow.connect_files(self.uri, **self.settings)


def write(uri: str | None, table: str, data: Any, settings: dict[str, Any]) -> int:
    """Adds the rows of Arrow data to a table, all of them or none; how many."""
    with drdarrow.connect(uri, **settings) as connection, connection.cursor() as cursor:
        return cursor.ingest(table, data).rows or 0


def _condition(where: str | tuple[str, Sequence[Any]] | None) -> Condition | None:
    """The condition of an option."""
    if where is None:
        return None
    given = Condition(where) if isinstance(where, str) else Condition(where[0], tuple(where[1]))
    return Condition(f"({given.sql}\n)", given.values)


def _plain(schema: pyarrow.Schema) -> pyarrow.Schema:
    """Names and types alone, all of them nullable: engines compare schemas of parts."""
    return pyarrow.schema([pyarrow.field(one.name, one.type) for one in schema])


def public(uri: str | None, settings: dict[str, Any]) -> None:
    """Raises InterfaceError for secrets, which are not to be sent to workers."""
    if uri is not None and not uri.startswith(("drda://", "profile://")):
        raise InterfaceError("uri: engines take drda://user@host/DATABASE or profile://NAME")
    parsed = urlsplit(uri or "")
    given = {name.lower() for name, _ in parse_qsl(parsed.query)} | {name for name in settings if settings[name]}
    if parsed.password is not None:
        given.add("password")
    for name in _SECRETS:
        if name in given:
            cure = "set DRDARROW_PASSWORD where the workers run, or name a profile that is there: profile://NAME"
            raise InterfaceError(f"{name}: secrets are not sent to workers; {cure}")
