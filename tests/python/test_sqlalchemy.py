"""The dialect of SQLAlchemy at a real Derby and at the server as each product: rows, errors, isolation, settings."""

from __future__ import annotations

import datetime
import tomllib
from collections.abc import Iterator
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import Any

import duckdb
import pytest
from alchemy_dialect import engine
from conftest import Lab
from sqlalchemy import (
    Boolean,
    Column,
    DateTime,
    Engine,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    Sequence,
    String,
    Table,
    Text,
    Time,
    Unicode,
    cast,
    exc,
    func,
    insert,
    literal,
    select,
    text,
    tuple_,
    update,
)  # fmt: skip
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship

from drdarrow import server
from drdarrow.sqlalchemy.dialect import DrdaDialect

PRODUCTS = ("derby", "luw", "ibmi", "zos")


@pytest.fixture(params=PRODUCTS)
def bound(request: pytest.FixtureRequest) -> Iterator[Engine]:
    if request.param == "derby":
        lab: Lab = request.getfixturevalue("lab")
        made = engine(lab.port, lab.database)
        yield made
        made.dispose()
        return
    with server.serve(duckdb.connect(), persona=request.param) as served:
        made = engine(served.port, "SAMPLE")
        yield made
        made.dispose()


@pytest.fixture
def made(bound: Engine) -> Iterator[tuple[Engine, MetaData]]:
    """Tables of a test's own, which are dropped after it."""
    tables = MetaData()
    yield bound, tables
    with bound.begin() as connection:
        tables.drop_all(connection)


def test_each_value_comes_back_as_it_was_given(made: tuple[Engine, MetaData]) -> None:
    bound, tables = made
    table = Table(
        "alchemy_values", tables,
        Column("id", Integer, primary_key=True), Column("name", String(20)), Column("pay", Numeric(12, 3)),
        Column("good", Boolean), Column("moment", DateTime), Column("words", Text), Column("bytes", LargeBinary),
        Column("wide", Unicode(20)),
    )  # fmt: skip
    given = (
        "Ada", Decimal("-123456789.125"), True, datetime.datetime(2024, 2, 29, 23, 59, 59, 999_999), "words " * 9_000,
        bytes(range(256)) * 200, "Grüße 日本",
    )  # fmt: skip
    with bound.begin() as connection:
        tables.create_all(connection)
        done = connection.execute(insert(table), dict(zip(list(table.columns.keys())[1:], given, strict=True)))
        assert done.inserted_primary_key == (1,)
        connection.execute(insert(table), {"name": None})
    with bound.connect() as connection:
        rows = connection.execute(select(table).order_by(table.c.id)).all()
    assert rows == [(1, *given), (2, *(None,) * 7)]
    assert [type(value) for value in rows[0]] == [int, *map(type, given)]


def test_the_orm_writes_a_graph_and_reads_it(made: tuple[Engine, MetaData]) -> None:
    bound, tables = made

    class Base(DeclarativeBase):
        metadata = tables

    class Customer(Base):
        __tablename__ = "alchemy_customer"
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str] = mapped_column(String(20))
        orders: Mapped[list[Order]] = relationship(back_populates="customer", order_by="Order.id")

    class Order(Base):
        __tablename__ = "alchemy_order"
        id: Mapped[int] = mapped_column(Sequence("alchemy_order_numbers", start=100), primary_key=True)
        customer_id: Mapped[int] = mapped_column(ForeignKey("alchemy_customer.id"))
        amount: Mapped[Decimal] = mapped_column(Numeric(9, 2))
        customer: Mapped[Customer] = relationship(back_populates="orders")

    Customer.orders.property.argument = lambda: Order
    Base.metadata.create_all(bound)
    with Session(bound) as session:
        ada = Customer(name="Ada", orders=[Order(amount=Decimal("1.50")), Order(amount=Decimal("2.25"))])
        session.add_all([ada, Customer(name="Grace")])
        session.commit()
        assert [order.id for order in ada.orders] == [100, 101]
    with Session(bound) as session:
        found = session.scalars(select(Customer).order_by(Customer.name)).all()
        assert [(one.name, [order.amount for order in one.orders]) for one in found] == [
            ("Ada", [Decimal("1.50"), Decimal("2.25")]),
            ("Grace", []),
        ]
        total = session.scalar(select(func.sum(Order.amount)).where(Order.customer_id == found[0].id))
        assert total == Decimal("3.75")


def test_many_rows_get_their_numbers_in_order(made: tuple[Engine, MetaData]) -> None:
    bound, tables = made
    table = Table("alchemy_many", tables, Column("id", Integer, primary_key=True), Column("n", Integer))
    with bound.begin() as connection:
        tables.create_all(connection)
        connection.execute(insert(table), [{"n": n} for n in range(300)])
        pairs = connection.execute(select(table.c.id, table.c.n).order_by(table.c.id)).all()
        assert pairs == [(n + 1, n) for n in range(300)]
        if bound.dialect.insert_executemany_returning:
            returning = insert(table).returning(table.c.id, table.c.n, sort_by_parameter_order=True)
            given = [{"n": n} for n in range(120)]
            pages = {"insertmanyvalues_page_size": 50}
            assert connection.execute(returning, given, execution_options=pages).all() == [(301 + n, n) for n in range(120)]


