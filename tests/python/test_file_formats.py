"""Files read, written and updated with a format of the user's: `open_file(format=...)` over a program-described file."""

from __future__ import annotations

import asyncio
import datetime as dt
import pickle
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

import drdarrow
from drdarrow import aio, server

# Five fields in a record that the file itself knows as one.
RECORD = bytes.fromhex(
    "F0F3F1F5F1F3F9F9F2F5"
    "0AC2BB85"
    "F0F461F2F061F2F0F1F8"
    "F2F0F1F860F0F360F2F360F1F54BF4F54BF5F44BF5F9F2F9F1F8"
    "0000490C"
)
FIELDS: list[dict[str, Any]] = [
    {"name": "ID", "type": "A", "length": 10},
    {"name": "N", "type": "B", "length": 4, "digits": 9},
    {"name": "D", "type": "L", "format": "*USA"},
    {"name": "TS", "type": "Z"},
    {"name": "P", "type": "P", "digits": 7},
]
FLAT = {"name": "FLAT", "fields": FIELDS}
VALUES = ("0315139925", 180534149, dt.date(2018, 4, 20), dt.datetime(2018, 3, 23, 15, 45, 54, 592918), Decimal(490))

# A key that descends, a field that is NULL in the second record, one that is never.
PARTS = pa.table(
    {"ID": pa.array([2, 1, 3], pa.int32()), "NOTE": ["two", None, "three"], "CODE": ["A1", "B2", "C3"]},
    schema=pa.schema(
        [
            pa.field("ID", pa.int32(), nullable=False),
            pa.field("NOTE", pa.string(), metadata={"drda:type": "CHAR", "drda:length": "6"}),
            pa.field("CODE", pa.string(), nullable=False, metadata={"drda:type": "CHAR", "drda:length": "2"}),
        ]
    ),
)


def declared(*fields: tuple[str, str, int, bool], keys: list[str] | None = None) -> dict[str, Any]:
    made = [{"name": n, "type": t, "length": length, "nullable": null} for n, t, length, null in fields]
    return {"name": "PARTS", "fields": made, "keys": keys or []}


@pytest.fixture
def served() -> Iterator[server.Server]:
    files = {
        "LAB/FLAT": pa.table({"FLAT": pa.array([RECORD], pa.binary(len(RECORD)))}),
        "LAB/OTHER": pa.table({"A": [1]}),
        "LAB/PARTS": server.PhysicalFile(PARTS, keys=["ID DESC"]),
    }
    with server.serve(engine="tables", persona="ibmi", files=files) as running:
        yield running


@pytest.fixture
def system(served: server.Server) -> Iterator[drdarrow.FileConnection]:
    with served.connect_files() as connection:
        yield connection


def rows(file: drdarrow.File) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in file.fetch_arrow_table().to_pylist()]


def test_a_record_is_what_the_declared_format_says(system: drdarrow.FileConnection) -> None:
    with system.open_file("LAB/FLAT", format=FLAT, rrn=True) as flat:
        assert rows(flat) == [(1, *VALUES)]
        assert flat.read(1) == flat.first() == (1, *VALUES)
    with system.open_file("LAB/FLAT", format=FLAT, columns=["P", "ID"]) as flat:
        assert rows(flat) == [(Decimal(490), "0315139925")]
    assert system.open_file("LAB/OTHER").records == 1


