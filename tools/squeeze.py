"""Compresses wheels anew, as small as the format of a wheel allows: Zopfli looks far longer for the shortest form.

    python tools/squeeze.py target/wheels/*.whl

What is inside, and when it was written, stays as it is; that is looked at before a wheel is replaced.
"""

import sys
import zipfile
from pathlib import Path

import zopfli.zlib


class Deflater:
    """As `zlib.compressobj`, for the whole of a file at once."""

    def __init__(self) -> None:
        self.data = bytearray()

    def compress(self, data: bytes) -> bytes:
        self.data += data
        return b""

    def flush(self) -> bytes:
        # Without the two bytes in front and the checksum of zlib's form.
        return zopfli.zlib.compress(bytes(self.data), numiterations=15, blocksplittingmax=0)[2:-4]


def squeeze(path: Path) -> None:
    """Replaces a wheel by a smaller one with the same files."""
    smaller = path.with_suffix(".tmp")
    zipfile._get_compressor = lambda *_: Deflater()
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(smaller, "w") as new:
        for info in old.infolist():
            copy = zipfile.ZipInfo(info.filename, info.date_time)
            copy.compress_type, copy.external_attr, copy.create_system = (
                zipfile.ZIP_DEFLATED,
                info.external_attr,
                info.create_system,
            )
            new.writestr(copy, old.read(info))
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(smaller) as new:
        if [(i.filename, old.read(i)) for i in old.infolist()] != [(i.filename, new.read(i)) for i in new.infolist()]:
            raise SystemExit(f"{path.name}: the smaller wheel holds something else")
    print(f"{path.name}: {path.stat().st_size} bytes, now {smaller.stat().st_size}")
    smaller.replace(path)


if __name__ == "__main__":
    for name in sys.argv[1:]:
        squeeze(Path(name))
