"""Text of others on a terminal: shown as it is, without meaning anything to the terminal or to rich."""

from __future__ import annotations

import re

from rich.text import Text

# Control characters but for tab and line feed: what moves the cursor, rings, or begins an escape sequence.
CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def visible(text: str) -> str:
    """With control characters written as Python does: `\\x1b`."""
    return CONTROLS.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


def plain(value: object, style: str = "") -> Text:
    """For a console or a table, where brackets in a `str` would be taken for markup."""
    return Text(visible(str(value)), style)
