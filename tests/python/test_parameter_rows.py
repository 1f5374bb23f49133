"""`executemany()` takes rows from Arrow data, or from anything that is iterable, and says of what is neither what it is."""

from __future__ import annotations

import asyncio
import datetime as dt
import tracemalloc
from collections.abc import Callable, Iterator
from decimal import Decimal

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from conftest import Lab

import drdarrow
from drdarrow import aio, server

SQUARE = {"A": [1, 2], "B": [10, 20]}
RIGHT = [(1, 10), (2, 20)]
INSERT = "INSERT INTO T VALUES (?, ?)"


@pytest.fixture(scope="module")
def srv() -> Iterator[server.Server]:
    with server.serve(duckdb.connect()) as running:
        yield running


@pytest.fixture
def conn(srv: server.Server) -> Iterator[drdarrow.Connection]:
    with srv.connect() as connection:
        connection.execute("CREATE TABLE T (A INT, B INT)")
        yield connection
        connection.rollback()


class Batch:
    """Exports a batch and is nothing else."""

    def __arrow_c_array__(self, requested_schema: object = None) -> tuple[object, object]:
        return pa.record_batch(SQUARE).__arrow_c_array__()


def sources() -> dict[str, object]:
    return {
        "pyarrow.Table": pa.table(SQUARE),
        "pyarrow.Table of several batches": pa.concat_tables([pa.table(SQUARE).slice(0, 1), pa.table(SQUARE).slice(1)]),
        "pyarrow.RecordBatch": pa.record_batch(SQUARE),
        "pyarrow.RecordBatchReader": pa.table(SQUARE).to_reader(),
        "pyarrow struct array": pa.record_batch(SQUARE).to_struct_array(),
        "polars.DataFrame": pl.DataFrame(SQUARE),
        "polars struct series": pl.DataFrame(SQUARE).to_struct("S"),
        "pandas.DataFrame": pd.DataFrame(SQUARE),
        "duckdb relation": duckdb.sql("FROM (VALUES (1, 10), (2, 20))"),
        "a batch alone": Batch(),
        "list of tuples": RIGHT,
        "tuple of lists": ([1, 10], [2, 20]),
        "generator": (row for row in RIGHT),
        "numpy, two dimensions": np.array(RIGHT),
        "itertuples": pd.DataFrame(SQUARE).itertuples(index=False),
        "map of generators": map(iter, RIGHT),
    }


@pytest.mark.parametrize("name", sources())
def test_a_square_source_is_inserted_by_rows(conn: drdarrow.Connection, name: str) -> None:
    cursor = conn.cursor().executemany(INSERT, sources()[name])
    assert cursor.rowcount == 2
    assert conn.execute("SELECT A, B FROM T ORDER BY A").fetchall() == RIGHT


@pytest.mark.parametrize("name", sources())
def test_the_same_with_asyncio(srv: server.Server, name: str) -> None:
    async def run() -> list:
        async with aio.connect(srv.uri) as connection:
            await connection.execute("CREATE TABLE T (A INT, B INT)")
            cursor = await connection.cursor().executemany(INSERT, sources()[name])
            assert cursor.rowcount == 2
            rows = await (await connection.execute("SELECT A, B FROM T ORDER BY A")).fetchall()
            await connection.rollback()
            return rows

    assert asyncio.run(run()) == RIGHT


def test_a_result_of_ours_goes_into_another_table(conn: drdarrow.Connection) -> None:
    conn.cursor().executemany(INSERT, [(n, n * n) for n in range(3000)])
    conn.execute("CREATE TABLE U (A INT, B INT)")
    cursor = conn.cursor().executemany("INSERT INTO U VALUES (?, ?)", conn.execute("SELECT * FROM T").fetch_arrow())
    assert cursor.rowcount == 3000
    assert conn.execute("SELECT COUNT(*), SUM(BIGINT(B)) FROM U").fetchone() == (3000, sum(n * n for n in range(3000)))


@pytest.mark.parametrize(
    ("rows", "name"),
    [
        ({"A": [1, 2], "B": [10, 20]}, "dict"),
        ("ab", "str"),
        (b"ab", "bytes"),
        (7, "int"),
        (None, "NoneType"),
        (object(), "object"),
        (np.array(7), "numpy.ndarray"),
        (pl.LazyFrame(SQUARE), "LazyFrame"),
        (pl.Series("A", [1, 2]), "Series"),
        (pd.Series([1, 2]), "Series"),
        (pa.array([1, 2]), "Int64Array"),
        (pa.chunked_array([[1, 2]]), "ChunkedArray"),
    ],
)
def test_what_is_neither_arrow_nor_rows_is_refused_by_the_name_of_its_type(
    conn: drdarrow.Connection, rows: object, name: str
) -> None:
    with pytest.raises(drdarrow.InterfaceError, match=name) as caught:
        conn.cursor().executemany(INSERT, rows)
    assert "rows" in str(caught.value)
    assert conn.execute("SELECT COUNT(*) FROM T").fetchone() == (0,)


