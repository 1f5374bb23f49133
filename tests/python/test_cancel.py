"""Statements that are broken off: by `cancel()` of another thread or task, Ctrl-C, a cancelled task, a time limit. On our
server, which gives a token for that; and on Derby, which does not."""

from __future__ import annotations

import asyncio
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

import pyarrow as pa
import pytest
from authority import Authority
from conftest import SLACK, Lab
from peers import CNTQRY, EXCSQLIMM, EXCSQLSTT, OPNQRY, RDBCMM, RDBRLLBCK, Proxy, wait_for

import drdarrow
from drdarrow import aio, server

pytestmark = pytest.mark.timeout(120)

INTRDBRQS = 0x2003
#: They take hours.
QUERY = "SELECT COUNT(*) FROM range(100000000000) a(x), range(100) b(y) WHERE x * y % 7 = 3"
INSERT = "INSERT INTO T SELECT CAST(x % 7 AS INTEGER) FROM range(100000000000) a(x)"
#: Many rows at once, and the last one in hours.
SLOWLY = "SELECT x FROM range(100000000000000) a(x) WHERE x < 300000 OR x = 99999999999999"
#: Rows without end. Nothing but DuckDB's own interrupt ends its work on them.
UNFINISHED = (
    "WITH r(n) AS (SELECT CAST(x AS INTEGER) FROM range(50000) a(x) "
    "UNION ALL SELECT MOD(n, 1000000) + 1 FROM r WHERE n >= 0) SELECT n FROM r"
)
ENDLESS = "SELECT COUNT(*) FROM INTS A, INTS B, INTS C WHERE A.ID * B.ID = C.ID"
GOAL = 1 * SLACK


@pytest.fixture(scope="module")
def served() -> Iterator[server.Server]:
    with server.serve(tables={"T": pa.table({"A": pa.array([1], pa.int32())})}) as srv:
        yield srv


@pytest.fixture
def between(served: server.Server) -> Iterator[Proxy]:
    with Proxy(served.port) as proxy:
        yield proxy


@pytest.fixture
def connection(served: server.Server, between: Proxy) -> Iterator[drdarrow.Connection]:
    connection = drdarrow.connect(served.uri.replace(str(served.port), str(between.port)), timeout=15)
    connection.execute("DECLARE GLOBAL TEMPORARY TABLE SESSION.MINE (A INTEGER) ON COMMIT PRESERVE ROWS NOT LOGGED")
    connection.execute("INSERT INTO SESSION.MINE VALUES (7)")
    connection.commit()
    between.forget()
    yield connection
    connection.close()


def goes_on(connection: drdarrow.Connection, between: Proxy) -> None:
    """The temporary table is there, and so is the connection. Nobody has ended its unit of work."""
    assert between.count(RDBRLLBCK) + between.count(RDBCMM) == 0
    assert connection.execute("SELECT A FROM SESSION.MINE").fetchall() == [(7,)]
    assert connection.execute("SELECT A FROM T").fetchall() == [(1,)]


def broken_off(error: BaseException) -> bool:
    assert isinstance(error, drdarrow.OperationalError), error
    # A fetch that ended just before, and rows of a call that went, end on this side.
    told = error.sqlcode == -952 or error.sqlcode is None and "was broken off" in str(error)
    return told and error.sqlstate == "57014" and error.connection_usable


def cancel_when(connection: drdarrow.Connection, condition: Callable[[], bool]) -> threading.Thread:
    def cancel() -> None:
        assert wait_for(condition, 20)
        connection.cancel()

    thread = threading.Thread(target=cancel)
    thread.start()
    return thread


def runs(between: Proxy, command: int) -> Callable[[], bool]:
    """Whether the server is at such a command, and does not answer at once."""
    seen = [0, 0.0]

    def is_at_it() -> bool:
        if len(between.commands) != seen[0]:
            seen[:] = len(between.commands), time.monotonic()
        return command in between.commands[-1:] and time.monotonic() - seen[1] > 0.3

    return is_at_it


