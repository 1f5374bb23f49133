"""Many rows into DuckDB: what comes of a chain of commands, and of an array, is what comes of the rows one by one."""

from __future__ import annotations

import datetime
import itertools
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from drdarrow import _core
from drdarrow.server.duckdb import DuckEngine
from drdarrow.server.engine import SqlError
from drdarrow.server.inserts import Insert
from drdarrow.server.session import DuckSession

#: Rows of a chain.
ROWS = 12
PLACES = (0, 5, ROWS - 1)


class Kind:
    """A table, a statement, and rows of which some are bad: columns of twelve good values, and bad ones of each."""

    def __init__(self, ddl: str, sql: str, good: Sequence[pa.Array], bad: Sequence[tuple[int, object]], before: str = ""):
        self.ddl, self.sql, self.good, self.bad, self.before = ddl, sql, good, bad, before


def ints(start: int = 0, kind: pa.DataType | None = None) -> pa.Array:
    return pa.array(range(start, start + ROWS), kind or pa.int32())


def texts(made: str) -> pa.Array:
    return pa.array([made.format(n) for n in range(ROWS)])


DAYS = pa.array([datetime.date(2024, 1, 1 + n) for n in range(ROWS)])
MONEY = pa.array([Decimal(n).scaleb(-2) for n in range(ROWS)], pa.decimal128(9, 2))
KINDS = {
    "key": Kind("A INTEGER NOT NULL PRIMARY KEY, B VARCHAR(5)", "?, ?", [ints(), texts("r{}")], [(0, 3), (0, None), (0, 500)]),
    "two keys": Kind("A INTEGER UNIQUE, B BIGINT UNIQUE", "?, ?", [ints(), ints(50)], [(0, 4), (1, 57), (0, None)]),
    "wide key": Kind("A INTEGER, B INTEGER, PRIMARY KEY (A, B)", "?, ?", [ints(), ints(1)], [(1, None), (0, 2)]),
    "unique index": Kind(
        "A INTEGER, B VARCHAR(20)", "?, ?", [ints(), texts("r{}")], [(0, 3), (0, None)], "CREATE UNIQUE INDEX I ON T (A)"
    ),
    "not null": Kind("A INTEGER NOT NULL, B VARCHAR(5) NOT NULL", "?, ?", [ints(), texts("r{}")], [(0, None), (1, None)]),
    "lengths": Kind(
        "A CHAR(4), B VARCHAR(4), C VARCHAR(3)",
        "?, ?, 'x'",
        [texts("{}"), texts("é{}")],
        [(0, "abcde"), (1, "ééa"), (0, "ab       "), (1, "éab     "), (0, None), (1, "")],
    ),
    "casts": Kind(
        "A INTEGER, B DATE, C DECIMAL(5,2)",
        "?, ?, ?",
        [texts("{}"), pa.array([f"2024-01-{n + 1:02}" for n in range(ROWS)]), texts("{}.5")],
        [(0, "three"), (1, "2024-02-30"), (2, "1000"), (0, "99999999999"), (2, "1.005"), (1, None)],
    ),
    "narrow": Kind("A SMALLINT, B DECIMAL(4,2), C REAL", "?, ?, ?", [ints(), MONEY, ints()], [(0, 40_000), (1, Decimal(150))]),
    "check": Kind("A INTEGER CHECK (A < 100), B INTEGER", "?, ?", [ints(), ints()], [(0, 100), (0, None), (1, None)]),
    "parent": Kind(
        "A INTEGER REFERENCES P (A), B INTEGER", "?, ?", [ints(), ints()], [(0, 77), (0, None)],
        "INSERT INTO P SELECT * FROM range(20)",
    ),
    "expressions": Kind(
        "A INTEGER, B VARCHAR(10), C INTEGER DEFAULT 7",
        "? + 1, UPPER(?) || 'x', DEFAULT",
        [ints(), texts("r{}")],
        [(0, 2**31 - 1), (1, "far too long a text")],
    ),
    "division": Kind("A INTEGER, B DATE", "100 / (? + 1), ?", [ints(), DAYS], [(0, -1), (0, 2**31 - 1), (1, None)]),
    "some columns": Kind(
        "ID INTEGER DEFAULT 5, A INTEGER NOT NULL, B VARCHAR(3) DEFAULT 'x'", "?", [ints()], [(0, None)], ""
    ),
    "sequence": Kind(
        "A INTEGER DEFAULT nextval('S'), B INTEGER NOT NULL", "DEFAULT, ?", [ints()], [(0, None)], "CREATE SEQUENCE S"
    ),
    "own values": Kind("A INTEGER, B INTEGER NOT NULL", "nextval('S'), ?", [ints()], [(0, None)], "CREATE SEQUENCE S"),
    "itself": Kind("A INTEGER, B INTEGER", "(SELECT count(*) FROM T), ?", [ints()], [(0, None)]),
}


