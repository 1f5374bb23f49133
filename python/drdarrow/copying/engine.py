"""The work of a copy: threads that divide tables, read parts and write them, until all is done or one is stopped."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from drdarrow.copying.increments import marked
from drdarrow.copying.manifest import Manifest, PartState, TableState
from drdarrow.copying.options import Options
from drdarrow.copying.progress import Progress
from drdarrow.copying.reading import Reader, Rows
from drdarrow.exceptions import Error
from drdarrow.retrying import retry

__all__ = ["Stopped", "Target", "Work"]

Task = Callable[[Reader], "list[Task]"]


class Stopped(BaseException):
    """Another part failed: this one is given up."""


class Target(Protocol):
    """A place that rows are written to."""

    def settled(self, table: TableState) -> bool:
        """Removes what an interrupted copy left; whether all that the state says is there."""

    def write(self, table: TableState, part: PartState, rows: Rows, step: Callable[[int], None]) -> None:
        """Writes a part, all of it or nothing."""

    def commit(self, table: TableState) -> None:
        """Lets readers see the run, once, however often it is called."""

    def forget(self, table: TableState) -> None:
        """Removes a table that is copied anew."""

    def cancel(self) -> None:
        """Breaks off what threads wait for; from another one."""

    def close(self) -> None:
        """Gives up what is held."""


class Work:
    """The threads of one copy."""

    def __init__(
        self,
        first: Reader,
        uri: str | None,
        options: Options,
        target: Target,
        manifest: Manifest,
        progress: Callable[[Progress], None] | None,
    ) -> None:
        self._uri, self._options, self._target, self._manifest = uri, options, target, manifest
        self._progress = progress
        self._turn = threading.Condition()
        self._tasks: deque[Task] = deque()
        self._busy = 0
        self._failure: BaseException | None = None
        #: One that is connected; the other threads make their own.
        self._first: Reader | None = first
        self._readers: set[Reader] = set()
        self._keeping = threading.Lock()
        self._rows: dict[str, int] = {}
        self.retries = 0

    def run(self, tables: list[TableState]) -> None:
        """Copies what is left of them; raises the first error when all threads have stopped."""
        for table in tables:
            self._rows[table.name] = table.rows
            if not (table.planned and table.committed):
                self._tasks.append(self._divide(table))
        count = min(self._options.connections, max(len(self._tasks), 1) * (self._options.parts or 256))
        threads = [threading.Thread(target=self._serve, name=f"drdarrow-copy-{n}", daemon=True) for n in range(count)]
        for thread in threads:
            thread.start()
        try:
            self._wait(threads)
        except BaseException as e:
            self.stop(e)
            self._wait(threads)
            raise
        if self._failure is not None:
            raise self._failure

    def stop(self, reason: BaseException) -> None:
        """Ends the work; the first reason counts."""
        with self._turn:
            self._failure = self._failure or reason
            self._turn.notify_all()

    def _wait(self, threads: list[threading.Thread]) -> None:
        """Waits for threads; once there is an error, what they wait for is broken off, and again where they had just
        begun something."""
        for thread in threads:
            # A wait without an end would keep Ctrl-C waiting, too.
            while thread.is_alive():
                thread.join(0.2)
                if self._failure is not None:
                    self._break_off()

    def _break_off(self) -> None:
        with self._turn:
            readers = list(self._readers)
        # One takes seconds where the server does not answer.
        calls = [self._target.cancel, *(reader.cancel for reader in readers)]
        breaking = [threading.Thread(target=call, daemon=True) for call in calls]
        for each in breaking:
            each.start()
        for each in breaking:
            each.join()

    def _serve(self) -> None:
        try:
            with self._reader() as reader, self._known(reader):
                while (task := self._next()) is not None:
                    more = task(reader)
                    with self._turn:
                        self._busy -= 1
                        # Tables that were begun are ended first.
                        self._tasks.extendleft(reversed(more))
                        self._turn.notify_all()
        except Stopped:
            pass
        except BaseException as e:
            self.stop(e)

    def _reader(self) -> Reader:
        with self._turn:
            first, self._first = self._first, None
        return first or Reader(self._uri, self._options)

    @contextmanager
    def _known(self, reader: Reader) -> Iterator[None]:
        with self._turn:
            self._readers.add(reader)
        try:
            yield
        finally:
            with self._turn:
                self._readers.discard(reader)

    def _next(self) -> Task | None:
        with self._turn:
            while True:
                if self._failure is not None or (not self._tasks and not self._busy):
                    return None
                if self._tasks:
                    self._busy += 1
                    return self._tasks.popleft()
                self._turn.wait(1)

    def _again(self, reader: Reader, work: Callable[[], None]) -> int:
        """Work that is tried again when its error may pass; how often it was tried."""
        tries = 0

        def once() -> None:
            nonlocal tries
            tries += 1
            self._step()
            try:
                work()
            except Error as e:
                if not e.connection_usable or e.retryable:
                    reader.drop()
                # It was broken off.
                self._step()
                raise

        options = self._options
        retry(once, attempts=options.attempts, backoff=options.backoff)
        with self._keeping:
            self.retries += tries - 1
        return tries

    def _step(self) -> None:
        if self._failure is not None:
            raise Stopped

    def _divide(self, table: TableState) -> Task:
        """The task that divides a table, and leads to those of its parts."""

        def task(reader: Reader) -> list[Task]:
            if not table.planned:

                def plan() -> None:
                    kept = [part for part in table.parts if part.run < table.run]
                    table.parts = kept
                    reader.plan(table)

                if not table.marked:
                    self._again(reader, lambda: marked(table, self._options, reader.connection))
                    table.marked = True
                self._again(reader, plan)
                table.planned = True
                self._keep(table)
            left = [part for part in table.current if not part.done]
            self._tell(table, "reading")
            if not left:
                return [self._end(table)]
            waiting = _Count(len(left))
            return [self._copy(table, part, waiting) for part in left]

        return task

    def _copy(self, table: TableState, part: PartState, waiting: _Count) -> Task:
        """The task that copies a part."""

        def task(reader: Reader) -> list[Task]:
            began = time.monotonic()

            def work() -> None:
                taken = 0

                def step(count: int) -> None:
                    nonlocal taken
                    self._step()
                    taken += count
                    self._advance(table, count)

                try:
                    with reader.rows(table, part) as rows:
                        self._target.write(table, part, rows, step)
                except BaseException:
                    self._advance(table, -taken)
                    raise

            part.attempts += self._again(reader, work)
            part.seconds = round(time.monotonic() - began, 3)
            part.verified = self._options.verify
            part.done = True
            self._keep(table)
            self._tell(table, "reading")
            return [self._end(table)] if waiting.down() else []

        return task

    def _end(self, table: TableState) -> Task:
        """The task that makes a run visible."""

        def task(reader: Reader) -> list[Task]:
            def count() -> None:
                table.source_rows = reader.count(table)

            self._target.commit(table)
            if self._options.verify:
                self._again(reader, count)
            table.committed = True
            self._keep(table)
            self._tell(table, "done")
            return []

        return task

    def _keep(self, table: TableState) -> None:
        with self._keeping:
            self._manifest.keep_table(table)

    def _advance(self, table: TableState, count: int) -> None:
        with self._keeping:
            self._rows[table.name] += count
        if count > 0:
            self._tell(table, "reading")

    def _tell(self, table: TableState, state: str) -> None:
        if self._progress is None:
            return
        with self._keeping:
            current = table.current
            done = sum(part.done for part in current)
            self._progress(Progress(table.name, self._rows[table.name], (done, len(current)), state))


class _Count:
    """How many are still to come."""

    def __init__(self, count: int) -> None:
        self._count, self._turn = count, threading.Lock()

    def down(self) -> bool:
        """One less; whether none is left."""
        with self._turn:
            self._count -= 1
            return self._count == 0
