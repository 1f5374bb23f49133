"""Units of work of the embedded server with DuckDB, judged by what is in the tables afterwards."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

import drdarrow
from drdarrow import server


@pytest.fixture(params=["luw", "ibmi", "zos", "derby"])
def srv(request: pytest.FixtureRequest) -> Iterator[server.Server]:
    with server.serve(duckdb.connect(), persona=request.param) as running:
        yield running


@pytest.fixture
def conn(srv: server.Server) -> Iterator[drdarrow.Connection]:
    with srv.connect() as connection:
        yield connection


def refused(conn: drdarrow.Connection, sql: str) -> str:
    with pytest.raises(drdarrow.Error) as caught:
        conn.execute(sql)
    return caught.value.sqlstate or ""


def test_a_change_whose_rows_are_asked_for_first_is_undone(conn: drdarrow.Connection) -> None:
    conn.execute("CREATE TABLE X (A INTEGER)")
    conn.execute("INSERT INTO X VALUES (1)")
    conn.commit()
    for sql in (
        "SELECT A FROM FINAL TABLE (INSERT INTO X VALUES (2))",
        "SELECT A FROM FINAL TABLE (UPDATE X SET A = 2)",
        "SELECT A + 1 FROM OLD TABLE (DELETE FROM X)",
    ):
        assert conn.execute(sql).fetchall() == [(2,)]
        conn.rollback()
        assert conn.execute("SELECT A FROM X").fetchall() == [(1,)]
        conn.commit()


def test_a_change_that_returns_rows_counts_them(conn: drdarrow.Connection) -> None:
    conn.execute("CREATE TABLE X (A INTEGER, B VARCHAR(3))")
    assert conn.execute("INSERT INTO X VALUES (7, 'a'), (8, 'b') RETURNING A").rowcount == 2
    assert conn.execute("UPDATE X SET A = 9 WHERE A = 7 RETURNING B").rowcount == 1
    assert conn.execute("DELETE FROM X RETURNING A").rowcount == 2


def test_a_key_that_is_added_does_not_look_at_blanks(conn: drdarrow.Connection) -> None:
    for n, added in enumerate(("ADD CONSTRAINT P PRIMARY KEY (K)", "ADD UNIQUE (A, K)", "ADD PRIMARY KEY (K)")):
        conn.execute(f"CREATE TABLE X{n} (K VARCHAR(5) NOT NULL, A INTEGER NOT NULL)")
        conn.commit()
        conn.execute(f"ALTER TABLE X{n} {added}")
        conn.commit()
        conn.execute(f"INSERT INTO X{n} VALUES ('a', 1), ('b', 1)")
        conn.commit()
        assert refused(conn, f"INSERT INTO X{n} VALUES ('a ', 1)") == "23505"
        conn.rollback()
        assert conn.execute(f"SELECT COUNT(*) FROM X{n}").fetchall() == [(2,)]
        conn.commit()


def test_rows_of_a_table_that_refers_to_itself_are_not_taken_back_one_by_one(conn: drdarrow.Connection) -> None:
    """DuckDB cannot: the savepoint is lost, and the transaction goes on."""
    conn.execute("CREATE TABLE S (A INTEGER NOT NULL PRIMARY KEY, P INTEGER REFERENCES S (A))")
    conn.execute("INSERT INTO S VALUES (1, NULL)")
    conn.commit()
    conn.execute("SAVEPOINT X ON ROLLBACK RETAIN CURSORS")
    conn.execute("INSERT INTO S VALUES (2, 1)")
    assert refused(conn, "ROLLBACK TO SAVEPOINT X") == "3B001"
    assert conn.execute("SELECT A FROM S ORDER BY A").fetchall() == [(1,), (2,)]
    conn.rollback()
    assert conn.execute("SELECT A FROM S").fetchall() == [(1,)]


def test_a_temporary_table_is_empty_after_a_rollback_if_it_says_so(conn: drdarrow.Connection) -> None:
    clauses = "ON COMMIT PRESERVE ROWS NOT LOGGED ON ROLLBACK DELETE ROWS"
    conn.execute(f"DECLARE GLOBAL TEMPORARY TABLE SESSION.D (A INTEGER) {clauses}")
    conn.execute("DECLARE GLOBAL TEMPORARY TABLE SESSION.K (A INTEGER) ON COMMIT PRESERVE ROWS")
    conn.execute("CREATE TABLE OTHER (A INTEGER)")
    conn.commit()
    for table in ("SESSION.D", "SESSION.K"):
        conn.execute(f"INSERT INTO {table} VALUES (1)")
    conn.commit()
    conn.execute("INSERT INTO OTHER SELECT A FROM SESSION.D")
    conn.rollback()
    assert conn.execute("SELECT A FROM SESSION.D").fetchall() == [(1,)]
    for table in ("SESSION.D", "SESSION.K"):
        conn.cursor().executemany(f"INSERT INTO {table} VALUES (?)", [(2,), (3,)])
    conn.rollback()
    assert conn.execute("SELECT A FROM SESSION.D").fetchall() == []
    assert conn.execute("SELECT A FROM SESSION.K").fetchall() == [(1,)]
    asked = "DECLARE GLOBAL TEMPORARY TABLE SESSION.P (A INTEGER) NOT LOGGED ON ROLLBACK PRESERVE ROWS"
    assert refused(conn, asked) == "42997"
