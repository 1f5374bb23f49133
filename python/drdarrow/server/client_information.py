"""A client's words about itself: `SET CLIENT APPLNAME 'x'`, and the procedure for all of them. Registers have them."""

from __future__ import annotations

from drdarrow.server.lexer import Word, closing, lex, split

__all__ = ["EMPTY", "told"]

#: The registers in the order of WLM_SET_CLIENT_INFO, as nobody has set them.
EMPTY = {"CLIENT_USERID": "", "CLIENT_WRKSTNNAME": "", "CLIENT_APPLNAME": "", "CLIENT_ACCTNG": ""}
_PROCEDURE = "WLM_SET_CLIENT_INFO"


def told(sql: str) -> dict[str, str]:
    """The registers that a statement sets, with their values; none for another statement."""
    words = lex(sql)
    if [word.upper for word in words[:2]] == ["SET", "CLIENT"] and len(words) > 4:
        name, value = f"CLIENT_{words[2].upper}", words[4 if words[3].text == "=" else 3]
        return {name: _text(value)} if name in EMPTY and value.kind == "string" else {}
    called = next((at for at, word in enumerate(words[:4]) if word.upper == _PROCEDURE), 0)
    if not called or words[0].upper != "CALL" or words[called + 1].text != "(":
        return {}
    # NULL leaves a register as it is.
    values = split(words[called + 2 : closing(words, called + 1)])
    given = zip(EMPTY, values, strict=False)
    return {name: _text(value[0]) for name, value in given if value and value[0].kind == "string"}


def _text(word: Word) -> str:
    return word.text[1:-1].replace("''", "'")
