"""`connection.reset()` leaves nothing of what was done before; lost connections come back where that costs no work."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import duckdb
import pytest
from conftest import Lab
from peers import EXCSAT, Proxy, wait_for

import drdarrow
from drdarrow import aio, server


@pytest.fixture
def proxied() -> Iterator[tuple[server.Server, Proxy]]:
    base = duckdb.connect()
    base.execute("CREATE TABLE T (ID INTEGER)")
    with server.serve(base) as srv, Proxy(srv.port) as proxy:
        yield srv, proxy


def uri(srv: server.Server, proxy: Proxy) -> str:
    return srv.uri.replace(f":{srv.port}", f":{proxy.port}")


REGISTERS = ("CURRENT SCHEMA", "CURRENT ISOLATION", "CURRENT CLIENT_APPLNAME", "CURRENT CLIENT_USERID")


def registers(connection: drdarrow.Connection) -> list[object]:
    found = []
    for name in REGISTERS:
        row = connection.execute(f"VALUES {name}").fetchone()
        assert row is not None
        found.append(row[0])
    connection.rollback()
    return found


@pytest.mark.parametrize("persona", ["luw", "ibmi", "zos"])
def test_a_reset_leaves_nothing_of_the_session(persona: server.Persona) -> None:
    base = duckdb.connect()
    base.execute("CREATE TABLE T (ID INTEGER); CREATE SCHEMA OTHER; CREATE TABLE OTHER.T (ID INTEGER)")
    base.execute("CREATE TABLE BIG AS SELECT range::INTEGER AS ID FROM range(1000000)")
    with server.serve(base, persona=persona) as srv, srv.connect(client_user="first") as connection:
        fresh = registers(connection)
        assert "first" in fresh
        connection.set_client_info(client_user="second", application_name="else")
        connection.execute("SET CURRENT SCHEMA = OTHER")
        connection.execute("SET CURRENT ISOLATION = RR")
        connection.execute("DECLARE GLOBAL TEMPORARY TABLE SESSION.MINE (ID INTEGER) ON COMMIT PRESERVE ROWS NOT LOGGED")
        connection.execute("INSERT INTO SESSION.MINE VALUES (1)")
        connection.commit()
        assert registers(connection) != fresh
        connection.execute("INSERT INTO T VALUES (1)")
        reading = connection.execute("SELECT * FROM MAIN.BIG")
        connection.autocommit = True
        connection.reset()
        assert registers(connection) == fresh and not connection.autocommit
        with pytest.raises(drdarrow.Error):
            connection.execute("SELECT * FROM SESSION.MINE")
        with pytest.raises(drdarrow.Error):
            reading.fetchall()
        assert connection.execute("SELECT COUNT(*) FROM T").fetchone() == (0,)
        assert connection.execute("SELECT COUNT(*) FROM OTHER.T").fetchone() == (0,)


def test_a_reset_leaves_nothing_of_the_session_of_derby(lab: Lab, table) -> None:
    name = table("ID INTEGER")
    with lab.connect() as connection:
        fresh = connection.execute("VALUES CURRENT SCHEMA").fetchone()
        level = connection.execute("VALUES CURRENT ISOLATION").fetchone()
        connection.execute("SET SCHEMA SYS")
        connection.execute("SET CURRENT ISOLATION RR")
        connection.execute("DECLARE GLOBAL TEMPORARY TABLE SESSION.MINE (ID INTEGER) ON COMMIT PRESERVE ROWS NOT LOGGED")
        connection.commit()
        connection.execute(f"INSERT INTO APP.{name} VALUES (1)")
        many = connection.execute("SELECT * FROM APP.INTS")
        assert many.fetchone() is not None
        connection.reset()
        assert connection.execute("VALUES CURRENT SCHEMA").fetchone() == fresh
        assert connection.execute("VALUES CURRENT ISOLATION").fetchone() == level
        with pytest.raises(drdarrow.Error):
            connection.execute("SELECT * FROM SESSION.MINE")
        with pytest.raises(drdarrow.OperationalError, match="reset"):
            many.fetchall()
        assert connection.execute(f"SELECT COUNT(*) FROM {name}").fetchone() == (0,)


def test_a_reset_within_a_transaction_is_refused(conn: drdarrow.Connection) -> None:
    with conn.transaction(), pytest.raises(drdarrow.InterfaceError, match="transaction"):
        conn.reset()
    conn.reset()
    conn.close()
    with pytest.raises(drdarrow.InterfaceError, match="closed"):
        conn.reset()


def test_a_reset_that_fails_closes_the_connection(proxied) -> None:
    srv, proxy = proxied
    connection = drdarrow.connect(uri(srv, proxy), timeout=1)
    srv.close()
    with pytest.raises(drdarrow.OperationalError):
        connection.reset()
    assert connection.closed


def test_a_lost_connection_can_be_reset(proxied) -> None:
    srv, proxy = proxied
    with drdarrow.connect(uri(srv, proxy)) as connection:
        proxy.cut()
        assert wait_for(lambda: connection.closed)
        connection.reset()
        assert not connection.closed
        assert connection.execute("VALUES 1").fetchone() == (1,)
        assert connection.counters().round_trips > 4


def test_reset_goes_with_asyncio(proxied) -> None:
    srv, proxy = proxied

    async def work() -> None:
        async with aio.connect(uri(srv, proxy)) as connection:
            await connection.execute("INSERT INTO T VALUES (1)")
            await connection.reset()
            cursor = await connection.execute("SELECT COUNT(*) FROM T")
            assert await cursor.fetchone() == (0,)

    asyncio.run(work())


def test_only_statements_that_may_leave_something_touch_the_session(proxied) -> None:
    srv, _ = proxied
    with srv.connect(application_name="x") as connection:
        connection.execute("INSERT INTO T VALUES (1)")
        connection.execute("-- SET\n SELECT * FROM T").fetchall()
        connection.execute("UPDATE T SET ID = ?", (2,))
        assert not connection._touched
        connection.execute("SET CURRENT SCHEMA = SYSIBM")
        assert connection._touched
        connection.reset()
        assert not connection._touched
        connection.set_client_info(client_user="me")
        assert connection._touched


def test_an_idle_connection_comes_back_where_that_was_chosen(proxied) -> None:
    srv, proxy = proxied
    with drdarrow.connect(uri(srv, proxy), reconnect=True) as connection:
        connection.execute("INSERT INTO T VALUES (1)")
        connection.commit()
        proxy.forget()
        proxy.cut()
        assert wait_for(lambda: "lost" in repr(connection))
        assert connection.execute("SELECT ID FROM T").fetchone() == (1,)
        assert proxy.count(EXCSAT) >= 1 and not connection.closed


def test_a_lost_unit_of_work_is_told_once_and_not_repeated(proxied) -> None:
    srv, proxy = proxied
    with drdarrow.connect(uri(srv, proxy), reconnect=True) as connection:
        connection.execute("INSERT INTO T VALUES (1)")
        proxy.cut()
        with pytest.raises(drdarrow.OperationalError, match="nothing of it was kept") as caught:
            connection.execute("INSERT INTO T VALUES (2)")
        assert caught.value.sqlstate == "08507" and caught.value.retryable and caught.value.connection_usable
        connection.execute("INSERT INTO T VALUES (3)")
        connection.commit()
        assert connection.execute("SELECT ID FROM T").fetchall() == [(3,)]
        connection.execute("INSERT INTO T VALUES (4)")
        proxy.cut()
        with pytest.raises(drdarrow.OperationalError) as caught:
            connection.commit()
        assert caught.value.sqlstate in ("08507", "08007")
        connection.rollback()
        assert connection.execute("SELECT ID FROM T").fetchall() == [(3,)]


def test_what_was_set_for_a_session_is_not_lost_without_a_word(proxied) -> None:
    srv, proxy = proxied
    with drdarrow.connect(uri(srv, proxy), reconnect=True) as connection:
        fresh = connection.execute("VALUES CURRENT SCHEMA").fetchone()
        connection.autocommit = True
        connection.execute("SET CURRENT SCHEMA = SYSIBM")
        connection.commit()
        proxy.cut()
        assert wait_for(lambda: "lost" in repr(connection))
        with pytest.raises(drdarrow.OperationalError, match="set or declared for the session") as caught:
            connection.execute("VALUES CURRENT SCHEMA")
        assert caught.value.sqlstate == "08507" and caught.value.retryable
        assert connection.execute("VALUES CURRENT SCHEMA").fetchone() == fresh
        assert connection.autocommit


def test_without_that_a_lost_unit_of_work_may_be_done_again_elsewhere(proxied) -> None:
    srv, proxy = proxied
    connection = drdarrow.connect(uri(srv, proxy))
    connection.execute("INSERT INTO T VALUES (1)")
    proxy.cut()
    with pytest.raises(drdarrow.OperationalError) as caught:
        connection.execute("INSERT INTO T VALUES (2)")
    assert caught.value.retryable and not caught.value.connection_usable and connection.closed


def test_work_in_which_something_may_have_committed_is_not_called_retryable(proxied) -> None:
    srv, proxy = proxied
    for reconnect, state in ((False, ("08006", "08003")), (True, ("08007",))):
        connection = drdarrow.connect(uri(srv, proxy), reconnect=reconnect)
        # This server runs none, which the client cannot know.
        with pytest.raises(drdarrow.ProgrammingError):
            connection.execute("COMMIT")
        connection.execute("INSERT INTO T VALUES (1)")
        proxy.cut()
        with pytest.raises(drdarrow.OperationalError) as caught:
            connection.execute("INSERT INTO T VALUES (2)")
        assert caught.value.sqlstate in state and not caught.value.retryable
        connection.close()


def test_what_autocommit_may_have_kept_is_not_called_retryable(proxied) -> None:
    srv, proxy = proxied
    connection = drdarrow.connect(uri(srv, proxy), autocommit=True)
    proxy.cut()
    with pytest.raises(drdarrow.OperationalError) as caught:
        connection.execute("INSERT INTO T VALUES (2)")
    assert not caught.value.retryable


def test_a_transaction_block_that_is_lost_ends_with_an_error(proxied) -> None:
    srv, proxy = proxied
    with drdarrow.connect(uri(srv, proxy), reconnect=True, autocommit=True) as connection:

        def work() -> None:
            with connection.transaction():
                connection.execute("INSERT INTO T VALUES (1)")
                if proxy.accepted == 1:
                    proxy.cut()
                connection.execute("INSERT INTO T VALUES (2)")

        drdarrow.retry(work, backoff=0)
        assert connection.autocommit
        assert connection.execute("SELECT ID FROM T ORDER BY ID").fetchall() == [(1,), (2,)]


@pytest.fixture
def locked() -> Iterator[server.Server]:
    with server.serve(duckdb.connect(), users={"ann": "apple"}) as srv:
        yield srv


def test_another_login_asks_the_callable_for_the_password_of_now(locked: server.Server) -> None:
    """A server that has another one by then refuses the first."""
    given = iter(["apple", "apple", "pear"])
    connection = drdarrow.connect(locked.uri, user="ann", password=lambda: next(given))
    connection.reset()
    with pytest.raises(drdarrow.OperationalError) as refused:
        connection.reset()
    assert refused.value.sqlstate == "28000" and connection.closed and "pear" not in str(refused.value)


@pytest.mark.parametrize("wrong", [ZeroDivisionError("secret"), 7, None])
def test_a_callable_that_gives_no_password_ends_the_reset(locked: server.Server, wrong: object) -> None:
    given = iter(["apple", wrong])

    def ask() -> object:
        answer = next(given)
        if isinstance(answer, Exception):
            raise answer
        return answer

    connection = drdarrow.connect(locked.uri, user="ann", password=ask)
    with pytest.raises(drdarrow.OperationalError, match="no password: the callable password") as refused:
        connection.reset()
    assert refused.value.sqlstate == "28000" and connection.closed and "secret" not in str(refused.value)
    assert isinstance(refused.value.__cause__, ZeroDivisionError if isinstance(wrong, Exception) else TypeError)


def test_a_connection_that_comes_back_asks_as_well(locked: server.Server) -> None:
    asked: list[int] = []
    with Proxy(locked.port) as proxy:
        there = uri(locked, proxy)
        with drdarrow.connect(there, user="ann", password=lambda: (asked.append(1), "apple")[1], reconnect=True) as connection:
            connection.rollback()
            proxy.cut()
            assert wait_for(lambda: "lost" in repr(connection))
            assert connection.execute("VALUES 1").fetchone() == (1,)
    assert len(asked) == 2


def test_a_coroutine_function_is_asked_on_its_loop(locked: server.Server) -> None:
    async def work() -> None:
        loop, asked = asyncio.get_running_loop(), 0

        async def later() -> str:
            nonlocal asked
            assert asyncio.get_running_loop() is loop
            asked += 1
            await asyncio.sleep(0)
            return "apple"

        for source in (later, lambda: later()):
            asked = 0
            async with aio.connect(locked.uri, user="ann", password=source) as connection:
                await connection.reset()
                await connection.execute("VALUES 1")
            assert asked == 2

    asyncio.run(work())


@pytest.mark.parametrize("coroutine", [True, False])
def test_a_login_on_another_loop_asks_who_can_answer(locked: server.Server, coroutine: bool) -> None:
    """Nothing runs on the loop of the first login any more: a coroutine of it would never end."""

    async def later() -> str:
        return "apple"

    async def first() -> aio.Connection:
        return await aio.connect(locked.uri, user="ann", password=later if coroutine else lambda: "apple", timeout=30)

    async def second(connection: aio.Connection) -> None:
        async with connection:
            await asyncio.wait_for(connection.reset(), 15)
            await connection.execute("VALUES 1")

    for closed in True, False:
        loop = asyncio.new_event_loop()
        try:
            connection = loop.run_until_complete(first())
            if closed:
                loop.close()
            if coroutine:
                with pytest.raises(drdarrow.OperationalError) as refused:
                    asyncio.run(second(connection))
                assert "the event loop of its first login" in str(refused.value.__cause__)
            else:
                asyncio.run(second(connection))
        finally:
            loop.close()
