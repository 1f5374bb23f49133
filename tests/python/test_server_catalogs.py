"""The catalog's views over DuckDB: what statements read from them, and what definitions said and DuckDB forgets."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from catalogs import TABLES

import drdarrow
from drdarrow import server


@pytest.fixture
def luw() -> Iterator[drdarrow.Connection]:
    with server.serve() as srv, srv.connect(autocommit=True) as connection:
        yield connection


def rows(connection: drdarrow.Connection, sql: str) -> list[tuple]:
    return connection.execute(sql).fetchall()


def test_a_view_has_the_forms_of_a_name(luw: drdarrow.Connection):
    luw.execute("CREATE TABLE T (A INTEGER)")
    for sql in (
        "SELECT TABNAME FROM SYSCAT.TABLES WITH UR",
        "select tables.tabname from syscat.tables where tables.type = 'T'",
        'SELECT "SYSCAT"."TABLES"."TABNAME" FROM "SYSCAT"."TABLES" WHERE "SYSCAT"."TABLES"."TYPE" = \'T\'',
        "SELECT T.TABNAME FROM SYSCAT.TABLES T JOIN SYSCAT.COLUMNS AS C ON C.TABNAME = T.TABNAME",
        "SELECT TABNAME FROM (SELECT * FROM SYSCAT.TABLES) ORDER BY 1",
        "WITH X AS (SELECT TABNAME FROM SYSCAT.TABLES) SELECT * FROM X",
        "SELECT A.TABNAME FROM SYSCAT.TABLES A, SYSCAT.TABLES B WHERE A.TABNAME = B.TABNAME",
        "SELECT TABNAME FROM SYSCAT.TABLES WHERE TABSCHEMA = CURRENT SCHEMA",
        "SELECT 'T' FROM SYSIBM.SYSDUMMY1 WHERE EXISTS (SELECT 1 FROM SYSCAT.TABLES WHERE TABNAME = 'T')",
    ):
        assert rows(luw, sql) == [("T",)], sql
    # In a text it is a text.
    assert rows(luw, "VALUES 'SYSCAT.TABLES'") == [("SYSCAT.TABLES",)]


def test_the_columns_of_a_view_are_described(luw: drdarrow.Connection):
    cursor = luw.execute("SELECT TABSCHEMA, TYPE, CARD, COLCOUNT FROM SYSCAT.TABLES")
    schema = cursor.fetch_arrow_table().schema
    about = [(field.name, str(field.type), field.metadata.get(b"drda:length")) for field in schema]
    assert [kind for _, kind, _ in about] == ["string", "string", "int64", "int16"]
    assert [length for _, _, length in about[:2]] == [b"128", b"1"]


def test_no_view_is_changed_and_none_is_made_up(luw: drdarrow.Connection):
    for sql in ("DELETE FROM SYSCAT.TABLES", "INSERT INTO SYSCAT.SCHEMATA (SCHEMANAME) VALUES ('X')"):
        with pytest.raises(drdarrow.Error):
            luw.execute(sql)
    for sql in ("SELECT * FROM SYSCAT.NOTHING", "SELECT * FROM QSYS2.SYSTABLES", "SELECT NOTHING FROM SYSCAT.TABLES"):
        with pytest.raises(drdarrow.ProgrammingError, match="-20[46]"):
            luw.execute(sql)


def test_names_of_constraints_and_orders_of_indexes(luw: drdarrow.Connection):
    for statement in TABLES:
        luw.execute(statement)
    luw.execute("CREATE TABLE SHOP.CODES (CODE INTEGER)")
    luw.execute("ALTER TABLE SHOP.CODES ADD CONSTRAINT U_CODE UNIQUE (CODE)")
    constraints = "SELECT CONSTNAME, TYPE FROM SYSCAT.TABCONST ORDER BY 1"
    assert rows(luw, constraints) == [
        ("CK_AMOUNT", "K"), ("FK_CUSTOMER", "F"), ("PK_CUSTOMERS", "P"), ("PK_ORDERS", "P"), ("U_CODE", "U"),
        ("U_NAME", "U"),
    ]  # fmt: skip
    assert rows(luw, "SELECT TEXT FROM SYSCAT.CHECKS") == [("AMOUNT > 0",)]
    assert rows(luw, "SELECT REFKEYNAME, FK_COLNAMES FROM SYSCAT.REFERENCES") == [("PK_CUSTOMERS", "CUSTOMER")]
    asked = "SELECT COLNAMES FROM SYSCAT.INDEXES WHERE INDNAME = 'IX_AMOUNT'"
    assert rows(luw, asked) == [("-AMOUNT+A",)]
    # What is gone is not told of.
    luw.execute("DROP INDEX SHOP.IX_AMOUNT")
    assert rows(luw, asked) == []
    luw.execute("DROP VIEW SHOP.NAMES")
    luw.execute("DROP TABLE SHOP.ORDERS")
    luw.execute("CREATE TABLE SHOP.ORDERS (A INTEGER NOT NULL PRIMARY KEY)")
    asked = "SELECT CONSTNAME FROM SYSCAT.TABCONST WHERE TABNAME = 'ORDERS'"
    assert rows(luw, asked) == [("ORDERS_A_PKEY",)]


def test_definitions_are_undone_with_their_transaction():
    with server.serve() as srv, srv.connect() as mine, srv.connect(autocommit=True) as other:
        mine.execute("CREATE TABLE T (A INTEGER NOT NULL, CONSTRAINT MY_KEY PRIMARY KEY (A))")
        mine.commit()
        mine.execute("LABEL ON TABLE T IS 'short'")
        mine.execute("COMMENT ON T (A IS 'a number')")
        mine.execute("CREATE TABLE U (B INTEGER CONSTRAINT U_B UNIQUE)")
        asked = "SELECT REMARKS FROM SYSCAT.COLUMNS WHERE TABNAME = 'T'"
        constraints = "SELECT CONSTNAME FROM SYSCAT.TABCONST ORDER BY 1"
        assert rows(mine, asked) == [("a number",)] and rows(other, asked) == [(None,)]
        assert rows(mine, constraints) == [("MY_KEY",), ("U_B",)] and rows(other, constraints) == [("MY_KEY",)]
        mine.rollback()
        assert rows(mine, asked) == [(None,)] and rows(mine, constraints) == [("MY_KEY",)]
        mine.execute("COMMENT ON T (A IS 'for good')")
        mine.commit()
        assert rows(other, asked) == [("for good",)]


def test_labels_go_with_what_a_savepoint_takes_back():
    with server.serve() as srv, srv.connect() as connection:
        asked = "SELECT REMARKS FROM SYSCAT.COLUMNS WHERE TABNAME = 'T' AND COLNAME = 'A'"
        keys = "SELECT CONSTNAME FROM SYSCAT.TABCONST WHERE TABNAME = 'N'"
        connection.execute("CREATE TABLE T (A INTEGER)")
        connection.execute("COMMENT ON T (A IS 'first')")
        connection.commit()
        connection.execute("COMMENT ON T (A IS 'second')")
        connection.execute("SAVEPOINT S ON ROLLBACK RETAIN CURSORS")
        for _ in range(2):
            connection.execute("COMMENT ON T (A IS 'third')")
            connection.execute("CREATE TABLE N (A INTEGER NOT NULL, CONSTRAINT OLD PRIMARY KEY (A))")
            assert (rows(connection, asked), rows(connection, keys)) == ([("third",)], [("OLD",)])
            connection.execute("ROLLBACK TO SAVEPOINT S")
            assert (rows(connection, asked), rows(connection, keys)) == ([("second",)], [])
        connection.execute("COMMENT ON T (A IS 'fourth')")
        connection.execute("RELEASE SAVEPOINT S")
        connection.commit()
        with srv.connect() as other:
            assert rows(other, asked) == [("fourth",)]
        connection.execute("SAVEPOINT S ON ROLLBACK RETAIN CURSORS")
        connection.execute("COMMENT ON T (A IS 'fifth')")
        connection.rollback()
        assert rows(connection, asked) == [("fourth",)]


def test_labels_need_their_table(luw: drdarrow.Connection):
    luw.execute("CREATE TABLE T (A INTEGER)")
    for sql, code in (("LABEL ON TABLE NOWHERE IS 'x'", "-204"), ("LABEL ON COLUMN T (B IS 'x')", "-206")):
        with pytest.raises(drdarrow.ProgrammingError, match=code):
            luw.execute(sql)


def test_labels_of_ibm_i():
    with server.serve(persona="ibmi") as srv, srv.connect(autocommit=True) as connection:
        connection.execute("CREATE TABLE T (A INTEGER, B VARCHAR(10) FOR BIT DATA)")
        connection.execute("LABEL ON TABLE T IS 'a table'")
        connection.execute("LABEL ON COLUMN T (A IS 'Heading', B TEXT IS 'a text')")
        asked = "SELECT COLUMN_NAME, COLUMN_HEADING, COLUMN_TEXT, DATA_TYPE, CCSID FROM QSYS2.SYSCOLUMNS"
        assert rows(connection, asked) == [
            ("A", "Heading", None, "INTEGER", None),
            ("B", None, "a text", "VARCHAR", 65535),
        ]
        assert rows(connection, "SELECT TABLE_TEXT FROM QSYS2.SYSTABLES") == [("a table",)]


def test_pages_of_columns_on_ibm_i():
    with server.serve(persona="ibmi") as srv, srv.connect(autocommit=True) as connection:
        connection.execute(
            "CREATE TABLE T (A VARCHAR(20) CCSID 1208, B CHAR(2) CCSID 65535, C VARGRAPHIC(5) CCSID 1200, "
            "D VARCHAR(9) CCSID 273, E VARCHAR(9))"
        )
        asked = "SELECT COLUMN_NAME, DATA_TYPE, CCSID FROM QSYS2.SYSCOLUMNS"
        assert rows(connection, asked) == [
            ("A", "VARCHAR", 1208), ("B", "CHAR", 65535), ("C", "VARG", 1200), ("D", "VARCHAR", 273), ("E", "VARCHAR", 37),
        ]  # fmt: skip
        row = ("日本 ä", b"\x00\xff", "日本", "ä€"[:1], "z")
        connection.execute("INSERT INTO T VALUES (?, ?, ?, ?, ?)", row)
        assert rows(connection, "SELECT * FROM T") == [row]
        # The page of another column has no such sign.
        with pytest.raises(drdarrow.Error, match="-330|22021"):
            connection.execute("INSERT INTO T (D) VALUES (?)", ("日",))
            rows(connection, "SELECT D FROM T")


def test_derbys_catalogs_join_by_their_ids():
    with server.serve(persona="derby") as srv, srv.connect(autocommit=True) as connection:
        for statement in TABLES[:-2]:
            if not statement.startswith("COMMENT"):
                connection.execute(statement)
        found = rows(
            connection,
            "SELECT S.SCHEMANAME, T.TABLENAME, C.CONSTRAINTNAME, C.TYPE FROM SYS.SYSCONSTRAINTS C JOIN SYS.SYSTABLES T "
            "ON T.TABLEID = C.TABLEID JOIN SYS.SYSSCHEMAS S ON S.SCHEMAID = T.SCHEMAID ORDER BY 3",
        )
        assert found == [
            ("SHOP", "ORDERS", "CK_AMOUNT", "C"), ("SHOP", "ORDERS", "FK_CUSTOMER", "F"),
            ("SHOP", "CUSTOMERS", "PK_CUSTOMERS", "P"), ("SHOP", "ORDERS", "PK_ORDERS", "P"),
            ("SHOP", "CUSTOMERS", "U_NAME", "U"),
        ]  # fmt: skip


def test_the_catalog_of_a_database_that_nobody_can_change():
    with server.serve(read_only=True) as srv, srv.connect() as connection:
        assert rows(connection, "SELECT COUNT(*) FROM SYSCAT.TABLES") == [(0,)]
        assert rows(connection, "SELECT GRANTEE FROM SYSCAT.TABAUTH") == []


def test_rows_of_views_count_in_the_memory_of_their_client():
    with (
        server.serve(max_connection_memory=1 << 20) as srv,
        srv.connect(autocommit=True) as connection,
        srv.connect(autocommit=True) as other,
    ):
        asked = "SELECT COUNT(*) FROM SYSCAT.COLUMNS WHERE TABSCHEMA = CURRENT SCHEMA"
        for n in range(12):
            connection.execute(f"CREATE TABLE T{n} ({', '.join(f'A{c} INTEGER' for c in range(20))})")
        # They are given back after each statement.
        for _ in range(30):
            assert rows(connection, asked) == [(240,)]
        columns = ", ".join(f"A{c} INTEGER" for c in range(900))
        for n in range(6):
            connection.execute(f"CREATE TABLE W{n} ({columns})")
        for each in (connection, other):
            with pytest.raises(drdarrow.Error) as caught:
                rows(each, asked)
            assert caught.value.sqlcode == -289
            assert rows(each, "SELECT COUNT(*) FROM SYSCAT.SCHEMATA WHERE SCHEMANAME = CURRENT SCHEMA") == [(1,)]
        for n in range(6):
            connection.execute(f"DROP TABLE W{n}")
        assert rows(other, asked) == rows(connection, asked) == [(240,)]


def test_what_a_browser_of_databases_asks(luw: drdarrow.Connection):
    luw.execute("CREATE TABLE T (A INTEGER)")
    names = "SCHEMATA TABLES COLUMNS VIEWS INDEXES INDEXCOLUSE TABCONST KEYCOLUSE REFERENCES CHECKS SEQUENCES TRIGGERS"
    more = "ROUTINES ROUTINEPARMS PACKAGES MODULES XSROBJECTS VARIABLES TABLESPACES BUFFERPOOLS STOGROUPS ROLES SERVERS"
    for name in f"{names} {more} WRAPPERS USEROPTIONS NICKNAMES TABAUTH ROUTINEAUTH".split():
        luw.execute(f"SELECT * FROM SYSCAT.{name} WITH UR").fetchall()
    kinds = {name for (name,) in rows(luw, "SELECT TYPENAME FROM SYSCAT.DATATYPES WHERE METATYPE = 'S' WITH UR")}
    assert {name for (name,) in rows(luw, "SELECT DISTINCT TYPENAME FROM SYSCAT.COLUMNS")} <= kinds


NAMES = (
    'CREATE SCHEMA "low s"',
    'CREATE TABLE "low s"."My T" ("a b" INTEGER NOT NULL, C INTEGER, "select" INTEGER, CONSTRAINT "my key" PRIMARY KEY ("a b"))',
    'CREATE TABLE "low s".kid (x INTEGER, "y" INTEGER CONSTRAINT "fk y" REFERENCES "low s"."My T" ("a b"))',
    'CREATE INDEX "low s"."ix One" ON "low s"."My T" ("select" DESC, C)',
    'CREATE VIEW "low s"."v 1" ("x", y) AS SELECT "a b", C FROM "low s"."My T"',
    'CREATE VIEW "low s".v2 AS SELECT "a b" AS "Q q", C, "select" FROM "low s"."My T"',
    'CREATE VIEW "low s".v3 AS SELECT * FROM "low s".kid',
    'CREATE SEQUENCE "low s"."sQ"',
    # Its schema is made with it.
    'CREATE TABLE "other".t (a INTEGER)',
)


@pytest.mark.parametrize("persona", ("luw", "ibmi", "zos"))
def test_names_in_quotes_keep_their_spelling(persona: str):
    made = NAMES if persona != "ibmi" else (*NAMES[:-1], 'CREATE SCHEMA "other"', NAMES[-1])
    with server.serve(persona=persona) as srv, srv.connect(autocommit=True) as connection:
        for statement in made:
            connection.execute(statement)
        tables = [(table.schema, table.name) for table in connection.tables()]
        assert {("low s", "My T"), ("low s", "KID"), ("low s", "v 1"), ("low s", "V2"), ("other", "T")} <= set(tables)
        for table, expected in (
            ('"My T"', ["a b", "C", "select"]), ("KID", ["X", "y"]), ('"v 1"', ["x", "Y"]), ("V2", ["Q q", "C", "select"]),
            ("V3", ["X", "y"]),
        ):  # fmt: skip
            of = f'"low s".{table}'
            assert [column.name for column in connection.columns(of)] == expected
            found = [column[0] for column in connection.execute(f"SELECT * FROM {of}").description]
            assert [name.upper() for name in found] == [name.upper() for name in expected]


def test_keys_and_indexes_have_the_names_of_columns_in_quotes(luw: drdarrow.Connection):
    for statement in NAMES:
        luw.execute(statement)
    asked = "SELECT CONSTNAME, TABNAME, REFKEYNAME, REFTABSCHEMA, REFTABNAME, FK_COLNAMES, PK_COLNAMES FROM SYSCAT.REFERENCES"
    assert rows(luw, asked) == [("fk y", "KID", "my key", "low s", "My T", "y", "a b")]
    assert rows(luw, "SELECT CONSTNAME, COLNAME FROM SYSCAT.KEYCOLUSE ORDER BY 1") == [("fk y", "y"), ("my key", "a b")]
    asked = "SELECT TABNAME, COLNAMES FROM SYSCAT.INDEXES WHERE INDSCHEMA = 'low s' AND INDNAME = 'ix One'"
    assert rows(luw, asked) == [("My T", "-select+C")]
    assert rows(luw, "SELECT SEQSCHEMA, SEQNAME FROM SYSCAT.SEQUENCES") == [("low s", "sQ")]
    assert {("low s",), ("other",)} <= set(rows(luw, "SELECT SCHEMANAME FROM SYSCAT.SCHEMATA"))


def test_a_name_is_spelled_as_it_was_last_made(luw: drdarrow.Connection):
    tables = "SELECT TABNAME FROM SYSCAT.TABLES WHERE TABSCHEMA = CURRENT SCHEMA"
    columns = "SELECT COLNAME FROM SYSCAT.COLUMNS WHERE TABSCHEMA = CURRENT SCHEMA ORDER BY COLNO"
    luw.execute('CREATE TABLE "orders" ("a" INTEGER, b INTEGER)')
    assert rows(luw, tables) == [("orders",)]
    luw.execute('ALTER TABLE "orders" ADD COLUMN "new c" VARCHAR(5)')
    luw.execute('ALTER TABLE "orders" ALTER COLUMN "new c" SET DATA TYPE VARCHAR(9)')
    luw.execute('ALTER TABLE "orders" RENAME COLUMN "a" TO c')
    luw.execute('ALTER TABLE "orders" RENAME COLUMN b TO "d"')
    assert rows(luw, columns) == [("C",), ("d",), ("new c",)]
    assert [column[0] for column in luw.execute('SELECT * FROM "orders"').description] == ["C", "d", "new c"]
    luw.execute('ALTER TABLE "orders" RENAME TO "Bills"')
    assert rows(luw, tables) == [("Bills",)]
    luw.execute('DROP TABLE "Bills"')
    luw.execute("CREATE TABLE bills (d INTEGER)")
    assert (rows(luw, tables), rows(luw, columns)) == ([("BILLS",)], [("D",)])


def test_the_spelling_of_a_name_is_undone_with_its_transaction():
    with server.serve() as srv, srv.connect() as connection:
        tables = "SELECT TABNAME FROM SYSCAT.TABLES WHERE TABSCHEMA = CURRENT SCHEMA"
        connection.execute("CREATE TABLE T (A INTEGER)")
        connection.commit()
        connection.execute("DROP TABLE T")
        connection.execute('CREATE TABLE "t" (A INTEGER)')
        assert rows(connection, tables) == [("t",)]
        connection.rollback()
        assert rows(connection, tables) == [("T",)]


def test_what_goes_with_a_name_is_of_its_kind_only(luw: drdarrow.Connection):
    luw.execute("CREATE TABLE T (A INTEGER NOT NULL, CONSTRAINT MY_KEY PRIMARY KEY (A))")
    luw.execute("CREATE SCHEMA T")
    luw.execute("DROP SCHEMA T RESTRICT")
    assert rows(luw, "SELECT CONSTNAME FROM SYSCAT.TABCONST") == [("MY_KEY",)]


def test_tables_in_memory_keep_the_spelling_of_names():
    with server.serve(engine="tables") as srv, srv.connect(autocommit=True) as connection:
        connection.execute('CREATE TABLE "my t" ("a b" INTEGER, C INTEGER)')
        connection.execute("CREATE TABLE plain (a INTEGER)")
        found = [table.name for table in connection.tables(kinds="TABLE")]
        assert found == ["PLAIN", "my t"]
        assert [column.name for column in connection.columns('"my t"')] == ["a b", "C"]
