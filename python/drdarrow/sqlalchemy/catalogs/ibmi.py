"""Db2 for i: QSYS2 (IBM i SQL Reference, Db2 for i catalog views). Physical files of DDS are tables, too."""

from __future__ import annotations

from collections.abc import Iterator

from drdarrow.sqlalchemy.catalogs.catalog import (
    Catalog,
    Check,
    ColumnFacts,
    IndexPart,
    Key,
    Question,
    Reference,
    Relation,
    Rows,
    aliases,
    attributes,
    names,
    number,
    texts,
    trimmed,
    yes,
)

_KINDS = {"T": "T", "P": "T", "V": "V", "L": "V", "M": "M"}
#: DATA_TYPE has eight letters.
_TYPES = {
    "TIMESTMP": "TIMESTAMP",
    "VARG": "VARGRAPHIC",
    "VARBIN": "VARBINARY",
    "LONGVAR": "LONG VARCHAR",
    "LONGVARG": "LONG VARGRAPHIC",
}


def _relations(rows: Rows) -> Iterator[Relation]:
    for name, letter, comment, label in rows:
        yield Relation(trimmed(name), _KINDS[letter], comment or (label and trimmed(label)) or None)


def _columns(rows: Rows) -> Iterator[ColumnFacts]:
    for row in rows:
        table, name, type_, length, scale, page, nulls, default, identity, generation, comment, label = row[:12]
        type_ = _TYPES.get(trimmed(type_), trimmed(type_))
        if type_ == "FLOAT":
            type_ = "REAL" if length == 4 else "DOUBLE"
        own = yes(identity)
        yield ColumnFacts(
            trimmed(table),
            trimmed(name),
            type_,
            number(length),
            number(scale) if type_ != "TIMESTAMP" else number(row[18]),
            yes(nulls),
            # A default of NULL is no default.
            None if default is None or own or trimmed(default) == "NULL" else default,
            comment or (label and trimmed(label)) or None,
            bits=page == 65535 and type_ in ("CHAR", "VARCHAR"),
            identity=trimmed(generation or "BY DEFAULT") if own else None,
            numbers=attributes(*row[12:18]) if own else None,
        )


def _keys(rows: Rows) -> Iterator[Key]:
    for table, name, kind, column in rows:
        yield Key(trimmed(table), trimmed(name), "P" if kind.startswith("P") else "U", trimmed(column))


def _references(rows: Rows) -> Iterator[Reference]:
    for *found, on_delete, on_update in rows:
        rules = [None if trimmed(rule) == "NO ACTION" else trimmed(rule) for rule in (on_delete, on_update)]
        yield Reference(*map(trimmed, found), *rules)


def _checks(rows: Rows) -> Iterator[Check]:
    for table, name, text in rows:
        yield Check(trimmed(table), trimmed(name), text.strip())


def _indexes(rows: Rows) -> Iterator[IndexPart]:
    for table, name, unique, column, order in rows:
        # U is unique, V is unique where not null; D has duplicates, E is an encoded vector.
        yield IndexPart(trimmed(table), trimmed(name), unique in ("U", "V"), trimmed(column), order)


