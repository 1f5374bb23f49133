"""Rows that are sent in one process and compared in another."""

from __future__ import annotations


def numbered(count: int) -> list[tuple]:
    """Rows whose second value is a text, a NULL in every seventh."""
    return [(n, None if n % 7 == 3 else f"row {n}") for n in range(count)]
