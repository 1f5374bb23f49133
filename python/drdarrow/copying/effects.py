"""The outcome of changes, one after the other: the records that they leave, and those that are gone."""

from __future__ import annotations

from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute

__all__ = ["Effect", "effect"]

_compute: Any = pyarrow.compute
#: Columns of changes that tell of the change, not of the record.
_TOLD = ["_sequence", "_time", "_change", "_cycle", "_state"]


class Effect(NamedTuple):
    """The outcome of some changes of a file."""

    cleared: bool
    """All records that were there before are gone."""
    numbers: Any
    """The numbers of the records that changed since, each once: pyarrow.Array of int64."""
    records: pa.Table
    """Those of them that are there at the end: `_rrn`, and the fields."""

    def gone(self) -> Any:
        """The numbers of those that are not there at the end."""
        there = self.records["_rrn"].combine_chunks()
        return self.numbers.filter(_compute.invert(_compute.is_in(self.numbers, there)))


def effect(changes: pa.Table) -> Effect:
    """The outcome of changes, which are in their order."""
    given: Any = changes
    clears = _compute.indices_nonzero(_compute.equal(given["_change"], "clear"))
    if len(clears):
        given = given.slice(clears[-1].as_py() + 1)
    given = given.filter(_compute.not_equal(given["_change"], "update_before"))
    # The last change of each record counts.
    rows = pa.table({"_rrn": given["_rrn"], "at": pa.array(range(given.num_rows), pa.int64())})
    last: Any = rows.group_by("_rrn").aggregate([("at", "max")])
    ends = given.take(last["at_max"])
    records = ends.filter(_compute.not_equal(ends["_change"], "delete")).drop_columns(_TOLD)
    return Effect(bool(len(clears)), last["_rrn"].combine_chunks(), records)
