"""The transaction of a session on DuckDB: how it ends, and what an error leaves of it."""

from __future__ import annotations

from drdarrow.server import errors
from drdarrow.server.current_schema import CurrentSchema
from drdarrow.server.cursors import Cursor, Cursors
from drdarrow.server.describing import Rules
from drdarrow.server.engine import SqlError
from drdarrow.server.known import Known
from drdarrow.server.locking import Locking
from drdarrow.server.locks import Locks
from drdarrow.server.savepoints import Savepoints
from drdarrow.server.statement import Statement
from drdarrow.server.temporary import Temporaries
from drdarrow.server.watch import Watch
from drdarrow.server.watched import WatchedSession

__all__ = ["TransactionSession", "goes_on"]


class TransactionSession(WatchedSession):
    """The changes of a session that are not committed."""

    def __init__(
        self,
        cursors: Cursors,
        current: CurrentSchema,
        known: Known,
        rules: Rules,
        watch: Watch | None,
        locks: Locks,
    ) -> None:
        super().__init__(cursors, watch)
        self._main = cursors.main
        self._current = current
        self._known = known
        self._rules = rules
        self._temporaries = Temporaries()
        self._savepoints = Savepoints()
        self._locking = Locking(locks, rules.product, current, cursors.main, self.patience.unbroken)
        self._begun = False
        #: Changes that are not committed, and those of tables and the like.
        self._changed = self._defined = False
        #: Schemas were made or dropped in it.
        self._schemas = False
        #: The statement that was prepared last, in the client's words.
        self._said = ""
        #: The statement that runs changes keys and deletes no row.
        self._updates = False

    @property
    def changed(self) -> bool:
        """The transaction has changed something."""
        return self._changed

    def commit(self) -> None:
        """Ends the transaction. Raises SqlError -911 when DuckDB cannot commit it."""
        defined = self._defined
        if self._begun:
            try:
                self._known.keep(self._main, self._defined)
                self._main.commit()
            except Exception as e:
                raise self._failed(e, self._main) from e
            self._known.commit(self._defined)
            self._schemas = False
            self._ended()
            self._temporaries.committed(self._main)
        self._locking.end(True, defined)
        self._savepoints.clear()

    def rollback(self) -> None:
        """Undoes the transaction."""
        self._savepoints.clear()
        try:
            if self._begun:
                self._undo()
        finally:
            self._locking.end(False, False)

    def _lock(self, sql: str) -> None:
        """Locks a table until the end of the transaction."""
        try:
            self._locking.lock(sql)
        except SqlError as e:
            raise self._given_up(e) from e

    def _wait(self, statement: Statement, changes: bool, fresh: bool) -> None:
        """Waits until nobody has locked what a statement is about."""
        try:
            self._locking.before(statement, changes, fresh or self._defined)
        except SqlError as e:
            raise self._given_up(e) from e

    def _given_up(self, error: SqlError) -> SqlError:
        """The condition of a wait for a lock: it may end the transaction."""
        if error.rolled_back:
            self.rollback()
        return error

    def _undo(self) -> None:
        """Undoes the transaction in DuckDB."""
        self._ended()
        self._locking.undone()
        self._main.rollback()
        self._temporaries.rolled_back(self._main)
        if self._schemas:
            self._schemas = False
            self._current.come_home()

    def _ended(self) -> None:
        self._known.rollback()
        self._begun = self._changed = self._defined = False

    def _plain(self, error: Exception) -> SqlError:
        """The condition, as the product tells it."""
        found = self._told(error if isinstance(error, SqlError) else errors.translate(str(error), error))
        if found.sqlcode == -532 and self._updates:
            # A key that others depend on may not be changed either.
            found.sqlcode = -531
        if found.sqlcode == -204 and len(found.tokens) == 1:
            found.tokens = [self._current.told(self._current.full(found.tokens[0], self._said))]
        found.sqlcode = self._rules.product.code(found.sqlcode)
        return found

    def _failed(self, error: Exception, cursor: Cursor) -> SqlError:
        """The condition. An error ends DuckDB's transaction: that is told when changes went with it."""
        found = self._plain(error)
        if cursor is not self._main or not self._begun:
            found.rolled_back = False
            return found
        lost = self._changed
        if lost or found.rolled_back:
            self._savepoints.clear()
        else:
            self._savepoints.undone()
        self._undo()
        if lost or found.rolled_back:
            self._locking.end(False, False)
        if lost and not found.rolled_back:
            return SqlError(-1476, "40506", str(found.sqlcode), *found.tokens, rolled_back=True)
        return found


def goes_on(cursor: Cursor) -> bool:
    """DuckDB's transaction has outlived an error: one of a statement that was only read."""
    try:
        cursor.execute("SELECT 1").fetchall()
    except Exception:
        return False
    return True
