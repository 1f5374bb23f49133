"""INSERTs of one row of values in DuckDB, run for many rows: one `INSERT ... SELECT` from an array of them."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import duckdb

from drdarrow.server.engine import SqlError
from drdarrow.server.lexer import Word, closing, lex, split, text
from drdarrow.server.rules.kinds import Kind, of_duck

if TYPE_CHECKING:
    from drdarrow._core import Collected
    from drdarrow.server.storing import Fit

__all__ = ["Insert", "but", "plain_name", "table_of"]

#: Another row may change the value of these.
_NOT_ALONE = {"SELECT", "EXISTS"}
#: After a bracket that opens these are queries as well.
_QUERIES = {"FROM", "TABLE", "WITH", "VALUES", "PIVOT", "UNPIVOT", "SHOW", "DESCRIBE", "SUMMARIZE"}
#: Bytes of a column's declared length, times rows, up to which these are run at once.
_FILLED = 16 << 20
#: Functions whose value depends on their arguments, on the transaction, and on nothing else.
_STEADY = "SELECT DISTINCT lower(function_name) FROM duckdb_functions() WHERE internal AND stability <> 'VOLATILE'"
_MADE = re.compile(r"drdarrow_[a-z_]+")


@dataclass
class Insert:
    """`INSERT INTO target (columns) VALUES (items)` of one row."""

    target: Sequence[Word]
    columns: list[str]
    #: Expressions over the array; DEFAULT for a column that gets its own.
    items: list[str]
    #: The items as the client gave them; empty unless they are markers and literals.
    plain: list[str]
    #: The items for texts that fit already, and how those of some markers, from 0, are made so.
    lean: list[str] = field(default_factory=list)
    fits: Mapping[int, Fit] = field(default_factory=dict)
    #: How many there are.
    markers: int = 0
    #: The items have their values whoever runs them, and however often.
    steady: bool = True

    @classmethod
    def of(
        cls, sql: str, given: str | None = None, lean: str = "", fits: Mapping[int, Fit] | None = None
    ) -> Insert | None:
        """Reads a statement for DuckDB; None for any other one. given: how it was before values were put as their
        columns are declared; lean: the same but for texts that fit already."""
        words = [word for word in lex(sql) if word.kind != "end"]
        target, end = table_of(words)
        columns = []
        if end < len(words) and words[end].text == "(":
            close = closing(words, end)
            columns = [text(part).strip() for part in split(words[end + 1 : close])]
            end = close + 1
        row = words[end + 1 :]
        if not target or end >= len(words) or words[end].upper != "VALUES" or not row or row[0].text != "(":
            return None
        if closing(row, 0) != len(row) - 1 or not _is_alone(row):
            return None
        items, plain = _items(row)
        if all(item == "DEFAULT" for item in items) or columns and len(columns) != len(items):
            return None
        if any(word.upper == "DEFAULT" for word in row) and "DEFAULT" not in items:
            return None
        found = cls(target, columns, items, items if plain else [], steady=_is_steady(row))
        found.markers = sum(word.kind == "sign" and word.text == "?" for word in row)
        if given is not None and given != sql:
            before = cls.of(given)
            if before is None:
                return None
            found.plain = before.plain
        slim = cls.of(lean) if lean else None
        if slim is not None and fits:
            found.lean, found.fits = slim.items, fits
        return found

    @property
    def name(self) -> str:
        """The target as it was named."""
        return text(self.target).strip()

    @property
    def parts(self) -> list[str]:
        """The parts of that, without quotes."""
        return [plain_name(word.text) for word in self.target if word.text != "."]

    def takes(self, rows: Collected) -> bool:
        """The rows have the columns of the markers, and blanks for them take little memory."""
        filled = sum(fit.length for fit in self.fits.values() if fit.filled)
        return len(rows.fields()) == self.markers + 1 and filled * rows.num_rows() <= _FILLED

    def fitted(self, rows: Collected) -> tuple[list[str], Collected]:
        """The items for some rows, and the rows with values as they are one by one: texts as long as their columns
        are, if they can be, numbers as wide as Python's."""
        rows = rows.widened() or rows
        if self.fits:
            made = rows.fitted([(n + 1, fit.length, fit.filled, fit.bytes) for n, fit in self.fits.items()])
            if made is not None:
                return self.lean, made
        return self.items, rows

    def _cut(self, cursor: Any, items: list[str], rows: Collected) -> list[str]:
        """The items without the digits of numbers that their columns have no room for: Db2 never rounds them."""
        loose = {f'"{name}"': kind for name, kind, _ in rows.fields() if kind.startswith(("Decimal", "Float"))}
        if not loose.keys() & set(items):
            return items
        relation = cursor.sql(f"FROM {self.name} LIMIT 0")
        kinds = {name.upper(): of_duck(str(kind)) for name, kind in zip(relation.columns, relation.types, strict=True)}
        columns = [plain_name(column) for column in self.columns] or list(relation.columns)
        made = []
        for column, item in zip(columns, items, strict=False):
            kind = kinds.get(column.upper())
            if item in loose and kind is not None and kind.exact:
                item = _fraction(item, loose[item], kind)
            made.append(item)
        return made if len(made) == len(items) else items

    def run(self, cursor: Any, rows: Collected, without: Collection[int]) -> int:
        """Inserts the rows of an array but some; how many it inserted."""
        items, rows = self.fitted(rows)
        items = self._cut(cursor, items, rows)
        columns = self.columns
        if "DEFAULT" in items:
            # Columns that are not named have theirs, as the table is for this transaction.
            kept = [n for n, item in enumerate(items) if item != "DEFAULT"]
            of = columns or [_quoted(name) for name in cursor.sql(f"FROM {self.name} LIMIT 0").columns]
            if len(of) != len(items):
                raise SqlError(-117, "42802")
            columns, items = [of[n] for n in kept], [items[n] for n in kept]
        named = f"{self.name} ({', '.join(columns)})" if columns else self.name
        with cursor.given(rows) as array:
            sql = f"INSERT INTO {named} SELECT {', '.join(items)} FROM {array}{but(without)}"
            return int(cursor.execute(sql).fetchall()[0][0])


