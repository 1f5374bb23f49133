"""The `tpc_*` methods of PEP 249 at Derby and at the server over DuckDB, judged by the tables afterwards."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Callable, Iterator

import duckdb
import pytest
from conftest import Lab
from cutting import Cutting
from peers import EXCSQLIMM, RDBCMM, RDBRLLBCK, Proxy

import drdarrow
from drdarrow import aio, server
from drdarrow.types import Xid

SYNCCTL = 0x1055
_numbers = itertools.count(1)


class Peer:
    """A server with a table of the test's own."""

    def __init__(self, port: int, uri: Callable[[int], str]) -> None:
        self.port, self.uri = port, uri
        self.table = f"XA{next(_numbers)}"
        with self.plain() as connection:
            connection.execute(f"CREATE TABLE {self.table} (A INTEGER NOT NULL PRIMARY KEY)")

    def connect(self, port: int = 0, **settings) -> drdarrow.Connection:
        given = {"timeout": 20, "statement_timeout": 30, "two_phase": True, **settings}
        return drdarrow.connect(self.uri(port or self.port), **given)

    def plain(self) -> drdarrow.Connection:
        return self.connect(two_phase=False)

    def rows(self) -> list[int]:
        with self.plain() as connection:
            return [row[0] for row in connection.execute(f"SELECT A FROM {self.table} ORDER BY A")]

    def xid(self) -> Xid:
        return Xid(7, f"{self.table}-{next(_numbers)}".encode(), b"b")


@pytest.fixture(scope="module")
def duck() -> Iterator[server.Server]:
    with server.serve(duckdb.connect(":memory:")) as srv:
        yield srv


@pytest.fixture(params=["derby", "duckdb"])
def peer(request: pytest.FixtureRequest, lab: Lab, duck: server.Server) -> Peer:
    if request.param == "derby":
        return Peer(lab.port, lambda port: lab.uri(port))
    return Peer(duck.port, lambda port: duck.uri.replace(f":{duck.port}", f":{port}"))


def waiting(connection: drdarrow.Connection, peer: Peer) -> list[Xid]:
    """The branches of this test."""
    return [xid for xid in connection.tpc_recover() if xid.gtrid.startswith(f"{peer.table}-".encode())]


@pytest.mark.parametrize("autocommit", [False, True])
def test_a_branch_is_kept_or_undone_in_one_phase_or_two(peer: Peer, autocommit: bool) -> None:
    insert = f"INSERT INTO {peer.table} VALUES (?)"
    with peer.connect(autocommit=autocommit) as connection:
        for number, (prepares, ends) in enumerate(itertools.product([False, True], ["tpc_commit", "tpc_rollback"])):
            connection.tpc_begin(peer.xid())
            assert connection.autocommit is False
            connection.execute(insert, (number,))
            connection.cursor().executemany(insert, [(10 + number,), (20 + number,)])
            if prepares:
                assert connection.tpc_prepare() is True
            getattr(connection, ends)()
            assert connection.autocommit is autocommit
        # The branches before it are no part of work of the connection's own.
        connection.execute(insert, (99,))
        connection.rollback()
    assert peer.rows() == [0, 2, 10, 12, 20, 22, *([99] if autocommit else [])]


def test_a_branch_that_changes_nothing_is_over_when_it_is_prepared(peer: Peer) -> None:
    with peer.connect() as connection:
        connection.tpc_begin(peer.xid())
        connection.execute(f"SELECT * FROM {peer.table}").fetchall()
        assert connection.tpc_prepare() is False and waiting(connection, peer) == []
        connection.tpc_commit()
        connection.execute(f"INSERT INTO {peer.table} VALUES (1)")
        connection.commit()
    assert peer.rows() == [1]


