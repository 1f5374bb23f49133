"""Rows that a slow server has sent are handed out before those that it has not: none late, none lost, none twice."""

from __future__ import annotations

import asyncio
import math
import threading
import time
from collections.abc import Callable, Iterator
from itertools import islice

import pyarrow as pa
import pytest
from apart import apart
from conftest import SLACK, Lab
from derby import Truth
from peers import Proxy, wait_for

import drdarrow
from drdarrow import aio, server

PERSONAS = ["luw", "ibmi", "zos", "derby"]
ROWS = 10
SCHEMA = pa.schema([("N", pa.int32())])


class Gated:
    """An engine whose one query has batches of ten rows, each given when it is let through. Calls that come while
    another one is under way are noted."""

    shared = False

    def __init__(self, batches: int = 5, pause: float | None = None) -> None:
        self.batches, self._pause = batches, pause
        self._gate = threading.Semaphore(0)
        self._broken = False
        self._busy = threading.Lock()
        self.calls: list[str] = []
        self.clashes: list[str] = []

    def let(self, batches: int = 1) -> None:
        self._gate.release(batches)

    def session(self, user: str, database: str) -> Gated:
        return self

    def prepare(self, sql: str) -> server.Prepared:
        return self._alone("prepare", lambda: (1, [("N", "Int32", {})], []))

    def query(self, statement: int, parameters: object) -> Gated:
        return self._alone("query", lambda: self)

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return pa.RecordBatchReader.from_batches(SCHEMA, self._rows()).__arrow_c_stream__(requested_schema)

    def _rows(self) -> Iterator[pa.RecordBatch]:
        for first in range(0, ROWS * self.batches, ROWS):
            self._alone("pull", self._wait)
            yield pa.record_batch([pa.array(range(first, first + ROWS), pa.int32())], schema=SCHEMA)

    def _wait(self) -> None:
        if self._pause is not None:
            time.sleep(self._pause)
        elif not self._gate.acquire(timeout=60):
            raise TimeoutError
        if self._broken:
            raise RuntimeError("broken off")

    def _alone(self, call: str, what: Callable[[], object]) -> object:
        self.calls.append(call)
        if not self._busy.acquire(blocking=False):
            self.clashes.append(call)
            self._busy.acquire()
        try:
            return what()
        finally:
            self._busy.release()

    def interrupt(self) -> None:
        self.calls.append("interrupt")
        self._broken = True
        self.let()

    def trouble(self, text: str) -> server.SqlError:
        return server.SqlError(-952, "57014", text)

    def forget(self, statement: int) -> None: ...

    def set(self, sql: str) -> None: ...

    def commit(self) -> None:
        self._alone("commit", lambda: None)

    def rollback(self) -> None:
        self._alone("rollback", lambda: None)

    def close(self) -> None: ...


def numbers(rows: list[tuple[int, ...]]) -> list[int]:
    return [row[0] for row in rows]


@pytest.fixture
def gated() -> Iterator[Gated]:
    engine = Gated()
    yield engine
    # Nothing is left waiting.
    engine.let(100)


@pytest.mark.parametrize("persona", PERSONAS)
def test_rows_in_hand_do_not_wait_for_others(gated: Gated, persona: server.Persona) -> None:
    with server.serve(gated, persona=persona) as srv, srv.connect(statement_timeout=20) as connection:
        gated.let()
        cursor = connection.execute("SELECT N FROM T")
        # The second batch has not been let through.
        assert cursor.fetchone() == (0,)
        assert numbers(cursor.fetchmany(5)) == [1, 2, 3, 4, 5]
        assert next(cursor) == (6,)
        assert numbers(cursor.fetchmany(3)) == [7, 8, 9]
        gated.let()
        assert cursor.fetchone() == (10,)
        assert numbers(cursor.fetchmany(9)) == list(range(11, 20))
        gated.let(3)
        # More than there is at a time.
        assert numbers(cursor.fetchmany(15)) == list(range(20, 35))
        assert numbers(cursor.fetchall()) == list(range(35, 50))
        assert cursor.fetchone() is None
    assert gated.clashes == []


@pytest.mark.parametrize("persona", PERSONAS)
def test_nor_in_a_coroutine(gated: Gated, persona: server.Persona) -> None:
    async def ask(uri: str) -> None:
        async with aio.connect(uri, statement_timeout=20) as connection:
            gated.let()
            cursor = await connection.execute("SELECT N FROM T")
            assert await cursor.fetchone() == (0,)
            assert numbers(await cursor.fetchmany(8)) == list(range(1, 9))
            assert await anext(cursor) == (9,)
            waiting = asyncio.create_task(cursor.fetchmany(15))
            gated.let()
            await asyncio.sleep(0.5)
            # Ten rows have come to it by now; they are kept.
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            assert await cursor.fetchone() == (10,)
            gated.let(3)
            assert numbers(await cursor.fetchall()) == list(range(11, 50))

    with server.serve(gated, persona=persona) as srv:
        asyncio.run(ask(srv.uri))
    assert gated.clashes == []


