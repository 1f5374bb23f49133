"""Db2 for LUW: SYSCAT (Db2 SQL Reference, catalog views)."""

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
    rule,
    texts,
    trimmed,
)

_KINDS = {"T": "T", "U": "T", "N": "T", "G": "T", "V": "V", "W": "V", "S": "M"}


def _relations(rows: Rows) -> Iterator[Relation]:
    for name, letter, remark in rows:
        yield Relation(trimmed(name), _KINDS[letter], remark or None)


def _columns(rows: Rows) -> Iterator[ColumnFacts]:
    for row in rows:
        (
            table,
            name,
            type_,
            length,
            scale,
            units,
            characters,
            page,
            nulls,
            default,
            identity,
            generated,
            text,
            remark,
        ) = row[:14]
        # Characters, where the length was declared in them.
        length = characters if units and trimmed(units) == "CODEUNITS32" else length
        if type_ in ("GRAPHIC", "VARGRAPHIC", "DBCLOB") and characters is not None:
            length = characters
        always = "ALWAYS" if generated == "A" else "BY DEFAULT"
        yield ColumnFacts(
            trimmed(table),
            trimmed(name),
            trimmed(type_),
            number(length),
            number(scale),
            nulls == "Y",
            default,
            remark or None,
            bits=page == 0 and trimmed(type_) in ("CHARACTER", "VARCHAR", "LONG VARCHAR"),
            identity=always if identity == "Y" else None,
            numbers=attributes(*row[14:]) if identity == "Y" else None,
            computed=_expression(text) if identity != "Y" and generated in ("A", "D") and text else None,
        )


def _expression(text: str) -> str:
    """SYSCAT says AS (expression)."""
    text = text.strip()
    text = text[2:].strip() if text[:2].upper() == "AS" else text
    return text[1:-1].strip() if text.startswith("(") and text.endswith(")") else text


def _keys(rows: Rows) -> Iterator[Key]:
    for table, name, kind, column in rows:
        yield Key(trimmed(table), trimmed(name), kind, trimmed(column))


def _references(rows: Rows) -> Iterator[Reference]:
    for table, name, column, parent_schema, parent, parent_column, on_delete, on_update in rows:
        yield Reference(
            trimmed(table),
            trimmed(name),
            trimmed(column),
            trimmed(parent_schema),
            trimmed(parent),
            trimmed(parent_column),
            rule(on_delete),
            rule(on_update),
        )


def _checks(rows: Rows) -> Iterator[Check]:
    for table, name, text in rows:
        yield Check(trimmed(table), trimmed(name), text.strip())


def _indexes(rows: Rows) -> Iterator[IndexPart]:
    for table, name, unique, column, order, virtual, text in rows:
        computed = virtual in ("Y", "S") and text
        yield IndexPart(
            trimmed(table),
            trimmed(name),
            unique != "D",
            None if computed else trimmed(column),
            order,
            text if computed else None,
        )


