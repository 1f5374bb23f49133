"""Invalid values of a server: an error that says where, NULL and counted, or as a setting says."""

from __future__ import annotations

import asyncio
import datetime as dt
import warnings

import pytest
from conftest import Lab
from peers import Proxy

import drdarrow
from drdarrow import aio

# 12.34 as Derby packs it, and with an invalid digit.
QUERY = "SELECT CAST(12.34 AS DECIMAL(4,2)) AS N, ID FROM INTS WHERE ID < 3 ORDER BY ID"
CHANGE = (b"\x01\x23\x4c", b"\x01\x2b\x4c")


def test_they_are_an_error_that_shows_the_bytes(lab: Lab, proxy: Proxy) -> None:
    with lab.connect(proxy.port) as connection:
        proxy.change = CHANGE
        with pytest.raises(drdarrow.DataError, match=r"N.*012B4C.*bad_values") as caught:
            connection.execute(QUERY).fetchall()
        assert caught.value.sqlstate == "22018"


def test_or_null_and_counted(lab: Lab, proxy: Proxy) -> None:
    with lab.connect(proxy.port, bad_values="null") as connection, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        proxy.change = CHANGE
        cursor = connection.execute(QUERY)
        rows = cursor.fetchall()
        assert [row[0] for row in rows] == [None] * len(rows) and rows
        assert any(f"column N: {len(rows)} values" in str(message) for _, message in cursor.messages)


TEXT = "SELECT ID, RTRIM(CAST(ID AS CHAR(8))) || 'hello' AS V FROM INTS WHERE ID < 4 ORDER BY ID"
DAY, TIME = "DATE('2024-02-29')", "TIME('11:11:11')"
STAMP, SENT = "TIMESTAMP('2024-02-29 11:11:11')", b"2024-02-29-11.11.11"


@pytest.mark.parametrize(
    ("sql", "change", "settings", "sqlstate", "words"),
    [
        (TEXT, (b"2hello", b"2h\xffllo"), {}, "22021", r'column 2 "V", row 2: .*offset 2 .*3268FF.*text_errors'),
        (TEXT, (b"", b""), {"force_ccsid": {"V": 12345}}, "22021", r'column 2 "V": CCSID 12345 is not known.*force_ccsid'),
        (TEXT, (b"", b""), {"force_ccsid": {"V": 300}}, "22021", r'column 2 "V", row 1: .*CCSID 300'),
        (DAY, (b"2024-02-29", b"2023-02-30"), {}, "22007", r'column 1 "V", row 1: the date does not exist; bytes 3230'),
        (DAY, (b"2024-02-29", b"0000-00-00"), {}, "22007", "the date does not exist"),
        (TIME, (b"11:11:11", b"24:00:00"), {}, "22008", "24:00:00 is the end of a day.*time_unit"),
        (TIME, (b"11:11:11", b"11:61:11"), {}, "22007", "the time does not exist"),
        (STAMP, (SENT, b"2024-02-29-25.11.11"), {}, "22007", "does not exist"),
        (STAMP, (SENT, b"9999-12-31-11.11.11"), {"timestamp_unit": "ns"}, "22008", "outside of the range.*timestamp_unit"),
        (STAMP, (b"11.000000000", b"11.000000001"), {}, "22008", "finer than the unit.*timestamp_excess"),
    ],
)
def test_where_it_is_and_what_to_do(
    lab: Lab, proxy: Proxy, sql: str, change: tuple[bytes, bytes], settings: dict, sqlstate: str, words: str
) -> None:
    """The reader ends there; the connection goes on."""
    sql = sql if sql == TEXT else f"SELECT {sql} AS V FROM INTS WHERE ID < 3"

    def judge(error: drdarrow.DataError) -> None:
        assert (error.sqlstate, error.connection_usable) == (sqlstate, True)

    with lab.connect(proxy.port, **settings) as connection:
        proxy.change = change if change[0] else None
        with pytest.raises(drdarrow.DataError, match=words) as caught:
            connection.execute(sql).fetchall()
        judge(caught.value)
        proxy.change = None
        assert connection.execute("VALUES 1").fetchone() == (1,)

    async def main() -> None:
        async with aio.connect(lab.uri(proxy.port), timeout=15, **settings) as connection:
            proxy.change = change if change[0] else None
            with pytest.raises(drdarrow.DataError, match=words) as caught:
                await (await connection.execute(sql)).fetchall()
            judge(caught.value)
            proxy.change = None

    asyncio.run(main())


@pytest.mark.parametrize(
    ("sql", "change", "settings", "value"),
    [
        (DAY, (b"2024-02-29", b"9999-12-31"), {}, dt.date(9999, 12, 31)),
        (DAY, (b"2024-02-29", b"2023-02-30"), {"bad_values": "null"}, None),
        (TIME, (b"11:11:11", b"24:00:00"), {"bad_values": "null"}, None),
        (TIME, (b"11:11:11", b"24:00:00"), {"time_unit": "text"}, "24:00:00"),
        (STAMP, (SENT, b"2024-02-29-24.00.00"), {}, dt.datetime(2024, 3, 1)),
        (STAMP, (b"11.000000000", b"11.000001999"), {"timestamp_excess": "truncate"}, dt.datetime(2024, 2, 29, 11, 11, 11, 1)),
        ("'hello'", (b"hello", b"h\xffllo"), {"text_errors": "replace"}, "h\ufffdllo"),
        ("'hello'", (b"hello", b"h\xffllo"), {"text_errors": "raw"}, b"h\xffllo"),
        ("'hello'", (b"hello", b"h\xffllo"), {"force_ccsid": {"V": 65535}}, b"h\xffllo"),
        ("'hello'", (b"hello", b"\x88\x85\x93\x93\x96"), {"force_ccsid": {"V": 37}}, "hello"),
    ],
)
def test_what_the_rules_make_of_it(
    lab: Lab, proxy: Proxy, sql: str, change: tuple[bytes, bytes], settings: dict, value: object
) -> None:
    with lab.connect(proxy.port, **settings) as connection, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        proxy.change = change
        assert connection.execute(f"SELECT {sql} AS V FROM INTS WHERE ID < 2").fetchall() == [(value,)]

