"""The ADBC driver under the real driver manager: queries, parameters, tables, transactions, errors, breaking off. A real
Derby and our server as each product."""

from __future__ import annotations

import itertools
import os
import signal
import threading
import time
from collections.abc import Iterator
from decimal import Decimal

import adbc_driver_manager
import polars as pl
import pyarrow as pa
import pytest
from batching import Target
from conftest import Lab
from derby import Derby
from every_type import TYPES
from every_type import table as table_of
from peers import Proxy, wait_for

import drdarrow
from adbc_driver_drda import dbapi
from drdarrow import server

Status = adbc_driver_manager.AdbcStatusCode
_numbers = itertools.count(1)


@pytest.fixture(scope="module", params=["real derby", "luw duckdb", "ibmi duckdb", "zos tables", "luw tables"])
def target(request: pytest.FixtureRequest, derby: Derby) -> Iterator[Target]:
    made = Target(request.param, derby)
    yield made
    made.close()


@pytest.fixture
def conn(target: Target) -> Iterator[dbapi.Connection]:
    with dbapi.connect(target.uri) as connection:
        yield connection


def fresh() -> str:
    return f"A{next(_numbers)}"


def rows(target: Target, table: str) -> list[dict]:
    """The committed rows, as our own client reads them."""
    with target.connect() as connection:
        read = connection.execute(f"SELECT * FROM {table}").fetch_arrow_table()
    return read.sort_by(read.column_names[0]).to_pylist()


def fails(status: Status, call, *arguments, **named) -> adbc_driver_manager.Error:
    with pytest.raises(adbc_driver_manager.Error) as caught:
        call(*arguments, **named)
    assert caught.value.status_code == status, caught.value
    return caught.value


SOME = pa.table({"A": pa.array([1, 2, 3], pa.int32()), "B": ["x", None, "é"]})


def test_rows_go_in_and_come_out(target: Target, conn: dbapi.Connection) -> None:
    name = fresh()
    with conn.cursor() as cursor:
        assert cursor.adbc_ingest(name, SOME) == 3
        conn.commit()
        assert rows(target, name) == SOME.to_pylist()
        assert cursor.execute(f"SELECT * FROM {name}").fetch_arrow_table().to_pylist() == SOME.to_pylist()
        assert cursor.execute(f"SELECT * FROM {name} WHERE A = ?", (7,)).fetch_arrow_table().num_rows == 0
        cursor.execute(f"INSERT INTO {name} VALUES (4, 'y')")
        assert (cursor.rowcount, cursor.fetch_arrow_table().num_columns) == (1, 0)
        cursor.execute(f"DELETE FROM {name} WHERE A = ?", (2,))
        assert cursor.rowcount == 1
    conn.commit()
    assert rows(target, name) == [{"A": 1, "B": "x"}, {"A": 3, "B": "é"}, {"A": 4, "B": "y"}]


def test_parameters_one_many_and_none(target: Target, conn: dbapi.Connection) -> None:
    name = fresh()
    with conn.cursor() as cursor:
        cursor.execute(f"CREATE TABLE {name} (A INTEGER NOT NULL, B VARCHAR(20))")
        cursor.executemany(f"INSERT INTO {name} VALUES (?, ?)", [(1, "x"), (2, None), (3, "é")])
        assert cursor.rowcount == 3
        cursor.executemany(f"INSERT INTO {name} VALUES (?, ?)", pa.RecordBatchReader.from_batches(SOME.schema, SOME.slice(0, 0).to_batches()))
        conn.commit()
        assert rows(target, name) == SOME.to_pylist()
        # A query for each row of parameters, one after the other.
        keys = pa.table({"k": pa.array([3, 9, 1], pa.int32())})
        assert cursor.execute(f"SELECT A, B FROM {name} WHERE A = ?", keys).fetchall() == [(3, "é"), (1, "x")]
        none = cursor.execute(f"SELECT A, B FROM {name} WHERE A = ?", keys.slice(0, 0)).fetch_arrow_table()
        assert (none.num_rows, none.column_names) == (0, ["A", "B"])
        if not target.name.endswith("tables"):
            assert cursor.adbc_prepare(f"SELECT A FROM {name} WHERE B = ? AND A = ?").types == [pa.string(), pa.int32()]


