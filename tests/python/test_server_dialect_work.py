"""Statements of strangers are translated in time that grows with their length, whatever they nest."""

from __future__ import annotations

import contextlib
import itertools
import random
import subprocess
import sys
import threading
import time
from types import FrameType
from typing import Any

import duckdb
import pyarrow as pa
import pytest

import drdarrow
from drdarrow import server
from drdarrow.server import (
    columns,
    current_schema,
    ddl,
    errors,
    guard,
    markers,
    meaning,
    patience,
    reading,
    sizes,
    wording,
)
from drdarrow.server import lexer as words
from drdarrow.server.dialect import Dialect
from drdarrow.server.engine import SqlError
from drdarrow.server.patience import Patience
from drdarrow.server.rules import apply
from drdarrow.server.rules.product import Product
from drdarrow.server.types import describe

#: Conditions of statements without a meaning: calls with other arguments, texts that are no dates, no types.
REFUSED = (-138, -171, -180, -181, -182, -270, -440, -461)
DIALECT = Dialect("user", "SAMPLE")
SOURCE = duckdb.connect()
KNOWN = {"T": {"X": {"drda:type": "CHAR", "drda:length": "9"}, "Y": {"drda:type": "VARCHAR", "drda:length": "9"}}}


def translated(sql: str) -> int:
    """Does with a statement what a session does; how long it has become."""
    size = 0
    try:
        current_schema.is_set(sql)
        DIALECT.is_register(sql)
        made = DIALECT.to_duckdb(sql)
        made.sql, _ = apply.apply(made.sql, Product("ibmi", 37), KNOWN, lambda _: [("X", "VARCHAR"), ("Y", "VARCHAR")])
        size = len(made.sql)
        run = meaning.apply(made.sql, KNOWN, made.declared, Product(), frozenset({"count", "max"}))
        size = max(size, len(run.sql))
        columns.facts(made.sql, columns.names(made.sql, ["A"]), KNOWN)
        markers.targets(made.sql, KNOWN)
        sizes.check(made.sql, SOURCE)
    except SqlError as error:
        # Or it cannot be told what it means.
        assert (error.sqlcode, error.sqlstate) == (-101, "54001") or error.sqlcode in REFUSED
    return size


def seconds(sql: str) -> float:
    """The time of this thread, whatever others do."""
    start = time.thread_time()
    translated(sql)
    return time.thread_time() - start


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
    "nested distincts": lambda n: "SELECT DISTINCT (" * n + "1" + ")" * n,
    "nested weeks": lambda n: "SELECT " + "WEEK(" * n + "x" + ")" * n,
    "nested locates": lambda n: "SELECT " + "LOCATE('a', " * n + "x" + ", 1)" * n,
    "nested repeats": lambda n: "SELECT " + "REPEAT(" * n + "x" + ", y)" * n,
    "nested pads": lambda n: "SELECT " + "LPAD(" * n + "x" + ", y, z)" * n,
    "nested replaces": lambda n: "SELECT " + "REPLACE(" * n + "x" + ", y, z)" * n,
    "nested places": lambda n: "SELECT " + "LOCATE('a', x, " * n + "1" + ")" * n,
    "nested cases": lambda n: "SELECT " + "CASE x WHEN 1 THEN " * n + "1" + " END" * n,
    "nested lists": lambda n: "SELECT 1 FROM T WHERE " + "x IN (" * n + "1" + ")" * n,
    "nested unions": lambda n: "SELECT 1 UNION (" * n + "SELECT 1" + ")" * n,
    "joins without a condition": lambda n: "SELECT 1 FROM T" + " JOIN T" * n,
    "durations of a date": lambda n: "SELECT CURRENT DATE" + " + 1 DAY" * n,
    "stars": lambda n: "SELECT " + "*, " * n + "* FROM T",
    "groups": lambda n: "SELECT " + "y, " * n + "y FROM T GROUP BY y",
    "orders": lambda n: "SELECT " + "y, " * n + "y FROM T ORDER BY " + "y, " * n + "y",
    "comparisons": lambda n: "SELECT 1 FROM T WHERE x = 'a '" + " AND y = ?" * n,
    "rows": lambda n: "INSERT INTO T VALUES ('a', 'b')" + ", ('a', ?)" * n,
    "assignments": lambda n: "UPDATE T SET x = 'a'" + ", y = ?" * n,
    "unique columns": lambda n: "CREATE TABLE N (A INTEGER" + ", B VARCHAR(3) UNIQUE" * n + ")",
}


