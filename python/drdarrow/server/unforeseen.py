"""Errors that nobody foresaw: clients are told their kind and a number. The log has the rest under that number:
texts of such errors hold paths, statements and values, which are not for whoever may log in."""

from __future__ import annotations

import itertools
import logging

from drdarrow.server.engine import SqlError

__all__ = ["unforeseen"]

_LOG = logging.getLogger("drdarrow.server")
_numbers = itertools.count(1)


def unforeseen(kind: str, error: object) -> SqlError:
    """SQLCODE -901 with the kind of the error and its number in the log, where the error stands as it is."""
    number = next(_numbers)
    trace = error if isinstance(error, BaseException) else None
    _LOG.error("reference %d: %s: %s", number, kind, error, exc_info=trace)
    return SqlError(-901, "58004", f"reference {number} in the server's log: {kind}")
