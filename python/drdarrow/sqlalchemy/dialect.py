"""The dialects: how an engine connects, what it finds out about the server, and isolation."""

from __future__ import annotations

import contextlib
import urllib.parse
from types import ModuleType
from typing import TYPE_CHECKING, Any

from sqlalchemy import exc
from sqlalchemy.engine import URL, Connection
from sqlalchemy.sql.compiler import AggregateOrderByStyle, InsertmanyvaluesSentinelOpts

from drdarrow.sqlalchemy import product as products
from drdarrow.sqlalchemy.compiler import DrdaCompiler
from drdarrow.sqlalchemy.ddl import DrdaDDLCompiler
from drdarrow.sqlalchemy.execution import DrdaExecutionContext
from drdarrow.sqlalchemy.identifiers import DrdaIdentifierPreparer
from drdarrow.sqlalchemy.reflection import DrdaReflection
from drdarrow.sqlalchemy.two_phase import DrdaTwoPhase
from drdarrow.sqlalchemy.type_compiler import DrdaTypeCompiler
from drdarrow.sqlalchemy.types import COLSPECS

with contextlib.suppress(ImportError):
    # Alembic, where it is installed.
    from drdarrow.sqlalchemy import migrations as migrations

if TYPE_CHECKING:
    from sqlalchemy.engine.interfaces import ConnectArgsType, DBAPIConnection, IsolationLevel

#: SQLAlchemy's names for the levels, and those of DRDA's packages.
ISOLATION = {
    "READ UNCOMMITTED": "UR",
    "READ COMMITTED": "CS",
    "REPEATABLE READ": "RS",
    "SERIALIZABLE": "RR",
    "NONE": "NC",
}
_LEVELS = {short: level for level, short in ISOLATION.items()}


