"""Tries an installed wheel: it loads, and its client reads from its server.

    python tools/try_wheel.py [--without-arrow]

Without pyarrow, which some platforms do not have, only an error of the client is looked at.
"""

import sys

import drdarrow


def read_a_table() -> None:
    import pyarrow

    from drdarrow import server

    orders = pyarrow.table({"ID": [1, 2, 3]})
    with server.serve(tables={"ORDERS": orders}, engine="tables") as srv, drdarrow.connect(srv.uri) as connection:
        found = connection.execute("SELECT * FROM ORDERS").fetch_arrow_table()
    if found != orders:
        raise SystemExit(f"3 rows were served, these came: {found}")


def find_nobody() -> None:
    try:
        drdarrow.connect("drda://me@127.0.0.1:1/SAMPLE", timeout=5)
    except drdarrow.OperationalError as error:
        print(f"nobody listens, as expected: {error}")
    else:
        raise SystemExit("a connection to nobody was opened")


if __name__ == "__main__":
    find_nobody()
    if "--without-arrow" not in sys.argv[1:]:
        read_a_table()
    print(f"drdarrow {drdarrow.__version__} works here")
