"""Dates and times: sums and differences, functions, their forms as text and back.

A difference is a number, as Db2 has it: DATE - DATE is DECIMAL(8, 0) with years, months and days, `2 months 3 days` as
203. Sources: Db2 for LUW "Datetime operations and durations", "TIMESTAMPDIFF", "VARCHAR_FORMAT", "MONTHS_BETWEEN"; Db2
for i "Date arithmetic"; Db2 for z/OS "Date arithmetic".
"""

from __future__ import annotations

import re

from sqlglot import exp

from drdarrow.server.engine import SqlError
from drdarrow.server.rules import moments
from drdarrow.server.rules.calls import (
    DATE,
    INTEGER,
    TEXT,
    TIME,
    TIMESTAMP,
    Call,
    Macros,
    Rule,
    calls,
    fault,
    once,
    refused,
)
from drdarrow.server.rules.kinds import Kind, kind
from drdarrow.server.rules.product import Product
from drdarrow.server.rules.tree import put

__all__ = ["FUNCTIONS", "MACROS", "arithmetic", "as_text", "cast"]

_DATE_DURATION, _TIME_DURATION = Kind("DECIMAL", 8, 0), Kind("DECIMAL", 6, 0)
_DURATION = Kind("DECIMAL", 20, 6)
_MARKER = Kind("MARKER")
_AGE = "age(greatest(s.a, s.b), least(s.a, s.b))"
_SIGN = "(CASE WHEN s.a >= s.b THEN 1 ELSE -1 END)"


def _part(name: str) -> str:
    return f"extract({name} FROM {_AGE})"


def _once(body: str, kind_of: str) -> str:
    # The greatest of a value and a NULL is the value.
    known = f"CASE WHEN s.a IS NULL OR s.b IS NULL THEN NULL ELSE {body} END"
    return f"list_transform([{{'a': CAST(a AS {kind_of}), 'b': CAST(b AS {kind_of})}}], lambda s: {known})[1]"


_DAYS = f"({_part('year')} * 10000 + {_part('month')} * 100 + {_part('day')})"
_CLOCK = f"({_part('hour')} * 10000 + {_part('minute')} * 100 + {_part('microsecond')} // 1000000)"
_TIMES = "abs(epoch_us(s.a) - epoch_us(s.b)) // 1000000"


def _within(kind_of: str) -> str:
    """A date or timestamp of the years 1 to 9999."""
    return (
        f"list_transform([CAST(x AS {kind_of})], lambda m: CASE WHEN year(m) BETWEEN 1 AND 9999 THEN m "
        f"WHEN m IS NULL THEN NULL ELSE {fault(183, '22008', '', kind_of)} END)[1]"
    )


def _parsed(name: str) -> str:
    forms = ", ".join(f"'{form}'" for form in moments.FORMS[name])
    read = f"try_strptime(trim(s.x), [{forms}])"
    wrong = fault(180, "22007", "' || s.x || '", "TIMESTAMP")
    parsed = once(f"CASE WHEN s.x IS NULL THEN NULL ELSE coalesce({read}, {wrong}) END", x="CAST(x AS VARCHAR)")
    return f"CAST({parsed} AS {name})"


_UNITS = {
    1: f"(({_part('day')} + 30 * ({_part('month')} + 12 * {_part('year')})) * 86400 + {_part('hour')} * 3600 + "
    f"{_part('minute')} * 60) * 1000000 + {_part('microsecond')}",
    16: f"{_part('day')} + {_part('month')} * 30 + {_part('year')} * 365",
    32: f"({_part('day')} + 30 * {_part('month')}) // 7 + 52 * {_part('year')}",
    64: f"{_part('month')} + 12 * {_part('year')}",
    128: f"({_part('month')} + 12 * {_part('year')}) // 3",
    256: _part("year"),
}
_UNITS[8] = f"{_part('hour')} + 24 * ({_UNITS[16]})"
_UNITS[4] = f"{_part('minute')} + 60 * ({_UNITS[8]})"
_UNITS[2] = f"{_part('microsecond')} // 1000000 + 60 * ({_UNITS[4]})"