def test_a_query_that_changes_a_table_runs_for_each_row(target: Target, conn: dbapi.Connection) -> None:
    if not target.name.endswith("duckdb"):
        pytest.skip("has no FINAL TABLE")
    name = fresh()
    with conn.cursor() as cursor:
        cursor.execute(f"CREATE TABLE {name} (A INTEGER NOT NULL PRIMARY KEY)")
        sql = f"SELECT A FROM FINAL TABLE (INSERT INTO {name} VALUES (?))"
        cursor.executemany(sql, [(1,), (2,), (3,)])
        conn.commit()
        assert rows(target, name) == [{"A": 1}, {"A": 2}, {"A": 3}]
        with pytest.raises(adbc_driver_manager.Error, match="-803"):
            cursor.executemany(sql, [(4,), (1,)])
        conn.rollback()
    assert rows(target, name) == [{"A": 1}, {"A": 2}, {"A": 3}]


def test_a_table_is_made_replaced_and_added_to(target: Target, conn: dbapi.Connection) -> None:
    name = fresh()
    with conn.cursor() as cursor:
        gone = fails(Status.NOT_FOUND, cursor.adbc_ingest, name, SOME, mode="append")
        assert gone.sqlstate == "42704"
        assert cursor.adbc_ingest(name, SOME, mode="create_append") == 3
        conn.commit()
        there = fails(Status.ALREADY_EXISTS, cursor.adbc_ingest, name, SOME, mode="create")
        assert there.sqlstate == "42710"
        assert cursor.adbc_ingest(name, SOME.to_reader(), mode="append") == 3
        fails(Status.ALREADY_EXISTS, cursor.adbc_ingest, name, SOME.rename_columns(["A", "Z"]), mode="append")
        conn.commit()
        assert len(rows(target, name)) == 6
        if target.name != "luw tables" and target.name != "zos tables":
            assert cursor.adbc_ingest(name, SOME.slice(0, 1), mode="replace") == 1
            conn.commit()
            assert rows(target, name) == SOME.slice(0, 1).to_pylist()
        assert cursor.adbc_ingest(fresh(), SOME, catalog_name="BATCHES") == 3
        fails(Status.NOT_FOUND, cursor.adbc_ingest, fresh(), SOME, catalog_name="ELSEWHERE")
        conn.rollback()


def test_a_temporary_table_is_of_its_connection(target: Target, conn: dbapi.Connection) -> None:
    if target.name.endswith("tables"):
        pytest.skip("the engine in memory has none")
    name = fresh()
    with conn.cursor() as cursor:
        assert cursor.adbc_ingest(name, SOME, temporary=True) == 3
        conn.commit()
        read = cursor.execute(f"SELECT * FROM SESSION.{name}").fetch_arrow_table()
        assert read.sort_by("A").to_pylist() == SOME.to_pylist()
        assert cursor.adbc_ingest(name, SOME, mode="append", temporary=True) == 3
        assert cursor.execute(f'SELECT COUNT(*) FROM "SESSION"."{name}"').fetchone() == (6,)
        with dbapi.connect(target.uri) as other, other.cursor() as another:
            fails(Status.NOT_FOUND, another.execute, f"SELECT * FROM SESSION.{name}")
        fails(Status.INVALID_ARGUMENT, cursor.adbc_ingest, name, SOME, temporary=True, db_schema_name="X")


