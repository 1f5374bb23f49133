"""The log of a coordinator: what was decided of transactions on several databases, in a file of SQLite.

Abort is presumed: of a transaction without an entry nothing is kept. A decision is written once. Whoever comes second,
the coordinator or a recovery beside it, goes by what the first has written.
"""

from __future__ import annotations

import os
import secrets
import socket
import sqlite3
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias, final

from drdarrow.exceptions import InterfaceError
from drdarrow.types import Xid

__all__ = ["FORMAT", "Log", "LogPath", "Open", "default_path"]

#: The form of the names that are made here: "DRDA".
FORMAT = 0x44524441
#: Bytes of a log's name, with which the names of its transactions begin, and of the rest.
_NAME, _UNIQUE = 16, 16
#: Seconds that a writer waits for another one.
_PATIENCE = 30.0

LogPath: TypeAlias = str | os.PathLike[str]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS log (one INTEGER PRIMARY KEY CHECK (one = 1), name BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS decision (gtrid BLOB PRIMARY KEY, outcome TEXT NOT NULL, at TEXT DEFAULT CURRENT_TIMESTAMP);
CREATE TABLE IF NOT EXISTS branch (gtrid BLOB NOT NULL, bqual BLOB NOT NULL, place TEXT NOT NULL,
    recovered INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (gtrid, bqual));
CREATE TABLE IF NOT EXISTS coordinator (gtrid BLOB PRIMARY KEY, host TEXT NOT NULL, pid INTEGER NOT NULL,
    process BLOB NOT NULL);
"""
#: Names this process, whatever its number was used for before.
_PROCESS = secrets.token_bytes(8)
#: The transactions of this process that have not ended.
_UNDER_WAY: set[bytes] = set()


class Open(NamedTuple):
    """A branch of which nobody has heard that it is over."""

    gtrid: bytes
    bqual: bytes
    place: str
    """The server and its database."""
    outcome: Literal["commit", "abort"] | None
    """The decision, if there is one."""


def default_path() -> Path:
    """The log of this user: `drdarrow/tpc.sqlite` where programs keep their state."""
    if sys.platform == "win32":
        folder = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
    elif sys.platform == "darwin":
        folder = Path.home() / "Library" / "Application Support"
    else:
        folder = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(folder) / "drdarrow" / "tpc.sqlite"


@final
class Log:
    """A log. Threads and processes may share one."""

    def __init__(self, path: LogPath | None = None) -> None:
        if path is not None and not isinstance(path, str | os.PathLike):
            raise InterfaceError(f"log: expected the path of a file, not {type(path).__name__}")
        self.path = default_path() if path is None else Path(path)
        if self.path.is_dir():
            raise InterfaceError(f"log: {self.path} is a folder: give the path of a file")
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = threading.Lock()
        with self._session() as session:
            session.executescript(_SCHEMA)
            session.execute("DELETE FROM decision WHERE outcome = 'abort' AND at < datetime('now', '-30 days')")
            session.execute("INSERT OR IGNORE INTO log VALUES (1, ?)", (secrets.token_bytes(_NAME),))
            self.name = bytes(session.execute("SELECT name FROM log").fetchone()[0])

    def new(self) -> bytes:
        """The name of another transaction of this log."""
        return self.name + secrets.token_bytes(_UNIQUE)

    def has(self, xid: Xid) -> bool:
        """Whether a branch is one of this log's."""
        return xid.format_id == FORMAT and len(xid.gtrid) == _NAME + _UNIQUE and xid.gtrid.startswith(self.name)

    def begin(self, gtrid: bytes, branches: Sequence[tuple[bytes, str]]) -> None:
        """A transaction begins. branches: the name of each and where it is."""
        host, pid = socket.gethostname(), os.getpid()
        process = _PROCESS + _began(pid)
        with self._session() as session:
            session.execute("BEGIN IMMEDIATE")
            # Those whose end could not be written.
            query = "SELECT gtrid FROM coordinator WHERE pid = ? AND process = ?"
            own = session.execute(query, (pid, process)).fetchall()
            over = [row for row in own if row[0] not in _UNDER_WAY]
            session.executemany("DELETE FROM coordinator WHERE gtrid = ?", over)
            session.execute("INSERT INTO coordinator VALUES (?, ?, ?, ?)", (gtrid, host, pid, process))
            rows = [(gtrid, bqual, place) for bqual, place in branches]
            session.executemany("INSERT INTO branch (gtrid, bqual, place) VALUES (?, ?, ?)", rows)
            session.execute("COMMIT")

    def decide(self, gtrid: bytes, outcome: Literal["commit", "abort"]) -> Literal["commit", "abort"]:
        """Writes a decision, unless there is one: the decision that holds. It lasts when this returns."""
        with self._session() as session:
            session.execute("INSERT OR IGNORE INTO decision (gtrid, outcome) VALUES (?, ?)", (gtrid, outcome))
            query = "SELECT outcome FROM decision WHERE gtrid = ?"
            found: Literal["commit", "abort"] = session.execute(query, (gtrid,)).fetchone()[0]
        return found

    def taken(self, xid: Xid) -> None:
        """A recovery commits this branch now."""
        with self._session() as session:
            session.execute("UPDATE branch SET recovered = 1 WHERE gtrid = ? AND bqual = ?", (xid.gtrid, xid.bqual))

    def was_taken(self, xid: Xid) -> bool:
        """Whether a recovery has committed a branch, or the whole transaction."""
        with self._session() as session:
            query = "SELECT recovered FROM branch WHERE gtrid = ? AND bqual = ?"
            found = session.execute(query, (xid.gtrid, xid.bqual)).fetchone()
        return found is None or bool(found[0])

    def done(self, gtrid: bytes, bquals: Sequence[bytes], over: bool = False) -> None:
        """These branches have ended. With the last of them a decision to commit goes. over: the coordinator is done."""
        if over:
            self.leave(gtrid)
        with self._session() as session:
            session.execute("BEGIN IMMEDIATE")
            session.executemany(
                "DELETE FROM branch WHERE gtrid = ? AND bqual = ?", [(gtrid, bqual) for bqual in bquals]
            )
            if over:
                # A child of the coordinator's process that leaves the block speaks for nobody.
                session.execute("DELETE FROM coordinator WHERE gtrid = ? AND pid = ?", (gtrid, os.getpid()))
            session.execute(
                "DELETE FROM decision WHERE gtrid = ?1 AND outcome = 'commit' "
                "AND NOT EXISTS (SELECT 1 FROM branch WHERE gtrid = ?1)",
                (gtrid,),
            )
            session.execute("COMMIT")

    def enter(self, gtrid: bytes) -> None:
        """A coordinator of this process is at work."""
        _UNDER_WAY.add(gtrid)

    def leave(self, gtrid: bytes) -> None:
        """The coordinator is done, whether that can be written or not: a recovery may end what it has left."""
        _UNDER_WAY.discard(gtrid)

    def open(self) -> list[Open]:
        """The branches of which nobody has heard that they are over."""
        with self._session() as session:
            rows = session.execute(
                "SELECT gtrid, bqual, place, outcome FROM branch LEFT JOIN decision USING (gtrid) ORDER BY gtrid, bqual"
            ).fetchall()
        return [Open(bytes(gtrid), bytes(bqual), place, outcome) for gtrid, bqual, place, outcome in rows]

    def under_way(self) -> set[bytes]:
        """The transactions whose coordinators live, on this machine."""
        with self._session() as session:
            rows = session.execute("SELECT gtrid, host, pid, process FROM coordinator").fetchall()
        here = socket.gethostname()
        return {
            gtrid
            for gtrid, host, pid, process in rows
            if host == here and (gtrid in _UNDER_WAY if pid == os.getpid() else _lives(pid, process))
        }

    @contextmanager
    def _session(self) -> Iterator[sqlite3.Connection]:
        """SQLite, closed afterwards: nothing of it may be shared with a child process."""
        with self._lock:
            session = sqlite3.connect(self.path, timeout=_PATIENCE, isolation_level=None)
            try:
                # Also the folder's entry is on the disk when a write returns.
                session.execute("PRAGMA synchronous = EXTRA")
                # On macOS nothing less reaches the disk.
                session.execute("PRAGMA fullfsync = ON")
                yield session
            except sqlite3.Error as e:
                if getattr(e, "sqlite_errorcode", None) == sqlite3.SQLITE_NOTADB:
                    text = f"log: {self.path} is a file of something else: give the path of a log, or of a new file"
                    raise InterfaceError(text) from e
                e.add_note(f"in {self.path}, the log of transactions on several databases")
                raise
            finally:
                session.close()


def _lives(pid: int, process: bytes) -> bool:
    """Whether a process of another number is there, and the same one."""
    if sys.platform == "win32":
        import ctypes

        # PROCESS_QUERY_LIMITED_INFORMATION; os.kill() would end it.
        handle = ctypes.windll.kernel32.OpenProcess(0x1000, False, pid)
        if handle:
            ctypes.windll.kernel32.CloseHandle(handle)
        return bool(handle)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    began = _began(pid)
    # Numbers come again: in a container that is started anew they are the same ones.
    return not began or process[len(_PROCESS) :] in (b"", began)


def _began(pid: int) -> bytes:
    """When a process began, where the system tells it."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_bytes().strip()
        # The name before it may hold anything.
        return boot + b" " + Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[19]
    except (OSError, IndexError):
        return b""
