"""Files of the persona `ibmi` judged by JTOpen, IBM's client for Java (Debian: libjt400-java)."""

from __future__ import annotations

import datetime
import shutil
import subprocess
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from random import Random
from types import SimpleNamespace

import pyarrow as pa
import pytest
from derby import keytool
from jtopen import Programs
from serving import PASSWORD, USER, Served

from drdarrow import server

# The programs have their own limits; the server may have to be built first.
pytestmark = pytest.mark.timeout(600)

# What Judge.java looks at, one by one.
CASES = [
    "describe",
    "sequential reads",
    "reads by number",
    "positions",
    "blocks",
    "reads by key",
    "partial and equal keys",
    "positions by key",
    "what is not there",
    "library list and members",
    "write",
    "update and delete by number",
    "update and delete by key",
    "update and delete the current record",
    "duplicate keys",
    "every type is written",
    "create by length and by source",
    "record locks",
    "object locks",
    "commit",
    "commitment levels",
    "commands",
    "reads without locks",
    "files of System/36",
    "many open files",
    "reads by the bytes of a key",
    "positions by leading fields",
    "changes by every form of a key",
    "keys of every type",
    "orders of equal keys",
    "paths and formats",
    "long record numbers",
    "source of a record format",
    "disk pools",
    "records of System/36 are added",
    "cached records",
    "explicit locks",
    "a unit of work in several files",
    "waits for a record",
]

# What examples/serve puts into the files.
CUST = [
    ["1", "ALPHA     ", "10.50", "7", "one"],
    ["2", "BETA      ", "-2.50", "-1", None],
    ["3", "GAMMA     ", "9999.99", "100", "three"],
    ["5", "EPSILON   ", "0.00", "0", ""],
    ["8", "THETA     ", "1.23", "5", "eight"],
]
ALLTYP = [
    [
        *("ABC  ", "Grüße", "-12345", "1234.567", "-54321", "-1234567890123456789012.345678901"),
        *("-1234", "123456789", "-123456789012345678", "1.5", "-2.5E100", "01abff", "fedc"),
        *("2024-02-29", "12.34.56", "2024-02-29-12.34.56.123456"),
        *("日本ü  ", "Ω日", "日本", "A日B  ", "日\u3000"),
    ],
    [None] * 21,
]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., list]:
    """`run(program, server, *arguments)`: the lines that a program of tests/jt400 prints."""
    programs = Programs(tmp_path_factory.mktemp("jt400"))

    def run(program: str, server: Served, *arguments: str, password: str = PASSWORD, options: list[str] | None = None):
        ports = (server.port, server.signon)
        return programs.run(program, ports, (USER, password), *arguments, options=options)

    return run


@pytest.fixture(scope="module")
def files() -> Iterator[Served]:
    with Served("ibmi", password=PASSWORD) as server:
        yield server


@pytest.fixture(scope="module")
def judged(files: Served, run: Callable[..., list]) -> dict[str, str]:
    """The failures, case by case."""
    return {line["case"]: line["error"] for line in run("Judge", files)}


def test_the_cases_are_those_of_the_program(judged: dict[str, str]) -> None:
    assert list(judged) == CASES


@pytest.mark.parametrize("case", CASES)
def test_what_the_client_sees(judged: dict[str, str], case: str) -> None:
    assert judged[case] == "", judged[case]


@pytest.mark.parametrize(("name", "rows"), [("CUST", CUST), ("ALLTYP", ALLTYP)])
def test_records_equal_their_source(run: Callable[..., list], name: str, rows: list) -> None:
    with Served("ibmi", password=PASSWORD) as server:
        assert run("Records", server, f"/QSYS.LIB/TESTLIB.LIB/{name}.FILE") == rows


def test_a_ping_finds_the_answer_of_an_ibm_i(files: Served, run: Callable[..., list]) -> None:
    """AS400JPing compares the answer byte by byte with the one that it knows."""
    (told,) = run("Ping", files)
    assert told["alive"] is True, told


