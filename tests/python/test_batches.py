"""Calls with many rows: all of them are kept or none, whatever fails and wherever. The table is the judge."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import pyarrow as pa
import pytest
from batching import ARRAYS, DEADLOCK, DUPLICATE, PERSONAS, TARGETS, Ledger, Target, rows
from conftest import Lab
from derby import Derby
from peers import EXCSQLSTT, PRPSQLSTT, RDBCMM, Proxy, wait_for

import drdarrow
from drdarrow import server

#: Fewer rows than a chain, more than a chain (256), more than are read at a time (512).
SIZES = (20, 300, 600)


@pytest.fixture(scope="module", params=TARGETS)
def target(request: pytest.FixtureRequest, derby: Derby) -> Iterator[Target]:
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
    """The transaction is as it was before the call."""
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
            left = [-bad, 0] if earlier else [0]
            assert sorted(a for (a,) in cursor.execute(f"SELECT A FROM {table}").fetchall()) == left
            assert "rolled back" not in str(caught.value)
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


def test_the_statement_is_prepared_once_and_committed_once(lab: Lab, table, proxy: Proxy) -> None:
    name = table("A INTEGER")
    with lab.connect(proxy.port, autocommit=True) as connection:
        proxy.forget()
        connection.cursor().executemany(f"INSERT INTO {name} VALUES (?)", rows(range(1100)))
        assert [proxy.count(command) for command in (PRPSQLSTT, EXCSQLSTT, RDBCMM)] == [1, 1100, 1]


def test_arrays_and_chains_bring_the_same_rows(target: Target) -> None:
    """Of every length, NULLs among them, and values that go after their row: more rows than a chain has."""
    rows = 1000
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
