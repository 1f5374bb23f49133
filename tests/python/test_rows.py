"""Rows as tuples: the values of pyarrow, whichever way they are fetched."""

import asyncio
import datetime as dt
import gc
import random
from collections.abc import Iterator
from decimal import Decimal

import pyarrow as pa
import pytest

import drdarrow
from drdarrow import aio, server

ROWS = 9_000
DAY = dt.timedelta(days=1)


def column(rng: random.Random, make, nulls: float) -> list:
    return [None if rng.random() < nulls else make(rng) for _ in range(ROWS)]


def table(nulls: float) -> pa.Table:
    rng = random.Random(7)
    moment = dt.datetime(1, 1, 1)
    cells = {
        "I": (pa.int32(), lambda r: r.randint(-(2**31), 2**31 - 1)),
        "B": (pa.int64(), lambda r: r.randint(-(2**63), 2**63 - 1)),
        "S": (pa.int16(), lambda r: r.randint(-(2**15), 2**15 - 1)),
        "F": (pa.float64(), lambda r: r.uniform(-1e9, 1e9)),
        "PRICE": (pa.decimal128(15, 2), lambda r: Decimal(r.randint(-(10**15) + 1, 10**15 - 1)).scaleb(-2)),
        "RATE": (pa.decimal128(5, 5), lambda r: Decimal(r.randint(-3, 3)).scaleb(-5)),
        "WIDE": (pa.decimal128(31, 20), lambda r: Decimal(r.randint(-(10**31) + 1, 10**31 - 1)).scaleb(-20)),
        "T": (pa.string(), lambda r: "".join(r.choices("aZ é日", k=r.randint(0, 12)))),
        "X": (pa.binary(), lambda r: r.randbytes(r.randint(0, 9))),
        "D": (pa.date32(), lambda r: dt.date.min + r.randint(0, 3_652_058) * DAY),
        "FEW": (pa.date32(), lambda r: dt.date(2024, 1, 1) + r.randint(0, 600) * DAY),
        "C": (pa.time32("s"), lambda r: dt.time(r.randint(0, 23), r.randint(0, 59), r.randint(0, 59))),
        "M": (pa.timestamp("us"), lambda r: moment + r.random() * 3_652_058 * DAY),
    }
    arrays = {name: pa.array(column(rng, make, nulls), kind) for name, (kind, make) in cells.items()}
    return pa.table(arrays)


@pytest.fixture(scope="module", params=[0.0, 0.1, 1.0], ids=["full", "nulls", "empty"])
def served(request) -> Iterator[tuple[server.Server, list[tuple]]]:
    rows = table(request.param)
    with server.serve(tables={"T": rows}, engine="tables") as srv:
        yield srv, list(zip(*(column.to_pylist() for column in rows.columns), strict=True))


def one_by_one(cursor: drdarrow.Cursor) -> list:
    rows = []
    while (row := cursor.fetchone()) is not None:
        rows.append(row)
    return rows


def mixed(cursor: drdarrow.Cursor) -> list:
    rows, rng = [], random.Random(3)
    while True:
        size = rng.choice([1, 1, 1, 2, 63, 64, 300, 4097])
        more = [cursor.fetchone()] if size == 1 else cursor.fetchmany(size)
        if not more or more == [None]:
            return rows
        rows += more


def then_arrow(cursor: drdarrow.Cursor) -> list:
    rows = [cursor.fetchone() for _ in range(777)]
    rest = pa.table(cursor.fetch_arrow())
    return rows + list(zip(*(column.to_pylist() for column in rest.columns), strict=True))


@pytest.mark.parametrize("fetch", [drdarrow.Cursor.fetchall, one_by_one, list, mixed, then_arrow])
def test_rows_are_those_of_the_table(served, fetch):
    srv, expected = served
    with srv.connect() as connection:
        rows = fetch(connection.execute("SELECT * FROM T"))
    assert rows == expected
    assert all(type(row) is tuple for row in rows)
    assert [type(cell) for cell in rows[5]] == [type(cell) for cell in expected[5]]


def test_rows_come_by_await_as_well(served):
    srv, expected = served

    async def main() -> list:
        async with aio.connect(srv.uri) as connection:
            cursor = await connection.execute("SELECT * FROM T")
            rows = [await cursor.fetchone() for _ in range(70)]
            return rows + [row async for row in cursor]

    assert asyncio.run(main()) == expected


def test_the_rows_before_one_without_a_form_are_handed_out():
    """Python's datetime has no nanoseconds: row 150 of 400 is told when it is its turn, and each time."""
    moments = pa.array([1000] * 149 + [1001] + [2000] * 250, pa.int64()).cast(pa.timestamp("ns"))
    rows = pa.table({"N": range(400), "M": moments})
    with (
        server.serve(tables={"T": rows}, engine="tables") as srv,
        srv.connect(timestamp_unit="ns") as connection,
    ):
        cursor = connection.execute("SELECT * FROM T")
        assert [cursor.fetchone()[0] for _ in range(149)] == list(range(149))
        for _ in range(2):
            with pytest.raises(drdarrow.DataError, match="nanoseconds") as caught:
                cursor.fetchone()
            assert caught.value.sqlstate == "22008"
        with pytest.raises(drdarrow.DataError, match="nanoseconds"):
            connection.execute("SELECT * FROM T").fetchall()


@pytest.mark.parametrize("enabled", [True, False])
def test_the_collector_is_as_it_was(served, enabled):
    srv, expected = served
    was = gc.isenabled()
    (gc.enable if enabled else gc.disable)()
    try:
        with srv.connect() as connection:
            assert len(connection.execute("SELECT * FROM T").fetchall()) == len(expected)
        assert gc.isenabled() == enabled
    finally:
        (gc.enable if was else gc.disable)()
