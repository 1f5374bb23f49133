"""The settings of a pool, and its errors."""

from __future__ import annotations

import itertools
import math
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from drdarrow.exceptions import Error, InterfaceError, OperationalError

__all__ = ["PoolFull", "PoolTimeout", "Reset", "Rules"]

#: What is done with a connection that comes back, beside a rollback.
Reset: TypeAlias = Literal["traces", "always", "rollback"] | Callable[[Any], Any]

#: The pause after a connection that could not be made, in seconds: the first, and the longest.
_FIRST, _LONGEST = 0.1, 10.0
_numbers = itertools.count(1)


class PoolTimeout(OperationalError):
    """No connection came in time. It says how large the pool is, who waits and how long it was waited."""


class PoolFull(PoolTimeout):
    """`max_waiting` others wait for a connection already."""


@dataclass(frozen=True, kw_only=True)
class Rules:
    """The settings of a pool that are checked."""

    min_size: int
    max_size: int
    max_idle: float
    max_lifetime: float
    timeout: float
    check: float | None
    reset: Reset
    name: str
    max_waiting: int

    @staticmethod
    def of(
        min_size: int,
        max_size: int | None,
        max_idle: float,
        max_lifetime: float,
        timeout: float,
        check: float | None,
        reset: Reset,
        name: str | None,
        max_waiting: int,
        *,
        configure: Any,
        settings: object,
    ) -> Rules:
        """The rules; raises InterfaceError for those that cannot be meant."""
        for key, size in (("min_size", min_size), ("max_size", max_size), ("max_waiting", max_waiting)):
            if size is not None and (isinstance(size, bool) or not isinstance(size, int) or size < 0):
                raise InterfaceError(f"{key}: expected a whole number of at least 0, not {size!r}")
        most = max(min_size, 4) if max_size is None else max_size
        if most < 1 or most < min_size:
            raise InterfaceError(f"max_size: expected a number of at least 1 and of min_size ({min_size}), not {most}")
        for key, seconds in (("max_idle", max_idle), ("max_lifetime", max_lifetime), ("timeout", timeout)):
            if not _is_number(seconds) or not seconds > 0:
                raise InterfaceError(f"{key}: expected seconds above 0, not {seconds!r}")
        if check is not None and (not _is_number(check) or not check >= 0):
            raise InterfaceError(f"check: expected seconds, or None, not {check!r}")
        if not callable(reset) and reset not in ("traces", "always", "rollback"):
            raise InterfaceError(f"reset: expected traces, always, rollback or a function, not {reset!r}")
        if configure is not None and not callable(configure):
            raise InterfaceError(f"configure: expected a function of a connection, not {configure!r}")
        if settings is not None and not isinstance(settings, Mapping):
            raise InterfaceError(f"settings: expected a mapping of arguments of connect(), not {settings!r}")
        return Rules(
            min_size=min_size,
            max_size=most,
            max_idle=max_idle,
            max_lifetime=max_lifetime,
            timeout=timeout,
            check=check,
            reset=reset,
            name=name or f"pool-{next(_numbers)}",
            max_waiting=max_waiting,
        )

    def deadline(self, timeout: float | None) -> float:
        """When a wait of so many seconds is over; those of the pool unless given."""
        if timeout is not None and (not _is_number(timeout) or timeout < 0):
            raise InterfaceError(f"timeout: expected seconds of at least 0, not {timeout!r}")
        return time.monotonic() + (self.timeout if timeout is None else timeout)

    def lifetime(self) -> float:
        """The seconds that a new connection is kept: those made together do not end together."""
        return self.max_lifetime * random.uniform(0.9, 1.0)

    def resets(self, touched: bool) -> bool:
        """Whether a connection that comes back is logged in again."""
        return self.reset == "always" or (self.reset == "traces" and touched)


def pause(failures: int) -> float:
    """The seconds before a connection is tried again, after so many failures in a row."""
    return min(_FIRST * 2.0 ** min(failures - 1, 16), _LONGEST) * random.uniform(0.5, 1.0)


def may_pass(error: Exception) -> bool:
    """Whether a connection that could not be made may be made later: not where the login is refused, or misuse."""
    refused = isinstance(error, Error) and (error.sqlstate or "").startswith("28")
    return isinstance(error, OperationalError) and not refused


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and not math.isnan(value)
