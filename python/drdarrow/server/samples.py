"""TABLESAMPLE of Db2 for LUW, whose number is a share in percent; DuckDB's is a number of rows where it says no more.

| Db2 | DuckDB |
|---|---|
| `T TABLESAMPLE BERNOULLI (2.5)`: each row by chance | `T TABLESAMPLE BERNOULLI (2.5 PERCENT)` |
| `T TABLESAMPLE SYSTEM (2) REPEATABLE (7)`: whole pages, the same ones again | the same, of 2,048 rows each |

(Read: Db2 for LUW, "Data sampling in queries", tablesample-clause in "subselect". The other products have no such
clause.)
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from drdarrow.server.engine import SqlError
from drdarrow.server.lexer import Word

__all__ = ["put"]

_WAYS = {"BERNOULLI", "SYSTEM"}


def put(words: Sequence[Word], luw: bool) -> list[Word]:
    """The statement in DuckDB's words.

    Raises SqlError -104 for another clause of this name and on another product, -270 for a number that is no constant,
    -171 for a share outside 0 to 100.
    """
    found = list(words)
    for at, word in enumerate(words):
        after = [*words[at + 1 : at + 3], words[-1], words[-1]]
        if word.upper != "TABLESAMPLE" or not at or not words[at - 1].ends_operand:
            continue
        if not luw or after[0].upper not in _WAYS or after[1].text != "(":
            if after[0].kind not in ("name", "number") and after[0].text != "(":
                # Something of this name.
                continue
            raise SqlError(-104, "42601", word.text, words[at - 1].text, "BERNOULLI, SYSTEM" if luw else "")
        share = _constant(words, at + 2, "TABLESAMPLE")
        if not 0 < share <= 100:
            raise SqlError(-171, "42815", "1", "TABLESAMPLE")
        found[at + 3] = Word(words[at + 3].kind, f"{words[at + 3].text} PERCENT", words[at + 3].before)
        if at + 6 < len(words) and words[at + 5].upper == "REPEATABLE":
            seed = _constant(words, at + 6, "REPEATABLE")
            if seed > 2**31 - 1:
                raise SqlError(-171, "42815", "1", "REPEATABLE")
            # DuckDB's is an integer.
            found[at + 7] = Word("number", str(int(seed)), words[at + 7].before)
    return found


def _constant(words: Sequence[Word], at: int, clause: str) -> Decimal:
    """The number in the brackets that begin at a place."""
    inside = [*words[at : at + 3], words[-1], words[-1]]
    if inside[0].text != "(" or inside[1].kind == "end" or inside[2].kind == "end":
        raise SqlError(-104, "42601", "END-OF-STATEMENT", clause, ")")
    if inside[1].kind != "number" or inside[2].text != ")":
        raise SqlError(-270, "42997", f"{clause} of an expression")
    return Decimal(inside[1].text)
