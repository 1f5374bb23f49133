"""`with connection.transaction():` keeps or undoes the work of a block as a whole."""

import asyncio
import threading
import time

import duckdb
import pytest
from conftest import Lab
from peers import RDBCMM, Proxy

import drdarrow
from drdarrow import aio, server
from drdarrow._transactions import Transaction


class Oops(Exception):
    pass


def stored(lab: Lab, name: str) -> list[int]:
    with lab.connect() as connection:
        return [row[0] for row in connection.execute(f"SELECT ID FROM {name} ORDER BY ID")]


@pytest.mark.parametrize("autocommit", [False, True])
def test_a_block_is_kept_or_undone(lab: Lab, table, autocommit: bool) -> None:
    name = table("ID INTEGER")
    with lab.connect(autocommit=autocommit) as connection:
        with connection.transaction():
            assert connection.autocommit is False
            connection.execute(f"INSERT INTO {name} VALUES (1)")
            connection.cursor().executemany(f"INSERT INTO {name} VALUES (?)", [(2,), (3,)])
        assert connection.autocommit is autocommit and stored(lab, name) == [1, 2, 3]
        with pytest.raises(Oops), connection.transaction():
            connection.execute(f"INSERT INTO {name} VALUES (4)")
            raise Oops
        assert connection.autocommit is autocommit and stored(lab, name) == [1, 2, 3]
        with connection.transaction():
            pass
        connection.execute(f"INSERT INTO {name} VALUES (5)")
        connection.rollback()
        assert stored(lab, name) == ([1, 2, 3, 5] if autocommit else [1, 2, 3])


def test_a_block_within_a_block_is_a_savepoint(lab: Lab, table) -> None:
    name = table("ID INTEGER")
    with lab.connect(autocommit=True) as connection, connection.transaction():
        connection.execute(f"INSERT INTO {name} VALUES (1)")
        with connection.transaction():
            connection.execute(f"INSERT INTO {name} VALUES (2)")
        with pytest.raises(Oops), connection.transaction():
            connection.execute(f"INSERT INTO {name} VALUES (3)")
            raise Oops
        connection.execute(f"INSERT INTO {name} VALUES (4)")
    assert stored(lab, name) == [1, 2, 4]


def test_derby_has_one_savepoint_at_a_time(lab: Lab, table) -> None:
    name = table("ID INTEGER")
    with lab.connect() as connection, connection.transaction():
        with connection.transaction():
            connection.execute(f"INSERT INTO {name} VALUES (1)")
            with pytest.raises(drdarrow.ProgrammingError, match="Derby has one savepoint at a time"):
                connection.transaction().__enter__()
        connection.execute(f"INSERT INTO {name} VALUES (2)")
    assert stored(lab, name) == [1, 2]


def test_blocks_may_be_nested_deeply() -> None:
    with server.serve(duckdb.connect()) as srv, srv.connect(autocommit=True) as connection:
        connection.execute("CREATE TABLE T (ID INT)")
        with connection.transaction():
            connection.execute("INSERT INTO T VALUES (1)")
            with connection.transaction():
                connection.execute("INSERT INTO T VALUES (2)")
                with pytest.raises(Oops), connection.transaction():
                    connection.execute("INSERT INTO T VALUES (3)")
                    raise Oops
                connection.execute("INSERT INTO T VALUES (4)")
            with pytest.raises(Oops), connection.transaction():
                connection.execute("INSERT INTO T VALUES (5)")
                with connection.transaction():
                    connection.execute("INSERT INTO T VALUES (6)")
                raise Oops
            connection.execute("INSERT INTO T VALUES (7)")
        assert sorted(stored_by(connection, "T")) == [1, 2, 4, 7]


def test_a_call_of_many_rows_that_fails_in_a_block_undoes_only_itself(lab: Lab, table) -> None:
    name = table("ID INTEGER NOT NULL PRIMARY KEY")
    with lab.connect() as connection, connection.transaction():
        with pytest.raises(drdarrow.IntegrityError):
            connection.cursor().executemany(f"INSERT INTO {name} VALUES (?)", [(1,), (1,)])
        connection.execute(f"INSERT INTO {name} VALUES (2)")
    assert stored(lab, name) == [2]


