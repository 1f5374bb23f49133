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


def in_page(name: str, ccsid: int, kind: pa.DataType = pa.string(), **told: object) -> pa.Field:  # noqa: B008
    metadata = {"drda:ccsid": str(ccsid)} | {f"drda:{key}": str(value) for key, value in told.items()}
    return pa.field(name, kind, metadata=metadata)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("persona", ["ibmi", "zos"])
def test_columns_in_pages_of_their_own(persona: server.Persona, engine) -> None:
    fields = [
        in_page("GERMAN", 273),
        in_page("FIXED", 500, type="CHAR", length=6),
        in_page("JAPANESE", 1399, type="VARCHAR", length=40),
        in_page("UTF8", 1208),
        in_page("WIDE", 1200),
        in_page("BITS", 65535, pa.binary()),
        pa.field("PLAIN", pa.string()),
    ]
    values = [
        ["Grüße", None],
        ["[abc] ", "      "],
        ["ア漢字€", "x"],
        ["日本𝄞", ""],
        ["日本𝄞", None],
        [b"\0\xff", b""],
        ["é", "p"],
    ]
    table = pa.table([pa.array(v, f.type) for v, f in zip(values, fields, strict=True)], schema=pa.schema(fields))
    with server.serve(tables={"T": table}, persona=persona, engine=engine) as srv, srv.connect() as connection:
        got = connection.execute("SELECT * FROM T").fetch_arrow_table()
        assert got.to_pydict() == table.to_pydict()
        pages = [int(field.metadata[b"drda:ccsid"]) for field in got.schema]
        assert pages == [273, 500, 1399, 1208, 1200, 65535, 37 if persona == "ibmi" else 1047]
        types = [field.metadata[b"drda:type"].decode() for field in got.schema]
        assert types[:3] == ["VARCHAR", "CHAR", "VARCHAR"] and types[4:6] == ["VARGRAPHIC", "VARCHAR FOR BIT DATA"]
        connection.execute("INSERT INTO T VALUES (?, ?, ?, ?, ?, ?, ?)", tuple(v[0] for v in values))
        assert len(connection.execute("SELECT * FROM T WHERE JAPANESE = ?", ("ア漢字€",)).fetchall()) == 2
        if engine == "tables":
            with pytest.raises(drdarrow.DataError) as caught:
                connection.execute("INSERT INTO T VALUES (?, ?, ?, ?, ?, ?, ?)", ("日本", *(v[0] for v in values[1:])))
            assert caught.value.sqlcode == -330
    for bad, name in [(12345, "12345"), (1200, "1200")]:
        broken = pa.table([["x"]], schema=pa.schema([in_page("C", bad, type="CHAR", length=5)]))
        with server.serve(tables={"T": broken}, persona=persona, engine=engine) as srv, srv.connect() as connection:
            with pytest.raises(drdarrow.Error, match=name) as caught:
                connection.execute("SELECT * FROM T")
            assert caught.value.sqlcode == -332


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("persona", ["ibmi", "zos"])
def test_another_page_for_all_columns(persona: server.Persona, engine) -> None:
    table = pa.table({"C": ["日本𝄞", "é"]})
    with server.serve(tables={"T": table}, persona=persona, engine=engine) as srv, srv.connect() as connection:
        with pytest.raises(drdarrow.Error) as caught:
            connection.execute("SELECT C FROM T").fetchall()
        assert caught.value.sqlcode == -330
    for ccsid, text in [(1208, "日本𝄞"), (1141, "€"), (1399, "漢字")]:
        table = pa.table({"C": [text, "a"]})
        with server.serve(tables={"T": table}, persona=persona, ccsid=ccsid, engine=engine) as srv:
            with srv.connect() as connection:
                got = connection.execute("SELECT C FROM T WHERE C = ?", (text,)).fetch_arrow_table()
                assert got.to_pydict() == {"C": [text]}
                assert got.schema.field(0).metadata[b"drda:ccsid"] == str(ccsid).encode()


