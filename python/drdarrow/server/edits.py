"""Changes to a statement's words, put in all at once: what goes in front of a word, after it, in its place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from drdarrow.server.lexer import Word, lex, text
from drdarrow.server.patience import look

__all__ = ["Edits", "Span", "Statement", "names"]

#: Words from one to before another.
Span = tuple[int, int]

_OPENING, _CLOSING = "([{", ")]}"


@dataclass
class Edits:
    """Collected changes. Of two that meet at a word the later one goes around the earlier one."""

    before: dict[int, str] = field(default_factory=dict)
    after: dict[int, str] = field(default_factory=dict)
    instead: dict[int, str] = field(default_factory=dict)

    def around(self, span: Span, opening: str, closing: str) -> None:
        """Puts a text on both sides of some words."""
        self.before[span[0]] = opening + self.before.get(span[0], "")
        self.after[span[1] - 1] = self.after.get(span[1] - 1, "") + closing


class Statement:
    """A statement as words, with what is needed to find one's way: brackets, commas, the numbers of the markers."""

    def __init__(self, sql: str) -> None:
        self.words: list[Word] = lex(sql)
        #: Where a bracket closes that opens at a word; the commas between, in it and no deeper.
        self.closes: dict[int, int] = {}
        self.commas: dict[int, list[int]] = {-1: []}
        #: Position among the markers, from 0.
        self.markers: dict[int, int] = {}
        self.whole = self._find()

    def _find(self) -> bool:
        """Fills the tables; False when brackets do not match."""
        open_at = [-1]
        for at, word in enumerate(self.words):
            if word.kind != "sign":
                continue
            if word.text in _OPENING:
                open_at.append(at)
                self.commas[at] = []
            elif word.text in _CLOSING:
                if len(open_at) == 1:
                    return False
                self.closes[open_at.pop()] = at
            elif word.text == ",":
                self.commas[open_at[-1]].append(at)
            elif word.text == "?":
                self.markers[at] = len(self.markers)
        return len(open_at) == 1

    def upper(self, at: int) -> str:
        """The word as it compares; nothing where there is none."""
        return self.words[at].upper if 0 <= at < len(self.words) else ""

    def parts(self, opening: int) -> list[Span]:
        """The parts between the commas of a bracket."""
        edges = [opening, *self.commas[opening], self.closes[opening]]
        return [(start + 1, end) for start, end in zip(edges, edges[1:], strict=False) if end > start + 1]

    def text(self, span: Span) -> str:
        """Some words as they are written, without the space in front."""
        return text(self.words[span[0] : span[1]]).strip()

    def is_query(self, at: int) -> bool:
        """A subquery begins at a bracket."""
        while self.words[at].text == "(":
            at += 1
        return self.upper(at) in ("SELECT", "WITH", "VALUES", "FROM")

    def written(self, edits: Edits, span: Span | None = None) -> str:
        """The statement, or some words of it, with the changes."""
        parts: list[str] = []
        for at in range(*span) if span else range(len(self.words)):
            look()
            word = self.words[at]
            parts += (word.before, edits.before.get(at, ""), edits.instead.get(at, word.text), edits.after.get(at, ""))
        return "".join(parts)


def names(words: Sequence[Word]) -> tuple[str, ...] | None:
    """The parts of a name such as `a.b`, as they compare; None when the words are something else."""
    if len(words) % 2 == 0 or any(word.text != "." for word in words[1::2]):
        return None
    if any(word.kind not in ("name", "quoted") for word in words[::2]):
        return None
    return tuple(word.text.strip('"').replace('""', '"').upper() for word in words[::2])
