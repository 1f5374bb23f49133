"""A table or a query, as helpers for other libraries take it: by one text."""

from __future__ import annotations

import re

from drdarrow._core import quoted_table

__all__ = ["TOKENS", "is_query", "nests", "statement"]

#: Blanks and comments come before.
_QUERY = re.compile(
    r"(?:\s|--[^\n]*\n|/\*(?:(?!\*/).)*\*/)*(?:SELECT|WITH|VALUES|\()(?![\w#@$.])", re.IGNORECASE | re.DOTALL
)
#: Strings, names in quotes, comments, words, and single signs.
TOKENS = re.compile(r"""'[^']*'|"[^"]*"|--[^\n]*|/\*.*?\*/|[^\W\d][\w#@$]*|[0-9][\w.]*|\S""", re.DOTALL)
#: Words that end a query: it is no table then, or loses something.
_LAST = frozenset({"ORDER", "FETCH", "LIMIT", "OFFSET", "WITH", "FOR", "OPTIMIZE", "QUERYNO", "USE", "SKIP"})


def is_query(text: str) -> bool:
    """Whether it is a query, and not the name of a table: a query begins with SELECT, WITH, VALUES or a parenthesis."""
    return _QUERY.match(text) is not None


def statement(text: str) -> str:
    """The query of a text that is one, or that of all rows of a table.

    Raises:
        ProgrammingError: it is neither.
    """
    return text if is_query(text) else f"SELECT * FROM {quoted_table(text)}"


def nests(query: str) -> bool:
    """The query may stand in parentheses without a change: no order of its rows gets lost, and nothing ends it."""
    depth, words = 0, []
    for token in TOKENS.findall(query):
        depth += (token == "(") - (token == ")")
        if depth < 0 or token == ";":
            return False
        if depth == 0 and token[0].isalpha():
            words.append(token.upper())
    return depth == 0 and words[:1] != ["WITH"] and not _LAST.intersection(words)
