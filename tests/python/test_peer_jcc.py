"""The server judged by JDBC: IBM's driver against the persona luw, Derby's newest client against the persona derby. The
features are those of tests/jdbc; a real Derby shows that they are asked for rightly."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import jdbc
import jdbc_programs
import pytest
from derby import Derby, Truth
from jdbc_reds import REDS

# Each run has its own limit; they go on two at a time.
pytestmark = pytest.mark.timeout(600)

#: The engine without DuckDB understands little SQL: not what it refuses so is in question, but the rest.
NOT_UNDERSTOOD = re.compile(r"SQLCODE=-(104|142|604)\b|Batch failure")


def served(driver: str, persona: str, engine: str) -> dict[str, str]:
    with jdbc.serve(persona, engine) as server:
        return jdbc.looked_at(driver, server.port)


def real() -> dict[str, str]:
    """Derby 10.14 itself."""
    with Derby(auth="builtin") as server:
        with Truth(server.jdbc("SAMPLE")) as first:
            first.select("VALUES 1")
        return jdbc.looked_at("derby-10.17", server.port, password="app")


#: A run: how it goes, and how many features pass at least.
RUNS: dict[str, tuple[Callable[[], dict[str, str]], int]] = {
    "JCC 12 at DuckDB": (lambda: served("jcc-12", "luw", "duckdb"), 240),
    "JCC 11 at DuckDB": (lambda: served("jcc-11", "luw", "duckdb"), 240),
    "JCC 12 at tables in memory": (lambda: served("jcc-12", "luw", "tables"), 175),
    "Derby 10.17 at DuckDB": (lambda: served("derby-10.17", "derby", "duckdb"), 189),
    "Derby 10.17 at a real Derby": (real, 191),
}


@pytest.fixture(scope="module")
def looked() -> dict[str, Future[dict[str, str]]]:
    """The faults, feature by feature, in each run."""
    jdbc_programs.compiled()
    pool = ThreadPoolExecutor(2)
    return {name: pool.submit(run) for name, (run, _) in RUNS.items()}


@pytest.mark.parametrize("run", RUNS)
def test_the_features_are_as_they_are_known(looked: dict[str, Future[dict[str, str]]], run: str):
    got = looked[run].result()
    known = {feature for reason in REDS.get(run, {}).values() for feature in reason}
    if run.endswith("in memory"):
        got = {feature: error for feature, error in got.items() if not NOT_UNDERSTOOD.search(error)}
    failed = {feature: error for feature, error in got.items() if error}
    new = {feature: error for feature, error in failed.items() if feature not in known}
    assert not new, "\n".join(f"{feature}: {error}" for feature, error in new.items())
    # What passes by now is not listed any more.
    assert known - set(failed) == set()
    assert len(got) - len(failed) >= RUNS[run][1]
