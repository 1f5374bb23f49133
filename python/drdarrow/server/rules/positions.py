"""Places and lengths in text: SUBSTR, LOCATE, LEFT, INSERT, LENGTH and their kin.

Db2 for LUW counts bytes unless CODEUNITS16 or CODEUNITS32 is given; i and z/OS do the same with pages that have a byte
for each character. Derby counts characters. A part of a character is no text here: SQLCODE -330. Sources: Db2 for LUW
"Scalar functions" (LEFT, LOCATE, SUBSTR, SUBSTRING, INSERT, POSITION and others), Derby's reference.
"""

from __future__ import annotations

from sqlglot import exp

from drdarrow.server import growing
from drdarrow.server.engine import SqlError
from drdarrow.server.rules.calls import BLOB, INTEGER, TEXT, Call, Macros, Rule, fault, once
from drdarrow.server.rules.kinds import Kind
from drdarrow.server.rules.tree import put

__all__ = ["FUNCTIONS", "MACROS"]

#: Words for units, and the end of the names of their macros.
_UNITS = {"CODEUNITS16": "_16", "CODEUNITS32": "", "OCTETS": "_bytes"}
_PLAIN = "strlen(s.x) = length(s.x)"
#: More than the length of any text.
_ALL = (1 << 31) - 1
#: Characters that are two units of UTF-16.
_PAIRS = "length(regexp_replace({}, '[^\\x{{10000}}-\\x{{10FFFF}}]', '', 'g'))"


def _part(unit: str, start: str, size: str) -> str:
    """Some units of `s.x`."""
    characters = f"substr(s.x, {start}, {size})"
    if unit == "_bytes":
        # Bytes that are no characters are an error of DuckDB's: see `errors`.
        return f"(CASE WHEN {_PLAIN} THEN {characters} ELSE decode(encode(s.x)[{start}:{start} + {size} - 1]) END)"
    if unit == "_16":
        return f"(CASE WHEN {_PAIRS.format('s.x')} = 0 THEN {characters} ELSE {fault(330, '22021', 'CODEUNITS16')} END)"
    return characters


def _size(unit: str, of: str) -> str:
    if unit == "_16":
        return f"(length({of}) + {_PAIRS.format(of)})"
    return f"strlen({of})" if unit == "_bytes" else f"length({of})"


def _continues(at: str) -> str:
    """The byte there is no first one of a character."""
    return f"hex(encode(s.x)[{at}:{at}]) BETWEEN '80' AND 'BF'"


#: The first byte of a character from `s.n` on.
_BEGINS = (
    f"(s.n + CASE WHEN NOT {_continues('s.n')} THEN 0 WHEN NOT {_continues('s.n + 1')} THEN 1 "
    f"WHEN NOT {_continues('s.n + 2')} THEN 2 ELSE 3 END)"
)


def _located(unit: str, state: str) -> tuple[str, str]:
    """LOCATE(w, x, n)."""
    rest = "substr(s.x, s.n)"
    found = f"CASE WHEN strpos({rest}, s.w) = 0 THEN 0 ELSE strpos({rest}, s.w) + s.n - 1 END"
    if unit == "_bytes":
        rest = "decode(encode(s.x)[s.n:])"
        bytes_found = (
            f"CASE WHEN strpos({rest}, s.w) = 0 THEN 0 ELSE strlen(left({rest}, strpos({rest}, s.w) - 1)) + s.n END"
        )
        begun = f"list_transform([{{'x': s.x, 'w': s.w, 'n': {_BEGINS}}}], lambda s: {bytes_found})[1]"
        found = f"CASE WHEN {_PLAIN} THEN {found} ELSE {begun} END"
    elif unit == "_16":
        found = (
            f"CASE WHEN {_PAIRS.format('s.x')} > 0 THEN {fault(330, '22021', 'CODEUNITS16', 'BIGINT')} ELSE {found} END"
        )
    body = f"CASE WHEN s.n < 1 THEN {fault(138, state, 'LOCATE', 'BIGINT')} ELSE {found} END"
    return "w, x, n", once(body, w="CAST(w AS VARCHAR)", x="CAST(x AS VARCHAR)", n="CAST(n AS BIGINT)")


def _outside(name: str) -> str:
    return fault(138, "22011", name)


