"""`drdarrow.copy`: the files have the rows of the source, and an interrupted copy goes on."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import shutil
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.dataset as dataset
import pyarrow.parquet as pq
import pytest

import drdarrow
from drdarrow import aio, server
from drdarrow.copying import Progress

COUNT = 5_000
ORDERS = pa.table(
    {
        "ID": pa.array(range(COUNT), pa.int32()),
        "NAME": [None if n % 7 == 0 else f"näme {n}" for n in range(COUNT)],
        "AMOUNT": pa.array([Decimal(n) / 100 for n in range(COUNT)], pa.decimal128(12, 2)),
        "AT": pa.array([dt.time(n % 24, 1, 2) if n % 5 else None for n in range(COUNT)], pa.time32("s")),
        "CODE": pa.array([bytes([n % 256]) * (n % 4) for n in range(COUNT)], pa.binary()),
        "OPEN": [n % 2 == 0 for n in range(COUNT)],
        "MOMENT": pa.array([dt.datetime(2026, 1, 1) + dt.timedelta(seconds=n) for n in range(COUNT)], pa.timestamp("us")),
    }
)


@pytest.fixture
def srv() -> Iterator[server.Server]:
    with server.serve(persona="luw") as made, made.connect() as connection:
        connection.execute("CREATE SCHEMA SHOP")
        connection.cursor().ingest("SHOP.ORDERS", ORDERS, "create")
        connection.cursor().ingest("SHOP.ITEMS", ORDERS.slice(0, 10).select(["ID", "NAME"]), "create")
        connection.cursor().ingest("SHOP.NONE", ORDERS.slice(0, 0).select(["ID", "NAME"]), "create")
        connection.cursor().ingest("SHOP.ODD_ONE", ORDERS.slice(0, 3).select(["ID"]), "create")
        connection.commit()
        yield made


def copied(folder: Path, form: str = "parquet") -> pa.Table:
    """The rows of a folder in the order of ID, read by a reader that knows nothing of copies."""
    return dataset.dataset(folder, format=form).to_table().sort_by("ID")


def same(found: pa.Table) -> bool:
    found = found.cast(pa.schema([(name, ORDERS.schema.field(name).type) for name in found.column_names]))
    return found.equals(ORDERS.select(found.column_names))


def stopped_after(count: int) -> Any:
    """A function for `progress` that stops a copy after so many parts."""

    def look(told: Progress) -> None:
        if told.parts[0] >= count:
            raise KeyboardInterrupt

    return look


@pytest.mark.parametrize("form", ["parquet", "arrow"])
def test_all_tables_of_a_schema_are_there_with_their_rows(srv: server.Server, tmp_path: Path, form: str) -> None:
    report = drdarrow.copy("SHOP.*", tmp_path, uri=srv.uri, format=form, parts=3, connections=2)
    assert {table.name: table.rows for table in report.tables} == {
        "SHOP.ITEMS": 10, "SHOP.NONE": 0, "SHOP.ODD_ONE": 3, "SHOP.ORDERS": COUNT,
    }  # fmt: skip
    assert report.ok and report.verified and not report.resumed
    assert same(copied(tmp_path / "SHOP.ORDERS", form))
    none = copied(tmp_path / "SHOP.NONE", form)
    assert none.num_rows == 0 and none.column_names == ["ID", "NAME"]
    assert len(list((tmp_path / "SHOP.ORDERS").iterdir())) == 3


def test_a_pattern_means_its_signs_as_they_are(srv: server.Server, tmp_path: Path) -> None:
    report = drdarrow.copy("SHOP.ODD_*", tmp_path, uri=srv.uri)
    assert [table.name for table in report.tables] == ["SHOP.ODD_ONE"]
    with pytest.raises(drdarrow.InterfaceError, match="nothing to copy"):
        drdarrow.copy("SHOP.OD_ER*", tmp_path / "more", uri=srv.uri)


def test_csv_has_the_rows_with_bytes_in_hexadecimal_digits(srv: server.Server, tmp_path: Path) -> None:
    drdarrow.copy(["shop.orders", "shop.items"], tmp_path, uri=srv.uri, format="csv", parts=2)
    texts = pa.csv.ConvertOptions(column_types={"CODE": pa.string()})
    parts = [pa.csv.read_csv(file, convert_options=texts) for file in sorted((tmp_path / "SHOP.ORDERS").iterdir())]
    table = pa.concat_tables(parts).sort_by("ID")
    assert len(parts) == 2 and table.column("ID").to_pylist() == list(range(COUNT))
    assert table.column("CODE").to_pylist()[:4] == ["", "01", "0202", "030303"]
    assert sum(len(pa.csv.read_csv(file)) for file in (tmp_path / "SHOP.ITEMS").iterdir()) == 10


def test_a_query_and_a_table_get_the_names_that_a_mapping_gives_them(srv: server.Server, tmp_path: Path) -> None:
    query = "SELECT OPEN, COUNT(*) AS N FROM SHOP.ORDERS GROUP BY OPEN"
    report = drdarrow.copy({"TOTALS": query, "mine": "SHOP.ITEMS"}, tmp_path, uri=srv.uri)
    assert [table.name for table in report.tables] == ["TOTALS", "mine"] and report.rows == 12
    assert pq.read_table(tmp_path / "TOTALS").column("N").to_pylist() == [COUNT // 2] * 2


def test_an_interrupted_copy_goes_on_with_the_parts_that_are_missing(srv: server.Server, tmp_path: Path) -> None:
    asked: dict[str, Any] = {"uri": srv.uri, "parts": 5, "connections": 1}
    with pytest.raises(KeyboardInterrupt) as caught:
        drdarrow.copy("SHOP.ORDERS", tmp_path, progress=stopped_after(2), **asked)
    assert "0 of 1 tables are complete" in caught.value.__notes__[0]
    early = {file.name: file.stat().st_mtime_ns for file in (tmp_path / "SHOP.ORDERS").iterdir()}
    assert len(early) == 2
    report = drdarrow.copy("SHOP.ORDERS", tmp_path, **asked)
    assert report.resumed and report.rows == COUNT
    late = {file.name: file.stat().st_mtime_ns for file in (tmp_path / "SHOP.ORDERS").iterdir()}
    assert len(late) == 5 and early.items() <= late.items()
    assert same(copied(tmp_path / "SHOP.ORDERS"))
    again = drdarrow.copy("SHOP.ORDERS", tmp_path, **asked)
    assert again.rows == COUNT and not again.resumed


def test_what_an_interrupted_copy_left_is_removed_and_what_is_gone_is_read_again(srv: server.Server, tmp_path: Path) -> None:
    asked: dict[str, Any] = {"uri": srv.uri, "parts": 5, "connections": 1}
    with pytest.raises(KeyboardInterrupt):
        drdarrow.copy("SHOP.ORDERS", tmp_path, progress=stopped_after(2), **asked)
    folder = tmp_path / "SHOP.ORDERS"
    first = sorted(folder.iterdir())[0]
    # A file that was named, and killed before the manifest knew; one under way; and one that somebody removed.
    shutil.copy(first, str(first).replace("-00000-", "-00004-"))
    (folder / (first.name + ".part")).write_bytes(b"PAR1")
    first.unlink()
    drdarrow.copy("SHOP.ORDERS", tmp_path, **asked)
    assert same(copied(folder)) and len(list(folder.iterdir())) == 5


def test_a_table_that_was_altered_meanwhile_stops_the_copy(srv: server.Server, tmp_path: Path) -> None:
    asked: dict[str, Any] = {"uri": srv.uri, "parts": 5, "connections": 1}
    with pytest.raises(KeyboardInterrupt):
        drdarrow.copy("SHOP.ORDERS", tmp_path, progress=stopped_after(2), **asked)
    with srv.connect() as connection:
        connection.execute("ALTER TABLE SHOP.ORDERS ADD COLUMN MORE INTEGER")
        connection.commit()
    with pytest.raises(drdarrow.DataError, match="the table has changed"):
        drdarrow.copy("SHOP.ORDERS", tmp_path, **asked)
    assert drdarrow.copy("SHOP.ORDERS", tmp_path, restart=True, **asked).rows == COUNT
    assert copied(tmp_path / "SHOP.ORDERS").num_columns == 8


def test_a_copy_that_is_there_goes_on_with_the_same_options_only(srv: server.Server, tmp_path: Path) -> None:
    drdarrow.copy("SHOP.ORDERS", tmp_path, uri=srv.uri)
    for source, more, said in (
        ("SHOP.ORDERS", {"where": "ID > 3"}, "where"),
        ("SHOP.ORDERS", {"format": "csv"}, "format"),
        (["SHOP.ORDERS", "SHOP.ITEMS"], {}, "source SHOP.ITEMS"),
        ("SHOP.ITEMS", {}, "source SHOP.ITEMS, source SHOP.ORDERS"),
    ):
        with pytest.raises(drdarrow.InterfaceError, match=f"other values of {said};"):
            drdarrow.copy(source, tmp_path, uri=srv.uri, **more)  # type: ignore[arg-type]
    drdarrow.copy("SHOP.ORDERS", tmp_path, uri=srv.uri, where=("ID < ?", [30]), restart=True)
    assert copied(tmp_path / "SHOP.ORDERS").num_rows == 30


def test_files_of_something_else_are_not_mixed_with_those_of_a_copy(srv: server.Server, tmp_path: Path) -> None:
    (tmp_path / "SHOP.ITEMS").mkdir()
    (tmp_path / "SHOP.ITEMS" / "old.parquet").write_bytes(b"PAR1")
    with pytest.raises(drdarrow.InterfaceError, match="files of something else"):
        drdarrow.copy("SHOP.ITEMS", tmp_path, uri=srv.uri)


def test_a_file_that_cannot_be_read_again_as_it_was_written_is_an_error(
    srv: server.Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from drdarrow.copying import storage

    write = storage.Counted.write

    def damaged(self: storage.Counted, data: Any) -> int:
        text = bytes(data)
        return write(self, text.replace("näme 17".encode(), "näme 71".encode()))

    monkeypatch.setattr(storage.Counted, "write", damaged)
    # The rows are compared, and not only bytes with bytes that were damaged before.
    with pytest.raises(drdarrow.DataError, match="its rows are not those"):
        drdarrow.copy("SHOP.ORDERS", tmp_path, uri=srv.uri, where="ID = 17", compression="none")


def test_the_report_counts_and_says_where_the_source_has_other_rows(srv: server.Server, tmp_path: Path) -> None:
    def grow(told: Progress) -> None:
        if told.parts[0] == told.parts[1] > 0 and told.state == "reading":
            with srv.connect() as connection:
                connection.execute("INSERT INTO SHOP.ODD_ONE VALUES (17)")
                connection.commit()

    report = drdarrow.copy("SHOP.ODD_ONE", tmp_path, uri=srv.uri, progress=grow, parts=1)
    assert not report.ok and report.tables[0].source_rows != report.tables[0].rows
    kept = json.loads((tmp_path / "_copy" / "report.json").read_text())
    assert kept["ok"] is False and kept["tables"][0]["rows"] == 3
    assert "other numbers of rows" in (tmp_path / "_copy" / "report.html").read_text()
    whole = drdarrow.copy("SHOP.ORDERS", tmp_path / "two", uri=srv.uri)
    assert whole.tables[0].nulls == {"NAME": (COUNT + 6) // 7, "AT": COUNT // 5}


def test_rows_that_came_since_are_copied_by_the_next_run(srv: server.Server, tmp_path: Path) -> None:
    asked: dict[str, Any] = {"uri": srv.uri, "since": "ID", "margin": 0}
    assert drdarrow.copy("SHOP.ORDERS", tmp_path, **asked).new_rows == COUNT
    assert drdarrow.copy("SHOP.ORDERS", tmp_path, **asked).new_rows == 0
    with srv.connect() as connection:
        connection.cursor().ingest("SHOP.ORDERS", ORDERS.slice(0, 3).set_column(0, "ID", pa.array([9001, 9002, 9003], pa.int32())))
        connection.commit()
    report = drdarrow.copy("SHOP.ORDERS", tmp_path, **asked)
    assert (report.new_rows, report.rows, report.run, report.ok) == (3, COUNT + 3, 2, True)
    assert copied(tmp_path / "SHOP.ORDERS").column("ID").to_pylist() == [*range(COUNT), 9001, 9002, 9003]


def test_rows_within_the_margin_wait_for_the_next_run(srv: server.Server, tmp_path: Path) -> None:
    asked: dict[str, Any] = {"uri": srv.uri, "since": "ID", "margin": 100}
    assert drdarrow.copy("SHOP.ORDERS", tmp_path, **asked).rows == COUNT - 100
    with pytest.raises(drdarrow.InterfaceError, match="margin"):
        drdarrow.copy("SHOP.ITEMS", tmp_path / "more", uri=srv.uri, since="ID")


def test_record_files_are_copied_with_their_bad_values_counted(tmp_path: Path) -> None:
    files = {"LAB/ONE": ORDERS.select(["ID", "OPEN"]).drop(["OPEN"]), "LAB/TWO": ORDERS.select(["ID"]).slice(0, 7)}
    with server.serve(persona="ibmi", files=files) as srv:
        uri = f"drda://me@127.0.0.1:{srv.port}?signon_port={srv.signon_port}"
        report = drdarrow.copy("LAB/*", tmp_path, uri=uri, parts=3, on_error="null")
    assert {table.name: table.rows for table in report.tables} == {"LAB.ONE": COUNT, "LAB.TWO": 7}
    assert copied(tmp_path / "LAB.ONE").column("ID").to_pylist() == list(range(COUNT))


def test_a_password_is_in_no_file_of_a_copy(tmp_path: Path) -> None:
    with server.serve(tables={"T": ORDERS.select(["ID"])}, users={"ada": "s3cret-Pw"}) as srv:
        uri = f"drda://ada@127.0.0.1:{srv.port}/SAMPLE"
        drdarrow.copy("ADA.T", tmp_path, uri=uri, password="s3cret-Pw")
        with pytest.raises(drdarrow.Error) as caught:
            drdarrow.copy("ADA.T", tmp_path / "two", uri=uri, password="wrong-Pw", attempts=2, backoff=0)
    assert "Pw" not in str(caught.value)
    for file in tmp_path.rglob("*"):
        assert not file.is_file() or b"s3cret-Pw" not in file.read_bytes()


def test_a_coroutine_copies_and_a_task_that_is_cancelled_can_be_resumed(srv: server.Server, tmp_path: Path) -> None:
    async def work() -> None:
        begun = asyncio.Event()
        loop = asyncio.get_running_loop()

        def look(told: Progress) -> None:
            loop.call_soon_threadsafe(begun.set)

        task = asyncio.create_task(aio.copy("SHOP.ORDERS", tmp_path, uri=srv.uri, parts=6, connections=1, progress=look))
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await aio.copy("SHOP.ORDERS", tmp_path, uri=srv.uri, parts=6)

    asyncio.run(work())
    assert same(copied(tmp_path / "SHOP.ORDERS"))
