"""Words that DuckDB reserves and Db2 takes for names of columns and tables: they are put in quotes where they stand as
one.

Most of them are words of DuckDB's own statements, which clients may send as well. So it is their place that counts: a
word with an operator, a comma, a bracket or a clause on both sides is a name.
"""

from __future__ import annotations

from collections.abc import Sequence

from drdarrow.server.lexer import Word

__all__ = ["WORDS", "quoted"]

#: Words that mean something within a clause of Db2's as well: see `_AFTER_NAME`.
_CLAUSES = {"ASC", "BINARY", "DESC", "GROUP", "LIMIT", "OFFSET", "ONLY", "ORDER", "WINDOW"}
#: Operators with one operand before them.
_POSTFIX = {"ISNULL", "NOTNULL"}
#: The words.
WORDS = (
    _CLAUSES
    | _POSTFIX
    | set(
        "ANALYSE ANALYZE ANTI ASOF ASYMMETRIC AT AUTHORIZATION COLLATE COLLATION CONCURRENTLY DEFERRABLE DESCRIBE DO "
        "FREEZE GLOB ILIKE INITIALLY LAMBDA LEADING MAP OVERLAPS PIVOT PIVOT_LONGER PIVOT_WIDER PLACING POSITIONAL "
        "QUALIFY RETURNING SEMI SHOW SIMILAR SUMMARIZE SYMMETRIC TRAILING UNPACK UNPIVOT VARIADIC VERBOSE".split()
    )
)
#: Statements in which DEFAULT is a value.
_VALUES = {"INSERT", "UPDATE", "MERGE"}
#: A name or an operand follows these.
_BEFORE = set(
    "SELECT DISTINCT WHERE AND OR ON BY SET HAVING THEN ELSE WHEN CASE AS FROM JOIN INTO UPDATE TABLE VIEW COLUMN ADD "
    "REFERENCES CONSTRAINT INDEX BETWEEN".split()
)
_SIGNS = {",", "(", "=", "<", ">", "<=", ">=", "<>", "!=", "+", "-", "*", "/", "||"}
#: What may follow a name that has nothing but a name in front: another name for a column or a table.
_AFTER_NAME = set(
    "FROM WHERE ORDER GROUP HAVING UNION EXCEPT INTERSECT FETCH FOR WITH ON SET INNER LEFT RIGHT FULL".split()
)
_AFTER_NAME |= {",", ")"}


def quoted(words: Sequence[Word]) -> list[Word]:
    """A statement with these words in quotes where they are names."""
    found = list(words)
    # A value in other statements, or a word of a function before the value that it has instead.
    if words[0].upper in ("SELECT", "WITH") and not any(word.upper in _VALUES for word in words):
        for at, word in enumerate(found):
            if word.upper == "DEFAULT" and not _is_value(words[at + 1]):
                found[at] = Word("quoted", '"DEFAULT"', word.before)
    for at, word in enumerate(found):
        if word.upper in WORDS and word.kind == "name" and at and _is_name(words, at):
            found[at] = Word("quoted", f'"{word.upper}"', word.before)
    return found


def _is_value(word: Word) -> bool:
    return word.kind in ("string", "number") or word.text == "(" or word.upper == "NULL"


def _is_name(words: Sequence[Word], at: int) -> bool:
    word, before, after = words[at].upper, words[at - 1], words[at + 1]
    if before.text == "." or after.text == ".":
        return True
    if word == "BINARY" and (before.upper in ("AS", "ADD") or after.text == "(" or after.upper == "LARGE"):
        # A type.
        return False
    if word == "LAMBDA" and _has_parameters(words, at + 1):
        return False
    if word in ("ORDER", "GROUP") and after.upper in ("BY", "SIBLINGS"):
        return False
    if word in ("LEADING", "TRAILING") and before.text == "(" and words[at - 2].upper == "TRIM":
        return False
    if before.text in _SIGNS or before.upper in _BEFORE:
        if after.text in ("(", "{", "["):
            # A call, or the columns after the name of a table.
            return after.text == "(" and before.upper in ("INTO", "TABLE", "VIEW", "REFERENCES", "ON")
        return True
    # Another name for a column or a table.
    alone = before.kind in ("name", "quoted", "number", "string") or before.text == ")"
    return (
        alone
        and word not in _CLAUSES | _POSTFIX
        and (after.kind == "end" or after.upper in _AFTER_NAME)
        and not _clause(before)
    )


def _has_parameters(words: Sequence[Word], at: int) -> bool:
    """Names with commas between them, and a colon."""
    while words[at].kind == "name" and words[at + 1].text == ",":
        at += 2
    return words[at].kind == "name" and words[at + 1].text == ":"


def _clause(word: Word) -> bool:
    """No name ends here."""
    return word.upper in ("NOT", "IS", "CONFLICT", "ALL", "GROUP", "ORDER", "ROWS", "ROW", "NULLS")
