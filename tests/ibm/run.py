"""Runs IBM's tests of its Python driver against the server, persona luw over DuckDB, and holds the outcome against the
list of those that do not pass.

    python tests/ibm/run.py                     # all of them
    python tests/ibm/run.py 023 decfloat        # those whose name has one of these, each with what it said

Every test has a process of its own. They go on in the order of their names, in two halves side by side, each with a
server whose tables the first test has made: some need what others before them made.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock

import duckdb
from reds import REDS
from suite import DATABASE, USER, USERS, Outcome, SuiteError, configured, copied, run

from drdarrow import server

#: It makes the tables that the others read.
FIRST = "test_000_PrepareDb"
_printing = Lock()


def half(names: Sequence[str], tests: Path, settings: Path, shown: bool) -> list[Outcome]:
    """Runs some tests, one after the other, on a server of their own."""
    outcomes = []
    database = duckdb.connect()
    database.execute(f"CREATE SCHEMA {USER}")
    with server.serve(database, persona="luw", users=USERS, database=DATABASE) as served:
        configured(settings, served.port)
        for name in dict.fromkeys((FIRST, *names)):
            began = time.monotonic()
            outcome = run(name, tests, settings)
            if name in names:
                outcomes.append(outcome)
                with _printing:
                    print(
                        f"{outcome.kind:8} {time.monotonic() - began:5.1f} s  {name:45} {outcome.why[:150]}", flush=True
                    )
                    if shown:
                        print(outcome.output)
    return outcomes


def judged(outcomes: Sequence[Outcome]) -> list[str]:
    """The tests that are not as the list says."""
    known = {name: reason for reason, names in REDS.items() for name in names}
    trouble = []
    for outcome in outcomes:
        if outcome.kind != "passed" and outcome.name not in known:
            trouble.append(f"{outcome.name} {outcome.kind}: {outcome.why}\n{outcome.output}")
        if outcome.kind == "passed" and outcome.name in known:
            trouble.append(f"{outcome.name} passes by now: take it off the list")
    return trouble


def main() -> int:
    parser = argparse.ArgumentParser(description="Runs IBM's tests of its Python driver against the server.")
    parser.add_argument("parts", nargs="*", metavar="PART", help="of names of tests; all of them without one")
    parser.add_argument("--logs", type=Path, help="a folder for what each test says")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ibm-tests-") as folder:
        tests = Path(folder) / "tests"
        every = copied(tests)
        names = [name for name in every if not arguments.parts or any(part in name for part in arguments.parts)]
        middle = len(every) // 2
        halves = [[name for name in part if name in names] for part in (every[:middle], every[middle:])]
        with ThreadPoolExecutor(2) as pool:
            runs = [
                pool.submit(half, part, tests, Path(folder) / f"half{n}", bool(arguments.parts))
                for n, part in enumerate(halves)
                if part
            ]
            outcomes = [outcome for each in runs for outcome in each.result()]
    if arguments.logs:
        arguments.logs.mkdir(parents=True, exist_ok=True)
        for outcome in outcomes:
            (arguments.logs / f"{outcome.name}.txt").write_text(f"{outcome.kind}: {outcome.why}\n{outcome.output}")
    passed = sum(outcome.kind == "passed" for outcome in outcomes)
    print(f"{passed} of {len(outcomes)} pass")
    trouble = judged(outcomes)
    for line in trouble:
        print(line)
    return 1 if trouble else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except SuiteError as e:
        sys.exit(f"ibm-tests: {e}")
