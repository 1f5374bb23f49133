"""No statement of a client takes the process's memory: values that grow have bounds, and a watch looks at the rest. Each
killer runs in a process that may have 3 GiB, beside a client who goes on."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from peers import wait_for

import drdarrow
from drdarrow import server
from drdarrow.server import growing, guard, watch
from drdarrow.server.engine import SqlError


def nested(start: str, grown: str, times: int) -> str:
    for _ in range(times):
        start = f"SELECT {grown} AS X FROM ({start}) Q"
    return start


MEMORY, LONG, ARGUMENT, REFUSED = -954, -137, -171, -440

KILLERS = [
    ("SELECT len(range(60000000)) FROM T", REFUSED),
    ("SELECT len(generate_series(1, 60000000)) FROM T", REFUSED),
    ("SELECT COUNT(*) FROM unnest(range(60000000))", REFUSED),
    ("SELECT COUNT(*) FROM range(len(range(60000000)))", REFUSED),
    ("SELECT COUNT(*) FROM T WHERE A IS DISTINCT FROM range(60000000)", REFUSED),
    ("SELECT trim(A FROM range(60000000)) FROM T", REFUSED),
    ("SELECT COUNT(*) FROM T JOIN U ON range(60000000) = A", REFUSED),
    ("CREATE VIEW V AS SELECT 1 X FROM T JOIN U ON len(range(60000000)) = A", REFUSED),
    ("CREATE VIEW INDEX AS SELECT 1 X FROM T JOIN U ON len(range(60000000)) = A", REFUSED),
    ("SELECT 1 AS from, len(range(60000000))", REFUSED),
    ("SELECT 1 AS from, range(60000000)", REFUSED),
    ("SELECT 1 AS from, \"repeat\"('x', 1000000000)", REFUSED),
    ('SELECT t.from, generate_series(1, 60000000) FROM (SELECT 1 AS "from") t', REFUSED),
    ("SELECT length(REPEAT('x', 1000000000)) FROM T", LONG),
    ("SELECT length(REPEAT(REPEAT(REPEAT(A, 16000), 16000), 16000)) FROM T", LONG),
    ("SELECT length(\"repeat\"('x', 1000000000)) FROM T", REFUSED),
    ("SELECT length(\"RPAD\"('x', 1000000000, 'y')) FROM T", REFUSED),
    ("SELECT length(main.repeat('x', 1000000000)) FROM T", REFUSED),
    ("SELECT length(system.main.rpad('x', 1000000000, 'y')) FROM T", REFUSED),
    ("SELECT length('x'.repeat(1000000000)) FROM T", REFUSED),
    ("SELECT length(A.repeat(1000000000)) FROM T", REFUSED),
    ("SELECT length(('x').rpad(1000000000, 'y')) FROM T", REFUSED),
    ("SELECT length(RPAD('x', 1000000000, 'y')) FROM T", ARGUMENT),
    ("SELECT length(LPAD('x', 1000000000, 'y')) FROM T", ARGUMENT),
    ("SELECT length(SPACE(1000000000)) FROM T", ARGUMENT),
    ("SELECT length(CHAR(A, 1000000000)) FROM T", ARGUMENT),
    ("SELECT length(CAST(A AS CHAR(1000000000))) FROM T", ARGUMENT),
    ("SELECT length(REPLACE(REPEAT('x', 30000), 'x', REPEAT('y', 30000))) FROM T", LONG),
    ("SELECT length(REGEXP_REPLACE(REPEAT('x', 30000), 'x', REPEAT('y', 30000), 'g')) FROM T", LONG),
    ("SELECT length(printf('%1000000000d', 1)) FROM T", REFUSED),
    ("SELECT length(format('{:1000000000}', 1)) FROM T", REFUSED),
    ("SELECT length(bar(1, 0, 1, 1000000000)) FROM T", REFUSED),
    ("SELECT length(bitstring('1', 1000000000)) FROM T", REFUSED),
    ("SELECT len(list_resize([1], 1000000000)) FROM T", REFUSED),
    ("SELECT list_reduce(['a', 'b', 'c'], lambda x, y: x || x || y) FROM T", REFUSED),
    ("SELECT list_transform([1, 2], lambda x: list_transform([1, 2], lambda y: y)) FROM T", REFUSED),
    ("SELECT length(" + "list_transform([" * 35 + "A" + "], lambda x: x || x)[1]" * 35 + ") FROM T", REFUSED),
    ("SELECT len([x || x FOR x IN [A, A]]) FROM T", REFUSED),
    ("SELECT length(" + "bin(" * 20 + "A" + ")" * 20 + ") FROM T", REFUSED),
    ("SELECT sleep_ms(1000000) FROM T", REFUSED),
    (
        "WITH RECURSIVE R(N, X) AS (SELECT 1, 'xxxxxxxxxxxxxxxx' UNION ALL SELECT N + 1, X || X FROM R WHERE N < 40) "
        "SELECT MAX(length(X)) FROM R",
        -344,
    ),
    (f"SELECT length(X) FROM ({nested('SELECT A AS X FROM T', 'X || X', 35)}) Z", MEMORY),
    (f"SELECT length(X) FROM ({nested('SELECT A AS X FROM T', 'concat_ws(X, X, X, X)', 18)}) Z", MEMORY),
    (f"SELECT len(X) FROM ({nested('SELECT [A] AS X FROM T', 'list_concat(X, X)', 35)}) Z", MEMORY),
    (
        "SELECT length(X) FROM (" + nested("SELECT REPEAT(A, 16000) AS X FROM T", " || ".join(["X"] * 300), 3) + ") Z",
        MEMORY,
    ),
    ("SELECT length(string_agg(REPEAT('x', 1000), ',')) FROM range(100000) a, range(100) b", MEMORY),
    ("SELECT length(listagg(a.range || 'abc', ',')) FROM range(100000) a, range(100000) b", MEMORY),
    ("SELECT len(array_agg(REPEAT('x', 1000))) FROM range(100000) a, range(1000) b", MEMORY),
    ("SELECT * FROM range(100000000) ORDER BY hash(range)", MEMORY),
    ("SELECT COUNT(DISTINCT range) FROM range(100000000)", MEMORY),
]

CHILD = """
import json, resource, sys, threading, time
resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))
import duckdb, drdarrow, pyarrow as pa
from drdarrow import server
source = duckdb.connect(config={"memory_limit": "100MB", "threads": 2})
tables = {"T": pa.table({"A": ["ab"]}), "U": pa.table({"B": ["ab"]})}
srv = server.serve(source, tables=tables)
honest = {"answers": 0, "errors": [], "longest": 0.0}
done = threading.Event()
def ask():
    with srv.connect() as connection:
        while not done.wait(0.05):
            start = time.monotonic()
            try:
                assert connection.execute("SELECT A FROM T").fetchall() == [("ab",)]
                honest["answers"] += 1
            except drdarrow.Error as e:
                honest["errors"].append(e.sqlcode)
            connection.rollback()
            honest["longest"] = max(honest["longest"], time.monotonic() - start)
