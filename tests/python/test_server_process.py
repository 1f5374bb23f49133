"""Client and server in one process: locks, memory, hanging up, forks, the interpreter's end."""

from __future__ import annotations

import asyncio
import gc
import os
import threading
import time
from collections.abc import Callable, Iterator

import duckdb
import psutil
import pyarrow as pa
import pytest
from conftest import SLACK, Script
from peers import wait_for
from test_gil import pull

import drdarrow
from drdarrow import aio, server

pytestmark = pytest.mark.alone

ROWS = 1_000_000
ALL = "SELECT * FROM N"
#: Hours of work.
LONG = "SELECT COUNT(*) FROM range(100000) a, range(1000000) b WHERE hash(a.range + b.range) % 7 = 3"


@pytest.fixture(scope="module")
def srv() -> Iterator[server.Server]:
    source = duckdb.connect()
    source.execute(f"CREATE TABLE N AS SELECT i::INTEGER ID, 'name ' || i NAME, i::DECIMAL(9, 2) D FROM range({ROWS}) t(i)")
    with server.serve(source) as running:
        yield running


def held(srv: server.Server, rows: int = ROWS) -> tuple[int, int]:
    """Pulls so many rows with the GIL held."""
    with srv.connect() as connection:
        return pull(connection.execute(f"{ALL} WHERE ID < {rows}").fetch_arrow().__arrow_c_stream__())


def test_a_pull_with_the_gil_over_an_engine_that_needs_it(srv: server.Server) -> None:
    assert held(srv) == (ROWS, 0)


