"""Tables as the ADBC driver tells of them: objects at every depth, filters, constraints, types, statistics, partitions."""

from __future__ import annotations

from collections.abc import Iterator

import adbc_driver_manager
import pyarrow as pa
import pytest
from batching import Target
from derby import Derby

from adbc_driver_drda import dbapi
from drdarrow import server

Status = adbc_driver_manager.AdbcStatusCode
DEFINITIONS = [
    "CREATE TABLE PARENT (ID INTEGER NOT NULL, PART INTEGER NOT NULL, NAME VARCHAR(20), PRIMARY KEY (ID, PART))",
    "CREATE TABLE CHILD (ID BIGINT NOT NULL PRIMARY KEY, A INTEGER, B INTEGER, D DECIMAL(9, 2) DEFAULT 1.5, "
    "FOREIGN KEY (A, B) REFERENCES PARENT (ID, PART))",
    "CREATE VIEW FAMILY AS SELECT ID, NAME FROM PARENT",
]


@pytest.fixture(scope="module", params=["real derby", "luw duckdb", "ibmi duckdb", "zos duckdb", "derby duckdb"])
def target(request: pytest.FixtureRequest, derby: Derby) -> Iterator[Target]:
    made = Target(request.param, derby)
    with made.connect() as connection:
        for sql in DEFINITIONS:
            connection.execute(sql)
        connection.execute("INSERT INTO PARENT VALUES (1, 1, 'x'), (2, 1, NULL)")
    yield made
    made.close()


@pytest.fixture
def conn(target: Target) -> Iterator[dbapi.Connection]:
    with dbapi.connect(target.uri, autocommit=True) as connection:
        yield connection


@pytest.fixture
def schema(conn: dbapi.Connection) -> str:
    return conn.adbc_current_db_schema


def told(conn: dbapi.Connection, **filters) -> list[dict]:
    read = conn.adbc_get_objects(**filters).read_all()
    assert read.schema.names == ["catalog_name", "catalog_db_schemas"]
    return read.to_pylist()


def tables(conn: dbapi.Connection, schema: str, **filters) -> dict[str, dict]:
    [catalog] = told(conn, db_schema_filter=schema, **filters)
    [of_schema] = catalog["catalog_db_schemas"]
    assert of_schema["db_schema_name"] == schema
    return {table["table_name"]: table for table in of_schema["db_schema_tables"]}


def test_lists_below_the_depth_are_null(conn: dbapi.Connection, schema: str) -> None:
    [catalog] = told(conn, depth="catalogs")
    assert catalog["catalog_db_schemas"] is None and catalog["catalog_name"]
    [catalog] = told(conn, depth="db_schemas")
    schemas = {each["db_schema_name"]: each["db_schema_tables"] for each in catalog["catalog_db_schemas"]}
    assert schemas[schema] is None
    found = tables(conn, schema, depth="tables")
    assert found["PARENT"] == {
        "table_name": "PARENT", "table_type": "TABLE", "table_columns": None, "table_constraints": None,
    }  # fmt: skip
    assert found["FAMILY"]["table_type"] == "VIEW"


def test_columns_and_constraints(target: Target, conn: dbapi.Connection, schema: str) -> None:
    found = tables(conn, schema, table_name_filter="%")
    columns = {column["column_name"]: column for column in found["CHILD"]["table_columns"]}
    assert [(c["column_name"], c["ordinal_position"]) for c in found["CHILD"]["table_columns"]] == [
        ("ID", 1), ("A", 2), ("B", 3), ("D", 4),
    ]  # fmt: skip
    assert (columns["ID"]["xdbc_type_name"], columns["ID"]["xdbc_is_nullable"], columns["ID"]["xdbc_data_type"]) == (
        "BIGINT", "NO", -5,
    )  # fmt: skip
    assert (columns["D"]["xdbc_column_size"], columns["D"]["xdbc_decimal_digits"]) == (9, 2)
    assert columns["A"]["xdbc_nullable"] == 1 and columns["A"]["xdbc_is_autoincrement"] is False
    [primary] = [c for c in found["PARENT"]["table_constraints"] if c["constraint_type"] == "PRIMARY KEY"]
    assert primary["constraint_column_names"] == ["ID", "PART"] and primary["constraint_column_usage"] is None
    [foreign] = [c for c in found["CHILD"]["table_constraints"] if c["constraint_type"] == "FOREIGN KEY"]
    assert foreign["constraint_column_names"] == ["A", "B"]
    assert [(u["fk_db_schema"], u["fk_table"], u["fk_column_name"]) for u in foreign["constraint_column_usage"]] == [
        (schema, "PARENT", "ID"), (schema, "PARENT", "PART"),
    ]  # fmt: skip
    assert found["FAMILY"]["table_constraints"] == []


def test_filters_are_patterns(conn: dbapi.Connection, schema: str) -> None:
    assert list(tables(conn, schema, table_name_filter="P_RENT")) == ["PARENT"]
    assert list(tables(conn, schema, table_name_filter="%", table_types_filter=["VIEW"])) == ["FAMILY"]
    assert tables(conn, schema, table_name_filter="parent", depth="tables") == {}
    assert tables(conn, schema, table_types_filter=["NO SUCH KIND"]) == {}
    only = tables(conn, schema, table_name_filter="CHILD", column_name_filter="_")
    assert [column["column_name"] for column in only["CHILD"]["table_columns"]] == ["A", "B", "D"]
    assert told(conn, catalog_filter="NOWHERE", depth="tables") == []
    [nothing] = told(conn, db_schema_filter="NO_SUCH_SCHEMA", depth="tables")
    assert nothing["catalog_db_schemas"] == []
    [nothing] = told(conn, db_schema_filter="", depth="tables")
    assert nothing["catalog_db_schemas"] == []
    assert "VIEW" in conn.adbc_get_table_types()


