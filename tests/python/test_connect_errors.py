"""Everything that can stand in the way of a connection, and the words for it."""

import math
import time

import pytest
from conftest import SLACK, Lab
from derby import free_port
from peers import Banner, Proxy, Silent

import drdarrow
from drdarrow import server


def failure(*arguments, **settings) -> drdarrow.Error:
    with pytest.raises(drdarrow.Error) as caught:
        drdarrow.connect(*arguments, **settings).close()
    error = caught.value
    for name in ("sqlstate", "sqlcode", "phase", "peer", "reply", "hint", "connection_usable", "retryable"):
        assert hasattr(error, name)
    return error


def test_nothing_listens() -> None:
    port = free_port()
    start = time.monotonic()
    error = failure(f"drda://app@127.0.0.1:{port}/LAB", timeout=15)
    assert time.monotonic() - start < 0.2 * SLACK
    assert type(error) is drdarrow.OperationalError
    assert (error.sqlstate, error.phase) == ("08001", "tcp")
    assert f"127.0.0.1:{port}" in str(error) and "refused" in str(error).lower()
    assert "446" in str(error) + (error.hint or "")  # the usual ports


def test_a_host_without_an_address() -> None:
    start = time.monotonic()
    error = failure("drda://app@no-such-host.invalid:1527/LAB", timeout=5)
    assert time.monotonic() - start < 5 + 2
    assert type(error) is drdarrow.OperationalError
    assert (error.sqlstate, error.phase) == ("08001", "dns")
    assert "no-such-host.invalid" in str(error)


@pytest.mark.parametrize("timeout", [0.3, 1])
def test_a_silent_server(timeout: float) -> None:
    with Silent() as silent:
        start = time.monotonic()
        error = failure(f"drda://app@127.0.0.1:{silent.port}/LAB", timeout=timeout)
        elapsed = time.monotonic() - start
    assert timeout * 0.9 <= elapsed < timeout + 0.3 * SLACK
    assert type(error) is drdarrow.OperationalError
    assert (error.sqlstate, error.phase) == ("08001", "exchange")
    assert "no DRDA reply" in str(error) or "no answer" in str(error)


def test_a_server_that_falls_silent_in_the_login(lab: Lab, proxy: Proxy) -> None:
    proxy.hold()
    start = time.monotonic()
    error = failure(lab.uri(proxy.port), timeout=0.5)
    assert time.monotonic() - start < 0.5 + 0.3 * SLACK
    assert error.sqlstate == "08001"


