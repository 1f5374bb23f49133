"""The views of a product's catalog in statements for DuckDB: `SYSCAT.TABLES` and the like stand for rows that a
connection has under a name of its own, and so do table functions: `TABLE(SYSPROC.F(?, 'U'))`, QSYS2.DISPLAY_JOURNAL.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from drdarrow.server import distribution, journals
from drdarrow.server.columns import CATALOG
from drdarrow.server.engine import Objects, SqlError, Views
from drdarrow.server.lexer import Word, closing, lex, split, text

if TYPE_CHECKING:
    from drdarrow._core import Collected
    from drdarrow.server.columns import Facts
    from drdarrow.server.cursors import Cursor

__all__ = ["CatalogViews"]

#: Words after a table that are not a name for it.
_AFTER_TABLE = set(
    "WHERE GROUP HAVING JOIN LEFT RIGHT FULL INNER CROSS ON NATURAL OFFSET ORDER FETCH LIMIT UNION EXCEPT INTERSECT "
    "WITH FOR OPTIMIZE USING SKIP QUERYNO".split()
)
#: The schema of table functions, which are no tables by their names alone.
_FUNCTIONS = "SYSPROC"


class _NoViews:
    def names(self) -> list[str]:
        return []

    def rows(self, name: str, objects: Objects) -> Collected:
        raise LookupError(name)

    def journals_in_order(self) -> bool:
        return False


class CatalogViews:
    """The views, by their names in statements and in DuckDB; none as long as none are given."""

    def __init__(self, views: Views | None = None) -> None:
        self._views = views or _NoViews()
        self._tables = {name: CATALOG + name.replace(".", "_").lower() for name in self._views.names()}
        self._names = {table: name for name, table in self._tables.items()}
        #: Entries of journals where the statement relies on their order.
        self._ordered = f"{CATALOG}journals_in_order"
        self._names[self._ordered] = journals.FUNCTION
        self._schemas = {name.partition(".")[0] for name in self._tables}
        self._facts: Facts = {}
        #: The views without rows.
        self._empty: dict[str, Collected] = {}

    def place(self, sql: str) -> tuple[str, list[str]]:
        """The statement with DuckDB's names for the views, and those that are in it."""
        upper = sql.upper()
        if not any(schema in upper for schema in self._schemas):
            return sql, []
        words, used, at = lex(sql), [], 0
        while at < len(words) - 3:
            if (found := self._function(words, at)) is not None:
                used.append(found[0])
                at = found[1]
                continue
            table = self._table(words, at)
            if table is None:
                at += 1
                continue
            name, after = words[at + 2], words[at + 3]
            words[at + 1].text = words[at + 1].before = name.before = ""
            # Some are key words of DuckDB.
            plain = f'"{_plain(name)}"'
            if after.text == ".":
                # A column, by the full name of its view.
                words[at].text, name.text = "", plain
            else:
                used.append(table)
                named = after.upper == "AS" or after.kind == "quoted" or after.kind == "name"
                words[at].text = table
                name.text = "" if named and after.upper not in _AFTER_TABLE else f" AS {plain}"
            at += 3
        return (text(words), list(dict.fromkeys(used))) if used else (sql, [])

    def _table(self, words: list[Word], at: int) -> str | None:
        """DuckDB's name of the view whose full name begins at a word."""
        schema, sign, name = words[at : at + 3]
        if sign.text not in (".", "/") or schema.kind not in ("name", "quoted") or name.kind not in ("name", "quoted"):
            return None
        if at and words[at - 1].text == "." or _plain(schema) == _FUNCTIONS:
            return None
        full = f"{_plain(schema)}.{_plain(name)}"
        return None if full == journals.FUNCTION else self._tables.get(full)

    def _function(self, words: list[Word], at: int) -> tuple[str, int] | None:
        """Puts DuckDB's words for `TABLE(SYSPROC.F(arguments))`: its name for the rows, and where the function ends."""
        if words[at].upper != "TABLE" or words[at + 1].text != "(":
            return None
        schema, point, name, opening = [*words[at + 2 : at + 6], *[Word("end", "")] * 4][:4]
        full = f"{_plain(schema)}.{_plain(name)}"
        table = self._tables.get(full) if _plain(schema) == _FUNCTIONS or full == journals.FUNCTION else None
        if point.text not in (".", "/") or table is None or opening.text != "(":
            return None
        end, last = closing(words, at + 1), closing(words, at + 5)
        if last != end - 1 or words[end].text != ")":
            return None
        arguments = split(words[at + 6 : last])
        if full == journals.FUNCTION:
            columns = [name for name, _, _ in self._without_rows(table).fields()]
            if self._views.journals_in_order() and journals.leave_order(words, at, end + 1, arguments):
                table = self._ordered
            words[at].text = journals.entries(table, columns, arguments)
        else:
            # Their rows are the same for all arguments that are not NULL.
            given = [f"CAST({text(part)} AS VARCHAR) IS NOT NULL" for part in arguments]
            words[at].text = f"(SELECT * FROM {table} WHERE {' AND '.join(given) or 'TRUE'})"
        for word in words[at + 1 : end + 1]:
            word.text = word.before = ""
        return table, end + 1

    def show(self, cursor: Cursor, tables: Sequence[str], objects: Callable[[Cursor], Objects], main: str) -> None:
        """A cursor has the views that DuckDB knows by these names, over the objects that it sees. main: the client's
        name for DuckDB's schema of this name."""
        now = objects(cursor) if tables else Objects([])
        for table in tables:
            if table == self._ordered and not self._views.journals_in_order():
                # Numbers began anew since the statement was prepared.
                raise SqlError(-518, "07003")
            counted = distribution.rows(cursor, now, main) if self._names[table] == distribution.VIEW else None
            cursor.show(table, counted or self._rows(table, now))

    def describe(self, cursor: Cursor, tables: Sequence[str]) -> None:
        """A cursor has the views for a statement that is not run: without rows, unless it shows some."""
        for table in tables:
            if not cursor.shows(table):
                cursor.show(table, self._without_rows(table))

    def _without_rows(self, table: str) -> Collected:
        if table not in self._empty:
            self._empty[table] = self._rows(table, Objects([]))
        return self._empty[table]

    def _rows(self, table: str, objects: Objects) -> Collected:
        return self._views.rows(self._names[table], objects)  # type: ignore[return-value]

    def facts(self, tables: Sequence[str]) -> Facts:
        """The columns of views, as `columns` has those of tables."""
        for table in tables:
            if table.upper() not in self._facts:
                fields = self._without_rows(table).fields()
                if self._names[table] == journals.FUNCTION:
                    fields = fields[: -journals.PICKING]
                self._facts[table.upper()] = {name: about for name, _, about in fields}
        return {table.upper(): self._facts[table.upper()] for table in tables}


def _plain(word: Word) -> str:
    return word.text.strip('"') if word.kind == "quoted" else word.upper
