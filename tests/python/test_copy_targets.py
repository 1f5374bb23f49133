"""Lakes and databases as targets of `drdarrow.copy`: killed at any moment and resumed, no row is missing or twice."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from copying import ended, ids, killed
from peers import Proxy

import drdarrow
from drdarrow import server

COUNT = 12_000
FORMS = ["parquet", "duckdb", "adbc", "delta", "iceberg"]
PACKAGES = {"delta": "deltalake", "iceberg": "pyiceberg", "adbc": "adbc_driver_sqlite"}


@pytest.fixture(scope="module")
def srv() -> Iterator[server.Server]:
    rows = pa.table({"ID": pa.array(range(COUNT), pa.int32()), "NAME": [f"näme {n}" if n % 3 else None for n in range(COUNT)]})
    with server.serve(persona="luw") as made, made.connect() as connection:
        connection.execute("CREATE SCHEMA SHOP")
        connection.cursor().ingest("SHOP.ORDERS", rows, "create")
        connection.cursor().ingest("SHOP.ITEMS", rows.slice(0, 40), "create")
        connection.cursor().ingest("SHOP.NONE", rows.slice(0, 0), "create")
        connection.commit()
        yield made


def target_of(folder: Path, form: str) -> Any:
    if form in PACKAGES:
        pytest.importorskip(PACKAGES[form])
    if form == "adbc":
        return f"sqlite://{folder}/kept.sqlite"
    return folder / "kept.duckdb" if form == "duckdb" else folder / "shop"


def whole(target: Any, form: str) -> None:
    assert ids(target, form, "ORDERS") == list(range(COUNT))
    assert ids(target, form, "ITEMS") == list(range(40))
    assert ids(target, form, "NONE") == []


@pytest.mark.parametrize("form", FORMS)
def test_a_copy_that_is_killed_again_and_again_ends_with_all_rows_once(srv: server.Server, tmp_path: Path, form: str) -> None:
    target = target_of(tmp_path, form)
    state = tmp_path / "state"
    chance = random.Random(7)
    kills = 0
    for _ in range(3):
        kills += killed(srv.uri, target, form, chance.uniform(0.0, 0.6), state, begun=state / "copy.json")
    ended(srv.uri, target, form, state)
    whole(target, form)
    assert kills >= 1
    # A copy that is done is not done again.
    report = drdarrow.copy("SHOP.*", target, uri=srv.uri, format=form, state=state)
    assert report.rows == COUNT + 40 and not report.resumed and report.ok


@pytest.mark.parametrize("form", FORMS[1:])
def test_a_copy_whose_manifest_did_not_hear_of_its_commits_does_not_commit_twice(srv: server.Server, tmp_path: Path, form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from drdarrow.copying import manifest

    target = target_of(tmp_path, form)
    asked: dict[str, Any] = {"uri": srv.uri, "format": form, "parts": 3, "state": tmp_path / "state"}
    keep = manifest.Manifest.keep_table

    def deaf(self: manifest.Manifest, state: manifest.TableState) -> None:
        if state.committed and state.name == "SHOP.ORDERS":
            raise OSError(28, "No space left on device")
        keep(self, state)

    with monkeypatch.context() as patched:
        patched.setattr(manifest.Manifest, "keep_table", deaf)
        with pytest.raises(OSError, match="No space left"):
            drdarrow.copy("SHOP.*", target, **asked)
    drdarrow.copy("SHOP.*", target, **asked)
    whole(target, form)


@pytest.mark.parametrize("form", FORMS)
def test_rows_that_came_since_and_a_copy_that_begins_anew_are_there_once(srv: server.Server, tmp_path: Path, form: str) -> None:
    target = target_of(tmp_path, form)
    asked: dict[str, Any] = {"uri": srv.uri, "format": form, "since": "ID", "margin": 0, "state": tmp_path / "state"}
    name = {"parquet": "A", "duckdb": "B", "delta": "C", "iceberg": "D", "adbc": "E"}[form]
    rows = pa.table({"ID": pa.array([1, 2, 3], pa.int32())})
    with srv.connect() as connection:
        connection.cursor().ingest(f"GROWN_{name}", rows, "create")
        connection.commit()
        source = {f"SHOP.{name}": f"GROWN_{name}"}
        assert drdarrow.copy(source, target, **asked).rows == 3
        connection.cursor().ingest(f"GROWN_{name}", pa.table({"ID": pa.array([4, 5], pa.int32())}))
        connection.commit()
        assert drdarrow.copy(source, target, **asked).new_rows == 2
        assert ids(target, form, name) == [1, 2, 3, 4, 5]
        assert drdarrow.copy(source, target, **asked).new_rows == 0
        assert drdarrow.copy(source, target, restart=True, **asked).new_rows == 5
    assert ids(target, form, name) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("form", FORMS[1:])
def test_a_table_of_somebody_else_is_not_touched(srv: server.Server, tmp_path: Path, form: str) -> None:
    target = target_of(tmp_path, form)
    asked: dict[str, Any] = {"uri": srv.uri, "format": form}
    drdarrow.copy("SHOP.ITEMS", target, state=tmp_path / "one", **asked)
    with pytest.raises(drdarrow.InterfaceError, match="restart=True to replace"):
        drdarrow.copy("SHOP.ITEMS", target, state=tmp_path / "two", **asked)
    assert ids(target, form, "ITEMS") == list(range(40))
    drdarrow.copy("SHOP.ITEMS", target, state=tmp_path / "three", restart=True, where="ID < 5", **asked)
    assert ids(target, form, "ITEMS") == list(range(5))


def test_another_database_gets_the_rows_of_each_part_once(srv: server.Server, tmp_path: Path) -> None:
    kept = duckdb.connect()
    with server.serve(kept, persona="luw") as other:
        with other.connect() as connection:
            connection.execute("CREATE SCHEMA SHOP")
            connection.commit()
        asked: dict[str, Any] = {"uri": srv.uri, "state": tmp_path, "parts": 4, "connections": 2}

        def stop(told: drdarrow.copying.Progress) -> None:  # type: ignore[name-defined]
            if told.parts[0] == 2:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            drdarrow.copy("SHOP.ORDERS", other.uri, progress=stop, **asked)
        report = drdarrow.copy("SHOP.ORDERS", other.uri, **asked)
        assert report.resumed and report.ok and report.rows == COUNT
        with pytest.raises(drdarrow.InterfaceError, match="state"):
            drdarrow.copy("SHOP.ORDERS", other.uri, uri=srv.uri)
    found = kept.sql("SELECT ID, NAME FROM SHOP.ORDERS ORDER BY ID").fetchall()
    assert found == [(n, f"näme {n}" if n % 3 else None) for n in range(COUNT)]


def test_a_folder_by_a_url_has_the_rows(srv: server.Server) -> None:
    fsspec = pytest.importorskip("fsspec")
    import pyarrow.dataset as dataset

    report = drdarrow.copy("SHOP.*", "memory://lab/shop", uri=srv.uri, parts=3)
    assert report.ok and report.rows == COUNT + 40
    again = drdarrow.copy("SHOP.*", "memory://lab/shop", uri=srv.uri, parts=3)
    assert again.rows == COUNT + 40 and not again.resumed
    system = fsspec.filesystem("memory")
    rows = dataset.dataset("/lab/shop/SHOP.ORDERS", filesystem=system, format="parquet").to_table()
    assert sorted(rows.column("ID").to_pylist()) == list(range(COUNT))


@pytest.mark.parametrize("form", FORMS[1:])
def test_tables_with_signs_in_their_names_are_there_with_their_rows(srv: server.Server, tmp_path: Path, form: str) -> None:
    target = target_of(tmp_path, form)
    names = {"SHOP.ORDER#": "ORDER#", "SHOP.a/b %20?": "a~2Fb ~2520~3F", "SHOP.~": "~7E"}
    source = {name: f"SELECT ID FROM SHOP.ITEMS WHERE ID = {n}" for n, name in enumerate(names)}
    assert drdarrow.copy(source, target, uri=srv.uri, format=form).ok
    for n, (name, folder) in enumerate(names.items()):
        table = f'"{name[5:]}"' if form == "duckdb" else folder if form == "delta" else name[5:]
        assert ids(target, form, table) == [n]


@pytest.mark.parametrize("form", ["delta", "iceberg"])
def test_rows_that_a_lake_cannot_have_are_refused_before_any_is_written(srv: server.Server, tmp_path: Path, form: str) -> None:
    target = target_of(tmp_path, form)
    with pytest.raises(drdarrow.InterfaceError, match="two columns have the name ID"):
        drdarrow.copy("SELECT ID, ID FROM SHOP.ITEMS", target, uri=srv.uri, format=form)
    with pytest.raises(drdarrow.DataError, match="M: the target has timestamp"):
        drdarrow.copy(
            "SELECT TIMESTAMP '2026-01-01 00:00:00.123456789' AS M FROM SHOP.ITEMS", target, uri=srv.uri, format=form,
            restart=True, timestamp_unit="ns",
        )  # fmt: skip
    assert not list(target.rglob("*.parquet"))
    sign = "%" if form == "delta" else "#"
    with pytest.raises(drdarrow.InterfaceError, match=f"takes no path with {sign}"):
        drdarrow.copy("SHOP.ITEMS", tmp_path / f"shop{sign}20", uri=srv.uri, format=form)


@pytest.mark.parametrize("form", FORMS[1:])
def test_a_table_that_was_altered_is_copied_anew_with_its_columns(srv: server.Server, tmp_path: Path, form: str) -> None:
    target = target_of(tmp_path, form)
    asked: dict[str, Any] = {"uri": srv.uri, "format": form, "since": "ID", "margin": 0}
    first = pa.table({"ID": pa.array([1, 2], pa.int32()), "OLD": ["a", "b"], "KIND": ["x", "y"]})
    second = pa.table({"KIND": pa.array([7], pa.int64()), "ID": pa.array([3], pa.int64()), "NEW": pa.array([b"c"], pa.binary())})
    with srv.connect() as connection:
        for rows in (first, second):
            if rows is second:
                connection.execute(f"DROP TABLE ALTERED_{form}")
            connection.cursor().ingest(f"ALTERED_{form}", rows, "create")
            connection.commit()
            drdarrow.copy({"SHOP.ALTERED": f"ALTERED_{form}"}, target, restart=rows is second, **asked)
        assert ids(target, form, "ALTERED") == [3]
        connection.execute(f"INSERT INTO ALTERED_{form} VALUES (8, 4, NULL)")
        connection.commit()
        drdarrow.copy({"SHOP.ALTERED": f"ALTERED_{form}"}, target, **asked)
        assert ids(target, form, "ALTERED") == [3, 4]


FULL = """
import resource, signal, sys, drdarrow
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (70000, 70000))
uri, target, form = sys.argv[1:]
try:
    drdarrow.copy("SHOP.ORDERS", target, uri=uri, format=form, parts=2, connections=2, compression="none")
