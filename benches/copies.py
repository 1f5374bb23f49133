"""Copies of many tables with flat memory, and what more connections bring.

    python benches/copies.py [--tables 40] [--rows 10000000] [--formats parquet,delta,iceberg] [--connections 4]
    python benches/copies.py --kills 10 [--seed 1] [--tables 40] [--rows 10000000] [--formats …] [--connections 4]
    python benches/copies.py --latency [--rows 600000] [--rate 400000]

The first copies tables of the embedded server, which is a process of its own, and shows rows a second and the largest
memory of the copying process for a fifth of the rows and for all of them. The second copies, kills the copying process
so often at random moments, lets it go on to its end, and compares every row: none is missing, other or twice. The
third copies through a proxy that lets each answer wait 20 ms and paces each connection, with 1, 2 and 8 connections:
there the server is not the limit. One connection divides the table before all of them read, so few rows show less.
Delta Lake needs deltalake, Iceberg pyiceberg[sql-sqlite].
"""

from __future__ import annotations

import argparse
import json
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.dataset as dataset

SUPPORT = Path(__file__).resolve().parent.parent / "tests" / "python" / "support"
SERVE = """
import sys, pyarrow as pa
from drdarrow import server
tables, rows = int(sys.argv[1]), int(sys.argv[2])
made = pa.table({
    "ID": pa.array(range(rows), pa.int32()),
    "NAME": [f"customer {n % 1000}" for n in range(rows)],
    "AMOUNT": pa.array([n * 0.25 for n in range(rows)], pa.float64()),
})
with server.serve(tables={f"T{n:02}": made for n in range(tables)}) as srv:
    print(srv.port, flush=True)
    sys.stdin.read()
"""
COPY = """
import json, resource, sys, drdarrow
uri, target, form, count = sys.argv[1:]
report = drdarrow.copy("ANYBODY.*", target, uri=uri, format=form, connections=int(count), row_group_rows=100_000)
assert report.ok
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
print(json.dumps({"rows": report.rows, "seconds": report.seconds, "MiB": peak}))
"""


class Served:
    """The server, a process of its own."""

    def __init__(self, tables: int, rows: int) -> None:
        command = [sys.executable, "-c", SERVE, str(tables), str(rows)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout
        self.port = int(self.process.stdout.readline())

    def __enter__(self) -> Served:
        return self

    def __exit__(self, *_: object) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait()


def measured(port: int, form: str, connections: int) -> dict[str, float]:
    """A copy in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / ("kept.duckdb" if form == "duckdb" else "kept")
        done = subprocess.run(
            command_of(port, target, form, connections), stdout=subprocess.PIPE, text=True, check=True
        )
    found: dict[str, float] = json.loads(done.stdout)
    return found


def memory(tables: int, rows: int, formats: list[str], connections: int) -> None:
    """Few rows and many: the memory has to be about the same."""
    for form in formats:
        peaks = []
        for share in (rows // 5, rows):
            with Served(tables, share // tables) as served:
                found = measured(served.port, form, connections)
            peaks.append(found["MiB"])
            rate = found["rows"] / found["seconds"]
            print(f"{form:8} {found['rows']:>12,} rows {rate:>12,.0f} rows/s {found['MiB']:>6} MiB", flush=True)
        print(f"{form:8} {peaks[1] / peaks[0]:.2f} times the memory for 5 times the rows")


def command_of(port: int, target: Path, form: str, connections: int) -> list[str]:
    """A copy as a process of its own."""
    return [sys.executable, "-c", COPY, f"drda://anybody@127.0.0.1:{port}/SAMPLE", str(target), form, str(connections)]


def killed(port: int, form: str, given: argparse.Namespace) -> None:
    """A copy that is killed again and again, and goes on; the rows are compared."""
    whole = measured(port, form, given.connections)["seconds"]
    chance = random.Random(f"{form} {given.seed}")
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "kept"
        command = command_of(port, target, form, given.connections)
        kills, lives = 0, 0
        while kills < given.kills:
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
            lives += 1
            # Each life is a part of the whole, so that the copy is not done before.
            life = chance.uniform(0.5, 1 + whole / given.kills)
            try:
                process.wait(life)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                kills += 1
            if process.wait() == 0:
                break
            assert process.returncode == -signal.SIGKILL, process.returncode
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
        each = given.rows // given.tables
        for number in range(given.tables):
            copied = rows_of(target, form, f"T{number:02}")
            [found] = duckdb.sql(
                "SELECT COUNT(*), COUNT(DISTINCT ID), MIN(ID), MAX(ID), COUNT(*) FILTER (NAME IS DISTINCT FROM "
                "'customer ' || ID % 1000 OR AMOUNT IS DISTINCT FROM ID * 0.25::DOUBLE) FROM copied"
            ).fetchall()
            assert copied.num_columns == 3 and found == (each, each, 0, each - 1, 0), (form, number, found)
    print(f"{form:8} {each * given.tables:>12,} rows, killed {kills} times, went on {lives} times: equal", flush=True)


def rows_of(target: Path, form: str, name: str) -> Any:
    """The rows of a table, read by readers that know nothing of copies."""
    if form == "delta":
        import deltalake

        return deltalake.DeltaTable(target / f"ANYBODY.{name}").to_pyarrow_table()
    if form == "iceberg":
        from pyiceberg.catalog.sql import SqlCatalog

        catalog = SqlCatalog("drdarrow", uri=f"sqlite:///{target}/catalog.db", warehouse=f"file://{target}")
        return catalog.load_table(("ANYBODY", name)).scan().to_arrow()
    return dataset.dataset(target / f"ANYBODY.{name}", format=form).to_table()


def paced(port: int, rows: int, rate: float) -> dict[int, float]:
    """Seconds by connections, where each answer takes 20 ms and each connection has so many bytes a second."""
    sys.path.insert(0, str(SUPPORT))
    from paced import Paced

    import drdarrow

    seconds = {}
    with Paced(port, delay=0.02, rate=rate) as between:
        for connections in (1, 2, 8):
            with tempfile.TemporaryDirectory() as folder:
                uri = f"drda://anybody@127.0.0.1:{between.port}/SAMPLE"
                began = time.monotonic()
                report = drdarrow.copy("ANYBODY.T00", folder, uri=uri, connections=connections, parts=16)
                seconds[connections] = time.monotonic() - began
                first = report.seconds - min(report.seconds, report.tables[0].seconds / connections)
                assert report.rows == rows and report.ok
            times = seconds[1] / seconds[connections]
            print(
                f"{connections} connections: {seconds[connections]:6.2f} s, {times:.2f} times one; {first:.2f} s of it "
                "before and after they read side by side",
                flush=True,
            )
    return seconds


def main() -> None:
    """Runs what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tables", type=int, default=40)
    parser.add_argument("--rows", type=int)
    parser.add_argument("--formats", default="parquet,delta,iceberg")
    parser.add_argument("--connections", type=int, default=4)
    parser.add_argument("--latency", action="store_true")
    parser.add_argument("--rate", type=float, default=400_000, help="bytes a second of each connection, with --latency")
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    given.rows = given.rows or (600_000 if given.latency else 10_000_000)
    if given.latency:
        with Served(1, given.rows) as served:
            paced(served.port, given.rows, given.rate)
        return
    if given.kills:
        for form in given.formats.split(","):
            with Served(given.tables, given.rows // given.tables) as served:
                killed(served.port, form, given)
        return
    memory(given.tables, given.rows, given.formats.split(","), given.connections)


if __name__ == "__main__":
    main()
