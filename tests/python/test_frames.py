"""`fetch_df()` holds the values of the rows, whatever the backend, with NULL and without."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from every_type import TYPES, table

import drdarrow
from drdarrow import aio, server

BACKENDS = (None, "numpy", "numpy_nullable", "pyarrow")
#: Values that NumPy's plain types refuse.
INEXACT = {("BIGINT", "numpy")}
KEYS = [9007199254740993, 9007199254740992, 1152921504606846978]


@pytest.fixture(scope="module")
def srv() -> Iterator[server.Server]:
    """Tables of each type: `<TYPE>_FULL` without NULL, `<TYPE>_NULL` with one, `<TYPE>_EMPTY` without rows."""
    tables = {}
    for name, kind in TYPES.items():
        first, second = kind.values
        for suffix, values in (("FULL", [first, second]), ("NULL", [first, None, second]), ("EMPTY", [])):
            tables[f"{name}_{suffix}"] = table([name], {name: values})
    with server.serve(tables=tables, engine="tables") as running:
        yield running


def plain(value: Any) -> Any:
    """A cell of a frame as `fetchall()` has it."""
    if value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, pd.Timestamp):
        return value.to_pydatetime()
    return value


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("suffix", ["FULL", "NULL"])
@pytest.mark.parametrize("name", TYPES)
def test_the_values_are_those_of_the_rows(srv: server.Server, name: str, suffix: str, backend: Any) -> None:
    with srv.connect() as connection:
        sql = f"SELECT * FROM {name}_{suffix}"
        rows = [row[0] for row in connection.execute(sql).fetchall()]
        assert [value for value in rows if value is not None] == list(TYPES[name].values)
        if suffix == "NULL" and (name, backend) in INEXACT:
            with pytest.raises(drdarrow.DataError, match="BIGINT") as caught:
                connection.execute(sql).fetch_df(dtype_backend=backend)
            assert "numpy_nullable" in caught.value.hint
            assert caught.value.sqlstate == "22003"
            # The rows are gone, and that is no end of them.
            cursor = connection.execute(sql)
            with pytest.raises(drdarrow.DataError, match="BIGINT"):
                cursor.fetch_df(dtype_backend=backend)
            with pytest.raises(drdarrow.InterfaceError, match="execute the statement again"):
                cursor.fetchall()
            return
        frame = connection.execute(sql).fetch_df(dtype_backend=backend)
        got = [plain(value) for value in frame[name]]
        assert list(frame[name].isna()) == [value is None for value in rows]
    if name == "DECFLOAT" and backend == "pyarrow":
        # Arrow has no such type: the text is exact.
        got = [None if value is None else Decimal(value) for value in got]
    assert got == rows
    # NumPy's integers have no place for NULL: they are floats then, as the backend asks for.
    floats = backend == "numpy" and suffix == "NULL" and name in ("SMALLINT", "INTEGER")
    assert [type(value) for value in got] == [float if floats and value is not None else type(value) for value in rows]


@pytest.mark.parametrize(
    ("name", "full", "with_null"),
    [
        ("SMALLINT", "int16", "Int16"),
        ("INTEGER", "int32", "Int32"),
        ("BIGINT", "int64", "Int64"),
        ("REAL", "float32", "float32"),
        ("DOUBLE", "float64", "float64"),
        ("DECIMAL", "object", "object"),
        ("DECFLOAT", "object", "object"),
        ("VARCHAR", "str", "str"),
        ("CLOB", "str", "str"),
        ("VARBINARY", "object", "object"),
        ("DATE", "object", "object"),
        ("TIME", "object", "object"),
        ("TIMESTAMP", "datetime64[us]", "datetime64[us]"),
        ("TIMESTAMPTZ", "datetime64[us, UTC]", "datetime64[us, UTC]"),
        ("BOOLEAN", "bool", "boolean"),
    ],
)
def test_types_are_numpys_where_they_hold_the_column(srv: server.Server, name: str, full: str, with_null: str) -> None:
    with srv.connect() as connection:
        frames = [connection.execute(f"SELECT * FROM {name}_{suffix}").fetch_df() for suffix in ("FULL", "NULL", "EMPTY")]
    assert [str(frame[name].dtype) for frame in frames] == [full, with_null, full]


@pytest.mark.parametrize(
    ("name", "backend", "expected"),
    [
        ("BIGINT", "numpy_nullable", "Int64"),
        ("DOUBLE", "numpy_nullable", "Float64"),
        ("REAL", "numpy_nullable", "Float32"),
        ("BOOLEAN", "numpy_nullable", "boolean"),
        ("VARCHAR", "numpy_nullable", "string"),
        ("BIGINT", "pyarrow", "int64[pyarrow]"),
        ("DECIMAL", "pyarrow", "decimal128(31, 2)[pyarrow]"),
        ("DATE", "pyarrow", "date32[day][pyarrow]"),
        ("BOOLEAN", "numpy", "bool"),
        ("BIGINT", "numpy", "int64"),
    ],
)
def test_a_backend_gives_the_types_that_pandas_gives(srv: server.Server, name: str, backend: Any, expected: str) -> None:
    with srv.connect() as connection:
        frame = connection.execute(f"SELECT * FROM {name}_FULL").fetch_df(dtype_backend=backend)
    assert str(frame[name].dtype) == expected


def test_numpy_makes_floats_of_integers_with_null_where_that_is_exact() -> None:
    data = pa.table({"K": pa.array([2**53, -(2**53), None])})
    with server.serve(tables={"T": data}, engine="tables") as srv, srv.connect() as connection:
        frame = connection.execute("SELECT * FROM T").fetch_df(dtype_backend="numpy")
    assert frame["K"].dtype == "float64"
    assert list(frame["K"][:2]) == [2.0**53, -(2.0**53)]


def test_nan_and_null_are_told_apart() -> None:
    data = pa.table({"D": pa.array([1.5, None, math.nan]), "F": pa.array([1.5, 2.5, math.nan], pa.float32())})
    with server.serve(tables={"T": data}, engine="tables") as srv, srv.connect() as connection:
        for backend in (None, "numpy_nullable", "pyarrow"):
            frame = connection.execute("SELECT * FROM T").fetch_df(dtype_backend=backend)
            assert list(frame["D"].isna()) == [False, True, False], backend
            assert math.isnan(frame["D"].iloc[2])
            assert math.isnan(frame["F"].iloc[2])
        frame = connection.execute("SELECT * FROM T").fetch_df(dtype_backend="numpy")
        assert str(frame["D"].dtype) == "float64"
        assert list(frame["D"].isna()) == [False, True, True]


def test_keys_beside_a_null_stay_different() -> None:
    with server.serve(duckdb.connect()) as srv, srv.connect() as connection:
        connection.execute("CREATE TABLE T (N INT, K BIGINT)")
        connection.cursor().executemany("INSERT INTO T VALUES (?, ?)", [*enumerate(KEYS), (9, None)])
        connection.commit()
        frame = connection.execute("SELECT K FROM T ORDER BY N").fetch_df()
        assert [int(key) for key in frame["K"].dropna()] == KEYS

        async def run() -> pd.DataFrame:
            async with aio.connect(srv.uri) as other:
                cursor = await other.execute("SELECT K FROM T ORDER BY N")
                frame = await cursor.fetch_df(dtype_backend="pyarrow")
                assert str(frame["K"].dtype) == "int64[pyarrow]"
                await cursor.execute("SELECT K FROM T ORDER BY N")
                return await cursor.fetch_df()

        assert [int(key) for key in asyncio.run(run())["K"].dropna()] == KEYS


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_file_has_the_same_values(backend: Any) -> None:
    names = ["SMALLINT", "INTEGER", "DOUBLE", "DECIMAL", "NUMERIC", "DATE", "TIME", "TIMESTAMP", "BOOLEAN", "VARCHAR"]
    values = {name: [TYPES[name].values[0], None, TYPES[name].values[1]] for name in names}
    files = {"LAB/F": table(names, values), "LAB/K": pa.table({"K": [*KEYS, None]})}
    with server.serve(persona="ibmi", files=files) as srv, srv.connect_files() as system:
        with system.open_file("LAB/F") as file:
            frame = file.fetch_df(dtype_backend=backend)
            got = [tuple(plain(value) for value in row) for row in frame.itertuples(index=False)]
            assert got == [file.read(n) for n in (1, 2, 3)]
        if backend != "numpy":
            with system.open_file("LAB/K") as file:
                assert [int(key) for key in file.fetch_df(dtype_backend=backend)["K"].dropna()] == KEYS

        async def run() -> pd.DataFrame:
            async with aio.open_file(f"{srv.uri.rsplit('/', 1)[0]}/LAB/F", signon_port=srv.signon_port) as other:
                with pytest.raises(drdarrow.InterfaceError):
                    await other.fetch_df(dtype_backend="polars")
                return await other.fetch_df(dtype_backend=backend)

        pd.testing.assert_frame_equal(asyncio.run(run()), frame)


def test_another_backend_is_refused_before_anything_is_read(srv: server.Server) -> None:
    with srv.connect() as connection:
        cursor = connection.execute("SELECT * FROM BIGINT_FULL")
        with pytest.raises(drdarrow.InterfaceError, match="'arrow' is not one of 'numpy', 'numpy_nullable', 'pyarrow'"):
            cursor.fetch_df(dtype_backend="arrow")
        assert cursor.fetchall() == [(value,) for value in TYPES["BIGINT"].values]


def test_names_that_occur_twice_and_results_without_rows_are_kept(srv: server.Server) -> None:
    with srv.connect() as connection:
        frame = connection.execute("SELECT BIGINT, BIGINT FROM BIGINT_FULL").fetch_df()
        assert list(frame.columns) == ["BIGINT", "BIGINT"]
        assert frame.shape == (2, 2)
        assert connection.execute("SELECT * FROM BIGINT_EMPTY").fetch_df().shape == (0, 1)
