"""The objects of DuckDB, for the catalog's views and procedures, by which drivers ask (JDBC's getTables and so on)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drdarrow.server import columns, numbering, spelling, types
from drdarrow.server.change_times import KEY
from drdarrow.server.columns import Facts
from drdarrow.server.engine import Constraint, Described, Index, Objects, SequenceInfo, SqlError, Table
from drdarrow.server.kept import SCHEMA
from drdarrow.server.procedures import listing
from drdarrow.server.remembered import Labels, Memory, TableMemory
from drdarrow.server.schemas import MAIN

__all__ = ["check", "objects", "parameter"]

_HERE = f"database_name = current_database() AND schema_name <> '{SCHEMA}'"
_TABLES = f"""
SELECT schema_name, table_name, 'TABLE', comment, estimated_size, NULL, table_oid
FROM duckdb_tables() WHERE NOT internal AND {_HERE}
UNION ALL
SELECT schema_name, view_name, 'VIEW', comment, NULL, sql, view_oid
FROM duckdb_views() WHERE NOT internal AND {_HERE}
ORDER BY ALL
"""
_COLUMNS = f"""
SELECT schema_name, table_name, column_name, data_type, is_nullable, column_default, comment
FROM duckdb_columns() WHERE NOT internal AND {_HERE}
ORDER BY schema_name, table_name, column_index
"""
_KEYS = f"""
SELECT schema_name, table_name, constraint_type, constraint_name, constraint_column_names, expression,
    referenced_table, referenced_column_names
FROM duckdb_constraints() WHERE constraint_type <> 'NOT NULL' AND {_HERE}
ORDER BY schema_name, table_name, constraint_index
"""
_INDEXES = f"""
SELECT schema_name, table_name, index_name, is_unique, expressions
FROM duckdb_indexes() WHERE {_HERE} AND NOT starts_with(index_name, 'drdarrow_')
ORDER BY ALL
"""
_SEQUENCES = f"""
SELECT schema_name, sequence_name, start_value, increment_by, min_value, max_value, "cycle"
FROM duckdb_sequences() WHERE NOT temporary AND {_HERE} AND NOT starts_with(sequence_name, 'drdarrow_')
ORDER BY ALL
"""
_SCHEMAS = f"SELECT schema_name FROM duckdb_schemas() WHERE NOT internal AND {_HERE} ORDER BY ALL"
#: These statements as DuckDB has read them, by their texts.
_READ: dict[str, Any] = {}

_Name = tuple[str, str]


def parameter(name: str, duck: str) -> Described:
    """A parameter of DuckDB's type; text for a type that Db2 has not, which DuckDB reads."""
    try:
        return types.describe(name, duck)
    except SqlError:
        return name, "Utf8", {}


def objects(cursor: Any, known: Facts, memory: Memory, main: str) -> Objects:
    """The tables, views, sequences and schemas; names that were not made in quotes are in upper case, and need none. A
    column of a type that Db2 has not is listed as text. main: the client's name for DuckDB's schema of this name."""

    def called(schema: str) -> str:
        name = spelling.shown(memory.names, spelling.SCHEMA, "", schema)
        return main if name == MAIN else name

    rows: dict[_Name, list[Any]] = {}
    for schema, table, *column in _rows(cursor, _COLUMNS):
        rows.setdefault((schema, table), []).append(column)
    keys: dict[_Name, list[Any]] = {}
    for schema, table, *key in _rows(cursor, _KEYS):
        keys.setdefault((schema, table), []).append(key)
    indexes: dict[_Name, list[Index]] = {}
    for schema, table, name, unique, expressions in _rows(cursor, _INDEXES):
        parts = memory.indexes.get((schema.upper(), name.upper())) or _parts(expressions)
        shown = spelling.shown(memory.names, spelling.INDEX, schema, name)
        indexes.setdefault((schema, table), []).append(Index(shown, unique, parts))
    found = []
    for schema, table, kind, comment, size, sql, _ in _rows(cursor, _TABLES):
        name = schema.upper(), table.upper()
        of, noted = rows.get((schema, table), []), memory.tables.get(name, TableMemory())
        plain = [row[0] for row in of]
        facts = _facts(f"{name[0]}.{name[1]}", table.upper(), sql, plain, known)
        titles = _titles(noted.text, plain, facts)
        found.append(
            Table(
                called(schema),
                spelling.shown(memory.names, spelling.TABLE, schema, table),
                kind,
                [_column(row, facts, noted, title) for row, title in zip(of, titles, strict=True)],
                [n for n, (_, _, nullable, *_) in enumerate(of) if not nullable],
                _constraints(called(schema).upper(), keys.get((schema, table), []), noted),
                indexes.get((schema, table), []),
                comment=noted.comment or comment,
                label=noted.label,
                rows=size,
                text=noted.text or sql,
            )
        )
    sequences = [
        SequenceInfo(
            called(schema),
            spelling.shown(memory.names, spelling.SEQUENCE, schema, name),
            *_numbers(
                rest, known.get(numbering.key(f"{schema}.{name}"), known.get(numbering.key(name), {})).get("", {})
            ),
        )
        for schema, name, *rest in _rows(cursor, _SEQUENCES)
    ]
    schemas = _rows(cursor, _SCHEMAS)
    return Objects(
        _agreeing(found),
        sequences,
        [called(schema) for (schema,) in schemas],
        [
            made._replace(schema=main if made.schema == MAIN else made.schema)
            for made in listing.procedures(cursor, memory.procedures)
        ],
    )


