"""Servers in this process: what every persona and both engines have in common."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pyarrow as pa
import pytest
from conftest import Script

import drdarrow
from drdarrow import aio, server

PERSONAS = ["luw", "ibmi", "zos", "derby"]
ENGINES = ["duckdb", "tables"]
ORDERS = pa.table({"ID": pa.array([1, 2, 3], pa.int32()), "NAME": pa.array(["a", None, "c"])})


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("persona", PERSONAS)
def test_the_table_that_went_in_comes_out(persona: server.Persona, engine) -> None:
    with server.serve(tables={"ORDERS": ORDERS}, persona=persona, engine=engine) as srv:
        with srv.connect() as connection:
            assert connection.execute("SELECT * FROM ORDERS").fetch_arrow_table().to_pydict() == ORDERS.to_pydict()
            assert connection.execute("SELECT NAME FROM ORDERS WHERE ID = ?", (3,)).fetchall() == [("c",)]

        async def ask() -> pa.Table:
            async with aio.connect(srv.uri) as connection:
                return await (await connection.execute("SELECT * FROM ORDERS")).fetch_arrow_table()

        assert asyncio.run(ask()).to_pydict() == ORDERS.to_pydict()
    assert srv.closed


def test_users_have_to_prove_themselves() -> None:
    with server.serve(tables={"ORDERS": ORDERS}, users={"app": "geheim"}) as srv:
        assert "geheim" not in srv.uri + repr(srv) + srv._repr_html_()
        with srv.connect(password="geheim") as connection:
            assert connection.execute("SELECT COUNT(*) FROM ORDERS").fetchall() == [(3,)]
        with pytest.raises(drdarrow.OperationalError) as caught:
            srv.connect(password="falsch")
        assert caught.value.phase == "security"


def test_only_this_machine_without_users() -> None:
    for host in ("0.0.0.0", "::"):
        with pytest.raises(drdarrow.InterfaceError, match="other machines"):
            server.serve(tables={}, host=host)
    with server.serve(tables={}, host="0.0.0.0", allow_anyone=True) as srv:
        srv.connect().close()
    with server.serve(tables={}, host="0.0.0.0", users={"a": "b"}) as srv:
        srv.connect(password="b").close()


def test_only_the_databases_that_there_are() -> None:
    with server.serve(tables={}, database=["shop", "OTHER"]) as srv:
        srv.connect().close()
        srv_uri = srv.uri.rpartition("/")[0]
        drdarrow.connect(f"{srv_uri}/other").close()
        with pytest.raises(drdarrow.OperationalError) as caught:
            drdarrow.connect(f"{srv_uri}/nowhere")
        assert caught.value.sqlstate == "08004"


def test_close_is_idempotent_and_frees_the_port() -> None:
    srv = server.serve(tables={})
    port = srv.port
    assert not srv.closed
    srv.close()
    srv.close()
    assert srv.closed
    with server.serve(tables={}, port=port) as again:
        assert again.port == port
        with pytest.raises(drdarrow.OperationalError, match="cannot listen"):
            server.serve(tables={}, port=port)


@pytest.mark.parametrize("missing", ["duckdb", "sqlglot"])
def test_what_is_missing_is_named(missing: str, script: Callable[..., Script]) -> None:
    """And tables can be served all the same, when it is DuckDB."""
    running = script(
        """
        import sys
        sys.modules[sys.argv[1]] = None
        import pyarrow as pa
        import drdarrow
        from drdarrow import server

        table = {"T": pa.table({"A": [1]})}
        try:
            server.serve(tables=table, engine="duckdb")
        except drdarrow.InterfaceError as e:
            print(e)
        with server.serve(tables=table, engine="tables") as srv, srv.connect() as connection:
            print(connection.execute("SELECT * FROM T").fetchall())
        """,
        missing,
    )
    assert running.line() == f'{missing} is not installed: pip install "drdarrow[server]"'
    assert running.line() == "[(1,)]"


def test_no_pyarrow_is_needed(script: Callable[..., Script]) -> None:
    pytest.importorskip("duckdb")
    running = script(
        """
        import sys
        sys.modules["pyarrow"] = None
        import polars
        from drdarrow import server

        with server.serve(tables={"T": polars.DataFrame({"A": [1, 2]})}) as srv, srv.connect() as connection:
            print(connection.execute("SELECT SUM(A) FROM T WHERE A < ?", (5,)).fetchall())
            print(connection.execute("SELECT * FROM T").fetch_polars().to_dict(as_series=False))
        """
    )
    assert running.line() == "[(Decimal('3'),)]"
    assert running.line() == "{'A': [1, 2]}"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"persona": "oracle"}, "no persona"),
        ({"host": "no such host"}, "no address"),
        ({"host": "203.0.113.1", "allow_anyone": True}, "cannot listen"),
        ({"port": 70_000}, "0 to 65535"),
        ({"workers": 0}, "at least 1"),
        ({"engine": "sqlite"}, "none of"),
        ({"tables": {"T": [1]}}, "__arrow_c_stream__"),
        ({"tables": {"T": ORDERS}, "source": 5}, "no DuckDB connection"),
        ({"users": {"a": None}}, "both str"),
    ],
)
def test_what_cannot_be_meant(settings: dict, words: str) -> None:
    with pytest.raises(drdarrow.Error, match=words):
        server.serve(**settings)


class Answer:
    """An engine that knows one query."""

    shared = False

    def session(self, user: str, database: str) -> Answer:
        if user == "nobody":
            raise PermissionError
        if database != "SAMPLE":
            raise LookupError
        return self

    def prepare(self, sql: str) -> server.Prepared:
        if sql != "THE QUESTION":
            raise server.SqlError(-104, "42601", sql, "", "THE QUESTION")
        return 1, [("ANSWER", "Int32", {"drda:label": "All"})], [("1", "Int32", {})]

    def query(self, statement: int, parameters: list) -> Answer:
        if parameters == [(0,)] or parameters == (0,):
            raise RuntimeError("out of thought")
        return self

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return pa.table({"ANSWER": pa.array([42], pa.int32())}).__arrow_c_stream__(requested_schema)

    def forget(self, statement: int) -> None: ...
    def commit(self) -> None: ...
    def rollback(self) -> None: ...
    def interrupt(self) -> None: ...
    def close(self) -> None: ...


def test_an_engine_of_ones_own() -> None:
    with server.serve(Answer()) as srv:
        with srv.connect() as connection:
            assert connection.execute("THE QUESTION", (7,)).fetchall() == [(42,)]
            with pytest.raises(drdarrow.ProgrammingError) as wrong:
                connection.execute("ANOTHER")
            assert wrong.value.sqlcode == -104
            with pytest.raises(drdarrow.Error, match="out of thought") as failed:
                connection.execute("THE QUESTION", (0,)).fetchall()
            assert failed.value.sqlcode == -901
        for settings in ({"user": "nobody"}, {"database": "OTHER"}):
            with pytest.raises(drdarrow.OperationalError) as refused:
                srv.connect(**settings)
            assert refused.value.sqlstate == "08004"
