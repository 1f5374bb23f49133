"""Text of others on a terminal: shown as it is, without meaning anything to the terminal or to rich."""

from __future__ import annotations

import re

from rich.text import Text

# Control characters but for tab and line feed: what moves the cursor, rings, begins an escape sequence, or turns the
# direction of writing.
CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")


def visible(text: str) -> str:
    """With control characters written as Python does: `\\x1b`."""
    return CONTROLS.sub(lambda found: repr(found[0])[1:-1], text)


def plain(value: object, style: str = "") -> Text:
    """For a console or a table, where brackets in a `str` would be taken for markup."""
    return Text(visible(str(value)), style)
