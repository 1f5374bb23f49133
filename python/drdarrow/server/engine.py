"""The engine that runs the statements of a server: the two classes that it has to have, and its errors.

An engine is any object with `session(user, database)`. Every client gets a session of its own; the calls on
a session come one at a time, from threads of the server, except `interrupt`, which comes at any time.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol, TypeAlias

from drdarrow.types import ArrowStreamExportable

__all__ = [
    "CallParameter", "Called", "Constraint", "Described", "Engine", "Index", "Objects", "Prepared", "PreparedCall",
    "ProcedureInfo", "Result", "SequenceInfo", "Session", "SqlError", "Table", "Views",
]  # fmt: skip

#: A column or a parameter: its name, its Arrow type in Arrow's words (`Int32`, `Decimal128(9, 2)`, `Utf8`,
#: `Timestamp(Microsecond, None)`), and what SQL knows beyond it: `drda:type`, `drda:length`, `drda:scale`; of a column
#: without NULLs `drda:required`.
Described: TypeAlias = tuple[str, str, dict[str, str]]

#: The number by which later calls name the statement, the columns of its result (None: it is no query), its parameters.
Prepared: TypeAlias = tuple[int, list[Described] | None, list[Described]]


class Constraint(NamedTuple):
    """A key or a check of a table."""

    name: str
    #: PRIMARY KEY, UNIQUE, FOREIGN KEY, CHECK.
    rule: str
    #: Those of a key, in its order.
    columns: list[str]
    #: Schema, name and columns of the table that a foreign key is about.
    parent: tuple[str, str, list[str]] | None = None
    #: The condition of a check.
    text: str | None = None


class Index(NamedTuple):
    """An index of a table; those that keys have are left out."""

    name: str
    unique: bool
    #: Each with whether high values come first.
    columns: list[tuple[str, bool]]


class Table(NamedTuple):
    """A table as the catalog tells of it."""

    schema: str
    name: str
    #: TABLE, VIEW, ALIAS.
    kind: str
    #: Metadata may also have `drda:comment`, `drda:heading`, `drda:label`, `drda:default` (an expression),
    #: `drda:change` (a row change timestamp) and `drda:identity`, both ALWAYS or BY DEFAULT, the latter with
    #: `drda:start`, `drda:increment`, `drda:least`, `drda:most`, `drda:cycles`, `drda:cache` and `drda:ordered`;
    #: `drda:generated`, the expression that makes the values.
    columns: list[Described]
    #: Positions of the columns that are NOT NULL.
    required: list[int]
    constraints: Sequence[Constraint] = ()
    indexes: Sequence[Index] = ()
    comment: str | None = None
    label: str | None = None
    #: How many there are, where that is known without counting.
    rows: int | None = None
    #: The statement that made a view.
    text: str | None = None


class SequenceInfo(NamedTuple):
    """A sequence as the catalog tells of it."""

    schema: str
    name: str
    start: int
    increment: int
    least: int
    most: int
    cycles: bool
    #: SMALLINT, INTEGER, BIGINT, DECIMAL(31, 0).
    type: str = "BIGINT"
    #: Values that are kept ready; whether they come in the order in which they are asked for.
    cache: int = 0
    ordered: bool = False


class ProcedureInfo(NamedTuple):
    """A procedure as the catalog tells of it."""

    schema: str
    name: str
    #: The name that it alone has in its schema.
    specific: str
    #: Each with IN, OUT or INOUT.
    parameters: Sequence[tuple[str, Described]]
    #: How many results it may have, at most 32767.
    results: int
    #: CONTAINS, READS, MODIFIES.
    access: str
    deterministic: bool
    #: The statement that made it, where it is written in SQL.
    text: str | None


class Objects(NamedTuple):
    """The objects of a database, in order of schema and name. schemas: those without a table among them."""

    tables: Sequence[Table]
    sequences: Sequence[SequenceInfo] = ()
    schemas: Sequence[str] = ()
    procedures: Sequence[ProcedureInfo] = ()


class Views(Protocol):
    """The views of a product's catalog."""

    def names(self) -> list[str]:
        """Their names in upper case, `SYSCAT.TABLES`."""

    def rows(self, name: str, objects: Objects) -> ArrowStreamExportable:
        """The rows of one over these objects."""

    def journals_in_order(self) -> bool:
        """Whether entries of journals come in the order of their numbers."""


class CallParameter(NamedTuple):
    """A marker of a CALL."""

    #: IN, OUT, INOUT.
    mode: str
    column: Described


class PreparedCall(NamedTuple):
    """A CALL as it was prepared."""

    #: The number by which later calls name the statement.
    number: int
    procedure: str
    parameters: Sequence[CallParameter]
    #: The procedure changes nothing: a server that is `read_only` calls it.
    reads: bool = False


class Called(NamedTuple):
    """The outcome of a CALL."""

    #: The value of RETURN.
    status: int
    #: Rows were changed.
    changed: bool
    #: One row with a column for each marker, where any of them comes out; others are NULL.
    values: Result | None
    #: Names, columns and rows of the cursors that are left open for the caller.
    results: Sequence[tuple[str, Sequence[Described], Result]]


