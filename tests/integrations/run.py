"""Runs the examples of docs/integrations.md in the tools that they are about, each in a process of its own with a server
and a folder of its own, and looks at what came of them.

    python tests/integrations/run.py            # all of them
    python tests/integrations/run.py Delta dlt  # those whose heading has one of these
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PAGE = ROOT / "docs" / "integrations.md"
ONE = Path(__file__).resolve().parent / "one.py"
#: Seconds for one example: some tools take a while to be imported.
LIMIT = 180


def examples(page: Path) -> dict[str, str]:
    """Python of each heading that has some, in order."""
    found = {}
    for section in page.read_text("utf-8").split("\n## ")[1:]:
        code = re.findall(r"^```python\n(.*?)^```", section, flags=re.MULTILINE | re.DOTALL)
        if code:
            found[section.splitlines()[0]] = "".join(code)
    return found


def main() -> int:
    """Runs what was asked for; says what each came to."""
    chosen = {
        head: code for head, code in examples(PAGE).items() if not sys.argv[1:] or any(p in head for p in sys.argv[1:])
    }
    failed = 0
    for head, code in chosen.items():
        began = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run(
                [sys.executable, ONE, head],
                input=code,
                text=True,
                cwd=folder,
                # Airflow keeps its settings there.
                env={**os.environ, "AIRFLOW_HOME": folder},
                capture_output=True,
                timeout=LIMIT,
                check=False,
            )
        failed += done.returncode != 0
        print(f"{'passed' if done.returncode == 0 else 'FAILED'} {time.monotonic() - began:5.1f} s  {head}", flush=True)
        if done.returncode:
            print(done.stdout[-2000:] + done.stderr[-4000:], flush=True)
    print(f"{len(chosen) - failed} passed, {failed} failed")
    return 1 if failed or not chosen else 0


if __name__ == "__main__":
    sys.exit(main())
