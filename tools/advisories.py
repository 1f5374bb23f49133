"""Holds the crates of Cargo.lock against what RustSec tells of them.

    python tools/advisories.py                    checks, without a network
    python tools/advisories.py --write FOLDER     writes advisories.json anew from a clone of RustSec's database:
                                                  git clone https://github.com/rustsec/advisory-db FOLDER

Fails for a version that an advisory is about, and for a crate that was not looked up when the extract was made.
"""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
import tarfile
import tomllib
from datetime import date
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EXTRACT = Path(__file__).with_name("advisories.json")
DATABASE = "https://github.com/rustsec/advisory-db"

#: Advisories that do not concern this crate, each with the reason.
ACCEPTED: dict[str, str] = {}

Version = tuple[tuple[int, int, int], bool, tuple]


def locked() -> list[tuple[str, str]]:
    """Name and version of each crate of others in Cargo.lock."""
    lock = tomllib.loads((ROOT / "Cargo.lock").read_text(encoding="utf-8"))
    return sorted((p["name"], p["version"]) for p in lock["package"] if "source" in p)


def version(text: str) -> Version:
    """A version as it compares: a preview comes before what it is one of."""
    found = re.fullmatch(r"(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:-([0-9A-Za-z.-]+))?(?:\+.*)?", text)
    if not found:
        raise ValueError(f"{text!r} is no version")
    numbers = tuple(int(n or 0) for n in found.groups()[:3])
    preview = found[4]
    parts = tuple((0, int(p), "") if p.isdigit() else (1, 0, p) for p in preview.split(".")) if preview else ()
    return numbers, preview is None, parts


def is_within(text: str, wanted: str) -> bool:
    """Whether a version fits a requirement such as `>= 1.2, < 2` or `^1.2.3`."""
    at = version(text)
    for part in wanted.split(","):
        sign, bound = re.fullmatch(r"\s*(>=|<=|>|<|=|\^|~)?\s*(\S+)\s*", part).groups()
        limit = version(bound)
        major, minor, patch = limit[0]
        given = len(re.split(r"[-+]", bound)[0].split("."))
        if sign in (None, "^"):
            # The first number that is not 0 stays.
            next_ones = ((major + 1, 0, 0), (0, minor + 1, 0), (0, 0, patch + 1))
            stays = 0 if major or given == 1 else 1 if minor or given == 2 else 2
            fits = limit <= at and at[0] < next_ones[stays]
        elif sign == "~":
            fits = limit <= at and at[0] < ((major, minor + 1, 0) if given > 1 else (major + 1, 0, 0))
        else:
            fits = {">=": at >= limit, "<=": at <= limit, ">": at > limit, "<": at < limit, "=": at == limit}[sign]
        if not fits:
            return False
    return True


def complaints(crates: list[tuple[str, str]], known: dict) -> list[str]:
    """The subject of an advisory, and what nobody looked up."""
    found = [f"{n} {v}: not in {EXTRACT.name}, write it anew" for n, v in crates if n not in known["crates"]]
    for each in known["advisories"]:
        for name, at in crates:
            good = [*each["patched"], *each["unaffected"]]
            if name == each["package"] and each["id"] not in ACCEPTED and not any(is_within(at, one) for one in good):
                cure = " or ".join(each["patched"]) or "no version without it"
                found.append(f"{name} {at}: {each['id']} ({each['kind']}); {cure}")
    return found


def extract(folder: str) -> dict:
    """The advisories about the crates of Cargo.lock, from a clone of the database."""
    names = sorted({name for name, _ in locked()})

    def git(*command: str) -> bytes:
        return subprocess.run(["git", "-C", folder, *command], check=True, capture_output=True).stdout

    commit, when = git("log", "-1", "--format=%H %cs").decode().split()
    found = []
    with tarfile.open(fileobj=io.BytesIO(git("archive", "HEAD", "crates"))) as archive:
        for member in archive.getmembers():
            parts = Path(member.name).parts
            if member.isfile() and len(parts) == 3 and parts[1] in names and parts[2].startswith("RUSTSEC-"):
                text = archive.extractfile(member).read().decode()
                told = tomllib.loads(re.search(r"```toml\n(.*?)```", text, re.DOTALL)[1])
                about, versions = told["advisory"], told["versions"]
                if "withdrawn" not in about:
                    found.append(
                        {
                            "id": about["id"],
                            "package": about["package"],
                            "kind": about.get("informational", "vulnerability"),
                            "patched": versions.get("patched", []),
                            "unaffected": versions.get("unaffected", []),
                        }
                    )
    found.sort(key=lambda each: each["id"])
    return {"source": DATABASE, "commit": commit, "date": when, "crates": names, "advisories": found}


def main() -> int:
    if sys.argv[1:2] == ["--write"]:
        EXTRACT.write_text(json.dumps(extract(sys.argv[2]), indent=1) + "\n", encoding="utf-8")
    known, crates = json.loads(EXTRACT.read_text(encoding="utf-8")), locked()
    found = complaints(crates, known)
    for line in found:
        print(line, file=sys.stderr)
    age = (date.today() - date.fromisoformat(known["date"])).days
    told = len(known["advisories"])
    print(f"{len(crates)} crates, {told} advisories of {known['date']} ({age} days old), {len(found)} complaints")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
