"""The report of a copy: what was read, what is there, and whether they agree."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from html import escape
from typing import Any

from drdarrow.copying.manifest import CopyState, TableState

__all__ = ["CopyReport", "TableReport", "reported"]


@dataclass(frozen=True)
class TableReport:
    """The outcome for a table."""

    name: str
    """Its name in the target."""
    rows: int
    """The rows that are there, those of earlier runs included."""
    new_rows: int
    """Those of this run."""
    source_rows: int | None
    """How many rows of this run the source had at the end; None where that was not counted."""
    files: int
    """How many files there are."""
    nbytes: int
    """Their bytes."""
    parts: int
    """How many parts this run had."""
    attempts: int
    """How often parts were read, more than `parts` where some were tried again."""
    seconds: float
    """Seconds that reading and writing took, of all connections together."""
    plan: str
    """How it was divided, as `Partitions.explain()` says it."""
    nulls: dict[str, int]
    """How many NULLs columns have."""
    nulled: dict[str, int]
    """How many bad values of record files were read as NULL, by field."""
    changes: int = 0
    """How many changes of its journal were taken after the copy, by all calls (`follow=True`)."""
    gone: bool = False
    """It is not there any more, or not journaled: the target has it as it was when it was followed last."""

    @property
    def ok(self) -> bool:
        """The source had as many rows at the end as were copied, as far as they were counted."""
        return self.source_rows is None or self.source_rows == self.new_rows


@dataclass(frozen=True)
class CopyReport:
    """The outcome of a copy."""

    id: str
    target: str
    format: str
    run: int
    """The increment, 0 for the first."""
    seconds: float
    """Seconds of this call."""
    retries: int
    """How often something was tried again, in this call."""
    resumed: bool
    """An interrupted copy went on."""
    verified: bool
    """Every file was read again and compared."""
    tables: tuple[TableReport, ...] = field(default=())

    @property
    def rows(self) -> int:
        """The rows that are there, of all tables."""
        return sum(table.rows for table in self.tables)

    @property
    def new_rows(self) -> int:
        """Those of this run."""
        return sum(table.new_rows for table in self.tables)

    @property
    def ok(self) -> bool:
        """All tables have as many rows as their sources had at the end."""
        return all(table.ok for table in self.tables)

    def to_json(self) -> str:
        """All of it as JSON."""
        return json.dumps({**asdict(self), "rows": self.rows, "new_rows": self.new_rows, "ok": self.ok}, indent=1)

    def to_html(self) -> str:
        """All of it as a page."""
        return (
            f'<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>drdarrow copy: {escape(self.target)}</title>'
            "<style>body{font:15px sans-serif;margin:2em}table{border-collapse:collapse}"
            "tr+tr{border-top:1px solid #ccc}td,th{padding:.2em .8em;text-align:right;vertical-align:top}"
            "td:first-child,th:first-child,th.text{text-align:left;overflow-wrap:anywhere}td.text{text-align:left;white-space:pre-wrap}.bad{background:#fdd}"
            f"</style><h1>drdarrow copy</h1>{self._repr_html_()}</html>"
        )

    def _repr_html_(self) -> str:
        state = "complete" if self.ok else "the source has other numbers of rows now"
        if self.format in ("duckdb", "database", "adbc"):
            checked = "rows were counted in the target"
        else:
            checked = "every file was read again" if self.verified else "not every file was read again"
        words = (
            f"<p>{escape(self.target)} ({self.format}): {self.rows:,} rows in {_several(len(self.tables), 'table')}, "
            f"{self.new_rows:,} of run {self.run}; {self.seconds:.1f} s{', of the call that went on' * self.resumed}, "
            f"{_several(self.retries, 'retry', 'retries')}; {state}; {checked}</p>"
        )
        names = ("table", "rows", "of this run", "in the source", "files", "bytes", "parts", "attempts", "seconds")
        texts = ("NULLs", "bad values read as NULL", "plan")
        head = "".join(f"<th>{name}</th>" for name in (*names, "changes"))
        head += "".join(f'<th class="text">{name}</th>' for name in texts)
        return f"{words}<table><tr>{head}</tr>{''.join(map(_row, self.tables))}</table>"


def _row(table: TableReport) -> str:
    source = "not counted" if table.source_rows is None else f"{table.source_rows:,}"
    numbers = [f"{each:,}" for each in (table.rows, table.new_rows)]
    numbers += [source, *(f"{each:,}" for each in (table.files, table.nbytes, table.parts, table.attempts))]
    changes = f"{table.changes:,}{' (gone)' if table.gone else ''}" if table.changes or table.gone else ""
    numbers += [f"{table.seconds:.1f}", changes]
    cells = "".join(f"<td>{each}</td>" for each in [escape(table.name), *numbers])
    cells += "".join(f'<td class="text">{escape(_counts(each))}</td>' for each in (table.nulls, table.nulled))
    # A plan has a line for each part.
    first, _, rest = table.plan.partition("\n")
    cells += f'<td class="text"><details><summary>{escape(first)}</summary>{escape(rest)}</details></td>'
    return f"<tr{'' if table.ok else ' class=bad'}>{cells}</tr>"


def _several(count: int, one: str, many: str | None = None) -> str:
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def _counts(counts: dict[str, int]) -> str:
    return "\n".join(f"{name}: {count:,}" for name, count in counts.items())


def reported(state: CopyState, tables: list[TableState], target: str, **facts: Any) -> CopyReport:
    """The report of states."""
    made = []
    for table in tables:
        current = table.current
        nulls: dict[str, int] = {}
        nulled: dict[str, int] = {}
        for part in table.parts:
            for total, counts in ((nulls, part.nulls), (nulled, part.nulled)):
                for name, count in counts.items():
                    total[name] = total.get(name, 0) + count
        made.append(
            TableReport(
                name=table.name,
                rows=table.rows,
                new_rows=sum(part.rows for part in current),
                source_rows=table.source_rows,
                files=sum(len(part.files) for part in table.parts),
                nbytes=sum(part.nbytes for part in table.parts),
                parts=len(current),
                attempts=sum(part.attempts for part in current),
                seconds=round(sum(part.seconds for part in current), 3),
                plan=table.explained,
                nulls=nulls,
                nulled=nulled,
                changes=table.changes,
                gone=table.gone,
            )
        )
    return CopyReport(
        id=state.id, target=target, format=state.asked["format"], run=state.run, tables=tuple(made), **facts
    )
