"""Calls of the callable `token`."""

from __future__ import annotations

import threading
from collections.abc import Callable

__all__ = ["start"]


def start(source: Callable[[bytes], bytes], challenge: bytes, done: Callable[[bool, object], None]) -> None:
    """Calls `source` in a thread of its own, which a program that ends does not wait for; `done` is told what it
    returned (True) or raised (False)."""

    def run() -> None:
        try:
            token = source(challenge)
        except BaseException as raised:  # noqa: BLE001  It is told to whoever waits for the token.
            done(False, raised)
        else:
            done(True, token)

    threading.Thread(target=run, name="drdarrow-token", daemon=True).start()
