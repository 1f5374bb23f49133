"""The server in the persona `derby` judged by Derby's own JDBC client (Debian: libderbyclient-java)."""

from __future__ import annotations

import datetime
import json
import struct
import subprocess
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from authority import Authority
from derby import DerbyError, Truth, client, java, keytool
from serving import EXTREMES, Served

# The programs have their own limits; the server may have to be built first.
pytestmark = pytest.mark.timeout(600)

# What Judge.java looks at, one by one.
CASES = [
    "parameters",
    "filters",
    "batch",
    "batch with a failure",
    "large objects come out",
    "large objects go in",
    "transactions",
    "session",
    "errors",
    "logins",
    "scroll",
    "scroll in rowsets",
    "scroll over wide rows",
    "scroll over large objects",
    "scroll over nothing",
    "scroll and stay over a commit",
    "metadata of tables",
    "metadata of columns",
    "metadata of keys",
    "metadata of statements",
    "a million rows",
]


@pytest.fixture(scope="module")
def derby_like() -> Iterator[Served]:
    with Served("derby", user="app", password="secret") as server:
        yield server


@pytest.fixture(scope="module")
def judged(derby_like: Served) -> dict[str, str]:
    """The failures, case by case."""
    command = [*java(), "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xmx1g", *client("Judge")]
    try:
        done = subprocess.run(
            [*command, str(derby_like.port)],
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        out = error.stdout.decode() if isinstance(error.stdout, bytes) else error.stdout
        raise AssertionError(f"Judge.java did not end; so far:\n{out}") from None
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return {line["case"]: line["error"] for line in lines}


def test_the_cases_are_those_of_the_program(judged: dict[str, str]):
    assert list(judged) == CASES


@pytest.mark.parametrize("case", CASES)
def test_what_the_client_sees(judged: dict[str, str], case: str):
    assert judged[case] == "", judged[case]


def test_every_type_equals_its_source(derby_like: Served):
    with Truth(f"jdbc:derby://127.0.0.1:{derby_like.port}/SAMPLE;user=app;password=secret") as truth:
        columns, rows = truth.select("SELECT * FROM EXTREMES")
    assert [column["name"] for column in columns] == list(EXTREMES)
    for n, column in enumerate(columns):
        got = [value(column["type"], row[n]) for row in rows]
        assert got == EXTREMES[column["name"]], column["name"]


def test_tls(tmp_path: Path):
    ours, another = Authority(tmp_path, "ours"), Authority(tmp_path, "another")

    def trusting(authority: Authority) -> list[str]:
        store = tmp_path / f"{authority.name}.jks"
        access = ["-keystore", str(store), "-storepass", "changeit"]
        keytool("-importcert", "-noprompt", *access, "-alias", "ca", "-file", str(authority.certificate))
        return [f"-Djavax.net.ssl.trustStore={store}", "-Djavax.net.ssl.trustStorePassword=changeit"]

    with Served("derby", user="app", password="secret", tls=ours.issue()) as server:
        url = f"jdbc:derby://localhost:{server.port}/SAMPLE;user=app;password=secret"
        with Truth(f"{url};ssl=peerAuthentication", trusting(ours)) as truth:
            assert [int(row[0]) for row in truth.select("SELECT ID FROM EXTREMES")[1]] == EXTREMES["ID"]
            truth.execute("CREATE TABLE TLS (A INTEGER)")
            assert truth.execute("INSERT INTO TLS VALUES (7)") == 1
            assert truth.select("SELECT * FROM TLS")[1] == [["7"]]
        with Truth(f"{url};ssl=basic") as truth:
            assert truth.select("SELECT COUNT(*) FROM EXTREMES")[1] == [["6"]]
        with Truth(f"{url};ssl=peerAuthentication", trusting(another)) as truth, pytest.raises(DerbyError):
            truth.select("SELECT * FROM EXTREMES")


def value(kind: str, got: object) -> object:
    """The output of Truth.java for a value, in the form of EXTREMES."""
    if got is None:
        return None
    if kind in ("SMALLINT", "INTEGER", "BIGINT"):
        return int(got)
    if kind in ("REAL", "DOUBLE"):
        return real(kind, got["bits"])
    if kind == "DECIMAL":
        return Decimal(got)
    if kind == "DATE":
        return datetime.date.fromisoformat(got)
    if kind == "TIME":
        return datetime.time.fromisoformat(got)
    if kind == "TIMESTAMP":
        whole, fraction = got.split(".")
        return datetime.datetime.fromisoformat(f"{whole}.{fraction[:6]:0<6}")
    if kind.endswith("FOR BIT DATA"):
        return bytes.fromhex(got)
    return got


def real(kind: str, bits: str) -> float:
    data = bytes.fromhex(bits)
    return struct.unpack(">f" if kind == "REAL" else ">d", data)[0]
