"""Things that a server cannot describe are SQLCODEs on a connection that goes on: too many markers, names and values that the
persona's CCSID lacks. Over DuckDB and the engine in memory, through this client, IBM's CLI driver and Derby's."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pytest
from apart import apart
from derby import Derby, DerbyError, Truth
from serving import dsn

import drdarrow
from drdarrow import server
from drdarrow.server.columns import facts, names
from drdarrow.server.markers import targets

PERSONAS = ("luw", "ibmi", "zos", "derby")
EBCDIC = {"ibmi": 37, "zos": 1047}
#: Markers that a statement has at most, by persona.
MOST = {"luw": 32_767, "ibmi": 32_767, "zos": 32_767, "derby": 65_535}
ODD = pa.table({"PRICE €": pa.array([1], pa.int32()), "ok": pa.array([2], pa.int32())})


def in_list(count: int) -> str:
    return f"SELECT COUNT(*) FROM SYSIBM.SYSDUMMY1 WHERE 1 IN ({','.join('?' * count)})"


def lives(connection: drdarrow.Connection) -> None:
    assert connection.execute("VALUES 1").fetchall() == [(1,)]


@pytest.mark.timeout(180)
@pytest.mark.parametrize("persona", PERSONAS)
def test_as_many_markers_as_can_be_described_are_answered_and_more_are_told(persona: str) -> None:
    most = MOST[persona]
    with server.serve(persona=persona) as srv, srv.connect() as c:
        if persona in ("luw", "derby"):
            assert c.execute(in_list(most), list(range(most))).fetchall() == [(1,)]
        for more in {"luw": (32_768, 65_535, 65_536, 100_000)}.get(persona, (most + 1,)):
            with pytest.raises(drdarrow.ProgrammingError, match=f"{more} parameter markers") as e:
                c.execute(in_list(more), list(range(more)))
            assert (e.value.sqlstate, e.value.connection_usable) == ("54001", True)
            assert e.value.sqlcode == (-20001 if persona == "derby" else -101)
            lives(c)


@pytest.mark.parametrize("persona", PERSONAS)
def test_as_many_markers_in_the_engine_in_memory(persona: str) -> None:
    most = MOST[persona]
    for columns in (1_013, most, most + 1) if persona in ("luw", "derby") else (1_013, most + 1):
        wide = pa.table({f"C{n}": pa.array([], pa.int32()) for n in range(columns)})
        with server.serve(tables={"T": wide}, engine="tables", persona=persona) as srv, srv.connect() as c:
            insert = f"INSERT INTO T VALUES ({','.join('?' * columns)})"
            if columns > most:
                with pytest.raises(drdarrow.ProgrammingError, match=f"{columns} parameter markers") as e:
                    c.execute(insert, list(range(columns)))
                assert e.value.connection_usable
                lives(c)
                continue
            c.execute(insert, list(range(columns)))
            if columns <= 32_767:
                assert c.execute("SELECT * FROM T").fetchall() == [tuple(range(columns))]


def test_markers_of_a_long_list_are_described_as_those_of_a_short_one() -> None:
    about = {"drda:type": "VARCHAR", "drda:length": "9"}
    other = {"drda:type": "VARCHAR", "drda:length": "3"}
    known = {"T": {"C": about, "D": other}}
    for count in (1, 99, 100, 101, 102, 500):
        sql = f"SELECT C, ? FROM T WHERE D = ? AND C IN ({', '.join('?' * count)}) AND (D IN (?, 'x') OR ? IN (1))"
        found = targets(sql, known)
        assert found == {2: other, **dict.fromkeys(range(3, count + 3), about), count + 3: other}
        assert names(sql, ["C", "$1"]) == ["C", "2"]
        assert facts(sql, ["C", "$1"], known) == [about, {}]


def test_derby_is_asked_with_more_markers_than_its_count_can_tell(derby: Derby) -> None:
    with drdarrow.connect(derby.uri("MARKERS", attributes="create=true")) as c:
        for most in (65_535, 65_536, 65_537):
            assert c.execute(in_list(most), list(range(most))).fetchall() == [(1,)]
        with pytest.raises(drdarrow.ProgrammingError, match="65537 parameters, 3 were given") as e:
            c.execute(in_list(65_537), [1, 2, 3])
        assert e.value.connection_usable
        assert c.execute("VALUES 1").fetchall() == [(1,)]


def test_other_clients_go_on_after_too_many_markers() -> None:
    with server.serve() as srv:
        text, rows = apart("ibm.refused", dsn(srv.port), in_list(32_768), tuple(range(32_768)), seconds=120)
        # The driver counts them itself, up to 32,767.
        assert "CLI0100E" in text and rows == [(1,)], text
    with (
        server.serve(persona="derby") as srv,
        Truth(f"jdbc:derby://127.0.0.1:{srv.port}/LAB;user=app") as java,
    ):
        with pytest.raises(DerbyError, match="65536 parameter markers"):
            java.select(in_list(65_536))
        assert java.select("VALUES 1")[1] == [["1"]]


@pytest.fixture(params=["duckdb", "tables"])
def engine(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(params=PERSONAS)
def odd(request: pytest.FixtureRequest, engine: str) -> Iterator[server.Server]:
    tables = {"T": ODD, "表": pa.table({"A": [1]})}
    with server.serve(tables=tables, engine=engine, persona=request.param) as srv:  # type: ignore[arg-type]
        yield srv


def refused(connection: drdarrow.Connection, sql: str, pattern: str) -> None:
    with pytest.raises(drdarrow.Error, match=pattern) as e:
        connection.execute(sql).fetchall()
    assert (e.value.sqlcode, e.value.sqlstate, e.value.connection_usable) == (-330, "22021", True)
    lives(connection)


def test_a_name_of_a_column_that_the_page_lacks_is_told(odd: server.Server, engine: str) -> None:
    page = EBCDIC.get(odd.persona)
    with odd.connect() as c:
        if page is None:
            rows = c.execute("SELECT * FROM T")
            assert rows.description and rows.description[0][0] == "PRICE €"
            assert rows.fetchall() == [(1, 2)]
        else:
            refused(c, "SELECT * FROM T", rf"column 1: U\+20AC is not in CCSID {page}")
            if engine == "duckdb":
                refused(c, 'SELECT 1 AS "列名" FROM SYSIBM.SYSDUMMY1', rf"column 1: U\+5217 is not in CCSID {page}")
        # The name may not be written either, but the table can be worked with.
        names = "ok" if engine == "tables" else '"ok"'
        assert c.execute(f"SELECT {names} FROM T").fetchall() == [(2,)]
        c.execute("INSERT INTO T VALUES (?, ?)", (3, 4))
        assert c.execute("SELECT COUNT(*) FROM T").fetchone() == (2,)


def test_a_name_that_is_not_there_is_told_in_the_page(odd: server.Server) -> None:
    with odd.connect() as c:
        for sql in ('SELECT * FROM "無い €"', 'DROP TABLE "無い €"'):
            with pytest.raises(drdarrow.Error) as e:
                c.execute(sql)
            assert e.value.connection_usable
            if e.value.sqlcode is not None:
                assert e.value.sqlstate == ("42X05" if odd.persona == "derby" else "42704")
                assert ("??" if odd.persona in EBCDIC else "無い €") in str(e.value)
            lives(c)


def test_the_catalog_with_names_that_the_page_lacks(odd: server.Server) -> None:
    with odd.connect() as c:
        if odd.persona == "derby":
            asked = "CALL SYSIBM.SQLTABLES(NULL, NULL, '%', NULL, NULL)"
        else:
            asked = "CALL SYSIBM.SQLTABLES(?, ?, ?, ?, ?)"
        try:
            c.execute(asked, [None, None, "%", None, None] if "?" in asked else None).fetchall()
        except drdarrow.Error as e:
            assert e.connection_usable, e
        lives(c)


@pytest.mark.parametrize("persona", EBCDIC)
def test_a_value_that_the_page_lacks_is_told_with_its_place(persona: str, engine: str) -> None:
    # More than one batch: the row is the one of the result.
    count = 5_000
    table = pa.table({"A": range(count), "TEXT": ["fine"] * (count - 2) + ["5 €", "never"]})
    with server.serve(tables={"T": table}, engine=engine, persona=persona) as srv, srv.connect() as c:  # type: ignore[arg-type]
        rows = c.execute("SELECT * FROM T")
        with pytest.raises(
            drdarrow.DataError, match=rf"row {count - 1}, column 2: U\+20AC is not in CCSID {EBCDIC[persona]} .TEXT."
        ) as e:
            rows.fetchall()
        assert (e.value.sqlcode, e.value.sqlstate, e.value.connection_usable) == (-330, "22021", True)
        lives(c)


def test_more_conditions_than_duckdb_compares_in_time_are_refused() -> None:
    def sql(count: int) -> str:
        return "SELECT COUNT(*) FROM T WHERE " + " OR ".join(f"A = {n}" for n in range(count))

    with server.serve(tables={"T": pa.table({"A": [1, 5000]})}, persona="luw") as srv, srv.connect() as c:
        assert c.execute(sql(2000)).fetchall() == [(1,)]
        with pytest.raises(drdarrow.Error) as e:
            c.execute(sql(16_386))
        assert (e.value.sqlcode, e.value.sqlstate, e.value.connection_usable) == (-101, "54001", True)
        lives(c)