def table_of(words: Sequence[Word]) -> tuple[Sequence[Word], int]:
    """The table in `INSERT INTO table`, and where its name ends; nothing for any other statement."""
    if [word.upper for word in words[:2]] != ["INSERT", "INTO"]:
        return [], 0
    end = 2
    while end < len(words) and (words[end].kind in ("name", "quoted") or words[end].text == "."):
        if words[end].upper in ("VALUES", "SELECT", "AS", "BY", "DEFAULT"):
            break
        end += 1
    return words[2:end], end


def _fraction(item: str, given: str, column: Kind) -> str:
    """A number for a column of exact numbers. given: its type in Arrow's words."""
    if given.startswith("Float"):
        room = 38 - (column.size - column.scale) if column.name == "DECIMAL" else 19
        return f"trunc(CAST(CAST({item} AS VARCHAR) AS DECIMAL(38, {room})), {column.scale})"
    scale = int(given.rpartition(",")[2].strip(" )"))
    return f"trunc({item}, {column.scale})" if scale > column.scale else item


def but(rows: Collection[int]) -> str:
    """The condition that leaves rows out."""
    return f' WHERE "0" NOT IN (SELECT unnest([{", ".join(map(str, rows))}]))' if rows else ""


def plain_name(name: str) -> str:
    """A name without its quotes."""
    return name[1:-1].replace('""', '"') if name.startswith('"') else name


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _is_alone(row: Sequence[Word]) -> bool:
    """The values are those of one row and of its markers, which are bare ones."""
    for word, after in pairwise([*row, Word("end", "")]):
        if word.upper in _NOT_ALONE or word.text in ("$", ":", "#"):
            return False
        if word.text == "(" and after.upper in _QUERIES or word.text == "?" and after.kind == "number":
            return False
    return True


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
        one = part[0]
        alone = len(part) == 1
        items.append("DEFAULT" if alone and one.upper == "DEFAULT" else text(out).strip())
        literal = one.kind in ("string", "number") or one.upper in ("?", "NULL", "DEFAULT")
        plain = plain and alone and literal
    return items, plain


def _is_steady(words: Sequence[Word]) -> bool:
    called = (word for word, after in zip(words, words[1:], strict=False) if after.text == "(")
    named = (plain_name(word.text).lower() for word in called if word.kind in ("name", "quoted"))
    return all(name in _steady() or name in _SYNTAX or _MADE.fullmatch(name) for name in named)


#: These have brackets and are no functions.
_SYNTAX = {"cast", "try_cast", "case", "when", "then", "else", "and", "or", "not", "in", "decimal", "varchar", "values"}


def _asked() -> frozenset[str]:
    with duckdb.connect(":memory:") as connection:
        return frozenset(name for (name,) in connection.execute(_STEADY).fetchall())


#: Asks the DuckDB in use, once.
_steady = cache(_asked)
