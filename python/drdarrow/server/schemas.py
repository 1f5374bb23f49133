"""Schemas as Db2 has them: that of a user is where names without a schema are looked for, and one that is named in the
definition of a table, view or sequence is made with it.
"""

from __future__ import annotations

from collections.abc import Sequence

from drdarrow.server.cursors import Cursor
from drdarrow.server.lexer import Word, lex
from drdarrow.server.rules.product import Product
from drdarrow.server.wording import literal

__all__ = ["CURRENT", "home", "makes", "named", "setting", "with_name"]

#: Db2's own schema, and the one of DuckDB's own that stands for it: nobody has tables there.
_OWN, _STANDS_FOR_IT = "SYSIBM", "pg_catalog"
#: The name of the current schema.
CURRENT = f"upper(CASE current_schema() WHEN '{_STANDS_FOR_IT}' THEN '{_OWN}' ELSE current_schema() END)"

#: The beginning of the statement that makes the schema of another definition.
_MAKES = "CREATE SCHEMA IF NOT EXISTS"
_DECORATION = {"OR", "REPLACE", "IF", "NOT", "EXISTS"}
_OBJECTS = {"TABLE", "VIEW", "SEQUENCE"}
_KNOWN = """
SELECT upper(schema_name) FROM duckdb_schemas() WHERE database_name = current_database()
UNION SELECT upper(database_name) FROM duckdb_databases()
"""


def setting(name: str) -> str:
    """DuckDB's SET for the current schema."""
    found = _STANDS_FOR_IT if name.upper() == _OWN else name
    return f"SET schema = {literal(found)}"


def home(cursor: Cursor, user: str) -> list[str]:
    """The SET by which names without a schema are looked for in the schema of a user, then in `main`; none where there
    is no such schema."""
    rows = cursor.execute(
        "SELECT schema_name FROM duckdb_schemas() WHERE upper(schema_name) = upper(?) AND NOT internal "
        "AND database_name = current_database()",
        [user],
    ).fetchall()
    path = ("'" + f'"{name.replace(chr(34), chr(34) * 2)}",main'.replace("'", "''") + "'" for (name,) in rows)
    return [f"SET search_path = {one}" for one in path]


def with_name(words: Sequence[Word]) -> list[Word]:
    """CREATE SCHEMA with a name, which AUTHORIZATION may tell, and without an owner. Other statements as they are."""
    start = [word.upper for word in words[:4]]
    if start[:3] == ["CREATE", "SCHEMA", "AUTHORIZATION"]:
        return [*words[:2], *words[3:]]
    if start[:2] == ["CREATE", "SCHEMA"] and start[3:] == ["AUTHORIZATION"]:
        return [*words[:3], *words[5:]]
    return list(words)


def named(cursor: Cursor, sql: str, product: Product) -> list[str]:
    """The CREATE SCHEMA that has to come before a definition. Db2 for i makes no library so."""
    words = [*lex(sql)[:-1], *[Word("end", "")] * 4]
    at = 1
    while words[at].upper in _DECORATION:
        at += 1
    if words[0].upper != "CREATE" or words[at].upper not in _OBJECTS or product.name == "ibmi":
        return []
    at += 1
    while words[at].upper in _DECORATION:
        at += 1
    if words[at + 1].text != "." or words[at + 3].text == "." or words[at].kind not in ("name", "quoted"):
        return []
    name = words[at].text[1:-1].replace('""', '"') if words[at].kind == "quoted" else words[at].upper
    if (name.upper(),) in cursor.execute(_KNOWN).fetchall():
        return []
    return [f'{_MAKES} "{name.replace(chr(34), chr(34) * 2)}"']


def makes(sql: str) -> bool:
    """The statement is one of `named`."""
    return sql.startswith(_MAKES)
