"""Units of work, isolation, and several readers on one connection."""

import threading

import pytest
from conftest import Lab
from peers import CLSQRY, RDBCMM, Proxy

import drdarrow


def count(lab: Lab, name: str) -> int:
    with lab.connect() as connection:
        return connection.execute(f"SELECT COUNT(*) FROM {name}").fetchone()[0]


def test_commit_and_rollback(lab: Lab, conn: drdarrow.Connection, table) -> None:
    name = table("ID INTEGER")
    conn.execute(f"INSERT INTO {name} VALUES (1)")
    conn.commit()
    conn.execute(f"INSERT INTO {name} VALUES (2)")
    conn.rollback()
    assert count(lab, name) == 1
    conn.rollback()
    conn.commit()  # nothing to do is fine


def test_autocommit(lab: Lab, table) -> None:
    name = table("ID INTEGER")
    with lab.connect(autocommit=True) as connection:
        connection.execute(f"INSERT INTO {name} VALUES (1)")
        assert count(lab, name) == 1
        connection.rollback()
        assert count(lab, name) == 1
        connection.autocommit = False
        connection.execute(f"INSERT INTO {name} VALUES (2)")
        connection.rollback()
        connection.autocommit = True
        connection.execute(f"INSERT INTO {name} VALUES (3)")
    assert count(lab, name) == 2


def test_ddl_is_part_of_the_unit_of_work(lab: Lab, conn: drdarrow.Connection) -> None:
    """Derby: CREATE TABLE is undone by a rollback."""
    conn.execute("CREATE TABLE UNDONE (ID INTEGER)")
    conn.rollback()
    with pytest.raises(drdarrow.ProgrammingError):
        count(lab, "UNDONE")


def test_an_error_does_not_end_the_unit_of_work(lab: Lab, conn: drdarrow.Connection, table) -> None:
    """Derby: a statement's own failure leaves the work before it."""
    name = table("ID INTEGER NOT NULL PRIMARY KEY")
    conn.execute(f"INSERT INTO {name} VALUES (1)")
    with pytest.raises(drdarrow.IntegrityError):
        conn.execute(f"INSERT INTO {name} VALUES (1)")
    conn.execute(f"INSERT INTO {name} VALUES (2)")
    conn.commit()
    assert count(lab, name) == 2


def test_uncommitted_read_and_the_others(lab: Lab, table) -> None:
    """Measured by behaviour, as VALUES CURRENT ISOLATION would tell of the session, not of the package: UR sees an
    uncommitted row; CS, RS and RR wait for the lock (derby.locks.waitTimeout, here 3 s) and get 40XL1."""
    name = table("ID INTEGER")
    with lab.connect() as writer:
        writer.execute(f"INSERT INTO {name} VALUES (1)")
        with lab.connect(isolation="ur") as reader:
            assert reader.execute(f"SELECT ID FROM {name}").fetchall() == [(1,)]
        with lab.connect(isolation="cs") as reader, pytest.raises(drdarrow.OperationalError) as caught:
            reader.execute(f"SELECT ID FROM {name}").fetchall()
        assert caught.value.sqlstate == "40XL1"
        assert caught.value.retryable is True
        assert caught.value.connection_usable is True
        writer.rollback()


@pytest.mark.parametrize(("isolation", "waits"), [("cs", False), ("rs", True), ("rr", True)])
def test_read_locks(lab: Lab, table, isolation: str, waits: bool) -> None:
    """RS and RR keep the locks of rows that were read until the end of the unit of work; CS does not."""
    name = table("ID INTEGER")
    with lab.connect() as connection:
        connection.execute(f"INSERT INTO {name} VALUES (1)")
    with lab.connect(isolation=isolation) as reader:
        assert reader.execute(f"SELECT ID FROM {name}").fetchall() == [(1,)]
        with lab.connect() as writer:
            if waits:
                with pytest.raises(drdarrow.OperationalError) as caught:
                    writer.execute(f"UPDATE {name} SET ID = 2")
                assert caught.value.sqlstate == "40XL1"
            else:
                writer.execute(f"UPDATE {name} SET ID = 2")


def test_two_readers_in_turns(conn: drdarrow.Connection) -> None:
    one, two = conn.cursor(), conn.cursor()
    one.execute("SELECT ID FROM INTS ORDER BY ID")
    two.execute("SELECT ID FROM INTS ORDER BY ID DESC")
    for step in range(2000):
        assert one.fetchmany(50)[-1] == ((step + 1) * 50,)
        assert two.fetchmany(50)[-1] == (100_001 - (step + 1) * 50,)
    assert one.fetchone() is None and two.fetchone() is None


