"""The fixture for other people's tests, as docs/testing.md shows it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

DOCS = Path(__file__).resolve().parent.parent.parent / "docs" / "testing.md"


def test_the_documented_example_passes(pytester: pytest.Pytester) -> None:
    conftest, test, without = re.findall(r"```python\n(.*?)```", DOCS.read_text(), re.DOTALL)
    pytester.makeconftest(conftest)
    pytester.makepyfile(test + "\n\n" + "".join(f"{line}\n" for line in ("def test_without():", *("    " + each for each in without.splitlines()))))
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider")
    result.assert_outcomes(passed=2)


def test_servers_end_with_their_test(pytester: pytest.Pytester) -> None:
    pytester.makeconftest('pytest_plugins = ["drdarrow.server.pytest_plugin"]')
    pytester.makepyfile(
        """
        import pyarrow as pa
        import pytest

        left = []

        def test_leaves_them_open(drda_server):
            for persona in ("luw", "derby"):
                srv = drda_server(tables={"T": pa.table({"A": [1]})}, persona=persona)
                left.append((srv, srv.connect()))
                assert not srv.closed and srv.persona == persona

        def test_after():
            assert [srv.closed for srv, _ in left] == [True, True]
        """
    )
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider")
    result.assert_outcomes(passed=2)
