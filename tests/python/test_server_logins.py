"""Before and around the login of a server: who may send a password how, and what idle clients cost."""

from __future__ import annotations

import socket
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pytest
from apart import apart
from conftest import SLACK
from serving import dsn

import drdarrow
from drdarrow import server

TABLE = pa.table({"A": pa.array([1, 2, 3], pa.int32())})
USERS = {"user": "secret"}


@pytest.fixture(scope="module")
def elsewhere() -> str:
    """An address of this machine that is not the loopback: to the server, that of another machine."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("203.0.113.1", 9))
        except OSError:
            pytest.skip("this machine has no address but the loopback")
        return str(probe.getsockname()[0])


@contextmanager
def open_to_all(**settings: object) -> Iterator[server.Server]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        running = server.serve(tables={"T": TABLE}, host="0.0.0.0", users=USERS, **settings)  # type: ignore[arg-type]
    with running:
        yield running


def connect(host: str, port: int, **settings: object) -> drdarrow.Connection:
    about = {"host": host, "port": port, "user": "user", "password": "secret", "database": "SAMPLE", "timeout": 30}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return drdarrow.connect(**{**about, **settings})


@pytest.mark.parametrize("persona", ["luw", "ibmi", "zos", "derby"])
def test_a_server_for_other_machines_without_tls_warns(persona: server.Persona, pem: tuple[Path, Path]) -> None:
    settings = {"tables": {}, "engine": "tables", "persona": persona, "users": USERS}
    with pytest.warns(RuntimeWarning, match="without TLS") as caught, server.serve(**settings, host="0.0.0.0"):
        pass
    assert len(caught) == 1 and caught[0].filename == __file__
    text = str(caught[0].message)
    assert "tls_certificate" in text and "allow_cleartext_password=True" in text
    assert ("nobody there can log in" in text) == (persona == "derby")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for quiet in (
            {"host": "127.0.0.1"},
            {"host": "::1"},
            {"host": "0.0.0.0", "allow_cleartext_password": True},
            {"host": "0.0.0.0", "tls_certificate": pem[0], "tls_key": pem[1]},
            {"host": "0.0.0.0", "users": None, "allow_anyone": True},
        ):
            server.serve(**{**settings, **quiet}).close()


@pytest.mark.parametrize("persona", ["luw", "ibmi", "zos"])
def test_clear_passwords_are_taken_on_private_lines_only(persona: server.Persona, elsewhere: str) -> None:
    clear = {"security": "password", "allow_cleartext_password": True}
    with open_to_all(persona=persona) as srv:
        with pytest.raises(drdarrow.Error, match=r"SECMEC 3\); it offers 9") as caught:
            connect(elsewhere, srv.port, **clear)
        assert (caught.value.sqlstate, caught.value.phase) == ("08001", "security")
        with pytest.raises(drdarrow.Error, match="DES"):
            connect(elsewhere, srv.port, security="encrypted-des", allow_cleartext_password=True)
        connect(elsewhere, srv.port, security="encrypted").close()
        # On the loopback the same server takes them.
        connect("127.0.0.1", srv.port, **clear).close()
        connect("127.0.0.1", srv.port, security="encrypted-des").close()
    with open_to_all(persona=persona, allow_cleartext_password=True) as srv:
        connect(elsewhere, srv.port, **clear).close()
        connect(elsewhere, srv.port, security="encrypted-des", allow_cleartext_password=True).close()


def test_derby_has_nothing_else(elsewhere: str) -> None:
    with open_to_all(persona="derby") as srv:
        for security in ("auto", "password", "substitute"):
            with pytest.raises(drdarrow.Error) as caught:
                connect(elsewhere, srv.port, security=security, allow_cleartext_password=True)
            assert (caught.value.sqlstate, caught.value.phase) == ("08001", "security"), security
            connect("127.0.0.1", srv.port, security=security).close()
    with open_to_all(persona="derby", allow_cleartext_password=True) as srv:
        connect(elsewhere, srv.port, allow_cleartext_password=True).close()


def test_ibms_driver_logs_in_from_elsewhere(elsewhere: str) -> None:
    with open_to_all() as srv:
        to = dsn(srv.port).replace("127.0.0.1", elsewhere)
        encrypted = to + "AUTHENTICATION=SERVER_ENCRYPT_AES;"
        assert apart("ibm.one", encrypted) == [(1,)]
        assert apart("ibm.one", dsn(srv.port)) == [(1,)]
    with open_to_all(allow_cleartext_password=True) as srv:
        assert apart("ibm.one", dsn(srv.port).replace("127.0.0.1", elsewhere)) == [(1,)]


def test_weak_hashes_of_ibm_i_are_asked_for_by_name(elsewhere: str) -> None:
    settings = {"engine": "tables", "persona": "ibmi", "files": {"A/B": TABLE}, "users": USERS, "host": "0.0.0.0"}
    with pytest.raises(drdarrow.InterfaceError, match="allow_cleartext_password"):
        server.serve(**settings, password_level=0)
    server.serve(**settings, password_level=0, allow_cleartext_password=True).close()
    server.serve(**{**settings, "host": "127.0.0.1"}, password_level=0).close()


@pytest.mark.parametrize("engine", ["duckdb", "tables"])
def test_work_of_a_client_that_asks_nothing_is_undone(engine: str) -> None:
    with server.serve(tables={"T": TABLE}, engine=engine, idle_timeout=0.5, max_connections=2) as srv:
        idle = srv.connect()
        idle.execute("DELETE FROM T")
        with srv.connect(autocommit=True) as c:
            limit = time.monotonic() + 3 * SLACK
            while time.monotonic() < limit:
                # Whoever asks stays.
                assert c.execute("SELECT COUNT(*) FROM T").fetchall() == [(3,)]
                try:
                    srv.connect().close()
                    break
                except drdarrow.Error:
                    time.sleep(0.1)
            else:
                raise AssertionError("the place of the idle client is not free")
            with pytest.raises(drdarrow.OperationalError):
                idle.execute("SELECT COUNT(*) FROM T").fetchall()
            assert c.execute("DELETE FROM T WHERE A = 1").rowcount == 1
            assert c.execute("SELECT COUNT(*) FROM T").fetchall() == [(2,)]


def test_locks_of_a_client_that_asks_nothing_are_given_up() -> None:
    with server.serve(persona="ibmi", engine="tables", files={"A/B": TABLE}, idle_timeout=0.5) as srv:
        idle = srv.connect_files()
        idle.lock("A/B")
        with srv.connect_files() as c:
            limit = time.monotonic() + 3 * SLACK
            while time.monotonic() < limit:
                try:
                    c.command("ALCOBJ OBJ((A/B *FILE *EXCL)) WAIT(0)")
                    break
                except drdarrow.Error:
                    time.sleep(0.1)
            else:
                raise AssertionError("the lock is still there")


@pytest.mark.parametrize("idle_timeout", [0, -1, float("nan")])
def test_idle_limits_that_mean_nothing_are_refused(idle_timeout: float) -> None:
    with pytest.raises(drdarrow.InterfaceError, match="idle_timeout"):
        server.serve(tables={}, engine="tables", idle_timeout=idle_timeout)