class SqlError(Exception):
    """A condition as an SQLCA tells it: `SqlError(-204, "42704", "ORDERS")`.

    sqlcode: int, negative for an error. sqlstate: str of five characters. tokens: the values for the message's text;
    clients see about 70 bytes of them. rolled_back: bool, the transaction is gone.
    """

    def __init__(self, sqlcode: int, sqlstate: str, *tokens: str, rolled_back: bool = False) -> None:
        super().__init__(sqlcode, sqlstate, *tokens)
        self.sqlcode = sqlcode
        self.sqlstate = sqlstate
        self.tokens = list(tokens)
        self.rolled_back = rolled_back

    def __str__(self) -> str:
        words = ", ".join(token for token in self.tokens if token)
        return f"SQLCODE {self.sqlcode}, SQLSTATE {self.sqlstate}" + (f": {words}" if words else "")


class Result(ArrowStreamExportable, Protocol):
    """The rows of a query: `__arrow_c_stream__` is called once; the stream is read without Python's lock. A batch that
    takes longer than a tenth of a second does not hold back the rows before it.

    It may have `interrupt()`, which is called in place of the session's while a batch is read, from another thread, and
    while a stream with rows that nobody reads is released, where that takes long. `ends_first()` may say that such a
    stream has to have ended before it is released: it is read on for a while, and broken off then. And it may have
    `changed`, the rows that the statement has changed where it is a query over those of a change, else None."""

    @property
    def shared(self) -> bool:
        """The next call on the session would disturb the reading: what is left is read into memory before it."""

    def trouble(self, text: str, /) -> SqlError:
        """The meaning of an error of the stream, which comes as text. The stream was released."""

    def close(self) -> None:
        """The stream was released."""


class Session(Protocol):
    """One client's view of the engine. What is raised reaches the client: an SqlError as it is, others as -901 with
    their type and a number, under which the logger `drdarrow.server` has them whole.

    A session may also have `objects()`, which gives the objects that there are as Objects: drivers ask for them by
    catalog procedures, as for JDBC's getTables and getColumns. Without it there are no such procedures. And it may have
    `appear_as(views)`, which is called once before all else and hands it the views of the product's catalog (Views),
    for queries that name one.

    And it may have `execute_array(statement, table, atomic)`, which runs a statement that is no query for an array of
    rows. table: Arrow data (`__arrow_c_stream__`), the row's number from 0 as column "0", the markers as "1", "2" and
    so on. atomic: all rows or none, and the answer is that of `execute`; else each row stands for itself, and the
    answer is a list with the rows changed by each, or its SqlError. Without it `execute` is called, with all rows or
    one by one. While an attribute `careful` is true single rows come as arrays, too.

    And `prepare_updatable(sql)`, like `prepare` for a query whose rows are to be changed where a cursor stands (FOR
    UPDATE): the result has one column more, the last, of any type: a key by which a row is known; SqlError -511 where
    its rows are not those of one table. With it belongs `prepare_at_row(sql, statement)`, for an UPDATE or DELETE up to
    its WHERE CURRENT OF, for one row of that query: it has one marker more, the last, the key of the row; SqlError -509
    for another table. It changes no row where that is gone, or was changed since the transaction in which it was read:
    cursors that are held go on after a commit. Without them cursors only read.

    And `execute_gathered(statement, table)`, which runs such a statement for rows that came as commands of their own,
    with the outcome that they have one by one; table as above. The answer is how many were run, from the first on, each
    of which changed one row, and the SqlError of the next or None; (0, None) where these have to be run one by one,
    None where any have. Without it they are.

    And `prepare_call(sql)`, which reads a CALL and answers with a PreparedCall, and `call(statement, parameters)`,
    which runs it and answers with a Called. Without them there are no procedures (SQLCODE -440).

    And a property `changed`: whether the transaction has changed something. A branch of a global transaction (XA)
    that has not is over with its first phase. Without it every branch may have.

    And `reset()`, which undoes what `set` and SET statements have set, in the middle of a transaction: a branch of a
    global transaction takes the session to another connection, which then says its own settings. Without it those of
    the first stay where the other has none.
    """

    def prepare(self, sql: str, /) -> Prepared:
        """Reads a statement and describes it, without running it."""

    def query(self, statement: int, parameters: Sequence[Any], /) -> Result:
        """Runs a query. The stream has the columns that were described, in their order."""

    def execute(self, statement: int, rows: Sequence[Sequence[Any]], /) -> int | None:
        """Runs a statement that is no query once for each row of parameters, all of them or none; rows changed."""

    def forget(self, statement: int, /) -> None:
        """The statement is not needed any more."""

    def set(self, sql: str, /) -> None:
        """A SET statement that the client's driver sends by itself, `SET CLIENT ...` among them, or a call of
        SYSPROC.WLM_SET_CLIENT_INFO."""

    def commit(self) -> None:
        """Makes the changes last."""

    def rollback(self) -> None:
        """Undoes the changes since the last commit."""

    def interrupt(self) -> None:
        """Breaks off what runs, if anything does, with SqlError -952: a client asks for that, is gone, or the server
        stops. What runs next is not concerned. Comes again until it is over."""

    def close(self) -> None:
        """The client is gone. Work that was not committed is undone."""


class Engine(Protocol):
    """Serves any number of sessions at a time.

    One that has a method `reading_session`, with the arguments of `session`, is asked by it for sessions that change
    nothing. Of one without it all statements but queries are refused there.
    """

    def session(self, user: str, database: str, /) -> Session:
        """A new session. Raises LookupError when there is no such database, PermissionError when it is not for him."""
