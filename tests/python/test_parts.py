"""Tables and queries in parts: what a part carries, what is refused, and that a table can be held still."""

from __future__ import annotations

import asyncio
import datetime as dt
import pickle
from collections.abc import Callable, Iterator
from decimal import Decimal

import pyarrow as pa
import pytest
from conftest import Lab

import drdarrow
from drdarrow import aio, server
from drdarrow.engines import Scan
from drdarrow.partitions import Part, Partitions

ORDERS = pa.table({"ID": pa.array(range(100), pa.int32()), "AREA": ["north", "south"] * 50})


@pytest.fixture(scope="module")
def srv() -> Iterator[server.Server]:
    with server.serve(persona="luw", tables={"ORDERS": ORDERS, "LINES": ORDERS}) as running:
        yield running


@pytest.fixture
def connection(srv: server.Server) -> Iterator[drdarrow.Connection]:
    with srv.connect() as connected:
        yield connected


def ids(parts: Partitions, source: drdarrow.Connection | str) -> list[int]:
    return sorted(pa.concat_tables([part.read(source) for part in parts])["ID"].to_pylist())


def test_a_part_is_read_where_it_was_unpickled_and_knows_no_host(srv: server.Server, connection: drdarrow.Connection) -> None:
    parts = connection.partitions("ORDERS", n=3, on="ID")
    carried = [pickle.dumps(part) for part in parts]
    assert all(str(srv.port).encode() not in data and b"127.0.0.1" not in data for data in carried)
    read = [pickle.loads(data).read(srv.uri) for data in carried]
    assert sorted(row for table in read for row in table["ID"].to_pylist()) == list(range(100))
    assert [table.num_rows for table in read] == [34, 33, 33]


def test_values_keep_their_types_on_the_way() -> None:
    values = (
        1, True, 2.5, float("inf"), Decimal("1.20"), "a'\ud800", b"\x00\xff", dt.date(2026, 1, 2), dt.time(1, 2, 3),
        dt.datetime(2026, 1, 2, 3, 4, 5, 6), None,
    )  # fmt: skip
    part = Part("VALUES 1", values, 0, 1, "D", (("A", "Int32"),), "all rows")
    back = pickle.loads(pickle.dumps(part))
    assert back == part and [type(value) for value in back.parameters] == [type(value) for value in values]
    assert Part.from_bytes(part.to_bytes()).to_bytes() == part.to_bytes()


def test_damaged_bytes_are_an_error_and_nothing_else() -> None:
    whole = Part("VALUES 1", (1,), 0, 1, "D", (("A", "Int32"),), "all rows").to_bytes()
    for at in range(len(whole)):
        for damaged in (whole[:at], whole[:at] + b"\xff" + whole[at + 1 :], whole[:at] + b"[" + whole[at:]):
            try:
                Part.from_bytes(damaged)
            except drdarrow.InterfaceError:
                pass
    for nothing in (b"", b"drdarrow-part-2\n{}", b"drdarrow-part-1\n" + b"[" * 100_000, b"drdarrow-part-1\n[]"):
        with pytest.raises(drdarrow.InterfaceError):
            Part.from_bytes(nothing)
    with pytest.raises(drdarrow.InterfaceError, match="damaged"):
        Part.from_bytes(whole.replace(b'"number":0', b'"number":Infinity'))


def test_a_part_of_another_database_is_not_read(connection: drdarrow.Connection, conn: drdarrow.Connection) -> None:
    (part,) = connection.partitions("ORDERS", n=1)
    with pytest.raises(drdarrow.InterfaceError, match="'SAMPLE', and the connection to 'LAB'"):
        part.open(conn)


def test_a_part_of_another_product_is_not_read(connection: drdarrow.Connection) -> None:
    (part,) = connection.partitions("ORDERS", n=1)
    with server.serve(persona="zos", database="SAMPLE", tables={"ORDERS": ORDERS}) as other:
        with pytest.raises(drdarrow.InterfaceError, match="Db2 for Linux, UNIX and Windows, and the connection to Db2 for z/OS"):
            part.open(other.uri)


def test_a_quote_in_a_name_does_not_end_it() -> None:
    with server.serve(persona="luw") as running, running.connect() as connection:
        for name, values in (('"a"', "(1), (2)"), ('"a""b"', "(10), (20), (30)")):
            connection.execute(f"CREATE TABLE {name} (ID INTEGER NOT NULL)").close()
            connection.execute(f"INSERT INTO {name} VALUES {values}").close()
        assert ids(connection.partitions('SELECT * FROM "a""b"', n=2, on="ID"), connection) == [10, 20, 30]


