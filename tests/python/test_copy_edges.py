"""Names, sizes, options and moments at which `drdarrow.copy` must not lose a row, nor have one twice, nor tell a secret."""

from __future__ import annotations

import asyncio
import datetime as dt
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa
import pyarrow.dataset as dataset
import pytest
from conftest import SLACK
from peers import RDBCMM, Proxy, wait_for

import drdarrow
from drdarrow import aio, server
from drdarrow.cli.copying import words_of
from drdarrow.copying import Progress
from drdarrow.copying.increments import bounded
from drdarrow.copying.manifest import TableState
from drdarrow.copying.options import Options
from drdarrow.copying.reading import Reader
from drdarrow.partitions.values import packed

COUNT = 3_000


@pytest.fixture(scope="module")
def srv() -> Iterator[server.Server]:
    with server.serve(persona="luw") as made, made.connect() as connection:
        connection.execute("CREATE SCHEMA SHOP")
        rows = pa.table({"ID": pa.array(range(COUNT), pa.int32()), "NAME": [f"{n * 7919:030}" for n in range(COUNT)]})
        connection.cursor().ingest("SHOP.ORDERS", rows, "create")
        connection.commit()
        yield made


def ids(folder: Path) -> list[Any]:
    return sorted(dataset.dataset(folder, format="parquet").to_table().column("ID").to_pylist())


def stopped(told: Progress) -> None:
    """For `progress`: stops a copy after its first part."""
    if told.parts[0] >= 1:
        raise KeyboardInterrupt


def test_a_part_that_is_read_again_with_fewer_files_has_none_of_the_earlier_ones(
    srv: server.Server, tmp_path: Path
) -> None:
    asked: dict[str, Any] = {"uri": srv.uri, "parts": 3}
    small: dict[str, Any] = {"connections": 1, "batch_rows": 100, "row_group_rows": 100, "file_bytes": 1}
    with pytest.raises(KeyboardInterrupt):
        drdarrow.copy("SHOP.ORDERS", tmp_path, progress=stopped, **small, **asked)
    files = sorted((tmp_path / "SHOP.ORDERS").iterdir())
    assert len(files) > 5
    files[0].unlink()
    drdarrow.copy("SHOP.ORDERS", tmp_path, **asked)
    assert ids(tmp_path / "SHOP.ORDERS") == list(range(COUNT))


