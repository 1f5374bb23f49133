"""Values on their way into columns of numbers and dates: digits that a column has no room for after its point are cut
off, dates are read in any of Db2's forms. Text is made to fit by `storing`."""

from __future__ import annotations

from sqlglot import exp

from drdarrow.server.rules import dates, numbers
from drdarrow.server.rules.kinds import Kind, kind
from drdarrow.server.rules.product import Product

__all__ = ["stored"]


def stored(value: exp.Expr, column: Kind | None, product: Product) -> exp.Expr:
    """A value for a column. Raises SqlError -180, -181 for a constant that is no date."""
    of = kind(value)
    if column is None or of == column or of is not None and of.name in ("NULL", "MARKER"):
        return value
    if of is None:
        # Through text, which every type becomes: the digits are cut off there.
        default = isinstance(value, (exp.Var, exp.Column)) and value.name.upper() == "DEFAULT"
        looked_at = column.exact and column.name != "HUGEINT" or column.name == "DECFLOAT"
        return numbers.cast(value, column) if looked_at and not default else value
    if column.moment and of.text:
        return dates.cast(value, column, product)
    if column.name == "DECFLOAT":
        # Numbers that stand there are looked at by `storing`.
        bare = value.this if isinstance(value, exp.Neg) else value
        return value if isinstance(bare, exp.Literal) and not bare.is_string else numbers.cast(value, column)
    if column.exact and (of.approximate or of.name == "DECIMAL" and of.scale > column.scale):
        return numbers.cast(value, column)
    return value
