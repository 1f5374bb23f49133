"""Tables and queries as lazy frames of Polars: columns, conditions and limits go to the server as far as they mean the
same there.

    import drdarrow.polars

    orders = drdarrow.polars.scan("drda://ada@db.example/SHOP", "ORDERS")
    orders.filter(polars.col("YEAR") == 2026).select("ID", "AMOUNT").collect()
"""

from __future__ import annotations

import ctypes
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import polars
import pyarrow
from polars.io.plugins import register_io_source

import drdarrow
from drdarrow.conditions import Column, Condition, both, columns, either, negated
from drdarrow.exceptions import DataError, InterfaceError, NotSupportedError, ProgrammingError
from drdarrow.tables import is_query, nests, statement
from drdarrow.types import Value, Values

__all__ = ["scan"]

_OPERATORS = {"Eq": "=", "NotEq": "<>", "Lt": "<", "LtEq": "<=", "Gt": ">", "GtEq": ">="}
#: A comparison with its sides exchanged.
_MIRRORED = {"=": "=", "<>": "<>", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
#: Systems whose floats are, or may be, those of the S/370.
_HEXADECIMAL = frozenset({"z/OS", "VM", "VSE", "unknown"})
_BOUNDS = {"Both": (">=", "<="), "Left": (">=", "<"), "Right": (">", "<="), "None": (">", "<")}


def scan(source: str | drdarrow.Connection, table: str, parameters: Values = (), **settings: Any) -> polars.LazyFrame:
    """A lazy frame of a table or a query, which is asked anew each time the frame is collected.

    Columns that are not used are not asked for. Conditions on numbers, decimals, dates and timestamps, and equality of
    text, are sent as parameters; every condition is asked again on the rows that come, so that the frame is the same
    as without. A query that ends in ORDER BY, FETCH or WITH, or that has columns without a name of their own, is sent
    as it stands.

    Args:
        source: a URI as `drdarrow.connect` takes it, for a connection of its own at each collect; or a connection.
        table: the name of a table, as SQL has it, or a query.
        parameters: of the query.
        settings: those of `drdarrow.connect`, beside a URI.

    Raises:
        ProgrammingError: there is no such table, or the query is wrong.
        InterfaceError: settings were given beside a connection, or two columns have the same name.
        NotSupportedError: Polars does not have the type of a column.
    """
    if not isinstance(source, str) and settings:
        raise InterfaceError("settings belong to a URI, and a connection was given")
    if isinstance(parameters, Mapping):
        raise InterfaceError("parameters of a scan go by position: question marks, and a sequence")
    scanned = _Scan(source, settings, table, tuple(parameters))
    return register_io_source(scanned.read, schema=scanned.schema, explain_name="DRDA", explain_detail=scanned.shown)


class _Scan:
    """Text and columns of a query, as they were when the frame was made."""

    def __init__(
        self, source: str | drdarrow.Connection, settings: dict[str, Any], table: str, parameters: tuple[Value, ...]
    ) -> None:
        self._source, self._settings, self._parameters = source, settings, parameters
        self.shown = " ".join(table.split())
        self._whole = statement(table)
        #: The table, or the query as one; None where the query has to be sent as it stands.
        self._inner: str | None = self._whole.removeprefix("SELECT * FROM ")
        with self._connected() as connection:
            described: Any = connection.query(self._whole, parameters).schema
            schema = pyarrow.schema(described)
            self._columns = columns(schema, ieee=connection.server["platform"] not in _HEXADECIMAL)
            if len(self._columns) < len(schema):
                raise InterfaceError("two columns have the same name, and a frame has one of a name: name them apart")
            wide = [field.name for field in schema if pyarrow.types.is_decimal256(field.type)]
            if wide:
                cure = 'set wide_decimal="text" or "float64" when connecting'
                raise NotSupportedError(f"column {wide[0]!r}: Polars has no decimals past 38 digits; {cure}")
            self.schema = dict(polars.DataFrame(schema.empty_table()).schema)
            if is_query(table):
                self._inner = f"({table}\n) AS Q" if nests(table) else None
                if self._inner is not None and not self._is_known(connection):
                    self._inner = None

    def read(
        self, with_columns: list[str] | None, predicate: polars.Expr | None, rows: int | None, batch_rows: int | None
    ) -> Iterator[polars.DataFrame]:
        """The rows of one collect, in the words of Polars' sources."""
        wanted = list(self.schema) if with_columns is None else with_columns
        asked = wanted if predicate is None else [*wanted, *(set(predicate.meta.root_names()) - set(wanted))]
        condition = None if predicate is None else translated(predicate, self._columns)
        limit = rows if predicate is None else None
        if rows == 0:
            yield polars.DataFrame(schema=self.schema).select(wanted)
            return
        with self._connected() as connection, connection.cursor() as cursor:
            try:
                self._execute(cursor, asked, condition, limit)
            except DataError as error:
                # A value that the column cannot hold is in none of its rows: Polars says what that means.
                if condition is None or error.sqlcode:
                    raise
                self._execute(cursor, asked, None, limit)
            left = rows
            for batch in cursor.fetch_arrow(batch_rows):
                frame = polars.DataFrame(batch)
                if predicate is not None:
                    frame = frame.filter(predicate)
                # Without a column there is still a number of rows.
                frame = frame.select(wanted) if wanted else frame.drop(frame.columns)
                if left is not None:
                    frame = frame.head(left)
                    left -= frame.height
                yield frame
                if left == 0:
                    return

    def _execute(
        self, cursor: drdarrow.Cursor, asked: list[str], condition: Condition | None, limit: int | None
    ) -> None:
        """Asks for columns of the rows that pass a condition."""
        if self._inner is None:
            self._ask(cursor, self._whole, self._parameters)
            return
        # Without a column there is still a number of rows.
        names = ", ".join(self._columns[name].quoted for name in asked) or "1"
        query, values = f"SELECT {names} FROM {self._inner}", self._parameters
        if condition is not None:
            query, values = f"{query} WHERE {condition.sql}", values + condition.values
        if limit is not None:
            query += f" FETCH FIRST {limit} ROWS ONLY"
        self._ask(cursor, query, values)

    def _ask(self, cursor: drdarrow.Cursor, query: str, values: tuple[Any, ...]) -> None:
        """Sends a query."""
        cursor.execute(query, values)

    def _is_known(self, connection: drdarrow.Connection) -> bool:
        """The server takes the query as a table, and its columns by their names."""
        names = ", ".join(column.quoted for column in self._columns.values())
        try:
            connection.query(f"SELECT {names} FROM {self._inner}", self._parameters).schema  # noqa: B018
        except (NotSupportedError, ProgrammingError):
            return False
        return True

    def _connected(self) -> AbstractContextManager[drdarrow.Connection]:
        """A connection of its own, or the one that was given and stays open."""
        if isinstance(self._source, str):
            return drdarrow.connect(self._source, **self._settings)
        return nullcontext(self._source)


def translated(predicate: polars.Expr, known: Mapping[str, Column]) -> Condition | None:
    """The condition of a predicate, as far as SQL has one that lets no fewer rows pass; None where it has none."""
    # The tree of an expression is only told as JSON, whose form may change: what is not known is not sent.
    return _condition(json.loads(predicate.meta.serialize(format="json")), known)


def _condition(node: Any, known: Mapping[str, Column]) -> Condition | None:
    """That of a node of the tree."""
    match node:
        case {"BinaryExpr": {"left": left, "op": "And" | "LogicalAnd", "right": right}}:
            return both(_condition(left, known), _condition(right, known))
        case {"BinaryExpr": {"left": left, "op": "Or" | "LogicalOr", "right": right}}:
            return either(_condition(left, known), _condition(right, known))
        case {"BinaryExpr": {"left": {"Column": name}, "op": str(op), "right": {"Literal": _} as value}}:
            return _compared(known.get(name), _OPERATORS.get(op), value)
        case {"BinaryExpr": {"left": {"Literal": _} as value, "op": str(op), "right": {"Column": name}}}:
            return _compared(known.get(name), _MIRRORED.get(_OPERATORS.get(op, "")), value)
        case {"Function": {"input": [inner], "function": {"Boolean": "Not"}}}:
            return negated(_condition(inner, known))
        case {"Function": {"input": [{"Column": name}], "function": {"Boolean": "IsNotNull"}}} if name in known:
            return known[name].known()
        case {
            "Function": {
                "input": [{"Column": name}, {"Literal": _} as values],
                "function": {"Boolean": {"IsIn": {"nulls_equal": False}}},
            }
        }:
            return _one_of(known.get(name), values)
        case {
            "Function": {
                "input": [{"Column": name}, {"Literal": _} as low, {"Literal": _} as high],
                "function": {"Boolean": {"IsBetween": {"closed": str(closed)}}},
            }
        } if closed in _BOUNDS:
            least, most = _BOUNDS[closed]
            return both(_compared(known.get(name), least, low), _compared(known.get(name), most, high))
    return None


def _compared(column: Column | None, operator: str | None, literal: object) -> Condition | None:
    values = _literal(literal)
    if column is None or operator is None or len(values) != 1:
        return None
    return column.compare(operator, values[0])


def _one_of(column: Column | None, literal: object) -> Condition | None:
    values = _literal(literal)
    if column is None or len(values) != 1 or not isinstance(values[0], polars.Series):
        return None
    return column.one_of(values[0].to_list()) if _is_exact(values[0].dtype) else None


def _literal(node: object) -> Sequence[Any]:
    """The value of a literal, as Polars makes it; nothing where Python's value would not be the same."""
    match node:
        case {"Literal": {"Dyn": {"Float": number}} | {"Scalar": {"Float64": number}}}:
            # JSON has no infinity and no NaN.
            return () if number is None else (number,)
        case {"Literal": {"Scalar": {"Float32": number}}}:
            return () if number is None else (ctypes.c_float(number).value,)
    found = polars.select(polars.Expr.deserialize(io.StringIO(json.dumps(node)), format="json")).to_series()
    if found.dtype.is_float():
        # Polars reads some digits of a float as its neighbour.
        return ()
    return list(found) if found.dtype == polars.List or _is_exact(found.dtype) else ()


def _is_exact(kind: polars.DataType) -> bool:
    """Python's values are those of Polars: it has no nanoseconds."""
    return kind != polars.Datetime or getattr(kind, "time_unit", None) == "us"
