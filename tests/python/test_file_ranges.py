"""Ranges of keys as Arrow: `key=` and `between=`, held against what Python picks out of all records."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from decimal import Decimal
from random import Random
from typing import Any

import pyarrow as pa
import pytest

import drdarrow
from drdarrow import aio, server

RANDOM = Random(42)
ROWS = 3000
# Customers with many orders each, in a random order of arrival.
ORDERS = pa.table(
    {
        "CUST": pa.array([RANDOM.randrange(-40, 40) for _ in range(ROWS)], pa.int32()),
        "KIND": pa.array([RANDOM.choice(["a", "B", "b", "1", "ZZ", ""]) for _ in range(ROWS)], pa.string()),
        "AMOUNT": pa.array([Decimal(RANDOM.randrange(-99, 99)) for _ in range(ROWS)], pa.decimal128(5, 0)),
        "NR": pa.array(range(ROWS), pa.int32()),
    },
    schema=pa.schema(
        [
            pa.field("CUST", pa.int32(), nullable=False),
            pa.field("KIND", pa.string(), nullable=False, metadata={"drda:type": "CHAR", "drda:length": "2"}),
            pa.field("AMOUNT", pa.decimal128(5, 0), nullable=False),
            pa.field("NR", pa.int32(), nullable=False),
        ]
    ),
)
LIST = ORDERS.to_pylist()
# EBCDIC has small letters before capitals before digits.
CODES = {text: text.ljust(2).encode("cp037") for text in ["a", "B", "b", "1", "ZZ", ""]}
SIGNS = pa.table(
    {"K": pa.array([3, None, -3, 1, -2, 0, 2, None], pa.int32()), "NR": pa.array(range(8), pa.int32())},
)

KEYS = {
    "LAB/UP": ["CUST", "KIND"],
    "LAB/DOWN": ["CUST DESC", "KIND DESC"],
    "LAB/MIXED": ["CUST", "KIND DESC", "AMOUNT"],
    "LAB/TEXT": ["KIND", "AMOUNT DESC"],
}


@pytest.fixture(scope="module")
def served() -> Iterator[server.Server]:
    files: dict[str, Any] = {name: server.PhysicalFile(ORDERS, keys=keys) for name, keys in KEYS.items()}
    files |= {
        "LAB/PLAIN": ORDERS,
        "LAB/EMPTY": server.PhysicalFile(ORDERS.slice(0, 0), keys=["CUST"]),
        "LAB/SIGNS": server.PhysicalFile(SIGNS, keys=["K"]),
        "LAB/NGIS": server.PhysicalFile(SIGNS, keys=["K DESC"]),
    }
    with server.serve(engine="tables", persona="ibmi", files=files) as running:
        yield running


@pytest.fixture
def system(served: server.Server) -> Iterator[drdarrow.FileConnection]:
    with served.connect_files() as connection:
        yield connection


def comparable(field: str, value: Any) -> Any:
    return CODES[value.rstrip()] if field == "KIND" else value


def expected(keys: list[str], low: tuple[Any, ...] | None, high: tuple[Any, ...] | None) -> list[int]:
    """The numbers of the orders between two keys, in the order of the keys, equal ones as they arrived."""
    fields = [(key.split()[0], key.endswith("DESC")) for key in keys]

    def place(row: dict[str, Any]) -> list[Any]:
        return [Reversed(comparable(f, row[f])) if down else comparable(f, row[f]) for f, down in fields]

    def bound(key: tuple[Any, ...] | None) -> list[Any]:
        parts = zip(fields, key or (), strict=False)
        return [Reversed(comparable(f, value)) if down else comparable(f, value) for (f, down), value in parts]

    first, last = bound(low), bound(high)
    at = next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if not a == b), min(len(first), len(last)))
    if at < len(fields) and fields[at][1]:
        first, last = last, first
    rows = sorted(LIST, key=lambda row: (place(row), row["NR"]))
    return [
        row["NR"] for row in rows if not place(row)[: len(first)] < first and not last < place(row)[: len(last)]
    ]


class Reversed:
    """A value that is ordered the other way round."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __lt__(self, other: Reversed) -> bool:
        return other.value < self.value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Reversed) and self.value == other.value


def numbers(file: drdarrow.File, **which: Any) -> list[int]:
    return file.fetch_arrow_table(**which)["NR"].to_pylist()


