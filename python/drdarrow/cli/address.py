"""The address of a database as the first argument of a command, or in the environment."""

from __future__ import annotations

import os
import re
from typing import Any

from typer.core import TyperCommand

__all__ = ["URI", "Addressed"]

#: The address where none is given.
URI = "DRDARROW_URI"
_ADDRESS = re.compile(r"[a-z][\w+.-]*://", re.IGNORECASE)


class Addressed(TyperCommand):
    """A command whose first argument is an address. Without one that of the environment is taken."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        uri = os.environ.get(URI)
        if uri and not any(map(_ADDRESS.match, args)):
            args = [uri, *args]
        return super().parse_args(ctx, args)