CATALOG = Catalog(
    schemas=Question("SELECT SCHEMA_NAME FROM QSYS2.SYSSCHEMAS ORDER BY SCHEMA_NAME", names),
    relations=Question(
        """SELECT T.TABLE_NAME, T.TABLE_TYPE, T.LONG_COMMENT, T.TABLE_TEXT FROM QSYS2.SYSTABLES T
        WHERE T.TABLE_SCHEMA = :schema AND T.TABLE_TYPE IN ('T', 'P', 'V', 'L', 'M') AND T.FILE_TYPE = 'D'
        AND T.TABLE_NAME IN (:names) ORDER BY T.TABLE_NAME""",
        _relations,
    ),
    columns=Question(
        """SELECT C.TABLE_NAME, C.COLUMN_NAME, C.DATA_TYPE, C.LENGTH, C.NUMERIC_SCALE, C.CCSID, C.IS_NULLABLE,
        C.COLUMN_DEFAULT, C.IS_IDENTITY, C.IDENTITY_GENERATION, C.LONG_COMMENT, C.COLUMN_TEXT,
        C.IDENTITY_START, C.IDENTITY_INCREMENT, C.IDENTITY_MINIMUM, C.IDENTITY_MAXIMUM, C.IDENTITY_CYCLE,
        C.IDENTITY_CACHE, C.DATETIME_PRECISION
        FROM QSYS2.SYSCOLUMNS C WHERE C.TABLE_SCHEMA = :schema AND C.TABLE_NAME IN (:names)
        ORDER BY C.TABLE_NAME, C.ORDINAL_POSITION""",
        _columns,
    ),
    keys=Question(
        """SELECT C.TABLE_NAME, C.CONSTRAINT_NAME, C.CONSTRAINT_TYPE, K.COLUMN_NAME FROM QSYS2.SYSCST C
        JOIN QSYS2.SYSKEYCST K ON K.CONSTRAINT_SCHEMA = C.CONSTRAINT_SCHEMA AND K.CONSTRAINT_NAME = C.CONSTRAINT_NAME
        WHERE C.TABLE_SCHEMA = :schema AND C.CONSTRAINT_TYPE IN ('PRIMARY KEY', 'UNIQUE') AND C.TABLE_NAME IN (:names)
        ORDER BY C.TABLE_NAME, C.CONSTRAINT_NAME, K.ORDINAL_POSITION""",
        _keys,
    ),
    references=Question(
        """SELECT C.TABLE_NAME, C.CONSTRAINT_NAME, K.COLUMN_NAME, P.TABLE_SCHEMA, P.TABLE_NAME, PK.COLUMN_NAME,
        R.DELETE_RULE, R.UPDATE_RULE FROM QSYS2.SYSCST C
        JOIN QSYS2.SYSKEYCST K ON K.CONSTRAINT_SCHEMA = C.CONSTRAINT_SCHEMA AND K.CONSTRAINT_NAME = C.CONSTRAINT_NAME
        JOIN QSYS2.SYSREFCST R ON R.CONSTRAINT_SCHEMA = C.CONSTRAINT_SCHEMA AND R.CONSTRAINT_NAME = C.CONSTRAINT_NAME
        JOIN QSYS2.SYSCST P ON P.CONSTRAINT_SCHEMA = R.UNIQUE_CONSTRAINT_SCHEMA
        AND P.CONSTRAINT_NAME = R.UNIQUE_CONSTRAINT_NAME
        JOIN QSYS2.SYSKEYCST PK ON PK.CONSTRAINT_SCHEMA = P.CONSTRAINT_SCHEMA AND PK.CONSTRAINT_NAME = P.CONSTRAINT_NAME
        AND PK.ORDINAL_POSITION = K.ORDINAL_POSITION
        WHERE C.TABLE_SCHEMA = :schema AND C.TABLE_NAME IN (:names)
        ORDER BY C.TABLE_NAME, C.CONSTRAINT_NAME, K.ORDINAL_POSITION""",
        _references,
    ),
    checks=Question(
        """SELECT C.TABLE_NAME, C.CONSTRAINT_NAME, K.CHECK_CLAUSE FROM QSYS2.SYSCST C
        JOIN QSYS2.SYSCHKCST K ON K.CONSTRAINT_SCHEMA = C.CONSTRAINT_SCHEMA AND K.CONSTRAINT_NAME = C.CONSTRAINT_NAME
        WHERE C.TABLE_SCHEMA = :schema AND C.TABLE_NAME IN (:names) ORDER BY C.TABLE_NAME, C.CONSTRAINT_NAME""",
        _checks,
    ),
    indexes=Question(
        """SELECT I.TABLE_NAME, I.INDEX_NAME, I.IS_UNIQUE, K.COLUMN_NAME, K.ORDERING FROM QSYS2.SYSINDEXES I
        JOIN QSYS2.SYSKEYS K ON K.INDEX_SCHEMA = I.INDEX_SCHEMA AND K.INDEX_NAME = I.INDEX_NAME
        WHERE I.TABLE_SCHEMA = :schema AND I.TABLE_NAME IN (:names)
        ORDER BY I.TABLE_NAME, I.INDEX_NAME, K.ORDINAL_POSITION""",
        _indexes,
    ),
    aliases=Question(
        """SELECT T.TABLE_NAME, T.BASE_TABLE_SCHEMA, T.BASE_TABLE_NAME FROM QSYS2.SYSTABLES T
        WHERE T.TABLE_SCHEMA = :schema AND T.TABLE_TYPE = 'A' AND T.TABLE_NAME IN (:names)""",
        aliases,
    ),
    views=Question(
        """SELECT V.TABLE_NAME, V.VIEW_DEFINITION FROM QSYS2.SYSVIEWS V
        WHERE V.TABLE_SCHEMA = :schema AND V.TABLE_NAME IN (:names)""",
        texts,
    ),
    sequences=Question(
        "SELECT SEQUENCE_NAME FROM QSYS2.SYSSEQUENCES WHERE SEQUENCE_SCHEMA = :schema ORDER BY SEQUENCE_NAME", names
    ),
)
