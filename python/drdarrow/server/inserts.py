"""INSERTs of one row of markers and literals in DuckDB, run for an array of rows: one `INSERT ... SELECT` from it.

DuckDB undoes a whole transaction when one statement of it fails. Where an error would take more with it than the
statement, the rows are looked at first: which ones cannot be cast to their columns, are NULL where that is not allowed,
break a CHECK or have a key that is there already. Only the others reach the table.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from drdarrow import _core
from drdarrow.server import errors
from drdarrow.server.engine import SqlError
from drdarrow.server.lexer import Word, closing, lex, split, text

__all__ = ["Insert", "given"]

#: What the array is called while a statement reads it.
_ARRAY = "drdarrow_array"
#: The values that its rows make, as the columns of the target have them.
_VALUES = "drdarrow_values"
#: Rows that are looked for one by one.
_FOUND = 1000
_NOT_CAST = SqlError(-420, "22018")
#: Words of an item that depend on the rows before it, or that only VALUES has.
_NOT_ALONE = {"SELECT", "DEFAULT"}
_CONSTRAINTS = """
SELECT constraint_type, expression, constraint_column_names FROM duckdb_constraints()
WHERE lower(table_name) = lower(?) AND lower(schema_name) = lower(coalesce(?, current_schema()))
"""


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


@contextmanager
def given(cursor: Any, table: _core.Collected, name: str = _ARRAY) -> Iterator[None]:
    """The array is a table of the cursor's."""
    cursor.register(name, table)
    try:
        yield
    finally:
        # With a transaction that failed it went away.
        with suppress(Exception):
            cursor.unregister(name)


@dataclass
class _Column:
    """A column of the target, what goes into it, and the marker or literal that it is made of."""

    name: str
    type: str
    item: str
    of: str
    required: bool = False

    @property
    def cast(self) -> str:
        return f"CAST({self.item} AS {self.type})"


