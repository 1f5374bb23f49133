"""Runs queries beside each other with asyncio, a connection each.

    python examples/concurrent_queries.py

An embedded server answers; put the URI of your own in its place.
"""

import asyncio

import pyarrow as pa

from drdarrow import aio, server

ORDERS = pa.table({"ID": range(1, 1001), "REGION": ["North", "South"] * 500})


async def count(uri: str, region: str) -> int:
    """Rows of a region, counted as their batches arrive."""
    async with aio.connect(uri) as connection:
        cursor = await connection.execute("SELECT ID FROM ORDERS WHERE REGION = ?", (region,))
        rows = 0
        async for batch in cursor.fetch_arrow(batch_rows=100):
            rows += batch.num_rows
        return rows


async def main() -> None:
    async with server.serve(tables={"ORDERS": ORDERS}) as srv:
        regions = ["North", "South"]
        counts = await asyncio.gather(*(count(srv.uri, region) for region in regions))
        print(dict(zip(regions, counts, strict=True)))


if __name__ == "__main__":
    asyncio.run(main())
