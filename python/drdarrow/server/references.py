"""The views that a statement names, with those that they name in turn.

A view that names another one twice stands for twice as many tables, and twenty of them, each over the one before, for a
million. DuckDB plans every one of these, for minutes and with all memory, and no interrupt ends that. A common table
expression that is NOT MATERIALIZED is a view in this. So the names are counted, from above: every word of a list of
tables.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from string import ascii_lowercase, ascii_uppercase
from typing import Any, TypeAlias

from drdarrow.server import tokens
from drdarrow.server.cursors import Cursor
from drdarrow.server.engine import SqlError
from drdarrow.server.joined import Joined, joined
from drdarrow.server.patience import look

__all__ = ["References"]

#: Tables that a statement may stand for by its views; more only where a view of the owner has them already.
_MOST = 1024
#: As good as without end.
_ENDLESS = 1 << 60
#: For DuckDB letters beyond ASCII are two, the small and the capital one.
_SMALL = f"translate(view_name, '{ascii_uppercase}', '{ascii_lowercase}')"
_ALL = f"SELECT {_SMALL}, database_name || '.' || schema_name, sql FROM duckdb_views() WHERE NOT internal"
_NAMED = f"{_ALL} AND list_contains(?, {_SMALL})"
#: Their names alone: DuckDB writes out the statements of all that it is asked for, its own among them.
_PLAIN_NAMES = "SELECT view_name FROM duckdb_views() WHERE NOT internal"
#: A word of what makes a view, or a common table expression like one.
_SUSPICIOUS = re.compile("view|materialized", re.IGNORECASE)
_NAMES = (tokens.IDENTIFIER, tokens.KEYWORD, tokens.STRING)
#: Names of tables come after these.
_TABLES = {"FROM", "JOIN", "UPDATE", "INTO", "USING", "TABLE", "PIVOT", "UNPIVOT", "DESCRIBE", "SHOW", "SUMMARIZE"}
#: After these, which are no names unless they are quoted, no table does.
_VALUES = set("SELECT WHERE GROUP HAVING ORDER LIMIT OFFSET QUALIFY WINDOW RETURNING UNION EXCEPT INTERSECT".split())


_LOWER = str.maketrans(ascii_uppercase, ascii_lowercase)
#: The name of a view, and where it is.
_View: TypeAlias = tuple[str, str]


@dataclass
class _Bracket:
    """The inside of a bracket, or the statement itself.

    tables: a list of them is open; condition: that of a join in it; inlined: the expression that it defines, if that
    is NOT MATERIALIZED; before: the tables before it.
    """

    tables: bool = True
    condition: bool = False
    inlined: str | None = None
    before: int = 0


class References:
    """The bound for the views of one engine; it is DuckDB's catalog that knows them."""

    def __init__(self, source: Any) -> None:
        cursor = source.cursor()
        try:
            found = _Totals(cursor, None)
        finally:
            cursor.close()
        #: Views may stand: one of the owner does, or a client was about to make one.
        self._used = bool(found.views)
        self._most = max([_MOST, *(total for total in found.totals.values() if total < _ENDLESS)])

    def concerns(self, sql: str) -> bool:
        """A statement may name views, or make one."""
        return self._used or _SUSPICIOUS.search(sql) is not None

    def check(self, sql: str, cursor: Cursor) -> None:
        """Refuses a statement that stands for too many tables, or joins too many, as a cursor sees them.

        Raises SqlError -101.
        """
        words = tokens.words(sql)
        if not self.concerns(sql):
            joined(words, _not_joined).check()
            return
        upper = [word.upper() for word, _ in words]
        start = tokens.start(words)
        if "VIEW" in upper and upper[start] in ("CREATE", "ALTER"):
            self._used = True
        of: Callable[[str | None], int] = _none
        view: Callable[[str, object], Joined] = _not_joined
        if self._used:
            names = _names(words)
            found = _Totals(cursor, None if None in names else {name for name in names if name is not None})
            of, view = found.of, found.joined
        if (count := _count(words, of)) > self._most:
            raise _too_many(self._most)
        made = joined(words, view)
        if "MATERIALIZED" in upper:
            # An expression that is inlined stands as often as it is named.
            made = Joined(max(made.tables, count), made.equal * max(1, count))
        made.check()


