"""The walk over expressions: from below, so that the parts of one have types before it does."""

from __future__ import annotations

from abc import ABC, abstractmethod

from sqlglot import exp

from drdarrow.server.columns import Facts
from drdarrow.server.engine import SqlError
from drdarrow.server.patience import look
from drdarrow.server.rules import aggregates, choices, dates, numbers, order, places, positions, sequences, text
from drdarrow.server.rules.calls import Call
from drdarrow.server.rules.choices import alike
from drdarrow.server.rules.kinds import Kind, kind, of_constant, of_type
from drdarrow.server.rules.product import Product
from drdarrow.server.rules.scopes import Columns, Scope
from drdarrow.server.rules.tree import put

__all__ = ["CAST", "FUNCTIONS", "Expressions"]

#: The call that a CAST to a type of Db2's has become: value, type, sizes.
CAST = "drdarrow_db2_cast"
FUNCTIONS = {**text.FUNCTIONS, **positions.FUNCTIONS, **choices.FUNCTIONS, **numbers.FUNCTIONS, **dates.FUNCTIONS}
_AROUND = (exp.Window, exp.Filter, exp.WithinGroup, exp.IgnoreNulls, exp.RespectNulls)
_ARITHMETIC = (exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod)
_COMPARED = (exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.NullSafeEQ, exp.NullSafeNEQ)
_MARKER, _BOOLEAN = Kind("MARKER"), Kind("BOOLEAN")


