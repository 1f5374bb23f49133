"""`drdarrow copy`, run as its users run it: the files are the judge."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

import drdarrow
from drdarrow import server

ROWS = pa.table({"ID": pa.array([1, 2, 3], pa.int64()), "NAME": ["Zoë", None, "x"]})


def run(*arguments: object, code: int = 0, **environment: str) -> str:
    """The output of the command; it has to end with this code."""
    done = subprocess.run(
        [sys.executable, "-m", "drdarrow", "copy", *map(str, arguments)],
        capture_output=True,
        timeout=50,
        env={**os.environ, "COLUMNS": "200", "NO_COLOR": "1", **environment},
    )
    out = (done.stdout + done.stderr).decode()
    assert done.returncode == code, out
    return out


def test_tables_and_queries_are_copied_and_what_is_wrong_is_said(tmp_path: Path) -> None:
    with server.serve(tables={"T": ROWS}) as srv:
        assert "1 tables, 3 rows" in run(srv.uri, "ANYBODY.*", tmp_path / "all")
        assert pq.read_table(tmp_path / "all" / "ANYBODY.T").num_rows == 3
        query = "FEW=SELECT ID FROM ANYBODY.T WHERE ID > 1"
        assert "FEW: 2 rows" in run(query, tmp_path / "few", DRDARROW_URI=srv.uri)
        assert pq.read_table(tmp_path / "few" / "FEW").column("ID").to_pylist() == [2, 3]
        assert "other values of where" in run(srv.uri, "ANYBODY.*", tmp_path / "all", "--where", "ID > 1", code=1)
        assert "nothing to copy" in run(srv.uri, "ANYBODY.NO*", tmp_path / "none", code=1)
        assert "[URI] SOURCE" in run("ANYBODY.T", code=1)


def test_changes_of_a_record_file_follow_its_copy(tmp_path: Path) -> None:
    with server.serve(persona="ibmi", files={"SHOP/T": ROWS}) as srv, srv.connect_files() as system:
        given = (srv.uri, "SHOP/T", tmp_path / "kept.duckdb", "--follow", "--once")
        assert "SHOP.T: 3 rows\n" in run(*given)
        with system.open_file("SHOP/T", mode="rw") as file:
            file.delete(rrn=2)
            file.update({"NAME": "y"}, rrn=1)
        assert "SHOP.T: 3 rows, 3 changes\n" in run(*given)
        with duckdb.connect(str(tmp_path / "kept.duckdb"), read_only=True) as kept:
            assert sorted(kept.sql("SELECT RRN, ID, NAME FROM SHOP.T").fetchall()) == [(1, 1, "y"), (3, 3, "x")]
        assert "rows of csv cannot be changed" in run(srv.uri, "SHOP/T", tmp_path / "texts", "--format", "csv", "--follow", code=1)
        assert "goes with follow" in run(srv.uri, "SHOP/T", tmp_path / "texts", "--journal", "SHOP/J", code=1)


def test_a_command_that_follows_ends_at_ctrl_c_and_goes_on(tmp_path: Path) -> None:
    target = tmp_path / "kept.duckdb"
    with server.serve(persona="ibmi", files={"SHOP/T": ROWS}) as srv, srv.connect_files() as system:
        given = [sys.executable, "-m", "drdarrow", "copy", srv.uri, "SHOP/*", str(target), "--follow", "--every", "0.2"]
        process = subprocess.Popen(given, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        report, over = tmp_path / "kept.duckdb.copy" / "report.json", time.monotonic() + 40
        while not report.exists() and process.poll() is None and time.monotonic() < over:
            time.sleep(0.05)
        system.command("CRTPF FILE(SHOP/NEW) RCDLEN(5)")
        time.sleep(1)
        # Some are gone when they are to be copied.
        for n in range(20):
            system.command(f"CRTPF FILE(SHOP/SHORT{n}) RCDLEN(5)")
            time.sleep(0.05)
            # It is in use at times.
            with suppress(drdarrow.Error):
                system.command(f"DLTF FILE(SHOP/SHORT{n})")
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        out = process.communicate(timeout=20)[0]
        assert process.returncode == 130, out
        assert "Traceback" not in out
        assert "SHOP.T: 3 rows" in run(srv.uri, "SHOP/*", target, "--follow", "--once")
        assert "goes with --follow" in run(srv.uri, "SHOP/*", target, "--once", code=1)
        assert "goes with follow=True" in run(srv.uri, "SHOP/*", target, "--every", "3", code=1)
