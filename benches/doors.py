"""The same rows by each door of the package, as ratios to its own stream of Arrow data, in one run.

    python benches/doors.py [--rounds 3] [--rows 1000000] [--work DIR] [--wheel BUILD] [--only DOOR ...]

Our server as Db2 for LUW on DuckDB answers all of them. Rounds are interleaved, one process a run; prints medians; only
ratios within one run mean anything. Every door counts its rows and sums a column, which are compared.

The peer adbc-driver-db2 comes from PyPI into a virtual environment of its own, with what the doors are opened by:
ADBC's driver manager, pandas, Polars, SQLAlchemy, DuckDB. A build of the package is a wheel, or a folder that has it;
without `--wheel` it is what this Python imports.
"""

from __future__ import annotations

import sys

import lab
from doors_client import DOORS, PEERS, STREAM
from lab import PACKAGE, ROOT, Lab, table

SCRIPT = ROOT / "benches" / "doors_client.py"
PACKAGES = ["adbc-driver-db2", "adbc-driver-manager", "pyarrow", "pandas>=3", "polars", "sqlalchemy", "duckdb>=2,<3",
            "sqlglot>=30,<31"]  # fmt: skip


class Doors(Lab):
    """The doors."""

    def started(self, door: str, port: int) -> list[str]:
        return [str(self.python), str(SCRIPT), door, str(port)]


def main() -> None:
    options = lab.arguments("The same rows by each door.", 3)
    options.add_argument("--only", nargs="*", choices=[*DOORS, *PEERS], default=[])
    options = options.parse_args()
    lab.OURS = STREAM
    bench = Doors(options.work, Doors.started, "server")
    if PACKAGE not in bench.prepare([], PACKAGES, options):
        sys.exit("the Python package is needed: --wheel WHEEL or folder")
    doors = [door for door in (*DOORS, *PEERS) if door == STREAM or not options.only or door in options.only]
    runs: dict[str, list[dict]] = {door: [] for door in doors}
    with bench.embedded(SCRIPT, str(options.rows)) as port:
        for _ in range(options.rounds):
            for door in doors:
                runs[door].append(bench.run(door, port))
    sums = {door: {(run["rows"], run["sum"]) for run in of} for door, of in runs.items()}
    if len(set().union(*sums.values())) != 1:
        sys.exit(f"the rows differ: {sums}")
    table(f"{options.rows} rows x 8 columns, by each door", runs)


if __name__ == "__main__":
    main()
