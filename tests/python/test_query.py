"""A query that is asked anew each time it is read: in each form, several at once, with its parameters as they were."""

from __future__ import annotations

import asyncio
import os
import stat
import sys
import threading
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import Lab

import drdarrow
from drdarrow import aio, server

ROWS = [(1, "Ada"), (2, "Grace"), (3, None)]
SQL = "SELECT ID, NAME FROM PEOPLE ORDER BY ID"


@pytest.fixture
def srv() -> Iterator[server.Server]:
    people = pa.table({"ID": pa.array([1, 2, 3], pa.int32()), "NAME": ["Ada", "Grace", None]})
    with server.serve(tables={"PEOPLE": people}) as started:
        yield started


@pytest.fixture
def connection(srv: server.Server) -> Iterator[drdarrow.Connection]:
    with srv.connect(autocommit=True) as made:
        yield made


def rows_of(table: pa.Table) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in table.to_pylist()]


READINGS: dict[str, Callable[[drdarrow.Query], list[tuple[Any, ...]]]] = {
    "for": list,
    "execute": lambda query: query.execute().fetchall(),
    "fetch_arrow": lambda query: rows_of(pa.table(query.fetch_arrow())),
    "fetch_record_batch": lambda query: rows_of(query.fetch_record_batch().read_all()),
    "fetch_arrow_table": lambda query: rows_of(query.fetch_arrow_table()),
    "to_arrow": lambda query: rows_of(query.to_arrow()),
    "fetch_polars": lambda query: query.fetch_polars().rows(),
    "to_polars": lambda query: query.to_polars().rows(),
    "fetch_df": lambda query: rows_of(pa.Table.from_pandas(query.fetch_df(dtype_backend="pyarrow"))),
    "to_pandas": lambda query: rows_of(pa.Table.from_pandas(query.to_pandas(dtype_backend="pyarrow"))),
    "preview": lambda query: rows_of(pa.table(query.preview(1000))),
    "pyarrow": lambda query: rows_of(pa.table(query)),
    "polars": lambda query: pl.DataFrame(query).rows(),
    "pandas": lambda query: rows_of(pa.Table.from_pandas(pd.DataFrame.from_arrow(query))),
    "duckdb": lambda query: duckdb.sql("FROM query").fetchall(),
}


@pytest.mark.parametrize("reading", READINGS.values(), ids=READINGS.keys())
def test_each_reading_asks_anew(connection: drdarrow.Connection, reading) -> None:
    query = connection.query(SQL)
    assert reading(query) == ROWS
    connection.execute("INSERT INTO PEOPLE VALUES (4, 'Edsger')")
    assert reading(query) == [*ROWS, (4, "Edsger")]


def test_a_file_of_parquet_is_written_anew(connection: drdarrow.Connection, tmp_path: Path) -> None:
    query, path = connection.query(SQL), tmp_path / "people.parquet"
    assert query.write_parquet(path) == 3
    assert rows_of(pq.read_table(path)) == ROWS
    connection.execute("DELETE FROM PEOPLE WHERE ID > 1")
    assert query.write_parquet(str(path), compression="zstd") == 1
    assert rows_of(pq.read_table(path)) == ROWS[:1]
    assert pq.ParquetFile(path).metadata.row_group(0).column(0).compression == "ZSTD"
    with pytest.raises(TypeError):
        query.write_parquet(path, colour="red")
    connection.execute("DROP TABLE PEOPLE")
    with pytest.raises(drdarrow.ProgrammingError):
        query.write_parquet(path)
    assert rows_of(pq.read_table(path)) == ROWS[:1]
    assert [file.name for file in tmp_path.iterdir()] == ["people.parquet"]


def test_a_large_result_is_written_by_row_groups(tmp_path: Path) -> None:
    many = pa.table({"N": pa.array(range(10_000), pa.int32())})
    with server.serve(tables={"MANY": many}) as srv, srv.connect(batch_rows=1000) as connection:
        assert connection.query("SELECT N FROM MANY ORDER BY N").write_parquet(tmp_path / "many.parquet") == 10_000
    file = pq.ParquetFile(tmp_path / "many.parquet")
    assert file.num_row_groups == 10
    assert file.read()["N"].to_pylist() == list(range(10_000))


