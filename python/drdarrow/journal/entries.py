"""Entries of a journal, as `QSYS2.DISPLAY_JOURNAL` gives them: the change that each tells of, and whether it stands."""

from __future__ import annotations

from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.compute

__all__ = ["HARMLESS", "SELECTED", "Column", "Entries", "Units"]

#: A column of pyarrow. Its stubs know too little of the functions below.
Column: TypeAlias = Any
_compute: Any = pyarrow.compute

#: The columns that are asked for.
SELECTED = (
    "SEQUENCE_NUMBER, ENTRY_TIMESTAMP, JOURNAL_CODE, JOURNAL_ENTRY_TYPE, COUNT_OR_RRN, COMMIT_CYCLE, OBJECT, "
    "RECEIVER_LIBRARY, RECEIVER_NAME, INCOMPLETE_DATA, MINIMIZED_ENTRY_DATA, NULL_VALUE_INDICATORS, ENTRY_DATA"
)
#: Types of entries about records, and of a member that was cleared. Those of a rollback undo what was done before.
_CHANGES = {
    "PT": "insert", "PX": "insert", "UB": "update_before", "BR": "update_before", "UP": "update_after",
    "UR": "update_after", "DL": "delete", "DR": "delete", "CR": "clear",
}  # fmt: skip
#: Types of entries that leave records and their form alone: limits, journaling that begins, files that are opened,
#: closed, made and saved.
HARMLESS = ("CE", "CL", "CT", "FD", "GC", "GO", "IL", "JM", "MC", "MS", "OP", "PD", "SS")
#: Changes after which a record is there, as its image says.
_PUT = ("insert", "update_after")
#: In columns that say whether an image is whole: that it is.
_WHOLE = ["NO", "NONE", "0", ""]


class Units:
    """Units of work that have ended, by their numbers: eight bytes each, and as many for one that was rolled back."""

    def __init__(self) -> None:
        self._ended: list[Column] = []
        self._undone: list[Column] = []

    def add(self, batch: pa.RecordBatch) -> None:
        """Adds those of entries of commitment control."""
        kind = batch["JOURNAL_ENTRY_TYPE"].cast(pa.string())
        controlled = _compute.equal(batch["JOURNAL_CODE"].cast(pa.string()), "C")
        for chunks, kinds in ((self._ended, ["CM", "RB"]), (self._undone, ["RB"])):
            rows = _compute.and_(controlled, _compute.is_in(kind, pa.array(kinds)))
            chunks.append(batch["COMMIT_CYCLE"].filter(rows).cast(pa.uint64()))

    def ended(self, cycles: Column) -> Column:
        """Which of some units have ended."""
        return self._are_in(cycles, self._ended)

    def undone(self, cycles: Column) -> Column:
        """Which of them were rolled back."""
        return self._are_in(cycles, self._undone)

    @staticmethod
    def _are_in(cycles: Column, chunks: list[Column]) -> Column:
        if len(chunks) > 1:
            chunks[:] = [pa.concat_arrays(chunks)]
        if not chunks or not len(chunks[0]):
            return pa.repeat(False, len(cycles))
        # A table of all of them for each batch of entries would take longer than all else.
        bounds = _compute.min_max(cycles)
        if not bounds["min"].is_valid:
            return pa.repeat(False, len(cycles))
        near = _compute.and_(
            _compute.greater_equal(chunks[0], bounds["min"]), _compute.less_equal(chunks[0], bounds["max"])
        )
        return _compute.is_in(cycles, chunks[0].filter(near))


class Entries:
    """A batch of entries of a file, for one of its members, up to the first that ends the reading."""

    def __init__(self, batch: pa.RecordBatch, member: str, units: Units) -> None:
        self.batch = batch
        self.sequence: Column = batch["SEQUENCE_NUMBER"].cast(pa.uint64())
        kind = self._text("JOURNAL_ENTRY_TYPE")
        self._cycle = _compute.fill_null(batch["COMMIT_CYCLE"], 0).cast(pa.uint64())
        self._controlled = _compute.greater(self._cycle, 0)
        self._records = _compute.equal(self._text("JOURNAL_CODE"), "R")
        of = _compute.utf8_rtrim_whitespace(_compute.utf8_slice_codeunits(self._text("OBJECT"), 20, 30))
        # Entries about a file as a whole name no member.
        ours = _compute.is_in(of, pa.array([member, ""]))
        names = kind.dictionary_encode()
        known = pa.array([_CHANGES.get(name) for name in names.dictionary.to_pylist()], pa.string())
        self._change = known.take(names.indices)
        changing = _compute.is_valid(self._change)
        self._changing = _compute.and_(ours, changing)
        self._undone = _compute.and_(self._records, units.undone(self._cycle))
        strange = _compute.invert(_compute.or_(changing, _compute.is_in(kind, pa.array(HARMLESS))))
        self._image: Column = batch["ENTRY_DATA"].cast(pa.large_binary())
        seen = _compute.fill_null(_compute.greater(_compute.binary_length(self._image), 0), False)
        self._seen = _compute.and_(self._records, seen)
        unseen = _compute.and_(_compute.is_in(self._change, pa.array(_PUT)), _compute.invert(self._seen))
        parted = _compute.or_(unseen, _compute.and_(changing, _compute.invert(self._whole())))
        bad = _compute.and_(ours, _compute.or_(strange, parted))
        going_on = _compute.and_(self._controlled, _compute.invert(units.ended(self._cycle)))
        waits = _compute.and_(_compute.and_(ours, self._records), going_on)
        #: The first entry that is not to be passed, with the reason if it is a bad one.
        self.bad = _first(bad)
        self.end = min(at for at in (_first(waits), self.bad, batch.num_rows) if at is not None)

    @property
    def whole(self) -> bool:
        """None of them ends the reading."""
        return self.end == self.batch.num_rows

    def wanted(self, *, keeps_undone: bool) -> Column:
        """The rows that are changes, by their positions."""
        wanted = self._changing
        if not keeps_undone:
            wanted = _compute.and_(wanted, _compute.invert(self._undone))
        return pa.array(range(self.end), pa.int64()).filter(wanted.slice(0, self.end))

    def told(self) -> list[Column]:
        """Number, time, change, record number, unit of work and its state of each entry."""
        nothing: Any = None
        state = _compute.if_else(self._undone, "rolled back", "committed")
        return [
            self.sequence,
            self.batch["ENTRY_TIMESTAMP"].cast(pa.timestamp("us")),
            self._change,
            _compute.if_else(self._records, self.number(), nothing),
            _compute.if_else(self._controlled, self._cycle, nothing),
            _compute.if_else(self._controlled, state, nothing),
        ]

    def number(self) -> Column:
        """The number of the record."""
        return self.batch["COUNT_OR_RRN"].cast(pa.int64())

    def images(self) -> list[Column]:
        """Record number, NULLs and image of each entry; none of one that has no image."""
        image = _compute.if_else(self._seen, self._image, None)
        return [self.number(), self._text("NULL_VALUE_INDICATORS"), image]

    def _whole(self) -> Column:
        """Whether the image has all of its record."""

        def says(name: str) -> Column:
            text = _compute.utf8_trim_whitespace(_compute.fill_null(self._text(name), ""))
            return _compute.is_in(text, pa.array(_WHOLE))

        return _compute.and_(says("INCOMPLETE_DATA"), says("MINIMIZED_ENTRY_DATA"))

    def _text(self, name: str) -> Column:
        return self.batch[name].cast(pa.string())


def _first(found: Column) -> int | None:
    """The first row for which it holds."""
    at: int = _compute.index(found, True).as_py()
    return None if at < 0 else at