@pytest.mark.parametrize("name", KEYS)
def test_all_records_of_a_key_come_in_its_order(system: drdarrow.FileConnection, name: str) -> None:
    with system.open_file(name) as file:
        for _ in range(8):
            row = RANDOM.choice(LIST)
            fields = [key.split()[0] for key in KEYS[name]]
            for count in range(1, len(fields) + 1):
                key = tuple(row[field] for field in fields[:count])
                found = numbers(file, key=key)
                assert found == expected(KEYS[name], key, key) and row["NR"] in found
        nothing = (99,) if name != "LAB/TEXT" else ("??",)
        assert numbers(file, key=nothing) == []


@pytest.mark.parametrize("name", ["LAB/UP", "LAB/DOWN", "LAB/MIXED"])
@pytest.mark.parametrize(
    ("low", "high"),
    [
        ((-5,), (7,)),
        ((-5,), None),
        (None, (-5,)),
        (None, None),
        ((3,), (3,)),
        ((3, "a"), (3, "ZZ")),
        ((-7, "B"), (9, "1")),
        ((-7, "B"), (9,)),
        ((-7,), (-7, "b")),
        ((-7, "B"), (-7,)),
        ((-1000,), (1000,)),
        ((100,), (1000,)),
        # Nothing is between a higher and a lower key.
        ((7,), (-5,)),
    ],
)
def test_a_range_has_what_lies_between_its_keys(
    system: drdarrow.FileConnection, name: str, low: tuple[Any, ...] | None, high: tuple[Any, ...] | None
) -> None:
    with system.open_file(name) as file:
        found = numbers(file, between=(low, high))
        assert found == expected(KEYS[name], low, high)
        if low and high and len(low) == len(high) == 1:
            cust = ORDERS["CUST"].to_pylist()
            assert sorted(found) == [nr for nr, value in enumerate(cust) if low[0] <= value <= high[0]]


def test_text_is_ordered_as_the_system_does(system: drdarrow.FileConnection) -> None:
    with system.open_file("LAB/TEXT", keyed=True, columns=["KIND", "NR"]) as file:
        kinds = [kind.rstrip() for kind in file.fetch_arrow_table(between=("a", "B"))["KIND"].to_pylist()]
        assert set(kinds) == {"a", "b", "B"} and kinds == sorted(kinds, key=CODES.__getitem__)
        assert numbers(file, key="1") == expected(KEYS["LAB/TEXT"], ("1",), ("1",))
        assert numbers(file, between=[("a", Decimal(50)), ("a", Decimal(90))]) == list(expected(KEYS["LAB/TEXT"], ("a", Decimal(50)), ("a", Decimal(90))))


def test_null_lies_after_every_value_and_in_open_ranges_alone(system: drdarrow.FileConnection) -> None:
    with system.open_file("LAB/SIGNS") as up, system.open_file("LAB/NGIS") as down:
        for file, turned in ((up, False), (down, True)):
            order = [2, 4, 5, 3, 6, 0]
            assert numbers(file, between=(-2, 2)) == (order[1:5] if not turned else order[4:0:-1])
            assert numbers(file, between=(None, 0)) == (order[:3] if not turned else order[2::-1])
            assert sorted(numbers(file, between=(1, None))) == [0, 1, 3, 6, 7]
            assert sorted(numbers(file, between=(None, None))) == list(range(8))
        for wrong in ({"key": None}, {"key": (None,)}, {"between": ((None,), 3)}):
            with pytest.raises(drdarrow.ProgrammingError, match="key field K is NULL"):
                up.fetch_arrow_table(**wrong)


def test_deleted_records_leave_no_gap(served: server.Server) -> None:
    files = {"LAB/F": server.PhysicalFile(ORDERS.slice(0, 500), keys=["CUST", "NR"])}
    with (
        server.serve(engine="tables", persona="ibmi", files=files) as running,
        running.connect_files() as system,
        system.open_file("LAB/F", mode="rw", keyed=True) as file,
    ):
        left = list(ORDERS.slice(0, 500).to_pylist())
        for row in [row for row in left if row["CUST"] in (0, 5) or row["NR"] % 7 == 0]:
            assert file.delete(key=(row["CUST"], row["NR"]))
            left.remove(row)
        keys = sorted((row["CUST"], row["NR"]) for row in left)
        assert numbers(file, between=(-3, 8)) == [nr for cust, nr in keys if -3 <= cust <= 8]
        assert numbers(file, key=0) == [] and numbers(file, between=((5,), (5,))) == []
        # The range is read beside what the file is opened for, and locks nothing.
        file.read(int(file.read_key(keys[0], "==") is not None))
        with running.connect_files() as other, other.open_file("LAB/F") as theirs:
            assert numbers(theirs, between=(None, None)) == [nr for _, nr in keys]


