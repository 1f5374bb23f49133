"""Tables, queries and record files as frames of Daft.

import drdarrow.daft

orders = drdarrow.daft.read("profile://prod", "SHOP.ORDERS", n=16)
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import daft
import pyarrow
from daft.expressions.visitor import ExpressionVisitor, PredicateVisitor
from daft.io.source import DataSource, DataSourceTask
from daft.recordbatch import RecordBatch

from drdarrow.conditions import Column, Condition, both, either, negated
from drdarrow.engines import Scan
from drdarrow.types import Values

if TYPE_CHECKING:
    from daft.expressions import Expression
    from daft.io.pushdowns import Pushdowns

__all__ = ["DrdaSource", "read"]


def read(
    uri: str | None,
    table: str,
    parameters: Values = (),
    *,
    n: int = 8,
    on: str | Sequence[str] | None = None,
    plan: str | None = None,
    file: bool = False,
    **settings: Any,
) -> daft.DataFrame:
    """A frame of a table, a query or, with `file=True`, a record file. Columns that are not used are not asked for;
    conditions are sent where SQL means the same, and asked again.

    Args:
        uri: `drda://user@host/DATABASE` or `profile://NAME`, without a password.
        table: a table or a query; LIB/FILE with `file=True`.
        parameters: of the query.
        n, on, plan: as in `Connection.partitions`.
        file: it is a record file.
        settings: those of `drdarrow.connect`, or of `connect_files`.
    """
    scan = Scan(uri, table, tuple(parameters), file, {"on": on, "plan": plan}, settings)
    return DrdaSource(scan, n).read()


class DrdaSource(DataSource):
    """Rows of a `Scan`, in so many parts."""

    def __init__(self, scan: Scan, count: int) -> None:
        self._scan, self._count = scan, count
        self._schema = scan.schema()

    @property
    def name(self) -> str:
        """Its name in plans."""
        return "DRDA"

    @property
    def schema(self) -> daft.Schema:
        """The columns."""
        return daft.Schema.from_pyarrow_schema(self._schema)

    async def get_tasks(self, pushdowns: Pushdowns) -> AsyncIterator[DataSourceTask]:
        """A task for each part."""
        wanted, condition = pushdowns.columns, None
        if pushdowns.filters is not None:
            known = await asyncio.to_thread(self._scan.columns)
            condition = _Translated(known).visit(pushdowns.filters)
            if wanted is not None:
                wanted = [*wanted, *sorted(pushdowns.filter_required_column_names() - set(wanted))]
        # Without a column there is still a number of rows.
        asked = self._schema.names if wanted is None else wanted or self._schema.names[:1]
        schema = pyarrow.schema([self._schema.field(name) for name in asked])
        for part in await asyncio.to_thread(self._scan.parts, self._count, asked, condition):
            yield _Task(self._scan, part, schema)


class _Task(DataSourceTask):
    def __init__(self, scan: Scan, part: Any, schema: pyarrow.Schema) -> None:
        self._scan, self._part, self._schema = scan, part, schema

    @property
    def schema(self) -> daft.Schema:
        """The columns of the part."""
        return daft.Schema.from_pyarrow_schema(self._schema)

    async def read(self) -> AsyncIterator[RecordBatch]:
        """The rows of the part."""
        batches = self._scan.batches(self._part)
        while (batch := await asyncio.to_thread(next, batches, None)) is not None:
            yield RecordBatch.from_arrow_record_batches([batch], self._schema)


class _Leaf(ExpressionVisitor["tuple[str, Any] | None"]):
    """A column with its name, or a literal with its value; None of anything else."""

    def visit_col(self, name: str) -> tuple[str, Any] | None:
        return "column", name

    def visit_lit(self, value: Any) -> tuple[str, Any] | None:
        return "value", value

    def visit_alias(self, expr: Expression, alias: str) -> tuple[str, Any] | None:
        return None

    def visit_cast(self, expr: Expression, dtype: Any) -> tuple[str, Any] | None:
        return None

    def visit_function(self, name: str, args: list[Expression]) -> tuple[str, Any] | None:
        return None

    def visit_coalesce(self, args: list[Expression]) -> tuple[str, Any] | None:
        return None


class _Translated(PredicateVisitor["Condition | None"]):
    """The condition of an expression, where SQL has one that lets no fewer rows pass."""

    def __init__(self, known: Mapping[str, Column]) -> None:
        self._known = known

    def _column(self, expr: Expression) -> Column | None:
        match _Leaf().visit(expr):
            case ("column", name):
                return self._known.get(name)
        return None

    def _compared(self, left: Expression, operator: str, right: Expression) -> Condition | None:
        match self._column(left), _Leaf().visit(right):
            case (Column() as column, ("value", value)):
                return column.compare(operator, value)
        return None

    def visit_and(self, left: Expression, right: Expression) -> Condition | None:
        return both(self.visit(left), self.visit(right))

    def visit_or(self, left: Expression, right: Expression) -> Condition | None:
        return either(self.visit(left), self.visit(right))

    def visit_not(self, expr: Expression) -> Condition | None:
        return negated(self.visit(expr))

    def visit_equal(self, left: Expression, right: Expression) -> Condition | None:
        return self._compared(left, "=", right)

    def visit_not_equal(self, left: Expression, right: Expression) -> Condition | None:
        return self._compared(left, "<>", right)

    def visit_less_than(self, left: Expression, right: Expression) -> Condition | None:
        return self._compared(left, "<", right)

    def visit_less_than_or_equal(self, left: Expression, right: Expression) -> Condition | None:
        return self._compared(left, "<=", right)

    def visit_greater_than(self, left: Expression, right: Expression) -> Condition | None:
        return self._compared(left, ">", right)

    def visit_greater_than_or_equal(self, left: Expression, right: Expression) -> Condition | None:
        return self._compared(left, ">=", right)

    def visit_between(self, expr: Expression, lower: Expression, upper: Expression) -> Condition | None:
        return both(self._compared(expr, ">=", lower), self._compared(expr, "<=", upper))

    def visit_is_in(self, expr: Expression, items: list[Expression]) -> Condition | None:
        column, leaves = self._column(expr), [_Leaf().visit(item) for item in items]
        values = [leaf[1] for leaf in leaves if leaf is not None and leaf[0] == "value"]
        return column.one_of(values) if column is not None and len(values) == len(items) else None

    def visit_not_null(self, expr: Expression) -> Condition | None:
        column = self._column(expr)
        return None if column is None else column.known()

    def visit_is_null(self, expr: Expression) -> Condition | None:
        return None

    def visit_col(self, name: str) -> Condition | None:
        return None

    def visit_lit(self, value: Any) -> Condition | None:
        return None

    def visit_alias(self, expr: Expression, alias: str) -> Condition | None:
        return None

    def visit_cast(self, expr: Expression, dtype: Any) -> Condition | None:
        return None

    def visit_function(self, name: str, args: list[Expression]) -> Condition | None:
        return None

    def visit_coalesce(self, args: list[Expression]) -> Condition | None:
        return None
