"""Sequences and identity columns: their definitions in DuckDB's words.

An identity column is one whose default is drawn from a sequence of its own, in the schema `main`. A value for a column
that is GENERATED ALWAYS is SQLCODE -798, see `storing`.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence

from drdarrow.server.engine import SqlError
from drdarrow.server.lexer import Word, closing, name_end

__all__ = ["facts", "identities", "key", "least_and_most", "options", "sequence", "told"]

_LIMITS = {"START": "START WITH", "INCREMENT": "INCREMENT BY", "MINVALUE": "MINVALUE", "MAXVALUE": "MAXVALUE"}
#: The options with a number, by their metadata.
_TOLD = {
    "START": "drda:start",
    "INCREMENT": "drda:increment",
    "MINVALUE": "drda:least",
    "MAXVALUE": "drda:most",
    "CACHE": "drda:cache",
}
#: Types of sequences, as DuckDB names them, and the highest value of each.
_TYPES = {
    "SMALLINT": ("SMALLINT", (1 << 15) - 1),
    "INTEGER": ("INTEGER", (1 << 31) - 1),
    "INT": ("INTEGER", (1 << 31) - 1),
    "BIGINT": ("BIGINT", (1 << 63) - 1),
}
_DECIMALS = ("DECIMAL", "DEC", "NUMERIC")


def key(name: str) -> str:
    """The name by which the type of a sequence is known, beside those of tables."""
    schema, _, plain = name.replace('"', "").upper().rpartition(".")
    return f"{schema}.SEQUENCE {plain}" if schema else f"SEQUENCE {plain}"


def sequence(words: Sequence[Word], derby: bool = False) -> tuple[str, dict[str, dict[str, dict[str, str]]]] | None:
    """The statement for CREATE SEQUENCE, and what it says of the sequence; None for another one. derby: it begins with
    the lowest value of its type, with 1 elsewhere.

    Raises SqlError -104 for an option that is not known, -846 for a type that a sequence cannot have.
    """
    start = [word.upper for word in words[:5]]
    if start[:2] != ["CREATE", "SEQUENCE"] and start[:4] != ["CREATE", "OR", "REPLACE", "SEQUENCE"]:
        return None
    first = start.index("SEQUENCE") + 1
    end = name_end(words, first)
    head = "".join(word.before + word.text for word in words[:end])
    name = "".join(word.text for word in words[first:end])
    made, duck = options(words[end:-1], "INTEGER", derby)
    return f"{head} {_text(made)}", {key(name): {"": facts(made, duck, told(words[end:-1]))}}


def facts(made: Mapping[str, str], duck: str, said: Mapping[str, str]) -> dict[str, str]:
    """The facts about a sequence that DuckDB does not keep: its type, where it began, how values are kept ready."""
    return {
        "drda:type": duck,
        "drda:start": made.get("START WITH", made.get("MAXVALUE" if _falls(made) else "MINVALUE", "1")),
        "drda:cache": said.get("drda:cache", "20"),
        "drda:ordered": said.get("drda:ordered", "false"),
    }


def told(words: Sequence[Word]) -> dict[str, str]:
    """The options of a sequence or an identity column, as catalogs tell of them."""
    found: dict[str, str] = {}
    for at, word in enumerate(words):
        no = at > 0 and words[at - 1].upper == "NO"
        if word.upper in _TOLD and not no and at + 1 < len(words):
            found[_TOLD[word.upper]] = _number(words, at + 1)[0]
        elif word.upper == "CACHE" and no:
            found["drda:cache"] = "0"
        elif word.upper in ("CYCLE", "ORDER"):
            found["drda:cycles" if word.upper == "CYCLE" else "drda:ordered"] = "false" if no else "true"
    return found


def identities(words: Sequence[Word]) -> tuple[list[Word], list[str], dict[str, dict[str, str]]]:
    """The words of CREATE or ALTER TABLE with a default in place of each identity; the statements that make the
    sequences; the facts about the columns, by their names."""
    out: list[Word] = []
    first: list[str] = []
    columns: dict[str, dict[str, str]] = {}
    at = 0
    while at < len(words):
        word = words[at]
        found = _generated(words, at)
        if found is None:
            out.append(word)
            at += 1
            continue
        always, at = found
        given: Sequence[Word] = ()
        if words[at].text == "(":
            close = closing(words, at)
            given, at = words[at + 1 : close], close + 1
        name = f"drdarrow_identity_{uuid.uuid4().hex[:16]}"
        first.append(f"CREATE SEQUENCE main.{name} {_text(options(given)[0])}")
        out.append(Word("done", f"DEFAULT nextval('main.{name}')", word.before))
        kind = "ALWAYS" if always else "BY DEFAULT"
        columns[_column(words, at)] = {"drda:identity": kind, "drda:sequence": f"main.{name}"}
    return out, first, columns


def _generated(words: Sequence[Word], at: int) -> tuple[bool, int] | None:
    """GENERATED ALWAYS AS IDENTITY: whether it is ALWAYS, and where it ends."""
    if words[at].upper != "GENERATED":
        return None
    following = [word.upper for word in words[at + 1 : at + 5]]
    for phrase, always in ((["ALWAYS", "AS", "IDENTITY"], True), (["BY", "DEFAULT", "AS", "IDENTITY"], False)):
        if following[: len(phrase)] == phrase:
            return always, at + 1 + len(phrase)
    return None


def _column(words: Sequence[Word], at: int) -> str:
    """The column whose definition a place is in: the name after the last comma or bracket that is open there."""
    depth = 0
    while at > 0:
        at -= 1
        text = words[at].text
        if depth == 0 and (text in ("(", ",") or words[at].upper in ("COLUMN", "ADD")):
            return words[at + 1].text.strip('"').upper()
        depth += {")": 1, "(": -1}.get(text, 0)
    return ""


def options(words: Sequence[Word], duck: str = "", derby: bool = False) -> tuple[dict[str, str], str]:
    """START WITH 1 INCREMENT BY 1 and so on, without what says how values are kept ready, and the type. duck: the one
    that it has without a word; nothing for an identity column, whose limits are those of the column.

    Raises SqlError -104 for an option that is not known."""
    made: dict[str, str] = {}
    at = 0
    most = _TYPES[duck][1] if duck else 0
    while at < len(words):
        upper = words[at].upper
        if upper == ",":
            at += 1
        elif upper == "AS" and at + 1 < len(words):
            duck, most, at = _type(words, at + 1)
        elif upper in _LIMITS:
            value, at = _number(words, at + 1)
            made[_LIMITS[upper]] = value
        elif upper == "NO" and at + 1 < len(words):
            if words[at + 1].upper == "CYCLE":
                made["NO CYCLE"] = ""
            at += 2
        elif upper == "CYCLE":
            made["CYCLE"] = ""
            at += 1
        elif upper == "CACHE":
            _, at = _number(words, at + 1)
        elif upper == "ORDER":
            at += 1
        else:
            raise SqlError(-104, "42601", words[at].text, "", "START WITH, INCREMENT BY")
    falls = _falls(made)
    if not derby and "START WITH" in made:
        # That is where a cycle begins again.
        made.setdefault("MAXVALUE" if falls else "MINVALUE", made["START WITH"])
    if most and (derby or not falls):
        made.setdefault("MAXVALUE", str(most))
    if most and (derby or falls):
        made.setdefault("MINVALUE", str(-most if duck.startswith("DECIMAL") else -most - 1))
    if derby:
        made.setdefault("START WITH", made["MAXVALUE" if falls else "MINVALUE"])
    return made, duck


def least_and_most(duck: str) -> tuple[int, int]:
    """The limits of a type of sequences, as DuckDB names it."""
    if duck.startswith("DECIMAL"):
        most = min(10 ** int(duck[8:].partition(",")[0]), 1 << 63) - 1
        return -most, most
    most = _TYPES.get(duck, _TYPES["BIGINT"])[1]
    return -most - 1, most


def _falls(made: Mapping[str, str]) -> bool:
    return made.get("INCREMENT BY", "1").startswith("-")


def _text(made: Mapping[str, str]) -> str:
    return " ".join(f"{option} {value}".rstrip() for option, value in made.items())


def _type(words: Sequence[Word], at: int) -> tuple[str, int, int]:
    """The type of a sequence, its highest value, and where it ends."""
    name = words[at].upper
    if name in _TYPES:
        return *_TYPES[name], at + 1
    if name not in _DECIMALS:
        raise SqlError(-846, "42815", "SEQUENCE", words[at].text)
    digits, end = 5, at + 1
    if end < len(words) and words[end].text == "(":
        close = closing(words, end)
        sizes = [word.text for word in words[end + 1 : close] if word.text != ","]
        if not sizes or not all(size.isdecimal() and len(size) < 3 for size in sizes) or sizes[1:] not in ([], ["0"]):
            raise SqlError(-846, "42815", "SEQUENCE", words[at].text)
        digits, end = int(sizes[0]), close + 1
    if not 1 <= digits <= 31:
        raise SqlError(-604, "42611", words[at].text)
    return f"DECIMAL({digits}, 0)", min(10**digits, 1 << 63) - 1, end


def _number(words: Sequence[Word], at: int) -> tuple[str, int]:
    if at < len(words) and words[at].upper in ("WITH", "BY"):
        at += 1
    sign = ""
    if at < len(words) and words[at].text in ("-", "+"):
        sign, at = words[at].text.replace("+", ""), at + 1
    if at >= len(words) or words[at].kind != "number":
        raise SqlError(-104, "42601", words[min(at, len(words) - 1)].text if words else "", "", "a number")
    return sign + words[at].text, at + 1
