"""Changes of record files of IBM i, read from their journal: `drdarrow.journal.read`.

with drdarrow.connect("profile://prod") as connection:
    changes = drdarrow.journal.read(connection, file="SHOP/ORDERS", start=position)
    for batch in changes:
        ...
    position = changes.position
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from drdarrow.exceptions import InterfaceError
from drdarrow.journal.chain import Position, ended, found, parts
from drdarrow.partitions.asking import answered, answered_async

if TYPE_CHECKING:
    import drdarrow
    from drdarrow.aio import AsyncConnection, AsyncFile
    from drdarrow.journal.changes import AsyncChanges, Changes

__all__ = ["Position", "end", "end_async", "read", "read_async"]


def read(
    connection: drdarrow.Connection,
    journal: str | None = None,
    *,
    file: str | drdarrow.File,
    start: Position | int | None = None,
    transactions: Literal["committed", "all"] = "committed",
) -> Changes:
    """The changes of a file that its journal has, up to the first that is of a unit of work that has not ended.

    Args:
        connection: of SQL, to the system that has the journal. It asks `QSYS2.DISPLAY_JOURNAL`.
        journal: str, `LIBRARY/JOURNAL`; None asks for that of the file.
        file: `LIBRARY/FILE`, or `LIBRARY/FILE(MEMBER)`, str, which is opened on a second connection for its record
            format; or an open File, whose fields, pages and treatment of bad values then hold.
        start: where an earlier reading ended (`Changes.position`, or `end()`), or a sequence number: changes after it
            are read. None reads from the oldest receiver on.
        transactions: `committed` leaves changes out that were rolled back; `all` has them, and those that undid them,
            with the state `rolled back`.

    Returns:
        An iterator of pyarrow.RecordBatch, with `schema` and `position`.

    Raises:
        InterfaceError: pyarrow is not installed, or a name or argument is wrong.
        ProgrammingError: there is no such file or journal, or the file has none.
        DataError: entries after `start` are gone; or, while it is read, the file was changed otherwise than by records.
    """
    changes = _changes(transactions)
    opened = connection.open_file(file) if isinstance(file, str) else file
    if opened is not file:
        # Its description is all that is needed.
        opened.close()
    chain = answered(connection, found(journal, parts(opened.name)))
    after = chain.after(start)
    reading = _reading(chain, opened, after, file, transactions)
    made: Changes = changes.Changes(connection, reading, opened, after)
    return made


async def read_async(
    connection: AsyncConnection,
    journal: str | None = None,
    *,
    file: str | AsyncFile,
    start: Position | int | None = None,
    transactions: Literal["committed", "all"] = "committed",
) -> AsyncChanges:
    """The same with asyncio: an asynchronous iterator, with `schema`, `position` and `aclose()`, and an asynchronous
    context manager. See `read`."""
    changes = _changes(transactions)
    opened = await connection.open_file(file) if isinstance(file, str) else file
    if opened is not file:
        await opened.close()
    chain = await answered_async(connection, found(journal, parts(opened.name)))
    after = chain.after(start)
    reading = _reading(chain, opened, after, file, transactions)
    made: AsyncChanges = changes.AsyncChanges(connection, reading, opened, after)
    return made


def end(connection: drdarrow.Connection, journal: str | None = None, *, file: str | None = None) -> Position:
    """The place after the last entry that a journal has now: changes that come later are read from there.

    Args:
        connection: of SQL.
        journal: str, `LIBRARY/JOURNAL`; None asks for that of `file`.
        file: str, `LIBRARY/FILE`.

    Raises:
        InterfaceError: neither of them is given, or a name is wrong.
        ProgrammingError: there is no such journal, or the file has none.
    """
    return answered(connection, ended(journal, file))


async def end_async(connection: AsyncConnection, journal: str | None = None, *, file: str | None = None) -> Position:
    """The same with asyncio: see `end`."""
    return await answered_async(connection, ended(journal, file))


def _changes(transactions: str) -> Any:
    """The module of changes."""
    if transactions not in ("committed", "all"):
        raise InterfaceError(f"transactions: expected committed or all, not {transactions!r}")
    try:
        from drdarrow.journal import changes
    except ModuleNotFoundError as missing:
        if missing.name != "pyarrow":
            raise
        raise InterfaceError('changes are put together by pyarrow: pip install "drdarrow[arrow]"') from None
    return changes


def _reading(chain: Any, opened: Any, after: Position, file: Any, transactions: str) -> Any:
    from drdarrow.journal.changes import ALONE
    from drdarrow.journal.reading import Place, Reading

    # The description of a file that was opened before may be that of its changes, whatever came since.
    place = Place("/".join(parts(opened.name)), after, described=isinstance(file, str))
    return Reading(chain, {ALONE: place}, keeps_undone=transactions == "all")
