"""A real PostgreSQL with a database of its own, which is gone afterwards."""

from __future__ import annotations

import glob
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from derby import free_port

USER, PASSWORD = "app", "ge heim/1"


def programs() -> Path | None:
    """The folder of its programs; Debian has it outside of the path."""
    found = shutil.which("initdb") or next(iter(sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"))), None)
    return Path(os.path.realpath(found)).parent if found else None


@contextmanager
def postgres() -> Iterator[int]:
    """Runs one at a port of 127.0.0.1, where USER needs PASSWORD."""
    folder = programs()
    assert folder is not None
    # It refuses to run as root.
    as_user: dict[str, Any] = {}
    if os.getuid() == 0:
        names = {each.pw_name for each in pwd.getpwall()}
        as_user = {"user": "postgres" if "postgres" in names else "nobody"}
    with tempfile.TemporaryDirectory() as home:
        secret, data = Path(home) / "secret", Path(home) / "data"
        secret.write_text(PASSWORD)
        if as_user:
            for path in (home, secret):
                shutil.chown(path, **as_user)
        asked = ["-D", data, "-U", USER, "--pwfile", secret, "--auth", "scram-sha-256", "-E", "UTF8", "--locale", "C"]
        subprocess.run([folder / "initdb", *asked], check=True, stdout=subprocess.DEVNULL, cwd=home, **as_user)
        port = free_port()
        settings = ["-h", "127.0.0.1", "-p", str(port), "-k", home, "-F"]
        with (Path(home) / "log").open("w+") as log:
            command = [folder / "postgres", "-D", data, *settings]
            with subprocess.Popen(command, stdout=log, stderr=log, cwd=home, **as_user) as process:
                try:
                    ready = [folder / "pg_isready", "-h", "127.0.0.1", "-p", str(port), "-t", "1"]
                    limit = time.monotonic() + 40
                    while subprocess.run(ready, stdout=subprocess.DEVNULL, check=False).returncode:
                        assert process.poll() is None and time.monotonic() < limit, log.seek(0) or log.read()
                        time.sleep(0.05)
                    yield port
                finally:
                    process.send_signal(2)
                    process.wait(30)