def cases(kind: Kind) -> Iterator[tuple[tuple[int, int, object], ...]]:
    """The bad values of some rows: column, row, value."""
    yield ()
    for (column, bad), place in itertools.product(kind.bad, PLACES):
        yield ((column, place, bad),)
    yield tuple((column, place, bad) for (column, bad), place in zip(kind.bad * 2, (2, 9), strict=False))


def rows_of(kind: Kind, bad: Sequence[tuple[int, int, object]]) -> pa.Table:
    columns = [list(column.to_pylist()) for column in kind.good]
    for column, place, value in bad:
        columns[column][place] = value
    types = [column.type for column in kind.good]
    arrays = [pa.array(values, of) for values, of in zip(columns, types, strict=True)]
    return pa.table({str(n): array for n, array in enumerate([pa.array(range(ROWS)), *arrays])})


class Target:
    """The table in a DuckDB, in a transaction that has changes or none."""

    def __init__(self, engine: DuckEngine, kind: Kind, earlier: bool) -> None:
        self.con = engine._source
        self.session = engine.session("me", "DB")
        for gone in ("TABLE IF EXISTS T", "TABLE IF EXISTS P", "SEQUENCE IF EXISTS S"):
            self.con.execute(f"DROP {gone}")
        self.run("CREATE TABLE P (A INTEGER PRIMARY KEY)")
        before = [kind.before] if kind.before else []
        ddl = f"CREATE TABLE T ({kind.ddl})"
        # An index needs the table, the table a sequence.
        for sql in [ddl, *before] if "INDEX" in kind.before else [*before, ddl]:
            self.run(sql)
        self.session.commit()
        if earlier:
            self.run("INSERT INTO P VALUES (500)")
            if kind is KINDS["key"]:
                self.run("INSERT INTO T VALUES (500, 'old')")
        named = "(A)" if kind.sql == "?" else ""
        self.number, *_ = self.session.prepare(f"INSERT INTO T {named} VALUES ({kind.sql})")

    def run(self, sql: str) -> None:
        number, *_ = self.session.prepare(sql)
        self.session.execute(number, [()])

    def end(self) -> list[list[tuple]]:
        """The rows that are committed."""
        self.session.commit()
        self.session.close()
        return [self.con.execute(f"SELECT * FROM {name} ORDER BY ALL").fetchall() for name in ("T", "P")]


@pytest.fixture(scope="module")
def engines() -> list[DuckEngine]:
    return [DuckEngine(duckdb.connect(), {}, guarded=False) for _ in range(3)]


def told(answer: object) -> object:
    return (answer.sqlcode, answer.sqlstate, answer.rolled_back) if isinstance(answer, SqlError) else answer


def one(session: DuckSession, number: int, row: tuple) -> object:
    try:
        return session.execute(number, [row])
    except SqlError as e:
        return told(e)


def one_by_one(session: DuckSession, number: int, table: pa.Table) -> list:
    rows = [row[1:] for row in _core.collect(table).rows()]
    return [one(session, number, row) for row in rows]


