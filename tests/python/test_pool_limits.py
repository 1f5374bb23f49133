"""The times and numbers that a pool keeps to."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator

import duckdb
import pyarrow as pa
import pytest
from peers import Proxy, Silent, wait_for

import drdarrow
from drdarrow import server
from drdarrow.pool import AsyncConnectionPool, ConnectionPool, PoolTimeout


@pytest.fixture
def proxied() -> Iterator[tuple[str, Proxy]]:
    base = duckdb.connect()
    base.execute("CREATE TABLE T (ID INTEGER)")
    with server.serve(base) as srv, Proxy(srv.port) as proxy:
        yield srv.uri.replace(f":{srv.port}", f":{proxy.port}"), proxy


def test_connections_that_wait_made_are_in_use_by_nobody(proxied: tuple[str, Proxy]) -> None:
    uri, _ = proxied
    with ConnectionPool(uri, min_size=2) as pool:
        pool.wait()
        stats = pool.get_stats()
        assert (stats["size"], stats["idle"], stats["in_use"]) == (2, 2, 0)

    async def work() -> None:
        async with AsyncConnectionPool(uri, min_size=2) as pool:
            await pool.wait()
            assert pool.get_stats()["in_use"] == 0

    asyncio.run(work())


@pytest.mark.parametrize("timeout", [float("inf"), 1e300])
def test_a_wait_may_be_endless(proxied: tuple[str, Proxy], timeout: float) -> None:
    with ConnectionPool(proxied[0], max_size=1, timeout=timeout) as pool:
        held = pool.getconn()
        found: list[drdarrow.Connection] = []
        thread = threading.Thread(target=lambda: found.append(pool.getconn()))
        thread.start()
        assert wait_for(lambda: pool.get_stats()["waiting"] == 1)
        pool.putconn(held)
        thread.join(20)
        pool.putconn(found[0])


def test_max_waiting_counts_those_who_have_to_wait(proxied: tuple[str, Proxy]) -> None:
    with ConnectionPool(proxied[0], max_size=3, max_waiting=1, timeout=20) as pool:
        pool.putconn(pool.getconn())
        # Somebody has asked and not looked yet; the others have connections as well.
        first = pool._core.ask(lambda: None, 20)
        second = pool._core.ask(lambda: None, 20)
        for ticket in (first, second):
            slot = pool._core.step(ticket)
            if slot is None:
                slot = pool._core.made(ticket, drdarrow.connect(proxied[0]))
            assert not isinstance(slot, float)
            pool.putconn(slot.connection)


def test_the_time_of_the_uri_is_kept_and_that_of_the_pool_is_not_taken_for_it(proxied: tuple[str, Proxy]) -> None:
    with Silent() as silent, ConnectionPool(f"drda://x@127.0.0.1:{silent.port}/D?timeout=0.3", timeout=30) as pool:
        begun = time.monotonic()
        thread = threading.Thread(target=lambda: pytest.raises(PoolTimeout, pool.getconn, timeout=3))
        thread.start()
        assert wait_for(lambda: pool.get_stats()["failed"] >= 2)
        assert time.monotonic() - begun < 15
        thread.join(30)
    uri, proxy = proxied
    with ConnectionPool(uri, reset="always") as pool:
        connection = pool.getconn(timeout=0.7)
        proxy.hold()
        threading.Timer(1.2, proxy.release).start()
        # The reset of a connection has its own time, not what was left when it was made.
        pool.putconn(connection)
        assert pool.get_stats()["resets"] == 1


@pytest.mark.parametrize("kept", [{"check": 0}, {"max_idle": 0.01, "check": 0}])
def test_a_server_that_fell_silent_takes_no_longer_than_the_time_of_the_wait(
    proxied: tuple[str, Proxy], kept: dict[str, float]
) -> None:
    uri, proxy = proxied
    pool = ConnectionPool(uri, max_size=4, **kept)  # type: ignore[arg-type]
    for connection in [pool.getconn() for _ in range(4)]:
        pool.putconn(connection)
    assert wait_for(lambda: time.monotonic() - pool._core._idle[0].since > 0.02)
    proxy.hold()
    begun = time.monotonic()
    with pytest.raises(PoolTimeout):
        pool.getconn(timeout=0.3)
    took = time.monotonic() - begun
    proxy.release()
    pool.close()
    # Four goodbyes, or four pings, would be at least eight seconds.
    assert took < 6


def test_a_server_that_does_not_answer_a_rollback_loses_its_connection(
    proxied: tuple[str, Proxy], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("drdarrow.pool.synchronous._UNDO", 0.2)
    monkeypatch.setattr("drdarrow.pool.asynchronous._UNDO", 0.2)
    uri, proxy = proxied
    with ConnectionPool(uri) as pool:
        connection = pool.getconn()
        connection.execute("INSERT INTO T VALUES (1)")
        proxy.hold()
        pool.putconn(connection)
        proxy.release()
        assert connection.closed and pool.get_stats()["lost"] == 1
        with pool.connection() as other:
            assert other.execute("SELECT COUNT(*) FROM T").fetchone() == (0,)

    async def work() -> None:
        async with AsyncConnectionPool(uri) as pool:
            connection = await pool.getconn()
            proxy.hold()
            await pool.putconn(connection)
            proxy.release()
            assert connection.closed and pool.get_stats()["lost"] == 1

    asyncio.run(work())


def test_a_wait_in_a_pause_says_why_there_is_one() -> None:
    with server.serve(duckdb.connect()) as srv:
        uri = srv.uri
    pool = ConnectionPool(uri, max_size=1)
    with pytest.raises(PoolTimeout):
        pool.getconn(timeout=1)
    pool._core._not_before = time.monotonic() + 60
    with pytest.raises(PoolTimeout, match="the last one that was tried: ") as caught:
        pool.getconn(timeout=0.1)
    assert isinstance(caught.value.__cause__, drdarrow.OperationalError)


def test_a_function_that_resets_leaves_no_work_open(proxied: tuple[str, Proxy]) -> None:
    def clean(connection: drdarrow.Connection) -> None:
        connection.execute("INSERT INTO T VALUES (9)")

    with ConnectionPool(proxied[0], max_size=1, reset=clean) as pool:
        with pool.connection():
            pass
        with pool.connection() as connection:
            with connection.transaction():
                assert connection.execute("SELECT COUNT(*) FROM T").fetchone() == (0,)


def test_a_command_in_the_job_for_files_is_a_trace() -> None:
    files = {"SHOP/ITEMS": pa.table({"ID": pa.array([1], pa.int32())})}
    with server.serve(engine="tables", persona="ibmi", files=files) as srv, ConnectionPool(srv.uri) as pool:
        with pool.connection() as connection:
            connection.command("CRTPF FILE(SHOP/FLAT) RCDLEN(80)")
            assert connection._touched
        assert pool.get_stats()["resets"] == 1
        with pool.connection() as connection:
            assert not connection._touched


def test_a_block_in_autocommit_keeps_what_a_query_changed_whose_rows_were_not_read() -> None:
    base = duckdb.connect()
    base.execute("CREATE TABLE T (ID INTEGER); CREATE TABLE BIG AS SELECT range::INTEGER AS ID FROM range(300000)")
    change = "SELECT ID FROM FINAL TABLE (INSERT INTO T SELECT ID FROM BIG)"
    with server.serve(base) as srv:
        with ConnectionPool(srv.uri, settings={"autocommit": True}) as pool, pool.connection() as connection:
            kept = connection.execute(change)
            kept.fetchone()
        assert base.execute("SELECT COUNT(*) FROM T").fetchone() == (300_000,)

        async def work() -> None:
            async with AsyncConnectionPool(srv.uri, settings={"autocommit": True}) as pool, pool.connection() as connection:
                kept = await connection.execute(change)
                await kept.fetchone()

        asyncio.run(work())
        assert base.execute("SELECT COUNT(*) FROM T").fetchone() == (600_000,)
