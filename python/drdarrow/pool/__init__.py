"""Connections that are kept and used again, by threads or by tasks of asyncio.

    from drdarrow.pool import ConnectionPool

    with ConnectionPool("drda://app@db.example/SAMPLE", max_size=8) as pool:
        with pool.connection() as connection:
            connection.execute("UPDATE orders SET state = 'PAID' WHERE id = ?", (7,))

A pool has no thread of its own: whoever asks for a connection does what is to be done.
"""

from drdarrow.pool.asynchronous import AsyncConnectionPool
from drdarrow.pool.rules import PoolFull, PoolTimeout
from drdarrow.pool.synchronous import ConnectionPool

__all__ = ["AsyncConnectionPool", "ConnectionPool", "PoolFull", "PoolTimeout"]
