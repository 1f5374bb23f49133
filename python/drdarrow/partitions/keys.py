"""Division by the values of columns: even ranges, quantiles, remainders."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from drdarrow.conditions import Condition
from drdarrow.exceptions import DataError, NotSupportedError, ProgrammingError
from drdarrow.partitions import estimates, ways
from drdarrow.partitions.asking import Asking, Catalog, Done, Fetched
from drdarrow.partitions.division import DeclinedError, Division, Facts
from drdarrow.partitions.relation import Relation, quoted

__all__ = ["Key", "Kind", "by_keys", "by_remainders", "described", "indexed", "named", "rows_of"]

_INTEGERS = ("SMALLINT", "INTEGER", "BIGINT")
_NUMBERS = (*_INTEGERS, "DECIMAL", "NUMERIC")
_TEXTS = ("CHAR", "VARCHAR", "GRAPHIC", "VARGRAPHIC")
#: Types whose values have the same order on both sides, or one that the server tells; the first are divided best.
_KINDS = (*_NUMBERS, "DATE", "TIMESTAMP", *_TEXTS, "CHAR FOR BIT DATA", "VARCHAR FOR BIT DATA", "BINARY", "VARBINARY")
#: Up to so many numbers for each row, no range of a unique key has more than so many times its share.
_SPARSE = 3
#: Columns of a key that are compared.
_MOST = 3


@dataclass(frozen=True)
class Kind:
    """The type of a column, and whether it may be NULL."""

    type: str
    nullable: bool


@dataclass(frozen=True)
class Key:
    """Columns that rows are divided by, in the order of an index."""

    columns: tuple[str, ...]
    #: No two rows have equal values.
    unique: bool
    #: The name of the index or constraint; empty where the columns were named.
    name: str = ""


def described(relation: Relation) -> Asking[dict[str, Kind]]:
    """The columns by name."""
    told = yield Done(relation.asked("*", Condition("1 = 0")))
    return {
        column[0]: Kind(_sql_type(column[1]), bool(column[6]) and column[0] not in relation.required) for column in told
    }


def _sql_type(code: str) -> str:
    """The SQL type of a type code, which some have in parentheses: BINARY(VARBINARY)."""
    general, _, own = code.partition("(")
    return own.rstrip(")") if general in ("TEXT", "BINARY") and own else code


def named(names: Sequence[str], kinds: Mapping[str, Kind]) -> Key:
    """The key of columns that somebody named."""
    spelled = tuple(name if name in kinds else name.upper() for name in names)
    for given, name in zip(names, spelled, strict=True):
        if name not in kinds:
            raise ProgrammingError(f"on: there is no column {given!r}", sqlstate="42703", column=given)
        if kinds[name].type not in _KINDS:
            known = ", ".join(_KINDS)
            raise NotSupportedError(
                f"on: rows are not divided by {given!r}, a {kinds[name].type}: the types are {known}", column=given
            )
        if len(names) > 1 and kinds[name].nullable:
            raise NotSupportedError(f"on: {given!r} may be NULL, which a key of several columns must not", column=given)
    return Key(spelled, unique=False)


def indexed(relation: Relation, kinds: Mapping[str, Kind]) -> Asking[list[Key]]:
    """The keys and indexes of a table, those first that divide best."""
    constraints = yield Catalog("keys", (relation.known,))
    indexes = yield Catalog("indexes", (relation.known,))
    found = [*_constraints(constraints), *_indexes(indexes)]

    def order(key: Key) -> tuple[bool, int, bool, int, str]:
        whole = key.unique and len(key.columns) == 1
        return not whole, _KINDS.index(kinds[key.columns[0]].type), not key.unique, len(key.columns), key.name

    usable = [key for key in found if key.columns[0] in kinds and kinds[key.columns[0]].type in _KINDS]
    return sorted(usable, key=order)


def _constraints(rows: Iterable[Any]) -> Iterator[Key]:
    by_name: dict[str, list[Any]] = {}
    for row in rows:
        if row.kind in ("PRIMARY KEY", "UNIQUE"):
            by_name.setdefault(row.name, []).append(row)
    for name, columns in by_name.items():
        columns.sort(key=lambda row: row.position)
        yield Key(tuple(row.column for row in columns), unique=True, name=name)


def _indexes(rows: Iterable[Any]) -> Iterator[Key]:
    by_name: dict[tuple[str, str], list[Any]] = {}
    for row in rows:
        # A column that is only included has no order.
        if row.order is not None:
            by_name.setdefault((row.index_schema, row.name), []).append(row)
    for (_, name), columns in by_name.items():
        columns.sort(key=lambda row: row.position)
        yield Key(tuple(row.column for row in columns), unique=columns[0].unique, name=name)


def rows_of(relation: Relation, facts: Facts) -> Asking[int]:
    """How many rows there are; counted where the catalog does not tell."""
    if not facts.rows:
        told = yield Fetched(relation.asked(facts.counting))
        facts.rows, facts.counted = int(told[0][0]), True
    return facts.rows


def by_keys(
    relation: Relation, key: Key, kinds: Mapping[str, Kind], facts: Facts, count: int, how: str | None
) -> Asking[Division]:
    """Ranges of a key. `how`: "range" for equal distances; for equal numbers of rows "quantiles", or as the catalog has
    them "statistics", or as a sample has them "sampled"; None chooses.

    Raises:
        DeclinedError: its values do not divide the rows.
    """
    lead = key.columns[0]
    kind, of = kinds[lead], f"of {key.name} " if key.name else ""
    whole = key.unique and len(key.columns) == 1 and kind.type in _INTEGERS
    if how == "range" and kind.type not in (*_NUMBERS, "DATE", "TIMESTAMP"):
        raise DeclinedError(f"{lead} is {kind.type}, whose values have no distances: quantiles divide it")
    if how == "range" or (how is None and whole):
        name = quoted(lead)
        least, most = (yield Fetched(relation.asked(f"MIN({name}), MAX({name})")))[0]
        if least is None:
            return _one("there are no values of a key")
        rows = yield from rows_of(relation, facts)
        if how == "range" or most - least < _SPARSE * rows:
            bounds = [(bound,) for bound in ways.even(least, most, count)]
            why = f"{lead} {of}has {least} to {most}"
            return _ranges(key.columns[:1], bounds, kind, facts, f"{why}, about {rows} rows", "range")
    if how in ("statistics", "sampled"):
        return (yield from _estimated(relation, key, kinds, facts, count, how))
    if how is None and (facts.rows or 0) >= estimates.ENOUGH:
        for cheap in ("statistics", "sampled"):
            try:
                found = yield from _estimated(relation, key, kinds, facts, count, cheap)
            except DeclinedError:
                continue
            if 2 * len(found.conditions) > count:
                return found
    bounds = yield from _quantiles(relation, key.columns[:1], kinds, facts, count)
    columns = key.columns[:1]
    for more in range(2, min(len(key.columns), _MOST) + 1):
        # Few values, each of many rows: the next columns divide those.
        usable = all(kinds[c].type in _KINDS and not kinds[c].nullable for c in key.columns[:more] if c in kinds)
        if len(bounds) >= count - 1 or not usable or not all(c in kinds for c in key.columns[:more]):
            break
        finer = yield from _quantiles(relation, key.columns[:more], kinds, facts, count)
        if len(finer) > len(bounds):
            columns, bounds = key.columns[:more], finer
    why = f"quantiles of {', '.join(columns)} {of}".rstrip()
    return _ranges(columns, bounds, kind, facts, why, "quantiles")


def _estimated(
    relation: Relation, key: Key, kinds: Mapping[str, Kind], facts: Facts, count: int, how: str
) -> Asking[Division]:
    """Ranges with about as many rows each, by the statistics of the catalog or by a sample."""
    columns, kind = key.columns[:1], kinds[key.columns[0]]
    of = f"{columns[0]} of {key.name}" if key.name else columns[0]
    if how == "statistics":
        told = yield from estimates.estimates(relation, columns[0], kind.type, facts)
        bounds = estimates.chosen(told, count)
        if kind.type in _TEXTS:
            bounds = yield from _confirmed(relation, columns, bounds)
        made = _ranges(columns, bounds, kind, facts, f"quantiles of {of}, as the statistics have them", how)
        return replace(made, rows=estimates.shares(told, bounds, facts.rows)) if bounds else made
    rows = yield from rows_of(relation, facts)
    some, which = estimates.sampled(relation, rows, facts, count)
    bounds = yield from _quantiles(relation, columns, kinds, facts, count, some)
    return _ranges(columns, bounds, kind, facts, f"quantiles of {of} in {which}", how)


def _ranges(
    columns: tuple[str, ...], bounds: list[tuple[Any, ...]], kind: Kind, facts: Facts, why: str, plan: str
) -> Division:
    """The division by bounds that ascend."""
    if not bounds:
        return _one(f"{columns[0]} has too few values")
    conditions = ways.ranges([quoted(name) for name in columns], bounds, nulls=kind.nullable)
    return Division(plan, why, conditions, facts.shares(len(conditions)), columns)


def _one(why: str) -> Division:
    return Division("one", why, [Condition("")])


def _quantiles(
    relation: Relation,
    columns: tuple[str, ...],
    kinds: Mapping[str, Kind],
    facts: Facts,
    count: int,
    sample: Relation | None = None,
) -> Asking[list[tuple[Any, ...]]]:
    """Values of keys that divide the rows in parts of equal numbers, ascending; fewer where some are equal. sample: the
    rows whose values they are, where these are not all."""
    listed = ", ".join(map(quoted, columns))
    known = Condition(f"{quoted(columns[0])} IS NOT NULL")
    try:
        found = yield Fetched(_numbered(sample or relation, listed, known, facts, count))
    except (ProgrammingError, NotSupportedError) as e:
        if sample is not None:
            raise DeclinedError(f"the server takes no sample of it: {e}") from None
        found = yield from _skipped(relation, listed, known, facts, count)
    if any(kinds[name].type not in (*_NUMBERS, "DATE", "TIMESTAMP") for name in columns):
        return (yield from _confirmed(relation, columns, [tuple(row) for row in found]))
    bounds: list[tuple[Any, ...]] = []
    for row in found:
        if None in row or not all(isinstance(value, (int, Decimal, dt.date)) for value in row):
            raise DeclinedError(f"a value of {listed} cannot be read as it is")
        # Moments of Python are less fine than some of the server's, and two of them may be one here.
        if bounds and tuple(row) == bounds[-1]:
            continue
        if bounds and tuple(row) < bounds[-1]:
            raise DeclinedError(f"the values of {listed} have another order here than at the server")
        bounds.append(tuple(row))
    return bounds


def _numbered(relation: Relation, listed: str, known: Condition, facts: Facts, count: int) -> Condition:
    """Each key at which a part ends, by the numbers of the rows."""
    # A BIGINT, as the number of a row is.
    whole = f"CAST({facts.counting} OVER () AS BIGINT)"
    numbered = f"{listed}, ROW_NUMBER() OVER (ORDER BY {listed}) AS DRDA_R, {whole} AS DRDA_C"
    inner = relation.asked(numbered, known)
    ends = f"MOD(DRDA_R * {count}, DRDA_C) < {count} AND DRDA_R < DRDA_C"
    return Condition(
        f"SELECT DISTINCT {listed} FROM ({inner.sql}) AS DRDA_N WHERE {ends} ORDER BY {listed}", inner.values
    )


def _skipped(relation: Relation, listed: str, known: Condition, facts: Facts, count: int) -> Asking[list[Any]]:
    """The same of servers that do not number rows in an order."""
    rows = int((yield Fetched(relation.asked(facts.counting, known)))[0][0])
    found = []
    for skip in sorted({rows * n // count - 1 for n in range(1, count)} - {-1, rows - 1}):
        ordered = relation.asked(listed, known)
        text = f"{ordered.sql} ORDER BY {listed} OFFSET {skip} ROWS FETCH NEXT 1 ROWS ONLY"
        found += yield Fetched(Condition(text, ordered.values))
    return found


def _confirmed(
    relation: Relation, columns: tuple[str, ...], found: list[tuple[Any, ...]]
) -> Asking[list[tuple[Any, ...]]]:
    """The bounds in the order of the server, which compares text by rules of its own: those that it finds again as they
    were sent."""
    names = [quoted(name) for name in columns]
    listed = ", ".join(names)
    wanted = _apart(found)
    if not wanted:
        return []
    if any(value is None for row in wanted for value in row):
        raise DeclinedError(f"a value of {listed} cannot be read as it is")
    one = "(" + " AND ".join(f"{name} = ?" for name in names) + ")"
    same = Condition(" OR ".join([one] * len(wanted)), tuple(value for row in wanted for value in row))
    query = relation.asked(listed, same)
    try:
        told = yield Fetched(
            Condition(query.sql.replace("SELECT", "SELECT DISTINCT", 1) + f" ORDER BY {listed}", query.values)
        )
    except DataError as e:
        raise DeclinedError(f"a value of {listed} cannot be sent as it was read: {e}") from None
    if [_trimmed(row) for row in _apart(told)] != [_trimmed(row) for row in wanted]:
        raise DeclinedError(f"values of {listed} are not found again as they were read")
    return wanted


def _apart(rows: Iterable[Sequence[Any]]) -> list[tuple[Any, ...]]:
    """One of each of the rows that are equal, in their order."""
    return list({_trimmed(row): tuple(row) for row in rows}.values())


def _trimmed(row: Sequence[Any]) -> tuple[Any, ...]:
    """Blanks at the end of text count for nothing."""
    return tuple(value.rstrip(" ") if isinstance(value, str) else value for value in row)


def by_remainders(kinds: Mapping[str, Kind], facts: Facts, count: int, key: Key | None) -> Division:
    """By an integer modulo the number of parts: the last resort, since each part reads the whole table."""
    integers = [name for name, kind in kinds.items() if kind.type in _INTEGERS]
    if key is not None:
        if len(key.columns) > 1 or key.columns[0] not in integers:
            raise DeclinedError("remainders are those of one column of integers")
        name = key.columns[0]
    elif integers:
        name = min(integers, key=lambda name: (kinds[name].nullable, integers.index(name)))
    else:
        raise DeclinedError("there is no column of integers to divide by")
    conditions = ways.remainders(quoted(name), count, nulls=kinds[name].nullable)
    why = f"{name} modulo {count}: the server reads all rows for each part"
    return Division("modulo", why, conditions, facts.shares(count), (name,))
