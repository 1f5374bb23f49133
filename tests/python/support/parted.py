"""Tables that are hard to divide, made of random numbers, and what of them was read in parts."""

from __future__ import annotations

import datetime as dt
import pickle
import random
from decimal import Decimal
from typing import Any

import pyarrow as pa

import drdarrow
from drdarrow.partitions import Partitions

#: N is the number of a row, by which rows are told apart.
COLUMNS = (
    "N INTEGER NOT NULL, U BIGINT NOT NULL, G INTEGER, M DECIMAL(9,2), D DATE, S TIMESTAMP, C CHAR(6), V VARCHAR(20), "
    "B VARCHAR(8) FOR BIT DATA, A SMALLINT NOT NULL, P VARCHAR(5) NOT NULL, PRIMARY KEY (U)"
)
#: Columns that rows are divided by, and the ways by which they are.
WAYS: list[dict[str, Any]] = [
    {},
    {"on": "U", "plan": "range"},
    {"on": "U", "plan": "quantiles"},
    {"on": "G"},
    {"on": "G", "plan": "range"},
    {"on": "G", "plan": "modulo"},
    {"on": "M"},
    {"on": "M", "plan": "range"},
    {"on": "D"},
    {"on": "D", "plan": "range"},
    {"on": "S"},
    {"on": "S", "plan": "range"},
    {"on": "C"},
    {"on": "V"},
    {"on": "B"},
    {"on": ("A", "P")},
    {"on": ("A", "P", "U")},
    {"plan": "modulo"},
]
_TEXTS = ["", "a", "a ", "A", "b'c", 'q"', "ä", "ß", "zz", "?", "%", "0"]


def rows(chance: random.Random, count: int) -> list[tuple[Any, ...]]:
    """Rows with gaps, duplicates, NULLs and skew."""
    gap = chance.choice([1, 1, 3, 1000, 2**40])
    start, few, nulls = chance.randrange(-100, 100), chance.choice([1, 3, 50]), chance.choice([0, 0.2, 0.9])

    def some(value: Any) -> Any:
        return None if chance.random() < nulls else value

    return [
        (
            n,
            start + n * gap,
            some(int(chance.expovariate(1 / few)) - 3),
            some(Decimal(chance.randrange(-(10 ** chance.randrange(1, 9)), 10**6)) / 100),
            some(dt.date(2020, 2, 28) + dt.timedelta(days=int(chance.gauss(0, few)))),
            some(dt.datetime(2020, 1, 1) + dt.timedelta(microseconds=chance.randrange(10 ** chance.randrange(1, 15)))),
            some(chance.choice(_TEXTS[1:])),
            some("".join(chance.choices(_TEXTS, k=chance.randrange(4)))),
            some(bytes(chance.choices(range(256), k=chance.randrange(1, 4)))),
            chance.randrange(few),
            chance.choice(_TEXTS[1:4]),
        )
        for n in range(count)
    ]


def fill(connection: drdarrow.Connection, table: str, given: list[tuple[Any, ...]]) -> None:
    """Makes the table; the rows come in an order of their own, and every fifth one was another first."""
    connection.execute(f"CREATE TABLE {table} ({COLUMNS})")
    marks = ", ".join("?" * 11)
    cursor = connection.cursor()
    lost = [(*row[:1], 2**50 + row[0], *row[2:]) for row in given[::5]]
    for some in (lost, given):
        if some:
            cursor.executemany(f"INSERT INTO {table} VALUES ({marks})", random.Random(1).sample(some, len(some)))
    cursor.execute(f"DELETE FROM {table} WHERE U >= {2**50}")
    connection.commit()


def union(parts: Partitions, connection: drdarrow.Connection) -> pa.Table:
    """The rows of all parts in the order of their numbers, each part read as another process would."""
    tables = [pickle.loads(pickle.dumps(part)).read(connection) for part in parts]
    return pa.concat_tables(tables).sort_by("N")
