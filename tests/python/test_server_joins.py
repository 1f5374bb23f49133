"""Statements that DuckDB would plan for minutes, where no interrupt reaches it, and those that never end."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

import drdarrow
from drdarrow import server
from drdarrow.server import tokens
from drdarrow.server.joined import Joined, joined


@pytest.fixture(scope="module")
def connection() -> Iterator[drdarrow.Connection]:
    with server.serve() as srv, srv.connect(autocommit=True) as found:
        found.execute("CREATE TABLE T (A INTEGER, B INTEGER, C INTEGER, D INTEGER)")
        found.execute("INSERT INTO T VALUES (1, 1, 1, 1)")
        yield found


def _chain(tables: int) -> str:
    joins = " ".join(f"JOIN T T{n} ON T{n}.A = T{n - 1}.A" for n in range(1, tables))
    return f"SELECT COUNT(*) FROM T T0 {joins}"


#: Each has more tables, or more columns that are equal, than DuckDB plans in some seconds.
LARGE = {
    "a chain of joins": _chain(300),
    "a list of tables": f"SELECT COUNT(*) FROM {', '.join(f'T T{n}' for n in range(300))}",
    "USING": f"SELECT COUNT(*) FROM T T0 {' '.join(f'JOIN T T{n} USING (A)' for n in range(1, 150))}",
    "NATURAL": f"SELECT COUNT(*) FROM T T0 {' '.join(f'NATURAL JOIN T T{n}' for n in range(1, 150))}",
    "all with the first": f"SELECT COUNT(*) FROM {', '.join(f'T T{n}' for n in range(150))} WHERE "
    + " AND ".join(f"T{n}.A = T0.A" for n in range(1, 150)),
    "columns of few tables": f"SELECT COUNT(*) FROM {', '.join(f'T T{n}' for n in range(60))} WHERE "
    + " AND ".join(f"T{n % 60}.{'ABCD'[n % 4]} = T{n * 7 % 60}.{'ABCD'[n // 60]}" for n in range(240)),
    "expressions": f"SELECT COUNT(*) FROM {', '.join(f'T T{n}' for n in range(8))} WHERE "
    + " AND ".join(f"T{n % 8}.A + {n} = T{(n + 1) % 8}.A + {n + 1}" for n in range(200)),
    "brackets": f"SELECT COUNT(*) FROM {'(' * 149}T T0 {' '.join(f'JOIN T T{n} ON T{n}.A = T0.A)' for n in range(1, 150))}",
    "subqueries": "SELECT COUNT(*) FROM T T0 "
    + " ".join(f"JOIN (SELECT X.A FROM T X JOIN T Y ON X.A = Y.A) S{n} ON S{n}.A = T0.A" for n in range(90)),
}


@pytest.mark.parametrize("kind", LARGE)
def test_a_join_that_is_too_large_is_refused_at_once(connection: drdarrow.Connection, kind: str):
    started = time.monotonic()
    with pytest.raises(drdarrow.Error, match="in a join|a join of more") as caught:
        connection.execute(LARGE[kind])
    assert caught.value.sqlcode == -101
    assert time.monotonic() - started < 10
    assert connection.execute("SELECT A FROM T").fetchall() == [(1,)]


def test_views_count_with_the_joins_that_they_make(connection: drdarrow.Connection):
    joins = " ".join(f"JOIN T T{n} ON T{n}.A = T0.A" for n in range(1, 20))
    connection.execute(f"CREATE VIEW V AS SELECT T0.A FROM T T0 {joins}")
    connection.execute("CREATE VIEW W AS SELECT V0.A FROM V V0 JOIN V V1 ON V0.A = V1.A")
    assert connection.execute("SELECT COUNT(*) FROM W").fetchall() == [(1,)]
    for name in ("W", '"W"', "'W'"):
        with pytest.raises(drdarrow.Error, match="-101"):
            connection.execute(f"SELECT COUNT(*) FROM {', '.join(f'{name} W{n}' for n in range(6))}")


def test_large_statements_that_join_little_are_run(connection: drdarrow.Connection):
    def answer(sql: str) -> list[tuple]:
        return connection.execute(sql).fetchall()

    assert answer(_chain(40)) == [(1,)]
    many = " UNION ALL ".join("SELECT X.A FROM T X JOIN T Y ON X.A = Y.A" for _ in range(250))
    assert answer(f"SELECT COUNT(*) FROM ({many})") == [(250,)]
    grouped = ", ".join(
        f"C{n} AS (SELECT X.A, COUNT(*) AS N FROM T X JOIN T Y ON X.A = Y.A AND X.B = Y.B JOIN T Z ON Z.A = X.A GROUP BY X.A)"
        for n in range(60)
    )
    assert answer(f"WITH {grouped} SELECT C0.N + C59.N FROM C0 JOIN C59 ON C0.A = C59.A") == [(2,)]
    one_of = " OR ".join(f"A = {n}" for n in range(2000))
    assert answer(f"SELECT COUNT(*) FROM T WHERE {one_of}") == [(1,)]
    years = ", ".join("EXTRACT(YEAR FROM CURRENT DATE)" for _ in range(300))
    assert len(answer(f"SELECT {years} FROM T")[0]) == 300
    columns = ", ".join(f"C{n} INTEGER" for n in range(300))
    connection.execute(f"CREATE TABLE WIDE ({columns})")
    connection.execute(f"INSERT INTO WIDE VALUES ({', '.join('1' for _ in range(300))})")
    connection.execute(f"UPDATE WIDE SET {', '.join(f'C{n} = C{(n + 1) % 300}' for n in range(300))}")
    assert answer("SELECT C0, C299 FROM WIDE") == [(1, 1)]


ENDLESS = (
    "WITH X (N) AS (SELECT A FROM T UNION ALL SELECT N FROM X) SELECT COUNT(*) FROM X",
    "INSERT INTO T (A) WITH X (N) AS (SELECT A FROM T UNION ALL SELECT N FROM X) SELECT COUNT(*) FROM X",
)


@pytest.mark.parametrize("sql", ENDLESS)
def test_a_statement_without_end_is_broken_off(sql: str):
    with server.serve(statement_timeout=1) as srv, srv.connect() as connection:
        connection.execute("CREATE TABLE T (A INTEGER)")
        connection.execute("INSERT INTO T VALUES (1)")
        connection.commit()
        started = time.monotonic()
        with pytest.raises(drdarrow.Error) as caught:
            connection.execute(sql).fetchall()
        assert caught.value.sqlcode == -952
        assert 0.9 < time.monotonic() - started < 15
        # Others are not concerned, nor is the connection.
        connection.rollback()
        assert connection.execute("SELECT A FROM T").fetchall() == [(1,)]


def test_time_in_which_nothing_is_asked_does_not_count():
    with server.serve(statement_timeout=0.5) as srv, srv.connect() as connection:
        connection.execute("CREATE TABLE T (A INTEGER)")
        cursor = connection.execute("SELECT COUNT(*) FROM T")
        time.sleep(1)
        assert cursor.fetchall() == [(0,)]
        assert connection.execute("SELECT COUNT(*) FROM T").fetchall() == [(0,)]


HOSTILE = (
    "SELECT * FROM T JOIN S USING (",
    "SELECT * FROM T WHERE A =",
    "= (",
    "SELECT * FROM (",
    "SELECT A FROM T WHERE (A = B AND ",
    "NATURAL ",
    "SELECT * FROM T GROUP BY (",
    "UNION ",
)


@pytest.mark.parametrize("start", HOSTILE)
def test_what_is_no_statement_is_counted_as_well(start: str):
    for sql in (start, start * 2000, start * 2000 + ")" * 2000):
        started = time.monotonic()
        found = joined(tokens.words(sql), lambda word, kind: Joined())
        assert found.tables >= 0
        assert time.monotonic() - started < 10
