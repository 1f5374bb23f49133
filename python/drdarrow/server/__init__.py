"""The answering side: DuckDB, or tables in memory, as a Db2 that drivers of Db2 and Derby can ask.

    from drdarrow import server

    with server.serve(tables={"ORDERS": orders}, persona="ibmi") as srv:
        connection = drdarrow.connect(srv.uri)

For tests of programs that talk to Db2, and to give such programs data from elsewhere. Needs
`pip install "drdarrow[server]"` for SQL by DuckDB; without it the tables can be selected from, no more.
"""

from __future__ import annotations

import asyncio
import atexit
import html
import importlib.util
import os
import ssl
import weakref
from hashlib import sha256
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import drdarrow
from drdarrow import _core
from drdarrow.exceptions import InterfaceError
from drdarrow.server.engine import Described, Engine, Prepared, Result, Session, SqlError
from drdarrow.server.settings import Persona, PhysicalFile, ServerSettings, taking

__all__ = [
    "Described",
    "Engine",
    "Persona",
    "PhysicalFile",
    "Prepared",
    "Result",
    "Server",
    "Session",
    "SqlError",
    "serve",
]

#: Seconds for commands under way when a server is closed.
_GRACE = 5.0


@taking(ServerSettings)
def serve(settings: ServerSettings) -> Server:
    """Starts a server in the background and returns it, listening.

    After five failed logins of an address the next is looked at later, and ever later, up to ten seconds.

    Raises InterfaceError for an argument that cannot be meant and when DuckDB is not installed but asked for,
    OperationalError when the address cannot be listened on.
    """
    settings = settings.resolved()
    return Server(_core.serve(settings, lambda: _engine(settings)), settings)


def _engine(settings: ServerSettings) -> Any:
    """The engine: a dict of tables for the one in Rust, or an Engine."""
    source, tables, kind = settings.source, dict(settings.tables or {}), settings.engine
    if kind not in ("auto", "duckdb", "tables"):
        raise InterfaceError(f"engine: {kind!r} is none of auto, duckdb, tables")
    for name, table in tables.items():
        if not isinstance(name, str) or not name:
            raise InterfaceError("tables: the names are str")
        if not hasattr(table, "__arrow_c_stream__") and not hasattr(table, "__arrow_c_array__"):
            raise InterfaceError(
                f"tables: {name} is a {type(table).__name__} without __arrow_c_stream__; pyarrow, Polars and pandas 3 "
                "have it"
            )
    if source is not None and hasattr(source, "session"):
        if tables:
            raise InterfaceError("tables: an engine of yours has its own")
        return source
    if source is not None and not hasattr(source, "cursor"):
        raise InterfaceError(f"source: a {type(source).__name__} is no DuckDB connection and no engine")
    if source is None and (kind == "tables" or kind == "auto" and importlib.util.find_spec("duckdb") is None):
        # It knows no schemas, and takes those in statements for decoration.
        plain = {name.rpartition(".")[2]: table for name, table in tables.items()}
        if len(plain) < len(tables):
            raise InterfaceError("tables: without DuckDB there are no schemas, so no two tables of one name")
        return plain
    from drdarrow.server import load

    return load.engine(source, tables, settings)


def _fingerprint(certificate: str | PathLike[str]) -> str:
    """SHA-256 of the first certificate of a PEM file, by which a client may know the server."""
    text, end = Path(certificate).read_text("utf-8"), "-----END CERTIFICATE-----"
    first = text[text.index("-----BEGIN CERTIFICATE") : text.index(end) + len(end)]
    return sha256(ssl.PEM_cert_to_DER_cert(first)).hexdigest()


class Server:
    """A running server, made by `serve()`. `with` and `async with` close it at the end."""

    def __init__(self, raw: _core.RawServer, settings: ServerSettings) -> None:
        self._raw = raw
        self._persona = settings.persona
        self._host, self._port = raw.address
        certificate = settings.tls_certificate
        self._fingerprint = None if certificate is None else _fingerprint(certificate)
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self._host, self._host)
        user, database = next(iter(settings.users or ()), "anybody"), next(iter(settings.database or ()), "SAMPLE")
        self._about = {"host": host, "user": user, "database": database}
        _running.add(self)

    @property
    def host(self) -> str:
        """The address that it listens on, str."""
        return self._host

    @property
    def port(self) -> int:
        """The port that it listens on, int."""
        return self._port

    @property
    def signon_port(self) -> int | None:
        """The port of the sign-on server, int; None without files."""
        return self._raw.signon_port

    def file(self, name: str, member: str = "*FIRST") -> Any:
        """The records of a file as they are now, in the order of their numbers: an object with `__arrow_c_stream__`,
        `to_arrow()`, `to_pandas()`, `to_polars()`. Raises InterfaceError for one that is not there."""
        return self._raw.file(name, member)

    def connect_files(self, **settings: Any) -> drdarrow.FileConnection:
        """A connection for its files; settings as for `drdarrow.connect_files`."""
        about = {"host": self._about["host"], "user": self._about["user"], "port": self._port}
        pinned = {} if self._fingerprint is None else {"tls_fingerprint": self._fingerprint}
        return drdarrow.connect_files(**{**about, "signon_port": self.signon_port or 0, **pinned, **settings})

    @property
    def persona(self) -> str:
        """The product that it looks like, str: luw, ibmi, zos or derby."""
        return self._persona

    @property
    def uri(self) -> str:
        """For `drdarrow.connect`, str. No password is in it; a server with users wants one. With TLS it pins the
        certificate."""
        about = self._about
        host = f"[{about['host']}]" if ":" in about["host"] else about["host"]
        address = f"drda://{quote(about['user'], safe='')}@{host}:{self._port}/{quote(about['database'], safe='')}"
        return address if self._fingerprint is None else f"{address}?tls_fingerprint={self._fingerprint}"

    @property
    def closed(self) -> bool:
        """Not listening any more, bool; True also in a process forked from the server's."""
        return self._raw.closed

    def connect(self, **settings: Any) -> drdarrow.Connection:
        """A connection to it; settings as for `drdarrow.connect`, among them `password` where there are users."""
        pinned = {} if self._fingerprint is None else {"tls_fingerprint": self._fingerprint}
        return drdarrow.connect(**{**self._about, "port": self._port, **pinned, **settings})

    def close(self) -> None:
        """Stops: no more clients, five seconds for statements that run, then they are interrupted. May be called
        again. In a process forked from the server's it does nothing."""
        self._close(_GRACE)

    def _close(self, grace: float) -> None:
        if not self._raw.closed:
            self._raw.close(grace)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await asyncio.to_thread(self.close)

    def __repr__(self) -> str:
        return f"<drdarrow.server.Server {self.uri} {self._persona} {'closed' if self.closed else 'listening'}>"

    def _repr_html_(self) -> str:
        """For notebooks."""
        rows = {"address": f"{self._host}:{self._port}", "persona": self._persona, "uri": self.uri}
        rows["state"] = "closed" if self.closed else "listening"
        cells = "".join(f"<tr><th>{key}</th><td>{html.escape(value)}</td></tr>" for key, value in rows.items())
        return f"<table><caption>drdarrow.server.Server</caption>{cells}</table>"


_running: weakref.WeakSet[Server] = weakref.WeakSet()


@atexit.register
def _at_exit() -> None:
    """Nothing of a server may run Python code when the interpreter ends."""
    for server in list(_running):
        server._close(0.0)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_running.clear)