CATALOG = Catalog(
    schemas=Question("SELECT SCHEMANAME FROM SYSCAT.SCHEMATA ORDER BY SCHEMANAME", names),
    relations=Question(
        """SELECT T.TABNAME, T.TYPE, T.REMARKS FROM SYSCAT.TABLES T
        WHERE T.TABSCHEMA = :schema AND T.TYPE IN ('T', 'U', 'N', 'G', 'V', 'W', 'S') AND T.TABNAME IN (:names)
        ORDER BY T.TABNAME""",
        _relations,
    ),
    columns=Question(
        """SELECT C.TABNAME, C.COLNAME, C.TYPENAME, C.LENGTH, C.SCALE, C.TYPESTRINGUNITS, C.STRINGUNITSLENGTH,
        C.CODEPAGE, C.NULLS, C."DEFAULT", C.IDENTITY, C.GENERATED, C.TEXT, C.REMARKS,
        I.START, I.INCREMENT, I.MINVALUE, I.MAXVALUE, I.CYCLE, I.CACHE
        FROM SYSCAT.COLUMNS C LEFT OUTER JOIN SYSCAT.COLIDENTATTRIBUTES I
        ON I.TABSCHEMA = C.TABSCHEMA AND I.TABNAME = C.TABNAME AND I.COLNAME = C.COLNAME
        WHERE C.TABSCHEMA = :schema AND C.TABNAME IN (:names) ORDER BY C.TABNAME, C.COLNO""",
        _columns,
    ),
    keys=Question(
        """SELECT T.TABNAME, T.CONSTNAME, T.TYPE, K.COLNAME FROM SYSCAT.TABCONST T
        JOIN SYSCAT.KEYCOLUSE K ON K.TABSCHEMA = T.TABSCHEMA AND K.TABNAME = T.TABNAME AND K.CONSTNAME = T.CONSTNAME
        WHERE T.TABSCHEMA = :schema AND T.TYPE IN ('P', 'U') AND T.TABNAME IN (:names)
        ORDER BY T.TABNAME, T.CONSTNAME, K.COLSEQ""",
        _keys,
    ),
    references=Question(
        """SELECT R.TABNAME, R.CONSTNAME, K.COLNAME, R.REFTABSCHEMA, R.REFTABNAME, P.COLNAME, R.DELETERULE, R.UPDATERULE
        FROM SYSCAT.REFERENCES R
        JOIN SYSCAT.KEYCOLUSE K ON K.TABSCHEMA = R.TABSCHEMA AND K.TABNAME = R.TABNAME AND K.CONSTNAME = R.CONSTNAME
        JOIN SYSCAT.KEYCOLUSE P ON P.TABSCHEMA = R.REFTABSCHEMA AND P.TABNAME = R.REFTABNAME
        AND P.CONSTNAME = R.REFKEYNAME AND P.COLSEQ = K.COLSEQ
        WHERE R.TABSCHEMA = :schema AND R.TABNAME IN (:names) ORDER BY R.TABNAME, R.CONSTNAME, K.COLSEQ""",
        _references,
    ),
    checks=Question(
        """SELECT C.TABNAME, C.CONSTNAME, C.TEXT FROM SYSCAT.CHECKS C
        WHERE C.TABSCHEMA = :schema AND C.TYPE = 'C' AND C.TABNAME IN (:names) ORDER BY C.TABNAME, C.CONSTNAME""",
        _checks,
    ),
    indexes=Question(
        """SELECT I.TABNAME, I.INDNAME, I.UNIQUERULE, U.COLNAME, U.COLORDER, U.VIRTUAL, U.TEXT FROM SYSCAT.INDEXES I
        JOIN SYSCAT.INDEXCOLUSE U ON U.INDSCHEMA = I.INDSCHEMA AND U.INDNAME = I.INDNAME
        WHERE I.TABSCHEMA = :schema AND I.SYSTEM_REQUIRED = 0 AND I.TABNAME IN (:names)
        ORDER BY I.TABNAME, I.INDNAME, U.COLSEQ""",
        _indexes,
    ),
    aliases=Question(
        """SELECT T.TABNAME, T.BASE_TABSCHEMA, T.BASE_TABNAME FROM SYSCAT.TABLES T
        WHERE T.TABSCHEMA = :schema AND T.TYPE = 'A' AND T.TABNAME IN (:names)""",
        aliases,
    ),
    views=Question(
        "SELECT V.VIEWNAME, V.TEXT FROM SYSCAT.VIEWS V WHERE V.VIEWSCHEMA = :schema AND V.VIEWNAME IN (:names)", texts
    ),
    sequences=Question(
        "SELECT SEQNAME FROM SYSCAT.SEQUENCES WHERE SEQTYPE = 'S' AND SEQSCHEMA = :schema ORDER BY SEQNAME", names
    ),
)
