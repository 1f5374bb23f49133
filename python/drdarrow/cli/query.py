"""`drdarrow query`: the rows of a statement into a file, or the first of them on the screen. `drdarrow tables` shows
the tables that there are."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

import drdarrow
from drdarrow.cli.text import plain
from drdarrow.cli.writing import Binary, Write, as_text, writer
from drdarrow.exceptions import InterfaceError
from drdarrow.whole_file import whole_file

if TYPE_CHECKING:
    from drdarrow import ArrowStream, RecordBatch

console = Console()
# What people watch; the rows of a table may go through a pipe.
watched = Console(stderr=True)


def query(uri: str, sql: str, *, out: Path | None, rows: int, password: str | None, binary: Binary = "hex") -> None:
    """Runs the statement. With `out` every row goes there, else the first `rows` are shown. Bytes become text by
    `binary` where they have to be text."""
    given: dict[str, Any] = {} if password is None else {"password": password}
    write = None if out is None else writer(out, binary)
    if out is not None and not out.parent.is_dir():
        raise InterfaceError(f"{out}: {out.parent} is no directory")
    with ExitStack() as stack:
        with waiting("waiting for the server"):
            connection = stack.enter_context(drdarrow.connect(uri, **given))
            cursor = stack.enter_context(connection.cursor())
            cursor.execute(sql)
        if cursor.description is None:
            connection.commit()
            changed = "" if cursor.rowcount < 0 else f", {cursor.rowcount:,} rows"
            console.print(f"done{changed}")
        elif out is None or write is None:
            names = [column[0] for column in cursor.description]
            with waiting("waiting for rows"):
                first, more = cursor.fetchmany(rows), cursor.fetchone() is not None
            show(names, first, more=more, binary=binary)
        else:
            # A file of many small batches would be read slowly for ever after.
            save(cursor.fetch_arrow(batch_delay=None), out, write)
        remark(cursor.messages)


def tables(uri: str, *, schema: str | None, like: str | None, password: str | None) -> None:
    """Shows the tables that there are."""
    given: dict[str, Any] = {} if password is None else {"password": password}
    with ExitStack() as stack:
        with waiting("waiting for the server"):
            connection = stack.enter_context(drdarrow.connect(uri, **given))
            told = connection.tables(schema=schema, like=like)
    show(["schema", "name", "kind", "remarks"], [(t.schema, t.name, t.kind, t.remarks or t.label or "") for t in told])


def show(names: list[str], rows: list[tuple[Any, ...]], *, more: bool = False, binary: Binary = "hex") -> None:
    """Rows as a table."""

    def cell(value: object) -> Text:
        if value is None:
            return plain("null", "dim")
        return plain(as_text(value, binary) if isinstance(value, bytes) else value)

    table = Table(caption="there are more rows; --out FILE takes them all" if more else None)
    for name in names:
        table.add_column(plain(name))
    for row in rows:
        table.add_row(*map(cell, row))
    console.print(table)


def remark(messages: list[tuple[type[drdarrow.Warning], drdarrow.Warning]]) -> None:
    """Warnings of the server and of the reading, such as values read as NULL."""
    for _, message in messages:
        watched.print(plain("drdarrow: warning:", "yellow"), plain(message), highlight=False, soft_wrap=True)


@contextmanager
def waiting(what: str) -> Iterator[None]:
    """A sign of life for a person; nothing where nobody watches."""
    if not watched.is_terminal:
        yield
        return
    with watched.status(what):
        yield


def save(stream: ArrowStream, out: Path, write: Write) -> None:
    """Writes beside the file and renames at the end: a file that exists is whole."""
    import pyarrow as pa

    start = time.perf_counter()
    with whole_file(out) as part, watching("streaming") as advance:
        counted = Counted(stream, advance)
        write(part, counted, pa.schema(stream.schema))  # type: ignore[arg-type]
    seconds = time.perf_counter() - start
    size, speed = out.stat().st_size / 1e6, counted.rows / seconds
    watched.print(plain(f"{out}: {counted.rows:,} rows, {size:.1f} MB, {speed:,.0f} rows/s"), soft_wrap=True)
    remark(stream.messages)


class Counted:
    """Batches of a stream, counted as they pass."""

    def __init__(self, stream: ArrowStream, advance: Callable[[int], None]) -> None:
        self.rows = 0
        self._stream = iter(stream)
        self._advance = advance

    def __iter__(self) -> Counted:
        return self

    def __next__(self) -> RecordBatch:
        batch = next(self._stream)
        self.rows += batch.num_rows
        self._advance(batch.num_rows)
        return batch


@contextmanager
def watching(what: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
    """A bar of rows for a person; nothing where nobody watches."""
    columns = (
        SpinnerColumn(),
        TextColumn(what),
        BarColumn(),
        TextColumn("{task.completed:,} rows"),
        TaskProgressColumn(show_speed=True),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=watched, disable=not watched.is_terminal, transient=True) as progress:
        task = progress.add_task(what, total=total)
        yield lambda rows: progress.advance(task, rows)
