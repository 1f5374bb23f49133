"""Derby: SYS (Derby Reference Manual, system tables). Types, defaults and the columns of indexes are Java objects
there, which are read as their texts: `DECIMAL(10,2) NOT NULL`, `UNIQUE BTREE (3 DESC, 1)`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from drdarrow.sqlalchemy.catalogs.catalog import (
    Alias,
    Catalog,
    Check,
    ColumnFacts,
    IndexPart,
    Key,
    Question,
    Reference,
    Relation,
    Rows,
    attributes,
    names,
    number,
    texts,
)

_TYPE = re.compile(r"([A-Z ]+?)\s*(?:\((\d+)(?:,\s*(\d+))?\))?\s*(FOR BIT DATA)?\s*(NOT NULL)?")
_COMPUTED = re.compile(r"GENERATED ALWAYS AS \((.*)\)", re.DOTALL)
_QUOTED = re.compile(r'"((?:[^"]|"")*)"')
_RULES = {"C": "CASCADE", "U": "SET NULL", "S": "RESTRICT"}


def _relations(rows: Rows) -> Iterator[Relation]:
    for name, letter in rows:
        yield Relation(name, letter, None)


def _columns(rows: Rows) -> Iterator[ColumnFacts]:
    for table, name, declared, default, start, increment in rows:
        found = _TYPE.fullmatch(declared)
        if found is None:
            # A class of the user's.
            yield ColumnFacts(table, name, declared, None, None, True, default, None)
            continue
        type_, length, scale, bits, firm = found.groups()
        identity = increment is not None
        computed = _COMPUTED.fullmatch(default or "")
        yield ColumnFacts(
            table,
            name,
            type_,
            number(length),
            number(scale),
            firm is None,
            None if identity or computed else default,
            None,
            bits=bits is not None,
            identity=("BY DEFAULT" if default == "GENERATED_BY_DEFAULT" else "ALWAYS") if identity else None,
            numbers=attributes(start, increment) if identity else None,
            computed=computed[1].strip() if computed else None,
        )


def _parts(descriptor: str) -> list[tuple[int, str]]:
    """Numbers of columns, and their order."""
    inner = descriptor.partition("(")[2].rstrip(") ")
    return [(int(part.split()[0]), "D" if part.endswith("DESC") else "A") for part in inner.split(",")]


def _keys(rows: Rows) -> Iterator[Key]:
    columns: dict[tuple[str, str, str, str], dict[int, str]] = {}
    for table, name, kind, descriptor, position, column in rows:
        columns.setdefault((table, name, kind, descriptor), {})[position] = column
    for (table, name, kind, descriptor), found in columns.items():
        for position, _ in _parts(descriptor):
            yield Key(table, name, kind, found[position])


def _references(rows: Rows) -> Iterator[Reference]:
    """A row for each column of the child (C) and of the parent (P)."""
    about: dict[str, Any] = {}
    columns: dict[tuple[str, str], list[str]] = {}
    by_number: dict[tuple[str, str], dict[int, str]] = {}
    for side, constraint, table, name, schema, parent, on_delete, on_update, descriptor, position, column in rows:
        about[constraint] = (table, name, schema, parent, _RULES.get(on_delete), _RULES.get(on_update))
        by_number.setdefault((constraint, side), {})[position] = column
        columns[constraint, side] = [descriptor]
    for constraint, (table, name, schema, parent, on_delete, on_update) in about.items():
        sides = []
        for side in "CP":
            (descriptor,) = columns[constraint, side]
            sides.append([by_number[constraint, side][position] for position, _ in _parts(descriptor)])
        for child, other in zip(*sides, strict=True):
            yield Reference(table, name, child, schema, parent, other, on_delete, on_update)


def _checks(rows: Rows) -> Iterator[Check]:
    for table, name, text in rows:
        yield Check(table, name, text[1:-1] if text.startswith("(") and text.endswith(")") else text)


def _indexes(rows: Rows) -> Iterator[IndexPart]:
    columns: dict[tuple[str, str, str], dict[int, str]] = {}
    for table, name, descriptor, position, column in rows:
        columns.setdefault((table, name, descriptor), {})[position] = column
    for (table, name, descriptor), found in columns.items():
        for position, order in _parts(descriptor):
            yield IndexPart(table, name, descriptor.startswith("UNIQUE"), found[position], order)


def _aliases(rows: Rows) -> Iterator[Alias]:
    """Synonyms, whose tables are named as in SQL: `"APP"."ORDERS"`."""
    for name, table in rows:
        schema, base = (part.replace('""', '"') for part in _QUOTED.findall(table))
        yield Alias(name, schema, base)


# Without an order that is given Derby thinks about that of ten tables for a quarter of a minute.
_SIDE = """SELECT '{side}' AS SIDE, K.CONSTRAINTID, T.TABLENAME, K.CONSTRAINTNAME, PS.SCHEMANAME,
    PT.TABLENAME AS PARENT, F.DELETERULE, F.UPDATERULE,
    CAST(G.DESCRIPTOR AS VARCHAR(32672)) AS DESCRIPTOR, C.COLUMNNUMBER, C.COLUMNNAME
    FROM --DERBY-PROPERTIES joinOrder=FIXED
    SYS.SYSFOREIGNKEYS F, SYS.SYSCONSTRAINTS K, SYS.SYSTABLES T, SYS.SYSSCHEMAS S, SYS.SYSCONSTRAINTS PK,
    SYS.SYSTABLES PT, SYS.SYSSCHEMAS PS, SYS.SYSKEYS PI, SYS.SYSCONGLOMERATES G, SYS.SYSCOLUMNS C
    WHERE K.CONSTRAINTID = F.CONSTRAINTID AND T.TABLEID = K.TABLEID AND S.SCHEMAID = T.SCHEMAID
    AND PK.CONSTRAINTID = F.KEYCONSTRAINTID AND PT.TABLEID = PK.TABLEID AND PS.SCHEMAID = PT.SCHEMAID
    AND PI.CONSTRAINTID = F.KEYCONSTRAINTID AND G.CONGLOMERATEID = {index} AND C.REFERENCEID = {table}
    AND S.SCHEMANAME = :schema AND T.TABLENAME IN (:names)"""

CATALOG = Catalog(
    schemas=Question("SELECT SCHEMANAME FROM SYS.SYSSCHEMAS ORDER BY SCHEMANAME", names),
    relations=Question(
        """SELECT T.TABLENAME, T.TABLETYPE FROM SYS.SYSTABLES T JOIN SYS.SYSSCHEMAS S ON S.SCHEMAID = T.SCHEMAID
        WHERE S.SCHEMANAME = :schema AND T.TABLETYPE IN ('T', 'V') AND T.TABLENAME IN (:names) ORDER BY T.TABLENAME""",
        _relations,
    ),
    columns=Question(
        """SELECT T.TABLENAME, C.COLUMNNAME, CAST(C.COLUMNDATATYPE AS VARCHAR(32672)),
        CAST(C.COLUMNDEFAULT AS VARCHAR(32672)), C.AUTOINCREMENTSTART, C.AUTOINCREMENTINC
        FROM SYS.SYSCOLUMNS C JOIN SYS.SYSTABLES T ON T.TABLEID = C.REFERENCEID
        JOIN SYS.SYSSCHEMAS S ON S.SCHEMAID = T.SCHEMAID
        WHERE S.SCHEMANAME = :schema AND T.TABLENAME IN (:names) ORDER BY T.TABLENAME, C.COLUMNNUMBER""",
        _columns,
    ),
    keys=Question(
        """SELECT T.TABLENAME, K.CONSTRAINTNAME, K.TYPE, CAST(G.DESCRIPTOR AS VARCHAR(32672)), C.COLUMNNUMBER,
        C.COLUMNNAME FROM SYS.SYSCONSTRAINTS K JOIN SYS.SYSTABLES T ON T.TABLEID = K.TABLEID
        JOIN SYS.SYSSCHEMAS S ON S.SCHEMAID = T.SCHEMAID JOIN SYS.SYSKEYS I ON I.CONSTRAINTID = K.CONSTRAINTID
        JOIN SYS.SYSCONGLOMERATES G ON G.CONGLOMERATEID = I.CONGLOMERATEID
        JOIN SYS.SYSCOLUMNS C ON C.REFERENCEID = T.TABLEID
        WHERE S.SCHEMANAME = :schema AND K.TYPE IN ('P', 'U') AND T.TABLENAME IN (:names)
        ORDER BY T.TABLENAME, K.CONSTRAINTNAME""",
        _keys,
    ),
    references=Question(
        "\nUNION ALL ".join(
            (
                _SIDE.format(side="C", index="F.CONGLOMERATEID", table="K.TABLEID"),
                _SIDE.format(side="P", index="PI.CONGLOMERATEID", table="PK.TABLEID"),
            )
        )
        + " ORDER BY 3, 4",
        _references,
    ),
    checks=Question(
        """SELECT T.TABLENAME, K.CONSTRAINTNAME, C.CHECKDEFINITION FROM SYS.SYSCHECKS C
        JOIN SYS.SYSCONSTRAINTS K ON K.CONSTRAINTID = C.CONSTRAINTID JOIN SYS.SYSTABLES T ON T.TABLEID = K.TABLEID
        JOIN SYS.SYSSCHEMAS S ON S.SCHEMAID = T.SCHEMAID
        WHERE S.SCHEMANAME = :schema AND T.TABLENAME IN (:names) ORDER BY T.TABLENAME, K.CONSTRAINTNAME""",
        _checks,
    ),
    indexes=Question(
        """SELECT T.TABLENAME, G.CONGLOMERATENAME, CAST(G.DESCRIPTOR AS VARCHAR(32672)), C.COLUMNNUMBER, C.COLUMNNAME
        FROM SYS.SYSCONGLOMERATES G JOIN SYS.SYSTABLES T ON T.TABLEID = G.TABLEID
        JOIN SYS.SYSSCHEMAS S ON S.SCHEMAID = T.SCHEMAID JOIN SYS.SYSCOLUMNS C ON C.REFERENCEID = T.TABLEID
        WHERE S.SCHEMANAME = :schema AND G.ISINDEX AND NOT G.ISCONSTRAINT AND T.TABLENAME IN (:names)
        ORDER BY T.TABLENAME, G.CONGLOMERATENAME""",
        _indexes,
    ),
    aliases=Question(
        """SELECT A.ALIAS, CAST(A.ALIASINFO AS VARCHAR(32672)) FROM SYS.SYSALIASES A
        JOIN SYS.SYSSCHEMAS S ON S.SCHEMAID = A.SCHEMAID
        WHERE S.SCHEMANAME = :schema AND A.ALIASTYPE = 'S' AND A.ALIAS IN (:names)""",
        _aliases,
    ),
    views=Question(
        """SELECT T.TABLENAME, V.VIEWDEFINITION FROM SYS.SYSVIEWS V JOIN SYS.SYSTABLES T ON T.TABLEID = V.TABLEID
        JOIN SYS.SYSSCHEMAS S ON S.SCHEMAID = T.SCHEMAID WHERE S.SCHEMANAME = :schema AND T.TABLENAME IN (:names)""",
        texts,
    ),
    sequences=Question(
        """SELECT Q.SEQUENCENAME FROM SYS.SYSSEQUENCES Q JOIN SYS.SYSSCHEMAS S ON S.SCHEMAID = Q.SCHEMAID
        WHERE S.SCHEMANAME = :schema ORDER BY Q.SEQUENCENAME""",
        names,
    ),
)
