"""A look at a host from outside: real Derby in clear and over TLS, our server as each product, OpenSSL, web servers and
things that are no servers at all. Each is told within the time that was given."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pyarrow as pa
import pytest
from conftest import Lab, Script
from derby import Derby, free_port
from peers import Banner, Proxy, Silent

import drdarrow
from drdarrow import aio, server

pytestmark = pytest.mark.alone

ALLOWED = 2.0
# The limit is ours; the machine may be busy.
SLACK = 1.0


def look(*ports: int, host: str = "127.0.0.1", **settings) -> drdarrow.ProbeReport:
    start = time.monotonic()
    report = drdarrow.probe(host, ports, ALLOWED, **settings)
    assert time.monotonic() - start < ALLOWED + SLACK
    assert json.loads(json.dumps(report.to_dict())) == report.to_dict()
    return report


def codes(report: drdarrow.ProbeReport) -> set[str]:
    return {advice.code for advice in report.advice}


@pytest.fixture(scope="module")
def secured() -> Iterator[Derby]:
    with Derby(ssl="dns:localhost,ip:127.0.0.1") as derby:
        yield derby


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """A self-signed certificate for another name, valid for ten days more, by OpenSSL."""
    command = shutil.which("openssl")
    assert command, "openssl was not found"
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    request = "req -x509 -newkey rsa:2048 -nodes -days 10 -subj /O=Lab/CN=db.example -addext subjectAltName=DNS:db.example"
    subprocess.run([command, *request.split(), "-out", cert, "-keyout", key], check=True, capture_output=True)
    return cert, key


class Hello(BaseHTTPRequestHandler):
    def do_GET(self) -> None:  # noqa: N802
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def web() -> Iterator[HTTPServer]:
    """Takes one connection at a time, and waits for a line."""
    with HTTPServer(("127.0.0.1", 0), Hello) as httpd:
        threading.Thread(target=httpd.serve_forever, daemon=True).start()
        yield httpd
        httpd.shutdown()


def test_derby(lab: Lab) -> None:
    report = look(lab.port)
    (port,) = report.drda
    assert (port.port, port.state, port.service, port.tls) == (lab.port, "open", "DRDA", None)
    told = port.server
    assert told is not None and told.mechanisms is not None
    assert (told.product, told.class_name) == ("Apache Derby", "Apache Derby")
    assert told.version is not None and told.version.startswith("10.14.")
    assert told.managers["SQLAM"] == 7
    # Derby lists its substitute for clients of its own kind; 9 only where Java's providers have the key exchange.
    assert {3, 4, 8} <= {each.number for each in told.mechanisms} and told.complete
    assert codes(report) >= {"no-tls", "clear-password", "user-only"}
    assert {advice.severity for advice in report.advice} == {"info"}
    # It was not disturbed.
    with lab.connect() as connection:
        assert connection.execute("VALUES 1").fetchone() == (1,)


def test_derby_over_tls(secured: Derby, lab: Lab) -> None:
    report = look(secured.port, lab.port, host="localhost")
    told = report[secured.port]
    assert told.is_drda and told.tls is not None and told.server is not None
    assert told.server.product == "Apache Derby" and told.tls.version in ("TLSv1.2", "TLSv1.3")
    seen = told.tls.certificate
    assert seen is not None and seen.self_signed and not seen.trusted and seen.name_fits
    assert set(seen.hosts) == {"localhost", "127.0.0.1"}
    # Java and OpenSSL read the same dates and fingerprint out of it.
    der = ssl.PEM_cert_to_DER_cert(secured.certificate.read_text())
    printed = subprocess.run(
        ["openssl", "x509", "-inform", "DER", "-noout", "-enddate", "-startdate", "-fingerprint", "-sha256"],
        input=der,
        capture_output=True,
        check=True,
    ).stdout.decode()
    dates = dict(line.split("=", 1) for line in printed.splitlines())
    assert seen.not_after is not None and seen.not_before is not None
    assert seen.not_after.timestamp() == ssl.cert_time_to_seconds(dates["notAfter"])
    assert seen.not_before.timestamp() == ssl.cert_time_to_seconds(dates["notBefore"])
    assert seen.fingerprint in printed
    # In clear there is a twin with TLS.
    assert len(report.drda) == 2 and "no-tls" not in codes(report)


@pytest.mark.parametrize(
    ("persona", "product"),
    [
        ("luw", "Db2 for Linux, UNIX and Windows"),
        ("ibmi", "Db2 for i"),
        ("zos", "Db2 for z/OS"),
        ("derby", "Apache Derby"),
    ],
)
def test_our_server(persona: server.Persona, product: str) -> None:
    tables = {"T": pa.table({"A": [1]})}
    with server.serve(tables=tables, engine="tables", persona=persona) as running:
        report = look(running.port)
        told = report[running.port].server
        assert told is not None and told.product == product
        assert f"{running.port} DRDA, {product}" in repr(report)
        assert product in report._repr_html_()


def test_a_certificate_by_openssl(lab: Lab, certificate: tuple[Path, Path]) -> None:
    """`openssl s_server` has no DRDA behind it; its certificate is judged on a port of DRDA only."""
    cert, key = certificate
    port = free_port()
    command = ["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-cert", cert, "-key", key, "-quiet", "-www"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            deadline = time.monotonic() + 20
            while look(port)[port].state != "open":
                assert time.monotonic() < deadline
            report = look(port)
        finally:
            process.kill()
    told = report[port]
    assert told.service == "HTTP" and told.tls is not None and told.tls.certificate is not None
    seen = told.tls.certificate
    assert (seen.subject, seen.hosts) == ("O=Lab, CN=db.example", ("db.example",))
    assert not seen.name_fits and seen.self_signed
    assert codes(report) == set() and report.drda == ()


def test_web_servers(web: HTTPServer, certificate: tuple[Path, Path]) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    with HTTPServer(("127.0.0.1", 0), Hello) as secure:
        secure.socket = context.wrap_socket(secure.socket, server_side=True)
        threading.Thread(target=secure.serve_forever, daemon=True).start()
        report = look(web.server_port, secure.server_port)
        secure.shutdown()
    plain, behind = report[web.server_port], report[secure.server_port]
    assert (plain.service, plain.tls) == ("HTTP", None)
    assert behind.service == "HTTP" and behind.tls is not None and behind.tls.version == "TLSv1.3"


def test_ports_that_are_no_drda() -> None:
    closed = free_port()
    with Banner(b"SSH-2.0-OpenSSH_9.2p1\r\n") as ssh, Silent() as silent, Banner(answer=b"\0\x10\xd0\x03\0\x01" * 99) as bad:
        report = look(closed, ssh.port, silent.port, bad.port)
    assert (report[closed].state, report[closed].service) == ("refused", None)
    assert report[ssh.port].service == "SSH"
    assert report[silent.port].service == report[bad.port].service == "unknown"
    assert [port.port for port in report] == sorted([ssh.port, silent.port, bad.port])
    assert report.drda == report.advice == ()
    with pytest.raises(KeyError):
        report[1]


def test_the_usual_ports() -> None:
    report = drdarrow.probe("127.0.0.1", timeout=ALLOWED)
    numbers = [446, 447, 448, 449, 1527, *range(8470, 8477), *range(9470, 9477), 50000, 50001]
    assert [port.port for port in report.ports] == numbers and all(port.usual for port in report.ports)


def test_no_name_and_no_password_is_sent(lab: Lab) -> None:
    with Proxy(lab.port) as proxy:
        look(proxy.port)
        sent = bytes(proxy.sent)
        commands = list(proxy.commands)
    assert commands and set(commands) <= {0x1041, 0x106D}, "EXCSAT and ACCSEC alone"
    for name in {os.environ.get("USER") or "root", "app", "APP"}:
        assert name.encode() not in sent and name.encode("cp037") not in sent


def test_a_database_may_be_named(lab: Lab) -> None:
    with Proxy(lab.port) as proxy:
        report = look(proxy.port, database="LAB")
        assert "LAB".encode("cp500") in bytes(proxy.sent)
    assert report.drda and report.drda[0].server is not None and report.drda[0].server.mechanisms


def test_what_cannot_be_meant() -> None:
    for arguments in ({"host": "http://x"}, {"host": ""}, {"host": "h", "ports": [0]}, {"host": "h", "timeout": 0.0}):
        with pytest.raises(drdarrow.InterfaceError):
            drdarrow.probe(**arguments)
    with pytest.raises(drdarrow.OperationalError) as caught:
        drdarrow.probe("no.such.host.invalid")
    assert caught.value.phase == "dns"
    with pytest.raises(OverflowError):
        drdarrow.probe("h", [70_000])


def test_a_report_does_not_change(lab: Lab) -> None:
    report = look(lab.port)
    with pytest.raises(dataclasses.FrozenInstanceError):
        report.host = "x"  # type: ignore[misc]
    told = report.drda[0].server
    assert told is not None
    with pytest.raises(TypeError):
        told.managers["SQLAM"] = 1  # type: ignore[index]


def test_awaited_and_cancelled(lab: Lab) -> None:
    async def main() -> None:
        report = await aio.probe("127.0.0.1", [lab.port])
        assert len(report.drda) == 1
        with Silent() as silent:
            start = time.monotonic()
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(aio.probe("127.0.0.1", [silent.port], 60), 0.3)
            assert time.monotonic() - start < 5

    asyncio.run(main())


def test_ctrl_c(script) -> None:
    with Silent() as silent:
        run: Script = script(
            """
            import sys, drdarrow
            print("looking", flush=True)
            try:
                drdarrow.probe("127.0.0.1", [int(sys.argv[1])], 60)
            except KeyboardInterrupt:
                print("interrupted")
            """,
            silent.port,
        )
        assert run.line() == "looking"
        deadline = time.monotonic() + 20
        while not silent.accepted:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        run.process.send_signal(signal.SIGINT)
        assert run.end(10)[:2] == (0, "interrupted\n")


def command(*arguments: object) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "drdarrow", "probe", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=50,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "COLUMNS": "200", "NO_COLOR": "1"},
    )
    return done.returncode, done.stdout + done.stderr


def test_the_command(lab: Lab, certificate: tuple[Path, Path]) -> None:
    code, text = command(f"127.0.0.1:{lab.port}")
    assert code == 0 and f"{lab.port}" in text and "DRDA, Apache Derby 10.14." in text and "SECMEC 3" in text
    code, text = command("127.0.0.1", "--port", lab.port, "--port", free_port(), "--json")
    assert code == 0 and [port["state"] for port in json.loads(text)["ports"]].count("open") == 1
    code, text = command("127.0.0.1", "--port", free_port(), "--timeout", "1")
    assert code == 1 and "refused" in text and "no DRDA server was found" in text
    code, text = command("no.such.host.invalid")
    assert code == 1 and "cannot resolve" in text
    for wrong in ("127.0.0.1:x", "127.0.0.1:0", "[::1"):
        code, text = command(wrong)
        assert code == 1 and "expected" in text or "number" in text, wrong


def test_the_command_warns(certificate: tuple[Path, Path], lab: Lab) -> None:
    """A certificate that ends in ten days."""
    from test_tls import Terminator

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    with Terminator(lab.port, context) as front:
        code, text = command(f"127.0.0.1:{front.port}")
    assert code == 2 and re.search("ends in (9|10) days", text) and "db.example" in text, text


def test_ipv6(lab: Lab) -> None:
    """An address in brackets, as the command takes it; the first address of a name may be the wrong one."""
    if not socket.has_ipv6:
        pytest.fail("this machine has no IPv6")
    port = free_port()
    code, text = command(f"[::1]:{port}", "--timeout", "1")
    assert code == 1 and str(port) in text
    assert look(lab.port, host="localhost").drda
