"""The differences between the products, as far as statements have another value by them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from drdarrow.server.rules.kinds import Kind
from drdarrow.server.storing import Storage

__all__ = ["LUW", "Product"]

#: SQLCODEs that are others on i and z/OS (a division by zero), and on LUW (a text that is too long).
_CODES = {-801: -802}
_LUW_CODES = {-404: -433}
#: The page of text, unless the server was told another one.
_PAGES = {"ibmi": 37, "zos": 1047}

#: Characters that CCSID 1047 has elsewhere than 37: Python has no codec for it.
_OPEN_SYSTEMS = str.maketrans("[]^\u00ac\u00dd\u00a8", "\u00dd\u00a8\u00ac^[]")


@dataclass(frozen=True)
class Product:
    """Db2 for LUW, i or z/OS, or Derby. ccsid: the page of its text; 0 for UTF-8."""

    name: Literal["luw", "ibmi", "zos", "derby"] = "luw"
    ccsid: int = 0

    @classmethod
    def of(cls, persona: Literal["luw", "ibmi", "zos", "derby"], ccsid: int | None) -> Product:
        """That of a server. ccsid: as `serve` takes it."""
        return cls(persona, _PAGES.get(persona, 0) if ccsid is None else ccsid)

    @property
    def storage(self) -> Storage:
        """The way in which it counts the length of text and fills it: in EBCDIC a byte is a character."""
        mainframe = self.name in _PAGES
        return Storage(not mainframe or self.ccsid == 1208, "40" if mainframe else "20")

    @property
    def ebcdic(self) -> bool:
        """Text is in a page of EBCDIC: one byte a character, and the order of its own."""
        return self.name in ("ibmi", "zos") and self.ccsid not in (0, 1208, 1200)

    @property
    def derby(self) -> bool:
        """It is Derby."""
        return self.name == "derby"

    def code(self, sqlcode: int) -> int:
        """The SQLCODE of the product for one that another has."""
        return (_CODES if self.name in _PAGES else _LUW_CODES).get(sqlcode, sqlcode)

    def decimal(self, kind: Kind) -> Kind:
        """The DECIMAL that an exact number counts as in arithmetic."""
        return Kind("DECIMAL", 10, 0) if self.derby and kind.name == "INTEGER" else kind.decimal

    def digits(self, *precisions: int) -> int:
        """Digits of a decimal result: z/OS has 15 (DEC15) unless an operand has more."""
        return 15 if self.name == "zos" and all(precision <= 15 for precision in precisions) else 31

    @cached_property
    def page(self) -> tuple[str, bytes]:
        """The printable characters in their order in EBCDIC, and their bytes."""
        try:
            found = bytes(range(0x40, 0xFF)).decode(f"cp{self.ccsid:03}")
        except (LookupError, UnicodeDecodeError):
            found = bytes(range(0x40, 0xFF)).decode("cp037")
        if self.ccsid == 1047:
            found = found.translate(_OPEN_SYSTEMS)
        pairs = [(letter, byte) for byte, letter in enumerate(found, 0x40) if letter.isprintable()]
        return "".join(letter for letter, _ in pairs), bytes(byte for _, byte in pairs)


LUW = Product()
