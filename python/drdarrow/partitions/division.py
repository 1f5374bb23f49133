"""How rows are divided, or why they are not."""

from __future__ import annotations

from dataclasses import dataclass

from drdarrow.conditions import Condition
from drdarrow.partitions.part import Member

__all__ = ["DeclinedError", "Division", "Facts", "counting"]


def counting(product: str) -> str:
    """The aggregate that counts all rows. COUNT is an INTEGER on Db2, which has an end at 2,147,483,647."""
    return "COUNT_BIG(*)" if product.startswith("Db2") else "COUNT(*)"


class DeclinedError(Exception):
    """A way to divide does not fit; it says why."""


@dataclass(frozen=True)
class Division:
    """Conditions, one for each part."""

    plan: str
    why: str
    conditions: list[Condition]
    #: About how many rows each part has.
    rows: list[int] | None = None
    on: tuple[str, ...] = ()
    #: The member that each part reads.
    members: list[Member] | None = None


@dataclass
class Facts:
    """The facts about the rows, as far as they are known."""

    product: str
    #: Name of the database.
    database: str
    #: How many rows there are, as the catalog has it or as they were counted.
    rows: int | None = None
    counted: bool = False

    @property
    def counting(self) -> str:
        """The aggregate that counts all rows."""
        return counting(self.product)

    def shares(self, count: int) -> list[int] | None:
        """Rows of each part, where all have the same number."""
        return None if self.rows is None else [self.rows // count] * count
