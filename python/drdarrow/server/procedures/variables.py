"""The variables of a running procedure, and statements with their values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from drdarrow.server import ddl
from drdarrow.server.engine import SqlError
from drdarrow.server.lexer import Word, closing, lex, text
from drdarrow.server.procedures.derived import Derived, plain

__all__ = ["Scope", "Variable"]

#: A name is no variable after these.
_NO_OPERAND = {"AS", ".", "FROM", "JOIN", "INTO", "UPDATE", "TABLE"}


@dataclass
class Variable:
    """A variable: its type in the words of its declaration, its value."""

    name: str
    type: str
    value: Any = None
    constant: bool = False

    @cached_property
    def _about(self) -> dict[str, str]:
        found = ddl.type_at(lex(self.type), 0)
        return found.about if found else {}

    @property
    def counted(self) -> bool:
        """It holds text or bytes, which are not cut off on the way into it."""
        return "drda:length" in self._about and self._about["drda:type"] != "DECFLOAT"

    def fitting(self, value: str | bytes) -> str | bytes:
        """A text or bytes as it holds them. Raises SqlError -433 for more than it has room for."""
        length, kind = int(self._about["drda:length"]), self._about["drda:type"]
        double = kind in ("GRAPHIC", "VARGRAPHIC", "DBCLOB")
        size = _units(value) if double or isinstance(value, bytes) else len(value.encode())
        blank: Any = " " if isinstance(value, str) else b" "
        if size > length:
            value, was = value.rstrip(blank), value
            size = _units(value) if double or isinstance(value, bytes) else len(value.encode())
            if size > length:
                shown = was if isinstance(was, str) else was.hex()
                raise SqlError(-433, "22001", shown[:40])
        if kind.partition(" ")[0] in ("CHAR", "GRAPHIC"):
            value += blank * (length - size)
        elif kind == "BINARY" and isinstance(value, bytes):
            value += b"\0" * (length - size)
        return value


def _units(value: str | bytes) -> int:
    return len(value) if isinstance(value, bytes) else len(value.encode("utf-16-le")) // 2


class Scope:
    """Those that can be named at a place. around: those of the block around it; is_column: tells whether a name is
    that of a column of a table that a statement names: it goes before variables."""

    def __init__(self, around: Scope | None, is_column: Callable[[str, Sequence[Word]], bool], name: str = "") -> None:
        self._around = around
        self._is_column = is_column
        self._names: dict[str, Variable] = {}
        self._name = name

    def declare(self, variable: Variable) -> None:
        """A new one. Raises SqlError -601."""
        if variable.name in self._names:
            raise SqlError(-601, "42734", variable.name, "VARIABLE")
        self._names[variable.name] = variable

    def find(self, name: str, qualifier: str = "") -> Variable | None:
        """The variable of a name. qualifier: that of the procedure or of a block."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope._names and qualifier in ("", scope._name):
                return scope._names[name]
            scope = scope._around
        return None

    def target(self, name: str) -> Variable:
        """A variable that gets a value. Raises SqlError -206 where it is not declared."""
        qualifier, _, plain = name.rpartition(".")
        found = self.find(plain, qualifier)
        if found is None:
            raise SqlError(-206, "42703", name)
        if found.constant:
            raise SqlError(-20427, "42987", name)
        return found

    def filled(self, words: Sequence[Word]) -> tuple[str, list[Any]]:
        """A statement with markers in the place of variables, and their values."""
        start = _head(words)
        out, words = list(words[:start]), [*words[start:], Word("end", ""), Word("end", "")]
        values: list[Any] = []
        derived = Derived(words)
        at = 0
        while at < len(words) - 2:
            word, end = words[at], at + 1
            found = None
            if word.kind in ("name", "quoted") and (at == 0 or words[at - 1].upper not in _NO_OPERAND):
                name = plain(word)
                if words[at + 1].text == "." and words[at + 2].kind in ("name", "quoted"):
                    found, end = None if derived.is_table(name) else self.find(plain(words[at + 2]), name), at + 3
                elif words[at + 1].text not in (".", "("):
                    found = self.find(name)
                    if found and (derived.is_column(at) or self._is_column(name, words)):
                        found = None
            if found is None:
                out.append(word)
                at += 1
                continue
            out.append(Word("done", f"CAST(? AS {found.type})", word.before))
            values.append(found.value)
            at = end
        return text(out).strip(), values


def _head(words: Sequence[Word]) -> int:
    """Where an INSERT goes on after its table and the list of its columns: those names are no values."""
    if words[0].upper != "INSERT" or len(words) < 4:
        return 0
    at = 3
    while at + 1 < len(words) and words[at].text == ".":
        at += 2
    return closing(words, at) + 1 if at < len(words) and words[at].text == "(" else at
