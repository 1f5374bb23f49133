"""The sizes of types and rows that a statement makes.

A struct of two copies of a value is twice as large, one of two such structs four times, and so are the rows of
`SELECT *, *`. Doubled over and over, through subqueries, common table expressions, tables and views, a short statement
keeps DuckDB planning until the memory is used up, and no interrupt ends that. So each query of a statement that may do
so has its size counted beforehand, from above: a struct is as large as all that is in it, a row as all its columns.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from string import ascii_lowercase, ascii_uppercase

from sqlglot import exp

from drdarrow.server import reading
from drdarrow.server.cursors import Cursor
from drdarrow.server.engine import SqlError
from drdarrow.server.patience import look
from drdarrow.server.suspects import MADE, Words

__all__ = ["check"]

#: Types within a type, and columns with their types in a row; more only where a table has them already.
_MOST = 8192
#: Columns of a table that nothing is known of: one of the catalog's or a function's.
_UNKNOWN = 64
_COLUMNS = (
    """
SELECT table_name, database_name || '.' || schema_name, column_name, data_type
FROM duckdb_columns() WHERE list_contains(?, """
    + f"translate(table_name, '{ascii_lowercase}', '{ascii_uppercase}'))"
)
#: For DuckDB letters beyond ASCII are two, the small and the capital one.
_UPPER = str.maketrans(ascii_lowercase, ascii_uppercase)
_TYPES = "SELECT type_name, schema_name FROM duckdb_types() WHERE NOT internal"
_QUOTED = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"")
_ENUM = re.compile(r"ENUM\([^()]*\)")


@dataclass(frozen=True)
class _Shape:
    """The rows of a query or table: sizes of columns whose names are known, of the largest one, of all together."""

    names: Mapping[str, int]
    largest: int
    width: int


@dataclass
class _Frame:
    """The sources of a query, the columns that its list has made so far, and what is around it."""

    ctes: dict[str, _Shape]
    outer: _Frame | None = None
    sources: list[tuple[str, _Shape]] = field(default_factory=list)
    #: Columns, and tables whose row may be a value, by their names.
    names: dict[str, int] = field(default_factory=dict)
    #: All columns of the sources; the largest value that can be named.
    width: int = 0
    largest: int = 1
    #: The most that may be made of them.
    room: int = _MOST

    def __post_init__(self) -> None:
        if self.outer is not None:
            self.largest, self.room = self.outer.largest, self.outer.room

    def add(self, name: str, shape: _Shape) -> None:
        """Takes a source."""
        self.sources.append((name, shape))
        for column, size in shape.names.items():
            self.make(column, size)
        if name not in shape.names:
            self.make(name, shape.width + 1)
        self.width += shape.width
        self.largest = max(self.largest, shape.width + 1)
        self.room = max(self.room, shape.width)

    def make(self, name: str, size: int) -> None:
        """Takes a column."""
        self.names[name] = max(self.names.get(name, 0), size)
        self.largest = max(self.largest, size)

    def find(self, name: str) -> int:
        """The size of a column or row; 0 for a name that is not known."""
        found, frame = 0, self
        while True:
            found = max(found, frame.names.get(name, 0))
            if frame.outer is None:
                return found
            frame = frame.outer


def check(sql: str, cursor: Cursor) -> bool:
    """Refuses a statement that makes too much of too little; whether another one could, of larger tables or types.

    Raises SqlError -101.
    """
    words = Words(sql)
    if words.nests and _named(words.names, cursor) > _MOST:
        raise _too_large()
    if not words.may_grow:
        return words.nests
    tree = reading.tree(words.plain)
    try:
        if tree is not None and not isinstance(tree, exp.Command):
            _Walk(_known(tree, cursor)).statement(tree, _Frame({}))
            return True
    except RecursionError:
        pass
    if words.growth > _MOST:
        raise _too_large()
    return True


def _too_large() -> SqlError:
    return SqlError(-101, "54001", f"types or rows of more than {_MOST} parts")


def _known(tree: exp.Expr, cursor: Cursor) -> dict[str, _Shape]:
    """The tables that a statement names; of those of one name the largest."""
    names = sorted({table.name.translate(_UPPER) for table in tree.find_all(exp.Table) if table.name})
    tables: dict[tuple[str, str], dict[str, int]] = {}
    for table, schema, column, kind in cursor.execute(_COLUMNS, [names]).fetchall() if names else ():
        columns = tables.setdefault((table.upper(), schema), {})
        columns[column.upper()] = max(columns.get(column.upper(), 0), _parts(kind))
    found: dict[str, _Shape] = {}
    for (table, _), columns in tables.items():
        shape = _Shape(columns, max(columns.values()), sum(columns.values()))
        if table not in found or found[table].width < shape.width:
            found[table] = shape
    return found


def _named(names: list[str], cursor: Cursor) -> int:
    """The sizes of all types that clients or the owner have made and that a statement names."""
    found = 0
    for name, schema in cursor.execute(_TYPES).fetchall():
        if name.lower() not in names:
            continue
        quoted = ".".join('"' + part.replace('"', '""') + '"' for part in (schema, name))
        (kind,) = cursor.execute(f"SELECT typeof(CAST(NULL AS {quoted}))").fetchone()
        found += _parts(kind) * names.count(name.lower())
    return found


def _parts(kind: str) -> int:
    """The types in a type, by its text."""
    plain = _ENUM.sub("", _QUOTED.sub("", kind)) if "(" in kind else kind
    return 1 + plain.count(",") + plain.count("(") + plain.count("[")


class _Walk:
    """One walk over a statement."""

    def __init__(self, tables: Mapping[str, _Shape]) -> None:
        self._tables = tables

    def statement(self, tree: exp.Expr, frame: _Frame) -> None:
        """Counts the queries and values of a statement."""
        if isinstance(tree, exp.Query):
            self._query(tree, frame)
            return
        self._with(tree, frame)
        # Sources before the values made of them.
        for key in sorted(tree.args, key=lambda key: key not in ("from_", "using", "joins", "this")):
            for child in _children(tree.args[key]):
                if isinstance(child, exp.With):
                    continue
                if isinstance(child, (exp.From, exp.Table, exp.Subquery, exp.Join)):
                    self._source(child.this if isinstance(child, (exp.From, exp.Join)) else child, frame)
                elif isinstance(child, exp.Query):
                    self._query(child, frame)
                else:
                    self._value(child, frame)

    def _with(self, of: exp.Expr, frame: _Frame) -> None:
        """The common table expressions."""
        found = of.args.get("with_")
        for cte in found.expressions if isinstance(found, exp.With) else ():
            name, inner = cte.alias.upper(), cte.this
            if isinstance(found, exp.With) and found.recursive and isinstance(inner, exp.SetOperation):
                frame.ctes[name] = self._query(inner.left, frame)
            shape = self._query(inner, frame) if isinstance(inner, exp.Query) else _plain(self._value(inner, frame))
            frame.ctes[name] = _renamed(shape, cte)

    def _query(self, node: exp.Expr, around: _Frame) -> _Shape:
        look()
        frame = _Frame(dict(around.ctes), around)
        self._with(node, frame)
        if isinstance(node, exp.SetOperation):
            left, right = self._query(node.left, frame), self._query(node.right, frame)
            names = {name: max(left.names.get(name, 0), size) for name, size in {**right.names, **left.names}.items()}
            by_name = bool(node.args.get("by_name"))
            width = left.width + right.width if by_name else max(left.width, right.width)
            if width > max(_MOST, left.width, right.width):
                raise _too_large()
            return _Shape(names, max(left.largest, right.largest), width)
        if isinstance(node, exp.Subquery):
            for join in node.args.get("joins") or ():
                self._source(join.this, frame)
            inner = self._query(node.this, frame)
            return _plain(inner.width + frame.width) if frame.sources else inner
        if isinstance(node, exp.Select):
            return self._select(node, frame)
        if isinstance(node, exp.Table):
            return self._table(node, frame)
        return _plain(max([1, *(self._value(child, frame) for child in node.iter_expressions())]))

    def _select(self, node: exp.Select, frame: _Frame) -> _Shape:
        if source := node.args.get("from_"):
            self._source(source.this, frame)
        for join in [*(node.args.get("joins") or ()), *(node.args.get("laterals") or ())]:
            self._source(join.this if isinstance(join, exp.Join) else join, frame)
        names: dict[str, int] = {}
        width, largest = 0, 1
        for item in node.expressions:
            look()
            part = item.unalias()
            size = self._value(part, frame)
            width += size
            if isinstance(part, exp.Star) or isinstance(part, exp.Column) and isinstance(part.this, exp.Star):
                largest = max([largest, *(shape.largest for _, shape in frame.sources)])
                for _, shape in frame.sources:
                    for name, of in shape.names.items():
                        names[name] = max(names.get(name, 0), of)
            else:
                largest = max(largest, size)
                name = item.alias_or_name.upper()
                names[name] = max(names.get(name, 0), size)
                frame.make(name, size)
        if width - len(node.expressions) > frame.room:
            raise _too_large()
        for key, arg in node.args.items():
            if key not in ("with_", "from_", "laterals", "expressions"):
                for child in _children(arg):
                    if not isinstance(child, exp.Join):
                        self._value(child, frame)
                    elif on := child.args.get("on"):
                        self._value(on, frame)
        return _Shape(names, largest, max(width, 1))

    def _source(self, node: exp.Expr, frame: _Frame) -> None:
        """Adds a part of FROM."""
        shape = self._table(node, frame)
        frame.add(node.alias_or_name.upper(), _renamed(shape, node))
        for join in node.args.get("joins") or () if isinstance(node, exp.Table) else ():
            self._source(join.this, frame)

    def _table(self, node: exp.Expr, frame: _Frame) -> _Shape:
        if isinstance(node, exp.Lateral):
            return self._table(node.this, frame)
        if isinstance(node, exp.Table) and isinstance(node.this, exp.Identifier):
            name = node.name.upper()
            cte = None
            around: _Frame | None = frame
            while around is not None and cte is None and not node.db:
                cte, around = around.ctes.get(name), around.outer
            shape = cte or self._tables.get(name) or _Shape({}, 1, _UNKNOWN)
        elif isinstance(node, exp.Query):
            shape = self._query(node, frame)
        elif isinstance(node, exp.Values):
            rows = [[self._value(value, frame) for value in _cells(row)] for row in node.expressions]
            shape = _Shape({}, max(map(max, filter(None, rows)), default=1), max(map(sum, rows), default=1))
        else:
            size = max([1, *(self._value(child, frame) for child in node.iter_expressions())])
            shape = _Shape({}, size, size + _UNKNOWN)
        for pivot in node.args.get("pivots") or ():
            shape = _plain(shape.width + sum(1 for _ in pivot.walk()))
        return shape

    def _value(self, node: exp.Expr, frame: _Frame) -> int:
        """The size of an expression's type."""
        if isinstance(node, exp.Column) and not isinstance(node.this, exp.Star):
            return _column([part.name.upper() for part in node.parts], frame)
        if isinstance(node, exp.Column):
            known = [shape.width for source, shape in frame.sources if source == node.table.upper()]
            return known[0] if len(known) == 1 else max(frame.width, frame.largest)
        if isinstance(node, exp.Query):
            return self._query(node, frame).width
        if isinstance(node, exp.Identifier) and isinstance(node.parent, exp.Dot):
            return _column([node.name.upper()], frame)
        if isinstance(node, exp.PropertyEQ) and isinstance(node.this, (exp.Identifier, exp.Literal)):
            return self._value(node.expression, frame)
        parts = [self._value(child, frame) for child in node.iter_expressions()]
        if isinstance(node, (exp.Star, exp.Columns)):
            return max(1, frame.width) + sum(parts)
        most = max([1, *parts])
        if _combines(node):
            if sum(parts) - len(parts) > frame.room:
                raise _too_large()
            return 1 + sum(parts)
        if isinstance(node, (exp.Predicate, exp.Connector, exp.Not, exp.Count)):
            return 1
        return most + 1 if isinstance(node, (exp.Array, exp.Func)) else most


def _combines(node: exp.Expr) -> bool:
    """The value holds all those that it is made of."""
    if isinstance(node, exp.Dot):
        node = node.expression
    return (
        isinstance(node, (exp.Struct, exp.Tuple, exp.PropertyEQ))
        or isinstance(node, exp.Anonymous)
        and node.name == MADE
    )


def _column(names: list[str], frame: _Frame) -> int:
    """A column, perhaps with its table in front or a field after it."""
    found = [frame.find(name) for name in names]
    return max([1, *found]) if found[-1] else max([1, *found, frame.largest])


def _plain(size: int) -> _Shape:
    """Rows of which no more is known."""
    return _Shape({}, size, size)


def _renamed(shape: _Shape, node: exp.Expr) -> _Shape:
    """Rows whose columns may have got other names."""
    alias = node.args.get("alias")
    if not isinstance(alias, exp.TableAlias) or not alias.columns:
        return shape
    return _Shape({column.name.upper(): shape.largest for column in alias.columns}, shape.largest, shape.width)


def _cells(row: exp.Expr) -> list[exp.Expr]:
    return list(row.expressions) if isinstance(row, exp.Tuple) else [row]


def _children(arg: object) -> list[exp.Expr]:
    return [child for child in (arg if isinstance(arg, list) else [arg]) if isinstance(child, exp.Expr)]
