"""Statements of Db2 in DuckDB's words."""

from __future__ import annotations

import re
from collections.abc import Sequence

__all__ = ["Dialect"]

_SCHEMA = re.compile(r'\s*SET\s+(?:CURRENT\s+)?SCHEMA\s*=?\s*(?:"([^"]+)"|\'([^\']+)\'|(\w+))\s*;?\s*$', re.IGNORECASE)
_REGISTER = re.compile(r"\s*SET\s+(CURRENT|CLIENT|ENCRYPTION|PATH|ISOLATION)\b", re.IGNORECASE)


class Dialect:
    """Translates the statements of one client."""

    def __init__(self, user: str, database: str) -> None:
        self._user = user
        self._database = database

    def schema(self, sql: str) -> str | None:
        """DuckDB's statement for SET SCHEMA, or None when it is another one."""
        found = _SCHEMA.match(sql)
        if not found:
            return None
        name = next(group for group in found.groups() if group)
        return "SET schema = '{}'".format(name.replace("'", "''"))

    def is_register(self, sql: str) -> bool:
        """A special register of Db2 that DuckDB has not: it is taken and forgotten."""
        return bool(_REGISTER.match(sql))

    def to_duckdb(self, sql: str) -> str:
        """The statement for DuckDB; what DuckDB takes as it is stays as it is."""
        return sql

    def names(self, sql: str, columns: Sequence[str]) -> list[str]:
        """The names of a result's columns as Db2 has them."""
        return [name.upper() for name in columns]

    def facts(
        self, sql: str, columns: Sequence[str], facts: dict[str, dict[str, dict[str, str]]]
    ) -> list[dict[str, str]]:
        """What is known of each column of a result."""
        return [{} for _ in columns]
