"""Starts, fills and asks a real Apache Derby Network Server, for tests and for the command line.

    python tests/python/support/derby.py start --port 0 --dir /tmp/lab [--auth builtin] [--background]
    python tests/python/support/derby.py load  --port P --database LAB [--tables small] [--rows 1000000]
    python tests/python/support/derby.py truth --port P --database LAB "SELECT * FROM ALLTYPES"
    python tests/python/support/derby.py stop  --dir /tmp/lab

Needs a JDK 17 or later and Derby 10.14 (Debian: libderby-java libderbyclient-java derby-tools). A missing part is
an error that names it; nothing here ever skips.
"""

from __future__ import annotations

import argparse
import atexit
import ctypes
import functools
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

PROGRAMS = Path(__file__).resolve().parents[2] / "derby"
SERVER_JARS = ("derby.jar", "derbynet.jar", "derbytools.jar")
CLIENT_JARS = ("derbyclient.jar",)
CLIENTS = ("Catalog", "Judge", "Load", "Truth")
USERS = {"app": "app", "lab": "labpw", "odd": "p@s/s:€ü%?#"}
STORE_PASSWORD = "changeit"
STARTED = "started and ready to accept"


class DerbyError(RuntimeError):
    """Derby or Java is missing, or did not do what it was asked."""


class Derby:
    """One Network Server on 127.0.0.1, killed with its parent; a context manager.

    `auth` is "none" (any user, no password looked at) or "builtin" (those of USERS, passwords required).
    With `ssl` it speaks TLS, with a self-signed certificate of its own (`certificate`) for these subject alternative
    names: "dns:localhost,ip:127.0.0.1"; "" for a certificate without any. `steady` is for those who measure it: Java
    compiles as thoroughly as it can, which costs more than most tests do. Without `cache` it keeps no statements for
    other connections: one that is prepared while DDL of another connection invalidates it can be left broken in that
    cache (NullPointerException in GenericStatement.prepare), and then has no parameters for everybody.
    """

    def __init__(
        self,
        directory: str | os.PathLike | None = None,
        port: int = 0,
        auth: str = "none",
        ssl: str | None = None,
        steady: bool = False,
        cache: bool = True,
    ) -> None:
        if auth not in ("none", "builtin"):
            raise ValueError(f"auth is 'none' or 'builtin', not {auth!r}")
        self.auth = auth
        self.ssl = ssl
        self.steady = steady
        self.cache = cache
        self._own_directory = directory is None
        self.directory = Path(directory or tempfile.mkdtemp(prefix="derby-")).absolute()
        self.directory.mkdir(parents=True, exist_ok=True)
        self._wanted_port = port
        self.port = port
        self.host = "127.0.0.1"
        self.process: subprocess.Popen | None = None

    # -- life ------------------------------------------------------------------------------------------------------

    def start(self, deadline: float = 60.0, detached: bool = False) -> Derby:
        """Starts the server and returns when it answers. A free port may be taken by another between look and use,
        so a port of our own choice is chosen anew, twice."""
        command = java()
        self.classes.mkdir(exist_ok=True)
        path = os.pathsep.join([classpath(*SERVER_JARS), str(self.classes)])
        self._write_properties()
        store, basic = self._keystore()
        for attempt in (1, 2, 3):
            self.port = self._wanted_port or free_port()
            with self.log.open("wb") as log:
                self.process = subprocess.Popen(
                    [
                        *command,
                        "-Djava.security.manager=allow",
                        "-Duser.language=en",
                        "-Xmx512m",
                        "-XX:+UseSerialGC",
                        *([] if self.steady else ["-XX:TieredStopAtLevel=1"]),
                        f"-Dderby.system.home={self.directory}",
                        *store,
                        "-cp",
                        path,
                        "org.apache.derby.drda.NetworkServerControl",
                        "start",
                        "-noSecurityManager",
                        "-h",
                        self.host,
                        "-p",
                        str(self.port),
                        *basic,
                    ],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    cwd=self.directory,
                    start_new_session=detached,
                    preexec_fn=None if detached else die_with_parent,
                )
            if not detached:
                atexit.register(self.kill)
            if self._wait(deadline):
                return self
            self.kill()
            if self._wanted_port or attempt == 3 or "in use" not in self.log_text():
                break
        raise DerbyError(f"Derby did not start on {self.host}:{self.port}; its output:\n{self.log_text()}")

    def stop(self) -> None:
        """Ends the server and removes a directory made here. Databases need no clean shutdown: they recover."""
        self.kill(signal.SIGTERM)
        if self._own_directory:
            shutil.rmtree(self.directory, ignore_errors=True)

    def kill(self, how: int = signal.SIGKILL) -> None:
        """Kills the server: SIGKILL cuts every connection without a word of the protocol."""
        process, self.process = self.process, None
        atexit.unregister(self.kill)
        if process is None or process.poll() is not None:
            return
        process.send_signal(how)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)

    def __enter__(self) -> Derby:
        return self if self.process else self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    # -- use -------------------------------------------------------------------------------------------------------

    def uri(self, database: str, user: str = "app", attributes: str = "", port: int | None = None) -> str:
        """The drdarrow URI of a database; `port` for a proxy in between."""
        query = f"?attributes={attributes}" if attributes else ""
        return f"drda://{user}@{self.host}:{port or self.port}/{database}{query}"

    def jdbc(self, database: str, create: bool = True) -> str:
        """The URL for Derby's own JDBC client."""
        return jdbc_url(self.port, database, create, self.auth)

    def load(self, database: str, tables: str = "small", rows: int = 0) -> dict:
        """Runs Load.java: "small" is everything but LINEITEM. Returns {table: rows}."""
        return load(self.jdbc(database), tables, rows)

    def truth(self, database: str) -> Truth:
        """Derby's own client beside ours."""
        return Truth(self.jdbc(database, create=False))

    @property
    def certificate(self) -> Path:
        """The server's certificate in PEM, with `ssl`."""
        return self.directory / "server.pem"

    @property
    def classes(self) -> Path:
        """Java classes that statements may name."""
        return self.directory / "classes"

    def compile(self, program: str) -> None:
        """Puts a Java file of ours where statements find its classes."""
        javac(["-d", str(self.classes), str(PROGRAMS / program)])

    @property
    def log(self) -> Path:
        """The server's output."""
        return self.directory / "server.log"

    def log_text(self) -> str:
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def _write_properties(self) -> None:
        lines = [
            "derby.system.durability=test",
            "derby.storage.pageCacheSize=8000",
            "derby.locks.waitTimeout=3",
            "derby.locks.deadlockTimeout=2",
        ]
        if not self.cache:
            lines.append("derby.language.statementCacheSize=0")
        if self.auth == "builtin":
            lines += ["derby.connection.requireAuthentication=true", "derby.authentication.provider=BUILTIN"]
            escaped = {user: password.encode("utf-16-be") for user, password in USERS.items()}
            for user, units in escaped.items():
                password = "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))
                lines.append(f"derby.user.{user}={password}")
        (self.directory / "derby.properties").write_text("\n".join(lines) + "\n")

    def _keystore(self) -> tuple[list[str], list[str]]:
        """Makes the server's certificate; the options for the JVM and for the server that go with it."""
        if self.ssl is None:
            return [], []
        store = self.directory / "server.jks"
        access = ["-keystore", str(store), "-storepass", STORE_PASSWORD, "-alias", "server"]
        if not store.exists():
            names = ["-ext", f"san={self.ssl}"] if self.ssl else []
            keytool("-genkeypair", *access, "-keyalg", "RSA", "-dname", "CN=Derby", "-validity", "30", *names)
            keytool("-exportcert", *access, "-rfc", "-file", str(self.certificate))
        return [
            f"-Djavax.net.ssl.keyStore={store}",
            f"-Djavax.net.ssl.keyStorePassword={STORE_PASSWORD}",
        ], ["-ssl", "basic"]

    def _wait(self, deadline: float) -> bool:
        end = time.monotonic() + deadline
        while time.monotonic() < end:
            if self.process is None or self.process.poll() is not None:
                return False
            if STARTED in self.log_text() and answers(self.host, self.port):
                return True
            time.sleep(0.05)
        return False


