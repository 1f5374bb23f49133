"""The views that a statement names, with those that they name in turn.

A view that names another one twice stands for twice as many tables, and twenty of them, each over the one before, for a
million. DuckDB plans every one of these, for minutes and with all memory, and no interrupt ends that. A common table
expression that is NOT MATERIALIZED is a view in this. So the names are counted, from above: every word of a list of
tables.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from drdarrow.server import tokens
from drdarrow.server.engine import SqlError

__all__ = ["References"]

#: Tables that a statement may stand for by its views; more only where a view of the owner has them already.
_MOST = 1024
_STANDING = "SELECT sql FROM duckdb_views() WHERE NOT internal ORDER BY view_oid"
_NAMES = (tokens.IDENTIFIER, tokens.KEYWORD, tokens.STRING)
#: Names of tables come after these.
_TABLES = {"FROM", "JOIN", "UPDATE", "INTO", "USING", "TABLE", "PIVOT", "UNPIVOT", "DESCRIBE", "SHOW", "SUMMARIZE"}
#: After these, which are no names unless they are quoted, no table does.
_VALUES = set("SELECT WHERE GROUP HAVING ORDER LIMIT OFFSET QUALIFY WINDOW RETURNING UNION EXCEPT INTERSECT".split())


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
    """The views of one engine, each with the number of tables that it stands for.

    A view that is gone keeps its number: a name never stands for more than is known of it.
    """

    def __init__(self, source: Any) -> None:
        self._views: dict[str, int] = {}
        self._most = _MOST
        cursor = source.cursor()
        try:
            for (sql,) in cursor.execute(_STANDING).fetchall():
                self.learn(sql)
        finally:
            cursor.close()
        self._most = max([_MOST, *self._views.values()])

    def check(self, sql: str) -> None:
        """Refuses a statement that stands for too many tables.

        Raises SqlError -101.
        """
        if self._may_expand(sql) and self._count(tokens.words(sql)) > self._most:
            raise SqlError(-101, "54001", f"views stand for more than {self._most} tables")

    def learn(self, sql: str) -> None:
        """A statement that makes or changes something has run."""
        words = tokens.words(sql)
        upper = [word.upper() for word, _ in words]
        if not words or "VIEW" not in upper or upper[0] not in ("CREATE", "ALTER"):
            return
        # The new name of a view that exists comes last.
        name = _made(words) if upper[0] == "CREATE" else [_name(*word) for word in words if word[1] in _NAMES][-1]
        self._views[name] = max(self._views.get(name, 0), 1 + self._count(words))

    def _may_expand(self, sql: str) -> bool:
        return bool(self._views) or "materialized" in sql.lower()

    def _count(self, words: tokens.Words) -> int:
        """The tables that all names of a statement stand for."""
        total = 0
        inlined: dict[str, int] = {}
        brackets = [_Bracket()]
        for at, (word, kind) in enumerate(words):
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
                name = _name(word, kind)
                total += max(self._views.get(name, 0), inlined.get(name, 0))
                if kind == tokens.STRING and not word.startswith("'"):
                    # With escapes it may be any name.
                    total += max([0, *self._views.values(), *inlined.values()])
        return total


def _name(word: str, kind: object) -> str:
    """A word as a name; a table may be named by a text."""
    return tokens.name(word) if kind != tokens.STRING else word[1:-1].replace("''", "'").lower()


def _made(words: tokens.Words) -> str:
    """The name of the view that a statement makes."""
    found = ""
    view = next(at for at, (word, _) in enumerate(words) if word.upper() == "VIEW")
    for word, kind in words[view + 1 :]:
        if word == "(" or word.upper() in ("AS", "WITH"):
            break
        if kind in _NAMES:
            found = _name(word, kind)
    return found


def _inlined(words: tokens.Words, at: int) -> str | None:
    """The name of the common table expression in a bracket, if it is NOT MATERIALIZED."""
    if [word.upper() for word, _ in words[max(0, at - 3) : at]] != ["AS", "NOT", "MATERIALIZED"]:
        return None
    before = at - 4
    if before >= 0 and words[before][0] == ")":
        # Names of columns stand between.
        while before >= 0 and words[before][0] != "(":
            before -= 1
        before -= 1
    return _name(*words[before]) if before >= 0 else None
