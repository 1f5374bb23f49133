"""Every type of Derby, value by value the same as Derby's own client says (Truth.java)."""

import datetime as dt
import re

import exact
import pyarrow as pa
import pytest
from conftest import Lab
from derby import Truth

import drdarrow

ARROW = {
    "ID": "int32",
    "C_SMALLINT": "int16",
    "C_INTEGER": "int32",
    "C_BIGINT": "int64",
    "C_REAL": "float",
    "C_DOUBLE": "double",
    "C_DEC31_5": r"decimal128\(31, 5\)",
    "C_DEC31_31": r"decimal128\(31, 31\)",
    "C_DEC5_0": r"decimal128\(5, 0\)",
    "C_NUM18_4": r"decimal128\(18, 4\)",
    "C_CHAR": "(large_)?string(_view)?",
    "C_VARCHAR": "(large_)?string(_view)?",
    "C_LONGVARCHAR": "(large_)?string(_view)?",
    "C_CHARBIT": r"(large_)?binary(_view)?|fixed_size_binary\[8\]",
    "C_VARBIT": "(large_)?binary(_view)?",
    "C_LONGBIT": "(large_)?binary(_view)?",
    "C_DATE": r"date32\[day\]",
    "C_TIME": r"time32\[s\]|time64\[us\]",
    "C_TIMESTAMP": r"timestamp\[us\]",
    "C_BOOLEAN": "bool",
    "C_CLOB": "(large_)?string(_view)?",
    "C_BLOB": "(large_)?binary(_view)?",
}
WITHOUT_LOBS = [name for name in ARROW if name not in ("C_CLOB", "C_BLOB")]


def agree(lab: Lab, truth: Truth, sql: str, **settings) -> pa.Table:
    """Both clients' answers to one SELECT are equal, by Arrow and by rows."""
    columns, told = truth.select(sql)
    expected = [exact.row(columns, row) for row in told]
    with lab.connect(**settings) as connection:
        arrow = connection.execute(sql).fetch_arrow_table()
        rows = connection.execute(sql).fetchall()
    assert arrow.column_names == [column["name"] for column in columns]
    assert arrow.num_rows == len(rows) == len(expected)
    names = arrow.column_names
    by_column = [column.to_pylist() for column in arrow.columns]
    for i, row in enumerate(expected):
        for j, value in enumerate(row):
            assert exact.same(by_column[j][i], value), (
                f"row {i}, {names[j]}: Arrow {by_column[j][i]!r:.200}, Derby {value!r:.200}"
            )
            assert exact.same(rows[i][j], value), f"row {i}, {names[j]}: ours {rows[i][j]!r:.200}, Derby {value!r:.200}"
        assert isinstance(rows[i], tuple)
    return arrow


def test_all_types_at_once(lab: Lab, truth: Truth) -> None:
    agree(lab, truth, "SELECT * FROM ALLTYPES ORDER BY ID")


def test_all_types_without_large_objects(lab: Lab, truth: Truth) -> None:
    """Without LOB columns Derby sends whole blocks (LMTBLKPRC); with them a row a reply (FIXROWPRC)."""
    agree(lab, truth, f"SELECT {', '.join(WITHOUT_LOBS)} FROM ALLTYPES ORDER BY ID")


@pytest.mark.parametrize("column", list(ARROW))
def test_one_column(lab: Lab, truth: Truth, column: str) -> None:
    table = agree(lab, truth, f"SELECT {column} FROM ALLTYPES ORDER BY ID")
    assert re.fullmatch(ARROW[column], str(table.schema.field(0).type)), table.schema.field(0).type
    assert table.column(0).null_count == (0 if column == "ID" else 1)


@pytest.mark.parametrize("block_size", [512, 4096, 32767])
def test_rows_cut_at_every_block(lab: Lab, truth: Truth, block_size: int) -> None:
    """Blocks smaller than a row: its parts come in several replies."""
    agree(lab, truth, f"SELECT {', '.join(WITHOUT_LOBS)} FROM ALLTYPES ORDER BY ID", block_size=block_size)
    agree(lab, truth, "SELECT A.ID, B.V, A.C FROM UNI A, UNI B ORDER BY A.ID, B.ID", block_size=block_size)


