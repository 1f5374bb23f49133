"""A real Derby for the whole session, filled once; tables of their own for the tests that write."""

from __future__ import annotations

import itertools
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest
from derby import Derby, Truth
from peers import Proxy

import drdarrow
from drdarrow.server import Server, serve

# The goals are stated for a quiet machine; a shared one gets ten times as long.
SLACK = 10
ROWS = 1_000_000
HERE = Path(__file__).resolve().parent
_numbers = itertools.count(1)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Nothing may hang: a test that forgets its own limit has 60 seconds. What fills a server for all of them
    is no part of the one that comes first, and has limits of its own."""
    if config.pluginmanager.hasplugin("timeout"):
        for item in items:
            if not item.get_closest_marker("timeout"):
                item.add_marker(pytest.mark.timeout(60, func_only=True))
    # Files with tests that may take long come first: at the end other workers would wait for the one that has them.
    longest: dict[Path, float] = {}
    for item in items:
        limit = item.get_closest_marker("timeout")
        longest[item.path] = max(longest.get(item.path, 0), limit.args[0] if limit else 0)
    items.sort(key=lambda item: -longest[item.path])


class Lab:
    """A server with one database, and connections of ours to it."""

    def __init__(self, server: Derby, database: str = "LAB") -> None:
        self.server = server
        self.database = database

    @property
    def port(self) -> int:
        return self.server.port

    def uri(self, port: int | None = None, user: str = "app", attributes: str = "") -> str:
        return self.server.uri(self.database, user, attributes, port)

    def connect(self, port: int | None = None, **settings) -> drdarrow.Connection:
        return drdarrow.connect(self.uri(port), timeout=15, **settings)


@pytest.fixture(scope="session")
def derby() -> Iterator[Derby]:
    with Derby() as server:
        yield server


@pytest.fixture(scope="session")
def lab(derby: Derby) -> Lab:
    """The small tables: ALLTYPES, TSNANO, UNI, LOBS, INTS, DIVZERO, EMPTY."""
    derby.load("LAB")
    return Lab(derby)


@pytest.fixture(scope="session")
def lineitem(lab: Lab) -> Lab:
    """The same database with LINEITEM's million rows; about ten seconds, once."""
    lab.server.load(lab.database, "LINEITEM", ROWS)
    return lab


@pytest.fixture(scope="session")
def builtin() -> Iterator[Lab]:
    """A server that wants app/app or lab/labpw. Its database is made by its own client."""
    with Derby(auth="builtin") as server:
        server.load("LAB", "EMPTY")
        yield Lab(server)


@pytest.fixture(scope="session")
def truth(lab: Lab) -> Iterator[Truth]:
    with lab.server.truth(lab.database) as asked:
        yield asked


@pytest.fixture
def conn(lab: Lab) -> Iterator[drdarrow.Connection]:
    connection = lab.connect()
    yield connection
    if not connection.closed:
        connection.rollback()
        connection.close()


@pytest.fixture
def cur(conn: drdarrow.Connection) -> drdarrow.Cursor:
    return conn.cursor()


@pytest.fixture
def table(lab: Lab) -> Callable[[str], str]:
    """Makes tables of this test's own: `name = table("ID INTEGER, V VARCHAR(5)")`. They go with the server: dropping
    one would wait for the locks of a connection that a failed test left open."""

    def make(columns: str) -> str:
        name = f"T{next(_numbers)}"
        with lab.connect() as connection:
            connection.execute(f"CREATE TABLE {name} ({columns})")
        return name

    return make


@pytest.fixture
def proxy(lab: Lab) -> Iterator[Proxy]:
    with Proxy(lab.port) as between:
        yield between


class Script:
    """Python in a process of its own, for what must not happen to the process of the tests."""

    def __init__(self, text: str, *arguments: object) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(text), *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=HERE / "support",
        )

    def line(self) -> str:
        """The next line it prints."""
        assert self.process.stdout
        line = self.process.stdout.readline().rstrip("\n")
        if not line and self.process.poll() is not None:
            raise AssertionError(f"the script ended with {self.process.returncode}: {self.process.communicate()[1]}")
        return line

    def end(self, seconds: float = 30) -> tuple[int, str, str]:
        """Waits for its end: exit code, the rest of its output, its error output."""
        try:
            out, err = self.process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            out, err = self.process.communicate()
            raise AssertionError(f"the script did not end within {seconds} s: {out}{err}") from None
        return self.process.returncode, out, err


@pytest.fixture
def script() -> Iterator[Callable[..., Script]]:
    """`script(text, *arguments)` runs it; whatever is left is killed."""
    started: list[Script] = []

    def run(text: str, *arguments: object) -> Script:
        started.append(Script(text, *arguments))
        return started[-1]

    yield run
    for each in started:
        if each.process.poll() is None:
            each.process.kill()
            each.process.communicate()


@pytest.fixture(scope="module")
def luw_server() -> Iterator[Server]:
    """Our server as Db2 for LUW over DuckDB, for the tests of one file."""
    with serve(duckdb.connect(), persona="luw") as running:
        yield running


@pytest.fixture(scope="session")
def pem(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for localhost and its key."""
    command = shutil.which("openssl")
    assert command, "openssl was not found"
    folder = tmp_path_factory.mktemp("pem")
    subprocess.run(
        [command, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
         "-addext", "basicConstraints=critical,CA:FALSE", "-keyout", folder / "key.pem", "-out", folder / "cert.pem"],
        check=True, capture_output=True, timeout=30,
    )
    return folder / "cert.pem", folder / "key.pem"
