"""Queries that can be read in parts: a single SELECT from one table, whose condition gets longer; others as a table of
their own, where that does not change their rows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile

from drdarrow.tables import tokens as tokens_of

__all__ = ["Simple", "changed", "closed", "nested", "simple"]

#: Words after a table, or in a condition, with which a SELECT is no longer simple.
_MORE = frozenset(
    "CONNECT CROSS EXCEPT FETCH FOR FULL GROUP HAVING INNER INTERSECT JOIN LEFT LIMIT LATERAL MINUS NATURAL OFFSET "
    "OPTIMIZE ORDER QUALIFY QUERYNO RIGHT SKIP START TABLESAMPLE UNION USE USING WINDOW WITH".split()
)
#: Words that make a query give other rows each time, or rows that belong together; with the word after, if it matters.
_CHANGED = {
    "FETCH": (None, "FETCH FIRST takes rows of the whole, and each part would take its own"),
    "LIMIT": (None, "LIMIT takes rows of the whole, and each part would take its own"),
    "OFFSET": (None, "OFFSET leaves out rows of the whole, and each part would leave out its own"),
    "RAND": ("(", "RAND() gives other values to each part"),
    "RANDOM": ("(", "RANDOM() gives other values to each part"),
    "GENERATE_UNIQUE": ("(", "GENERATE_UNIQUE() gives other values to each part"),
    "TABLESAMPLE": (None, "TABLESAMPLE takes other rows for each part"),
    "USING": ("SAMPLE", "USING SAMPLE takes other rows for each part"),
    "ROWNUM": (None, "ROWNUM counts rows of the whole, and each part would count its own"),
    "NEXT": ("VALUE", "NEXT VALUE would count on for each part"),
    "NEXTVAL": (None, "NEXTVAL would count on for each part"),
    "FINAL": ("TABLE", "FINAL TABLE would change the table once for each part"),
    "NEW": ("TABLE", "NEW TABLE would change the table once for each part"),
    "OLD": ("TABLE", "OLD TABLE would change the table once for each part"),
}
#: The same at the end of a query, outside of parentheses.
_LAST = {
    "ORDER": "its order would be lost: order what was read instead",
    "WITH": "WITH stands first or last in it: the isolation is a setting of the connection, and a common table "
    "expression can be written as a table in parentheses",
    "FOR": "it ends in FOR",
    "OPTIMIZE": "it ends in OPTIMIZE",
    "QUERYNO": "it ends in QUERYNO",
    "USE": "it ends in USE",
    "SKIP": "rows that are locked would be left out",
}
_NUMBERING = ("ROW_NUMBER", "ROWNUMBER")
_NAME = re.compile(r'"|[^\W\d]')


@dataclass(frozen=True)
class Token:
    """A word or sign, where it begins and ends, and how many parentheses are open around it."""

    text: str
    start: int
    end: int
    depth: int

    @property
    def word(self) -> str:
        """In upper case; nothing for names in quotes, strings and signs."""
        return self.text.upper() if self.text[0].isalpha() else ""

    @property
    def is_name(self) -> bool:
        return _NAME.match(self.text) is not None


def _tokens(query: str) -> Iterator[Token]:
    depth = 0
    for found in tokens_of(query):
        text = found[0]
        depth -= text == ")"
        yield Token(text, found.start(), found.end(), depth)
        depth += text == "("


def closed(condition: str) -> bool:
    """The text may stand in parentheses: those of its own match, and it is not more than a condition."""
    tokens = list(_tokens(condition))
    depth = sum((token.text == "(") - (token.text == ")") for token in tokens)
    return depth == 0 and not any(token.text == ";" or token.depth < 0 for token in tokens)


def nested(condition: str) -> bool:
    """The condition asks for rows of other tables, or of the same one once more."""
    return any(token.word == "SELECT" for token in _tokens(condition))


def changed(query: str) -> str | None:
    """The reason why a query cannot be read in parts; None where it can, as a table in parentheses."""
    tokens = list(_tokens(query))
    if any(token.text == ";" or token.depth < 0 for token in tokens):
        return "it is more than one statement"
    for at, (token, after) in enumerate(zip(tokens, [*tokens, None][1:], strict=True)):
        follows, reason = _CHANGED.get(token.word, (None, ""))
        if reason and (follows is None or (after is not None and after.text.upper() == follows)):
            return reason
        period = token.word == "FOR" and after is not None and after.word in ("SYSTEM_TIME", "BUSINESS_TIME")
        if token.depth == 0 and token.word in _LAST and not period and not _of_row(tokens, at):
            return _LAST[token.word]
    if any(_unordered(tokens[at:]) for at, token in enumerate(tokens) if token.word in _NUMBERING):
        return "ROW_NUMBER() without an order numbers the rows in another way for each part"
    return None


def _of_row(tokens: list[Token], at: int) -> bool:
    """The FOR of `ROW CHANGE TIMESTAMP FOR table`."""
    words = [token.word for token in tokens[max(at - 3, 0) : at + 1]]
    return words[:2] == ["ROW", "CHANGE"] and words[2:] in (["TIMESTAMP", "FOR"], ["TOKEN", "FOR"])


def _unordered(tokens: list[Token]) -> bool:
    """Numbers of rows, with which the tokens begin, follow no order."""
    if [token.text.upper() for token in tokens[1:5]] != ["(", ")", "OVER", "("]:
        return False
    window = takewhile(lambda token: token.depth > tokens[0].depth, tokens[5:])
    return all(token.word != "ORDER" for token in window)


@dataclass(frozen=True)
class Simple:
    """`SELECT listed FROM table AS name WHERE condition`, as the query has them."""

    listed: str
    table: str
    name: str | None
    condition: str | None


def simple(query: str) -> Simple | None:
    """The parts of a SELECT of plain columns from one table; None where it is more than that. Functions may be
    aggregates, whose rows would be others for each part."""
    tokens = list(_tokens(query))
    words = [token.word if token.depth == 0 else "" for token in tokens]
    if not words or words[0] != "SELECT" or "FROM" not in words or words[1] in ("DISTINCT", "ALL"):
        return None
    at = words.index("FROM")
    listed = tokens[1:at]
    if not listed or not all(token.is_name or token.text in (".", ",", "*") for token in listed):
        return None
    at += 1
    first = at
    while at < len(tokens) and tokens[at].is_name and words[at] not in _MORE:
        at += 1
        if at >= len(tokens) or tokens[at].text not in (".", "/"):
            break
        at += 1
    if at == first or words[first] in ("TABLE", "UNNEST", "XMLTABLE", "JSON_TABLE"):
        return None
    table, name = query[tokens[first].start : tokens[at - 1].end], None
    at += words[at : at + 1] == ["AS"]
    if at < len(tokens) and tokens[at].is_name and words[at] != "WHERE" and words[at] not in _MORE:
        name = tokens[at].text
        at += 1
    of_rows = [n for n in range(at, len(tokens)) if _of_row(tokens, n)]
    if name is None and (of_rows or _qualified(listed) or _qualified(tokens[at:])):
        # The table gets a name, by which alone its columns are known then.
        return None
    text = query[tokens[0].end : tokens[first - 1].start].strip()
    if at == len(tokens):
        return Simple(text, table, name, None)
    if (
        words[at] != "WHERE"
        or at + 1 == len(tokens)
        or _MORE.intersection(word for n, word in enumerate(words[at:], at) if n not in of_rows)
    ):
        return None
    return Simple(text, table, name, query[tokens[at].end :].strip())


def _qualified(tokens: list[Token]) -> bool:
    """A column is named with schema and table."""
    return any(one.text == "." == two.text for one, two in zip(tokens, tokens[2:], strict=False))
