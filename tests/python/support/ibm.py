"""Requests to IBM's CLI driver, by way of ibm_db and by its own functions; each function runs in a process of its
own (see apart.py). ibm_db is a test dependency from PyPI: `pip install ibm_db`."""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import Any

import ibm_db
from serving import print_of

SQL_C_CHAR = 1
SQL_NTS = -3


def connect(to: str) -> Any:
    return ibm_db.connect(to, "", "")


def rows(connection: Any, sql: str, parameters: tuple | None = None) -> list[tuple]:
    if parameters is None:
        statement = ibm_db.exec_immediate(connection, sql)
    else:
        statement = ibm_db.prepare(connection, sql)
        ibm_db.execute(statement, parameters)
    out = []
    while row := ibm_db.fetch_tuple(statement):
        out.append(row)
    return out


def one(to: str) -> Any:
    """The simplest question, after a login."""
    return rows(connect(to), "VALUES 1")


def select(to: str, *statements: str) -> list[list[tuple]]:
    connection = connect(to)
    return [rows(connection, sql) for sql in statements]


def prepared_before(to: str, sql: str, others: list[str]) -> list[list[tuple]]:
    """The rows of a statement that was prepared before other statements, after each of these."""
    connection = connect(to)
    statement = ibm_db.prepare(connection, sql)
    found = []
    for other in others:
        ibm_db.exec_immediate(connection, other)
        ibm_db.execute(statement)
        of = []
        while ibm_db.num_fields(statement) and (row := ibm_db.fetch_tuple(statement)):
            of.append(row)
        found.append(of)
    return found


def columns(to: str, sql: str) -> list[tuple]:
    """Name, type, precision and scale of each column, as ibm_db tells them."""
    connection = connect(to)
    statement = ibm_db.exec_immediate(connection, sql)
    told = (ibm_db.field_name, ibm_db.field_type, ibm_db.field_precision, ibm_db.field_scale)
    return [tuple(ask(statement, n) for ask in told) for n in range(ibm_db.num_fields(statement))]


def connect_error(to: str) -> str:
    try:
        connect(to)
    except Exception as error:
        return str(error)
    return "connected"


def errors(to: str, *statements: str) -> list[tuple[str, str]]:
    """The SQLSTATE and the text that each statement fails with; the connection is the same."""
    connection = connect(to)
    out = []
    for sql in statements:
        try:
            ibm_db.exec_immediate(connection, sql)
            out.append(("", ""))
        except Exception as error:
            out.append((ibm_db.stmt_error(), str(error)))
    return out


def count(to: str, sql: str) -> tuple[int, int]:
    """Rows, and the sum of the first column."""
    connection = connect(to)
    statement = ibm_db.exec_immediate(connection, sql)
    n = total = 0
    while row := ibm_db.fetch_tuple(statement):
        n += 1
        total += row[0]
    return n, total


def store(to: str, create: str, insert: str, values: list[tuple], query: str) -> list[tuple]:
    """Makes a table, inserts row by row, reads it back."""
    connection = connect(to)
    ibm_db.exec_immediate(connection, create)
    statement = ibm_db.prepare(connection, insert)
    for row in values:
        ibm_db.execute(statement, row)
        if ibm_db.num_rows(statement) != 1:
            raise AssertionError(f"{ibm_db.num_rows(statement)} rows by {row!r}")
    return rows(connection, query)


def store_many(to: str, create: str, insert: str, values: tuple[tuple, ...], query: str) -> tuple[int, list[tuple]]:
    """The same by an array of rows; and how many the driver says that there were."""
    connection = connect(to)
    ibm_db.exec_immediate(connection, create)
    statement = ibm_db.prepare(connection, insert)
    done = ibm_db.execute_many(statement, values)
    return done, rows(connection, query)


def filters(to: str, questions: list[tuple[str, tuple]]) -> list[list[tuple]]:
    """Queries with parameters."""
    connection = connect(to)
    return [rows(connection, sql, parameters) for sql, parameters in questions]


