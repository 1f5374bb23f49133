"""One measured run of a Python client: `clients.py CLIENT HOST PORT DATABASE SQL WARM-UP-SQL`, a line of JSON.

CLIENT is drdarrow, or jaydebeapiarrow:N with its cursor's arraysize (0 leaves it as it is). Batches are let go one by
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


def main():
    client, host, port, database, sql, warm = sys.argv[1:]
    name, _, size = client.partition(":")
    read = drdarrow(host, port, database) if name == "drdarrow" else jaydebeapiarrow(host, port, database, int(size))
    read(warm)
    cpu, start = time.process_time(), time.perf_counter()
    rows = read(sql)
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    print(json.dumps({"rows": rows, "seconds": seconds, "cpu": cpu}), flush=True)


main()
