"""Files that are there whole or not at all."""

from __future__ import annotations

import errno
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["whole_file"]


@contextmanager
def whole_file(out: Path) -> Iterator[Path]:
    """The place to write to: a file beside, which gets its name at the end, or is removed after an error. A file that
    is replaced leaves its permissions to the new one. A link is replaced, and not followed: somebody else may have put
    it there.

    Raises:
        FileExistsError: something else has the name, as a pipe or a device, which is not to be replaced.
    """
    if out.exists() and not out.is_file():
        raise FileExistsError(errno.EEXIST, "not a file, and not replaced by one", str(out))
    part = _beside(out)
    try:
        yield part
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)


def _beside(out: Path) -> Path:
    """A new file in the same directory. Its name is not to be foreseen, so that nobody puts a link there before, and it
    is readable as the one that it replaces, else as any file that this process makes."""
    part = out.with_name(f"{out.name[:50]}.{secrets.token_hex(8)}.part")
    replaced = stat.S_IMODE(out.stat().st_mode) & 0o777 | 0o600 if out.exists() and not out.is_symlink() else None
    os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666 if replaced is None else replaced))
    if replaced is not None:
        part.chmod(replaced)
    return part
