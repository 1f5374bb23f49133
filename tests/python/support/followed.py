"""Targets of copies that follow journals, and their rows as those read them who know nothing of copies."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from derby import Derby

import drdarrow
from drdarrow import server

__all__ = ["FORMS", "PACKAGES", "TYPED", "Target"]


def _typed() -> pa.Table:
    def field(name: str, kind: pa.DataType, *, null: bool = True, **told: object) -> pa.Field:
        return pa.field(name, kind, null, {f"drda:{key}": str(value) for key, value in told.items()})

    text = pa.string()
    fields = [
        field("ID", pa.int32(), null=False), field("P", pa.decimal128(9, 3)), field("Z", pa.decimal128(7, 2), type="NUMERIC"),
        field("D", pa.date32()), field("V", text, length=30), field("C", text, type="CHAR", length=12),
        field("G", text, type="VARGRAPHIC", length=12, ccsid=1200),
        field("N", text, null=False, type="GRAPHIC", length=10, ccsid=1200),
    ]  # fmt: skip
    full = {
        "ID": 1, "P": Decimal("-1.500"), "Z": Decimal("2.25"), "D": dt.date(2024, 2, 29), "V": "Ada", "C": "x", "G": "日本",
        "N": "a",
    }  # fmt: skip
    return pa.Table.from_pylist([full, {"ID": 2, "N": "日"}, {**full, "ID": 3, "P": None}], pa.schema(fields))


#: Records with packed, zoned, date, varying and graphic fields, all but two of which can be NULL.
TYPED = _typed()

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
