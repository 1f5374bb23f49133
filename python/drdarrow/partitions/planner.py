"""The plan: which way divides the rows, and what the parts are."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from drdarrow._core import Schema
from drdarrow.conditions import Condition
from drdarrow.exceptions import InterfaceError, NotSupportedError, OperationalError, ProgrammingError
from drdarrow.partitions import keys, platforms
from drdarrow.partitions.asking import Asking, Described, Done, Fetched
from drdarrow.partitions.division import DeclinedError, Division, Facts
from drdarrow.partitions.part import Part
from drdarrow.partitions.relation import Relation, quoted, resolved, shown
from drdarrow.partitions.statement import changed, closed, nested
from drdarrow.partitions.values import packed

__all__ = ["PLANS", "Planned", "Wish", "planned"]

#: The ways by name.
PLANS = (
    "partitions", "nodes", "rrn", "members", "range", "quantiles", "statistics", "sampled", "rid", "modulo", "one",
)  # fmt: skip
#: Those that are tried for a product, the best first.
_FITTING = {
    "Db2 for i": ("rrn", "keys", "modulo"),
    "Db2 for z/OS": ("partitions", "keys", "modulo"),
    "Db2 for Linux, UNIX and Windows": ("nodes", "partitions", "keys", "rid", "modulo"),
}
_OTHERS = ("keys", "modulo")
_MOST_PARTS = 10_000


@dataclass(frozen=True)
class Wish:
    """The arguments of `partitions()`, looked at."""

    source: str | tuple[str, str]
    parameters: tuple[Any, ...] = ()
    count: int = 8
    on: tuple[str, ...] = ()
    columns: Sequence[str] | None = None
    where: Condition = Condition("")
    plan: str | None = None
    snapshot: str | dt.datetime | None = None
    verify: bool = False

    @staticmethod
    def of(source: Any, parameters: Any, autocommit: bool, options: Mapping[str, Any]) -> Wish:
        """Checked, as far as that needs no server."""
        count, plan, snapshot = options["n"], options["plan"], options["snapshot"]
        if isinstance(parameters, (Mapping, str, bytes)):
            raise InterfaceError("parameters of parts go by position: question marks, and a sequence")
        if type(count) is not int or not 1 <= count <= _MOST_PARTS:
            raise InterfaceError(f"n: expected 1 to {_MOST_PARTS}, not {count!r}")
        if plan is not None and plan not in PLANS:
            raise InterfaceError(f"plan: {plan!r} is not one of {', '.join(PLANS)}")
        if snapshot not in (None, "lock", "as_of") and not isinstance(snapshot, dt.datetime):
            raise InterfaceError(f'snapshot: expected None, "lock", "as_of" or a datetime, not {snapshot!r}')
        if isinstance(snapshot, dt.datetime) and snapshot.tzinfo is not None:
            raise InterfaceError("snapshot: the moment is one of the server's clock, without a zone")
        if snapshot == "lock" and autocommit:
            raise InterfaceError('snapshot="lock": the lock ends with the unit of work, so autocommit has to be off')
        if isinstance(options["columns"], str):
            raise InterfaceError("columns: expected a list of names, not a text")
        where = options["where"]
        given = (
            Condition(where) if isinstance(where, str) else Condition("") if where is None else Condition(*where[:2])
        )
        if not closed(given.sql):
            raise InterfaceError(f"where: {given.sql!r} is no condition: its parentheses do not match")
        if count > 1 and given.sql and (reason := changed(given.sql)) is not None:
            raise NotSupportedError(f"where: the rows cannot be read in parts: {reason}", phase="config")
        values = tuple(parameters or ())
        for value in (*values, *given.values):
            packed(value)
        # A comment may end it.
        condition = Condition(f"{given.sql}\n" if given.sql else "", tuple(given.values))
        on = (options["on"],) if isinstance(options["on"], str) else tuple(options["on"] or ())
        verify = bool(options["verify"])
        return Wish(source, values, count, on, options["columns"], condition, plan, snapshot, verify)


@dataclass(frozen=True)
class Planned:
    """The findings of a plan."""

    parts: tuple[Part, ...]
    schema: Schema
    plan: str
    why: str
    on: tuple[str, ...]
    #: Ways that do not fit, with reasons.
    declined: tuple[str, ...]
    rows: int | None
    #: Rows of each part, where they were counted.
    counts: tuple[int, ...] | None
    snapshot: dt.datetime | None


def planned(wish: Wish, server: Mapping[str, Any]) -> Asking[Planned]:
    """Divides the rows, and proves it where that is asked for."""
    facts = Facts(server["product"], server["database"])
    if wish.count == 1 and wish.snapshot is None and not isinstance(wish.source, tuple):
        whole = yield from _whole(wish, facts)
        if whole is not None:
            return whole
    relation = yield from resolved(wish.source, wish.parameters, wish.columns, wish.where, wish.on, facts.product)
    relation, moment = yield from _held(wish, relation, facts)
    yield from platforms.known_rows(relation, facts)
    division, declined = yield from _divided(wish, relation, facts, still=moment is None)
    statements = [relation.statement(condition) for condition in division.conditions]
    if division.members is not None:
        made = (relation.of(f"QTEMP.{quoted(one.alias)}") for one in division.members)
        statements = [one.statement(Condition("")) for one in made]
    # A member's alias is not there yet.
    schema = yield Described(relation.statement(Condition("")) if division.members else statements[0])
    counts = (yield from _verified(relation, division, facts)) if wish.verify else None
    parts = _parts(division, statements, counts, schema, facts)
    rows = facts.rows if counts is None else sum(counts)
    return Planned(parts, schema, division.plan, division.why, division.on, declined, rows, counts, moment)


def _whole(wish: Wish, facts: Facts) -> Asking[Planned | None]:
    """One part of a query that is read as it stands; None where something is asked for from outside of it."""
    from drdarrow.tables import is_query

    if not isinstance(wish.source, str) or not is_query(wish.source) or wish.where.sql:
        return None
    query = Condition(wish.source, wish.parameters)
    schema = yield Described(query)
    if wish.columns is not None and list(wish.columns) != list(schema.names):
        return None
    division = Division("one", "one part was asked for", [Condition("")])
    parts = _parts(division, [query], None, schema, facts)
    return Planned(parts, schema, division.plan, division.why, (), (), None, None, None)


def _held(wish: Wish, relation: Relation, facts: Facts) -> Asking[tuple[Relation, dt.datetime | None]]:
    """The relation at one moment, or with its table locked."""
    if wish.snapshot is None:
        return relation, None
    if relation.table is None or not relation.name:
        raise NotSupportedError("snapshot: it is of a table, or of a query of plain columns of one")
    if nested(relation.condition.sql) or nested(relation.where.sql):
        raise NotSupportedError("snapshot: it is of one table, and the condition has a query of its own")
    table = relation.source.sql.removesuffix(f" AS {relation.name}")
    if wish.snapshot == "lock":
        yield Done(Condition(f"LOCK TABLE {table} IN SHARE MODE"))
        return relation, None
    if facts.product == "Apache Derby":
        raise NotSupportedError('snapshot: Derby keeps no earlier rows; snapshot="lock" holds the table as it is')
    moment = wish.snapshot
    if not isinstance(moment, dt.datetime):
        moment = (yield Fetched(Condition("SELECT CURRENT TIMESTAMP FROM SYSIBM.SYSDUMMY1")))[0][0]
    text = moment.isoformat(" ", "microseconds")
    return relation.of(f"{table} FOR SYSTEM_TIME AS OF TIMESTAMP '{text}'"), moment


def _divided(wish: Wish, relation: Relation, facts: Facts, *, still: bool) -> Asking[tuple[Division, tuple[str, ...]]]:
    """The first way that fits. `still`: functions about rows can be asked, which old rows do not have."""
    if wish.count == 1 and wish.plan in (None, "one"):
        return Division("one", "one part was asked for", [Condition("")]), ()
    ways = [wish.plan] if wish.plan else ["keys"] if wish.on else _FITTING.get(facts.product, _OTHERS)
    kinds = yield from keys.described(relation)
    declined: list[str] = []
    for way in ways:
        try:
            if not still and way in ("nodes", "rrn", "members", "rid"):
                raise DeclinedError("rows of an earlier moment have no places")
            return (yield from _way(way, wish, relation, facts, kinds)), tuple(declined)
        except DeclinedError as e:
            declined.append(f"{way}: {e}")
    reasons = "; ".join(declined)
    if not wish.plan and not wish.on and relation.table is not None:
        return Division("one", "nothing divides it", [Condition("")]), tuple(declined)
    cure = "name a column of the result by on=, or set n=1"
    raise NotSupportedError(f"the rows cannot be divided: {reasons} ({cure})", phase="config", hint=cure)


def _way(way: str, wish: Wish, relation: Relation, facts: Facts, kinds: Mapping[str, keys.Kind]) -> Asking[Division]:
    """The division by one way."""
    on = keys.named(wish.on, kinds) if wish.on else None
    match way:
        case "one":
            return Division("one", "one part was asked for", [Condition("")])
        case "rrn":
            return (yield from platforms.by_records(relation, facts, wish.count))
        case "members":
            return (yield from platforms.by_members(relation, facts, wish.count))
        case "nodes":
            return (yield from platforms.by_nodes(relation, facts, wish.count, list(kinds)))
        case "rid":
            return (yield from platforms.by_rids(relation, facts, wish.count))
        case "partitions" if facts.product == "Db2 for z/OS":
            return (yield from platforms.by_limits(relation, facts, wish.count, kinds))
        case "partitions":
            return (yield from platforms.by_partitions(relation, facts, wish.count, list(kinds)))
        case "modulo":
            if on is None and relation.table is None:
                raise DeclinedError("it is a query, and no column is named")
            remainders = keys.by_remainders(kinds, facts, wish.count, on)
            try:
                yield Described(relation.asked("*", remainders.conditions[0]))
            except (ProgrammingError, NotSupportedError) as e:
                raise DeclinedError(f"the server does not tell remainders: {e}") from None
            return remainders
    how = None if way == "keys" else way
    if on is not None:
        return (yield from keys.by_keys(relation, on, kinds, facts, wish.count, how))
    if relation.table is None:
        raise DeclinedError("it is a query, and no column is named")
    reasons = []
    for key in (yield from keys.indexed(relation, kinds)):
        try:
            return (yield from keys.by_keys(relation, key, kinds, facts, wish.count, how))
        except DeclinedError as e:
            reasons.append(str(e))
    raise DeclinedError("; ".join(reasons) or "there is no index on a column that rows can be divided by")


def _verified(relation: Relation, division: Division, facts: Facts) -> Asking[tuple[int, ...]]:
    """The rows of each part, whose sum is that of all rows.

    Raises:
        OperationalError: it is not.
    """
    if division.members is not None:
        raise NotSupportedError("verify: members are read whole, by names that only their readers have")
    counts = []
    for condition in division.conditions:
        counts.append(int((yield Fetched(relation.asked(facts.counting, condition)))[0][0]))
    whole = int((yield Fetched(relation.asked(facts.counting)))[0][0])
    if sum(counts) != whole:
        raise OperationalError(
            f"the parts have {sum(counts)} rows and the table {whole}: others change it while it is divided "
            '(snapshot="lock" keeps them out)',
            phase="execute",
            retryable=True,
        )
    return tuple(counts)


def _parts(
    division: Division, statements: Sequence[Condition], counts: Sequence[int] | None, schema: Schema, facts: Facts
) -> tuple[Part, ...]:
    rows: Sequence[int | None] = counts or division.rows or [None] * len(statements)
    if not counts and not division.rows and len(statements) == 1:
        rows = [facts.rows]
    width = sum(map(_width, schema.types))
    columns = tuple(zip(schema.names, schema.types, strict=True))
    members: Sequence[Any] = division.members or [None] * len(statements)
    return tuple(
        Part(
            sql=statement.sql,
            parameters=tuple(statement.values),
            number=number,
            count=len(statements),
            database=facts.database,
            product=facts.product,
            columns=columns,
            where=shown(condition) if member is None else f"member {member.member}",
            rows=some,
            nbytes=None if some is None else some * width,
            member=member,
        )
        for number, (statement, condition, some, member) in enumerate(
            zip(statements, division.conditions, rows, members, strict=True)
        )
    )


#: About so many bytes has a value in Arrow; of text and binary values it is a guess.
_WIDTHS = {"Bool": 1, "Int8": 1, "Int16": 2, "Int32": 4, "Float32": 4, "Date32": 4, "Time32": 4, "Decimal128": 16}
_WIDTHS |= {"Utf8": 28, "Utf8View": 32, "LargeUtf8": 64, "Binary": 36, "LargeBinary": 64, "Decimal256": 32}


def _width(kind: str) -> int:
    return _WIDTHS.get(kind.partition("(")[0], 8)
