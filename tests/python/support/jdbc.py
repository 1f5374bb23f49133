"""Runs the features of tests/jdbc through a JDBC driver, against a server of ours or of others."""

from __future__ import annotations

import json

import duckdb
import pyarrow as pa
from jdbc_programs import run

from drdarrow import server

USER, PASSWORD = "app", "secret"

#: The texts and bytes of LOBS, which Scene.java makes as well.
WORDS = "Grüße 日本 𝄞 "
SIZES = [0, None, 1, 3_000, 20_000, 150_000]


def looked_at(driver_name: str, port: int, start: str = "", password: str = PASSWORD) -> dict[str, str]:
    """Every feature whose name begins so, with what went wrong, "" for nothing."""
    product = "jcc" if driver_name.startswith("jcc") else "derby"
    url = f"jdbc:{'db2' if product == 'jcc' else 'derby'}://127.0.0.1:{port}/SAMPLE"
    arguments = (product, url, USER, password, start)
    printed = run("Suite", driver_name, *arguments, options=("-Xmx768m", "-Duser.language=en"), seconds=300)
    lines = [json.loads(line) for line in printed if line.startswith('{"feature"')]
    return {line["feature"]: line["error"] for line in lines}


def tables() -> dict[str, pa.Table]:
    """NUMBERS and LOBS, as the setup of Suite.java makes them."""
    numbers = range(1, 1001)
    name = pa.field("NAME", pa.string(), metadata={"drda:type": "VARCHAR", "drda:length": "20"})
    mixed = bytes((i * 31 + i // 251) % 256 for i in range(20 * max(size or 0 for size in SIZES)))
    columns = [
        pa.array(range(1, len(SIZES) + 1), pa.int32()),
        pa.array([None if size is None else WORDS * size for size in SIZES], pa.large_string()),
        pa.array([None if size is None else mixed[: 20 * size] for size in SIZES], pa.large_binary()),
    ]
    large = {"drda:length": "10000000"}
    fields = [
        pa.field("ID", pa.int32()),
        pa.field("C", pa.large_string(), metadata=large | {"drda:type": "CLOB"}),
        pa.field("B", pa.large_binary(), metadata=large | {"drda:type": "BLOB"}),
    ]
    return {
        "NUMBERS": pa.table(
            [pa.array(numbers, pa.int32()), pa.array([f"name {n}" for n in numbers])],
            schema=pa.schema([pa.field("ID", pa.int32()), name]),
        ),
        "LOBS": pa.table(columns, schema=pa.schema(fields)),
    }


def serve(persona: server.Persona, engine: str) -> server.Server:
    """A server with these tables over one of the engines."""
    common = {"tables": tables(), "persona": persona, "users": {USER: PASSWORD}, "database": "SAMPLE"}
    if engine == "duckdb":
        return server.serve(duckdb.connect(), **common)
    return server.serve(engine="tables", **common)


if __name__ == "__main__":
    import sys

    with serve(sys.argv[2], sys.argv[3]) as running:
        got = looked_at(sys.argv[1], running.port, *sys.argv[4:5])
    for feature, error in got.items():
        print("ok   " if not error else "FAIL ", feature, "" if not error else f"| {error[:420]}")
    print(sum(not error for error in got.values()), "of", len(got))
