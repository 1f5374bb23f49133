"""The command `drdarrow`: a server of your files, a query into a file, a look at a host, a demonstration.

Needs the extra `cli`; the commands that serve need `server` too.
"""

from __future__ import annotations

import sys


def main() -> None:
    """Runs the command line."""
    try:
        from drdarrow.cli.app import app
    except ModuleNotFoundError as missing:
        if missing.name not in {"rich", "typer"}:
            raise
        sys.exit('drdarrow: the command needs typer and rich: pip install "drdarrow[cli]"')
    app()
