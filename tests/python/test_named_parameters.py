"""Parameters by name: `:name` and a mapping."""

import asyncio
import time
from collections import ChainMap, UserDict
from types import MappingProxyType

import pyarrow as pa
import pytest
from conftest import Lab

import drdarrow
from drdarrow import aio


def stored(lab: Lab, name: str) -> list[tuple]:
    with lab.connect() as connection:
        return connection.execute(f"SELECT * FROM {name} ORDER BY 1").fetchall()


def test_values_go_to_their_names(lab: Lab, conn: drdarrow.Connection, table) -> None:
    name = table("A INTEGER, B VARCHAR(9), C INTEGER")
    conn.execute(f"INSERT INTO {name} VALUES (:a, :b, :a)", {"b": "x", "a": 7})
    conn.cursor().execute(f"INSERT INTO {name} (C, B) VALUES (:c,:b) -- :d\n", parameters={"b": None, "c": 8})
    conn.commit()
    assert stored(lab, name) == [(7, "x", 7), (None, None, 8)]


@pytest.mark.parametrize("kind", [dict, UserDict, MappingProxyType, ChainMap], ids=lambda kind: kind.__name__)
def test_any_mapping_will_do(conn: drdarrow.Connection, kind: type) -> None:
    sql = "VALUES (CAST(:low AS INT), CAST(:high AS INT))"
    assert conn.execute(sql, kind({"low": 3, "high": 5})).fetchall() == [(3, 5)]


def test_a_colon_in_a_constant_a_name_or_a_comment_is_no_parameter(conn: drdarrow.Connection) -> None:
    sql = """SELECT ':a' || ':a''', 1 AS ":a", CAST(:b AS INT) /* :a /* :a */ */ FROM SYSIBM.SYSDUMMY1 -- :a"""
    cursor = conn.execute(sql, {"b": 2})
    assert cursor.fetchall() == [(":a:a'", 1, 2)]
    assert cursor.description is not None and cursor.description[1][0] == ":a"


def test_a_name_without_a_value_and_a_value_without_a_name_are_refused(conn: drdarrow.Connection) -> None:
    sql = "VALUES CAST(:a AS INT) + CAST(:b AS INT) + CAST(:b AS INT)"
    for given, words in [
        ({"a": 1}, "nothing is given for :b; the parameters are a"),
        ({}, "nothing is given for :a, :b; the parameters are nothing"),
        ({"A": 1, "b": 2}, "nothing is given for :a; the parameters are A, b"),
        ({"a": 1, "b": 2, "c": 3, 4: 5}, "does not have: c, a key of type int (it has :a, :b): leave them out"),
    ]:
        with pytest.raises(drdarrow.ProgrammingError) as caught:
            conn.execute(sql, given)
        assert words in str(caught.value) and caught.value.sqlstate == "07001"
    assert conn.execute(sql, {"a": 1, "b": 2}).fetchall() == [(5,)]


def test_question_marks_take_no_mapping_and_names_no_sequence(conn: drdarrow.Connection) -> None:
    for sql, given, words in [
        ("VALUES CAST(? AS INT)", {"a": 1}, "the statement has question marks: its parameters are a sequence, not dict"),
        ("VALUES CAST(? AS INT)", {}, "a sequence, not dict"),
        ("VALUES CAST(? AS INT) + CAST(:a AS INT)", {"a": 1}, "the statement has question marks and :a: use one of both"),
    ]:
        with pytest.raises(drdarrow.ProgrammingError, match=words.replace("?", r"\?")):
            conn.execute(sql, given)
    with pytest.raises(drdarrow.ProgrammingError):
        conn.execute("VALUES CAST(:a AS INT)", (1,))


def test_an_empty_mapping_is_no_parameters(conn: drdarrow.Connection) -> None:
    assert conn.execute("VALUES 1", {}).fetchall() == [(1,)]


def test_names_of_a_compound_statement_are_its_own(conn: drdarrow.Connection) -> None:
    with pytest.raises(drdarrow.ProgrammingError, match="compound statement or a definition are its own"):
        conn.execute("BEGIN UPDATE T SET A = :a; END", {"a": 1})


def test_a_value_that_does_not_fit_is_told_by_its_name(conn: drdarrow.Connection, table) -> None:
    name = table("A INTEGER, B VARCHAR(3)")
    sql = f"INSERT INTO {name} VALUES (:id, :text)"
    with pytest.raises(drdarrow.InterfaceError, match="parameter :text: a value of type object cannot be sent"):
        conn.execute(sql, {"id": 1, "text": object()})
    with pytest.raises(drdarrow.DataError) as caught:
        conn.execute(sql, {"id": 1 << 40, "text": ""})
    assert caught.value.column == "id"
    with pytest.raises(drdarrow.InterfaceError, match="row 2: parameter :id: a value of type") as many:
        conn.cursor().executemany(sql, [{"id": 1, "text": ""}, {"id": object(), "text": ""}])
    assert many.value.row == 2


