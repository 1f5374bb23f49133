"""XML on DuckDB, which has none: documents are text there, well-formed, without a declaration."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import duckdb
import pytest

import drdarrow
from drdarrow import server

PLAIN = "<a b='1'>\u00e9\u4e16\U0001f600<c/></a>"


@pytest.fixture
def source() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()


@pytest.fixture
def connection(source: duckdb.DuckDBPyConnection) -> Iterator[drdarrow.Connection]:
    with server.serve(source, persona="luw") as running, running.connect(autocommit=True) as opened:
        opened.execute("CREATE TABLE X (ID INTEGER, D XML, V VARCHAR(99))")
        yield opened


@pytest.mark.parametrize("before", ["", "\ufeff", '<?xml version="1.0" encoding="UTF-16" ?>\n', " "])
@pytest.mark.parametrize("marked", [True, False])
def test_a_document_is_kept_without_its_declaration(
    source: duckdb.DuckDBPyConnection, connection: drdarrow.Connection, marked: bool, before: str
):
    given = f"{before}{PLAIN}\n"
    quoted = "'" + given.replace("'", "''") + "'"
    if marked:
        connection.execute("INSERT INTO X (ID, D) VALUES (1, ?)", (given,))
        connection.execute("INSERT INTO X (ID) VALUES (2)")
        connection.execute("UPDATE X SET D = ? WHERE ID = 2", (given,))
    else:
        connection.execute(f"INSERT INTO X (ID, D) VALUES (1, {quoted}), (2, NULL)")
        connection.execute(f"UPDATE X SET D = {quoted} WHERE ID = 2")
    cursor = connection.execute("SELECT D FROM X")
    assert str(cursor.description[0][1]) == "TEXT(XML)"  # type: ignore[index]
    assert cursor.fetchall() == [(PLAIN,)] * 2
    assert source.execute("SELECT D FROM X").fetchall() == [(PLAIN,)] * 2


@pytest.mark.parametrize(
    "document, marked",
    [
        *itertools.product(
            ["", "a", "<a>", "<a></b>", "<a/><b/>", "<a>&b;</a>", '<?xml version="1.0"?>'], [True, False]
        ),
        # No statement holds it.
        ("<a>\0</a>", True),
    ],
)
def test_what_is_no_document_is_refused(connection: drdarrow.Connection, marked: bool, document: str):
    with pytest.raises(drdarrow.Error) as caught:
        if marked:
            connection.execute("INSERT INTO X (D) VALUES (?)", (document,))
        else:
            connection.execute(f"INSERT INTO X (D) VALUES ('{document}')")
    assert (caught.value.sqlcode, caught.value.sqlstate) == (-16110, "2200M")
    assert connection.execute("SELECT * FROM X").fetchall() == []


def test_no_entity_is_put_in(connection: drdarrow.Connection):
    bomb = '<!DOCTYPE a [<!ENTITY b "c"><!ENTITY f SYSTEM "file:///etc/passwd">]><a>&b;&f;</a>'
    for given in (bomb, "<!DOCTYPE a><a/>"):
        with pytest.raises(drdarrow.Error, match="DOCTYPE"):
            connection.execute("INSERT INTO X (D) VALUES (?)", (given,))
    assert connection.execute("SELECT * FROM X").fetchall() == []


@pytest.mark.parametrize(
    "sql",
    ["INSERT INTO X (D) VALUES ('<a>' || '</a>')", "INSERT INTO X SELECT * FROM X", "UPDATE X SET D = V", "UPDATE X SET D = UPPER(V)"],
)
def test_a_value_that_nobody_looked_at_is_refused(connection: drdarrow.Connection, sql: str):
    connection.execute("INSERT INTO X VALUES (1, '<a/>', '<a>')")
    with pytest.raises(drdarrow.Error) as caught:
        connection.execute(sql)
    assert caught.value.sqlcode == -270
    assert connection.execute("SELECT ID, D FROM X").fetchall() == [(1, "<a/>")]


def test_a_column_of_documents_has_its_type_in_the_catalog_and_in_batches(connection: drdarrow.Connection):
    connection.cursor().executemany("INSERT INTO X (ID, D) VALUES (?, ?)", [(n, f"<?xml version='1.0'?><a>{n}</a>") for n in range(3)])
    assert connection.execute("SELECT D FROM X ORDER BY ID").fetchall() == [(f"<a>{n}</a>",) for n in range(3)]
    found = connection.execute("SELECT TYPENAME FROM SYSCAT.COLUMNS WHERE TABNAME = 'X' AND COLNAME = 'D'").fetchall()
    assert found == [("XML",)]