class _Totals:
    """The tables that views stand for, by their names and by themselves.

    Views of one name in several schemas count as the largest. A view does not mean itself by its own name, and names
    that lead back to where they began count as endless.
    """

    def __init__(self, cursor: Any, names: set[str] | None) -> None:
        """names: of all views that matter with those that they name; None for all that there are."""
        self.views: dict[str, dict[_View, tokens.Words]] = {}
        self.totals: dict[_View, int] = {}
        self._named: dict[_View, set[str]] = {}
        self._joined: dict[_View, Joined] = {}
        wanted, seen = names, set(names or ())
        there: set[str] = set()
        if wanted:
            there = {name.translate(_LOWER) for (name,) in cursor.execute(_PLAIN_NAMES).fetchall()}
            wanted = wanted & there
        while wanted is None or wanted:
            look()
            rows = cursor.execute(*((_ALL,) if wanted is None else (_NAMED, [sorted(wanted)]))).fetchall()
            more: set[str] = set()
            for name, schema, sql in rows:
                words = _body(tokens.words(sql))
                self.views.setdefault(name, {})[name, schema] = words
                self._named[name, schema] = of = {other for other in _names(words) if other is not None}
                more |= of
            wanted = set() if wanted is None else (more - seen) & there
            seen |= more
        for view in self._named:
            self._add(view)

    def of(self, name: str | None, view: _View | None = None) -> int:
        """The tables that a name stands for in a view, or in a statement; None for a name that may be any."""
        views = self.totals if name is None else self.views.get(name, {})
        return max((self.totals[other] for other in views if other != view), default=0)

    def joined(self, word: str, kind: object) -> Joined:
        """The tables and columns that a view of this name joins, with those that it names in turn."""
        # With escapes it may be any name.
        any_ = kind == tokens.STRING and not word.startswith("'")
        views = self._joined.keys() if any_ else self.views.get(_name(word, kind), {}).keys()
        of = [self._joined[view] for view in views if view in self._joined]
        return Joined(max((one.tables for one in of), default=0), max((one.equal for one in of), default=0))

    def _add(self, view: _View) -> None:
        """The tables of a view and of all those below it, without recursion: they may be many."""
        stack, opened = [view], set[_View]()
        while stack:
            look()
            view = stack[-1]
            if view in self.totals:
                stack.pop()
            elif view in opened:
                words = self.views[view[0]][view]
                self.totals[view] = 1 + _count(words, partial(self.of, view=view))
                self._joined[view] = joined(words, self.joined)
            else:
                below = {other for name in self._named[view] for other in self.views.get(name, {})} - {view}
                if below & opened - self.totals.keys():
                    self.totals[view] = _ENDLESS
                else:
                    opened.add(view)
                    stack += below - self.totals.keys()


def _body(words: tokens.Words) -> tokens.Words:
    """The query of a view, without the view's own name."""
    # Its columns have no AS.
    made = (at for at, (word, kind) in enumerate(words) if kind == tokens.KEYWORD and word.upper() == "AS")
    return words[next(made, 0) :]


def _none(_: str | None) -> int:
    """There are no views."""
    return 0


def _not_joined(_: str, __: object) -> Joined:
    """There are no views."""
    return Joined()


def _too_many(most: int) -> SqlError:
    return SqlError(-101, "54001", f"views stand for more than {most} tables")


def _names(words: tokens.Words) -> set[str | None]:
    """The names in lists of tables; None for one that may be any."""
    found: set[str | None] = set()

    def take(name: str | None) -> int:
        found.add(name)
        return 0

    _count(words, take)
    return found


def _count(words: tokens.Words, of: Callable[[str | None], int]) -> int:
    """The tables that all names of a statement stand for."""
    total = 0
    inlined: dict[str, int] = {}
    brackets = [_Bracket()]
    for at, (word, kind) in enumerate(words):
        look()
        upper, inner = word.upper(), brackets[-1]
        if word == "(":
            brackets.append(_Bracket(inner.tables and not inner.condition, False, _inlined(words, at), total))
        elif word == ")" and len(brackets) > 1:
            closed = brackets.pop()
            if closed.inlined is not None:
                inlined[closed.inlined] = max(inlined.get(closed.inlined, 0), 1 + total - closed.before)
        elif word == "," or kind == tokens.KEYWORD and upper in _TABLES:
            inner.tables = inner.tables or word != ","
            inner.condition = False
        elif kind == tokens.KEYWORD and upper in _VALUES:
            inner.tables = False
        elif kind == tokens.KEYWORD and upper == "ON":
            inner.condition = True
        elif inner.tables and not inner.condition and kind in _NAMES:
            if kind == tokens.STRING and not word.startswith("'"):
                # With escapes it may be any name.
                total += max([of(None), *inlined.values()])
            else:
                name = _name(word, kind)
                total += max(of(name), inlined.get(name, 0))
    return total


def _name(word: str, kind: object) -> str:
    """A word as a name; a table may be named by a text."""
    if kind == tokens.STRING:
        word = word[1:-1].replace("''", "'")
    elif word.startswith('"'):
        word = word[1:-1].replace('""', '"')
    return word.translate(_LOWER)


def _inlined(words: tokens.Words, at: int) -> str | None:
    """The name of the common table expression in a bracket, if it is NOT MATERIALIZED.

    Raises SqlError -101 where the name is not found.
    """
    if [word.upper() for word, _ in words[max(0, at - 3) : at]] != ["AS", "NOT", "MATERIALIZED"]:
        return None
    before = _before(words, at - 4)
    if [word.upper() for word, _ in words[max(0, before - 1) : before + 1]] == ["USING", "KEY"]:
        before = _before(words, before - 2)
    if before < 0 or words[before][1] not in _NAMES:
        raise _too_many(_MOST)
    return _name(*words[before])


def _before(words: tokens.Words, at: int) -> int:
    """Where the word is that stands before the names of columns, if those end here."""
    depth = 0
    while at >= 0:
        depth += {")": 1, "(": -1}.get(words[at][0], 0)
        if not depth and words[at][0] != "(":
            break
        at -= 1
    return at