def test_what_is_not_committed_is_undone(target: Target, conn: dbapi.Connection) -> None:
    name = fresh()
    with conn.cursor() as cursor:
        cursor.adbc_ingest(name, SOME)
        conn.commit()
        cursor.execute(f"DELETE FROM {name}")
        conn.rollback()
        assert rows(target, name) == SOME.to_pylist()
        cursor.execute(f"INSERT INTO {name} VALUES (4, 'z')")
        # As with JDBC: what was done so far is kept.
        conn.adbc_connection.set_autocommit(True)
        assert len(rows(target, name)) == 4
        cursor.execute(f"DELETE FROM {name} WHERE A = 4")
        cursor.close()
        assert rows(target, name) == SOME.to_pylist()
        fails(Status.INVALID_STATE, conn.adbc_connection.commit)
        fails(Status.INVALID_STATE, conn.adbc_connection.rollback)
    with dbapi.connect(target.uri) as other, other.cursor() as cursor:
        cursor.execute(f"DELETE FROM {name}")
    assert rows(target, name) == SOME.to_pylist()


def test_rows_that_fail_leave_nothing(target: Target, conn: dbapi.Connection) -> None:
    name = target.table(2)
    keys = pa.table({"A": pa.array([1, 2, 3], pa.int32())})
    with conn.cursor() as cursor:
        e = fails(Status.INTEGRITY, cursor.executemany, f"INSERT INTO {name} VALUES (?)", keys) if "duckdb" not in target.name else None
        if e is not None:
            assert isinstance(e, adbc_driver_manager.IntegrityError) and (b"row", b"2") in e.details
        else:
            with pytest.raises(adbc_driver_manager.Error):
                cursor.executemany(f"INSERT INTO {name} VALUES (?)", keys)
    conn.commit()
    assert target.keys(name) == [2]


def test_the_sources_of_rows_fail_loudly(target: Target, conn: dbapi.Connection) -> None:
    def broken() -> Iterator[pa.RecordBatch]:
        yield SOME.to_batches()[0]
        raise ValueError("no more of these")

    name = fresh()
    with conn.cursor() as cursor:
        reader = pa.RecordBatchReader.from_batches(SOME.schema, broken())
        e = fails(Status.INVALID_DATA, cursor.adbc_ingest, name, reader)
        assert "no more of these" in str(e)
        assert cursor.adbc_ingest(name, SOME) == 3
        conn.commit()
    assert rows(target, name) == SOME.to_pylist()


def test_two_results_are_read_side_by_side(target: Target, conn: dbapi.Connection) -> None:
    name = fresh()
    many = pa.table({"A": pa.array(range(20_000), pa.int32())})
    with conn.cursor() as cursor, conn.cursor() as other:
        cursor.adbc_ingest(name, many)
        conn.commit()
        for each in cursor, other:
            each.adbc_statement.set_options(**{"adbc.drda.batch_rows": "1000"})
            each.execute(f"SELECT A FROM {name}")
        pairs = list(itertools.zip_longest(cursor.fetch_record_batch(), other.fetch_record_batch()))
    assert len(pairs) >= 20 and all(one.equals(two) and one.num_rows <= 1000 for one, two in pairs)
    assert sorted(itertools.chain.from_iterable(one["A"].to_pylist() for one, _ in pairs)) == list(range(20_000))


def test_errors_have_their_place(target: Target, conn: dbapi.Connection) -> None:
    with conn.cursor() as cursor:
        e = fails(Status.NOT_FOUND, cursor.execute, "SELECT * FROM NOWHERE")
        assert isinstance(e, adbc_driver_manager.ProgrammingError)
        details = dict(e.details)
        assert e.sqlstate in ("42704", "42X05") and details[b"phase"] == b"execute" and int(details[b"sqlcode"]) < 0
        fails(Status.INVALID_ARGUMENT, cursor.execute, "SELEC 1")
        fails(Status.INVALID_ARGUMENT, cursor.execute, " ")
        with pytest.raises(adbc_driver_manager.NotSupportedError):
            cursor.execute(b"a plan of Substrait")
        with pytest.raises(adbc_driver_manager.NotSupportedError):
            cursor.adbc_statement.set_options(**{"adbc.unknown": "1"})
        assert conn.adbc_get_info()["driver_name"] == "drdarrow"


