"""The command `drdarrow`, run as its users run it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import polars as pl
import pyarrow.parquet as pq
import pytest
import typer
from conftest import Lab
from peers import Proxy
from test_bad_values import CHANGE, QUERY

import drdarrow
from drdarrow import server
from drdarrow.cli import probe as probing
from drdarrow.cli.text import visible

COMMAND = [sys.executable, "-m", "drdarrow"]


def run(*arguments: object, code: int = 0, **env: str) -> str:
    """The output of the command; it has to end with this code."""
    done = subprocess.run(
        [*COMMAND, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=50,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "COLUMNS": "200", "NO_COLOR": "1", **env},
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


class Serving:
    """`drdarrow serve` under way."""

    def __init__(self, *arguments: object, **env: str) -> None:
        self.process = subprocess.Popen(
            [*COMMAND, "serve", "--port", "0", *map(str, arguments)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "COLUMNS": "80", "NO_COLOR": "1", "PYTHONUNBUFFERED": "1", **env},
        )
        assert self.process.stdout
        self.lines = ""
        for line in self.process.stdout:
            self.lines += line
            if "Ctrl-C" in line:
                break
        found = re.search(r"listening\s+[\d.]+:(\d+)", self.lines)
        assert found, self.lines
        self.port = int(found[1])

    def uri(self, user: str = "") -> str:
        return f"drda://{user}127.0.0.1:{self.port}/SAMPLE"

    def end(self, how: signal.Signals) -> str:
        self.process.send_signal(how)
        out, _ = self.process.communicate(timeout=20)
        assert self.process.returncode == 0, out
        return out


@pytest.fixture
def files(tmp_path: Path) -> Path:
    frame = pl.DataFrame({"ID": [1, 2, 3], "NAME": ["Zoë", None, "京都"], "PRICE": ["1.50", "0.25", None]})
    frame = frame.with_columns(pl.col("PRICE").cast(pl.Decimal(9, 2)))
    frame.write_parquet(tmp_path / "open orders.parquet")
    frame.select("ID").write_csv(tmp_path / "ids.csv")
    return tmp_path


@pytest.fixture
def serving(files: Path) -> Iterator[Serving]:
    server = Serving(files / "open orders.parquet", "--table", f"NUMBERS={files / 'ids.csv'}", "--anyone")
    yield server
    server.process.kill()
    server.process.communicate()


def test_files_are_tables_until_ctrl_c(serving: Serving):
    assert "NUMBERS, OPEN_ORDERS" in serving.lines
    with drdarrow.connect(serving.uri()) as connection:
        rows = connection.execute("SELECT ID, NAME FROM OPEN_ORDERS ORDER BY ID").fetchall()
        assert rows == [(1, "Zoë"), (2, None), (3, "京都")]
        assert connection.execute("SELECT SUM(ID) FROM NUMBERS").fetchone() == (6,)
    assert "closed" in serving.end(signal.SIGINT)


def test_sigterm_ends_it_too(serving: Serving):
    assert "closed" in serving.end(signal.SIGTERM)


def test_a_database_of_duckdb_and_a_login(tmp_path: Path):
    with duckdb.connect(str(tmp_path / "shop.duckdb")) as made:
        made.execute("CREATE TABLE T AS SELECT 42 AS N")
    server = Serving(tmp_path / "shop.duckdb", "--user", "ada", DRDARROW_PASSWORD="pass word")
    try:
        assert "pass word" not in server.lines and "PWD=…" in server.lines
        with drdarrow.connect(server.uri("ada@"), password="pass word") as connection:
            assert connection.execute("SELECT N FROM T").fetchone() == (42,)
        with pytest.raises(drdarrow.OperationalError) as refused:
            drdarrow.connect(server.uri("ada@"), password="wrong")
        assert refused.value.sqlstate == "28000"
    finally:
        server.end(signal.SIGTERM)


def test_tls(files: Path, pem: tuple[Path, Path]):
    server = Serving(files / "ids.csv", "--anyone", "--certificate", pem[0], "--key", pem[1])
    try:
        printed = run("query", f"{server.uri()}?tls_ca={pem[0]}", "SELECT COUNT(*) AS N FROM IDS")
        assert "3" in printed
    finally:
        server.end(signal.SIGTERM)


@pytest.mark.parametrize(
    ("form", "right"), [("hex", "20000103223021595898000000"), ("base64", "IAABAyIwIVlYmAAAAA==")]
)
def test_bytes_are_text_in_csv_and_in_a_table(tmp_path: Path, form: str, right: str):
    """Bytes that are no text, bytes that happen to be text, NULL and nothing at all."""
    sql = (
        "SELECT K, V FROM (VALUES (1, X'20000103223021595898000000', 'a'), (2, X'4142', 'b'), (3, X'', 'c'), "
        "(4, CAST(NULL AS VARBINARY(13)), 'd')) AS T(N, K, V) ORDER BY N"
    )
    second = {"hex": "4142", "base64": "QUI="}[form]
    out = tmp_path / "out.csv"
    with server.serve(duckdb.connect()) as srv:
        run("query", srv.uri, sql, "--out", out, "--binary", form)
        assert out.read_text() == f'"K","V"\n"{right}","a"\n"{second}","b"\n"","c"\n,"d"\n'
        shown = run("query", srv.uri, sql, "--binary", form)
        assert right in shown
        assert second in shown
        for suffix in (".parquet", ".arrow"):
            whole = tmp_path / f"out{suffix}"
            run("query", srv.uri, sql, "--out", whole)
            read = {".parquet": pl.read_parquet, ".arrow": pl.read_ipc}[suffix](whole)
            assert read["K"].to_list() == [bytes.fromhex("20000103223021595898000000"), b"AB", b"", None]


@pytest.mark.parametrize("suffix", [".parquet", ".arrow", ".csv"])
def test_rows_go_into_a_file(serving: Serving, tmp_path: Path, suffix: str):
    out = tmp_path / f"rows{suffix}"
    printed = run("query", serving.uri(), "SELECT ID, NAME FROM OPEN_ORDERS ORDER BY ID", "--out", out)
    assert "3 rows" in printed
    read = {".parquet": pl.read_parquet, ".arrow": pl.read_ipc, ".csv": pl.read_csv}[suffix](out)
    assert read.rows() == [(1, "Zoë"), (2, None), (3, "京都")]
    assert sorted(path.name for path in tmp_path.glob("rows*")) == [out.name]


def test_no_link_is_followed_on_the_way_to_a_file(serving: Serving, tmp_path: Path):
    """Somebody who may write into the directory must not have another file overwritten."""
    out, victim = tmp_path / "rows.csv", tmp_path / "victim"
    victim.write_text("mine")
    (tmp_path / "rows.csv.part").symlink_to(victim)
    out.symlink_to(victim)
    run("query", serving.uri(), "SELECT ID FROM OPEN_ORDERS ORDER BY ID", "--out", out)
    assert victim.read_text() == "mine"
    assert not out.is_symlink() and out.read_text().split() == ['"ID"', "1", "2", "3"]
    (tmp_path / "plain").write_text("")
    assert out.stat().st_mode == (tmp_path / "plain").stat().st_mode
    assert sorted(path.name for path in tmp_path.glob("rows*")) == ["rows.csv", "rows.csv.part"]


def test_no_text_of_others_orders_the_terminal():
    assert visible("a\tb\nc") == "a\tb\nc"
    assert visible("\x1b]0;x\x07 \x9b \r \u202e \u2066") == r"\x1b]0;x\x07 \x9b \r \u202e \u2066"


def test_json_of_a_probe_is_plain_text(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    report = drdarrow.probe("127.0.0.1", [1], 1.0)
    told = {"class": "\x9b31m\x1b[2J\u202e Zoë"}
    monkeypatch.setattr(type(report), "to_dict", lambda self: told)
    with pytest.raises(typer.Exit):
        probing.probe("127.0.0.1", [1], timeout=1.0, database=None, as_json=True)
    printed = capsys.readouterr().out
    assert printed.isascii() and "\x1b" not in printed and json.loads(printed) == told


def test_the_first_rows_are_shown(serving: Serving):
    printed = run("query", serving.uri(), "SELECT * FROM OPEN_ORDERS ORDER BY ID", "--rows", 2)
    assert "Zoë" in printed and "1.50" in printed and "京都" not in printed and "more rows" in printed


def test_tables_are_listed():
    with server.serve() as srv:
        with srv.connect(autocommit=True) as connection:
            connection.execute("CREATE TABLE SHOP.ORDERS (A INTEGER)")
            connection.execute("CREATE VIEW SHOP.OPEN_ONES AS SELECT A FROM SHOP.ORDERS")
            connection.execute("COMMENT ON TABLE SHOP.ORDERS IS 'all of them'")
        shown = run("tables", srv.uri, "--schema", "shop")
        assert re.search(r"SHOP\W+ORDERS\W+TABLE\W+all of them", shown) and re.search(r"OPEN_ONES\W+VIEW", shown)
        shown = run("tables", srv.uri, "--like", "open%")
        assert "OPEN_ONES" in shown and "ORDERS" not in shown


def test_the_address_may_be_in_the_environment():
    with server.serve(duckdb.connect()) as srv, server.serve(duckdb.connect()) as other:
        for each, name in ((srv, "HERE"), (other, "THERE")):
            with each.connect(autocommit=True) as connection:
                connection.execute(f"CREATE TABLE {name} (A INTEGER)")
        assert "HERE" in run("tables", "--like", "%HERE", DRDARROW_URI=srv.uri)
        assert "THERE" in run("tables", other.uri, DRDARROW_URI=srv.uri)
        assert "42" in run("query", "--rows", 1, "SELECT COUNT(*) + 42 FROM HERE", DRDARROW_URI=srv.uri)
        # Another program's address is told to be one, not taken for the statement.
        assert "SQLAlchemy" in run("query", "db2://h/d", "VALUES 1", DRDARROW_URI=srv.uri, code=1)
    assert "sql" in run("query", "VALUES 1", DRDARROW_URI="", code=2)


def test_a_failed_query_leaves_no_file(serving: Serving, tmp_path: Path):
    out = tmp_path / "rows.parquet"
    printed = run("query", serving.uri(), "SELECT * FROM NOSUCH", "--out", out, code=1)
    assert "NOSUCH" in printed and "Traceback" not in printed
    assert not list(tmp_path.glob("rows*"))


def test_the_demonstration():
    printed = run("demo", "--rows", 20_000)
    assert "Arrow: 20,000 rows" in printed and "lineitem.parquet: 20,000 rows" in printed and "REVENUE" in printed


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["serve"], "--anyone"),
        (["serve", "--anyone"], "nothing to serve"),
        (["serve", "--anyone", "no such.parquet"], "no such file"),
        (["serve", "--anyone", __file__], "expected .parquet, .csv or .tsv"),
        (["serve", "--anyone", "--table", "ORDERS"], "expected NAME=FILE"),
        (["serve", "--anyone", "--host", "0.0.0.0", "--table", f"T={__file__}"], "expected .parquet"),
        (["query", "drda://127.0.0.1:1/X", "SELECT 1"], "refused"),
        (["query", "drda://127.0.0.1/X", "SELECT 1", "--out", "x.xlsx"], ".parquet"),
        (["query", "nonsense", "SELECT 1"], "drda://"),
        (["query", "drda://127.0.0.1:1/X?tls_ca=[/x]", "SELECT 1"], "[/x]"),
        (["query", "drda://127.0.0.1:1/X", "SELECT 1", "--out", "no such/x.csv"], "no such is no directory"),
        (["query", "drda://127.0.0.1:1/X", "SELECT 1", "--password"], "DRDARROW_PASSWORD"),
        (["serve", "--anyone", "[/x].parquet"], "[/x].parquet: no such file"),
        (["probe", "[::1"], "expected [address]:port"),
    ],
)
def test_what_cannot_be_meant_is_said_in_a_line(arguments: list[str], words: str):
    printed = run(*arguments, code=1)
    assert words in printed and "Traceback" not in printed


def test_a_server_can_be_for_reading_and_warns_without_tls(files: Path):
    settings = ["--user", "ada", "--host", "0.0.0.0", "--read-only", "--idle-timeout", "300"]
    for more, warned in ([], True), (["--allow-cleartext-password"], False):
        server = Serving(files / "ids.csv", *settings, *more, DRDARROW_PASSWORD="secret")
        try:
            assert ("drdarrow: warning: this server can be reached" in server.lines.replace("\n", " ")) == warned
            with drdarrow.connect(server.uri("ada@"), password="secret") as connection:
                assert connection.execute("SELECT COUNT(*) FROM IDS").fetchall() == [(3,)]
                with pytest.raises(drdarrow.Error) as caught:
                    connection.execute("CREATE TABLE T (A INTEGER)")
                assert caught.value.sqlcode == -817
        finally:
            server.end(signal.SIGTERM)


def test_other_machines_have_to_log_in(files: Path):
    printed = run("serve", "--anyone", "--host", "0.0.0.0", files / "ids.csv", code=1)
    assert "other machines" in printed


def test_the_version():
    assert run("--version") == f"drdarrow {drdarrow.__version__}\n"


def test_a_whole_file_is_what_the_server_sent(serving: Serving, files: Path, tmp_path: Path):
    run("query", serving.uri(), "SELECT * FROM OPEN_ORDERS ORDER BY ID", "-o", tmp_path / "copy.parquet")
    copied = pq.read_table(tmp_path / "copy.parquet").column("PRICE").to_pylist()
    assert copied == pq.read_table(files / "open orders.parquet").column("PRICE").to_pylist()


def test_text_of_others_means_nothing_to_the_terminal():
    """Brackets are markup to rich, and escape sequences orders to the terminal."""
    texts = ["[red]x[/red]", "a\\", "\\[b]", "\x1b[31m", "[/]"]
    with server.serve(tables={"T": pl.DataFrame({"[/S]": texts})}) as srv:
        printed = run("query", srv.uri, "SELECT * FROM T")
        assert "[/S]" in printed and "\x1b" not in printed
        for text in texts:
            assert text.replace("\x1b", "\\x1b") in printed
        assert '[/N] is not defined' in run("query", srv.uri, 'SELECT * FROM "[/N]"', code=1)


@pytest.mark.parametrize(
    ("missing", "arguments", "cure"),
    [
        ("pyarrow", ["query", "drda://127.0.0.1:1/X", "SELECT 1", "--out", "x.csv"], '"drdarrow[arrow]"'),
        ("duckdb", ["serve", "--anyone", "x.csv"], '"drdarrow[server]"'),
        ("typer", ["--version"], '"drdarrow[cli]"'),
    ],
)
def test_what_is_not_installed_is_named_with_the_cure(missing: str, arguments: list[str], cure: str):
    program = (
        f"import sys; sys.modules[{missing!r}] = None; sys.argv = ['drdarrow', *{arguments!r}]\n"
        "from drdarrow.cli import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=50, check=False)
    assert done.returncode == 1 and f"pip install {cure}" in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize("out", [False, True])
def test_values_read_as_null_are_told(lab: Lab, proxy: Proxy, tmp_path: Path, out: bool):
    proxy.change = CHANGE
    into = ["--out", tmp_path / "rows.csv"] if out else []
    printed = run("query", f"{lab.uri(proxy.port)}?bad_values=null", QUERY, *into)
    assert "warning: column N: 2 values" in printed


def test_a_reader_that_has_seen_enough():
    with server.serve(tables={"T": pl.DataFrame({"ID": range(50_000)})}) as srv:
        process = subprocess.Popen(
            [*COMMAND, "query", srv.uri, "SELECT * FROM T", "--rows", "50000"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert process.stdout and process.stderr
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(20) in (0, 1)
