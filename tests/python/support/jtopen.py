"""Programs of tests/jt400, which use JTOpen, IBM's client for Java (Debian: libjt400-java)."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from derby import java

JAR = Path("/usr/share/java/jt400.jar")
PROGRAMS = Path(__file__).resolve().parent.parent.parent / "jt400"


class Programs:
    """The programs, compiled into a folder."""

    def __init__(self, classes: Path) -> None:
        assert JAR.exists(), f"{JAR} not found: install libjt400-java"
        compiler = Path(java()[0]).resolve().with_name("javac")
        assert compiler.exists(), f"{compiler} not found: a JDK is needed"
        self._classes = classes
        sources = sorted(PROGRAMS.glob("*.java"))
        subprocess.run([compiler, "-nowarn", "-cp", JAR, "-d", classes, *sources], check=True, timeout=120)

    def run(
        self, program: str, ports: tuple[int, int], login: tuple[str, str], *arguments: str, options: list[str] | None = None
    ) -> list[Any]:
        """The lines of JSON that a program prints. ports: that of the server, and that of its sign-on server."""
        command = [*java(), "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", *(options or [])]
        command += ["-cp", f"{JAR}:{self._classes}", program, *map(str, ports), *login, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=180, check=False)
        assert done.stdout, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]
