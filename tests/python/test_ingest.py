"""`ingest()`: Arrow data into tables of a real Derby and of our server as each product. The table is the judge."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from batching import TARGETS, Target
from derby import Derby

import drdarrow
from drdarrow import aio

_numbers = itertools.count(1)


@pytest.fixture(scope="module", params=TARGETS)
def target(request: pytest.FixtureRequest, derby: Derby) -> Iterator[Target]:
    made = Target(request.param, derby)
    yield made
    made.close()


@pytest.fixture(scope="module", params=["real derby", "luw duckdb", "zos tables", "ibmi duckdb", "luw tables"])
def some(request: pytest.FixtureRequest, derby: Derby) -> Iterator[Target]:
    made = Target(request.param, derby)
    yield made
    made.close()


def fresh() -> str:
    return f"I{next(_numbers)}"


def read(target: Target, table: str) -> list[dict[str, Any]]:
    """The rows, by the first column."""
    with target.connect() as connection:
        rows = connection.execute(f"SELECT * FROM {table}").fetch_arrow_table()
    return rows.sort_by(rows.column_names[0]).to_pylist()


def exists(target: Target, table: str) -> bool:
    try:
        read(target, table)
    except drdarrow.ProgrammingError:
        return False
    return True


def keys(*values: int | None) -> pa.Table:
    return pa.table({"a": pa.array(values, pa.int32())})


EVERY = pa.table(
    {
        "k": pa.array([1, 2, 3], pa.int64()),
        "i8": pa.array([-128, None, 127], pa.int8()),
        "u8": pa.array([0, None, 255], pa.uint8()),
        "i16": pa.array([-32768, None, 32767], pa.int16()),
        "u16": pa.array([0, None, 65535], pa.uint16()),
        "i32": pa.array([-(2**31), None, 2**31 - 1], pa.int32()),
        "u32": pa.array([0, None, 2**32 - 1], pa.uint32()),
        "u64": pa.array([0, None, 2**64 - 1], pa.uint64()),
        "f16": pa.array([1.5, None, -2.0], pa.float16()),
        "f32": pa.array([0.5, None, -1e30], pa.float32()),
        "f64": pa.array([0.1, None, 1e50], pa.float64()),
        "dec": pa.array([Decimal("1.50"), None, Decimal("-99999.99")], pa.decimal128(7, 2)),
        "s": pa.array(["", None, "grün €"], pa.string()),
        "ls": pa.array(["x" * 300, None, "y"], pa.large_string()),
        "d": pa.array([date(1, 1, 1), None, date(9999, 12, 31)], pa.date32()),
        "t": pa.array([time(0, 0, 0), None, time(23, 59, 59)], pa.time32("s")),
        "ts": pa.array([datetime(1, 1, 1), None, datetime(2026, 2, 28, 1, 2, 3, 456789)], pa.timestamp("us")),
        "dict": pa.array(["a", None, "a"]).dictionary_encode(),
        "nothing": pa.nulls(3),
    }
)


def test_every_type_comes_back(target: Target) -> None:
    table, every = fresh(), EVERY
    if target.name.startswith(("ibmi", "zos")):
        # Markers are said to be in a page that has no euro.
        every = every.set_column(12, "s", pa.array(["", None, "grün"]))
    with target.connect(autocommit=True) as connection:
        # Tables in memory know no CCSID of a column.
        texts = dict.fromkeys(("s", "ls", "dict", "nothing"), "VARCHAR(600)")
        types = texts if target.name == "ibmi tables" else None
        done = connection.cursor().ingest(table, every, "create", types=types)
    assert (done.rows, done.skipped.num_rows) == (3, 0)
    for got, given in zip(read(target, table), every.to_pylist(), strict=True):
        assert {name.lower(): value for name, value in got.items()} == given


def test_modes(some: Target) -> None:
    table = fresh()
    with some.connect(autocommit=True) as connection:
        cursor = connection.cursor()
        with pytest.raises(drdarrow.ProgrammingError, match="there is no table") as caught:
            cursor.ingest(table, keys(1))
        assert caught.value.hint is not None and "create" in caught.value.hint
        assert cursor.ingest(table, keys(1, 2), "create_append").rows == 2
        assert cursor.ingest(table, keys(3), mode="create_append").rows == 1
        assert cursor.ingest(table, keys(4)).rows == 1
        assert [row["A"] for row in read(some, table)] == [1, 2, 3, 4]
        with pytest.raises(drdarrow.Error):
            cursor.ingest(table, keys(5), "create")
        assert [row["A"] for row in read(some, table)] == [1, 2, 3, 4]
        assert cursor.ingest(table, pa.table({"b": ["x"]}), "replace").rows == 1
        assert read(some, table) == [{"B": "x"}]
        other = fresh()
        assert cursor.ingest(other, keys(), "replace").rows == 0
        assert read(some, other) == []
        assert cursor.rowcount == 0
        for wrong in ({"mode": "add"}, {"on_error": "ignore"}, {"batch_rows": 0}):
            with pytest.raises(ValueError):
                cursor.ingest(other, keys(1), **wrong)  # type: ignore[arg-type]
        with pytest.raises(drdarrow.ProgrammingError, match="no columns"):
            cursor.ingest(other, pa.table({}))


@pytest.mark.parametrize("bad", [1, 40, 300])
@pytest.mark.parametrize("autocommit", [True, False])
def test_a_failure_leaves_the_table_as_it_was(some: Target, autocommit: bool, bad: int) -> None:
    """In every mode: no row of the call, no table that it made, the table that it would have replaced."""
    table, other = some.table(0), fresh()
    values = list(range(1, 301))
    values[bad - 1] = 0
    with some.connect(autocommit=autocommit) as connection:
        cursor = connection.cursor()
        for mode in ("append", "create_append"):
            with pytest.raises(drdarrow.Error) as caught:
                cursor.ingest(table, keys(*values), mode)
            assert (caught.value.row, cursor.rowcount) == (bad, 0)
        connection.rollback()
        assert some.keys(table) == [0]
        strings = pa.table({"s": ["x"] * (bad - 1) + ["y" * 5000] + ["z"] * 9})
        for mode, name in (("replace", table), ("create", other)):
            with pytest.raises(drdarrow.Error) as caught:
                cursor.ingest(name, strings, mode, types={"S": "VARCHAR(10)"})
            assert caught.value.row == bad, caught.value
            connection.commit()
            if "tables" not in some.name:
                assert some.keys(table) == [0] and not exists(some, other)


def test_names(some: Target) -> None:
    table = f'"mixed {fresh()}"'
    data = pa.table({"id": [1], "Total Sum": [2.5], "select": ["x"], 'q"uote': [True]})
    with some.connect(autocommit=True) as connection:
        cursor = connection.cursor()
        cursor.ingest(table, data, "create")
        names = [column[0] for column in cursor.execute(f"SELECT * FROM {table}").description or ()]
        assert names == ["ID", "Total Sum", "SELECT", 'q"uote']
        cursor.ingest(table, data.select([3, 0]).rename_columns(['q"uote', "Id"]))
        with pytest.raises(drdarrow.ProgrammingError, match='has no column for "x" of the data.*"SELECT"'):
            cursor.ingest(table, pa.table({"id": [1], "x": [2]}))
        with pytest.raises(drdarrow.ProgrammingError, match="two columns"):
            cursor.ingest(fresh(), pa.table([[1], [2]], names=["a", "A"]), "create")
        with pytest.raises(drdarrow.ProgrammingError, match="name of a table"):
            cursor.ingest('a"b', data)
        with pytest.raises(drdarrow.NotSupportedError, match='column "l": no table is created for'):
            cursor.ingest(fresh(), pa.table({"l": [[1]]}), "create")
        rows = cursor.execute(f'SELECT ID, "Total Sum" FROM {table}').fetchall()
        assert sorted(rows, key=str) == [(1, 2.5), (1, None)]


def skipping(target: Target) -> bool:
    """DuckDB's transaction ends at an error, unless it is asked about each row of an array."""
    return "duckdb" not in target.name or target.name.startswith("luw")


