"""Tables and views that are made of a query: what is known of the query's columns holds for theirs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from drdarrow.server import ddl
from drdarrow.server.engine import Described
from drdarrow.server.lexer import Word, closing, split
from drdarrow.server.spelling import spelled

__all__ = ["Derived", "derived"]

#: Words after the query of a table, of which only NO DATA is one that DuckDB has to be told.
_ABOUT_COLUMNS = {"INCLUDING", "EXCLUDING", "COLUMN", "DEFAULTS", "IDENTITY", "ATTRIBUTES", "COPY"}
#: The facts about a column of a query that a column made of it has too.
_KEPT = ("drda:type", "drda:length", "drda:scale", "drda:ccsid")


@dataclass
class Derived:
    """A table or a view that a statement makes. name: with its schema, where that was told; columns: the names that it
    gives to them; query: the words of the query; words: those of the statement for DuckDB."""

    name: str
    columns: list[str]
    query: list[Word]
    words: list[Word]

    def declared(self, described: Sequence[Described]) -> dict[str, dict[str, dict[str, str]]]:
        """The facts about the columns. described: those of the query."""
        names = self.columns if len(self.columns) == len(described) else [name for name, _, _ in described]
        found: dict[str, dict[str, str]] = {}
        for name, (_, _, about) in zip(names, described, strict=True):
            spelling = {} if name == name.upper() else {"drda:name": name}
            found[name.upper()] = {key: about[key] for key in _KEPT if key in about} | spelling
        return {self.name: found} if len(found) == len(described) else {}


def derived(words: list[Word]) -> Derived | None:
    """That of a statement; None for another one."""
    at = ddl.query_at(words)
    if not at:
        return None
    titles: list[str] = []
    end = at
    if words[at - 1].text == ")":
        end = next(n for n in range(at) if words[n].text == "(")
        titles = [spelled(part[0]) for part in split(words[end + 1 : at - 1]) if part]
    name = spelled(words[end - 1]).upper()
    if words[end - 2].text == ".":
        name = f"{spelled(words[end - 3]).upper()}.{name}"
    last = len(words) - 1
    if any(word.upper == "TABLE" for word in words[:end]) and words[at + 1].text == "(":
        # After the bracket it is said whether there are rows.
        last = closing(words, at + 1) + 1
        rest = [word for word in words[last:-1] if word.upper not in _ABOUT_COLUMNS]
        if [word.upper for word in rest] == ["DEFINITION", "ONLY"]:
            rest = [Word("name", "WITH", " "), Word("name", "NO", " "), Word("name", "DATA", " ")]
        words = [*words[:last], *rest, words[-1]]
    else:
        last = _without_option(words, last)
    start = at + 1
    while words[start].text == "(" and closing(words, start) == last - 1:
        start, last = start + 1, last - 1
    return Derived(name, titles, [*words[start:last], Word("end", "")], words)


def _without_option(words: Sequence[Word], last: int) -> int:
    """Where the query of a view ends, before WITH CHECK OPTION."""
    tail = [word.upper for word in words[max(0, last - 4) : last]]
    if tail[-2:] != ["CHECK", "OPTION"]:
        return last
    return last - (4 if tail[-3:-2] in (["CASCADED"], ["LOCAL"]) else 3)