def test_parameters_stay_as_they_were_given(connection: drdarrow.Connection) -> None:
    given = [2]
    query = connection.query("SELECT NAME FROM PEOPLE WHERE ID = ?", given)
    given[0] = 1
    assert [list(query) for _ in range(2)] == [[("Grace",)]] * 2
    assert "Grace" not in repr(query) and "with 1 parameter" in repr(query)


def test_parameters_may_have_names(connection: drdarrow.Connection) -> None:
    given = {"id": 2}
    query = connection.query("SELECT NAME FROM PEOPLE WHERE ID = :id OR ID = :id + 10", given)
    given["id"] = 1
    assert [list(query) for _ in range(2)] == [[("Grace",)]] * 2
    assert query.sql.endswith("ID = :id OR ID = :id + 10") and ":id" in repr(query)


def test_several_readings_may_be_under_way(connection: drdarrow.Connection) -> None:
    query = connection.query(SQL)
    assert list(zip(query, query, strict=True)) == [(row, row) for row in ROWS]
    stream = query.fetch_arrow(1)
    assert next(stream).num_rows == 1
    assert query.to_arrow().num_rows == 3
    assert sum(batch.num_rows for batch in stream) == 2
    counts: list[int] = []
    threads = [threading.Thread(target=lambda: counts.append(query.to_polars().height)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts == [3] * 4


def test_nothing_is_asked_before_it_is_read(connection: drdarrow.Connection) -> None:
    query = connection.query("SELECT * FROM NOWHERE")
    assert query.sql == "SELECT * FROM NOWHERE" and query.connection is connection
    assert repr(query) == '<drdarrow.Query "SELECT * FROM NOWHERE">'
    assert query._repr_html_() == "<p>SELECT * FROM NOWHERE</p>"
    for read in (list, pa.table, pa.schema, lambda query: query.schema):
        with pytest.raises(drdarrow.ProgrammingError, match="NOWHERE"):
            read(query)


def test_the_columns_are_known_once_they_were_told(connection: drdarrow.Connection) -> None:
    query = connection.query(SQL)
    assert query.schema.names == ["ID", "NAME"]
    assert pa.schema(query).types == [pa.int32(), pa.string()]
    assert repr(query).startswith(f'<drdarrow.Query "{SQL}"\n  ID Int32')
    assert "<td>NAME</td><td>Utf8</td>" in query._repr_html_() and SQL in query._repr_html_()
    connection.execute("DROP TABLE PEOPLE")
    connection.execute("CREATE TABLE PEOPLE (ID BIGINT, NAME VARCHAR(5))")
    assert query.to_arrow().schema.types == [pa.int64(), pa.string()]
    assert query.schema.types[0] == "Int64"


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO PEOPLE VALUES (9, 'x')",
        "DELETE FROM PEOPLE",
        "-- a comment\nUPDATE PEOPLE SET ID = 9",
        "DROP TABLE PEOPLE",
        "CALL SYSPROC.NOTHING()",
    ],
)
@pytest.mark.parametrize("read", [list, pa.table, lambda query: query.schema, lambda query: query.execute()])
def test_what_is_no_query_is_not_run(connection: drdarrow.Connection, sql: str, read) -> None:
    query = connection.query(sql)
    with pytest.raises(drdarrow.ProgrammingError, match="the statement returns no rows") as caught:
        read(query)
    assert caught.value.sqlstate == "07005" and caught.value.connection_usable
    assert connection.execute(SQL).fetchall() == ROWS


def test_a_changing_statement_with_parameters_is_not_run(connection: drdarrow.Connection) -> None:
    for sql in ("DELETE FROM PEOPLE WHERE ID = ?", "/* ? */ MERGE INTO PEOPLE USING X ON ID = ?"):
        with pytest.raises(drdarrow.ProgrammingError, match="the statement returns no rows"):
            list(connection.query(sql, (1,)))
    assert connection.execute(SQL).fetchall() == ROWS


