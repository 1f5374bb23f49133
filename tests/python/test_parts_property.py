"""Whatever the rows are, however they are divided: each row is in one part."""

from __future__ import annotations

import random
from collections.abc import Iterator

import parted
import pyarrow as pa
import pytest

import drdarrow
from drdarrow import server

PERSONAS = ("luw", "ibmi", "zos", "derby")
SIZES = (0, 1, 2, 7, 60, 300)


def check(connection: drdarrow.Connection, chance: random.Random, ways: list[dict]) -> None:
    """A table of random rows is divided in all of the ways, in random numbers of parts."""
    size = chance.choice(SIZES)
    table = f"P{chance.randrange(10**9)}"
    given = parted.rows(chance, size)
    parted.fill(connection, table, given)
    whole = connection.query(f"SELECT * FROM {table}").to_arrow().sort_by("N")
    assert whole["N"].to_pylist() == list(range(size))
    for way in ways:
        count = chance.choice([1, chance.randint(2, 8), chance.randint(2, 8), chance.randint(9, 64)])
        parts = connection.partitions(table, n=count, verify=chance.random() < 0.3, **way)
        assert parted.union(parts, connection).cast(whole.schema).equals(whole), (way, count, parts.explain())
        assert len(parts) <= count
        if way.get("on") == "U" and size > 1:
            assert len(parts) == min(count, size) or way["plan"] in ("range", "sampled")
    connection.rollback()


@pytest.fixture(params=PERSONAS)
def served(request: pytest.FixtureRequest) -> Iterator[drdarrow.Connection]:
    with server.serve(persona=request.param) as srv, srv.connect() as connection:
        yield connection


@pytest.mark.timeout(180)
@pytest.mark.parametrize("seed", range(2))
def test_each_row_of_the_server_is_in_one_part(served: drdarrow.Connection, seed: int) -> None:
    chance = random.Random(f"{served.server['product']} {seed}")
    ways = [parted.WAYS[2], *chance.sample(parted.WAYS, 7)]
    places = {"Db2 for i": "rrn", "Db2 for Linux, UNIX and Windows": "rid"}
    if (plan := places.get(served.server["product"])) is not None:
        ways.append({"plan": plan})
    if served.server["product"] in places:
        ways.append({"on": "U", "plan": "sampled"})
    check(served, chance, ways)


@pytest.mark.timeout(180)
@pytest.mark.parametrize("seed", range(3))
def test_each_row_of_derby_is_in_one_part(conn: drdarrow.Connection, seed: int) -> None:
    check(conn, random.Random(seed), parted.WAYS)


@pytest.mark.timeout(180)
@pytest.mark.parametrize("seed", range(3))
def test_each_record_of_a_file_is_in_one_part(seed: int) -> None:
    chance = random.Random(seed)
    size = chance.choice([0, 1, 5, 400])
    records = pa.table({"N": pa.array(range(size), pa.int32())})
    with server.serve(persona="ibmi", files={"LAB/T": records}) as srv, srv.connect_files() as system:
        gone = set(chance.sample(range(size), size // 3))
        with system.open_file("LAB/T", mode="rw") as file:
            for number in gone:
                file.delete(rrn=number + 1)
        for count in (1, 2, chance.randint(3, 63), 64):
            with system.open_file("LAB/T") as file:
                parts = file.partitions(count)
            read = [row for part in parts for row in pa.table(part.read(srv.uri))["N"].to_pylist()]
            assert sorted(read) == sorted(set(range(size)) - gone)
