"""`drdarrow serve`: data files as the tables of a DRDA server."""

from __future__ import annotations

import re
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console
from rich.panel import Panel
from rich.table import Table

import drdarrow.server
from drdarrow.cli.text import plain
from drdarrow.exceptions import InterfaceError

if TYPE_CHECKING:
    import duckdb

console = Console()
READERS = {".parquet": "read_parquet", ".csv": "read_csv", ".tsv": "read_csv"}
DATABASES = {".duckdb", ".db", ".ddb"}


def credentials(user: str | None, password: str | None) -> dict[str, str]:
    """The one user that may connect. A person is asked for what is missing; a script is told what to give."""
    if password == "":
        raise InterfaceError("DRDARROW_PASSWORD is set and empty: give it the password, or take it away to be asked")
    if user and password is not None:
        return {user: password}
    if not sys.stdin.isatty():
        raise InterfaceError(
            "who may connect? Give --user with the password in DRDARROW_PASSWORD, or --anyone to ask for no credentials"
        )
    user = user or typer.prompt("User who may connect", default="drda")
    return {user: password or typer.prompt(f"Password for {user}", hide_input=True, confirmation_prompt=True)}


def sources(files: list[Path], tables: list[str], empty: bool = False) -> duckdb.DuckDBPyConnection:
    """A DuckDB connection with every file as a table; `empty`: none will do. Raises `InterfaceError` for what cannot be
    read."""
    duck = engine()
    databases = [file for file in files if file.suffix.lower() in DATABASES]
    if databases and len(files) > 1:
        raise InterfaceError("one DuckDB database, or Parquet and CSV files: not both")
    named = [(table_name(file), file) for file in files if file not in databases]
    for text in tables:
        name, found, path = text.partition("=")
        if not found or not name:
            raise InterfaceError(f"--table {text}: expected NAME=FILE")
        named.append((name, Path(path)))
    if not named and not databases and not empty:
        raise InterfaceError("nothing to serve: name Parquet or CSV files, or a DuckDB database")
    for file in [*databases, *(file for _, file in named)]:
        if not file.exists():
            raise InterfaceError(f"{file}: no such file")
    try:
        connection: duckdb.DuckDBPyConnection = duck.connect(str(databases[0]) if databases else ":memory:")
        for name, file in named:
            add(connection, name, file)
    except duck.Error as error:
        raise InterfaceError(f"DuckDB cannot read it: {error}") from None
    return connection


def records(named: list[str], keyed: Sequence[str] = ()) -> dict[str, drdarrow.server.PhysicalFile] | None:
    """The files of `--file`, with the keys of `--keyed`. Statements do not reach these files: they are
    read by a DuckDB of their own. Raises `InterfaceError` for what cannot be read."""
    keys = dict(halves("--keyed", text, "FIELD,…") for text in keyed)
    out = {}
    for text in named:
        name, path = halves("--file", text, "FILE")
        if not Path(path).exists():
            raise InterfaceError(f"{path}: no such file")
        try:
            data = engine().connect(":memory:").sql(reading(Path(path)))
        except engine().Error as error:
            raise InterfaceError(f"DuckDB cannot read it: {error}") from None
        fields = [field.strip() for field in keys.pop(name, "").split(",") if field.strip()]
        out[name] = drdarrow.server.PhysicalFile(data, keys=fields)
    if keys:
        raise InterfaceError(f"--keyed {next(iter(keys))}: no --file has this name")
    return out or None


def halves(option: str, text: str, what: str) -> tuple[str, str]:
    """`LIBRARY/FILE=…` in two."""
    name, found, value = text.partition("=")
    if not found or name.count("/") != 1:
        raise InterfaceError(f"{option} {text}: expected LIBRARY/FILE={what}")
    return name, value


