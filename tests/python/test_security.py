"""Mechanisms that Derby does not have, against a server of a few lines that accepts every proof."""

import asyncio
import hashlib
import subprocess
import sys
import threading
import time
import warnings
from urllib.parse import quote

import pytest
from conftest import Lab
from derby import USERS
from gate import PASSWORD, SECTKN, SEED, USRID, Gate
from peers import own_address

import drdarrow
from drdarrow import aio, server

SECRET = "SECRET99"
# This machine, as if it were another.
ELSEWHERE = own_address()


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


TICKET = "TGT-geheim-4711"


def speaks(_: bytes) -> bytes:
    raise RuntimeError(f"cannot renew {TICKET}")


def test_what_a_callable_raises_is_the_cause_and_is_not_quoted() -> None:
    async def awaited(uri: str, **settings: object) -> None:
        await aio.connect(uri, **settings)

    for connect in (drdarrow.connect, lambda uri, **settings: asyncio.run(awaited(uri, **settings))):
        with Gate([11]) as gate:
            with pytest.raises(drdarrow.OperationalError, match="the callable token raised RuntimeError$") as caught:
                connect(gate.uri(), security="kerberos", token=speaks, timeout=10)
            assert TICKET not in f"{caught.value} {caught.value!r} {caught.value.args}"
            assert isinstance(caught.value.__cause__, RuntimeError) and TICKET in str(caught.value.__cause__)
            with pytest.raises(drdarrow.OperationalError, match="the callable token returned str, not bytes$") as caught:
                connect(gate.uri(), security="kerberos", token=lambda _: TICKET, timeout=10)
            assert TICKET not in f"{caught.value!r} {caught.value.__cause__!r}"
            assert isinstance(caught.value.__cause__, TypeError)
            assert not gate.proofs


def test_a_callable_that_does_not_return_ends_with_the_login() -> None:
    over = threading.Event()
    others = "drda://u@127.0.0.1:{}/LAB"

    def hangs(_: bytes) -> bytes:
        over.wait(30)
        return b"late"

    async def several(uri: str) -> list[BaseException]:
        ways = [aio.connect(uri, security="kerberos", token=hangs, timeout=1) for _ in range(6)]
        return await asyncio.gather(*ways, return_exceptions=True)

    with Gate([11]) as gate, server.serve(tables={}, engine="tables") as srv:
        begun = time.monotonic()
        with pytest.raises(drdarrow.OperationalError, match="no security token of the callable token within 1.0 s") as e:
            drdarrow.connect(gate.uri(), security="kerberos", token=hangs, timeout=1)
        assert e.value.phase == "security"
        told = asyncio.run(several(gate.uri()))
        assert all("no security token of the callable" in str(e) for e in told)
        # Nor is anybody else held up.
        with drdarrow.connect(others.format(srv.port), timeout=3):
            pass
        assert time.monotonic() - begun < 8
        over.set()
        assert not gate.proofs


def test_a_callable_that_does_not_return_does_not_hold_up_the_end_of_a_program() -> None:
    program = """if True:
        import sys, time, drdarrow
        try:
            drdarrow.connect(sys.argv[1], security="kerberos", token=lambda _: time.sleep(60), timeout=0.5)
        except drdarrow.OperationalError as e:
            print(e)
    """
    with Gate([11]) as gate:
        begun = time.monotonic()
        done = subprocess.run([sys.executable, "-c", program, gate.uri()], capture_output=True, text=True, timeout=50)
        assert "no security token of the callable" in done.stdout, done
        assert (done.returncode, done.stderr) == (0, "")
        assert time.monotonic() - begun < 20


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
