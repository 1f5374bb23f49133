"""What a partition that came from anywhere may say of the way to its records, and what only its reader may."""

from __future__ import annotations

import asyncio
import pickle
import socket
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

import drdarrow
from drdarrow import aio, server

PASSWORD = "s3cret-Pw"
PIN = "ab" * 32
FILES = {"LAB/T": pa.table({"A": pa.array([1, 2, 3], pa.int32())})}


class Quiet:
    """A port that notices whoever comes."""

    def __init__(self) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]

    def visited(self) -> bool:
        self.socket.settimeout(0.2)
        try:
            self.socket.accept()[0].close()
        except TimeoutError:
            return False
        return True


@pytest.fixture
def quiet() -> Iterator[Quiet]:
    port = Quiet()
    with port.socket:
        yield port


def part(uri: str) -> drdarrow.FilePartition:
    made = drdarrow.FilePartition(uri, "LAB/T", 1, None, {})
    return pickle.loads(pickle.dumps(made))


@pytest.mark.parametrize(
    ("query", "setting"),
    [
        ("signon_port=0&security=password&allow_cleartext_password=true", "allow_cleartext_password"),
        ("security=password", "security"),
        ("security=encrypted-des", "security"),
        ("security=substitute&password_level=0", "password_level"),
        ("password_level=0", "password_level"),
        ("tls=insecure", "tls"),
        (f"tls_fingerprint={PIN}", "tls_fingerprint"),
        ("tls_server_name=elsewhere", "tls_server_name"),
        ("new_password=theirs", "new_password"),
        ("additional_factor=123456", "additional_factor"),
    ],
)
def test_a_partition_does_not_weaken_the_way_of_its_readers_password(quiet: Quiet, query: str, setting: str) -> None:
    hostile = part(f"drda://U@127.0.0.1:{quiet.port}/?{query}")

    async def same() -> None:
        await aio.open_partition(hostile, password=PASSWORD)

    for read in (
        lambda: hostile.read(password=PASSWORD),
        lambda: hostile.open(password=PASSWORD),
        lambda: asyncio.run(same()),
    ):
        with pytest.raises(drdarrow.InterfaceError, match=f"^{setting}: .*as {setting}=…") as caught:
            read()
        assert PASSWORD not in str(caught.value) and "theirs" not in str(caught.value)
    assert not quiet.visited()


def test_a_partition_has_no_password_of_its_own(quiet: Quiet) -> None:
    with pytest.raises(drdarrow.InterfaceError, match=r"^password: .*give it to open\(\)"):
        part(f"drda://U:theirs@127.0.0.1:{quiet.port}").open()
    assert not quiet.visited()


def test_a_reader_who_names_the_system_reads_no_other(quiet: Quiet) -> None:
    hostile = part(f"drda://U@127.0.0.1:{quiet.port}/?signon_port=0")
    with pytest.raises(drdarrow.InterfaceError, match="^host: "):
        hostile.read(password=PASSWORD, host="box")
    with pytest.raises(drdarrow.InterfaceError, match="^port: "):
        hostile.open(password=PASSWORD, host="127.0.0.1", port=446)
    with pytest.raises(drdarrow.InterfaceError, match="^signon_port: "):
        hostile.open(password=PASSWORD, signon_port=8476)

    async def same() -> None:
        await aio.open_partition(hostile, password=PASSWORD, host="box")

    with pytest.raises(drdarrow.InterfaceError, match="^host: "):
        asyncio.run(same())
    assert not quiet.visited()


def test_a_reader_who_asks_for_tls_is_not_talked_out_of_it(quiet: Quiet, pem: tuple[Path, Path]) -> None:
    hostile = part(f"drda://U@127.0.0.1:{quiet.port}/?signon_port=0&tls_ca={pem[0]}")
    with pytest.raises(drdarrow.InterfaceError, match="^tls_ca: "):
        hostile.open(password=PASSWORD, tls="require")
    assert not quiet.visited()


def test_a_part_of_a_file_behind_tls_is_read_with_a_password_alone(pem: tuple[Path, Path]) -> None:
    with server.serve(
        persona="ibmi", files=FILES, users={"ada": PASSWORD}, tls_certificate=pem[0], tls_key=pem[1]
    ) as srv:
        where = f"drda://ada@localhost:{srv.port}/LAB/T?signon_port={srv.signon_port}&tls_ca={pem[0]}&timeout=9"
        with drdarrow.open_file(where, password=PASSWORD) as file:
            (made,) = (pickle.loads(pickle.dumps(one)) for one in file.partitions(1))
        assert pa.table(made.read(password=PASSWORD, host="LOCALHOST")).to_pydict() == {"A": [1, 2, 3]}

        async def same() -> int:
            return sum([batch.num_rows async for batch in await aio.open_partition(made, password=PASSWORD)])

        assert asyncio.run(same()) == 3
        # A certificate that is pinned is the reader's to name.
        pinned = srv.uri.partition("tls_fingerprint=")[2].partition("&")[0]
        there = f"drda://ada@127.0.0.1:{srv.port}/?signon_port={srv.signon_port}&tls_fingerprint={pinned}"
        with pytest.raises(drdarrow.InterfaceError, match="^tls_fingerprint: "):
            part(there).read(password=PASSWORD)
        assert pa.table(part(there).open(password=PASSWORD, tls_fingerprint=pinned)).num_rows == 3
        # An address of the reader's own is the reader's word.
        assert pa.table(part("drda://x@127.0.0.1:1/?tls=insecure").read(there, PASSWORD)).num_rows == 3
