"""The dialect for tests that run from the tree, where no entry point of a wheel tells SQLAlchemy of it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine, create_engine
from sqlalchemy.dialects import registry

registry.register("drda", "drdarrow.sqlalchemy.dialect", "DrdaDialect")
registry.register("drda.drdarrow", "drdarrow.sqlalchemy.dialect", "DrdaDialect")
registry.register("drda.aio", "drdarrow.sqlalchemy.aio", "AsyncDrdaDialect")


def engine(port: int, database: str, **settings: Any) -> Engine:
    return create_engine(f"drda://app@127.0.0.1:{port}/{database}", **settings)
