"""Functions that make a long value out of short ones. DuckDB's memory limit does not count single values, and no
interrupt ends a call: so a call has a bound of its own, or is refused.

| | bound |
|---|---|
| `REPEAT` | 32,672 bytes: SQLCODE -137 |
| `LPAD`, `RPAD`, `SPACE` | 32,672 bytes: SQLCODE -171 |
| `REPLACE` | 32,672 bytes; of a longer text 1 MiB, or as long as it was: SQLCODE -137 |
| `REGEXP_REPLACE` | 1 MiB, the length of the text times that of what comes in: SQLCODE -137 |
| `HEX` | 1 MiB: SQLCODE -137 |

Each is a macro, in which an argument stands once, as in those of `LOCATE` and `WEEK`: clients get no lambdas.
Calls whose constants show that they are short stay as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from drdarrow.server import tokens
from drdarrow.server.patience import look

__all__ = ["FORMS", "LONGEST", "MARKER", "filled", "macros", "made", "refused"]

#: An argument begins with it that is a parameter marker.
MARKER = "?"
#: Bytes of a VARCHAR.
LONGEST = 32_672
#: Bytes of a CLOB that a function gives.
_LONGEST_LOB = 1 << 20

_SIZE = "strlen(hex({})) // 2"
_MOST = f"(CASE WHEN {{0}} > {LONGEST} THEN greatest({{0}}, {_LONGEST_LOB}) ELSE {LONGEST} END)"
_LONG = "error('drdarrow 54006 {}')"
_WIDE = "error('drdarrow 42815 2|{}')"
#: The count of bytes or characters, and the text that it led to.
_PADDED = (
    "list_transform([{0}(x, list_transform([CAST(n AS BIGINT)], lambda k: "
    f"CASE WHEN k NOT BETWEEN 0 AND {LONGEST} THEN {{1}} ELSE CAST(k AS INTEGER) END)[1], p)], "
    f"lambda s: CASE WHEN strlen(s) > {LONGEST} THEN {{1}} ELSE s END)[1]"
)
_GROWTH = "(strlen(s.x) - strlen(replace(s.x, s.f, ''))) // strlen(s.f) * (strlen(s.t) - strlen(s.f))"
_REGEXP = (
    f"CASE WHEN strlen(s.x) * strlen(s.t) > {_LONGEST_LOB} THEN {_LONG.format('REGEXP_REPLACE')} "
    "ELSE regexp_replace(s.x, s.f, s.t{}) END"
)

_WEEK = (
    "list_transform([CAST(d AS DATE)], "
    "lambda k: CAST(ceil((dayofyear(k) + dayofweek(date_trunc('year', k))) / 7.0) AS INTEGER))[1]"
)

#: Arguments and bodies; the second body is without a bound.
_MACROS = {
    "drdarrow_repeat": (
        "x, n",
        "list_transform([{'x': x, 'n': CAST(n AS BIGINT)}], lambda s: "
        f"CASE WHEN CAST({_SIZE.format('s.x')} AS HUGEINT) * s.n > {LONGEST} THEN {_LONG.format('REPEAT')} "
        "ELSE repeat(s.x, s.n) END)[1]",
        "repeat(x, CAST(n AS BIGINT))",
    ),
    "drdarrow_lpad": ("x, n, p", _PADDED.format("lpad", _WIDE.format("LPAD")), "lpad(x, CAST(n AS INTEGER), p)"),
    "drdarrow_rpad": ("x, n, p", _PADDED.format("rpad", _WIDE.format("RPAD")), "rpad(x, CAST(n AS INTEGER), p)"),
    "drdarrow_space": (
        "n",
        "list_transform([CAST(n AS BIGINT)], lambda k: "
        f"CASE WHEN k > {LONGEST} THEN {_WIDE.format('SPACE').replace('2|', '1|')} ELSE repeat(' ', k) END)[1]",
        "repeat(' ', CAST(n AS BIGINT))",
    ),
    "drdarrow_hex": (
        "x",
        f"list_transform([hex(x)], lambda s: CASE WHEN strlen(s) > {_LONGEST_LOB} "
        f"THEN {_LONG.format('HEX')} ELSE s END)[1]",
        "hex(x)",
    ),
    "drdarrow_replace": (
        "x, f, t",
        "list_transform([{'x': x, 'f': f, 't': t}], lambda s: CASE WHEN strlen(s.f) > 0 AND strlen(s.t) > strlen(s.f) "
        f"AND strlen(s.x) + {_GROWTH} > {_MOST.format('strlen(s.x)')} "
        f"THEN {_LONG.format('REPLACE')} ELSE replace(s.x, s.f, s.t) END)[1]",
        "replace(x, f, t)",
    ),
    "drdarrow_week": ("d", _WEEK, _WEEK),
    "drdarrow_regexp_replace": (
        "x, f, t, o",
        f"list_transform([{{'x': x, 'f': f, 't': t}}], lambda s: {_REGEXP.format(', o')})[1]",
        "regexp_replace(x, f, t, o)",
    ),
}

#: Functions of one value that are refused unless their constants show that it is short.
_PADS = {"lpad", "rpad"}
#: Those that Db2 has not, with large values of small ones, or that wait.
_REFUSED = {
    "array_reduce", "array_resize", "bar", "base64", "bin", "bitstring", "bitstring_agg", "equi_width_bins", "format",
    "generate_series", "json_quote", "list_reduce", "list_resize", "pg_sleep", "printf", "range", "reduce",
    "regexp_escape", "sleep_ms", "to_base", "to_base64", "to_binary", "to_hex", "to_json", "url_encode",
}  # fmt: skip
#: Lists that grow with each lambda within another, and values that double in each.
_LAMBDAS = {"apply", "array_apply", "array_transform", "list_apply", "list_transform"}
_BOUNDED = {"repeat", "hex", "replace", "regexp_replace"}
_ALL = _PADS | _REFUSED | _LAMBDAS | _BOUNDED

#: A name with brackets that follows one of these has columns in them.
_NAMED = {"TABLE", "INTO", "EXISTS", "VIEW", "REFERENCES", "AS", "WITH", "RECURSIVE"}
#: A table follows these.
_FROM = {"FROM", "JOIN", "LATERAL", ","}
#: Calls in which FROM stands between values.
_FROM_INSIDE = {"trim", "substring", "extract", "overlay", "position"}
_QUERY = {"SELECT", "WITH", "FROM", "(", "VALUES", "UPDATE", "DELETE", "INSERT", "CREATE", "EXPLAIN", "MERGE"}
_AFTER_FROM = {
    *"SELECT WHERE GROUP HAVING ORDER LIMIT OFFSET QUALIFY WINDOW VALUES SET".split(),
    *"RETURNING UNION EXCEPT INTERSECT".split(),
}


def macros(bounded: bool) -> dict[str, str]:
    """The statements that make the macros, by their names."""
    return {
        name: f"CREATE OR REPLACE TEMP MACRO {name}({arguments}) AS {body if bounded else plain}"
        for name, (arguments, body, plain) in _MACROS.items()
    }


def made(sql: str) -> list[str]:
    """The statements that make the macros of a view or a table, which outlive the connection."""
    return [
        f"CREATE MACRO IF NOT EXISTS main.{name}({arguments}) AS {body}"
        for name, (arguments, body, _) in _MACROS.items()
        if f"{name}(" in sql
    ]


def _is_text(word: str) -> bool:
    return word.startswith("'") and word.endswith("'") and len(word) > 1


def _put(argument: str) -> str:
    """A marker within a macro has no type by itself."""
    return f"CAST({argument} AS VARCHAR)" if argument.startswith(MARKER) else argument


def _repeat(a: list[str]) -> str | None:
    if len(a) != 2 or _short(["", "(", a[0], ",", a[1], ")"], "repeat", 0, 5):
        return None
    return f"drdarrow_repeat({_put(a[0])}, {a[1]})"


def filled(name: str, a: list[str]) -> str | None:
    """LPAD or RPAD."""
    if not 2 <= len(a) <= 3:
        return None
    text, length, pad = a[0], a[1], a[2] if len(a) == 3 else "' '"
    if _is_text(pad) and length.isdecimal() and int(length) <= LONGEST // 4:
        return f"{name}({text}, {length}, {pad})"
    return f"drdarrow_{name}({_put(text)}, {length}, {_put(pad)})"


def _replace(a: list[str]) -> str | None:
    if len(a) != 3 or _short(["", "(", a[0], ",", a[1], ",", a[2], ")"], "replace", 0, 7):
        return None
    return f"drdarrow_replace({', '.join(map(_put, a))})"


def _regexp(a: list[str]) -> str | None:
    # All that is found is replaced.
    if not 3 <= len(a) <= 4:
        return None
    return f"drdarrow_regexp_replace({', '.join(map(_put, [*a, repr('g')][:4]))})"


FORMS: dict[str, Callable[[list[str]], str | None]] = {
    "REPEAT": _repeat,
    "LPAD": lambda a: filled("lpad", a),
    "RPAD": lambda a: filled("rpad", a),
    "SPACE": lambda a: f"drdarrow_space({a[0]})" if len(a) == 1 else None,
    "HEX": lambda a: f"drdarrow_hex({_put(a[0])})" if len(a) == 1 else None,
    "REPLACE": _replace,
    "REGEXP_REPLACE": _regexp,
}


def _short(words: Sequence[str], name: str, at: int, end: int) -> bool:
    """Constants show that the value of the call is short, or no longer than its argument."""
    if name == "repeat" and end == at + 5:
        text, count = words[at + 2], words[at + 4]
        whole = words[at + 3] == "," and _is_text(text) and count.isdecimal() and len(count) < 9
        return whole and (len(text.encode()) - 2) * int(count) <= LONGEST
    if name in _PADS and end >= at + 7:
        comma, length, other, pad = words[end - 4 : end]
        return comma == other == "," and _is_text(pad) and length.isdecimal() and int(length) <= LONGEST
    if name == "replace" and end >= at + 7:
        before, of, comma, to = words[end - 4 : end]
        return (
            before == comma == "," and _is_text(of) and _is_text(to) and len(to.encode()) <= len(of.replace("''", "'"))
        )
    return False


#: Signs that open a level, close one or begin a name.
_SIGNIFICANT = '()[]{}_"'


def refused(cut: tokens.Words) -> str | None:
    """The first function of a statement that has no bound, or None."""
    words = [word for word, _ in cut]
    #: Names are no clauses, whatever they are.
    upper = ["" if kind == tokens.IDENTIFIER else word.upper() for word, kind in cut]
    closes = _closes(words)
    #: For each open bracket: where it is, whether FROM of it is that of a query, whether tables come now.
    levels = [(-1, True, False)]
    for at, word in enumerate(words):
        look()
        # Of commas, markers and numbers a statement may have very many.
        if not (word[:1].isalpha() or word[:1] in _SIGNIFICANT):
            continue
        opened, query, tables = levels[-1]
        if word in ("(", "[", "{"):
            call = tokens.name(words[at - 1]) if at else ""
            inside = call not in _FROM_INSIDE and upper[at + 1 : at + 2] and upper[at + 1] in _QUERY
            # Brackets around tables hold tables.
            around = word == "(" and tables and upper[at - 1] in _FROM | {"("}
            levels.append((at, bool(inside), bool(around)))
        elif word in (")", "]", "}"):
            if len(levels) > 1:
                levels.pop()
        elif upper[at] == "FROM" and query and upper[at - 1 : at] != ["DISTINCT"]:
            levels[-1] = (opened, query, True)
        elif upper[at] in _AFTER_FROM:
            levels[-1] = (opened, query, False)
        elif upper[at] == "FOR" and opened >= 0 and words[opened] == "[":
            return "FOR"
        elif words[at + 1 : at + 2] == ["("] and (name := tokens.name(word)) in _ALL:
            if not _allowed(words, upper, at, name, closes.get(at + 1, 0), tables):
                return name
    return None


def _allowed(words: Sequence[str], upper: Sequence[str], at: int, name: str, end: int, tables: bool) -> bool:
    start = at
    while start >= 2 and words[start - 1] == "." and (words[start - 2][:1].isalpha() or words[start - 2][:1] == '"'):
        start -= 2
    before = upper[start - 1] if start else ""
    index = upper[:2] == ["CREATE", "INDEX"] or upper[:3] == ["CREATE", "UNIQUE", "INDEX"]
    index = index and "ON" not in upper[: start - 1]
    if before in _NAMED or before == "ON" and index:
        return True
    if tables and (before in _FROM or before == "(" and upper[start - 2 : start - 1] and upper[start - 2] in _FROM):
        return name in ("range", "generate_series", "repeat")
    # A method of a value, or a name of the catalog.
    if not end or before == "." or start != at:
        return False
    return _short(words, name, at, end)


def _closes(words: Sequence[str]) -> dict[int, int]:
    """Where each bracket closes."""
    closes: dict[int, int] = {}
    opened: list[int] = []
    for at, word in enumerate(words):
        if word in ("(", "[", "{"):
            opened.append(at)
        elif word in (")", "]", "}") and opened:
            closes[opened.pop()] = at
    return closes
