"""A statement for DuckDB described before it runs: its columns and its markers, as Db2 has them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from drdarrow.server import (
    catalog,
    change_times,
    columns,
    drawn,
    edits,
    foreign_keys,
    guard,
    markers,
    meaning,
    schemas,
    sizes,
    storing,
    there,
    types,
)
from drdarrow.server.columns import Facts
from drdarrow.server.cursors import Cursor
from drdarrow.server.ddl import Change
from drdarrow.server.dialect import Translated
from drdarrow.server.engine import Described, SqlError
from drdarrow.server.rules import apply
from drdarrow.server.rules.kinds import of_duck
from drdarrow.server.rules.product import Product
from drdarrow.server.statement import Statement

__all__ = ["Description", "Rules", "aggregates", "describe"]

#: Markers that a description can count; a persona may have fewer.
_MARKERS = 65_535
#: Columns that are NOT NULL in every table of a name: that of a connection may hide another.
_REQUIRED = """
SELECT upper(column_name) FROM duckdb_columns() WHERE upper(schema_name) = ? AND upper(table_name) = ?
GROUP BY 1 HAVING NOT bool_or(is_nullable)
"""
#: Kinds of statements that DuckDB is asked to understand before they run.
_BOUND = ("INSERT", "UPDATE", "DELETE", "MERGE_INTO", "CREATE", "ALTER", "DROP")
#: The type of a bare NULL.
_NULL = {'"NULL"', "NULL"}

#: The statement, its columns or None where it has none, its markers.
Description = tuple[Statement, list[Described] | None, list[Described]]


@dataclass(frozen=True)
class Rules:
    """The rules for the statements of an engine: see `DuckEngine`. aggregates: names of functions."""

    guarded: bool
    read_only: bool
    product: Product
    aggregates: frozenset[str]


def aggregates(source: Any) -> frozenset[str]:
    """The functions that make one value of many rows."""
    cursor = source.cursor()
    try:
        rows = cursor.execute(
            "SELECT DISTINCT lower(function_name) FROM duckdb_functions() WHERE function_type = 'aggregate'"
        ).fetchall()
    finally:
        cursor.close()
    return frozenset(name for (name,) in rows)


def describe(cursor: Cursor, apart: bool, translated: Translated, known: Facts, rules: Rules) -> Description:
    """Describes a statement on a cursor. apart: nothing is lost there when it fails.

    Raises SqlError and DuckDB's errors.
    """
    if translated.derived is not None:
        _, query, _ = describe(cursor, apart, Translated(translated.of), known, rules)
        translated.declared |= translated.derived.declared(query or ())
    grows = rules.guarded and sizes.check(translated.sql, cursor)
    try:
        text, made = apply.apply(translated.sql, rules.product, known, partial(_columns_of, cursor))
    except SqlError as e:
        # A statement that is not for clients is told so first.
        if rules.guarded and e.sqlcode == -270:
            guard.check(translated.sql, cursor.extract_statements(translated.sql)[0].type.name, rules.read_only)
        raise
    text = drawn.once(text)
    parsed = cursor.extract_statements(text)
    if len(parsed) != 1:
        raise SqlError(-104, "42601", ";", "", "")
    kind = parsed[0].type.name
    if kind == "MULTI" and edits.Statement(text).upper(0) == "ALTER":
        # Of a column with a default that is NOT NULL.
        kind = "ALTER"
    if kind == "TRANSACTION":
        raise SqlError(-84, "42612")
    if rules.guarded:
        guard.check(text, kind, rules.read_only)
        grows = grows or kind in ("CREATE", "ALTER")
    guard.check_runs_nothing(text, kind)
    # What fails when it runs ends DuckDB's transaction.
    if kind in ("CREATE", "ALTER"):
        foreign_keys.check(cursor, text, translated.declared, known)
    if kind == "CREATE":
        there.check_name(cursor, text)
    elif kind == "INSERT":
        there.check_values(cursor, text)
    elif kind in ("ALTER", "DROP") and (table := _table_of(text)):
        names = [name.upper() for name, _ in _columns_of(cursor, f"FROM {table}")]
        there.check_columns(translated.changes if "IF" not in map(str.upper, text.split()) else (), names)
        if kind == "ALTER":
            alter = edits.Statement(text)
            there.check_altered(alter, storing.name_at(alter, 2)[1], table, names)
    elif kind == "DROP":
        there.check_schema(cursor, text)
    markers_of = parsed[0].named_parameters
    if len(markers_of) > _MARKERS:
        raise SqlError(-101, "54001", f"{len(markers_of)} parameter markers; no description holds more than {_MARKERS}")
    made_first = schemas.named(cursor, translated.sql, rules.product) if kind == "CREATE" else []
    # What it needs may be made just before it.
    bound = kind in _BOUND and not made_first and not translated.first or kind == "SELECT" and bool(drawn.draws(text))
    ducks = _markers(cursor, apart, text, markers_of, bound)
    parameters = _parameters(text, ducks, known, translated.casts)
    run = meaning.apply(text, known, translated.declared, rules.product, rules.aggregates, translated.overriding)
    run.first = made_first + translated.first + run.first
    if ducks and kind in ("INSERT", "UPDATE"):
        stored = ((n, of_duck(ducks[n])) for n in storing.assigned(edits.Statement(text)))
        run.scales = {n: column.scale for n, column in stored if column is not None and column.exact}
    run.then += translated.then + _sequences_of(translated.changes, known)
    declared = {**translated.declared, **translated.numbered}
    statement = Statement(run, kind, declared=declared, changes=translated.changes, text=text, grows=grows)
    statement.emptied, statement.undone = translated.emptied, translated.undone
    statement.dated = change_times.dates(run.sql, known, statement.target)
    statement.draws = drawn.draws(run.sql)
    if kind == "INSERT" and (own := meaning.identity_of(text, known)) is not None:
        statement.draws, statement.own = [*statement.draws, own[0]], own[0] if own[1] else ""
    outcomes = {kind.name for kind in parsed[0].expected_result_type}
    if "QUERY_RESULT" not in outcomes or "CHANGED_ROWS" in outcomes:
        return statement, None, parameters
    relation = cursor.sql(drawn.undrawn(text), params=[None] * len(ducks) or None)
    if relation is None:
        return statement, None, parameters
    statement.types = [str(kind) for kind in relation.types]
    if ducks and _NULL & set(statement.types):
        # With values there are types.
        statement.types = _types(cursor, apart, text, ducks, statement.types)
    titles = columns.names(text, relation.columns, known)
    described: list[Described] = []
    origins = columns.origins(text, relation.columns, known)
    abouts = [known[origin[0]][origin[1]] if origin else {} for origin in origins]
    places = _places(cursor, origins)
    required = _required(cursor, places) if columns.keeps_rows(text) else {}
    kinds = [of for _, of in made] if made is not None and len(made) == len(titles) else [None] * len(titles)
    for name, duck, about, of, place in zip(titles, statement.types, abouts, kinds, places, strict=True):
        if not about and of is not None:
            about = of.about
        name = columns.spelled(name, about)
        _, arrow, metadata = types.describe(name, duck)
        told = {"drda:required": "true"} if place.get("drda:column") in required.get(_table(place), ()) else {}
        described.append((name, arrow, {**metadata, **types.fitting(duck, about), **place, **told}))
    return statement, described, parameters


def _table_of(text: str) -> str:
    """The name in a DROP TABLE or an ALTER TABLE that has to be there."""
    of = edits.Statement(text)
    if of.upper(1) != "TABLE" or of.upper(2) == "IF":
        return ""
    return of.text((2, storing.name_at(of, 2)[1]))


def _columns_of(cursor: Cursor, of: str) -> list[tuple[str, str]]:
    """The columns of `FROM ...` as DuckDB has them."""
    text = f"SELECT * {of} LIMIT 0"
    guard.check(text, "SELECT")
    relation = cursor.sql(text)
    return list(zip(relation.columns, map(str, relation.types), strict=True))


def _sequences_of(changes: Sequence[Change], known: Facts) -> list[str]:
    """The statements that drop the sequences of identity columns whose table goes."""
    tables = (known.get(change.table, {}) for change in changes if change.what == "drop")
    names = (about.get("drda:sequence") for table in tables for about in table.values())
    return [f"DROP SEQUENCE IF EXISTS {name}" for name in names if name]


def _places(cursor: Cursor, origins: Sequence[columns.Origin | None]) -> list[dict[str, str]]:
    """Schema, table and column of each column of a result that is one."""
    schema = ""
    if any(origin and "." not in origin[0] for origin in origins):
        [(schema,)] = cursor.execute("SELECT upper(current_schema())").fetchall()
    places: list[dict[str, str]] = []
    for origin in origins:
        if origin is None:
            places.append({})
            continue
        told, _, table = origin[0].rpartition(".")
        places.append({"drda:schema": told or schema, "drda:table": table, "drda:column": origin[1]})
    return places


def _required(cursor: Cursor, places: Sequence[dict[str, str]]) -> dict[tuple[str, str], set[str]]:
    """The columns of each table that are NOT NULL, by schema and table."""
    found: dict[tuple[str, str], set[str]] = {}
    for place in places:
        if place and (table := _table(place)) not in found:
            found[table] = {column for (column,) in cursor.execute(_REQUIRED, list(table)).fetchall()}
    return found


def _table(place: dict[str, str]) -> tuple[str, str]:
    return place.get("drda:schema", ""), place.get("drda:table", "")


def _markers(cursor: Cursor, apart: bool, text: str, names: set[str], changes: bool) -> list[str]:
    """The types of the markers as far as DuckDB finds them out; VARCHAR where it does not. changes: the statement is
    no query."""
    if sorted(names, key=lambda name: (len(name), name)) != [str(n) for n in range(1, len(names) + 1)]:
        raise SqlError(-104, "42601", ":", "", "?")
    bind = cursor.bind
    if bind is None or not names and not changes:
        return ["VARCHAR"] * len(names)
    # What it names and is not there is told now.
    found = {name: str(kind) for name, kind in bind(text)[2]}
    if "UNKNOWN" in found.values() and apart and (other := columns.settled(text)) is not None:
        with suppress(Exception):
            found |= {name: str(kind) for name, kind in bind(other)[2] if found[name] == "UNKNOWN"}
    types_found = [found.get(str(n), "UNKNOWN") for n in range(1, len(names) + 1)]
    return ["VARCHAR" if duck == "UNKNOWN" or duck in _NULL else duck for duck in types_found]


def _parameters(text: str, ducks: Sequence[str], tables: Facts, casts: markers.Casts) -> list[Described]:
    """The markers, each as the type that it is cast to, or as the column that it goes into or is compared with."""
    known = markers.targets(text, tables) if ducks else {}
    known |= {n: about for n, (_, about) in casts.items()}
    parameters = []
    for n, duck in enumerate(ducks, 1):
        # Within other expressions DuckDB does not find it out.
        duck = (casts[n][0] if duck == "VARCHAR" and n in casts else "") or duck
        if known.get(n, {}).get("drda:type") == "DECFLOAT" and duck in ("DOUBLE", "VARCHAR"):
            # As text, so that no driver rounds it.
            parameters.append((str(n), "Utf8", known[n]))
            continue
        name, arrow, metadata = catalog.parameter(str(n), duck)
        parameters.append((name, arrow, {**metadata, **types.fitting(duck, known.get(n, {}))}))
    return parameters


def _types(cursor: Cursor, apart: bool, text: str, ducks: list[str], types_now: list[str]) -> list[str]:
    """The types of a result whose markers have values."""
    other = columns.typed(text, ducks) if apart else None
    if other is not None:
        with suppress(Exception):
            types_now = [str(kind) for kind in cursor.sql(other).types]
    return ["VARCHAR" if duck in _NULL else duck for duck in types_now]
