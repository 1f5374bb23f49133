"""Clients of the DuckDB engine work with its tables: no files, network, settings, extensions, code, nor other sessions."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from test_cli import Serving, run

import drdarrow
from drdarrow import server


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A folder with a file that nobody serves."""
    (tmp_path / "secret.csv").write_text("A\n4711\n")
    (tmp_path / "secret.json").write_text('{"A": 4711}\n')
    return tmp_path


@pytest.fixture
def srv() -> Iterator[server.Server]:
    with server.serve(tables={"T": pa.table({"A": [1, 2, 3], "NAME": ["alpha", "beta", "gamma"]})}) as running:
        yield running


#: {} is the folder. From the documentation of DuckDB: statements and functions that touch files, the network, settings,
#: secrets, extensions or other sessions.
STATEMENTS = """
SELECT content FROM read_text('{}/secret.csv')
SELECT content FROM read_blob('{}/secret.csv')
SELECT content FROM "read_text"('{}/secret.csv')
SELECT content FROM Read_Text /* a comment */ ('{}/secret.csv')
SELECT content FROM system.main.read_text('{}/secret.csv')
SELECT E'\\'' AS A, content FROM read_text('{}/secret.csv') AS T(content, ' ')
SELECT 1 -- <CR> , (SELECT content FROM read_text('{}/secret.csv'))
SELECT * FROM read_csv('{}/secret.csv')
SELECT * FROM read_csv_auto('{}/secret.csv')
SELECT * FROM sniff_csv('{}/secret.csv')
SELECT * FROM read_json('{}/secret.json')
SELECT * FROM read_json_objects('{}/secret.json')
SELECT * FROM read_ndjson('{}/secret.json')
SELECT * FROM read_parquet('{}/secret.csv')
SELECT * FROM parquet_scan('{}/secret.csv')
SELECT * FROM parquet_metadata('{}/secret.csv')
SELECT * FROM parquet_schema('{}/secret.csv')
SELECT * FROM read_duckdb('{}/secret.csv')
SELECT * FROM '{}/secret.csv'
SELECT * FROM "{}/secret.csv"
SELECT file FROM glob('{}/*')
SELECT * FROM query('SELECT content FROM read_text(''{}/secret.csv'')')
SELECT * FROM query_table('T')
SELECT * FROM json_execute_serialized_sql(json_serialize_sql('SELECT 1'))
CREATE TABLE X AS SELECT * FROM read_csv('{}/secret.csv')
CREATE VIEW X AS SELECT * FROM read_csv('{}/secret.csv')
INSERT INTO T SELECT A, '' FROM read_csv('{}/secret.csv')
ATTACH '{}/new.db' AS E
ATTACH ':memory:' AS E
DETACH memory
USE memory
COPY (SELECT 'ssh-ed25519 AAAA attacker' AS X) TO '{}/new.csv' (FORMAT csv, HEADER false, QUOTE '', ESCAPE '')
COPY T TO '{}/new.csv'
COPY T FROM '{}/secret.csv'
COPY FROM DATABASE memory TO other
EXPORT DATABASE '{}/new'
IMPORT DATABASE '{}/new'
INSTALL httpfs
FORCE INSTALL httpfs FROM community
LOAD httpfs
LOAD '{}/secret.csv'
SET profiling_output = '{}/new.json'
SET GLOBAL memory_limit = '100MB'
SET GLOBAL threads = 1
SET SESSION threads = 1
SET temp_directory = '{}'
SET GLOBAL extension_directory = '{}'
SET GLOBAL enable_external_access = true
SET GLOBAL enable_logging = true
SET max_expression_depth = 100000000
SET python_scan_all_frames = true
SET VARIABLE V = 1
RESET threads
PRAGMA database_list
PRAGMA enable_profiling
PRAGMA memory_limit = '100MB'
CALL enable_logging()
CALL pragma_version()
CHECKPOINT
FORCE CHECKPOINT
VACUUM
ANALYZE
PREPARE P AS SELECT 1
EXECUTE P
DEALLOCATE P
CREATE SECRET S (TYPE http)
CREATE PERSISTENT SECRET S (TYPE http)
DROP SECRET S
CREATE MACRO abs(x) AS 666
CREATE OR REPLACE MACRO main.abs(x) AS 666
CREATE TEMP MACRO abs(x) AS 666
CREATE FUNCTION abs(x) AS 666
DROP MACRO abs
ALTER DATABASE memory SET ALIAS TO other
SELECT message FROM duckdb_logs()
SELECT * FROM duckdb_logs
SELECT * FROM duckdb_logs_parsed('QueryLog')
SELECT * FROM duckdb_settings()
SELECT current_setting('temp_directory')
SELECT write_log('forged')
SELECT json_serialize_plan('SELECT * FROM read_text(''{}/secret.csv'')')
SELECT * FROM T, LATERAL read_text('{}/secret.csv')
FROM read_csv_auto(['{}/secret.csv'])
WITH X AS MATERIALIZED (SELECT * FROM read_csv('{}/secret.csv')) SELECT * FROM X
SELECT $$a$$, content FROM read_text($${}/secret.csv$$)
MERGE INTO T USING read_text('{}/secret.csv') R ON 1 = 1 WHEN MATCHED THEN DELETE
SUMMARIZE '{}/secret.csv'
UNPIVOT read_csv('{}/secret.csv') ON A
CREATE TYPE E AS ENUM (SELECT content FROM read_text('{}/secret.csv'))
CREATE TABLE X (A VARCHAR DEFAULT getenv('HOME'))
SELECT list_transform(['{}/secret.csv'], lambda p: (SELECT content FROM read_text(p)))
SELECT * FROM 'https://example.com/x.parquet'
COPY T TO PROGRAM 'id'
SELECT 1; SELECT * FROM read_text('{}/secret.csv')
SELECT * FROM pg_catalog.pg_settings
SELECT * FROM duckdb_secrets()
SELECT * FROM which_secret('x', 'http')
SELECT * FROM duckdb_databases()
SELECT * FROM duckdb_databases
SELECT * FROM pragma_database_list
SELECT * FROM pragma_database_size()
SELECT * FROM duckdb_extensions()
SELECT * FROM duckdb_variables()
SELECT * FROM duckdb_prepared_statements()
SELECT * FROM duckdb_temporary_files()
SELECT * FROM enable_logging()
SELECT * FROM disable_logging()
SELECT * FROM truncate_duckdb_logs()
SELECT * FROM enable_profiling()
SELECT * FROM checkpoint()
SELECT * FROM force_checkpoint()
SELECT * FROM pandas_scan(1)
SELECT * FROM arrow_scan(1, 2, 3)
SELECT * FROM arrow_scan_dumb(1, 2, 3)
SELECT * FROM python_map_function(1)
SELECT * FROM seq_scan('T')
SELECT * FROM register_external_resource('a', 'b')
SELECT * FROM add_grammar_extension('a', 'b')
SELECT * FROM self
SELECT * FROM parameters
SELECT * FROM statement
EXPLAIN ANALYZE DELETE FROM T
EXPLAIN (ANALYZE, FORMAT json) INSERT INTO T VALUES (99, 'x')
EXPLAIN ANALYZE SELECT * FROM T
EXPLAIN ("ANALYZE") DELETE FROM T
EXPLAIN (FORMAT json, "analyze") DELETE FROM T
""".strip().splitlines()