WORK = {
    "a query": (OPNQRY, lambda c: c.execute(QUERY).fetchall()),
    "a query with a parameter": (OPNQRY, lambda c: c.execute(QUERY + " AND x > ?", (3,)).fetchall()),
    "an INSERT": (EXCSQLIMM, lambda c: c.execute(INSERT)),
    "an INSERT with a parameter": (EXCSQLSTT, lambda c: c.execute(INSERT + " WHERE x > ?", (3,))),
    "many rows": (EXCSQLSTT, lambda c: c.cursor().executemany(INSERT + " WHERE x > ?", [(n,) for n in range(5)])),
    "short statements": (
        EXCSQLSTT,
        lambda c: c.cursor().executemany("INSERT INTO T VALUES (?)", ((n,) for n in count())),
    ),
    "a fetch": (CNTQRY, lambda c: c.execute(SLOWLY).fetchall()),
    "a table of Arrow": (CNTQRY, lambda c: c.execute(SLOWLY).fetch_arrow_table()),
}


@pytest.mark.parametrize("what", WORK)
def test_a_thread_breaks_off(connection: drdarrow.Connection, between: Proxy, what: str) -> None:
    command, work = WORK[what]
    short = what == "short statements"
    cancel = cancel_when(connection, (lambda: command in between.commands) if short else runs(between, command))
    with pytest.raises(drdarrow.Error) as caught:
        work(connection)
    cancel.join()
    assert broken_off(caught.value)
    assert between.count(INTRDBRQS) >= 1
    if what not in ("many rows", "short statements"):  # which are undone
        goes_on(connection, between)
    assert connection.execute("SELECT A FROM T").fetchall() == [(1,)]


@pytest.mark.parametrize("what", [what for what in WORK if what != "short statements"])
def test_a_time_limit_breaks_off(served: server.Server, what: str) -> None:
    with drdarrow.connect(served.uri, timeout=15, statement_timeout=1) as connection:
        connection.execute("DECLARE GLOBAL TEMPORARY TABLE SESSION.MINE (A INTEGER) ON COMMIT PRESERVE ROWS NOT LOGGED")
        connection.execute("INSERT INTO SESSION.MINE VALUES (7)")
        connection.commit()
        start = time.monotonic()
        with pytest.raises(drdarrow.Error) as caught:
            WORK[what][1](connection)
        assert 0.9 < time.monotonic() - start < 1 + GOAL
        assert broken_off(caught.value)
        assert connection.execute("SELECT A FROM SESSION.MINE").fetchall() == [(7,)]


def test_in_autocommit_nothing_of_a_statement_that_is_broken_off_is_kept(served: server.Server) -> None:
    with drdarrow.connect(served.uri, timeout=15, autocommit=True, statement_timeout=0.5) as connection:
        with pytest.raises(drdarrow.Error) as caught:
            connection.execute(INSERT)
        assert broken_off(caught.value)
        assert connection.execute("SELECT COUNT(*) FROM T").fetchone() == (1,)


@pytest.mark.parametrize("what", ["a query", "an INSERT", "a fetch"])
def test_ctrl_c_breaks_off(served: server.Server, script, what: str) -> None:
    with Proxy(served.port) as between:
        running = script(
            """
            import sys, time, drdarrow
            connection = drdarrow.connect(sys.argv[1], timeout=60)
            print("ready", flush=True)
            sys.stdin.readline()
            try:
                connection.execute(sys.argv[2]).fetchall()
            except KeyboardInterrupt:
                start = time.monotonic()
            print(connection.execute("SELECT COUNT(*) FROM T").fetchone(), flush=True)
            print(time.monotonic() - start, flush=True)
        """,
            served.uri.replace(str(served.port), str(between.port)),
            {"a query": QUERY, "an INSERT": INSERT, "a fetch": SLOWLY}[what],
        )
        assert running.line() == "ready"
        between.forget()
        running.process.stdin.write("\n")
        running.process.stdin.flush()
        command = {"a query": OPNQRY, "an INSERT": EXCSQLIMM, "a fetch": CNTQRY}[what]
        assert wait_for(runs(between, command), 30)
        running.process.send_signal(signal.SIGINT)
        assert running.line() == "(1,)"
        assert float(running.line()) < GOAL


