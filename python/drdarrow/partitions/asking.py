"""Questions to a connection, of either kind: a plan is a generator that asks them and is told the answers."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from drdarrow.conditions import Condition
from drdarrow.exceptions import Error

if TYPE_CHECKING:
    from drdarrow import Connection
    from drdarrow._core import AsyncConnection

__all__ = ["Asking", "Catalog", "Described", "Done", "Fetched", "answered", "answered_async"]

_T = TypeVar("_T")


@dataclass(frozen=True)
class Fetched:
    """The rows of a query, tuples."""

    query: Condition

    def now(self, connection: Connection) -> Any:
        with connection.cursor(row_factory=None) as cursor:
            return cursor.execute(self.query.sql, self.query.values).fetchall()

    async def later(self, connection: AsyncConnection) -> Any:
        async with connection.cursor(row_factory=None) as cursor:
            return await (await cursor.execute(self.query.sql, self.query.values)).fetchall()


@dataclass(frozen=True)
class Described:
    """The columns of a query, a Schema; it is not run."""

    query: Condition

    def now(self, connection: Connection) -> Any:
        return connection.query(self.query.sql, self.query.values).schema

    async def later(self, connection: AsyncConnection) -> Any:
        return await connection.query(self.query.sql, self.query.values).fetch_schema()


@dataclass(frozen=True)
class Done:
    """Nothing, once a statement is done; of a query the columns in the words of PEP 249."""

    statement: Condition

    def now(self, connection: Connection) -> Any:
        with connection.cursor(row_factory=None) as cursor:
            return cursor.execute(self.statement.sql, self.statement.values).description

    async def later(self, connection: AsyncConnection) -> Any:
        async with connection.cursor(row_factory=None) as cursor:
            return (await cursor.execute(self.statement.sql, self.statement.values)).description


@dataclass(frozen=True)
class Catalog:
    """Rows of the catalog, by the method of the connection."""

    method: str
    arguments: tuple[Any, ...] = ()
    keywords: dict[str, Any] = field(default_factory=dict)

    def now(self, connection: Connection) -> Any:
        return getattr(connection, self.method)(*self.arguments, **self.keywords)

    async def later(self, connection: AsyncConnection) -> Any:
        return await getattr(connection, self.method)(*self.arguments, **self.keywords)


Ask: TypeAlias = Fetched | Described | Done | Catalog
Asking: TypeAlias = Generator[Ask, Any, _T]


def answered(connection: Connection, asking: Asking[_T]) -> _T:
    """The result of a plan. Errors of a question are raised where it was asked."""
    answer, error = None, None
    while True:
        try:
            ask = asking.send(answer) if error is None else asking.throw(error)
        except StopIteration as end:
            result: _T = end.value
            return result
        try:
            answer, error = ask.now(connection), None
        except Error as e:
            answer, error = None, e


async def answered_async(connection: AsyncConnection, asking: Asking[_T]) -> _T:
    """The same with asyncio."""
    answer, error = None, None
    while True:
        try:
            ask = asking.send(answer) if error is None else asking.throw(error)
        except StopIteration as end:
            result: _T = end.value
            return result
        try:
            answer, error = await ask.later(connection), None
        except Error as e:
            answer, error = None, e
