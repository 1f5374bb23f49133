"""Tables of other libraries in DuckDB."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drdarrow import _core
from drdarrow.exceptions import InterfaceError
from drdarrow.server.engine import Engine
from drdarrow.server.settings import ServerSettings
from drdarrow.server.storing import MACROS, Storage
from drdarrow.server.types import LONGEST

if TYPE_CHECKING:
    from drdarrow.server.columns import Facts

__all__ = ["engine"]

#: Functions that tell the bytes of a value.
_LENGTH = {"VARCHAR": "strlen", "BLOB": "octet_length"}


def engine(source: Any, tables: dict[str, Any], settings: ServerSettings) -> Engine:
    """DuckDB with these tables: those of `source`, a connection, or of a database of its own in memory. Unless the
    settings have `external_access`, the instance is locked: see `guard`."""
    try:
        import duckdb

        from drdarrow.server import columns, guard
        from drdarrow.server.duckdb import DuckEngine
        from drdarrow.server.rules.product import Product
    except ImportError as e:
        raise InterfaceError(f'{e.name} is not installed: pip install "drdarrow[server]"') from e
    if int(duckdb.__version__.partition(".")[0]) < 2:
        raise InterfaceError(f'DuckDB {duckdb.__version__} is too old: pip install -U "drdarrow[server]"')
    product = Product.of(settings.persona, settings.ccsid)
    if source is None:
        source = duckdb.connect(":memory:")
    facts: Facts = {}
    for name, table in tables.items():
        cursor = source.cursor()
        try:
            columns.learn(facts, name, _load(cursor, name, _core.collect(table), product.storage))
        except duckdb.Error as e:
            raise InterfaceError(f"tables: {name}: {e}") from e
        finally:
            cursor.close()
    guarded = not settings.external_access
    if guarded:
        guard.lock(source)
    return DuckEngine(source, facts, guarded, product, settings.read_only, settings.workers)


def _load(cursor: Any, name: str, table: _core.Collected, storage: Storage) -> dict[str, dict[str, str]]:
    """Copies a table into DuckDB; what is known of its columns."""
    schema, _, plain = name.rpartition(".")
    quoted = _quoted(plain)
    if schema:
        cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {_quoted(schema)}")
        quoted = f"{_quoted(schema)}.{quoted}"
    cursor.register("drdarrow_incoming", table)
    # Values are as long as their columns are said to be.
    parts = [
        f"{put} AS {_quoted(column)}" if (put := storage.put(column, about, _quoted(column))) else _quoted(column)
        for column, _, about in table.fields()
    ]
    selected = ", ".join(parts)
    for function, macro in MACROS.items():
        if f"{function}(" in selected:
            cursor.execute(macro)
    cursor.execute(f"CREATE TABLE {quoted} AS SELECT {selected} FROM drdarrow_incoming")
    cursor.unregister("drdarrow_incoming")
    relation = cursor.sql(f"SELECT * FROM {quoted}")
    ducks = dict(zip(relation.columns, map(str, relation.types), strict=True))
    measured = {
        column: f"max({_LENGTH[ducks[column]]}({_quoted(column)}))"
        for column, _, about in table.fields()
        if ducks.get(column) in _LENGTH and not about.get("drda:length")
    }
    longest = cursor.execute(f"SELECT {', '.join(measured.values())} FROM {quoted}").fetchall()[0] if measured else ()
    lengths = dict(zip(measured, longest, strict=True))
    return {
        column.upper(): {**about, **_room(kind, about, lengths[column] or 0)} if column in lengths else about
        for column, kind, about in table.fields()
    }


def _room(arrow: str, about: dict[str, str], longest: int) -> dict[str, str]:
    """A type for texts or bytes of which the longest is known; values that come later have some room."""
    text = "Utf8" in arrow or arrow.startswith("Dictionary")
    if longest > LONGEST:
        return {"drda:type": "CLOB" if text else "BLOB"}
    if "drda:type" not in about:
        binary = "VARCHAR FOR BIT DATA" if about.get("drda:ccsid") == "65535" else "VARBINARY"
        return {
            "drda:type": "VARCHAR" if text else binary,
            "drda:length": str(min(max(2 * longest, 256), LONGEST)),
        }
    return {}


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
