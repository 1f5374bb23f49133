"""The classes and functions of `drdarrow` for asyncio.

    from drdarrow import aio

    async with aio.connect("drda://app@localhost:1527/sample", password="secret") as connection:
        cursor = await connection.execute("SELECT * FROM orders")
        async for batch in cursor.fetch_arrow():
            ...

While a coroutine waits for the server the event loop goes on; decoding runs in other threads. Cancelling a task ends
its wait at once. Rows that a cancelled fetch had received are kept for the next fetch. The outcome of a cancelled
commit is unknown.
"""

from drdarrow._core import AsyncArrowStream, AsyncConnection, AsyncCursor, AsyncFile, AsyncFileConnection, AsyncQuery
from drdarrow._core import connect_async as connect
from drdarrow._core import connect_files_async as connect_files
from drdarrow._core import open_file_async as open_file
from drdarrow._core import open_partition_async as open_partition
from drdarrow.copying import copy_async as copy
from drdarrow.probing import probe_async as probe
from drdarrow.retrying import retry_async as retry
from drdarrow.tpc.distributed import distributed_async as distributed

__all__ = [
    "AsyncArrowStream",
    "AsyncConnection",
    "AsyncCursor",
    "AsyncFile",
    "AsyncFileConnection",
    "AsyncQuery",
    "connect",
    "connect_files",
    "copy",
    "distributed",
    "open_file",
    "open_partition",
    "probe",
    "retry",
]
