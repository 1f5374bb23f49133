"""The examples of docs/copy.md run."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow
import pyarrow.parquet
import pytest
from test_docs import ROOT, blocks, run

import drdarrow
from drdarrow import server

ORDERS = pyarrow.table({"ID": [1, 2, 3], "CUSTOMER": ["Ada", "Grace", "Ada"], "AMOUNT": [4, 9, 20]})


def test_the_examples_of_copies_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with server.serve() as srv, srv.connect() as connection:
        connection.execute("CREATE SCHEMA SHOP")
        connection.cursor().ingest("shop.orders", ORDERS, "create")
        connection.commit()
        names: dict[str, object] = {
            "connection": connection, "uri": srv.uri, "pyarrow": pyarrow, "drdarrow": drdarrow, "duckdb": duckdb,
        }  # fmt: skip
        for block in blocks(ROOT / "docs" / "copy.md", "python"):
            names = run(block, **names)
        table = names["table"]
        assert isinstance(table, pyarrow.Table) and table.num_rows == 3
