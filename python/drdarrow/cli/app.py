"""The commands and their options. What they do is in the modules beside this one."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Annotated, Literal, ParamSpec, TextIO, TypeVar

import typer
from rich.console import Console

import drdarrow
from drdarrow.cli import copying
from drdarrow.cli import demo as demonstration
from drdarrow.cli import ingest as sending
from drdarrow.cli import manifest as manifests
from drdarrow.cli import probe as probing
from drdarrow.cli import query as reading
from drdarrow.cli import serve as serving
from drdarrow.cli.address import URI, Addressed
from drdarrow.cli.tabular import Format
from drdarrow.cli.text import plain
from drdarrow.cli.writing import Binary
from drdarrow.copying.options import Format as Target
from drdarrow.exceptions import InterfaceError
from drdarrow.server import Persona

Mode = Literal["append", "create", "replace", "create_append"]
OnError = Literal["raise", "skip"]
P = ParamSpec("P")
T = TypeVar("T")

app = typer.Typer(
    name="drdarrow",
    help="IBM i and Db2 as Apache Arrow: a DDM/DRDA client and server.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
errors = Console(stderr=True)

# Where a password comes from when nobody types it.
PASSWORD = "DRDARROW_PASSWORD"


#: The first argument of commands about a database.
_ADDRESS = typer.Argument(help=f"drda://user@host:port/DATABASE?…, or in {URI}; a password may be in {PASSWORD}.")


def plainly(command: Callable[P, T]) -> Callable[P, T]:
    """Shows what went wrong in words, with the cure, and ends with code 1; Ctrl-C ends with 130."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            with warnings.catch_warnings():
                warnings.showwarning = warn
                return command(*args, **kwargs)
        except BrokenPipeError:
            # Whoever read the output has seen enough; nothing is left to be flushed into it at the end.
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            raise typer.Exit(1) from None
        except (drdarrow.Error, OSError, ImportError, ValueError, NotImplementedError) as error:
            # What is left of a call of many rows is a note of an error that was not ours.
            text = "; ".join([str(error), *getattr(error, "__notes__", [])])
            errors.print(plain("drdarrow:", "red"), plain(text), highlight=False, soft_wrap=True)
            raise typer.Exit(1) from None
        except KeyboardInterrupt:
            raise typer.Exit(130) from None

    return run


