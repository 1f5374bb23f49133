"""The catalogs judged by those who read them: IBM's CLI driver, ibm_db_sa, adbc-driver-db2."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import alchemy
import pyarrow as pa
import pytest
from apart import apart
from catalogs import TABLES

import drdarrow
from drdarrow import server

# Each question has its own limit.
pytestmark = pytest.mark.timeout(240)


def dsn(srv: server.Server) -> str:
    return f"DATABASE=SAMPLE;HOSTNAME=127.0.0.1;PORT={srv.port};PROTOCOL=TCPIP;UID=user;PWD=secret;"


def started(persona: Any) -> server.Server:
    srv = server.serve(persona=persona, users={"user": "secret"})
    with drdarrow.connect(srv.uri, user="user", password="secret", autocommit=True) as connection:
        for statement in TABLES:
            connection.execute(statement)
    return srv


@pytest.fixture(scope="module")
def luw() -> Iterator[server.Server]:
    with started("luw") as srv:
        yield srv


def test_ibms_driver_asks_for_everything(luw: server.Server):
    schema = ("SHOP", "ORDERS")
    calls = [
        ("tables", ("SHOP", "%", "TABLE,VIEW")),
        ("columns", (*schema, "%")),
        ("primary_keys", schema),
        ("foreign_keys", ("SHOP", "CUSTOMERS")),
        ("foreign_keys", (None, None, None, *schema)),
        ("statistics", (*schema, False)),
        ("statistics", (*schema, True)),
        ("special_columns", (*schema, 0)),
        ("procedures", ("SYSIBM", "SQLTAB%")),
        ("procedure_columns", ("SYSIBM", "SQLSTATISTICS", "UNI%")),
        ("table_privileges", schema),
        ("column_privileges", (*schema, "A")),
    ]
    told = apart("catalogs.catalog_functions", dsn(luw), calls, seconds=60)

    def columns(n: int, *names: str) -> list[tuple]:
        return [tuple(row[name] for name in names) for row in told[n]]

    assert columns(0, "TABLE_SCHEM", "TABLE_NAME", "TABLE_TYPE", "REMARKS") == [
        ("SHOP", "CUSTOMERS", "TABLE", None),
        ("SHOP", "ORDERS", "TABLE", "all of them"),
        ("SHOP", "NAMES", "VIEW", None),
    ]
    sizes = ("COLUMN_NAME", "DATA_TYPE", "TYPE_NAME", "COLUMN_SIZE", "DECIMAL_DIGITS", "NULLABLE", "REMARKS")
    assert columns(1, *sizes) == [
        ("A", 4, "INTEGER", 10, 0, 0, "first"),
        ("B", 4, "INTEGER", 10, 0, 0, "second"),
        ("CUSTOMER", 4, "INTEGER", 10, 0, 1, ""),
        ("AMOUNT", 3, "DECIMAL", 9, 2, 1, ""),
    ]
    assert columns(2, "COLUMN_NAME", "KEY_SEQ", "PK_NAME") == [("A", 2, "PK_ORDERS"), ("B", 1, "PK_ORDERS")]
    key = ("PKTABLE_NAME", "PKCOLUMN_NAME", "FKTABLE_NAME", "FKCOLUMN_NAME", "KEY_SEQ", "FK_NAME", "PK_NAME")
    expected = [("CUSTOMERS", "ID", "ORDERS", "CUSTOMER", 1, "FK_CUSTOMER", "PK_CUSTOMERS")]
    assert columns(3, *key) == expected and columns(4, *key) == expected
    index = ("NON_UNIQUE", "INDEX_NAME", "TYPE", "ORDINAL_POSITION", "COLUMN_NAME", "ASC_OR_DESC")
    unique = [(0, "PK_ORDERS", 3, 1, "B", "A"), (0, "PK_ORDERS", 3, 2, "A", "A")]
    others = [(1, "IX_AMOUNT", 3, 1, "AMOUNT", "D"), (1, "IX_AMOUNT", 3, 2, "A", "A")]
    # NULLs are high.
    of_table = (None, None, 0, None, None, None)
    assert columns(5, *index) == [*unique, of_table]
    assert columns(6, *index) == [*unique, *others, of_table]
    assert columns(7, "COLUMN_NAME", "TYPE_NAME", "PSEUDO_COLUMN") == [("B", "INTEGER", 1), ("A", "INTEGER", 1)]
    assert columns(8, "PROCEDURE_NAME", "NUM_INPUT_PARAMS") == [("SQLTABLEPRIVILEGES", 4), ("SQLTABLES", 5)]
    assert columns(9, "COLUMN_NAME", "TYPE_NAME", "ORDINAL_POSITION") == [("UNIQUE", "SMALLINT", 4)]
    assert columns(10, "GRANTEE", "PRIVILEGE") == [
        ("PUBLIC", right) for right in ("DELETE", "INSERT", "SELECT", "UPDATE")
    ]
    assert sorted(columns(11, "COLUMN_NAME", "GRANTEE", "PRIVILEGE", "IS_GRANTABLE")) == [
        ("A", grantee, right, "NO" if grantee == "PUBLIC" else "YES")
        for grantee in ("PUBLIC", "SHOP")
        for right in ("INSERT", "SELECT", "UPDATE")
    ]


def test_ibms_driver_asks_about_tables_in_memory():
    given = {"NAMES": pa.table({"ID": pa.array([1], pa.int16()), "NAME": ["x"]})}
    with server.serve(tables=given, engine="tables", users={"user": "secret"}) as srv:
        with drdarrow.connect(srv.uri, user="user", password="secret", autocommit=True) as connection:
            connection.execute("CREATE TABLE KEYED (K CHAR(4) NOT NULL PRIMARY KEY, V DECIMAL(7, 3))")
            # The views are there as well, as far as this engine reads SQL.
            asked = "SELECT COLNAME, TYPENAME, LENGTH FROM SYSCAT.COLUMNS WHERE TABNAME = ?"
            assert connection.execute(asked, ("KEYED",)).fetchall() == [("K", "CHARACTER", 4), ("V", "DECIMAL", 7)]
            with pytest.raises(drdarrow.ProgrammingError, match="-204"):
                connection.execute("SELECT * FROM SYSCAT.NOTHING")
        calls = [
            ("tables", (None, "%", "TABLE")),
            ("columns", (None, "KEYED", "%")),
            ("primary_keys", (None, "KEYED")),
            ("statistics", (None, "KEYED", True)),
            ("special_columns", (None, "KEYED", 0)),
            ("procedures", (None, "SQLTABLES")),
        ]
        tables, columns, keys, index, best, procedures = apart("catalogs.catalog_functions", dsn(srv), calls)
    assert [(row["TABLE_SCHEM"], row["TABLE_NAME"]) for row in tables] == [("USER", "KEYED"), ("USER", "NAMES")]
    assert [(row["COLUMN_NAME"], row["TYPE_NAME"], row["COLUMN_SIZE"], row["NULLABLE"]) for row in columns] == [
        ("K", "CHAR", 4, 0),
        ("V", "DECIMAL", 7, 1),
    ]
    assert [(row["COLUMN_NAME"], row["KEY_SEQ"]) for row in keys] == [("K", 1)]
    assert [(row["TYPE"], row["COLUMN_NAME"]) for row in index] == [(3, "K"), (0, None)]
    assert [row["COLUMN_NAME"] for row in best] == ["K"] and len(procedures) == 1


#: The facts that ibm_db_sa finds, whatever the product; names that are not in quotes are small in SQLAlchemy.
FOUND = {
    "schemas": ["shop"],
    "tables": ["customers", "orders"],
    "views": ["names"],
    "definition": "CREATE VIEW SHOP.NAMES AS SELECT ID, NAME FROM SHOP.CUSTOMERS",
    "sequences": ["numbers"],
    "comment": {"text": "all of them"},
    "has": [True, False],
}
KEY = {
    "name": "fk_customer",
    "constrained_columns": ["customer"],
    "referred_schema": "shop",
    "referred_table": "customers",
    "referred_columns": ["id"],
}


def check(found: dict[str, Any]) -> None:
    assert {name: found[name] for name in FOUND} == FOUND
    assert [(c["name"], c["nullable"], c["comment"]) for c in found["columns"]] == [
        ("a", False, "first"),
        ("b", False, "second"),
        ("customer", True, None),
        ("amount", True, None),
    ]
    assert found["columns"][3]["type"] == "DECIMAL(9, 2)"


def test_ibm_db_sa_reflects_a_schema(luw: server.Server):
    found = apart("alchemy.inspected", luw.port, "shop", "orders", "names", seconds=90)
    check(found)
    assert found["primary key"] == {"name": "pk_orders", "constrained_columns": ["b", "a"]}
    assert found["foreign keys"] == [KEY] and found["unique keys"] == []
    assert found["indexes"] == [{"name": "ix_amount", "column_names": ["amount", "a"], "unique": False}]
    tables = apart("alchemy.reflected", luw.port, "shop", seconds=90)
    assert tables == {"customers": ["id", "name", "code"], "orders": ["a", "b", "customer", "amount"]}


@pytest.mark.parametrize(("persona", "product"), [("ibmi", "AS"), ("zos", "DB2")])
def test_the_queries_of_ibm_db_sa_for_other_products(persona: str, product: str):
    with started(persona) as srv, drdarrow.connect(srv.uri, user="user", password="secret") as connection:
        found = alchemy.asked(connection, product, "shop", "orders", "names")
    check(found)
    if product == "AS":
        assert found["primary key"] == {"name": "pk_orders", "constrained_columns": ["b", "a"]}
        assert found["foreign keys"] == [KEY]
        assert found["indexes"] == [{"name": "ix_amount", "column_names": ["amount", "a"], "unique": False}]
    else:
        # Of z/OS it takes keys in any order, joins foreign keys without their names, and compares the column of an index
        # with a table: it finds no index.
        assert sorted(found["primary key"]["constrained_columns"]) == ["a", "b"]
        assert {key["name"]: set(key["referred_columns"]) for key in found["foreign keys"]} == {"fk_customer": {"id"}}


def test_adbc_tells_of_the_objects(luw: server.Server):
    assert apart("catalogs.objects", luw.port, seconds=60) == {
        "CUSTOMERS": (
            "TABLE",
            [("ID", "INTEGER", "NO"), ("NAME", "VARCHAR(20)", "NO"), ("CODE", "CHARACTER(3)", "YES")],
            [("PK_CUSTOMERS", "PRIMARY KEY", ["ID"], []), ("U_NAME", "UNIQUE", ["NAME"], [])],
        ),
        "NAMES": ("VIEW", [("ID", "INTEGER", "YES"), ("NAME", "VARCHAR(20)", "YES")], []),
        "ORDERS": (
            "TABLE",
            [("A", "INTEGER", "NO"), ("B", "INTEGER", "NO"), ("CUSTOMER", "INTEGER", "YES"),
             ("AMOUNT", "DECIMAL(9,2)", "YES")],
            [("FK_CUSTOMER", "FOREIGN KEY", ["CUSTOMER"], [("CUSTOMERS", "ID")]),
             ("PK_ORDERS", "PRIMARY KEY", ["B", "A"], [])],
        ),
    }  # fmt: skip


def test_adbc_asks_whether_a_table_is_there(luw: server.Server):
    failure, rows = apart("catalogs.ingested", luw.port, seconds=60)
    assert "FRESH" in failure
    assert rows == [(1, "x"), (1, "x"), (2, "y")]
