"""SQLAlchemy's two-phase transactions, at Derby and at the server over DuckDB."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import alchemy_dialect as _registered  # noqa: F401
import duckdb
import pytest
import sqlalchemy as sa
from conftest import Lab
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.orm import Session

from drdarrow import server


@pytest.fixture(scope="module")
def engines(lab: Lab) -> Iterator[list[sa.Engine]]:
    with server.serve(duckdb.connect(":memory:")) as srv:
        made = [sa.create_engine(f"{uri}?two_phase=true") for uri in (lab.uri(), srv.uri)]
        for engine in made:
            with engine.begin() as connection:
                connection.exec_driver_sql("CREATE TABLE TWOPHASE (A INTEGER NOT NULL PRIMARY KEY)")
        yield made
        for engine in made:
            engine.dispose()


def rows(engine: sa.Engine) -> list[int]:
    with engine.connect() as connection:
        return list(connection.scalars(sa.text("SELECT A FROM TWOPHASE ORDER BY A")))


def test_a_transaction_in_two_phases_is_kept_undone_or_recovered(engines: list[sa.Engine]) -> None:
    for engine in engines:
        with engine.connect() as connection:
            for value, ends in enumerate(["commit", "rollback"]):
                transaction = connection.begin_twophase()
                connection.execute(sa.text("INSERT INTO TWOPHASE VALUES (:a)"), {"a": value})
                transaction.prepare()
                getattr(transaction, ends)()
        with engine.connect() as lost:
            xid = lost.begin_twophase()
            lost.execute(sa.text("INSERT INTO TWOPHASE VALUES (2)"))
            xid.prepare()
            with engine.connect() as connection:
                assert connection.recover_twophase() == [xid.xid]
                connection.commit_prepared(xid.xid, recover=True)
            lost.invalidate()
        assert rows(engine) == [0, 2]


def test_a_session_commits_on_all_its_databases_or_on_none(engines: list[sa.Engine]) -> None:
    insert = sa.text("INSERT INTO TWOPHASE VALUES (:a)")
    for value, fails in (10, False), (11, True):
        with Session(twophase=True) as session:
            for engine in engines:
                session.execute(insert, {"a": value}, bind_arguments={"bind": engine})
            if fails:
                session.rollback()
            else:
                session.commit()
    assert [value for engine in engines for value in rows(engine) if value >= 10] == [10, 10]


def test_the_same_with_asyncio(engines: list[sa.Engine]) -> None:
    url = engines[0].url.set(drivername="drda+aio")

    async def scene() -> None:
        engine = create_async_engine(url)
        async with engine.connect() as connection:

            def work(waiting: sa.Connection) -> None:
                with waiting.begin_twophase() as transaction:
                    waiting.execute(sa.text("INSERT INTO TWOPHASE VALUES (20)"))
                    transaction.prepare()

            await connection.run_sync(work)
        await engine.dispose()

    asyncio.run(scene())
    assert 20 in rows(engines[0])
