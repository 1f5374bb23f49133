"""Transactions on several databases: all or nothing, whatever fails, judged by the tables and by what still waits."""

from __future__ import annotations

import asyncio
import itertools
import os
import random
import re
import sqlite3
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from conftest import Lab
from derby import Derby
from distributing import Crash, Place, begun, left, orphan, steps

import drdarrow
from drdarrow import aio, server, tpc
from drdarrow.tpc.log import Log

#: For each pair of databases. In this order they are the same each time; DRDARROW_SCHEDULES=1000 takes more.
SCHEDULES = int(os.environ.get("DRDARROW_SCHEDULES", "100"))
#: Of each database: END, PREPARE, COMMIT.
MESSAGES = 3


class Oops(Exception):
    pass


@pytest.fixture(scope="module")
def duck() -> Iterator[server.Server]:
    with server.serve(duckdb.connect(":memory:")) as srv:
        yield srv


@pytest.fixture(scope="module", params=["two databases of Derby", "Derby and DuckDB"])
def places(request: pytest.FixtureRequest, lab: Lab, duck: server.Server) -> Iterator[list[Place]]:
    first = Place(lab.port, lambda port: lab.uri(port), chains=False)
    if request.param == "Derby and DuckDB":
        second = Place(duck.port, lambda port: duck.uri.replace(f":{duck.port}", f":{port}"), chains=False)
    else:
        uri = lambda port: lab.server.uri("OTHER", port=port)  # noqa: E731
        second = Place(lab.port, uri, chains=False, attributes={"create": "true"})
    yield [first, second]
    first.close()
    second.close()


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Log:
    return Log(tmp_path_factory.mktemp("log") / "state" / "tpc.sqlite")


@pytest.fixture
def pair(places: list[Place]) -> Iterator[tuple[drdarrow.Connection, drdarrow.Connection]]:
    yield places[0].through(), places[1].through()
    for place in places:
        place.gone()


_values = iter(range(10_000_000, 20_000_000))


def kept(places: list[Place], value: int) -> list[bool]:
    return [place.has(value) for place in places]


def test_a_block_is_kept_or_undone_on_all(places: list[Place], log: Log, pair: tuple[drdarrow.Connection, ...]) -> None:
    for raises in False, True:
        value = next(_values)
        try:
            with drdarrow.distributed(*pair, log=log.path) as transaction:
                assert transaction.gtrid.startswith(log.name)
                for place, connection in zip(places, pair, strict=True):
                    place.insert(connection, value)
                if raises:
                    raise Oops
        except Oops as e:
            assert raises and not getattr(e, "__notes__", [])
        assert kept(places, value) == [not raises] * 2
        assert left(places, log) == [] and transaction.gtrid not in {row.gtrid for row in log.open()}
    with pytest.raises(drdarrow.InterfaceError, match="entered before"), transaction:
        pass
    # The connections do work of their own again.
    value = next(_values)
    for place, connection in zip(places, pair, strict=True):
        place.insert(connection, value)
        connection.commit()
    assert kept(places, value) == [True] * 2


@pytest.mark.parametrize("writes", [[False, False], [True, False], [False, True]])
def test_those_who_change_nothing_have_no_second_phase(places: list[Place], log: Log, writes: list[bool]) -> None:
    value = next(_values)
    with begun(places, log, value, writes) as coordinator:
        names: list[str] = []
        steps(coordinator.end(None), before=lambda _, step: names.append(getattr(step, "__name__", "aside")))
    assert kept(places, value) == writes and left(places, log) == []
    assert coordinator.gtrid not in {row.gtrid for row in log.open()}
    # Where nobody but the last one may have changed something nothing is written down.
    assert names.count("aside") == (2 if writes[0] else 1), names
    assert names.count("tpc_commit") == 1


def test_a_part_that_cannot_be_kept_undoes_all(places: list[Place], log: Log, pair: tuple[drdarrow.Connection, ...]) -> None:
    value = next(_values)
    places[0].insert(places[0].direct, value)
    with pytest.raises(drdarrow.IntegrityError), drdarrow.distributed(*pair, log=log.path):
        places[1].insert(pair[1], value)
        places[0].insert(pair[0], value)
    assert kept(places, value) == [True, False] and left(places, log) == []
    # Work that is not committed is no part of it: nothing begins, on no connection.
    places[1].insert(pair[1], value)
    with pytest.raises(drdarrow.ProgrammingError, match="not committed"), drdarrow.distributed(*pair, log=log.path):
        pass
    pair[1].rollback()
    with pytest.raises(drdarrow.ProgrammingError, match="tpc_commit"), drdarrow.distributed(*pair, log=log.path):
        pair[0].commit()
    places[0].insert(pair[0], next(_values))
    pair[0].commit()


