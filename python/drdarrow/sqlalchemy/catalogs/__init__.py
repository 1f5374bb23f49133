"""The statements that ask the catalogs of the four products, a file for each."""

from __future__ import annotations

from drdarrow.sqlalchemy.catalogs import derby, ibmi, luw, zos
from drdarrow.sqlalchemy.catalogs.catalog import Catalog

CATALOGS: dict[str, Catalog] = {
    "luw": luw.CATALOG,
    "ibmi": ibmi.CATALOG,
    "zos": zos.CATALOG,
    "derby": derby.CATALOG,
}
