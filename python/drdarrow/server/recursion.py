"""Which queries repeat a part of themselves, by a recursive common table expression of their own or of a view or macro.

DuckDB must not close the result of such a query before its end, nor break off one that is at work: a thread drops the
piece of the repetition that it has in hand, the others wait for that piece for ever, and no interrupt reaches them.
(Measured: DuckDB 2.0.1, about one of ten.) One that waits with rows that nobody takes ends by an interrupt.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from drdarrow.server.cursors import Cursor

__all__ = ["is_named", "repeats"]

_WORD = "recursive"
#: The beginning of the names of their operators in a plan.
_OPERATORS = '"REC_'


def is_named(sql: str) -> bool:
    """The statement has a recursive expression, or something that looks like one."""
    return _WORD in sql.lower()


def repeats(sql: str, values: Sequence[Any], cursor: Cursor) -> bool:
    """The query does so, as far as another cursor than its own sees what it names."""
    if is_named(sql):
        return True
    try:
        plan = cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}", list(values) or None).fetchall()
    except Exception:
        return False
    return any(_OPERATORS in text for _, text in plan)
