"""Types that lakes and other libraries want: TIME in microseconds or as text, text and bytes with long offsets or as views."""

from __future__ import annotations

import asyncio
import datetime as dt
import pickle
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import drdarrow
from drdarrow import aio, server

TIMES = [dt.time(0), dt.time(23, 59, 59), None]
TEXTS = ["", "Ägir und ein längerer Text", None]
BYTES = [b"", b"\xff" * 20, None]
FORMS = {
    "utf8": (pa.string(), pa.large_string(), pa.binary(), pa.large_binary()),
    "large_utf8": (pa.large_string(), pa.large_string(), pa.large_binary(), pa.large_binary()),
    "utf8_view": (pa.string_view(), pa.string_view(), pa.binary_view(), pa.binary_view()),
}
SQL = "SELECT ID, AT, NAME, NOTE, RAW, PICTURE, NUMBER FROM T"


def field(name: str, kind: pa.DataType, sql: str) -> pa.Field:
    return pa.field(name, kind, metadata={"drda:type": sql})


TABLE = pa.table(
    [
        pa.array([1, 2, 3], pa.int32()),
        pa.array(TIMES, pa.time32("s")),
        pa.array(TEXTS),
        pa.array(TEXTS, pa.large_string()),
        pa.array(BYTES),
        pa.array(BYTES, pa.large_binary()),
        pa.array(["1.5", "-0.10", None]),
    ],
    schema=pa.schema(
        [
            field("ID", pa.int32(), "INTEGER"),
            field("AT", pa.time32("s"), "TIME"),
            field("NAME", pa.string(), "VARCHAR"),
            field("NOTE", pa.large_string(), "CLOB"),
            field("RAW", pa.binary(), "VARBINARY"),
            field("PICTURE", pa.large_binary(), "BLOB"),
            field("NUMBER", pa.string(), "DECFLOAT"),
        ]
    ),
)


@pytest.fixture(scope="module")
def srv() -> Iterator[server.Server]:
    with server.serve(tables={"T": TABLE}, engine="tables") as started:
        yield started


@pytest.mark.parametrize("lobs", ["inline", "locator"])
@pytest.mark.parametrize("form", FORMS)
def test_text_and_bytes_have_the_type_chosen(srv: server.Server, form: Any, lobs: Any) -> None:
    text, clob, binary, blob = FORMS[form]
    with srv.connect(string_type=form, lobs=lobs) as connection:
        table = connection.query(SQL).to_arrow()
        table.validate(full=True)
        assert table.schema.types[2:] == [text, clob, binary, blob, text]
        assert [table[n].to_pylist() for n in (2, 3, 4, 5)] == [TEXTS, TEXTS, BYTES, BYTES]
        rows = connection.execute(SQL).fetchall()
        assert rows[1] == (2, TIMES[1], TEXTS[1], TEXTS[1], BYTES[1], BYTES[1], Decimal("-0.10"))
        assert connection.execute(SQL).fetch_df()["NAME"].tolist()[:2] == TEXTS[:2]
        assert connection.execute(SQL).fetch_df(dtype_backend="numpy_nullable")["NAME"].dtype == "string"
        assert connection.execute(SQL).fetch_df()["NUMBER"].tolist()[:2] == [Decimal("1.5"), Decimal("-0.10")]
        assert connection.execute(SQL).fetch_polars()["NOTE"].to_list() == TEXTS
        result = connection.execute(SQL)  # noqa: F841  DuckDB finds it by its name
        assert duckdb.sql("SELECT NAME, PICTURE FROM result").fetchall() == list(zip(TEXTS, BYTES, strict=True))
        codes = [column[1] for column in connection.execute(SQL).description or ()]
        assert codes[2] == drdarrow.STRING and codes[4] == drdarrow.BINARY and "DECFLOAT" in codes[6]


@pytest.mark.parametrize("form", ["large_utf8", "utf8_view"])
def test_bytes_of_text_that_is_not_decoded_go_along(form: Any) -> None:
    table = pa.table([["Ada", None]], schema=pa.schema([field("NAME", pa.string(), "VARCHAR")]))
    with server.serve(tables={"T": table}, engine="tables", persona="ibmi") as srv:
        with srv.connect(string_type=form, text_errors="raw") as connection:
            assert connection.query("SELECT NAME FROM T").to_arrow().schema.types == [FORMS[form][2]]
        with srv.connect(string_type=form) as connection:
            assert connection.query("SELECT NAME FROM T").to_arrow()["NAME"].to_pylist() == ["Ada", None]


