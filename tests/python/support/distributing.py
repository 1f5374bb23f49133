"""Databases that take part in distributed transactions, and a coordinator that goes step by step."""

from __future__ import annotations

import contextlib
import itertools
import sqlite3
from collections.abc import Callable, Iterator
from typing import Any

from cutting import Cutting

import drdarrow
from drdarrow.tpc.coordinator import Coordinator
from drdarrow.tpc.log import Log
from drdarrow.tpc.steps import Aside, Steps

_numbers = itertools.count(1)


class Crash(BaseException):
    """The process of a coordinator is gone: nothing is done any more."""


class Place:
    """A database, a table there, and a proxy in front of it."""

    def __init__(self, port: int, uri: Callable[[int], str], chains: bool, **settings: Any) -> None:
        self.port, self.uri = port, uri
        self.table = f"D{next(_numbers)}"
        self.proxy = Cutting(port, chains)
        self._through: drdarrow.Connection | None = None
        with drdarrow.connect(uri(port), two_phase=True, **settings) as connection:
            connection.execute(f"CREATE TABLE {self.table} (A INTEGER NOT NULL PRIMARY KEY)")
        self.direct = drdarrow.connect(uri(port), two_phase=True, autocommit=True, timeout=20, statement_timeout=40)

    def through(self) -> drdarrow.Connection:
        """A connection by way of the proxy; the same as long as it lives."""
        if self._through is None or self._through.closed:
            uri = self.uri(self.proxy.port)
            self._through = drdarrow.connect(uri, two_phase=True, timeout=20, statement_timeout=40)
        return self._through

    def insert(self, connection: drdarrow.Connection, value: int) -> None:
        connection.execute(f"INSERT INTO {self.table} VALUES (?)", (value,))

    def has(self, value: int) -> bool:
        found = self.direct.execute(f"SELECT A FROM {self.table} WHERE A = ?", (value,)).fetchall()
        return found == [(value,)]

    def gone(self) -> None:
        """The connections by way of the proxy are cut off."""
        self.proxy.cut()
        if self._through is not None:
            self._through.close()
        self._through = None
        self.proxy.arm()

    def close(self) -> None:
        self.gone()
        self.direct.close()
        self.proxy.close()


def left(places: list[Place], log: Log) -> list[Any]:
    """The branches of a log that wait."""
    return [xid for place in places for xid in place.direct.tpc_recover() if log.has(xid)]


def orphan(coordinator: Coordinator) -> None:
    """The process of a coordinator is gone."""
    with contextlib.closing(sqlite3.connect(coordinator.log.path)) as session, session:
        session.execute("DELETE FROM coordinator WHERE gtrid = ?", (coordinator.gtrid,))


def steps(of: Steps[None], most: int = 1 << 30, before: Callable[[int, object], None] = lambda number, step: None) -> int:
    """Takes so many steps, then crashes. How many there were; `before` is called in front of each."""
    value: Any = None
    raised: BaseException | None = None
    for number in itertools.count():
        try:
            step = of.send(value) if raised is None else of.throw(raised)
        except StopIteration:
            return number
        value = raised = None
        try:
            if number >= most:
                raise Crash
            before(number, step)
            value = step.call() if isinstance(step, Aside) else step()
        except BaseException as e:
            raised = e
    raise AssertionError


@contextlib.contextmanager
def begun(places: list[Place], log: Log, value: int, writes: list[bool] | None = None) -> Iterator[Coordinator]:
    """A transaction that is to be ended."""
    connections = [place.through() for place in places]
    coordinator = Coordinator(connections, log)
    steps(coordinator.begin())
    for place, connection, changes in zip(places, connections, writes or [True] * len(places), strict=True):
        if changes:
            place.insert(connection, value)
        else:
            connection.execute(f"SELECT A FROM {place.table} WHERE A = 0").fetchall()
    yield coordinator
