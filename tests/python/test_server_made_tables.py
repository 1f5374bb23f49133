"""Tables that are made like others, defaults without values and of the session, foreign keys that cannot be right."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from decimal import Decimal

import duckdb
import pytest

import drdarrow
from drdarrow import server

COLUMNS = (
    "A INTEGER NOT NULL DEFAULT 5, B CHAR(3) DEFAULT 'x', C DATE WITH DEFAULT, D DECIMAL(5, 2) NOT NULL WITH DEFAULT, "
    'E VARCHAR(10) FOR BIT DATA, F TIMESTAMP(3), G DECFLOAT(16), H BINARY(3) DEFAULT, "my col" VARCHAR(7) '
    "NOT NULL DEFAULT 'it''s', I CHAR(8) DEFAULT USER, J VARCHAR(128) DEFAULT CURRENT SCHEMA"
)


@pytest.fixture(scope="module", params=["luw", "ibmi", "zos", "derby"])
def served(request: pytest.FixtureRequest) -> Iterator[server.Server]:
    with server.serve(duckdb.connect(), persona=request.param, users={"ann": "pw", "bob": "pw"}) as running:
        yield running


@pytest.fixture
def connection(served: server.Server) -> Iterator[drdarrow.Connection]:
    with served.connect(user="ann", password="pw") as opened:
        yield opened
        opened.rollback()


def rows(connection: drdarrow.Connection, sql: str) -> list[tuple[object, ...]]:
    return connection.execute(sql).fetchall()


def failed(connection: drdarrow.Connection, sql: str) -> str:
    with pytest.raises(drdarrow.Error) as error:
        connection.execute(sql)
    return str(error.value)


def test_a_table_like_another_has_its_columns(connection: drdarrow.Connection) -> None:
    connection.execute(f"CREATE TABLE T ({COLUMNS})")
    connection.execute("CREATE TABLE X LIKE T")
    about = [[row._replace(table="") for row in connection.columns(name)] for name in ("T", "X")]
    assert len(about[0]) == 11 and about[0] == about[1]
    connection.execute("INSERT INTO X (E) VALUES (X'01')")
    [row] = rows(connection, "SELECT * FROM X")
    day = row[2]
    assert isinstance(day, datetime.date)
    assert row == (5, "x  ", day, Decimal("0.00"), b"\x01", None, None, b"\0\0\0", "it's", "ANN     ", "ANN")
    connection.execute("CREATE TABLE Y LIKE ANN.T EXCLUDING COLUMN DEFAULTS")
    assert "A" in failed(connection, 'INSERT INTO Y (D, "my col") VALUES (1, \'\')')
    connection.execute("CREATE VIEW V AS SELECT B AS BB FROM T")
    connection.execute("CREATE TABLE Z LIKE V")
    assert "BB" in failed(connection, "INSERT INTO Z VALUES ('abcd')")
    assert "NOWHERE" in failed(connection, "CREATE TABLE N LIKE NOWHERE")


def test_identity_is_not_copied_without_a_word(connection: drdarrow.Connection) -> None:
    connection.execute("CREATE TABLE I1 (A INTEGER GENERATED ALWAYS AS IDENTITY, B INTEGER)")
    connection.execute("CREATE TABLE I2 LIKE I1")
    connection.execute("INSERT INTO I2 VALUES (9, 1)")
    assert "INCLUDING IDENTITY" in failed(connection, "CREATE TABLE I3 LIKE I1 INCLUDING IDENTITY")


def test_a_default_of_the_session_is_that_of_whoever_inserts(
    served: server.Server, connection: drdarrow.Connection
) -> None:
    connection.execute("CREATE TABLE AUDIT (N INTEGER, WHO VARCHAR(20) DEFAULT USER, SC VARCHAR(20) DEFAULT CURRENT SCHEMA)")
    connection.execute("INSERT INTO AUDIT (N) VALUES (1)")
    connection.commit()
    with served.connect(user="bob", password="pw") as bob:
        bob.execute("INSERT INTO AUDIT (N) VALUES (2)")
        bob.execute("SET SCHEMA MAIN")
        bob.execute("INSERT INTO AUDIT (N) VALUES (3)")
        bob.commit()
    found = rows(connection, "SELECT * FROM AUDIT ORDER BY N")
    connection.execute("DROP TABLE AUDIT")
    connection.commit()
    assert found == [(1, "ANN", "ANN"), (2, "BOB", "BOB"), (3, "BOB", "MAIN")]


def test_a_column_with_a_default_may_be_added_not_null(connection: drdarrow.Connection) -> None:
    connection.execute("CREATE TABLE T (A INTEGER)")
    connection.execute("INSERT INTO T VALUES (1)")
    connection.execute("ALTER TABLE T ADD COLUMN B INTEGER NOT NULL WITH DEFAULT")
    connection.execute("ALTER TABLE T ADD COLUMN C CHAR(2) NOT NULL DEFAULT 'x'")
    assert rows(connection, "SELECT * FROM T") == [(1, 0, "x ")]
    assert "B" in failed(connection, "INSERT INTO T (A, B) VALUES (1, NULL)")


def test_the_column_default_of_a_catalog_needs_no_quotes() -> None:
    with server.serve(duckdb.connect(), persona="luw") as running, running.connect() as connection:
        connection.execute("CREATE TABLE T (A INTEGER DEFAULT 7)")
        for sql in (
            "SELECT DEFAULT FROM SYSCAT.COLUMNS WHERE TABNAME = 'T'",
            "SELECT COALESCE(DEFAULT, '') AS D FROM SYSCAT.COLUMNS WHERE TABNAME = 'T' AND DEFAULT IS NOT NULL",
            "SELECT C.DEFAULT FROM SYSCAT.COLUMNS C WHERE C.TABNAME = 'T' ORDER BY DEFAULT",
        ):
            assert rows(connection, sql) == [("7",)], sql


@pytest.mark.parametrize(
    ("column", "reason"),
    [
        ("K CHAR(4) REFERENCES P (N)", "K CHAR(4) to N CHAR(3)"),
        ("K CHAR(5) REFERENCES P", "K CHAR(5) to K VARCHAR(5)"),
        ("K VARCHAR(3), CONSTRAINT F FOREIGN KEY (K) REFERENCES P (N)", "K VARCHAR(3) to N CHAR(3)"),
    ],
)
def test_a_foreign_key_that_would_equal_nothing_is_refused(
    connection: drdarrow.Connection, column: str, reason: str
) -> None:
    connection.execute("CREATE TABLE P (K VARCHAR(5) NOT NULL PRIMARY KEY, N CHAR(3) NOT NULL UNIQUE)")
    connection.execute("INSERT INTO P VALUES ('a', 'b')")
    assert reason in failed(connection, f"CREATE TABLE C ({column})")
    connection.execute("CREATE TABLE C (K CHAR(3) REFERENCES P (N), M VARCHAR(9) REFERENCES P)")
    connection.execute("INSERT INTO C VALUES ('b', 'a')")
    assert "ALTER TABLE" in failed(connection, "ALTER TABLE C ADD FOREIGN KEY (M) REFERENCES P")
    # What came before is there.
    assert rows(connection, "SELECT * FROM P") == [("a", "b  ")]