@dataclass
class Insert:
    """`INSERT INTO target (columns) VALUES (items)` of one row."""

    target: list[Word]
    columns: list[str]
    items: list[str]
    #: The items as the client gave them; empty unless they are markers and literals.
    plain: list[str]

    @classmethod
    def of(cls, sql: str, given: str | None = None) -> Insert | None:
        """Reads a statement for DuckDB; None for any other one. given: how it was before values were put as their
        columns are declared."""
        words = [word for word in lex(sql) if word.kind != "end"]
        if [word.upper for word in words[:2]] != ["INSERT", "INTO"]:
            return None
        end = 2
        while end < len(words) and (words[end].kind in ("name", "quoted") or words[end].text == "."):
            if words[end].upper in ("VALUES", "SELECT", "AS", "BY", "DEFAULT"):
                break
            end += 1
        target, columns = words[2:end], []
        if end < len(words) and words[end].text == "(":
            close = closing(words, end)
            columns = [text(part).strip() for part in split(words[end + 1 : close])]
            end = close + 1
        row = words[end + 1 :]
        if not target or end >= len(words) or words[end].upper != "VALUES" or not row or row[0].text != "(":
            return None
        if closing(row, 0) != len(row) - 1 or any(word.upper in _NOT_ALONE for word in row):
            return None
        items, plain = _items(row)
        if given is not None and given != sql:
            before = cls.of(given)
            return None if before is None else cls(target, columns, items, before.plain)
        return cls(target, columns, items, items if plain else [])

    @property
    def _named(self) -> str:
        columns = f" ({', '.join(self.columns)})" if self.columns else ""
        return text(self.target).strip() + columns

    def run(self, cursor: Any, without: dict[int, SqlError]) -> int:
        """Inserts the rows of the array but those that are bad; how many it inserted."""
        sql = f"INSERT INTO {self._named} SELECT {', '.join(self.items)} FROM {_ARRAY}{_but(without)}"
        return int(cursor.execute(sql).fetchall()[0][0])

    def bad_rows(self, main: Any, other: Any, table: _core.Collected) -> dict[int, SqlError]:
        """The rows that DuckDB would refuse, as far as that can be known, by their numbers.

        main: the cursor of the changes, on which nothing may fail. other: a cursor for what may.
        """
        columns, checks, keys = self._about(main)
        bad: dict[int, SqlError] = {}
        try:
            with given(other, table):
                if self.plain:
                    self._cannot_be_cast(other, columns, bad)
                if self.items != self.plain:
                    self._cannot_be_made(other, columns, table.num_rows(), bad)
                casts = ", ".join(f"{column.cast} AS v{n}" for n, column in enumerate(columns))
                values = _core.collect(other.sql(f'SELECT "0", {casts} FROM {_ARRAY}{_but(bad)}'))
            with given(other, values, _VALUES):
                self._conditions(other, columns, checks, bad)
        except Exception:
            # Then the INSERT itself will tell.
            return {}
        with given(main, values, _VALUES):
            self._keys(main, columns, keys, bad)
        return bad

    def _about(self, main: Any) -> tuple[list[_Column], list[str], list[list[str]]]:
        """The columns that get values, the conditions of CHECK, the columns of each key."""
        name = text(self.target).strip()
        relation = main.sql(f"FROM {name} LIMIT 0")
        types = {
            column.lower(): (column, str(kind)) for column, kind in zip(relation.columns, relation.types, strict=True)
        }
        named = [_plain(column).lower() for column in self.columns] or list(types)
        if len(named) != len(self.items) or any(column not in types for column in named):
            return [], [], []
        of = self.plain or self.items
        columns = [_Column(*types[name], item, alone) for name, item, alone in zip(named, self.items, of, strict=True)]
        parts = [_plain(word.text) for word in self.target if word.text != "."]
        schema = parts[-2] if len(parts) > 1 else None
        checks, keys, required = [], [], set()
        for kind, expression, of in main.execute(_CONSTRAINTS, [parts[-1], schema]).fetchall():
            if kind == "CHECK":
                checks.append(expression)
            elif kind in ("PRIMARY KEY", "UNIQUE"):
                keys.append([column.lower() for column in of])
            if kind in ("NOT NULL", "PRIMARY KEY"):
                required |= {column.lower() for column in of}
        for column in columns:
            column.required = column.name.lower() in required
        return columns, checks, keys

    def _cannot_be_cast(self, other: Any, columns: list[_Column], bad: dict[int, SqlError]) -> None:
        for column in columns:
            cast = f"TRY_CAST({column.of} AS {column.type})"
            found = other.execute(f'SELECT "0" FROM {_ARRAY} WHERE {column.of} IS NOT NULL AND {cast} IS NULL')
            for (row,) in found.fetchall():
                if row not in bad:
                    bad[row] = self._why(other, [f"CAST({column.of} AS {column.type})"], row, row) or _NOT_CAST

    def _cannot_be_made(self, other: Any, columns: list[_Column], rows: int, bad: dict[int, SqlError]) -> None:
        """Looks for the rows by halves."""
        made, spans, found = [column.cast for column in columns], [(0, rows - 1)], 0
        while spans:
            first, last = spans.pop()
            error = self._why(other, made, first, last, bad)
            if error is not None and first == last:
                bad[first] = error
                found += 1
                if found > _FOUND:
                    raise error
            elif error is not None:
                half = (first + last) // 2
                spans += [(half + 1, last), (first, half)]

    def _why(
        self, other: Any, made: list[str], first: int, last: int, bad: dict[int, SqlError] | None = None
    ) -> SqlError | None:
        """The rows that fail."""
        rows = f'"0" BETWEEN {first} AND {last}'
        try:
            other.execute(f"SELECT {', '.join(made)} FROM (FROM {_ARRAY}{_but(bad or {})}) WHERE {rows}").fetchall()
        except Exception as e:
            return errors.translate(str(e))
        return None

    def _conditions(self, other: Any, columns: list[_Column], checks: list[str], bad: dict[int, SqlError]) -> None:
        for n, column in enumerate(columns):
            if column.required:
                for (row,) in other.execute(f'SELECT "0" FROM {_VALUES} WHERE v{n} IS NULL').fetchall():
                    bad.setdefault(row, SqlError(-407, "23502", column.name))
        named = ", ".join(f"v{n} AS {_quoted(column.name)}" for n, column in enumerate(columns))
        for check in checks:
            # It may be about columns that get no values here.
            with suppress(Exception):
                sql = f'SELECT "0" FROM (SELECT "0", {named} FROM {_VALUES}) WHERE NOT ({check})'
                for (row,) in other.execute(sql).fetchall():
                    bad.setdefault(row, SqlError(-545, "23513", check[:60]))

    def _keys(self, main: Any, columns: list[_Column], keys: list[list[str]], bad: dict[int, SqlError]) -> None:
        """Goes through the rows in order: a row that is bad takes no key."""
        value = {column.name.lower(): f"v{n}" for n, column in enumerate(columns)}
        keys = [key for key in keys if all(name in value for name in key)]
        if not keys:
            return
        target, name = text(self.target).strip(), _plain(self.target[-1].text)
        taken = []
        for key in keys:
            same = " AND ".join(f"t.{_quoted(of)} = {value[of]}" for of in key)
            taken.append(f"EXISTS (SELECT 1 FROM {target} AS t WHERE {same})")
        wanted = [value[of] for key in keys for of in key]
        sql = f'SELECT "0", {" OR ".join(taken)}, {", ".join(wanted)} FROM {_VALUES} ORDER BY "0"'
        seen: list[set[tuple[Any, ...]]] = [set() for _ in keys]
        for row, there, *values in main.execute(sql).fetchall():
            if row in bad:
                continue
            parts, at = [], 0
            for key in keys:
                parts.append(tuple(values[at : at + len(key)]))
                at += len(key)
            if there or any(part in of for part, of in zip(parts, seen, strict=True)):
                bad[row] = SqlError(-803, "23505", "1", name)
                continue
            for part, of in zip(parts, seen, strict=True):
                if None not in part:
                    of.add(part)


def _items(row: Sequence[Word]) -> tuple[list[str], bool]:
    """The items in the brackets, with the columns of the array for the markers; and whether that is markers and
    literals only."""
    number, items, plain = 0, [], True
    for part in split(row[1:-1]):
        out = []
        for word in part:
            if word.kind == "sign" and word.text == "?":
                number += 1
                word = Word("quoted", f'"{number}"', word.before)
            out.append(word)
        items.append(text(out).strip())
        one = part[0]
        plain = plain and len(part) == 1 and (one.kind in ("string", "number") or one.upper in ("?", "NULL"))
    return items, plain


def _but(bad: dict[int, SqlError]) -> str:
    """The condition that leaves rows out."""
    return f' WHERE "0" NOT IN (SELECT unnest([{", ".join(map(str, bad))}]))' if bad else ""


def _plain(name: str) -> str:
    """A name without its quotes."""
    return name[1:-1].replace('""', '"') if name.startswith('"') else name