def test_a_prepared_branch_outlives_its_connection(peer: Peer) -> None:
    names = [peer.xid(), peer.xid()]
    for number, xid in enumerate(names):
        connection = peer.connect()
        connection.tpc_begin(xid)
        connection.execute(f"INSERT INTO {peer.table} VALUES (?)", (number,))
        connection.tpc_prepare()
        connection.close()
    with peer.connect() as connection:
        assert set(waiting(connection, peer)) == set(names)
        connection.tpc_commit(names[0])
        connection.tpc_rollback(tuple(names[1]))
        assert waiting(connection, peer) == []
        for end in connection.tpc_commit, connection.tpc_rollback:
            with pytest.raises(drdarrow.ProgrammingError, match=r"XAER_NOTA.*no such branch"):
                end(names[0])
    assert peer.rows() == [0]


def test_a_branch_is_ended_by_its_own_calls_alone(peer: Peer) -> None:
    with Proxy(peer.port) as proxy, peer.connect(proxy.port) as connection:
        connection.tpc_begin(peer.xid())
        connection.execute(f"INSERT INTO {peer.table} VALUES (1)")
        proxy.forget()
        calls: list[Callable[[], object]] = [
            connection.commit,
            connection.rollback,
            lambda: setattr(connection, "autocommit", True),
            lambda: connection.execute("COMMIT"),
            lambda: connection.execute("ROLLBACK"),
            lambda: connection.transaction().__enter__(),
            lambda: connection.tpc_begin(peer.xid()),
            lambda: connection.tpc_commit(peer.xid()),
            lambda: connection.tpc_rollback(peer.xid()),
        ]
        for call in calls:
            with pytest.raises(drdarrow.ProgrammingError, match="tpc_commit"):
                call()
        assert proxy.commands == []
        connection.tpc_prepare()
        proxy.forget()
        for sql in f"SELECT * FROM {peer.table}", f"INSERT INTO {peer.table} VALUES (2)":
            with pytest.raises(drdarrow.ProgrammingError, match="is prepared"):
                connection.execute(sql)
        assert proxy.commands == []
        connection.ping()
        connection.tpc_commit()
        for outside in connection.tpc_prepare, connection.tpc_commit, connection.tpc_rollback:
            with pytest.raises(drdarrow.ProgrammingError, match="no branch"):
                outside()
        connection.execute(f"INSERT INTO {peer.table} VALUES (3)")
        with pytest.raises(drdarrow.ProgrammingError, match="not committed"):
            connection.tpc_begin(peer.xid())
        connection.commit()
    assert peer.rows() == [1, 3]


def test_statements_of_a_branch_commit_nothing_and_local_work_ends_by_syncctl(peer: Peer) -> None:
    with Proxy(peer.port) as proxy, peer.connect(proxy.port, autocommit=True) as connection:
        connection.execute(f"INSERT INTO {peer.table} VALUES (1)")
        assert proxy.count(SYNCCTL) == 1 and b"\x00\x05\x21\x05\xf1" in proxy.sent
        proxy.forget()
        connection.tpc_begin(peer.xid())
        connection.execute(f"INSERT INTO {peer.table} VALUES (2)")
        connection.execute(f"INSERT INTO {peer.table} VALUES (?)", (3,))
        # RDBCMTOK.
        assert b"\x00\x05\x21\x05\xf1" not in proxy.sent and proxy.sent.count(b"\x00\x05\x21\x05\xf0") == 2
        connection.tpc_commit()
        assert proxy.count(EXCSQLIMM) == 1 and proxy.count(SYNCCTL) == 3
        assert proxy.count(RDBCMM) == proxy.count(RDBRLLBCK) == 0
    assert peer.rows() == [1, 2, 3]


def test_a_row_that_fails_undoes_its_call_and_not_the_branch(peer: Peer) -> None:
    with peer.connect() as connection:
        connection.tpc_begin(peer.xid())
        connection.execute(f"INSERT INTO {peer.table} VALUES (1)")
        with pytest.raises(drdarrow.IntegrityError):
            connection.cursor().executemany(f"INSERT INTO {peer.table} VALUES (?)", [(2,), (1,), (3,)])
        connection.tpc_prepare()
        connection.tpc_commit()
    assert peer.rows() == [1]


