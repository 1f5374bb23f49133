"""Words of definitions that DuckDB forgets are in a database file when it is served again; and only those that hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest

import drdarrow
from drdarrow import server

DEFINITIONS = (
    "CREATE TABLE P (ID INTEGER NOT NULL, CONSTRAINT PK_P PRIMARY KEY (ID))",
    "CREATE TABLE T (A INTEGER NOT NULL, B CHAR(7), C VARCHAR(33) DEFAULT 'none', D INTEGER, "
    "CONSTRAINT PK_T PRIMARY KEY (A), CONSTRAINT FK_T FOREIGN KEY (D) REFERENCES P (ID), "
    "CONSTRAINT CK_T CHECK (A > 0))",
    "CREATE INDEX IX_T ON T (C DESC, A)",
    "LABEL ON COLUMN T.B IS 'seven'",
    "COMMENT ON T (A IS 'the key', C IS 'words')",
    "CREATE VIEW V AS SELECT A, B FROM T",
    'CREATE TABLE "my s"."my t" (A INTEGER, "b" INTEGER)',
    'CREATE INDEX "my s"."my ix" ON "my s"."my t" ("b", A)',
)
QUESTIONS = (
    "SELECT TABNAME, COLNAME, TYPENAME, LENGTH, REMARKS FROM SYSCAT.COLUMNS WHERE TABSCHEMA = CURRENT SCHEMA "
    "ORDER BY TABNAME, COLNO",
    "SELECT CONSTNAME, TYPE FROM SYSCAT.TABCONST ORDER BY CONSTNAME",
    "SELECT INDNAME, COLNAME, COLORDER FROM SYSCAT.INDEXCOLUSE ORDER BY INDNAME, COLSEQ",
    "SELECT TABSCHEMA, TABNAME FROM SYSCAT.TABLES ORDER BY 1, 2",
    "SELECT SCHEMANAME FROM SYSCAT.SCHEMATA ORDER BY 1",
    "SELECT VIEWNAME, TEXT FROM SYSCAT.VIEWS",
)
LENGTHS = "SELECT COLNAME, TYPENAME, LENGTH FROM SYSCAT.COLUMNS WHERE TABNAME = 'T' ORDER BY COLNO"


@pytest.fixture
def served(tmp_path: Path) -> Callable:
    @contextmanager
    def serve(**settings: object) -> Iterator[drdarrow.Connection]:
        with (
            duckdb.connect(str(tmp_path / "kept.duckdb")) as source,
            server.serve(source, **settings) as srv,
            srv.connect() as connection,
        ):
            yield connection

    return serve


def answers(connection: drdarrow.Connection) -> list[list[tuple]]:
    return [connection.execute(sql).fetchall() for sql in QUESTIONS]


def define(connection: drdarrow.Connection, *definitions: str) -> None:
    for sql in definitions:
        connection.execute(sql)
    connection.commit()


def test_what_was_said_is_there_when_the_file_is_served_again(served: Callable) -> None:
    with served() as connection:
        define(connection, *DEFINITIONS)
        said = answers(connection)
    assert said[1] == [("CK_T", "K"), ("FK_T", "F"), ("PK_P", "P"), ("PK_T", "P")]
    assert ("T", "B", "CHARACTER", 7, None) in said[0]
    assert ("my s", "my t") in said[3] and ("my ix", "b", "A") in said[2]
    assert [("IX_T", "C", "D"), ("IX_T", "A", "A")] == [row for row in said[2] if row[0] == "IX_T"]
    for settings in ({}, {"read_only": True}, {"external_access": True}):
        with served(**settings) as connection:
            assert answers(connection) == said
            assert connection.execute("SELECT B FROM T").description[0][3] == 7


def test_it_goes_with_its_transaction_and_follows_its_table(served: Callable) -> None:
    with served() as connection:
        define(connection, *DEFINITIONS)
        connection.execute("COMMENT ON T (A IS 'not said')")
        connection.execute("CREATE TABLE N (A CHAR(3))")
        connection.rollback()
        # The words about the others hold.
        define(connection, "ALTER TABLE T ADD COLUMN E CHAR(9)", "CREATE TABLE G (A INTEGER)")
        define(connection, "DROP TABLE G")
        define(connection, "CREATE TABLE H (A CHAR(4), B INTEGER)", "COMMENT ON H (A IS 'stays')")
        define(connection, "ALTER TABLE H DROP COLUMN B")
        said = answers(connection)
    assert ("H", "A", "CHARACTER", 4, "stays") in said[0]
    with served() as connection:
        assert answers(connection) == said
        assert connection.execute(LENGTHS).fetchall()[-1] == ("E", "CHARACTER", 9)
        define(connection, "DROP VIEW V", "DROP TABLE T", "CREATE TABLE T (B VARCHAR(5))")
    with served() as connection:
        assert connection.execute(LENGTHS).fetchall() == [("B", "VARCHAR", 5)]
        assert connection.execute("SELECT CONSTNAME FROM SYSCAT.TABCONST").fetchall() == [("PK_P",)]


def test_what_holds_no_more_is_left_out(served: Callable, tmp_path: Path) -> None:
    with served() as connection:
        define(connection, "CREATE TABLE T (A CHAR(7))", "CREATE TABLE U (A CHAR(7))", "CREATE TABLE W (A CHAR(7))")
    with duckdb.connect(str(tmp_path / "kept.duckdb")) as others:
        # By other means than ours; and rows that cannot be read.
        others.execute("DROP TABLE T; CREATE TABLE T (X INTEGER, A VARCHAR)")
        others.execute("UPDATE drdarrow_kept.entries SET said = '[1, {\"a\"' WHERE name LIKE '%U%'")
        others.execute("INSERT INTO drdarrow_kept.entries VALUES ('table', 'no', NULL, '[]'), (NULL, NULL, '{}', NULL)")
    with served() as connection:
        lengths = "SELECT TABNAME, TYPENAME FROM SYSCAT.COLUMNS WHERE COLNAME = 'A' ORDER BY TABNAME"
        found = dict(connection.execute(lengths).fetchall())
        assert (found["T"], found["U"], found["W"]) == ("VARCHAR", "VARCHAR", "CHARACTER")
        define(connection, "CREATE TABLE T2 (A CHAR(2))")


def test_clients_neither_see_nor_reach_it(served: Callable) -> None:
    with served() as connection:
        define(connection, *DEFINITIONS)
        for sql in (
            "SELECT * FROM drdarrow_kept.entries",
            'DELETE FROM "drdarrow_kept"."entries"',
            "DROP SCHEMA DRDARROW_KEPT CASCADE",
            "SET SCHEMA drdarrow_kept",
            "SET CURRENT SCHEMA = 'drdarrow_kept'",
        ):
            with pytest.raises(drdarrow.Error) as caught:
                connection.execute(sql)
            assert caught.value.sqlcode == -204, sql
        # In a text it is a text.
        assert connection.execute("VALUES 'about drdarrow_kept'").fetchone() == ("about drdarrow_kept",)
        assert not [row for answer in answers(connection) for row in answer if "KEPT" in str(row).upper()]


def test_a_file_that_nothing_is_said_of_stays_as_it_is(served: Callable, tmp_path: Path) -> None:
    with served() as connection:
        connection.execute("SELECT COUNT(*) FROM SYSCAT.TABLES").fetchall()
        connection.commit()
    with duckdb.connect(str(tmp_path / "kept.duckdb")) as others:
        assert others.execute("SELECT schema_name FROM duckdb_schemas() WHERE NOT internal").fetchall() == []


def test_a_name_that_others_made_anew_is_in_upper_case(served: Callable, tmp_path: Path) -> None:
    with served() as connection:
        define(connection, 'CREATE TABLE "one" (A INTEGER)', 'CREATE TABLE "two" (A INTEGER)', 'CREATE SEQUENCE "three"')
    with duckdb.connect(str(tmp_path / "kept.duckdb")) as others:
        others.execute("DROP TABLE one; CREATE TABLE One (A INTEGER); CREATE TABLE four (A INTEGER)")
    with served() as connection:
        tables = "SELECT TABNAME FROM SYSCAT.TABLES WHERE TABSCHEMA = CURRENT SCHEMA ORDER BY 1"
        assert connection.execute(tables).fetchall() == [("FOUR",), ("ONE",), ("two",)]
        assert connection.execute("SELECT SEQNAME FROM SYSCAT.SEQUENCES").fetchall() == [("three",)]
