"""Parameters of every type, there and back."""

import datetime as dt
import math
from decimal import Decimal

import pytest

import drdarrow

D = Decimal
VALUES = [
    ("SMALLINT", [0, 1, -1, 32767, -32768]),
    ("INTEGER", [0, 123456, 2**31 - 1, -(2**31)]),
    ("BIGINT", [0, 2**63 - 1, -(2**63)]),
    ("REAL", [0.0, 1.5, -1.5, 3.4028234663852886e38]),
    ("DOUBLE", [0.0, 0.1, math.pi, -1.7976931348623157e308, 2.2250738585072014e-308, 5e-324]),
    (
        "DECIMAL(31,5)",
        [D("0.00000"), D("12345678901234567890123456.78901"), D("-99999999999999999999999999.99999"), D("0.00001")],
    ),
    ("DECIMAL(31,31)", [D("0.1234567890123456789012345678901"), D("-1E-31")]),
    ("DECIMAL(5,0)", [D("99999"), D("-99999")]),
    ("DECIMAL(18,4)", [D("12345678901234.5678")]),
    ("CHAR(10)", ["abcdefghij", "0123456789"]),
    (
        "VARCHAR(200)",
        [
            "",
            " ",
            "hello",
            "v" * 200,
            "caf\u00e9 \u20ac \u4e16\u754c \U0001f600",
            'it\'s "quoted" \\ ? :x %s',
            "a\0b",
            "\ufeffx",
        ],
    ),
    ("LONG VARCHAR", ["", "x" * 32000]),
    ("CHAR(8) FOR BIT DATA", [bytes(range(8)), b"\xff" * 8]),
    ("VARCHAR(300) FOR BIT DATA", [b"", b"\0", bytes(range(256))]),
    ("LONG VARCHAR FOR BIT DATA", [b"", b"\xa5" * 32000]),
    # Derby's own calendar has no 5 to 14 October 1582: it stores the 20th for the 10th.
    (
        "DATE",
        [dt.date(2024, 2, 29), dt.date(1, 1, 1), dt.date(9999, 12, 31), dt.date(1582, 10, 4), dt.date(1582, 10, 15)],
    ),
    ("TIME", [dt.time(0, 0), dt.time(23, 59, 59)]),
    (
        "TIMESTAMP",
        [
            dt.datetime(2024, 2, 29, 13, 45, 59, 123456),
            dt.datetime(1, 1, 1),
            dt.datetime(9999, 12, 31, 23, 59, 59, 999999),
        ],
    ),
    ("BOOLEAN", [True, False]),
    ("CLOB(1M)", ["", "a", "caf\u00e9 \U0001f600", "c" * 40_000]),
    ("BLOB(1M)", [b"", b"\0", bytes(range(256)) * 200]),
]


@pytest.mark.parametrize(("kind", "values"), VALUES, ids=[kind for kind, _ in VALUES])
def test_there_and_back(conn: drdarrow.Connection, table, kind: str, values: list) -> None:
    name = table(f"ID INTEGER, V {kind}")
    cursor = conn.cursor()
    sent = [*values, None]
    for number, value in enumerate(sent):
        cursor.execute(f"INSERT INTO {name} VALUES (?, ?)", (number, value))
        assert cursor.rowcount == 1
    got = [row[0] for row in cursor.execute(f"SELECT V FROM {name} ORDER BY ID").fetchall()]
    assert got == sent
    assert [type(value) for value in got] == [type(value) for value in sent]
    cursor.execute(f"DELETE FROM {name}")
    cursor.executemany(f"INSERT INTO {name} VALUES (?, ?)", list(enumerate(sent)))
    assert [row[0] for row in cursor.execute(f"SELECT V FROM {name} ORDER BY ID").fetchall()] == sent


@pytest.mark.parametrize(
    ("kind", "value", "stored"),
    [
        ("BIGINT", True, 1),
        ("DOUBLE", 3, 3.0),
        ("DECIMAL(9,2)", 7, D("7.00")),
        ("DECIMAL(9,2)", D("1.5"), D("1.50")),
        ("DECIMAL(9,2)", D("1E+3"), D("1000.00")),
        ("CHAR(10)", "abc", "abc       "),
        ("CHAR(4) FOR BIT DATA", b"\x01", b"\x01   "),
        ("VARCHAR(9) FOR BIT DATA", bytearray(b"ab"), b"ab"),
        ("VARCHAR(9) FOR BIT DATA", memoryview(b"ab"), b"ab"),
    ],
)
def test_neighbouring_kinds(cur: drdarrow.Cursor, table, kind: str, value: object, stored: object) -> None:
    name = table(f"V {kind}")
    cur.execute(f"INSERT INTO {name} VALUES (?)", (value,))
    assert cur.execute(f"SELECT V FROM {name}").fetchone() == (stored,)