def test_work_from_before_is_neither_kept_nor_undone_by_a_block(lab: Lab, table) -> None:
    name = table("ID INTEGER")
    with lab.connect() as connection:
        connection.execute(f"INSERT INTO {name} VALUES (1)")
        with pytest.raises(drdarrow.InterfaceError, match=r"commit\(\) or rollback\(\) before transaction") as caught:
            connection.transaction().__enter__()
        assert caught.value.sqlstate == "25001"
        connection.rollback()
        with connection.transaction():
            connection.execute(f"INSERT INTO {name} VALUES (2)")
    assert stored(lab, name) == [2]


def test_nothing_else_ends_the_work_of_a_block(lab: Lab, table) -> None:
    name = table("ID INTEGER")
    with lab.connect(autocommit=True) as connection:
        with connection.transaction():
            connection.execute(f"INSERT INTO {name} VALUES (1)")
            for call in (connection.commit, connection.rollback, lambda: setattr(connection, "autocommit", True)):
                with pytest.raises(drdarrow.InterfaceError, match="its block commits or rolls back"):
                    call()
            assert stored_by(connection, name) == [1]
        connection.commit()
    assert stored(lab, name) == [1]


@pytest.mark.parametrize("sql", ["COMMIT", "/* all */ commit work", "ROLLBACK", "rollback work"])
def test_no_statement_ends_the_work_of_a_block(lab: Lab, table, sql: str) -> None:
    name = table("ID INTEGER")
    with lab.connect(autocommit=True) as connection:
        with connection.transaction():
            connection.execute(f"INSERT INTO {name} VALUES (1)")
            for call in (connection.execute, lambda sql: connection.cursor().executemany(sql, [()])):
                with pytest.raises(drdarrow.InterfaceError, match="its block commits or rolls back"):
                    call(sql)
            connection.execute("SAVEPOINT OWN ON ROLLBACK RETAIN CURSORS")
            connection.execute(f"INSERT INTO {name} VALUES (2)")
            connection.execute("ROLLBACK TO SAVEPOINT OWN")
    assert stored(lab, name) == [1]


def stored_by(connection: drdarrow.Connection, name: str) -> list[int]:
    return [row[0] for row in connection.execute(f"SELECT ID FROM {name}")]


def test_a_block_is_entered_once_and_by_one_thread(lab: Lab) -> None:
    with lab.connect() as connection:
        block = connection.transaction()
        with block, pytest.raises(drdarrow.InterfaceError, match="entered before"):
            block.__enter__()
        with block:
            told = []

            def other() -> None:
                try:
                    connection.transaction().__enter__()
                except drdarrow.InterfaceError as e:
                    told.append(str(e))

            thread = threading.Thread(target=other)
            thread.start()
            thread.join(20)
            assert len(told) == 1 and "another thread or task" in told[0]
        outer, inner = connection.transaction(), connection.transaction()
        outer.__enter__()
        inner.__enter__()
        with pytest.raises(drdarrow.InterfaceError, match="opposite order"):
            outer.__exit__(None, None, None)
        connection.close()


def test_no_block_begins_within_a_call_of_many_rows(lab: Lab, table) -> None:
    name = table("ID INTEGER")
    with lab.connect() as connection:

        def rows():
            with connection.transaction():
                yield (1,)

        with pytest.raises(drdarrow.InterfaceError, match="cannot begin"):
            connection.cursor().executemany(f"INSERT INTO {name} VALUES (?)", rows())


