"""Statements that IBM's drivers break off on our server: by a second connection without a login, which names the first
one by its token (INTRDBRQS). What is in the tables afterwards is asked on another connection."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest
import scenes
from apart import apart
from authority import Authority
from serving import dsn

from drdarrow import server

pytestmark = pytest.mark.timeout(120)

#: They take hours.
QUERY = "SELECT COUNT(*) FROM range(100000000000) a(x), range(100) b(y) WHERE x * y % 7 = 3"
INSERT = "INSERT INTO T SELECT CAST(x % 7 AS INTEGER) FROM range(100000000000) a(x)"
TABLES = {
    "T": pa.table({"A": pa.array([1], pa.int32())}),
    "MANY": pa.table({"A": pa.array(range(200_000), pa.int32()), "B": pa.array(["x" * 200] * 200_000)}),
}


@pytest.fixture(scope="module")
def served() -> Iterator[server.Server]:
    with server.serve(tables=TABLES) as srv:
        yield srv


def test_ibms_cli_driver_cancels(served: server.Server):
    told = apart(
        "ibm_interrupt.cancelled",
        dsn(served.port),
        "INSERT INTO T VALUES (2)",
        "SELECT COUNT(*) FROM T WHERE A = 2",
        [QUERY, INSERT],
    )
    assert told["ended"] == [("HY008", -952), ("HY008", -952), ("", 0), ("", 0)]
    assert told["count"] == [(2,)] and told["slowest"] < 10


def test_ibms_cli_driver_has_a_query_timeout(served: server.Server):
    assert apart("ibm_interrupt.timed_out", dsn(served.port), QUERY) == (("HY008", -952), ("", 1))


@pytest.mark.parametrize("driver", ["jcc-12", "jcc-11"])
def test_ibms_jdbc_driver_cancels_and_has_a_query_timeout(served: server.Server, driver: str):
    told = scenes.play("Interrupts", driver, scenes.url(driver, served.port), QUERY, INSERT)
    assert told == dict.fromkeys(
        [
            "cancel of a query",
            "cancel of an INSERT",
            "time-out of a query",
            "time-out of an INSERT",
            "cancel of a prepared query",
            "cancel while nothing runs",
            "another result is read on",
        ],
        "",
    )


def test_ibms_jdbc_driver_cancels_on_tables_in_memory():
    # Each row of the batch is searched for in all of them.
    many = pa.table({"B": pa.array([f"x{n}" for n in range(1_000_000, 1_400_000)])})
    with server.serve(tables=TABLES | {"MANY": many}, engine="tables") as srv:
        told = scenes.play("Interrupts", "jcc-12", scenes.url("jcc-12", srv.port))
    assert told == {"cancel of a batch": ""}


def test_interrupts_come_over_tls_as_well(tmp_path: Path):
    authority = Authority(tmp_path, "ours")
    certificate, key = authority.issue()
    with server.serve(tables=TABLES, tls_certificate=str(certificate), tls_key=str(key)) as srv:
        to = dsn(srv.port, extra=f"SECURITY=SSL;SSLSERVERCERTIFICATE={authority.certificate};")
        assert apart("ibm_interrupt.timed_out", to, QUERY) == (("HY008", -952), ("", 1))


def test_ibms_cli_driver_asks_whether_its_connection_is_alive(served: server.Server):
    assert apart("ibm_interrupt.is_alive", dsn(served.port)) is True
