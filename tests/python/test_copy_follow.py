"""`drdarrow.copy` that follows journals: files that JTOpen and our client change are the same in the target."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from followed import FORMS, PACKAGES, TYPED, Target
from jtopen import Programs

import drdarrow
from drdarrow import journal, server
from drdarrow.copying import storage

pytestmark = pytest.mark.timeout(300)

USER, PASSWORD = "ada", "secret"
FILE = "SHOP/STOCK"
STOCK = pa.table({
    "ID": pa.array(range(1, 41), pa.int32()), "NAME": [f"N{n}" if n % 3 else None for n in range(40)],
    "PRICE": pa.array([Decimal(n).scaleb(-2) for n in range(40)], pa.decimal128(7, 2)),
})  # fmt: skip


@pytest.fixture
def running() -> Iterator[server.Server]:
    # A field may have the name that record numbers have.
    rrns = pa.table({"RRN": pa.array([10, 20], pa.int32()), "A": ["a", None]})
    files = {FILE: STOCK, "SHOP/OTHER": STOCK.slice(0, 5), "SHOP/RRNS": rrns, "SHOP/TYPED": TYPED}
    with server.serve(persona="ibmi", files=files, users={USER: PASSWORD}, password_level=0) as made:
        yield made


@pytest.fixture
def system(running: server.Server) -> Iterator[drdarrow.FileConnection]:
    with running.connect_files(password=PASSWORD) as connection:
        yield connection


@pytest.fixture(params=FORMS)
def form(request: pytest.FixtureRequest) -> str:
    """The kinds of targets that changes are applied to."""
    kind: str = request.param
    if kind in PACKAGES:
        pytest.importorskip(PACKAGES[kind])
    return kind


@pytest.fixture
def place(form: str, tmp_path: Path) -> Iterator[Target]:
    with Target(form, tmp_path).ready() as made:
        yield made


def follow(running: server.Server, target: Path | str | Target, source: Any = FILE, **options: Any) -> drdarrow.copying.CopyReport:
    if isinstance(target, Target):
        return follow(running, target.name, source, **target.options, **options)
    return drdarrow.copy(source, target, uri=running.uri, password=PASSWORD, follow=True, **options)


def records(system: drdarrow.FileConnection, file: str = FILE) -> list[tuple[Any, ...]]:
    with system.open_file(file, rrn=True) as opened:
        return sorted(tuple(row.values()) for row in pa.table(opened).to_pylist())


def copied(target: Path, table: str = "SHOP.STOCK") -> list[tuple[Any, ...]]:
    with duckdb.connect(str(target), read_only=True) as connection:
        return sorted(connection.sql(f"FROM {table}").fetchall())


def change(system: drdarrow.FileConnection, chance: random.Random, steps: int, commit: bool = False) -> None:
    """Changes records at random, with commitment control in units of work of which some are rolled back."""
    with system.open_file(FILE, mode="rw", commit="chg" if commit else "none") as file:
        numbers = [row[0] for row in records(system)]
        for step in range(steps):
            kind = chance.choice(["add", "update", "delete"])
            row = {"ID": chance.randrange(10_000), "NAME": None, "PRICE": Decimal(chance.randrange(99)) / 4}
            if kind == "add" or not numbers:
                file.write([row])
            elif kind == "update":
                file.update(row, rrn=chance.choice(numbers))
            else:
                file.delete(rrn=numbers.pop(chance.randrange(len(numbers))))
            if commit and step % 4 == 3:
                system.commit() if chance.random() < 0.5 else system.rollback()
                numbers = [row[0] for row in records(system)]
        if commit:
            system.rollback()


def test_changes_by_jtopen_are_applied(
    running: server.Server, system: drdarrow.FileConnection, tmp_path: Path, place: Target
) -> None:
    programs = Programs(tmp_path)
    assert running.signon_port is not None
    files = [FILE, "SHOP/TYPED"]
    report = follow(running, place, files)
    assert [(table.rows, table.changes) for table in report.tables] == [(40, 0), (3, 0)]
    for seed in range(2):
        for path in files:
            name = f"/QSYS.LIB/{path.replace('/', '.LIB/')}.FILE"
            programs.run("Changes", (running.port, running.signon_port), (USER, PASSWORD), name, str(seed), "60")
        report = follow(running, place, files)
        assert place.rows() == records(system)
        assert place.rows("TYPED") == records(system, "SHOP/TYPED")
    taken = [table.changes for table in report.tables]
    assert min(taken) > 60
    # Nothing has come since, and nothing is taken twice.
    assert [table.changes for table in follow(running, place, files).tables] == taken


def test_a_record_that_was_read_before_its_rollback_is_undone(
    running: server.Server, system: drdarrow.FileConnection, place: Target
) -> None:
    with system.open_file(FILE, mode="rw", commit="chg") as file:
        file.write([{"ID": 999, "NAME": "NEVER", "PRICE": 1}])
        file.delete(rrn=1)
        # The copy reads what is not committed, as every reader without locks does.
        follow(running, place)
        assert 999 in [row[1] for row in place.rows()] and 1 not in [row[0] for row in place.rows()]
        system.rollback()
    follow(running, place)
    assert place.rows() == records(system) and len(place.rows()) == 40


def test_a_commit_that_the_manifest_did_not_hear_of_is_not_made_again(
    running: server.Server, system: drdarrow.FileConnection, place: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    from drdarrow.copying import manifest

    follow(running, place)
    chance = random.Random(8)
    change(system, chance, 9)
    taken = follow(running, place).tables[0].changes
    for _ in range(2):
        change(system, chance, 9)
        with monkeypatch.context() as patched:

            def full(*_: object) -> None:
                raise OSError(28, "No space left on device")

            patched.setattr(manifest.Manifest, "keep_table", full)
            with pytest.raises(OSError, match="No space left"):
                follow(running, place)
        # The target has the changes of the call that failed; they are not counted a second time.
        rows = place.rows()
        assert rows == records(system)
    again = follow(running, place).tables[0].changes
    assert again >= taken + 18 and follow(running, place).tables[0].changes == again
    with running.connect(password=PASSWORD) as connection:
        start = manifest.Manifest(storage.store(place.state)).table("SHOP.STOCK")
        assert start is not None and start.position == list(journal.end(connection, file=FILE))


def test_a_field_may_have_the_name_of_record_numbers(running: server.Server, tmp_path: Path) -> None:
    target = tmp_path / "kept.duckdb"
    follow(running, target, "SHOP/RRNS")
    with running.connect_files(password=PASSWORD) as system, system.open_file("SHOP/RRNS", mode="rw") as file:
        file.update({"RRN": 30, "A": "c"}, rrn=1)
        file.write([{"RRN": 40, "A": "d"}])
    follow(running, target, "SHOP/RRNS")
    assert copied(target, "SHOP.RRNS") == [(1, 30, "c"), (2, 20, None), (3, 40, "d")]
    # In Parquet a name twice would be read by nobody.
    with pytest.raises(drdarrow.InterfaceError, match=r"follow: SHOP/RRNS has a field RRN.*take DuckDB"):
        follow(running, tmp_path / "shop", "SHOP/RRNS")


def test_a_cleared_file_and_a_file_of_changes(
    running: server.Server, system: drdarrow.FileConnection, place: Target
) -> None:
    files = ["SHOP/STOCK", "SHOP/OTHER"]
    follow(running, place, files)
    change(system, random.Random(3), 10)
    system.command(f"CLRPFM FILE({FILE})")
    change(system, random.Random(4), 10)
    follow(running, place, files)
    assert place.rows() == records(system)
    assert place.rows("OTHER") == records(system, "SHOP/OTHER")
    system.command("CLRPFM FILE(SHOP/OTHER)")
    follow(running, place, files)
    assert place.rows("OTHER") == [] and place.rows() == records(system)


def test_parquet_has_files_of_changes_beside_it(
    running: server.Server, system: drdarrow.FileConnection, tmp_path: Path
) -> None:
    target = tmp_path / "shop"
    follow(running, target)
    for seed in range(3):
        change(system, random.Random(seed), 12, commit=seed == 1)
        follow(running, target)
    folder = target / "SHOP.STOCK"
    # Who reads the folder as a table sees the rows that were copied.
    assert pq.read_table(folder).num_rows == 40
    files = sorted((folder / "_changes").glob("*.parquet"))
    assert len(files) == 3
    now = {row["RRN"]: tuple(row.values()) for row in pq.read_table(folder).to_pylist()}
    numbers = []
    for row in (row for file in files for row in pq.read_table(file).to_pylist()):
        numbers.append(row["_sequence"])
        if row["_change"] in ("insert", "update_after"):
            now[row["_rrn"]] = (row["_rrn"], *tuple(row.values())[6:])
        elif row["_change"] == "delete":
            del now[row["_rrn"]]
    assert sorted(now.values()) == records(system)
    assert numbers == sorted(set(numbers))
    # A file that the manifest does not know is of a call that was killed; one that is gone is told.
    stray = files[0].with_name(files[0].name.replace("-00000000-", "-00000009-"))
    stray.write_bytes(files[0].read_bytes())
    follow(running, target)
    assert not stray.exists()
    files[1].unlink()
    with pytest.raises(drdarrow.InterfaceError, match="gone"):
        follow(running, target)


CALL = """
import json, sys, drdarrow
target, uri, options = sys.argv[1:]
drdarrow.copy("SHOP/STOCK", target, uri=uri, password="secret", follow=True, every=0.05, **json.loads(options))
"""


@contextmanager
def changing(running: server.Server) -> Iterator[None]:
    """The records of the file change meanwhile."""
    stop = threading.Event()

    def work() -> None:
        chance = random.Random(5)
        with running.connect_files(password=PASSWORD) as other:
            while not stop.is_set():
                change(other, chance, 8, commit=chance.random() < 0.5)

    worker = threading.Thread(target=work)
    worker.start()
    try:
        yield
    finally:
        stop.set()
        worker.join()


def kill(running: server.Server, target: str, options: dict[str, Any], seconds: float) -> None:
    """A copy that follows is killed so long after its records were copied: from then on changes are taken."""
    command = [sys.executable, "-c", CALL, target, running.uri, json.dumps(options)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE)
    report, over = Path(options["state"]) / "report.json", time.monotonic() + 60
    while process.poll() is None and not report.exists() and time.monotonic() < over:
        time.sleep(0.05)
    time.sleep(seconds)
    process.kill()
    error = process.communicate()[1].decode()
    assert process.returncode == -signal.SIGKILL, error


def test_a_copy_that_applies_changes_is_killed_and_goes_on(
    running: server.Server, system: drdarrow.FileConnection, place: Target
) -> None:
    chance = random.Random(6)
    with changing(running):
        for _ in range(4):
            kill(running, place.name, place.options, 0.3 + 1.5 * chance.random())
    follow(running, place)
    change(system, chance, 5)
    assert follow(running, place).tables[0].changes > 20
    assert place.rows() == records(system)


def test_a_copy_that_keeps_changes_is_killed_and_goes_on(
    running: server.Server, system: drdarrow.FileConnection, tmp_path: Path
) -> None:
    target, chance = tmp_path / "shop", random.Random(6)
    options = {"state": str(tmp_path / "state")}
    with changing(running):
        for _ in range(4):
            kill(running, str(target), options, 0.3 + 1.5 * chance.random())
    follow(running, target, **options)
    change(system, chance, 5)
    follow(running, target, **options)
    folder = target / "SHOP.STOCK"
    changes = [row for file in sorted((folder / "_changes").glob("*.parquet")) for row in pq.read_table(file).to_pylist()]
    numbers = [row["_sequence"] for row in changes]
    assert numbers == sorted(set(numbers)) and numbers
    now = {row["RRN"]: tuple(row.values()) for row in pq.read_table(folder).to_pylist()}
    for row in changes:
        if row["_change"] in ("insert", "update_after"):
            now[row["_rrn"]] = (row["_rrn"], *tuple(row.values())[6:])
        elif row["_change"] == "delete":
            now.pop(row["_rrn"], None)
    assert sorted(now.values()) == records(system)


def test_a_gap_stops_it_and_a_new_copy_goes_on(
    running: server.Server, system: drdarrow.FileConnection, tmp_path: Path
) -> None:
    target = tmp_path / "kept.duckdb"
    follow(running, target)
    change(system, random.Random(1), 5)
    system.command("CHGJRN JRN(SHOP/QSQJRN) JRNRCV(*GEN)")
    system.command("DLTJRNRCV JRNRCV(SHOP/QSQJRN0001)")
    with pytest.raises(drdarrow.DataError, match=r"are gone.*copy the file anew"):
        follow(running, target)
    follow(running, target, restart=True)
    change(system, random.Random(2), 5)
    follow(running, target)
    assert copied(target) == records(system)


@pytest.mark.parametrize("form", ["duckdb", "derby"])
def test_a_table_that_another_changed_is_told(running: server.Server, tmp_path: Path, form: str) -> None:
    def execute(place: Target, sql: str) -> None:
        if place.form == "duckdb":
            with duckdb.connect(place.name) as kept:
                kept.execute(sql)
            return
        with drdarrow.connect(place.name) as other:
            other.execute(sql)
            other.commit()

    with Target(form, tmp_path).ready() as place:
        follow(running, place, "SHOP/OTHER")
        with running.connect_files(password=PASSWORD) as system, system.open_file("SHOP/OTHER", mode="rw") as file:
            file.delete(rrn=1)
            file.update({"ID": 99}, rrn=2)
        execute(place, "ALTER TABLE SHOP.OTHER DROP COLUMN NAME")
        with pytest.raises(drdarrow.Error) as refused:
            follow(running, place, "SHOP/OTHER")
        text = " ".join([str(refused.value), *getattr(refused.value, "__notes__", [])])
        assert "the target does not take the changes" in text and "restart=True" in text
        execute(place, "DROP TABLE SHOP.OTHER")
        with pytest.raises(drdarrow.DataError, match=r"SHOP.OTHER: the target has no such table any more.*restart=True"):
            follow(running, place, "SHOP/OTHER")
        follow(running, place, "SHOP/OTHER", restart=True)
        with running.connect_files(password=PASSWORD) as system:
            assert place.rows("OTHER") == records(system, "SHOP/OTHER")


@pytest.mark.parametrize("persona", ["luw", "zos", "derby"])
def test_products_without_journals_are_told(tmp_path: Path, persona: Any) -> None:
    with server.serve(tables={"T": STOCK}, persona=persona) as other:
        for source in ("SHOP/STOCK", "SHOP/*"):
            with pytest.raises(drdarrow.NotSupportedError, match="journals are those of Db2 for i, and this is .*since="):
                drdarrow.copy(source, tmp_path / "kept.duckdb", uri=other.uri, follow=True)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"target": "shop", "journal": "QSQJRN"}, "journal: expected LIBRARY/NAME, not 'QSQJRN'"),
        ({"target": "texts", "format": "csv"}, "rows of csv cannot be changed"),
        ({"target": "texts", "format": "arrow"}, "rows of arrow cannot be changed"),
        ({"target": "shop", "since": "ID", "margin": 0}, "leave since= out"),
        ({"target": "shop", "every": 0}, "every: expected seconds above 0"),
        ({"target": "shop", "follow": False, "every": 1}, "every: goes with follow=True"),
        ({"target": "shop", "source": "SELECT 1 AS A FROM SYSIBM.SYSDUMMY1"}, "record files have journals .*; QUERY is a query"),
    ],
)  # fmt: skip
def test_what_cannot_be_followed_is_refused_by_name(
    running: server.Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: dict[str, Any], words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    given = {"source": FILE, "follow": True, **options}
    with pytest.raises(drdarrow.InterfaceError, match=words):
        drdarrow.copy(given.pop("source"), given.pop("target"), uri=running.uri, password=PASSWORD, **given)
