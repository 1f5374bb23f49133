"""Statistics of tables and columns, as the catalogs of the products have them: catalogs of the tests' own, whose tables
stand where those of the server would."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import duckdb
import pytest

import drdarrow
from adbc_driver_drda import dbapi
from drdarrow import aio, server
from drdarrow.server.duckdb import DuckEngine
from drdarrow.types import StatisticInfo

NONE = {"rows": None, "distinct": None, "nulls": None, "average_bytes": None}
#: By product: the tables, and the rows that they stand for.
CATALOGS: dict[str, tuple[list[str], list[dict[str, Any]]]] = {
    "luw": (
        [
            "CREATE TABLE SYSCAT.TABLES (TABSCHEMA VARCHAR, TABNAME VARCHAR, TYPE VARCHAR, COLCOUNT SMALLINT, "
            "REMARKS VARCHAR, BASE_TABSCHEMA VARCHAR, BASE_TABNAME VARCHAR, CARD BIGINT)",
            "INSERT INTO SYSCAT.TABLES VALUES ('SHOP', 'ORDERS', 'T', 3, NULL, NULL, NULL, 12000), "
            "('SHOP', 'NEW', 'T', 1, NULL, NULL, NULL, -1)",
            "CREATE TABLE SYSCAT.COLUMNS (TABSCHEMA VARCHAR, TABNAME VARCHAR, COLNAME VARCHAR, COLCARD BIGINT, "
            "NUMNULLS BIGINT, AVGCOLLEN INTEGER)",
            "INSERT INTO SYSCAT.COLUMNS VALUES ('SHOP', 'ORDERS', 'ID', 12000, 0, 4), "
            "('SHOP', 'ORDERS', 'NAME', 9000, 17, 21), ('SHOP', 'ORDERS', 'NEVER', -1, -1, -1), "
            "('SHOP', 'NEW', 'A', -1, -1, -1)",
        ],
        [
            {**NONE, "column": None, "rows": 12000, "exact": False},
            {**NONE, "column": "ID", "distinct": 12000, "nulls": 0, "average_bytes": 4, "exact": False},
            {**NONE, "column": "NAME", "distinct": 9000, "nulls": 17, "average_bytes": 21, "exact": False},
        ],
    ),
    "zos": (
        [
            "CREATE TABLE SYSIBM.SYSTABLES (CREATOR VARCHAR, NAME VARCHAR, TYPE VARCHAR, COLCOUNT SMALLINT, "
            "REMARKS VARCHAR, LABEL VARCHAR, TBCREATOR VARCHAR, TBNAME VARCHAR, CARDF DOUBLE)",
            "INSERT INTO SYSIBM.SYSTABLES VALUES ('SHOP', 'ORDERS', 'T', 3, '', '', '', '', 12000.4), "
            "('SHOP', 'NEW', 'T', 1, '', '', '', '', -1)",
            "CREATE TABLE SYSIBM.SYSCOLUMNS (TBCREATOR VARCHAR, TBNAME VARCHAR, NAME VARCHAR, COLCARDF DOUBLE)",
            "INSERT INTO SYSIBM.SYSCOLUMNS VALUES ('SHOP', 'ORDERS', 'ID', 12000), ('SHOP', 'ORDERS', 'NAME', 8999.6), "
            "('SHOP', 'ORDERS', 'NEVER', -1), ('SHOP', 'NEW', 'A', -1)",
        ],
        [
            {**NONE, "column": None, "rows": 12000, "exact": False},
            {**NONE, "column": "ID", "distinct": 12000, "exact": False},
            {**NONE, "column": "NAME", "distinct": 9000, "exact": False},
        ],
    ),
    "ibmi": (
        [
            "CREATE TABLE QSYS2.SYSTABLES (TABLE_SCHEMA VARCHAR, TABLE_NAME VARCHAR, TABLE_TYPE VARCHAR, "
            "COLUMN_COUNT INTEGER, LONG_COMMENT VARCHAR, TABLE_TEXT VARCHAR, BASE_TABLE_SCHEMA VARCHAR, "
            "BASE_TABLE_NAME VARCHAR, SYSTEM_TABLE_SCHEMA VARCHAR, SYSTEM_TABLE_NAME VARCHAR, SYSTEM_TABLE VARCHAR)",
            "INSERT INTO QSYS2.SYSTABLES SELECT 'SHOP', name, 'T', 3, NULL, NULL, NULL, NULL, 'SHOP', name, 'N' "
            "FROM (VALUES ('ORDERS'), ('NEW'), ('PARTS')) AS n(name)",
            "CREATE TABLE QSYS2.SYSTABLESTAT (TABLE_SCHEMA VARCHAR, TABLE_NAME VARCHAR, NUMBER_ROWS BIGINT, "
            "NUMBER_PARTITIONS INTEGER)",
            "INSERT INTO QSYS2.SYSTABLESTAT VALUES ('SHOP', 'ORDERS', 12000, 1), ('SHOP', 'PARTS', 5, 2)",
            "CREATE TABLE QSYS2.SYSCOLUMNSTAT (TABLE_SCHEMA VARCHAR, TABLE_NAME VARCHAR, COLUMN_NAME VARCHAR, "
            "NUMBER_DISTINCT_VALUES BIGINT)",
            "INSERT INTO QSYS2.SYSCOLUMNSTAT VALUES ('SHOP', 'ORDERS', 'ID', 12000), ('SHOP', 'ORDERS', 'NAME', 9000), "
            "('SHOP', 'ORDERS', 'NEVER', -1), ('SHOP', 'PARTS', 'ID', 3), ('SHOP', 'PARTS', 'ID', 2)",
        ],
        [
            {**NONE, "column": None, "rows": 12000, "exact": True},
            {**NONE, "column": "ID", "distinct": 12000, "exact": False},
            {**NONE, "column": "NAME", "distinct": 9000, "exact": False},
        ],
    ),
}


class Catalog(DuckEngine):
    """Sessions that read the tables of a catalog as they read others."""

    def session(self, user: str, database: str, /) -> Any:
        made = super().session(user, database)
        made.appear_as = lambda _views: None  # type: ignore[method-assign]
        return made


@pytest.fixture(params=CATALOGS)
def served(request: pytest.FixtureRequest) -> Iterator[tuple[server.Server, list[dict[str, Any]]]]:
    tables, rows = CATALOGS[request.param]
    source = duckdb.connect()
    for schema in ("SYSCAT", "SYSIBM", "QSYS2"):
        source.execute(f"CREATE SCHEMA {schema}")
    source.execute("CREATE TABLE SYSIBM.SYSDUMMY1 AS SELECT 'Y' AS IBMREQD")
    for sql in tables:
        source.execute(sql)
    with server.serve(Catalog(source, {}), persona=request.param) as srv:
        yield srv, rows


def test_numbers_of_a_table_and_of_its_columns(served: tuple[server.Server, list[dict[str, Any]]]) -> None:
    srv, rows = served
    with srv.connect(autocommit=True) as connection:
        told = connection.statistics(("SHOP", "ORDERS"))
        assert list(told) == [StatisticInfo(schema="SHOP", table="ORDERS", **row) for row in rows]
        assert told.to_polars().height == len(rows)
        # Nobody counted it.
        assert len(connection.statistics(("SHOP", "NEW"))) == 0
        with pytest.raises(drdarrow.ProgrammingError, match="there is no table"):
            connection.statistics(("SHOP", "NOTHING"))
    asyncio.run(_awaited(srv, len(rows)))


async def _awaited(srv: server.Server, rows: int) -> None:
    async with await aio.connect(srv.uri) as connection:
        assert len(await connection.statistics(("SHOP", "ORDERS"))) == rows


def test_values_of_several_members_are_not_added(served: tuple[server.Server, list[dict[str, Any]]]) -> None:
    srv, _ = served
    if srv.persona != "ibmi":
        return
    with srv.connect(autocommit=True) as connection:
        (row,) = connection.statistics(("SHOP", "PARTS"))
        assert (row.column, row.rows, row.exact) == (None, 5, True)


def test_adbc_tells_the_same(served: tuple[server.Server, list[dict[str, Any]]]) -> None:
    srv, rows = served
    keys = {"rows": 6, "distinct": 1, "nulls": 5, "average_bytes": 0}
    expected = {
        (row["column"], key): (row[name], not row["exact"])
        for row in rows
        for name, key in keys.items()
        if row[name] is not None
    }
    with dbapi.connect(srv.uri, autocommit=True) as connection:
        filters = {"db_schema_filter": "SHOP", "table_name_filter": "ORDERS"}
        for approximate in (True, False):
            read = connection.adbc_get_statistics(approximate=approximate, **filters).read_all().to_pylist()
            found = [s for each in read for schema in each["catalog_db_schemas"] for s in schema["db_schema_statistics"]]
            told = {
                (s["column_name"], s["statistic_key"]): (s["statistic_value"], s["statistic_is_approximate"])
                for s in found
            }
            assert told == {key: value for key, value in expected.items() if approximate or not value[1]}
