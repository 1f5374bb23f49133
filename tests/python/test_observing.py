"""Counters, times, slow statements and warnings say what was, and cost nothing that shows."""

from __future__ import annotations

import asyncio
import gc
import logging
import threading
import warnings
import weakref
from collections.abc import Iterator
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from conftest import Lab
from peers import Proxy

import drdarrow
from drdarrow import aio, server
from drdarrow.sqlwarnings import EveryRowWarning, SqlWarning, TruncationWarning, made

ROWS = 300_000


@pytest.fixture(scope="module")
def srv() -> Iterator[server.Server]:
    base = duckdb.connect()
    base.execute(f"CREATE TABLE BIG AS SELECT range::INTEGER AS ID FROM range({ROWS}); CREATE TABLE T (ID INTEGER)")
    with server.serve(base) as running:
        yield running


def test_counters_are_those_of_the_wire(srv: server.Server) -> None:
    with Proxy(srv.port) as proxy, drdarrow.connect(srv.uri.replace(f":{srv.port}", f":{proxy.port}")) as connection:
        opened = connection.counters()
        assert opened.bytes_sent == len(proxy.sent) and opened.bytes_received == proxy.bytes_down
        assert 2 <= opened.round_trips <= 6 and opened.rows == 0
        proxy.forget()
        connection.execute("SELECT * FROM BIG").fetchall()
        done = connection.counters().since(opened)
        assert done.rows == ROWS and done.batches >= 1 and done.round_trips >= 2
        assert done.bytes_sent == len(proxy.sent) and done.bytes_received == proxy.bytes_down > ROWS * 4
        assert 0 < done.waiting < 60 and 0 < done.decoding < 60
        connection.reset()
        assert connection.counters().rows == ROWS and connection.counters().round_trips > done.round_trips


def test_the_times_of_a_statement_add_up(srv: server.Server) -> None:
    with srv.connect() as connection:
        cursor = connection.cursor()
        assert cursor.timing() is None
        cursor.execute("SELECT * FROM BIG WHERE ID >= ?", (0,))
        first = cursor.timing()
        assert first is not None and first.preparing > 0 and first.first_block > 0
        assert len(cursor.fetchall()) == ROWS
        whole = cursor.timing()
        assert whole is not None and whole.rows == ROWS and whole.decoding > 0 and whole.total >= first.total
        assert all(seconds >= 0 for seconds in whole[:5]) and whole.total == pytest.approx(sum(whole[:5]))
        assert f"{ROWS} rows in {whole.batches} batches" in repr(whole) and "first block" in repr(whole)
        stream = cursor.execute("SELECT * FROM BIG").fetch_arrow()
        assert pa.table(stream).num_rows == ROWS
        streamed = cursor.timing()
        assert streamed is not None and streamed.rows == ROWS
        cursor.executemany("INSERT INTO T VALUES (?)", [(1,), (2,)])
        many = cursor.timing()
        assert many is not None and many.first_block > 0 and many.rows == 0


def test_what_is_slow_is_told_with_its_text_and_without_its_values(srv: server.Server, caplog: pytest.LogCaptureFixture) -> None:
    told: list[tuple[str, float, object]] = []

    def hook(statement: str, seconds: float, counters: object) -> None:
        told.append((statement, seconds, counters))

    with caplog.at_level(logging.WARNING, "drdarrow.slow"), srv.connect(slow_after=1e-6, on_slow=hook) as connection:
        connection.execute("SELECT * FROM T WHERE ID = ?", (4711,)).fetchall()
        connection.cursor().executemany("INSERT INTO T VALUES (?)", [(4711,)])
        connection.cursor().ingest("T", pa.table({"ID": pa.array([4711], pa.int32())}))
        connection.query("SELECT * FROM BIG WHERE ID = ?", (4711,)).to_arrow()
    texts = [statement for statement, _, _ in told]
    assert texts == [
        "SELECT * FROM T WHERE ID = ?", "INSERT INTO T VALUES (?)", "ingest into T", "SELECT * FROM BIG WHERE ID = ?",
    ]
    assert all(seconds > 0 and counters.round_trips > 0 for _, seconds, counters in told)  # type: ignore[attr-defined]
    logged = [record.getMessage() for record in caplog.records if record.name == "drdarrow.slow"]
    assert len(logged) == 4 and not any("4711" in text for text in logged)

    async def work() -> None:
        async with aio.connect(srv.uri, slow_after=1e-6, on_slow=hook) as connection:
            await connection.execute("VALUES 1")
            cursor = connection.cursor()
            await cursor.executemany("INSERT INTO T VALUES (?)", [(1,)])
            await connection.query("VALUES 2").to_arrow()

    told.clear()
    asyncio.run(work())
    assert [statement for statement, _, _ in told] == ["VALUES 1", "INSERT INTO T VALUES (?)", "VALUES 2"]


