"""Files that are there whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["whole_file"]


@contextmanager
def whole_file(out: Path) -> Iterator[Path]:
    """The place to write to: a file beside, which gets its name at the end, or is removed after an error."""
    part = _beside(out)
    try:
        yield part
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)


def _beside(out: Path) -> Path:
    """A new file in the same directory. Its name is not to be foreseen, so that nobody puts a link there before, and it
    is readable as any file that this process makes."""
    number, name = tempfile.mkstemp(prefix=f"{out.name[:100]}.", suffix=".part", dir=out.parent)
    os.close(number)
    mask = os.umask(0o077)
    os.umask(mask)
    os.chmod(name, 0o666 & ~mask)
    return Path(name)