@pytest.mark.parametrize("persona", ["luw", "ibmi", "zos", "derby"])
def test_the_catalog_has_one_name_however_it_was_connected_to(persona: server.Persona) -> None:
    with (
        server.serve(engine="duckdb", persona=persona) as running,
        dbapi.connect(f"drda://app@127.0.0.1:{running.port}/sample", autocommit=True) as connection,
    ):
        name = connection.adbc_current_catalog
        [catalog] = told(connection, depth="catalogs", catalog_filter=name)
        assert catalog["catalog_name"] == name
        with connection.cursor() as cursor:
            cursor.execute("CREATE TABLE T (A INTEGER)")
            # By either name.
            for given in (name, "sample"):
                assert connection.adbc_get_table_schema("T", catalog_filter=given).names == ["A"]
                rows = pa.table({"A": pa.array([1], pa.int32())})
                assert cursor.adbc_ingest("T", rows, mode="append", catalog_name=given) == 1
                connection.adbc_current_catalog = given


def test_the_schema_of_a_table_or_that_there_is_none(target: Target, conn: dbapi.Connection, schema: str) -> None:
    found = conn.adbc_get_table_schema("child", db_schema_filter=schema)
    assert (found.names, found.types) == (["ID", "A", "B", "D"], [pa.int64(), pa.int32(), pa.int32(), pa.decimal128(9, 2)])
    # The tables in memory say of no column of a query that it is never NULL.
    assert [field.nullable for field in found] == [not target.name.endswith(("duckdb", "derby")), True, True, True]
    for name, filters in [("NOWHERE", {}), ("CHILD", {"catalog_filter": "NOWHERE"}), ("CHILD", {"db_schema_filter": "NOSUCH"})]:
        with pytest.raises(adbc_driver_manager.ProgrammingError) as caught:
            conn.adbc_get_table_schema(name, **filters)
        assert caught.value.status_code == Status.NOT_FOUND, caught.value


def test_statistics_are_counts_of_rows_or_none(target: Target, conn: dbapi.Connection, schema: str) -> None:
    read = conn.adbc_get_statistics(db_schema_filter=schema, table_name_filter="PARENT").read_all().to_pylist()
    found = [s for catalog in read for each in catalog["catalog_db_schemas"] for s in each["db_schema_statistics"]]
    assert all((s["table_name"], s["statistic_key"], s["column_name"]) == ("PARENT", 6, None) for s in found)
    assert [s["statistic_value"] for s in found] in ([2], []) and (found or "derby" in target.name)
    exact = conn.adbc_get_statistics(db_schema_filter=schema, approximate=False).read_all().to_pylist()
    assert not any(s["statistic_is_approximate"] for c in exact for each in c["catalog_db_schemas"] for s in each["db_schema_statistics"])
    assert conn.adbc_get_statistic_names().read_all().num_rows == 0


def test_a_partition_is_read_on_another_connection(target: Target, conn: dbapi.Connection) -> None:
    sql = "SELECT ID, NAME FROM PARENT ORDER BY ID"
    with conn.cursor() as cursor:
        tokens, shape = cursor.adbc_execute_partitions(sql)
        assert shape.names == ["ID", "NAME"] and len(tokens) == 1
        for refused in ("DELETE FROM PARENT",):
            with pytest.raises(adbc_driver_manager.Error):
                cursor.adbc_execute_partitions(refused)
    with dbapi.connect(target.uri) as other, other.cursor() as cursor:
        cursor.adbc_read_partition(tokens[0])
        assert cursor.fetchall() == [(1, "x"), (2, None)]
        with pytest.raises(adbc_driver_manager.ProgrammingError):
            cursor.adbc_read_partition(b"something else")
    assert target.connect().execute("SELECT COUNT(*) FROM PARENT").fetchone() == (2,)


def test_a_query_is_divided_by_a_column_of_integers(target: Target, conn: dbapi.Connection) -> None:
    with target.connect() as connection:
        connection.execute("CREATE TABLE DIVIDED (N INTEGER, V VARCHAR(9))")
        connection.cursor().executemany("INSERT INTO DIVIDED VALUES (?, ?)", [(n, str(n)) for n in (-7, 1, 1, 5, 90, None)])
    with conn.cursor() as cursor, dbapi.connect(target.uri) as other, other.cursor() as reader:

        def read(sql: str, **options: str) -> list[list[tuple]]:
            cursor.adbc_statement.set_options(**{f"adbc.drda.partition.{name}": value for name, value in options.items()})
            tokens, shape = cursor.adbc_execute_partitions(sql)
            assert shape.names == ["N", "V"]
            return [(reader.adbc_read_partition(token), reader.fetchall())[1] for token in tokens]

        query = "SELECT N, V FROM DIVIDED WHERE V <> 'x' OR N IS NULL"
        assert len(read(query, count="4")) == 1
        parts = read(query, count="4", on="n")
        assert [len(part) for part in parts] == [5, 0, 0, 1] and (None, "None") in parts[0]
        rows = sorted((row for part in parts for row in part), key=str)
        assert rows == sorted(((n, str(n)) for n in (-7, 1, 1, 5, 90, None)), key=str)
        assert len(read(f"{query} ORDER BY 1")) == 1
        for on in ("V", "NOPE"):
            with pytest.raises(adbc_driver_manager.Error):
                read(query, on=on)
        assert len(read("SELECT N, V FROM DIVIDED WHERE N > 1000", on="N")) == 1
    with target.connect() as connection:
        connection.execute("DROP TABLE DIVIDED")
