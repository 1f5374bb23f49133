"""The stubs say what the module has, and a program that uses them type-checks."""

import subprocess
import sys
from pathlib import Path

import pytest

import drdarrow
from drdarrow import server

ROOT = Path(__file__).resolve().parent.parent.parent
PACKAGE = Path(drdarrow.__file__).parent

PROGRAM = """
import asyncio
from decimal import Decimal
from typing import Any, assert_type

import drdarrow
from drdarrow import aio, server
from drdarrow.rows import dict_row, namedtuple_row
from drdarrow.types import ArrowArrayExportable, ArrowSchemaExportable, ArrowStreamExportable, Message, Row


def sync() -> None:
    with drdarrow.connect("drda://app@h/d", password="x", timeout=1.5, attributes={"create": "true"}) as connection:
        assert_type(connection, drdarrow.Connection)
        cursor = connection.execute("SELECT 1 FROM t WHERE a = ?", (Decimal(1),))
        assert_type(cursor.fetchone(), Row | None)
        for row in cursor:
            assert_type(row, Row)
        cursor.executemany("INSERT INTO t VALUES (?, ?)", ((i, "x") for i in range(3)))
        assert_type(connection.cursor(row_factory=dict_row).execute("VALUES 1").fetchall(), list[dict[str, Any]])
        connection.row_factory = namedtuple_row
        connection.row_factory = dict  # type: ignore[assignment]
        stream: ArrowStreamExportable = connection.execute("VALUES 1").fetch_arrow(batch_rows=10)
        for batch in connection.execute("VALUES 1").fetch_arrow():
            exported: ArrowArrayExportable = batch
            schema: ArrowSchemaExportable = batch.schema
        try:
            connection.commit()
        except connection.OperationalError as error:
            assert_type(error.retryable, bool)
        connection.execute("VALUES :a", {"a": 1})
        connection.execute("VALUES 1", {1, 2})  # type: ignore[arg-type]
        drdarrow.connect(tiemout=1)  # type: ignore[call-arg]
    with drdarrow.open_file("drda://me@h/LIB/FILE", password="x", mode="rw", keyed=True, rrn=True) as file:
        assert_type(file.read_key(("A", 1), ">="), Row | None)
        assert_type(file.write([{"A": 1}, {"A": 2, "B": "x"}]), int)
        assert_type(file.update({"A": 2}, rrn=1), bool)
        records: ArrowStreamExportable = file
        for part in file.partitions(4):
            assert_type(part.open(password="x"), drdarrow.ArrowStream)
        file.read_key(1, "~")  # type: ignore[arg-type]
    with drdarrow.connect_files("drda://me@h", signon_port=0) as system:
        assert_type(system.command("DSPLIB QGPL"), list[Message])
        system.open_file("LIB/FILE", mode="x")  # type: ignore[arg-type]


def serving(own: server.Engine) -> None:
    with server.serve(tables={"T": 1}, persona="ibmi", users={"a": "b"}, database=["D"]) as srv:
        assert_type(srv, server.Server)
        assert_type(srv.connect(password="b"), drdarrow.Connection)
        assert_type(srv.uri, str)
    server.serve(own)
    server.serve(persona="oracle")  # type: ignore[arg-type]


async def coroutine() -> None:
    async with server.serve() as srv:
        assert_type(srv.port, int)
    async with aio.connect("drda://app@h/d") as connection:
        assert_type(connection, aio.AsyncConnection)
        cursor = await connection.execute("VALUES 1")
        assert_type(await cursor.fetchall(), list[Row])
        async for row in cursor:
            assert_type(row, Row)
        async for batch in cursor.fetch_arrow():
            assert_type(batch, drdarrow.RecordBatch)
    connection = await aio.connect(host="h", database="d")
    async with aio.open_file("drda://me@h/LIB/FILE") as file:
        assert_type(file, aio.AsyncFile)
        async for batch in file:
            assert_type(batch, drdarrow.RecordBatch)
    assert_type(await (await aio.connect_files(host="h")).open_file("LIB/FILE"), aio.AsyncFile)


asyncio.run(coroutine())
"""


def run(*arguments: object) -> None:
    """A tool of mypy's; its words on failure."""
    done = subprocess.run([sys.executable, *map(str, arguments)], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.timeout(300)
def test_the_stubs_are_those_of_the_module(tmp_path: Path) -> None:
    allowed = tmp_path / "allowed"
    # Imported for annotations only; without stubs a module looks like a value.
    # A Literal is no Union to it.
    allowed.write_text(
        "drdarrow\\.frames\\.(pandas|polars|pyarrow)\n"
        "drdarrow\\.server\\.(settings\\.)?Persona\ndrdarrow\\.cli\\.writing\\.Binary\ndrdarrow\\.types\\.DtypeBackend\n"
        "drdarrow\\.cli\\.(app\\.(Mode|OnError)|manifest\\.Where|tabular\\.Format)\n"
        "drdarrow\\.copying\\.(files\\.Kind|options\\.Format)\n"
        # Their engines are not installed here.
        "drdarrow\\.(daft|dask|ray|spark)\n"
        # Made by sqlglot from the classes within.
        "drdarrow\\.server\\.rules\\.tree\\._Dialect\\.(generator|parser|tokenizer)_class\n"
    )
    run(
        "-m",
        "mypy.stubtest",
        "drdarrow",
        "--mypy-config-file",
        ROOT / "pyproject.toml",
        "--allowlist",
        allowed,
        "--ignore-unused-allowlist",
    )


@pytest.mark.timeout(300)
def test_the_package_type_checks() -> None:
    run("-m", "mypy", "--config-file", ROOT / "pyproject.toml")


@pytest.mark.timeout(300)
def test_programs_type_check(tmp_path: Path) -> None:
    """The one above, and those of examples/."""
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    config = tmp_path / "mypy.ini"
    config.write_text("[mypy]\nstrict = true\nfollow_untyped_imports = true\n")
    run("-m", "mypy", "--config-file", config, program, *sorted((ROOT / "examples").glob("*.py")))


def test_what_is_exported() -> None:
    for name in drdarrow.__all__:
        assert hasattr(drdarrow, name), name
    assert (PACKAGE / "py.typed").exists() and (PACKAGE / "_core.pyi").exists()
    for kind in (drdarrow.Connection, drdarrow.Cursor, drdarrow.ArrowStream, drdarrow.RecordBatch, drdarrow.Schema):
        assert kind.__module__ == "drdarrow" and kind.__doc__


def test_every_public_method_says_what_it_does() -> None:
    public = (drdarrow.Connection, drdarrow.Cursor, drdarrow.ArrowStream, drdarrow.RecordBatch, drdarrow.Schema)
    for kind in (*public, server.Server, server.Session, server.Engine, server.Result, server.SqlError):
        for name, member in vars(kind).items():
            if not name.startswith("_") and not isinstance(member, type):
                assert member.__doc__, f"{kind.__name__}.{name}"
