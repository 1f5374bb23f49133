"""Calls with many rows: all of them are kept or none, whatever fails and wherever. The table is the judge."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from decimal import Decimal

import pyarrow as pa
import pytest
from batching import ARRAYS, DEADLOCK, DUPLICATE, PERSONAS, TARGETS, Ledger, Target, rows
from conftest import Lab
from derby import Derby
from peers import EXCSQLSTT, PRPSQLSTT, RDBCMM, Proxy, wait_for

import drdarrow
from drdarrow import aio, server

#: Fewer rows than a chain, more than a chain (256), more than are read at a time (512).
SIZES = (20, 300, 600)


@pytest.fixture(scope="module", params=TARGETS)
def target(request: pytest.FixtureRequest, derby: Derby) -> Iterator[Target]:
    made = Target(request.param, derby)
    yield made
    made.close()


@pytest.fixture(scope="module", params=["real derby", "luw duckdb", "ibmi tables"])
def some(request: pytest.FixtureRequest, derby: Derby) -> Iterator[Target]:
    """One of each kind, where personas do not differ."""
    made = Target(request.param, derby)
    yield made
    made.close()


@pytest.fixture(params=PERSONAS)
def persona(request: pytest.FixtureRequest) -> server.Persona:
    return request.param


def positions(size: int) -> tuple[int, ...]:
    """The first, a middle and the last row, from 1."""
    return 1, size // 2 + 3, size


@pytest.mark.parametrize("size", SIZES)
def test_in_autocommit_a_failure_keeps_no_row_and_a_retry_doubles_none(target: Target, size: int) -> None:
    table = target.table(0)
    with target.connect(autocommit=True) as connection:
        cursor = connection.cursor()
        for bad in positions(size):
            keys = list(range(1, size + 1))
            keys[bad - 1] = 0
            with pytest.raises(drdarrow.Error) as caught:
                cursor.executemany(f"INSERT INTO {table} VALUES (?)", rows(keys))
            assert (caught.value.row, cursor.rowcount, caught.value.connection_usable) == (bad, 0, True)
            assert str(caught.value).startswith(f"row {bad}: ") and "no row of the call is kept" in str(caught.value)
            assert target.keys(table) == [0]
        assert cursor.executemany(f"INSERT INTO {table} VALUES (?)", rows(range(1, size + 1))).rowcount == size
        assert target.keys(table) == list(range(size + 1))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("earlier", [True, False])
def test_in_a_transaction_a_failure_takes_nothing_with_it(target: Target, size: int, earlier: bool) -> None:
    """The transaction is as it was before the call. DuckDB ends it at any error, and the error says so."""
    table = target.table(0)
    with target.connect() as connection:
        cursor = connection.cursor()
        for bad in positions(size):
            keys = list(range(1, size + 1))
            keys[bad - 1] = 0
            if earlier:
                cursor.execute(f"INSERT INTO {table} VALUES (-{bad})")
            with pytest.raises(drdarrow.Error) as caught:
                cursor.executemany(f"INSERT INTO {table} VALUES (?)", rows(keys))
            assert (caught.value.row, cursor.rowcount, caught.value.connection_usable) == (bad, 0, True)
            left = [-bad, 0] if earlier and target.undoes else [0]
            assert sorted(a for (a,) in cursor.execute(f"SELECT A FROM {table}").fetchall()) == left
            gone = not target.undoes and (earlier or bad > 1)
            assert ("the server rolled back the whole transaction" in str(caught.value)) is gone, str(caught.value)
            connection.commit()
            assert target.keys(table) == left
            cursor.execute(f"DELETE FROM {table} WHERE A = -{bad}")
            connection.commit()
        cursor.execute(f"INSERT INTO {table} VALUES (-1)")
        assert cursor.executemany(f"INSERT INTO {table} VALUES (?)", rows(range(1, size + 1))).rowcount == size
        connection.commit()
        assert target.keys(table) == list(range(-1, size + 1))


@pytest.mark.parametrize("autocommit", [True, False])
@pytest.mark.parametrize("size", SIZES)
def test_a_deadlock_ends_the_transaction_and_nothing_of_the_call_is_left(
    persona: server.Persona, size: int, autocommit: bool
) -> None:
    """The rows of the chain after the deadlock ran in a new unit of work: a retry must not double them."""
    ledger = Ledger()
    with server.serve(ledger, persona=persona) as srv:
        connection = srv.connect(autocommit=autocommit)
        cursor = connection.cursor()
        for bad in positions(size):
            if not autocommit:
                cursor.execute("INSERT INTO T VALUES (-1)")
                cursor.execute("INSERT INTO T VALUES (-2)")
            ledger.traps = {bad: DEADLOCK}
            with pytest.raises(drdarrow.OperationalError) as caught:
                cursor.executemany("INSERT INTO T VALUES (?)", rows(range(1, size + 1)))
            e = caught.value
            # A server names no row of an array, and after a deadlock nobody looks for one.
            row = None if persona in ARRAYS else bad
            assert (e.row, e.retryable, e.connection_usable, cursor.rowcount) == (row, True, True, 0)
            assert str(e).startswith(f"row {bad}: " if row else f"rows 1 to {size}: ")
            assert ("the whole transaction, with the work before the call" in str(e)) is not autocommit
            connection.commit()
            assert ledger.committed == []
        cursor.executemany("INSERT INTO T VALUES (?)", rows(range(1, size + 1)))
        assert cursor.rowcount == size
        connection.commit()
        assert ledger.committed == list(range(1, size + 1))
        connection.close()


def test_a_deadlock_after_another_failure_is_seen(persona: server.Persona) -> None:
    """The first failure is told; the deadlock after it in the same chain has ended the transaction all the same."""
    ledger = Ledger()
    with server.serve(ledger, persona=persona) as srv, srv.connect() as connection:
        cursor = connection.cursor()
        cursor.execute("INSERT INTO T VALUES (-1)")
        ledger.traps = {7: DUPLICATE, 20: DEADLOCK}
        with pytest.raises(drdarrow.IntegrityError, match="the whole transaction") as caught:
            cursor.executemany("INSERT INTO T VALUES (?)", rows(range(1, 101)))
        assert (caught.value.row, cursor.rowcount) == (7, 0)
        connection.commit()
        assert ledger.committed == []


@pytest.mark.parametrize("autocommit", [True, False])
def test_a_deadlock_of_two_connections_on_derby(derby: Derby, autocommit: bool) -> None:
    target = Target("real derby", derby)
    table = target.table()
    with target.connect() as other, target.connect(autocommit=autocommit) as connection:
        connection.cursor().execute(f"SELECT A FROM {table}").fetchall()
        cursor = connection.cursor()
        if not autocommit:
            cursor.execute(f"INSERT INTO {table} VALUES (-1)")
        # Derby gives up the transaction with the fewer locks: ours.
        other.cursor().executemany(f"INSERT INTO {table} VALUES (?)", rows(range(9000, 12000)))
        meets = threading.Event()

        def keys() -> Iterator[tuple[int]]:
            """Once the first rows are in, the other connection wants one of them; then we want one of its."""
            yield from rows(range(1000, 1512))
            meets.set()
            time.sleep(0.5)
            yield from rows(range(1512, 1600))
            yield (9000,)
            yield from rows(range(5000, 5200))

        def want() -> None:
            meets.wait(20)
            try:
                other.execute(f"INSERT INTO {table} VALUES (1001)")
            except drdarrow.Error as e:
                told.append(e)

        told: list[drdarrow.Error] = []
        thread = threading.Thread(target=want)
        thread.start()
        with pytest.raises(drdarrow.OperationalError) as caught:
            cursor.executemany(f"INSERT INTO {table} VALUES (?)", keys())
        thread.join()
        e = caught.value
        assert (e.sqlstate, e.row, e.retryable, cursor.rowcount, told) == ("40001", 601, True, 0, [])
        other.rollback()
        connection.commit()
        assert target.keys(table) == []
        assert cursor.executemany(f"INSERT INTO {table} VALUES (?)", rows(range(600))).rowcount == 600
        connection.commit()
        assert target.keys(table) == list(range(600))


@pytest.mark.parametrize("autocommit", [True, False])
def test_the_connection_is_cut_between_the_rows(target: Target, autocommit: bool) -> None:
    table = target.table(0)
    with Proxy(target.port) as proxy:
        connection = target.connect(proxy.port, autocommit=autocommit)
        connection.execute(f"SELECT A FROM {table}").fetchall()
        cursor = connection.cursor()

        def keys() -> Iterator[tuple[int]]:
            for key in range(1, 1100):
                if key == 600:
                    proxy.cut()
                yield (key,)

        with pytest.raises(drdarrow.OperationalError) as caught:
            cursor.executemany(f"INSERT INTO {table} VALUES (?)", keys())
        e = caught.value
        assert (e.connection_usable, cursor.rowcount) == (False, 0)
        assert e.sqlstate in ("08006", "08003") and "no row of the call is kept" in str(e)
        connection.close()
    with target.connect(autocommit=autocommit) as connection:
        cursor = connection.cursor()
        assert cursor.executemany(f"INSERT INTO {table} VALUES (?)", rows(range(1, 1100))).rowcount == 1099
    assert target.keys(table) == list(range(1100))


def test_the_connection_is_cut_in_the_commit(target: Target) -> None:
    """The outcome is unknown: 08007, and `rowcount` is -1."""
    table = target.table()
    with Proxy(target.port) as proxy:
        connection = target.connect(proxy.port, autocommit=True)
        cursor = connection.cursor()

        def keys() -> Iterator[tuple[int]]:
            # As many as are read at a time, so that the next thing sent is the commit.
            yield from rows(range(1024))
            proxy.forget()
            proxy.hold()
            threading.Thread(target=cut, daemon=True).start()

        def cut() -> None:
            wait_for(lambda: proxy.count(RDBCMM) == 1)
            proxy.cut()

        with pytest.raises(drdarrow.OperationalError) as caught:
            cursor.executemany(f"INSERT INTO {table} VALUES (?)", keys())
        assert (caught.value.sqlstate, cursor.rowcount, caught.value.row) == ("08007", -1, None)
        connection.close()
    assert wait_for(lambda: target.keys(table) in ([], list(range(1024))))


@pytest.mark.parametrize("autocommit", [True, False])
def test_a_row_that_cannot_be_sent(target: Target, autocommit: bool) -> None:
    """Row 700 is refused before anything of its kind is sent; the rows before it are undone."""
    table = target.table(0)
    with target.connect(autocommit=autocommit) as connection:
        cursor = connection.cursor()
        for value, kind in ((2**40, drdarrow.DataError), (object(), drdarrow.InterfaceError)):
            keys = [(value,) if n == 700 else (n,) for n in range(1, 1000)]
            with pytest.raises(kind) as caught:
                cursor.executemany(f"INSERT INTO {table} VALUES (?)", iter(keys))
            assert caught.value.row == 700 and str(caught.value).startswith("row 700: parameter 1")
            assert "no row of the call is kept" in " ".join(
                [str(caught.value), *getattr(caught.value, "__notes__", [])]
            )
            assert cursor.rowcount == 0
            connection.commit()
            assert target.keys(table) == [0]


@pytest.mark.parametrize("autocommit", [True, False])
def test_rows_that_raise(target: Target, autocommit: bool) -> None:
    """The caller's own exception comes back as it was, with a note; nothing is kept and the transaction goes on."""
    table = target.table(0)

    def broken() -> Iterator[tuple[int]]:
        yield from rows(range(1, 800))
        raise LookupError("from the caller")

    with target.connect(autocommit=autocommit) as connection:
        cursor = connection.cursor()
        with pytest.raises(LookupError, match="from the caller") as caught:
            cursor.executemany(f"INSERT INTO {table} VALUES (?)", broken())
        assert caught.value.__notes__ == ["no row of the call is kept"]
        assert cursor.rowcount == 0
        connection.commit()
        assert target.keys(table) == [0]
        assert cursor.executemany(f"INSERT INTO {table} VALUES (?)", rows(range(1, 800))).rowcount == 799
        connection.commit()
    assert target.keys(table) == list(range(800))


