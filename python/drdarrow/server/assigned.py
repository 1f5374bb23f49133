"""SET (A, B) = (SELECT X, Y FROM ...) of an UPDATE or a MERGE: DuckDB gives each column the whole row. Here each has a
query for one column of the row.

All queries are about the same rows, as none is seen as changed before all are. One that may have other rows, or values,
each time it is asked is refused, and so is one whose list is not known.

(Read: assignment-clause, row-fullselect in "UPDATE" of the products' SQL references.)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from drdarrow.server.engine import SqlError
from drdarrow.server.lexer import Word, closes, lex, split, text

__all__ = ["put"]

#: Words whose values differ from one query to the next.
_CHANGING = {"RAND", "NEXT", "NEXTVAL", "GENERATE_UNIQUE", "TABLESAMPLE", "FETCH", "LIMIT", "OFFSET", "?"}
_WHAT = "SET of several columns to a query"


def put(words: Sequence[Word]) -> list[Word]:
    """The statement with a query for each column.

    Raises SqlError -117 for another number of expressions than columns, -270 for a query that is not taken apart.
    """
    if words[0].upper not in ("UPDATE", "MERGE", "WITH", "SELECT") or all(word.upper != "SET" for word in words):
        return list(words)
    ends, found, at = closes(words), list[Word](), 0
    while at < len(words):
        end = _assigned(words, at, ends)
        if end == 0:
            found.append(words[at])
            at += 1
            continue
        close = ends[at]
        columns = split(words[at + 1 : close])
        found += _each(columns, words[close + 2 : end + 1], words[at])
        at = end + 1
    return found


def _assigned(words: Sequence[Word], at: int, ends: Mapping[int, int]) -> int:
    """Where the query ends that several columns are set to, whose bracket is at a place; 0 where none are."""
    if not at or words[at - 1].upper not in ("SET", ",") or (close := ends.get(at)) is None:
        return 0
    if len(words) < close + 4 or words[close + 1].text != "=" or (end := ends.get(close + 2)) is None:
        return 0
    several = any(word.text == "," for word in words[at + 1 : close])
    first = words[close + 3].upper
    if not several or first not in ("SELECT", "VALUES", "WITH"):
        return 0
    if first != "SELECT":
        raise SqlError(-270, "42997", f"{_WHAT} that begins with {first}")
    return end


def _each(columns: Sequence[Sequence[Word]], query: Sequence[Word], bracket: Word) -> list[Word]:
    """The assignments. query: with its brackets."""
    inside = query[1:-1]
    depth, ends = 0, len(inside)
    for at, word in enumerate(inside):
        depth += {"(": 1, ")": -1}.get(word.text, 0)
        if word.upper in _CHANGING:
            raise SqlError(-270, "42997", f"{_WHAT} with {'a marker' if word.text == '?' else word.upper}")
        if depth == 0 and word.upper == "FROM" and ends == len(inside):
            ends = at
    parts = split(inside[2 if inside[1].upper in ("DISTINCT", "ALL") else 1 : ends])
    if any(part and part[-1].text == "*" for part in parts):
        raise SqlError(-270, "42997", f"{_WHAT} with *")
    if len(parts) != len(columns):
        raise SqlError(-117, "42802")
    names = [f"drdarrow_{n}" for n in range(len(columns))]
    rows = f"{text(query)} AS drdarrow_row ({', '.join(names)})"
    made = [
        f"{text(column).strip()} = (SELECT drdarrow_row.{name} FROM {rows})"
        for column, name in zip(columns, names, strict=True)
    ]
    # They are read again, since the rest of the query stands in each of them.
    out = lex(", ".join(made))[:-1]
    out[0].before = bracket.before or " "
    return out