_X, _I, _N, _M = "CAST(x AS VARCHAR)", "CAST(i AS BIGINT)", "CAST(n AS BIGINT)", "CAST(m AS BIGINT)"


def _filled(part: str, unit: str) -> str:
    """A part of a text with blanks, so that it has `s.n` units."""
    return once(f"s.p || repeat(' ', s.n - {_size(unit, 's.p')})", p=part, n="s.n")


def _macros(unit: str) -> Macros:
    """Those that count in a unit. m: the most that there can be; 0 where that is not known."""
    beyond = f"s.n > {growing.LONGEST} OR s.m > 0 AND"
    last = f"greatest({_size(unit, 's.x')} - s.n + 1, 1)"
    tail = f"CASE WHEN {_size(unit, 's.x')} < s.n THEN {_filled('s.x', unit)} ELSE {_part(unit, last, 's.n')} END"
    keep = _part(unit, "s.i + s.n", f"{_size(unit, 's.x')}")
    before = _part(unit, "greatest(s.i, 1)", "greatest(s.i + s.n - greatest(s.i, 1), 0)")
    return {
        f"drdarrow_substr{unit}": (
            "x, i",
            once(
                f"CASE WHEN s.i < 1 THEN {_outside('SUBSTR')} ELSE {_part(unit, 's.i', _size(unit, 's.x'))} END",
                x=_X, i=_I,
            ),
        ),
        f"drdarrow_substr_of{unit}": (
            "x, i, n, m",
            once(
                f"CASE WHEN s.i < 1 OR s.n < 0 OR {beyond} s.i + s.n - 1 > s.m THEN {_outside('SUBSTR')} "
                f"ELSE {_filled(_part(unit, 's.i', 's.n'), unit)} END",
                x=_X, i=_I, n=_N, m=_M,
            ),
        ),
        f"drdarrow_substring{unit}": (
            "x, i, n",
            once(f"CASE WHEN s.n < 0 THEN {_outside('SUBSTRING')} ELSE {before} END", x=_X, i=_I, n=_N),
        ),
        f"drdarrow_left{unit}": (
            "x, n, m",
            once(
                f"CASE WHEN s.n < 0 OR {beyond} s.n > s.m THEN {_outside('LEFT')} "
                f"ELSE {_filled(_part(unit, '1', 's.n'), unit)} END",
                x=_X, n=_N, m=_M,
            ),
        ),
        f"drdarrow_right{unit}": (
            "x, n, m",
            once(f"CASE WHEN s.n < 0 OR {beyond} s.n > s.m THEN {_outside('RIGHT')} ELSE {tail} END", x=_X, n=_N, m=_M),
        ),
        f"drdarrow_insert{unit}": (
            "x, i, n, t",
            once(
                f"CASE WHEN s.i < 1 OR s.i > {_size(unit, 's.x')} + 1 OR s.n < 0 OR s.n > {_size(unit, 's.x')} "
                f"THEN {_outside('INSERT')} ELSE {_part(unit, '1', '(s.i - 1)')} || s.t || {keep} END",
                x=_X, i=_I, n=_N, t="CAST(t AS VARCHAR)",
            ),
        ),
        f"drdarrow_locate{unit}": _located(unit, "22011"),
        f"drdarrow_size{unit}": ("x", once(_size(unit, "s.x"), x=_X)),
    }  # fmt: skip


def _padded(name: str, words: str) -> tuple[str, str]:
    """LPAD and RPAD in bytes. words: the text and the filling `{}`."""
    part = _part("_bytes", "1", "s.n")
    many = "CAST((s.n - strlen(s.x)) // strlen(s.p) + 1 AS BIGINT)"
    filling = once(part, x=f"repeat(s.p, {many})", n="s.n - strlen(s.x)")
    body = (
        f"CASE WHEN s.n < 0 OR s.n > {growing.LONGEST} THEN {fault(171, '42815', f'2|{name}')} "
        f"WHEN strlen(s.x) >= s.n THEN {part} WHEN s.p = '' THEN s.x ELSE {words.format(filling)} END"
    )
    return "x, n, p", once(body, x=_X, n=_N, p="CAST(p AS VARCHAR)")


