"""Several addresses of a server, those that it tells, and what becomes of work when one goes away."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
import time
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
import sqlalchemy
from peers import Proxy, Silent, own_address, wait_for

import drdarrow
from drdarrow import aio, server
from drdarrow.pool import ConnectionPool
from drdarrow.sqlalchemy.dialect import dialect


def unused() -> int:
    """A port on which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def found(connection: drdarrow.Connection) -> int:
    return int(connection.server["peer"].rpartition(":")[2])


def test_the_first_address_that_answers_is_taken() -> None:
    with server.serve() as a, server.serve() as b:
        for hosts in (f"127.0.0.1:{a.port},127.0.0.1:{b.port}", f"127.0.0.1:{unused()},[::1]:{unused()},127.0.0.1:{a.port}"):
            with drdarrow.connect(f"drda://me@{hosts}/D") as connection:
                assert found(connection) == a.port
            with drdarrow.connect(host=hosts, user="me", database="D") as connection:
                assert found(connection) == a.port
        with drdarrow.connect(host=f"127.0.0.1:{unused()},127.0.0.1", port=b.port, user="me", database="D") as connection:
            assert found(connection) == b.port

        async def work() -> None:
            async with aio.connect(f"drda://me@127.0.0.1:{unused()},127.0.0.1:{b.port}/D") as connection:
                assert connection.server["peer"] == f"127.0.0.1:{b.port}"

        asyncio.run(work())


