"""Arrow data into a table, beside the clients of Db2, in one run.

    python benches/ingest.py [--rounds 3] [--rows 1000000] [--work DIR] [--wheel BUILD] [--base BUILD]
                             [--only sink|live|derby]

Three servers: one that only answers (each client against the recording of its own conversation: the clients' own
limit), ours as Db2 for LUW on DuckDB, and Derby, which takes none of the peers. Rounds are interleaved, one process a
run; prints medians; only ratios within one run mean anything. After each live run the table is read back and compared.

The peers come from PyPI into a virtual environment of their own: ibm_db with IBM's CLI driver, adbc-driver-db2. A
build of the Python package is a wheel, or a folder that has it; without `--wheel` it is what this Python imports.
`--base` is another one beside it. Derby as for tests/python/support/derby.py.
"""

from __future__ import annotations

import subprocess
import sys

import lab
from ingest_client import COLUMNS, TABLE
from lab import BASE, PACKAGE, ROOT, Lab, goal, middle, table, versus

sys.path.insert(0, str(ROOT / "tests" / "python" / "support"))
import derby  # noqa: E402

DATABASE = "LAB"
CLIENTS = {
    PACKAGE: "drdarrow",
    BASE: "drdarrow",
    "drdarrow, from tuples": "drdarrow-rows",
    "ibm_db execute_many": "ibm_db",
    "adbc-driver-db2": "adbc",
}
PEERS = ["ibm_db execute_many", "adbc-driver-db2"]
SCRIPT = ROOT / "benches" / "ingest_client.py"
#: Rows a second against the server that only answers, and beside the fastest peer; into DuckDB.
RATE, RATIO, LIVE = 2_000_000, 10, 300_000


class Ingest(Lab):
    """The clients, and how many rows they have."""

    rows = 0

    def started(self, peer: str, port: int) -> list[str]:
        return [str(self.python), str(SCRIPT), CLIENTS[peer], "127.0.0.1", str(port), DATABASE, str(self.rows)]

    def python_says(self, code: str) -> str:
        command, environment = [str(self.python), "-c", code], self.environment(PACKAGE)
        return subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()

    def table(self, port: int, attributes: str = "") -> None:
        """An empty table."""
        uri = f"drda://app@127.0.0.1:{port}/{DATABASE}{attributes}"
        self.python_says(
            f"import drdarrow\nc = drdarrow.connect({uri!r}, autocommit=True)\n"
            f"try: c.execute('DROP TABLE {TABLE}')\nexcept drdarrow.Error: pass\n"
            f"c.execute('CREATE TABLE {TABLE} ({COLUMNS})')"
        )

    def judge(self, peer: str, port: int, attributes: str = "") -> None:
        """Compares the table with what was sent."""
        uri = f"drda://app@127.0.0.1:{port}/{DATABASE}{attributes}"
        code = (
            f"import sys, drdarrow\nsys.path.insert(0, {str(SCRIPT.parent)!r})\nimport pyarrow as pa\n"
            "from ingest_client import arrow\n"
            f"got = drdarrow.connect({uri!r}).execute('SELECT * FROM {TABLE}').fetch_arrow_table()\n"
            f"given = pa.concat_tables([arrow(1000), arrow({self.rows})]).sort_by('K')\n"
            "got = got.sort_by('K').cast(given.schema)\n"
            "print(got.equals(given))"
        )
        if self.python_says(code) != "True":
            sys.exit(f"{peer}: the table is not what was sent")


def live(bench: Ingest, peers: list[str], port: int, rounds: int, attributes: str = "") -> dict[str, list[dict]]:
    """All clients in turn, each into an empty table, which is compared."""
    runs: dict[str, list[dict]] = {peer: [] for peer in peers}
    for _ in range(rounds):
        for peer in peers:
            bench.table(port, attributes)
            runs[peer].append(bench.run(peer, port))
            bench.judge(peer, port, attributes)
    return runs


def main() -> None:
    options = lab.arguments("Arrow data into a table.", 3)
    options.add_argument("--only", choices=("sink", "live", "derby"))
    options = options.parse_args()
    # The table of results stands beside ours.
    lab.OURS = PACKAGE
    lab.LIMIT = 600
    bench = Ingest(options.work, Ingest.started, "server")
    bench.rows = options.rows
    packages = ["ibm_db", "adbc-driver-db2", "adbc-driver-manager", "duckdb>=2,<3", "sqlglot>=30,<31"]
    builds = bench.prepare(["wire"], packages, options)
    if PACKAGE not in builds:
        sys.exit("the Python package is needed: --wheel WHEEL or folder")
    peers = [peer for peer in CLIENTS if peer in builds or peer != BASE]
    title = f"{options.rows} rows x 8 columns"
    if options.only in (None, "sink"):
        with bench.embedded(SCRIPT, "tables") as port:
            for peer in peers:
                bench.table(port)
                bench.record([peer], port)
        results = bench.replay(peers, options.rounds, options.rows)
        table(f"A server that only answers, {title}", results)
        versus(results)
        ours = options.rows / middle(results[PACKAGE], "seconds")
        fastest = min(PEERS, key=lambda peer: middle(results[peer], "seconds"))
        goal(f"{PACKAGE}: rows/s", ours, RATE, "rows/s", below=False)
        ratio = middle(results[fastest], "seconds") / middle(results[PACKAGE], "seconds")
        goal(f"{PACKAGE}: beside the fastest peer, {fastest}", ratio, RATIO, "x", below=False)
    if options.only in (None, "live"):
        with bench.embedded(SCRIPT, "duckdb") as port:
            results = live(bench, peers, port, options.rounds)
        table(f"Our server on DuckDB, {title}", results)
        versus(results)
        goal(f"{PACKAGE}: rows/s", options.rows / middle(results[PACKAGE], "seconds"), LIVE, "rows/s", below=False)
    if options.only in (None, "derby"):
        with derby.Derby(bench.work / "derby", steady=True) as server:
            created = "?attributes=create=true"
            results = live(bench, builds, server.port, options.rounds, created)
        table(f"Derby, {title}", results)
        versus(results)


if __name__ == "__main__":
    main()
