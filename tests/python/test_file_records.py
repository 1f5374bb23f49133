"""Records of files one by one and in bulk: what is written, what is meant, and what is told when it fails."""

from __future__ import annotations

import asyncio
import inspect
import pickle
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import polars as pl
import pyarrow as pa
import pytest
from peers import Proxy

import drdarrow
from drdarrow import aio, server

ITEMS = pl.DataFrame({"ID": [0, 1, 2, 3, 4], "NAME": ["zero", "one", "two", "three", "four"]}).cast({"ID": pl.Int32})
# An amount that can be NULL, as can the key; NAME has room for five characters.
SALES = pa.table(
    {"ID": pa.array([0, 7], pa.int32()), "NAME": ["a", "b"], "AMOUNT": pa.array([Decimal(1), Decimal(2)])},
    schema=pa.schema(
        [
            pa.field("ID", pa.int32()),
            pa.field("NAME", pa.string(), metadata={"drda:length": "5"}),
            pa.field("AMOUNT", pa.decimal128(5, 0)),
        ]
    ),
)


@pytest.fixture
def served() -> Iterator[server.Server]:
    files = {
        "SHOP/ITEMS": server.PhysicalFile(ITEMS, keys=["ID"], unique=True),
        "SHOP/SALES": server.PhysicalFile(SALES, keys=["ID"]),
    }
    with server.serve(engine="tables", persona="ibmi", files=files, users={"ada": "secret"}) as running:
        yield running


@pytest.fixture
def system(served: server.Server) -> Iterator[drdarrow.FileConnection]:
    with served.connect_files(password="secret") as connection:
        yield connection


def count(system: drdarrow.FileConnection, path: str = "SHOP/SALES") -> int:
    return system.members(path)[0]["records"]


def test_a_write_that_stops_says_where_and_what_stayed(system: drdarrow.FileConnection) -> None:
    with system.open_file("SHOP/SALES", mode="w") as sales, system.open_file("SHOP/ITEMS", mode="w") as items:
        many = pa.table({"ID": pa.array(range(50_000), pa.int32()), "NAME": ["x"] * 40_000 + ["too long"] * 10_000})
        with pytest.raises(drdarrow.DataError, match=r'"NAME", row 40001: .*; 40000 rows were added before'):
            sales.write(many)
        assert count(system) == 2 + 40_000
        # Batches are one write, however many they are.
        parts = pa.concat_tables([many.slice(0, 10), many.slice(39_998, 5)])
        with pytest.raises(drdarrow.DataError, match=r"row 13: .*; 12 rows were added before"):
            sales.write(parts)
        assert count(system) == 2 + 40_012
        # So are rows, whatever is wrong with one of them.
        for wrong, words in [
            ({"NAME": "too long"}, "row 3: .*; 2 rows were added before"),
            ({"NOPE": 1}, "row 3: .*NOPE.*; 2 rows were added before"),
        ]:
            before = count(system)
            with pytest.raises(drdarrow.DatabaseError, match=words):
                sales.write([{"ID": 1}, {"ID": 2}, wrong, {"ID": 3}])
            assert count(system) == before + 2
        keys = pa.concat_tables([pa.table({"ID": pa.array(ids, pa.int32())}) for ids in ([10, 11], [12, 2, 13])])
        with pytest.raises(drdarrow.IntegrityError, match=r"row 4: CPF5026.*; 3 rows were added before"):
            items.write(keys)
        assert count(system, "SHOP/ITEMS") == 5 + 3


def test_rows_are_taken_as_they_come(system: drdarrow.FileConnection) -> None:
    taken = 0

    def rows(last: Any) -> Iterator[Any]:
        nonlocal taken
        for taken in range(1, 3000):  # noqa: B007
            yield {"ID": taken}
        yield last
        raise LookupError("the rows end here")

    with system.open_file("SHOP/SALES", mode="w") as sales:
        with pytest.raises(LookupError) as caught:
            sales.write(rows({"ID": 3000}))
        # Whatever had come in whole thousands and some is there; the note says how much.
        added = count(system) - 2
        assert 1000 <= added < 3000
        assert caught.value.__notes__ == [f"{added} rows were added before"]
        before = count(system)
        with pytest.raises(drdarrow.ProgrammingError) as told:
            sales.write(rows((1, 2)))
        assert told.value.__notes__ == [f"it is about row 3000; {count(system) - before} rows were added before"]
        with pytest.raises(drdarrow.ProgrammingError, match="names no field"):
            sales.write([{}])


