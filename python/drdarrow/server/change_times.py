"""Columns with the moment of a row's last change (FOR EACH ROW ON UPDATE AS ROW CHANGE TIMESTAMP), and the expression
ROW CHANGE TIMESTAMP FOR a table.

The column has a default, which an UPDATE asks for as well: a variable of the connection, to which the session tells a
moment before a statement runs, later than any before. Rows of one statement have the same moment; Db2 for LUW gives
each another one. As at Db2 it is that of the change, not of the commit.

(Read: Db2 for LUW, "Time-based update detection", "ROW CHANGE expression"; IBM i, "Creating a row change timestamp
column"; Db2 for z/OS, "ROW CHANGE expression".)
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from threading import Lock
from typing import TYPE_CHECKING, Any

from drdarrow.server.edits import names
from drdarrow.server.engine import SqlError
from drdarrow.server.lexer import Word, lex, name_end, text

if TYPE_CHECKING:
    from drdarrow.server.columns import Facts

__all__ = ["KEY", "Clock", "column_of", "dates", "definitions", "named"]

#: The metadata of such a column: ALWAYS or BY DEFAULT, as values for it are refused or taken.
KEY = "drda:change"
_VARIABLE = "drdarrow_change"
_DEFAULT = f"DEFAULT coalesce(getvariable('{_VARIABLE}'), localtimestamp)"
_CLAUSE = "FOR EACH ROW ON UPDATE AS ROW CHANGE TIMESTAMP".split()
_EXPRESSION = re.compile(r"\bROW\s++CHANGE\s++(?:TIMESTAMP|TOKEN)\s++FOR\b", re.IGNORECASE)
#: Words before the name of a table, and words after it that are no name for it.
_BEFORE = {"FROM", "JOIN", "UPDATE", "INTO", "USING", ","}
_AFTER = set(
    "WHERE GROUP HAVING JOIN LEFT RIGHT FULL INNER CROSS ON NATURAL OFFSET ORDER FETCH LIMIT UNION EXCEPT INTERSECT "
    "WITH FOR OPTIMIZE USING SKIP QUERYNO SET VALUES SELECT TABLESAMPLE".split()
)


def definitions(words: list[Word]) -> tuple[list[Word], dict[str, dict[str, str]], list[str]]:
    """The words of CREATE or ALTER TABLE with a default in place of the clause; the facts about the column, by its
    name; the statements after it.

    Rows that are there when a table gets the column have the moment of that, a constant: no other default is one that
    DuckDB adds to a column that is NOT NULL.

    Raises SqlError -372 for a second one, -270 for another type than TIMESTAMP.
    """
    upper = [word.upper for word in words]
    length, found, out = len(_CLAUSE), dict[str, dict[str, str]](), list[Word]()
    then: list[str] = []
    at = 0
    while at < len(words):
        start, kind = at, "ALWAYS"
        if upper[at : at + 2] == ["GENERATED", "ALWAYS"]:
            start = at + 2
        elif upper[at : at + 3] == ["GENERATED", "BY", "DEFAULT"]:
            start, kind = at + 3, "BY DEFAULT"
        if upper[start : start + length] != _CLAUSE:
            out.append(words[at])
            at += 1
            continue
        first = _part(out)
        if found:
            raise SqlError(-372, "428C1", out[first].text.strip('"'))
        of = [word.upper for word in out[first + 1 : first + 5]]
        if first + 1 == len(out) or of[:1] == ["NOT"]:
            # The type may be left out.
            out.insert(first + 1, Word("name", "TIMESTAMP", " "))
        elif (
            of[:1] != ["TIMESTAMP"] or of[1:2] == ["("] and [word.text for word in out[first + 3 : first + 4]] != ["6"]
        ):
            raise SqlError(-270, "42997", "ROW CHANGE TIMESTAMP of another type than TIMESTAMP")
        out.append(Word("done", _DEFAULT, " "))
        if upper[0] == "ALTER":
            now = dt.datetime.now().isoformat(" ", "microseconds")
            out[-1] = Word("done", f"DEFAULT TIMESTAMP '{now}'", " ")
            table = out[2 : next(n for n, word in enumerate(out) if word.upper == "ADD")]
            then.append(f"ALTER TABLE{text(table)} ALTER COLUMN {out[first].text} SET {_DEFAULT}")
        found[out[first].text.strip('"').replace('""', '"').upper()] = {KEY: kind}
        at = start + length
    return out, found, then


def _part(words: Sequence[Word]) -> int:
    """Where the definition of a column begins that the words end in."""
    depth, at = 0, len(words)
    while at > 0:
        at -= 1
        if depth == 0 and (words[at].text in ("(", ",") or words[at].upper in ("COLUMN", "ADD")):
            return at + 1
        depth += {")": 1, "(": -1}.get(words[at].text, 0)
    return at


def column_of(columns: dict[str, dict[str, str]] | Any) -> str | None:
    """Such a column of a table, of what is known of whose columns."""
    return next((name for name, about in columns.items() if KEY in about), None)


def dates(sql: str, tables: Facts, target: tuple[str, ...]) -> bool:
    """A statement gives rows the moment of their change. target: the table that it changes, by its name's parts."""
    about = tables.get(".".join(target[-2:]), tables.get(target[-1], {})) if target else {}
    return column_of(about) is not None or _VARIABLE in sql


