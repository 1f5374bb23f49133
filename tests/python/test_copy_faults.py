"""Faults in the midst of a copy: it is tried again, or ends with a clear error, and goes on where it was."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.dataset as dataset
import pytest
from peers import Proxy

import drdarrow
from drdarrow import server
from drdarrow.copying import Progress

COUNT = 60_000
ROWS = pa.table(
    {"ID": pa.array(range(COUNT), pa.int32()), "NAME": [f"{n * 7919 % 10007:05} {n}" * 4 for n in range(COUNT)]}
)
USERS = {"ada": "right-Pw"}


@pytest.fixture(scope="module")
def srv() -> Iterator[server.Server]:
    with server.serve(tables={"T": ROWS}) as made:
        yield made


def whole(folder: Path, name: str = "ANYBODY.T") -> None:
    table = dataset.dataset(folder / name).to_table().sort_by("ID")
    assert table.num_rows == COUNT and table.column("NAME").equals(ROWS.column("NAME"))


def at_part(number: int, act: Any) -> Any:
    """A function for `progress` that acts once, when so many parts are done."""
    done = []

    def look(told: Progress) -> None:
        if told.parts[0] >= number and not done:
            done.append(1)
            act()

    return look


def test_a_network_that_is_cut_costs_the_part_that_was_under_way(srv: server.Server, tmp_path: Path) -> None:
    with Proxy(srv.port) as between:
        uri = f"drda://anybody@127.0.0.1:{between.port}/SAMPLE"
        cut = at_part(2, between.cut)
        report = drdarrow.copy("ANYBODY.T", tmp_path, uri=uri, parts=6, connections=2, progress=cut, backoff=0.01)
    assert report.retries >= 1 and report.tables[0].attempts > 6 and report.ok
    whole(tmp_path)


def test_a_server_that_is_gone_for_good_ends_the_copy_which_goes_on_elsewhere(
    srv: server.Server, tmp_path: Path
) -> None:
    with Proxy(srv.port) as between:
        uri = f"drda://anybody@127.0.0.1:{between.port}/SAMPLE"
        asked: dict[str, Any] = {"parts": 6, "connections": 2, "attempts": 2, "backoff": 0.01}
        with pytest.raises(drdarrow.OperationalError) as caught:
            drdarrow.copy("ANYBODY.T", tmp_path, uri=uri, progress=at_part(2, between.close), **asked)
    assert any("0 of 1 tables are complete" in note for note in caught.value.__notes__)
    report = drdarrow.copy("ANYBODY.T", tmp_path, uri=srv.uri, **asked)
    assert report.resumed
    whole(tmp_path)


def test_a_password_that_is_refused_later_stops_all_and_is_not_tried_again(tmp_path: Path) -> None:
    with server.serve(tables={"T": ROWS}, users=USERS) as made:
        uri = f"drda://ada@127.0.0.1:{made.port}/SAMPLE"
        given = iter(["right-Pw", "right-Pw"])
        connects = drdarrow.connect
        tries = []

        def connect(*args: Any, **settings: Any) -> Any:
            tries.append(1)
            return connects(*args, **{**settings, "password": next(given, "wrong-Pw")})

        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(drdarrow, "connect", connect)
            with pytest.raises(drdarrow.Error, match=r"(?i)password|user") as caught:
                drdarrow.copy("ADA.T", tmp_path, uri=uri, parts=6, connections=3)
        assert len(tries) <= 4 and "goes on from there" in " ".join(caught.value.__notes__)
        drdarrow.copy("ADA.T", tmp_path, uri=uri, parts=6, password="right-Pw")
    whole(tmp_path, "ADA.T")


FULL = """
import resource, signal, sys, drdarrow
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]), int(sys.argv[3])))
try:
    drdarrow.copy("ANYBODY.T", sys.argv[2], uri=sys.argv[1], parts=3, connections=2, compression="none")
except OSError as e:
    print(e.errno, *e.__notes__)
"""


def test_a_file_that_cannot_grow_ends_the_copy_without_a_part_of_it(srv: server.Server, tmp_path: Path) -> None:
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    assert limit == resource.RLIM_INFINITY or limit > 1 << 20
    done = subprocess.run(
        [sys.executable, "-c", FULL, srv.uri, str(tmp_path), "200000"], capture_output=True, text=True, timeout=50
    )
    assert done.returncode == 0 and done.stdout.startswith("27 "), done.stdout + done.stderr
    assert "goes on from there" in done.stdout
    assert os.listdir(tmp_path / "ANYBODY.T") == []
    assert drdarrow.copy("ANYBODY.T", tmp_path, uri=srv.uri, parts=3, compression="none").resumed
    whole(tmp_path)


READ_ONLY = """
import ctypes, os, sys, drdarrow
uri, target = sys.argv[1:]
# To root no folder is closed, unless it gives up CAP_DAC_OVERRIDE.
head, told = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
system = ctypes.CDLL(None)
assert system.capget(head, told) == 0
told[0] &= ~2
assert system.capset(head, told) == 0
closed = []
def look(told):
    if told.parts[0] >= 2 and not closed:
        closed.append(1)
        os.chmod(target + "/ANYBODY.T", 0o500)
