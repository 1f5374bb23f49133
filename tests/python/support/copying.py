"""A copy in a process of its own, which is killed; and the rows of a target, read by those who know nothing of copies."""

from __future__ import annotations

import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pyarrow as pa

_CALL = """
import sys, drdarrow
uri, target, form, state = sys.argv[1:]
drdarrow.copy("SHOP.*", target, uri=uri, format=form, parts=5, connections=2, state=state or None, row_group_rows=1500)
"""


def _begun(uri: str, target: Path | str, form: str, state: Path | str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", _CALL, uri, str(target), form, str(state)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def killed(uri: str, target: Path | str, form: str, seconds: float, state: Path | str = "", *, begun: Path) -> bool:
    """Copies, and kills the copy so many seconds after `begun` is there; whether it was killed before its end."""
    process = _begun(uri, target, form, state)
    limit = time.monotonic() + 40
    while not begun.exists() and process.poll() is None and time.monotonic() < limit:
        time.sleep(0.005)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
    out, _ = process.communicate(timeout=30)
    assert process.returncode in (0, -9), out.decode()
    return process.returncode == -9


def ended(uri: str, target: Path | str, form: str, state: Path | str = "") -> None:
    """Copies to the end."""
    process = _begun(uri, target, form, state)
    out, _ = process.communicate(timeout=50)
    assert process.returncode == 0, out.decode()


def ids(target: Path | str, form: str, table: str) -> list[int]:
    """The column ID of a table of SHOP, in order."""
    if form == "parquet":
        import pyarrow.dataset as dataset

        rows: pa.Table = dataset.dataset(Path(target) / f"SHOP.{table}").to_table()
    elif form == "delta":
        import deltalake

        rows = deltalake.DeltaTable(Path(target) / f"SHOP.{table}").to_pyarrow_table()
    elif form == "iceberg":
        from pyiceberg.catalog.sql import SqlCatalog

        catalog = SqlCatalog("drdarrow", uri=f"sqlite:///{target}/catalog.db", warehouse=f"file://{target}")
        rows = catalog.load_table(("SHOP", table)).scan().to_arrow()
    elif form == "adbc":
        import sqlite3

        with closing(sqlite3.connect(str(target).removeprefix("sqlite://"))) as connection:
            return sorted(row for (row,) in connection.execute(f'SELECT ID FROM "SHOP.{table}"'))
    else:
        import duckdb

        with duckdb.connect(str(target), read_only=True) as connection:
            rows = connection.sql(f"SELECT ID FROM SHOP.{table}").to_arrow_table()
    return sorted(rows.column("ID").to_pylist())
