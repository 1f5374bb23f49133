"""Large objects from nothing to 10 MB. Derby describes them as 4-byte or externalized data (EXTDTA) with a status byte."""

import hashlib

import pyarrow as pa
import pytest
from conftest import Lab
from peers import CNTQRY, OPNQRY, PRPSQLSTT, Proxy

import drdarrow

SIZES = {1: 0, 2: 1, 3: 70 * 1024, 4: 10 * 1024 * 1024, 5: None, 6: 32767, 7: 32768, 8: 5}
MB10 = SIZES[4]


def clob(size: int | None) -> str | None:
    """What Load.java wrote: letters, every 1,000th character a euro sign."""
    if size is None:
        return None
    thousand = [chr(97 + i % 26) for i in range(13_000)]  # 13,000 is where letters and euro signs come round again
    thousand[999::1000] = "\u20ac" * 13
    text = "".join(thousand)
    return (text * (size // 13_000 + 1))[:size]


def blob(size: int | None) -> bytes | None:
    if size is None:
        return None
    whole = bytes((i * 31 + i // 256) & 0xFF for i in range(65_536))
    return (whole * (size // 65_536 + 1))[:size]


@pytest.mark.parametrize("number", list(SIZES))
def test_each_size(cur: drdarrow.Cursor, number: int) -> None:
    size = SIZES[number]
    text, data = cur.execute("SELECT C, B FROM LOBS WHERE ID = ?", (number,)).fetchone()
    assert (text is None, data is None) == (size is None, size is None)
    if size is not None:
        assert len(text) == size and text == clob(size)
        assert len(data) == size and data == blob(size)


@pytest.mark.parametrize("columns", ["C", "B", "ID, C, B", "B, NOTE, C, ID", "ID, C, NOTE"])
def test_all_rows_in_order(lab: Lab, columns: str) -> None:
    with lab.connect() as connection:
        table = connection.execute(f"SELECT {columns} FROM LOBS ORDER BY ID").fetch_arrow_table()
    expected = {
        "ID": list(SIZES),
        "C": [clob(s) for s in SIZES.values()],
        "B": [blob(s) for s in SIZES.values()],
        "NOTE": ["null" if s is None else str(s) for s in SIZES.values()],
    }
    for name in columns.split(", "):
        assert table.column(name).to_pylist() == expected[name], name


@pytest.mark.parametrize("block_size", [512, 32767, 1 << 20])
def test_every_block_size(lab: Lab, block_size: int) -> None:
    with lab.connect(block_size=block_size) as connection:
        rows = connection.execute("SELECT ID, C, B FROM LOBS WHERE ID <> 4 ORDER BY ID").fetchall()
    assert [row[0] for row in rows] == [1, 2, 3, 5, 6, 7, 8]
    for number, text, data in rows:
        assert text == clob(SIZES[number]) and data == blob(SIZES[number])


def test_few_round_trips(lab: Lab, proxy: Proxy) -> None:
    """Not a round trip for each piece: a query, and at most a request a row and a few over."""
    with lab.connect(proxy.port) as connection:
        proxy.forget()
        connection.execute("SELECT C, B FROM LOBS WHERE ID IN (2, 3, 6, 7)").fetchall()
        assert proxy.count(PRPSQLSTT) <= 2 and proxy.count(OPNQRY) == 1
        assert proxy.count(CNTQRY) <= 8
        assert len(proxy.commands) <= 14


def test_to_the_consumers_types(cur: drdarrow.Cursor) -> None:
    schema = pa.schema(cur.execute("SELECT C, B FROM LOBS").fetch_arrow())
    assert pa.types.is_large_string(schema.field("C").type) or pa.types.is_string(schema.field("C").type)
    assert pa.types.is_large_binary(schema.field("B").type) or pa.types.is_binary(schema.field("B").type)


def test_there_and_back_10_mb(conn: drdarrow.Connection, table) -> None:
    name = table("ID INTEGER, C CLOB(16M), B BLOB(16M)")
    text, data = clob(MB10), blob(MB10)
    cursor = conn.cursor()
    cursor.execute(f"INSERT INTO {name} VALUES (?, ?, ?)", (1, text, data))
    cursor.execute(f"INSERT INTO {name} VALUES (?, ?, ?)", (2, "", b""))
    cursor.execute(f"INSERT INTO {name} VALUES (?, ?, ?)", (3, None, None))
    assert cursor.execute(f"SELECT LENGTH(C), LENGTH(B) FROM {name} ORDER BY ID").fetchall() == [
        (MB10, MB10),
        (0, 0),
        (None, None),
    ]
    rows = cursor.execute(f"SELECT C, B FROM {name} ORDER BY ID").fetchall()
    assert hashlib.sha1(rows[0][0].encode()).digest() == hashlib.sha1(text.encode()).digest()
    assert rows[0][1] == data
    assert rows[1:] == [("", b""), (None, None)]


@pytest.mark.parametrize("length", [32_756, 32_757, 32_758, 32_759, 32_760, 32_766, 32_767, 32_768, 65_534, 65_536])
def test_lengths_around_a_frame(conn: drdarrow.Connection, table, length: int) -> None:
    """A frame holds 32,767 bytes; one more makes a continued frame."""
    name = table("C CLOB(1M), B BLOB(1M)")
    text, data = "x" * length, b"y" * length
    cursor = conn.cursor()
    cursor.execute(f"INSERT INTO {name} VALUES (?, ?)", (text, data))
    assert cursor.execute(f"SELECT C, B FROM {name}").fetchone() == (text, data)


def test_a_limit_is_an_error_not_a_cut(lab: Lab) -> None:
    with lab.connect(lob_limit=100_000) as connection:
        assert len(connection.execute("SELECT B FROM LOBS WHERE ID = 3").fetchone()[0]) == 70 * 1024
        with pytest.raises(drdarrow.DataError) as caught:
            connection.execute("SELECT B FROM LOBS WHERE ID = 4").fetchone()
        assert "B" in str(caught.value)


def test_leaving_large_objects_unread(lab: Lab) -> None:
    with lab.connect() as connection:
        cursor = connection.execute("SELECT C, B FROM LOBS ORDER BY ID")
        cursor.fetchone()
        cursor.close()
        assert connection.execute("VALUES 1").fetchone() == (1,)
