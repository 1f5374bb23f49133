"""Procedures in SQL on the server: made, called with parameters of every mode, their result sets, status and errors."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from decimal import Decimal

import duckdb
import pytest
from apart import apart
from serving import dsn

import drdarrow
from drdarrow import server
from drdarrow.server.duckdb import DuckEngine

TABLE = "CREATE TABLE ANIMALS (ID INTEGER, BREED VARCHAR(32), NAME CHAR(16), WEIGHT DECIMAL(7, 2))"
ROWS = [(0, "cat", "Pook", "3.20"), (1, "dog", "Peaches", "12.30"), (2, "goat", "Rickety Ride", "9.70")]
MATCH = """
CREATE PROCEDURE MATCH_ANIMAL (IN FIRST VARCHAR(128), INOUT SECOND VARCHAR(128), OUT TOTAL DOUBLE)
DYNAMIC RESULT SETS 1 LANGUAGE SQL
BEGIN
    DECLARE FOUND INT DEFAULT 0;
    DECLARE C1 CURSOR FOR SELECT COUNT(*) FROM ANIMALS WHERE NAME IN (SECOND);
    DECLARE C2 CURSOR FOR SELECT SUM(WEIGHT) FROM ANIMALS WHERE NAME IN (FIRST, SECOND);
    DECLARE C3 CURSOR WITH RETURN FOR SELECT NAME, WEIGHT FROM ANIMALS WHERE NAME >= FIRST ORDER BY NAME;
    OPEN C1;
    FETCH C1 INTO FOUND;
    IF (FOUND > 0) THEN SET SECOND = 'TRUE'; END IF;
    CLOSE C1;
    OPEN C2;
    FETCH FROM C2 INTO TOTAL;
    CLOSE C2;
    OPEN C3;
    RETURN 7;
