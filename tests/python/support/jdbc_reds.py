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
            "batch: large objects",
            "keys: of an identity column",
            "keys: of a column by its name",
            "keys: SELECT FROM FINAL TABLE",
            "error: a number out of range",
            "error: types that do not fit",
            "described: LOBs, BOOLEAN, BINARY, DECFLOAT",
            "call: a parameter that comes out",
        ],
        "cursors only read": [
            "positioned: UPDATE WHERE CURRENT OF",
            "positioned: DELETE WHERE CURRENT OF",
            "positioned: by a name of the program's",
            "positioned: updateRow",
            "positioned: deleteRow",
            "positioned: insertRow",
            "positioned: updateRow while it scrolls",
            "positioned: before the first row",
        ],
        "calls of IBM's driver that are not answered": [
            "lob: by locators, as Clob and Blob",
            "error: the text of the server",
        ],
        "the engines hold no large object against the length of its column": [
            "lob: too long for its column",
        ],
        "an engine's DBCLOB is described as text": [
            "lob: DBCLOB",
        ],
        "DuckDB has no savepoints": [
            "transaction: a savepoint is gone back to",
            "transaction: a savepoint without a name",
            "transaction: a savepoint is released",
        ],
        "an error ends DuckDB's transaction": [
            "transaction: an error leaves earlier work",
        ],
        "the server takes no interrupts": [
            "interrupt: a timeout that does not pass",
            "interrupt: a timeout",
            "interrupt: cancel",
        ],
        "the engine tells columns of tables from others by their types alone": [
            "described: which may be NULL",
            "described: the table of a column",
        ],
        "answered by catalog procedures, which the server has not all": [
            "catalog: tables",
            "catalog: columns",
            "catalog: primary keys",
            "catalog: schemas",
            "catalog: catalogs",
            "catalog: types of tables",
            "catalog: types of values",
            "catalog: indexes",
            "catalog: foreign keys",
            "catalog: procedures",
            "catalog: columns of procedures",
            "catalog: functions",
            "catalog: the best key of a row",
            "catalog: privileges",
            "catalog: types of users",
            "catalog: columns of versions",
            "call: a result set",
        ],
    },
    "JCC 12 at tables in memory": {
        "calls of IBM's driver that are not answered": [
            "lob: by locators, as Clob and Blob",
            "error: the text of the server",
        ],
        "the engines hold no large object against the length of its column": [
            "lob: too long for its column",
        ],
        "the server takes no interrupts": [
            "interrupt: a timeout that does not pass",
            "interrupt: a timeout",
        ],
        "the engine tells columns of tables from others by their types alone": [
            "described: the table of a column",
        ],
        "answered by catalog procedures, which the server has not all": [
            "catalog: tables",
            "catalog: columns",
            "catalog: schemas",
            "catalog: catalogs",
            "catalog: types of tables",
            "catalog: types of values",
            "catalog: indexes",
            "catalog: procedures",
            "catalog: columns of procedures",
            "catalog: functions",
            "catalog: the best key of a row",
            "catalog: privileges",
            "catalog: types of users",
            "catalog: columns of versions",
            "call: a result set",
        ],
        "the engine takes one condition": [
            "prepared: a value is missing",
        ],
    },
    "Derby 10.16 at DuckDB": {
        "SQL of Db2 that the engine does not understand, or understands otherwise": [
            "batch: large objects",
            "keys: of an identity column",
            "error: types that do not fit",
            "statement: escapes of JDBC",
            "statement: functions by escape",
            "statement: an outer join by escape",
        ],
        "cursors only read": [
            "positioned: UPDATE WHERE CURRENT OF",
            "positioned: DELETE WHERE CURRENT OF",
            "positioned: by a name of the program's",
            "positioned: updateRow",
            "positioned: deleteRow",
            "positioned: insertRow",
            "positioned: updateRow while it scrolls",
            "positioned: before the first row",
        ],
        "the engines hold no large object against the length of its column": [
            "lob: too long for its column",
        ],
        "DuckDB has no savepoints": [
            "transaction: a savepoint is gone back to",
            "transaction: a savepoint without a name",
            "transaction: a savepoint is released",
        ],
        "an error ends DuckDB's transaction": [
            "transaction: an error leaves earlier work",
            "batch: a row fails and the others stay",
        ],
        "the engine tells columns of tables from others by their types alone": [
            "described: which may be NULL",
            "described: the table of a column",
        ],
        "answered by catalog procedures, which the server has not all": [
            "catalog: primary keys",
            "catalog: types of values",
            "catalog: indexes",
            "catalog: foreign keys",
            "catalog: procedures",
            "catalog: columns of procedures",
            "catalog: functions",
            "catalog: the best key of a row",
            "catalog: privileges",
            "catalog: types of users",
            "catalog: columns of versions",
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
