"""The walk over queries and expressions: from the tables up, so that the parts of one have types before it does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress

from sqlglot import exp

from drdarrow.server.columns import Facts
from drdarrow.server.engine import SqlError
from drdarrow.server.patience import look
from drdarrow.server.rules import aggregates, choices, dates, numbers, order, text, tree
from drdarrow.server.rules.calls import Call
from drdarrow.server.rules.choices import alike, fitted, together
from drdarrow.server.rules.kinds import Kind, declared, kind, of_constant, of_duck, of_type
from drdarrow.server.rules.product import Product
from drdarrow.server.rules.scopes import Columns, Scope
from drdarrow.server.rules.stored import stored
from drdarrow.server.rules.tree import put

__all__ = ["CAST", "FUNCTIONS", "Ask", "Walk"]

#: The call that a CAST to a type of Db2's has become: value, type, sizes.
CAST = "drdarrow_db2_cast"
FUNCTIONS = {**text.FUNCTIONS, **choices.FUNCTIONS, **numbers.FUNCTIONS, **dates.FUNCTIONS}
#: The columns of a table, or of what gives one, as DuckDB has them: names and types.
Ask = Callable[[str], list[tuple[str, str]]]
_AROUND = (exp.Window, exp.Filter, exp.WithinGroup, exp.IgnoreNulls, exp.RespectNulls)
_ARITHMETIC = (exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod)
_COMPARED = (exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.NullSafeEQ, exp.NullSafeNEQ)
_MARKER, _BOOLEAN = Kind("MARKER"), Kind("BOOLEAN")


class Walk:
    """One walk over a statement, which it changes in place."""

    def __init__(self, product: Product, known: Facts, ask: Ask, change: Callable[[exp.Expr], Columns]) -> None:
        """change: puts a statement that is no query in DuckDB's words."""
        self._product = product
        self._change = change
        self._known = known
        self._ask = ask

    def query(self, node: exp.Expr, outer: Scope | None, itself: tuple[str, list[str]] | None = None) -> Columns:
        """A query within another one, or by itself. itself: the name and columns by which it means its first part."""
        look()
        scope = Scope(outer)
        self.with_(node, scope)
        if isinstance(node, exp.SetOperation):
            left = self.query(node.left, scope)
            if itself is not None and outer is not None:
                outer.ctes[itself[0]] = _renamed(left, itself[1])
            right = self.query(node.right, scope)
            if isinstance(node, (exp.Except, exp.Intersect)):
                for key, of in (("this", left), ("expression", right)):
                    node.set(key, order.unblanked(node.args[key], of))
            columns: Columns = None
            if left is not None and right is not None and len(left) == len(right):
                columns = self._united(node, left, right, itself is None)
            scope.add("", columns)
            self._rest(node, scope, [put("{}", exp.column(name), kind=of) for name, of in columns or ()])
            return columns
        if isinstance(node, exp.Select):
            return self._select(node, scope)
        if isinstance(node, exp.Subquery):
            columns = self.query(node.this, scope)
            scope.add(node.alias_or_name, columns)
            for join in node.args.get("joins") or ():
                self.join(join, scope)
            columns = scope.star()
            self._rest(node, scope, [])
            return columns
        if isinstance(node, exp.Values):
            return self.rows(node, scope)
        if isinstance(node, exp.Table):
            self.source(node, scope)
            return scope.star()
        self.children(node, scope)
        return None

    def _united(self, node: exp.SetOperation, left: Columns, right: Columns, fits: bool) -> Columns:
        """The columns of a set operation. fits: its sides are put in the types that they have together."""
        pairs = list(zip(left or (), right or (), strict=True))
        kinds = [together((one, other), self._product) for (_, one), (_, other) in pairs]
        for key, of in (("this", left), ("expression", right)) if fits else ():
            node.set(key, order.mapped(node.args[key], of, lambda part, n: fitted(part, kinds[n], self._product)))
        return [(name, of) for ((name, _), _), of in zip(pairs, kinds, strict=True)]

    def with_(self, node: exp.Expr, scope: Scope) -> None:
        found = node.args.get("with_")
        for cte in found.expressions if isinstance(found, exp.With) else ():
            named = [column.name for column in cte.args["alias"].columns] if cte.args.get("alias") else []
            name = cte.alias.upper()
            itself = (name, named) if isinstance(found, exp.With) and found.recursive else None
            if isinstance(cte.this, exp.Query):
                columns = self.query(cte.this, scope, itself)
            else:
                columns = self._change(cte.this)
            scope.ctes[name] = _renamed(columns, named)

    def _select(self, node: exp.Select, scope: Scope) -> Columns:
        if (of := node.args.get("from_")) is not None:
            self.source(of.this, scope)
        for join in node.args.get("joins") or ():
            self.join(join, scope)
        for lateral in node.args.get("laterals") or ():
            self.source(lateral, scope)
        columns: Columns = []
        items: list[exp.Expr] = []
        listed: list[exp.Expr] = []
        for item in list(node.expressions):
            look()
            inner = item.unalias()
            if isinstance(inner, exp.Star) or isinstance(inner, exp.Column) and isinstance(inner.this, exp.Star):
                star = (
                    None if inner.args.get("except_") or inner.args.get("replace") else scope.star(item.text("table"))
                )
                columns = None if columns is None or star is None else columns + star
                items += [put("{}", exp.column(name), kind=of) for name, of in star or ()]
                listed.append(item)
                continue
            made = self._within(item, scope)
            listed.append(made)
            of = kind(made.unalias())
            made.meta["kind"] = of
            items.append(made)
            if isinstance(made, exp.Alias):
                scope.given.setdefault(made.alias.upper(), of)
            if columns is not None:
                columns.append((made.alias_or_name, of))
        node.set("expressions", listed)
        self._rest(node, scope, items)
        order.group(node, items)
        return columns

    def _rest(self, node: exp.Expr, scope: Scope, items: list[exp.Expr]) -> None:
        """The clauses of a query after its list."""
        done = ("with_", "from_", "joins", "laterals", "expressions", "this", "expression", "alias", "order")
        for key in [key for key in node.args if key not in done]:
            self.argument(node, key, scope)
        by = node.args.get("order")
        for part in by.expressions if by is not None else ():
            self._ordered(part, scope, items)

    def _ordered(self, part: exp.Expr, scope: Scope, items: list[exp.Expr]) -> None:
        if isinstance(part, exp.Ordered):
            if not isinstance(part.this, exp.Literal):
                self.argument(part, "this", scope)
            order.ordered(part, items, self._product)
        else:
            self.children(part, scope)

    def join(self, join: exp.Expr, scope: Scope) -> None:
        self.source(join.this, scope)
        for key in [key for key in join.args if key != "this"]:
            self.argument(join, key, scope)

    def source(self, node: exp.Expr, scope: Scope) -> None:
        """A table, subquery or function after FROM."""
        alias = node.args.get("alias")
        renamed = [column.name for column in alias.columns] if isinstance(alias, exp.TableAlias) else []
        name = node.alias_or_name
        if isinstance(node, exp.Lateral):
            node = node.this
        if isinstance(node, exp.Table) and not isinstance(node.this, exp.Identifier):
            self.children(node, scope)
            words = tree.text(node)
            try:
                columns: Columns = (
                    [(column, of_duck(duck)) for column, duck in self._ask(f"FROM {words}")] if words else None
                )
            except Exception:
                columns = None
            renamed = []
        elif isinstance(node, exp.Table):
            columns = self.table(node, scope)
        elif isinstance(node, exp.Subquery):
            columns = self.query(node.this, scope)
        elif isinstance(node, (exp.Query, exp.Values)):
            columns = self.query(node, scope)
            renamed = [] if isinstance(node, exp.Values) else renamed
        else:
            self.children(node, scope)
            columns = None
        if node.args.get("pivots"):
            columns = None
        scope.add(name, columns, renamed)
        for join in node.args.get("joins") or ():
            self.join(join, scope)

    def _given(self, node: exp.Table) -> Columns:
        """The columns of a function that gives a table; None where that depends on something around it."""
        words = tree.text(node)
        if words is None:
            return None
        with suppress(Exception):
            return [(column, of_duck(duck)) for column, duck in self._ask(f"FROM {words}")]
        return None

    def table(self, node: exp.Table, scope: Scope) -> Columns:
        """The columns of a table that is named."""
        if not node.db:
            found = scope.cte(node.name)
            if not isinstance(found, bool):
                return found
        parts = ".".join('"' + part.name.replace('"', '""') + '"' for part in node.parts)
        about = self._about(node)
        return [(name, declared(duck, about.get(name.upper(), {}))) for name, duck in self._ask(f"FROM {parts}")]

    def _about(self, node: exp.Table) -> Mapping[str, Mapping[str, str]]:
        name = node.name.upper()
        return self._known.get(f"{node.db}.{name}".upper(), self._known.get(name, {}))

    def rows(self, node: exp.Values, scope: Scope, columns: Columns = None) -> Columns:
        """Rows of values; columns: those that they go into."""
        kinds: list[list[Kind | None]] = []
        rows: list[exp.Expr] = []
        for row in node.expressions:
            look()
            cells = list(row.expressions) if isinstance(row, exp.Tuple) else [row]
            made = [self.value(cell, scope) for cell in cells]
            if columns is not None:
                targets = [of for _, of in columns]
                made = [stored(cell, of, self._product) for cell, of in zip(made, targets, strict=False)] + made[
                    len(targets) :
                ]
            if isinstance(row, exp.Tuple):
                row.set("expressions", made)
            rows.append(row if isinstance(row, exp.Tuple) else made[0])
            kinds.append([kind(cell) for cell in made])
        node.set("expressions", rows)
        if len({len(row) for row in kinds}) != 1:
            return None
        alias = node.args.get("alias")
        names = [column.name for column in alias.columns] if isinstance(alias, exp.TableAlias) else []
        return _renamed(
            [(f"col{n}", together(cells, self._product)) for n, cells in enumerate(zip(*kinds, strict=True))], names
        )

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

    def _within(self, item: exp.Expr, scope: Scope) -> exp.Expr:
        """A part of a SELECT list, with its name."""
        if isinstance(item, exp.Alias):
            self.argument(item, "this", scope)
            return item
        return self.value(item, scope)

    def children(self, node: exp.Expr, scope: Scope) -> None:
        for key in list(node.args):
            self.argument(node, key, scope)

    def value(self, node: exp.Expr, scope: Scope) -> exp.Expr:
        """An expression in DuckDB's words, with its type."""
        look()
        if isinstance(node, (exp.Identifier, exp.DataType, exp.Var, exp.Star, exp.Lambda, exp.Schema)):
            return node
        if isinstance(node, exp.Column):
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
            sides = [kind(node.left), kind(node.right)]
            if all(of is not None and of.text for of in sides):
                sizes = [of.size for of in sides if of is not None]
                found = Kind("VARCHAR", sum(sizes) if all(sizes) else 0)
        elif isinstance(node, (exp.Predicate, exp.Connector, exp.Not, exp.Boolean)):
            found = _BOOLEAN
        elif isinstance(node, (exp.Trim, exp.Substring)):
            found = Kind("VARCHAR")
        elif isinstance(node, exp.CurrentDate):
            found = Kind("DATE")
        elif isinstance(node, (exp.Localtimestamp, exp.CurrentTimestamp)):
            found = Kind("TIMESTAMP")
        elif isinstance(node, exp.Extract):
            return self._extract(node)
        elif isinstance(node, exp.StrPosition):
            return put("CAST({} AS INTEGER)", node, kind=Kind("INTEGER"))
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
        if to.number and (of is None or of.number or of.text or of.moment):
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
        value, to = args[0], Kind(args[1].name, int(args[2].name))
        made = self._as(value, to)
        return made if made is not None else put("CAST({} AS VARCHAR)", value, kind=to)


def _renamed(columns: Columns, names: list[str]) -> Columns:
    if columns is None or not names:
        return columns
    return [(name, of) for name, (_, of) in zip(names, columns, strict=False)]