@pytest.mark.parametrize(("persona", "ccsid"), [("luw", 37), ("derby", 1208), ("ibmi", 1200), ("zos", 9), ("zos", -1)])
def test_pages_that_cannot_be(persona: server.Persona, ccsid: int) -> None:
    with pytest.raises(drdarrow.InterfaceError, match="ccsid"):
        server.serve(tables={}, persona=persona, ccsid=ccsid)


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
    with pytest.warns(RuntimeWarning, match="without TLS"):
        srv = server.serve(tables={}, host="0.0.0.0", users={"a": "b"})
    with srv:
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
    assert running.line() == "[(3,)]"
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
            with pytest.raises(drdarrow.Error, match=r"reference \d+ in the server's log: RuntimeError") as failed:
                connection.execute("THE QUESTION", (0,)).fetchall()
            assert failed.value.sqlcode == -901 and "thought" not in str(failed.value)
        for settings in ({"user": "nobody"}, {"database": "OTHER"}):
            with pytest.raises(drdarrow.OperationalError) as refused:
                srv.connect(**settings)
            assert refused.value.sqlstate == "08004"


@pytest.mark.parametrize("persona", PERSONAS)
def test_who_works_here_is_told_and_told_anew(persona: server.Persona) -> None:
    told = {"application_name": "Büro §", "client_workstation": "w1", "client_user": "ann", "client_accounting": "k"}
    with server.serve(tables={"ORDERS": ORDERS}, persona=persona) as srv:

        async def ask() -> None:
            async with aio.connect(srv.uri, **told) as connection:
                if persona == "derby":
                    with pytest.raises(drdarrow.NotSupportedError):
                        await connection.set_client_info(client_user="bob")
                else:
                    await connection.set_client_info(client_user="bob", client_accounting="")

        asyncio.run(ask())
        with srv.connect(**told) as connection:
            if persona == "derby":
                with pytest.raises(drdarrow.NotSupportedError, match="no registers"):
                    connection.set_client_info(client_user="bob")
            else:
                connection.set_client_info(client_user="bob", application_name=None)
            with pytest.raises(drdarrow.InterfaceError, match="255"):
                connection.set_client_info(client_user="b" * 256)
            with pytest.raises(drdarrow.InterfaceError, match="expected text"):
                connection.set_client_info(client_user=b"bob")
            assert connection.execute("SELECT COUNT(*) FROM ORDERS").fetchall() == [(3,)]
        with pytest.raises(drdarrow.InterfaceError, match="closed"):
            connection.set_client_info(client_user="bob")


def test_the_server_says_who_it_is() -> None:
    with server.serve(tables={}, persona="ibmi") as srv, srv.connect() as connection:
        told = connection.server
        assert (told["product"], told["platform"], told["release"]) == ("Db2 for i", "IBM i", "V07R05M00")
        assert (told["job"], told["typdef"]) == ("123456/QUSER/QRWTSRVR", "QTDSQL400")
        assert told["ccsids"] == (37, 1200, 37)


@pytest.mark.parametrize("persona", ["ibmi", "luw"])
def test_text_may_stay_as_it_came(persona: server.Persona) -> None:
    names = pa.table({"NAME": ["Ä1", None]})
    page = {"ibmi": "cp037", "luw": "utf-8"}[persona]
    with server.serve(tables={"NAMES": names}, persona=persona) as srv:
        with srv.connect(text_errors="raw") as connection:
            table = connection.execute("SELECT NAME FROM NAMES").fetch_arrow_table()
            assert table.schema.field("NAME").type == pa.binary()
            assert table.column("NAME").to_pylist() == ["Ä1".encode(page), None]
        with srv.connect(text_errors="raw", force_ccsid={"NAME": 273 if persona == "ibmi" else 1208}) as connection:
            table = connection.execute("SELECT NAME FROM NAMES").fetch_arrow_table()
            expected = "Ä1".encode(page).decode("cp273" if persona == "ibmi" else page)
            assert table.column("NAME").to_pylist() == [expected, None]
        with srv.connect(force_ccsid={"NAME": 4711}) as connection:
            with pytest.raises(drdarrow.Error, match='column 1 "NAME": CCSID 4711 is not known.*force_ccsid'):
                connection.execute("SELECT NAME FROM NAMES").fetchall()
