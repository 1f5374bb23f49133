"""Requests to adbc-driver-db2; each function runs in a process of its own (see apart.py)."""

from __future__ import annotations

from typing import Any

import adbc_driver_db2.dbapi
from serving import print_of


def connect(port: int) -> Any:
    return adbc_driver_db2.dbapi.connect(f"db2://user:secret@127.0.0.1:{port}/SAMPLE")


def columns(port: int, sql: str, parameters: tuple | None = None) -> dict[str, tuple[str, list]]:
    """The Arrow type and the values of each column."""
    with connect(port) as connection, connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        table = cursor.fetch_arrow_table()
        return {name: (str(table.schema.field(name).type), table[name].to_pylist()) for name in table.column_names}


def hashes(port: int, statements: list[str]) -> list[tuple]:
    """The first row of each, large values as length and hash."""
    out = []
    with connect(port) as connection, connection.cursor() as cursor:
        for sql in statements:
            cursor.execute(sql)
            out.append(tuple(map(print_of, cursor.fetchone())))
    return out


def total(port: int, sql: str) -> tuple[int, int]:
    """Rows, and the sum of the first column."""
    import pyarrow.compute as compute

    with connect(port) as connection, connection.cursor() as cursor:
        cursor.execute(sql)
        table = cursor.fetch_arrow_table()
        return table.num_rows, compute.sum(table[0]).as_py()


def store(port: int) -> tuple[str, int, list[tuple]]:
    """How an INSERT with parameters fails, what executemany says, and what is in the table then."""
    with connect(port) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE ADBC_T (A INTEGER, B VARCHAR(10))")
        cursor.execute("INSERT INTO ADBC_T VALUES (1, 'literal')")
        failure = ""
        try:
            cursor.execute("INSERT INTO ADBC_T VALUES (?, ?)", (2, "marker"))
        except Exception as error:
            failure = str(error)
        cursor.executemany("INSERT INTO ADBC_T VALUES (?, ?)", [(3, "x"), (4, "yz")])
        count = cursor.rowcount
        cursor.execute("SELECT * FROM ADBC_T")
        return failure, count, cursor.fetchall()


def store_many(port: int, insert: str, rows: list[tuple]) -> int:
    """By executemany and a commit; the number of rows."""
    with connect(port) as connection, connection.cursor() as cursor:
        cursor.executemany(insert, rows)
        count = cursor.rowcount
        connection.commit()
        return count


def failures(port: int, *statements: str) -> list[str]:
    out = []
    with connect(port) as connection, connection.cursor() as cursor:
        for sql in statements:
            try:
                cursor.execute(sql)
                out.append("")
            except Exception as error:
                out.append(str(error))
    return out
