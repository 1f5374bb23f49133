"""The rows of a catalog's tables: `connection.tables()`, `columns()` and their like."""

from __future__ import annotations

from typing import NamedTuple

__all__ = [
    "CatalogInfo",
    "ColumnInfo",
    "IndexInfo",
    "KeyInfo",
    "ProcedureInfo",
    "SchemaInfo",
    "StatisticInfo",
    "TableInfo",
]


class CatalogInfo(NamedTuple):
    """A database."""

    name: str
    """CURRENT SERVER; of Derby the name by which it was connected to."""


class SchemaInfo(NamedTuple):
    """A schema; on IBM i a library."""

    name: str
    """Its name."""
    system_name: str | None
    """The name in ten characters of IBM i."""
    library_position: int | None
    """The place in the library list of an IBM i, from 1."""
    remarks: str | None
    """The comment or text on it."""


class TableInfo(NamedTuple):
    """A table, a view or another thing that a query reads."""

    schema: str
    """Its schema."""
    name: str
    """Its name."""
    kind: str
    """One of TABLE, VIEW, ALIAS, MATERIALIZED QUERY TABLE, NICKNAME, GLOBAL TEMPORARY TABLE, AUXILIARY
    TABLE, SYSTEM TABLE, OTHER."""
    native_kind: str | None
    """The letter or name of its kind in the catalog."""
    columns: int | None
    """How many columns it has."""
    remarks: str | None
    """COMMENT ON."""
    label: str | None
    """LABEL ON; on IBM i the text of the file."""
    base_schema: str | None
    """The schema of the table that an alias stands for."""
    base_name: str | None
    """Its name."""
    system_schema: str | None
    """The name of the schema in ten characters of IBM i."""
    system_name: str | None
    """The name of the file in ten characters of IBM i."""


class ColumnInfo(NamedTuple):
    """A column of a table or a view."""

    schema: str
    """The schema of the table."""
    table: str
    """The table."""
    name: str
    """Its name."""
    position: int
    """Its place, from 1."""
    type_name: str
    """The name of its type in full: VARCHAR FOR BIT DATA."""
    declared: str
    """The type as a definition has it: VARCHAR(20), DECIMAL(9,2)."""
    length: int | None
    """The length or precision that the definition states, in its units."""
    scale: int | None
    """Digits after the point; of a TIMESTAMP, of the seconds."""
    nullable: bool
    """NULL is possible."""
    default: str | None
    """The default, as an expression."""
    identity: str | None
    """ALWAYS or BY DEFAULT of an identity column."""
    generated: str | None
    """The expression of a generated column, where the catalog has it."""
    key_position: int | None
    """The place in the primary key, from 1."""
    ccsid: int | None
    """The page of text; 65535 is FOR BIT DATA. Of Db2 for LUW the code page."""
    remarks: str | None
    """COMMENT ON."""
    label: str | None
    """LABEL ON; on IBM i the text of the field."""
    heading: str | None
    """The heading of a column on IBM i."""
    system_name: str | None
    """The name in ten characters of IBM i."""
    jdbc_type: int | None
    """The number of the type in JDBC."""
    size: int | None
    """Characters or digits, as COLUMN_SIZE of JDBC and ODBC has it."""
    octets: int | None
    """Bytes of text and binary data."""
    radix: int | None
    """The base of the digits of a number."""


class KeyInfo(NamedTuple):
    """A column of a key, or a check."""

    schema: str
    """The schema of the table."""
    table: str
    """The table."""
    name: str
    """The name of the constraint."""
    kind: str
    """One of PRIMARY KEY, UNIQUE, FOREIGN KEY, CHECK."""
    position: int | None
    """The place of the column in the key, from 1; None of a check."""
    column: str | None
    """The column; None of a check."""
    ref_schema: str | None
    """The schema of the table that a foreign key is about."""
    ref_table: str | None
    """That table."""
    ref_column: str | None
    """The column there."""
    on_delete: str | None
    """The rule for deletions of the parent: NO ACTION, RESTRICT, CASCADE, SET NULL, SET DEFAULT."""
    on_update: str | None
    """The rule for updates of the parent."""
    condition: str | None
    """The condition of a check."""


class IndexInfo(NamedTuple):
    """A column of an index."""

    schema: str
    """The schema of the table."""
    table: str
    """The table."""
    index_schema: str
    """The schema of the index."""
    name: str
    """The index."""
    unique: bool
    """No two rows have equal values."""
    primary: bool | None
    """It is that of the primary key; None where the catalog does not tell."""
    position: int
    """The place of the column in the index, from 1."""
    column: str
    """The column."""
    order: str | None
    """ASC, DESC or RANDOM; None of a column that is only included."""
    system_name: str | None
    """The name of the index in ten characters of IBM i."""


class StatisticInfo(NamedTuple):
    """Numbers about a table, or about one of its columns, as the catalog has them."""

    schema: str
    """The schema of the table."""
    table: str
    """The table."""
    column: str | None
    """The column; None where the row is about the table."""
    rows: int | None
    """The rows of the table; None of a column."""
    distinct: int | None
    """The different values of the column."""
    nulls: int | None
    """The NULLs of the column."""
    average_bytes: int | None
    """The bytes that a value of the column takes on average where it is stored, with the one that says NULL."""
    exact: bool
    """The numbers are kept with each change; else they are those of the last RUNSTATS."""


class ProcedureInfo(NamedTuple):
    """A procedure or a function."""

    schema: str
    """Its schema."""
    name: str
    """Its name."""
    specific_name: str | None
    """The name that it alone has."""
    kind: str
    """PROCEDURE, FUNCTION or METHOD."""
    parameters: int | None
    """How many parameters it has."""
    results: int | None
    """How many results a procedure may have."""
    remarks: str | None
    """COMMENT ON."""
