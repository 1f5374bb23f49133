"""Targets of copies that follow journals, and their rows as those read them who know nothing of copies."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import duckdb
from derby import Derby

import drdarrow
from drdarrow import server

__all__ = ["FORMS", "PACKAGES", "Target"]

#: Kinds of targets: the last two are databases, Derby and the embedded server.
FORMS = ["duckdb", "delta", "iceberg", "derby", "served"]
PACKAGES = {"delta": "deltalake", "iceberg": "pyiceberg"}


class Target:
    """A place of one kind. `name` and `options` are those of `drdarrow.copy`; `state` is the folder of its manifest."""

    def __init__(self, form: str, folder: Path) -> None:
        self.form, self.state = form, folder / "state"
        self.name = str(folder / ("kept.duckdb" if form == "duckdb" else "lake"))
        self.options: dict[str, Any] = {"state": str(self.state)}
        if form in PACKAGES:
            self.options["format"] = form

    @contextmanager
    def ready(self) -> Iterator[Target]:
        """The target while it is there: a database has a server."""
        with ExitStack() as stack:
            if self.form == "derby":
                self.name = stack.enter_context(Derby()).uri("LAKE", attributes="create=true")
            if self.form == "served":
                self.name = stack.enter_context(server.serve(duckdb.connect(), persona="luw")).uri
            if self.name.startswith("drda:"):
                with drdarrow.connect(self.name) as connection:
                    connection.execute("CREATE SCHEMA SHOP")
                    connection.commit()
            yield self

    def rows(self, table: str = "STOCK") -> list[tuple[Any, ...]]:
        """The rows of a table of SHOP, in the order of their first column."""
        if self.form == "duckdb":
            with duckdb.connect(self.name, read_only=True) as connection:
                return sorted(connection.sql(f"FROM SHOP.{table}").fetchall())
        if self.form in ("derby", "served"):
            with drdarrow.connect(self.name) as other:
                return sorted(other.execute(f"SELECT * FROM SHOP.{table}").fetchall())
        if self.form == "delta":
            import deltalake

            found = deltalake.DeltaTable(f"{self.name}/SHOP.{table}").to_pyarrow_table()
        else:
            from pyiceberg.catalog.sql import SqlCatalog

            catalog = SqlCatalog("drdarrow", uri=f"sqlite:///{self.name}/catalog.db", warehouse=f"file://{self.name}")
            found = catalog.load_table(("SHOP", table)).scan().to_arrow()
        return sorted(tuple(row.values()) for row in found.to_pylist())
