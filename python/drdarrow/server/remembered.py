"""The words of definitions that DuckDB does not keep: names in quotes, those of constraints, the order of an index's
columns, identities, labels, the words of a default or of a view. They are remembered as long as the server runs, in a
database file for longer (`kept`), and undone with their transaction. DuckDB's own catalog says what there is; this
only adds to it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from threading import Lock

from drdarrow.server import numbering, spelling
from drdarrow.server.lexer import Word, closing, lex, split, text
from drdarrow.server.procedures import definition
from drdarrow.server.procedures.calls import Procedures

__all__ = ["Committed", "Labels", "Memory", "Remembered", "TableMemory", "labels"]

#: The kind of a key and its columns: by these DuckDB's constraints are found again.
_Key = tuple[str, tuple[str, ...]]
_CONSTRAINTS = {"PRIMARY", "UNIQUE", "FOREIGN", "CHECK"}
#: A default ends before one of these.
_AFTER_DEFAULT = {"NOT", "CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "REFERENCES", "GENERATED", "FOR", "CCSID", ""}
_LABELS = re.compile(r"\s*(label|comment)\s+on\b", re.IGNORECASE)
_DECORATION = {"OR", "REPLACE", "TEMP", "TEMPORARY", "LOCAL", "GLOBAL", "UNIQUE"}


@dataclass(frozen=True)
class TableMemory:
    """A table or a view. keys: names of keys; checks: name and condition, in order; columns: metadata of columns;
    label: of the table; text: the statement that made a view."""

    keys: dict[_Key, str] = field(default_factory=dict)
    checks: tuple[tuple[str, str], ...] = ()
    columns: dict[str, dict[str, str]] = field(default_factory=dict)
    label: str | None = None
    comment: str | None = None
    text: str | None = None


@dataclass(frozen=True)
class Labels:
    """LABEL ON or COMMENT ON. table: schema, None where it is not told, and name; texts: column, None for the table,
    kind of metadata, text."""

    table: tuple[str | None, str]
    texts: tuple[tuple[str | None, str, str], ...]


@dataclass
class Memory:
    """The tables, the columns of indexes with whether high values come first, and the procedures; all by schema and
    name, in upper case. names: those that are not in upper case."""

    tables: dict[tuple[str, str], TableMemory] = field(default_factory=dict)
    indexes: dict[tuple[str, str], list[tuple[str, bool]]] = field(default_factory=dict)
    procedures: Procedures = field(default_factory=dict)
    names: spelling.Names = field(default_factory=dict)

    def copy(self) -> Memory:
        """Another one with the same contents."""
        return Memory(dict(self.tables), dict(self.indexes), dict(self.procedures), dict(self.names))

    def hear(self, said: str, schema: str) -> None:
        """Takes up a definition that was carried out. schema: of names without one."""
        if definition.is_about_procedures(said):
            self._procedure(said, schema)
            return
        words = [*lex(said)[:-1], *[Word("end", "")] * 4]
        start = words[0].upper
        if start == "CREATE":
            self._create(words, schema)
        elif start == "ALTER" and words[1].upper == "TABLE":
            self._alter(words, schema)
        elif start == "DROP":
            self._drop(words, schema)
        elif start == "RENAME":
            at = 2 if words[1].upper == "TABLE" else 1
            key, after = _name_at(words, at, schema)
            if words[after].upper == "TO":
                self._move(key, words[after + 1], words[1].upper == "INDEX")
        elif made := labels(said):
            self._label(made, schema)

    def _drop(self, words: Sequence[Word], schema: str) -> None:
        kind = spelling.KINDS.get(words[1].upper, "")
        key, _ = _name_at(words, _after_exists(words, 2), schema)
        if kind == spelling.SCHEMA:
            self.names.pop((kind, "", key[1]), None)
            return
        self.names.pop((kind, *key), None)
        if kind == spelling.INDEX:
            self.indexes.pop(key, None)
        elif kind == spelling.TABLE:
            self.tables.pop(key, None)

    def _procedure(self, said: str, schema: str) -> None:
        if (drop := definition.dropped(said)) is None:
            made = definition.creation(said)
            self.procedures[made.schema or schema, made.name, len(made.parameters)] = made
            return
        for key in list(self.procedures):
            if key[:2] == (drop.schema or schema, drop.name) and drop.types in (None, key[2]):
                del self.procedures[key]

    def _create(self, words: Sequence[Word], schema: str) -> None:
        at = 1
        while words[at].upper in _DECORATION:
            at += 1
        what, at = words[at].upper, _after_exists(words, at + 1)
        # A schema has the name of its owner then.
        at += what == spelling.SCHEMA and words[at].upper == "AUTHORIZATION"
        key, after = _name_at(words, at, schema)
        if (kind := spelling.KINDS.get(what)) not in (None, spelling.INDEX):
            spelling.note(self.names, kind, "" if kind == spelling.SCHEMA else key[0], words[after - 1])
        if what == "TABLE":
            self.tables.pop(key, None)
            if words[after].text == "(":
                for part in split(words[after + 1 : closing(words, after)]):
                    self._part(key, part)
        elif what == "VIEW":
            self.tables[key] = TableMemory(text=text(words).strip())
        elif what == "INDEX" and words[after].upper == "ON":
            table, opening = _name_at(words, after + 1, schema)
            if words[opening].text == "(":
                parts = split(words[opening + 1 : closing(words, opening)])
                # An index is in the schema of its table.
                spelling.note(self.names, spelling.INDEX, table[0], words[after - 1])
                self.indexes[table[0], key[1]] = [(_name(part[0]), part[-1].upper == "DESC") for part in parts if part]

    def _alter(self, words: Sequence[Word], schema: str) -> None:
        key, at = _name_at(words, _after_exists(words, 2), schema)
        action, rest = words[at].upper, words[at + 1 :]
        if action == "ADD":
            column = rest[0].upper == "COLUMN"
            self._part(key, [word for word in rest[_after_exists(rest, 1) if column else 0 :] if word.kind != "end"])
        elif action == "RENAME" and rest[0].upper == "TO":
            self._move(key, rest[1], False)
        elif action == "RENAME":
            rest = rest[1:] if rest[0].upper == "COLUMN" else rest
            self._rename(key, _name(rest[0]), _name(rest[2]))

    def _part(self, key: tuple[str, str], part: Sequence[Word]) -> None:
        """A column or a constraint."""
        part = [*part, *[Word("end", "")] * 3]
        named = part[0].upper == "CONSTRAINT"
        at = 2 if named else 0
        if part[at].upper in _CONSTRAINTS:
            self._constraints(key, part, "", 0)
        else:
            column = _name(part[0])
            self._constraints(key, part, column, 1)
            if found := _column(part):
                self._column(key, column, found)

    def _constraints(self, key: tuple[str, str], part: Sequence[Word], column: str, at: int) -> None:
        """The constraints from a word on; those of a column are about it."""
        table, name = self._table(key), ""
        keys, checks = dict(table.keys), list(table.checks)
        while part[at].kind != "end":
            upper = part[at].upper
            if upper == "CONSTRAINT":
                name, at = spelling.spelled(part[at + 1]), at + 2
                continue
            rule = {"PRIMARY": "PRIMARY KEY", "UNIQUE": "UNIQUE", "FOREIGN": "FOREIGN KEY", "REFERENCES": "FOREIGN KEY"}
            opening = next((n for n in range(at, len(part)) if part[n].text == "("), len(part) - 1)
            if upper == "CHECK":
                end = closing(part, opening)
                checks.append((name, text(part[opening + 1 : end]).strip()))
                name, at = "", end
            elif upper in rule:
                inside = split(part[opening + 1 : closing(part, opening)]) if part[opening].text == "(" else []
                columns = (column,) if column else tuple(_name(one[0]) for one in inside if one)
                if name:
                    keys[rule[upper], columns] = name
                if not column:
                    break
                name = ""
            elif part[at].text == "(":
                at = closing(part, at)
            at += 1
        self.tables[key] = replace(table, keys=keys, checks=tuple(checks))

    def _table(self, key: tuple[str, str]) -> TableMemory:
        return self.tables.get(key, TableMemory())

    def _column(self, key: tuple[str, str], column: str, about: dict[str, str]) -> None:
        table = self._table(key)
        columns = {**table.columns, column: {**table.columns.get(column, {}), **about}}
        self.tables[key] = replace(table, columns=columns)

    def _move(self, key: tuple[str, str], to: Word, index: bool) -> None:
        kind = spelling.INDEX if index else spelling.TABLE
        self.names.pop((kind, *key), None)
        spelling.note(self.names, kind, key[0], to)
        if index and (parts := self.indexes.pop(key, None)) is not None:
            self.indexes[key[0], _name(to)] = parts
        elif not index and (table := self.tables.pop(key, None)) is not None:
            self.tables[key[0], _name(to)] = table

    def _rename(self, key: tuple[str, str], old: str, new: str) -> None:
        table = self._table(key)
        keys = {
            (rule, tuple(new if column == old else column for column in columns)): name
            for (rule, columns), name in table.keys.items()
        }
        columns = {new if column == old else column: about for column, about in table.columns.items()}
        self.tables[key] = replace(table, keys=keys, columns=columns)

    def _label(self, made: Labels, schema: str) -> None:
        key = made.table[0] or schema, made.table[1]
        for column, kind, words in made.texts:
            if column is not None:
                self._column(key, column, {kind: words})
            elif kind == "drda:comment":
                self.tables[key] = replace(self._table(key), comment=words)
            else:
                self.tables[key] = replace(self._table(key), label=words)


class Committed:
    """The words that every session sees."""

    def __init__(self, memory: Memory) -> None:
        self.memory = memory
        self._lock = Lock()

    def hear(self, said: Sequence[tuple[str, str]]) -> None:
        """Takes over the definitions of a transaction. Sessions that read go on with what they have."""
        with self._lock:
            memory = self.memory.copy()
            for statement, schema in said:
                memory.hear(statement, schema)
            self.memory = memory


class Remembered:
    """The view of one session: committed words, and those of its transaction."""

    def __init__(self, committed: Committed) -> None:
        self._committed = committed
        self._pending: list[tuple[str, str]] = []

    @property
    def memory(self) -> Memory:
        """All of it."""
        if not self._pending:
            return self._committed.memory
        memory = self._committed.memory.copy()
        for statement, schema in self._pending:
            memory.hear(statement, schema)
        return memory

    def hear(self, said: str, schema: str) -> None:
        """Takes up a definition that was carried out. schema: of names without one."""
        self._pending.append((said, schema.upper()))

    @property
    def committed(self) -> Memory:
        """The part that other sessions see."""
        return self._committed.memory

    def mark(self) -> int:
        """How much the transaction has said."""
        return len(self._pending)

    def back_to(self, mark: int) -> None:
        """Forgets what it has said since."""
        del self._pending[mark:]

    def commit(self) -> None:
        """All sessions see it."""
        if self._pending:
            self._committed.hear(self._pending)
            self._pending = []

    def rollback(self) -> None:
        """Forgets what the transaction said."""
        self._pending = []


def labels(sql: str) -> Labels | None:
    """The texts of LABEL ON, and of the COMMENT ON that names several columns; None for another statement."""
    if not _LABELS.match(sql):
        return None
    words = [*lex(sql)[:-1], *[Word("end", "")] * 4]
    comment, at = words[0].upper == "COMMENT", 2
    of_column = words[at].upper == "COLUMN"
    if words[at].upper in ("TABLE", "COLUMN", "VIEW", "ALIAS"):
        at += 1
    parts, at = _names_at(words, at)
    of_table = "drda:comment" if comment else "drda:label"
    of_columns = "drda:comment" if comment else "drda:heading"
    found: list[tuple[str | None, str, str]] = []
    if words[at].text == "(":
        for part in split(words[at + 1 : closing(words, at)]):
            part = [*part, *[Word("end", "")] * 3]
            kind, after = (of_columns, 1) if part[1].upper != "TEXT" or comment else ("drda:label", 2)
            if part[after].upper == "IS" and part[after + 1].kind == "string":
                found.append((_name(part[0]), kind, _literal(part[after + 1])))
    elif comment:
        # DuckDB keeps it.
        return None
    elif words[at].upper in ("IS", "TEXT"):
        kind = of_columns if of_column and words[at].upper == "IS" else of_table
        at += 1 if words[at].upper == "IS" else 2
        column = parts.pop() if of_column and len(parts) > 1 else None
        if words[at].kind == "string":
            found.append((column, kind, _literal(words[at])))
    if not found or not parts:
        return None
    return Labels((parts[-2] if len(parts) > 1 else None, parts[-1]), tuple(found))


def _column(part: Sequence[Word]) -> dict[str, str]:
    """The default, the expression and the identity of a column."""
    found: dict[str, str] = {}
    for at in range(1, len(part)):
        upper = part[at].upper
        if upper == "DEFAULT" and part[at - 1].upper != "BY" and part[at + 1].kind != "end":
            end, depth = at + 2, 0
            while depth or part[end].upper not in _AFTER_DEFAULT or part[end].kind == "quoted":
                depth += {"(": 1, ")": -1}.get(part[end].text, 0)
                if part[end].kind == "end":
                    break
                end += 1
            found["drda:default"] = text(part[at + 1 : end]).strip()
        elif upper == "IDENTITY" and part[at - 1].upper == "AS":
            found["drda:identity"] = "ALWAYS" if part[at - 2].upper == "ALWAYS" else "BY DEFAULT"
            end = closing(part, at + 1) if part[at + 1].text == "(" else at + 1
            found |= numbering.told(part[at + 2 : end])
        elif upper == "AS" and part[at - 1].upper == "ALWAYS" and part[at + 1].text == "(":
            found["drda:generated"] = text(part[at + 1 : closing(part, at + 1) + 1]).strip()
    return found


def _after_exists(words: Sequence[Word], at: int) -> int:
    while words[at].upper in ("IF", "NOT", "EXISTS"):
        at += 1
    return at


def _names_at(words: Sequence[Word], at: int) -> tuple[list[str], int]:
    """The parts of a name, and where it ends."""
    parts, at = [_name(words[at])], at + 1
    while words[at].text in (".", "/"):
        parts.append(_name(words[at + 1]))
        at += 2
    return parts, at


def _name_at(words: Sequence[Word], at: int, schema: str) -> tuple[tuple[str, str], int]:
    """Schema and name, and where they end."""
    parts, at = _names_at(words, at)
    return (parts[-2] if len(parts) > 1 else schema, parts[-1]), at


def _name(word: Word) -> str:
    return word.text.strip('"').replace('""', '"').upper()


def _literal(word: Word) -> str:
    return word.text[word.text.index("'") + 1 : -1].replace("''", "'")
