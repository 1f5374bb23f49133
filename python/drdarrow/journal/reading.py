"""One pass through the entries of a journal, for the changes of one file or of many: what is asked, and what the
answers mean. Those who wait for them are elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa
import pyarrow.compute

from drdarrow.exceptions import DataError
from drdarrow.journal.chain import Chain, Position, parts
from drdarrow.journal.entries import HARMLESS, SELECTED, Column, Entries, Units

if TYPE_CHECKING:
    import drdarrow

__all__ = ["Place", "Reading", "Step", "schema_of"]

_compute: Any = pyarrow.compute

#: The columns before the fields of the file. No field has such a name.
_COLUMNS: list[Any] = [
    pa.field("_sequence", pa.uint64(), False), pa.field("_time", pa.timestamp("us"), False),
    pa.field("_change", pa.string(), False), pa.field("_rrn", pa.int64()), pa.field("_cycle", pa.uint64()),
    pa.field("_state", pa.string()),
]  # fmt: skip


class Place(NamedTuple):
    """A file, and where its changes are read from."""

    path: str
    """`LIBRARY/FILE`"""
    position: Position
    described: bool = True
    """Its description is that of now: changes before it was altered were made by another one, and are not decoded."""


class Step(NamedTuple):
    """Changes of a file, and the place after them."""

    changes: pa.RecordBatch
    position: Position
    over: bool
    """The next change is for a later reading."""
    error: DataError | None
    """Nothing is read beyond them."""


def schema_of(file: drdarrow.File | drdarrow.aio.AsyncFile) -> pa.Schema:
    """The columns of the changes of a file."""
    nothing = [pa.array([], kind) for kind in (pa.int64(), pa.string(), pa.large_binary())]
    return pa.schema([*_COLUMNS, *_decoded(file, nothing).schema])


class Reading:
    """A pass through a journal, after the first of some places. Files have names of the caller's."""

    def __init__(self, chain: Chain, places: Mapping[str, Place], *, keeps_undone: bool) -> None:
        self._chain, self._places, self._keeps_undone = chain, dict(places), keeps_undone
        self._positions = {name: place.position for name, place in places.items()}
        self._named: dict[str, list[str]] = {}
        for name, place in places.items():
            library, file = parts(place.path)
            self._named.setdefault(f"{file:10}{library:10}", []).append(name)
        self._start = min(self._positions.values(), key=lambda position: position.sequence)
        self._end = chain.end()
        self._units = Units()
        self._altered: dict[str, DataError] = {}
        self._over: set[str] = set()

    @property
    def journal(self) -> tuple[str, str]:
        """Its library and name."""
        return self._chain.library, self._chain.journal

    def beforehand(self) -> str:
        """The statement whose rows `tell` takes: units of work, and files that are altered."""
        what = "COMMIT_CYCLE, JOURNAL_ENTRY_TYPE, JOURNAL_CODE, OBJECT, SEQUENCE_NUMBER"
        return self._statement(what, "C,D", {})

    def altering(self) -> str:
        """The statement whose rows `tell_again` takes."""
        return self._statement("JOURNAL_ENTRY_TYPE, JOURNAL_CODE, OBJECT, SEQUENCE_NUMBER", "D", {})

    def tell(self, batch: pa.RecordBatch) -> None:
        """Which units of work have ended (one that ends later is for the next reading), and which files were
        altered."""
        self._units.add(batch)
        self.tell_again(batch)

    def tell_again(self, batch: pa.RecordBatch) -> None:
        """Which files were altered, once more: some may have been opened since."""
        for row in batch.filter(_compute.equal(_text(batch, "JOURNAL_CODE"), "D")).to_pylist():
            number, kind = int(row["SEQUENCE_NUMBER"]), row["JOURNAL_ENTRY_TYPE"].rstrip()
            for name in self._named.get(f"{row['OBJECT']:20}"[:20], ()) if kind not in HARMLESS else ():
                if self._places[name].described and number > self._positions[name].sequence:
                    self._altered.setdefault(name, self._changed(name, number, "D", kind))

    def altered(self, name: str) -> DataError | None:
        """The error of a file whose description is another one than that of its changes."""
        return self._altered.get(name)

    def entries(self) -> str:
        """The statement whose batches `divided` takes."""
        libraries = {parts(place.path) for place in self._places.values()}
        among = {library for library, _ in libraries}
        object_ = {"OBJECT_OBJTYPE": "*FILE", "OBJECT_MEMBER": "*ALL"}
        if len(among) == 1:
            object_["OBJECT_LIBRARY"] = among.pop()
            object_["OBJECT_NAME"] = libraries.pop()[1] if len(libraries) == 1 else "*ALL"
            return self._statement(SELECTED, "R,F,D", object_)
        return self._statement(SELECTED, "R,F,D", {})

    def again(self, chain: Chain) -> None:
        """The journal after entries were asked for: those that went before they were are not among them, and would be
        passed over.

        Raises:
            DataError: some of them went.
        """
        self._chain = chain
        self._chain.after(self._start)

    def divided(self, batch: pa.RecordBatch) -> Iterator[tuple[str, pa.RecordBatch]]:
        """The entries of each file that are to be read."""
        objects: Column = _compute.utf8_slice_codeunits(_compute.utf8_rpad(_text(batch, "OBJECT"), 20), 0, 20)
        numbers: Column = batch["SEQUENCE_NUMBER"].cast(pa.uint64())
        for key in objects.unique().to_pylist():
            of = _compute.equal(objects, key)
            for name in self._named.get(key, ()):
                if name in self._over:
                    continue
                after = _compute.greater(numbers, pa.scalar(self._positions[name].sequence, pa.uint64()))
                wanted: Column = _compute.and_(of, after)
                if wanted.true_count:
                    yield name, batch if wanted.true_count == batch.num_rows else batch.filter(wanted)

    def step(self, name: str, file: Any, batch: pa.RecordBatch) -> Step:
        """The changes among entries of a file."""
        entries = Entries(batch, file.member, self._units)
        rows = entries.wanted(keeps_undone=self._keeps_undone)
        fields = _decoded(file, [column.take(rows) for column in entries.images()])
        position = self._positions[name]
        if entries.end:
            last = entries.end - 1
            library, receiver = (batch[name][last].as_py().rstrip() for name in ("RECEIVER_LIBRARY", "RECEIVER_NAME"))
            position = self._chain.place(f"{library}/{receiver}", entries.sequence[last].as_py())
        told = [column.take(rows) for column in entries.told()]
        schema = pa.schema([*_COLUMNS, *fields.schema])
        changes = pa.RecordBatch.from_arrays([*told, *fields.columns], schema=schema)
        over = not entries.whole
        if over:
            self._over.add(name)
        error = self._trouble(name, entries) if entries.bad == entries.end else None
        return Step(changes, position, over, error)

    def leave(self, name: str) -> None:
        """Reads nothing more of a file."""
        self._over.add(name)

    def end(self, position: Position) -> Position:
        """The place after all entries that were there when the reading began, for a file that is not over. Entries of
        other files are not looked at again."""
        return self._end if self._end.sequence > position.sequence else position

    def is_over(self, name: str) -> bool:
        """Whether the next change of a file is for a later reading."""
        return name in self._over

    def _statement(self, what: str, codes: str, object_: dict[str, str]) -> str:
        """Entries after the first place, in their order."""
        receiver_library, receiver = parts(self._start.receiver)
        arguments = {
            "JOURNAL_LIBRARY": self._chain.library, "JOURNAL_NAME": self._chain.journal,
            "STARTING_RECEIVER_LIBRARY": receiver_library, "STARTING_RECEIVER_NAME": receiver, "JOURNAL_CODES": codes,
            **object_,
        }  # fmt: skip
        given = ", ".join(f"{key} => '{value.replace(chr(39), chr(39) * 2)}'" for key, value in arguments.items())
        return (
            f"SELECT {what} FROM TABLE(QSYS2.DISPLAY_JOURNAL({given}, "
            f"STARTING_SEQUENCE => {self._start.sequence + 1})) AS J ORDER BY SEQUENCE_NUMBER"
        )

    def _trouble(self, name: str, entries: Entries) -> DataError:
        """The error of the entry that changes cannot be told beyond."""
        code, kind = (entries.batch[column][entries.end].as_py() for column in ("JOURNAL_CODE", "JOURNAL_ENTRY_TYPE"))
        number = entries.sequence[entries.end].as_py()
        if code != "R":
            return self._changed(name, number, code, kind)
        return DataError(
            f"{self._about(name, number, code, kind)}: the image of record {entries.number()[entries.end].as_py()} is "
            "not whole: the journal minimizes entries, or the record has large objects; journal the file without "
            "MINENTDTA(*FILE *FLDBDY)",
            sqlstate="55019",
            phase="fetch",
        )

    def _changed(self, name: str, number: int, code: str, kind: str) -> DataError:
        return DataError(
            f"{self._about(name, number, code, kind)}: the file was deleted, changed, reorganized, or its journaling "
            f"ended, which entries of records do not tell; copy it anew, and read the changes after entry {number}",
            sqlstate="55019",
            phase="fetch",
        )

    def _about(self, name: str, number: int, code: str, kind: str) -> str:
        return f"{self._places[name].path}, {self._chain}, entry {number} ({code} {kind.rstrip()})"


def _decoded(file: Any, images: list[Any]) -> pa.RecordBatch:
    given: Any = file._decode_images(pa.RecordBatch.from_arrays(images, ["rrn", "nulls", "image"]))
    return pa.record_batch(given)


def _text(batch: pa.RecordBatch, name: str) -> Column:
    return batch[name].cast(pa.string())
