"""The column that a marker is stored in or compared with: its type describes the marker."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias

from sqlglot import exp

from drdarrow.server.columns import Facts, grouped
from drdarrow.server.ddl import type_at
from drdarrow.server.lexer import Word
from drdarrow.server.patience import look
from drdarrow.server.rules.numbers import DECFLOAT

__all__ = ["Casts", "casts", "targets"]

#: A value of a fixed length comes as it is, not filled up by a driver.
_AS = {
    "CHAR": "VARCHAR",
    "VARCHAR": "VARCHAR",
    "BINARY": "VARBINARY",
    "VARBINARY": "VARBINARY",
    "CHAR FOR BIT DATA": "VARCHAR FOR BIT DATA",
    "VARCHAR FOR BIT DATA": "VARCHAR FOR BIT DATA",
    "CLOB": "CLOB",
    "DBCLOB": "DBCLOB",
    "BLOB": "BLOB",
    "DECFLOAT": "DECFLOAT",
    "XML": "XML",
}
_CAST_AS = {**_AS, "GRAPHIC": "VARGRAPHIC", "NUMERIC": "NUMERIC"}
#: DuckDB's types by Db2's names, where both mean the same.
_DUCKS = {name: name for name in ("SMALLINT", "INTEGER", "BIGINT", "REAL", "DOUBLE", "DATE", "TIME", "TIMESTAMP")}
_DUCKS["INT"] = "INTEGER"
#: Types of markers that are stored, not compared.
_STORED = ("CLOB", "DBCLOB", "BLOB", "DECFLOAT", "XML")
_COMPARED = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE)


#: DuckDB's type, "" where it is not known, and the facts about it, by the number of a marker.
Casts: TypeAlias = dict[int, tuple[str, dict[str, str]]]


def casts(words: Sequence[Word]) -> Casts:
    """The type that each marker, counted from 1, is cast to. words: a statement of the client's."""
    found: Casts = {}
    numbered = ((at, word) for at, word in enumerate(words) if word.kind == "sign" and word.text == "?")
    for number, (at, _) in enumerate(numbered, 1):
        cast = at > 1 and words[at - 1].text == "(" and words[at - 2].upper in ("CAST", "TRY_CAST")
        if not cast or words[at + 1].upper != "AS":
            continue
        if (of := type_at(words, at + 2)) is None:
            found[number] = _DUCKS.get(words[at + 2].upper, ""), {}
        else:
            name = of.about.get("drda:type", "")
            about = {**of.about, "drda:type": _CAST_AS.get(name, name)} if name else of.about
            found[number] = of.duck or "", about
    return found


def targets(sql: str, known: Facts) -> dict[int, dict[str, str]]:
    """The facts about the column that each marker, counted from 1, goes into or is compared with; others are left
    out. sql: a statement for DuckDB."""
    tree, more = grouped(sql) if known or DECFLOAT in sql else (None, {})
    if tree is None:
        return {}
    found: dict[int, dict[str, str]] = {}
    for marker, about, stored in [*_stored(tree, known), *_compared(tree, known), *_converted(tree)]:
        name = _AS.get(about.get("drda:type", ""))
        if name is None or name in _STORED and not stored:
            continue
        length = {"drda:length": about["drda:length"]} if "drda:length" in about else {}
        for number in range(marker, marker + 1 + more.get(marker, 0)):
            found.setdefault(number, {"drda:type": name, **length})
    return found


_Found = Iterator[tuple[int, dict[str, str], bool]]


def _stored(tree: exp.Expr, known: Facts) -> _Found:
    """Markers that stand alone in VALUES of an INSERT or after SET of an UPDATE."""
    if isinstance(tree, exp.Insert) and isinstance(tree.expression, exp.Values):
        into = tree.this
        table = into.this if isinstance(into, exp.Schema) else into
        columns = known.get(_name(table), {})
        named = [column.name.upper() for column in into.expressions] if isinstance(into, exp.Schema) else list(columns)
        for row in tree.expression.expressions:
            items = row.expressions if isinstance(row, exp.Tuple) else [row]
            for column, item in zip(named, items, strict=False):
                if (marker := _marker(item)) is not None:
                    yield marker, columns.get(column, {}), True
    if isinstance(tree, exp.Update):
        columns = known.get(_name(tree.this), {})
        for part in tree.expressions:
            marker = _marker(part.expression) if isinstance(part, exp.EQ) else None
            if marker is not None and isinstance(part.this, exp.Column):
                yield marker, columns.get(part.this.name.upper(), {}), True


def _converted(tree: exp.Expr) -> _Found:
    """Markers that stand beside a DECFLOAT, in COALESCE and the like."""
    for part in tree.find_all(exp.Anonymous):
        if str(part.this).lower() == DECFLOAT and len(part.expressions) == 1:
            inner = part.expressions[0]
            marker = _marker(inner.this if isinstance(inner, exp.Cast) else inner)
            if marker is not None:
                yield marker, {"drda:type": "DECFLOAT", "drda:length": "16"}, True


def _compared(tree: exp.Expr, known: Facts) -> _Found:
    """Markers that are compared with a column."""
    tables = {(table.alias_or_name or "").upper(): known.get(_name(table)) for table in tree.find_all(exp.Table)}
    for part in tree.find_all(*_COMPARED, exp.Between, exp.In):
        look()
        if isinstance(part, exp.Between):
            sides = [(part.this, part.args.get("low")), (part.this, part.args.get("high"))]
        elif isinstance(part, exp.In):
            sides = [(part.this, other) for other in part.expressions]
        else:
            sides = [(part.this, part.expression), (part.expression, part.this)]
        for column, other in sides:
            marker = _marker(other)
            if marker is not None and isinstance(column, exp.Column):
                of = [tables.get(column.table.upper())] if column.table else list(tables.values())
                holders = [columns[column.name.upper()] for columns in of if columns and column.name.upper() in columns]
                # A table that nothing is known of may have a column of the name, too.
                if len(holders) == 1 and all(columns is not None for columns in of):
                    yield marker, holders[0], False


def _marker(item: object) -> int | None:
    return int(item.name) if isinstance(item, exp.Placeholder) and item.name.isdigit() else None


def _name(table: object) -> str:
    return ".".join(filter(None, (table.db, table.name))).upper() if isinstance(table, exp.Table) else ""
