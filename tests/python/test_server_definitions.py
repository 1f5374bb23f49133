"""Definitions: foreign keys with their rules, sequences that change, what a change of rows gives back in which order."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import drdarrow
from drdarrow import server


@pytest.fixture
def connection(luw_server: server.Server) -> Iterator[drdarrow.Connection]:
    with luw_server.connect() as opened:
        yield opened
        opened.rollback()


def rows(connection: drdarrow.Connection, sql: str) -> list[tuple[object, ...]]:
    return connection.execute(sql).fetchall()


def failed(connection: drdarrow.Connection, sql: str) -> tuple[int | None, str]:
    with pytest.raises(drdarrow.Error) as error:
        connection.execute(sql)
    return error.value.sqlcode, str(error.value)


@pytest.mark.parametrize(
    "rule", ["", "ON DELETE RESTRICT", "ON DELETE NO ACTION", "ON DELETE RESTRICT ON UPDATE NO ACTION"]
)
def test_a_parent_that_rows_depend_on_stays(connection: drdarrow.Connection, rule: str):
    connection.execute("CREATE TABLE P (K CHAR(3) NOT NULL PRIMARY KEY, N INTEGER)")
    connection.execute(f"CREATE TABLE C (K CHAR(3), CONSTRAINT F FOREIGN KEY (K) REFERENCES P {rule})")
    connection.execute("INSERT INTO P VALUES ('a', 1), ('b', 2)")
    # Blanks at the end make no other key.
    connection.execute("INSERT INTO C VALUES ('a ')")
    connection.commit()
    try:
        for sql, sqlcode in (
            ("DELETE FROM P WHERE K = 'a'", -532),
            ("UPDATE P SET K = 'c' WHERE K = 'a'", -531),
            ("INSERT INTO C VALUES ('x')", -530),
            ("DROP TABLE P", -478),
        ):
            assert failed(connection, sql)[0] == sqlcode, sql
        assert connection.execute("DELETE FROM P WHERE K = 'b'").rowcount == 1
        assert rows(connection, "SELECT K, N FROM P") == [("a  ", 1)]
    finally:
        connection.rollback()
        connection.execute("DROP TABLE C")
        connection.execute("DROP TABLE P")
        connection.commit()


@pytest.mark.parametrize("rule", ["ON DELETE CASCADE", "ON DELETE SET NULL", "ON UPDATE CASCADE"])
@pytest.mark.parametrize(
    "place", ["K INTEGER REFERENCES P {} NOT NULL", "K INTEGER, FOREIGN KEY (K) REFERENCES P (K) {}"]
)
def test_a_rule_that_changes_other_rows_is_refused(connection: drdarrow.Connection, rule: str, place: str):
    connection.execute("CREATE TABLE P (K INTEGER NOT NULL PRIMARY KEY)")
    sqlcode, message = failed(connection, f"CREATE TABLE C ({place.format(rule)})")
    assert sqlcode == -270 and message.startswith(f"the function is not supported; reason {rule} ")


def test_a_foreign_key_to_another_schema_is_refused(connection: drdarrow.Connection):
    connection.execute("CREATE TABLE S.P (K INTEGER NOT NULL PRIMARY KEY)")
    connection.commit()
    sqlcode, message = failed(connection, "CREATE TABLE C (K INTEGER REFERENCES S.P)")
    assert sqlcode == -270 and "foreign keys across different schemas" in message


@pytest.mark.parametrize(
    ("definition", "change", "values"),
    [
        # One value is drawn before the change, three after it.
        ("START WITH 5 INCREMENT BY 2", "RESTART WITH 50", [5, 50, 52, 54]),
        ("START WITH 5 INCREMENT BY 2", "RESTART", [5, 5, 7, 9]),
        ("START WITH 5 INCREMENT BY 2", "INCREMENT BY 10", [5, 15, 25, 35]),
        ("START WITH 5", "INCREMENT BY -1 MINVALUE -100 RESTART WITH -5", [5, -5, -6, -7]),
        ("START WITH 5", "MAXVALUE 6 CYCLE", [5, 6, 5, 6]),
        ("START WITH 1 MAXVALUE 2 CYCLE", "NO CYCLE NO MAXVALUE", [1, 2, 3, 4]),
        ("START WITH -5", "CACHE 10 ORDER", [-5, -4, -3, -2]),
        ("AS DECIMAL(2, 0) START WITH 97", "NO MAXVALUE", [97, 98, 99, None]),
        ("START WITH 2 MINVALUE 1 MAXVALUE 2", "CACHE 10", [2, None]),
        ("START WITH 2 MINVALUE 1 MAXVALUE 2", "MAXVALUE 3", [2, 3, None]),
    ],
)
def test_a_sequence_goes_on_as_it_was_changed(
    connection: drdarrow.Connection, definition: str, change: str, values: list[int | None]
):
    connection.execute(f"CREATE SEQUENCE Q {definition}")
    connection.execute("SET SCHEMA MAIN")
    for number, value in enumerate(values):
        if number == 1:
            connection.execute(f"ALTER SEQUENCE Q {change}")
        if value is None:
            assert "-359" in failed(connection, "VALUES NEXT VALUE FOR Q")[1]
        else:
            assert rows(connection, "VALUES NEXT VALUE FOR Q") == [(value,)]
            assert rows(connection, "VALUES PREVIOUS VALUE FOR Q") == [(value,)]


@pytest.mark.parametrize(
    ("sql", "sqlcode"),
    [
        ("ALTER SEQUENCE NOWHERE RESTART", -204),
        ("ALTER SEQUENCE Q", -104),
        ("ALTER SEQUENCE Q START WITH 5", -104),
        ("ALTER SEQUENCE Q RESTART WITH X", -104),
        ("ALTER SEQUENCE Q RESTART WITH 3 MINVALUE 4", -846),
        ("ALTER SEQUENCE Q MAXVALUE 99999999999", -846),
        ("ALTER SEQUENCE Q INCREMENT BY 0", -846),
    ],
)
def test_a_change_of_a_sequence_that_cannot_be_is_refused(connection: drdarrow.Connection, sql: str, sqlcode: int):
    connection.execute("CREATE SEQUENCE Q START WITH 5")
    assert failed(connection, sql)[0] == sqlcode


def test_a_change_of_a_sequence_is_undone_with_its_transaction(luw_server: server.Server):
    with luw_server.connect() as connection:
        connection.execute("CREATE SEQUENCE KEPT START WITH 5")
        connection.commit()
        connection.execute("ALTER SEQUENCE KEPT RESTART WITH 50")
        connection.rollback()
        assert rows(connection, "VALUES NEXT VALUE FOR KEPT") == [(5,)]
        connection.execute("ALTER SEQUENCE KEPT RESTART WITH 60")
        connection.commit()
        with luw_server.connect() as other:
            assert rows(other, "VALUES NEXT VALUE FOR KEPT") == [(60,)]


def test_rows_of_a_change_come_in_the_order_of_the_input(connection: drdarrow.Connection):
    connection.execute("CREATE SEQUENCE Q START WITH 10")
    connection.execute("CREATE TABLE T (A INTEGER, B INTEGER)")
    insert = "INSERT INTO T VALUES (NEXT VALUE FOR Q, 1), (NEXT VALUE FOR Q, 2), (NEXT VALUE FOR Q, 3)"
    assert rows(connection, f"SELECT B, A FROM FINAL TABLE ({insert}) ORDER BY INPUT SEQUENCE") == [
        (1, 10),
        (2, 11),
        (3, 12),
    ]
    # Each row has one value, wherever it is named.
    twice = "INSERT INTO T VALUES (NEXT VALUE FOR Q, NEXT VALUE FOR Q), (NEXT VALUE FOR Q, NEXT VALUE FOR Q)"
    assert rows(connection, f"SELECT A, B FROM FINAL TABLE ({twice}) ORDER BY A DESC") == [(14, 14), (13, 13)]
    assert connection.execute(twice).rowcount == 2
    assert rows(connection, "SELECT A, B FROM T WHERE A > 14 ORDER BY A") == [(15, 15), (16, 16)]
    copy = "INSERT INTO T (A, B) SELECT A + 100, B FROM T ORDER BY A DESC"
    assert [a for (a,) in rows(connection, f"SELECT A FROM FINAL TABLE ({copy}) ORDER BY INPUT SEQUENCE")] == [
        *range(116, 109, -1)
    ]


@pytest.mark.parametrize(
    ("clause", "values"),
    [
        ("FETCH FIRST 1 + 2 ROWS ONLY", [1, 2, 3]),
        ("OFFSET 1 ROWS FETCH NEXT 3 - 1 ROWS ONLY", [2, 3]),
        ("FETCH FIRST (2) ROWS ONLY", [1, 2]),
        ("FETCH FIRST ROW ONLY", [1]),
        ("FETCH FIRST 2 * 2 ROWS ONLY WITH UR", [1, 2, 3, 4]),
    ],
)
def test_the_first_rows_may_be_counted_by_an_expression(
    connection: drdarrow.Connection, clause: str, values: list[int]
):
    assert rows(connection, f"SELECT A FROM (VALUES 1, 2, 3, 4, 5) AS T(A) ORDER BY A {clause}") == [
        (n,) for n in values
    ]


@pytest.mark.parametrize(
    "definition",
    [
        "TYPE A AS INTEGER ARRAY[10]",
        "OR REPLACE TYPE A AS INTEGER ARRAY[VARCHAR(8)]",
        "TYPE S.A AS INTEGER ARRAY",
        'TYPE "A" AS INTEGER',
        "TYPE A AS DECIMAL(9, 2) WITH COMPARISONS",
        "DISTINCT TYPE A AS VARCHAR(10) WITH COMPARISONS",
        "TYPE A AS ROW (N INTEGER)",
        "TYPE A AS (N INTEGER) MODE DB2SQL",
    ],
)
def test_a_type_of_db2_is_refused(connection: drdarrow.Connection, definition: str):
    sqlcode, message = failed(connection, f"CREATE {definition}")
    assert sqlcode == -142 and "CREATE TYPE" in message
    with pytest.raises(drdarrow.Error):
        connection.execute("CREATE TABLE OF_A (N A)")


@pytest.mark.parametrize("action", ["UPDATE SET N = S.N", "DELETE"])
@pytest.mark.parametrize("autocommit", [True, False])
def test_a_merge_that_changes_a_row_twice_is_refused(connection: drdarrow.Connection, action: str, autocommit: bool):
    connection.execute("CREATE TABLE M (ID INTEGER NOT NULL PRIMARY KEY, N INTEGER)")
    connection.execute("INSERT INTO M VALUES (1, 5), (2, 6)")
    connection.commit()
    connection.autocommit = autocommit
    merge = "MERGE INTO M AS T USING (VALUES (CAST(? AS INTEGER), 7), (1, 9), (3, 4), (3, 5)) AS S (I, N) ON T.ID = S.I"
    try:
        connection.execute("INSERT INTO M VALUES (8, ?)", [8])
        with pytest.raises(drdarrow.Error) as error:
            connection.execute(f"{merge} WHEN MATCHED AND S.N > ? THEN {action}", [1, 2])
        assert (error.value.sqlcode, error.value.sqlstate) == (-788, "21506")
        # Nothing was done, and what was before stays.
        assert rows(connection, "SELECT ID, N FROM M ORDER BY ID") == [(1, 5), (2, 6), (8, 8)]
        # One of the two rows changes nothing; new rows may be alike.
        merged = connection.execute(
            f"{merge} WHEN MATCHED AND S.N > ? THEN {action} WHEN NOT MATCHED THEN INSERT VALUES (S.N, S.I)", [1, 8]
        )
        assert merged.rowcount == 3
        left = rows(connection, "SELECT ID, N FROM M WHERE ID < 8 ORDER BY ID")
        kept = [(1, 9)] if action != "DELETE" else []
        assert left == [*kept, (2, 6), (4, 3), (5, 3)]
    finally:
        connection.rollback()
        connection.autocommit = False
        connection.execute("DROP TABLE M")
        connection.commit()


@pytest.mark.parametrize(
    ("sql", "sqlcode"),
    [
        ("ALTER TABLE HELD ALTER COLUMN NOPE SET DEFAULT 1", -205),
        ("ALTER TABLE HELD ALTER NOPE DROP NOT NULL", -205),
        ("DROP SCHEMA NOPE RESTRICT", -204),
        ("DROP SCHEMA HOLDING RESTRICT", -478),
        ("CREATE TABLE TWICE (A INTEGER, A INTEGER)", -612),
        ("INSERT INTO HELD (A, A) VALUES (1, 2)", -121),
        ("INSERT INTO HELD (NOPE) VALUES (1)", -206),
    ],
)
def test_a_wrong_name_leaves_the_changes_of_the_transaction_alone(
    connection: drdarrow.Connection, sql: str, sqlcode: int
):
    connection.execute("CREATE TABLE HELD (A INTEGER NOT NULL)")
    connection.execute("CREATE TABLE HOLDING.T (A INTEGER)")
    connection.commit()
    try:
        connection.execute("INSERT INTO HELD VALUES (1)")
        assert failed(connection, sql)[0] == sqlcode
        assert rows(connection, "SELECT A FROM HELD") == [(1,)]
    finally:
        connection.rollback()
        connection.execute("DROP TABLE HELD")
        connection.execute("DROP TABLE HOLDING.T")
        connection.execute("DROP SCHEMA HOLDING RESTRICT")
        connection.commit()
