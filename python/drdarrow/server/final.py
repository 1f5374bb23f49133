"""Rows of a change as a table: `SELECT ... FROM FINAL TABLE (INSERT ...)`.

DuckDB runs such a statement when it is only described, and has no rows as they were before an UPDATE. So the change is
a statement of its own, with its rows RETURNING, and the query is one over a table of these rows.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from drdarrow.server.engine import SqlError
from drdarrow.server.lexer import Word, closing, lex, text

__all__ = ["ROWS", "Change", "change"]

#: The table of the rows that were changed.
ROWS = "drdarrow_changed"
_FORM = re.compile(r"\b(final|new|old)\s+table\s*\(", re.IGNORECASE)
_CHANGES = {"FINAL": ("INSERT", "UPDATE"), "NEW": ("INSERT", "UPDATE"), "OLD": ("DELETE",)}


@dataclass
class Change:
    """A query over a change. inner: the change; outer: the query; target: the table that is changed; before, inside:
    parameter markers before the change, and in it."""

    inner: str
    outer: str
    target: str
    before: int
    inside: int

    def parted(self, parameters: Sequence[Any]) -> tuple[list[Any], list[Any]]:
        """The parameters of the change, and those of the query."""
        end = self.before + self.inside
        return list(parameters[self.before : end]), [*parameters[: self.before], *parameters[end:]]

    def joined(self, inner: Sequence[Any], outer: Sequence[Any]) -> list[Any]:
        """The parameters of the statement."""
        return [*outer[: self.before], *inner, *outer[self.before :]]


def change(sql: str) -> Change | None:
    """The parts of a query over a change; None for another statement. Raises SqlError -270 for a change whose rows are
    not to be had: those before an UPDATE, of a MERGE, of two changes in a statement."""
    if not _FORM.search(sql):
        return None
    words = lex(sql)
    found = [at for at in range(1, len(words) - 3) if _is_change(words, at)]
    if not found:
        return None
    at = found[0]
    end = closing(words, at + 2)
    kind = words[at + 3].upper
    if len(found) > 1 or kind not in _CHANGES[words[at].upper] or words[0].upper not in ("SELECT", "WITH"):
        raise SqlError(-270, "42997", f"{words[at].upper} TABLE ({kind})")
    inner = words[at + 3 : end]
    inner[0] = Word(inner[0].kind, inner[0].text)
    start = {"INSERT": 2, "DELETE": 2, "UPDATE": 1}[kind]
    stop = start + 1
    while stop < len(inner) and inner[stop].text == ".":
        stop += 2
    after = words[end + 1 :]
    if kind == "INSERT":
        # The rows come in this order.
        after = _without(after, ["ORDER", "BY", "INPUT", "SEQUENCE"])
    outer = [*words[:at], Word("name", ROWS, words[at].before), *after]
    return Change(
        f"{text(inner)} RETURNING *",
        text(outer),
        text(inner[start:stop]).strip(),
        _markers(words[:at]),
        _markers(inner),
    )


def _is_change(words: Sequence[Word], at: int) -> bool:
    called = words[at].upper in _CHANGES and words[at + 1].upper == "TABLE" and words[at + 2].text == "("
    return called and words[at - 1].upper in ("FROM", ",", "JOIN")


def _without(words: Sequence[Word], phrase: Sequence[str]) -> list[Word]:
    """Words without a phrase in them."""
    upper = [word.upper for word in words]
    for at in range(len(words) - len(phrase) + 1):
        if upper[at : at + len(phrase)] == phrase:
            return [*words[:at], *words[at + len(phrase) :]]
    return list(words)


def _markers(words: Sequence[Word]) -> int:
    return sum(word.kind == "sign" and word.text == "?" for word in words)