@pytest.mark.parametrize(
    ("greeting", "answer", "words"),
    [
        (b"", b"HTTP/1.1 400 Bad Request\r\nServer: x\r\nConnection: close\r\n\r\n", "HTTP"),
        (b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n", b"", "SSH"),
        (b"220 mail.example.org ESMTP\r\n", b"", "SMTP"),
        (b"", b"\x15\x03\x01\x00\x02\x02\x46", "TLS"),
        (b"", b"\x15\x03\x03\x00\x02\x02\x32", "TLS"),
        (b"", b"-ERR unknown command\r\n", "Redis"),
        (b"J\x00\x00\x00\x0a8.0.35\x00\x08\x00\x00\x00" + bytes(60), b"", "MySQL"),
        (b"", b"E\x00\x00\x00\x8cSFATAL\x00VFATAL\x00C0A000\x00Munsupported frontend protocol\x00\x00", "PostgreSQL"),
        (b"", b"\x04\x01\x00\x25\x00\x00\x01\x00" + bytes(29), "TDS"),
        (b"", b"\x00\x01\x02", "\\x00\\x01\\x02"),
        (b"hi\n", b"", "hi\\n"),
    ],
    ids=["http", "ssh", "smtp", "tls1.0", "tls1.2", "redis", "mysql", "postgresql", "tds", "nonsense", "short"],
)
def test_another_protocol_on_the_port(greeting: bytes, answer: bytes, words: str) -> None:
    with Banner(greeting, answer) as other:
        start = time.monotonic()
        # Three bytes may become a frame yet: those are waited for.
        limit = 1 if greeting == b"hi\n" else 10
        error = failure(f"drda://app@127.0.0.1:{other.port}/LAB", timeout=limit)
        assert time.monotonic() - start < 9  # not the timeout: the bytes said enough
    assert type(error) is drdarrow.OperationalError
    assert error.sqlstate == "08001"
    assert words in str(error) + (error.hint or "")


def test_a_server_that_closes_at_once() -> None:
    with Banner(answer=b"") as closing:
        closing.serve = lambda client: client.close()  # type: ignore[method-assign]
        error = failure(f"drda://app@127.0.0.1:{closing.port}/LAB", timeout=10)
    assert type(error) is drdarrow.OperationalError
    assert (error.sqlstate, error.phase) == ("08001", "exchange")
    assert "closed the connection" in str(error) and "tls=require" in str(error)


def test_no_such_database(lab: Lab) -> None:
    """Derby: SECCHKRM 0, then RDBNFNRM with an SQLCARD -40001 / 08004."""
    error = failure(host="127.0.0.1", port=lab.port, database="NOSUCHDB", user="app", timeout=10)
    assert type(error) is drdarrow.OperationalError
    assert error.sqlstate == "08004"
    assert error.phase == "access"
    assert error.reply == "RDBNFNRM"
    assert "NOSUCHDB" in str(error)
    assert error.connection_usable is False


@pytest.mark.parametrize(
    "database",
    ["", " ", "a" * 256, "a;create=true", "a:b", "a\0b"],
    ids=["empty", "blank", "long", "semicolon", "colon", "nul"],
)
def test_a_database_name_that_cannot_be(database: str) -> None:
    error = failure(host="127.0.0.1", port=free_port(), database=database, user="app", timeout=5)
    assert type(error) is drdarrow.InterfaceError
    assert "database" in str(error).lower()


@pytest.mark.parametrize(
    ("uri", "words"),
    [
        ("db2://h/d", "drda://h:446/d"),
        ("jdbc:db2://h:50000/SAMPLE:user=ann;password=x;sslConnection=true;", "drda://ann@h:50000/SAMPLE?tls=require"),
        ("DATABASE=SAMPLE;HOSTNAME=h;PORT=50000;UID=ann;PWD=x", "drda://ann@h:50000/SAMPLE"),
        ("127.0.0.1:1527/LAB", "drda://"),
        ("drda://127.0.0.1", "database"),
        ("drda://127.0.0.1/", "database"),
        ("drda://h:0/d", "port"),
        ("drda://h:65536/d", "port"),
        ("drda://h:446x/d", "port"),
        ("drda://::1/d", "bracket"),
        ("drda://http://h/d", "host"),
        ("drda://h/d?tiemout=3", "did you mean timeout"),
        ("drda://h/d?timeout=3&timeout=4", "twice"),
        ("drda://h/d?isolation=serializable", "isolation"),
        ("drda://h/d?timeout", "key=value"),
        ("drda://h/d?autocommit=maybe", "autocommit"),
        ("drda://h/d?user=x", "user"),
    ],
)
def test_bad_uris(uri: str, words: str) -> None:
    error = failure(uri)
    assert type(error) is drdarrow.InterfaceError
    assert words in str(error)


@pytest.mark.parametrize(
    ("name", "ours"),
    [
        ("uri", 'connect("drda://'),
        ("dsn", 'connect("drda://'),
        ("username", "called user"),
        ("pwd", "called password"),
        ("hostname", "called host"),
        ("dbname", "called database"),
    ],
)
def test_names_of_other_clients_are_answered_with_ours(name: str, ours: str) -> None:
    secret = "geheim"
    for connect in (drdarrow.connect, drdarrow.connect_files):
        with pytest.raises(drdarrow.InterfaceError) as caught:
            connect(**{name: secret})
        assert ours in str(caught.value)
        assert secret not in str(caught.value)


def test_a_jdbc_url_is_recognised_for_files_too() -> None:
    for open_it in (drdarrow.connect_files, drdarrow.open_file):
        with pytest.raises(drdarrow.InterfaceError, match="JDBC URL of JTOpen; the same here is drda://ann@box:446/") as caught:
            open_it("jdbc:as400://box;user=ann;password=geheim")
        assert "geheim" not in str(caught.value)


@pytest.mark.parametrize("timeout", [0, -1, math.nan, 1e300, math.inf, "soon"])
@pytest.mark.parametrize("name", ["timeout", "statement_timeout"])
def test_bad_time_limits(name: str, timeout: float) -> None:
    with pytest.raises((drdarrow.InterfaceError, TypeError)) as caught:
        drdarrow.connect(f"drda://app@127.0.0.1:{free_port()}/LAB", **{name: timeout})
    assert name in str(caught.value) or isinstance(caught.value, TypeError)


@pytest.mark.parametrize(
    "settings",
    [
        {"port": 0},
        {"port": 65536},
        {"port": -1},
        {"host": "http://localhost"},
        {"host": ""},
        {"host": "localhost:446"},
        {"host": "[::1]:446"},
        {"host": "local\0host"},
        {"security": "strong"},
        {"isolation": "snapshot"},
        {"block_size": 1},
        {"block_size": 1 << 40},
        {"nonsense": 1},
    ],
)
def test_bad_settings(settings: dict) -> None:
    good = {"host": "127.0.0.1", "port": free_port(), "database": "LAB", "user": "app"}
    with pytest.raises((drdarrow.InterfaceError, TypeError, OverflowError)):
        drdarrow.connect(**{**good, **settings})


def test_a_uri_and_a_name_that_disagree() -> None:
    with pytest.raises((drdarrow.InterfaceError, TypeError)):
        drdarrow.connect("drda://app@127.0.0.1:1/LAB", database="OTHER", host="localhost", port=2)


def test_a_clear_text_password_stays_at_home() -> None:
    """To another machine than this one a password is not sent in clear unasked: refused before the first byte."""
    error = failure(
        host="192.0.2.1", port=446, database="LAB", user="app", password="not-shown", security="password", timeout=1
    )
    assert type(error) in (drdarrow.InterfaceError, drdarrow.OperationalError)
    assert "not-shown" not in str(error)


def test_a_password_that_fits_no_mechanism(lab: Lab) -> None:
    assert type(failure(lab.uri(), security="substitute", timeout=5)) is drdarrow.InterfaceError


@pytest.mark.parametrize("persona", ["luw", "ibmi", "zos", "derby"])
def test_no_such_database_of_any_product(persona: str) -> None:
    """The refusal comes before the server has said in which environment it writes."""
    with server.serve(persona=persona, engine="tables", database="SAMPLE", users={"app": "pw"}) as other:
        error = failure(host="127.0.0.1", port=other.port, database="OTHER", user="app", password="pw", timeout=10)
    assert type(error) is drdarrow.OperationalError
    assert (error.sqlstate, error.phase, error.reply) == ("08004", "access", "RDBNFNRM")
    assert error.sqlcode == (-20001 if persona == "derby" else -30061)
    assert "OTHER" in str(error) and "WRKRDBDIRE" in str(error)


def test_a_password_that_was_forgotten() -> None:
    """The error asks for a password; it is not about leave for a weaker mechanism."""
    with server.serve(users={"app": "pw"}, engine="tables") as other:
        error = failure(other.uri, timeout=10)
    assert (error.sqlstate, error.phase) == ("08001", "security")
    assert "no password was given" in str(error) and "allow" not in str(error)
