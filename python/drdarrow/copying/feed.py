"""Changes of a file on their way from the journal to the target."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import pyarrow as pa

from drdarrow.journal.chain import Position
from drdarrow.journal.reading import Step

__all__ = ["Feed"]


class Feed:
    """Changes of a file that wait to be taken, as an iterator of batches. `position` is the place after those that were
    handed out."""

    def __init__(self, schema: pa.Schema | None, start: Position) -> None:
        """`schema`: None where no rows changed and only a place is to be told."""
        self.schema: pa.Schema = pa.schema([]) if schema is None else schema
        self.position, self._end = start, start
        self._steps: deque[tuple[pa.RecordBatch, Position]] = deque()

    def add(self, step: Step) -> int:
        """Adds some; their bytes."""
        self._end = step.position
        if step.changes.num_rows:
            self._steps.append((step.changes, step.position))
        return step.changes.nbytes

    def end(self, position: Position) -> None:
        """There is nothing more up to a place."""
        self._end = position

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        return self

    def __next__(self) -> pa.RecordBatch:
        if not self._steps:
            self.position = self._end
            raise StopIteration
        changes, self.position = self._steps.popleft()
        return changes
