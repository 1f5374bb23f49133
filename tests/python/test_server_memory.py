"""Things that clients can make a server hold: rows read ahead, cursors, statements and changes have a budget for each client and
for all of them. Beyond it a statement fails, the connection goes on, and what was held is given back."""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Literal

import pyarrow as pa
import pytest
from apart import apart
from conftest import SLACK
from serving import dsn

import drdarrow
from drdarrow import server

MIB = 1 << 20
T = pa.table({"A": [1, 2, 3], "NAME": ["alpha", "beta", "gamma"]})
#: 24 bytes a row.
LONG = "SELECT i, i * 2, i * 3 FROM range({}) t(i)"


def full(error: drdarrow.Error, setting: str) -> None:
    assert (error.sqlcode, error.sqlstate, error.connection_usable) == (-289, "57011", True), error
    assert setting in str(error)


@pytest.fixture
def small() -> Iterator[server.Server]:
    with server.serve(tables={"T": T}, max_memory=24 * MIB, max_connection_memory=16 * MIB) as srv:
        yield srv


def test_rows_that_are_in_the_way_are_read_as_far_as_there_is_memory(small: server.Server) -> None:
    with small.connect() as one, small.connect() as other:
        one.execute("UPDATE T SET A = 4 WHERE A = 3")
        cursor = one.execute(LONG.format(3_000_000))
        first = cursor.fetchmany(1)
        for _ in range(2):
            with pytest.raises(drdarrow.OperationalError) as e:
                one.execute("VALUES 1")
            full(e.value, "max_connection_memory=16777216")
        # The rows are all there, and the change is.
        count, total = 1, first[0][0]
        while rows := cursor.fetchmany(100_000):
            count, total = count + len(rows), total + sum(row[0] for row in rows)
        assert (count, total) == (3_000_000, 3_000_000 * 2_999_999 // 2)
        assert one.execute("SELECT MAX(A) FROM T").fetchall() == [(4,)]
        cursor = one.execute(LONG.format(3_000_000))
        cursor.fetchmany(1)
        one.rollback()
        # Nothing is held any more: another client has all of it.
        other.execute("UPDATE T SET A = 5 WHERE A = 3")
        cursor = other.execute(LONG.format(400_000))
        cursor.fetchmany(1)
        assert other.execute("SELECT MAX(A) FROM T").fetchall() == [(5,)]
        assert len(cursor.fetchall()) == 399_999


def test_a_commit_fails_where_there_is_no_memory_for_rows_that_outlive_it(small: server.Server) -> None:
    with small.connect() as c:
        c.execute("UPDATE T SET A = 4 WHERE A = 3")
        cursor = c.execute(LONG.format(3_000_000))
        cursor.fetchmany(1)
        with pytest.raises(drdarrow.OperationalError) as e:
            c.commit()
        full(e.value, "max_connection_memory")
        cursor.close()
        # The close is on its way.
        for _ in range(50):
            with suppress(drdarrow.OperationalError):
                c.commit()
                break
            time.sleep(0.1 * SLACK)
        assert c.execute("SELECT MAX(A) FROM T").fetchall() == [(4,)]


def test_open_cursors_are_counted_for_each_client_and_for_all(small: server.Server) -> None:
    def fill(connection: drdarrow.Connection) -> tuple[list[drdarrow.Cursor], drdarrow.Error]:
        held = []
        for _ in range(100):
            cursor = connection.cursor()
            try:
                cursor.execute(LONG.format(3_000_000))
                cursor.fetchmany(1)
            except drdarrow.Error as e:
                return held, e
            held.append(cursor)
        raise AssertionError("no end of it")

    with small.connect() as one, small.connect() as other:
        held, error = fill(one)
        full(error, "max_connection_memory")
        assert 3 <= len(held) <= 8
        others, error = fill(other)
        full(error, "max_memory=25165824")
        assert 1 <= len(others) < len(held)
        assert other.execute("VALUES 1").fetchall() == [(1,)]
        for cursor in held:
            cursor.close()
        # They are closed in the background; this waits for it.
        assert one.execute("VALUES 1").fetchall() == [(1,)]
        more, error = fill(other)
        full(error, "max_connection_memory")
        assert len(others) + len(more) >= len(held)
    # Their sessions end after they have gone.
    for _ in range(50):
        with small.connect() as third:
            again, _ = fill(third)
        if len(again) == len(held):
            return
        time.sleep(0.1 * SLACK)
    raise AssertionError(f"{len(again)} cursors, {len(held)} before")


def test_the_engine_in_memory_counts_rows_that_are_not_committed() -> None:
    with server.serve(tables={"T": T}, engine="tables", max_memory=MIB, max_connection_memory=MIB // 2) as srv:
        rows = [(n, "x" * 20) for n in range(1_000)]
        with srv.connect() as c:
            with pytest.raises(drdarrow.Error) as e:
                for _ in range(50):
                    c.cursor().executemany("INSERT INTO T VALUES (?, ?)", rows)
            full(e.value, "max_connection_memory")
            c.rollback()
            assert c.execute("SELECT COUNT(*) FROM T").fetchall() == [(3,)]
            c.cursor().executemany("INSERT INTO T VALUES (?, ?)", rows)
            c.commit()
            # A table of any size is read: it is there in any case.
            for _ in range(15):
                c.cursor().executemany("INSERT INTO T VALUES (?, ?)", rows)
                c.commit()
            assert len(c.execute("SELECT * FROM T").fetchall()) == 3 + 16 * 1_000


@pytest.mark.parametrize("engine", ["duckdb", "tables"])
def test_ibms_driver_is_told_of_memory_and_goes_on(engine: Literal["duckdb", "tables"]) -> None:
    with server.serve(tables={"T": T}, engine=engine, max_connection_memory=200_000) as srv:
        long = "SELECT A FROM T -- " + "x" * 100_000
        told = apart("ibm.errors", dsn(srv.port), long, "SELECT A FROM T", seconds=60)
        assert told[0][0] == "57011" and "SQL0289N" in told[0][1] and "max_connection_memory" in told[0][1], told
        assert told[1] == ("", "")
        long = "SELECT A FROM T -- " + "x" * (2 * MIB)
        told = apart("ibm.errors", dsn(srv.port), long, "SELECT A FROM T", seconds=60)
        assert told[0][0] == "54001" and "SQL0101N" in told[0][1] and told[1] == ("", ""), told


def test_a_server_that_stops_does_not_wait_for_rows_that_are_in_the_way() -> None:
    srv = server.serve(tables={"T": T}, max_memory=1 << 40, max_connection_memory=1 << 40)
    connection = srv.connect()
    connection.execute("UPDATE T SET A = 4 WHERE A = 3")
    cursor = connection.execute("SELECT md5(repeat('x', 2000) || i) FROM range(100000000000) t(i)")
    cursor.fetchmany(1)
    failed: list[drdarrow.Error] = []

    def ask() -> None:
        try:
            connection.execute("VALUES 1")
        except drdarrow.Error as e:
            failed.append(e)

    asking = threading.Thread(target=ask)
    asking.start()
    time.sleep(1)
    assert asking.is_alive()
    start = time.monotonic()
    srv._close(0.1)
    asking.join(10 * SLACK)
    assert not asking.is_alive() and failed
    assert time.monotonic() - start < 5 * SLACK


class Careless:
    """An engine whose errors hold what is nobody's business."""

    def session(self, user: str, database: str) -> Careless:
        return self

    def prepare(self, sql: str) -> server.Prepared:
        raise FileNotFoundError(2, "no such file", "/secret/path.db")

    def forget(self, statement: int) -> None: ...
    def commit(self) -> None: ...
    def rollback(self) -> None: ...
    def interrupt(self) -> None: ...
    def close(self) -> None: ...


def test_what_an_engine_raises_is_for_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR, "drdarrow.server"), server.serve(Careless()) as srv, srv.connect() as c:
        with pytest.raises(drdarrow.Error) as e:
            c.execute("VALUES 1")
    found = re.search(r"reference (\d+) in the server's log: FileNotFoundError", str(e.value))
    assert e.value.sqlcode == -901 and found and "secret" not in str(e.value)
    (line,) = [record for record in caplog.records if f"reference {found[1]}:" in record.getMessage()]
    assert "/secret/path.db" in line.getMessage() and line.exc_info


def test_duckdbs_words_about_a_statement_stay_and_others_are_for_the_log() -> None:
    from drdarrow.server import errors

    told = errors.translate("Catalog Error: Table with name NOSUCH does not exist!")
    assert (told.sqlcode, told.tokens) == (-204, ["NOSUCH"])
    told = errors.translate("Invalid Input Error: strptime: could not parse 'x'")
    assert (told.sqlcode, told.tokens) == (-901, ["strptime: could not parse 'x'"])
    for text, kind in [
        ('IO Error: Cannot open file "/secret/x": Permission denied', "IO Error"),
        ("INTERNAL Error: /secret/duckdb.cpp:12 assertion", "INTERNAL Error"),
        ("/secret/x Error: y", "exception"),
        ("/secret/x", "exception"),
    ]:
        told = errors.translate(text)
        assert told.sqlcode == -901 and told.tokens[0].endswith(f"log: {kind}")
        assert "secret" not in str(told)
    told = errors.translate("Out of Memory Error: failed to offload to '/secret/tmp'")
    assert told.sqlcode == -954 and "secret" not in str(told)