def test_a_deadlock_within_a_block_is_not_committed_over(lab: Lab, table) -> None:
    """The server rolls the whole transaction back. A program that goes on would commit only what came afterwards."""
    first, second = (
        table("ID INTEGER NOT NULL PRIMARY KEY, N INTEGER"),
        table("ID INTEGER NOT NULL PRIMARY KEY, N INTEGER"),
    )
    with lab.connect() as connection:
        for name in (first, second):
            connection.execute(f"INSERT INTO {name} VALUES (1, 0)")
    update = "UPDATE {} SET N = N + 1 WHERE ID = 1"
    ended, ready = [], threading.Barrier(2)

    def work(names: tuple[str, str], extra: int) -> None:
        with lab.connect() as connection:
            try:
                with connection.transaction():
                    connection.execute(f"INSERT INTO {names[0]} VALUES ({extra}, 0)")
                    connection.execute(update.format(names[0]))
                    ready.wait(20)
                    try:
                        connection.execute(update.format(names[1]))
                    except drdarrow.OperationalError as e:
                        assert e.sqlstate in ("40001", "40XL1", "40XL2")
                        ended.append(e.sqlstate)
                    connection.execute(f"INSERT INTO {names[1]} VALUES ({extra + 1}, 0)")
            except drdarrow.OperationalError as e:
                ended.append(e)

    threads = [threading.Thread(target=work, args=given) for given in (((first, second), 10), ((second, first), 20))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(40)
    states = [e for e in ended if isinstance(e, str)]
    errors = [e for e in ended if not isinstance(e, str)]
    assert states == ["40001"] and len(errors) == 1
    assert errors[0].sqlstate == "40000" and "nothing of it is kept" in str(errors[0]) and errors[0].retryable
    kept = stored(lab, first) + stored(lab, second)
    assert sorted(kept) in ([1, 1, 10, 11], [1, 1, 20, 21])


def test_a_commit_whose_answer_is_lost_is_told_and_not_tried_again(lab: Lab, table, proxy: Proxy) -> None:
    name = table("ID INTEGER")
    connection = lab.connect(proxy.port, statement_timeout=1)
    with pytest.raises(drdarrow.OperationalError) as caught, connection.transaction():
        connection.execute(f"INSERT INTO {name} VALUES (1)")
        proxy.forget()
        proxy.hold()
    assert caught.value.sqlstate == "08007" and connection.closed
    assert proxy.count(RDBCMM) == 1


def test_an_exception_of_the_block_is_told_before_a_failing_rollback(lab: Lab, table) -> None:
    connection = lab.connect()
    with pytest.raises(Oops) as caught, connection.transaction():
        connection.execute("VALUES 1").fetchall()
        connection.close()
        raise Oops
    assert any("not rolled back" in note for note in caught.value.__notes__)
    with pytest.raises(drdarrow.InterfaceError, match="closed"), lab.connect() as other, other.transaction():
        other.close()


def test_the_same_with_asyncio(lab: Lab, table) -> None:
    name = table("ID INTEGER")

    async def work() -> None:
        async with aio.connect(lab.uri(), autocommit=True) as connection:
            async with connection.transaction():
                await connection.execute(f"INSERT INTO {name} VALUES (1)")
                with pytest.raises(Oops):
                    async with connection.transaction():
                        await connection.execute(f"INSERT INTO {name} VALUES (2)")
                        raise Oops
                with pytest.raises(drdarrow.InterfaceError, match="another thread or task"):
                    await asyncio.create_task(connection.transaction().__aenter__())
                with pytest.raises(drdarrow.InterfaceError, match="its block commits"):
                    await connection.commit()
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.2), connection.transaction():
                    await connection.execute(f"INSERT INTO {name} VALUES (3)")
                    await asyncio.sleep(20)
            assert connection.autocommit and not connection.closed
            await connection.execute(f"INSERT INTO {name} VALUES (4)")

    asyncio.run(work())
    assert stored(lab, name) == [1, 4]


