"""The spelling of names in catalogs. DuckDB keeps names as they were written and compares them without case, Db2 has
them in upper case unless they stand in quotes. So those that were made in quotes are remembered; all others that do not
need them, those of a database that was made by other means among them, are in upper case.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from drdarrow.server import columns
from drdarrow.server.lexer import Word, closing, lex, split, text

__all__ = ["INDEX", "KINDS", "SCHEMA", "SEQUENCE", "TABLE", "Names", "note", "of_view", "shown", "spelled"]

#: Views are tables here.
SCHEMA, TABLE, INDEX, SEQUENCE = "SCHEMA", "TABLE", "INDEX", "SEQUENCE"
KINDS = {"SCHEMA": SCHEMA, "TABLE": TABLE, "VIEW": TABLE, "INDEX": INDEX, "SEQUENCE": SEQUENCE}
#: A name that statements have without quotes.
_PLAIN = re.compile(r"[A-Za-z#@$][A-Za-z0-9_#@$]*")
#: Kind, schema ('' for that of a schema) and name, both in upper case, to the name as it was written in quotes.
Names: TypeAlias = dict[tuple[str, str, str], str]


def spelled(word: Word) -> str:
    """A name as Db2 has it."""
    return word.text[1:-1].replace('""', '"') if word.kind == "quoted" else word.upper


def note(names: Names, kind: str, schema: str, word: Word) -> None:
    """Remembers the name that a definition gives to something, and forgets how an earlier one was spelled."""
    name = spelled(word)
    if name == name.upper():
        names.pop((kind, schema, name), None)
    else:
        names[kind, schema, name.upper()] = name


def shown(names: Names, kind: str, schema: str, name: str) -> str:
    """The name in catalogs of what DuckDB calls by a name. schema: DuckDB's."""
    plain = name.upper()
    kept = _PLAIN.fullmatch(name) is None or names.get((kind, schema.upper(), plain)) == name
    return name if kept else plain


def of_view(said: str, names: Sequence[str], abouts: Sequence[Mapping[str, str]]) -> list[str]:
    """The names of a view's columns, from the statement that made it. names: DuckDB's; abouts: facts about them."""
    words = lex(said)
    start = next((at for at, word in enumerate(words) if word.upper == "AS"), len(words) - 1)
    opening = next((at for at in range(start) if words[at].text == "("), start)
    listed = split(words[opening + 1 : closing(words, opening)]) if opening < start else []
    titles = [spelled(part[0]) for part in listed if part]
    if len(titles) != len(names):
        titles = columns.names(text(words[start + 1 :]).strip().rstrip(";"), names)
        titles = [columns.spelled(title, about) for title, about in zip(titles, abouts, strict=True)]
    # DuckDB has a number after a name that is there twice.
    return [title if title.upper() == name.upper() else name.upper() for title, name in zip(titles, names, strict=True)]
