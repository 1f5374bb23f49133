"""LOCK TABLE of the embedded server, as two sessions see it: the same as at a real Derby, and by IBM's driver."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import duckdb
import pyarrow as pa
import pytest
from apart import apart
from conftest import Lab
from peers import Proxy
from serving import dsn

import drdarrow
from drdarrow import server

PERSONAS = ("luw", "ibmi", "zos", "derby")
#: The SQLSTATE of a wait that is over: by Db2, by Db2 for i, by Derby.
OVER = {"luw": "40001", "ibmi": "57033", "zos": "40001", "derby": "40XL1", "Derby": "40XL1"}
#: The same of LOCK TABLE.
LOCKED = OVER | {"derby": "X0X02", "Derby": "X0X02"}
Pair = tuple[drdarrow.Connection, drdarrow.Connection]


@pytest.fixture(params=PERSONAS)
def persona(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def pair(persona: str) -> Iterator[Pair]:
    """Two sessions that do not wait, and a table T with one row."""
    with server.serve(duckdb.connect(), persona=persona) as srv, srv.connect() as one, srv.connect() as other:
        one.execute("CREATE TABLE T (A INTEGER)")
        one.execute("INSERT INTO T VALUES (1)")
        one.execute("CREATE VIEW V AS SELECT A FROM T")
        one.commit()
        for each in (one, other):
            each.execute("SET CURRENT LOCK TIMEOUT = NOT WAIT")
        yield one, other


@pytest.fixture(params=[*PERSONAS, "Derby"])
def like_derby(request: pytest.FixtureRequest) -> Iterator[tuple[str, Pair, str]]:
    """The same, and at a Derby, with the name of the table."""
    if request.param != "Derby":
        with server.serve(duckdb.connect(), persona=request.param) as srv, srv.connect() as one, srv.connect() as other:
            one.execute("CREATE TABLE T (A INTEGER)")
            one.commit()
            for each in (one, other):
                each.execute("SET CURRENT LOCK TIMEOUT 0")
            yield request.param, (one, other), "T"
        return
    lab: Lab = request.getfixturevalue("lab")
    table: Callable[[str], str] = request.getfixturevalue("table")
    with lab.connect() as one, lab.connect() as other:
        yield request.param, (one, other), table("A INTEGER")
        for each in (one, other):
            each.rollback()


def refused(connection: drdarrow.Connection, sql: str) -> str | None:
    try:
        connection.execute(sql).close()
    except drdarrow.Error as e:
        return e.sqlstate
    return None


def rows(connection: drdarrow.Connection, table: str = "T") -> list[int]:
    return sorted(row[0] for row in connection.execute(f"SELECT A FROM {table}").fetchall())


def test_a_table_that_is_shared_is_read_and_not_changed(like_derby: tuple[str, Pair, str]) -> None:
    product, (one, other), table = like_derby
    one.execute(f"LOCK TABLE {table} IN SHARE MODE")
    assert rows(other, table) == []
    assert refused(other, f"INSERT INTO {table} VALUES (2)") == OVER[product]
    other.rollback()
    # Two may share it.
    other.execute(f"LOCK TABLE {table} IN SHARE MODE")
    other.commit()
    one.execute(f"INSERT INTO {table} VALUES (3)")
    one.commit()
    assert refused(other, f"INSERT INTO {table} VALUES (2)") is None
    other.commit()
    assert rows(one, table) == [2, 3]
    one.commit()


def test_a_lock_waits_for_changes_that_are_not_committed(like_derby: tuple[str, Pair, str]) -> None:
    product, (one, other), table = like_derby
    other.execute(f"INSERT INTO {table} VALUES (2)")
    for mode in ("SHARE", "EXCLUSIVE"):
        assert refused(one, f"LOCK TABLE {table} IN {mode} MODE") == LOCKED[product]
        one.rollback()
    other.rollback()
    assert refused(one, f"LOCK TABLE {table} IN EXCLUSIVE MODE") is None
    one.commit()


def test_an_exclusive_table_is_not_even_read(like_derby: tuple[str, Pair, str]) -> None:
    product, (one, other), table = like_derby
    one.execute(f"LOCK TABLE {table} IN EXCLUSIVE MODE")
    for sql in (f"SELECT A FROM {table}", f"SELECT COUNT(*) FROM {table} AS X"):
        assert refused(other, sql) == OVER[product], sql
        other.rollback()
    assert refused(other, f"LOCK TABLE {table} IN SHARE MODE") == LOCKED[product]
    other.rollback()
    one.rollback()
    assert rows(other, table) == []
    other.commit()


def test_all_parts_of_a_table_that_is_locked_are_of_one_moment(like_derby: tuple[str, Pair, str]) -> None:
    product, (one, other), table = like_derby
    other.cursor().executemany(f"INSERT INTO {table} VALUES (?)", [(n,) for n in range(60)])
    other.commit()
    parts = one.partitions(table, n=4, on="A", snapshot="lock", verify=True)
    read = []
    for part in parts:
        # Between two parts somebody wants to change rows of the one and of the other.
        assert refused(other, f"UPDATE {table} SET A = A + 30") == OVER[product]
        other.rollback()
        read += pa.table(part.read(other))["A"].to_pylist()
        other.rollback()
    assert sorted(read) == list(range(60))
    one.commit()
    assert refused(other, f"UPDATE {table} SET A = A + 30") is None
    other.commit()


CHANGES = (
    "UPDATE T SET A = 2", "DELETE FROM T", "MERGE INTO T USING (VALUES (1)) AS S (A) ON T.A = S.A WHEN MATCHED THEN DELETE",
    "SELECT A FROM FINAL TABLE (INSERT INTO T VALUES (9))", "ALTER TABLE T ADD COLUMN B INTEGER", "DROP TABLE T",
    "CREATE INDEX I ON T (A)", "INSERT INTO T SELECT A FROM V", "TRUNCATE TABLE T", "insert into \"T\" (a) values (1)",
    f"/* {'x' * 2000} */ INSERT INTO T VALUES (1)",
)  # fmt: skip


def test_nothing_changes_what_somebody_shares(pair: Pair, persona: str) -> None:
    one, other = pair
    for sql in CHANGES:
        one.execute("LOCK TABLE T IN SHARE MODE")
        assert refused(other, sql) == OVER[persona], sql
        with pytest.raises(drdarrow.Error):
            other.cursor().executemany("INSERT INTO T VALUES (?)", [(5,), (6,)])
        other.rollback()
        one.commit()
        assert rows(one) == [1]
        one.commit()


def test_a_statement_that_was_prepared_before_waits_as_well(pair: Pair, persona: str) -> None:
    one, other = pair
    reading, writing = other.cursor(), other.cursor()
    asked = "SELECT A FROM T WHERE A >= ?", [0]
    given = "INSERT INTO T VALUES (?)", [2]
    reading.execute(*asked).fetchall()
    writing.execute(*given)
    other.commit()
    one.execute("LOCK TABLE T IN EXCLUSIVE MODE")
    for cursor, statement in ((reading, asked), (writing, given)):
        with pytest.raises(drdarrow.Error) as caught:
            cursor.execute(*statement)
        assert caught.value.sqlstate == OVER[persona]
        other.rollback()


def test_views_over_a_table_are_locked_with_it(pair: Pair, persona: str) -> None:
    one, other = pair
    one.execute("CREATE VIEW W AS SELECT A FROM V")
    one.commit()
    one.execute("LOCK TABLE T IN EXCLUSIVE MODE")
    assert refused(other, "SELECT A FROM W") == OVER[persona]
    other.rollback()
    assert refused(other, "SELECT A FROM W WITH UR") == (OVER[persona] if persona == "ibmi" else None)
    other.rollback()
    assert refused(one, "SELECT A FROM W") is None


def test_a_wait_that_is_over_undoes_the_unit_of_work_but_for_that_of_ibm_i(pair: Pair, persona: str) -> None:
    one, other = pair
    one.execute("CREATE TABLE O (A INTEGER)")
    one.commit()
    other.execute("INSERT INTO O VALUES (1)")
    one.execute("LOCK TABLE T IN SHARE MODE")
    assert refused(other, "INSERT INTO T VALUES (2)") == OVER[persona]
    other.commit()
    one.commit()
    assert rows(one, "O") == ([1] if persona == "ibmi" else [])


def test_an_error_of_a_statement_leaves_the_lock_until_the_end(pair: Pair, persona: str) -> None:
    one, other = pair
    one.execute("LOCK TABLE T IN SHARE MODE")
    assert refused(one, "SELECT 1 / 0 FROM T") and refused(one, "SELECT NO FROM T")
    assert refused(one, "INSERT INTO T SELECT 1 / (A - 1) FROM T")
    assert refused(other, "INSERT INTO T VALUES (2)") == OVER[persona]
    other.rollback()
    one.rollback()
    assert refused(other, "INSERT INTO T VALUES (2)") is None


def test_a_lock_is_not_given_to_work_that_would_not_see_the_table_as_it_is(pair: Pair) -> None:
    """Rows that others have committed since this unit of work began to change some are not shown to it."""
    one, other = pair
    one.execute("CREATE TABLE O (A INTEGER)")
    one.commit()
    one.execute("INSERT INTO O VALUES (1)")
    other.execute("INSERT INTO T VALUES (2)")
    other.commit()
    assert refused(one, "LOCK TABLE T IN SHARE MODE") == "57033"
    one.commit()
    one.execute("LOCK TABLE T IN SHARE MODE")
    one.execute("INSERT INTO O VALUES (1)")
    assert rows(one) == [1, 2] and rows(one, "O") == [1, 1]


def test_somebody_who_waits_goes_on_once_the_table_is_free(pair: Pair) -> None:
    one, other = pair
    other.execute("SET CURRENT LOCK TIMEOUT = 60")
    one.execute("LOCK TABLE T IN EXCLUSIVE MODE")
    with ThreadPoolExecutor(1) as pool:
        waits = pool.submit(other.execute, "INSERT INTO T VALUES (2)")
        assert not threading.Event().wait(0.3) and not waits.done()
        one.execute("UPDATE T SET A = 7")
        one.commit()
        waits.result(30)
    other.commit()
    assert rows(one) == [2, 7]


def test_a_wait_is_broken_off(pair: Pair) -> None:
    one, other = pair
    other.execute("SET CURRENT LOCK TIMEOUT = WAIT")
    one.execute("LOCK TABLE T IN SHARE MODE")
    with ThreadPoolExecutor(1) as pool:
        waits = pool.submit(other.execute, "INSERT INTO T VALUES (2)")
        assert not threading.Event().wait(0.3) and not waits.done()
        other.cancel()
        with pytest.raises(drdarrow.Error):
            waits.result(30)
    one.commit()
    assert rows(one) == [1]


def test_two_who_wait_for_each_other_are_parted(pair: Pair, persona: str) -> None:
    for each in pair:
        each.execute("SET CURRENT LOCK TIMEOUT 60")
        each.execute("LOCK TABLE T IN SHARE MODE")

    def change(connection: drdarrow.Connection) -> str | None:
        found = refused(connection, "INSERT INTO T VALUES (2)")
        connection.rollback() if found else connection.commit()
        return found

    with ThreadPoolExecutor(2) as pool:
        found = [one.result(30) for one in [pool.submit(change, each) for each in pair]]
    assert sorted(found, key=str) == ["57033" if persona == "ibmi" else "40001", None]
    assert rows(pair[0]) == [1, 2]


def test_those_who_wait_leave_threads_to_the_others(persona: str) -> None:
    with server.serve(duckdb.connect(), persona=persona, workers=2) as srv:
        with srv.connect() as one, srv.connect() as other, srv.connect() as third, ThreadPoolExecutor(1) as pool:
            one.execute("CREATE TABLE T (A INTEGER)")
            one.commit()
            one.execute("LOCK TABLE T IN SHARE MODE")
            for each in (other, third):
                each.execute("SET CURRENT LOCK TIMEOUT 60")
            waits = pool.submit(other.execute, "INSERT INTO T VALUES (2)")
            assert not threading.Event().wait(0.3) and not waits.done()
            assert refused(third, "INSERT INTO T VALUES (3)") == OVER[persona]
            one.commit()
            waits.result(30)


@pytest.mark.timeout(60)
def test_a_connection_that_breaks_off_leaves_no_lock_and_no_place_in_the_queue(persona: str) -> None:
    with server.serve(duckdb.connect(), persona=persona, workers=4) as srv, srv.connect() as third:
        third.execute("CREATE TABLE T (A INTEGER)")
        third.commit()
        with Proxy(srv.port) as owners, Proxy(srv.port) as waiters, ThreadPoolExecutor(1) as pool:
            one = drdarrow.connect(srv.uri.replace(str(srv.port), str(owners.port)))
            other = drdarrow.connect(srv.uri.replace(str(srv.port), str(waiters.port)))
            one.execute("LOCK TABLE T IN EXCLUSIVE MODE")
            one.execute("INSERT INTO T VALUES (1)")
            other.execute("SET CURRENT LOCK TIMEOUT = WAIT")
            waits = pool.submit(other.execute, "INSERT INTO T VALUES (2)")
            assert not threading.Event().wait(0.3) and not waits.done()
            waiters.cut()
            with pytest.raises(drdarrow.OperationalError):
                waits.result(30)
            owners.cut()
            third.execute("SET CURRENT LOCK TIMEOUT = 30")
            third.execute("LOCK TABLE T IN EXCLUSIVE MODE")
            assert rows(third) == []
            for each in (one, other):
                each.close()


@pytest.mark.parametrize(
    "sql",
    ["LOCK TABLE", "LOCK TABLE T IN", "LOCK TABLE T.", "LOCK TABLE T. IN SHARE MODE", "TRUNCATE TABLE", "INSERT INTO"],
)
def test_half_a_statement_is_a_wrong_one(pair: Pair, persona: str, sql: str) -> None:
    pair[1].execute("LOCK TABLE T IN SHARE MODE")
    assert refused(pair[0], sql) == ("42X01" if persona == "derby" else "42601")


@pytest.mark.parametrize(
    ("sql", "state"),
    [
        ("LOCK TABLE NONE IN SHARE MODE", {"derby": "42X05", "": "42704"}),
        ("LOCK TABLE V IN SHARE MODE", {"derby": "42Y62", "": "42809"}),
        ("LOCK TABLE SESSION.X IN SHARE MODE", {"": "42995"}),
        ("LOCK TABLE T", {"derby": "42X01", "": "42601"}),
        ("LOCK TABLE T IN UPDATE MODE", {"derby": "42X01", "": "42601"}),
        ("LOCK TABLE T IN EXCLUSIVE MODE ALLOW READ", {"derby": "42X01", "ibmi": None, "": "42601"}),
    ],
)
def test_what_cannot_be_locked_is_told(pair: Pair, persona: str, sql: str, state: dict[str, str | None]) -> None:
    assert refused(pair[0], sql) == state.get(persona, state[""])


def test_a_table_of_ibm_i_is_kept_for_readers(pair: Pair, persona: str) -> None:
    one, other = pair
    if persona != "ibmi":
        return
    one.execute("LOCK TABLE T IN EXCLUSIVE MODE ALLOW READ")
    one.execute("UPDATE T SET A = 2")
    assert rows(other) == [1]
    for sql in ("INSERT INTO T VALUES (3)", "LOCK TABLE T IN SHARE MODE"):
        assert refused(other, sql) == "57033"


@pytest.mark.timeout(120)
def test_the_cli_driver_sees_the_lock() -> None:
    with server.serve(duckdb.connect(), users={"user": "secret"}, database="SAMPLE") as srv:
        found = apart("ibm.locked", dsn(srv.port))
    assert found == [
        "LOCK TABLE T IN SHARE MODE",
        "read 1",
        "40001 -911 reason code 68",
        "LOCK TABLE T IN EXCLUSIVE MODE",
        "40001 -911 reason code 68",
        "changed",
    ]