def as_told(value: object) -> str | None:
    """A value of ours as the client prints its own."""
    match value:
        case None | str():
            return value
        case bytes():
            return value.hex()
        case datetime.datetime():
            return value.isoformat("-", "microseconds").replace(":", ".")
        case datetime.time():
            return value.strftime("%H.%M.%S")
        case float():
            # Two decimals of Java: 1.5, -0.0, 1.0E10.
            number = f"{value:E}"
            return repr(value) if 1e-3 <= abs(value) < 1e7 or value == 0 else number
    return str(value)


@pytest.fixture
def random_rows() -> pa.Table:
    """Records of the types that Arrow makes fields of and the client knows, a third of the values missing."""
    random = Random(7)
    rows = 300

    def column(make: Callable[[], object], type_: pa.DataType) -> pa.Array:
        return pa.array([None if random.random() < 0.3 else make() for _ in range(rows)], type_)

    def whole(bits: int) -> Callable[[], int]:
        return lambda: random.randrange(-(10 ** {16: 4, 32: 9, 64: 18}[bits]) + 1, 10 ** {16: 4, 32: 9, 64: 18}[bits])

    def text(letters: str, length: int) -> Callable[[], str]:
        return lambda: "".join(random.choices(letters, k=random.randrange(length)))

    def moment() -> datetime.datetime:
        return datetime.datetime(random.randrange(1, 9999), 2, 28, 23, 59, 59, random.randrange(10**6))

    letters = "abcXYZ 0189äöüß§$[]{}|"
    return pa.table(
        {
            "I2": column(whole(16), pa.int16()),
            "I4": column(whole(32), pa.int32()),
            "I8": column(whole(64), pa.int64()),
            "R4": column(lambda: random.randrange(-4096, 4096) / 8, pa.float32()),
            "R8": column(lambda: random.randrange(-(10**6), 10**6) / 64, pa.float64()),
            "PAC": column(lambda: Decimal(random.randrange(-(10**9), 10**9)).scaleb(-4), pa.decimal128(9, 4)),
            "WIDE": column(lambda: Decimal(random.randrange(-(10**17), 10**17)), pa.decimal128(31, 0)),
            "TXT": column(text(letters, 20), pa.string()),
            "UNI": column(text("aé日本Ωж", 12), pa.string()),
            "BIN": column(lambda: random.randbytes(random.randrange(9)), pa.binary()),
            "DAT": column(lambda: moment().date(), pa.date32()),
            "TIM": column(lambda: moment().time().replace(microsecond=0), pa.time32("s")),
            "STA": column(moment, pa.timestamp("us")),
        }
    )


def test_results_equal_ours(run: Callable[..., list], random_rows: pa.Table) -> None:
    """The client reads the same records as ours, from Arrow and from rows; ours finds those that it writes, and so does
    the server."""
    keyed = server.PhysicalFile(random_rows, keys=["I4 DESC", "TXT"])
    files = {"TEST/GIVEN": random_rows, "TEST/KEYED": keyed, "TEST/COPY": random_rows, "TEST/ROWS": random_rows}
    with server.serve(engine="tables", persona="ibmi", files=files, users={USER: PASSWORD}) as served:
        where = SimpleNamespace(port=served.port, signon=served.signon_port)
        for name in ("GIVEN", "KEYED"):
            with served.connect_files(user=USER, password=PASSWORD) as system, system.open_file(f"TEST/{name}") as file:
                ours = [[as_told(value) for value in row.values()] for row in file.fetch_arrow_table().to_pylist()]
            assert run("Records", where, f"/QSYS.LIB/TEST.LIB/{name}.FILE") == ours
        with served.connect_files(user=USER, password=PASSWORD) as system:
            system.command("CLRPFM TEST/ROWS")
            with system.open_file("TEST/ROWS", mode="w") as file:
                rows = random_rows.to_pylist()
                present = [{name: value for name, value in row.items() if value is not None} for row in rows[100:]]
                assert file.write([*(tuple(row.values()) for row in rows[:100]), *present]) == len(rows)
        assert run("Records", where, "/QSYS.LIB/TEST.LIB/ROWS.FILE") == ours
        # In the order of the keys, too.
        with served.connect_files(user=USER, password=PASSWORD) as system:
            with system.open_file("TEST/KEYED", keyed=True) as file:
                ours = [[as_told(value) for value in row] for row in iter(file.next, None)]
        assert run("Records", where, "/QSYS.LIB/TEST.LIB/KEYED.FILE", "keyed") == ours
        with served.connect_files(user=USER, password=PASSWORD) as system:
            system.command("CLRPFM TEST/COPY")
        (done,) = run("Copies", where, "/QSYS.LIB/TEST.LIB/GIVEN.FILE", "/QSYS.LIB/TEST.LIB/COPY.FILE")
        assert done == {"records": random_rows.num_rows}
        with served.connect_files(user=USER, password=PASSWORD) as system, system.open_file("TEST/COPY") as file:
            copy = file.fetch_arrow_table()
        assert copy.to_pydict() == random_rows.to_pydict()
        assert pa.table(served.file("TEST/COPY")).to_pydict() == random_rows.to_pydict()


