"""Runs one of IBM's tests, named on the command line. Where it does not print what it should, both are shown whole."""

from __future__ import annotations

import sys
import unittest
from collections.abc import Callable
from io import StringIO

from testfunctions import IbmDbTestFunctions


def capture(self: IbmDbTestFunctions, run: Callable[[], object]) -> str:
    """The output of a test, without the ends of its lines; it is shown as well."""
    screen, sys.stdout = sys.stdout, StringIO()
    try:
        run()
    finally:
        printed, sys.stdout = sys.stdout.getvalue(), screen
        print(f"-- printed:\n{printed}-- end", flush=True)
    return printed.replace("\n", "").replace("\r", "")


if __name__ == "__main__":
    name = sys.argv.pop()
    unittest.TestCase.maxDiff = None
    IbmDbTestFunctions.capture = capture
    unittest.main(name, argv=["test", f"IbmDbTestCase.{name}"], verbosity=2)
