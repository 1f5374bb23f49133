"""Numbers: the operators and their types, exact division, functions, and casts, which cut off digits and never round.

Sources: Db2 for i "Decimal arithmetic in SQL", Db2 for z/OS "Arithmetic with two decimal operands", Db2 for LUW
"Expressions", Derby "Scale for decimal arithmetic".
"""

from __future__ import annotations

from sqlglot import exp

from drdarrow.server import drawn
from drdarrow.server.engine import SqlError
from drdarrow.server.rules.calls import BIGINT, DOUBLE, INTEGER, SMALLINT, Call, Macros, Rule, calls, fault, once, typed
from drdarrow.server.rules.kinds import Kind, decfloats, kind, wider
from drdarrow.server.rules.product import Product
from drdarrow.server.rules.tree import Raw, put

__all__ = ["DECFLOAT", "FUNCTIONS", "MACROS", "arithmetic", "bounded", "cast", "negated", "quotient", "whole"]

_DIGITS = 31
#: Mark of an expression that may be infinite: Db2 has an overflow there.
_UNBOUNDED = "unbounded"
#: The functions of a DOUBLE with the arguments as they are.
_REAL = "SQRT EXP LN LOG10 SIN COS TAN ASIN ACOS ATAN SINH COSH TANH COT DEGREES RADIANS".split()

#: As long as an INTEGER can be.
_INTEGER_LIMIT = (1 << 31) - 1


def _finite(of: str) -> str:
    return f"CASE WHEN isfinite({of}) OR {of} IS NULL THEN {of} ELSE {fault(802, '22003', '', 'DOUBLE')} END"


#: A text as a DOUBLE: DuckDB takes words for what is no number, and makes infinite what is too large.
_READ = (
    "CASE WHEN s.x IS NULL THEN NULL WHEN isfinite(CAST(s.x AS DOUBLE)) THEN CAST(s.x AS DOUBLE) "
    f"WHEN regexp_matches(CAST(s.x AS VARCHAR), '[0-9]') THEN {fault(413, '22003', '', 'DOUBLE')} "
    f"ELSE {fault(420, '22018', 'DOUBLE', 'DOUBLE')} END"
)
#: A text as a DECFLOAT, which is a DOUBLE here: one that has more digits, or a larger exponent, is refused.
_MANTISSA = "regexp_extract(s.x, '^[-+]?([0-9.]*)', 1)"
_SPECIAL = "'^[-+]?(nan|snan|inf|infinity)$'"
#: The macro that makes one.
DECFLOAT = "drdarrow_decfloat"
_DECFLOAT = (
    "CASE WHEN s.x IS NULL THEN NULL "
    f"WHEN length(trim(ltrim(replace({_MANTISSA}, '.', ''), '0'), '0')) > 15 "
    f"THEN {fault(270, '42997', 'DECFLOAT of more than 15 digits', 'DOUBLE')} "
    f"WHEN isfinite(CAST(s.x AS DOUBLE)) OR regexp_matches(lower(s.x), {_SPECIAL}) THEN CAST(s.x AS DOUBLE) "
    f"ELSE {fault(270, '42997', 'DECFLOAT beyond a DOUBLE', 'DOUBLE')} END"
)


def _digits_of(value: str, kind: str) -> str:
    """The digits of a DECFLOAT or of an exact number as a DECIMAL, all of them or an error."""
    exact = f"TRY_CAST(CAST(s.x AS VARCHAR) AS {kind})"
    return once(
        f"CASE WHEN s.x IS NULL THEN NULL WHEN CAST(CAST({exact} AS VARCHAR) AS DOUBLE) = CAST(s.x AS DOUBLE) "
        f"THEN {exact} ELSE {fault(270, '42997', _BEYOND, kind)} END",
        x=value,
    )


