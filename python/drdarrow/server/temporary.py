"""Declared temporary tables: `DECLARE GLOBAL TEMPORARY TABLE SESSION.T` in DuckDB's words.

DuckDB only keeps the rows at the end of a transaction. Unless the table is ON COMMIT PRESERVE ROWS, the session deletes
them then. Those of a table that is ON ROLLBACK DELETE ROWS it deletes when a transaction that has changed it is undone.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from drdarrow.server.cursors import Cursor
from drdarrow.server.engine import SqlError
from drdarrow.server.lexer import Word, closing, lex, name_end

__all__ = ["Temporaries", "declaration", "in_session"]

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


def declaration(words: Sequence[Word]) -> tuple[list[Word], str, str] | None:
    """The statement that makes the table; the table if its rows go at the end of a transaction, and if they go when one
    is undone that has changed them; None for another statement.

    Raises SqlError -104 for a clause that is not known, -270 for ON ROLLBACK PRESERVE ROWS."""
    if [word.upper for word in words[:4]] != ["DECLARE", "GLOBAL", "TEMPORARY", "TABLE"]:
        return None
    at = 4
    if _session(words[at]) and words[at + 1].text == ".":
        at += 2
    if at + 2 > len(words):
        raise SqlError(-104, "42601", "END-OF-STATEMENT", "TABLE", "")
    name, at = words[at], at + 1
    rest = [word.upper for word in words[at:]]
    after_rollback = rest[rest.index("ROLLBACK") + 1] if "ROLLBACK" in rest else ""
    if after_rollback == "PRESERVE":
        raise SqlError(-270, "42997", "ON ROLLBACK PRESERVE ROWS")
    replace = "OR REPLACE " if "REPLACE" in rest else ""
    head = [Word("done", f"CREATE {replace}TEMPORARY TABLE temp."), Word(name.kind, name.text)]
    if words[at].text == "(":
        end = closing(words, at) + 1
        made = [*head, *words[at:end]]
    elif words[at].upper == "LIKE":
        end = name_end(words, at + 1)
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
    return [*made, words[-1]], "" if kept else name.text, name.text if after_rollback == "DELETE" else ""


def in_session(words: Sequence[Word]) -> list[Word]:
    """A statement in which SESSION.T is DuckDB's temporary table T."""
    found = list(words)
    for at, word in enumerate(words[:-2]):
        if _session(word) and words[at + 1].text == "." and (at == 0 or words[at - 1].text != "."):
            found[at] = Word("name", "temp", word.before)
    return found


def _session(word: Word) -> bool:
    return word.upper == "SESSION" or word.kind == "quoted" and word.text == '"SESSION"'


class Temporaries:
    """The tables of one session whose rows go with a transaction."""

    def __init__(self) -> None:
        #: Those that have none after each; those that have none after one that has changed them and was undone; the
        #: ones among these that this one has changed.
        self._emptied: set[str] = set()
        self._undone: set[str] = set()
        self._changed: set[str] = set()

    def made(self, emptied: str, undone: str) -> None:
        """A table was made, or none."""
        self._emptied |= {emptied} - {""}
        self._undone |= {undone} - {""}

    def change(self, sql: str) -> None:
        """A statement for DuckDB is about to change a table."""
        words = lex(sql) if self._undone else []
        at = next((n + 1 for n, word in enumerate(words) if word.upper in ("INTO", "UPDATE", "FROM")), 0)
        if at and [word.upper for word in words[at : at + 2]] == ["TEMP", "."]:
            name = _plain(words[at + 2].text)
            self._changed |= {table for table in self._undone if _plain(table) == name}

    def committed(self, cursor: Cursor) -> None:
        """The transaction has ended."""
        self._changed.clear()
        self._emptied = _empty(self._emptied, cursor)

    def rolled_back(self, cursor: Cursor) -> None:
        """The transaction was undone."""
        changed, self._changed = self._changed, set()
        _empty(changed, cursor)


def _plain(name: str) -> str:
    return name.strip('"').upper()


def _empty(tables: set[str], cursor: Cursor) -> set[str]:
    """Deletes the rows of tables; those that are still there."""
    kept = set()
    for table in tables:
        with suppress(Exception):
            cursor.execute(f"DELETE FROM temp.{table}")
            kept.add(table)
    return kept


def _query(text: str) -> list[Word]:
    return [Word("done", f" AS ({text}")]
