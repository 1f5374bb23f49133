"""The files of a library as Arrow: `list("LIB")`, and what of it a command's outfile holds."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Iterator
from typing import Any

import polars as pl
import pyarrow as pa
import pytest

import drdarrow
from drdarrow import aio, server

ROWS = pa.table({"ID": pa.array([3, 1, 2], pa.int32()), "T": ["a", "b", "c"]})
WIDTH = 4 + 2 + 32


@pytest.fixture
def served() -> Iterator[server.Server]:
    files = {
        "SHOP/ORDERS": server.PhysicalFile(ROWS, keys=["ID", "T DESC"], unique=True),
        "SHOP/ORDERS2": server.PhysicalFile(ROWS, keys=["ID"]),
        "SHOP/ITEMS": ROWS,
        'SHOP/"a.b"': ROWS,
        "OTHER/ORDERS": ROWS,
    }
    with server.serve(engine="tables", persona="ibmi", files=files) as running:
        yield running


@pytest.fixture
def system(served: server.Server) -> Iterator[drdarrow.FileConnection]:
    with served.connect_files() as connection:
        yield connection


def listed(system: drdarrow.FileConnection, library: str, files: str = "*ALL") -> dict[str, dict[str, Any]]:
    return {row.pop("file"): row for row in pa.table(system.list(library, files)).to_pylist()}


def test_a_library_is_told_with_its_files(system: drdarrow.FileConnection) -> None:
    system.command("CRTSRCPF FILE(SHOP/QRPGSRC) RCDLEN(112) TEXT('Sources of programs')")
    system.command("CRTPF FILE(SHOP/FLAT) RCDLEN(80) TEXT('It''s flat')")
    system.add_member("SHOP/FLAT", "SECOND")
    with system.open_file("SHOP/FLAT(SECOND)", mode="w") as flat:
        flat.write([("one",), ("two",)])
    with system.open_file("SHOP/ITEMS", mode="rw") as items:
        items.delete(rrn=2)
    found = listed(system, "shop")
    assert list(found) == ['"a.b"', "FLAT", "ITEMS", "ORDERS", "ORDERS2", "QRPGSRC"]
    assert {row.pop("library") for row in found.values()} == {"SHOP"}
    assert {row["kind"] for row in found.values()} == {"physical"}
    now = dt.datetime.now(dt.UTC).replace(tzinfo=None)
    for row in found.values():
        assert abs((row.pop("created") - now).total_seconds()) < 600
        assert row.pop("changed") is None and row.pop("formats") == 1
    plain = {"kind": "physical", "source": False, "keyed": False, "unique": False, "keys": [], "members": 1, "text": ""}
    three = {**plain, "record_length": WIDTH, "records": 3, "deleted": 0}
    assert found['"a.b"'] == three
    assert found["ORDERS"] == {**three, "keyed": True, "unique": True, "keys": ["ID", "-T"]}
    assert found["ORDERS2"] == {**three, "keyed": True, "keys": ["ID"]}
    assert found["ITEMS"] == {**three, "records": 2, "deleted": 1}
    empty = {**plain, "records": 0, "deleted": 0}
    assert found["FLAT"] == {**empty, "record_length": 80, "members": 2, "records": 2, "text": "It's flat"}
    assert found["QRPGSRC"] == {
        **empty, "record_length": 112, "source": True, "members": 0, "text": "Sources of programs"
    }  # fmt: skip
    # Nothing is left, and once more is as good as once.
    assert listed(system, "QTEMP") == {}
    assert list(listed(system, "SHOP")) == list(found)


def test_names_may_be_generic(system: drdarrow.FileConnection) -> None:
    assert list(listed(system, "SHOP", "ord*")) == ["ORDERS", "ORDERS2"]
    assert list(listed(system, "SHOP", "ORDERS")) == ["ORDERS"]
    assert list(listed(system, "SHOP", "*")) == list(listed(system, "SHOP"))
    assert list(listed(system, "SHOP", '"a.b"')) == ['"a.b"']
    nothing = system.list("SHOP", "X*")
    assert pa.table(nothing).num_rows == 0 and pl.DataFrame(nothing).columns[:2] == ["library", "file"]
    assert listed(system, "SHOP", "NOSUCH") == {} and listed(system, "QGPL") == {}
    # The library is meant, not whatever the list of libraries has first.
    assert {row["library"] for row in listed(system, "OTHER", "ORD*").values()} == {"OTHER"}


def test_what_is_not_there_or_no_name_is_told(system: drdarrow.FileConnection) -> None:
    with pytest.raises(drdarrow.ProgrammingError, match="Library NOLIB not found") as caught:
        system.list("NOLIB")
    assert caught.value.sqlstate == "42704" and caught.value.connection_usable
    for library, files in [("SHOP", "A*B"), ("SHOP", "X) DLTF FILE(SHOP/ITEMS"), ("*ALL", "*ALL"), ("SH OP", "*ALL")]:
        with pytest.raises(drdarrow.InterfaceError, match="system name"):
            system.list(library, files)
    with pytest.raises(drdarrow.InterfaceError, match="page 37 of the job"):
        system.list("SHOP", "Ä*")
    assert len(listed(system, "SHOP")) == 4


def test_names_are_in_the_page_of_the_job(served: server.Server, system: drdarrow.FileConnection) -> None:
    system.command("CRTPF FILE(SHOP/T#B) RCDLEN(10) TEXT('Ä in 37')")
    with served.connect_files(job_ccsid=278) as other:
        assert list(listed(other, "SHOP", "TÄ*")) == list(listed(other, "SHOP", "t#*")) == ["TÄB"]


def test_lists_go_to_other_libraries_and_asyncio(served: server.Server, system: drdarrow.FileConnection) -> None:
    files = system.list("SHOP")
    assert files.to_polars()["file"].to_list() == files.to_pandas()["file"].tolist() == list(listed(system, "SHOP"))

    async def main() -> list[str]:
        async with aio.connect_files(
            host=served.host, port=served.port, signon_port=served.signon_port, user="u"
        ) as there:
            with pytest.raises(drdarrow.ProgrammingError, match="NOLIB"):
                await there.list("NOLIB")
            return (await there.list("SHOP", "ORD*")).to_arrow()["file"].to_pylist()

    assert asyncio.run(main()) == ["ORDERS", "ORDERS2"]


def test_outfiles_of_the_commands_can_be_kept(system: drdarrow.FileConnection) -> None:
    system.command("DSPOBJD OBJ(SHOP/*ALL) OBJTYPE(*FILE) OUTPUT(*OUTFILE) OUTFILE(OTHER/OBJ)")
    system.command("DSPFD FILE(SHOP/ORD*) TYPE(*ATR) FILEATR(*PF) OUTPUT(*OUTFILE) OUTFILE(OTHER/PHY)")
    system.command("DSPFD FILE(SHOP/ORD*) TYPE(*RCDFMT) OUTPUT(*OUTFILE) OUTFILE(OTHER/FMT)")
    with system.open_file("OTHER/OBJ", columns=["ODOBNM", "ODOBAT"]) as file:
        assert [row[0].rstrip() for row in map(tuple, zip(*file.fetch_arrow_table().to_pydict().values(), strict=True))] == [
            '"a.b"', "ITEMS", "ORDERS", "ORDERS2"
        ]  # fmt: skip
    with system.open_file("OTHER/PHY") as file:
        assert set(file.fetch_arrow_table()["PHDTAT"].to_pylist()) == {"D"}
    with system.open_file("OTHER/FMT") as file:
        assert [int(length) for length in file.fetch_arrow_table()["RFLEN"].to_pylist()] == [WIDTH, WIDTH]