@pytest.mark.parametrize("persona", ["luw", "ibmi", "zos", "derby"])
def test_every_type_comes_as_it_does_without_adbc(persona: server.Persona) -> None:
    names = [name for name in TYPES if persona == "zos" or name not in ("TIMESTAMPTZ", "ROWID")]
    if persona == "zos":
        # Its floats are hexadecimal, and do not reach as far.
        names = [name for name in names if name not in ("REAL", "DOUBLE")]
    if persona == "derby":
        names = [name for name in names if name not in ("DECFLOAT", "GRAPHIC", "VARGRAPHIC", "DBCLOB")]
    table = table_of(names, {name: [*TYPES[name].values, None] for name in names})
    with server.serve(tables={"EVERY": table}, persona=persona, engine="tables") as running:
        uri = f"drda://app@127.0.0.1:{running.port}/SAMPLE"
        with drdarrow.connect(uri) as ours:
            expected = ours.execute("SELECT * FROM EVERY").fetch_arrow_table()
        assert expected.num_rows == 3 and expected.num_columns == table.num_columns
        with dbapi.connect(uri) as connection, connection.cursor() as cursor:
            read = cursor.execute("SELECT * FROM EVERY").fetch_arrow_table()
            assert read.equals(expected, check_metadata=True)
            assert read.slice(2).to_pylist() == [dict.fromkeys(table.column_names)]
            assert cursor.adbc_execute_schema("SELECT * FROM EVERY").equals(read.schema)
            assert connection.adbc_get_table_schema("EVERY").equals(read.schema)


@pytest.mark.parametrize("table", ["ALLTYPES", "UNI", "LOBS", "EMPTY"])
def test_tables_of_derby_come_as_they_do_without_adbc(lab: Lab, table: str) -> None:
    with lab.connect() as ours, dbapi.connect(lab.uri()) as connection, connection.cursor() as cursor:
        expected = ours.execute(f"SELECT * FROM {table}").fetch_arrow_table()
        read = cursor.execute(f"SELECT * FROM {table}").fetch_arrow_table()
        assert read.equals(expected, check_metadata=True)
        assert cursor.adbc_execute_schema(f"SELECT * FROM {table}").equals(read.schema)


def test_an_error_in_the_middle_of_a_result_keeps_its_state(lab: Lab) -> None:
    with dbapi.connect(lab.uri() + "?block_size=32767") as connection, connection.cursor() as cursor:
        cursor.execute("SELECT 1000 / (ID - 150000) FROM DIVZERO ORDER BY ID")
        e = fails(Status.INVALID_DATA, cursor.fetch_arrow_table)
        assert isinstance(e, adbc_driver_manager.DataError)
        assert e.sqlstate == "22012" and dict(e.details)[b"phase"] == b"fetch"
        assert cursor.execute("VALUES 1").fetchone() == (1,)


def test_a_procedure_has_one_result_or_is_refused(lab: Lab) -> None:
    with dbapi.connect(lab.uri()) as connection, connection.cursor() as cursor:
        called = cursor.execute("CALL SYSIBM.SQLTABLES(?, ?, ?, ?, ?)", (None, None, "INTS", None, None))
        read = called.fetch_arrow_table()
        assert read["TABLE_NAME"].to_pylist() == ["INTS"]


@pytest.mark.parametrize("whose", ["statement", "connection"])
def test_a_wait_is_broken_off_from_another_thread(lab: Lab, proxy: Proxy, whose: str) -> None:
    with dbapi.connect(lab.uri(proxy.port)) as connection, connection.cursor() as cursor:
        assert cursor.execute("VALUES 1").fetchone() == (1,)
        cursor.fetchall()
        proxy.hold()
        caught: list[BaseException] = []

        def work() -> None:
            try:
                cursor.execute("SELECT A.ID FROM INTS A, INTS B")
            except BaseException as e:
                caught.append(e)

        thread = threading.Thread(target=work)
        thread.start()
        begun, cancel = time.monotonic(), cursor.adbc_cancel if whose == "statement" else connection.adbc_cancel
        while thread.is_alive() and time.monotonic() < begun + 30:
            try:
                cancel()
            except adbc_driver_manager.Error as e:
                # It has not begun.
                assert e.status_code == Status.INVALID_STATE
            thread.join(0.05)
        assert not thread.is_alive() and time.monotonic() - begun < 20
        assert isinstance(caught[0], adbc_driver_manager.OperationalError), caught
        assert (caught[0].status_code, caught[0].sqlstate) == (Status.CANCELLED, "57014")
        proxy.release()


