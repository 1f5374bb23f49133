"""Where a copy goes: the kinds of targets, each with the folder of its state."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from drdarrow.copying.engine import Target
from drdarrow.copying.folder import Folder
from drdarrow.copying.manifest import CopyState
from drdarrow.copying.options import DATABASES, DRIVERS, Options
from drdarrow.copying.storage import Store, store
from drdarrow.exceptions import InterfaceError

__all__ = ["Place", "place"]

#: The folder of the state in a folder of files. Readers of Parquet and lakes leave out what begins with a line.
_STATE = "_copy"
#: Packages that have to be installed.
_PACKAGES = {"delta": "deltalake", "iceberg": "pyiceberg[sql-sqlite]", "duckdb": "duckdb"}


class Place:
    """A target before there is anything to write."""

    def __init__(self, name: str, state: Store, files: Store | None, forms: dict[str, Any]) -> None:
        self.name, self.state, self._files, self.forms = name, state, files, forms
        """`forms`: settings of the connections, for types that the target has."""

    def target(self, options: Options, state: CopyState) -> Target:
        """The one that rows are written to."""
        form = options.format
        try:
            if self._files is None:
                kind = _databases(form)
                return kind(self.name, options, state.id, replaces=state.replaces)
            if form in ("delta", "iceberg"):
                from drdarrow.copying.lakes import Delta, Iceberg

                lake = Delta if form == "delta" else Iceberg
                return lake(self._files, options, state.id, replaces=state.replaces)
        except ModuleNotFoundError as missing:
            raise InterfaceError(f"format={form!r} needs {missing.name}: pip install {_PACKAGES[form]!r}") from None
        return Folder(self._files, options, state.id)


def place(target: str, state: str | os.PathLike[str] | None, options: Options) -> Place:
    """The place that a text means."""
    form = options.format
    forms: dict[str, Any] = {}
    if form in ("delta", "iceberg"):
        from drdarrow.copying.lakes import FORMS

        forms = FORMS[form]
    if form in ("duckdb", "adbc"):
        forms = {"wide_decimal": "text"}
    if form == "database":
        if not target.startswith(DATABASES):
            raise InterfaceError("target: expected drda://user@host/DATABASE or profile://NAME for format='database'")
        if state is None:
            raise _stateless()
        return Place(target, store(state), None, forms)
    if form == "adbc":
        scheme, sign, path = target.partition("://")
        if options.driver is None and (not sign or scheme not in DRIVERS):
            known = ", ".join(f"{name}://" for name in DRIVERS)
            raise InterfaceError(
                f"target: expected {known} for format='adbc'; driver= names the package of another driver"
            )
        if state is None and (scheme not in ("sqlite", "duckdb") or not path):
            raise _stateless()
        return Place(target, store(f"{path}.copy" if state is None else state), None, forms)
    if form == "duckdb":
        return Place(target, store(f"{target}.copy" if state is None else state), None, forms)
    files = store(target)
    kept = store(state) if state is not None else store(f"{target.rstrip('/') or '/'}/{_STATE}")
    return Place(files.path(), kept, files, forms)


def _stateless() -> InterfaceError:
    return InterfaceError("state: a copy into a database needs a folder for its manifest and report")


def _databases(form: str) -> Callable[..., Target]:
    """The class of a kind of databases."""
    if form == "adbc":
        from drdarrow.copying.adbc import Adbc

        return Adbc
    from drdarrow.copying.databases import Database, DuckDB

    return DuckDB if form == "duckdb" else Database
