"""Mechanisms that Derby does not have, against a server of a few lines that accepts every proof."""

import asyncio
import hashlib
import os
import socket
import struct
import warnings
from urllib.parse import quote

import pytest
from conftest import Lab
from derby import USERS
from peers import Listener, own_address

import drdarrow
from drdarrow import aio, server

EXCSAT, ACCSEC, SECCHK, ACCRDB = 0x1041, 0x106D, 0x106E, 0x2001
EXCSATRD, ACCSECRD, SECCHKRM, ACCRDBRM = 0x1443, 0x14AC, 0x1219, 0x2201
SECMEC, SECTKN, ENCALG, USRID, PASSWORD = 0x11A2, 0x11DC, 0x1909, 0x11A0, 0x11A1
# The groups of DRDA: for DES and for AES.
GROUPS = {
    32: (
        0xC62112D73EE613F0947AB31F0F6846A1BFF5B3A4CA0D60BC1E4C7A0D8C16B3E3,
        0x4690FA1F7B9E1D4442C86C9114603FDECF071EDCEC5F626E21E256AED9EA34E4,
    ),
    64: (
        0xF24F63150EAA97CCE78F5710C45FAFBEB71CF6A8724F63140EAA97CCE78F5710C45FAFBEB71CF6A8724F631308E32B26EA1594889CBBFC91F6DF7524352EF979,
        0xE8CE9E0844C67A009FB7843CD945A058935DA51B028A49E5A91F831B78364491CD0E0A8F72345DF80769549926FD16ECD6F6859481647CA9EFB2BAAC7BC09A92,
    ),
}
SEED = bytes(range(0x11, 0x19))
SECRET = "SECRET99"
# This machine, as if it were another.
ELSEWHERE = own_address()


def term(code_point: int, data: bytes) -> bytes:
    return struct.pack(">HH", len(data) + 4, code_point) + data


def terms(data: bytes) -> list[tuple[int, bytes]]:
    found = []
    while data:
        length, code_point = struct.unpack(">HH", data[:4])
        found.append((code_point, data[4:length]))
        data = data[length:]
    return found


class Gate(Listener):
    """Lets everybody in by the mechanisms it takes. `challenges` are what it says before it believes a ticket."""

    def __init__(self, takes: list[int], server_class: str = "QDB2/LINUXX8664", challenges: list[bytes] = []) -> None:  # noqa: B006
        self.takes = takes
        self.server_class = server_class
        self.challenges = list(challenges)
        self.proofs: list[list[tuple[int, bytes]]] = []
        self.seeds: list[bytes] = []
        self.received = b""
        super().__init__("0.0.0.0")

    def serve(self, client: socket.socket) -> None:
        buffer = b""
        answers: list[bytes] = []
        while data := client.recv(65536):
            self.received += data
            buffer += data
            while len(buffer) >= 6 and len(buffer) >= (length := struct.unpack(">H", buffer[:2])[0]):
                frame, buffer = buffer[:length], buffer[length:]
                if frame[3] & 0x0F == 1:
                    answers.append(self.answer(*terms(frame[6:])[0]))
                if not frame[3] & 0x40:
                    client.sendall(self.chain(answers))
                    answers = []

    def chain(self, answers: list[bytes]) -> bytes:
        out = b""
        for number, body in enumerate(answers, 1):
            chained = 0x40 if number < len(answers) else 0
            out += struct.pack(">HBBH", len(body) + 6, 0xD0, 0x02 | chained, number) + body
        return out

    def answer(self, command: int, body: bytes) -> bytes:
        asked = dict(terms(body))
        if command == EXCSAT:
            levels = struct.pack(">6H", 0x1403, 7, 0x2407, 7, 0x1440, 7)
            return term(EXCSATRD, term(0x1147, self.server_class.encode("cp500")) + term(0x1404, levels))
        if command == ACCSEC:
            (secmec,) = struct.unpack(">H", asked[SECMEC])
            if secmec not in self.takes:
                return term(ACCSECRD, b"".join(term(SECMEC, struct.pack(">H", each)) for each in self.takes))
            reply = term(SECMEC, asked[SECMEC])
            if secmec in (6, 8):
                self.seeds.append(asked[SECTKN])
                reply += term(SECTKN, SEED)
            elif secmec in (7, 9, 10):
                size = len(asked[SECTKN])
                prime, generator = GROUPS[size]
                reply += term(SECTKN, pow(generator, int.from_bytes(os.urandom(size)), prime).to_bytes(size))
                reply += term(ENCALG, asked[ENCALG]) if ENCALG in asked else b""
            return term(ACCSECRD, reply)
        if command == SECCHK:
            self.proofs.append(terms(body))
            if self.challenges:
                refusal = term(0x1149, b"\0\x08") + term(0x11A4, b"\x19") + term(SECTKN, self.challenges.pop(0))
                return term(SECCHKRM, refusal)
            return term(SECCHKRM, term(0x1149, b"\0\0") + term(0x11A4, b"\0"))
        if command == ACCRDB:
            text = "CSS10140".encode("cp500")
            typdef = term(0x002F, "QTDSQLASC".encode("cp500")) + term(0x0035, term(0x119C, b"\x04\xb8"))
            return term(ACCRDBRM, term(0x1149, b"\0\0") + term(0x112E, text) + typdef)
        return term(0x220C, term(0x1149, b"\0\x04") + term(0x2115, b"\1"))

    def uri(self, host: str = "127.0.0.1") -> str:
        return f"drda://testuser@{host}:{self.port}/LAB"


