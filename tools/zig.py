#!/usr/bin/env python3
"""Python with Zig, as maturin calls it to link a wheel's library, with options of the linker that Zig refuses.

    CARGO_ZIGBUILD_PYTHON_PATH=tools/zig.py maturin build --zig

Zig links the library and shows how. The linker that it brings along then does the same again, with our options.
"""

import subprocess
import sys

ZIG = ["-m", "ziglang"]
#: Functions of the same code are kept once: nothing in the library compares their addresses. Functions and constants
#: that resemble each other lie side by side, where a wheel's compression finds what they repeat.
OPTIONS = ["--icf=all", "--bp-compression-sort=both"]
#: How the line begins in which Zig shows its call of the linker.
CALL = "ld.lld "


def link(arguments: list[str]) -> int:
    """Links a library by the command line of `zig cc`."""
    done = subprocess.run([sys.executable, *arguments, "-v"], capture_output=True, text=True)
    output = arguments[arguments.index("-o") + 1]
    # Zig may show its call twice, and shows those by which it makes libraries of the system for the first time.
    calls = {line for line in done.stderr.splitlines() if line.startswith(CALL) and f" -o {output} " in line}
    if done.returncode != 0 or len(calls) != 1:
        print(done.stdout, done.stderr, f"{len(calls)} calls of the linker for {output}", sep="\n", file=sys.stderr)
        return done.returncode or 1
    call = calls.pop().removeprefix(CALL).split()
    return subprocess.run([sys.executable, *ZIG, "ld.lld", *call, *OPTIONS]).returncode


def main() -> int:
    arguments = sys.argv[1:]
    if arguments[:3] == [*ZIG, "cc"] and "-shared" in arguments:
        return link(arguments)
    return subprocess.run([sys.executable, *arguments]).returncode


if __name__ == "__main__":
    sys.exit(main())
