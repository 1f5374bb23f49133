"""Deadlines, Ctrl-C, servers that die, forks and the end of the interpreter."""

import signal
import threading
import time

import pytest
from conftest import SLACK, Lab
from derby import Derby
from peers import RDBCMM, Proxy, Silent, wait_for

import drdarrow

pytestmark = pytest.mark.alone

ENDLESS = "SELECT A.ID, B.ID FROM INTS A, INTS B"


def test_a_statement_timeout(lab: Lab, proxy: Proxy) -> None:
    connection = lab.connect(proxy.port, statement_timeout=0.5)
    assert connection.execute("VALUES 1").fetchone() == (1,)
    proxy.hold()
    start = time.monotonic()
    with pytest.raises(drdarrow.OperationalError) as caught:
        connection.execute("VALUES 2").fetchone()
    assert 0.4 < time.monotonic() - start < 0.5 + 0.3 * SLACK
    assert caught.value.connection_usable is False
    with pytest.raises(drdarrow.Error):
        connection.execute("VALUES 3").fetchone()
    connection.close()


def test_a_slow_statement_within_its_time(lab: Lab, proxy: Proxy) -> None:
    connection = lab.connect(proxy.port, statement_timeout=20)
    proxy.hold()
    threading.Timer(1, proxy.release).start()
    assert connection.execute("VALUES 2").fetchone() == (2,)
    connection.close()


def test_a_connection_cut_in_mid_fetch(lab: Lab, proxy: Proxy) -> None:
    """08006, with the rows that came; never an early end."""
    connection = lab.connect(proxy.port, block_size=32767)
    cursor = connection.execute(ENDLESS)
    assert len(cursor.fetchmany(100)) == 100
    proxy.cut()
    with pytest.raises(drdarrow.OperationalError) as caught:
        while cursor.fetchmany(10_000):
            pass
    assert caught.value.sqlstate == "08006"
    assert caught.value.connection_usable is False
    for action in (lambda: connection.execute("VALUES 1"), connection.cursor().fetchone, connection.commit):
        with pytest.raises(drdarrow.Error):
            action()
    connection.close()


def test_a_server_killed_in_mid_fetch() -> None:
    with Derby() as server:
        connection = drdarrow.connect(server.uri("X", attributes="create=true"), timeout=15, block_size=32767)
        cursor = connection.execute(
            "SELECT A.COLUMNNAME, B.COLUMNNAME FROM SYS.SYSCOLUMNS A, SYS.SYSCOLUMNS B, SYS.SYSCOLUMNS C"
        )
        assert len(cursor.fetchmany(100)) == 100
        server.kill(signal.SIGKILL)
        start = time.monotonic()
        with pytest.raises(drdarrow.OperationalError) as caught:
            while cursor.fetchmany(10_000):
                pass
        assert time.monotonic() - start < 1 * SLACK
        assert caught.value.sqlstate == "08006"
        start = time.monotonic()
        connection.close()
        assert time.monotonic() - start < 1


def test_a_commit_whose_answer_never_comes(lab: Lab, proxy: Proxy, table) -> None:
    """08007: the outcome is unknown. Said so, and not asked again."""
    name = table("ID INTEGER")
    connection = lab.connect(proxy.port)
    connection.execute(f"INSERT INTO {name} VALUES (1)")
    proxy.hold()
    threading.Thread(
        target=lambda: (wait_for(lambda: RDBCMM in proxy.commands), time.sleep(0.2), proxy.cut()), daemon=True
    ).start()
    with pytest.raises(drdarrow.OperationalError) as caught:
        connection.commit()
    assert caught.value.sqlstate == "08007"
    assert "unknown" in str(caught.value).lower()
    assert caught.value.retryable is False
    assert proxy.count(RDBCMM) == 1 and proxy.accepted == 1


def test_the_end_of_a_unit_of_work_has_a_deadline_of_its_own(lab: Lab, proxy: Proxy, table) -> None:
    """A server that keeps silent is not waited for as long as statements may take."""
    name = table("ID INTEGER")
    silent = {"commit_timeout": 0.5, "statement_timeout": 50, "two_phase": True}

    def ended(end: str, state: str) -> None:
        proxy.release()
        connection = lab.connect(proxy.port, **silent)
        if end.startswith("tpc_"):
            connection.tpc_begin((1, "silent", end))
        connection.execute(f"INSERT INTO {name} VALUES (1)")
        proxy.hold()
        start = time.monotonic()
        with pytest.raises(drdarrow.OperationalError) as caught:
            getattr(connection, end)()
        assert 0.4 < time.monotonic() - start < 0.5 + 0.3 * SLACK, end
        assert (caught.value.sqlstate, caught.value.connection_usable) == (state, False), end
        connection.close()

    for end, state in [("commit", "08007"), ("rollback", "57033"), ("tpc_prepare", "57033"), ("tpc_commit", "08007")]:
        ended(end, state)
    with lab.connect(two_phase=True) as connection:
        for xid in connection.tpc_recover():
            if xid.gtrid == b"silent":
                connection.tpc_rollback(xid)


