"""The ADBC driver in the hands of Polars, pandas and DuckDB, without a warning."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal

import duckdb
import pandas as pd
import polars as pl
import pytest
from batching import Target
from derby import Derby

from adbc_driver_drda import dbapi

pytestmark = pytest.mark.filterwarnings("error")
FRAME = pl.DataFrame(
    {
        "ID": pl.Series([1, 2, 3], dtype=pl.Int32),
        "NAME": ["é", None, "日本"],
        "PRICE": pl.Series([Decimal("1.50"), None, Decimal("-0.01")], dtype=pl.Decimal(9, 2)),
        "AT": [dt.datetime(2024, 1, 31, 12, 0, 0, 123456), None, dt.datetime(1, 1, 1)],
    }
)


@pytest.fixture(scope="module", params=["real derby", "luw duckdb", "ibmi duckdb"])
def target(request: pytest.FixtureRequest, derby: Derby) -> Iterator[Target]:
    made = Target(request.param, derby)
    yield made
    made.close()


def test_polars(target: Target) -> None:
    assert FRAME.write_database("FROM_POLARS", target.uri, engine="adbc", if_table_exists="replace") == 3
    assert FRAME.write_database("FROM_POLARS", target.uri, engine="adbc", if_table_exists="append") == 3
    sql = "SELECT * FROM FROM_POLARS"
    read = pl.read_database_uri(sql, target.uri, engine="adbc")
    assert read.unique().sort("ID").equals(FRAME)
    with dbapi.connect(target.uri) as connection:
        again = pl.read_database("SELECT * FROM FROM_POLARS WHERE ID = ?", connection, execute_options={"parameters": (3,)})
        assert again.unique().equals(FRAME.slice(2))
        assert FRAME.write_database("ONCE_MORE", connection, engine="adbc") == 3
        connection.rollback()
    with pytest.raises(dbapi.ProgrammingError) as caught:
        FRAME.write_database("FROM_POLARS", target.uri, engine="adbc", if_table_exists="fail")
    assert caught.value.sqlstate == "42710"


def test_pandas(target: Target) -> None:
    frame = FRAME.select("ID", "NAME", "AT").to_pandas(use_pyarrow_extension_array=True)
    with dbapi.connect(target.uri) as connection:
        assert frame.to_sql("FROM_PANDAS", connection, index=False) == 3
        assert frame.to_sql("FROM_PANDAS", connection, index=False, if_exists="append") == 3
        with pytest.raises(ValueError, match="already exists"):
            frame.to_sql("FROM_PANDAS", connection, index=False)
        read = pd.read_sql("SELECT * FROM FROM_PANDAS", connection, dtype_backend="pyarrow")
        assert len(read) == 6
        assert pl.from_pandas(read).unique().sort("ID").equals(FRAME.select("ID", "NAME", "AT"))
        assert frame.to_sql("FROM_PANDAS", connection, index=False, if_exists="replace") == 3
        connection.commit()
    with target.connect() as ours:
        assert ours.execute("SELECT COUNT(*) FROM FROM_PANDAS").fetchone() == (3,)


def test_duckdb(target: Target) -> None:
    FRAME.write_database("FOR_DUCKDB", target.uri, engine="adbc", if_table_exists="replace")
    with dbapi.connect(target.uri) as connection, connection.cursor() as cursor:
        reader = cursor.execute("SELECT * FROM FOR_DUCKDB").fetch_record_batch()
        found = duckdb.from_arrow(reader).aggregate("COUNT(*), SUM(PRICE), MAX(NAME)").fetchall()
    assert found == [(3, Decimal("1.49"), "日本")]
