"""Functions of XML and JSON: exact, or refused by their names and with a cure."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

import drdarrow
from drdarrow import server

JSON = '{"a": {"b": [1, 2, "x"]}, "n": 1.50, "t": true, "z": null, "s": "hi \\u00e4", "i": 12345678901}'


@pytest.fixture(scope="module")
def connection() -> Iterator[drdarrow.Connection]:
    with server.serve(duckdb.connect(), persona="luw") as running, running.connect(autocommit=True) as opened:
        opened.execute("CREATE TABLE X (ID INTEGER, D XML, J VARCHAR(1000))")
        opened.execute("INSERT INTO X VALUES (1, '<a><b>1</b></a>', ?)", (JSON,))
        yield opened


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("JSON_VALUE(J, '$.s')", "hi ä"),
        ("JSON_VALUE(J, 'lax $.s' RETURNING VARCHAR(10))", "hi ä"),
        ("JSON_VALUE(J FORMAT JSON, '$.t' NULL ON EMPTY NULL ON ERROR)", "true"),
        ("JSON_VALUE(J, '$.i')", "12345678901"),
        ("JSON_VALUE(J, '$.i' RETURNING BIGINT)", 12345678901),
        ("JSON_VALUE(J, '$.n' RETURNING DOUBLE)", 1.5),
        ("JSON_VALUE(J, '$.a.b[1]' RETURNING INTEGER NULL ON EMPTY)", 2),
        ("JSON_VALUE(J, '$.a')", None),
        ("JSON_VALUE(J, '$.z')", None),
        ("JSON_VALUE(J, '$.nothing')", None),
        ("JSON_VALUE('no document', '$.a')", None),
        ("JSON_VALUE(J, '$.s') || JSON_VALUE(JSON_VALUE('{\"k\": \"{\\\"v\\\": 1}\"}', '$.k'), '$.v')", "hi ä1"),
        ("JSON_EXISTS(J, 'lax $.a.b')", True),
        ("JSON_EXISTS(J, '$.b' FALSE ON ERROR)", False),
        ("JSON_ARRAY(1, 'x')", '[1,"x"]'),
        ("XMLSERIALIZE(D AS CLOB(100))", "<a><b>1</b></a>"),
        ("XMLSERIALIZE(CONTENT D AS VARCHAR(15) EXCLUDING XMLDECLARATION)", "<a><b>1</b></a>"),
    ],
)
def test_values_of_documents(connection: drdarrow.Connection, expression: str, value: object):
    assert connection.execute(f"SELECT {expression} FROM X").fetchall() == [(value,)]


def test_documents_go_in_by_xmlparse(connection: drdarrow.Connection):
    connection.execute("INSERT INTO X (ID, D) VALUES (2, XMLPARSE(DOCUMENT '<c/>' PRESERVE WHITESPACE))")
    connection.execute("INSERT INTO X (ID, D) VALUES (3, XMLPARSE(DOCUMENT ?))", ("<d> </d>",))
    assert connection.execute("SELECT D FROM X WHERE ID > 1 ORDER BY ID").fetchall() == [("<c/>",), ("<d> </d>",)]
    with pytest.raises(drdarrow.Error) as error:
        connection.execute("INSERT INTO X (ID, D) VALUES (4, XMLPARSE(DOCUMENT '<e>'))")
    assert error.value.sqlcode == -16110
    connection.execute("DELETE FROM X WHERE ID > 1")


@pytest.mark.parametrize(
    ("expression", "sqlcode", "reason"),
    [
        ("XMLQUERY('$d/a' PASSING D AS \"d\")", -270, "XMLQUERY: read the document"),
        ("CASE WHEN XMLEXISTS('$d/a' PASSING D AS \"d\") THEN 1 END", -270, "XMLEXISTS: read the document"),
        ('XMLELEMENT(NAME "x", ID)', -270, "XMLELEMENT: make the document"),
        ("XMLAGG(D)", -270, "XMLAGG: make the document"),
        ("XMLSERIALIZE(D AS VARCHAR(14))", -433, "XMLSERIALIZE"),
        ("XMLSERIALIZE(D AS BLOB(100))", -270, "XMLSERIALIZE AS BLOB(100)"),
        ("XMLPARSE(DOCUMENT J)", -270, "XMLPARSE of another value"),
        ("JSON_VALUE(J, '$.n')", -270, "RETURNING DOUBLE has it"),
        ("JSON_VALUE(J, '$.x' DEFAULT 'y' ON EMPTY)", -270, "JSON_VALUE DEFAULT 'y' ON EMPTY"),
        ("JSON_VALUE(J, 'strict $.a')", -270, "JSON_VALUE with the path 'strict $.a'"),
        ("JSON_VALUE(J, J)", -270, "JSON_VALUE with the path"),
        ("JSON_QUERY(J, '$.a' WITH WRAPPER)", -270, "JSON_QUERY: read the document"),
        ("JSON_OBJECT(KEY 'a' VALUE ID)", -270, "JSON_OBJECT: make the document"),
        ("JSON_ARRAYAGG(ID)", -270, "JSON_ARRAYAGG: make the document"),
    ],
)
def test_what_duckdb_has_not_is_told_by_its_name(
    connection: drdarrow.Connection, expression: str, sqlcode: int, reason: str
):
    with pytest.raises(drdarrow.Error) as error:
        connection.execute(f"SELECT {expression} FROM X").fetchall()
    assert error.value.sqlcode == sqlcode and reason in str(error.value)