def test_without_savepoints_the_error_says_which_rows_are_in(persona: server.Persona) -> None:
    """A row at a time is sent, so that none after the failure is executed."""
    ledger = Ledger(savepoints=False)
    with server.serve(ledger, persona=persona) as srv, srv.connect() as connection:
        cursor = connection.cursor()
        cursor.execute("INSERT INTO T VALUES (-1)")
        for bad, words in ((1, "no row of the call is kept"), (2, "row 1 was executed"), (540, "rows 1 to 539 were")):
            ledger.traps = {bad: DUPLICATE}
            with pytest.raises(drdarrow.IntegrityError, match=words) as caught:
                cursor.executemany("INSERT INTO T VALUES (?)", rows(range(1, 601)))
            assert (caught.value.row, cursor.rowcount) == (bad, bad - 1)
        connection.commit()
        assert ledger.committed == [-1, 1, *range(1, 540)]
        assert cursor.executemany("INSERT INTO T VALUES (?)", rows(range(300))).rowcount == 300
        # Asked once, not again.
        assert sum("SAVEPOINT" in sql for sql in ledger.prepared) == 1


def test_work_from_before_autocommit_was_set_is_not_undone_with_the_call(some: Target) -> None:
    table = some.table(0)
    with some.connect() as connection:
        connection.execute(f"INSERT INTO {table} VALUES (-1)")
        connection.autocommit = True
        with pytest.raises(drdarrow.Error) as caught:
            connection.cursor().executemany(f"INSERT INTO {table} VALUES (?)", rows([*range(1, 600), 0]))
        assert caught.value.row == 600
        # DuckDB undoes all of it at any error, and the error says so.
        assert ("the server rolled back" in str(caught.value)) is not some.undoes
        assert some.keys(table) == ([-1, 0] if some.undoes else [0])


