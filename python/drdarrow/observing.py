"""The numbers of connections and statements: what went over the network, and where time went."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Counters", "Timing"]


class Counters(NamedTuple):
    """The work of a connection so far, by `Connection.counters()`, over all sockets that it had."""

    round_trips: int
    """Requests that were sent, each for one answer."""
    bytes_sent: int
    """Bytes that were sent, TLS not counted."""
    bytes_received: int
    """Bytes that were received, TLS not counted."""
    rows: int
    """Rows of results that were decoded."""
    batches: int
    """Batches that they came in."""
    waiting: float
    """Seconds in which an answer was under way."""
    decoding: float
    """Seconds that decoding took."""

    def since(self, before: Counters) -> Counters:
        """The difference to other counters of the same connection."""
        return Counters(*(now - then for now, then in zip(self, before, strict=True)))  # type: ignore[arg-type]


class Timing(NamedTuple):
    """Where the time of a statement went, in seconds, by `Cursor.timing()`."""

    preparing: float
    """The statement was prepared, where that was an exchange of its own: one with parameters."""
    first_block: float
    """It was executed, and its first rows were fetched with the answer."""
    waiting: float
    """Its reader waited for further rows."""
    decoding: float
    """Rows became Arrow arrays."""
    consumer: float
    """Between all of that: what was done with the rows, up to the last fetch."""
    rows: int
    """Rows that were decoded so far."""
    batches: int
    """Batches that they came in."""

    @property
    def total(self) -> float:
        """All of it."""
        return self.preparing + self.first_block + self.waiting + self.decoding + self.consumer

    def __str__(self) -> str:
        parts = [
            f"{name.replace('_', ' ')} {seconds * 1000:.1f}"
            for name, seconds in zip(self._fields[:5], self[:5], strict=True)
        ]
        return f"{self.total * 1000:.1f} ms: {', '.join(parts)}; {self.rows} rows in {self.batches} batches"

    def __repr__(self) -> str:
        return f"<Timing {self}>"