def test_what_is_in_force_can_be_read(builtin: Lab, lab: Lab) -> None:
    with drdarrow.connect(builtin.uri(user="lab"), password="labpw", timeout=15) as connection:
        assert connection.security == "substitute (SECMEC 8, Derby)"
    with drdarrow.connect(builtin.uri(user="lab"), password="labpw", security="password", timeout=15) as connection:
        assert connection.security == "password in clear (SECMEC 3)"
    with lab.connect() as connection:
        assert connection.security == "user id only (SECMEC 4)"


@pytest.mark.parametrize(
    ("takes", "security"),
    [
        ([9, 3], "encrypted (SECMEC 9, AES-256)"),
        ([7, 3], "encrypted password (SECMEC 7, AES-256)"),
        ([3, 4], "password in clear (SECMEC 3)"),
    ],
)
def test_the_strongest_that_is_offered(takes: list[int], security: str) -> None:
    with Gate(takes) as gate:
        connection = drdarrow.connect(gate.uri(), password=SECRET, timeout=10)
        assert connection.security == security
        assert (SECRET.encode("cp500") in gate.received) == (takes == [3, 4])


@pytest.mark.parametrize("level", [2, 3])
def test_a_substitute_that_hashlib_makes_too(level: int) -> None:
    with Gate([8], "QAS") as gate:
        connection = drdarrow.connect(gate.uri(), password=SECRET, password_level=level, security="substitute", timeout=10)
        assert connection.security == "substitute (SECMEC 8, SHA-1)"
        proof = dict(gate.proofs[0])
        user = "TESTUSER  ".encode("utf-16-be")
        token = hashlib.sha1(user + SECRET.encode("utf-16-be")).digest()
        made = hashlib.sha1(token + SEED + gate.seeds[0] + user + (1).to_bytes(8)).digest()
        assert (proof[PASSWORD], proof[USRID]) == (made, "TESTUSER  ".encode("cp500"))


def test_a_substitute_for_ibm_i_needs_the_level() -> None:
    with Gate([8], "QAS") as gate:
        with pytest.raises(drdarrow.NotSupportedError, match="password_level") as caught:
            drdarrow.connect(gate.uri(), password=SECRET, security="substitute", timeout=10)
        assert caught.value.phase == "security"
        assert not gate.proofs