@pytest.mark.parametrize(("expression", "value"), [
    (literal("a") + literal("b"), "ab"),
    (literal(7), 7),
    (literal(7) + literal(5), 12),
    (func.upper(literal("x")), "X"),
    (cast(literal(12), String(10)), "12"),
    (literal(7) / literal(2), Decimal("3.5")),
    (literal(-7) // literal(2), -4),
    (literal(7) % literal(4), 3),
], ids=str)  # fmt: skip
def test_parameters_without_a_type_of_their_own_are_cast(bound: Engine, expression: Any, value: object) -> None:
    with bound.connect() as connection:
        assert connection.scalar(select(expression)) == value
        assert connection.scalars(select(literal(1)).where(literal(1) == literal(1))).all() == [1]


def test_a_key_that_is_there_is_an_integrity_error(made: tuple[Engine, MetaData]) -> None:
    bound, tables = made
    table = Table("alchemy_key", tables, Column("id", Integer, primary_key=True, autoincrement=False))
    tables.create_all(bound)
    with bound.begin() as connection:
        connection.execute(insert(table), {"id": 1})
    with pytest.raises(exc.IntegrityError), bound.begin() as connection:
        connection.execute(insert(table), {"id": 1})


def test_a_change_counts_its_rows(made: tuple[Engine, MetaData]) -> None:
    bound, tables = made
    table = Table("alchemy_count", tables, Column("id", Integer, primary_key=True), Column("n", Integer))
    with bound.begin() as connection:
        tables.create_all(connection)
        assert connection.execute(insert(table), [{"n": 1}, {"n": 2}, {"n": 2}]).rowcount == 3
        assert connection.execute(update(table).where(table.c.n == 2).values(n=5)).rowcount == 2
        assert connection.execute(table.delete().where(table.c.n == 9)).rowcount == 0


def test_a_savepoint_takes_back_what_came_after_it(made: tuple[Engine, MetaData]) -> None:
    bound, tables = made
    table = Table("alchemy_point", tables, Column("n", Integer))
    tables.create_all(bound)
    with bound.begin() as connection:
        connection.execute(insert(table), {"n": 1})
        inner = connection.begin_nested()
        connection.execute(insert(table), {"n": 2})
        inner.rollback()
        with connection.begin_nested():
            connection.execute(insert(table), {"n": 3})
    with bound.connect() as connection:
        assert connection.scalars(select(table.c.n).order_by(table.c.n)).all() == [1, 3]


def test_autocommit_needs_no_commit(made: tuple[Engine, MetaData]) -> None:
    bound, tables = made
    table = Table("alchemy_auto", tables, Column("n", Integer))
    tables.create_all(bound)
    with bound.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        assert connection.get_isolation_level() == "AUTOCOMMIT"
        connection.execute(insert(table), {"n": 1})
    with bound.connect() as connection:
        assert connection.get_isolation_level() == "READ COMMITTED"
        assert connection.scalars(select(table.c.n)).all() == [1]


def test_isolation_is_set_or_refused_with_the_cure(bound: Engine) -> None:
    connection = bound.connect()
    if not bound.dialect.product.sets_isolation:
        with pytest.raises(exc.ArgumentError, match=r"\?isolation=rr"):
            connection.execution_options(isolation_level="SERIALIZABLE")
        return
    for level in ("READ UNCOMMITTED", "REPEATABLE READ", "SERIALIZABLE", "READ COMMITTED"):
        with bound.connect().execution_options(isolation_level=level) as other:
            assert other.get_isolation_level() == level
    connection.close()


def test_a_connection_that_broke_is_thrown_away(lab: Lab) -> None:
    bound = engine(lab.port, lab.database, connect_args={"statement_timeout": 0.5})
    with bound.connect() as blocker, pytest.raises(exc.DBAPIError) as caught, bound.connect() as connection:
        blocker.execute(text("LOCK TABLE INTS IN EXCLUSIVE MODE"))
        connection.execute(text("SELECT * FROM INTS")).all()
    assert caught.value.connection_invalidated == (not caught.value.orig.connection_usable)
    with bound.connect() as connection:
        assert connection.scalar(select(literal(1))) == 1
    bound.dispose()


def test_settings_of_the_driver_are_parameters_of_the_url() -> None:
    from sqlalchemy import make_url

    url = make_url("drda+drdarrow://an%40n:s%2Fcret@[::1]:1527/MY%20DB?isolation=rr&timeout=5&attributes=create%3Dtrue")
    (uri,), settings = DrdaDialect().create_connect_args(url)
    assert uri == "drda://an%40n@[::1]:1527/MY%20DB?isolation=rr&timeout=5&attributes=create%3Dtrue"
    assert settings == {"password": "s/cret"}


def test_a_fraction_of_a_second_is_no_time(bound: Engine) -> None:
    with bound.connect() as connection, pytest.raises(exc.StatementError, match="whole seconds"):
        connection.execute(select(literal(datetime.time(1, 2, 3, 4), Time)))


def test_arrow_comes_from_the_drivers_connection(bound: Engine) -> None:
    raw = bound.raw_connection()
    try:
        driver: Any = raw.driver_connection
        table = driver.execute("SELECT 1 AS N FROM SYSIBM.SYSDUMMY1").fetch_arrow_table()
        assert table.to_pylist() == [{"N": 1}]
    finally:
        raw.close()


def test_the_wheel_tells_sqlalchemy_of_each_dialect() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    points = project["entry-points"]["sqlalchemy.dialects"]
    assert set(points) == {"drda", "drda.drdarrow", "drda.aio"}
    for target in points.values():
        module, _, name = target.partition(":")
        assert issubclass(getattr(import_module(module), name), DrdaDialect)


@pytest.mark.parametrize(("kept", "lost"), [
    (literal("x" * 4_000) + literal("y"), literal("x" * 4_001) + literal("y")),
    (literal("x" * 30_000), literal("x" * 33_000)),
    (func.coalesce(literal("short", String(5)), literal("x")), None),
    (func.coalesce(literal(None, String(5)), literal("longer than five", String(5))), None),
    (func.coalesce(literal(None, Numeric(9, 2)), literal(Decimal("1.25"), Numeric(9, 2))),
     func.coalesce(literal(None, Numeric(9, 2)), literal(Decimal("1.255"), Numeric(9, 2)))),
], ids=["joined", "long", "short", "longer", "decimal"])  # fmt: skip
def test_a_parameter_is_never_cut_by_its_cast(bound: Engine, kept: Any, lost: Any) -> None:
    expected = {"joined": "x" * 4_000 + "y", "long": "x" * 30_000}
    with bound.connect() as connection:
        found = connection.scalar(select(kept))
        assert found in (*expected.values(), "short", "longer than five", Decimal("1.25"))
        if lost is not None:
            with pytest.raises(exc.StatementError, match="cast it to a type that holds it"):
                connection.scalar(select(lost))


def test_a_common_word_names_the_column_that_it_names_without_quotes(bound: Engine) -> None:
    with bound.begin() as connection:
        connection.execute(text("CREATE TABLE ALCHEMY_WORDS (DATA INTEGER, NAME VARCHAR(5), NUMBER INTEGER, STATUS INTEGER)"))
    try:
        table = Table("alchemy_words", MetaData(), *(Column(name, Integer) for name in ("data", "number", "status")))
        with bound.begin() as connection:
            connection.execute(insert(table), {"data": 1, "number": 2, "status": 3})
            assert connection.execute(select(table)).all() == [(1, 2, 3)]
            found = MetaData()
            found.reflect(connection, only=["alchemy_words"])
            assert found.tables["alchemy_words"].columns.keys() == ["data", "name", "number", "status"]
    finally:
        with bound.begin() as connection:
            connection.execute(text("DROP TABLE ALCHEMY_WORDS"))


def test_a_list_of_rows_is_cast_or_refused(bound: Engine) -> None:
    table = Table("alchemy_rows", MetaData(), Column("a", Integer), Column("b", String(5)), Column("c", Numeric(6, 2)))
    rows = [(1, "x", Decimal("1.50")), (2, "y", Decimal("2.00")), (3, "z", Decimal("3.25"))]
    listed = select(table.c.a).where(tuple_(table.c.a, table.c.b, table.c.c).in_([rows[0], rows[2]])).order_by(table.c.a)
    with bound.begin() as connection:
        table.create(connection)
        connection.execute(insert(table), [dict(zip("abc", row, strict=True)) for row in rows])
    try:
        with bound.connect() as connection:
            if bound.dialect.product.name in ("derby", "zos"):
                with pytest.raises(exc.StatementError, match="has no lists of rows"):
                    connection.execute(listed)
                return
            assert connection.scalars(listed).all() == [1, 3]
            others = select(table.c.a).where(tuple_(table.c.a, table.c.b).not_in([(1, "x"), (2, "no")]))
            assert sorted(connection.scalars(others)) == [2, 3]
            cut = select(table.c.a).where(tuple_(table.c.a, table.c.c).in_([(1, Decimal("1.505"))]))
            with pytest.raises(exc.StatementError, match="cast it to a type that holds it"):
                connection.execute(cut)
    finally:
        with bound.begin() as connection:
            table.drop(connection)
