"""The dialect of SQLAlchemy with asyncio, at a real Derby and at the server."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import alchemy_dialect as _registered  # noqa: F401
import duckdb
import pytest
from conftest import Lab
from sqlalchemy import Column, Integer, MetaData, String, Table, exc, insert, inspect, select, text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine

from drdarrow import aio, server


@pytest.fixture(params=["derby", "luw"])
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    if request.param == "derby":
        lab: Lab = request.getfixturevalue("lab")
        yield f"drda+aio://app@127.0.0.1:{lab.port}/{lab.database}"
        return
    with server.serve(duckdb.connect()) as served:
        yield f"drda+aio://app@127.0.0.1:{served.port}/SAMPLE"


def run(url: str, work: Callable[[AsyncEngine], Awaitable[Any]], **settings: Any) -> Any:
    async def whole() -> Any:
        engine = create_async_engine(url, **settings)
        try:
            return await work(engine)
        finally:
            await engine.dispose()

    return asyncio.run(whole())


def test_rows_are_written_read_and_streamed(url: str) -> None:
    tables = MetaData()
    table = Table("alchemy_aio", tables, Column("id", Integer, primary_key=True), Column("name", String(20)))

    async def work(engine: AsyncEngine) -> None:
        async with engine.begin() as connection:
            await connection.run_sync(tables.create_all)
            done = await connection.execute(insert(table), {"name": "Ada"})
            assert done.inserted_primary_key == (1,)
            await connection.execute(insert(table), [{"name": f"n{n}"} for n in range(50)])
        async with engine.connect() as connection:
            result = await connection.stream(select(table.c.name).order_by(table.c.id))
            assert [row.name async for row in result] == ["Ada", *(f"n{n}" for n in range(50))]
            assert await connection.run_sync(lambda sync: inspect(sync).has_table("alchemy_aio"))
        async with AsyncSession(engine) as session:
            assert await session.scalar(select(table.c.name).where(table.c.id == 1)) == "Ada"
        async with engine.begin() as connection:
            await connection.run_sync(tables.drop_all)

    run(url, work)


def test_what_is_not_committed_is_undone(url: str) -> None:
    tables = MetaData()
    table = Table("alchemy_undone", tables, Column("n", Integer))

    async def work(engine: AsyncEngine) -> None:
        async with engine.begin() as connection:
            await connection.run_sync(tables.create_all)
        async with engine.connect() as connection:
            await connection.execute(insert(table), {"n": 1})
        async with engine.connect() as connection:
            assert (await connection.scalars(select(table.c.n))).all() == []
            await connection.rollback()
            auto = await connection.execution_options(isolation_level="AUTOCOMMIT")
            await auto.execute(insert(table), {"n": 2})
        async with engine.begin() as connection:
            assert (await connection.scalars(select(table.c.n))).all() == [2]
            await connection.run_sync(tables.drop_all)

    run(url, work)


def test_an_error_is_sqlalchemys_with_the_drivers_inside(url: str) -> None:
    async def work(engine: AsyncEngine) -> None:
        async with engine.connect() as connection:
            with pytest.raises(exc.ProgrammingError) as caught:
                await connection.execute(text("SELECT * FROM NOWHERE_AT_ALL"))
            assert caught.value.orig is not None
            assert caught.value.orig.sqlstate in ("42X05", "42704")
            assert not caught.value.connection_invalidated

    run(url, work)


def test_the_drivers_connection_is_within_reach(url: str) -> None:
    async def work(engine: AsyncEngine) -> None:
        async with engine.connect() as connection:
            raw = await connection.get_raw_connection()
            driver = raw.driver_connection
            assert isinstance(driver, aio.AsyncConnection)
            cursor = await driver.execute("SELECT 1 AS N FROM SYSIBM.SYSDUMMY1")
            assert (await cursor.fetch_arrow_table()).to_pylist() == [{"N": 1}]

    run(url, work)


def test_tasks_share_a_pool(url: str) -> None:
    async def work(engine: AsyncEngine) -> None:
        async def one(n: int) -> int:
            async with engine.connect() as connection:
                return await connection.scalar(text(f"SELECT {n} FROM SYSIBM.SYSDUMMY1"))

        assert await asyncio.gather(*map(one, range(20))) == list(range(20))

    run(url, work, pool_size=3, max_overflow=0)
