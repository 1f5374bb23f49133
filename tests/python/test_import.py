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
    """Beside an empty interpreter, with the modules compiled as an installation compiles them."""

    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": ""}

    def best(code: str) -> float:
        times = []
        for _ in range(15):
            start = time.perf_counter()
            subprocess.run([sys.executable, "-X", f"pycache_prefix={tmp_path}", "-c", code], check=True, timeout=30, env=environment)
            times.append(time.perf_counter() - start)
        return min(times)

    best("import drdarrow")
    assert best("import drdarrow") - best("pass") < 0.030