class DrdaDialect(DrdaTwoPhase, DrdaReflection):
    """`drda://`, the same as `drda+drdarrow://`."""

    name = "drda"
    driver = "drdarrow"
    default_paramstyle = "qmark"

    statement_compiler = DrdaCompiler
    ddl_compiler = DrdaDDLCompiler
    type_compiler_cls = DrdaTypeCompiler
    preparer = DrdaIdentifierPreparer  # type: ignore[assignment]
    execution_ctx_cls = DrdaExecutionContext
    colspecs = COLSPECS

    supports_statement_cache = True
    requires_name_normalize = True
    max_identifier_length = 128
    supports_native_decimal = True
    supports_native_boolean = True
    non_native_boolean_check_constraint = True
    returns_native_bytes = True
    supports_sequences = True
    sequences_optional = True
    supports_identity_columns = True
    supports_default_values = False
    supports_default_metavalue = True
    supports_empty_insert = False
    supports_sane_rowcount = True
    supports_sane_multi_rowcount = True
    supports_sane_rowcount_returning = False
    supports_multivalues_insert = True
    supports_comments = True
    supports_is_distinct_from = True
    cte_follows_insert = True
    postfetch_lastrowid = True
    favor_returning_over_lastrowid = True
    insert_returning = True
    update_returning = True
    delete_returning = True
    use_insertmanyvalues = True
    insertmanyvalues_implicit_sentinel: Any = (
        InsertmanyvaluesSentinelOpts.AUTOINCREMENT | InsertmanyvaluesSentinelOpts.IDENTITY
    )
    insertmanyvalues_max_parameters = 10_000
    aggregate_order_by_style = AggregateOrderByStyle.WITHIN_GROUP
    div_is_floordiv = True
    tuple_in_values = True

    def __init__(self, **kw: Any) -> None:
        super().__init__(**kw)
        self._given_boolean = kw.get("supports_native_boolean")
        #: The level of connections as the URL says.
        self._level = "READ COMMITTED"

    # -- connecting ------------------------------------------------------------------------------------------------

    @classmethod
    def import_dbapi(cls) -> ModuleType:
        import drdarrow

        return drdarrow

    def create_connect_args(self, url: URL) -> ConnectArgsType:
        """The settings of the URL go to the driver as they are, which checks them."""
        query = {name: value if isinstance(value, str) else value[-1] for name, value in url.query.items()}
        level = query.get("isolation")
        if level:
            self._level = _LEVELS.get(level.upper(), self._level)
        quote = urllib.parse.quote
        # Several addresses have no other place in a URL of SQLAlchemy.
        addresses = query.pop("host", None)
        text = "drda://"
        if url.username:
            text += f"{quote(url.username, safe='')}@"
        text += addresses or _address(url)
        text += f"/{quote(url.database or '', safe='')}"
        if query:
            text += "?" + "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in query.items())
        settings: dict[str, Any] = {}
        if url.password is not None:
            settings["password"] = str(url.password)
        return (text,), settings

    def initialize(self, connection: Connection) -> None:
        found, self.server_version_info = products.of_server(self._driver(connection).server)
        self._compile_for(found)
        super().initialize(connection)

    @staticmethod
    def _driver(connection: Connection) -> Any:
        """The driver's own connection."""
        return connection.connection.driver_connection

    def _compile_for(self, product: products.Product) -> None:
        """Takes what the product has."""
        self.product = product
        self.supports_native_boolean = product.boolean if self._given_boolean is None else self._given_boolean
        self.supports_comments = product.comments
        self.supports_is_distinct_from = product.distinct_from
        self.insert_returning = self.favor_returning_over_lastrowid = product.final_insert
        self.update_returning = self.delete_returning = product.final_change
        self.insert_executemany_returning = product.final_insert
        self.insert_executemany_returning_sort_by_parameter_order = self.insert_executemany_returning
        self.use_insertmanyvalues = self.insert_executemany_returning
        self.preexecute_autoincrement_sequences = not product.final_insert
        self.identifier_preparer = self.preparer(self)
        self._type_memos.clear()

    def _get_server_version_info(self, connection: Connection) -> tuple[int, ...]:
        return self.server_version_info or ()

    def _get_default_schema_name(self, connection: Connection) -> str:
        name = connection.exec_driver_sql("SELECT CURRENT SCHEMA FROM SYSIBM.SYSDUMMY1").scalar_one()
        return self.normalize_name(str(name).rstrip())

    def is_disconnect(self, e: Exception, connection: Any, cursor: Any) -> bool:
        if isinstance(e, self.loaded_dbapi.Error):
            return not e.connection_usable
        return False

    def do_rollback_to_savepoint(self, connection: Connection, name: str) -> None:
        """Derby has one savepoint at a time, and keeps it when it goes back to it."""
        super().do_rollback_to_savepoint(connection, name)
        if self.product.name == "derby":
            self.do_release_savepoint(connection, name)

    # -- isolation -------------------------------------------------------------------------------------------------

    def get_isolation_level_values(self, dbapi_connection: DBAPIConnection) -> list[IsolationLevel]:
        return ["AUTOCOMMIT", "READ UNCOMMITTED", "READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"]

    def get_default_isolation_level(self, dbapi_connection: DBAPIConnection) -> IsolationLevel:
        return self.get_isolation_level(dbapi_connection)

    def set_isolation_level(self, dbapi_connection: Any, level: IsolationLevel) -> None:
        if level == "AUTOCOMMIT":
            dbapi_connection.autocommit = True
            return
        dbapi_connection.autocommit = False
        if self.product.sets_isolation:
            cursor = dbapi_connection.cursor()
            cursor.execute(f"SET CURRENT ISOLATION = {ISOLATION[level]}")
            cursor.close()
            dbapi_connection.commit()
        elif level != self._level:
            raise exc.ArgumentError(
                f"the isolation of a connection to {self.product.name} is that of its package, {self._level}: "
                f"say ?isolation={ISOLATION[level].lower()} in the URL of an engine of its own"
            )

    def detect_autocommit_setting(self, dbapi_connection: Any) -> bool:
        return bool(dbapi_connection.autocommit)

    def get_isolation_level(self, dbapi_connection: Any) -> IsolationLevel:
        if dbapi_connection.autocommit:
            return "AUTOCOMMIT"
        if not self.product.sets_isolation:
            return self._level  # type: ignore[return-value]
        cursor = dbapi_connection.cursor()
        cursor.execute("VALUES CURRENT ISOLATION")
        (value,) = cursor.fetchone()
        cursor.close()
        # Blanks stand for the level of the package.
        return _LEVELS.get((value or "").strip(), self._level)  # type: ignore[return-value]


def _address(url: URL) -> str:
    """Host and port as the driver writes them."""
    host = url.host or "localhost"
    return (f"[{host}]" if ":" in host else host) + (f":{url.port}" if url.port else "")


dialect = DrdaDialect
