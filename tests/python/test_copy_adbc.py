"""Databases by drivers for ADBC as targets of `drdarrow.copy`, read by their own clients."""

from __future__ import annotations

import datetime as dt
import itertools
import os
import random
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote

import duckdb
import pyarrow as pa
import pytest
from copying import ended, killed
from peers import Proxy
from postgres import PASSWORD, USER, postgres, programs

import drdarrow
from drdarrow import server

pytest.importorskip("adbc_driver_sqlite")
COLUMNS = (
    "ID INTEGER NOT NULL PRIMARY KEY, S SMALLINT, B BIGINT, R REAL, F DOUBLE, N DECIMAL(9,2), W DECIMAL(31,3), C CHAR(4), "
    "V VARCHAR(60), D DATE, T TIME, M TIMESTAMP, X VARCHAR(8) FOR BIT DATA, L CLOB(1000)"
)
COUNT = 3_000
MANY = 60_000
numbers = itertools.count()


def row(n: int) -> tuple[Any, ...]:
    if n % 5 == 0:
        return n, *[None] * 13
    return (
        n, n % 100, 2**60 + n, n / 4, n / 3, Decimal(n) / 100, Decimal(10) ** 27 + Decimal(n) / 1000, "ab  ", f"fü漢😀' {n}",
        dt.date(1, 1, 1) + dt.timedelta(n), dt.time(n % 24, 1, 2), dt.datetime(9999, 12, 31, 1, 2, 3, n), bytes([n % 256, 0]),
        "lang é" * 3,
    )  # fmt: skip


@pytest.fixture(scope="module")
def srv() -> Iterator[server.Server]:
    with server.serve(persona="luw") as made, made.connect() as connection:
        connection.execute("CREATE SCHEMA SHOP")
        connection.execute(f"CREATE TABLE SHOP.ORDERS ({COLUMNS})")
        marks = ", ".join("?" * 14)
        connection.cursor().executemany(f"INSERT INTO SHOP.ORDERS VALUES ({marks})", [row(n) for n in range(COUNT)])
        rows = pa.table({"ID": pa.array(range(MANY), pa.int32()), "NAME": [f"näme {n}" for n in range(MANY)]})
        connection.cursor().ingest("SHOP.LINES", rows, "create")
        connection.commit()
        yield made


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """That of a real PostgreSQL."""
    pytest.importorskip("adbc_driver_postgresql")
    if programs() is None:
        pytest.skip("there is no PostgreSQL")
    with postgres() as found:
        yield found


