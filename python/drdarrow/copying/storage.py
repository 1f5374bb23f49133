"""Folders that files are put into, whole or not at all: those of this machine, and those that fsspec knows."""

from __future__ import annotations

import errno
import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from drdarrow.exceptions import InterfaceError, OperationalError

__all__ = ["Counted", "Local", "Remote", "Store", "shown", "store"]

#: The end of the name of a file that is being written.
_UNDER_WAY = ".part"
#: Protocols where a file is there when it was closed well, and not before.
_WHOLE = frozenset({"s3", "s3a", "gs", "gcs", "abfs", "abfss", "az", "adl", "memory"})


class Counted:
    """A file for a writer of Arrow's, with the bytes so far and their SHA-256."""

    def __init__(self, file: Any) -> None:
        self._file, self._hash, self.nbytes, self.closed = file, hashlib.sha256(), 0, False
        self._given_up = False

    def write(self, data: Any) -> int:
        """Writes all of it."""
        view = memoryview(data).cast("B")
        left = memoryview(b"") if self._given_up else view
        while left.nbytes:
            # A file that takes less than all of it says how much.
            left = left[self._file.write(left) :]
        self._hash.update(view)
        self.nbytes += view.nbytes
        return view.nbytes

    def give_up(self) -> None:
        """From here on nothing is written: a writer that is closed after an error adds nothing, and does not fail."""
        self._given_up = True

    def tell(self) -> int:
        """The bytes so far."""
        return self.nbytes

    def flush(self) -> None:
        """The file is flushed when it is closed."""

    def close(self) -> None:
        """The writer is done; the file is closed by whoever opened it."""

    def readable(self) -> bool:
        """It is only written."""
        return False

    def writable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """Bytes are put one after another."""
        return False

    @property
    def sha256(self) -> str:
        """In hexadecimal digits."""
        return self._hash.hexdigest()


class Store(Protocol):
    """A folder. Names in it have slashes."""

    def read(self, name: str) -> bytes | None:
        """The bytes of a small file; None where there is none."""

    def write(self, name: str, data: bytes) -> None:
        """Puts a small file in the place of the one that is there, at once and for good."""

    def sink(self, name: str) -> Any:
        """A context manager: a `Counted` file that gets its name at the end, and is removed after an error."""

    def open(self, name: str) -> Any:
        """A file to be read, a context manager."""

    def size(self, name: str) -> int | None:
        """The bytes of a file; None where there is none."""

    def names(self, folder: str) -> list[str]:
        """Names of files in a folder, without it; none where there is no such folder."""

    def remove(self, name: str) -> None:
        """Removes a file, which may not be there."""

    def path(self, name: str = "") -> str:
        """A name as other programs take it."""

    def locked(self) -> Any:
        """A context manager: nobody else copies to here meanwhile, as far as that can be known."""


def shown(target: str) -> str:
    """A path or URL as messages and reports have it: without a password."""
    scheme, sign, rest = target.partition("://")
    authority, slash, path = rest.partition("/")
    user, at, host = authority.rpartition("@")
    if not sign:
        return target
    plain = f"{scheme}://{user.partition(':')[0] if at else ''}{at}{host}{slash}{path}"
    # PostgreSQL takes arguments without a slash before them, too.
    return re.sub(r"(?i)\b((?:ssl)?password=)[^&]*", r"\1…", plain)


def store(target: str | os.PathLike[str]) -> Store:
    """The folder of a path, or of a URL that fsspec knows."""
    text = os.fspath(target)
    if text.startswith("file://"):
        text = text.removeprefix("file://")
    if "://" not in text:
        return Local(Path(text))
    return Remote(text)


