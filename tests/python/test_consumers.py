"""Results in the hands of pyarrow, pandas, Polars and DuckDB: zero copies asked of the server, one query each."""

import datetime as dt
from decimal import Decimal

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.compute
import pyarrow.dataset
import pyarrow.parquet
import pytest
from conftest import ROWS, Lab
from derby import Truth
from peers import EXCSQLSTT, OPNQRY, Proxy

import drdarrow

SQL = "SELECT ID, N FROM INTS ORDER BY ID"
COUNT = 100_000


def with_duckdb(result) -> tuple:
    """DuckDB finds `result` by its name. Its relation is lazy and runs the query for every call made on it: one call."""
    return duckdb.sql("SELECT COUNT(*), SUM(ID), COUNT(N) FROM result").fetchall()[0]


def with_dataset(result, directory) -> tuple:
    pyarrow.dataset.write_dataset(result, directory, format="parquet")
    table = pyarrow.parquet.read_table(directory)
    return table.num_rows, pa.compute.sum(table["ID"]).as_py(), table.num_rows - table["N"].null_count


def with_polars(frame: pl.DataFrame | pl.Series) -> tuple:
    """`pl.from_arrow` makes a struct series of any stream but pyarrow's (Polars 2), `pl.DataFrame` a frame. A sum stays int32."""
    if isinstance(frame, pl.Series):
        frame = frame.struct.unnest()
    return frame.height, frame["ID"].cast(pl.Int64).sum(), frame.height - frame["N"].null_count()


def with_reader(result) -> tuple:
    with pa.RecordBatchReader.from_stream(result) as reader:
        table = reader.read_all()
    return table.num_rows, pa.compute.sum(table["ID"]).as_py(), table.num_rows - table["N"].null_count


CONSUMERS = {
    "pyarrow.table": lambda result, _: (
        lambda t: (t.num_rows, pa.compute.sum(t["ID"]).as_py(), t.num_rows - t["N"].null_count)
    )(pa.table(result)),
    "pyarrow reader": lambda result, _: with_reader(result),
    "pyarrow dataset": with_dataset,
    "pandas": lambda result, _: (lambda d: (len(d), int(d["ID"].sum()), int(d["N"].count())))(
        pd.DataFrame.from_arrow(result)
    ),
    "polars": lambda result, _: with_polars(pl.from_arrow(result)),
    "polars frame": lambda result, _: with_polars(pl.DataFrame(result)),
    "duckdb": lambda result, _: with_duckdb(result),
}


