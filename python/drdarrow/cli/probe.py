"""`drdarrow probe`: what listens on a host, as a table with advice, or as JSON."""

from __future__ import annotations

import json

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

import drdarrow
from drdarrow.cli.text import visible
from drdarrow.exceptions import InterfaceError
from drdarrow.probing import ProbedPort, ProbeReport, summary

console = Console()
# Exit codes.
GOOD, NOTHING, ADVISED = 0, 1, 2
COLORS = {"critical": "red", "warning": "yellow", "info": "dim", "open": "green", "refused": "dim", "silent": "dim"}


def probe(address: str, ports: list[int], *, timeout: float, database: str | None, as_json: bool) -> None:
    """Looks at the host and shows what was found. Raises typer.Exit: see `code`."""
    host, port = split(address)
    wanted = sorted({*ports, *([port] if port else [])}) or None
    report = drdarrow.probe(host, wanted, timeout, database=database)
    if as_json:
        typer.echo(json.dumps(report.to_dict(), indent=2))
    else:
        show(report, every=wanted is not None)
    raise typer.Exit(code(report))


def code(report: ProbeReport) -> int:
    """0: DRDA and no warning; 1: no DRDA; 2: DRDA with a warning or worse."""
    if not report.drda:
        return NOTHING
    return ADVISED if any(each.severity != "info" for each in report.advice) else GOOD


def split(address: str) -> tuple[str, int | None]:
    """`host`, `host:port`, `[::1]:port`, `::1`. Raises InterfaceError for a port that is none."""
    if address.startswith("["):
        host, bracket, rest = address[1:].partition("]")
        if not bracket or rest and not rest.startswith(":"):
            raise InterfaceError(f"{address}: expected [address]:port")
        text = rest[1:] if rest else None
    elif address.count(":") == 1:
        host, _, text = address.partition(":")
    else:
        host, text = address, None
    if text is None:
        return host, None
    if not text.isascii() or not text.isdigit() or not 0 < int(text) < 65536:
        raise InterfaceError(f"{address}: the port is a number from 1 to 65535")
    return host, int(text)


def show(report: ProbeReport, *, every: bool) -> None:
    """Ports and advice. Closed ports are counted unless they were asked for."""
    title = escape(visible(f"{report.host} ({', '.join(report.addresses)})"))
    table = Table(title=title, title_justify="left", box=None)
    for name in ("port", "state", "what", "details"):
        table.add_column(name, justify="right" if name == "port" else "left")
    shown = [port for port in report.ports if every or port.state == "open"]
    for port in shown:
        details = "\n".join(escape(visible(line)) for line in about(port))
        what = escape(visible(summary(port)))
        table.add_row(str(port.port), f"[{COLORS.get(port.state, 'red')}]{port.state}[/]", what, details)
    if shown:
        console.print(table)
    if hidden := len(report.ports) - len(shown):
        states = sorted({port.state for port in report.ports if port not in shown})
        console.print(f"{hidden} usual ports are closed ({', '.join(states)})", style="dim", highlight=False)
    for each in report.advice:
        mark = f"[{COLORS[each.severity]}]{each.severity}[/]"
        console.print(f"{mark} {each.port}: {escape(visible(each.text))}", highlight=False, soft_wrap=True)
        console.print(f"    {escape(visible(each.cure))}", style="dim", highlight=False, soft_wrap=True)
    if not report.drda:
        console.print("no DRDA server was found", highlight=False)


def about(port: ProbedPort) -> list[str]:
    """Further facts about a port, by line."""
    lines = []
    if port.service in (None, "unknown") and port.usual:
        lines.append(f"usually: {port.usual}")
    if port.server is not None:
        server = port.server
        lines.append(f"class {server.class_name}, release {server.release}, name {server.name}")
        lines.append("levels: " + ", ".join(f"{name} {level}" for name, level in server.managers.items() if level))
        if server.mechanisms is None:
            lines.append(f"mechanisms not told: {server.refusal}")
        else:
            cipher = f" ({server.cipher})" if server.cipher else ""
            names = ", ".join(f"{each.number} {each.words}" for each in server.mechanisms)
            lines.append(f"mechanisms: {names}{cipher}")
    if port.tls is not None and (seen := port.tls.certificate) is not None:
        trust = "trusted" if seen.trusted else f"not trusted: {seen.distrust}"
        lines.append(f"certificate: {seen.subject}; {trust}")
        if seen.hosts:
            lines.append(f"for {', '.join(seen.hosts)}")
        if seen.not_after is not None:
            lines.append(f"valid until {seen.not_after:%Y-%m-%d}, by {seen.issuer}")
    return lines
