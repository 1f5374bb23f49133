"""The warnings of servers (SQLSTATE 01xxx) as Python's, by what they are about.

They are in `Cursor.messages`. With `sql_warnings=True` they are warned of as well, at the line that called:

    warnings.simplefilter("error", drdarrow.sqlwarnings.TruncationWarning)
"""

from __future__ import annotations

from typing import Final

from drdarrow.exceptions import Warning as ServerWarning

__all__ = [
    "ConversionWarning",
    "DeprecatedFeatureWarning",
    "EveryRowWarning",
    "NullsLeftOutWarning",
    "PrivilegeWarning",
    "SqlWarning",
    "TruncationWarning",
]


class SqlWarning(ServerWarning, UserWarning):
    """A warning of the server, or about its values: the base of the others. It has `sqlstate` and `sqlcode`."""


class TruncationWarning(SqlWarning):
    """A text was cut to the length of its place (01004)."""


class NullsLeftOutWarning(SqlWarning):
    """NULLs were left out of an aggregate (01003)."""


class ConversionWarning(SqlWarning):
    """A value became another one, or NULL: it does not fit or cannot be converted (01517, 01519, 01534, 01547, 01564,
    01565)."""


class PrivilegeWarning(SqlWarning):
    """A privilege was not granted or not revoked (01006, 01007)."""


class EveryRowWarning(SqlWarning):
    """An UPDATE or DELETE without WHERE concerns every row (01504)."""


class DeprecatedFeatureWarning(SqlWarning):
    """A deprecated feature was used, and ignored (01694)."""


_CLASSES: Final[dict[str, type[SqlWarning]]] = {
    "01003": NullsLeftOutWarning,
    "01004": TruncationWarning,
    "01006": PrivilegeWarning,
    "01007": PrivilegeWarning,
    "01504": EveryRowWarning,
    "01517": ConversionWarning,
    "01519": ConversionWarning,
    "01534": ConversionWarning,
    "01547": ConversionWarning,
    "01564": ConversionWarning,
    "01565": ConversionWarning,
    "01694": DeprecatedFeatureWarning,
}


def made(message: str, sqlstate: str, sqlcode: int) -> SqlWarning:
    """The warning of a server."""
    return _CLASSES.get(sqlstate, SqlWarning)(message, sqlstate=sqlstate, sqlcode=sqlcode)
