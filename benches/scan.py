"""Reading a file by its records, side by side with JTOpen, IBM's client for Java.

    python benches/scan.py [--rounds 5] [--rows 1000000] [--work DIR] [--wheel BUILD] [--base BUILD] [--jar FILE]

Starts our server as Db2 for i with a file of 16 fields of fixed length (zoned, packed, binary, character, dates; see
benches/line.rs). Records our scans of it and serves the recordings at full speed, beside a bare pull of the same bytes.
A build of the Python package is a wheel, or a folder that has it; without `--wheel` it is what this Python imports;
`--base` is another one beside it. Then reads a file of a fifth of the records from the server itself: our scan, readAll
of JTOpen, and its readNext with the blocking factor that does best. Rounds are interleaved, one process a run; prints
medians; only ratios within one run mean anything.

Needs a JDK, and jt400.jar (Debian: libjt400-java).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from lab import OURS, PACKAGE, PULL, ROOT, Lab, arguments, goal, middle, table, versus

sys.path.insert(0, str(ROOT / "tests" / "python" / "support"))
import derby  # noqa: E402

FILE, WARM = "LAB/LINE", "LAB/WARM"
ALL = "JTOpen readAll"
# Blocking factors that are tried.
FACTORS = (64, 256, 1024, 4096)
# What is read live: readAll asks for every record by itself.
PART = 5
# Our records a second beside those of JTOpen; our time beside that of a bare pull; that of the Python package beside
# Rust.
RATIO, CEILING, PYTHON = 20, 2, 1.05


class Files(Lab):
    """The clients. Where the sign-on server is, is known once it runs."""

    def __init__(self, work: Path | None, jar: Path) -> None:
        super().__init__(work, Files.started, "server")
        self.jar = jar
        self.signon = 0

    def started(self, peer: str, port: int) -> list[str]:
        """How a client is started."""
        if peer == OURS:
            uri = f"drda://app:app@127.0.0.1:{port}/?signon_port=0"
            return [str(self.tools / "fetch"), uri, FILE, WARM]
        if peer in self.imports:
            return self.script("drdarrow-files", port, "", FILE, WARM)
        return self.jtopen(port, 0 if peer == ALL else int(peer.rsplit(" ", 1)[1]), FILE)

    def jtopen(self, port: int, factor: int, name: str) -> list[str]:
        path = os.pathsep.join((str(self.jar), str(self.work)))
        login = [str(port), str(self.signon), str(factor)]
        return [*derby.java(), "-Xmx6g", "-cp", path, "Files", *login, name, WARM]

    def best(self, port: int) -> int:
        """The blocking factor with which a loop of readNext is the fastest."""
        seconds = {}
        for factor in FACTORS:
            done = subprocess.run(self.jtopen(port, factor, FILE), capture_output=True, check=True, timeout=120)
            seconds[factor] = json.loads(done.stdout)["seconds"]
        return min(seconds, key=seconds.__getitem__)


def main() -> None:
    options = arguments("Records of a file, side by side with JTOpen.")
    options.add_argument("--jar", type=Path, default=Path("/usr/share/java/jt400.jar"))
    options = options.parse_args()
    lab = Files(options.work, options.jar)
    builds = lab.prepare(["wire", "fetch", "lineitem"], [], options)
    java = ["javac", "-cp", str(lab.jar), "-d", str(lab.work), str(ROOT / "benches" / "Files.java")]
    subprocess.run(java, check=True)
    with lab.serving("lineitem", "ibmi", str(options.rows)) as (port, _):
        lab.record([OURS, *builds], port)
    replayed = lab.replay([OURS, *builds, PULL], options.rounds, options.rows)
    table(f"Replayed: recorded replies at full speed, {options.rows} records x 16 fields", replayed)
    ratio = middle(replayed[OURS], "seconds") / middle(replayed[PULL], "seconds")
    versus(replayed)
    goal("time beside the bare pull", ratio, CEILING, "x", below=True)
    if PACKAGE in builds:
        ratio = middle(replayed[PACKAGE], "seconds") / middle(replayed[OURS], "seconds")
        goal(f"{PACKAGE}: time beside Rust", ratio, PYTHON, "x", below=True)
    rows = options.rows // PART
    with lab.serving("lineitem", "ibmi", str(rows)) as (port, said):
        lab.signon = json.loads(said.readline())["signon"]
        loop = f"JTOpen readNext {lab.best(port)}"
        live = lab.rounds(dict.fromkeys([OURS, ALL, loop], port), options.rounds, rows)
    table(f"Live: our server as Db2 for i, {rows} records x 16 fields", live)
    ours = middle(live[OURS], "seconds")
    for peer in (ALL, loop):
        goal(f"records/s beside {peer}", middle(live[peer], "seconds") / ours, RATIO, "x", below=False)


if __name__ == "__main__":
    main()
