"""A client's CALL: which procedure it is, its arguments, and the answer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from drdarrow.server import ddl
from drdarrow.server.engine import Called, CallParameter, Described, PreparedCall, SqlError
from drdarrow.server.lexer import Word, closing, lex, split, text
from drdarrow.server.procedures.running import Run, Session, collected
from drdarrow.server.procedures.steps import Parameter, Procedure, only_reads
from drdarrow.server.targets import quoted

__all__ = ["Call", "Procedures", "call", "described", "find", "is_call", "parsed"]

#: Procedures by schema, name and number of parameters.
Procedures = dict[tuple[str, str, int], Procedure]
_DUMMY = "FROM SYSIBM.SYSDUMMY1"
_CALL = re.compile(r"\s*+(?:\?\s*+=\s*+)?call\b", re.IGNORECASE)


@dataclass
class Call:
    """A CALL as it was prepared. arguments: words; a marker is None. status: it has a marker for the status."""

    procedure: Procedure
    arguments: list[list[Word] | None]
    status: bool = False


def parsed(sql: str) -> tuple[str | None, str, list[list[Word] | None], bool]:
    """Schema, name and arguments of a CALL, and whether its status has a marker. Raises SqlError -104."""
    words = lex(sql)
    while len(words) > 1 and words[-2].text == ";":
        del words[-2]
    at, status = 0, words[0].text == "?"
    if status:
        at = 2
    at += 1
    parts = [_name(words, at)]
    at += 1
    while words[at].text == ".":
        parts.append(_name(words, at + 1))
        at += 2
    arguments: list[list[Word] | None] = []
    if words[at].text == "(":
        end = closing(words, at)
        if words[end].text != ")":
            raise SqlError(-104, "42601", "END-OF-STATEMENT", parts[-1], "")
        inside = words[at + 1 : end]
        for part in split(inside) if inside else []:
            if not part:
                raise SqlError(-104, "42601", ",", parts[-1], "")
            arguments.append(None if len(part) == 1 and part[0].text == "?" else part)
        at = end + 1
    if words[at].kind != "end":
        raise SqlError(-104, "42601", words[at].text, parts[-1], "")
    return (parts[-2] if len(parts) > 1 else None), parts[-1], arguments, status


def _name(words: Sequence[Word], at: int) -> str:
    word = words[min(at, len(words) - 1)]
    if word.kind not in ("name", "quoted"):
        raise SqlError(-104, "42601", word.text or "END-OF-STATEMENT", "CALL", "")
    return word.text[1:-1].replace('""', '"').upper() if word.kind == "quoted" else word.upper


def find(procedures: Procedures, schema: str, name: str, arguments: int) -> Procedure:
    """The procedure of a name with so many parameters. Raises SqlError -440."""
    found = procedures.get((schema, name, arguments))
    if found is None:
        raise SqlError(-440, "42884", name, "PROCEDURE")
    return found


def described(session: Session, number: int, call: Call) -> PreparedCall:
    """The markers of a call, as its procedure has them. Raises SqlError -469 for a value where one comes out."""
    markers: list[Parameter] = [Parameter("OUT", "STATUS", "INTEGER")] if call.status else []
    for parameter, argument in zip(call.procedure.parameters, call.arguments, strict=True):
        if argument is None:
            markers.append(parameter)
        elif parameter.mode != "IN":
            raise SqlError(-469, "42886", parameter.mode, call.procedure.name, parameter.name)
        elif any(word.text == "?" for word in argument):
            raise SqlError(-270, "42997", f"a marker within an argument: {text(argument).strip()}")
    columns = _described(session, markers)
    parameters = [CallParameter(one.mode, column) for one, column in zip(markers, columns, strict=True)]
    return PreparedCall(number, call.procedure.name, parameters, only_reads(call.procedure.body.steps))


def _described(session: Session, parameters: Sequence[Parameter]) -> list[Described]:
    """Parameters as columns."""
    if not parameters:
        return []
    number, columns, _ = session.prepare(_row(parameters, "NULL"))
    session.forget(number)
    # A description of a value says less of its type than one of a column.
    types = (ddl.type_at(lex(one.type), 0) for one in parameters)
    told = (found.about if found else {} for found in types)
    return [(name, arrow, {**about, **more}) for (name, arrow, about), more in zip(columns or [], told, strict=True)]


def _row(parameters: Sequence[Parameter], value: str) -> str:
    parts = (f"CAST({value} AS {one.type}) AS {quoted(one.name)}" for one in parameters)
    return f"SELECT {', '.join(parts)} {_DUMMY}"


def call(session: Session, call: Call, values: Sequence[Any]) -> Called:
    """Runs a call. values: those of the markers."""
    given = iter(values[1:] if call.status else values)
    arguments = []
    for parameter, argument in zip(call.procedure.parameters, call.arguments, strict=True):
        if argument is None:
            arguments.append(next(given, None))
        else:
            arguments.append(_constant(session, parameter, argument))
    run = Run(session, call.procedure)
    variables, sets = run.run(arguments)
    markers = [Parameter("OUT", "STATUS", "INTEGER")] if call.status else []
    outcome: list[Any] = [run.status] if call.status else []
    for n, (parameter, argument) in enumerate(zip(call.procedure.parameters, call.arguments, strict=True)):
        if argument is None:
            markers.append(parameter)
            # Drivers take over what comes back for a parameter that went in.
            outcome.append(arguments[n] if parameter.mode == "IN" else variables[n].value)
    values_out = None
    if any(one.mode != "IN" for one in markers):
        number, _, _ = session.prepare(_row(markers, "?"))
        values_out = session.query(number, outcome)
        session.forget(number)
    return Called(run.status, run.changed, values_out, [(one.name, one.columns, one.rows) for one in sets])


def _constant(session: Session, parameter: Parameter, argument: Sequence[Word]) -> Any:
    number, _, _ = session.prepare(f"SELECT {text(argument)} {_DUMMY}")
    try:
        return collected(session.query(number, ())).rows()[0][0]
    finally:
        session.forget(number)


def is_call(sql: str) -> bool:
    """A CALL, or one whose status is wanted."""
    return bool(_CALL.match(sql))