@pytest.mark.alone
@pytest.mark.parametrize("shape", SHAPES)
def test_the_work_grows_with_the_length(shape: str) -> None:
    """Four times as many repetitions take no more than some twelve times as long; sixteen times would be quadratic."""
    make, n = SHAPES[shape], 150
    short = min(seconds(make(n)) for _ in range(2))
    long = min(seconds(make(4 * n)) for _ in range(2))
    assert long < 12 * max(short, 0.01), (short, long)
    assert long < 5
    assert translated(make(2 * n)) < 100 * len(make(2 * n))


#: Words that the tables of the dialect know, each as it stands in a statement; a bracket that opens may stay open.
PIECES = [
    *(f"{name}(" for name in sorted(apply._NAMES)[::3]), *wording._IDLE, *sorted(wording._OPENS), *sorted(wording._ENDS - {""}),
    *(f"CURRENT {name}" for name in wording._NOW), *sorted(wording._PLAIN), *ddl._NAMES, *ddl._TEXT, *ddl._BYTES,
    "CAST(", "AS VARCHAR(3))", "AS", "x", "y", "1", "'a '", '"y"', "+ 1 DAY", "- (1) MONTHS", "FOR UPDATE OF", "FROM T", "FROM lib/file",
    "SYSIBM.SYSDUMMY1", "NEXT VALUE FOR s", "PREVVAL FOR", "::", "CASE", "END", "SELECT DISTINCT", "GROUP BY y", "ORDER BY y", "UNION SELECT",
    "IN (", "= ANY (", "BETWEEN", "IS NOT DISTINCT FROM", "COUNT(DISTINCT", "INSERT INTO T", "UPDATE T SET", "MERGE INTO T", "CREATE TABLE",
    "PARTITION BY", "OVER (", "[", "]", "{", "}", "G'x'", "BX'41'", "CONCAT", "--", "/*", "*/", "'", "SET SCHEMA", "WITH RECURSIVE", "VALUES",
]  # fmt: skip


def lines(sql: str) -> int:
    """Lines of Python that run for a statement: the same wherever and beside whatever it runs."""
    count = 0

    def trace(frame: FrameType, event: str, arg: Any) -> Any:
        nonlocal count
        count += event == "line"
        return trace

    sys.settrace(trace)
    try:
        translated(sql)
    finally:
        sys.settrace(None)
    return count


def test_random_nestings_take_bounded_work_for_a_word() -> None:
    """Whatever the words are, and whatever they nest."""
    chosen = random.Random(4711)
    for n in range(80):
        pieces = PIECES if n % 2 else chosen.sample(PIECES, 4)
        sql = " ".join(chosen.choices(pieces, k=chosen.choice([5, 20, 80])))
        count = len(words.lex(sql))
        assert lines(sql) < 50_000 + 5000 * count, sql
        assert translated(sql) < 2000 + 200 * len(sql), sql


def test_each_piece_within_itself_takes_bounded_work() -> None:
    for piece, end in itertools.product(PIECES, ("", ")", " AS CHAR(3))")):
        for first in ("SELECT ", "UPDATE T SET y = "):
            sql = first + f"{piece} " * 12 + "x" + end * 12
            assert translated(sql) < 2000 + 200 * len(sql), sql


#: Of two megabytes, each as long for one of the expressions as can be.
LONG = ["x", " ", "'", '"', "-", "/*", "--\n", "1", ".", "a'", "gx'", '""', "''", "''a", "1e", "\u00ac", "_ ", "SET ", "release "]


@pytest.mark.parametrize("one", LONG)
def test_no_expression_holds_the_process(one: str) -> None:
    """Python's lock is held while an expression looks for one place; each of them finds its place soon, or finds none."""
    sql = (one * (2 << 20))[: 2 << 20]
    for start in ("", "SET SCHEMA "):
        text = start + sql
        before = time.thread_time()
        for found in itertools.islice(words._TOKEN.finditer(text), 100):
            now = time.thread_time()
            assert now - before < 1, (start, found.span())
            before = now
        before = time.thread_time()
        current_schema.is_set(text)
        DIALECT.is_register(text)
        errors.translate(f'Binder Error: No function matches the given "{text}"')
        errors.translate(f"Catalog Error: {text}")
        assert time.thread_time() - before < 1, start


def test_a_long_enumeration_does_not_hold_the_process() -> None:
    before = time.thread_time()
    describe("E", "ENUM('" + "''" * (1 << 20) + "')")
    assert time.thread_time() - before < 1


def test_the_parser_of_names_takes_bounded_steps() -> None:
    assert reading.tree("SELECT 1 FROM T") is not None
    assert reading.tree("SELECT 1 FROM T" + " JOIN T" * 40) is None
    assert reading.tree("SELECT '" + "x" * (256 << 10) + "'") is None