def test_a_preview_is_shown_as_a_table(connection: drdarrow.Connection) -> None:
    query = connection.query("SELECT ID, NAME || '<' AS NAME FROM PEOPLE ORDER BY ID")
    first = query.preview(2)
    assert rows_of(pa.table([pa.record_batch(first)[n] for n in (0, 1)], names=["a", "b"])) == [
        (1, "Ada<"),
        (2, "Grace<"),
    ]
    assert "<th>NAME</th>" in first._repr_html_() and "<td>Ada&lt;</td>" in first._repr_html_()
    assert "2 rows, 2 columns" in first._repr_html_()
    assert query.preview(0).num_rows == 0 and query.preview(0).column_names == ["ID", "NAME"]
    assert connection.query("SELECT * FROM PEOPLE WHERE ID > 9").preview().num_rows == 0
    with pytest.raises(drdarrow.InterfaceError, match="rows: expected a number of rows"):
        query.preview(-1)


@pytest.mark.skipif(sys.platform == "win32", reason="permissions and pipes of POSIX")
def test_a_file_of_parquet_keeps_permissions_and_replaces_no_pipe(
    connection: drdarrow.Connection, tmp_path: Path
) -> None:
    query, path, pipe = connection.query(SQL), tmp_path / "kept.parquet", tmp_path / "pipe"
    path.touch(0o600)
    assert query.write_parquet(path) == pq.read_table(path).num_rows == 3
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    os.mkfifo(pipe)
    with pytest.raises(FileExistsError, match="not a file"):
        query.write_parquet(pipe)
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert query.write_parquet(tmp_path / ("日" * 60 + ".parquet")) == 3


def test_a_long_batch_is_shown_in_part() -> None:
    many = pa.table({"T": pa.array(["x" * 300] * 30)})
    with server.serve(tables={"MANY": many}) as srv, srv.connect() as connection:
        text = connection.query("SELECT T FROM MANY").preview(30)._repr_html_()
    assert text.count("<tr><td>") == 20 and "30 rows, of which the first 20 are shown" in text
    assert "x" * 200 + "…" in text and "x" * 201 not in text


def test_polars_is_refused_what_it_does_not_take_and_wrong_arguments_are_errors(
    connection: drdarrow.Connection,
) -> None:
    query = connection.query(SQL)
    with pytest.raises(drdarrow.InterfaceError, match="dtype_backend"):
        query.to_pandas(dtype_backend="x")  # type: ignore[arg-type]
    with pytest.raises(drdarrow.InterfaceError, match="requested_schema: it has 1 columns, the data 2"):
        pa.table(query, schema=pa.schema([("ID", pa.int64())]))
    assert pa.table(query, schema=pa.schema([("ID", pa.int64()), ("NAME", pa.large_string())])).num_rows == 3
    with pytest.raises(drdarrow.InterfaceError, match="the statement is a str"):
        connection.query(b"SELECT")  # type: ignore[arg-type]
    with pytest.raises(drdarrow.ProgrammingError, match="parameter"):
        connection.query(SQL, "abc")  # type: ignore[arg-type]


def test_derby_runs_no_other_statement_either(lab: Lab, table) -> None:
    name = table("N INT")
    with lab.connect() as connection:
        for sql, given in (
            (f"INSERT INTO {name} VALUES (1)", None),
            (f"INSERT INTO {name} VALUES (?)", (1,)),
            (f"/* x */ LOCK TABLE {name} IN SHARE MODE", None),
            ("CALL SYSCS_UTIL.SYSCS_SET_RUNTIMESTATISTICS(0)", None),
        ):
            for read in (list, pa.table, lambda query: query.preview()):
                with pytest.raises(drdarrow.ProgrammingError, match="the statement returns no rows"):
                    read(connection.query(sql, given))
        assert list(connection.query(f"SELECT COUNT(*) FROM {name}")) == [(0,)]
        query = connection.query("VALUES (1, CAST(? AS VARCHAR(9))), (2, 'b')", ("a",))
        assert [rows_of(query.to_arrow()) for _ in range(2)] == [[(1, "a"), (2, "b")]] * 2
        connection.commit()
        assert list(query) == [(1, "a"), (2, "b")]