def sizes(batches: list[drdarrow.RecordBatch]) -> list[list[int]]:
    return [pa.record_batch(batch).column(0).to_pylist() for batch in batches]


def test_a_batch_is_handed_out_with_what_there_is(gated: Gated) -> None:
    with server.serve(gated) as srv, srv.connect(statement_timeout=20) as connection:
        gated.let()
        stream = connection.execute("SELECT N FROM T").fetch_arrow()
        start = time.monotonic()
        assert sizes([next(stream)]) == [list(range(10))]
        assert time.monotonic() - start < 1 * SLACK
        gated.let(2)
        # One batch or two: both are there within the delay.
        second = sizes([next(stream)])[0]
        gated.let(2)
        rest = [number for batch in sizes(list(stream)) for number in batch]
        assert second + rest == list(range(10, 50))


def test_a_consumer_of_the_capsule_gets_what_there_is(gated: Gated) -> None:
    with server.serve(gated) as srv, srv.connect(statement_timeout=20) as connection:
        gated.let()
        reader = pa.RecordBatchReader.from_stream(connection.execute("SELECT N FROM T").fetch_arrow())
        assert reader.read_next_batch().column(0).to_pylist() == list(range(10))
        gated.let(4)
        assert reader.read_all().column(0).to_pylist() == list(range(10, 50))


def test_async_for_gets_what_there_is(gated: Gated) -> None:
    async def ask(uri: str) -> list[int]:
        async with aio.connect(uri, statement_timeout=20, batch_delay=0.05) as connection:
            gated.let()
            found: list[int] = []
            async for batch in (await connection.execute("SELECT N FROM T")).fetch_arrow():
                found += pa.record_batch(batch).column(0).to_pylist()
                # Only what was handed out lets more through.
                gated.let()
            return found

    with server.serve(gated) as srv:
        assert asyncio.run(ask(srv.uri)) == list(range(50))


@pytest.mark.parametrize("how", ["connection", "uri", "call"])
def test_full_batches_are_waited_for_where_that_is_wanted(how: str) -> None:
    engine = Gated(pause=0.3)
    with server.serve(engine) as srv:
        uri = srv.uri + ("&" if "?" in srv.uri else "?") + "batch_delay=none" if how == "uri" else srv.uri
        given = {"batch_delay": None} if how == "connection" else {}
        with drdarrow.connect(uri, **given) as connection:
            cursor = connection.execute("SELECT N FROM T")
            stream = cursor.fetch_arrow(batch_delay=None) if how == "call" else cursor.fetch_arrow()
            assert sizes(list(stream)) == [list(range(50))]
            stream = connection.execute("SELECT N FROM T").fetch_arrow(batch_delay=0, batch_rows=20)
            several = sizes(list(stream))
            assert len(several) > 1 and [n for batch in several for n in batch] == list(range(50))


def test_a_whole_result_is_not_cut_into_pieces() -> None:
    engine = Gated(pause=0.2)
    with server.serve(engine) as srv, srv.connect(batch_delay=0) as connection:
        table = connection.execute("SELECT N FROM T").fetch_arrow_table()
        assert (table.column(0).to_pylist(), len(table.to_batches())) == (list(range(50)), 1)

        async def ask() -> pa.Table:
            async with aio.connect(srv.uri) as other:
                return await (await other.execute("SELECT N FROM T")).fetch_arrow_table()

        assert len(asyncio.run(ask()).to_batches()) == 1


def test_an_error_is_told_after_the_rows(gated: Gated) -> None:
    with server.serve(gated) as srv, srv.connect(statement_timeout=20) as connection:
        gated.let()
        cursor = connection.execute("SELECT N FROM T")
        assert cursor.fetchone() == (0,)
        gated.interrupt()
        assert numbers(cursor.fetchmany(20)) == list(range(1, 10))
        for _ in range(2):
            with pytest.raises(drdarrow.Error) as failed:
                cursor.fetchone()
            assert failed.value.sqlcode == -952


def test_an_error_is_told_after_the_batch(gated: Gated) -> None:
    with server.serve(gated) as srv, srv.connect(statement_timeout=20) as connection:
        gated.let()
        stream = connection.execute("SELECT N FROM T").fetch_arrow(batch_delay=None)
        breaker = threading.Timer(0.5, gated.interrupt)
        breaker.start()
        assert sizes([next(stream)]) == [list(range(10))]
        with pytest.raises(drdarrow.Error, match="cancelled by an interrupt"):
            next(stream)
        breaker.join()


def test_one_call_at_a_time_reaches_the_engine(gated: Gated) -> None:
    with server.serve(gated) as srv, srv.connect(statement_timeout=20) as connection:
        gated.let()
        first = connection.execute("SELECT N FROM T")
        assert first.fetchone() == (0,)
        # A thread of the server waits for the second batch of it.
        threading.Timer(0.3, gated.let, [20]).start()
        second = connection.execute("SELECT N FROM T")
        assert numbers(second.fetchall()) == list(range(50))
        assert numbers(first.fetchall()) == list(range(1, 50))
        gated.let()
        third = connection.execute("SELECT N FROM T")
        assert third.fetchone() == (0,)
        third.close()
        threading.Timer(0.3, gated.let).start()
        connection.commit()
    assert gated.clashes == []
    assert "interrupt" not in gated.calls