def test_rows_that_differ_in_fields_and_types_are_added_in_their_order(
    served: server.Server, system: drdarrow.FileConnection
) -> None:
    # 4,000 rows, so that they are of several chunks and requests; the fields and the types of the values change within.
    kinds: list[Callable[[int], Any]] = [
        lambda n: {"ID": n, "NAME": f"n{n}", "AMOUNT": Decimal(n)},
        lambda n: {"AMOUNT": None, "ID": n},
        lambda n: (n, f"n{n}", Decimal(f"{n}.000")),
        lambda n: {"name": f"n{n}", "id": Decimal(n), "amount": n},
        lambda n: [n, None, float(n)],
        lambda n: {"ID": str(n)},
    ]

    def rows() -> Iterator[Any]:
        return (kinds[n * n // 7 % 6](n) for n in range(4000))

    def expected(n: int) -> tuple[Any, ...]:
        kind = n * n // 7 % 6
        return n, f"n{n}" if kind in (0, 2, 3) else None, None if kind in (1, 5) else Decimal(n)

    async def asynchronously() -> None:
        about: dict[str, Any] = {"host": served.host, "port": served.port, "user": "ada", "password": "secret"}
        async with aio.connect_files(**about, signon_port=served.signon_port) as other:
            async with await other.open_file("SHOP/SALES", mode="w") as sales:
                assert await sales.write(rows()) == 4000
                with pytest.raises(drdarrow.DataError, match='"NAME", row 3003: .*; 3002 rows were added before') as told:
                    await sales.write([*list(rows())[:3002], {"NAME": "too long"}, (1, "x", 1)])
                assert told.value.row == 3003

    with system.open_file("SHOP/SALES", mode="w") as sales:
        assert sales.write(rows()) == 4000
    asyncio.run(asynchronously())
    with system.open_file("SHOP/SALES") as sales:
        stored = [tuple(row.values()) for row in sales.fetch_arrow_table().slice(2).to_pylist()]
    once = [expected(n) for n in range(4000)]
    assert stored == [*once, *once, *once[:3002]]


def test_small_batches_are_written_together(served: server.Server) -> None:
    put = 0xD013
    schema = pa.schema([("ID", pa.int32()), ("NAME", pa.string())])

    def batches(rows: int) -> Iterator[pa.RecordBatch]:
        for n in range(0, rows, 4):
            yield pa.record_batch([pa.array(range(n, n + 4), pa.int32()), pa.array(["x"] * 4)], schema=schema)

    def failing() -> Iterator[pa.RecordBatch]:
        yield from batches(100)
        raise LookupError("no more of them")

    with Proxy(served.port) as proxy:
        about = {"port": proxy.port, "signon_port": served.signon_port, "user": "ada", "password": "secret"}
        with drdarrow.connect_files(host="127.0.0.1", **about) as system:
            with system.open_file("SHOP/SALES", mode="w") as sales:
                assert sales.write(pa.RecordBatchReader.from_batches(schema, batches(4000))) == 4000
                assert 1 <= proxy.count(put) <= 3
                # Those in front of a failure are added, and told.
                with pytest.raises(drdarrow.InterfaceError, match="(?s)no more of them.*; 100 rows were added before"):
                    sales.write(pa.RecordBatchReader.from_batches(schema, failing()))
            assert count(system) == 2 + 4000 + 100
            with system.open_file("SHOP/SALES") as sales:
                assert sales.fetch_arrow_table()["ID"].to_pylist() == [0, 7, *range(4000), *range(100)]


@pytest.mark.parametrize("asynchronous", [False, True])
@pytest.mark.parametrize("arrow", [False, True])
def test_rows_of_a_slow_source_are_added_while_it_goes_on(
    served: server.Server, system: drdarrow.FileConnection, arrow: bool, asynchronous: bool
) -> None:
    given = 0

    def rows() -> Iterator[dict[str, int]]:
        # It ends when one of its rows is in the file.
        nonlocal given
        until = time.monotonic() + 20
        with served.connect_files(password="secret") as other:
            while count(other) == 2 and time.monotonic() < until:
                given += 1
                yield {"ID": given}
                time.sleep(0.01)
        assert count(system) > 2
        raise LookupError("the rows end here")

    def source() -> Any:
        if not arrow:
            return rows()
        schema = pa.schema([("ID", pa.int32())])
        batches = (pa.record_batch([pa.array([row["ID"]], pa.int32())], schema=schema) for row in rows())
        return pa.RecordBatchReader.from_batches(schema, batches)

    async def asynchronously() -> None:
        about: dict[str, Any] = {"host": served.host, "port": served.port, "user": "ada", "password": "secret"}
        async with aio.connect_files(**about, signon_port=served.signon_port) as other:
            async with await other.open_file("SHOP/SALES", mode="w") as sales:
                await sales.write(source())

    with pytest.raises((LookupError, drdarrow.InterfaceError)) as told:
        if asynchronous:
            asyncio.run(asynchronously())
        else:
            with system.open_file("SHOP/SALES", mode="w") as sales:
                sales.write(source())
    added = count(system) - 2
    assert 0 < added <= given
    words = "1 row was added before" if added == 1 else f"{added} rows were added before"
    assert words in str(told.value) + " ".join(getattr(told.value, "__notes__", []))
    # Those of Arrow data were all there before it failed.
    assert not arrow or added == given


def test_no_more_long_rows_are_taken_than_are_sent_soon(system: drdarrow.FileConnection) -> None:
    taken, long = 0, "x" * (4 << 20)

    def rows() -> Iterator[dict[str, str]]:
        nonlocal taken
        for taken in range(1, 200):  # noqa: B007
            yield {"NAME": long}

    schema = pa.schema([("NAME", pa.string())])
    batches = (pa.record_batch([pa.array([row["NAME"]])], schema=schema) for row in rows())
    with system.open_file("SHOP/SALES", mode="w") as sales:
        for source in (rows(), pa.RecordBatchReader.from_batches(schema, batches)):
            taken = 0
            with pytest.raises(drdarrow.DataError, match='"NAME", row 1'):
                sales.write(source)
            assert 0 < taken <= 5


def test_control_c_ends_a_write_of_many_small_batches(served: server.Server, system: drdarrow.FileConnection) -> None:
    many = pa.table({"ID": pa.array(range(3_000_000), pa.int32())})
    seen = 0

    def interrupt() -> None:
        nonlocal seen
        with served.connect_files(password="secret") as other:
            until = time.monotonic() + 20
            while (seen := count(other)) < 50_000 and time.monotonic() < until:
                time.sleep(0.01)
        signal.raise_signal(signal.SIGINT)

    with system.open_file("SHOP/SALES", mode="w") as sales:
        thread = threading.Thread(target=interrupt)
        thread.start()
        with pytest.raises(KeyboardInterrupt) as told:
            # No step of it takes long, and no line of Python is run.
            sales.write(many.to_reader(max_chunksize=100))
        thread.join()
    (note,) = told.value.__notes__
    added = int(note.removeprefix("at least ").removesuffix(" rows were added"))
    assert 0 < added <= count(system) - 2 < 3_000_000
    # It was heard at once.
    assert seen >= 50_000 and added - seen < 500_000


def test_null_is_no_key_and_not_the_current_record(system: drdarrow.FileConnection) -> None:
    with system.open_file("SHOP/SALES", mode="rw", keyed=True) as sales:
        sales.read_key(7)
        for misuse in (
            lambda: sales.delete(key=None),
            lambda: sales.delete(key=(None,)),
            lambda: sales.update({"NAME": "x"}, key=None),
            lambda: sales.read_key(None),
        ):
            with pytest.raises(drdarrow.ProgrammingError, match="key field ID is NULL"):
                misuse()
        for number in (None, 0, -1, 2**32, True, "1"):
            for misuse in (
                lambda n=number: sales.delete(rrn=n),
                lambda n=number: sales.update({"NAME": "x"}, rrn=n),
                lambda n=number: sales.read(n),
            ):
                with pytest.raises(drdarrow.InterfaceError, match="rrn: expected the number of a record"):
                    misuse()
        for misuse in (lambda: sales.ranges(0), lambda: sales.ranges(1, -1), lambda: sales.partitions(0)):
            with pytest.raises(drdarrow.InterfaceError, match="expected"):
                misuse()
        # Nothing of this touched a record.
        assert sales.fetch_arrow_table()["ID"].to_pylist() == [0, 7]
        assert sales.read(2**32 - 1) is None


def test_a_row_that_cannot_be_written_locks_nothing(served: server.Server, system: drdarrow.FileConnection) -> None:
    with served.connect_files(password="secret") as other, system.open_file("SHOP/ITEMS", mode="rw", keyed=True) as mine:
        mine.read(1)
        for where in ({"rrn": 5}, {"key": 4}):
            with pytest.raises(drdarrow.DataError):
                mine.update({"ID": 2**40}, **where)
        with other.open_file("SHOP/ITEMS", mode="rw") as theirs:
            assert theirs.read(5) == (4, "four")
        # The record read last is still the one that is meant.
        assert mine.update({"NAME": "ZERO"}) and mine.read(1) == (0, "ZERO")


def test_closing_a_connection_breaks_off_a_wait(served: server.Server) -> None:
    async def main() -> None:
        about: dict[str, Any] = {"host": served.host, "port": served.port, "user": "ada", "password": "secret"}
        async with (
            aio.connect_files(**about, signon_port=served.signon_port) as holder,
            aio.connect_files(**about, signon_port=served.signon_port) as system,
        ):
            held = await holder.open_file("SHOP/ITEMS", mode="rw")
            await held.read(1)
            file = await system.open_file("SHOP/ITEMS", mode="rw", commit="chg")
            waiting = asyncio.ensure_future(file.update({"NAME": "x"}, rrn=1))
            await asyncio.sleep(0.2)
            start = time.monotonic()
            await system.close()
            with pytest.raises(drdarrow.Error):
                await waiting
            assert time.monotonic() - start < 1

    asyncio.run(main())


def test_fields_that_are_not_there_are_named(system: drdarrow.FileConnection) -> None:
    for options, words in [
        ({"on_error": {"*": "null", "AMUONT": "raise"}}, "on_error.*AMUONT"),
        ({"force_ccsid": {"nmae": 273}}, "force_ccsid.*NMAE"),
        ({"columns": []}, "columns names no field"),
    ]:
        with pytest.raises(drdarrow.ProgrammingError, match=words) as caught:
            system.open_file("SHOP/SALES", **options)
        assert caught.value.sqlstate == "42703"
    with system.open_file("SHOP/SALES", columns=[], rrn=True) as numbers:
        assert numbers.fetch_arrow_table().to_pydict() == {"RRN": [1, 2]}


# As DDS has them: name, type in its place, keywords in theirs.
DATES = [("D1", "L", " " * 9 + "DATFMT(*YMD) DATSEP('.')"), ("T1", "T", "")]


def test_a_declared_format_is_taken_at_its_word(system: drdarrow.FileConnection) -> None:
    fields: list[dict[str, Any]] = [{"name": "ID", "type": "B", "length": 4}, {"name": "REST", "type": "H", "length": 10}]
    for field, words in [
        ({"name": "ID", "type": "P", "digits": 261}, "digits.*255"),
        ({"name": "REST", "type": "P", "digits": 5}, "REST is there twice"),
        ({"name": "ID", "type": "L", "format": "*CYMD"}, "CYMD"),
    ]:
        with pytest.raises(drdarrow.InterfaceError, match=words):
            system.open_file("SHOP/SALES", format={"name": "SALES", "fields": [field, fields[1]]})
    # A description of the server's comes back as it was, separators too.
    system.command("CRTSRCPF FILE(QTEMP/SRC) RCDLEN(92) MBR(*FILE)")
    lines = [f"R {'DATESR':10}", *(f"  {n:10}{kind:>7}{form}" for n, kind, form in DATES)]
    source = {"name": "SRC", "fields": [{"name": "SEQ", "type": "H", "length": 12}]}
    source["fields"] = [*source["fields"], {"name": "TEXT", "type": "A", "length": 80}]
    with system.open_file("QTEMP/SRC", mode="w", format=source) as file:
        file.write([{"SEQ": b"\xf0" * 12, "TEXT": f"     A          {line}"} for line in lines])
    system.command("CRTPF FILE(SHOP/DATES) SRCFILE(QTEMP/SRC) SRCMBR(SRC)")
    with system.open_file("SHOP/DATES", mode="rw") as dates:
        form = dates.record_format
        assert (form["fields"][0]["format"], form["fields"][0]["separator"]) == ("*YMD", ".")
        dates.write([{"D1": "2024-02-29", "T1": "01:02:03"}])
        expected = dates.first()
    with system.open_file("SHOP/DATES", format=form) as again:
        assert again.first() == expected


def test_parts_go_the_same_way(served: server.Server) -> None:
    with served.connect_files(password="secret", timestamp_unit="ns", statement_timeout=7) as system:
        blank = {"name": "SALES", "fields": [{"name": n, "type": "H", "length": w, "nullable": True} for n, w in WIDTHS]}
        with system.open_file("SHOP/SALES", mode="rw", format=blank) as raw:
            raw.update({"AMOUNT": b"\x40\x40\x40"}, rrn=2)
        with system.open_file("SHOP/SALES", on_error={"AMOUNT": "null"}) as sales:
            parts = sales.partitions(2)
    part = pickle.loads(pickle.dumps(parts[1]))
    assert "ada@" in part.uri and "timestamp_unit=ns" in part.uri and "statement_timeout=7" in part.uri
    assert "secret" not in part.uri + repr(pickle.dumps(part))
    stream = part.read(password="secret")
    assert pa.table(stream)["AMOUNT"].to_pylist() == [None]
    # What was read as NULL is told here too.
    assert ["AMOUNT: 1 values" in str(message) for _, message in stream.messages] == [True]
    assert pa.table(parts[0].read(password="secret"))["AMOUNT"].to_pylist() == [Decimal(1)]
    with pytest.raises(drdarrow.OperationalError) as caught:
        part.open(user="bob", password="secret")
    assert caught.value.sqlstate == "28000"

    async def again() -> list[int]:
        stream = await aio.open_partition(part, password="secret")
        return [batch.num_rows async for batch in stream]

    assert asyncio.run(again()) == [1]


WIDTHS = [("ID", 4), ("NAME", 7), ("AMOUNT", 3)]


@pytest.mark.parametrize("own", [False, True])
def test_closing_does_not_wait_for_a_lock_that_another_thread_waits_for(served: server.Server, own: bool) -> None:
    uri = f"drda://ada@127.0.0.1:{served.port}/SHOP/ITEMS?signon_port={served.signon_port}"
    with served.connect_files(password="secret") as other, served.connect_files(password="secret") as system:
        held = other.open_file("SHOP/ITEMS", mode="rw")
        held.read(1)
        file = drdarrow.open_file(uri, password="secret", mode="rw") if own else system.open_file("SHOP/ITEMS", mode="rw")
        ends: list[object] = []

        def wait() -> None:
            try:
                ends.append(file.read(1))
            except drdarrow.Error as error:
                ends.append(error)

        waiter = threading.Thread(target=wait)
        waiter.start()
        time.sleep(0.3)
        start = time.monotonic()
        file.close()
        assert time.monotonic() - start < 1
        assert file.closed
        if not own:
            # The connection is as it was: the wait ends when the lock is given up.
            held.read(2)
        waiter.join(10)
        assert len(ends) == 1
        assert isinstance(ends[0], drdarrow.Error if own else tuple)


def cut(proxy: Proxy) -> None:
    for end in list(proxy._open):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


CHANGES: dict[str, Callable[[drdarrow.File], object]] = {
    "write": lambda file: file.write([{"ID": 77}, {"ID": 78}]),
    "update": lambda file: file.update({"NAME": "x"}),
    "deletion": lambda file: file.delete(),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("commit", [None, "chg"])
def test_a_change_whose_answer_is_lost(served: server.Server, change: str, commit: Any) -> None:
    with Proxy(served.port) as proxy:
        about: dict[str, Any] = {"host": "127.0.0.1", "port": proxy.port, "user": "ada", "password": "secret"}
        system = drdarrow.connect_files(**about, signon_port=served.signon_port)
        file = system.open_file("SHOP/ITEMS", mode="rw", commit=commit)
        file.read(1)
        proxy.hold()
        threading.Timer(0.3, cut, [proxy]).start()
        with pytest.raises(drdarrow.OperationalError) as caught:
            CHANGES[change](file)
        # Without commitment control nobody undoes it: what became of it is not known.
        unknown = f"outcome of the {change} is unknown" in str(caught.value)
        assert (caught.value.sqlstate, unknown) == (("08006", False) if commit else ("08007", True))
        # A commit that is never sent is not one whose outcome is unknown.
        with pytest.raises(drdarrow.OperationalError) as behind:
            system.commit()
        assert behind.value.sqlstate == "08003"
        system.close()
        proxy.release()


def test_a_commit_whose_answer_is_lost(served: server.Server) -> None:
    with Proxy(served.port) as proxy:
        about: dict[str, Any] = {"host": "127.0.0.1", "port": proxy.port, "user": "ada", "password": "secret"}
        system = drdarrow.connect_files(**about, signon_port=served.signon_port)
        file = system.open_file("SHOP/ITEMS", mode="rw", commit="chg")
        file.update({"NAME": "x"}, rrn=1)
        proxy.hold()
        threading.Timer(0.3, cut, [proxy]).start()
        with pytest.raises(drdarrow.OperationalError, match="outcome of the commit is unknown") as caught:
            system.commit()
        assert (caught.value.sqlstate, caught.value.connection_usable) == ("08007", False)
        proxy.release()


def test_threads_may_open_under_commitment_control_at_once(system: drdarrow.FileConnection) -> None:
    failed: list[BaseException] = []

    def open_one() -> None:
        try:
            system.open_file("SHOP/ITEMS", mode="rw", commit="chg")
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=open_one) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed


def test_files_are_created_for_what_arrow_has(system: drdarrow.FileConnection) -> None:
    values: dict[str, pa.Array] = {
        "U64": pa.array([2**64 - 1], pa.uint64()),
        "DEC32": pa.array([Decimal("12345.67")], pa.decimal32(7, 2)),
        "DEC64": pa.array([Decimal("1234567890.12")], pa.decimal64(12, 2)),
        "CATEGORY": pa.array(["red"]).dictionary_encode(),
        "DAY": pa.array([86_400_000], pa.date64()),
    }
    table = pa.table(values)
    system.create_file("SHOP/NEW", table.schema, keys=["-DEC64", "U64"])
    assert system.describe("SHOP/NEW")["keys"] == ["-DEC64", "U64"]
    with system.open_file("SHOP/NEW", mode="rw") as file:
        file.write(table)
        back = file.fetch_arrow_table().to_pylist()
    assert [{**row, "DAY": row["DAY"].isoformat()} for row in back] == [
        {
            "U64": Decimal(2**64 - 1),
            "DEC32": Decimal("12345.67"),
            "DEC64": Decimal("1234567890.12"),
            "CATEGORY": "red",
            "DAY": "1970-01-02",
        }
    ]
    text = pa.field("A", pa.string(), metadata={"drda:length": "40000"})
    for schema, keys, words in [
        (pa.schema([("A", pa.int32()), ("a", pa.int32())]), [], "twice"),
        (pa.schema([("A", pa.int32())]), ["A", "-A"], "twice"),
        (pa.schema([text]), [], "40000"),
    ]:
        with pytest.raises(drdarrow.ProgrammingError, match=words):
            system.create_file("SHOP/BAD", schema, keys=keys)


def public(kind: type) -> set[str]:
    return {name for name, _ in inspect.getmembers(kind) if not name.startswith("_")}


def test_everything_has_its_twin() -> None:
    assert public(drdarrow.File) == public(aio.AsyncFile)
    assert public(drdarrow.FileConnection) == public(aio.AsyncFileConnection)


def test_the_twins_do_the_same(served: server.Server) -> None:
    async def main() -> None:
        async with aio.connect_files(
            host=served.host, port=served.port, user="ada", password="secret", signon_port=served.signon_port
        ) as system:
            await system.create_file("SHOP/TWIN", pa.schema([("A", pa.int32())]), keys=["A"])
            assert (await system.describe("SHOP/TWIN"))["keys"] == ["A"]
            await system.add_member("SHOP/TWIN", "M2")
            assert [member["name"] for member in await system.members("SHOP/TWIN")] == ["TWIN", "M2"]
            async with system.open_file("SHOP/TWIN", member="M2", mode="rw", rrn=True, keyed=True) as file:
                assert file.member == "M2"
                assert await file.write({"A": n} for n in range(2500)) == 2500
                assert await file.write(pa.table({"A": pa.array([9000], pa.int32())})) == 1
                with pytest.raises(drdarrow.DataError, match="row 1501: .*; 1500 rows were added before"):
                    await file.write({"A": n if n < 1500 else "x"} for n in range(1600))
                for part in (file.ranges(2500, 2501), file.fetch_arrow(2500, 2501)):
                    assert [batch.num_rows async for batch in await part] == [2]
                # A last number alone is a range too.
                assert sum([batch.num_rows async for batch in await file.fetch_arrow(last=3)]) == 3
                assert (await file.first(), await file.next()) != (None, None)
                await file.rewind()
                assert await file.next() == await file.first()
                assert await file.delete(key=9000) and not await file.delete(key=9000)
                with pytest.raises(drdarrow.ProgrammingError, match="NULL"):
                    await file.delete(key=None)
            await system.lock("SHOP/TWIN", "EXCL", member="M2")
            await system.unlock("SHOP/TWIN", "EXCL", member="M2")
            await system.clear_member("SHOP/TWIN", "M2")
            await system.remove_member("SHOP/TWIN", "M2")
            await system.delete_file("SHOP/TWIN")
            with pytest.raises(drdarrow.ProgrammingError):
                await system.describe("SHOP/TWIN")

    asyncio.run(main())
