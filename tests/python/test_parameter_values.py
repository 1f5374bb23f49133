"""Values of NumPy, pandas and pyarrow, UUIDs, members of an Enum, NaN and infinities: into SQL and into files."""

from __future__ import annotations

import asyncio
import datetime as dt
import enum
import math
import subprocess
import sys
import uuid
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from every_type import TYPES, field

import drdarrow
from drdarrow import aio, server

ID = uuid.UUID("12345678-9abc-def0-1234-56789abcdef0")
D = Decimal


class Colour(enum.Enum):
    RED = "red"
    SEVEN = 7
    PRICE = D("1.50")
    NOTHING = None
    PAIR = (1, 2)


class Size(enum.IntEnum):
    BIG = 2**40


class Word(enum.StrEnum):
    YES = "yes"


class Deep(enum.Enum):
    RED = Colour.RED


class Text(str):
    def __str__(self) -> str:
        return "something else"


class Number(int):
    def __str__(self) -> str:
        return "something else"

    def __format__(self, spec: str) -> str:
        return "something else"


class OtherUUID:
    """As of the package uuid_utils, whose class is not derived from the standard one."""

    bytes = ID.bytes


OtherUUID.__qualname__ = OtherUUID.__name__ = "UUID"

STAMP = dt.datetime(2024, 1, 2, 3, 4, 5)
#: Type, value, what is in the table afterwards.
VALUES: list[tuple[str, Any, Any]] = [
    ("BIGINT", np.int64(5), 5),
    ("BIGINT", np.uint64(2**63 - 1), 2**63 - 1),
    ("SMALLINT", np.int8(-5), -5),
    ("REAL", np.float32(0.1), float(np.float32(0.1))),
    ("DOUBLE", np.float32(0.1), float(np.float32(0.1))),
    ("DOUBLE", np.float64(0.1), 0.1),
    ("DOUBLE", np.float16(1.5), 1.5),
    ("DOUBLE", np.longdouble(1.5), 1.5),
    ("DECIMAL", np.float32(1.5), D("1.50")),
    ("BOOLEAN", np.bool_(True), True),
    ("BOOLEAN", np.False_, False),
    ("VARCHAR", np.str_("text"), "text"),
    ("VARBINARY", np.bytes_(b"\0\xff"), b"\0\xff"),
    ("INTEGER", np.array(7), 7),
    ("DOUBLE", np.array(1.5), 1.5),
    ("DATE", np.datetime64("2024-02-29"), dt.date(2024, 2, 29)),
    ("DATE", np.datetime64("2024-02"), dt.date(2024, 2, 1)),
    ("DATE", np.datetime64("2024"), dt.date(2024, 1, 1)),
    ("DATE", np.datetime64("0001-01-01"), dt.date(1, 1, 1)),
    ("DATE", np.datetime64("9999-12-31"), dt.date(9999, 12, 31)),
    ("DATE", np.datetime64("1969-06"), dt.date(1969, 6, 1)),
    ("DATE", np.datetime64(2, "W"), dt.date(1970, 1, 15)),
    ("DATE", np.datetime64("2024-02-29T00:00:00.000000000"), dt.date(2024, 2, 29)),
    ("TIMESTAMP", np.datetime64("2024-01-02"), dt.datetime(2024, 1, 2)),
    ("TIMESTAMP", np.datetime64("2024-01-02T03"), STAMP.replace(minute=0, second=0)),
    ("TIMESTAMP", np.datetime64("2024-01-02T03:04"), STAMP.replace(second=0)),
    ("TIMESTAMP", np.datetime64("2024-01-02T03:04:05"), STAMP),
    ("TIMESTAMP", np.datetime64("2024-01-02T03:04:05.123"), STAMP.replace(microsecond=123000)),
    ("TIMESTAMP", np.datetime64("2024-01-02T03:04:05.123456"), STAMP.replace(microsecond=123456)),
    ("TIMESTAMP", np.datetime64("2024-01-02T03:04:05.123456000"), STAMP.replace(microsecond=123456)),
    ("TIMESTAMP", np.datetime64(123_000_000, "ps"), dt.datetime(1970, 1, 1, 0, 0, 0, 123)),
    ("TIMESTAMP", np.datetime64(10, "25s"), dt.datetime(1970, 1, 1, 0, 4, 10)),
    ("TIMESTAMP", np.datetime64("9999-12-31T23:59:59.999999"), dt.datetime(9999, 12, 31, 23, 59, 59, 999999)),
    ("TIMESTAMP", np.datetime64("NaT"), None),
    ("TIMESTAMP", np.datetime64("NaT", "ns"), None),
    ("INTEGER", np.ma.masked, None),
    ("TIMESTAMP", pd.NaT, None),
    ("DATE", pd.NaT, None),
    ("BIGINT", pd.NA, None),
    ("VARCHAR", pd.NA, None),
    ("TIMESTAMP", pd.Timestamp("2024-01-02 03:04:05.123456"), STAMP.replace(microsecond=123456)),
    ("TIMESTAMPTZ", pd.Timestamp("2024-01-02 03:04:05", tz="Europe/Berlin"), STAMP.replace(hour=2, tzinfo=dt.UTC)),
    ("BIGINT", pa.scalar(5), 5),
    ("DECIMAL", pa.scalar(D("1.50")), D("1.50")),
    ("VARCHAR", pa.scalar(None, pa.string()), None),
    ("CHAR36", ID, str(ID)),
    ("VARCHAR", ID, str(ID)),
    ("VARCHAR", OtherUUID(), str(ID)),
    ("CLOB", ID, str(ID)),
    ("BINARY16", ID, ID.bytes),
    ("CHAR16_BITS", ID, ID.bytes),
    ("VARBINARY", ID, ID.bytes),
    ("VARCHAR", Colour.RED, "red"),
    ("INTEGER", Colour.SEVEN, 7),
    ("DECIMAL", Colour.PRICE, D("1.50")),
    ("INTEGER", Colour.NOTHING, None),
    ("VARCHAR", Deep.RED, "red"),
    ("BIGINT", Size.BIG, 2**40),
    ("VARCHAR", Word.YES, "yes"),
    ("VARCHAR", Text("text"), "text"),
    ("BIGINT", Number(7), 7),
    ("DECIMAL", Number(10**20), D(10**20)),
    ("DECFLOAT", D("NaN"), "NaN"),
    ("DECFLOAT", D("-Infinity"), "-Infinity"),
    ("DECFLOAT", D("sNaN"), "sNaN"),
    ("DECFLOAT", D("1E+300"), "1E+300"),
    ("DECFLOAT", D("-9.99E-300"), "-9.99E-300"),
    ("DECFLOAT", D("1.50"), "1.50"),
    ("DECFLOAT", math.inf, "Infinity"),
    ("DOUBLE", D("1E+300"), 1e300),
]
MORE = {
    "CHAR36": pa.field("CHAR36", pa.string(), metadata={"drda:type": "CHAR", "drda:length": "36"}),
    "BINARY16": pa.field("BINARY16", pa.binary(), metadata={"drda:type": "BINARY", "drda:length": "16"}),
    "CHAR16_BITS": pa.field("CHAR16_BITS", pa.binary(), metadata={"drda:type": "CHAR FOR BIT DATA", "drda:length": "16"}),
}


