"""Runs the engines that read tables in parts, each in a process of its own.

python tests/engines/run.py            # all of them
python tests/engines/run.py ray dask   # some
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

ONE = Path(__file__).resolve().parent / "one.py"
ENGINES = ("dask", "daft", "ray", "spark")
#: Seconds for one engine on a busy machine.
LIMIT = 300


def main() -> int:
    """Runs what was asked for; says what each came to."""
    chosen, failed = sys.argv[1:] or ENGINES, 0
    for name in chosen:
        began = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run(
                [sys.executable, ONE, name], text=True, cwd=folder, capture_output=True, timeout=LIMIT, check=False
            )
        failed += done.returncode != 0
        print(f"{'passed' if done.returncode == 0 else 'FAILED'} {time.monotonic() - began:5.1f} s  {name}", flush=True)
        if done.returncode:
            print(done.stdout[-2000:] + done.stderr[-4000:], flush=True)
    print(f"{len(chosen) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
