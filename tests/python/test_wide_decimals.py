"""Decimals of more than 38 digits: exact in Arrow and pandas, text or floats by choice, an error of ours before Polars panics."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import duckdb
import polars as pl
import pyarrow as pa
import pytest

import drdarrow
from drdarrow import aio, server

AMOUNTS = [Decimal("9" * 43 + ".99"), Decimal("-0.01"), None]
PACKED = pa.field("P", pa.decimal256(45, 2))
ZONED = pa.field("Z", pa.decimal256(45, 2), metadata={"drda:type": "NUMERIC"})


@pytest.fixture(scope="module")
def srv() -> Iterator[server.Server]:
    wide = pa.array(AMOUNTS, pa.decimal256(45, 2))
    table = pa.table([wide, wide, [1, 2, 3]], schema=pa.schema([PACKED, ZONED, pa.field("N", pa.int32())]))
    with server.serve(persona="ibmi", files={"LAB/WIDE": table}) as running:
        yield running


def uri(srv: server.Server) -> str:
    return f"{srv.uri.rsplit('/', 1)[0]}/LAB/WIDE"


def opened(srv: server.Server, **settings: Any) -> drdarrow.File:
    return drdarrow.open_file(uri(srv), signon_port=srv.signon_port, **settings)


def test_they_are_exact_unless_something_else_is_chosen(srv: server.Server) -> None:
    with opened(srv) as file:
        assert file.fetch_arrow_table().column("P").to_pylist() == AMOUNTS
        assert list(file.fetch_df()["Z"]) == AMOUNTS
        assert file.read(1)[:2] == (AMOUNTS[0], AMOUNTS[0])


def test_polars_is_not_given_what_it_panics_at(srv: server.Server) -> None:
    with opened(srv) as file:
        with pytest.raises(drdarrow.NotSupportedError, match='column "P": Polars has no Decimal256') as caught:
            file.fetch_polars()
        assert "wide_decimal" in caught.value.hint
        assert caught.value.connection_usable
    with opened(srv, columns=["N"]) as file:
        assert file.fetch_polars()["N"].to_list() == [1, 2, 3]

    async def run() -> None:
        async with aio.open_file(uri(srv), signon_port=srv.signon_port) as file:
            with pytest.raises(drdarrow.NotSupportedError, match="wide_decimal"):
                await file.fetch_polars()

    asyncio.run(run())


def test_as_text_every_library_takes_them(srv: server.Server) -> None:
    texts = [None if value is None else str(value) for value in AMOUNTS]
    with opened(srv, wide_decimal="text") as file:
        frame = file.fetch_polars()
        assert frame.schema == {"P": pl.String, "Z": pl.String, "N": pl.Int32}
        assert frame["P"].to_list() == frame["Z"].to_list() == texts
        assert duckdb.sql("SELECT P FROM file").fetchall() == [(text,) for text in texts]
        assert file.fetch_arrow_table().schema.field("P").metadata[b"drda:precision"] == b"45"
        assert file.read(1) == (texts[0], texts[0], 1)

    async def run() -> list[Any]:
        async with aio.open_file(uri(srv), signon_port=srv.signon_port, wide_decimal="text") as file:
            return (await file.fetch_polars())["P"].to_list()

    assert asyncio.run(run()) == texts


def test_as_floats_they_are_the_nearest(srv: server.Server) -> None:
    floats = [1e43, -0.01, None]
    with opened(srv, wide_decimal="float64") as file:
        assert file.fetch_polars()["P"].to_list() == floats
        assert duckdb.sql("SELECT Z FROM file").fetchall() == [(number,) for number in floats]


def test_a_part_of_a_file_is_read_with_the_same_setting(srv: server.Server) -> None:
    with opened(srv, wide_decimal="text") as file:
        [part] = file.partitions(1)
    assert "wide_decimal=text" in part.uri
    batches = [pl.DataFrame(batch) for batch in part.open(signon_port=srv.signon_port)]
    assert pl.concat(batches)["P"][1] == "-0.01"


def test_another_word_is_refused(srv: server.Server) -> None:
    for connect in (lambda **s: opened(srv, **s), srv.connect):
        with pytest.raises(drdarrow.InterfaceError, match="wide_decimal: expected one of decimal256, text, float64"):
            connect(wide_decimal="float")


def test_sql_takes_the_setting_in_its_uri_too(srv: server.Server) -> None:
    with server.serve(tables={"T": pa.table({"D": [Decimal("1.50")]})}) as other:
        with drdarrow.connect(f"{other.uri}?wide_decimal=text") as connection:
            cursor = connection.execute("SELECT * FROM T")
            assert cursor.description[0][1] == "DECIMAL"
            assert cursor.fetch_polars()["D"].to_list() == [Decimal("1.50")]
