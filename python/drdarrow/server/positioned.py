"""Rows that are changed where a cursor stands: queries FOR UPDATE, and statements WHERE CURRENT OF their cursors.

DuckDB knows a row of a table by a number (ROWID), which holds as long as a transaction. So such a query has a key as
one column more: its transaction, that number, and a hash of the row. It runs in the transaction of the changes. A
statement for the row of a cursor asks for the number; in a later transaction the row has to be as it was read, too.
"""

from __future__ import annotations

import re
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Protocol

from drdarrow.server import catalog, describing
from drdarrow.server.current_schema import CurrentSchema
from drdarrow.server.cursors import Cursor
from drdarrow.server.describing import Rules
from drdarrow.server.dialect import Dialect, Translated
from drdarrow.server.edits import Edits, Statement, names
from drdarrow.server.engine import Prepared, SqlError
from drdarrow.server.known import Known
from drdarrow.server.lexer import Word
from drdarrow.server.references import References
from drdarrow.server.statement import Statement as Running
from drdarrow.server.targets import quoted

__all__ = ["at_row", "updatable"]

#: Words after the table of a query whose rows are those of the table.
_AFTER = (";", "WHERE", "ORDER", "LIMIT", "OFFSET", "FETCH")
#: Words by which they are not.
_OTHERS = {
    "GROUP",
    "HAVING",
    "UNION",
    "EXCEPT",
    "INTERSECT",
    "JOIN",
    "WINDOW",
    "QUALIFY",
    "DISTINCT",
    "USING",
    "SAMPLE",
}
#: The parts of a key.
_KEY = re.compile(r"(\d+):(\d+):(\d+)")
#: The condition of a statement for one row, with the parts of its key in another order.
_ROW = " WHERE rowid = CAST(? AS BIGINT) AND (txid_current() = CAST(? AS BIGINT) OR {hash} = CAST(? AS UBIGINT))"
_COLUMNS = "SELECT column_name FROM duckdb_columns() WHERE {} ORDER BY column_index"
_SHADOWED = "SELECT count(*) FROM duckdb_columns() WHERE lower(column_name) = 'rowid' AND lower(table_name) = lower(?)"


class _Session(Protocol):
    """The parts of a client's session that these need."""

    _main: Cursor
    _dialect: Dialect
    _known: Known
    _rules: Rules
    _current: CurrentSchema
    _references: References | None
    _statements: dict[int, Running]

    def _reading(self, *statements: str) -> AbstractContextManager[Cursor]: ...
    def _keep(self, statement: Running) -> int: ...


def updatable(session: _Session, sql: str) -> Prepared:
    """Prepares a query whose last column is the key of the row.

    Raises SqlError -511 where its rows are not those of one table.
    """
    translated = session._dialect.to_duckdb(session._current.with_main(sql))
    of = Statement(translated.sql)
    found = _table(of)
    if found is None:
        raise SqlError(-511, "42829")
    start, table, alias = found
    with session._reading(translated.sql) as cursor:
        if cursor.execute(_SHADOWED, [table[-1]]).fetchone() != (0,):
            raise SqlError(-511, "42829")
        place = _place(cursor, table)
        key = f"concat_ws(':', txid_current(), {alias}.rowid, {_hash(cursor, place, alias)})"
        text = of.written(Edits(before={start: f", {key} "}))
        statement, described, parameters = _describe(session, cursor, replace(translated, sql=text))
    statement.rows_of = place
    return session._keep(statement), described and session._current.seen(described), parameters


def at_row(session: _Session, sql: str, of: int) -> Prepared:
    """Prepares an UPDATE or a DELETE, which says nothing of rows, for one row of a query's table: its last marker is
    the key of the row.

    Raises SqlError -509 for another table, -510 for a query whose rows have no numbers.
    """
    translated = session._dialect.to_duckdb(session._current.with_main(sql))
    statement = Statement(translated.sql)
    at = {"UPDATE": 1, "DELETE": 2}.get(statement.upper(0), 0)
    end = _name_ends(statement, at)
    table = names(statement.words[at:end])
    if not at or table is None:
        raise SqlError(-104, "42601", "CURRENT", "", "")
    query = session._statements[of]
    if not query.rows_of:
        raise SqlError(-510, "42828", table[-1])
    text = translated.sql.rstrip().rstrip(";")
    with session._reading(text) as cursor:
        if _place(cursor, table) != query.rows_of:
            raise SqlError(-509, "42827", table[-1])
        changed, described, parameters = _describe(session, cursor, replace(translated, sql=text))
        row = _ROW.format(hash=_hash(cursor, query.rows_of, quoted(table[-1])))
    # Not before the comparisons are put as Db2 means them: a number is found by no function of it.
    changed.run.sql += row
    changed.run.lean += row if changed.run.lean else ""
    changed.run.last = parts
    changed.text += row
    parameters.append(catalog.parameter(str(len(parameters) + 1), "VARCHAR"))
    return session._keep(changed), described, parameters


def parts(key: object) -> list[object]:
    """The parts of a key, as the condition has them."""
    found = _KEY.fullmatch(str(key))
    if found is None:
        raise SqlError(-508, "24504")
    transaction, row, content = map(int, found.groups())
    return [row, transaction, content]


def _hash(cursor: Cursor, place: tuple[str, ...], alias: str) -> str:
    """The hash of a row of a table."""
    here = "lower(schema_name) = lower(?) AND lower(table_name) = lower(?)"
    columns = cursor.execute(_COLUMNS.format(here), list(place)).fetchall()
    return f"hash({', '.join(f'{alias}.{quoted(column)}' for (column,) in columns)})"


def _describe(session: _Session, cursor: Cursor, translated: Translated) -> describing.Description:
    if session._references is not None:
        session._references.check(translated.sql, cursor)
    session._current.check(translated.sql, cursor)
    return describing.describe(cursor, cursor is not session._main, translated, session._known.tables, session._rules)


def _table(of: Statement) -> tuple[int, tuple[str, ...], str] | None:
    """Where FROM stands in a query, its table, and the name that this has there; None where it has not one."""
    if not of.whole or of.upper(0) != "SELECT":
        return None
    start = _find(of, 1, {"FROM"})
    if start is None:
        return None
    end = _name_ends(of, start + 1)
    table = names(of.words[start + 1 : end])
    if table is None:
        return None
    alias = of.words[end - 1]
    if of.upper(end) == "AS":
        end += 1
    if not _follows(of.words[end]):
        alias, end = of.words[end], end + 1
    if not _follows(of.words[end]) or alias.kind not in ("name", "quoted") or _find(of, 1, _OTHERS) is not None:
        return None
    return start, table, alias.text


def _follows(word: Word) -> bool:
    return word.kind == "end" or word.upper in _AFTER


def _find(of: Statement, at: int, words: set[str]) -> int | None:
    """The first of some words that stands in no brackets."""
    while at < len(of.words):
        if of.upper(at) in words:
            return at
        at = of.closes.get(at, at) + 1
    return None


def _name_ends(of: Statement, at: int) -> int:
    """The word after a name such as `a.b`."""
    at += 1
    while of.upper(at) == ".":
        at += 2
    return at


def _place(cursor: Cursor, table: tuple[str, ...]) -> tuple[str, ...]:
    """Schema and name of a table."""
    if len(table) > 1:
        return table[-2:]
    [(schema,)] = cursor.execute("SELECT current_schema()").fetchall()
    return schema.upper(), table[0]
