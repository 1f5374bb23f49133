"""The table or query that is divided: the statements that ask for some of its rows."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from drdarrow._core import quoted_table
from drdarrow.conditions import Condition
from drdarrow.exceptions import NotSupportedError, ProgrammingError
from drdarrow.partitions.asking import Asking, Catalog, Fetched
from drdarrow.partitions.statement import changed, simple
from drdarrow.tables import is_query

__all__ = ["Relation", "quoted", "resolved", "shown"]

_ALL = Condition("")
_MARK = re.compile(r"""'[^']*'|"[^"]*"|\?""")


def quoted(name: str) -> str:
    """A name as SQL has it."""
    return '"' + name.replace('"', '""') + '"'


def shown(condition: Condition) -> str:
    """A condition with its values, for persons."""
    values = iter(condition.values)

    def value(found: re.Match[str]) -> str:
        return _literal(next(values, "?")) if found[0] == "?" else found[0]

    return _MARK.sub(value, condition.sql) or "all rows"


def _literal(value: object) -> str:
    if isinstance(value, bytes):
        return f"X'{value.hex().upper()}'"
    if isinstance(value, (str, dt.date)):
        return "'" + str(value).replace("'", "''") + "'"
    return str(value)


@dataclass(frozen=True)
class Relation:
    """Rows that can be divided, with the conditions that they have already."""

    #: The table as it stands after FROM, or the query as one.
    source: Condition
    #: The columns, as they stand after SELECT.
    listed: str
    #: A name for functions about rows; empty of a query that stands as a table.
    name: str = ""
    #: Schema and name in the catalog, where it is a table that the catalog has.
    table: tuple[str, str] | None = None
    #: A row about one of its columns, by which the catalog is asked without a search for the table.
    known: Any = None
    #: The name given is that of an alias, which may stand for one member alone.
    aliased: bool = False
    condition: Condition = _ALL
    #: Columns that are never NULL, as the catalog has it.
    required: frozenset[str] = frozenset()
    #: Columns and a condition of the result, which are asked for from outside of it.
    columns: tuple[str, ...] | None = None
    where: Condition = _ALL

    def asked(self, listed: str, *conditions: Condition) -> Condition:
        """A query about rows that pass all conditions."""
        return _select(Condition(listed), self.source, self.condition, *conditions)

    def statement(self, part: Condition) -> Condition:
        """The query of a part."""
        whole = self.asked(self.listed, part)
        if self.columns is None and not self.where.sql:
            return whole
        inner = Condition(f"({whole.sql}\n) AS DRDA_Q", whole.values)
        return _select(Condition(_names(self.columns)), inner, self.where)

    def of(self, source: str) -> Relation:
        """The same of another table with the same columns."""
        return replace(self, source=Condition(f"{source} AS {self.name}"))


def _select(listed: Condition, source: Condition, *conditions: Condition) -> Condition:
    some = [one for one in conditions if one.sql]
    where = " AND ".join(f"({one.sql})" if len(some) > 1 else one.sql for one in some)
    values = sum((one.values for one in some), listed.values + source.values)
    return Condition(f"SELECT {listed.sql} FROM {source.sql}" + (f" WHERE {where}" if where else ""), values)


def _names(columns: Sequence[str] | None) -> str:
    return "*" if columns is None else ", ".join(map(quoted, columns))


def resolved(
    source: str | tuple[str, str],
    parameters: tuple[Any, ...],
    columns: Sequence[str] | None,
    where: Condition,
    on: Sequence[str],
    product: str,
) -> Asking[Relation]:
    """The relation of a table by name, or of a query.

    Raises:
        ProgrammingError: there is no such table or column.
        NotSupportedError: the rows of the query would be others in parts.
    """
    if isinstance(source, tuple) or not is_query(source):
        if parameters:
            raise ProgrammingError("parameters are those of a query, and a table was given", phase="config")
        relation = yield from _table(source, product)
        chosen = None if columns is None else _known(columns, relation.columns or ())
        return replace(relation, listed=_names(chosen), columns=None, condition=where)
    if (reason := changed(source)) is not None:
        raise NotSupportedError(
            f"the query cannot be read in parts: {reason}; n=1 reads it as it stands",
            phase="config",
            hint="divide the table and ask the rest of the question on what was read, or set n=1",
        )
    chosen = None if columns is None else tuple(columns)
    found = simple(source)
    if found is not None:
        try:
            relation = yield from _table(found.table, product)
        except (ProgrammingError, NotSupportedError):
            found = None
        else:
            known = relation.columns or ()
            # A name that the query gives to something is one of the result.
            found = found if all(name in known or name.upper() in known for name in on) else None
    if found is None:
        text = Condition(f"({source}\n) AS DRDA_Q", parameters)
        return Relation(text, _names(chosen), condition=where)
    if parameters and not found.condition:
        raise ProgrammingError("parameters: the query has no question mark for them", phase="config")
    condition = Condition(f"{found.condition}\n" if found.condition else "", parameters)
    name = found.name or relation.name
    table = Condition(relation.source.sql.removesuffix(relation.name) + name)
    return replace(
        relation, source=table, name=name, listed=found.listed, condition=condition, columns=chosen, where=where
    )


def _table(source: str | tuple[str, str], product: str) -> Asking[Relation]:
    """The relation of a table, with the names of its columns."""
    told = yield Catalog("columns", (source,))
    schema, name = told[0].schema, told[0].table
    found = f"{quoted(schema)}.{quoted(name)}"
    given = found if isinstance(source, tuple) else quoted_table(source)
    aliased = given != found
    if given == quoted(name):
        # An alias of the same name in another schema would be as short.
        aliased = product == "Db2 for i" and (yield from _current_schema()) != schema
    of = Relation(
        Condition(f"{given if aliased else found} AS {quoted(name)}"), "*", quoted(name), (schema, name), told[0]
    )
    required = frozenset(column.name for column in told if not column.nullable)
    return replace(of, aliased=aliased, columns=tuple(column.name for column in told), required=required)


def _current_schema() -> Asking[str]:
    told = yield Fetched(Condition("SELECT CURRENT SCHEMA FROM SYSIBM.SYSDUMMY1"))
    return str(told[0][0]).strip()


def _known(wanted: Sequence[str], names: Sequence[str]) -> tuple[str, ...]:
    """Columns as the table spells them."""
    found = []
    for name in wanted:
        spelled = name if name in names else name.upper()
        if spelled not in names:
            raise ProgrammingError(f"columns: the table has no column {name!r}", sqlstate="42703", column=name)
        found.append(spelled)
    return tuple(found)
