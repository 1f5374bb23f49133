"""How a server shares itself among clients that read at the same time, and where more of them bring no more rows.

    python benches/serving.py [--clients 1,2,4,8,16,32] [--engines duckdb,tables] [--rows 1000000] [--seconds 5]
                              [--sizes 1048576] [--idle 0] [--persona luw]

The server is a process of its own, the clients are threads of another one. All of them begin at the same moment and
read one table again and again until the time is over. A line for each number of clients: rows a second of all
together; the share of the slowest beside the fastest (1 is fair); seconds until the first rows came, and until one more
client had a single row, which it asks for all the while (median and worst); the memory that the server took beside what
it had. The last line says from how many clients on more of them bring no more rows.

--sizes A,B: the clients ask for blocks of these sizes in turn. --idle N: so many clients more take one batch and then
read no further. Clients and server share the processors: only shares, and figures of one run, mean anything.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path

import drdarrow

SERVE = """
import sys, pyarrow as pa
from drdarrow import server
rows, engine, persona = int(sys.argv[1]), sys.argv[2], sys.argv[3]
made = pa.table({
    "ID": pa.array(range(rows), pa.int32()),
    "NAME": [f"customer {n % 1000}" for n in range(rows)],
    "AMOUNT": pa.array([n * 0.25 for n in range(rows)], pa.float64()),
})
with server.serve(tables={"T": made}, engine=engine, persona=persona) as srv:
    print(srv.port, flush=True)
    sys.stdin.read()
"""
#: The share of the most rows a second from which on more clients bring no more.
_NEARLY = 0.9
#: Seconds for whatever has to come about.
PATIENCE = 60


class Served:
    """The server; a context manager."""

    def __init__(self, rows: int, engine: str, persona: str) -> None:
        command = [sys.executable, "-c", SERVE, str(rows), engine, persona]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout
        self.uri = f"drda://app@127.0.0.1:{int(self.process.stdout.readline())}/SAMPLE"

    def memory(self) -> float:
        """MiB that it has now."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) / 1024

    def __enter__(self) -> Served:
        return self

    def __exit__(self, *_: object) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait(PATIENCE)


class Readers:
    """The clients of one line."""

    def __init__(self, uri: str, sizes: list[int]) -> None:
        self._uri, self._sizes = uri, sizes
        self._begin = threading.Barrier(len(sizes) + 2)
        self._over = threading.Event()
        self._errors: list[Exception] = []
        self.rows = [0] * len(sizes)
        self.first: list[float] = []
        self.single: list[float] = []

    def run(self, seconds: float) -> None:
        """Reads for so long."""
        works: list[Callable[[], None]] = [lambda n=n: self._read(n) for n in range(len(self._sizes))]
        threads = [threading.Thread(target=self._guarded, args=(work,)) for work in (*works, self._ask)]
        for thread in threads:
            thread.start()
        # Whoever fails ends the wait for all.
        with suppress(threading.BrokenBarrierError):
            self._begin.wait(PATIENCE)
            self._over.wait(seconds)
        self._over.set()
        for thread in threads:
            thread.join(PATIENCE)
        if self._errors:
            raise self._errors[0]

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except threading.BrokenBarrierError:
            pass
        except Exception as e:
            self._errors.append(e)
            self._over.set()
            self._begin.abort()

    def _read(self, number: int) -> None:
        size = self._sizes[number]
        # Small batches, so that the rows of each are counted as they come.
        with drdarrow.connect(self._uri, block_size=size, credit=max(size, 4 << 20), batch_rows=8192) as connection:
            self._begin.wait(PATIENCE)
            began, first = time.monotonic(), True
            while not self._over.is_set():
                with connection.execute("SELECT * FROM T").fetch_arrow() as stream:
                    for batch in stream:
                        if first:
                            self.first.append(time.monotonic() - began)
                            first = False
                        if self._over.is_set():
                            break
                        self.rows[number] += batch.num_rows

    def _ask(self) -> None:
        with drdarrow.connect(self._uri) as connection:
            self._begin.wait(PATIENCE)
            while not self._over.is_set():
                began = time.monotonic()
                assert connection.execute("SELECT NAME FROM T WHERE ID = ?", (7,)).fetchall()
                self.single.append(time.monotonic() - began)
                self._over.wait(0.02)


class Memory:
    """The most that the server has while this is entered, beside what it had before."""

    def __init__(self, served: Served) -> None:
        self._served, self._over = served, threading.Event()
        self._before = self._most = served.memory()
        self._thread = threading.Thread(target=self._watch)

    def _watch(self) -> None:
        while not self._over.wait(0.05):
            self._most = max(self._most, self._served.memory())

    def __enter__(self) -> Memory:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    @property
    def more(self) -> float:
        """MiB."""
        return self._most - self._before


def line(served: Served, sizes: list[int], idle: int, seconds: float) -> float:
    """One line; gives the rows a second."""
    with ExitStack() as open_:
        for _ in range(idle):
            connection = open_.enter_context(drdarrow.connect(served.uri))
            next(open_.enter_context(connection.execute("SELECT * FROM T").fetch_arrow()))
        readers = Readers(served.uri, sizes)
        with Memory(served) as memory:
            readers.run(seconds)
    rate, share = sum(readers.rows) / seconds, min(readers.rows) / max(readers.rows)
    waits = [f"{statistics.median(each):6.3f} {max(each):6.3f}" for each in (readers.first, readers.single)]
    print(f"{len(sizes):>7} {rate:>12,.0f} {share:>6.2f}   {'   '.join(waits)} {memory.more:>7.0f}", flush=True)
    return rate


def end(rates: dict[int, float]) -> str:
    """Where it ends: the fewest clients that bring nearly as many rows as any number of them does."""
    most = max(rates.values())
    enough = min(count for count, rate in rates.items() if rate >= _NEARLY * most)
    last = max(rates)
    shares = rates[enough] / most, rates[last] / most
    return f"ends at {enough} clients: {shares[0]:.0%} of the most; {last} clients have {shares[1]:.0%}"


def main() -> None:
    """Runs what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", default="1,2,4,8,16,32")
    parser.add_argument("--engines", default="duckdb,tables")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--sizes", default="1048576")
    parser.add_argument("--idle", type=int, default=0)
    parser.add_argument("--persona", default="luw")
    given = parser.parse_args()
    sizes = [int(size) for size in given.sizes.split(",")]
    for engine in given.engines.split(","):
        with Served(given.rows, engine, given.persona) as served:
            print(f"{engine}\nclients       rows/s  share   first rows      a single row    MiB", flush=True)
            rates = {}
            for count in map(int, given.clients.split(",")):
                asked = [sizes[n % len(sizes)] for n in range(count)]
                rates[count] = line(served, asked, given.idle, given.seconds)
            print(end(rates), flush=True)


if __name__ == "__main__":
    main()
