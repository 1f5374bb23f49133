"""Names: which ones need quotes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sqlalchemy.sql.compiler import IdentifierPreparer

if TYPE_CHECKING:
    from drdarrow.sqlalchemy.product import ProductDialect

# A name that is quoted is one in lower case there. So only words are quoted that a product takes for nothing else.
_EVERYWHERE = frozenset(
    """
    all alter and any as asc between by case cast check column connect constraint create cross current
    current_date current_path current_role current_schema current_server current_time current_timestamp
    current_timezone current_user cursor declare default delete desc distinct drop else end escape except
    execute exists false fetch for foreign from full grant group having in inner insert intersect into is join
    left like natural not null on or order outer primary references revoke right rollback select session_user
    set some system_user table then to true union unique update user using values view when where with
    """.split()
)
#: "Reserved words" in the SQL References of Db2 for z/OS and for i. Db2 for LUW knows words by their place.
_HOSTS = frozenset(
    """
    add after allocate allow array asensitive associate asutime at audit aux auxiliary before begin bufferpool
    call capture cascaded ccsid char character clone close cluster collection collid comment commit concat
    condition connection contains content continue cube database day days dbinfo descriptor deterministic
    disable disallow do document double dssize dynamic editproc elseif encoding encryption ending erase
    exception exit explain external fenced fieldproc final first free function generated get global go goto
    handler hold hour hours if immediate inclusive index inherit inout insensitive isobid iterate jar keep key
    label language last lc_ctype leave local locale locator locators lock lockmax locksize long loop maintained
    materialized microsecond microseconds minute minutes modifies month months next nextval no none nulls
    numparts obid of old open optimization optimize out package padded parameter part partition partitioned
    partitioning path period piecesize plan precision prepare previous prevval prior priqty privileges procedure
    program psid public query queryno reads refresh release rename repeat resignal restrict result
    result_set_locator return returns role rollup row rowset run savepoint schema scratchpad second seconds
    secqty security sensitive sequence session signal simple source specific standard statement static stay
    stogroup stores style summary synonym sysdate system systimestamp tablespace trigger truncate type undo
    until validproc value variable variant vcat versioning volatile volumes whenever while wlm xmlcast xmlexists
    xmlnamespaces year years zone
    """.split()
)
#: "SQL reserved words" in the Derby Reference Manual.
_DERBY = frozenset(
    """
    add allocate are assertion at authorization avg begin bigint bit boolean both call cascade cascaded char
    character close coalesce collate collation commit connection constraints continue convert corresponding
    deallocate dec decimal deferrable deferred describe diagnostics disconnect double exception exec explain
    external first float found function get getcurrentconnection global go goto hour identity immediate
    indicator initially inout input insensitive int integer isolation key last leading lower ltrim match max min
    minute national nchar next no none nullif numeric nvarchar of only open option output over overlaps pad
    partial prepare preserve prior privileges procedure public read real relative restrict rows row_number rtrim
    schema scroll second smallint space sql sqlcode sqlerror sqlstate substr substring sum temporary
    timezone_hour timezone_minute transaction translate translation trim unknown upper varchar varying whenever
    work write xml xmlparse xmlquery xmlserialize year
    """.split()
)
RESERVED = {
    "luw": _EVERYWHERE,
    "ibmi": _EVERYWHERE | _HOSTS,
    "zos": _EVERYWHERE | _HOSTS,
    "derby": _EVERYWHERE | _DERBY,
}


class DrdaIdentifierPreparer(IdentifierPreparer):
    """Names without quotes are in upper case on the server and in lower case here."""

    illegal_initial_characters = {str(digit) for digit in range(10)} | {"_", "$"}

    def __init__(self, dialect: ProductDialect) -> None:
        super().__init__(dialect)
        self.reserved_words = set(RESERVED[dialect.product.name])
        self.legal_characters = re.compile(rf"^[{dialect.product.letters}]+$", re.IGNORECASE | re.ASCII)
