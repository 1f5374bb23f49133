"""Parts by the statistics of a catalog and by samples; SYSCAT.COLDIST and TABLESAMPLE of the embedded server."""

from __future__ import annotations

import datetime as dt
import random
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import duckdb
import parted
import pyarrow as pa
import pytest
from test_parts_catalogs import IBMI, LUW, ZOS, Script

import drdarrow
from drdarrow import server
from drdarrow.partitions import estimates

COLUMNS = "N INTEGER NOT NULL, K INTEGER NOT NULL, D DATE, S TIMESTAMP NOT NULL, M DECIMAL(9,2) NOT NULL, V VARCHAR(9) NOT NULL"
COUNT = 6000


def made(n: int) -> tuple[Any, ...]:
    """Row by row a key whose first half is dense and whose second half is far apart."""
    key = n if n < COUNT // 2 else n * 1000
    day = dt.date(2020, 1, 1) + dt.timedelta(days=n % 100)
    moment = dt.datetime(2020, 1, 1) + dt.timedelta(seconds=n * n)
    return n, key, None if n % 10 == 0 else day, moment, Decimal(n) / 4, f"it's {n % 500:03}"


@pytest.fixture(params=["luw", "ibmi", "zos", "derby"])
def conn(request: pytest.FixtureRequest) -> Iterator[drdarrow.Connection]:
    with server.serve(duckdb.connect(), persona=request.param) as srv, srv.connect() as connection:
        yield filled(connection)


@pytest.fixture
def luw() -> Iterator[drdarrow.Connection]:
    with server.serve(duckdb.connect(), persona="luw") as srv, srv.connect() as connection:
        yield filled(connection)


def filled(connection: drdarrow.Connection) -> drdarrow.Connection:
    connection.execute(f"CREATE TABLE T ({COLUMNS}, PRIMARY KEY (N))")
    connection.cursor().executemany("INSERT INTO T VALUES (?, ?, ?, ?, ?, ?)", [made(n) for n in range(COUNT)])
    for column in "KDSMV":
        connection.execute(f"CREATE INDEX X{column} ON T ({column})")
    connection.commit()
    return connection


def sizes(connection: drdarrow.Connection, **asked: Any) -> tuple[Any, list[int]]:
    """The parts, and how many rows each had: together all rows, each once."""
    parts = connection.partitions("T", **asked)
    read = [pa.table(part.read(connection))["N"].to_pylist() for part in parts]
    assert sorted(n for rows in read for n in rows) == list(range(COUNT))
    return parts, [len(rows) for rows in read]


def told(connection: drdarrow.Connection, column: str, kind: str) -> list[tuple[Any, ...]]:
    sql = """SELECT SEQNO, COLVALUE, VALCOUNT, DISTCOUNT FROM SYSCAT.COLDIST
    WHERE TABSCHEMA = CURRENT SCHEMA AND TABNAME = 'T' AND COLNAME = ? AND TYPE = ? ORDER BY SEQNO"""
    return connection.execute(sql, (column, kind)).fetchall()


