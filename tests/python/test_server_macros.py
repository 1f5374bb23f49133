"""The macros that statements are translated into: each connection gets them when it needs them, and only those."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

import drdarrow
from drdarrow import server
from drdarrow.server.cursors import Cursor
from drdarrow.server.macros import Macros
from drdarrow.server.rules.product import Product

TEXT = pa.schema([("A", pa.int32()), pa.field("NAME", pa.string(), metadata={"drda:type": "VARCHAR", "drda:length": "9"})])
ROWS = pa.table({"A": [1, 2], "NAME": ["x  ", "y"]}, schema=TEXT)


@pytest.fixture
def srv() -> Iterator[server.Server]:
    with server.serve(tables={"T": ROWS}) as running:
        yield running


def made(cursor: Cursor) -> set[str]:
    rows = cursor.execute("SELECT function_name FROM duckdb_functions() WHERE database_name = 'temp'").fetchall()
    return {name for (name,) in rows}


@pytest.fixture
def cursor() -> Iterator[Cursor]:
    with duckdb.connect() as source:
        yield Cursor(source.cursor(), Macros(source, Product(), True))


def test_a_new_connection_has_none_and_gets_those_that_a_statement_names(cursor: Cursor) -> None:
    assert made(cursor) == set()
    assert cursor.execute("SELECT drdarrow_key('a '), drdarrow_space(2)").fetchall() == [("a", "  ")]
    assert made(cursor) == {"drdarrow_key", "drdarrow_space"}


@pytest.mark.parametrize("name", ['"drdarrow_key"', "DRDARROW_KEY", '"DRDARROW_Key"', "temp.main.drdarrow_key", "drdarrow_key "])
def test_a_name_is_found_however_it_is_written(cursor: Cursor, name: str) -> None:
    assert cursor.sql(f"SELECT {name}(?)", params=["a "]).fetchall() == [("a",)]
    assert cursor.bind is None or cursor.bind(f"SELECT {name}($1)")


def test_a_macro_that_went_with_its_transaction_is_made_again(cursor: Cursor) -> None:
    for _ in range(2):
        cursor.begin()
        assert cursor.execute("SELECT drdarrow_key('a ')").fetchall() == [("a",)]
        cursor.rollback()
        assert "drdarrow_key" not in made(cursor)
    cursor.begin()
    assert cursor.execute("SELECT drdarrow_key('a ')").fetchall() == [("a",)]
    cursor.commit()
    cursor.begin()
    cursor.rollback()
    assert cursor.execute("SELECT drdarrow_key('a ')").fetchall() == [("a",)]


def test_an_error_of_the_transaction_takes_no_macro_from_the_next_statement(srv: server.Server) -> None:
    with srv.connect() as connection:
        for _ in range(3):
            connection.execute("INSERT INTO T VALUES (3, 'z')")
            connection.execute("UPDATE T SET NAME = NAME || 'q' WHERE NAME = 'z'")
            with pytest.raises(drdarrow.Error):
                connection.execute("INSERT INTO T VALUES (4, 'much too long a text')")
            connection.rollback()
            assert connection.execute("SELECT A FROM T WHERE NAME = 'x'").fetchall() == [(1,)]
            connection.execute("INSERT INTO T SELECT A + 10, REPEAT(NAME, A) FROM T WHERE NAME = 'y'")
            assert connection.execute("SELECT NAME FROM T WHERE A = 12").fetchall() == [("yy",)]
            connection.rollback()


def test_views_and_checks_use_them_on_every_connection(srv: server.Server) -> None:
    with srv.connect(autocommit=True) as connection:
        connection.execute("CREATE SCHEMA S")
        connection.execute("CREATE TABLE S.B (K VARCHAR(4) FOR BIT DATA, N VARCHAR(9) CHECK (N <> 'no'))")
        connection.execute("CREATE VIEW S.V AS SELECT K FROM S.B WHERE K = BX'61'")
        connection.execute("CREATE VIEW V AS SELECT NAME, REPEAT(NAME, A) AS R FROM T WHERE NAME = 'x'")
        connection.execute("INSERT INTO S.B VALUES (BX'6120', 'yes')")
    for schema in ("MAIN", "S"):
        with srv.connect() as connection:
            connection.execute(f"SET SCHEMA {schema}")
            assert connection.execute("SELECT * FROM S.V").fetchall() == [(b"a ",)]
            assert connection.execute("SELECT R FROM MAIN.V").fetchall() == [("x  ",)]
            connection.execute("INSERT INTO S.B VALUES (BX'62', 'yes')")
            assert connection.execute("SELECT R FROM MAIN.V").fetchall() == [("x  ",)]
            connection.rollback()
            with pytest.raises(drdarrow.IntegrityError):
                connection.execute("INSERT INTO S.B VALUES (BX'62', 'no ')")


def test_views_of_a_file_find_them_when_it_is_served_again(tmp_path: Path) -> None:
    path = tmp_path / "shop.duckdb"
    with duckdb.connect(path) as source:
        source.execute("CREATE TABLE T (NAME VARCHAR)")
        source.execute("INSERT INTO T VALUES ('a ')")
        # As if a server of long ago had made it: the database has no such macro.
        source.execute("CREATE TEMP MACRO drdarrow_key(x) AS rtrim(x, ' ')")
        source.execute("CREATE VIEW V AS SELECT NAME FROM T WHERE drdarrow_key(NAME) = 'a'")
    for read_only in (False, True):
        with duckdb.connect(path) as source, server.serve(source, read_only=read_only) as srv, srv.connect() as connection:
            for _ in range(2):
                assert connection.execute("SELECT NAME FROM V").fetchall() == [("a ",)]
                assert connection.execute("SELECT NAME FROM T WHERE NAME = ?", ("a",)).fetchall() == [("a ",)]


def test_a_view_without_bounds_stays_so(tmp_path: Path) -> None:
    with duckdb.connect() as source, server.serve(source, external_access=True) as srv:
        with srv.connect(autocommit=True) as connection:
            connection.execute("CREATE TABLE N (N INTEGER)")
            connection.execute("INSERT INTO N VALUES (100000)")
            connection.execute("CREATE VIEW V AS SELECT length(REPEAT('x', N)) AS L FROM N")
        with srv.connect() as connection:
            assert connection.execute("SELECT L FROM V").fetchall() == [(100_000,)]