@pytest.fixture
def elsewhere(port: int) -> str:
    """A database of PostgreSQL for one test."""
    from adbc_driver_postgresql import dbapi

    name = f"kept{next(numbers)}"
    first = f"postgresql://{USER}:{quote(PASSWORD, safe='')}@127.0.0.1:{port}/"
    with dbapi.connect(first + "postgres", autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
    return first + name


def asked(target: str, sql: str) -> list[tuple[Any, ...]]:
    """The answer of PostgreSQL: its driver knows nothing of copies."""
    from adbc_driver_postgresql import dbapi

    with dbapi.connect(target) as connection, connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()


def copied(srv: server.Server, target: str, state: Path, **options: Any) -> drdarrow.CopyReport:
    """A copy that is stopped on its way, goes on to its end, and is asked for once more."""
    asked: dict[str, Any] = {"uri": srv.uri, "state": state, "parts": 5, "connections": 3, **options}

    def stop(told: Any) -> None:
        if told.parts[0] == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        drdarrow.copy("SHOP.ORDERS", target, progress=stop, **asked)
    report = drdarrow.copy("SHOP.ORDERS", target, **asked)
    assert report.resumed and report.ok and report.rows == COUNT
    assert not drdarrow.copy("SHOP.ORDERS", target, **asked).resumed
    return report


def test_sqlite_has_each_value_once_and_text_for_what_it_lacks(srv: server.Server, tmp_path: Path) -> None:
    copied(srv, f"sqlite://{tmp_path}/kept.sqlite", tmp_path / "state")
    with closing(sqlite3.connect(tmp_path / "kept.sqlite")) as connection:
        found = connection.execute('SELECT * FROM "SHOP.ORDERS" ORDER BY ID').fetchall()

    def kept(value: Any) -> Any:
        if isinstance(value, dt.datetime):
            return value.isoformat(timespec="microseconds")
        return value.isoformat() if isinstance(value, dt.date | dt.time) else value

    for n, (one, other) in enumerate(zip(found, map(row, range(COUNT)), strict=True)):
        digits = [None if value is None else Decimal(value) for value in one[5:7]]
        assert digits == list(other[5:7]) and all(isinstance(value, str | None) for value in one[5:7])
        assert [*one[:5], *one[7:]] == [kept(value) for value in (*other[:5], *other[7:])], n


def test_duckdb_by_its_driver_has_each_value_once(srv: server.Server, tmp_path: Path) -> None:
    copied(srv, f"duckdb://{tmp_path}/by_driver.db", tmp_path / "state")
    with duckdb.connect(str(tmp_path / "by_driver.db"), read_only=True) as connection:
        assert connection.sql("FROM SHOP.ORDERS ORDER BY ID").fetchall() == [row(n) for n in range(COUNT)]


def test_postgresql_has_each_value_once(srv: server.Server, elsewhere: str, tmp_path: Path) -> None:
    copied(srv, elsewhere, tmp_path)
    # Text shows all digits.
    found = asked(
        elsewhere,
        'SELECT "ID", "S", "B", "R", "F", "N"::text, "W"::text, "C", "V", "D"::text, "T"::text, "M"::text, '
        """encode("X", 'hex'), "L" FROM "SHOP"."ORDERS" ORDER BY "ID" """,
    )

    def kept(value: Any) -> Any:
        if isinstance(value, dt.datetime):
            return value.isoformat(" ", "microseconds")
        if isinstance(value, bytes):
            return value.hex()
        return str(value) if isinstance(value, dt.date | dt.time | Decimal) else value

    def trimmed(one: tuple[Any, ...]) -> list[Any]:
        # PostgreSQL leaves zeros at the end of a second out.
        return [*one[:11], one[11] and one[11].rstrip("0"), *one[12:]]

    for n, one in enumerate(found):
        assert trimmed(one) == trimmed(tuple(kept(value) for value in row(n))), n
    assert len(found) == COUNT


def test_a_copy_to_postgresql_that_is_killed_again_and_again_has_all_rows_once(
    srv: server.Server, elsewhere: str, tmp_path: Path
) -> None:
    chance = random.Random(5)
    kills = 0
    for _ in range(4):
        kills += killed(srv.uri, elsewhere, "adbc", chance.uniform(0, 0.4), tmp_path, begun=tmp_path / "copy.json")
    ended(srv.uri, elsewhere, "adbc", tmp_path)
    assert kills
    sql = 'SELECT COUNT(*), COUNT(DISTINCT "ID"), MIN("ID"), MAX("ID") FROM "SHOP"."LINES"'
    assert asked(elsewhere, sql) == [(MANY, MANY, 0, MANY - 1)]


def test_postgresql_that_is_gone_or_refuses_the_password_ends_the_copy_which_goes_on(
    srv: server.Server, port: int, elsewhere: str, tmp_path: Path
) -> None:
    options: dict[str, Any] = {"uri": srv.uri, "state": tmp_path, "parts": 6, "connections": 2, "attempts": 2, "backoff": 0}
    with Proxy(port) as between:
        done = []

        def close(told: Any) -> None:
            if told.parts[0] >= 2 and not done:
                done.append(1)
                between.close()

        with pytest.raises(drdarrow.OperationalError, match="target: ") as caught:
            drdarrow.copy({"CUT": "SHOP.LINES"}, elsewhere.replace(f":{port}/", f":{between.port}/"), progress=close, **options)
    assert "goes on from there" in " ".join(caught.value.__notes__)
    with pytest.raises(drdarrow.OperationalError, match="password authentication failed") as refused:
        drdarrow.copy({"CUT": "SHOP.LINES"}, elsewhere.replace(quote(PASSWORD, safe=""), "no-such"), **options)
    assert "no-such" not in str(refused.value)
    report = drdarrow.copy({"CUT": "SHOP.LINES"}, elsewhere, **options)
    assert report.resumed and report.ok and quote(PASSWORD, safe="") not in report.to_json() + report.to_html()
    assert asked(elsewhere, 'SELECT COUNT(*), COUNT(DISTINCT "ID") FROM "CUT"') == [(MANY, MANY)]


FULL = """
import resource, signal, sys, drdarrow
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (300000, 300000))
try:
    drdarrow.copy("SHOP.LINES", sys.argv[2], uri=sys.argv[1], parts=6, connections=2)
except drdarrow.OperationalError as e:
    print(e, *e.__notes__)
"""


def test_a_disk_that_is_full_ends_a_copy_to_sqlite_without_half_a_part(srv: server.Server, tmp_path: Path) -> None:
    target = f"sqlite://{tmp_path}/kept.sqlite"
    done = subprocess.run([sys.executable, "-c", FULL, srv.uri, target], capture_output=True, text=True, timeout=50)
    assert done.returncode == 0 and "target: " in done.stdout, done.stdout + done.stderr
    assert "goes on from there" in done.stdout
    report = drdarrow.copy("SHOP.LINES", target, uri=srv.uri, parts=6)
    assert report.resumed and report.ok
    with closing(sqlite3.connect(tmp_path / "kept.sqlite")) as connection:
        found = connection.execute('SELECT COUNT(*), COUNT(DISTINCT ID) FROM "SHOP.LINES"').fetchall()
    assert found == [(MANY, MANY)]


def test_a_driver_that_is_named_takes_the_rows_as_well(srv: server.Server, tmp_path: Path) -> None:
    kept = duckdb.connect()
    kept.execute("CREATE SCHEMA SHOP")
    with server.serve(kept, persona="luw") as other:
        copied(srv, other.uri, tmp_path, format="adbc", driver="adbc_driver_drda")
    found = kept.sql("SELECT ID, V, M, W FROM SHOP.ORDERS ORDER BY ID").fetchall()
    assert found == [(n, row(n)[8], row(n)[11], row(n)[6]) for n in range(COUNT)]


def test_what_sqlite_would_change_is_refused_by_its_column(tmp_path: Path) -> None:
    rows = pa.table({"ID": pa.array([1, 2], pa.int32()), "F": [0.5, float("nan")]})
    target = f"sqlite://{tmp_path}/kept.sqlite"
    with server.serve(persona="luw") as srv, srv.connect() as connection:
        connection.cursor().ingest("T", rows, "create")
        connection.commit()
        with pytest.raises(drdarrow.DataError, match="F: a value is NaN, which SQLite would keep as NULL"):
            drdarrow.copy("ANYBODY.T", target, uri=srv.uri)
        assert drdarrow.copy("ANYBODY.T", target, uri=srv.uri, restart=True, where="ID = 1").rows == 1
    with closing(sqlite3.connect(tmp_path / "kept.sqlite")) as connection:
        assert connection.execute('SELECT * FROM "ANYBODY.T"').fetchall() == [(1, 0.5)]
    assert sorted(os.listdir(tmp_path)) == ["kept.sqlite", "kept.sqlite.copy"]


@pytest.mark.parametrize(
    ("target", "options", "told"),
    [
        ("snowflake://a", {"format": "adbc"}, r"expected sqlite://, postgresql://, .*driver="),
        ("postgresql://app:secret@127.0.0.1/kept", {}, "state: a copy into a database needs a folder"),
        ("nowhere://a", {"format": "adbc", "driver": "adbc_driver_nowhere", "state": "s"}, "pip install adbc-driver-nowhere"),
        ("kept", {"driver": "adbc_driver_sqlite"}, "beside format='adbc'"),
        ("sqlite:///kept", {"driver": "os; x"}, "expected the package of a driver"),
    ],
)
def test_a_target_that_cannot_be_is_told_with_its_cure(
    srv: server.Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: str, options: dict[str, Any], told: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(drdarrow.InterfaceError, match=told):
        drdarrow.copy("SHOP.ORDERS", target, uri=srv.uri, **options)


def test_a_driver_without_transactions_is_refused(
    srv: server.Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from adbc_driver_sqlite import dbapi

    connects = dbapi.connect

    def connect(path: str) -> Any:
        # As the manager has it where a driver refuses to turn autocommit off.
        connection: Any = connects(path)
        connection._commit_supported = False
        return connection

    monkeypatch.setattr(dbapi, "connect", connect)
    with pytest.raises(drdarrow.InterfaceError, match="no transactions"):
        drdarrow.copy("SHOP.ORDERS", f"sqlite://{tmp_path}/kept.sqlite", uri=srv.uri)


def test_a_driver_that_cannot_open_its_database_ends_the_copy(srv: server.Server, tmp_path: Path) -> None:
    with pytest.raises(drdarrow.OperationalError, match="target: .*nowhere"):
        drdarrow.copy("SHOP.ORDERS", f"sqlite://{tmp_path}/nowhere/kept.sqlite", uri=srv.uri, state=tmp_path / "state")


def test_reports_have_no_password_of_a_target() -> None:
    from drdarrow.copying.storage import shown

    assert shown("postgresql://app:geheim@h:5/kept?sslmode=require") == "postgresql://app@h:5/kept?sslmode=require"
    assert shown("postgresql://h/kept?user=a&password=geheim&x=1") == "postgresql://h/kept?user=a&password=…&x=1"
    assert shown("postgresql://h?user=a&password=ge/he@im&x=1") == "postgresql://h?user=a&password=…&x=1"
    assert shown("s3://bucket/a@b") == "s3://bucket/a@b"
