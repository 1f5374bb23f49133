"""Rows that peers put into tables, as tests/jdbc/Input.java makes them, and the ways of IBM's CLI driver and of
adbc-driver-db2. The latter run in processes of their own (see apart.py)."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

ROWS = 300
SIZES = [0, 1, -1, 3_000, 40_000]
INSERT = "INSERT INTO {} VALUES (?, ?, ?)"
#: The ways in which rows are put in: a table for each.
MANY, LARGE = ["BATCH", "ONE_BY_ONE"], ["LARGE", "LARGE_BATCH", "STREAMS"]


def many() -> list[tuple]:
    """Numbers, texts, decimals."""
    whole = ((n, f"row {n} ü日", Decimal(n * 101 - 5_000).scaleb(-2)) for n in range(ROWS))
    return [row if row[0] % 7 != 3 else (row[0], None, None) for row in whole]


def large() -> list[tuple]:
    """Numbers, texts and bytes of all sizes."""
    return [
        (n, None, None) if size < 0 else (n, "ü日x" * size, bytes((i * 31 + i // 251) % 256 for i in range(3 * size)))
        for n, size in enumerate(SIZES)
    ]


def expected(way: str) -> list[tuple]:
    """The rows of a table afterwards."""
    return many() if way in MANY else large()


def _told(ways: dict[str, Callable[[], object]]) -> dict[str, str]:
    """How each way went wrong."""
    told = {}
    for name, way in ways.items():
        try:
            way()
            told[name] = ""
        except Exception as error:
            told[name] = str(error)
    return told


def cli(to: str) -> dict[str, str]:
    """IBM's CLI driver by ibm_db: arrays, rows one by one, large objects by themselves and as arrays."""
    import ibm_db
    import ibm_db_dbi

    connection = ibm_db_dbi.connect(to, "", "")

    def put(name: str, rows: list[tuple], together: bool) -> None:
        cursor = connection.cursor()
        if together:
            cursor.executemany(INSERT.format(name), rows)
        else:
            for row in rows:
                cursor.execute(INSERT.format(name), row)
        connection.commit()

    def bound() -> None:
        raw = ibm_db.connect(to, "", "")
        statement = ibm_db.prepare(raw, INSERT.format("STREAMS"))
        for number, text, data in large():
            ibm_db.bind_param(statement, 1, number)
            ibm_db.bind_param(statement, 2, text, ibm_db.SQL_PARAM_INPUT, ibm_db.SQL_CLOB)
            ibm_db.bind_param(statement, 3, data, ibm_db.SQL_PARAM_INPUT, ibm_db.SQL_BLOB)
            ibm_db.execute(statement)

    return _told(
        {
            "BATCH": lambda: put("BATCH", many(), True),
            "ONE_BY_ONE": lambda: put("ONE_BY_ONE", many(), False),
            "LARGE": lambda: put("LARGE", large(), False),
            "LARGE_BATCH": lambda: put("LARGE_BATCH", large(), True),
            "STREAMS": bound,
        }
    )


def adbc(port: int) -> dict[str, str]:
    """adbc-driver-db2: chains of rows."""
    from adbc import connect

    def put(name: str, rows: list[tuple]) -> None:
        with connect(port) as connection, connection.cursor() as cursor:
            cursor.executemany(INSERT.format(name), rows)
            connection.commit()

    return _told(
        {
            "BATCH": lambda: put("BATCH", many()),
            "LARGE": lambda: [put("LARGE", [row]) for row in large()],
            "LARGE_BATCH": lambda: put("LARGE_BATCH", large()),
        }
    )
