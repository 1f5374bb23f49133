"""TLS against software that is not ours: Derby's own TLS (Java's), and OpenSSL in front of a Derby in clear."""

import asyncio
import hashlib
import shutil
import socket
import ssl
import subprocess
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from conftest import Lab, Script
from derby import Derby
from peers import Listener, Proxy

import drdarrow
from drdarrow import aio

# What is wrong is said at once: far from the 15 seconds of a connection.
AT_ONCE = 5


def fingerprint(pem: Path) -> str:
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem.read_text())).hexdigest()


def failure(uri: str, **settings: object) -> drdarrow.Error:
    start = time.monotonic()
    with pytest.raises(drdarrow.Error) as caught:
        drdarrow.connect(uri, **settings).close()
    assert time.monotonic() - start < AT_ONCE
    return caught.value


def refused(uri: str, **settings: object) -> str:
    """The words of a connection that TLS did not let come about."""
    error = failure(uri, **settings)
    assert type(error) is drdarrow.OperationalError
    assert (error.phase, error.sqlstate, error.connection_usable) == ("tls", "08001", False), error
    return str(error)


@pytest.fixture(scope="module")
def secured() -> Iterator[Lab]:
    """A Derby that speaks TLS and wants a password."""
    with Derby(auth="builtin", ssl="dns:localhost,ip:127.0.0.1") as server:
        attributes = {"create": "true"}
        settings = {"password": "app", "attributes": attributes, "tls_ca": server.certificate, "timeout": 15}
        with drdarrow.connect(server.uri("LAB"), **settings) as connection:
            connection.execute("CREATE TABLE T (ID INTEGER, V VARCHAR(2000))")
            connection.cursor().executemany("INSERT INTO T VALUES (?, ?)", ((i, f"{i}é" * 300) for i in range(3000)))
        yield Lab(server)


@pytest.fixture
def certificate(secured: Lab) -> Path:
    return secured.server.certificate


Make = Callable[..., tuple[Path, Path]]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """`make(name, *extensions)`: a self-signed certificate and its key, by OpenSSL."""
    command = shutil.which("openssl")
    assert command, "openssl was not found"

    def made(name: str, *extensions: str) -> tuple[Path, Path]:
        cert, key = tmp_path / f"{name}.pem", tmp_path / f"{name}.key"
        request = [command, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}"]
        for extension in extensions:
            request += ["-addext", extension]
        subprocess.run([*request, "-out", cert, "-keyout", key], check=True, capture_output=True)
        return cert, key

    return made


class Terminator(Listener):
    """OpenSSL in front of a server in clear."""

    def __init__(self, upstream: int, context: ssl.SSLContext) -> None:
        self._upstream, self._context = upstream, context
        super().__init__()

    def serve(self, client: socket.socket) -> None:
        with self._context.wrap_socket(client, server_side=True) as stream:
            server = socket.create_connection(("127.0.0.1", self._upstream))
            self._open += [stream, server]
            threading.Thread(target=self._down, args=(server, stream), daemon=True).start()
            while data := stream.recv(65536):
                server.sendall(data)
            server.shutdown(socket.SHUT_WR)

    def _down(self, server: socket.socket, stream: ssl.SSLSocket) -> None:
        try:
            while data := server.recv(65536):
                stream.sendall(data)
        except OSError:
            pass


def test_an_authority_of_our_own(secured: Lab, certificate: Path) -> None:
    with secured.connect(password="app", tls_ca=certificate) as connection:
        told = connection.tls
        assert told is not None and told["verified"] is True and told["version"] == "TLSv1.3"
        assert told["cipher"] in {cipher["name"] for cipher in ssl.create_default_context().get_ciphers()}
        assert told["fingerprint"].replace(":", "").lower() == fingerprint(certificate)
        rows = connection.execute("SELECT ID, V FROM T ORDER BY ID").fetchall()
    assert rows == [(i, f"{i}é" * 300) for i in range(3000)]
    # By name, in the URI, and without saying that the path is one.
    uri = f"drda://app@localhost:{secured.port}/LAB?tls=require&tls_ca={certificate}"
    with drdarrow.connect(uri, password="app", timeout=15) as connection:
        assert connection.tls is not None


