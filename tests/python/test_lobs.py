"""Large objects from nothing to 10 MB. Derby describes them as 4-byte or externalized data (EXTDTA) with a status byte."""

import hashlib

import pyarrow as pa
import pytest
from conftest import Lab
from peers import CNTQRY, EXCSQLSTT, OPNQRY, PRPSQLSTT, Proxy

import drdarrow

SIZES = {1: 0, 2: 1, 3: 70 * 1024, 4: 10 * 1024 * 1024, 5: None, 6: 32767, 7: 32768, 8: 5}
MB10 = SIZES[4]


def clob(size: int | None) -> str | None:
    """The text that Load.java wrote: letters, every 1,000th character a euro sign."""
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
    size = 70 * 1024
    with lab.connect(lob_limit=size) as connection:
        assert len(connection.execute("SELECT B FROM LOBS WHERE ID = 3").fetchone()[0]) == size
    with lab.connect(lob_limit=size - 1) as connection:
        with pytest.raises(drdarrow.DataError) as caught:
            connection.execute("SELECT B FROM LOBS WHERE ID = 3").fetchone()
        assert caught.value.sqlstate == "54010"
        assert f"column B: row 1, column 1: a large object of {size} bytes is above the limit" in str(caught.value)
        assert connection.execute("VALUES 1").fetchone() == (1,)


def test_leaving_large_objects_unread(lab: Lab) -> None:
    with lab.connect() as connection:
        cursor = connection.execute("SELECT C, B FROM LOBS ORDER BY ID")
        cursor.fetchone()
        cursor.close()
        assert connection.execute("VALUES 1").fetchone() == (1,)


# -- by locator -------------------------------------------------------------------------------------------------------

PIECE = 10_890  # characters that Derby gives at a time
SMILE = "\U0001f600"
TEXTS = [
    None,
    "",
    "a",
    "?" * 40_000,
    "x" * (PIECE - 1) + SMILE * 20_000 + "?",
    SMILE * PIECE,
    "\u00fc\u20ac" * 100_000,
    "y" * (1 << 20),
]
BYTES = [None, b"", b"b", bytes(range(256)) * 280, b"c" * 32_672, b"d" * 32_673, b"?" * 65_344, b"e" * (1 << 20)]


def test_by_locator_as_after_their_rows(lab: Lab) -> None:
    tables = []
    for mode in ("inline", "locator"):
        with lab.connect(lobs=mode) as connection:
            cursor = connection.execute("SELECT ID, C, NOTE, B FROM LOBS ORDER BY ID")
            tables.append(cursor.fetch_arrow_table())
    assert tables[0].schema.equals(tables[1].schema, check_metadata=True)
    assert tables[0].equals(tables[1])
    assert tables[1].column("C").to_pylist() == [clob(s) for s in SIZES.values()]
    assert tables[1].column("B").to_pylist() == [blob(s) for s in SIZES.values()]


def test_pieces_cut_characters_nowhere(lab: Lab, table) -> None:
    """Derby counts UTF-16 units and puts a question mark where a part ends within a surrogate pair."""
    name = table("ID INTEGER, C CLOB(4M), B BLOB(4M)")
    rows = [(n, *pair) for n, pair in enumerate(zip(TEXTS, BYTES, strict=True))]
    with lab.connect(lobs="locator") as connection:
        for row in rows:
            connection.execute(f"INSERT INTO {name} VALUES (?, ?, ?)", row)
        assert connection.execute(f"SELECT ID, C, B FROM {name} ORDER BY ID").fetchall() == rows
        in_java = f"SELECT LENGTH(C), LENGTH(B) FROM {name} ORDER BY ID"
        lengths = [
            (None if t is None else len(t.encode("utf-16-le")) // 2, None if b is None else len(b)) for _, t, b in rows
        ]
        assert connection.execute(in_java).fetchall() == lengths


def test_a_limit_holds_by_locator_too(lab: Lab) -> None:
    with lab.connect(lobs="locator", lob_limit=100_000) as connection:
        cursor = connection.execute("SELECT ID, B FROM LOBS ORDER BY ID")
        assert [cursor.fetchone()[0] for _ in range(3)] == [1, 2, 3]
        with pytest.raises(drdarrow.DataError) as caught:
            cursor.fetchone()
        assert caught.value.sqlstate == "54010" and "B" in str(caught.value)
        assert connection.execute("VALUES 1").fetchone() == (1,)


def test_locators_are_given_back(lab: Lab, proxy: Proxy) -> None:
    """Row by row: length, part, release; for a megabyte no request for each of its pieces."""
    with lab.connect(proxy.port, lobs="locator") as connection:
        cursor = connection.execute("SELECT B FROM LOBS WHERE ID IN (2, 3) ORDER BY ID")
        proxy.forget()
        assert [len(row[0]) for row in cursor.fetchall()] == [1, 70 * 1024]
        connection.execute("VALUES 1").fetchone()
        # Two lengths, four parts, two releases.
        assert proxy.count(EXCSQLSTT) == 8


def test_a_commit_between_rows_costs_no_value(lab: Lab) -> None:
    """Locators end with the unit of work, so none is held for a row that was not asked for."""
    with lab.connect(lobs="locator") as connection:
        stream = connection.execute("SELECT ID, C FROM LOBS WHERE ID <> 4 ORDER BY ID").fetch_arrow(batch_rows=1)
        found = {}
        for batch in stream:
            row = pa.record_batch(batch).to_pylist()[0]
            found[row["ID"]] = row["C"]
            connection.commit()
        assert found == {n: clob(SIZES[n]) for n in (1, 2, 3, 5, 6, 7, 8)}


def test_readers_by_locator_side_by_side(lab: Lab) -> None:
    with lab.connect(lobs="locator") as connection:
        one = connection.execute("SELECT ID, C FROM LOBS ORDER BY ID")
        two = connection.execute("SELECT ID, B FROM LOBS ORDER BY ID DESC")
        for number in range(1, 9):
            assert one.fetchone() == (number, clob(SIZES[number]))
            assert two.fetchone() == (9 - number, blob(SIZES[9 - number]))
        other = connection.execute("SELECT B FROM LOBS ORDER BY ID")
        other.fetchone()
        other.close()
        assert connection.execute("VALUES 1").fetchone() == (1,)