@pytest.mark.parametrize("one", ["list_transform([", "(", "repeat(", "FROM range(", "x.", "rpad(x, 1, ' '), "])
def test_the_guard_takes_bounded_work(one: str) -> None:
    for end in ("", "1" + "], lambda x: x)" * 3000):
        before = time.thread_time()
        with contextlib.suppress(SqlError):
            guard.check("SELECT " + one * 3000 + end, "SELECT")
        assert time.thread_time() - before < 3, (one, end[:9])


def slow(n: int = 200_000) -> str:
    """A statement whose translation takes a minute."""
    return "SELECT " + "CHAR(" * 99 + "A" + ",A" * (n // 2) + ")" * 99


def test_translation_ends_when_its_time_is_up() -> None:
    patient = Patience(seconds=0.5)
    with pytest.raises(SqlError) as caught, patient.reading(slow()):
        DIALECT.to_duckdb(slow())
    assert (caught.value.sqlcode, caught.value.sqlstate) == (-905, "57014")
    # The next one has its own.
    with patient.reading("SELECT 1"):
        DIALECT.to_duckdb("SELECT 1")


def test_translation_ends_when_it_is_interrupted() -> None:
    patient = Patience()
    patient.interrupt()
    with pytest.raises(SqlError) as caught, patient.reading(slow()):
        threading.Timer(0.5, patient.interrupt).start()
        DIALECT.to_duckdb(slow())
    assert (caught.value.sqlcode, caught.value.sqlstate) == (-952, "57014")


def test_long_statements_are_read_one_at_a_time() -> None:
    first, second = Patience(), Patience(seconds=0.3)
    text = "x" * (64 << 10) + "x"
    failed: list[SqlError] = []

    def read() -> None:
        try:
            with second.reading(text):
                pass
        except SqlError as error:
            failed.append(error)

    with first.reading(text):
        other = threading.Thread(target=read)
        other.start()
        other.join()
    assert [error.sqlcode for error in failed] == [-905]
    with second.reading(text):
        patience.look()


def test_clients_that_are_gone_leave_their_worker() -> None:
    with server.serve(tables={"T": pa.table({"A": [1]})}, workers=2) as srv:
        for _ in range(2):
            with pytest.raises(drdarrow.OperationalError):
                srv.connect(statement_timeout=1).execute(slow())
        start = time.monotonic()
        with srv.connect(timeout=20) as connection:
            assert connection.execute("SELECT A FROM T").fetchall() == [(1,)]
        assert time.monotonic() - start < 15


ENDING = """
import sys, threading, time
import pyarrow as pa
from drdarrow import server
srv = server.serve(tables={"T": pa.table({"A": [1]})}, workers=2)
sql = "SELECT " + "CHAR(" * 99 + "A" + ",A" * 100_000 + ")" * 99
def ask():
    try:
        srv.connect().execute(sql)
    except Exception:
        pass
for _ in range(2):
    threading.Thread(target=ask, daemon=True).start()
time.sleep(2)
start = time.monotonic()
if "close" in sys.argv:
    srv.close()
    print(f"closed after {time.monotonic() - start:.1f}", flush=True)
"""


@pytest.mark.parametrize("how", ["close", "exit"])
def test_a_server_and_its_process_end_while_statements_are_translated(how: str) -> None:
    start = time.monotonic()
    done = subprocess.run([sys.executable, "-c", ENDING, how], timeout=50, check=True, capture_output=True, text=True)
    assert time.monotonic() - start < 40
    if how == "close":
        assert float(done.stdout.split()[-1]) < 20


@pytest.mark.parametrize("sql", ["SELECT '" + "x" * (2 << 20) + "'", "SELECT " + "CHAR(" * 150 + "x" + ", 9)" * 150, "SELECT " + "," * (1 << 18), "VALUES CURRENT DATE" + " + 1 DAY" * 150])
def test_what_is_too_long_or_too_deep_is_told(sql: str) -> None:
    with pytest.raises(SqlError) as caught:
        DIALECT.to_duckdb(sql)
    assert (caught.value.sqlcode, caught.value.sqlstate) == (-101, "54001")


def test_a_function_without_a_form_keeps_its_translated_arguments() -> None:
    sql = DIALECT.to_duckdb("SELECT CHAR(CURRENT DATE, ISO), VARCHAR(x CONCAT y, 3, z) FROM T").sql
    assert sql == "SELECT CHAR(current_date, ISO), VARCHAR(x || y, 3, z) FROM T"
