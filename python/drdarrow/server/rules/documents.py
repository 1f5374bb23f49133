"""Functions of XML and JSON, which have words between their arguments: those that DuckDB can answer exactly in its
words, the others refused by their names.

| Db2 | DuckDB |
|---|---|
| `JSON_VALUE(x, 'lax $.a' RETURNING t NULL ON EMPTY NULL ON ERROR)` | the text of a scalar, NULL for anything else |
| `JSON_EXISTS(x, 'lax $.a')` | the same without `lax` |
| `XMLSERIALIZE(x AS VARCHAR(100))` | the document as it is kept; a longer one is -433 |
| `XMLPARSE(DOCUMENT x)` of a constant or a marker | that, which is looked at where it is stored |

DuckDB has numbers with a point in JSON as DOUBLE: they are refused unless RETURNING asks for that.
"""

from __future__ import annotations

from collections.abc import Sequence

from drdarrow.server.ddl import type_at
from drdarrow.server.engine import SqlError
from drdarrow.server.lexer import Word, closing, lex, split, text
from drdarrow.server.rules.calls import Macros, fault

__all__ = ["MACROS", "put"]

_SCALARS = "'VARCHAR', 'BOOLEAN', 'BIGINT', 'UBIGINT'"
_VALUE = (
    "CASE WHEN json_valid(j) THEN CASE WHEN json_type(j, p) IN ({exact}) THEN json_extract_string(j, p) {more}END END"
)
_INEXACT = fault(270, "42997", "JSON_VALUE of a number with a point: RETURNING DOUBLE has it")
MACROS: Macros = {
    "drdarrow_json_value": (
        "j, p",
        _VALUE.format(exact=_SCALARS, more=f"WHEN json_type(j, p) = 'DOUBLE' THEN {_INEXACT} "),
    ),
    "drdarrow_json_double": ("j, p", _VALUE.format(exact=f"{_SCALARS}, 'DOUBLE'", more="")),
    "drdarrow_xml_text": (
        "x, n",
        f"CASE WHEN strlen(x) > n THEN {fault(433, '22001', 'XMLSERIALIZE')} ELSE x END",
    ),
}
#: Functions that look into documents, and that make them: the program has to.
_READ = set("XMLQUERY XMLEXISTS XMLCAST XMLVALIDATE XSLTRANSFORM XML2CLOB JSON_QUERY BSON_TO_JSON".split())
_MADE = set(
    "XMLELEMENT XMLFOREST XMLAGG XMLCONCAT XMLATTRIBUTES XMLNAMESPACES XMLTEXT XMLCOMMENT XMLPI XMLDOCUMENT XMLGROUP "
    "XMLROW JSON_OBJECTAGG JSON_ARRAYAGG JSON_TO_BSON".split()
)
#: Words within those that DuckDB has with commas.
_WITHIN = {"JSON_OBJECT": {"VALUE", "KEY", ":", "ON"}, "JSON_ARRAY": {"ON", "FORMAT"}}
_APPROXIMATE = ("DOUBLE", "FLOAT", "REAL")


def put(words: list[Word]) -> list[Word]:
    """A statement with these calls in DuckDB's words. Raises SqlError -270 for those that DuckDB has not."""
    if not any(word.upper.startswith(("XML", "XSL", "JSON_", "BSON_")) for word in words):
        return words
    # Parts of a call come before it.
    for at in range(len(words) - 3, -1, -1):
        name = words[at].upper
        if words[at].kind != "name" or words[at + 1].text != "(" or at and words[at - 1].text == ".":
            continue
        end = closing(words, at + 1)
        inside = words[at + 2 : end]
        if name in _READ:
            raise SqlError(-270, "42997", f"{name}: read the document and look into it in the program")
        if name in _MADE or _WITHIN.get(name, set()) & {word.upper for word in inside}:
            raise SqlError(-270, "42997", f"{name}: make the document in the program")
        if (rule := _RULES.get(name)) is not None:
            first, *rest = rule(inside)
            words = [*words[:at], Word(first.kind, first.text, words[at].before), *rest, *words[end + 1 :]]
    return words


