"""The programs in examples/ run and print what they should."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

# Python is started for each, with everything that it imports.
pytestmark = pytest.mark.timeout(300)

ROOT = Path(__file__).resolve().parent.parent.parent
EXAMPLES = ROOT / "examples"
# What each prints.
PROGRAMS = {
    "query_to_parquet.py": "959 rows in orders.parquet\n",
    "concurrent_queries.py": "{'North': 500, 'South': 500}\n",
    "record_file.py": "found (8, 'Nut')\n8 Hex nut\n9 Washer\n10 Screw\n",
}


def run(*arguments: object, cwd: Path) -> str:
    """A program of Python's: its output."""
    done = subprocess.run([sys.executable, *map(str, arguments)], capture_output=True, text=True, cwd=cwd)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_every_example_is_run_here() -> None:
    assert {each.name for each in EXAMPLES.glob("*.py")} == {*PROGRAMS, "test_report.py"}


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_example_prints(name: str, tmp_path: Path) -> None:
    assert run(EXAMPLES / name, cwd=tmp_path) == PROGRAMS[name]
    if name == "query_to_parquet.py":
        table = pq.read_table(tmp_path / "orders.parquet")
        assert table["ID"].to_pylist() == list(range(42, 1001))


def test_the_example_of_a_test_passes(tmp_path: Path) -> None:
    shown = run("-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", tmp_path, EXAMPLES / "test_report.py", cwd=tmp_path)
    assert "5 passed" in shown