END"""


@pytest.fixture
def served() -> Iterator[server.Server]:
    with server.serve(duckdb.connect(), persona="luw", users={"user": "secret"}) as running:
        with drdarrow.connect(running.uri, password="secret", autocommit=True) as connection:
            connection.execute(TABLE)
            connection.cursor().executemany("INSERT INTO ANIMALS VALUES (?, ?, ?, ?)", ROWS)
        yield running


@pytest.fixture
def connection(served: server.Server) -> Iterator[drdarrow.Connection]:
    with drdarrow.connect(served.uri, password="secret") as opened:
        yield opened
        opened.rollback()


def value(connection: drdarrow.Connection, kind: str, body: str, given: object = None) -> object:
    """The value that comes out of a procedure with this body for its parameter P, after it went in."""
    connection.execute(f"CREATE OR REPLACE PROCEDURE ONE (INOUT P {kind}) {body}")
    return connection.cursor().callproc("ONE", [given])[0]


def code(error: pytest.ExceptionInfo[drdarrow.Error]) -> int | None:
    return error.value.sqlcode


def test_parameters_and_a_result_set(connection: drdarrow.Connection):
    connection.execute(MATCH)
    cursor = connection.cursor()
    assert cursor.callproc("MATCH_ANIMAL", ["Peaches", "Rickety Ride", None]) == ["Peaches", "TRUE", 12.3]
    names = [name.strip() for name, _ in cursor.fetchall()]
    assert names == ["Peaches", "Pook", "Rickety Ride"]
    assert cursor.nextset() is None
    assert cursor.execute("CALL match_animal('Pook', ?, ?)", ("nobody", None)).outputs == ("nobody", 3.2)


def test_result_sets_come_in_the_order_in_which_they_were_opened(connection: drdarrow.Connection):
    connection.execute("INSERT INTO ANIMALS VALUES (9, 'bat', 'Vlad', 1)")
    connection.execute("""
        CREATE PROCEDURE SETS () RESULT SETS 3 BEGIN
            DECLARE A CURSOR WITH RETURN FOR SELECT ID FROM ANIMALS ORDER BY ID;
            DECLARE B CURSOR WITH RETURN TO CALLER FOR SELECT NAME, ID FROM ANIMALS WHERE ID < 2 ORDER BY ID DESC;
            DECLARE C CURSOR WITH RETURN FOR SELECT 1 FROM ANIMALS WHERE 1 = 0;
            DECLARE D CURSOR WITH RETURN FOR SELECT 2 FROM SYSIBM.SYSDUMMY1;
            OPEN B; OPEN D; OPEN A; OPEN C; CLOSE D;
        END""")
    cursor = connection.cursor().execute("CALL SETS()")
    assert cursor.fetchall() == [("Peaches         ", 1), ("Pook            ", 0)]
    assert cursor.nextset() and cursor.fetchall() == [(0,), (1,), (2,), (9,)]
    assert cursor.nextset() and cursor.fetchall() == []
    assert cursor.nextset() is None


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("SMALLINT", -5),
        ("BIGINT", 2**60),
        ("DOUBLE", 0.1),
        ("DECIMAL(12, 3)", Decimal("-1.500")),
        ("CHAR(5)", "ab   "),
        ("VARCHAR(40)", "Grüße"),
        ("CLOB(1M)", "x" * 100_000),
        ("VARCHAR(9) FOR BIT DATA", b"\0\xff"),
        ("BLOB(1M)", bytes(range(256)) * 300),
        ("VARBINARY(9)", b"\x01"),
        ("DATE", datetime.date(2026, 2, 28)),
        ("TIME", datetime.time(1, 2, 3)),
        ("TIMESTAMP", datetime.datetime(2026, 2, 28, 23, 59, 59, 123_456)),
        ("BOOLEAN", True),
    ],
)
def test_every_type_goes_in_and_comes_out(connection: drdarrow.Connection, kind: str, given: object):
    assert value(connection, kind, "BEGIN END", given) == given
    assert value(connection, kind, f"BEGIN DECLARE V {kind}; SET V = P, P = NULL; SET P = V; END", given) == given
    assert value(connection, kind, "SET P = NULL", given) is None


def test_control_statements(connection: drdarrow.Connection):
    factorial = "BEGIN DECLARE N INT; SET N = P, P = 1; WHILE N > 1 DO SET P = P * N, N = N - 1; END WHILE; END"
    assert value(connection, "BIGINT", factorial, 10) == 3_628_800
    repeat = "BEGIN REPEAT SET P = P + 3; UNTIL P > 9 END REPEAT; END"
    assert value(connection, "INTEGER", repeat, 0) == 12
    loop = """
        BEGIN DECLARE I INT DEFAULT 0;
        around: LOOP
            SET I = I + 1;
            IF MOD(I, 2) = 0 THEN ITERATE around; END IF;
            IF I > 7 THEN LEAVE around; ELSEIF I = 5 THEN SET P = P + 100; ELSE SET P = P + I; END IF;
        END LOOP around;
        END"""
    assert value(connection, "INTEGER", loop, 0) == 1 + 3 + 100 + 7
    case = "SET P = CASE WHEN P > '3' THEN 'more' ELSE 'less' END"
    assert value(connection, "VARCHAR(10)", case, "4") == "more"
    ended = "a: BEGIN SET P = 1; BEGIN LEAVE a; END; SET P = 2; END"
    assert value(connection, "INTEGER", ended) == 1


def test_rows_that_a_procedure_changes_are_undone_with_its_transaction(connection: drdarrow.Connection):
    connection.execute("CREATE PROCEDURE ADDS (IN N INTEGER) INSERT INTO ANIMALS (ID, NAME) VALUES (N, 'new')")
    connection.execute("CREATE PROCEDURE FEEDS (OUT N INTEGER) BEGIN UPDATE ANIMALS SET WEIGHT = WEIGHT + 1; "
                       "SELECT COUNT(*) INTO N FROM ANIMALS WHERE WEIGHT > 4; END")  # fmt: skip
    connection.commit()
    connection.cursor().callproc("ADDS", [7])
    assert connection.cursor().callproc("FEEDS", [None]) == [3]
    assert connection.execute("SELECT COUNT(*) FROM ANIMALS").fetchone() == (4,)
    connection.rollback()
    assert connection.execute("SELECT COUNT(*), SUM(WEIGHT) FROM ANIMALS").fetchone() == (3, Decimal("25.20"))


def test_a_column_goes_before_a_variable_of_its_name(connection: drdarrow.Connection):
    connection.execute("CREATE TABLE T (A INTEGER, B INTEGER)")
    connection.execute("CREATE PROCEDURE PUTS (IN A INTEGER, IN X INTEGER) BEGIN INSERT INTO T (A, B) VALUES (A, X); "
                       "UPDATE T SET B = A WHERE A = PUTS.A; END")  # fmt: skip
    connection.cursor().callproc("PUTS", [1, 10])
    assert connection.execute("SELECT A, B FROM T").fetchall() == [(1, 1)]
    connection.execute("CREATE PROCEDURE COUNTS (IN A INTEGER, OUT N INTEGER) SELECT COUNT(*) INTO N FROM T WHERE A = A")
    assert connection.cursor().callproc("COUNTS", [5, None]) == [5, 1]


def test_a_query_of_no_row_leaves_variables_and_tells_the_sqlcode(connection: drdarrow.Connection):
    body = """
        BEGIN
            DECLARE SQLCODE INTEGER DEFAULT 0;
            DECLARE NAME VARCHAR(16) DEFAULT 'as before';
            SELECT BREED INTO NAME FROM ANIMALS WHERE ID = 99;
            SET P = NAME || ' ' || TRIM(CHAR(SQLCODE));
        END"""
    assert value(connection, "VARCHAR(40)", body) == "as before 100"
    with pytest.raises(drdarrow.Error) as error:
        value(connection, "VARCHAR(40)", "SELECT BREED INTO P FROM ANIMALS")
    assert code(error) == -811


def test_a_text_that_is_too_long_for_its_variable_is_an_error(connection: drdarrow.Connection):
    assert value(connection, "VARCHAR(3)", "SET P = 'abc  '") == "abc"
    for body, given in (("SET P = 'abcd'", None), ("BEGIN END", "abcd"), ("SET P = 'äb'", None)):
        with pytest.raises(drdarrow.Error) as error:
            value(connection, "VARCHAR(3)" if "ä" not in body else "VARCHAR(2)", body, given)
        assert code(error) == -433


@pytest.mark.parametrize(
    ("sql", "sqlcode"),
    [
        ("CREATE PROCEDURE P () BEGIN DECLARE CONTINUE HANDLER FOR NOT FOUND SET X = 1; END", -104),
        ("CREATE PROCEDURE P () BEGIN SET X = ; END", -104),
        ("CREATE PROCEDURE P () BEGIN", -104),
        ("CREATE PROCEDURE P () BEGIN END END", -104),
        ("CREATE PROCEDURE P () EXECUTE IMMEDIATE 'DROP TABLE ANIMALS'", -104),
        ("CREATE PROCEDURE P (IN A NOTHING) BEGIN END", -204),
        ("CREATE PROCEDURE P (IN A INT, OUT A INT) BEGIN END", -601),
        ("CREATE PROCEDURE P () BEGIN OPEN C; END", -504),
        ("DROP PROCEDURE P", -204),
        ("CALL P()", -440),
        ("CALL OTHER.P(1, 2)", -440),
        ("CALL P(", -104),
        ("CALL", -104),
    ],
)
def test_what_is_not_understood_is_refused(connection: drdarrow.Connection, sql: str, sqlcode: int):
    with pytest.raises(drdarrow.Error) as error:
        connection.execute(sql)
    assert code(error) == sqlcode


def test_procedures_are_made_replaced_and_dropped_with_their_transaction(served: server.Server):
    with drdarrow.connect(served.uri, password="secret") as one, drdarrow.connect(served.uri, password="secret") as two:
        one.execute("CREATE PROCEDURE P (OUT N INT) SET N = 1")
        assert one.cursor().callproc("P", [None]) == [1]
        with pytest.raises(drdarrow.Error) as error:
            two.cursor().callproc("P", [None])
        assert code(error) == -440
        one.commit()
        assert two.cursor().callproc("P", [None]) == [1]
        with pytest.raises(drdarrow.Error) as error:
            two.execute("CREATE PROCEDURE P (OUT N INT) SET N = 2")
        assert code(error) == -454
        two.execute("CREATE OR REPLACE PROCEDURE P (OUT N INT) SET N = 2")
        # One of another number of parameters is another one.
        two.execute("CREATE PROCEDURE P () BEGIN END")
        with pytest.raises(drdarrow.Error) as error:
            two.execute("DROP PROCEDURE P")
        assert code(error) == -476
        two.rollback()
        assert two.cursor().callproc("P", [None]) == [1]
        two.execute("DROP PROCEDURE P (INT)")
        two.commit()
        with pytest.raises(drdarrow.Error) as error:
            one.cursor().callproc("P", [None])
        assert code(error) == -440


def test_a_procedure_without_end_is_broken_off():
    session = DuckEngine(duckdb.connect(), {}).session("USER", "SAMPLE")
    body = "BEGIN DECLARE I INT DEFAULT 0; LOOP SET I = MOD(I + 1, 9); END LOOP; END"
    made, _, _ = session.prepare(f"CREATE PROCEDURE FOREVER () {body}")
    session.execute(made, [()])
    # An interrupt of DuckDB's undoes what is not committed.
    session.commit()
    call = session.prepare_call("CALL FOREVER()")
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(session.call, call.number, ())
        while not running.done():
            session.interrupt()
            wait([running], timeout=0.05)
        with pytest.raises(server.SqlError) as error:
            running.result()
    assert error.value.sqlcode == -952


def rows_of(connection: drdarrow.Connection, query: str) -> list[tuple[object, ...]]:
    """The rows that a procedure with the parameter P gives for a query; 100 went in."""
    body = f"BEGIN DECLARE C CURSOR WITH RETURN FOR {query}; OPEN C; END"
    connection.execute(f"CREATE OR REPLACE PROCEDURE ROWS_OF (IN P INTEGER) RESULT SETS 1 {body}")
    return connection.cursor().execute("CALL ROWS_OF(100)").fetchall()


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ("SELECT SUM(P) FROM (SELECT ID AS P FROM ANIMALS) X", [(3,)]),
        ("WITH X(P) AS (SELECT ID FROM ANIMALS) SELECT MAX(P) FROM X", [(2,)]),
        ("WITH X AS (SELECT ID AS P FROM ANIMALS) SELECT MAX(P) FROM X", [(2,)]),
        ("SELECT P FROM (VALUES (7)) AS X(P)", [(7,)]),
        ("SELECT -ID AS P FROM ANIMALS ORDER BY P", [(-2,), (-1,), (0,)]),
        ("SELECT P FROM SESSION.OWN", [(5,)]),
        ("SELECT ROWS_OF.P FROM ROWS_OF", [(42,)]),
        ("SELECT A.P + ROWS_OF.P FROM SESSION.OWN A", [(105,)]),
        ("SELECT CAST(ID AS DECIMAL(5, 0)) + P AS Q FROM ANIMALS WHERE ID < P ORDER BY Q", [(100,), (101,), (102,)]),
        ("SELECT ID, P AS P FROM ANIMALS WHERE ID = 2", [(2, 100)]),
    ],
)
def test_columns_go_before_variables(connection: drdarrow.Connection, query: str, rows: list[tuple[object, ...]]):
    connection.execute("DECLARE GLOBAL TEMPORARY TABLE SESSION.OWN (P INTEGER) ON COMMIT PRESERVE ROWS")
    connection.execute("INSERT INTO SESSION.OWN VALUES (5)")
    connection.execute("CREATE TABLE ROWS_OF (P INTEGER)")
    connection.execute("INSERT INTO ROWS_OF VALUES (42)")
    assert rows_of(connection, query) == rows


def test_columns_of_the_catalog_go_before_variables(connection: drdarrow.Connection):
    query = "SELECT MAX(TABNAME) INTO TABNAME FROM SYSCAT.TABLES WHERE TABNAME = 'ANIMALS'"
    connection.execute(f"CREATE PROCEDURE FINDS (INOUT TABNAME VARCHAR(40)) {query}")
    assert connection.cursor().callproc("FINDS", ["other"]) == ["ANIMALS"]


def test_a_column_of_a_temporary_table_is_changed_by_its_own_value(connection: drdarrow.Connection):
    connection.execute("DECLARE GLOBAL TEMPORARY TABLE SESSION.OWN (P INTEGER) ON COMMIT PRESERVE ROWS")
    connection.execute("INSERT INTO SESSION.OWN VALUES (5)")
    assert value(connection, "INTEGER", "UPDATE SESSION.OWN SET P = P + 1", 70) == 70
    assert connection.execute("SELECT P FROM SESSION.OWN").fetchall() == [(6,)]


def test_an_error_undoes_an_atomic_block(connection: drdarrow.Connection):
    failing = "INSERT INTO ANIMALS (ID) VALUES (9); SELECT ID INTO P FROM ANIMALS; END"
    connection.execute(f"CREATE PROCEDURE KEEPS (OUT P INTEGER) BEGIN {failing}")
    connection.execute(f"CREATE PROCEDURE UNDOES (OUT P INTEGER) BEGIN ATOMIC {failing}")
    connection.commit()
    for name, sqlcode, left in (("UNDOES", -1476, 3), ("KEEPS", -811, 4)):
        with pytest.raises(drdarrow.Error) as error:
            connection.cursor().callproc(name, [None])
        assert code(error) == sqlcode
        connection.commit()
        assert connection.execute("SELECT COUNT(*) FROM ANIMALS").fetchall() == [(left,)]


@pytest.mark.parametrize("name", ['"A""B"', '"a b"', '"SELECT"'])
def test_parameters_have_names_that_need_quotes(connection: drdarrow.Connection, name: str):
    connection.execute(f"CREATE PROCEDURE NAMED (INOUT {name} INTEGER) SET {name} = {name} + 1")
    assert connection.cursor().callproc("NAMED", [4]) == [5]


def test_variables_count_as_memory():
    of = duckdb.connect()
    of.execute("SET memory_limit = '200MB'")
    names = [f"V{n}" for n in range(40)]
    grows = "SET V0 = REPEAT('x', 30000); WHILE LENGTH(V0) < 40000000 DO SET V0 = V0 || V0; END WHILE; "
    body = f"DECLARE {', '.join(names)} CLOB(100M); {grows}" + " ".join(f"SET {name} = V0 || 'x';" for name in names[1:])
    with server.serve(of, persona="luw") as running, drdarrow.connect(running.uri) as connection:
        connection.execute(f"CREATE PROCEDURE BIG () BEGIN {body} END")
        connection.commit()
        with pytest.raises(drdarrow.Error) as error:
            connection.execute("CALL BIG()")
        assert code(error) == -954
        assert connection.execute("SELECT 1 FROM SYSIBM.SYSDUMMY1").fetchall() == [(1,)]


def test_a_read_only_server_has_none():
    with server.serve(duckdb.connect(), persona="luw", read_only=True) as running, drdarrow.connect(running.uri) as reading:
        with pytest.raises(drdarrow.Error) as error:
            reading.execute("CREATE PROCEDURE P () BEGIN END")
        assert code(error) == -817


def test_the_engine_of_tables_has_none():
    with server.serve(engine="tables", persona="luw") as running, drdarrow.connect(running.uri) as reading:
        with pytest.raises(drdarrow.Error) as error:
            reading.execute("CALL P(1)")
        assert code(error) == -440


@pytest.mark.timeout(120)
def test_ibms_driver_calls_them(served: server.Server):
    to = dsn(served.port)
    made = [MATCH, "CREATE PROCEDURE BYTES (IN A BLOB(100), OUT B BLOB(100)) SET B = A"]
    assert apart("ibm.called", to, made, "MATCH_ANIMAL", ("Peaches", "Rickety Ride", 0.0)) == (
        ("Peaches", "TRUE", 12.3),
        [[("Peaches         ", "12.30"), ("Pook            ", "3.20"), ("Rickety Ride    ", "9.70")]],
        7,
    )
    assert apart("ibm.called", to, [], "bytes", (b"123", b"0")) == ((b"123", b"123"), [], 0)
