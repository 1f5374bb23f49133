"""Schemas as Db2 has them: that of a user is where names without a schema are looked for, and one that is named in the
definition of a table, view or sequence is made with it.
"""

from __future__ import annotations

from collections.abc import Sequence

from drdarrow.server.cursors import SEARCHED, Cursor
from drdarrow.server.lexer import Word, lex
from drdarrow.server.rules.product import Product
from drdarrow.server.wording import literal

__all__ = [
    "EMPTY", "MAIN", "OWN", "SETTING", "defined_at", "exists", "home", "makes", "makes_or_drops", "named", "searching",
    "setting", "with_name",
]  # fmt: skip

#: The schema of DuckDB's own in which nobody has tables; Db2's own schema, for which it stands.
EMPTY, OWN = "pg_catalog", "SYSIBM"
#: The schema in which DuckDB has what was made without one.
MAIN = "MAIN"
#: The setting of the current schema.
SETTING = "SET schema"

#: The beginning of the statement that makes the schema of another definition.
_MAKES = "CREATE SCHEMA IF NOT EXISTS"
_DECORATION = {"OR", "REPLACE", "IF", "NOT", "EXISTS"}
_OBJECTS = {"TABLE", "VIEW", "SEQUENCE"}
_KNOWN = """
SELECT upper(schema_name) FROM duckdb_schemas() WHERE database_name = current_database()
UNION SELECT upper(database_name) FROM duckdb_databases()
"""


def setting(name: str) -> str:
    """DuckDB's SET for the current schema, which is there."""
    return f"{SETTING} = {literal(_quoted(EMPTY if name.upper() == OWN else name))}"


def exists(cursor: Cursor, name: str) -> bool:
    """A schema, or a database, has this name."""
    return name.upper() == OWN or (name.upper(),) in cursor.execute(_KNOWN).fetchall()


def home(cursor: Cursor, user: str) -> str | None:
    """The schema of a user, in which names without a schema are looked for first; None where there is none."""
    found = cursor.execute(
        "SELECT schema_name FROM duckdb_schemas() WHERE upper(schema_name) = upper(?) AND NOT internal "
        "AND database_name = current_database()",
        [user],
    ).fetchone()
    return None if found is None else str(found[0])


def searching(home: str) -> str:
    """DuckDB's SET by which names are looked for in a schema, then in `main`."""
    return f"{SEARCHED} = {literal(f'{_quoted(home)},main')}"


def with_name(words: Sequence[Word]) -> list[Word]:
    """CREATE SCHEMA with a name, which AUTHORIZATION may tell, and without an owner. Other statements as they are."""
    start = [word.upper for word in words[:4]]
    if start[:3] == ["CREATE", "SCHEMA", "AUTHORIZATION"]:
        return [*words[:2], *words[3:]]
    if start[:2] == ["CREATE", "SCHEMA"] and start[3:] == ["AUTHORIZATION"]:
        return [*words[:3], *words[5:]]
    return list(words)


def defined_at(words: Sequence[Word]) -> int:
    """Where the name of the table, view or sequence stands that a statement makes; 0 in another one."""
    at, start = 1, [word.upper for word in words[:12]]
    while at < len(start) and start[at] in _DECORATION:
        at += 1
    if start[:1] != ["CREATE"] or start[at : at + 1] == [] or start[at] not in _OBJECTS:
        return 0
    at += 1
    while at < len(start) and start[at] in _DECORATION:
        at += 1
    return at if at < len(words) and words[at].kind in ("name", "quoted") else 0


def named(cursor: Cursor, sql: str, product: Product) -> list[str]:
    """The CREATE SCHEMA that has to come before a definition. Db2 for i makes no library so."""
    words = [*lex(sql)[:-1], *[Word("end", "")] * 4]
    at = defined_at(words)
    if not at or product.name == "ibmi" or words[at + 1].text != "." or words[at + 3].text == ".":
        return []
    name = words[at].text[1:-1].replace('""', '"') if words[at].kind == "quoted" else words[at].upper
    return [] if exists(cursor, name) else [f"{_MAKES} {_quoted(name)}"]


def makes_or_drops(sql: str) -> bool:
    """The statement for DuckDB makes or drops a schema."""
    return [word.upper for word in lex(sql)[:2]] in (["CREATE", "SCHEMA"], ["DROP", "SCHEMA"])


def makes(sql: str) -> bool:
    """The statement is one of `named`."""
    return sql.startswith(_MAKES)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