@pytest.fixture(scope="module")
def srv() -> Iterator[server.Server]:
    fields = {**{name: field(name) for name in TYPES}, **MORE}
    tables = {f"T_{name}": pa.schema([about]).empty_table() for name, about in fields.items()}
    with server.serve(tables=tables, engine="tables") as running:
        yield running


@pytest.fixture
def conn(srv: server.Server) -> Iterator[drdarrow.Connection]:
    with srv.connect() as connection:
        yield connection


def identify(value: Any) -> str:
    return f"{type(value).__module__}.{type(value).__name__} {str(value)[:40]}" if not isinstance(value, str) else value


def stored(conn: drdarrow.Connection, name: str) -> list[Any]:
    rows = [row[0] for row in conn.execute(f"SELECT * FROM T_{name}").fetchall()]
    conn.execute(f"DELETE FROM T_{name}")
    # NaN equals nothing.
    return [str(value) if name == "DECFLOAT" else value for value in rows]


@pytest.mark.parametrize(("name", "value", "expected"), VALUES, ids=identify)
def test_a_value_arrives_as_what_it_means(conn: drdarrow.Connection, name: str, value: Any, expected: Any) -> None:
    insert = f"INSERT INTO T_{name} VALUES (?)"
    conn.execute(insert, (value,))
    assert stored(conn, name) == [expected]
    conn.cursor().executemany(insert, [(value,), (None,)])
    assert stored(conn, name) == [expected, None if name != "DECFLOAT" else "None"]


