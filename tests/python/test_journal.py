"""Changes of record files, read from the journal of the embedded server: made by JTOpen and by our own client."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from followed import TYPED
from jtopen import Programs

import drdarrow
from drdarrow import journal, server
from drdarrow.journal.entries import Entries, Units

# The programs have their own limits.
pytestmark = pytest.mark.timeout(300)

USER, PASSWORD = "ada", "secret"
STOCK = pa.table({
    "ID": pa.array([1, 2, 3], pa.int32()), "NAME": pa.array(["Ada", None, "Grace"]),
    "PRICE": pa.array([Decimal("1.50"), Decimal("2.25"), None], pa.decimal128(7, 2)),
})  # fmt: skip
FILE = "SHOP/STOCK"
#: A field has the name that record numbers have.
RRNS = pa.table({"RRN": pa.array([10, 20], pa.int32()), "A": ["a", "b"]})


@pytest.fixture
def running() -> Iterator[server.Server]:
    files = {FILE: server.PhysicalFile(STOCK, keys=["ID"]), "SHOP/OTHER": STOCK, "SHOP/RRNS": RRNS, "SHOP/TYPED": TYPED}
    with server.serve(persona="ibmi", files=files, users={USER: PASSWORD}, password_level=0) as made:
        yield made


@pytest.fixture
def sql(running: server.Server) -> Iterator[drdarrow.Connection]:
    with running.connect(password=PASSWORD) as connection:
        yield connection


@pytest.fixture
def system(running: server.Server) -> Iterator[drdarrow.FileConnection]:
    with running.connect_files(password=PASSWORD) as connection:
        yield connection


def rows(changes: Iterable[pa.RecordBatch]) -> list[dict[str, Any]]:
    return [row for batch in changes for row in batch.to_pylist()]


def told(changes: Iterable[pa.RecordBatch]) -> list[tuple[Any, ...]]:
    return [(row["_change"], row["_rrn"], row["ID"], row["_state"]) for row in rows(changes)]


def records(system: drdarrow.FileConnection, path: str = FILE) -> dict[int, tuple[Any, ...]]:
    """The records as they are, by their numbers."""
    with system.open_file(path, rrn=True) as file:
        return {row["RRN"]: tuple(row.values())[1:] for row in pa.table(file).to_pylist()}


def rebuilt(before: dict[int, tuple[Any, ...]], changes: Iterable[pa.RecordBatch]) -> dict[int, tuple[Any, ...]]:
    """Records after changes, one by one."""
    now = dict(before)
    for row in rows(changes):
        if row["_change"] == "clear":
            now.clear()
        elif row["_change"] == "delete":
            del now[row["_rrn"]]
        elif row["_change"] == "update_before":
            assert now[row["_rrn"]] == tuple(row.values())[6:]
        else:
            now[row["_rrn"]] = tuple(row.values())[6:]
    return now


def add(file: drdarrow.File, *ids: int) -> None:
    file.write([{"ID": n, "NAME": f"N{n}", "PRICE": n} for n in ids])


@pytest.mark.parametrize("path", [FILE, "SHOP/TYPED"])
def test_changes_by_jtopen_rebuild_the_file(
    running: server.Server, sql: drdarrow.Connection, system: drdarrow.FileConnection, tmp_path: Path, path: str
) -> None:
    programs, name = Programs(tmp_path), f"/QSYS.LIB/{path.replace('/', '.LIB/')}.FILE"
    assert running.signon_port is not None
    for seed in range(2):
        before, start = records(system, path), journal.end(sql, file=path)
        # Deleted records are used again in the second round.
        system.command(f"CHGPF FILE({path}) REUSEDLT({'*YES' if seed == 1 else '*NO'})")
        (counts,) = programs.run("Changes", (running.port, running.signon_port), (USER, PASSWORD), name, str(seed), "80")
        assert len(counts) == 5 and all(counts), counts
        committed = list(journal.read(sql, file=path, start=start))
        everything = list(journal.read(sql, file=path, start=start, transactions="all"))
        assert rebuilt(before, committed) == records(system, path) == rebuilt(before, everything)
        undone = {row["_cycle"] for row in rows(everything) if row["_state"] == "rolled back"}
        kept = {row["_cycle"] for row in rows(everything) if row["_state"] == "committed"}
        assert (len(kept), len(undone)) == (counts[3], counts[4])
        assert not undone & {row["_cycle"] for row in rows(committed)}


def test_a_reading_goes_on_where_one_ended(sql: drdarrow.Connection, system: drdarrow.FileConnection) -> None:
    place = journal.end(sql, file=FILE)
    before, now = records(system), records(system)
    with system.open_file(FILE, mode="rw") as file:
        for step in range(3):
            add(file, *range(10 * step + 10, 10 * step + 13))
            file.delete(rrn=1 + step)
            changes = journal.read(sql, "SHOP/QSQJRN", file=FILE, start=place)
            now = rebuilt(now, changes)
            place = changes.position
            assert now == records(system)
    # Nothing is there twice, and a number alone will do.
    assert rows(journal.read(sql, file=FILE, start=place.sequence)) == []
    assert rebuilt(before, journal.read(sql, file=FILE)) == now


def test_a_unit_of_work_that_has_not_ended_is_waited_for(
    running: server.Server, sql: drdarrow.Connection, system: drdarrow.FileConnection
) -> None:
    start = journal.end(sql, file=FILE)
    with (
        running.connect_files(password=PASSWORD) as others,
        system.open_file(FILE, mode="rw", commit="chg") as slow,
        others.open_file(FILE, mode="rw", commit="chg") as quick,
        running.connect_files(password=PASSWORD) as third,
        third.open_file(FILE, mode="rw") as plain,
    ):
        add(plain, 10)
        add(quick, 20)
        others.commit()
        add(slow, 30)
        add(quick, 21)
        others.commit()
        add(plain, 11)
        changes = journal.read(sql, file=FILE, start=start)
        assert told(changes) == [("insert", 4, 10, None), ("insert", 5, 20, "committed")]
        system.rollback()
        add(slow, 31)
        system.commit()
        rest = journal.read(sql, file=FILE, start=changes.position)
        assert told(rest) == [
            ("insert", 7, 21, "committed"), ("insert", 8, 11, None), ("insert", 9, 31, "committed"),
        ]  # fmt: skip
        assert [change[:3] for change in told(journal.read(sql, file=FILE, start=start, transactions="all"))] == [
            ("insert", 4, 10), ("insert", 5, 20), ("insert", 6, 30), ("insert", 7, 21), ("insert", 8, 11),
            ("delete", 6, 30), ("insert", 9, 31),
        ]  # fmt: skip


def test_fields_are_those_of_the_open_file(sql: drdarrow.Connection, system: drdarrow.FileConnection) -> None:
    with system.open_file(FILE, columns=["PRICE", "NAME"], rrn=True) as file, system.open_file(FILE, mode="rw") as other:
        other.write([{"ID": 7, "NAME": None, "PRICE": 7}])
        changes = journal.read(sql, file=file)
        names = ["_sequence", "_time", "_change", "_rrn", "_cycle", "_state", "PRICE", "NAME"]
        assert changes.schema.names == names
        (row,) = rows(changes)
        assert (row["_rrn"], row["PRICE"], row["NAME"]) == (4, Decimal("7.00"), None)


def test_a_field_may_have_the_name_of_record_numbers(sql: drdarrow.Connection) -> None:
    start = journal.end(sql, file="SHOP/RRNS")
    for numbered in (True, False):
        with sql.open_file("SHOP/RRNS", mode="rw") as file:
            file.update({"RRN": 30, "A": "c"}, rrn=2)
        with sql.open_file("SHOP/RRNS", rrn=numbered) as file:
            changes = journal.read(sql, file=file, start=start)
            assert changes.schema.names[5:] == ["_state", "RRN", "A"]
            assert [(row["_rrn"], row["RRN"], row["A"]) for row in rows(changes)][-1] == (2, 30, "c")


def test_a_record_without_its_image_is_an_error() -> None:
    def entries(kind: str, image: bytes | None) -> Entries:
        given = {
            "SEQUENCE_NUMBER": Decimal(1), "ENTRY_TIMESTAMP": dt.datetime(2026, 1, 1), "JOURNAL_CODE": "R",
            "JOURNAL_ENTRY_TYPE": kind, "COUNT_OR_RRN": 1, "COMMIT_CYCLE": Decimal(0), "OBJECT": f"{'F':10}{'L':10}M",
            "RECEIVER_LIBRARY": "L", "RECEIVER_NAME": "R", "INCOMPLETE_DATA": "NO", "MINIMIZED_ENTRY_DATA": "NO",
            "NULL_VALUE_INDICATORS": None, "ENTRY_DATA": image,
        }  # fmt: skip
        return Entries(pa.RecordBatch.from_pylist([given]), "M", Units())

    for kind in ("PT", "UP", "UR"):
        assert entries(kind, b"x").bad is None
        assert [entries(kind, image).bad for image in (None, b"")] == [0, 0]
    # With IMAGES(*AFTER) a deletion has none.
    assert entries("DL", None).bad is None


def test_a_cleared_member_is_a_change(sql: drdarrow.Connection, system: drdarrow.FileConnection) -> None:
    before, start = records(system), journal.end(sql, file=FILE)
    system.command(f"CLRPFM FILE({FILE})")
    with system.open_file(FILE, mode="rw") as file:
        add(file, 9)
    changes = list(journal.read(sql, file=FILE, start=start))
    assert told(changes) == [("clear", None, None, None), ("insert", 1, 9, None)]
    assert rebuilt(before, changes) == records(system)


def test_changes_of_other_members_and_files_are_not_told(sql: drdarrow.Connection, system: drdarrow.FileConnection) -> None:
    start = journal.end(sql, file=FILE)
    system.command(f"ADDPFM FILE({FILE}) MBR(SECOND)")
    for path in (f"{FILE}(SECOND)", "SHOP/OTHER"):
        with system.open_file(path, mode="rw") as file:
            add(file, 5)
    changes = journal.read(sql, file=FILE, start=start)
    assert rows(changes) == []
    # It need not be looked at again.
    assert changes.position == journal.end(sql, "SHOP/QSQJRN")
    assert [row["ID"] for row in rows(journal.read(sql, file=f"{FILE}(SECOND)", start=start))] == [5]


def test_a_file_that_is_made_anew_ends_the_changes(sql: drdarrow.Connection, system: drdarrow.FileConnection) -> None:
    start = journal.end(sql, file=FILE)
    with system.open_file(FILE, mode="rw") as file:
        add(file, 9)
        kept = system.open_file(FILE)
    kept.close()
    system.command(f"DLTF FILE({FILE})")
    system.command(f"CRTPF FILE({FILE}) RCDLEN(20)")
    changes = journal.read(sql, file=kept, start=start)
    assert told([next(changes)]) == [("insert", 4, 9, None)]
    with pytest.raises(drdarrow.DataError, match=r"SHOP/STOCK.*D DT.*deleted.*copy it anew"):
        next(changes)
    # Records of another length are not decoded by the description of before.
    with system.open_file(FILE, mode="rw") as file:
        file.write([("x" * 20,)])
    (number,) = sql.execute("SELECT MAX(LAST_SEQUENCE_NUMBER) FROM QSYS2.JOURNAL_RECEIVER_INFO").fetchone()
    with pytest.raises(drdarrow.DataError, match=r"record 1 has 20 bytes.*the file was changed"):
        list(journal.read(sql, file=kept, start=int(number) - 1))


def test_entries_that_are_gone_are_an_error(sql: drdarrow.Connection, system: drdarrow.FileConnection) -> None:
    start = journal.end(sql, file=FILE)
    with system.open_file(FILE, mode="rw") as file:
        for number in (10, 11):
            add(file, number)
            system.command("CHGJRN JRN(SHOP/QSQJRN) JRNRCV(*GEN)")
        add(file, 12)
    all_of_it = journal.read(sql, file=FILE, start=start)
    assert [row["ID"] for row in rows(all_of_it)] == [10, 11, 12]
    (middle,) = (row["_sequence"] for row in rows(journal.read(sql, file=FILE, start=start)) if row["ID"] == 11)
    system.command("DLTJRNRCV JRNRCV(SHOP/QSQJRN0001)")
    for gone in (start, start.sequence):
        with pytest.raises(drdarrow.DataError, match=r"entries \d+ to \d+ are gone.*QSQJRN0002 is the oldest.*anew"):
            journal.read(sql, file=FILE, start=gone)
    assert [row["ID"] for row in rows(journal.read(sql, file=FILE, start=middle))] == [12]
    system.command("DLTJRNRCV JRNRCV(SHOP/QSQJRN0002)")
    place = all_of_it.position
    assert rows(journal.read(sql, file=FILE, start=place)) == []
    system.command("CHGJRN JRN(SHOP/QSQJRN) JRNRCV(*GEN) SEQOPT(*RESET)")
    for before in (place, place.sequence, None):
        with pytest.raises(drdarrow.DataError, match=r"numbers do not go on from.*RESET"):
            journal.read(sql, file=FILE, start=before)
    assert rows(journal.read(sql, file=FILE, start=journal.end(sql, file=FILE))) == []


def test_entries_that_go_before_they_are_read_are_an_error(
    sql: drdarrow.Connection, system: drdarrow.FileConnection
) -> None:
    start = journal.end(sql, file=FILE)
    with system.open_file(FILE, mode="rw") as file:
        add(file, 10)
    system.command("CHGJRN JRN(SHOP/QSQJRN) JRNRCV(*GEN)")
    changes = journal.read(sql, file=FILE, start=start)
    system.command("DLTJRNRCV JRNRCV(SHOP/QSQJRN0001)")
    with pytest.raises(drdarrow.DataError, match=r"entries \d+ to \d+ are gone"):
        list(changes)
    assert changes.position == start


def test_numbers_of_other_receivers_are_not_taken_for_those_of_one_that_is_gone(
    sql: drdarrow.Connection, system: drdarrow.FileConnection
) -> None:
    place = journal.end(sql, file=FILE)
    with system.open_file(FILE, mode="rw") as file:
        add(file, *range(10, 20))
        system.command("CHGJRN JRN(SHOP/QSQJRN) JRNRCV(*GEN) SEQOPT(*RESET)")
        add(file, *range(20, 30))
    system.command("DLTJRNRCV JRNRCV(SHOP/QSQJRN0001)")
    with pytest.raises(drdarrow.DataError, match=rf"numbers do not go on from {place.sequence}"):
        journal.read(sql, file=FILE, start=place)


def test_a_journal_that_was_made_anew_is_another_one(sql: drdarrow.Connection, running: server.Server) -> None:
    place = journal.end(sql, file=FILE)
    with server.serve(persona="ibmi", files={FILE: STOCK}, users={USER: PASSWORD}, password_level=0) as other:
        with other.connect_files(password=PASSWORD) as files, files.open_file(FILE, mode="rw") as file:
            add(file, *range(20, 40))
        with other.connect(password=PASSWORD) as connection:
            with pytest.raises(drdarrow.DataError, match=r"QSQJRN0001 was attached at .* made anew; copy the file anew"):
                journal.read(connection, file=FILE, start=place)
            # A place that was stored without the time is known by its names.
            changes = journal.read(connection, file=FILE, start=place._replace(attached=""))
            assert rows(changes)[-1]["ID"] == 39


def test_wrong_names_are_told(sql: drdarrow.Connection, system: drdarrow.FileConnection) -> None:
    with pytest.raises(drdarrow.ProgrammingError, match="there is no journal SHOP/NONE"):
        journal.read(sql, "SHOP/NONE", file=FILE)
    with pytest.raises(drdarrow.InterfaceError, match="expected LIBRARY/NAME, not 'SHOP'"):
        journal.end(sql, "SHOP")
    with pytest.raises(drdarrow.InterfaceError, match="give a journal, or file="):
        journal.end(sql)
    with pytest.raises(drdarrow.InterfaceError, match="expected committed or all"):
        journal.read(sql, file=FILE, transactions="some")  # type: ignore[arg-type]
    with pytest.raises(drdarrow.InterfaceError, match="expected a Position"):
        journal.read(sql, file=FILE, start=-1)
    system.command("CRTPF FILE(QTEMP/MINE) RCDLEN(10)")
    with system.open_file("QTEMP/MINE") as file, pytest.raises(drdarrow.ProgrammingError, match="is not journaled: STRJRNPF"):
        journal.read(sql, file=file)
