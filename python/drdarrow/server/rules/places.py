"""Places of rows in their tables: RRN and RID, which count from 1. DuckDB's `rowid` counts from 0, keeps the places of
deleted rows until a checkpoint, and is not that of views."""

from __future__ import annotations

from sqlglot import exp

from drdarrow.server.rules.calls import BIGINT
from drdarrow.server.rules.kinds import Kind
from drdarrow.server.rules.product import Product
from drdarrow.server.rules.scopes import Scope
from drdarrow.server.rules.tree import put

__all__ = ["NAMES", "placed"]

#: By function: the products that have it, and its type.
_FUNCTIONS = {
    "RRN": (("ibmi",), Kind("DECIMAL", 15, 0)),
    "RID": (("luw", "ibmi", "zos"), BIGINT),
}
NAMES = frozenset(_FUNCTIONS)


def placed(node: exp.Anonymous, scope: Scope, product: Product) -> exp.Expr | None:
    """A call of one of them, whose argument is the name of a table of the query; None of any other call."""
    products, of = _FUNCTIONS.get(str(node.this).upper(), ((), BIGINT))
    argument = node.expressions[0] if len(node.expressions) == 1 else None
    if product.name not in products or not isinstance(argument, exp.Column) or scope.covers(argument.name, "rowid"):
        return None
    row = exp.column("rowid", table=argument.this.copy())
    return put(f"CAST({{}} + 1 AS {of.duck})", row, kind=of)
