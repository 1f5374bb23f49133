"""Savepoints of the server's DuckDB engine, and many rows in a transaction with other work: the table is the judge,
and for savepoints the engine in memory, which keeps the tables of each."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Callable, Iterator

import duckdb
import pyarrow as pa
import pytest

import drdarrow
from drdarrow import aio, server

_numbers = itertools.count(1)


@pytest.fixture(scope="module", params=["luw", "derby"])
def srv(request: pytest.FixtureRequest) -> Iterator[server.Server]:
    with server.serve(duckdb.connect(), persona=request.param) as made:
        yield made


def fresh() -> str:
    return f"S{next(_numbers)}"


def ints(*values: int | None) -> pa.Array:
    return pa.array(values, pa.int32())


#: Statements over T (A), and the last of them may fail; T has 1 in the beginning.
SCRIPTS = {
    "back": "INSERT 2|SAVEPOINT A|INSERT 3|ROLLBACK A|INSERT 4",
    "back twice": "SAVEPOINT A|INSERT 2|ROLLBACK A|INSERT 3|ROLLBACK A|INSERT 4",
    "the same key again": "SAVEPOINT A|INSERT 2|ROLLBACK A|INSERT 2",
    "nested": "INSERT 2|SAVEPOINT A|INSERT 3|SAVEPOINT B|INSERT 4|ROLLBACK B|INSERT 5|SAVEPOINT C|INSERT 6|ROLLBACK A|INSERT 7",
    "the inner one is released": "SAVEPOINT A|INSERT 2|SAVEPOINT B|INSERT 3|RELEASE B|INSERT 4|ROLLBACK A|INSERT 5",
    "the outer one is released": "SAVEPOINT A|INSERT 2|SAVEPOINT B|INSERT 3|RELEASE A|ROLLBACK B",
    "released": "SAVEPOINT A|INSERT 2|RELEASE A|ROLLBACK A",
    "another of its name": "SAVEPOINT A|INSERT 2|SAVEPOINT A|INSERT 3|ROLLBACK A|INSERT 4",
    "another of an outer name": "SAVEPOINT A|INSERT 2|SAVEPOINT B|INSERT 3|SAVEPOINT A|INSERT 4|ROLLBACK B|INSERT 5",
    "the last one": "SAVEPOINT A|INSERT 2|SAVEPOINT B|INSERT 3|ROLLBACK|INSERT 4",
    "not there": "SAVEPOINT A|ROLLBACK B",
    "a row that fails": "INSERT 2|SAVEPOINT A|INSERT 3|INSERT 1",
    "back after a row that fails": "INSERT 2|SAVEPOINT A|INSERT 3|INSERT 1|ROLLBACK A|INSERT 4",
    "a change before": "DELETE 1|SAVEPOINT A|INSERT 1|ROLLBACK A|INSERT 5",
    "ended": "SAVEPOINT A|INSERT 2|COMMIT|ROLLBACK A",
}


def played(engine: str, script: str) -> tuple[list[object], list[int]]:
    """The SQLCODEs of the statements, and the rows that are committed."""
    codes: list[object] = []
    with server.serve(engine=engine) as srv, srv.connect() as connection:
        connection.execute("CREATE TABLE T (A INTEGER NOT NULL PRIMARY KEY)")
        connection.execute("INSERT INTO T VALUES (1)")
        connection.commit()
        for step in script.split("|"):
            word, _, name = step.partition(" ")
            try:
                if word == "COMMIT":
                    connection.commit()
                elif word == "ROLLBACK":
                    connection.execute(f"ROLLBACK TO SAVEPOINT {name}")
                elif word == "SAVEPOINT":
                    connection.execute(f"SAVEPOINT {name} ON ROLLBACK RETAIN CURSORS")
                elif word == "RELEASE":
                    connection.execute(f"RELEASE SAVEPOINT {name}")
                elif word == "DELETE":
                    connection.execute("DELETE FROM T WHERE A = ?", (int(name),))
                else:
                    connection.execute("INSERT INTO T VALUES (?)", (int(name),))
                codes.append(0)
            except drdarrow.Error as e:
                codes.append(e.sqlcode)
        connection.commit()
        return codes, sorted(a for (a,) in connection.execute("SELECT A FROM T").fetchall())


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_ends_as_with_tables_in_memory(name: str) -> None:
    assert played("duckdb", SCRIPTS[name]) == played("tables", SCRIPTS[name])


def test_a_name_is_taken_once_where_it_is_unique(srv: server.Server) -> None:
    table = fresh()
    with srv.connect() as connection:
        connection.execute(f"CREATE TABLE {table} (A INTEGER)")
        connection.commit()
        connection.execute("SAVEPOINT P UNIQUE ON ROLLBACK RETAIN CURSORS")
        connection.execute(f"INSERT INTO {table} VALUES (1)")
        for again in ("SAVEPOINT P UNIQUE ON ROLLBACK RETAIN CURSORS", "SAVEPOINT P ON ROLLBACK RETAIN CURSORS"):
            with pytest.raises(drdarrow.Error) as caught:
                connection.execute(again)
            assert caught.value.sqlstate == "3B501"
        with pytest.raises(drdarrow.Error) as caught:
            connection.execute("SAVEPOINT SYSP ON ROLLBACK RETAIN CURSORS")
        assert caught.value.sqlstate == "42939"
        # The first one stands, and keeps its name to itself when it was gone back to.
        connection.execute("ROLLBACK TO SAVEPOINT P")
        assert connection.execute(f"SELECT A FROM {table}").fetchall() == []
        with pytest.raises(drdarrow.Error):
            connection.execute("SAVEPOINT P ON ROLLBACK RETAIN CURSORS")
        connection.execute("RELEASE SAVEPOINT P")
        connection.execute("SAVEPOINT P ON ROLLBACK RETAIN CURSORS")
        connection.rollback()


def test_what_cannot_be_taken_back_loses_the_savepoint_loudly(srv: server.Server) -> None:
    table = fresh()
    with srv.connect() as connection:
        connection.execute(f"CREATE TABLE {table} (A INTEGER)")
        connection.execute(f"INSERT INTO {table} VALUES (1)")
        for change in (f"UPDATE {table} SET A = A + 1", f"DELETE FROM {table}", f"ALTER TABLE {table} ADD COLUMN B INTEGER"):
            connection.execute("SAVEPOINT P ON ROLLBACK RETAIN CURSORS")
            connection.execute(f"INSERT INTO {table} (A) VALUES (7)")
            connection.execute(change)
            with pytest.raises(drdarrow.Error) as caught:
                connection.execute("ROLLBACK TO SAVEPOINT P")
            assert caught.value.sqlstate == "3B001"
        connection.commit()
        assert connection.execute(f"SELECT count(*) FROM {table}").fetchall() == [(1,)]


def test_a_table_that_was_created_goes_again(srv: server.Server) -> None:
    table = fresh()
    with srv.connect() as connection:
        connection.execute(f"CREATE TABLE {table} (A INTEGER)")
        connection.execute("SAVEPOINT P ON ROLLBACK RETAIN CURSORS")
        connection.execute(f"CREATE TABLE {table}N (A VARCHAR(9))")
        connection.execute(f"INSERT INTO {table}N VALUES ('x')")
        connection.execute("ROLLBACK TO SAVEPOINT P")
        connection.execute(f"CREATE TABLE {table}N (A CHAR(3))")
        connection.execute(f"INSERT INTO {table}N VALUES ('y')")
        connection.commit()
        assert connection.execute(f"SELECT A FROM {table}N").fetchall() == [("y  ",)]


#: Columns of a table, and rows with the position of the first bad one and its SQLSTATE. Rows have the keys from 1 on.
FAULTS: dict[str, tuple[str, Callable[[pa.Table], pa.Table], str]] = {
    "primary key": ("K INTEGER NOT NULL PRIMARY KEY, P INTEGER", lambda rows: put(rows, "K", 5), "23505"),
    "unique": ("K INTEGER NOT NULL, P INTEGER, U VARCHAR(20), UNIQUE (U)", lambda rows: put(rows, "U", "u5  "), "23505"),
    "check": ("K INTEGER NOT NULL CHECK (K < 1000000), P INTEGER", lambda rows: put(rows, "K", 10**6), "23513"),
    "not null": ("K INTEGER NOT NULL, P INTEGER", lambda rows: put(rows, "K", None), "23502"),
    "foreign key": ("K INTEGER NOT NULL, P INTEGER REFERENCES PARENT (A)", lambda rows: put(rows, "P", 99), "23503"),
    "too long": ("K INTEGER NOT NULL, P INTEGER, U VARCHAR(20)", lambda rows: put(rows, "U", "x" * 21), "22001"),
}
SIZE = 4_000
BAD = 3_500
#: Several arrays.
PIECE = 1_000


def data(columns: str, first: int = 1) -> pa.Table:
    keys = range(first, first + SIZE)
    table = pa.table({"K": pa.array(keys, pa.int32()), "P": pa.array((n % 3 + 1 for n in keys), pa.int32())})
    return table.append_column("U", pa.array(f"u{n}" for n in keys)) if " U " in columns else table


def put(rows: pa.Table, column: str, value: object) -> pa.Table:
    values = rows[column].to_pylist()
    values[BAD - 1] = value
    return rows.set_column(rows.column_names.index(column), column, pa.array(values, rows.schema.field(column).type))


@pytest.fixture(scope="module")
def parent(srv: server.Server) -> server.Server:
    with srv.connect(autocommit=True) as connection:
        connection.execute("CREATE TABLE PARENT (A INTEGER NOT NULL PRIMARY KEY)")
        connection.execute("INSERT INTO PARENT VALUES (1), (2), (3)")
    return srv


@pytest.mark.parametrize("fault", FAULTS)
def test_a_call_that_fails_leaves_the_transaction_as_it_was(parent: server.Server, fault: str) -> None:
    """Row 3,500 of 4,000 is bad; before the call the transaction put a row in, and after it one more."""
    columns, spoil, state = FAULTS[fault]
    table = fresh()
    rest = ", 'other'" if " U " in columns else ""
    with parent.connect() as connection:
        cursor = connection.cursor()
        cursor.execute(f"CREATE TABLE {table} ({columns})")
        connection.commit()
        cursor.execute(f"INSERT INTO {table} VALUES (-1, 1{rest})")
        with pytest.raises(drdarrow.Error) as caught:
            cursor.ingest(table, spoil(data(columns)), batch_rows=PIECE)
        assert (caught.value.sqlstate, caught.value.row) == (state, BAD), caught.value
        assert "the transaction is as it was before" in str(caught.value)
        assert cursor.ingest(table, data(columns)).rows == SIZE
        connection.commit()
        found = cursor.execute(f"SELECT count(*), count(DISTINCT K), min(K), max(K) FROM {table}").fetchall()
        assert found == [(SIZE + 1, SIZE + 1, -1, SIZE)]


@pytest.mark.parametrize("fault", ["primary key", "foreign key"])
def test_a_call_that_fails_in_a_task_leaves_the_transaction_as_it_was(parent: server.Server, fault: str) -> None:
    columns, spoil, state = FAULTS[fault]
    table = fresh()

    async def work() -> list[tuple[int]]:
        async with aio.connect(parent.uri, timeout=15) as connection:
            cursor = connection.cursor()
            await cursor.execute(f"CREATE TABLE {table} ({columns})")
            await cursor.execute(f"INSERT INTO {table} VALUES (-1, 1)")
            await connection.commit()
            await cursor.execute(f"INSERT INTO {table} VALUES (-2, 1)")
            with pytest.raises(drdarrow.IntegrityError) as caught:
                await cursor.ingest(table, spoil(data(columns)), batch_rows=PIECE)
            assert (caught.value.sqlstate, caught.value.row) == (state, BAD)
            await connection.commit()
            return await (await connection.execute(f"SELECT K FROM {table} ORDER BY K")).fetchall()

    assert asyncio.run(work()) == [(-2,), (-1,)]


def test_rows_that_are_left_out_in_a_transaction_with_other_work(parent: server.Server) -> None:
    columns, spoil, _ = FAULTS["foreign key"]
    table = fresh()
    with parent.connect() as connection:
        cursor = connection.cursor()
        cursor.execute(f"CREATE TABLE {table} ({columns})")
        cursor.execute(f"INSERT INTO {table} VALUES (-1, 1)")
        done = cursor.ingest(table, spoil(data(columns)), batch_rows=PIECE, on_error="skip")
        skipped = pa.record_batch(done.skipped).to_pylist()
        assert [(row["K"], row["error_row"], row["error_sqlstate"]) for row in skipped] == [(BAD, BAD, "23503")]
        assert done.rows == SIZE - 1
        connection.commit()
        assert cursor.execute(f"SELECT count(*) FROM {table}").fetchall() == [(SIZE,)]


def test_parents_and_children_are_taken_back_together(parent: server.Server) -> None:
    mother, child = fresh(), fresh()
    with parent.connect() as connection:
        cursor = connection.cursor()
        cursor.execute(f"CREATE TABLE {mother} (A INTEGER NOT NULL PRIMARY KEY)")
        cursor.execute(f"CREATE TABLE {child} (K INTEGER NOT NULL, P INTEGER REFERENCES {mother} (A))")
        connection.commit()
        cursor.execute(f"INSERT INTO {mother} VALUES (1)")
        cursor.execute("SAVEPOINT P ON ROLLBACK RETAIN CURSORS")
        for key in (2, 3):
            cursor.execute(f"INSERT INTO {mother} VALUES ({key})")
            cursor.execute(f"INSERT INTO {child} VALUES ({key}, {key})")
        cursor.execute("ROLLBACK TO SAVEPOINT P")
        cursor.execute(f"INSERT INTO {child} VALUES (1, 1)")
        connection.commit()
        assert cursor.execute(f"SELECT A FROM {mother}").fetchall() == [(1,)]
        assert cursor.execute(f"SELECT K, P FROM {child}").fetchall() == [(1, 1)]


def test_an_update_of_many_rows_goes_on_row_by_row(srv: server.Server) -> None:
    """It could not be taken back. No savepoint is set for it, and an INSERT after it has one again."""
    table = fresh()
    with srv.connect() as connection:
        cursor = connection.cursor()
        cursor.execute(f"CREATE TABLE {table} (A INTEGER NOT NULL PRIMARY KEY, B INTEGER)")
        cursor.ingest(table, pa.table({"A": ints(1, 2, 3), "B": ints(0, 0, 0)}))
        with pytest.raises(drdarrow.Error, match="rows 1 to 2 were executed and are kept"):
            cursor.executemany(f"UPDATE {table} SET B = ? WHERE A = ?", [(1, 1), (1, 2), (2**40, 3)])
        with pytest.raises(drdarrow.IntegrityError, match="the transaction is as it was before"):
            cursor.ingest(table, pa.table({"A": ints(4, 1), "B": ints(0, 0)}))
        connection.commit()
        assert cursor.execute(f"SELECT A, B FROM {table} ORDER BY A").fetchall() == [(1, 1), (2, 1), (3, 0)]


def test_a_table_with_a_column_called_rowid_is_left_alone() -> None:
    with server.serve(duckdb.connect()) as srv, srv.connect() as connection:
        connection.execute("CREATE TABLE R (ROWID INTEGER)")
        connection.execute("INSERT INTO R VALUES (5)")
        connection.execute("SAVEPOINT P ON ROLLBACK RETAIN CURSORS")
        connection.execute("INSERT INTO R VALUES (6)")
        with pytest.raises(drdarrow.Error) as caught:
            connection.execute("ROLLBACK TO SAVEPOINT P")
        assert caught.value.sqlcode == -880
        connection.commit()
        assert sorted(connection.execute("SELECT ROWID FROM R").fetchall()) == [(5,), (6,)]


@pytest.mark.alone
def test_a_second_call_is_as_fast_as_the_first(srv: server.Server) -> None:
    """A thousand rows a second were a hang in all but name. The goal is twice the time; asserted is five times."""
    table, size = fresh(), 100_000 if srv.persona == "luw" else 10_000
    with srv.connect() as connection:
        cursor = connection.cursor()
        cursor.execute(f"CREATE TABLE {table} (K BIGINT NOT NULL PRIMARY KEY, P DOUBLE)")
        connection.commit()
        times = []
        for first in range(0, 3 * size, size):
            keys = pa.array(range(first, first + size), pa.int64())
            begun = time.perf_counter()
            assert cursor.ingest(table, pa.table({"K": keys, "P": keys.cast(pa.float64())})).rows == size
            times.append(time.perf_counter() - begun)
        connection.commit()
        assert cursor.execute(f"SELECT count(*) FROM {table}").fetchall() == [(3 * size,)]
    assert max(times[1:]) < 5 * times[0] + 0.5, times
