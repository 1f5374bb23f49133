"""The tools that hold the build against its rules."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
import tomllib
from types import ModuleType

import pytest
from conftest import HERE

ROOT = HERE.parent.parent


def tool(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "tools" / f"{name}.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


ADVISORIES = tool("advisories")


@pytest.mark.parametrize(
    ("version", "wanted", "fits"),
    [
        ("0.23.5", ">= 0.23.5", True), ("0.23.4", ">= 0.23.5", False), ("0.22.9", ">= 0.22.4, < 0.23.0", True), ("0.23.0", ">= 0.22.4, < 0.23.0", False),
        ("1.4.9", "^1.2", True), ("2.0.0", "^1.2", False), ("0.2.9", "^0.2.1", True), ("0.3.0", "^0.2.1", False), ("0.0.3", "^0.0.3", True), ("0.0.4", "^0.0.3", False),
        ("0.9.9", "0", True), ("1.0.0", "0", False), ("1.2.9", "~1.2.1", True), ("1.3.0", "~1.2.1", False), ("1.3.0", "~1", True), ("1.2.3", "= 1.2.3", True),
        ("0.104.0-alpha.5", ">= 0.104.0-alpha.6", False), ("0.104.0-alpha.10", ">= 0.104.0-alpha.6", True), ("0.104.0", ">= 0.104.0-alpha.6", True),
        ("1.2.3+local", "<= 1.2.3", True), ("1.0.0", "> 1.0.0", False),
    ],
)  # fmt: skip
def test_requirements_of_advisories(version: str, wanted: str, fits: bool) -> None:
    assert ADVISORIES.is_within(version, wanted) is fits


def test_a_crate_that_an_advisory_is_about_is_told() -> None:
    told = {"id": "RUSTSEC-1", "package": "a", "kind": "unsound", "patched": [">= 2"], "unaffected": ["< 1"]}
    known = {"crates": ["a", "b"], "advisories": [told]}
    assert ADVISORIES.complaints([("a", "1.5.0"), ("b", "1.5.0")], known) == ["a 1.5.0: RUSTSEC-1 (unsound); >= 2"]
    assert ADVISORIES.complaints([("a", "0.9.0"), ("a", "2.0.0")], known) == []
    assert ADVISORIES.complaints([("c", "1.0.0")], known) == ["c 1.0.0: not in advisories.json, write it anew"]


def test_the_crates_of_this_build_are_known_to_be_good() -> None:
    done = subprocess.run([sys.executable, ROOT / "tools" / "advisories.py"], capture_output=True, text=True, timeout=50, check=False)
    assert done.returncode == 0, done.stderr


def test_both_judges_of_dependencies_have_the_same_rules() -> None:
    rules, own = tomllib.loads((ROOT / "deny.toml").read_text()), tool("dependencies")
    assert {licence.partition(" WITH ")[0] for licence in rules["licenses"]["allow"]} == own.ALLOWED
    assert {each["crate"]: each["reason"] for each in rules["bans"]["deny"]} == own.BANNED
    assert set(rules["graph"]["targets"]) == set(own.PLATFORMS)
    assert own.SOURCE == f"registry+{rules['sources']['allow-registry'][0]}"


def test_wheels_for_a_release_are_built_as_make_builds_them() -> None:
    makefile, workflow = (ROOT / "Makefile").read_text(), (ROOT / ".github/workflows/wheels.yml").read_text()
    builds = [re.findall(r"maturin build (.+)", text) for text in (makefile, workflow)]
    # Quietly, into folders of their own, and the workflow for a platform of its list.
    own = r" --quiet| --out \S+| --target \$\{\{.*?\}\}|[$(){}]"
    made, released = ({re.sub(own, "", build) for build in found} for found in builds)
    assert made == released == {"--locked --profile wheel PORTABLE"}
    linked = r"--zig --compatibility (\S+)"
    assert re.findall(linked, makefile) == ["manylinux2014"] and re.findall(linked, workflow) == ["{0}',"]
    for part in ("tools/zig.py", "tools/squeeze.py", "tools/wheel.py", "CARGO_ZIGBUILD_PYTHON_PATH"):
        assert part in makefile and part in workflow
    # Every libc of the list is linked by Zig, which is for Linux alone.
    rows = re.findall(r"- \{ runner: (\S+), target: ([^,}\s]+)(?:, libc: ([^,}\s]+))?", workflow)
    assert len(rows) == 9 and all(runner.startswith("ubuntu") == bool(libc) for runner, _, libc in rows)
    assert {target for _, target, libc in rows if "musl" in target} == {t for _, t, libc in rows if "musl" in libc}