other = threading.Thread(target=ask)
other.start()
with srv.connect() as connection:
    for sql, wanted in json.load(sys.stdin):
        start, code, usable = time.monotonic(), None, True
        try:
            connection.execute(sql).fetchall()
        except drdarrow.Error as e:
            code, usable = e.sqlcode, e.connection_usable
        connection.rollback()
        print(json.dumps([sql, code, usable, time.monotonic() - start]), flush=True)
done.set()
other.join()
print(json.dumps(honest))
"""


def test_each_killer_is_an_error_within_seconds_and_others_are_answered() -> None:
    asked = subprocess.run(
        [sys.executable, "-c", CHILD],
        input=json.dumps(KILLERS),
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert asked.returncode == 0, asked.stderr[-2000:]
    *answers, honest = map(json.loads, asked.stdout.splitlines())
    assert [(sql[:90], code) for sql, code, _, _ in answers] == [(sql[:90], code) for sql, code in KILLERS]
    assert all(usable and seconds < 30 for _, _, usable, seconds in answers), answers
    assert honest["answers"] > 20 and honest["longest"] < 10
    assert set(honest["errors"]) <= {MEMORY}, asked.stderr[-2000:]


@pytest.fixture
def srv() -> Iterator[server.Server]:
    with server.serve(tables={"T": pa.table({"A": ["aé", None], "N": pa.array([3, 3], pa.int32())})}) as running:
        yield running


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("REPEAT(A, N)", "aéaéaé"),
        ("REPEAT('aé', 2)", "aéaé"),
        ("REPEAT(A, -1)", ""),
        ("REPEAT(A, CAST(NULL AS INTEGER))", None),
        ("REPEAT(REPEAT(A, 2), 2)", "aéaéaéaé"),
        ("LPAD(A, N + 1)", " aé"),
        ("LPAD(A, 5, 'x')", "xxaé"),
        ("LPAD(A, N + 4, 'é')", "ééaé"),
        ("RPAD(A, N + 1) || '|'", "aé |"),
        ("RPAD(A, 1, 'x')", "a"),
        ("RPAD(A, N + 3, '.-')", "aé.-."),
        ("'|' || SPACE(N) || '|'", "|   |"),
        ("HEX(A)", "61C3A9"),
        ("REPLACE(A, 'é', '')", "a"),
        ("REPLACE(A, 'a', 'xyz')", "xyzé"),
        ("REPLACE(A, A, A || A)", "aéaé"),
        ("REPLACE(A, '', 'x')", "aé"),
        ("REGEXP_REPLACE(A, '[a-z]', 'q')", "qé"),
        ("LENGTH(REPEAT('x', 32672))", 32_672),
        ("LENGTH(REPLACE(REPEAT('x', 16336), 'x', 'yz'))", 32_672),
        ("CHAR(A, 5) || '|'", "aé  |"),
    ],
)
def test_ordinary_values_are_as_they_were(srv: server.Server, expression: str, value: object) -> None:
    with srv.connect() as connection:
        assert connection.execute(f"SELECT {expression} FROM T WHERE A IS NOT NULL").fetchall() == [(value,)]
        if expression[:2] in ("RE", "LP", "HE") and "(A" in expression:
            assert connection.execute(f"SELECT {expression} FROM T WHERE A IS NULL").fetchall() == [(None,)]


def test_markers_and_views_have_bounds_too(srv: server.Server) -> None:
    with srv.connect() as connection:
        assert connection.execute("SELECT REPEAT(?, ?) FROM T", ("ab", 2)).fetchall() == [("abab",)] * 2
        with pytest.raises(drdarrow.Error) as caught:
            connection.execute("SELECT REPEAT(?, ?) FROM T", ("ab", 1_000_000)).fetchall()
        assert (caught.value.sqlcode, caught.value.sqlstate) == (-137, "54006")
        connection.execute("CREATE VIEW V AS SELECT REPEAT(A, N) AS X FROM T")
        connection.commit()
        with srv.connect() as other:
            assert other.execute("SELECT X FROM V WHERE X IS NOT NULL").fetchall() == [("aéaéaé",)]


def test_names_of_functions_are_still_names(srv: server.Server) -> None:
    with srv.connect() as connection:
        connection.execute("CREATE TABLE FORMAT (RANGE INTEGER, REPEAT VARCHAR(20))")
        connection.execute("INSERT INTO FORMAT (RANGE, REPEAT) VALUES (1, 'printf(''x'')')")
        connection.execute("CREATE INDEX I ON FORMAT (RANGE)")
        assert connection.execute("SELECT RANGE, REPEAT FROM FORMAT").fetchall() == [(1, "printf('x')")]
        assert connection.execute("WITH RANGE(A) AS (SELECT 1) SELECT A FROM RANGE").fetchall() == [(1,)]
        both = "SELECT COUNT(*) FROM range(5) r, generate_series(1, 3) g JOIN range(2) x ON 1 = 1"
        assert connection.execute(both).fetchall() == [(30,)]
        assert connection.execute("SELECT (SELECT SUM(range) FROM range(4)) FROM T").fetchall() == [(6,), (6,)]


def test_a_source_with_external_access_is_left_alone() -> None:
    with duckdb.connect() as source, server.serve(source, external_access=True) as srv, srv.connect() as connection:
        assert connection.execute("VALUES length(REPEAT('x', 1000000))").fetchall() == [(1_000_000,)]
        assert connection.execute("VALUES len(range(7))").fetchall() == [(7,)]


def test_every_function_that_is_refused_is_one_of_duckdb() -> None:
    rows = duckdb.sql("SELECT DISTINCT lower(function_name) FROM duckdb_functions()").fetchall()
    assert {name for (name,) in rows} >= growing._ALL
    for name in growing._REFUSED:
        with pytest.raises(SqlError):
            guard.check(f"SELECT {name}(x, 1, 2)", "SELECT")


class Told:
    """Something that runs."""

    def __init__(self) -> None:
        self.event = threading.Event()

    def exhausted(self) -> None:
        self.event.set()


def watching(before: set[threading.Thread]) -> int:
    """Threads of a watch that were not there before: one of an earlier test may still be about to end."""
    return sum(thread.name == "drdarrow-memory" for thread in set(threading.enumerate()) - before)


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="the system does not tell")
def test_the_watch_tells_what_runs_when_memory_grows_and_ends_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "_MARGIN", 0)
    seen = watch.Watch(64 << 20)
    first, later = Told(), Told()
    before = set(threading.enumerate())
    number = seen.begin(first)
    assert watching(before) == 1
    assert not first.event.wait(0.3)
    held = bytearray(b"x" * (128 << 20))
    assert first.event.wait(5)
    seen.end(number)
    assert wait_for(lambda: watching(before) == 0)
    # What is kept is no growth of the next one.
    number = seen.begin(later)
    assert not later.event.wait(0.3)
    assert watching(before) == 1
    seen.end(number)
    assert wait_for(lambda: watching(before) == 0)
    assert len(held) == 128 << 20


@pytest.mark.parametrize("kind", ["CHAR(1000000000)", "CHAR(99999999999999999999)", "GRAPHIC(40000)", "BINARY(1000000000)", "CHAR(1G) FOR BIT DATA"])
def test_a_type_of_fixed_length_is_no_longer_than_that_of_a_product(kind: str):
    with server.serve(duckdb.connect(), persona="luw") as running, running.connect(autocommit=True) as connection:
        connection.execute("CREATE TABLE A (I INTEGER)")
        for sql in (
            f"CREATE TABLE T (A {kind})",
            f"ALTER TABLE A ADD COLUMN B {kind}",
            f"DECLARE GLOBAL TEMPORARY TABLE SESSION.T (A {kind})",
            f"CREATE PROCEDURE P () BEGIN DECLARE V {kind}; END",
            f"CREATE PROCEDURE P (IN V {kind}) BEGIN END",
        ):
            with pytest.raises(drdarrow.Error) as error:
                connection.execute(sql)
            assert error.value.sqlcode == -604, sql
