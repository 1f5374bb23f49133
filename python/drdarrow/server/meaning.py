"""The meaning of a statement beyond its words: comparisons that blanks do not disturb, values as columns
were declared.

`apply` takes a statement that DuckDB understands already, and gives the one that is run in its place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from drdarrow.server import blanks, defining, growing, storing
from drdarrow.server.columns import Facts
from drdarrow.server.edits import Edits, Statement
from drdarrow.server.patience import look
from drdarrow.server.rules import apply as rules
from drdarrow.server.rules.product import Product

__all__ = ["Run", "apply"]

#: Statements in which values are compared or stored.
_KINDS = {"SELECT", "WITH", "VALUES", "INSERT", "UPDATE", "DELETE", "MERGE", "CREATE", "FROM", "EXPLAIN", "("}
_VARYING = ("", "VARCHAR", "LONG VARCHAR", "VARGRAPHIC", "LONG VARGRAPHIC", "CLOB", "DBCLOB")


@dataclass
class Run:
    """The statement that is run; the markers, from 0, whose texts lose their blanks; what runs before, and after."""

    sql: str
    trimmed: frozenset[int] = frozenset()
    first: list[str] = field(default_factory=list)
    then: list[str] = field(default_factory=list)
    #: The statement for texts that fit already, and how those of some markers are made so.
    lean: str = ""
    #: Markers that are values of columns of exact numbers, with the digits that these have after their points.
    scales: Mapping[int, int] = field(default_factory=dict)
    fits: Mapping[int, storing.Fit] = field(default_factory=dict)
    #: Markers whose values are put in another form for their columns.
    made: Mapping[int, storing.Maker] = field(default_factory=dict)
    #: The parameters that the last one stands for.
    last: Callable[[object], list[object]] | None = None

    def ready(self, row: Sequence[object]) -> tuple[str, list[object]]:
        """The statement for one row, and its parameters.

        Raises SqlError -404 for a text that is too long for its column.
        """
        values = self.values(row)
        if not self.lean or not all(values[n] is None or isinstance(values[n], str) for n in self.fits):
            return self.sql, values
        for n, fit in self.fits.items():
            if isinstance(value := values[n], str):
                values[n] = fit.of(value)
        return self.lean, values

    def values(self, row: Sequence[object]) -> list[object]:
        """The parameters of one row."""
        values = list(row)
        if self.last is not None:
            values[-1:] = self.last(values[-1])
        for n in self.trimmed:
            if isinstance(value := values[n], str):
                values[n] = value.rstrip(" ")
        for n, make in self.made.items():
            values[n] = make(values[n])
        for n, scale in self.scales.items():
            if isinstance(value := values[n], (Decimal, float)):
                values[n] = storing.cut(value, scale)
        return values


def apply(
    sql: str,
    known: Facts,
    declared: Facts,
    product: Product,
    aggregates: frozenset[str],
    overriding: bool = False,
) -> Run:
    """The statement with its comparisons and values as Db2 means them. declared: what it says of a new table."""
    of = Statement(sql)
    if of.whole and [of.upper(at) for at in range(2)] == ["ALTER", "TABLE"]:
        name, end = storing.name_at(of, 2)
        return Run(sql, then=defining.key(of, (2, end), _table(known, name) or {}))
    if not of.whole or of.upper(0) not in _KINDS:
        return Run(sql)
    storage = product.storage
    edits = Edits()
    first: list[str] = []
    then: list[str] = []
    if [of.upper(at) for at in range(3)] == ["CREATE", "UNIQUE", "INDEX"]:
        on = next((at for at in range(len(of.words)) if of.upper(at) == "ON"), 0)
        defining.index(of, edits, _table(known, storing.name_at(of, on + 1)[0]) or {})
        return Run(of.written(edits))
    trimmed = blanks.compare(of, edits, _Known(of, known), aggregates)
    makers: dict[int, storing.Maker] = {}
    fitted = storing.store(of, edits, lambda name: _table(known, name), storage, makers, overriding)
    for columns in declared.values():
        then = defining.table(of, edits, columns, storage)
    lean = of.written(edits) if fitted else ""
    for one in fitted.values():
        edits.around(one.span, one.opening, one.closing)
    made = of.written(edits)
    if of.upper(0) == "CREATE":
        # A view and a check outlive the connection and its macros.
        if f"{blanks.KEY}(" in made:
            first.append("CREATE " + blanks.MACRO.format("IF NOT EXISTS main."))
        if f"{blanks.BITS}(" in made:
            first.append("CREATE " + blanks.BITS_MACRO.format("IF NOT EXISTS main.", storage.blank))
        first += [*growing.made(made), *rules.made(made, product)]
    fits = {n: one.fit for n, one in fitted.items()}
    return Run(made, frozenset(trimmed), first, then, lean, fits=fits, made=makers)


def identity_of(sql: str, known: Facts) -> tuple[str, bool] | None:
    """The sequence of the identity column of the table that an INSERT is for, and whether that gets a value of it in a
    row of VALUES; None without such a column."""
    of = Statement(sql)
    name, at = storing.name_at(of, 2)
    table = _table(known, name) or {}
    found = next(
        ((column, about["drda:sequence"]) for column, about in table.items() if "drda:sequence" in about), None
    )
    if found is None:
        return None
    listed = of.upper(at) == "(" and not of.is_query(at)
    given = listed and any(of.text(part).strip('"').upper() == found[0] for part in of.parts(at))
    after = of.closes.get(at, at) + 1 if listed else at
    return found[1], of.upper(after) == "VALUES" and not given


def _table(known: Facts, name: tuple[str, ...]) -> Mapping[str, Mapping[str, str]] | None:
    return known.get(".".join(name[-2:]), known.get(name[-1])) if name else None


class _Known:
    """The columns of the tables that a statement names."""

    def __init__(self, of: Statement, known: Facts) -> None:
        found = {word.text.strip('"').upper() for word in of.words if word.kind in ("name", "quoted")}
        self._tables = [known[name] for name in found if name in known]
        self._found: dict[str, set[str]] = {}

    def _kinds(self, name: str) -> set[str]:
        if name not in self._found:
            look()
            self._found[name] = {table[name].get("drda:type", "none") for table in self._tables if name in table}
        return self._found[name]

    def plain(self, name: str, /) -> bool:
        """A column that is known and is no VARCHAR."""
        kinds = self._kinds(name)
        return bool(kinds) and not kinds & set(_VARYING)

    def bits(self, name: str, /) -> bool:
        """A column FOR BIT DATA."""
        kinds = self._kinds(name)
        return bool(kinds) and all(kind.endswith("CHAR FOR BIT DATA") for kind in kinds)