def test_unicode(lab: Lab, truth: Truth) -> None:
    """CHAR(12) is padded by Derby to 12 UTF-16 units, so an emoji counts twice."""
    table = agree(lab, truth, "SELECT * FROM UNI ORDER BY ID")
    assert table.column("V").to_pylist()[7] == "\U0001f600\U0001f44d\U0001f3fd"


def test_nullability_and_names(cur: drdarrow.Cursor) -> None:
    schema = pa.schema(cur.execute("SELECT ID, C_INTEGER FROM ALLTYPES").fetch_arrow())
    assert [(field.name, field.nullable) for field in schema] == [("ID", False), ("C_INTEGER", True)]


def test_metadata_names_the_source_type(cur: drdarrow.Cursor) -> None:
    """Each field says under `drda:type` what the server called it."""
    cur.execute("SELECT * FROM ALLTYPES")
    schema = pa.schema(cur.fetch_arrow())
    said = {}
    for field in schema:
        metadata = field.metadata or {}
        assert b"drda:type" in metadata, field
        said[field.name] = metadata[b"drda:type"].decode().upper()
    assert "SMALLINT" in said["C_SMALLINT"] and "BIGINT" in said["C_BIGINT"]
    assert "DECIMAL" in said["C_DEC31_5"] and "CHAR" in said["C_CHAR"] and "VARCHAR" in said["C_VARCHAR"]
    assert "DATE" in said["C_DATE"] and "TIMESTAMP" in said["C_TIMESTAMP"] and "BOOLEAN" in said["C_BOOLEAN"]
    assert "LOB" in said["C_CLOB"] and "LOB" in said["C_BLOB"]


def test_boolean_and_dates_are_typed_not_text(cur: drdarrow.Cursor) -> None:
    row = cur.execute("SELECT C_BOOLEAN, C_DATE, C_TIME, C_TIMESTAMP FROM ALLTYPES WHERE ID = 1").fetchone()
    assert row == (True, dt.date(2024, 2, 29), dt.time(13, 45, 59), dt.datetime(2024, 2, 29, 13, 45, 59, 123456))


def test_the_first_and_the_last_day(cur: drdarrow.Cursor) -> None:
    """Days before 1582 are proleptic Gregorian; java.sql.Date puts 0001-01-01 two days off."""
    table = cur.execute(
        "SELECT C_DATE, C_TIMESTAMP FROM ALLTYPES WHERE ID IN (3, 4, 7) ORDER BY ID"
    ).fetch_arrow_table()
    assert table.column(0).cast(pa.int32()).to_pylist() == [-719162, 2932896, -141427]
    assert table.column(1).cast(pa.int64()).to_pylist()[0] == -719162 * 86_400 * 1_000_000


def test_nanoseconds_are_not_lost_in_silence(lab: Lab) -> None:
    """TIMESTAMP has nine digits. Microseconds by default: an error at that row or a warning, never a changed value."""
    with lab.connect() as connection:
        cursor = connection.cursor()
        try:
            values = [row[0] for row in cursor.execute("SELECT TS FROM TSNANO WHERE ID = 1").fetchall()]
        except drdarrow.DataError as error:
            assert "TS" in str(error) or "column 1" in str(error)
            assert error.connection_usable
        else:
            assert cursor.messages, values


def test_nanoseconds_when_asked_for(lab: Lab) -> None:
    with lab.connect(timestamp_unit="ns") as connection:
        table = connection.execute("SELECT TS FROM TSNANO WHERE ID IN (1, 4) ORDER BY ID").fetch_arrow_table()
        assert str(table.schema.field(0).type) == "timestamp[ns]"
        assert table.column(0).cast(pa.int64()).to_pylist() == [1709214359123456789, None]
        with pytest.raises(drdarrow.DataError):  # 9999 is past what 64 bits of nanoseconds hold
            connection.execute("SELECT TS FROM TSNANO WHERE ID = 2").fetchall()


