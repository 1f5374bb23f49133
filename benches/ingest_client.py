"""One measured ingest: `ingest_client.py CLIENT HOST PORT DATABASE ROWS`, a line of JSON; `ingest_client.py serve
ENGINE` is our server as Db2 for LUW until its input ends.

CLIENT is drdarrow, drdarrow-rows (tuples in a list, by executemany), ibm_db (tuples, by execute_many) or adbc (by
adbc_ingest). Making the rows, import and connect are not timed; a first table of 1,000 rows warms up.
"""

import datetime
import decimal
import json
import sys
import time

TABLE = "INGESTED"
COLUMNS = "K INTEGER NOT NULL, B BIGINT, F DOUBLE, P DECIMAL(15, 2), D DATE, C VARCHAR(12), T VARCHAR(44), Q INTEGER"
EPOCH = datetime.date(1970, 1, 1)


def columns(rows):
    """Eight columns, about 90 bytes a row on the wire, as lists."""
    keys = range(rows)
    return {
        "K": list(keys),
        "B": [n * 1_000_003 for n in keys],
        "F": [n / 7 for n in keys],
        "P": [decimal.Decimal(n * 37 % 10_000_000).scaleb(-2) for n in keys],
        "D": [EPOCH + datetime.timedelta(days=n % 20_000) for n in keys],
        "C": [f"C{n % 1000:09d}" for n in keys],
        "T": [f"a comment about row {n} of the table" for n in keys],
        "Q": [None if n % 10 == 0 else n % 50 for n in keys],
    }


def arrow(rows):
    import pyarrow as pa

    types = [
        pa.int32(),
        pa.int64(),
        pa.float64(),
        pa.decimal128(15, 2),
        pa.date32(),
        pa.string(),
        pa.string(),
        pa.int32(),
    ]
    given = columns(rows)
    return pa.table({name: pa.array(given[name], kind) for name, kind in zip(given, types, strict=True)})


def tuples(rows):
    return list(zip(*columns(rows).values(), strict=True))


def drdarrow(where):
    import drdarrow

    connection = drdarrow.connect("drda://app@{}:{}/{}".format(*where))
    return arrow, lambda data: (connection.cursor().ingest(TABLE, data), connection.commit())


def drdarrow_rows(where):
    import drdarrow

    connection = drdarrow.connect("drda://app@{}:{}/{}".format(*where))
    sql = f"INSERT INTO {TABLE} VALUES ({', '.join('?' * 8)})"
    return tuples, lambda data: (connection.cursor().executemany(sql, data), connection.commit())


def ibm_db(where):
    import ibm_db

    host, port, database = where
    login = f"DATABASE={database};HOSTNAME={host};PORT={port};PROTOCOL=TCPIP;UID=app;PWD=app;AUTHENTICATION=SERVER;"
    connection = ibm_db.connect(login, "", "")
    ibm_db.autocommit(connection, ibm_db.SQL_AUTOCOMMIT_OFF)
    sql = f"INSERT INTO {TABLE} VALUES ({', '.join('?' * 8)})"

    def put(data):
        statement = ibm_db.prepare(connection, sql)
        for start in range(0, len(data), 30_000):
            ibm_db.execute_many(statement, tuple(data[start : start + 30_000]))
        ibm_db.commit(connection)

    def rows(count):
        # It takes decimals and dates as text.
        return [(k, b, f, str(p), str(d), *rest) for k, b, f, p, d, *rest in tuples(count)]

    return rows, put


def adbc(where):
    import adbc_driver_db2.dbapi

    connection = adbc_driver_db2.dbapi.connect("db2://app:app@{}:{}/{}?secmec=3".format(*where))

    def put(data):
        with connection.cursor() as cursor:
            cursor.adbc_ingest(TABLE, data, mode="append")
        connection.commit()

    return arrow, put


CLIENTS = {"drdarrow": drdarrow, "drdarrow-rows": drdarrow_rows, "ibm_db": ibm_db, "adbc": adbc}


def serve(engine):
    from drdarrow import server

    with server.serve(persona="luw", engine=engine) as running:
        print(json.dumps({"port": running.port}), flush=True)
        sys.stdin.read()


def main():
    if sys.argv[1] == "serve":
        return serve(sys.argv[2])
    client, host, port, database, rows = sys.argv[1:]
    make, put = CLIENTS[client]((host, int(port), database))
    data = make(int(rows))
    put(make(1000))
    cpu, start = time.process_time(), time.perf_counter()
    put(data)
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    print(json.dumps({"rows": int(rows), "seconds": seconds, "cpu": cpu}), flush=True)
    return None


if __name__ == "__main__":
    main()
