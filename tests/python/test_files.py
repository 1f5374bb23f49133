"""Files of IBM i from Python, over recorded replies."""

from __future__ import annotations

import asyncio
import pickle
from collections.abc import Iterator
from decimal import Decimal

import pyarrow
import pytest
from replay import Replay

import drdarrow
from drdarrow import aio, server

NUMBERS = [1, 2, 3, 5, 6]
NAMES = ["ALPHA", "BETA", "GAMMA", "EPSILON", "THETA"]
NOTES = ["one", None, "three", "", "eight"]


@pytest.fixture
def system() -> Iterator[Replay]:
    with Replay() as replay:
        yield replay


def check(table: pyarrow.Table) -> None:
    assert [name.rstrip() for name in table["NAME"].to_pylist()] == NAMES
    assert table["NOTE"].to_pylist() == NOTES
    assert table["BAL"].to_pylist() == [Decimal(text) for text in ("10.50", "-2.50", "9999.99", "0.00", "1.23")]


def test_a_whole_file(system: Replay) -> None:
    with drdarrow.open_file(system.uri("testlib/cust", "&rrn=true"), password="SECRET99") as file:
        assert file.name == "TESTLIB/CUST(CUST)"
        assert file.schema.names == ["RRN", "CUSNUM", "NAME", "BAL", "QTY", "NOTE"]
        table = file.fetch_arrow_table()
        check(table)
        assert table["RRN"].to_pylist() == NUMBERS
        # Every way reads it anew.
        check(pyarrow.table(file))
        assert sum(batch.num_rows for batch in file) == 5
        assert file.fetch_df().shape == (5, 6)
        assert file.fetch_polars().shape == (5, 6)
        with file.fetch_arrow(batch_rows=2) as stream:
            assert [batch.num_rows for batch in stream] == [2, 2, 1]
            assert stream.rows_read == 5
        assert file.nulled == {}
    assert file.closed
    assert repr(file) == '<drdarrow.File TESTLIB/CUST(CUST) mode "r" closed>'


def test_the_description_and_back(system: Replay) -> None:
    with drdarrow.connect_files(system.uri(), password="SECRET99") as connection:
        assert connection.server["job"] == "654321/QUSER/QRWTSRVR"
        described = connection.describe("testlib/cust")
        assert described["keys"] == ["CUSNUM"]
        assert described["formats"] == [
            {"name": "CUSTR", "length": 36, "fields": ["CUSNUM", "NAME", "BAL", "QTY", "NOTE"]}
        ]
        file = connection.open_file("TESTLIB/CUST", columns=["note", "cusnum"])
        assert file.schema.names == ["NOTE", "CUSNUM"]
        form = file.record_format
        assert [field["type"] for field in form["fields"]] == ["S", "A", "P", "B", "A"]
        before = len(system.requests)
        again = connection.open_file("TESTLIB/CUST", format=form)
        # Nobody is asked for a description that is given.
        assert system.requests[before:] == ["S38OPEN"]
        check(again.fetch_arrow_table())
    assert connection.closed
    with pytest.raises(drdarrow.InterfaceError, match="closed"):
        connection.open_file("TESTLIB/CUST")


def test_rows_that_are_none_have_a_declared_fate(system: Replay) -> None:
    # Packed digits where blanks are: NAME as a packed number.
    wrong = {
        "name": "CUSTR",
        "fields": [
            {"name": "CUSNUM", "type": "S", "digits": 6},
            {"name": "NAME", "type": "P", "digits": 19},
            {"name": "REST", "type": "H", "length": 20},
        ],
    }
    with drdarrow.connect_files(system.uri(), password="SECRET99") as connection:
        # Of the fields that REST takes up one is NULL in the second record: its bytes are asked for as they are.
        file = connection.open_file("TESTLIB/CUST", format=wrong)
        with pytest.raises(drdarrow.DataError) as caught:
            file.fetch_arrow_table()
        message = str(caught.value)
        assert "TESTLIB/CUST(CUST)" in message
        assert "field NAME, relative record number 1, offset 6" in message
        assert "C1D3D7C8C140404040" in message
        fates = {"NAME": "null", "REST": "raw"}
        nulled = connection.open_file("TESTLIB/CUST", format=wrong, on_error=fates)
        assert nulled.fetch_arrow_table()["NAME"].to_pylist() == [None] * 5
        assert nulled.nulled == {"NAME": 5}
        raw = connection.open_file("TESTLIB/CUST", format=wrong, on_error="raw", columns="NAME")
        assert raw.fetch_arrow_table()["NAME"][0].as_py() == "ALPHA".ljust(10).encode("cp037")


