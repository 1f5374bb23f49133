"""Reflection by ibm_db_sa, IBM's dialect of SQLAlchemy: through IBM's CLI driver, in a process of its own (see apart.py),
and its queries for IBM i and z/OS through a connection that is given."""

from __future__ import annotations

from typing import Any

from ibm_db_sa import base, reflection
from sqlalchemy import MetaData, create_engine, inspect
from sqlalchemy.sql.elements import ClauseElement


def _plain(found: Any) -> Any:
    """Types as text, so that it can travel."""
    if isinstance(found, list | tuple):
        return [_plain(one) for one in found]
    if isinstance(found, dict):
        return {key: str(value) if key == "type" else _plain(value) for key, value in found.items()}
    return found


def inspected(port: int, schema: str, table: str, view: str) -> dict[str, Any]:
    """All that the Inspector tells of a schema and a table."""
    engine = create_engine(f"ibm_db_sa://user:secret@127.0.0.1:{port}/SAMPLE")
    with engine.connect() as connection:
        about = inspect(connection)
        return _plain({
            "schemas": about.get_schema_names(),
            "tables": about.get_table_names(schema),
            "views": about.get_view_names(schema),
            "definition": about.get_view_definition(view, schema),
            "sequences": about.get_sequence_names(schema),
            "columns": about.get_columns(table, schema),
            "primary key": about.get_pk_constraint(table, schema),
            "foreign keys": about.get_foreign_keys(table, schema),
            "unique keys": about.get_unique_constraints(table, schema),
            "indexes": about.get_indexes(table, schema),
            "comment": about.get_table_comment(table, schema),
            "has": [about.has_table(table, schema), about.has_table("nowhere", schema)],
        })  # fmt: skip


def reflected(port: int, schema: str) -> dict[str, list[str]]:
    """The tables of a schema and their columns, by MetaData.reflect."""
    engine = create_engine(f"ibm_db_sa://user:secret@127.0.0.1:{port}/SAMPLE")
    found = MetaData(schema=schema)
    found.reflect(engine)
    return {table.name: [column.name for column in table.columns] for table in found.sorted_tables}


class _Asking:
    """The connection that a reflector wants."""

    def __init__(self, connection: Any, dialect: Any) -> None:
        self._connection = connection
        self._dialect = dialect

    def execute(self, statement: ClauseElement) -> _Answer:
        text = str(statement.compile(dialect=self._dialect, compile_kwargs={"literal_binds": True}))
        return _Answer(self._connection.execute(text).fetchall())


class _Answer(list):
    def first(self) -> Any:
        return self[0] if self else None

    def scalar(self) -> Any:
        return self[0][0] if self else None


def asked(connection: Any, product: str, schema: str, table: str, view: str) -> dict[str, Any]:
    """The same by the queries for IBM i ("AS") or z/OS ("DB2"), which IBM's driver sends to those only."""
    dialect = base.DB2Dialect()
    dialect.default_schema_name = schema
    kind = {"AS": reflection.AS400Reflector, "DB2": reflection.OS390Reflector}[product]
    about, asking = kind(dialect), _Asking(connection, dialect)
    return _plain({
        "schemas": about.get_schema_names(asking),
        "tables": about.get_table_names(asking, schema),
        "views": about.get_view_names(asking, schema),
        "definition": about.get_view_definition(asking, view, schema),
        "sequences": about.get_sequence_names(asking, schema),
        "columns": about.get_columns(asking, table, schema),
        "primary key": about.get_pk_constraint(asking, table, schema),
        "foreign keys": about.get_foreign_keys(asking, table, schema),
        "unique keys": about.get_unique_constraints(asking, table, schema),
        "indexes": about.get_indexes(asking, table, schema),
        "comment": about.get_table_comment(asking, table, schema),
        "has": [about.has_table(asking, table, schema), about.has_table(asking, "nowhere", schema)],
    })  # fmt: skip
