"""The log of distributed transactions: who is under way, what a recovery spares, and how a broken promise is told."""

from __future__ import annotations

import contextlib
import inspect
import os
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

import duckdb
import pytest
from distributing import Crash, Place, begun, left, orphan, steps

import drdarrow
from drdarrow import server, tpc
from drdarrow.tpc.coordinator import Coordinator
from drdarrow.tpc.log import Log
from drdarrow.tpc.steps import Steps, run


@pytest.fixture(scope="module")
def places() -> Iterator[list[Place]]:
    with contextlib.ExitStack() as stack:
        made = []
        for _ in range(2):
            srv = stack.enter_context(server.serve(duckdb.connect(":memory:")))
            uri = lambda port, srv=srv: srv.uri.replace(f":{srv.port}", f":{port}")  # noqa: E731
            made.append(Place(srv.port, uri, chains=False))
            stack.callback(made[-1].close)
        yield made


@pytest.fixture
def log(tmp_path: Path, places: list[Place]) -> Iterator[Log]:
    yield Log(tmp_path / "tpc.sqlite")
    for place in places:
        place.proxy.lie = None
        place.gone()


_values = iter(range(1_000_000))


def test_what_a_full_disk_left_is_ended_by_the_same_process(
    places: list[Place], log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    value = next(_values)

    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as patch, pytest.raises(drdarrow.OperationalError, match="disk is full") as told:
        with drdarrow.distributed(*[place.through() for place in places], log=log.path):
            for place in places:
                place.insert(place.through(), value)
            patch.setattr(Log, "decide", full)
            patch.setattr(Log, "done", full)
    assert told.value.sqlstate == "08007" and "recover()" in str(told.value)
    assert len(left(places, log)) == 2
    assert {each.outcome for each in tpc.recover([place.direct for place in places], log.path)} == {"rolled back"}
    assert left(places, log) == [] and not any(place.has(value) for place in places)
    # What could not be written is made up for.
    run(Coordinator([place.direct for place in places], log).begin())
    for place in places:
        place.direct.tpc_rollback()
    with contextlib.closing(sqlite3.connect(log.path)) as session:
        assert session.execute("SELECT count(*) FROM coordinator").fetchone() == (1,)


def test_a_recovery_clears_the_log_of_what_was_committed(places: list[Place], log: Log) -> None:
    value = next(_values)
    with begun(places, log, value) as coordinator, pytest.raises(Crash):
        steps(coordinator.end(None), most=5)
    orphan(coordinator)
    assert all(place.has(value) for place in places) and len(log.open()) == 2
    assert tpc.recover([places[0].through()], log.path) == [] and len(log.open()) == 1
    assert tpc.recover([place.through() for place in places], log.path) == [] and log.open() == []


def test_what_begins_while_a_recovery_reads_is_spared(
    places: list[Place], log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    value, direct = next(_values), [place.direct for place in places]
    reads, under_way = log.open, log.under_way
    begins: list[Coordinator] = []

    def begin() -> None:
        if not begins:
            begins.append(Coordinator([place.through() for place in places], log))
            run(begins[0].begin())

    for name, read in [("open", reads), ("under_way", under_way)]:

        def then_begins(_: Log, read=read) -> object:
            found = read()
            begin()
            return found

        monkeypatch.setattr(Log, name, then_begins)
    assert tpc.recover(direct, log.path) == []
    for place in places:
        place.insert(place.through(), value)
    run(begins[0].end(None))
    assert all(place.has(value) for place in places)


@pytest.mark.parametrize("answer", ["fffffffc", "0000006a"], ids=["XAER_NOTA", "XA_RBTIMEOUT"])
def test_a_promise_that_was_not_kept_is_told_and_is_no_reason_to_do_it_again(
    places: list[Place], log: Log, answer: str
) -> None:
    def lie(number: int, _: object) -> None:
        if number == 4:
            places[1].proxy.lie = (bytes.fromhex("1248000819040000 0000"), bytes.fromhex("124800081904" + answer))

    value = next(_values)
    with begun(places, log, value) as coordinator, pytest.raises(drdarrow.IntegrityError) as told:
        steps(coordinator.end(None), before=lie)
    assert told.value.sqlstate == "40003" and "not everywhere" in str(told.value) and not told.value.retryable
    # There is nothing left for a recovery.
    assert coordinator.gtrid not in {row.gtrid for row in log.open()}


@pytest.mark.skipif(sys.platform != "linux", reason="the system does not tell when a process began")
def test_the_number_of_a_process_that_was_given_anew_is_not_under_way(log: Log) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        log.begin(b"another", [])
        with contextlib.closing(sqlite3.connect(log.path)) as session, session:
            (process,) = session.execute("SELECT process FROM coordinator").fetchone()
            boot, began = process[8:].split(b" ")
            assert began.isdigit()
            stat = Path(f"/proc/{other.pid}/stat").read_bytes().rpartition(b")")[2].split()[19]
            for name, mark in [(b"same", boot + b" " + stat), (b"reused", boot + b" 1"), (b"boot", b"x " + stat)]:
                row = (name, socket.gethostname(), other.pid, process[:8] + mark)
                session.execute("INSERT INTO coordinator VALUES (?, ?, ?, ?)", row)
        assert log.under_way() == {b"same"}
        other.communicate(b"\n")
    assert log.under_way() == set() and other.pid != os.getpid()


def test_an_interrupt_between_two_steps_is_told_to_them() -> None:
    heard: list[BaseException] = []

    def two() -> Steps[None]:
        for _ in range(2):
            try:
                yield lambda: None
            except BaseException as e:
                heard.append(e)

    lines = 0

    def trace(frame: FrameType, event: str, _: object):
        nonlocal lines
        if frame.f_code is not run.__code__:
            return None
        # Anywhere in between.
        lines += event == "line"
        if event == "line" and lines == at:
            raise KeyboardInterrupt
        return trace

    told = 0
    for at in range(1, 30):
        heard.clear()
        lines = 0
        taken = two()
        sys.settrace(trace)
        try:
            run(taken)
        except KeyboardInterrupt:
            # Before the first step, or after the last one.
            assert not heard
        finally:
            sys.settrace(None)
        assert inspect.getgeneratorstate(taken) != inspect.GEN_SUSPENDED, at
        told += [type(e) for e in heard] == [KeyboardInterrupt]
    assert told >= 5


def test_an_interrupt_of_a_begin_frees_those_that_had_begun(places: list[Place], log: Log) -> None:
    connections = [place.through() for place in places]
    coordinator = Coordinator(connections, log)

    def interrupt(number: int, step: object) -> None:
        if number == 2:
            step()  # type: ignore[operator]
            places[1].proxy.cut()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        steps(coordinator.begin(), before=interrupt)
    value = next(_values)
    places[0].insert(connections[0], value)
    connections[0].commit()
    assert places[0].has(value) and log.under_way() == set()