def test_errors_say_what_is_wrong(system: Replay) -> None:
    with drdarrow.connect_files(system.uri(), password="SECRET99") as connection:
        with pytest.raises(drdarrow.ProgrammingError, match="CPF4101") as caught:
            connection.describe("TESTLIB/NOFILE")
        assert (caught.value.sqlstate, caught.value.connection_usable) == ("42704", True)
        file = connection.open_file("TESTLIB/CUST")
        for misuse, pattern in [
            (lambda: file.write([{"NAME": "x"}]), "mode 'r'|mode \"r\""),
            (lambda: file.delete(rrn=1), "mode"),
            (lambda: file.update({"NAME": "x"}), "mode"),
            (lambda: file.read_key(1), "keyed"),
            (lambda: file.read_key(1, "~"), "how"),
            (lambda: connection.open_file("A/B/C"), "system name"),
            (lambda: connection.open_file("L/F) DLTF FILE(X"), "system name"),
            (lambda: connection.open_file("TESTLIB/CUST", commit="rr"), "repeatable"),
            (lambda: connection.open_file("TESTLIB/CUST", colour="red"), "colour"),
            (lambda: connection.lock("TESTLIB/CUST", "SOFT"), "lock"),
            (lambda: drdarrow.open_file(system.uri(), password="x"), "LIB/FILE"),
            (lambda: drdarrow.connect_files(system.uri("L/F"), password="x"), "open_file"),
        ]:
            with pytest.raises((drdarrow.InterfaceError, drdarrow.ProgrammingError), match=pattern):
                misuse()


def test_the_sign_on_server_tells_the_level(system: Replay) -> None:
    uri = f"drda://testuser@127.0.0.1:{system.port}"
    with drdarrow.connect_files(uri, password="SECRET99", signon_port=system.signon_port) as connection:
        assert connection.server["secmec"] == 8
        assert connection.server["ccsid"] == 37
    assert system.requests[:2] == ["7003", "7004"]
    # The goodbye there is read by a thread of its own.
    assert [each for each in system.requests[2:] if each != "7006"] == ["EXCSAT", "ACCSEC", "SECCHK"]
    # A wrong password is told there and goes no further.
    refusal = bytearray(system.frames["signon-info-reply"])
    refusal[20:24] = bytes.fromhex("0003000b")
    system.frames["signon-info-reply"] = bytes(refusal)
    before = len(system.requests)
    with pytest.raises(drdarrow.OperationalError, match="password is wrong") as caught:
        drdarrow.connect_files(uri, password="WRONG", signon_port=system.signon_port)
    assert (caught.value.sqlstate, caught.value.phase) == ("28000", "security")
    assert "EXCSAT" not in system.requests[before:]
    # Nobody to ask: what is left is a mechanism that this server does not have.
    with pytest.raises(drdarrow.OperationalError, match="8 .USRSSBPWD"):
        drdarrow.connect_files(uri, password="SECRET99", signon_port=0)


def test_a_system_of_files_alone_is_told_from_a_database() -> None:
    with Replay() as system, pytest.raises(drdarrow.NotSupportedError, match="files, not SQL") as caught:
        system.replies["EXCSAT"][0] = system.replies["EXCSAT"][0].replace(b"\x24\x07\x00\x03", b"\x24\x07\x00\x00")
        drdarrow.connect(f"drda://testuser@127.0.0.1:{system.port}/X", password="x")
    assert caught.value.sqlstate == "0A000"


def test_files_beside_sql_have_a_connection_of_their_own() -> None:
    with server.serve(persona="ibmi") as serving, drdarrow.connect(serving.uri) as connection:
        # This server has no files: it says so, and SQL goes on.
        for ask in (lambda: connection.command("DSPLIB QGPL"), lambda: connection.open_file("LIB/FILE")):
            with pytest.raises(drdarrow.NotSupportedError, match="S38CMD"):
                ask()
        assert connection.execute("SELECT 1 FROM SYSIBM.SYSDUMMY1").fetchall() == [(1,)]


def test_parts_travel_without_a_password(system: Replay) -> None:
    part = drdarrow.FilePartition(system.uri(), "TESTLIB/CUST(CUST)", 1, 5, {"columns": ["NAME"], "rrn": True})
    copy = pickle.loads(pickle.dumps(part))
    assert (copy.uri, copy.path, copy.first, copy.last, copy.options) == (
        part.uri,
        part.path,
        1,
        5,
        {"columns": ["NAME"], "rrn": True},
    )
    # The level says how weak the proof is that is sent: it is for the reader to say.
    table = pyarrow.table(copy.open(password="SECRET99", password_level=2))
    assert table["RRN"].to_pylist() == [1, 2, 3, 5]
    assert "SECRET99" not in repr(copy) + repr(pickle.dumps(copy))


def test_the_same_awaited(system: Replay) -> None:
    async def main() -> None:
        async with aio.open_file(system.uri("TESTLIB/CUST"), password="SECRET99") as file:
            check(await file.fetch_arrow_table())
            assert [batch.num_rows async for batch in file] == [5]
        assert file.closed
        async with aio.connect_files(system.uri(), password="SECRET99") as connection:
            file = await connection.open_file("TESTLIB/CUST", rrn=True)
            async with await file.fetch_arrow(1, 3) as stream:
                assert stream.schema.names[0] == "RRN"
                assert [batch.num_rows async for batch in stream] == [3]
            with pytest.raises(drdarrow.InterfaceError):
                await file.delete(rrn=1)
        assert connection.closed

    asyncio.run(main())
