"""Foreign keys that DuckDB would compare otherwise than Db2 does: they are refused when their table is made.

DuckDB compares the bytes that are stored. A CHAR has its blanks, so that one of another length, or a VARCHAR, never
equals it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from drdarrow.server import storing
from drdarrow.server.columns import Facts
from drdarrow.server.edits import Statement, names
from drdarrow.server.engine import SqlError

__all__ = ["check"]

_ADDED = re.compile(r"\s*ALTER\s+TABLE\b.*\b(FOREIGN\s+KEY|REFERENCES)\b", re.IGNORECASE | re.DOTALL)
_KEY = """
SELECT constraint_column_names FROM duckdb_constraints() WHERE constraint_type = 'PRIMARY KEY'
AND upper(table_name) = ? AND upper(schema_name) = coalesce(?, upper(current_schema()))
"""


def check(cursor: Any, sql: str, declared: Facts, known: Facts) -> None:
    """Looks at a definition for DuckDB. declared: what it says of its columns; known: other tables.

    Raises SqlError -270.
    """
    if "REFERENCES" not in sql.upper():
        return
    if _ADDED.match(sql):
        raise SqlError(-270, "42997", "FOREIGN KEY in ALTER TABLE: tell it when the table is made")
    of = Statement(sql)
    opening = next((at for at in range(len(of.words)) if of.upper(at) == "("), None)
    about = next(iter(declared.values()), {})
    if not of.whole or opening is None or of.upper(0) != "CREATE":
        return
    made = names(of.words[_start(of, opening) : opening]) or ()
    for start, end in of.parts(opening):
        at = next((at for at in range(start, end) if of.upper(at) == "REFERENCES"), None)
        if at is None:
            continue
        listed = of.upper(at - 1) == ")"
        first = next(n for n, last in of.closes.items() if last == at - 1) if listed else 0
        columns = _listed(of, first) if listed else [(names(of.words[start : start + 1]) or ("",))[-1]]
        table, after = storing.name_at(of, at + 1)
        if len(table) > 1 and len(made) > 1 and table[-2] != made[-2]:
            raise SqlError(-270, "42997", f"a foreign key to another schema: {'.'.join(table)}")
        parents = _listed(of, after) if of.upper(after) == "(" else _primary(cursor, table)
        theirs = about if table == made else known.get(".".join(table[-2:]), known.get(table[-1], {}))
        for column, parent in zip(columns, parents, strict=False):
            _compare(column, about.get(column, {}), parent, theirs.get(parent, {}))


def _start(of: Statement, opening: int) -> int:
    at = opening - 1
    while of.upper(at - 1) == ".":
        at -= 2
    return at


def _listed(of: Statement, opening: int) -> list[str]:
    return [name[-1] if (name := names(of.words[a:b])) else "" for a, b in of.parts(opening)]


def _primary(cursor: Any, table: tuple[str, ...]) -> list[str]:
    """The columns of a table's primary key."""
    found = cursor.execute(_KEY, [table[-1], table[-2] if len(table) > 1 else None]).fetchall()
    return [column.upper() for column in found[0][0]] if found else []


def _compare(column: str, one: Mapping[str, str], parent: str, other: Mapping[str, str]) -> None:
    kinds = one.get("drda:type", ""), other.get("drda:type", "")
    if not any(kind in storing.FIXED for kind in kinds) or not all(kinds):
        return
    if one.get("drda:length") != other.get("drda:length") or not all(kind in storing.FIXED for kind in kinds):
        told = [f"{kind}({about.get('drda:length', '')})" for kind, about in zip(kinds, (one, other), strict=True)]
        raise SqlError(-270, "42997", f"a foreign key of {column} {told[0]} to {parent} {told[1]}: make them alike")
