"""Branches of global transactions (XA) on our server, steered by IBM's JDBC driver and by Derby's client. What became of
them is asked on connections of their own."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor

import jdbc_programs
import pyarrow as pa
import pytest
import scenes

from drdarrow import server

# Each run has its own limit; they go on two at a time.
pytestmark = pytest.mark.timeout(300)

#: The ways that Branches.java looks at, one by one.
CASES = [
    "two phases",
    "one phase",
    "rolled back before the prepare",
    "rolled back after the prepare",
    "nothing changed",
    "committed by another connection",
    "rolled back with its connection",
    "local work",
    "a failed end",
    "suspended and resumed",
    "joined by another connection",
    "a name twice",
    "unknown names",
    "steps while it is active",
    "steps out of order",
    "time-out",
    "a prepared statement in several branches",
    "an error that rolls back",
]

#: A run: driver, engine.
RUNS = [
    ("jcc-12", "duckdb"),
    ("jcc-12", "tables"),
    ("jcc-11", "duckdb"),
    ("derby-10.14", "duckdb"),
    ("derby-10.14", "tables"),
]


def run(driver: str, engine: str) -> dict[str, str]:
    """The faults, case by case."""
    table = pa.table({"A": pa.array([-1], pa.int32())})
    persona = "luw" if driver.startswith("jcc") else "derby"
    users = {"app": "secret"}
    with server.serve(tables={"T": table, "U": table}, persona=persona, engine=engine, users=users) as srv:
        source = {"luw": "com.ibm.db2.jcc.DB2XADataSource", "derby": "org.apache.derby.jdbc.ClientXADataSource"}[persona]
        arguments = [source, str(srv.port), "SAMPLE", "app", "secret", scenes.url(driver, srv.port)]
        return scenes.play("Branches", driver, *arguments)


@pytest.fixture(scope="module")
def runs() -> dict[tuple[str, str], Future[dict[str, str]]]:
    jdbc_programs.compiled()
    pool = ThreadPoolExecutor(2)
    return {of: pool.submit(run, *of) for of in RUNS}


@pytest.mark.parametrize("of", RUNS, ids=lambda of: " at ".join(of))
def test_branches_go_as_their_manager_says(runs: dict[tuple[str, str], Future[dict[str, str]]], of: tuple[str, str]):
    assert runs[of].result() == dict.fromkeys(CASES, "")