class Truth:
    """Truth.java kept running: SELECTs through Derby's own JDBC client, as exact values.

    A row is a list; numbers are decimal text, REAL and DOUBLE are {"text", "bits"}, bytes are hex.
    """

    def __init__(self, url: str, options: Sequence[str] = ()) -> None:
        """`options` are for the JVM."""
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            [
                *java(),
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                *options,
                *client("Truth"),
                url,
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            preexec_fn=die_with_parent,
        )

    def select(self, sql: str) -> tuple[list[dict], list[list]]:
        """The columns' metadata and all rows."""
        items = list(self.lines(sql))
        return items[0]["columns"], [item["row"] for item in items[1:]]

    def execute(self, sql: str) -> int:
        """An update (committed at once); the number of rows."""
        (done,) = self.lines(sql)
        return done["updated"]

    def lines(self, sql: str) -> Iterator[dict]:
        """The output of Truth.java for a statement, an object a line, without the closing line."""
        with self._lock:
            assert self._process.stdin and self._process.stdout
            self._process.stdin.write(json.dumps(sql).encode() + b"\n")
            self._process.stdin.flush()
            while True:
                line = self._process.stdout.readline()
                if not line:
                    raise DerbyError(f"Truth.java ended with {self._process.wait(10)} at: {sql}")
                item = json.loads(line)
                if "error" in item:
                    raise DerbyError(f"{item['sqlstate']} {item['error']}: {sql}")
                if "end" in item:
                    return
                yield item

    def close(self) -> None:
        if self._process.stdin:
            self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()

    def __enter__(self) -> Truth:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def load(url: str, tables: str, rows: int) -> dict:
    """Runs Load.java against a running server."""
    done = subprocess.run(
        [
            *java(),
            "-XX:+UseSerialGC",
            *client("Load"),
            url,
            tables,
            str(rows),
        ],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    if done.returncode != 0:
        raise DerbyError(f"Load.java failed with {done.returncode}:\n{done.stdout}{done.stderr}")
    return {name: int(count) for name, count in re.findall(r"^(\w+) (\d+) rows", done.stdout, re.MULTILINE)}


def jdbc_url(port: int, database: str, create: bool = True, auth: str = "none") -> str:
    login = "user=app;password=app" if auth == "builtin" else "user=app"
    return f"jdbc:derby://127.0.0.1:{port}/{database};{'create=true;' if create else ''}{login}"


def java() -> list[str]:
    """The java command, or an error that says what to install."""
    home = os.environ.get("JAVA_HOME")
    found = shutil.which("java", path=str(Path(home) / "bin")) if home else None
    found = found or shutil.which("java")
    if not found:
        raise DerbyError(
            "java was not found: these tests need Java 17 or later (a JDK: they run .java files; Debian: openjdk-17-jdk-headless)"
        )
    return [found]


def keytool(*arguments: str) -> None:
    """Runs the JDK's keytool."""
    command = Path(java()[0]).resolve().with_name("keytool")
    done = subprocess.run([str(command), *arguments], capture_output=True, text=True, timeout=60, check=False)
    if done.returncode != 0:
        raise DerbyError(f"keytool failed with {done.returncode}: {done.stdout}{done.stderr}")


@functools.cache
def compiled() -> Path:
    """Our clients in Java, compiled once: a virtual machine that is given a source takes a second longer each time."""
    folder = Path(tempfile.mkdtemp(prefix="derby-clients-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    sources = [str(PROGRAMS / f"{name}.java") for name in CLIENTS]
    javac(["-cp", classpath(*CLIENT_JARS), "-d", str(folder), *sources])
    return folder


def client(name: str) -> list[str]:
    """The arguments of java that run one of them."""
    return ["-cp", os.pathsep.join([classpath(*CLIENT_JARS), str(compiled())]), name]


def javac(arguments: Sequence[str]) -> None:
    """Compiles."""
    command = [str(Path(java()[0]).with_name("javac")), "-J-XX:TieredStopAtLevel=1", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode != 0:
        raise DerbyError(f"javac failed with {done.returncode}:\n{done.stdout}{done.stderr}")


def classpath(*names: str) -> str:
    """Where jars are: $DERBY_LIB, else Debian's /usr/share/java."""
    lib = Path(os.environ.get("DERBY_LIB", "/usr/share/java"))
    missing = [name for name in names if not (lib / name).exists()]
    if missing:
        raise DerbyError(
            f"{', '.join(missing)} not found in {lib}: install libderby-java libderbyclient-java derby-tools "
            "or set DERBY_LIB"
        )
    return os.pathsep.join(str(lib / name) for name in names)


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answers(host: str, port: int) -> bool:
    """Whether something accepts connections there."""
    try:
        socket.create_connection((host, port), 1).close()
    except OSError:
        return False
    return True


def die_with_parent() -> None:
    """Linux: the server gets SIGKILL when the test process dies, however it dies."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def _main() -> int:
    parser = argparse.ArgumentParser(description="A Derby Network Server on 127.0.0.1 for tests and measurements.")
    verbs = parser.add_subparsers(dest="verb", required=True)
    start = verbs.add_parser("start", help="start; prints {port, pid, dir}, ends on SIGINT or SIGTERM")
    start.add_argument("--port", type=int, default=0)
    start.add_argument("--dir", required=True)
    start.add_argument("--auth", choices=("none", "builtin"), default="none")
    start.add_argument("--background", action="store_true", help="leave it running (end it with stop)")
    stop = verbs.add_parser("stop", help="end a server started with --background")
    stop.add_argument("--dir", required=True)
    for name in ("load", "truth"):
        verb = verbs.add_parser(name)
        verb.add_argument("--port", type=int, required=True)
        verb.add_argument("--database", default="LAB")
        verb.add_argument("--auth", choices=("none", "builtin"), default="none")
        if name == "load":
            verb.add_argument("--tables", default="small", help="small, all, or names with commas")
            verb.add_argument("--rows", type=int, default=1_000_000, help="of LINEITEM")
        else:
            verb.add_argument("sql")
    args = parser.parse_args()

    if args.verb == "load":
        print(json.dumps(load(jdbc_url(args.port, args.database, auth=args.auth), args.tables, args.rows)))
    elif args.verb == "truth":
        with Truth(jdbc_url(args.port, args.database, create=False, auth=args.auth)) as truth:
            for item in truth.lines(args.sql):
                print(json.dumps(item))
    elif args.verb == "stop":
        os.kill(json.loads((Path(args.dir) / "server.json").read_text())["pid"], signal.SIGTERM)
    else:
        server = Derby(args.dir, args.port, args.auth).start(detached=args.background)
        assert server.process
        facts = json.dumps({"port": server.port, "pid": server.process.pid, "dir": str(server.directory)})
        (server.directory / "server.json").write_text(facts)
        print(facts, flush=True)
        if not args.background:
            signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
            try:
                server.process.wait()
            except KeyboardInterrupt:
                pass
            server.stop()
    return 0


if __name__ == "__main__":
    try:
        sys.exit(_main())
    except DerbyError as error:
        sys.exit(f"derby: {error}")
