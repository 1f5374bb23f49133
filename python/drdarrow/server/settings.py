"""The settings of a server: each is declared here, with its type, its default and its meaning. What a value by itself
may be, the table in `src/server/settings.rs` says; what may stand beside what, `check()`."""

from __future__ import annotations

import functools
import inspect
import ipaddress
import socket
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from os import PathLike
from typing import Any, Literal, ParamSpec, TypeAlias, TypeVar

from drdarrow import _core
from drdarrow.exceptions import InterfaceError

#: Addresses that a server tells, at most.
_LISTED = 64

#: The product that a server looks like: Db2 for Linux, Db2 for i, Db2 for z/OS, Apache Derby.
Persona: TypeAlias = Literal["luw", "ibmi", "zos", "derby"]


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


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class ServerSettings:
    """Settings of a server.

    Args:
        source: a DuckDB connection, whose every client gets a cursor of its own; or an Engine of yours; or None.
        tables: name to anything with `__arrow_c_stream__` or `__arrow_c_array__` (pyarrow, Polars, pandas 3). They are
            copied: into DuckDB, or with `engine="tables"`, and where DuckDB is not installed, into memory as they are,
            where SELECT, INSERT and DELETE of one table at a time are understood. With a source they become tables of
            it. A name may have its schema or library in front: `SHOP.ORDERS`.
        persona: the product to look like: luw, ibmi, zos, derby.
        ccsid: the page of character columns, int, for the personas ibmi and zos: an EBCDIC one, 1208 (UTF-8) and so on;
            None is their own, 37 and 1047. Text that the page lacks is an error (SQLCODE -330); ccsid=1208 is the cure.
            On these personas a column of `tables` may have its own, by the metadata "drda:ccsid" of its Arrow field:
            1200 makes GRAPHIC of text, 65535 FOR BIT DATA of bytes.
        host: an address or name of this machine to listen on.
        port: the port to listen on, int; 0 takes a free one.
        users: user to password; None lets anybody in, which off this machine needs `allow_anyone=True`.
        database: the name, or names, that clients may ask for; None: any.
        engine: "duckdb"; "tables", in memory as they are; "auto": DuckDB where it is installed.
        workers: statements that run at a time, int.
        max_connections: clients at a time, int.
        max_memory: bytes, int, that clients together may make the server hold beside its tables: rows that wait to be
            fetched, large objects, requests and replies, prepared statements, rows of the catalog's views, rows that
            the engine without DuckDB has not committed. Beyond it a statement fails with SQLCODE -289, which names the
            setting, and the connection goes on. One query that is read needs no more than its batches.
        max_connection_memory: the same for one client.
        allow_anyone: permission to listen beyond this machine without users, bool.
        external_access: False locks the DuckDB instance for good, a source of yours too: no files, network, extensions,
            settings or variables of Python, through your own connections either, and views over files no longer read.
            Clients get SQLCODE -142 or -440 for statements and functions that would reach there. True leaves the
            instance as it is: whoever may log in can read and write the files of this machine with your rights.
        statement_timeout: seconds, float, after which a statement is broken off with SQLCODE -952; those that a client
            sends at once have them together, and so has each block of rows that it asks for; None for no limit.
        idle_timeout: a client that asks nothing for so many seconds is hung up on and its transaction undone, float;
            None: never.
        allow_cleartext_password: off this machine and without TLS, passwords are taken encrypted by AES or as a strong
            hash only (SECMEC 9, 7, and 8 of IBM i). True takes them as every listener can read them too: in clear,
            under DES, by the weak hashes of IBM i and Derby. Persona derby has nothing else. Without it and without
            TLS, a server for users of other machines is warned of (RuntimeWarning).
        read_only: clients may read tables and files and change neither: SQLCODE -817, CPF messages for files. Not with
            external_access.
        tls_certificate: PEM file of the server's certificate; connections are TLS then.
        tls_key: PEM file of its private key.
        tls_client_ca: PEM file of the authorities of which a client needs a certificate.
        tls_client_users: as whom the holder of such a certificate may log in: "cn", the user that the common name of
            its subject is; or names to users, where a name is the common name or an alternative one (host, address,
            mail); None: as anybody whose password is known. The same for record files and the sign-on server.
        server_list: other addresses at which the databases are, `host:port` each, the preferred one first, that clients
            are told at their logins (SRVLST); at most 64. Not for the persona derby.
        files: "LIBRARY/FILE" to what is to be read and written record by record: as in tables, or a PhysicalFile. They
            are copied into memory; `file()` of the server hands them back. Persona ibmi only. A sign-on server, which
            IBM's clients ask first, listens beside them.
        signon_port: the port of the sign-on server, int; 0 takes a free one.
        password_level: the QPWDLVL that the sign-on server tells, 0 to 4.
    """

    source: Any = field(default=None, kw_only=False)
    tables: Mapping[str, Any] | None = None
    persona: Persona = "luw"
    ccsid: int | None = None
    host: str = "127.0.0.1"
    port: int = 0
    users: Mapping[str, str] | None = None
    database: str | Iterable[str] | None = None
    engine: Literal["auto", "duckdb", "tables"] = "auto"
    workers: int = 8
    max_connections: int = 512
    max_memory: int = 1 << 30
    max_connection_memory: int = 256 << 20
    allow_anyone: bool = False
    external_access: bool = False
    statement_timeout: float | None = None
    idle_timeout: float | None = None
    allow_cleartext_password: bool = False
    read_only: bool = False
    tls_certificate: str | PathLike[str] | None = None
    tls_key: str | PathLike[str] | None = None
    tls_client_ca: str | PathLike[str] | None = None
    tls_client_users: Literal["cn"] | Mapping[str, str] | None = None
    server_list: Sequence[str] = ()
    files: Mapping[str, Any] | None = None
    signon_port: int = 0
    password_level: Literal[0, 1, 2, 3, 4] = 2

    def check(self) -> None:
        """Raises InterfaceError for settings that exclude or need each other."""
        if self.users is not None and not _texts(self.users):
            raise InterfaceError("users: a mapping of user to password, both str")
        if self.users is not None and (empty := [user for user, password in self.users.items() if not password]):
            raise InterfaceError(f"users: {empty[0]!r} has an empty password, with which anybody could log in")
        if (self.tls_certificate is None) != (self.tls_key is None) or (self.tls_client_ca and self.tls_key is None):
            raise InterfaceError("tls_certificate and tls_key come together, tls_client_ca with them")
        if self.tls_client_users is not None and self.tls_client_ca is None:
            raise InterfaceError("tls_client_users needs tls_client_ca: no certificate is asked for without it")
        if self.read_only and self.external_access:
            raise InterfaceError(
                "read_only and external_access exclude each other: functions that reach out may change"
            )
        if self.server_list and self.persona == "derby":
            raise InterfaceError("server_list: Derby's clients take none")
        if self.files is not None and self.persona != "ibmi":
            raise InterfaceError(f"files: the persona {self.persona} has none; ibmi has")

    def resolved(self) -> ServerSettings:
        """The same with the host as an address, plain dicts and lists, and the records of the files read. Raises
        InterfaceError for settings that cannot be meant, and warns of a server that others can listen to."""
        address = _address(self.host, self.allow_anyone or self.users is not None)
        self.check()
        if not _is_loopback(address):
            self._warn_of_listeners()
        users, holders, names = self.users, self.tls_client_users, self.database
        return replace(
            self,
            host=address,
            users=None if users is None else dict(users),
            tls_client_users=dict(holders) if isinstance(holders, Mapping) else holders,
            server_list=_listed(self.server_list),
            database=[names] if isinstance(names, str) else None if names is None else list(names),
            files=None if self.files is None else {name: _read(name, file) for name, file in self.files.items()},
        )

    def _warn_of_listeners(self) -> None:
        """A server for users of other machines without TLS is warned of, or refused where that would be no surprise."""
        if self.users is None or self.tls_key is not None or self.allow_cleartext_password:
            return
        if self.files is not None and self.password_level < 2:
            raise InterfaceError(
                f"password_level={self.password_level} has passwords sent as a hash that every listener undoes; off "
                "this machine give tls_certificate and tls_key, or allow_cleartext_password=True if that is meant"
            )
        # The fifth is the caller of serve().
        warnings.warn(_in_the_open(self.persona), RuntimeWarning, stacklevel=5)


