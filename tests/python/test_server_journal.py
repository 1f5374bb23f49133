"""Journals of the embedded server's record files, as SQL sees them: QSYS2.DISPLAY_JOURNAL and the views beside it."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pyarrow as pa
import pytest

import drdarrow
from drdarrow import server
from drdarrow.server.catalog_views import CatalogViews
from drdarrow.server.engine import Objects, SqlError
from drdarrow.server.journals import FUNCTION

pytestmark = pytest.mark.timeout(300)

STOCK = pa.table({
    "ID": pa.array([1, 2], pa.int32()), "NAME": pa.array(["Ada", None]),
    "PRICE": pa.array([Decimal("1.50"), Decimal("2.25")], pa.decimal128(7, 2)),
})  # fmt: skip


@pytest.fixture
def running() -> Iterator[server.Server]:
    files = {"SHOP/STOCK": server.PhysicalFile(STOCK, keys=["ID"]), "SHOP/OTHER": STOCK}
    with server.serve(persona="ibmi", files=files, users={"ada": "secret"}) as made:
        yield made


@pytest.fixture
def sql(running: server.Server) -> Iterator[drdarrow.Connection]:
    with running.connect(password="secret") as connection:
        yield connection


@pytest.fixture
def system(running: server.Server) -> Iterator[drdarrow.FileConnection]:
    with running.connect_files(password="secret") as connection:
        yield connection


def entries(sql: drdarrow.Connection, arguments: str = "", what: str = "JOURNAL_CODE, JOURNAL_ENTRY_TYPE") -> list:
    text = (
        f"SELECT {what} FROM TABLE(QSYS2.DISPLAY_JOURNAL('SHOP', 'QSQJRN', "
        f"STARTING_RECEIVER_NAME => '*CURCHAIN'{arguments})) AS J ORDER BY SEQUENCE_NUMBER"
    )
    return sql.execute(text).fetchall()


def types(sql: drdarrow.Connection, arguments: str = "") -> str:
    return " ".join(code + kind for code, kind in entries(sql, arguments))


def test_each_change_of_a_record_leaves_its_entries(sql: drdarrow.Connection, system: drdarrow.FileConnection) -> None:
    with system.open_file("SHOP/STOCK", mode="rw") as file:
        file.write([{"ID": 3, "NAME": "Grace", "PRICE": 3}])
        file.read(1)
        file.update({"NAME": "Edsger"})
        file.delete(rrn=2)
    assert types(sql, ", OBJECT_NAME => 'STOCK', JOURNAL_CODES => 'R'") == "RPT RUB RUP RDL"
    what = "COUNT_OR_RRN, NULL_VALUE_INDICATORS, OBJECT, USER_NAME, COMMIT_CYCLE, HEX(ENTRY_DATA)"
    rows = entries(sql, ", JOURNAL_ENTRY_TYPES => 'PT UP,DL'", what)
    assert [row[:2] for row in rows] == [(3, "000"), (1, "000"), (2, "010")]
    assert {row[2:5] for row in rows} == {("STOCK     SHOP      STOCK     ", "ADA", 0)}
    # 3, a varying text of the file's page and its room, 3.00 packed.
    assert rows[0][5].startswith("000000030005C799818385") and rows[0][5].endswith("0000300F")


def test_a_unit_of_work_is_told_with_its_end(sql: drdarrow.Connection, system: drdarrow.FileConnection) -> None:
    with system.open_file("SHOP/STOCK", mode="rw", commit="chg") as file:
        file.write([{"ID": 3, "NAME": None, "PRICE": 3}])
        system.commit()
        file.read(1)
        file.update({"PRICE": 9})
        file.delete(rrn=2)
        file.write([{"ID": 4, "NAME": None, "PRICE": 4}])
        system.rollback()
    found = entries(sql, ", JOURNAL_CODES => 'R C'", "JOURNAL_ENTRY_TYPE, COUNT_OR_RRN, COMMIT_CYCLE, SEQUENCE_NUMBER")
    kinds = [(kind, rrn) for kind, rrn, *_ in found]
    assert kinds == [
        ("SC", 0), ("PT", 3), ("CM", 0),
        ("SC", 0), ("UB", 1), ("UP", 1), ("DL", 2), ("PT", 4),
        ("DR", 4), ("UR", 2), ("BR", 1), ("UR", 1), ("RB", 0),
    ]  # fmt: skip
    begun = [row[3] for row in found if row[0] == "SC"]
    assert [row[2] for row in found] == [begun[0]] * 3 + [begun[1]] * 10


def test_members_and_files_have_entries(sql: drdarrow.Connection, system: drdarrow.FileConnection) -> None:
    system.command("ADDPFM FILE(SHOP/STOCK) MBR(SECOND)")
    system.command("CLRPFM FILE(SHOP/STOCK) MBR(SECOND)")
    system.command("RMVM FILE(SHOP/STOCK) MBR(SECOND)")
    system.command("DLTF FILE(SHOP/STOCK)")
    system.command("CRTPF FILE(QTEMP/MINE) RCDLEN(10)")
    assert types(sql, ", OBJECT_LIBRARY => 'SHOP', OBJECT_NAME => 'STOCK'") == "DCT FJM FJM FCR FMD DDT"
    assert sql.execute("SELECT OBJECT_NAME FROM QSYS2.JOURNALED_OBJECTS").fetchall() == [("OTHER",)]


def test_arguments_pick_entries_wherever_they_stand(sql: drdarrow.Connection, system: drdarrow.FileConnection) -> None:
    with system.open_file("SHOP/OTHER", mode="rw") as file:
        file.write([{"ID": n, "NAME": None, "PRICE": n} for n in range(5)])
    system.command("CHGJRN JRN(SHOP/QSQJRN) JRNRCV(*GEN)")
    with system.open_file("SHOP/OTHER", mode="rw") as file:
        file.write([{"ID": 9, "NAME": None, "PRICE": 9}])
    query = (
        "SELECT COUNT(*) FROM TABLE(QSYS2.DISPLAY_JOURNAL(JOURNAL_NAME => ?, JOURNAL_LIBRARY => ?, "
        "STARTING_RECEIVER_NAME => ?, STARTING_SEQUENCE => ?, JOURNAL_ENTRY_TYPES => ?)) AS J WHERE COUNT_OR_RRN > ?"
    )
    (last,) = sql.execute(
        "SELECT LAST_SEQUENCE_NUMBER FROM QSYS2.JOURNAL_RECEIVER_INFO WHERE STATUS = 'ATTACHED'"
    ).fetchone()
    for receiver, start, least, count in [
        ("*CURAVLCHN", None, 0, 6), ("*CURRENT", None, 0, 1), (None, None, 0, 1), ("QSQJRN0001", None, 0, 6),
        ("QSQJRN0002", None, 0, 1), ("*CURCHAIN", last, 0, 1), ("*CURCHAIN", last + 1, 0, 0), ("*CURCHAIN", None, 6, 2),
    ]:  # fmt: skip
        asked = ("QSQJRN", "SHOP", receiver, start, "*RCD", least)
        assert sql.execute(query, asked).fetchone() == (count,), asked
    for wrong in ("'SHOP'", "'SHOP', 'QSQJRN', NOTHING => 1", "'SHOP', 'QSQJRN', JOURNAL_NAME => 'X'"):
        with pytest.raises(drdarrow.Error) as refused:
            sql.execute(f"SELECT * FROM TABLE(QSYS2.DISPLAY_JOURNAL({wrong})) AS J")
        assert refused.value.sqlcode == -440


def test_receivers_follow_each_other(sql: drdarrow.Connection, system: drdarrow.FileConnection) -> None:
    receivers = (
        "SELECT JOURNAL_RECEIVER_NAME, STATUS, FIRST_SEQUENCE_NUMBER, LAST_SEQUENCE_NUMBER "
        "FROM QSYS2.JOURNAL_RECEIVER_INFO WHERE JOURNAL_LIBRARY = 'SHOP' ORDER BY ATTACH_TIMESTAMP"
    )
    system.command("CHGJRN JRN(SHOP/QSQJRN) JRNRCV(*GEN)")
    system.command("CHGJRN JRN(SHOP/QSQJRN) JRNRCV(*GEN) SEQOPT(*RESET)")
    (first, second, third) = sql.execute(receivers).fetchall()
    assert (first[1], second[1], third[1]) == ("ONLINE", "ONLINE", "ATTACHED")
    assert (first[2], second[2], third[2:]) == (1, first[3] + 1, (1, 1))
    with pytest.raises(drdarrow.Error, match="CPF2105"):
        system.command("DLTJRNRCV JRNRCV(SHOP/QSQJRN0003)")
    system.command("DLTJRNRCV JRNRCV(SHOP/QSQJRN0001)")
    assert sql.execute(receivers).fetchall() == [second, third]
    attached = "SELECT ATTACHED_JOURNAL_RECEIVER_NAME FROM QSYS2.JOURNAL_INFO WHERE JOURNAL_LIBRARY = 'SHOP'"
    assert sql.execute(attached).fetchall() == [("QSQJRN0003",)]


def test_numbers_are_in_order_wherever_entries_lie(sql: drdarrow.Connection, system: drdarrow.FileConnection) -> None:
    def numbers(order: str = "SEQUENCE_NUMBER", receiver: str = "*CURCHAIN") -> list[int]:
        text = (
            "SELECT SEQUENCE_NUMBER, COUNT_OR_RRN FROM TABLE(QSYS2.DISPLAY_JOURNAL('SHOP', 'QSQJRN', STARTING_RECEIVER_NAME "
            f"=> '{receiver}')) AS J ORDER BY {order}"
        )
        return [int(number) for number, _ in sql.execute(text).fetchall()]

    with system.open_file("SHOP/STOCK", mode="rw") as file:
        for first in range(10, 9000, 3000):
            file.write([{"ID": n, "NAME": None, "PRICE": n} for n in range(first, first + 3000)])
        system.command("CHGJRN JRN(SHOP/QSQJRN) JRNRCV(*GEN)")
        file.write([{"ID": 1 << 20, "NAME": None, "PRICE": 1}])
        found = numbers()
        assert len(found) > 9000 and found == list(range(1, len(found) + 1))
        assert numbers("J.SEQUENCE_NUMBER DESC") == found[::-1]
        system.command("CHGJRN JRN(SHOP/QSQJRN) JRNRCV(*GEN) SEQOPT(*RESET)")
        file.write([{"ID": 1 << 21, "NAME": None, "PRICE": 1}])
        again = numbers()
        assert again == sorted(again) and again.count(1) == 2 and len(again) > len(found)
        assert numbers(receiver="QSQJRN0003") == [1, 2]
        assert numbers(receiver="QSQJRN0002") == sorted(numbers(receiver="QSQJRN0002")) and numbers(receiver="QSQJRN0009") == []


def test_a_statement_that_relies_on_the_order_is_not_run_when_that_is_gone() -> None:
    class Rows:
        def fields(self) -> list[tuple[str, str, dict[str, str]]]:
            return [(f"C{n}", "Int32", {}) for n in range(9)]

    class Views:
        in_order = True

        def names(self) -> list[str]:
            return [FUNCTION]

        def rows(self, _name: str, _objects: object) -> Rows:
            return Rows()

        def journals_in_order(self) -> bool:
            return self.in_order

    given = Views()
    views = CatalogViews(given)  # type: ignore[arg-type]
    text = "SELECT {} FROM TABLE(QSYS2.DISPLAY_JOURNAL('SHOP', {})) AS J ORDER BY {}"
    sorts = [
        ("C0, C1", "'QSQJRN'", "C1"), ("COUNT(*)", "'QSQJRN'", "SEQUENCE_NUMBER"), ("C0, C1", "?", "SEQUENCE_NUMBER"),
        ("C0 AS SEQUENCE_NUMBER", "'QSQJRN'", "SEQUENCE_NUMBER"), ("C0 SEQUENCE_NUMBER", "'QSQJRN'", "SEQUENCE_NUMBER"),
        ("DISTINCT C0", "'QSQJRN'", "SEQUENCE_NUMBER"), ("C0, C1", "'QSQJRN'", "SEQUENCE_NUMBER DESC"),
    ]  # fmt: skip
    assert all("ORDER BY" in views.place(text.format(*each))[0] for each in sorts)
    placed, shown = views.place(text.format("C0, C1", "'QSQJRN'", "SEQUENCE_NUMBER"))
    assert "ORDER BY" not in placed
    given.in_order = False
    with pytest.raises(SqlError) as refused:
        views.show(None, shown, lambda _cursor: Objects([]), "MAIN")  # type: ignore[arg-type]
    assert refused.value.sqlcode == -518
    assert "ORDER BY" in views.place(text.format("C0, C1", "'QSQJRN'", "SEQUENCE_NUMBER"))[0]


def test_columns_have_the_types_of_the_function(sql: drdarrow.Connection) -> None:
    query = "SELECT * FROM TABLE(QSYS2.DISPLAY_JOURNAL('SHOP', 'QSQJRN')) AS J"
    schema = sql.execute(query).fetch_arrow_table().schema
    assert len(schema) == 24
    assert schema.field("SEQUENCE_NUMBER").type == pa.decimal128(21, 0)
    assert schema.field("ENTRY_TIMESTAMP").type == pa.timestamp("us")
    told = {name: schema.field(name).metadata for name in ("ENTRY_DATA", "JOURNAL_CODE", "OBJECT")}
    assert told["ENTRY_DATA"][b"drda:type"] == b"BLOB"
    assert (told["JOURNAL_CODE"][b"drda:type"], told["OBJECT"][b"drda:length"]) == (b"CHAR", b"30")
