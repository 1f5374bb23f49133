"""Statements that fail: class, SQLSTATE and words, and a connection that goes on."""

import duckdb
import pytest
from conftest import Lab

import drdarrow
from drdarrow import server

CASES = [
    ("SELEC 1", drdarrow.ProgrammingError, "42X01", "SELEC"),
    ("", drdarrow.ProgrammingError, None, ""),
    ("   ", drdarrow.ProgrammingError, None, ""),
    ("SELECT * FROM NOSUCH", drdarrow.ProgrammingError, "42X05", "NOSUCH"),
    ("SELECT NOPE FROM INTS", drdarrow.ProgrammingError, "42X04", "NOPE"),
    ("CREATE TABLE INTS (ID INTEGER)", drdarrow.ProgrammingError, "X0Y32", "INTS"),
    ("VALUES 1/0", drdarrow.DataError, "22012", ""),
    ("VALUES CAST('a' AS INTEGER)", drdarrow.DataError, "22018", "INTEGER"),
    ("VALUES DATE('2023-02-30')", drdarrow.DataError, "22008", "2023-02-30"),
    ("VALUES CAST(99999 AS SMALLINT)", drdarrow.DataError, "22003", "SMALLINT"),
    ("VALUES NOSUCHFUNCTION(1)", drdarrow.ProgrammingError, "42Y03", "NOSUCHFUNCTION"),
    ("DROP TABLE NOSUCH", drdarrow.ProgrammingError, "42Y55", "NOSUCH"),
    ("SELECT * FROM INTS WHERE ID = 'x'", drdarrow.ProgrammingError, "42818", ""),
]


@pytest.mark.parametrize(("sql", "kind", "sqlstate", "words"), CASES, ids=[case[0][:30] or "empty" for case in CASES])
def test_a_statement_that_fails(
    conn: drdarrow.Connection, sql: str, kind: type, sqlstate: str | None, words: str
) -> None:
    with pytest.raises(drdarrow.Error) as caught:
        conn.execute(sql).fetchall()
    error = caught.value
    assert type(error) is kind
    if sqlstate:
        assert error.sqlstate == sqlstate
        assert error.sqlcode is not None and error.sqlcode < 0
    assert words in str(error)
    assert error.phase in ("execute", "fetch")
    assert error.connection_usable is True
    assert error.retryable is False
    assert conn.execute("VALUES 1").fetchone() == (1,)


@pytest.mark.parametrize(
    ("sql", "kind", "sqlstate"),
    [
        ("INSERT INTO {} VALUES (NULL, 1, 1, 'a')", drdarrow.IntegrityError, "23502"),
        ("INSERT INTO {} VALUES (1, 1, 1, 'a')", drdarrow.IntegrityError, "23505"),
        ("INSERT INTO {} VALUES (2, 99999, 1, 'a')", drdarrow.DataError, "22003"),
        ("INSERT INTO {} VALUES (2, 1, 1000, 'a')", drdarrow.DataError, "22003"),
        ("INSERT INTO {} VALUES (2, 1, 1, 'abcdef')", drdarrow.DataError, "22001"),
        ("INSERT INTO {} VALUES (2, -1, 1, 'a')", drdarrow.IntegrityError, "23513"),
        ("INSERT INTO {} VALUES (2)", drdarrow.ProgrammingError, "42802"),
    ],
)
def test_an_insert_that_fails(conn: drdarrow.Connection, table, sql: str, kind: type, sqlstate: str) -> None:
    name = table("ID INTEGER NOT NULL PRIMARY KEY, S SMALLINT CHECK (S >= 0), D DECIMAL(5,2), V VARCHAR(5)")
    conn.execute(f"INSERT INTO {name} VALUES (1, 1, 1, 'a')")
    with pytest.raises(drdarrow.Error) as caught:
        conn.execute(sql.format(name))
    assert (type(caught.value), caught.value.sqlstate) == (kind, sqlstate)
    assert conn.execute(f"SELECT COUNT(*) FROM {name}").fetchone() == (1,)


