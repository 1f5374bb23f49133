"""SET of several columns to a query, RENAME, and rules of foreign keys: they do as Db2 does, or are refused by name."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

import drdarrow
from drdarrow import server


@pytest.fixture(params=["luw", "ibmi", "zos"])
def conn(request: pytest.FixtureRequest) -> Iterator[drdarrow.Connection]:
    with server.serve(duckdb.connect(), persona=request.param) as srv, srv.connect(autocommit=True) as connection:
        connection.execute("CREATE TABLE T (A INTEGER NOT NULL, B VARCHAR(3), C DECIMAL(5,1))")
        connection.execute("INSERT INTO T VALUES (1, 'a', 1), (2, 'b', 2), (3, 'c', 3)")
        connection.execute("CREATE TABLE S (K INTEGER, B VARCHAR(9), C DOUBLE)")
        connection.execute("INSERT INTO S VALUES (2, 'new', 20.49), (3, 'x', NULL), (3, 'y', 7)")
        yield connection


def rows(connection: drdarrow.Connection, table: str = "T") -> list[tuple]:
    return [(a, b, None if c is None else float(c)) for a, b, c in connection.execute(f"SELECT A, B, C FROM {table} ORDER BY A").fetchall()]


def refused(connection: drdarrow.Connection, sql: str, *values: object) -> tuple[str | None, str]:
    before = rows(connection)
    with pytest.raises(drdarrow.Error) as caught:
        connection.execute(sql, values)
    assert rows(connection) == before
    return caught.value.sqlstate, str(caught.value)


def test_columns_are_set_to_a_row_of_a_query(conn: drdarrow.Connection) -> None:
    conn.execute("UPDATE T SET (B, C) = (SELECT B, C FROM S WHERE K = T.A) WHERE A < 3")
    # No row is a row of NULL.
    assert rows(conn) == [(1, None, None), (2, "new", 20.4), (3, "c", 3.0)]
    conn.execute("UPDATE T AS X SET (A, B) = (SELECT MAX(K) + X.A, MIN(B) FROM S WHERE K = 3 GROUP BY K), C = 5 WHERE X.A = 3")
    assert rows(conn)[-1] == (6, "x", 5.0)
    # Both are as they were before.
    conn.execute("UPDATE T AS X SET (A, C) = (SELECT X.C, X.A FROM S WHERE K = 2) WHERE A = 6")
    assert rows(conn)[-1] == (5, "x", 6.0)
    conn.execute(
        "MERGE INTO T USING (VALUES (5, 9)) AS Q (A, N) ON T.A = Q.A WHEN MATCHED THEN UPDATE SET (B, C) = (SELECT B, N FROM S WHERE K = 2)"
    )
    assert rows(conn)[-1] == (5, "new", 9.0)
    conn.execute("UPDATE T SET (B, C) = (SELECT DISTINCT 'q', T.A + 1 FROM S UNION SELECT 'q', T.A + 1 FROM S) WHERE A = 5")
    assert rows(conn)[-1] == (5, "q", 6.0)
    conn.execute("UPDATE T SET (B, C) = (SELECT 'n', COUNT(*) FROM S WHERE K = T.A) WHERE A = 5")
    assert rows(conn)[-1] == (5, "n", 0.0)
    sql = "SELECT B, C FROM FINAL TABLE (UPDATE T SET (B, C) = (SELECT 'f', COUNT(*) FROM S) WHERE A = 5)"
    assert [(b, float(c)) for b, c in conn.execute(sql).fetchall()] == [("f", 3.0)]


@pytest.mark.parametrize(
    ("sql", "state", "word"),
    [
        ("UPDATE T SET (B, C) = (SELECT B FROM S WHERE K = 2)", "42802", ""),
        ("UPDATE T SET (B, C) = (SELECT B, C, K FROM S WHERE K = 2)", "42802", ""),
        ("UPDATE T SET (B, C) = (SELECT B, C FROM S)", "21000", ""),
        ("UPDATE T SET (B, C) = (SELECT 'long', 1 FROM S WHERE K = 2)", "22001", ""),
        ("UPDATE T SET (B, C) = (SELECT B, C FROM S WHERE K = 2), B = 'x'", "42701", "B"),
        ("UPDATE T SET (B, C) = (SELECT * FROM S)", "42997", "SET of several columns to a query with *"),
        ("UPDATE T SET (B, C) = (SELECT S.* FROM S)", "42997", "SET of several columns to a query with *"),
        ("UPDATE T SET (B, C) = (SELECT B, C FROM S ORDER BY K FETCH FIRST ROW ONLY)", "42997", "with FETCH"),
        ("UPDATE T SET (B, C) = (SELECT DISTINCT B, C FROM S UNION SELECT B, C FROM S)", "21000", ""),
        ("UPDATE T SET (B, C) = (SELECT 'x', RAND() FROM S)", "42997", "with RAND"),
        ("UPDATE T SET (B, C) = (SELECT B, C FROM S WHERE K = ?)", "42997", "with a marker"),
        ("UPDATE T SET (B, C) = (VALUES ('x', 1))", "42997", "begins with VALUES"),
    ],
)
def test_a_query_that_is_not_taken_apart_is_refused(conn: drdarrow.Connection, sql: str, state: str, word: str) -> None:
    found, message = refused(conn, sql, *[2] * sql.count("?"))
    assert found == state and word in message


def test_a_table_has_another_name(conn: drdarrow.Connection) -> None:
    conn.execute("RENAME TABLE T TO U")
    assert len(rows(conn, "U")) == 3
    with pytest.raises(drdarrow.ProgrammingError, match="-204"):
        conn.execute("SELECT * FROM T")
    # Its columns are what they were.
    with pytest.raises(drdarrow.DataError):
        conn.execute("UPDATE U SET B = 'long'")
    conn.execute('RENAME U TO "t"')
    conn.execute('RENAME TABLE "t" TO T')
    for sql, state in (
        ("RENAME TABLE NONE TO N", "42704"), ("RENAME TABLE T TO S", "42710"), ("RENAME TABLE T", "42601"),
        ("RENAME TABLE T TO", "42601"), ("RENAME TABLE T TO A B", "42601"), ("RENAME INDEX I TO J", "42997"),
        ("RENAME COLUMN T.A TO Z", "42601"),
    ):  # fmt: skip
        assert refused(conn, sql)[0] == state, sql


@pytest.mark.parametrize("rule", ["ON DELETE CASCADE", "ON DELETE SET NULL", "ON DELETE SET DEFAULT", "ON UPDATE CASCADE"])
def test_rules_that_would_change_rows_are_refused_by_name(conn: drdarrow.Connection, rule: str) -> None:
    conn.execute("CREATE TABLE P (A INTEGER NOT NULL PRIMARY KEY)")
    for sql in (
        f"CREATE TABLE F (A INTEGER, FOREIGN KEY (A) REFERENCES P (A) {rule})",
        f"CREATE TABLE F (A INTEGER REFERENCES P {rule})",
        f"ALTER TABLE T ADD CONSTRAINT K FOREIGN KEY (A) REFERENCES P (A) {rule}",
    ):
        state, message = refused(conn, sql)
        assert state == "42997" and rule in message, sql


@pytest.mark.parametrize("rule", ["", "ON DELETE RESTRICT", "ON DELETE NO ACTION", "ON DELETE RESTRICT ON UPDATE RESTRICT"])
def test_rules_that_forbid_a_change_do_so(conn: drdarrow.Connection, rule: str) -> None:
    conn.execute("CREATE TABLE P (A INTEGER NOT NULL PRIMARY KEY)")
    conn.execute("INSERT INTO P VALUES (1), (2)")
    conn.execute(f"CREATE TABLE F (A INTEGER, FOREIGN KEY (A) REFERENCES P (A) {rule})")
    conn.execute("INSERT INTO F VALUES (1), (NULL)")
    assert refused(conn, "DELETE FROM P WHERE A = 1")[0] == "23504"
    conn.execute("DELETE FROM P WHERE A = 2")
    assert conn.execute("SELECT A FROM P").fetchall() == [(1,)]
    assert refused(conn, "INSERT INTO F VALUES (2)")[0] == "23503"


def test_derby_renames_columns_as_well() -> None:
    with server.serve(duckdb.connect(), persona="derby") as srv, srv.connect(autocommit=True) as connection:
        connection.execute("CREATE TABLE T (A INTEGER, B CHAR(3))")
        connection.execute("INSERT INTO T VALUES (1, 'x')")
        connection.execute("RENAME COLUMN T.B TO V")
        connection.execute("RENAME TABLE T TO U")
        assert connection.execute("SELECT V FROM U WHERE V = 'x'").fetchall() == [("x  ",)]
