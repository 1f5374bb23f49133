"""A procedure while it runs: step by step, each statement in the session of the client that called it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from drdarrow._core import collect
from drdarrow.server.engine import Described, Prepared, Result, SqlError
from drdarrow.server.lexer import Word, text
from drdarrow.server.procedures.derived import plain
from drdarrow.server.procedures.steps import (
    Block,
    Close,
    CursorDeclaration,
    Declaration,
    Fetch,
    If,
    Into,
    Jump,
    Loop,
    Open,
    Procedure,
    Return,
    Set,
    Sql,
    Step,
)
from drdarrow.server.procedures.variables import Scope, Variable

__all__ = ["ResultSet", "Run", "Session", "collected"]

_DUMMY = "FROM SYSIBM.SYSDUMMY1"
#: Rows of a cursor that are fetched one by one: they are held in memory.
_MOST = 1_000_000


class Session(Protocol):
    """The parts of a client's session that a procedure needs."""

    def prepare(self, sql: str, /) -> Prepared: ...
    def query(self, number: int, parameters: Sequence[Any], /) -> Result: ...
    def execute(self, number: int, rows: Sequence[Sequence[Any]], /) -> int | None: ...
    def forget(self, number: int, /) -> None: ...
    def rollback(self) -> None: ...
    def columns(self) -> dict[str, set[str]]: ...
    def catalog_columns(self, sql: str) -> set[str]: ...
    def unbroken(self) -> Callable[[], None]: ...


class _Ready:
    """Rows that were read into memory, as a result."""

    shared = False

    def __init__(self, rows: Any) -> None:
        self._rows = rows

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return self._rows.__arrow_c_stream__(requested_schema)

    def trouble(self, text: str, /) -> SqlError:
        """The meaning of an error of the stream."""
        return SqlError(-901, "58004", text)

    def close(self) -> None:
        """The stream was released."""


@dataclass
class ResultSet:
    """A cursor that is open at the end: its name, its columns, its rows."""

    name: str
    columns: list[Described]
    rows: Result


@dataclass
class _Cursor:
    """A cursor. rows: those that are fetched one by one; open: its rows as a result."""

    declared: CursorDeclaration
    scope: Scope
    rows: list[tuple[Any, ...]] | None = None
    at: int = 0
    open: ResultSet | None = None


class _Left(Exception):
    """LEAVE or ITERATE on its way to the label."""

    def __init__(self, jump: Jump) -> None:
        super().__init__(jump.label)
        self.jump = jump


class _Returned(Exception):
    """RETURN."""


