"""9999-12-31-24.00.00, the "for ever" of many tables of Db2 for z/OS and IBM i, by the rule that the user chose."""

from __future__ import annotations

import asyncio
import datetime as dt
import warnings
from collections.abc import Iterator

import pyarrow as pa
import pytest
from conftest import Lab
from peers import Proxy

import drdarrow
from drdarrow import aio, server

LAST = dt.datetime(9999, 12, 31, 23, 59, 59, 999_999)
NEW_YEAR = dt.datetime(2025, 1, 1)
#: Microseconds of 10000-01-01 00:00:00.
NEXT = 253_402_300_800_000_000

SQL = "SELECT TIMESTAMP('2024-02-29 11:11:11') AS V FROM INTS WHERE ID < 2"
SENT, EVER = b"2024-02-29-11.11.11", b"9999-12-31-24.00.00"


@pytest.mark.parametrize(
    ("settings", "rows"), [({"bad_values": "null"}, [(None,)]), ({"end_of_time": "last"}, [(LAST,)])]
)
def test_rows_of_a_query(lab: Lab, proxy: Proxy, settings: dict, rows: list) -> None:
    async def ask() -> list:
        async with aio.connect(lab.uri(proxy.port), **settings) as connection:
            proxy.change = (SENT, EVER)
            return await (await connection.execute(SQL)).fetchall()

    with lab.connect(proxy.port, **settings) as connection, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        proxy.change = (SENT, EVER)
        cursor = connection.execute(SQL)
        assert cursor.fetchall() == rows
        counted = ["column V: 1 values" in str(message) for _, message in cursor.messages]
        assert counted == ([True] if rows == [(None,)] else [])
    proxy.change = None
    assert asyncio.run(ask()) == rows


def test_by_default_a_query_tells_what_can_be_done(lab: Lab, proxy: Proxy) -> None:
    for fetch in (drdarrow.Cursor.fetchone, drdarrow.Cursor.fetch_arrow_table):
        proxy.change = None
        with lab.connect(proxy.port) as connection:
            proxy.change = (SENT, EVER)
            cursor = connection.execute(SQL)
            with pytest.raises(drdarrow.DataError, match='column 1 "V", row 1: .*end_of_time.*bad_values') as caught:
                fetch(cursor)
            assert (caught.value.sqlstate, caught.value.connection_usable) == ("22008", True)


def test_arrow_has_the_next_year(lab: Lab, proxy: Proxy) -> None:
    with lab.connect(proxy.port, end_of_time="next") as connection:
        proxy.change = (SENT, EVER)
        assert connection.execute(SQL).fetch_arrow_table().column(0).cast(pa.int64()).to_pylist() == [NEXT]
        with pytest.raises(drdarrow.DataError, match="end_of_time"):
            connection.execute(SQL).fetchone()


TEXTS = ["9999-12-31-24.00.00.000000", "2024-12-31-24.00.00.000000", "2024-02-29-01.02.03.000004"]
FORM = {"name": "F", "fields": [{"name": "T", "type": "Z"}]}
OTHERS = [NEW_YEAR, dt.datetime(2024, 2, 29, 1, 2, 3, 4)]


@pytest.fixture(scope="module")
def files() -> Iterator[server.Server]:
    table = pa.table({"R": pa.array([text.encode("cp037") for text in TEXTS], pa.binary(26))})
    with server.serve(persona="ibmi", files={"LAB/F": table}) as running:
        yield running


@pytest.mark.parametrize(
    ("settings", "options", "value"),
    [({}, {"on_error": "null"}, None), ({"end_of_time": "last"}, {}, LAST)],
)
def test_records_of_a_file(files: server.Server, settings: dict, options: dict, value: object) -> None:
    with (
        files.connect_files(**settings) as connection,
        connection.open_file("LAB/F", format=FORM, **options) as file,
    ):
        assert [file.read(rrn) for rrn in (1, 2, 3)] == [(value,), *((other,) for other in OTHERS)]
        assert file.fetch_arrow_table().column(0).to_pylist() == [value, *OTHERS]
        assert file.nulled == ({"T": 2} if value is None else {})
        parts = [pa.table(part.open()) for part in file.partitions(1)]
        assert parts[0].column(0).to_pylist() == [value, *OTHERS]

    async def ask() -> object:
        async with (
            aio.connect_files(f"drda://{files.host}:{files.port}/", user="user", signon_port=0, **settings) as connection,
            connection.open_file("LAB/F", format=FORM, **options) as file,
        ):
            return await file.first()

    assert asyncio.run(ask()) == (value,)


def test_by_default_a_file_tells_what_can_be_done(files: server.Server) -> None:
    with files.connect_files() as connection, connection.open_file("LAB/F", format=FORM) as file:
        for read in (lambda: file.read(1), file.fetch_arrow_table):
            with pytest.raises(drdarrow.DataError, match="field T, relative record number 1.*end_of_time.*on_error"):
                read()
        assert file.read(2) == (NEW_YEAR,)
