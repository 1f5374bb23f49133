"""The common part of the comparisons: clients run one process a run, are recorded once, and take turns."""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parent.parent
SQL = "SELECT * FROM LINEITEM"
WARM = "SELECT * FROM LINEITEM FETCH FIRST 100000 ROWS ONLY"
# Seconds that a run may take.
LIMIT = 180
OURS, PACKAGE, PULL = "drdarrow (Rust)", "drdarrow (Python)", "bare pull"


class Lab:
    """Where things are, and how each client is started."""

    def __init__(self, work: Path | None, command: Callable[[Lab, str, int], list[str]], features: str = "") -> None:
        target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).absolute()
        self.work = work.absolute() if work else target / "compare"
        self.tools = target / "release" / "examples"
        self.python = self.work / "venv" / "bin" / "python"
        self.specific = command
        self.features = features

    def prepare(self, tools: list[str], packages: list[str], wheel: Path | None) -> bool:
        """Builds and installs; true when the Python package can be measured."""
        self.build(tools)
        if not self.python.exists():
            subprocess.run([sys.executable, "-m", "venv", str(self.work / "venv")], check=True)
        pip = [str(self.python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "pyarrow", *packages], check=True)
        if wheel:
            subprocess.run([*pip, "--force-reinstall", "--no-deps", str(wheel)], check=True)
        probe = subprocess.run([str(self.python), "-c", "import drdarrow"], stderr=subprocess.DEVNULL)
        if probe.returncode:
            print(f"{PACKAGE} is left out: it is not installed in {self.work / 'venv'} (--wheel FILE)")
        return probe.returncode == 0

    def build(self, tools: list[str]) -> None:
        """Builds examples in release."""
        self.work.mkdir(parents=True, exist_ok=True)
        examples = [word for tool in tools for word in ("--example", tool)]
        build = ["cargo", "build", "--locked", "--quiet", "--release", "--features", self.features, *examples]
        subprocess.run(build, cwd=ROOT, check=True)

    def command(self, peer: str, port: int) -> list[str]:
        """The command of one run of a client against a port."""
        if peer == PULL:
            return [str(self.tools / "wire"), "pull", f"127.0.0.1:{port}", str(self.tape(OURS))]
        return self.specific(self, peer, port)

    def script(self, client: str, port: int, database: str) -> list[str]:
        """The command of a client that is a Python library."""
        script = str(ROOT / "benches" / "clients.py")
        return [str(self.python), script, client, "127.0.0.1", str(port), database, SQL, WARM]

    def tape(self, peer: str) -> Path:
        return self.work / f"{peer.replace(' ', '-').replace('/', '-')}.tape"

    def run(self, peer: str, port: int) -> dict:
        """One run; what the client says, and its peak memory."""
        process = subprocess.Popen(self.command(peer, port), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        assert process.stdout
        limit = threading.Timer(LIMIT, process.kill)
        limit.start()
        lines = process.stdout.read().splitlines()
        limit.cancel()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        said = [json.loads(line) for line in lines if line.startswith(b"{")]
        if process.returncode or not said:
            sys.exit(f"{peer} failed with {process.returncode}; its command: {process.args}")
        return {"cpu": None, **said[-1], "rss_mb": usage.ru_maxrss // 1024}

    @contextlib.contextmanager
    def serving(self, tool: str, *args: str) -> Iterator[tuple[int, IO[str]]]:
        """A server of ours: its port and, once it ended by itself, the lines that it still printed."""
        process = subprocess.Popen([str(self.tools / tool), *args], stdout=subprocess.PIPE, text=True)
        assert process.stdout
        try:
            yield json.loads(process.stdout.readline())["port"], process.stdout
        finally:
            if process.poll() is None:
                process.terminate()
            process.wait()

    def record(self, peers: list[str], port: int) -> dict[str, dict]:
        """Records each client once; what the recorder saw of its query."""
        seen = {}
        for peer in peers:
            recorder = self.serving("wire", "record", "127.0.0.1:0", f"127.0.0.1:{port}", str(self.tape(peer)))
            with recorder as (proxy, said):
                self.run(peer, proxy)
                seen[peer] = json.loads(said.read())
        return seen

    def replay(self, peers: list[str], rounds: int, rows: int) -> dict[str, list[dict]]:
        """All clients in turn, each against its own recording."""
        with contextlib.ExitStack() as stack:
            ports = {}
            for peer in peers:
                if peer != PULL:
                    replay = self.serving("wire", "replay", "127.0.0.1:0", str(self.tape(peer)))
                    ports[peer] = stack.enter_context(replay)[0]
            return self.rounds({peer: ports.get(peer, ports[OURS]) for peer in peers}, rounds, rows)

    def rounds(self, ports: dict[str, int], rounds: int, rows: int) -> dict[str, list[dict]]:
        """All clients in turn, as often as asked."""
        runs: dict[str, list[dict]] = {peer: [] for peer in ports}
        for _ in range(rounds):
            for peer, port in ports.items():
                run = self.run(peer, port)
                if run.get("rows", rows) != rows:
                    sys.exit(f"{peer} read {run['rows']} rows of {rows}")
                runs[peer].append(run)
                time.sleep(0.2)
        return runs


def middle(runs: list[dict], what: str) -> float:
    return statistics.median(run[what] for run in runs)


def table(title: str, results: dict[str, list[dict]], blocks: dict[str, int] | None = None) -> None:
    """Prints medians; `blocks` is the block size that each client asked for."""
    rows = next(run["rows"] for runs in results.values() for run in runs if "rows" in run)
    ours = middle(results[OURS], "seconds")
    print(f"\n{title}; medians of {len(results[OURS])} rounds")
    last = f" {'QRYBLKSZ':>9}" if blocks else ""
    print(f"{'client':24} {'s (min-max)':>24} {'rows/s':>11} {'time / ours':>11} {'CPU s':>7} {'peak MB':>8}{last}")
    for peer, runs in results.items():
        times = [run["seconds"] for run in runs]
        s = statistics.median(times)
        cpu = "-" if runs[0]["cpu"] is None else f"{middle(runs, 'cpu'):.2f}"
        spread = f"{s:.3f} ({min(times):.3f}-{max(times):.3f})"
        # The bare pull holds its recording in memory: that says nothing.
        rss = "-" if peer == PULL else f"{middle(runs, 'rss_mb'):.0f}"
        last = f" {blocks.get(peer, blocks[OURS]):>9,}" if blocks else ""
        print(f"{peer:24} {spread:>24} {rows / s:>11,.0f} {s / ours:>11.2f} {cpu:>7} {rss:>8}{last}")


def goal(what: str, value: float, limit: float, unit: str, *, below: bool) -> None:
    met = value <= limit if below else value >= limit
    bound = f"{'at most' if below else 'at least'} {limit} {unit}"
    print(f"goal: {what}: {value:.3g} {unit} ({bound}): {'met' if met else 'NOT met'}")
