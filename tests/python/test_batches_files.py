"""Many records in one write: the error names the record that the system refused, and the file holds what it says."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import polars as pl
import pyarrow as pa
import pytest

import drdarrow
import drdarrow.aio
from drdarrow import server

SCHEMA = pa.schema([("ID", pa.int32()), ("NAME", pa.string())])


@pytest.fixture
def srv() -> Iterator[server.Server]:
    """A file with a unique key and one record."""
    empty = pa.table({"ID": [0], "NAME": ["first"]}, schema=SCHEMA)
    files = {"SHOP/ITEMS": server.PhysicalFile(empty, keys=["ID"], unique=True)}
    with server.serve(persona="ibmi", files=files) as running:
        yield running


def rows(count: int, bad: int) -> list[tuple[int, str]]:
    """Rows of which number `bad`, counted from 1, has a key that is there already."""
    return [(0 if n == bad else n, f"n{n}") for n in range(1, count + 1)]


def as_tuples(rows: list[tuple[int, str]]) -> Iterable[Any]:
    return rows


def as_iterator(rows: list[tuple[int, str]]) -> Iterable[Any]:
    return iter(rows)


def as_dicts(rows: list[tuple[int, str]]) -> Iterable[Any]:
    return [{"ID": i, "NAME": n} for i, n in rows]


def as_arrow(rows: list[tuple[int, str]]) -> pa.Table:
    """In batches of another size than the writer's."""
    table = pa.table({"ID": [i for i, _ in rows], "NAME": [n for _, n in rows]}, schema=SCHEMA)
    return pa.Table.from_batches(table.to_batches(max_chunksize=7))


SHAPES = [as_tuples, as_iterator, as_dicts, as_arrow]


def held(srv: server.Server) -> list[int]:
    return pl.DataFrame(srv.file("SHOP/ITEMS"))["ID"].to_list()


@pytest.mark.parametrize(("count", "bad"), [(20, 1), (20, 11), (20, 20), (1300, 1), (1300, 700), (1300, 1300)])
@pytest.mark.parametrize("shape", SHAPES)
def test_the_record_that_was_refused_is_named(
    srv: server.Server, shape: Callable[[Any], Any], count: int, bad: int
) -> None:
    with srv.connect_files() as connection, connection.open_file("SHOP/ITEMS", mode="w") as file:
        with pytest.raises(drdarrow.IntegrityError) as caught:
            file.write(shape(rows(count, bad)))
        assert caught.value.row == bad
        assert bad == 1 or f"{bad - 1} rows were added" in str(caught.value)
        assert caught.value.connection_usable
        assert held(srv) == [0, *range(1, bad)]
        # What is left is written from there on, and nothing twice.
        assert file.write(shape(rows(count, 0)[bad - 1 :])) == count - bad + 1
    assert held(srv) == [0, *range(1, count + 1)]


@pytest.mark.parametrize("shape", [as_tuples, as_arrow])
def test_so_it_is_in_a_coroutine(srv: server.Server, shape: Callable[[Any], Any]) -> None:
    async def write() -> drdarrow.Error:
        async with drdarrow.aio.connect_files(
            host="127.0.0.1", port=srv.port, user="me", signon_port=srv.signon_port
        ) as connection:
            async with await connection.open_file("SHOP/ITEMS", mode="w") as file:
                with pytest.raises(drdarrow.IntegrityError) as caught:
                    await file.write(shape(rows(1300, 700)))
                return caught.value

    assert asyncio.run(write()).row == 700
    assert held(srv) == [0, *range(1, 700)]


@pytest.mark.parametrize("shape", SHAPES)
def test_a_rollback_takes_back_what_was_added(srv: server.Server, shape: Callable[[Any], Any]) -> None:
    with srv.connect_files() as connection, connection.open_file("SHOP/ITEMS", mode="w", commit="chg") as file:
        with pytest.raises(drdarrow.IntegrityError) as caught:
            file.write(shape(rows(20, 11)))
        assert caught.value.row == 11
        connection.rollback()
        assert held(srv) == [0]
        assert file.write(shape(rows(20, 0))) == 20
        connection.commit()
    assert held(srv) == [0, *range(1, 21)]


def test_other_errors_are_about_no_row(srv: server.Server) -> None:
    with srv.connect_files() as connection:
        with pytest.raises(drdarrow.Error) as caught:
            connection.open_file("SHOP/NOWHERE")
    assert caught.value.row is None
