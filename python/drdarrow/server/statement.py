"""A statement that a client has prepared, as DuckDB runs it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from drdarrow.server import columns, ddl, types
from drdarrow.server.cursors import Cursor
from drdarrow.server.final import Change
from drdarrow.server.inserts import Insert
from drdarrow.server.lexer import lex
from drdarrow.server.locking import changed_table
from drdarrow.server.meaning import Run
from drdarrow.server.merges import Doubles, doubles
from drdarrow.server.procedures.calls import Call

__all__ = ["Statement"]

#: Characters of a statement in which the table that it changes is looked for first.
_START = 1024


@dataclass
class Statement:
    """A prepared statement: its text for DuckDB, its kind there, the types of its columns, what it declares."""

    run: Run
    kind: str
    types: list[str] = field(default_factory=list)
    declared: columns.Facts = field(default_factory=dict)
    changes: list[ddl.Change] = field(default_factory=list)
    #: The statement before its comparisons and values were put as Db2 means them.
    text: str = ""
    #: It makes types or rows out of others, or tables and the like, and is looked at again before it runs.
    grows: bool = False
    #: Sequences that it draws values of; that of the identity column which gets one.
    draws: list[str] = field(default_factory=list)
    own: str = ""
    #: The temporary table that it makes, if that has no rows after the end of a transaction.
    emptied: str = ""
    #: The same, if it has none after one that has changed it was undone.
    undone: str = ""
    #: The change whose rows it is about, and how the parameters are parted.
    changing: tuple[Statement, Change] | None = None
    #: The table whose rows are changed where its cursor stands: schema, name.
    rows_of: tuple[str, ...] = ()
    #: The statement as DuckDB has read it, by the text that is run.
    read: dict[str, Any] = field(default_factory=dict)
    #: A definition in the client's words; the views of the catalog that it reads, by their names in DuckDB.
    said: str = ""
    shown: Sequence[str] = ()
    #: Its rows get the moment of their change.
    dated: bool = False
    #: It reads what others have not committed.
    uncommitted: bool = False
    #: The current schema that was told when it was prepared, where its names are looked for.
    schema: str = ""
    #: The procedure that it calls, with its arguments.
    call: Call | None = None
    #: As it is run for many rows at once; None where it cannot be, or nobody has looked yet.
    insert: Insert | None = None
    looked: bool = False
    #: For rows that a MERGE would change twice, by its text.
    doubles: dict[str, Doubles] = field(default_factory=dict)

    @cached_property
    def returns(self) -> bool:
        """DuckDB gives the rows that it changes, not their number."""
        return any(word.upper == "RETURNING" for word in lex(self.run.sql))

    @cached_property
    def target(self) -> tuple[str, ...]:
        """The table that it changes, by the parts of its name; none where it changes none."""
        start = self.run.sql[:_START]
        plain = start.lstrip()[:1] not in ("(", "w", "W")
        found = changed_table(lex(start), self.kind) if plain else ()
        return found or changed_table(lex(self.run.sql), self.kind)

    def twice(self, sql: str) -> Doubles:
        """The query for rows that it would change twice. sql: the statement as it is about to run."""
        if sql not in self.doubles:
            self.doubles = {sql: doubles(sql)}
        return self.doubles[sql]

    def for_many(self) -> Insert | None:
        """As it is run for many rows at once, where it can be."""
        if not self.looked:
            run = self.run
            if self.kind == "INSERT" and not run.trimmed and not run.made and not run.first and not run.then:
                self.insert = Insert.of(run.sql, self.text, run.lean, run.fits)
            self.looked = True
        return self.insert

    def casting(self, types_now: Sequence[str]) -> str:
        """The query with every column as it was described: parameters may have changed its types."""
        made = [f'"c{n}"' for n in range(len(self.types))]
        parts = []
        for column, described, now in zip(made, self.types, types_now, strict=True):
            if described != now:
                column = f"CAST({column} AS {described})"
            parts.append(types.wrapped(column, described) or column)
        return f"SELECT {', '.join(parts)} FROM ({self.run.sql}) AS q({', '.join(made)})"

    def relation(self, cursor: Cursor, values: list[Any]) -> Any:
        """The query with the types that were described."""
        if self.draws:
            # It runs at once.
            return cursor.sql(self.casting([""] * len(self.types)), params=values or None)
        relation = cursor.sql(self.run.sql, params=values or None)
        now = [str(kind) for kind in relation.types]
        if now != self.types or not self.fits:
            relation = cursor.sql(self.casting(now), params=values or None)
        return relation

    @property
    def fits(self) -> bool:
        """DuckDB's own types will do."""
        return all(types.wrapped("", duck) is None for duck in self.types)

    @property
    def only_updates(self) -> bool:
        """It changes rows, and deletes none."""
        if self.kind != "MERGE_INTO":
            return self.kind == "UPDATE"
        return not any(word.upper == "DELETE" for word in lex(self.run.sql))
