"""Values of sequences, which have the type of their sequence; DuckDB's are BIGINT."""

from __future__ import annotations

from sqlglot import exp

from drdarrow.server import numbering
from drdarrow.server.columns import Facts
from drdarrow.server.rules.calls import BIGINT
from drdarrow.server.rules.kinds import Kind, of_duck
from drdarrow.server.rules.tree import put

__all__ = ["FUNCTIONS", "valued"]

#: NEXT VALUE and PREVIOUS VALUE in DuckDB's words, with the place of the name among their arguments.
FUNCTIONS = {"NEXTVAL": 0, "DRDARROW_PREVIOUS": 1}


def valued(node: exp.Anonymous, known: Facts) -> exp.Expr:
    """A call of one of them in the type of its sequence; BIGINT where that was made by others."""
    place = FUNCTIONS[str(node.this).upper()]
    name = node.expressions[place].name if len(node.expressions) > place else ""
    duck = known.get(numbering.key(name), {}).get("", {}).get("drda:type", "")
    of = of_duck(duck) or BIGINT
    return put(f"CAST({{}} AS {of.duck})", node, kind=of) if of != BIGINT else _typed(node, of)


def _typed(node: exp.Expr, of: Kind) -> exp.Expr:
    node.meta["kind"] = of
    return node
