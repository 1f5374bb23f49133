"""Values of NumPy, pandas and others, and the rows of frames, at a real Derby."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from test_parameter_values import ID, STAMP, Colour, D, Word, identify

import drdarrow

#: The same at a real Derby: type, value, what is in the table afterwards.
VALUES: list[tuple[str, Any, Any]] = [
    ("BIGINT", np.int64(2**53 + 1), 2**53 + 1),
    ("REAL", np.float32(0.1), float(np.float32(0.1))),
    ("DOUBLE", np.float32(0.1), float(np.float32(0.1))),
    ("DECIMAL(9,2)", Colour.PRICE, D("1.50")),
    ("BOOLEAN", np.bool_(True), True),
    ("DATE", np.datetime64("2024-02-29"), dt.date(2024, 2, 29)),
    ("TIMESTAMP", np.datetime64("2024-01-02T03:04:05.123456"), STAMP.replace(microsecond=123456)),
    ("TIMESTAMP", np.datetime64("2024-01-02T03:04:05.123456000"), STAMP.replace(microsecond=123456)),
    ("TIMESTAMP", pd.NaT, None),
    ("BIGINT", pd.NA, None),
    ("CHAR(36)", ID, str(ID)),
    ("VARCHAR(40)", ID, str(ID)),
    ("CHAR(16) FOR BIT DATA", ID, ID.bytes),
    ("VARCHAR(20) FOR BIT DATA", ID, ID.bytes),
    ("CLOB(1K)", ID, str(ID)),
    ("BLOB(1K)", ID, ID.bytes),
    ("VARCHAR(9)", Word.YES, "yes"),
]


@pytest.mark.parametrize(("kind", "value", "expected"), VALUES, ids=identify)
def test_derby_stores_what_a_value_means(cur: drdarrow.Cursor, table, kind: str, value: Any, expected: Any) -> None:
    name = table(f"V {kind}")
    cur.execute(f"INSERT INTO {name} VALUES (?)", (value,))
    cur.executemany(f"INSERT INTO {name} VALUES (?)", [(value,), (value,)])
    assert cur.execute(f"SELECT V FROM {name}").fetchall() == [(expected,)] * 3


def test_derby_stores_the_rows_of_a_frame(cur: drdarrow.Cursor, table) -> None:
    name = table("N INTEGER, K BIGINT, S VARCHAR(40), D DECIMAL(31,2), T TIMESTAMP, X VARCHAR(9) FOR BIT DATA, E CHAR(3)")
    rows = [
        (n, None if n % 3 == 0 else 2**53 + n, f"text {n}", D(n) / 4, STAMP + dt.timedelta(microseconds=n), b"\0\xff", None)
        for n in range(1000)
    ]
    columns = dict(zip("NKSDTXE", map(list, zip(*rows, strict=True)), strict=True))
    schema = {"N": pl.Int32, "K": pl.Int64, "S": pl.String, "D": pl.Decimal(31, 2), "T": pl.Datetime("us"), "X": pl.Binary}
    frame = pl.DataFrame(columns, schema={**schema, "E": pl.Null})
    for source in (frame, frame.to_arrow(), frame.with_columns(pl.col("S").cast(pl.Categorical))):
        cur.executemany(f"INSERT INTO {name} VALUES (?, ?, ?, ?, ?, ?, ?)", source)
        assert cur.rowcount == 1000
        assert cur.execute(f"SELECT * FROM {name} ORDER BY N").fetchall() == rows
        back = cur.execute(f"SELECT K FROM {name} ORDER BY N").fetch_df()
        assert [None if key is pd.NA else int(key) for key in back["K"]] == columns["K"]
        cur.execute(f"DELETE FROM {name}")
