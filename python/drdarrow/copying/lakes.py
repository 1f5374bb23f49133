"""Delta Lake and Iceberg as targets: files of Parquet in the folder of a table, and one commit for all of a run.

The commit carries the name of the copy and the number of the run. A copy that was killed looks for it before it
commits: so a run is there once, whatever moment it was killed at. Files without a commit are seen by no reader.
"""

from __future__ import annotations

import json
import os
import threading
import time
from typing import Any

import pyarrow as pa
import pyarrow.types as types

from drdarrow.copying.folder import Folder
from drdarrow.copying.manifest import FileState, TableState
from drdarrow.copying.options import Options
from drdarrow.copying.storage import Store, shown
from drdarrow.exceptions import DataError, InterfaceError

__all__ = ["FORMS", "Delta", "Iceberg"]

#: Settings for types that lakes have.
FORMS: dict[str, dict[str, Any]] = {
    "delta": {"time_unit": "text", "wide_decimal": "text"},
    "iceberg": {"time_unit": "us", "wide_decimal": "text"},
}
#: The property of a commit that names the copy.
_COPY = "drdarrow.copy"


class _Lake(Folder):
    """The part that both have in common."""

    #: Files of earlier runs belong to the lake, which may write them anew.
    keeps_files = False

    def __init__(self, store: Store, options: Options, copy_id: str, *, replaces: bool) -> None:
        super().__init__(store, options, copy_id)
        self.replaces = replaces
        self.turn = threading.Lock()

    def in_the_way(self, names: list[str]) -> bool:
        return False

    def gone(self, table: TableState) -> DataError:
        """The error where the table is not there any more."""
        return DataError(
            f"{table.name}: the table is not in {shown(self.store.path())} any more; set restart=True to copy anew"
        )

    def forget(self, table: TableState) -> None:
        """The rows are replaced by the commit; the files are older versions of the lake's."""

    def stored(self, schema: pa.Schema) -> pa.Schema:
        names = set[str]()
        for field in schema:
            if field.name.casefold() in names:
                raise InterfaceError(f"source: two columns have the name {field.name}; a query gives them others by AS")
            names.add(field.name.casefold())
            if types.is_decimal256(field.type):
                raise self.lacks(field, 'wide_decimal="text"')
        return pa.schema([pa.field(field.name, _plain(field.type)) for field in schema])

    def lacks(self, field: pa.Field[Any], cure: str) -> InterfaceError:
        """The error for a type that the lake does not have."""
        return InterfaceError(f"{field.name}: format={self.options.format!r} has no {field.type}; set {cure}")

    def schema_of(self, table: TableState) -> pa.Schema:
        """The columns, as the first file has them."""
        import pyarrow.parquet as pq

        for part in table.parts:
            for file in part.files:
                with self.store.open(file.name) as opened:
                    return pq.read_schema(opened)
        raise DataError(f"{table.name}: no part has a file that says which columns there are")

    def files_of(self, table: TableState) -> list[FileState]:
        """Those of this run."""
        return [file for part in table.current for file in part.files]

    def there(self, table: TableState) -> InterfaceError:
        """The error where a table of somebody else is in the place."""
        return InterfaceError(
            f"target: {shown(self.store.path(table.folder))} has a table that this copy did not make; take another "
            "target, or set restart=True to replace its rows"
        )


def _plain(kind: pa.DataType) -> pa.DataType:
    """The type in a lake."""
    if types.is_dictionary(kind):
        return _plain(kind.value_type)
    if types.is_fixed_size_binary(kind):
        return pa.binary()
    if types.is_timestamp(kind):
        return pa.timestamp("us", kind.tz)
    if types.is_time(kind):
        return pa.time64("us")
    return pa.string() if types.is_null(kind) else kind


class Delta(_Lake):
    """Delta Lake: a transaction of an application, whose number Delta keeps, is the run of a copy."""

    def __init__(self, store: Store, options: Options, copy_id: str, *, replaces: bool) -> None:
        super().__init__(store, options, copy_id, replaces=replaces)
        if "%" in store.path():
            raise InterfaceError("target: Delta Lake takes no path with %")

    def folder(self, table: TableState) -> str:
        # Delta decodes paths as if they were URLs.
        return table.folder.replace("~", "~7E").replace("%", "~")

    def stored(self, schema: pa.Schema) -> pa.Schema:
        for field in schema:
            if types.is_time(field.type):
                raise self.lacks(field, 'time_unit="text"')
        return super().stored(schema)

    def commit(self, table: TableState) -> None:
        import deltalake
        from deltalake.transaction import AddAction, CommitProperties, Transaction, create_table_with_add_actions

        path, app = self.store.path(self.folder(table)), f"{_COPY}/{self.id}"
        now = int(time.time() * 1000)
        actions = [
            AddAction(os.path.basename(file.name), file.nbytes, {}, now, True, json.dumps({"numRecords": file.rows}))
            for file in self.files_of(table)
        ]
        properties = CommitProperties(custom_metadata={_COPY: self.id}, app_transactions=[Transaction(app, table.run)])
        schema = deltalake.Schema.from_arrow(self.schema_of(table))
        known = self._table(path)
        if known is None:
            create_table_with_add_actions(path, schema, actions, mode="error", commit_properties=properties)
            return
        version = known.transaction_version(app)
        if version is None and table.run == 0 and not self.replaces:
            raise self.there(table)
        if (version is None or version < table.run) and (actions or table.run == 0):
            mode = "overwrite" if table.run == 0 else "append"
            known.create_write_transaction(actions, mode, schema, [], commit_properties=properties)

    def settled(self, table: TableState) -> bool:
        well = super().settled(table)
        known = self._table(self.store.path(self.folder(table)))
        if table.run == 0 and known is not None and not self.replaces:
            if known.transaction_version(f"{_COPY}/{self.id}") is None:
                raise self.there(table)
        return well

    def table(self, table: TableState) -> Any:
        """One that was copied, as it is now."""
        known = self._table(self.store.path(self.folder(table)))
        if known is None:
            raise self.gone(table)
        return known

    @staticmethod
    def _table(path: str) -> Any:
        """The table; None where there is none."""
        import deltalake
        from deltalake.exceptions import TableNotFoundError

        try:
            return deltalake.DeltaTable(path)
        except TableNotFoundError:
            return None


