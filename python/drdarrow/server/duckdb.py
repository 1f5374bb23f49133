"""DuckDB as the engine of a server: statements of Db2 are put into its words, its rows leave as Arrow."""

from __future__ import annotations

import dataclasses
from threading import Lock
from typing import Any

from drdarrow.server import columns, describing, guard, remembered, schemas
from drdarrow.server.change_times import Clock
from drdarrow.server.current_schema import CurrentSchema
from drdarrow.server.cursors import Cursor, Cursors
from drdarrow.server.describing import Rules
from drdarrow.server.dialect import Dialect
from drdarrow.server.drawn import Drawn
from drdarrow.server.kept import Kept
from drdarrow.server.known import Committed, Known
from drdarrow.server.locks import Locks
from drdarrow.server.macros import Macros
from drdarrow.server.references import References
from drdarrow.server.rules.product import LUW, Product
from drdarrow.server.session import DuckSession
from drdarrow.server.watch import Watch
from drdarrow.server.wording import SCHEMA, USER, variable

__all__ = ["DuckEngine"]

_SETUP = f"SET SESSION {guard.DIVISION}"


class DuckEngine:
    """Serves a DuckDB connection. Every session works on cursors of it; the connection itself is left alone.

    facts: what is known of columns beyond DuckDB's types; tables that clients create add to it.
    guarded: the instance is locked, and so are statements that reach beyond its tables.
    product: the one whose rules statements have.
    read_only: queries run in transactions that DuckDB itself lets change nothing; there are no others.
    workers: statements that run at a time; half as many may wait for locks.
    """

    def __init__(
        self,
        source: Any,
        facts: columns.Facts,
        guarded: bool = True,
        product: Product = LUW,
        read_only: bool = False,
        workers: int = 8,
    ) -> None:
        self._source = source
        self._kept = Kept(source, read_only)
        memory, kept_facts = self._kept.read(source)
        served = {name if "." in name else f"{schemas.MAIN}.{name}": about for name, about in facts.items()}
        self._committed = Committed({**kept_facts, **facts, **served})
        self._remembered = remembered.Committed(memory)
        self._settings = [] if guarded or guard.is_locked(source) else [_SETUP]
        self._rules = Rules(guarded, read_only, product, describing.aggregates(source))
        self._macros = Macros(source, product, guarded)
        self._references = References(source) if guarded else None
        self._watch = Watch(guard.memory(source)) if guarded else None
        #: Held while values of sequences are drawn and looked at.
        self._drawing = Lock()
        self._locks = Locks(workers // 2)
        self._clock = Clock(source)

    def session(self, user: str, database: str, /) -> DuckSession:
        """A session on a cursor of its own."""
        return self._session(user, database, self._rules)

    def reading_session(self, user: str, database: str, /) -> DuckSession:
        """One that changes nothing."""
        return self._session(user, database, dataclasses.replace(self._rules, read_only=True))

    def _session(self, user: str, database: str, rules: Rules) -> DuckSession:
        main = Cursor(self._source.cursor(), self._macros)
        home = schemas.home(main, user)
        told = [variable(name, user.upper()) for name in (USER, SCHEMA)]
        settings = [*self._settings, *told, *([] if home is None else [schemas.searching(home)])]
        cursors = Cursors(main, settings, rules.read_only)
        dialect = Dialect(user, database, rules.product)
        known = Known(self._committed, self._remembered, self._kept)
        current = CurrentSchema(cursors, dialect, rules.product, user, home)
        engine = rules, self._macros, self._references, self._watch
        return DuckSession(cursors, dialect, current, known, *engine, Drawn(self._drawing), self._locks, self._clock)
