"""Tables, queries and record files copied into files, lakes and databases over several connections, and resumed where
they were interrupted: `drdarrow.copy`.

    report = drdarrow.copy("SHOP.*", "shop", uri="profile://prod", connections=8)
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from drdarrow.copying.options import Options, Source, format_of
from drdarrow.copying.progress import Progress
from drdarrow.copying.report import CopyReport, TableReport
from drdarrow.exceptions import InterfaceError

if TYPE_CHECKING:
    from drdarrow.copying.copier import Copier

__all__ = ["CopyReport", "Progress", "TableReport", "copy", "copy_async"]


def copy(
    source: Source,
    target: str | os.PathLike[str],
    /,
    *,
    uri: str | None = None,
    state: str | os.PathLike[str] | None = None,
    progress: Callable[[Progress], None] | None = None,
    **options: Any,
) -> CopyReport:
    """Copies tables, queries or record files; goes on where an earlier call with the same target was interrupted.

    Args:
        source: a table as SQL names it, a query, a pattern (`SHOP.*`, `SHOP.ORD*`), a record file (`LIB/FILE`,
            `LIB/*`), several of them, or a mapping that names each in the target. With follow, patterns have the files
            that are journaled, and those that come later.
        target: a folder, a URL that fsspec knows, a file of DuckDB, or the URI of another database, also of one with a
            driver for ADBC (sqlite://, postgresql://).
        uri: where the tables are: a URI, a profile; the environment says it without.
        state: the folder of the manifest and the report, where it is not in or beside the target.
        progress: called as rows are written, with a `Progress`. What it raises stops the copy.
        options: format (parquet, arrow, csv, delta, iceberg, duckdb, database, adbc), connections, parts (of each
            table), verify, restart (begin anew), attempts and backoff (of `retry`), row_group_rows, row_group_bytes,
            file_bytes, compression; on, columns, where, plan, snapshot as those of `Connection.partitions`; since and
            margin (increments); follow, journal, every (changes of record files, by their journal); catalog (Iceberg);
            driver (ADBC); on_error (record files); any other is a setting of `connect()`.

    Returns:
        The report, which is kept beside the manifest as report.json and report.html.

    Raises:
        InterfaceError: an option is wrong, or other than that of the copy that is there.
        DataError: a table was altered since it was divided, or a file that was written cannot be read again as it was.
        OSError: the disk is full, or a file cannot be written.
        Error: the server refused something, or was lost more often than `attempts` allows. A note says what is done.
    """
    return _copier(source, target, uri, state, progress, options).run()


async def copy_async(
    source: Source,
    target: str | os.PathLike[str],
    /,
    *,
    uri: str | None = None,
    state: str | os.PathLike[str] | None = None,
    progress: Callable[[Progress], None] | None = None,
    **options: Any,
) -> CopyReport:
    """The same with asyncio, in threads: see `drdarrow.copy`. A task that is cancelled stops the copy, which can be
    resumed."""
    copier = _copier(source, target, uri, state, progress, options)
    work = asyncio.ensure_future(asyncio.to_thread(copier.run))
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        copier.stop()
        while not work.done():
            with suppress(asyncio.CancelledError):
                await asyncio.wait({work})
        # The error with which it stopped is the one that was asked for.
        work.exception()
        raise


def _copier(
    source: Source,
    target: str | os.PathLike[str],
    uri: str | None,
    state: str | os.PathLike[str] | None,
    progress: Callable[[Progress], None] | None,
    options: dict[str, Any],
) -> Copier:
    try:
        from drdarrow.copying.copier import Copier
    except ModuleNotFoundError as missing:
        if missing.name != "pyarrow":
            raise
        raise InterfaceError('copies are written by pyarrow: pip install "drdarrow[arrow]"') from None
    known = Options.names()
    own = {name: value for name, value in options.items() if name in known}
    settings = {name: value for name, value in options.items() if name not in known}
    own["format"] = format_of(target, own.get("format"))
    return Copier(source, os.fspath(target), uri, state, Options(**own, settings=settings), progress)
