"""`description` leads Polars and pandas right: a column of every SQL type has its exact type and values."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pandas as pd
import polars as pl
import pytest
from every_type import TYPES, table

import drdarrow
from drdarrow import server

DTYPES: dict[str, Any] = {
    "SMALLINT": pl.Int16,
    "INTEGER": pl.Int32,
    "BIGINT": pl.Int64,
    "REAL": pl.Float32,
    "DOUBLE": pl.Float64,
    "DECIMAL": pl.Decimal(31, 2),
    "NUMERIC": pl.Decimal(31, 2),
    "BOOLEAN": pl.Boolean,
    "DATE": pl.Date,
    "TIME": pl.Time,
    "TIMESTAMPTZ": pl.Datetime("us", "UTC"),
    **{name: pl.Datetime("us") for name in ("TIMESTAMP0", "TIMESTAMP3", "TIMESTAMP", "TIMESTAMP12")},
    **{name: pl.String for name in TYPES if "CHAR" in name or "CLOB" in name or "GRAPHIC" in name or "DECF" in name},
    **{name: pl.Binary for name in TYPES if "BITS" in name or "BINARY" in name or name in ("BLOB", "ROWID")},
}
KINDS = {
    drdarrow.NUMBER: ["SMALLINT", "INTEGER", "BIGINT", "REAL", "DOUBLE", "DECIMAL", "NUMERIC", "DECFLOAT", "BOOLEAN"],
    drdarrow.STRING: ["CHAR", "VARCHAR", "LONG_VARCHAR", "CLOB", "GRAPHIC", "VARGRAPHIC", "DBCLOB"],
    drdarrow.BINARY: ["CHAR_BITS", "VARCHAR_BITS", "BINARY", "VARBINARY", "BLOB"],
    drdarrow.DATETIME: ["DATE", "TIME", "TIMESTAMP0", "TIMESTAMP3", "TIMESTAMP", "TIMESTAMP12", "TIMESTAMPTZ"],
    drdarrow.ROWID: ["ROWID"],
}
#: Numbers as Polars can hold them: no exponents of thousands.
DECFLOATS = [Decimal("1.50"), Decimal("-1.123456789012345678901234567890123")]


def values_of(name: str) -> list[Any]:
    return DECFLOATS if name == "DECFLOAT" else list(TYPES[name].values)


@pytest.fixture(scope="module")
def srv() -> Iterator[server.Server]:
    """`<TYPE>_LATE` has values after the hundred rows that Polars looks at."""
    tables = {}
    for name in TYPES:
        tables[f"{name}_FULL"] = table([name], {name: values_of(name)})
        tables[f"{name}_LATE"] = table([name], {name: [None] * 120 + values_of(name)})
        tables[f"{name}_NONE"] = table([name], {name: []})
    with server.serve(tables=tables, engine="tables") as running:
        yield running


@pytest.mark.parametrize("suffix", ["FULL", "LATE", "NONE"])
@pytest.mark.parametrize("name", TYPES)
def test_polars_reads_every_type_exactly(srv: server.Server, name: str, suffix: str) -> None:
    options: dict[str, Any] = {}
    if name == "TIMESTAMPTZ" and suffix != "FULL":
        # No name of a type tells Polars a zone.
        options = {"schema_overrides": {name: pl.Datetime("us", "UTC")}}
    with srv.connect() as connection, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        frame = pl.read_database(f"SELECT * FROM {name}_{suffix}", connection, **options)
    assert frame.schema == {name: DTYPES[name]}
    expected = [str(value) for value in DECFLOATS] if name == "DECFLOAT" else values_of(name)
    assert frame[name].to_list() == {"FULL": expected, "LATE": [None] * 120 + expected, "NONE": []}[suffix]


@pytest.mark.parametrize("name", TYPES)
def test_a_type_code_equals_one_type_object_of_pep_249(srv: server.Server, name: str) -> None:
    with srv.connect() as connection:
        code = connection.execute(f"SELECT * FROM {name}_FULL").description[0][1]
    assert isinstance(code, str)
    assert [kind for kind in KINDS if code == kind] == [kind for kind, names in KINDS.items() if name in names]


@pytest.mark.parametrize(
    ("name", "settings", "code", "digits"),
    [
        ("DECFLOAT", {"decfloat": "decimal(38,33)"}, "DECIMAL(DECFLOAT)", (38, 33)),
        ("VARCHAR", {"text_errors": "raw"}, "BINARY(VARCHAR)", (None, None)),
        ("VARCHAR_BITS", {"bit_data_ccsid": 819}, "TEXT(VARCHAR FOR BIT DATA)", (None, None)),
        ("NUMERIC", {}, "DECIMAL", (31, 2)),
    ],
)
def test_a_type_code_says_what_comes_under_the_settings(
    srv: server.Server, name: str, settings: dict[str, Any], code: str, digits: tuple[int | None, int | None]
) -> None:
    with srv.connect(**settings) as connection:
        cursor = connection.execute(f"SELECT * FROM {name}_FULL")
        assert cursor.description[0][1] == code
        assert cursor.description[0][4:6] == digits
        frame = pl.read_database(f"SELECT * FROM {name}_FULL", connection)
        assert frame[name].to_list() == [row[0] for row in cursor.fetchall()]


def test_a_zoned_decimal_says_that_it_is_one() -> None:
    tables = {"T": table(["NUMERIC"], {"NUMERIC": values_of("NUMERIC")})}
    with server.serve(tables=tables, engine="tables", persona="ibmi") as running, running.connect() as connection:
        cursor = connection.execute("SELECT * FROM T")
        assert cursor.description[0][1] == "DECIMAL(NUMERIC)"
        assert [row[0] for row in cursor.fetchall()] == values_of("NUMERIC")


def test_pandas_reads_rows_as_they_are(srv: server.Server) -> None:
    with srv.connect() as connection, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in ("BIGINT", "NUMERIC", "CLOB", "VARBINARY", "DATE"):
            frame = pd.read_sql(f"SELECT * FROM {name}_FULL", connection, coerce_float=False)
            assert frame[name].to_list() == values_of(name), name


def test_parameters_reach_the_cursor_through_polars(srv: server.Server) -> None:
    with srv.connect() as connection:
        frame = pl.read_database(
            "SELECT * FROM BIGINT_FULL WHERE BIGINT = ?", connection, execute_options={"parameters": [2**53 + 1]}
        )
        assert frame["BIGINT"].to_list() == [2**53 + 1]
