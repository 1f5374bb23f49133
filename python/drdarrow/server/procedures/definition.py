"""Reads CREATE PROCEDURE and DROP PROCEDURE.

What is understood of the body: BEGIN and END, DECLARE of variables and cursors, SET, IF, WHILE, REPEAT, LOOP, LEAVE,
ITERATE, SELECT INTO, OPEN, FETCH, CLOSE, RETURN, and statements that change rows. The rest, handlers above all, is
refused when the procedure is made, not when it is called.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from drdarrow.server import ddl
from drdarrow.server.engine import SqlError
from drdarrow.server.lexer import Word, closing, lex, split, text
from drdarrow.server.procedures.steps import (
    Block,
    Clauses,
    Close,
    Condition,
    CursorDeclaration,
    Declaration,
    Fetch,
    If,
    Into,
    Jump,
    Loop,
    Open,
    Parameter,
    Procedure,
    Return,
    Set,
    Sql,
    Step,
)

__all__ = ["Drop", "creation", "dropped", "is_about_procedures"]

_ABOUT = re.compile(
    r"\s*+(?:create\s++(?:or\s++replace\s++)?procedure|drop\s++(?:specific\s++)?procedure)\b", re.IGNORECASE
)
#: Blocks within each other: each costs some depth of Python's stack.
_DEEPEST = 50
_MOST_RESULTS = 32_767
#: Types that variables have.
_TYPES = set(
    "SMALLINT INTEGER INT BIGINT REAL DOUBLE FLOAT DECFLOAT DECIMAL DEC NUMERIC NUM BOOLEAN DATE TIME TIMESTAMP CHAR "
    "CHARACTER VARCHAR LONG CLOB GRAPHIC VARGRAPHIC DBCLOB NCHAR NVARCHAR NCLOB BINARY VARBINARY BLOB XML".split()
)
_CHANGES = {"INSERT", "UPDATE", "DELETE", "MERGE"}
#: Clauses between the parameters and the body, with the words after them.
_CLAUSES = [
    "LANGUAGE SQL", "DYNAMIC RESULT SETS #", "DYNAMIC RESULT SET #", "RESULT SETS #", "RESULT SET #",
    "NOT DETERMINISTIC", "DETERMINISTIC", "MODIFIES SQL DATA", "READS SQL DATA", "CONTAINS SQL", "CALLED ON NULL INPUT",
    "SPECIFIC .", "INHERIT SPECIAL REGISTERS", "OLD SAVEPOINT LEVEL", "NEW SAVEPOINT LEVEL", "EXTERNAL ACTION",
    "NO EXTERNAL ACTION", "COMMIT ON RETURN NO",
]  # fmt: skip


@dataclass
class Drop:
    """DROP PROCEDURE. types: how many parameters it has, where that is told."""

    schema: str | None
    name: str
    types: int | None


def is_about_procedures(sql: str) -> bool:
    """CREATE PROCEDURE or DROP PROCEDURE."""
    return bool(_ABOUT.match(sql))


def dropped(sql: str) -> Drop | None:
    """The procedure that a DROP is about; None for a CREATE. Raises SqlError -104."""
    read = _Reader(lex(sql))
    if not read.skip("DROP"):
        return None
    if read.upper == "SPECIFIC":
        raise SqlError(-104, "42601", "SPECIFIC", "DROP", "PROCEDURE")
    read.skip("PROCEDURE")
    schema, name = read.names()
    types = len(read.brackets()) if read.upper == "(" else None
    read.skip(";")
    read.expect("")
    return Drop(schema, name, types)


def creation(sql: str) -> Procedure:
    """The procedure that a CREATE makes. Raises SqlError -104 where its text is not understood."""
    read = _Reader(lex(sql))
    read.expect("CREATE")
    replaces = read.skip("OR REPLACE")
    read.expect("PROCEDURE")
    schema, name = read.names()
    parameters = [_parameter(part) for part in read.brackets() if part] if read.upper == "(" else []
    names = [parameter.name for parameter in parameters]
    if len(set(names)) < len(names):
        raise SqlError(-601, "42734", next(name for name in names if names.count(name) > 1), "PARAMETER")
    clauses = read.clauses()
    body = read.step(0)
    read.skip(";")
    read.expect("")
    block = body if isinstance(body, Block) else Block([body])
    made = Procedure(schema, name, parameters, block, replaces, sql.strip(), clauses)
    _check(made)
    return made


def _parameter(part: list[Word]) -> Parameter:
    read = _Reader([*part, Word("end", "")])
    mode = next((mode for mode in ("INOUT", "IN", "OUT") if read.upper == mode and read.next_is_name()), "IN")
    if read.upper == mode and read.next_is_name():
        read.at += 1
    name = read.name()
    kind = read.type("DEFAULT")
    read.expect("")
    return Parameter(mode, name, kind)


def _check(procedure: Procedure) -> None:
    """Raises SqlError -504 for a cursor that is not declared, -270 for one whose rows are read and handed over."""

    def look(steps: list[Step], known: dict[str, bool]) -> None:
        known = dict(known)
        for step in steps:
            if isinstance(step, CursorDeclaration):
                known[step.name] = step.returns
            elif isinstance(step, Open | Fetch | Close):
                if step.cursor not in known:
                    raise SqlError(-504, "34000", step.cursor)
                if isinstance(step, Fetch) and known[step.cursor]:
                    raise SqlError(-270, "42997", f"FETCH of a cursor WITH RETURN: {step.cursor}")
            elif isinstance(step, If):
                for branch in step.branches:
                    look(branch.steps, known)
                look(step.others, known)
            elif isinstance(step, Loop | Block):
                look(step.steps, known)

    look([procedure.body], {})


class _Reader:
    """Goes through words."""

    def __init__(self, words: list[Word]) -> None:
        self.words = words
        self.at = 0

    @property
    def word(self) -> Word:
        """The word where it stands; the last one has no text."""
        return self.words[min(self.at, len(self.words) - 1)]

    @property
    def upper(self) -> str:
        """The same in upper case."""
        return self.word.upper

    @property
    def ended(self) -> bool:
        """A step ends here."""
        return self.upper == ";" or self.word.kind == "end"

    def next_is_name(self) -> bool:
        """A name follows."""
        after = self.words[min(self.at + 1, len(self.words) - 1)]
        return after.kind in ("name", "quoted")

    def wrong(self) -> SqlError:
        """The error of a word that is not understood."""
        before = self.words[self.at - 1].text if self.at else ""
        return SqlError(-104, "42601", self.word.text or "END-OF-STATEMENT", before, "")

    def skip(self, phrase: str) -> bool:
        """Goes past a phrase, if it is there; # is a number, . a name."""
        parts = phrase.split()
        for n, part in enumerate(parts):
            word = self.words[min(self.at + n, len(self.words) - 1)]
            kinds = {"#": ("number",), ".": ("name", "quoted")}.get(part)
            if word.upper != part if kinds is None else word.kind not in kinds:
                return False
        self.at += len(parts)
        return True

    def expect(self, phrase: str) -> None:
        """Goes past a phrase that has to be there; "" is the end."""
        if phrase == "" and self.word.kind != "end" or phrase and not self.skip(phrase):
            raise self.wrong()

    def name(self) -> str:
        """A name."""
        word = self.word
        if word.kind not in ("name", "quoted"):
            raise self.wrong()
        self.at += 1
        return word.text[1:-1].replace('""', '"').upper() if word.kind == "quoted" else word.upper

    def clauses(self) -> Clauses:
        """The clauses between the parameters and the body."""
        found = Clauses()
        while clause := next((clause for clause in _CLAUSES if self.skip(clause)), ""):
            self.at -= 1
            if clause.endswith("#"):
                found.results = self._count()
            elif clause == "SPECIFIC .":
                found.specific = self.name()
                continue
            elif clause.endswith(("SQL DATA", "CONTAINS SQL")):
                found.access = clause.split()[0]
            elif clause.endswith("DETERMINISTIC"):
                found.deterministic = clause == "DETERMINISTIC"
            self.at += 1
        return found

    def _count(self) -> int:
        """A number of results."""
        if not self.word.text.isdecimal() or len(self.word.text) > 5 or int(self.word.text) > _MOST_RESULTS:
            raise self.wrong()
        return int(self.word.text)

    def names(self) -> tuple[str | None, str]:
        """A name that may have a schema in front."""
        first = self.name()
        return (first, self.name()) if self._dot() else (None, first)

    def _dot(self) -> bool:
        if self.word.text != ".":
            return False
        self.at += 1
        return True

    def brackets(self) -> list[list[Word]]:
        """The parts within brackets."""
        end = closing(self.words, self.at)
        if self.words[end].text != ")":
            raise self.wrong()
        inside = self.words[self.at + 1 : end]
        self.at = end + 1
        return split(inside) if inside else []

    def until(self, *ends: str) -> list[Word]:
        """The words before one of these, or before the end; those in brackets and between CASE and END belong
        together."""
        start, depth = self.at, 0
        while self.word.kind != "end" and not (depth == 0 and self.upper in ends):
            depth += {"(": 1, "CASE": 1, ")": -1, "END": -1}.get(self.upper, 0)
            if depth < 0:
                raise self.wrong()
            self.at += 1
        if self.at == start:
            raise self.wrong()
        return self.words[start : self.at]

    def type(self, *ends: str) -> str:
        """A type, in the words that it has. Raises SqlError -204 for one that is not built in, -604 for one that is too
        long."""
        words = self.until(*ends)
        if words[0].upper not in _TYPES:
            raise SqlError(-204, "42704", text(words).strip())
        ddl.declared_type([*words, Word("end", "")], 0)
        return text(words).strip()

    def steps(self, depth: int, *ends: str) -> list[Step]:
        """Steps, each with its semicolon, before one of these words."""
        found = []
        while self.upper not in ends:
            found.append(self.step(depth))
            self.expect(";")
        return found

    def step(self, depth: int) -> Step:
        """One step."""
        if depth > _DEEPEST:
            raise SqlError(-101, "54001", f"more than {_DEEPEST} blocks within each other")
        label = ""
        if self.next_is(":"):
            label = self.name()
            self.at += 1
        upper = self.upper
        if upper == "BEGIN":
            return self._block(depth, label)
        if upper in ("WHILE", "REPEAT", "LOOP"):
            return self._loop(depth, label)
        if label:
            raise self.wrong()
        if upper == "DECLARE":
            return self._declaration()
        if upper in _CHANGES:
            return Sql(self.until(";"))
        if upper in ("SELECT", "WITH", "VALUES"):
            return self._into()
        if upper == "IF":
            return self._if(depth)
        self.at += 1
        match upper:
            case "SET":
                return self._set()
            case "OPEN":
                return Open(self.name())
            case "CLOSE":
                return Close(self.name())
            case "FETCH":
                if not self.skip("NEXT FROM"):
                    self.skip("FROM")
                cursor = self.name()
                self.expect("INTO")
                return Fetch(cursor, self.targets())
            case "LEAVE" | "ITERATE":
                return Jump(self.name(), upper == "ITERATE")
            case "RETURN":
                return Return(None if self.ended else self.until(";"))
        self.at -= 1
        raise self.wrong()

    def next_is(self, sign: str) -> bool:
        """A sign stands after the word."""
        return self.words[min(self.at + 1, len(self.words) - 1)].text == sign

    def targets(self) -> list[str]:
        """Names of variables with commas between them."""
        found = [self.target()]
        while self.skip(","):
            found.append(self.target())
        return found

    def target(self) -> str:
        """The name of a variable; that of its procedure or block and a point may stand in front."""
        return ".".join(filter(None, self.names()))

    def _block(self, depth: int, label: str) -> Block:
        self.expect("BEGIN")
        atomic = not self.skip("NOT ATOMIC") and self.skip("ATOMIC")
        steps = self.steps(depth + 1, "END")
        self.expect("END")
        self._again(label)
        return Block(steps, label, atomic)

    def _again(self, label: str) -> None:
        """The label may stand at the end once more."""
        if label and self.upper == label:
            self.at += 1

    def _loop(self, depth: int, label: str) -> Loop:
        kind, condition, until = self.upper, None, None
        self.at += 1
        if kind == "WHILE":
            condition = self.until("DO")
            self.expect("DO")
        steps = self.steps(depth + 1, "END", "UNTIL")
        if kind == "REPEAT":
            self.expect("UNTIL")
            until = self.until("END")
        self.expect(f"END {kind}")
        self._again(label)
        return Loop(steps, condition, until, label)

    def _if(self, depth: int) -> If:
        branches: list[Condition] = []
        others: list[Step] = []
        while self.upper in ("IF", "ELSEIF"):
            self.at += 1
            when = self.until("THEN")
            self.expect("THEN")
            branches.append(Condition(when, self.steps(depth + 1, "ELSEIF", "ELSE", "END")))
        if self.skip("ELSE"):
            others = self.steps(depth + 1, "END")
        self.expect("END IF")
        return If(branches, others)

    def _declaration(self) -> Declaration | CursorDeclaration:
        self.expect("DECLARE")
        names = self.targets()
        if self.upper in ("CURSOR", "SENSITIVE", "INSENSITIVE", "ASENSITIVE"):
            return self._cursor(names[0])
        if self.upper in ("HANDLER", "CONDITION"):
            raise self.wrong()
        kind = self.type(";", "DEFAULT", "CONSTANT")
        constant = self.upper == "CONSTANT"
        if constant or self.upper == "DEFAULT":
            self.at += 1
            return Declaration(names, kind, self.until(";"), constant)
        return Declaration(names, kind)

    def _cursor(self, name: str) -> CursorDeclaration:
        if self.upper != "CURSOR":
            self.at += 1
        self.expect("CURSOR")
        returns = False
        while self.upper in ("WITH", "WITHOUT"):
            if self.skip("WITH RETURN"):
                returns = True
                if not self.skip("TO CALLER"):
                    self.skip("TO CLIENT")
            elif not self.skip("WITH HOLD") and not self.skip("WITHOUT HOLD") and not self.skip("WITHOUT RETURN"):
                raise self.wrong()
        self.expect("FOR")
        if self.upper not in ("SELECT", "WITH", "VALUES", "("):
            raise self.wrong()
        return CursorDeclaration(name, self.until(";"), returns)

    def _set(self) -> Set:
        values = []
        while True:
            name = self.target()
            self.expect("=")
            values.append((name, self.until(",", ";")))
            if not self.skip(","):
                return Set(values)

    def _into(self) -> Into:
        head = self.until("INTO", ";")
        self.expect("INTO")
        targets = self.targets()
        rest = [] if self.ended else self.until(";")
        return Into([*head, *rest], targets)