def test_a_branch_that_the_server_has_undone_is_not_kept_in_part(duck: server.Server) -> None:
    peer = Peer(duck.port, lambda _: duck.uri)
    with peer.plain() as other:
        other.execute(f"INSERT INTO {peer.table} VALUES (1)")
    with peer.connect() as connection, peer.plain() as other:
        connection.tpc_begin(peer.xid())
        connection.execute(f"INSERT INTO {peer.table} VALUES (2)")
        other.execute(f"UPDATE {peer.table} SET A = 5 WHERE A = 1")
        with pytest.raises(drdarrow.OperationalError) as conflict:
            connection.execute(f"UPDATE {peer.table} SET A = 6 WHERE A = 1")
        assert conflict.value.sqlstate == "40001"
        other.rollback()
        try:
            connection.execute(f"INSERT INTO {peer.table} VALUES (3)")
        except drdarrow.DatabaseError:
            pass
        with pytest.raises(drdarrow.OperationalError) as undone:
            connection.tpc_prepare()
        assert str(undone.value.sqlstate).startswith("40")
        with pytest.raises(drdarrow.OperationalError, match="rolled back"):
            connection.tpc_commit()
        connection.tpc_rollback()
    assert peer.rows() == [1]


def test_the_end_of_a_connection_undoes_its_branch(peer: Peer) -> None:
    connection = peer.connect()
    connection.tpc_begin(peer.xid())
    connection.execute(f"INSERT INTO {peer.table} VALUES (1)")
    connection.close()
    with pytest.raises(drdarrow.ProgrammingError, match="tpc_commit"), peer.connect() as connection:
        connection.tpc_begin(peer.xid())
        connection.execute(f"INSERT INTO {peer.table} VALUES (2)")
    assert connection.closed
    with peer.connect() as connection:
        assert waiting(connection, peer) == []
    assert peer.rows() == []


def test_a_branch_whose_time_is_over_is_undone(peer: Peer) -> None:
    connection = peer.connect()
    for wrong in 0, -1, float("nan"):
        with pytest.raises(drdarrow.InterfaceError, match="timeout"):
            connection.tpc_begin(peer.xid(), timeout=wrong)
    # It is rounded up: Derby would take none of its seconds for no limit.
    connection.tpc_begin(peer.xid(), timeout=0.3)
    connection.execute(f"INSERT INTO {peer.table} VALUES (1)")
    # The server tells nobody that it is over: another connection sees the lock go at Derby, nobody sees it here.
    time.sleep(3)
    with pytest.raises(drdarrow.DatabaseError, match=r"XAER_NOTA|XA_RBTIMEOUT"):
        connection.tpc_commit()
    connection.close()
    assert peer.rows() == []


@pytest.mark.parametrize("prepared", [False, True])
def test_a_lost_commit_names_the_branch_that_may_wait(peer: Peer, prepared: bool) -> None:
    xid = peer.xid()
    with Cutting(peer.port, chains=True) as proxy:
        connection = peer.connect(proxy.port)
        connection.tpc_begin(xid)
        connection.execute(f"INSERT INTO {peer.table} VALUES (1)")
        if prepared:
            connection.tpc_prepare()
        # The server does it, and its answer is lost.
        proxy.arm(replies=0)
        with pytest.raises(drdarrow.OperationalError) as lost:
            connection.tpc_commit()
        assert lost.value.sqlstate == "08007" and not lost.value.connection_usable
        assert xid.gtrid.decode() in str(lost.value) and "tpc_recover()" in str(lost.value)
    with peer.connect() as connection:
        assert waiting(connection, peer) == []
    assert peer.rows() == [1]


def test_a_commit_that_is_not_sent_names_the_branch_that_waits(peer: Peer) -> None:
    xid = peer.xid()
    with Proxy(peer.port) as proxy:
        connection = peer.connect(proxy.port)
        connection.tpc_begin(xid)
        connection.execute(f"INSERT INTO {peer.table} VALUES (1)")
        connection.tpc_prepare()
        proxy.cut()
        with pytest.raises(drdarrow.Error) as lost:
            connection.tpc_commit()
        assert xid.gtrid.decode() in str(lost.value) and "tpc_recover()" in str(lost.value)
    with peer.connect() as connection:
        assert waiting(connection, peer) == [xid]
        connection.tpc_commit(xid)
    assert peer.rows() == [1]


