"""Many clients of one server: none of them holds up the others, whatever blocks it asks for and however it reads."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack

import pyarrow as pa
import pytest

import drdarrow
from drdarrow import server

COUNT = 400_000
ROWS = pa.table({"ID": pa.array(range(COUNT), pa.int32()), "NAME": [f"customer {n % 1000:030}" for n in range(COUNT)]})
#: Block sizes of clients that read side by side.
SIZES = (65_536, 10_485_760)


@pytest.fixture(params=["duckdb", "tables"])
def srv(request: pytest.FixtureRequest) -> Iterator[server.Server]:
    with server.serve(tables={"T": ROWS}, engine=request.param, persona="luw", workers=1) as made:
        yield made


def reading(uri: str, block_size: int) -> drdarrow.Connection:
    return drdarrow.connect(uri, block_size=block_size, credit=max(block_size, 1 << 20), batch_rows=2_000)


@pytest.mark.timeout(90)
def test_clients_that_ask_for_large_blocks_do_not_starve_the_others(srv: server.Server) -> None:
    """Blocks of 10 MiB, four in a reply, beside some of 64 KiB: 160 times as many rows a turn, unless turns are kept
    short."""
    over = threading.Event()
    begin = threading.Barrier(6)
    rows = [0] * 6

    def read(number: int) -> None:
        with reading(srv.uri, SIZES[number % 2]) as connection:
            begin.wait(30)
            while not over.is_set():
                with connection.execute("SELECT * FROM T").fetch_arrow() as stream:
                    for batch in stream:
                        rows[number] += batch.num_rows
                        if sum(rows) > 6 * COUNT:
                            over.set()
                        if over.is_set():
                            break

    threads = [threading.Thread(target=read, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(80)
    assert sum(rows) > 6 * COUNT
    assert min(rows) * 25 > max(rows), rows


def test_clients_that_read_no_further_hold_nobody_up(srv: server.Server) -> None:
    with ExitStack() as open_:
        held = []
        for _ in range(12):
            connection = open_.enter_context(reading(srv.uri, 65_536))
            stream = open_.enter_context(connection.execute("SELECT * FROM T").fetch_arrow())
            held.append((next(stream).num_rows, stream))
        with srv.connect() as other:
            assert other.query("SELECT * FROM T").to_arrow().num_rows == COUNT
        # They go on where they were.
        assert [rows + sum(batch.num_rows for batch in stream) for rows, stream in held[:2]] == [COUNT] * 2
