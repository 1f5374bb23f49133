"""Statements of strangers are translated in time that grows with their length, whatever they nest."""

from __future__ import annotations

import random
import time

import pytest

from drdarrow.server.dialect import Dialect
from drdarrow.server.engine import SqlError

DIALECT = Dialect("user", "SAMPLE")


def seconds(sql: str) -> float:
    start = time.perf_counter()
    try:
        DIALECT.to_duckdb(sql)
        DIALECT.schema(sql)
        DIALECT.is_register(sql)
    except SqlError as error:
        assert (error.sqlcode, error.sqlstate) == (-101, "54001")
    return time.perf_counter() - start


#: Each is made for some number of repetitions.
SHAPES = {
    "nested calls": lambda n: "SELECT " + "CHAR(" * n + "x" + ", y)" * n + " FROM T",
    "nested calls without a form": lambda n: "SELECT " + "VARCHAR(" * n + "x" + ", y, z)" * n,
    "nested casts": lambda n: "SELECT " + "CAST(" * n + "x" + " AS VARCHAR)" * n,
    "nested dates": lambda n: "SELECT " + "DATE(" * n + "x" + ")" * n,
    "brackets that do not close": lambda n: "SELECT 1" + "+a(" * n,
    "brackets that were not opened": lambda n: "SELECT 1" + ")" * n,
    "aliases": lambda n: "SELECT " + "(x) AS a, " * n + "1",
    "casts": lambda n: "SELECT " + "CAST(x AS CHAR(3)), " * n + "1",
    "names": lambda n: "SELECT " + "A1, " * n + "1",
    "blanks before a schema": lambda n: "SET SCHEMA" + " " * n + "!",
    "blanks before a register": lambda n: " " * n + "SET" + " " * n + "x",
    "durations": lambda n: "SELECT x" + " + 1 DAY" * n,
    "durations in brackets": lambda n: "SELECT x + " + "(" * n + "1" + ")" * n + " DAY",
    "values": lambda n: "VALUES " + "1, " * n + "1",
    "nested values": lambda n: "SELECT * FROM (" * n + "VALUES 1" + ")" * n,
    "quotes": lambda n: "SELECT " + "''" * n,
    "comments": lambda n: "SELECT " + "/* */" * n + "1",
    "comments that do not close": lambda n: "SELECT " + "/*" * n,
}


@pytest.mark.parametrize("shape", SHAPES)
def test_the_work_grows_with_the_length(shape: str) -> None:
    """Four times as many repetitions take no more than some twelve times as long; sixteen times would be quadratic."""
    make, n = SHAPES[shape], 500
    short = min(seconds(make(n)) for _ in range(3))
    long = min(seconds(make(4 * n)) for _ in range(3))
    assert long < 12 * max(short, 0.002), (short, long)
    assert long < 5


def test_random_nestings_are_translated_in_time() -> None:
    """The work for a word is bounded, whatever the words are."""
    words = [
        "SELECT", "CHAR(", "DATE(", "CAST(", "AS VARCHAR)", "AS", ")", ")", "(", ",", "x", "1", "+", "DAY", "VALUES", "CASE",
        "END", "'a'", "CURRENT DATE", "FROM", "SYSIBM.SYSDUMMY1", "WITH UR", "NEXT VALUE FOR", "DECIMAL(", "::", "?", "SET SCHEMA",
    ]  # fmt: skip
    chosen = random.Random(4711)
    for _ in range(300):
        length = chosen.choice([10, 100, 1000])
        sql = " ".join(chosen.choices(words, k=length))
        assert seconds(sql) < 0.5 + length * 2e-3, sql


@pytest.mark.parametrize("sql", ["SELECT '" + "x" * (2 << 20) + "'", "SELECT " + "CHAR(" * 150 + "x" + ", 9)" * 150])
def test_what_is_too_long_or_too_deep_is_told(sql: str) -> None:
    with pytest.raises(SqlError) as caught:
        DIALECT.to_duckdb(sql)
    assert (caught.value.sqlcode, caught.value.sqlstate) == (-101, "54001")


def test_a_function_without_a_form_keeps_its_translated_arguments() -> None:
    sql = DIALECT.to_duckdb("SELECT CHAR(CURRENT DATE, ISO), VARCHAR(x CONCAT y, 3, z) FROM T").sql
    assert sql == "SELECT CHAR(current_date, ISO), VARCHAR(x || y, 3, z) FROM T"