def test_a_task_that_is_cancelled_breaks_off(served: server.Server) -> None:
    async def main() -> None:
        async with aio.connect(served.uri, timeout=15) as connection:
            for statement in (QUERY, INSERT):
                cursor = connection.cursor()
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(cursor.execute(statement), 0.5)
                start = time.monotonic()
                counted = await connection.execute("SELECT COUNT(*) FROM T")
                assert await counted.fetchone() == (1,)
                assert time.monotonic() - start < GOAL
            # Rows of a fetch that is cancelled are kept for the next one: the query goes on until the cursor is closed.
            cursor = await connection.execute(SLOWLY)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(cursor.fetchall(), 0.5)
            assert len(await cursor.fetchmany(1000)) == 1000
            start = time.monotonic()
            await cursor.close()
            counted = await connection.execute("SELECT COUNT(*) FROM T")
            assert await counted.fetchone() == (1,)
            assert time.monotonic() - start < GOAL
            await connection.rollback()

    asyncio.run(main())


def test_another_task_breaks_off(served: server.Server) -> None:
    async def main() -> None:
        async with aio.connect(served.uri, timeout=15) as connection:
            running = asyncio.ensure_future(connection.cursor().execute(QUERY))
            while not running.done():
                await asyncio.sleep(0.1)
                await connection.cancel()
            assert broken_off(running.exception())
            cursor = await connection.execute("VALUES 1")
            assert await cursor.fetchone() == (1,)

    asyncio.run(main())


def test_a_cancel_that_comes_when_nothing_runs_hits_nothing(connection: drdarrow.Connection, between: Proxy) -> None:
    for number in range(30):
        connection.cancel()
        assert connection.execute(f"VALUES {number}").fetchone() == (number,)
    assert between.count(INTRDBRQS) == 0


def test_cancels_in_the_midst_of_short_statements_hit_none_that_comes_later(served: server.Server) -> None:
    """A statement ends well or is broken off while it runs; one that begins after the last cancel ends well."""
    over = threading.Event()
    with drdarrow.connect(served.uri, timeout=15) as connection:

        def cancel() -> None:
            while not over.is_set():
                connection.cancel()

        threads = [threading.Thread(target=cancel) for _ in range(2)]
        for thread in threads:
            thread.start()
        end, done = time.monotonic() + 3, 0
        while time.monotonic() < end:
            try:
                assert connection.execute(f"VALUES {done}").fetchall() == [(done,)]
                done += 1
            except drdarrow.OperationalError as error:
                assert broken_off(error)
        over.set()
        for thread in threads:
            thread.join()
        for number in range(50):
            assert connection.execute(f"VALUES {number}").fetchone() == (number,)


def can_change(uri: str) -> bool:
    """Nobody else has changed the row."""
    with drdarrow.connect(uri, timeout=15) as other:
        try:
            other.execute("UPDATE T SET A = A")
        except drdarrow.OperationalError:
            return False
        assert other.execute("SELECT A FROM T").fetchall() == [(1,)]
        other.rollback()
    return True


@pytest.mark.parametrize("changes", [False, True])
@pytest.mark.parametrize("query", [SLOWLY, UNFINISHED], ids=["slowly", "unfinished"])
def test_a_query_that_is_given_up_in_the_midst_holds_nobody_up(
    served: server.Server, query: str, changes: bool
) -> None:
    """Neither the next statement nor the end of the connection; changes before it stay, or it is told that they do not."""
    connection = drdarrow.connect(served.uri, timeout=15, block_size=32767, credit=65536)
    for rows in (10, 40_000):
        if changes:
            connection.execute("UPDATE T SET A = 2")
        cursor = connection.execute(query)
        assert len(cursor.fetchmany(rows)) == rows
        start = time.monotonic()
        cursor.close()
        if changes and query == UNFINISHED:
            # DuckDB does not end it otherwise.
            with pytest.raises(drdarrow.OperationalError) as caught:
                connection.execute("SELECT A FROM T")
            assert (caught.value.sqlcode, caught.value.sqlstate) == (-1476, "40506")
            assert connection.execute("SELECT A FROM T").fetchall() == [(1,)]
        else:
            assert connection.execute("SELECT A FROM T").fetchall() == [(1 + changes,)]
        assert time.monotonic() - start < GOAL
        connection.rollback()
    if changes:
        connection.execute("UPDATE T SET A = 2")
    assert len(connection.execute(query).fetchmany(10)) == 10
    start = time.monotonic()
    connection.close()
    assert wait_for(lambda: can_change(served.uri), 30)
    assert time.monotonic() - start < GOAL