@pytest.mark.parametrize("how", ["cut", "late"])
def test_a_statement_in_autocommit_whose_answer_never_comes(lab: Lab, proxy: Proxy, table, how: str) -> None:
    """Its commit went with it, and may have come about."""
    name = table("ID INTEGER")
    connection = lab.connect(proxy.port, autocommit=True, statement_timeout=0.5 if how == "late" else 20)
    proxy.hold()
    if how == "cut":
        threading.Timer(0.3, proxy.cut).start()
    with pytest.raises(drdarrow.OperationalError) as caught:
        connection.execute(f"INSERT INTO {name} VALUES (1)")
    assert (caught.value.sqlstate, caught.value.connection_usable) == ("08007", False)
    assert caught.value.retryable is False
    connection.close()


def test_a_commit_on_a_connection_that_was_lost_before(lab: Lab, proxy: Proxy, table) -> None:
    """It was never sent, so nothing is unknown: the server has undone the work."""
    name = table("ID INTEGER")
    connection = lab.connect(proxy.port)
    connection.execute(f"INSERT INTO {name} VALUES (1)")
    proxy.cut()
    assert wait_for(lambda: connection.closed)
    for action in (connection.commit, connection.rollback):
        with pytest.raises(drdarrow.OperationalError) as caught:
            action()
        assert caught.value.sqlstate == "08003"


CONNECTING = """
    import sys, drdarrow
    print("ready", flush=True)
    try:
        drdarrow.connect(sys.argv[1], timeout=60)
    except KeyboardInterrupt:
        print("interrupted", flush=True)
"""

EXECUTING = """
    import sys, drdarrow
    connection = drdarrow.connect(sys.argv[1], timeout=60)
    print("connected", flush=True)
    sys.stdin.readline()
    print("ready", flush=True)
    try:
        connection.execute("VALUES 1").fetchall()
    except KeyboardInterrupt:
        print("interrupted", flush=True)
    try:
        connection.close()
    except drdarrow.Error:
        pass
"""


def interrupt(running) -> None:
    time.sleep(0.5)  # it is waiting inside the driver by now
    running.process.send_signal(signal.SIGINT)
    start = time.monotonic()
    assert running.line() == "interrupted"
    assert time.monotonic() - start < 0.3 * SLACK
    assert running.end(0.3 * SLACK + 5)[0] == 0


def test_ctrl_c_while_connecting(script) -> None:
    with Silent() as silent:
        running = script(CONNECTING, f"drda://app@127.0.0.1:{silent.port}/LAB")
        assert running.line() == "ready"
        interrupt(running)


def test_ctrl_c_while_executing(lab: Lab, proxy: Proxy, script) -> None:
    running = script(EXECUTING, lab.uri(proxy.port))
    assert running.line() == "connected"
    proxy.hold()
    running.process.stdin.write("\n")
    running.process.stdin.flush()
    assert running.line() == "ready"
    interrupt(running)


def test_ctrl_c_in_a_long_result(lab: Lab, script) -> None:
    """Between two batches as well as inside a wait, and in a consumer that is not ours."""
    running = script(
        """
        import sys, drdarrow
        connection = drdarrow.connect(sys.argv[1], timeout=60)
        print("ready", flush=True)
        try:
            connection.execute(sys.argv[2]).fetchall()
        except KeyboardInterrupt:
            print("interrupted", flush=True)
    """,
        lab.uri(),
        ENDLESS,
    )
    assert running.line() == "ready"
    interrupt(running)


