"""Copies of many tables: flat memory, kills at random moments, and what more connections bring.

    make bench-copies
    python benches/copies.py [--tables 40] [--rows 10000000] [--formats parquet,delta,iceberg] [--connections 4]
        [--kills 10] [--seed 1]
    python benches/copies.py --latency [--rows 600000] [--rate 400000]

The first copies the tables of an embedded server, which is a process of its own, by a process of its own: a quarter of
the rows, then all of them, with the largest memory of each copy, and for all of them that at ten moments. Then
it copies all of them anew, kills the copy so often at random moments, lets it go on to its end, and compares every row
of every table with those that DuckDB makes by the same formula: none is missing, other or twice. `--kills 0` leaves
that out. It ends with 1 where a row is not as it should be.

The second copies through a proxy that lets each answer wait 20 ms and paces each connection, with 1, 2 and 8
connections: there the server is not the limit. One connection divides the table before all of them read, so few rows
show less. Delta Lake needs deltalake, Iceberg pyiceberg[sql-sqlite]: `make bench-copies` has an environment with them.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

SUPPORT = Path(__file__).resolve().parent.parent / "tests" / "python" / "support"
#: The rows of a table by its number: integers, text beyond ASCII, NULLs, decimals, moments.
ROWS = """SELECT n::INTEGER AS ID,
CASE WHEN n % 7 = 3 THEN NULL ELSE 'Kundin ' || n % 1000 || ' für {table}' END AS NAME,
n * 0.25::DOUBLE AS SHARE,
(n * {table} % 100000 / 100.0)::DECIMAL(12, 2) AS AMOUNT,
TIMESTAMP '2020-01-01 00:00:00' + to_microseconds(n * 1000003) AS CHANGED
FROM range({rows}) AS made(n)"""
SERVE = """
import sys, duckdb
from drdarrow import server
tables, rows, made = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
kept = duckdb.connect()
kept.execute("CREATE SCHEMA BENCH")
for n in range(tables):
    kept.execute(f"CREATE TABLE BENCH.T{n:02} AS " + made.format(table=n, rows=rows))
with server.serve(kept, persona="luw") as srv:
    print(srv.port, flush=True)
    sys.stdin.read()
"""
COPY = """
import json, sys, time, drdarrow
uri, target, form, count = sys.argv[1:]
seen = {}
def look(told):
    if seen.get(told.table) != (told.parts, told.state):
        seen[told.table] = told.parts, told.state
        print(told.table, *told.parts, told.state, flush=True)
