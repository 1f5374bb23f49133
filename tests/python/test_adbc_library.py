"""The ADBC driver as a library of its own: found by its name, used by a program in C, nothing leaked."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import adbc_driver_manager
import adbc_driver_manager.dbapi
import pyarrow as pa
import pytest
import serving
from conftest import Lab

from drdarrow import server
from drdarrow.cli.manifest import manifest

ROOT = Path(__file__).resolve().parents[2]
NUMBERS = pa.table({"ID": pa.array(range(100_000), pa.int32())})


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The driver without Python, by the name that `make adbc` gives it."""
    own = tmp_path_factory.mktemp("driver") / "libadbc_driver_drda.so"
    # Other builds have the name of its own.
    own.write_bytes(serving.library().read_bytes())
    return own


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("adbc") / "read"
    headers = Path(adbc_driver_manager.__file__).parent
    command = ["gcc", "-Wall", "-Wextra", "-Werror", f"-I{headers}", "-o", path, ROOT / "tests/adbc/read.c", "-ldl"]
    subprocess.run(command, check=True, timeout=60)
    return path


def run(*command: object, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*map(str, command)], capture_output=True, text=True, timeout=240, env=os.environ | environment)


pytestmark = pytest.mark.timeout(1800)


def test_a_program_in_c_reads_a_table(program: Path, library: Path) -> None:
    with server.serve(tables={"NUMBERS": NUMBERS}) as running:
        done = run(program, library, f"drda://app@127.0.0.1:{running.port}/SAMPLE", "SELECT ID FROM NUMBERS")
    assert (done.returncode, done.stdout) == (0, "columns 1\nrows 100000 sum 4999950000 affected -1\n"), done.stderr


def test_errors_reach_a_program_in_c(program: Path, lab: Lab, library: Path) -> None:
    uri = lab.uri()
    done = run(program, library, uri, "SELECT * FROM NOWHERE")
    assert (done.returncode, done.stdout) == (0, "execute: status 3 state 42X05 sqlcode -20001\n"), done.stderr
    sql = "SELECT 1000 / (ID - 150000) FROM DIVZERO ORDER BY ID"
    done = run(program, library, f"{uri}?block_size=32767", sql)
    assert done.returncode == 0 and "fetch: status 7 state 22012 sqlcode -20001\n" in done.stdout, done
    assert int(done.stdout.split("rows ")[1].split()[0]) > 100_000


def test_nothing_is_leaked_or_read_where_it_may_not(program: Path, lab: Lab, library: Path) -> None:
    valgrind = ["valgrind", "--quiet", "--leak-check=full", "--show-leak-kinds=definite", "--errors-for-leak-kinds=definite"]
    valgrind += ["--error-exitcode=9"]
    for sql, said in [
        ("SELECT ID FROM INTS WHERE ID <= 20000", "rows 20000 sum 200010000"),
        ("SELECT * FROM NOWHERE", "state 42X05"),
        ("SELECT 1000 / (ID - 150000) FROM DIVZERO ORDER BY ID", "state 22012"),
    ]:
        done = run(*valgrind, program, library, f"{lab.uri()}?block_size=32767", sql)
        assert done.returncode == 0 and said in done.stdout, (done.stdout, done.stderr)


def test_the_library_needs_nothing_of_python(library: Path) -> None:
    told = run("nm", "-D", "--undefined-only", library)
    assert told.returncode == 0 and not [line for line in told.stdout.splitlines() if " Py" in line]


def install(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    return run(sys.executable, "-m", "drdarrow", "install-manifest", *arguments, **environment)


def test_the_driver_is_found_by_its_name(tmp_path: Path, library: Path) -> None:
    done = install("--directory", tmp_path / "drivers", "--library", library)
    assert done.returncode == 0 and done.stdout.strip() == str(tmp_path / "drivers" / "drda.toml"), done.stderr
    text = """
        import sys, adbc_driver_manager.dbapi
        with adbc_driver_manager.dbapi.connect(driver="drda", db_kwargs={"uri": sys.argv[1]}) as connection:
            with connection.cursor() as cursor:
                print(cursor.execute("SELECT COUNT(*) FROM NUMBERS").fetchone())
        """
    script = tmp_path / "script.py"
    script.write_text("\n".join(line[8:] for line in text.splitlines()))
    with server.serve(tables={"NUMBERS": NUMBERS}) as running:
        uri = f"drda://app@127.0.0.1:{running.port}/SAMPLE"
        found = run(sys.executable, script, uri, ADBC_DRIVER_PATH=str(tmp_path / "drivers"))
        lost = run(sys.executable, script, uri, ADBC_DRIVER_PATH=str(tmp_path))
    assert (found.returncode, found.stdout) == (0, "(100000,)\n"), found.stderr
    assert lost.returncode == 1 and "drda" in lost.stderr


def test_a_program_in_cpp_finds_it_by_its_name(tmp_path: Path, library: Path) -> None:
    program, package = tmp_path / "by_name", Path(adbc_driver_manager.__file__).parent
    # Apache's manager, as its package has it.
    manager = sorted(package.glob("adbc_driver_manager*.cc"))
    command = [
        "g++",
        "-std=c++17",
        "-O0",
        "-w",
        f"-I{package}",
        "-o",
        program,
        ROOT / "tests/adbc/by_name.cc",
        *manager,
    ]
    subprocess.run([*command, "-ldl", "-lpthread"], check=True, timeout=240)
    done = install("--directory", tmp_path, "--library", library)
    assert done.returncode == 0, done.stderr
    with server.serve(tables={"NUMBERS": NUMBERS}) as running:
        uri = f"drda://app@127.0.0.1:{running.port}/SAMPLE"
        found = run(program, "drda", uri, "SELECT ID FROM NUMBERS", ADBC_DRIVER_PATH=str(tmp_path))
        assert (found.returncode, found.stdout) == (0, "drdarrow\nrows 100000 sum 4999950000\n"), found.stderr
        wrong = run(program, "drda", uri, "SELECT * FROM NOWHERE", ADBC_DRIVER_PATH=str(tmp_path))
    assert wrong.returncode == 2 and "status 3 state 42704" in wrong.stderr, wrong


def test_a_manifest_is_for_the_user_or_named_and_of_the_driver_only(tmp_path: Path) -> None:
    done = install("--where", "user", XDG_CONFIG_HOME=str(tmp_path))
    written = tmp_path / "adbc" / "drivers" / "drda.toml"
    assert done.returncode == 0 and done.stdout.strip() == str(written), done.stderr
    assert "AdbcDriverDrdaInit" in written.read_text() and "_core.abi3" in written.read_text()
    for arguments in (["--library", tmp_path / "none.so"], ["--library", written], ["--where", "user", "--directory", tmp_path]):
        refused = install(*arguments, XDG_CONFIG_HOME=str(tmp_path / "x"))
        assert refused.returncode == 1 and not (tmp_path / "x").exists(), refused


def test_a_manifest_names_any_path() -> None:
    for path in ("/opt/\U0001f600 ä/d.so", '/a"b\\c\x7f\t/d.so'):
        assert tomllib.loads(manifest(Path(path)))["Driver"]["shared"] == path
