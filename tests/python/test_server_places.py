"""RRN and RID of the server: the places of rows in their tables."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest

import drdarrow
from drdarrow import server


@pytest.fixture(params=["ibmi", "luw", "zos", "derby"])
def connection(request: pytest.FixtureRequest) -> Iterator[drdarrow.Connection]:
    with server.serve(persona=request.param) as srv, srv.connect() as connected:
        connected.execute("CREATE TABLE T (A INTEGER NOT NULL)")
        connected.cursor().executemany("INSERT INTO T VALUES (?)", [(n,) for n in range(1, 7)])
        connected.commit()
        yield connected


def test_a_row_has_a_number_from_one_on_and_keeps_it(connection: drdarrow.Connection) -> None:
    product = connection.server["product"]
    if product == "Apache Derby":
        with pytest.raises(drdarrow.ProgrammingError):
            connection.execute("SELECT RID(T) FROM T")
        return
    connection.execute("DELETE FROM T WHERE A = 3")
    connection.commit()
    assert connection.execute("SELECT A, RID(T) FROM T ORDER BY A").fetchall() == [(n, n) for n in (1, 2, 4, 5, 6)]
    if product != "Db2 for i":
        with pytest.raises(drdarrow.ProgrammingError):
            connection.execute("SELECT RRN(T) FROM T")
        return
    cursor = connection.execute('SELECT X.A, RRN(X) AS N FROM T AS X WHERE RRN("X") > ? AND RRN(X) <= 5 ORDER BY 1', (1,))
    assert cursor.fetchall() == [(2, Decimal(2)), (4, Decimal(4)), (5, Decimal(5))]
    assert cursor.description is not None and cursor.description[1][1:6] == ("DECIMAL", None, 8, 15, 0)
    assert connection.execute("SELECT MAX(RRN(T)) FROM T").fetchall() == [(6,)]
    assert connection.execute("SELECT U.A FROM T, T AS U WHERE RRN(U) = T.A AND T.A = 4").fetchall() == [(4,)]
    # How many of the rows are deleted is not known.
    told = connection.execute("SELECT SYSTEM_TABLE_MEMBER, NUMBER_DELETED_ROWS FROM QSYS2.SYSPARTITIONSTAT WHERE TABLE_NAME = 'T'")
    assert told.fetchall() == [("T", None)]


def test_a_column_of_that_name_is_not_taken_for_the_number_of_a_row() -> None:
    with server.serve(persona="ibmi") as srv, srv.connect() as connection:
        connection.execute("CREATE TABLE T (ROWID INTEGER)")
        connection.execute("INSERT INTO T VALUES 700")
        with pytest.raises(drdarrow.ProgrammingError) as caught:
            connection.execute("SELECT RRN(T) FROM T").fetchall()
        assert caught.value.sqlcode == -440
        connection.execute("CREATE VIEW V AS SELECT 1 AS A FROM SYSIBM.SYSDUMMY1")
        with pytest.raises(drdarrow.ProgrammingError):
            connection.execute("SELECT RRN(V) FROM V").fetchall()
