"""Statements cut into words by DuckDB's own lexer: nothing can hide from it that DuckDB would run."""

from __future__ import annotations

from functools import lru_cache

import duckdb

__all__ = ["CONSTANTS", "IDENTIFIER", "KEYWORD", "STRING", "Words", "name", "words"]

KEYWORD = duckdb.token_type.keyword
IDENTIFIER = duckdb.token_type.identifier
STRING = duckdb.token_type.string_const
CONSTANTS = (duckdb.token_type.numeric_const, STRING)
#: Words with their kinds.
Words = tuple[tuple[str, object], ...]


def _cut(sql: str) -> Words:
    """The words with their kinds, without comments."""
    data = sql.encode()
    tokens = duckdb.tokenize(sql)
    # Of no tokens there is an end too.
    ends = [*(start for start, _ in tokens[1:]), len(data)]
    return tuple(
        (data[start:end].decode(errors="replace").strip(), kind)
        for (start, kind), end in zip(tokens, ends, strict=False)
        if kind != duckdb.token_type.comment
    )


#: A statement is looked through by several, one after the other.
words = lru_cache(maxsize=1)(_cut)


def name(word: str) -> str:
    """A word as the name of a function, in small letters; quotes do not make another one of it."""
    return word[1:-1].replace('""', '"').lower() if word.startswith('"') else word.lower()