except OSError as e:
    print(e.errno, *e.__notes__)
"""


@pytest.mark.parametrize("form", ["delta", "iceberg"])
def test_a_full_disk_and_a_network_that_is_gone_leave_no_table_and_the_copy_goes_on(srv: server.Server, tmp_path: Path, form: str) -> None:
    target = target_of(tmp_path, form)
    command = [sys.executable, "-c", FULL, srv.uri, str(target), form]
    done = subprocess.run(command, capture_output=True, text=True, timeout=50)
    assert done.returncode == 0 and done.stdout.startswith("27 ") and "goes on from there" in done.stdout, done.stdout + done.stderr
    assert list(target.glob("**/_delta_log")) == [] and list(target.glob("**/*.metadata.json")) == []
    asked: dict[str, Any] = {"format": form, "parts": 2, "compression": "none", "connections": 1, "attempts": 2, "backoff": 0}
    with Proxy(srv.port) as between:

        def close(told: Any) -> None:
            if told.parts[0] == 1:
                between.close()

        with pytest.raises(drdarrow.OperationalError) as caught:
            drdarrow.copy("SHOP.ORDERS", target, uri=f"drda://anybody@127.0.0.1:{between.port}/SAMPLE", progress=close, **asked)
    assert "goes on from there" in " ".join(caught.value.__notes__)
    report = drdarrow.copy("SHOP.ORDERS", target, uri=srv.uri, **asked)
    assert report.resumed and report.ok and ids(target, form, "ORDERS") == list(range(COUNT))
