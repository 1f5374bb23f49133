"""Types of Db2 in CREATE TABLE, ALTER TABLE and CAST, and what a table's columns were declared as.

| Db2 | DuckDB |
|---|---|
| `CHAR`, `VARCHAR`, `LONG VARCHAR`, `CLOB`, `GRAPHIC`, `VARGRAPHIC`, `DBCLOB`, `NCHAR`, `NVARCHAR`, `NCLOB` | VARCHAR |
| the same `FOR BIT DATA`; `BINARY`, `VARBINARY`, `BLOB` | BLOB |
| `FLOAT`, `DECFLOAT` | DOUBLE; a number whose digits DOUBLE does not give back is refused for DECFLOAT |
| `XML` | VARCHAR: a document without a declaration |
| `DECIMAL`, `NUMERIC` without a size | DECIMAL(5, 0) |
| `TIMESTAMP(0)`, `(1)`-`(6)`, `(7)`-`(9)` | TIMESTAMP_S, TIMESTAMP, TIMESTAMP_NS |

DuckDB keeps no lengths; they are remembered, so that a client sees the columns as they were declared, and so that what
goes into them fits: see `storing`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from drdarrow.server.engine import SqlError
from drdarrow.server.lexer import Word, closing, split

__all__ = [
    "Change", "Type", "changes", "check_type", "declared", "declared_type", "is_definition", "is_type_place",
    "query_at", "type_at",
]  # fmt: skip

#: Names as Db2 and the metadata know them.
_NAMES = {
    "CHARACTER": "CHAR",
    "CHARACTER VARYING": "VARCHAR",
    "CHAR VARYING": "VARCHAR",
    "CHARACTER LARGE OBJECT": "CLOB",
    "CHAR LARGE OBJECT": "CLOB",
    "BINARY LARGE OBJECT": "BLOB",
    "BINARY VARYING": "VARBINARY",
    "NCHAR": "GRAPHIC",
    "NVARCHAR": "VARGRAPHIC",
    "NCLOB": "DBCLOB",
}
_TEXT = ("CHAR", "VARCHAR", "LONG VARCHAR", "CLOB", "GRAPHIC", "VARGRAPHIC", "DBCLOB", "LONG VARGRAPHIC")
_BYTES = ("BINARY", "VARBINARY", "BLOB")
_FIXED = ("CHAR", "GRAPHIC", "BINARY")
#: IBM i has the longest ones, of 32,766 bytes.
_LONGEST_FIXED = 32_767
_UNITS = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}
_CONSTRAINTS = ("CONSTRAINT", "PRIMARY", "UNIQUE", "FOREIGN", "CHECK")
_DECORATION = {"OR", "REPLACE", "TEMP", "TEMPORARY"}
#: Words before TYPE in a CREATE TYPE; how types of DuckDB's own begin.
_BEFORE_TYPE = {*_DECORATION, "DISTINCT"}
_DUCKDB_TYPES = {"ENUM", "STRUCT", "MAP", "UNION"}
_LARGE = 2_147_483_647
#: The length of a large object that tells none.
_LOB = 1 << 20
#: The CCSID of FOR BIT DATA.
_BINARY = "65535"
#: Digits of a DECFLOAT, and its bytes.
_DECFLOATS = {16: 8, 34: 16}
_DECIMALS = ("DECIMAL", "DEC", "NUMERIC", "NUM")
#: Digits of a DECIMAL that DuckDB has, and of a FLOAT in base 2.
_DIGITS_OF_DECIMAL, _BITS_OF_FLOAT = 38, 53
#: Digits of a second that DuckDB keeps.
_DIGITS = 9
#: Words of the longest type: TIMESTAMP(6) WITH TIME ZONE, VARCHAR(32 K OCTETS) FOR BIT DATA CCSID 1208.
_LONGEST = 24


@dataclass
class Type:
    """A type in a statement: what DuckDB calls it (None: the same), where it ends, what metadata say of it."""

    duck: str | None
    end: int
    about: dict[str, str]


@dataclass
class Change:
    """Changes to a table that is known: `drop` it, `add` a column, `remove` or `rename` one, give it a `type`,
    `move` the table to another name."""

    table: str
    what: str
    column: str = ""
    name: str = ""
    about: dict[str, str] = field(default_factory=dict)


def is_definition(words: Sequence[Word]) -> bool:
    """CREATE TABLE or ALTER TABLE, but for a table that is made of a query."""
    start = [word.upper for word in words[:6]]
    return bool(start) and start[0] in ("CREATE", "ALTER") and "TABLE" in start and not query_at(words)


def check_type(words: Sequence[Word]) -> None:
    """Looks at a CREATE TYPE. Raises SqlError -142 for a type of Db2, an array, a row or a distinct type: DuckDB would
    make something else of it. Enumerations and the like are DuckDB's own."""
    start = [word.upper for word in words[:5]]
    if start[:1] != ["CREATE"] or "TYPE" not in start or not set(start[1 : start.index("TYPE")]) <= _BEFORE_TYPE:
        return
    made = next((after.upper for word, after in zip(words, words[1:], strict=False) if word.upper == "AS"), "")
    if made not in _DUCKDB_TYPES:
        raise SqlError(-142, "42612", "CREATE TYPE")


