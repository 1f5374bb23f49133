"""The server judged by IBM's own CLI driver (in ibm_db): every type, both ways, at its limits."""

from __future__ import annotations

import datetime
import importlib.metadata
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
import serving
from apart import apart
from authority import Authority
from serving import EXTREMES, Served, dsn, print_of

# Each question has its own limit; the server may have to be built first.
pytestmark = pytest.mark.timeout(600)

# How the driver may be told to prove who it is.
LOGINS = ["", "AUTHENTICATION=SERVER;", "AUTHENTICATION=SERVER_ENCRYPT;", "AUTHENTICATION=SERVER_ENCRYPT_AES;"]
DECFLOATS = ("DF16", "DF34")


@pytest.fixture(scope="module")
def luw() -> Iterator[Served]:
    with Served("luw", serving.PASSWORD) as server:
        yield server


@pytest.fixture(scope="module")
def to(luw: Served) -> str:
    return dsn(luw.port)


def test_the_driver_is_the_one_that_was_measured():
    assert importlib.metadata.version("ibm_db") >= "3.3.0"


@pytest.mark.parametrize("login", LOGINS)
def test_logins(luw: Served, login: str):
    assert apart("ibm.one", dsn(luw.port, extra=login)) == [(1,)]
    error = apart("ibm.connect_error", dsn(luw.port, password="wrong", extra=login))
    assert "SQL30082N" in error and 'reason "24"' in error and "08001" in error, error


@pytest.mark.parametrize("login", LOGINS[2:])
def test_the_user_id_in_clear_and_the_password_encrypted(login: str):
    # SECMEC 7, which the driver takes up when nothing else is offered.
    with Served("luw-password", serving.PASSWORD) as server:
        assert apart("ibm.one", dsn(server.port, extra=login)) == [(1,)]
        error = apart("ibm.connect_error", dsn(server.port, password="wrong", extra=login))
        assert "SQL30082N" in error and 'reason "24"' in error, error


def test_no_such_database(luw: Served):
    error = apart("ibm.connect_error", dsn(luw.port, database="NOWHERE"))
    assert "SQL30061N" in error and "NOWHERE" in error and "08004" in error, error


def test_no_such_user(luw: Served):
    error = apart("ibm.connect_error", dsn(luw.port, user="nobody"))
    assert "SQL30082N" in error and "08001" in error, error


def test_every_type_equals_its_source(to: str):
    # ibm_db makes the buffer of a DECFLOAT too short for a negative number of all digits: see the texts below.
    names = [name for name in EXTREMES if name not in DECFLOATS]
    (got,) = apart("ibm.select", to, f"SELECT {', '.join(names)} FROM EXTREMES")
    for n, name in enumerate(names):
        values = [row[n] for row in got]
        if name.startswith("D") and name[1:].isdigit():
            values = [None if v is None else Decimal(v) for v in values]
        assert values == EXTREMES[name], name
        assert [type(v) for v in values] == [type(v) for v in EXTREMES[name]], name


def test_decfloats_and_fractions_of_seconds_to_the_last_digit(to: str):
    got = apart("ibm.texts", to, "SELECT DF16, DF34, TS7, TS8, TS9, TS10, TS11, TS12 FROM EXTREMES")
    assert [row[0] for row in got] == EXTREMES["DF16"]
    assert [row[1] for row in got] == EXTREMES["DF34"]
    low, high, late = "1823-11-12 00:06:21.57261209", "2116-02-20 23:53:38.42738790", "2023-11-14 22:13:20.12345678"
    for column, digits in enumerate(range(7, 13), 2):
        fractions = [None if row[column] is None else row[column].split(".")[1] for row in got]
        assert {len(f) for f in fractions if f} == {digits}
        cut = 20 + min(digits, 8)
        assert [None if row[column] is None else row[column][:cut] for row in got] == [
            low[:cut], None, high[:cut], "1970-01-01 00:00:00.00000000"[:cut], late[:cut],
            "1969-12-31 23:59:59.99999999"[:cut],
        ]  # fmt: skip
    assert [row[7] for row in got][4:] == ["2023-11-14 22:13:20.123456789000", "1969-12-31 23:59:59.999999999000"]


def test_columns_are_described(to: str):
    told = {name: rest for name, *rest in apart("ibm.columns", to, "SELECT * FROM EXTREMES")}
    assert list(told) == list(EXTREMES)
    assert told["I2"] == ["int", 5, 0] and told["I8"] == ["bigint", 19, 0]
    assert told["D3131"] == ["decimal", 31, 31] and told["D1"] == ["decimal", 1, 0]
    assert told["DAT"] == ["date", 10, 0] and told["TS0"] == ["timestamp", 19, 0] and told["TS12"][2] == 12