def test_what_is_slow_and_fails_is_told_as_well(srv: server.Server) -> None:
    told: list[str] = []
    slow: Any = {"slow_after": 1e-6, "on_slow": lambda statement, *_: told.append(statement)}
    with srv.connect(**slow) as connection:
        with pytest.raises(drdarrow.Error):
            connection.execute("SELECT * FROM NOT_THERE")
        with pytest.raises(drdarrow.Error):
            connection.query("SELECT * FROM NOT_THERE").to_arrow()
        with pytest.raises(drdarrow.Error):
            connection.cursor().callproc("NOT_THERE")
        assert len(told) == 3
        cursor = connection.cursor()
        for statement, rows in ("INSERT INTO NOT_THERE VALUES (?)", [(1,)]), ("INSERT INTO T VALUES (?)", [(1,), ("x",)]):
            with pytest.raises(drdarrow.Error):
                cursor.executemany(statement, rows)
            assert told[3:] == [statement]
            del told[3:]
        with pytest.raises(drdarrow.Error):
            cursor.ingest("NOT_THERE", pa.table({"ID": pa.array([1], pa.int32())}))
        assert told[3:] == ["ingest into NOT_THERE"]

    async def work() -> None:
        async with aio.connect(srv.uri, **slow) as connection:
            with pytest.raises(drdarrow.Error):
                await connection.execute("SELECT * FROM NOT_THERE")
            with pytest.raises(drdarrow.Error):
                await connection.query("SELECT * FROM NOT_THERE").to_arrow()
            cursor = connection.cursor()
            for statement in "INSERT INTO NOT_THERE VALUES (?)", "INSERT INTO T VALUES (?)":
                with pytest.raises(drdarrow.Error):
                    await cursor.executemany(statement, [(1,), ("x",)])
            with pytest.raises(drdarrow.Error):
                await cursor.ingest("NOT_THERE", pa.table({"ID": pa.array([1], pa.int32())}))

    told.clear()
    asyncio.run(work())
    assert told == [
        *["SELECT * FROM NOT_THERE"] * 2,
        "INSERT INTO NOT_THERE VALUES (?)",
        "INSERT INTO T VALUES (?)",
        "ingest into NOT_THERE",
    ]


@pytest.mark.parametrize("fails", [False, True])
def test_a_fetch_that_is_slow_is_told_of(srv: server.Server, fails: bool) -> None:
    """The first rows come at once. Once for a statement."""
    told: list[tuple[str, float]] = []
    slow: Any = {"slow_after": 0.3, "on_slow": lambda statement, seconds, _: told.append((statement, seconds))}
    with Proxy(srv.port) as proxy:
        there = srv.uri.replace(f":{srv.port}", f":{proxy.port}")

        def stop() -> threading.Timer:
            proxy.hold()
            timer = threading.Timer(2, proxy.cut if fails else proxy.release)
            timer.start()
            return timer

        connection = drdarrow.connect(there, block_size=32767, credit=65536, **slow)
        cursor = connection.execute("SELECT * FROM BIG")
        cursor.fetchmany(10)
        assert not told
        timer = stop()
        if fails:
            with pytest.raises(drdarrow.OperationalError):
                cursor.fetchall()
        else:
            assert len(cursor.fetchall()) == ROWS - 10
        timer.join()
        connection.close()
        assert [statement for statement, _ in told] == ["SELECT * FROM BIG"] and 0.3 <= told[0][1] < 60

        async def work() -> None:
            connection = await aio.connect(there, block_size=32767, credit=65536, **slow)
            cursor = await connection.execute("SELECT * FROM BIG")
            await cursor.fetchmany(10)
            timer = stop()
            if fails:
                with pytest.raises(drdarrow.OperationalError):
                    await cursor.fetchall()
            else:
                assert len(await cursor.fetchall()) == ROWS - 10
            timer.join()
            await connection.close()

        proxy.release()
        told.clear()
        asyncio.run(work())
        assert [statement for statement, _ in told] == ["SELECT * FROM BIG"]


