"""Features of tests/jdbc that do not pass, by run and by reason."""

from __future__ import annotations

#: Run, reason, features.
REDS: dict[str, dict[str, list[str]]] = {
    "JCC 12 at DuckDB": {
        "DuckDB has no decimal floating point: DOUBLE, in its place, has not 34 digits": [
            "value: DECFLOAT(34)",
        ],
        "DuckDB keeps nine digits of a second: more are -604": [
            "value: TIMESTAMP(12)",
        ],
    },
    "JCC 12 at tables in memory": {
        "the engine does not tell it": [
            "described: the table of a column",
        ],
    },
    "Derby 10.17 at DuckDB": {
        "catalog: to be looked at": [
            "described: abilities of the database",
        ],
    },
    "Derby 10.17 at a real Derby": {
        "a fault of Derby's own": [
            "lob: parts and positions",
        ],
    },
}
REDS["JCC 11 at DuckDB"] = REDS["JCC 12 at DuckDB"]