report = drdarrow.copy("BENCH.*", target, uri=uri, format=form, connections=int(count), progress=look)
assert report.ok and report.verified
print(json.dumps({"rows": report.rows, "seconds": report.seconds, "retries": report.retries}))
"""


class Served:
    """The server, a process of its own."""

    def __init__(self, tables: int, rows: int) -> None:
        command = [sys.executable, "-c", SERVE, str(tables), str(rows), ROWS]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout
        self.port = int(self.process.stdout.readline())

    def __enter__(self) -> Served:
        return self

    def __exit__(self, *_: object) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait()


@dataclass
class Copied:
    """A copy as a process of its own, and what was seen of it."""

    process: subprocess.Popen[str]
    moments: list[tuple[float, int]] = field(default_factory=list)
    """Seconds since its start, and MiB."""
    peak: int = 0
    """MiB that it had at most."""
    lines: list[str] = field(default_factory=list)
    """The steps that it told of: a table divided, a part done, a table done."""

    @staticmethod
    def begun(port: int, target: Path, form: str, connections: int) -> Copied:
        """Starts one."""
        uri = f"drda://anybody@127.0.0.1:{port}/SAMPLE"
        command = [sys.executable, "-c", COPY, uri, str(target), form, str(connections)]
        return Copied(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))

    def ended(self, steps: float | None = None, more: float = 0.0) -> bool:
        """Looks at its memory until it has ended; kills it when it has done so many steps, and so many seconds later.
        Whether it came to its end."""
        listening = threading.Thread(target=self._listen)
        listening.start()
        began, reached = time.monotonic(), None
        while self.process.poll() is None:
            now = time.monotonic()
            if steps is not None and len(self.lines) > steps:
                reached = reached or now
                if now > reached + more:
                    self.process.send_signal(signal.SIGKILL)
                    self.process.wait()
                    break
            self._look(now - began)
            time.sleep(0.02)
        listening.join()
        assert self.process.returncode in (0, -signal.SIGKILL), self.process.returncode
        return self.process.returncode == 0

    def told(self) -> dict[str, Any]:
        """Its report."""
        found: dict[str, Any] = json.loads(self.lines[-1])
        return found

    def _listen(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self.lines.append(line)

    def tenths(self) -> list[int]:
        """The most memory in each tenth of its time."""
        last = self.moments[-1][0] or 1.0
        found = [0] * 10
        for moment, size in self.moments:
            at = min(int(moment / last * 10), 9)
            found[at] = max(found[at], size)
        return found

    def _look(self, now: float) -> None:
        # The memory that a process tells at its end (ru_maxrss) is that of its parent, where that has more.
        try:
            status = Path(f"/proc/{self.process.pid}/status").read_text()
        except OSError:
            return
        sizes = dict(re.findall(r"^(VmHWM|VmRSS):\s+(\d+) kB$", status, re.MULTILINE))
        if len(sizes) == 2:
            self.peak = max(self.peak, int(sizes["VmHWM"]) >> 10)
            self.moments.append((now, int(sizes["VmRSS"]) >> 10))


def memory(given: argparse.Namespace, form: str) -> int:
    """Few rows and many: the memory has to be about the same. The steps of all of them."""
    peaks = []
    for rows in (given.rows // 4, given.rows):
        with Served(given.tables, rows // given.tables) as served, tempfile.TemporaryDirectory() as folder:
            copy = Copied.begun(served.port, Path(folder) / "kept", form, given.connections)
            assert copy.ended()
            found = copy.told()
            assert found["rows"] == rows // given.tables * given.tables
        peaks.append(copy.peak)
        seconds, rate = found["seconds"], found["rows"] / found["seconds"]
        print(
            f"{form:8} {found['rows']:>12,} rows {seconds:8.1f} s {rate:>12,.0f} rows/s {copy.peak:>6} MiB", flush=True
        )
    print(
        f"{form:8} {peaks[-1] / peaks[0]:.2f} times the memory for four times the rows; MiB in each tenth of the time:",
        *copy.tenths(),
        flush=True,
    )
    return len(copy.lines)


def killed(given: argparse.Namespace, form: str, left: float) -> bool:
    """A copy that is killed again and again, and goes on; whether all rows are as they should be."""
    chance = random.Random(f"{form} {given.seed}")
    each = given.rows // given.tables
    with Served(given.tables, each) as served, tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "kept"
        kills, peak, began = 0, 0, time.monotonic()
        done = False
        while not done:
            copy = Copied.begun(served.port, target, form, given.connections)
            # The lives together are about as long as that of the copy that is not killed.
            steps = chance.uniform(0, 1.8 * left / (given.kills - kills + 1)) if kills < given.kills else None
            done = copy.ended(steps, chance.uniform(0, 0.3))
            kills, peak, left = kills + (not done), max(peak, copy.peak), max(left - len(copy.lines), 0)
        seconds = time.monotonic() - began
        print(f"{form:8} killed {kills} times, {seconds:.1f} s for all {kills + 1} calls, {peak:>6} MiB", flush=True)
        lost = twice = 0
        for number in range(given.tables):
            some = compared(rows_of(target, form, f"T{number:02}"), number, each)
            lost, twice = lost + some[0], twice + some[1]
        verdict = "equal, nothing twice" if not lost and not twice else f"{lost} ROWS MISSING, {twice} OTHER OR TWICE"
        print(
            f"{form:8} {each * given.tables:>12,} rows in {given.tables} tables, every value compared: {verdict}",
            flush=True,
        )
    return not lost and not twice


def compared(copied: Any, number: int, rows: int) -> tuple[int, int]:
    """Rows that are missing, and those that should not be there or not so often."""
    with duckdb.connect() as connection:
        connection.register("copied", copied)
        connection.execute("CREATE TABLE made AS " + ROWS.format(table=number, rows=rows))
        names = [name for name, *_ in connection.execute("DESCRIBE made").fetchall()]
        assert copied.schema.names == names, copied.schema
        counts = []
        for one, other in (("made", "copied"), ("copied", "made")):
            sql = f"SELECT COUNT(*) FROM (FROM {one} EXCEPT ALL FROM {other})"
            counts.append(next(iter(connection.execute(sql).fetchall()))[0])
    return counts[0], counts[1]


def rows_of(target: Path, form: str, name: str) -> pa.Table:
    """The rows of a table, read by readers that know nothing of copies."""
    if form == "delta":
        import deltalake

        return deltalake.DeltaTable(target / f"BENCH.{name}").to_pyarrow_table()
    if form == "iceberg":
        from pyiceberg.catalog.sql import SqlCatalog

        catalog = SqlCatalog("drdarrow", uri=f"sqlite:///{target}/catalog.db", warehouse=f"file://{target}")
        return catalog.load_table(("BENCH", name)).scan().to_arrow()
    import pyarrow.dataset as dataset

    found: pa.Table = dataset.dataset(target / f"BENCH.{name}", format=form).to_table()
    return found


def paced(port: int, rows: int, rate: float) -> Iterator[tuple[int, float]]:
    """Connections with their seconds, where each answer takes 20 ms and each connection has so many bytes a second."""
    sys.path.insert(0, str(SUPPORT))
    from paced import Paced

    import drdarrow

    with Paced(port, delay=0.02, rate=rate) as between:
        for connections in (1, 2, 8):
            with tempfile.TemporaryDirectory() as folder:
                uri = f"drda://anybody@127.0.0.1:{between.port}/SAMPLE"
                began = time.monotonic()
                report = drdarrow.copy("BENCH.T00", folder, uri=uri, connections=connections, parts=16)
                seconds = time.monotonic() - began
                first = report.seconds - min(report.seconds, report.tables[0].seconds / connections)
                assert report.rows == rows and report.ok
            print(
                f"{connections} connections: {seconds:6.2f} s, {first:.2f} s of it before and after all read",
                flush=True,
            )
            yield connections, seconds


def main() -> None:
    """Runs what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tables", type=int, default=40)
    parser.add_argument("--rows", type=int)
    parser.add_argument("--formats", default="parquet,delta,iceberg")
    parser.add_argument("--connections", type=int, default=4)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--latency", action="store_true")
    parser.add_argument("--rate", type=float, default=400_000, help="bytes a second of each connection, with --latency")
    given = parser.parse_args()
    given.rows = given.rows or (600_000 if given.latency else 10_000_000)
    if given.latency:
        with Served(1, given.rows) as served:
            seconds = dict(paced(served.port, given.rows, given.rate))
        for connections in (2, 8):
            print(f"{connections} connections: {seconds[1] / seconds[connections]:.2f} times one")
        return
    well = True
    for form in given.formats.split(","):
        steps = memory(given, form)
        well = (not given.kills or killed(given, form, steps)) and well
    raise SystemExit(not well)


if __name__ == "__main__":
    main()
