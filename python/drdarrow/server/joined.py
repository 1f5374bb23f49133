"""The tables that a statement joins, and the columns that it says are equal.

DuckDB works out an order for joins before anything runs, and each column that equals a second one, and that a third, is
compared with all of them. Two hundred tables in a chain, or a chain of as many columns in few tables, take it a minute
and more, and no interrupt ends that. So both are counted, from above: columns by the last part of their names, an
expression as any of them. Queries of a UNION and those with GROUP BY are planned by themselves.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from drdarrow.server import tokens
from drdarrow.server.engine import SqlError
from drdarrow.server.patience import look

__all__ = ["Joined", "joined"]

#: The most of one query: these take some ten seconds.
_TABLES = 200
_EQUAL = 128
#: Keys of a count beside names of columns: of tables, and of expressions that are equal.
_TABLE, _ANY = 0, 1
_SETS = {"UNION", "EXCEPT", "INTERSECT"}
#: A list of tables has ended before these.
_VALUES = {*"SELECT WHERE GROUP HAVING ORDER LIMIT OFFSET QUALIFY WINDOW VALUES RETURNING SET FETCH".split(), *_SETS}
#: A query begins with one of these.
_STARTS = {"SELECT", "WITH", "VALUES", "FROM"}
#: Words between FROM or JOIN and a table.
_BEFORE_TABLE = {"LATERAL", "ONLY"}
#: Signs before and after an operand that is no part of another expression.
_BEFORE, _AFTER = ("(", ",", ";"), (")", "]", ",", ";")
_Count = Counter[str | int]


@dataclass(frozen=True)
class Joined:
    """Tables of one query, and equal columns of one chain."""

    tables: int = 0
    equal: int = 0

    def check(self) -> None:
        """Raises SqlError -101 for too many."""
        if self.tables > _TABLES:
            raise SqlError(-101, "54001", f"a join of more than {_TABLES} tables")
        if self.equal > _EQUAL:
            raise SqlError(-101, "54001", f"more than {_EQUAL} equal columns in a join")


@dataclass
class _Level:
    """The inside of a bracket. tables: a list of them is open; wanted: the next word names one; selected: a query began
    in it; assigning: values of columns are set; grouped: it has GROUP BY; now: counted in this query of a UNION; most:
    in those before, and in queries within that are planned by themselves."""

    tables: bool = False
    wanted: bool = False
    selected: bool = False
    assigning: bool = False
    grouped: bool = False
    now: _Count = field(default_factory=Counter)
    most: _Count = field(default_factory=Counter)

    def all(self) -> _Count:
        return self.now | self.most


class _Chains:
    """Names of columns that are equal, by one name of all."""

    def __init__(self) -> None:
        self._of: dict[str, str] = {}

    def first(self, name: str) -> str:
        while (other := self._of.get(name, name)) != name:
            self._of[name] = self._of.get(other, other)
            name = other
        return name

    def tie(self, one: str, other: str) -> None:
        self._of[self.first(one)] = self.first(other)


def joined(words: tokens.Words, view: Callable[[str, object], Joined]) -> Joined:
    """Counts those of a statement. view: those of a view, by a word that may be its name, and the kind of that word."""
    upper = [word.upper() for word, _ in words]
    equal = {
        at: sides for at, word in enumerate(upper) if word in ("=", "==") for sides in [_sides(words, at)] if sides
    }
    chains = _Chains()
    for one, other in equal.values():
        if one and other:
            chains.tie(one, other)
    levels = [_Level()]
    for at, (word, kind) in enumerate(words):
        look()
        level, after = levels[-1], upper[at + 1] if at + 1 < len(upper) else ""
        if word == "(":
            levels.append(_Level(wanted=level.wanted))
            level.wanted = False
        elif word == ")" and len(levels) > 1:
            _close(levels)
        elif word == ",":
            level.wanted = level.tables
        elif at in equal and not level.assigning:
            one, other = equal[at]
            level.now[chains.first(one) if one and other else _ANY] += 1
        elif kind == tokens.KEYWORD and upper[at] in ("FROM", "JOIN") and _names_tables(upper, at, level):
            level.tables = level.wanted = True
            level.assigning = False
        elif kind == tokens.KEYWORD and upper[at] == "USING":
            # Of MERGE and DELETE a table, of a join columns.
            columns = _listed(words, at + 2) if after == "(" else []
            if columns:
                level.now.update(chains.first(column) for column in columns)
            else:
                level.tables = level.wanted = True
        elif kind == tokens.KEYWORD and upper[at] == "NATURAL":
            level.now[_ANY] += 1
        elif kind == tokens.KEYWORD and upper[at] in _VALUES:
            _clause(level, upper[at])
        elif level.wanted and after != "." and kind in (tokens.IDENTIFIER, tokens.KEYWORD, tokens.STRING):
            if kind != tokens.KEYWORD or upper[at] not in _BEFORE_TABLE:
                named = view(word, kind)
                level.now += Counter({_TABLE: max(1, named.tables), _ANY: named.equal})
                level.wanted = False
    while len(levels) > 1:
        _close(levels)
    found = levels[0].all()
    tables, any_ = found.pop(_TABLE, 0), found.pop(_ANY, 0)
    return Joined(tables, max(found.values(), default=0) + any_)


def _names_tables(upper: list[str], at: int, level: _Level) -> bool:
    """A FROM is not that of EXTRACT, TRIM and IS DISTINCT FROM."""
    if upper[at] == "JOIN":
        return True
    if at > 1 and upper[at - 1] == "DISTINCT" and upper[at - 2] in ("IS", "NOT"):
        return False
    return level.selected or at == 0 or upper[at - 1] in ("(", "DELETE", "AS", *_SETS, "ALL") or level.assigning


def _listed(words: tokens.Words, at: int) -> list[str]:
    """The names with commas between that begin at a place; none where a query does."""
    found: list[str] = []
    while at < len(words) and words[at][0].upper() not in _STARTS and words[at][1] != tokens.STRING:
        found.append(tokens.name(words[at][0]))
        if at + 1 >= len(words) or words[at + 1][0] != ",":
            break
        at += 2
    return found


def _clause(level: _Level, word: str) -> None:
    """A clause begins."""
    level.tables = level.wanted = False
    level.selected = level.selected or word == "SELECT"
    level.assigning = word == "SET"
    level.grouped = level.grouped or word == "GROUP"
    if word in _SETS:
        level.most |= level.now
        level.now = Counter()


def _close(levels: list[_Level]) -> None:
    """A bracket closes."""
    closed, around = levels.pop(), levels[-1]
    if closed.grouped:
        around.most |= closed.all()
        around.now[_TABLE] += 1
    else:
        around.now += closed.all()


def _sides(words: tokens.Words, at: int) -> tuple[str, str] | None:
    """The columns on both sides of a sign by the last parts of their names; "" for another expression; None where one
    side is a constant."""
    left, right = _operand(words, at, -1), _operand(words, at, 1)
    return None if left is None or right is None else (left, right)


def _operand(words: tokens.Words, at: int, step: int) -> str | None:
    """The operand before (-1) or after (1) a sign."""

    def word(n: int) -> tuple[str, object]:
        return words[n] if 0 <= n < len(words) else ("", tokens.KEYWORD)

    at += step
    first, kind = word(at)
    name = tokens.name(first)
    if kind == tokens.IDENTIFIER:
        while word(at + step)[0] == "." and word(at + 2 * step)[1] == tokens.IDENTIFIER:
            at += 2 * step
            name = name if step < 0 else tokens.name(word(at)[0])
    beyond, its = word(at + step)
    alone = (
        its == tokens.KEYWORD or beyond in ("(", ",", ";") if step < 0 else its == tokens.KEYWORD or beyond in ")],;"
    )
    if alone and (kind in tokens.CONSTANTS or first == "?"):
        return None
    return name if alone and kind == tokens.IDENTIFIER else ""
