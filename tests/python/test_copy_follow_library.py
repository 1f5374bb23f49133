"""`drdarrow.copy` that follows many files: those of a library by a pattern, which come and go, by one reading of each
journal."""

from __future__ import annotations

import asyncio
import json
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from followed import FORMS, PACKAGES, Target

import drdarrow
from drdarrow import aio, journal, server
from drdarrow.copying import following

pytestmark = pytest.mark.timeout(300)

PASSWORD = "secret"
NAMES = ["A", "B", "C", "D"]
ROWS = pa.table({"ID": pa.array(range(1, 21), pa.int32()), "NAME": [f"N{n}" if n % 3 else None for n in range(20)]})


@pytest.fixture
def running() -> Iterator[server.Server]:
    files = {**{f"SHOP/{name}": ROWS for name in NAMES}, "LAB/T": ROWS.slice(0, 3)}
    with server.serve(persona="ibmi", files=files, users={"ada": PASSWORD}, password_level=0) as made:
        yield made


@pytest.fixture
def system(running: server.Server) -> Iterator[drdarrow.FileConnection]:
    with running.connect_files(password=PASSWORD) as connection:
        yield connection


def follow(running: server.Server, target: Path | str, source: Any = "SHOP/*", **options: Any) -> drdarrow.copying.CopyReport:
    return drdarrow.copy(source, target, uri=running.uri, password=PASSWORD, follow=True, **options)


def changes(report: drdarrow.copying.CopyReport) -> dict[str, int]:
    return {table.name: table.changes for table in report.tables}


def records(system: drdarrow.FileConnection, file: str) -> list[tuple[Any, ...]]:
    with system.open_file(file, rrn=True) as opened:
        return sorted(tuple(row.values()) for row in pa.table(opened).to_pylist())


def copied(target: Path, table: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(target), read_only=True) as connection:
        return sorted(connection.sql(f"FROM {table}").fetchall())


def change(system: drdarrow.FileConnection, chance: random.Random, steps: int, names: list[str] = NAMES) -> None:
    """Changes files at random; with commitment control a unit of work has changes of several."""
    commit = chance.random() < 0.6
    files = {name: system.open_file(f"SHOP/{name}", mode="rw", commit="chg" if commit else "none") for name in names}
    try:
        for step in range(steps):
            name = chance.choice(names)
            numbers = [row[0] for row in records(system, f"SHOP/{name}")]
            kind, row = chance.choice(["add", "update", "delete"]), {"ID": chance.randrange(10_000), "NAME": None}
            if kind == "add" or not numbers:
                files[name].write([row])
            elif kind == "update":
                files[name].update(row, rrn=chance.choice(numbers))
            else:
                files[name].delete(rrn=chance.choice(numbers))
            if commit and step % 5 == 4:
                system.commit() if chance.random() < 0.6 else system.rollback()
        if commit:
            system.rollback()
    finally:
        for file in files.values():
            file.close()