def test_an_open_reader_in_autocommit_reads_on(some: Target) -> None:
    """Where the server has savepoints. Elsewhere the rollback ends the reader, loudly."""
    table, source = some.table(0), some.table(*range(50))
    with some.connect(autocommit=True, block_size=512) as connection:
        reader = connection.execute(f"SELECT A FROM {source}")
        assert reader.fetchone() is not None
        with pytest.raises(drdarrow.Error) as caught:
            connection.cursor().executemany(f"INSERT INTO {table} VALUES (?)", rows([*range(1, 600), 0]))
        assert caught.value.row == 600
        if some.undoes:
            assert len(reader.fetchall()) == 49
        assert some.keys(table) == [0]
        assert connection.cursor().executemany(f"INSERT INTO {table} VALUES (?)", rows(range(1, 9))).rowcount == 8
        assert some.keys(table) == list(range(9))


@pytest.mark.parametrize("fails", [True, False])
def test_rows_read_from_the_same_connection(some: Target, fails: bool) -> None:
    """The query ends within the call, which must not commit the rows that are in so far."""
    source, table = some.table(), some.table(0)
    with some.connect(autocommit=True) as connection:
        connection.cursor().executemany(f"INSERT INTO {source} VALUES (?)", rows(range(1, 700)))

        def read() -> Iterator[tuple[int]]:
            yield from connection.execute(f"SELECT A FROM {source} ")
            yield from rows(range(1000, 2000))
            if fails:
                yield (0,)

        cursor = connection.cursor()
        if fails:
            with pytest.raises(drdarrow.Error) as caught:
                cursor.executemany(f"INSERT INTO {table} VALUES (?)", read())
            assert (caught.value.row, cursor.rowcount) == (1700, 0)
            assert some.keys(table) == [0]
        else:
            assert cursor.executemany(f"INSERT INTO {table} VALUES (?)", read()).rowcount == 1699
            assert some.keys(table) == [*range(700), *range(1000, 2000)]


