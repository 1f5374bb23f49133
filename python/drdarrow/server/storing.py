"""Values for CHAR and VARCHAR columns: filled with blanks up to the declared length, or refused when longer.

DuckDB's VARCHAR has no length. So the values of INSERT, UPDATE and MERGE are put as the target column was declared: a
CHAR is stored as long as it is, whoever reads it later; a text that is too long, but for blanks at its end, is SQLCODE
-404 (22001). FOR BIT DATA and BINARY columns likewise, filled with the blank of the product or with zeros.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Context, Decimal, InvalidOperation, Overflow
from functools import partial

from drdarrow.server.change_times import KEY, column_of
from drdarrow.server.documents import document
from drdarrow.server.edits import Edits, Span, Statement, names
from drdarrow.server.engine import SqlError
from drdarrow.server.patience import look

__all__ = [
    "FIXED",
    "MACROS",
    "VARYING",
    "Fit",
    "Fitted",
    "Maker",
    "Storage",
    "assigned",
    "cut",
    "decfloat",
    "name_at",
    "store",
]

_EXACT = Context(prec=400)
#: The numbers of a DECFLOAT by its bytes.
_DECFLOATS = {
    "8": Context(prec=16, rounding=ROUND_HALF_EVEN, Emin=-383, Emax=384),
    "16": Context(prec=34, rounding=ROUND_HALF_EVEN, Emin=-6143, Emax=6144),
}

#: A table by the parts of its name: its columns in order, with what is known of them; None when nothing is.
Known = Callable[[tuple[str, ...]], Mapping[str, Mapping[str, str]] | None]

#: Puts the value of a marker in the form that its column keeps.
Maker = Callable[[object], object]

FIXED = {"CHAR", "GRAPHIC"}
VARYING = {"VARCHAR", "LONG VARCHAR", "VARGRAPHIC", "LONG VARGRAPHIC", "CLOB", "DBCLOB"}
#: Types whose length counts units of UTF-16 in any case.
_DOUBLE = {"GRAPHIC", "VARGRAPHIC", "LONG VARGRAPHIC", "DBCLOB"}
#: Bytes of the longest character in UTF-8.
_WIDEST = 4
_FIXED_BYTES = {"CHAR FOR BIT DATA", "BINARY"}
_VARYING_BYTES = {"VARCHAR FOR BIT DATA", "LONG VARCHAR FOR BIT DATA", "VARBINARY", "BLOB"}

_TOO_LONG = "error('drdarrow 22001 ' || target || ': ' || {size} || ' do not fit into ' || n)"
#: Units of UTF-16: a character that takes four bytes of UTF-8 has two.
_UNITS = (
    "(CASE WHEN strlen({0}) - length({0}) < 3 THEN length({0}) "
    "ELSE length({0}) + length(regexp_replace({0}, '[^\U00010000-\U0010ffff]', '', 'g')) END)"
)


def _fitted(size: str) -> str:
    """A text in its column. size: the words for its length, {0} for the text.

    DuckDB makes the blanks of a constant whether they are wanted or not, and those of a CLOB would be a gigabyte: a
    text that is not filled has no more of them than it came with."""
    whole, bare = size.format("x"), size.format("rtrim(x, ' ')")
    blanks = f"CASE WHEN filled THEN n ELSE least(n, {whole}) END - {bare}"
    return (
        f"CASE WHEN {bare} > n THEN {_TOO_LONG.format(size=whole)} WHEN filled OR {whole} > n "
        f"THEN rtrim(x, ' ') || repeat(' ', {blanks}) ELSE x END"
    )


_BYTES = (
    "CASE WHEN octet_length(x) > n THEN " + _TOO_LONG.format(size="octet_length(x)") + " WHEN filler IS NOT NULL "
    "THEN x || repeat(filler, n - octet_length(x)) ELSE x END"
)


def _macros(name: str, rest: str, kind: str, body: str) -> dict[str, str]:
    """A macro whose value stands once in what it becomes, since it may be that of a sequence; and a faster one for
    values that may stand there several times: markers, literals, columns."""
    once = f"list_transform([CAST(v AS {kind})], lambda x: {body})[1]"
    plain = re.sub(r"\bx\b", f"CAST(v AS {kind})", body)
    return {
        name: f"CREATE OR REPLACE TEMP MACRO {name}(v, {rest}) AS {once}",
        f"{name}{_PLAIN}": f"CREATE OR REPLACE TEMP MACRO {name}{_PLAIN}(v, {rest}) AS {plain}",
    }


_PLAIN = "_plain"
#: The statements that make them, by their names.
MACROS = {
    **_macros("drdarrow_bytes", "n, filled, target", "VARCHAR", _fitted("strlen({0})")),
    **_macros("drdarrow_characters", "n, filled, target", "VARCHAR", _fitted(_UNITS)),
    **_macros("drdarrow_binary", "n, filler, target", "BLOB", _BYTES),
}


@dataclass(frozen=True)
class Fit:
    """A text on its way into a column, made as the macros make it. For a value that comes as a parameter DuckDB need
    not do it: a row of an INSERT takes half the time then."""

    column: str
    length: int
    filled: bool
    bytes: bool

    def of(self, value: str) -> str:
        """The text to store. Raises SqlError -404 for one that is too long."""
        if not self.filled and len(value) * _WIDEST <= self.length:
            return value
        size, bare = self._size(value), value.rstrip(" ")
        if size <= self.length and not self.filled:
            return value
        short = self._size(bare)
        if short > self.length:
            raise SqlError(-404, "22001", f"{self.column}: {size} do not fit into {self.length}")
        return bare + " " * (self.length - short)

    def _size(self, value: str) -> int:
        return len(value.encode()) if self.bytes else len(value) + sum(sign > "\uffff" for sign in value)


@dataclass(frozen=True)
class Fitted:
    """A parameter that goes into a column: how it is made to fit, and the expression that does it in SQL."""

    fit: Fit
    span: Span
    opening: str
    closing: str


@dataclass(frozen=True)
class Storage:
    """How the product counts and fills: the length of text in bytes of UTF-8, or in units of UTF-16, of which a
    character of one byte has one; the byte of a blank."""

    bytes: bool = True
    blank: str = "20"

    def fit(self, column: str, about: Mapping[str, str]) -> Fit | None:
        """The form of a text in a column; None where it is stored as it comes, or is not text."""
        kind, length = about.get("drda:type", ""), about.get("drda:length", "")
        if kind not in FIXED | VARYING or not length.isdigit():
            return None
        inbytes = about.get("drda:ccsid") == "1208" or self.bytes and kind not in _DOUBLE
        return Fit(column, int(length), kind in FIXED, inbytes)

    def put(self, column: str, about: Mapping[str, str], value: str, plain: bool = False) -> str | None:
        """The expression that stores a value in a column; None where it is stored as it comes. plain: the value may
        stand there several times."""
        form = _PLAIN if plain else ""
        kind, length = about.get("drda:type", ""), about.get("drda:length", "")
        if not length.isdigit():
            return None
        at = "'" + column.replace("'", "''") + "'"
        if fit := self.fit(column, about):
            macro = "drdarrow_bytes" if fit.bytes else "drdarrow_characters"
            return f"{macro}{form}({value}, {length}, {str(kind in FIXED).lower()}, {at})"
        if kind in _FIXED_BYTES | _VARYING_BYTES:
            byte = "NULL" if kind in _VARYING_BYTES else f"'\\x{'00' if kind == 'BINARY' else self.blank}'"
            filler = f"CAST({byte} AS BLOB)"
            return f"drdarrow_binary{form}({value}, {length}, {filler}, {at})"
        return None


def cut(value: Decimal | float, scale: int) -> Decimal | float:
    """A number without the digits that a column has no room for after its point: Db2 never rounds them."""
    exact = value if isinstance(value, Decimal) else Decimal(repr(value))
    if not exact.is_finite() or -int(exact.as_tuple().exponent) <= scale:
        return value
    return exact.quantize(Decimal(1).scaleb(-scale), rounding=ROUND_DOWN, context=_EXACT)


def decfloat(value: object, length: str) -> object:
    """A number rounded to the digits of a DECFLOAT of some bytes. Raises SqlError -413 where DOUBLE, which is in its
    place, does not give these digits back."""
    try:
        exact = Decimal(str(value))
        rounded = _DECFLOATS[length].plus(exact)
    except InvalidOperation:
        # DuckDB says what is wrong with it.
        return value
    except Overflow:
        raise SqlError(-413, "22003", f"DECFLOAT: {value}") from None
    if not exact.is_finite():
        return value
    made = float(rounded)
    if Decimal(repr(made)) != rounded:
        raise SqlError(-413, "22003", f"DECFLOAT is DOUBLE here, use DECIMAL: {value}")
    return made


def assigned(of: Statement) -> set[int]:
    """The markers, from 0, that are by themselves the values of columns in an INSERT or UPDATE."""
    start = "VALUES" if of.upper(0) == "INSERT" else "SET" if of.upper(0) == "UPDATE" else ""
    at = next((at for at in range(len(of.words)) if of.upper(at) == start), len(of.words))
    found = set()
    for place, number in of.markers.items():
        before, after = of.upper(place - 1), of.upper(place + 1)
        ends = after in (",", ")") if start == "VALUES" else after in (",", "WHERE", "")
        if place > at and ends and before in (("(", ",") if start == "VALUES" else ("=",)):
            found.add(number)
    return found


def store(
    of: Statement,
    edits: Edits,
    known: Known,
    storage: Storage,
    makers: dict[int, Maker],
    overriding: bool = False,
) -> dict[int, Fitted]:
    """Adds the changes to an INSERT, UPDATE or MERGE, but for parameters that go into columns as they are: those are
    returned, by their positions among the markers from 0. makers: gets those of others. overriding: columns that are
    GENERATED ALWAYS take values.

    Raises SqlError -798 for a value for such a column.
    """
    first = of.upper(0)
    fitted: dict[int, Fitted] = {}
    if first == "INSERT" and of.upper(1) == "INTO":
        name, at = name_at(of, 2)
        _Target(of, edits, known(name), storage, fitted, makers, overriding).insert(at)
    elif first == "UPDATE":
        name, at = name_at(of, 1)
        _Target(of, edits, known(name), storage, fitted, makers, overriding).assignments(at)
    elif first == "MERGE" and of.upper(1) == "INTO":
        name, at = name_at(of, 2)
        _Target(of, edits, known(name), storage, fitted, makers, overriding).merge(at)
    return fitted


def name_at(of: Statement, at: int) -> tuple[tuple[str, ...], int]:
    """The name at a place and where it ends."""
    end = at + 1
    while of.upper(end) == ".":
        end += 2
    return names(of.words[at:end]) or (), end


def _document_refused(column: str) -> SqlError:
    return SqlError(-270, "42997", f"{column}: XML of another value than a text constant or a parameter")


class _Target:
    """The table that a statement changes."""

    def __init__(
        self,
        of: Statement,
        edits: Edits,
        columns: Mapping[str, Mapping[str, str]] | None,
        storage: Storage,
        fitted: dict[int, Fitted],
        makers: dict[int, Maker],
        overriding: bool,
    ) -> None:
        self._of = of
        self._edits = edits
        self._columns = columns or {}
        self._storage = storage
        self._fitted = fitted
        self._makers = makers
        self._overriding = overriding

    def insert(self, at: int) -> None:
        """From the list of columns on: rows of values, or a query."""
        of = self._of
        if not self._columns:
            return
        if of.upper(at) == "AS":
            at += 2
        listed = list(self._columns)
        if of.upper(at) == "(" and not of.is_query(at):
            listed = [name[-1] if (name := names(of.words[start:end])) else "" for start, end in of.parts(at)]
            at = of.closes[at] + 1
        while of.upper(at) == "OVERRIDING":
            at += 3
        if of.upper(at) == "VALUES":
            self._rows(at + 1, listed)
        elif of.upper(at) in ("SELECT", "WITH", "(", "FROM"):
            self._query(at, listed)

    def _rows(self, at: int, listed: list[str]) -> None:
        of = self._of
        while of.upper(at) == "(":
            look()
            for column, value in zip(listed, of.parts(at), strict=False):
                self._put(column, value)
            at = of.closes[at] + 1
            if of.upper(at) == ",":
                at += 1

    def _query(self, at: int, listed: list[str]) -> None:
        of = self._of
        made = [f"c{n}" for n in range(len(listed))]
        for column in listed:
            self._check(column)
            if self._kind(column) == "XML":
                raise _document_refused(column)
        stored = [
            self._storage.put(column, self._columns.get(column, {}), name, plain=True)
            for column, name in zip(listed, made, strict=True)
        ]
        if not any(stored):
            return
        end = at
        while end < len(of.words) - 1 and of.upper(end) not in (";", "RETURNING"):
            look()
            if of.upper(end) == "ON" and of.upper(end + 1) == "CONFLICT":
                break
            end = of.closes.get(end, end) + 1
        parts = ", ".join(put or name for put, name in zip(stored, made, strict=True))
        self._edits.around((at, end), f"SELECT {parts} FROM (", f") AS drdarrow({', '.join(made)})")

    def merge(self, at: int) -> None:
        """The changes and new rows of a MERGE."""
        of = self._of
        while at < len(of.words) - 1 and self._columns:
            look()
            if of.upper(at) == "THEN" and of.upper(at + 1) == "UPDATE":
                at = self.assignments(at + 2)
            elif of.upper(at) == "THEN" and of.upper(at + 1) == "INSERT":
                self.insert(at + 2)
                at += 2
            else:
                at = of.closes.get(at, at) + 1

    def assignments(self, at: int) -> int:
        """After SET: columns and values; where they end."""
        of = self._of
        while at < len(of.words) - 1 and of.upper(at) != "SET":
            at += 1
        columns: list[str] = []
        first = start = at = at + 1
        depth, changed = 0, column_of(self._columns)
        given: list[str] = []
        while True:
            look()
            upper = of.upper(at)
            last = at >= len(of.words) - 1 or depth == 0 and upper in ("WHERE", "FROM", "WHEN", "RETURNING", ";")
            if last or depth == 0 and upper == ",":
                if columns and start < at:
                    self._assign(columns, (start, at))
                columns, start = [], at + 1
                if last:
                    if changed is not None and changed not in given and first < at:
                        name = self._columns[changed].get("drda:name", changed).replace('"', '""')
                        self._edits.before[first] = f'"{name}" = DEFAULT, ' + self._edits.before.get(first, "")
                    return at
            elif upper == "=" and not columns and depth == 0:
                row = of.closes.get(start) == at - 1
                found = [names(of.words[a:b]) for a, b in (of.parts(start) if row else [(start, at)])]
                columns, start = [name[-1] if name else "" for name in found] or [""], at + 1
                given += columns
            depth += {"CASE": 1, "END": -1}.get(upper, 0)
            at = of.closes.get(at, at) + 1

    def _assign(self, columns: list[str], value: Span) -> None:
        """One column its value, or a row of columns a row of values."""
        if len(columns) == 1:
            self._put(columns[0], value)
        elif self._of.closes.get(value[0]) == value[1] - 1:
            for column, part in zip(columns, self._of.parts(value[0]), strict=False):
                self._put(column, part)

    def _put(self, column: str, value: Span) -> None:
        words = self._of.words[value[0] : value[1]]
        if len(words) == 1 and words[0].upper == "DEFAULT":
            return
        self._check(column)
        if len(words) == 1 and words[0].upper == "NULL":
            return
        about = self._columns.get(column, {})
        number = self._of.markers.get(value[0]) if len(words) == 1 else None
        if self._kind(column) == "XML":
            if number is not None:
                self._makers[number] = document
            elif len(words) == 1 and words[0].kind == "string":
                made = document(words[0].text[1:-1].replace("''", "'"))
                self._edits.instead[value[0]] = "'" + str(made).replace("'", "''") + "'"
            else:
                raise _document_refused(column)
            return
        if self._kind(column) == "DECFLOAT" and number is not None:
            self._makers[number] = partial(decfloat, length=about["drda:length"])
            return
        if self._kind(column) == "DECFLOAT" and words[-1].kind in ("number", "string") and len(words) <= 2:
            rounded = decfloat(words[-1].text.strip("'"), about["drda:length"])
            if isinstance(rounded, float):
                # As a DOUBLE: a DECIMAL may be rounded twice on its way to one.
                self._edits.instead[value[1] - 1] = f"{rounded!r}e0" if "e" not in repr(rounded) else repr(rounded)
            return
        put = self._storage.put(column, about, "\0", plain=len(words) == 1)
        if not put:
            return
        opening, closing = put.split("\0")
        if number is not None and (fit := self._storage.fit(column, about)):
            self._fitted[number] = Fitted(fit, value, opening, closing)
        else:
            self._edits.around(value, opening, closing)

    def _kind(self, column: str) -> str:
        return self._columns.get(column, {}).get("drda:type", "")

    def _check(self, column: str) -> None:
        about = self._columns.get(column, {})
        if not self._overriding and "ALWAYS" in (about.get("drda:identity"), about.get(KEY)):
            raise SqlError(-798, "428C9", column)