@pytest.mark.parametrize("statement", STATEMENTS)
def test_a_statement_that_reaches_beyond_the_tables_is_refused(srv: server.Server, secret: Path, statement: str) -> None:
    files = sorted(secret.iterdir())
    with srv.connect(autocommit=True) as connection:
        with pytest.raises(drdarrow.Error) as caught:
            connection.execute(statement.replace("{}", str(secret)).replace("<CR>", "\r")).fetchall()
        assert caught.value.sqlcode is not None
        assert caught.value.sqlcode < 0
        assert "site-packages" not in str(caught.value)
        assert "4711" not in str(caught.value)
        assert connection.execute("SELECT A, NAME FROM T ORDER BY A").fetchall() == [(1, "alpha"), (2, "beta"), (3, "gamma")]
        assert connection.execute("VALUES abs(-1)").fetchall() == [(1,)]
    assert sorted(secret.iterdir()) == files


def test_words_in_texts_and_names_are_no_functions(srv: server.Server) -> None:
    with srv.connect() as connection:
        assert connection.execute("SELECT 'read_text(''x'')' FROM SYSIBM.SYSDUMMY1").fetchall() == [("read_text('x')",)]
        connection.execute("CREATE TABLE QUERY (SNIFF_CSV INTEGER, CHECKPOINT VARCHAR(9), READ_CSV INTEGER)")
        connection.execute("INSERT INTO QUERY VALUES (1, 'COPY', 2)")
        assert connection.execute("SELECT SNIFF_CSV, CHECKPOINT, READ_CSV FROM QUERY").fetchall() == [(1, "COPY", 2)]
        connection.execute("CREATE UNIQUE INDEX I ON QUERY (SNIFF_CSV)")
        connection.execute("CREATE SEQUENCE S")
        connection.execute("COMMENT ON TABLE QUERY IS 'a remark'")
        connection.execute("ALTER TABLE QUERY ADD COLUMN B INTEGER")
        connection.execute("DROP TABLE IF EXISTS QUERY")
        assert connection.execute("SELECT SUM(range) FROM range(5)").fetchall() == [(10,)]
        assert connection.execute("EXPLAIN DELETE FROM T").fetchall()