class Iceberg(_Lake):
    """Iceberg: a property of the snapshot has the copy and its run."""

    def __init__(self, store: Store, options: Options, copy_id: str, *, replaces: bool) -> None:
        super().__init__(store, options, copy_id, replaces=replaces)
        from pyiceberg.catalog import load_catalog
        from pyiceberg.catalog.sql import SqlCatalog

        root = store.path()
        if "://" not in root and any(sign in root for sign in "#?"):
            raise InterfaceError("target: pyiceberg takes no path with # or ?")
        if options.catalog is not None:
            self._catalog: Any = load_catalog(options.catalog)
        elif "://" in root:
            raise InterfaceError("catalog: the name of a catalog of pyiceberg's is needed beside a URL")
        else:
            os.makedirs(root, exist_ok=True)
            # Commits of this process take turns, those of others wait for the database.
            self._catalog = SqlCatalog("drdarrow", uri=f"sqlite:///{root}/catalog.db", warehouse=f"file://{root}")

    def folder(self, table: TableState) -> str:
        return f"{self._root(table)}/data"

    @staticmethod
    def _root(table: TableState) -> str:
        # Paths are read as URLs, which end there.
        return table.folder.replace("#", "%23")

    def commit(self, table: TableState) -> None:
        from pyiceberg.expressions import AlwaysTrue

        with self.turn:
            name = _identifier(table)
            known = self._table(table)
            if known is None:
                self._catalog.create_namespace_if_not_exists(name[:-1])
                known = self._catalog.create_table(
                    name,
                    self.schema_of(table),
                    location=self._url(self._root(table)),
                    properties={_COPY: self.id},
                )
            key = f"{self.id}/{table.run}"
            if any(_copy_of(snapshot) == key for snapshot in known.snapshots()):
                return
            paths = [self._url(file.name) for file in self.files_of(table)]
            if not paths and table.run:
                return
            with known.transaction() as transaction:
                if table.run == 0 and known.current_snapshot() is not None:
                    transaction.delete(AlwaysTrue())
                    _recast(transaction, known, self.schema_of(table))
                transaction.add_files(paths, snapshot_properties={_COPY: key})

    def settled(self, table: TableState) -> bool:
        well = super().settled(table)
        if table.run == 0 and not self.replaces:
            known = self._table(table)
            if known is not None and known.properties.get(_COPY) != self.id:
                raise self.there(table)
        return well

    def close(self) -> None:
        engine = getattr(self._catalog, "engine", None)
        if engine is not None:
            engine.dispose()

    def table(self, table: TableState) -> Any:
        """One that was copied, as it is now."""
        known = self._table(table)
        if known is None:
            raise self.gone(table)
        return known

    def _table(self, table: TableState) -> Any:
        from pyiceberg.exceptions import NoSuchTableError

        try:
            return self._catalog.load_table(_identifier(table))
        except NoSuchTableError:
            return None

    def _url(self, name: str) -> str:
        path = self.store.path(name)
        return path if "://" in path else f"file://{path}"


def _recast(transaction: Any, known: Any, schema: pa.Schema) -> None:
    """Gives a table without rows the columns of a schema, where it has others."""
    before = known.schema().as_arrow()
    if [(each.name, _wide(each.type)) for each in before] == [(each.name, _wide(each.type)) for each in schema]:
        return
    with transaction.update_schema(allow_incompatible_changes=True) as update:
        for name in before.names:
            update.delete_column(name)
    with transaction.update_schema() as update:
        update.union_by_name(schema)


def _wide(kind: pa.DataType) -> pa.DataType:
    """The type that Iceberg has for one of Arrow's, as it tells it."""
    if types.is_int8(kind) or types.is_int16(kind):
        return pa.int32()
    if types.is_string(kind):
        return pa.large_string()
    return pa.large_binary() if types.is_binary(kind) else kind


def _copy_of(snapshot: Any) -> str | None:
    """The copy and the run of a snapshot."""
    found: str | None = None if snapshot.summary is None else snapshot.summary.additional_properties.get(_COPY)
    return found


def _identifier(table: TableState) -> tuple[str, str]:
    """The name in a catalog: that of the schema, and of the table."""
    schema, _, name = table.name.partition(".")
    return (schema, name) if name else ("copy", schema)
