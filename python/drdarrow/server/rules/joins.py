"""JOIN ... USING and NATURAL JOIN as joins ON: DuckDB compares their columns with the blanks at their ends, and has
them where the left table does. In Db2 and Derby they come first, in `SELECT *`. Source: Derby "JOIN operations"."""

from __future__ import annotations

from sqlglot import exp

from drdarrow.server.engine import SqlError
from drdarrow.server.rules.kinds import kind
from drdarrow.server.rules.scopes import Scope
from drdarrow.server.rules.tree import put

__all__ = ["merge"]

#: The columns of a join in their order: names, and the words for them.
_Visible = list[tuple[str, exp.Expr]]


def merge(node: exp.Select, scope: Scope) -> None:
    """Puts the joins of a SELECT, whose sources the scope has. The columns that they merge, and those of `*`, are told
    to the scope.

    Raises SqlError -270 where the columns of a table are not known, -205 for one that is not there, -203 for one that
    there are several of.
    """
    joins = node.args.get("joins") or []
    if not any(_named(join) is not None for join in joins):
        return
    if len(scope.sources) != len(joins) + 1:
        raise SqlError(-270, "42997", "USING or NATURAL beside joins in brackets")
    visible = _columns(scope, 0)
    for n, join in enumerate(joins, 1):
        right = _columns(scope, n)
        named = _named(join)
        if named is None:
            visible = visible + right
            continue
        theirs = {name.upper(): column for name, column in right}
        ours = [name.upper() for name, _ in visible]
        names = named or [name for name in ours if name in theirs]
        merged: _Visible = []
        same: exp.Expr | None = None
        for name in names:
            if name not in theirs or name not in ours:
                raise SqlError(-205, "42703", name, scope.sources[n][0])
            if ours.count(name) > 1:
                raise SqlError(-203, "42702", name)
            title, left = visible[ours.index(name)]
            equal = exp.EQ(this=_key(left.copy()), expression=_key(theirs[name].copy()))
            same = equal if same is None else exp.And(this=same, expression=equal)
            merged.append((title, _of_both(left, theirs[name], join.side.upper())))
        visible = [
            *merged,
            *(column for column in visible if column[0].upper() not in names),
            *(column for column in right if column[0].upper() not in names),
        ]
        scope.merged.update({name.upper(): column for name, column in merged})
        join.set("using", None)
        join.set("method", None)
        if same is None:
            join.set("kind", "CROSS")
        join.set("on", same)
    scope.visible = visible


def _named(join: exp.Expr) -> list[str] | None:
    """The columns of USING; none of NATURAL, which has those of both tables; None for another join."""
    using = join.args.get("using")
    if using:
        return [column.name.upper() for column in using]
    return [] if str(join.args.get("method") or "").upper() == "NATURAL" else None


def _columns(scope: Scope, n: int) -> _Visible:
    name, columns = scope.sources[n]
    if columns is None or not name:
        raise SqlError(-270, "42997", "USING or NATURAL with a table whose columns are not known")
    found: _Visible = []
    for column, of in columns:
        made = exp.column(column, table=name, quoted=True)
        made.meta["kind"] = of
        found.append((column, made))
    return found


def _of_both(left: exp.Expr, right: exp.Expr, side: str) -> exp.Expr:
    """The column that two are merged into."""
    outer = side in ("RIGHT", "FULL")
    return put("coalesce({}, {})", left.copy(), right.copy(), kind=kind(left)) if outer else left


def _key(column: exp.Expr) -> exp.Expr:
    """Without the blanks at the end, which do not count."""
    of = kind(column)
    return put("drdarrow_key({})", column, kind=of) if of is None or of.text else column