def test_decimals_of_several_scales_keep_their_zeros(conn: drdarrow.Connection) -> None:
    values = [D("1.5"), D("1.50"), None, D("100"), D("1.000"), D("-0.25")]
    conn.cursor().executemany("INSERT INTO T_DECFLOAT VALUES (?)", [(value,) for value in values])
    assert stored(conn, "DECFLOAT") == [str(value) for value in values]


def test_values_arrive_with_asyncio(srv: server.Server) -> None:
    async def run() -> None:
        async with aio.connect(srv.uri) as connection:
            for name, value, expected in VALUES:
                await connection.execute(f"INSERT INTO T_{name} VALUES (?)", (value,))
                row = await (await connection.execute(f"SELECT * FROM T_{name}")).fetchone()
                await connection.execute(f"DELETE FROM T_{name}")
                assert (str(row[0]) if name == "DECFLOAT" else row[0]) == expected, (name, value)

    asyncio.run(run())


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("TIME", np.timedelta64(5, "s"), "timedelta64.*span of time"),
        ("TIME", dt.timedelta(seconds=5), "datetime.timedelta.*span of time"),
        ("TIME", pd.Timedelta(seconds=5), "Timedelta.*span of time"),
        ("TIMESTAMP", np.datetime64("2024-01-02T03:04:05.123456789"), "cannot be held exactly|has more digits|finer"),
        ("TIMESTAMP", np.datetime64(1, "ps"), "finer than ns"),
        ("TIMESTAMP", np.datetime64(2**62, "h"), "outside the years"),
        ("DATE", np.datetime64(2**40, "D"), "outside the years"),
        ("DATE", np.datetime64("10000-01-01"), "DATE|range|years"),
        ("DATE", np.datetime64("2024-01-02T03:04:05"), "time of day in a date"),
        ("DOUBLE", np.longdouble(1) + np.finfo(np.longdouble).eps, "no float of 8 bytes equals"),
        ("DOUBLE", np.complex128(1), "numpy.complex128 cannot be sent"),
        ("VARCHAR", np.array(["a", "b"]), "numpy.ndarray cannot be sent"),
        ("VARCHAR", Colour.PAIR, "Colour cannot be sent"),
        ("INTEGER", ID, "UUID does not go into INTEGER.*CHAR.36."),
        ("CHAR", ID, "36 bytes do not fit|too long|-302|-404|-433"),
        ("BIGINT", D("NaN"), "not a finite number.*DECFLOAT"),
        ("DECIMAL", D("NaN"), "not a finite number.*DECFLOAT"),
        ("DECIMAL", D("Infinity"), "not a finite number.*DECFLOAT"),
        ("DOUBLE", D("sNaN"), "not a finite number.*DECFLOAT"),
        ("VARCHAR", D("NaN"), "Decimal does not go into VARCHAR"),
        ("DECIMAL", D("1E+300"), "1E.300 does not fit"),
        ("DOUBLE", D("1E+400"), "does not fit"),
        ("DOUBLE", D("1E-400"), "does not fit"),
        ("DECFLOAT", D("1." + "1" * 40), "."),
        ("VARCHAR", math.nan, "VARCHAR.*NaN.*send None"),
        ("DECIMAL", math.nan, "not a finite number.*send None"),
        ("INTEGER", np.float32("nan"), "not a finite number.*send None"),
        ("DATE", math.nan, "DATE.*send None"),
    ],
    ids=identify,
)
def test_a_value_without_a_place_is_refused_with_words(
    conn: drdarrow.Connection, name: str, value: Any, words: str
) -> None:
    with pytest.raises(drdarrow.Error, match=f"(?s){words}") as caught:
        conn.execute(f"INSERT INTO T_{name} VALUES (?)", (value,))
    if "-302" not in words and caught.value.sqlcode is None:
        assert "parameter 1" in str(caught.value)
    assert not caught.value.retryable
    assert stored(conn, name) == []