def query_at(words: Sequence[Word]) -> int:
    """Where the AS stands in front of the query that a table or a view is made of; 0 in another statement."""
    start = [word.upper for word in words[:6]]
    what = next((at for at, word in enumerate(start) if word in ("TABLE", "VIEW")), 0)
    if start[:1] != ["CREATE"] or not what or not set(start[1:what]) <= _DECORATION:
        return 0
    at = what + 1
    while words[at].upper in ("IF", "NOT", "EXISTS"):
        at += 1
    at += 1
    while words[min(at, len(words) - 1)].text == ".":
        at += 2
    if at < len(words) and words[at].text == "(":
        at = closing(words, at) + 1
    return at if at < len(words) and words[at].upper == "AS" else 0


def is_type_place(words: Sequence[Word], at: int, defining: bool, opening: int) -> bool:
    """A type stands here: after the name of a column, after CAST's AS, after `::`. opening: the bracket around it."""
    word, before = words[at], words[at - 1] if at else Word("end", "")
    if word.kind != "name" or at == 0:
        return False
    if before.text == "::" or before.upper == "TYPE":
        return True
    if before.upper == "AS":
        return opening > 0 and words[opening - 1].upper in ("CAST", "TRY_CAST")
    two = words[at - 2].upper if at > 1 else ""
    return defining and before.kind in ("name", "quoted") and two in ("(", ",", "COLUMN", "ADD")


def type_at(words: Sequence[Word], at: int) -> Type | None:
    """The type that stands at a place, if it is one that has to be put otherwise or remembered."""
    # It may be cut off in the middle.
    start, words, at = at, [*words[at : at + _LONGEST], *[Word("end", "")] * 3], 0
    name, end = words[at].upper, at + 1
    while words[end].upper in ("VARYING", "LARGE", "OBJECT") or name == "LONG" and words[end].upper.startswith("VAR"):
        name += " " + words[end].upper
        end += 1
    name = _NAMES.get(name, name)
    sizes: list[int] = []
    if words[end].text == "(":
        close = min(closing(words, end), len(words) - 3)
        sizes = [_size(part) for part in split(words[end + 1 : close])]
        _check_sizes(name, sizes, "".join(word.text for word in words[end + 1 : close]))
        end = close + 1
    bits = words[end].upper == "FOR" and words[end + 1].upper == "BIT"
    if words[end].upper == "FOR" and words[end + 1].upper in ("BIT", "SBCS", "MIXED"):
        end += 3
    page = {}
    if words[end].upper == "CCSID":
        # Of characters in this page there are none.
        bits = bits or words[end + 1].text == _BINARY
        page = {"drda:ccsid": words[end + 1].text} if words[end + 1].kind == "number" else {}
        end += 2
    if name in _TEXT:
        about = {"drda:type": name + " FOR BIT DATA" * bits, **_length(name, sizes), **({} if bits else page)}
        return Type("BLOB" if bits else "VARCHAR", start + end, about)
    if name in _BYTES:
        return Type("BLOB", start + end, {"drda:type": name, **_length(name, sizes)})
    if name == "XML":
        return Type("VARCHAR", start + end, {"drda:type": name})
    if name == "DECFLOAT":
        digits = sizes[0] if sizes else 34
        if digits not in _DECFLOATS:
            raise SqlError(-604, "42611", f"DECFLOAT({digits})")
        return Type("DOUBLE", start + end, {"drda:type": name, "drda:length": str(_DECFLOATS[digits])})
    if name == "FLOAT":
        return Type("REAL" if sizes and sizes[0] <= 24 else "DOUBLE", start + end, {})
    if name in _DECIMALS:
        sizes = (sizes or [5]) + [0]
        return Type(f"DECIMAL({sizes[0]}, {sizes[1]})", start + end, {"drda:type": "NUMERIC"} if name[0] == "N" else {})
    if name == "TIMESTAMP" and sizes:
        digits = sizes[0]
        if digits > _DIGITS:
            raise SqlError(-604, "42611", f"TIMESTAMP({digits}): the engine keeps {_DIGITS} digits of a second")
        duck = "TIMESTAMP_S" if digits == 0 else "TIMESTAMP" if digits <= 6 else "TIMESTAMP_NS"
        return Type(duck, start + end, {"drda:scale": str(digits)})
    return None


