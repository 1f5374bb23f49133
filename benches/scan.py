"""Reading a file by its records, side by side with JTOpen, IBM's client for Java.

    python benches/scan.py [--rounds 5] [--rows 1000000] [--work DIR] [--jar FILE]

Starts our server as Db2 for i with a file of 16 fields of fixed length (zoned, packed, binary, character, dates; see
benches/line.rs). Records our scan of it and serves the recording at full speed, beside a bare pull of the same bytes.
Then reads a file of a fifth of the records from the server itself: our scan, readAll of JTOpen, and its readNext with
the blocking factor that does best. Rounds are interleaved, one process a run; prints medians; only ratios within one
run mean anything.

Needs a JDK, and jt400.jar (Debian: libjt400-java).
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

from lab import OURS, PULL, ROOT, Lab, goal, middle, table

sys.path.insert(0, str(ROOT / "tests" / "python" / "support"))
import derby  # noqa: E402

FILE, WARM = "LAB/LINE", "LAB/WARM"
ALL = "JTOpen readAll"
# Blocking factors that are tried.
FACTORS = (64, 256, 1024, 4096)
# What is read live: readAll asks for every record by itself.
PART = 5
# Our records a second beside those of JTOpen; our time beside that of a bare pull.
RATIO, CEILING = 20, 3


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
    options = argparse.ArgumentParser(description="Records of a file, side by side with JTOpen.")
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--rows", type=int, default=1_000_000)
    options.add_argument("--work", type=Path)
    options.add_argument("--jar", type=Path, default=Path("/usr/share/java/jt400.jar"))
    options = options.parse_args()
    lab = Files(options.work, options.jar)
    lab.build(["wire", "fetch", "lineitem"])
    java = ["javac", "-cp", str(lab.jar), "-d", str(lab.work), str(ROOT / "benches" / "Files.java")]
    subprocess.run(java, check=True)
    with lab.serving("lineitem", "ibmi", str(options.rows)) as (port, _):
        lab.record([OURS], port)
    replayed = lab.replay([OURS, PULL], options.rounds, options.rows)
    table(f"Replayed: recorded replies at full speed, {options.rows} records x 16 fields", replayed)
    ratio = middle(replayed[OURS], "seconds") / middle(replayed[PULL], "seconds")
    goal("time beside the bare pull", ratio, CEILING, "x", below=True)
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
