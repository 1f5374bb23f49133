"""Rows that fail while they are read cost DuckDB's transaction: that is told before anything else is done in its name.
DuckDB is the judge: the table afterwards."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

import drdarrow
from drdarrow import server

PERSONAS = ("luw", "derby")

#: The last rows fail: more rows before them than are sent with the first.
FAILS = "SELECT N, CAST(S AS INTEGER) FROM BIG"


@pytest.fixture(scope="module")
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    # With more threads than one DuckDB may come to the rows that fail before the first one is read.
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.execute("CREATE TABLE T(A INTEGER)")
        connection.execute(
            "CREATE TABLE BIG AS SELECT range::INTEGER AS N, "
            "CASE WHEN range = 1500000 THEN 'bad' ELSE '7' END AS S FROM range(2000000)"
        )
        yield connection


@pytest.fixture(params=PERSONAS)
def conn(request: pytest.FixtureRequest, database: duckdb.DuckDBPyConnection) -> Iterator[drdarrow.Connection]:
    database.execute("DELETE FROM T")
    with server.serve(database, persona=request.param) as running, running.connect() as connection:
        yield connection


def reading(conn: drdarrow.Connection) -> drdarrow.Cursor:
    """A query in the transaction of a change, with its first row read."""
    conn.execute("INSERT INTO T VALUES (1)")
    cursor = conn.cursor()
    cursor.execute(FAILS)
    assert cursor.fetchone() == (0, 7)
    return cursor


def table(database: duckdb.DuckDBPyConnection) -> list[tuple[int]]:
    return database.execute("SELECT A FROM T ORDER BY A").fetchall()


@pytest.mark.parametrize("sql", ["INSERT INTO T VALUES (2)", "SELECT COUNT(*) FROM T"])
def test_rows_that_are_read_ahead(conn: drdarrow.Connection, database: duckdb.DuckDBPyConnection, sql: str) -> None:
    """The statement that comes next is not run in a transaction of its own."""
    cursor = reading(conn)
    with pytest.raises(drdarrow.Error) as caught:
        conn.execute(sql)
    assert caught.value.sqlstate == "40506"
    cursor.close()
    conn.commit()
    assert table(database) == []
    conn.execute("INSERT INTO T VALUES (3)")
    conn.commit()
    assert table(database) == [(3,)]


def test_rows_that_are_read(conn: drdarrow.Connection, database: duckdb.DuckDBPyConnection) -> None:
    """It is told once."""
    cursor = reading(conn)
    with pytest.raises(drdarrow.Error) as caught:
        cursor.fetchall()
    assert caught.value.sqlstate == "40506"
    cursor.close()
    conn.execute("INSERT INTO T VALUES (2)")
    conn.commit()
    assert table(database) == [(2,)]


def test_a_rollback_settles_it(conn: drdarrow.Connection, database: duckdb.DuckDBPyConnection) -> None:
    reading(conn)
    conn.rollback()
    conn.execute("INSERT INTO T VALUES (2)")
    conn.commit()
    assert table(database) == [(2,)]


KEPT = [
    "DROP TABLE NOT_THERE", "DROP SEQUENCE NOT_THERE", "SELECT A FROM NOT_THERE", "SELECT B FROM N", "SELEC",
    "INSERT INTO NOT_THERE VALUES (1)", "INSERT INTO N (B) VALUES (1)", "INSERT INTO N VALUES (1, 2)",
    "UPDATE NOT_THERE SET A = 1", "UPDATE N SET B = 1", "DELETE FROM NOT_THERE", "DELETE FROM N WHERE B = 1",
    "CREATE TABLE N (A INTEGER)", "CREATE VIEW N AS SELECT A FROM T", "CREATE VIEW V AS SELECT A FROM NOT_THERE",
    "CREATE TABLE C (A INTEGER REFERENCES NOT_THERE (A))", "CREATE INDEX I ON N (B)", "CREATE INDEX I ON NOT_THERE (B)",
    "ALTER TABLE N DROP COLUMN B", "ALTER TABLE N ADD COLUMN A INTEGER", "ALTER TABLE NOT_THERE ADD COLUMN B INTEGER",
    "CREATE SCHEMA MAIN", "VALUES NEXT VALUE FOR NOT_THERE", "COMMENT ON TABLE NOT_THERE IS 'x'",
    # Rows that the table does not take are found before they are inserted.
    "INSERT INTO N VALUES ('x')", "INSERT INTO N VALUES (NULL)", "INSERT INTO N VALUES (1)",
    "INSERT INTO N VALUES (CAST('x' AS INTEGER))", "INSERT INTO O (B) VALUES (1)",
]  # fmt: skip


@pytest.mark.parametrize("sql", KEPT)
def test_a_statement_that_names_what_is_not_there_costs_nothing(
    conn: drdarrow.Connection, database: duckdb.DuckDBPyConnection, sql: str
) -> None:
    conn.execute("CREATE TABLE N (A INTEGER NOT NULL PRIMARY KEY)")
    conn.execute("CREATE TABLE O (A INTEGER NOT NULL, B INTEGER)")
    conn.execute("INSERT INTO N VALUES (1)")
    conn.execute("INSERT INTO T VALUES (1)")
    for _ in range(2):
        with pytest.raises(drdarrow.DatabaseError) as caught:
            conn.execute(sql)
        assert caught.value.sqlstate != "40506"
    conn.execute("INSERT INTO T VALUES (2)")
    assert conn.execute("SELECT A FROM N").fetchall() == [(1,)]
    conn.execute("DROP TABLE N")
    conn.execute("DROP TABLE O")
    conn.commit()
    assert table(database) == [(1,), (2,)]


def test_an_index_has_its_name_in_the_schema_of_its_table() -> None:
    """A name that is taken is told before DuckDB runs, and one of another schema is free."""
    with server.serve(duckdb.connect()) as srv, srv.connect() as connection:
        for schema in ("A", "B"):
            connection.execute(f"CREATE SCHEMA {schema}")
            connection.execute(f"CREATE TABLE {schema}.T (ID INTEGER)")
        connection.commit()
        connection.execute("INSERT INTO A.T VALUES (1)")
        connection.execute("CREATE INDEX A.BY_ID ON A.T (ID)")
        connection.execute("CREATE INDEX B.BY_ID ON B.T (ID)")
        with pytest.raises(drdarrow.ProgrammingError) as caught:
            connection.execute("CREATE INDEX B.BY_ID ON B.T (ID)")
        assert caught.value.sqlcode == -601
        assert connection.execute("SELECT ID FROM A.T").fetchall() == [(1,)]
