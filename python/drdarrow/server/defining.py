"""Text in CREATE TABLE and CREATE UNIQUE INDEX: defaults as long as their column, keys that blanks at the end
do not make different."""

from __future__ import annotations

from collections.abc import Mapping

from drdarrow.server.edits import Edits, Span, Statement, names
from drdarrow.server.storing import FIXED, VARYING, Storage

__all__ = ["index", "key", "table"]

_About = Mapping[str, Mapping[str, str]]


def table(of: Statement, edits: Edits, declared: _About, storage: Storage) -> list[str]:
    """Changes the defaults of a CREATE TABLE; the statements that follow it."""
    opening = next((at for at in range(len(of.words)) if of.upper(at) == "("), None)
    if opening is None:
        return []
    name = of.text((_start(of, opening), opening))
    found: list[list[str]] = []
    for start, end in of.parts(opening):
        column = names(of.words[start : start + 1])
        about = declared.get(column[-1], {}) if column else {}
        for at in range(start, end):
            upper = of.upper(at)
            if upper == "DEFAULT" and of.words[at + 1].kind == "string" and about.get("drda:type") in FIXED:
                literal = storage.put(column[-1] if column else "", about, of.words[at + 1].text)
                edits.instead[at + 1] = _filled(of.words[at + 1].text, about, literal is not None)
            elif upper == "UNIQUE" or upper == "PRIMARY" and of.upper(at + 1) == "KEY":
                after = at + 1 if upper == "UNIQUE" else at + 2
                if of.upper(after) == "(":
                    found.append([of.text(part) for part in of.parts(after)])
                elif column:
                    found.append([of.words[start].text])
    title = of.words[opening - 1].text
    made = [_unblanked(f"{title}_{n}", name, key, declared) for n, key in enumerate(found, 1)]
    return [sql for sql in made if sql]


def key(of: Statement, name: Span, declared: _About) -> list[str]:
    """The statements after an ALTER TABLE that adds a key. name: that of the table."""
    for at in range(name[1], len(of.words) - 1):
        primary = of.upper(at) == "PRIMARY" and of.upper(at + 1) == "KEY"
        opening = at + 2 if primary else at + 1
        if (primary or of.upper(at) == "UNIQUE") and of.upper(opening) == "(":
            parts = [of.text(part) for part in of.parts(opening)]
            columns = "_".join(part.strip('"') for part in parts)
            title = f"{of.words[name[1] - 1].text}_{columns}"
            made = _unblanked(title, of.text(name), parts, declared)
            return [made] if made else []
    return []


def _unblanked(title: str, table: str, key: list[str], declared: _About) -> str:
    """The index that has a key of VARCHAR compared without its blanks; nothing for another key."""
    parts = [_part(column, declared) for column in key]
    title = title.replace('"', "")
    return f'CREATE UNIQUE INDEX "drdarrow_{title}" ON {table} ({", ".join(parts)})' if parts != key else ""


def index(of: Statement, edits: Edits, declared: _About) -> None:
    """Changes the columns of a CREATE UNIQUE INDEX."""
    opening = next((at for at in range(len(of.words)) if of.upper(at) == "("), None)
    for start, end in of.parts(opening) if opening is not None else ():
        span: Span = (start, end - 1 if of.upper(end - 1) in ("ASC", "DESC") else end)
        if _part(of.text(span), declared) != of.text(span):
            edits.around(span, "rtrim(", ", ' ')")


def _start(of: Statement, opening: int) -> int:
    """Where the name in front of a bracket begins."""
    at = opening - 1
    while of.upper(at - 1) == ".":
        at -= 2
    return at


def _part(column: str, declared: _About) -> str:
    """A column of a key: of a VARCHAR without its blanks."""
    about = declared.get(column.strip('"').replace('""', '"').upper(), {})
    return f"rtrim({column}, ' ')" if about.get("drda:type") in VARYING else column


def _filled(literal: str, about: Mapping[str, str], fixed: bool) -> str:
    """A constant with the blanks that its column has."""
    text = literal[1:-1].replace("''", "'")
    missing = int(about["drda:length"]) - len(text) if fixed else 0
    return literal[:-1] + " " * missing + "'"
