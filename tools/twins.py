"""Formats the methods of classes and their sisters for asyncio, which stand in `twins! { … }` in `src/python`, or in a
macro `with_…! { … }` that adds methods to those: rustfmt leaves macros alone, but their text reads as the `impl` blocks
of a module.

python tools/twins.py          formats
python tools/twins.py --check  says what is not formatted, and fails
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MACRO, MODULE = (
    re.compile(r"^(twins|with_\w+)! \{$", re.MULTILINE),
    re.compile(r"^mod (twins|with_\w+) \{$", re.MULTILINE),
)


def formatted(text: str) -> str:
    """The text of a file as rustfmt has it. Raises CalledProcessError when it cannot be read."""
    command = ["rustfmt", "--edition", "2024", "--config-path", str(ROOT / "rustfmt.toml"), "--emit", "stdout"]
    module = MACRO.sub(r"mod \1 {", text)
    done = subprocess.run(command, input=module, capture_output=True, text=True, check=True, cwd=ROOT)
    return MODULE.sub(r"\1! {", done.stdout)


def main(arguments: list[str]) -> int:
    """The number of files that are not formatted, or 0 when they were formatted."""
    files = [path for path in sorted((ROOT / "src" / "python").rglob("*.rs")) if MACRO.search(path.read_text("utf-8"))]
    assert files, "no twins in src/python"
    wrong = {path: new for path in files if (new := formatted(text := path.read_text("utf-8"))) != text}
    for path, new in wrong.items():
        print(path.relative_to(ROOT))
        if "--check" not in arguments:
            path.write_text(new, "utf-8")
    return len(wrong) if "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
