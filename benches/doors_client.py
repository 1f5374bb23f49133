"""One measured reading: `doors_client.py DOOR PORT`, a line of JSON; `doors_client.py serve ROWS` is our server as Db2
for LUW with a table of so many rows until its input ends.

Import and connect are not timed; a first query of 1,000 rows warms up. A door gives all rows in the form that it is
used for; counting them and adding a column up is not timed.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any

SQL = "SELECT * FROM ROWS"
WARM = "SELECT * FROM ROWS WHERE K < 1000"
MAKE = """CREATE TABLE ROWS AS SELECT CAST(i AS INTEGER) AS K, CAST(i * 1000003 AS BIGINT) AS B, i / 7.0::DOUBLE AS F,
CAST(i * 37 % 10000000 / 100 AS DECIMAL(15, 2)) AS P, DATE '1970-01-01' + CAST(i % 20000 AS INTEGER) AS D,
'C' || i % 1000 AS C, 'a comment about row ' || i || ' of the table' AS T,
CASE WHEN i % 10 = 0 THEN NULL ELSE CAST(i % 50 AS INTEGER) END AS Q FROM range({rows}) AS numbers(i)"""
STREAM = "its own stream, to pyarrow"

#: What reads a query, and what counts its rows and adds up K.
Door = tuple[Callable[[str], Any], Callable[[Any], tuple[int, int]]]


def of_arrow(table: Any) -> tuple[int, int]:
    import pyarrow.compute

    return table.num_rows, pyarrow.compute.sum(table["K"]).as_py()


def of_polars(frame: Any) -> tuple[int, int]:
    import polars

    # A sum has the type of its column there, which is too small for it.
    return frame.height, frame["K"].cast(polars.Int64).sum()


def of_pandas(frame: Any) -> tuple[int, int]:
    # The dialect of SQLAlchemy has names in small letters.
    return len(frame), int(frame["K" if "K" in frame else "k"].sum())


def of_rows(rows: Any) -> tuple[int, int]:
    return len(rows), sum(row[0] for row in rows)


def own(port: int) -> Any:
    import drdarrow

    return drdarrow.connect(f"drda://app@127.0.0.1:{port}/LAB")


def stream(port: int) -> Door:
    connection = own(port)
    return lambda sql: connection.execute(sql).fetch_arrow_table(), of_arrow


def polars_(port: int) -> Door:
    connection = own(port)
    return lambda sql: connection.query(sql).to_polars(), of_polars


def pandas_arrow(port: int) -> Door:
    connection = own(port)
    return lambda sql: connection.query(sql).to_pandas(dtype_backend="pyarrow"), of_pandas


def pandas_(port: int) -> Door:
    connection = own(port)
    return lambda sql: connection.query(sql).to_pandas(), of_pandas


def rows(port: int) -> Door:
    connection = own(port)
    return lambda sql: connection.execute(sql).fetchall(), of_rows


def duckdb_(port: int) -> Door:
    import duckdb

    connection, local = own(port), duckdb.connect()

    def read(sql: str) -> Any:
        result = connection.query(sql)
        local.register("result", result)
        return local.execute("CREATE OR REPLACE TABLE copied AS SELECT * FROM result")

    return read, lambda _: local.execute("SELECT count(*), CAST(sum(K) AS BIGINT) FROM copied").fetchone()


def adbc(port: int) -> Any:
    from adbc_driver_drda import dbapi

    return dbapi.connect(f"drda://app@127.0.0.1:{port}/LAB")


def read_arrow(connection: Any) -> Callable[[str], Any]:
    def read(sql: str) -> Any:
        with connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetch_arrow_table()

    return read


def adbc_arrow(port: int) -> Door:
    return read_arrow(adbc(port)), of_arrow


def adbc_pandas(port: int, **options: Any) -> Door:
    import pandas

    connection = adbc(port)
    return lambda sql: pandas.read_sql(sql, connection, **options), of_pandas


def adbc_polars(port: int) -> Door:
    import polars

    connection = adbc(port)
    return lambda sql: polars.read_database(sql, connection), of_polars


def engine(port: int) -> Any:
    from sqlalchemy import create_engine
    from sqlalchemy.dialects import registry

    registry.register("drda", "drdarrow.sqlalchemy.dialect", "DrdaDialect")
    return create_engine(f"drda://app@127.0.0.1:{port}/LAB").connect()


def sqlalchemy_(port: int) -> Door:
    connection = engine(port)
    return lambda sql: connection.exec_driver_sql(sql).all(), of_rows


def sqlalchemy_pandas(port: int) -> Door:
    import pandas
    from sqlalchemy import text

    connection = engine(port)
    return lambda sql: pandas.read_sql(text(sql), connection), of_pandas


def peer(port: int) -> Any:
    import adbc_driver_db2.dbapi

    return adbc_driver_db2.dbapi.connect(f"db2://app:app@127.0.0.1:{port}/LAB?secmec=3")


def peer_arrow(port: int) -> Door:
    return read_arrow(peer(port)), of_arrow


def peer_pandas(port: int) -> Door:
    import pandas

    connection = peer(port)
    return lambda sql: pandas.read_sql(sql, connection, dtype_backend="pyarrow"), of_pandas


DOORS: dict[str, Callable[[int], Door]] = {
    STREAM: stream,
    "its rows, fetchall()": rows,
    "to_polars()": polars_,
    'to_pandas("pyarrow")': pandas_arrow,
    "to_pandas()": pandas_,
    "into a table of DuckDB": duckdb_,
    "ADBC, to pyarrow": adbc_arrow,
    'ADBC, pd.read_sql("pyarrow")': lambda port: adbc_pandas(port, dtype_backend="pyarrow"),
    "ADBC, pd.read_sql()": adbc_pandas,
    "ADBC, pl.read_database()": adbc_polars,
    "SQLAlchemy, rows": sqlalchemy_,
    "SQLAlchemy, pd.read_sql()": sqlalchemy_pandas,
}
PEERS: dict[str, Callable[[int], Door]] = {
    "adbc-driver-db2, to pyarrow": peer_arrow,
    'adbc-driver-db2, pd.read_sql("pyarrow")': peer_pandas,
}


def serve(count: int) -> None:
    import duckdb

    from drdarrow import server

    source = duckdb.connect()
    source.execute(MAKE.format(rows=count))
    with server.serve(source, persona="luw") as running:
        print(json.dumps({"port": running.port}), flush=True)
        sys.stdin.read()


def main() -> None:
    if sys.argv[1] == "serve":
        return serve(int(sys.argv[2]))
    door, port = sys.argv[1:]
    read, told = {**DOORS, **PEERS}[door](int(port))
    read(WARM)
    cpu, start = time.process_time(), time.perf_counter()
    result = read(SQL)
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    count, total = told(result)
    print(json.dumps({"rows": count, "sum": total, "seconds": seconds, "cpu": cpu}), flush=True)
    return None


if __name__ == "__main__":
    main()
