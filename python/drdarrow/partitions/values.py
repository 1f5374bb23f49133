"""Values of parameters as JSON, each with its type."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from drdarrow.exceptions import InterfaceError

__all__ = ["packed", "unpacked"]

#: Types by name, with the way there and back. A type comes before those that it is a kind of.
_FORMS: tuple[tuple[str, type, Callable[[Any], str], Callable[[str], Any]], ...] = (
    ("bool", bool, str, "True".__eq__),
    ("int", int, str, int),
    ("float", float, float.hex, float.fromhex),
    ("decimal", Decimal, str, Decimal),
    ("text", str, str, str),
    ("bytes", bytes, bytes.hex, bytes.fromhex),
    ("timestamp", dt.datetime, dt.datetime.isoformat, dt.datetime.fromisoformat),
    ("date", dt.date, dt.date.isoformat, dt.date.fromisoformat),
    ("time", dt.time, dt.time.isoformat, dt.time.fromisoformat),
)
_BACK = {name: back for name, _, _, back in _FORMS}


def packed(value: object) -> list[str] | None:
    """A value as its type and text; None for NULL.

    Raises:
        InterfaceError: no part can carry a value of this type.
    """
    if value is None:
        return None
    for name, kind, there, _ in _FORMS:
        if type(value) is kind:
            return [name, there(value)]
    known = ", ".join(kind.__name__ for _, kind, _, _ in _FORMS)
    raise InterfaceError(f"parameters: a part cannot carry {type(value).__name__}; it carries {known} and None")


def unpacked(form: object) -> Any:
    """The value of such a form.

    Raises:
        ValueError: it has no such form.
    """
    match form:
        case None:
            return None
        case [str(name), str(text)] if name in _BACK:
            try:
                return _BACK[name](text)
            except ArithmeticError as e:
                raise ValueError(str(e)) from None
    raise ValueError(f"no value: {form!r}")
