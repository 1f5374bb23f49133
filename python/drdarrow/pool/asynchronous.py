"""The pool of tasks."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, Self, final

from drdarrow import _core
from drdarrow.exceptions import Error, InterfaceError
from drdarrow.pool.core import PoolCore, Slot, Ticket
from drdarrow.pool.rules import PoolTimeout, Reset, Rules, may_pass

__all__ = ["AsyncConnectionPool"]

#: The answer of a connection that is checked is waited for so long, in seconds.
_PING = 5.0
#: A server that does not roll back within so many seconds does it when the connection ends.
_UNDO = 30.0
#: A server has this long to answer, however late it is, in seconds.
_LEAST = 0.05


@final
class AsyncConnectionPool:
    """Connections for the tasks of an event loop, kept and used again. Those who wait get one in the order in which
    they came. Arguments as for `drdarrow.pool.ConnectionPool`; `configure` is a coroutine function, and so may be a
    function given as `reset`.

    `async with pool.connection() as connection:` commits at the end of the block, or rolls back when an exception
    leaves it, and gives the connection back. It belongs to the first event loop that uses it.
    """

    def __init__(
        self,
        uri: str | None = None,
        /,
        *,
        settings: Mapping[str, Any] | None = None,
        min_size: int = 0,
        max_size: int | None = None,
        max_idle: float = 600.0,
        max_lifetime: float = 3600.0,
        timeout: float = 30.0,
        check: float | None = 30.0,
        reset: Reset = "traces",
        configure: Callable[[_core.AsyncConnection], Awaitable[object]] | None = None,
        name: str | None = None,
        max_waiting: int = 0,
    ) -> None:
        rules = Rules.of(
            min_size,
            max_size,
            max_idle,
            max_lifetime,
            timeout,
            check,
            reset,
            name,
            max_waiting,
            configure=configure,
            settings=settings,
        )
        self._uri, self._settings, self._configure = uri, dict(settings or {}), configure
        self._core: PoolCore[_core.AsyncConnection] = PoolCore(rules)
        self._core.is_open = True
        self._home: tuple[int, asyncio.AbstractEventLoop] | None = None

    @property
    def name(self) -> str:
        """Its name, str."""
        return self._core.rules.name

    @property
    def closed(self) -> bool:
        """Closed by `close()`, bool."""
        return not self._core.is_open

    async def open(self) -> None:
        """Opens it again after `close()`."""
        self._core.is_open = True

    async def wait(self, timeout: float | None = None) -> None:
        """Waits until `min_size` connections are there; see `drdarrow.pool.ConnectionPool.wait`."""
        self._at_home()
        deadline = self._core.rules.deadline(timeout)
        while self._core.wants_more():
            left = deadline - time.monotonic()
            try:
                connection = await self._connect(left)
            except BaseException as e:
                self._core.not_made(None, e, again=False)
                if not isinstance(e, Exception) or not may_pass(e):
                    raise
                if time.monotonic() + 0.1 >= deadline:
                    text = f"{self.name}: min_size connections were not there in time: {e}"
                    raise PoolTimeout(text, sqlstate="57033", retryable=True) from e
                await asyncio.sleep(0.1)
                continue
            await self._keep(self._core.made(None, connection))

    async def getconn(self, timeout: float | None = None) -> _core.AsyncConnection:
        """A connection, to be given back by `putconn()`; see `drdarrow.pool.ConnectionPool.getconn`."""
        self._at_home()
        await self._sweep()
        woken = asyncio.Event()
        ticket = self._core.ask(woken.set, self._core.rules.deadline(timeout))
        try:
            while True:
                woken.clear()
                step = self._core.step(ticket)
                if isinstance(step, float):
                    await _until(woken, step)
                elif step is None:
                    if (made := await self._make(ticket)) is not None:
                        return made.connection
                elif await self._is_good(step, ticket.deadline):
                    return step.connection
                else:
                    self._core.lose(step, ticket)
                    await self._close(step.connection)
        except BaseException:
            if (slot := self._core.leave(ticket)) is not None:
                await self._keep(slot)
            raise

    async def putconn(self, connection: _core.AsyncConnection, /) -> None:
        """Gives a connection back. What was not committed is undone. Raises InterfaceError for one of others."""
        slot = self._core.slot_of(connection)
        try:
            cleaned = await self._clean(slot)
        except BaseException as e:
            self._core.lose(slot)
            await self._close(connection)
            if isinstance(e, Error):
                return
            raise
        if cleaned:
            await self._keep(slot)
        else:
            self._core.lose(slot)
            await self._close(connection)

    @asynccontextmanager
    async def connection(self, timeout: float | None = None) -> AsyncIterator[_core.AsyncConnection]:
        """A connection for a block: committed at its end, rolled back when an exception leaves it, and given back."""
        connection = await self.getconn(timeout)
        try:
            yield connection
            # In autocommit as well: a query that changes rows is committed when its result ends.
            if not (connection.autocommit and connection.closed):
                await connection.commit()
        finally:
            await self.putconn(connection)

    async def close(self) -> None:
        """Closes the connections that are idle, and those in use when they come back. Those who wait get
        InterfaceError. May be called again."""
        for connection in self._core.shut():
            await self._close(connection)

    def get_stats(self) -> dict[str, Any]:
        """Its numbers; see `drdarrow.pool.ConnectionPool.get_stats`."""
        return self._core.stats()

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    def __repr__(self) -> str:
        numbers = self._core.stats()
        state = "closed" if self.closed else f"{numbers['in_use']} of {numbers['size']} in use"
        return f"<drdarrow.pool.AsyncConnectionPool {self.name} {state}>"

    def _at_home(self) -> None:
        """Whoever waits in one event loop cannot be woken from another."""
        here = (os.getpid(), asyncio.get_running_loop())
        if self._home is None or self._home[0] != here[0] or self._home[1].is_closed():
            self._home = here
        if self._home[1] is not here[1]:
            raise InterfaceError(f"{self.name}: the pool belongs to another event loop")

    async def _make(self, ticket: Ticket[_core.AsyncConnection]) -> Slot[_core.AsyncConnection] | None:
        """A new connection; None where it could not be made and may be later."""
        try:
            return self._core.made(ticket, await self._connect(ticket.deadline - time.monotonic()))
        except BaseException as e:
            again = isinstance(e, Exception) and may_pass(e)
            self._core.not_made(ticket, e, again)
            if not again:
                raise
            return None

    async def _connect(self, left: float) -> _core.AsyncConnection:
        # The time of the settings is that of later logins: after a reset, or a loss.
        connection = await _core.connect_async(self._uri, **{**self._settings, "_within": max(left, _LEAST)})
        return await self._configured(connection)

    async def _configured(self, connection: _core.AsyncConnection) -> _core.AsyncConnection:
        if self._configure is not None:
            try:
                await self._configure(connection)
                await connection.rollback()
            except BaseException:
                await self._close(connection)
                raise
        return connection

    async def _is_good(self, slot: Slot[_core.AsyncConnection], deadline: float) -> bool:
        if slot.connection.closed or self._core.is_old(slot):
            return False
        if self._core.is_doubtful(slot):
            try:
                await slot.connection.ping(timeout=min(_PING, max(deadline - time.monotonic(), _LEAST)))
            except Error:
                return False
            except BaseException:
                self._core.lose(slot)
                await self._close(slot.connection)
                raise
        return True

    async def _clean(self, slot: Slot[_core.AsyncConnection]) -> bool:
        """Leaves nothing of who had it; False where it is of no use any more."""
        connection, rules = slot.connection, self._core.rules
        if connection.closed:
            return False
        if rules.resets(connection._touched):
            await connection.reset()
            self._core.count("resets")
            await self._configured(connection)
        else:
            connection.autocommit = False
            await connection._rollback_within(_UNDO)
        slot.restore()
        if callable(rules.reset):
            answer = rules.reset(connection)
            if isinstance(answer, Awaitable):
                await answer
            if not connection.closed:
                await connection._rollback_within(_UNDO)
        return not connection.closed

    async def _keep(self, slot: Slot[_core.AsyncConnection]) -> None:
        if not self._core.keep(slot):
            await self._close(slot.connection)

    async def _sweep(self) -> None:
        if (connection := self._core.expired()) is not None:
            await self._close(connection)

    @staticmethod
    async def _close(connection: _core.AsyncConnection) -> None:
        try:
            await connection.close()
        except Error:
            # It is gone as well.
            pass


async def _until(woken: asyncio.Event, moment: float) -> None:
    """Waits to be woken, up to a moment."""
    try:
        async with asyncio.timeout(max(moment - time.monotonic(), 0.0)):
            await woken.wait()
    except TimeoutError:
        pass