@pytest.mark.parametrize("changes", [True, False], ids=["all change", "one reads"])
def test_a_cut_at_each_message_is_atomic_after_recovery(places: list[Place], log: Log, changes: bool) -> None:
    """Chains are cut as well: END comes to the database, and PREPARE does not."""
    ends: set[bool] = set()
    for victim in places:
        for cut, number in itertools.product(("requests", "replies"), range(MESSAGES)):
            value = next(_values)
            told: BaseException | None = None
            with begun(places, log, value, [True, changes]) as coordinator:
                victim.proxy.arm(**{cut: number})
                try:
                    steps(coordinator.end(None))
                except drdarrow.Error as e:
                    told = e
            if told is not None:
                orphan(coordinator)
                for place in places:
                    place.gone()
            tpc.recover([place.direct for place in places], log.path)
            victim.proxy.arm()
            here = kept(places, value)
            scene = f"{victim.table}: {number} {cut}, {here}, {told!r}"
            assert here == [here[0], here[0] and changes], scene
            assert told is not None or here[0], scene
            assert left(places, log) == [], scene
            ends.add(here[0])
    assert ends == {True, False}


@pytest.mark.timeout(60 + 3 * SCHEDULES)
def test_every_schedule_is_atomic_after_recovery(places: list[Place], log: Log) -> None:
    outcomes: dict[str, int] = {}
    for seed in range(SCHEDULES):
        chance = random.Random(seed)
        value = next(_values)
        writes = [chance.random() < 0.85 for _ in places]
        order = chance.sample(range(2), 2)
        taking, fate = [places[n] for n in order], chance.choice(["request", "request", "reply", "reply", "crash", "crash", "both"])
        told: BaseException | None = None
        with begun(taking, log, value, [writes[n] for n in order]) as coordinator:
            victim = chance.choice(taking)
            if fate in ("request", "both"):
                victim.proxy.arm(requests=chance.randrange(4))
            if fate in ("reply", "both"):
                chance.choice(taking).proxy.arm(replies=chance.randrange(4))
            try:
                steps(coordinator.end(None), most=chance.randrange(7) if fate in ("crash", "both") else 1 << 30)
            except (drdarrow.Error, Crash) as e:
                told = e
        if told is not None:
            orphan(coordinator)
            for place in places:
                place.gone()
        tpc.recover([place.direct for place in places], log.path)
        for place in places:
            place.proxy.arm()
        here = [has for has, changes in zip(kept(places, value), writes, strict=True) if changes]
        scene = f"seed {seed}: {fate}, {writes}, {here}, {told!r}"
        assert len(set(here)) <= 1, scene
        if told is None:
            assert all(here), scene
        elif not isinstance(told, Crash) and getattr(told, "sqlstate", None) != "08007":
            assert not any(here), scene
        if isinstance(told, drdarrow.OperationalError) and told.sqlstate == "08007":
            assert "xid" in str(told).lower() and "recover" in str(told), scene
        assert left(places, log) == [], scene
        word = "none" if not here else "kept" if all(here) else "undone"
        outcomes[word] = outcomes.get(word, 0) + 1
    # The schedules reach both ends.
    assert outcomes["kept"] > SCHEDULES // 10 and outcomes["undone"] > SCHEDULES // 10, outcomes


COORDINATOR = """
    import sys
    import drdarrow
    from drdarrow.tpc.coordinator import Coordinator
    from drdarrow.tpc.log import Log
    from distributing import steps

    path, value, *uris = sys.argv[1:]
    connections = [drdarrow.connect(uri, two_phase=True) for uri in uris[::2]]
    coordinator = Coordinator(connections, Log(path))

    def wait(number, step):
        print(number, flush=True)
        sys.stdin.readline()

    steps(coordinator.begin())
    for connection, table in zip(connections, uris[1::2]):
        connection.execute(f"INSERT INTO {table} VALUES (?)", (int(value),))
    steps(coordinator.end(None), before=wait)
    print("done", flush=True)
"""


