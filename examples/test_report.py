"""Tests a program that talks to Db2, with the fixture of the package.

python -m pytest examples/test_report.py
"""

import pyarrow as pa
import pytest

import drdarrow
from drdarrow import server
from drdarrow.server.pytest_plugin import DrdaServer

pytest_plugins = ["drdarrow.server.pytest_plugin"]

ORDERS = pa.table({"CUSTOMER": ["Ada", "Grace", "Ada"], "AMOUNT": [10, 20, 5]})


def report(uri: str) -> dict[str, int]:
    """The program under test: sums by customer."""
    with drdarrow.connect(uri) as connection:
        rows = connection.execute("SELECT CUSTOMER, SUM(AMOUNT) FROM ORDERS GROUP BY CUSTOMER").fetchall()
    return {customer: int(amount) for customer, amount in rows}


@pytest.mark.parametrize("persona", ["luw", "ibmi", "zos", "derby"])
def test_report(drda_server: DrdaServer, persona: server.Persona) -> None:
    srv = drda_server(tables={"ORDERS": ORDERS}, persona=persona)
    assert report(srv.uri) == {"Ada": 15, "Grace": 20}


def test_report_without_a_table(drda_server: DrdaServer) -> None:
    srv = drda_server(tables={"OTHER": ORDERS})
    with pytest.raises(drdarrow.ProgrammingError) as failed:
        report(srv.uri)
    assert failed.value.sqlstate == "42704"
