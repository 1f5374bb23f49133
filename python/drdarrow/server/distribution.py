"""SYSCAT.COLDIST of Db2 for LUW: the quantiles and the most frequent values of the columns that keys and indexes begin
with. They are counted when somebody asks; Db2 has those of the last RUNSTATS ... WITH DISTRIBUTION, twenty and ten as
here unless it was told other numbers.

(Read: Db2 for LUW, "SYSCAT.COLDIST catalog view", "Rules for updating distribution statistics manually".)
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from drdarrow._core import collect
from drdarrow.server.engine import Objects, Table
from drdarrow.server.schemas import MAIN
from drdarrow.server.targets import quoted
from drdarrow.server.wording import literal

if TYPE_CHECKING:
    from drdarrow._core import Collected
    from drdarrow.server.cursors import Cursor

__all__ = ["VIEW", "rows"]

VIEW = "SYSCAT.COLDIST"
_QUANTILES, _FREQUENT = 20, 10
#: Values as constants of SQL, in 254 characters.
_LITERALS = {
    "Int": "CAST(v AS VARCHAR)",
    "Decimal": "CAST(v AS VARCHAR)",
    "Date": "'''' || CAST(v AS VARCHAR) || ''''",
    "Timestamp": "'''' || strftime(v, '%Y-%m-%d-%H.%M.%S.%f') || ''''",
    "Utf8": "'''' || replace(left(v, 126), '''', '''''') || ''''",
}
_OF_COLUMN = """
SELECT {names}, kind, CAST(seqno AS SMALLINT), {value}, valcount, distcount FROM (
    WITH counted AS (SELECT {column} AS v, count(*) AS n FROM {table} WHERE {column} IS NOT NULL GROUP BY ALL),
    summed AS (
        SELECT v, n, CAST(sum(n) OVER so_far AS BIGINT) AS upto, row_number() OVER so_far AS d,
            CAST(sum(n) OVER () AS BIGINT) AS total
        FROM counted WINDOW so_far AS (ORDER BY v ROWS UNBOUNDED PRECEDING)
    )
    SELECT 'Q' AS kind, row_number() OVER (ORDER BY v) AS seqno, v, upto AS valcount, d AS distcount
    FROM summed WHERE d = 1 OR (upto - n) * {last} // total < upto * {last} // total
    UNION ALL
    SELECT 'F', row_number() OVER (ORDER BY n DESC, v) AS seqno, v, n, NULL
    FROM counted WHERE n > 1 QUALIFY seqno <= {frequent}
)
"""


def rows(cursor: Cursor, now: Objects, main: str) -> Collected | None:
    """The rows of the view; None for none. main: the client's name for DuckDB's schema of this name."""
    queries = [_query(table, column, value, main) for table in now.tables for column, value in _leading(table)]
    if not queries:
        return None
    names = "TABSCHEMA, TABNAME, COLNAME, TYPE, SEQNO, COLVALUE, VALCOUNT, DISTCOUNT"
    return collect(cursor.sql(f"SELECT * FROM ({' UNION ALL '.join(queries)}) AS found ({names})"))


def _leading(table: Table) -> Iterator[tuple[str, str]]:
    """The columns, each with its values as constants."""
    keys = [rule.columns[:1] for rule in table.constraints if rule.rule in ("PRIMARY KEY", "UNIQUE")]
    first = {column for some in keys for column in some} | {index.columns[0][0] for index in table.indexes}
    for column, arrow, _ in table.columns if table.kind == "TABLE" else ():
        value = next((value for kind, value in _LITERALS.items() if arrow.startswith(kind)), None)
        if column in first and value is not None:
            yield column, value


def _query(table: Table, column: str, value: str, main: str) -> str:
    schema = MAIN if table.schema == main else table.schema
    return _OF_COLUMN.format(
        names=", ".join(literal(name) for name in (table.schema, table.name, column)),
        value=value,
        column=quoted(column),
        table=f"{quoted(schema)}.{quoted(table.name)}",
        last=_QUANTILES - 1,
        frequent=_FREQUENT,
    )
