"""`executemany(on_error="skip")`: rows that are refused are left out, the others are kept. The table is the judge."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from decimal import Decimal

import duckdb
import pyarrow as pa
import pytest
from batching import Target
from derby import Derby

import drdarrow
from drdarrow import aio, server


@pytest.fixture(scope="module", params=["real derby", "luw duckdb", "zos tables", "ibmi tables"])
def some(request: pytest.FixtureRequest, derby: Derby) -> Iterator[Target]:
    made = Target(request.param, derby)
    yield made
    made.close()


def left_out(cursor: drdarrow.Cursor | drdarrow.aio.AsyncCursor) -> list[dict]:
    return [row for batch in cursor.skipped for row in pa.record_batch(batch).to_pylist()]


@pytest.mark.parametrize("autocommit", [True, False])
def test_rows_that_are_refused_are_left_out(some: Target, autocommit: bool) -> None:
    """Those of a key twice by the server, one that is no INTEGER before it is sent."""
    table = some.table(0)
    keys: list[object] = list(range(1, 701))
    keys[9] = keys[399] = 0
    keys[499] = 2**40
    with some.connect(autocommit=autocommit) as connection:
        cursor = connection.cursor()
        cursor.executemany(f"INSERT INTO {table} VALUES (?)", [(key,) for key in keys], on_error="skip")
        assert cursor.rowcount == 697
        found = [(row["1"], row["error_row"], row["error_sqlstate"]) for row in left_out(cursor)]
        assert found == [(0, 10, "23505"), (0, 400, "23505"), (2**40, 500, "22003")]
        assert left_out(cursor)[2]["error_column"] in ("1", "A")
        connection.commit()
        assert some.keys(table) == sorted({0, *(n for n in range(1, 701) if n not in (10, 400, 500))})
        cursor.executemany(f"INSERT INTO {table} VALUES (?)", [(1000,)])
        assert cursor.skipped == []


def test_more_than_may_be_left_out_keep_none(some: Target) -> None:
    table = some.table(0)
    with some.connect(autocommit=True) as connection:
        cursor = connection.cursor()
        with pytest.raises(drdarrow.IntegrityError, match="more than 2 rows were refused") as caught:
            rows = [(n if n % 100 else 0,) for n in range(1, 501)]
            cursor.executemany(f"INSERT INTO {table} VALUES (?)", rows, on_error="skip", max_skipped=2)
        assert caught.value.row == 300 and "max_skipped" in str(caught.value)
        assert cursor.skipped == [] and some.keys(table) == [0]


def test_values_of_other_types_are_other_batches() -> None:
    with server.serve(duckdb.connect()) as srv, srv.connect(autocommit=True) as connection:
        cursor = connection.cursor()
        cursor.execute("CREATE TABLE T (A DECIMAL(5, 2) NOT NULL)")
        rows = [(Decimal("1.5"),), (Decimal("1000"),), (None,), (Decimal("2000"),), ("x",)]
        cursor.executemany("INSERT INTO T VALUES (?)", rows, on_error="skip")
        assert [row["1"] for row in left_out(cursor)] == [row[0] for row in rows[1:]]
        assert cursor.execute("SELECT A FROM T").fetchall() == [(Decimal("1.50"),)]


def test_a_task_gets_them_too(some: Target) -> None:
    table = some.table(0, 5)

    async def work() -> list[tuple]:
        async with aio.connect(some.uri, timeout=15, autocommit=True) as connection:
            cursor = connection.cursor()
            data = pa.table({"k": pa.array(range(10), pa.int32())})
            await cursor.executemany(f"INSERT INTO {table} VALUES (?)", data, on_error="skip")
            return [(row["k"], row["error_row"]) for row in left_out(cursor)]

    assert asyncio.run(work()) == [(0, 1), (5, 6)]
    assert some.keys(table) == list(range(10))


def test_an_error_names_its_column(some: Target) -> None:
    """Where the server tells it, or the value was not sent."""
    table = some.table()
    with some.connect(autocommit=True) as connection:
        with pytest.raises(drdarrow.DataError) as caught:
            connection.cursor().ingest(table, pa.table({"A": pa.array([1, 2**40], pa.int64())}))
        assert (caught.value.row, caught.value.column) == (2, "A")
        with pytest.raises(drdarrow.IntegrityError) as told:
            connection.execute(f"INSERT INTO {table} VALUES (?)", (None,))
        assert told.value.sqlstate == "23502" and told.value.column == "A"


def test_on_error_is_one_of_two(some: Target) -> None:
    with some.connect() as connection, pytest.raises(ValueError, match="'raise' or 'skip', not"):
        connection.cursor().executemany("INSERT INTO T VALUES (?)", [(1,)], on_error="ignore")  # type: ignore[arg-type]
