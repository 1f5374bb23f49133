"""What ADBC asks of every driver, and Apache's own validation looks at: options, their getters by type, names in quotes,
semicolons, wrong counts of parameters, results that outlive what follows them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import adbc_driver_manager
import pyarrow as pa
import pytest
from batching import Target
from derby import Derby

from adbc_driver_drda import dbapi

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
    return f"C{next(_numbers)}"


def rows(target: Target, table: str) -> list[tuple]:
    """The committed rows, as our own client reads them."""
    with target.connect() as connection:
        return connection.execute(f"SELECT * FROM {table}").fetchall()


def fails(status: Status, call, *arguments, **named) -> adbc_driver_manager.Error:
    with pytest.raises(adbc_driver_manager.Error) as caught:
        call(*arguments, **named)
    assert caught.value.status_code == status, caught.value
    return caught.value


def test_settings_are_options(target: Target) -> None:
    options = {"adbc.drda.timestamp_unit": "ns", "adbc.drda.timeout": "7.5", "username": "app"}
    with dbapi.connect(target.uri, options) as connection:
        assert connection.adbc_database.get_option("adbc.drda.timestamp_unit") == "ns"
        assert connection.adbc_database.get_option_float("adbc.drda.timeout") == 7.5
        assert connection.adbc_database.get_option("uri").startswith("drda://127.0.0.1:")
        if not target.name.endswith("tables"):
            schema = connection.adbc_current_db_schema
            connection.adbc_current_db_schema = schema
            assert connection.adbc_current_db_schema == schema and schema == schema.strip()
        assert connection.adbc_current_catalog.partition(";")[0] == "BATCHES"
        fails(Status.NOT_FOUND, setattr, connection, "adbc_current_catalog", "ELSEWHERE")
        assert "empty" in str(fails(Status.INVALID_ARGUMENT, setattr, connection, "adbc_current_db_schema", ""))
        fails(Status.NOT_FOUND, connection.adbc_database.get_option, "password")
    uri = f"{target.uri}{'&' if '?' in target.uri else '?'}statement_timeout=9&application_name=a%20b&batch_delay=0"
    with dbapi.connect(uri) as connection:
        for holder in (connection.adbc_database, connection.adbc_connection):
            assert holder.get_option_int("adbc.drda.statement_timeout") == 9
            assert holder.get_option("adbc.drda.application_name") == "a b"
    serializable = {"adbc.connection.transaction.isolation_level": "adbc.connection.transaction.isolation.serializable"}
    with dbapi.connect(target.uri, conn_kwargs=serializable) as connection:
        level = "adbc.connection.transaction.isolation_level"
        assert connection.adbc_connection.get_option(level).endswith("isolation.serializable")
        assert connection.adbc_connection.get_option("adbc.drda.warnings") == ""
    for options in ({"adbc.drda.timeout": "soon"}, {"uri": "postgresql://x/y"}, {"adbc.drda.host": "a b"}):
        with pytest.raises(adbc_driver_manager.ProgrammingError):
            dbapi.connect(**{"uri": target.uri, "db_kwargs": options} if "uri" not in options else options)


LEVEL = "adbc.connection.transaction.isolation_level"


def test_isolation_of_an_open_connection_is_set_or_refused(target: Target, conn: dbapi.Connection) -> None:
    def level(name: str) -> dict[str, str]:
        return {LEVEL: f"adbc.connection.transaction.isolation.{name}"}

    def told() -> tuple[str, str]:
        with conn.cursor() as cursor:
            cursor.execute("VALUES CURRENT ISOLATION")
            (row,) = cursor.fetchall()
        conn.rollback()
        return conn.adbc_connection.get_option(LEVEL).rpartition(".")[2], row[0].strip()

    fails(Status.NOT_IMPLEMENTED, conn.adbc_connection.set_options, **level("snapshot"))
    conn.adbc_connection.set_options(**level("read_committed"))
    if target.name not in ("real derby", "luw duckdb"):
        if "luw" not in target.name:
            error = fails(Status.NOT_IMPLEMENTED, conn.adbc_connection.set_options, **level("serializable"))
            assert "package" in str(error) and conn.adbc_connection.get_option(LEVEL).endswith("read_committed")
        return
    table = fresh()
    with conn.cursor() as cursor:
        cursor.execute(f"CREATE TABLE {table} (A INTEGER)")
        conn.commit()
        for name, short in (("serializable", "RR"), ("repeatable_read", "RS"), ("read_uncommitted", "UR")):
            conn.adbc_connection.set_options(**level(name))
            assert told() == (name, short)
        cursor.execute(f"INSERT INTO {table} VALUES (1)")
        fails(Status.INVALID_STATE, conn.adbc_connection.set_options, **level("serializable"))
        conn.rollback()
        conn.adbc_connection.set_options(**level("serializable"))
        assert rows(target, table) == []
    conn.adbc_connection.set_options(**{LEVEL: "adbc.connection.transaction.isolation.default"})
    assert told() == ("read_committed", "CS")


def test_options_of_a_table_to_be_filled_are_not_those_of_the_next(target: Target, conn: dbapi.Connection) -> None:
    if target.name.endswith("tables"):
        pytest.skip("tables in memory have no schemas")
    table, data = fresh(), pa.table({"A": pa.array([1], pa.int32())})
    with conn.cursor() as cursor:
        here = conn.adbc_current_db_schema
        cursor.execute(f"CREATE SCHEMA S{table}")
        cursor.adbc_ingest(table, data, mode="create", db_schema_name=f"S{table}")
        cursor.adbc_ingest(table, data, mode="create")
        cursor.adbc_ingest(table, data, mode="append", db_schema_name=f"S{table}")
        # Rows that are bound again go where the last ones went.
        statement = cursor.adbc_statement
        statement.bind_stream(data.to_reader())
        assert statement.execute_update() == 1
        conn.commit()
    assert len(rows(target, f"S{table}.{table}")) == 3 and len(rows(target, f"{here}.{table}")) == 1


MANY = pa.table({"A": pa.array(range(40_000), pa.int32())})


def test_results_are_read_after_what_follows_them(target: Target, conn: dbapi.Connection) -> None:
    table = fresh()
    with conn.cursor() as cursor:
        assert cursor.adbc_ingest(table, MANY, mode="create") == len(MANY)
    conn.commit()
    statement = adbc_driver_manager.AdbcStatement(conn.adbc_connection)
    statement.set_sql_query(f"SELECT A FROM {table}")
    first, second = (pa.RecordBatchReader.from_stream(statement.execute_query()[0]) for _ in range(2))
    seen = first.read_next_batch().num_rows
    assert second.read_all().num_rows == len(MANY)
    statement.close()
    assert seen + first.read_all().num_rows == len(MANY)


def test_names_in_quotes_are_as_they_are(target: Target, conn: dbapi.Connection) -> None:
    table, data = f'"{fresh()} \'a;b"', pa.table({"a b": pa.array([1], pa.int32()), "sélect": ["x"]})
    with conn.cursor() as cursor:
        if target.name == "real derby" or target.name.endswith("duckdb"):
            assert cursor.adbc_ingest(table, data, mode="create") == 1
            cursor.execute(f'SELECT "sélect", "a b" FROM {table}')
            assert cursor.fetchall() == [("x", 1)] and [column[0] for column in cursor.description] == ["sélect", "a b"]
            assert conn.adbc_get_table_schema(table).names == ["a b", "sélect"]
        fails(Status.INVALID_ARGUMENT, cursor.adbc_ingest, '"not closed', data, mode="create")
        fails(Status.INVALID_ARGUMENT, cursor.adbc_ingest, fresh(), data.select([]), mode="create")
        fails(Status.INVALID_ARGUMENT, cursor.adbc_ingest, fresh(), pa.table([[1], [2]], ["a", "A"]), mode="create")


def test_statements_are_one_and_have_their_parameters(target: Target, conn: dbapi.Connection) -> None:
    table = fresh()
    with conn.cursor() as cursor:
        cursor.execute(f"CREATE TABLE {table} (A INTEGER)")
        conn.commit()
        cursor.execute(f"INSERT INTO {table} VALUES (1)")
        if target.name != "real derby":
            # Derby takes none.
            assert cursor.execute(f"SELECT A FROM {table}; ").fetchall() == [(1,)]
        for sql in ("", " \n", "-- nothing", f"SELECT A FROM {table}; SELECT A FROM {table}"):
            fails(Status.INVALID_ARGUMENT, cursor.execute, sql)
        for values in ((), (1, 2)):
            fails(Status.INVALID_ARGUMENT, cursor.execute, f"SELECT A FROM {table} WHERE A = ?", values)
        statement = cursor.adbc_statement
        statement.set_sql_query("")
        fails(Status.INVALID_ARGUMENT, statement.execute_query)
        fails(Status.NOT_IMPLEMENTED, statement.set_substrait_plan, b"plan")
    fresh_statement = adbc_driver_manager.AdbcStatement(conn.adbc_connection)
    for call in (fresh_statement.prepare, fresh_statement.execute_query, fresh_statement.get_parameter_schema):
        fails(Status.INVALID_STATE, call)
    fails(Status.INVALID_STATE, fresh_statement.cancel)
    fails(Status.INVALID_STATE, conn.adbc_cancel)
    fresh_statement.close()


def test_values_of_options_come_in_each_type(target: Target, conn: dbapi.Connection) -> None:
    statement = adbc_driver_manager.AdbcStatement(conn.adbc_connection)
    statement.set_options(**{"adbc.drda.batch_rows": 7})
    assert statement.get_option("adbc.drda.batch_rows") == "7"
    assert statement.get_option_bytes("adbc.drda.batch_rows") == b"7"
    assert statement.get_option_int("adbc.drda.batch_rows") == 7
    assert statement.get_option_float("adbc.drda.batch_rows") == 7.0
    fails(Status.INVALID_STATE, statement.get_option_int, "adbc.ingest.mode")
    fails(Status.NOT_FOUND, statement.get_option, "adbc.statement.exec.progress")
    fails(Status.NOT_IMPLEMENTED, statement.set_options, **{"adbc.statement.exec.incremental": "true"})
    fails(Status.NOT_IMPLEMENTED, statement.set_options, **{"adbc.other.option": "1"})
    fails(Status.INVALID_ARGUMENT, statement.set_options, **{"adbc.drda.batch_rows": b"7"})
    statement.close()


def test_autocommit_that_is_switched_on_keeps_the_work_before(target: Target, conn: dbapi.Connection) -> None:
    table = fresh()
    with conn.cursor() as cursor:
        cursor.execute(f"CREATE TABLE {table} (A INTEGER)")
        conn.commit()
        cursor.execute(f"INSERT INTO {table} VALUES (1)")
        conn.adbc_connection.set_autocommit(True)
        assert rows(target, table) == [(1,)]
        fails(Status.INVALID_STATE, conn.adbc_connection.commit)
        fails(Status.INVALID_STATE, conn.adbc_connection.rollback)
        conn.adbc_connection.set_autocommit(False)
        cursor.execute(f"INSERT INTO {table} VALUES (2)")
    conn.rollback()
    assert rows(target, table) == [(1,)]
