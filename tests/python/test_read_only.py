"""Connections that only read: changes are refused before they are sent, and by the server where it keeps to it."""

from __future__ import annotations

from collections.abc import Iterator

import adbc_driver_manager
import pyarrow as pa
import pytest
from batching import Target
from derby import Derby

import drdarrow
from adbc_driver_drda import dbapi
from drdarrow import aio

TARGETS = ["real derby", "luw duckdb", "ibmi duckdb", "zos duckdb", "derby duckdb", "luw tables", "zos tables"]
CHANGES = [
    "INSERT INTO {} VALUES (9)",
    "DELETE FROM {}",
    "DROP TABLE {}",
    "CREATE TABLE OTHERS (A INTEGER)",
    "SELECT A FROM FINAL TABLE (INSERT INTO {} VALUES (9))",
    "CALL P({})",
]


@pytest.fixture(scope="module", params=TARGETS)
def target(request: pytest.FixtureRequest, derby: Derby) -> Iterator[Target]:
    made = Target(request.param, derby)
    yield made
    made.close()


def test_changes_are_refused_and_queries_are_answered(target: Target) -> None:
    table = target.table(1, 2)
    with target.connect(read_only=True) as connection:
        for change in CHANGES:
            with pytest.raises(drdarrow.OperationalError, match="read_only") as caught:
                connection.execute(change.format(table))
            assert (caught.value.sqlstate, caught.value.connection_usable) == ("25006", True), change
        with pytest.raises(drdarrow.OperationalError, match="read_only"):
            connection.cursor().executemany(f"INSERT INTO {table} VALUES (?)", [(7,), (8,)])
        with pytest.raises(drdarrow.OperationalError, match="read_only"):
            connection.cursor().ingest(table, pa.table({"A": pa.array([7], pa.int32())}))
        with pytest.raises(drdarrow.OperationalError, match="read_only"):
            connection.cursor().ingest("OTHERS", pa.table({"A": pa.array([7], pa.int32())}), mode="create")
        assert sorted(connection.execute(f"SELECT A FROM {table}").fetchall()) == [(1,), (2,)]
        assert [row.name for row in connection.columns(table)] == ["A"]
        connection.commit()
    assert target.keys(table) == [1, 2]


@pytest.mark.parametrize("persona", ["luw", "ibmi", "zos", "derby"])
def test_the_server_refuses_what_the_words_do_not_tell(persona: str, derby: Derby) -> None:
    target = Target(f"{persona} duckdb", derby)
    table = target.table(1)
    hidden = f"WITH X AS (DELETE FROM {table} RETURNING A) SELECT * FROM X"
    with target.connect(read_only=True) as connection:
        for _ in range(2):
            with pytest.raises(drdarrow.Error) as caught:
                connection.execute(hidden).fetchall()
            assert (caught.value.sqlstate, caught.value.connection_usable) == ("25000", True)
            assert caught.value.sqlcode == (-20001 if persona == "derby" else -817)
        assert connection.execute(f"SELECT A FROM {table}").fetchall() == [(1,)]
    assert target.keys(table) == [1]
    with target.connect(autocommit=True) as connection:
        connection.execute(f"INSERT INTO {table} VALUES (2)")
    assert target.keys(table) == [1, 2]
    target.close()


def test_a_uri_and_an_option_of_adbc_say_it(target: Target) -> None:
    table = target.table(1)
    uri = target.uri + ("&" if "?" in target.uri else "?") + "read_only=true"
    with drdarrow.connect(uri) as connection, pytest.raises(drdarrow.OperationalError, match="read_only"):
        connection.execute(f"DELETE FROM {table}")
    options = {"adbc.connection.readonly": "true"}
    with dbapi.connect(target.uri, conn_kwargs=options) as connection, connection.cursor() as cursor:
        assert connection.adbc_connection.get_option("adbc.connection.readonly") == "true"
        with pytest.raises(adbc_driver_manager.Error) as caught:
            cursor.execute(f"DELETE FROM {table}")
        assert caught.value.status_code == adbc_driver_manager.AdbcStatusCode.INVALID_STATE
        with pytest.raises(adbc_driver_manager.Error, match="read_only"):
            cursor.adbc_ingest(table, pa.table({"A": pa.array([7], pa.int32())}), mode="append")
        with pytest.raises(adbc_driver_manager.Error, match="opened with read_only"):
            connection.adbc_connection.set_options(**{"adbc.connection.readonly": "false"})
        connection.rollback()
        cursor.execute(f"SELECT A FROM {table}")
        assert cursor.fetchall() == [(1,)]
    assert target.keys(table) == [1]


def test_an_open_connection_of_adbc_reads_only_for_a_while(target: Target) -> None:
    table, option = target.table(1), "adbc.connection.readonly"
    more = pa.table({"A": pa.array([7], pa.int32())})
    with dbapi.connect(target.uri, autocommit=True) as connection, connection.cursor() as cursor:
        connection.adbc_connection.set_options(**{option: "true"})
        assert connection.adbc_connection.get_option(option) == "true"
        for change in (
            lambda: cursor.execute(f"DELETE FROM {table}"),
            lambda: cursor.executemany(f"INSERT INTO {table} VALUES (?)", [(8,), (9,)]),
            lambda: cursor.adbc_ingest(table, more, mode="append"),
            lambda: cursor.adbc_ingest(f"{table}X", more, mode="create"),
        ):
            with pytest.raises(adbc_driver_manager.Error, match="read_only") as caught:
                change()
            assert caught.value.status_code == adbc_driver_manager.AdbcStatusCode.INVALID_STATE
        cursor.execute(f"SELECT A FROM {table}")
        assert cursor.fetchall() == [(1,)]
        connection.adbc_connection.set_options(**{option: "false"})
        assert cursor.adbc_ingest(table, more, mode="append") == 1
    assert sorted(target.keys(table)) == [1, 7]


async def refused(target: Target, table: str) -> None:
    async with await aio.connect(target.uri, read_only=True) as connection:
        with pytest.raises(drdarrow.OperationalError, match="read_only"):
            await connection.execute(f"DELETE FROM {table}")
        cursor = await connection.execute(f"SELECT A FROM {table}")
        assert await cursor.fetchall() == [(1,)]


def test_coroutines_refuse_it_too(target: Target) -> None:
    import asyncio

    asyncio.run(refused(target, target.table(1)))
