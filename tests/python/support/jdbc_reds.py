"""Features of tests/jdbc that do not pass, by run and by reason."""

from __future__ import annotations

#: Run, reason, features.
REDS: dict[str, dict[str, list[str]]] = {
    "JCC 12 at DuckDB": {
        "SQL of Db2 that the engine does not understand, or understands otherwise": [
            "connect: property currentSchema",
            "connect: getSchema is the user's",
            "connect: setSchema",
            "connect: CURRENT SCHEMA",
            "connect: CURRENT CLIENT_APPLNAME",
            "value: DECFLOAT(16)",
            "value: DECFLOAT(34)",
            "value: TIMESTAMP(12)",
            "value: XML",
            "keys: of a column by its name",
            "error: a number out of range",
            "error: types that do not fit",
            "described: LOBs, BOOLEAN, BINARY, DECFLOAT",
            "call: a parameter that comes out",
        ],
        "the engines hold no large object against the length of its column": [
            "lob: too long for its column",
        ],
        "an engine's DBCLOB is described as text": [
            "lob: DBCLOB",
        ],
        "an error ends DuckDB's transaction": [
            "transaction: an error leaves earlier work",
        ],
        "the text that IBM's driver shows is cut": [
            "error: the text of the server",
        ],
        "the engine does not tell it": [
            "described: which may be NULL",
        ],
    },
    "JCC 12 at tables in memory": {
        "the engines hold no large object against the length of its column": [
            "lob: too long for its column",
        ],
        "the text that IBM's driver shows is cut": [
            "error: the text of the server",
        ],
        "the engine does not tell it": [
            "described: the table of a column",
        ],
        "the engine takes one condition": [
            "prepared: a value is missing",
        ],
    },
    "Derby 10.16 at DuckDB": {
        "SQL of Db2 that the engine does not understand, or understands otherwise": [
            "error: types that do not fit",
        ],
        "the engines hold no large object against the length of its column": [
            "lob: too long for its column",
        ],
        "an error ends DuckDB's transaction": [
            "transaction: an error leaves earlier work",
            "batch: a row fails and the others stay",
        ],
        "the engine does not tell it": [
            "described: which may be NULL",
        ],
        "catalog: to be looked at": [
            "described: abilities of the database",
        ],
    },
    "Derby 10.16 at a real Derby": {
        "a fault of Derby's own": [
            "lob: parts and positions",
        ],
    },
}
REDS["JCC 11 at DuckDB"] = REDS["JCC 12 at DuckDB"]
