"""More connections bring more where the line is the limit."""

from __future__ import annotations

import time
from pathlib import Path

import pyarrow as pa
from paced import Paced

import drdarrow
from drdarrow import server

COUNT = 24_000
ROWS = pa.table({"ID": pa.array(range(COUNT), pa.int32()), "NAME": [f"{n:040}" for n in range(COUNT)]})


def test_eight_connections_to_a_server_far_away_are_much_faster_than_one(tmp_path: Path) -> None:
    """About a megabyte at 200 kB/s: six seconds by one connection, and less than half of that by eight."""
    with server.serve(tables={"T": ROWS}) as srv, Paced(srv.port, delay=0.02, rate=200_000) as line:
        uri = f"drda://app@127.0.0.1:{line.port}/SAMPLE"
        seconds = []
        for connections in (1, 8):
            began = time.monotonic()
            report = drdarrow.copy("APP.T", tmp_path / str(connections), uri=uri, connections=connections, parts=8)
            seconds.append(time.monotonic() - began)
            assert report.rows == COUNT and report.ok
    assert seconds[0] > 4 and seconds[0] / seconds[1] > 2, seconds
