"""One measured run of a Python client: `clients.py CLIENT HOST PORT DATABASE SQL WARM-UP-SQL`, a line of JSON.

CLIENT is drdarrow, drdarrow-files (a file in place of SQL), jaydebeapiarrow:N with its cursor's arraysize (0 leaves it
as it is), ibm_db, adbc, or odbc:DRIVER with arrow-odbc on a driver's library. Batches, and tuples, are let go one by
one; neither import, connect nor the warm-up query is timed.
"""

import json
import sys
import time


def drdarrow(host, port, database):
    import drdarrow

    connection = drdarrow.connect(f"drda://app@{host}:{port}/{database}")

    def read(sql):
        # A capsule's consumer, as every Arrow library is one.
        import pyarrow

        cursor = connection.cursor()
        cursor.execute(sql)
        return sum(batch.num_rows for batch in pyarrow.RecordBatchReader.from_stream(cursor.fetch_arrow()))

    return read


def drdarrow_files(host, port, _):
    import drdarrow

    connection = drdarrow.connect_files(f"drda://app:app@{host}:{port}/?signon_port=0")

    def read(path):
        import pyarrow

        with connection.open_file(path) as file:
            return sum(batch.num_rows for batch in pyarrow.RecordBatchReader.from_stream(file.fetch_arrow()))

    return read


def jaydebeapiarrow(host, port, database, arraysize):
    import jaydebeapiarrow

    connection = jaydebeapiarrow.connect(
        "org.apache.derby.jdbc.ClientDriver",
        f"jdbc:derby://{host}:{port}/{database};user=app",
        [],
        "/usr/share/java/derbyclient.jar",
    )

    def read(sql):
        cursor = connection.cursor()
        if arraysize:
            cursor.arraysize = arraysize
        cursor.execute(sql)
        rows = sum(batch.num_rows for batch in cursor.fetch_arrow_batches())
        cursor.close()
        connection.commit()
        return rows

    return read


def cli(host, port, database):
    """Tells IBM's driver how to log in; the password in clear, as it is for one machine only."""
    return f"DATABASE={database};HOSTNAME={host};PORT={port};PROTOCOL=TCPIP;UID=app;PWD=app;AUTHENTICATION=SERVER;"


def ibm_db(host, port, database):
    import ibm_db

    connection = ibm_db.connect(cli(host, port, database), "", "")

    def read(sql):
        statement = ibm_db.exec_immediate(connection, sql)
        rows = 0
        while ibm_db.fetch_tuple(statement):
            rows += 1
        ibm_db.free_result(statement)
        return rows

    return read


def adbc(host, port, database):
    import adbc_driver_db2.dbapi

    connection = adbc_driver_db2.dbapi.connect(f"db2://app:app@{host}:{port}/{database}?secmec=3")

    def read(sql):
        with connection.cursor() as cursor:
            cursor.execute(sql)
            return sum(batch.num_rows for batch in cursor.fetch_record_batch())

    return read


def odbc(host, port, database, driver):
    import arrow_odbc

    connection = arrow_odbc.connect(f"Driver={driver};{cli(host, port, database)}")

    def read(sql):
        reader = connection.read_arrow_batches(query=sql)
        return sum(batch.num_rows for batch in reader)

    return read


CLIENTS = {
    "drdarrow": drdarrow,
    "drdarrow-files": drdarrow_files,
    "jaydebeapiarrow": lambda *where: jaydebeapiarrow(*where[:-1], int(where[-1])),
    "ibm_db": ibm_db,
    "adbc": adbc,
    "odbc": odbc,
}


def main():
    client, host, port, database, sql, warm = sys.argv[1:]
    name, _, option = client.partition(":")
    read = CLIENTS[name](host, port, database, *([option] if option else []))
    read(warm)
    cpu, start = time.process_time(), time.perf_counter()
    rows = read(sql)
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    print(json.dumps({"rows": rows, "seconds": seconds, "cpu": cpu}), flush=True)


main()
