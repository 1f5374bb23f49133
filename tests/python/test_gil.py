"""A consumer that holds the GIL while it pulls, over a server in the same process: no deadlock."""

from __future__ import annotations

import ctypes as c

import pytest
from conftest import Lab
from peers import Proxy

import drdarrow

pytestmark = pytest.mark.alone


class Array(c.Structure):
    """ArrowArray of the Arrow C data interface."""

    _fields_ = [
        ("length", c.c_int64),
        ("null_count", c.c_int64),
        ("offset", c.c_int64),
        ("n_buffers", c.c_int64),
        ("n_children", c.c_int64),
        ("buffers", c.c_void_p),
        ("children", c.c_void_p),
        ("dictionary", c.c_void_p),
        ("release", c.c_void_p),
        ("private_data", c.c_void_p),
    ]


class Stream(c.Structure):
    """ArrowArrayStream of the Arrow C stream interface."""

    _fields_ = [
        ("get_schema", c.c_void_p),
        ("get_next", c.c_void_p),
        ("get_last_error", c.c_void_p),
        ("release", c.c_void_p),
        ("private_data", c.c_void_p),
    ]


# PYFUNCTYPE calls without letting the GIL go, which CFUNCTYPE would.
NEXT = c.PYFUNCTYPE(c.c_int, c.POINTER(Stream), c.POINTER(Array))
RELEASE = c.PYFUNCTYPE(None, c.c_void_p)


def pull(capsule: object) -> tuple[int, int]:
    """Rows and return code of a whole stream, pulled with the GIL held."""
    address = c.pythonapi.PyCapsule_GetPointer
    address.restype, address.argtypes = c.c_void_p, [c.py_object, c.c_char_p]
    stream = Stream.from_address(address(capsule, b"arrow_array_stream"))
    get_next = NEXT(stream.get_next)
    rows = 0
    while True:
        array = Array()
        code = get_next(c.byref(stream), c.byref(array))
        if code or not array.release:
            return rows, code
        rows += array.length
        RELEASE(array.release)(c.addressof(array))


def test_a_pull_with_the_gil_over_a_proxy_in_this_process(lab: Lab) -> None:
    """The proxy's threads need the GIL to hand the blocks on: the pull has to let it go."""
    with Proxy(lab.port) as proxy:
        connection = drdarrow.connect(lab.uri(proxy.port), timeout=15, block_size=32_768)
        result = connection.execute("SELECT ID, N FROM INTS").fetch_arrow(batch_rows=5_000)
        assert pull(result.__arrow_c_stream__()) == (100_000, 0)
        connection.close()


def test_an_error_under_the_gil_is_a_code_and_kept(lab: Lab) -> None:
    connection = lab.connect()
    result = connection.execute("SELECT ID, 1000 / (ID - 150000) FROM DIVZERO").fetch_arrow()
    rows, code = pull(result.__arrow_c_stream__())
    assert code != 0
    assert rows < 150_000
    assert isinstance(result.error, drdarrow.DataError)
    assert result.error.sqlstate == "22012"
    connection.close()
