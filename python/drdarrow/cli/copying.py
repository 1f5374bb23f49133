"""`drdarrow copy`: tables, queries and record files into files, lakes and databases."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import ProgressColumn as Shown
from rich.progress import Task as Line
from rich.text import Text

import drdarrow
from drdarrow.cli.query import console, watched
from drdarrow.cli.text import plain
from drdarrow.copying import CopyReport
from drdarrow.copying import Progress as Told
from drdarrow.exceptions import InterfaceError

__all__ = ["copy", "words_of"]

_ADDRESS = re.compile(r"(drda|profile)://", re.IGNORECASE)
_NAMED = re.compile(r"(\w[\w.$#@]*)=(.*)", re.DOTALL)
_GONE = "gone: the file is not there any more, or not journaled"
#: Tables that are shown at the same time.
_SHOWN = 12


def words_of(words: list[str]) -> tuple[str | None, Any, str]:
    """The address, the sources and the target of `[URI] SOURCE… TARGET`. A source may be NAME=SELECT…"""
    uri = None
    if len(words) > 2 and _ADDRESS.match(words[0]):
        uri, *words = words
    if len(words) < 2:
        raise InterfaceError("expected [URI] SOURCE… TARGET: what is copied, and where to")
    *sources, target = words
    named = [_NAMED.fullmatch(source) for source in sources]
    if all(named):
        queries = {found[1]: found[2] for found in named if found}
        if len(queries) < len(named):
            raise InterfaceError("SOURCE: two have the same name before the equals sign")
        return uri, queries, target
    return uri, sources, target


def copy(uri: str | None, source: Any, target: str, *, password: str | None, **options: Any) -> bool:
    """Copies; whether the source had as many rows at the end as were copied."""
    given = {name: value for name, value in options.items() if value is not None}
    if password is not None:
        given["password"] = password
    with _watching() as progress:
        report: CopyReport = drdarrow.copy(source, target, uri=uri, progress=progress, **given)
    rate = report.new_rows / max(report.seconds, 0.001)
    for table in report.tables:
        changes = f", {table.changes:,} changes" if table.changes else ""
        gone = f", {_GONE}" if table.gone else ""
        console.print(plain(f"{table.name}: {table.new_rows:,} rows{changes}{gone}"), soft_wrap=True)
    console.print(
        plain(
            f"{len(report.tables)} tables, {report.new_rows:,} rows into {report.target}, {report.seconds:.1f} s, "
            f"{rate:,.0f} rows/s{', went on' if report.resumed else ''}"
        ),
        soft_wrap=True,
    )
    for table in report.tables:
        if not table.ok:
            text = (
                f"{table.name}: {table.new_rows:,} rows were copied, and the source has {table.source_rows:,} now: it "
                "was changed meanwhile"
            )
            watched.print(plain("drdarrow: warning:", "yellow"), plain(text), highlight=False, soft_wrap=True)
    return report.ok


class _Rate(Shown):
    """Rows, and rows a second."""

    def render(self, task: Line) -> Text:
        rows = task.fields["rows"]
        seconds = task.elapsed or 0.0
        return Text(f"{rows:>13,} rows {(rows - task.fields['before']) / max(seconds, 0.1):>11,.0f}/s")


@contextmanager
def _watching() -> Iterator[Callable[[Told], None]]:
    """A function that shows a bar for each table that is under way; where nobody watches, one that warns."""
    if not watched.is_terminal:

        def warn(told: Told) -> None:
            if told.state == "gone":
                text = plain(f"{told.table}: {_GONE}")
                watched.print(plain("drdarrow: warning:", "yellow"), text, highlight=False, soft_wrap=True)

        yield warn
        return
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), _Rate())
    turn = threading.Lock()
    lines: dict[str, TaskID] = {}
    with Progress(*columns, TimeRemainingColumn(), console=watched, transient=True) as bars:

        def show(told: Told) -> None:
            done, total = told.parts
            if told.state in ("following", "gone"):
                gone = f", {_GONE}" if told.state == "gone" else ""
                bars.console.print(Text(f"{told.table}: {told.rows:,} changes{gone}"))
                return
            with turn:
                if told.table not in lines:
                    if len(lines) >= _SHOWN:
                        return
                    lines[told.table] = bars.add_task(told.table, total=total, rows=told.rows, before=told.rows)
                bars.update(lines[told.table], completed=done, total=total, rows=told.rows)
                if told.state == "done":
                    bars.remove_task(lines.pop(told.table))

        yield show