@pytest.mark.parametrize("end", ["rollback", "close"])
def test_a_batch_that_nobody_wants_is_broken_off(gated: Gated, end: str) -> None:
    with server.serve(gated) as srv:
        connection = srv.connect(statement_timeout=20)
        gated.let()
        cursor = connection.execute("SELECT N FROM T")
        assert cursor.fetchone() == (0,)
        cursor.close()
        getattr(connection, end)()
        assert wait_for(lambda: "interrupt" in gated.calls)
        connection.close()
    assert gated.clashes == []


def test_the_wait_of_a_scan_is_bounded() -> None:
    table = pa.table({"N": pa.array(range(20_000), pa.int32()), "T": ["x" * 200] * 20_000})
    files = {"SHOP/ITEMS": server.PhysicalFile(table)}
    with (
        server.serve(persona="ibmi", files=files, users={"ada": "secret"}) as srv,
        Proxy(srv.port) as proxy,
        drdarrow.connect_files(
            f"drda://ada@127.0.0.1:{proxy.port}/", password="secret", signon_port=0, security="password"
        ) as connection,
        connection.open_file("SHOP/ITEMS") as file,
    ):
        stream = file.fetch_arrow(batch_rows=1000)
        found = sizes([next(stream)])
        proxy.hold()
        # What has come is not a multiple of a thousand records.
        while len(found[-1]) == 1000:
            found += sizes([next(stream)])
        assert 0 < len(found[-1]) < 1000
        proxy.release()
        found += sizes(list(stream))
        assert [n for batch in found for n in batch] == list(range(20_000))


@pytest.fixture(scope="module")
def slow_derby(lab: Lab) -> Lab:
    lab.server.compile("Procedures.java")
    with lab.connect() as connection:
        connection.execute(
            "CREATE FUNCTION SLOWLY(N INT, MS INT) RETURNS INT LANGUAGE JAVA PARAMETER STYLE JAVA NO SQL "
            "EXTERNAL NAME 'Procedures.slowly'"
        )
    return lab


def test_a_slow_query_of_derby(slow_derby: Lab) -> None:
    """Derby sends a block when it is full. Small blocks bring the rows sooner."""
    sql = "SELECT ID, SLOWLY(ID, 100), CAST('x' AS CHAR(100)) FROM INTS WHERE ID <= 30 ORDER BY ID"
    with drdarrow.connect(slow_derby.uri(), block_size=512, statement_timeout=60) as connection:
        start = time.monotonic()
        cursor = connection.execute(sql)
        assert cursor.fetchone()[0] == 1
        first = time.monotonic() - start
        assert numbers(cursor.fetchall()) == list(range(2, 31))
        assert first < (time.monotonic() - start) / 2
        stream = connection.execute(sql).fetch_arrow(batch_delay=0.05)
        batches = sizes(list(stream))
        assert len(batches) > 3 and [n for batch in batches for n in batch] == list(range(1, 31))


def test_short_blocks_are_read_by_derbys_client() -> None:
    engine = Gated(20, pause=0.15)
    with (
        server.serve(engine, persona="derby", database="LAB", users={"app": "secret"}) as srv,
        Truth(f"jdbc:derby://127.0.0.1:{srv.port}/LAB;user=app;password=secret") as java,
    ):
        assert java.select("SELECT N FROM T")[1] == [[str(n)] for n in range(200)]


def test_short_blocks_are_read_by_ibms_driver() -> None:
    engine = Gated(20, pause=0.15)
    with server.serve(engine, persona="luw", database="SHOP", users={"app": "secret"}) as srv:
        to = f"DATABASE=SHOP;HOSTNAME={srv.host};PORT={srv.port};PROTOCOL=TCPIP;UID=app;PWD=secret;"
        (rows,) = apart("ibm.select", to, "SELECT N FROM T")
        assert rows == [(n,) for n in range(200)]


@pytest.mark.parametrize("delay", [-0.001, math.nan, math.inf, 1e300, "soon", True])
def test_delays_that_cannot_be_meant(delay: float) -> None:
    with pytest.raises(drdarrow.InterfaceError, match="batch_delay"):
        drdarrow.connect("drda://app@127.0.0.1:1/LAB", batch_delay=delay)
    with pytest.raises(drdarrow.InterfaceError, match="batch_delay"):
        drdarrow.connect_files("drda://app@127.0.0.1:1/", batch_delay=delay)


def test_a_delay_is_told_by_call(lab: Lab) -> None:
    with lab.connect() as connection:
        cursor = connection.execute("VALUES 1")
        with pytest.raises(drdarrow.InterfaceError, match="batch_delay"):
            cursor.fetch_arrow(batch_delay=-1)
        # The result is as it was.
        assert list(islice(cursor, 2)) == [(1,)]