def engine() -> ModuleType:
    """DuckDB, which runs the statements. Raises `InterfaceError` where it is not installed."""
    try:
        import duckdb
        import sqlglot  # noqa: F401  the server's dialect
    except ImportError as missing:
        raise InterfaceError(f'{missing.name} is not installed: pip install "drdarrow[server]"') from None
    return duckdb


def table_name(file: Path) -> str:
    """The name of a file as the name of a table: `open orders-2026.parquet` is `OPEN_ORDERS_2026`."""
    name = re.sub(r"\W+", "_", file.name.split(".")[0]).strip("_").upper()
    return name if name and not name[0].isdigit() else f"T_{name}"


def add(connection: duckdb.DuckDBPyConnection, name: str, file: Path) -> None:
    """A view over the file: rows are read when somebody asks."""
    quoted = name.replace('"', '""')
    connection.execute(f'CREATE OR REPLACE VIEW "{quoted}" AS {reading(file)}')


def reading(file: Path) -> str:
    """The statement that reads a file."""
    reader = READERS.get(file.suffix.lower())
    if reader is None:
        raise InterfaceError(f"{file}: expected .parquet, .csv or .tsv")
    path = pattern(file).replace("'", "''")
    return f"SELECT * FROM {reader}('{path}')"


def pattern(file: Path) -> str:
    """The path as DuckDB's readers want it, who take *, ? and [ for patterns."""
    return re.sub(r"[*?\[]", r"[\g<0>]", str(file.resolve()))


def paths(files: Sequence[Path], named: Sequence[str]) -> list[Path]:
    """The files that are served: those named by themselves and those after `NAME=`."""
    return [*files, *(Path(text.partition("=")[2]) for text in named)]


def serve(source: duckdb.DuckDBPyConnection, reads: Sequence[Path] = (), **settings: Any) -> None:
    """Serves until Ctrl-C or SIGTERM. Statements of clients reach the files that it `reads`, and no others."""
    from drdarrow.server import guard

    stop = threading.Event()
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, lambda *_: stop.set())
    names = [
        row[0]
        for row in source.execute(
            "SELECT table_name FROM duckdb_tables() UNION ALL SELECT view_name FROM duckdb_views() WHERE NOT internal"
        ).fetchall()
    ]
    guard.lock(source, [allowed for path in reads for allowed in (str(path.resolve()), pattern(path))])
    with drdarrow.server.serve(source, **{k: v for k, v in settings.items() if v is not None}) as server:
        user = next(iter(settings["users"] or {}), None)
        console.print(Panel(how_to_connect(server, user, settings["database"], names), expand=False))
        try:
            # In slices, so that Ctrl-C is seen on every system.
            while not stop.wait(0.5):
                pass
        except KeyboardInterrupt:
            pass
        console.print("closed")


def how_to_connect(server: drdarrow.server.Server, user: str | None, database: str | None, names: list[str]) -> Table:
    """Addresses for the drivers that people have, without a password."""
    name, who = database or "SAMPLE", f"{user}@" if user else ""
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    # Addresses are for copying: none of them is cut.
    table.add_column(overflow="fold")

    def add(what: str, text: str) -> None:
        table.add_row(plain(what, "bold"), plain(text))

    add("listening", f"{server.host}:{server.port}, as {server.persona}")
    shown = ", ".join(sorted(names)[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
    add("tables", shown or "none yet")
    if server.signon_port is not None:
        add("files", f"record by record; sign-on server on port {server.signon_port}")
    add("drdarrow", f"drdarrow.connect('drda://{who}{server.host}:{server.port}/{name}')")
    if server.persona == "derby":
        add("JDBC", f"jdbc:derby://{server.host}:{server.port}/{name}")
    else:
        dsn = f"DATABASE={name};HOSTNAME={server.host};PORT={server.port};PROTOCOL=TCPIP"
        add("Db2 CLI, ODBC", dsn + (f";UID={user};PWD=…" if user else ""))
    add("end", "Ctrl-C")
    return table
