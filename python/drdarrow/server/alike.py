"""CREATE TABLE LIKE another table, written out: DuckDB has no words for it.

The new table has the names, types, NOT NULL and defaults of the columns, and no keys; identity columns are plain ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from drdarrow.server import columns, schemas, types
from drdarrow.server.columns import Facts
from drdarrow.server.engine import SqlError
from drdarrow.server.lexer import Word, closing, lex, name_end, text
from drdarrow.server.remembered import Memory, TableMemory
from drdarrow.server.spelling import spelled

__all__ = ["is_alike", "written"]

_COLUMNS = """
SELECT upper(schema_name), column_name, data_type, is_nullable, column_default FROM duckdb_columns()
WHERE upper(table_name) = ? AND database_name = current_database()
AND (? IS NULL AND schema_name IN (current_schema(), 'main') OR upper(schema_name) = ?)
ORDER BY schema_name = current_schema() DESC, schema_name, column_index
"""
#: Words of the options that say what is copied.
_OPTIONS = {"INCLUDING", "EXCLUDING", "COLUMN", "DEFAULTS", "IDENTITY", "ATTRIBUTES"}


def is_alike(sql: str) -> bool:
    """The statement makes a table like another one."""
    return _like_at(lex(sql)) > 0 if "LIKE" in sql[:1000].upper() else False


def written(sql: str, cursor: Any, known: Facts, memory: Memory) -> str:
    """The statement with the columns of the other table, as the definitions of a client say them.

    Raises SqlError -204 for a table that is not there, -270 where identity is to be copied.
    """
    words = lex(sql)
    at = _like_at(words)
    bracket = words[at - 1].text == "("
    end = name_end(words, at + 1)
    name = [spelled(word).upper() for word in words[at + 1 : end : 2]]
    schema = name[-2] if len(name) > 1 else None
    found = cursor.execute(_COLUMNS, [name[-1], schema, schema]).fetchall()
    if not found:
        raise SqlError(-204, "42704", ".".join(name))
    home = found[0][0]
    about = known.get(f"{home}.{name[-1]}", known.get(name[-1], {}))
    noted = memory.tables.get((home, name[-1]), TableMemory()).columns
    last = closing(words, at - 1) + 1 if bracket else end
    defaults, last = _options(words, last, any("drda:sequence" in column for column in about.values()))
    parts = [
        _column(row[1:], about.get(row[1].upper(), {}), noted.get(row[1].upper(), {}), defaults and not bracket)
        for row in found
        if row[0] == home
    ]
    return f"{text(words[: at - bracket])} ({', '.join(parts)}) {text(words[last:])}"


def _like_at(words: Sequence[Word]) -> int:
    """Where LIKE stands in such a statement; 0 in another one."""
    at = schemas.defined_at(words)
    if not at or "TABLE" not in [word.upper for word in words[:at]]:
        return 0
    at += 3 if words[at + 1].text == "." else 1
    at += words[at].text == "("
    return at if at + 2 < len(words) and words[at].upper == "LIKE" else 0


def _options(words: Sequence[Word], at: int, identity: bool) -> tuple[bool, int]:
    """Whether defaults are copied, and where the options end. identity: the other table has such a column."""
    end, defaults = at, True
    while words[end].upper in _OPTIONS:
        if words[end].upper == "DEFAULTS":
            defaults = "INCLUDING" in (words[end - 1].upper, words[end - 2].upper)
        if words[end].upper == "IDENTITY" and words[end - 1].upper == "INCLUDING" and identity:
            raise SqlError(-270, "42997", "LIKE a table INCLUDING IDENTITY: write out the column")
        end += 1
    return defaults, end


def _column(row: Sequence[Any], about: Mapping[str, str], noted: Mapping[str, str], defaults: bool) -> str:
    """The definition of a column. row: name, type, whether it takes NULL, and default, as DuckDB has them."""
    name, duck, nullable, default = row
    facts = types.fitting(duck, dict(about))
    title = columns.spelled(name.upper(), about).replace('"', '""')
    made = f'"{title}" {_type(duck, facts)}'
    default = noted.get("drda:default", default)
    if defaults and default and "drda:sequence" not in about and "drda:generated" not in noted:
        made += f" DEFAULT {default}"
    return made if nullable else f"{made} NOT NULL"


def _type(duck: str, about: Mapping[str, str]) -> str:
    """The type as a definition says it."""
    name, length = about.get("drda:type", ""), about.get("drda:length", "")
    if name == "DECFLOAT":
        return "DECFLOAT(16)" if length == "8" else "DECFLOAT(34)"
    if name == "NUMERIC":
        return duck.replace("DECIMAL", name)
    if name:
        kind, bits, _ = name.partition(" FOR BIT DATA")
        page = f" CCSID {about['drda:ccsid']}" if "drda:ccsid" in about else ""
        return f"{kind}{f'({length})' if length else ''}{bits}{page}"
    if "drda:scale" in about:
        return f"TIMESTAMP({about['drda:scale']})"
    return duck
