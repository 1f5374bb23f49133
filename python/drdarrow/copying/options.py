"""The options of a copy, checked before anything is done."""

from __future__ import annotations

import datetime as dt
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Literal, TypeAlias, get_args

from drdarrow.exceptions import InterfaceError
from drdarrow.journal.chain import parts
from drdarrow.partitions.values import packed

__all__ = ["DATABASES", "DRIVERS", "Format", "Options", "Source", "format_of"]

Format: TypeAlias = Literal["parquet", "arrow", "csv", "delta", "iceberg", "duckdb", "database", "adbc"]
Source: TypeAlias = str | Sequence[str] | Mapping[str, str]
#: Schemes of databases that this package connects to.
DATABASES = ("drda://", "profile://")
#: Packages of drivers for ADBC, by the scheme of a target.
DRIVERS = {
    "sqlite": "adbc_driver_sqlite",
    "postgresql": "adbc_driver_postgresql",
    "postgres": "adbc_driver_postgresql",
    "duckdb": "adbc_driver_duckdb",
}
#: Formats that take the changes of a journal.
FOLLOWED = ("parquet", "duckdb", "delta", "iceberg", "database")
#: Options that say which rows and columns there are; a copy goes on only with the same.
_SAME = ("on", "columns", "where", "plan", "snapshot", "since", "on_error")


@dataclass(frozen=True)
class Options:
    """The options of `drdarrow.copy`, by the same names."""

    format: Format
    connections: int = 4
    parts: int | None = None
    on: str | Sequence[str] | None = None
    columns: Sequence[str] | None = None
    where: str | tuple[str, Sequence[Any]] | None = None
    plan: str | None = None
    snapshot: str | dt.datetime | None = None
    catalog: str | None = None
    """Of Iceberg, by its name in the configuration of pyiceberg."""
    driver: str | None = None
    """The package of a driver for ADBC."""
    since: str | None = None
    margin: float | None = None
    on_error: str | dict[str, str] | None = None
    follow: bool = False
    journal: str | None = None
    every: float | None = None
    verify: bool = True
    restart: bool = False
    attempts: int = 5
    backoff: float = 0.5
    row_group_rows: int = 1_000_000
    row_group_bytes: int = 64 << 20
    file_bytes: int = 512 << 20
    compression: str = "zstd"
    settings: dict[str, Any] = field(default_factory=dict, repr=False)
    """Those of `connect()`, which may be secret."""

    def __post_init__(self) -> None:
        if self.format not in get_args(Format):
            raise InterfaceError(f"format: expected one of {', '.join(get_args(Format))}, not {self.format!r}")
        for name in ("connections", "parts", "attempts", "row_group_rows", "row_group_bytes", "file_bytes"):
            value = getattr(self, name)
            if value is None and name == "parts":
                continue
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise InterfaceError(f"{name}: expected a whole number of at least 1, not {value!r}")
        if self.connections > 256:
            raise InterfaceError("connections: 256 are the most")
        if self.snapshot == "lock":
            raise InterfaceError(
                "snapshot: a copy that goes on later has lost its lock; take 'as_of' or a datetime, or none"
            )
        if self.driver is not None and (self.format != "adbc" or not self.driver.isidentifier()):
            raise InterfaceError(
                "driver: expected the package of a driver, such as adbc_driver_snowflake, beside format='adbc', not "
                f"{self.driver!r}"
            )
        self._check_following()
        if self.since is not None and self.margin is None:
            raise InterfaceError(
                "margin: say by how much rows may come late (seconds for timestamps, days for dates, a number for "
                "numbers): those of a transaction that ends after a later one began would be missed; 0 where none does"
            )
        if self.margin is not None and (self.since is None or not _is_length(self.margin)):
            raise InterfaceError(f"margin: expected a number of at least 0, beside since=, not {self.margin!r}")

    def _check_following(self) -> None:
        if not self.follow:
            for name in ("journal", "every"):
                if getattr(self, name) is not None:
                    raise InterfaceError(f"{name}: goes with follow=True")
            return
        if self.format not in FOLLOWED:
            raise InterfaceError(
                "follow: changes are applied to tables (delta, iceberg, duckdb, database) or kept as Parquet; "
                f"rows of {self.format} {'are not' if self.format == 'adbc' else 'cannot be'} changed"
            )
        if self.journal is not None:
            try:
                parts(self.journal)
            except InterfaceError as e:
                raise InterfaceError(f"journal: {e}") from None
        if self.since is not None:
            raise InterfaceError("follow: the journal tells what has changed; leave since= out")
        if self.every is not None and (not _is_length(self.every) or not self.every):
            raise InterfaceError(f"every: expected seconds above 0, not {self.every!r}")

    def asked(self, database: str) -> dict[str, Any]:
        """The part of it that has to be the same for a copy to go on, as JSON has it."""
        form = {name: getattr(self, name) for name in _SAME}
        if self.where is not None and not isinstance(self.where, str):
            form["where"] = [self.where[0], [packed(value) for value in self.where[1]]]
        for name in ("on", "columns"):
            if form[name] is not None and not isinstance(form[name], str):
                form[name] = list(form[name])
        if isinstance(self.snapshot, dt.datetime):
            form["snapshot"] = self.snapshot.isoformat()
        if self.follow:
            form["follow"] = True
        return {"database": database.upper(), "format": self.format, **form}

    @staticmethod
    def names() -> frozenset[str]:
        """All options but the settings."""
        return frozenset(each.name for each in fields(Options)) - {"settings"}


def _is_length(value: Any) -> bool:
    """Whether it is a number of at least 0 that has an end."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < math.inf


def format_of(target: Any, given: str | None) -> Any:
    """The format that is asked for, or the one that the target's name tells."""
    text = os.fspath(target) if isinstance(target, str | os.PathLike) else None
    if not isinstance(text, str) or not text:
        raise InterfaceError(f"target: expected a path or a URL, not {target!r}")
    if given is not None:
        return given
    if text.startswith(DATABASES):
        return "database"
    if text.partition("://")[0] in DRIVERS and "://" in text:
        return "adbc"
    return "duckdb" if text.endswith(".duckdb") else "parquet"
