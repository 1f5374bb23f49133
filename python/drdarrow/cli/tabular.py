"""Files that rows are read from: Parquet, Arrow IPC and CSV, or the same from the standard input."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias, cast, get_args

from drdarrow.exceptions import InterfaceError

if TYPE_CHECKING:
    import pyarrow as pa

#: How rows are written in a file.
Format: TypeAlias = Literal["parquet", "arrow", "csv"]

_SUFFIXES: dict[str, Format] = {
    ".parquet": "parquet",
    ".arrow": "arrow",
    ".arrows": "arrow",
    ".feather": "arrow",
    ".ipc": "arrow",
    ".csv": "csv",
}
#: The standard input.
STDIN = Path("-")
#: Rows of a batch of Parquet.
_ROWS = 65_536


@dataclass
class Tabular:
    """Rows to be read, and how many they are where that is known beforehand."""

    rows: pa.RecordBatchReader
    total: int | None


@contextmanager
def tabular(file: Path, form: Format | None, delimiter: str) -> Iterator[Tabular]:
    """The rows of a file, a batch at a time. `form`: unless its name, or for the standard input its first bytes, tell.

    Raises `InterfaceError` for a file that cannot be read or is of no known kind, or without pyarrow.
    """
    try:
        import pyarrow as pa
    except ImportError:
        raise InterfaceError('files are read by pyarrow: pip install "drdarrow[arrow]"') from None
    if len(delimiter) != 1:
        raise InterfaceError(f"--delimiter is one character, not {delimiter!r}")
    name = "the standard input" if file == STDIN else str(file)
    try:
        with opened(file) as source:
            yield reader(source, form or kind_of(file, source), delimiter)
    except pa.ArrowInvalid as error:
        raise InterfaceError(f"{name}: {error}") from error


@contextmanager
def opened(file: Path) -> Iterator[io.BufferedReader]:
    """The bytes, by position where that is needed."""
    if file != STDIN:
        with file.open("rb") as source:
            yield source
    elif sys.stdin.isatty():
        raise InterfaceError("-: nothing comes from the standard input, which is a terminal; pipe a file into it")
    else:
        yield cast(io.BufferedReader, sys.stdin.buffer)


def kind_of(file: Path, source: io.BufferedReader) -> Format:
    """How its rows are written."""
    if file != STDIN:
        if (form := _SUFFIXES.get(file.suffix.lower())) is None:
            known = ", ".join(_SUFFIXES)
            raise InterfaceError(f"{file}: expected {known}; --format says what it is ({', '.join(get_args(Format))})")
        return form
    if starts(source, b"PAR1"):
        return "parquet"
    return "arrow" if starts(source, b"ARROW1") or starts(source, b"\xff\xff\xff\xff") else "csv"


def reader(source: io.BufferedReader, form: Format, delimiter: str) -> Tabular:
    """Its rows. What has to be read by position and cannot be is read whole."""
    import pyarrow as pa

    if form == "csv":
        from pyarrow import csv

        return Tabular(csv.open_csv(source, parse_options=csv.ParseOptions(delimiter=delimiter)), None)
    if form == "arrow" and not starts(source, b"ARROW1"):
        return Tabular(pa.ipc.open_stream(pa.PythonFile(source, mode="r")), None)
    by_position = pa.PythonFile(source, mode="r") if source.seekable() else pa.BufferReader(source.read())
    if form == "parquet":
        from pyarrow import parquet

        file = parquet.ParquetFile(by_position)
        rows = pa.RecordBatchReader.from_batches(file.schema_arrow, file.iter_batches(_ROWS))
        return Tabular(rows, file.metadata.num_rows)
    whole = pa.ipc.open_file(by_position)
    batches = (whole.get_batch(n) for n in range(whole.num_record_batches))
    return Tabular(pa.RecordBatchReader.from_batches(whole.schema, batches), None)


def starts(source: io.BufferedReader, mark: bytes) -> bool:
    """Its first bytes are these; it is read from the first one on afterwards."""
    return source.peek(len(mark)).startswith(mark)
