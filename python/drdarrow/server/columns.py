"""The columns of a query, from its text: their names as Db2 has them, the tables that they come from.

Names written without quotes are in upper case, as Db2 folds them; those in quotes stay. An expression without a name is
called by its position. A `*` gives upper case.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import TypeAlias

from sqlglot import exp

from drdarrow.server import reading
from drdarrow.server.ddl import Change
from drdarrow.server.lexer import Word, lex, text
from drdarrow.server.patience import look

__all__ = [
    "CATALOG", "Facts", "change", "facts", "grouped", "keeps_rows", "learn", "names", "numbered", "origins", "settled",
    "spelled", "typed",
]  # fmt: skip

#: The names of rows of the catalog begin with it.
CATALOG = "drdarrow_catalog_"
#: Characters of a statement whose tree is kept for the next time.
_KEPT = 2048
#: Markers of a list that is read as one of them.
_LIST = 100
#: Table to column to metadata, in upper case. The columns are all there, in order. A table is there under its name, and
#: with its schema where that was told; two tables of one name only with it.
Facts: TypeAlias = dict[str, dict[str, dict[str, str]]]


#: A table as it is known, and a column of it.
Origin: TypeAlias = tuple[str, str]


def learn(known: Facts, table: str, about: dict[str, dict[str, str]]) -> None:
    """Remembers a table, `schema.table` or `table`."""
    schema, _, name = table.upper().rpartition(".")
    before = known.get(f"{schema}.{name}")
    if schema:
        known[f"{schema}.{name}"] = about
    # Not where it takes its own place.
    if schema and known.get(name, about) not in (about, before):
        known[name] = {}
    else:
        known[name] = about


def change(known: Facts, made: Change) -> None:
    """Remembers what became of a table."""
    old = known.get(made.table, known.get(made.table.rpartition(".")[2]))
    if old is None:
        return
    new = dict(old)
    if made.what in ("add", "type"):
        new[made.column] = made.about
        if made.what == "type" and "drda:name" in old.get(made.column, {}):
            new[made.column] = {**made.about, "drda:name": old[made.column]["drda:name"]}
    elif made.what == "remove":
        new.pop(made.column, None)
    elif made.what == "rename":
        told = {key: value for key, value in old.get(made.column, {}).items() if key != "drda:name"}
        renamed = {made.name: {**told, **made.about}}
        new = {}
        for column, about in old.items():
            new.update(renamed if column == made.column else {column: about})
    keys = [key for key, table in known.items() if table is old]
    for key in keys:
        if made.what in ("drop", "move"):
            del known[key]
        else:
            known[key] = new
    if made.what == "move":
        for key in keys:
            schema, point, _ = key.rpartition(".")
            known[schema + point + made.name] = old


def names(sql: str, columns: Sequence[str], known: Facts | None = None) -> list[str]:
    """The names of a result's columns; `columns` are DuckDB's. known: of the tables, of which some have names in
    quotes."""
    query, _ = _first(sql)
    if isinstance(query, exp.Values):
        return [str(n) for n in range(1, len(columns) + 1)]
    parts = query.expressions if query is not None else []
    if parts and len(parts) == len(columns) and not any(part.is_star for part in parts):
        return [_name(part) or str(n) for n, part in enumerate(parts, 1)]
    if all(name == name.upper() for name in columns):
        return list(columns)
    words = [word.text.strip('"').replace('""', '"') for word in lex(sql) if word.kind == "quoted"]
    tables = (known or {}).get
    of_tables = (tables(word.text.strip('"').upper(), {}) for word in lex(sql) if word.kind in ("name", "quoted"))
    quoted = {*words, *(about.get("drda:name", "") for table in of_tables for about in table.values())}
    return [name if name in quoted else name.upper() for name in columns]


def spelled(name: str, about: Mapping[str, str]) -> str:
    """The name of a column as it was defined. name: in upper case, or as it is written in a statement."""
    return about["drda:name"] if about.get("drda:name", "").upper() == name else name


def facts(sql: str, columns: Sequence[str], known: Facts) -> list[dict[str, str]]:
    """The facts about each column of a result that is a column of a table as it stands; else nothing."""
    return [known[origin[0]][origin[1]] if origin else {} for origin in origins(sql, columns, known)]


def origins(sql: str, columns: Sequence[str], known: Facts) -> list[Origin | None]:
    """For each column of a result the column of a known table that it is as it stands, where it is one."""
    nothing: list[Origin | None] = [None for _ in columns]
    query, alone = _first(sql) if known else (None, False)
    if not alone or not isinstance(query, exp.Select) or query.args.get("with_") or query.find(exp.Pivot):
        return nothing
    sources = _sources(query)
    found: list[Origin | None] = []
    changed = bool(query.find(exp.Except, exp.Replace))
    for part in query.expressions:
        look()
        if part.is_star:
            of = [part.table.upper()] if isinstance(part, exp.Column) else list(sources)
            tables = [sources.get(name, "") for name in of]
            # Joins with USING and tables that nothing is known of give other columns.
            if not all(known.get(table) for table in tables) or changed:
                return nothing
            found += [(table, column) for table in tables for column in known[table]]
            continue
        inner = part.unalias()
        candidates: list[Origin] = []
        if isinstance(inner, exp.Column):
            of = [inner.table.upper()] if inner.table else list(sources)
            named = [sources.get(name, "") for name in of]
            candidates = [(table, inner.name.upper()) for table in named if inner.name.upper() in known.get(table, {})]
        found.append(candidates[0] if len(candidates) == 1 else None)
    return found if len(found) == len(columns) else nothing


def keeps_rows(sql: str) -> bool:
    """Rows of tables are in the result of a query as they stand: nothing is put in for those that are not there."""
    query, alone = _first(sql)
    if not alone or not isinstance(query, exp.Select) or query.args.get("laterals"):
        return False
    if query.find(exp.GroupingSets, exp.Cube, exp.Rollup):
        return False
    # Some stand in brackets.
    joins = query.find_all(exp.Join)
    return all(not join.side and not join.method and join.kind in ("", "INNER", "CROSS") for join in joins)


def settled(sql: str) -> str | None:
    """The same statement with `a + ?` written so that DuckDB finds a type for the marker: that of `a`."""
    tree = numbered(sql)
    for marker in list(tree.find_all(exp.Placeholder)) if tree else []:
        look()
        sum_ = marker.parent
        if isinstance(sum_, (exp.Add, exp.Sub, exp.Mul, exp.Div, exp.IntDiv, exp.Mod)):
            other = sum_.right if sum_.left is marker else sum_.left
            if not other.find(exp.Placeholder):
                marker.replace(exp.Coalesce(this=marker.copy(), expressions=[other.copy()]))
    return reading.text(tree) if tree else None


def typed(sql: str, types: Sequence[str]) -> str | None:
    """The same statement with a NULL of its type in place of each marker."""
    tree = numbered(sql)
    for marker in list(tree.find_all(exp.Placeholder)) if tree else []:
        look()
        number = marker.name
        if not number.isdigit() or not 1 <= int(number) <= len(types):
            return None
        marker.replace(exp.cast(exp.Null(), types[int(number) - 1], dialect="duckdb"))
    return reading.text(tree) if tree else None


def numbered(sql: str) -> exp.Expr | None:
    """The statement with `$1`, `$2` for its markers, so that each is known wherever it stands in the tree."""
    words = lex(sql)
    for number, word in enumerate(_markers(words), 1):
        word.text = f"${number}"
    return reading.tree(text(words))


def grouped(sql: str) -> tuple[exp.Expr | None, dict[int, int]]:
    """The same with one marker for each long list of them after IN, as all of a list are alike: how many there are
    after it, by its number. A tree of so many takes seconds."""
    words = lex(sql)
    lists = _lists(words)
    more: dict[int, int] = {}
    for number, word in enumerate(_markers(words), 1):
        word.text = f"${number}"
        if (count := lists.get(id(word))) is not None:
            more[number] = count
    return reading.tree(_without(words, lists)), more


def _markers(words: Sequence[Word]) -> Iterator[Word]:
    return (word for word in words if word.kind == "sign" and word.text == "?")


def _lists(words: Sequence[Word]) -> dict[int, int]:
    """The first markers of long lists: how many there are after each."""
    found: dict[int, int] = {}
    for at, word in enumerate(words):
        if word.upper == "IN" and words[at + 1].text == "(":
            look()
            end = at + 2
            while end + 1 < len(words) and words[end].text == "?" and words[end + 1].text == ",":
                end += 2
            count = (end - at - 2) // 2
            if count >= _LIST and words[end].text == "?" and words[end + 1].text == ")":
                found[id(words[at + 2])] = count
    return found


def _without(words: Sequence[Word], lists: Mapping[int, int]) -> str:
    """The statement with those markers alone."""
    kept: list[Word] = []
    at = 0
    while at < len(words):
        kept.append(words[at])
        at += 1 + 2 * lists.get(id(words[at]), 0)
    return text(kept)


def _sources(query: exp.Select) -> dict[str, str]:
    """The tables of a query: the name that it has here to its own; a subquery has none, unless it stands for a function
    of the catalog."""
    found = {}
    parts = [query.args.get("from_"), *(query.args.get("joins") or [])]
    for part in parts:
        source = part.this if part is not None else None
        if isinstance(source, (exp.Table, exp.Subquery)):
            inner = _rows_of_catalog(source) if isinstance(source, exp.Subquery) else source
            name = ".".join(filter(None, (inner.db, inner.name))) if isinstance(inner, exp.Table) else ""
            found[(source.alias_or_name or "").upper()] = name.upper()
    return found


def _rows_of_catalog(query: exp.Subquery) -> exp.Expression | None:
    """The rows of the catalog that a subquery picks some of, as a table function does; none of another subquery."""
    source = query.this.args.get("from_") if isinstance(query.this, exp.Select) else None
    table = source.this if source is not None else None
    return table if isinstance(table, exp.Table) and table.name.startswith(CATALOG) else None


def _name(part: exp.Expression) -> str | None:
    """The name of a column of the result; None for an expression without one."""
    named = (
        part.args.get("alias") if isinstance(part, exp.Alias) else part.this if isinstance(part, exp.Column) else None
    )
    if not isinstance(named, exp.Identifier):
        return None
    return named.name if named.quoted else named.name.upper()


def _parse(sql: str) -> tuple[exp.Expression | None, bool]:
    """The query that names the columns, the first of a UNION, and whether it is all; None when it cannot be read."""
    tree = reading.tree(sql)
    alone = isinstance(tree, exp.Select)
    while isinstance(tree, (exp.SetOperation, exp.Subquery)):
        tree = tree.this
    return (tree if isinstance(tree, (exp.Select, exp.Values)) else None), alone


_kept = lru_cache(maxsize=128)(_parse)


def _shortened(sql: str) -> str:
    """The statement with one marker for each long list of them after IN."""
    words = lex(sql)
    return _without(words, _lists(words))


_short = lru_cache(maxsize=1)(_shortened)


def _first(sql: str) -> tuple[exp.Expression | None, bool]:
    if sql.count("?") >= _LIST:
        sql = _short(sql)
    # A tree is a thousand times as large as its text.
    return _kept(sql) if len(sql) <= _KEPT else _parse(sql)