def test_preparing_changes_nothing(srv: server.Server) -> None:
    """EXPLAIN ANALYZE runs what it explains; other statements are described without being run."""
    with srv.connect() as connection:
        for statement in ("EXPLAIN ANALYZE DELETE FROM T", "EXPLAIN (FORMAT json, ANALYZE) DELETE FROM T"):
            with pytest.raises(drdarrow.Error, match="-142"):
                connection.execute(statement)
        connection.rollback()
        assert connection.execute("SELECT COUNT(*) FROM T").fetchone() == (3,)


@pytest.mark.parametrize(
    "sql",
    [
        "WITH X AS (DELETE FROM C RETURNING A) SELECT * FROM X",
        "with x as materialized (/* a comment */ delete from C returning A) select * from x",
        "WITH X AS (INSERT INTO C VALUES (9) RETURNING A) SELECT * FROM X",
        "WITH X AS (UPDATE C SET A = 9 RETURNING A) SELECT * FROM X",
        "WITH X AS (WITH Y AS (SELECT 1) DELETE FROM C RETURNING A) SELECT * FROM X",
    ],
)
@pytest.mark.parametrize("external_access", [False, True])
def test_a_query_that_changes_is_refused_and_does_not_run(sql: str, external_access: bool) -> None:
    """DuckDB runs it when it is described, outside the transaction."""
    table = pa.table({"A": [1, 2, 3]})
    with server.serve(tables={"C": table}, external_access=external_access) as own, own.connect() as c:
        with pytest.raises(drdarrow.Error) as caught:
            c.execute(sql).fetchall()
        assert caught.value.sqlcode in (-142, -104)
        assert c.execute("SELECT A FROM C ORDER BY A").fetchall() == [(1,), (2,), (3,)]


def test_names_that_begin_changes_elsewhere_are_names(srv: server.Server) -> None:
    with srv.connect() as c:
        c.execute('CREATE TABLE W ("UPDATE" INTEGER, "DELETE" INTEGER)')
        c.execute("INSERT INTO W VALUES (1, 2)")
        query = 'SELECT ("UPDATE" + 1), ("DELETE"), \'(DELETE FROM W)\' FROM W WHERE ("UPDATE") > 0'
        assert c.execute(query).fetchall() == [(2, 2, "(DELETE FROM W)")]
        c.rollback()


def test_depth_does_not_end_the_process(srv: server.Server) -> None:
    with srv.connect() as connection:
        with pytest.raises(drdarrow.Error):
            connection.execute("SET max_expression_depth = 100000000")
        with pytest.raises(drdarrow.Error):
            connection.execute("SELECT " + "NOT " * 20_000 + "TRUE")
        assert connection.execute("SELECT COUNT(*) FROM T").fetchone() == (3,)


def test_the_schema_set_last_is_kept_and_no_other(srv: server.Server) -> None:
    with srv.connect(autocommit=True) as connection:
        for name in ("ONE", "TWO"):
            connection.execute(f"CREATE SCHEMA {name}")
            connection.execute(f"CREATE TABLE {name}.X (A INTEGER)")
            connection.execute(f"INSERT INTO {name}.X VALUES ({len(name) if name == 'ONE' else 2})")
        for _ in range(1000):
            connection.execute("SET SCHEMA ONE")
            connection.execute("SET SCHEMA TWO")
        readers = [connection.execute("SELECT A FROM X") for _ in range(3)]
        assert [reader.fetchall() for reader in readers] == [[(2,)]] * 3


