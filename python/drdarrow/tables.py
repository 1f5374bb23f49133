"""A table or a query, as helpers for other libraries take it: by one text."""

from __future__ import annotations

import re
from collections.abc import Iterator

from drdarrow._core import quoted_table

__all__ = ["is_query", "nests", "statement", "tokens"]

_QUERIES = frozenset({"SELECT", "WITH", "VALUES"})
#: Strings and names in quotes, which double one inside, comments to the end of the line, the beginning of others,
#: words, and single signs.
_TOKENS = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|/\*|[^\W\d][\w#@$]*|[0-9][\w.]*|\S""")
#: Words that end a query: it is no table then, or loses something.
_LAST = frozenset({"ORDER", "FETCH", "LIMIT", "OFFSET", "WITH", "FOR", "OPTIMIZE", "QUERYNO", "USE", "SKIP"})


def is_query(text: str) -> bool:
    """Whether it is a query, and not the name of a table: a query begins with SELECT, WITH, VALUES or a parenthesis."""
    first = next(tokens(text), None)
    if first is None or first[0] == "(":
        return first is not None
    return first[0].upper() in _QUERIES and not text.startswith(".", first.end())


def statement(text: str) -> str:
    """The query of a text that is one, or that of all rows of a table.

    Raises:
        ProgrammingError: it is neither.
    """
    return text if is_query(text) else f"SELECT * FROM {quoted_table(text)}"


def nests(query: str) -> bool:
    """The query may stand in parentheses without a change: no order of its rows gets lost, and nothing ends it."""
    depth, words = 0, []
    for token in (found[0] for found in tokens(query)):
        depth += (token == "(") - (token == ")")
        if depth < 0 or token == ";":
            return False
        if depth == 0 and token[0].isalpha():
            words.append(token.upper())
    return depth == 0 and words[:1] != ["WITH"] and not _LAST.intersection(words)


def tokens(text: str) -> Iterator[re.Match[str]]:
    """Strings, names in quotes, words and signs, without comments. Those in brackets nest, as Db2's and Derby's do."""
    found = _TOKENS.search(text)
    while found is not None:
        end = found.end()
        if found[0] == "/*":
            end = _end_of_comment(text, end)
        elif not found[0].startswith("--"):
            yield found
        found = _TOKENS.search(text, end)


def _end_of_comment(text: str, at: int) -> int:
    """The place after a comment whose text begins at `at`; one without an end reaches to that of the text."""
    depth = 1
    for sign in re.finditer(r"/\*|\*/", text[at:]):
        depth += 1 if sign[0] == "/*" else -1
        if depth == 0:
            return at + sign.end()
    return len(text)
