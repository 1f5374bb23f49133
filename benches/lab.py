"""The common part of the comparisons: clients run one process a run, are recorded once, and take turns."""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parent.parent
SQL = "SELECT * FROM LINEITEM"
WARM = "SELECT * FROM LINEITEM FETCH FIRST 100000 ROWS ONLY"
# Seconds that a run may take.
LIMIT = 180
OURS, PACKAGE, BASE, PULL = "drdarrow (Rust)", "drdarrow (Python)", "drdarrow (base)", "bare pull"


class Lab:
    """Where things are, and how each client is started."""

    def __init__(self, work: Path | None, command: Callable[[Lab, str, int], list[str]], features: str = "") -> None:
        target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).absolute()
        self.work = work.absolute() if work else target / "compare"
        self.tools = target / "release" / "examples"
        self.python = self.work / "venv" / "bin" / "python"
        self.specific = command
        self.features = features
        # The folder from which a client imports the Python package, where it is not that of PACKAGE.
        self.imports: dict[str, Path] = {}

    def prepare(self, tools: list[str], packages: list[str], options: argparse.Namespace) -> list[str]:
        """Builds and installs; the builds of the Python package that can be measured."""
        self.build(tools)
        if not self.python.exists():
            subprocess.run([sys.executable, "-m", "venv", str(self.work / "venv")], check=True)
        pip = [str(self.python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "pyarrow", *packages], check=True)
        for peer, source in ((PACKAGE, options.wheel or importable()), (BASE, options.base)):
            if source:
                self.imports[peer] = self.unpack(peer, source)
                subprocess.run([str(self.python), "-c", "import drdarrow"], env=self.environment(peer), check=True)
                print(f"{peer}: {source}")
        if PACKAGE not in self.imports:
            print(f"{PACKAGE} is left out: it cannot be imported (--wheel WHEEL or folder)")
        return list(self.imports)

    def unpack(self, peer: str, source: Path) -> Path:
        """A folder with nothing but the Python packages of a wheel, or of a folder that has them."""
        folder = self.work / peer.replace(" ", "-")
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        if source.is_dir():
            for package in ("drdarrow", "adbc_driver_drda"):
                (folder / package).symlink_to((source / package).resolve(strict=True))
        else:
            with zipfile.ZipFile(source) as wheel:
                wheel.extractall(folder)
        return folder

    def environment(self, peer: str) -> dict[str, str]:
        """The variables of a client's process: it imports its own build of the Python package."""
        folder = self.imports.get(peer, self.imports.get(PACKAGE))
        return {**os.environ, **({"PYTHONPATH": str(folder)} if folder else {})}

    def build(self, tools: list[str]) -> None:
        """Builds examples in release."""
        self.work.mkdir(parents=True, exist_ok=True)
        if not tools:
            return
        examples = [word for tool in tools for word in ("--example", tool)]
        build = ["cargo", "build", "--locked", "--quiet", "--release", "--features", self.features, *examples]
        subprocess.run(build, cwd=ROOT, check=True)

    def command(self, peer: str, port: int) -> list[str]:
        """The command of one run of a client against a port."""
        if peer == PULL:
            return [str(self.tools / "wire"), "pull", f"127.0.0.1:{port}", str(self.tape(OURS))]
        return self.specific(self, peer, port)

    def script(self, client: str, port: int, database: str, what: str = SQL, warm: str = WARM) -> list[str]:
        """The command of a client that is a Python library."""
        script = str(ROOT / "benches" / "clients.py")
        return [str(self.python), script, client, "127.0.0.1", str(port), database, what, warm]

    def tape(self, peer: str) -> Path:
        return self.work / f"{peer.replace(' ', '-').replace('/', '-')}.tape"

    def run(self, peer: str, port: int) -> dict:
        """One run; what the client says, and its peak memory."""
        command, environment = self.command(peer, port), self.environment(peer)
        errors = tempfile.TemporaryFile()
        process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=errors)
        assert process.stdout
        limit = threading.Timer(LIMIT, process.kill)
        limit.start()
        lines = process.stdout.read().splitlines()
        limit.cancel()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        said = [json.loads(line) for line in lines if line.startswith(b"{")]
        if process.returncode or not said:
            errors.seek(0)
            told = errors.read().decode(errors="replace")
            sys.exit(f"{told}{peer} failed with {process.returncode}; its command: {process.args}")
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

    @contextlib.contextmanager
    def embedded(self, script: Path, what: str) -> Iterator[int]:
        """The server of the Python package, as a script starts it by `serve WHAT`: its port."""
        command, environment = [str(self.python), str(script), "serve", what], self.environment(PACKAGE)
        process = subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert process.stdin and process.stdout
        try:
            yield json.loads(process.stdout.readline())["port"]
        finally:
            process.stdin.close()
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


def arguments(description: str, rounds: int = 5) -> argparse.ArgumentParser:
    """The options that all comparisons have."""
    options = argparse.ArgumentParser(description=description)
    options.add_argument("--rounds", type=int, default=rounds)
    options.add_argument("--rows", type=int, default=1_000_000)
    options.add_argument("--work", type=Path, help="a folder for what is installed and recorded")
    built = "a wheel of the Python package, or a folder that has it"
    options.add_argument("--wheel", type=Path, help=f"{built}; else what this Python imports")
    options.add_argument("--base", type=Path, help=f"another build beside it: {built}")
    return options


def importable() -> Path | None:
    """The folder from which this Python imports the package."""
    found = importlib.util.find_spec("drdarrow")
    return Path(found.origin).parent.parent if found and found.origin else None


def processor() -> str:
    """The processor's name, its cores, and the widest instructions that it has. (Linux.)"""
    with open("/proc/cpuinfo") as file:
        facts = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in file)}
    flags = facts.get("flags", "").split()
    widest = "AVX-512" if "avx512f" in flags else "AVX2" if "avx2" in flags else "neither AVX2 nor AVX-512"
    return f"{facts.get('model name', 'unknown')}, {os.cpu_count()} cores, {widest}"


def middle(runs: list[dict], what: str) -> float:
    return statistics.median(run[what] for run in runs)


def table(title: str, results: dict[str, list[dict]], blocks: dict[str, int] | None = None) -> None:
    """Prints medians; `blocks` is the block size that each client asked for."""
    rows = next(run["rows"] for runs in results.values() for run in runs if "rows" in run)
    ours = middle(results[OURS], "seconds")
    print(f"\n{title}; medians of {len(results[OURS])} rounds; {processor()}")
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
    bound = f"{'at most' if below else 'at least'} {limit:,} {unit}"
    shown = f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"
    print(f"goal: {what}: {shown} {unit} ({bound}): {'met' if met else 'NOT met'}")


def versus(results: dict[str, list[dict]]) -> None:
    """Prints the time of the Python package beside that of the other build, round by round."""
    if BASE in results and PACKAGE in results:
        pairs = zip(results[PACKAGE], results[BASE], strict=True)
        ratios = sorted(new["seconds"] / old["seconds"] for new, old in pairs)
        spread = f"{ratios[0]:.3f}-{ratios[-1]:.3f}"
        print(f"ratio: {PACKAGE} takes {statistics.median(ratios):.3f} ({spread}) of the time of {BASE}")