def test_a_source_of_ones_own_is_locked_too(secret: Path) -> None:
    with duckdb.connect() as source:
        source.execute("CREATE TABLE MINE AS SELECT 7 AS A")
        with server.serve(source) as srv, srv.connect() as connection:
            assert connection.execute("SELECT A / 2 FROM MINE").fetchall() == [(3,)]
            with pytest.raises(drdarrow.Error):
                connection.execute(f"SELECT * FROM read_csv('{secret}/secret.csv')")
        with pytest.raises(duckdb.PermissionException):
            source.execute(f"SELECT * FROM read_csv('{secret}/secret.csv')")
        # It may be served again.
        with server.serve(source, tables={"MORE": pa.table({"A": [1]})}) as srv, srv.connect() as connection:
            assert connection.execute("SELECT A FROM MORE").fetchall() == [(1,)]


def test_external_access_leaves_the_instance_as_it_is(secret: Path) -> None:
    with duckdb.connect() as source:
        source.execute(f"CREATE VIEW V AS SELECT * FROM read_csv('{secret}/secret.csv')")
        with server.serve(source, external_access=True) as srv, srv.connect() as connection:
            assert connection.execute("SELECT A FROM V").fetchall() == [(4711,)]
            assert connection.execute(f"SELECT A FROM read_csv('{secret}/secret.csv')").fetchall() == [(4711,)]
            assert connection.execute("VALUES 7 / 2").fetchall() == [(3,)]
            connection.execute(f"COPY V TO '{secret}/copy.csv'")
            with pytest.raises(drdarrow.Error, match="-142"):
                connection.execute("EXPLAIN ANALYZE SELECT 1")
        assert source.execute("SELECT 7 / 2").fetchall() == [(3.5,)]
    assert (secret / "copy.csv").read_text() == "A\n4711\n"


def test_a_configuration_locked_open_is_not_served() -> None:
    with duckdb.connect() as source:
        source.execute("SET lock_configuration = true")
        # Sessions could not be told that 7 / 2 is 3.
        for external_access in (False, True):
            with pytest.raises(drdarrow.InterfaceError, match="integer_division"):
                server.serve(source, external_access=external_access)
    with duckdb.connect() as source:
        source.execute("SET GLOBAL integer_division = true")
        source.execute("SET lock_configuration = true")
        with pytest.raises(drdarrow.InterfaceError, match="external_access=True"):
            server.serve(source)
        with server.serve(source, external_access=True) as srv, srv.connect() as connection:
            assert connection.execute("VALUES 7 / 2").fetchall() == [(3,)]


def test_a_database_in_a_file_is_written(tmp_path: Path) -> None:
    with duckdb.connect(tmp_path / "shop.duckdb") as source:
        with server.serve(source) as srv, srv.connect() as connection:
            connection.execute("CREATE TABLE X (A INTEGER)")
            connection.cursor().executemany("INSERT INTO X VALUES (?)", [(n,) for n in range(1000)])
            connection.commit()
        source.execute("CHECKPOINT")
    with duckdb.connect(tmp_path / "shop.duckdb") as again:
        assert again.execute("SELECT COUNT(*), SUM(A) FROM X").fetchall() == [(1000, 499_500)]


def test_the_command_serves_the_files_it_was_given_and_no_others(tmp_path: Path) -> None:
    (tmp_path / "a[1].csv").write_text("A\n1\n")
    (tmp_path / "a1.csv").write_text("A\n4711\n")
    (tmp_path / "b*.csv").write_text("B\n2\n")
    (tmp_path / "b2.csv").write_text("B\n4711\n")
    serving = Serving(tmp_path / "a[1].csv", "--table", f"B={tmp_path / 'b*.csv'}", "--anyone")
    try:
        assert re.search(r"\b1\b", run("query", serving.uri(), 'SELECT * FROM "A_1"'))
        shown = run("query", serving.uri(), "SELECT * FROM B")
        assert "2" in shown
        assert "4711" not in shown
        for path in ("a[1].csv", "a1.csv", "b2.csv"):
            run("query", serving.uri(), f"SELECT * FROM read_csv('{tmp_path / path}')", code=1)
        # An allowed file is not to be written either.
        run("query", serving.uri(), f"COPY (SELECT 1) TO '{tmp_path / 'b*.csv'}' (USE_TMP_FILE false)", code=1)
        assert (tmp_path / "b*.csv").read_text() == "B\n2\n"
    finally:
        serving.process.kill()
        serving.process.communicate()


def test_a_new_process_finds_the_forbidden_functions() -> None:
    """They are asked of the DuckDB in use, so that a later one's new functions are forbidden as well."""
    code = "from drdarrow.server import guard; f = guard._forbidden(); print('read_text' in f, 'range' in f, len(f) > 50)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=50)
    assert done.stdout.split() == ["True", "False", "True"]