def test_tickets_come_from_a_callable() -> None:
    heard = []

    def ticket(challenge: bytes) -> bytes:
        heard.append(challenge)
        return b"ticket for " + challenge

    with Gate([11], challenges=[b"one", b"two"]) as gate:
        connection = drdarrow.connect(gate.uri(), security="kerberos", token=ticket, timeout=10)
        assert connection.security == "Kerberos (SECMEC 11)"
        assert heard == [b"", b"one", b"two"]
        assert [dict(proof)[SECTKN] for proof in gate.proofs] == [b"ticket for ", b"ticket for one", b"ticket for two"]

    async def same() -> str:
        with Gate([11]) as gate:
            connection = await aio.connect(gate.uri(), security="kerberos", token=ticket, timeout=10)
            return connection.security

    assert asyncio.run(same()) == "Kerberos (SECMEC 11)"


@pytest.mark.parametrize("broken", [lambda _: 1 // 0, lambda _: "text", lambda: b""])
def test_a_callable_that_has_no_ticket(broken) -> None:
    with Gate([11]) as gate:
        with pytest.raises(drdarrow.OperationalError, match="no security token") as caught:
            drdarrow.connect(gate.uri(), security="kerberos", token=broken, timeout=10)
        assert (caught.value.sqlstate, caught.value.phase) == ("28000", "security")
        assert not gate.proofs


def test_kerberos_is_not_given_up_for_a_password() -> None:
    with Gate([3, 4]) as gate:
        with pytest.raises(drdarrow.OperationalError, match="it offers 3"):
            drdarrow.connect(gate.uri(), password=SECRET, security="kerberos", token=lambda _: b"x", timeout=10)
        assert not gate.proofs


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"security": "plugin"}, "15 .PLGIN"),
        ({"security": "encrypted-data"}, "13 .EUSRPWDDTA"),
        ({"security": "substitute", "new_password": "x"}, "new password"),
        ({"security": "encrypted", "additional_factor": "123456"}, "only IBM i"),
    ],
)
def test_what_cannot_be_done_is_refused_by_name(settings: dict, words: str) -> None:
    with Gate([9, 3]) as gate:
        with pytest.raises(drdarrow.NotSupportedError, match=words):
            drdarrow.connect(gate.uri(), password=SECRET, timeout=10, **settings)
        assert not gate.proofs


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({"password_level": 5}, "password_level"),
        ({"security": "strong"}, "security"),
        ({"token": b"ticket"}, "token"),
        ({"token": bytes}, "token"),
        ({"security": "kerberos"}, "token"),
        ({"security": "profile-token"}, "token"),
        ({"password": None, "new_password": "x"}, "password"),
        ({"security": "encrypted", "password": None}, "password"),
    ],
)
def test_settings_that_cannot_be_meant(settings: dict, name: str) -> None:
    with pytest.raises(drdarrow.InterfaceError, match=name) as caught:
        drdarrow.connect("drda://me@127.0.0.1:1/LAB", **{"password": SECRET, **settings})
    assert SECRET not in str(caught.value)


def test_nothing_secret_goes_to_another_machine_in_clear() -> None:
    with Gate([3, 4]) as gate:
        with pytest.raises(drdarrow.OperationalError, match="offers only 3") as caught:
            drdarrow.connect(gate.uri(ELSEWHERE), password=SECRET, timeout=10)
        assert (caught.value.sqlstate, caught.value.phase) == ("08001", "security")
        assert "use TLS (tls=require); or allow_cleartext_password=true" in (caught.value.hint or "")
        assert not gate.proofs and SECRET.encode("cp500") not in gate.received
        with pytest.warns(RuntimeWarning, match="goes in clear"):
            drdarrow.connect(gate.uri(ELSEWHERE), password=SECRET, allow_cleartext_password=True, timeout=10)
        assert len(gate.proofs) == 1


def test_never_in_clear_means_on_loopback_too() -> None:
    """Said explicitly; unless it is said, a password may go in clear to this machine."""
    with Gate([3, 4]) as gate:
        never = {"password": SECRET, "allow_cleartext_password": False, "timeout": 10}

        async def same(**settings: object) -> None:
            await aio.connect(gate.uri(), **settings)

        for attempt in (
            lambda: drdarrow.connect(gate.uri(), **never),
            lambda: drdarrow.connect(gate.uri() + "?allow_cleartext_password=false", password=SECRET, timeout=10),
            lambda: asyncio.run(same(**never)),
        ):
            with pytest.raises(drdarrow.OperationalError, match="offers only 3"):
                attempt()
        for chosen in (
            lambda: drdarrow.connect(gate.uri(), security="password", **never),
            lambda: drdarrow.connect_files(f"drda://me@127.0.0.1:{gate.port}", security="password", **never),
            lambda: asyncio.run(same(security="password", **never)),
        ):
            with pytest.raises(drdarrow.InterfaceError, match="allow_cleartext_password is false") as caught:
                chosen()
            assert caught.value.phase == "security"
        assert not gate.proofs and SECRET.encode("cp500") not in gate.received
        drdarrow.connect(gate.uri(), password=SECRET, timeout=10)
        assert len(gate.proofs) == 1


