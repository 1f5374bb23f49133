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
import ipaddress
import os
import socket
import ssl
import warnings
import weakref
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self, TypeAlias
from urllib.parse import quote

import drdarrow
from drdarrow import _core
from drdarrow.exceptions import InterfaceError
from drdarrow.server.engine import Described, Engine, Prepared, Result, Session, SqlError
from drdarrow.server.storing import Storage

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

#: The product that a server looks like: Db2 for Linux, Db2 for i, Db2 for z/OS, Apache Derby.
Persona: TypeAlias = Literal["luw", "ibmi", "zos", "derby"]

#: Seconds for commands under way when a server is closed.
_GRACE = 5.0


@dataclass(frozen=True)
class PhysicalFile:
    """A file for record access. records: anything with `__arrow_c_stream__` or `__arrow_c_array__`; keys: the fields
    that order it, by the names of columns or fields, "NAME DESC" for high values first; unique: no two records have
    equal keys, bool; duplicates: the order of records with equal keys: "fifo", "lifo" or "fcfo", the one whose key was
    changed first comes first."""

    records: Any
    keys: Sequence[str] = ()
    unique: bool = False
    duplicates: Literal["fifo", "lifo", "fcfo"] = "fifo"


def serve(
    source: Any = None,
    *,
    tables: Mapping[str, Any] | None = None,
    persona: Persona = "luw",
    ccsid: int | None = None,
    host: str = "127.0.0.1",
    port: int = 0,
    users: Mapping[str, str] | None = None,
    database: str | Iterable[str] | None = None,
    engine: Literal["auto", "duckdb", "tables"] = "auto",
    workers: int = 8,
    max_connections: int = 512,
    max_memory: int = 1 << 30,
    max_connection_memory: int = 256 << 20,
    allow_anyone: bool = False,
    external_access: bool = False,
    tls_certificate: str | PathLike[str] | None = None,
    tls_key: str | PathLike[str] | None = None,
    tls_client_ca: str | PathLike[str] | None = None,
    tls_client_users: Literal["cn"] | Mapping[str, str] | None = None,
    files: Mapping[str, Any] | None = None,
    signon_port: int = 0,
    password_level: Literal[0, 1, 2, 3, 4] = 2,
    read_only: bool = False,
    allow_cleartext_password: bool = False,
    idle_timeout: float | None = None,
) -> Server:
    """Starts a server in the background and returns it, listening.

    source: a DuckDB connection, whose every client gets a cursor of its own; or an Engine of yours; or None.
    tables: name to anything with `__arrow_c_stream__` or `__arrow_c_array__` (pyarrow, Polars, pandas 3). They are
    copied: into DuckDB, or with `engine="tables"`, and where DuckDB is not installed, into memory as they are, where
    SELECT, INSERT and DELETE of one table at a time are understood. With a source they become tables of it. A name may
    have its schema or library in front: `SHOP.ORDERS`.
    persona: the product to look like: luw, ibmi, zos, derby.
    ccsid: the page of character columns, int, for the personas ibmi and zos: an EBCDIC one, 1208 (UTF-8) and so on;
    None is their own, 37 and 1047. Text that the page lacks is an error (SQLCODE -330); ccsid=1208 is the cure. On
    these personas a column of `tables` may have its own, by the metadata "drda:ccsid" of its Arrow field: 1200 makes
    GRAPHIC of text, 65535 FOR BIT DATA of bytes.
    host: an address or name of this machine; port: int, 0 takes a free one. users: user to password; None lets anybody
    in, which off this machine needs `allow_anyone=True`.
    external_access: False locks the DuckDB instance for good, a source of yours too: no files, network, extensions,
    settings or variables of Python, through your own connections either, and views over files no longer read. Clients
    get SQLCODE -142 or -440 for statements and functions that would reach there. True leaves the instance as it is:
    whoever may log in can read and write the files of this machine with your rights.
    database: the name, or names, that clients may ask for; None: any. workers: statements that run at a time;
    max_connections: clients at a time, int.
    max_memory: bytes, int, that clients together may make the server hold beside its tables: rows that wait to be
    fetched, large objects, requests and replies, prepared statements, rows that the engine without DuckDB has not
    committed. max_connection_memory: the same for one client. Beyond either a statement fails with SQLCODE -289,
    which names the setting, and the connection goes on. One query that is read needs no more than its batches.
    idle_timeout: a client that asks nothing for so many seconds is hung up on and its transaction undone, float; None:
    never.
    read_only: clients may read tables and files and change neither: SQLCODE -817, CPF messages for files. Not with
    external_access.
    tls_certificate, tls_key: PEM files; connections are TLS then. tls_client_ca: PEM file of the authorities of which a
    client needs a certificate. tls_client_users: as whom its holder may log in: "cn", the user that the common name of
    the certificate's subject is; or names to users, where a name is the common name or an alternative one (host,
    address, mail); None: as anybody whose password is known. The same for record files and the sign-on server.
    allow_cleartext_password: off this machine and without TLS, passwords are taken encrypted by AES or as a strong hash
    only (SECMEC 9, 7, and 8 of IBM i). True takes them as every listener can read them too: in clear, under DES, by the
    weak hashes of IBM i and Derby. Persona derby has nothing else. Without it and without TLS, a server for users of
    other machines is warned of (RuntimeWarning).
    files: "LIBRARY/FILE" to what is to be read and written record by record: as in tables, or a PhysicalFile. They are
    copied into memory; `file()` of the server hands them back. Persona ibmi only. A sign-on server, which IBM's clients
    ask first, listens beside them on signon_port, 0 takes a free one, and tells password_level, 0 to 4.

    After five failed logins of an address the next is looked at later, and ever later, up to ten seconds.

    Raises InterfaceError for an argument that cannot be meant and when DuckDB is not installed but asked for,
    OperationalError when the address cannot be listened on.
    """
    address = _address(host, allow_anyone or users is not None)
    if users is not None and not all(isinstance(text, str) for pair in users.items() for text in pair):
        raise InterfaceError("users: a mapping of user to password, both str")
    if users is not None and (empty := [user for user, password in users.items() if not password]):
        raise InterfaceError(f"users: {empty[0]!r} has an empty password, with which anybody could log in")
    names = [database] if isinstance(database, str) else None if database is None else list(database)
    if not 0 <= signon_port <= 65535 or not 0 <= password_level <= 4:
        raise InterfaceError("signon_port is 0 to 65535, password_level 0 to 4")
    if workers < 1 or max_connections < 1 or not 0 <= port <= 65535:
        raise InterfaceError("workers and max_connections are at least 1, port is 0 to 65535")
    if max_memory < 1 or max_connection_memory < 1:
        raise InterfaceError("max_memory and max_connection_memory are at least 1")
    if ccsid is not None and not 0 <= ccsid <= 65535:
        raise InterfaceError(f"ccsid: {ccsid} is none")
    if (tls_certificate is None) != (tls_key is None) or (tls_client_ca is not None and tls_key is None):
        raise InterfaceError("tls_certificate and tls_key come together, tls_client_ca with them")
    if tls_client_users is not None:
        if tls_client_ca is None:
            raise InterfaceError("tls_client_users needs tls_client_ca: no certificate is asked for without it")
        if tls_client_users != "cn" and not (
            isinstance(tls_client_users, Mapping)
            and all(isinstance(text, str) for pair in tls_client_users.items() for text in pair)
        ):
            raise InterfaceError('tls_client_users: "cn", or a mapping of a certificate\'s name to user, both str')
    if idle_timeout is not None and not idle_timeout > 0:
        raise InterfaceError("idle_timeout: seconds above 0, or None for no limit")
    if read_only and external_access:
        raise InterfaceError("read_only and external_access exclude each other: functions that reach out may change")
    tls = None if tls_certificate is None or tls_key is None else (tls_certificate, tls_key, tls_client_ca)
    if users is not None and tls is None and not allow_cleartext_password and not _is_loopback(address):
        if files is not None and password_level < 2:
            raise InterfaceError(
                f"password_level={password_level} has passwords sent as a hash that every listener undoes; off this "
                "machine give tls_certificate and tls_key, or allow_cleartext_password=True if that is meant"
            )
        warnings.warn(_in_the_open(persona), RuntimeWarning, stacklevel=2)
    # Before the engine, which may lock what they are read from.
    records = _files(files, persona)
    raw = _core.serve(
        _engine(source, dict(tables or {}), engine, external_access, _storage(persona, ccsid), read_only),
        persona=persona,
        ccsid=ccsid,
        host=address,
        port=port,
        users=None if users is None else dict(users),
        databases=None if names is None else [name.upper() for name in names],
        workers=workers,
        max_connections=max_connections,
        max_memory=max_memory,
        max_connection_memory=max_connection_memory,
        tls=tls,
        certificate_users=dict(tls_client_users) if isinstance(tls_client_users, Mapping) else tls_client_users,
        files=records,
        signon=signon_port,
        password_level=password_level,
        read_only=read_only,
        allow_cleartext_password=allow_cleartext_password,
        idle_timeout=idle_timeout,
    )
    fingerprint = None if tls is None else _fingerprint(Path(tls[0]))
    return Server(raw, persona, next(iter(users)) if users else None, names[0] if names else "SAMPLE", fingerprint)


