"""The clients of Db2 side by side, each against its own recorded conversation with our server.

    python benches/peers.py [--rounds 5] [--rows 1000000] [--work DIR] [--wheel FILE]

Starts our server as Db2 for LUW with LINEITEM, has each client read it once through a recorder, in its own dialect and
with the block size that it asks for, then serves the recordings at full speed in interleaved rounds, one process a
run, and prints medians: no server's cost is in them. Only ratios within one run mean anything.

The peers come from PyPI into a virtual environment of their own: ibm_db with IBM's CLI driver, adbc-driver-db2, and
arrow-odbc on that CLI driver, for which unixODBC and a C compiler have to be there (it is left out else).
"""

from __future__ import annotations

import argparse
import ctypes.util
import shutil
import subprocess
from pathlib import Path

from lab import OURS, PACKAGE, PULL, ROOT, SQL, WARM, Lab, goal, middle, table

DATABASE = "LAB"
ODBC = "arrow-odbc on IBM CLI"
PEERS = {"adbc-driver-db2": "adbc", "ibm_db tuples": "ibm_db"}
# The fastest of the peers is to be beaten by this.
RATIO = 5


def command(lab: Lab, peer: str, port: int) -> list[str]:
    """How a client is started."""
    if peer == OURS:
        return [str(lab.tools / "fetch"), f"drda://app@127.0.0.1:{port}/{DATABASE}", SQL, WARM]
    client = "drdarrow" if peer == PACKAGE else f"odbc:{shim(lab)}" if peer == ODBC else PEERS[peer]
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
    options = argparse.ArgumentParser(description="Clients of Db2 side by side.")
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--rows", type=int, default=1_000_000)
    options.add_argument("--work", type=Path)
    options.add_argument("--wheel", type=Path, help="a wheel of the Python package to measure too")
    options = options.parse_args()
    lab = Lab(options.work, command, "server")
    packages = ["ibm_db", "adbc-driver-db2", "adbc-driver-manager", "arrow-odbc"]
    package = lab.prepare(["wire", "fetch", "lineitem"], packages, options.wheel)
    peers = [OURS, *([PACKAGE] if package else []), *([ODBC] if odbc(lab) else []), *PEERS]
    with lab.serving("lineitem", "luw", str(options.rows)) as (port, _):
        seen = lab.record(peers, port)
    results = lab.replay([*peers, PULL], options.rounds, options.rows)
    title = f"Replayed: our server's replies as Db2 for LUW, {options.rows} rows x 16 columns"
    table(title, results, {peer: what["block"] for peer, what in seen.items()})
    others = {peer: middle(results[peer], "seconds") for peer in peers if peer not in (OURS, PACKAGE)}
    fastest = min(others, key=others.__getitem__)
    for ours in (OURS, PACKAGE):
        if ours in results:
            ratio = others[fastest] / middle(results[ours], "seconds")
            goal(f"{ours}: rows/s beside the fastest peer, {fastest}", ratio, RATIO, "x", below=False)


if __name__ == "__main__":
    main()
