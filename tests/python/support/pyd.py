"""Requests to pydrda. It installs a module `drda` and lives in an environment of its own (see test_peer_others.py);
each function runs in a process of its own (see apart.py)."""

from __future__ import annotations

from typing import Any

import drda


def connect(port: int) -> Any:
    return drda.connect(host="127.0.0.1", port=port, database="SAMPLE", user="user", password="secret")


def select(port: int, sql: str, parameters: tuple = ()) -> list[tuple]:
    connection = connect(port)
    cursor = connection.cursor()
    cursor.execute(sql, parameters) if parameters else cursor.execute(sql)
    return [tuple(bytes(v) if isinstance(v, bytearray) else v for v in row) for row in cursor.fetchall()]


def store(port: int) -> list[tuple]:
    connection = connect(port)
    cursor = connection.cursor()
    cursor.execute("CREATE TABLE PYD_T (A INTEGER, B VARCHAR(10))")
    cursor.execute("INSERT INTO PYD_T VALUES (?, ?)", (1, "日本"))
    connection.commit()
    cursor.execute("INSERT INTO PYD_T VALUES (2, 'x')")
    connection.rollback()
    cursor.execute("SELECT * FROM PYD_T")
    return list(cursor.fetchall())


def failures(port: int, *statements: str) -> list[str]:
    out = []
    for sql in statements:
        connection = connect(port)
        try:
            connection.cursor().execute(sql)
            out.append("")
        except Exception as error:
            out.append(str(error))
    return out
