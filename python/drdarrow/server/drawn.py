"""Values that a session has drawn of sequences, for PREVIOUS VALUE and IDENTITY_VAL_LOCAL: DuckDB only knows the value
that anybody drew last."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Lock
from typing import Any, Protocol

from drdarrow.server.edits import Span, Statement
from drdarrow.server.engine import SqlError
from drdarrow.server.lexer import text

__all__ = ["DUMMY", "MACROS", "Drawn", "draws", "identity", "once", "previous", "undrawn"]

#: SYSIBM.SYSDUMMY1 for DuckDB.
DUMMY = "(SELECT 'Y' AS IBMREQD)"
#: Seconds that a statement waits for one of another session that draws values.
_PATIENCE = 60.0
_DRAWS = re.compile(r"nextval\('((?:[^']|'')+)'\)", re.IGNORECASE)
_ASKED = re.compile(r"getvariable\('drdarrow_drawn_((?:[^']|'')*)'\)")
_LAST = """
SELECT last_value FROM duckdb_sequences() WHERE lower(sequence_name) = ? AND (? = '' OR lower(schema_name) = ?)
AND database_name = current_database() ORDER BY schema_name = current_schema() DESC LIMIT 1
"""
#: The sequence of the identity column that got a value last.
_IDENTITY = ""
MACROS = {
    "drdarrow_previous": (
        "x, s",
        "CASE WHEN x IS NULL THEN error('drdarrow 845 51035|' || s) ELSE CAST(x AS BIGINT) END",
    )
}


class _Cursor(Protocol):
    """The part of a cursor that these need."""

    def execute(self, sql: str, parameters: Sequence[Any] | None = None) -> Any: ...


def draws(sql: str) -> list[str]:
    """The sequences that a statement for DuckDB draws values of."""
    return sorted(set(_DRAWS.findall(sql)))


def undrawn(sql: str) -> str:
    """The statement without the calls that draw: DuckDB runs it when it is only described."""
    return _DRAWS.sub("CAST(0 AS BIGINT)", sql)


def once(sql: str) -> str:
    """The statement with one value of a sequence for all places of a row that name it.

    Raises SqlError -270 for rows of a table: there DuckDB would draw one for each place.
    """
    twice = [name for name in draws(sql) if len(_call(name).findall(sql)) > 1]
    if not twice:
        return sql
    of = Statement(sql)
    rows = _rows(of)
    if rows is not None and all(len(_call(name).findall(of.text(row))) < 2 for name in twice for row in rows):
        return sql
    drawn_once = ", ".join(f"nextval('{name}') AS drdarrow_next_{n}" for n, name in enumerate(twice))
    if rows and not any(of.upper(at) == "DEFAULT" for row in rows for at in range(*row)):
        parts = [of.text((start + 1, end - 1)) for start, end in rows]
        made = " UNION ALL ".join(f"SELECT {_named(part, twice)} FROM (SELECT {drawn_once})" for part in parts)
        return f"{text(of.words[: rows[0][0] - 1])} {made}{text(of.words[rows[-1][1] :])}"
    at = next((at for at in range(len(of.words)) if of.upper(at) == "FROM"), None)
    plain = of.upper(0) == "SELECT" and at is not None and of.text((at, len(of.words))) == f"FROM {DUMMY} AS SYSDUMMY1"
    if plain and at is not None:
        return f"{_named(of.text((0, at)), twice)} FROM (SELECT {drawn_once})"
    raise SqlError(-270, "42997", "NEXT VALUE FOR a sequence twice in a row")


def _call(name: str) -> re.Pattern[str]:
    return re.compile(rf"nextval\('{re.escape(name)}'\)", re.IGNORECASE)


def _named(sql: str, names: Sequence[str]) -> str:
    """Expressions with a column in place of each call."""
    for n, name in enumerate(names):
        sql = _call(name).sub(f"drdarrow_next_{n}", sql)
    return sql


def _rows(of: Statement) -> list[Span] | None:
    """The rows of VALUES at the end of a statement, or before its RETURNING; None where it has others or ends
    otherwise."""
    at = next((at for at in range(len(of.words)) if of.upper(at) == "VALUES"), None)
    rows: list[Span] = []
    while at is not None and of.upper(at + 1) == "(":
        rows.append((at + 1, of.closes[at + 1] + 1))
        at = rows[-1][1]
        if at == len(of.words) - 1 or of.upper(at) == "RETURNING":
            return rows
        if of.upper(at) != ",":
            return None
    return None


def previous(name: str) -> str:
    """The expression for PREVIOUS VALUE FOR a sequence."""
    key = name.replace('"', "").replace("'", "''").lower()
    return f"drdarrow_previous(getvariable('drdarrow_drawn_{key}'), '{key.upper()}')"


def identity() -> str:
    """The expression for IDENTITY_VAL_LOCAL()."""
    return f"CAST(getvariable('drdarrow_drawn_{_IDENTITY}') AS DECIMAL(31, 0))"


class Drawn:
    """Those of one session. lock: that of the engine, held while values are drawn and looked at."""

    def __init__(self, lock: Lock) -> None:
        self._lock = lock
        self._values: dict[str, int] = {}

    @contextmanager
    def drawing(self, sequences: Sequence[str], own: str, cursor: _Cursor) -> Iterator[None]:
        """While a statement draws values. own: the sequence of the identity column that gets one of them.

        Raises SqlError -913 where others take too long.
        """
        if not sequences:
            yield
            return
        if not self._lock.acquire(timeout=_PATIENCE):
            raise SqlError(-913, "57033", "68")
        try:
            before = [self._last(name, cursor) for name in sequences]
            yield
            for name, old in zip(sequences, before, strict=True):
                new = self._last(name, cursor)
                if new is not None and new != old:
                    self._values[name.lower().replace('"', "")] = new
                    if name == own:
                        self._values[_IDENTITY] = new
        finally:
            self._lock.release()

    def tell(self, sql: str, cursor: _Cursor) -> None:
        """Tells a connection the values that a statement asks for."""
        for name in _ASKED.findall(sql):
            value = self._values.get(name)
            cursor.execute(f'SET VARIABLE "drdarrow_drawn_{name}" = {"NULL" if value is None else value}')

    @staticmethod
    def _last(name: str, cursor: _Cursor) -> int | None:
        schema, _, plain = name.replace('"', "").lower().rpartition(".")
        found = cursor.execute(_LAST, [plain, schema, schema]).fetchall()
        return found[0][0] if found else None