@dataclass
class Run:
    """One call of a procedure."""

    session: Session
    procedure: Procedure
    status: int = 0
    #: Rows were changed.
    changed: bool = False
    #: Cursors in the order in which they were opened.
    _open: list[_Cursor] = field(default_factory=list)
    _statements: dict[str, Prepared] = field(default_factory=dict)
    _columns: dict[str, set[str]] | None = None
    #: Those of views of the catalog, by the texts of statements.
    _catalog: dict[str, set[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._look = self.session.unbroken()
        self._scope = Scope(None, self._is_column, self.procedure.name)
        self._cursors: list[dict[str, _Cursor]] = []

    def run(self, values: Sequence[Any]) -> tuple[list[Variable], list[ResultSet]]:
        """Runs it. values: one for each parameter, in order. Returns the parameters and the results."""
        try:
            variables = [Variable(one.name, one.type) for one in self.procedure.parameters]
            for variable, parameter, value in zip(variables, self.procedure.parameters, values, strict=True):
                self._scope.declare(variable)
                if parameter.mode != "OUT":
                    self._store(variable, [Word("sign", "?")], [value])
            try:
                self._block(self.procedure.body, self._scope)
            except _Returned:
                pass
            except _Left as e:
                raise SqlError(-778, "428D4", e.jump.label) from None
            return variables, [one.open for one in self._open if one.open is not None and one.declared.returns]
        except BaseException:
            self._close_all()
            raise
        finally:
            for number, _, _ in self._statements.values():
                self.session.forget(number)

    def _close_all(self) -> None:
        for one in self._open:
            if one.open is not None:
                one.open.rows.close()

    def _steps(self, steps: Sequence[Step], scope: Scope) -> None:
        for step in steps:
            self._look()
            self._step(step, scope)

    def _step(self, step: Step, scope: Scope) -> None:
        match step:
            case Declaration():
                for name in step.names:
                    variable = Variable(name, step.type)
                    if step.default is not None:
                        self._store(variable, *self._filled(step.default, scope))
                    variable.constant = step.constant
                    scope.declare(variable)
            case CursorDeclaration():
                self._cursors[-1][step.name] = _Cursor(step, scope)
            case Set():
                made = [(scope.target(name), self._filled(words, scope)) for name, words in step.values]
                ready = [self._value(variable, *filled) for variable, filled in made]
                for (variable, _), value in zip(made, ready, strict=True):
                    variable.value = value
            case Into():
                self._into(step, scope)
            case Sql():
                sql, values = scope.filled(step.statement)
                count = self.session.execute(self._prepared(sql)[0], [values])
                self.changed = True
                self._tell(scope, 100 if count == 0 else 0)
            case Open():
                self._opened(self._cursor(step.cursor))
            case Fetch():
                self._fetch(step, scope)
            case Close():
                self._close(self._cursor(step.cursor))
            case If():
                chosen = next((one.steps for one in step.branches if self._holds(one.when, scope)), step.others)
                self._steps(chosen, scope)
            case Loop():
                self._loop(step, scope)
            case Jump():
                raise _Left(step)
            case Return():
                if step.status is not None:
                    variable = Variable("", "INTEGER")
                    self._store(variable, *self._filled(step.status, scope))
                    self.status = variable.value or 0
                raise _Returned
            case Block():
                self._block(step, scope)

    def _block(self, block: Block, around: Scope) -> None:
        cursors: dict[str, _Cursor] = {}
        self._cursors.append(cursors)
        before, self.changed = self.changed, self.changed and not block.atomic
        try:
            self._steps(block.steps, Scope(around, self._is_column, block.label))
        except _Left as e:
            if e.jump.again or e.jump.label != block.label:
                raise
        except SqlError as e:
            if not block.atomic or not self.changed or e.rolled_back:
                raise
            # There is no way to undo these changes alone.
            self.session.rollback()
            raise SqlError(-1476, "40506", str(e.sqlcode), *e.tokens, rolled_back=True) from e
        finally:
            self.changed = self.changed or before
            self._cursors.pop()

    def _loop(self, loop: Loop, scope: Scope) -> None:
        while loop.while_ is None or self._holds(loop.while_, scope):
            self._look()
            try:
                self._steps(loop.steps, scope)
            except _Left as e:
                if e.jump.label != loop.label:
                    raise
                if not e.jump.again:
                    return
            if loop.until is not None and self._holds(loop.until, scope):
                return

    def _prepared(self, sql: str) -> Prepared:
        """A statement of the procedure, read once for a call."""
        if sql not in self._statements:
            self._statements[sql] = self.session.prepare(sql)
        return self._statements[sql]

    def _rows(self, sql: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        """All rows of a query."""
        result = self.session.query(self._prepared(sql)[0], values)
        return list(collected(result).rows())

    def _filled(self, words: Sequence[Word], scope: Scope) -> tuple[Sequence[Word], list[Any]]:
        sql, values = scope.filled(words)
        return [Word("done", sql)], values

    def _holds(self, words: Sequence[Word], scope: Scope) -> bool:
        sql, values = scope.filled(words)
        return bool(self._rows(f"SELECT CASE WHEN {sql} THEN 1 ELSE 0 END {_DUMMY}", values)[0][0])

    def _store(self, variable: Variable, words: Sequence[Word], values: Sequence[Any]) -> None:
        variable.value = self._value(variable, words, values)

    def _value(self, variable: Variable, words: Sequence[Word], values: Sequence[Any]) -> Any:
        """The value of an expression for a variable."""
        sql = text(words)
        if variable.counted:
            # A CAST would cut off what is too long.
            value = values[0] if sql == "?" else self._rows(f"SELECT {sql} {_DUMMY}", values)[0][0]
            if isinstance(value, str | bytes):
                return variable.fitting(value)
        return self._rows(f"SELECT CAST({sql} AS {variable.type}) {_DUMMY}", values)[0][0]

    def _into(self, step: Into, scope: Scope) -> None:
        sql, values = scope.filled(step.query)
        rows = self._rows(sql, values)
        if len(rows) > 1:
            raise SqlError(-811, "21000")
        if rows:
            self._take(step.targets, rows[0], scope)
        self._tell(scope, 0 if rows else 100)

    def _take(self, targets: Sequence[str], row: Sequence[Any], scope: Scope) -> None:
        """Values of a row for variables."""
        if len(targets) != len(row):
            raise SqlError(-117, "42802")
        for name, value in zip(targets, row, strict=True):
            self._store(scope.target(name), [Word("sign", "?")], [value])

    def _tell(self, scope: Scope, code: int) -> None:
        """SQLCODE and SQLSTATE, where the procedure declares them."""
        for name, value in (("SQLCODE", code), ("SQLSTATE", "02000" if code else "00000")):
            if (variable := scope.find(name)) is not None:
                variable.value = value

    def _cursor(self, name: str) -> _Cursor:
        for cursors in reversed(self._cursors):
            if name in cursors:
                return cursors[name]
        raise SqlError(-504, "34000", name)

    def _opened(self, cursor: _Cursor) -> None:
        if cursor.open is not None or cursor.rows is not None:
            raise SqlError(-502, "24502")
        sql, values = cursor.scope.filled(cursor.declared.query)
        number, columns, _ = self._prepared(sql)
        if columns is None:
            raise SqlError(-517, "07005", cursor.declared.name)
        if not cursor.declared.returns:
            cursor.rows, cursor.at = self._rows(sql, values), 0
            if len(cursor.rows) > _MOST:
                raise SqlError(-101, "54001", f"a cursor of more than {_MOST} rows")
            return
        rows = self.session.query(number, values)
        # The next statement needs its connection.
        ready = _Ready(collected(rows)) if rows.shared else rows
        cursor.open = ResultSet(cursor.declared.name, columns, ready)
        self._open.append(cursor)

    def _fetch(self, step: Fetch, scope: Scope) -> None:
        cursor = self._cursor(step.cursor)
        if cursor.rows is None:
            raise SqlError(-501, "24501")
        if cursor.at < len(cursor.rows):
            self._take(step.targets, cursor.rows[cursor.at], scope)
            cursor.at += 1
            self._tell(scope, 0)
        else:
            self._tell(scope, 100)

    def _close(self, cursor: _Cursor) -> None:
        if cursor.open is None and cursor.rows is None:
            raise SqlError(-501, "24501")
        if cursor.open is not None:
            cursor.open.rows.close()
            self._open.remove(cursor)
        cursor.open = cursor.rows = None

    def _is_column(self, name: str, words: Sequence[Word]) -> bool:
        """A table that a statement names has a column of this name, which goes before variables."""
        if all(word.upper not in ("FROM", "JOIN", "INTO", "UPDATE", "USING") for word in words):
            return False
        if self._columns is None:
            self._columns = self.session.columns()
        sql = text(words)
        if sql not in self._catalog:
            self._catalog[sql] = self.session.catalog_columns(sql)
        named = (plain(word) for word in words if word.kind in ("name", "quoted"))
        return name in self._catalog[sql] or any(name in self._columns.get(one, ()) for one in named)


def collected(result: Result) -> Any:
    """The rows of a result, read to its end."""
    try:
        return collect(result)
    except SqlError:
        raise
    except Exception as e:
        raise result.trouble(str(e)) from e
    finally:
        result.close()
