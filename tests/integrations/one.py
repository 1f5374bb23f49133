"""One example, from the standard input: the server that it reads from, and what has to come of it.

python one.py HEADING < CODE
"""

from __future__ import annotations

import sys
from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa

from drdarrow import server

ROWS = [
    {"ID": 1, "CUSTOMER": "Ada", "AMOUNT": Decimal("19.99"), "ORDERED": date(2026, 1, 2)},
    {"ID": 2, "CUSTOMER": "Grace", "AMOUNT": Decimal("-0.01"), "ORDERED": None},
    {"ID": 3, "CUSTOMER": "Ľudovít", "AMOUNT": None, "ORDERED": date(9999, 12, 31)},
]
SCHEMA = pa.schema(
    [("ID", pa.int32()), ("CUSTOMER", pa.string()), ("AMOUNT", pa.decimal128(9, 2)), ("ORDERED", pa.date32())]
)


def rows_of(result: Any) -> list[dict[str, Any]]:
    """The rows of a table or frame, ordered, by names in upper case."""
    if hasattr(result, "compute"):
        result = result.compute()
    for method in ("to_arrow", "to_pylist", "to_dicts"):
        if hasattr(result, method):
            result = getattr(result, method)()
    if hasattr(result, "to_dict"):
        missing = result.isna()
        listed = result.to_dict("records")
        result = [{key: None if missing.iloc[n][key] else row[key] for key in row} for n, row in enumerate(listed)]
    if isinstance(result, list) and all(isinstance(row, dict) for row in result):
        rows = [{key.upper(): value for key, value in row.items() if not key.startswith("_dlt")} for row in result]
        return sorted(rows, key=lambda row: row["ID"])
    raise TypeError(f"no rows: {result!r}")


#: The outcome of examples that are not about all rows.
OUTCOMES: dict[str, Any] = {
    "Polars, lazily": [{"CUSTOMER": "Grace"}, {"CUSTOMER": "Ľudovít"}],
    "DuckDB views": [("Grace",), ("Ľudovít",)],
    "Great Expectations": True,
    "Airflow": [(3,)],
}


def main() -> None:
    """Runs the example and compares."""
    with server.serve(tables={"ORDERS": pa.Table.from_pylist(ROWS, SCHEMA)}, persona="luw") as srv:
        names: dict[str, Any] = {"uri": srv.uri, "__name__": "__main__"}
        exec(compile(sys.stdin.read(), sys.argv[1], "exec"), names)
        result = names["result"]
        if sys.argv[1] in OUTCOMES:
            wanted = OUTCOMES[sys.argv[1]]
            found = result.to_dicts() if hasattr(result, "to_dicts") else result
        else:
            wanted, found = ROWS, rows_of(result)
        assert found == wanted, f"{found} is not {wanted}"


if __name__ == "__main__":
    main()
