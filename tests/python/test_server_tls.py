"""The server of the package behind TLS."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pyarrow as pa
import pytest
from authority import Authority

import drdarrow
import drdarrow.aio
from drdarrow import server

PEM = {"tls_certificate": "c.pem", "tls_key": "k.pem", "tls_client_ca": "ca.pem"}
TABLES = {"T": pa.table({"N": pa.array([1, 2, 3], pa.int32())})}


@pytest.mark.parametrize("persona", ["luw", "ibmi", "zos", "derby"])
def test_its_address_pins_its_certificate(pem: tuple[Path, Path], persona: server.Persona):
    with server.serve(tables=TABLES, persona=persona, tls_certificate=pem[0], tls_key=pem[1]) as srv:
        assert "tls_fingerprint=" in srv.uri
        with drdarrow.connect(srv.uri) as connection:
            assert connection.tls and connection.tls["version"] == "TLSv1.3"
            assert connection.execute("SELECT N FROM T ORDER BY N").fetchall() == [(1,), (2,), (3,)]
        with srv.connect() as connection:
            assert connection.tls
        with srv.connect(tls_fingerprint=None, tls_ca=pem[0], host="localhost") as connection:
            assert connection.tls


def test_a_password_in_clear_goes_over_it(pem: tuple[Path, Path]):
    with (
        server.serve(tables=TABLES, users={"ada": "s3cret"}, tls_certificate=pem[0], tls_key=pem[1]) as srv,
        srv.connect(password="s3cret", security="password") as connection,
    ):
        assert connection.execute("SELECT COUNT(*) FROM T").fetchone() == (3,)


def test_async(pem: tuple[Path, Path]):
    async def run(uri: str) -> list[tuple[int]]:
        async with drdarrow.aio.connect(uri) as connection:
            cursor = connection.cursor()
            await cursor.execute("SELECT N FROM T ORDER BY N")
            return await cursor.fetchall()

    with server.serve(tables=TABLES, tls_certificate=pem[0], tls_key=pem[1]) as srv:
        assert asyncio.run(run(srv.uri)) == [(1,), (2,), (3,)]


def test_a_client_in_clear_is_told(pem: tuple[Path, Path]):
    with (
        server.serve(tables=TABLES, tls_certificate=pem[0], tls_key=pem[1]) as srv,
        pytest.raises(drdarrow.OperationalError, match="TLS"),
    ):
        drdarrow.connect(srv.uri.partition("?")[0])


def test_a_client_without_a_certificate_is_not_let_in(pem: tuple[Path, Path]):
    with server.serve(tables=TABLES, tls_certificate=pem[0], tls_key=pem[1], tls_client_ca=pem[0]) as srv:
        with pytest.raises(drdarrow.OperationalError):
            srv.connect()


def test_a_certificate_is_bound_to_its_user(tmp_path: Path):
    authority = Authority(tmp_path, "ca")
    certificate, key = authority.issue("IP:127.0.0.1,DNS:localhost,email:ann@example.org")
    users = {"server": "x1", "ann": "x1", "bob": "x1"}
    ours = {"tls_certificate": certificate, "tls_key": key, "tls_client_ca": authority.certificate}
    theirs = {"tls_ca": authority.certificate, "tls_cert": certificate, "tls_key": key, "tls_fingerprint": None}
    for rule, good in [("cn", "server"), ({"ann@example.org": "ann", "other": "bob"}, "ann")]:
        with server.serve(tables=TABLES, users=users, tls_client_users=rule, **ours) as srv:
            with srv.connect(user=good, password="x1", **theirs) as connection:
                assert connection.execute("SELECT COUNT(*) FROM T").fetchone() == (3,)
            for bad in users.keys() - {good}:
                with pytest.raises(drdarrow.OperationalError, match="refuse") as caught:
                    srv.connect(user=bad, password="x1", **theirs)
                assert caught.value.sqlstate == "08004"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"tls_certificate": "no such.pem"}, "together"),
        ({"tls_client_ca": "no such.pem"}, "together"),
        ({"tls_client_users": "cn"}, "tls_client_ca"),
        (PEM | {"tls_client_users": "CN"}, "mapping"),
        (PEM | {"tls_client_users": {"a": 1}}, "mapping"),
        ({"tls_certificate": "no such.pem", "tls_key": "no such.key"}, "no such.pem"),
        ({"tls_certificate": __file__, "tls_key": __file__}, "certificate"),
    ],
)
def test_what_cannot_be_meant(settings: dict, words: str):
    with pytest.raises(drdarrow.InterfaceError, match=words):
        server.serve(tables=TABLES, **settings)