P = ParamSpec("P")
R = TypeVar("R")


def taking(settings: Callable[P, ServerSettings]) -> Callable[[Callable[[ServerSettings], R]], Callable[P, R]]:
    """Makes a function of settings one of keyword arguments, declared and explained by the class of the settings."""

    def decorate(function: Callable[[ServerSettings], R]) -> Callable[P, R]:
        @functools.wraps(function)
        def called(*args: P.args, **kwargs: P.kwargs) -> R:
            return function(settings(*args, **kwargs))

        declared = inspect.signature(settings).replace(return_annotation=inspect.signature(function).return_annotation)
        called.__signature__ = declared  # type: ignore[attr-defined]
        called.__doc__ = f"{inspect.cleandoc(function.__doc__ or '')}\n\n{inspect.getdoc(settings)}"
        return called

    return decorate


def _listed(addresses: Sequence[str]) -> Any:
    """Addresses as hosts and ports."""
    if isinstance(addresses, str) or not isinstance(addresses, Sequence) or len(addresses) > _LISTED:
        raise InterfaceError(f"server_list: a list of up to {_LISTED} addresses, host:port each")
    listed = []
    for address in addresses:
        host, _, port = address.rpartition(":") if isinstance(address, str) else ("", "", "")
        host = host.removeprefix("[").removesuffix("]")
        if not host or not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536:
            raise InterfaceError(f"server_list: expected host:port, not {address!r}")
        listed.append((host, int(port)))
    return listed


def _texts(pairs: Mapping[str, str]) -> bool:
    return all(isinstance(text, str) for pair in pairs.items() for text in pair)


def _read(name: str, given: Any) -> PhysicalFile:
    """A file with its records read and a list of its keys."""
    file = given if isinstance(given, PhysicalFile) else PhysicalFile(given)
    if not hasattr(file.records, "__arrow_c_stream__") and not hasattr(file.records, "__arrow_c_array__"):
        raise InterfaceError(f"files: {name} is a {type(file.records).__name__} without __arrow_c_stream__")
    keys = [file.keys] if isinstance(file.keys, str) else list(file.keys)
    if not isinstance(name, str) or not all(isinstance(key, str) for key in keys):
        raise InterfaceError(f"files: {name!r} and its keys {keys!r} are to be str")
    if file.duplicates not in ("fifo", "lifo", "fcfo"):
        raise InterfaceError(f"files: {name}: duplicates is fifo, lifo or fcfo, not {file.duplicates!r}")
    return replace(file, records=_core.collect(file.records), keys=keys)


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
    """A warning about a server for users of other machines without TLS."""
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
