"""Text and bytes in a server as Db2 and Derby have them: blanks at the end do not count in comparisons, a CHAR is as long
as it was declared, what is too long is refused. Real Derby answers the same questions."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pyarrow as pa
import pytest
from derby import Derby

import drdarrow
from drdarrow import server

PERSONAS = ("luw", "ibmi", "zos", "derby")

TABLES = [
    "CREATE TABLE T (K CHAR(5) NOT NULL, V VARCHAR(9), N INTEGER)",
    "INSERT INTO T VALUES ('DSWC', 'found', 1)",
    "INSERT INTO T VALUES ('ab', 'x', 2)",
    "INSERT INTO T VALUES ('ac   ', 'x  ', 3)",
    "INSERT INTO T VALUES ('b', ' x', 4)",
    "CREATE TABLE U (K VARCHAR(9), M INTEGER)",
    "INSERT INTO U VALUES ('ab  ', 10)",
    "INSERT INTO U VALUES ('b', 20)",
]

#: Questions that Derby and Db2 answer alike.
QUESTIONS = [
    "SELECT K, V, N FROM T ORDER BY N",
    "SELECT N FROM T WHERE K = 'ab'",
    "SELECT N FROM T WHERE K = 'ab  '",
    "SELECT N FROM T WHERE K = 'ab          '",
    "SELECT N FROM T WHERE 'ab ' = K",
    "SELECT N FROM T WHERE V = 'x' ORDER BY N",
    "SELECT N FROM T WHERE V = 'x     ' ORDER BY N",
    "SELECT N FROM T WHERE V <> 'x ' ORDER BY N",
    "SELECT N FROM T WHERE NOT V = 'x ' ORDER BY N",
    "SELECT N FROM T WHERE V > 'x' ORDER BY N",
    "SELECT N FROM T WHERE V >= 'x  ' ORDER BY N",
    "SELECT N FROM T WHERE K <= 'ab ' ORDER BY N",
    "SELECT N FROM T WHERE K BETWEEN 'ab ' AND 'ac' ORDER BY N",
    "SELECT N FROM T WHERE K NOT BETWEEN 'ab ' AND 'ac' AND N > 0 ORDER BY N",
    "SELECT N FROM T WHERE K IN ('ab', 'b ') ORDER BY N",
    "SELECT N FROM T WHERE K NOT IN ('ab', 'b ') ORDER BY N",
    "SELECT N FROM T WHERE K IN (SELECT K FROM U) ORDER BY N",
    "SELECT N FROM T WHERE K NOT IN (SELECT K FROM U WHERE M = 10) ORDER BY N",
    "SELECT N FROM T WHERE K = ANY (SELECT K FROM U) ORDER BY N",
    "SELECT N FROM T WHERE EXISTS (SELECT 1 FROM U WHERE U.K = T.K) ORDER BY N",
    "SELECT N FROM T WHERE K = (SELECT MAX(K) FROM U)",
    "SELECT N, M FROM T JOIN U ON T.K = U.K ORDER BY N",
    "SELECT N, M FROM T LEFT JOIN U ON T.K = U.K AND U.M < 15 ORDER BY N",
    "SELECT V, COUNT(*) FROM T WHERE V = 'x' GROUP BY V HAVING V = 'x '",
    "SELECT COUNT(DISTINCT V) FROM T",
    "SELECT COUNT(*) FROM (SELECT DISTINCT V FROM T) AS D",
    "SELECT COUNT(*) FROM (SELECT K FROM T UNION SELECT K FROM U) AS D",
    "SELECT COUNT(*) FROM (SELECT V, COUNT(*) AS C FROM T GROUP BY V) AS D",
    "SELECT COUNT(*) FROM (SELECT UPPER(V) AS W, COUNT(*) AS C FROM T GROUP BY UPPER(V)) AS D",
    "SELECT COUNT(*) FROM (SELECT V FROM T EXCEPT SELECT 'x    ' FROM SYSIBM.SYSDUMMY1) AS D",
    "SELECT COUNT(*) FROM (SELECT K FROM U INTERSECT SELECT 'ab' FROM SYSIBM.SYSDUMMY1) AS D",
    "SELECT N FROM T ORDER BY V DESC, N DESC",
    "SELECT SUBSTR(V, 2) AS V, N FROM T ORDER BY V, N",
    "SELECT CASE V WHEN 'x' THEN 'yes' ELSE 'no' END FROM T ORDER BY N",
    "SELECT CASE WHEN V = 'x ' THEN N ELSE 0 END FROM T ORDER BY N",
    "SELECT N FROM T WHERE NULLIF(K, 'ab') IS NULL",
    "SELECT N FROM T WHERE K LIKE 'ab'",
    "SELECT N FROM T WHERE K LIKE 'ab%'",
    "SELECT N FROM T WHERE K LIKE 'ab   '",
    "SELECT N FROM T WHERE V LIKE 'x' ORDER BY N",
    "SELECT LENGTH(K), LENGTH(V) FROM T ORDER BY N",
    "SELECT K || '|', V || '|' FROM T ORDER BY N",
    "SELECT LENGTH(CAST('a' AS CHAR(3))), CAST('abc' AS CHAR(5)) || '|', CAST('abcdef' AS VARCHAR(3)) FROM SYSIBM.SYSDUMMY1",
    "SELECT N FROM T WHERE SUBSTR(K, 1, 2) = 'b'",
    "SELECT MAX(V), MIN(K) FROM T",
]


#: In EBCDIC small letters come first.
EBCDIC: dict[str, list[tuple]] = {"SELECT N FROM T WHERE K <= 'ab ' ORDER BY N": [(2,)], "SELECT MAX(V), MIN(K) FROM T": [("x", "ab")]}


@pytest.fixture(params=PERSONAS)
def srv(request: pytest.FixtureRequest) -> Iterator[server.Server]:
    with server.serve(duckdb.connect(), persona=request.param) as running:
        yield running


@pytest.fixture
def conn(srv: server.Server) -> Iterator[drdarrow.Connection]:
    with srv.connect(autocommit=True) as connection:
        yield connection


def fill(connection: drdarrow.Connection) -> None:
    for sql in TABLES:
        connection.execute(sql)


@pytest.fixture(scope="module")
def truth(derby: Derby) -> Iterator[dict[str, list[tuple]]]:
    """The answers of a real Derby."""
    with drdarrow.connect(derby.uri("COMPARED", attributes="create=true"), autocommit=True) as c:
        fill(c)
        yield {sql: c.execute(sql).fetchall() for sql in QUESTIONS}


def test_derby_answers_the_same(
    truth: dict[str, list[tuple]], conn: drdarrow.Connection, srv: server.Server
) -> None:
    fill(conn)
    truth = {**truth, **EBCDIC} if srv.persona in ("ibmi", "zos") else truth
    got = {sql: conn.execute(sql).fetchall() for sql in QUESTIONS}
    # Of equal values either may stand for all.
    trim = [{sql: [tuple(v.rstrip() if isinstance(v, str) and "GROUP BY" in sql or "MAX" in sql and isinstance(v, str) else v
             for v in row) for row in rows] for sql, rows in each.items()} for each in (got, truth)]  # fmt: skip
    for sql in QUESTIONS:
        assert trim[0][sql] == trim[1][sql], sql


@pytest.mark.parametrize("value", ["ab", "ab ", "ab   ", "ab        "])
def test_a_value_finds_its_row_as_a_parameter(conn: drdarrow.Connection, value: str) -> None:
    fill(conn)
    for sql, parameters in [
        ("SELECT N FROM T WHERE K = ?", [value]),
        ("SELECT N FROM T WHERE K IN (?, ?)", ["none", value]),
        ("SELECT N FROM T WHERE K BETWEEN ? AND ?", [value, value]),
        ("SELECT N FROM T WHERE (K, N) = (?, 2)", [value]),
        ("SELECT N FROM T WHERE CASE K WHEN ? THEN 1 ELSE 0 END = 1", [value]),
        ("SELECT T.N FROM T JOIN U ON U.K = T.K WHERE U.K = ?", [value]),
    ]:
        assert conn.execute(sql, parameters).fetchall() == [(2,)], sql
    assert conn.execute("UPDATE T SET V = 'new' WHERE K = ?", (value,)).rowcount == 1
    assert conn.execute("DELETE FROM U WHERE K = ?", (value,)).rowcount == 1
    assert conn.execute("SELECT V FROM T WHERE N = 2").fetchall() == [("new",)]


def test_what_is_stored_is_as_long_as_it_was_declared(conn: drdarrow.Connection) -> None:
    fill(conn)
    conn.execute("CREATE TABLE W (A CHAR(4) DEFAULT 'd', B VARCHAR(3), N INTEGER)")
    conn.execute("INSERT INTO W (N) VALUES (1)")
    conn.execute("INSERT INTO W VALUES (?, ?, ?), ('q', 'abc   ', 3)", ("p", "ab ", 2))
    conn.execute("INSERT INTO W (N, A) SELECT N + 3, V FROM T WHERE N = 2")
    conn.execute("INSERT INTO W (A, N) VALUES (LOWER('UP'), 6)")
    conn.execute("UPDATE W SET (A, B) = ('z', NULL) WHERE N = 1")
    conn.execute(
        "MERGE INTO W USING (SELECT K, N FROM T WHERE N >= 3) AS S ON W.N = S.N "
        "WHEN MATCHED THEN UPDATE SET A = 'm' WHEN NOT MATCHED THEN INSERT (A, N) VALUES (TRIM(S.K), S.N)"
    )
    assert conn.execute("SELECT A, B, N FROM W ORDER BY N").fetchall() == [
        ("z   ", None, 1), ("p   ", "ab ", 2), ("m   ", "abc", 3), ("b   ", None, 4), ("x   ", None, 5), ("up  ", None, 6),
    ]  # fmt: skip
    assert conn.execute("SELECT DISTINCT LENGTH(A) FROM W").fetchall() == [(4,)]


@pytest.mark.parametrize(
    ("sql", "parameters"),
    [
        ("INSERT INTO T VALUES ('abcdef', 'v', 9)", None),
        ("INSERT INTO T VALUES (?, ?, ?)", ("abcdef", "v", 9)),
        ("INSERT INTO T VALUES ('a', '1234567890', 9)", None),
        ("INSERT INTO T SELECT V || 'abcdef', V, 9 FROM T", None),
        ("UPDATE T SET V = V || '123456789'", None),
        ("UPDATE T SET K = ?", ("abcdef",)),
        ("MERGE INTO T USING U ON T.K = U.K WHEN MATCHED THEN UPDATE SET V = '1234567890'", None),
    ],
)
def test_what_is_too_long_is_refused(conn: drdarrow.Connection, sql: str, parameters: tuple | None) -> None:
    fill(conn)
    before = conn.execute("SELECT K, V, N FROM T ORDER BY N").fetchall()
    with pytest.raises(drdarrow.DataError, match="do not fit into") as e:
        conn.execute(sql, parameters)
    assert (e.value.sqlstate, e.value.connection_usable) == ("22001", True)
    assert conn.execute("SELECT K, V, N FROM T ORDER BY N").fetchall() == before


def test_constants_of_large_columns_cost_what_they_are_long(conn: drdarrow.Connection) -> None:
    """DuckDB once made a gigabyte of blanks for each, which takes it seconds."""
    conn.execute("CREATE TABLE L (A CLOB(1G), B BLOB(1G), N INTEGER)")
    for n in range(20):
        conn.execute(f"INSERT INTO L VALUES ('text  ', X'0041', {n})")
        conn.execute(f"UPDATE L SET A = 'other {n} ' WHERE N = {n}")
    assert conn.execute("SELECT A, B FROM L WHERE N = 19").fetchall() == [("other 19 ", b"\0A")]


def test_a_length_is_in_bytes_or_in_characters_as_the_product_counts() -> None:
    for persona, fits in (("luw", False), ("derby", False), ("ibmi", True), ("zos", True)):
        with server.serve(persona=persona) as srv, srv.connect() as c:  # type: ignore[arg-type]
            c.execute("CREATE TABLE T (K CHAR(3), V VARCHAR(3))")
            c.execute("INSERT INTO T VALUES ('é', 'é')")
            c.commit()
            assert c.execute("SELECT K, V FROM T WHERE K = 'é'").fetchall() == [("é  " if fits else "é ", "é")]
            if fits:
                c.execute("INSERT INTO T VALUES ('ééé', 'ééé')")
                assert c.execute("SELECT K FROM T WHERE V = 'ééé '").fetchall() == [("ééé",)]
            else:
                with pytest.raises(drdarrow.DataError, match="K: 6 do not fit into 3"):
                    c.execute("INSERT INTO T VALUES ('ééé', NULL)")


def test_blanks_make_no_other_key(conn: drdarrow.Connection) -> None:
    conn.execute("CREATE TABLE P (K CHAR(5) NOT NULL PRIMARY KEY, V VARCHAR(9) NOT NULL UNIQUE)")
    conn.execute("INSERT INTO P VALUES ('a', 'v')")
    for row in (("a  ", "w"), ("b", "v  ")):
        with pytest.raises(drdarrow.IntegrityError) as e:
            conn.execute("INSERT INTO P VALUES (?, ?)", row)
        assert e.value.sqlstate == "23505"
    conn.execute("CREATE TABLE Q (V VARCHAR(9), N INTEGER)")
    conn.execute("INSERT INTO Q VALUES ('v', 1)")
    conn.execute("CREATE UNIQUE INDEX QI ON Q (V)")
    with pytest.raises(drdarrow.IntegrityError):
        conn.execute("INSERT INTO Q VALUES ('v ', 2)")
    assert conn.execute("SELECT COUNT(*) FROM P, Q").fetchall() == [(1,)]


def test_views_and_checks_compare_as_statements_do(srv: server.Server, conn: drdarrow.Connection) -> None:
    fill(conn)
    conn.execute("CREATE VIEW W AS SELECT N FROM T WHERE V = 'x'")
    conn.execute("CREATE TABLE C (K CHAR(3) CHECK (K IN ('a', 'b')))")
    conn.execute("INSERT INTO C VALUES ('a')")
    with pytest.raises(drdarrow.IntegrityError):
        conn.execute("INSERT INTO C VALUES ('c')")
    with srv.connect() as other:
        assert other.execute("SELECT N FROM W ORDER BY N").fetchall() == [(2,), (3,)]


def test_bytes_are_filled_with_the_blank_of_the_product_and_found_again(
    srv: server.Server, conn: drdarrow.Connection
) -> None:
    blank = b"\x40" if srv.persona in ("ibmi", "zos") else b"\x20"
    conn.execute("CREATE TABLE B (K CHAR(8) FOR BIT DATA, V VARCHAR(8) FOR BIT DATA, N INTEGER)")
    conn.execute("INSERT INTO B VALUES (X'010203', X'010203', 1), (?, ?, 2)", (b"\x01", b"\x01"))
    assert conn.execute("SELECT K, V FROM B ORDER BY N").fetchall() == [
        (b"\x01\x02\x03" + 5 * blank, b"\x01\x02\x03"),
        (b"\x01" + 7 * blank, b"\x01"),
    ]
    for value in (b"\x01\x02\x03", b"\x01\x02\x03" + blank, b"\x01\x02\x03" + 5 * blank):
        for sql in (
            "SELECT N FROM B WHERE K = ?",
            f"SELECT N FROM B WHERE K = X'{value.hex()}'",
            "SELECT N FROM B WHERE V = ?",
        ):
            assert conn.execute(sql, (value,) if "?" in sql else None).fetchall() == [(1,)], (sql, value)
    with pytest.raises(drdarrow.DataError, match="K: 9 do not fit into 8"):
        conn.execute("INSERT INTO B VALUES (?, NULL, 3)", (b"123456789",))


def test_declared_columns_of_served_tables_are_as_long_as_they_say() -> None:
    field = pa.field("K", pa.string(), metadata={"drda:type": "CHAR", "drda:length": "5"})
    table = pa.table(
        [pa.array(["ab", "c    ", None]), pa.array(["x", "x ", "y"])], schema=pa.schema([field, ("V", pa.string())])
    )
    with server.serve(tables={"T": table}) as srv, srv.connect() as c:
        assert c.execute("SELECT K, LENGTH(K) FROM T WHERE K = 'ab'").fetchall() == [("ab   ", 5)]
        assert c.execute("SELECT COUNT(*) FROM T WHERE V = 'x'").fetchall() == [(2,)]
    with pytest.raises(drdarrow.InterfaceError, match="do not fit"):
        server.serve(tables={"T": pa.table([pa.array(["abcdef"])], schema=pa.schema([field]))})


def test_a_table_of_the_users_own_stays_as_it_is() -> None:
    own = duckdb.connect()
    own.execute("CREATE TABLE T (V VARCHAR, I INTEGER, D DATE, U UUID, L INTEGER[], E ENUM('b', 'a'))")
    own.execute("INSERT INTO T VALUES ('a ', 1, '2024-01-01', '00000000-0000-0000-0000-000000000001', [1], 'a')")
    with server.serve(own) as srv, srv.connect() as c:
        for where in ("V = 'a'", "I = 1", "D = '2024-01-01'", "U = '00000000-0000-0000-0000-000000000001'", "E = 'a '"):
            assert c.execute(f"SELECT V FROM T WHERE {where}").fetchall() == [("a ",)], where
        assert c.execute("SELECT D, COUNT(*) FROM T GROUP BY D").fetchall()[0][1] == 1
        c.execute("INSERT INTO T (V) VALUES ('as it is   ')")
        assert c.execute("SELECT V FROM T WHERE I IS NULL").fetchall() == [("as it is   ",)]


def test_long_and_deep_statements_stay_fast() -> None:
    texts = ",".join(f"'{n}'" for n in range(32_768))
    with server.serve() as srv, srv.connect(statement_timeout=60) as c:
        c.execute("CREATE TABLE T (K CHAR(5), N INTEGER)")
        c.execute("INSERT INTO T VALUES ('32767', 1)")
        assert c.execute(f"SELECT N FROM T WHERE K IN ({texts})").fetchall() == [(1,)]
        ors = " OR ".join(f"K = 'x{n}'" for n in range(500))
        assert c.execute(f"SELECT N FROM T WHERE {ors} OR K = '32767 '").fetchall() == [(1,)]
        nested = "(" * 200 + "K = '32767 '" + ")" * 200
        assert c.execute(f"SELECT N FROM T WHERE {nested}").fetchall() == [(1,)]


@pytest.mark.parametrize("value", ["abcdef", "äöüä"])
def test_a_parameter_that_is_too_long_leaves_the_transaction_alone(value: str) -> None:
    """It is told before DuckDB runs anything, whose errors end a transaction."""
    with server.serve(duckdb.connect()) as srv, srv.connect() as connection:
        connection.execute("CREATE TABLE T (A INTEGER, K CHAR(5), V VARCHAR(5))")
        connection.commit()
        connection.execute("INSERT INTO T VALUES (?, ?, ?)", (1, "ab", "abcde   "))
        for sql, row in [
            ("INSERT INTO T VALUES (?, ?, ?)", (2, value, "x")),
            ("INSERT INTO T VALUES (?, ?, ?)", (2, "x", value)),
            ("UPDATE T SET V = ? WHERE A = ?", (value, 1)),
        ]:
            with pytest.raises(drdarrow.DataError) as caught:
                connection.execute(sql, row)
            assert (caught.value.sqlcode, caught.value.sqlstate) == (-433, "22001")
        connection.execute("INSERT INTO T VALUES (?, ?, ?)", (3, None, "7"))
        connection.commit()
        assert connection.execute("SELECT * FROM T ORDER BY A").fetchall() == [(1, "ab   ", "abcde"), (3, None, "7")]


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ("SELECT K, SUM(N) FROM R GROUP BY ROLLUP(K)", {("a", 3), ("b ", 3), (None, 6)}),
        ("SELECT K, J, SUM(N) FROM R GROUP BY CUBE(K, J)", {
            ("a", "x", 3), ("b ", "y", 3), ("a", None, 3), ("b ", None, 3), (None, "x", 3), (None, "y", 3), (None, None, 6),
        }),
        ("SELECT R.K AS X, N, COUNT(*) FROM R GROUP BY GROUPING SETS ((R.K), (N), ())", {
            ("a", None, 2), ("b ", None, 1), (None, 1, 1), (None, 2, 1), (None, 3, 1), (None, None, 3),
        }),
        ("SELECT GROUPING(K), COALESCE(K, 'all'), SUM(N) FROM R GROUP BY ROLLUP(K) HAVING K = 'a' OR GROUPING(K) = 1", {
            (0, "a", 3), (1, "all", 6),
        }),
        ("SELECT UPPER(K), SUM(N) FROM R GROUP BY ROLLUP(UPPER(K))", {("A", 3), ("B", 3), (None, 6)}),
        ("SELECT K, SUM(N) FROM R GROUP BY (K)", {("a", 3), ("b ", 3)}),
        ("SELECT K, J, SUM(N) FROM R GROUP BY (K, J)", {("a", "x", 3), ("b ", "y", 3)}),
        ("SELECT N, SUM(N) FROM R GROUP BY ROLLUP(N)", {(1, 1), (2, 2), (3, 3), (None, 6)}),
    ],
)  # fmt: skip
def test_blanks_at_the_end_make_no_group_of_their_own(query: str, rows: set[tuple[object, ...]]):
    with server.serve(duckdb.connect(), persona="luw") as running, running.connect(autocommit=True) as connection:
        connection.execute("CREATE TABLE R (K VARCHAR(5), J VARCHAR(5), N INTEGER)")
        connection.execute("INSERT INTO R VALUES ('a', 'x', 1), ('a ', 'x ', 2), ('b ', 'y', 3)")
        found = connection.execute(query).fetchall()
        # One of the values of a group stands for it.
        shown = [tuple("a" if v == "a " else "x" if v == "x " else v for v in row) for row in found]
        assert (len(shown), set(shown)) == (len(rows), rows)
