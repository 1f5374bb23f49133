"""DuckDB's errors in SQLCODEs. DuckDB says what kind an error is in its first words, also where only text comes."""

from __future__ import annotations

import re

from drdarrow.server.engine import SqlError
from drdarrow.server.unforeseen import unforeseen

__all__ = ["translate"]

#: Kind, a pattern of its text, SQLCODE, SQLSTATE. The first that fits is taken; groups become the tokens, without any
#: the text does.
_RULES: list[tuple[str, str, int, str]] = [
    ("parser", r'at or near "([^"]*)"', -104, "42601"),
    ("parser", r"at end of input()", -104, "42601"),
    ("parser", r"", -104, "42601"),
    ("syntax", r"", -104, "42601"),
    ("catalog", r'drop the table because this table is main key table of the table "([^"]+)"', -478, "42893"),
    ("catalog", r'(?:Table|View|Sequence|Schema|Type|Index) with name "?([^"]+?)"? does not exist', -204, "42704"),
    ("catalog", r'schema named "([^"]+)"', -204, "42704"),
    ("catalog", r'Function with name "?([^"\s]+)"? does not exist', -440, "42884"),
    ("catalog", r'Column with name "?([^"]+?)"? already exists', -612, "42711"),
    ("catalog", r'with name "([^"]+)" already exists', -601, "42710"),
    ("catalog", r'Could not rename "[^"]+" to "([^"]+)": another entry', -601, "42710"),
    ("catalog", r"", -204, "42704"),
    ("binder", r"(foreign keys across different schemas)", -270, "42997"),
    ("binder", r'Referenced (?:column|table) "([^"]+)"', -206, "42703"),
    ("binder", r'Multiple assignments to same column "([^"]+)"', -121, "42701"),
    ("binder", r'Duplicate column name "([^"]+)" in INSERT', -121, "42701"),
    ("binder", r"Ambiguous reference to column name \"([^\"]+)\"", -203, "42702"),
    ("binder", r"(?:columns but \d+ values|values for \d+ columns)()", -117, "42802"),
    ("binder", r"No function matches .*'(\w+)\(", -440, "42884"),
    ("binder", r'column "([^"]+)" must appear in the GROUP BY', -119, "42803"),
    ("binder", r"same number of result columns()", -421, "42826"),
    ("binder", r"(?:Cannot compare|Cannot mix|type mismatch)", -401, "42818"),
    ("binder", r"Macro drdarrow_(?:moved|later)\(\)()", -182, "42816"),
    ("binder", r"", -206, "42703"),
    ("constraint", r"NOT NULL constraint failed: (\S+)", -407, "23502"),
    ("constraint", r"CHECK constraint failed(?: on table)?:? \"?(\w+)", -545, "23513"),
    ("constraint", r'key "([^":]+):.* is still referenced by a foreign key', -532, "23504"),
    ("constraint", r'foreign key constraint because key "([^":]+):', -530, "23503"),
    ("constraint", r"foreign key", -530, "23503"),
    ("constraint", r"", -803, "23505"),
    ("conversion", r"(?:date|time|timestamp) field value|(?:date|time|timestamp) format", -180, "22007"),
    ("conversion", r"Failure in decode: could not convert blob to (UTF8)", -330, "22021"),
    ("conversion", r"out of range|overflow", -413, "22003"),
    # A text that is a number has too many digits.
    ("conversion", r"convert string [\"'][-+]?(?:\d+\.?\d*|\.\d+)[\"'] to (?:DECIMAL|U?INT|HUGEINT)", -413, "22003"),
    ("conversion", r"Unimplemented type for cast \((.*) -> (.*)\)", -401, "42818"),
    ("conversion", r"", -420, "22018"),
    ("type mismatch", r"", -420, "22018"),
    ("mismatch type", r"", -420, "22018"),
    ("out of range", r"()Overflow in ", -802, "22003"),
    ("out of range", r"", -413, "22003"),
    ("invalid input", r"drdarrow 22001 (.*)", -404, "22001"),
    ("invalid input", r"drdarrow 54006 (.*)", -137, "54006"),
    ("invalid input", r"drdarrow 42815 (\d)\|(.*)", -171, "42815"),
    ("invalid input", r"drdarrow \d+ \w{5}\|", 0, ""),
    ("invalid input", r"[Dd]ivision by zero", -801, "22012"),
    ("invalid input", r"More than one row returned by a subquery()", -811, "21000"),
    ("invalid input", r"were not provided|[Pp]repared statement parameter|parameter count", -313, "07001"),
    ("interrupt", r"", -952, "57014"),
    ("transactioncontext", r"read-only mode()", -817, "25000"),
    ("transactioncontext", r"(?:PRIMARY KEY|UNIQUE) constraint", -803, "23505"),
    ("transactioncontext", r"", -911, "40001"),
    ("transaction", r"", -911, "40001"),
    ("serialization", r"", -911, "40001"),
    ("permission", r"", -551, "42501"),
    ("not implemented", r"", -270, "42997"),
    ("invalid input", r"", -901, "58004"),
    ("dependency", r'Cannot (?:drop|alter) entry "([^"]+)" because there are entries that depend', -478, "42893"),
    ("dependency", r"", -901, "58004"),
    ("sequence", r"reached (?:max|min)imum value of sequence \"([^\"]+)\"", -359, "23522"),
    ("sequence", r"", -901, "58004"),
    # The words say where its temporary files are.
    ("out of memory", r"()", -954, "57011"),
]

#: Characters of an error that are looked at: names in it come from clients.
_LONGEST = 1000
#: SQLCODEs whose text has no place for DuckDB's own words.
_OWN_TOKENS = {-104: 3, -601: 2}


#: A condition that the words of a statement for DuckDB raise: code, state, tokens. See `calls.fault`.
_OWN = re.compile(r"drdarrow (\d+) (\w{5})\|(.*?)(?:' to INT64.*)?$")
#: The name that an error of DuckDB's gives itself.
_KIND = re.compile(r"[A-Z][A-Za-z -]{0,40}")


def translate(text: str, error: BaseException | None = None) -> SqlError:
    """The condition for an error of DuckDB's, told by its text: `Catalog Error: Table with name X does not exist!`.

    Words of others are not for clients: they may hold paths and the text of statements. error: what raised the text.
    """
    kind, _, words = text.partition(" Error: ")
    if not words:
        kind, words = "", text
    # What follows the first line are hints and the place in the statement.
    line = words[:_LONGEST].partition("\n")[0].strip()
    for of, pattern, sqlcode, sqlstate in _RULES:
        if kind.strip().lower() == of and (found := re.search(pattern, line, re.IGNORECASE)):
            if own := _OWN.search(line):
                return SqlError(-int(own[1]), own[2], *filter(None, own[3].split("|")))
            tokens = list(found.groups()) or [line]
            tokens += [""] * (_OWN_TOKENS.get(sqlcode, 0) - len(tokens))
            if sqlcode == -601:
                tokens[1] = "TABLE"
            return SqlError(sqlcode, sqlstate, *tokens, rolled_back=sqlcode == -911)
    told = f"{kind} Error" if _KIND.fullmatch(kind) else "exception"
    return unforeseen(told if error is None else type(error).__name__, text if error is None else error)