def _numbers(of: list[Any], about: Mapping[str, str]) -> list[Any]:
    """The numbers of a sequence. of: those that DuckDB knows; about: what its definition said."""
    found = [int(about["drda:start"]) if "drda:start" in about else of[0], *of[1:], about.get("drda:type", "BIGINT")]
    return [*found, int(about.get("drda:cache", 0)), about.get("drda:ordered") == "true"]


def _rows(cursor: Any, sql: str) -> list[Any]:
    """The rows of one of the statements above."""
    return cursor.execute_again(sql, None, _READ).fetchall()  # type: ignore[no-any-return]


def _agreeing(tables: list[Table]) -> list[Table]:
    """The tables, their keys and indexes with the names that tables and columns have."""
    known = {(table.schema.upper(), table.name.upper()): table for table in tables}
    named = {key: {column.upper(): column for column, *_ in table.columns} for key, table in known.items()}
    found = []
    for key, table in known.items():
        of = named[key]
        constraints = []
        for rule in table.constraints:
            parent = rule.parent
            if parent is not None and (there := known.get(parent[:2])) is not None:
                theirs = [named[parent[:2]].get(column, column) for column in parent[2]]
                parent = (there.schema, there.name, theirs)
            columns = [of.get(column, column) for column in rule.columns]
            constraints.append(rule._replace(columns=columns, parent=parent))
        indexes = [
            index._replace(columns=[(of.get(column, column), high) for column, high in index.columns])
            for index in table.indexes
        ]
        found.append(table._replace(constraints=constraints, indexes=indexes))
    return found


def _titles(said: str | None, plain: list[str], facts: Mapping[str, Mapping[str, str]]) -> list[str]:
    """The names of a table's columns. said: the statement that made a view."""
    abouts = [facts.get(column.upper(), {}) for column in plain]
    if said is not None:
        return spelling.of_view(said, plain, abouts)
    return [columns.spelled(column.upper(), about) for column, about in zip(plain, abouts, strict=True)]


def check(cursor: Any, made: Labels) -> None:
    """Raises SqlError -204 for labels of a table that is not there, -206 for those of a column."""
    schema, table = made.table
    rows = cursor.execute(
        f"SELECT upper(column_name) FROM duckdb_columns() WHERE {_HERE} AND upper(table_name) = ? "
        "AND upper(schema_name) = coalesce(?, upper(current_schema()))",
        [table, schema],
    ).fetchall()
    if not rows:
        raise SqlError(-204, "42704", f"{schema}.{table}" if schema else table)
    for column, _, _ in made.texts:
        if column is not None and (column,) not in rows:
            raise SqlError(-206, "42703", column)


def _facts(full: str, name: str, sql: str | None, names: list[str], known: Facts) -> Mapping[str, Mapping[str, str]]:
    """The facts about the columns of a table; those of a view are those of the columns that it shows."""
    about = known.get(full, known.get(name, {}))
    if sql is None or about.keys() == {column.upper() for column in names}:
        return about
    query = sql[sql.upper().find(" AS ") + 4 :]
    try:
        return dict(zip((n.upper() for n in names), columns.facts(query.rstrip(";"), names, known), strict=True))
    except SqlError as e:
        # One too long to be read.
        if e.sqlcode != -101:
            raise
        return {}


def _column(row: Any, facts: Mapping[str, Mapping[str, str]], noted: TableMemory, title: str) -> Described:
    """A column with all that is known of it."""
    column, duck, _, default, comment = row
    name = column.upper()
    _, arrow, metadata = parameter(name, duck)
    told = {**metadata, **types.fitting(duck, dict(facts.get(name, {})))}
    for key, value in (("drda:default", default), ("drda:comment", comment)):
        if value is not None:
            told[key] = value
    told.pop("drda:name", None)
    if (changed := facts.get(name, {}).get(KEY)) is not None:
        told[KEY] = changed
        told.pop("drda:default", None)
    return title, arrow, {**told, **noted.columns.get(name, {})}


def _constraints(schema: str, rows: list[Any], noted: TableMemory) -> list[Constraint]:
    """The constraints of a table, by the names that they were given."""
    found = []
    checks = [row for row in rows if row[0] == "CHECK"]
    # In the order in which they were written, where all of them are remembered.
    said = noted.checks if len(noted.checks) == len(checks) else [("", "")] * len(checks)
    texts = iter(said)
    for rule, name, names, expression, parent, parent_columns in rows:
        of = [column.upper() for column in names]
        if rule == "CHECK":
            given, text = next(texts)
            found.append(Constraint(given or name.upper(), rule, [], text=text or expression))
        elif rule == "FOREIGN KEY":
            about = (schema, parent.upper(), [column.upper() for column in parent_columns])
            found.append(Constraint(noted.keys.get((rule, tuple(of)), name.upper()), rule, of, about))
        else:
            found.append(Constraint(noted.keys.get((rule, tuple(of)), name.upper()), rule, of))
    return found


def _parts(expressions: str) -> list[tuple[str, bool]]:
    """The columns of an index of which nothing is remembered, from DuckDB's text: `[A, '"my col"']`."""
    parts = expressions.strip("[]").split(", ")
    return [(part.strip("'\"").replace('\\"', '"').upper(), False) for part in parts]
