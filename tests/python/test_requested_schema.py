"""The schema that a consumer asks for: another form of the same values, or its own, or an error. Never other values."""

import datetime as dt
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import duckdb
import polars as pl
import pyarrow as pa
import pytest

import drdarrow
from drdarrow import server

NOON = dt.time(12, 0, 1)
DAY = dt.date(9999, 12, 31)
STAMP = dt.datetime(9999, 12, 31, 23, 59, 59, 999999)
COLUMNS = {
    "SMALL": pa.array([-32768, 32767, None], pa.int16()),
    "WHOLE": pa.array([-(2**31), 2**31 - 1, None], pa.int32()),
    "BIG": pa.array([-(2**63), 2**63 - 1, None], pa.int64()),
    "SINGLE": pa.array([0.1, -3.4e38, None], pa.float32()),
    "AMOUNT": pa.array([Decimal("-99999.99"), Decimal("0.01"), None], pa.decimal128(7, 2)),
    "AT": pa.array([NOON, dt.time(0), None], pa.time32("s")),
    "DAY": pa.array([DAY, dt.date(1, 1, 1), None], pa.date32()),
    "MOMENT": pa.array([STAMP, dt.datetime(1, 1, 1), None], pa.timestamp("us")),
    "NAME": pa.array(["Ägir", "", None], pa.string()),
    "LONG": pa.array(["ein langer Text, länger als zwölf", "x", None], pa.large_string()),
    "RAW": pa.array([b"\xff\x00", b"", None], pa.binary()),
    "BLOB": pa.array([b"\xff" * 40, b"\x00", None], pa.large_binary()),
}


@pytest.fixture(scope="module")
def srv() -> Iterator[server.Server]:
    with server.serve(tables={"T": pa.table(COLUMNS)}, engine="tables") as started:
        yield started


def batch_of(connection: drdarrow.Connection, sql: str) -> drdarrow.RecordBatch:
    (batch,) = connection.execute(sql).fetch_arrow()
    return batch


SOURCES: dict[str, Callable[[drdarrow.Connection, str], object]] = {
    "Cursor": lambda connection, sql: connection.execute(sql),
    "ArrowStream": lambda connection, sql: connection.execute(sql).fetch_arrow(),
    "RecordBatch": batch_of,
}

EXACT = [
    ("SMALL", [pa.int16(), pa.int32(), pa.int64()]),
    ("WHOLE", [pa.int64()]),
    ("SINGLE", [pa.float64()]),
    ("AMOUNT", [pa.decimal128(7, 2), pa.decimal128(9, 2), pa.decimal128(38, 33), pa.decimal256(76, 71)]),
    ("AT", [pa.time32("ms"), pa.time64("us"), pa.time64("ns")]),
    ("DAY", [pa.date64()]),
    ("NAME", [pa.large_string(), pa.string_view()]),
    ("LONG", [pa.string(), pa.string_view()]),
    ("RAW", [pa.large_binary(), pa.binary_view()]),
    ("BLOB", [pa.binary(), pa.binary_view()]),
]


def read(source: Any, schema: pa.Schema) -> pa.Table:
    """By the interface itself: `pyarrow.table` casts what comes once more."""
    if hasattr(source, "__arrow_c_stream__"):
        return pa.RecordBatchReader.from_stream(source, schema).read_all()
    capsules = source.__arrow_c_array__(schema.__arrow_c_schema__())
    return pa.Table.from_batches([pa.RecordBatch._import_from_c_capsule(*capsules)])


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES.keys())
def test_a_wider_type_holds_the_same_values(srv: server.Server, source) -> None:
    with srv.connect() as connection:
        for name, kinds in EXACT:
            for kind in kinds:
                table = read(source(connection, f"SELECT {name} FROM T"), pa.schema([(name, kind)]))
                table.validate(full=True)
                assert table.schema.field(0).type == kind
                assert table.schema.field(0).metadata[b"drda:type"]
                assert table[name].combine_chunks().equals(COLUMNS[name].cast(kind)), kind


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES.keys())
@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("BIG", pa.int32()),
        ("BIG", pa.float64()),
        ("WHOLE", pa.float32()),
        ("WHOLE", pa.uint64()),
        ("AMOUNT", pa.decimal128(6, 2)),
        ("AMOUNT", pa.decimal128(7, 3)),
        ("AMOUNT", pa.decimal128(38, 1)),
        ("AMOUNT", pa.float64()),
        ("MOMENT", pa.timestamp("ns")),
        ("MOMENT", pa.timestamp("s")),
        ("NAME", pa.dictionary(pa.int32(), pa.string())),
    ],
    ids=str,
)
def test_a_type_that_does_not_hold_all_values_is_not_taken(srv: server.Server, source, name: str, kind) -> None:
    with srv.connect() as connection:
        table = read(source(connection, f"SELECT {name} FROM T"), pa.schema([(name, kind)]))
    assert table.schema.field(0).type == COLUMNS[name].type
    assert table[name].combine_chunks().equals(COLUMNS[name])


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES.keys())
@pytest.mark.parametrize(
    ("schema", "said"),
    [
        (pa.schema([("WHOLE", pa.int64())]), "it has 1 columns, the data 2"),
        (pa.schema([("WHOLE", pa.int64()), ("name", pa.string())]), 'column 2 is called "name", in the data "NAME"'),
        (
            pa.schema([("WHOLE", pa.string()), ("NAME", pa.string())]),
            'column "WHOLE" is Int32, which cannot be had as Utf8',
        ),
        (
            pa.schema([("WHOLE", pa.int64()), ("NAME", pa.binary())]),
            'column "NAME" is Utf8, which cannot be had as Binary',
        ),
    ],
)
def test_other_columns_are_refused_and_the_result_stays(srv: server.Server, source, schema, said: str) -> None:
    with srv.connect() as connection:
        result = source(connection, "SELECT WHOLE, NAME FROM T")
        with pytest.raises(drdarrow.InterfaceError) as caught:
            read(result, schema)
        assert said in str(caught.value)
        assert read(result, pa.schema([("WHOLE", pa.int64()), ("NAME", pa.string())])).num_rows == 3