def lobs_out(to: str, sql: str) -> list[tuple]:
    """Each row with its large values as length and hash."""
    out = []
    connection = connect(to)
    statement = ibm_db.exec_immediate(connection, sql)
    while row := ibm_db.fetch_tuple(statement):
        out.append(tuple(print_of(value) for value in row))
    return out


def transactions(to: str) -> list[list[tuple]]:
    """The rows that another connection sees before and after a commit, and this one after a rollback."""
    mine, other = connect(to), connect(to)
    seen = []
    ibm_db.exec_immediate(mine, "CREATE TABLE IBM_UOW (A INTEGER)")
    ibm_db.autocommit(mine, ibm_db.SQL_AUTOCOMMIT_OFF)
    query = "SELECT COUNT(*) FROM IBM_UOW"
    ibm_db.exec_immediate(mine, "INSERT INTO IBM_UOW VALUES (1)")
    seen += [rows(mine, query), rows(other, query)]
    ibm_db.commit(mine)
    seen += [rows(other, query)]
    ibm_db.exec_immediate(mine, "INSERT INTO IBM_UOW VALUES (2)")
    ibm_db.exec_immediate(mine, "DELETE FROM IBM_UOW WHERE A = 1")
    seen += [rows(mine, query)]
    ibm_db.rollback(mine)
    seen += [rows(mine, query), rows(other, query)]
    return seen


def called(to: str, made: list[str], name: str, arguments: tuple) -> tuple[tuple, list[list[tuple]], object]:
    """The arguments after a call, the rows of its result sets, and its status."""
    connection = connect(to)
    for statement in made:
        ibm_db.exec_immediate(connection, statement)
    statement, *values = ibm_db.callproc(connection, name, arguments)
    sets, result = [], statement if ibm_db.num_fields(statement) else None
    while result:
        rows = []
        while row := ibm_db.fetch_tuple(result):
            rows.append(row)
        sets.append(rows)
        result = ibm_db.next_result(statement)
    return tuple(values), sets, ibm_db.get_option(statement, ibm_db.SQL_ATTR_CALL_RETURN, 0)


class Cli:
    """The driver's own functions, which tell every value as text and scroll."""

    def __init__(self, to: str) -> None:
        self._lib = ctypes.CDLL(str(Path(ibm_db.__file__).parent / "clidriver/lib/libdb2.so"))
        env, dbc, self.statement = ctypes.c_void_p(), ctypes.c_void_p(), ctypes.c_void_p()
        self.call("SQLAllocHandle", 1, None, ctypes.byref(env))
        self.call("SQLSetEnvAttr", env, 200, ctypes.c_void_p(3), 0)
        self.call("SQLAllocHandle", 2, env, ctypes.byref(dbc))
        self.call("SQLDriverConnect", dbc, None, to.encode(), SQL_NTS, None, 0, None, 0)
        self.call("SQLAllocHandle", 3, dbc, ctypes.byref(self.statement))
        self.connection = dbc

    def raw(self, name: str, *arguments: object) -> int:
        """The result of a function, whatever it is."""
        return ctypes.c_int16(getattr(self._lib, name)(*arguments)).value

    def call(self, name: str, *arguments: object) -> int:
        code = self.raw(name, *arguments)
        if code not in (0, 1, 100):
            raise AssertionError(f"{name}: {code}")
        return code

    def execute(self, sql: str, scrolls: bool = False) -> None:
        if scrolls:
            self.call("SQLSetStmtAttr", self.statement, 6, ctypes.c_void_p(3), 0)
        self.call("SQLExecDirect", self.statement, sql.encode(), SQL_NTS)

    def fetch(self, orientation: int = 1, offset: int = 0) -> tuple[str | None, ...] | None:
        """The row that a move leads to; `None`: there is none."""
        if self.call("SQLFetchScroll", self.statement, orientation, offset) == 100:
            return None
        width = ctypes.c_int16()
        self.call("SQLNumResultCols", self.statement, ctypes.byref(width))
        row: list[str | None] = []
        for column in range(1, width.value + 1):
            # The driver's lengths have 32 bits.
            text, length = ctypes.create_string_buffer(4096), ctypes.c_int32()
            self.call("SQLGetData", self.statement, column, SQL_C_CHAR, text, len(text), ctypes.byref(length))
            row.append(None if length.value == -1 else text.value.decode())
        return tuple(row)


