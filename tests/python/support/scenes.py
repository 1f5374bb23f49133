"""The programs of tests/jdbc about interrupts and branches: a line for each case, its name, a tab, and the fault, if there
is one."""

from __future__ import annotations

from jdbc_programs import run


def url(driver: str, port: int) -> str:
    """Where the driver finds a server of ours."""
    if driver.startswith("jcc"):
        return f"jdbc:db2://127.0.0.1:{port}/SAMPLE:user=app;password=secret;resultSetHoldability=2;"
    return f"jdbc:derby://127.0.0.1:{port}/SAMPLE;user=app;password=secret"


def play(program: str, driver: str, *arguments: str) -> dict[str, str]:
    """The fault of each case of a program. driver: jcc-12, jcc-11, derby-10.14."""
    lines = run(program, driver, *arguments, options=("-Xmx256m",), seconds=120)
    return dict(line.split("\t", 1) for line in lines if "\t" in line)
