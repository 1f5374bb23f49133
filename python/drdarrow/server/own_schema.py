"""The name of a user in front of a point, where DuckDB has no schema of this name: it stands for `main` then.

Whoever logs in to Db2 works in a schema of his name. DuckDB has its tables in `main`. So `main` has the name of the
user for him: `APP.ORDERS` is `main.ORDERS` to a user `app`, and catalogs say so.
"""

from __future__ import annotations

from collections.abc import Sequence

from drdarrow.server.lexer import Word, lex, openings, text
from drdarrow.server.schemas import MAIN
from drdarrow.server.spelling import spelled

__all__ = ["is_name", "put"]

#: Schemas of products and of DuckDB's own; names of Db2's users begin with none of the letters below.
_OTHERS = {"", MAIN, "SESSION", "TEMP", "SYSTEM", "PG_CATALOG", "INFORMATION_SCHEMA", "QSYS", "QSYS2", "SQLJ"}
_LETTERS = ("SYS", "IBM")
#: The name of a table, a sequence, a routine or the like comes after these, unless they stand in one of the calls.
_BEFORE = set(
    "FROM JOIN INTO UPDATE TABLE VIEW SEQUENCE INDEX EXISTS REFERENCES CALL PROCEDURE FUNCTION FOR COLUMN ALIAS".split()
)
_CALLS = {"EXTRACT", "TRIM", "SUBSTRING", "OVERLAY", "POSITION", "STRIP"}
#: After these a sign for division stands within a name.
_BEFORE_A_SLASH = {"FROM", "JOIN", "INTO", "UPDATE"}


def is_name(user: str) -> bool:
    """A user in upper case has a schema of this name."""
    return user not in _OTHERS and not user.startswith(_LETTERS)


def put(sql: str, user: str) -> str:
    """The statement with MAIN in place of the user's name where that stands for a schema."""
    words = [*lex(sql), *[Word("end", "")] * 3]
    found = [at for at, word in enumerate(words) if word.kind in ("name", "quoted") and spelled(word) == user]
    if not found:
        return sql
    around = openings(words)
    # A table that is called so goes first where both could be meant.
    bare = any(_is_table(words, at) for at in found)
    for at in found:
        if _is_schema(words, at, around[at], bare):
            words[at].kind, words[at].text = "name", MAIN
    return text(words)


def _is_table(words: Sequence[Word], at: int) -> bool:
    """The name is that of a table: it stands alone, or at the end of a name in a place for tables."""
    if words[at + 1].text in (".", "/"):
        return False
    return at < 3 or words[at - 1].text not in (".", "/") or words[at - 3].upper in _BEFORE


def _is_schema(words: Sequence[Word], at: int, opening: int, bare: bool) -> bool:
    before = words[at - 1] if at else Word("end", "")
    if before.text == "." or words[at + 1].text not in (".", "/"):
        return False
    if words[at + 1].text == "/":
        return before.upper in _BEFORE_A_SLASH
    call = words[opening - 1].upper if opening > 0 else ""
    return words[at + 3].text == "." or before.upper in _BEFORE and call not in _CALLS or not bare