def test_what_the_rows_do_on_the_connection_belongs_to_the_call(some: Target) -> None:
    table, log = some.table(0), some.table()
    with some.connect(autocommit=True) as connection:
        cursor = connection.cursor()

        def noting(last: int) -> Iterator[tuple[int]]:
            for n in range(1, 1200):
                if n % 500 == 0:
                    connection.execute(f"INSERT INTO {log} VALUES ({n})")
                yield (n,)
            yield (last,)

        with pytest.raises(drdarrow.Error) as caught:
            cursor.executemany(f"INSERT INTO {table} VALUES (?)", noting(0))
        assert caught.value.row == 1200
        assert (some.keys(table), some.keys(log)) == ([0], [])
        cursor.executemany(f"INSERT INTO {table} VALUES (?)", noting(1200))
        assert (some.keys(table), some.keys(log)) == (list(range(1201)), [500, 1000])


def test_a_commit_by_the_rows_keeps_those_before_it(some: Target) -> None:
    table = some.table(0)
    with some.connect() as connection:
        cursor = connection.cursor()

        def committing() -> Iterator[tuple[int]]:
            for n in range(1, 1300):
                if n == 600:
                    connection.commit()
                yield (n,)
            yield (0,)

        with pytest.raises(drdarrow.Error, match="rows 1 to 512, which were committed meanwhile, are kept") as caught:
            cursor.executemany(f"INSERT INTO {table} VALUES (?)", committing())
        assert (caught.value.row, cursor.rowcount) == (1300, 512)
        connection.commit()
        assert some.keys(table) == list(range(513))