@pytest.mark.parametrize("row", [{"A": 1, "B": 2}, "ab", 7, {1, 2}])
def test_a_row_that_is_no_sequence_is_named(conn: drdarrow.Connection, row: object) -> None:
    with pytest.raises(drdarrow.ProgrammingError, match=f"row 2: .*not {type(row).__name__}"):
        conn.cursor().executemany(INSERT, [(1, 2), row])


def test_a_value_that_cannot_be_sent_is_named_with_its_row(conn: drdarrow.Connection) -> None:
    rows = [(n, n) for n in range(1500)] + [(1, object())]
    with pytest.raises(drdarrow.InterfaceError, match="row 1501: parameter 2: a value of type object"):
        conn.cursor().executemany(INSERT, rows)


def test_a_row_that_is_null_as_a_whole_is_no_row(conn: drdarrow.Connection) -> None:
    rows = pa.array([{"A": 1, "B": 2}, None])
    with pytest.raises(drdarrow.InterfaceError, match="row 2 of the batch is NULL as a whole"):
        conn.cursor().executemany(INSERT, rows)


def test_a_table_with_another_number_of_columns_is_refused(conn: drdarrow.Connection) -> None:
    with pytest.raises(drdarrow.ProgrammingError, match="2 parameters, 3 were given"):
        conn.cursor().executemany(INSERT, pa.table({**SQUARE, "C": [1, 2]}))


def test_no_rows_are_no_rows(conn: drdarrow.Connection) -> None:
    for rows in ([], pa.table(SQUARE).slice(0, 0), pl.DataFrame(SQUARE).clear(), np.empty((0, 2))):
        assert conn.cursor().executemany(INSERT, rows).rowcount == 0
    assert conn.execute("SELECT COUNT(*) FROM T").fetchone() == (0,)


def test_every_arrow_form_of_a_value_arrives(srv: server.Server) -> None:
    text = pa.array(["a", None, "é", "a"])
    forms = {
        "large": text.cast(pa.large_string()),
        "view": text.cast(pa.string_view()),
        "dictionary": text.dictionary_encode(),
        "runs": pa.RunEndEncodedArray.from_arrays([1, 2, 3, 4], text),
        "categorical": pl.Series(text).cast(pl.Categorical),
        "enum": pl.Series(text).cast(pl.Enum(["a", "é"])),
    }
    for name, form in forms.items():
        with srv.connect() as connection:
            connection.execute("CREATE TABLE V (N INT, S VARCHAR(9))")
            rows = pl.DataFrame({"N": [0, 1, 2, 3], "S": form}) if isinstance(form, pl.Series) else pa.table(
                {"N": [0, 1, 2, 3], "S": form}
            )  # fmt: skip
            connection.cursor().executemany("INSERT INTO V VALUES (?, ?)", rows)
            got = connection.execute("SELECT S FROM V ORDER BY N").fetchall()
            connection.rollback()
        assert got == [("a",), (None,), ("é",), ("a",)], name


def test_typed_columns_arrive_as_their_values(srv: server.Server) -> None:
    columns = {
        "I BIGINT": pa.array([2**53 + 1, None]),
        "U BIGINT": pa.array([2**32 - 1, None], pa.uint32()),
        "H DOUBLE": pa.array([np.float16(1.5), None], pa.float16()),
        "D DECIMAL(31, 2)": pa.array([Decimal("12345678901234567890123456789.01"), None]),
        "B BOOLEAN": pa.array([True, None]),
        "X VARBINARY(9)": pa.array([b"\0\xff", None], pa.binary_view()),
        "DT DATE": pa.array([dt.date(1, 1, 1), None]),
        "TM TIME": pa.array([dt.time(23, 59, 59), None]),
        "TS TIMESTAMP": pa.array([dt.datetime(9999, 12, 31, 23, 59, 59, 999999), None]),
        "N VARCHAR(9)": pa.nulls(2),
    }
    with srv.connect() as connection:
        connection.execute(f"CREATE TABLE W ({', '.join(columns)})")
        table = pa.table(list(columns.values()), names=[name.split()[0] for name in columns])
        for rows in (table, pl.from_arrow(table.drop(["H"]))):
            marks = ", ".join("?" * rows.shape[1])
            names = ", ".join(rows.column_names if isinstance(rows, pa.Table) else rows.columns)
            connection.cursor().executemany(f"INSERT INTO W ({names}) VALUES ({marks})", rows)
            got = connection.execute(f"SELECT {names} FROM W").fetchall()
            assert got == [tuple(row.values()) for row in table.select(names.split(", ")).to_pylist()]
            connection.execute("DELETE FROM W")
        connection.rollback()


