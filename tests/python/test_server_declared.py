"""Columns as they were declared: names in quotes, lengths that are not told, rights."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import duckdb
import pytest
from apart import apart
from serving import dsn

import drdarrow
from drdarrow import server

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def served() -> Iterator[server.Server]:
    with server.serve(duckdb.connect(), persona="luw", users={"user": "secret"}) as running:
        yield running


@pytest.fixture
def connection(served: server.Server) -> Iterator[drdarrow.Connection]:
    with drdarrow.connect(served.uri, password="secret", autocommit=True) as opened:
        yield opened


def test_names_in_quotes_keep_their_spelling(connection: drdarrow.Connection):
    connection.execute('CREATE TABLE N ("Id" INTEGER, name VARCHAR(5), "ñéü" VARCHAR(5))')

    def names(sql: str) -> list[str]:
        cursor = connection.execute(sql)
        return [column[0] for column in cursor.description or ()]

    assert names("SELECT * FROM N") == ["Id", "NAME", "ñéü"]
    assert names('SELECT "ñéü", name AS "n", "Id" AS B FROM N') == ["ñéü", "n", "B"]


def test_large_objects_without_a_length_have_a_megabyte(connection: drdarrow.Connection):
    connection.execute("CREATE TABLE L (A BLOB, B CLOB)")
    lengths = connection.execute("SELECT COLNAME, LENGTH FROM SYSCAT.COLUMNS WHERE TABNAME = 'L'").fetchall()
    assert sorted(lengths) == [("A", 1 << 20), ("B", 1 << 20)]
    connection.execute("INSERT INTO L VALUES (?, NULL)", (bytes(1 << 20),))


def test_any_number_but_zero_is_a_true_boolean(served: server.Server):
    made = ["CREATE PROCEDURE P (IN A BOOLEAN, OUT B VARCHAR(5)) SET B = CASE WHEN A THEN 'yes' ELSE 'no' END"]
    assert apart("ibm.called", dsn(served.port), made, "P", (11, "")) [0][1] == "yes"
    assert apart("ibm.called", dsn(served.port), [], "P", (0, "")) [0][1] == "no"


def test_catalogs_tell_indexes_before_tables_and_the_rights_of_owners(
    served: server.Server, connection: drdarrow.Connection
):
    connection.execute("CREATE TABLE T (A INTEGER)")
    connection.execute("CREATE UNIQUE INDEX I ON T (A)")
    calls = [("statistics", ("USER", "T", True)), ("column_privileges", ("USER", "T"))]
    statistics, rights = apart("catalogs.catalog_functions", dsn(served.port), calls, seconds=60)
    assert [row["INDEX_NAME"] for row in statistics] == ["I", None]
    asked = [(row["GRANTEE"], row["PRIVILEGE"], row["IS_GRANTABLE"]) for row in rights][:2]
    assert asked == [("USER", "INSERT", "YES"), ("PUBLIC", "INSERT", "NO")]


NO_TYPES = (
    "CHAR(0)", "VARCHAR(0)", "GRAPHIC(0)", "VARGRAPHIC(0)", "CLOB(0)", "DBCLOB(0)", "BLOB(0)", "BINARY(0)",
    "VARBINARY(0)", "CHAR(0) FOR BIT DATA", "VARCHAR(0) FOR BIT DATA", "VARCHAR(0 OCTETS)", "DECIMAL(0)",
    "DECIMAL(0, 0)", "DECIMAL(5, 6)", "DECIMAL(99, 2)", "NUMERIC(0)", "FLOAT(0)", "FLOAT(54)",
)  # fmt: skip


@pytest.mark.parametrize("kind", NO_TYPES)
def test_a_length_that_no_product_has_is_refused(connection: drdarrow.Connection, kind: str):
    for sql in (
        f"CREATE TABLE Z (A {kind})",
        f"DECLARE GLOBAL TEMPORARY TABLE SESSION.Z (A {kind})",
        f"VALUES CAST(NULL AS {kind})",
    ):
        with pytest.raises(drdarrow.Error) as caught:
            connection.execute(sql)
        assert (caught.value.sqlcode, caught.value.sqlstate) == (-604, "42611"), sql
    connection.execute("CREATE TABLE Z (B INTEGER)")
    with pytest.raises(drdarrow.Error, match="-604"):
        connection.execute(f"ALTER TABLE Z ADD COLUMN A {kind}")


@pytest.mark.parametrize("kind", ["CHAR(0)", "VARCHAR(0)", "CLOB(0)", "BLOB(0)", "VARBINARY(0)", "DECFLOAT(17)"])
def test_tables_in_memory_refuse_it_too(kind: str):
    with server.serve(engine="tables") as srv, srv.connect() as connection:
        with pytest.raises(drdarrow.Error, match="-604"):
            connection.execute(f"CREATE TABLE Z (A {kind})")


#: A sign that is two units of UTF-16.
WIDE = "\U0001f600"


@pytest.mark.parametrize("engine", ["duckdb", "tables"])
@pytest.mark.parametrize("kind", ["GRAPHIC", "VARGRAPHIC", "DBCLOB"])
def test_the_length_of_graphic_text_counts_units_of_two_bytes(engine: Any, kind: str):
    with server.serve(engine=engine) as srv, srv.connect(autocommit=True) as connection:
        connection.execute(f"CREATE TABLE G (A {kind}(5))")
        insert = "INSERT INTO G VALUES (?)"
        for value in (WIDE * 3, "ab" + WIDE * 2, "abcdef"):
            for run in (
                lambda value=value: connection.execute(insert, (value,)),
                lambda value=value: connection.cursor().executemany(insert, [("a",), (value,)]),
                lambda value=value: connection.execute(f"INSERT INTO G VALUES ('{value}')"),
            ):
                with pytest.raises(drdarrow.Error) as caught:
                    run()
                assert caught.value.sqlstate == "22001", value
        connection.execute("DELETE FROM G")
        for value in (WIDE * 2 + "c", "äbcde"):
            connection.execute(insert, (value,))
            connection.cursor().executemany(insert, [(value,), (value,)])
            connection.execute(f"INSERT INTO G VALUES ('{value}')")
        found = connection.execute("SELECT A FROM G").fetchall()
        assert sorted(found) == sorted([(WIDE * 2 + "c",)] * 4 + [("äbcde",)] * 4)


@pytest.mark.parametrize("engine", ["duckdb", "tables"])
@pytest.mark.parametrize(("persona", "code"), [("luw", -433), ("ibmi", -404), ("zos", -404)])
def test_a_text_that_is_too_long_has_the_code_of_its_product(engine: Any, persona: Any, code: int):
    with server.serve(engine=engine, persona=persona) as srv, srv.connect() as connection:
        connection.execute("CREATE TABLE T (A VARCHAR(3), B VARCHAR(2) FOR BIT DATA)")
        connection.commit()
        for sql, values in (
            ("INSERT INTO T (A) VALUES (?)", ("long",)),
            ("INSERT INTO T (A) VALUES ('long')", ()),
            ("INSERT INTO T (B) VALUES (?)", (b"long",)),
        ):
            with pytest.raises(drdarrow.Error) as caught:
                connection.execute(sql, values)
            assert (caught.value.sqlcode, caught.value.sqlstate) == (code, "22001"), sql
            connection.rollback()


def test_a_key_that_rows_depend_on_is_neither_changed_nor_deleted(connection: drdarrow.Connection):
    connection.execute("CREATE TABLE PARENT (K INTEGER NOT NULL PRIMARY KEY)")
    connection.execute("CREATE TABLE CHILD (K INTEGER REFERENCES PARENT (K))")
    connection.execute("INSERT INTO PARENT VALUES (1)")
    connection.execute("INSERT INTO CHILD VALUES (1)")
    merge = "MERGE INTO PARENT USING (VALUES (1)) AS N (A) ON K = A WHEN MATCHED THEN"
    for sql, values, code in (
        ("UPDATE PARENT SET K = 2", (), -531),
        ("UPDATE PARENT SET K = ? WHERE K = 1", (2,), -531),
        (f"{merge} UPDATE SET K = 2", (), -531),
        ("DELETE FROM PARENT", (), -532),
        (f"{merge} DELETE", (), -532),
        ("UPDATE CHILD SET K = 7", (), -530),
        ("DELETE FROM PARENT WHERE K = ?", (1,), -532),
    ):
        with pytest.raises(drdarrow.Error) as caught:
            connection.execute(sql, values)
        assert caught.value.sqlcode == code, sql
    assert connection.execute("SELECT P.K, C.K FROM PARENT P, CHILD C").fetchall() == [(1, 1)]
