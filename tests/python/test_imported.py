"""Arrow data of other libraries, in every form that they give it: into files, into tables, into served tables."""

from __future__ import annotations

import polars as pl
import pyarrow as pa
import pytest

import drdarrow
from drdarrow import server

NULLS = {
    "polars": pl.DataFrame({"ID": [2], "NAME": [None]}),
    "pyarrow": pa.table({"ID": [2], "NAME": pa.nulls(1)}),
    "polars, a struct of nothing else": pl.DataFrame({"ID": [2], "NAME": [None]}).to_struct("S"),
}


@pytest.mark.parametrize("name", NULLS)
def test_a_column_of_nulls_alone_goes_into_a_file(name: str) -> None:
    files = {"LAB/F": pa.table({"ID": [1], "NAME": ["a"]})}
    with server.serve(persona="ibmi", files=files) as srv, srv.connect_files() as system:
        with system.open_file("LAB/F", mode="w") as file:
            assert file.write(NULLS[name]) == 1
        with system.open_file("LAB/F") as file:
            assert [(row["ID"], row["NAME"]) for row in file.fetch_arrow_table().to_pylist()] == [(1, "a"), (2, None)]


@pytest.mark.parametrize("engine", ["tables", "duckdb"])
@pytest.mark.parametrize("name", NULLS)
def test_a_column_of_nulls_alone_is_served(name: str, engine: str) -> None:
    with server.serve(tables={"T": NULLS[name]}, engine=engine) as srv, srv.connect() as connection:
        assert connection.execute("SELECT * FROM T").fetchall() == [(2, None)]


def test_a_column_of_nulls_alone_is_offered_as_a_file() -> None:
    for frame in NULLS.values():
        files = {"LAB/F": server.PhysicalFile(frame)}
        with server.serve(persona="ibmi", files=files) as srv, srv.connect_files() as system:
            with system.open_file("LAB/F") as file:
                assert file.read(1) == (2, None)


TEXT = ["a", None, "é", "a", "a"]
FORMS = {
    "plain": pa.array(TEXT),
    "large": pa.array(TEXT, pa.large_string()),
    "view": pa.array(TEXT, pa.string_view()),
    "dictionary": pa.array(TEXT).dictionary_encode(),
    "dictionary of large text": pa.array(TEXT, pa.large_string()).dictionary_encode(),
    "dictionary with a NULL among its values": pa.DictionaryArray.from_arrays([0, 1, 2, 0, 0], ["a", None, "é"]),
    "runs": pa.RunEndEncodedArray.from_arrays([1, 2, 3, 5], ["a", None, "é", "a"]),
    "runs of 64 bits": pa.RunEndEncodedArray.from_arrays(pa.array([1, 2, 3, 5], pa.int64()), ["a", None, "é", "a"]),
    "a slice of runs": pa.RunEndEncodedArray.from_arrays([3, 4, 5, 9], ["a", None, "é", "a"]).slice(2, 5),
    "categorical": pl.Series(TEXT, dtype=pl.Categorical),
    "enum": pl.Series(TEXT, dtype=pl.Enum(["é", "a"])),
}


def frame(column: object) -> object:
    ids = list(range(5))
    return pl.DataFrame({"ID": ids, "S": column}) if isinstance(column, pl.Series) else pa.table({"ID": ids, "S": column})


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("engine", ["tables", "duckdb"])
def test_text_is_served_in_every_form(form: str, engine: str) -> None:
    with server.serve(tables={"T": frame(FORMS[form])}, engine=engine) as srv, srv.connect() as connection:
        assert [row[1] for row in connection.execute("SELECT * FROM T").fetchall()] == TEXT


@pytest.mark.parametrize("form", FORMS)
def test_text_goes_into_a_file_in_every_form(form: str) -> None:
    files = {"LAB/OFFERED": server.PhysicalFile(frame(FORMS[form])), "LAB/F": pa.table({"ID": [9], "S": ["abc"]}).slice(0, 0)}
    with server.serve(persona="ibmi", files=files) as srv, srv.connect_files() as system:
        with system.open_file("LAB/F", mode="w") as file:
            assert file.write(frame(FORMS[form])) == 5
        for name in ("F", "OFFERED"):
            with system.open_file(f"LAB/{name}") as file:
                got = [None if s is None else s.strip() for s in file.fetch_arrow_table()["S"].to_pylist()]
                assert got == TEXT, name


@pytest.mark.parametrize(
    ("column", "words"),
    [
        (pa.array([[1], [2]]), "List"),
        (pa.array([{"X": 1}, {"X": 2}]), "Struct"),
        (pa.array([1, 2], pa.duration("us")), "Duration"),
        (pa.array([(1, 2, 3), (1, 2, 3)], pa.month_day_nano_interval()), "Interval"),
        (pl.Series([1, 2], dtype=pl.Int128), "i128|128"),
    ],
)
def test_what_has_no_place_is_an_error_with_column_and_type(column: object, words: str) -> None:
    ids = [1, 2]
    data = pl.DataFrame({"ID": ids, "V": column}) if isinstance(column, pl.Series) else pa.table({"ID": ids, "V": column})
    files = {"LAB/F": pa.table({"ID": [9], "V": ["abc"]})}
    with server.serve(persona="ibmi", files=files) as srv:
        with srv.connect_files() as system, system.open_file("LAB/F", mode="w") as file:
            with pytest.raises(drdarrow.Error, match=words) as caught:
                file.write(data)
            assert "V" in str(caught.value)
        with pytest.raises(drdarrow.Error, match=words) as caught:
            server.serve(persona="ibmi", files={"LAB/G": data})
        assert "V" in str(caught.value)
    with server.serve(tables={"T": pa.table({"ID": [9], "V": ["abc"]})}) as srv, srv.connect() as connection:
        with pytest.raises(drdarrow.Error, match=words) as caught:
            connection.cursor().executemany("INSERT INTO T VALUES (?, ?)", data)
        assert "parameter 2" in str(caught.value) or '"V"' in str(caught.value)