def test_a_result_is_broken_off_between_batches(lab: Lab) -> None:
    with dbapi.connect(lab.uri()) as connection, connection.cursor() as cursor:
        cursor.adbc_statement.set_options(**{"adbc.drda.batch_rows": "100"})
        cursor.execute("SELECT A.ID FROM INTS A, INTS B")
        assert cursor.fetchone() is not None
        cursor.adbc_cancel()
        e = fails(Status.CANCELLED, cursor.fetchall)
        assert e.sqlstate == "57014"
        assert cursor.execute("VALUES 2").fetchone() == (2,)
        cursor.close()
        fails(Status.INVALID_STATE, connection.adbc_cancel)


def test_what_the_user_may_not_is_said(builtin: Lab) -> None:
    uri = builtin.uri(user="app:s3cret")
    with pytest.raises(adbc_driver_manager.Error) as caught:
        dbapi.connect(uri)
    assert caught.value.status_code == Status.UNAUTHENTICATED and "s3cret" not in str(caught.value)


def test_a_thousand_connections_one_after_the_other(derby: Derby) -> None:
    with server.serve(engine="tables", persona="luw") as running:
        uri = f"drda://app@127.0.0.1:{running.port}/SAMPLE"

        def count() -> int:
            return len(os.listdir("/proc/self/fd"))

        dbapi.connect(uri).close()
        before = count()
        for _ in range(1000):
            with dbapi.connect(uri):
                pass
        wait_for(lambda: count() <= before + 5)


def test_a_child_leaves_the_connection_of_its_parent_alone(lab: Lab, script) -> None:
    done = script(
        """
        import os, sys
        from adbc_driver_drda import dbapi
        connection = dbapi.connect(sys.argv[1])
        cursor = connection.cursor()
        cursor.execute("VALUES 1")
        child = os.fork()
        if child == 0:
            try:
                cursor.execute("VALUES 2")
            except dbapi.Error as e:
                assert "another process" in str(e), e
                own = dbapi.connect(sys.argv[1])
                assert own.cursor().execute("VALUES 3").fetchone() == (3,)
                cursor.close()
                connection.close()
                os._exit(7)
            os._exit(1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
        assert cursor.fetchone() == (1,)
        assert cursor.execute("VALUES 4").fetchone() == (4,)
        cursor.close()
        connection.close()
        print("well")
        """,
        lab.uri(),
    )
    code, out, err = done.end(50)
    assert (code, out) == (0, "well\n"), err


def test_exact_numbers_stay_exact(conn: dbapi.Connection) -> None:
    name, value = fresh(), Decimal("12345678901234567890123456789.01")
    with conn.cursor() as cursor:
        cursor.adbc_ingest(name, pa.table({"D": pa.array([value, None], pa.decimal128(31, 2))}))
        assert sorted(cursor.execute(f"SELECT D FROM {name}").fetchall(), key=str) == [(value,), (None,)]
    conn.rollback()


