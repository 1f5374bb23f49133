"""Tables, queries and record files as frames of Dask.

import drdarrow.dask

orders = drdarrow.dask.read("profile://prod", "SHOP.ORDERS", n=16)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import dask.dataframe
import pyarrow

from drdarrow.engines import Scan
from drdarrow.types import Value, Values

if TYPE_CHECKING:
    import pandas

__all__ = ["read"]


def read(
    uri: str | None,
    table: str,
    parameters: Values = (),
    *,
    n: int = 8,
    on: str | Sequence[str] | None = None,
    where: str | tuple[str, Sequence[Value]] | None = None,
    plan: str | None = None,
    file: bool = False,
    **settings: Any,
) -> Any:
    """A frame of a table, a query or, with `file=True`, a record file; a part of it for each of Dask's. Types are those
    of Arrow.

    Columns that are not used are not asked for. Dask sends no conditions: give them as `where`.

    Args:
        uri: `drda://user@host/DATABASE` or `profile://NAME`, without a password.
        table: a table or a query; LIB/FILE with `file=True`.
        parameters: of the query.
        n, on, where, plan: as in `Connection.partitions`.
        file: it is a record file.
        settings: those of `drdarrow.connect`, or of `connect_files`.
    """
    scan = Scan(uri, table, tuple(parameters), file, {"on": on, "plan": plan, "where": where}, settings)
    return dask.dataframe.from_map(_Load(scan), scan.parts(n), meta=_frame(scan.schema().empty_table()), label="drda")


@dataclass(frozen=True)
class _Load:
    """Reads a part. Dask looks for the argument `columns`."""

    scan: Scan

    def __call__(self, part: Any, columns: list[str] | None = None) -> pandas.DataFrame:
        return _frame(self.scan.read(part, columns))


def _frame(table: pyarrow.Table) -> pandas.DataFrame:
    import pandas

    frame: pandas.DataFrame = table.to_pandas(types_mapper=pandas.ArrowDtype)
    return frame
