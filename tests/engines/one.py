"""One engine: reads a table, a query and a record file, and its rows are those that this program has.

python one.py ENGINE
"""

from __future__ import annotations

import datetime as dt
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import pyarrow as pa

from drdarrow import server
from drdarrow.server.session import DuckSession

COUNT = 1_000
ROWS = [
    {
        "ID": n,
        "AREA": ("north", "south")[n % 2],
        "AMOUNT": Decimal(n) / 4 if n % 7 else None,
        "DAY": dt.date(2026, 1, 1) + dt.timedelta(days=n % 30),
        "MOMENT": dt.datetime(2026, 1, 1, n % 24),
        "NOTE": None if n % 3 else "é" * (n % 5),
    }
    for n in range(COUNT)
]
SCHEMA = pa.schema(
    [("ID", pa.int32()), ("AREA", pa.string()), ("AMOUNT", pa.decimal128(9, 2)), ("DAY", pa.date32()),
     ("MOMENT", pa.timestamp("us")), ("NOTE", pa.string())]
)  # fmt: skip
TABLE = pa.Table.from_pylist(ROWS, SCHEMA)
RECORDS = pa.table({"ID": pa.array(range(COUNT), pa.int32()), "AREA": ["north", "south"] * (COUNT // 2)})
LATE = [{"ID": row["ID"], "AMOUNT": row["AMOUNT"]} for row in ROWS if row["ID"] > 500 and row["AREA"] == "south"]
COPY = "CREATE TABLE COPY (ID INTEGER, AREA VARCHAR(10), AMOUNT DECIMAL(9,2), DAY DATE, MOMENT TIMESTAMP, NOTE VARCHAR(20))"


def ordered(rows: Any) -> list[dict[str, Any]]:
    return sorted((dict(row) for row in rows), key=lambda row: row["ID"])


@contextmanager
def serving(persona: str, **content: Any) -> Iterator[tuple[server.Server, str, list[str]]]:
    """A server whose users have passwords, its address without one, and the statements that it gets."""
    heard: list[str] = []
    prepare: Callable[..., Any] = DuckSession.prepare

    def told(self: DuckSession, sql: str, /) -> Any:
        heard.append(sql)
        return prepare(self, sql)

    DuckSession.prepare = told  # type: ignore[method-assign]
    with server.serve(persona=persona, users={"ada": "s3cret"}, **content) as srv:
        where = f"drda://ada@127.0.0.1:{srv.port}"
        yield srv, where if persona == "ibmi" else f"{where}/SAMPLE", heard
    DuckSession.prepare = prepare  # type: ignore[method-assign]


def copied(srv: server.Server) -> list[dict[str, Any]]:
    with srv.connect(user="ada", password="s3cret") as connection:
        return ordered(connection.query("SELECT * FROM COPY").to_arrow().to_pylist())


def parts_of(heard: list[str], *pieces: str) -> list[str]:
    """Statements of parts that have all of the pieces."""
    return [sql for sql in heard if re.search(r'"ID" (<=|>) \?', sql) and all(piece in sql for piece in pieces)]


def refuses(read: Callable[..., Any], uri: str) -> None:
    """Passwords are not sent to workers."""
    for secret in (uri.replace("ada@", "ada:s3cret@"), f"{uri}?password=s3cret"):
        try:
            read(secret)
        except Exception as e:
            assert "secrets are not sent to workers" in str(e) and "s3cret" not in str(e), e
        else:
            raise AssertionError("a password was taken")


def spark() -> None:
    from pyspark.sql import SparkSession
    from pyspark.sql import functions as F  # noqa: N812

    import drdarrow.spark

    os.environ["PYSPARK_PYTHON"] = sys.executable
    settings = {"spark.ui.enabled": "false", "spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1",
                "spark.sql.python.filterPushdown.enabled": "true", "spark.sql.shuffle.partitions": "2"}  # fmt: skip
    session = SparkSession.builder.master("local[2]").config(map=settings).getOrCreate()
    drdarrow.spark.register(session)

    def read(uri: str, **options: str) -> Any:
        return session.read.format("drda").options(uri=uri, partitions="3", **options)

    def rows(frame: Any) -> list[dict[str, Any]]:
        return ordered(row.asDict() for row in frame.collect())

    with serving("luw", tables={"ORDERS": TABLE}) as (srv, uri, heard):
        with srv.connect(user="ada", password="s3cret") as connection:
            connection.execute(COPY)
        frame = read(uri, on="ID").load("ORDERS")
        late = frame.filter((F.col("ID") > 500) & (F.col("AREA") == "south")).select("ID", "AMOUNT")
        assert rows(late) == LATE and late.rdd.getNumPartitions() == 3
        # Filters of one query are not those of the next.
        assert rows(frame) == ROWS
        heard.clear()
        asked = read(uri, on="ID", columns="ID,AMOUNT", where="ID > 500 AND AREA = 'south'").load("ORDERS")
        assert rows(asked) == LATE
        assert len({*parts_of(heard, 'SELECT "ID", "AMOUNT" FROM', "ID > 500 AND AREA = 'south'")}) == 3, heard
        frame.write.format("drda").mode("append").options(uri=uri, table="COPY").save()
        assert copied(srv) == ROWS
        refuses(lambda secret: read(secret).load("ORDERS"), uri)
    with serving("ibmi", files={"LAB/T": RECORDS}) as (srv, uri, _):
        read_file = read(f"{uri}?signon_port={srv.signon_port}", file="LAB/T").load()
        assert [row["AREA"].strip() for row in rows(read_file)] == RECORDS["AREA"].to_pylist()
    session.stop()


def ray() -> None:
    import ray.data
    from ray.data.expressions import col

    import drdarrow.ray

    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    with serving("luw", tables={"ORDERS": TABLE}) as (srv, uri, heard):
        with srv.connect(user="ada", password="s3cret") as connection:
            connection.execute(COPY)
        data = drdarrow.ray.read(uri, "ORDERS", n=3, on="ID")
        assert data.count() == COUNT and ordered(data.take_all()) == ROWS
        heard.clear()
        late = data.filter(expr=(col("ID") > 500) & (col("AREA") == "south")).select_columns(["ID", "AMOUNT"])
        assert ordered(late.take_all()) == LATE
        assert len({*parts_of(heard, 'SELECT "ID", "AREA", "AMOUNT" FROM', '"AREA" = ?')}) == 3, heard
        short = data.filter(expr=(col("NOTE") == "") | col("AMOUNT").is_null())
        assert ordered(short.take_all()) == [row for row in ROWS if row["NOTE"] == "" or row["AMOUNT"] is None]
        drdarrow.ray.write(data, uri, "COPY")
        assert copied(srv) == ROWS
        refuses(lambda secret: drdarrow.ray.read(secret, "ORDERS"), uri)
        refuses(lambda secret: drdarrow.ray.write(data, secret, "COPY"), uri)
    with serving("ibmi", files={"LAB/T": RECORDS}) as (srv, uri, _):
        records = drdarrow.ray.read(f"{uri}?signon_port={srv.signon_port}", "LAB/T", n=3, file=True)
        assert [row["ID"] for row in ordered(records.take_all())] == list(range(COUNT))
    ray.shutdown()


def dask() -> None:
    import drdarrow.dask

    def rows(frame: Any) -> list[dict[str, Any]]:
        table = pa.Table.from_pandas(frame.compute(scheduler="threads"), preserve_index=False)
        return ordered(table.to_pylist())

    with serving("luw", tables={"ORDERS": TABLE}) as (_, uri, heard):
        frame = drdarrow.dask.read(uri, "ORDERS", n=3, on="ID")
        assert frame.npartitions == 3 and rows(frame) == ROWS and len(frame) == COUNT
        heard.clear()
        late = drdarrow.dask.read(uri, "ORDERS", n=3, on="ID", where=("ID > ? AND AREA = ?", [500, "south"]))
        assert rows(late[["ID", "AMOUNT"]]) == LATE
        assert len({*parts_of(heard, 'SELECT "ID", "AMOUNT" FROM', "ID > ? AND AREA = ?")}) == 3, heard
        refuses(lambda secret: drdarrow.dask.read(secret, "ORDERS"), uri)
    with serving("ibmi", files={"LAB/T": RECORDS}) as (srv, uri, _):
        records = drdarrow.dask.read(f"{uri}?signon_port={srv.signon_port}", "LAB/T", n=3, file=True)
        assert records["ID"].sum().compute() == sum(range(COUNT))


def daft() -> None:
    from daft import col

    import drdarrow.daft

    def rows(frame: Any) -> list[dict[str, Any]]:
        return ordered(frame.to_arrow().to_pylist())

    with serving("luw", tables={"ORDERS": TABLE}) as (_, uri, heard):
        frame = drdarrow.daft.read(uri, "ORDERS", n=3, on="ID")
        assert rows(frame) == ROWS and frame.count_rows() == COUNT
        heard.clear()
        late = frame.where((col("ID") > 500) & (col("AREA") == "south")).select("ID", "AMOUNT")
        assert rows(late) == LATE
        assert len({*parts_of(heard, 'SELECT "ID", "AMOUNT", "AREA" FROM', '"AREA" = ?')}) == 3, heard
        short = frame.where((col("NOTE") == "") | col("AMOUNT").is_null())
        assert rows(short) == [row for row in ROWS if row["NOTE"] == "" or row["AMOUNT"] is None]
        assert frame.where(col("ID").is_in([1, 2, 3])).select("AREA").limit(2).count_rows() == 2
        refuses(lambda secret: drdarrow.daft.read(secret, "ORDERS"), uri)
    with serving("ibmi", files={"LAB/T": RECORDS}) as (srv, uri, _):
        records = drdarrow.daft.read(f"{uri}?signon_port={srv.signon_port}", "LAB/T", n=3, file=True)
        assert [row["ID"] for row in rows(records)] == list(range(COUNT))


ENGINES = {"dask": dask, "daft": daft, "ray": ray, "spark": spark}

if __name__ == "__main__":
    # Workers get the environment with which they are started.
    os.environ["DRDARROW_PASSWORD"] = "s3cret"
    ENGINES[sys.argv[1]]()
