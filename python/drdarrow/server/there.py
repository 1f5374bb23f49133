"""What a definition needs to be there, or not, looked at before it runs: an error that DuckDB raises then ends its
transaction, and one that is found before leaves the changes of the transaction alone, as in Db2."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from drdarrow.server import schemas, storing
from drdarrow.server.cursors import Cursor
from drdarrow.server.ddl import Change
from drdarrow.server.edits import Statement, names
from drdarrow.server.engine import SqlError
from drdarrow.server.lexer import Word, lex
from drdarrow.server.spelling import spelled

__all__ = ["check_altered", "check_columns", "check_name", "check_schema", "check_values"]

#: What has a name in common with others, by the words of the statement that makes it.
_TAKEN = {
    "TABLE": "SELECT schema_name, table_name FROM duckdb_tables() UNION ALL SELECT schema_name, view_name "
    "FROM duckdb_views() WHERE NOT internal",
    "SEQUENCE": "SELECT schema_name, sequence_name FROM duckdb_sequences()",
    "INDEX": "SELECT schema_name, index_name FROM duckdb_indexes()",
}
_FOUND = """
SELECT 1 FROM ({}) AS made(s, n) WHERE upper(n) = upper(?) AND upper(s) = upper(coalesce(?, current_schema()))
"""
#: Of a table that stands by itself in the places where names without a schema are looked for.
_LISTED = """
SELECT upper(column_name), NOT is_nullable AND column_default IS NULL FROM duckdb_columns()
WHERE upper(table_name) = ? AND upper(schema_name) = coalesce(?, upper(current_schema())) AND NOT internal
AND database_name = current_database() ORDER BY column_index
"""
#: What is in a schema.
_WITHIN = """
SELECT 1 FROM (SELECT schema_name, internal FROM duckdb_tables() UNION ALL
SELECT schema_name, internal FROM duckdb_views() UNION ALL SELECT schema_name, false FROM duckdb_sequences()) AS made
WHERE upper(schema_name) = upper(?) AND NOT internal LIMIT 1
"""
#: By these words a definition takes the place of what is there, or of nothing.
_REPLACING = {"REPLACE", "EXISTS", "TEMP", "TEMPORARY"}


def check_name(cursor: Cursor, sql: str) -> None:
    """Looks at a CREATE for DuckDB. Raises SqlError -601 for a name that is taken."""
    words = [*lex(sql), Word("end", "")]
    start = [word.upper for word in words[:3]]
    if start[1] == "SCHEMA":
        if start[2] != "IF" and schemas.exists(cursor, spelled(words[2])):
            raise SqlError(-601, "42710", spelled(words[2]), "SCHEMA", "")
        return
    at = start.index("INDEX") + 1 if "INDEX" in start[1:] else schemas.defined_at(words)
    before = {word.upper for word in words[: at + 1]}
    if not at or before & _REPLACING:
        return
    kind = next((kind for kind in ("SEQUENCE", "INDEX") if kind in before), "TABLE")
    schema, name = None, spelled(words[at])
    if words[at + 1].text == ".":
        schema, name = name, spelled(words[at + 2])
    if kind == "INDEX":
        # DuckDB has an index in the schema of its table.
        on = next((n for n, word in enumerate(words) if n > at and word.upper == "ON"), at)
        schema = spelled(words[on + 1]) if words[on + 2 : on + 3] and words[on + 2].text == "." else None
    # All rows are read: nothing runs on a connection that has some left.
    if cursor.execute(_FOUND.format(_TAKEN[kind]), [name, schema]).fetchall():
        raise SqlError(-601, "42710", name, kind, "")


def check_values(cursor: Cursor, sql: str) -> None:
    """Looks at an INSERT for DuckDB. Raises SqlError -407 for a column that must have a value and is not listed."""
    of = Statement(sql)
    name, at = storing.name_at(of, 2)
    if of.upper(1) != "INTO" or of.upper(at) != "(" or of.is_query(at) or not of.whole:
        return
    listed = {part[-1] for a, b in of.parts(at) if (part := names(of.words[a:b]))}
    found = cursor.execute(_LISTED, [name[-1], name[-2] if len(name) > 1 else None]).fetchall()
    # A name that the table has not is told first, by DuckDB.
    for column, required in found if listed <= {column for column, _ in found} else ():
        if required and column not in listed:
            raise SqlError(-407, "23502", column)


def check_schema(cursor: Cursor, sql: str) -> None:
    """Looks at a DROP for DuckDB. Raises SqlError -204 for a schema that is not there, -478 for one in use."""
    words = [*lex(sql), Word("end", "")]
    if words[1].upper != "SCHEMA" or words[2].upper == "IF" or words[3].text == ".":
        return
    name = spelled(words[2])
    if not schemas.exists(cursor, name):
        raise SqlError(-204, "42704", name)
    if words[3].upper != "CASCADE" and cursor.execute(_WITHIN, [name]).fetchall():
        raise SqlError(-478, "42893", name)


def check_altered(of: Statement, at: int, table: str, columns: Collection[str]) -> None:
    """Looks at an ALTER TABLE. at: where the name of the table ends; columns: its columns, in upper case.

    Raises SqlError -205 for an ALTER of a column that is not there.
    """
    place = at + 2 if of.upper(at + 1) == "COLUMN" else at + 1
    name = names(of.words[place : place + 1]) if of.upper(at) == "ALTER" else None
    if name is not None and name[0] not in columns:
        raise SqlError(-205, "42703", name[0], table)


def check_columns(changes: Sequence[Change], columns: Collection[str]) -> None:
    """Looks at the changes of an ALTER TABLE. columns: those of the table, in upper case.

    Raises SqlError -612 for a column that is there, -205 for one that is not.
    """
    for change in changes:
        if change.what == "add" and change.column in columns:
            raise SqlError(-612, "42711", change.column)
        if change.what in ("remove", "rename", "type") and change.column not in columns:
            raise SqlError(-205, "42703", change.column, change.table)
