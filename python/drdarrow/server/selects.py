"""SELECT DISTINCT and GROUP BY when blanks at the end of a text do not count."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

from drdarrow.server.edits import Edits, Span, Statement, names
from drdarrow.server.engine import SqlError
from drdarrow.server.patience import look

__all__ = ["EDGES", "KEY", "Columns", "Query", "Selects", "is_alias", "is_column"]

#: The macro that takes the blanks off a text.
KEY = "drdarrow_key"
#: An expression ends before these.
EDGES = {
    *"SELECT DISTINCT ALL FROM WHERE ON HAVING QUALIFY AND OR WHEN THEN ELSE GROUP ORDER BY PARTITION LIMIT".split(),
    *"OFFSET FETCH UNION EXCEPT INTERSECT JOIN INNER LEFT RIGHT FULL CROSS NATURAL USING AS SET VALUES".split(),
    *"RETURNING WINDOW LIKE ILIKE SIMILAR GLOB ESCAPE ASC DESC NULLS INTO UPDATE INSERT DELETE MERGE FILTER".split(),
    *"WITH ROWS RANGE IS , ;".split(),
}
_SETS = {"GROUPING", "ROLLUP", "CUBE"}
#: Characters that DISTINCT may write twice for each of the statement: within each other they double every time.
_TWICE = 16


class Columns(Protocol):
    """The facts about the columns that a statement names."""

    def plain(self, name: str, /) -> bool:
        """A column that needs nothing: it is known and is no VARCHAR."""

    def bits(self, name: str, /) -> bool:
        """A column FOR BIT DATA."""


@dataclass
class Query:
    """A SELECT: where it and the parts of its lists are."""

    start: int
    distinct: int | None = None
    items: list[Span] = field(default_factory=list)
    #: Names that items have which are no columns of these names, when the items are all there.
    hides: set[tuple[str, ...] | None] | None = None
    groups: list[Span] = field(default_factory=list)
    end: int = 0


class Selects:
    """Puts what is said of a SELECT."""

    def __init__(self, of: Statement, edits: Edits, columns: Columns, aggregates: frozenset[str]) -> None:
        self.of = of
        self.edits = edits
        self._columns = columns
        self._aggregates = aggregates
        #: Names that values of groups keep.
        self._named: dict[int, str] = {}
        self._room = _TWICE * (1000 + sum(len(word.text) for word in of.words))

    def end(self, query: Query) -> None:
        """A SELECT was read."""
        self._group(query)
        if query.distinct is not None:
            self._distinct(query)

    def close(self) -> None:
        """The statement was read."""
        for at, name in self._named.items():
            self.edits.after[at] = self.edits.after.get(at, "") + f" AS {name}"

    def _distinct(self, query: Query) -> None:
        """DISTINCT with what tells rows apart; parameters may stand only once."""
        if query.distinct is None or not query.items:
            return
        if any(query.items[0][0] <= at < query.items[-1][1] for at in self.of.markers):
            return
        keys = []
        for item in query.items:
            words = self.of.words[item[0] : item[1]]
            if words[-1].text == "*":
                keys.append(f"{KEY}(COLUMNS({self.of.text(item)}))")
            else:
                named = _alias(self.of, item)
                keys.append(f"{KEY}({self._edited((item[0], named))})")
        self.edits.after[query.distinct] = f" ON ({', '.join(keys)})" + self.edits.after.get(query.distinct, "")

    def _edited(self, span: Span) -> str:
        """Some words with their changes."""
        written = self.of.written(self.edits, span).strip()
        self._room -= len(written)
        if self._room < 0:
            raise SqlError(-101, "54001", "too many SELECT DISTINCT within each other")
        return written

    def _group(self, query: Query) -> None:
        """GROUP BY of columns: one value of each group stands for all."""
        words = self.of.words
        if not query.groups or self.of.upper(query.groups[0][0]) == "ALL":
            return
        found = [span for group in query.groups for span in self._grouped(group)]
        wanted: dict[str, list[Span]] = {}
        for span in found:
            name = names(words[span[0] : span[1]])
            if name and not self._columns.plain(name[-1]):
                wanted.setdefault(name[-1], []).append(span)
        given = {_given(self.of, item): item for item in query.items}
        # A name that is given here is another column.
        wanted = {name: those for name, those in wanted.items() if is_column(self.of, given.get(name), name)}
        spans = [*query.items, (query.groups[-1][1], query.end)]
        inside = [at for span in spans for at in range(*span)]
        if not wanted or any(self.of.upper(at) in ("SELECT", "WITH") for at in inside):
            return
        sets = any(self.of.upper(group[0]) in _SETS for group in query.groups)
        for span in spans:
            self._stand_for_groups(span, wanted, query.items, sets)
        for span in (span for those in wanted.values() for span in those):
            self.edits.around(span, f"{KEY}(", ")")

    def _grouped(self, group: Span) -> Iterator[Span]:
        """The parts of ROLLUP, CUBE, GROUPING SETS and brackets; another part of GROUP BY as it is."""
        look()
        start, end = group
        if self.of.upper(start) in _SETS:
            start += 2 if self.of.upper(start + 1) == "SETS" else 1
        if start < end and self.of.words[start].text == "(" and self.of.closes.get(start) == end - 1:
            for part in self.of.parts(start):
                yield from self._grouped(part)
        elif start < end:
            yield start, end

    def _stand_for_groups(self, span: Span, wanted: dict[str, list[Span]], items: list[Span], sets: bool) -> None:
        """Puts a value of the group in place of the columns, but in what is made of all its rows. sets: there are also
        groups without them, where they are NULL."""
        words = self.of.words
        calls: list[bool] = []
        whole = set(items)
        for at in range(*span):
            look()
            word = words[at]
            if word.text == "(":
                calls.append((bool(calls) and calls[-1]) or words[at - 1].text.lower() in self._aggregates)
            elif word.text == ")" and calls:
                calls.pop()
            elif word.kind in ("name", "quoted") and not (calls and calls[-1]):
                name = names([word])
                if name and name[0] in wanted and self._stands_for_column(at):
                    start = at - 2 if words[at - 1].text == "." else at
                    if self.of.upper(start - 2) == "GROUPING":
                        self.edits.around((start, at + 1), f"{KEY}(", ")")
                        continue
                    column = self.of.text((start, at + 1))
                    null = f"(CASE WHEN GROUPING({KEY}({column})) = 1 THEN NULL ELSE " if sets else ""
                    self.edits.around((start, at + 1), f"{null}any_value(", ") END)" if sets else ")")
                    if (start, at + 1) in whole:
                        self._named[at] = word.text

    def _stands_for_column(self, at: int) -> bool:
        before, after = self.of.upper(at - 1), self.of.words[at + 1].text
        return before != "AS" and after not in ("(", ".") and not is_alias(self.of, at)


def _alias(of: Statement, item: Span) -> int:
    """Where the expression of a part of a SELECT list ends and its name begins."""
    if item[1] - item[0] > 2 and of.upper(item[1] - 2) == "AS":
        return item[1] - 2
    return item[1] - 1 if item[1] - item[0] > 1 and is_alias(of, item[1] - 1) else item[1]


def is_alias(of: Statement, at: int) -> bool:
    """A name follows an expression without AS."""
    before = of.words[at - 1]
    return of.words[at].kind in ("name", "quoted") and (
        before.kind in ("string", "number", "quoted")
        or before.text in (")", "?")
        or before.upper == "END"
        or before.kind == "name"
        and before.upper not in EDGES
        and before.upper not in ("NOT", "IN", "BETWEEN", "CASE")
    )


def _given(of: Statement, item: Span) -> str:
    """The name that a part of a SELECT list has."""
    name = names(of.words[item[1] - 1 : item[1]])
    return name[-1] if name else ""


def is_column(of: Statement, item: Span | None, name: str) -> bool:
    """A part of a SELECT list is the column of its name."""
    if item is None:
        return True
    found = names(of.words[item[0] : _alias(of, item)])
    return found is not None and found[-1] == name
