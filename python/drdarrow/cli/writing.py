"""Files that rows are written to: Parquet, Arrow IPC and CSV."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from drdarrow.exceptions import InterfaceError

if TYPE_CHECKING:
    import pyarrow as pa

    from drdarrow import RecordBatch

#: How bytes become text.
Binary: TypeAlias = Literal["hex", "base64"]
Write: TypeAlias = Callable[[Path, Iterator["RecordBatch"], "pa.Schema"], None]


def as_text(value: bytes, binary: Binary) -> str:
    """Bytes as text: hexadecimal in capital letters, as HEX() of Db2 writes them, or base64."""
    return value.hex().upper() if binary == "hex" else base64.b64encode(value).decode()


def writer(out: Path, binary: Binary = "hex") -> Write:
    """A function that writes batches to a file of this kind; bytes go into CSV as `binary` says.

    Raises `InterfaceError` for another kind, or without pyarrow.
    """
    try:
        import pyarrow as pa
        import pyarrow.csv as csv
        import pyarrow.parquet as pq
    except ImportError:
        raise InterfaceError('files are written by pyarrow: pip install "drdarrow[arrow]"') from None

    def parquet(path: Path, schema: pa.Schema) -> Any:
        return pq.ParquetWriter(path, schema)

    def arrow(path: Path, schema: pa.Schema) -> Any:
        return pa.ipc.new_file(str(path), schema)

    def text(path: Path, schema: pa.Schema) -> Any:
        return csv.CSVWriter(str(path), textual(schema))

    openers = {".parquet": parquet, ".arrow": arrow, ".feather": arrow, ".csv": text}
    kind = out.suffix.lower()
    opener = openers.get(kind)
    if opener is None:
        raise InterfaceError(f"{out}: expected {', '.join(openers)}")

    def write(path: Path, batches: Iterator[RecordBatch], schema: pa.Schema) -> None:
        with ExitStack() as stack:
            sink = stack.enter_context(opener(path, schema))
            for batch in batches:
                whole = pa.record_batch(batch)
                sink.write_batch(without_bytes(whole, binary) if kind == ".csv" else whole)

    return write


def is_binary(kind: pa.DataType) -> bool:
    import pyarrow.types as types

    tests = (types.is_binary, types.is_large_binary, types.is_fixed_size_binary, types.is_binary_view)
    return any(test(kind) for test in tests)


def textual(schema: pa.Schema) -> pa.Schema:
    """The schema with text in place of bytes."""
    import pyarrow as pa

    return pa.schema([field.with_type(pa.large_string()) if is_binary(field.type) else field for field in schema])


def without_bytes(batch: pa.RecordBatch, binary: Binary) -> pa.RecordBatch:
    """The batch with text in place of bytes."""
    import pyarrow as pa

    def column(array: Any) -> Any:
        if not is_binary(array.type):
            return array
        texts = (None if value is None else as_text(value, binary) for value in array.to_pylist())
        return pa.array(texts, pa.large_string())

    return pa.record_batch([column(array) for array in batch.columns], schema=textual(batch.schema))
