"""The execution of one statement."""

from __future__ import annotations

from typing import Any

from sqlalchemy.engine.default import DefaultExecutionContext


class DrdaExecutionContext(DefaultExecutionContext):
    def get_lastrowid(self) -> int | None:
        """The number that the server gave to the row that this connection inserted last."""
        cursor = self.create_cursor()
        try:
            cursor.execute("VALUES IDENTITY_VAL_LOCAL()")
            row = cursor.fetchone()
        finally:
            cursor.close()
        return None if row is None or row[0] is None else int(row[0])

    def fire_sequence(self, seq: Any, type_: Any) -> Any:
        name = self.identifier_preparer.format_sequence(seq)
        return self._execute_scalar(f"SELECT NEXT VALUE FOR {name} FROM SYSIBM.SYSDUMMY1", type_)

    def create_server_side_cursor(self) -> Any:
        return self._dbapi_connection.cursor(server_side=True)
