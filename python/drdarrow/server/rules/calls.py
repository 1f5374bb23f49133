"""Calls of functions: what a rule sees of one, and what it may make of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from sqlglot import exp

from drdarrow.server.engine import SqlError
from drdarrow.server.rules.kinds import Kind, kind
from drdarrow.server.rules.product import Product
from drdarrow.server.rules.tree import Raw, put

__all__ = [
    "BIGINT",
    "BLOB",
    "DATE",
    "DOUBLE",
    "INTEGER",
    "TEXT",
    "TIME",
    "TIMESTAMP",
    "Call",
    "Macros",
    "Rule",
    "Simple",
]
__all__ += ["calls", "constant", "fault", "once", "refused", "typed"]

SMALLINT, INTEGER, BIGINT, DOUBLE = Kind("SMALLINT"), Kind("INTEGER"), Kind("BIGINT"), Kind("DOUBLE")
DATE, TIME, TIMESTAMP = Kind("DATE"), Kind("TIME"), Kind("TIMESTAMP")
TEXT, BLOB = Kind("VARCHAR"), Kind("BLOB")

#: Name to parameters and body: each parameter may stand in the body several times.
Macros: TypeAlias = dict[str, tuple[str, str]]


def once(body: str, **of: str) -> str:
    """An expression of a macro over `s.name` for each of these: it is worked out once, however often it stands there.
    What a macro repeats grows with every call within another, and would draw from a sequence again."""
    made = ", ".join(f"'{name}': {value}" for name, value in of.items())
    return f"list_transform([{{{made}}}], lambda s: {body})[1]"


def fault(code: int, state: str, tokens: str, of: str = "VARCHAR") -> str:
    """An expression that raises a condition when it is worked out: see `errors`. of: its type, as DuckDB names it. What
    calls `error` may not stand in a window, so this is a text that is no number."""
    return f"CAST(CAST(CAST('drdarrow {code} {state}|{tokens}' AS BIGINT) AS VARCHAR) AS {of})"


@dataclass
class Call:
    """A call `name(args)`, each argument put in DuckDB's words already."""

    name: str
    args: list[exp.Expr]
    product: Product
    node: exp.Anonymous

    def kind(self, n: int) -> Kind | None:
        """The type of an argument."""
        return kind(self.args[n]) if n < len(self.args) else None

    def literal(self, n: int) -> str | None:
        """The value of an argument that is a constant."""
        return constant(self.args[n]) if n < len(self.args) else None

    def number(self, n: int) -> int | None:
        """The value of an argument that is a whole number."""
        value = self.literal(n)
        return int(value) if value is not None and value.lstrip("-").isdecimal() and len(value) < 12 else None

    def word(self, n: int) -> str:
        """An argument that is a word such as ISO or OCTETS; nothing for any other."""
        arg = self.args[n] if n < len(self.args) else None
        return arg.name.upper() if isinstance(arg, (exp.Column, exp.Var)) and not arg.args.get("table") else ""

    def made(self, words: str, result: Kind | None, *parts: exp.Expr) -> Raw:
        """Words of DuckDB's with the arguments in them, or with these parts."""
        return put(words, *(parts or self.args), kind=result)

    def macro(self, name: str, result: Kind | None, *parts: exp.Expr, cast: str | Sequence[str] = "VARCHAR") -> Raw:
        """A call of a macro. cast: the type of a parameter marker in it, or that of each argument."""
        args = parts or tuple(self.args)
        types = [cast] * len(args) if isinstance(cast, str) else cast
        given = [typed(part, of) for part, of in zip(args, types, strict=True)]
        return put(f"{name}({', '.join(['{}'] * len(given))})", *given, kind=result)

    def refuse(self) -> SqlError:
        """The condition for a call that cannot be answered."""
        return SqlError(-440, "42884", self.name, "FUNCTION")


#: Makes an expression of a call; None leaves it as it is.
Rule = Callable[[Call], exp.Expr | None]
#: By the number of arguments: DuckDB's words for it and its type; an int is that of the argument.
Simple = Mapping[int, tuple[str, Kind | int | None]]


def calls(simple: Simple) -> Rule:
    """A rule that only depends on the number of arguments."""

    def rule(call: Call) -> exp.Expr | None:
        found = simple.get(len(call.args))
        if found is None:
            return None
        words, result = found
        return call.made(words, call.kind(result) if isinstance(result, int) else result)

    return rule


def refused(call: Call) -> exp.Expr | None:
    """A function that DuckDB has not, or answers otherwise."""
    raise call.refuse()


def constant(node: exp.Expr) -> str | None:
    """The value of a constant, its sign in front."""
    node = node.unnest()
    if isinstance(node, exp.Neg) and isinstance(node.this, exp.Literal) and not node.this.is_string:
        return f"-{node.this.name}"
    return node.name if isinstance(node, exp.Literal) else None


def typed(node: exp.Expr, duck: str) -> exp.Expr:
    """A parameter marker with a type: within a macro it has none by itself."""
    return put(f"CAST({{}} AS {duck})", node, kind=kind(node)) if isinstance(node, exp.Placeholder) else node