ODD = USERS["odd"]


@pytest.mark.parametrize("security", ["auto", "substitute", "password"])
def test_passwords_with_signs_reach_derby(builtin: Lab, security: str) -> None:
    """Derby agrees to UTF-8 for the login, so a euro sign arrives too."""
    place = builtin.uri(user="odd")
    settings = {"security": security, "timeout": 15}
    with drdarrow.connect(place, password=ODD, **settings) as connection:
        assert connection.execute("VALUES CURRENT_USER").fetchone() == ("ODD",)
    in_uri = place.replace("odd@", f"odd:{quote(ODD, safe='')}@")
    with drdarrow.connect(in_uri, **settings) as connection:
        assert connection.execute("VALUES 1").fetchone() == (1,)
    with pytest.raises(drdarrow.OperationalError) as caught:
        drdarrow.connect(place, password=ODD[:-1], **settings)
    assert caught.value.sqlstate == "28000" and ODD[:-1] not in str(caught.value)
    with pytest.raises(drdarrow.InterfaceError, match="percent-encoded") as refused:
        drdarrow.connect(place.replace("odd@", f"odd:{ODD}@"), **settings)
    assert "p@s" not in str(refused.value)


@pytest.mark.parametrize("persona", ["luw", "derby", "ibmi", "zos"])
def test_a_password_beyond_the_page_goes_as_utf8_or_is_refused_by_its_position(persona: str) -> None:
    """UTF-8 is agreed by UNICODEMGR at Derby and z/OS; the pages of the others lack the character."""
    password = "p@/日:"
    with server.serve(tables={}, persona=persona, engine="tables", users={"me": password}) as srv:
        place = f"drda://127.0.0.1:{srv.port}/SAMPLE"
        settings = {"user": "me", "password": password, "timeout": 10}

        async def same() -> None:
            async with await aio.connect(place, **settings):
                pass

        if persona in ("derby", "zos"):
            drdarrow.connect(place, **settings).close()
            asyncio.run(same())
            return
        for attempt in (lambda: drdarrow.connect(place, **settings), lambda: asyncio.run(same())):
            with pytest.raises(drdarrow.OperationalError, match="character 4 of it") as caught:
                attempt()
            told = caught.value
            assert (told.sqlstate, told.phase) == ("28000", "security")
            assert "UNICODEMGR" in (told.hint or "")
            assert "日" not in str(told) and "p@" not in str(told)


def test_des_in_the_open_warns_once_and_before_the_password_leaves() -> None:
    with Gate([9]) as gate:
        settings = {"password": SECRET, "security": "encrypted-des", "timeout": 10}
        with pytest.warns(RuntimeWarning, match="yields the password to whoever listens: use TLS") as caught:
            drdarrow.connect(gate.uri(ELSEWHERE), **settings)
        assert [warning.filename for warning in caught] == [__file__]

        async def same() -> None:
            await aio.connect(gate.uri(ELSEWHERE), **settings)

        with pytest.warns(RuntimeWarning, match="yields the password") as caught:
            asyncio.run(same())
        assert [warning.filename for warning in caught] == [__file__]
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            drdarrow.connect(gate.uri(), **settings)
            proofs = len(gate.proofs)
            with pytest.raises(RuntimeWarning, match="yields the password"):
                drdarrow.connect(gate.uri(ELSEWHERE), **settings)
            with pytest.raises(RuntimeWarning, match="yields the password"):
                asyncio.run(same())
            assert len(gate.proofs) == proofs
