"""The pool of threads."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self, final

from drdarrow import _core
from drdarrow.exceptions import Error
from drdarrow.pool.core import PoolCore, Slot, Ticket
from drdarrow.pool.rules import PoolTimeout, Reset, Rules, may_pass

__all__ = ["ConnectionPool"]

#: The answer of a connection that is checked is waited for so long, in seconds.
_PING = 5.0
#: A server that does not roll back within so many seconds does it when the connection ends.
_UNDO = 30.0
#: A server has this long to answer, however late it is, in seconds.
_LEAST = 0.05


@final
class ConnectionPool:
    """Connections for threads, kept and used again. Those who wait get one in the order in which they came.

    `with pool.connection() as connection:` commits at the end of the block, or rolls back when an exception leaves it,
    and gives the connection back. A process that was forked makes connections of its own.

    Args:
        uri, settings: as for `drdarrow.connect`; settings as a mapping.
        min_size: connections that `wait()` makes and that idleness does not end, int.
        max_size: connections at a time, int; None: 4, or min_size.
        max_idle: seconds that a connection beyond min_size may be idle.
        max_lifetime: seconds that a connection is kept, up to a tenth less.
        timeout: seconds to wait for a connection.
        check: seconds that a connection may have been idle without being asked (`ping()`) before it is handed out; 0
            always asks, None never.
        reset: what is done with a connection that comes back, beside a rollback: "traces" resets it (`reset()`) when a
            statement ran that may have left something in the session, anything but queries and changes of rows;
            "always" resets it; "rollback" does no more; or a function of the connection.
        configure: a function that is called with each connection that was made or reset.
        name: for errors and numbers, str.
        max_waiting: threads that may wait, int; one more gets PoolFull; 0: any number.

    Raises InterfaceError for arguments that cannot be meant. Nothing is connected before it is needed.
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
        configure: Callable[[_core.Connection], object] | None = None,
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
        self._core: PoolCore[_core.Connection] = PoolCore(rules)
        self._core.is_open = True

    @property
    def name(self) -> str:
        """Its name, str."""
        return self._core.rules.name

    @property
    def closed(self) -> bool:
        """Closed by `close()`, bool."""
        return not self._core.is_open

    def open(self) -> None:
        """Opens it again after `close()`."""
        self._core.is_open = True

    def wait(self, timeout: float | None = None) -> None:
        """Waits until `min_size` connections are there, `timeout` seconds, those of the pool unless given.

        Raises PoolTimeout when they are not in time, and the error of a login that is refused."""
        deadline = self._core.rules.deadline(timeout)
        while self._core.wants_more():
            left = deadline - time.monotonic()
            try:
                connection = self._connect(left)
            except BaseException as e:
                self._core.not_made(None, e, again=False)
                if not isinstance(e, Exception) or not may_pass(e):
                    raise
                if time.monotonic() + 0.1 >= deadline:
                    text = f"{self.name}: min_size connections were not there in time: {e}"
                    raise PoolTimeout(text, sqlstate="57033", retryable=True) from e
                time.sleep(0.1)
                continue
            self._keep(self._core.made(None, connection))

    def getconn(self, timeout: float | None = None) -> _core.Connection:
        """A connection, to be given back by `putconn()`. `timeout` are seconds, those of the pool unless given.

        Raises PoolTimeout when none is free in time, PoolFull when too many wait, InterfaceError when the pool is
        closed, and the error of a login that is refused."""
        self._sweep()
        woken = threading.Event()
        ticket = self._core.ask(woken.set, self._core.rules.deadline(timeout))
        try:
            while True:
                woken.clear()
                step = self._core.step(ticket)
                if isinstance(step, float):
                    woken.wait(min(max(step - time.monotonic(), 0.0), threading.TIMEOUT_MAX))
                elif step is None:
                    if (made := self._make(ticket)) is not None:
                        return made.connection
                elif self._is_good(step, ticket.deadline):
                    return step.connection
                else:
                    self._core.lose(step, ticket)
                    self._close(step.connection)
        except BaseException:
            if (slot := self._core.leave(ticket)) is not None:
                self._keep(slot)
            raise

    def putconn(self, connection: _core.Connection, /) -> None:
        """Gives a connection back. What was not committed is undone. Raises InterfaceError for one of others."""
        slot = self._core.slot_of(connection)
        try:
            cleaned = self._clean(slot)
        except BaseException as e:
            self._core.lose(slot)
            self._close(connection)
            if isinstance(e, Error):
                return
            raise
        if cleaned:
            self._keep(slot)
        else:
            self._core.lose(slot)
            self._close(connection)

    @contextmanager
    def connection(self, timeout: float | None = None) -> Iterator[_core.Connection]:
        """A connection for a block: committed at its end, rolled back when an exception leaves it, and given back."""
        connection = self.getconn(timeout)
        try:
            yield connection
            # In autocommit as well: a query that changes rows is committed when its result ends.
            if not (connection.autocommit and connection.closed):
                connection.commit()
        finally:
            self.putconn(connection)

    def close(self) -> None:
        """Closes the connections that are idle, and those in use when they come back. Those who wait get
        InterfaceError. May be called again."""
        for connection in self._core.shut():
            self._close(connection)

    def get_stats(self) -> dict[str, Any]:
        """Its numbers: dict with name, min_size, max_size, size, idle, in_use, waiting, and since it was made:
        requests, requests_waited, requests_failed, made, failed, lost, expired, resets, waited_seconds."""
        return self._core.stats()

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        numbers = self._core.stats()
        state = "closed" if self.closed else f"{numbers['in_use']} of {numbers['size']} in use"
        return f"<drdarrow.pool.ConnectionPool {self.name} {state}>"

    def _make(self, ticket: Ticket[_core.Connection]) -> Slot[_core.Connection] | None:
        """A new connection; None where it could not be made and may be later."""
        try:
            return self._core.made(ticket, self._connect(ticket.deadline - time.monotonic()))
        except BaseException as e:
            again = isinstance(e, Exception) and may_pass(e)
            self._core.not_made(ticket, e, again)
            if not again:
                raise
            return None

    def _connect(self, left: float) -> _core.Connection:
        # The time of the settings is that of later logins: after a reset, or a loss.
        connection = _core.connect(self._uri, **{**self._settings, "_within": max(left, _LEAST)})
        return self._configured(connection)

    def _configured(self, connection: _core.Connection) -> _core.Connection:
        if self._configure is not None:
            try:
                self._configure(connection)
                connection.rollback()
            except BaseException:
                self._close(connection)
                raise
        return connection

    def _is_good(self, slot: Slot[_core.Connection], deadline: float) -> bool:
        if slot.connection.closed or self._core.is_old(slot):
            return False
        if self._core.is_doubtful(slot):
            try:
                slot.connection.ping(timeout=min(_PING, max(deadline - time.monotonic(), _LEAST)))
            except Error:
                return False
            except BaseException:
                self._core.lose(slot)
                self._close(slot.connection)
                raise
        return True

    def _clean(self, slot: Slot[_core.Connection]) -> bool:
        """Leaves nothing of who had it; False where it is of no use any more."""
        connection, rules = slot.connection, self._core.rules
        if connection.closed:
            return False
        if rules.resets(connection._touched):
            connection.reset()
            self._core.count("resets")
            self._configured(connection)
        else:
            connection.autocommit = False
            connection._rollback_within(_UNDO)
        slot.restore()
        if callable(rules.reset):
            rules.reset(connection)
            if not connection.closed:
                connection._rollback_within(_UNDO)
        return not connection.closed

    def _keep(self, slot: Slot[_core.Connection]) -> None:
        if not self._core.keep(slot):
            self._close(slot.connection)

    def _sweep(self) -> None:
        if (connection := self._core.expired()) is not None:
            self._close(connection)

    @staticmethod
    def _close(connection: _core.Connection) -> None:
        try:
            connection.close()
        except Error:
            # It is gone as well.
            pass
