"""Copies into an object store, by the protocol of S3. In an environment of its own: see the Makefile."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.dataset as dataset
import pytest

import drdarrow
from drdarrow import server

fsspec = pytest.importorskip("fsspec")
pytest.importorskip("s3fs")
moto = pytest.importorskip("moto.server")

COUNT = 60_000
#: Of buckets: the stores of a process share them.
numbers = itertools.count()
#: The store of a test.
running: list[Any] = []
ROWS = pa.table({"ID": pa.array(range(COUNT), pa.int32()), "NAME": [f"näme {n}" if n % 3 else None for n in range(COUNT)]})


@pytest.fixture(scope="module")
def srv() -> Iterator[server.Server]:
    with server.serve(tables={"T": ROWS}) as made:
        yield made


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The URL of a bucket of a store, which the environment leads to."""
    store = moto.ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    store.start()
    running[:] = [store]
    host, port = store.get_host_and_port()
    for name, value in {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    name = f"lab{next(numbers)}"
    fsspec.filesystem("s3", skip_instance_cache=True).mkdir(name)
    yield f"s3://{name}"
    running[0].stop()
    fsspec.filesystem("s3").clear_instance_cache()


def rows_of(folder: str) -> pa.Table:
    system = fsspec.filesystem("s3", skip_instance_cache=True)
    found: pa.Table = dataset.dataset(folder.removeprefix("s3://"), filesystem=system, format="parquet").to_table()
    return found.sort_by("ID")


def test_a_bucket_has_the_rows_and_the_report(srv: server.Server, bucket: str) -> None:
    report = drdarrow.copy("ANYBODY.*", f"{bucket}/shop", uri=srv.uri, parts=3, connections=2)
    assert report.ok and report.verified and report.rows == COUNT
    assert rows_of(f"{bucket}/shop/ANYBODY.T").equals(ROWS)
    with fsspec.open(f"{bucket}/shop/_copy/report.json") as opened:
        assert json.load(opened)["rows"] == COUNT
    assert not drdarrow.copy("ANYBODY.*", f"{bucket}/shop", uri=srv.uri, parts=3).resumed


def test_a_copy_into_a_bucket_that_is_stopped_goes_on_and_has_each_row_once(srv: server.Server, bucket: str) -> None:
    asked: dict[str, Any] = {"uri": srv.uri, "parts": 6, "connections": 2}

    def stop(told: Any) -> None:
        if told.parts[0] == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        drdarrow.copy("ANYBODY.T", f"{bucket}/shop", progress=stop, **asked)
    system = fsspec.filesystem("s3", skip_instance_cache=True)
    kept = {file: system.info(file)["LastModified"] for file in system.ls(f"{bucket}/shop/ANYBODY.T")}
    assert drdarrow.copy("ANYBODY.T", f"{bucket}/shop", **asked).resumed
    assert rows_of(f"{bucket}/shop/ANYBODY.T").equals(ROWS)
    system.invalidate_cache()
    same = [file for file, at in kept.items() if system.info(file)["LastModified"] == at]
    assert len(same) >= 2


KILLED = """
import os, signal, sys, drdarrow
def look(told):
    if told.parts[0] >= 2:
        os.kill(os.getpid(), signal.SIGKILL)
drdarrow.copy("ANYBODY.T", sys.argv[2], uri=sys.argv[1], parts=6, connections=2, progress=look)
"""


def test_a_copy_into_a_bucket_that_is_killed_goes_on_and_has_each_row_once(srv: server.Server, bucket: str) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, srv.uri, f"{bucket}/shop"], timeout=50, check=False)
    assert done.returncode == -9
    assert drdarrow.copy("ANYBODY.T", f"{bucket}/shop", uri=srv.uri, parts=6, connections=2).resumed
    assert rows_of(f"{bucket}/shop/ANYBODY.T").equals(ROWS)


def test_a_store_that_is_gone_ends_the_copy_which_goes_on_when_it_is_back(srv: server.Server, bucket: str) -> None:
    asked: dict[str, Any] = {"uri": srv.uri, "parts": 6, "connections": 2}
    [store] = running
    port = store.get_host_and_port()[1]
    done = []

    def stop(told: Any) -> None:
        if told.parts[0] >= 2 and not done:
            done.append(1)
            store.stop()

    with pytest.raises(Exception, match="Could not connect") as caught:
        drdarrow.copy("ANYBODY.T", f"{bucket}/shop", progress=stop, **asked)
    assert "goes on from there" in " ".join(caught.value.__notes__)
    running[0] = moto.ThreadedMotoServer("127.0.0.1", port=port, verbose=False)
    running[0].start()
    assert drdarrow.copy("ANYBODY.T", f"{bucket}/shop", **asked).resumed
    assert rows_of(f"{bucket}/shop/ANYBODY.T").equals(ROWS)