def test_rows_of_all_kinds_of_producers_are_taken(target: Target, conn: dbapi.Connection) -> None:
    """Polars gives a column without a type a buffer that it must not have; runs and categories are texts."""
    runs = pa.RunEndEncodedArray.from_arrays(pa.array([2, 3], pa.int32()), ["x", None])
    frame = pl.DataFrame({"A": pl.Series([1, 2, 3], dtype=pl.Int32), "B": [None, None, None]})
    for data, expected in [
        (frame, [None, None, None]),
        (frame.with_columns(B=pl.Series(["x", "y", None], dtype=pl.Categorical)), ["x", "y", None]),
        (pa.table({"A": pa.array([1, 2, 3], pa.int32()), "B": runs}), ["x", "x", None]),
        (pa.table({"A": pa.array([1, 2, 3], pa.int32()), "B": pa.array(["x", "y", None]).dictionary_encode()}), ["x", "y", None]),
    ]:
        name = fresh()
        with conn.cursor() as cursor:
            cursor.execute(f"CREATE TABLE {name} (A INTEGER, B VARCHAR(20))")
            cursor.executemany(f"INSERT INTO {name} VALUES (?, ?)", data)
            conn.commit()
        assert [row["B"] for row in rows(target, name)] == expected
    with conn.cursor() as cursor:
        fails(Status.INVALID_ARGUMENT, cursor.executemany, f"INSERT INTO {name} VALUES (?, ?)", pa.chunked_array([[1], [2]]))
        fails(Status.NOT_IMPLEMENTED, cursor.adbc_ingest, fresh(), pa.table({"A": [[1], [2]]}))


def test_rows_that_were_taken_already_are_refused(conn: dbapi.Connection) -> None:
    statement = adbc_driver_manager.AdbcStatement(conn.adbc_connection)
    schema, other = adbc_driver_manager.ArrowSchemaHandle(), adbc_driver_manager.ArrowSchemaHandle()
    pa.schema([("A", pa.int32())])._export_to_c(other.address)
    empty = adbc_driver_manager.ArrowArrayHandle()
    fails(Status.INVALID_ARGUMENT, statement.bind, empty, schema)
    fails(Status.INVALID_ARGUMENT, statement.bind, empty, other)
    fails(Status.INVALID_ARGUMENT, statement.bind_stream, adbc_driver_manager.ArrowArrayStreamHandle())
    statement.close()


def test_parameters_by_their_names(target: Target, conn: dbapi.Connection) -> None:
    name = fresh()
    with conn.cursor() as cursor:
        cursor.adbc_ingest(name, SOME)
        found = cursor.execute(f"SELECT B FROM {name} WHERE A = :a", {"a": 3}).fetchall()
        assert found == [("é",)]
        insert = f"INSERT INTO {name} (A, B) VALUES (:a, :b)"
        cursor.executemany(insert, [{"b": "v", "a": 4}, {"b": None, "a": 5}])
        conn.commit()
        assert rows(target, name)[3:] == [{"A": 4, "B": "v"}, {"A": 5, "B": None}]
        fails(Status.INVALID_ARGUMENT, cursor.execute, insert, {"a": 1})
        fails(Status.INVALID_ARGUMENT, cursor.execute, insert, {"a": 1, "b": "x", "c": 2})
        assert cursor.execute(f"SELECT B FROM {name} WHERE A = ?", (4,)).fetchall() == [("v",)]


def test_ctrl_c_ends_a_wait(lab: Lab, proxy: Proxy, script) -> None:
    running = script(
        """
        import sys
        from adbc_driver_drda import dbapi
        with dbapi.connect(sys.argv[1]) as connection, connection.cursor() as cursor:
            cursor.execute("VALUES 1")
            print("ready", flush=True)
            sys.stdin.readline()
            try:
                cursor.execute("VALUES 2")
            except BaseException as e:
                print(type(e).__name__, flush=True)
        """,
        lab.uri(proxy.port),
    )
    assert running.line() == "ready"
    proxy.hold()
    running.process.stdin.write("go\n")
    running.process.stdin.flush()
    seen, deadline = threading.Event(), time.monotonic() + 40

    def interrupt() -> None:
        while not seen.wait(0.3) and time.monotonic() < deadline:
            running.process.send_signal(signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    said = running.line()
    seen.set()
    thread.join()
    assert said in ("OperationalError", "KeyboardInterrupt"), said
    proxy.release()
