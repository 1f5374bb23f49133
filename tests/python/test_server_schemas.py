"""Schemas of the server: that of the user, those that are made with their first table, the keyword CURRENTSCHEMA."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pyarrow as pa
import pytest
from apart import apart
from serving import dsn

import drdarrow
from drdarrow import server

CURRENT = "VALUES CURRENT SCHEMA"


@pytest.fixture
def database() -> duckdb.DuckDBPyConnection:
    """A table of one name in `main` and in the schema of the user, others in one of them."""
    made = duckdb.connect()
    made.execute('CREATE SCHEMA "Ann"; CREATE TABLE main.T AS SELECT 1 AS A; CREATE TABLE "Ann".T AS SELECT 2 AS A')
    made.execute("CREATE TABLE main.SOLE AS SELECT 3 AS A")
    return made


@pytest.fixture
def served(database: duckdb.DuckDBPyConnection) -> Iterator[server.Server]:
    with server.serve(database, persona="luw", users={"ann": "secret", "bob": "secret"}) as running:
        yield running


def connect(served: server.Server, user: str) -> drdarrow.Connection:
    return drdarrow.connect(f"drda://127.0.0.1:{served.port}/SAMPLE", user=user, password="secret")


def one(connection: drdarrow.Connection, sql: str) -> object:
    row = connection.execute(sql).fetchone()
    assert row is not None
    return row[0].strip() if isinstance(row[0], str) else row[0]


def test_the_schema_of_the_user_is_where_names_are_looked_for_first(served: server.Server):
    with connect(served, "ann") as ann, connect(served, "bob") as bob:
        assert one(ann, CURRENT) == "ANN"
        assert one(ann, "SELECT A FROM T") == 2
        assert one(ann, "SELECT A FROM MAIN.T") == 1
        assert one(ann, "SELECT A FROM SOLE") == 3
        assert one(bob, CURRENT) == "BOB"
        assert one(bob, "SELECT A FROM T") == 1
        # A second query that is open has a connection of its own.
        first = ann.execute("SELECT A FROM T")
        assert one(ann, "SELECT A FROM T") == 2 and first.fetchone() == (2,)
        ann.execute("SET SCHEMA MAIN")
        assert one(ann, "SELECT A FROM T") == 1


@pytest.mark.parametrize("persona", ["luw", "ibmi", "zos", "derby"])
def test_main_is_the_schema_of_a_user_who_has_none(database: duckdb.DuckDBPyConnection, persona: server.Persona):
    with server.serve(database, persona=persona, users={"bob": "secret"}) as running, connect(running, "bob") as bob:
        assert one(bob, CURRENT) == "BOB"
        assert [table.schema for table in bob.tables(like="SOLE")] == ["BOB"]
        for sql in (
            "SELECT A FROM BOB.SOLE",
            "SELECT BOB.SOLE.A FROM BOB.SOLE",
            'SELECT X.A FROM T Y, "BOB".SOLE X',
            "SELECT A FROM MAIN.SOLE",
            # A table with the name of the schema.
            "SELECT BOB.A FROM SOLE BOB",
            "SELECT BOB.A FROM BOB.SOLE BOB",
        ):
            assert one(bob, sql) == 3, sql
        bob.execute("CREATE TABLE BOB.MADE (A INTEGER NOT NULL PRIMARY KEY)")
        bob.execute("INSERT INTO BOB.MADE VALUES (7)")
        bob.execute("CREATE TABLE OTHER (A INTEGER REFERENCES BOB.MADE (A))")
        bob.execute("UPDATE BOB.MADE SET A = BOB.MADE.A WHERE BOB.MADE.A = 7")
        assert [key.ref_schema for key in bob.keys(("BOB", "OTHER"))] == ["BOB"]
        assert failed(bob, "SELECT A FROM BOB.NOWHERE")[1] == "BOB.NOWHERE"
        assert failed(bob, "SELECT A FROM NOWHERE")[1] == "BOB.NOWHERE"
        bob.commit()
    assert database.execute("SELECT A FROM main.MADE").fetchall() == [(7,)]


def test_a_schema_that_is_made_for_a_user_is_his(served: server.Server):
    tables = "SELECT TABSCHEMA FROM SYSCAT.TABLES WHERE TABNAME = 'SOLE'"
    with connect(served, "bob") as bob:
        for end in (bob.rollback, bob.commit):
            assert one(bob, tables) == "BOB"
            bob.execute("CREATE SCHEMA BOB")
            assert one(bob, tables) == "MAIN"
            assert one(bob, "SELECT A FROM SOLE") == 3
            assert failed(bob, "SELECT A FROM BOB.SOLE") == (-204, "BOB.SOLE")
            bob.execute("CREATE TABLE SOLE (A INTEGER)")
            bob.execute("INSERT INTO BOB.SOLE VALUES (8)")
            assert one(bob, "SELECT A FROM SOLE") == 8
            end()
        with connect(served, "bob") as other:
            assert one(other, "SELECT A FROM SOLE") == 8
        bob.execute("DROP TABLE SOLE")
        bob.execute("DROP SCHEMA BOB RESTRICT")
        bob.commit()
        assert one(bob, "SELECT A FROM BOB.SOLE") == 3


def test_the_schema_of_the_user_may_be_told(served: server.Server):
    with connect(served, "bob") as bob:
        for told in ("SET SCHEMA BOB", "SET SCHEMA USER", "SET CURRENT SQLID = 'BOB'"):
            bob.execute("SET SCHEMA ANN")
            assert one(bob, "SELECT A FROM T") == 2
            bob.execute(told)
            assert one(bob, CURRENT) == "BOB"
            assert one(bob, "SELECT A FROM T") == 1
        # With the schema that DuckDB has, catalogs tell of it.
        bob.execute("SET SCHEMA MAIN")
        assert one(bob, "SELECT TABSCHEMA FROM SYSCAT.TABLES WHERE TABNAME = 'SOLE'") == "MAIN"


def test_tables_of_the_user_are_made_in_his_schema(served: server.Server, database: duckdb.DuckDBPyConnection):
    with connect(served, "ann") as ann:
        ann.execute("CREATE TABLE NEW (A CHAR(3))")
        ann.commit()
        assert one(ann, "SELECT TABSCHEMA FROM SYSCAT.TABLES WHERE TABNAME = 'NEW'") == "ANN"
    assert database.sql("SELECT schema_name FROM duckdb_tables() WHERE table_name = 'NEW'").fetchall() == [("Ann",)]


@pytest.mark.parametrize(
    ("sql", "name"),
    [
        ("CREATE TABLE S.X (A INTEGER)", "S"),
        ("CREATE VIEW S.X AS SELECT 1 AS A FROM SYSIBM.SYSDUMMY1", "S"),
        ("CREATE SEQUENCE S.X", "S"),
        ('CREATE TABLE "s".X (A INTEGER)', "s"),
        ("CREATE SCHEMA S", "S"),
        ("create schema s", "S"),
        ('CREATE SCHEMA "s"', "s"),
        ("CREATE SCHEMA AUTHORIZATION S", "S"),
        ('CREATE SCHEMA AUTHORIZATION "s"', "s"),
        ("CREATE SCHEMA S AUTHORIZATION BOB", "S"),
    ],
)
def test_a_schema_is_made_with_what_is_in_it(served: server.Server, sql: str, name: str):
    schemas = f"SELECT COUNT(*) FROM SYSCAT.SCHEMATA WHERE SCHEMANAME = '{name}'"
    with connect(served, "bob") as bob:
        assert one(bob, schemas) == 0
        bob.execute(sql)
        assert one(bob, schemas) == 1
        bob.rollback()
        assert one(bob, schemas) == 0


def test_a_library_of_ibm_i_has_to_be_there():
    with server.serve(duckdb.connect(), persona="ibmi") as running, drdarrow.connect(running.uri) as connection:
        with pytest.raises(drdarrow.Error) as error:
            connection.execute("CREATE TABLE S.X (A INTEGER)")
        assert error.value.sqlcode == -204


@pytest.mark.timeout(120)
def test_ibms_driver_connects_with_a_current_schema(served: server.Server):
    def ask(schema: str) -> object:
        return apart("ibm.select", dsn(served.port, user="bob", extra=f"CURRENTSCHEMA={schema};"), "SELECT A FROM T")[0]

    assert ask("ANN") == [(2,)]
    assert ask("MAIN") == [(1,)]
    with pytest.raises(AssertionError, match="SQL0204N"):
        ask("NOWHERE")


def test_the_schema_of_db2_itself_can_be_the_current_one(served: server.Server):
    with connect(served, "bob") as bob:
        bob.execute("SET SCHEMA SYSIBM")
        assert one(bob, CURRENT) == "SYSIBM"
        assert one(bob, "SELECT 1 FROM SYSDUMMY1") == 1
        with pytest.raises(drdarrow.Error):
            bob.execute("CREATE TABLE X (A INTEGER)")
        bob.execute("SET SCHEMA MAIN")
        assert one(bob, CURRENT) == "MAIN"


@pytest.mark.timeout(120)
def test_ibms_driver_finds_tables_without_a_schema_in_that_of_the_user(served: server.Server):
    with connect(served, "ann") as ann:
        ann.execute("CREATE TABLE KEYED (A INTEGER NOT NULL PRIMARY KEY)")
        ann.commit()
    # The driver asks for the schema of the user.
    calls = [("primary_keys", (None, "KEYED"))]
    [rows] = apart("catalogs.catalog_functions", dsn(served.port, user="ann"), calls, seconds=60)
    assert [(row["TABLE_SCHEM"], row["COLUMN_NAME"]) for row in rows] == [("ANN", "A")]


def failed(connection: drdarrow.Connection, sql: str) -> tuple[int | None, str]:
    with pytest.raises(drdarrow.Error) as error:
        connection.execute(sql)
    return error.value.sqlcode, str(error.value).partition(" ")[0]


@pytest.mark.parametrize(
    ("persona", "told", "name"),
    [
        ("luw", "SET SCHEMA SHOP", "SHOP"),
        ("luw", "SET CURRENT SCHEMA = 'shop'", "shop"),
        ("luw", 'SET SCHEMA "My ""Shop"""', 'My "Shop"'),
        ("zos", "set current sqlid = 'SHOP'", "SHOP"),
        ("ibmi", "SET CURRENT_SCHEMA = SHOP", "SHOP"),
    ],
)
def test_the_current_schema_need_not_be_there(persona: server.Persona, told: str, name: str):
    source = duckdb.connect()
    source.execute("CREATE TABLE main.T AS SELECT 1 AS A; CREATE SEQUENCE main.S")
    users = {"bob": "secret"}
    with server.serve(source, persona=persona, users=users) as served, connect(served, "bob") as bob:
        assert one(bob, "SELECT A FROM T") == 1
        bob.execute(told)
        assert one(bob, "VALUES CURRENT SCHEMA") == name
        for sql in (
            "SELECT A FROM T",
            "SELECT X.A FROM SYSIBM.SYSDUMMY1, T X",
            "INSERT INTO T VALUES (2)",
            "DELETE FROM T",
            "UPDATE T SET A = 2",
            "DROP TABLE T",
            "ALTER TABLE T ADD B INTEGER",
            "SELECT A FROM MAIN.T WHERE A IN (SELECT A FROM T)",
            "SELECT * FROM FINAL TABLE (INSERT INTO T VALUES (2))",
        ):
            assert failed(bob, sql) == (-204, f"{name}.T".partition(" ")[0]), sql
        assert failed(bob, "VALUES NEXT VALUE FOR S") == (-204, f"{name}.S".partition(" ")[0])
        assert one(bob, "WITH T AS (SELECT A FROM MAIN.T) SELECT A AS T FROM T") == 1
        if persona == "ibmi":
            assert failed(bob, "CREATE TABLE T (A INTEGER)") == (-204, name.partition(" ")[0])
            return
        # The first table of a schema makes it.
        bob.execute("CREATE TABLE T (A INTEGER)")
        bob.execute("INSERT INTO T VALUES (3)")
        assert one(bob, "SELECT A FROM T") == 3
        bob.rollback()
        assert failed(bob, "SELECT A FROM T") == (-204, f"{name}.T".partition(" ")[0])
        bob.execute("CREATE TABLE T (A INTEGER)")
        bob.execute("INSERT INTO T VALUES (4)")
        bob.commit()
        rows = "SELECT table_schema FROM information_schema.tables WHERE table_name = 'T' ORDER BY 1"
        assert source.execute(rows).fetchall() == sorted([(name,), ("main",)])
        # Another session drops it.
        with connect(served, "bob") as other:
            assert one(other, f'SELECT A FROM "{name.replace(chr(34), chr(34) * 2)}".T') == 4
            other.execute(f'DROP TABLE "{name.replace(chr(34), chr(34) * 2)}".T')
            other.execute(f'DROP SCHEMA "{name.replace(chr(34), chr(34) * 2)}" RESTRICT')
            other.commit()
        assert failed(bob, "SELECT A FROM T") == (-204, f"{name}.T".partition(" ")[0])
        bob.execute("SET SCHEMA DEFAULT")
        assert one(bob, "VALUES CURRENT SCHEMA") == "BOB"
        assert one(bob, "SELECT A FROM T") == 1