@pytest.mark.parametrize("form", ["parquet", "duckdb"])
def test_a_part_whose_reading_ends_with_an_error_after_it_was_written_is_there_once(
    srv: server.Server, tmp_path: Path, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from contextlib import contextmanager

    from drdarrow.copying import reading

    rows = reading.Reader.rows
    failed: list[int] = []

    @contextmanager
    def lost(self: reading.Reader, table: Any, part: Any) -> Iterator[Any]:
        with rows(self, table, part) as read:
            yield read
        if not failed:
            failed.append(part.number)
            raise drdarrow.OperationalError("the connection was lost", phase="fetch", retryable=True)

    monkeypatch.setattr(reading.Reader, "rows", lost)
    target = tmp_path / ("kept.duckdb" if form == "duckdb" else "shop")
    report = drdarrow.copy("SHOP.ORDERS", target, uri=srv.uri, parts=3, backoff=0)
    assert failed and report.ok and report.retries == 1 and report.rows == COUNT


def test_a_copy_that_begins_anew_removes_files_that_the_manifest_did_not_hear_of(
    srv: server.Server, tmp_path: Path
) -> None:
    with pytest.raises(KeyboardInterrupt):
        drdarrow.copy("SHOP.ORDERS", tmp_path, uri=srv.uri, parts=3, connections=1, progress=stopped)
    (file,) = (tmp_path / "SHOP.ORDERS").iterdir()
    unheard = file.with_name(file.name.replace("-00000-", "-00001-"))
    unheard.write_bytes(file.read_bytes())
    unheard.with_name(unheard.name + ".part").write_bytes(b"PAR1")
    drdarrow.copy("SHOP.ORDERS", tmp_path, uri=srv.uri, restart=True)
    assert ids(tmp_path / "SHOP.ORDERS") == list(range(COUNT))


def test_names_that_differ_have_folders_that_differ_whatever_signs_they_have(
    srv: server.Server, tmp_path: Path
) -> None:
    names = ["A", "A ", " A", "A.", ".A", "_A", "../A", "A/B", "..", "%20A", 'A"', "<b>", "ü" * 100, "ü" * 100 + "A"]
    source = {name: f"SELECT ID FROM SHOP.ORDERS WHERE ID = {n}" for n, name in enumerate(names)}
    report = drdarrow.copy(source, tmp_path / "in", uri=srv.uri)
    folders = [each for each in (tmp_path / "in").iterdir() if each.name != "_copy"]
    assert report.rows == len(folders) == len(names) and list(tmp_path.iterdir()) == [tmp_path / "in"]
    assert sorted(ids(each)[0] for each in folders) == list(range(len(names)))
    assert "<b>" not in (tmp_path / "in" / "_copy" / "report.html").read_text()


def test_names_that_differ_only_in_case_are_refused(srv: server.Server, tmp_path: Path) -> None:
    source = {"totals": "SELECT ID FROM SHOP.ORDERS", "Totals": "SELECT NAME FROM SHOP.ORDERS"}
    with pytest.raises(drdarrow.InterfaceError, match="totals and Totals differ only in case"):
        drdarrow.copy(source, tmp_path, uri=srv.uri)


def test_a_watermark_of_many_digits_is_not_rounded(srv: server.Server, tmp_path: Path) -> None:
    first = 1234567890123456789012345678896
    asked: dict[str, Any] = {"uri": srv.uri, "since": "ID", "margin": 0}
    with srv.connect() as connection:
        for n in (0, 2):
            rows = pa.table({"ID": pa.array([Decimal(first + n)], pa.decimal128(31, 0))})
            connection.cursor().ingest("SHOP.WIDE", rows, "append" if n else "create")
            connection.commit()
            assert drdarrow.copy("SHOP.WIDE", tmp_path, **asked).new_rows == 1
    assert ids(tmp_path / "SHOP.WIDE") == [first, first + 2]


def test_records_that_were_added_are_found_by_their_numbers(tmp_path: Path) -> None:
    rows = pa.table({"ID": pa.array(range(100), pa.int32())})
    with server.serve(persona="ibmi") as made, made.connect() as connection:
        asked: dict[str, Any] = {"uri": made.uri, "since": "rrn", "margin": 0}
        for some, new in ((rows, 100), (rows.slice(0, 0), 0), (rows.slice(93), 7)):
            connection.cursor().ingest("GROWN", some, "create" if new == 100 else "append")
            connection.commit()
            assert drdarrow.copy({"GROWN": "GROWN"}, tmp_path, **asked).new_rows == new
    assert ids(tmp_path / "GROWN") == sorted([*range(100), *range(93, 100)])


def test_rows_that_were_changed_are_asked_for_by_the_moment_of_their_change() -> None:
    """The condition is that of IBM's documents; the rows are those of test_server_change_times.py."""
    early, late = dt.datetime(2026, 1, 1), dt.datetime(2026, 1, 2)
    options = Options("parquet", since="row change timestamp", margin=60, where=("STATE = ?", ["open"]))
    table = TableState("SHOP.ORDERS", "shop.orders", "table", run=1, low=packed(early), high=packed(late))
    moment = 'ROW CHANGE TIMESTAMP FOR "ORDERS"'
    assert bounded(table, options) == (f"(STATE = ?\n) AND ({moment} > ? AND {moment} <= ?)", ("open", early, late))


def test_a_margin_that_is_no_whole_number_is_rounded_up(srv: server.Server, tmp_path: Path) -> None:
    assert drdarrow.copy("SHOP.ORDERS", tmp_path, uri=srv.uri, since="ID", margin=0.5).rows == COUNT - 1


@pytest.mark.parametrize("margin", ["5", float("inf"), float("nan"), True, -1])
def test_a_margin_that_is_no_number_of_at_least_0_is_refused(tmp_path: Path, margin: Any) -> None:
    with pytest.raises(drdarrow.InterfaceError, match="margin: expected a number"):
        drdarrow.copy("SHOP.ORDERS", tmp_path, since="ID", margin=margin)


@pytest.mark.parametrize(("kind", "margin"), [("DATE", 1e9), ("DATE", 1e7), ("TIMESTAMP", 1e12)])
def test_a_margin_longer_than_all_time_is_refused(srv: server.Server, tmp_path: Path, kind: str, margin: float) -> None:
    query = f"SELECT CAST('2026-01-01' AS {kind}) AS AT FROM SHOP.ORDERS"
    with pytest.raises(drdarrow.InterfaceError, match="margin: "):
        drdarrow.copy(query, tmp_path, uri=srv.uri, since="AT", margin=margin)


def test_a_target_without_a_name_is_refused() -> None:
    with pytest.raises(drdarrow.InterfaceError, match="target: expected a path"):
        drdarrow.copy("SHOP.ORDERS", "", format="csv")


def test_files_that_were_not_read_again_are_not_reported_so(srv: server.Server, tmp_path: Path) -> None:
    drdarrow.copy("SHOP.ORDERS", tmp_path, uri=srv.uri, verify=False)
    report = drdarrow.copy("SHOP.ORDERS", tmp_path, uri=srv.uri)
    assert not report.verified and "not every file was read again" in report.to_html()
    assert drdarrow.copy("SHOP.ORDERS", tmp_path, uri=srv.uri, restart=True).verified


def test_a_wrong_compression_is_told_and_leaves_no_file(srv: server.Server, tmp_path: Path) -> None:
    with pytest.raises(Exception, match="(?i)compression") as caught:
        drdarrow.copy("SHOP.ORDERS", tmp_path, uri=srv.uri, compression="nonsense")
    assert not isinstance(caught.value, AttributeError)
    assert list((tmp_path / "SHOP.ORDERS").iterdir()) == []


def test_a_copy_that_was_asked_for_wrongly_is_not_in_the_way_of_the_right_one(
    srv: server.Server, tmp_path: Path
) -> None:
    with pytest.raises(drdarrow.Error, match="NOSUCH"):
        drdarrow.copy("SHOP.ORDERS", tmp_path, uri=srv.uri, parts=3, on="NOSUCH")
    assert drdarrow.copy("SHOP.ORDERS", tmp_path, uri=srv.uri, parts=3).rows == COUNT


def test_a_target_of_somebody_else_is_refused_the_second_time_too(srv: server.Server, tmp_path: Path) -> None:
    import duckdb

    target = tmp_path / "kept.duckdb"
    with duckdb.connect(str(target)) as kept:
        kept.execute("CREATE SCHEMA SHOP; CREATE TABLE SHOP.ORDERS AS SELECT 7 AS MINE")
    for _ in range(2):
        with pytest.raises(drdarrow.InterfaceError, match="this copy did not make it"):
            drdarrow.copy("SHOP.ORDERS", target, uri=srv.uri)
    with duckdb.connect(str(target), read_only=True) as kept:
        assert kept.sql("SELECT MINE FROM SHOP.ORDERS").fetchall() == [(7,)]


def test_the_password_in_the_address_of_a_target_is_in_no_report(srv: server.Server, tmp_path: Path) -> None:
    with server.serve(persona="luw", users={"ada": "s3cret-Pw"}) as other:
        target = f"drda://ada:s3cret-Pw@127.0.0.1:{other.port}/SAMPLE"
        with drdarrow.connect(target) as connection:
            connection.execute("CREATE SCHEMA SHOP")
            connection.commit()
        report = drdarrow.copy("SHOP.ORDERS", target, uri=srv.uri, state=tmp_path, parts=2)
        assert report.rows == COUNT and report.target == f"drda://ada@127.0.0.1:{other.port}/SAMPLE"
        with pytest.raises(drdarrow.InterfaceError, match="other values of where") as caught:
            drdarrow.copy("SHOP.ORDERS", target, uri=srv.uri, state=tmp_path, where="ID = 1")
    assert "s3cret" not in str(caught.value)
    for file in tmp_path.rglob("*"):
        assert not file.is_file() or b"s3cret-Pw" not in file.read_bytes()


@pytest.mark.parametrize("silent", ["source", "records", "target"])
def test_a_copy_that_waits_for_a_server_that_is_silent_can_be_stopped(
    srv: server.Server, tmp_path: Path, silent: str
) -> None:
    """The server takes requests and never answers: a wait that is not broken off has no end."""
    with ExitStack() as open_:
        other = srv
        if silent == "records":
            rows = pa.table({"ID": pa.array(range(COUNT), pa.int32())})
            other = open_.enter_context(server.serve(persona="ibmi", files={"SHOP/ORDERS": rows}))
        if silent == "target":
            other = open_.enter_context(server.serve(persona="luw"))
            with other.connect() as connection:
                connection.execute("CREATE SCHEMA SHOP")
                connection.commit()
        between = open_.enter_context(Proxy(other.port))
        uri = f"drda://app@127.0.0.1:{between.port}/SAMPLE"
        if silent == "records":
            uri = f"drda://app@127.0.0.1:{between.port}?signon_port={other.signon_port}"
        begun = threading.Event()

        def look(told: Progress) -> None:
            if told.parts[0] >= 1 and not begun.is_set():
                between.hold()
                begun.set()

        asked: dict[str, Any] = {"parts": 4, "connections": 2, "uri": srv.uri if silent == "target" else uri}
        target: Any = uri if silent == "target" else tmp_path / "shop"
        source = "SHOP/ORDERS" if silent == "records" else "SHOP.ORDERS"
        loop = asyncio.new_event_loop()

        async def work() -> None:
            task = asyncio.create_task(aio.copy(source, target, state=tmp_path / "state", progress=look, **asked))
            await asyncio.to_thread(begun.wait, 30)
            task.cancel()
            await task

        with pytest.raises(asyncio.CancelledError):
            loop.run_until_complete(asyncio.wait_for(work(), 60))
        loop.close()
        between.release()
        assert begun.is_set()
        report = drdarrow.copy(source, target, state=tmp_path / "state", **asked)
        assert report.resumed and report.rows == COUNT and report.ok


@pytest.mark.parametrize("kept", [True, False])
def test_ctrl_c_ends_a_copy_whose_commit_is_never_answered(
    srv: server.Server, tmp_path: Path, script, kept: bool
) -> None:
    """Whether the target has kept the part or not; the next call goes on."""
    with server.serve(persona="luw") as other, Proxy(other.port) as between:
        with other.connect() as connection:
            connection.execute("CREATE SCHEMA SHOP")
            connection.commit()
        target = f"drda://app@127.0.0.1:{between.port}/SAMPLE"
        running = script(
            """
            import sys, drdarrow
            source, target, state = sys.argv[1:]

            def look(told):
                if told.parts[0] >= 1 and not said:
                    said.append(print("begun", flush=True))
                    sys.stdin.readline()

            said = []
            drdarrow.copy("SHOP.ORDERS", target, uri=source, state=state, parts=4, connections=1, progress=look)
            """,
            srv.uri,
            target,
            tmp_path / "state",
        )
        assert running.line() == "begun"
        between.hold_at(RDBCMM, passed=kept)
        running.process.stdin.write("\n")
        running.process.stdin.flush()
        assert wait_for(lambda: between.holds, 30)
        start = time.monotonic()
        running.process.send_signal(signal.SIGINT)
        _, _, told = running.end()
        assert time.monotonic() - start < SLACK
        assert "KeyboardInterrupt" in told and "750 rows are kept; the same call goes on from there" in told
        between.release()
        report = drdarrow.copy("SHOP.ORDERS", target, uri=srv.uri, state=tmp_path / "state", parts=4, connections=1)
        assert report.resumed and report.rows == COUNT and report.ok
        with other.connect() as connection:
            assert connection.execute("SELECT COUNT(*), COUNT(DISTINCT ID) FROM SHOP.ORDERS").fetchone() == (
                COUNT,
                COUNT,
            )


@pytest.mark.parametrize("form", ["parquet", "csv", "duckdb"])
def test_bad_values_of_records_are_counted_in_the_report(tmp_path: Path, form: str) -> None:
    moments = [dt.datetime(2024, 2, 29, 1, 2, 3, 4), dt.datetime(2025, 1, 1), None]
    table = pa.table({"ID": pa.array([1, 2, 3], pa.int32()), "AT": pa.array(moments, pa.timestamp("us"))})
    target = tmp_path / ("kept.duckdb" if form == "duckdb" else "lab")
    with server.serve(persona="ibmi", files={"LAB/ONE": table}) as made, Proxy(made.port) as between:
        between.change = ("2024-02-29".encode("cp037"), "2024-02-31".encode("cp037"))
        asked: dict[str, Any] = {"uri": f"drda://me@127.0.0.1:{between.port}/", "signon_port": 0, "format": form}
        with pytest.raises(drdarrow.DataError, match="AT"):
            drdarrow.copy("LAB/ONE", target, **asked)
        report = drdarrow.copy("LAB/ONE", target, restart=True, on_error="null", **asked)
    assert report.rows == 3 and report.tables[0].nulled == {"AT": 1}
    assert '"AT": 1' in report.to_json() and "AT: 1" in report.to_html()


def test_a_table_of_the_same_name_in_another_schema_of_a_target_is_not_meant(
    srv: server.Server, tmp_path: Path
) -> None:
    with server.serve(persona="luw") as other:
        with other.connect() as connection:
            for sql in (
                "CREATE SCHEMA OTHER", "CREATE TABLE OTHER.PLAIN(ID INTEGER)", "CREATE TABLE OTHER.DRDARROW_COPIES(ID INTEGER)",
                "CREATE TABLE DRDARROWXCOPIES(ID INTEGER)", "CREATE TABLE MINE(ID INTEGER)",
            ):  # fmt: skip
                connection.execute(sql)
            connection.commit()
        asked: dict[str, Any] = {"uri": srv.uri}
        query = "SELECT ID FROM SHOP.ORDERS WHERE ID < 5"
        for restart in (False, True):
            report = drdarrow.copy({"PLAIN": query}, other.uri, state=tmp_path / "one", restart=restart, **asked)
            assert report.rows == 5 and report.ok
        with pytest.raises(drdarrow.InterfaceError, match="this copy did not make it"):
            drdarrow.copy({"MINE": query}, other.uri, state=tmp_path / "two", **asked)


def test_the_end_of_a_unit_of_work_at_a_silent_server_can_be_stopped(srv: server.Server) -> None:
    with Proxy(srv.port) as between, ThreadPoolExecutor(1) as pool:
        reader = Reader(f"drda://app@127.0.0.1:{between.port}/SAMPLE", Options("parquet"))
        reader.connection().execute("SELECT COUNT(*) FROM SHOP.ORDERS").fetchall()
        between.hold()
        ending = pool.submit(reader.rest)
        assert not wait([ending], 0.5).done
        reader.cancel()
        assert isinstance(ending.exception(10), drdarrow.OperationalError)


def test_words_that_name_two_sources_alike_are_refused() -> None:
    with pytest.raises(drdarrow.InterfaceError, match="the same name"):
        words_of(["A=SELECT 1 FROM T", "A=SELECT 2 FROM T", "out"])


def test_a_duckdb_target_takes_rows_in_groups_of_bounded_bytes() -> None:
    from drdarrow.copying.databases import grouped

    batch = pa.record_batch({"A": ["x" * 1000] * 10})
    groups = list(grouped(iter([batch] * 10), 25_000))
    assert [group.num_rows for group in groups] == [30, 30, 30, 10]


def test_values_of_a_condition_may_be_a_list_and_of_any_type(srv: server.Server, tmp_path: Path) -> None:
    where: Any = ["ID < ?", [Decimal(30)]]
    for _ in range(2):
        assert drdarrow.copy("SHOP.ORDERS", tmp_path, uri=srv.uri, where=where).rows == 30


def test_a_server_that_knows_a_few_statements_is_copied_from(tmp_path: Path) -> None:
    rows = pa.table({"ID": pa.array(range(COUNT), pa.int32()), "KIND": [f"k{n % 3}" for n in range(COUNT)]})
    with server.serve(tables={"T": rows, "NONE": rows.slice(0, 0)}, engine="tables", persona="luw") as made:
        report = drdarrow.copy("ANYBODY.*", tmp_path / "all", uri=made.uri, parts=3)
        assert report.ok and [table.source_rows for table in report.tables] == [0, COUNT]
        some = drdarrow.copy("SELECT ID FROM T WHERE KIND = 'k1'", tmp_path / "some", uri=made.uri)
    assert ids(tmp_path / "all" / "ANYBODY.T") == list(range(COUNT)) and ids(tmp_path / "all" / "ANYBODY.NONE") == []
    assert ids(tmp_path / "some" / "QUERY") == list(range(1, COUNT, 3)) and some.rows == 1000


@pytest.mark.parametrize("persona", ["luw", "zos", "ibmi", "derby"])
def test_tables_of_the_engine_without_duckdb_are_copied_in_one_part(tmp_path: Path, persona: Any) -> None:
    rows = pa.table({"ID": pa.array(range(30_000), pa.int32()), "NAME": [f"n{n}" for n in range(30_000)]})
    with server.serve(tables={"T": rows, "FEW": rows.slice(0, 3)}, engine="tables", persona=persona) as made:
        report = drdarrow.copy("ANYBODY.*", tmp_path, uri=made.uri, parts=4, connections=2)
    assert report.ok and [(table.rows, table.parts) for table in report.tables] == [(3, 1), (30_000, 1)]
    assert dataset.dataset(tmp_path / "ANYBODY.T").to_table().sort_by("ID").equals(rows)


def test_the_page_of_a_report_is_well_formed_and_says_how_it_was_proved(srv: server.Server, tmp_path: Path) -> None:
    name = "<script>alert(\"1\")</script>&amp;"
    source = {name: "SELECT ID AS \"a<b>&'c\", CAST(NULL AS INTEGER) AS \"</td>\" FROM SHOP.ORDERS"}
    page = drdarrow.copy(source, tmp_path / "x<y>", uri=srv.uri, parts=2).to_html()

    class Cells(HTMLParser):
        open: ClassVar[list[str]] = []
        texts: ClassVar[list[str]] = []

        def handle_starttag(self, tag: str, attrs: Any) -> None:
            if tag != "meta":
                self.open.append(tag)
            if tag in ("td", "th", "p", "title", "style"):
                self.texts.append("")

        def handle_endtag(self, tag: str) -> None:
            assert self.open.pop() == tag

        def handle_data(self, data: str) -> None:
            if self.texts:
                self.texts[-1] += data

    found = Cells()
    found.feed(page)
    assert found.open == [] and found.texts[0] == f"drdarrow copy: {tmp_path}/x<y>"
    head, cells = found.texts[3:-13], found.texts[-13:]
    assert len(head) == len(cells) and cells[0] == name and cells[1] == "3,000" and cells[3] == "not counted"
    assert cells[10].startswith("</td>: ") and cells[12].startswith("plan: ")
    assert "every file was read again" in found.texts[2] and "0 retries" in found.texts[2]
    kept = drdarrow.copy("SHOP.ORDERS", tmp_path / "kept.duckdb", uri=srv.uri).to_html()
    assert "rows were counted in the target" in kept and "1 table," in kept


def test_record_files_beside_a_database_are_refused_with_the_cure(tmp_path: Path) -> None:
    """Nothing is connected to: no server listens there."""
    with pytest.raises(drdarrow.InterfaceError, match="leave out what follows the host and port"):
        drdarrow.copy("LIB/FILE", tmp_path, uri="drda://u:p@127.0.0.1:1/SAMPLE", backoff=0)
