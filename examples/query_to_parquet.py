"""Streams the result of a query into a Parquet file, batch by batch.

    python examples/query_to_parquet.py [URI [QUERY [FILE]]]

Without a URI it asks an embedded server with a small table.
"""

import os
import sys
from contextlib import ExitStack

import pyarrow as pa
import pyarrow.parquet as pq

import drdarrow
from drdarrow import server

ORDERS = pa.table({"ID": range(1, 1001), "AMOUNT": [n * 2.5 for n in range(1000)]})


def export(uri: str, query: str, file: str) -> int:
    """Writes the rows of a query; returns how many there are."""
    password = os.environ.get("DRDARROW_PASSWORD")
    with drdarrow.connect(uri, password=password) as connection:
        reader = connection.execute(query).fetch_record_batch()
        with pq.ParquetWriter(file, reader.schema) as writer:
            rows = 0
            for batch in reader:
                writer.write_batch(batch)
                rows += batch.num_rows
    return rows


def main(uri: str = "", query: str = "SELECT * FROM ORDERS WHERE AMOUNT > 100", file: str = "orders.parquet") -> None:
    with ExitStack() as running:
        if not uri:
            uri = running.enter_context(server.serve(tables={"ORDERS": ORDERS})).uri
        print(f"{export(uri, query, file)} rows in {file}")


if __name__ == "__main__":
    main(*sys.argv[1:])