def test_the_current_schema_may_come_by_a_marker(served: server.Server):
    with connect(served, "bob") as bob:
        bob.execute("SET CURRENT SCHEMA = ?", ("ANN",))
        assert one(bob, CURRENT) == "ANN"
        assert one(bob, "SELECT A FROM T") == 2
        with pytest.raises(drdarrow.Error) as error:
            bob.execute("SET CURRENT SCHEMA = ?", (None,))
        assert error.value.sqlcode == -301
        assert one(bob, CURRENT) == "ANN"


@pytest.mark.timeout(120)
def test_names_are_looked_for_where_they_were_when_a_statement_was_prepared(
    served: server.Server, database: duckdb.DuckDBPyConnection
):
    """As Db2 does, whose plan of a statement has the schema of its prepare."""
    to = dsn(served.port, user="bob", extra="DEFERREDPREPARE=0;")
    others = ["SET SCHEMA ANN", "DELETE FROM T", "SET SCHEMA NOWHERE", "SET SCHEMA BOB"]
    assert apart("ibm.prepared_before", to, "SELECT A FROM T", others) == [[(1,)]] * 4
    assert apart("ibm.prepared_before", to, "INSERT INTO T VALUES (4)", others) == [[]] * 4
    assert database.execute("SELECT A FROM main.T").fetchall() == [(1,), *[(4,)] * 4]
    assert database.execute('SELECT A FROM "Ann".T').fetchall() == []