def test_rows_that_are_refused_are_left_out(target: Target) -> None:
    if not skipping(target):
        pytest.skip("the engine ends the transaction at any error")
    table = target.table(0, 7)
    values = [*range(1, 400), None, *range(400, 700), 0, 701]
    data = pa.table({"a": pa.array(values, pa.int64()), "more": [f"v{n}" for n in values]}).select(["a"])
    with target.connect() as connection:
        cursor = connection.cursor()
        done = cursor.ingest(table, data, on_error="skip")
        skipped = pa.record_batch(done.skipped).to_pylist()
        assert [(row["error_row"], row["a"]) for row in skipped] == [(7, 7), (400, None), (701, 0)]
        assert [row["error_sqlstate"] for row in skipped] in (
            ["23505", "23502", "23505"],
            ["23505", "23505", "23505"],
        )
        assert all(row["error_message"] and row["error_sqlcode"] < 0 for row in skipped)
        assert (done.rows, cursor.rowcount) == (len(values) - 3, len(values) - 3)
        connection.commit()
    assert target.keys(table) == [0, *range(1, 700), 701]


def test_values_that_cannot_be_sent_are_left_out(some: Target) -> None:
    table = some.table()
    data = pa.table({"a": pa.array([1, 2**40, 3, -(2**50)], pa.int64())})
    with some.connect(autocommit=True) as connection:
        with pytest.raises(drdarrow.DataError) as caught:
            connection.cursor().ingest(table, data)
        assert caught.value.row == 2
        done = connection.cursor().ingest(table, data, on_error="skip")
    skipped = pa.record_batch(done.skipped)
    assert (done.rows, skipped.column("error_row").to_pylist()) == (2, [2, 4])
    assert skipped.column("error_sqlcode").null_count == 2
    assert some.keys(table) == [1, 3]


