"""Statements cut into words by DuckDB's own lexer: nothing can hide from it that DuckDB would run."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import duckdb

__all__ = ["CONSTANTS", "IDENTIFIER", "KEYWORD", "STRING", "Words", "name", "start", "words"]

KEYWORD = duckdb.token_type.keyword
IDENTIFIER = duckdb.token_type.identifier
STRING = duckdb.token_type.string_const
CONSTANTS = (duckdb.token_type.numeric_const, STRING)
#: The first words of a statement that is explained.
_STARTS = {"SELECT", "WITH", "FROM", "VALUES", "INSERT", "UPDATE", "DELETE", "MERGE", "CREATE"}
#: Words with their kinds.
Words = tuple[tuple[str, object], ...]


def _cut(sql: str) -> Words:
    """The words with their kinds, without comments."""
    data = sql.encode()
    tokens = duckdb.tokenize(sql)
    # Of no tokens there is an end too.
    ends = [*(start for start, _ in tokens[1:]), len(data)]
    return _named(
        [
            (data[start:end].decode(errors="replace").strip(), kind)
            for (start, kind), end in zip(tokens, ends, strict=False)
            if kind != duckdb.token_type.comment
        ]
    )


def _named(found: list[tuple[str, object]]) -> Words:
    """Reserved words that are names: any word is one after a dot, and most are after AS."""
    first = start(found)
    # A query may follow the AS of what is created.
    creating = bool(found) and found[first][0].upper() == "CREATE"
    depth = 0
    for at, (word, kind) in enumerate(found):
        if word in ("(", ")"):
            depth += 1 if word == "(" else -1
        elif kind == KEYWORD and at and found[at - 1][0] == ".":
            found[at] = (word, IDENTIFIER)
        elif kind == KEYWORD and at and found[at - 1][1] == KEYWORD and found[at - 1][0].upper() == "AS":
            after = found[at + 1][0].upper() if at + 1 < len(found) else ""
            if creating and depth == 0:
                creating = False
            elif after != "(" and not (word.upper() == "NOT" and after == "MATERIALIZED"):
                found[at] = (word, IDENTIFIER)
    return tuple(found)


def start(found: Sequence[tuple[str, object]]) -> int:
    """Where a statement begins, after EXPLAIN and how that is done."""
    if not found or found[0][0].upper() != "EXPLAIN":
        return 0
    return next((at for at, (word, _) in enumerate(found) if word.upper() in _STARTS), 0)


#: A statement is looked through by several, one after the other.
words = lru_cache(maxsize=1)(_cut)


def name(word: str) -> str:
    """A word as the name of a function, in small letters; quotes do not make another one of it."""
    return word[1:-1].replace('""', '"').lower() if word.startswith('"') else word.lower()