def test_time_24_00_00_is_midnight(cur: drdarrow.Cursor, table) -> None:
    """Measured: Derby takes TIME '24:00:00' and stores 00:00:00."""
    name = table("T TIME")
    cur.execute(f"INSERT INTO {name} VALUES ('24:00:00')")
    assert cur.execute(f"SELECT T FROM {name}").fetchall() == [(dt.time(0, 0),)]


def test_no_rows_but_a_schema(cur: drdarrow.Cursor) -> None:
    table = cur.execute("SELECT * FROM EMPTY").fetch_arrow_table()
    assert table.num_rows == 0
    assert table.column_names == ["ID", "NAME", "D", "TS"]
    assert table.schema.field("D").type == pa.decimal128(9, 2)
    assert cur.execute("SELECT * FROM EMPTY").fetchall() == []
    assert cur.execute("SELECT * FROM EMPTY").fetchone() is None


def test_names_twice_and_no_names(cur: drdarrow.Cursor) -> None:
    """Derby labels an unnamed column by its position."""
    table = cur.execute("SELECT 1 AS A, 2 AS A, 3, 4 + 1 FROM SYSIBM.SYSDUMMY1").fetch_arrow_table()
    assert table.column_names[:2] == ["A", "A"]
    assert [column.to_pylist() for column in table.columns] == [[1], [2], [3], [5]]
    names = table.column_names[2:]
    assert all(names) and len(set(names)) == 2


def test_many_columns(cur: drdarrow.Cursor) -> None:
    """As many as a Derby table may have; the SQLDARD is longer than a frame."""
    table = cur.execute(f"VALUES ({', '.join(str(i) for i in range(1012))})").fetch_arrow_table()
    assert [column[0].as_py() for column in table.columns] == list(range(1012))


def test_java_objects_are_their_bytes(cur: drdarrow.Cursor) -> None:
    """Derby declares them with a length that is not theirs."""
    for name, table in [("COLUMNDATATYPE", "SYSCOLUMNS"), ("DESCRIPTOR", "SYSCONGLOMERATES WHERE ISINDEX")]:
        found = cur.execute(f"SELECT {name}, 'x' AS X FROM SYS.{table}").fetch_arrow_table()
        assert found.num_rows > 10 and found["X"].unique().to_pylist() == ["x"]
        assert all(value.startswith(b"\xac\xed\x00\x05") for value in found[name].to_pylist())
        assert max(map(len, found[name].to_pylist())) > 100


def test_every_null_pattern(cur: drdarrow.Cursor) -> None:
    ten = cur.execute("SELECT N FROM INTS WHERE ID <= 1000 ORDER BY ID").fetch_arrow_table().column(0).to_pylist()
    assert ten == [None if i % 10 == 0 else i * 7 % 1000 for i in range(1, 1001)]


def test_text_that_fills_its_column(lab: Lab) -> None:
    """Derby declares text by its characters and sends it as UTF-8: three bytes a character are not too long."""
    values = ("€€€€€", "ééééé", "𝄞𝄞x", "é" * 32_672, "€" * 21_845, b"12345")
    columns = "A VARCHAR(5), B CHAR(5), C VARCHAR(5), D VARCHAR(32672), E VARCHAR(32672), F VARCHAR(5) FOR BIT DATA"
    with lab.connect() as connection:
        connection.execute(f"CREATE TABLE FULLTEXT ({columns})")
        try:
            connection.execute("INSERT INTO FULLTEXT VALUES (?, ?, ?, ?, ?, ?)", values)
            assert connection.execute("SELECT * FROM FULLTEXT").fetchall() == [values]
        finally:
            connection.execute("DROP TABLE FULLTEXT")
            connection.commit()
