"""A number that rows come to: the same for the same values in the same order, whatever batches they come in."""

from __future__ import annotations

import hashlib
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as types

__all__ = ["Digest"]


class Digest:
    """A SHA-256 over the columns of rows: which are NULL, and the values of the others."""

    def __init__(self, schema: pa.Schema) -> None:
        self._schema = schema
        self._columns = [_Column(field.type) for field in schema]
        self.rows = 0
        self.nulls = [0] * len(schema)

    def add(self, batch: pa.RecordBatch) -> None:
        """Takes rows in."""
        self.rows += batch.num_rows
        for place, (column, values) in enumerate(zip(self._columns, batch.columns, strict=True)):
            self.nulls[place] += values.null_count
            column.add(values)

    @property
    def nulls_by_name(self) -> dict[str, int]:
        """How many NULLs a column has, of those that have some."""
        return {name: count for name, count in zip(self._schema.names, self.nulls, strict=True) if count}

    def hex(self) -> str:
        """In hexadecimal digits."""
        whole = hashlib.sha256(str(self.rows).encode())
        for field, column in zip(self._schema, self._columns, strict=True):
            whole.update(f"\0{field.name}\0{field.type}\0".encode() + column.digest())
        return whole.hexdigest()


class _Column:
    def __init__(self, kind: pa.DataType) -> None:
        self._kind = kind
        self._valid, self._lengths, self._values = hashlib.sha256(), hashlib.sha256(), hashlib.sha256()
        self._nulls = False

    def digest(self) -> bytes:
        return self._valid.digest() + self._lengths.digest() + self._values.digest()

    def add(self, array: Any) -> None:
        if types.is_dictionary(array.type):
            array = array.dictionary_decode()
        kind = array.type
        if types.is_null(kind):
            self._lengths.update(b"%d " % len(array))
            return
        self._valid.update(_bytes(pc.is_valid(array).cast(pa.uint8()), 1))
        if types.is_string_view(kind) or types.is_binary_view(kind):
            array = array.cast(pa.large_string() if types.is_string_view(kind) else pa.large_binary())
            kind = array.type
        if types.is_boolean(kind):
            array, kind = array.cast(pa.uint8()), pa.uint8()
        long = types.is_large_string(kind) or types.is_large_binary(kind)
        if long or types.is_string(kind) or types.is_binary(kind):
            self._text(array, long)
        elif types.is_nested(kind) or isinstance(kind, pa.BaseExtensionType):
            self._values.update(repr(array.to_pylist()).encode())
        else:
            # The bytes in the place of a NULL mean nothing.
            known = array.drop_null() if array.null_count else array
            self._values.update(_bytes(known, kind.bit_width // 8))

    def _text(self, array: Any, long: bool) -> None:
        known = array.drop_null() if array.null_count else array
        width = 8 if long else 4
        self._lengths.update(_bytes(pc.binary_length(known).cast(pa.int64()), 8))
        _, offsets, values = known.buffers()
        if values is None or not len(known):
            return
        of = memoryview(offsets).cast("B").cast("q" if width == 8 else "i")
        first, last = of[known.offset], of[known.offset + len(known)]
        self._values.update(memoryview(values)[first:last])


def _bytes(array: Any, width: int) -> memoryview:
    """The values of an array of a fixed width."""
    values = array.buffers()[1]
    if values is None:
        return memoryview(b"")
    return memoryview(values)[array.offset * width : (array.offset + len(array)) * width]
