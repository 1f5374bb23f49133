"""INSERTs of constants, however many: their values are put as the columns take them without a tree, which would be a
thousand times as large."""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_DOWN, Context, Decimal

from drdarrow.server.edits import names
from drdarrow.server.lexer import Word, closing, name_end, split, text
from drdarrow.server.patience import look
from drdarrow.server.rules import moments
from drdarrow.server.rules.kinds import Kind, of_duck
from drdarrow.server.rules.product import Product

__all__ = ["is_plain", "put"]

_SIGNS = {"(", ")", ",", "-", "+", "?"}
_WORDS = {"NULL", "DEFAULT"}
_EXACT = Context(prec=200)


def put(words: list[Word], ask: Callable[[str], list[tuple[str, str]]], product: Product) -> str | None:
    """The statement with its constants as the columns take them; None for another statement. ask: see `apply`.

    Raises SqlError -180, -181 for a text that is no date.
    """
    if [word.upper for word in words[:2]] != ["INSERT", "INTO"]:
        return None
    end = name_end(words, 2)
    target, listed = text(words[2:end]).strip(), None
    if words[end].text == "(":
        close = closing(words, end)
        listed = [(names(part) or ("",))[-1] for part in split(words[end + 1 : close])]
        end = min(close + 1, len(words) - 1)
    if words[end].upper != "VALUES" or not all(is_plain(word) for word in words[end + 1 : -1]):
        return None
    columns = {name.upper(): of_duck(duck) for name, duck in ask(f"FROM {target}")}
    kinds = list(columns.values()) if listed is None else [columns.get(name) for name in listed]
    column = -1
    for word in words[end + 1 : -1]:
        look()
        if word.text == "(":
            column = 0
        elif word.text == ",":
            column += 1
        elif 0 <= column < len(kinds):
            _put(word, kinds[column], product)
    return text(words)


def is_plain(word: Word) -> bool:
    """A constant or a marker, or a sign beside one."""
    if word.kind == "string":
        return word.text.startswith("'")
    return word.kind == "number" or word.text in _SIGNS or word.upper in _WORDS


def _put(word: Word, kind: Kind | None, product: Product) -> None:
    """A constant for a column."""
    if kind is None:
        return
    if word.kind == "number" and kind.exact and not word.text.isdecimal():
        unit = Decimal(1).scaleb(-kind.scale)
        word.text = format(Decimal(word.text).quantize(unit, rounding=ROUND_DOWN, context=_EXACT), "f")
    elif word.kind == "string" and kind.moment:
        if kind.name == "TIMESTAMP":
            read = moments.timestamp(word.text[1:-1], midnight=True)
        else:
            read = (moments.date if kind.name == "DATE" else moments.time)(word.text[1:-1])
        word.text = f"'{read}'"
