"""Functions of many rows, with DISTINCT, FILTER and OVER as they were given.

| Db2 | |
|---|---|
| `COUNT` | INTEGER; `COUNT_BIG` is DECIMAL(31, 0) |
| `SUM` | of SMALLINT and INTEGER an INTEGER, of BIGINT a BIGINT, of DECIMAL(p, s) a DECIMAL(31, s): overflow is -802 |
| `AVG` | of integers an integer, the fraction cut off; of DECIMAL(p, s) a DECIMAL(31, 31 - p + s) |
| `STDDEV`, `VARIANCE`, `VAR` | of the population |
| `LISTAGG(x)` | without a separator the values follow each other |

Sources: Db2 for LUW "AVG aggregate function", Db2 for z/OS "AVG", Db2 for LUW "Aggregate functions".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlglot import exp

from drdarrow.server.engine import SqlError
from drdarrow.server.rules import order
from drdarrow.server.rules.calls import BIGINT, DOUBLE, INTEGER, TEXT, Macros, fault, once
from drdarrow.server.rules.kinds import Kind, kind
from drdarrow.server.rules.product import Product
from drdarrow.server.rules.tree import contains, put, write

__all__ = ["FUNCTIONS", "MACROS", "Aggregate", "ranked"]

_COUNT = Kind("DECIMAL", 31, 0)


def _bounded(limit: int, name: str) -> str:
    overflow = fault(802, "22003", "SUM", name)
    return once(f"CASE WHEN abs(s.x) > {limit} THEN {overflow} ELSE CAST(s.x AS {name}) END", x="CAST(x AS HUGEINT)")


_SORTED = "list_transform(list_sort(list_transform(x, lambda e: {'k': rtrim(e, ' '), 'v': e})), lambda e: e.v)"
_LISTED = (
    "CASE WHEN len(list_filter(s.x, lambda e: e IS NOT NULL)) > 0 THEN array_to_string(list_filter(s.x, "
    "lambda e, i: e IS NOT NULL AND (i = 1 OR rtrim(s.x[i - 1], ' ') IS DISTINCT FROM rtrim(e, ' '))), t) END"
)

MACROS: Macros = {
    "drdarrow_sum_smallint": ("x", _bounded((1 << 15) - 1, "SMALLINT")),
    "drdarrow_sum_integer": ("x", _bounded((1 << 31) - 1, "INTEGER")),
    "drdarrow_sum_bigint": ("x", _bounded((1 << 63) - 1, "BIGINT")),
    # The texts of a list in its order, or sorted, without those that are like the one before.
    "drdarrow_listed": ("x, t", once(_LISTED, x="x")),
    "drdarrow_listed_sorted": ("x, t", once(_LISTED, x=_SORTED)),
    # The mean of a list without its fraction; t: one, with as many zeros as the value gets digits.
    "drdarrow_mean": (
        "x, t",
        once(
            "CAST(replace(CAST(list_sum(s.x) AS VARCHAR), '.', '') AS HUGEINT) * CAST(s.t AS HUGEINT) "
            "// list_count(s.x)",
            x="x",
            t="t",
        ),
    ),
}


@dataclass
class Aggregate:
    """A call with what stands around it. node: all of it; call: the call itself, within or the same."""

    node: exp.Expr
    call: exp.Anonymous
    product: Product

    @property
    def value(self) -> exp.Expr | None:
        """The value that is summed up: the first argument, without DISTINCT."""
        value = self.call.expressions[0] if self.call.expressions else None
        if isinstance(value, exp.Order):
            value = value.this
        return value.expressions[0] if isinstance(value, exp.Distinct) and value.expressions else value

    @property
    def kind(self) -> Kind | None:
        """Its type."""
        return kind(self.value)

    def named(self, name: str) -> exp.Expr:
        """The same with another function."""
        self.call.set("this", name)
        return self.node

    @property
    def marked(self) -> bool:
        """There is a parameter in it, which can only stand once."""
        return contains(self.node, exp.Placeholder, exp.Parameter)

    def both(self, one: str, other: str) -> tuple[exp.Expr, exp.Expr]:
        """The same with each of two functions."""
        return _renamed(self.node.copy(), str(self.call.this), one), self.named(other)


def _renamed(node: exp.Expr, old: str, new: str) -> exp.Expr:
    inner = node
    while not isinstance(inner, exp.Anonymous) or inner.this != old:
        inner = inner.this
    inner.set("this", new)
    return node


_Rule = Callable[[Aggregate], exp.Expr | None]


def _average(of: Aggregate) -> exp.Expr | None:
    found = of.kind
    if found is None:
        raise SqlError(-270, "42997", "the type of an expression in AVG")
    if found.name == "MARKER":
        raise SqlError(-418, "42610")
    if found.name == "DECFLOAT":
        raise SqlError(-270, "42997", "AVG of DECFLOAT")
    if not found.exact:
        return put("drdarrow_finite({})", of.named("avg"), kind=DOUBLE)
    if found.whole:
        result = INTEGER if found.name == "SMALLINT" and not of.product.derby else found
        if of.marked:
            return put(f"CAST(drdarrow_mean({{}}, '1') AS {result.duck})", of.named("list"), kind=result)
        total, count = of.both("sum", "count")
        return put(f"CAST({{}} // {{}} AS {result.duck})", total, count, kind=result)
    product = of.product
    if product.name == "zos":
        digits = product.digits(found.size)
        scale = max(0, 28 - found.size + found.scale) if digits == 31 else max(0, 15 - found.size + found.scale)
    elif product.derby:
        scale = max(found.scale, 4)
        digits = min(31, found.size - found.scale + scale + 1)
    else:
        digits, scale = 31, 31 - found.size + found.scale
    scale = min(scale, 31 - found.size + found.scale)
    return _mean(of, found, Kind("DECIMAL", digits, scale))


def _mean(call: Aggregate, of: Kind, result: Kind) -> exp.Expr:
    """A sum of decimals by their count, the digits cut off."""
    scale = result.scale
    one = "1" if scale == 0 else "0." + "0" * (scale - 1) + "1"
    digits = f"CAST(replace(CAST(CAST({{}} AS DECIMAL(38, {of.scale})) AS VARCHAR), '.', '') AS HUGEINT)"
    times = f"1{'0' * (scale - of.scale)}"
    unit = f"CAST('{one}' AS DECIMAL({scale + 1}, {scale}))"
    if call.marked:
        mean = f"CAST(drdarrow_mean({{}}, '{times}') AS DECIMAL(38, 0))"
        return put(f"CAST({mean} * {unit} AS {result.duck})", call.named("list"), kind=result)
    words = f"CAST(CAST({digits} * CAST('{times}' AS HUGEINT) // {{}} AS DECIMAL(38, 0)) * {unit} AS {result.duck})"
    return put(words, *call.both("sum", "count"), kind=result)


def _typed(node: exp.Expr, of: Kind | None) -> exp.Expr:
    node.meta["kind"] = of
    return node


def _sum(of: Aggregate) -> exp.Expr | None:
    found = of.kind
    if found is None or not found.number:
        return None
    if found.name == "DECFLOAT":
        raise SqlError(-270, "42997", "SUM of DECFLOAT")
    if found.approximate:
        return put("drdarrow_finite({})", of.named("sum"), kind=DOUBLE)
    if found.name == "DECIMAL":
        size = min(31, 2 * found.size - found.scale) if of.product.derby else 31
        result = Kind("DECIMAL", size, found.scale)
        return put(f"CAST({{}} AS {result.duck})", of.named("sum"), kind=result)
    if found.name == "HUGEINT":
        return None
    result = found if of.product.derby or found.name not in ("SMALLINT", "INTEGER") else INTEGER
    return put(f"drdarrow_sum_{result.name.lower()}({{}})", of.named("sum"), kind=result)


def _count(of: Aggregate) -> exp.Expr | None:
    return put("CAST({} AS INTEGER)", of.node, kind=INTEGER)


def _count_big(of: Aggregate) -> exp.Expr | None:
    return put("CAST({} AS DECIMAL(31, 0))", of.named("count"), kind=_COUNT)


def _real(name: str) -> _Rule:
    return lambda of: put("CAST({} AS DOUBLE)", of.named(name), kind=DOUBLE)


def _distinct(of: Aggregate) -> exp.Expr:
    """LISTAGG(DISTINCT ...) of a text: those that differ in blanks at their ends only are the same."""
    node, args = of.node, of.call.expressions
    value, *rest = args[0].expressions
    separator = [*rest, *args[1:], exp.Literal.string("")][0]
    ordered = None
    if isinstance(separator, exp.Order):
        separator, ordered = separator.this, separator.expressions[0]
    if isinstance(node, exp.WithinGroup):
        ordered, node = node.expression.expressions[0], of.call
    of.call.set("this", "list")
    if ordered is None:
        of.call.set("expressions", [value])
        return put("drdarrow_listed_sorted({}, {})", node, separator.copy(), kind=TEXT)
    if of.marked or not _orders_by(ordered.this, value):
        raise SqlError(-214, "42822", "LISTAGG(DISTINCT)")
    # Those that are the same stand together.
    by = [ordered.copy(), exp.Ordered(this=put("rtrim({}, ' ')", value.copy()))]
    of.call.set("expressions", [exp.Order(this=value.copy(), expressions=by)])
    return put("drdarrow_listed({}, {})", node, separator.copy(), kind=TEXT)


def _orders_by(ordered: exp.Expr, value: exp.Expr) -> bool:
    """An order is that of a value, perhaps in the order of another page."""
    if isinstance(value, exp.Column):
        return [column.name.upper() for column in ordered.find_all(exp.Column)] == [value.name.upper()]
    return (write(value) or " ") in (write(ordered) or "")


def _listed(of: Aggregate) -> exp.Expr | None:
    node, args = of.node, of.call.expressions
    found = of.kind
    if args and isinstance(args[0], exp.Distinct) and (found is None or found.text):
        return _distinct(of)
    if args and isinstance(args[0], exp.Distinct) and len(args[0].expressions) == 2:
        # It is read as DISTINCT of two values.
        value, separator = args[0].expressions
        args = [exp.Distinct(expressions=[value]), separator]
        of.call.set("expressions", args)
    if isinstance(node, exp.WithinGroup):
        # DuckDB has the order within the brackets.
        if len(args) < 2:
            args = [*args, exp.Literal.string("")]
        ordered = node.expression.copy()
        ordered.set("this", args[1])
        of.call.set("expressions", [args[0], ordered])
        node = of.call
    elif len(args) == 1:
        ordered = args[0] if isinstance(args[0], exp.Order) else None
        if ordered is None:
            of.call.set("expressions", [args[0], exp.Literal.string("")])
        else:
            value = ordered.this
            ordered.set("this", exp.Literal.string(""))
            of.call.set("expressions", [value, ordered])
    of.call.set("this", "string_agg")
    return put("{}", node, kind=TEXT)


def _extreme(of: Aggregate) -> exp.Expr | None:
    found = of.kind
    if (found is None or found.text) and of.product.ebcdic:
        value = of.value
        if value is not None:
            value.replace(order.ebcdic(value.copy(), of.product))
        return put("drdarrow_letters({})", of.node, kind=found)
    return _typed(of.node, found)


_FIRST = ("LAG", "LEAD", "FIRST_VALUE", "LAST_VALUE", "NTH_VALUE")
_RANKS = {**dict.fromkeys(("ROW_NUMBER", "ROWNUMBER", "RANK", "DENSE_RANK", "DENSERANK", "NTILE"), BIGINT),
          **dict.fromkeys(("PERCENT_RANK", "CUME_DIST"), DOUBLE)}  # fmt: skip


def ranked(name: str, args: list[exp.Expr]) -> Kind | None:
    """The type of a function that is only there with OVER."""
    return kind(args[0]) if name in _FIRST and args else _RANKS.get(name)


FUNCTIONS: dict[str, _Rule] = {
    "AVG": _average,
    "SUM": _sum,
    "COUNT": _count,
    "COUNT_BIG": _count_big,
    **{name: _real("stddev_pop") for name in ("STDDEV", "STDDEV_POP")},
    **{name: _real("var_pop") for name in ("VARIANCE", "VAR", "VAR_POP", "VARIANCE_POP")},
    "STDDEV_SAMP": _real("stddev_samp"),
    **{name: _real("var_samp") for name in ("VAR_SAMP", "VARIANCE_SAMP")},
    "CORRELATION": _real("corr"),
    "COVARIANCE": _real("covar_pop"),
    "COVARIANCE_SAMP": _real("covar_samp"),
    "LISTAGG": _listed,
    "MIN": _extreme,
    "MAX": _extreme,
}
