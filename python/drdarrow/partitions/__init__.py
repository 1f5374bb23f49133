"""Tables and queries in parts, which are read side by side: in threads, in processes, on other machines.

    parts = connection.partitions("SHOP.ORDERS", n=8)
    print(parts.explain())
    for part in parts:  # each may be pickled to another process
        table = part.read("drda://ada@db.example/SHOP")

Each row is in one part. A part is a statement with its values; it names no host and has no password.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from drdarrow.partitions.asking import answered, answered_async
from drdarrow.partitions.listing import Partitions
from drdarrow.partitions.part import Member, Part
from drdarrow.partitions.planner import Wish, planned

if TYPE_CHECKING:
    from drdarrow import Connection
    from drdarrow._core import AsyncConnection

__all__ = ["Member", "Part", "Partitions", "partitions", "partitions_async"]


def partitions(
    connection: Connection,
    source: str | tuple[str, str],
    parameters: Sequence[Any] | None = None,
    *,
    n: int = 8,
    on: str | Sequence[str] | None = None,
    columns: Sequence[str] | None = None,
    where: str | tuple[str, Sequence[Any]] | None = None,
    plan: str | None = None,
    snapshot: str | dt.datetime | None = None,
    verify: bool = False,
) -> Partitions:
    """The parts of a table or a query: `Connection.partitions`.

    Args:
        connection: the one that is asked how to divide. Its statements belong to its unit of work.
        source: the name of a table as SQL has it, a pair (schema, name) of names as they are, or a query.
        parameters: of the query, for its question marks.
        n: the number of parts; there may be fewer.
        on: a column whose values divide the rows, or several that are divided by together.
        columns: those that are read; all of them without it.
        where: a condition that rows have to pass, as SQL has it, or a pair of it and the values of its question marks.
        plan: the way: partitions, nodes, rrn, members, range, quantiles, statistics, sampled, rid, modulo or
            one; the best that fits without it.
        snapshot: "lock" holds a lock on the table until the unit of work ends; "as_of" reads a system-period temporal
            table as it is now, a datetime as it was then.
        verify: counts the rows of each part and of the whole, and compares.

    Raises:
        NotSupportedError: the rows of the query would be others in parts, or nothing says how to divide them.
        ProgrammingError: there is no such table or column, or the query is wrong.
        InterfaceError: an option is wrong.
        OperationalError: `verify` found other numbers.
    """
    options = {
        "n": n, "on": on, "columns": columns, "where": where, "plan": plan, "snapshot": snapshot, "verify": verify,
    }  # fmt: skip
    wish = Wish.of(source, parameters, connection.autocommit, options)
    return Partitions(answered(connection, planned(wish, connection.server)))


async def partitions_async(
    connection: AsyncConnection,
    source: str | tuple[str, str],
    parameters: Sequence[Any] | None = None,
    *,
    n: int = 8,
    on: str | Sequence[str] | None = None,
    columns: Sequence[str] | None = None,
    where: str | tuple[str, Sequence[Any]] | None = None,
    plan: str | None = None,
    snapshot: str | dt.datetime | None = None,
    verify: bool = False,
) -> Partitions:
    """The same with asyncio: `AsyncConnection.partitions`."""
    options = {
        "n": n, "on": on, "columns": columns, "where": where, "plan": plan, "snapshot": snapshot, "verify": verify,
    }  # fmt: skip
    wish = Wish.of(source, parameters, connection.autocommit, options)
    return Partitions(await answered_async(connection, planned(wish, connection.server)))