@pytest.mark.parametrize("made", [list, iter], ids=["list", "iterator"])
def test_many_rows_by_name(lab: Lab, table, made) -> None:
    name = table("A INTEGER, B VARCHAR(9), C INTEGER")
    rows = [{"b": f"v{n}", "a": n} for n in range(1000)]
    with lab.connect() as connection:
        cursor = connection.cursor().executemany(f"INSERT INTO {name} VALUES (:a, :b, :a)", made(rows))
        assert cursor.rowcount == 1000
    assert stored(lab, name) == [(n, f"v{n}", n) for n in range(1000)]


def test_a_row_that_does_not_have_the_names_undoes_all(lab: Lab, table) -> None:
    name = table("A INTEGER, B INTEGER")
    good = {"a": 1, "b": 2}
    for bad, words in [
        ({"a": 1}, "row 3: nothing is given for :b"),
        ({"a": 1, "b": 2, "c": 3}, "row 3: parameters that the statement does not have: c"),
        ((1, 2), "row 3: the statement has :a, :b: its parameters are a mapping by name, not tuple"),
    ]:
        with lab.connect(autocommit=True) as connection:
            cursor = connection.cursor()
            with pytest.raises(drdarrow.ProgrammingError, match=words) as caught:
                cursor.executemany(f"INSERT INTO {name} VALUES (:a, :b)", [good, good, bad])
            assert caught.value.row == 3 and cursor.rowcount == 0
            with pytest.raises(drdarrow.ProgrammingError, match=r"row 1: parameters are a sequence.*a mapping is for :name"):
                cursor.executemany(f"INSERT INTO {name} VALUES (?, ?)", [good])
    assert stored(lab, name) == []


def test_columns_of_arrow_data_go_to_their_names(lab: Lab, table) -> None:
    name = table("A INTEGER, B VARCHAR(9), C INTEGER")
    data = pa.table({"b": ["x", "y"], "a": [1, 2]})
    sql = f"INSERT INTO {name} VALUES (:a, :b, :a)"
    with lab.connect() as connection:
        assert connection.cursor().executemany(sql, data).rowcount == 2
        for wrong, words in [
            (data.select(["a"]), "nothing is given for :b; the columns of the data are a"),
            (data.append_column("c", [[1, 2]]), "does not have: c"),
            (data.append_column("a", [[1, 2]]), "several columns a"),
        ]:
            with pytest.raises(drdarrow.ProgrammingError, match=words):
                connection.cursor().executemany(sql, wrong)
    assert stored(lab, name) == [(1, "x", 1), (2, "y", 2)]


def test_a_procedure_is_called_by_name(conn: drdarrow.Connection) -> None:
    cursor = conn.execute("CALL SYSCS_UTIL.SYSCS_SET_RUNTIMESTATISTICS(:on)", {"on": 0})
    assert cursor.description is None
    with pytest.raises(drdarrow.ProgrammingError, match="parameters are a sequence"):
        conn.cursor().callproc("SYSCS_UTIL.SYSCS_SET_RUNTIMESTATISTICS", {"on": 0})


def test_the_same_with_asyncio(lab: Lab, table) -> None:
    name = table("A INTEGER, B INTEGER")

    async def work() -> None:
        async with aio.connect(lab.uri()) as connection:
            cursor = await connection.execute(f"INSERT INTO {name} VALUES (:a, :b)", {"b": 2, "a": 1})
            await cursor.executemany(f"INSERT INTO {name} VALUES (:a, :b)", [{"b": 4, "a": 3}, {"b": 6, "a": 5}])
            with pytest.raises(drdarrow.ProgrammingError, match="nothing is given for :b"):
                await connection.execute("VALUES CAST(:b AS INT)", {})
            with pytest.raises(drdarrow.ProgrammingError, match="row 1: nothing is given for :b"):
                await cursor.executemany(f"INSERT INTO {name} VALUES (:a, :b)", [{"a": 1}])

    asyncio.run(work())
    assert stored(lab, name) == [(1, 2), (3, 4), (5, 6)]


def test_an_error_about_very_many_names_comes_at_once(conn: drdarrow.Connection) -> None:
    names = [f"n{n}" for n in range(100_000)]
    sql = "VALUES (" + ", ".join(f":{name}" for name in names) + ")"
    began = time.monotonic()
    with pytest.raises(drdarrow.ProgrammingError, match=r":n9 and 99990 more; the parameters are nothing"):
        conn.execute(sql, {})
    with pytest.raises(drdarrow.ProgrammingError, match=r"does not have: n1, .* n10 and 99989 more"):
        conn.execute("VALUES :n0", dict.fromkeys(names, 1))
    with pytest.raises(drdarrow.ProgrammingError, match="sequence|mapping"):
        conn.cursor().executemany(sql, [(1,)])
    # Comparing each with each takes minutes.
    assert time.monotonic() - began < 10
