"""Procedures that clients made, as catalogs tell of them; and they are there when a database file is served again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest
from apart import apart
from serving import dsn

import drdarrow
from drdarrow import server

ADDED = (
    "CREATE PROCEDURE SHOP.ADDED (IN A INTEGER, INOUT B DECIMAL(9, 2), OUT C CHAR(3), IN D VARCHAR(20), "
    "OUT E DECFLOAT(16), OUT F TIMESTAMP(9)) DYNAMIC RESULT SETS 2 LANGUAGE SQL READS SQL DATA DETERMINISTIC "
    "BEGIN SET B = B + A; SET C = 'abc'; SET E = 1; END"
)
OTHERS = (
    "CREATE PROCEDURE SHOP.ADDED (IN A INTEGER) SPECIFIC ADDED_ONE BEGIN END",
    "CREATE PROCEDURE SHOP.NONE () BEGIN END",
)
QUESTIONS = {
    "luw": "SELECT PARMNAME, ROWTYPE, ORDINAL, TYPENAME, LENGTH, SCALE FROM SYSCAT.ROUTINEPARMS "
    "WHERE ROUTINESCHEMA = 'SHOP' AND SPECIFICNAME = 'ADDED_6' ORDER BY ORDINAL",
    "ibmi": "SELECT PARAMETER_NAME, PARAMETER_MODE, ORDINAL_POSITION, DATA_TYPE, NUMERIC_PRECISION, NUMERIC_SCALE "
    "FROM QSYS2.SYSPARMS WHERE SPECIFIC_SCHEMA = 'SHOP' AND SPECIFIC_NAME = 'ADDED_6' ORDER BY ORDINAL_POSITION",
    "zos": "SELECT PARMNAME, ROWTYPE, ORDINAL, TYPENAME, LENGTH, SCALE FROM SYSIBM.SYSPARMS "
    "WHERE SCHEMA = 'SHOP' AND SPECIFICNAME = 'ADDED_6' ORDER BY ORDINAL",
}
TOLD = {
    "luw": [
        ("A", "P", 1, "INTEGER", 4, 0),
        ("B", "B", 2, "DECIMAL", 9, 2),
        ("C", "O", 3, "CHARACTER", 3, 0),
        ("D", "P", 4, "VARCHAR", 20, 0),
        ("E", "O", 5, "DECFLOAT", 8, 0),
        ("F", "O", 6, "TIMESTAMP", 12, 9),
    ],
    "ibmi": [
        ("A", "IN", 1, "INTEGER", 10, 0),
        ("B", "INOUT", 2, "DECIMAL", 9, 2),
        ("C", "OUT", 3, "CHAR", None, None),
        ("D", "IN", 4, "VARCHAR", None, None),
        ("E", "OUT", 5, "DECFLOAT", 16, None),
        ("F", "OUT", 6, "TIMESTAMP", None, 9),
    ],
    "zos": [
        ("A", "P", 1, "INTEGER", 4, 0),
        ("B", "B", 2, "DECIMAL", 9, 2),
        ("C", "O", 3, "CHAR", 3, 0),
        ("D", "P", 4, "VARCHAR", 20, 0),
        ("E", "O", 5, "DECFLOAT", 8, 0),
        ("F", "O", 6, "TIMESTAMP", 12, 9),
    ],
}


@pytest.fixture
def served(tmp_path: Path) -> Callable:
    @contextmanager
    def serve(**settings: object) -> Iterator[drdarrow.Connection]:
        with (
            duckdb.connect(str(tmp_path / "kept.duckdb")) as source,
            server.serve(source, **settings) as srv,
            srv.connect() as connection,
        ):
            yield connection

    return serve


def listed(connection: drdarrow.Connection) -> list[tuple]:
    found = [row for row in connection.procedures() if not row.schema.startswith("SYS")]
    return [(row.schema, row.name, row.specific_name, row.kind, row.parameters, row.results) for row in found]


@pytest.mark.parametrize("persona", ["luw", "ibmi", "zos"])
def test_each_product_tells_of_them_in_its_terms(persona: str) -> None:
    with server.serve(persona=persona) as srv, srv.connect() as connection:
        connection.execute(ADDED)
        assert listed(connection) == [("SHOP", "ADDED", "ADDED", "PROCEDURE", 6, 2)]
        for sql in OTHERS:
            connection.execute(sql)
        assert sorted(listed(connection)) == [
            ("SHOP", "ADDED", "ADDED_6", "PROCEDURE", 6, 2),
            ("SHOP", "ADDED", "ADDED_ONE", "PROCEDURE", 1, 0),
            ("SHOP", "NONE", "NONE", "PROCEDURE", 0, 0),
        ]
        assert connection.execute(QUESTIONS[persona]).fetchall() == TOLD[persona]
        # Those that are not committed are the transaction's own.
        with srv.connect() as other:
            assert listed(other) == []
        connection.rollback()
        assert listed(connection) == []


def test_the_statement_and_the_clauses_are_told() -> None:
    with server.serve(persona="luw") as srv, srv.connect(autocommit=True) as connection:
        connection.execute(ADDED)
        told = connection.execute(
            "SELECT LANGUAGE, ORIGIN, DETERMINISTIC, SQL_DATA_ACCESS, RESULT_SETS, TEXT, OWNER FROM SYSCAT.ROUTINES "
            "WHERE ROUTINENAME = 'ADDED'"
        ).fetchall()
        assert told == [("SQL     ", "Q", "Y", "R", 2, ADDED, "SHOP")]
        own = "SELECT LANGUAGE, SQL_DATA_ACCESS, TEXT FROM SYSCAT.ROUTINES WHERE ROUTINENAME = 'SQLTABLES'"
        assert connection.execute(own).fetchall() == [("C       ", "R", None)]
        assert ("SHOP",) in connection.execute("SELECT SCHEMANAME FROM SYSCAT.SCHEMATA").fetchall()


@pytest.mark.parametrize("count", ["32768", "1.5", "999999999999"])
def test_more_results_than_a_catalog_can_tell_are_refused(count: str) -> None:
    with server.serve() as srv, srv.connect(autocommit=True) as connection:
        with pytest.raises(drdarrow.ProgrammingError, match="-104"):
            connection.execute(f"CREATE PROCEDURE P () RESULT SETS {count} BEGIN END")
        connection.execute("CREATE PROCEDURE P () RESULT SETS 32767 BEGIN END")
        assert [row[5] for row in listed(connection)] == [32767]


def test_a_specific_name_is_that_of_one() -> None:
    with server.serve() as srv, srv.connect(autocommit=True) as connection:
        connection.execute("CREATE PROCEDURE P () SPECIFIC S BEGIN END")
        connection.execute("CREATE PROCEDURE OTHER.P () SPECIFIC S BEGIN END")
        with pytest.raises(drdarrow.ProgrammingError, match="-454"):
            connection.execute("CREATE PROCEDURE Q () SPECIFIC S BEGIN END")
        connection.execute("CREATE OR REPLACE PROCEDURE P () SPECIFIC S BEGIN END")
        # One that was made without such a name yields to those that have it.
        connection.execute("CREATE PROCEDURE S () BEGIN END")
        assert sorted(row[1:3] for row in listed(connection)) == [("P", "S"), ("P", "S"), ("S", "S_")]


def test_ibms_driver_lists_them() -> None:
    with server.serve(users={"user": "secret"}) as srv:
        with drdarrow.connect(srv.uri, user="user", password="secret", autocommit=True) as connection:
            for sql in (ADDED, *OTHERS):
                connection.execute(sql)
        calls = [("procedures", ("SHOP", "%")), ("procedure_columns", ("SHOP", "ADDED", "%"))]
        procedures, columns = apart("catalogs.catalog_functions", dsn(srv.port), calls, seconds=60)
    told = ("PROCEDURE_NAME", "NUM_INPUT_PARAMS", "NUM_OUTPUT_PARAMS", "NUM_RESULT_SETS")
    assert [tuple(row[name] for name in told) for row in procedures] == [
        ("ADDED", 1, 0, 0),
        ("ADDED", 2, 3, 2),
        ("NONE", 0, 0, 0),
    ]
    told = ("COLUMN_NAME", "COLUMN_TYPE", "DATA_TYPE", "TYPE_NAME", "COLUMN_SIZE", "DECIMAL_DIGITS", "ORDINAL_POSITION")
    assert [tuple(row[name] for name in told) for row in columns] == [
        ("A", 1, 4, "INTEGER", 10, 0, 1),
        ("A", 1, 4, "INTEGER", 10, 0, 1),
        ("B", 2, 3, "DECIMAL", 9, 2, 2),
        ("C", 4, 1, "CHAR", 3, None, 3),
        ("D", 1, 12, "VARCHAR", 20, None, 4),
        ("E", 4, -360, "DECFLOAT", 16, None, 5),
        ("F", 4, 93, "TIMESTAMP", 29, 9, 6),
    ]


def test_they_are_there_when_the_file_is_served_again(served: Callable, tmp_path: Path) -> None:
    with served() as connection:
        connection.execute("CREATE PROCEDURE TWICE (INOUT N INTEGER) SET N = 2 * N")
        for sql in (ADDED, *OTHERS):
            connection.execute(sql)
        connection.commit()
        connection.execute("CREATE PROCEDURE GONE () BEGIN END")
        connection.execute("DROP PROCEDURE TWICE")
        connection.rollback()
        said = listed(connection)
    assert len(said) == 4
    for settings in ({}, {"read_only": True}):
        with served(**settings) as connection:
            assert listed(connection) == said
    with served() as connection:
        assert connection.cursor().callproc("TWICE", [21]) == [42]
        connection.execute("DROP PROCEDURE SHOP.NONE")
        connection.execute("CREATE OR REPLACE PROCEDURE TWICE (INOUT N INTEGER) SET N = N + N + 1")
        connection.commit()
    with duckdb.connect(str(tmp_path / "kept.duckdb")) as others:
        # An entry that is no procedure is left out.
        others.execute(
            "UPDATE drdarrow_kept.entries SET said = '\"CREATE PROCEDURE P () NOTHING\"' WHERE name LIKE '%ADDED\", 1]'"
        )
    with served() as connection:
        assert sorted(row[1:3] for row in listed(connection)) == [("ADDED", "ADDED"), ("TWICE", "TWICE")]
        assert connection.cursor().callproc("TWICE", [21]) == [43]