# What the driver refuses to send is left out: a REAL below 2**-126, a DECFLOAT(34) below 1E-6143.
# Column type; what goes in; what comes back where that is something else.
PARAMETERS: list[tuple[str, list, list | None]] = [
    ("SMALLINT", [-(2**15), 2**15 - 1, 0], None),
    ("INTEGER", [-(2**31), 2**31 - 1, 0], None),
    ("BIGINT", [-(2**63), 2**63 - 1, 0], None),
    ("REAL", [-1.5, 2.0**-126, 2.0**100], None),
    ("DOUBLE", [float.fromhex("-0x1.fffffffffffffp1023"), 5e-324, 0.1], None),
    ("DECIMAL(31,5)", ["-99999999999999999999999999.99999", "0.00001", "0"],
     ["-99999999999999999999999999.99999", "0.00001", "0.00000"]),
    ("DECIMAL(31,31)", ["-0.9999999999999999999999999999999", "0.0000000000000000000000000000001", "0.5"],
     ["-.9999999999999999999999999999999", ".0000000000000000000000000000001", ".5000000000000000000000000000000"]),
    ("DECFLOAT(16)", ["1.50", "-9.99E+300", "NaN"], None),
    ("DECFLOAT(34)", ["1E-6143", "Infinity", "-0"], None),
    ("BOOLEAN", [True, False, True], None),
    ("CHAR(5)", ["abc", "", "Ü é"], ["abc  ", "     ", "Ü é"]),
    ("VARCHAR(60)", ["", "Grüße 日本 𝄞", " x "], None),
    ("GRAPHIC(3)", ["日本語", "a", "𝄞x"], ["日本語", "a  ", "𝄞x"]),
    ("VARGRAPHIC(20)", ["", "日本 𝄞", "x"], None),
    ("BINARY(3)", [b"\0\xff\0", b"abc", b"\0\0\0"], None),
    ("VARBINARY(10)", [b"", b"\0\xff", b"x"], None),
    ("VARCHAR(10) FOR BIT DATA", [b"", b"\0\xff", b"x"], None),
    ("DATE", [datetime.date(1, 1, 1), datetime.date(9999, 12, 31), datetime.date(2000, 2, 29)], None),
    ("TIME", [datetime.time(0, 0), datetime.time(23, 59, 59), datetime.time(12, 34, 56)], None),
    ("TIMESTAMP", [datetime.datetime(1, 1, 1), datetime.datetime(9999, 12, 31, 23, 59, 59, 999999),
                   datetime.datetime(2023, 11, 14, 22, 13, 20, 123456)], None),
    ("TIMESTAMP(0)", [datetime.datetime(1, 1, 1), datetime.datetime(9999, 12, 31, 23, 59, 59),
                      datetime.datetime(2023, 11, 14)], None),
    ("TIMESTAMP(12)", [datetime.datetime(1900, 1, 1), datetime.datetime(2100, 12, 31, 23, 59, 59, 999999),
                       datetime.datetime(2023, 11, 14, 22, 13, 20, 123456)], None),
]  # fmt: skip


@pytest.mark.parametrize("sql,values,expected", PARAMETERS, ids=[p[0] for p in PARAMETERS])
def test_parameters_go_in_and_come_back(to: str, sql: str, values: list, expected: list | None):
    name = "IBM_" + "".join(c for c in sql if c.isalnum())
    got = apart(
        "ibm.store",
        to,
        f"CREATE TABLE {name} (ID INTEGER, V {sql})",
        f"INSERT INTO {name} VALUES (?, ?)",
        [*enumerate(values), (9, None)],
        f"SELECT V FROM {name}",
    )
    assert [row[0] for row in got] == [*(expected or values), None]


def test_parameters_choose_rows(to: str):
    columns = ["I2", "I4", "I8", "D1", "D31", "C5", "VC", "VG", "VBIN", "DAT", "TIM", "TS6", "B"]
    asked = [
        (f"SELECT ID FROM EXTREMES WHERE {name} = ?",
         (str(EXTREMES[name][2]) if name in ("D1", "D31") else EXTREMES[name][2],))
        for name in columns
    ]  # fmt: skip
    expected = [
        [(row,) for row, value in enumerate(EXTREMES[name]) if value == EXTREMES[name][2]] for name in columns
    ]
    assert apart("ibm.filters", to, asked) == expected


def test_an_array_of_rows(to: str):
    rows = tuple((n, f"row {n}", None if n % 7 == 0 else n / 4) for n in range(2500))
    done, got = apart(
        "ibm.store_many",
        to,
        "CREATE TABLE IBM_MANY (ID INTEGER, V VARCHAR(20), R DOUBLE)",
        "INSERT INTO IBM_MANY VALUES (?, ?, ?)",
        rows,
        "SELECT * FROM IBM_MANY",
    )
    assert done == len(rows)
    assert got == list(rows)