def test_a_condition_whose_rows_would_be_others_is_refused(connection: drdarrow.Connection) -> None:
    with pytest.raises(drdarrow.NotSupportedError, match="where: .*ROWNUM counts rows of the whole"):
        connection.partitions("ORDERS", n=2, on="ID", where="ROWNUM <= 5")
    whole = connection.partitions("ORDERS", n=2, on="ID", where="\"ID\" > 89 -- ROWNUM", verify=True)
    assert len(whole) == 2 and ids(whole, connection) == list(range(90, 100))


def test_a_moment_is_not_that_of_one_table_alone(connection: drdarrow.Connection) -> None:
    query = "SELECT ID FROM ORDERS WHERE ID > (SELECT MIN(ID) FROM LINES)"
    with pytest.raises(drdarrow.NotSupportedError, match="a query of its own"):
        connection.partitions(query, n=2, snapshot=dt.datetime(2026, 1, 1))
    with pytest.raises(drdarrow.NotSupportedError, match="a query of its own"):
        connection.partitions("ORDERS", n=2, where="ID IN (SELECT ID FROM LINES)", snapshot="as_of")


def test_a_table_that_has_changed_is_not_read_on(table: Callable[[str], str], conn: drdarrow.Connection) -> None:
    name = table("ID INTEGER, V VARCHAR(5)")
    parts = conn.partitions(name, n=2, on="ID")
    conn.execute(f"ALTER TABLE {name} ADD COLUMN W INTEGER")
    conn.commit()
    with pytest.raises(drdarrow.DataError, match='"V" Utf8 and are .*"W" Int32: the table has changed'):
        parts[0].open(conn)


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("SELECT * FROM ORDERS ORDER BY ID", "its order would be lost"),
        ("SELECT * FROM ORDERS FETCH FIRST 5 ROWS ONLY", "FETCH FIRST takes rows of the whole"),
        ("SELECT * FROM (SELECT * FROM ORDERS FETCH FIRST 5 ROWS ONLY) AS X", "FETCH FIRST"),
        ("SELECT * FROM ORDERS WITH UR", "isolation is a setting"),
        ("SELECT ID, RAND() AS R FROM ORDERS", "RAND"),
        ("SELECT ID FROM ORDERS USING SAMPLE 5", "SAMPLE takes other rows"),
        ("SELECT ID FROM ORDERS WHERE ROWNUM <= 5", "ROWNUM counts rows of the whole"),
        ("SELECT ROW_NUMBER() OVER () AS R FROM ORDERS", "without an order"),
        ("SELECT ROW_NUMBER() OVER (PARTITION BY AREA) AS R FROM ORDERS", "without an order"),
        ("SELECT * FROM FINAL TABLE (INSERT INTO ORDERS VALUES (1, 'x'))", "FINAL TABLE"),
        ("SELECT ID FROM ORDERS; SELECT ID FROM LINES", "more than one statement"),
        ("SELECT AREA, COUNT(*) AS N FROM ORDERS GROUP BY AREA", "no column is named.*on="),
        ("SELECT DISTINCT ID FROM ORDERS", "no column is named.*on="),
        ("SELECT COUNT(*) AS N FROM ORDERS", "no column is named.*on="),
        ("SELECT O.ID FROM ORDERS O JOIN LINES L ON L.ID = O.ID", "no column is named.*on="),
        ("SELECT O.ID FROM ORDERS O, LINES L WHERE L.ID = O.ID", "no column is named.*on="),
    ],
)
def test_a_query_whose_rows_would_be_others_is_refused(connection: drdarrow.Connection, query: str, reason: str) -> None:
    with pytest.raises(drdarrow.NotSupportedError, match=reason):
        connection.partitions(query, n=3)