def test_the_catalog_has_quantiles_of_columns_with_an_index(luw: drdarrow.Connection) -> None:
    found = told(luw, "N", "Q")
    assert [number for number, *_ in found] == list(range(1, 21))
    assert found[0] == (1, "0", 1, 1) and found[-1] == (20, str(COUNT - 1), COUNT, COUNT)
    # Every 19th of the rows ends at one of them.
    assert [int(value) + 1 for _, value, *_ in found[1:]] == [-(-COUNT * n // 19) for n in range(1, 20)]
    assert all(int(value) + 1 == upto == different for _, value, upto, different in found)
    days = Counter(made(n)[2] for n in range(COUNT) if n % 10)
    for _, value, upto, different in told(luw, "D", "Q"):
        day = dt.date.fromisoformat(value.strip("'"))
        assert (upto, different) == (sum(n for d, n in days.items() if d <= day), sum(d <= day for d in days))
    assert told(luw, "S", "Q")[0] == (1, "'2020-01-01-00.00.00.000000'", 1, 1)
    assert told(luw, "V", "Q")[0][1] == "'it''s 000'"
    assert told(luw, "M", "F") == [] and told(luw, "N", "F") == []
    assert told(luw, "V", "F") == [(n + 1, f"'it''s {n:03}'", COUNT // 500, None) for n in range(10)]
    luw.execute("DELETE FROM T WHERE N >= 10")
    assert told(luw, "N", "Q")[-1] == (10, "9", 10, 10)


def test_there_is_nothing_about_an_empty_table_and_one_without_an_index(luw: drdarrow.Connection) -> None:
    luw.execute("CREATE TABLE E (A INTEGER NOT NULL PRIMARY KEY)")
    luw.execute("CREATE TABLE W (A INTEGER)")
    luw.execute("INSERT INTO W VALUES (1)")
    assert luw.execute("SELECT COUNT(*) FROM SYSCAT.COLDIST WHERE TABNAME IN ('E', 'W')").fetchall() == [(0,)]


@pytest.mark.parametrize("column", ["N", "K", "D", "S", "M", "V"])
def test_parts_by_statistics_are_of_equal_size(luw: drdarrow.Connection, column: str) -> None:
    parts, rows = sizes(luw, n=4, on=column, plan="statistics", verify=True)
    assert (parts.plan, len(parts)) == ("statistics", 4)
    assert max(rows) < 1.4 * COUNT / 4, rows
    assert "statistics" in str(parts.explain())


def test_the_statistics_tell_the_size_of_each_part(luw: drdarrow.Connection) -> None:
    parts, rows = sizes(luw, n=5, on="D", plan="statistics")
    assert [part.rows for part in parts] == rows


@pytest.mark.parametrize("column", ["N", "K", "D", "S", "M", "V"])
def test_parts_by_a_sample_hold_each_row_once(conn: drdarrow.Connection, column: str) -> None:
    if conn.server["product"] in (LUW, IBMI):
        parts, rows = sizes(conn, n=4, on=column, plan="sampled", verify=True)
        assert (parts.plan, len(parts)) == ("sampled", 4)
        assert max(rows) < 2 * COUNT / 4, rows
    else:
        with pytest.raises(drdarrow.NotSupportedError, match="takes no samples"):
            conn.partitions("T", n=4, on=column, plan="sampled")


def test_only_luw_is_asked_for_its_statistics(conn: drdarrow.Connection) -> None:
    if conn.server["product"] != LUW:
        with pytest.raises(drdarrow.NotSupportedError, match="tells no quantiles"):
            conn.partitions("T", n=4, on="K", plan="statistics")


def test_a_large_table_is_not_scanned_for_its_parts(conn: drdarrow.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    assert conn.partitions("T", n=4, on="K").plan == "quantiles"
    monkeypatch.setattr(estimates, "ENOUGH", 1000)
    plans = {LUW: ("statistics", "sampled"), IBMI: ("sampled", "sampled")}
    plans |= {conn.server["product"]: ("quantiles", "quantiles")} if conn.server["product"] not in plans else {}
    few, many = plans[conn.server["product"]]
    assert sizes(conn, n=4, on="K")[0].plan == few
    # Twenty quantiles are too few of them.
    assert sizes(conn, n=50, on="K")[0].plan == many
    assert sizes(conn, n=4, on=("V", "K"))[0].plan == few
    # How many rows pass a condition is not known.
    parts = conn.partitions("T", n=4, on="K", where="N < 3000")
    assert parts.plan == "quantiles"
    assert sorted(n for part in parts for n in pa.table(part.read(conn))["N"].to_pylist()) == list(range(3000))


def test_a_view_is_divided_by_what_it_has(luw: drdarrow.Connection) -> None:
    luw.execute("CREATE VIEW W AS SELECT * FROM T WHERE N < 100")
    with pytest.raises(drdarrow.NotSupportedError, match="no quantiles"):
        luw.partitions("W", n=3, on="K", plan="statistics")


QUANTILES = {
    "SYSCAT.COLDIST": [("'aa'", 1), ("'kk'", 50), ("'mm'", 60), ("'zz'", 100)],
    'SELECT DISTINCT "T" FROM': [("kk",), ("mm",)],
}


def test_bounds_of_text_are_asked_for_once_more() -> None:
    plan = Script(LUW, QUANTILES).plan(on="T", plan="statistics", n=3)
    assert [part.where for part in plan.parts] == ["(\"T\" <= 'kk' OR \"T\" IS NULL)", "\"T\" > 'kk' AND \"T\" <= 'mm'", "\"T\" > 'mm'"]
    assert [part.rows for part in plan.parts] == [50, 10, 40]


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([], "no quantiles"),
        ([("1", 1), (None, 2)], "cannot be read"),
        ([("1", 1), ("x", 2)], "cannot be read"),
        ([("2", 1), ("1", 2)], "do not ascend"),
        ([("1", 3), ("2", 2)], "do not ascend"),
    ],
)
def test_statistics_that_are_no_quantiles_divide_nothing(rows: list[tuple[Any, ...]], reason: str) -> None:
    with pytest.raises(drdarrow.NotSupportedError, match=reason):
        Script(LUW, {"SYSCAT.COLDIST": rows}).plan(on="K", plan="statistics")


def test_who_may_not_see_the_statistics_divides_by_a_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(estimates, "ENOUGH", 1000)
    script = Script(LUW, {"SYSCAT.TABLES": [(50_000_000,)], "ROW_NUMBER": [(10,), (20,), (30,)]})
    plan = script.plan(on="K")
    assert (plan.plan, len(plan.parts)) == ("sampled", 4)
    assert any('FROM "S"."T" AS "T" TABLESAMPLE SYSTEM (0.02) REPEATABLE (1) WHERE' in sql for sql in script.asked)
    assert Script(ZOS, {"SYSIBM.SYSTABLES": [(5e7,)], "ROW_NUMBER": [(10,), (20,), (30,)]}).plan(on="K").plan == "quantiles"


def test_a_share_of_the_rows_is_in_percent(luw: drdarrow.Connection) -> None:
    def rows(clause: str, table: str = "T") -> list[int]:
        return [n for (n,) in luw.execute(f"SELECT N FROM {table} {clause}").fetchall()]

    assert len(rows("TABLESAMPLE BERNOULLI (100)")) == len(rows("AS X TABLESAMPLE SYSTEM(100)")) == COUNT
    assert 300 < len(rows("TABLESAMPLE BERNOULLI (10) WHERE N >= 0")) < 900
    assert 0 <= len(rows("TABLESAMPLE SYSTEM (5E1)")) <= COUNT
    some = rows("AS X TABLESAMPLE BERNOULLI (2.5) REPEATABLE (7) ORDER BY N")
    assert 50 < len(some) < 300
    assert some == rows("tablesample bernoulli(2.5) repeatable(7) ORDER BY N")
    assert some != rows("TABLESAMPLE BERNOULLI (2.5) REPEATABLE (8) ORDER BY N")
    joined = luw.execute(
        "SELECT COUNT(*) FROM T AS X TABLESAMPLE BERNOULLI (50) REPEATABLE (1) JOIN T AS Y TABLESAMPLE BERNOULLI (50) "
        "REPEATABLE (2) ON X.N = Y.N"
    ).fetchall()
    assert 0.15 * COUNT < joined[0][0] < 0.35 * COUNT


@pytest.mark.parametrize(
    ("clause", "state"),
    [
        ("TABLESAMPLE BERNOULLI (0)", "42815"),
        ("TABLESAMPLE SYSTEM (100.01)", "42815"),
        ("TABLESAMPLE BERNOULLI (-1)", "42997"),
        ("TABLESAMPLE BERNOULLI (1 + 1)", "42997"),
        ("TABLESAMPLE BERNOULLI (?)", "42997"),
        ("TABLESAMPLE BERNOULLI (1) REPEATABLE (N)", "42997"),
        ("TABLESAMPLE RESERVOIR (10)", "42601"),
        ("TABLESAMPLE 10", "42601"),
        ("TABLESAMPLE (10 ROWS)", "42601"),
        ("TABLESAMPLE BERNOULLI (10 ROWS)", "42997"),
        ("TABLESAMPLE BERNOULLI (10", "42601"),
    ],
)
def test_a_share_that_is_none_is_refused(luw: drdarrow.Connection, clause: str, state: str) -> None:
    with pytest.raises(drdarrow.Error) as caught:
        luw.execute(f"SELECT N FROM T {clause}", [1] * clause.count("?"))
    assert caught.value.sqlstate == state


def test_other_products_have_no_samples(conn: drdarrow.Connection) -> None:
    if conn.server["product"] == LUW:
        return
    with pytest.raises(drdarrow.Error) as caught:
        conn.execute("SELECT N FROM T TABLESAMPLE BERNOULLI (10)")
    assert caught.value.sqlstate in ("42601", "42X01")


def test_a_name_is_a_name(luw: drdarrow.Connection) -> None:
    luw.execute('CREATE TABLE S ("TABLESAMPLE" INTEGER)')
    luw.execute('INSERT INTO S ("TABLESAMPLE") VALUES (4)')
    assert luw.execute('SELECT "TABLESAMPLE", \'T TABLESAMPLE 4\' FROM S').fetchall() == [(4, "T TABLESAMPLE 4")]


@pytest.mark.timeout(180)
def test_random_tables_are_divided_by_statistics_and_samples(luw: drdarrow.Connection) -> None:
    for seed, size in enumerate((1, 120)):
        chance = random.Random(seed)
        table = f"P{seed}"
        parted.fill(luw, table, parted.rows(chance, size))
        for column in "UGMDSCV":
            if column != "U":
                luw.execute(f"CREATE INDEX {table}{column} ON {table} ({column})")
        luw.commit()
        whole = luw.query(f"SELECT * FROM {table}").to_arrow().sort_by("N")
        for way in parted.WAYS:
            if "on" not in way or way.get("plan") or not isinstance(way["on"], str):
                continue
            for plan in ("statistics", "sampled"):
                count = chance.choice([2, 3, chance.randint(4, 64)])
                try:
                    parts = luw.partitions(table, n=count, plan=plan, on=way["on"])
                except drdarrow.NotSupportedError:
                    continue
                assert parted.union(parts, luw).cast(whole.schema).equals(whole), (way, count, plan)
