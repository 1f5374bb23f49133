"""Looks at the wheel as a user gets it: its size, what must and must not be inside, and how old a glibc may be."""

import re
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

#: A little over the goal of 4.5 MB, for other versions of the compiler.
LIMIT = 4_550_000
#: The newest version of glibc whose symbols the library may need: that of manylinux2014.
GLIBC = (2, 17)
NEEDED = ("drdarrow/__init__.py", "drdarrow/py.typed", "drdarrow/_core.pyi", "adbc_driver_drda/dbapi.py")
NOTICES = ("LICENSE", "THIRD-PARTY-NOTICES")


def too_new(path: Path) -> list[str]:
    """Symbols of a newer glibc that the libraries in a wheel need, by what their tables of versions say."""
    found = []
    with zipfile.ZipFile(path) as wheel, tempfile.TemporaryDirectory() as folder:
        for name in [name for name in wheel.namelist() if name.endswith(".so")]:
            library = wheel.extract(name, folder)
            told = subprocess.run(["readelf", "--version-info", library], capture_output=True, text=True, check=True)
            needed = {tuple(map(int, v.split("."))) for v in re.findall(r"\bGLIBC_([0-9.]+)", told.stdout)}
            if not needed:
                found.append(f"{name}: no versions of glibc were found in it")
            found += [f"{name} needs glibc {'.'.join(map(str, v))}" for v in sorted(needed) if v > GLIBC]
    return found


def main() -> int:
    path = Path(sys.argv[1])
    names = zipfile.ZipFile(path).namelist()
    found = [f"{name} is missing" for name in NEEDED if name not in names]
    found += [f"{n} is missing" for n in NOTICES if not any(name.endswith("licenses/" + n) for name in names)]
    if "abi3" not in path.name:
        found.append("the wheel is not abi3")
    found += too_new(path) if "linux" in path.name else []
    if path.stat().st_size > LIMIT:
        found.append(f"{path.stat().st_size} bytes are more than {LIMIT}")
    for line in found:
        print(f"{path.name}: {line}", file=sys.stderr)
    print(f"{path.name}: {path.stat().st_size / 1e6:.2f} MB")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