def test_nan_is_sent_as_nan_where_there_is_one(conn: drdarrow.Connection) -> None:
    for name in ("DOUBLE", "REAL"):
        for value in (math.nan, np.float32("nan"), np.float64("nan")):
            conn.execute(f"INSERT INTO T_{name} VALUES (?)", (value,))
            assert [math.isnan(number) for number in stored(conn, name)] == [True]


def test_missing_values_of_a_pandas_frame_are_null(conn: drdarrow.Connection) -> None:
    frame = pd.DataFrame({"D": [1.5, math.nan]})
    conn.cursor().executemany("INSERT INTO T_DOUBLE VALUES (?)", frame)
    assert stored(conn, "DOUBLE") == [1.5, None]


def test_uuids_of_arrow_are_uuids(conn: drdarrow.Connection) -> None:
    rows = pa.table({"U": pa.array([ID.bytes, None], pa.uuid())})
    for name, expected in (("CHAR36", str(ID)), ("BINARY16", ID.bytes)):
        conn.cursor().executemany(f"INSERT INTO T_{name} VALUES (?)", rows)
        assert stored(conn, name) == [expected, None]


@pytest.mark.parametrize(
    "parameters", [pd.DataFrame({"A": [1]}), np.array([[1]]), np.array(1), pa.table({"A": [1]})], ids=identify
)
def test_a_table_is_no_row_of_parameters(conn: drdarrow.Connection, parameters: Any) -> None:
    with pytest.raises((drdarrow.ProgrammingError, drdarrow.InterfaceError)):
        conn.execute("INSERT INTO T_VARCHAR VALUES (?)", parameters)
    assert stored(conn, "VARCHAR") == []


@pytest.mark.parametrize("parameters", [np.array([5]), pd.Series([5]), pa.array([5]), iter([5])], ids=lambda value: type(value).__name__)
def test_a_sequence_of_another_library_is_one(conn: drdarrow.Connection, parameters: Any) -> None:
    conn.execute("INSERT INTO T_BIGINT VALUES (?)", parameters)
    assert stored(conn, "BIGINT") == [5]


def test_files_take_the_same_values() -> None:
    rows = {"N": pa.array([1], pa.int32()), "S": ["x" * 40], "B": [b"x" * 16], "T": [STAMP], "D": [D("1.50")]}
    about = [pa.field("S", pa.string(), metadata={"drda:length": "40"})]
    schema = pa.schema([about[0] if field.name == "S" else field for field in pa.table(rows).schema])
    files = {"LAB/F": pa.table(rows).cast(schema).slice(0, 0)}
    with server.serve(persona="ibmi", files=files) as srv, srv.connect_files() as system:
        with system.open_file("LAB/F", mode="w") as file:
            file.write([{"N": np.int32(1), "S": ID, "B": ID, "T": np.datetime64("2024-01-02T03:04:05"), "D": Colour.PRICE}])
            file.write([(Size.BIG // 2**40, Word.YES, np.bytes_(b"ab"), pd.Timestamp(STAMP), np.float32(1.5))])
            file.write({"N": 3, "S": pd.NA, "B": None, "T": pd.NaT, "D": Colour.NOTHING})
            with pytest.raises(drdarrow.Error, match="not a finite number"):
                file.write({"N": 4, "D": D("NaN")})
            with pytest.raises(drdarrow.Error, match="span of time"):
                file.write({"N": 4, "T": dt.timedelta(1)})
        with system.open_file("LAB/F") as file:
            got = [list(row.values()) for row in file.fetch_arrow_table().to_pylist()]
    assert [[value.strip() if isinstance(value, str) else value for value in row] for row in got] == [
        [1, str(ID), ID.bytes, STAMP, D("1.50")],
        [1, "yes", b"ab", STAMP, D("1.50")],
        [3, None, None, None, None],
    ]


def test_no_library_is_imported_for_a_value(srv: server.Server) -> None:
    script = f"""
import sys, uuid, enum, decimal
import drdarrow
with drdarrow.connect({srv.uri!r}) as connection:
    connection.execute("INSERT INTO T_VARCHAR VALUES (?)", (uuid.uuid4(),))
    connection.execute("INSERT INTO T_VARCHAR VALUES (?)", (enum.Enum("E", "A B").A.name,))
    connection.execute("INSERT INTO T_DECFLOAT VALUES (?)", (decimal.Decimal("NaN"),))
    connection.rollback()
print(*[name for name in ("numpy", "pandas", "polars", "pyarrow") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == ""