def test_a_rollback_by_the_rows_is_not_passed_over(some: Target) -> None:
    table = some.table(0)
    with some.connect() as connection:
        cursor = connection.cursor()

        def undoing() -> Iterator[tuple[int]]:
            for n in range(1, 1300):
                if n == 600:
                    connection.rollback()
                yield (n,)

        with pytest.raises(drdarrow.OperationalError, match="rolled back while the rows"):
            cursor.executemany(f"INSERT INTO {table} VALUES (?)", undoing())
        assert cursor.rowcount == 0
        connection.commit()
        assert some.keys(table) == [0]


def test_a_statement_of_another_thread_waits_for_the_call(some: Target) -> None:
    """Both share the unit of work: the statement would be undone with the call, or commit half of it."""
    table, other = some.table(0), some.table()
    with some.connect(autocommit=True) as connection:
        begun = threading.Event()

        def insert() -> None:
            begun.wait(20)
            connection.execute(f"INSERT INTO {other} VALUES (1)")

        def slow() -> Iterator[tuple[int]]:
            for n in range(1, 1100):
                if n == 600:
                    begun.set()
                    time.sleep(0.3)
                yield (n,)
            yield (0,)

        thread = threading.Thread(target=insert)
        thread.start()
        with pytest.raises(drdarrow.Error) as caught:
            connection.cursor().executemany(f"INSERT INTO {table} VALUES (?)", slow())
        thread.join()
        assert caught.value.row == 1100
        assert (some.keys(table), some.keys(other)) == ([0], [1])


@pytest.mark.parametrize("autocommit", [True, False])
def test_ctrl_c_undoes_the_rows_before_anything_else_runs(some: Target, autocommit: bool) -> None:
    table = some.table(0)
    with Proxy(some.port) as proxy:
        connection = some.connect(proxy.port, autocommit=autocommit)
        connection.execute(f"SELECT A FROM {table}").fetchall()
        connection.commit()
        cursor = connection.cursor()

        def held() -> Iterator[tuple[int]]:
            for n in range(1, 1100):
                if n == 600:
                    proxy.hold()
                    threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
                    threading.Timer(0.8, proxy.release).start()
                yield (n,)

        with pytest.raises(KeyboardInterrupt):
            cursor.executemany(f"INSERT INTO {table} VALUES (?)", held())
        assert connection.execute(f"SELECT A FROM {table}").fetchall() == [(0,)]
        cursor.executemany(f"INSERT INTO {table} VALUES (?)", rows(range(1, 30)))
        connection.commit()
        assert some.keys(table) == list(range(30))
        connection.close()


@pytest.mark.parametrize("autocommit", [True, False])
def test_with_asyncio(some: Target, autocommit: bool) -> None:
    table = some.table(0)

    async def main() -> None:
        async with aio.connect(some.uri, timeout=15, autocommit=autocommit) as connection:
            cursor = connection.cursor()
            for keys in ([*range(1, 700), 0], [*range(1, 699), 2**40, 0]):
                with pytest.raises(drdarrow.Error) as caught:
                    await cursor.executemany(f"INSERT INTO {table} VALUES (?)", rows(keys))
                assert (caught.value.row, cursor.rowcount) == (700 if keys[-2] == 699 else 699, 0)
                await connection.commit()
                assert some.keys(table) == [0]
            with pytest.raises(LookupError) as broken:
                await cursor.executemany(f"INSERT INTO {table} VALUES (?)", raising())
            assert broken.value.__notes__ == ["no row of the call is kept"]
            await connection.commit()
            assert some.keys(table) == [0]
            await cursor.executemany(f"INSERT INTO {table} VALUES (?)", iter(rows(range(1, 700))))
            assert cursor.rowcount == 699
            await connection.commit()
            assert some.keys(table) == list(range(700))

    def raising() -> Iterator[tuple[int]]:
        yield from rows(range(1, 600))
        raise LookupError

    asyncio.run(main())


