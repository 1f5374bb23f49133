"""DECFLOAT on DuckDB, which has none: DOUBLE is in its place, and takes no number that it would round."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import duckdb
import pytest

import drdarrow
from drdarrow import server

LONG = "1234567890123456789"
INSERT, UPDATE = "INSERT INTO T VALUES (?, ?)", "UPDATE T SET V = ? WHERE ID = ?"


def literal(connection: drdarrow.Connection, value: str) -> None:
    connection.execute(f"INSERT INTO T VALUES (1, {value})")


def changed(connection: drdarrow.Connection, value: str) -> None:
    connection.execute("INSERT INTO T VALUES (1, 0)")
    connection.execute(UPDATE, (Decimal(value), 1))


def marker(connection: drdarrow.Connection, value: str) -> None:
    connection.execute(INSERT, (1, Decimal(value)))


def array(connection: drdarrow.Connection, value: str) -> None:
    connection.cursor().executemany(INSERT, [(1, Decimal(value)), (1, Decimal(value))])


@pytest.mark.parametrize("put", [literal, changed, marker, array])
@pytest.mark.parametrize("value", ["-1234567890.123456", "0.1", "9007199254740992", LONG, f"-0.{LONG}", "1E+400", "1E-400"])
def test_a_number_is_stored_whole_or_refused(put: Callable[[drdarrow.Connection, str], None], value: str):
    source = duckdb.connect()
    with server.serve(source) as running, running.connect() as connection:
        connection.execute("CREATE TABLE T (ID INTEGER, V DECFLOAT(34))")
        connection.commit()
        if len(value) < 19 and "400" not in value:
            put(connection, value)
            connection.commit()
            got = {Decimal(repr(row[0])) for row in source.execute("SELECT V FROM T").fetchall()}
            assert got == {Decimal(value)}
        else:
            with pytest.raises(drdarrow.Error) as caught:
                put(connection, value)
            assert caught.value.sqlstate == "22003"
            assert "400" in value or "use DECIMAL" in str(caught.value)