def test_ranges_of_keys_equal_ours(run: Callable[..., list]) -> None:
    """Records that the client reads one by one, by equal keys and onwards from a key, come as one range of ours."""
    random = Random(11)
    rows = 400
    columns = {
        "CUST": pa.array([random.randrange(-9, 9) for _ in range(rows)], pa.int32()),
        "KIND": pa.array([random.choice(["a", "B", "1"]) for _ in range(rows)]),
        "NR": pa.array(range(rows), pa.int32()),
    }
    # The client asks for equal keys with a key of defaults, of which none may be NULL.
    orders = pa.table(columns, schema=pa.schema([pa.field(n, c.type, nullable=False) for n, c in columns.items()]))
    keys = {"UP": ["CUST", "KIND"], "DOWN": ["CUST DESC", "KIND DESC"], "PLAIN": ["CUST"]}
    files = {f"TEST/{name}": server.PhysicalFile(orders, keys=of) for name, of in keys.items()}
    with server.serve(engine="tables", persona="ibmi", files=files, users={USER: PASSWORD}) as served:
        where = SimpleNamespace(port=served.port, signon=served.signon_port)
        with served.connect_files(user=USER, password=PASSWORD) as system:
            for name, of in keys.items():
                first, last = (5, -4) if name == "DOWN" else (-4, 5)
                theirs = run("Keys", where, f"/QSYS.LIB/TEST.LIB/{name}.FILE", "NR", str(first), str(last))
                with system.open_file(f"TEST/{name}", keyed=True) as file:
                    # Equal is what is equal in all key fields.
                    whole = file.read_key((first,))[: len(of)]
                    equal = file.fetch_arrow_table(key=whole)["NR"].to_pylist()
                    between = file.fetch_arrow_table(between=((-4,), (5,)))["NR"].to_pylist()
                assert theirs == [equal, between] and len(equal) > 2 and len(between) > 100


