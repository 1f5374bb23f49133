"""DEFAULT without a value, as Db2 has it in definitions of columns: that of the column's type. WITH in front of DEFAULT
means nothing."""

from __future__ import annotations

import re
from collections.abc import Sequence

from drdarrow.server.lexer import Word, closing, lex, openings, text

__all__ = ["with_values"]

_DEFINITION = re.compile(r"\s*(CREATE|ALTER|DECLARE)\b.*\bTABLE\b.*\bDEFAULT\b", re.IGNORECASE | re.DOTALL)
#: The first word of a type, and the value.
_VALUES = {
    **dict.fromkeys(
        "SMALLINT INTEGER INT BIGINT DECIMAL DEC NUMERIC NUM REAL FLOAT DOUBLE DECFLOAT".split(),
        "0",
    ),
    **dict.fromkeys("CHAR CHARACTER VARCHAR CLOB GRAPHIC VARGRAPHIC DBCLOB NCHAR NVARCHAR NCLOB LONG".split(), "''"),
    **dict.fromkeys("VARBINARY BLOB".split(), "X''"),
    "DATE": "CURRENT DATE",
    "TIME": "CURRENT TIME",
    "TIMESTAMP": "CURRENT TIMESTAMP",
    "BOOLEAN": "FALSE",
}
#: Words after DEFAULT that are no value.
_AFTER = {"", ",", ")", ";", *"NOT CONSTRAINT PRIMARY UNIQUE CHECK REFERENCES GENERATED FOR CCSID IMPLICITLY".split()}
#: DEFAULT after these has another meaning.
_BEFORE = {"BY", "DROP", "SET"}


def with_values(sql: str) -> str:
    """The statement with a value after each DEFAULT of a column; other statements as they are."""
    if not _DEFINITION.match(sql):
        return sql
    words, changed = lex(sql), False
    around = openings(words)
    for at, word in enumerate(words[:-1]):
        if word.upper != "DEFAULT" or at == 0 or words[at - 1].upper in _BEFORE:
            continue
        if words[at - 1].upper == "WITH":
            words[at - 1].text, changed = "", True
        after = words[at + 1]
        ends = after.upper in _AFTER and after.kind in ("name", "sign", "end")
        if ends and (value := _value(words, around, at)):
            word.text, changed = f"DEFAULT {value}", True
    return text(words) if changed else sql


def _value(words: Sequence[Word], around: Sequence[int], at: int) -> str:
    """The default of the column in whose definition a word stands; nothing where its type has none."""
    start = at
    while start > around[at] + 1 and not (words[start - 1].text == "," and around[start - 1] == around[at]):
        if words[start - 1].upper in ("ADD", "COLUMN") and around[start - 1] == around[at]:
            break
        start -= 1
    kind = words[start + 1].upper if start + 1 < at else ""
    size = "1"
    if words[start + 2].text == "(":
        size = words[start + 3].text
        after = closing(words, start + 2) + 1
    else:
        after = start + 2
    bits = words[after].upper == "FOR" and words[after + 1].upper == "BIT"
    if kind == "BINARY" and words[start + 2].upper != "VARYING":
        return f"X'{'00' * int(size)}'" if size.isdigit() else ""
    if bits:
        return f"X'{'20' * int(size)}'" if kind in ("CHAR", "CHARACTER") and size.isdigit() else "X''"
    return _VALUES.get(kind, "")
