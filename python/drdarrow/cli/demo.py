"""`drdarrow demo`: the main job on one machine. A server with sample data; its rows as Arrow, Parquet and Polars."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from rich.console import Console

import drdarrow.server
from drdarrow.cli.query import save, show, watching
from drdarrow.cli.serve import engine
from drdarrow.cli.writing import writer

console = Console()
QUERY = "SELECT * FROM LINEITEM"
SAMPLE = """
    CREATE TABLE LINEITEM AS SELECT
        (i / 4)::INTEGER AS ORDERKEY,
        (hash(i) % 200_000)::INTEGER AS PARTKEY,
        (hash(i + 1) % 10_000)::INTEGER AS SUPPKEY,
        (i % 4 + 1)::INTEGER AS LINENUMBER,
        (hash(i) % 50 + 1)::DECIMAL(12, 2) AS QUANTITY,
        ((hash(i) % 9_500_000) / 100)::DECIMAL(12, 2) AS PRICE,
        ((i % 11) / 100)::DECIMAL(12, 2) AS DISCOUNT,
        ((i % 9) / 100)::DECIMAL(12, 2) AS TAX,
        DATE '2019-01-01' + (i % 2_557)::INTEGER AS SHIPPED,
        DATE '2019-02-01' + (i % 2_526)::INTEGER AS PROMISED,
        CASE WHEN i % 13 > 0 THEN DATE '2019-01-08' + (i % 2_550)::INTEGER END AS RECEIVED,
        ['R', 'A', 'N'][i % 3 + 1] AS RETURNED,
        ['DELIVER IN PERSON', 'COLLECT', 'NONE', 'TAKE BACK'][i % 4 + 1] AS INSTRUCTIONS,
        ['TRUCK', 'MAIL', 'SHIP', 'AIR', 'RAIL'][i % 5 + 1] AS MODE,
        'order line number ' || i AS REMARK
    FROM range({rows}) t(i)
"""


def run(rows: int, persona: drdarrow.server.Persona) -> None:
    """Serves `rows` sample rows as the product `persona` would, and reads them back. Needs the extra `server`, pyarrow
    and Polars."""
    write = writer(Path("x.parquet"))
    source = engine().connect()
    source.execute(SAMPLE.format(rows=rows))
    with drdarrow.server.serve(source, persona=persona) as server, tempfile.TemporaryDirectory() as folder:
        console.print(f"serving {rows:,} rows as {persona} on {server.uri}")
        with drdarrow.connect(server.uri) as connection:
            with watching("streaming to Arrow", rows) as advance:
                start, seen = time.perf_counter(), 0
                for batch in connection.execute(QUERY).fetch_arrow():
                    seen += batch.num_rows
                    advance(batch.num_rows)
            seconds = time.perf_counter() - start
            console.print(f"Arrow: {seen:,} rows in {seconds:.2f} s, {seen / seconds:,.0f} rows/s")
            save(connection.execute(QUERY).fetch_arrow(), Path(folder) / "lineitem.parquet", write)
            yearly = connection.execute(
                "SELECT YEAR(SHIPPED) AS YEAR, MODE, COUNT(*) AS LINES, SUM(PRICE * (1 - DISCOUNT)) AS REVENUE "
                "FROM LINEITEM GROUP BY YEAR(SHIPPED), MODE ORDER BY REVENUE DESC FETCH FIRST 8 ROWS ONLY"
            )
            frame = yearly.fetch_polars()
            show(frame.columns, frame.rows())