def test_many_views_are_right_batch_after_batch() -> None:
    names = [None if n % 7 == 0 else f"{n:05}" * (n % 5) for n in range(20_000)]
    with server.serve(tables={"T": pa.table({"NAME": names})}, engine="tables") as srv:
        with srv.connect(string_type="utf8_view", batch_rows=777) as connection:
            got: list[str | None] = []
            for batch in connection.execute("SELECT NAME FROM T").fetch_arrow():
                whole = pa.record_batch(batch)
                whole.validate(full=True)
                got += whole.column(0).to_pylist()
    assert got == names


def test_times_have_the_type_chosen(srv: server.Server, tmp_path: Path) -> None:
    for unit, kind, values in (
        ("s", pa.time32("s"), TIMES),
        ("us", pa.time64("us"), TIMES),
        ("text", pa.string(), ["00:00:00", "23:59:59", None]),
    ):
        with srv.connect(time_unit=unit) as connection:
            query = connection.query("SELECT AT FROM T")
            table = query.to_arrow()
            assert table.schema.types == [kind]
            assert table["AT"].to_pylist() == values == [row[0] for row in query]
            assert table.schema.field(0).metadata[b"drda:type"] == b"TIME"
            query.write_parquet(tmp_path / "t.parquet")
            assert pq.read_table(tmp_path / "t.parquet")["AT"].to_pylist() == values
            assert connection.execute("SELECT ID FROM T WHERE AT = ?", (TIMES[1],)).fetchall() == [(2,)]
    with srv.connect(time_unit="text", string_type="utf8_view") as connection:
        assert connection.query("SELECT AT FROM T").schema.types == ["Utf8View"]
    with srv.connect(time_unit="us") as connection:
        assert connection.query("SELECT AT FROM T").to_polars()["AT"].to_list() == TIMES
        assert pl.DataFrame(connection.execute("SELECT AT FROM T"))["AT"].to_list() == TIMES


def test_wrong_names_are_refused(srv: server.Server) -> None:
    with pytest.raises(drdarrow.InterfaceError, match="time_unit: expected one of s, us, text"):
        srv.connect(time_unit="ns")
    with pytest.raises(drdarrow.InterfaceError, match="string_type: expected one of utf8, large_utf8, utf8_view"):
        srv.connect(string_type="text")
    with drdarrow.connect(f"{srv.uri}?time_unit=us&string_type=utf8_view") as connection:
        assert connection.query("SELECT AT, NAME FROM T").schema.types == ["Time64(µs)", "Utf8View"]


def test_files_have_them_and_their_parts_too() -> None:
    table = pa.table({"ID": pa.array([1, 2], pa.int32()), "AT": pa.array(TIMES[:2], pa.time32("s")), "NAME": TEXTS[:2]})
    kinds = [pa.int32(), pa.time64("us"), pa.string_view()]
    settings: dict[str, Any] = {"time_unit": "us", "string_type": "utf8_view"}
    with server.serve(persona="ibmi", files={"LAB/T": table}) as srv:
        with srv.connect_files(**settings) as system, system.open_file("LAB/T") as file:
            assert file.fetch_arrow_table().schema.types == kinds
            assert file.fetch_arrow_table()["AT"].to_pylist() == TIMES[:2]
            assert file.read(2)[:2] == (2, TIMES[1])
            (part,) = file.partitions(1)
            part = pickle.loads(pickle.dumps(part))
            assert "time_unit=us" in part.uri and "string_type=utf8%5Fview" in part.uri
            assert pa.table(part.open()).schema.types == kinds
        with srv.connect_files(time_unit="text") as system, system.open_file("LAB/T", columns=["AT"]) as file:
            assert file.fetch_arrow_table()["AT"].to_pylist() == ["00:00:00", "23:59:59"]

        async def run() -> None:
            async with aio.connect_files(
                f"drda://me@127.0.0.1:{srv.port}/", signon_port=srv.signon_port, **settings
            ) as system:
                async with system.open_file("LAB/T") as file:
                    assert (await file.fetch_arrow_table()).schema.types == kinds

        asyncio.run(run())
