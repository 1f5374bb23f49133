"""Changes after a copy: read from the journals of record files, one pass for all files of a journal, and put into the
target."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any, Literal

import drdarrow
from drdarrow.copying.changing import change_target
from drdarrow.copying.feed import Feed
from drdarrow.copying.manifest import Manifest, TableState
from drdarrow.copying.options import Options
from drdarrow.copying.progress import Progress
from drdarrow.copying.reading import Reader, same_columns
from drdarrow.exceptions import DataError, Error, ProgrammingError
from drdarrow.journal.chain import Position, chain, journaled, parts, unjournaled
from drdarrow.journal.changes import batches, entries
from drdarrow.journal.reading import Place, Reading, schema_of
from drdarrow.partitions.asking import answered
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
        grow: Callable[[Reader, list[TableState]], None],
    ) -> None:
        """`grow`: adds files that a pattern finds to tables, and copies them."""
        self._options, self._manifest, self._grow = options, manifest, grow
        self._whole, self._target = target, change_target(target)
        self._stopped, self._progress = stopped, progress
        self._reader = Reader(uri, options)
        #: Where files are read from next; those without changes are told to the target now and then.
        self._places: dict[str, Position] = {}
        #: Files of which the manifest knows less than the target.
        self._missed: set[str] = set()

    def run(self, tables: list[TableState]) -> None:
        """Takes the changes that are there; with `every` also those that come, until it is stopped."""
        with self._reader:
            looks = 0
            while not self._stopped.is_set():
                self._again(tables, grown=looks == 0)
                looks += 1
                if self._options.every is None or self._stopped.wait(self._options.every):
                    break
            for table in tables:
                place = self._places.get(table.name)
                if place is not None and not table.gone and [*place] != table.position:
                    self._take(table, Feed(None, place))
                elif table.name in self._missed:
                    self._manifest.keep_table(table)

    def cancel(self) -> None:
        """Breaks off what is waited for; from another thread."""
        self._reader.cancel()
        self._whole.cancel()

    def _again(self, tables: list[TableState], *, grown: bool) -> None:
        def once() -> None:
            try:
                if not grown:
                    self._grow(self._reader, tables)
                self._round([table for table in tables if not table.gone])
            except Error as e:
                self._places.clear()
                if not e.connection_usable or e.retryable:
                    self._reader.drop()
                raise

        retry(once, attempts=self._options.attempts, backoff=self._options.backoff)

    def _round(self, tables: list[TableState]) -> None:
        """Reads each journal once. What is wrong with a file is raised when the changes of the others are taken."""
        connection, errors = self._reader.connection(), list[Error]()
        for journal, of in self._journals(connection, tables, errors).items():
            now = answered(connection, chain(*journal))
            places = {}
            for table in of:
                if table.name not in self._places:
                    self._places[table.name] = self._position(table)
                try:
                    after = now.after(self._places[table.name])
                except DataError as e:
                    errors.append(e)
                    continue
                places[table.name] = Place("/".join(parts(table.source)), after)
            if places:
                # A record may have been copied while a unit of work was open that was rolled back then: the changes
                # that undid it are needed, too.
                reading = Reading(now, places, keeps_undone=True)
                errors += self._read(connection, reading, {table.name: table for table in of if table.name in places})
        connection.rollback()
        if errors:
            for other in errors[1:]:
                errors[0].add_note(f"and {other}")
            if any(isinstance(each, DataError) for each in errors):
                errors[0].add_note("restart=True (--restart) copies anew")
            raise errors[0]

    def _journals(
        self, connection: drdarrow.Connection, tables: list[TableState], errors: list[Error]
    ) -> dict[tuple[str, str], list[TableState]]:
        """Journals with the files that have theirs there."""
        found: dict[tuple[str, str], list[TableState]] = {}
        known: dict[str, dict[str, tuple[str, str]]] = {}
        given = None if self._options.journal is None else parts(self._options.journal)
        for table in tables:
            library, name = parts(table.source)
            journal = given
            if given is None or table.found:
                if library not in known:
                    known[library] = answered(connection, journaled(library))
                journal = known[library].get(name)
            if journal is not None and given in (None, journal):
                found.setdefault(journal, []).append(table)
            elif table.found:
                self._gone(table)
            else:
                errors.append(unjournaled(table.source))
        return found

    def _gone(self, table: TableState) -> None:
        """A file that a pattern found is not there any more."""
        table.gone = True
        self._manifest.keep_table(table)
        self._tell(table, "gone")

    def _read(self, connection: drdarrow.Connection, reading: Reading, tables: dict[str, TableState]) -> list[Error]:
        """Takes the changes of a reading; the errors of files."""
        errors: dict[str, Error] = {}
        with ExitStack() as stack:
            files: dict[str, drdarrow.File] = {}
            feeds: dict[str, Feed] = {}
            nbytes = 0

            def take() -> None:
                nonlocal nbytes
                # A file may have been altered before it was opened here.
                with connection.cursor(row_factory=None) as again:
                    for told in batches(again.execute(reading.altering()).fetch_arrow()):
                        reading.tell_again(told)
                for name, feed in feeds.items():
                    if (altered := reading.altered(name)) is not None:
                        errors[name] = altered
                    else:
                        self._take(tables[name], feed)
                feeds.clear()
                nbytes = 0

            for batch in entries(connection, reading):
                for name, given in reading.divided(batch):
                    try:
                        if (altered := reading.altered(name)) is not None:
                            raise altered
                        if name not in files:
                            files[name] = stack.enter_context(self._reader.opened(tables[name]))
                            same_columns(tables[name], files[name].schema)
                        step = reading.step(name, files[name], given)
                    except (DataError, ProgrammingError) as e:
                        reading.leave(name)
                        # The next look will tell that a file of a pattern is gone, as it has become meanwhile.
                        left = (
                            isinstance(e, ProgrammingError) and tables[name].found and self._options.every is not None
                        )
                        if not left:
                            errors[name] = e
                        continue
                    if name not in feeds:
                        feeds[name] = Feed(schema_of(files[name]), self._places[name])
                    nbytes += feeds[name].add(step)
                    self._places[name] = step.position
                    if step.error is not None:
                        errors[name] = step.error
                if nbytes >= self._options.row_group_bytes:
                    take()
                if self._stopped.is_set():
                    # Changes that were read and not taken are read again.
                    self._places.clear()
                    return []
            for name in tables:
                if name not in errors and not reading.is_over(name):
                    self._places[name] = reading.end(self._places[name])
                    if name in feeds:
                        feeds[name].end(self._places[name])
            if feeds:
                take()
        for name, table in tables.items():
            # The receiver of a place that is kept may go when all read those after it.
            if name not in errors and table.position and table.position[0] != self._places[name].receiver:
                self._take(table, Feed(None, self._places[name]))
        return list(errors.values())

    def _position(self, table: TableState) -> Position:
        """Where changes of a file end that are in; the manifest may have missed the last ones."""
        before = (table.position, table.changes, table.change_commits)
        position = self._target.position(table)
        if (table.position, table.changes, table.change_commits) != before:
            self._missed.add(table.name)
        return position

    def _take(self, table: TableState, feed: Feed) -> None:
        before = table.changes
        self._target.take(table, feed)
        self._manifest.keep_table(table)
        self._missed.discard(table.name)
        if table.changes != before:
            self._tell(table, "following")

    def _tell(self, table: TableState, state: Literal["following", "gone"]) -> None:
        if self._progress is not None:
            count = len(table.current)
            self._progress(Progress(table.name, table.changes, (count, count), state))