def warn(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """A warning in a line, as an error is shown: where in the code it arose helps nobody here."""
    errors.print(plain("drdarrow: warning:", "yellow"), plain(message), highlight=False, soft_wrap=True)


@app.command()
@plainly
def serve(
    files: Annotated[
        list[Path] | None,
        typer.Argument(help="Parquet or CSV files, a table each by the name of the file; or one DuckDB database."),
    ] = None,
    table: Annotated[
        list[str] | None, typer.Option("--table", "-t", metavar="NAME=FILE", help="A file as the table NAME.")
    ] = None,
    record: Annotated[
        list[str] | None,
        typer.Option("--file", metavar="LIB/FILE=FILE", help="A file for record access (persona ibmi)."),
    ] = None,
    keyed: Annotated[
        list[str] | None,
        typer.Option(metavar="LIB/FILE=FIELD,…", help="The key fields of such a file; FIELD DESC: high values first."),
    ] = None,
    persona: Annotated[Persona, typer.Option(help="The product that the server looks like.")] = "luw",
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="0 takes any that is free.", min=0, max=65535)] = 50000,
    database: Annotated[str | None, typer.Option(help="The database's name; any name is accepted without.")] = None,
    user: Annotated[
        str | None, typer.Option(help=f"Who may connect. The password is asked for, or is in {PASSWORD}.")
    ] = None,
    anyone: Annotated[bool, typer.Option("--anyone", help="Ask nobody for credentials (loopback only).")] = False,
    certificate: Annotated[Path | None, typer.Option(help="TLS: the certificate chain (PEM).")] = None,
    key: Annotated[Path | None, typer.Option(help="TLS: its private key (PEM).")] = None,
    client_ca: Annotated[
        Path | None, typer.Option(help="TLS: clients need a certificate of these authorities (PEM).")
    ] = None,
    client_users: Annotated[
        bool, typer.Option("--client-users", help="TLS: its common name is the user as whom a client may log in.")
    ] = False,
    max_memory: Annotated[
        int, typer.Option(help="MiB that clients together may make the server hold beside its tables.", min=1)
    ] = 1024,
    max_connection_memory: Annotated[int, typer.Option(help="The same for one client.", min=1)] = 256,
    cleartext: Annotated[
        bool,
        typer.Option(
            "--allow-cleartext-password", help="Take passwords that listeners can read, off this machine without TLS."
        ),
    ] = False,
    read_only: Annotated[bool, typer.Option("--read-only", help="Clients read, and change nothing.")] = False,
    statement_timeout: Annotated[
        float | None, typer.Option(help="Seconds after which a statement is broken off.")
    ] = None,
    idle_timeout: Annotated[
        float | None, typer.Option(help="Seconds after which a client that asks nothing is hung up on.")
    ] = None,
) -> None:
    """Serve data files over DRDA until Ctrl-C."""
    if anyone and user:
        raise typer.BadParameter("--anyone and --user exclude each other")
    users = None if anyone else serving.credentials(user, os.environ.get(PASSWORD))
    source = serving.sources(files or [], table or [], bool(record))
    serving.serve(
        source,
        serving.paths(files or [], table or []),
        files=serving.records(record or [], keyed or []),
        persona=persona,
        host=host,
        port=port,
        database=database,
        users=users,
        tls_certificate=certificate,
        tls_key=key,
        tls_client_ca=client_ca,
        tls_client_users="cn" if client_users else None,
        max_memory=max_memory << 20,
        max_connection_memory=max_connection_memory << 20,
        allow_cleartext_password=cleartext,
        read_only=read_only,
        statement_timeout=statement_timeout,
        idle_timeout=idle_timeout,
    )


@app.command(cls=Addressed)
@plainly
def query(
    uri: Annotated[str, _ADDRESS],
    sql: Annotated[str, typer.Argument(help="The statement.")],
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="A .parquet, .arrow or .csv file for the rows; a table is shown without."),
    ] = None,
    rows: Annotated[int, typer.Option(help="How many rows to show.", min=1)] = 20,
    binary: Annotated[Binary, typer.Option(help="How bytes are written as text, in a table and in CSV.")] = "hex",
    ask: Annotated[bool, typer.Option("--password", "-W", help="Ask for the password.")] = False,
) -> None:
    """Run a statement: its rows into a file, or the first of them as a table."""
    reading.query(uri, sql, out=out, rows=rows, password=password_of(ask), binary=binary)


@app.command(cls=Addressed)
@plainly
def tables(
    uri: Annotated[str, _ADDRESS],
    schema: Annotated[str | None, typer.Option(help="Those of this schema; of all but the system's without.")] = None,
    like: Annotated[str | None, typer.Option(help="Names by a pattern: % is any text, _ any character.")] = None,
    ask: Annotated[bool, typer.Option("--password", "-W", help="Ask for the password.")] = False,
) -> None:
    """List tables and views, with their comments."""
    reading.tables(uri, schema=schema, like=like, password=password_of(ask))