@pytest.mark.parametrize(
    ("query", "on"),
    [
        ("SELECT AREA, COUNT(*) AS N FROM ORDERS GROUP BY AREA", "AREA"),
        ("SELECT DISTINCT AREA FROM ORDERS", "AREA"),
        ("SELECT O.ID, L.AREA FROM ORDERS O JOIN LINES L ON L.ID = O.ID", "ID"),
        ("SELECT ID FROM ORDERS WHERE ID < 40 UNION ALL SELECT ID + 40 AS ID FROM LINES WHERE ID < 9", "ID"),
        ("SELECT ID AS X FROM ORDERS -- all of them", "X"),
        ("SELECT o.id FROM orders o WHERE o.id > 30 OR o.id = 3 -- some", "ID"),
        ("SELECT * FROM ORDERS WHERE ID IN (SELECT ID FROM LINES WHERE ID > 50)", "ID"),
        ("SELECT ID, ROW_NUMBER() OVER (PARTITION BY AREA ORDER BY ID) AS R FROM ORDERS", "R"),
        ("SELECT CASE AREA WHEN 'north' THEN 1 ELSE 2 END AS N, ID FROM ORDERS", "ID"),
    ],
)
def test_a_query_has_the_same_rows_in_parts(connection: drdarrow.Connection, query: str, on: str) -> None:
    whole = connection.query(query).to_arrow()
    parts = connection.partitions(query, n=4, on=on, verify=True)
    assert len(parts) > 1
    names = [(name, "ascending") for name in whole.column_names]
    read = pa.concat_tables([part.read(connection) for part in parts])
    assert read.sort_by(names).to_pylist() == whole.sort_by(names).to_pylist()


def test_a_select_of_one_table_is_divided_by_the_keys_of_the_table(table: Callable[[str], str], conn: drdarrow.Connection) -> None:
    name = table("ID INTEGER NOT NULL PRIMARY KEY, V VARCHAR(5)")
    conn.cursor().executemany(f"INSERT INTO {name} VALUES (?, ?)", [(n, str(n)) for n in range(50)])
    parts = conn.partitions(f"SELECT V AS ID FROM {name} WHERE ID >= ? AND V <> ?", [10, "20"], n=4, verify=True)
    assert parts.plan == "range" and parts.on == ("ID",) and sum(parts.counts or ()) == 39
    read = pa.concat_tables([part.read(conn) for part in parts])["ID"].to_pylist()
    assert sorted(map(int, read)) == [n for n in range(10, 50) if n != 20]


def test_columns_and_a_condition_are_asked_of_the_server(connection: drdarrow.Connection) -> None:
    parts = connection.partitions("ORDERS", n=2, on="ID", columns=["area"], where=("ID >= ? AND AREA = ?", [50, "south"]))
    assert parts.schema.names == ["AREA"]
    assert [len(part.read(connection)) for part in parts] == [13, 12]
    asked = connection.partitions("SELECT ID, AREA AS A FROM ORDERS WHERE ID > ?", [9], n=3, on="ID", columns=["A"], where=("A = ?", ["north"]))
    assert sum(len(part.read(connection)) for part in asked) == 45
    with pytest.raises(drdarrow.ProgrammingError, match="no column 'NOPE'"):
        connection.partitions("ORDERS", columns=["NOPE"])


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"n": 0}, "n: expected 1 to"),
        ({"n": True}, "n: expected 1 to"),
        ({"plan": "best"}, "plan: 'best' is not one of"),
        ({"snapshot": "now"}, "snapshot: expected"),
        ({"snapshot": dt.datetime(2026, 1, 1, tzinfo=dt.UTC)}, "without a zone"),
        ({"columns": "ID"}, "columns: expected a list"),
        ({"where": ("ID = ?", [object()])}, "cannot carry object"),
        ({"where": "ID > 5) OR (ID < 3"}, "where: .* parentheses do not match"),
        ({"on": "NOPE"}, "on: there is no column 'NOPE'"),
    ],
)
def test_wrong_options_are_told_before_anything_is_divided(connection: drdarrow.Connection, options: dict, error: str) -> None:
    with pytest.raises(drdarrow.Error, match=error):
        connection.partitions("ORDERS", **options)


@pytest.mark.parametrize(("persona", "plan"), [("luw", "rid"), ("ibmi", "rrn"), ("zos", "modulo"), ("derby", "modulo")])
def test_a_table_without_an_index_is_divided_by_places_or_remainders(persona: str, plan: str) -> None:
    with server.serve(persona=persona, tables={"ORDERS": ORDERS}) as running, running.connect() as asked:
        parts = asked.partitions("ORDERS", n=4, verify=True, where="ID >= 0 -- all")
        assert parts.plan == plan and ids(parts, asked) == list(range(100)) and parts.counts == (25, 25, 25, 25)
        assert plan == "rrn" or "keys: there is no index" in parts.explain()
        assert plan != "modulo" or "reads all rows for each part" in parts.explain()


def test_a_table_that_is_empty_is_one_part(table: Callable[[str], str], conn: drdarrow.Connection) -> None:
    name = table("ID INTEGER NOT NULL PRIMARY KEY")
    (part,) = conn.partitions(name, n=4, verify=True)
    assert part.read(conn).num_rows == 0 and part.rows == 0
    conn.execute(f"INSERT INTO {name} VALUES 7")
    assert part.read(conn)["ID"].to_pylist() == [7]


