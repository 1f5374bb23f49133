"""The steps of a procedure's body."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from drdarrow.server.lexer import Word

__all__ = [
    "Block", "Clauses", "Close", "Condition", "CursorDeclaration", "Declaration", "Fetch", "If", "Into", "Jump", "Loop",
    "Open", "Parameter", "Procedure", "Return", "Set", "Sql", "Step", "only_reads",
]  # fmt: skip

#: An expression or a statement.
Words: TypeAlias = list[Word]


@dataclass
class Declaration:
    """Variables of one type, and their first value; None is NULL."""

    names: list[str]
    type: str
    default: Words | None = None
    constant: bool = False


@dataclass
class CursorDeclaration:
    """A cursor. returns: its rows are a result of the call if it is open at the end."""

    name: str
    query: Words
    returns: bool


@dataclass
class Set:
    """Values for variables, all of which are made before the first is stored."""

    values: list[tuple[str, Words]]


@dataclass
class Into:
    """A query of one row, for variables."""

    query: Words
    targets: list[str]


@dataclass
class Sql:
    """A statement that changes rows."""

    statement: Words


@dataclass
class Open:
    """Runs the query of a cursor."""

    cursor: str


@dataclass
class Fetch:
    """The next row of a cursor, for variables."""

    cursor: str
    targets: list[str]


@dataclass
class Close:
    """Gives a cursor up."""

    cursor: str


@dataclass
class Condition:
    """Steps for when a condition holds."""

    when: Words
    steps: list[Step]


@dataclass
class If:
    """The first branch whose condition holds, or the others."""

    branches: list[Condition]
    others: list[Step]


@dataclass
class Loop:
    """Steps again and again. while_: as long as it holds before a round; until: until it holds after one."""

    steps: list[Step]
    while_: Words | None = None
    until: Words | None = None
    label: str = ""


@dataclass
class Jump:
    """LEAVE, which ends what has the label, or ITERATE, which begins its next round."""

    label: str
    again: bool


@dataclass
class Return:
    """Ends the procedure with a status."""

    status: Words | None


@dataclass
class Block:
    """BEGIN ... END with variables and cursors of its own. atomic: an error undoes all that it changed."""

    steps: list[Step]
    label: str = ""
    atomic: bool = False


Step: TypeAlias = (
    Declaration | CursorDeclaration | Set | Into | Sql | Open | Fetch | Close | If | Loop | Jump | Return | Block
)


def only_reads(steps: Sequence[Step]) -> bool:
    """None of the steps changes rows."""
    for step in steps:
        match step:
            case Sql():
                return False
            case If():
                inner = [*step.others, *(one for branch in step.branches for one in branch.steps)]
            case Loop() | Block():
                inner = step.steps
            case _:
                continue
        if not only_reads(inner):
            return False
    return True


@dataclass
class Parameter:
    """A parameter. mode: IN, OUT or INOUT."""

    mode: str
    name: str
    type: str


@dataclass
class Clauses:
    """The clauses of a procedure that catalogs tell of. specific: its name; results: how many there may be; access:
    what it does with data."""

    specific: str | None = None
    results: int = 0
    access: str = "MODIFIES"
    deterministic: bool = False


@dataclass
class Procedure:
    """A procedure. schema: None where it is not told; replaces: OR REPLACE; text: the statement that makes it."""

    schema: str | None
    name: str
    parameters: list[Parameter]
    body: Block
    replaces: bool = False
    text: str = ""
    clauses: Clauses = field(default_factory=Clauses)
    cursors: set[str] = field(default_factory=set)
