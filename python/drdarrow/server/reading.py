"""Statements for DuckDB as trees of sqlglot, and back."""

from __future__ import annotations

from sqlglot import exp
from sqlglot.dialects.duckdb import DuckDB

from drdarrow.server.counted import Counted

__all__ = ["text", "tree"]

#: Characters of a statement that is read; a longer one is described by DuckDB alone.
_LONGEST = 256 << 10


def tree(sql: str) -> exp.Expr | None:
    """The statement for DuckDB as a tree; None when it cannot be read, or not within bounds."""
    found = Counted(dialect=DuckDB()).read(sql) if len(sql) <= _LONGEST else None
    return found[0] if found else None


def text(of: exp.Expr) -> str | None:
    """A tree as a statement for DuckDB; None for one that is too deep."""
    try:
        return of.sql(dialect="duckdb")
    except RecursionError:
        return None
