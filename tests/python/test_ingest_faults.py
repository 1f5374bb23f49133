"""`ingest()` beside others, and when something goes wrong: the table is the judge."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator
from typing import Any, Literal

import pyarrow as pa
import pytest
from batching import DEADLOCK, DUPLICATE, Ledger, LedgerSession, Target
from derby import Derby

import drdarrow
from drdarrow import _core, aio, server
from drdarrow.server.engine import Prepared

_numbers = itertools.count(1)


@pytest.fixture(scope="module", params=["real derby", "luw duckdb", "zos tables", "ibmi tables", "luw tables"])
def some(request: pytest.FixtureRequest, derby: Derby) -> Iterator[Target]:
    made = Target(request.param, derby)
    yield made
    made.close()


def fresh() -> str:
    return f"F{next(_numbers)}"


def keys(*values: int) -> pa.Table:
    return pa.table({"a": pa.array(values, pa.int32())})


class Described(LedgerSession):
    """One whose table is described."""

    def prepare(self, sql: str, /) -> Prepared:
        words = sql.upper()
        if words.startswith("SELECT"):
            return 0, [("A", "Int32", {})], []
        ledger = self._ledger
        if isinstance(ledger, Deadlocked) and ledger.deadlocks and words.startswith("INSERT") and "?" in sql:
            ledger.deadlocks -= 1
            self.rollback()
            raise DEADLOCK
        return super().prepare(sql)


class Deadlocked(Ledger):
    """A ledger in which so many statements meet a deadlock when they are prepared."""

    deadlocks = 0

    def session(self, user: str, database: str, /) -> Described:
        return Described(self)


def connect(
    engine: Ledger | Literal["duckdb", "tables"], persona: server.Persona, **settings: Any
) -> tuple[server.Server, drdarrow.Connection]:
    if isinstance(engine, Ledger):
        made = server.serve(engine, persona=persona)
    else:
        made = server.serve(persona=persona, engine=engine)
    return made, drdarrow.connect(f"drda://app@127.0.0.1:{made.port}/BATCHES", timeout=15, **settings)


def test_the_table_that_is_described_is_the_one_that_gets_the_rows(some: Target) -> None:
    """Another task of the connection replaces it meanwhile, with its columns the other way round."""
    text = {"A": "VARCHAR(9)", "B": "VARCHAR(9)"}

    async def work() -> None:
        async with aio.connect(some.uri, timeout=15, autocommit=True) as connection:
            table = fresh()
            cursors = connection.cursor(), connection.cursor()
            await cursors[0].ingest(table, pa.table({"a": ["A0"], "b": ["B0"]}), "create", types=text)
            await asyncio.gather(
                cursors[0].ingest(table, pa.table({"b": ["B1"], "a": ["A1"]}), "replace", types=text),
                cursors[1].ingest(table, pa.table({"a": ["A2"], "b": ["B2"]})),
            )
            rows = await (await connection.execute(f"SELECT A, B FROM {table}")).fetchall()
            assert rows and all(a[0] == "A" and b[0] == "B" for a, b in rows), rows
            both = fresh()
            await asyncio.gather(*(cursor.ingest(both, keys(1), "create_append") for cursor in cursors))
            assert await (await connection.execute(f"SELECT A FROM {both}")).fetchall() == [(1,), (1,)]

    asyncio.run(work())


def test_columns_that_the_data_has_not_are_null(some: Target) -> None:
    table = fresh()
    with some.connect(autocommit=True) as connection:
        connection.cursor().ingest(table, pa.table({"k": [1], "s": ["x"], "n": [2]}), "create", types={"s": "VARCHAR(9)"})
        connection.cursor().ingest(table, pa.table({"n": [7], "k": [3]}))
        assert sorted(connection.execute(f"SELECT K, S, N FROM {table}").fetchall()) == [(1, "x", 2), (3, None, 7)]


def test_rows_that_are_left_out_have_the_values_that_were_given() -> None:
    """Of any type: nothing about them is found out when the other rows are committed already."""
    made, connection = connect("duckdb", "luw", autocommit=True)
    with made, connection:
        cursor = connection.cursor()
        cursor.execute("CREATE TABLE U (K INTEGER NOT NULL PRIMARY KEY, U CHAR(36))")
        ids = pa.array([bytes([n]) * 16 for n in range(3)], pa.uuid())
        done = cursor.ingest("U", pa.table({"k": pa.array([1, 1, 2], pa.int32()), "u": ids}), on_error="skip")
        skipped = pa.record_batch(done.skipped).to_pylist()
        assert (done.rows, [(row["k"], row["u"].bytes) for row in skipped]) == (2, [(1, b"\1" * 16)])

        cursor.execute("CREATE TABLE V (K INTEGER NOT NULL PRIMARY KEY)")
        pieces = [keys(1, 2), pa.table({"a": pa.array([2, 3], pa.int64())})]
        with pytest.raises(drdarrow.InterfaceError, match="has type Int32, that of another one Int64"):
            cursor.ingest("V", [piece.rename_columns(["k"]) for piece in pieces], on_error="skip")
        assert cursor.execute("SELECT K FROM V").fetchall() == []

        def coded(letter: str) -> pa.RecordBatch:
            texts = pa.array([f"{letter}{n}" for n in range(100)]).dictionary_encode()
            coded = texts.cast(pa.dictionary(pa.int8(), pa.string()))
            return pa.record_batch({"k": pa.array([1] * 100, pa.int32()), "s": coded})

        cursor.execute("CREATE TABLE D (K INTEGER NOT NULL PRIMARY KEY, S VARCHAR(20))")
        done = cursor.ingest("D", [coded("a"), coded("b")], on_error="skip")
        texts = pa.record_batch(done.skipped).column("s").to_pylist()
        assert (done.rows, texts) == (1, [f"{letter}{n}" for letter in "ab" for n in range(100)][1:])


@pytest.mark.parametrize("persona", ["luw", "ibmi", "zos"])
def test_a_deadlock_is_told_although_rows_were_left_out_before_it(persona: server.Persona) -> None:
    ledger = Deadlocked()
    ledger.traps = {2: DUPLICATE, 5: DEADLOCK}
    made, connection = connect(ledger, persona)
    with made, connection:
        with pytest.raises(drdarrow.OperationalError) as caught:
            connection.cursor().ingest("T", keys(*range(1, 10)), on_error="skip")
        # An array whose rows are gone has one answer.
        row = None if persona == "luw" else 5
        assert (caught.value.row, caught.value.sqlcode, caught.value.retryable) == (row, -911, True)
        connection.commit()
        assert ledger.committed == []


@pytest.mark.parametrize("persona", ["luw", "zos"])
def test_a_deadlock_while_the_statement_is_prepared_ends_the_call(persona: server.Persona) -> None:
    """It took the work before the call with it: nothing is to go on as if that were there."""
    ledger = Deadlocked()
    made, connection = connect(ledger, persona)
    with made, connection:
        connection.execute("INSERT INTO T VALUES (-1)")
        ledger.deadlocks = 1
        with pytest.raises(drdarrow.OperationalError, match="the server rolled back the whole transaction") as caught:
            connection.cursor().executemany("INSERT INTO T VALUES (?)", [(1,), (2,)])
        assert (caught.value.sqlcode, caught.value.retryable) == (-911, True)
        connection.commit()
        assert ledger.committed == []


def test_a_table_is_not_replaced_where_that_cannot_be_undone() -> None:
    made, connection = connect("tables", "ibmi", autocommit=True, isolation="nc")
    with made, connection:
        cursor = connection.cursor()
        cursor.ingest("R", keys(1), "replace")
        with pytest.raises(drdarrow.NotSupportedError, match="is not replaced") as caught:
            cursor.ingest("R", keys(2), "replace", types={"a": "NOSUCH"})
        assert caught.value.hint is not None and "create" in caught.value.hint
        assert cursor.execute("SELECT A FROM R").fetchall() == [(1,)]


def test_progress_that_raises_at_the_end_undoes_the_rows(some: Target) -> None:
    table = some.table()

    def stop(done: int, total: int | None) -> None:
        if done == 3:
            raise LookupError("stop")

    async def work() -> None:
        async with aio.connect(some.uri, timeout=15, autocommit=True) as connection:
            with pytest.raises(LookupError):
                await connection.cursor().ingest(table, keys(1, 2, 3), progress=stop)

    with some.connect(autocommit=True) as connection:
        with pytest.raises(LookupError):
            connection.cursor().ingest(table, keys(1, 2, 3), progress=stop)
        assert some.keys(table) == []
    asyncio.run(work())
    assert some.keys(table) == []


def test_both_classes_tell_the_same_progress(some: Target) -> None:
    data = pa.table({"a": pa.array([1, 2**40, 2**41], pa.int64())})
    told: list[tuple[int, int | None]] = []

    async def work(table: str) -> None:
        async with aio.connect(some.uri, timeout=15, autocommit=True) as connection:
            cursor = connection.cursor()
            await cursor.ingest(table, data, on_error="skip", progress=lambda *how: told.append(how))

    with some.connect(autocommit=True) as connection:
        cursor = connection.cursor()
        cursor.ingest(some.table(), data, on_error="skip", progress=lambda *how: told.append(how))
    assert told[-1] == (3, 3)
    told.clear()
    asyncio.run(work(some.table()))
    assert told[-1] == (3, 3)


def test_wrong_arguments_are_told_before_data_is_read(some: Target) -> None:
    read = []

    def batches() -> Iterator[pa.Table]:
        read.append(1)
        yield keys(1)

    async def work() -> None:
        async with aio.connect(some.uri, timeout=15) as connection:
            for wrong in ({"mode": "add"}, {"on_error": "ignore"}, {"batch_rows": 0}):
                with pytest.raises(ValueError):
                    await connection.cursor().ingest(fresh(), batches(), **wrong)

    asyncio.run(work())
    assert read == []


def test_a_query_is_not_run_to_count_its_rows() -> None:
    duckdb = pytest.importorskip("duckdb")
    pandas, polars = pytest.importorskip("pandas"), pytest.importorskip("polars")
    assert _core.total_rows(duckdb.sql("SELECT 1 AS a")) is None
    assert [_core.total_rows(frame({"a": [1, 2]})) for frame in (pandas.DataFrame, polars.DataFrame, pa.table)] == [2] * 3


def test_no_more_data_is_made_once_rows_have_failed(some: Target) -> None:
    """Its maker may use the connection: no rows are under way then."""
    table, made = some.table(0), []

    def pieces() -> Iterator[pa.Table]:
        for n in range(6):
            made.append(n)
            # As many as are sent in one array.
            yield keys(*range(32767 * n, 32767 * n + 32767))

    with some.connect() as connection, pytest.raises(drdarrow.Error) as caught:
        connection.cursor().ingest(table, pieces())
    assert (caught.value.row, made) == (1, [0])
