"""Columns as they were declared: names in quotes, lengths that are not told, rights."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest
from apart import apart
from serving import dsn

import drdarrow
from drdarrow import server

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def served() -> Iterator[server.Server]:
    with server.serve(duckdb.connect(), persona="luw", users={"user": "secret"}) as running:
        yield running


@pytest.fixture
def connection(served: server.Server) -> Iterator[drdarrow.Connection]:
    with drdarrow.connect(served.uri, password="secret", autocommit=True) as opened:
        yield opened


def test_names_in_quotes_keep_their_spelling(connection: drdarrow.Connection):
    connection.execute('CREATE TABLE N ("Id" INTEGER, name VARCHAR(5), "ñéü" VARCHAR(5))')

    def names(sql: str) -> list[str]:
        cursor = connection.execute(sql)
        return [column[0] for column in cursor.description or ()]

    assert names("SELECT * FROM N") == ["Id", "NAME", "ñéü"]
    assert names('SELECT "ñéü", name AS "n", "Id" AS B FROM N') == ["ñéü", "n", "B"]


def test_large_objects_without_a_length_have_a_megabyte(connection: drdarrow.Connection):
    connection.execute("CREATE TABLE L (A BLOB, B CLOB)")
    lengths = connection.execute("SELECT COLNAME, LENGTH FROM SYSCAT.COLUMNS WHERE TABNAME = 'L'").fetchall()
    assert sorted(lengths) == [("A", 1 << 20), ("B", 1 << 20)]
    connection.execute("INSERT INTO L VALUES (?, NULL)", (bytes(1 << 20),))


def test_any_number_but_zero_is_a_true_boolean(served: server.Server):
    made = ["CREATE PROCEDURE P (IN A BOOLEAN, OUT B VARCHAR(5)) SET B = CASE WHEN A THEN 'yes' ELSE 'no' END"]
    assert apart("ibm.called", dsn(served.port), made, "P", (11, "")) [0][1] == "yes"
    assert apart("ibm.called", dsn(served.port), [], "P", (0, "")) [0][1] == "no"


def test_catalogs_tell_indexes_before_tables_and_the_rights_of_owners(
    served: server.Server, connection: drdarrow.Connection
):
    connection.execute("CREATE TABLE T (A INTEGER)")
    connection.execute("CREATE UNIQUE INDEX I ON T (A)")
    calls = [("statistics", ("MAIN", "T", True)), ("column_privileges", ("MAIN", "T"))]
    statistics, rights = apart("catalogs.catalog_functions", dsn(served.port), calls, seconds=60)
    assert [row["INDEX_NAME"] for row in statistics] == ["I", None]
    asked = [(row["GRANTEE"], row["PRIVILEGE"], row["IS_GRANTABLE"]) for row in rights][:2]
    assert asked == [("MAIN", "INSERT", "YES"), ("PUBLIC", "INSERT", "NO")]
