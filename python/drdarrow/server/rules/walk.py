"""The walk over queries: from the tables up, so that names have types before they are used."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress

from sqlglot import exp

from drdarrow.server.columns import Facts
from drdarrow.server.engine import SqlError
from drdarrow.server.patience import look
from drdarrow.server.rules import joins, order, tree
from drdarrow.server.rules.choices import fitted, together
from drdarrow.server.rules.expressions import Expressions
from drdarrow.server.rules.kinds import Kind, declared, kind, of_duck
from drdarrow.server.rules.product import Product
from drdarrow.server.rules.scopes import Columns, Scope
from drdarrow.server.rules.stored import stored
from drdarrow.server.rules.tree import put

__all__ = ["Ask", "Walk"]

#: The columns of a table, or of what gives one, as DuckDB has them: names and types.
Ask = Callable[[str], list[tuple[str, str]]]


class Walk(Expressions):
    """One walk over a statement, which it changes in place."""

    def __init__(self, product: Product, known: Facts, ask: Ask, change: Callable[[exp.Expr], Columns]) -> None:
        """change: puts a statement that is no query in DuckDB's words."""
        super().__init__(product, known)
        self._change = change
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
                if itself is not None:
                    _alike(itself, left, right, self._product)
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
        joins.merge(node, scope)
        for lateral in node.args.get("laterals") or ():
            self.source(lateral, scope)
        columns: Columns = []
        items: list[exp.Expr] = []
        listed: list[exp.Expr] = []
        for item in list(node.expressions):
            look()
            inner = item.unalias()
            if isinstance(inner, exp.Star) and scope.visible:
                if inner.args.get("except_") or inner.args.get("replace"):
                    raise SqlError(-270, "42997", "a changed * beside USING or NATURAL")
                for name, column in scope.visible:
                    items.append(exp.alias_(column.copy(), name, quoted=True))
                    items[-1].meta["kind"] = kind(column)
                    listed.append(items[-1])
                    columns = None if columns is None else [*columns, (name, kind(column))]
                continue
            if isinstance(inner, exp.Star) or isinstance(inner, exp.Column) and isinstance(inner.this, exp.Star):
                star = (
                    None if inner.args.get("except_") or inner.args.get("replace") else scope.star(item.text("table"))
                )
                columns = None if columns is None or star is None else columns + star
                items += [put("{}", exp.column(name), kind=of) for name, of in star or ()]
                listed.append(item)
                continue
            made = self._within(item, scope)
            if isinstance(item, exp.Column) and not item.table and made is not item:
                made = exp.alias_(made, item.name, quoted=True)
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
            columns = self._given(node)
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

    def _within(self, item: exp.Expr, scope: Scope) -> exp.Expr:
        """A part of a SELECT list, with its name."""
        if isinstance(item, exp.Alias):
            self.argument(item, "this", scope)
            return item
        return self.value(item, scope)


def _alike(itself: tuple[str, list[str]], first: Columns, more: Columns, product: Product) -> None:
    """Raises SqlError -344 for a recursive common table expression whose rows get other types: DuckDB would put them in
    those of the first ones. On i a text may be as long as it gets."""
    for n, ((name, one), (_, other)) in enumerate(zip(first or (), more or (), strict=True)):
        if one is None or other is None or {one.name, other.name} & {"NULL", "MARKER"}:
            continue
        texts = one.text and other.text
        longer = texts and 0 < one.size < other.size and product.name != "ibmi"
        if longer or one != other and not texts:
            raise SqlError(-344, "42825", itself[0], itself[1][n] if n < len(itself[1]) else name)


def _renamed(columns: Columns, names: list[str]) -> Columns:
    if columns is None or not names:
        return columns
    return [(name, of) for name, (_, of) in zip(names, columns, strict=False)]
