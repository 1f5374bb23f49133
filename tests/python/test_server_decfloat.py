"""DECFLOAT on DuckDB, which has none: DOUBLE is in its place, and takes no digits that it does not give back."""

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


@pytest.mark.parametrize("value", ["SUM(V)", "AVG(V)", "A.V / 3", "MOD(V, 2)", "COALESCE(NULLIF(V, V), D)"])
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
    assert connection.execute("SELECT V FROM T").fetchall() == [(Decimal("1.1"),)]


def test_values_without_arithmetic_are_those_of_the_column(connection: drdarrow.Connection):
    one = Decimal("1.1")
    query = "SELECT V, -V, ABS(V), COALESCE(V, ID), V || '', MAX(V) OVER () FROM T WHERE V = 1.1 AND V BETWEEN 1 AND F + 1"
    assert connection.execute(query).fetchall() == [(one, -one, one, one, "1.1", one)]
    for value, stored in (("ID", 3), ("F", Decimal("0.5")), ("'2.25'", Decimal("2.25")), ("-0.75", Decimal("-0.75")), ("NULL", None), ("DEFAULT", None)):
        connection.execute(f"UPDATE T SET V = {value}")
        assert connection.execute("SELECT V FROM T").fetchall() == [(stored,)]


@pytest.fixture
def short() -> Iterator[drdarrow.Connection]:
    with server.serve(duckdb.connect(), persona="luw") as running, running.connect() as opened:
        opened.execute("CREATE TABLE T (ID INTEGER, V DECFLOAT(16), W DECFLOAT(34))")
        opened.commit()
        yield opened


def test_a_column_is_described_as_it_was_declared(short: drdarrow.Connection):
    short.execute("INSERT INTO T VALUES (1, 1000000, 0.1)")
    cursor = short.execute("SELECT V, W, V + 1, CAST('2.50' AS DECFLOAT(16)) FROM T")
    assert cursor.description is not None
    assert [str(column[1]) for column in cursor.description] == ["TEXT(DECFLOAT)"] * 4
    assert [column[3] for column in cursor.description] == [8, 16, 8, 8]
    assert cursor.fetchall() == [tuple(map(Decimal, ("1000000", "0.1", "1000001", "2.5")))]


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("990.356736488388374888532323", "990.3567364883884"),
        ("0.12345678901234565", "0.1234567890123456"),
        ("0.12345678901234575", "0.1234567890123458"),
    ],
)
def test_digits_beyond_those_of_the_type_are_rounded(short: drdarrow.Connection, value: str, kept: str):
    short.execute(f"INSERT INTO T VALUES (1, {value}, 0)")
    short.execute(f"INSERT INTO T (V) VALUES (-{value})")
    short.execute(f"UPDATE T SET W = 1, V = {value} WHERE ID = 1")
    assert short.execute("SELECT V FROM T ORDER BY V").fetchall() == [(Decimal(f"-{kept}"),), (Decimal(kept),)]


def test_digits_that_double_does_not_give_back_are_refused(short: drdarrow.Connection):
    for value in ("0.1234567890123456789", "V * 0 + 0.123456789012345678"):
        with pytest.raises(drdarrow.Error, match="DECFLOAT"):
            short.execute(f"INSERT INTO T SELECT 1, 0, {value} FROM (VALUES (CAST(1 AS DECFLOAT))) AS S(V)")


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("V + W", "0.3"),
        ("V - W", "-0.1"),
        ("V * W", "0.02"),
        ("W + 1", "1.2"),
        ("1.5 - V", "1.4"),
        ("V + ?", "1.35"),
        ("-V", "-0.1"),
        ("VARCHAR(V + 0.9)", "1"),
    ],
)
def test_sums_and_products_are_exact(short: drdarrow.Connection, expression: str, value: str):
    short.execute("INSERT INTO T VALUES (1, 0.1, 0.2)")
    short.commit()
    marked = (Decimal("1.25"),) if "?" in expression else ()
    [(got,)] = short.execute(f"SELECT {expression} FROM T", marked).fetchall()
    assert Decimal(got) == Decimal(value) and str(got) == value


@pytest.mark.parametrize("expression", ["V / 3", "V + W", "V * W", "SUM(V)", "AVG(V)", "V + CAST(1 AS DOUBLE)"])
def test_a_result_that_double_may_not_have_is_refused(short: drdarrow.Connection, expression: str):
    short.execute("INSERT INTO T VALUES (1, 1000000000000001, 0.00000012345)")
    short.commit()
    with pytest.raises(drdarrow.Error, match="DECFLOAT") as caught:
        short.execute(f"SELECT {expression} FROM T").fetchall()
    assert caught.value.sqlcode == -270


def test_a_decfloat_of_other_digits_is_refused(short: drdarrow.Connection):
    with pytest.raises(drdarrow.Error) as caught:
        short.execute("CREATE TABLE U (V DECFLOAT(20))")
    assert caught.value.sqlcode == -604


#: Expressions in which a number of a client stands beside a DECFLOAT, and their values where that is 2.25.
BESIDE = (
    ("COALESCE(?, W)", "2.25"),
    ("COALESCE(NULLIF(W, W), ?)", "2.25"),
    ("NVL2(W, ?, W)", "2.25"),
    ("GREATEST(W, ?)", "2.25"),
    ("CASE WHEN ID = 1 THEN ? ELSE W END", "2.25"),
    ("CASE WHEN ID = 1 THEN CAST(? AS DECFLOAT) ELSE W END", "2.25"),
    ("CAST(? AS DECFLOAT(34))", "2.25"),
    ("W + ?", "3.75"),
    ("? - W", "0.75"),
)


@pytest.mark.parametrize(("expression", "expected"), BESIDE)
def test_a_parameter_beside_a_decfloat_keeps_its_digits_or_is_refused(
    short: drdarrow.Connection, expression: str, expected: str
):
    short.execute("INSERT INTO T VALUES (1, 1.5, 1.5)")
    short.commit()
    asked = f"SELECT {expression} FROM T"
    assert short.execute(asked, (Decimal("2.25"),)).fetchall() == [(Decimal(expected),)]
    for value in ("1.12345678901234567890", "2.2500000000000001", LONG):
        with pytest.raises(drdarrow.Error) as caught:
            short.execute(asked, (Decimal(value),)).fetchall()
        assert caught.value.sqlcode == -270, value
        short.rollback()


def test_one_of_several_decfloats_is_one(short: drdarrow.Connection):
    short.execute("INSERT INTO T VALUES (1, 1.5, 2.5)")
    for expression in (
        "CASE WHEN ID = 1 THEN W END",
        "CASE WHEN ID = 1 THEN V ELSE W END",
        "CASE WHEN ID = 1 THEN W ELSE 0 END",
        "(SELECT MAX(W) FROM T)",
    ):
        for asked in (f"SELECT {expression} FROM T", f"WITH X (A) AS (SELECT {expression} FROM T) SELECT A FROM X"):
            cursor = short.execute(asked)
            assert [str(column[1]) for column in cursor.description or ()] == ["TEXT(DECFLOAT)"], asked
            assert cursor.fetchall() == [(Decimal("1.5" if "V" in expression else "2.5"),)]
