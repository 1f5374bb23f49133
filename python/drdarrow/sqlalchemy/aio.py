"""`drda+aio://` for create_async_engine: the same dialect over `drdarrow.aio`."""

from __future__ import annotations

import asyncio
from types import ModuleType
from typing import TYPE_CHECKING, Any

from sqlalchemy import pool
from sqlalchemy.connectors.asyncio import (
    AsyncAdapt_dbapi_connection,
    AsyncAdapt_dbapi_cursor,
    AsyncAdapt_dbapi_module,
    AsyncAdapt_dbapi_ss_cursor,
    AsyncAdapt_terminate,
)
from sqlalchemy.engine import URL
from sqlalchemy.util.concurrency import await_

from drdarrow.sqlalchemy.dialect import DrdaDialect

if TYPE_CHECKING:
    from sqlalchemy.engine.interfaces import DBAPIConnection, PoolProxiedConnection


class AsyncCursor(AsyncAdapt_dbapi_cursor):
    """A cursor whose rows are all fetched when its statement is executed."""

    __slots__ = ()


class AsyncStreamingCursor(AsyncAdapt_dbapi_ss_cursor):
    """A cursor whose rows are fetched as they are asked for: `AsyncConnection.stream`."""

    __slots__ = ()


class AsyncConnection(AsyncAdapt_terminate, AsyncAdapt_dbapi_connection):
    """The driver's connection, as one that waits in SQLAlchemy's greenlet."""

    __slots__ = ()

    _cursor_cls = AsyncCursor
    _ss_cursor_cls = AsyncStreamingCursor

    @property
    def autocommit(self) -> bool:
        return bool(self._connection.autocommit)

    @autocommit.setter
    def autocommit(self, value: bool) -> None:
        self._connection.autocommit = value

    async def _terminate_graceful_close(self) -> None:
        await asyncio.wait_for(self._connection.close(), timeout=2)

    def _terminate_force_close(self) -> None:
        """The driver closes a connection that nobody holds."""


class AsyncModule(AsyncAdapt_dbapi_module):
    """`drdarrow` with a `connect` for greenlets."""

    def __init__(self, driver: ModuleType, aio: ModuleType) -> None:
        super().__init__(driver, dbapi_module=driver)
        self._aio = aio
        self.paramstyle = driver.paramstyle
        for name in ("Warning", "Error", "InterfaceError", "DatabaseError", "DataError", "OperationalError",
                     "IntegrityError", "InternalError", "ProgrammingError", "NotSupportedError", "Binary"):  # fmt: skip
            setattr(self, name, getattr(driver, name))

    def connect(self, *arguments: Any, **settings: Any) -> AsyncConnection:
        made = settings.pop("async_creator_fn", self._aio.connect)
        return await_(AsyncConnection.create(self, made(*arguments, **settings)))


class AsyncDrdaDialect(DrdaDialect):
    """`drda+aio://`."""

    driver = "aio"
    is_async = True
    supports_statement_cache = True
    supports_server_side_cursors = True
    has_terminate = True

    @classmethod
    def import_dbapi(cls) -> Any:
        import drdarrow
        from drdarrow import aio

        return AsyncModule(drdarrow, aio)

    @classmethod
    def get_pool_class(cls, url: URL) -> type[pool.Pool]:
        return pool.AsyncAdaptedQueuePool

    def get_driver_connection(self, connection: DBAPIConnection | PoolProxiedConnection) -> Any:
        return connection._connection  # type: ignore[union-attr]

    def do_terminate(self, dbapi_connection: Any) -> None:
        dbapi_connection.terminate()


dialect = AsyncDrdaDialect