_MONTH = 31 * 86_400_000_000
_ALIKE = "(day(s.a) = day(s.b) OR s.a >= last_day(s.a) AND s.b >= last_day(s.b))"
_OF_DAY = "(epoch_us({0}) - epoch_us(date_trunc('day', {0})))"
_APART = f"{_OF_DAY.format('s.a')} - {_OF_DAY.format('s.b')}"
#: Units of 10 to the -15th month, cut off. Times do not count on days that are the same, or the last of their months.
_MONTHS_BETWEEN = (
    "CAST("
    + _once(
        f"CAST((CAST((year(s.a) - year(s.b)) * 12 + month(s.a) - month(s.b) AS HUGEINT) * {_MONTH} + "
        f"CASE WHEN {_ALIKE} THEN 0 ELSE (day(s.a) - day(s.b)) * 86400000000 + {_APART} END) "
        f"* {10**15} // {_MONTH} AS DECIMAL(22, 0)) * CAST(0.000000000000001 AS DECIMAL(16, 15))",
        "TIMESTAMP",
    )
    + " AS DECIMAL(31, 15))"
)

MACROS: Macros = {
    "drdarrow_days_between": ("a, b", f"CAST({_once(f'{_SIGN} * {_DAYS}', 'DATE')} AS DECIMAL(8, 0))"),
    "drdarrow_between": (
        "a, b",
        "CAST("
        + _once(
            f"{_SIGN} * (CAST({_DAYS} * 1000000 + {_CLOCK} AS DECIMAL(14, 0)) + "
            f"CAST({_part('microsecond')} % 1000000 AS DECIMAL(7, 0)) * CAST(0.000001 AS DECIMAL(6, 6)))",
            "TIMESTAMP",
        )
        + " AS DECIMAL(20, 6))",
    ),
    "drdarrow_times_between": (
        "a, b",
        f"CAST({_once(f'{_SIGN} * ({_TIMES} // 3600 * 10000 + {_TIMES} // 60 % 60 * 100 + {_TIMES} % 60)', 'TIME')} "
        "AS DECIMAL(6, 0))",
    ),
    **{
        f"drdarrow_units_{code}": ("a, b", f"CAST({_once(f'{_SIGN} * ({words})', 'TIMESTAMP')} AS BIGINT)")
        for code, words in _UNITS.items()
    },
    "drdarrow_day": ("x", _within("DATE")),
    "drdarrow_moment": ("x", _within("TIMESTAMP")),
    # The ones that look at types bind their arguments again: calls within calls take twice as long for each.
    **{
        f"drdarrow_{name.lower()}": ("x VARCHAR", f"{_parsed(name)}, (x) AS CAST(x AS {name})")
        for name in ("DATE", "TIME", "TIMESTAMP")
    },
    **{f"drdarrow_{name.lower()}_of_text": ("x", _parsed(name)) for name in ("DATE", "TIME", "TIMESTAMP")},
    # Of a value whose type only DuckDB knows: a DATE stays one, a TIME has no days.
    "drdarrow_moved": (
        "x DATE, i",
        f"{_within('DATE').replace('[CAST(x AS', '[CAST(x + i AS')}, (x TIME, i) AS {fault(182, '42816', '', 'TIME')}, "
        f"(x TIMESTAMP, i) AS {_within('TIMESTAMP').replace('[CAST(x AS', '[CAST(x + i AS')}",
    ),
    "drdarrow_later": (
        "x DATE, i",
        f"{fault(182, '42816', '', 'DATE')}, (x TIME, i) AS x + i, "
        f"(x TIMESTAMP, i) AS {_within('TIMESTAMP').replace('[CAST(x AS', '[CAST(x + i AS')}",
    ),
    "drdarrow_after": (
        "d, n",
        "list_transform([{'d': CAST(d AS DATE), 'n': CAST(n AS INTEGER)}], lambda s: CAST(s.d + to_years(s.n // 10000) "
        "+ to_months(s.n // 100 % 100) + to_days(s.n % 100) AS DATE))[1]",
    ),
    "drdarrow_months_between": ("a, b", _MONTHS_BETWEEN),
    "drdarrow_next_day": (
        "x, n",
        "list_transform([CAST(x AS DATE)], lambda d: d + CAST((n - isodow(d) + 6) % 7 + 1 AS INTEGER))[1]",
    ),
    "drdarrow_add_months": (
        "d, n",
        "list_transform([{'d': CAST(d AS DATE), 'n': CAST(n AS INTEGER)}], lambda s: CASE WHEN s.d = last_day(s.d) "
        "THEN last_day(s.d + to_months(s.n)) ELSE CAST(s.d + to_months(s.n) AS DATE) END)[1]",
    ),
}