def test_the_same_through_parameters(conn: drdarrow.Connection, table) -> None:
    name = table("ID INTEGER NOT NULL PRIMARY KEY")
    cursor = conn.cursor()
    cursor.execute(f"INSERT INTO {name} VALUES (?)", (1,))
    for value, sqlstate in ((1, "23505"), (None, "23502")):
        with pytest.raises(drdarrow.IntegrityError) as caught:
            cursor.execute(f"INSERT INTO {name} VALUES (?)", (value,))
        assert caught.value.sqlstate == sqlstate
    assert cursor.execute(f"SELECT COUNT(*) FROM {name}").fetchone() == (1,)


def test_the_servers_own_words(conn: drdarrow.Connection) -> None:
    """Derby sends only the arguments and a message key to a DNC client; its text comes by CALL SYSIBM.SQLCAMESSAGE."""
    with pytest.raises(drdarrow.ProgrammingError) as caught:
        conn.execute("SELECT * FROM NOSUCH")
    assert "does not exist" in str(caught.value)
    assert "\x14" not in str(caught.value)
    assert caught.value.peer and "127.0.0.1" in caught.value.peer


@pytest.mark.parametrize(("block_size", "least"), [(32767, 147_000), (512, 149_900)])
def test_an_error_in_mid_stream(lab: Lab, block_size: int, least: int) -> None:
    """1000/(ID-150000) ORDER BY ID walks the key and fails at row 150,000: an error there, not an end.

    Measured with Derby's own client: 147,375 rows come before it, since the server throws away the block (32 KiB) that
    it was filling when the division failed.
    """
    with lab.connect(block_size=block_size) as connection:
        cursor = connection.execute("SELECT ID, 1000/(ID-150000) FROM DIVZERO ORDER BY ID")
        seen = 0
        with pytest.raises(drdarrow.DataError) as caught:
            while (row := cursor.fetchone()) is not None:
                seen += 1
                assert row == (seen, int(1000 / (seen - 150_000)))
        assert caught.value.sqlstate == "22012"
        assert caught.value.phase == "fetch"
        assert caught.value.connection_usable is True
        assert least <= seen <= 149_999
        assert connection.execute("VALUES 1").fetchone() == (1,)


def test_an_error_in_mid_stream_reaches_arrow(lab: Lab) -> None:
    """A foreign consumer gets text; the exception itself stays on the stream, and our own methods raise it."""
    import pyarrow as pa

    sql = "SELECT ID, 1000/(ID-150000) FROM DIVZERO ORDER BY ID"
    with lab.connect() as connection:
        stream = connection.execute(sql).fetch_arrow()
        with pytest.raises((pa.ArrowException, OSError), match="22012|divide by zero"):
            pa.table(stream)
        assert isinstance(stream.error, drdarrow.DataError) and stream.error.sqlstate == "22012"
        for method in ("fetch_arrow_table", "fetch_polars", "fetch_df"):
            with pytest.raises(drdarrow.DataError) as caught:
                getattr(connection.execute(sql), method)()
            assert caught.value.sqlstate == "22012"
        stream = connection.execute(sql).fetch_arrow(batch_rows=10_000)
        rows = 0
        with pytest.raises(drdarrow.DataError):
            for batch in stream:
                rows += batch.num_rows
        assert rows == stream.rows_read <= 149_999


def test_truncation_warnings_are_messages(cur: drdarrow.Cursor) -> None:
    """Measured: Derby's CAST to a shorter CHAR raises warning 01004, which its server does not always put on the wire;
    what comes belongs to `messages` and is not raised."""
    assert cur.execute("VALUES CAST('abcdef' AS CHAR(3))").fetchone() == ("abc",)
    for message in cur.messages:
        assert isinstance(message, tuple | drdarrow.Warning)


