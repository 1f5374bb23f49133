"""Clients side by side on the same rows, in one run: against a live Derby and against recorded replies.

    python benches/compare.py [--rounds 5] [--rows 1000000] [--work DIR] [--wheel BUILD] [--base BUILD]
                              [--only live|replay]

Builds the tools in release, installs jaydebeapiarrow into a virtual environment of its own, starts Derby, loads
LINEITEM, records each client once in its own dialect, then runs all of them in interleaved rounds, one process a run,
and prints medians. Only ratios within one run mean anything. A build of the Python package is a wheel, or a folder that
has it; without `--wheel` it is what this Python imports; `--base` is another one beside it. Derby, Java and their jars
as for tests/python/support/derby.py.
"""

from __future__ import annotations

import os
import subprocess
import sys

from lab import BASE, OURS, PACKAGE, PULL, ROOT, SQL, WARM, Lab, arguments, goal, middle, table, versus

sys.path.insert(0, str(ROOT / "tests" / "python" / "support"))
import derby  # noqa: E402

DATABASE = "LAB"
JDBC = "Derby JDBC loop"
JAY = {"jaydebeapiarrow 65536": 65536, "jaydebeapiarrow default": 0}


def command(lab: Lab, peer: str, port: int) -> list[str]:
    """How a client is started."""
    if peer == OURS:
        return [str(lab.tools / "fetch"), f"drda://app@127.0.0.1:{port}/{DATABASE}", SQL, WARM]
    if peer == JDBC:
        url = f"jdbc:derby://127.0.0.1:{port}/{DATABASE};user=app"
        path = os.pathsep.join((derby.classpath("derbyclient.jar"), str(lab.work)))
        return [*derby.java(), "-cp", path, "Loop", url, SQL, WARM]
    return lab.script("drdarrow" if peer in (PACKAGE, BASE) else f"jaydebeapiarrow:{JAY[peer]}", port, DATABASE)


def main() -> None:
    options = arguments("Clients side by side.")
    options.add_argument("--only", choices=("live", "replay"))
    options = options.parse_args()
    lab = Lab(options.work, command)
    builds = lab.prepare(["wire", "fetch"], ["jaydebeapiarrow", "jpype1"], options)
    subprocess.run(["javac", "-d", str(lab.work), str(ROOT / "benches" / "Loop.java")], check=True)
    peers = [OURS, *builds, *JAY, JDBC, PULL]
    with derby.Derby(lab.work / "derby", steady=True) as server:
        server.load(DATABASE, "LINEITEM", options.rows)
        if options.only != "replay":
            seen = lab.record([OURS], server.port)
            live = lab.rounds(dict.fromkeys(peers, server.port), options.rounds, options.rows)
            table(f"Live: Derby executes the query, {options.rows} rows x 16 columns", live)
            versus(live)
            idle = seen[OURS]["idle_share"] * 100
            goal("time without a request under way, of a live query", idle, 2, "%", below=True)
        if options.only == "live":
            return
        lab.record([peer for peer in peers if peer != PULL], server.port)
    replayed = lab.replay(peers, options.rounds, options.rows)
    table(f"Replayed: recorded replies at full speed, {options.rows} rows x 16 columns", replayed)
    versus(replayed)
    seconds = {peer: middle(runs, "seconds") for peer, runs in replayed.items()}
    goal("rows/s beside jaydebeapiarrow 65536", seconds["jaydebeapiarrow 65536"] / seconds[OURS], 12, "x", below=False)
    goal("time beside the bare pull, 1 MiB blocks", seconds[OURS] / seconds[PULL], 3, "x", below=True)
    goal("client CPU per million rows", middle(replayed[OURS], "cpu") * 1e6 / options.rows, 0.3, "s", below=True)
    for bench in ("kernel", "encode", "pages"):
        subprocess.run(["cargo", "bench", "--locked", "--quiet", "--bench", bench], cwd=ROOT, check=True)


if __name__ == "__main__":
    main()
