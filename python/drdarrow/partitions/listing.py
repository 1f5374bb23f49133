"""The parts of a table or a query, and how it was divided."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from html import escape
from typing import overload

from drdarrow._core import Schema
from drdarrow.partitions.part import Part
from drdarrow.partitions.planner import Planned

__all__ = ["Partitions"]

#: Parts that are shown one by one.
_SHOWN = 20


class Partitions(Sequence[Part]):
    """A sequence of `Part`; each row is in one of them."""

    def __init__(self, found: Planned) -> None:
        self._found = found

    @property
    def plan(self) -> str:
        """The way, str: partitions, nodes, rrn, members, range, quantiles, statistics, sampled, rid, modulo or
        one."""
        return self._found.plan

    @property
    def on(self) -> tuple[str, ...]:
        """The columns whose values divide the rows; none of other ways."""
        return self._found.on

    @property
    def schema(self) -> Schema:
        """The columns of each part."""
        return self._found.schema

    @property
    def rows(self) -> int | None:
        """How many rows there are, as the catalog has it or as they were counted; None where nothing tells."""
        return self._found.rows

    @property
    def counts(self) -> tuple[int, ...] | None:
        """The rows of each part as they were counted, with `verify=True`."""
        return self._found.counts

    @property
    def as_of(self) -> dt.datetime | None:
        """The moment whose rows are read, with `snapshot="as_of"`."""
        return self._found.snapshot

    def explain(self) -> str:
        """How the rows are divided and why, a line for each part, and a statement."""
        lines = [f"{name}: {text}" for name, text in self._facts()]
        for part in self[:_SHOWN]:
            rows = "" if part.rows is None else f"  ({'' if self.counts else 'about '}{part.rows} rows)"
            lines.append(f"  {part.number}: {part.where}{rows}")
        if len(self) > _SHOWN:
            lines.append(f"  … {len(self) - _SHOWN} more")
        return "\n".join(lines)

    def _facts(self) -> Iterator[tuple[str, str]]:
        found = self._found
        yield "plan", f"{found.plan}, {len(self)} part{'s' if len(self) != 1 else ''}"
        yield "why", found.why
        for reason in found.declined:
            yield "not", reason
        if found.snapshot is not None:
            yield "as of", found.snapshot.isoformat(" ")
        if found.rows is not None:
            yield "rows", f"{'' if found.counts else 'about '}{found.rows}"
        if found.counts:
            share = sum(found.counts) / len(found.counts)
            yield "skew", f"the largest part has {max(found.counts) / share if share else 1:.2f} times its share"
        yield "statement", self[0].sql

    def _repr_html_(self) -> str:
        facts = "".join(_cells(name, text) for name, text in self._facts())
        rows = "".join(
            _cells(part.number, part.where, "" if part.rows is None else part.rows) for part in self[:_SHOWN]
        )
        head = "<tr><th>part</th><th>rows where</th><th>rows</th></tr>"
        return f"<table>{facts}</table><table>{head}{rows}</table>"

    @overload
    def __getitem__(self, index: int) -> Part: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Part]: ...
    def __getitem__(self, index: int | slice) -> Part | Sequence[Part]:
        return self._found.parts[index]

    def __len__(self) -> int:
        return len(self._found.parts)

    def __repr__(self) -> str:
        return f"<Partitions: {len(self)} by {self.plan}>"


def _cells(*values: object) -> str:
    """A row of a table of HTML."""
    return "<tr>" + "".join(f"<td>{escape(str(value))}</td>" for value in values) + "</tr>"
