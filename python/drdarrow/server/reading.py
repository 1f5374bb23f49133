"""Statements as trees of sqlglot, read within bounds: its parser tries some texts in exponentially many ways."""

from __future__ import annotations

from typing import Any

from sqlglot import exp
from sqlglot.dialects.duckdb import DuckDB
from sqlglot.errors import SqlglotError
from sqlglot.parsers.duckdb import DuckDBParser

from drdarrow.server.patience import look

__all__ = ["text", "tree"]

#: Characters of a statement that is read; a longer one is described by DuckDB alone.
_LONGEST = 256 << 10
#: Steps of the parser for a token of the statement. Usual ones take three to ten.
_STEPS = 100


class _TooLong(Exception):
    """The parser took more steps than it may."""


class _Parser(DuckDBParser):
    """Counts its steps."""

    _left = 0

    def _advance(self, times: int = 1) -> None:
        self._left -= 1
        if self._left < 0:
            raise _TooLong
        look()
        super()._advance(times)

    def _warn_unsupported(self) -> None:
        """Says nothing: the statements of clients are no business of a log."""

    def read(self, sql: str) -> list[Any]:
        """The statements of a text."""
        tokens = self.dialect.tokenize(sql)
        self._left = _STEPS * (100 + len(tokens))
        return list(self.parse(tokens, sql))


def tree(sql: str) -> exp.Expr | None:
    """The statement for DuckDB as a tree; None when it cannot be read, or not within bounds."""
    if len(sql) > _LONGEST:
        return None
    try:
        found = _Parser(dialect=DuckDB()).read(sql)
    except (SqlglotError, RecursionError, _TooLong):
        return None
    return found[0] if found else None


def text(of: exp.Expr) -> str | None:
    """A tree as a statement for DuckDB; None for one that is too deep."""
    try:
        return of.sql(dialect="duckdb")
    except RecursionError:
        return None