@pytest.mark.parametrize("fetch", ["fetchall", "fetch_arrow_table"])
def test_the_rest_is_no_result(lab: Lab, script, fetch: str) -> None:
    """A cell of a notebook is interrupted while it fetches, and run again: not what was left of the rows, an error."""
    running = script(
        """
        import sys, drdarrow, pyarrow
        connection = drdarrow.connect(sys.argv[1], timeout=60)
        cursor = connection.execute(sys.argv[2])
        print("ready", flush=True)
        try:
            getattr(cursor, sys.argv[3])()
        except KeyboardInterrupt:
            print("interrupted", flush=True)
        try:
            print(cursor.fetchone())
        except drdarrow.InterfaceError as error:
            print(error)
        print(cursor.execute("VALUES 1").fetchone())
    """,
        lab.uri(),
        ENDLESS,
        fetch,
    )
    assert running.line() == "ready"
    time.sleep(0.5)
    running.process.send_signal(signal.SIGINT)
    assert running.line() == "interrupted"
    assert "execute the statement again" in running.line()
    assert running.line() == "(1,)"


@pytest.mark.parametrize("code", [0, 3])
@pytest.mark.parametrize("left_open", ["connection", "cursor", "stream", "iterator", "reader"])
def test_the_interpreter_ends_with_an_open_stream(lab: Lab, script, left_open: str, code: int) -> None:
    """Silent, quick, and the exit code is the program's."""
    running = script(
        """
        import sys, drdarrow
        connection = drdarrow.connect(sys.argv[1], timeout=15)
        cursor = connection.cursor()
        if sys.argv[3] != "connection":
            cursor.execute(sys.argv[2])
        if sys.argv[3] == "stream":
            stream = cursor.fetch_arrow()
        elif sys.argv[3] == "iterator":
            iterator = iter(cursor.fetch_arrow(batch_rows=100)); next(iterator)
        elif sys.argv[3] == "reader":
            reader = cursor.fetch_record_batch(); reader.read_next_batch()
        sys.exit(int(sys.argv[4]))
    """,
        lab.uri(),
        ENDLESS,
        left_open,
        code,
    )
    assert running.end(20) == (code, "", "")


def test_the_interpreter_ends_while_a_thread_waits(lab: Lab, script) -> None:
    with Silent() as silent:
        running = script(
            """
            import sys, threading, time, drdarrow
            def wait():
                try:
                    drdarrow.connect(sys.argv[1], timeout=30)
                except drdarrow.Error:
                    pass
            threading.Thread(target=wait, daemon=True).start()
            time.sleep(0.5)
        """,
            f"drda://app@127.0.0.1:{silent.port}/LAB",
        )
        code, out, _ = running.end(10)
        assert (code, out) == (0, "")


FORK = """
    import os, sys, drdarrow
    uri = sys.argv[1]
    connection = drdarrow.connect(uri, timeout=15, block_size=32767)
    cursor = connection.execute("SELECT ID FROM INTS ORDER BY ID")
    seen = len(cursor.fetchmany(10))
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            try:
                connection.execute("VALUES 1").fetchone()
                print("the child used its parent's connection", flush=True)
            except drdarrow.InterfaceError as error:
                assert "process" in str(error), error
                with drdarrow.connect(uri, timeout=15) as own:
                    assert own.execute("SELECT COUNT(*) FROM INTS").fetchone() == (100_000,)
                del cursor, connection
                code = 0
        finally:
            os._exit(code)
    seen += len(cursor.fetchmany(1000))
    _, status = os.waitpid(child, 0)
    seen += len(cursor.fetchall())
    connection.commit()
    connection.close()
    print(os.waitstatus_to_exitcode(status), seen)
"""


def test_a_fork(lab: Lab, script) -> None:
    """The child connects anew while the parent reads on; what it inherited writes nothing and closes nothing."""
    running = script(FORK, lab.uri())
    code, out, err = running.end(30)
    assert (code, out.strip()) == (0, "0 100000"), err


def test_a_pool_of_processes(lab: Lab, script) -> None:
    """multiprocessing with fork, after the parent has used the driver."""
    running = script(
        """
        import multiprocessing, sys, warnings, drdarrow
        warnings.simplefilter("ignore")
        def ask(number):
            with drdarrow.connect(sys.argv[1], timeout=15) as connection:
                return connection.execute("SELECT COUNT(*) FROM INTS WHERE ID > ?", (number,)).fetchone()[0]
        assert ask(0) == 100_000
        with multiprocessing.get_context("fork").Pool(2) as pool:
            print(pool.map(ask, [10, 20, 30, 40]))
    """,
        lab.uri(),
    )
    code, out, err = running.end(40)
    assert (code, out.strip()) == (0, "[99990, 99980, 99970, 99960]"), err