def test_large_objects_come_out(to: str):
    got = apart("ibm.lobs_out", to, "SELECT * FROM LOBS", seconds=60)
    expected = [(row, *map(print_of, serving.lob(row))) for row in range(7)]
    assert got == expected


def test_large_objects_go_in(to: str):
    values = [(row, *serving.lob(row)) for row in range(7)]
    create = "CREATE TABLE IBM_LOBS (ID INTEGER, C CLOB(30000000), B BLOB(30000000))"
    got = apart(
        "ibm.store", to, create, "INSERT INTO IBM_LOBS VALUES (?, ?, ?)", values, "SELECT * FROM IBM_LOBS", seconds=90
    )
    assert [tuple(map(print_of, row)) for row in got] == [tuple(map(print_of, row)) for row in values]


def test_a_million_rows(to: str):
    assert apart("ibm.count", to, "SELECT * FROM NUMBERS", seconds=120) == (1_000_000, 499_999_500_000)


def test_cursors_scroll(to: str):
    # Not SQL_FETCH_LAST: the driver finds no row there, for a reason that is not known.
    following, first, prior, absolute, relative = 1, 2, 4, 5, 6
    moves = [
        (following, 0, "0"), (following, 0, "1"), (absolute, 500, "499"), (relative, -100, "399"), (relative, 7, "406"),
        (prior, 0, "405"), (first, 0, "0"), (prior, 0, None), (following, 0, "0"), (absolute, 1000, "999"),
        (following, 0, None), (absolute, 3, "2"),
    ]  # fmt: skip
    sql = "SELECT * FROM NUMBERS FETCH FIRST 1000 ROWS ONLY"
    got = apart("ibm.scroll", to, sql, [move[:2] for move in moves])
    assert got == [value for *_, value in moves]


def test_commit_and_rollback(to: str):
    assert apart("ibm.transactions", to) == [[(1,)], [(0,)], [(1,)], [(1,)], [(1,)], [(1,)]]


def test_errors_have_the_codes_and_the_texts_of_db2(to: str):
    got = apart(
        "ibm.errors",
        to,
        "SELEKT * FROM SAMPLE",
        "SELECT * FROM NOWHERE",
        "SELECT NOTHING FROM SAMPLE",
        "CREATE TABLE IBM_KEYS (ID INTEGER NOT NULL PRIMARY KEY)",
        "INSERT INTO IBM_KEYS VALUES (1)",
        "INSERT INTO IBM_KEYS VALUES (1)",
        "INSERT INTO IBM_KEYS VALUES (NULL)",
        "INSERT INTO IBM_KEYS VALUES (1, 2)",
        "CREATE TABLE IBM_KEYS (ID INTEGER)",
        "SELECT * FROM IBM_KEYS",
    )
    states = [state for state, _ in got]
    assert states == ["42601", "42S02", "42S22", "", "", "23505", "23502", "21S01", "42S01", ""]
    codes = ["-104", "-204", "-206", "", "", "-803", "-407", "-117", "-601", ""]
    for code, (_, text) in zip(codes, got, strict=True):
        assert text.endswith(f"SQLCODE={code}") if code else not text, text
    assert "SELEKT" in got[0][1] and "NOWHERE" in got[1][1] and "NOTHING" in got[2][1]


def test_tls(tmp_path: Path):
    ours, another = Authority(tmp_path, "ours"), Authority(tmp_path, "another")
    validated = "SSLCLIENTHOSTNAMEVALIDATION=BASIC;"
    with Served("luw", serving.PASSWORD, tls=ours.issue()) as server:

        def to(authority: Authority, extra: str = "") -> str:
            return dsn(server.port, extra=f"SECURITY=SSL;SSLSERVERCERTIFICATE={authority.certificate};{extra}")

        (got,) = apart("ibm.select", to(ours, validated), "SELECT I2, I8, VC FROM EXTREMES")
        assert got == list(zip(EXTREMES["I2"], EXTREMES["I8"], EXTREMES["VC"], strict=True))
        values = [(1, "a"), (2, "é日本𝄞" * 1000)]
        create = "CREATE TABLE IBM_TLS (A INTEGER, B VARCHAR(20000))"
        insert, select = "INSERT INTO IBM_TLS VALUES (?, ?)", "SELECT * FROM IBM_TLS"
        assert apart("ibm.store", to(ours), create, insert, values, select) == values
        error = apart("ibm.connect_error", to(another))
        assert "SQL30081N" in error and '"SSL"' in error and "08001" in error, error
        error = apart("ibm.connect_error", dsn(server.port))
        assert "SQL30081N" in error, error
