"""Changes after a copy: read from the journals of record files, and put into the target."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from drdarrow import journal
from drdarrow.copying.changing import change_target
from drdarrow.copying.manifest import Manifest, TableState
from drdarrow.copying.options import Options
from drdarrow.copying.progress import Progress
from drdarrow.copying.reading import Reader
from drdarrow.exceptions import Error
from drdarrow.retrying import retry

__all__ = ["Follower"]


class Follower:
    """Reads the journals of files that were copied, once or again and again."""

    def __init__(
        self,
        uri: str | None,
        options: Options,
        target: Any,
        manifest: Manifest,
        stopped: threading.Event,
        progress: Callable[[Progress], None] | None,
    ) -> None:
        self._uri, self._options, self._manifest = uri, options, manifest
        self._target, self._stopped, self._progress = change_target(target), stopped, progress

    def run(self, tables: list[TableState]) -> None:
        """Takes the changes that are there; with `every` also those that come, until it is stopped."""
        with Reader(self._uri, self._options) as reader:
            while not self._stopped.is_set():
                for table in tables:
                    self._again(reader, table)
                if self._options.every is None or self._stopped.wait(self._options.every):
                    return

    def _again(self, reader: Reader, table: TableState) -> None:
        def once() -> None:
            try:
                self._take(reader, table)
            except Error as e:
                if not e.connection_usable or e.retryable:
                    reader.drop()
                raise

        retry(once, attempts=self._options.attempts, backoff=self._options.backoff)

    def _take(self, reader: Reader, table: TableState) -> None:
        connection = reader.connection()
        start, before = self._target.position(table), table.changes
        with reader.opened(table) as file:
            # A record may have been copied while a unit of work was open that was rolled back then: the changes that
            # undid it are needed, too.
            changes = journal.read(connection, self._options.journal, file=file, start=start, transactions="all")
            self._target.take(table, changes)
        connection.rollback()
        self._manifest.keep_table(table)
        if self._progress is not None and table.changes != before:
            parts = len(table.current)
            self._progress(Progress(table.name, table.changes, (parts, parts), "following"))