def test_records_are_written_and_updated_with_a_declared_format(
    served: server.Server, system: drdarrow.FileConnection
) -> None:
    with system.open_file("LAB/FLAT", mode="rw", format=FLAT) as flat:
        assert flat.write([dict(zip([f["name"] for f in FIELDS], VALUES, strict=True)), {"ID": "second"}]) == 2
        assert flat.update({"N": -1, "P": Decimal(-7)}, rrn=2)
        with pytest.raises(drdarrow.IntegrityError, match="P"):
            flat.write([{"ID": "third", "P": None}])
    first, changed, second = [row["FLAT"] for row in pa.table(served.file("LAB/FLAT")).to_pylist()]
    assert first == RECORD
    assert changed == RECORD[:10] + b"\xff" * 4 + RECORD[14:50] + bytes.fromhex("0000007D")
    assert second[:10].decode("cp037") == "second    " and second[10:14] == bytes(4)
    # A program that fills the file opens it to add alone.
    with system.open_file("LAB/FLAT", mode="w", format=FLAT) as flat:
        flat.write(pa.table({"ID": ["bulk"] * 3000, "N": pa.array(range(3000), pa.int32())}))
    with system.open_file("LAB/FLAT", format=FLAT, columns=["N"]) as flat:
        assert flat.fetch_arrow_table()["N"].to_pylist()[3:] == list(range(3000))


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ([*FIELDS, {"name": "X", "type": "A", "length": 3}], "57 bytes, its records have 54: field X at bytes 54 to 56"),
        (FIELDS[:4], "50 bytes, its records have 54: no field takes bytes 50 to 53"),
        ([{"name": "ALL", "type": "H", "length": 60}], "60 bytes, its records have 54: field ALL at bytes 0 to 59"),
    ],
)
def test_lengths_that_do_not_fit_are_told_by_name(
    system: drdarrow.FileConnection, fields: list[dict[str, Any]], words: str
) -> None:
    for mode in ("r", "w", "rw"):
        with pytest.raises(drdarrow.ProgrammingError, match=words) as caught:
            system.open_file("LAB/FLAT", mode=mode, format={"name": "FLAT", "fields": fields})
        assert "LAB/FLAT" in str(caught.value) and caught.value.connection_usable
    assert system.open_file("LAB/OTHER").records == 1


def test_a_declared_field_is_null_where_its_field_of_the_file_is(system: drdarrow.FileConnection) -> None:
    halves = [("ID", "B", 4, False), ("N1", "A", 2, True), ("N2", "A", 4, True), ("CODE", "A", 2, False)]
    with system.open_file("LAB/PARTS", format=declared(*halves)) as parts:
        assert rows(parts) == [(2, "tw", "o   ", "A1"), (1, None, None, "B2"), (3, "th", "ree ", "C3")]
        assert parts.read(2) == (1, None, None, "B2")
    # What is not said to be nullable is no value at all, and neither is half of one.
    never = [("ID", "B", 4, False), ("NOTE", "A", 6, False), ("CODE", "A", 2, False)]
    with system.open_file("LAB/PARTS", format=declared(*never)) as parts:
        with pytest.raises(drdarrow.IntegrityError, match="NOTE.*record number 2: NULL"):
            parts.fetch_arrow_table()
    wide = [("ID", "B", 4, False), ("REST", "H", 8, True)]
    with system.open_file("LAB/PARTS", format=declared(*wide)) as parts:
        with pytest.raises(drdarrow.DataError, match=r"REST, relative record number 2, offset 4.*is NULL"):
            parts.fetch_arrow_table()
    with system.open_file("LAB/PARTS", format=declared(*wide), on_error="null") as parts:
        assert [row["REST"] is None for row in parts.fetch_arrow_table().to_pylist()] == [False, True, False]
        assert parts.nulled == {"REST": 1}
    assert system.open_file("LAB/OTHER").records == 1


