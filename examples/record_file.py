"""Reads and changes a file of IBM i by records, without SQL.

    python examples/record_file.py

An embedded server with the persona `ibmi` holds the file. Against an IBM i, connect by
`drdarrow.connect_files("drda://user@system", password=...)`; the rest stays as it is.
"""

import pyarrow as pa

from drdarrow import server

ITEMS = pa.table({"ID": pa.array([7, 8, 9], pa.int32()), "NAME": ["Bolt", "Nut", "Washer"]})


def main() -> None:
    files = {"SHOP/ITEMS": server.PhysicalFile(ITEMS, keys=["ID"], unique=True)}
    with server.serve(persona="ibmi", files=files) as srv, srv.connect_files() as system:
        with system.open_file("SHOP/ITEMS", mode="rw", keyed=True, commit="chg") as items:
            print("found", items.read_key(8))  # locked until the next read
            items.update({"NAME": "Hex nut"})  # the record read last
            items.write([{"ID": 10, "NAME": "Screw"}])
            system.commit()
            items.delete(key=7)
            system.rollback()  # the deletion is undone
        with system.open_file("SHOP/ITEMS", keyed=True) as items:
            for row in items.fetch_arrow_table(between=((8,), None)).to_pylist():
                print(row["ID"], row["NAME"].rstrip())


if __name__ == "__main__":
    main()