@app.command(cls=Addressed)
@plainly
def ingest(
    uri: Annotated[str, _ADDRESS],
    file: Annotated[Path, typer.Argument(help="A .parquet, .arrow or .csv file; - for the standard input.")],
    table: Annotated[str | None, typer.Argument(help="The table; by the name of the file without.")] = None,
    mode: Annotated[Mode, typer.Option(help="The table is there, or is created, or both.")] = "append",
    schema: Annotated[str | None, typer.Option(help="The table's schema.")] = None,
    types: Annotated[
        list[str] | None,
        typer.Option("--type", metavar="COLUMN=TYPE", help="The SQL type of a column of a table that is created."),
    ] = None,
    batch_rows: Annotated[int | None, typer.Option(help="Rows in one command, at most.", min=1)] = None,
    on_error: Annotated[OnError, typer.Option(help="raise: no row is kept; skip: the others are.")] = "raise",
    skipped: Annotated[
        Path | None, typer.Option(help="A .parquet, .arrow or .csv file for rows that are left out (--on-error skip).")
    ] = None,
    max_skipped: Annotated[int, typer.Option(help="Rows that may be left out.", min=0)] = 100_000,
    form: Annotated[Format | None, typer.Option("--format", help="What the file is, unless its name tells.")] = None,
    delimiter: Annotated[str, typer.Option(help="Between the values of CSV.")] = ",",
    ask: Annotated[bool, typer.Option("--password", "-W", help="Ask for the password.")] = False,
) -> None:
    """Put the rows of a file into a table: all of them, or none.

    Ends with 0 when all rows are in, 1 when none is, 3 when some were left out.
    """
    if skipped is not None and on_error != "skip":
        raise InterfaceError("--skipped is for rows that are left out: give --on-error skip with it")
    complete = sending.ingest(
        uri,
        file,
        sending.table_of(file, table),
        password=password_of(ask),
        form=form,
        delimiter=delimiter,
        skipped=skipped,
        mode=mode,
        schema=schema,
        types=sending.types_of(types or []),
        batch_rows=batch_rows,
        on_error=on_error,
        max_skipped=max_skipped,
    )
    if not complete:
        raise typer.Exit(3)


@app.command()
@plainly
def copy(
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="[URI] SOURCE… TARGET",
            help="Tables, queries (NAME=SELECT …), patterns (SCHEMA.*) or record files (LIB/FILE, LIB/*); then a "
            f"folder, a URL, a .duckdb file or another database. The URI may be in {URI}.",
        ),
    ],
    form: Annotated[Target | None, typer.Option("--format", help="What is written; by the target without.")] = None,
    connections: Annotated[int, typer.Option("--connections", "-n", help="Connections side by side.", min=1)] = 4,
    parts: Annotated[int | None, typer.Option(help="Parts of each table.", min=1)] = None,
    on: Annotated[str | None, typer.Option(help="A column whose values divide the rows.")] = None,
    where: Annotated[str | None, typer.Option(help="A condition in SQL that rows have to pass.")] = None,
    since: Annotated[
        str | None, typer.Option(help="A column that grows: each further run copies the rows that came since.")
    ] = None,
    margin: Annotated[float | None, typer.Option(help="By how much rows may come late (--since).")] = None,
    catalog: Annotated[str | None, typer.Option(help="Of Iceberg, in the configuration of pyiceberg.")] = None,
    driver: Annotated[str | None, typer.Option(help="The package of a driver for ADBC (--format adbc).")] = None,
    on_error: Annotated[
        Literal["raise", "null", "raw"] | None, typer.Option(help="Bad values of record files.")
    ] = None,
    follow: Annotated[
        bool, typer.Option("--follow", help="Then take changes of record files from their journal, until Ctrl-C.")
    ] = False,
    every: Annotated[
        float | None, typer.Option(help="Seconds between two looks at the journal (--follow); 5 without.", min=0.1)
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="Take the changes that are there, and end (--follow).")] = False,
    journal: Annotated[
        str | None, typer.Option(metavar="LIB/JRN", help="The journal; that of each file without (--follow).")
    ] = None,
    state: Annotated[Path | None, typer.Option(help="The folder of the manifest and the report.")] = None,
    restart: Annotated[bool, typer.Option("--restart", help="Begin anew; what the target has is replaced.")] = False,
    verify: Annotated[bool, typer.Option(help="Read again what was written, and count at the source.")] = True,
    attempts: Annotated[int, typer.Option(help="How often a part is tried that may be tried again.", min=1)] = 5,
    ask: Annotated[bool, typer.Option("--password", "-W", help="Ask for the password.")] = False,
) -> None:
    """Copy tables into files, lakes or databases; the same command goes on where it was interrupted.

    Ends with 0 when all is there, 1 when it stopped, 3 when the source has other numbers of rows at the end.
    """
    uri, source, target = copying.words_of(words)
    if once and (not follow or every is not None):
        raise InterfaceError("--once: goes with --follow, and without --every")
    same = copying.copy(
        uri or os.environ.get(URI),
        source,
        target,
        password=password_of(ask),
        format=form,
        connections=connections,
        parts=parts,
        on=on,
        where=where,
        since=since,
        margin=margin,
        catalog=catalog,
        driver=driver,
        on_error=on_error,
        follow=follow or None,
        every=5.0 if follow and not once and every is None else every,
        journal=journal,
        state=state,
        restart=restart,
        verify=verify,
        attempts=attempts,
    )
    if not same:
        raise typer.Exit(3)


