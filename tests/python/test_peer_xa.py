"""Branches of global transactions (XA) on our server, steered by IBM's JDBC driver and by Derby's client. What became of
them is asked on connections of their own."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor

import jdbc_programs
import pyarrow as pa
import pytest
import scenes
from cutting import SYNCCTL, frames
from peers import Proxy

import drdarrow
from drdarrow import server

# Each run has its own limit; they go on two at a time.
pytestmark = pytest.mark.timeout(300)

#: The ways that Branches.java looks at, one by one.
CASES = [
    "two phases",
    "one phase",
    "rolled back before the prepare",
    "rolled back after the prepare",
    "nothing changed",
    "committed by another connection",
    "rolled back with its connection",
    "local work",
    "a failed end",
    "suspended and resumed",
    "joined by another connection",
    "a name twice",
    "unknown names",
    "steps while it is active",
    "steps out of order",
    "time-out",
    "a prepared statement in several branches",
    "an error that rolls back",
]

#: A run: driver, engine.
RUNS = [
    ("jcc-12", "duckdb"),
    ("jcc-12", "tables"),
    ("jcc-11", "duckdb"),
    ("derby-10.14", "duckdb"),
    ("derby-10.14", "tables"),
]


SOURCES = {"luw": "com.ibm.db2.jcc.DB2XADataSource", "derby": "org.apache.derby.jdbc.ClientXADataSource"}


def persona(driver: str) -> server.Persona:
    return "luw" if driver.startswith("jcc") else "derby"


def served(driver: str, engine: server.EngineName) -> server.Server:
    table = pa.table({"A": pa.array([-1], pa.int32())})
    users = {"app": "secret"}
    return server.serve(tables={"T": table, "U": table}, persona=persona(driver), engine=engine, users=users)


def run(driver: str, engine: server.EngineName) -> dict[str, str]:
    """The faults, case by case."""
    with served(driver, engine) as srv:
        arguments = [SOURCES[persona(driver)], str(srv.port), "SAMPLE", "app", "secret", scenes.url(driver, srv.port)]
        return scenes.play("Branches", driver, *arguments)


@pytest.fixture(scope="module")
def runs() -> dict[tuple[str, str], Future[dict[str, str]]]:
    jdbc_programs.compiled()
    pool = ThreadPoolExecutor(2)
    return {of: pool.submit(run, *of) for of in RUNS}


@pytest.mark.parametrize("of", RUNS, ids=lambda of: " at ".join(of))
def test_branches_go_as_their_manager_says(runs: dict[tuple[str, str], Future[dict[str, str]]], of: tuple[str, str]):
    assert runs[of].result() == dict.fromkeys(CASES, "")


#: Work of the connection's own begins: the null XID.
LOCAL_BEGIN = bytes.fromhex("00191055 0005118709 00081801ffffffff 0008190300000000")
#: RLSCONV, "reuse", after the end of a branch.
REUSE = bytes.fromhex("0005119ff2")
COMMIT, SUCCESS, NONE = (bytes.fromhex(text) for text in ("0005118703", "0008190304000000", "0008190300000000"))


def steps(proxy: Proxy) -> list[bytes]:
    """Each SYNCCTL that went through, as it is on the wire."""
    return [frame[6:] for frame, point, _ in frames(bytearray(proxy.sent)) if point == SYNCCTL]


def as_asked_by_ibm(step: bytes) -> bytes:
    """A step as IBM's driver has it beside ours: the end of a branch says that the connection stays, which Derby's server
    refuses there, and a commit after a list of branches has the flag of the end once more."""
    if step.endswith(REUSE):
        step = len(step[: -len(REUSE)]).to_bytes(2, "big") + step[2 : -len(REUSE)]
    return step[: -len(SUCCESS)] + NONE if COMMIT in step and step.endswith(SUCCESS) else step


def ours(uri: str, proxy: Proxy) -> list[bytes]:
    """The steps of Steps.java."""
    with drdarrow.connect(uri, user="app", password="secret", two_phase=True) as connection:
        for number in range(1, 6):
            connection.tpc_begin((0x1267, f"global {number}", b"\x01\x02\x03"))
            if number != 5:
                connection.execute(f"INSERT INTO T VALUES ({number})")
            if number in (1, 4, 5):
                assert connection.tpc_prepare() is (number != 5)
            if number == 1:
                assert len(connection.tpc_recover()) == 1
            if number in (3, 4):
                connection.tpc_rollback()
            else:
                connection.tpc_commit()
        connection.execute("INSERT INTO T VALUES (6)")
        connection.commit()
        connection.execute("INSERT INTO T VALUES (7)")
        connection.rollback()
        return steps(proxy)


@pytest.mark.parametrize("driver", ["jcc-12", "jcc-11", "derby-10.14"])
def test_the_steps_are_those_of_other_clients_byte_for_byte(driver: str):
    sent: list[list[bytes]] = []
    for who in "theirs", "ours":
        with served(driver, "duckdb") as srv, Proxy(srv.port) as proxy:
            if who == "ours":
                sent.append(ours(srv.uri.replace(f":{srv.port}", f":{proxy.port}"), proxy))
            else:
                arguments = [SOURCES[persona(driver)], str(proxy.port), "SAMPLE", "app", "secret"]
                assert scenes.play("Steps", driver, *arguments) == {"waiting": "1", "vote": "3"}
                sent.append(steps(proxy))
            with drdarrow.connect(srv.uri, user="app", password="secret") as connection:
                assert connection.execute("SELECT A FROM T ORDER BY A").fetchall() == [(-1,), (1,), (2,), (6,)]
    theirs, own = sent
    if driver.startswith("jcc"):
        # Each difference is there.
        assert {step.endswith(REUSE) for step in theirs if b"\x00\x05\x11\x87\x0b" in step} == {True}
        assert theirs.count(LOCAL_BEGIN) == 2 and LOCAL_BEGIN not in own
        # Of a branch without a statement nothing is sent: it votes by itself.
        assert not any(b"global 5" in step for step in theirs)
        own = [step for step in own if b"global 5" not in step]
        theirs = [as_asked_by_ibm(step) for step in theirs if step != LOCAL_BEGIN]
    assert [step.hex() for step in theirs] == [step.hex() for step in own]
