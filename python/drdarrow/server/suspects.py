"""A statement's words, looked through for those by which types and rows may grow: see `sizes`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import duckdb

from drdarrow.server import tokens
from drdarrow.server.patience import look

__all__ = ["MADE", "Words"]

#: The name that functions get which put values together.
MADE = "drdarrow_made"
#: Functions of DuckDB that take several values, or one of several, into one.
_COMBINING = """
SELECT DISTINCT lower(function_name) FROM duckdb_functions() WHERE internal AND function_type IN ('scalar', 'aggregate')
AND (return_type IN ('ANY', 'STRUCT', 'TUPLE', 'UNION', 'VARIANT', 'STRUCT[]') OR return_type LIKE 'MAP%')
AND (len(parameter_types) > 1 OR varargs IS NOT NULL OR return_type LIKE 'MAP%')
"""
#: Those among them whose value is of the type that one of theirs has, or smaller.
_SAME = {
    "aggregate", "array_aggr", "array_aggregate", "array_extract", "array_slice", "concat", "constant_or_null",
    "date_part", "datepart", "greatest", "least", "list_aggr", "list_aggregate", "list_slice", "quantile",
    "quantile_disc", "struct_extract", "struct_extract_at", "union_extract", "||",
}  # fmt: skip
#: Another query follows these.
_SETS = {"UNION", "EXCEPT", "INTERSECT"}
#: Words that are no names.
_RESERVED = "SELECT upper(keyword_name) FROM duckdb_keywords() WHERE keyword_category = 'reserved'"
#: A list of tables begins after these, and ends before those.
_TABLES = {"FROM", "JOIN", "UPDATE", "INTO", "USING"}
_VALUES = {
    *"SELECT WHERE GROUP HAVING ORDER LIMIT OFFSET QUALIFY WINDOW VALUES SET ON UNION EXCEPT INTERSECT WHEN".split(),
    *"RETURNING WITH".split(),
}
_JOINS = set("JOIN LEFT RIGHT FULL INNER OUTER CROSS NATURAL SEMI ANTI ASOF POSITIONAL".split())
_NESTED = {"STRUCT", "MAP", "UNION", "ROW", "TUPLE"}
#: A query begins with one of these.
_STARTS = {"SELECT", "WITH", "FROM", "VALUES", "INSERT", "UPDATE", "DELETE", "MERGE", "CREATE"}
#: Brackets after these hold no value.
_LISTS = {"VALUES", "INTO", "USING", "KEY", "UNIQUE", "TABLE", "VIEW", "OVER", "BY", "AS", "IN"}


@dataclass
class _Level:
    """The inside of a bracket. tables: they are named in it now; query: by FROM or JOIN; selected: SELECT came before
    FROM; row: one of VALUES; value: a value, not a list of columns or arguments; commas, names: it has some."""

    tables: bool = False
    query: bool = False
    selected: bool = False
    row: bool = False
    value: bool = False
    commas: bool = False
    names: bool = False


class Words:
    """The words of a statement as DuckDB's own lexer cuts them."""

    def __init__(self, sql: str) -> None:
        self._words = tokens.words(sql)
        self.may_grow = self._may_grow()
        #: Types may be made of types.
        self.nests = "TYPE" in (self._text(1).upper(), self._text(3).upper()) or any(
            word.upper() in _NESTED and self._text(at + 1) == "(" and self._text(at + 2).upper() not in _STARTS
            for at, (word, _) in enumerate(self._words)
        )

    @property
    def plain(self) -> str:
        """The statement without EXPLAIN, comments and texts, for another reader; functions that put values together
        have one name."""
        combining, start = _asked(_COMBINING) - _SAME, tokens.start(self._words)
        out = []
        for at, (word, kind) in enumerate(self._words[start:], start):
            if kind == tokens.STRING:
                word = "'s'"
            elif self._text(at + 1) == "(" and tokens.name(word) in combining:
                word = MADE
            out.append(word)
        return " ".join(out)

    @property
    def growth(self) -> int:
        """How many times as large it may become, without looking closer."""
        product, names = 1, 1
        for word, kind in self._words:
            if word.upper() in ("SELECT", "FROM"):
                product, names = product * names, 1
            elif kind == tokens.IDENTIFIER or word == "*":
                names += 1
        return product * names if product > 1 else 1

    @property
    def names(self) -> list[str]:
        """The words that may be names, in small letters."""
        return [tokens.name(word) for word, kind in self._words if kind in (tokens.IDENTIFIER, tokens.KEYWORD)]

    def _text(self, at: int) -> str:
        return self._words[at][0] if 0 <= at < len(self._words) else ""

    def _compares(self, at: int) -> bool:
        """A FROM is that of IS DISTINCT FROM."""
        distinct = at > 0 and self._words[at - 1][1] == tokens.KEYWORD and self._text(at - 1).upper() == "DISTINCT"
        return distinct and self._text(at - 2).upper() in ("IS", "NOT")

    def _may_grow(self) -> bool:
        """Something is put together of several values, there are several stars, or a table's name stands for a row."""
        combining, reserved = _asked(_COMBINING) - _SAME, _asked(_RESERVED)
        defining = self._text(tokens.start(self._words)).upper() == "CREATE"
        stars = 0
        levels = [_Level()]
        #: Where a row of VALUES begins.
        row_at = -1
        tables: set[str] = set()
        values: set[str] = set()
        for at, (word, kind) in enumerate(self._words):
            # Of commas, markers and constants a statement may have very many.
            if word == ",":
                levels[-1].commas = True
            if word in (",", "?") or kind in tokens.CONSTANTS:
                # A table may be named by a text.
                if kind == tokens.STRING and levels[-1].tables:
                    return True
                continue
            look()
            upper, after = word.upper(), self._text(at + 1)
            if word == "{" or word == "*" and defining:
                return True
            if word == "(":
                before, its = self._words[at - 1] if at else ("", None)
                listed = its == tokens.IDENTIFIER or before.upper() in _LISTS
                around = levels[-1].tables and (before in (",", "(") or before.upper() in _TABLES)
                row = row_at == at
                levels.append(_Level(around, levels[-1].query, row=row, value=not listed and not row))
            elif word == ")" and len(levels) > 1:
                closed = levels.pop()
                if closed.value and closed.commas and closed.names:
                    return True
                row_at = at + 2 if closed.row and after == "," else -1
            elif word == "*" and self._text(at - 1).upper() in ("SELECT", ",", ".", "DISTINCT", "ALL"):
                stars += 1
            elif after == "(" and (tokens.name(word) in combining or upper == "COLUMNS"):
                return True
            elif kind == tokens.KEYWORD and upper in _TABLES:
                if upper == "FROM" and self._compares(at):
                    continue
                level = levels[-1]
                level.tables = upper != "USING" or after != "(" or self._text(at + 2).upper() in _STARTS
                level.query = upper in ("FROM", "JOIN") or level.query and upper == "USING"
                if upper == "FROM" and not level.selected and self._text(at - 1).upper() != "DELETE":
                    # All columns, without a word.
                    if defining:
                        return True
                    stars += 1
            elif kind == tokens.KEYWORD and upper in _VALUES:
                levels[-1].selected = upper == "SELECT" or upper not in _SETS and levels[-1].selected
                # In a list of tables SET and VALUES may be names.
                if upper not in ("SET", "VALUES") or not levels[-1].query:
                    levels[-1].tables = False
                row_at = at + 1 if upper == "VALUES" else -1
            elif kind in (tokens.IDENTIFIER, tokens.KEYWORD) and upper not in reserved:
                levels[-1].names = True
                # A column may be called as a kind of join is.
                if after not in (".", "(") and not (upper in _JOINS and after.upper() in _JOINS):
                    (tables if levels[-1].tables else values).add(tokens.name(word))
        return stars > 1 or not tables.isdisjoint(values)


def _ask(sql: str) -> frozenset[str]:
    """Asks the DuckDB in use."""
    with duckdb.connect(":memory:") as connection:
        return frozenset(name for (name,) in connection.execute(sql).fetchall())


#: Once, for the first statement.
_asked = cache(_ask)
