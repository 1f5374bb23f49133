"""Secrets among Derby's connection attributes: where they go, and that nobody is shown them."""

from __future__ import annotations

import asyncio
import pickle
import socket
import threading
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from derby import Derby

import drdarrow
from drdarrow import aio, server

SECRET = "boot-geheim-4711"
ENCRYPTED = {"create": "true", "dataEncryption": "true", "bootPassword": SECRET}


async def awaited(uri: str, **settings: Any) -> None:
    await aio.connect(uri, **settings)


WAYS: list[Callable[..., Any]] = [drdarrow.connect, lambda uri, **settings: asyncio.run(awaited(uri, **settings))]


def shown(e: BaseException) -> str:
    return "".join([str(e), repr(e), repr(e.args), repr(vars(e)), *traceback.format_exception(e), repr(pickle.dumps(e.args))])


@pytest.fixture(scope="module")
def listening() -> Iterator[Derby]:
    with Derby(auth="builtin") as derby:
        yield derby


def spellings(secret: str) -> list[bytes]:
    return [secret.encode(), secret.encode("cp500"), secret.encode("utf-16-be"), secret.encode("utf-16-le")]


@pytest.mark.parametrize("security", ["auto", "password", "substitute"])
def test_an_encrypted_database_opens_and_accsec_has_a_secret_only_where_it_has_to(listening: Derby, security: str) -> None:
    sent: list[bytes] = []
    name = f"VAULT{security.upper()}"
    with Spy(listening.port, sent) as spy:
        uri = f"drda://app@127.0.0.1:{spy.port}/{name}"
        with drdarrow.connect(uri, password="app", attributes=ENCRYPTED, security=security, timeout=20) as connection:
            assert connection.execute("VALUES 1").fetchall() == [(1,)]
            assert SECRET not in repr(connection) + repr(connection.server)
            assert name in repr(connection)
        uri = f"{uri}?attributes=bootPassword%3D{SECRET}"
        with drdarrow.connect(uri, password="app", security=security, timeout=20) as connection:
            assert connection.execute("VALUES 1").fetchall() == [(1,)]
    frames = [frame for each in sent for frame in split(each)]
    carrying = {frame[8:10] for frame in frames if any(form in frame for form in spellings(SECRET))}
    # SECCHK, ACCRDB and the statements have to name the database so; EXCSAT has not, nor has ACCSEC.
    assert b"\x10\x6e" in carrying and b"\x20\x01" in carrying
    # Derby's substitute fails without a name in ACCSEC.
    assert (b"\x10\x6d" in carrying) == (security != "password")
    assert b"\x10\x41" not in carrying
    assert any(frame[8:10] == b"\x10\x6d" for frame in frames)


@pytest.mark.parametrize("way", WAYS, ids=["sync", "async"])
@pytest.mark.parametrize(
    ("database", "password", "attributes"),
    [
        ("NIX", "app", {"bootPassword": SECRET}),
        ("NIX", "app", {"BOOTPASSWORD": SECRET, "newEncryptionKey": SECRET}),
        ("NIX", "wrong", {"bootPassword": SECRET}),
        ("NIX", "app", {"create": "true", "dataEncryption": "true", "encryptionKey": SECRET}),
        ("NIX", "app", {"create": "true", "dataEncryption": "true", "bootPassword": "x"}),
        ("NIX", "app", {"password": SECRET}),
        ("NIX", "app", {"bootPassword": SECRET, "create": "maybe"}),
        ("NIX", "app", {"bootPassword": SECRET, "nonsense": "1"}),
    ],
)
def test_no_error_shows_a_secret(
    listening: Derby, way: Callable[..., Any], database: str, password: str, attributes: dict[str, str]
) -> None:
    uri = f"drda://app@127.0.0.1:{listening.port}/{database}"
    for security in ("auto", "password"):
        with pytest.raises(drdarrow.Error) as caught:
            way(uri, password=password, attributes=attributes, security=security, timeout=20)
        assert SECRET not in shown(caught.value), caught.value
        text = ";".join(f"{name}={value}" for name, value in attributes.items())
        with pytest.raises(drdarrow.Error) as caught:
            way(uri, password=password, attributes=text, security=security, timeout=20)
        assert SECRET not in shown(caught.value), caught.value


@pytest.mark.parametrize("way", WAYS, ids=["sync", "async"])
@pytest.mark.parametrize("name", ["bootPassword", "newBootPassword", "encryptionKey", "newEncryptionKey", "PASSWORD"])
def test_a_secret_needs_a_private_line_or_leave(way: Callable[..., Any], name: str) -> None:
    sent: list[bytes] = []
    # Linux connects this to the machine itself; as an address of the peer it is one of the loopback only there.
    with Spy(None, sent) as spy:
        with pytest.raises(drdarrow.InterfaceError, match=f"(?i)the attribute {name} is a secret") as caught:
            way(f"drda://app@127.0.0.1:{spy.port}/X", attributes={name: SECRET}, timeout=5, allow_cleartext_password=False)
        assert (caught.value.sqlstate, caught.value.phase) == ("08001", "security")
        assert SECRET not in shown(caught.value)
    assert not any(form in each for each in sent for form in spellings(SECRET))


def test_a_server_of_ours_does_not_repeat_the_attributes_of_a_name() -> None:
    with server.serve(tables={}, engine="tables", persona="derby", database="LAB") as srv:
        uri = f"drda://app@127.0.0.1:{srv.port}"
        received: list[bytes] = []
        with Spy(srv.port, [], received) as spy:
            with pytest.raises(drdarrow.Error) as caught:
                drdarrow.connect(f"drda://app@127.0.0.1:{spy.port}/NIX", attributes={"bootPassword": SECRET}, timeout=9)
            assert caught.value.sqlstate == "08004" and SECRET not in shown(caught.value)
            with drdarrow.connect(f"drda://app@127.0.0.1:{spy.port}/LAB", attributes={"bootPassword": SECRET}) as c:
                with pytest.raises(drdarrow.Error):
                    c.execute("SELECT * FROM NOWHERE")
        assert received and not any(form in each for each in received for form in spellings(SECRET))
        with drdarrow.connect(f"{uri}/LAB") as c:
            assert c.server["database"] == "LAB"


class Spy:
    """Passes bytes on and keeps what a client sends, and what it is sent. Without a port behind it, it only listens."""

    def __init__(self, port: int | None, sent: list[bytes], received: list[bytes] | None = None) -> None:
        self.behind, self.sent, self.received = port, sent, received if received is not None else []
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]

    def __enter__(self) -> Spy:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self.socket.accept()
            except OSError:
                return
            if self.behind is None:
                threading.Thread(target=self._pump, args=(client, None, self.sent), daemon=True).start()
                continue
            server = socket.create_connection(("127.0.0.1", self.behind))
            threading.Thread(target=self._pump, args=(client, server, self.sent), daemon=True).start()
            threading.Thread(target=self._pump, args=(server, client, self.received), daemon=True).start()

    def _pump(self, source: socket.socket, target: socket.socket | None, kept: list[bytes]) -> None:
        whole = b""
        place = len(kept)
        kept.append(whole)
        try:
            while data := source.recv(65536):
                whole += data
                kept[place] = whole
                if target:
                    target.sendall(data)
        except OSError:
            pass
        finally:
            source.close()
            if target:
                target.close()


def split(stream: bytes) -> list[bytes]:
    frames = []
    while len(stream) >= 10:
        length = int.from_bytes(stream[:2])
        frames.append(stream[:length])
        stream = stream[length:]
    return frames
