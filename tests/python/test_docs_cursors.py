"""The examples of docs/cursors.md, and that of docs/dbapi.md about breaking off, run."""

from __future__ import annotations

import pyarrow
import pytest
from test_docs import ROOT, blocks, run

from drdarrow import server

ORDERS = pyarrow.table({"ID": [1, 2, 3], "CUSTOMER": ["Ada", "Grace", "Edsger"]})


def test_the_examples_of_cursors_run(capsys: pytest.CaptureFixture[str]) -> None:
    with server.serve() as srv, srv.connect() as connection:
        connection.cursor().ingest("ORDERS", ORDERS, "create")
        connection.commit()
        for block in blocks(ROOT / "docs" / "cursors.md", "python"):
            run(block, connection=connection)
            said = [line.split("# ")[1] for line in block.splitlines() if "print(" in line]
            assert [line.split(":")[0] for line in said] == capsys.readouterr().out.splitlines()
        assert connection.execute("SELECT * FROM ORDERS ORDER BY ID").fetchall() == [(1, "Ada Lovelace"), (2, "Grace")]
        (breaking,) = (block for block in blocks(ROOT / "docs" / "dbapi.md", "python") if "cancel" in block)
        run(breaking, connection=connection, cursor=connection.cursor())
