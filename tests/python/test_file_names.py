"""Names of files, libraries and members in the letters of a job's page, and in quotes."""

from __future__ import annotations

import asyncio
import pickle
from collections.abc import Iterator

import pyarrow as pa
import pytest

import drdarrow
from drdarrow import aio, server

ONE = pa.table({"A": [1]})
# The page of a job, a name there, and the same name as the server's own job (page 37) knows it.
NAMES = [
    (278, "LAB/TABÄPB", "LAB/TAB#PB"),
    (278, "LAB/KÖP", "LAB/K@P"),
    (278, "LAB/köp", "LAB/K@P"),
    (278, "ÅLIB/X", "$LIB/X"),
    (277, "LAB/KØP", "LAB/K@P"),
    (297, "LAB/TAB£PB", "LAB/TAB#PB"),
    (297, "LAB/KàP", "LAB/K@P"),
    (273, "LAB/K§P", "LAB/K@P"),
    (1143, "LAB/KÖP", "LAB/K@P"),
    (37, "LAB/TAB#PB", "LAB/TAB#PB"),
    # What these characters are in most pages they mean in every one.
    (278, "LAB/TAB#PB", "LAB/TAB#PB"),
    (37, 'LAB/"a.b"', 'LAB/"a.b"'),
    (273, 'LAB/"a.b"', 'LAB/"a.b"'),
    (37, '"LAB"/"K@P"', "LAB/K@P"),
    (37, 'LAB/"(x/y)"', 'LAB/"(x/y)"'),
]


@pytest.fixture(scope="module")
def served() -> Iterator[server.Server]:
    files = {name: server.PhysicalFile(ONE, keys=["A"]) for _, _, name in NAMES}
    with server.serve(engine="tables", persona="ibmi", files=files) as running:
        yield running


@pytest.mark.parametrize(("ccsid", "name", "theirs"), NAMES)
def test_a_name_is_sent_in_the_page_of_the_job(served: server.Server, ccsid: int, name: str, theirs: str) -> None:
    with served.connect_files(job_ccsid=ccsid) as system:
        with system.open_file(name, mode="rw", keyed=True) as file:
            assert (file.records, file.read_key(1), file.read(1)) == (1, (1,), (1,))
            found = file.name
        # The system's answer is in that page too, and leads to the same file.
        assert system.open_file(found).records == 1
        assert system.describe(name)["formats"][0]["fields"] == ["A"]
        assert [member["records"] for member in system.members(name)] == [1]
        system.lock(name, "SHRRD")
        system.unlock(name, "SHRRD")
    with served.connect_files() as system:
        assert system.open_file(theirs).records == 1


def test_what_the_page_lacks_is_refused_before_anything_is_sent(served: server.Server) -> None:
    with served.connect_files() as system:
        for name in ("LAB/TABÄPB", "LAB/K§P", "ÅLIB/X", "LAB/X(Ö)", 'LAB/"日"'):
            for work in (system.open_file, system.describe, system.members, system.delete_file):
                with pytest.raises(drdarrow.InterfaceError, match="page 37 of the job") as caught:
                    work(name)
                assert caught.value.connection_usable
        with pytest.raises(drdarrow.InterfaceError, match=r"'Ä' is not a letter there.*\$ # @"):
            system.open_file("LAB/TABÄPB")
    with served.connect_files(job_ccsid=273) as system, pytest.raises(drdarrow.InterfaceError, match=r"\$ # §"):
        system.open_file("LAB/TABÄPB")
    for name in ("L/F) DLTF FILE(X", 'L/"a b"', 'L/"a', 'L/"a*"', 'L/"ninechars"', "L/A-B", "L/1A", "L/"):
        with served.connect_files() as system, pytest.raises(drdarrow.InterfaceError, match="system name"):
            system.open_file(name)


def test_files_are_made_changed_and_deleted_under_such_names(served: server.Server) -> None:
    with served.connect_files(job_ccsid=278) as mine, served.connect_files() as theirs:
        for name, known in [("LAB/NÄW", "LAB/N#W"), ('LAB/"n.w"', 'LAB/"n.w"')]:
            mine.create_file(name, pa.schema([pa.field("ÅR", pa.int32()), pa.field("B", pa.int32())]), keys=["ÅR"])
            with mine.open_file(name, mode="rw") as file:
                assert file.schema.names == ["ÅR", "B"]
                file.write([{"ÅR": 2026, "B": 1}])
            # Closed again: a file that is open is not deleted.
            with theirs.open_file(known) as file:
                assert file.fetch_arrow_table().to_pydict() == {"$R": [2026], "B": [1]}
            mine.add_member(name, "MÄR")
            assert [member["name"] for member in theirs.members(known)][1] == "M#R"
            with mine.open_file(name, member="MÄR", mode="w") as file:
                file.write([{"B": 7}])
                assert file.member == "MÄR"
            with theirs.open_file(f"{known}(M#R)") as file:
                assert file.records == 1
            mine.remove_member(name, "MÄR")
            mine.clear_member(name)
            with theirs.open_file(known) as file:
                assert file.records == 0
            mine.delete_file(name)
            with pytest.raises(drdarrow.ProgrammingError, match="not found"):
                theirs.open_file(known)
        # Commands and messages are in the page of the job.
        mine.command("CRTPF FILE(LAB/ÅÄÖ) RCDLEN(10) TEXT('Å # Ä')")
        with theirs.open_file("LAB/$#@") as file:
            assert file.records == 0
        with pytest.raises(drdarrow.ProgrammingError, match="ÖÖÖ"):
            mine.command("DSPFFD FILE(LAB/ÖÖÖ)")
        theirs.delete_file("LAB/$#@")


def test_a_uri_and_a_part_keep_the_name_and_the_page(served: server.Server) -> None:
    base = f"drda://u@{served.host}:{served.port}"
    query = f"signon_port={served.signon_port}"
    for path, ccsid in [
        ("LAB/TAB%C3%84PB", 278),
        ("LAB/TABÄPB", 278),
        ("LAB/TAB%23PB", 37),
        ("LAB/%22a.b%22", 37),
        ("LAB/%22(x%2Fy)%22", 37),
    ]:
        with drdarrow.open_file(f"{base}/{path}?{query}&job_ccsid={ccsid}") as file:
            assert file.records == 1
            (part,) = file.partitions(1)
        part = pickle.loads(pickle.dumps(part))
        assert f"job_ccsid={ccsid}" in part.uri
        assert pa.table(part.read()).to_pydict() == {"A": [1]}

        async def again(uri: str, part: drdarrow.FilePartition) -> list[int]:
            async with aio.open_file(uri) as file:
                stream = await aio.open_partition(part)
                return [file.records] + [batch.num_rows async for batch in stream]

        assert asyncio.run(again(f"{base}/{path}?{query}&job_ccsid={ccsid}", part)) == [1, 1]


def test_a_file_beside_sql_has_such_a_name_too(served: server.Server) -> None:
    with served.connect() as connection:
        assert connection.open_file('LAB/"a.b"').records == 1
        with pytest.raises(drdarrow.InterfaceError, match="page 37 of the job"):
            connection.open_file("LAB/TABÄPB")
