"""Steps that are the same for connections that wait and for those of asyncio: a generator yields calls, and is sent
what they give."""

from __future__ import annotations

import asyncio
import inspect
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
            # An interrupt that comes between two steps is told to them as well.
            while True:
                step = steps.send(value) if raised is None else steps.throw(raised)
                value = raised = None
                value = step.call() if isinstance(step, Aside) else step()
        except BaseException as e:
            if inspect.getgeneratorstate(steps) == inspect.GEN_CLOSED:
                if isinstance(e, StopIteration):
                    return e.value  # type: ignore[no-any-return]
                raise
            value, raised = None, e


async def run_async(steps: Steps[_T]) -> _T:
    """The same, where the calls give coroutines."""
    value: Any = None
    raised: BaseException | None = None
    while True:
        try:
            # An interrupt that comes between two steps is told to them as well.
            while True:
                step = steps.send(value) if raised is None else steps.throw(raised)
                value = raised = None
                value = await (asyncio.to_thread(step.call) if isinstance(step, Aside) else step())
        except BaseException as e:
            if inspect.getgeneratorstate(steps) == inspect.GEN_CLOSED:
                if isinstance(e, StopIteration):
                    return e.value  # type: ignore[no-any-return]
                raise
            value, raised = None, e
