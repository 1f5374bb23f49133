"""One call of `copy`: finds out what is there, does what is left, and reports."""

from __future__ import annotations

import datetime as dt
import os
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from drdarrow.copying.engine import Work
from drdarrow.copying.manifest import CopyState, Manifest, TableState
from drdarrow.copying.options import Options, Source
from drdarrow.copying.progress import Progress
from drdarrow.copying.reading import Reader
from drdarrow.copying.report import CopyReport, reported
from drdarrow.copying.sources import found, found_now
from drdarrow.copying.storage import shown
from drdarrow.copying.targets import Place, place
from drdarrow.exceptions import Error, InterfaceError, OperationalError, ProgrammingError
from drdarrow.retrying import retry

__all__ = ["Copier"]


class Copier:
    """A copy that is about to run."""

    def __init__(
        self,
        source: Source,
        target: str,
        uri: str | None,
        state: str | os.PathLike[str] | None,
        options: Options,
        progress: Callable[[Progress], None] | None,
    ) -> None:
        self._source, self._uri, self._progress = source, uri, progress
        self._place: Place = place(target, state, options)
        self._options = replace(options, settings={**self._place.forms, **options.settings})
        self._manifest = Manifest(self._place.state)
        self._work: Work | None = None
        self._follower: Any = None
        self._stopped = threading.Event()

    def run(self) -> CopyReport:
        """Copies what is left."""
        with self._place.state.locked():
            return self._run()

    def stop(self) -> None:
        """Ends a run of another thread, which raises an OperationalError."""
        self._stopped.set()
        if self._work is not None:
            self._work.stop(OperationalError("the copy was stopped", phase="fetch"))
        if self._follower is not None:
            self._follower.cancel()

    def _run(self) -> CopyReport:
        # The connection that lists the tables is that of the first thread, too.
        with Reader(self._uri, self._options) as reader:
            return self._copied(reader)

    def _copied(self, reader: Reader) -> CopyReport:
        began = time.monotonic()
        state, tables, resumed = self._states(reader)
        target = self._place.target(self._options, state)
        try:
            here = [table for table in tables if not table.gone]
            self._settle(target, state, here)
            work = Work(reader, self._uri, self._options, target, self._manifest, self._progress)
            self._work = work
            if self._stopped.is_set():
                self.stop()
            try:
                work.run(here)
            except BaseException as e:
                done, rows = sum(table.committed for table in here), sum(table.rows for table in tables)
                if any(table.planned for table in here):
                    e.add_note(
                        f"{done} of {len(here)} tables are complete, and {rows:,} rows are kept; the same call goes "
                        f"on from there ({self._manifest.path()})"
                    )
                raise
        finally:
            target.close()
        state.done = True

        def report() -> CopyReport:
            made = reported(
                state,
                tables,
                shown(self._place.name),
                seconds=round(time.monotonic() - began, 3),
                retries=work.retries,
                resumed=resumed,
                verified=all(part.verified for table in tables for part in table.parts),
            )
            self._manifest.report("report.json", made.to_json())
            self._manifest.report("report.html", made.to_html())
            return made

        made = report()
        self._manifest.keep(state)
        if self._options.follow:
            self._follow(state, tables)
            made = report()
        return made

    def _follow(self, state: CopyState, tables: list[TableState]) -> None:
        """Takes the changes that came since."""
        from drdarrow.copying.following import Follower

        target = self._place.target(self._options, state)

        def grow(reader: Reader, tables: list[TableState]) -> None:
            """Copies files that patterns find since."""
            if not any(table.found for table in tables):
                return
            known = {table.name for table in tables}
            listed = [table for table in found_now(self._source, reader) if table.name not in known]
            if not listed:
                return
            # Those that an earlier attempt could not copy are parts of the copy already.
            self._added(state, [table for table in listed if table.name not in state.tables])
            new = [self._manifest.table(table.name) or table for table in listed]
            self._settle(target, state, new)
            with Reader(self._uri, self._options) as another:
                self._work = Work(another, self._uri, self._options, target, self._manifest, self._progress)
                try:
                    self._work.run(new)
                except ProgrammingError:
                    there = {table.name for table in found_now(self._source, reader)}
                    if self._options.every is None or all(table.name in there for table in new):
                        raise
                    # One is gone again already: the next look takes those that are left.
                    return
            tables += new

        self._follower = Follower(self._uri, self._options, target, self._manifest, self._stopped, self._progress, grow)
        try:
            self._follower.run(tables)
        finally:
            target.close()

    def _added(self, state: CopyState, tables: list[TableState]) -> None:
        """Makes tables a part of a copy."""
        for table in tables:
            self._manifest.keep_table(table)
        state.tables += [table.name for table in tables]
        self._manifest.keep(state)

    def _settle(self, target: Any, state: CopyState, tables: list[TableState]) -> None:
        """Removes the leavings of an interrupted run; files that are gone are to be copied again."""
        for table in tables:
            if not target.settled(table):
                if table.committed:
                    raise InterfaceError(
                        f"{table.name}: files of the copy are gone or have another size; set restart=True to copy anew"
                    )
                self._manifest.keep_table(table)
        if state.done and self._options.since is not None:
            state.run, state.done = state.run + 1, False
            self._manifest.keep(state)
        for table in tables:
            if table.run < state.run:
                table.run, table.planned, table.marked, table.committed = state.run, False, False, False

    def _states(self, reader: Reader) -> tuple[CopyState, list[TableState], bool]:
        """The state that is there, or a new one; whether there was one that is not done."""
        there = self._there()
        replaces = self._options.restart or (there is not None and there.replaces)
        if there is not None and self._options.restart:
            self._forget(there)
            there = None
        elif there is not None and self._unbegun(there):
            self._manifest.forget()
            there = None
        listed: list[TableState] = []

        def ask() -> None:
            nonlocal listed
            try:
                if self._options.follow:
                    reader.check_journals()
                listed = found(self._source, reader)
                reader.rest()
            except Error:
                reader.drop()
                raise

        retry(ask, attempts=self._options.attempts, backoff=self._options.backoff)
        asked = self._options.asked(reader.database(listed[0].kind))
        if self._options.follow and (other := next((each for each in listed if each.kind != "file"), None)):
            raise InterfaceError(f"follow: record files have journals (LIB/FILE); {other.name} is a {other.kind}")
        if there is None:
            state = CopyState(secrets.token_hex(6), asked, [table.name for table in listed], _now(), replaces)
            for table in listed:
                self._manifest.keep_table(table)
            self._manifest.keep(state)
            return state, listed, False
        return there, self._same(there, asked, listed), not there.done

    def _unbegun(self, there: CopyState) -> bool:
        """Whether a copy ended before a table was divided, as one does that was asked for wrongly."""
        tables = [self._manifest.table(name) for name in there.tables]
        return not there.run and not any(table is None or table.planned for table in tables)

    def _there(self) -> CopyState | None:
        try:
            return self._manifest.copy()
        except InterfaceError:
            if self._options.restart:
                return None
            raise

    def _same(self, there: CopyState, asked: dict[str, Any], listed: list[TableState]) -> list[TableState]:
        """The tables of a copy that goes on.

        Raises:
            InterfaceError: it was asked for with something else.
        """
        others = [name for name in asked if there.asked.get(name) != asked[name]]
        tables: list[TableState] = []
        new = [table for table in listed if table.found and table.name not in there.tables]
        if new and not others:
            self._added(there, new)
        for table in listed:
            kept = self._manifest.table(table.name)
            if kept is None or table.name not in there.tables or (kept.source, kept.kind) != (table.source, table.kind):
                others.append(f"source {table.name}")
            else:
                kept.gone = False
                tables.append(kept)
        for name in there.tables:
            if name not in {table.name for table in listed}:
                kept = self._manifest.table(name)
                if kept is None or not kept.found or not any(table.found for table in listed):
                    others.append(f"source {name}")
                else:
                    kept.gone = True
                    tables.append(kept)
        if others:
            raise InterfaceError(
                f"{shown(self._place.name)} has a copy that was asked for with other values of {', '.join(others)}; "
                "give the same, take another target, or set restart=True to copy anew"
            )
        return tables

    def _forget(self, there: CopyState) -> None:
        """Removes a copy, first from the manifest's list: what is interrupted here is no copy any more."""
        target = self._place.target(self._options, there)
        try:
            tables = [table for name in there.tables if (table := self._manifest.table(name)) is not None]
            for table in tables:
                target.forget(table)
        finally:
            target.close()
        self._manifest.forget()


def _now() -> str:
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
