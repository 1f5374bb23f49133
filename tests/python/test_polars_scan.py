"""Lazy frames of Polars: what goes to the server, and that a frame is the same as one filtered by Polars alone."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator
from decimal import Decimal

import duckdb
import polars as pl
import psutil
import pyarrow as pa
import pytest
from conftest import Lab
from peers import wait_for
from polars.testing import assert_frame_equal

import drdarrow
import drdarrow.duckdb
import drdarrow.polars
from drdarrow import server
from drdarrow.tables import is_query, nests

D = Decimal
COLUMNS = "I INTEGER, S SMALLINT, B BIGINT, N DECIMAL(9,2), F DOUBLE, R REAL, C CHAR(5), V VARCHAR(8), D DATE, T TIMESTAMP, H TIME"
ROWS = [
    (1, 1, 10, D("1.50"), 1.5, 0.1, "a", "a", dt.date(2020, 1, 1), dt.datetime(2020, 1, 1), dt.time(1, 2)),
    (
        2,
        2,
        2**40,
        D("-1.50"),
        -2.5,
        0.5,
        "ab",
        "ab",
        dt.date(2020, 1, 2),
        dt.datetime(2020, 1, 1, 23, 59, 59, 999999),
        dt.time(0),
    ),
    (
        3,
        3,
        2**53 + 1,
        D("9999999.99"),
        1e70,
        -0.25,
        "A",
        "A",
        dt.date(1, 1, 1),
        dt.datetime(2020, 1, 2),
        dt.time(23, 59, 59),
    ),
    (4, -4, -(2**62), D("0.00"), 0.0, 0.0, "b", " ", dt.date(9999, 12, 31), dt.datetime(2020, 1, 2, 0, 0, 0, 1), None),
    (5, None, None, None, None, None, None, None, None, None, None),
    (None, 6, 6, D("6.00"), 6.0, 6.0, "ä", "ä", dt.date(2020, 1, 1), dt.datetime(1999, 12, 31, 12), dt.time(12)),
]

c = pl.col
FILTERS = [
    c("I") > 2,
    2 < c("I"),
    c("I") != 2,
    ~(c("I") >= 2),
    c("I") > 2.5,
    c("I") > 5_000_000_000,
    c("I").is_in([1, 3, 7]),
    ~c("I").is_in([1, 3]),
    c("I").is_in([1, None]),
    c("I").is_in([1, None], nulls_equal=True),
    c("I").is_null(),
    c("I").is_not_null(),
    c("I").is_between(2, 3),
    c("I").is_between(2, 4, closed="none"),
    (c("I") > 1) & (c("V") == "A"),
    (c("I") > 3) | (c("V") == "a"),
    (c("I") > 3) | (c("V").str.len_chars() == 2),
    ~((c("I") > 3) | (c("N") < 1)),
    c("I") == c("S"),
    c("I") + 1 > 3,
    c("B") == 2**53 + 1,
    c("N") == D("1.5"),
    c("N") > D("1.499"),
    c("N") > 1,
    c("N") > 1.25,
    c("N").is_in([D("1.50"), D("0")]),
    c("F") > 1,
    c("F") != 1.5,
    c("R") == 0.1,
    c("R") > 0.1,
    c("R") == 0.5,
    c("C") == "a",
    c("C") == "a    ",
    c("V") == "a",
    c("V") != "a",
    c("V") > "a",
    c("V") == "",
    c("V") == " ",
    c("V") == "ä",
    c("V") == "日本",
    c("V") == "much longer than the column",
    c("V").is_in(["a", "ä", "x"]),
    c("V").str.starts_with("a"),
    c("D") == dt.date(2020, 1, 1),
    c("D") >= dt.date(9999, 12, 31),
    c("D") > dt.datetime(2020, 1, 1, 12),
    c("T") == dt.datetime(2020, 1, 2),
    c("T") < dt.datetime(2020, 1, 2),
    c("T") <= dt.datetime(2020, 1, 2),
    c("T") > dt.datetime(2020, 1, 2),
    c("T") >= dt.datetime(2020, 1, 2),
    c("T") != dt.datetime(2020, 1, 2),
    c("T") != dt.datetime(1999, 12, 31, 12),
    c("T") == dt.datetime(2020, 1, 1, 23, 59, 59, 999999),
    c("T").is_between(dt.datetime(2020, 1, 1), dt.datetime(2020, 1, 2), closed="left"),
    c("T").dt.year() == 2020,
    c("H") == dt.time(1, 2),
    pl.lit(True),
    c("R") < 1e300,
    c("F") < float("inf"),
    c("F") == float("nan"),
    c("F").is_in([1.5, float("nan")]),
    c("F") > pl.lit(0.1, dtype=pl.Float32),
    c("N") < D("99999999999999999999999999999999999.123"),
    c("V") == "a\\~",
]


def filled(connection: drdarrow.Connection) -> None:
    connection.execute(f"CREATE TABLE SCANNED ({COLUMNS})")
    connection.cursor().executemany(f"INSERT INTO SCANNED VALUES ({', '.join('?' * 11)})", ROWS)
    connection.commit()


@pytest.fixture(scope="module", params=["luw", "ibmi", "zos", "Derby"])
def connection(request: pytest.FixtureRequest) -> Iterator[drdarrow.Connection]:
    if request.param == "Derby":
        lab = request.getfixturevalue("lab")
        with lab.connect() as connection:
            filled(connection)
            yield connection
            connection.execute("DROP TABLE SCANNED")
            connection.commit()
        return
    with (
        server.serve(duckdb.connect(), persona=request.param, ccsid=273 if request.param == "ibmi" else None) as srv,
        srv.connect() as connection,
    ):
        filled(connection)
        yield connection


@pytest.mark.parametrize("number", range(len(FILTERS)))
def test_a_filtered_frame_is_the_same_as_with_polars_alone(connection: drdarrow.Connection, number: int) -> None:
    scanned = drdarrow.polars.scan(connection, "SCANNED")
    whole = connection.execute("SELECT * FROM SCANNED").fetch_polars()
    found = scanned.filter(FILTERS[number])
    assert_frame_equal(found.collect(), whole.filter(FILTERS[number]), check_row_order=False)
    assert_frame_equal(
        found.select("V", "N").collect(), whole.filter(FILTERS[number]).select("V", "N"), check_row_order=False
    )
    assert_frame_equal(found.collect(engine="streaming"), whole.filter(FILTERS[number]), check_row_order=False)


def still_open(srv: server.Server) -> int:
    """Connections of this process to a server."""
    return sum(bool(one.raddr) and one.raddr.port == srv.port for one in psutil.Process().net_connections())


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, tuple]]:
    """Statements of scans, with their values."""
    seen = []
    execute = drdarrow.polars._Scan._ask

    def told(self, cursor, query, values) -> None:
        seen.append((query, values))
        execute(self, cursor, query, values)

    monkeypatch.setattr(drdarrow.polars._Scan, "_ask", told)
    return seen


@pytest.fixture(scope="module")
def luw() -> Iterator[drdarrow.Connection]:
    with server.serve(duckdb.connect(), persona="luw") as srv, srv.connect() as connection:
        filled(connection)
        yield connection


def test_columns_conditions_and_limits_are_sent(luw: drdarrow.Connection, asked: list) -> None:
    scanned = drdarrow.polars.scan(luw, "scanned")
    scanned.filter((c("I") > 2) & (c("C") == "A")).select("V").collect()
    ((query, values),) = asked
    assert sorted(query.split(" FROM ")[0].removeprefix("SELECT ").split(", ")) == ['"C"', '"I"', '"V"']
    assert query.endswith(' FROM "SCANNED" WHERE (("C" = ?) AND ("I" > ?))') and values == ("A", 2)
    asked.clear()
    assert scanned.select("V").head(2).collect().height == 2
    assert asked == [('SELECT "V" FROM "SCANNED" FETCH FIRST 2 ROWS ONLY', ())]
    assert scanned.head(0).collect().height == 0
    assert scanned.select(pl.len()).collect().item() == 6


def test_a_query_is_a_table_where_nothing_of_it_gets_lost(luw: drdarrow.Connection, asked: list) -> None:
    plain = drdarrow.polars.scan(luw, "SELECT I, V AS X FROM SCANNED WHERE I < ? -- all", (5,))
    assert plain.filter(c("I") > 2).select("X").collect().to_dicts() == [{"X": "A"}, {"X": " "}]
    assert "FROM (SELECT" in asked[-1][0] and asked[-1][1] == (5, 2)
    for query in (
        "SELECT I FROM SCANNED ORDER BY I DESC",
        "SELECT I FROM SCANNED ORDER BY I DESC FETCH FIRST 3 ROWS ONLY",
        "WITH W AS (SELECT I FROM SCANNED) SELECT I FROM W ORDER BY I DESC",
        "SELECT I FROM SCANNED ORDER BY I DESC FOR READ ONLY",
    ):
        frame = drdarrow.polars.scan(luw, query)
        assert frame.filter(c("I") < 5).collect()["I"].to_list() in ([4, 3, 2, 1], [4])
        assert asked[-1] == (query, ())
    unnamed = drdarrow.polars.scan(luw, "SELECT I, I + 1 FROM SCANNED WHERE I = 1")
    assert unnamed.filter(c("2") == 2).collect().rows() == [(1, 2)]


def test_each_float_is_found_by_its_own_value() -> None:
    pick = random.Random(5)
    values = [pick.uniform(-1, 1) * 10.0 ** pick.randint(-200, 200) for _ in range(40)]
    with server.serve(tables={"FLOATS": pa.table({"F": values})}) as srv, srv.connect() as connection:
        scanned = drdarrow.polars.scan(connection, "FLOATS")
        for value in values:
            assert scanned.filter(c("F") == value).collect()["F"].to_list() == [value]
            assert scanned.filter(c("F") == pl.lit(value, dtype=pl.Float64)).collect()["F"].to_list() == [value]


def test_a_frame_without_a_column_keeps_the_number_of_its_rows(luw: drdarrow.Connection) -> None:
    scanned = drdarrow.polars.scan(luw, "SCANNED")
    for engine in ("in-memory", "streaming"):
        assert scanned.with_row_index().select("index").collect(engine=engine).height == 6
        assert scanned.head(4).with_row_index().select("index").collect(engine=engine).height == 4
        assert scanned.filter(c("I") > 3).with_row_index().select("index").collect(engine=engine).height == 2


def test_text_that_is_read_in_another_page_is_compared_here(asked: list) -> None:
    with (
        server.serve(duckdb.connect(), persona="ibmi", ccsid=37) as srv,
        srv.connect(force_ccsid={"V": 273}) as connection,
    ):
        connection.execute("CREATE TABLE FORCED (V VARCHAR(8), U VARCHAR(8))")
        connection.execute("INSERT INTO FORCED VALUES ('a|', 'a|')")
        connection.commit()
        scanned = drdarrow.polars.scan(connection, "FORCED")
        assert scanned.filter((c("V") == "a!") & (c("U") == "a|")).collect().rows() == [("a!", "a|")]
        assert asked[-1][1] == ("a|",)


def test_text_is_compared_with_its_blanks(luw: drdarrow.Connection, asked: list) -> None:
    """Where servers compare without padding, 'a' is not 'a    '."""
    scanned = drdarrow.polars.scan(luw, "SCANNED")
    assert scanned.filter(c("C") == "a    ").collect().height == 1
    assert asked[-1][1] == ("a    ",)


def test_long_text_is_not_compared_by_a_server(lab: Lab) -> None:
    with lab.connect() as connection:
        connection.execute("CREATE TABLE LONGER (V LONG VARCHAR)")
        connection.execute("INSERT INTO LONGER VALUES ('a'), ('b')")
        assert drdarrow.polars.scan(connection, "LONGER").filter(c("V") == "a").collect().height == 1
        connection.rollback()


@pytest.mark.parametrize("before", ["-- all\n", " /* a * / ' */ -- b\n", "/*a*//*b*/"])
def test_a_query_may_begin_with_comments(luw: drdarrow.Connection, before: str) -> None:
    assert drdarrow.polars.scan(luw, f"{before}SELECT I FROM SCANNED").filter(c("I") == 1).collect().height == 1


@pytest.mark.parametrize(
    ("text", "query", "whole"),
    [
        ("/* a /* b */ SELECT */ T", False, True),
        ("/* a /* b */ c */ SELECT A FROM T", True, True),
        ("SELECT A FROM T /* /* x */ ORDER BY 1 */", True, True),
        ("SELECT A FROM T /* x */ ORDER BY 1", True, False),
        ("SELECT A -- /*\n FROM T ORDER BY 1", True, False),
        ("SELECT A /* -- */ FROM T ORDER BY 1", True, False),
        ("SELECT '/*', \"/*\" FROM T FETCH FIRST ROW ONLY", True, False),
        ("SELECT '*/ ORDER' FROM T", True, True),
        ("/* open SELECT", False, True),
    ],
)
def test_comments_in_brackets_nest(text: str, query: bool, whole: bool) -> None:
    assert (is_query(text), nests(text)) == (query, whole)


def test_errors_name_the_cause(luw: drdarrow.Connection) -> None:
    with pytest.raises(drdarrow.ProgrammingError, match="NONE"):
        drdarrow.polars.scan(luw, "NONE")
    with pytest.raises(drdarrow.InterfaceError, match="same name"):
        drdarrow.polars.scan(luw, "SELECT I, S AS I FROM SCANNED")
    with pytest.raises(drdarrow.InterfaceError, match="settings belong to a URI"):
        drdarrow.polars.scan(luw, "SCANNED", timeout=3)
    with pytest.raises(drdarrow.ProgrammingError, match="not the name of a table"):
        drdarrow.polars.scan(luw, 'A."B')


def test_a_frame_of_a_uri_connects_for_each_reading_and_leaves_nothing_open() -> None:
    with server.serve(duckdb.connect(), persona="luw") as srv:
        with srv.connect() as connection:
            filled(connection)
        frame = drdarrow.polars.scan(srv.uri, "SCANNED", application_name="scan")
        assert frame.filter(c("I") > 3).collect().height == frame.filter(c("I") > 3).collect().height == 2
        assert frame.head(1).collect().height == 1
        assert wait_for(lambda: still_open(srv) == 0)


def test_a_view_of_duckdb_asks_anew(luw: drdarrow.Connection) -> None:
    local = duckdb.connect()
    drdarrow.duckdb.register(local, "seen", luw, "SELECT I, N FROM SCANNED WHERE I <= ?", (2,))
    assert local.sql("SELECT sum(i), sum(n) FROM seen").fetchall() == [(3, D("0.00"))]
    luw.execute("INSERT INTO SCANNED (I, N) VALUES (0, 1)")
    assert local.sql("SELECT count(*) FROM seen a JOIN seen b ON a.i = b.i").fetchall() == [(3,)]
    luw.rollback()
    assert local.sql("SELECT count(*) FROM seen").fetchall() == [(2,)]
    with pytest.raises(drdarrow.ProgrammingError, match="NONE"):
        drdarrow.duckdb.register(local, "none", luw, "NONE")


def test_a_view_of_duckdb_may_have_connections_of_its_own() -> None:
    local = duckdb.connect()
    with server.serve(duckdb.connect(), persona="luw") as srv:
        with srv.connect() as connection:
            filled(connection)
        drdarrow.duckdb.register(local, "seen", srv.uri, "SCANNED")
        assert local.sql("SELECT count(*), count(a.n) FROM seen a, seen b").fetchall() == [(36, 30)]
        assert wait_for(lambda: still_open(srv) == 0)


def test_a_view_of_duckdb_refuses_columns_of_other_types_than_it_has() -> None:
    local = duckdb.connect()
    with server.serve(duckdb.connect(), persona="luw") as srv, srv.connect() as connection:
        connection.execute("CREATE TABLE X (A INTEGER, B VARCHAR(20))")
        connection.commit()
        drdarrow.duckdb.register(local, "seen", srv.uri, "X")
        drdarrow.duckdb.register(local, "held", connection, "X")
        for columns in ("A BIGINT, B DATE", "A INTEGER", "B VARCHAR(20), A INTEGER"):
            connection.execute("DROP TABLE X")
            connection.execute(f"CREATE TABLE X ({columns})")
            connection.commit()
            with pytest.raises(duckdb.Error, match="register the view again"):
                local.sql("SELECT * FROM seen").fetchall()
        with pytest.raises(duckdb.Error):
            local.sql("SELECT * FROM held").fetchall()
        connection.execute("DROP TABLE X")
        connection.execute("CREATE TABLE X (A INTEGER NOT NULL, B VARCHAR(20))")
        connection.execute("INSERT INTO X VALUES (1, 'one')")
        connection.commit()
        assert local.sql("SELECT * FROM seen").fetchall() == [(1, "one")]


def test_a_view_of_duckdb_may_be_of_a_record_file() -> None:
    local = duckdb.connect()
    files = {"SHOP/ORDERS": pa.table({"ID": pa.array([1, 2], pa.int32())})}
    with server.serve(persona="ibmi", files=files) as srv, srv.connect_files() as system:
        drdarrow.duckdb.register(local, "orders", system, "SHOP/ORDERS")
        assert (
            local.sql("SELECT sum(id) FROM orders").fetchall()
            == local.sql("SELECT sum(id) FROM orders").fetchall()
            == [(3,)]
        )
