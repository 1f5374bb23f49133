"""Statements that IBM's CLI driver breaks off (SQLCancel by another thread, and its query timeout); each function runs in
a process of its own (see apart.py)."""

from __future__ import annotations

import ctypes
import threading
import time

from ibm import SQL_NTS, Cli, connect, rows

QUERY_TIMEOUT = 0
AUTOCOMMIT = 102
ROLLBACK = 1


class _Work:
    """A connection with a statement handle for each statement, without autocommit."""

    def __init__(self, to: str) -> None:
        self.cli = Cli(to)
        self.cli.call("SQLSetConnectAttr", self.cli.connection, AUTOCOMMIT, ctypes.c_void_p(0), 0)

    def statement(self) -> ctypes.c_void_p:
        handle = ctypes.c_void_p()
        self.cli.call("SQLAllocHandle", 3, self.cli.connection, ctypes.byref(handle))
        return handle

    def run(self, sql: str, cancel_after: float | None = None, timeout: int = 0) -> tuple[str, int]:
        """SQLSTATE and SQLCODE that a statement ends with, its rows read to their end; ("", rows) where it ends well.
        cancel_after: seconds after which another thread cancels it."""
        handle = self.statement()
        if timeout:
            self.cli.call("SQLSetStmtAttr", handle, QUERY_TIMEOUT, ctypes.c_void_p(timeout), 0)
        cancelled = []
        timer = None
        if cancel_after is not None:
            timer = threading.Timer(cancel_after, lambda: cancelled.append(self.cli.raw("SQLCancel", handle)))
            timer.start()
        try:
            code = self.cli.raw("SQLExecDirect", handle, sql.encode(), SQL_NTS)
            count, columns = 0, ctypes.c_int16()
            if code in (0, 1):
                self.cli.call("SQLNumResultCols", handle, ctypes.byref(columns))
            while columns.value and code in (0, 1):
                code = self.cli.raw("SQLFetch", handle)
                count += code in (0, 1)
            told = ("", count) if code in (0, 1, 100) else self.error(handle)
        finally:
            if timer is not None:
                timer.join()
        if cancel_after is not None and cancelled != [0]:
            raise AssertionError(f"SQLCancel: {cancelled}")
        self.cli.call("SQLFreeHandle", 3, handle)
        return told

    def cancel_idle(self) -> None:
        """Cancels a statement that does not run."""
        self.cli.call("SQLCancel", self.statement())

    def error(self, handle: ctypes.c_void_p) -> tuple[str, int]:
        state, native = ctypes.create_string_buffer(6), ctypes.c_int32()
        self.cli.call("SQLGetDiagRec", 3, handle, 1, state, ctypes.byref(native), None, 0, None)
        return state.value.decode(), native.value

    def commit(self) -> None:
        self.cli.call("SQLEndTran", 2, self.cli.connection, 0)


def is_alive(to: str) -> bool:
    """The word of ibm_db.active() about an open connection."""
    import ibm_db

    return ibm_db.active(connect(to))


def cancelled(to: str, change: str, count: str, long: list[str]) -> dict:
    """A change, then statements that take too long and are cancelled, another change, a commit: how each statement
    ended, the slowest, and what is in the table afterwards for another connection."""
    work = _Work(to)
    ended, slowest = [], 0.0
    for sql in long:
        start = time.monotonic()
        ended.append(work.run(sql, cancel_after=0.5))
        slowest = max(slowest, time.monotonic() - start)
    ended.append(work.run(change))
    work.cancel_idle()
    ended.append(work.run(change))
    work.commit()
    return {"ended": ended, "slowest": slowest, "count": rows(connect(to), count)}


def timed_out(to: str, sql: str) -> tuple[tuple[str, int], tuple[str, int]]:
    """A statement with a query timeout of one second, and one after it."""
    work = _Work(to)
    return work.run(sql, timeout=1), work.run("VALUES 1")
