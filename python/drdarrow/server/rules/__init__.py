"""The meaning of Db2's expressions in DuckDB: a statement is read as a tree, each expression gets its type from below,
and those that DuckDB would answer otherwise are put in other words or refused.

| file | rules |
|---|---|
| `numbers` | operators and functions of numbers, casts to them |
| `text` | functions of text, casts to it |
| `positions` | places and lengths in text, in bytes or characters |
| `dates` | arithmetic with dates and times, their functions and forms as text |
| `aggregates` | AVG, SUM, COUNT, STDDEV, LISTAGG and their kin |
| `order` | comparisons of dates with text, the order of characters in EBCDIC |
| `joins` | USING and NATURAL |
| `stored`, `sequences` | values on their way into columns, and of sequences |
| `kinds`, `scopes`, `calls` | types, names, calls |
| `walk`, `expressions`, `tree` | the walks over queries and over expressions, the reader and writer of the tree |
| `product` | the differences between the products |
"""