class Expressions(ABC):
    """Puts expressions in DuckDB's words, in place."""

    def __init__(self, product: Product, known: Facts) -> None:
        self._product = product
        self._known = known

    @abstractmethod
    def query(self, node: exp.Expr, outer: Scope | None) -> Columns:
        """A query within an expression, put in DuckDB's words."""

    def argument(self, node: exp.Expr, key: str, scope: Scope) -> None:
        """Puts an argument of a node in DuckDB's words."""
        found = node.args.get(key)
        if isinstance(found, exp.Expr):
            made = self.value(found, scope)
            if made is not found:
                node.set(key, made)
        elif isinstance(found, list):
            made_list = [self.value(part, scope) if isinstance(part, exp.Expr) else part for part in found]
            if any(one is not other for one, other in zip(made_list, found, strict=True)):
                node.set(key, made_list)

    def children(self, node: exp.Expr, scope: Scope) -> None:
        for key in list(node.args):
            self.argument(node, key, scope)

    def value(self, node: exp.Expr, scope: Scope) -> exp.Expr:
        """An expression in DuckDB's words, with its type."""
        look()
        if isinstance(node, (*_ARITHMETIC, exp.Paren)):
            around = node.parent
            made = self._value(node, scope)
            return numbers.bounded(made, around)
        return self._value(node, scope)

    def _value(self, node: exp.Expr, scope: Scope) -> exp.Expr:
        if isinstance(node, (exp.Identifier, exp.DataType, exp.Var, exp.Star, exp.Lambda, exp.Schema)):
            return node
        if isinstance(node, exp.Column):
            if not node.table and (both := scope.both(node.name)) is not None:
                return both
            node.meta["kind"] = scope.find(node.table, node.name, node.db)
            return node
        if isinstance(node, exp.Literal):
            node.meta["kind"] = of_constant(node, self._product.storage.bytes)
            return node
        if isinstance(node, exp.Query):
            columns = self.query(node, scope)
            node.meta["kind"] = columns[0][1] if columns else None
            return node
        if isinstance(node, _AROUND):
            return self._around(node, scope)
        if isinstance(node, exp.Ordered):
            self.children(node, scope)
            return order.ordered(node, [], self._product)
        if isinstance(node, exp.Dot):
            # A function of a schema is that one, and a field of a value has no type here.
            self.children(node.expression, scope)
            return node
        if isinstance(node, (*_ARITHMETIC, exp.Connector, exp.DPipe)):
            return self._chain(node, scope)
        if isinstance(node, exp.Anonymous) and (place := places.placed(node, scope, self._product)) is not None:
            return place
        self.children(node, scope)
        return self._made(node)

    def _chain(self, node: exp.Binary, scope: Scope) -> exp.Expr:
        """`a + b + c` and so on, however long: from the left, without a call within another for each."""
        chain = [node]
        while isinstance(inner := chain[-1].this, (*_ARITHMETIC, exp.Connector, exp.DPipe)):
            chain.append(inner)
        made = self.value(chain[-1].this, scope)
        for one in reversed(chain):
            look()
            if made is not one.this:
                one.set("this", made)
            self.argument(one, "expression", scope)
            made = self._made(one)
        return made

    def _made(self, node: exp.Expr) -> exp.Expr:
        """An expression whose parts are put."""
        if isinstance(node, exp.Anonymous):
            return self._call(node)
        if isinstance(node, _ARITHMETIC):
            return dates.arithmetic(node, self._product) or numbers.arithmetic(node, self._product)
        if isinstance(node, _COMPARED):
            return order.compared(node, self._product)
        if isinstance(node, (exp.Between, exp.In)):
            return order.between(node, self._product)
        if isinstance(node, exp.Neg):
            return numbers.negated(node, self._product)
        if isinstance(node, exp.Cast) and not isinstance(node, exp.TryCast):
            return self._cast(node)
        found: Kind | None = None
        if isinstance(node, exp.Paren):
            found = kind(node.this)
        elif isinstance(node, (exp.Placeholder, exp.Parameter)):
            found = _MARKER
        elif isinstance(node, exp.Null):
            found = Kind("NULL")
        elif isinstance(node, exp.Interval):
            found = Kind("INTERVAL")
        elif isinstance(node, exp.Case):
            found = self._case(node)
        elif isinstance(node, exp.DPipe):
            for key, side in (("this", node.left), ("expression", node.right)):
                node.set(key, text.worded(side, self._product))
            sides = [kind(node.left), kind(node.right)]
            if all(of is not None and of.text for of in sides):
                sizes = [of.size for of in sides if of is not None]
                found = Kind("VARCHAR", sum(sizes) if all(sizes) else 0)
        elif isinstance(node, (exp.Predicate, exp.Connector, exp.Not, exp.Boolean)):
            found = _BOOLEAN
        elif isinstance(node, exp.Trim):
            found = Kind("VARCHAR")
        elif isinstance(node, exp.CurrentDate):
            found = Kind("DATE")
        elif isinstance(node, (exp.Localtimestamp, exp.CurrentTimestamp)):
            found = Kind("TIMESTAMP")
        elif isinstance(node, exp.Extract):
            return self._extract(node)
        if found is not None:
            node.meta["kind"] = found
        return node

    def _case(self, node: exp.Case) -> Kind | None:
        places = [(branch, "true") for branch in node.args["ifs"]]
        places += [(node, "default")] if node.args.get("default") is not None else []
        made, of = alike([place.args[key] for place, key in places], self._product)
        for (place, key), value in zip(places, made, strict=True):
            if value is not place.args[key]:
                place.set(key, value)
        return of

    def _extract(self, node: exp.Extract) -> exp.Expr:
        rule = FUNCTIONS.get(node.name.upper())
        if rule is None:
            return node
        call = exp.Anonymous(this=node.name.upper(), expressions=[node.expression])
        return rule(Call(node.name.upper(), call.expressions, self._product, call)) or node

    def _cast(self, node: exp.Cast) -> exp.Expr:
        to, value = of_type(node.to), node.this
        of = kind(value)
        if to is None:
            return node
        node.meta["kind"] = to
        if to == of or to.number and of is not None and (of.whole or of.name in ("MARKER", "NULL")):
            return node
        return self._as(value, to) or node

    def _as(self, value: exp.Expr, to: Kind) -> exp.Expr | None:
        of = kind(value)
        if (
            self._product.derby
            and to.text
            and of is not None
            and (of.approximate or of.number and to.name == "VARCHAR")
        ):
            raise SqlError(-461, "42846", of.name, to.name)
        marked = to.name == "DECFLOAT" and of is not None and of.name == "MARKER"
        if to.number and (of is None or of.number or of.text or of.moment or marked):
            return numbers.cast(value, to)
        if to.moment and (of is None or of.number or of.text or of.moment):
            return dates.cast(value, to, self._product)
        if to.text and of is not None and (of.approximate or of.moment or to.size):
            return text.cast(value, of, to, self._product)
        if to.text and to.size:
            return text.cast(value, of, to, self._product)
        return None

    def _around(self, node: exp.Expr, scope: Scope) -> exp.Expr:
        """A call with OVER, FILTER or WITHIN GROUP."""
        inner, outer = node, [node]
        while isinstance(inner.this, _AROUND):
            inner = inner.this
            outer.append(inner)
        for one in outer:
            for key in [key for key in one.args if key != "this"]:
                self.argument(one, key, scope)
        call = inner.this
        if not isinstance(call, exp.Anonymous):
            self.argument(inner, "this", scope)
            return node
        self.children(call, scope)
        name = str(call.this).upper()
        rule = aggregates.FUNCTIONS.get(name)
        if rule is None:
            node.meta["kind"] = aggregates.ranked(name, call.expressions)
            return node
        return rule(aggregates.Aggregate(node, call, self._product)) or node

    def _call(self, node: exp.Anonymous) -> exp.Expr:
        name, args = str(node.this).upper(), list(node.expressions)
        if name == CAST.upper():
            return self._as_db2(node, args)
        if name in sequences.FUNCTIONS:
            return sequences.valued(node, self._known)
        rule = aggregates.FUNCTIONS.get(name)
        if rule is not None and (name not in ("MIN", "MAX") or len(args) == 1):
            return rule(aggregates.Aggregate(node, node, self._product)) or node
        if name in ("TRUNC", "TRUNCATE"):
            if (made := dates.truncated(Call(name, args, self._product, node))) is not None:
                return made
        function = FUNCTIONS.get(name)
        return (function(Call(name, args, self._product, node)) if function is not None else None) or node

    def _as_db2(self, node: exp.Anonymous, args: list[exp.Expr]) -> exp.Expr:
        """CAST(x AS CHAR(5)) and the like."""
        if args[1].name in text.BYTES:
            return text.as_bytes(args[0], args[1].name, int(args[2].name), self._product)
        value, to = args[0], Kind(args[1].name, int(args[2].name))
        made = self._as(value, to)
        return made if made is not None else put("CAST({} AS VARCHAR)", value, kind=to)
