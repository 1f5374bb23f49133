"""The examples of docs/pool.md and docs/observing.md run as they stand."""

from __future__ import annotations

import logging

import pytest
from test_docs import ORDERS, ROOT, blocks, run

import drdarrow
from drdarrow import server


@pytest.mark.parametrize(("page", "count"), [("pool.md", 3), ("observing.md", 4)])
def test_the_examples_run(page: str, count: int, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> None:
    examples = blocks(ROOT / "docs" / page, "python")
    assert len(examples) == count
    for example in examples:
        with server.serve(tables={"ORDERS": ORDERS}) as srv, srv.connect() as connection, caplog.at_level(logging.WARNING):
            run(example, srv=srv, connection=connection, drdarrow=drdarrow)
    shown = capsys.readouterr().out
    if page == "observing.md":
        assert "round_trips=" in shown and " ms: " in shown and "round trips: SELECT * FROM ORDERS WHERE ID = ?" in shown
    else:
        assert shown == "1\n(3,)\n"