@pytest.mark.parametrize("end", ["close", "SIGKILL"])
@pytest.mark.parametrize("how", ["local work", "a branch"])
@pytest.mark.parametrize("query", [SLOWLY, UNFINISHED], ids=["slowly", "unfinished"])
def test_the_end_of_a_connection_frees_its_changes_at_once(
    served: server.Server, script, query: str, how: str, end: str
) -> None:
    """With rows that nobody has read."""
    running = script(
        """
        import sys, drdarrow
        uri, query, how = sys.argv[1:]
        connection = drdarrow.connect(uri, timeout=15, block_size=32767, credit=65536, two_phase=how == "a branch")
        if how == "a branch":
            connection.tpc_begin(connection.xid(1, "given up", "a"))
        connection.execute("UPDATE T SET A = 2")
        cursor = connection.execute(query)
        assert len(cursor.fetchmany(10)) == 10
        print("ready", flush=True)
        sys.stdin.readline()
        connection.close()
        """,
        served.uri,
        query,
        how,
    )
    assert running.line() == "ready"
    assert not can_change(served.uri)
    start = time.monotonic()
    if end == "SIGKILL":
        running.process.kill()
    else:
        running.process.stdin.write("\n")
        running.process.stdin.flush()
    assert wait_for(lambda: can_change(served.uri), 30)
    assert time.monotonic() - start < GOAL


def test_the_end_of_a_connection_frees_its_changes_in_memory() -> None:
    rows = pa.table({"A": pa.array(range(1_000_000), pa.int32())})
    tables = {"T": pa.table({"A": pa.array([1], pa.int32())}), "MANY": rows}
    with server.serve(tables=tables, engine="tables") as served, Proxy(served.port) as between:
        uri = served.uri.replace(str(served.port), str(between.port))
        connection = drdarrow.connect(uri, timeout=15, block_size=32767, credit=65536)
        connection.execute("INSERT INTO T VALUES (2)")
        assert len(connection.execute("SELECT A FROM MANY").fetchmany(10)) == 10
        between.cut()
        start = time.monotonic()
        with drdarrow.connect(served.uri, timeout=15) as other:
            assert wait_for(lambda: can_insert(other), 30)
            assert other.execute("SELECT A FROM T").fetchall() == [(1,), (3,)]
        assert time.monotonic() - start < GOAL


def can_insert(connection: drdarrow.Connection) -> bool:
    try:
        connection.execute("INSERT INTO T VALUES (3)")
        connection.commit()
    except drdarrow.OperationalError:
        return False
    return True


@pytest.mark.parametrize("how", ["as it is", "in a view", "in a view that is new"])
def test_a_query_that_ends_soon_costs_no_changes_when_it_is_given_up(served: server.Server, how: str) -> None:
    """DuckDB may not get over the end of one that repeats a part of itself before all its rows are read."""
    query = UNFINISHED.replace("n >= 0", "n BETWEEN 49991 AND 50100")
    with drdarrow.connect(served.uri, timeout=15, block_size=32767, credit=65536) as connection:
        if how != "as it is":
            connection.execute(f"CREATE VIEW REPEATING AS {query}")
            query = "SELECT n FROM REPEATING"
        if how == "in a view":
            connection.commit()
        connection.execute("INSERT INTO T VALUES (2)")
        for _ in range(5):
            cursor = connection.execute(query)
            assert len(cursor.fetchmany(10)) == 10
            cursor.close()
            assert connection.execute("SELECT COUNT(*) FROM T").fetchone() == (2,)
        connection.rollback()
        if how == "in a view":
            connection.execute("DROP VIEW REPEATING")
            connection.commit()


