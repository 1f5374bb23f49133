"""The main job, from an empty machine: a DRDA server, rows in it, and the rows as Arrow, Parquet and Polars.

Run it with `make demo`. The server is Apache Derby, a product that this project did not write.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

import drdarrow

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "python"))
from derby import Derby

ROWS = 300_000
QUERY = "SELECT * FROM LINEITEM"
console = Console()


def stream(uri: str) -> float:
    """Reads the table batch by batch and shows the progress. Returns the seconds it took."""
    columns = (TextColumn("streaming"), BarColumn(), MofNCompleteColumn(), TextColumn("rows"), TimeElapsedColumn())
    with drdarrow.connect(uri) as connection, Progress(*columns, console=console) as progress:
        task = progress.add_task("rows", total=ROWS)
        start = time.perf_counter()
        for batch in connection.execute(QUERY).fetch_arrow():
            progress.advance(task, batch.num_rows)
        return time.perf_counter() - start


def show(frame: pl.DataFrame) -> None:
    """A few rows and columns as a table."""
    table = Table(title=f"{frame.height:,} rows, {frame.width} columns; the first five of each")
    for name in frame.columns[:5]:
        table.add_column(name)
    for row in frame.head(5).iter_rows():
        table.add_row(*(str(value) for value in row[:5]))
    console.print(table)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, Derby() as derby:
        with console.status("starting Apache Derby and loading rows"):
            derby.start()
            derby.load("DEMO", "LINEITEM", ROWS)
        uri = derby.uri("DEMO")
        seconds = stream(uri)
        console.print(f"{ROWS / seconds:,.0f} rows/s (Derby, not the client, is the limit)")

        with drdarrow.connect(uri) as connection:
            parquet = Path(folder) / "lineitem"
            result = connection.execute(QUERY).fetch_arrow()
            ds.write_dataset(pa.RecordBatchReader.from_stream(result), parquet, format="parquet")
            size = sum(f.stat().st_size for f in parquet.iterdir())
            console.print(f"Parquet: {size / 1e6:.1f} MB, {ds.dataset(parquet).count_rows():,} rows")

            frame = pl.DataFrame(connection.execute(QUERY).fetch_arrow())
        show(frame)


if __name__ == "__main__":
    main()
