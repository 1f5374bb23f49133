"""Fixtures for pytest: a Db2 for the tests of a program that talks to one.

pytest_plugins = ["drdarrow.server.pytest_plugin"]

def test_report(drda_server):
    srv = drda_server(tables={"ORDERS": orders}, persona="ibmi")
    assert report(srv.uri) == ...
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any, Protocol

import pytest

from drdarrow.server import Persona, Server, serve

__all__ = ["DrdaServer", "drda_server"]


class DrdaServer(Protocol):
    """The type of the fixture, for annotations."""

    def __call__(self, source: Any = None, *, persona: Persona = "luw", **settings: Any) -> Server:
        """A running server; arguments as those of `drdarrow.server.serve`."""


@pytest.fixture
def drda_server() -> Iterator[DrdaServer]:
    """Starts servers: `drda_server(tables=..., persona=...)`, arguments as `drdarrow.server.serve`. They are closed at
    the end of the test, whatever it left open."""
    with ExitStack() as running:

        def start(source: Any = None, *, persona: Persona = "luw", **settings: Any) -> Server:
            return running.enter_context(serve(source, persona=persona, **settings))

        yield start
