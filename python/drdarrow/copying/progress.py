"""How far a copy is."""

from __future__ import annotations

__all__ = ["Progress"]


class Progress:
    """How far a copy is, as its `progress` function is told."""

    def __init__(self, table: str, rows: int, parts: tuple[int, int], state: str) -> None:
        self.table = table
        """The name of the table that went on."""
        self.rows = rows
        """Its rows so far, those of an earlier run included."""
        self.parts = parts
        """How many of its parts are done, and how many there are."""
        self.state = state
        """reading, done, following (then `rows` are the changes that were taken), or gone: the file of a pattern is not
        there any more, or not journaled."""
