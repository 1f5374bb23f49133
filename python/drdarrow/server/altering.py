"""ALTER SEQUENCE: DuckDB has none, so the sequence is made anew, to go on where it was."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from drdarrow.server import numbering
from drdarrow.server.columns import Facts
from drdarrow.server.current_schema import CurrentSchema
from drdarrow.server.cursors import Cursor
from drdarrow.server.describing import Rules
from drdarrow.server.engine import Prepared, SqlError
from drdarrow.server.known import Known
from drdarrow.server.lexer import Word, lex, name_end
from drdarrow.server.meaning import Run
from drdarrow.server.spelling import spelled
from drdarrow.server.statement import Statement
from drdarrow.server.wording import literal

__all__ = ["KIND", "as_now", "is_alteration", "prepare"]

#: The kind of such a statement.
KIND = "ALTER SEQUENCE"
_START = re.compile(r"\s*ALTER\s+SEQUENCE\b", re.IGNORECASE)
_FOUND = """
SELECT schema_name, sequence_name, start_value, min_value, max_value, increment_by, "cycle", last_value
FROM duckdb_sequences() WHERE upper(sequence_name) = ? AND upper(schema_name) = ?
AND database_name = current_database() AND NOT starts_with(sequence_name, 'drdarrow_')
"""


def is_alteration(sql: str) -> bool:
    """The statement is one."""
    return _START.match(sql) is not None


class _Session(Protocol):
    """The parts of a client's session that these need."""

    _main: Cursor
    _current: CurrentSchema
    _known: Known
    _rules: Rules

    def _reading(self, *statements: str, first: bool = False) -> AbstractContextManager[Cursor]: ...
    def _settle(self) -> None: ...
    def _keep(self, statement: Statement) -> int: ...
    def _plain(self, error: Exception) -> SqlError: ...
    def _failed(self, error: Exception, cursor: Cursor) -> SqlError: ...


def prepare(session: _Session, sql: str) -> Prepared:
    """Reads the statement."""
    if session._rules.read_only:
        raise SqlError(-817, "25000")
    session._settle()
    with session._reading(first=True) as cursor:
        _made(sql, session._current.name, cursor, session._known.tables)
    return session._keep(Statement(Run(""), KIND, said=sql)), None, []


def as_now(session: _Session, statement: Statement) -> Statement:
    """The statement that makes the sequence, from where it is now."""
    try:
        run, facts = _made(statement.said, session._current.name, session._main, session._known.tables)
    except SqlError as e:
        raise session._plain(e) from e
    except Exception as e:
        raise session._failed(e, session._main) from e
    return Statement(run, "CREATE", declared=facts, said=statement.said)


def _made(sql: str, schema: str, cursor: Any, known: Facts) -> tuple[Run, Facts]:
    """The statement that makes the sequence anew, and the facts about it. schema: that of a name without one. One that
    is used up draws its last value once more.

    Raises SqlError -204 for one that is not there, -104 for an option that is not known, -846 for numbers that exclude
    each other.
    """
    words = [*lex(sql)[:-1], Word("end", "")]
    while len(words) > 3 and words[-2].text == ";":
        del words[-2]
    at = name_end(words, 2)
    parts = [spelled(word) for word in words[2:at:2]]
    if not parts:
        raise SqlError(-104, "42601", "END-OF-STATEMENT", "SEQUENCE", "")
    name = (parts[-2] if len(parts) > 1 else schema), parts[-1]
    found = cursor.execute(_FOUND, [name[1].upper(), name[0].upper()]).fetchone()
    if found is None:
        raise SqlError(-204, "42704", ".".join(name))
    full = f"{found[0]}.{found[1]}"
    about = known.get(numbering.key(full), known.get(numbering.key(found[1]), {})).get("", {})
    restart, rest = _restart(words[at:-1])
    said, options = numbering.told(rest), numbering.options(rest)[0]
    if "START WITH" in options or not rest and restart is None:
        raise SqlError(-104, "42601", "START" if rest else words[at - 1].text, "", "RESTART, INCREMENT BY")
    start, least, most, step, cycles, last = found[2:]
    began, duck = int(about.get("drda:start", start)), about.get("drda:type", "BIGINT")
    step = int(options.get("INCREMENT BY", step))
    limits = numbering.least_and_most(duck)
    least = int(options.get("MINVALUE", _unlimited(rest, "MINVALUE", limits[0] if step < 0 else began, least)))
    most = int(options.get("MAXVALUE", _unlimited(rest, "MAXVALUE", began if step < 0 else limits[1], most)))
    cycles = said["drda:cycles"] == "true" if "drda:cycles" in said else cycles
    after = start if last is None else last + step
    if restart is not None:
        after = began if restart == "" else int(restart)
    elif not least <= after <= most and cycles:
        after = most if step < 0 else least
    used_up = restart is None and last is not None and not least <= after <= most and least <= last <= most
    after = last if used_up else after
    if not limits[0] <= least <= after <= most <= limits[1] or step == 0:
        raise SqlError(-846, "42815", "SEQUENCE", ".".join(name))
    quoted = ".".join('"' + part.replace('"', '""') + '"' for part in found[:2])
    numbers = f"INCREMENT BY {step} MINVALUE {least} MAXVALUE {most} START WITH {after}"
    sql = f"CREATE OR REPLACE SEQUENCE {quoted} {numbers}{' CYCLE' if cycles else ''}"
    again = [f"SELECT nextval({literal(quoted)})"] if used_up else []
    remembered = numbering.facts({"START WITH": str(began)}, duck, {**about, **said})
    return Run(sql, then=again), {numbering.key(full if len(parts) > 1 else found[1]): {"": remembered}}


def _restart(words: Sequence[Word]) -> tuple[str | None, list[Word]]:
    """The number after RESTART, "" where there is none, None without RESTART; and the other options."""
    at = next((at for at, word in enumerate(words) if word.upper == "RESTART"), None)
    if at is None:
        return None, list(words)
    end = at + 1
    if end >= len(words) or words[end].upper != "WITH":
        return "", [*words[:at], *words[end:]]
    sign = "-" if end + 1 < len(words) and words[end + 1].text == "-" else ""
    end += 1 + len(sign)
    if end >= len(words) or not words[end].text.isdecimal():
        raise SqlError(-104, "42601", words[min(end, len(words) - 1)].text, "", "a number")
    return sign + words[end].text, [*words[:at], *words[end + 1 :]]


def _unlimited(words: Sequence[Word], limit: str, otherwise: int, now: int) -> int:
    """A limit after NO MINVALUE or NO MAXVALUE, else as it is now."""
    no = any(word.upper == "NO" and after.upper == limit for word, after in zip(words, words[1:], strict=False))
    return otherwise if no else now