def named(sql: str, tables: Facts) -> str:
    """The statement with columns in place of the expressions.

    Raises SqlError -20431 for a table without such a column, -270 for ROW CHANGE TOKEN, and for what is no table of the
    statement: a view and a nested table expression have no such column here.
    """
    if not _EXPRESSION.search(sql):
        return sql
    words = lex(sql)
    for at in range(len(words) - 5):
        if [word.upper for word in words[at : at + 2]] != ["ROW", "CHANGE"] or words[at + 3].upper != "FOR":
            continue
        end = name_end(words, at + 4)
        designator = names(words[at + 4 : end])
        if words[at + 2].upper != "TIMESTAMP" or designator is None:
            raise SqlError(-270, "42997", " ".join(word.upper for word in words[at : at + 3]))
        told = text(words[at + 4 : end]).strip()
        column = _column(words, designator, tables)
        words[at].text = told + '."' + column.replace('"', '""') + '"'
        for word in words[at + 1 : end]:
            word.text = word.before = ""
    return text(words)


def _column(words: Sequence[Word], designator: tuple[str, ...], tables: Facts) -> str:
    """The column of the table that a statement has by a name."""
    found = [table for exposed, table in _tables(words) if exposed[-len(designator) :] == designator]
    abouts = [tables.get(".".join(table[-2:]), tables.get(table[-1], {})) for table in found]
    columns = {column_of(about) for about in abouts}
    if len(columns) == 1 and (column := columns.pop()) is not None:
        about = next(about for about in abouts if about)
        return about[column].get("drda:name", column)
    if found:
        raise SqlError(-20431, "55068", ".".join(found[0]))
    raise SqlError(-270, "42997", f"ROW CHANGE TIMESTAMP FOR {designator[-1]}, which is no table of the statement")


def _tables(words: Sequence[Word]) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    """The tables that a statement may name: the name that each has in it, and its own."""
    found = []
    for at, word in enumerate(words[:-1]):
        if word.upper not in _BEFORE or words[at + 1].kind not in ("name", "quoted"):
            continue
        end = name_end(words, at + 1, (".", "/"))
        table = names([Word("sign", ".") if one.text == "/" else one for one in words[at + 1 : end]])
        if table is None:
            continue
        end += words[end].upper == "AS"
        alias = words[end]
        own = alias.kind == "quoted" or alias.kind == "name" and alias.upper not in _AFTER
        found.append(((names([alias]) or table) if own else table, table))
    return found


class Clock:
    """The moments of one engine, each later than the one before. source: a DuckDB connection, whose clock it is."""

    def __init__(self, source: Any) -> None:
        self._cursor = source.cursor()
        self._lock = Lock()
        self._last = dt.datetime.min

    def tell(self, cursor: Any) -> None:
        """Tells a connection the moment of what it changes next."""
        with self._lock:
            now: dt.datetime = self._cursor.execute("SELECT localtimestamp").fetchall()[0][0]
            self._last = max(now, self._last + dt.timedelta(microseconds=1))
            moment = self._last
        cursor.execute(f"SET VARIABLE {_VARIABLE} = TIMESTAMP '{moment.isoformat(' ', 'microseconds')}'")
