"""Words that DuckDB reserves and Db2 does not: names of columns and tables, and other names for both."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

import drdarrow
from drdarrow import server
from drdarrow.server.reserved import WORDS

#: Words of Db2's own statements, which are no names there without quotes either, or never in these places.
DB2 = set(
    "ALL AND ANY ARRAY AS BOTH BY CASE CAST CHECK COLUMN CONSTRAINT CREATE CROSS DEFAULT DISTINCT ELSE END EXCEPT FALSE FETCH "
    "FOR FOREIGN FROM FULL GROUP HAVING IN INNER INTERSECT INTO IS JOIN LATERAL LEFT LIKE NATURAL NOT NULL ON OR ORDER OUTER "
    "PRIMARY REFERENCES RIGHT SELECT SOME TABLE TABLESAMPLE THEN TO TRUE UNION UNIQUE USING WHEN WHERE WITH".split()
)


@pytest.fixture(scope="module")
def connection() -> Iterator[drdarrow.Connection]:
    with server.serve(duckdb.connect(), persona="luw") as running, running.connect(autocommit=True) as opened:
        yield opened


def words() -> list[str]:
    rows = duckdb.execute(
        "SELECT upper(keyword_name) FROM duckdb_keywords() WHERE keyword_category IN ('reserved', 'type_function')"
    )
    return sorted({word for (word,) in rows.fetchall()} - DB2)


@pytest.mark.parametrize("word", sorted(WORDS.union(words())))
def test_a_word_of_duckdb_is_a_name(connection: drdarrow.Connection, word: str):
    def rows(sql: str) -> list[tuple[object, ...]]:
        return connection.execute(sql).fetchall()

    connection.execute("DROP TABLE IF EXISTS T")
    connection.execute(f"CREATE TABLE T (ID INTEGER NOT NULL PRIMARY KEY, {word} INTEGER NOT NULL, B INTEGER)")
    connection.execute(f"INSERT INTO T (ID, {word}, B) VALUES (1, 5, 7), (2, 6, 8)")
    connection.execute(f"UPDATE T SET {word} = {word} + 1 WHERE {word} = 6 AND T.{word} < 7")
    assert rows(f"SELECT {word}, B FROM T WHERE {word} > 5 ORDER BY {word}") == [(7, 8)]
    assert rows(f"SELECT MAX({word}), COUNT(*) FROM T GROUP BY {word} HAVING MIN({word}) = 5") == [(5, 1)]
    assert rows(f"SELECT B, {word} FROM T ORDER BY {word} DESC") == [(8, 7), (7, 5)]
    cursor = connection.execute(
        f"SELECT X.{word}, CASE WHEN {word} = 5 THEN {word} ELSE 0 END AS C FROM T X WHERE ID = 1"
    )
    assert cursor.description is not None
    assert ([column[0] for column in cursor.description], cursor.fetchall()) == ([word, "C"], [(5, 5)])
    if word != "BINARY":
        assert rows(f"SELECT {word}.B, ID AS {word} FROM T AS {word} WHERE {word}.ID = 2") == [(8, 2)]
    if word not in ("ASC", "BINARY", "DESC", "GROUP", "ISNULL", "LIMIT", "NOTNULL", "OFFSET", "ONLY", "ORDER", "WINDOW"):
        assert rows(f"SELECT ID {word} FROM T {word} WHERE {word}.ID = 2") == [(2,)]
    connection.execute("DROP TABLE T")
    if word != "BINARY":
        connection.execute(f"CREATE TABLE {word} (A INTEGER, B INTEGER)")
        connection.execute(f"INSERT INTO {word} VALUES (1, 2)")
        connection.execute(f"INSERT INTO {word} (B) VALUES (3)")
        connection.execute(f"DELETE FROM {word} WHERE A = 1")
        assert rows(f"SELECT {word}.B FROM {word}") == [(3,)]
        assert rows(f"SELECT TABNAME FROM SYSCAT.TABLES WHERE TABNAME = '{word}'") == [(word,)]
        connection.execute(f"DROP TABLE {word}")


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        ("SELECT 'a' ILIKE 'A', 'ab' GLOB 'a*' FROM SYSIBM.SYSDUMMY1", [(True, True)]),
        ("SELECT a FROM (VALUES (2), (1)) t(a) QUALIFY row_number() OVER (ORDER BY a) = 1", [(1,)]),
        ("SELECT a FROM (VALUES (2), (NULL)) t(a) WHERE a ISNULL", [(None,)]),
        ("SELECT a FROM (VALUES (2), (1)) t(a) ORDER BY a DESC LIMIT 1", [(2,)]),
        ("SELECT a FROM (VALUES (2), (1)) t(a) ORDER BY a ASC FETCH FIRST 1 ROW ONLY", [(1,)]),
        ("SELECT a FROM (VALUES (2), (1)) t(a) ANTI JOIN (SELECT 1 AS a) u USING (a)", [(2,)]),
        ("SELECT TRIM(LEADING 'x' FROM 'xa'), CAST(X'00' AS BINARY(1)) FROM SYSIBM.SYSDUMMY1", [("a", b"\0")]),
        ("SELECT SUM(a) OVER w FROM (VALUES (2)) t(a) WINDOW w AS (ORDER BY a)", [(2,)]),
    ],
)
def test_they_keep_their_meaning_in_other_places(
    connection: drdarrow.Connection, sql: str, rows: list[tuple[object, ...]]
):
    assert connection.execute(sql).fetchall() == rows