def arithmetic(node: exp.Binary, product: Product) -> exp.Expr | None:
    """`a + b`, `a - b` with a date, time or timestamp; None for other operands."""
    left, right = kind(node.left), kind(node.right)
    if right is not None and right.name == "INTERVAL":
        return _moved(node, left, product)
    if isinstance(node, exp.Sub) and _unknown(left) and _unknown(right) and (left, right) != (_MARKER, _MARKER):
        raise SqlError(-270, "42997", "the type of an expression that is taken from another one")
    if right is not None and right.moment and _unknown(left) or left is not None and left.moment and _unknown(right):
        raise SqlError(-270, "42997", "the type of an expression beside a date or time")
    if left is None or not left.moment:
        return None
    if isinstance(node, exp.Sub) and right is not None and (right.moment or right.text):
        other = node.right if right.moment else cast(node.right, left, product)
        return _difference(node.left, left, other, kind(other) or left)
    if right is None or not isinstance(node, (exp.Add, exp.Sub)):
        return None
    if left == DATE and right.whole and product.name == "luw":
        sign = "+" if isinstance(node, exp.Add) else "-"
        return put(f"drdarrow_day({{}} {sign} to_days(CAST({{}} AS INTEGER)))", node.left, node.right, kind=DATE)
    if left == DATE and right == _DATE_DURATION:
        return _by_duration(node, left)
    raise SqlError(-182, "42816")


def _unknown(of: Kind | None) -> bool:
    """It may be a date, a number, or a duration."""
    return of is None or of == _MARKER


def _by_duration(node: exp.Binary, left: Kind) -> exp.Expr:
    """A date and a duration yyyymmdd: years, months and days are added in this order."""
    sign = "1" if isinstance(node, exp.Add) else "-1"
    return put(f"drdarrow_after({{}}, {{}} * {sign})", node.left, node.right, kind=left)


def _moved(node: exp.Binary, left: Kind | None, product: Product) -> exp.Expr:
    """A date, time or timestamp and a labelled duration: of the type that it has."""
    unit = node.right.text("unit").rstrip("S").upper() if isinstance(node.right, exp.Interval) else ""
    of_day = unit in ("YEAR", "MONTH", "DAY")
    if left is None:
        return put("drdarrow_moved({}, {})" if of_day else "drdarrow_later({}, {})", *_signed(node), kind=None)
    if left.name in ("MARKER", "NULL"):
        raise SqlError(-418, "42610")
    if left == DATE and not of_day or left == TIME and of_day:
        raise SqlError(-182, "42816")
    if left.name not in ("DATE", "TIMESTAMP", "TIME", "VARCHAR", "CHAR"):
        return node
    if left.text:
        node.set("this", cast(node.left, TIMESTAMP, product))
        left = TIMESTAMP
    if left == TIME:
        node.meta["kind"] = TIME
        return node
    if left == DATE:
        return put("drdarrow_day({})", node, kind=DATE)
    return put("drdarrow_moment({})", node, kind=TIMESTAMP)


def _signed(node: exp.Binary) -> tuple[exp.Expr, exp.Expr]:
    """The two sides of a sum; of a difference the right one with its sign."""
    return node.left, exp.Neg(this=node.right) if isinstance(node, exp.Sub) else node.right


def _difference(left: exp.Expr, of: Kind, right: exp.Expr, other: Kind) -> exp.Expr:
    if of == other == DATE:
        return put("drdarrow_days_between({}, {})", left, right, kind=_DATE_DURATION)
    if of == other == TIME:
        return put("drdarrow_times_between({}, {})", left, right, kind=_TIME_DURATION)
    if TIME in (of, other):
        raise SqlError(-182, "42816")
    return put("drdarrow_between({}, {})", left, right, kind=_DURATION)


#: Derby takes it for the beginning of the day.
_MIDNIGHT = re.compile(r"24[.:]00[.:]00")
#: Marks a constant whose time is 24.00.00. It stands for the first moment of the next day, which is the same moment.
_END_OF_DAY = "end of day"