def test_the_authorities_of_the_system(secured: Lab, certificate: Path, script: Callable[..., Script]) -> None:
    done = script(
        """
        import os, sys
        os.environ["SSL_CERT_FILE"] = sys.argv[2]  # in place of the system's file, as OpenSSL has it
        import drdarrow
        with drdarrow.connect(sys.argv[1], password="app", tls="require") as connection:
            print(connection.tls["verified"], connection.execute("SELECT COUNT(*) FROM T").fetchone()[0])
        """,
        secured.uri(),
        certificate,
    )
    assert done.end() == (0, "True 3000\n", "")


def test_async(secured: Lab, certificate: Path) -> None:
    async def main() -> None:
        async with aio.connect(secured.uri(), password="app", tls_ca=certificate) as connection:
            assert connection.tls is not None and connection.tls["verified"]
            cursor = await connection.execute("SELECT COUNT(*) FROM T")
            assert await cursor.fetchone() == (3000,)

    asyncio.run(main())


def test_a_pinned_certificate(secured: Lab, certificate: Path) -> None:
    pin = fingerprint(certificate)
    for written in (pin, pin.upper(), ":".join(pin[i : i + 2] for i in range(0, 64, 2))):
        with secured.connect(password="app", tls_fingerprint=written, tls_server_name="any.example") as connection:
            assert connection.tls is not None and connection.tls["verified"] is True
    other = hashlib.sha256(b"another").hexdigest()
    assert "tls_fingerprint" in refused(secured.uri(), password="app", tls_fingerprint=other)


def test_a_certificate_without_names(tmp_path: Path) -> None:
    with Derby(ssl="") as server:
        uri = server.uri("memory:n", attributes="create=true")
        words = refused(uri, tls_ca=server.certificate)
        assert "(CN=Derby) names no host at all" in words
        pin = words.split("tls_fingerprint=")[1].rstrip(")")
        assert pin.replace(":", "").lower() == fingerprint(server.certificate)
        with drdarrow.connect(uri, tls_fingerprint=pin) as connection:
            assert connection.execute("VALUES 1").fetchone() == (1,)


def test_anybody_but_with_a_warning(secured: Lab) -> None:
    with pytest.warns(RuntimeWarning, match="not verified"):
        connection = secured.connect(password="app", tls="insecure")
    with connection:
        assert connection.tls is not None and connection.tls["verified"] is False
    with warnings.catch_warnings(), pytest.raises(RuntimeWarning):
        warnings.simplefilter("error")
        secured.connect(password="app", tls="insecure")


def test_whom_nobody_knows(secured: Lab, make: Make) -> None:
    other, _ = make("other", "subjectAltName=IP:127.0.0.1")
    for settings in ({"tls_ca": other}, {"tls": "require"}, {"tls": True}):
        words = refused(secured.uri(), password="app", **settings)
        assert "(CN=Derby) is self-signed and not trusted" in words and "tls_ca=" in words


def test_another_name(secured: Lab, certificate: Path) -> None:
    words = refused(secured.uri(), password="app", tls_ca=certificate, tls_server_name="db.example")
    assert 'not for "db.example" but for localhost, 127.0.0.1' in words


def test_the_wrong_port(secured: Lab, lab: Lab, certificate: Path) -> None:
    words = refused(lab.uri(), tls_ca=certificate)
    assert "did not answer with TLS; it may be the plain port" in words and "448" in words
    words = refused(secured.uri(), password="app")
    assert "looks like TLS" in words and "tls=require" in words and "448" in words
    with secured.connect(password="app", tls=True, tls_ca=certificate):
        pass
    with lab.connect(tls=False) as connection:
        assert connection.tls is None


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_certificate_of_the_client(lab: Lab, make: Make, version: ssl.TLSVersion) -> None:
    cert, key = make("server", "subjectAltName=IP:127.0.0.1", "basicConstraints=critical,CA:FALSE")
    client, client_key = make("client", "basicConstraints=critical,CA:FALSE")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = context.maximum_version = version
    context.load_cert_chain(cert, key)
    context.load_verify_locations(client)
    context.verify_mode = ssl.CERT_REQUIRED
    with Terminator(lab.port, context) as front:
        uri = lab.uri(front.port)
        with drdarrow.connect(uri, tls_ca=cert, tls_cert=client, tls_key=client_key) as connection:
            assert connection.tls is not None
            assert connection.tls["version"] == ("TLSv1.2" if version == ssl.TLSVersion.TLSv1_2 else "TLSv1.3")
            assert connection.execute("VALUES 1").fetchone() == (1,)
        words = refused(uri, tls_ca=cert)
        assert "refused the TLS connection" in words and "tls_cert=" in words