def _fingerprint(certificate: Path) -> str:
    """SHA-256 of the first certificate of a PEM file, by which a client may know the server."""
    text, end = certificate.read_text("utf-8"), "-----END CERTIFICATE-----"
    first = text[text.index("-----BEGIN CERTIFICATE") : text.index(end) + len(end)]
    return sha256(ssl.PEM_cert_to_DER_cert(first)).hexdigest()


def _files(files: Mapping[str, Any] | None, persona: str) -> list[tuple[str, Any, list[str], bool, str]] | None:
    """Files, read, with their keys."""
    if files is None:
        return None
    if persona != "ibmi":
        raise InterfaceError(f"files: the persona {persona} has none; ibmi has")
    out: list[tuple[str, Any, list[str], bool, str]] = []
    for name, given in files.items():
        file = given if isinstance(given, PhysicalFile) else PhysicalFile(given)
        if not hasattr(file.records, "__arrow_c_stream__") and not hasattr(file.records, "__arrow_c_array__"):
            raise InterfaceError(f"files: {name} is a {type(file.records).__name__} without __arrow_c_stream__")
        keys = [file.keys] if isinstance(file.keys, str) else list(file.keys)
        if not isinstance(name, str) or not all(isinstance(key, str) for key in keys):
            raise InterfaceError(f"files: {name!r} and its keys {keys!r} are to be str")
        if file.duplicates not in ("fifo", "lifo", "fcfo"):
            raise InterfaceError(f"files: {name}: duplicates is fifo, lifo or fcfo, not {file.duplicates!r}")
        out.append((name, _core.collect(file.records), keys, file.unique, file.duplicates))
    return out