def test_what_a_declared_format_writes_is_whole(served: server.Server, system: drdarrow.FileConnection) -> None:
    def stored() -> list[tuple[Any, ...]]:
        return [tuple(row.values()) for row in pa.table(served.file("LAB/PARTS")).to_pylist()]

    same = [("A", "B", 4, False), ("B", "A", 6, True), ("C", "A", 2, True)]
    with system.open_file("LAB/PARTS", mode="rw", format=declared(*same)) as parts:
        parts.write([{"A": 4, "B": None, "C": "D4"}, {"A": 5, "B": "five", "C": "E5"}])
        parts.update({"B": "ONE"}, rrn=2)
        parts.update({"B": None}, rrn=1)
        # The file's own field has none.
        with pytest.raises(drdarrow.IntegrityError, match="C"):
            parts.write([{"A": 6, "C": None}])
    expected = [(2, None, "A1"), (1, "ONE   ", "B2"), (3, "three ", "C3"), (4, None, "D4"), (5, "five  ", "E5")]
    assert stored() == expected
    halves = [("ID", "B", 4, False), ("N1", "A", 2, True), ("N2", "A", 4, True), ("CODE", "A", 2, False)]
    with system.open_file("LAB/PARTS", mode="rw", format=declared(*halves)) as parts:
        # Half of a field that is NULL would be lost, or make something of the other half.
        with pytest.raises(drdarrow.DataError, match="N1 lies in a field of the file that is NULL"):
            parts.update({"N1": "xx"}, rrn=1)
        with pytest.raises(drdarrow.IntegrityError, match="N2"):
            parts.update({"N2": None}, rrn=2)
        parts.update({"N1": "xx", "N2": "yyyy"}, rrn=1)
        parts.update({"CODE": "Z9"}, rrn=4)
    expected[0], expected[3] = (2, "xxyyyy", "A1"), (4, None, "Z9")
    assert stored() == expected


def test_keys_with_a_declared_format_are_those_of_the_file(system: drdarrow.FileConnection) -> None:
    same = [("NUMBER", "B", 4, False), ("REST", "H", 8, False)]
    with system.open_file("LAB/PARTS", keyed=True, format=declared(*same), columns=["NUMBER"]) as parts:
        assert parts.record_format["keys"] == ["-NUMBER"]
        assert [row[0] for row in rows(parts)] == [3, 2, 1]
        assert parts.read_key(2) == (2,) and parts.read_key(2, ">") == (1,) and parts.read_key(9) is None
    with system.open_file("LAB/PARTS", keyed=True, format=declared(*same, keys=["NUMBER"]), columns=["NUMBER"]) as parts:
        assert parts.read_key(3) == (3,)
    other = [("HIGH", "H", 2, False), ("LOW", "H", 2, False), ("REST", "H", 8, False)]
    for keys, words in [([], r"no declared field .* key field ID \(bytes 0 to 3\)"), (["REST"], "is not key field ID")]:
        with pytest.raises(drdarrow.ProgrammingError, match=words):
            system.open_file("LAB/PARTS", keyed=True, format=declared(*other, keys=keys))
    with pytest.raises(drdarrow.ProgrammingError, match="no keys"):
        system.open_file("LAB/FLAT", keyed=True, format=FLAT)
    assert system.open_file("LAB/OTHER").records == 1


def test_parts_and_async_with_a_declared_format(served: server.Server, system: drdarrow.FileConnection) -> None:
    with system.open_file("LAB/FLAT", mode="w", format=FLAT) as flat:
        flat.write([VALUES] * 9)
    with system.open_file("LAB/FLAT", format=FLAT) as flat:
        parts = [pickle.loads(pickle.dumps(part)) for part in flat.partitions(3)]
    tables = [pa.table(part.read()) for part in parts]
    assert [tuple(row.values()) for row in pa.concat_tables(tables).to_pylist()] == [VALUES] * 10

    async def again() -> list[tuple[Any, ...]]:
        async with (
            aio.connect_files(host=served.host, port=served.port, signon_port=served.signon_port, user="u") as there,
            there.open_file("LAB/FLAT", format=FLAT, mode="rw") as flat,
        ):
            await flat.update({"ID": "again"}, rrn=1)
            with pytest.raises(drdarrow.ProgrammingError, match="its records have 54"):
                await there.open_file("LAB/FLAT", format={"name": "FLAT", "fields": FIELDS[:2]})
            table = await flat.fetch_arrow_table()
            return [tuple(row.values()) for row in table.to_pylist()]

    assert asyncio.run(again()) == [("again     ", *VALUES[1:])] + [VALUES] * 9