def test_in_a_query(cur: drdarrow.Cursor) -> None:
    cur.execute("SELECT ID FROM INTS WHERE ID BETWEEN ? AND ? ORDER BY ID", (5, 7))
    assert cur.fetchall() == [(5,), (6,), (7,)]
    cur.execute(
        "SELECT ID FROM ALLTYPES WHERE C_VARCHAR = ? OR C_DATE = ? OR C_DEC5_0 = ? ORDER BY ID",
        ("hello", dt.date(9999, 12, 31), D(7)),
    )
    assert cur.fetchall() == [(1,), (4,), (7,)]
    table = cur.execute("SELECT ID, N FROM INTS WHERE ID > ?", [99_990]).fetch_arrow_table()
    assert table.num_rows == 10


def test_the_same_statement_with_other_values(cur: drdarrow.Cursor) -> None:
    for number in range(1, 50):
        assert cur.execute("SELECT ID FROM INTS WHERE ID = ?", (number,)).fetchall() == [(number,)]


def test_typed_by_cast(cur: drdarrow.Cursor) -> None:
    cur.execute(
        "VALUES (CAST(? AS INTEGER), CAST(? AS VARCHAR(10)), CAST(? AS TIMESTAMP))",
        (1, None, dt.datetime(2024, 1, 2, 3, 4, 5)),
    )
    assert cur.fetchone() == (1, None, dt.datetime(2024, 1, 2, 3, 4, 5))


@pytest.mark.parametrize("parameters", [None, (), [1], (1, 2, 3)])
def test_a_wrong_count(cur: drdarrow.Cursor, parameters) -> None:
    with pytest.raises(drdarrow.ProgrammingError) as caught:
        cur.execute("SELECT ID FROM INTS WHERE ID BETWEEN ? AND ?", parameters)
    assert caught.value.sqlstate in ("07000", "07001", "07002")
    assert f"the statement has 2 parameters, {len(parameters or ())} were given" in str(caught.value)
    assert caught.value.connection_usable
    assert cur.execute("VALUES 1").fetchone() == (1,)


def test_parameters_for_a_statement_without_any(cur: drdarrow.Cursor) -> None:
    with pytest.raises(drdarrow.ProgrammingError):
        cur.execute("VALUES 1", (1,))
    assert cur.execute("VALUES '?'").fetchone() == ("?",)
    assert cur.execute("VALUES '?'", ()).fetchone() == ("?",)