def ended_by_cancel(uri: str, what: str, script) -> float:
    with drdarrow.connect(uri, timeout=15) as connection, ThreadPoolExecutor(1) as pool:
        running = pool.submit(WORK[what][1], connection)
        time.sleep(1)
        assert not running.done()
        start = time.monotonic()
        connection.cancel()
        error = running.exception()
        assert connection.execute("SELECT COUNT(*) FROM T").fetchone() == (1,)
        assert error is not None and broken_off(error)
        return time.monotonic() - start


def ended_with_its_task(uri: str, what: str, script) -> float:
    async def work(cursor: drdarrow.aio.AsyncCursor) -> None:
        await cursor.execute({"a query": QUERY, "an INSERT": INSERT, "a fetch": SLOWLY}[what])
        await cursor.fetchall()

    async def main() -> float:
        async with aio.connect(uri, timeout=15) as connection:
            cursor = connection.cursor()
            running = asyncio.ensure_future(work(cursor))
            await asyncio.sleep(1)
            assert not running.done()
            start = time.monotonic()
            running.cancel()
            with pytest.raises(asyncio.CancelledError):
                await running
            # Rows of a fetch that is cancelled are kept for the next one.
            await cursor.close()
            counted = await connection.execute("SELECT COUNT(*) FROM T")
            assert await counted.fetchone() == (1,)
            return time.monotonic() - start

    return asyncio.run(main())


def ended_by_ctrl_c(uri: str, what: str, script) -> float:
    running = script(
        """
        import sys, drdarrow
        connection = drdarrow.connect(sys.argv[1], timeout=15)
        print("ready", flush=True)
        try:
            connection.execute(sys.argv[2]).fetchall()
        except KeyboardInterrupt:
            print(connection.execute("SELECT COUNT(*) FROM T").fetchone(), flush=True)
        """,
        uri,
        {"a query": QUERY, "an INSERT": INSERT, "a fetch": SLOWLY}[what],
    )
    assert running.line() == "ready"
    time.sleep(1)
    assert running.process.poll() is None
    start = time.monotonic()
    running.process.send_signal(signal.SIGINT)
    assert running.line() == "(1,)"
    return time.monotonic() - start


def ended_by_a_time_limit(uri: str, what: str, script) -> float:
    with drdarrow.connect(uri, timeout=15, statement_timeout=1) as connection:
        start = time.monotonic()
        with pytest.raises(drdarrow.OperationalError) as caught:
            WORK[what][1](connection)
        assert broken_off(caught.value)
        assert connection.execute("SELECT COUNT(*) FROM T").fetchone() == (1,)
        return time.monotonic() - start - 1


@pytest.mark.alone
@pytest.mark.parametrize("what", ["a query", "an INSERT", "a fetch"])
@pytest.mark.parametrize(
    "ended", [ended_by_cancel, ended_with_its_task, ended_by_ctrl_c, ended_by_a_time_limit], ids=lambda f: f.__name__
)
def test_what_would_run_for_a_minute_ends_within_a_second(
    served: server.Server, script, ended: Callable[..., float], what: str
) -> None:
    """And the connection answers its next statement within it."""
    seconds = ended(served.uri, what, script)
    print(f"{ended.__name__} {what}: {seconds:.3f} s")
    assert 0 <= seconds < 1


def test_two_cancels_are_one(connection: drdarrow.Connection, between: Proxy) -> None:
    with ThreadPoolExecutor(3) as pool:
        running = pool.submit(connection.execute, QUERY)
        assert wait_for(lambda: OPNQRY in between.commands)
        for each in [pool.submit(connection.cancel) for _ in range(2)]:
            each.result(60)
        assert broken_off(running.exception(60))
    goes_on(connection, between)


