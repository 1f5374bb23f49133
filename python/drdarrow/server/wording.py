"""One walk over the words of a statement of Db2's, which puts them in DuckDB's: see `dialect`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from math import isinf

from drdarrow.server import ddl, drawn
from drdarrow.server.engine import SqlError
from drdarrow.server.lexer import Word, closes, openings, split, text
from drdarrow.server.patience import look
from drdarrow.server.rules.expressions import CAST

__all__ = ["SCHEMA", "USER", "Wording", "literal", "variable"]

#: Variables of a session's connections: who has logged in, and the current schema.
USER, SCHEMA = "drdarrow_user", "drdarrow_schema"

#: Calls within each other that are translated: each costs some depth of Python's stack.
_DEEPEST = 100
_FLOAT = re.compile(r"[0-9.]+E[-+]?[0-9]+", re.IGNORECASE)
_UNITS = re.compile(r"(YEAR|MONTH|DAY|HOUR|MINUTE|SECOND|MICROSECOND)S?$")
_ENDS = {"ORDER", "FETCH", "LIMIT", "UNION", "EXCEPT", "INTERSECT", "WITH", "FOR", "OPTIMIZE", ";", ")", ""}
_NOW = {
    "DATE": "current_date",
    "TIMESTAMP": "localtimestamp",
    "TIME": "CAST(date_trunc('second', localtimestamp) AS TIME)",
}
#: Registers that a session has in variables of its connections.
_OF_SESSION = {"USER": USER, "SCHEMA": SCHEMA, "SQLID": SCHEMA}
#: An operand follows these, so that what follows them is not an infix.
_OPENS = set(
    "SELECT WHERE AND OR NOT ON BY THEN ELSE WHEN DISTINCT HAVING LIKE IN BETWEEN VALUES SET CASE ALL IS AS".split()
)
#: Words after a table that are not a name for it.
_AFTER_TABLE = {*"WHERE GROUP HAVING JOIN LEFT RIGHT FULL INNER CROSS ON NATURAL OFFSET".split(), *_ENDS}
#: Words that may be left out; # stands for a number.
_IDLE = [
    "WITH UR", "WITH CS", "WITH RS", "WITH RR", "USE AND KEEP SHARE LOCKS", "USE AND KEEP UPDATE LOCKS",
    "USE AND KEEP EXCLUSIVE LOCKS", "FOR READ ONLY", "FOR FETCH ONLY", "OPTIMIZE FOR # ROWS", "OPTIMIZE FOR # ROW",
    "QUERYNO #", "SKIP LOCKED DATA",
]  # fmt: skip
_IDLE_STARTS = {phrase.split()[0] for phrase in _IDLE}
#: Calls with words between their arguments: here there are commas.
_BETWEEN = {
    "POSITION": {"IN", "USING"},
    "SUBSTRING": {"FROM", "FOR", "USING"},
    "OVERLAY": {"PLACING", "FROM", "FOR", "USING"},
}
#: Signs that mean the same in both.
_PLAIN = {",", "?", "(", ")", "=", ".", "<", ">", "<=", ">=", "<>"}


def literal(value: str) -> str:
    """A text as a constant."""
    return "'" + value.replace("'", "''") + "'"


def variable(name: str, value: str) -> str:
    """The statement that gives a variable a value."""
    return f"SET VARIABLE {name} = {literal(value)}"


class Wording:
    """One walk over the words."""

    def __init__(self, registers: Mapping[str, str], defining: bool, depth: int = 0) -> None:
        self._registers = registers
        self._defining = defining
        self._depth = depth

    def run(self, words: list[Word]) -> list[Word]:
        """The words for DuckDB."""
        self._out: list[Word] = []
        # The steps may look two words ahead.
        self._words = [*words, Word("end", ""), Word("end", "")]
        #: The bracket around each word, and where each bracket closes.
        self._openings = openings(self._words)
        self._closes = closes(self._words)
        #: An index is made: its order is no order of rows.
        self._indexing = [word.upper for word in words[:2]] in (["CREATE", "INDEX"], ["CREATE", "UNIQUE"])
        #: Durations that follow each other.
        self._durations = 0
        self._check_depth()
        at = 0
        while at < len(words):
            look()
            at = self._step(at)
        return self._out

    def _check_depth(self) -> None:
        depths = [0]
        for word, before in zip(self._words[1:], self._words, strict=False):
            if word.text == "(":
                depths.append(depths[-1] + (before.kind == "name"))
                if depths[-1] + self._depth > _DEEPEST:
                    raise SqlError(-101, "54001", f"more than {_DEEPEST} calls within each other")
            elif word.text == ")" and len(depths) > 1:
                depths.pop()

    def _step(self, at: int) -> int:
        """Takes a word or several: where the next one is."""
        word = self._words[at]
        if word.kind == "number" and _FLOAT.fullmatch(word.text) and isinf(float(word.text)):
            raise SqlError(-405, "22003", word.text[:40])
        # Of constants and plain signs a statement may have very many.
        if word.kind not in ("number", "quoted") and word.text not in _PLAIN and word.text[:1] != "'":
            for step in self._STEPS:
                after = step(self, at)
                if after is not None:
                    return after
        self._out.append(word)
        return at + 1

    def _inner(self, words: list[Word]) -> list[Word]:
        if self._depth >= _DEEPEST:
            raise SqlError(-101, "54001", f"more than {_DEEPEST} calls within each other")
        return Wording(self._registers, self._defining, self._depth + 1).run(words)

    def _closing(self, start: int) -> int:
        """Where the bracket at `start` closes; the last word when it does not."""
        return self._closes.get(start, len(self._words) - 1)

    def _put(self, at: int, what: str) -> None:
        self._out.append(Word("done", what, self._words[at].before))

    def _upper(self, at: int) -> str:
        return self._words[at].upper if 0 <= at < len(self._words) else ""

    def _is(self, at: int, phrase: str) -> int | None:
        """After a phrase, if it is there."""
        for part in phrase.split():
            word = self._words[at] if at < len(self._words) else Word("end", "")
            if not (part == "#" and word.kind == "number" or word.upper == part):
                return None
            at += 1
        return at

    def _left_out(self, at: int) -> int | None:
        if self._upper(at) not in _IDLE_STARTS:
            return None
        for phrase in _IDLE:
            after = self._is(at, phrase)
            # `WITH cs AS (...)` is a common table expression.
            if after is not None and self._upper(after) not in ("AS", "("):
                return after
        after = self._is(at, "FOR UPDATE")
        if after is None or self._upper(after) != "OF":
            return after
        while self._upper(after) not in _ENDS:
            after += 1
        return after

    def _register(self, at: int) -> int | None:
        name, after = self._upper(at), at + 1
        if self._upper(at - 1) in (".", "AS") or self._upper(at + 1) == ".":
            return None
        if name == "CURRENT":
            name, after = self._upper(at + 1), at + 2
        elif name.startswith("CURRENT_"):
            name = name.removeprefix("CURRENT_")
        elif name in ("USER", "SESSION_USER", "SYSTEM_USER"):
            if self._upper(after) == "(" or self._defining and self._upper(at - 1) != "DEFAULT":
                return None
            name = "USER"
        else:
            return None
        if self._defining and (variable := _OF_SESSION.get(name)) and self._upper(at - 1) == "DEFAULT":
            # That of whoever inserts a row.
            self._put(at, f"getvariable('{variable}')")
            return after
        value = _NOW.get(name) or self._registers.get(name)
        if value is None:
            return None
        if self._upper(after) == "(":
            after = self._closing(after) + 1
        self._put(at, value)
        return after

    def _dummy(self, at: int) -> int | None:
        if self._upper(at - 1) not in ("FROM", ",", "JOIN"):
            return None
        after = self._is(at, "SYSIBM . SYSDUMMY1") or self._is(at, "SYSIBM / SYSDUMMY1") or self._is(at, "SYSDUMMY1")
        if after is None:
            return None
        follows = self._words[after]
        named = (
            follows.upper == "AS"
            or follows.kind == "quoted"
            or follows.kind == "name"
            and follows.upper not in _AFTER_TABLE
        )
        self._put(at, drawn.DUMMY + ("" if named else " AS SYSDUMMY1"))
        return after

    def _slash(self, at: int) -> int | None:
        if self._upper(at) != "/" or self._upper(at - 2) not in ("FROM", "JOIN", "INTO", "UPDATE"):
            return None
        self._put(at, ".")
        return at + 1

    def _values(self, at: int) -> int | None:
        if self._upper(at) != "VALUES" or self._upper(at + 1) in ("(", "=", ".", ",", ")", ""):
            if self._upper(at) != "VALUES" or self._words[at + 1].kind not in ("string", "number", "quoted", "done"):
                return None
        end, depth = at + 1, 0
        while end < len(self._words) and not (depth == 0 and self._ends_values(end)):
            depth += {"(": 1, ")": -1}.get(self._words[end].text, 0)
            end += 1
        self._out.append(self._words[at])
        parts = [text(self._inner(part)).strip() for part in split(self._words[at + 1 : end])]
        self._out.append(Word("done", ", ".join(f"({part})" for part in parts), " "))
        return end

    def _ends_values(self, at: int) -> bool:
        """VALUES without brackets end here. NEXT VALUE FOR has a FOR of its own."""
        named = self._upper(at) == "FOR" and self._upper(at - 1) in ("VALUE", "NEXTVAL", "PREVVAL")
        return self._words[at].text.upper() in _ENDS and not named

    def _sign(self, at: int) -> int | None:
        word = self._words[at]
        if word.text in ("¬=", "^="):
            self._put(at, "<>")
        elif (
            word.upper == "CONCAT"
            and at > 0
            and self._words[at - 1].ends_operand
            and self._words[at - 1].upper not in _OPENS
        ):
            self._put(at, "||")
        elif word.kind == "string" and word.text[0] in "gGnNbB":
            # GX'...' is left to DuckDB, which refuses it: its bytes are UTF-16.
            if word.text[0] not in "bB" and word.text[1] != "'":
                return None
            self._put(at, word.text[1:])
        else:
            return None
        return at + 1

    def _duration(self, at: int) -> int | None:
        """`+ 1 DAY`: the sign, an operand, a unit."""
        if self._words[at].text not in ("+", "-") or at == 0 or not self._words[at - 1].ends_operand:
            return None
        operand = self._words[at + 1] if at + 1 < len(self._words) else Word("end", "")
        if operand.kind not in ("number", "name", "quoted") and operand.text not in ("?", "("):
            return None
        end = self._closing(at + 1) + 1 if operand.text == "(" else at + 2
        if operand.kind == "name" and self._upper(end) == "(":
            end = self._closing(end) + 1
        unit = _UNITS.match(self._upper(end))
        if not unit:
            return None
        amount = text(self._inner(self._words[at + 1 : end])).strip()
        added = f" {self._words[at].text} INTERVAL ({amount}) {unit[1]}"
        self._durations = self._durations + 1 if self._out and self._out[-1].kind == "duration" else 1
        if self._durations > _DEEPEST:
            raise SqlError(-101, "54001", f"more than {_DEEPEST} durations after each other")
        self._out.append(Word("duration", added))
        return end + 1

    def _sequence(self, at: int) -> int | None:
        for phrase, draws in (
            ("NEXT VALUE FOR", True),
            ("NEXTVAL FOR", True),
            ("PREVIOUS VALUE FOR", False),
            ("PREVVAL FOR", False),
        ):
            after = self._is(at, phrase)
            if after is not None:
                end = after + 1
                while self._upper(end) == ".":
                    end += 2
                name = text(self._words[after:end]).strip()
                self._put(at, f"nextval({literal(name)})" if draws else drawn.previous(name))
                return end
        return None

    def _descending(self, at: int) -> int | None:
        """NULLs are high: first where values descend."""
        if self._upper(at) != "DESC" or self._upper(at + 1) == "NULLS" or self._indexing:
            return None
        self._put(at, "DESC NULLS FIRST")
        return at + 1

    def _index(self, at: int) -> int | None:
        """CREATE INDEX schema.name: DuckDB puts it into the schema of its table."""
        if not self._indexing or self._upper(at) != "INDEX" or self._words[at + 2].text != ".":
            return None
        self._put(at, "INDEX")
        self._out.append(Word("done", self._words[at + 3].text, " "))
        return at + 4

    def _recursion(self, at: int) -> int | None:
        """A common table expression that names itself is recursive, without a word."""
        if self._upper(at) != "WITH" or self._words[at + 1].kind not in ("name", "quoted"):
            return None
        if self._upper(at + 1) == "RECURSIVE":
            return None
        name, place = self._words[at + 1].text.strip('"').upper(), at + 2
        if self._upper(place) == "(":
            place = self._closing(place) + 1
        while self._upper(place) == "AS" and self._upper(place + 1) == "(":
            end = self._closing(place + 1)
            inside = self._words[place + 2 : end]
            if any(word.kind in ("name", "quoted") and word.text.strip('"').upper() == name for word in inside):
                self._put(at, "WITH RECURSIVE")
                return at + 1
            if self._upper(end + 1) != ",":
                return None
            name, place = self._words[end + 2].text.strip('"').upper(), end + 3
            if self._upper(place) == "(":
                place = self._closing(place) + 1
        return None

    def _type(self, at: int) -> int | None:
        if not ddl.is_type_place(self._words, at, self._defining, self._openings[at]):
            return None
        found = ddl.type_at(self._words, at)
        if found is None or found.duck is None:
            return None
        self._put(at, found.duck)
        return found.end

    def _function(self, at: int) -> int | None:
        if self._words[at].kind != "name" or self._upper(at + 1) != "(" or self._upper(at - 1) == ".":
            return None
        return self._cast(at, self._closing(at + 1)) if self._upper(at) == "CAST" else None

    def _lateral(self, at: int) -> int | None:
        """`TABLE (SELECT ...)` may name the tables before it."""
        query = self._upper(at + 2) in ("SELECT", "WITH", "VALUES") and self._upper(at + 1) == "("
        if self._upper(at) != "TABLE" or not query or self._upper(at - 1) not in ("FROM", ",", "JOIN"):
            return None
        self._put(at, "LATERAL")
        return at + 1

    def _ignored(self, at: int) -> int | None:
        """ELSE IGNORE at the end of a MERGE says what happens anyway."""
        merges = self._words[0].upper == "MERGE" and self._openings[at] < 0
        return self._is(at, "ELSE IGNORE") if merges and self._upper(at) == "ELSE" else None

    def _refused(self, at: int) -> int | None:
        """Clauses and statements that DuckDB has not."""
        for phrase in ("ROWS WITH TIES", "ROW WITH TIES", "JSON_TABLE (", "XMLTABLE ("):
            if self._is(at, phrase) is not None:
                raise SqlError(-270, "42997", phrase.rstrip(" ("))
        if self._defining and self._upper(at) == "ON" and self._upper(at + 1) in ("DELETE", "UPDATE"):
            action = " ".join(self._upper(n) for n in range(at, at + 4))
            if not action.endswith((" NO ACTION",)) and self._upper(at + 2) != "RESTRICT":
                raise SqlError(-270, "42997", action.removesuffix(",").removesuffix(")").rstrip())
        return None

    def _first_rows(self, at: int) -> int | None:
        """FETCH FIRST 1 + 2 ROWS ONLY: the number in brackets."""
        if self._upper(at) != "FETCH" or self._upper(at + 1) not in ("FIRST", "NEXT"):
            return None
        end = at + 2
        while self._upper(end) not in ("ROW", "ROWS", "") or self._words[end].kind not in ("name", "end"):
            end = self._closes.get(end, end) + 1
        if end - at < 4 or self._words[end].kind == "end":
            return None
        self._put(at, f"FETCH FIRST ({text(self._inner(self._words[at + 2 : end])).strip()})")
        return end

    def _separator(self, at: int) -> int | None:
        """`POSITION(a IN b USING OCTETS)` and the like."""
        opening = self._openings[at]
        if opening < 1 or self._upper(at) not in _BETWEEN.get(self._upper(opening - 1), ()):
            return None
        inside = [self._upper(n) for n in range(opening, at) if self._openings[n] == opening]
        if inside.count("CASE") > inside.count("END"):
            return None
        self._put(at, ",")
        return at + 1

    def _cast(self, at: int, end: int) -> int | None:
        """A CAST to a text or to bytes of some length: DuckDB's have none."""
        depth, place = 0, at + 2
        while place < end and not (depth == 0 and self._upper(place) == "AS"):
            depth += {"CASE": 1, "END": -1}.get(self._upper(place), 0)
            place = self._closes.get(place, place) + 1
        found = ddl.type_at(self._words[place:end], 1) if place < end else None
        if found is not None and self._upper(place + 1) == "DECFLOAT" and place + found.end == end:
            value = text(self._inner(self._words[at + 2 : place])).strip()
            digits = 16 if found.about["drda:length"] == "8" else 34
            self._put(at, f"{CAST}({value}, 'DECFLOAT', {digits})")
            return end + 1
        if found is None or found.duck not in ("VARCHAR", "BLOB") or place + found.end != end:
            return None
        length, kind = found.about.get("drda:length", "0"), found.about["drda:type"]
        if found.duck == "BLOB":
            if kind == "BLOB" or length == "0":
                return None
            value = text(self._inner(self._words[at + 2 : place])).strip()
            self._put(at, f"{CAST}({value}, '{kind}', {length})")
            return end + 1
        if self._words[end - 1].text != ")":
            return None
        name = "CHAR" if kind in ("CHAR", "GRAPHIC") else "VARCHAR"
        value = text(self._inner(self._words[at + 2 : place])).strip()
        self._put(at, f"{CAST}({value}, '{name}', {length})")
        return end + 1

    _STEPS: tuple[Callable[[Wording, int], int | None], ...] = (
        _left_out, _register, _dummy, _slash, _values, _sign, _duration, _sequence, _descending, _recursion,
        _index, _type, _function, _separator, _lateral, _ignored, _refused, _first_rows,
    )  # fmt: skip
