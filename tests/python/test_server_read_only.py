"""A server that is read-only: tables of every engine and files are read, and stand as they stood after every attempt to
change them, by this client, IBM's CLI driver and, in test_peer_jtopen.py, IBM's client for Java."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from apart import apart
from serving import dsn

import drdarrow
from drdarrow import server

TABLE = pa.table({"A": pa.array([1, 2, 3], pa.int32()), "NAME": ["alpha", "beta", "gamma"]})
#: Whatever the engine.
CHANGES = [
    "INSERT INTO T VALUES (4, 'x')",
    "DELETE FROM T",
    "DROP TABLE T",
    "CREATE TABLE U (A INTEGER)",
]
#: Statements that DuckDB has.
MORE = [
    "/* a comment */ DELETE FROM T",
    "UPDATE T SET A = 9",
    "MERGE INTO T USING (VALUES (1)) AS S(A) ON T.A = S.A WHEN MATCHED THEN DELETE",
    "ALTER TABLE T ADD COLUMN B INTEGER",
    "CREATE VIEW V AS SELECT * FROM T",
    "CREATE TEMP TABLE X AS SELECT * FROM T",
    "CREATE SEQUENCE S2",
    "WITH X AS (DELETE FROM T RETURNING A) SELECT * FROM X",
    "WITH X AS (INSERT INTO T VALUES (4, 'x') RETURNING A) SELECT * FROM X",
    "SELECT nextval('S')",
    "SELECT * FROM COUNTS",
]


def rows(connection: drdarrow.Connection) -> list[tuple[Any, ...]]:
    return sorted(connection.execute("SELECT * FROM T").fetchall())


@pytest.mark.parametrize("persona", ["luw", "ibmi", "zos", "derby"])
@pytest.mark.parametrize("engine", ["duckdb", "tables"])
def test_tables_stand_as_they_stood(persona: str, engine: str) -> None:
    if engine == "tables":
        srv = server.serve(tables={"T": TABLE}, engine="tables", persona=persona, read_only=True)
        source = None
    else:
        source = duckdb.connect()
        source.execute("CREATE SEQUENCE S; CREATE VIEW COUNTS AS SELECT nextval('S') AS N")
        srv = server.serve(source, tables={"T": TABLE}, persona=persona, read_only=True)
    with srv:
        for autocommit in (True, False):
            with srv.connect(autocommit=autocommit) as c:
                before = rows(c)
                assert len(before) == 3
                for sql in CHANGES + (MORE if source else []):
                    with pytest.raises(drdarrow.Error) as caught:
                        c.execute(sql).fetchall()
                    assert caught.value.sqlstate == "25000", sql
                    assert caught.value.sqlcode == (-20001 if persona == "derby" else -817), sql
                    assert caught.value.connection_usable
                with pytest.raises(drdarrow.Error) as caught:
                    c.cursor().executemany("INSERT INTO T VALUES (?, ?)", [(7, "x"), (8, "y")])
                assert caught.value.sqlstate == "25000"
                if not autocommit:
                    c.commit()
                assert rows(c) == before
                if source:
                    c.execute("SET SCHEMA main")
                    assert c.execute("SELECT COUNT(*) FROM T WHERE A > ?", (1,)).fetchall() == [(2,)]
        if source:
            assert source.execute("SELECT nextval('S')").fetchall() == [(1,)]
            assert source.execute("SELECT COUNT(*) FROM duckdb_tables()").fetchall() == [(1,)]


def test_several_readers_at_a_time_in_a_transaction() -> None:
    many = pa.table({"A": pa.array(range(100_000), pa.int32())})
    with server.serve(tables={"T": many}, read_only=True) as srv, srv.connect() as c:
        cursors = [c.cursor() for _ in range(4)]
        for cursor in cursors:
            cursor.execute("SELECT A FROM T")
        assert [cursor.fetchone() for cursor in cursors] == [(0,)] * 4
        c.commit()
        for _ in range(3):
            assert c.execute("SELECT COUNT(*) FROM T").fetchall() == [(100_000,)]
            c.rollback()


def test_what_a_read_only_server_cannot_promise_is_refused() -> None:
    with pytest.raises(drdarrow.InterfaceError, match="exclude each other"):
        server.serve(tables={"T": TABLE}, read_only=True, external_access=True)


class Own:
    """An engine that would do anything."""

    def __init__(self) -> None:
        self.done: list[str] = []

    def session(self, _user: str, _database: str) -> Own:
        return self

    def prepare(self, sql: str) -> tuple[int, None, list[Any]]:
        self.done.append(f"prepare {sql}")
        return 1, None, []

    def execute(self, _number: int, _rows: Any) -> None:
        self.done.append("execute")

    def forget(self, number: int) -> None:
        self.done.append(f"forget {number}")

    def set(self, sql: str) -> None: ...

    def commit(self) -> None: ...

    def rollback(self) -> None: ...

    def close(self) -> None: ...


def test_an_engine_of_ones_own_is_asked_for_queries_only() -> None:
    engine = Own()
    with server.serve(engine, read_only=True) as srv, srv.connect() as c:
        with pytest.raises(drdarrow.Error) as caught:
            c.execute("TRUNCATE T")
        assert caught.value.sqlcode == -817
        c.execute("SET CURRENT DEGREE 'ANY'")
    assert engine.done.count("execute") == 1 and "forget 1" in engine.done


def test_ibms_driver_is_told() -> None:
    with server.serve(tables={"T": TABLE}, users={"user": "secret"}, read_only=True) as srv:
        to = dsn(srv.port)
        changes = ["INSERT INTO T VALUES (4, 'x')", "DELETE FROM T", "DROP TABLE T", "UPDATE T SET A = 9"]
        told = apart("ibm.errors", to, *changes)
        assert [state for state, _ in told] == ["25000"] * len(changes)
        assert all("SQL0817N" in text for _, text in told), told
        assert len(apart("ibm.select", to, "SELECT * FROM T")[0]) == 3


def test_procedures_that_only_read_are_called(tmp_path: Path) -> None:
    definitions = [
        "CREATE TABLE N (A INTEGER)",
        "INSERT INTO N VALUES (1), (2), (3)",
        "CREATE PROCEDURE TOTAL (IN LEAST INTEGER, OUT SUM_ INTEGER) LANGUAGE SQL DYNAMIC RESULT SETS 1 BEGIN "
        "DECLARE C CURSOR WITH RETURN FOR SELECT A FROM N WHERE A > LEAST ORDER BY A; "
        "SELECT SUM(A) INTO SUM_ FROM N WHERE A > LEAST; IF SUM_ > 0 THEN OPEN C; END IF; END",
        "CREATE PROCEDURE MORE () LANGUAGE SQL BEGIN IF 1 = 0 THEN DELETE FROM N; END IF; END",
        "CREATE PROCEDURE HIDDEN (OUT C INTEGER) LANGUAGE SQL BEGIN SELECT COUNT(*) INTO C FROM FINAL TABLE (INSERT INTO N VALUES (4)); END",
    ]
    path = tmp_path / "kept.duckdb"
    with duckdb.connect(str(path)) as source, server.serve(source) as srv, srv.connect() as c:
        for sql in definitions:
            c.execute(sql)
        c.commit()
    with duckdb.connect(str(path)) as source, server.serve(source, read_only=True) as srv, srv.connect() as c:
        cursor = c.cursor()
        assert cursor.callproc("TOTAL", [1, None])[1] == 5
        assert cursor.fetchall() == [(2,), (3,)]
        for name, arguments in (("MORE", []), ("HIDDEN", [None])):
            with pytest.raises(drdarrow.Error) as caught:
                c.cursor().callproc(name, arguments)
            assert caught.value.sqlcode == -817, name
        assert c.execute("SELECT COUNT(*) FROM N").fetchone() == (3,)


FILES = {"SHOP/ITEMS": server.PhysicalFile(TABLE, keys=["A"], unique=True)}


def cl(command: str) -> Callable[[drdarrow.FileConnection], object]:
    return lambda c: c.command(command)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c.open_file("SHOP/ITEMS", mode="rw"), "CPF4104"),
        (lambda c: c.open_file("SHOP/ITEMS", mode="w"), "CPF4104"),
        (lambda c: c.open_file("*LIBL/ITEMS", mode="rw"), "CPF4104"),
        (lambda c: c.delete_file("SHOP/ITEMS"), "CPF2189"),
        (lambda c: c.clear_member("SHOP/ITEMS"), "CPF3137"),
        (lambda c: c.add_member("SHOP/ITEMS", "MORE"), "CPF7306"),
        (lambda c: c.remove_member("SHOP/ITEMS", "ITEMS"), "CPF7310"),
        (lambda c: c.create_file("SHOP/NEW", TABLE.schema), "CPF7302"),
        (lambda c: c.lock("SHOP/ITEMS"), "CPF1002"),
        (cl("ALCOBJ OBJ((SHOP/ITEMS *FILE *SHRUPD))"), "CPF1002"),
        (cl("ALCOBJ OBJ((SHOP/ITEMS *FILE *EXCLRD))"), "CPF1002"),
        (cl("CHGPF FILE(SHOP/ITEMS) REUSEDLT(*YES)"), "CPF7304"),
        (cl("CRTPF FILE(*CURLIB/NEW) RCDLEN(80)"), "CPF7302"),
        (cl("CRTSRCPF FILE(NEW)"), "CPF7302"),
        (cl("CRTLIB LIB(MORE)"), "CPF2111"),
        (cl("DLTLIB LIB(SHOP)"), "CPF2182"),
        (cl("DSPFD FILE(SHOP/ITEMS) TYPE(*MBR) OUTPUT(*OUTFILE) OUTFILE(SHOP/ABOUT)"), "CPF9822"),
    ],
)
def test_files_stand_as_they_stood(change: Callable[[drdarrow.FileConnection], object], message: str) -> None:
    with server.serve(engine="tables", persona="ibmi", files=FILES, users={"ada": "secret"}, read_only=True) as srv:
        with srv.connect_files(password="secret") as c:
            before = pa.table(c.list("SHOP")).to_pylist()
            with pytest.raises(drdarrow.Error, match=f"{message}.*read-only"):
                change(c)
            assert pa.table(c.list("SHOP")).to_pylist() == before
            assert [member["name"] for member in c.members("SHOP/ITEMS")] == ["ITEMS"]
            with c.open_file("SHOP/ITEMS") as file:
                assert file.fetch_arrow_table()["A"].to_pylist() == [1, 2, 3]
        assert pa.table(srv.file("SHOP/ITEMS"))["A"].to_pylist() == [1, 2, 3]
        with pytest.raises(drdarrow.InterfaceError):
            srv.file("SHOP/NEW")


def test_what_a_job_has_for_itself_it_may_change() -> None:
    with server.serve(engine="tables", persona="ibmi", files=FILES, read_only=True) as srv, srv.connect_files() as c:
        c.create_file("QTEMP/OWN", TABLE.schema)
        with c.open_file("QTEMP/OWN", mode="rw") as file:
            file.write([(1, "x")])
        with c.open_file("QTEMP/OWN") as file:
            assert file.fetch_arrow_table().num_rows == 1
        c.command("DSPFD FILE(SHOP/ITEMS) TYPE(*MBR) OUTPUT(*OUTFILE) OUTFILE(QTEMP/ABOUT)")
        c.lock("SHOP/ITEMS", "SHRRD")
        c.delete_file("QTEMP/OWN")
