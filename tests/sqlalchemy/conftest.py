"""SQLAlchemy's own plugin of pytest, and what it has to know about the databases here."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy.dialects import registry

for _name, _class in (("drda", "DrdaDialect"), ("drda.drdarrow", "DrdaDialect")):
    registry.register(_name, "drdarrow.sqlalchemy.dialect", _class)

pytest.register_assert_rewrite("sqlalchemy.testing.assertions")

from sqlalchemy.testing import config as testing_config  # noqa: E402
from sqlalchemy.testing import provision  # noqa: E402
from sqlalchemy.testing.plugin.pytestplugin import *  # noqa: E402, F403


@provision.temp_table_keyword_args.for_db("drda")
def _temporary(cfg: Any, eng: Any) -> dict[str, Any]:
    return {"prefixes": ["GLOBAL TEMPORARY"]}


@provision.set_default_schema_on_connection.for_db("drda")
def _default_schema(cfg: Any, dbapi_connection: Any, schema_name: str) -> None:
    cursor = dbapi_connection.cursor()
    cursor.execute(f"SET SCHEMA {schema_name.upper()}")
    cursor.close()
    dbapi_connection.commit()


@provision.delete_from_all_tables.for_db("drda")
def _empty(connection: Any, cfg: Any, metadata: Any) -> None:
    """DuckDB, under the server, deletes no rows that refer to each other in one transaction: each table has its own,
    and one that refers to itself is made anew."""
    for table in reversed(metadata.sorted_tables):
        with cfg.db.begin() as own:
            if any(key.references(table) for key in table.foreign_keys) and own.dialect.product.name != "derby":
                table.drop(own, checkfirst=False)
                table.create(own, checkfirst=False)
            else:
                own.execute(table.delete())


@pytest.fixture(autouse=True)
def _single(request: pytest.FixtureRequest) -> None:
    """Leaves out the single tests that the requirements name."""
    from requirements import SINGLE

    product = testing_config.db.dialect.product.name
    for name, (products, reason) in SINGLE.items():
        class_, _, function = name.partition("::")
        if product in products and request.cls.__name__.startswith(class_) and request.node.name.startswith(function):
            pytest.skip(reason)