def test_progress(some: Target) -> None:
    told: list[tuple[int, int | None]] = []
    data = pa.table({"a": pa.array(range(3000), pa.int32())})
    with some.connect(autocommit=True) as connection:
        cursor = connection.cursor()
        cursor.ingest(fresh(), data, "create", batch_rows=100, progress=lambda *how: told.append(how))
        assert told[-1] == (3000, 3000) and told == sorted(told) and len(told) < 300
        told.clear()
        cursor.ingest(fresh(), data.to_reader(500), "create", progress=lambda *how: told.append(how))
        assert told[-1] == (3000, None)
        table = some.table()

        def stop(done: int, total: int | None) -> None:
            raise LookupError("stop")

        with pytest.raises(LookupError, match="stop"):
            cursor.ingest(table, data, progress=stop)
        assert some.keys(table) == []


def test_iterables_of_batches(some: Target) -> None:
    table = some.table()
    schema = pa.schema({"a": pa.int32()})

    def batches(last: str = "a", fails: bool = False) -> Iterator[pa.RecordBatch]:
        yield pa.record_batch([pa.array([], pa.int32())], schema)
        yield pa.record_batch([pa.array(range(10), pa.int32())], schema)
        yield pa.record_batch([pa.array(range(10, 20), pa.int32())], names=[last])
        if fails:
            raise LookupError("from the caller")

    with some.connect(autocommit=True) as connection:
        cursor = connection.cursor()
        with pytest.raises(LookupError, match="from the caller"):
            cursor.ingest(table, batches(fails=True))
        with pytest.raises(drdarrow.InterfaceError, match="the columns of the first batch are a, those of another one b"):
            cursor.ingest(table, batches("b"))
        assert some.keys(table) == []
        assert cursor.ingest(table, batches()).rows == 20
        with pytest.raises(drdarrow.InterfaceError, match="Arrow data"):
            cursor.ingest(table, [(1,)])
        with pytest.raises(drdarrow.InterfaceError, match="Arrow data"):
            cursor.ingest(table, 7)
    assert some.keys(table) == list(range(20))


