"""Comparisons of text as Db2 and Derby make them: blanks at the end do not count, 'a' is 'a '.

DuckDB compares every character. So both sides of a comparison go through `drdarrow_key`, a macro that takes the blanks
off a text and leaves a value of any other type as it is, which DuckDB finds out: neither costs anything on a number. Of
constants the blanks go here, of parameters when they come.

| | |
|---|---|
| `=`, `<>`, `<`, `<=`, `>`, `>=`, `IS [NOT] DISTINCT FROM`, `BETWEEN` | both sides |
| `IN`, `= ANY`, `CASE x WHEN`, rows of values | both sides |
| `ORDER BY`, `PARTITION BY`, `COUNT(DISTINCT x)` | what is ordered or counted |
| `SELECT DISTINCT`, `UNION` | one row of those that are the same |
| `GROUP BY` of a column | one of the values of the group |

`LIKE` looks at blanks, as in Db2. INTERSECT, EXCEPT and GROUP BY of an expression: see `rules.order`; JOIN ... USING
and NATURAL JOIN: see `rules.joins`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from drdarrow.server.edits import Edits, Span, Statement, names
from drdarrow.server.patience import look
from drdarrow.server.selects import EDGES, KEY, Columns, Query, Selects, is_column

__all__ = ["BITS", "BITS_MACRO", "KEY", "MACRO", "Columns", "compare"]

#: The macro, of a connection or of a database: the argument is what its name begins with.
MACRO = f"MACRO {{}}{KEY}(x VARCHAR) AS rtrim(x, ' '), (x) AS x"
#: The same of bytes that are FOR BIT DATA; the second argument is the blank in hexadecimal digits.
BITS = "drdarrow_bits"
BITS_MACRO = f"MACRO {{}}{BITS}(x) AS unhex(regexp_replace(hex(CAST(x AS BLOB)), '({{}})+$', ''))"

_SIGNS = {"=", "<>", "!=", "<", "<=", ">", ">="}
_ENDS_QUERY = {"UNION", "EXCEPT", "INTERSECT", ";", "LIMIT", "OFFSET", "FETCH", "RETURNING", "WINDOW", "QUALIFY"}


@dataclass
class _Frame:
    """The facts about the inside of a bracket or a CASE."""

    opening: int
    kind: str
    start: int
    #: The left side of a comparison whose right side is being read; of BETWEEN two of them.
    sides: list[Span] = field(default_factory=list)
    between: bool = False
    clause: str = ""
    item: int = 0
    query: Query | None = None
    #: The first SELECT of a UNION, and the words UNION in it; None when there is something that is left alone.
    union: tuple[int, list[int]] | None = None
    #: The operand of a CASE and its values.
    tested: list[Span] = field(default_factory=list)
    assigning: bool = False
    #: The value that is looked for IN the bracket.
    listed: Span | None = None


def compare(statement: Statement, edits: Edits, columns: Columns, aggregates: frozenset[str]) -> set[int]:
    """Adds the changes; the markers, counted from 0, whose texts lose their blanks. aggregates: names of functions."""
    walk = _Walk(statement, edits, columns, aggregates)
    walk.run()
    return walk.trimmed


class _Walk:
    """One walk over a statement."""

    def __init__(self, statement: Statement, edits: Edits, columns: Columns, aggregates: frozenset[str]) -> None:
        self.of = statement
        self.edits = edits
        self.trimmed: set[int] = set()
        self._columns = columns
        self._selects = Selects(statement, edits, columns, aggregates)
        self._frames = [_Frame(-1, "(", 0)]
        self._recursive = any(word.upper == "RECURSIVE" for word in statement.words)

    def run(self) -> None:
        """Reads every word once."""
        at, last = 0, len(self.of.words) - 1
        while at < last:
            look()
            at = self._step(at)
        self._end_frame(last)
        self._selects.close()

    def _step(self, at: int) -> int:
        """Takes a word: where the next one is."""
        frame, word, upper = self._frames[-1], self.of.words[at], self.of.upper(at)
        if word.kind == "sign":
            if word.text in ("(", "[", "{"):
                self._frames.append(_Frame(at, word.text, at + 1))
            elif word.text in (")", "]", "}"):
                self._end_frame(at)
            elif upper in _SIGNS:
                return self._comparison(at, at + 1, frame)
            elif upper in EDGES:
                self._edge(at, upper, frame)
            return at + 1
        if word.kind != "name" or self.of.upper(at - 1) == ".":
            return at + 1
        if upper == "CASE":
            inner = _Frame(at, "CASE", at + 1)
            inner.clause = "" if self.of.upper(at + 1) == "WHEN" else "operand"
            self._frames.append(inner)
        elif upper == "END" and frame.kind == "CASE":
            self._end_frame(at)
        elif upper == "IN" and self.of.upper(at + 1) == "(":
            left = (frame.start, self._unnegated(at))
            frame.sides, frame.between = [], False
            self._frames.append(_Frame(at + 1, "(", at + 2, listed=left))
            return at + 2
        elif upper == "BETWEEN":
            frame.sides, frame.between, frame.start = [(frame.start, self._unnegated(at))], True, at + 1
        elif upper == "NOT":
            if frame.start == at:
                frame.start = at + 1
        elif upper == "IS":
            after = at + 2 if self.of.upper(at + 1) == "NOT" else at + 1
            if self.of.upper(after) == "DISTINCT" and self.of.upper(after + 1) == "FROM":
                return self._comparison(at, after + 2, frame)
            self._edge(at, upper, frame)
        elif upper in ("LEFT", "RIGHT") and self.of.upper(at + 1) == "(":
            pass
        elif upper in EDGES:
            return self._edge(at, upper, frame)
        return at + 1

    def _comparison(self, at: int, after: int, frame: _Frame) -> int:
        if frame.assigning:
            frame.assigning, frame.start = False, after
            return after
        # `=>` and `:=` name an argument.
        if self.of.words[at].text == "=" and (self.of.words[after].text == ">" or self.of.words[at - 1].text == ":"):
            frame.start = after + 1
            return after + 1
        self._finish(at, frame)
        frame.sides, frame.between, frame.start = [(frame.start, at)], False, after
        return after

    def _unnegated(self, at: int) -> int:
        """Where the operand in front of IN or BETWEEN ends."""
        return at - 1 if self.of.upper(at - 1) == "NOT" else at

    def _edge(self, at: int, upper: str, frame: _Frame) -> int:
        """An expression ends."""
        after = at + 1
        if upper == "AND" and frame.between and len(frame.sides) == 1:
            frame.sides.append((frame.start, at))
            frame.start = after
            return after
        self._finish(at, frame)
        if frame.kind == "CASE":
            self._case(at, upper, frame)
        if upper == "SELECT":
            after = self._select(at, frame)
        elif upper == "DISTINCT" and self._counts(frame):
            self._wrap((after, self.of.closes[frame.opening]))
        elif upper in ("GROUP", "ORDER", "PARTITION") and self.of.upper(after) == "BY":
            self._item(at, frame)
            frame.clause, frame.item, after = upper, after + 1, after + 1
        elif upper == "SET":
            frame.clause, frame.assigning = "SET", True
        elif upper == ",":
            frame.assigning = frame.clause == "SET"
            self._item(at, frame)
            frame.item = after
        elif upper in ("ASC", "DESC", "NULLS", "ROWS", "RANGE"):
            self._item(at, frame)
            if upper in ("ROWS", "RANGE") and frame.clause in ("ORDER", "PARTITION"):
                # The frame of a window is no part of its order.
                frame.clause = ""
        elif (
            upper in ("FROM", "WHERE", "HAVING", "INTO")
            or upper in _ENDS_QUERY
            or upper == "WHEN"
            and frame.kind == "("
        ):
            self._item(at, frame)
            frame.clause, frame.assigning = "", False
            if upper in _ENDS_QUERY:
                self._end_query(at, frame)
            if upper in ("UNION", "EXCEPT", "INTERSECT"):
                self._set_operation(at, upper, frame)
        frame.start = after
        return after

    def _select(self, at: int, frame: _Frame) -> int:
        after = at + 1
        frame.query = Query(at)
        if frame.union is None:
            frame.union = (at, [])
        if self.of.upper(after) == "DISTINCT":
            after += 1
            if self.of.upper(after) != "ON":
                frame.query.distinct = after - 1
        elif self.of.upper(after) == "ALL":
            after += 1
        frame.clause, frame.item = "SELECT", after
        return after

    def _counts(self, frame: _Frame) -> bool:
        """The bracket is that of COUNT."""
        return frame.kind == "(" and self.of.upper(frame.opening - 1) == "COUNT"

    def _item(self, at: int, frame: _Frame) -> None:
        """A part of a list ends."""
        span, query = (frame.item, at), frame.query
        if span[1] <= span[0] or not frame.clause:
            return
        if "NULLS" in (self.of.upper(span[0]), self.of.upper(span[0] - 1)):
            frame.item = at + 1
            return
        if frame.clause == "SELECT" and query:
            query.items.append(span)
        elif frame.clause == "GROUP" and query:
            query.groups.append(span)
        elif frame.clause in ("ORDER", "PARTITION") and self._orders(span, query):
            self._wrap(span)
        frame.item = at + 1

    def _orders(self, span: Span, query: Query | None) -> bool:
        """A part of ORDER BY can be put otherwise: it is no position, and no other column's name given here."""
        if span[1] - span[0] > 1 or query is None:
            return True
        word = self.of.words[span[0]]
        if word.kind not in ("name", "quoted"):
            return False
        name = names([word])
        if query.hides is None:
            query.hides = set()
            for item in query.items:
                given = names(self.of.words[item[1] - 1 : item[1]])
                if given is None or not is_column(self.of, item, given[-1]):
                    query.hides.add(given)
        return name not in query.hides

    def _case(self, at: int, upper: str, frame: _Frame) -> None:
        if upper == "WHEN":
            if frame.clause == "operand":
                frame.tested.append((frame.opening + 1, at))
                frame.clause = "tested"
            frame.item = at + 1
        elif upper == "THEN" and frame.clause == "tested":
            frame.tested.append((frame.item, at))

    def _in(self, left: Span, opening: int) -> None:
        if not self.of.is_query(opening + 1):
            self._same(left, self.of.parts(opening))
        elif self._side(left) in ("text", "marker", "row", "some"):
            self._subquery(opening, len(self._row(left) or "1"))
            self._change(left)

    def _finish(self, at: int, frame: _Frame) -> None:
        """The right side of a comparison ends."""
        sides, frame.sides = frame.sides, []
        if not sides or (frame.between and len(sides) < 2):
            frame.between = False
            return
        frame.between = False
        self._same(sides[0], [*sides[1:], (frame.start, at)])

    def _same(self, left: Span, others: list[Span]) -> None:
        """Sides that are compared with each other, unless numbers show that they are no texts."""
        sides = [left, *others]
        kinds = [self._side(side) for side in sides]
        if any(self._is_bits(side) for side in sides):
            for side in sides:
                if side[1] > side[0]:
                    self.edits.around(side, f"{BITS}(", ")")
            return
        if "" in kinds or kinds[0] == "other" or kinds.count("other") == len(kinds) - 1 and len(kinds) > 1:
            return
        for side in sides:
            look()
            self._change(side)

    def _is_bits(self, span: Span) -> bool:
        name = names(self.of.words[span[0] : span[1]]) if 0 < span[1] - span[0] <= 5 else None
        return name is not None and self._columns.bits(name[-1])

    def _side(self, span: Span) -> str:
        """The kind of one side of a comparison: text, marker, row, other (no text), some (anything); nothing: empty."""
        start, end = span
        if end <= start:
            return ""
        word = self.of.words[start]
        if end - start == 1:
            if word.kind == "string":
                return "text" if word.text[0] == "'" else "other"
            if word.text == "?":
                return "marker"
            return "other" if word.kind == "number" or word.upper in ("NULL", "TRUE", "FALSE", "DEFAULT") else "some"
        if word.text in "+-" and self.of.words[start + 1].kind == "number" and end - start == 2:
            return "other"
        return "row" if self._row(span) else "some"

    def _row(self, span: Span) -> list[Span] | None:
        """The parts of a row of values."""
        start, end = span
        if self.of.words[start].text != "(" or self.of.closes.get(start) != end - 1 or not self.of.commas[start]:
            return None
        return None if self.of.is_query(start) else self.of.parts(start)

    def _change(self, span: Span) -> None:
        """Takes the blanks off one side."""
        kind = self._side(span)
        if kind == "text":
            literal = self.of.words[span[0]].text
            self.edits.instead[span[0]] = literal.rstrip("'").rstrip(" ") + "'" if _quiet(literal) else literal
        elif kind == "marker":
            self.trimmed.add(self.of.markers[span[0]])
        elif kind == "row":
            for part in self._row(span) or ():
                self._change(part)
        elif kind == "some":
            quantified = self.of.upper(span[0]) in ("ANY", "ALL", "SOME") and self.of.upper(span[0] + 1) == "("
            if quantified:
                self._subquery(span[0] + 1, 1)
            else:
                self._wrap(span)

    def _wrap(self, span: Span) -> None:
        if span[1] > span[0]:
            self.edits.around(span, f"{KEY}(", ")")

    def _subquery(self, opening: int, columns: int) -> None:
        """The columns of a subquery without blanks."""
        made = [f"c{n}" for n in range(columns)]
        select = f"SELECT {', '.join(f'{KEY}({name})' for name in made)} FROM ("
        self.edits.around((opening + 1, self.of.closes[opening]), select, f") AS drdarrow({', '.join(made)})")

    def _end_frame(self, at: int) -> None:
        frame = self._frames[-1]
        self._finish(at, frame)
        self._item(at, frame)
        self._end_query(at, frame)
        self._end_union(at, frame)
        if frame.kind == "CASE" and frame.tested:
            self._same(frame.tested[0], frame.tested[1:])
        if frame.listed is not None:
            self._in(frame.listed, frame.opening)
        if len(self._frames) > 1:
            self._frames.pop()

    def _end_query(self, at: int, frame: _Frame) -> None:
        query = frame.query
        if query is None or query.end:
            return
        query.end = at
        self._selects.end(query)

    def _set_operation(self, at: int, upper: str, frame: _Frame) -> None:
        if frame.union is None:
            return
        if upper != "UNION" or self.of.upper(at + 1) in ("ALL", "DISTINCT", "BY"):
            frame.union = (-1, [])
        elif frame.union[0] >= 0:
            frame.union[1].append(at)

    def _end_union(self, at: int, frame: _Frame) -> None:
        """UNION ALL, and of the rows that are the same one."""
        if frame.union is None or frame.union[0] < 0 or not frame.union[1] or self._recursive:
            return
        start, unions = frame.union
        end = self._tail(unions[-1], at)
        for union in unions:
            self.edits.after[union] = " ALL" + self.edits.after.get(union, "")
        select = f"SELECT DISTINCT ON ({KEY}(COLUMNS(*))) * FROM ("
        self.edits.around((start, end), select, ") AS drdarrow")

    def _tail(self, at: int, end: int) -> int:
        """Where ORDER BY, LIMIT and so on of a UNION begin; its end where there are none."""
        while at < end:
            look()
            at = self.of.closes.get(at, at) + 1
            if self.of.upper(at) in ("ORDER", "LIMIT", "OFFSET", "FETCH", "RETURNING", ";"):
                return at
        return end


def _quiet(literal: str) -> bool:
    """The constant has blanks at its end, and no quote in front of them that is doubled."""
    return literal.endswith(" '")