def cast(value: exp.Expr, to: Kind, product: Product) -> exp.Expr:
    """A value as DATE, TIME or TIMESTAMP; texts in any of Db2's forms. Raises SqlError -180, -181 for a constant."""
    if isinstance(value, exp.Literal) and value.is_string:
        words = value.name
        if to == TIME and product.derby and _MIDNIGHT.fullmatch(words):
            words = "00:00:00"
        if to == TIMESTAMP:
            # Derby takes the time only with its signs.
            text = moments.timestamp(words, midnight=not (product.derby and words.isdecimal()))
        else:
            text = moments.date(words) if to == DATE else moments.time(words)
        long = to == TIMESTAMP and len(text) > 26
        made = put(f"CAST('{text}' AS {'TIMESTAMP_NS' if long else to.name})", kind=to)
        made.meta[_END_OF_DAY] = to == TIMESTAMP and moments.ends_a_day(words)
        return made
    of = kind(value)
    if of is None or of.text:
        text = "" if of is None else "_of_text"
        return put(f"drdarrow_{to.name.lower()}{text}({{}})", value, kind=to)
    if to == DATE and of.number:
        first = "1970-01-01" if product.derby else "0001-01-01"
        return put(f"(DATE '{first}' + CAST(trunc({{}}) - 1 AS INTEGER))", value, kind=to)
    if to != TIMESTAMP:
        _refuse_end_of_day(value)
    if to == TIME and of == TIMESTAMP:
        return put("CAST(date_trunc('second', {}) AS TIME)", value, kind=to)
    return put(f"CAST({{}} AS {to.duck})", value, kind=to)


def _refuse_end_of_day(value: exp.Expr) -> None:
    """Raises SqlError -181 for a constant with the time 24.00.00: its day, hour and text are others in Db2."""
    if value.meta.get(_END_OF_DAY):
        raise SqlError(-181, "22007")


_TEXTS = {
    ("DATE", "ISO"): ("%Y-%m-%d", 10), ("DATE", "JIS"): ("%Y-%m-%d", 10), ("DATE", "USA"): ("%m/%d/%Y", 10),
    ("DATE", "EUR"): ("%d.%m.%Y", 10), ("TIME", "ISO"): ("%H.%M.%S", 8), ("TIME", "EUR"): ("%H.%M.%S", 8),
    ("TIME", "JIS"): ("%H:%M:%S", 8), ("TIME", "USA"): ("%I:%M %p", 8),
    ("TIMESTAMP", "ISO"): ("%Y-%m-%d-%H.%M.%S.%f", 26),
}  # fmt: skip


def as_text(value: exp.Expr, of: Kind, form: str, product: Product) -> tuple[exp.Expr, int]:
    """A date, time or timestamp as text, and its length."""
    _refuse_end_of_day(value)
    if product.derby:
        form, local = "ISO", {"TIME": ("%H:%M:%S", 8), "TIMESTAMP": ("%Y-%m-%d %H:%M:%S.%f", 29)}
        text, size = local.get(of.name, ("%Y-%m-%d", 10))
    else:
        found = _TEXTS.get((of.name, "ISO" if form == "LOCAL" or of == TIMESTAMP else form))
        if found is None:
            raise SqlError(-171, "42815", "2", "CHAR")
        text, size = found
    moment = "DATE '2000-01-01' + {}" if of == TIME else "{}"
    return put(f"strftime({moment}, '{text}')", value), size


#: Elements of a format, the longest first: DuckDB's, and what is done to it.
_ELEMENTS = {
    "YYYY": "%Y", "YY": "%y", "MONTH": "%B", "MON": "%b", "MM": "%m", "MI": "%M", "DDD": "%j", "DD": "%d", "DAY": "%A",
    "DY": "%a", "HH24": "%H", "HH12": "%I", "HH": "%I", "SS": "%S", "NNNNNN": "%f", "FF6": "%f", "FF3": "%g",
    "FF": "%f", "AM": "%p", "PM": "%p",
}  # fmt: skip
_ELEMENT = re.compile("|".join(_ELEMENTS) + r"|[-./,:; ]|T", re.IGNORECASE)


def _format(call: Call, back: bool) -> str:
    """The form of a constant format. Raises SqlError -171 for another one."""
    given = call.literal(1)
    made, at = "", 0
    while given is not None and at < len(given):
        found = _ELEMENT.match(given, at)
        if found is None:
            break
        element = _ELEMENTS.get(found[0].upper(), found[0])
        # Names are written as the format is, in capital letters or not.
        named = element in ("%B", "%b", "%A", "%a")
        if named and (found[0] != found[0].upper() or element in ("%B", "%A")) and not back:
            break
        made, at = made + element, found.end()
    if given is None or at < len(given):
        raise SqlError(-171, "42815", "2", call.name)
    return made


