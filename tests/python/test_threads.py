"""Threads: one connection each, one shared, and the interpreter's lock let go while waiting."""

import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa
import pytest
from conftest import SLACK, Lab
from peers import Proxy

import drdarrow

pytestmark = pytest.mark.alone


def test_a_connection_each(lab: Lab) -> None:
    def work(first: int) -> int:
        with lab.connect() as connection:
            return sum(row[0] for row in connection.execute("SELECT ID FROM INTS WHERE ID > ? ORDER BY ID", (first,)))

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(work, [0, 50_000, 99_999, 100_000])) == [5_000_050_000, 3_750_025_000, 100_000, 0]


def test_one_connection_shared(lab: Lab) -> None:
    """As far as `threadsafety` promises (2: connections): serialised, rows never mixed."""
    if drdarrow.threadsafety < 2:
        pytest.fail("connections are meant to be shared between threads")
    with lab.connect() as connection, ThreadPoolExecutor(4) as pool:

        def work(number: int) -> bool:
            cursor = connection.cursor()
            rows = cursor.execute(f"SELECT ID, {number} FROM INTS WHERE ID <= 20000 ORDER BY ID").fetchall()
            cursor.close()
            return rows == [(i, number) for i in range(1, 20_001)]

        assert all(pool.map(work, range(12)))


def progress_during(action) -> int:
    """How many steps another thread makes while `action` runs."""
    steps = 0
    stop = threading.Event()

    def count() -> None:
        nonlocal steps
        while not stop.is_set():
            steps += 1
            time.sleep(0.001)

    thread = threading.Thread(target=count)
    thread.start()
    try:
        action()
    finally:
        stop.set()
        thread.join()
    return steps


def test_the_interpreter_lock_is_let_go_in_a_wait(lab: Lab, proxy: Proxy) -> None:
    """Half a second of waiting for a reply: another thread takes hundreds of steps, not one."""
    with lab.connect(proxy.port) as connection:
        proxy.hold()
        threading.Timer(0.5, proxy.release).start()
        assert progress_during(lambda: connection.execute("VALUES 1").fetchall()) > 500 / SLACK


def test_the_interpreter_lock_is_let_go_while_reading(lab: Lab) -> None:
    sys.setswitchinterval(0.005)
    with lab.connect() as connection:
        cursor = connection.execute("SELECT A.ID, B.ID FROM INTS A, INTS B WHERE B.ID <= 5")
        start = time.monotonic()
        steps = progress_during(lambda: pa.table(cursor.fetch_arrow()))
        elapsed = time.monotonic() - start
        assert steps > elapsed * 1000 / SLACK / 2


def test_a_consumer_in_another_thread(lab: Lab) -> None:
    """A stream may be read where it was not made, as DuckDB's workers do."""
    with lab.connect() as connection:
        stream = connection.execute("SELECT ID FROM INTS").fetch_arrow(batch_rows=1000)
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(lambda: pa.table(stream).num_rows).result(30) == 100_000


def test_closing_from_another_thread(lab: Lab, proxy: Proxy) -> None:
    """A fetch that waits ends within a second when the connection is closed under it; nobody waits for ever."""
    connection = lab.connect(proxy.port)
    outcome: list = []
    proxy.hold()

    def wait() -> None:
        try:
            outcome.append(connection.execute("VALUES 1").fetchall())
        except drdarrow.Error as error:
            outcome.append(error)

    thread = threading.Thread(target=wait)
    thread.start()
    time.sleep(0.3)
    start = time.monotonic()
    closer = threading.Thread(target=connection.close)
    closer.start()
    thread.join(1 * SLACK)
    closer.join(1 * SLACK)
    assert not thread.is_alive() and not closer.is_alive()
    assert time.monotonic() - start < 1 * SLACK
    assert isinstance(outcome[0], drdarrow.OperationalError | drdarrow.InterfaceError)
    assert outcome[0].connection_usable is False


def test_closing_from_another_thread_in_the_rows(lab: Lab, proxy: Proxy) -> None:
    connection = lab.connect(proxy.port, block_size=32767)
    cursor = connection.execute("SELECT A.ID FROM INTS A, INTS B")
    cursor.fetchmany(10)
    proxy.hold()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(cursor.fetchall)
        time.sleep(0.3)
        connection.close()
        error = waiting.exception(1 * SLACK)
    assert isinstance(error, drdarrow.OperationalError) and "closed" in str(error)
    assert error.connection_usable is False


def test_two_connections_at_the_same_time(lab: Lab) -> None:
    """Two readers on two connections in one thread, block by block."""
    with lab.connect() as one, lab.connect() as two:
        left = iter(one.execute("SELECT ID FROM INTS ORDER BY ID").fetch_arrow(batch_rows=500))
        right = iter(two.execute("SELECT ID FROM INTS ORDER BY ID").fetch_arrow(batch_rows=500))
        for a, b in zip(left, right, strict=True):
            assert pa.record_batch(a).equals(pa.record_batch(b))