def _computed(sign: str, kind: str) -> str:
    """A DECFLOAT of two numbers, worked out as a DECIMAL: an error where DOUBLE does not give its digits back."""
    made = f"(s.a {sign} s.b)"
    near = f"CAST(CAST({made} AS VARCHAR) AS DOUBLE)"
    return once(
        f"CASE WHEN s.a IS NULL OR s.b IS NULL THEN NULL WHEN TRY_CAST(CAST({near} AS VARCHAR) AS DECIMAL(38, 18)) "
        f"= {made} THEN {near} ELSE {fault(270, '42997', _BEYOND, 'DOUBLE')} END",
        a=_digits_of("x", kind),
        b=_digits_of("y", kind),
    )


_BEYOND = "arithmetic of DECFLOAT beyond the digits of a DOUBLE"

MACROS: Macros = {
    # Of a text, or of a value whose type is not known.
    "drdarrow_integer": ("x", "CAST(trunc(CAST(trim(CAST(x AS VARCHAR)) AS DECIMAL(38, 10))) AS INTEGER)"),
    "drdarrow_smallint": ("x", "CAST(trunc(CAST(trim(CAST(x AS VARCHAR)) AS DECIMAL(38, 10))) AS SMALLINT)"),
    "drdarrow_bigint": ("x", "CAST(trunc(CAST(trim(CAST(x AS VARCHAR)) AS DECIMAL(38, 10))) AS BIGINT)"),
    "drdarrow_finite": ("x", once(_finite("s.x"), x="CAST(x AS DOUBLE)")),
    "drdarrow_power": (
        "x",
        once(
            f"CASE WHEN abs(s.x) > {_INTEGER_LIMIT} THEN {fault(802, '22003', '', 'INTEGER')} "
            "ELSE CAST(s.x AS INTEGER) END",
            x="x",
        ),
    ),
    DECFLOAT: ("x", once(_DECFLOAT, x="trim(CAST(x AS VARCHAR))")),
    "drdarrow_decfloat_add": ("x, y", _computed("+", "DECIMAL(38, 18)")),
    "drdarrow_decfloat_sub": ("x, y", _computed("-", "DECIMAL(38, 18)")),
    "drdarrow_decfloat_mul": ("x, y", _computed("*", "DECIMAL(19, 9)")),
    "drdarrow_double": ("x", once(_READ, x="x")),
    # The same digits as a decimal of another size, which it may be too large for.
    **{
        f"drdarrow_decimal_{size}_{scale}": (
            "x",
            once(
                "CASE WHEN s.x IS NULL THEN NULL ELSE coalesce("
                f"TRY_CAST(trunc(s.x, {scale}) AS DECIMAL({size}, {scale})), "
                f"{fault(802, '22003', '', f'DECIMAL({size}, {scale})')}) END",
                x="x",
            ),
        )
        for size in (15, 31)
        for scale in range(size + 1)
    },
}


def arithmetic(node: exp.Binary, product: Product) -> exp.Expr:
    """`a + b`, `-`, `*`, `/`, `%` of numbers."""
    left, right = kind(node.left), kind(node.right)
    for side, of, other in (("this", left, right), ("expression", right, left)):
        if of is not None and of.name == "MARKER" and other is not None and other.name == "DECFLOAT":
            # As a number it would come rounded.
            node.set(side, cast(node.args[side], other))
    left, right = _assumed(left, right), _assumed(right, left)
    if left is None or right is None or not (left.number and right.number):
        return _unknown(node, left, right)
    if "DECFLOAT" in (left.name, right.name):
        return _decfloats(node, left, right)
    if left.approximate or right.approximate:
        if product.derby and left.name == right.name == "REAL":
            return _typed(node, left)
        for side, of in (("this", left), ("expression", right)):
            if of.name == "REAL":
                node.set(side, put("CAST({} AS DOUBLE)", node.args[side], kind=DOUBLE))
        node.meta[_UNBOUNDED] = True
        return _typed(node, DOUBLE)
    if left.whole and right.whole:
        return _integers(node, left, right, product)
    if isinstance(node, exp.Div):
        return quotient(node.left, left, node.right, right, product)
    return _decimals(node, product.decimal(left), product.decimal(right), product)