def test_each_change_of_each_file_is_taken_once_by_one_reading(
    running: server.Server, system: drdarrow.FileConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target, chance = tmp_path / "kept.duckdb", random.Random(1)
    source = ["SHOP/*", "LAB/T"]
    readings: list[tuple[str, str]] = []
    entries = following.entries

    def counted(connection: Any, reading: Any) -> Any:
        readings.append(reading.journal)
        return entries(connection, reading)

    monkeypatch.setattr(following, "entries", counted)
    with running.connect(password=PASSWORD) as sql:
        starts = {name: journal.end(sql, file=f"SHOP/{name}") for name in NAMES}
        report = follow(running, target, source)
        assert [table.name for table in report.tables] == ["SHOP.A", "SHOP.B", "SHOP.C", "SHOP.D", "LAB.T"]
        for _ in range(3):
            readings.clear()
            change(system, chance, 15)
            with system.open_file("LAB/T", mode="rw") as other:
                other.write([{"ID": 7, "NAME": None}])
            report = follow(running, target, source)
            assert sorted(readings) == [("LAB", "QSQJRN"), ("SHOP", "QSQJRN")]
            for name in NAMES:
                assert copied(target, f"SHOP.{name}") == records(system, f"SHOP/{name}")
            assert copied(target, "LAB.T") == records(system, "LAB/T")
        for name, start in starts.items():
            read = journal.read(sql, file=f"SHOP/{name}", start=start, transactions="all")
            assert changes(report)[f"SHOP.{name}"] == sum(batch.num_rows for batch in read) > 0
    assert changes(report) == changes(follow(running, target, source))


@pytest.mark.parametrize("form", FORMS)
def test_every_target_takes_the_changes_of_several_files(
    running: server.Server, system: drdarrow.FileConnection, tmp_path: Path, form: str
) -> None:
    if form in PACKAGES:
        pytest.importorskip(PACKAGES[form])
    chance = random.Random(2)
    with Target(form, tmp_path).ready() as place:
        follow(running, place.name, **place.options)
        for _ in range(2):
            change(system, chance, 12)
            follow(running, place.name, **place.options)
            for name in NAMES:
                assert place.rows(name) == records(system, f"SHOP/{name}")


def test_changes_that_wait_have_the_bytes_of_a_row_group(
    running: server.Server, system: drdarrow.FileConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target, taken = tmp_path / "kept.duckdb", list[int]()
    options = {"row_group_bytes": 20_000, "batch_rows": 100}
    follow(running, target, **options)
    for step in range(10):
        for name in NAMES:
            with system.open_file(f"SHOP/{name}", mode="rw") as file:
                file.write([{"ID": 100 * step + n, "NAME": f"N{n}"} for n in range(60)])
    take = following.Follower._take

    def counted(self: Any, table: Any, feed: Any) -> None:
        taken.append(sum(changes.nbytes for changes, _ in feed._steps))
        take(self, table, feed)

    monkeypatch.setattr(following.Follower, "_take", counted)
    report = follow(running, target, **options)
    assert changes(report) == {f"SHOP.{name}": 600 for name in NAMES}
    # Those of all files together, which are taken one after the other, with the batch that was the last one.
    assert len(taken) > 8 and max(taken) < 30_000 < sum(taken)
    for name in NAMES:
        assert copied(target, f"SHOP.{name}") == records(system, f"SHOP/{name}")


STEPS = """
import json, os, signal, sys
import drdarrow
from drdarrow.copying import following, manifest
left = int(sys.argv[3])
def step():
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
def stepping(owner, name):
    inner = getattr(owner, name)
    def wrapped(*given, **named):
        step()
        result = inner(*given, **named)
        step()
        return result
    setattr(owner, name, wrapped)
for name in ("keep", "keep_table", "report"):
    stepping(manifest.Manifest, name)
for name in ("_take", "_round", "_position"):
    stepping(following.Follower, name)
drdarrow.copy("SHOP/*", sys.argv[1], uri=sys.argv[2], password="secret", follow=True, connections=2)
"""


@pytest.mark.parametrize(("name", "step"), [("kept.duckdb", 0), ("kept", -1)])
def test_it_is_killed_between_any_two_steps_and_goes_on(
    running: server.Server, system: drdarrow.FileConnection, tmp_path: Path, name: str, step: int
) -> None:
    target, chance = tmp_path / name, random.Random(3)
    with running.connect(password=PASSWORD) as sql:
        start = journal.end(sql, file="SHOP/A")
        while True:
            # One of them has the odd steps, the other one the even ones.
            step += 2
            change(system, chance, 4, NAMES[:2])
            command = [sys.executable, "-c", STEPS, str(target), running.uri, str(step)]
            done = subprocess.run(command, capture_output=True, timeout=60)
            if done.returncode == 0:
                break
            assert done.returncode == -signal.SIGKILL, done.stderr.decode()
        assert step > 20
        report = follow(running, target, connections=2)
        if name == "kept.duckdb":
            for each in NAMES:
                assert copied(target, f"SHOP.{each}") == records(system, f"SHOP/{each}")
        else:
            for each in NAMES[:2]:
                kept = pa.parquet.read_table(target / f"SHOP.{each}" / "_changes")  # type: ignore[attr-defined]
                numbers = kept["_sequence"].to_pylist()
                first = min(numbers)
                read = journal.read(sql, file=f"SHOP/{each}", start=start, transactions="all")
                expected = [row["_sequence"] for batch in read for row in batch.to_pylist()]
                assert sorted(numbers) == [number for number in expected if number >= first]
                assert changes(report)[f"SHOP.{each}"] == len(numbers)


def test_files_that_come_and_go_are_told(running: server.Server, system: drdarrow.FileConnection, tmp_path: Path) -> None:
    target = tmp_path / "kept.duckdb"
    told: list[tuple[str, str]] = []

    async def until(what: Callable[[], bool]) -> None:
        over = time.monotonic() + 60
        while not what():
            assert time.monotonic() < over, told
            await asyncio.sleep(0.05)

    async def main() -> None:
        task = asyncio.create_task(
            aio.copy(
                "SHOP/*", target, uri=running.uri, password=PASSWORD, follow=True, every=0.1,
                progress=lambda each: told.append((each.table, each.state)),
            )
        )  # fmt: skip
        try:
            await until((tmp_path / "kept.duckdb.copy" / "report.json").exists)
            await asyncio.to_thread(system.command, "CRTPF FILE(SHOP/NEW) RCDLEN(20)")
            await until(lambda: ("SHOP.NEW", "done") in told)
            with system.open_file("SHOP/NEW", mode="rw") as file:
                file.write([("x" * 20,)])
            await until(lambda: ("SHOP.NEW", "following") in told)
            await asyncio.to_thread(system.command, "DLTF FILE(SHOP/B)")
            await until(lambda: ("SHOP.B", "gone") in told)
            with system.open_file("SHOP/A", mode="rw") as file:
                file.delete(rrn=1)
            await until(lambda: ("SHOP.A", "following") in told)
        finally:
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    asyncio.run(main())
    report = follow(running, target)
    assert {table.name: table.gone for table in report.tables} == {
        "SHOP.A": False, "SHOP.B": True, "SHOP.C": False, "SHOP.D": False, "SHOP.NEW": False,
    }  # fmt: skip
    kept = json.loads((tmp_path / "kept.duckdb.copy" / "report.json").read_text())
    assert [table["name"] for table in kept["tables"] if table["gone"]] == ["SHOP.B"]
    assert "(gone)" in report.to_html()
    assert copied(target, "SHOP.NEW") == records(system, "SHOP/NEW") != []
    assert copied(target, "SHOP.A") == records(system, "SHOP/A")
    # The target has the rows of the file that is gone as they were.
    assert len(copied(target, "SHOP.B")) == 20
    # A file of the same name is another one.
    system.command("CRTPF FILE(SHOP/B) RCDLEN(20)")
    with pytest.raises(drdarrow.DataError, match=r"SHOP/B.*copy it anew"):
        follow(running, target)


def test_what_is_wrong_with_a_file_does_not_hold_up_the_others(
    running: server.Server, system: drdarrow.FileConnection, tmp_path: Path
) -> None:
    target, source = tmp_path / "kept.duckdb", ["SHOP/A", "SHOP/B"]
    follow(running, target, source)
    system.command("DLTF FILE(SHOP/B)")
    system.command("CRTPF FILE(SHOP/B) RCDLEN(20)")
    for number in (1, 2):
        with system.open_file("SHOP/A", mode="rw") as file, system.open_file("SHOP/B", mode="rw") as other:
            file.delete(rrn=number)
            other.write([("x" * 20,)])
        with pytest.raises(drdarrow.DataError, match=r"SHOP/B.*the file was deleted, changed"):
            follow(running, target, source)
        assert copied(target, "SHOP.A") == records(system, "SHOP/A")
    assert len(copied(target, "SHOP.B")) == 20


def test_a_pattern_with_a_journal_has_the_files_of_that_one(
    running: server.Server, system: drdarrow.FileConnection, tmp_path: Path
) -> None:
    target = tmp_path / "kept.duckdb"
    follow(running, target, journal="SHOP/QSQJRN")
    system.command("DLTF FILE(SHOP/D)")
    with system.open_file("SHOP/C", mode="rw") as file:
        file.delete(rrn=3)
    report = follow(running, target, journal="SHOP/QSQJRN")
    assert [table.gone for table in report.tables] == [False, False, False, True]
    assert copied(target, "SHOP.C") == records(system, "SHOP/C")
    with pytest.raises(drdarrow.InterfaceError, match=r"nothing to copy in 'SHOP/\*': files that are followed have a journal"):
        follow(running, tmp_path / "other.duckdb", journal="LAB/QSQJRN")


def test_a_reading_that_is_stopped_takes_nothing_half(
    running: server.Server, system: drdarrow.FileConnection, tmp_path: Path
) -> None:
    target, chance = tmp_path / "kept.duckdb", random.Random(4)
    follow(running, target)
    stop = threading.Event()

    def work() -> None:
        with running.connect_files(password=PASSWORD) as other:
            while not stop.is_set():
                change(other, chance, 6)

    worker = threading.Thread(target=work)
    worker.start()
    try:
        for wait in (0.2, 0.5, 0.9, 1.4):

            async def cancelled(seconds: float = wait) -> None:
                task = asyncio.create_task(
                    aio.copy("SHOP/*", target, uri=running.uri, password=PASSWORD, follow=True, every=0.02)
                )
                await asyncio.sleep(seconds)
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task

            asyncio.run(cancelled())
    finally:
        stop.set()
        worker.join()
    follow(running, target)
    for name in NAMES:
        assert copied(target, f"SHOP.{name}") == records(system, f"SHOP/{name}")
