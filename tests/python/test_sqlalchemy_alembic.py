"""Alembic at a real Derby: what it finds to be changed, and the statements that it makes."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator

import pytest
from alchemy_dialect import engine
from alembic.autogenerate import compare_metadata, produce_migrations
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.operations.ops import UpgradeOps
from conftest import Lab
from sqlalchemy import (
    Boolean,
    Column,
    DateTime,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    String,
    Table,
    Text,
    UniqueConstraint,
    inspect,
)  # fmt: skip
from sqlalchemy.engine import Connection

from drdarrow.sqlalchemy import product
from drdarrow.sqlalchemy.dialect import DrdaDialect


def wanted() -> MetaData:
    tables = MetaData()
    Table(
        "alembic_parent", tables,
        Column("id", Integer, primary_key=True), Column("name", String(40), nullable=False, server_default="x"),
        Column("amount", Numeric(12, 2)), Column("good", Boolean), Column("at", DateTime), Column("words", Text),
        Column("bytes", LargeBinary), Column("ratio", Float),
        UniqueConstraint("name", "amount", name="alembic_names"),
    )  # fmt: skip
    Table(
        "alembic_child", tables,
        Column("id", Integer, primary_key=True),
        Column("parent", ForeignKey("alembic_parent.id", name="alembic_of", ondelete="CASCADE")),
        Index("alembic_by_parent", "parent", "id"),
    )  # fmt: skip
    return tables


def ours(name: str | None, kind: str, _parents: object) -> bool:
    return kind != "table" or (name or "").startswith("alembic_")


@pytest.fixture
def connection(lab: Lab) -> Iterator[Connection]:
    made = engine(lab.port, lab.database)
    with made.connect() as opened:
        yield opened
        opened.rollback()
    made.dispose()


def context(connection: Connection) -> MigrationContext:
    return MigrationContext.configure(connection, opts={"include_name": ours})


def apply(connection: Connection, upgrade: UpgradeOps) -> None:
    operations = Operations(context(connection))
    pending = list(upgrade.ops)
    while pending:
        step = pending.pop(0)
        with contextlib.suppress(AttributeError):
            pending = list(step.ops) + pending  # type: ignore[attr-defined]
            continue
        operations.invoke(step)


def test_autogenerate_makes_the_tables_and_then_finds_nothing(connection: Connection) -> None:
    tables = wanted()
    found = produce_migrations(context(connection), tables)
    assert found.upgrade_ops is not None
    apply(connection, found.upgrade_ops)
    assert {"alembic_parent", "alembic_child"} <= set(inspect(connection).get_table_names())
    assert compare_metadata(context(connection), tables) == []


def test_autogenerate_finds_each_difference(connection: Connection) -> None:
    tables = wanted()
    tables.create_all(connection)
    tables.clear()
    Table(
        "alembic_parent", tables,
        Column("id", Integer, primary_key=True), Column("name", String(60), nullable=True), Column("more", Integer),
        Column("amount", Numeric(12, 2)), Column("good", Boolean), Column("at", DateTime), Column("words", Text),
        Column("bytes", LargeBinary), Column("ratio", Float),
    )  # fmt: skip
    found = compare_metadata(context(connection), tables)
    steps = [change for step in found for change in (step if isinstance(step, list) else [step])]
    assert sorted(change[0] for change in steps) == [
        "add_column", "modify_nullable", "modify_type", "remove_constraint", "remove_index", "remove_table",
    ]  # fmt: skip


def test_columns_and_tables_are_changed_in_place(connection: Connection) -> None:
    tables = MetaData()
    Table("alembic_changed", tables, Column("id", Integer, primary_key=True), Column("name", String(10)))
    tables.create_all(connection)
    operations = Operations(context(connection))
    operations.alter_column("alembic_changed", "name", type_=String(30), existing_type=String(10))
    operations.alter_column("alembic_changed", "name", server_default="new", existing_type=String(30))
    operations.alter_column("alembic_changed", "name", nullable=False, existing_type=String(30))
    operations.alter_column("alembic_changed", "name", new_column_name="title", existing_type=String(30))
    operations.rename_table("alembic_changed", "alembic_renamed")
    about = {column["name"]: column for column in inspect(connection).get_columns("alembic_renamed")}
    assert set(about) == {"id", "title"}
    assert (about["title"]["type"].length, about["title"]["nullable"], about["title"]["default"]) == (30, False, "'new'")


def test_db2_is_given_words_of_its_own() -> None:
    dialect = DrdaDialect()
    dialect._compile_for(product.LUW)
    written = io.StringIO()
    offline = MigrationContext.configure(dialect=dialect, opts={"as_sql": True, "output_buffer": written})
    operations = Operations(offline)
    operations.alter_column("t", "c", type_=String(30), nullable=False, existing_type=String(10))
    operations.alter_column("t", "c", new_column_name="d")
    operations.rename_table("t", "u", schema="s")
    assert [line for line in written.getvalue().splitlines() if line] == [
        "ALTER TABLE t ALTER COLUMN c SET NOT NULL;",
        "ALTER TABLE t ALTER COLUMN c SET DATA TYPE VARCHAR(30);",
        "ALTER TABLE t RENAME COLUMN c TO d;",
        "RENAME TABLE s.t TO u;",
    ]