@pytest.mark.parametrize("prepared", [False, True])
def test_a_connection_that_comes_back_has_no_branch(peer: Peer, prepared: bool) -> None:
    xid, insert = peer.xid(), f"INSERT INTO {peer.table} VALUES (?)"
    with (
        Cutting(peer.port, chains=True) as proxy,
        peer.connect(proxy.port, reconnect=True, autocommit=True) as connection,
    ):
        connection.tpc_begin(xid)
        connection.execute(insert, (1,))
        if prepared:
            connection.tpc_prepare()
        proxy.cut()
        told = []
        # The first may find out that the connection is lost.
        for number in 2, 3:
            try:
                connection.ping() if prepared else connection.execute(insert, (number,))
            except drdarrow.Error as e:
                told.append(str(e))
        if prepared:
            assert any(xid.gtrid.decode() in text and "tpc_recover()" in text for text in told), told
        else:
            assert len(told) == 2
            connection.tpc_rollback()
        with peer.connect() as other:
            # Derby keeps one that is not prepared, too, and both servers have to notice that the connection is gone.
            until = time.monotonic() + 30
            answer = "XAER_PROTO"
            while "XAER_PROTO" in answer and time.monotonic() < until:
                try:
                    other.tpc_rollback(xid)
                    answer = "done"
                except drdarrow.ProgrammingError as e:
                    answer = str(e)
            assert answer == "done" or (not prepared and "XAER_NOTA" in answer)
        connection.execute(insert, (4,))
        assert connection.autocommit is True
    assert peer.rows() == [4]


@pytest.mark.parametrize("reconnect", [False, True])
@pytest.mark.parametrize("lost", ["tpc_prepare", "tpc_commit", "later"])
def test_nobody_is_told_to_do_again_what_may_be_kept(peer: Peer, lost: str, reconnect: bool) -> None:
    xid, insert = peer.xid(), f"INSERT INTO {peer.table} VALUES (?)"
    with Cutting(peer.port, chains=True) as proxy:
        connection = peer.connect(proxy.port, reconnect=reconnect)
        connection.tpc_begin(xid)
        connection.execute(insert, (1,))
        if lost == "later":
            connection.tpc_prepare()
            proxy.cut()
        else:
            proxy.arm(replies=0)
            with pytest.raises(drdarrow.OperationalError) as first:
                getattr(connection, lost)()
            assert not first.value.retryable
            proxy.arm()
        # The server has done it.
        told = []
        for call in connection.ping, lambda: connection.execute(insert, (2,)):
            try:
                call()
            except drdarrow.Error as e:
                told.append(e)
        assert told and not any(e.retryable or "nothing of it was kept" in str(e) for e in told), told
        if reconnect:
            assert any(xid.gtrid.decode() in str(e) and "tpc_recover()" in str(e) for e in told), told
            connection.rollback()
        connection.close()
    with peer.connect() as connection:
        if lost != "tpc_commit":
            assert waiting(connection, peer) == [xid]
            connection.tpc_rollback(xid)
    assert peer.rows() == ([1] if lost == "tpc_commit" else [])


def test_a_branch_does_not_end_while_a_call_takes_its_rows(peer: Peer) -> None:
    with peer.connect() as connection:
        connection.tpc_begin(peer.xid())

        def rows() -> Iterator[tuple[int]]:
            yield (1,)
            for end in connection.tpc_rollback, connection.tpc_commit, connection.tpc_prepare:
                with pytest.raises(drdarrow.ProgrammingError, match="many rows"):
                    end()
            yield (2,)

        connection.cursor().executemany(f"INSERT INTO {peer.table} VALUES (?)", rows())
        connection.tpc_commit()
    assert peer.rows() == [1, 2]


