"""Bounds that cost no scan of an index: those of the catalog's statistics, and the quantiles of a sample.

Both are about the rows of some time ago, or about some of the rows. Parts are of less equal size by that, and never of
other rows: the first and the last part are open, and bounds divide whatever there is.

(Read: Db2 for LUW, "SYSCAT.COLDIST catalog view", "Data sampling in queries".)
"""

from __future__ import annotations

import datetime as dt
import random
import re
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import Any

from drdarrow.conditions import Condition
from drdarrow.exceptions import NotSupportedError, ProgrammingError
from drdarrow.partitions.asking import Asking, Fetched
from drdarrow.partitions.division import DeclinedError, Facts
from drdarrow.partitions.relation import Relation

__all__ = ["ENOUGH", "Estimate", "estimates", "sampled", "shares"]

#: From so many rows on an estimate is taken rather than a scan of the index.
ENOUGH = 1_000_000
LUW, IBMI = "Db2 for Linux, UNIX and Windows", "Db2 for i"
_STATISTICS = """SELECT COLVALUE, VALCOUNT FROM SYSCAT.COLDIST
WHERE TABSCHEMA = ? AND TABNAME = ? AND COLNAME = ? AND TYPE = 'Q' ORDER BY SEQNO"""
#: Rows of a sample at least, and for each part; of i as many records are asked for one by one.
_LEAST, _EACH, _PROBES = 10_000, 200, 2_000
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)[- ](\d\d)[.:](\d\d)[.:](\d\d)(?:\.(\d{1,6})\d*)?")

#: A value of a key, and how many rows have none above it.
Estimate = tuple[Any, int]


def estimates(relation: Relation, column: str, kind: str, facts: Facts) -> Asking[list[Estimate]]:
    """The quantiles of a column that the catalog has, ascending.

    Raises:
        DeclinedError: it has none, or none that can be read.
    """
    if facts.product != LUW:
        raise DeclinedError(f"{facts.product} tells no quantiles of columns")
    if relation.table is None or relation.condition.sql:
        raise DeclinedError("statistics are those of a whole table")
    try:
        told = yield Fetched(Condition(" ".join(_STATISTICS.split()), (*relation.table, column)))
    except (ProgrammingError, NotSupportedError):
        told = []
    found: list[Estimate] = []
    for text, count in told:
        value = None if text is None else _read(str(text), kind)
        if value is None:
            raise DeclinedError(f"a value of {column} in the statistics cannot be read as {kind}")
        if found and (not isinstance(value, str) and value < found[-1][0] or count < found[-1][1]):
            raise DeclinedError(f"the statistics of {column} do not ascend")
        found.append((value, int(count)))
    if not found:
        raise DeclinedError(f"the catalog has no quantiles of {column}: RUNSTATS ... WITH DISTRIBUTION counts them")
    return found


def _read(text: str, kind: str) -> Any:
    """The value of a constant of SQL; None where it is another one."""
    plain = text.strip()
    quoted = len(plain) > 1 and plain[0] == plain[-1] == "'"
    inner = plain[1:-1].replace("''", "'") if quoted else plain
    try:
        match kind:
            case "SMALLINT" | "INTEGER" | "BIGINT":
                return int(inner)
            case "DECIMAL" | "NUMERIC":
                number = Decimal(inner)
                return number if number.is_finite() else None
            case "DATE":
                return dt.date.fromisoformat(inner)
            case "TIMESTAMP" if (found := _MOMENT.fullmatch(inner)) is not None:
                day, hour, minute, second, rest = found.groups(default="")
                return dt.datetime.fromisoformat(f"{day} {hour}:{minute}:{second}.{rest:0<6}")
            case "CHAR" | "VARCHAR" | "GRAPHIC" | "VARGRAPHIC" if quoted:
                return inner
    except (ValueError, InvalidOperation):
        pass
    return None


def chosen(found: Sequence[Estimate], count: int) -> list[tuple[Any, ...]]:
    """At most `count` - 1 values that divide the rows as equally as they can, ascending."""
    whole = found[-1][1]
    bounds: list[tuple[Any, ...]] = []
    for n in range(1, count):
        value, upto = min(found, key=lambda one: abs(one[1] * count - whole * n))
        if upto < whole and (value,) not in bounds:
            bounds.append((value,))
    return bounds


def shares(found: Sequence[Estimate], bounds: Sequence[tuple[Any, ...]], rows: int | None) -> list[int]:
    """About how many rows each part has. rows: those of the table; the ones that the statistics leave out have NULL."""
    upto = dict(found)
    ends = [*(upto[value] for (value,) in bounds), found[-1][1]]
    counts = [end - start for start, end in zip([0, *ends], ends, strict=False)]
    counts[0] += max((rows or 0) - found[-1][1], 0)
    return counts


def sampled(relation: Relation, rows: int, facts: Facts, count: int) -> tuple[Relation, str]:
    """The relation with some of its rows, the same ones whenever they are asked for; and which those are.

    Raises:
        DeclinedError: the server takes no samples.
    """
    if relation.table is None:
        raise DeclinedError("samples are taken of tables")
    wanted = max(_LEAST, _EACH * count)
    if facts.product == LUW:
        percent = f"{min(100.0, max(100 * wanted / max(rows, 1), 0.0001)):.4f}".rstrip("0").rstrip(".")
        clause = f"{relation.source.sql} TABLESAMPLE SYSTEM ({percent}) REPEATABLE (1)"
        return replace(relation, source=Condition(clause, relation.source.values)), f"{percent} % of the pages"
    if facts.product == IBMI:
        if relation.aliased:
            raise DeclinedError("the records of an alias are those of one member")
        numbers = sorted(random.Random(rows).sample(range(1, rows + 1), min(rows, _PROBES)))
        probes = f"RRN({relation.name}) IN ({', '.join(map(str, numbers))})"
        mine = relation.condition
        both = Condition(f"({mine.sql}) AND {probes}" if mine.sql else probes, mine.values)
        return replace(relation, condition=both), f"{len(numbers)} records"
    raise DeclinedError(f"{facts.product} takes no samples")