def _address(host: str, guarded: bool) -> str:
    """The address to listen on. Raises InterfaceError for one that others reach, unless they have to log in."""
    try:
        address = str(socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)[0][4][0])
    except OSError as e:
        raise InterfaceError(f"host: {host!r} is no address of this machine") from e
    if not guarded and not _is_loopback(address):
        raise InterfaceError(
            f"host: {host} can be reached from other machines, where anybody could log in; give users={{...}}, or "
            "allow_anyone=True if that is meant"
        )
    return address


def _is_loopback(address: str) -> bool:
    return ipaddress.ip_address(address.partition("%")[0]).is_loopback


def _in_the_open(persona: str) -> str:
    """What is to be known of a server for users of other machines without TLS."""
    refused = {
        "derby": "passwords that listeners can find out are refused from other machines, and Derby's clients have no "
        "other way to send them, so that nobody there can log in",
        "ibmi": "passwords from other machines are taken under AES (SECMEC 9, 7) or as a strong hash (8) only, not in "
        "clear (3)",
    }.get(persona, "passwords from other machines are taken under AES (SECMEC 9, 7) only, not in clear (3)")
    return (
        "this server can be reached from other machines without TLS: whoever carries statements and data reads them, "
        f"and {refused}. Give tls_certificate and tls_key, or allow_cleartext_password=True if all of that is meant"
    )


def _storage(persona: str, ccsid: int | None) -> Storage:
    """How a product counts the length of text and fills it: in EBCDIC a byte is a character."""
    ebcdic = persona in ("ibmi", "zos")
    return Storage(not ebcdic or ccsid == 1208, "40" if ebcdic else "20")


def _engine(
    source: Any, tables: dict[str, Any], kind: str, external_access: bool, storage: Storage, read_only: bool
) -> Any:
    """The engine: a dict of tables for the one in Rust, or an Engine."""
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

    return load.engine(source, tables, external_access, storage, read_only)


class Server:
    """A running server, made by `serve()`. `with` and `async with` close it at the end."""

    def __init__(
        self, raw: _core.RawServer, persona: str, user: str | None, database: str, fingerprint: str | None
    ) -> None:
        self._raw = raw
        self._persona = persona
        self._host, self._port = raw.address
        self._fingerprint = fingerprint
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self._host, self._host)
        self._about = {"host": host, "user": user or "anybody", "database": database}
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
