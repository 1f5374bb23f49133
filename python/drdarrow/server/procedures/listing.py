"""Procedures as catalogs tell of them."""

from __future__ import annotations

from typing import Any

from drdarrow.server import ddl, types
from drdarrow.server.engine import Described, ProcedureInfo, SqlError
from drdarrow.server.lexer import lex
from drdarrow.server.procedures.calls import Procedures
from drdarrow.server.procedures.steps import Parameter

__all__ = ["procedures", "specific_names"]


def procedures(cursor: Any, made: Procedures) -> list[ProcedureInfo]:
    """All of them, in order of schema, name and number of parameters."""
    if not made:
        return []
    ducks = _ducks(cursor, {parameter.type for procedure in made.values() for parameter in procedure.parameters})
    specific = specific_names(made)
    found = []
    for key, procedure in sorted(made.items(), key=lambda item: item[0]):
        parameters = [(one.mode, _described(one, ducks[one.type])) for one in procedure.parameters]
        said = procedure.clauses
        about = specific[key], parameters, said.results, said.access, said.deterministic, procedure.text
        found.append(ProcedureInfo(key[0], key[1], *about))
    return found


def specific_names(made: Procedures) -> dict[tuple[str, str, int], str]:
    """The name that each alone has in its schema: the one after SPECIFIC, or its own, or one with the number of its
    parameters where others have that."""
    found = {key: name for key, procedure in made.items() if (name := procedure.clauses.specific) is not None}
    taken = {(schema, name) for (schema, _, _), name in found.items()}
    names = [key[:2] for key in made]
    for schema, name, count in sorted(made.keys() - found.keys()):
        own = name if names.count((schema, name)) == 1 else f"{name}_{count}"
        while (schema, own) in taken:
            own += "_"
        taken.add((schema, own))
        found[schema, name, count] = own
    return found


def _ducks(cursor: Any, kinds: set[str]) -> dict[str, str]:
    """DuckDB's types for those of parameters."""
    if not kinds:
        return {}
    names = sorted(kinds)
    put = ((known.duck if (known := ddl.type_at(lex(name), 0)) else None) or name for name in names)
    row = cursor.execute("SELECT " + ", ".join(f"typeof(CAST(NULL AS {one}))" for one in put)).fetchall()[0]
    return dict(zip(names, row, strict=True))


def _described(parameter: Parameter, duck: str) -> Described:
    try:
        name, arrow, about = types.describe(parameter.name, duck)
    except SqlError:
        # Text, which DuckDB reads.
        name, arrow, about = parameter.name, "Utf8", {}
    known = ddl.type_at(lex(parameter.type), 0)
    return name, arrow, {**about, **types.fitting(duck, dict(known.about) if known else {})}