def test_pandas_and_polars_make_rows_of_a_connection_first(connection: drdarrow.Connection) -> None:
    """As docs/results.md says: by their own functions decimals of pandas are floats, unless told, and it warns."""
    sql = "SELECT CAST(ID AS DECIMAL(9, 2)) AS AMOUNT FROM PEOPLE"
    with pytest.warns(UserWarning, match="pandas only supports SQLAlchemy"):
        assert pd.read_sql(sql, connection)["AMOUNT"].dtype == "float64"  # type: ignore[call-overload]
    with pytest.warns(UserWarning, match="pandas only supports SQLAlchemy"):
        frame = pd.read_sql(sql, connection, coerce_float=False)  # type: ignore[call-overload]
    assert frame["AMOUNT"].tolist() == [Decimal("1.00"), Decimal("2.00"), Decimal("3.00")]
    assert connection.query(sql).to_pandas()["AMOUNT"].tolist() == frame["AMOUNT"].tolist()
    assert pl.read_database(sql, connection).equals(connection.query(sql).to_polars())


def test_a_closed_connection_says_so(srv: server.Server) -> None:
    connection = srv.connect()
    query = connection.query(SQL)
    connection.close()
    for read in (list, pa.table, lambda query: query.preview()):
        with pytest.raises(drdarrow.InterfaceError, match="the connection is closed"):
            read(query)
    with pytest.raises(drdarrow.InterfaceError, match="the connection is closed"):
        connection.query(SQL)


def test_tasks_read_it_anew(srv: server.Server, tmp_path: Path) -> None:
    async def run() -> None:
        async with aio.connect(srv.uri, autocommit=True) as connection:
            query = connection.query("SELECT ID, NAME FROM PEOPLE WHERE ID < ? ORDER BY ID", (9,))
            assert repr(query).startswith("<drdarrow.aio.AsyncQuery") and query.connection is connection
            assert (await query.fetch_schema()).names == ["ID", "NAME"]
            for rows in (ROWS, [*ROWS, (4, "Edsger")]):
                assert [row async for row in query] == rows
                assert await (await query.execute()).fetchall() == rows
                assert [batch.num_rows async for batch in await query.fetch_arrow()] == [len(rows)]
                assert rows_of(await query.fetch_arrow_table()) == rows_of(await query.to_arrow()) == rows
                assert (await query.fetch_polars()).rows() == (await query.to_polars()).rows() == rows
                assert len(await query.fetch_df()) == len(await query.to_pandas()) == len(rows)
                assert (await query.preview(2)).num_rows == 2
                assert await query.write_parquet(tmp_path / "a.parquet") == len(rows)
                assert rows_of(pq.read_table(tmp_path / "a.parquet")) == rows
                if rows == ROWS:
                    await connection.execute("INSERT INTO PEOPLE VALUES (4, 'Edsger')")
            tables = await asyncio.gather(*(query.to_arrow() for _ in range(4)))
            assert [table.num_rows for table in tables] == [4] * 4
            with pytest.raises(drdarrow.ProgrammingError, match="returns no rows"):
                await connection.query("DELETE FROM PEOPLE").to_arrow()
            assert (await query.to_polars()).height == 4

    asyncio.run(run())


def test_a_cancelled_task_leaves_no_file(srv: server.Server, tmp_path: Path) -> None:
    async def run() -> None:
        async with aio.connect(srv.uri, batch_rows=1) as connection:
            query = connection.query(
                "SELECT A.ID FROM PEOPLE A, PEOPLE B, PEOPLE C, PEOPLE D, PEOPLE E, PEOPLE F, PEOPLE G"
            )
            task = asyncio.ensure_future(query.write_parquet(tmp_path / "a.parquet"))
            while not list(tmp_path.iterdir()):
                await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert list(tmp_path.iterdir()) == []
            assert (await connection.query(SQL).to_arrow()).num_rows == 3

    asyncio.run(run())
