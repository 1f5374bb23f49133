"""Work that is done again when it failed for a reason that may pass: a deadlock, a lock that was waited for too long, a
connection that was lost with its unit of work.

    def transfer():
        with pool.connection() as connection:
            ...

    drdarrow.retry(transfer, attempts=5)
"""

from __future__ import annotations

import random
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias, TypeVar

from drdarrow.exceptions import Error, InterfaceError

__all__ = ["On", "retry", "retry_async"]

_T = TypeVar("_T")

#: When to try again: exceptions by their class, or a function that looks at one.
On: TypeAlias = type[BaseException] | tuple[type[BaseException], ...] | Callable[[Exception], bool]

#: The longest pause between two attempts, in seconds.
_LONGEST = 30.0


def _is_kind(on: object) -> bool:
    return isinstance(on, type) and issubclass(on, BaseException)


def _is_rule(on: Any) -> bool:
    return callable(on) and not isinstance(on, type)


def _retryable(error: Exception) -> bool:
    return isinstance(error, Error) and error.retryable


class _Attempts:
    """The attempts of one call."""

    def __init__(self, work: Any, attempts: int, backoff: float, on: On | None) -> None:
        if not callable(work):
            raise InterfaceError(f"work: expected a function without arguments, not {type(work).__name__}")
        if isinstance(attempts, bool) or not isinstance(attempts, int) or attempts < 1:
            raise InterfaceError(f"attempts: expected a whole number of at least 1, not {attempts!r}")
        if isinstance(backoff, bool) or not isinstance(backoff, int | float) or not 0 <= backoff <= _LONGEST:
            raise InterfaceError(f"backoff: expected seconds from 0 to {_LONGEST:.0f}, not {backoff!r}")
        if not (on is None or _is_kind(on) or isinstance(on, tuple) and all(map(_is_kind, on)) or _is_rule(on)):
            raise InterfaceError(f"on: expected classes of exceptions or a function of an exception, not {on!r}")
        self._left, self._pause, self._failures = attempts, backoff, list[Exception]()
        self._on: On = _retryable if on is None else on

    def pause(self, error: Exception) -> float:
        """The seconds to wait before the next attempt; raises the error after the last one."""
        self._left -= 1
        self._failures.append(error)
        again = isinstance(error, self._on) if isinstance(self._on, type | tuple) else self._on(error)
        if not again or not self._left:
            self._note(error, again)
            raise error
        seconds, self._pause = self._pause, min(self._pause * 2, _LONGEST)
        # Those who met each other are not to meet again.
        return seconds * random.uniform(0.5, 1.5)

    def _note(self, error: Exception, again: bool) -> None:
        if len(self._failures) > 1:
            causes = "".join(f"\n  {n}: {type(e).__name__}: {e}" for n, e in enumerate(self._failures, 1))
            why = "" if again else ", the last of which is not tried again"
            error.add_note(f"given up after {len(self._failures)} attempts{why}:{causes}")


def retry(work: Callable[[], _T], *, attempts: int = 3, backoff: float = 0.1, on: On | None = None) -> _T:
    """Calls `work()` and returns what it returns; calls it again, up to `attempts` times, when it raises an error that
    is `retryable`.

    `work` is called as a whole: it is to hold its whole transaction, best in a `with` block, and to take its connection
    from a pool. `backoff` is the pause before the second attempt in seconds; it doubles with each one more, by half
    more or less at random. `on` replaces the rule: exceptions by class, or a function of the exception that returns a
    bool.

    Raises the error of the last attempt, with a note of all of them; InterfaceError for numbers that cannot be meant.
    """
    tries = _Attempts(work, attempts, backoff, on)
    # Imported late: it takes long.
    from inspect import iscoroutinefunction

    if iscoroutinefunction(work):
        raise InterfaceError("work: a coroutine function is for drdarrow.aio.retry()")
    while True:
        try:
            return work()
        except Exception as e:
            seconds = tries.pause(e)
        time.sleep(seconds)


async def retry_async(
    work: Callable[[], Awaitable[_T]], *, attempts: int = 3, backoff: float = 0.1, on: On | None = None
) -> _T:
    """Awaits `work()`, again where it fails for a reason that may pass; see `drdarrow.retry`."""
    import asyncio
    from inspect import isawaitable

    tries = _Attempts(work, attempts, backoff, on)
    while True:
        try:
            begun = work()
            if isawaitable(begun):
                return await begun
        except Exception as e:
            seconds = tries.pause(e)
        else:
            raise InterfaceError("work: expected a coroutine function; drdarrow.retry() is for others")
        await asyncio.sleep(seconds)
