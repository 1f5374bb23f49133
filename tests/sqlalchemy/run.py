"""Runs SQLAlchemy's tests of dialects against Derby and the server as each product, two of them at a time, and prints
what came of them.

    python tests/sqlalchemy/run.py [derby|luw|ibmi|zos ...] [options of pytest]

Ends with 1 when a test failed.
"""

from __future__ import annotations

import contextlib
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / "tests/python/support"))
PRODUCTS = ("derby", "luw", "ibmi", "zos")
#: Seconds for the tests of one product.
LIMIT = 1800
#: Products at a time.
_TOGETHER = 2


@contextlib.contextmanager
def database(product: str) -> Iterator[str]:
    """The URL of an empty database with the second schema that the tests want."""
    import drdarrow

    if product == "derby":
        from derby import Derby

        with Derby(cache=False) as server:
            uri = f"drda://app@127.0.0.1:{server.port}/SUITE"
            with drdarrow.connect(uri, attributes={"create": "true"}) as connection:
                connection.execute("CREATE SCHEMA TEST_SCHEMA")
            yield uri
        return
    import duckdb

    from drdarrow import server as serving

    with serving.serve(duckdb.connect(), persona=product) as server:
        with drdarrow.connect(f"drda://app@127.0.0.1:{server.port}/SUITE") as connection:
            connection.execute("CREATE SCHEMA TEST_SCHEMA")
        yield f"drda://app@127.0.0.1:{server.port}/SUITE"


def counts(output: str) -> dict[str, int]:
    """The numbers of pytest's last line."""
    lines = [line for line in output.splitlines() if re.search(r"\d+ (passed|failed|error)", line)]
    found = re.findall(r"(\d+) (passed|failed|skipped|error)", lines[-1]) if lines else []
    return {word: int(number) for number, word in found}


def run(product: str, options: list[str]) -> bool:
    start = time.monotonic()
    with database(product) as uri:
        command = [sys.executable, "-m", "pytest", "-c", HERE / "pytest.ini", "--rootdir", HERE, HERE / "test_suite.py",
                   "-p", "no:cacheprovider", "-q", "-W", "ignore::pytest.PytestUnknownMarkWarning", "--dburi", uri]  # fmt: skip
        done = subprocess.run(
            [*command, *options], cwd=ROOT, capture_output=True, text=True, timeout=LIMIT, check=False
        )
    found = counts(done.stdout)
    failed = found.get("failed", 0) + found.get("error", 0)
    if failed or not found.get("passed"):
        print(done.stdout, done.stderr)
    print(
        f"{product}: {found.get('passed', 0)} passed, {found.get('skipped', 0)} excluded, {failed} failed, "
        f"{time.monotonic() - start:.0f} s",
        flush=True,
    )
    return bool(found.get("passed")) and not failed


def main(arguments: list[str]) -> int:
    products = [argument for argument in arguments if argument in PRODUCTS] or list(PRODUCTS)
    options = [argument for argument in arguments if argument not in PRODUCTS]
    if len(products) == 1:
        return 0 if run(products[0], options) else 1
    # Each has a process of its own, with the server in it.
    with ThreadPoolExecutor(_TOGETHER) as pool:
        return max(pool.map(lambda product: apart(product, options), products))


def apart(product: str, options: list[str]) -> int:
    return subprocess.run([sys.executable, __file__, product, *options], cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
