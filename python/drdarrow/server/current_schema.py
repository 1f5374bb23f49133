"""The current schema of a session, where names without a schema are looked for: at first that of the user. Where DuckDB
has no such schema its `main` is the user's, see `own_schema`. Db2 takes a name that no schema has: there are no tables
in it, and the first one that is made there makes it. DuckDB takes none; an empty schema of its own stands in until
there is one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlglot import exp

from drdarrow.server import drawn, own_schema, reading, schemas
from drdarrow.server.columns import Facts
from drdarrow.server.cursors import SEARCHED, Cursor, Cursors
from drdarrow.server.engine import Described, SqlError
from drdarrow.server.lexer import Word, lex, text
from drdarrow.server.rules.product import Product
from drdarrow.server.spelling import spelled
from drdarrow.server.wording import SCHEMA, variable

if TYPE_CHECKING:
    from drdarrow.server.dialect import Dialect

__all__ = ["CurrentSchema", "is_set", "markers"]

_SET = re.compile(
    r"\s*+SET\s++(?:(?:CURRENT\s++)?SCHEMA|CURRENT_SCHEMA|(?:CURRENT\s++)?SQLID)(?=[\s=\"'?])\s*+=?\s*+"
    r"(?:\"((?:[^\"]|\"\")++)\"|'((?:[^']|'')++)'|([\w#@$]++)|(\?))\s*+;?\s*+$",
    re.IGNORECASE,
)
#: What is in `main`, and in no other place where names without a schema are looked for.
_HAS = """
SELECT database_name, schema_name, upper(table_name) AS name FROM duckdb_tables()
UNION SELECT database_name, schema_name, upper(view_name) FROM duckdb_views()
UNION SELECT database_name, schema_name, upper(sequence_name) FROM duckdb_sequences()
"""
_ELSEWHERE = f"""
WITH named AS ({_HAS}) SELECT name FROM named
WHERE database_name = current_database() AND schema_name = 'main' AND current_schema() <> 'main'
EXCEPT SELECT name FROM named
WHERE database_name = 'temp' OR database_name = current_database() AND upper(schema_name) = upper(?)
"""
#: The name of a table, a view or a sequence comes after these.
_BEFORE = {"FROM", "JOIN", "INTO", "UPDATE", "TABLE", "VIEW", "SEQUENCE", "EXISTS", "REFERENCES", "USING"}
#: Words that stand for the user, and for the schema of the start.
_USER = {"USER", "SESSION_USER", "SYSTEM_USER", "CURRENT_USER"}
_START = "DEFAULT"


def is_set(sql: str) -> bool:
    """The statement sets the current schema."""
    return _SET.match(sql) is not None


def markers(sql: str) -> list[Described]:
    """The parameter markers of such a statement."""
    found = _SET.match(sql)
    marked = found is not None and found[4] is not None
    return [("1", "Utf8", {"drda:type": "VARCHAR", "drda:length": "128"})] if marked else []


def _named(words: Sequence[Word], sql: str) -> set[str]:
    """The tables and the like that a statement for DuckDB names without a schema, but for the one that it makes."""
    made = schemas.defined_at(words)
    found = {name.strip('"').upper() for name in drawn.draws(sql) if "." not in name}
    for at, word in enumerate(words[1:-1], 1):
        alone = word.kind in ("name", "quoted") and words[at + 1].text != "." and at != made
        if alone and words[at - 1].upper in _BEFORE:
            found.add(spelled(word).upper())
    tree = reading.tree(sql)
    if tree is not None:
        tables = {table.name.upper() for table in tree.find_all(exp.Table) if not table.db}
        found |= tables - ({spelled(words[made]).upper()} if made else set())
        found -= {cte.alias.upper() for cte in tree.find_all(exp.CTE)}
    return found


class CurrentSchema:
    """That of one session. user: who has logged in; home: DuckDB's schema of this user, None where there is none."""

    def __init__(self, cursors: Cursors, dialect: Dialect, product: Product, user: str, home: str | None) -> None:
        self._cursors = cursors
        self._dialect = dialect
        self._product = product
        self._user = user.upper()
        self._home = home
        #: The name that was told, and whether there is such a schema; none as long as none was told.
        self._told = ""
        self._there = True

    @property
    def name(self) -> str:
        """The name that DuckDB has for it."""
        return self._told or (self._home or schemas.MAIN).upper()

    @property
    def told_name(self) -> str:
        """The name that was told; nothing for that of the user."""
        return self._told

    @property
    def main(self) -> str:
        """The name that the client has for `main`."""
        own = self._home is None and self._told.upper() != schemas.MAIN and own_schema.is_name(self._user)
        return self._user if own else schemas.MAIN

    def with_main(self, sql: str) -> str:
        """A statement with MAIN where the client's name for it stands."""
        if self.main == schemas.MAIN or self._user not in sql.upper():
            return sql
        found = own_schema.put(sql, self._user)
        if found != sql:
            # It may have been made by now.
            self.come_home()
        return sql if self._home else found

    def come_home(self) -> None:
        """Looks again for a schema of the user in DuckDB: it was made, or undone."""
        home = schemas.home(self._cursors.main, self._user)
        if home == self._home or not own_schema.is_name(self._user):
            return
        self._home = home
        if home is None:
            self._cursors.unset(SEARCHED)
        elif not self._told:
            self._cursors.set(schemas.searching(home))

    def told(self, name: str) -> str:
        """The name of something, with its schema in front, for the client."""
        schema, point, rest = name.partition(".")
        return f"{self.main}.{rest}" if point and schema == schemas.MAIN else name

    def full_names(self, declared: Facts, temporary: bool) -> Facts:
        """Tables with their schemas in front, as they are known."""
        if temporary:
            return declared
        return {
            name if "." in name or "" in about else f"{self.name.upper()}.{name}": about
            for name, about in declared.items()
        }

    def seen(self, described: Sequence[Described]) -> list[Described]:
        """Columns with their schemas for the client."""
        if self.main == schemas.MAIN:
            return list(described)
        key = "drda:schema"
        return [
            (name, kind, {**about, key: self.main} if about.get(key) == schemas.MAIN else about)
            for name, kind, about in described
        ]

    def set(self, sql: str, parameters: Sequence[object] = ()) -> None:
        """Runs a SET. Raises SqlError -204 for Derby, which wants the schema to be there."""
        name = self._meant(sql, parameters)
        if not name:
            self._be("")
            self._dialect.forget_schema()
            return
        there = schemas.exists(self._cursors.main, name)
        if not there and self._product.derby:
            raise SqlError(-204, "42704", name)
        self._place(name, there)
        self._dialect.take({"SCHEMA": name, "SQLID": name})

    @contextmanager
    def of(self, told: str) -> Iterator[None]:
        """It is the one that was told when a statement was prepared, while that runs: names have been looked for."""
        now = self._told
        if told == now:
            yield
            return
        self._be(told)
        try:
            yield
        finally:
            self._be(now)

    def _be(self, told: str) -> None:
        if told:
            self._place(told, schemas.exists(self._cursors.main, told))
            return
        self._told, self._there = "", True
        self._cursors.set(variable(SCHEMA, self._user))
        self._cursors.unset(schemas.SETTING)
        if self._home is not None:
            self._cursors.set(schemas.searching(self._home))

    def reset(self) -> None:
        """The one of the user again. The settings of the cursors are those of the start."""
        self._told, self._there = "", True
        self._dialect.forget_schema()
        if self._home is not None:
            self._cursors.set(schemas.searching(self._home))

    def settle(self) -> None:
        """Looks again whether there is such a schema: other sessions make and drop them."""
        if self._told and (there := schemas.exists(self._cursors.main, self._told)) != self._there:
            self._place(self._told, there)

    def placed(self, sql: str) -> str:
        """A definition whose name has the schema in front that is to be made with it; other statements as they are."""
        if self._there and self._told.upper() != schemas.OWN:
            return sql
        words = lex(sql)
        at = schemas.defined_at(words)
        if not at or words[at + 1].text == ".":
            return sql
        if self._there:
            raise SqlError(-553, "42939", self._told)
        words[at].text = f'"{self._told.replace(chr(34), chr(34) * 2)}".{words[at].text}'
        return text(words)

    def full(self, name: str, sql: str) -> str:
        """The name of something that is not there, with the schema in which it was looked for. sql: the statement."""
        words = [*lex(sql), Word("end", "")]
        for at, word in enumerate(words[:-1]):
            if word.kind not in ("name", "quoted"):
                continue
            before = words[at - 1] if at else word
            schema = spelled(words[at - 2]) if at > 1 and before.text in (".", "/") else ""
            if spelled(word).upper() == name.upper():
                if words[at + 1].text in (".", "/") or before.upper == "SCHEMA":
                    return spelled(word)
                return f"{schema}.{spelled(word)}" if schema else self.told(f"{self.name}.{spelled(word)}")
            if schema and f"{schema}.{spelled(word)}".upper() == name.upper():
                return f"{schema}.{spelled(word)}"
        return name

    def check(self, sql: str, cursor: Cursor) -> None:
        """Raises SqlError -204 for a statement for DuckDB that names a table of `main` without a schema: DuckDB looks
        there as well, whatever the current schema is."""
        if not self._told:
            return
        elsewhere = {name for (name,) in cursor.execute(_ELSEWHERE, [self._told if self._there else ""]).fetchall()}
        words = lex(sql)
        elsewhere &= {spelled(word).upper() for word in words if word.kind in ("name", "quoted", "done")} | {
            name.strip('"').upper() for name in drawn.draws(sql)
        }
        if elsewhere and (found := sorted(elsewhere & _named(words, sql))):
            raise SqlError(-204, "42704", f"{self._told}.{found[0]}")

    def _meant(self, sql: str, parameters: Sequence[object]) -> str:
        """The name that a SET tells; nothing for that of the start. Raises SqlError -301 for a marker without one."""
        found = _SET.match(sql)
        quoted, literal, plain, marker = found.groups("") if found else ("", "", "", "")
        name = quoted.replace('""', '"').rstrip() if quoted else literal.replace("''", "'").rstrip()
        if marker:
            told = parameters[0] if parameters else None
            if not isinstance(told, str) or not told.strip():
                raise SqlError(-301, "07006", "1")
            name = told.rstrip()
        elif plain:
            name = self._user if plain.upper() in {*_USER, _START} else plain.upper()
        return "" if name == self._user and own_schema.is_name(name) else name

    def _place(self, name: str, there: bool) -> None:
        self._told, self._there = name, there
        self._cursors.set(variable(SCHEMA, name))
        self._cursors.set(schemas.setting(name if there else schemas.EMPTY))
