"""IBM's tests of its Python driver, as the wheel of `ibm_db` has them: where they are, and how one of them runs.

They are under IBM's licence and no part of this repository: `make tools` installs the version that `tools/constraints.txt`
names, and `SHA256` says which tests these are.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import random
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

USER, PASSWORD, DATABASE = "db2inst1", "secret", "SAMPLE"
#: Whom the tests of trusted contexts connect as, and switch to.
AUTH_USER, TC_USER = "auth_user", "tc_user"
USERS = dict.fromkeys((USER, AUTH_USER, TC_USER), PASSWORD)

#: Of names and contents of the tests, in order of their names.
SHA256 = "35de5efa309265435886a563b37ecab9f14e0d4890878a61ef32d12c27890658"
#: Seconds for one test.
LIMIT = 60

HERE = Path(__file__).resolve().parent
#: The last line that a test prints.
_RESULT = re.compile(r"^(OK|FAILED)(?: \((.*)\))?$", re.MULTILINE)


class SuiteError(Exception):
    """The tests are not there, or are others."""


@dataclass(frozen=True)
class Outcome:
    """How a test ended. kind: passed, failed, skipped; why: the last line of the trouble; output: all that it said."""

    name: str
    kind: str
    why: str
    output: str


def installed() -> Path:
    """The folder of packages that has `ibm_db_tests`. Raises SuiteError when these are not the expected ones."""
    spec = importlib.util.find_spec("ibm_db_tests")
    if spec is None or spec.origin is None:
        raise SuiteError("ibm_db_tests is not installed: make tools")
    folder = Path(spec.origin).parent
    digest = hashlib.sha256()
    for path in sorted(folder.glob("test_*.py")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    if digest.hexdigest() != SHA256:
        raise SuiteError(f"{folder}: these are not the tests that were expected: their SHA-256 is {digest.hexdigest()}")
    return folder.parent


def copied(to: Path) -> list[str]:
    """Copies the tests to a folder, with the pictures that they read; their names in order."""
    packages = installed()
    shutil.copytree(packages / "ibm_db_tests", to / "ibm_db_tests", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(packages / "testfunctions.py", to)
    # As large as IBM's own program makes them, always of the same bytes.
    for name, size in (("spook.png", 10291), ("pic1.jpg", 15398)):
        (to / "ibm_db_tests" / name).write_bytes(random.Random(name).randbytes(size))
    return sorted(path.stem for path in (to / "ibm_db_tests").glob("test_*.py"))


def configured(to: Path, port: int) -> Path:
    """A folder with the settings that the tests and the driver want, for a server at this port."""
    to.mkdir(parents=True)
    settings = {
        "test_dir": "ibm_db_tests",
        "database": DATABASE,
        "user": USER,
        "password": PASSWORD,
        "hostname": "127.0.0.1",
        "port": port,
        "auth_user": AUTH_USER,
        "auth_pass": PASSWORD,
        "tc_user": TC_USER,
        "tc_pass": PASSWORD,
        "tc_appserver_address": "127.0.0.1",
    }
    (to / "config.py").write_text("".join(f"{name} = {value!r}\n" for name, value in settings.items()))
    (to / "db2dsdriver.cfg").write_text(
        f"""<configuration>
  <dsncollection><dsn alias="{DATABASE}" name="{DATABASE}" host="127.0.0.1" port="{port}"/></dsncollection>
  <databases><database name="{DATABASE}" host="127.0.0.1" port="{port}"/></databases>
</configuration>
"""
    )
    return to


def run(name: str, tests: Path, settings: Path) -> Outcome:
    """Runs a test in a process of its own: what its driver does to that is the test's end, no more."""
    environment = {key: value for key, value in os.environ.items() if key != "CI"}
    environment |= {
        "PYTHONPATH": os.pathsep.join(map(str, (settings, tests, tests / "ibm_db_tests"))),
        "DB2DSDRIVER_CFG_PATH": str(settings),
        "DB2_CLI_DRIVER_INSTALL_PATH": "",
        "PYTHONUTF8": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    command = [sys.executable, str(HERE / "one.py"), name]
    try:
        done = subprocess.run(
            command, cwd=tests, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, timeout=LIMIT, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        output = (error.stdout or b"").decode(errors="replace")
        return Outcome(name, "failed", f"not over within {LIMIT} s", output)
    output = done.stdout.decode(errors="replace")
    found = _RESULT.search(output)
    if found is None:
        how = f"signal {-done.returncode}" if done.returncode < 0 else f"exit code {done.returncode}"
        return Outcome(name, "failed", f"its process ended by {how}", output)
    if found[1] == "OK":
        return Outcome(name, "skipped" if "skipped" in (found[2] or "") else "passed", "", output)
    return Outcome(name, "failed", _why(output), output)


def _why(output: str) -> str:
    """The line that says what went wrong."""
    lines = [line for line in output.splitlines() if re.match(r"(\w+\.)*\w*(Error|Exception|Warning)\b", line)]
    return lines[0] if lines else "failed"
