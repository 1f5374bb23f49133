"""A reset, or a loss, that meets a commit whose outcome nobody knows, or that is given up half-way."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import suppress

import duckdb
import pytest
from peers import Proxy, wait_for

import drdarrow
from drdarrow import aio, server

EXCSQLSET = 0x2014


class Stopping(Proxy):
    """Holds the replies from a command of the client on."""

    stops_at: int | None = None

    def _note(self, pending: bytearray) -> None:
        super()._note(pending)
        if self.stops_at in self.commands:
            self.hold()


@pytest.fixture
def base() -> duckdb.DuckDBPyConnection:
    made = duckdb.connect()
    made.execute("CREATE TABLE T (ID INTEGER)")
    return made


@pytest.fixture
def proxied(base: duckdb.DuckDBPyConnection) -> Iterator[tuple[str, Stopping]]:
    with server.serve(base) as srv, Stopping(srv.port) as proxy:
        yield srv.uri.replace(f":{srv.port}", f":{proxy.port}"), proxy


def is_kept(base: duckdb.DuckDBPyConnection) -> bool:
    return base.cursor().execute("SELECT ID FROM T").fetchall() == [(1,)]


def test_a_commit_that_was_told_to_be_unknown_is_not_called_undone_afterwards(base, proxied) -> None:
    uri, proxy = proxied
    with drdarrow.connect(uri, reconnect=True) as connection:
        connection.execute("INSERT INTO T VALUES (1)")
        proxy.hold()

        def cut() -> None:
            wait_for(lambda: is_kept(base))
            proxy.cut()
            proxy.release()

        cutting = threading.Thread(target=cut)
        cutting.start()
        with pytest.raises(drdarrow.OperationalError) as caught:
            connection.commit()
        cutting.join(30)
        assert caught.value.sqlstate == "08007" and is_kept(base)
        assert connection.execute("SELECT ID FROM T").fetchall() == [(1,)]


@pytest.mark.parametrize("next_call", ["execute", "commit", "rollback"])
def test_a_commit_that_nobody_waited_for_is_unknown_when_the_connection_is_lost(base, proxied, next_call: str) -> None:
    uri, proxy = proxied

    async def work() -> None:
        async with aio.connect(uri, reconnect=True) as connection:
            await connection.execute("INSERT INTO T VALUES (1)")
            proxy.hold()
            commit = asyncio.create_task(connection.commit())
            while not is_kept(base):
                await asyncio.sleep(0.01)
            commit.cancel()
            with suppress(asyncio.CancelledError):
                await commit
            proxy.cut()
            proxy.release()
            while "lost" not in repr(connection):
                await asyncio.sleep(0.01)
            with pytest.raises(drdarrow.OperationalError) as caught:
                await (connection.execute("VALUES 1") if next_call == "execute" else getattr(connection, next_call)())
            assert caught.value.sqlstate == "08007" and not caught.value.retryable
            # It is told once.
            cursor = await connection.execute("SELECT ID FROM T")
            assert await cursor.fetchall() == [(1,)]

    asyncio.run(work())


def test_a_reset_that_is_given_up_closes_the_connection(base, proxied) -> None:
    uri, proxy = proxied

    async def work() -> None:
        connection = await aio.connect(uri, autocommit=True)
        connection.autocommit = False
        await connection.execute("INSERT INTO T VALUES (1)")
        proxy.hold()
        proxy.forget()
        resetting = asyncio.create_task(connection.reset())
        while not proxy.commands:
            await asyncio.sleep(0.01)
        resetting.cancel()
        with suppress(asyncio.CancelledError):
            await resetting
        proxy.release()
        assert connection.closed

    asyncio.run(work())


def test_whoever_works_is_told_again_when_that_was_given_up(base, proxied) -> None:
    uri, proxy = proxied

    async def work() -> None:
        async with aio.connect(uri, reconnect=True, client_user="ada") as connection:
            proxy.cut()
            while "lost" not in repr(connection):
                await asyncio.sleep(0.01)
            proxy.forget()
            # The answers end where the login does.
            proxy.stops_at = EXCSQLSET
            coming = asyncio.create_task(connection.ping())
            while EXCSQLSET not in proxy.commands:
                await asyncio.sleep(0.01)
            coming.cancel()
            with suppress(asyncio.CancelledError):
                await coming
            proxy.stops_at = None
            proxy.forget()
            proxy.release()
            cursor = await connection.execute("VALUES CURRENT CLIENT_USERID")
            assert await cursor.fetchone() == ("ada",)
            assert EXCSQLSET in proxy.commands

    asyncio.run(work())
