"""Divisions that the products have of their own: record numbers and members of IBM i, partitions of Db2."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

from drdarrow.conditions import Condition
from drdarrow.exceptions import DataError, NotSupportedError, ProgrammingError
from drdarrow.partitions import ways
from drdarrow.partitions.asking import Asking, Fetched
from drdarrow.partitions.division import DeclinedError, Division, Facts
from drdarrow.partitions.keys import Kind
from drdarrow.partitions.part import Member
from drdarrow.partitions.relation import Relation, quoted

__all__ = ["by_limits", "by_members", "by_nodes", "by_partitions", "by_records", "by_rids", "known_rows"]

#: The value of a bound in a catalog: a number, or text between single quotes.
_LITERAL = re.compile(r"[+-]?[0-9]+(?:\.[0-9]*)?|X?'(?:[^']|'')*'")
#: Several of them.
_LITERALS = re.compile(rf"(?:{_LITERAL.pattern})(?:\s*,\s*(?:{_LITERAL.pattern}))*")
_ROWS = {
    "Db2 for i": "SELECT NUMBER_ROWS FROM QSYS2.SYSTABLESTAT WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?",
    "Db2 for z/OS": "SELECT CARDF FROM SYSIBM.SYSTABLES WHERE CREATOR = ? AND NAME = ?",
    "Db2 for Linux, UNIX and Windows": "SELECT CARD FROM SYSCAT.TABLES WHERE TABSCHEMA = ? AND TABNAME = ?",
}
_MEMBERS = """SELECT SYSTEM_TABLE_MEMBER, NUMBER_ROWS, NUMBER_DELETED_ROWS FROM QSYS2.SYSPARTITIONSTAT
WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? ORDER BY PARTITION_NUMBER"""
_SYSTEM_NAME = """SELECT SYSTEM_TABLE_SCHEMA, SYSTEM_TABLE_NAME FROM QSYS2.SYSTABLES
WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?"""
_DATA_PARTITIONS = """SELECT SEQNO, HIGHINCLUSIVE, HIGHVALUE, CARD FROM SYSCAT.DATAPARTITIONS
WHERE TABSCHEMA = ? AND TABNAME = ? AND (STATUS = '' OR STATUS = ' ') ORDER BY SEQNO"""
_DATA_KEY = """SELECT DATAPARTITIONEXPRESSION, NULLSFIRST FROM SYSCAT.DATAPARTITIONEXPRESSION
WHERE TABSCHEMA = ? AND TABNAME = ? ORDER BY DATAPARTITIONKEYSEQ"""
_NODES = """SELECT DISTINCT G.DBPARTITIONNUM FROM SYSCAT.DBPARTITIONGROUPDEF AS G
JOIN SYSCAT.TABLESPACES AS S ON S.DBPGNAME = G.DBPGNAME JOIN SYSCAT.TABLES AS T ON T.TBSPACEID = S.TBSPACEID
WHERE T.TABSCHEMA = ? AND T.TABNAME = ? ORDER BY 1"""
_LIMITS = """SELECT P.PARTITION, P.LIMITKEY, P.CARDF FROM SYSIBM.SYSTABLEPART AS P
JOIN SYSIBM.SYSTABLES AS T ON T.DBNAME = P.DBNAME AND T.TSNAME = P.TSNAME
WHERE T.CREATOR = ? AND T.NAME = ? ORDER BY P.PARTITION"""
_LIMIT_KEY = """SELECT NAME, PARTKEY_ORDERING FROM SYSIBM.SYSCOLUMNS
WHERE TBCREATOR = ? AND TBNAME = ? AND PARTKEY_COLSEQ > 0 ORDER BY PARTKEY_COLSEQ"""


def _asked(sql: str, relation: Relation) -> Asking[list[Any]]:
    """Rows of the catalog about the table; none where it has no such view, or the user no right to it."""
    if relation.table is None:
        raise DeclinedError("it is a query, of which the catalog knows nothing")
    try:
        found: list[Any] = yield Fetched(Condition(" ".join(sql.split()), relation.table))
    except (ProgrammingError, NotSupportedError):
        return []
    return found


def known_rows(relation: Relation, facts: Facts) -> Asking[None]:
    """Asks the catalog how many rows there are."""
    if relation.table is None or relation.condition.sql or facts.product not in _ROWS:
        return
    told = yield from _asked(_ROWS[facts.product], relation)
    if told and told[0][0] is not None and told[0][0] > 0:
        facts.rows = int(told[0][0])


def _grouped(count: int, parts: int) -> list[range]:
    """So many things in at most so many groups that follow each other."""
    parts = min(count, parts)
    return [range(count * n // parts, count * (n + 1) // parts) for n in range(parts)]


def by_records(relation: Relation, facts: Facts, count: int) -> Asking[Division]:
    """Relative record numbers of a table of Db2 for i; of a partitioned one, those of each partition."""
    if not relation.name:
        raise DeclinedError("it is a query, whose rows have no record numbers")
    record = f"RRN({relation.name})"
    members = [] if relation.aliased else (yield from _asked(_MEMBERS, relation))
    if members and all(deleted is not None for *_, deleted in members):
        last = max(int(rows) + int(deleted) for _, rows, deleted in members)
    else:
        # A view of several tables has the numbers of the first. Whoever may not see the statistics asks for the most.
        try:
            told = yield Fetched(relation.asked(f"MAX({record})"))
        except (ProgrammingError, NotSupportedError, DataError):
            raise DeclinedError("the server does not tell record numbers") from None
        last = int(told[0][0] or 0)
    bounds = [(bound,) for bound in ways.even(1, last, count)] if last > 1 else []
    conditions = ways.ranges([record], bounds, nulls=not members and bool(bounds))
    return Division("rrn", f"records 1 to {last}", conditions, facts.shares(len(conditions)))


def by_members(relation: Relation, facts: Facts, count: int) -> Asking[Division]:
    """Each member or partition of a table of Db2 for i by an alias of its own."""
    members = yield from _asked(_MEMBERS, relation)
    names = yield from _asked(_SYSTEM_NAME, relation)
    if not members or not names or relation.aliased:
        raise DeclinedError("QSYS2.SYSPARTITIONSTAT tells of no members")
    library, file = (str(name).strip() for name in names[0])
    made = []
    for member, _, _ in members:
        text = "/".join((library, file, str(member).strip()))
        alias = "DRDA_" + hashlib.sha256(text.encode()).hexdigest()[:12].upper()
        made.append(Member(alias, library, file, str(member).strip()))
    why = f"{len(made)} members of {library}/{file}, each read whole"
    rows = [int(number) for _, number, _ in members]
    return Division("members", why, [Condition("")] * len(made), rows, members=made)


def by_partitions(relation: Relation, facts: Facts, count: int, columns: Sequence[str]) -> Asking[Division]:
    """Data partitions of a table of Db2 for LUW."""
    partitions = yield from _asked(_DATA_PARTITIONS, relation)
    if len(partitions) < 2 or not relation.name:
        raise DeclinedError("the table has one data partition")
    groups = _grouped(len(partitions), count)
    rows = _sums([card for *_, card in partitions], groups)
    key = yield from _asked(_DATA_KEY, relation)
    why = f"{len(partitions)} data partitions"
    uppers = [(str(partitions[group[-1]][2]), partitions[group[-1]][1] == "Y") for group in groups[:-1]]
    plain = len(key) == 1 and str(key[0][0]).strip('"') in columns
    if plain and all(_LITERAL.fullmatch(high) for high, _ in uppers):
        name = quoted(str(key[0][0]).strip('"'))
        below = [f"{name} {'<=' if inclusive else '<'} {high}" for high, inclusive in uppers]
        above = [f"{name} {'>' if inclusive else '>='} {high}" for high, inclusive in uppers]
        conditions = _limited(below, above, f"{name} IS NULL", nulls_first=key[0][1] == "Y")
        return Division("partitions", f"{why} of {name}", conditions, rows)
    # Any column tells the partition of a row; its number is that of the order.
    number = f"DATAPARTITIONNUM({relation.name}.{quoted(columns[0])})"
    conditions = _numbered(number, [int(row[0]) for row in partitions], groups)
    return Division("partitions", why, conditions, rows)


def by_limits(relation: Relation, facts: Facts, count: int, kinds: Mapping[str, Kind]) -> Asking[Division]:
    """Partitions of a table of Db2 for z/OS, by their limit keys, which the server compares in its own order."""
    partitions = yield from _asked(_LIMITS, relation)
    if len(partitions) < 2 or not relation.name:
        raise DeclinedError("the table has one partition")
    key = yield from _asked(_LIMIT_KEY, relation)
    names = tuple(str(name).strip() for name, _ in key)
    if not names or any(name not in kinds for name in names) or any(order == "D" for _, order in key):
        raise DeclinedError("the key of the partitions descends, or is not one of columns")
    if len(names) > 1 and any(kinds[name].nullable for name in names):
        raise DeclinedError("a column of the key of the partitions may be NULL")
    groups = _grouped(len(partitions), count)
    limits = [_literals(str(partitions[group[-1]][1])) for group in groups[:-1]]
    if any(len(limit) != len(names) for limit in limits):
        raise DeclinedError("the partitions have no limit keys: they grow, or the keys are no plain values")
    columns = [quoted(name) for name in names]
    below, above = ([ways.compared(columns, limit, operator) for limit in limits] for operator in "<>")
    nulls = f"{columns[0]} IS NULL" if len(names) == 1 else None
    conditions = _limited(below, above, nulls, nulls_first=False)
    why = f"{len(partitions)} partitions of {', '.join(names)}"
    return Division("partitions", why, conditions, _sums([card for *_, card in partitions], groups), names)


def _literals(text: str) -> list[str]:
    """The values of a limit key, which has commas between them; none where they are not plain ones."""
    return _LITERAL.findall(text) if _LITERALS.fullmatch(text.strip()) else []


def _limited(below: Sequence[str], above: Sequence[str], nulls: str | None, *, nulls_first: bool) -> list[Condition]:
    """Ranges up to limits. NULL comes last, or first where the table says so."""
    if not below:
        return [Condition("")]
    texts = [below[0], *(f"{low} AND {high}" for low, high in zip(above, below[1:], strict=False)), above[-1]]
    at = 0 if nulls_first else -1
    if nulls is not None:
        texts[at] = f"({texts[at]} OR {nulls})"
    return [Condition(text) for text in texts]


def by_nodes(relation: Relation, facts: Facts, count: int, columns: Sequence[str]) -> Asking[Division]:
    """Database partitions that a table of Db2 for LUW is spread over."""
    found = yield from _asked(_NODES, relation)
    if len(found) < 2 or not relation.name:
        raise DeclinedError("the table is on one database partition")
    numbers = [int(number) for (number,) in found]
    groups = _grouped(len(numbers), count)
    node = f"DBPARTITIONNUM({relation.name}.{quoted(columns[0])})"
    conditions = _numbered(node, numbers, groups)
    why = f"database partitions {', '.join(map(str, numbers))}"
    return Division("nodes", why, conditions, facts.shares(len(groups)))


def by_rids(relation: Relation, facts: Facts, count: int) -> Asking[Division]:
    """Row identifiers of a table of Db2 for LUW, in the order of the pages. Each part may read the whole table."""
    if not relation.name:
        raise DeclinedError("it is a query, whose rows have no identifiers")
    rid = f"RID({relation.name})"
    try:
        least, most = (yield Fetched(relation.asked(f"MIN({rid}), MAX({rid})")))[0]
    except (ProgrammingError, NotSupportedError):
        raise DeclinedError("the server does not tell identifiers of its rows") from None
    bounds = [] if least is None else [(bound,) for bound in ways.even(int(least), int(most), count)]
    conditions = ways.ranges([rid], bounds, nulls=False)
    why = "row identifiers, which a reorganization changes"
    return Division("rid", why, conditions, facts.shares(len(conditions)))


def _numbered(function: str, numbers: Sequence[int], groups: Sequence[range]) -> list[Condition]:
    """Ranges of the numbers of partitions; those that are made later are in the first or the last one."""
    return ways.ranges([function], [(numbers[group[-1]],) for group in groups[:-1]], nulls=False)


def _sums(cards: Sequence[Any], groups: Sequence[range]) -> list[int] | None:
    """Rows of each group, as the catalog has them; None where it does not know all."""
    if any(card is None or card < 0 for card in cards):
        return None
    return [int(sum(cards[n] for n in group)) for group in groups]
