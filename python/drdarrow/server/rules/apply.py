"""A statement put in DuckDB's words by the rules, where they have something to say of it."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable

from drdarrow.server.columns import Facts
from drdarrow.server.engine import SqlError
from drdarrow.server.lexer import Word, lex
from drdarrow.server.rules import (
    aggregates,
    choices,
    dates,
    documents,
    literals,
    numbers,
    order,
    places,
    positions,
    sequences,
    text,
    tree,
)
from drdarrow.server.rules.calls import Macros
from drdarrow.server.rules.expressions import CAST, FUNCTIONS
from drdarrow.server.rules.product import Product
from drdarrow.server.rules.scopes import Columns
from drdarrow.server.rules.statements import Statements

__all__ = ["apply", "macros", "made"]

#: Characters of a statement that is read; see `reading`.
_LONGEST = 256 << 10
_NAMES = {*FUNCTIONS, *aggregates.FUNCTIONS, *places.NAMES, CAST.upper()}
#: Signs and words beside calls that mean another thing in DuckDB, or that need to know types.
_SIGNS = {"+", "-", "*", "/", "%", "::"}
_WORDS = {"CAST", "DATE", "TIME", "TIMESTAMP", "EXTRACT"}
#: An operand follows these: a star or a minus is no operator there.
_OPENS = {
    *"SELECT ALL DISTINCT BY WHERE AND OR NOT ON HAVING THEN ELSE WHEN RETURNING VALUES SET IN BETWEEN LIKE".split()
}
#: A text that may be a date or a time.
_MOMENT = re.compile(r"'\s*\d{1,4}[-./:]\d")
#: Statements that store values, and the word in front of them.
_CHANGES = {"INSERT": "VALUES", "UPDATE": "SET", "MERGE": "MERGE"}
#: Queries that become one of a type, and groups that blanks at the end of a text do not make different.
_BLANKS = {"UNION", "INTERSECT", "EXCEPT", "GROUP", "USING", "NATURAL"}
_ORDER = {"<", ">", "<=", ">=", "BETWEEN", "ORDER"}


def macros(product: Product) -> Macros:
    """The macros that statements are put in."""
    return {
        **numbers.MACROS,
        **text.MACROS,
        **positions.MACROS,
        **choices.MACROS,
        **dates.MACROS,
        **aggregates.MACROS,
        **order.macros(product),
        **documents.MACROS,
    }


def made(sql: str, product: Product) -> list[str]:
    """The statements that make the macros of a view or a table, which outlive the connection."""
    return [
        f"CREATE MACRO IF NOT EXISTS main.{name}({parameters}) AS {body}"
        for name, (parameters, body) in macros(product).items()
        if f"{name}(" in sql
    ]


def apply(sql: str, product: Product, known: Facts, ask: Callable[[str], list[tuple[str, str]]]) -> tuple[str, Columns]:
    """The statement for DuckDB, and the columns of its result as far as their types are known. ask: DuckDB's columns
    of a table.

    Raises SqlError -270 for a statement that has another meaning in DuckDB and that cannot be read.
    """
    words = lex(sql)
    wanted = _concerns(words, product) or "*" * _names_decfloats(words, known)
    if not wanted:
        return sql, None
    if wanted == "*" and (put := literals.put(words, ask, product)) is not None:
        return put, None
    found = tree.read(sql) if len(sql) <= _LONGEST else None
    if found is None:
        if wanted == "*":
            return sql, None
        raise SqlError(-270, "42997", f"{wanted} in a statement that cannot be read")
    try:
        columns = Statements(product, known, ask).statement(found)
        if not tree.contains(found, tree.Raw):
            return sql, columns
        made = tree.write(found)
    except RecursionError:
        made = None
    if made is None:
        raise SqlError(-101, "54001", "expressions too deep")
    return made, columns


def _concerns(words: list[Word], product: Product) -> str:
    """The first word by which a statement may have another meaning in DuckDB; "*" for one that matters only where
    types are known; nothing for a statement that has none."""
    weak = "*" * _stores(words)
    for at, word in enumerate(words[:-1]):
        after = words[at + 1]
        if word.kind in ("name", "quoted"):
            if after.text == "(" and word.upper in _NAMES or word.upper in _WORDS:
                return word.upper
            weak = weak or "*" * (after.text == "(" and word.upper in sequences.FUNCTIONS)
            weak = weak or "*" * (word.upper in _BLANKS or word.upper in _ORDER and product.ebcdic)
        elif word.kind == "sign":
            if word.text in _SIGNS and at and words[at - 1].ends_operand and words[at - 1].upper not in _OPENS:
                return word.text
            negates = word.text == "-" and (after.kind in ("name", "quoted") or after.text == "(")
            weak = weak or "*" * (negates or word.text == "||" or word.text in _ORDER and product.ebcdic)
        elif word.kind == "string":
            weak = weak or "*" * bool(_MOMENT.match(word.text))
    return weak


def _names_decfloats(words: list[Word], known: Facts) -> bool:
    """A table with a DECFLOAT, which is a DOUBLE for DuckDB."""
    tables = (known.get(word.text.strip('"').upper(), {}) for word in words if word.kind in ("name", "quoted"))
    return any(about.get("drda:type") == "DECFLOAT" for table in tables for about in table.values())


def _stores(words: list[Word]) -> bool:
    """A statement puts values into columns that may have to be cut: other ones than texts, whole numbers, markers."""
    changes = next((word.upper for word in words if word.upper in _CHANGES), "")
    first = _CHANGES.get(changes)
    start = next((at for at, word in enumerate(words) if word.upper == first), None)
    if start is None or changes == "MERGE":
        return bool(changes)
    values = words[start + 1 : -1]
    if changes == "UPDATE":
        values = [after for word, after in itertools.pairwise(values) if word.text == "="]
        if any(word.text in "(+-" for word in values):
            return True
    return not all(literals.is_plain(word) and (word.kind != "number" or word.text.isdecimal()) for word in values)
