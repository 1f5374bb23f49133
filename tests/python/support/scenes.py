"""Programs of tests/jdbc with a `main` of their own, run through a JDBC driver: a line for each case, its name, a tab, and
the fault, if there is one."""

from __future__ import annotations

import atexit
import functools
import importlib.util
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from derby import CLIENT_JARS, classpath, java, javac

ROOT = Path(__file__).resolve().parents[3]
PROGRAMS = ("Branches", "Interrupts")


def jar(key: str) -> str:
    """Where a driver is, see tools/jars.py."""
    spec = importlib.util.spec_from_file_location("jars", ROOT / "tools" / "jars.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return str(module.fetched(key))


@functools.cache
def compiled() -> str:
    """The classes, compiled once."""
    folder = tempfile.mkdtemp(prefix="scenes-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    javac(["-d", folder, *(str(ROOT / "tests" / "jdbc" / f"{name}.java") for name in PROGRAMS)])
    return folder


def url(driver: str, port: int) -> str:
    """Where the driver finds a server of ours."""
    if driver.startswith("jcc"):
        return f"jdbc:db2://127.0.0.1:{port}/SAMPLE:user=app;password=secret;resultSetHoldability=2;"
    return f"jdbc:derby://127.0.0.1:{port}/SAMPLE;user=app;password=secret"


def play(program: str, driver: str, *arguments: str) -> dict[str, str]:
    """The fault of each case of a program. driver: jcc-12, jcc-11, derby-10.14."""
    classes = jar(driver) if driver.startswith("jcc") else classpath(*CLIENT_JARS)
    options = ["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xmx256m"]
    command = [*java(), *options, "-cp", os.pathsep.join([classes, compiled()]), program, *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    except subprocess.TimeoutExpired as error:
        out = error.stdout.decode() if isinstance(error.stdout, bytes) else error.stdout
        raise AssertionError(f"{program}.java did not end; so far:\n{out}") from None
    assert done.returncode == 0, done.stderr[-4000:]
    return dict(line.split("\t", 1) for line in done.stdout.splitlines() if "\t" in line)
