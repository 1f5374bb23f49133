"""Declared temporary tables: `DECLARE GLOBAL TEMPORARY TABLE SESSION.T` in DuckDB's words.

DuckDB only keeps the rows at the end of a transaction. Unless the table is ON COMMIT PRESERVE ROWS, the session deletes
them then.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from drdarrow.server.cursors import Cursor
from drdarrow.server.engine import SqlError
from drdarrow.server.lexer import Word, closing

__all__ = ["declaration", "empty", "in_session"]

_LEFT_OUT = {
    "NOT",
    "LOGGED",
    "ON",
    "ROLLBACK",
    "COMMIT",
    "DELETE",
    "PRESERVE",
    "ROWS",
    "WITH",
    "REPLACE",
    "IN",
    "CCSID",
}
_LEFT_OUT |= {"EXCLUDING", "INCLUDING", "IDENTITY", "COLUMN", "ATTRIBUTES", "DEFAULTS", "DEFINITION", "ONLY", "UNICODE"}
_LEFT_OUT |= {"EBCDIC", "ASCII", "DEFAULT", "USING", "TYPE", "DATA", "NO"}


def declaration(words: Sequence[Word]) -> tuple[list[Word], str] | None:
    """The statement that makes the table, and the table if its rows go at the end of a transaction; None for another
    statement. Raises SqlError -104 for a clause that is not known."""
    if [word.upper for word in words[:4]] != ["DECLARE", "GLOBAL", "TEMPORARY", "TABLE"]:
        return None
    at = 4
    if words[at].upper == "SESSION" and words[at + 1].text == ".":
        at += 2
    name, at = words[at], at + 1
    rest = [word.upper for word in words[at:]]
    replace = "OR REPLACE " if "REPLACE" in rest else ""
    head = [Word("done", f"CREATE {replace}TEMPORARY TABLE temp."), Word(name.kind, name.text)]
    if words[at].text == "(":
        end = closing(words, at) + 1
        made = [*head, *words[at:end]]
    elif words[at].upper == "LIKE":
        end = at + 2
        while words[end].text == ".":
            end += 2
        made = [*head, *_query("SELECT * FROM"), *words[at + 1 : end], Word("done", ") WITH NO DATA")]
    elif words[at].upper == "AS" and words[at + 1].text == "(":
        end = closing(words, at + 1) + 1
        made = [*head, *words[at:end], Word("done", " WITH NO DATA")]
    else:
        raise SqlError(-104, "42601", words[at].text, "", "(")
    for word in words[end:-1]:
        if word.kind == "name" and word.upper not in _LEFT_OUT:
            raise SqlError(-104, "42601", word.text, "", "ON COMMIT")
    kept = "PRESERVE" in rest[end - at :] and rest[rest.index("PRESERVE") - 1] == "COMMIT"
    return [*made, words[-1]], "" if kept else name.text


def in_session(words: Sequence[Word]) -> list[Word]:
    """A statement in which SESSION.T is DuckDB's temporary table T."""
    found = list(words)
    for at, word in enumerate(words[:-2]):
        if word.upper == "SESSION" and words[at + 1].text == "." and (at == 0 or words[at - 1].text != "."):
            found[at] = Word("name", "temp", word.before)
    return found


def empty(tables: set[str], cursor: Cursor) -> set[str]:
    """Deletes the rows of tables; those that are still there."""
    kept = set()
    for table in tables:
        with suppress(Exception):
            cursor.execute(f"DELETE FROM temp.{table}")
            kept.add(table)
    return kept


def _query(text: str) -> list[Word]:
    return [Word("done", f" AS ({text}")]
