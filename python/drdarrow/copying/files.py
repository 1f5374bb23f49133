"""The files of a part: written in pieces of bounded size, and read again."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from types import TracebackType
from typing import Any, Literal, Self, TypeAlias

import pyarrow as pa
import pyarrow.csv as csv
import pyarrow.parquet as pq

from drdarrow.cli.writing import textual, without_bytes
from drdarrow.copying.digests import Digest
from drdarrow.copying.manifest import FileState
from drdarrow.copying.options import Options
from drdarrow.copying.storage import Counted, Store, shown
from drdarrow.exceptions import DataError

__all__ = ["ENDINGS", "PartFiles", "checked", "rows_of"]

Kind: TypeAlias = Literal["parquet", "arrow", "csv"]
#: How names of files end.
ENDINGS = {"parquet": ".parquet", "arrow": ".arrow", "csv": ".csv"}
#: Bytes that are read at once.
_READ = 1 << 20


class PartFiles:
    """Writes the rows of a part into files; a context manager. An error removes what it wrote."""

    def __init__(self, store: Store, stem: str, kind: Kind, schema: pa.Schema, options: Options) -> None:
        self._store, self._stem, self._kind, self._options = store, stem, kind, options
        self.schema = schema
        self.files: list[FileState] = []
        self.nulls: dict[str, int] = {}
        self._open = ExitStack()
        self._sink: Counted | None = None
        self._writer: Any = None
        self._digest = Digest(schema)
        self._waiting: list[pa.RecordBatch] = []
        self._rows = self._bytes = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if kind is not None:
            if self._sink is not None:
                self._sink.give_up()
                if self._writer is not None:
                    with suppress(pa.ArrowException, OSError):
                        self._writer.close()
            # The sink is told of the error, so that it keeps nothing.
            self._open.__exit__(kind, error, traceback)
            for file in self.files:
                self._store.remove(file.name)

    def add(self, batch: pa.RecordBatch) -> None:
        """Takes rows; writes them when they are enough for a row group."""
        self._waiting.append(batch)
        self._rows += batch.num_rows
        self._bytes += batch.nbytes
        if self._rows >= self._options.row_group_rows or self._bytes >= self._options.row_group_bytes:
            self._flush()
            if self._sink is not None and self._sink.nbytes >= self._options.file_bytes:
                self._finish()

    def end(self, *, empty: bool) -> None:
        """Writes what is left. `empty`: a file is made even if there are no rows."""
        self._flush()
        if self._sink is None and empty and not self.files:
            self._begin()
        self._finish()

    def _flush(self) -> None:
        if not self._waiting:
            return
        if self._sink is None:
            self._begin()
        for batch in self._waiting:
            self._digest.add(batch)
        if self._kind == "parquet":
            table = pa.Table.from_batches(self._waiting, self.schema)
            self._writer.write_table(table, row_group_size=max(table.num_rows, 1))
        else:
            for batch in self._waiting:
                self._writer.write_batch(without_bytes(batch, "hex") if self._kind == "csv" else batch)
        self._waiting, self._rows, self._bytes = [], 0, 0

    def _begin(self) -> None:
        name = f"{self._stem}-{len(self.files):04}{ENDINGS[self._kind]}"
        # It is what writers need of a file, which their stubs do not know.
        sink: Any = self._open.enter_context(self._store.sink(name))
        self._sink = sink
        self._digest = Digest(self.schema)
        if self._kind == "parquet":
            compression: Any = self._options.compression
            self._writer = pq.ParquetWriter(sink, self.schema, compression=compression)
        elif self._kind == "arrow":
            self._writer = pa.ipc.new_file(sink, self.schema)
        else:
            self._writer = csv.CSVWriter(sink, textual(self.schema))

    def _finish(self) -> None:
        sink = self._sink
        if sink is None:
            return
        self._writer.close()
        self._open.close()
        for name, count in self._digest.nulls_by_name.items():
            self.nulls[name] = self.nulls.get(name, 0) + count
        content = None if self._kind == "csv" else self._digest.hex()
        name = f"{self._stem}-{len(self.files):04}{ENDINGS[self._kind]}"
        self.files.append(FileState(name, self._digest.rows, sink.nbytes, sink.sha256, content))
        self._sink = self._writer = None


def checked(store: Store, file: FileState, kind: Kind, schema: pa.Schema) -> None:
    """Reads a file again.

    Raises:
        DataError: it is not what was written.
    """
    found = hashlib.sha256()
    with store.open(file.name) as opened:
        while block := opened.read(_READ):
            found.update(block)
    if found.hexdigest() != file.sha256:
        raise _other(store, file, "its bytes are not those that were written")
    if file.content is None:
        return
    with rows_of(store, file.name, kind) as (told, batches):
        if not told.equals(schema):
            raise _other(store, file, f"its columns are {told.names}, {told.types}")
        digest = Digest(schema)
        for batch in batches:
            digest.add(batch)
    if digest.rows != file.rows or digest.hex() != file.content:
        raise _other(store, file, "its rows are not those that were written")


@contextmanager
def rows_of(store: Store, name: str, kind: Kind) -> Iterator[tuple[pa.Schema, Iterator[pa.RecordBatch]]]:
    """The columns and rows of a file of Parquet or Arrow."""
    with store.open(name) as opened:
        if kind == "parquet":
            with pq.ParquetFile(opened) as parquet:
                yield parquet.schema_arrow, parquet.iter_batches(use_threads=False)
        else:
            with pa.ipc.open_file(opened) as arrow:
                yield arrow.schema, (arrow.get_batch(number) for number in range(arrow.num_record_batches))


def _other(store: Store, file: FileState, reason: str) -> DataError:
    return DataError(
        f"{shown(store.path(file.name))} was read again, and {reason}: the disk or the library that wrote it is at "
        "fault; copy again",
        phase="fetch",
    )
