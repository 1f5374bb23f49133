"""Clients side by side on the same rows, in one run: against a live Derby and against recorded replies.

    python benches/compare.py [--rounds 5] [--rows 1000000] [--work DIR] [--only live|replay]

Builds the tools in release, installs jaydebeapiarrow into a virtual environment of its own, starts Derby, loads
LINEITEM, records each client once in its own dialect, then runs all of them in interleaved rounds, one process a run,
and prints medians. Only ratios within one run mean anything. The Python package is measured when the environment has it
(`--wheel FILE` installs it there). Derby, Java and their jars as for tests/python/derby.py.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "python"))
import derby  # noqa: E402

DATABASE = "LAB"
SQL = "SELECT * FROM LINEITEM"
WARM = "SELECT * FROM LINEITEM FETCH FIRST 100000 ROWS ONLY"
OURS, PACKAGE, JDBC, PULL = "drdarrow (Rust)", "drdarrow (Python)", "Derby JDBC loop", "bare pull"
JAY = {"jaydebeapiarrow 65536": 65536, "jaydebeapiarrow default": 0}


class Lab:
    """Where things are, and how each client is started."""

    def __init__(self, work: Path, target: Path) -> None:
        self.work = work
        self.tools = target / "release" / "examples"
        self.python = work / "venv" / "bin" / "python"

    def command(self, peer: str, port: int) -> list[str]:
        """The command of one run of a client against a port."""
        if peer == OURS:
            return [str(self.tools / "fetch"), f"drda://app@127.0.0.1:{port}/{DATABASE}", SQL, WARM]
        if peer == PULL:
            return [str(self.tools / "wire"), "pull", f"127.0.0.1:{port}", str(self.tape(OURS))]
        if peer == JDBC:
            url = f"jdbc:derby://127.0.0.1:{port}/{DATABASE};user=app"
            path = os.pathsep.join((derby.classpath("derbyclient.jar"), str(self.work)))
            return [*derby.java(), "-cp", path, "Loop", url, SQL, WARM]
        client = "drdarrow" if peer == PACKAGE else f"jaydebeapiarrow:{JAY[peer]}"
        script = str(ROOT / "benches" / "clients.py")
        return [str(self.python), script, client, "127.0.0.1", str(port), DATABASE, SQL, WARM]

    def tape(self, peer: str) -> Path:
        return self.work / f"{peer.replace(' ', '-')}.tape"

    def run(self, peer: str, port: int) -> dict:
        """One run; what the client says, and its peak memory."""
        process = subprocess.Popen(self.command(peer, port), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        assert process.stdout
        lines = process.stdout.read().splitlines()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        said = [json.loads(line) for line in lines if line.startswith(b"{")]
        if process.returncode or not said:
            sys.exit(f"{peer} failed with {process.returncode}; its command: {process.args}")
        return {"cpu": None, **said[-1], "rss_mb": usage.ru_maxrss // 1024}

    @contextlib.contextmanager
    def serving(self, *args: str):
        """A `wire` server: its port and, once it ended by itself, the lines that it still printed."""
        process = subprocess.Popen([str(self.tools / "wire"), *args], stdout=subprocess.PIPE, text=True)
        assert process.stdout
        try:
            yield json.loads(process.stdout.readline())["port"], process.stdout
        finally:
            if process.poll() is None:
                process.terminate()
            process.wait()


def main() -> None:
    options = argparse.ArgumentParser(description="Clients side by side.")
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--rows", type=int, default=1_000_000)
    options.add_argument("--work", type=Path)
    options.add_argument("--wheel", type=Path, help="a wheel of the Python package to measure too")
    options.add_argument("--only", choices=("live", "replay"))
    options = options.parse_args()
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).absolute()
    lab = Lab((options.work or target / "compare").absolute(), target)
    peers = prepare(lab, options.wheel)
    with derby.Derby(lab.work / "derby") as server:
        server.load(DATABASE, "LINEITEM", options.rows)
        if options.only != "replay":
            idle = record(lab, [OURS], server.port)
            live = rounds(lab, dict.fromkeys(peers, server.port), options)
            table(f"Live: Derby executes the query, {options.rows} rows x 16 columns", live)
            goal("time without a request under way, of a live query", idle[OURS] * 100, 2, "%", below=True)
        if options.only == "live":
            return
        record(lab, [peer for peer in peers if peer != PULL], server.port)
    with contextlib.ExitStack() as stack:
        ports = {
            peer: stack.enter_context(lab.serving("replay", "127.0.0.1:0", str(lab.tape(peer))))[0]
            for peer in peers
            if peer != PULL
        }
        replayed = rounds(lab, {**ports, PULL: ports[OURS]}, options)
    table(f"Replayed: recorded replies at full speed, {options.rows} rows x 16 columns", replayed)
    seconds = {peer: middle(runs, "seconds") for peer, runs in replayed.items()}
    goal("rows/s beside jaydebeapiarrow 65536", seconds["jaydebeapiarrow 65536"] / seconds[OURS], 12, "x", below=False)
    goal("time beside the bare pull, 1 MiB blocks", seconds[OURS] / seconds[PULL], 3, "x", below=True)
    goal("client CPU per million rows", middle(replayed[OURS], "cpu") * 1e6 / options.rows, 0.3, "s", below=True)
    subprocess.run(["cargo", "bench", "--quiet", "--bench", "kernel"], cwd=ROOT, check=True)


def prepare(lab: Lab, wheel: Path | None) -> list[str]:
    """Builds and installs; gives the clients that can be measured."""
    lab.work.mkdir(parents=True, exist_ok=True)
    build = ["cargo", "build", "--quiet", "--release", "--example", "wire", "--example", "fetch"]
    subprocess.run(build, cwd=ROOT, check=True)
    subprocess.run(["javac", "-d", str(lab.work), str(ROOT / "benches" / "Loop.java")], check=True)
    if not lab.python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(lab.work / "venv")], check=True)
    pip = [str(lab.python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "jaydebeapiarrow", "jpype1", "pyarrow"], check=True)
    if wheel:
        subprocess.run([*pip, "--force-reinstall", "--no-deps", str(wheel)], check=True)
    has_package = subprocess.run([str(lab.python), "-c", "import drdarrow"], stderr=subprocess.DEVNULL).returncode == 0
    if not has_package:
        print(f"{PACKAGE} is left out: it is not installed in {lab.work / 'venv'} (--wheel FILE)")
    return [OURS, *([PACKAGE] if has_package else []), *JAY, JDBC, PULL]


def record(lab: Lab, peers: list[str], port: int) -> dict[str, float]:
    """Records each client once; the share of its query's time that no request was under way."""
    idle = {}
    for peer in peers:
        with lab.serving("record", "127.0.0.1:0", f"127.0.0.1:{port}", str(lab.tape(peer))) as (proxy, said):
            lab.run(peer, proxy)
            idle[peer] = json.loads(said.read())["idle_share"]
    return idle