def test_an_authority_that_serves_itself(lab: Lab, make: Make) -> None:
    """`openssl req -x509` makes a certificate of an authority by default. It can be pinned."""
    cert, key = make("server", "subjectAltName=IP:127.0.0.1")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    with Terminator(lab.port, context) as front:
        words = refused(lab.uri(front.port), tls_ca=cert)
        assert "is that of an authority" in words and "tls_fingerprint=" in words
        with drdarrow.connect(lab.uri(front.port), tls_fingerprint=fingerprint(cert)) as connection:
            assert connection.execute("VALUES 1").fetchone() == (1,)


def test_an_old_protocol_is_named(lab: Lab, make: Make) -> None:
    cert, key = make("server", "subjectAltName=IP:127.0.0.1")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    # A key exchange without forward secrecy.
    context.set_ciphers("AES128-SHA256")
    context.load_cert_chain(cert, key)
    with Terminator(lab.port, context) as front:
        words = refused(lab.uri(front.port), tls_fingerprint=fingerprint(cert))
    assert "alert HandshakeFailure" in words and "TLS 1.2 and 1.3" in words


def test_a_connection_that_is_cut(secured: Lab, certificate: Path) -> None:
    with Proxy(secured.port) as between:
        connection = secured.connect(between.port, password="app", tls_ca=certificate)
        cursor = connection.execute("SELECT * FROM T A, T B")
        assert cursor.fetchone() is not None
        between.cut()
        with pytest.raises(drdarrow.OperationalError) as caught:
            cursor.fetchall()
        assert caught.value.sqlstate in ("08006", "08003") and not caught.value.connection_usable
        connection.close()


def test_secrets_do_not_show(secured: Lab, lab: Lab, certificate: Path) -> None:
    """User id and password go in clear inside TLS; outside nothing of them is to be seen. Without TLS all of it is."""
    for server, settings in ((secured, {"tls_ca": certificate}), (lab, {})):
        with Proxy(server.port) as between:
            uri = server.uri(between.port, user="lab")
            with drdarrow.connect(uri, password="labpw", security="password", **settings) as connection:
                assert connection.server["secmec"] == 3
            sent = bytes(between.sent)
        assert len(sent) > 200
        for text in ("labpw", "LAB"):
            assert (text.encode() in sent or text.encode("cp500") in sent) == (server is lab)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"tls": "on"}, "tls"),
        ({"tls": False, "tls_ca": "x.pem"}, "contradicts tls=off"),
        ({"tls": "insecure", "tls_ca": "x.pem"}, "contradicts tls=insecure"),
        ({"tls_cert": "x.pem"}, "tls_key"),
        ({"tls_fingerprint": "1234"}, "64 hexadecimal digits"),
        ({"tls_ca": "/nonexistent/x.pem"}, "tls_ca: /nonexistent/x.pem cannot be read"),
        ({"tls_ca": Path(__file__)}, "holds no certificate"),
        ({"tls_cert": Path(__file__), "tls_key": "x"}, "tls_cert"),
        ({"tls_ca": 7}, "expected a path"),
        ({"tls_server_name": "not a name"}, "not a name that a certificate can have"),
    ],
)
def test_settings_that_cannot_be_meant(settings: dict, words: str) -> None:
    error = failure("drda://app@127.0.0.1:1/LAB", **settings)
    assert type(error) is drdarrow.InterfaceError
    assert words in str(error) and error.phase == "config"
