"""Steps that are the same for connections that wait and for those of asyncio: a generator yields calls, and is sent
what they give."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from typing import Any, NamedTuple, TypeAlias, TypeVar

__all__ = ["Aside", "Steps", "run", "run_async"]

_T = TypeVar("_T")


class Aside(NamedTuple):
    """A call that waits by itself, for a file: no event loop should wait for it."""

    call: Callable[[], Any]


#: Calls, and the value of the whole.
Steps: TypeAlias = Generator[Callable[[], Any] | Aside, Any, _T]


def run(steps: Steps[_T]) -> _T:
    """Takes the steps."""
    value: Any = None
    raised: BaseException | None = None
    while True:
        try:
            step = steps.send(value) if raised is None else steps.throw(raised)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
        value = raised = None
        try:
            value = step.call() if isinstance(step, Aside) else step()
        except BaseException as e:
            raised = e


async def run_async(steps: Steps[_T]) -> _T:
    """The same, where the calls give coroutines."""
    value: Any = None
    raised: BaseException | None = None
    while True:
        try:
            step = steps.send(value) if raised is None else steps.throw(raised)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
        value = raised = None
        try:
            value = await (asyncio.to_thread(step.call) if isinstance(step, Aside) else step())
        except BaseException as e:
            raised = e
