"""The server judged by two further clients for Db2: adbc-driver-db2 (Go) and pydrda (Python). What they get wrong
themselves is named where it is left out."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest
import serving
from apart import PeerFailed, apart
from serving import EXTREMES, Served, print_of

from drdarrow import server

# Each question has its own limit; the server may have to be built first.
pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with Served("luw", serving.PASSWORD) as server:
        yield server.port


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A Python that has pydrda, whose module has the name of a package of its own."""
    home = tmp_path_factory.mktemp("pydrda")
    subprocess.run([sys.executable, "-m", "venv", home], check=True, timeout=120)
    found: Path = home / "bin" / "python"
    subprocess.run([found, "-m", "pip", "install", "--quiet", "pydrda==0.6.4"], check=True, timeout=240)
    return str(found)


# adbc-driver-db2 reads CHAR as EBCDIC where that looks likelier, takes every FOR BIT DATA for text, and cuts blanks off
# CHAR and GRAPHIC, and makes an infinity of a DECFLOAT of all digits and NaN of an infinity.
ADBC_WRONG = ("C5", "BD", "VBD", "DF16", "DF34")
ADBC_CUT = ("G3",)


def test_adbc_types(port: int):
    names = [name for name in EXTREMES if name not in ADBC_WRONG]
    got = apart("adbc.columns", port, f"SELECT {', '.join(names)} FROM EXTREMES")
    for name in names:
        expected = EXTREMES[name]
        if name in ADBC_CUT:
            expected = [value and value.rstrip(" ") for value in expected]
        values = got[name][1]
        if name.startswith("TS") and int(name[2:]) > 6:
            # Nanoseconds come as a class of pandas.
            values = [value and value.to_pydatetime(warn=False) for value in values]
        assert values == expected, name
    types = {name: kind for name, (kind, _) in got.items()}
    assert types["D3131"] == "decimal128(31, 31)" and types["B"] == "bool" and types["I2"] == "int16"


def test_adbc_is_told_at_what_name_it_leaves_the_utf_8_that_it_asked_for():
    with server.serve(engine="tables", tables={"T": pa.table({"A": [1]})}, persona="zos", users={"user": "secret"}) as running:
        with pytest.raises(PeerFailed, match=r"SYNTAXRM \(SVRCOD=8\): data stream syntax error code 0x14 at code point RDBNAM"):
            apart("adbc.columns", running.port, "SELECT A FROM T")


def test_adbc_parameters_and_errors(port: int):
    assert apart("adbc.columns", port, "SELECT ID FROM EXTREMES WHERE I4 = ?", (1,)) == {"ID": ("int32", [4])}
    syntax, table = apart("adbc.failures", port, "SELEKT", "SELECT * FROM NOWHERE")
    assert "SQLCODE=-104 SQLSTATE=42601" in syntax and "SQLCODE=-204 SQLSTATE=42704" in table


def test_adbc_inserts(port: int):
    failure, count, rows = apart("adbc.store", port)
    # The driver runs what has parameters as a query (OPNQRY), and another statement has no cursor.
    assert "SQLCODE=-517 SQLSTATE=07005" in failure
    assert count == 2
    assert rows == [(1, "literal"), (3, "x"), (4, "yz")]


def test_adbc_a_million_rows(port: int):
    assert apart("adbc.total", port, "SELECT * FROM NUMBERS", seconds=90) == (1_000_000, 499_999_500_000)


def test_adbc_large_objects(port: int):
    # An empty value makes the driver give each that follows to the row before: rows without one are asked for alone.
    rows = (2, 3, 4, 5, 6)
    got = apart("adbc.hashes", port, [f"SELECT * FROM LOBS WHERE ID = {row}" for row in rows])
    assert got == [(row, *map(print_of, serving.lob(row))) for row in rows]


# pydrda gives no rows at all where a column is GRAPHIC or VARGRAPHIC, blanks of CHAR are cut off, and DECFLOATs of all
# digits become infinite.
PYDRDA = ("ID", "I2", "I4", "I8", "R4", "R8", "D1", "D31", "D3131", "B", "VC", "BD", "VBD", "BIN", "VBIN", "DAT", "TIM",
          "TS0", "TS3", "TS6")  # fmt: skip


def test_pydrda_types(port: int, python: str):
    got = apart("pyd.select", port, f"SELECT {', '.join(PYDRDA)} FROM EXTREMES", python=python)
    for n, name in enumerate(PYDRDA):
        assert [row[n] for row in got] == EXTREMES[name], name
    assert {type(row[6]) for row in got} == {Decimal, type(None)}


def test_pydrda_rows_and_large_objects(port: int, python: str):
    # More than one frame holds is refused by an assertion of its own: it knows but one form of a long object.
    got = apart("pyd.select", port, "SELECT ID FROM NUMBERS FETCH FIRST 4000 ROWS ONLY", python=python)
    assert got == [(n,) for n in range(4000)]
    text, data = serving.lob(2)
    assert apart("pyd.select", port, "SELECT * FROM LOBS WHERE ID = 2", python=python) == [(2, text, data)]


def test_pydrda_parameters_changes_and_errors(port: int, python: str):
    sql = "SELECT ID FROM EXTREMES WHERE I4 = ?"
    assert apart("pyd.select", port, sql, (1,), python=python) == [(4,)]
    assert apart("pyd.store", port, python=python) == [(1, "日本")]
    syntax, table = apart("pyd.failures", port, "SELEKT", "SELECT * FROM NOWHERE", python=python)
    assert "SQLCODE=-104 SQLSTATE=42601" in syntax and "SQLCODE=-204 SQLSTATE=42704" in table
