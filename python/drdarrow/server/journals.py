"""`TABLE(QSYS2.DISPLAY_JOURNAL(...))` in statements for DuckDB: its arguments are conditions for the rows of all
journals.
(Read: IBM i Services, DISPLAY_JOURNAL table function.)
"""

from __future__ import annotations

from collections.abc import Sequence

from drdarrow.server.engine import SqlError
from drdarrow.server.lexer import Word, text

__all__ = ["FUNCTION", "PICKING", "entries", "leave_order"]

#: The function, by its full name.
FUNCTION = "QSYS2.DISPLAY_JOURNAL"
#: Columns by which rows are picked, after those of the function.
PICKING = 7
_ARGUMENTS = "DRDARROW_ASKED"
_TEXT, _NUMBER, _TIME = "VARCHAR(32672)", "DECIMAL(21, 0)", "TIMESTAMP"


def _among(column: str) -> str:
    """A condition that a column is in a list of names with blanks or commas between."""
    return (
        f"({{0}} IS NULL OR {{0}} = '*ALL' OR POSITION(' ' || RTRIM({column}) || ' ' IN ' ' || "
        "REPLACE({0}, ',', ' ') || ' ') > 0)"
    )


def _receiver(column: str) -> str:
    """A condition that a receiver is among those of a column."""
    return f"POSITION(RTRIM({{0}}) || ' ' IN {column}) > 0"


#: Parameters in their order: type, and the condition; {0} stands for the argument.
_PARAMETERS = {
    "JOURNAL_LIBRARY": (_TEXT, "J.JOURNAL_LIBRARY = {0}"),
    "JOURNAL_NAME": (_TEXT, "J.JOURNAL_NAME = {0}"),
    "STARTING_RECEIVER_LIBRARY": (_TEXT, _among("J.RECEIVER_LIBRARY").replace("'*ALL'", "'*LIBL'")),
    "STARTING_RECEIVER_NAME": (
        _TEXT,
        "CASE WHEN {0} IS NULL OR {0} = '*CURRENT' THEN RECEIVER_NUMBER = RECEIVER_ATTACHED "
        "WHEN {0} IN ('*CURCHAIN', '*CURAVLCHN') THEN 1 = 1 "
        f"WHEN {{0}} = '*CURSEQCHN' THEN RECEIVER_NUMBER >= RECEIVER_RESET ELSE {_receiver('RECEIVERS_UNTIL')} END",
    ),
    "STARTING_TIMESTAMP": (_TIME, "({0} IS NULL OR ENTRY_TIMESTAMP >= {0})"),
    "STARTING_SEQUENCE": (_NUMBER, "({0} IS NULL OR SEQUENCE_NUMBER >= {0})"),
    "JOURNAL_CODES": (_TEXT, _among("JOURNAL_CODE")),
    "JOURNAL_ENTRY_TYPES": (
        _TEXT, f"({_among('JOURNAL_ENTRY_TYPE')} OR JOURNAL_CODE = 'R' AND POSITION('*RCD' IN {{0}}) > 0)",
    ),
    "OBJECT_LIBRARY": (_TEXT, _among("SUBSTR(OBJECT, 11, 10)")),
    "OBJECT_NAME": (_TEXT, _among("SUBSTR(OBJECT, 1, 10)")),
    "OBJECT_OBJTYPE": (_TEXT, _among("OBJECT_TYPE")),
    "OBJECT_MEMBER": (_TEXT, _among("SUBSTR(OBJECT, 21, 10)")),
    "USER": (_TEXT, _among("USER_NAME")),
    "JOB": (
        _TEXT, "({0} IS NULL OR {0} IN ('*ALL', JOB_NAME, JOB_NUMBER || '/' || JOB_USER || '/' || JOB_NAME))",
    ),
    "PROGRAM": (_TEXT, _among("PROGRAM_NAME")),
    "ENDING_RECEIVER_LIBRARY": (_TEXT, "1 = 1"),
    "ENDING_RECEIVER_NAME": (_TEXT, f"({{0}} IS NULL OR {{0}} = '*CURRENT' OR {_receiver('RECEIVERS_SINCE')})"),
    "ENDING_TIMESTAMP": (_TIME, "({0} IS NULL OR ENTRY_TIMESTAMP <= {0})"),
    "ENDING_SEQUENCE": (_NUMBER, "({0} IS NULL OR SEQUENCE_NUMBER <= {0})"),
    "COMMIT_CYCLE": (_NUMBER, "({0} IS NULL OR COMMIT_CYCLE = {0})"),
}  # fmt: skip
#: Those without which there is no journal.
_NEEDED = ("JOURNAL_LIBRARY", "JOURNAL_NAME")
#: Conditions that hold for arguments that are not given.
_USUAL = ("STARTING_RECEIVER_NAME",)


