"""The report of `drdarrow.probe`: who listens on a host."""

from __future__ import annotations

import dataclasses
import datetime
import html
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

from drdarrow import _core

__all__ = [
    "Advice",
    "Certificate",
    "Mechanism",
    "ProbeReport",
    "ProbedPort",
    "ServerReport",
    "SignOnReport",
    "TlsReport",
    "probe",
]


def probe(
    host: str, ports: Iterable[int] | None = None, timeout: float = 2.0, *, database: str | None = None
) -> ProbeReport:
    """Looks at a host from outside: which ports answer, in clear or over TLS, in DRDA or another protocol; product and
    security mechanisms of a DRDA server; advice. It needs no credentials and sends none. A port sees a few short
    connections.

    Args:
        host: name or address.
        ports: the ports to look at; None: those where Db2, IBM i and Derby usually listen.
        timeout: seconds for everything together.
        database: a database, for servers that show their mechanisms only to a client that names one.

    Raises:
        OperationalError: the host has no address. A port that does not answer is a finding, not an error.
    """
    return _report(_core.probe(host, None if ports is None else list(ports), timeout, database))


async def probe_async(
    host: str, ports: Iterable[int] | None = None, timeout: float = 2.0, *, database: str | None = None
) -> ProbeReport:
    """`probe`, awaited."""
    return _report(await _core.probe_async(host, None if ports is None else list(ports), timeout, database))


@dataclass(frozen=True)
class Certificate:
    """A server's certificate."""

    subject: str
    issuer: str
    #: The hosts that it is for (subject alternative names).
    hosts: tuple[str, ...]
    not_before: datetime.datetime | None
    not_after: datetime.datetime | None
    #: SHA-256, for `tls_fingerprint`.
    fingerprint: str
    self_signed: bool
    #: The system trusts it for the host that was asked for.
    trusted: bool
    #: Why not.
    distrust: str | None
    #: It is for the host that was asked for.
    name_fits: bool


@dataclass(frozen=True)
class TlsReport:
    """TLS on a port."""

    version: str | None
    cipher: str | None
    #: Why no connection came about.
    failure: str | None
    certificate: Certificate | None


@dataclass(frozen=True)
class Mechanism:
    """A security mechanism."""

    #: SECMEC.
    number: int
    name: str
    words: str


@dataclass(frozen=True)
class ServerReport:
    """A DRDA server's description of itself."""

    #: As far as it can be told before a login.
    product: str
    version: str | None
    #: EXTNAM, SRVNAM, SRVCLSNM, SRVRLSLV.
    name: str
    system: str
    class_name: str
    release: str
    #: Managers and their levels; 0: not there.
    managers: Mapping[str, int]
    #: None: the server did not tell; `refusal` says why.
    mechanisms: tuple[Mechanism, ...] | None
    #: The mechanisms are all that there are.
    complete: bool
    #: The strongest cipher of encrypted credentials: AES-256, DES.
    cipher: str | None
    refusal: str | None


@dataclass(frozen=True)
class SignOnReport:
    """Answers of the sign-on server of IBM i."""

    release: str
    #: QPWDLVL.
    password_level: int
    job: str


@dataclass(frozen=True)
class ProbedPort:
    """The findings on a port."""

    port: int
    #: The service that usually listens there.
    usual: str | None
    #: open, refused, silent, unreachable.
    state: str
    address: str | None
    #: DRDA, HTTP, SSH, PostgreSQL, ..., unknown; None when it is not open.
    service: str | None
    #: Further facts.
    words: str
    tls: TlsReport | None
    server: ServerReport | None
    sign_on: SignOnReport | None

    @property
    def is_drda(self) -> bool:
        """A DRDA server answers, bool."""
        return self.service == "DRDA"


@dataclass(frozen=True)
class Advice:
    """Something to improve."""

    severity: Literal["critical", "warning", "info"]
    #: A name for programs, which does not change.
    code: str
    port: int
    text: str
    #: The cure.
    cure: str