def _check_sizes(name: str, sizes: Sequence[int], told: str) -> None:
    """Raises SqlError -604 for lengths that no product has."""
    first, last = sizes[0] if sizes else 1, sizes[-1] if sizes else 0
    zero = bool(told) and told[0] == "0" and first == 0
    if name in _DECIMALS:
        wrong = told[:1].isdigit() and (not 1 <= first <= _DIGITS_OF_DECIMAL or len(sizes) > 1 and last > first)
    elif name == "FLOAT":
        wrong = told[:1].isdigit() and not 1 <= first <= _BITS_OF_FLOAT
    else:
        wrong = zero and name in (*_TEXT, *_BYTES)
    if wrong:
        raise SqlError(-604, "42611", f"{name}({told})")


def declared_type(words: Sequence[Word], at: int) -> dict[str, str]:
    """The metadata of the type of a column or a variable. Raises SqlError -604 for one of fixed length that no product
    has: its values are filled up to it."""
    found = type_at(words, at)
    about = found.about if found else {}
    if about.get("drda:type", "").partition(" ")[0] in _FIXED and int(about.get("drda:length", 0)) > _LONGEST_FIXED:
        raise SqlError(-604, "42611", f"{about['drda:type']}({about['drda:length']})")
    return about


def declared(words: Sequence[Word]) -> dict[str, dict[str, dict[str, str]]]:
    """The columns in CREATE TABLE, beyond the facts that DuckDB keeps: table to column to metadata."""
    start = next((at for at, word in enumerate(words) if word.text == "("), len(words) - 1)
    if words[0].upper != "CREATE" or start < 2 or words[start - 1].kind not in ("name", "quoted"):
        return {}
    columns = {}
    for part in split(words[start + 1 : closing(words, start)]):
        if len(part) > 1 and part[0].upper not in _CONSTRAINTS:
            columns[_name(part[0])] = {**declared_type(part, 1), **_spelling(part[0])}
    name = _name(words[start - 1])
    return {f"{_name(words[start - 3])}.{name}" if words[start - 2].text == "." else name: columns}


def changes(words: Sequence[Word]) -> list[Change]:
    """The changes that DROP, ALTER TABLE, and CREATE ... AS a query make to known tables and views."""
    words = [*words, *[Word("end", "")] * 4]
    start = [word.upper for word in words[:6]]
    view = start[0] in ("DROP", "CREATE") and "VIEW" in start
    if start[0] not in ("DROP", "ALTER", "CREATE") or not view and "TABLE" not in start:
        return []
    at = start.index("VIEW" if view else "TABLE") + 1
    while words[at].upper in ("IF", "NOT", "EXISTS"):
        at += 1
    table, at = _name(words[at]), at + 1
    if words[at].text == ".":
        table, at = f"{table}.{_name(words[at + 1])}", at + 2
    if start[0] != "ALTER":
        return [Change(table, "drop")] if start[0] == "DROP" or query_at(words) else []
    action, at = words[at].upper, at + 1
    if action == "RENAME" and words[at].upper == "TO":
        return [Change(table, "move", name=_name(words[at + 1]))]
    if words[at].upper == "COLUMN":
        at += 1
    while words[at].upper in ("IF", "NOT", "EXISTS"):
        at += 1
    if words[at].upper in (*_CONSTRAINTS, "") and words[at].kind != "quoted":
        return []
    column, spelling, at = _name(words[at]), _spelling(words[at]), at + 1
    if action == "RENAME" and words[at].upper == "TO":
        return [Change(table, "rename", column, _name(words[at + 1]), _spelling(words[at + 1]))]
    if action == "DROP":
        return [Change(table, "remove", column)]
    if action == "ADD":
        return [Change(table, "add", column, about={**declared_type(words, at), **spelling})]
    while words[at].upper in ("SET", "DATA"):
        at += 1
    if action == "ALTER" and words[at].upper == "TYPE":
        return [Change(table, "type", column, about=declared_type(words, at + 1))]
    return []


def _name(word: Word) -> str:
    return word.text.strip('"').replace('""', '"').upper()


def _spelling(word: Word) -> dict[str, str]:
    """The name in quotes of a column that is not in upper case."""
    name = word.text[1:-1].replace('""', '"')
    return {"drda:name": name} if word.kind == "quoted" and name != name.upper() else {}


def _size(part: Sequence[Word]) -> int:
    """A length such as 10, 1M, 2 K OCTETS; 0 when it is none."""
    if not part or part[0].kind != "number" or not part[0].text.isdigit():
        return 0
    return int(part[0].text) * (_UNITS.get(part[1].upper, 1) if len(part) > 1 else 1)


def _length(name: str, sizes: list[int]) -> dict[str, str]:
    if sizes:
        return {"drda:length": str(min(sizes[0], _LARGE))} if sizes[0] > 0 else {}
    length = 1 if name in _FIXED else _LOB if name in ("CLOB", "DBCLOB", "BLOB") else 0
    return {"drda:length": str(length)} if length else {}
