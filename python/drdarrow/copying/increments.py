"""Rows that came since the last run: those above a watermark, up to one that lies a margin before now."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable
from decimal import ROUND_FLOOR, Context, Decimal
from typing import TYPE_CHECKING, Any

from drdarrow._core import quoted_table
from drdarrow.copying.manifest import TableState
from drdarrow.copying.options import Options
from drdarrow.exceptions import InterfaceError, NotSupportedError
from drdarrow.partitions.values import packed, unpacked
from drdarrow.tables import tokens

if TYPE_CHECKING:
    from drdarrow import Connection

__all__ = ["bounded", "correlation", "marked"]

#: More than the greatest DECFLOAT has before and after its point.
_DIGITS = 13_000
#: Columns that no table names: the moment of a row's last change, and its number.
_CHANGE, _NUMBER = "ROW CHANGE TIMESTAMP", "RRN"


def correlation(table: TableState) -> str:
    """The name by which conditions know the table: its own, as its parts have it."""
    if table.kind == "query":
        return "DRDA_Q"
    return [sign[0] for sign in tokens(quoted_table(table.source))][-1]


def _expression(table: TableState, since: str) -> str:
    """The watermark in SQL."""
    if since.upper() == _CHANGE:
        return f"ROW CHANGE TIMESTAMP FOR {correlation(table)}"
    if since.upper() == _NUMBER:
        return f"RRN({correlation(table)})"
    return quoted_table(since)


def marked(table: TableState, options: Options, connected: Callable[[], Connection]) -> None:
    """Decides how far this run reads: sets `high`, and `low` to where the last one ended."""
    if options.since is None or table.kind == "file":
        return
    table.low = table.high
    source = f"({table.source}\n)" if table.kind == "query" else quoted_table(table.source)
    expression, margin = _expression(table, options.since), options.margin or 0
    connection = connected()
    with connection.cursor(row_factory=None) as cursor:
        sql = f"SELECT MAX({expression}), CURRENT TIMESTAMP FROM {source} AS {correlation(table)}"
        row = cursor.execute(sql).fetchone()
    connection.rollback()
    most, now = (None, None) if row is None else row
    try:
        high = None if most is None else _before(most, now, margin)
    except OverflowError:
        raise InterfaceError(f"margin: {margin} below {most} there is no time") from None
    low = None if table.low is None else unpacked(table.low)
    if high is None or (low is not None and high < low):
        high = low
    table.high = packed(high)


def _before(most: Any, now: dt.datetime, margin: float) -> Any:
    """The watermark that no row will come below any more."""
    if isinstance(most, dt.datetime):
        return (
            min(most, now - dt.timedelta(seconds=margin))
            if most.tzinfo is None
            else most - dt.timedelta(seconds=margin)
        )
    if isinstance(most, dt.date):
        return most - dt.timedelta(days=math.ceil(margin))
    if isinstance(most, int):
        return most - math.ceil(margin)
    if isinstance(most, Decimal) and most.is_finite():
        # Python's own arithmetic keeps 28 digits, and a watermark that is rounded up leaves rows out.
        exact = Context(prec=_DIGITS, rounding=ROUND_FLOOR)
        return exact.quantize(exact.subtract(most, Decimal(str(margin))), Decimal((0, (1,), _exponent(most))))
    raise NotSupportedError(f"since: a watermark is a timestamp, a date or a number, not {_told(most)}", phase="config")


def _exponent(value: Decimal) -> int:
    """The places of a finite number, below zero."""
    exponent = value.as_tuple().exponent
    return exponent if isinstance(exponent, int) else 0


def _told(value: Any) -> str:
    return str(value) if isinstance(value, Decimal) else type(value).__name__


def bounded(table: TableState, options: Options) -> tuple[str, tuple[Any, ...]] | None:
    """The rows of this run, in SQL; None where there is no condition."""
    where: tuple[str, tuple[Any, ...]] | None = None
    if isinstance(options.where, str):
        where = options.where, ()
    elif options.where is not None:
        where = options.where[0], tuple(options.where[1])
    if options.since is None:
        return where
    expression = _expression(table, options.since)
    values: tuple[Any, ...] = ()
    if table.high is None:
        sql = f"{expression} IS NULL" if not table.run else "1 = 0"
    else:
        values = (unpacked(table.high),)
        sql = f"{expression} <= ?"
        if table.low is not None:
            sql, values = f"{expression} > ? AND {sql}", (unpacked(table.low), *values)
        elif not table.run:
            sql = f"({sql} OR {expression} IS NULL)"
    if where is None:
        return sql, values
    return f"({where[0]}\n) AND ({sql})", where[1] + values
