"""The parser that counts its steps: sqlglot's tries some texts in exponentially many ways."""

from __future__ import annotations

from typing import Any

from sqlglot.errors import SqlglotError
from sqlglot.parsers.duckdb import DuckDBParser

from drdarrow.server.patience import look

__all__ = ["Counted"]

#: Steps for a token of the statement. Usual ones take three to ten.
_STEPS = 100


class _TooLong(Exception):
    """The parser took more steps than it may."""


class Counted(DuckDBParser):
    """Reads within bounds."""

    _left = 0

    def _advance(self, times: int = 1) -> None:
        self._left -= 1
        if self._left < 0:
            raise _TooLong
        look()
        super()._advance(times)

    def _warn_unsupported(self) -> None:
        """Says nothing: the statements of clients are no business of a log."""

    def read(self, sql: str) -> list[Any] | None:
        """The statements of a text; None when it cannot be read, or not within bounds."""
        try:
            tokens = self._words_of(sql)
            self._left = _STEPS * (100 + len(tokens))
            return list(self.parse(tokens, sql))
        except (SqlglotError, RecursionError, _TooLong):
            return None

    def _words_of(self, sql: str) -> list[Any]:
        """The words of a text."""
        return list(self.dialect.tokenize(sql))
