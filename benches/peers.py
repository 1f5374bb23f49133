"""The clients of Db2 side by side, each against its own recorded conversation with our server.

    python benches/peers.py [--rounds 5] [--rows 1000000] [--work DIR] [--wheel BUILD] [--base BUILD]

Starts our server as Db2 for LUW with LINEITEM, has each client read it once through a recorder, in its own dialect and
with the block size that it asks for, then serves the recordings at full speed in interleaved rounds, one process a
run, and prints medians: no server's cost is in them. Only ratios within one run mean anything.

The peers come from PyPI into a virtual environment of their own: ibm_db with IBM's CLI driver, adbc-driver-db2, and
arrow-odbc on that CLI driver, for which unixODBC and a C compiler have to be there (it is left out else). A build of
the Python package is a wheel, or a folder that has it; without `--wheel` it is what this Python imports. `--base` is
another one beside it, in the same rounds.
"""

from __future__ import annotations

import ctypes.util
import shutil
import subprocess
from pathlib import Path

from lab import BASE, OURS, PACKAGE, PULL, ROOT, SQL, WARM, Lab, arguments, goal, middle, table, versus

DATABASE = "LAB"
ODBC = "arrow-odbc on IBM CLI"
PEERS = {"adbc-driver-db2": "adbc", "ibm_db tuples": "ibm_db"}
# Rows a second beside arrow-odbc, or the fastest peer where that is left out; time beside a bare pull; that of the
# Python package beside Rust.
RATIO, CEILING, PYTHON = 8, 2, 1.05


def command(lab: Lab, peer: str, port: int) -> list[str]:
    """How a client is started."""
    if peer == OURS:
        return [str(lab.tools / "fetch"), f"drda://app@127.0.0.1:{port}/{DATABASE}", SQL, WARM]
    client = "drdarrow" if peer in (PACKAGE, BASE) else f"odbc:{shim(lab)}" if peer == ODBC else PEERS[peer]
    return lab.script(client, port, DATABASE)


def shim(lab: Lab) -> Path:
    return lab.work / "sqllen.so"


def odbc(lab: Lab) -> bool:
    """Builds the driver that arrow-odbc loads; false where that cannot be."""
    compiler = shutil.which("cc")
    if not compiler or not ctypes.util.find_library("odbc"):
        print(f"{ODBC} is left out: it needs cc and unixODBC")
        return False
    say = "import pathlib, sysconfig; print(pathlib.Path(sysconfig.get_path('platlib'), 'clidriver', 'lib'))"
    library = subprocess.run([str(lab.python), "-c", say], capture_output=True, text=True, check=True).stdout.strip()
    source = str(ROOT / "benches" / "tools" / "sqllen.c")
    link = ["-Wl,--no-as-needed", f"{library}/libdb2.so.1", f"-Wl,-rpath,{library}", "-ldl"]
    subprocess.run([compiler, "-O2", "-shared", "-fPIC", "-o", str(shim(lab)), source, *link], check=True)
    return True


def main() -> None:
    options = arguments("Clients of Db2 side by side.").parse_args()
    lab = Lab(options.work, command, "server")
    packages = ["ibm_db", "adbc-driver-db2", "adbc-driver-manager", "arrow-odbc"]
    builds = lab.prepare(["wire", "fetch", "lineitem"], packages, options)
    peers = [OURS, *builds, *([ODBC] if odbc(lab) else []), *PEERS]
    with lab.serving("lineitem", "luw", str(options.rows)) as (port, _):
        seen = lab.record(peers, port)
    results = lab.replay([*peers, PULL], options.rounds, options.rows)
    title = f"Replayed: our server's replies as Db2 for LUW, {options.rows} rows x 16 columns"
    table(title, results, {peer: what["block"] for peer, what in seen.items()})
    versus(results)
    seconds = {peer: middle(runs, "seconds") for peer, runs in results.items()}
    rival = ODBC if ODBC in peers else min(PEERS, key=seconds.__getitem__)
    for ours in [OURS, *(build for build in builds if build != BASE)]:
        goal(f"{ours}: rows/s beside {rival}", seconds[rival] / seconds[ours], RATIO, "x", below=False)
    goal(f"{OURS}: time beside the bare pull", seconds[OURS] / seconds[PULL], CEILING, "x", below=True)
    if PACKAGE in builds:
        goal(f"{PACKAGE}: time beside Rust", seconds[PACKAGE] / seconds[OURS], PYTHON, "x", below=True)


if __name__ == "__main__":
    main()
