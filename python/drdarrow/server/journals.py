"""`TABLE(QSYS2.DISPLAY_JOURNAL(...))` in statements for DuckDB: its arguments are conditions for the rows of all
journals.
(Read: IBM i Services, DISPLAY_JOURNAL table function.)
"""

from __future__ import annotations

from collections.abc import Sequence

from drdarrow.server.engine import SqlError
from drdarrow.server.lexer import Word, text

__all__ = ["FUNCTION", "PICKING", "entries"]

#: The function, by its full name.
FUNCTION = "QSYS2.DISPLAY_JOURNAL"
#: Columns by which rows are picked, after those of the function.
PICKING = 5
_ARGUMENTS = "DRDARROW_ASKED"
_TEXT, _NUMBER, _TIME = "VARCHAR(32672)", "DECIMAL(21, 0)", "TIMESTAMP"


def _among(column: str) -> str:
    """A condition that a column is in a list of names with blanks or commas between."""
    return (
        f"({{0}} IS NULL OR {{0}} = '*ALL' OR POSITION(' ' || RTRIM({column}) || ' ' IN ' ' || "
        "REPLACE({0}, ',', ' ') || ' ') > 0)"
    )


def _receiver(sign: str, which: str) -> str:
    """The number of the receiver by its name."""
    return (
        f"RECEIVER_NUMBER {sign} (SELECT {which}(R.RECEIVER_NUMBER) FROM {{1}} AS R WHERE R.JOURNAL_LIBRARY = "
        "J.JOURNAL_LIBRARY AND R.RECEIVER_NAME = {0})"
    )


#: Parameters in their order: type, and the condition; {0} stands for the argument, {1} for the rows.
_PARAMETERS = {
    "JOURNAL_LIBRARY": (_TEXT, "J.JOURNAL_LIBRARY = {0}"),
    "JOURNAL_NAME": (_TEXT, "J.JOURNAL_NAME = {0}"),
    "STARTING_RECEIVER_LIBRARY": (_TEXT, _among("J.RECEIVER_LIBRARY").replace("'*ALL'", "'*LIBL'")),
    "STARTING_RECEIVER_NAME": (
        _TEXT,
        "CASE WHEN {0} IS NULL OR {0} = '*CURRENT' THEN RECEIVER_NUMBER = RECEIVER_ATTACHED "
        "WHEN {0} IN ('*CURCHAIN', '*CURAVLCHN') THEN 1 = 1 "
        f"WHEN {{0}} = '*CURSEQCHN' THEN RECEIVER_NUMBER >= RECEIVER_RESET ELSE {_receiver('>=', 'MIN')} END",
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
    "ENDING_RECEIVER_NAME": (_TEXT, f"({{0}} IS NULL OR {{0}} = '*CURRENT' OR {_receiver('<=', 'MAX')})"),
    "ENDING_TIMESTAMP": (_TIME, "({0} IS NULL OR ENTRY_TIMESTAMP <= {0})"),
    "ENDING_SEQUENCE": (_NUMBER, "({0} IS NULL OR SEQUENCE_NUMBER <= {0})"),
    "COMMIT_CYCLE": (_NUMBER, "({0} IS NULL OR COMMIT_CYCLE = {0})"),
}  # fmt: skip
#: Those without which there is no journal.
_NEEDED = ("JOURNAL_LIBRARY", "JOURNAL_NAME")
#: Conditions that hold for arguments that are not given.
_USUAL = ("STARTING_RECEIVER_NAME",)


def entries(table: str, columns: Sequence[str], arguments: Sequence[Sequence[Word]]) -> str:
    """The rows of the function, out of those that a view has of all journals. Each argument stands there once: it may
    be a marker.

    Raises SqlError -440 for parameters that the function does not have here.
    """
    given: dict[str, str] = {}
    for at, argument in enumerate(arguments):
        words = list(argument)
        name = list(_PARAMETERS)[at] if at < len(_PARAMETERS) else ""
        if [word.text for word in words[1:3]] == ["=", ">"]:
            name, words = words[0].upper or words[0].text.strip('"'), words[3:]
        if name not in _PARAMETERS or name in given:
            raise SqlError(-440, "42884", f"DISPLAY_JOURNAL({name or len(arguments)})")
        if (value := text(words).strip()) and value.upper() != "DEFAULT":
            given[name] = value
    if missing := [name for name in _NEEDED if name not in given]:
        raise SqlError(-440, "42884", f"DISPLAY_JOURNAL without {missing[0]}")
    for name in _USUAL:
        given.setdefault(name, "NULL")
    asked = ", ".join(f'CAST({value} AS {_PARAMETERS[name][0]}) AS "{name}"' for name, value in given.items())
    where = " AND ".join(_PARAMETERS[name][1].format(f'{_ARGUMENTS}."{name}"', table) for name in given)
    own = ", ".join(f'J."{name}"' for name in columns[:-PICKING])
    return f"(SELECT {own} FROM {table} AS J, (SELECT {asked}) AS {_ARGUMENTS} WHERE {where})"
