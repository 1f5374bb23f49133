"""The questions of programs that browse a database, with the rows that they look for: those of DBeaver, which asks a Db2
for LUW, and of sqlalchemy-ibmi, which asks IBM i."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from catalogs import TABLES

import drdarrow
from drdarrow import server


def _served(persona: Any) -> Iterator[drdarrow.Connection]:
    with (
        server.serve(persona=persona, users={"clerk": "secret"}) as srv,
        drdarrow.connect(srv.uri, user="clerk", password="secret", autocommit=True) as connection,
    ):
        for statement in TABLES:
            connection.execute(statement)
        yield connection


@pytest.fixture(scope="module")
def luw() -> Iterator[drdarrow.Connection]:
    yield from _served("luw")


@pytest.fixture(scope="module")
def ibmi() -> Iterator[drdarrow.Connection]:
    yield from _served("ibmi")


def _dicts(connection: drdarrow.Connection, sql: str, *values: object) -> list[dict]:
    return connection.execute(sql, values).fetch_arrow_table().to_pylist()


def _rows(connection: drdarrow.Connection, sql: str, *values: object) -> list[tuple]:
    return connection.execute(sql, values).fetchall()


def test_a_browser_asks_who_it_is_and_what_it_may(luw: drdarrow.Connection):
    for register in ("SESSION_USER", "SYSTEM_USER", "CURRENT USER"):
        assert _rows(luw, f"VALUES({register})") == [("CLERK",)]
    schema = _rows(luw, "VALUES(CURRENT SCHEMA)")
    assert schema == _rows(luw, "SELECT CURRENT_SCHEMA FROM SYSIBM.SYSDUMMY1")
    authorities = (
        "SELECT T.AUTHORITY, D_USER, D_PUBLIC, D_ROLE FROM TABLE (SYSPROC.AUTH_LIST_AUTHORITIES_FOR_AUTHID(?, 'U')) AS T "
        "ORDER BY AUTHORITY WITH UR"
    )
    found = {authority: rest for authority, *rest in _rows(luw, authorities, "CLERK")}
    assert found["CONNECT"] == found["CREATETAB"] == ["N", "Y", "N"]
    assert found["DBADM"] == found["SYSADM"] == ["N", "N", "N"]
    assert _rows(luw, authorities, None) == []
    # It is a function, and no table.
    with pytest.raises(drdarrow.ProgrammingError, match="-204"):
        luw.execute("SELECT * FROM SYSPROC.AUTH_LIST_AUTHORITIES_FOR_AUTHID")
    may_call = (
        "SELECT COUNT(*) FROM SYSCAT.ROUTINEAUTH WHERE SCHEMA = ? AND SPECIFICNAME = ? AND GRANTEE IN (?, 'PUBLIC') "
        "AND GRANTEETYPE IN ('U', 'G') AND EXECUTEAUTH IN ('Y', 'G') WITH UR"
    )
    assert _rows(luw, may_call, "SYSIBM", "SQLTABLES", "CLERK") == [(1,)]
    assert _rows(luw, may_call, "SYSPROC", "NOTHING", "CLERK") == [(0,)]
    may_read = (
        "SELECT 1 FROM SYSCAT.TABAUTH WHERE TABSCHEMA = ? AND TABNAME = ? AND GRANTEE IN (?, 'PUBLIC') "
        "AND (SELECTAUTH = 'Y' OR CONTROLAUTH = 'Y') FETCH FIRST 1 ROWS ONLY WITH UR"
    )
    assert _rows(luw, may_read, "SHOP", "ORDERS", "CLERK") == [(1,)]
    assert _rows(luw, may_read, "SYSIBMADM", "APPLICATIONS", "CLERK") == []


def test_a_browser_finds_the_types_of_all_columns(luw: drdarrow.Connection):
    types = "SELECT * FROM SYSCAT.DATATYPES WHERE METATYPE = 'S' ORDER BY TYPESCHEMA, TYPENAME WITH UR"
    known = {(row["TYPESCHEMA"], row["TYPENAME"]): row for row in _dicts(luw, types)}
    columns = _dicts(luw, "SELECT * FROM SYSCAT.COLUMNS WHERE TABSCHEMA = ? ORDER BY TABNAME, COLNO WITH UR", "SHOP")
    assert {(row["TYPESCHEMA"], row["TYPENAME"]) for row in columns} <= known.keys()
    assert known["SYSIBM", "INTEGER"]["LENGTH"] == 4
    told = [
        (row["COLNAME"], row["COLNO"], row["NULLS"], row["LENGTH"], row["SCALE"], row["KEYSEQ"], row["REMARKS"])
        for row in columns
        if row["TABNAME"] == "ORDERS"
    ]
    assert told == [
        ("A", 0, "N", 4, 0, 2, "first"),
        ("B", 1, "N", 4, 0, 1, "second"),
        ("CUSTOMER", 2, "Y", 4, 0, None, None),
        ("AMOUNT", 3, "Y", 9, 2, None, None),
    ]
    asked = "DEFAULT HIDDEN IDENTITY COMPACT GENERATED TEXT COMPRESS COLCARD HIGH2KEY LOW2KEY AVGCOLLEN NUMNULLS"
    more = "PARTKEYSEQ COLLATIONSCHEMA COLLATIONNAME NQUANTILES NMOSTFREQ PCTINLINED ROWBEGIN ROWEND"
    assert set(f"{asked} {more} TRANSACTIONSTARTID TYPESTRINGUNITS STRINGUNITSLENGTH PCTENCODED".split()) <= set(
        columns[0]
    )


def test_a_browser_walks_through_a_schema(luw: drdarrow.Connection):
    schemas = _dicts(luw, "SELECT * FROM SYSCAT.SCHEMATA ORDER BY SCHEMANAME WITH UR")
    assert "SHOP" in [row["SCHEMANAME"] for row in schemas]
    tables = "SELECT * FROM SYSCAT.TABLES WHERE TABSCHEMA = ? AND TYPE IN ('H', 'L', 'T', 'U') ORDER BY TABNAME WITH UR"
    assert [(row["TABNAME"], row["REMARKS"]) for row in _dicts(luw, tables, "SHOP")] == [
        ("CUSTOMERS", None),
        ("ORDERS", "all of them"),
    ]
    views = (
        "SELECT V.*, T.REMARKS FROM SYSCAT.VIEWS V, SYSCAT.TABLES T WHERE V.VIEWSCHEMA = ? AND T.TABSCHEMA = V.VIEWSCHEMA "
        "AND T.TABNAME = V.VIEWNAME ORDER BY V.VIEWNAME WITH UR"
    )
    assert [(row["VIEWNAME"], row["TEXT"]) for row in _dicts(luw, views, "SHOP")] == [
        ("NAMES", "CREATE VIEW SHOP.NAMES AS SELECT ID, NAME FROM SHOP.CUSTOMERS")
    ]
    keys = (
        "SELECT K.CONSTNAME, K.COLNAME, K.COLSEQ, C.TYPE FROM SYSCAT.KEYCOLUSE K, SYSCAT.TABCONST C WHERE K.TABSCHEMA = ? "
        "AND C.CONSTNAME = K.CONSTNAME AND C.TABSCHEMA = K.TABSCHEMA AND C.TABNAME = K.TABNAME "
        "AND C.TYPE IN ('P', 'U') ORDER BY K.CONSTNAME, K.COLSEQ WITH UR"
    )
    assert _rows(luw, keys, "SHOP") == [
        ("PK_CUSTOMERS", "ID", 1, "P"),
        ("PK_ORDERS", "B", 1, "P"),
        ("PK_ORDERS", "A", 2, "P"),
        ("U_NAME", "NAME", 1, "U"),
    ]
    references = (
        "SELECT R.*, K.COLNAME, K.COLSEQ FROM SYSCAT.REFERENCES R, SYSCAT.KEYCOLUSE K WHERE R.TABSCHEMA = ? "
        "AND K.CONSTNAME = R.CONSTNAME AND K.TABSCHEMA = R.TABSCHEMA AND K.TABNAME = R.TABNAME "
        "ORDER BY R.CONSTNAME, K.COLSEQ WITH UR"
    )
    [found] = _dicts(luw, references, "SHOP")
    names = ("CONSTNAME", "TABNAME", "REFKEYNAME", "REFTABNAME", "COLNAME", "DELETERULE", "UPDATERULE")
    assert [found[name] for name in names] == [
        "FK_CUSTOMER", "ORDERS", "PK_CUSTOMERS", "CUSTOMERS", "CUSTOMER", "A", "A",
    ]  # fmt: skip
    checks = _dicts(luw, "SELECT * FROM SYSCAT.CHECKS WHERE TABSCHEMA = ? ORDER BY CONSTNAME WITH UR", "SHOP")
    assert [(row["CONSTNAME"], row["TEXT"]) for row in checks] == [("CK_AMOUNT", "AMOUNT > 0")]
    indexed = (
        "SELECT I.INDNAME, I.UNIQUERULE, U.COLNAME, U.COLORDER FROM SYSCAT.INDEXES I JOIN SYSCAT.INDEXCOLUSE U "
        "ON U.INDSCHEMA = I.INDSCHEMA AND U.INDNAME = I.INDNAME WHERE I.TABSCHEMA = ? AND I.UNIQUERULE = 'D' "
        "ORDER BY I.INDNAME, U.COLSEQ WITH UR"
    )
    assert _rows(luw, indexed, "SHOP") == [("IX_AMOUNT", "D", "AMOUNT", "D"), ("IX_AMOUNT", "D", "A", "A")]
    sequences = "SELECT * FROM SYSCAT.SEQUENCES WHERE SEQSCHEMA = ? AND SEQTYPE <> 'A' ORDER BY SEQNAME WITH UR"
    assert [(row["SEQNAME"], row["START"]) for row in _dicts(luw, sequences, "SHOP")] == [("NUMBERS", 5)]


NOTHING = "TRIGGERS PACKAGES MODULES XSROBJECTS VARIABLES TABLESPACES BUFFERPOOLS STOGROUPS ROLES SERVERS WRAPPERS"


@pytest.mark.parametrize("view", f"{NOTHING} USEROPTIONS NICKNAMES".split())
def test_a_browser_sees_that_there_is_nothing_of_a_kind(luw: drdarrow.Connection, view: str):
    assert _dicts(luw, f"SELECT * FROM SYSCAT.{view} WITH UR") == []


def test_sqlalchemy_ibmi_reflects_a_schema(ibmi: drdarrow.Connection):
    assert _rows(ibmi, "SELECT COUNT(*) FROM QSYS2.SYSTEXTSERVERS") == [(0,)]
    schema = _rows(ibmi, "VALUES CURRENT_SCHEMA")
    assert schema == _rows(ibmi, "VALUES CURRENT SCHEMA") and schema[0][0]
    schemas = (
        "SELECT QSYS2.SYSSCHEMAS.SCHEMA_NAME FROM QSYS2.SYSSCHEMAS WHERE QSYS2.SYSSCHEMAS.SCHEMA_NAME NOT LIKE ? "
        "AND QSYS2.SYSSCHEMAS.SCHEMA_NAME NOT LIKE ? ORDER BY QSYS2.SYSSCHEMAS.SCHEMA_NAME"
    )
    assert ("SHOP",) in _rows(ibmi, schemas, "Q%", "SYS%")
    tables = (
        "SELECT QSYS2.SYSTABLES.TABLE_NAME FROM QSYS2.SYSTABLES WHERE QSYS2.SYSTABLES.TABLE_TYPE IN ('T', 'P') "
        "AND QSYS2.SYSTABLES.TABLE_SCHEMA = ? AND QSYS2.SYSTABLES.SYSTEM_TABLE = 'N' ORDER BY QSYS2.SYSTABLES.TABLE_NAME"
    )
    assert _rows(ibmi, tables, "SHOP") == [("CUSTOMERS",), ("ORDERS",)]
    unique = (
        "SELECT C.CONSTRAINT_NAME, K.COLUMN_NAME FROM QSYS2.SYSCST C JOIN QSYS2.SYSCSTCOL K "
        "ON K.CONSTRAINT_SCHEMA = C.CONSTRAINT_SCHEMA AND K.CONSTRAINT_NAME = C.CONSTRAINT_NAME "
        "WHERE C.TABLE_SCHEMA = ? AND C.TABLE_NAME = ? AND C.CONSTRAINT_TYPE = 'UNIQUE' ORDER BY 1, 2"
    )
    assert _rows(ibmi, unique, "SHOP", "CUSTOMERS") == [("U_NAME", "NAME")]
    checks = (
        "SELECT K.CONSTRAINT_NAME, K.CHECK_CLAUSE FROM QSYS2.SYSCHKCST AS K JOIN QSYS2.SYSCST AS C "
        "ON K.CONSTRAINT_NAME = C.CONSTRAINT_NAME AND K.CONSTRAINT_SCHEMA = C.CONSTRAINT_SCHEMA "
        "WHERE C.TABLE_NAME = ? AND C.TABLE_SCHEMA = ?"
    )
    assert _rows(ibmi, checks, "ORDERS", "SHOP") == [("CK_AMOUNT", "AMOUNT > 0")]
    columns = (
        "SELECT COLUMN_NAME, DATA_TYPE, LENGTH, NUMERIC_SCALE, IS_NULLABLE, COLUMN_DEFAULT, HAS_DEFAULT, IS_IDENTITY, "
        "IDENTITY_GENERATION, LONG_COMMENT FROM QSYS2.SYSCOLUMNS WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? "
        "ORDER BY ORDINAL_POSITION"
    )
    assert _rows(ibmi, columns, "SHOP", "ORDERS") == [
        ("A", "INTEGER", 4, 0, "N", None, "N", "NO", None, "first"),
        ("B", "INTEGER", 4, 0, "N", None, "N", "NO", None, "second"),
        ("CUSTOMER", "INTEGER", 4, 0, "Y", None, "Y", "NO", None, None),
        ("AMOUNT", "DECIMAL", 9, 2, "Y", None, "Y", "NO", None, None),
    ]
