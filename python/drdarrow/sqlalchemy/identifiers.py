"""Names: which ones need quotes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sqlalchemy.sql.compiler import IdentifierPreparer

if TYPE_CHECKING:
    from drdarrow.sqlalchemy.dialect import DrdaDialect

#: Words that one of the products reserves, in lower case. A name that is quoted without need does no harm.
RESERVED = frozenset(
    """
    abs activate add after alias all allocate allow alter and any are array as asc asensitive associate asutime
    asymmetric at atomic attributes audit authorization aux auxiliary avg before begin between bigint binary
    blob boolean both bufferpool by cache call called capture cardinality cascaded case cast ccsid ceil ceiling
    char character check clob clone close cluster coalesce collate collection collid column comment commit
    concat condition connect connection constraint contains continue convert corresponding count count_big
    create cross cube cume_dist current current_date current_lc_ctype current_path current_role current_schema
    current_server current_time current_timestamp current_timezone current_user cursor cycle data database
    datapartitionname datapartitionnum date day days dbinfo dbpartitionname dbpartitionnum db2general db2genrl
    db2sql deallocate dec decimal declare default defaults deferrable deferred definition delete dense_rank
    denserank deref desc describe descriptor deterministic diagnostics disable disallow disconnect distinct do
    document double drop dssize dynamic each editproc else elseif enable encoding encryption end end-exec ending
    erase escape every except exception excluding exclusive exec execute exists exit exp explain extended
    external extract false fenced fetch fieldproc file filter final first float floor for foreign found free
    freepage from full function fusion gbpcache general generated get global go goto grant graphic group
    grouping handler hash hashed_value having hint hold hour hours identity if immediate import in including
    inclusive increment index indicator indicators inf infinity inherit initially inner inout input insensitive
    insert int integer integrity intersect intersection interval into is isnull isobid isolation iterate jar
    java join keep key label language large last lateral lc_ctype leading leave left like limit linktype list ln
    local localdate locale localtime localtimestamp locator locators lock lockmax locksize long loop lower ltrim
    maintained match materialized max maxvalue member merge method microsecond microseconds min minute minutes
    minvalue mod mode modifies module month months multiset nan national natural nchar nclob new new_table next
    nextval no nocache nocycle nodename nodenumber nomaxvalue nominvalue none noorder normalize normalized not
    notnull null nullif nulls numeric numparts nvarchar obid octet_length of off offset old old_table on only
    open optimization optimize option or order organization out outer output over overlaps overlay overriding
    package padded pagesize parameter part partition partitioned partitioning partitions password path pctfree
    percentile_cont percentile_disc percent_rank piecesize plan position power precision prepare preserve
    prevval primary prior priqty privileges procedure program psid public query queryno range rank read reads
    real recovery recursive ref references referencing refresh regexp release relative rename repeat reset
    resignal restart restrict result result_set_locator return returns revoke right role rollback rollup
    round_ceiling round_down round_floor round_half_down round_half_even round_half_up round_up routine row
    row_number rowid rownumber rows rowset rrn rtrim run savepoint schema schemas scope scratchpad scroll search
    second seconds secqty security select sensitive sequence session session_user set signal similar simple
    smallint snan some source space specific specifictype sql sqlcode sqlerror sqlexception sqlid sqlstate
    sqlwarning sqrt stacked standard start starting statement static statment stay stogroup stores style
    submultiset substr substring substr sum summary symmetric synonym system system_user sysfun sysibm sysproc
    table tablesample tablespace tblspace temporary than then time timestamp timezone_hour timezone_minute to
    trailing transaction translate translation treat trigger trim true truncate type uescape undo union unique
    unknown unnest until update upper usage user using validproc value values varchar varying variable variant
    vcat version versioning view volatile volumes wait when whenever where while window with within without wlm
    write xmlelement xmlexists xmlnamespaces xmlparse xmlquery xmlserialize xmltable year years zone
    """.split()
)


class DrdaIdentifierPreparer(IdentifierPreparer):
    """Names without quotes are in upper case on the server and in lower case here."""

    reserved_words = set(RESERVED)
    illegal_initial_characters = {str(digit) for digit in range(10)} | {"_", "$"}

    def __init__(self, dialect: DrdaDialect) -> None:
        super().__init__(dialect)
        self.legal_characters = re.compile(rf"^[{dialect.product.letters}]+$", re.IGNORECASE | re.ASCII)
