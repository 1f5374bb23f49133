"""`drdarrow ingest`, run as its users run it: the table is the judge."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.csv as csv
import pyarrow.parquet as pq
import pytest

from drdarrow import server

COMMAND = [sys.executable, "-m", "drdarrow", "ingest"]
ROWS = pa.table({"ID": pa.array([1, 2, 3], pa.int64()), "NAME": ["Zoë", None, "x"], "PRICE": [1.5, 0.25, None]})


@pytest.fixture(scope="module")
def srv() -> Iterator[server.Server]:
    with server.serve(duckdb.connect()) as made:
        yield made


def run(*arguments: object, code: int = 0, stdin: bytes | None = None) -> str:
    """The output of the command; it has to end with this code."""
    done = subprocess.run(
        [*COMMAND, *map(str, arguments)],
        capture_output=True,
        timeout=50,
        input=stdin if stdin is not None else b"",
        env={**os.environ, "COLUMNS": "200", "NO_COLOR": "1"},
    )
    out = (done.stdout + done.stderr).decode()
    assert done.returncode == code, out
    return out


def rows(srv: server.Server, table: str) -> list[tuple]:
    with srv.connect() as connection:
        return connection.execute(f"SELECT * FROM {table} ORDER BY 1").fetchall()


def written(form: str) -> bytes:
    sink = pa.BufferOutputStream()
    if form == "parquet":
        pq.write_table(ROWS, sink)
    elif form == "csv":
        csv.write_csv(ROWS, sink)
    else:
        new = pa.ipc.new_file if form == "file" else pa.ipc.new_stream
        with new(sink, ROWS.schema) as writer:
            writer.write_table(ROWS)
    return sink.getvalue().to_pybytes()


#: Ends of names by the form of the rows.
FORMS = {"parquet": ".parquet", "csv": ".csv", "file": ".arrow", "stream": ".arrows"}


@pytest.mark.parametrize("form", FORMS)
def test_a_file_goes_into_a_table_of_its_name(srv: server.Server, tmp_path: Path, form: str) -> None:
    file = tmp_path / f"orders of {form}{FORMS[form]}"
    file.write_bytes(written(form))
    out = run(srv.uri, file, "--mode", "create", "--type", "NAME=VARCHAR(40)")
    assert f"ORDERS_OF_{form.upper()}: 3 rows" in out
    # An empty cell of CSV is an empty text.
    missing = "" if form == "csv" else None
    assert rows(srv, f"ORDERS_OF_{form.upper()}") == [(1, "Zoë", 1.5), (2, missing, 0.25), (3, "x", None)]


@pytest.mark.parametrize("form", FORMS)
def test_the_standard_input_tells_what_it_is(srv: server.Server, form: str) -> None:
    run(srv.uri, "-", f"piped_{form}", "--mode", "create", stdin=written(form))
    assert [row[0] for row in rows(srv, f"PIPED_{form}")] == [1, 2, 3]


def test_rows_that_are_left_out_go_into_a_file(srv: server.Server, tmp_path: Path) -> None:
    with srv.connect(autocommit=True) as connection:
        connection.execute("CREATE TABLE K (ID INTEGER NOT NULL PRIMARY KEY, NAME VARCHAR(5))")
    file, bad = tmp_path / "k.parquet", tmp_path / "bad.parquet"
    names = pa.array(["a", "b", "far too long", "d"])
    pq.write_table(pa.table({"ID": pa.array([1, 1, 2, 3], pa.int32()), "NAME": names}), file)
    out = run(srv.uri, file, code=1)
    assert "row 2" in out and "no row of the call is kept" in out and "Traceback" not in out
    assert rows(srv, "K") == []
    out = run(srv.uri, file, "--on-error", "skip", "--max-skipped", 1, code=1)
    assert "more than 1 rows were refused" in out and rows(srv, "K") == []
    out = run(srv.uri, file, "--on-error", "skip", "--skipped", bad, code=3)
    assert "2 rows were left out" in out and "K: 2 rows" in out
    assert rows(srv, "K") == [(1, "a"), (3, "d")]
    left = pq.read_table(bad).to_pylist()
    assert [(row["ID"], row["error_row"], row["error_sqlstate"]) for row in left] == [(1, 2, "23505"), (2, 3, "22001")]
    assert left[1]["error_column"] == "NAME"


def test_what_is_wrong_is_said_in_a_line(srv: server.Server, tmp_path: Path) -> None:
    torn, other, text = tmp_path / "torn.parquet", tmp_path / "x.xlsx", tmp_path / "t.csv"
    torn.write_bytes(written("parquet")[:-9])
    other.write_bytes(b"PK")
    text.write_text("A\n1\nx\n")
    for arguments, words in (
        ([tmp_path / "none.parquet"], "No such file"),
        ([torn], "torn.parquet"),
        ([other], "--format says what it is"),
        (["-"], "give the table's"),
        ([text, "NOWHERE"], "there is no table"),
        ([text, "T", "--skipped", "x.csv"], "--on-error skip"),
        ([text, "T", "--mode", "create", "--type", "A"], "expected COLUMN=TYPE"),
        ([text, "T", "--delimiter", "ab"], "one character"),
    ):
        out = run(srv.uri, *arguments, code=1)
        assert words in out and "Traceback" not in out, out
        assert len(out.strip().splitlines()) == 1, out
    out = run("drda://127.0.0.1:1/X", text, "T", code=1)
    assert "127.0.0.1:1" in out


def test_a_row_that_is_no_number_keeps_none(srv: server.Server) -> None:
    """The reader of CSV finds it far behind the rows from which it took the types."""
    text = b"A\n" + b"1\n" * 800_000 + b"x\n"
    with srv.connect(autocommit=True) as connection:
        connection.execute("CREATE TABLE NUMBERS (A BIGINT)")
    out = run(srv.uri, "-", "numbers", stdin=text, code=1)
    assert "CSV conversion error" in out and "no row of the call is kept" in out, out
    assert rows(srv, "NUMBERS") == []
