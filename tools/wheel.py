"""Looks at the wheel as a user gets it: its size, and what must and must not be inside."""

import sys
import zipfile
from pathlib import Path

LIMIT = 6 * 1024 * 1024
NEEDED = ("drdarrow/__init__.py", "drdarrow/py.typed", "drdarrow/_core.pyi")
NOTICES = ("LICENSE", "THIRD-PARTY-NOTICES")


def main() -> int:
    path = Path(sys.argv[1])
    names = zipfile.ZipFile(path).namelist()
    found = [f"{name} is missing" for name in NEEDED if name not in names]
    found += [f"{n} is missing" for n in NOTICES if not any(name.endswith("licenses/" + n) for name in names)]
    if "abi3" not in path.name:
        found.append("the wheel is not abi3")
    if path.stat().st_size > LIMIT:
        found.append(f"{path.stat().st_size} bytes are more than {LIMIT}")
    for line in found:
        print(f"{path.name}: {line}", file=sys.stderr)
    print(f"{path.name}: {path.stat().st_size / 1e6:.2f} MB")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