def test_only_columns_that_hold_them_all_change(srv: server.Server) -> None:
    wanted = pa.schema([("SMALL", pa.int64()), ("BIG", pa.int16()), ("NAME", pa.string_view())])
    with srv.connect() as connection:
        table = read(connection.execute("SELECT SMALL, BIG, NAME FROM T"), wanted)
    assert table.schema.types == [pa.int64(), pa.int64(), pa.string_view()]


def test_a_part_of_a_batch_is_changed_as_the_whole(srv: server.Server) -> None:
    with srv.connect() as connection:
        cursor = connection.execute("SELECT NAME, LONG FROM T")
        cursor.fetchone()
        schema = pa.schema([("NAME", pa.large_string()), ("LONG", pa.string())])
        assert read(cursor, schema).to_pylist() == [{"NAME": "", "LONG": "x"}, {"NAME": None, "LONG": None}]


def test_a_schema_is_taken_once(srv: server.Server) -> None:
    capsule = pa.schema([("WHOLE", pa.int64())]).__arrow_c_schema__()
    with srv.connect() as connection:
        connection.execute("SELECT WHOLE FROM T").__arrow_c_stream__(capsule)
        with pytest.raises(drdarrow.InterfaceError, match="requested_schema: the schema was already taken"):
            connection.execute("SELECT WHOLE FROM T").__arrow_c_stream__(capsule)
        with pytest.raises(TypeError):
            connection.execute("SELECT WHOLE FROM T").__arrow_c_stream__("x")


def test_a_cursor_is_a_stream_once(srv: server.Server) -> None:
    sql = "SELECT WHOLE, NAME FROM T"
    with srv.connect() as connection:
        assert pa.table(connection.execute(sql)).num_rows == 3
        assert pl.DataFrame(connection.execute(sql)).shape == (3, 2)
        cursor = connection.execute(sql)
        assert duckdb.sql("SELECT count(NAME), sum(WHOLE) FROM cursor").fetchall() == [(2, -1)]
        assert pa.schema(cursor).names == ["WHOLE", "NAME"]
        with pytest.raises(drdarrow.InterfaceError, match=r"handed over to an Arrow stream.*connection\.query\(\)"):
            pa.table(cursor)
        with pytest.raises(drdarrow.InterfaceError, match="handed over"):
            cursor.fetchone()


def test_a_cursor_without_a_result_is_no_stream(srv: server.Server) -> None:
    with srv.connect() as connection:
        cursor = connection.cursor()
        for ask in (pa.table, pa.schema):
            with pytest.raises(drdarrow.ProgrammingError, match="no rows to fetch"):
                ask(cursor)
        cursor.execute("SELECT WHOLE FROM T").close()
        with pytest.raises(drdarrow.InterfaceError, match="the cursor is closed"):
            pa.table(cursor)


def test_a_file_gives_another_form_and_is_read_again() -> None:
    people = pa.table({"ID": pa.array([1, 2], pa.int32()), "NAME": ["Ada", "Grace"], "AT": pa.array([NOON, NOON])})
    wanted = pa.schema([("ID", pa.int64()), ("NAME", pa.large_string()), ("AT", pa.time64("us"))])
    with (
        server.serve(persona="ibmi", files={"LAB/PEOPLE": people}) as srv,
        srv.connect_files() as system,
        system.open_file("LAB/PEOPLE") as file,
    ):
        for _ in range(2):
            table = read(file, wanted)
            assert table.schema.types == wanted.types
            assert [row["ID"] for row in table.to_pylist()] == [1, 2]
            assert table["AT"].to_pylist() == [NOON, NOON]
        with pytest.raises(drdarrow.InterfaceError, match="it has 1 columns, the data 3"):
            read(file, pa.schema([("ID", pa.int64())]))