def password_of(ask: bool) -> str | None:
    """The password that is asked for; the one in the environment is found by `connect()`."""
    if ask and not sys.stdin.isatty():
        raise InterfaceError(f"--password: there is no terminal to ask on; give the password in {PASSWORD}")
    return typer.prompt("Password", hide_input=True, err=True) if ask else None


@app.command()
@plainly
def demo(
    rows: Annotated[int, typer.Option(help="Rows in the sample table.", min=1)] = 1_000_000,
    persona: Annotated[Persona, typer.Option(help="The product that the server looks like.")] = "luw",
) -> None:
    """Serve sample data from this process and stream it to Arrow, Parquet and Polars."""
    demonstration.run(rows, persona)


@app.command()
@plainly
def probe(
    address: Annotated[str, typer.Argument(metavar="HOST[:PORT]", help="Name or address; an IPv6 one in brackets.")],
    port: Annotated[
        list[int] | None,
        typer.Option("--port", "-p", min=1, max=65535, help="A port to look at, several times for more."),
    ] = None,
    timeout: Annotated[float, typer.Option(help="Seconds for everything together.", min=0.1, max=3600)] = 2.0,
    database: Annotated[
        str | None, typer.Option(help="A database, for servers that tell their mechanisms only to those who name one.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Everything that was found, as JSON.")] = False,
) -> None:
    """Look at a host from outside, without credentials: ports, TLS, product, security mechanisms, and what to improve.

    Without ports, those where Db2, IBM i and Derby usually listen. Ends with 0 when DRDA was found and there is nothing
    to warn of, 1 when no DRDA was found or the host has no address, 2 when there is a warning.
    """
    probing.probe(address, port or [], timeout=timeout, database=database, as_json=as_json)


@app.command("install-manifest")
@plainly
def install_manifest(
    where: Annotated[
        manifests.Where | None,
        typer.Option(help="Where driver managers look: without, the virtual environment, outside of one the user's."),
    ] = None,
    library: Annotated[
        Path | None,
        typer.Option(help="The library of `make adbc`, for programs without Python; this package's own without."),
    ] = None,
    directory: Annotated[Path | None, typer.Option(help="Another place, for ADBC_DRIVER_PATH of the programs.")] = None,
) -> None:
    """Let driver managers of ADBC find the driver by its name, `drda`. Shows the file that was written."""
    manifests.install(where, library=library, directory=directory)


@app.callback(invoke_without_command=True)
def root(
    version: Annotated[bool, typer.Option("--version", help="Show the version.", is_eager=True)] = False,
) -> None:
    """Options of the command as a whole."""
    if version:
        typer.echo(f"drdarrow {drdarrow.__version__}")
        raise typer.Exit
