"""`drdarrow ingest`: the rows of a file into a table."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import drdarrow
from drdarrow.cli.query import console, remark, waiting, watched, watching
from drdarrow.cli.tabular import STDIN, Format, tabular
from drdarrow.cli.text import plain
from drdarrow.cli.writing import writer
from drdarrow.exceptions import InterfaceError
from drdarrow.whole_file import whole_file

if TYPE_CHECKING:
    from drdarrow import RecordBatch


def ingest(
    uri: str,
    file: Path,
    table: str,
    *,
    password: str | None,
    form: Format | None,
    delimiter: str,
    skipped: Path | None,
    **options: Any,
) -> bool:
    """Puts the rows of a file into a table, all of them or none; whether none was left out. `skipped`: a file for those
    that were; `options` as those of `Cursor.ingest`."""
    given: dict[str, Any] = {} if password is None else {"password": password}
    write = None if skipped is None else writer(skipped)
    if skipped is not None and not skipped.parent.is_dir():
        raise InterfaceError(f"{skipped}: {skipped.parent} is no directory")
    with tabular(file, form, delimiter) as source:
        with waiting("waiting for the server"):
            connection = drdarrow.connect(uri, autocommit=True, **given)
        with connection, connection.cursor() as cursor:
            start = time.perf_counter()
            with watching("sending", source.total) as advance:
                seen = 0

                def progress(done: int, _: int | None) -> None:
                    nonlocal seen
                    advance(done - seen)
                    seen = done

                done = cursor.ingest(table, source.rows, progress=progress, **options)
            seconds = time.perf_counter() - start
            remark(cursor.messages)
    rows = seen - done.skipped.num_rows if done.rows is None else done.rows
    console.print(plain(f"{table}: {rows:,} rows, {rows / seconds:,.0f} rows/s"), soft_wrap=True)
    if done.skipped.num_rows == 0:
        return True
    tell(done.skipped, skipped)
    if skipped is not None and write is not None:
        import pyarrow as pa

        with whole_file(skipped) as part:
            write(part, iter([done.skipped]), pa.schema(done.skipped.schema))  # type: ignore[arg-type]
    return False


def tell(skipped: RecordBatch, kept: Path | None) -> None:
    """Says how many rows were left out, and why the first one was."""
    import pyarrow as pa

    first = pa.record_batch(skipped).slice(0, 1).to_pylist()[0]
    where = "--skipped FILE keeps them" if kept is None else f"they are in {kept}"
    text = f"{skipped.num_rows:,} rows were left out ({where}); the first: row {first['error_row']}: "
    watched.print(
        plain("drdarrow: warning:", "yellow"), plain(text + first["error_message"]), highlight=False, soft_wrap=True
    )


def table_of(file: Path, given: str | None) -> str:
    """The table's name: that of the file unless one is given."""
    from drdarrow.cli.serve import table_name

    if given is not None:
        return given
    if file == STDIN:
        raise InterfaceError("TABLE: the standard input has no name that a table could have; give the table's")
    return table_name(file)


def types_of(given: list[str]) -> dict[str, str]:
    """The SQL types of columns, which come as `COLUMN=TYPE`."""
    types = {}
    for text in given:
        column, found, sql = text.partition("=")
        if not found or not column or not sql:
            raise InterfaceError(f"--type {text}: expected COLUMN=TYPE")
        types[column] = sql
    return types
