"""The dialect of SQLAlchemy finds the same in the server as Derby as in a real one."""

from __future__ import annotations

from typing import Any

import duckdb
from alchemy_dialect import engine
from derby import Derby
from sqlalchemy import inspect

import drdarrow
from drdarrow import server

DEFINITIONS = [
    "CREATE TABLE PARENT (ID INTEGER NOT NULL, PART INTEGER NOT NULL, CONSTRAINT PK_PARENT PRIMARY KEY (PART, ID))",
    "CREATE TABLE CHILD (A INTEGER NOT NULL, B VARCHAR(5), C INTEGER, D DECIMAL(9, 2) DEFAULT 1.5, "
    "CONSTRAINT PK_CHILD PRIMARY KEY (A), CONSTRAINT U_CHILD UNIQUE (B, C), "
    "CONSTRAINT FK_CHILD FOREIGN KEY (C, A) REFERENCES PARENT (PART, ID), CONSTRAINT CK_CHILD CHECK (A > 0))",
    "CREATE INDEX IX ON CHILD (D DESC, B)",
    "CREATE UNIQUE INDEX UX ON CHILD (D, A)",
    "CREATE VIEW FAMILY AS SELECT A, B FROM CHILD",
]


def told(port: int, database: str) -> dict[str, Any]:
    with drdarrow.connect(f"drda://app@127.0.0.1:{port}/{database}", autocommit=True) as connection:
        for sql in DEFINITIONS:
            connection.execute(sql)
    bound = engine(port, database)
    with bound.connect() as connection:
        found = inspect(connection)
        columns = [
            (column["name"], str(column["type"]), column["nullable"], column["default"])
            for column in found.get_columns("child")
        ]
        checks = [(check["name"], check["sqltext"].replace(" ", "")) for check in found.get_check_constraints("child")]
        all_of_it = {
            "tables": (found.get_table_names(), found.get_view_names()),
            "columns": columns,
            "keys": [found.get_pk_constraint(name) for name in ("child", "parent")],
            "unique": found.get_unique_constraints("child"),
            "foreign": found.get_foreign_keys("child"),
            "indexes": sorted(found.get_indexes("child"), key=lambda index: str(index["name"])),
            "checks": checks,
        }
    bound.dispose()
    return all_of_it


def test_the_server_as_derby_is_reflected_as_derby_is(derby: Derby) -> None:
    uri = derby.uri("REFLECTED", attributes="create%3Dtrue")
    drdarrow.connect(uri).close()
    with server.serve(duckdb.connect(), persona="derby") as served:
        ours = told(served.port, "REFLECTED")
    assert ours == told(derby.port, "REFLECTED")
    assert [index["name"] for index in ours["indexes"]] == ["ix", "ux"]