MACROS: Macros = {
    **_macros(""),
    **_macros("_bytes"),
    **_macros("_16"),
    "drdarrow_lpad_bytes": _padded("LPAD", "{} || s.x"),
    "drdarrow_rpad_bytes": _padded("RPAD", "s.x || {}"),
    "drdarrow_locate_in_derby": _located("", "22014"),
    "drdarrow_substr_in_derby": (
        "x, i, n",
        once(
            f"CASE WHEN s.i < 1 OR s.i > length(s.x) + 1 OR s.n < 0 THEN {_outside('SUBSTR')} "
            "ELSE substr(s.x, s.i, s.n) END",
            x=_X, i=_I, n=_N,
        ),
    ),
}  # fmt: skip


def _unit(call: Call) -> str:
    """The unit of a call, whose word is taken off its arguments."""
    word = call.word(len(call.args) - 1) if len(call.args) > 1 else ""
    if word not in _UNITS:
        return "_bytes" if call.product.storage.bytes and not call.product.derby else ""
    if call.product.derby:
        raise call.refuse()
    del call.args[-1]
    # A byte is a character.
    return "" if word == "OCTETS" and call.product.ebcdic else _UNITS[word]


def _number(value: int) -> exp.Expr:
    return exp.Literal.number(value)


def _longest(call: Call) -> int:
    """The length attribute of a text, on the products that refuse what is beyond it."""
    of = call.kind(0)
    return of.size if of is not None and of.text and call.product.name in ("luw", "zos") else 0


def _substr(call: Call) -> exp.Expr | None:
    if not 2 <= len(call.args) <= 3 or call.kind(0) == BLOB:
        return None
    start, size, of, derby = call.number(1), call.number(2), call.kind(0), call.product.derby
    known = of.size if of is not None and of.text else 0
    end = (start or 1) + max((size or 0) - 1, 0)
    outside = start is not None and start < 1 or size is not None and not 0 <= size <= growing.LONGEST
    if derby and known:
        outside = outside or (start or 1) + (size or 0) > known + 1
    elif known:
        outside = outside or _longest(call) > 0 and end > known
        outside = outside or of is not None and of.name == "CHAR" and start is not None and start > known
    if outside:
        raise SqlError(-138, "22011", "SUBSTR")
    types = ("VARCHAR", "INTEGER", "INTEGER", "INTEGER")
    if derby:
        parts = [*call.args, _number(_ALL)][:3]
        return call.macro("drdarrow_substr_in_derby", TEXT, *parts, cast=types[:3])
    unit = _unit(call)
    if len(call.args) == 2:
        return call.macro(f"drdarrow_substr{unit}", TEXT, cast=types[:2])
    # The part is there always, filled with blanks; none of it is a CHAR of no length.
    result = Kind("CHAR", size) if size else TEXT
    return call.macro(f"drdarrow_substr_of{unit}", result, *call.args, _number(_longest(call)), cast=types)


def _substring(call: Call) -> exp.Expr | None:
    """Without blanks beyond the end, and from any place."""
    unit = _unit(call)
    if not 2 <= len(call.args) <= 3 or call.kind(0) == BLOB:
        return None
    if call.product.derby:
        raise call.refuse()
    parts = [*call.args, _number(_ALL)][:3]
    return call.macro(f"drdarrow_substring{unit}", TEXT, *parts, cast=("VARCHAR", "INTEGER", "INTEGER"))


def _edge(name: str) -> Rule:
    """LEFT and RIGHT: filled with blanks where the text is shorter."""

    def rule(call: Call) -> exp.Expr | None:
        unit, size = _unit(call), call.number(1)
        if len(call.args) != 2:
            return None
        if call.product.derby:
            return call.made(f"{name}(CAST({{}} AS VARCHAR), {{}})", TEXT)
        if size is not None and not 0 <= size <= growing.LONGEST:
            raise SqlError(-138, "22011", name.upper())
        # A constant may be more than the text has room for, but on z/OS.
        most = _longest(call) if size is None or call.product.name == "zos" else 0
        if most and size is not None and size > most:
            raise SqlError(-138, "22011", name.upper())
        parts = [*call.args, _number(most if unit == "_bytes" or call.product.ebcdic else 0)]
        return call.macro(f"drdarrow_{name}{unit}", TEXT, *parts, cast=("VARCHAR", "INTEGER", "INTEGER"))

    return rule


