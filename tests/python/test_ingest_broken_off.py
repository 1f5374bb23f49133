"""`ingest()` that ends in the middle: a time-out, Ctrl-C, a server that goes. The table is the judge: it has the rows from
before, whoever reads it."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Callable, Iterator

import duckdb
import pyarrow as pa
import pytest
from batching import Target
from derby import Derby
from peers import Proxy, wait_for

import drdarrow
from drdarrow import aio, server


@pytest.fixture(scope="module", params=["real derby", "luw duckdb", "zos tables"])
def some(request: pytest.FixtureRequest, derby: Derby) -> Iterator[Target]:
    made = Target(request.param, derby)
    yield made
    made.close()


def pieces(in_the_middle: Callable[[], object]) -> Iterator[pa.Table]:
    """1,600 rows in eight pieces, and something that happens before the fifth of them."""
    for n in range(8):
        if n == 4:
            in_the_middle()
        yield pa.table({"A": pa.array(range(200 * n + 1, 200 * n + 201), pa.int32())})


@pytest.mark.parametrize("autocommit", [True, False])
def test_a_server_that_keeps_silent(some: Target, autocommit: bool) -> None:
    table = some.table(0)
    with Proxy(some.port) as proxy:
        connection = some.connect(proxy.port, autocommit=autocommit, statement_timeout=0.7)
        with pytest.raises(drdarrow.OperationalError) as caught:
            connection.cursor().ingest(table, pieces(proxy.hold))
        assert caught.value.sqlstate == "57033" and "statement_timeout" in str(caught.value), caught.value
        assert "no row of the call is kept" in str(caught.value)
        assert not caught.value.connection_usable
        proxy.release()
        connection.close()
    assert wait_for(lambda: some.keys(table) == [0])


@pytest.mark.parametrize("autocommit", [True, False])
def test_a_server_that_keeps_silent_to_a_task(some: Target, autocommit: bool) -> None:
    table = some.table(0)

    async def work(proxy: Proxy) -> None:
        uri = some.uri.replace(f":{some.port}/", f":{proxy.port}/")
        connection = await aio.connect(uri, timeout=15, autocommit=autocommit, statement_timeout=0.7)
        with pytest.raises(drdarrow.OperationalError, match="no row of the call is kept") as caught:
            await connection.cursor().ingest(table, pieces(proxy.hold))
        assert caught.value.sqlstate == "57033"
        proxy.release()
        await connection.close()

    with Proxy(some.port) as proxy:
        asyncio.run(work(proxy))
    assert wait_for(lambda: some.keys(table) == [0])


@pytest.mark.parametrize("autocommit", [True, False])
def test_ctrl_c(some: Target, autocommit: bool) -> None:
    table = some.table(0)

    def interrupt() -> None:
        proxy.hold()
        threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
        threading.Timer(0.8, proxy.release).start()

    with Proxy(some.port) as proxy:
        connection = some.connect(proxy.port, autocommit=autocommit)
        if not autocommit:
            connection.execute(f"INSERT INTO {table} VALUES (-1)")
        with pytest.raises(KeyboardInterrupt):
            connection.cursor().ingest(table, pieces(interrupt))
        # The transaction goes on as it was before the call.
        connection.commit()
        assert some.keys(table) == ([0] if autocommit else [-1, 0])
        connection.close()


@pytest.mark.parametrize("autocommit", [True, False])
def test_a_connection_that_is_cut(some: Target, autocommit: bool) -> None:
    table = some.table(0)
    proxy = Proxy(some.port)
    connection = some.connect(proxy.port, autocommit=autocommit)
    with pytest.raises(drdarrow.OperationalError, match="no row of the call is kept") as caught:
        connection.cursor().ingest(table, pieces(proxy.close))
    assert not caught.value.connection_usable
    connection.close()
    assert wait_for(lambda: some.keys(table) == [0])


@pytest.mark.parametrize("autocommit", [True, False])
@pytest.mark.parametrize("persona", ["luw", "derby"])
def test_a_server_that_closes(persona: server.Persona, autocommit: bool) -> None:
    """The rows that it was told before are undone: the host's own connection to DuckDB sees the rows from before."""
    source = duckdb.connect()
    source.execute("CREATE TABLE T (A INTEGER NOT NULL PRIMARY KEY)")
    source.execute("INSERT INTO T VALUES (0)")
    srv = server.serve(source, persona=persona, external_access=True)
    connection = srv.connect(autocommit=autocommit, timeout=15)
    with pytest.raises(drdarrow.OperationalError, match="no row of the call is kept") as caught:
        connection.cursor().ingest("T", pieces(srv.close))
    assert not caught.value.connection_usable
    connection.close()
    assert wait_for(lambda: source.execute("SELECT A FROM T").fetchall() == [(0,)])
    source.execute("INSERT INTO T SELECT * FROM range(1, 1601)")