def rounds(lab: Lab, ports: dict[str, int], options: argparse.Namespace) -> dict[str, list[dict]]:
    """All clients in turn, as often as asked."""
    runs: dict[str, list[dict]] = {peer: [] for peer in ports}
    for _ in range(options.rounds):
        for peer, port in ports.items():
            run = lab.run(peer, port)
            if run.get("rows", options.rows) != options.rows:
                sys.exit(f"{peer} read {run['rows']} rows of {options.rows}")
            runs[peer].append(run)
            time.sleep(0.2)
    return runs


def middle(runs: list[dict], what: str) -> float:
    return statistics.median(run[what] for run in runs)


def table(title: str, results: dict[str, list[dict]]) -> None:
    rows = next(run["rows"] for runs in results.values() for run in runs if "rows" in run)
    ours = middle(results[OURS], "seconds")
    print(f"\n{title}; medians of {len(results[OURS])} rounds")
    print(f"{'client':24} {'s (min-max)':>24} {'rows/s':>11} {'time / ours':>11} {'CPU s':>7} {'peak MB':>8}")
    for peer, runs in results.items():
        times = [run["seconds"] for run in runs]
        s = statistics.median(times)
        cpu = "-" if runs[0]["cpu"] is None else f"{middle(runs, 'cpu'):.2f}"
        spread = f"{s:.3f} ({min(times):.3f}-{max(times):.3f})"
        # The bare pull holds its recording in memory: that says nothing.
        rss = "-" if peer == PULL else f"{middle(runs, 'rss_mb'):.0f}"
        print(f"{peer:24} {spread:>24} {rows / s:>11,.0f} {s / ours:>11.2f} {cpu:>7} {rss:>8}")


def goal(what: str, value: float, limit: float, unit: str, *, below: bool) -> None:
    met = value <= limit if below else value >= limit
    bound = f"{'at most' if below else 'at least'} {limit} {unit}"
    print(f"goal: {what}: {value:.3g} {unit} ({bound}): {'met' if met else 'NOT met'}")


if __name__ == "__main__":
    main()
