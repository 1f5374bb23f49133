"""A result in a Parquet file, written batch by batch."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drdarrow.whole_file import whole_file

if TYPE_CHECKING:
    from drdarrow import ArrowStream, RecordBatch
    from drdarrow._core import AsyncArrowStream

__all__ = ["write", "write_async"]


def write(stream: ArrowStream, path: str | PathLike[str], **options: Any) -> int:
    """Writes what is left of a stream; how many rows."""
    with stream, _sink(stream, path, options) as put:
        for batch in stream:
            put(batch)
    return stream.rows_read


async def write_async(stream: AsyncArrowStream, path: str | PathLike[str], **options: Any) -> int:
    """The same, with the writing in other threads."""
    async with stream:
        with _sink(stream, path, options) as put:
            async for batch in stream:
                await _done(put, batch)
    return stream.rows_read


@contextmanager
def _sink(
    stream: ArrowStream | AsyncArrowStream, path: str | PathLike[str], options: dict[str, Any]
) -> Iterator[Callable[[RecordBatch], None]]:
    """A function that writes a batch to the file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    with (
        whole_file(Path(path)) as part,
        pq.ParquetWriter(part, pa.schema(stream.schema), **options) as sink,  # type: ignore[arg-type]
    ):
        yield lambda batch: sink.write_batch(pa.record_batch(batch))


async def _done(put: Callable[[RecordBatch], None], batch: RecordBatch) -> None:
    """Writes in a thread. A task that is cancelled goes on when that is through: the file is closed next."""
    work = asyncio.ensure_future(asyncio.to_thread(put, batch))
    try:
        await asyncio.shield(work)
    except asyncio.CancelledError:
        while not work.done():
            with suppress(asyncio.CancelledError):
                await asyncio.wait({work})
        raise
