"""Servers in this process: what every persona and both engines have in common."""

from __future__ import annotations

import asyncio

import pyarrow as pa
import pytest

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
