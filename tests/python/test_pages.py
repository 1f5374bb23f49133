"""Every code page, byte for byte, beside ICU, glibc and Java."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from serving import ROOT, built


@pytest.mark.timeout(900)
def test_every_page_reads_as_elsewhere() -> None:
    program = built("pages")
    compare = [sys.executable, ROOT / "tools/ccsid/compare.py", program]
    done = subprocess.run(compare, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    assert "165 pages" in done.stdout and "without a peer: [924]" in done.stdout
    for peer, pages in (("icu", 159), ("glibc", 153), ("java", 121)):
        found = re.search(rf"{peer} (\d+)", done.stdout)
        assert found and int(found[1]) >= pages, done.stdout
