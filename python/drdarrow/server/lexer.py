"""SQL as words: enough of a lexer to change a statement in some places and leave the rest as it was written."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from drdarrow.server.engine import SqlError
from drdarrow.server.patience import look

__all__ = ["Word", "closes", "closing", "lex", "name_end", "openings", "split", "text"]

#: Words of a statement: each is some two hundred bytes, several times over.
_MOST = 1 << 18
#: Words between two looks at the clock.
_LOOKS = 64
#: None of its parts is tried twice: Python's lock is held while it reads a stranger's two megabytes.
_TOKEN = re.compile(
    r"""
    (?P<space>\s++|--[^\n\r]*+|/\*[^*]*+(?:\*(?!/)[^*]*+)*+(?:\*/|\Z))
    | (?P<string>(?:\b(?:[xXnNgG]|[gGbBuU][xX]))?'[^']*+(?:''[^']*+)*+(?:'|\Z))
    | (?P<quoted>"[^"]*+(?:""[^"]*+)*+(?:"|\Z))
    | (?P<number>(?:\d++\.?\d*+|\.\d++)(?:[eE][+-]?\d++)?)
    | (?P<name>[^\W\d][\w$#@]*+)
    | (?P<sign>::|\|\||<>|<=|>=|!=|¬=|\^=|->>?|.)
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclass(slots=True)
class Word:
    """A word with the space and the comments in front of it."""

    kind: str
    text: str
    before: str = ""
    #: A name or a sign as it compares; quoted names and strings are none.
    upper: str = field(init=False)

    def __post_init__(self) -> None:
        self.upper = self.text.upper() if self.kind in ("name", "sign") else ""

    @property
    def ends_operand(self) -> bool:
        """An expression may end here."""
        return self.kind in ("name", "quoted", "string", "number") or self.text in (")", "?")


def lex(sql: str) -> list[Word]:
    """The words of a statement; a last one without text holds what is after them.

    Raises SqlError -101 for more words than are read.
    """
    words: list[Word] = []
    spaces: list[str] = []
    for number, found in enumerate(_TOKEN.finditer(sql)):
        if number % _LOOKS == 0:
            look()
        kind = found.lastgroup or "sign"
        if kind == "space":
            spaces.append(found.group())
            continue
        words.append(Word(kind, found.group(), "".join(spaces) if spaces else ""))
        spaces.clear()
        if len(words) > _MOST:
            raise SqlError(-101, "54001", f"a statement of more than {_MOST} words")
    return [*words, Word("end", "", "".join(spaces))]


def text(words: Sequence[Word]) -> str:
    """The statement again."""
    return "".join(word.before + word.text for word in words)


def name_end(words: Sequence[Word], at: int, signs: Sequence[str] = (".",)) -> int:
    """Where a name ends that begins at a place, its qualifiers included; at the last word where a part is missing."""
    last = len(words) - 1
    end = min(at + 1, last)
    while words[end].text in signs and end + 2 <= last:
        end += 2
    return end


def closing(words: Sequence[Word], start: int) -> int:
    """Where the bracket that opens at `start` closes; the last word when it does not."""
    depth = 0
    for at in range(start, len(words)):
        depth += {"(": 1, ")": -1}.get(words[at].text, 0)
        if depth == 0:
            return at
    return len(words) - 1


def openings(words: Sequence[Word]) -> list[int]:
    """For each word the bracket that is open there; -1 for none."""
    found, opened = [], [-1]
    for at, word in enumerate(words):
        found.append(opened[-1])
        if word.text == "(":
            opened.append(at)
        elif word.text == ")" and len(opened) > 1:
            opened.pop()
    return found


def closes(words: Sequence[Word]) -> dict[int, int]:
    """For each bracket that closes: where it does."""
    found, opened = {}, []
    for at, word in enumerate(words):
        if word.text == "(":
            opened.append(at)
        elif word.text == ")" and opened:
            found[opened.pop()] = at
    return found


def split(words: Sequence[Word]) -> list[list[Word]]:
    """Parts between the commas outside brackets."""
    parts: list[list[Word]] = [[]]
    depth = 0
    for word in words:
        depth += {"(": 1, ")": -1}.get(word.text, 0)
        if word.text == "," and depth == 0:
            parts.append([])
        else:
            parts[-1].append(word)
    return parts if parts[0] else parts[1:]