def texts(to: str, sql: str) -> list[tuple[str | None, ...]]:
    """Rows as the text that the driver makes of each value (SQLGetData, SQL_C_CHAR)."""
    cli = Cli(to)
    cli.execute(sql)
    return list(iter(cli.fetch, None))


def scroll(to: str, sql: str, moves: list[tuple[int, int]]) -> list[str | None]:
    """The first column of the row that each move leads to."""
    cli = Cli(to)
    cli.execute(sql, scrolls=True)
    rows = [cli.fetch(*move) for move in moves]
    return [row and row[0] for row in rows]


def refused(to: str, sql: str, parameters: tuple) -> tuple[str, list[tuple]]:
    """How a statement fails, and what the connection answers afterwards."""
    connection = connect(to)
    try:
        text = str(rows(connection, sql, parameters))
    except Exception as error:
        text = f"{error} {ibm_db.stmt_errormsg()}"
    return text, rows(connection, "VALUES 1")


def rowsets(to: str, sql: str, size: int, moves: list[tuple[int, int]]) -> list[list[str]]:
    """The first column of the rows that each move leads to, `size` at a time (SQL_ATTR_ROW_ARRAY_SIZE)."""
    cli = Cli(to)
    width = 20
    texts = ctypes.create_string_buffer(size * width)
    lengths, fetched = (ctypes.c_int32 * size)(), ctypes.c_int32()
    cli.call("SQLSetStmtAttr", cli.statement, 27, ctypes.c_void_p(size), 0)
    cli.call("SQLSetStmtAttr", cli.statement, 26, ctypes.byref(fetched), 0)
    cli.execute(sql, scrolls=True)
    cli.call("SQLBindCol", cli.statement, 1, SQL_C_CHAR, texts, width, lengths)
    out = []
    for orientation, offset in moves:
        there = cli.call("SQLFetchScroll", cli.statement, orientation, offset) != 100
        rows = range(fetched.value if there else 0)
        out.append([texts.raw[row * width : row * width + lengths[row]].decode() for row in rows])
    return out


def locked(to: str) -> list[str]:
    """The findings of a second connection while the first has locked T."""
    one, other = connect(to), connect(to)
    ibm_db.exec_immediate(one, "CREATE TABLE T (A INTEGER)")
    ibm_db.exec_immediate(one, "INSERT INTO T VALUES (1)")
    for connection in (one, other):
        ibm_db.autocommit(connection, ibm_db.SQL_AUTOCOMMIT_OFF)
        ibm_db.exec_immediate(connection, "SET CURRENT LOCK TIMEOUT = 1")
    found = []

    def tried(sql: str) -> str:
        try:
            ibm_db.exec_immediate(other, sql)
        except Exception as error:
            text = str(error)
            reason = text[text.index("Reason code") :].split('"')[1] if "Reason code" in text else text
            return f"{ibm_db.stmt_error()} -911 reason code {reason}" if "SQL0911N" in text else text
        finally:
            ibm_db.rollback(other)
        return "changed"

    for mode in ("SHARE", "EXCLUSIVE"):
        sql = f"LOCK TABLE T IN {mode} MODE"
        ibm_db.exec_immediate(one, sql)
        found.append(sql)
        if mode == "SHARE":
            found.append(f"read {rows(other, 'SELECT A FROM T')[0][0]}")
        found.append(tried("INSERT INTO T VALUES (2)"))
        ibm_db.commit(one)
    return [*found, tried("UPDATE T SET A = 3")]