class Local:
    """A folder of this machine. What is written is on the disk before its name is, and its name before anything says
    that it is there."""

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()

    def read(self, name: str) -> bytes | None:
        try:
            return (self.root / name).read_bytes()
        except FileNotFoundError:
            return None

    def write(self, name: str, data: bytes) -> None:
        with self.sink(name) as file:
            file.write(data)

    @contextmanager
    def sink(self, name: str) -> Iterator[Counted]:
        path = self.root / name
        _made(path.parent)
        beside = path.with_name(path.name + _UNDER_WAY)
        try:
            with beside.open("wb") as file:
                yield Counted(file)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(path)
        except BaseException as e:
            with suppress(OSError):
                beside.unlink()
            if isinstance(e, OSError) and e.errno is not None and e.filename is None:
                # A disk that is full does not say which one it is.
                e.filename = str(path)
            raise
        _synced(path.parent)

    def open(self, name: str) -> BinaryIO:
        return (self.root / name).open("rb")

    def size(self, name: str) -> int | None:
        try:
            return (self.root / name).stat().st_size
        except FileNotFoundError:
            return None

    def names(self, folder: str) -> list[str]:
        try:
            return sorted(each.name for each in (self.root / folder).iterdir() if each.is_file())
        except (FileNotFoundError, NotADirectoryError):
            return []

    def remove(self, name: str) -> None:
        (self.root / name).unlink(missing_ok=True)

    def path(self, name: str = "") -> str:
        return str(self.root / name)

    @contextmanager
    def locked(self) -> Iterator[None]:
        _made(self.root)
        with (self.root / "lock").open("ab") as file:
            try:
                import fcntl
            except ImportError:
                yield
                return
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as e:
                if e.errno not in (errno.EAGAIN, errno.EACCES):
                    raise
                raise OperationalError(
                    f"another process copies to {self.root} now; wait for its end, or take another folder",
                    phase="config",
                ) from None
            yield


def _made(folder: Path) -> None:
    """Makes a folder with those above it, each on the disk."""
    if folder.is_dir():
        return
    _made(folder.parent)
    with suppress(FileExistsError):
        folder.mkdir()
    _synced(folder.parent)


def _synced(folder: Path) -> None:
    """The names in a folder are on the disk."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class Remote:
    """A folder by a URL: an object store, mostly."""

    def __init__(self, url: str) -> None:
        try:
            import fsspec
        except ImportError:
            raise InterfaceError(
                f"{url.partition('://')[0]}://: URLs are written to by fsspec, which is not installed: "
                "pip install fsspec, and what it needs for this one"
            ) from None
        self._url = url.rstrip("/")
        try:
            self._system, self._root = fsspec.core.url_to_fs(self._url)
        except (ValueError, ImportError) as e:
            raise InterfaceError(f"target: {e}") from None
        self._whole = url.partition("://")[0] in _WHOLE

    def read(self, name: str) -> bytes | None:
        try:
            data: bytes = self._system.cat_file(self._in(name))
        except FileNotFoundError:
            return None
        return data

    def write(self, name: str, data: bytes) -> None:
        with self.sink(name) as file:
            file.write(data)

    @contextmanager
    def sink(self, name: str) -> Iterator[Counted]:
        path = self._in(name)
        self._system.makedirs(path.rpartition("/")[0], exist_ok=True)
        beside = path if self._whole else path + _UNDER_WAY
        file = self._system.open(beside, "wb")
        try:
            yield Counted(file)
            file.close()
            if beside != path:
                self._system.mv(beside, path)
        except BaseException:
            with suppress(Exception):
                # A file that is not there before its end has a way to give it up.
                file.discard()
            with suppress(Exception):
                file.close()
            with suppress(Exception):
                self._system.rm_file(beside)
            raise

    def open(self, name: str) -> Any:
        return self._system.open(self._in(name), "rb")

    def size(self, name: str) -> int | None:
        try:
            found: int = self._system.info(self._in(name))["size"]
        except FileNotFoundError:
            return None
        return found

    def names(self, folder: str) -> list[str]:
        try:
            found = self._system.ls(self._in(folder), detail=True, refresh=True)
        except FileNotFoundError:
            return []
        return sorted(each["name"].rpartition("/")[2] for each in found if each["type"] == "file")

    def remove(self, name: str) -> None:
        with suppress(FileNotFoundError):
            self._system.rm_file(self._in(name))

    def path(self, name: str = "") -> str:
        return f"{self._url}/{name}" if name else self._url

    @contextmanager
    def locked(self) -> Iterator[None]:
        # Object stores have no locks: two copies to one URL are for the user to avoid.
        yield

    def _in(self, name: str) -> str:
        return f"{self._root}/{name}" if name else str(self._root)