def test_what_is_fast_is_not_told(srv: server.Server, caplog: pytest.LogCaptureFixture) -> None:
    told: list[object] = []
    with srv.connect(slow_after=3600, on_slow=lambda *about: told.append(about)) as connection:
        connection.execute("VALUES 1")
    assert not told and not caplog.records


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_fault_of_the_hook_is_no_fault_of_the_statement(srv: server.Server, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[object] = []
    monkeypatch.setattr("sys.unraisablehook", lambda about: seen.append(about.exc_value))
    with srv.connect(slow_after=1e-6, on_slow=lambda *_: 1 / 0) as connection:
        assert connection.execute("VALUES 1").fetchone() == (1,)
    assert isinstance(seen[0], ZeroDivisionError)


def test_a_hook_is_let_go_with_its_connection(srv: server.Server) -> None:
    class Hook:
        def __call__(self, *about: object) -> None: ...

    hook = Hook()
    gone = weakref.ref(hook)
    connection = srv.connect(slow_after=1, on_slow=hook)
    del hook
    connection.close()
    gc.collect()
    assert gone() is None


def test_hooks_that_cannot_be_meant_are_refused(srv: server.Server) -> None:
    with pytest.raises(drdarrow.InterfaceError, match="on_slow: expected a callable"):
        srv.connect(slow_after=1, on_slow=3)
    async def nobody_awaits_it(*_: object) -> None: ...

    with pytest.raises(drdarrow.InterfaceError, match="on_slow: expected a function, not a coroutine function"):
        srv.connect(slow_after=1, on_slow=nobody_awaits_it)
    with pytest.raises(drdarrow.InterfaceError, match="needs slow_after"):
        srv.connect(on_slow=print)
    with pytest.raises(drdarrow.InterfaceError, match="slow_after"):
        srv.connect(slow_after=0)


def test_classes_of_warnings_are_by_their_sqlstate() -> None:
    assert type(made("x", "01004", 0)) is TruncationWarning and type(made("x", "01999", 7)) is SqlWarning
    assert type(made("x", "01504", 0)) is EveryRowWarning
    assert issubclass(SqlWarning, drdarrow.Warning) and issubclass(SqlWarning, UserWarning)
    assert (made("x", "01004", 445).sqlstate, made("x", "01004", 445).sqlcode) == ("01004", 445)


def warn_on_derby(lab: Lab) -> str:
    """A statement that Derby warns of: NULLs are left out of an aggregate."""
    return "SELECT MAX(X) FROM (VALUES 1, CAST(NULL AS INTEGER)) AS V(X)"


def test_warnings_of_the_server_are_pythons_where_that_was_chosen(lab: Lab) -> None:
    sql = warn_on_derby(lab)
    with lab.connect() as connection, warnings.catch_warnings():
        warnings.simplefilter("error")
        cursor = connection.execute(sql)
        assert cursor.fetchall() == [(1,)]
        (told,) = cursor.messages
        assert told[0] is type(told[1]) and told[1].sqlstate == "01003"
    with lab.connect(sql_warnings=True) as connection:
        with pytest.warns(drdarrow.sqlwarnings.NullsLeftOutWarning) as caught:
            cursor = connection.execute(sql)
            cursor.fetchall()
        assert [str(each.filename) for each in caught] == [__file__] and len(cursor.messages) == 1
        with warnings.catch_warnings():
            warnings.simplefilter("error", SqlWarning)
            with pytest.raises(SqlWarning):
                connection.execute(sql).fetchall()
            assert connection.execute("VALUES 1").fetchall() == [(1,)]


def test_the_same_with_asyncio(lab: Lab) -> None:
    async def work() -> None:
        async with aio.connect(lab.uri(), sql_warnings=True) as connection:
            cursor = await connection.execute(warn_on_derby(lab))
            await cursor.fetchall()

    with pytest.warns(drdarrow.sqlwarnings.NullsLeftOutWarning) as caught:
        asyncio.run(work())
    assert [str(each.filename) for each in caught] == [__file__]