@dataclass(frozen=True, repr=False)
class ProbeReport:
    """The findings on a host. `report[446]` is a port, iteration goes over those that are open."""

    host: str
    addresses: tuple[str, ...]
    timeout: float
    #: How long it took.
    seconds: float
    ports: tuple[ProbedPort, ...]
    #: Advice, the gravest first.
    advice: tuple[Advice, ...]

    @property
    def drda(self) -> tuple[ProbedPort, ...]:
        """Ports with a DRDA server."""
        return tuple(port for port in self.ports if port.is_drda)

    def __getitem__(self, port: int) -> ProbedPort:
        for each in self.ports:
            if each.port == port:
                return each
        raise KeyError(port)

    def __iter__(self) -> Iterator[ProbedPort]:
        return (port for port in self.ports if port.state == "open")

    def to_dict(self) -> dict[str, Any]:
        """Everything, as what JSON knows; times as text (ISO 8601)."""
        plain = _plain(self)
        assert isinstance(plain, dict)
        return plain

    def __repr__(self) -> str:
        found = ", ".join(f"{port.port} {summary(port)}" for port in self) or "nothing open"
        return f"<drdarrow.ProbeReport {self.host}: {found}; {len(self.advice)} advice>"

    def _repr_html_(self) -> str:
        """For notebooks."""
        rows = "".join(_row(str(port.port), port.state, summary(port)) for port in self.ports)
        advice = "".join(_row(str(each.port), each.severity, f"{each.text}: {each.cure}") for each in self.advice)
        return f"<table><caption>{html.escape(self.host)}</caption>{rows}{advice}</table>"


def summary(port: ProbedPort) -> str:
    """A port in a few words."""
    if port.service is None:
        return port.words
    parts = [port.service]
    if port.tls is not None and port.service != "TLS":
        parts.append(f"over {port.tls.version or 'TLS'}")
    if port.server is not None:
        parts.append(" ".join(filter(None, [port.server.product, port.server.version])))
    if port.sign_on is not None:
        parts.append(f"release {port.sign_on.release}, password level {port.sign_on.password_level}")
    text = ", ".join(parts)
    return f"{text}: {port.words}" if port.words else text


def _row(*cells: str) -> str:
    return "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in cells) + "</tr>"


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    if isinstance(value, Mapping):
        return dict(value)
    return value.isoformat() if isinstance(value, datetime.datetime) else value


def _report(found: dict[str, Any]) -> ProbeReport:
    ports = tuple(_port(port) for port in found.pop("ports"))
    advice = tuple(Advice(**each) for each in found.pop("advice"))
    return ProbeReport(addresses=tuple(found.pop("addresses")), ports=ports, advice=advice, **found)


def _port(found: dict[str, Any]) -> ProbedPort:
    tls, server, sign_on = found.pop("tls"), found.pop("server"), found.pop("sign_on")
    return ProbedPort(
        tls=None if tls is None else _tls(tls),
        server=None if server is None else _server(server),
        sign_on=None if sign_on is None else SignOnReport(**sign_on),
        **found,
    )


def _tls(found: dict[str, Any]) -> TlsReport:
    seen = found.pop("certificate")
    if seen is not None:
        start, end = _time(seen.pop("not_before")), _time(seen.pop("not_after"))
        seen = Certificate(hosts=tuple(seen.pop("hosts")), not_before=start, not_after=end, **seen)
    return TlsReport(certificate=seen, **found)


def _server(found: dict[str, Any]) -> ServerReport:
    offered = found.pop("mechanisms")
    return ServerReport(
        mechanisms=None if offered is None else tuple(Mechanism(**each) for each in offered),
        managers=MappingProxyType(found.pop("managers")),
        **found,
    )


def _time(seconds: int | None) -> datetime.datetime | None:
    """None also for a time that Python has no place for: the years of X.509 go from 0 to 9999."""
    if seconds is None:
        return None
    try:
        return datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC) + datetime.timedelta(seconds=seconds)
    except OverflowError:
        return None
