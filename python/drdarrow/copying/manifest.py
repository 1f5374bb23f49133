"""The state of a copy, as JSON beside its rows: what was asked, how each table is divided, what of it is there."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, TypeVar
from urllib.parse import quote

from drdarrow.copying.storage import Store, shown
from drdarrow.exceptions import InterfaceError

__all__ = ["CopyState", "FileState", "Manifest", "PartState", "TableState", "folder_of"]

_T = TypeVar("_T")

#: The version of the form.
VERSION = 1
_COPY = "copy.json"
#: Bytes of a folder's name: systems allow 255, with what is put after it.
_LONGEST = 200


@dataclass
class FileState:
    """A file that was written and read again."""

    name: str
    rows: int
    nbytes: int
    sha256: str
    """Of its bytes."""
    content: str | None
    """Of its rows, as `Digest` has it; None of text."""


@dataclass
class PartState:
    """A part of a table."""

    number: int
    run: int
    """The increment that it belongs to; the first has 0."""
    text: str
    """The part itself: that of `Part.to_bytes()`, or the numbers of records."""
    done: bool = False
    verified: bool = False
    """Its files were read again."""
    rows: int = 0
    nbytes: int = 0
    seconds: float = 0.0
    attempts: int = 0
    files: list[FileState] = field(default_factory=list)
    nulls: dict[str, int] = field(default_factory=dict)
    """How many NULLs columns have."""
    nulled: dict[str, int] = field(default_factory=dict)
    """How many bad values of fields were read as NULL."""


@dataclass
class TableState:
    """A table, a query or a record file."""

    name: str
    source: str
    kind: str
    """table, query or file."""
    planned: bool = False
    run: int = 0
    columns: list[list[str]] = field(default_factory=list)
    explained: str = ""
    parts: list[PartState] = field(default_factory=list)
    marked: bool = False
    """`high` is that of this run."""
    low: list[str] | None = None
    """The watermark that rows of this run are above, with its type."""
    high: list[str] | None = None
    """The one that they reach."""
    source_rows: int | None = None
    """The rows that the source had when the run was over."""
    position: list[Any] | None = None
    """Where its journal is followed from, a `journal.Position`. First noted before any record was read."""
    changes: int = 0
    """How many changes were taken."""
    change_commits: int = 0
    """The number of the commit that has the last of them, where they are applied to Delta Lake."""
    change_files: list[FileState] = field(default_factory=list)
    """Their files, where they are kept in files."""
    committed: bool = False
    """All of this run is there for readers."""
    found: bool = False
    """A pattern found it among files that are followed: it may come and go."""
    gone: bool = False
    """The file is not there any more, or not journaled."""

    @property
    def current(self) -> list[PartState]:
        """The parts of this run."""
        return [part for part in self.parts if part.run == self.run]

    @property
    def rows(self) -> int:
        """Of all runs."""
        return sum(part.rows for part in self.parts)

    @property
    def folder(self) -> str:
        """The folder of its files."""
        return folder_of(self.name)


@dataclass
class CopyState:
    """A copy as a whole."""

    id: str
    asked: dict[str, Any]
    """The options that it was asked for with: it goes on only with the same."""
    tables: list[str]
    began: str
    replaces: bool = False
    """It began in the place of something that was there."""
    done: bool = False
    run: int = 0
    version: int = VERSION


def folder_of(name: str) -> str:
    """A name as one of a folder: one that differs gets another folder."""
    # A point or underscore in front hides a folder from those that read all of them; some systems cut blanks and
    # points at the end.
    text = re.sub(r"^[._ ]|[. ]$", lambda found: f"%{ord(found[0]):02X}", quote(name, safe="$#@ "))
    if len(text) > _LONGEST:
        text = f"{text[: _LONGEST - 17]}~{hashlib.sha256(text.encode()).hexdigest()[:16]}"
    return text


def _table(parts: list[dict[str, Any]], change_files: Sequence[dict[str, Any]] = (), **form: Any) -> TableState:
    made = [PartState(**{**part, "files": [FileState(**file) for file in part["files"]]}) for part in parts]
    return TableState(**form, parts=made, change_files=[FileState(**file) for file in change_files])


class Manifest:
    """The files of the state: one of the copy, one of each table. Each is replaced as a whole."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def copy(self) -> CopyState | None:
        """The state of the copy; None where there is none."""
        form = self._form(_COPY)
        return None if form is None else self._made(_COPY, CopyState, form)

    def keep(self, state: CopyState) -> None:
        """Writes it."""
        self._write(_COPY, asdict(state))

    def table(self, name: str) -> TableState | None:
        """The state of a table; None where there is none."""
        form = self._form(self._name(name))
        return None if form is None else self._made(self._name(name), _table, form)

    def keep_table(self, state: TableState) -> None:
        """Writes it."""
        self._write(self._name(state.name), asdict(state))

    def forget(self) -> None:
        """Removes all of it: first that which says that there is a copy."""
        self._store.remove(_COPY)
        for name in self._store.names("tables"):
            self._store.remove(f"tables/{name}")

    def path(self) -> str:
        """Where it is."""
        return shown(self._store.path(_COPY))

    def report(self, name: str, text: str) -> None:
        """Writes a report beside it."""
        self._store.write(name, text.encode())

    def _name(self, table: str) -> str:
        return f"tables/{folder_of(table)}.json"

    def _form(self, name: str) -> dict[str, Any] | None:
        data = self._store.read(name)
        if data is None:
            return None
        try:
            form: dict[str, Any] = dict(json.loads(data))
            if name == _COPY and form["version"] != VERSION:
                raise InterfaceError(
                    f"{shown(self._store.path(name))} is of another version; set restart=True to begin anew"
                )
        except (ValueError, KeyError, TypeError) as e:
            raise self._broken(name, e) from None
        return form

    def _made(self, name: str, make: Callable[..., _T], form: dict[str, Any]) -> _T:
        try:
            return make(**form)
        except (TypeError, KeyError) as e:
            raise self._broken(name, e) from None

    def _broken(self, name: str, error: Exception) -> InterfaceError:
        return InterfaceError(
            f"{shown(self._store.path(name))} cannot be read ({error}); set restart=True to begin anew"
        )

    def _write(self, name: str, form: dict[str, Any]) -> None:
        self._store.write(name, json.dumps(form, indent=1).encode())
