"""Sizes of a built library by part of the program: which modules and crates its code and data come from.

    python tools/size.py target/wheel/libdrdarrow.so

The library must have its symbols. Code that the compiler repeats for each type is counted where the generic function
stands; drop code and the tables of virtual functions have lines of their own.
"""

import collections
import re
import subprocess
import sys

#: Modules of ours are counted two levels deep, crates as a whole.
DEPTH = 3
#: Parts smaller than this are added up.
LEAST = 16 * 1024


def part(symbol: str) -> str:
    """The part of the program that a demangled symbol belongs to."""
    if symbol.startswith(("core::ptr::drop_in_place", "core::ptr::drop_glue")):
        return "drop code of " + part(symbol[symbol.find("<") + 1 :])
    # `<A as B>::c` belongs to A, and a reference to what it refers to.
    bare = re.sub(r"^(<|&|mut |dyn |\*const |\*mut |\[)+", "", symbol)
    path = re.match(r"[A-Za-z_][\w$]*(::[a-z_][\w$]*)*", bare)
    if not path:
        return "other"
    steps = path[0].split("::")
    # Crates bear a mark of their build: `tokio[1234abcd]`.
    return "::".join(steps[:DEPTH] if steps[0] in {"drdarrow", "drdarrow_codec"} else steps[:1])


def symbols(path: str) -> list[tuple[int, str]]:
    """Size and name of everything that is defined in a library."""
    listed = subprocess.run(
        ["nm", "--print-size", "--defined-only", "--demangle", path], capture_output=True, text=True, check=True
    ).stdout
    found = []
    for line in listed.splitlines():
        fields = line.split(" ", 3)
        if len(fields) == 4 and len(fields[1]) == 16:
            found.append((int(fields[1], 16), re.sub(r"\[[0-9a-f]{8,16}\]", "", fields[3])))
    if not found:
        raise SystemExit(f"{path} has no symbols; build it without stripping them")
    return found


def sections(path: str) -> list[tuple[str, int]]:
    """Name and size of each section that is loaded."""
    listed = subprocess.run(["size", "-A", path], capture_output=True, text=True, check=True).stdout
    rows = [line.split() for line in listed.splitlines()]
    return [(row[0], int(row[1])) for row in rows if len(row) == 3 and row[0].startswith(".") and row[2] != "0"]


def main() -> int:
    path = sys.argv[1]
    print(f"{'section':<40}{'bytes':>12}")
    for name, size in sorted(sections(path), key=lambda s: -s[1])[:10]:
        print(f"{name:<40}{size:>12,}")
    sizes: collections.Counter[str] = collections.Counter()
    counts: collections.Counter[str] = collections.Counter()
    for size, symbol in symbols(path):
        sizes[part(symbol)] += size
        counts[part(symbol)] += 1
    print(f"\n{'part':<52}{'bytes':>12}{'symbols':>9}")
    rest = 0
    for name, size in sizes.most_common():
        if size < LEAST:
            rest += size
        else:
            print(f"{name:<52}{size:>12,}{counts[name]:>9,}")
    print(f"{'smaller parts':<52}{rest:>12,}\n{'in all':<52}{sum(sizes.values()):>12,}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
