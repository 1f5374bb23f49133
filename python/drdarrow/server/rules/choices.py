"""Values of which one is taken: COALESCE, CASE, GREATEST and the like. Each is put in the type that all have together.

A date and a text are a date, a CHAR(4) and a CHAR(8) a CHAR(8), numbers what their sum would be. Source: Db2 for LUW
"Rules for result data types".
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from drdarrow.server.engine import SqlError
from drdarrow.server.rules import dates, numbers, order, text
from drdarrow.server.rules.calls import Call, Macros, Rule, once
from drdarrow.server.rules.kinds import Kind, kind
from drdarrow.server.rules.product import Product
from drdarrow.server.rules.scopes import common
from drdarrow.server.rules.tree import Raw, contains, put

__all__ = ["FUNCTIONS", "MACROS", "alike", "fitted", "together"]

#: Cases of a DECODE: a function has at most 90 arguments.
_CASES = 44
#: Expressions that may not stand in a function of DuckDB's own, or have no type there.
_APART = (exp.Query, exp.Window, exp.Filter, exp.Placeholder, exp.Parameter)


def _decoded(cases: int) -> tuple[str, str]:
    whens = " ".join(f"WHEN drdarrow_of IS NOT DISTINCT FROM a{n} THEN b{n}" for n in range(cases))
    parameters = ", ".join(f"a{n}, b{n}" for n in range(cases))
    return f"x, {parameters}, c", f"list_transform([x], lambda drdarrow_of: CASE {whens} ELSE c END)[1]"


#: Blanks at the end do not count.
_NULL_IF_TEXT = once("CASE WHEN rtrim(s.a, ' ') = rtrim(s.b, ' ') THEN NULL ELSE s.a END", a="a", b="b")
_NULL_IF = once("CASE WHEN s.a = s.b THEN NULL ELSE s.a END", a="a", b="b")

MACROS: Macros = {
    **{f"drdarrow_decode_{cases}": _decoded(cases) for cases in range(1, _CASES + 1)},
    # The one that looks at types binds its arguments again: calls within calls take twice as long for each.
    "drdarrow_nullif": ("a VARCHAR, b VARCHAR", f"{_NULL_IF_TEXT}, (a, b) AS {_NULL_IF}"),
    "drdarrow_nullif_text": ("a, b", _NULL_IF_TEXT),
    "drdarrow_nullif_other": ("a, b", _NULL_IF),
}


def together(kinds: Sequence[Kind | None], product: Product) -> Kind | None:
    """The type of values of these types; None where it is not known."""
    if product.derby and any(of is not None and of.name == "DECIMAL" for of in kinds):
        kinds = [product.decimal(of) if of is not None and of.whole else of for of in kinds]
    return common(kinds)


def alike(parts: Sequence[exp.Expr], product: Product) -> tuple[list[exp.Expr], Kind | None]:
    """The values in the type of all of them, and this type; as they are where it is not known."""
    of = together([kind(part) for part in parts], product)
    return [fitted(part, of, product) for part in parts], of


def fitted(value: exp.Expr, to: Kind | None, product: Product) -> exp.Expr:
    """A value in the type that it has with others."""
    of = kind(value)
    if to is not None and to.name == "DECFLOAT" and of is not None and of.name == "MARKER":
        # As a number it would come rounded.
        return numbers.cast(value, to)
    if to is None or of is None or of == to or of.name in ("NULL", "MARKER"):
        return value
    if to.moment:
        return dates.cast(value, to, product)
    if to.name == "DECFLOAT":
        return numbers.cast(value, to)
    if to.number:
        return put(f"CAST({{}} AS {to.duck})", value, kind=to)
    if to.name == "CHAR" and not product.derby:
        return text.cast(value, of, to, product)
    return value


def _extreme(rising: str) -> Rule:
    """GREATEST and LEAST, NULL if one of them is."""

    def rule(call: Call) -> exp.Expr | None:
        if len(call.args) < 2:
            return None
        parts, of = alike(call.args, call.product)
        words = f"list_sort([{', '.join(['{}'] * len(parts))}], '{rising}', 'NULLS FIRST')[1]"
        if call.product.ebcdic and (of is None or of.text):
            letters = [order.ebcdic(part, call.product) for part in parts]
            return call.made(f"drdarrow_letters({words})", of, *letters)
        return call.made(words, of, *parts)

    return rule


def _first(call: Call) -> exp.Expr | None:
    """COALESCE."""
    parts, of = alike(call.args, call.product)
    return call.made(f"coalesce({', '.join(['{}'] * len(parts))})", of, *parts)


def _nullif(call: Call) -> exp.Expr | None:
    if len(call.args) != 2:
        return None
    one, other = call.kind(0), call.kind(1)
    # A marker has the type of the other value.
    known = [of for of in (one, other) if of is not None and of.name not in ("MARKER", "NULL")]
    which = ""
    if known and one is not None and other is not None:
        which = "_text" if all(of.text for of in known) else "" if any(of.text for of in known) else "_other"
    return call.macro(f"drdarrow_nullif{which}", one, cast=known[0].duck if known else "VARCHAR")


def _either(call: Call) -> exp.Expr | None:
    """NVL2."""
    if len(call.args) != 3:
        return None
    parts, of = alike(call.args[1:], call.product)
    return call.made("(CASE WHEN {} IS NOT NULL THEN {} ELSE {} END)", of, call.args[0], *parts)


def _decode(call: Call) -> exp.Expr | None:
    if len(call.args) < 3 or call.args[0].find(exp.Placeholder):
        raise call.refuse()
    value, *rest = call.args
    other = [rest.pop()] if len(rest) % 2 else []
    results, of = alike([*rest[1::2], *other], call.product)
    cases = len(rest) // 2
    if cases > _CASES:
        raise SqlError(-101, "54001", f"more than {_CASES} cases of DECODE")
    sought = [_unblanked(part) for part in rest[::2]]
    value = _unblanked(value)
    pairs = [part for pair in zip(sought, results, strict=False) for part in pair]
    last = results[cases:] or [exp.Null()]
    if not isinstance(value, (exp.Column, exp.Literal)) and not contains(call.node, *_APART):
        return call.macro(f"drdarrow_decode_{cases}", of, value, *pairs, *last)
    if any(name in _MOVING for name in _called(value)):
        raise call.refuse()
    parts = [part for n in range(0, len(pairs), 2) for part in (value.copy(), *pairs[n : n + 2])]
    return call.made(f"(CASE {'WHEN {} IS NOT DISTINCT FROM {} THEN {} ' * cases}ELSE {{}} END)", of, *parts, *last)


#: Functions that have another value each time.
_MOVING = {"RANDOM", "RAND", "NEXTVAL", "UUID", "GEN_RANDOM_UUID"}


def _called(node: exp.Expr) -> list[str]:
    """The names of the functions in an expression."""
    raw = [str(part.args["words"]).partition("(")[0] for part in node.find_all(Raw)]
    return [name.upper() for name in [*raw, *(str(part.this) for part in node.find_all(exp.Anonymous))]]


def _unblanked(part: exp.Expr) -> exp.Expr:
    """A text without the blanks at its end, which do not count."""
    of = kind(part)
    if isinstance(part, exp.Literal) and part.is_string:
        return put("{}", exp.Literal.string(part.name.rstrip(" ")), kind=of)
    if of is None:
        return put("drdarrow_key({})", part)
    return put("rtrim({}, ' ')", part, kind=of) if of.text else part


FUNCTIONS: dict[str, Rule] = {
    **dict.fromkeys(("GREATEST", "MAX"), _extreme("DESC")),
    **dict.fromkeys(("LEAST", "MIN"), _extreme("ASC")),
    **dict.fromkeys(("COALESCE", "VALUE", "NVL", "IFNULL"), _first),
    "NULLIF": _nullif,
    "NVL2": _either,
    "DECODE": _decode,
}