def _formatted(call: Call) -> exp.Expr | None:
    of = call.kind(0)
    if len(call.args) == 1 and of is not None and of.moment:
        return call.made("{}", TEXT, as_text(call.args[0], of, "ISO", call.product)[0])
    if len(call.args) != 2 or of is not None and of.number:
        raise call.refuse()
    value = cast(call.args[0], TIMESTAMP, call.product) if of is None or of.text else call.args[0]
    _refuse_end_of_day(value)
    form = _format(call, back=False)
    words = f"strftime({{}}, '{form}')"
    return call.made(f"upper({words})" if "%b" in form or "%a" in form else words, TEXT, value)


def _read(call: Call) -> exp.Expr | None:
    if len(call.args) != 2:
        raise call.refuse()
    form = _format(call, back=True)
    return call.made(f"strptime(CAST({{}} AS VARCHAR), '{form}')", TIMESTAMP, call.args[0])


def _casting(name: str) -> Rule:
    def rule(call: Call) -> exp.Expr | None:
        if len(call.args) == 2 and name == "TIMESTAMP":
            day, clock = (
                (
                    arg if kind(arg) == of else cast(arg, of, call.product)
                    for arg, of in zip(call.args, (DATE, TIME), strict=True)
                    if call.number(1) is None
                )
                if call.number(1) is None
                else (None, None)
            )
            return None if day is None or clock is None else call.made("({} + {})", TIMESTAMP, day, clock)
        return cast(call.args[0], Kind(name), call.product) if len(call.args) == 1 else None

    return rule


def _extracted(words: str, of: Kind = TIMESTAMP) -> Rule:
    """A part of a date or time, as INTEGER; texts are read first, durations taken apart."""

    def rule(call: Call) -> exp.Expr | None:
        if len(call.args) != 1:
            return None
        found = call.kind(0)
        if found is not None and found.number:
            return _of_duration(call, found)
        value = call.args[0]
        if found is None or found.text:
            value = cast(value, of, call.product)
        _refuse_end_of_day(value)
        return call.made(f"CAST({words} AS INTEGER)", INTEGER, value)

    return rule


_PLACES = {
    "YEAR": (8, 10000),
    "MONTH": (8, 100),
    "DAY": (8, 1),
    "HOUR": (6, 10000),
    "MINUTE": (6, 100),
    "SECOND": (6, 1),
}


def _of_duration(call: Call, found: Kind) -> exp.Expr:
    """YEAR(203): a part of a duration."""
    place = _PLACES.get(call.name)
    if place is None or found.name != "DECIMAL" or found not in (_DATE_DURATION, _TIME_DURATION, _DURATION):
        raise call.refuse()
    digits, unit = place
    if found == _DURATION:
        unit *= 1000000 if digits == 8 else 1
    elif digits != found.size:
        raise call.refuse()
    rest = "" if call.name in ("YEAR",) or found.size == 6 and call.name == "HOUR" else " % 100"
    return call.made(f"CAST(CAST(trunc({{}}) AS BIGINT) // {unit}{rest} AS INTEGER)", INTEGER)


def _difference_in(call: Call) -> exp.Expr | None:
    """TIMESTAMPDIFF(code, CHAR(t1 - t2))."""
    code = call.number(0)
    given = call.args[1] if len(call.args) == 2 else None
    while isinstance(given, (exp.Paren,)) or given is not None and given.key == "raw" and len(given.expressions) == 1:
        words = given.args["words"] if given.key == "raw" else ""
        if words.startswith("drdarrow_") and not words.startswith("drdarrow_decimal("):
            break
        given = given.this if isinstance(given, exp.Paren) else given.expressions[0]
    if code not in _UNITS or given is None or given.key != "raw" or given.args["words"] != "drdarrow_between({}, {})":
        raise call.refuse()
    return call.made(f"CAST(drdarrow_units_{code}({{}}, {{}}) AS INTEGER)", INTEGER, *given.expressions)


_DATE_PART = "CAST({} AS DATE)"
_LEVELS = {"YEAR": "year", "YYYY": "year", "YY": "year", "MONTH": "month", "MON": "month", "MM": "month", "DAY": "day",
           "DD": "day", "DDD": "day", "Q": "quarter", "HH": "hour", "MI": "minute", "SS": "second"}  # fmt: skip


