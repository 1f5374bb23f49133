"""Servers for the tests of calls with many rows: a real Derby, every persona over both engines of the server, and
an engine that is told which row meets a deadlock."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import Any

import derby

import drdarrow
from drdarrow import server
from drdarrow.server.engine import Prepared, SqlError

PERSONAS: tuple[server.Persona, ...] = ("luw", "ibmi", "zos", "derby")
#: Those that are sent many rows in one command.
ARRAYS = ("luw", "zos")
ENGINES = ("duckdb", "tables")
TARGETS = ["real derby", *(f"{persona} {engine}" for persona in PERSONAS for engine in ENGINES)]
_numbers = itertools.count(1)


class Target:
    """A database to put rows into."""

    def __init__(self, name: str, real: derby.Derby) -> None:
        self.name = name
        self._derby = real
        self._server: server.Server | None = None
        #: An error takes nothing with it. DuckDB ends its transaction at any, unless there is a savepoint.
        persona, _, engine = name.partition(" ")
        if name == "real derby":
            self.port = real.port
        else:
            self._server = server.serve(persona=persona, engine=engine)
            self.port = self._server.port

    def connect(self, port: int | None = None, **settings: Any) -> drdarrow.Connection:
        if self._server is None:
            uri = self._derby.uri("BATCHES", "app", "create=true", port)
        else:
            uri = f"drda://app@127.0.0.1:{port or self.port}/BATCHES"
        return drdarrow.connect(uri, timeout=15, **settings)

    @property
    def uri(self) -> str:
        if self._server is None:
            return self._derby.uri("BATCHES", "app", "create=true")
        return f"drda://app@127.0.0.1:{self.port}/BATCHES"

    def table(self, *keys: int) -> str:
        """A new table with these keys in it, committed."""
        name = f"B{next(_numbers)}"
        with self.connect() as connection:
            connection.execute(f"CREATE TABLE {name} (A INTEGER NOT NULL PRIMARY KEY)")
            for key in keys:
                connection.execute(f"INSERT INTO {name} VALUES ({key})")
        return name

    def keys(self, table: str) -> list[int]:
        """The rows that are committed."""
        with self.connect() as connection:
            return sorted(a for (a,) in connection.execute(f"SELECT A FROM {table}").fetchall())

    def close(self) -> None:
        if self._server is not None:
            self._server.close()


class Ledger:
    """An engine with one table T of keys, with transactions, and with traps: keys whose row fails, or ends the
    transaction once."""

    def __init__(self, savepoints: bool = True) -> None:
        self.committed: list[int] = []
        self.traps: dict[int, SqlError] = {}
        self.savepoints = savepoints
        self.prepared: list[str] = []

    def session(self, user: str, database: str, /) -> LedgerSession:
        return LedgerSession(self)


DEADLOCK = SqlError(-911, "40001", "2", rolled_back=True)
DUPLICATE = SqlError(-803, "23505", "1", "T")


class LedgerSession:
    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._pending: list[int] = []
        self._points: dict[str, list[int]] = {}
        self._statements: dict[int, list[str]] = {}

    def prepare(self, sql: str, /) -> Prepared:
        words = sql.upper().split()
        self._ledger.prepared.append(sql)
        if words[0] != "INSERT" and not self._ledger.savepoints:
            raise SqlError(-104, "42601", words[0], "", "INSERT")
        number = len(self._statements) + 1
        self._statements[number] = words
        return number, None, [("1", "Int32", {})] * sql.count("?")

    def execute(self, statement: int, rows: Sequence[Sequence[Any]], /) -> int | None:
        words = self._statements[statement]
        if words[0] == "INSERT":
            before = list(self._pending)
            try:
                for row in rows:
                    self._insert(row[0] if row else int(words[-1].strip("()")))
            except SqlError as e:
                if not e.rolled_back:
                    self._pending = before
                raise
            return len(rows)
        name = words[3] if words[0] == "ROLLBACK" else words[2] if words[0] == "RELEASE" else words[1]
        if words[0] == "SAVEPOINT":
            self._points[name] = list(self._pending)
        elif name not in self._points:
            raise SqlError(-880, "3B001", name)
        elif words[0] == "ROLLBACK":
            self._pending = list(self._points[name])
        else:
            del self._points[name]
        return None

    def _insert(self, key: int) -> None:
        trap = self._ledger.traps.get(key)
        if trap is not None:
            if trap.rolled_back:
                del self._ledger.traps[key]
                self.rollback()
            raise trap
        self._pending.append(key)

    def query(self, statement: int, parameters: Sequence[Any], /) -> Any:
        raise SqlError(-517, "07005", "SQL_CUR")

    def forget(self, statement: int, /) -> None: ...

    def set(self, sql: str, /) -> None: ...

    def commit(self) -> None:
        self._ledger.committed += self._pending
        self.rollback()

    def rollback(self) -> None:
        self._pending = []
        self._points = {}

    def interrupt(self) -> None: ...

    def close(self) -> None:
        self.rollback()


def rows(keys: Iterable[int]) -> list[tuple[int]]:
    return [(key,) for key in keys]