def test_lists_and_national_names_as_the_client_sees_them(run: Callable[..., list]) -> None:
    """Outfiles of whole files are files like any other; a name in our job's letters is one in the client's."""
    one = pa.table({"A": pa.array([7], pa.int32())})
    files = {"TEST/N#W": server.PhysicalFile(one, keys=["A"]), "TEST/OTHER": one}
    with server.serve(engine="tables", persona="ibmi", files=files, users={USER: PASSWORD}) as served:
        where = SimpleNamespace(port=served.port, signon=served.signon_port)
        with served.connect_files(user=USER, password=PASSWORD, job_ccsid=278) as system:
            with system.open_file("TEST/NÄW", mode="rw") as file:
                file.write([(8,)])
            assert pa.table(system.list("TEST"))["file"].to_pylist() == ["NÄW", "OTHER"]
            for command, outfile in [
                ("DSPOBJD OBJ(TEST/*ALL) OBJTYPE(*FILE)", "QGPL/OBJ"),
                ("DSPFD FILE(TEST/*ALL) TYPE(*RCDFMT)", "QGPL/FMT"),
            ]:
                system.command(f"{command} OUTPUT(*OUTFILE) OUTFILE({outfile})")
        assert run("Records", where, "/QSYS.LIB/TEST.LIB/N#W.FILE") == [["7"], ["8"]]
        objects = run("Records", where, "/QSYS.LIB/QGPL.LIB/OBJ.FILE")
        assert [(row[0].strip(), row[1].strip(), row[3].strip()) for row in objects] == [
            ("TEST", "N#W", "PF"),
            ("TEST", "OTHER", "PF"),
        ]
        formats = run("Records", where, "/QSYS.LIB/QGPL.LIB/FMT.FILE")
        assert [(row[3].strip(), row[17]) for row in formats] == [("N#W", "4"), ("OTHER", "4")]


@pytest.mark.parametrize(("persona", "level"), [("ibmi", 0), ("ibmi", 1), ("ibmi", 3), ("ibmi-encrypted", 2)])
def test_logins(run: Callable[..., list], persona: str, level: int) -> None:
    """DES substitutes, SHA-1 substitutes, encrypted passwords."""
    with Served(persona, password=PASSWORD, level=level) as server:
        path = "/QSYS.LIB/TESTLIB.LIB/CUST.FILE"
        assert run("Records", server, path) == CUST
        (refused,) = run("Records", server, path, password="wrong")
        assert "Password is incorrect" in refused["error"]


def test_a_level_that_the_client_does_not_know(run: Callable[..., list]) -> None:
    """Version 9.4 knows no level 4: what it sends instead proves nothing."""
    with Served("ibmi", password=PASSWORD, level=4) as strict:
        (refused,) = run("Records", strict, "/QSYS.LIB/TESTLIB.LIB/CUST.FILE")
        assert "Password is incorrect" in refused["error"]


def test_tls(run: Callable[..., list], tmp_path: Path) -> None:
    cert, key, store = tmp_path / "cert.pem", tmp_path / "key.pem", tmp_path / "trust.p12"
    openssl = shutil.which("openssl")
    assert openssl, "openssl was not found"
    request = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    names = ["-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run([*request, *names, "-out", cert, "-keyout", key], check=True, capture_output=True)
    keytool("-importcert", "-noprompt", "-file", str(cert), "-keystore", str(store), "-storepass", "changeit")
    trust = [f"-Djavax.net.ssl.trustStore={store}", "-Djavax.net.ssl.trustStorePassword=changeit"]
    path = "/QSYS.LIB/TESTLIB.LIB/CUST.FILE"
    with Served("ibmi", password=PASSWORD, tls=(cert, key)) as server:
        assert run("Records", server, path, "tls", options=trust) == CUST
        (refused,) = run("Records", server, path, "tls")
        assert "SSL" in refused["error"] or "cert" in refused["error"], refused


def test_a_read_only_server_refuses_changes(run: Callable[..., list]) -> None:
    one = pa.table({"A": pa.array([7, 8], pa.int32())})
    settings = {"engine": "tables", "persona": "ibmi", "users": {USER: PASSWORD}, "read_only": True}
    with server.serve(files={"TEST/LENT": one}, **settings) as served:
        where = SimpleNamespace(port=served.port, signon=served.signon_port)
        told = dict(run("Lent", where, "/QSYS.LIB/TEST.LIB/LENT.FILE"))
        assert (told.pop("read"), told.pop("share"), told.pop("read again")) == ("2", "done", "2")
        assert len(told) == 7
        for step, said in told.items():
            assert "read-only" in said or said.startswith("CPF"), (step, said)
        assert pa.table(served.file("TEST/LENT"))["A"].to_pylist() == [7, 8]
