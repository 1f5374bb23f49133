"""The four products as data, each with the features that it has: the rest of the dialect asks here and nowhere else."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

from sqlalchemy.engine.default import DefaultDialect


@dataclasses.dataclass(frozen=True)
class Product:
    """A product, by default as Db2 for LUW is."""

    name: str
    #: BOOLEAN as a type; else SMALLINT.
    boolean: bool = True
    #: SELECT ... FROM FINAL TABLE (INSERT ...).
    final_insert: bool = True
    #: The same with UPDATE, and OLD TABLE with DELETE.
    final_change: bool = True
    #: INSERT with several rows after VALUES.
    many_values: bool = True
    #: WITH x AS (...).
    cte: bool = True
    #: DECFLOAT, BINARY, GRAPHIC, DBCLOB, TIMESTAMP(p).
    all_types: bool = True
    #: COMMENT ON.
    comments: bool = True
    #: DROP ... IF EXISTS.
    if_exists: bool = False
    #: IS DISTINCT FROM.
    distinct_from: bool = True
    #: REGEXP_LIKE, REGEXP_REPLACE.
    regular: bool = True
    #: SET CURRENT ISOLATION lasts until the next one, and VALUES CURRENT ISOLATION tells it.
    sets_isolation: bool = True
    #: FETCH FIRST ? ROWS ONLY.
    parameter_in_fetch: bool = False
    #: Longest CHAR and VARCHAR.
    longest_char: int = 255
    longest_varchar: int = 32672
    #: CLOB and BLOB without a length are given this one.
    large: str = "1G"
    #: Letters of names that need no quotes.
    letters: str = "A-Z0-9_@#$"


LUW = Product("luw")
IBMI = Product(
    "ibmi",
    if_exists=True,
    sets_isolation=False,
    longest_char=32765,
    longest_varchar=32739,
    large="2147483647",
)
ZOS = Product(
    "zos",
    boolean=False,
    many_values=False,
    regular=False,
    sets_isolation=False,
    longest_varchar=32704,
    large="2147483647",
)
DERBY = Product(
    "derby",
    final_insert=False,
    final_change=False,
    cte=False,
    all_types=False,
    comments=False,
    distinct_from=False,
    regular=False,
    parameter_in_fetch=True,
    longest_char=254,
    large="2147483647",
    letters="A-Z0-9_",
)
PRODUCTS = {product.name: product for product in (LUW, IBMI, ZOS, DERBY)}
#: The first letters of PRDID (DRDA, "Product-specific Identifier").
_BY_PRDID = {"SQL": LUW, "QSQ": IBMI, "DSN": ZOS, "CSS": DERBY}


def of_server(server: dict[str, Any]) -> tuple[Product, tuple[int, ...]]:
    """The product and release of a connection's server. Of a product that is not known Db2 for LUW is assumed."""
    prdid = server.get("prdid") or ""
    product = _BY_PRDID.get(prdid[:3], LUW)
    found = re.fullmatch(r"\w{3}(\d\d)(\d\d)(\d)", prdid)
    release = tuple(int(part) for part in found.groups()) if found else ()
    if product is DERBY and found:
        # CSS10140 is 10.14.
        release = tuple(int(part) for part in re.findall(r"\d+", prdid[3:5] + "." + prdid[5:7]))
    return at_release(product, release), release


def at_release(product: Product, release: tuple[int, ...]) -> Product:
    """Features that an older release lacks."""
    if product is IBMI and release:
        # IBM i 7.5 brought BOOLEAN, 7.6 UPDATE and DELETE as data-change tables.
        product = dataclasses.replace(product, boolean=release >= (7, 5), final_change=release >= (7, 6))
    if product is LUW and release and release < (11, 1):
        product = dataclasses.replace(product, boolean=False, distinct_from=False, regular=False)
    return product


class ProductDialect(DefaultDialect):
    """A dialect that knows its product, as its parts see it."""

    product: Product = LUW
