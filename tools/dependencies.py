"""Holds the crates that go into the wheel against the project's rules, and writes their notices.

    python tools/dependencies.py            checks licences, sources and bans; fails if the notices are out of date
    python tools/dependencies.py --write    writes THIRD-PARTY-NOTICES anew

Works from `cargo metadata` alone, so that it needs nothing beside cargo.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NOTICES = ROOT / "THIRD-PARTY-NOTICES"
FEATURES = "python,server,adbc"
# Where wheels are for. What crates need elsewhere (browsers, telephones) is in none of them.
PLATFORMS = (
    *(f"{cpu}-unknown-linux-{libc}" for cpu in ("x86_64", "aarch64") for libc in ("gnu", "musl")),
    *(f"{cpu}-apple-darwin" for cpu in ("x86_64", "aarch64")),
    "x86_64-pc-windows-msvc",
)

ALLOWED = {"Apache-2.0", "MIT", "BSD-2-Clause", "BSD-3-Clause", "ISC", "Zlib", "CC0-1.0", "Unicode-3.0", "0BSD"}
BANNED = {
    "openssl": "TLS is rustls",
    "openssl-sys": "TLS is rustls",
    "native-tls": "TLS is rustls",
    "numpy": "the wheel has no Python dependencies",
    "libdb2-sys": "no vendor client",
}
SOURCE = "registry+https://github.com/rust-lang/crates.io-index"
TEXTS = re.compile(r"^(licen[cs]e|copying|notice|copyright)", re.I)
#: A line that says whose something is: alike texts differ in it alone.
OWNER = re.compile(r"\s*Copyright (\(c\)|©|\d{4})", re.I)


def metadata() -> dict:
    """Cargo's description of the build."""
    command = ["cargo", "metadata", "--format-version", "1", "--locked", "--features", FEATURES]
    for platform in PLATFORMS:
        command += ["--filter-platform", platform]
    return json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout)


def shipped(meta: dict) -> list[dict]:
    """The packages of others that are linked into the wheel: normal dependencies of ours and theirs."""
    packages = {p["id"]: p for p in meta["packages"]}
    nodes = {n["id"]: n for n in meta["resolve"]["nodes"]}
    seen: set[str] = set()
    todo = [meta["resolve"]["root"]]
    while todo:
        name = todo.pop()
        if name in seen:
            continue
        seen.add(name)
        for dependency in nodes[name]["deps"]:
            if any(kind["kind"] is None for kind in dependency["dep_kinds"]):
                todo.append(dependency["pkg"])
    seen -= set(meta["workspace_members"])
    return sorted((packages[i] for i in seen), key=lambda p: (p["name"], p["version"]))


def is_allowed(expression: str) -> bool:
    """Whether a licence expression can be met with allowed licences (an OR needs one, an AND all)."""
    expression = expression.replace("/", " OR ").replace(" WITH LLVM-exception", "")
    parts = re.split(r"\s+AND\s+", expression)
    return all(any(w in ALLOWED for w in re.split(r"\s+OR\s+", part.strip("() "))) for part in parts)


def complaints(packages: list[dict]) -> list[str]:
    """Breaches of the rules."""
    found = []
    for p in packages:
        name = f"{p['name']} {p['version']}"
        if not is_allowed(p["license"] or ""):
            found.append(f"{name}: licence {p['license']!r} is not allowed")
        if p["source"] != SOURCE:
            found.append(f"{name}: comes from {p['source']}, not from the registry")
        if p["name"] in BANNED:
            found.append(f"{name}: banned, {BANNED[p['name']]}")
    return found


def notices(packages: list[dict]) -> str:
    """The licence texts, each once, with the packages that it covers and the lines that say whose they are."""
    texts: dict[str, tuple[str, list[str], list[str]]] = {}
    for p in packages:
        folder = Path(p["manifest_path"]).parent
        for file in sorted(f for f in folder.iterdir() if f.is_file() and TEXTS.match(f.name)):
            text = file.read_text(encoding="utf-8", errors="replace").strip()
            owners = [line.strip() for line in text.splitlines() if OWNER.match(line)]
            text = "\n".join(line.rstrip() for line in text.splitlines() if not OWNER.match(line)).strip()
            key = re.sub(r"\s+", " ", text).lower()
            _, users, known = texts.setdefault(key, (text, [], []))
            users.append(f"{p['name']} {p['version']} ({p['license']})")
            known.extend(owner for owner in owners if owner not in known)
    for extra in sorted((ROOT / "tools" / "notices").glob("*.txt")):
        text = extra.read_text(encoding="utf-8").strip()
        texts[extra.name] = (text, [extra.stem.replace("-", " ")], [])
    rule = "=" * 100
    out = ["Third-party notices of drdarrow: what is compiled into its binary, and under which terms.", ""]
    for text, users, owners in texts.values():
        out += [rule, *users, rule, "", *owners, *([""] if owners else []), text, ""]
    return "\n".join(out)


def main() -> int:
    packages = shipped(metadata())
    found = complaints(packages)
    text = notices(packages)
    if "--write" in sys.argv[1:]:
        NOTICES.write_text(text, encoding="utf-8")
    elif not NOTICES.exists() or NOTICES.read_text(encoding="utf-8") != text:
        found.append(f"{NOTICES.name} is out of date: run python tools/dependencies.py --write")
    for line in found:
        print(line, file=sys.stderr)
    print(f"{len(packages)} packages, {len(found)} complaints")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
