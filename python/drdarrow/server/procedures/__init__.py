"""Procedures in SQL: CREATE PROCEDURE, and CALL, which runs one statement by statement in the caller's session.

`definition` reads them, `steps` has what a body consists of, `variables` puts values into statements, `running` goes
through the steps, `calls` is what a client's CALL needs.
"""

from __future__ import annotations
