"""XML documents on their way into a column: well-formed, and kept as text without a declaration."""

from __future__ import annotations

import re
from typing import NoReturn
from xml.parsers import expat

from drdarrow.server.engine import SqlError

__all__ = ["document"]

_BLANKS = " \t\r\n"
_DECLARATION = re.compile(r"<\?xml[ \t\r\n].*?\?>", re.DOTALL)


def document(value: object) -> object:
    """The text of a document, without the mark and the declaration that tell of its encoding: as text it has none.

    Raises SqlError -16110 for one that is not well-formed, and -270 for a DOCTYPE: nothing is put in for entities.
    """
    if not isinstance(value, str):
        return value
    text = value.removeprefix("\ufeff")
    parser = expat.ParserCreate("utf-8")
    parser.StartDoctypeDeclHandler = _refused
    try:
        parser.Parse(text.encode(), True)
    except UnicodeEncodeError as e:
        raise SqlError(-16110, "2200M", f"half a character at {e.start}") from None
    except expat.ExpatError as e:
        raise SqlError(-16110, "2200M", str(e)) from None
    found = _DECLARATION.match(text)
    return text[found.end() if found else 0 :].strip(_BLANKS)


def _refused(*_: object) -> NoReturn:
    raise SqlError(-270, "42997", "XML with a DOCTYPE")
