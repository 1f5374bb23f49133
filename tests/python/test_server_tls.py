"""The server of the package behind TLS."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pyarrow as pa
import pytest

import drdarrow
import drdarrow.aio
from drdarrow import server

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


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"tls_certificate": "no such.pem"}, "together"),
        ({"tls_client_ca": "no such.pem"}, "together"),
        ({"tls_certificate": "no such.pem", "tls_key": "no such.key"}, "no such.pem"),
        ({"tls_certificate": __file__, "tls_key": __file__}, "certificate"),
    ],
)
def test_what_cannot_be_meant(settings: dict, words: str):
    with pytest.raises(drdarrow.InterfaceError, match=words):
        server.serve(tables=TABLES, **settings)
