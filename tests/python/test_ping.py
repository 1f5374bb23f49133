"""`connection.ping()` tells whether the server answers, and changes nothing."""

import asyncio
import threading
import time

import duckdb
import pytest
from conftest import Lab
from peers import RDBCMM, Proxy

import drdarrow
from drdarrow import aio, server


def test_a_server_that_is_there_answers(lab: Lab, table) -> None:
    name = table("ID INTEGER")
    with lab.connect() as connection:
        connection.ping()
        connection.execute(f"INSERT INTO {name} VALUES (1)")
        reading = connection.execute("SELECT * FROM INTS")
        first = reading.fetchone()
        connection.ping(timeout=20)
        assert first is not None and len(reading.fetchall()) > 0
        assert connection.execute(f"SELECT COUNT(*) FROM {name}").fetchone() == (1,)
        connection.rollback()
        assert connection.execute(f"SELECT COUNT(*) FROM {name}").fetchone() == (0,)


def test_one_command_is_sent_and_no_commit(lab: Lab, proxy: Proxy) -> None:
    with lab.connect(proxy.port, autocommit=True) as connection:
        proxy.forget()
        connection.ping()
        assert proxy.commands == [0x1041] and proxy.count(RDBCMM) == 0


@pytest.mark.parametrize("persona", ["luw", "ibmi", "zos", "derby"])
def test_every_persona_answers(persona: server.Persona) -> None:
    with server.serve(duckdb.connect(), persona=persona) as srv, srv.connect() as connection:
        for _ in range(3):
            connection.ping()
        assert connection.execute("VALUES 'ä'").fetchone() == ("ä",)


def test_a_server_that_is_silent_or_gone_is_told_in_time(lab: Lab, proxy: Proxy) -> None:
    connection = lab.connect(proxy.port)
    proxy.hold()
    start = time.monotonic()
    with pytest.raises(drdarrow.OperationalError):
        connection.ping(timeout=0.3)
    assert time.monotonic() - start < 15 and connection.closed
    proxy.release()
    with pytest.raises(drdarrow.Error):
        connection.ping()
    gone = server.serve(duckdb.connect())
    connection = gone.connect()
    gone.close()
    with pytest.raises(drdarrow.OperationalError):
        connection.ping(timeout=10)
    assert connection.closed


def test_a_statement_under_way_is_not_broken_off(lab: Lab, table, proxy: Proxy) -> None:
    name = table("ID INTEGER")
    with lab.connect(proxy.port, autocommit=True) as connection:
        proxy.forget()
        proxy.hold()
        thread = threading.Thread(target=lambda: connection.execute(f"INSERT INTO {name} VALUES (1)"))
        thread.start()
        deadline = time.monotonic() + 20
        while not proxy.commands and time.monotonic() < deadline:
            time.sleep(0.01)
        with pytest.raises(drdarrow.OperationalError, match="did not end within 0.2 s"):
            connection.ping(timeout=0.2)
        proxy.release()
        thread.join(20)
        connection.ping()
        assert connection.execute(f"SELECT ID FROM {name}").fetchall() == [(1,)]


def test_a_wrong_time_is_refused(conn: drdarrow.Connection) -> None:
    for seconds in (0, -1, float("nan"), float("inf"), 1e9):
        with pytest.raises(drdarrow.InterfaceError, match="timeout: expected seconds above 0"):
            conn.ping(timeout=seconds)
    conn.close()
    with pytest.raises(drdarrow.InterfaceError, match="closed"):
        conn.ping()


def test_the_same_with_asyncio(lab: Lab, proxy: Proxy) -> None:
    async def work() -> None:
        async with aio.connect(lab.uri(proxy.port)) as connection:
            await connection.ping()
            proxy.hold()
            with pytest.raises(drdarrow.OperationalError, match="no answer within 0.2 s"):
                await connection.ping(timeout=0.2)
            assert connection.closed
            await connection.close()

    asyncio.run(work())