def _locate(*order: int) -> Rule:
    """LOCATE(w, x, n) and those that take the text first: the places of w and x."""

    def rule(call: Call) -> exp.Expr | None:
        unit = _unit(call)
        if not 2 <= len(call.args) <= 3:
            raise call.refuse()
        parts = [call.args[order[0]], call.args[order[1]], *call.args[2:]]
        if len(parts) == 2 and unit == "":
            return put("CAST(strpos({}, {}) AS INTEGER)", parts[1], parts[0], kind=INTEGER)
        name = "drdarrow_locate" + ("_in_derby" if call.product.derby else unit)
        types = ("VARCHAR", "VARCHAR", "INTEGER")
        made = call.macro(name, INTEGER, *[*parts, _number(1)][:3], cast=types)
        return put("CAST({} AS INTEGER)", made, kind=INTEGER)

    return rule


def _insert(call: Call) -> exp.Expr | None:
    unit = _unit(call)
    types = ("VARCHAR", "INTEGER", "INTEGER", "VARCHAR")
    return call.macro(f"drdarrow_insert{unit}", TEXT, cast=types) if len(call.args) == 4 else None


def _overlay(call: Call) -> exp.Expr | None:
    """OVERLAY(x, t, i, n); without a length that of what comes in."""
    unit = _unit(call)
    if not 3 <= len(call.args) <= 4:
        return None
    text, new, start, *size = call.args
    if not size:
        if new.find(exp.Placeholder):
            raise call.refuse()
        size = [put(f"drdarrow_size{unit}({{}})", new.copy(), kind=INTEGER)]
    types = ("VARCHAR", "INTEGER", "INTEGER", "VARCHAR")
    return call.macro(f"drdarrow_insert{unit}", TEXT, text, start, size[0], new, cast=types)


def _length(call: Call) -> exp.Expr | None:
    worded = len(call.args) == 2
    if worded and call.word(1) not in _UNITS:
        raise call.refuse()
    return _sized(call, _unit(call))


def _characters(call: Call) -> exp.Expr | None:
    worded = len(call.args) == 2
    if worded and call.word(1) not in _UNITS:
        raise call.refuse()
    unit = _unit(call)
    return _sized(call, unit if worded else "")


def _octets(call: Call) -> exp.Expr | None:
    return _sized(call, "" if call.product.ebcdic else "_bytes") if len(call.args) == 1 else None


#: Bytes of a value that is no text.
_BYTES = {"DECFLOAT": 16, "REAL": 4, "DOUBLE": 8, "DATE": 4, "TIME": 3, "TIMESTAMP": 10}


def _sized(call: Call, unit: str) -> exp.Expr:
    of = call.kind(0)
    if of is not None and (of.number or of.moment):
        fixed = of.size // 2 + 1 if of.name == "DECIMAL" else of.bytes if of.whole else _BYTES[of.name]
        return call.made(f"CASE WHEN {{}} IS NULL THEN NULL ELSE {fixed} END", INTEGER, call.args[0])
    if of == BLOB:
        return call.made("CAST(octet_length({}) AS INTEGER)", INTEGER, call.args[0])
    words = {"_bytes": "strlen", "_16": "drdarrow_size_16"}.get(unit, "length")
    text = "drdarrow_text({})" if of is None else "CAST({} AS VARCHAR)"
    return call.made(f"CAST({words}({text}) AS INTEGER)", INTEGER, call.args[0])


FUNCTIONS: dict[str, Rule] = {
    "SUBSTR": _substr,
    "SUBSTRING": _substring,
    **dict.fromkeys(("LEFT", "STRLEFT"), _edge("left")),
    **dict.fromkeys(("RIGHT", "STRRIGHT"), _edge("right")),
    **dict.fromkeys(("LOCATE", "POSITION"), _locate(0, 1)),
    **dict.fromkeys(("POSSTR", "STRPOS", "INSTR", "LOCATE_IN_STRING"), _locate(1, 0)),
    "INSERT": _insert,
    "OVERLAY": _overlay,
    "LENGTH": _length,
    **dict.fromkeys(("CHARACTER_LENGTH", "CHAR_LENGTH"), _characters),
    "OCTET_LENGTH": _octets,
}