@pytest.mark.parametrize("at", range(6))
def test_a_coordinator_that_is_killed_leaves_all_or_nothing(places: list[Place], log: Log, script, at: int) -> None:
    value = next(_values)
    named = [text for place in places for text in (place.uri(place.port), place.table)]
    started = script(COORDINATOR, log.path, value, *named)
    for number in range(at + 1):
        assert started.line() == str(number)
        if number < at:
            started.process.stdin.write("\n")
            started.process.stdin.flush()
    started.process.kill()
    started.process.wait(20)
    tpc.recover([place.direct for place in places], log.path)
    # Two promises, the decision, two orders, the note that all is done.
    assert kept(places, value) == [at >= 3] * 2 and left(places, log) == []


def test_a_recovery_between_the_phases_undoes_the_transaction(places: list[Place], log: Log) -> None:
    value, direct = next(_values), [place.direct for place in places]
    with begun(places, log, value) as coordinator:
        # It is under way.
        steps(coordinator.end(None), before=lambda *_: None if tpc.recover(direct, log.path) == [] else pytest.fail("found"))
    assert kept(places, value) == [True] * 2
    found: list[tpc.Resolved] = []

    def recover(at: int):
        def before(number: int, _: object) -> None:
            if number == at:
                orphan(coordinator)
                found.extend(tpc.recover(direct, log.path))

        return before

    value = next(_values)
    with begun(places, log, value) as coordinator, pytest.raises(drdarrow.OperationalError, match="recovery") as undone:
        steps(coordinator.end(None), before=recover(2))
    assert undone.value.sqlstate == "40001" and undone.value.retryable
    assert kept(places, value) == [False] * 2 and left(places, log) == []
    # After the decision it commits, and the coordinator knows.
    value = next(_values)
    found.clear()
    with begun(places, log, value) as coordinator:
        steps(coordinator.end(None), before=recover(3))
    assert [each.outcome for each in found] == ["committed"] * 2
    assert kept(places, value) == [True] * 2 and left(places, log) == []
    assert coordinator.gtrid not in {row.gtrid for row in log.open()}


