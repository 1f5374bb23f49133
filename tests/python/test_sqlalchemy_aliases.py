"""Aliases in the dialect of SQLAlchemy: asked for by its name, one is the table that it stands for."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from alchemy_dialect import engine
from conftest import Lab
from sqlalchemy import Engine, MetaData, Table, exc, inspect, select

OF_DERBY = [
    "CREATE SCHEMA ELSEWHERE",
    'CREATE TABLE "Paren""t" (ID INTEGER NOT NULL PRIMARY KEY)',
    "CREATE TABLE ELSEWHERE.ALIASED (A INTEGER NOT NULL PRIMARY KEY, B VARCHAR(5) UNIQUE, "
    'C INTEGER REFERENCES "Paren""t" (ID), CHECK (A > 0))',
    "CREATE INDEX ELSEWHERE.IX ON ELSEWHERE.ALIASED (C, B)",
    "INSERT INTO ELSEWHERE.ALIASED (A) VALUES (5)",
    "CREATE SYNONYM FIRST_NAME FOR ELSEWHERE.ALIASED",
    "CREATE SYNONYM SECOND_NAME FOR FIRST_NAME",
    'CREATE SYNONYM OF_PARENT FOR "Paren""t"',
]


@pytest.fixture(scope="module")
def bound(lab: Lab) -> Iterator[Engine]:
    with lab.connect(autocommit=True) as connection:
        for sql in OF_DERBY:
            connection.execute(sql)
    made = engine(lab.port, lab.database)
    yield made
    made.dispose()
    with lab.connect(autocommit=True) as connection:
        for name in ("SYNONYM OF_PARENT", "SYNONYM SECOND_NAME", "SYNONYM FIRST_NAME", "TABLE ELSEWHERE.ALIASED"):
            connection.execute(f"DROP {name}")
        connection.execute('DROP TABLE "Paren""t"')
        connection.execute("DROP SCHEMA ELSEWHERE RESTRICT")


@pytest.mark.parametrize("name", ["first_name", "second_name"])
def test_an_alias_is_reflected_as_its_table(bound: Engine, name: str) -> None:
    with bound.connect() as connection:
        table = Table(name, MetaData(), autoload_with=connection)
        assert [column.name for column in table.columns] == ["a", "b", "c"]
        assert [column.name for column in table.primary_key] == ["a"]
        assert [key.target_fullname for key in table.foreign_keys] == ['Paren"t.id']
        assert [index.name for index in table.indexes] == ["ix"]
        assert connection.execute(select(table.c.a)).all() == [(5,)]
        found = inspect(connection)
        assert [check["sqltext"] for check in found.get_check_constraints(name)] == ["A > 0"]
        assert [unique["column_names"] for unique in found.get_unique_constraints(name)] == [["b"]]
        assert found.get_columns("of_parent")[0]["name"] == "id"


def test_aliases_are_there_and_are_no_tables(bound: Engine) -> None:
    found = inspect(bound)
    assert found.has_table("first_name") and found.has_table("second_name") and not found.has_table("third_name")
    assert not {"first_name", "second_name", "of_parent"} & set(found.get_table_names())
    with pytest.raises(exc.NoSuchTableError):
        found.get_columns("third_name")