def test_rows_are_taken_as_they_are_needed(conn: drdarrow.Connection) -> None:
    """A hundred megabytes of rows are never held at once."""
    conn.execute("CREATE TABLE LONG (N INT, S VARCHAR(30000))")
    tracemalloc.start()
    try:
        rows = ((n, "x" * 30_000) for n in range(3000))
        conn.cursor().executemany("INSERT INTO LONG VALUES (?, ?)", rows)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 30 << 20
    assert conn.execute("SELECT COUNT(*), MIN(LENGTH(S)) FROM LONG").fetchone() == (3000, 30_000)


def test_the_event_loop_goes_on_while_a_stream_is_waited_for(srv: server.Server) -> None:
    ticks = 0

    def slow() -> Iterator[pa.RecordBatch]:
        import time

        for _ in range(3):
            time.sleep(0.2)
            yield pa.record_batch(SQUARE)

    async def run() -> int:
        nonlocal ticks

        async def tick() -> None:
            nonlocal ticks
            while True:
                await asyncio.sleep(0.02)
                ticks += 1

        ticking = asyncio.ensure_future(tick())
        async with aio.connect(srv.uri) as connection:
            await connection.execute("CREATE TABLE T (A INT, B INT)")
            reader = pa.RecordBatchReader.from_batches(pa.record_batch(SQUARE).schema, slow())
            cursor = await connection.cursor().executemany(INSERT, reader)
            await connection.rollback()
        ticking.cancel()
        return cursor.rowcount

    assert asyncio.run(run()) == 6
    assert ticks > 10


def test_arguments_may_be_given_by_the_names_of_pep_249(conn: drdarrow.Connection) -> None:
    cursor = conn.cursor()
    assert cursor.execute("VALUES CAST(? AS INT)", parameters=[1]).fetchall() == [(1,)]
    assert cursor.execute(operation="VALUES CAST(? AS INT)", parameters=[1]).fetchall() == [(1,)]
    assert conn.execute(operation="VALUES CAST(? AS INT)", parameters=[2]).fetchall() == [(2,)]
    assert cursor.executemany(operation=INSERT, seq_of_parameters=RIGHT).rowcount == 2
    with pytest.raises(drdarrow.DatabaseError):
        cursor.callproc(procname="NO_SUCH", parameters=[1])


def test_the_same_names_with_asyncio(srv: server.Server) -> None:
    async def run() -> None:
        async with aio.connect(srv.uri) as connection:
            cursor = await connection.execute(operation="VALUES CAST(? AS INT)", parameters=[2])
            assert await cursor.fetchall() == [(2,)]
            await cursor.execute("CREATE TABLE T (A INT, B INT)")
            await cursor.executemany(operation=INSERT, seq_of_parameters=RIGHT)
            assert cursor.rowcount == 2
            with pytest.raises(drdarrow.DatabaseError):
                await cursor.callproc(procname="NO_SUCH", parameters=[1])
            await connection.rollback()

    asyncio.run(run())


def test_values_of_several_types_in_one_column_arrive_unchanged(lab: Lab, table: Callable[[str], str]) -> None:
    name = table("N INTEGER, D DECIMAL(9, 3), F DOUBLE, C CLOB")
    long = "é" * 40_000
    mixed = [
        (False, Decimal("1.5"), 1.5, "short"),
        (True, 2, 2, long),
        (Decimal(2), None, None, None),
        ("3", Decimal("1.500"), Decimal("0.25"), ""),
        (4, 2.25, "4.5", long),
        (5, "3.75", 6, "end"),
    ]
    with lab.connect() as connection:
        cursor = connection.cursor()
        assert cursor.executemany(f"INSERT INTO {name} VALUES (?, ?, ?, ?)", mixed).rowcount == 6
        found = connection.execute(f"SELECT N, D, F, C FROM {name} ORDER BY N").fetchall()
        numbers = [Decimal(text) if text else None for text in ("1.500", "2", "", "1.500", "2.25", "3.75")]
        assert [row[1] for row in found] == numbers
        assert [row[2] for row in found] == [1.5, 2.0, None, 0.25, 4.5, 6.0]
        assert [row[3] for row in found] == ["short", long, None, "", long, "end"]
        many = [(n, Decimal(n) / 8 if n != 900 else Decimal("1.0001"), n if n % 2 else n / 2, "c") for n in range(1, 1001)]
        with pytest.raises(drdarrow.DataError, match="more digits after the point") as caught:
            cursor.executemany(f"INSERT INTO {name} VALUES (?, ?, ?, ?)", many)
        assert caught.value.row == 900