def test_ranges_come_in_batches_and_every_form(system: drdarrow.FileConnection) -> None:
    with system.open_file("LAB/UP", rrn=True) as file:
        right = expected(KEYS["LAB/UP"], (-10,), (10,))
        batches = list(file.fetch_arrow(100, between=((-10,), (10,))))
        assert [batch.num_rows for batch in batches[:-1]] == [100] * (len(batches) - 1)
        assert [nr for batch in batches for nr in pa.record_batch(batch)["NR"].to_pylist()] == right
        assert file.fetch_polars(between=((-10,), (10,)))["NR"].to_list() == right
        assert file.fetch_df(between=((-10,), (10,)))["NR"].tolist() == right
        table = file.fetch_arrow_table(key=(3,))
        assert table["RRN"].to_pylist() == [nr + 1 for nr in table["NR"].to_pylist()]
        # A stream that is given up leaves the connection and the file as they were.
        stream = file.fetch_arrow(10, between=(None, None))
        next(stream)
        stream.close()
        assert numbers(file, key=(3,)) == table["NR"].to_pylist()


def test_what_is_no_range_is_refused(system: drdarrow.FileConnection) -> None:
    with system.open_file("LAB/PLAIN") as file:
        for which in ({"key": 1}, {"between": (1, 2)}):
            with pytest.raises(drdarrow.ProgrammingError, match="LAB/PLAIN.*the file has no keys") as caught:
                file.fetch_arrow(**which)
            assert caught.value.connection_usable
    with system.open_file("LAB/UP") as file:
        for which, words in [
            ({"key": ()}, "a key has 1 to 2 fields, not 0"),
            ({"key": (1, "a", 3)}, "a key has 1 to 2 fields, not 3"),
            ({"between": ((1, "a", 3), None)}, "a key has 1 to 2 fields, not 3"),
            ({"between": 5}, "between: expected a pair"),
            ({"between": (1, 2, 3)}, "between: expected a pair"),
            ({"between": "ab"}, "between: expected a pair"),
            ({"key": 1, "between": (1, 2)}, "give one of them"),
            ({"key": "word"}, "CUST"),
            ({"key": 2**40}, "CUST"),
            ({"between": (Decimal("1.5"), None)}, "CUST"),
        ]:
            with pytest.raises(drdarrow.Error, match=words) as caught:
                file.fetch_arrow_table(**which)
            assert caught.value.connection_usable
        assert len(numbers(file)) == ROWS
    with system.open_file("LAB/EMPTY") as file:
        assert numbers(file, key=1) == numbers(file, between=(None, 1)) == numbers(file, between=(1, None)) == []
        assert file.fetch_arrow_table(key=1).schema.names == ORDERS.schema.names


def test_a_declared_format_has_the_ranges_of_the_file(system: drdarrow.FileConnection) -> None:
    fields = [("C", "B", 4), ("K", "A", 2), ("REST", "H", 3), ("NR", "B", 4)]
    form = {"name": "ORDERS", "fields": [{"name": n, "type": t, "length": length} for n, t, length in fields]}
    with system.open_file("LAB/DOWN", format=form, keyed=True) as file:
        assert numbers(file, between=((-3,), (3, "a"))) == expected(KEYS["LAB/DOWN"], (-3,), (3, "a"))
    with system.open_file("LAB/DOWN", format=form) as file:
        with pytest.raises(drdarrow.ProgrammingError, match="keyed=True"):
            file.fetch_arrow(key=1)


def test_ranges_with_asyncio(served: server.Server) -> None:
    async def main() -> None:
        async with (
            aio.connect_files(host=served.host, port=served.port, signon_port=served.signon_port, user="u") as system,
            system.open_file("LAB/MIXED") as file,
        ):
            stream = await file.fetch_arrow(between=((-5, "b"), (5,)), batch_rows=50)
            found = [nr async for batch in stream for nr in pa.record_batch(batch)["NR"].to_pylist()]
            assert found == expected(KEYS["LAB/MIXED"], (-5, "b"), (5,))
            right = expected(KEYS["LAB/MIXED"], (2,), (2,))
            assert (await file.fetch_arrow_table(key=2))["NR"].to_pylist() == right
            assert (await file.fetch_polars(key=(2,)))["NR"].to_list() == right
            assert (await file.fetch_df(between=((2,), (2,))))["NR"].tolist() == right
            with pytest.raises(drdarrow.InterfaceError, match="numbers or by their keys"):
                await file.fetch_arrow(1, 2, key=2)

    asyncio.run(main())
