"""The documentation holds: examples run, commands and links exist, pages are short."""

from __future__ import annotations

import ast
import asyncio
import inspect
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
import typer.main

import drdarrow
from drdarrow import server
from drdarrow.cli.app import app

ROOT = Path(__file__).resolve().parent.parent.parent
NAMES = ("README.md", "CONTRIBUTING.md", "ARCHITECTURE.md", "GLOSSARY.md", "tests/README.md")
PAGES = [ROOT / name for name in NAMES] + sorted((ROOT / "docs").glob("*.md"))
FOLDERS = "src|python|tests|tools|docs|examples|benches|notebooks"
ORDERS = pa.table({"ID": [1, 2, 3], "CUSTOMER": ["Ada", "Grace", "Edsger"]})
RECORDS = pa.table({"ID": pa.array([1041, 1042, 1042], pa.int32()), "STATE": ["OPEN", "OPEN", "PAID"]})


def blocks(page: Path, language: str) -> list[str]:
    """The examples of a page."""
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text("utf-8"), flags=re.M | re.S)


def run(block: str, **names: object) -> dict[str, object]:
    """Runs an example, which may wait as in a coroutine; gives its names."""
    code = compile(block, "example", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    done = eval(code, names)
    if inspect.iscoroutine(done):
        asyncio.run(done)
    return names


@pytest.fixture(scope="module")
def examples() -> list[str]:
    """Those of the README, in order."""
    return blocks(ROOT / "README.md", "python")


@pytest.fixture(scope="module")
def orders() -> Iterator[server.Server]:
    with server.serve(tables={"ORDERS": ORDERS}) as srv:
        yield srv


def test_the_readme_has_the_examples_that_run_here(examples: list[str]) -> None:
    assert len(examples) == 4


def test_the_first_program_runs_as_it_stands(examples: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    run(examples[0])
    shown = capsys.readouterr().out
    assert "Grace" in shown and "Edsger" in shown and "Ada" not in shown


def test_a_result_has_every_form_that_the_readme_names(examples: list[str], orders: server.Server, capsys: pytest.CaptureFixture[str]) -> None:
    with drdarrow.connect(orders.uri) as connection:
        run(examples[1], connection=connection, duckdb=duckdb)
    assert capsys.readouterr().out == "3\n"


def test_the_example_of_asyncio_runs(examples: list[str], orders: server.Server, capsys: pytest.CaptureFixture[str]) -> None:
    assert "drda://app@localhost:1527/sample" in examples[2]
    run(examples[2].replace("drda://app@localhost:1527/sample", orders.uri))
    assert capsys.readouterr().out == "3\n"


def test_the_example_of_files_runs(examples: list[str]) -> None:
    files = {"SHOP/ORDERS": server.PhysicalFile(RECORDS, keys=["ID"]), "SHOP/WORK": RECORDS}
    with server.serve(persona="ibmi", files=files) as srv:
        system = f"drda://me@127.0.0.1:{srv.port}?signon_port={srv.signon_port}"
        assert '"drda://me@system"' in examples[3]
        names = run(examples[3].replace("drda://me@system", system), drdarrow=drdarrow)
        kept = [("OPEN", 1041), ("SENT", 1042), ("PAID", 1042), ("NEW", 1043)]
        table = names["table"]
        assert isinstance(table, pa.Table)
        assert sorted((row["STATE"].rstrip(), row["ID"]) for row in table.to_pylist()) == sorted(kept)
        assert srv.file("SHOP/WORK").to_arrow().num_rows == 0


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    text = page.read_text("utf-8")
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.*)$", file.read_text("utf-8"), flags=re.M)
            assert anchor in [re.sub(r"[^\w\- ]", "", each).strip().lower().replace(" ", "-") for each in headings], target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_file_that_is_named_exists(page: Path) -> None:
    for name in re.findall(rf"`((?:{FOLDERS})/[^`\s]*)`", page.read_text("utf-8")):
        assert list(ROOT.glob(name)) if "*" in name else (ROOT / name).exists(), name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_has_the_options_that_it_is_shown_with(page: Path) -> None:
    root = typer.main.get_command(app)
    for line in "".join(blocks(page, "sh")).splitlines():
        words = shlex.split(line, comments=True)
        if words[:1] != ["drdarrow"]:
            continue
        command = root.commands[words[1]]  # type: ignore[attr-defined]
        known = {name for param in command.params for name in param.opts}
        assert [word for word in words[2:] if word.startswith("-") and word not in known] == [], line


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_example_is_python(page: Path) -> None:
    for block in blocks(page, "python"):
        compile(block, page.name, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


def test_the_readme_is_short() -> None:
    lines = (ROOT / "README.md").read_text("utf-8").splitlines()
    assert len(lines) <= 150 and max(map(len, lines)) <= 120