def test_profiles_and_sqlalchemy_take_several_addresses(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    with server.serve(duckdb.connect()) as srv:
        hosts = f"127.0.0.1:{unused()},127.0.0.1:{srv.port}"
        profile = tmp_path / "two.toml"
        profile.write_text(f'profile_version = 1\ndriver = "drdarrow"\n[Options]\nuri = "drda://me@{hosts}/SAMPLE"\n')
        with drdarrow.connect(f"profile://{profile}") as connection:
            assert found(connection) == srv.port
        (uri,), settings = dialect().create_connect_args(sqlalchemy.make_url(f"drda://me@/SAMPLE?host={hosts}&timeout=9"))
        assert uri == f"drda://me@{hosts}/SAMPLE?timeout=9"
        with drdarrow.connect(uri, **settings) as connection:
            assert found(connection) == srv.port


def test_the_driver_of_adbc_takes_several_addresses() -> None:
    import adbc_driver_drda.dbapi as dbapi

    with server.serve(duckdb.connect()) as srv, dbapi.connect(f"drda://me@127.0.0.1:{unused()},127.0.0.1:{srv.port}/D") as connection:
        with connection.cursor() as cursor:
            cursor.execute("VALUES 1")
            assert cursor.fetchone() == (1,)


def test_the_error_names_each_address_and_its_cause() -> None:
    gone = unused()
    with Silent() as silent, pytest.raises(drdarrow.OperationalError) as caught:
        begun = time.monotonic()
        drdarrow.connect(f"drda://me@127.0.0.1:{gone},127.0.0.1:{silent.port}/D", timeout=1)
    assert time.monotonic() - begun < 20
    text = str(caught.value)
    assert "none of 2 addresses" in text and f"127.0.0.1:{gone}: " in text and f"127.0.0.1:{silent.port}: " in text
    assert "refused" in text and "no DRDA reply" in text
    assert caught.value.peer == f"127.0.0.1:{gone},127.0.0.1:{silent.port}"


def test_an_address_that_is_silent_leaves_time_for_the_next() -> None:
    with Silent() as silent, server.serve() as srv:
        with drdarrow.connect(f"drda://me@127.0.0.1:{silent.port},127.0.0.1:{srv.port}/D", timeout=4) as connection:
            assert found(connection) == srv.port


def test_a_login_that_is_refused_is_not_tried_elsewhere() -> None:
    with server.serve(users={"me": "right"}) as a, server.serve(users={"me": "wrong"}) as b, Proxy(b.port) as proxy:
        with pytest.raises(drdarrow.OperationalError) as caught:
            drdarrow.connect(f"drda://me@127.0.0.1:{a.port},127.0.0.1:{proxy.port}/D", password="wrong")
        assert caught.value.sqlstate == "28000" and proxy.accepted == 0


@pytest.mark.parametrize(
    "uri", ["drda://a:446,::1/D", "drda://a,,b/D", "drda://a:0,b/D", "drda://a b,c/D"]
)
def test_a_list_that_cannot_be_meant_is_refused(uri: str) -> None:
    with pytest.raises(drdarrow.InterfaceError):
        drdarrow.connect(uri)


def test_connections_for_files_take_one_address() -> None:
    with pytest.raises(drdarrow.InterfaceError, match="one address"):
        drdarrow.connect_files("drda://me@a,b")


def test_a_list_beside_a_uri_may_not_contradict_it() -> None:
    with pytest.raises(drdarrow.InterfaceError, match="host: the URI says otherwise"):
        drdarrow.connect("drda://a:1,b:2/D", host="a:1,c:2")


@pytest.mark.parametrize("persona", ["luw", "zos", "ibmi"])
def test_a_server_tells_other_addresses(persona: server.Persona) -> None:
    with server.serve(persona=persona, server_list=["db1.example:50000", "[2001:db8::1]:446"]) as srv, srv.connect() as connection:
        assert connection.server["servers"] == ["db1.example:50000", "[2001:db8::1]:446"]
    with server.serve(persona=persona) as srv, srv.connect() as connection:
        assert connection.server["servers"] == []


@pytest.mark.parametrize("wrong", [["a"], ["a:0"], ["a:65536"], ["a:b"], [":1"], "a:1", ["a:1"] * 65, [1], 5])
def test_a_list_of_servers_that_cannot_be_meant_is_refused(wrong: object) -> None:
    with pytest.raises(drdarrow.InterfaceError, match="server_list"):
        server.serve(server_list=wrong)  # type: ignore[arg-type]
    with pytest.raises(drdarrow.InterfaceError, match="Derby"):
        server.serve(persona="derby", server_list=["a:1"])


def test_told_addresses_are_used_by_those_who_allow_it() -> None:
    with server.serve(database="TOLD") as other, Proxy(other.port) as proxy:
        first = server.serve(database="TOLD", server_list=["no-such-host.invalid:1", f"127.0.0.1:{proxy.port}"])
        uri = first.uri
        drdarrow.connect(uri).close()
        first.close()
        with pytest.raises(drdarrow.OperationalError):
            drdarrow.connect(uri, reroute=True)
        assert proxy.accepted == 0
        again = server.serve(database="TOLD", port=first.port, server_list=["no-such-host.invalid:1", f"127.0.0.1:{proxy.port}"])
        drdarrow.connect(uri, reroute=True).close()
        again.close()
        with drdarrow.connect(uri, reroute=True) as connection:
            assert found(connection) == proxy.port
        with pytest.raises(drdarrow.OperationalError):
            drdarrow.connect(uri)
        assert proxy.accepted == 1


def test_a_told_address_gets_no_password_in_clear() -> None:
    """A list leads to another machine, where only persona derby listens: that takes passwords in clear alone."""
    users = {"me": "secret"}
    with server.serve(persona="derby", host=own_address(), users=users, allow_cleartext_password=True, database="CLEAR") as trap:
        first = server.serve(users=users, database="CLEAR", server_list=[f"{own_address()}:{trap.port}"])
        uri = first.uri
        drdarrow.connect(uri, password="secret", reroute=True, security="password").close()
        first.close()
        with pytest.raises(drdarrow.Error, match="in clear"):
            drdarrow.connect(uri, password="secret", reroute=True, security="password")


def test_a_long_list_of_dead_addresses_leaves_time_for_those_that_were_named() -> None:
    with Silent() as silent:
        port = unused()
        told = [f"127.0.0.1:{silent.port}"] + [f"no-such-host-{n}.invalid:1" for n in range(30)]
        first = server.serve(database="LONG", port=port, server_list=told)
        drdarrow.connect(first.uri, reroute=True).close()
        first.close()
        begun = time.monotonic()
        with pytest.raises(drdarrow.OperationalError, match="none of 17 addresses"):
            drdarrow.connect(first.uri, reroute=True, timeout=2)
        assert time.monotonic() - begun < 20
        with server.serve(database="LONG", port=port) as back:
            drdarrow.connect(back.uri, reroute=True, timeout=20).close()


def test_work_goes_on_at_another_server_when_one_is_killed() -> None:
    """Two servers over one database: one goes away in the middle of a unit of work, which is done again as a whole."""
    base = duckdb.connect()
    base.execute("CREATE TABLE T (ID INTEGER, PART INTEGER)")
    with server.serve(base) as b:
        a = server.serve(base)
        uri = f"drda://me@127.0.0.1:{a.port},127.0.0.1:{b.port}/SAMPLE"
        killed = threading.Event()
        attempts: list[int] = []
        with ConnectionPool(uri, max_size=2, check=0) as pool:

            def work(number: int) -> None:
                with pool.connection() as connection:
                    attempts.append(number)
                    connection.execute("INSERT INTO T VALUES (?, 1)", (number,))
                    if number == 5 and not killed.is_set():
                        killed.set()
                        a.close()
                    connection.execute("INSERT INTO T VALUES (?, 2)", (number,))

            for number in range(10):
                drdarrow.retry(lambda number=number: work(number), backoff=0.01, attempts=5)
        rows = base.execute("SELECT ID, PART FROM T ORDER BY ID, PART").fetchall()
        assert rows == [(number, part) for number in range(10) for part in (1, 2)]
        assert attempts.count(5) == 2 and len(attempts) == 11


def test_an_idle_connection_comes_back_at_another_address() -> None:
    base = duckdb.connect()
    base.execute("CREATE TABLE T (ID INTEGER)")
    with server.serve(base) as b:
        a = server.serve(base)
        uri = f"drda://me@127.0.0.1:{a.port},127.0.0.1:{b.port}/SAMPLE"
        with drdarrow.connect(uri, reconnect=True) as connection:
            connection.execute("INSERT INTO T VALUES (1)")
            connection.commit()
            assert found(connection) == a.port
            a.close()
            assert wait_for(lambda: "lost" in repr(connection))
            assert connection.execute("SELECT * FROM T").fetchall() == [(1,)]
            assert found(connection) == b.port


def test_a_server_of_another_kind_does_not_take_over() -> None:
    with server.serve(persona="zos") as b:
        a = server.serve(persona="luw")
        with drdarrow.connect(f"drda://me@127.0.0.1:{a.port},127.0.0.1:{b.port}/SAMPLE", reconnect=True) as connection:
            a.close()
            assert wait_for(lambda: "lost" in repr(connection))
            with pytest.raises(drdarrow.OperationalError, match="another kind"):
                connection.execute("VALUES 1")


def timers(port: int) -> list[tuple[str, float]]:
    """Of each connection of this machine to a port: the kind of timer that the system keeps, and its seconds (man 5 proc)."""
    found = []
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        kind, when = fields[5].split(":")
        # Established, and the other end has the port.
        if fields[3] == "01" and int(fields[2].rpartition(":")[2], 16) == port:
            found.append((kind, int(when, 16) / os.sysconf("SC_CLK_TCK")))
    return found


def test_the_system_probes_connections_on_which_nothing_is_said() -> None:
    files = {"LIB/F": pa.table({"A": pa.array([1], pa.int32())})}
    with server.serve(persona="ibmi", files=files) as srv, srv.connect() as connection:
        connection.execute("VALUES 1").fetchall()
        connection.open_file("LIB/F").close()
        assert wait_for(lambda: [kind for kind, _ in timers(srv.port)] == ["02", "02"], 20), timers(srv.port)
        assert all(0 < seconds <= 60 for _, seconds in timers(srv.port))
