"""A folder of files as the target: a folder for each table, a file or more for each part."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import pyarrow as pa
import pyarrow.types as types

from drdarrow.copying.files import PartFiles, checked
from drdarrow.copying.manifest import PartState, TableState
from drdarrow.copying.options import Options
from drdarrow.copying.reading import Rows
from drdarrow.copying.storage import Store, shown
from drdarrow.exceptions import DataError, InterfaceError

__all__ = ["CHANGES", "Folder", "as_stored"]

#: The folder of files of changes. Readers of Parquet leave out what begins with a line.
CHANGES = "_changes"


class Folder:
    """Parquet, Arrow or CSV. A file is there whole, and is of the copy when the manifest has it."""

    #: Nobody else removes files of earlier runs.
    keeps_files = True

    def __init__(self, store: Store, options: Options, copy_id: str) -> None:
        self.store, self.options, self.id = store, options, copy_id
        self.kind: Literal["parquet", "arrow", "csv"] = "parquet"
        if options.format in ("arrow", "csv"):
            self.kind = options.format

    def settled(self, table: TableState) -> bool:
        """Before anything is read: what an interrupted copy left is removed, and parts whose files are gone are to be
        read again. Whether all that the state says is there."""
        known = {file.name: file.nbytes for part in table.parts for file in part.files}
        folder = self.folder(table)
        here = self.store.names(folder)
        for name in here:
            whole = f"{folder}/{name}"
            if name.startswith(f"part-{self.id}-") and whole not in known:
                self.store.remove(whole)
        foreign = [name for name in here if f"{folder}/{name}" not in known and not name.startswith(f"part-{self.id}-")]
        if foreign and self.in_the_way(foreign):
            raise InterfaceError(
                f"target: {shown(self.store.path(folder))} has files of something else ({foreign[0]}); take another "
                "folder"
            )
        well = True
        for part in table.parts:
            if not self.keeps_files and (table.committed or part.run < table.run):
                continue
            if part.done and any(self.store.size(file.name) != file.nbytes for file in part.files):
                well = part.done = False
        return self._changes_settled(table) and well

    def _changes_settled(self, table: TableState) -> bool:
        """The same of files of changes."""
        known = {file.name: file.nbytes for file in table.change_files}
        folder = f"{self.folder(table)}/{CHANGES}"
        for name in self.store.names(folder):
            if name.startswith(f"changes-{self.id}-") and f"{folder}/{name}" not in known:
                self.store.remove(f"{folder}/{name}")
        return all(self.store.size(name) == nbytes for name, nbytes in known.items())

    def in_the_way(self, names: list[str]) -> bool:
        """Whether files that no copy knows would be taken for rows of this one."""
        return True

    def folder(self, table: TableState) -> str:
        """That of the files of a table."""
        return table.folder

    def write(self, table: TableState, part: PartState, rows: Rows, step: Callable[[int], None]) -> None:
        """Writes the rows of a part, reads them again, and says in its state what there is. `step` is told of rows as
        they are written, and may raise."""
        schema = self.stored(rows.schema)
        stem = f"{self.folder(table)}/part-{self.id}-{part.run:04}-{part.number:05}"
        # An earlier try may have had more files.
        for file in part.files:
            self.store.remove(file.name)
        part.files = []
        with PartFiles(self.store, stem, self.kind, schema, self.options) as files:
            for batch in rows.batches:
                files.add(as_stored(batch, schema))
                step(batch.num_rows)
            # A table without rows has a file that says which columns it has.
            files.end(empty=part.number == 0 and part.run == 0)
            if self.options.verify:
                for file in files.files:
                    checked(self.store, file, self.kind, schema)
                    step(0)
        part.files = files.files
        part.rows = sum(file.rows for file in part.files)
        part.nbytes = sum(file.nbytes for file in part.files)
        part.nulls, part.nulled = files.nulls, dict(rows.nulled)

    def commit(self, table: TableState) -> None:
        """All parts of the run are written. Files in a folder are there at once."""

    def forget(self, table: TableState) -> None:
        """Removes the files of a table that is copied anew."""
        folder = self.folder(table)
        for name in self.store.names(folder):
            # Those that the manifest did not hear of are removed, too.
            if name.startswith(f"part-{self.id}-"):
                self.store.remove(f"{folder}/{name}")
        for name in self.store.names(f"{folder}/{CHANGES}"):
            if name.startswith(f"changes-{self.id}-"):
                self.store.remove(f"{folder}/{CHANGES}/{name}")

    def cancel(self) -> None:
        """No wait has no end."""

    def close(self) -> None:
        """Nothing is held."""

    def stored(self, schema: pa.Schema) -> pa.Schema:
        """The columns as the files have them: Parquet has no seconds."""
        if self.kind != "parquet":
            return schema
        return pa.schema([field.with_type(_finer(field.type)) for field in schema])


def _finer(kind: pa.DataType) -> pa.DataType:
    if types.is_time32(kind):
        return pa.time32("ms")
    if types.is_timestamp(kind) and kind.unit == "s":
        return pa.timestamp("ms", kind.tz)
    return kind


def as_stored(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """The batch with the types of a schema, without a loss."""
    if batch.schema.equals(schema, check_metadata=True):
        return batch
    columns = []
    for column, field in zip(batch.columns, schema, strict=True):
        try:
            columns.append(column if column.type == field.type else column.cast(field.type))
        except pa.ArrowInvalid as e:
            raise DataError(f"{field.name}: the target has {field.type}, and {e}", phase="fetch") from None
    return pa.RecordBatch.from_arrays(columns, schema=schema)