def test_what_one_session_makes_of_a_table_is_its_own_until_it_commits(srv: server.Server) -> None:
    """Declared types live and die with their transaction, those of temporary tables with their session."""
    names = [("alpha",), ("beta",), ("gamma",)]
    query = "SELECT NAME FROM T ORDER BY A"
    with srv.connect() as a, srv.connect() as b:

        def others_see() -> bool:
            try:
                return b.execute(query).fetchall() == names
            finally:
                b.rollback()

        a.execute("CREATE TEMP TABLE T (A INTEGER, NAME CHAR(1))")
        assert others_see()
        a.rollback()
        assert others_see()
        assert a.execute(query).fetchall() == names
        a.execute("CREATE TEMP TABLE T (A INTEGER, NAME CHAR(7))")
        a.execute("INSERT INTO T VALUES (1, 'x')")
        a.commit()
        assert others_see()
        assert a.execute(query).fetchall() == [("x      ",)]
        a.execute("DROP TABLE T")
        a.rollback()
        assert a.execute(query).fetchall() == [("x      ",)]
        a.execute("DROP TABLE T")
        a.commit()
        assert a.execute(query).fetchall() == names
        assert others_see()


def test_committed_tables_are_known_to_all_as_they_were_declared(srv: server.Server) -> None:
    with srv.connect() as a, srv.connect() as b:
        a.execute("CREATE TABLE U (K CHAR(3))")
        a.execute("INSERT INTO U VALUES ('x')")
        with pytest.raises(drdarrow.ProgrammingError):
            b.execute("SELECT * FROM U")
        b.rollback()
        a.commit()
        assert b.execute("SELECT K FROM U WHERE K = 'x'").fetchall() == [("x  ",)]
        b.execute("ALTER TABLE U ADD COLUMN L CHAR(2)")
        b.execute("UPDATE U SET L = 'y'")
        assert b.execute("SELECT L FROM U").fetchall() == [("y ",)]
        b.rollback()
        assert a.execute("SELECT * FROM U").fetchall() == [("x  ",)]
        a.execute("DROP TABLE U")
        a.execute("CREATE TABLE U (K VARCHAR(3))")
        a.execute("INSERT INTO U VALUES ('z')")
        a.commit()
        assert b.execute("SELECT * FROM U").fetchall() == [("z",)]


def test_clients_use_up_half_of_the_memory_and_no_working_directory(tmp_path: Path) -> None:
    names = ("memory_limit", "max_temp_directory_size", "temp_directory")

    def bounds(source: duckdb.DuckDBPyConnection) -> list[str]:
        return [source.execute(f"SELECT current_setting('{name}')").fetchall()[0][0] for name in names]

    with duckdb.connect() as fresh, duckdb.connect() as source, duckdb.connect(tmp_path / "x.duckdb") as file:
        most, disk, _ = bounds(fresh)
        with server.serve(source):
            limit, size, folder = bounds(source)
        assert 0.55 < float(limit.split()[0]) / float(most.split()[0]) < 0.7 or limit.split()[1] != most.split()[1]
        assert (size, folder) == ("16.0 GiB", "") and size != disk
        with server.serve(file):
            assert bounds(file) == [limit, "16.0 GiB", str(tmp_path / "x.duckdb.tmp")]


def test_bounds_that_the_owner_has_set_stay() -> None:
    with duckdb.connect(config={"memory_limit": "100MB", "max_temp_directory_size": "1GB"}) as source:
        with server.serve(source) as srv, srv.connect() as connection:
            told = source.execute("SELECT current_setting('memory_limit'), current_setting('max_temp_directory_size')").fetchall()
            assert told == [("95.3 MiB", "953.6 MiB")]
            with pytest.raises(drdarrow.Error) as caught:
                connection.execute("SELECT * FROM range(100000000) ORDER BY hash(range)").fetchone()
            assert (caught.value.sqlcode, caught.value.sqlstate) == (-954, "57011")


def test_nobody_logs_in_with_an_empty_password() -> None:
    """An empty secret of a build's environment must not make a server that lets everybody in."""
    with pytest.raises(drdarrow.InterfaceError, match="'ann' has an empty password"):
        server.serve(tables={"T": pa.table({"A": [1]})}, users={"bob": "x", "ann": ""})
    assert "DRDARROW_PASSWORD is set and empty" in run("serve", "x.csv", "--user", "ann", code=1, DRDARROW_PASSWORD="")
