"""The changes of a file, read from its journal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from drdarrow.exceptions import DataError
from drdarrow.journal.chain import Chain, Position, chain, parts
from drdarrow.journal.entries import SELECTED, Entries, Units

if TYPE_CHECKING:
    import drdarrow

__all__ = ["Changes"]

#: The columns before the fields of the file. No field has such a name.
_COLUMNS: list[Any] = [
    pa.field("_sequence", pa.uint64(), False), pa.field("_time", pa.timestamp("us"), False),
    pa.field("_change", pa.string(), False), pa.field("_rrn", pa.int64()), pa.field("_cycle", pa.uint64()),
    pa.field("_state", pa.string()),
]  # fmt: skip


class Changes:
    """The changes of a file after a place in its journal, as an iterator of pyarrow.RecordBatch.

    Each row is an image of a record: `_sequence` (number of the entry, uint64), `_time`, `_change` (`insert`,
    `update_before`, `update_after`, `delete`, or `clear`: all records are gone), `_rrn` (number of the record),
    `_cycle` (the unit of work; NULL without commitment control), `_state` (`committed`, `rolled back`; NULL without
    commitment control), then the fields of the file, all of which can be NULL.
    """

    def __init__(
        self, connection: drdarrow.Connection, chain: Chain, file: drdarrow.File, start: Position, *, keeps_undone: bool
    ) -> None:
        self._connection, self._chain, self._file, self._keeps_undone = connection, chain, file, keeps_undone
        self._position = start
        fields = self._decoded([pa.array([], kind) for kind in (pa.int64(), pa.string(), pa.large_binary())]).schema
        self._schema = pa.schema([*_COLUMNS, *fields])
        self._batches = self._read()

    @property
    def schema(self) -> pa.Schema:
        """The columns of the batches, pyarrow.Schema."""
        return self._schema

    @property
    def position(self) -> Position:
        """The place after the changes that were handed out: another reading goes on from there."""
        return self._position

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        return self

    def __next__(self) -> pa.RecordBatch:
        return next(self._batches)

    def _read(self) -> Iterator[pa.RecordBatch]:
        end = self._chain.end()
        # First which units of work have ended: one that ends later is for the next reading.
        units = Units.of([_typed(batch) for batch in self._ask("COMMIT_CYCLE, JOURNAL_ENTRY_TYPE", "C", {})])
        library, name = parts(self._file.name)
        object_ = {"OBJECT_LIBRARY": library, "OBJECT_NAME": name, "OBJECT_OBJTYPE": "*FILE", "OBJECT_MEMBER": "*ALL"}
        for batch in self._ask(SELECTED, "R,F,D", object_):
            entries = Entries(batch, self._file.member, units)
            changes = self._changes(entries)
            if changes.num_rows:
                yield changes
            if entries.bad == entries.end:
                raise self._trouble(entries, entries.end)
            if not entries.whole:
                return
        # Entries of other files that were there before are not looked at again.
        if end.sequence > self._position.sequence:
            self._position = end

    def _ask(self, what: str, codes: str, object_: dict[str, str]) -> Iterator[pa.RecordBatch]:
        """Entries after the position, in their order."""
        receiver_library, receiver = parts(self._position.receiver)
        arguments = {
            "JOURNAL_LIBRARY": self._chain.library, "JOURNAL_NAME": self._chain.journal,
            "STARTING_RECEIVER_LIBRARY": receiver_library, "STARTING_RECEIVER_NAME": receiver, "JOURNAL_CODES": codes,
            **object_,
        }  # fmt: skip
        given = ", ".join(f"{key} => '{value.replace(chr(39), chr(39) * 2)}'" for key, value in arguments.items())
        sql = (
            f"SELECT {what} FROM TABLE(QSYS2.DISPLAY_JOURNAL({given}, "
            f"STARTING_SEQUENCE => {self._position.sequence + 1})) AS J ORDER BY SEQUENCE_NUMBER"
        )
        with self._connection.cursor(row_factory=None) as cursor:
            stream = cursor.execute(sql).fetch_arrow()
            # Entries that went before they were asked for are not among these, and would be passed over.
            self._chain = chain(self._connection, self._chain.library, self._chain.journal)
            self._chain.after(self._position)
            for batch in stream:
                given_batch: Any = batch
                yield pa.record_batch(given_batch)

    def _changes(self, entries: Entries) -> pa.RecordBatch:
        """Those among entries. The position is after the last of these."""
        rows = entries.wanted(keeps_undone=self._keeps_undone)
        fields = self._decoded([column.take(rows) for column in entries.images()]).columns
        if entries.end:
            last = entries.end - 1
            library, receiver = (
                entries.batch[name][last].as_py().rstrip() for name in ("RECEIVER_LIBRARY", "RECEIVER_NAME")
            )
            self._position = self._chain.place(f"{library}/{receiver}", entries.sequence[last].as_py())
        told = [column.take(rows) for column in entries.told()]
        return pa.RecordBatch.from_arrays([*told, *fields], schema=self._schema)

    def _decoded(self, images: list[Any]) -> pa.RecordBatch:
        given: Any = self._file._decode_images(pa.RecordBatch.from_arrays(images, ["rrn", "nulls", "image"]))
        return pa.record_batch(given)

    def _trouble(self, entries: Entries, at: int) -> DataError:
        """The error of an entry that changes cannot be told beyond."""
        code, kind = (entries.batch[name][at].as_py() for name in ("JOURNAL_CODE", "JOURNAL_ENTRY_TYPE"))
        number = entries.sequence[at].as_py()
        about = f"{self._file.name}, {self._chain}, entry {number} ({code} {kind})"
        if code == "R":
            text = (
                f"{about}: the image of record {entries.number()[at].as_py()} is not whole: the journal minimizes "
                "entries, or the record has large objects; journal the file without MINENTDTA(*FILE *FLDBDY)"
            )
        else:
            text = (
                f"{about}: the file was deleted, changed, reorganized, or its journaling ended, which entries of "
                f"records do not tell; copy it anew, and read the changes after entry {number}"
            )
        return DataError(text, sqlstate="55019", phase="fetch")


def _typed(batch: pa.RecordBatch) -> pa.RecordBatch:
    columns: list[Any] = [batch.column(0).cast(pa.uint64()), batch.column(1).cast(pa.string())]
    return pa.RecordBatch.from_arrays(columns, ["cycle", "kind"])
