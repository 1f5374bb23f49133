"""Numbers that are none: an error, or NULL and counted."""

from __future__ import annotations

import warnings

import pytest
from conftest import Lab
from peers import Proxy

import drdarrow

# 12.34 as Derby packs it, and with a digit that is none.
QUERY = "SELECT CAST(12.34 AS DECIMAL(4,2)) AS N, ID FROM INTS WHERE ID < 3 ORDER BY ID"
CHANGE = (b"\x01\x23\x4c", b"\x01\x2b\x4c")


def test_they_are_an_error_that_shows_the_bytes(lab: Lab, proxy: Proxy) -> None:
    with lab.connect(proxy.port) as connection:
        proxy.change = CHANGE
        with pytest.raises(drdarrow.DataError, match=r"N.*012B4C.*bad_values") as caught:
            connection.execute(QUERY).fetchall()
        assert caught.value.sqlstate == "22018"


def test_or_null_and_counted(lab: Lab, proxy: Proxy) -> None:
    with lab.connect(proxy.port, bad_values="null") as connection, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        proxy.change = CHANGE
        cursor = connection.execute(QUERY)
        rows = cursor.fetchall()
        assert [row[0] for row in rows] == [None] * len(rows) and rows
        assert any(f"column N: {len(rows)} values" in str(message) for _, message in cursor.messages)