def test_pulls_with_the_gil_from_many_threads(srv: server.Server) -> None:
    seen: list[tuple[int, int]] = []
    threads = [threading.Thread(target=lambda: seen.append(held(srv, 200_000))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [(200_000, 0)] * 4


def test_other_consumers_in_the_process(srv: server.Server) -> None:
    with srv.connect() as connection:
        reader = pa.RecordBatchReader.from_stream(connection.execute(ALL).fetch_arrow())
        assert sum(batch.num_rows for batch in reader) == ROWS
        # A DuckDB that reads from a DuckDB, through the wire.
        stream = connection.execute(ALL).fetch_arrow()
        other = duckdb.connect()
        other.register("stream", stream)
        assert other.execute("SELECT COUNT(*), SUM(ID) FROM stream").fetchall() == [(ROWS, ROWS * (ROWS - 1) // 2)]


def test_a_source_whose_rows_come_from_python(srv: server.Server) -> None:
    """Reading them takes the GIL on DuckDB's threads, while a consumer holds it here."""
    source = duckdb.connect()
    table = pa.table({"A": pa.array(range(200_000))})
    source.create_function("twice", lambda n: n * 2, ["BIGINT"], "BIGINT")
    with server.serve(source, tables={"T": table}) as serving, serving.connect() as connection:
        result = connection.execute("SELECT twice(A) AS B FROM T WHERE A < 20000").fetch_arrow()
        assert pull(result.__arrow_c_stream__()) == (20_000, 0)


def test_fifty_clients_of_one_event_loop(srv: server.Server) -> None:
    async def ask(n: int) -> int:
        async with aio.connect(srv.uri) as connection:
            cursor = await connection.execute("SELECT ID FROM N WHERE ID < ?", (n * 100,))
            return sum([batch.num_rows async for batch in cursor.fetch_arrow()])

    async def all_of_them() -> list[int]:
        return await asyncio.gather(*(ask(n) for n in range(50)))

    assert asyncio.run(all_of_them()) == [n * 100 for n in range(50)]


def test_async_with_closes() -> None:
    async def use() -> server.Server:
        async with server.serve(tables={"T": pa.table({"A": [1]})}) as serving:
            async with aio.connect(serving.uri) as connection:
                assert await (await connection.execute("SELECT * FROM T")).fetchall() == [(1,)]
        return serving

    assert asyncio.run(use()).closed


def test_a_long_result_needs_no_memory(srv: server.Server) -> None:
    process = psutil.Process()
    # Threads, buffers and caches of the first time.
    held(srv, 200_000)
    gc.collect()
    before = process.memory_info().rss
    with srv.connect() as connection:
        most = rows = 0
        for batch in connection.execute("SELECT ID, NAME, D FROM N, range(4)").fetch_arrow(batch_rows=10_000):
            rows += batch.num_rows
            most = max(most, process.memory_info().rss)
    assert rows == 4 * ROWS
    # As Arrow the rows are 150 MB, on the wire 120; blocks on their way and DuckDB's buffers are 35 to 65.
    assert most - before < 100e6


def test_leaving_off_in_the_middle(srv: server.Server) -> None:
    connection = srv.connect()
    for _ in range(5):
        stream = connection.execute(ALL).fetch_arrow()
        next(iter(stream))
        stream.close()
    stream = connection.execute(ALL).fetch_arrow()
    next(iter(stream))
    connection.close()
    assert held(srv, 1000) == (1000, 0)


def busy() -> float:
    """CPU seconds of this process in a tenth of a second."""
    before = time.process_time()
    time.sleep(0.1)
    return time.process_time() - before


def test_a_client_that_hangs_up_ends_its_statement(srv: server.Server) -> None:
    connection = srv.connect(statement_timeout=0.5)
    with pytest.raises(drdarrow.OperationalError):
        connection.execute(LONG)
    connection.close()
    assert wait_for(lambda: busy() < 0.03, SLACK)


def test_close_interrupts_what_runs() -> None:
    serving = server.serve(duckdb.connect())
    connection = serving.connect()
    threading.Timer(0.2, serving._close, (0.1,)).start()
    with pytest.raises(drdarrow.OperationalError) as caught:
        connection.execute(LONG).fetchall()
    assert caught.value.sqlstate == "57014"
    assert wait_for(lambda: serving.closed and busy() < 0.03, SLACK)


def test_close_waits_for_what_is_nearly_done() -> None:
    serving = server.serve(duckdb.connect())
    connection = serving.connect()
    threading.Timer(0.1, serving.close).start()
    assert connection.execute("SELECT COUNT(*) FROM range(30000000) t WHERE hash(t.range) % 7 = 3").fetchone()[0] > 0


def test_a_server_that_is_dropped_stops() -> None:
    serving = server.serve(tables={"T": pa.table({"A": [1]})})
    port = serving.port
    del serving
    gc.collect()

    def refused() -> bool:
        try:
            drdarrow.connect(host="127.0.0.1", port=port, user="a", database="D", timeout=5).close()
        except drdarrow.OperationalError:
            return True
        return False

    assert wait_for(refused)


def test_the_interpreter_ends_with_all_open(script: Callable[..., Script]) -> None:
    running = script(
        """
        import sys, threading, time
        import duckdb
        from drdarrow import server

        srv = server.serve(duckdb.connect())
        reading = srv.connect()
        stream = iter(reading.execute("SELECT range FROM range(10000000) t").fetch_arrow())
        next(stream)
        working = srv.connect()

        def work():
            try:
                working.execute(sys.argv[1]).fetchall()
            except Exception:
                pass

        threading.Thread(target=work, daemon=True).start()
        time.sleep(0.5)
        print("open", flush=True)
        """,
        LONG,
    )
    assert running.line() == "open"
    code, _, err = running.end(SLACK)
    assert code == 0, err


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_fork_leaves_the_server_to_its_process(script: Callable[..., Script]) -> None:
    running = script(
        """
        import os, sys, warnings
        warnings.simplefilter("ignore")
        import duckdb, pyarrow as pa
        from drdarrow import server

        srv = server.serve(tables={"T": pa.table({"A": [1, 2]})})
        with srv.connect() as connection:
            connection.execute("SELECT * FROM T").fetchall()
        child = os.fork()
        if child == 0:
            assert srv.closed
            srv.close()
            with server.serve(tables={"U": pa.table({"A": [3]})}, engine="tables") as own:
                with own.connect() as connection:
                    print(connection.execute("SELECT * FROM U").fetchall(), flush=True)
            del srv
            sys.exit(0)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
        with srv.connect() as connection:
            print(connection.execute("SELECT * FROM T").fetchall(), flush=True)
        srv.close()
        """
    )
    assert [running.line() for _ in range(3)] == ["[(3,)]", "0", "[(1,), (2,)]"]
    code, _, err = running.end(SLACK)
    assert code == 0, err