@pytest.mark.parametrize("autocommit", [True, False])
def test_a_cancelled_task_undoes_its_rows_before_anything_else_runs(some: Target, autocommit: bool) -> None:
    table = some.table(0)

    async def main(port: int) -> None:
        uri = some.uri.replace(f":{some.port}/", f":{port}/")
        async with aio.connect(uri, timeout=15, autocommit=autocommit) as connection:
            cursor = connection.cursor()
            for steps in (1, 5, 40):
                keys = held(proxy) if steps == 1 else iter(rows(range(1, 1100)))
                task = asyncio.ensure_future(cursor.executemany(f"INSERT INTO {table} VALUES (?)", keys))
                await asyncio.sleep(0.3 if steps == 1 else steps / 1000)
                done = not task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
                proxy.release()
                reader = await connection.execute(f"SELECT A FROM {table}")
                assert done or await reader.fetchall() == [(0,)]
                await connection.commit()
                assert done or some.keys(table) == [0]
                await connection.execute(f"DELETE FROM {table} WHERE A > 0") if done else None
                await connection.commit()

    def held(proxy: Proxy) -> Iterator[tuple[int]]:
        for n in range(1, 1100):
            if n == 600:
                proxy.hold()
            yield (n,)

    with Proxy(some.port) as proxy:
        asyncio.run(main(proxy.port))


def test_the_statement_is_prepared_once_and_committed_once(lab: Lab, table, proxy: Proxy) -> None:
    name = table("A INTEGER")
    with lab.connect(proxy.port, autocommit=True) as connection:
        proxy.forget()
        connection.cursor().executemany(f"INSERT INTO {name} VALUES (?)", rows(range(1100)))
        assert [proxy.count(command) for command in (PRPSQLSTT, EXCSQLSTT, RDBCMM)] == [1, 1100, 1]


def test_a_statement_without_parameters_runs_for_each_row(some: Target) -> None:
    table, none = some.table(), some.table(1, 2)
    with some.connect() as connection:
        cursor = connection.cursor()
        with pytest.raises(drdarrow.Error) as caught:
            cursor.executemany(f"INSERT INTO {table} VALUES (1)", [(), ()])
        assert caught.value.row == 2
        connection.rollback()
        assert cursor.executemany(f"DELETE FROM {none}", [(), ()]).rowcount == 2
        connection.rollback()


def test_arrays_and_chains_bring_the_same_rows(target: Target) -> None:
    """Of every length, NULLs among them, and values that go after their row: more rows than a chain has."""
    rows = 3000
    table = pa.table(
        {
            "K": pa.array(range(rows), pa.int32()),
            "B": pa.array([None if n % 7 == 0 else n << 33 for n in range(rows)], pa.int64()),
            "T": pa.array([None if n % 5 == 0 else "x" * (n % 40) for n in range(rows)], pa.string()),
            "D": pa.array([None if n % 3 == 0 else Decimal(n).scaleb(-2) for n in range(rows)], pa.decimal128(9, 2)),
            "E": pa.array([None if n % 2 else date(2000 + n % 30, 1, 1 + n % 28) for n in range(rows)], pa.date32()),
            "F": pa.array([n / 7 for n in range(rows)], pa.float64()),
        }
    )
    name = f"{target.table()}M"

    def stored(cursor: drdarrow.Cursor) -> list[dict[str, object]]:
        return cursor.execute(f"SELECT K, B, T, D, E, F FROM {name}").fetch_arrow_table().sort_by("K").to_pylist()

    with target.connect() as connection:
        cursor = connection.cursor()
        cursor.execute(
            f"CREATE TABLE {name} (K INTEGER NOT NULL PRIMARY KEY, B BIGINT, T VARCHAR(40), D DECIMAL(9, 2), E DATE, "
            "F DOUBLE)"
        )
        sql = f"INSERT INTO {name} VALUES (?, ?, ?, ?, ?, ?)"
        assert cursor.executemany(sql, table).rowcount == rows
        assert stored(cursor) == table.to_pylist()
        cursor.execute(f"DELETE FROM {name}")
        assert cursor.executemany(sql, [tuple(row.values()) for row in table.to_pylist()]).rowcount == rows
        assert stored(cursor) == table.to_pylist()
