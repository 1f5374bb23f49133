"""Db2 for z/OS: SYSIBM (Db2 for z/OS SQL Reference, catalog tables). There is no table of schemas."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

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
    names,
    number,
    rule,
    texts,
    trimmed,
)

_KINDS = {"T": "T", "G": "T", "H": "T", "R": "T", "V": "V", "M": "M"}


def _relations(rows: Rows) -> Iterator[Relation]:
    for name, letter, remark, label in rows:
        yield Relation(trimmed(name), _KINDS[letter], remark or (label and trimmed(label)) or None)


def _default(letter: str, value: Any) -> str | None:
    """DEFAULT is a letter for the kind, and DEFAULTVALUE the value without quotes where it is a text (1)."""
    if letter == "1":
        return "'" + str(value or "").replace("'", "''") + "'"
    if letter == "S":
        return "CURRENT SQLID"
    if letter == "U":
        return "USER"
    return str(value) if letter in ("2", "3", "4", "5", "Y") and value else None


def _columns(rows: Rows) -> Iterator[ColumnFacts]:
    for table, name, type_, length, long, scale, bits, nulls, letter, value, generated, remark, label in rows:
        type_ = trimmed(type_)
        identity = letter in ("I", "J") or (generated in ("A", "D") and letter in ("Y", "N"))
        if type_ == "FLOAT":
            type_ = "REAL" if length == 4 else "DOUBLE"
        if type_ == "TIMESTAMP" and length == 10 and not scale:
            # Tables that are older than TIMESTAMP(p) have six digits, which the catalog says by 0.
            scale = 6
        yield ColumnFacts(
            trimmed(table),
            trimmed(name),
            type_,
            number(long or length),
            number(scale),
            nulls == "Y",
            None if identity else _default(letter, value),
            remark or (label and trimmed(label)) or None,
            bits=bits == "B" and type_ in ("CHAR", "VARCHAR"),
            identity=("ALWAYS" if letter == "I" or generated == "A" else "BY DEFAULT") if identity else None,
        )


def _keys(rows: Rows) -> Iterator[Key]:
    for table, name, kind, column in rows:
        yield Key(trimmed(table), trimmed(name), kind, trimmed(column))


def _references(rows: Rows) -> Iterator[Reference]:
    for *found, on_delete in rows:
        table, name, column, parent_schema, parent, parent_column = map(trimmed, found)
        yield Reference(table, name, column, parent_schema, parent, parent_column, rule(on_delete), None)


def _checks(rows: Rows) -> Iterator[Check]:
    for table, name, text in rows:
        yield Check(trimmed(table), trimmed(name), text.strip())


def _indexes(rows: Rows) -> Iterator[IndexPart]:
    for table, name, unique, column, order in rows:
        yield IndexPart(trimmed(table), trimmed(name), unique != "D", trimmed(column), "I" if order == " " else order)


CATALOG = Catalog(
    schemas=Question("SELECT DISTINCT CREATOR FROM SYSIBM.SYSTABLES ORDER BY CREATOR", names),
    relations=Question(
        """SELECT T.NAME, T.TYPE, T.REMARKS, T.LABEL FROM SYSIBM.SYSTABLES T
        WHERE T.CREATOR = :schema AND T.TYPE IN ('T', 'G', 'H', 'R', 'V', 'M') AND T.NAME IN (:names)
        ORDER BY T.NAME""",
        _relations,
    ),
    columns=Question(
        """SELECT C.TBNAME, C.NAME, C.TYPENAME, C.LENGTH, C.LENGTH2, C.SCALE, C.FOREIGNKEY, C.NULLS, C."DEFAULT",
        C.DEFAULTVALUE, C.GENERATED_ATTR, C.REMARKS, C.LABEL FROM SYSIBM.SYSCOLUMNS C
        WHERE C.TBCREATOR = :schema AND C.TBNAME IN (:names) ORDER BY C.TBNAME, C.COLNO""",
        _columns,
    ),
    keys=Question(
        """SELECT T.TBNAME, T.CONSTNAME, T.TYPE, K.COLNAME FROM SYSIBM.SYSTABCONST T
        JOIN SYSIBM.SYSKEYCOLUSE K ON K.TBCREATOR = T.TBCREATOR AND K.TBNAME = T.TBNAME AND K.CONSTNAME = T.CONSTNAME
        WHERE T.TBCREATOR = :schema AND T.TYPE IN ('P', 'U') AND T.TBNAME IN (:names)
        ORDER BY T.TBNAME, T.CONSTNAME, K.COLSEQ""",
        _keys,
    ),
    # The columns of the parent are those of its index; without a name it is that of the primary key.
    references=Question(
        """SELECT R.TBNAME, R.RELNAME, F.COLNAME, R.REFTBCREATOR, R.REFTBNAME, K.COLNAME, R.DELETERULE
        FROM SYSIBM.SYSRELS R
        JOIN SYSIBM.SYSFOREIGNKEYS F ON F.CREATOR = R.CREATOR AND F.TBNAME = R.TBNAME AND F.RELNAME = R.RELNAME
        JOIN SYSIBM.SYSINDEXES I ON I.TBCREATOR = R.REFTBCREATOR AND I.TBNAME = R.REFTBNAME
        AND ((R.IXNAME <> '' AND I.CREATOR = R.IXOWNER AND I.NAME = R.IXNAME) OR (R.IXNAME = '' AND I.UNIQUERULE = 'P'))
        JOIN SYSIBM.SYSKEYS K ON K.IXCREATOR = I.CREATOR AND K.IXNAME = I.NAME AND K.COLSEQ = F.COLSEQ
        WHERE R.CREATOR = :schema AND R.TBNAME IN (:names) ORDER BY R.TBNAME, R.RELNAME, F.COLSEQ""",
        _references,
    ),
    checks=Question(
        """SELECT C.TBNAME, C.CHECKNAME, C.CHECKCONDITION FROM SYSIBM.SYSCHECKS C
        WHERE C.TBOWNER = :schema AND C.TBNAME IN (:names) ORDER BY C.TBNAME, C.CHECKNAME""",
        _checks,
    ),
    indexes=Question(
        """SELECT I.TBNAME, I.NAME, I.UNIQUERULE, K.COLNAME, K.ORDERING FROM SYSIBM.SYSINDEXES I
        JOIN SYSIBM.SYSKEYS K ON K.IXCREATOR = I.CREATOR AND K.IXNAME = I.NAME
        WHERE I.TBCREATOR = :schema AND I.UNIQUERULE IN ('D', 'U', 'N') AND I.TBNAME IN (:names)
        ORDER BY I.TBNAME, I.NAME, K.COLSEQ""",
        _indexes,
    ),
    aliases=Question(
        """SELECT T.NAME, T.TBCREATOR, T.TBNAME FROM SYSIBM.SYSTABLES T
        WHERE T.CREATOR = :schema AND T.TYPE = 'A' AND T.NAME IN (:names)""",
        aliases,
    ),
    views=Question(
        "SELECT V.NAME, V.STATEMENT FROM SYSIBM.SYSVIEWS V WHERE V.CREATOR = :schema AND V.NAME IN (:names)", texts
    ),
    sequences=Question(
        "SELECT NAME FROM SYSIBM.SYSSEQUENCES WHERE SEQTYPE = 'S' AND SCHEMA = :schema ORDER BY NAME", names
    ),
)
