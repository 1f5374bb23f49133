"""The examples of docs/journals.md run."""

from __future__ import annotations

from pathlib import Path

import pyarrow
import pytest
from test_docs import RECORDS, ROOT, blocks, run

import drdarrow
from drdarrow import server


@pytest.mark.timeout(300)
def test_the_examples_of_journals_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    numbers = iter((1, 2))

    def write_some(system: drdarrow.FileConnection) -> None:
        with system.open_file("SHOP/ORDERS", mode="rw") as orders:
            orders.write([{"ID": 7, "STATE": "NEW"}])
            orders.delete(rrn=next(numbers))

    files = {"SHOP/ORDERS": RECORDS}
    with server.serve(persona="ibmi", files=files) as srv, srv.connect() as connection, srv.connect_files() as system:
        names: dict[str, object] = {
            "connection": connection, "system": system, "pyarrow": pyarrow, "drdarrow": drdarrow, "write_some": write_some,
            "uri": srv.uri,
        }  # fmt: skip
        for block in blocks(ROOT / "docs" / "journals.md", "python"):
            names = run(block, **names)
        table, entries, report = names["table"], names["entries"], names["report"]
        assert isinstance(report, drdarrow.copying.CopyReport) and report.tables[0].changes == 2
        assert isinstance(table, pyarrow.Table) and isinstance(entries, list)
        assert table["_change"].to_pylist() == ["insert", "delete"]
        assert table["ID"].to_pylist() == [7, 1041]
        assert [entry[0] for entry in entries] == ["PT", "DL"] * 2
