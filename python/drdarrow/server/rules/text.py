"""Text: functions, casts to CHAR and VARCHAR. Places and lengths in it: see `positions`.

A length is counted in bytes by Db2 for LUW and by the pages of i and z/OS, which have a byte for each character, and in
characters by Derby. Sources: Db2 for LUW "Scalar functions" (TRANSLATE, CHAR and others), Derby's reference.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from sqlglot import exp

from drdarrow.server import growing
from drdarrow.server.engine import SqlError
from drdarrow.server.rules.calls import (
    BLOB,
    INTEGER,
    TEXT,
    Call,
    Macros,
    Rule,
    calls,
    constant,
    fault,
    once,
    refused,
    typed,
)
from drdarrow.server.rules.dates import as_text
from drdarrow.server.rules.kinds import Kind, kind
from drdarrow.server.rules.product import Product
from drdarrow.server.rules.tree import put

__all__ = ["FUNCTIONS", "MACROS", "cast", "worded"]

#: The digits of a float without its point, and where the point stands.
_M, _E = "regexp_extract(s.t, '[0-9.]+')", "coalesce(TRY_CAST(regexp_extract(s.t, 'e(.*)', 1) AS INTEGER), 0)"
_ALL = f"(split_part({_M}, '.', 1) || split_part({_M}, '.', 2))"
_FIRST = f"ltrim({_ALL}, '0')"
_POWER = f"(length(split_part({_M}, '.', 1)) - 1 - (length({_ALL}) - length({_FIRST})) + {_E})"
_REST = f"CASE WHEN rtrim(substr({_FIRST}, 2), '0') = '' THEN '0' ELSE rtrim(substr({_FIRST}, 2), '0') END"
_FLOAT = (
    "list_transform([{'t': CAST(x AS VARCHAR)}], lambda s: CASE WHEN TRY_CAST(s.t AS DOUBLE) = 0 THEN '0E0' "
    f"ELSE (CASE WHEN s.t[1] = '-' THEN '-' ELSE '' END) || left({_FIRST}, 1) || '.' || {_REST} || 'E' || {_POWER} "
    "END)[1]"
)


def _hexadecimal(size: int, order: Iterable[int]) -> str:
    """The bytes of an integer."""
    value = f"CASE WHEN s.x < 0 THEN CAST(s.x AS HUGEINT) + {1 << 8 * size} ELSE s.x END"
    digits = once(f"right(repeat('0', 15) || hex(CAST({value} AS UBIGINT)), {2 * size})", x="x")
    return once(" || ".join(f"substr(s.x, {2 * n - 1}, 2)" for n in order), x=digits)


_CUT = (
    "CASE WHEN strlen(s.x) <= n THEN s.x WHEN strlen(s.x) = length(s.x) THEN left(s.x, n) ELSE left(s.x, "
    "list_max(list_filter(range(0, n + 1), lambda k: strlen(left(s.x, CAST(k AS INTEGER))) <= n))) END"
)
_WIDER = "CAST(greatest(length(s.f), length(s.t)) AS INTEGER)"
#: Types of DuckDB's that have other lengths and bytes than their texts.
_NO_TEXT = "^(U?(TINY|SMALL|BIG|HUGE)INT|U?INTEGER|DECIMAL|FLOAT|DOUBLE|DATE|TIME|BLOB)"

#: A decimal without the zero in front of its point.
_POINTED = r"regexp_replace(CAST({} AS VARCHAR), '^(-?)0\.', '\1.')"
_WORDS = "'^(VARCHAR|DATE|UUID|ENUM.*|U?(TINY|SMALL|BIG|HUGE)?INT|U?INTEGER)$'"
#: A value of any type as CHAR and VARCHAR make it a text. One without a type of Db2's is -270.
_ANY = (
    f"CASE WHEN s.x IS NULL THEN NULL WHEN typeof(s.x) LIKE 'DECIMAL%' THEN {_POINTED.format('s.x')} "
    f"WHEN typeof(s.x) IN ('FLOAT', 'DOUBLE') THEN {_FLOAT.replace('CAST(x AS', 'CAST(s.x AS')} "
    "WHEN typeof(s.x) = 'TIME' THEN replace(CAST(s.x AS VARCHAR), ':', '.') WHEN typeof(s.x) LIKE 'TIMESTAMP%' "
    "THEN strftime(TRY_CAST(CAST(s.x AS VARCHAR) AS TIMESTAMP), '%Y-%m-%d-%H.%M.%S.%f') "
    f"WHEN regexp_matches(typeof(s.x), {_WORDS}) THEN CAST(s.x AS VARCHAR) ELSE {fault(270, '42997', 'a type')} END"
)
#: Letters that become several in capitals, as Java has them.
_SEVERAL = {chr(n): chr(n).upper() for n in range(0x80, 0x10000) if len(chr(n).upper()) > 1}
_CAPITALS = ", ".join(f"'{letter}': '{capitals}'" for letter, capitals in _SEVERAL.items())
_JAVA_UPPER = (
    f"CASE WHEN translate(s.x, '{''.join(_SEVERAL)}', '') = s.x THEN upper(s.x) ELSE array_to_string(list_transform("
    f"string_split(s.x, ''), lambda c: coalesce(MAP {{{_CAPITALS}}}[c], upper(c))), '') END"
)
#: A sharp s stays as it is.
_UPPER = "array_to_string(list_transform(string_split(x, '\u00df'), lambda s: upper(s)), '\u00df')"
#: Signs and control characters part words.
_PARTS = r"\x00-\x2F\x3A-\x40\x5B-\x60\x7B-\x9F"
_FIRST_OF = "CASE WHEN w[1] = '\u00df' THEN w[1] ELSE upper(left(w, 1)) END"
_INITCAP = (
    f"array_to_string(list_transform(regexp_extract_all(CAST(x AS VARCHAR), '[{_PARTS}]|[^{_PARTS}]+'), "
    f"lambda w: {_FIRST_OF} || lower(substr(w, 2))), '')"
)

MACROS: Macros = {
    # A value whose type is known only when it is there.
    "drdarrow_text": (
        "x",
        once(
            f"CASE WHEN regexp_matches(typeof(s.x), '{_NO_TEXT}') THEN {fault(270, '42997', 'a type')} "
            "ELSE CAST(s.x AS VARCHAR) END",
            x="x",
        ),
    ),
    "drdarrow_float": ("x", _FLOAT),
    "drdarrow_decimal": ("x", _POINTED.format("x")),
    "drdarrow_any": ("x", once(_ANY, x="x")),
    "drdarrow_upper": ("x", _UPPER),
    "drdarrow_initcap": ("x", _INITCAP),
    "drdarrow_upper_in_derby": ("x", once(_JAVA_UPPER, x="x")),
    # As Java writes it.
    "drdarrow_java": (
        "x",
        "list_transform([x], lambda k: CASE WHEN k = 0 OR abs(k) >= 0.001 AND abs(k) < 10000000 "
        f"THEN CAST(k AS VARCHAR) ELSE {_FLOAT.replace('CAST(x AS', 'CAST(k AS')} END)[1]",
    ),
    **{f"drdarrow_hex_first_{size}": ("x", _hexadecimal(size, range(1, size + 1))) for size in (2, 4, 8)},
    **{f"drdarrow_hex_last_{size}": ("x", _hexadecimal(size, range(size, 0, -1))) for size in (2, 4, 8)},
    "drdarrow_translate": (
        "x, t, f, p",
        once(f"translate(s.x, s.f, rpad(s.t, {_WIDER}, s.p))", x="x", t="t", f="f", p="p"),
    ),
    # As many characters as fit into some bytes.
    "drdarrow_cut": ("x, n", once(_CUT, x="CAST(x AS VARCHAR)")),
    "drdarrow_fixed": (
        "x, n",
        f"list_transform([{once(_CUT, x='CAST(x AS VARCHAR)')}], lambda k: k || repeat(' ', n - strlen(k)))[1]",
    ),
}  # fmt: skip


def cast(value: exp.Expr, of: Kind | None, to: Kind, product: Product) -> exp.Expr:
    """A value as CHAR(n) or VARCHAR(n), cut at the length; size 0 takes the length that the value has."""
    text, length = _plain(value, of, product)
    fixed = to.name == "CHAR"
    size = to.size or length
    if not size:
        return put("{}", text, kind=TEXT)
    if size > growing.LONGEST and fixed:
        raise SqlError(-171, "42815", "2", to.name)
    if size > growing.LONGEST:
        # A large object.
        return put(f"left({{}}, {size})", text, kind=TEXT)
    result = Kind(to.name, size)
    if of is not None and (of.number or of.moment) or not product.storage.bytes or product.derby:
        # Each character is a byte.
        text = put(f"left({{}}, {size})", text) if length == 0 or length > size else text
        if fixed:
            pad = "rpad" if size <= growing.LONGEST // 4 else "drdarrow_rpad"
            text = put(f"{pad}({{}}, {size}, ' ')", text)
        return put("{}", text, kind=result)
    return put(f"drdarrow_{'fixed' if fixed else 'cut'}({{}}, {size})", typed(text, "VARCHAR"), kind=result)


#: Types of bytes with a length.
BYTES = {"BINARY", "VARBINARY", "CHAR FOR BIT DATA", "VARCHAR FOR BIT DATA"}


def as_bytes(value: exp.Expr, to: str, size: int, product: Product) -> exp.Expr:
    """A value as one of these, filled up to its length. Longer ones are SQLCODE -404 or -433."""
    of = kind(value)
    if product.ebcdic and of is not None and of.text:
        raise SqlError(-270, "42997", f"a text as {to}: it has other bytes here, use a constant such as X'F1'")
    byte = {"BINARY": "00", "CHAR FOR BIT DATA": product.storage.blank}.get(to)
    filler = f"CAST('\\x{byte}' AS BLOB)" if byte else "CAST(NULL AS BLOB)"
    bare = "encode({})" if of is not None and of.text else "CAST({} AS BLOB)"
    return put(f"drdarrow_binary({bare}, {size}, {filler}, 'CAST')", value, kind=Kind("BLOB"))


def _plain(value: exp.Expr, of: Kind | None, product: Product) -> tuple[exp.Expr, int]:
    """A value as text, and the longest that it can be; 0 where that is not known."""
    if of is None and not product.derby:
        return put("drdarrow_any({})", value), 0
    if of is None or of.name in ("MARKER", "NULL"):
        return put("CAST({} AS VARCHAR)", value), 0
    if of.text:
        return value, of.size
    if of.moment:
        return as_text(value, of, "ISO", product)
    if of.name == "DECFLOAT":
        # A whole number has no point.
        return put("replace(replace(upper(CAST({} AS VARCHAR)) || '~', '.0~', ''), '~', '')", value), 42
    if of.approximate:
        return (put("drdarrow_java({})", value), 53) if product.derby else (put("drdarrow_float({})", value), 24)
    if of.name == "DECIMAL":
        return put(
            "CAST({} AS VARCHAR)" if product.derby or not of.scale else "drdarrow_decimal({})", value
        ), of.size + 2
    return put("CAST({} AS VARCHAR)", value), {"SMALLINT": 6, "INTEGER": 11, "BIGINT": 20}.get(of.name, 0)


def _casting(name: str) -> Rule:
    """CHAR(x), CHAR(x, n), CHAR(date, ISO) and their kin."""

    def rule(call: Call) -> exp.Expr | None:
        of = call.kind(0)
        if not 1 <= len(call.args) <= 2:
            return None
        if call.product.derby and name == "VARCHAR" and of is not None and of.number:
            raise SqlError(-461, "42846", of.name, name)
        if len(call.args) == 2 and of is not None and of.moment and (form := call.word(1)):
            text, width = as_text(call.args[0], of, form, call.product)
            return put("{}", text, kind=Kind(name, width))
        size: int | None = call.number(1) if len(call.args) == 2 else 0
        if size is None or size < 0:
            raise call.refuse()
        return cast(call.args[0], of, Kind(name, size), call.product)

    return rule


def _translate(call: Call) -> exp.Expr | None:
    if len(call.args) == 1:
        return _upper(call)
    if not 3 <= len(call.args) <= 4:
        return None
    to, of, pad = call.literal(1), call.literal(2), call.literal(3) if len(call.args) == 4 else " "
    if to is None or of is None or pad is None:
        parts = [*call.args, exp.Literal.string(" ")][:4]
        return call.macro("drdarrow_translate", call.kind(0), *parts)
    if len(pad) != 1:
        raise SqlError(-171, "42815", "4", "TRANSLATE")
    to = to.ljust(len(of), pad)
    return call.made(
        "translate({}, {}, {})", call.kind(0), call.args[0], exp.Literal.string(of), exp.Literal.string(to)
    )


def _upper(call: Call) -> exp.Expr | None:
    """UPPER: a sharp s stays, but Derby makes two letters of it. As long as the argument, but for a constant, which may
    have letters that become longer."""
    if len(call.args) != 1:
        return None
    name = "drdarrow_upper_in_derby" if call.product.derby else "drdarrow_upper"
    return call.macro(name, call.kind(0) if call.literal(0) is None else TEXT)


def _initcap(call: Call) -> exp.Expr | None:
    of = call.kind(0)
    if len(call.args) != 1 or call.product.name != "luw" or of is not None and (of.number or of.moment):
        raise call.refuse()
    size = of.size if of is not None and of.text and call.literal(0) is None else 0
    return call.macro("drdarrow_initcap", Kind("VARCHAR", size))


def _lower(call: Call) -> exp.Expr | None:
    if len(call.args) != 1:
        return None
    return call.made("lower({})", call.kind(0) if call.literal(0) is None else TEXT)


def _strip(call: Call) -> exp.Expr | None:
    side = call.word(1) or "BOTH"
    function = {"B": "trim", "L": "ltrim", "T": "rtrim"}.get(side[:1])
    if not 1 <= len(call.args) <= 3 or function is None:
        raise call.refuse()
    if len(call.args) < 3:
        return call.made(f"{function}({{}}, ' ')", TEXT, call.args[0])
    return call.made(f"{function}({{}}, {{}})", TEXT, call.args[0], call.args[2])


def _hex(call: Call) -> exp.Expr | None:
    of, product = call.kind(0), call.product
    if len(call.args) != 1:
        return None
    if of is None:
        call.args[0] = put("drdarrow_text({})", call.args[0], kind=TEXT)
    if of is not None and of.whole and of.name != "HUGEINT":
        # The processors of LUW have the last byte first.
        order = "first" if product.ebcdic else "last"
        name = f"drdarrow_hex_{order}_{of.bytes}"
        return call.macro(name, Kind("CHAR", 2 * of.bytes), cast="INTEGER")
    if of is not None and (of.number or of.moment):
        raise call.refuse()
    if product.ebcdic and of != BLOB:
        return call.macro("drdarrow_hex_page", TEXT)
    return call.macro("drdarrow_hex", TEXT)


def _bounded(name: str) -> Rule:
    """REPEAT, LPAD and so on: see `growing`."""

    def rule(call: Call) -> exp.Expr | None:
        texts = [_written(arg) or _placed(n, arg) for n, arg in enumerate(call.args)]
        made = growing.FORMS[name](texts)
        if made is None:
            return None
        pieces = _PLACE.split(made.replace("{", "{{").replace("}", "}}"))
        parts = [call.args[int(piece)] for piece in pieces[1::2]]
        return call.made("{}".join(pieces[::2]), TEXT, *parts) if parts else put(pieces[0], kind=TEXT)

    return rule


def _filled(name: str) -> Rule:
    """LPAD and RPAD, to a length that is counted as that of the text is."""
    bounded = _bounded(name)

    def rule(call: Call) -> exp.Expr | None:
        if call.product.derby or not call.product.storage.bytes or not 2 <= len(call.args) <= 3:
            return bounded(call)
        parts = [*call.args, exp.Literal.string(" ")][:3]
        types = ("VARCHAR", "INTEGER", "VARCHAR")
        return call.macro(f"drdarrow_{name.lower()}_bytes", TEXT, *parts, cast=types)

    return rule


#: An argument by its number in the text of a call.
_PLACE = re.compile(r"\??\0(\d+)\0")


def _placed(n: int, arg: exp.Expr) -> str:
    return (growing.MARKER if isinstance(arg, exp.Placeholder) else "") + f"\0{n}\0"


def _written(arg: exp.Expr) -> str | None:
    """A constant as it is written; None for any other expression."""
    value = constant(arg)
    if value is None:
        return None
    return "'" + value.replace("'", "''") + "'" if isinstance(arg, exp.Literal) and arg.is_string else value


def _joined(call: Call) -> exp.Expr | None:
    if len(call.args) < 2:
        return None
    parts = [worded(arg, call.product) for arg in call.args]
    sizes = [of.size if (of := kind(part)) is not None and of.text else 0 for part in parts]
    joined = f"({' || '.join(['{}'] * len(parts))})"
    return call.made(joined, Kind("VARCHAR", sum(sizes) if all(sizes) else 0), *parts)


def worded(value: exp.Expr, product: Product) -> exp.Expr:
    """A part of a text: of a number or date the text that VARCHAR makes of it."""
    of = kind(value)
    if of is None or not (of.number or of.moment):
        return value
    if product.derby and of.number:
        raise SqlError(-461, "42846", of.name, "VARCHAR")
    return cast(value, of, TEXT, product)


_REGEXP = {"REGEXP_LIKE": "regexp_matches({}, {})", "REGEXP_COUNT": "CAST(len(regexp_extract_all({}, {})) AS INTEGER)"}


FUNCTIONS: dict[str, Rule] = {
    **{name: _casting("CHAR") for name in ("CHAR", "GRAPHIC", "NCHAR")},
    **{name: _casting("VARCHAR") for name in ("VARCHAR", "VARGRAPHIC", "NVARCHAR", "CLOB", "DBCLOB", "NCLOB")},
    **dict.fromkeys(("BLOB", "BINARY", "VARBINARY"), calls({1: ("CAST({} AS BLOB)", BLOB)})),
    "TRANSLATE": _translate,
    "STRIP": _strip,
    "TRIM": calls({1: ("trim({}, ' ')", TEXT), 2: ("trim({}, {})", TEXT)}),
    **dict.fromkeys(("LTRIM",), calls({1: ("ltrim({}, ' ')", TEXT), 2: ("ltrim({}, {})", TEXT)})),
    **dict.fromkeys(("RTRIM",), calls({1: ("rtrim({}, ' ')", TEXT), 2: ("rtrim({}, {})", TEXT)})),
    **dict.fromkeys(("UPPER", "UCASE"), _upper),
    **dict.fromkeys(("LOWER", "LCASE"), _lower),
    "INITCAP": _initcap,
    "CONCAT": _joined,
    "HEX": _hex,
    "ASCII": calls({1: ("CAST(ascii({}) AS INTEGER)", INTEGER)}),
    "CHR": calls({1: ("chr({})", TEXT)}),
    **{name: _bounded(name) for name in ("REPEAT", "SPACE", "REPLACE", "REGEXP_REPLACE")},
    **{name: _filled(name) for name in ("LPAD", "RPAD")},
    **{name: calls({2: (words, None if "LIKE" in name else INTEGER)}) for name, words in _REGEXP.items()},
    "REGEXP_SUBSTR": calls({2: ("nullif(regexp_extract({}, {}), '')", TEXT)}),
    **dict.fromkeys(("SOUNDEX", "DIFFERENCE", "REGEXP_INSTR", "XMLSERIALIZE", "XMLPARSE"), refused),
    **dict.fromkeys(("MULTIPLY_ALT", "QUANTIZE", "COMPARE_DECFLOAT", "TOTALORDER", "NORMALIZE_DECFLOAT"), refused),
}
