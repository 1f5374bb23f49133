"""Files of `drdarrow.server`: record by record by our own client, and back as Arrow."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pyarrow
import pytest
from serving import Served

import drdarrow
from drdarrow import server

ITEMS = pl.DataFrame(
    {"ID": [3, 1, 2], "NAME": ["three", "one", None], "WIDE": ["日本", "", "x"], "PRICE": [1.5, -2.0, 0.25]},
    schema_overrides={"ID": pl.Int32},
)


@pytest.fixture
def served() -> Iterator[server.Server]:
    files = {"shop/items": server.PhysicalFile(ITEMS, keys=["ID DESC"], unique=True), "SHOP/PLAIN": ITEMS}
    with server.serve(
        engine="tables", persona="ibmi", files=files, users={"ada": "secret"}, password_level=0
    ) as running:
        yield running


def test_files_are_read_written_and_handed_back(served: server.Server) -> None:
    with served.connect_files(password="secret") as connection:
        described = connection.describe("SHOP/ITEMS")
        assert described["keys"] == ["-ID"]
        with connection.open_file("SHOP/PLAIN") as file:
            assert file.fetch_polars().rows() == ITEMS.rows()
        with connection.open_file("SHOP/ITEMS", mode="rw", keyed=True) as file:
            assert [file.first()[0], file.next()[0], file.next()[0], file.next()] == [3, 2, 1, None]
            assert file.update({"ID": 1, "NAME": "changed", "WIDE": "y", "PRICE": 9.0}, key=1)
            assert file.delete(key=2)
            file.write({"ID": 7, "NAME": None, "WIDE": "Ω", "PRICE": 0.0})
            with pytest.raises(drdarrow.IntegrityError, match="CPF5026"):
                file.write({"ID": 7, "NAME": None, "WIDE": "", "PRICE": 0.0})
    rows = pl.DataFrame(served.file("shop/items")).rows()
    assert rows == [(3, "three", "日本", 1.5), (1, "changed", "y", 9.0), (7, None, "Ω", 0.0)]


def test_what_cannot_be_meant_is_told(served: server.Server) -> None:
    with pytest.raises(drdarrow.InterfaceError, match="NOPE"):
        served.file("SHOP/NOPE")
    with pytest.raises(drdarrow.OperationalError):
        served.connect_files(password="wrong")
    cases = [
        ({"persona": "luw", "files": {"A/B": ITEMS}}, "luw"),
        ({"persona": "ibmi", "files": {"B": ITEMS}}, "LIBRARY/FILE"),
        ({"persona": "ibmi", "files": {"A/B": 7}}, "__arrow_c_stream__"),
        ({"persona": "ibmi", "files": {"A/B": server.PhysicalFile(ITEMS, keys="NOPE")}}, "NOPE"),
        ({"persona": "ibmi", "files": {"A/B": pl.DataFrame({"L": [[1]]})}}, "column L"),
        ({"persona": "ibmi", "files": {"A/B": server.PhysicalFile(ITEMS, keys=[1])}}, "str"),
        ({"persona": "ibmi", "files": {7: ITEMS}}, "str"),
        ({"persona": "ibmi", "files": {"A/B": server.PhysicalFile(ITEMS, duplicates="last")}}, "lifo"),
        ({"persona": "ibmi", "password_level": 5}, "password_level"),
    ]
    for settings, words in cases:
        with pytest.raises(drdarrow.InterfaceError, match=words):
            server.serve(engine="tables", **settings)


@pytest.mark.parametrize(("duplicates", "expected"), [("fifo", [1, 2, 3]), ("lifo", [3, 2, 1]), ("fcfo", [2, 3, 1])])
def test_the_order_of_equal_keys(duplicates: str, expected: list[int]) -> None:
    rows = pl.DataFrame({"a rather long name": ["x", "x", "x"], "N": [1, 2, 3]})
    file = server.PhysicalFile(rows, keys="a rather long name", duplicates=duplicates)
    with server.serve(engine="tables", persona="ibmi", files={"L/F": file}) as running:
        with running.connect_files() as connection, connection.open_file("L/F", mode="rw", keyed=True) as opened:
            for key in ("y", "x"):
                while opened.next()[1] != 1:
                    pass
                opened.update({"A_RAT00001": key})
                opened.first()
                opened.previous()
            assert [row[1] for row in iter(opened.next, None)] == expected


def test_what_arrow_has_comes_back() -> None:
    frame = pl.DataFrame({"C": ["a", "b", "a"], "U": [0, 2**64 - 1, None], "T": [1, 2**40 + 1, None]}).with_columns(
        pl.col("C").cast(pl.Categorical), pl.col("U").cast(pl.UInt64), pl.col("T").cast(pl.Datetime("ns"))
    )
    with server.serve(engine="tables", persona="ibmi", files={"L/F": frame}) as running:
        back = pl.DataFrame(running.file("L/F"))
    assert back["C"].to_list() == frame["C"].to_list()
    assert back["U"].cast(pl.UInt64).equals(frame["U"])
    assert back["T"].equals(frame["T"])


def test_files_that_are_made_by_others_come_back(served: server.Server) -> None:
    with served.connect_files(password="secret") as connection:
        connection.command("CRTLIB NEW")
        connection.create_file(
            "NEW/MADE", pyarrow.schema([("A", pyarrow.int64()), ("B", pyarrow.string())]), keys=["A"]
        )
        with connection.open_file("NEW/MADE", mode="w") as file:
            assert file.write(pl.DataFrame({"A": range(1000), "B": [str(n) for n in range(1000)]})) == 1000
    assert pl.DataFrame(served.file("NEW/MADE"))["A"].to_list() == list(range(1000))


def test_the_command_serves_files(tmp_path: Path) -> None:
    from drdarrow.cli import serve as serving

    ITEMS.write_parquet(tmp_path / "items.parquet")
    source = serving.sources([], [], True)
    files = serving.records([f"SHOP/ITEMS={tmp_path / 'items.parquet'}"])
    with server.serve(source, persona="ibmi", files=files) as running:
        assert pl.DataFrame(running.file("SHOP/ITEMS")).rows() == ITEMS.rows()
        assert "sign-on" in json.dumps([str(c) for c in _cells(serving.how_to_connect(running, None, None, []))])
    named = f"SHOP/ITEMS={tmp_path / 'items.parquet'}"
    files = serving.records([named], ["SHOP/ITEMS=ID DESC"])
    with server.serve(source, persona="ibmi", files=files) as running, running.connect_files() as connection:
        with connection.open_file("SHOP/ITEMS", keyed=True) as file:
            assert pl.DataFrame(file)["ID"].to_list() == sorted(ITEMS["ID"], reverse=True)
    for wrong in ["ITEMS=x.parquet", f"A/B={tmp_path / 'none.parquet'}", "A/B"]:
        with pytest.raises(drdarrow.InterfaceError):
            serving.records([wrong])
    for keyed in ["SHOP/ITEMS", "ITEMS=ID", "SHOP/OTHERS=ID"]:
        with pytest.raises(drdarrow.InterfaceError, match="--keyed"):
            serving.records([named], [keyed])


def test_many_opens_leave_nothing_behind() -> None:
    with Served("ibmi") as apart:
        where, receivers = f"drda://me@127.0.0.1:{apart.port}?signon_port=0", itertools.count(1)

        def use(times: int) -> int:
            """Opens, changes, connects; the memory of the server then, in kB."""
            for _ in range(times):
                with drdarrow.connect_files(where) as system:
                    system.command("CHGPF TESTLIB/CUST REUSEDLT(*YES)")
                    for _ in range(5):
                        with system.open_file("TESTLIB/CUST", mode="rw", keyed=True, commit="all") as file:
                            file.write({"CUSNUM": 100, "NAME": "x", "BAL": 1, "QTY": 1, "NOTE": None})
                            system.commit()
                            file.delete(key=100)
                            system.commit()
                            file.write({"CUSNUM": 100, "NAME": "x", "BAL": 1, "QTY": 1, "NOTE": None})
                            system.rollback()
                            # What is left undone ends with the connection.
                            file.delete(key=8)
                            file.write({"CUSNUM": 8, "NAME": "y", "BAL": 1, "QTY": 1, "NOTE": None})
            # The journal keeps each change, in receivers that go when they are told to.
            with drdarrow.connect_files(where) as system:
                system.command("CHGJRN JRN(TESTLIB/QSQJRN) JRNRCV(*GEN)")
                system.command(f"DLTJRNRCV JRNRCV(TESTLIB/QSQJRN{next(receivers):04})")
            status = Path(f"/proc/{apart.process.pid}/status").read_text()
            return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1])

        before = use(30)
        assert use(60) < before + 2048


def _cells(table: object) -> list[object]:
    return [cell for column in table.columns for cell in column.cells]  # type: ignore[attr-defined]
