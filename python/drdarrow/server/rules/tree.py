"""Statements for DuckDB as trees in which every call stays as it was written, and back."""

from __future__ import annotations

from typing import Any, ClassVar

from sqlglot import TokenType, exp
from sqlglot.dialects.duckdb import DuckDB
from sqlglot.errors import ErrorLevel, SqlglotError
from sqlglot.generators.duckdb import DuckDBGenerator
from sqlglot.parsers.duckdb import DuckDBParser

from drdarrow.server.counted import Counted
from drdarrow.server.engine import SqlError
from drdarrow.server.rules.kinds import Kind
from drdarrow.server.rules.kinds import kind as kind_of

__all__ = ["Raw", "contains", "put", "read", "text", "write"]

#: A type stands after these.
_BEFORE_TYPE = {TokenType.VAR, TokenType.IDENTIFIER, TokenType.ALIAS, TokenType.DCOLON, TokenType.COLUMN, TokenType.LT}
#: Operators that bind their operands by their place.
_OPERATORS = (exp.Binary, exp.Unary, exp.Predicate)


class Raw(exp.Expression):
    """Words of DuckDB's with expressions in them."""

    arg_types = {"words": True, "expressions": False}


class _Dialect(DuckDB):
    """DuckDB's words, calls by their names."""

    class Tokenizer(DuckDB.Tokenizer):
        HEX_STRINGS = [("X'", "'"), ("x'", "'")]

    class Parser(Counted):
        FUNCTIONS: ClassVar[dict[str, Any]] = {}
        FUNCTION_PARSERS = {
            name: parser
            for name, parser in DuckDBParser.FUNCTION_PARSERS.items()
            if name in ("CAST", "TRY_CAST", "EXTRACT", "TRIM")
        }

        def _words_of(self, sql: str) -> list[Any]:
            """Words, in which a call such as `DATE(x)` is not taken for a type: each within another is read twice."""
            words = super()._words_of(sql)
            for before, word, after in zip(words, words[1:], words[2:], strict=False):
                named = word.token_type in self.TYPE_TOKENS and word.token_type != TokenType.INTERVAL
                if named and after.token_type == TokenType.L_PAREN and before.token_type not in _BEFORE_TYPE:
                    word.token_type = TokenType.VAR
            return words

    class Generator(DuckDBGenerator):
        TRANSFORMS = {
            **DuckDBGenerator.TRANSFORMS,
            Raw: lambda self, node: node.args["words"].format(*(self.sql(part) for part in node.expressions)),
            exp.Anonymous: lambda self, node: _call(self, node),
            exp.IgnoreNulls: lambda self, node: self.sql(node, "this")[:-1] + " IGNORE NULLS)",
            exp.RespectNulls: lambda self, node: self.sql(node, "this")[:-1] + " RESPECT NULLS)",
        }


def _call(self: Any, node: exp.Anonymous) -> str:
    """A call with its name as it was written."""
    name = node.this if isinstance(node.this, str) else self.sql(node, "this")
    return f"{name}({self.expressions(node, flat=True)})"


_DIALECT = _Dialect()


def read(sql: str) -> exp.Expr | None:
    """The statement; None when it cannot be read, when it is read as no more than words, or is several ones."""
    found = _Dialect.Parser(dialect=_DIALECT).read(sql)
    if found is None:
        return None
    whole = len(found) == 1 and found[0] is not None and not isinstance(found[0], exp.Command)
    return found[0] if whole else None


def write(tree: exp.Expr) -> str | None:
    """The statement of a tree; None for one that is too deep.

    Raises SqlError -270 for one that has what the writer does not know.
    """
    try:
        return str(
            _Dialect.Generator(dialect=_DIALECT, comments=False, unsupported_level=ErrorLevel.RAISE).generate(tree)
        )
    except RecursionError:
        return None
    except SqlglotError:
        raise SqlError(-270, "42997", "a clause beside an expression of Db2's") from None


def text(node: exp.Expr) -> str | None:
    """A part of a statement as DuckDB reads it; None where there are no words for it."""
    try:
        return write(node)
    except SqlError:
        return None


def put(words: str, *parts: exp.Expr, kind: Kind | None = None) -> Raw:
    """An expression of DuckDB's: `put("strpos({}, {})", a, b)`. Each part stands in it once, in brackets where
    the words have none around it."""
    if any(isinstance(part, _OPERATORS) and not isinstance(part, exp.Paren) for part in parts):
        pieces = words.split("{}")
        around = zip(parts, pieces, pieces[1:], strict=False)
        parts = tuple(part if _encloses(before, after) else _bracketed(part) for part, before, after in around)
    made = Raw(words=words, expressions=list(parts))
    made.meta["kind"] = kind
    return made


def _encloses(before: str, after: str) -> bool:
    """A part between these words is one operand, whatever it is."""
    return before.endswith(("(", ", ", "[", ": ")) and after.startswith((")", ",", "]", "}", " AS "))


def _bracketed(part: exp.Expr) -> exp.Expr:
    if not isinstance(part, _OPERATORS) or isinstance(part, exp.Paren):
        return part
    made = exp.Paren(this=part)
    made.meta["kind"] = kind_of(part)
    return made


def contains(node: exp.Expr, *kinds: type[exp.Expr]) -> bool:
    """A part of an expression is one of these."""
    return any(True for _ in node.find_all(*kinds))
