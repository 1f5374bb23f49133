"""A MERGE that updates or deletes a row twice. Db2 refuses it; DuckDB takes the change that it comes upon last."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from drdarrow.server.cursors import Cursor
from drdarrow.server.edits import Span, Statement
from drdarrow.server.engine import SqlError

__all__ = ["Doubles", "check", "doubles", "nothing_ran"]

_TWICE = -788


class Doubles(NamedTuple):
    """The query for rows that a MERGE would change twice, nothing where there can be none; the markers of the MERGE
    that it has, by their positions from 0."""

    sql: str = ""
    markers: tuple[int, ...] = ()


def check(cursor: Cursor, of: Doubles, values: Sequence[Any]) -> None:
    """Looks for such rows before a MERGE runs. values: those of its markers. Raises SqlError -788."""
    if of.sql and cursor.execute(of.sql, [values[number] for number in of.markers] or None).fetchall():
        raise SqlError(_TWICE, "21506")


def nothing_ran(error: Exception, rows: Sequence[Any]) -> bool:
    """The error is that of `check`, for the only row of parameters: the changes of the transaction are all there."""
    return isinstance(error, SqlError) and error.sqlcode == _TWICE and len(rows) == 1


def doubles(sql: str) -> Doubles:
    """The query for a MERGE in DuckDB's words."""
    of = Statement(sql)
    places = _outside(of)
    start = next((at for at in places if of.upper(at) == "MERGE"), None)
    using = next((at for at in places if of.upper(at) == "USING"), None)
    whens = [at for at in places if of.upper(at) == "WHEN"]
    ons = [at for at in places if using is not None and of.upper(at) == "ON" and using < at < min(whens, default=0)]
    if start is None or using is None or not ons or _one_row(of, using + 1):
        return Doubles()
    spans: list[Span] = [(0, start), (start + 2, using), (using + 1, ons[-1]), (ons[-1] + 1, whens[0])]
    before, target, source, condition = map(of.text, spans)
    cases = []
    for at, end in zip(whens, [*whens[1:], len(of.words)], strict=True):
        then = next((place for place in places if place > at and of.upper(place) == "THEN"), end)
        if of.upper(at + 1) != "MATCHED":
            continue
        changes = of.upper(then + 1) in ("UPDATE", "DELETE")
        given = (at + 3, then) if then < end and of.upper(at + 2) == "AND" else None
        cases.append((of.text(given) if given else "TRUE", changes))
        spans += [given] if given else []
    if not any(changes for _, changes in cases):
        return Doubles()
    acts = " ".join(f"WHEN {when} THEN {changes}" for when, changes in cases)
    found = (
        f"{before} SELECT 1 FROM {target} JOIN {source} ON {condition} WHERE CASE {acts} ELSE FALSE END "
        f"GROUP BY {of.words[using - 1].text}.rowid HAVING count(*) > 1 LIMIT 1"
    )
    return Doubles(found, tuple(of.markers[at] for span in spans for at in range(*span) if at in of.markers))


def _outside(of: Statement) -> list[int]:
    """The places outside brackets and CASE."""
    places, at, depth = [], 0, 0
    while at < len(of.words):
        depth += {"CASE": 1, "END": -1}.get(of.upper(at), 0)
        if depth == 0:
            places.append(at)
        at = of.closes.get(at, at) + 1
    return places


def _one_row(of: Statement, at: int) -> bool:
    """The source is one row of values."""
    return (
        of.upper(at) == "("
        and of.upper(at + 1) == "VALUES"
        and of.closes.get(at + 2, 0) > 0
        and of.closes[at + 2] + 1 == of.closes.get(at)
    )
