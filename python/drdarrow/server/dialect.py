"""Statements of Db2 in DuckDB's words.

Translated is what DuckDB would refuse or take for something else; the rest of a statement stays as it was written:

| Db2 | DuckDB |
|---|---|
| `WITH UR`, `CS`, `RS`, `RR`; `FOR READ ONLY`, `FETCH ONLY`, `UPDATE`; `OPTIMIZE FOR n ROWS`; `QUERYNO n` | left out |
| `CURRENT DATE`, `TIME`, `TIMESTAMP`, also with an underscore | without a zone, the time in seconds |
| `CURRENT SCHEMA`, `SERVER`, `USER`, `ISOLATION`, `TIMEZONE`; `USER` | the schema; as the client logged in |
| `SYSIBM.SYSDUMMY1` | one row |
| `VALUES 1, 2` | `VALUES (1), (2)` |
| `a CONCAT b`, `¬=`, `^=`, `G'...'`, `N'...'`, `BX'...'` | `a || b`, `<>`, `'...'`, `X'...'` |
| `x + 1 MONTH` | an interval |
| `ORDER BY x DESC` | NULLs are high: `DESC NULLS FIRST` |
| `WITH n AS (... n ...)` | `WITH RECURSIVE` |
| `ROW CHANGE TIMESTAMP` as a column and in expressions | see `change_times` |
| `NEXT VALUE FOR s`, `PREVIOUS VALUE FOR s`, identity columns | `nextval('s')`: see `numbering`, `drawn` |
| `FROM lib/file` | `FROM lib.file` |
| `CREATE INDEX schema.name` | `CREATE INDEX name` |
| types: see `ddl` | |
| expressions and functions: see `rules` | |
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from drdarrow.server import (
    assigned,
    change_times,
    client_information,
    ddl,
    derived,
    markers,
    numbering,
    reserved,
    samples,
    schemas,
    temporary,
)
from drdarrow.server.derived import Derived
from drdarrow.server.engine import SqlError
from drdarrow.server.lexer import Word, lex, name_end, text
from drdarrow.server.rules import documents
from drdarrow.server.rules.product import LUW, Product
from drdarrow.server.wording import Wording, literal

__all__ = ["Dialect", "Translated"]

_REGISTER = re.compile(r"\s*SET\s+(CURRENT(?!\s+(?:SCHEMA|SQLID)\b)|CLIENT|ENCRYPTION|PATH|ISOLATION)\b", re.IGNORECASE)
_ISOLATION = re.compile(r"\s*SET\s+(?:CURRENT\s+)?ISOLATION\s*(?:=|\bTO\b)?\s*(UR|CS|RS|RR)\s*;?\s*$", re.IGNORECASE)
#: Conditions one or the other of which holds: DuckDB compares each with all others, and no interrupt ends that.
_ORS = 16_384
#: Bytes of a statement, as Db2 has it.
_LONGEST = 2 << 20


@dataclass
class Translated:
    """A statement for DuckDB; what CREATE TABLE says of columns, table to column to metadata in upper case; what
    becomes of other tables."""

    sql: str
    declared: dict[str, dict[str, dict[str, str]]] = field(default_factory=dict)
    changes: list[ddl.Change] = field(default_factory=list)
    #: Statements that run before it, and after; values for columns that are GENERATED ALWAYS are given by OVERRIDING.
    first: list[str] = field(default_factory=list)
    overriding: bool = False
    then: list[str] = field(default_factory=list)
    #: Its words about a sequence.
    numbered: dict[str, dict[str, dict[str, str]]] = field(default_factory=dict)
    #: The temporary table that it makes, if that has no rows after the end of a transaction.
    emptied: str = ""
    #: The same, if it has none after one that has changed it was undone.
    undone: str = ""
    #: The types that markers are cast to, by their numbers.
    casts: markers.Casts = field(default_factory=dict)
    #: The table or view that it makes of a query, and that query.
    derived: Derived | None = None
    of: str = ""


class Dialect:
    """Translates the statements of one client."""

    def __init__(self, user: str, database: str, product: Product = LUW) -> None:
        """product: the one whose clauses and sequences it takes."""
        self._product = product
        self._user = user.upper()
        self._registers = {
            "USER": literal(user.upper()),
            "SERVER": literal(database),
            "ISOLATION": "'CS'",
            "TIMEZONE": "0",
            "PATH": literal(f'"SYSIBM","SYSFUN","SYSPROC","SYSIBMADM","{user.upper()}"'),
            "DEGREE": "'1'",
            **{name: literal(value) for name, value in client_information.EMPTY.items()},
        }
        self.forget_schema()

    def take(self, told: Mapping[str, str]) -> None:
        """Registers have other values from now on."""
        self._registers.update({name: literal(value) for name, value in told.items()})

    @property
    def isolation(self) -> str:
        """The one that was set, or that of the start."""
        return self._registers["ISOLATION"].strip("'")

    def forget_schema(self) -> None:
        """The current schema is the one of the start again."""
        self.take(dict.fromkeys(("SCHEMA", "SQLID"), self._user))

    def is_register(self, sql: str) -> bool:
        """A special register of Db2 that DuckDB has not: it is taken and forgotten."""
        return bool(_REGISTER.match(sql))

    def told(self, sql: str) -> None:
        """Registers have the values that a statement says from now on. DuckDB has one isolation, whichever it
        is told; a client finds the one that it asked for."""
        self.take(client_information.told(sql))
        if found := _ISOLATION.match(sql):
            self.take({"ISOLATION": found[1].upper()})

    def to_duckdb(self, sql: str) -> Translated:
        """The statement for DuckDB.

        Raises SqlError -101 for one that is too long or too deep.
        """
        if len(sql.encode(errors="replace")) > _LONGEST:
            raise SqlError(-101, "54001", f"a statement of more than {_LONGEST} bytes")
        words = lex(sql)
        if sum(word.upper == "OR" for word in words) > _ORS:
            raise SqlError(-101, "54001", f"a statement with more than {_ORS} times OR")
        words = documents.put(reserved.quoted(words))
        # It may become part of another one.
        words[-1].before = ""
        while len(words) > 1 and words[-2].text == ";":
            del words[-2]
        ddl.check_type(words)
        words = samples.put(schemas.with_name(words), self._product.name == "luw")
        words = assigned.put(_renaming(words, self._product.derby))
        casts = markers.casts(words)
        if (sequence := numbering.sequence(words, self._product.derby)) is not None:
            return Translated(sequence[0], numbered=sequence[1])
        emptied = undone = ""
        if (temporary_table := temporary.declaration(words)) is not None:
            words, emptied, undone = temporary_table
            words = lex(text(words))
        words = temporary.in_session(words)
        made = derived.derived(words)
        words = made.words if made is not None else words
        defining = ddl.is_definition(words)
        words, first, numbered = numbering.identities(words) if defining else (words, [], {})
        words, moments, then = change_times.definitions(words) if defining else (words, {}, [])
        if moments and (temporary_table is not None or "TEMP" in (word.upper for word in words[:4])):
            raise SqlError(-270, "42997", "ROW CHANGE TIMESTAMP of a temporary table")
        numbered |= moments
        declared = ddl.declared(words) if defining else {}
        changes = ddl.changes(words)
        for columns in (*declared.values(), *({change.column: change.about} for change in changes)):
            for name, about in numbered.items():
                if name in columns:
                    columns[name] |= about
        words, overriding = _without_overriding(words)
        out = Wording(self._registers, defining).run(words)
        of = "" if made is None else text(Wording(self._registers, False).run(made.query)).strip()
        return Translated(
            text(out),
            declared,
            changes,
            first,
            overriding,
            then=then,
            emptied=emptied,
            undone=undone,
            casts=casts,
            derived=made,
            of=of,
        )


def _renaming(words: list[Word], derby: bool) -> list[Word]:
    """RENAME TABLE, and RENAME COLUMN of Derby, as ALTER TABLE. Raises SqlError -270 for an index, -104."""
    if words[0].upper != "RENAME":
        return words
    what = words[1].upper if words[1].upper in ("TABLE", "INDEX", "COLUMN") and words[2].upper != "TO" else ""
    if what == "INDEX":
        raise SqlError(-270, "42997", "RENAME INDEX")
    at = 2 if what else 1
    end = name_end(words, at)
    if end == at or end + 3 != len(words) or words[end].upper != "TO":
        wrong = words[min(end + 2, len(words) - 1)]
        raise SqlError(-104, "42601", wrong.text or "END-OF-STATEMENT", "RENAME", "TO")
    if what == "COLUMN":
        if not derby or end - at == 1:
            raise SqlError(-104, "42601", "COLUMN", "RENAME", "TABLE")
        column = [Word("name", "COLUMN", " "), Word(words[end - 1].kind, words[end - 1].text, " ")]
        table = words[at : end - 2]
    else:
        column, table = [], words[at:end]
    head = [Word("name", "ALTER"), Word("name", "TABLE", " "), *table, Word("name", "RENAME", " ")]
    return [*head, *column, *words[end:]]


def _without_overriding(words: list[Word]) -> tuple[list[Word], bool]:
    """An INSERT without OVERRIDING SYSTEM VALUE, and whether it had that. Raises SqlError -270 for USER VALUE."""
    for at, word in enumerate(words[:-2]):
        if word.upper == "OVERRIDING" and words[at + 2].upper == "VALUE":
            if words[at + 1].upper != "SYSTEM":
                raise SqlError(-270, "42997", "OVERRIDING USER VALUE")
            return words[:at] + words[at + 3 :], True
    return words, False
