"""Conditions that divide rows: each row passes exactly one of them, whatever its values are and whoever adds rows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, TypeVar

from drdarrow.conditions import Condition

__all__ = ["above", "chained", "compared", "even", "ranges", "remainders", "upto"]

_T = TypeVar("_T")


def upto(keys: Sequence[str], bound: Sequence[Any]) -> Condition:
    """Rows whose keys are a bound or come before it, key by key."""
    return _compared(keys, bound, "<")


def above(keys: Sequence[str], bound: Sequence[Any]) -> Condition:
    """Rows whose keys come after a bound."""
    return _compared(keys, bound, ">")


def _compared(keys: Sequence[str], bound: Sequence[Any], operator: str) -> Condition:
    *before, last = bound
    values = tuple(value for one in before for value in (one, one, one))
    return Condition(compared(keys, ["?"] * len(keys), operator), (*values, last))


def compared(keys: Sequence[str], bound: Sequence[str], operator: str) -> str:
    """The condition of keys up to a bound (`<`), or above it (`>`), whose values are written in SQL.

    Row values are not compared by all servers: `A <= ? AND (A < ? OR (A = ? AND B <= ?))`. The first condition, which
    follows from the rest, is one that an index is read by."""
    first, value = keys[0], bound[0]
    if len(keys) == 1:
        return f"{first} {operator if operator == '>' else '<='} {value}"
    rest = compared(keys[1:], bound[1:], operator)
    return f"{first} {operator}= {value} AND ({first} {operator} {value} OR ({first} = {value} AND {rest}))"


def chained(uppers: Sequence[Condition], lowers: Sequence[Condition], nulls: str | None) -> list[Condition]:
    """The rows up to the first bound, between each two, and above the last one. `nulls`: a condition of rows whose key
    is NULL, which come first."""
    if not uppers:
        return [Condition("")]
    first = uppers[0] if nulls is None else Condition(f"({uppers[0].sql} OR {nulls})", uppers[0].values)
    between = [
        Condition(f"{low.sql} AND {high.sql}", low.values + high.values)
        for low, high in zip(lowers, uppers[1:], strict=False)
    ]
    return [first, *between, lowers[-1]]


def ranges(keys: Sequence[str], bounds: Sequence[Sequence[Any]], *, nulls: bool) -> list[Condition]:
    """One range more than bounds, which ascend; the first and the last one are open. `nulls`: the key may be NULL, as
    only single keys may."""
    uppers, lowers = [upto(keys, one) for one in bounds], [above(keys, one) for one in bounds]
    return chained(uppers, lowers, f"{keys[0]} IS NULL" if nulls else None)


def remainders(key: str, count: int, *, nulls: bool) -> list[Condition]:
    """Rows by an integer key modulo a number. SQL's remainder of a negative number is negative."""
    remainder = f"MOD(MOD({key}, {count}) + {count}, {count})"
    some = [Condition(f"{remainder} = {number}") for number in range(count)]
    return [Condition(f"({some[0].sql} OR {key} IS NULL)") if nulls else some[0], *some[1:]]


def even(least: Any, most: Any, count: int) -> list[Any]:
    """At most `count` - 1 bounds between two values, at equal distances; none where they are equal."""
    if isinstance(least, dt.datetime):
        one = dt.timedelta(microseconds=1)
        steps = _steps((most - least) // one, count)
        return [least + step * one for step in steps]
    if isinstance(least, dt.date):
        steps = _steps((most - least).days, count)
        return [least + dt.timedelta(days=step) for step in steps]
    if isinstance(least, Decimal):
        exponent = min(int(least.as_tuple().exponent), int(most.as_tuple().exponent), 0)
        low, high = _scaled(least, exponent), _scaled(most, exponent)
        return [Decimal(f"{low + step}E{exponent}") for step in _steps(high - low, count)]
    return [least + step for step in _steps(most - least, count)]


def _scaled(value: Decimal, exponent: int) -> int:
    """The integer that a decimal is in units of 10 to the `exponent`. Operators of Decimal may round."""
    sign, digits, own = value.as_tuple()
    number: int = int("".join(map(str, digits))) * 10 ** (int(own) - exponent)
    return -number if sign else number


def _steps(width: int, count: int) -> list[int]:
    """Distances from the least value, below the width."""
    return sorted({(width + 1) * n // count - 1 for n in range(1, count)} - {-1, width})
