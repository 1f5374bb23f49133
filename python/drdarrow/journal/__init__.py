"""Changes of record files of IBM i, read from their journal: `drdarrow.journal.read`.

with drdarrow.connect("profile://prod") as connection:
    changes = drdarrow.journal.read(connection, file="SHOP/ORDERS", start=position)
    for batch in changes:
        ...
    position = changes.position
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from drdarrow.exceptions import InterfaceError
from drdarrow.journal.chain import Position, end, found, parts

if TYPE_CHECKING:
    import drdarrow
    from drdarrow.journal.changes import Changes

__all__ = ["Position", "end", "read"]


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
    try:
        from drdarrow.journal.changes import Changes
    except ModuleNotFoundError as missing:
        if missing.name != "pyarrow":
            raise
        raise InterfaceError('changes are put together by pyarrow: pip install "drdarrow[arrow]"') from None
    if transactions not in ("committed", "all"):
        raise InterfaceError(f"transactions: expected committed or all, not {transactions!r}")
    opened = connection.open_file(file) if isinstance(file, str) else file
    chain = found(connection, journal, parts(opened.name))
    return Changes(connection, chain, opened, chain.after(start), keeps_undone=transactions == "all")
