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
        connection.execute("CREATE TABLE K (ID INTEGER NOT NULL PRIMARY KEY, NAME VARCHAR(5) NOT NULL)")
    file, bad = tmp_path / "k.parquet", tmp_path / "bad.parquet"
    names = pa.array(["a", "b", "far too long", None, "d"])
    pq.write_table(pa.table({"ID": pa.array([1, 1, 2, 4, 3], pa.int32()), "NAME": names}), file)
    out = run(srv.uri, file, code=1)
    assert "row 2" in out and "no row of the call is kept" in out and "Traceback" not in out
    assert rows(srv, "K") == []
    out = run(srv.uri, file, "--on-error", "skip", "--max-skipped", 1, code=1)
    assert "more than 1 rows were refused" in out and rows(srv, "K") == []
    out = run(srv.uri, file, "--on-error", "skip", "--skipped", bad, code=3)
    assert "3 rows were left out" in out and "K: 2 rows" in out
    assert rows(srv, "K") == [(1, "a"), (3, "d")]
    left = pq.read_table(bad).to_pylist()
    told = [(row["ID"], row["error_row"], row["error_sqlstate"], row["error_column"]) for row in left]
    # Db2 for LUW names the text that is too long, not its column.
    assert told == [(1, 2, "23505", None), (2, 3, "22001", None), (4, 4, "23502", "NAME")]
