"""Pools of connections: who gets one, who waits, and what becomes of those that are lost."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
from collections.abc import Iterator
from typing import Any

import duckdb
import pytest
from peers import EXCSAT, Proxy, Silent, wait_for

import drdarrow
from drdarrow import server
from drdarrow.pool import AsyncConnectionPool, ConnectionPool, PoolFull, PoolTimeout
from drdarrow.rows import dict_row


@pytest.fixture
def srv() -> Iterator[server.Server]:
    base = duckdb.connect()
    base.execute("CREATE TABLE T (ID INTEGER); CREATE TABLE BIG AS SELECT range::INTEGER AS ID FROM range(1000000)")
    with server.serve(base) as running:
        yield running


@pytest.fixture
def proxy(srv: server.Server) -> Iterator[Proxy]:
    with Proxy(srv.port) as between:
        yield between


@pytest.fixture
def uri(srv: server.Server, proxy: Proxy) -> str:
    return srv.uri.replace(f":{srv.port}", f":{proxy.port}")


def test_a_connection_is_used_again(uri: str, proxy: Proxy) -> None:
    with ConnectionPool(uri, max_size=2) as pool:
        for number in range(5):
            with pool.connection() as connection:
                connection.execute("INSERT INTO T VALUES (?)", (number,))
        assert proxy.accepted == 1
        with pool.connection() as connection:
            assert connection.execute("SELECT COUNT(*) FROM T").fetchone() == (5,)
        stats = pool.get_stats()
        assert (stats["size"], stats["idle"], stats["in_use"], stats["made"], stats["requests"]) == (1, 1, 0, 1, 6)
    assert pool.closed and wait_for(lambda: proxy.ended == 1)


def test_a_block_is_committed_or_undone(uri: str) -> None:
    with ConnectionPool(uri) as pool:
        with pytest.raises(KeyError), pool.connection() as connection:
            connection.execute("INSERT INTO T VALUES (1)")
            raise KeyError
        connection = pool.getconn()
        connection.execute("INSERT INTO T VALUES (2)")
        pool.putconn(connection)
        with pool.connection() as connection:
            assert connection.execute("SELECT * FROM T").fetchall() == []


def test_nothing_is_left_for_the_next(uri: str, proxy: Proxy) -> None:
    with ConnectionPool(uri, max_size=1) as pool:
        with pool.connection() as connection:
            first = connection.execute("VALUES CURRENT SCHEMA").fetchone()
            connection.execute("SET CURRENT SCHEMA = SYSIBM")
            connection.row_factory = dict_row
            connection.autocommit = True
            left_open = connection.execute("SELECT * FROM MAIN.BIG")
        with pool.connection() as connection:
            assert connection.row_factory is None and not connection.autocommit
            assert connection.execute("VALUES CURRENT SCHEMA").fetchone() == first
            with pytest.raises(drdarrow.Error):
                left_open.fetchall()
        assert pool.get_stats()["resets"] == 1
    with ConnectionPool(uri, max_size=1, reset="rollback") as pool:
        with pool.connection() as connection:
            connection.execute("SET CURRENT SCHEMA = SYSIBM")
        with pool.connection() as connection:
            assert connection.execute("VALUES CURRENT SCHEMA").fetchone() == ("SYSIBM",)


def test_functions_of_the_user_see_each_connection(uri: str) -> None:
    seen: list[str] = []

    def configure(connection: drdarrow.Connection) -> None:
        seen.append("configured")
        connection.execute("SET CURRENT SCHEMA = SYSIBM")

    with ConnectionPool(uri, configure=configure, reset=lambda _: seen.append("reset")) as pool:
        for _ in range(2):
            with pool.connection() as connection:
                assert connection.execute("VALUES CURRENT SCHEMA").fetchone() == ("SYSIBM",)
    assert seen == ["configured", "reset", "reset"]


def test_no_more_than_max_size_and_those_who_wait_come_in_order(uri: str, proxy: Proxy) -> None:
    order: list[int] = []
    with ConnectionPool(uri, max_size=1) as pool:
        held = pool.getconn()

        def work(number: int) -> None:
            with pool.connection():
                order.append(number)

        threads = []
        for number in range(8):
            threads.append(threading.Thread(target=work, args=(number,)))
            threads[-1].start()
            assert wait_for(lambda: pool.get_stats()["waiting"] == len(threads))
        pool.putconn(held)
        for thread in threads:
            thread.join(20)
        assert order == list(range(8)) and proxy.accepted == 1
        assert pool.get_stats()["requests_waited"] >= 8


def test_a_wait_that_is_too_long_says_who_has_them(uri: str) -> None:
    with ConnectionPool(uri, max_size=2, name="orders", max_waiting=1) as pool:
        held = [pool.getconn(), pool.getconn()]
        with pytest.raises(PoolTimeout, match=r"orders: 2 of 2 connections, 2 in use, 1 waiting: .* within 0\.[12] s"):
            pool.getconn(timeout=0.1)
        waiting = threading.Thread(target=lambda: pool.putconn(pool.getconn()))
        waiting.start()
        assert wait_for(lambda: pool.get_stats()["waiting"] == 1)
        with pytest.raises(PoolFull, match="max_waiting is 1"):
            pool.getconn()
        for connection in held:
            pool.putconn(connection)
        waiting.join(20)
        assert pool.get_stats()["requests_failed"] == 2


def test_lost_connections_are_replaced(uri: str, proxy: Proxy) -> None:
    with ConnectionPool(uri, max_size=3, check=0) as pool:
        held = [pool.getconn() for _ in range(3)]
        for connection in held:
            pool.putconn(connection)
        proxy.cut()
        with pool.connection() as connection:
            assert connection.execute("VALUES 1").fetchone() == (1,)
        with pytest.raises(drdarrow.OperationalError), pool.connection() as connection:
            proxy.cut()
            connection.execute("VALUES 1")
        with pool.connection() as connection:
            assert connection.execute("VALUES 1").fetchone() == (1,)
        stats = pool.get_stats()
        assert stats["size"] <= 3 and stats["in_use"] == 0 and stats["lost"] >= 2


def test_a_server_that_is_away_is_asked_again_and_again_until_it_is_back() -> None:
    base = duckdb.connect()
    with server.serve(base) as first:
        port = first.port
        pool = ConnectionPool(first.uri, max_size=1, timeout=30)
        with pool.connection() as connection:
            connection.execute("VALUES 1")
    with pytest.raises(PoolTimeout, match="the last one that was tried") as caught:
        pool.getconn(timeout=0.5)
    assert isinstance(caught.value.__cause__, drdarrow.OperationalError) and pool.get_stats()["failed"] >= 1
    found: list[object] = []

    def work() -> None:
        with pool.connection() as connection:
            found.append(connection.execute("VALUES 7").fetchone())

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    assert wait_for(lambda: pool.get_stats()["failed"] >= 3)
    with server.serve(duckdb.connect(), port=port):
        for thread in threads:
            thread.join(30)
        assert found == [(7,)] * 3
        pool.close()


def test_a_login_that_is_refused_is_told_at_once() -> None:
    with server.serve(users={"app": "right"}) as srv:
        pool = ConnectionPool(srv.uri, settings={"password": "wrong"})
        with pytest.raises(drdarrow.OperationalError) as caught:
            pool.getconn()
        assert caught.value.sqlstate == "28000" and not isinstance(caught.value, PoolTimeout)
        assert pool.get_stats()["size"] == 0


def test_old_and_idle_connections_go(uri: str, proxy: Proxy) -> None:
    with ConnectionPool(uri, max_size=2, min_size=1, max_idle=0.05) as pool:
        held = [pool.getconn(), pool.getconn()]
        for connection in held:
            pool.putconn(connection)
        assert wait_for(lambda: pool.putconn(pool.getconn()) or pool.get_stats()["size"] == 1)
        assert pool.get_stats()["expired"] == 1
    with ConnectionPool(uri, max_size=1, max_lifetime=0.05) as pool:
        pool.putconn(pool.getconn())
        assert wait_for(lambda: pool.putconn(pool.getconn()) or pool.get_stats()["expired"] >= 2)


def test_a_connection_that_was_idle_is_asked_before_it_is_handed_out(uri: str, proxy: Proxy) -> None:
    with ConnectionPool(uri, check=0) as pool:
        pool.putconn(pool.getconn())
        proxy.forget()
        pool.putconn(pool.getconn())
        assert proxy.count(EXCSAT) == 1


def test_min_size_is_waited_for(uri: str, proxy: Proxy) -> None:
    with ConnectionPool(uri, min_size=3) as pool:
        pool.wait()
        assert proxy.accepted == 3 and pool.get_stats()["idle"] == 3
    with Silent() as silent, ConnectionPool(f"drda://x@127.0.0.1:{silent.port}/D", min_size=1) as pool:
        with pytest.raises(PoolTimeout, match="min_size"):
            pool.wait(timeout=0.3)


def test_a_closed_pool_tells_those_who_wait(uri: str) -> None:
    pool = ConnectionPool(uri, max_size=1)
    held, told = pool.getconn(), list[Exception]()

    def work() -> None:
        try:
            pool.getconn()
        except drdarrow.Error as e:
            told.append(e)

    thread = threading.Thread(target=work)
    thread.start()
    assert wait_for(lambda: pool.get_stats()["waiting"] == 1)
    pool.close()
    thread.join(20)
    assert isinstance(told[0], drdarrow.InterfaceError) and "the pool is closed" in str(told[0])
    pool.putconn(held)
    assert held.closed and pool.get_stats()["size"] == 0
    pool.open()
    with pool.connection() as connection:
        connection.ping()
    pool.close()


def test_a_connection_of_others_is_not_taken(srv: server.Server) -> None:
    with ConnectionPool(srv.uri) as pool, srv.connect() as other:
        with pytest.raises(drdarrow.InterfaceError, match="handed out"):
            pool.putconn(other)
        connection = pool.getconn()
        pool.putconn(connection)
        with pytest.raises(drdarrow.InterfaceError, match="handed out"):
            pool.putconn(connection)


@pytest.mark.parametrize(
    "wrong",
    [{"min_size": -1}, {"max_size": 0}, {"min_size": 5, "max_size": 2}, {"timeout": 0}, {"max_idle": float("nan")},
     {"check": -1}, {"reset": "all"}, {"max_waiting": True}, {"configure": "x"}, {"settings": "x"}],
)
def test_rules_that_mean_nothing_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(drdarrow.InterfaceError, match=list(wrong)[-1]):
        ConnectionPool("drda://h/d", **wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("wrong", [-1, "x", float("nan"), True])
def test_times_that_mean_nothing_are_refused(uri: str, wrong: Any) -> None:
    with ConnectionPool(uri) as pool:
        for ask in (pool.getconn, pool.wait):
            with pytest.raises(drdarrow.InterfaceError, match="timeout: expected seconds of at least 0"):
                ask(timeout=wrong)
        pool.putconn(pool.getconn(timeout=0))


def test_a_child_makes_connections_of_its_own_and_leaves_those_of_its_parent(srv: server.Server, script) -> None:
    run = script(
        """
        import os, sys, threading
        import drdarrow
        from drdarrow.pool import ConnectionPool

        pool = ConnectionPool(sys.argv[1], max_size=2)
        with pool.connection() as held:
            pid = os.fork()
            if pid == 0:
                with pool.connection() as own:
                    assert own.execute("VALUES 1").fetchone() == (1,)
                assert pool.get_stats()["size"] == 1
                try:
                    held.execute("VALUES 1")
                except drdarrow.InterfaceError:
                    os._exit(7)
                os._exit(1)
            assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7
            assert held.execute("VALUES 2").fetchone() == (2,)
        assert threading.active_count() == 1
        print("well")
        """,
        srv.uri,
    )
    code, out, err = run.end(40)
    assert code == 0 and out.strip() == "well", err


def test_the_interpreter_ends_with_a_pool_that_was_left_open(srv: server.Server, script) -> None:
    run = script(
        """
        import sys
        from drdarrow.pool import ConnectionPool
        pool = ConnectionPool(sys.argv[1], max_size=2)
        pool.putconn(pool.getconn())
        held = pool.getconn()
        print("end")
        """,
        srv.uri,
    )
    assert run.end(30) == (0, "end\n", "")


def test_a_pool_that_nobody_has_is_collected(srv: server.Server) -> None:
    from drdarrow.pool import core

    pool = ConnectionPool(srv.uri, name="collected")
    pool.putconn(pool.getconn())
    state = pool._core
    assert state in core._pools
    del pool, state
    gc.collect()
    assert not [state for state in core._pools if state.rules.name == "collected"]


def test_tasks_wait_in_order_and_cancelled_ones_leave_the_queue(uri: str, proxy: Proxy) -> None:
    async def work() -> None:
        async with AsyncConnectionPool(uri, max_size=1) as pool:
            order: list[int] = []

            async def one(number: int) -> None:
                async with pool.connection() as connection:
                    order.append(number)
                    await connection.execute("INSERT INTO T VALUES (?)", (number,))

            held = await pool.getconn()
            tasks = [asyncio.create_task(one(number)) for number in range(6)]
            while pool.get_stats()["waiting"] < 6:
                await asyncio.sleep(0)
            tasks[2].cancel()
            with pytest.raises(asyncio.CancelledError):
                await tasks[2]
            await pool.putconn(held)
            await asyncio.gather(*tasks, return_exceptions=True)
            assert order == [0, 1, 3, 4, 5]
            with pytest.raises(PoolTimeout, match="within 0.1 s"):
                async with pool.connection():
                    await pool.getconn(timeout=0.1)
            stats = pool.get_stats()
            assert (stats["size"], stats["idle"], stats["waiting"]) == (1, 1, 0)
        assert proxy.accepted == 1

    asyncio.run(work())


def test_a_task_that_is_cancelled_in_a_statement_gives_its_connection_back_clean(uri: str, proxy: Proxy) -> None:
    async def work() -> None:
        async with AsyncConnectionPool(uri, max_size=1) as pool:

            async def stuck() -> None:
                async with pool.connection() as connection:
                    await connection.execute("INSERT INTO T VALUES (1)")
                    proxy.hold()
                    await connection.execute("INSERT INTO T VALUES (2)")

            task = asyncio.create_task(stuck())
            proxy.forget()
            while not task.done() and proxy._flowing.is_set():
                await asyncio.sleep(0.01)
            task.cancel()
            proxy.release()
            with pytest.raises(asyncio.CancelledError):
                await task
            async with pool.connection() as connection:
                cursor = await connection.execute("SELECT COUNT(*) FROM T")
                assert await cursor.fetchone() == (0,)

    asyncio.run(work())


def test_a_pool_of_tasks_belongs_to_its_event_loop(srv: server.Server) -> None:
    pool = AsyncConnectionPool(srv.uri)

    async def use() -> None:
        async with pool.connection() as connection:
            await connection.ping()

    async def elsewhere() -> None:
        await use()
        with pytest.raises(drdarrow.InterfaceError, match="another event loop"):
            await asyncio.to_thread(lambda: asyncio.run(use()))
        await pool.close()

    asyncio.run(elsewhere())


def test_min_size_and_functions_go_with_asyncio(uri: str, proxy: Proxy) -> None:
    seen: list[str] = []

    async def configure(connection: drdarrow.aio.AsyncConnection) -> None:
        seen.append("configured")

    async def reset(connection: drdarrow.aio.AsyncConnection) -> None:
        seen.append("reset")

    async def work() -> None:
        async with AsyncConnectionPool(uri, min_size=2, configure=configure, reset=reset, check=0) as pool:
            await pool.wait()
            assert proxy.accepted == 2
            async with pool.connection() as connection:
                await connection.execute("VALUES 1")
            proxy.cut()
            async with pool.connection() as connection:
                await connection.execute("VALUES 1")
        assert seen.count("reset") == 2 and seen.count("configured") >= 3

    asyncio.run(work())


def test_time_is_not_spent_on_waiting_when_a_connection_is_free(srv: server.Server) -> None:
    with ConnectionPool(srv.uri) as pool:
        pool.putconn(pool.getconn())
        begun = time.monotonic()
        for _ in range(50):
            pool.putconn(pool.getconn())
        assert time.monotonic() - begun < 10
