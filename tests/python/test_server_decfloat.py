"""DECFLOAT on DuckDB, which has none: DOUBLE is in its place, and takes no number that it would round."""

from __future__ import annotations

from collections.abc import Callable, Iterator
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


@pytest.fixture
def connection() -> Iterator[drdarrow.Connection]:
    with server.serve(duckdb.connect(), persona="luw") as running, running.connect() as opened:
        opened.execute("CREATE TABLE T (ID INTEGER, V DECFLOAT(34), W VARCHAR(40), D DECIMAL(31, 0), B BIGINT, F DOUBLE)")
        opened.execute(f"INSERT INTO T VALUES (3, 1.1, '0.{LONG}', {LONG}000, {LONG}, 0.5)")
        opened.commit()
        yield opened


@pytest.mark.parametrize("value", ["V + 0.1", "V * ID", "SUM(V)", "AVG(V)", "A.V / 3", "MOD(V, 2)", "COALESCE(NULLIF(V, V), D)"])
def test_a_column_is_no_double_in_arithmetic(connection: drdarrow.Connection, value: str):
    with pytest.raises(drdarrow.Error) as caught:
        connection.execute(f"SELECT {value} FROM T A").fetchall()
    assert caught.value.sqlcode == -270


@pytest.mark.parametrize("value", ["D", "B", "W", f"'0.{LONG}'", f"CAST('{LONG}' AS BIGINT)"])
def test_a_value_of_another_type_is_stored_whole_or_refused(connection: drdarrow.Connection, value: str):
    for sql in (f"UPDATE T SET V = {value}", f"INSERT INTO T (V) SELECT {value} FROM T", f"INSERT INTO T (V) VALUES ({value})"):
        if "VALUES" in sql and len(value) == 1:
            continue
        with pytest.raises(drdarrow.Error) as caught:
            connection.execute(sql)
        assert caught.value.sqlcode in (-270, -413)
        connection.rollback()
    assert connection.execute("SELECT V FROM T").fetchall() == [(1.1,)]


def test_values_without_arithmetic_are_those_of_the_column(connection: drdarrow.Connection):
    query = "SELECT V, -V, ABS(V), COALESCE(V, ID), V || '', MAX(V) OVER () FROM T WHERE V = 1.1 AND V BETWEEN 1 AND F + 1"
    assert connection.execute(query).fetchall() == [(1.1, -1.1, 1.1, 1.1, "1.1", 1.1)]
    for value, stored in (("ID", 3.0), ("F", 0.5), ("'2.25'", 2.25), ("-0.75", -0.75), ("NULL", None), ("DEFAULT", None)):
        connection.execute(f"UPDATE T SET V = {value}")
        assert connection.execute("SELECT V FROM T").fetchall() == [(stored,)]
