"""Arrays, batches and large objects that foreign clients put into tables, compared with the tables afterwards: each
client, each persona, both engines, each way of putting rows in."""

from __future__ import annotations

from typing import Any

import duckdb
import input_rows
import pyarrow as pa
import pytest
from apart import PeerFailed, apart
from jdbc_programs import run
from serving import dsn

from drdarrow import server

pytestmark = pytest.mark.timeout(300)

PERSONAS: list[server.Persona] = ["luw", "zos", "ibmi", "derby"]
ENGINES = ["duckdb", "tables"]
ALL = input_rows.MANY + input_rows.LARGE

#: The ways that each client has, and the personas that it comes to.
PEERS: dict[str, tuple[list[str], list[server.Persona]]] = {
    "CLI": (ALL, ["luw"]),
    # It has no rows one by one and no streams.
    "adbc": (["BATCH", "LARGE", "LARGE_BATCH"], ["luw"]),
    "JCC 12": (ALL, ["luw"]),
    "JCC 11": (ALL, ["luw"]),
    "Derby": (ALL, ["derby"]),
}
#: The words of a client where it does not come: IBM's drivers want a licence for z/OS and IBM i, Derby's client wants
#: Derby, and Derby refuses all others; adbc-driver-db2 takes z/OS and Derby for LUW,
#: and binds no package on IBM i.
AWAY = {
    ("CLI", "zos"): "SQL1598N",
    ("CLI", "ibmi"): "SQL1598N",
    ("CLI", "derby"): "SQL30082N",
    ("adbc", "zos"): "SYNTAXRM",
    ("adbc", "ibmi"): "SQLERRRM",
    ("adbc", "derby"): "SYNTAXRM",
    ("JCC 12", "zos"): "-4230",
    ("JCC 12", "ibmi"): "-4230",
    ("JCC 12", "derby"): "0x1909",
    ("JCC 11", "zos"): "-4230",
    ("JCC 11", "ibmi"): "-4230",
    ("JCC 11", "derby"): "0x1909",
    ("Derby", "luw"): "0x1913",
    ("Derby", "zos"): "0x1913",
    ("Derby", "ibmi"): "0x1913",
}
CELLS = [(peer, persona, engine) for peer, (_, personas) in PEERS.items() for persona in personas for engine in ENGINES]
#: Client, persona, engine and way of those that were compared and were right.
ran: set[tuple[str, str, str, str]] = set()


def tables() -> dict[str, pa.Table]:
    """An empty table for each way."""
    large = {"drda:length": "1000000"}
    fields = {
        "many": [
            pa.field("ID", pa.int32()),
            pa.field("V", pa.string(), metadata={"drda:type": "VARCHAR", "drda:length": "40"}),
            pa.field("D", pa.decimal128(9, 2)),
        ],
        "large": [
            pa.field("ID", pa.int32()),
            pa.field("C", pa.large_string(), metadata=large | {"drda:type": "CLOB"}),
            pa.field("B", pa.large_binary(), metadata=large | {"drda:type": "BLOB"}),
        ],
    }
    kinds = dict.fromkeys(input_rows.MANY, "many") | dict.fromkeys(input_rows.LARGE, "large")
    return {way: pa.schema(fields[kind]).empty_table() for way, kind in kinds.items()}


def put(peer: str, port: int) -> dict[str, str]:
    """Has a client put in the rows: how each way went wrong."""
    if peer == "CLI":
        return apart("input_rows.cli", dsn(port, extra="CONNECTTIMEOUT=20;"), seconds=120)
    if peer == "adbc":
        return apart("input_rows.adbc", port, seconds=120)
    driver = {"JCC 12": "jcc-12", "JCC 11": "jcc-11", "Derby": "derby-10.17"}[peer]
    product = "derby" if peer == "Derby" else "db2"
    url = f"jdbc:{product}://127.0.0.1:{port}/SAMPLE"
    printed = run("Input", driver, url, "user", "secret", options=("-Xmx512m",), seconds=120)
    return dict(line[4:].split("\t", 1) for line in printed if line.startswith("way "))


def cells(peer: str, persona: server.Persona, engine: str) -> dict[str, str]:
    """The fault of each way that the client has; "" for nothing."""
    common: dict[str, Any] = {"tables": tables(), "persona": persona, "users": {"user": "secret"}, "database": "SAMPLE"}
    source = duckdb.connect() if engine == "duckdb" else None
    with server.serve(source, **common) if source else server.serve(engine="tables", **common) as running:
        told = put(peer, running.port)
        for way in [way for way, wrong in told.items() if not wrong]:
            query = f"SELECT * FROM {way}"
            if source:
                got = source.execute(query).fetchall()
            else:
                with running.connect(password="secret") as connection:
                    got = connection.execute(query).fetchall()
            if sorted(got, key=lambda row: row[0]) != input_rows.expected(way):
                told[way] = f"the table has other rows, {len(got)} of {len(input_rows.expected(way))}"
    return told


@pytest.mark.parametrize("peer,persona,engine", CELLS)
def test_the_table_has_the_rows_that_were_put_in(peer: str, persona: server.Persona, engine: str):
    told = cells(peer, persona, engine)
    assert told == dict.fromkeys(PEERS[peer][0], "")
    ran.update((peer, persona, engine, way) for way in told)


@pytest.mark.parametrize("peer,persona", AWAY)
def test_a_client_does_not_come_to_a_persona(peer: str, persona: server.Persona):
    try:
        told = list(cells(peer, persona, "tables").values())
    except PeerFailed as failed:
        told = [str(failed)]
    assert told and all(AWAY[peer, persona] in wrong for wrong in told), told


def test_no_cell_is_left_out():
    assert {(peer, persona) for peer in PEERS for persona in PERSONAS} == {cell[:2] for cell in CELLS} | set(AWAY)
    for cell in CELLS:
        if not any(done[:3] == cell for done in ran):
            test_the_table_has_the_rows_that_were_put_in(*cell)
    assert len(ran) == 46
