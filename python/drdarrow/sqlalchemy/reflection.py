"""The objects of a database: every method asks one statement for all the tables that are wanted, and one for which
of the names there are."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import exc
from sqlalchemy.engine import Connection, reflection
from sqlalchemy.engine.reflection import ObjectKind, ObjectScope, ReflectionDefaults

from drdarrow.sqlalchemy import reflected_types
from drdarrow.sqlalchemy.catalogs import CATALOGS
from drdarrow.sqlalchemy.catalogs.catalog import (
    Alias,
    Catalog,
    ColumnFacts,
    IndexPart,
    Key,
    Question,
    Reference,
    Relation,
)
from drdarrow.sqlalchemy.product import ProductDialect

#: Names in one statement; with more all tables of the schema are asked for.
_NAMES = 200
_KINDS = {"T": ObjectKind.TABLE, "V": ObjectKind.VIEW, "M": ObjectKind.MATERIALIZED_VIEW}
#: Aliases of aliases that are followed.
_ALIASES = 16
#: Facts about tables of a schema, by the arguments of `get_multi_...`.
Follow = Callable[[str, dict[str, Any]], Iterable[Any]]
Found = Iterable[tuple[tuple[str | None, str], Any]]


def _one(multi: str) -> Callable[..., Any]:
    """The method for one table, by that for many. A table that is not there is an error."""

    def get(self: Any, connection: Connection, table_name: str, schema: str | None = None, **kw: Any) -> Any:
        cache = kw.get("info_cache")
        key = (multi, schema, str(table_name), getattr(table_name, "quote", None))
        if cache is not None and key in cache:
            return cache[key]
        found = getattr(self, multi)(
            connection, schema=schema, filter_names=[table_name], scope=ObjectScope.ANY, kind=ObjectKind.ANY, **kw
        )
        for _, facts in found:
            if cache is not None:
                cache[key] = facts
            return facts
        raise exc.NoSuchTableError(f"{schema}.{table_name}" if schema else table_name)

    return get


class DrdaReflection(ProductDialect):
    """The part of the dialect that reads catalogs."""

    @property
    def _catalog(self) -> Catalog:
        return CATALOGS[self.product.name]

    def _ask(
        self, connection: Connection, question: Question, schema: str | None = None, names: Sequence[str] | None = None
    ) -> list[Any]:
        text, values = question.bind(schema, names)
        rows = connection.exec_driver_sql(text, values).fetchall()
        return list(question.read(rows))

    def _schema(self, schema: str | None) -> str | None:
        return self.denormalize_name(schema or self.default_schema_name)

    # -- names -----------------------------------------------------------------------------------------------------

    @reflection.cache
    def get_schema_names(self, connection: Connection, **kw: Any) -> list[str]:
        return [self.normalize_name(name) for name in self._ask(connection, self._catalog.schemas)]

    @reflection.cache
    def _relations(self, connection: Connection, schema: str | None = None, **kw: Any) -> list[Relation]:
        return self._ask(connection, self._catalog.relations, self._schema(schema))

    def _names_of(self, connection: Connection, kind: str, schema: str | None, **kw: Any) -> list[str]:
        found = self._relations(connection, schema, info_cache=kw.get("info_cache"))
        return [self.normalize_name(relation.name) for relation in found if relation.kind == kind]

    @reflection.cache
    def get_table_names(self, connection: Connection, schema: str | None = None, **kw: Any) -> list[str]:
        return self._names_of(connection, "T", schema, **kw)

    @reflection.cache
    def get_view_names(self, connection: Connection, schema: str | None = None, **kw: Any) -> list[str]:
        return self._names_of(connection, "V", schema, **kw)

    @reflection.cache
    def get_materialized_view_names(self, connection: Connection, schema: str | None = None, **kw: Any) -> list[str]:
        return self._names_of(connection, "M", schema, **kw)

    @reflection.cache
    def get_sequence_names(self, connection: Connection, schema: str | None = None, **kw: Any) -> list[str]:
        found = self._ask(connection, self._catalog.sequences, self._schema(schema))
        return [self.normalize_name(name) for name in found]

    def get_temp_table_names(self, connection: Connection, schema: str | None = None, **kw: Any) -> list[str]:
        """Declared temporary tables are in no catalog."""
        return []

    def get_temp_view_names(self, connection: Connection, schema: str | None = None, **kw: Any) -> list[str]:
        return []

    def has_multi_table(
        self, connection: Connection, table_names: Sequence[str], schema: str | None = None, **kw: Any
    ) -> Found:
        wanted = {name: self.denormalize_name(name) for name in table_names}
        names = list(wanted.values()) if len(wanted) <= _NAMES else None
        found = self._ask(connection, self._catalog.relations, self._schema(schema), names)
        there = {relation.name for relation in found}
        there |= {alias.name for alias in self._aliases(connection, schema, wanted.values(), there)}
        return [((schema, name), asked in there) for name, asked in wanted.items()]

    @reflection.cache
    def has_table(self, connection: Connection, table_name: str, schema: str | None = None, **kw: Any) -> bool:
        self._ensure_has_table_connection(connection)
        return dict(self.has_multi_table(connection, [table_name], schema))[schema, table_name]

    @reflection.cache
    def has_sequence(self, connection: Connection, sequence_name: str, schema: str | None = None, **kw: Any) -> bool:
        found = self._ask(connection, self._catalog.sequences, self._schema(schema))
        return self.denormalize_name(sequence_name) in found

    @reflection.cache
    def get_view_definition(self, connection: Connection, view_name: str, schema: str | None = None, **kw: Any) -> str:
        asked = self.denormalize_name(view_name)
        found = dict(self._ask(connection, self._catalog.views, self._schema(schema), [asked]))
        if asked not in found:
            raise exc.NoSuchTableError(f"{schema}.{view_name}" if schema else view_name)
        return found[asked]

    # -- facts about many tables -----------------------------------------------------------------------------------

    def _wanted(
        self,
        connection: Connection,
        schema: str | None,
        filter_names: Collection[str] | None = None,
        scope: ObjectScope = ObjectScope.ANY,
        kind: ObjectKind = ObjectKind.ANY,
        **kw: Any,
    ) -> tuple[list[Relation], list[str] | None]:
        """The tables that are there of those that are wanted, and their names for a statement; None stands for all."""
        if ObjectScope.DEFAULT not in scope:
            return [], None
        if filter_names is not None and len(filter_names) <= _NAMES:
            asked = [self.denormalize_name(name) for name in filter_names]
            key = ("relations", schema, tuple(sorted(asked)))
            cache = kw.get("info_cache")
            found = None if cache is None else cache.get(key)
            if found is None:
                found = self._ask(connection, self._catalog.relations, self._schema(schema), asked) if asked else []
                if cache is not None:
                    cache[key] = found
            return [relation for relation in found if _KINDS[relation.kind] in kind], asked
        found = self._relations(connection, schema, info_cache=kw.get("info_cache"))
        names = None if filter_names is None else {self.denormalize_name(name) for name in filter_names}
        return [
            relation
            for relation in found
            if _KINDS[relation.kind] in kind and (names is None or relation.name in names)
        ], None

    def _aliases(
        self, connection: Connection, schema: str | None, names: Iterable[str], there: Collection[str]
    ) -> list[Alias]:
        """The aliases among names that are no tables."""
        missing = [name for name in names if name not in there]
        return self._ask(connection, self._catalog.aliases, self._schema(schema), missing) if missing else []

    def _followed(
        self, connection: Connection, schema: str | None, there: Collection[str], follow: Follow, **kw: Any
    ) -> Iterator[tuple[str, Any]]:
        """The facts about the tables of aliases that are asked for by their names. follow: gives them for one table."""
        asked = [self.denormalize_name(name) for name in kw.get("filter_names") or ()]
        if not asked or len(asked) > _NAMES or ObjectScope.DEFAULT not in kw.get("scope", ObjectScope.ANY):
            return
        depth = kw.get("aliases", 0)
        for alias in self._aliases(connection, schema, asked, there) if depth < _ALIASES else ():
            of = {**kw, "filter_names": [self.normalize_name(alias.table)], "aliases": depth + 1}
            for facts in follow(self.normalize_name(alias.schema), of):
                yield alias.name, facts

    def _facts(self, connection: Connection, question: Question, schema: str | None, **kw: Any) -> dict[str, list[Any]]:
        """The facts by table, of each table that is there."""
        relations, names = self._wanted(connection, schema, **kw)
        found: dict[str, list[Any]] = {relation.name: [] for relation in relations}
        if found:
            for fact in self._ask(connection, question, self._schema(schema), names):
                if fact.table in found:
                    found[fact.table].append(fact)

        def follow(of: str, kw: dict[str, Any]) -> Iterable[Any]:
            return self._facts(connection, question, of, **kw).values()

        found.update(self._followed(connection, schema, found, follow, **kw))
        return found

    def _key(self, schema: str | None, name: str) -> tuple[str | None, str]:
        return schema, self.normalize_name(name)

    def get_multi_columns(self, connection: Connection, schema: str | None = None, **kw: Any) -> Found:
        found = self._facts(connection, self._catalog.columns, schema, **kw)
        for table, columns in found.items():
            yield self._key(schema, table), [self._column(facts) for facts in columns]

    def _column(self, facts: ColumnFacts) -> dict[str, Any]:
        column: dict[str, Any] = {
            "name": self.normalize_name(facts.name),
            "type": reflected_types.of_column(facts),
            "nullable": facts.nullable,
            "default": None if facts.identity or facts.computed else facts.default,
            "autoincrement": facts.identity is not None,
        }
        if self.supports_comments:
            column["comment"] = facts.comment
        if facts.identity:
            column["identity"] = {"always": facts.identity == "ALWAYS", **(facts.numbers or {})}
        if facts.computed:
            column["computed"] = {"sqltext": facts.computed, "persisted": True}
        return column

    def get_multi_pk_constraint(self, connection: Connection, schema: str | None = None, **kw: Any) -> Found:
        found = self._facts(connection, self._catalog.keys, schema, **kw)
        for table, keys in found.items():
            primary = ReflectionDefaults.pk_constraint()
            for name, columns in self._keys(keys, "P").items():
                primary = {"name": name, "constrained_columns": columns}
            yield self._key(schema, table), primary

    def _keys(self, keys: Iterable[Key], kind: str) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for key in keys:
            if key.kind == kind:
                found.setdefault(self.normalize_name(key.name), []).append(self.normalize_name(key.column))
        return found

    def get_multi_unique_constraints(self, connection: Connection, schema: str | None = None, **kw: Any) -> Found:
        found = self._facts(connection, self._catalog.keys, schema, **kw)
        for table, keys in found.items():
            unique = self._keys(keys, "U").items()
            yield (
                self._key(schema, table),
                [{"name": name, "column_names": columns} for name, columns in unique],
            )

    def get_multi_foreign_keys(self, connection: Connection, schema: str | None = None, **kw: Any) -> Found:
        found = self._facts(connection, self._catalog.references, schema, **kw)
        for table, references in found.items():
            yield self._key(schema, table), self._foreign_keys(references, schema)

    def _foreign_keys(self, references: Iterable[Reference], schema: str | None) -> list[dict[str, Any]]:
        keys: dict[str, dict[str, Any]] = {}
        for part in references:
            parent_schema = self.normalize_name(part.parent_schema)
            # The default schema is not told where none was asked for.
            silent = schema is None and parent_schema == self.default_schema_name
            rules = {"ondelete": part.on_delete, "onupdate": part.on_update}
            key = keys.setdefault(
                part.name,
                {
                    "name": self.normalize_name(part.name),
                    "constrained_columns": [],
                    "referred_schema": None if silent else parent_schema,
                    "referred_table": self.normalize_name(part.parent),
                    "referred_columns": [],
                    "options": {name: rule for name, rule in rules.items() if rule},
                },
            )
            key["constrained_columns"].append(self.normalize_name(part.column))
            key["referred_columns"].append(self.normalize_name(part.parent_column))
        return list(keys.values())

    def get_multi_indexes(self, connection: Connection, schema: str | None = None, **kw: Any) -> Found:
        found = self._facts(connection, self._catalog.indexes, schema, **kw)
        for table, parts in found.items():
            yield self._key(schema, table), self._indexes(parts)

    def _indexes(self, parts: Iterable[IndexPart]) -> list[dict[str, Any]]:
        indexes: dict[str, dict[str, Any]] = {}
        for part in parts:
            index = indexes.setdefault(
                part.name,
                {"name": self.normalize_name(part.name), "column_names": [], "unique": part.unique},
            )
            name = None if part.column is None else self.normalize_name(part.column)
            if part.order == "I":
                index.setdefault("include_columns", []).append(name)
                continue
            index["column_names"].append(name)
            index.setdefault("expressions", []).append(part.expression or name)
            if part.order == "D" and name is not None:
                index.setdefault("column_sorting", {})[name] = ("desc",)
        for index in indexes.values():
            if None not in index["column_names"]:
                index.pop("expressions", None)
        return list(indexes.values())

    def get_multi_check_constraints(self, connection: Connection, schema: str | None = None, **kw: Any) -> Found:
        found = self._facts(connection, self._catalog.checks, schema, **kw)
        for table, checks in found.items():
            yield (
                self._key(schema, table),
                [{"name": self.normalize_name(check.name), "sqltext": check.text} for check in checks],
            )

    def get_multi_table_comment(self, connection: Connection, schema: str | None = None, **kw: Any) -> Found:
        for name, comment in self._comments(connection, schema, **kw).items():
            yield self._key(schema, name), {"text": comment}

    def _comments(self, connection: Connection, schema: str | None, **kw: Any) -> dict[str, str | None]:
        relations, _ = self._wanted(connection, schema, **kw)
        found = {relation.name: relation.comment for relation in relations}

        def follow(of: str, kw: dict[str, Any]) -> Iterable[Any]:
            return self._comments(connection, of, **kw).values()

        found.update(self._followed(connection, schema, found, follow, **kw))
        return found

    get_columns = _one("get_multi_columns")
    get_pk_constraint = _one("get_multi_pk_constraint")
    get_unique_constraints = _one("get_multi_unique_constraints")
    get_foreign_keys = _one("get_multi_foreign_keys")
    get_indexes = _one("get_multi_indexes")
    get_check_constraints = _one("get_multi_check_constraints")
    get_table_comment = _one("get_multi_table_comment")