def test_a_statement_between_two_fetches(conn: drdarrow.Connection, table) -> None:
    name = table("ID INTEGER")
    reader, writer = conn.cursor(), conn.cursor()
    reader.execute("SELECT A.ID FROM INTS A ORDER BY A.ID")
    total = 0
    while rows := reader.fetchmany(5000):
        total += len(rows)
        writer.execute(f"INSERT INTO {name} VALUES (?)", (total,))
    assert total == 100_000
    assert writer.execute(f"SELECT COUNT(*) FROM {name}").fetchone() == (20,)


def test_a_commit_between_two_fetches(lab: Lab, table, proxy: Proxy) -> None:
    """Rows are never lost: a held cursor goes on, another one is an error at the next fetch (not an early end)."""
    name = table("ID INTEGER")
    with lab.connect(proxy.port, block_size=32767) as connection:
        reader = connection.execute("SELECT A.ID, A.N FROM INTS A ORDER BY A.ID")
        seen = len(reader.fetchmany(10))
        connection.execute(f"INSERT INTO {name} VALUES (1)")
        connection.commit()
        assert RDBCMM in proxy.commands
        try:
            while rows := reader.fetchmany(1000):
                seen += len(rows)
        except drdarrow.Error as error:
            assert "commit" in str(error).lower()
            assert error.connection_usable
        else:
            assert seen == 100_000
        assert connection.execute("VALUES 1").fetchone() == (1,)


def test_autocommit_does_not_end_a_reader(lab: Lab, table) -> None:
    name = table("ID INTEGER")
    with lab.connect(autocommit=True, block_size=32767) as connection:
        reader = connection.execute("SELECT ID, N FROM INTS ORDER BY ID")
        seen = len(reader.fetchmany(10))
        try:
            while rows := reader.fetchmany(10_000):
                seen += len(rows)
                connection.execute(f"INSERT INTO {name} VALUES (1)")
        except drdarrow.Error as error:
            assert error.connection_usable
        else:
            assert seen == 100_000


def test_a_rollback_between_two_fetches(lab: Lab) -> None:
    """A rollback closes every cursor on the server: the next fetch is an error, never the end of the rows."""
    with lab.connect(block_size=32767) as connection:
        reader = connection.execute("SELECT A.ID, B.ID FROM INTS A, INTS B")
        reader.fetchmany(10)
        connection.rollback()
        with pytest.raises(drdarrow.Error):
            for _ in range(1_000_000):
                if not reader.fetchmany(10_000):
                    break
        assert connection.execute("VALUES 1").fetchone() == (1,)


def test_deadlock(lab: Lab, table) -> None:
    """Two writers that wait for each other: Derby ends one with 40001 after derby.locks.deadlockTimeout (here 2 s)."""
    name = table("ID INTEGER NOT NULL PRIMARY KEY, V INTEGER")
    with lab.connect() as connection:
        connection.execute(f"INSERT INTO {name} VALUES (1, 0), (2, 0)")
    one, two = lab.connect(), lab.connect()
    one.execute(f"UPDATE {name} SET V = 1 WHERE ID = 1")
    two.execute(f"UPDATE {name} SET V = 2 WHERE ID = 2")
    failures: list[drdarrow.Error] = []

    def cross(connection: drdarrow.Connection, row: int) -> None:
        try:
            connection.execute(f"UPDATE {name} SET V = 3 WHERE ID = {row}")
        except drdarrow.Error as error:
            failures.append(error)
        connection.rollback()

    threads = [threading.Thread(target=cross, args=(one, 2)), threading.Thread(target=cross, args=(two, 1))]
    for each in threads:
        each.start()
    for each in threads:
        each.join(20)
    assert failures
    for error in failures:
        assert isinstance(error, drdarrow.OperationalError)
        assert error.sqlstate in ("40001", "40XL1")
        assert error.retryable is True
    one.close()
    two.close()


def test_a_closed_cursor_is_closed_before_the_commit(lab: Lab, proxy: Proxy) -> None:
    with lab.connect(proxy.port, block_size=32767) as connection:
        for _ in range(20):
            cursor = connection.execute("SELECT ID FROM INTS")
            cursor.fetchone()
            proxy.forget()
            cursor.close()
            connection.commit()
            assert [command for command in proxy.commands if command in (CLSQRY, RDBCMM)] == [CLSQRY, RDBCMM]


def test_the_table_of_a_closed_cursor_can_be_dropped(lab: Lab, conn: drdarrow.Connection) -> None:
    for n in range(10):
        conn.execute(f"CREATE TABLE GIVEN_UP_{n} AS SELECT ID FROM INTS WITH NO DATA")
        conn.execute(f"INSERT INTO GIVEN_UP_{n} SELECT ID FROM INTS")
        conn.commit()
        cursor = conn.execute(f"SELECT A.ID FROM GIVEN_UP_{n} A, GIVEN_UP_{n} B")
        cursor.fetchone()
        cursor.close()
        conn.execute(f"DROP TABLE GIVEN_UP_{n}")
        conn.commit()