def bounded(node: exp.Expr, around: exp.Expr | None) -> exp.Expr:
    """An operation with a DOUBLE, SQLCODE -802 where its value is infinite. What is added to one, or multiplied by it,
    is looked at in the end only. around: the expression that it is a part of."""
    while isinstance(around, exp.Paren):
        around = around.parent
    inner = node.unnest()
    if not inner.meta.get(_UNBOUNDED) or isinstance(around, (exp.Add, exp.Sub, exp.Mul)):
        return node
    inner.meta[_UNBOUNDED] = False
    if all(isinstance(part, _PLAIN) for part in node.walk()):
        # It is cheaper to work it out twice.
        words = _finite("{}").replace("{}", "({})")
        return put(words, node.copy(), node.copy(), node, kind=DOUBLE)
    return put("drdarrow_finite({})", node, kind=DOUBLE)


#: Parts of an expression that has the same value whenever it is worked out.
_PLAIN = (exp.Column, exp.Identifier, exp.Literal, exp.Paren, exp.Neg, exp.Add, exp.Sub, exp.Mul, exp.Div)


def _assumed(one: Kind | None, other: Kind | None) -> Kind | None:
    """A marker has the type of the other side."""
    return other if one is not None and one.name in ("MARKER", "NULL") else one


def _unknown(node: exp.Binary, left: Kind | None, right: Kind | None) -> exp.Expr:
    if isinstance(node, exp.Div) and (left is None or right is None):
        raise SqlError(-270, "42997", "the type of an expression that is divided")
    return node


def _typed(node: exp.Expr, of: Kind | None) -> exp.Expr:
    node.meta["kind"] = of
    return node


def _integers(node: exp.Binary, left: Kind, right: Kind, product: Product) -> exp.Expr:
    result = wider(left, right) if product.derby else wider(wider(left, right), INTEGER)
    for side in ("this", "expression") if result == INTEGER else ():
        # DuckDB has a SMALLINT of two, or of one and a constant, which may be too small.
        if kind(node.args[side]) == SMALLINT:
            node.set(side, put("CAST({} AS INTEGER)", node.args[side], kind=INTEGER))
    return _typed(node, result)


def _decimals(node: exp.Binary, left: Kind, right: Kind, product: Product) -> exp.Expr:
    digits = product.digits(left.size, right.size)
    if isinstance(node, exp.Mul):
        size, scale = left.size + right.size, left.scale + right.scale
        duck = size
    else:
        scale = max(left.scale, right.scale)
        duck = max(left.size - left.scale, right.size - right.scale) + scale + (not isinstance(node, exp.Mod))
        size = min(left.size - left.scale, right.size - right.scale) + scale if isinstance(node, exp.Mod) else duck
    result = Kind("DECIMAL", min(digits, size), min(digits, scale))
    for side, of in (("this", left), ("expression", right)):
        operand = node.args[side]
        if (found := kind(operand)) is not None and found.whole and not isinstance(operand, exp.Literal):
            node.set(side, put(f"CAST({{}} AS {of.duck})", operand, kind=of))
    if duck > digits and result.size == digits:
        return put(f"drdarrow_decimal_{digits}_{result.scale}({{}})", _typed(node, result), kind=result)
    if isinstance(node, exp.Mod):
        return put(f"CAST({{}} AS {result.duck})", _typed(node, result), kind=result)
    return _typed(node, result)


def _decfloats(node: exp.Binary, left: Kind, right: Kind) -> exp.Expr:
    """A sum, difference or product of at most the digits that DOUBLE gives back; all else is refused."""
    words, room = {exp.Add: ("add", 18), exp.Sub: ("sub", 18), exp.Mul: ("mul", 9)}.get(type(node), ("", 0))
    # Which digits a DOUBLE stands for is not known.
    fits = all(of.name == "DECFLOAT" or of.exact and of.decimal.scale <= room for of in (left, right))
    result = decfloats(left, right)
    if not words or not fits or result is None:
        raise SqlError(-270, "42997", "arithmetic of DECFLOAT, cast to DECIMAL or DOUBLE")
    sides = (typed(side, "DOUBLE") for side in (node.left, node.right))
    return put(f"drdarrow_decfloat_{words}({{}}, {{}})", *sides, kind=result)


