"""A result with asyncio; the name is in `drdarrow.aio`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Self

import drdarrow._core as _core

if TYPE_CHECKING:
    from drdarrow.exceptions import Warning  # noqa: A004

__all__ = ["AsyncArrowStream"]


class AsyncArrowStream:
    """A result as Arrow record batches: `async for batch in stream`. It is read once."""

    def __init__(self, raw: _core.RawStream) -> None:
        self._raw = raw

    @property
    def schema(self) -> _core.Schema:
        """The columns; asks nothing of the server."""
        return self._raw.schema

    @property
    def rows_read(self) -> int:
        """Rows handed out so far."""
        return self._raw.rows_read

    @property
    def error(self) -> BaseException | None:
        """The exception that ended the reading, or None."""
        return self._raw.error

    @property
    def messages(self) -> list[tuple[type[Warning], Warning]]:
        """Warnings of the server so far."""
        return self._raw.messages

    def __aiter__(self) -> AsyncIterator[_core.RecordBatch]:
        return self

    async def __anext__(self) -> _core.RecordBatch:
        while await self._raw.more():
            if (batch := self._raw.batch_in_hand()) is not None:
                return batch
        raise StopAsyncIteration

    async def close(self) -> None:
        """Closes the query on the server. Closing twice is allowed."""
        await self._raw.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self._raw.close()

    def __repr__(self) -> str:
        return repr(self._raw)
