"""What leaves on a line on which others may be: a peer that plays false, by its offers, on every kind of line, for every
way to connect. It judges by what came: which proof, and whether the password can be had from it."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from authority import Authority
from gate import Gate, SignOn
from peers import own_address

import drdarrow
from drdarrow import aio

PASSWORD = "Secret99x"
SHORT = "Secret99"
ELSEWHERE = own_address()
LINES = ["open", "loopback", "insecure", "verified"]


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ssl.SSLContext]:
    maker = Authority(tmp_path_factory.mktemp("line"), "line")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*maker.issue(f"IP:127.0.0.1,IP:{ELSEWHERE},DNS:localhost"))
    return maker.certificate, context


Way = Callable[..., object]


def sql(uri: str, **settings: object) -> object:
    return drdarrow.connect(uri + "LAB", **settings)


def sql_async(uri: str, **settings: object) -> object:
    async def connect() -> object:
        return await aio.connect(uri + "LAB", **settings)

    return asyncio.run(connect())


def files(uri: str, **settings: object) -> object:
    return drdarrow.connect_files(uri, **settings)


def files_async(uri: str, **settings: object) -> object:
    async def connect() -> object:
        return await aio.connect_files(uri, **settings)

    return asyncio.run(connect())


def file(uri: str, **settings: object) -> object:
    with contextlib.suppress(drdarrow.Error):
        return drdarrow.open_file(uri + "L/F", **settings)


def part(uri: str, **settings: object) -> object:
    host = uri.split("@")[1].strip("/")
    with contextlib.suppress(drdarrow.Error):
        return drdarrow.FilePartition(f"drda://testuser@{host}/", "L/F", 1, None, {}).open(uri, **settings)


def part_async(uri: str, **settings: object) -> object:
    async def read() -> object:
        host = uri.split("@")[1].strip("/")
        return await aio.open_partition(drdarrow.FilePartition(f"drda://testuser@{host}/", "L/F", 1, None, {}), uri, **settings)

    with contextlib.suppress(drdarrow.Error):
        return asyncio.run(read())


WAYS = [sql, sql_async, files, files_async, file, part, part_async]


class Outcome:
    """One attempt to connect: what came, what was warned of."""

    def __init__(self, way: Way, gate: Gate, uri: str, settings: dict, strict: bool = False) -> None:
        self.error: Exception | None = None
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("error" if strict else "always", RuntimeWarning)
            try:
                # Kept until the peer was looked at.
                self.made = way(uri, timeout=10, **settings)
            except (drdarrow.Error, RuntimeWarning) as e:
                self.error = e
        self.warned = [each for each in caught if each.category is RuntimeWarning]


@contextlib.contextmanager
def met(line: str, authority: tuple[Path, ssl.SSLContext], offer: dict) -> Iterator[tuple[Gate, str, dict]]:
    """A gate, the way to it and the settings, for one kind of line."""
    certificate, context = authority
    host = "127.0.0.1" if line == "loopback" else ELSEWHERE
    tls = {"insecure": {"tls": "insecure"}, "verified": {"tls_ca": certificate}}.get(line, {})
    with Gate(**offer, context=context if tls else None) as gate:
        yield gate, f"drda://testuser@{host}:{gate.port}/", tls


LUW, IBM_I, DERBY = "QDB2/LINUXX8664", "QAS", "Apache Derby"
# Offer, settings, what is learned on each line: open, loopback, insecure, verified; "!" that it is refused, "*" that a
# warning came before.
ROWS: list[tuple[str, dict, dict, list[str]]] = [
    ("AES", {"takes": [9]}, {}, ["aes*", "aes", "aes*", "aes"]),
    ("AES 7", {"takes": [7, 3]}, {}, ["aes*", "aes", "aes*", "aes"]),
    ("clear", {"takes": [3]}, {}, ["!", "clear", "!*", "clear"]),
    ("clear or none", {"takes": [4, 3]}, {}, ["!", "clear", "!*", "clear"]),
    ("1B", {"takes": [9], "aes": "1B"}, {}, ["!", "des", "!*", "des"]),
    ("PRMNSPRM", {"takes": [9], "aes": "PRMNSPRM"}, {}, ["!", "des", "!*", "des"]),
    ("VALNSPRM", {"takes": [9], "aes": "VALNSPRM"}, {}, ["!", "des", "!*", "des"]),
    ("short", {"takes": [9], "aes": "short"}, {}, ["!", "des", "!*", "des"]),
    ("1B, 7", {"takes": [7], "aes": "1B"}, {}, ["!", "des", "!*", "des"]),
    ("Derby", {"takes": [8, 3], "server_class": DERBY}, {}, ["!", "substitute", "!*", "substitute"]),
    ("Derby named", {"takes": [8], "server_class": DERBY}, {"security": "substitute"}, ["substitute*", "substitute", "substitute*", "substitute"]),
    ("DES named", {"takes": [9]}, {"security": "encrypted-des"}, ["des*", "des", "des*", "des"]),
    ("DES 7 named", {"takes": [7]}, {"security": "encrypted-password-des"}, ["des*", "des", "des*", "des"]),
    ("AES named", {"takes": [9], "aes": "1B"}, {"security": "encrypted"}, ["!", "!", "!*", "!"]),
    ("level 0 named", {"takes": [6], "server_class": IBM_I}, {"security": "substitute", "password_level": 0}, ["substitute*", "substitute", "substitute*", "substitute"]),
    ("level 0 stated", {"takes": [6], "server_class": IBM_I}, {"password_level": 0}, ["!", "substitute", "!*", "substitute"]),
    ("level 2 stated", {"takes": [8], "server_class": IBM_I}, {"password_level": 2}, ["substitute", "substitute", "substitute*", "substitute"]),
    ("level 4 stated", {"takes": [8], "server_class": IBM_I}, {"password_level": 4}, ["substitute", "substitute", "substitute*", "substitute"]),
    ("level 0, AES", {"takes": [9], "server_class": IBM_I}, {"password_level": 0}, ["aes*", "aes", "aes*", "aes"]),
    ("clear named", {"takes": [3]}, {"security": "password"}, ["!", "clear", "!", "clear"]),
    ("clear allowed", {"takes": [3]}, {"allow_cleartext_password": True}, ["clear*", "clear", "clear*", "clear"]),
    ("DES allowed", {"takes": [9], "aes": "1B"}, {"allow_cleartext_password": True}, ["des*", "des", "des*", "des"]),
    ("clear forbidden", {"takes": [3]}, {"allow_cleartext_password": False}, ["!", "!", "!*", "clear"]),
    ("DES forbidden", {"takes": [9], "aes": "1B"}, {"allow_cleartext_password": False}, ["!", "!", "!*", "des"]),
    ("Derby forbidden", {"takes": [8, 3], "server_class": DERBY}, {"allow_cleartext_password": False}, ["!", "!", "!*", "substitute"]),
]  # fmt: skip


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize(("offer", "settings", "expected"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_what_a_peer_learns(
    line: str, offer: dict, settings: dict, expected: list[str], authority: tuple[Path, ssl.SSLContext]
) -> None:
    told = expected[LINES.index(line)]
    fate, warns = told.rstrip("*"), told.endswith("*")
    settings = {"password": SHORT, "signon_port": 0, **settings}
    # One way of each kind everywhere; the rest on the line that matters most.
    for way in WAYS if line == "open" else [sql, files]:
        given = {key: value for key, value in settings.items() if key != "signon_port" or way not in (sql, sql_async)}
        with met(line, authority, offer) as (gate, uri, tls):
            outcome = Outcome(way, gate, uri, {**given, **tls})
            where = f"{way.__name__}: {outcome.error}"
            assert gate.learned(SHORT) == fate.strip("!"), where
            assert bool(gate.proofs) == (fate != "!"), where
            if fate == "!" and way in (sql, sql_async, files, files_async):
                assert isinstance(outcome.error, drdarrow.Error), where
                assert (outcome.error.sqlstate, outcome.error.phase) == ("08001", "security"), where
                assert SHORT not in str(outcome.error)
            assert [each.filename for each in outcome.warned] == [__file__] * warns, (where, [str(w.message) for w in outcome.warned])
        if warns:
            # Made an error, it ends the login before anything secret: so it was said before.
            with met(line, authority, offer) as (gate, uri, tls):
                outcome = Outcome(way, gate, uri, {**given, **tls}, strict=True)
                assert isinstance(outcome.error, RuntimeWarning), f"{way.__name__}: {outcome.error}"
                assert not gate.proofs and gate.learned(SHORT) == ""
                assert gate.ended.wait(5), "the connection was left open"


def test_the_refusals_name_their_cures(authority: tuple[Path, ssl.SSLContext]) -> None:
    for offer, offered, cure in [
        ({"takes": [3]}, "3 (USRIDPWD", "allow_cleartext_password=true"),
        ({"takes": [9], "aes": "1B"}, "9 (EUSRIDPWD, encrypted user id and password) with another cipher", "security=encrypted-des"),
        ({"takes": [7], "aes": "1B"}, "7 (USRENCPWD", "security=encrypted-password-des"),
        ({"takes": [9], "aes": "PRMNSPRM"}, "PRMNSPRM", "security=encrypted-des"),
        ({"takes": [8, 3], "server_class": DERBY}, "substitute (SECMEC 8, Derby)", "security=substitute"),
    ]:  # fmt: skip
        with met("open", authority, offer) as (gate, uri, _):
            with pytest.raises(drdarrow.OperationalError) as caught:
                drdarrow.connect(uri + "LAB", password=SHORT, timeout=10)
            assert offered in str(caught.value)
            assert f"nothing secret was sent; use TLS (tls=require); or {cure}" in (caught.value.hint or "")
            assert not gate.proofs


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize("level", [0, 1, 2, 3, 4])
@pytest.mark.parametrize("security", ["auto", "substitute"])
def test_a_password_level_that_anybody_may_tell(
    line: str, level: int, security: str, authority: tuple[Path, ssl.SSLContext]
) -> None:
    believed = level == 4 or line in ("loopback", "verified")
    for way in [files, files_async]:
        offer = {"takes": [6, 8], "server_class": IBM_I}
        with met(line, authority, offer) as (gate, uri, tls), SignOn(level, gate.context) as signon:
            settings = {"password": SHORT, "signon_port": signon.port, "security": security, **tls}
            outcome = Outcome(way, gate, uri, settings)
            assert gate.learned(SHORT) == ("substitute" if believed else ""), outcome.error
            assert bool(signon.proofs) == believed
            assert [str(each.message)[:12] for each in outcome.warned] == ["tls=insecure"] * (line == "insecure")
            if not believed:
                assert isinstance(outcome.error, drdarrow.OperationalError)
                assert (outcome.error.sqlstate, outcome.error.phase) == ("08001", "security")
                for words in (f"password level {level}", f"password_level={level}", "tls=require"):
                    assert words in str(outcome.error)
                # The port that follows is not even asked.
                assert gate.accepted == 0


def test_a_level_that_is_stated_needs_no_sign_on_server(authority: tuple[Path, ssl.SSLContext]) -> None:
    with met("open", authority, {"takes": [8], "server_class": IBM_I}) as (gate, uri, _), SignOn(0) as signon:
        outcome = Outcome(files, gate, uri, {"password": SHORT, "signon_port": signon.port, "password_level": 3})
        assert (gate.learned(SHORT), signon.accepted, outcome.warned) == ("substitute", 0, [])


def test_a_level_that_was_told_and_allowed_is_warned_of_before_the_first_proof(
    authority: tuple[Path, ssl.SSLContext],
) -> None:
    settings = {"password": SHORT, "allow_cleartext_password": True}
    with met("open", authority, {"takes": [6], "server_class": IBM_I}) as (gate, uri, _), SignOn(0) as signon:
        outcome = Outcome(files, gate, uri, {**settings, "signon_port": signon.port})
        assert (len(signon.proofs), gate.learned(SHORT), len(outcome.warned)) == (1, "substitute", 1)
    with met("open", authority, {"takes": [6], "server_class": IBM_I}) as (gate, uri, _), SignOn(0) as signon:
        outcome = Outcome(files, gate, uri, {**settings, "signon_port": signon.port}, strict=True)
        assert isinstance(outcome.error, RuntimeWarning)
        assert (signon.proofs, gate.accepted) == ([], 0)


def test_a_name_does_not_make_a_line_private() -> None:
    """`localhost` that leads elsewhere is elsewhere, and another name that leads here is here."""
    hosts = Path("/etc/hosts").read_text()
    named = [
        name
        for line in hosts.splitlines()
        if (words := line.split("#")[0].split()) and words[0] == ELSEWHERE
        for name in words[1:]
    ]
    with Gate([3]) as gate:
        for name in [ELSEWHERE, *named]:
            with pytest.raises(drdarrow.Error) as caught:
                drdarrow.connect(f"drda://me@{name}:{gate.port}/LAB", password=PASSWORD, timeout=10)
            assert caught.value.phase == "security" and not gate.proofs
        drdarrow.connect(f"drda://me@[::ffff:127.0.0.1]:{gate.port}/LAB", password=PASSWORD, timeout=10)
        assert gate.learned(PASSWORD) == "clear"


def test_a_warning_is_shown_once_a_place() -> None:
    with Gate([9]) as gate, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        for _ in range(3):
            drdarrow.connect(gate.uri(ELSEWHERE), password=PASSWORD, timeout=10).close()
        drdarrow.connect(gate.uri(ELSEWHERE), password=PASSWORD, timeout=10).close()
        assert len(gate.proofs) == 4
    lines = [each.lineno for each in caught]
    assert len(lines) == 2 and lines[0] != lines[1]


def test_a_look_sends_nothing_secret() -> None:
    with Gate([9, 3]) as gate:
        report = drdarrow.probe(ELSEWHERE, ports=[gate.port], timeout=10)
        assert report.ports[0].server is not None
        assert gate.asked and not gate.proofs
