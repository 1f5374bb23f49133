"""Columns that a statement makes itself: those of derived tables, of common table expressions, and of its own result in
ORDER BY. They go before the variables of a procedure.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from drdarrow.server.lexer import Word, closing, openings, split

__all__ = ["Derived", "plain"]

_NAMES = ("name", "quoted")
_CASTS = {"CAST", "TRY_CAST", "XMLCAST"}


def plain(word: Word) -> str:
    """A name as it compares."""
    return word.text[1:-1].replace('""', '"').upper() if word.kind == "quoted" else word.upper


class Derived:
    """Those of one statement."""

    def __init__(self, words: Sequence[Word]) -> None:
        self._words = words
        #: Names of columns of tables within the statement, and of its result.
        self._inner: set[str] = set()
        self._outer: set[str] = set()
        self._listed: set[int] = set()
        self._order = len(words)
        if any(word.upper == "AS" for word in words):
            for at, word in enumerate(words):
                self._look(at, word)

    @cached_property
    def _around(self) -> list[int]:
        return openings(self._words)

    @cached_property
    def _qualifiers(self) -> set[str]:
        return {plain(word) for at, word in enumerate(self._words) if self._is_table(at, word)}

    def _look(self, at: int, word: Word) -> None:
        around = self._around[at]
        before = self._words[at - 1].upper if at else ""
        if word.upper == "ORDER" and around < 0:
            self._order = min(self._order, at)
        if word.kind in _NAMES and before == "AS":
            if around < 0:
                self._outer.add(plain(word))
            elif self._words[around - 1].upper not in _CASTS or around == 0:
                self._inner.add(plain(word))
        if word.text == "(" and at and self._words[at - 1].kind in _NAMES:
            self._list(at)

    def _list(self, at: int) -> None:
        """The names in `X(A, B) AS (`, and in `AS X(A, B)`."""
        end = closing(self._words, at)
        made = [word.upper if word.kind == "name" else word.text for word in self._words[end + 1 : end + 3]] == [
            "AS",
            "(",
        ]
        around = self._around[at]
        cast = around > 0 and self._words[around - 1].upper in _CASTS
        named = at > 1 and self._words[at - 2].upper == "AS" and not cast
        parts = split(self._words[at + 1 : end])
        if (made or named) and all(len(part) == 1 and part[0].kind in _NAMES for part in parts):
            self._inner.update(plain(part[0]) for part in parts)
            self._listed.update(range(at + 1, end))

    def _is_table(self, at: int, word: Word) -> bool:
        """The name stands for a table here."""
        after = self._words[at + 1].text if at + 1 < len(self._words) else ""
        return word.kind in _NAMES and after not in (".", "(")

    def is_column(self, at: int) -> bool:
        """The name there is that of such a column."""
        name = plain(self._words[at])
        return at in self._listed or name in self._inner or name in self._outer and at > self._order

    def is_table(self, name: str) -> bool:
        """True when a table of the statement stands in front of a point, not a procedure or a block."""
        return name in self._qualifiers