def test_rows_that_come_later_are_in_the_outer_parts(table: Callable[[str], str], conn: drdarrow.Connection) -> None:
    name = table("ID INTEGER NOT NULL PRIMARY KEY")
    conn.cursor().executemany(f"INSERT INTO {name} VALUES (?)", [(n,) for n in range(10)])
    parts = conn.partitions(name, n=3)
    conn.cursor().executemany(f"INSERT INTO {name} VALUES (?)", [(-5,), (99,)])
    assert ids(parts, conn) == [-5, *range(10), 99]


def test_a_skewed_key_is_divided_by_its_values(table: Callable[[str], str], conn: drdarrow.Connection) -> None:
    name = table("ID BIGINT NOT NULL PRIMARY KEY")
    conn.cursor().executemany(f"INSERT INTO {name} VALUES (?)", [(2**n,) for n in range(60)])
    parts = conn.partitions(name, n=4, verify=True)
    assert parts.plan == "quantiles" and parts.counts == (15, 15, 15, 15)
    assert "skew: the largest part has 1.00 times its share" in parts.explain()


def test_a_lock_keeps_others_out_until_the_unit_of_work_ends(lab: Lab, table: Callable[[str], str], conn: drdarrow.Connection) -> None:
    name = table("ID INTEGER NOT NULL PRIMARY KEY")
    conn.cursor().executemany(f"INSERT INTO {name} VALUES (?)", [(n,) for n in range(10)])
    conn.commit()
    parts = conn.partitions(name, n=2, snapshot="lock")
    with pytest.raises(drdarrow.OperationalError, match="no answer"):
        lab.connect(statement_timeout=1).execute(f"INSERT INTO {name} VALUES 77")
    with lab.connect() as reader:
        assert ids(parts, reader) == list(range(10))
    conn.commit()
    with lab.connect() as other:
        other.execute(f"INSERT INTO {name} VALUES 99")
    conn.autocommit = True
    with pytest.raises(drdarrow.InterfaceError, match="autocommit has to be off"):
        conn.partitions(name, snapshot="lock")
    with pytest.raises(drdarrow.NotSupportedError, match="keeps no earlier rows"):
        conn.partitions(name, snapshot="as_of")


def test_the_sisters_of_asyncio_read_the_same(srv: server.Server) -> None:
    async def read() -> list[int]:
        async with aio.connect(srv.uri) as connection:
            parts = await connection.partitions("ORDERS", n=3, on="ID", verify=True)
            found = []
            for number, part in enumerate(parts):
                async with await part.open_async(connection if number else srv.uri) as stream:
                    async for batch in stream:
                        found += pa.record_batch(batch)["ID"].to_pylist()
            with pytest.raises(drdarrow.NotSupportedError, match="order would be lost"):
                await connection.partitions("SELECT ID FROM ORDERS ORDER BY ID")
            return sorted(found)

    assert asyncio.run(read()) == list(range(100))


def test_a_plan_explains_itself_to_persons(connection: drdarrow.Connection) -> None:
    parts = connection.partitions("ORDERS", n=30, on="ID")
    assert isinstance(parts, Partitions) and len(parts[:2]) == 2
    text = parts.explain()
    assert "plan: quantiles, 30 parts" in text and "… 10 more" in text and "statement: SELECT * FROM" in text
    assert "<td>(&quot;ID&quot; &lt;= 3 OR" in parts._repr_html_()


def test_one_part_reads_any_query_as_it_stands(srv: server.Server, connection: drdarrow.Connection) -> None:
    (part,) = connection.partitions("SELECT ID FROM ORDERS WHERE ID < ? ORDER BY ID DESC FETCH FIRST 3 ROWS ONLY", [50], n=1)
    assert part.read(connection)["ID"].to_pylist() == [49, 48, 47]
    # Engines name all columns that they know.
    whole = Scan(srv.uri, "SELECT ID, AREA FROM ORDERS ORDER BY ID FETCH FIRST 3 ROWS ONLY")
    assert [whole.read(one).num_rows for one in whole.parts(1, ["ID", "AREA"])] == [3]


def test_columns_may_be_named_with_schema_and_table(connection: drdarrow.Connection) -> None:
    schema = connection.columns("ORDERS")[0].schema
    query = f"SELECT {schema}.ORDERS.ID FROM {schema}.ORDERS WHERE {schema}.ORDERS.ID > 89"
    assert ids(connection.partitions(query, n=2, on="ID", verify=True), connection) == list(range(90, 100))
