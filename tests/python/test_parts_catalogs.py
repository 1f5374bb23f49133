"""Plans of servers that the tests have not: their catalogs are told by a script, and the statements are looked at."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest

import drdarrow
from drdarrow.partitions.asking import Catalog, Described, Done, Fetched
from drdarrow.partitions.planner import Planned, Wish, planned

LUW, IBMI, ZOS = "Db2 for Linux, UNIX and Windows", "Db2 for i", "Db2 for z/OS"
COLUMNS = [
    ("K", "INTEGER", True), ("T", "CHAR", True), ("V", "VARCHAR", True), ("Y", "SMALLINT", False), ("R", "VARCHAR", False),
]  # fmt: skip
OPTIONS: dict[str, Any] = {"n": 4, "on": None, "columns": None, "where": None, "plan": None, "snapshot": None, "verify": False}
ABSENT = drdarrow.ProgrammingError("there is no such view", sqlcode=-204)


class Script:
    """Answers by a piece of the statement; what has none is not there."""

    def __init__(self, product: str, told: dict[str, Sequence[tuple[Any, ...]]]) -> None:
        self.product, self.told = product, {"CURRENT SCHEMA": [("S",)], **told}
        self.asked: list[str] = []

    def plan(self, source: str = "S.T", **options: Any) -> Planned:
        asking = planned(Wish.of(source, None, False, {**OPTIONS, **options}), {"product": self.product, "database": "D"})
        answer: Any = None
        error: Exception | None = None
        while True:
            try:
                ask = asking.send(answer) if error is None else asking.throw(error)
            except StopIteration as end:
                return end.value
            try:
                answer, error = self.answer(ask), None
            except drdarrow.Error as e:
                error = e

    def answer(self, ask: object) -> Any:
        match ask:
            case Catalog("columns"):
                return [SimpleNamespace(schema="S", table="T", name=name, nullable=nullable) for name, _, nullable in COLUMNS]
            case Catalog(method, (column,)):
                assert (column.schema, column.table) == ("S", "T"), f"{method} looks for the table again"
                return []
            case Described():
                return SimpleNamespace(names=["K"], types=["Int32"])
            case Done(statement):
                self.asked.append(statement.sql)
                return tuple((name, kind, None, 4, None, None, nullable) for name, kind, nullable in COLUMNS)
            case Fetched(query):
                self.asked.append(query.sql)
                for piece, rows in self.told.items():
                    if piece in query.sql:
                        return rows
                raise ABSENT
        raise AssertionError(ask)

    def where(self, **options: Any) -> list[str]:
        """The conditions of the parts."""
        return [part.where for part in self.plan(**options).parts]


def test_records_of_i_are_divided_by_their_numbers_deleted_ones_included() -> None:
    script = Script(IBMI, {"SYSPARTITIONSTAT": [("T", 60, 40)], "SYSTABLESTAT": [(60,)]})
    found = script.plan()
    assert found.plan == "rrn" and [part.rows for part in found.parts] == [15] * 4
    assert [part.where for part in found.parts] == [
        'RRN("T") <= 25', 'RRN("T") > 25 AND RRN("T") <= 50', 'RRN("T") > 50 AND RRN("T") <= 75', 'RRN("T") > 75',
    ]  # fmt: skip
    assert found.parts[0].sql == 'SELECT * FROM "S"."T" AS "T" WHERE RRN("T") <= ?'


def test_the_highest_record_is_asked_for_where_the_statistics_may_not_be_read() -> None:
    script = Script(IBMI, {"MAX(RRN": [(8,)]})
    assert script.where(n=2) == ['(RRN("T") <= 4 OR RRN("T") IS NULL)', 'RRN("T") > 4']


def test_an_alias_of_i_is_read_by_its_own_name() -> None:
    script = Script(IBMI, {"MAX(RRN": [(8,)], "SYSPARTITIONSTAT": [("OTHER", 1000, 0)], "CURRENT SCHEMA": [("ELSEWHERE",)]})
    assert script.plan("T", n=2).parts[0].sql.startswith('SELECT * FROM "T" AS "T" WHERE (RRN("T") <= ?')
    assert script.plan("S.T", n=2).parts[0].parameters == (500,)


def test_members_of_i_are_read_by_aliases_of_the_job() -> None:
    script = Script(IBMI, {"SYSTABLESTAT": [(12,)], "SYSPARTITIONSTAT": [("JAN", 5, 0), ("FEB", 7, 0)], "QSYS2.SYSTABLES ": [("LIB", "FILE")]})
    parts = script.plan(plan="members").parts
    assert [part.where for part in parts] == ["member JAN", "member FEB"] and [part.rows for part in parts] == [5, 7]
    member = parts[1].member
    assert member is not None and len({part.member.alias for part in parts if part.member}) == 2
    assert member.statement == f'CREATE ALIAS QTEMP."{member.alias}" FOR "LIB"."FILE"("FEB")'
    assert parts[1].sql == f'SELECT * FROM QTEMP."{member.alias}" AS "T"'
    assert type(parts[1]).from_bytes(parts[1].to_bytes()) == parts[1]


def test_data_partitions_of_luw_are_divided_by_the_bounds_of_the_catalog() -> None:
    rows = [(0, "N", "10", 5), (1, "Y", "20", 6), (2, "N", "MAXVALUE", 7)]
    script = Script(LUW, {"DATAPARTITIONEXPRESSION FROM": [], "DATAPARTITIONEXPRESSION,": [("K", "N")], "SYSCAT.DATAPARTITIONS": rows})
    found = script.plan()
    assert found.plan == "partitions" and [part.rows for part in found.parts] == [5, 6, 7]
    assert [part.where for part in found.parts] == ['"K" < 10', '"K" >= 10 AND "K" <= 20', '("K" > 20 OR "K" IS NULL)']
    assert script.where(n=2) == ['"K" < 10', '("K" >= 10 OR "K" IS NULL)']


def test_nulls_of_data_partitions_are_where_the_table_has_them() -> None:
    rows = [(0, "N", "'a''b'", 5), (1, "N", "MAXVALUE", 6)]
    script = Script(LUW, {"DATAPARTITIONEXPRESSION,": [('"V"', "Y")], "SYSCAT.DATAPARTITIONS": rows})
    assert script.where() == ["""("V" < 'a''b' OR "V" IS NULL)""", """"V" >= 'a''b'"""]


def test_data_partitions_with_bounds_that_are_no_plain_values_are_divided_by_number() -> None:
    rows = [(0, "N", "10, 'a'", 5), (1, "N", "20, 'b'", 6), (2, "N", "MAXVALUE", -1)]
    script = Script(LUW, {"DATAPARTITIONEXPRESSION,": [("K", "N"), ("T", "N")], "SYSCAT.DATAPARTITIONS": rows})
    name = 'DATAPARTITIONNUM("T"."K")'
    assert script.where() == [f"{name} <= 0", f"{name} > 0 AND {name} <= 1", f"{name} > 1"]


def test_database_partitions_of_luw_come_first() -> None:
    script = Script(LUW, {"DBPARTITIONGROUPDEF": [(0,), (1,), (5,)], "SYSCAT.DATAPARTITIONS": [(0, "N", "1", 1), (1, "N", "2", 1)]})
    name = 'DBPARTITIONNUM("T"."K")'
    assert script.where(n=2) == [f"{name} <= 0", f"{name} > 0"]
    assert script.where(n=9) == [f"{name} <= 0", f"{name} > 0 AND {name} <= 1", f"{name} > 1"]


def test_a_table_of_luw_without_an_index_is_divided_by_row_identifiers() -> None:
    script = Script(LUW, {"MIN(RID": [(4, 11)]})
    found = script.plan(n=2)
    assert found.plan == "rid" and [part.where for part in found.parts] == ['RID("T") <= 7', 'RID("T") > 7']


def test_partitions_of_z_are_divided_by_their_limit_keys() -> None:
    rows = [(1, "'F'", 10.0), (2, "'P'", 20.0), (3, "'Z'", 30.0)]
    script = Script(ZOS, {"SYSTABLEPART": rows, "PARTKEY_ORDERING": [("T", "A")]})
    assert script.where() == [""""T" <= 'F'""", """"T" > 'F' AND "T" <= 'P'""", """("T" > 'P' OR "T" IS NULL)"""]


def test_partitions_of_z_by_several_columns_are_divided_column_by_column() -> None:
    rows = [(1, "2024, 'A, ''B'", 10.0), (2, "2024 ,'P'", 20.0), (3, "2025,'Z'", 30.0)]
    script = Script(ZOS, {"SYSTABLEPART": rows, "PARTKEY_ORDERING": [("Y", "A"), ("R ", "A")]})
    found = script.plan()
    assert [part.where for part in found.parts] == [
        """"Y" <= 2024 AND ("Y" < 2024 OR ("Y" = 2024 AND "R" <= 'A, ''B'))""",
        """"Y" >= 2024 AND ("Y" > 2024 OR ("Y" = 2024 AND "R" > 'A, ''B')) """
        """AND "Y" <= 2024 AND ("Y" < 2024 OR ("Y" = 2024 AND "R" <= 'P'))""",
        """"Y" >= 2024 AND ("Y" > 2024 OR ("Y" = 2024 AND "R" > 'P'))""",
    ]
    assert [part.rows for part in found.parts] == [10, 20, 30] and found.on == ("Y", "R")


@pytest.mark.parametrize(
    ("key", "limit", "reason"),
    [
        ([("T", "D")], "'F'", "descends"),
        ([("Y", "A"), ("R", "D")], "1, 'F'", "descends"),
        ([], "'F'", "descends"),
        ([("T", "A"), ("K", "A")], "'F', 1", "may be NULL"),
        ([("Y", "A"), ("R", "A")], "1", "no plain values"),
        ([("Y", "A"), ("R", "A")], "1, MAXVALUE", "no plain values"),
        ([("Y", "A"), ("R", "A")], "1, 'F', 2", "no plain values"),
    ],
)
def test_partitions_of_z_whose_limits_do_not_tell_the_rows_are_divided_otherwise(
    key: list[tuple[str, str]], limit: str, reason: str
) -> None:
    script = Script(ZOS, {"SYSTABLEPART": [(1, limit, 1.0), (2, "'P'", 1.0)], "PARTKEY_ORDERING": key})
    found = script.plan()
    assert found.plan == "modulo" and reason in found.declined[0]


@pytest.mark.parametrize(("product", "counted"), [(LUW, "COUNT_BIG(*)"), (IBMI, "COUNT_BIG(*)"), (ZOS, "COUNT_BIG(*)"), ("Apache Derby", "COUNT(*)")])
def test_rows_are_counted_by_an_aggregate_that_has_no_end_at_two_thousand_million(product: str, counted: str) -> None:
    most = 3_000_000_000
    script = Script(product, {"MIN(": [(1, most)], f"SELECT {counted}": [(most,)]})
    assert script.plan(on="K", plan="range", n=2).rows == most
    numbered = [sql for sql in script.asked if "COUNT" in sql]
    assert numbered and all(counted in sql for sql in numbered)


def test_partitions_of_z_that_grow_have_no_limits() -> None:
    script = Script(ZOS, {"SYSTABLEPART": [(1, "", 1.0), (2, "", 1.0)], "PARTKEY_ORDERING": [("T", "A")]})
    assert "they grow" in script.plan().declined[0]


def test_earlier_rows_are_read_at_one_moment_and_not_by_their_places() -> None:
    moment = dt.datetime(2026, 1, 2, 3, 4, 5, 6)
    script = Script(IBMI, {"CURRENT TIMESTAMP": [(moment,)], "MIN(": [(1, 4)], "COUNT_BIG(*)": [(4,)], "RRN": [(9,)]})
    found = script.plan(snapshot="as_of", on="K", plan="range", n=2)
    assert found.snapshot == moment
    assert found.parts[1].sql == (
        """SELECT * FROM "S"."T" FOR SYSTEM_TIME AS OF TIMESTAMP '2026-01-02 03:04:05.000006' AS "T" WHERE "K" > ?"""
    )
    assert "rows of an earlier moment have no places" in script.plan(snapshot=dt.datetime(2025, 1, 1)).declined[0]


def test_a_lock_comes_before_anything_is_asked_of_the_rows() -> None:
    script = Script(IBMI, {"SYSTABLESTAT": [(60,)], "SYSPARTITIONSTAT": [("T", 60, 40)]})
    script.plan(snapshot="lock")
    assert script.asked[0] == 'LOCK TABLE "S"."T" IN SHARE MODE'


def test_text_that_is_not_found_again_does_not_divide() -> None:
    script = Script(LUW, {"DRDA_N": [("a",), ("b",)], "SELECT DISTINCT": [("b",), ("a",)]})
    with pytest.raises(drdarrow.NotSupportedError, match="not found again as they were read"):
        script.plan(on="T")