def quotient(left: exp.Expr, dividend: Kind, right: exp.Expr, divisor: Kind, product: Product) -> Raw:
    """`a / b` of two exact numbers, its digits cut off. Raises SqlError -419 where nothing would be left of them."""
    a, b = product.decimal(dividend), product.decimal(divisor)
    digits = product.digits(a.size, b.size)
    scale = digits - a.size + a.scale - b.scale
    if product.name == "zos" and digits == _DIGITS:
        if b.size > 15:
            # The divisor keeps its first 15 digits.
            b = Kind("DECIMAL", 15, max(0, b.scale - (b.size - 15)))
            right = put(f"trunc({{}}, {b.scale})", right)
            scale = 15 - (a.size - a.scale + b.scale)
        else:
            scale = 30 - b.size - (b.size % 2 == 0) - (a.size - a.scale + b.scale)
    if scale < 0 and product.derby:
        scale = 0
    if scale < 0:
        raise SqlError(-419, "42911")
    result = Kind("DECIMAL", digits, scale)
    shift = scale - a.scale + b.scale
    times, by = (f"1{'0' * max(n, 0)}" for n in (shift, -shift))
    one = "1" if scale == 0 else "0." + "0" * (scale - 1) + "1"
    return put(
        f"CAST(CAST({_unscaled(a)} * CAST('{times}' AS HUGEINT) // ({_unscaled(b)} * {by}) AS DECIMAL(38, 0)) "
        f"* CAST('{one}' AS DECIMAL({scale + 1}, {scale})) AS {result.duck})",
        left,
        right,
        kind=result,
    )


def _unscaled(of: Kind) -> str:
    """The digits of a decimal as an integer."""
    return f"CAST(replace(CAST(CAST({{}} AS {of.duck}) AS VARCHAR), '.', '') AS HUGEINT)"


def negated(node: exp.Neg, product: Product) -> exp.Expr:
    """`-a`: of a SMALLINT an INTEGER, but in Derby."""
    found = kind(node.this)
    if found == SMALLINT and not product.derby:
        node.set("this", put("CAST({} AS INTEGER)", node.this, kind=INTEGER))
        found = INTEGER
    return _typed(node, found)


def cast(value: exp.Expr, to: Kind) -> exp.Expr:
    """A value as a number. Digits that it has no room for after its point are cut off."""
    of = kind(value)
    if to.name == "DECFLOAT" and not (of is not None and (of.approximate or of.whole and of.bytes < 8)):
        return put(f"{DECFLOAT}({{}})", typed(value, "VARCHAR"), kind=to)
    if to.approximate and (of is None or of.text):
        return put(f"CAST(drdarrow_double({{}}) AS {to.duck})", value, kind=to)
    if to.approximate or of is not None and (of.whole or of.name in ("MARKER", "NULL", "BOOLEAN")):
        return put(f"CAST({{}} AS {to.duck})", value, kind=to)
    if of is not None and of.moment and to.exact:
        form = {"DATE": "%Y%m%d", "TIMESTAMP": "%Y%m%d%H%M%S"}.get(of.name)
        if form is None:
            raise SqlError(-461, "42846", of.name, to.name)
        return put(f"CAST(strftime({{}}, '{form}') AS {to.duck})", value, kind=to)
    if to.whole:
        if of is not None and (of.exact or of.approximate):
            return put(f"CAST(trunc({{}}) AS {to.duck})", value, kind=to)
        return put(f"drdarrow_{to.name.lower()}({{}})", value, kind=to)
    if of is not None and of.exact:
        inner = f"trunc({{}}, {to.scale})" if of.scale > to.scale else "{}"
        return put(f"CAST({inner} AS {to.duck})", value, kind=to)
    room = 38 - (to.size - to.scale)
    return put(
        f"CAST(trunc(CAST(trim(CAST({{}} AS VARCHAR)) AS DECIMAL(38, {room})), {to.scale}) AS {to.duck})",
        value,
        kind=to,
    )


