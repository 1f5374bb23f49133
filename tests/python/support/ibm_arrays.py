"""Arrays of rows by IBM's CLI driver; each function runs in a process of its own (see apart.py)."""

from __future__ import annotations

import ctypes
import time
from typing import Any

import ibm_db
import ibm_db_dbi
from ibm import Cli
from ibm_arrays_rows import numbered

SQL_C_LONG, SQL_C_CHAR, SQL_INTEGER, SQL_VARCHAR, SQL_PARAM_INPUT, SQL_NULL_DATA = 4, 1, 4, 12, 1, -1
PARAM_STATUS, PARAMS_PROCESSED, PARAMSET_SIZE, PARAMOPT_ATOMIC = 20, 21, 22, 1260
WIDTH = 40


def dbi_numbered(to: str, insert: str, count: int) -> tuple[int, float]:
    """`numbered` by executemany and a commit; what the driver says of the number, and the seconds that it took."""
    begun = time.monotonic()
    done = dbi(to, insert, numbered(count))
    return done, time.monotonic() - begun


def dbi(to: str, insert: str, rows: list[tuple]) -> int:
    """By ibm_db_dbi's executemany and a commit."""
    connection = ibm_db_dbi.connect(to, "", "")
    cursor = connection.cursor()
    cursor.executemany(insert, rows)
    connection.commit()
    return cursor.rowcount


def many(to: str, insert: str, rows: tuple[tuple, ...]) -> tuple[Any, str]:
    """By ibm_db's execute_many, each command a transaction; how many rows, or what the driver says."""
    connection = ibm_db.connect(to, "", "")
    statement = ibm_db.prepare(connection, insert)
    try:
        return ibm_db.execute_many(statement, rows), ""
    except Exception as error:
        return None, f"{error} {ibm_db.stmt_errormsg()}"


def paramset(to: str, before: list[str], insert: str, rows: list[tuple], atomic: bool) -> dict[str, Any]:
    """By an array of the driver's own, of numbers and texts, in one transaction with the statements before it: what the
    call returned, the status of each row, how many were changed, the diagnostics."""
    cli = Cli(to)
    dbc = cli.connection
    cli.call("SQLSetConnectAttr", dbc, 102, ctypes.c_void_p(0), 0)
    for sql in before:
        cli.execute(sql)
    statement = ctypes.c_void_p()
    cli.call("SQLAllocHandle", 3, dbc, ctypes.byref(statement))
    count = len(rows)
    numbers = (ctypes.c_int32 * count)(*[row[0] or 0 for row in rows])
    texts = ctypes.create_string_buffer(count * WIDTH)
    lengths = [(ctypes.c_int32 * count)() for _ in range(2)]
    for n, (number, text) in enumerate(rows):
        raw = (text or "").encode()
        texts[n * WIDTH : n * WIDTH + len(raw)] = raw
        lengths[0][n] = SQL_NULL_DATA if number is None else 4
        lengths[1][n] = SQL_NULL_DATA if text is None else len(raw)
    status, processed = (ctypes.c_uint16 * count)(*[99] * count), ctypes.c_int32()
    cli.call("SQLSetStmtAttr", statement, PARAMSET_SIZE, ctypes.c_void_p(count), 0)
    cli.call("SQLSetStmtAttr", statement, PARAM_STATUS, status, 0)
    cli.call("SQLSetStmtAttr", statement, PARAMS_PROCESSED, ctypes.byref(processed), 0)
    cli.call("SQLSetStmtAttr", statement, PARAMOPT_ATOMIC, ctypes.c_void_p(int(atomic)), 0)
    cli.call("SQLPrepare", statement, insert.encode(), -3)
    bind = "SQLBindParameter"
    cli.call(bind, statement, 1, SQL_PARAM_INPUT, SQL_C_LONG, SQL_INTEGER, 0, 0, numbers, 4, lengths[0])
    cli.call(bind, statement, 2, SQL_PARAM_INPUT, SQL_C_CHAR, SQL_VARCHAR, WIDTH, 0, texts, WIDTH, lengths[1])
    code = cli.raw("SQLExecute", statement)
    told: list[tuple[str, int]] = []
    state, native, words = ctypes.create_string_buffer(6), ctypes.c_int32(), ctypes.create_string_buffer(600)
    while len(told) < 20:
        arguments = (3, statement, len(told) + 1, state, ctypes.byref(native), words, 600, None)
        if cli.raw("SQLGetDiagRec", *arguments) not in (0, 1):
            break
        told.append((state.value.decode(), native.value))
    changed = ctypes.c_int32()
    cli.raw("SQLRowCount", statement, ctypes.byref(changed))
    cli.call("SQLEndTran", 2, dbc, 0)
    return {"code": code, "status": list(status), "rows": changed.value, "told": told}
