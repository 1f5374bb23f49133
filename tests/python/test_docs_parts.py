"""The examples of docs/partitions.md run."""

from __future__ import annotations

import pyarrow
import pytest
from test_docs import ROOT, blocks, run

from drdarrow import server
from drdarrow.partitions import Part

ORDERS = pyarrow.table({"ID": [1, 2, 3], "CUSTOMER": ["Ada", "Grace", "Ada"], "AMOUNT": [4, 9, 20]})


@pytest.mark.parametrize("persona", ["luw", "ibmi"])
def test_the_examples_of_parts_run(persona: str, capsys: pytest.CaptureFixture[str]) -> None:
    with server.serve(persona=persona) as srv, srv.connect() as connection:
        connection.execute("CREATE SCHEMA SHOP")
        connection.cursor().ingest("shop.orders", ORDERS, "create")
        connection.commit()
        names: dict[str, object] = {"connection": connection, "uri": srv.uri, "pyarrow": pyarrow, "Part": Part}
        for block in blocks(ROOT / "docs" / "partitions.md", "python"):
            names = run(block, **names)
        assert "plan: " in capsys.readouterr().out
        tables, table, totals = names["tables"], names["table"], names["totals"]
        assert sum(len(one) for one in tables) == 3  # type: ignore[attr-defined, misc]
        assert isinstance(table, pyarrow.Table) and names["same"] == names["part"]
        assert sum(len(part.read(connection)) for part in totals) == 2  # type: ignore[attr-defined]