@pytest.mark.parametrize("consumer", list(CONSUMERS))
def test_each_consumer_asks_once(lab: Lab, proxy: Proxy, consumer: str, tmp_path) -> None:
    with lab.connect(proxy.port) as connection:
        proxy.forget()
        result = connection.execute(SQL).fetch_arrow()
        assert CONSUMERS[consumer](result, tmp_path) == (COUNT, 5_000_050_000, COUNT * 9 // 10)
        assert proxy.count(OPNQRY) == 1 and proxy.count(EXCSQLSTT) == 0
        assert result.rows_read == COUNT
        assert result.error is None


@pytest.mark.parametrize("consumer", list(CONSUMERS))
def test_each_consumer_takes_a_cursor_or_a_query(lab: Lab, proxy: Proxy, consumer: str, tmp_path) -> None:
    """DuckDB asks for the columns first, which runs nothing."""
    with lab.connect(proxy.port) as connection:
        query = connection.query("SELECT ID, N FROM INTS WHERE ID <= ? ORDER BY ID", (COUNT,))
        cases = ((connection.execute(SQL), 0), (query, 1), (query, 1))
        for n, (given, opens) in enumerate(cases):
            proxy.forget()
            assert CONSUMERS[consumer](given, tmp_path / str(n)) == (COUNT, 5_000_050_000, COUNT * 9 // 10)
            assert proxy.count(OPNQRY) == opens and proxy.count(EXCSQLSTT) == 0


@pytest.mark.parametrize(
    ("method", "kind"),
    [
        ("fetch_arrow_table", pa.Table),
        ("fetch_record_batch", pa.RecordBatchReader),
        ("fetch_df", pd.DataFrame),
        ("fetch_polars", pl.DataFrame),
    ],
)
def test_fetch_methods(cur: drdarrow.Cursor, method: str, kind: type) -> None:
    got = getattr(cur.execute(SQL), method)()
    assert isinstance(got, kind)
    if kind is pa.RecordBatchReader:
        got = got.read_all()
    assert len(got) == COUNT


def test_types_survive_in_polars_and_duckdb(cur: drdarrow.Cursor) -> None:
    columns = "C_DEC31_5, C_DATE, C_TIMESTAMP, C_BOOLEAN, C_VARCHAR, C_VARBIT"
    expected = (
        Decimal("12345678901234567890123456.78901"),
        dt.date(2024, 2, 29),
        dt.datetime(2024, 2, 29, 13, 45, 59, 123456),
        True,
        "hello",
        b"\xde\xad\xbe\xef",
    )
    sql = f"SELECT {columns} FROM ALLTYPES WHERE ID = 1"
    assert cur.execute(sql).fetch_polars().row(0) == expected
    result = cur.execute(sql).fetch_arrow()
    assert result is not None
    assert duckdb.sql("SELECT * FROM result").fetchall() == [expected]
    assert len(cur.execute(sql).fetch_df()) == 1


def test_the_schema_asks_for_no_rows(lab: Lab, proxy: Proxy) -> None:
    with lab.connect(proxy.port) as connection:
        stream = connection.execute(SQL).fetch_arrow()
        assert pa.schema(stream).names == ["ID", "N"]
        assert pa.schema(stream.schema).names == ["ID", "N"]
        assert stream.rows_read == 0
        assert proxy.count(OPNQRY) == 1
        assert "INTS" in stream._repr_html_() or "ID" in stream._repr_html_()
        assert stream.rows_read == 0
        assert pa.table(stream).num_rows == COUNT


def test_batches(cur: drdarrow.Cursor) -> None:
    rows = []
    for batch in cur.execute(SQL).fetch_arrow(batch_rows=7000):
        assert 0 < batch.num_rows <= 7000
        rows += pa.record_batch(batch).column(0).to_pylist()
    assert rows == list(range(1, COUNT + 1))
    sizes = [pa.record_batch(batch).nbytes for batch in cur.execute(SQL).fetch_arrow(batch_bytes=64 * 1024)]
    assert len(sizes) > 5 and max(sizes) <= 128 * 1024


def test_a_stream_is_read_once(cur: drdarrow.Cursor) -> None:
    stream = cur.execute(SQL).fetch_arrow()
    assert pa.table(stream).num_rows == COUNT
    with pytest.raises(drdarrow.InterfaceError):
        pa.table(stream)


def test_a_batch_outlives_everything(lab: Lab) -> None:
    connection = lab.connect()
    stream = connection.execute(SQL).fetch_arrow()
    first = pa.record_batch(next(iter(stream)))
    stream.close()
    connection.close()
    del stream, connection
    assert first.column(0)[0].as_py() == 1
    first.validate(full=True)


def test_leaving_a_loop_early(lab: Lab) -> None:
    with lab.connect() as connection:
        for batch in connection.execute("SELECT A.ID FROM INTS A, INTS B").fetch_arrow(batch_rows=100):
            assert batch.num_rows <= 100
            break
        with pytest.raises(ZeroDivisionError):
            for _ in connection.execute(SQL).fetch_arrow():
                raise ZeroDivisionError
        assert connection.execute("VALUES 1").fetchone() == (1,)


def test_requested_schema(cur: drdarrow.Cursor) -> None:
    """The protocol allows to ignore the wish; a consumer checks. What comes is valid either way."""
    wish = pa.schema([("ID", pa.int64()), ("N", pa.int64())]).__arrow_c_schema__()
    capsule = cur.execute(SQL).fetch_arrow().__arrow_c_stream__(requested_schema=wish)
    table = pa.RecordBatchReader._import_from_c_capsule(capsule).read_all()
    assert table.num_rows == COUNT
    table.validate(full=True)


@pytest.mark.timeout(300)
def test_a_million_rows_are_the_servers(lineitem: Lab, truth: Truth) -> None:
    """Sums, counts and extremes over all 16 columns, some across two (a column out of step with its row shows):
    Derby's against DuckDB's over our stream."""
    numbers = [
        f"L_{c}"
        for c in ("ORDERKEY", "PARTKEY", "SUPPKEY", "LINENUMBER", "QUANTITY", "EXTENDEDPRICE", "DISCOUNT", "TAX")
    ]
    texts = [f"L_{c}" for c in ("RETURNFLAG", "LINESTATUS", "SHIPINSTRUCT", "SHIPMODE", "COMMENT")]
    dates = [f"L_{c}" for c in ("SHIPDATE", "COMMITDATE", "RECEIPTDATE")]
    sums = [f"SUM(CAST({c} AS DECIMAL(20,2)))" for c in numbers]
    sums += [f"SUM(CAST(L_ORDERKEY AS BIGINT) * LENGTH({c}))" for c in texts]
    sums += [
        f"SUM(CASE WHEN {c} > '{middle}' THEN L_QUANTITY ELSE 0 END)"
        for c, middle in zip(
            texts + dates, ["N", "F", "NONE", "REG AIR", "f", "1995-01-01", "1995-01-01", "1995-01-01"], strict=True
        )
    ]
    sums += [f"{extreme}({c})" for extreme in ("MIN", "MAX") for c in texts + dates] + ["COUNT(*)"]
    _, ((*told,),) = truth.select(f"SELECT {', '.join(sums)} FROM LINEITEM")
    with lineitem.connect() as connection:
        result = connection.execute("SELECT * FROM LINEITEM").fetch_arrow()
        ours = duckdb.sql(f"SELECT {', '.join(sums)} FROM result").fetchall()[0]
    assert [str(value) for value in ours] == told
    assert result.rows_read == ROWS


MEMORY = """
    import sys
    import drdarrow
    def status(name):
        with open("/proc/self/status") as file:
            return next(int(line.split()[1]) * 1024 for line in file if line.startswith(name))
    with drdarrow.connect(sys.argv[1], timeout=15) as connection:
        for batch in connection.execute("SELECT ID, N FROM INTS").fetch_arrow():  # code and runtime are in memory now
            pass
        before = status("VmRSS")
        with open("/proc/self/clear_refs", "w") as file:
            file.write("5")  # the peak starts anew
        rows = 0
        for batch in connection.execute("SELECT * FROM LINEITEM").fetch_arrow(batch_rows=20_000):
            rows += batch.num_rows
        print(rows, status("VmHWM") - before)
"""


@pytest.mark.timeout(300)
def test_a_million_rows_in_flat_memory(lineitem: Lab, script) -> None:
    """Peak growth at most three batches and 16 MiB, of 180 MB in all."""
    with lineitem.connect() as connection:
        whole = connection.execute("SELECT * FROM LINEITEM").fetch_arrow(batch_rows=20_000, batch_delay=None)
        first = next(iter(whole))
        batch = pa.record_batch(first).nbytes
    rows, growth = map(int, script(MEMORY, lineitem.uri()).line().split())
    assert rows == ROWS
    assert growth <= 3 * batch + (16 << 20), f"grew by {growth >> 20} MiB; a batch is {batch >> 20} MiB"