def test_a_result_beside_the_broken_one_is_read_on(connection: drdarrow.Connection, between: Proxy) -> None:
    other = connection.execute("SELECT x FROM range(100000) a(x)")
    first = other.fetchmany(10)
    between.forget()
    cancel = cancel_when(connection, lambda: OPNQRY in between.commands)
    with pytest.raises(drdarrow.Error) as caught:
        connection.execute(QUERY)
    cancel.join()
    assert broken_off(caught.value)
    rows = first + other.fetchall()
    assert rows == [(n,) for n in range(100_000)]


class Deaf(Proxy):
    """Takes the first connection, and leaves others without an answer."""

    def serve(self, client) -> None:
        if self.accepted > 1:
            while client.recv(65536):
                pass
        else:
            super().serve(client)


@pytest.mark.parametrize("how", ["cancel", "time-out"])
def test_a_server_that_does_not_answer_the_second_connection(served: server.Server, how: str) -> None:
    """Whoever waits is told in time, and nothing goes on that the request could still hit."""
    with Deaf(served.port) as between:
        limit = {"statement_timeout": 0.5} if how == "time-out" else {}
        to = served.uri.replace(str(served.port), str(between.port))
        connection = drdarrow.connect(to, timeout=2, **limit)
        cancel = None if limit else cancel_when(connection, lambda: OPNQRY in between.commands)
        start = time.monotonic()
        with pytest.raises(drdarrow.OperationalError) as caught:
            connection.execute(QUERY)
        assert time.monotonic() - start < 5 + GOAL
        assert caught.value.sqlstate == ("57033" if limit else "57014")
        if cancel:
            cancel.join()
        assert wait_for(lambda: connection.closed, 30)
        with pytest.raises(drdarrow.OperationalError):
            connection.execute("VALUES 1")
        connection.close()


def test_the_second_connection_is_under_tls_as_well(tmp_path: Path) -> None:
    authority = Authority(tmp_path, "ours")
    certificate, key = authority.issue()
    table = {"T": pa.table({"A": pa.array([1], pa.int32())})}
    with (
        server.serve(tables=table, tls_certificate=str(certificate), tls_key=str(key)) as srv,
        drdarrow.connect(srv.uri, timeout=15, statement_timeout=0.5) as connection,
    ):
        with pytest.raises(drdarrow.OperationalError) as caught:
            connection.execute(QUERY)
        assert broken_off(caught.value)
        assert connection.execute("VALUES 1").fetchone() == (1,)


def test_derby_cannot_be_told(lab: Lab, proxy: Proxy) -> None:
    """The wait ends at once, and the connection with it unless Derby answers soon."""
    connection = lab.connect(proxy.port)
    cancel = cancel_when(connection, lambda: OPNQRY in proxy.commands)
    with pytest.raises(drdarrow.OperationalError) as caught:
        connection.execute(ENDLESS).fetchall()
    cancel.join()
    assert (caught.value.sqlcode, caught.value.sqlstate) == (None, "57014")
    assert proxy.accepted == 1
    assert wait_for(lambda: connection.closed, 30)
    connection.close()


def test_a_statement_of_derby_that_answers_soon_keeps_its_connection(lab: Lab, proxy: Proxy) -> None:
    connection = lab.connect(proxy.port)
    proxy.hold()
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(connection.execute, "VALUES 1")
        assert wait_for(lambda: OPNQRY in proxy.commands)
        connection.cancel()
        error = running.exception(30)
    assert isinstance(error, drdarrow.OperationalError) and error.sqlstate == "57014"
    proxy.release()
    assert connection.execute("VALUES 2").fetchone() == (2,)
    connection.close()


def test_changes_that_duckdb_loses_with_a_statement_that_is_broken_off_are_told(
    connection: drdarrow.Connection, between: Proxy
) -> None:
    """DuckDB ends its transaction with any error in it: that is no -952."""
    connection.execute("INSERT INTO T VALUES (2)")
    between.forget()
    cancel = cancel_when(connection, lambda: EXCSQLIMM in between.commands)
    with pytest.raises(drdarrow.OperationalError) as caught:
        connection.execute(INSERT)
    cancel.join()
    assert (caught.value.sqlcode, caught.value.sqlstate, caught.value.connection_usable) == (-1476, "40506", True)
    assert connection.execute("SELECT A FROM T").fetchall() == [(1,)]
