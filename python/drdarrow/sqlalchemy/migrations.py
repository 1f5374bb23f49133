"""The dialect as Alembic has to know it. It is imported with it where Alembic is installed."""

from __future__ import annotations

from typing import Any

from alembic.ddl.base import (
    ColumnName,
    ColumnNullable,
    ColumnType,
    RenameTable,
    alter_column,
    alter_table,
    format_column_name,
    format_table_name,
    format_type,
)
from alembic.ddl.impl import DefaultImpl
from sqlalchemy.ext.compiler import compiles


class DrdaImpl(DefaultImpl):
    """Definitions are part of a transaction, and are undone with it."""

    __dialect__ = "drda"
    transactional_ddl = True
    type_synonyms = (*DefaultImpl.type_synonyms, {"FLOAT", "DOUBLE"})


@compiles(ColumnType, "drda")
def column_type(element: ColumnType, compiler: Any, **kw: Any) -> str:
    column = alter_column(compiler, element.column_name)
    return f"{_alter(element, compiler)} {column} SET DATA TYPE {format_type(compiler, element.type_)}"


@compiles(ColumnNullable, "drda")
def column_nullable(element: ColumnNullable, compiler: Any, **kw: Any) -> str:
    """Derby has words of its own."""
    if compiler.dialect.product.name == "derby":
        words = "NULL" if element.nullable else "NOT NULL"
    else:
        words = "DROP NOT NULL" if element.nullable else "SET NOT NULL"
    return f"{_alter(element, compiler)} {alter_column(compiler, element.column_name)} {words}"


@compiles(ColumnName, "drda")
def column_name(element: ColumnName, compiler: Any, **kw: Any) -> str:
    old, new = (format_column_name(compiler, name) for name in (element.column_name, element.newname))
    if compiler.dialect.product.name == "derby":
        return f"RENAME COLUMN {format_table_name(compiler, element.table_name, element.schema)}.{old} TO {new}"
    return f"{_alter(element, compiler)} RENAME COLUMN {old} TO {new}"


@compiles(RenameTable, "drda")
def rename_table(element: RenameTable, compiler: Any, **kw: Any) -> str:
    """The new name has no schema: a table stays in its own."""
    old = format_table_name(compiler, element.table_name, element.schema)
    return f"RENAME TABLE {old} TO {format_table_name(compiler, element.new_table_name, None)}"


def _alter(element: Any, compiler: Any) -> str:
    return alter_table(compiler, element.table_name, element.schema)
