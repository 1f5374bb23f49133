"""Every type and shape that DuckDB or Arrow has and Db2 has not, or not so: served right, or an SQLCODE that says where,
on a connection that goes on. Nothing is cut, rounded or made NULL."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import duckdb
import pyarrow as pa
import pytest

import drdarrow
from drdarrow import server

PERSONAS = ("luw", "ibmi", "zos", "derby")
SECOND = 1_000_000_000


class Told:
    """The statement or the row is refused: SQLSTATE and a part of the text."""

    def __init__(self, sqlstate: str, part: str) -> None:
        self.sqlstate = sqlstate
        self.part = part


OUT_OF_RANGE = Told("22003", "row 2, column 2: a DATE before 0001-01-01 or after 9999-12-31 is out of range")
FRACTION = Told("22003", "row 2, column 2: the fraction of a second cannot be held exactly")
NO_TYPE = Told("56084", "C ")

#: Type in DuckDB, value, and what a client gets.
MATRIX: list[tuple[str, str, Any]] = [
    ("TIME", "TIME '01:02:03'", datetime.time(1, 2, 3)),
    ("TIME", "TIME '01:02:03.5'", FRACTION),
    ("TIME", "TIME '01:02:03.000001'", FRACTION),
    ("TIME", "TIME '24:00:00'", Told("22003", "row 2, column 2: a time of day is out of range")),
    ("TIMETZ", "TIMETZ '01:02:03+01'", NO_TYPE),
    ("TIME_NS", "CAST('01:02:03.123456789' AS TIME_NS)", NO_TYPE),
    ("TIMESTAMP_MS", "TIMESTAMP_MS '2024-01-01 00:00:00.123'", datetime.datetime(2024, 1, 1, microsecond=123_000)),
    ("TIMESTAMP_S", "TIMESTAMP_S '2024-01-01 00:00:01'", datetime.datetime(2024, 1, 1, 0, 0, 1)),
    ("TIMESTAMP", "TIMESTAMP '9999-12-31 23:59:59.999999'", datetime.datetime(9999, 12, 31, 23, 59, 59, 999_999)),
    ("TIMESTAMP", "CAST('infinity' AS TIMESTAMP)", OUT_OF_RANGE),
    ("TIMESTAMP", "CAST('-infinity' AS TIMESTAMP)", OUT_OF_RANGE),
    ("TIMESTAMP", "TIMESTAMP '0044-03-15 (BC) 00:00:00'", OUT_OF_RANGE),
    ("TIMESTAMP", "TIMESTAMP '12024-01-01 00:00:00'", OUT_OF_RANGE),
    ("TIMESTAMPTZ", "TIMESTAMPTZ '2024-01-01 00:00:00+01'", datetime.datetime(2023, 12, 31, 23)),
    ("TIMESTAMPTZ", "CAST('infinity' AS TIMESTAMPTZ)", OUT_OF_RANGE),
    ("TIMESTAMPTZ", "CAST('-infinity' AS TIMESTAMPTZ)", OUT_OF_RANGE),
    ("DATE", "DATE '0001-01-01'", datetime.date(1, 1, 1)),
    ("DATE", "DATE '9999-12-31'", datetime.date(9999, 12, 31)),
    ("DATE", "CAST('infinity' AS DATE)", OUT_OF_RANGE),
    ("DATE", "CAST('-infinity' AS DATE)", OUT_OF_RANGE),
    ("DATE", "DATE '0044-03-15 (BC)'", OUT_OF_RANGE),
    ("DATE", "DATE '12024-01-01'", OUT_OF_RANGE),
    ("INTERVAL", "INTERVAL 3 DAY", NO_TYPE),
    ("BIGNUM", "CAST(1 AS BIGNUM)", NO_TYPE),
    ("UBIGINT", "18446744073709551615", Decimal(18446744073709551615)),
    ("HUGEINT", "CAST(9999999999999999999999999999999 AS HUGEINT)", Decimal(9999999999999999999999999999999)),
    ("HUGEINT", "CAST(10000000000000000000000000000000 AS HUGEINT)", Told("22003", "row 2, column 2: 1000000000")),
    ("UHUGEINT", "CAST(1 AS UHUGEINT)", Decimal(1)),
    ("DECIMAL(38,2)", "1.5", Decimal("1.50")),
    ("DECIMAL(38,2)", "123456789012345678901234567890123456.78", Told("22003", "row 2, column 2: 123456789")),
    ("DECIMAL(31,31)", "0.5", Decimal("0.5")),
    ("DECIMAL(38,38)", "CAST('0.12345678901234567890123456789012345678' AS DECIMAL(38,38))", Told("22", "")),
    ("DOUBLE", "1.7976931348623157e308", 1.7976931348623157e308),
    ("DOUBLE", "-5e-324", -5e-324),
    ("FLOAT", "CAST(3.4028235e38 AS FLOAT)", 3.4028234663852886e38),
    ("UUID", "CAST('00000000-0000-0000-0000-000000000001' AS UUID)", "00000000-0000-0000-0000-000000000001"),
    ("INTEGER[]", "[1, 2]", "[1,2]"),
    ("INTEGER[2]", "[1, 2]", "[1,2]"),
    ("STRUCT(a INTEGER)", "{'a': 1}", '{"a":1}'),
    ("MAP(VARCHAR, INTEGER)", "MAP {'a': 1}", '{"a":1}'),
    ("UNION(a INTEGER)", "1", '{"a":1}'),
    ("ENUM('a', 'bb')", "'bb'", "bb"),
    ("BIT", "CAST('0101' AS BIT)", "0101"),
    ("JSON", "'{\"a\": 1}'", '{"a": 1}'),
    ("VARCHAR", "''", ""),
    ("VARCHAR", "repeat('x', 32672)", "x" * 32_672),
    ("VARCHAR", "repeat('x', 32673)", Told("22001", "row 2, column 2: 32673 bytes do not fit into 32672")),
    ("BLOB", "CAST('' AS BLOB)", b""),
    ("BLOB", "CAST(repeat('x', 32673) AS BLOB)", Told("22001", "row 2, column 2: 32673 bytes do not fit into 32672")),
]


@pytest.fixture(scope="module", params=PERSONAS)
def srv(request: pytest.FixtureRequest) -> Iterator[server.Server]:
    own = duckdb.connect()
    for n, (kind, value, _) in enumerate(MATRIX):
        own.execute(f"CREATE TABLE T{n} (A INTEGER, C {kind})")
        own.execute(f"INSERT INTO T{n} VALUES (1, NULL), (2, {value})")
    with server.serve(own, persona=request.param) as running:
        yield running


@pytest.fixture(scope="module")
def conn(srv: server.Server) -> Iterator[drdarrow.Connection]:
    with srv.connect(autocommit=True) as connection:
        yield connection


@pytest.mark.parametrize("n", range(len(MATRIX)), ids=[f"{kind} {value}"[:60] for kind, value, _ in MATRIX])
def test_a_value_is_served_right_or_told(srv: server.Server, conn: drdarrow.Connection, n: int) -> None:
    expected = MATRIX[n][2]
    if srv.persona == "zos" and isinstance(expected, float) and not 1e-70 < abs(expected) < 1e70:
        expected = Told("22003", "row 2, column 2: a float beyond the hexadecimal form")
    ask = f"SELECT A, C FROM T{n} ORDER BY A"
    if isinstance(expected, Told):
        with pytest.raises(drdarrow.Error) as e:
            conn.execute(ask).fetchall()
        assert e.value.sqlcode is not None and e.value.connection_usable
        assert (e.value.sqlstate or "").startswith(expected.sqlstate)
        # IBM's products have 70 bytes for it.
        assert expected.part[:55] in str(e.value)
        assert conn.execute("VALUES 1").fetchall() == [(1,)]
    else:
        assert conn.execute(ask).fetchall() == [(1, None), (2, expected)]


@pytest.mark.parametrize("persona", PERSONAS)
@pytest.mark.parametrize("engine", ["duckdb", "tables"])
def test_a_time_is_never_cut(persona: Any, engine: Any) -> None:
    units = {"us": 1_000_000, "ns": SECOND}
    tables = {
        f"T_{unit}": pa.table({"C": pa.array([3600 * a_second, 1], pa.time64(unit))}) for unit, a_second in units.items()
    }
    if engine == "duckdb":
        del tables["T_ns"]
    with server.serve(tables=tables, engine=engine, persona=persona) as srv, srv.connect() as c:
        for name in tables:
            with pytest.raises(drdarrow.DataError, match="row 2, column 1: the fraction of a second") as e:
                c.execute(f"SELECT C FROM {name}").fetchall()
            assert e.value.connection_usable
        # The engine in memory takes no TIME into a column of another unit, and says so.
        for exact in (datetime.time(1, 2, 3), datetime.time(1, 2, 3, 4)):
            try:
                c.execute("INSERT INTO T_us VALUES (?)", (exact,))
            except drdarrow.Error as e:
                assert e.connection_usable and (exact.microsecond or engine == "tables")
            else:
                assert not exact.microsecond
        assert c.execute("SELECT COUNT(*) FROM T_us").fetchone() == (3 if engine == "duckdb" else 2,)


def test_columns_of_odd_names_and_many_of_them(conn: drdarrow.Connection) -> None:
    twice = conn.execute("SELECT 1 AS A, 2 AS A FROM SYSIBM.SYSDUMMY1")
    assert twice.fetchall() == [(1, 2)]
    long = "N" * 200
    assert conn.execute(f"SELECT 1 AS {long} FROM SYSIBM.SYSDUMMY1").description[0][0] == long  # type: ignore[index]
    for count in (1_012, 1_013, 5_000):
        columns = ", ".join(f"{n} AS C{n}" for n in range(count))
        assert conn.execute(f"SELECT {columns} FROM SYSIBM.SYSDUMMY1").fetchall() == [tuple(range(count))]
    with pytest.raises(drdarrow.Error) as e:
        conn.execute('SELECT 1 AS "" FROM SYSIBM.SYSDUMMY1')
    assert e.value.sqlcode is not None and e.value.connection_usable


@pytest.mark.parametrize("persona", PERSONAS)
def test_odd_names_in_the_engine_in_memory(persona: Any) -> None:
    odd = pa.table([[1], [2], [3], [4]], names=["A", "A", "", "N" * 200])
    huge = pa.table([[1]], names=["N" * 70_000])
    with server.serve(tables={"T": odd, "H": huge}, engine="tables", persona=persona) as srv, srv.connect() as c:
        rows = c.execute("SELECT * FROM T")
        assert [column[0] for column in rows.description or ()] in (["A", "A", "", "N" * 200], ["A", "A", "3", "N" * 200])
        assert rows.fetchall() == [(1, 2, 3, 4)]
        with pytest.raises(drdarrow.Error, match="70000") as e:
            c.execute("SELECT * FROM H")
        assert e.value.connection_usable
        assert c.execute("VALUES 1").fetchall() == [(1,)]


def test_what_is_declared_is_remembered_through_changes_of_the_table() -> None:
    with server.serve() as srv, srv.connect(autocommit=True) as c:
        c.execute("CREATE TABLE T (K CHAR(3))")
        c.execute("ALTER TABLE T ADD COLUMN V CHAR(4)")
        c.execute("ALTER TABLE T ADD COLUMN W VARCHAR(2)")
        c.execute("ALTER TABLE T RENAME COLUMN V TO X")
        c.execute("INSERT INTO T VALUES ('a', 'b', 'c')")
        assert c.execute("SELECT * FROM T WHERE X = 'b' AND K = 'a'").fetchall() == [("a  ", "b   ", "c")]
        with pytest.raises(drdarrow.DataError, match="W: 3 do not fit into 2"):
            c.execute("INSERT INTO T VALUES ('a', 'b', 'ccc')")
        c.execute("ALTER TABLE T DROP COLUMN K")
        c.execute("INSERT INTO T VALUES ('d', 'e')")
        assert c.execute("SELECT * FROM T WHERE X = 'd'").fetchall() == [("d   ", "e")]
        c.execute("DROP TABLE T")
        c.execute("CREATE TABLE T AS (SELECT 'abcdefgh' AS X FROM SYSIBM.SYSDUMMY1) WITH DATA")
        assert c.execute("SELECT X FROM T").fetchall() == [("abcdefgh",)]
        c.execute("INSERT INTO T VALUES ('longer than it was declared before')")


def test_what_is_declared_goes_with_a_rollback() -> None:
    with server.serve() as srv, srv.connect() as c:
        c.execute("CREATE TABLE T (K CHAR(3))")
        c.commit()
        c.execute("DROP TABLE T")
        c.execute("CREATE TABLE T (K VARCHAR(30))")
        c.rollback()
        c.execute("INSERT INTO T VALUES ('a')")
        assert c.execute("SELECT K FROM T").fetchall() == [("a  ",)]