def whole(name: str) -> Rule:
    """INTEGER(x) and its kin."""

    def rule(call: Call) -> exp.Expr | None:
        if len(call.args) != 1:
            return None
        of, to = call.kind(0), Kind(name)
        if to.whole and of is not None and of.name == "MARKER":
            # A number with a fraction, or the text of one.
            given = put("CAST({} AS DECIMAL(31, 10))", call.args[0], kind=Kind("DECIMAL", 31, 10))
            return cast(given, to)
        return cast(call.args[0], to)

    return rule


def _decimal(call: Call) -> exp.Expr | None:
    of = call.kind(0)
    sizes = [call.number(n) for n in range(1, len(call.args))]
    if not 1 <= len(call.args) <= 3 or None in sizes:
        return None
    size = of.decimal.size if of is not None and of.whole and of.name != "HUGEINT" else 15
    if of is not None and of.name == "DECIMAL":
        size = 15
    size, scale = (sizes[0] if sizes else size) or size, (sizes[1] if len(sizes) > 1 else 0) or 0
    return cast(call.args[0], Kind("DECIMAL", size, scale))


def _same(words: str) -> Rule:
    """A function whose result has the type of its argument."""

    def rule(call: Call) -> exp.Expr | None:
        of = call.kind(0)
        if len(call.args) != 1 or of is None or not of.number:
            return None
        if of == SMALLINT and words == "abs({})":
            return call.made(words, of)
        return call.made(f"CAST({words} AS {of.duck})", of)

    return rule


def _rounding(words: str) -> Rule:
    """CEIL and FLOOR: an integer as it is, of a decimal the digits before the point."""

    def rule(call: Call) -> exp.Expr | None:
        of = call.kind(0)
        if len(call.args) != 1 or of is None:
            return None
        if call.product.derby:
            return call.made(f"CAST({words} AS DOUBLE)", DOUBLE)
        if of.whole:
            return call.made("{}", of)
        result = Kind("DECIMAL", of.size, 0) if of.name == "DECIMAL" else DOUBLE
        return call.made(f"CAST({words} AS {result.duck})", result)

    return rule


def _places(name: str) -> Rule:
    """ROUND and TRUNC of a number to some places."""

    def rule(call: Call) -> exp.Expr | None:
        of = call.kind(0)
        if not 1 <= len(call.args) <= 2 or of is None or not of.number:
            return None
        places = call.args[1] if len(call.args) == 2 else exp.Literal.number(0)
        if of.approximate:
            return call.made(f"{name}({{}}, {{}})", DOUBLE, call.args[0], places)
        grown = name == "round" and of.name == "DECIMAL"
        result = Kind(of.name, min(of.size + grown, _DIGITS), of.scale)
        # DuckDB has no digits beyond the places it is told, Db2 zeros there.
        return call.made(f"CAST({name}({{}}, {{}}) AS {result.duck})", result, call.args[0], places)

    return rule


def _digits(call: Call) -> exp.Expr | None:
    of = call.kind(0)
    if len(call.args) != 1 or of is None or not of.exact:
        raise call.refuse()
    size = {"SMALLINT": 5, "INTEGER": 10, "BIGINT": 19}.get(of.name, of.size)
    plain = f"CAST(abs(CAST({{}} AS {of.decimal.duck})) AS VARCHAR)"
    return call.made(f"lpad(replace({plain}, '.', ''), {size}, '0')", Kind("CHAR", size))


def _power(call: Call) -> exp.Expr | None:
    if len(call.args) != 2:
        return None
    one, other = call.kind(0), call.kind(1)
    if one is not None and other is not None and one.whole and other.whole and BIGINT not in (one, other):
        return call.made("drdarrow_power(power({}, {}))", INTEGER)
    return call.made("drdarrow_finite(power({}, {}))", DOUBLE)


