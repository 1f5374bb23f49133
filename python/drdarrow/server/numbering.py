"""Sequences and identity columns: their definitions in DuckDB's words.

An identity column is one whose default is drawn from a sequence of its own, in the schema `main`. A value for a column
that is GENERATED ALWAYS is SQLCODE -798, see `storing`.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from drdarrow.server.engine import SqlError
from drdarrow.server.lexer import Word, closing

__all__ = ["identities", "sequence"]

_LIMITS = {"START": "START WITH", "INCREMENT": "INCREMENT BY", "MINVALUE": "MINVALUE", "MAXVALUE": "MAXVALUE"}
_TYPES = {"SMALLINT": 32_767, "INTEGER": 2_147_483_647, "INT": 2_147_483_647}


def sequence(words: Sequence[Word]) -> str | None:
    """The statement for CREATE SEQUENCE; None for another one. Raises SqlError -104 for an option that is not known."""
    start = [word.upper for word in words[:5]]
    if start[:2] != ["CREATE", "SEQUENCE"] and start[:4] != ["CREATE", "OR", "REPLACE", "SEQUENCE"]:
        return None
    end = start.index("SEQUENCE") + 2
    while words[end].text == ".":
        end += 2
    head = "".join(word.before + word.text for word in words[:end])
    return f"{head} {_options(words[end:-1])}"


def identities(words: Sequence[Word]) -> tuple[list[Word], list[str], dict[str, dict[str, str]]]:
    """The words of CREATE or ALTER TABLE with a default in place of each identity; the statements that make the
    sequences; the facts about the columns, by their names."""
    out: list[Word] = []
    first: list[str] = []
    columns: dict[str, dict[str, str]] = {}
    at = 0
    while at < len(words):
        word = words[at]
        kind = _generated(words, at)
        if kind is None:
            out.append(word)
            at += 1
            continue
        always, at = kind
        options: Sequence[Word] = ()
        if words[at].text == "(":
            close = closing(words, at)
            options, at = words[at + 1 : close], close + 1
        name = f"drdarrow_identity_{uuid.uuid4().hex[:16]}"
        first.append(f"CREATE SEQUENCE main.{name} {_options(options)}")
        out.append(Word("done", f"DEFAULT nextval('main.{name}')", word.before))
        facts = {"drda:identity": "ALWAYS" if always else "BY DEFAULT", "drda:sequence": f"main.{name}"}
        columns[_column(words, at)] = facts
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


def _options(words: Sequence[Word]) -> str:
    """START WITH 1 INCREMENT BY 1 and so on, without what says how values are kept ready."""
    made: list[str] = []
    at, most = 0, 0
    while at < len(words):
        upper = words[at].upper
        if upper == ",":
            at += 1
        elif upper == "AS" and at + 1 < len(words):
            most = _TYPES.get(words[at + 1].upper, 0)
            at += 2
            if at < len(words) and words[at].text == "(":
                at = closing(words, at) + 1
        elif upper in _LIMITS:
            value, at = _number(words, at + 1)
            made.append(
                {"START": f"START WITH {value}", "INCREMENT": f"INCREMENT BY {value}"}.get(upper, f"{upper} {value}")
            )
        elif upper == "NO" and at + 1 < len(words):
            if words[at + 1].upper == "CYCLE":
                made.append("NO CYCLE")
            at += 2
        elif upper == "CYCLE":
            made.append("CYCLE")
            at += 1
        elif upper == "CACHE":
            _, at = _number(words, at + 1)
        elif upper == "ORDER":
            at += 1
        else:
            raise SqlError(-104, "42601", words[at].text, "", "START WITH, INCREMENT BY")
    if most and not any(option.startswith("MAXVALUE") for option in made):
        made.append(f"MAXVALUE {most}")
    return " ".join(made)


def _number(words: Sequence[Word], at: int) -> tuple[str, int]:
    if at < len(words) and words[at].upper in ("WITH", "BY"):
        at += 1
    sign = ""
    if at < len(words) and words[at].text in ("-", "+"):
        sign, at = words[at].text.replace("+", ""), at + 1
    if at >= len(words) or words[at].kind != "number":
        raise SqlError(-104, "42601", words[min(at, len(words) - 1)].text if words else "", "", "a number")
    return sign + words[at].text, at + 1
