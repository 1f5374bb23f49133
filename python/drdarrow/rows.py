"""Rows in other forms than tuples: `connection.row_factory = dict_row`, or `connection.cursor(row_factory=dict_row)`.

A row factory is called with the cursor, once for each result, and returns what makes a row of a tuple.
"""

from __future__ import annotations

import collections
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Protocol

from drdarrow import _core
from drdarrow.exceptions import ProgrammingError

__all__ = ["dict_row", "namedtuple_row"]


class Described(Protocol):
    """A cursor, of either kind."""

    @property
    def description(self) -> tuple[tuple[Any, ...], ...] | None: ...


def dict_row(cursor: Described, /) -> Callable[[tuple[Any, ...]], dict[str, Any]]:
    """Rows are dicts, by the names of the columns.

    Raises ProgrammingError where two columns have one name.
    """
    return _core.DictMaker(list(_names(cursor)))


def namedtuple_row(cursor: Described, /) -> Callable[[tuple[Any, ...]], Any]:
    """Rows are named tuples of a class `Row`. A column whose name no attribute can have (`2`, `A B`, `class`, `_X`) is
    called by its number, `_0` for the first one.

    Raises ProgrammingError where two columns have one name.
    """
    return _named(_names(cursor))


def _class(names: tuple[str, ...]) -> Callable[[tuple[Any, ...]], Any]:
    make: Any = collections.namedtuple
    maker: Callable[[tuple[Any, ...]], Any] = make("Row", names, rename=True)._make
    return maker


_named: Callable[[tuple[str, ...]], Callable[[tuple[Any, ...]], Any]] = lru_cache(maxsize=128)(_class)


def _names(cursor: Described) -> tuple[str, ...]:
    names = tuple(column[0] for column in cursor.description or ())
    if len(set(names)) < len(names):
        twice = sorted({name for name in names if names.count(name) > 1})
        raise ProgrammingError(
            f"several columns are called {', '.join(twice)}: name them by AS, or fetch tuples", sqlstate="42711"
        )
    return names