def chain(session: DuckSession, number: int, table: pa.Table) -> tuple[list, list[int]]:
    """As the server runs a chain; and how many rows were run at once."""
    answers: list = []
    at_once: list[int] = []
    left = 0
    while len(answers) < table.num_rows:
        rest = _core.collect(table.slice(len(answers)))
        if not left:
            done = session.execute_gathered(number, rest)
            if done not in (None, (0, None)):
                assert done is not None
                count, error = done
                at_once.append(count)
                answers += [1] * count + ([told(error)] if error is not None else [])
                continue
            left = rest.num_rows()
        left -= 1
        answers.append(one(session, number, rest.rows()[0][1:]))
    return answers, at_once


@pytest.mark.parametrize("earlier", [False, True], ids=["first", "later"])
@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_a_chain_has_the_outcome_of_its_rows_one_by_one(engines: list[DuckEngine], kind: Kind, earlier: bool) -> None:
    serial = "nextval" in kind.ddl + kind.sql or "SELECT" in kind.sql
    unseen = earlier and ("REFERENCES" in kind.ddl or "INDEX" in kind.before)
    for bad in cases(kind):
        table = rows_of(kind, bad)
        apart, together = Target(engines[0], kind, earlier), Target(engines[1], kind, earlier)
        expected = one_by_one(apart.session, apart.number, table)
        answers, at_once = chain(together.session, together.number, table)
        assert answers == expected, bad
        assert together.end() == apart.end(), bad
        if serial or unseen:
            assert at_once == [] or not serial, bad
        elif all(answer == 1 for answer in expected):
            assert at_once == [ROWS], bad


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_an_array_has_the_outcome_of_its_rows_one_by_one(engines: list[DuckEngine], kind: Kind) -> None:
    """Where nothing goes with a row that fails: all rows or none, or each for itself."""
    for bad in cases(kind):
        table = rows_of(kind, bad)
        alone: list = []
        fresh = Target(engines[0], kind, False)
        for n in range(ROWS):
            alone += one_by_one(fresh.session, fresh.number, table.slice(n, 1))
            fresh.session.commit()
        kept = fresh.end()
        each = Target(engines[1], kind, False)
        answers = each.session.execute_array(each.number, _core.collect(table), False)
        assert isinstance(answers, list)
        assert [told(answer) for answer in answers] == alone, bad
        if "nextval" not in kind.ddl + kind.sql:
            assert each.end() == kept, bad
        atomic = Target(engines[2], kind, False)
        faults = [answer for answer in alone if answer != 1]
        if not faults:
            assert atomic.session.execute_array(atomic.number, _core.collect(table), True) == ROWS
            assert atomic.end() == kept or "nextval" in kind.ddl + kind.sql
            continue
        with pytest.raises(SqlError) as caught:
            atomic.session.execute_array(atomic.number, _core.collect(table), True)
        # DuckDB has no more to say where a key is not one that it lists.
        assert caught.value.sqlcode == faults[0][0] or caught.value.rolled_back, bad
        assert atomic.end()[0] == [], bad


def test_statements_of_other_kinds_are_not_run_at_once() -> None:
    con = duckdb.connect()
    con.execute("CREATE TABLE T (A INTEGER PRIMARY KEY, B INTEGER)")
    session = DuckEngine(con, {}, guarded=False).session("me", "DB")
    rows = _core.collect(pa.table({"0": [0, 1], "1": [1, 2], "2": [3, 4]}))
    for sql in (
        "UPDATE T SET A = ? WHERE B = ?",
        "DELETE FROM T WHERE A = ? OR B = ?",
        "INSERT INTO T SELECT ?, ?",
        "INSERT INTO T VALUES (?, ?) RETURNING A",
        "INSERT INTO T VALUES (?, ?), (1, 2)",
        "INSERT INTO T VALUES (?, ?) ON CONFLICT DO NOTHING",
        "INSERT INTO T VALUES (?, random() + ?)",
    ):
        number, *_ = session.prepare(sql)
        assert session.execute_gathered(number, rows) is None, sql
    assert con.execute("SELECT * FROM T").fetchall() == []


