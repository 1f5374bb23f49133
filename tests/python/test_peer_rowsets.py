"""Cursors that scroll by several rows at a time (QRYROWSET), as IBM's CLI driver asks for them."""

from __future__ import annotations

import struct

import jdbc
import pytest
from apart import apart
from peers import Recorder
from serving import dsn

NEXT, FIRST, LAST, PRIOR, ABSOLUTE, RELATIVE = 1, 2, 3, 4, 5, 6
SIZE = 7
#: A move, and the first and the last number of the rows that it leads to; 0, 0: to none.
MOVES = [
    (NEXT, 0, 1, 7), (NEXT, 0, 8, 14), (ABSOLUTE, 500, 500, 506), (RELATIVE, -100, 400, 406), (RELATIVE, 3, 403, 409),
    (PRIOR, 0, 396, 402), (FIRST, 0, 1, 7), (PRIOR, 0, 0, 0), (NEXT, 0, 1, 7), (ABSOLUTE, 998, 998, 1000),
    (NEXT, 0, 0, 0), (LAST, 0, 994, 1000), (ABSOLUTE, -3, 998, 1000),
]  # fmt: skip


@pytest.mark.parametrize("engine", ["duckdb", "tables"])
def test_each_move_leads_to_a_set_of_rows(engine: str):
    with jdbc.serve("luw", engine) as running, Recorder(running.port) as between:
        to = dsn(between.port, user=jdbc.USER, password=jdbc.PASSWORD)
        got = apart("ibm.rowsets", to, "SELECT ID FROM NUMBERS", SIZE, [move[:2] for move in MOVES])
    assert got == [[str(n) for n in range(first, last + 1) if n] for _, _, first, last in MOVES]
    said = b"".join(data for by_client, data in between.turns if by_client)
    assert struct.pack(">HHI", 8, 0x2156, SIZE) in said
