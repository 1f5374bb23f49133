"""Where a copy goes: the kinds of targets, each with the folder of its state."""

from __future__ import annotations

import os
from typing import Any

from drdarrow.copying.engine import Target
from drdarrow.copying.folder import Folder
from drdarrow.copying.options import Options
from drdarrow.copying.storage import Store, store

__all__ = ["Place", "place"]

#: The folder of the state in a folder of files. Readers of Parquet and lakes leave out what begins with a line.
_STATE = "_copy"


class Place:
    """A target before there is anything to write."""

    def __init__(self, name: str, state: Store, files: Store) -> None:
        self.name, self.state, self.files = name, state, files
        self.forms: dict[str, Any] = {}

    def target(self, options: Options, copy_id: str) -> Target:
        """The one that rows are written to."""
        return Folder(self.files, options, copy_id)


def place(target: str, state: str | os.PathLike[str] | None, options: Options) -> Place:
    """The place that a text means."""
    files = store(target)
    kept = store(state) if state is not None else store(f"{target.rstrip('/') or '/'}/{_STATE}")
    return Place(files.path(), kept, files)