def test_a_table_that_changed_since_is_looked_at_again() -> None:
    con = duckdb.connect()
    engine = DuckEngine(con, {}, guarded=False)
    session, other = engine.session("me", "DB"), engine.session("you", "DB")

    def run(of: DuckSession, sql: str) -> None:
        number, *_ = of.prepare(sql)
        of.execute(number, [()])
        of.commit()

    run(other, "CREATE TABLE T (A INTEGER, B INTEGER)")
    number, *_ = session.prepare("INSERT INTO T VALUES (?, ?)")

    def rows(*values: int | None) -> Any:
        count = len(values)
        return _core.collect(pa.table({"0": range(count), "1": pa.array(values, pa.int32()), "2": range(count)}))

    for n in (1, 3):
        assert session.execute_gathered(number, rows(n, n + 1)) == (2, None)
    session.commit()
    run(other, "CREATE UNIQUE INDEX I ON T (A)")
    assert session.execute_gathered(number, rows(7, 8)) == (2, None)
    # In a transaction with changes, too, the index is looked through before the rows go in.
    assert session.execute_gathered(number, rows(9, 8)) == (0, None)
    session.commit()
    run(other, "DROP INDEX I")
    run(other, "ALTER TABLE T ALTER COLUMN A SET NOT NULL")
    assert session.execute_gathered(number, rows(5)) == (1, None)
    assert session.execute_gathered(number, rows(6, None)) == (0, None)
    assert session.execute_gathered(number, rows(6)) == (1, None)
    session.commit()
    assert con.execute("SELECT A FROM T ORDER BY A").fetchall() == [(n,) for n in (1, 2, 3, 4, 5, 6, 7, 8)]


def test_an_interrupt_in_the_middle_leaves_nothing() -> None:
    con = duckdb.connect()
    con.execute("CREATE TABLE T (A INTEGER, B INTEGER)")
    session = DuckEngine(con, {}, guarded=False).session("me", "DB")
    number, *_ = session.prepare("INSERT INTO T VALUES (?, ?)")
    table = _core.collect(pa.table({"0": range(3), "1": pa.array(range(3), pa.int32()), "2": range(3)}))
    run = Insert.run

    def interrupted(*args: Any) -> int:
        run(*args)
        raise duckdb.InterruptException("INTERRUPT Error: Interrupted!")

    for earlier in (False, True):
        Insert.run = interrupted  # type: ignore[method-assign,assignment]
        try:
            done = session.execute_gathered(number, table)
        finally:
            Insert.run = run  # type: ignore[method-assign]
        assert done is not None
        count, error = done
        assert count == 0 and error is not None
        assert (error.sqlcode, error.rolled_back) == ((-1476, True) if earlier else (-952, False))
        session.commit()
        assert con.execute("SELECT * FROM T").fetchall() == []
        assert session.execute_gathered(number, table) == (3, None)
    session.rollback()


def test_views_of_rows_do_not_pile_up() -> None:
    con = duckdb.connect()
    con.execute("CREATE TABLE T (A DECIMAL(18,0), B INTEGER)")
    session = DuckEngine(con, {}, guarded=False).session("me", "DB")
    number, *_ = session.prepare("INSERT INTO T VALUES (?, ?)")
    for n in range(60):
        kind = pa.decimal128(1 + n % 30 % 18, 0) if n % 2 else pa.decimal128(19 + n % 19, 0)
        table = pa.table({"0": range(2), "1": pa.array([1, 2], kind), "2": pa.array([1, n], pa.int32())})
        assert session.execute_gathered(number, _core.collect(table)) == (2, None)
        if n % 7 == 0:
            session.rollback()
        elif n % 5 == 0:
            session.commit()
    names = session._main.execute("SELECT view_name FROM duckdb_views() WHERE NOT internal").fetchall()
    assert 0 < len(names) <= 16
    assert [table.name for table in session.objects().tables] == ["T"]
