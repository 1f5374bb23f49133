"""The functions that statements are translated into, as macros of DuckDB.

They are temporary: each connection has its own, and no client replaces those of another. DuckDB takes about a
millisecond to make one, so a connection gets only those that its statements name.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from typing import Any

from drdarrow.server import blanks, drawn, growing, storing
from drdarrow.server.rules import apply
from drdarrow.server.rules.product import Product

__all__ = ["Macros"]

_NAME = re.compile(r"drdarrow_[a-z0-9_]+")
#: Views and tables hold the names of functions, and look for them when they are used.
_STANDING = """
SELECT sql FROM duckdb_views() WHERE NOT internal AND contains(lower(sql), 'drdarrow_')
UNION ALL
SELECT sql FROM duckdb_tables() WHERE NOT internal AND contains(lower(sql), 'drdarrow_')
"""


class Macros:
    """The macros of one engine."""

    def __init__(self, source: Any, product: Product, bounded: bool) -> None:
        """bounded: functions make no long values."""
        temporary = "CREATE OR REPLACE TEMP "
        self._made: Mapping[str, str] = {
            blanks.KEY: temporary + blanks.MACRO.format(""),
            blanks.BITS: temporary + blanks.BITS_MACRO.format("", product.storage.blank),
            **storing.MACROS,
            **{name: f"{temporary}MACRO {name}({of}) AS {body}" for name, (of, body) in drawn.MACROS.items()},
            **growing.macros(bounded),
            **{
                name: f"{temporary}MACRO {name}({parameters}) AS {body}"
                for name, (parameters, body) in apply.macros(product).items()
            },
        }
        #: Every connection needs these.
        self._standing: frozenset[str] = frozenset()
        self._lock = threading.Lock()
        cursor = source.cursor()
        try:
            for (sql,) in cursor.execute(_STANDING).fetchall():
                self.stand(sql)
        finally:
            cursor.close()

    def __getitem__(self, name: str) -> str:
        """The statement that makes a macro."""
        return self._made[name]

    def of(self, sql: str) -> frozenset[str]:
        """The macros that a connection needs for a statement."""
        return self._standing | self._named(sql)

    def stand(self, sql: str) -> None:
        """A view or table that lasts was made by this statement."""
        named = self._named(sql)
        with self._lock:
            self._standing |= named

    def _named(self, sql: str) -> set[str]:
        # Quotes and capital letters make no other name of one.
        small = sql.lower()
        return self._made.keys() & set(_NAME.findall(small)) if "drdarrow_" in small else set()
