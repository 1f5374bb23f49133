"""Fetches Java programs that the tests talk to and Debian does not have: from Maven Central, held to their SHA-256.

    python tools/jars.py            # all of them
    python tools/jars.py jcc-12     # where one is

They are kept in $DRDARROW_JARS, else in ~/.cache/drdarrow/jars, and are no part of this repository. IBM's JDBC driver is
under IBM's licence (International Program License Agreement, in the file): it is a tool of the tests, nothing of it goes
into the package.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import sys
import tempfile
import urllib.request
from pathlib import Path
from typing import NamedTuple

MAVEN = "https://repo1.maven.org/maven2"


class Jar(NamedTuple):
    """A file of Maven Central: group, artifact, version, SHA-256."""

    group: str
    artifact: str
    version: str
    sha256: str

    @property
    def name(self) -> str:
        return f"{self.artifact}-{self.version}.jar"

    @property
    def address(self) -> str:
        return f"{MAVEN}/{self.group.replace('.', '/')}/{self.artifact}/{self.version}/{self.name}"


JARS = {
    "jcc-12": Jar("com.ibm.db2", "jcc", "12.1.5.0", "04150111a29370247d162c3f05b8e938bf1314f19a63ad9a5302d88dd478e8e8"),
    "jcc-11": Jar("com.ibm.db2", "jcc", "11.5.9.0", "3d7ddbfe04b63cc349fe6cc7f5aaf92cf21a1a11dd57225298aa716f9f4ecda4"),
    # The newest; in two parts.
    "derbyclient": Jar(
        "org.apache.derby",
        "derbyclient",
        "10.17.1.0",
        "8f3e7a1f2eec23faf8c1c0fb21767b37c4d60d32223362a1f82a740b39b3726a",
    ),
    "derbyshared": Jar(
        "org.apache.derby",
        "derbyshared",
        "10.17.1.0",
        "fb68bab30785375c1f8cb5e9583b349750f8904d6f7ee15ce8e1c30b6be30ef4",
    ),
}


def fetched(key: str) -> Path:
    """Where a jar is; it is fetched first if it is not there. Raises RuntimeError when that cannot be done."""
    jar = JARS[key]
    default = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "drdarrow" / "jars"
    path = Path(os.environ.get("DRDARROW_JARS") or default) / jar.name
    if path.exists() and hashlib.sha256(path.read_bytes()).hexdigest() == jar.sha256:
        return path
    try:
        with urllib.request.urlopen(jar.address, timeout=60) as answer:
            data = answer.read()
    except OSError as e:
        raise RuntimeError(f"{jar.address} cannot be fetched: {e}") from e
    if (found := hashlib.sha256(data).hexdigest()) != jar.sha256:
        raise RuntimeError(f"{jar.address} is not the file that was expected: its SHA-256 is {found}")
    path.parent.mkdir(parents=True, exist_ok=True)
    # Whole or not there, also where two fetch it at a time.
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as part:
        part.write(data)
    os.replace(part.name, path)
    return path


def main() -> int:
    parser = argparse.ArgumentParser(description="Fetches Java programs for the tests.")
    parser.add_argument("jars", nargs="*", metavar="JAR", help=f"of {', '.join(JARS)}; all without one")
    for key in parser.parse_args().jars or JARS:
        print(fetched(key))
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (RuntimeError, KeyError) as e:
        sys.exit(f"jars: {e}")
