"""Tables, queries and record files as datasets of Ray.

import drdarrow.ray

orders = drdarrow.ray.read("profile://prod", "SHOP.ORDERS", n=16)
drdarrow.ray.write(orders, "profile://prod", "SHOP.COPY")
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow
import ray.data
from ray.data import block
from ray.data.datasource import Datasink, Datasource, ReadTask
from ray.data.expressions import BinaryExpr, ColumnExpr, Expr, LiteralExpr, Operation, UnaryExpr

from drdarrow.conditions import OPPOSITES, Column, Condition, both, either, negated
from drdarrow.engines import Scan, public
from drdarrow.engines import write as written
from drdarrow.types import Values

if TYPE_CHECKING:
    from ray.data import Dataset

__all__ = ["DrdaDatasink", "DrdaDatasource", "read", "write"]

_OPERATORS = {
    Operation.EQ: "=", Operation.NE: "<>", Operation.LT: "<", Operation.LE: "<=", Operation.GT: ">", Operation.GE: ">=",
}  # fmt: skip


def read(
    uri: str | None,
    table: str,
    parameters: Values = (),
    *,
    n: int | None = None,
    on: str | Sequence[str] | None = None,
    plan: str | None = None,
    file: bool = False,
    **settings: Any,
) -> Dataset:
    """A dataset of a table, a query or, with `file=True`, a record file. Columns that are not used are not asked for;
    filters with expressions (`filter(expr=col("ID") > 1)`) are sent where SQL means the same, and asked again.

    Args:
        uri: `drda://user@host/DATABASE` or `profile://NAME`, without a password.
        table: a table or a query; LIB/FILE with `file=True`.
        parameters: of the query.
        n: the number of parts; Ray says it without.
        on, plan: as in `Connection.partitions`.
        file: it is a record file.
        settings: those of `drdarrow.connect`, or of `connect_files`.
    """
    scan = Scan(uri, table, tuple(parameters), file, {"on": on, "plan": plan}, settings)
    return ray.data.read_datasource(DrdaDatasource(scan, n))


def write(dataset: Dataset, uri: str | None, table: str, **settings: Any) -> None:
    """Adds the rows of a dataset to a table: all of a task's, or none."""
    dataset.write_datasink(DrdaDatasink(uri, table, settings))


class DrdaDatasource(Datasource):
    """Rows of a `Scan`, in so many parts."""

    def __init__(self, scan: Scan, count: int | None = None) -> None:
        super().__init__()
        self._scan, self._count = scan, count
        self._projection_map: dict[str, str] | None = None

    def get_name(self) -> str:
        """Its name in plans."""
        return "DRDA"

    def supports_projection_pushdown(self) -> bool:
        """Columns that are not used are not asked for."""
        return True

    def supports_predicate_pushdown(self) -> bool:
        """Conditions are sent to the server, and asked again here."""
        return True

    def estimate_inmemory_data_size(self) -> int | None:
        """Not known before the table is divided."""
        return None

    def get_read_tasks(
        self, parallelism: int, per_task_row_limit: int | None = None, data_context: Any = None
    ) -> list[ReadTask]:
        """A task for each part."""
        schema, predicate, wanted = self._scan.schema(), self.get_current_predicate(), self._get_data_columns()
        condition = None if predicate is None else _condition(predicate, self._scan.columns())
        # Ray counts the rows of blocks that have a column.
        asked = list(schema.names) if wanted is None else wanted or schema.names[:1]
        used = [name for name in schema.names if name in asked or (predicate is not None and _uses(predicate, name))]
        parts = self._scan.parts(self._count or max(parallelism, 1), used, condition)
        result = pyarrow.schema([schema.field(name) for name in asked])
        tasks = []
        for part in parts:
            # Ray takes a number of rows for the true one, and the catalog only has about how many there are.
            size = getattr(part, "nbytes", None)
            about = block.BlockMetadata(num_rows=None, size_bytes=size, exec_stats=None, task_exec_stats=None)
            function = _reading(self._scan, part, asked, predicate)
            tasks.append(ReadTask(function, about, schema=result, per_task_row_limit=per_task_row_limit))
        return tasks


def _reading(scan: Scan, part: Any, wanted: list[str], predicate: Expr | None) -> Callable[[], Iterator[pyarrow.Table]]:
    """Reads a part where Ray wants it."""

    def blocks() -> Iterator[pyarrow.Table]:
        for batch in scan.batches(part):
            table = pyarrow.Table.from_batches([batch])
            if predicate is not None:
                table = table.filter(predicate.to_pyarrow())
            yield table.select(wanted)

    return blocks


def _uses(node: object, name: str) -> bool:
    """The expression has the column."""
    if isinstance(node, ColumnExpr):
        return bool(node.name == name)
    if isinstance(node, BinaryExpr):
        return _uses(node.left, name) or _uses(node.right, name)
    if isinstance(node, UnaryExpr):
        return _uses(node.operand, name)
    # Others may have any.
    return not isinstance(node, LiteralExpr)


def _condition(node: object, known: Mapping[str, Column]) -> Condition | None:
    """The condition of an expression, where SQL has one that lets no fewer rows pass."""
    match node:
        case BinaryExpr(op=Operation.AND, left=left, right=right):
            return both(_condition(left, known), _condition(right, known))
        case BinaryExpr(op=Operation.OR, left=left, right=right):
            return either(_condition(left, known), _condition(right, known))
        case BinaryExpr(op=Operation.IN, left=ColumnExpr() as column, right=LiteralExpr(value=values)):
            found = known.get(column.name)
            return found.one_of(values) if found and isinstance(values, (list, tuple)) else None
        case BinaryExpr(op=op, left=ColumnExpr() as column, right=LiteralExpr(value=value)):
            found, operator = known.get(column.name), _OPERATORS.get(op)
            return found.compare(operator, value) if found and operator in OPPOSITES else None
        case UnaryExpr(op=Operation.NOT, operand=inner):
            return negated(_condition(inner, known))
        case UnaryExpr(op=Operation.IS_NOT_NULL, operand=ColumnExpr() as column) if column.name in known:
            return known[column.name].known()
    return None


class DrdaDatasink(Datasink[int]):
    """Adds rows to a table."""

    def __init__(self, uri: str | None, table: str, settings: dict[str, Any]) -> None:
        public(uri, settings)
        self._uri, self._table, self._settings = uri, table, settings

    def get_name(self) -> str:
        """Its name in plans."""
        return "DRDA"

    def write(self, blocks: Iterable[Any], ctx: Any) -> int:
        """Adds the rows of a task; how many."""
        tables = [block.BlockAccessor.for_block(one).to_arrow() for one in blocks]
        some = [table for table in tables if table.num_rows]
        return written(self._uri, self._table, some, self._settings) if some else 0