try:
    drdarrow.copy("ANYBODY.T", target, uri=uri, parts=6, connections=2, progress=look)
except OSError as e:
    print(e.errno, e, *e.__notes__)
"""


def test_a_folder_that_is_closed_meanwhile_ends_the_copy_which_goes_on_once_it_is_open(
    srv: server.Server, tmp_path: Path
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", READ_ONLY, srv.uri, str(tmp_path)], capture_output=True, text=True, timeout=50
    )
    assert done.returncode == 0 and done.stdout.startswith("13 "), done.stdout + done.stderr
    assert "Permission denied" in done.stdout and "ANYBODY.T/part-" in done.stdout and "goes on" in done.stdout
    folder = tmp_path / "ANYBODY.T"
    assert 2 <= len(list(folder.iterdir())) < 6
    folder.chmod(0o700)
    assert drdarrow.copy("ANYBODY.T", tmp_path, uri=srv.uri, parts=6).resumed
    whole(tmp_path)


def test_a_database_that_takes_no_changes_any_more_ends_the_copy(srv: server.Server, tmp_path: Path) -> None:
    kept = duckdb.connect()
    asked: dict[str, Any] = {
        "uri": srv.uri,
        "state": tmp_path,
        "parts": 6,
        "connections": 2,
        "attempts": 2,
        "backoff": 0,
    }
    with server.serve(kept, persona="luw") as other:
        with Proxy(other.port) as between:
            target = f"drda://app@127.0.0.1:{between.port}/SAMPLE"
            with pytest.raises(drdarrow.OperationalError) as caught:
                drdarrow.copy({"T": "ANYBODY.T"}, target, progress=at_part(2, between.close), **asked)
    assert "goes on from there" in " ".join(caught.value.__notes__)
    with server.serve(kept, persona="luw", read_only=True) as other:
        with pytest.raises(drdarrow.Error, match="SQLSTATE (25|42)") as refused:
            drdarrow.copy({"T": "ANYBODY.T"}, f"drda://app@127.0.0.1:{other.port}/SAMPLE", **asked)
        assert "goes on from there" in " ".join(refused.value.__notes__)
    with server.serve(kept, persona="luw") as other:
        report = drdarrow.copy({"T": "ANYBODY.T"}, f"drda://app@127.0.0.1:{other.port}/SAMPLE", **asked)
        assert report.resumed and report.ok and report.rows == COUNT
    assert kept.sql("SELECT COUNT(*), COUNT(DISTINCT ID) FROM T").fetchall() == [(COUNT, COUNT)]


def test_a_table_that_is_dropped_meanwhile_ends_the_copy_and_is_waited_for_by_the_next_call(tmp_path: Path) -> None:
    with server.serve(persona="luw") as made, made.connect() as connection:

        def fill() -> None:
            connection.cursor().ingest("T", ROWS, "create")
            connection.commit()

        def drop() -> None:
            connection.execute("DROP TABLE T")
            connection.commit()

        fill()
        asked: dict[str, Any] = {"uri": made.uri, "parts": 6, "connections": 2}
        with pytest.raises(drdarrow.ProgrammingError, match="T.*is not defined") as caught:
            drdarrow.copy({"ANYBODY.T": "T"}, tmp_path, progress=at_part(2, drop), **asked)
        assert caught.value.sqlstate == "42704" and "goes on from there" in " ".join(caught.value.__notes__)
        kept = {file.name: file.stat().st_mtime_ns for file in (tmp_path / "ANYBODY.T").iterdir()}
        with pytest.raises(drdarrow.ProgrammingError, match='there is no table "T"'):
            drdarrow.copy({"ANYBODY.T": "T"}, tmp_path, **asked)
        fill()
        assert drdarrow.copy({"ANYBODY.T": "T"}, tmp_path, **asked).resumed
        assert len(kept) >= 2
        assert kept.items() <= {file.name: file.stat().st_mtime_ns for file in (tmp_path / "ANYBODY.T").iterdir()}.items()
    whole(tmp_path)


def test_two_copies_into_one_folder_at_the_same_time_are_refused(srv: server.Server, tmp_path: Path) -> None:
    found = []

    def second() -> None:
        with pytest.raises(drdarrow.OperationalError, match="another process copies") as caught:
            drdarrow.copy("ANYBODY.T", tmp_path, uri=srv.uri)
        found.append(caught.value)

    drdarrow.copy("ANYBODY.T", tmp_path, uri=srv.uri, progress=at_part(0, second))
    assert len(found) == 1
    whole(tmp_path)
