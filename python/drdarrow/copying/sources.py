"""The tables, queries and record files that are copied, by names and patterns."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from drdarrow.copying.manifest import TableState
from drdarrow.copying.options import Source
from drdarrow.exceptions import InterfaceError, ProgrammingError
from drdarrow.partitions.relation import quoted
from drdarrow.tables import is_query, tokens

if TYPE_CHECKING:
    from drdarrow.copying.reading import Reader

__all__ = ["found", "found_now"]

#: The name of a query that was given none.
_QUERY = "QUERY"
#: The path of a record file, or a pattern of files in a library.
_FILE = re.compile(r"""("[^"]+"|[^"/\s]+)/("[^"]+"|[^"/\s]+)(\([^)]+\))?""")


def found(source: Source, reader: Reader) -> list[TableState]:
    """The tables that are meant, in order.

    Raises:
        InterfaceError: two of them have the same name, or no table is there.
        ProgrammingError: there is no such table.
    """
    if tables := found_now(source, reader):
        return tables
    among = ": files that are followed have a journal (STRJRNPF)" if reader.follows else ""
    raise InterfaceError(f"source: there is nothing to copy in {source!r}{among}")


def found_now(source: Source, reader: Reader) -> list[TableState]:
    """The same, where there may be none.

    Raises:
        InterfaceError: two of them have the same name.
        ProgrammingError: there is no such table.
    """
    tables: dict[str, TableState] = {}
    cased: dict[str, str] = {}
    for name, text in _named(source):
        for table in _each(name, text, reader):
            if table.name in tables and tables[table.name].source != table.source:
                raise InterfaceError(f"source: two have the name {table.name}; a mapping gives them names of their own")
            # Folders of some systems, and DuckDB, have no case.
            other = cased.setdefault(table.name.casefold(), table.name)
            if other != table.name:
                raise InterfaceError(
                    f"source: {other} and {table.name} differ only in case, which many targets do not know; a mapping "
                    "gives them names of their own"
                )
            tables[table.name] = table
    return list(tables.values())


def _named(source: Source) -> Iterator[tuple[str | None, str]]:
    """Texts, with names where they were given."""
    given: Any = source
    if isinstance(given, Mapping):
        given = list(given.items())
    elif isinstance(given, str):
        given = [(None, given)]
    else:
        given = [(None, each) for each in given]
    for name, text in given:
        if not isinstance(text, str) or not text.strip() or not isinstance(name, str | None) or name == "":
            raise InterfaceError(f"source: expected a table, a query, a file or a pattern, not {text!r}")
        yield name, text.strip()


def _each(name: str | None, text: str, reader: Reader) -> Iterator[TableState]:
    signs = [sign[0] for sign in tokens(text)]
    if is_query(text):
        yield TableState(name or _QUERY, text, "query")
    elif _FILE.fullmatch(text):
        library, _, file = text.partition("/")
        if "*" not in file:
            yield TableState(name or f"{library}.{file}", text, "file")
            return
        _no_name(name, text)
        if reader.follows:
            library = library.upper()
            among = re.compile(re.escape(file.upper()).replace(r"\*", ".*"))
            for each in reader.followed(library):
                if among.fullmatch(each):
                    yield TableState(f"{library}.{each}", f"{library}/{each}", "file", found=True)
            return
        listed = pa.table(_arrow(reader.files().list(library, "*ALL" if file == "*" else file)))
        for row in listed.to_pylist():
            if row["kind"] == "physical" and not row["source"]:
                path = f"{row['library']}/{row['file']}"
                yield TableState(f"{row['library']}.{row['file']}", path, "file")
    elif any("*" in sign for sign in signs):
        _no_name(name, text)
        schema, _, like = text.rpartition(".")
        if not schema or "*" in schema:
            raise InterfaceError(f"source: {text}: a pattern is of one schema: SCHEMA.* or SCHEMA.ORD*")
        escaped = "".join("%" if sign == "*" else f"\\{sign}" if sign in "%_\\" else sign for sign in like)
        for told in reader.connection().tables(schema=schema, like=escaped, kinds=["TABLE"]):
            yield TableState(f"{told.schema}.{told.name}", f"{quoted(told.schema)}.{quoted(told.name)}", "table")
    else:
        columns = reader.connection().columns(text)
        if not len(columns):
            raise ProgrammingError(f"source: there is no table {text}")
        first = columns[0]
        yield TableState(name or f"{first.schema}.{first.table}", text, "table")


def _no_name(name: str | None, text: str) -> None:
    if name is not None:
        raise InterfaceError(f"source: {text} is a pattern, whose tables have names of their own; {name} is one more")


def _arrow(value: Any) -> Any:
    """Arrow's interface is known to pyarrow, not to its stubs."""
    return value
