"""Comparisons and the order of values: texts that are compared with dates, characters in the order of EBCDIC.

On i and z/OS blanks come before other signs, those before small letters, capital letters and digits. There what is
ordered, or compared by `<` and its kin, is put in other characters first, one for each, that have this order in
Unicode; the blank and what the page has not stay. Whether texts are equal does not depend on it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from sqlglot import exp

from drdarrow.server.engine import SqlError
from drdarrow.server.patience import look
from drdarrow.server.rules import dates, tree
from drdarrow.server.rules.calls import TEXT, Macros, fault, once, typed
from drdarrow.server.rules.kinds import Kind, kind
from drdarrow.server.rules.product import Product
from drdarrow.server.rules.scopes import Columns
from drdarrow.server.rules.tree import contains, put

__all__ = ["between", "compared", "ebcdic", "group", "macros", "mapped", "ordered", "unblanked"]

#: Parts of a query that are compared with those of its GROUP BY.
_MOST = 1000
_SIGNS = (exp.LT, exp.LTE, exp.GT, exp.GTE)


def macros(product: Product) -> Macros:
    """Those of a product: letters in another order and back, their bytes."""
    if not product.ebcdic:
        return {}
    letters, codes = product.page
    rising = "".join(sorted(letters))
    coded = "".join(chr(0x100 + code) for code in codes)
    one, other, third = ("'" + text.replace("'", "''") + "'" for text in (letters, rising, coded))
    byte = f"list_transform(string_split(translate(s.x, {one}, {third}), ''), lambda c: hex(ord(c) - 256))"
    missing = fault(330, "22021", "HEX")
    return {
        # Of a value that is no text nothing changes.
        "drdarrow_ebcdic": ("x VARCHAR", f"translate(x, {one}, {other}), (x) AS x"),
        "drdarrow_letters": ("x VARCHAR", f"translate(x, {other}, {one}), (x) AS x"),
        "drdarrow_hex_page": (
            "x",
            once(
                f"CASE WHEN s.x IS NULL THEN NULL WHEN s.x = '' THEN '' WHEN translate(s.x, {one}, '') <> '' "
                f"THEN {missing} ELSE array_to_string({byte}, '') END",
                x="CAST(x AS VARCHAR)",
            ),
        ),
    }


def ebcdic(value: exp.Expr, product: Product) -> exp.Expr:
    """A text in characters that are in its order."""
    if isinstance(value, exp.Literal) and value.is_string:
        letters, _ = product.page
        return put(
            "{}", exp.Literal.string(value.name.translate(str.maketrans(letters, "".join(sorted(letters))))), kind=TEXT
        )
    return put("drdarrow_ebcdic({})", typed(value, "VARCHAR"), kind=TEXT)


def _moments(sides: list[exp.Expr]) -> Kind | None:
    """The type of a date among the sides of a comparison, if others are texts."""
    kinds = [kind(side) for side in sides]
    found = next((of for of in kinds if of is not None and of.moment), None)
    return found if found is not None and any(of is not None and of.text for of in kinds) else None


def compared(node: exp.Binary, product: Product) -> exp.Expr:
    """`a = b`, `a < b` and so on."""
    node.meta["kind"] = Kind("BOOLEAN")
    sides = [node.left, node.right]
    if (moment := _moments(sides)) is not None:
        for key, side in zip(("this", "expression"), sides, strict=True):
            if (of := kind(side)) is not None and of.text:
                node.set(key, dates.cast(side, moment, product))
    elif product.ebcdic and isinstance(node, _SIGNS):
        _letters(node, product)
    return node


def _letters(node: exp.Expr, product: Product) -> None:
    """Puts both sides of `<` and its kin in characters that are in their order."""
    left, right = node.args["this"], node.args["expression"]
    if isinstance(left, exp.Tuple) and isinstance(right, exp.Tuple):
        for one, other in zip(left.expressions, right.expressions, strict=False):
            if _texts([one, other]):
                one.replace(ebcdic(one.copy(), product))
                other.replace(ebcdic(other.copy(), product))
        return
    quantified = isinstance(right, (exp.All, exp.Any))
    query = right.this if quantified else None
    if not _texts([left, query if query is not None else right]):
        return
    node.set("this", ebcdic(left, product))
    if not quantified:
        node.set("expression", ebcdic(right, product))
        return
    if not isinstance(query, exp.Query):
        raise SqlError(-270, "42997", "a comparison with ALL or ANY of what is no query")
    right.set("this", _converted(query, lambda part, _: ebcdic(part, product)))


def _converted(query: exp.Query, convert: Callable[[exp.Expr, int], exp.Expr]) -> exp.Expr:
    """A subquery of one column in brackets, the column put otherwise."""
    made = mapped(query, [("", kind(query))], convert)
    return made if isinstance(made, exp.Subquery) else exp.Subquery(this=made)


def between(node: exp.Expr, product: Product) -> exp.Expr:
    """`a BETWEEN b AND c`, `a IN (b, c)`."""
    node.meta["kind"] = Kind("BOOLEAN")
    keys = ("this", "low", "high") if isinstance(node, exp.Between) else ("this",)
    listed = list(node.args.get("expressions") or ()) if isinstance(node, exp.In) else []
    sides = [node.args[key] for key in keys]
    query = node.args.get("query")
    moment = _moments([*sides, *listed, *([query] if query is not None else [])])
    if moment is not None and query is not None and (of := kind(query)) is not None and of.text:
        node.set("query", _converted(query, lambda part, _: dates.cast(part, moment, product)))
    if moment is not None:
        for key, side in zip(keys, sides, strict=True):
            if (of := kind(side)) is not None and of.text:
                node.set(key, dates.cast(side, moment, product))
        if listed:
            texts = (kind(side) for side in listed)
            cast = [
                dates.cast(side, moment, product) if of is not None and of.text else side
                for side, of in zip(listed, texts, strict=True)
            ]
            node.set("expressions", cast)
    elif product.ebcdic and isinstance(node, exp.Between) and _texts(sides):
        for key, side in zip(keys, sides, strict=True):
            node.set(key, ebcdic(side, product))
    return node


def _texts(sides: list[exp.Expr]) -> bool:
    """Texts are compared, or what may be texts, with each other or with markers."""
    kinds = [kind(side) for side in sides]
    return any(of is None or of.text for of in kinds) and all(
        of is None or of.text or of.name in ("MARKER", "NULL") for of in kinds
    )


def ordered(node: exp.Ordered, items: list[exp.Expr], product: Product) -> exp.Expr:
    """A part of ORDER BY. items: the SELECT list that a position or a name there may mean."""
    value = node.this
    found = kind(value)
    if not product.ebcdic:
        return node
    item = _meant(value, items)
    if item is not None:
        found = kind(item)
        if found is None or found.text:
            if contains(item, exp.Placeholder):
                raise SqlError(-270, "42997", "ORDER BY of a position with a parameter marker")
            value = item.unalias().copy()
    if found is None or found.text:
        node.set("this", ebcdic(value, product))
    return node


def mapped(query: exp.Expr, columns: Columns, convert: Callable[[exp.Expr, int], exp.Expr]) -> exp.Expr:
    """A query with its columns put otherwise; as it is where none is. convert: a column and its place."""
    names = [exp.column(f"c{n}") for n in range(len(columns or ()))]
    for name, (_, of) in zip(names, columns or (), strict=True):
        name.meta["kind"] = of
    parts = [convert(name, n) for n, name in enumerate(names)]
    if all(part is name for part, name in zip(parts, names, strict=True)):
        return query
    titled = [
        exp.alias_(part, title, quoted=True) if title else part
        for part, (title, _) in zip(parts, columns or (), strict=True)
    ]
    alias = exp.TableAlias(this=exp.to_identifier("drdarrow"), columns=[name.this.copy() for name in names])
    inner = query.this if isinstance(query, exp.Subquery) and not query.alias else query
    return exp.Select(expressions=titled, from_=exp.From(this=exp.Subquery(this=inner, alias=alias)))


def unblanked(query: exp.Expr, columns: Columns) -> exp.Expr:
    """A side of EXCEPT or INTERSECT, its texts without the blanks at their ends: they do not count there."""
    return mapped(query, columns, lambda part, _: _key(part))


def _key(part: exp.Expr) -> exp.Expr:
    of = kind(part)
    return put("drdarrow_key({})", part, kind=of) if of is None or of.name == "VARCHAR" else part


def group(query: exp.Select, items: list[exp.Expr]) -> None:
    """GROUP BY of an expression of text: values that differ in blanks at their ends are one. Columns are grouped by
    `selects`."""
    by = query.args.get("group")
    if by is None:
        return
    parts = [part for found in by.args.values() if isinstance(found, list) for one in found for part in _grouped(one)]
    texts = {tree.text(part): part for part in parts if not isinstance(part, (exp.Column, exp.Literal))}
    given = {tree.text(item.unalias()): kind(item.unalias()) for item in items}
    of = {text: given.get(text) or kind(part) for text, part in texts.items()}
    wanted = {text for text, found in of.items() if text is not None and found is not None and found.name == "VARCHAR"}
    if not wanted:
        return
    places = [place for key in ("group", "having", "order") if (place := query.args.get(key)) is not None]
    nodes = [node for place in (*places, *query.expressions) for node in place.walk()]
    if len(nodes) > _MOST:
        raise SqlError(-101, "54001", f"GROUP BY of texts in a query of more than {_MOST} parts")
    for node in nodes:
        look()
        text = tree.text(node)
        if text in wanted and not contains(node, exp.Placeholder):
            node.replace(put("drdarrow_key({})", node.copy(), kind=of[text]))


def _grouped(part: object) -> Iterator[exp.Expr]:
    """The expressions of a part of GROUP BY: those of ROLLUP, CUBE, GROUPING SETS, and in brackets."""
    if isinstance(part, (exp.Rollup, exp.Cube, exp.GroupingSets, exp.Tuple)):
        for one in part.expressions:
            yield from _grouped(one)
    elif isinstance(part, exp.Paren):
        yield from _grouped(part.this)
    elif isinstance(part, exp.Expr):
        yield part


def _meant(value: exp.Expr, items: list[exp.Expr]) -> exp.Expr | None:
    """The part of the SELECT list that a position or a name means."""
    if isinstance(value, exp.Literal) and not value.is_string and value.name.isdecimal():
        at = int(value.name) - 1
        return items[at] if 0 <= at < len(items) else None
    if isinstance(value, exp.Column) and not value.table:
        named = (item for item in items if isinstance(item, exp.Alias) and item.alias.upper() == value.name.upper())
        return next(named, None)
    return None