def truncated(call: Call) -> exp.Expr | None:
    """TRUNC(date, 'MM'), TRUNC_TIMESTAMP."""
    of = call.kind(0)
    if of is None or not of.moment or not 1 <= len(call.args) <= 2:
        return None
    level = _LEVELS.get((call.literal(1) or "DD").upper())
    if level is None:
        raise call.refuse()
    result = TIMESTAMP if call.name == "TRUNC_TIMESTAMP" else of
    return call.made(f"CAST(date_trunc('{level}', {{}}) AS {result.duck})", result, call.args[0])


_NEXT = {"MON": 1, "TUE": 2, "WED": 3, "THU": 4, "FRI": 5, "SAT": 6, "SUN": 7}


def _months_between(call: Call) -> exp.Expr | None:
    kinds = [call.kind(n) for n in range(len(call.args))]
    if len(kinds) != 2 or call.product.derby or any(of == TIME or of is not None and of.number for of in kinds):
        raise call.refuse()
    values = []
    for value, of in zip(call.args, kinds, strict=True):
        values.append(value if of is not None and of.moment else cast(value, TIMESTAMP, call.product))
        _refuse_end_of_day(values[-1])
    return put("drdarrow_months_between({}, {})", *values, kind=Kind("DECIMAL", 31, 15))


def _next_day(call: Call) -> exp.Expr | None:
    day = _NEXT.get((call.literal(1) or "").upper()[:3])
    if len(call.args) != 2 or day is None:
        raise call.refuse()
    of = call.kind(0)
    return call.made(
        f"drdarrow_next_day({{}}, {day})",
        DATE,
        call.args[0] if of is not None and of.moment else cast(call.args[0], DATE, call.product),
    )


FUNCTIONS: dict[str, Rule] = {
    "DATE": _casting("DATE"),
    "TIME": _casting("TIME"),
    "TIMESTAMP": _casting("TIMESTAMP"),
    **{name: _extracted(f"{name.lower()}({{}})") for name in ("YEAR", "MONTH", "DAY", "QUARTER", "DAYOFYEAR")},
    **{name: _extracted(f"{name.lower()}({{}})", TIME) for name in ("HOUR", "MINUTE", "SECOND")},
    "MICROSECOND": _extracted("(microsecond({}) % 1000000)"),
    "DAYS": _extracted("(date_diff('day', DATE '0001-01-01', CAST({} AS DATE)) + 1)", DATE),
    "DAYOFMONTH": _extracted("day({})", DATE),
    "DAYOFWEEK": _extracted("(dayofweek(CAST({} AS DATE)) + 1)", DATE),
    "DAYOFWEEK_ISO": _extracted("isodow(CAST({} AS DATE))", DATE),
    "WEEK": _extracted("drdarrow_week({})", DATE),
    "WEEK_ISO": _extracted("week(CAST({} AS DATE))", DATE),
    "JULIAN_DAY": _extracted("julian(CAST({} AS DATE))", DATE),
    "MIDNIGHT_SECONDS": _extracted("epoch(CAST({} AS TIME))", TIME),
    "DAYNAME": calls({1: (f"dayname({_DATE_PART})", TEXT)}),
    "MONTHNAME": calls({1: (f"monthname({_DATE_PART})", TEXT)}),
    **dict.fromkeys(("VARCHAR_FORMAT", "TO_CHAR"), _formatted),
    **dict.fromkeys(("TIMESTAMP_FORMAT", "TO_DATE", "TO_TIMESTAMP"), _read),
    "TIMESTAMPDIFF": _difference_in,
    "TRUNC_TIMESTAMP": truncated,
    "ADD_MONTHS": lambda call: (
        call.macro("drdarrow_add_months", DATE, cast=("DATE", "INTEGER")) if len(call.args) == 2 else None
    ),
    "LAST_DAY": calls({1: (f"last_day({_DATE_PART})", DATE)}),
    "FIRST_DAY": calls({1: (f"CAST(date_trunc('month', {_DATE_PART}) AS DATE)", DATE)}),
    "NEXT_DAY": _next_day,
    "MONTHS_BETWEEN": _months_between,
    **dict.fromkeys(("ROUND_TIMESTAMP", "TIMESTAMP_ISO", "YEARS_BETWEEN"), refused),
}