def test_a_log_that_cannot_be_written_keeps_nothing(places: list[Place], log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    decide = Log.decide
    for failing, expected in [(1, sqlite3.OperationalError), (2, drdarrow.OperationalError)]:
        calls = iter(range(10))

        def broken(self: Log, *arguments: object, most: int = failing, calls: Iterator[int] = calls) -> object:
            if next(calls) < most:
                raise sqlite3.OperationalError("disk I/O error")
            return decide(self, *arguments)  # type: ignore[arg-type]

        value = next(_values)
        with monkeypatch.context() as patch, begun(places, log, value) as coordinator:
            patch.setattr(Log, "decide", broken)
            with pytest.raises(expected, match="disk I/O error") as told:
                steps(coordinator.end(None))
        if failing == 2:
            orphan(coordinator)
            # Nobody knows what the log has: so the branches wait, and the error names them.
            assert told.value.sqlstate == "08007" and str(log.path) in str(told.value)  # type: ignore[union-attr]
            assert len(left(places, log)) == 2 and all(repr(xid) in str(told.value) for xid in left(places, log))
            tpc.recover([place.through() for place in places], log.path)
        assert kept(places, value) == [False] * 2 and left(places, log) == []


def test_an_end_that_was_not_decided_is_told_by_name(places: list[Place], log: Log) -> None:
    value = next(_values)
    mixed = (bytes.fromhex("1248000819040000 0000"), bytes.fromhex("1248000819040000 0005"))

    def lie(number: int, _: object) -> None:
        if number == 4:
            places[1].proxy.lie = mixed

    with begun(places, log, value) as coordinator, pytest.raises(drdarrow.IntegrityError, match="XA_HEURMIX") as told:
        steps(coordinator.end(None), before=lie)
    places[1].proxy.lie = None
    assert told.value.sqlstate == "40003" and "not everywhere" in str(told.value)
    assert kept(places, value) == [True] * 2 and left(places, log) == []
    for place in places:
        place.gone()


def test_recovery_leaves_the_branches_of_others(places: list[Place], log: Log, tmp_path: Path) -> None:
    other = Log(tmp_path / "other.sqlite")
    value = next(_values)
    with begun(places, other, value) as coordinator, pytest.raises((Crash, drdarrow.OperationalError)):
        steps(coordinator.end(None), most=2)
    orphan(coordinator)
    for place in places:
        place.gone()
    stranger = places[0].through()
    stranger.tpc_begin((1, "stranger", ""))
    places[0].insert(stranger, next(_values))
    stranger.tpc_prepare()
    direct = [place.direct for place in places]
    assert tpc.recover(direct, log.path) == [] and len(left(places, other)) == 2
    assert {each.outcome for each in tpc.recover(direct, other.path)} == {"rolled back"}
    assert (1, b"stranger", b"") in places[0].direct.tpc_recover()
    stranger.tpc_rollback()
    with pytest.raises(drdarrow.OperationalError, match="closed") as told:
        places[0].gone()
        tpc.recover([stranger, places[1].direct], other.path)
    assert "recover() again" in str(told.value)


def test_the_same_with_asyncio(places: list[Place], log: Log) -> None:
    async def scene() -> None:
        first, second = [aio.connect(place.uri(place.port), two_phase=True) for place in places]
        async with first as a, second as b:
            kept_value, undone = next(_values), next(_values)
            async with aio.distributed(a, b, log=log.path):
                for place, connection in zip(places, (a, b), strict=True):
                    await connection.execute(f"INSERT INTO {place.table} VALUES (?)", (kept_value,))
            with pytest.raises(Oops):
                async with aio.distributed(a, b, log=log.path):
                    for place, connection in zip(places, (a, b), strict=True):
                        await connection.execute(f"INSERT INTO {place.table} VALUES (?)", (undone,))
                    raise Oops
            assert await tpc.recover_async([a, b], log.path) == []
            assert kept(places, kept_value) == [True] * 2 and kept(places, undone) == [False] * 2
            with pytest.raises(drdarrow.InterfaceError, match="expected"):
                drdarrow.distributed(a, b)  # type: ignore[arg-type]

    asyncio.run(scene())


def test_the_log_is_never_opened_on_the_thread_of_the_event_loop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[int] = []
    connect = sqlite3.connect

    def watched(*arguments: object, **settings: object) -> sqlite3.Connection:
        opened.append(threading.get_ident())
        return connect(*arguments, **settings)  # type: ignore[call-overload,no-any-return]

    async def scene(uri: str) -> None:
        async with aio.connect(uri, two_phase=True) as connection:
            transaction = aio.distributed(connection, log=tmp_path / "log.sqlite")
            with pytest.raises(drdarrow.InterfaceError, match="has not begun"):
                _ = transaction.gtrid
            async with transaction:
                assert len(transaction.gtrid) == 32
            await tpc.recover_async([connection], tmp_path / "log.sqlite")

    monkeypatch.setattr(sqlite3, "connect", watched)
    with server.serve(tables={}) as srv:
        asyncio.run(scene(srv.uri))
    assert len(opened) > 3 and threading.get_ident() not in opened


def test_the_examples_of_the_documentation_run(lab: Lab, duck: server.Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = Path(__file__).parents[2] / "docs" / "transactions.md"
    examples = re.findall(r"^```python\n(.*?)^```", page.read_text("utf-8"), flags=re.M | re.S)
    monkeypatch.chdir(tmp_path)
    with lab.connect(two_phase=True) as a, drdarrow.connect(duck.uri, two_phase=True) as b:
        for connection in a, b:
            connection.execute("CREATE TABLE ACCOUNTS (ID INTEGER, AMOUNT INTEGER)")
            connection.execute("INSERT INTO ACCOUNTS VALUES (1, 100), (7, 100)")
            connection.commit()
        for example in examples:
            exec(example, {"a": a, "b": b, "drdarrow": drdarrow})
        amounts = [connection.execute("SELECT ID, AMOUNT FROM ACCOUNTS ORDER BY ID").fetchall() for connection in (a, b)]
        assert len(examples) == 3 and amounts == [[(1, 80), (7, 100)], [(1, 100), (7, 110)]]


def test_what_takes_no_part_is_refused_by_name(places: list[Place], log: Log, pair: tuple[drdarrow.Connection, ...]) -> None:
    with pytest.raises(drdarrow.InterfaceError, match="missing"):
        drdarrow.distributed(log=log.path)
    with pytest.raises(drdarrow.InterfaceError, match="twice"):
        drdarrow.distributed(pair[0], pair[0], log=log.path)
    with pytest.raises(drdarrow.InterfaceError, match="an argument of its own"):
        drdarrow.distributed(list(pair), log=log.path)  # type: ignore[arg-type]
    with pytest.raises(drdarrow.InterfaceError, match=r"drdarrow\.aio\.distributed"):
        aio.distributed(*pair, log=log.path)  # type: ignore[arg-type]
    with pytest.raises(drdarrow.InterfaceError, match="a list of connections"):
        tpc.recover(pair[0], log.path)  # type: ignore[arg-type]
    with pytest.raises(drdarrow.InterfaceError, match="log: expected the path of a file, not int"):
        drdarrow.distributed(*pair, log=5)  # type: ignore[arg-type]
    with pytest.raises(drdarrow.InterfaceError, match="is a folder"):
        drdarrow.distributed(*pair, log=log.path.parent)
    other = log.path.with_name("other")
    other.write_text("This is no log. " * 100)
    with pytest.raises(drdarrow.InterfaceError, match="a file of something else"):
        drdarrow.distributed(*pair, log=other)
    with server.serve(persona="ibmi", files={"LIB/F": pa.table({"A": [1]})}) as ibmi, drdarrow.connect_files(ibmi.uri.replace("/SAMPLE", "")) as files:
        with pytest.raises(drdarrow.NotSupportedError, match="files of IBM i"):
            drdarrow.distributed(pair[0], files, log=log.path)  # type: ignore[arg-type]
    with drdarrow.connect(places[0].uri(places[0].port)) as plain:
        with pytest.raises(drdarrow.NotSupportedError, match="two_phase"), drdarrow.distributed(pair[0], plain, log=log.path):
            pass
    value = next(_values)
    places[0].insert(pair[0], value)
    pair[0].commit()
    assert places[0].has(value)


def test_a_recovery_says_that_a_connection_was_made_without_two_phase(tmp_path: Path) -> None:
    with server.serve() as srv, srv.connect() as plain:
        with pytest.raises(drdarrow.OperationalError, match=r"recover\(\) again, with connections made with two_phase=True"):
            tpc.recover([plain], tmp_path / "log")


def test_an_error_of_the_log_that_sqlite_has_no_number_for_stays_what_it_is(tmp_path: Path) -> None:
    log = Log(tmp_path / "log")
    with pytest.raises(sqlite3.ProgrammingError, match="bindings") as told, log._session() as session:
        session.execute("SELECT ?")
    assert any("the log of transactions" in note for note in told.value.__notes__)


def test_the_log_of_a_user_stands_where_state_does(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setattr(sys, "platform", "linux")
    assert tpc.default_path() == tmp_path / "drdarrow" / "tpc.sqlite"
    assert Log().name == Log().name != Log(tmp_path / "other").name


@pytest.mark.timeout(180)
def test_branches_of_a_derby_that_was_killed_are_ended(places: list[Place], log: Log) -> None:
    """It goes before each step: two promises, the decision, two orders."""
    if places[1].port != places[0].port:
        return
    with Derby() as derby:
        for at in range(5):
            uri = lambda port: derby.uri("D", port=port)  # noqa: E731
            doomed, value = Place(derby.port, uri, chains=False, attributes={"create": "true"}), next(_values)
            with begun([places[0], doomed], log, value) as coordinator, pytest.raises(drdarrow.OperationalError) as told:
                steps(coordinator.end(None), before=lambda number, _, at=at: derby.kill() if number == at else None)
            decided = at >= 2
            # Once it is decided, somebody has not heard of it.
            assert (told.value.sqlstate == "08007" and f":{doomed.proxy.port}/D" in str(told.value)) or not decided
            assert places[0].has(value) is decided and coordinator.gtrid in {row.gtrid for row in log.open()}
            doomed.close()
            derby.start()
            with drdarrow.connect(derby.uri("D"), two_phase=True, autocommit=True, statement_timeout=20) as again:
                outcomes = {each.outcome for each in tpc.recover([again], log.path)}
                assert outcomes == ({"committed"} if decided else set())
                found = again.execute(f"SELECT A FROM {doomed.table} WHERE A = ?", (value,)).fetchall()
                assert found == [(value,)] * decided
            # Of one that is gone, the database with the name in the log would have to say so.
            assert not decided or coordinator.gtrid not in {row.gtrid for row in log.open()}