class NoNumber:
    """As an array of NumPy with several elements: it has the method of an integer, and it refuses."""

    def __index__(self) -> int:
        raise TypeError("not one number")


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("INTEGER", object()),
        ("INTEGER", NoNumber()),
        ("INTEGER", [1]),
        ("INTEGER", "12x"),
        ("INTEGER", b"1"),
        ("VARCHAR(9)", object()),
        ("VARCHAR(9)", {1: 2}),
        ("DATE", object()),
        ("DATE", "not a date"),
        ("VARCHAR(9) FOR BIT DATA", object()),
        ("DECIMAL(5,2)", "abc"),
        ("DECIMAL(5,2)", object()),
        ("TIMESTAMP", 1.5),
        ("VARCHAR(9)", "\ud800"),
    ],
)
def test_a_wrong_kind(conn: drdarrow.Connection, table, kind: str, value: object) -> None:
    name = table(f"ID INTEGER, V {kind}")
    cursor = conn.cursor()
    with pytest.raises((drdarrow.ProgrammingError, drdarrow.InterfaceError, drdarrow.DataError)) as caught:
        cursor.execute(f"INSERT INTO {name} VALUES (?, ?)", (1, value))
    assert str(caught.value).startswith("parameter 2")
    conn.rollback()
    assert conn.execute(f"SELECT COUNT(*) FROM {name}").fetchone() == (0,)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("SMALLINT", 32768),
        ("SMALLINT", -32769),
        ("INTEGER", 2**31),
        ("INTEGER", -(2**31) - 1),
        ("BIGINT", 2**63),
        ("BIGINT", 10**40),
        ("DECIMAL(5,2)", D("1000")),
        ("DECIMAL(5,2)", D("99999.99")),
        ("DECIMAL(5,2)", D("NaN")),
        ("DECIMAL(5,2)", D("Infinity")),
        ("DECIMAL(5,2)", D("1E+30")),
        ("DECIMAL(31,0)", D("1" * 32)),
        ("DECIMAL(5,2)", 1000),
        ("REAL", 1e39),
        ("REAL", math.nan),
        ("DOUBLE", math.nan),
        ("DOUBLE", math.inf),
        ("INTEGER", 1e10),
        ("INTEGER", math.nan),
    ],
    ids=str,
)
def test_a_number_out_of_range(conn: drdarrow.Connection, table, kind: str, value: object) -> None:
    """Never a number wrapped or cut. Derby itself takes no NaN and no infinity."""
    name = table(f"V {kind}")
    with pytest.raises(drdarrow.DataError) as caught:
        conn.cursor().execute(f"INSERT INTO {name} VALUES (?)", (value,))
    assert caught.value.sqlstate in ("22003", "22018")
    assert caught.value.connection_usable
    conn.rollback()
    assert conn.execute(f"SELECT COUNT(*) FROM {name}").fetchone() == (0,)


@pytest.mark.parametrize("value", [D("1.239"), D("0.001")])
def test_decimals_that_would_be_cut(conn: drdarrow.Connection, table, value: Decimal) -> None:
    """Derby drops digits beyond the scale without a word (measured: 1.239 into DECIMAL(5,2) is 1.23), so we say it."""
    name = table("V DECIMAL(5,2)")
    with pytest.raises(drdarrow.DataError):
        conn.cursor().execute(f"INSERT INTO {name} VALUES (?)", (value,))
    conn.rollback()
    assert conn.execute(f"SELECT COUNT(*) FROM {name}").fetchone() == (0,)


def test_trailing_zeros_are_no_digits(cur: drdarrow.Cursor, table) -> None:
    name = table("V DECIMAL(5,2)")
    cur.execute(f"INSERT INTO {name} VALUES (?)", (D("1.2300"),))
    assert cur.execute(f"SELECT V FROM {name}").fetchone() == (D("1.23"),)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("VARCHAR(5)", "abcdef"),
        ("CHAR(5)", "abcdef"),
        ("VARCHAR(5) FOR BIT DATA", b"abcdef"),
        ("CHAR(2) FOR BIT DATA", b"abc"),
        ("CLOB(5)", "abcdef"),
    ],
)
def test_too_long(conn: drdarrow.Connection, table, kind: str, value: object) -> None:
    name = table(f"V {kind}")
    with pytest.raises(drdarrow.DataError) as caught:
        conn.cursor().execute(f"INSERT INTO {name} VALUES (?)", (value,))
    assert caught.value.sqlstate == "22001"
    assert caught.value.connection_usable
    conn.rollback()


def test_a_time_zone_is_not_dropped(conn: drdarrow.Connection, table) -> None:
    """TIMESTAMP has no zone: whose wall clock is meant, only the caller knows."""
    name = table("V TIMESTAMP")
    value = dt.datetime(2024, 1, 1, 12, tzinfo=dt.timezone(dt.timedelta(hours=5)))
    with pytest.raises(drdarrow.ProgrammingError, match=r"parameter 1 \(TIMESTAMP\).*without one"):
        conn.cursor().execute(f"INSERT INTO {name} VALUES (?)", (value,))
    assert conn.execute(f"SELECT COUNT(*) FROM {name}").fetchone() == (0,)


def test_a_cure_is_one_for_parameters(conn: drdarrow.Connection, table) -> None:
    """Advice for values that are read (decfloat, bad_values) does not help with one that is sent."""
    name = table("V DATE")
    with pytest.raises(drdarrow.DataError) as caught:
        conn.cursor().execute(f"INSERT INTO {name} VALUES (?)", (dt.datetime(2024, 1, 1, 12),))
    assert str(caught.value) == "parameter 1 (DATE): the time of day in a date cannot be held exactly"
    assert caught.value.hint is None