def _path(words: Sequence[Word], name: str) -> Word:
    """A path, in DuckDB's words."""
    path = words[0].text if words and words[0].kind == "string" else ""
    inner = path[1:-1].strip().removeprefix("lax ").strip()
    if not inner.startswith("$") or "@" in inner or "?" in inner or "(" in inner:
        raise SqlError(-270, "42997", f"{name} with the path {path}")
    return Word("string", f"'{inner}'", " ")


def _arguments(inside: Sequence[Word], name: str) -> tuple[list[Word], list[Word]]:
    """The document, and the path with what follows it."""
    parts = split(inside)
    if len(parts) != 2 or not parts[0] or not parts[1]:
        raise SqlError(-440, "42884", name, "FUNCTION")
    document = list(parts[0])
    if [word.upper for word in document[-2:]] == ["FORMAT", "JSON"]:
        del document[-2:]
    return document, list(parts[1])


def _value(inside: Sequence[Word]) -> list[Word]:
    document, rest = _arguments(inside, "JSON_VALUE")
    path, clauses = _path(rest, "JSON_VALUE"), rest[1:]
    while (tail := [word.upper for word in clauses[-3:]]) in (["NULL", "ON", "EMPTY"], ["NULL", "ON", "ERROR"]):
        del clauses[-3:]
    if clauses and clauses[0].upper != "RETURNING" or "ON" in tail:
        raise SqlError(-270, "42997", f"JSON_VALUE {text(clauses).strip()}")
    of = clauses[1:]
    macro = "drdarrow_json_double" if of and of[0].upper in _APPROXIMATE else "drdarrow_json_value"
    call = [Word("name", macro), *_signs("(CAST("), *document, *_signs(" AS VARCHAR),"), path, *_signs(")")]
    return [*_signs("CAST("), *call, *_signs(" AS"), *of, *_signs(")")] if of else call


def _exists(inside: Sequence[Word]) -> list[Word]:
    document, rest = _arguments(inside, "JSON_EXISTS")
    path = _path(rest, "JSON_EXISTS")
    if [word.upper for word in rest[1:]] not in ([], ["FALSE", "ON", "ERROR"]):
        raise SqlError(-270, "42997", f"JSON_EXISTS {text(rest[1:]).strip()}")
    return [Word("name", "json_exists"), *_signs("("), *document, *_signs(","), path, *_signs(")")]


def _serialized(inside: Sequence[Word]) -> list[Word]:
    words = [*inside, Word("end", "")]
    start = int(words[0].upper == "CONTENT")
    depth, at = 0, start
    while words[at].kind != "end" and not (depth == 0 and words[at].upper == "AS"):
        depth += {"(": 1, ")": -1}.get(words[at].text, 0)
        at += 1
    found = type_at(words, at + 1) if words[at].kind != "end" else None
    rest = [word.upper for word in words[found.end : -1]] if found else []
    if found is None or found.duck != "VARCHAR" or rest not in ([], ["EXCLUDING", "XMLDECLARATION"]):
        raise SqlError(-270, "42997", f"XMLSERIALIZE {text(words[at:]).strip()}")
    length = found.about.get("drda:length", "2147483647")
    inner = [*_signs("drdarrow_xml_text(CAST("), *words[start:at], *_signs(f" AS VARCHAR), {length})")]
    return [*_signs("CAST("), *inner, *words[at : found.end], *_signs(")")]


def _parsed(inside: Sequence[Word]) -> list[Word]:
    rest = [word.upper for word in inside[2:]]
    plain = len(inside) > 1 and (inside[1].kind == "string" or inside[1].text == "?")
    if inside[:1] and inside[0].upper == "DOCUMENT" and plain and rest in ([], ["PRESERVE", "WHITESPACE"]):
        return [Word(inside[1].kind, inside[1].text)]
    raise SqlError(-270, "42997", "XMLPARSE of another value than a text constant or a parameter")


def _signs(words: str) -> list[Word]:
    """Some words as they are."""
    return lex(words)[:-1]


_RULES = {"JSON_VALUE": _value, "JSON_EXISTS": _exists, "XMLSERIALIZE": _serialized, "XMLPARSE": _parsed}
