"""The tables that tests of catalogs ask about, and what IBM's CLI driver says of them; the functions of the driver run
in a process of their own (see apart.py)."""

from __future__ import annotations

from typing import Any

TABLES = (
    "CREATE SCHEMA SHOP",
    "CREATE TABLE SHOP.CUSTOMERS (ID INTEGER NOT NULL, NAME VARCHAR(20) NOT NULL, CODE CHAR(3) DEFAULT 'abc', "
    "CONSTRAINT PK_CUSTOMERS PRIMARY KEY (ID), CONSTRAINT U_NAME UNIQUE (NAME))",
    "CREATE TABLE SHOP.ORDERS (A INTEGER NOT NULL, B INTEGER NOT NULL, CUSTOMER INTEGER CONSTRAINT FK_CUSTOMER "
    "REFERENCES SHOP.CUSTOMERS (ID), AMOUNT DECIMAL(9, 2) CONSTRAINT CK_AMOUNT CHECK (AMOUNT > 0), "
    "CONSTRAINT PK_ORDERS PRIMARY KEY (B, A))",
    "CREATE INDEX SHOP.IX_AMOUNT ON SHOP.ORDERS (AMOUNT DESC, A)",
    "CREATE VIEW SHOP.NAMES AS SELECT ID, NAME FROM SHOP.CUSTOMERS",
    "COMMENT ON TABLE SHOP.ORDERS IS 'all of them'",
    "COMMENT ON SHOP.ORDERS (A IS 'first', B IS 'second')",
    "CREATE SEQUENCE SHOP.NUMBERS START WITH 5",
)


def catalog_functions(to: str, calls: list[tuple[str, tuple]]) -> list[list[dict[str, Any]]]:
    """The rows of some of ibm_db's catalog functions, which are ODBC's: SQLTables, SQLColumns and so on."""
    import ibm_db

    connection = ibm_db.connect(to, "", "")
    out = []
    for name, arguments in calls:
        statement = getattr(ibm_db, name)(connection, None, *arguments)
        rows = []
        while statement and (row := ibm_db.fetch_assoc(statement)):
            rows.append(dict(row))
        out.append(rows)
    return out


def objects(port: int) -> dict[str, Any]:
    """The tables of the schema SHOP as ADBC's GetObjects tells of them: columns, types, constraints."""
    import adbc

    with adbc.connect(port) as connection:
        [catalog] = connection.adbc_get_objects(depth="all", db_schema_filter="SHOP").read_all().to_pylist()
        [schema] = catalog["catalog_db_schemas"]
        return {
            table["table_name"]: (
                table["table_type"],
                [(column["column_name"], column["xdbc_type_name"], column["xdbc_is_nullable"])
                 for column in table["table_columns"]],
                [(one["constraint_name"], one["constraint_type"], one["constraint_column_names"],
                  [(usage["fk_table"], usage["fk_column_name"]) for usage in one["constraint_column_usage"] or ()])
                 for one in table["table_constraints"]],
            )
            for table in schema["db_schema_tables"]
        }  # fmt: skip


def ingested(port: int) -> tuple[str, list[tuple]]:
    """The word of ADBC's ingest about a table that is there already, and its rows after an append. It asks the catalog."""
    import adbc
    import pyarrow

    rows = pyarrow.table({"A": [1, 2], "B": ["x", "y"]})
    with adbc.connect(port) as connection, connection.cursor() as cursor:
        cursor.adbc_ingest("FRESH", rows, mode="create")
        failure = ""
        try:
            cursor.adbc_ingest("FRESH", rows, mode="create")
        except Exception as error:
            failure = str(error)
        cursor.adbc_ingest("FRESH", rows.slice(0, 1), mode="append")
        cursor.execute("SELECT * FROM FRESH ORDER BY A")
        return failure, cursor.fetchall()
