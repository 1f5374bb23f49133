"""Calls of the callables `token` and `password`."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

__all__ = ["start"]


def start(source: Callable[..., object], arguments: tuple[Any, ...], done: Callable[[bool, object], None]) -> None:
    """Calls `source` in a thread of its own, which a program that ends does not wait for; `done` is told what it
    returned (True) or raised (False)."""

    def run() -> None:
        try:
            given = source(*arguments)
        except BaseException as raised:  # noqa: BLE001  It is told to whoever waits for it.
            done(False, raised)
        else:
            done(True, given)

    threading.Thread(target=run, name="drdarrow-token", daemon=True).start()