@pytest.mark.parametrize("persona", ["luw", "ibmi", "zos"])
def test_blocks_at_the_server_of_this_package(persona: server.Persona) -> None:
    with server.serve(duckdb.connect(), persona=persona) as srv, srv.connect(autocommit=True) as connection:
        connection.execute("CREATE TABLE T (ID INT)")
        with connection.transaction():
            connection.execute("INSERT INTO T VALUES (1)")
            with pytest.raises(Oops), connection.transaction():
                connection.execute("INSERT INTO T VALUES (2)")
                raise Oops
        with pytest.raises(Oops), connection.transaction():
            connection.execute("INSERT INTO T VALUES (3)")
            raise Oops
        with srv.connect() as other:
            assert stored_by(other, "T") == [1]


def test_without_commitment_control_there_is_no_transaction() -> None:
    with server.serve(duckdb.connect(), persona="ibmi") as srv, srv.connect(isolation="nc") as connection:
        with pytest.raises(drdarrow.NotSupportedError, match="isolation=nc has no transactions"):
            connection.transaction().__enter__()


def test_a_block_that_begins_as_its_task_is_cancelled_is_ended(lab: Lab, table) -> None:
    """At whatever point: else the next block of the task is a savepoint of it, which nobody commits."""
    name = table("ID INTEGER")

    async def enter(connection: aio.AsyncConnection, nested: bool) -> None:
        async with connection.transaction():
            if nested:
                async with connection.transaction():
                    await asyncio.sleep(20)
            await asyncio.sleep(20)

    async def work() -> None:
        async with aio.connect(lab.uri(), autocommit=True) as connection:
            for steps in range(40):
                task = asyncio.create_task(enter(connection, steps % 2 == 1))
                for _ in range(steps // 2):
                    # Answers that have come by then wait for their task.
                    time.sleep(0.001)
                    await asyncio.sleep(0)
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
                if connection.closed:
                    connection = await aio.connect(lab.uri(), autocommit=True)
                assert connection.autocommit, steps
                await connection.commit()
                async with connection.transaction():
                    await connection.execute(f"INSERT INTO {name} VALUES ({steps})")

    asyncio.run(work())
    assert stored(lab, name) == list(range(40))


def test_a_block_that_begins_as_somebody_breaks_it_off_is_ended(lab: Lab, table) -> None:
    """Ctrl-C is told after a call that has done its work."""
    name = table("ID INTEGER")

    class Interrupted:
        """A connection whose calls are interrupted at their ends."""

        def __init__(self, connection: drdarrow.Connection) -> None:
            self._end = connection._end
            self._connection = connection

        def _begin(self, owner: int, block: int) -> None:
            self._connection._begin(owner, block)
            raise KeyboardInterrupt

    with lab.connect(autocommit=True) as connection:
        with pytest.raises(KeyboardInterrupt):
            Transaction(Interrupted(connection)).__enter__()
        assert connection.autocommit
        with connection.transaction():
            with pytest.raises(KeyboardInterrupt):
                Transaction(Interrupted(connection)).__enter__()
            connection.execute(f"INSERT INTO {name} VALUES (1)")
    assert stored(lab, name) == [1]


def test_a_block_that_ends_before_those_within_it_is_undone_with_them(lab: Lab, table) -> None:
    """Left open, the next block would be a savepoint within it, and nothing would commit that."""
    name = table("ID INTEGER")
    with lab.connect(autocommit=True) as connection:
        for raised in (None, Oops()):
            outer, inner = connection.transaction(), connection.transaction()
            outer.__enter__()
            connection.execute(f"INSERT INTO {name} VALUES (1)")
            inner.__enter__()
            connection.execute(f"INSERT INTO {name} VALUES (2)")
            if raised is None:
                with pytest.raises(drdarrow.InterfaceError, match="opposite order"):
                    outer.__exit__(None, None, None)
            else:
                outer.__exit__(Oops, raised, None)
                assert not hasattr(raised, "__notes__")
            assert connection.autocommit
            with pytest.raises(drdarrow.InterfaceError, match="ended with one around it"):
                inner.__exit__(None, None, None)
            with connection.transaction():
                connection.execute(f"INSERT INTO {name} VALUES (3)")
    assert stored(lab, name) == [3, 3]