def entries(table: str, columns: Sequence[str], arguments: Sequence[Sequence[Word]]) -> str:
    """The rows of the function, out of those that a view has of all journals. An argument with a marker stands there
    once.

    Raises SqlError -440 for parameters that the function does not have here.
    """
    given: dict[str, str] = {}
    marked = False
    for at, argument in enumerate(arguments):
        words = list(argument)
        name = list(_PARAMETERS)[at] if at < len(_PARAMETERS) else ""
        if [word.text for word in words[1:3]] == ["=", ">"]:
            name, words = words[0].upper or words[0].text.strip('"'), words[3:]
        if name not in _PARAMETERS or name in given:
            raise SqlError(-440, "42884", f"DISPLAY_JOURNAL({name or len(arguments)})")
        if (value := text(words).strip()) and value.upper() != "DEFAULT":
            given[name] = value
            marked = marked or not _is_literal(words)
    if missing := [name for name in _NEEDED if name not in given]:
        raise SqlError(-440, "42884", f"DISPLAY_JOURNAL without {missing[0]}")
    for name in _USUAL:
        given.setdefault(name, "NULL")
    cast = {name: f"CAST({value} AS {_PARAMETERS[name][0]})" for name, value in given.items()}
    own = ", ".join(f'J."{name}"' for name in columns[:-PICKING])
    asked = ""
    if marked:
        values = ", ".join(f'{value} AS "{name}"' for name, value in cast.items())
        asked = f", (SELECT {values}) AS {_ARGUMENTS}"
        cast = {name: f'{_ARGUMENTS}."{name}"' for name in given}
    where = " AND ".join(_PARAMETERS[name][1].format(value) for name, value in cast.items())
    return f"(SELECT {own} FROM {table} AS J{asked} WHERE {where})"


def leave_order(words: Sequence[Word], at: int, end: int, arguments: Sequence[Sequence[Word]]) -> bool:
    """Leaves `ORDER BY SEQUENCE_NUMBER` out of a statement that has nothing but columns of the function, which stands
    from one word to another: rows that have this order by themselves are not collected in order to be sorted. Whether
    it did."""
    if not all(_is_literal(_value(argument)) for argument in arguments):
        return False
    columns = words[1 : at - 1]
    if words[0].upper != "SELECT" or words[at - 1].upper != "FROM" or len(columns) % 2 == 0:
        return False
    for number, word in enumerate(columns):
        if word.kind not in ("name", "quoted") if number % 2 == 0 else word.text != ",":
            return False
    rest = [word for word in words[end:] if word.text]
    order = rest[1:] if rest and rest[0].upper == "AS" else rest
    named = order[:1]
    order = order[1:] if named and named[0].upper not in ("ORDER", "") else order
    if [word.upper for word in order] != ["ORDER", "BY", "SEQUENCE_NUMBER"]:
        return False
    for word in order:
        word.text = word.before = ""
    return True


def _value(argument: Sequence[Word]) -> Sequence[Word]:
    """An argument without the name of its parameter."""
    return argument[3:] if [word.text for word in argument[1:3]] == ["=", ">"] else argument


def _is_literal(words: Sequence[Word]) -> bool:
    """A text or a number, which may stand in a statement twice."""
    return len(words) == 1 and (words[0].kind in ("string", "number") or words[0].upper == "NULL")
