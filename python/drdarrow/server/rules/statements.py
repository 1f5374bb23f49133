"""Statements that change rows or make tables: their values, as the columns take them."""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from drdarrow.server.columns import Facts
from drdarrow.server.rules.kinds import Kind, of_type
from drdarrow.server.rules.product import Product
from drdarrow.server.rules.scopes import Columns, Scope
from drdarrow.server.rules.stored import stored
from drdarrow.server.rules.tree import put
from drdarrow.server.rules.walk import Ask, Walk

__all__ = ["Statements"]


class Statements:
    """Puts statements of all kinds in DuckDB's words, in place."""

    def __init__(self, product: Product, known: Facts, ask: Ask) -> None:
        self._product = product
        self._walk = Walk(product, known, ask, self.statement)

    def statement(self, node: exp.Expr) -> Columns:
        """Puts a statement in DuckDB's words; the columns of its result as far as they are known."""
        if isinstance(node, (exp.Query, exp.Values)):
            return self._walk.query(node, None)
        scope = Scope()
        self._walk.with_(node, scope)
        if isinstance(node, exp.Insert):
            self._insert(node, scope)
        elif isinstance(node, (exp.Update, exp.Delete)):
            self._change(node, scope)
        elif isinstance(node, exp.Merge):
            self._merge(node, scope)
        elif isinstance(node, exp.Create):
            self._create(node, scope)
        return None

    def _target(self, node: exp.Expr, scope: Scope) -> dict[str, Kind | None]:
        columns = (
            self._walk.table(node, scope)
            if isinstance(node, exp.Table) and isinstance(node.this, exp.Identifier)
            else None
        )
        return {name.upper(): of for name, of in columns or ()}

    def _insert(self, node: exp.Insert, scope: Scope) -> None:
        into = node.this
        table = into.this if isinstance(into, exp.Schema) else into
        known = self._target(table, scope)
        listed = [column.name.upper() for column in into.expressions] if isinstance(into, exp.Schema) else list(known)
        targets = [(name, known.get(name)) for name in listed]
        given = node.expression
        if isinstance(given, exp.Values):
            self._walk.rows(given, scope, targets)
        elif isinstance(given, exp.Query):
            columns = self._walk.query(given, scope)
            self._put_in(node, given, columns, targets)
        for key in [key for key in node.args if key not in ("with_", "this", "expression")]:
            self._walk.argument(node, key, scope)

    def _put_in(
        self, node: exp.Insert, given: exp.Expr, columns: Columns, targets: list[tuple[str, Kind | None]]
    ) -> None:
        """The columns of a query that an INSERT takes, as those that they go into."""
        if columns is None or len(columns) != len(targets):
            return
        names = [exp.column(f"c{n}") for n in range(len(columns))]
        for name, (_, of) in zip(names, columns, strict=True):
            name.meta["kind"] = of
        made = [stored(name, of, self._product) for name, (_, of) in zip(names, targets, strict=True)]
        if all(one is name for one, name in zip(made, names, strict=True)):
            return
        given_names = ", ".join(f"c{n}" for n in range(len(made)))
        words = f"SELECT {', '.join(['{}'] * len(made))} FROM ({{}}) AS drdarrow({given_names})"
        node.set("expression", put(words, *made, given))

    def _change(self, node: exp.Expr, scope: Scope) -> None:
        """UPDATE and DELETE."""
        table = node.this
        known = self._target(table, scope)
        scope.add(table.alias_or_name, list(known.items()) or None)
        if (of := node.args.get("from_")) is not None:
            self._walk.source(of.this, scope)
            for join in of.args.get("joins") or ():
                self._walk.join(join, scope)
        for other in node.args.get("using") or ():
            self._walk.source(other, scope)
        self._assignments(node, known, scope)
        for key in [key for key in node.args if key not in ("with_", "this", "from_", "using", "expressions")]:
            self._walk.argument(node, key, scope)

    def _assignments(self, node: exp.Expr, known: Mapping[str, Kind | None], scope: Scope) -> None:
        for part in node.expressions:
            if not isinstance(part, exp.EQ):
                self._walk.children(part, scope)
                continue
            made = self._walk.value(part.expression, scope)
            if isinstance(part.left, exp.Column):
                made = stored(made, known.get(part.left.name.upper()), self._product)
            elif isinstance(part.left, (exp.Tuple, exp.Paren)) and isinstance(made, (exp.Tuple, exp.Paren)):
                names = part.left.expressions or [part.left.this]
                if isinstance(made, exp.Tuple):
                    pairs = zip(made.expressions, names, strict=False)
                    made.set(
                        "expressions",
                        [stored(cell, known.get(name.name.upper()), self._product) for cell, name in pairs],
                    )
            part.set("expression", made)

    def _merge(self, node: exp.Merge, scope: Scope) -> None:
        known = self._target(node.this, scope)
        scope.add(node.this.alias_or_name, list(known.items()) or None)
        self._walk.source(node.args["using"], scope)
        self._walk.argument(node, "on", scope)
        for when in node.args["whens"].expressions:
            self._walk.argument(when, "condition", scope)
            then = when.args.get("then")
            if isinstance(then, exp.Update):
                self._assignments(then, known, scope)
            elif isinstance(then, exp.Insert) and isinstance(then.expression, exp.Tuple):
                names = [column.name.upper() for column in then.this.expressions] if then.this else list(known)
                cells = [self._walk.value(cell, scope) for cell in then.expression.expressions]
                pairs = zip(cells, [*names, *[""] * len(cells)], strict=False)
                then.expression.set(
                    "expressions", [stored(cell, known.get(name), self._product) for cell, name in pairs]
                )

    def _create(self, node: exp.Create, scope: Scope) -> None:
        if isinstance(node.this, exp.Schema):
            columns = [part for part in node.this.expressions if isinstance(part, exp.ColumnDef)]
            scope.add("", [(column.name, of_type(column.args.get("kind"))) for column in columns])
            self._walk.children(node.this, scope)
        if isinstance(node.expression, exp.Query):
            self._walk.query(node.expression, scope)
            self._filled(node)

    def _filled(self, node: exp.Create) -> None:
        """CREATE TABLE AS with data or without: the writer has no words for it."""
        properties = node.args.get("properties")
        found = properties.find(exp.WithDataProperty) if properties is not None else None
        if found is None:
            return
        if found.args.get("no"):
            node.set("expression", put("SELECT * FROM ({}) AS drdarrow LIMIT 0", node.expression))
        found.pop()
