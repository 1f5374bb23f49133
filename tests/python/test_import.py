"""`import drdarrow` brings little along, and what comes later comes when it is named."""

import os
import subprocess
import sys
import time

import pytest

import drdarrow

# Each takes longer to import than the package itself.
HEAVY = {"asyncio", "dataclasses", "duckdb", "html", "inspect", "pandas", "polars", "pyarrow", "sqlglot", "ssl"}


def imported(statement: str) -> set[str]:
    code = f"import sys\n{statement}\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=30)
    return set(done.stdout.split())


def test_the_package_imports_no_heavy_module():
    assert imported("import drdarrow") & HEAVY == imported("pass") & HEAVY


@pytest.mark.parametrize("name", ["probe", "ProbeReport"])
def test_the_probe_is_imported_when_it_is_named(name):
    assert "drdarrow.probing" in imported(f"from drdarrow import {name}")
    assert getattr(drdarrow, name) is getattr(drdarrow.probing, name)


def test_what_is_imported_late_is_listed():
    assert {"probe", "ProbeReport", "aio", "server", *drdarrow.__all__} <= set(dir(drdarrow))


def test_a_name_that_is_not_there_is_an_error():
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        drdarrow.nothing  # noqa: B018


@pytest.mark.alone
def test_the_import_takes_less_than_thirty_milliseconds(tmp_path):
    """Beside an empty interpreter, with the modules compiled as an installation compiles them. The two take turns, and
    the least of each counts: what the machine does beside them for a second or two, such as a server of an earlier
    test that is still warming up, is no part of it."""

    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": ""}

    def seconds(code: str) -> float:
        start = time.perf_counter()
        subprocess.run([sys.executable, "-X", f"pycache_prefix={tmp_path}", "-c", code], check=True, timeout=30, env=environment)
        return time.perf_counter() - start

    seconds("import drdarrow")  # compiles the modules
    empty, whole = [], []
    end = time.monotonic() + 40
    while len(whole) < 15 or (min(whole) - min(empty) >= 0.030 and time.monotonic() < end):
        empty.append(seconds("pass"))
        whole.append(seconds("import drdarrow"))
    assert min(whole) - min(empty) < 0.030