def test_a_connection_without_the_setting_takes_no_part(peer: Peer) -> None:
    with Proxy(peer.port) as proxy, peer.connect(proxy.port, two_phase=False) as connection:
        proxy.forget()
        calls: list[Callable[[], object]] = [
            lambda: connection.xid(1, "g", "b"),
            lambda: connection.tpc_begin(peer.xid()),
            lambda: connection.tpc_commit(peer.xid()),
            connection.tpc_recover,
        ]
        for call in calls:
            with pytest.raises(drdarrow.NotSupportedError, match="two_phase=True"):
                call()
        assert proxy.commands == []
    with server.serve(tables={}, persona="ibmi") as ibmi, drdarrow.connect(ibmi.uri, two_phase=True) as connection:
        with pytest.raises(drdarrow.NotSupportedError, match="XAMGR"):
            connection.tpc_begin(peer.xid())
        connection.commit()


def test_files_under_commitment_control_are_refused_within_a_branch(peer: Peer) -> None:
    """Their work would be kept or undone by itself."""
    async def later() -> None:
        async with aio.connect(peer.uri(peer.port), two_phase=True) as connection:
            await connection.tpc_begin(peer.xid())
            with pytest.raises(drdarrow.ProgrammingError, match="within xid"):
                await connection.open_file("LIB/FILE", commit="all")
            await connection.tpc_rollback()

    with Proxy(peer.port) as proxy, peer.connect(proxy.port) as connection:
        connection.tpc_begin(peer.xid())
        for level in "chg", "cs", "all":
            with pytest.raises(drdarrow.ProgrammingError, match="within xid") as refused:
                connection.open_file("LIB/FILE", commit=level)
            assert "commitment control" in str(refused.value.hint)
        assert proxy.accepted == 1
        connection.tpc_rollback()
    asyncio.run(later())


def test_names_are_checked(peer: Peer) -> None:
    with peer.connect() as connection:
        name = connection.xid(1, "gé", b"\x00\xff")
        assert name == Xid(1, "gé".encode(), b"\x00\xff") and len({name, Xid(*name)}) == 1
        assert repr(name) == "Xid(format_id=1, gtrid=b'g\\xc3\\xa9', bqual=b'\\x00\\xff')"
        wrong: list[tuple] = [
            (-1, "g", ""),
            (1 << 31, "g", ""),
            (1 << 70, "g", ""),
            (1, "", ""),
            (1, "g" * 65, ""),
            (1, "g", "b" * 65),
        ]
        for three in [*wrong, (1, 2, ""), (1, "g", None), ("1", "g", "")]:
            with pytest.raises(drdarrow.ProgrammingError, match="xid"):
                connection.xid(*three)
            with pytest.raises(drdarrow.ProgrammingError, match="xid"):
                connection.tpc_begin(three)
        for odd in "g", 1, None, (1, "g"):
            with pytest.raises(drdarrow.ProgrammingError, match="xid"):
                connection.tpc_begin(odd)
        longest = connection.xid(2**31 - 1, b"\xff" * 64, b"\x00" * 64)
        connection.tpc_begin(longest)
        connection.execute(f"INSERT INTO {peer.table} VALUES (1)")
        connection.tpc_prepare()
        assert longest in connection.tpc_recover()
        connection.tpc_rollback()


def test_the_same_with_asyncio(peer: Peer) -> None:
    async def scene() -> None:
        uri = peer.uri(peer.port)
        async with aio.connect(uri, two_phase=True) as connection:
            xid = peer.xid()
            await connection.tpc_begin(connection.xid(*xid))
            await connection.execute(f"INSERT INTO {peer.table} VALUES (1)")
            with pytest.raises(drdarrow.ProgrammingError):
                await connection.commit()
            assert await connection.tpc_prepare() is True
            assert xid in await connection.tpc_recover()
            await connection.tpc_commit()
            await connection.tpc_begin(peer.xid())
            await connection.execute(f"INSERT INTO {peer.table} VALUES (2)")
            await connection.tpc_rollback()

    asyncio.run(scene())
    assert peer.rows() == [1]
