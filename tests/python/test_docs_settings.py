"""docs/settings.md has each setting once, and none that is not there."""

from __future__ import annotations

import ast
import inspect
import re
import typing
from pathlib import Path

import pytest

import drdarrow
from drdarrow import server, types
from drdarrow.server.settings import ServerSettings

ROOT = Path(__file__).resolve().parent.parent.parent
PAGE = (ROOT / "docs" / "settings.md").read_text("utf-8")
STUB = Path(drdarrow.__file__).parent / "_core.pyi"
# Taken by Python, before the client's configuration.
ARGUMENTS_ONLY = {"token", "batch_rows", "batch_bytes", "row_factory", "on_slow"}


def rows(section: str) -> dict[str, dict[str, str]]:
    """The rows of the tables under a heading: name to cells by column."""
    text = re.split(r"^## ", PAGE, flags=re.M)
    (part,) = [each for each in text if each.startswith(f"{section}\n")]
    found: dict[str, dict[str, str]] = {}
    for table in re.findall(r"(?:^\|.*\n)+", part, flags=re.M):
        head, _, *lines = [[cell.strip() for cell in line.strip("|\n").split("|")] for line in table.splitlines()]
        for line in lines:
            assert len(line) == len(head), line
            name = re.fullmatch(r"`(\w+)`", line[0])
            assert name and name[1] not in found and all(line[at] for at, column in enumerate(head) if column != "files"), line
            found[name[1]] = dict(zip(head, line, strict=True))
    return found


def arguments(function: str) -> dict[str, ast.expr | None]:
    """The keyword arguments of a function of the stubs, with their annotations."""
    (found,) = [n for n in ast.parse(STUB.read_text("utf-8")).body if isinstance(n, ast.FunctionDef) and n.name == function]
    return {each.arg: each.annotation for each in found.args.kwonlyargs}


def choices(annotation: object) -> list[str]:
    """The texts that a Literal allows, wherever it stands in the type."""
    if typing.get_origin(annotation) is typing.Literal:
        return [each for each in typing.get_args(annotation) if isinstance(each, str)]
    return [each for part in typing.get_args(annotation) for each in choices(part)]


def test_settings_of_connect() -> None:
    with pytest.raises(drdarrow.InterfaceError, match="known are") as refused:
        drdarrow.connect(host="h", database="d", not_one_of_the_settings=1)  # type: ignore[call-arg]
    known = set(str(refused.value).partition("known are ")[2].split(", "))
    assert known | ARGUMENTS_ONLY == set(arguments("connect")) == set(rows("connect"))


def documented_arguments(function: object) -> list[str]:
    """The arguments in a docstring, in order."""
    part = re.split(r"^(\w+):\n", inspect.getdoc(function) or "", flags=re.M)
    assert part[1] == "Args"
    return re.findall(r"^    (\w+): ", part[2], flags=re.M)


def test_docstrings_name_every_setting() -> None:
    assert sorted(documented_arguments(drdarrow.connect)) == sorted(["uri", *arguments("connect")])
    assert sorted(documented_arguments(drdarrow.open_file)) == sorted(["uri", *typing.get_type_hints(types.FileOptions)])
    assert sorted(documented_arguments(drdarrow.connect_files)) == sorted(["uri", "password_level", *rows("connect_files")])


def test_choices_of_connect() -> None:
    for name, annotation in arguments("connect").items():
        literals = [n for n in ast.walk(annotation) if isinstance(n, ast.Subscript) and ast.unparse(n.value) == "Literal"] if annotation else []
        named = [c.value for n in literals for c in ast.walk(n.slice) if isinstance(c, ast.Constant) and isinstance(c.value, str)]
        row = rows("connect")[name]
        assert [each for each in named if f"`{each}`" not in row["meaning"]] == [], name


def test_settings_of_files() -> None:
    own, shared = set(rows("connect_files")), {name for name, row in rows("connect").items() if row["files"] == "yes"}
    assert own | shared == set(typing.get_type_hints(types.FileSettings))
    assert not own & set(rows("connect"))


def test_options_of_a_file() -> None:
    hints = typing.get_type_hints(types.FileOptions)
    options = rows("open_file")
    assert set(options) == set(hints)
    for name, annotation in hints.items():
        assert [each for each in choices(annotation) if f"`{each}`" not in options[name]["meaning"]] == [], name


def test_arguments_of_serve() -> None:
    documented = rows("serve")
    signature = inspect.signature(server.serve)
    assert {name: f"`{p.default!r}`" for name, p in signature.parameters.items()} == {name: row["default"] for name, row in documented.items()}
    assert documented_arguments(server.serve) == list(signature.parameters)
    hints = typing.get_type_hints(ServerSettings)
    assert set(hints) == set(documented)
    for name, annotation in hints.items():
        assert [each for each in choices(annotation) if f"`{each}`" not in documented[name]["meaning"]] == [], name
