"""Tables and views that are made of queries: their columns are those of the query, with types, lengths and names."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest

import drdarrow
from drdarrow import server

TABLE = 'CREATE TABLE D (ID INTEGER, D DECFLOAT, E DECFLOAT(16), V VARCHAR(10), "low" CHAR(3), B CHAR(2) FOR BIT DATA)'
#: Name, type and length of its columns.
COLUMNS = [
    ("ID", "INTEGER", 4),
    ("D", "DECFLOAT", 16),
    ("E", "DECFLOAT", 8),
    ("V", "VARCHAR", 10),
    ("low", "CHARACTER", 3),
    ("B", "CHARACTER", 2),
]


@pytest.fixture
def connection(luw_server: server.Server) -> Iterator[drdarrow.Connection]:
    with luw_server.connect() as opened:
        opened.execute(TABLE)
        opened.execute("INSERT INTO D VALUES (1, 1.5, 2.5, 'x', 'abc', X'0102')")
        yield opened
        opened.rollback()


def columns(connection: drdarrow.Connection, table: str) -> list[tuple[str, str, int]]:
    rows = connection.execute(
        "SELECT COLNAME, TYPENAME, LENGTH FROM SYSCAT.COLUMNS WHERE TABNAME = ? ORDER BY COLNO", (table,)
    )
    return [(name, kind, length) for name, kind, length in rows.fetchall()]


def titles(connection: drdarrow.Connection, sql: str) -> list[str]:
    cursor = connection.execute(sql)
    assert cursor.description is not None
    return [column[0] for column in cursor.description]


@pytest.mark.parametrize(
    ("after", "rows"),
    [
        ("WITH DATA", 1),
        ("WITH NO DATA", 0),
        ("DEFINITION ONLY", 0),
        ("DEFINITION ONLY INCLUDING COLUMN DEFAULTS EXCLUDING IDENTITY", 0),
    ],
)
def test_a_table_that_is_made_of_a_query_has_its_columns(connection: drdarrow.Connection, after: str, rows: int):
    connection.execute(f"CREATE TABLE T AS (SELECT * FROM D) {after}")
    assert columns(connection, "T") == COLUMNS
    cursor = connection.execute("SELECT * FROM T")
    found = cursor.fetchall()
    assert found == [(1, Decimal("1.5"), Decimal("2.5"), "x", "abc", b"\1\2")][:rows]
    assert cursor.description is not None
    assert [column[0] for column in cursor.description] == [name for name, _, _ in COLUMNS]
    # The lengths hold for what is stored.
    with pytest.raises(drdarrow.Error, match=r"V: 11 do not fit into 10 .*SQLCODE -433"):
        connection.execute("INSERT INTO T (V) VALUES ('12345678901')")


def test_the_types_of_expressions_are_those_of_columns_made_of_them(connection: drdarrow.Connection):
    query = """SELECT DECFLOAT(D) AS F, D + 1 AS G, CAST(ID AS DECFLOAT(16)) AS H, V || 'a' AS "both", CAST(V AS CHAR(4)) AS C FROM D"""
    expected = [
        ("F", "DECFLOAT", 16),
        ("G", "DECFLOAT", 16),
        ("H", "DECFLOAT", 8),
        ("both", "VARCHAR", 11),
        ("C", "CHARACTER", 4),
    ]
    row = (Decimal("1.5"), Decimal("2.5"), Decimal(1), "xa", "x   ")
    connection.execute(f"CREATE TABLE T AS ({query}) WITH DATA")
    connection.execute(f"CREATE VIEW W AS {query}")
    connection.execute("CREATE VIEW W2 AS SELECT * FROM W")
    connection.execute(f'CREATE TABLE N (A, "b", C, D, "e") AS ({query}) WITH DATA')
    for table in ("T", "W", "W2"):
        assert columns(connection, table) == expected, table
        assert connection.execute(f"SELECT * FROM {table}").fetchall() == [row]
        assert titles(connection, f"SELECT * FROM {table}") == [name for name, _, _ in expected]
    assert [name for name, _, _ in columns(connection, "N")] == ["A", "b", "C", "D", "e"]
    assert [kind for _, *kind in columns(connection, "N")] == [kind for _, *kind in expected]


def test_names_in_quotes_stay_as_they_are_in_results(connection: drdarrow.Connection):
    for sql, names in (
        ('SELECT * FROM (SELECT "low", ID AS "iD", V AS Plain FROM D) Q', ["low", "iD", "PLAIN"]),
        ('WITH Q AS (SELECT "low", ID AS "iD" FROM D) SELECT * FROM Q', ["low", "iD"]),
        ("SELECT * FROM D UNION SELECT * FROM D", [name for name, _, _ in COLUMNS]),
        ("SELECT A.*, B.* FROM D A, D B", [name for name, _, _ in COLUMNS] * 2),
        ("SELECT low, V AS Plain FROM D", ["low", "PLAIN"]),
    ):
        assert titles(connection, sql) == names, sql


def test_a_view_over_a_table_that_has_changed_shows_its_values(connection: drdarrow.Connection):
    connection.execute("CREATE VIEW W AS SELECT V FROM D")
    connection.execute("CREATE VIEW W2 AS SELECT V || 'a' AS V FROM W")
    connection.execute("DROP VIEW W2")
    connection.execute("DROP VIEW W")
    connection.execute("ALTER TABLE D ALTER COLUMN V SET DATA TYPE VARCHAR(20)")
    connection.execute("CREATE VIEW W AS SELECT V FROM D")
    assert columns(connection, "W") == [("V", "VARCHAR", 20)]
    connection.execute("CREATE VIEW W2 AS SELECT V || 'a' AS V FROM W")
    connection.execute("ALTER TABLE D ALTER COLUMN V SET DATA TYPE VARCHAR(30)")
    connection.execute(f"UPDATE D SET V = '{'y' * 30}'")
    assert connection.execute("SELECT W.V, W2.V FROM W, W2").fetchall() == [("y" * 30, "y" * 30 + "a")]