def test_exceptions_can_be_pickled(conn: drdarrow.Connection) -> None:
    """pytest-xdist, multiprocessing and Spark send exceptions between processes."""
    import pickle

    with pytest.raises(drdarrow.ProgrammingError) as caught:
        conn.execute("SELECT * FROM NOSUCH")
    copy = pickle.loads(pickle.dumps(caught.value))
    assert type(copy) is drdarrow.ProgrammingError and str(copy) == str(caught.value)


def test_what_a_procedure_returns_is_not_lost_in_silence(conn: drdarrow.Connection) -> None:
    # executemany() has no place for result sets.
    call = "CALL SYSIBM.SQLTABLES(?, NULL, NULL, NULL, 'DATATYPE=''ODBC''')"
    for calls in (1, 2):
        with pytest.raises(drdarrow.NotSupportedError) as caught:
            conn.cursor().executemany(call, [(None,)] * calls)
        assert "result sets" in str(caught.value)
        assert caught.value.connection_usable and caught.value.row == 1
    assert conn.execute("VALUES 1").fetchone() == (1,)


def test_a_session_that_derby_ended(lab: Lab) -> None:
    """An exception of Java's ends Derby's own connection beyond ours, which from then on is good for nothing."""
    connection = lab.connect()
    with pytest.raises(drdarrow.OperationalError) as caught:
        connection.execute("VALUES TIMESTAMP('9999-12-31-24.00.00.000000')")
    assert caught.value.sqlstate == "XJ001"
    with pytest.raises(drdarrow.OperationalError) as caught:
        connection.execute("VALUES 1")
    assert (caught.value.sqlstate, caught.value.connection_usable) == ("08003", False)
    assert connection.closed
    connection.close()


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("SELECT * FROM NOSUCH", "SET SCHEMA"),
        ('SELECT "NOPE" FROM INTS', "single quotes"),
        ("SELECT * FROM INTS;", "semicolon"),
        ("CREATE TABLE INTS (ID INTEGER)", "drop it first"),
    ],
)
def test_derby_errors_come_with_advice(conn: drdarrow.Connection, sql: str, words: str) -> None:
    with pytest.raises(drdarrow.ProgrammingError) as caught:
        conn.execute(sql)
    assert words in (caught.value.hint or "")
    assert caught.value.hint in str(caught.value)


@pytest.mark.parametrize(("persona", "words"), [("luw", "SCHEMA.NAME"), ("ibmi", "library list"), ("zos", "location")])
def test_advice_is_that_of_the_product(persona: server.Persona, words: str) -> None:
    with server.serve(duckdb.connect(), persona=persona) as srv, srv.connect() as connection:
        with pytest.raises(drdarrow.ProgrammingError) as caught:
            connection.execute("SELECT * FROM NOSUCH")
        assert caught.value.sqlcode == -204
        assert words in (caught.value.hint or "")


def test_text_of_the_server_does_nothing_to_a_terminal() -> None:
    """Names and messages of others end up in tracebacks and logs."""

    class Session:
        def prepare(self, sql: str) -> server.Prepared:
            raise server.SqlError(-438, "75000", "\x1b]0;PWNED\x07 \x9b31m \u202eevil\r", "")

        def set(self, sql: str) -> None: ...
        def commit(self) -> None: ...
        def rollback(self) -> None: ...
        def close(self) -> None: ...

    class Engine:
        def session(self, user: str, database: str) -> Session:
            return Session()

    with server.serve(Engine()) as srv, srv.connect() as connection:
        with pytest.raises(drdarrow.Error) as caught:
            connection.execute("SELECT 1 FROM X")
    for text in (str(caught.value), *caught.value.args):
        assert "\\x1b]0;PWNED\\x07 \\x9b31m \\u202eevil" in text
        assert not {"\x1b", "\x07", "\x9b", "\u202e", "\r"} & set(text)