def _mod(call: Call) -> exp.Expr | None:
    if len(call.args) != 2:
        return None
    one, other = call.kind(0), call.kind(1)
    # A marker has the type of the other side.
    sides = [
        typed(arg, of.duck) if of is not None and of.number else arg
        for arg, of in zip(call.args, (other, one), strict=True)
    ]
    node = exp.Mod(this=exp.paren(sides[0], copy=False), expression=exp.paren(sides[1], copy=False))
    node.this.meta["kind"], node.expression.meta["kind"] = one, other
    made = arithmetic(node, call.product)
    one, other = _assumed(one, other), _assumed(other, one)
    if one is not None and other is not None and one.whole and other.whole:
        result = wider(one, other)
        return put(f"CAST({{}} AS {result.duck})", made, kind=result)
    return put("({})", made, kind=kind(made))


def _bits(words: str) -> Rule:
    def rule(call: Call) -> exp.Expr | None:
        of = [call.kind(n) for n in range(len(call.args))]
        if len(of) != words.count("{}") or any(found is None or not found.whole for found in of):
            raise call.refuse()
        result = of[0] if len(of) == 1 else wider(of[0], of[1])  # type: ignore[arg-type]
        return call.made(f"({words})", result)

    return rule


FUNCTIONS: dict[str, Rule] = {
    **dict.fromkeys(("INTEGER", "INT"), whole("INTEGER")),
    "SMALLINT": whole("SMALLINT"),
    "BIGINT": whole("BIGINT"),
    **dict.fromkeys(("DOUBLE", "FLOAT", "DOUBLE_PRECISION"), whole("DOUBLE")),
    "DECFLOAT": lambda call: _decfloat(call) if 1 <= len(call.args) <= 2 else None,
    "REAL": whole("REAL"),
    **dict.fromkeys(("DECIMAL", "DEC", "NUMERIC", "ZONED"), _decimal),
    **dict.fromkeys(("ABS", "ABSVAL"), _same("abs({})")),
    "SIGN": _same("sign({})"),
    **dict.fromkeys(("CEIL", "CEILING"), _rounding("ceil({})")),
    "FLOOR": _rounding("floor({})"),
    "ROUND": _places("round"),
    "DIGITS": _digits,
    "MOD": _mod,
    **dict.fromkeys(("POWER", "POW"), _power),
    "LOG": calls({1: ("ln({})", DOUBLE)}),
    "ATAN2": lambda call: _angle(call) if len(call.args) == 2 else None,
    **{name: calls({1: (f"{name.lower()}({{}})", DOUBLE)}) for name in _REAL},
    **{name: calls({1: (f"drdarrow_finite({name.lower()}({{}}))", DOUBLE)}) for name in ("EXP", "SINH", "COSH")},
    **dict.fromkeys(("TRUNC", "TRUNCATE"), _places("trunc")),
    "RAND": lambda call: call.made("random()", DOUBLE) if not call.args else _refuse(call),
    "RANDOM": lambda call: call.made("random()", DOUBLE) if not call.args else _refuse(call),
    "IDENTITY_VAL_LOCAL": lambda call: put(drawn.identity(), kind=Kind("DECIMAL", 31, 0)) if not call.args else None,
    "BITAND": _bits("{} & {}"),
    "BITOR": _bits("{} | {}"),
    "BITXOR": _bits("xor({}, {})"),
    "BITNOT": _bits("~{}"),
    "BITANDNOT": _bits("{} & ~{}"),
}


def _decfloat(call: Call) -> exp.Expr:
    return cast(call.args[0], Kind("DECFLOAT", 16 if call.number(1) == 16 else 34))


def _angle(call: Call) -> exp.Expr:
    """The abscissa comes first, in Derby the ordinate."""
    return call.made("atan2({}, {})", DOUBLE, *(call.args if call.product.derby else call.args[::-1]))


def _refuse(call: Call) -> exp.Expr:
    raise call.refuse()
