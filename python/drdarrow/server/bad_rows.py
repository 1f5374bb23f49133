"""The rows of an array that an INSERT would refuse, found before it runs.

DuckDB undoes a whole transaction when one statement of it fails. Where an error would take more with it than the
statement, the rows are looked at first: which ones cannot be cast to their columns, are NULL where that is not allowed,
break a CHECK or have a key that is there already. Only the others reach the table.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import duckdb

from drdarrow import _core
from drdarrow.server import errors
from drdarrow.server.engine import SqlError
from drdarrow.server.inserts import Insert, but
from drdarrow.server.patience import look
from drdarrow.server.targets import Column, Foreign, KeyPart, Target, quoted

__all__ = ["bad_rows"]

#: Rows that are looked for one by one.
_FOUND = 100
_NOT_CAST = SqlError(-420, "22018")
_MARKER = re.compile(r'"(\d+)"')
#: Columns of DuckDB that take any value of an array's column.
_SAFE = {
    "Boolean": {"BOOLEAN"},
    "Int16": {"SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "DOUBLE"},
    "Int32": {"INTEGER", "BIGINT", "HUGEINT", "DOUBLE"},
    "Int64": {"BIGINT", "HUGEINT"},
    "Float32": {"FLOAT", "DOUBLE"},
    "Float64": {"DOUBLE"},
    "Date32": {"DATE"},
    "Utf8": {"VARCHAR"},
    "LargeUtf8": {"VARCHAR"},
    "Binary": {"BLOB"},
    "LargeBinary": {"BLOB"},
}
_DECIMAL = re.compile(r"(?:Decimal128|DECIMAL)\((\d+), ?(\d+)\)")


def bad_rows(
    insert: Insert, target: Target, main: Any, other: Any, table: _core.Collected
) -> dict[int, SqlError] | None:
    """The rows that DuckDB would refuse, by their numbers; None where that is not known.

    main: the cursor of the changes, on which nothing may fail. other: a cursor for what may.
    """
    items, rows = insert.fitted(table)
    if _any_value_will_do(target, items, table):
        values = {column.name.lower(): item for column, item in zip(target.columns, _given(items), strict=True)}
        if not _may_be_there(main, insert, target, values, rows) and not _may_be_alone(main, target, values, rows):
            return {}
    bad: dict[int, SqlError] = {}
    columns = target.columns
    if not columns:
        return bad
    try:
        wide = table.widened() or table
        with other.given(wide) as array:
            if insert.plain:
                _cannot_be_cast(other, array, columns, bad)
            if insert.items != insert.plain:
                if not _cannot_be_made(other, array, columns, table.num_rows(), bad):
                    return None
            casts = ", ".join(f"{column.cast} AS v{n}" for n, column in enumerate(columns))
            made = _core.collect(other.sql(f'SELECT "0", {casts} FROM {array}{but(bad)}'))
        with other.given(made) as values_of:
            _conditions(other, values_of, target, bad)
    except (SqlError, duckdb.InterruptException):
        raise
    except Exception:
        return None
    _parents(main, made, target, bad)
    _keys(main, made, insert, target, bad)
    return bad


def _given(items: list[str]) -> list[str]:
    return [item for item in items if item != "DEFAULT"]


def _any_value_will_do(target: Target, items: list[str], rows: _core.Collected) -> bool:
    """None of the rows can be refused but for a key."""
    given = _given(items)
    if target.checks or len(given) != len(target.columns):
        return False
    kinds, nulls = [kind for _, kind, _ in rows.fields()], rows.null_counts()
    for item, column in zip(given, target.columns, strict=True):
        marker = _MARKER.fullmatch(item)
        if marker is None:
            return False
        kind, missing = kinds[int(marker[1])], nulls[int(marker[1])]
        if column.required and missing or not _takes(column.type, kind):
            return False
    return True


def _takes(column: str, kind: str) -> bool:
    """A column takes any value of an Arrow type."""
    ours, its = _DECIMAL.fullmatch(kind), _DECIMAL.fullmatch(column)
    if ours and its:
        digits, scale, wide, long = int(ours[1]), int(ours[2]), int(its[1]), int(its[2])
        return long >= scale and wide - long >= digits - scale
    if kind.startswith("Timestamp(µs)") or kind == "Timestamp(Microsecond, None)":
        return column == "TIMESTAMP"
    return column in _SAFE.get(kind, ())


def _may_be_there(main: Any, insert: Insert, target: Target, values: dict[str, str], rows: _core.Collected) -> bool:
    """A row has a key that another one has, here or in the table."""
    kinds = {column.name.lower(): column.type for column in target.columns}
    for key in target.keys:
        if not all(part.column in values for part in key):
            continue
        of = [part.of(f"v.{values[part.column]}") for part in key]
        same = _same(key, kinds, of)
        there = " AND ".join(f"{value} IS NOT NULL" for value in of)
        with main.given(rows) as array:
            counts = f"SELECT count(*), count(DISTINCT ({', '.join(of)})) FROM {array} AS v WHERE {there}"
            [(count, different)] = main.execute(counts).fetchall()
            found = f"SELECT 1 FROM {array} AS v WHERE EXISTS (SELECT 1 FROM {insert.name} AS t WHERE {same}) LIMIT 1"
            if count != different or main.execute(found).fetchall():
                return True
    return False


def _may_be_alone(main: Any, target: Target, values: dict[str, str], rows: _core.Collected) -> bool:
    """A row refers to one that is not there."""
    for foreign in target.foreign:
        if all(name in values for name in foreign.columns):
            with main.given(rows) as array:
                alone = _alone(foreign, [f"v.{values[name]}" for name in foreign.columns])
                if main.execute(f"SELECT 1 FROM {array} AS v WHERE {alone} LIMIT 1").fetchall():
                    return True
    return False


def _alone(foreign: Foreign, values: list[str]) -> str:
    """The condition that values refer to nothing."""
    there = " AND ".join(f"{value} IS NOT NULL" for value in values)
    same = " AND ".join(f"t.{quoted(name)} = {value}" for name, value in zip(foreign.of, values, strict=True))
    return f"{there} AND NOT EXISTS (SELECT 1 FROM {foreign.table} AS t WHERE {same})"


def _cannot_be_cast(other: Any, array: str, columns: list[Column], bad: dict[int, SqlError]) -> None:
    for column in columns:
        look()
        cast = f"TRY_CAST({column.of} AS {column.type})"
        found = other.execute(f'SELECT "0" FROM {array} WHERE {column.of} IS NOT NULL AND {cast} IS NULL')
        for (row,) in found.fetchall():
            look()
            if row not in bad:
                why = _why(other, array, [f"CAST({column.of} AS {column.type})"], row, row)
                bad[row] = why or _NOT_CAST


def _cannot_be_made(other: Any, array: str, columns: list[Column], rows: int, bad: dict[int, SqlError]) -> bool:
    """Looks for the rows by halves; whether all are found."""
    made, spans, found = [column.cast for column in columns], [(0, rows - 1)], 0
    while spans:
        look()
        first, last = spans.pop()
        error = _why(other, array, made, first, last, bad)
        if error is not None and first == last:
            bad[first] = error
            found += 1
            if found > _FOUND:
                return False
        elif error is not None:
            half = (first + last) // 2
            spans += [(half + 1, last), (first, half)]
    return True


def _why(
    other: Any, array: str, made: list[str], first: int, last: int, bad: dict[int, SqlError] | None = None
) -> SqlError | None:
    """The rows that fail."""
    rows = f'"0" BETWEEN {first} AND {last}'
    try:
        other.execute(f"SELECT {', '.join(made)} FROM (FROM {array}{but(bad or {})}) WHERE {rows}").fetchall()
    except duckdb.InterruptException:
        raise
    except Exception as e:
        return errors.translate(str(e))
    return None


def _conditions(other: Any, values: str, target: Target, bad: dict[int, SqlError]) -> None:
    for n, column in enumerate(target.columns):
        if column.required:
            for (row,) in other.execute(f'SELECT "0" FROM {values} WHERE v{n} IS NULL').fetchall():
                bad.setdefault(row, SqlError(-407, "23502", column.name))
    named = ", ".join(f"v{n} AS {quoted(column.name)}" for n, column in enumerate(target.columns))
    for check in target.checks:
        # It fails where it is about columns that get no values here.
        sql = f'SELECT "0" FROM (SELECT "0", {named} FROM {values}) WHERE NOT ({check})'
        for (row,) in other.execute(sql).fetchall():
            bad.setdefault(row, SqlError(-545, "23513", check[:60]))


def _parents(main: Any, made: _core.Collected, target: Target, bad: dict[int, SqlError]) -> None:
    value = {column.name.lower(): f"v.v{n}" for n, column in enumerate(target.columns)}
    for foreign in target.foreign:
        if all(name in value for name in foreign.columns):
            with main.given(made) as values:
                alone = _alone(foreign, [value[name] for name in foreign.columns])
                for (row,) in main.execute(f'SELECT "0" FROM {values} AS v WHERE {alone}').fetchall():
                    bad.setdefault(row, SqlError(-530, "23503", ", ".join(foreign.columns).upper()))


def _keys(main: Any, made: _core.Collected, insert: Insert, target: Target, bad: dict[int, SqlError]) -> None:
    """Goes through the rows in order: a row that is bad takes no key."""
    value = {column.name.lower(): f"v{n}" for n, column in enumerate(target.columns)}
    kinds = {column.name.lower(): column.type for column in target.columns}
    keys = [key for key in target.keys if all(part.column in value for part in key)]
    if not keys:
        return
    taken = []
    # Rows with the same key have the same number: a value of Python's may be less than one of DuckDB's.
    wanted = []
    for key in keys:
        of = [part.of(value[part.column]) for part in key]
        taken.append(f"EXISTS (SELECT 1 FROM {insert.name} AS t WHERE {_same(key, kinds, of)})")
        whole = " AND ".join(f"{one} IS NOT NULL" for one in of)
        wanted.append(f"CASE WHEN {whole} THEN dense_rank() OVER (ORDER BY {', '.join(of)}) END")
    with main.given(made) as values:
        sql = f'SELECT "0", {" OR ".join(taken)}, {", ".join(wanted)} FROM {values} ORDER BY "0"'
        found = main.execute(sql).fetchall()
    seen: list[set[int | None]] = [set() for _ in keys]
    for row, there, *parts in found:
        if row in bad:
            continue
        if there or any(part in taken for part, taken in zip(parts, seen, strict=True)):
            bad[row] = SqlError(-803, "23505", "1", insert.parts[-1])
            continue
        for part, numbers in zip(parts, seen, strict=True):
            if part is not None:
                numbers.add(part)


def _same(key: Sequence[KeyPart], kinds: Mapping[str, str], values: Sequence[str]) -> str:
    """A key of the table, t, has these values, as an index compares them: letter by letter."""
    parts = []
    for part, value in zip(key, values, strict=True):
        letters = ' COLLATE "binary"' if kinds[part.column] == "VARCHAR" else ""
        column = f"t.{quoted(part.column)}{letters}"
        parts.append(f"{part.of(column) if part.trimmed else f'({column})'} = {value}")
    return " AND ".join(parts)