def test_frames_of_other_libraries(some: Target) -> None:
    duckdb, pandas, polars = (pytest.importorskip(name) for name in ("duckdb", "pandas", "polars"))
    frames = [
        polars.DataFrame({"a": [1, 2], "s": ["x", None]}),
        pandas.DataFrame({"a": [1, 2], "s": ["x", None]}),
        duckdb.sql("SELECT * FROM (VALUES (1, 'x'), (2, NULL)) v(a, s)"),
    ]
    with some.connect(autocommit=True) as connection:
        for frame in frames:
            table = fresh()
            assert connection.cursor().ingest(table, frame, "create").rows == 2
            assert read(some, table) == [{"A": 1, "S": "x"}, {"A": 2, "S": None}]


def test_long_texts(some: Target) -> None:
    """Beyond a VARCHAR they make a CLOB; beside one they go after their row."""
    table = fresh()
    texts = ["a" * 100_000, None, "", "b" * 40_000, "c"]
    with some.connect(autocommit=True) as connection:
        connection.cursor().ingest(table, pa.table({"k": range(5), "s": texts}), "create")
    assert [row["S"] for row in read(some, table)] == texts


def test_results_of_another_connection(some: Target) -> None:
    source, table = some.table(*range(50)), fresh()
    with some.connect() as reader, some.connect(autocommit=True) as writer:
        rows = reader.execute(f"SELECT A FROM {source}").fetch_arrow()
        assert writer.cursor().ingest(table, rows, "create").rows == 50
    assert some.keys(table) == list(range(50))


def test_tasks(some: Target) -> None:
    table = fresh()
    told: list[tuple[int, int | None]] = []

    async def work() -> None:
        async with aio.connect(some.uri, timeout=15, autocommit=True) as connection:
            cursor = connection.cursor()
            done = await cursor.ingest(table, keys(*range(2000)), "create", progress=lambda *how: told.append(how))
            assert (done.rows, cursor.rowcount) == (2000, 2000)
            with pytest.raises(drdarrow.ProgrammingError, match="no column"):
                await cursor.ingest(table, pa.table({"x": [1]}))
            with pytest.raises(ValueError):
                await cursor.ingest(table, keys(1), "add")  # type: ignore[arg-type]
            data = pa.table({"a": pa.array([1, 2**40], pa.int64())})
            done = await cursor.ingest(table, data, on_error="skip")
            assert (done.rows, done.skipped.num_rows) == (1, 1)

    asyncio.run(work())
    assert told[-1] == (2000, 2000)
    assert len(read(some, table)) == 2001


def test_a_cancelled_task_leaves_nothing(some: Target) -> None:
    table, other = some.table(), fresh()

    async def work() -> None:
        async with aio.connect(some.uri, timeout=15, autocommit=True) as connection:
            cursor = connection.cursor()
            started = asyncio.Event()

            def batches() -> Iterator[pa.RecordBatch]:
                for n in itertools.count():
                    if n == 3:
                        loop.call_soon_threadsafe(started.set)
                    yield pa.record_batch({"a": pa.array([n], pa.int32())})

            loop = asyncio.get_running_loop()
            for mode, name in (("append", table), ("create", other)):
                started.clear()
                task = asyncio.ensure_future(cursor.ingest(name, batches(), mode, batch_rows=1))
                await started.wait()
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
                await (await connection.execute(f"SELECT COUNT(*) FROM {table}")).fetchall()

    asyncio.run(work())
    assert some.keys(table) == []
    if "tables" not in some.name:
        assert not exists(some, other)