def test_a_query_that_was_open_leaves_no_schema_behind(served: server.Server, database: duckdb.DuckDBPyConnection):
    database.execute("CREATE TABLE main.LONG AS SELECT range AS A FROM range(200000)")
    with connect(served, "bob") as bob:
        open_one = bob.execute("SELECT A FROM LONG")
        bob.execute("SET SCHEMA ANN")
        open_one.close()
        assert one(bob, "SELECT A FROM T") == 2


def test_derby_has_no_schema_that_is_not_there(database: duckdb.DuckDBPyConnection):
    with server.serve(database, persona="derby") as running, drdarrow.connect(running.uri) as connection:
        assert failed(connection, "SET SCHEMA NOWHERE")[0] == -20001
        connection.execute('SET SCHEMA "Ann"')
        assert one(connection, "SELECT A FROM T") == 2


def test_the_tables_in_memory_are_in_whatever_schema_is_the_current_one():
    with server.serve(tables={"T": pa.table({"A": [1]})}, engine="tables") as running:
        with drdarrow.connect(running.uri) as connection:
            for told, name in (
                ("SET SCHEMA SHOP", "SHOP"),
                ("SET CURRENT SQLID = 'x'", "x"),
                ("SET SCHEMA USER", "ANYBODY"),
            ):
                connection.execute(told)
                assert one(connection, "VALUES CURRENT SCHEMA") == name
                assert one(connection, "SELECT TABSCHEMA FROM SYSCAT.TABLES WHERE TABNAME = 'T'") == name
                assert one(connection, "SELECT A FROM T") == 1
            connection.execute("SET SCHEMA ?", ("LAST",))
            assert one(connection, "SELECT CURRENT SCHEMA FROM SYSIBM.SYSDUMMY1") == "LAST"
            assert failed(connection, "SET SCHEMA 5")[0] == -104
            # More SQL is to be had elsewhere.
            with pytest.raises(drdarrow.ProgrammingError) as error:
                connection.execute("SELECT A FROM T ORDER BY A")
            assert error.value.sqlcode == -104 and "[engine=tables: pip install drdarrow[server]]" in str(error.value)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT ITEMS.ID FROM SHOP.ITEMS",
        "SELECT ITEMS.ID FROM ITEMS.ORDERS AS O JOIN SHOP.ITEMS ON O.ID < ITEMS.ID",
        "SELECT ID FROM SHOP.ITEMS WHERE EXISTS (SELECT 1 FROM ITEMS.ORDERS AS O WHERE O.ITEMS = ITEMS.ID - 2)",
        "SELECT ID FROM NEW TABLE (UPDATE SHOP.ITEMS SET ID = ITEMS.ID) AS N",
        "SELECT MAX(ORDERS.ITEMS) + 2 FROM ITEMS.ORDERS",
    ],
)
def test_a_table_of_another_schema_that_is_called_as_the_user_is(sql: str):
    tables = {"ORDERS": pa.table({"ID": [1], "ITEMS": [3]}), "SHOP.ITEMS": pa.table({"ID": [5]})}
    with server.serve(tables=tables, persona="luw", users={"items": "secret"}) as served:
        with connect(served, "items") as connection:
            assert one(connection, sql) == 5


@pytest.mark.parametrize("before", ["nothing", "a query", "a change"])
def test_a_schema_that_another_user_makes_is_seen_at_once_or_when_changes_are_over(
    served: server.Server, before: str
) -> None:
    schemas, tables = "SELECT SCHEMANAME FROM SYSCAT.SCHEMATA", "SELECT TABSCHEMA FROM SYSCAT.TABLES WHERE TABNAME = 'X'"
    with connect(served, "bob") as maker, connect(served, "ann") as other:
        if before != "nothing":
            assert ("MADE",) not in other.execute(schemas).fetchall()
        if before == "a change":
            other.execute("INSERT INTO MAIN.SOLE VALUES (4)")
        maker.execute("CREATE SCHEMA MADE")
        maker.execute("CREATE TABLE MADE.X (A INTEGER)")
        maker.commit()
        if before == "a change":
            # DuckDB's transaction shows what was there when it began.
            assert ("MADE",) not in other.execute(schemas).fetchall()
            other.commit()
        assert ("MADE",) in other.execute(schemas).fetchall()
        assert other.execute(tables).fetchall() == [("MADE",)]
        assert one(other, "SELECT COUNT(*) FROM MADE.X") == 0
