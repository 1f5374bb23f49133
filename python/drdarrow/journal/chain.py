"""The journal of a file, its receivers, and positions among their entries."""

from __future__ import annotations

import re
from typing import NamedTuple

from drdarrow.conditions import Condition
from drdarrow.exceptions import DataError, InterfaceError, ProgrammingError
from drdarrow.partitions.asking import Asking, Fetched

__all__ = ["Chain", "Position", "Receiver", "chain", "ended", "found", "journaled", "parts", "unjournaled"]

#: A name of the system: those in quotes are named so in journals, too.
_NAME = r'"[^"]{1,8}"|[^\s"/()]{1,10}'
_QUALIFIED = re.compile(rf"({_NAME})/({_NAME})(?:\([^)]*\))?")


class Position(NamedTuple):
    """A place between entries of a journal. Numbers alone do not say it: they may begin anew with a receiver."""

    receiver: str
    """The receiver of the entry, `LIBRARY/RECEIVER`."""
    sequence: int
    """The number of the last entry before the place; 0 for none."""
    attached: str = ""
    """When the receiver was attached: another journal may have one of the same name. Empty where that is not known."""


class Receiver(NamedTuple):
    """A receiver that is there."""

    name: str
    """`LIBRARY/RECEIVER`"""
    first: int
    last: int
    attached: str


class Chain(NamedTuple):
    """A journal with its receivers, the oldest first."""

    library: str
    journal: str
    receivers: list[Receiver]

    def end(self) -> Position:
        """The place after the last entry."""
        last = self.receivers[-1]
        return Position(last.name, last.last, last.attached)

    def place(self, receiver: str, sequence: int) -> Position:
        """The place after an entry of a receiver."""
        attached = next((each.attached for each in self.receivers if each.name == receiver), "")
        return Position(receiver, sequence, attached)

    def after(self, start: Position | int | None) -> Position:
        """The place that entries are read after, with the receiver that has them.

        Raises:
            DataError: some of them are gone, numbers have begun anew since, or it is of an earlier journal.
        """
        if start is None:
            first = self.receivers[0]
            if (reset := self._reset(0)) is not None:
                raise self._anew(first.first - 1, reset)
            return self.place(first.name, max(first.first - 1, 0))
        receiver, number, attached = start if isinstance(start, Position) else (None, start, "")
        if isinstance(number, bool) or not isinstance(number, int) or number < 0:
            raise InterfaceError(f"start: expected a Position or a sequence number, not {start!r}")
        names = [each.name for each in self.receivers]
        at = names.index(receiver) if receiver in names else 0
        first = self.receivers[at]
        if receiver == first.name and attached and _minutes(attached) != _minutes(first.attached):
            raise DataError(
                f"{self}: receiver {receiver} was attached at {first.attached}, and the one of the place that is to be "
                f"read after at {attached}: the journal was made anew; copy the file anew and read from there",
                sqlstate="55019",
                phase="execute",
            )
        if number + 1 < first.first:
            raise DataError(
                f"{self}: the entries {number + 1} to {first.first - 1} are gone: the receivers that had them were "
                f"deleted ({first.name} is the oldest); copy the file anew and read from there, and keep receivers "
                "until they were read",
                sqlstate="55019",
                phase="execute",
            )
        if (reset := self._reset(at)) is not None:
            raise self._anew(number, reset)
        if number > self.receivers[-1].last:
            raise self._anew(number, self.receivers[-1])
        if receiver not in (None, first.name) and number + 1 != first.first:
            # The receiver is gone: its last number was another, or those that follow are not of its row.
            raise self._anew(number, first)
        return self.place(first.name, number)

    def _reset(self, at: int) -> Receiver | None:
        """The first receiver after one whose numbers do not follow those before."""
        for before, after in zip(self.receivers[at:], self.receivers[at + 1 :], strict=False):
            if after.first != before.last + 1:
                return after
        return None

    def _anew(self, number: int, receiver: Receiver) -> DataError:
        return DataError(
            f"{self}: numbers do not go on from {number}: receiver {receiver.name} has those from {receiver.first} to "
            f"{receiver.last} (a receiver between is gone, or SEQOPT(*RESET) began them anew); read up to a change of "
            "the receiver before numbers are reset, and otherwise copy the file anew and read from there",
            sqlstate="55019",
            phase="execute",
        )

    def __str__(self) -> str:
        return f"journal {self.library}/{self.journal}"


def ended(journal: str | None, file: str | None) -> Asking[Position]:
    """The place after the last entry that a journal, or that of a file, has now."""
    if file is None and journal is None:
        raise InterfaceError("journal: give a journal, or file= for that of a file")
    return (yield from found(journal, ("", "") if file is None else parts(file))).end()


def found(journal: str | None, file: tuple[str, str]) -> Asking[Chain]:
    """A journal, or that of a file, as it is now."""
    if journal is None:
        of = yield from journaled(*file)
        if not of:
            raise unjournaled("/".join(file))
        return (yield from chain(*of[file[1]]))
    return (yield from chain(*parts(journal)))


def journaled(library: str, name: str | None = None) -> Asking[dict[str, tuple[str, str]]]:
    """The physical files of a library that are journaled, or one of them, with the library and name of its journal."""
    sql = (
        "SELECT OBJECT_NAME, JOURNAL_LIBRARY, JOURNAL_NAME FROM QSYS2.JOURNALED_OBJECTS WHERE OBJECT_LIBRARY = ? "
        "AND OBJECT_TYPE = '*FILE' AND FILE_TYPE = 'PHYSICAL'"
    )
    one = Condition(sql, (library,)) if name is None else Condition(f"{sql} AND OBJECT_NAME = ?", (library, name))
    rows = yield Fetched(one)
    texts = ([str(value).rstrip() for value in row] for row in rows)
    return {name: (where, journal) for name, where, journal in texts}


def unjournaled(path: str) -> ProgrammingError:
    """The error of a file without a journal."""
    return ProgrammingError(
        f"file {path} is not journaled: STRJRNPF FILE({path}) JRN(…) IMAGES(*BOTH) begins that",
        sqlstate="42704",
        phase="execute",
    )


def chain(where: str, name: str) -> Asking[Chain]:
    """A journal as it is now, by its library and name."""
    sql = (
        "SELECT JOURNAL_RECEIVER_LIBRARY, JOURNAL_RECEIVER_NAME, FIRST_SEQUENCE_NUMBER, LAST_SEQUENCE_NUMBER, "
        "ATTACH_TIMESTAMP FROM QSYS2.JOURNAL_RECEIVER_INFO WHERE JOURNAL_LIBRARY = ? AND JOURNAL_NAME = ? "
        "ORDER BY ATTACH_TIMESTAMP"
    )
    rows = yield Fetched(Condition(sql, (where, name)))
    receivers = [
        Receiver(f"{str(at).rstrip()}/{str(receiver).rstrip()}", int(first), int(last), str(attached))
        for at, receiver, first, last, attached in rows
    ]
    if not receivers:
        raise ProgrammingError(
            f"there is no journal {where}/{name}, or you may not see its receivers", sqlstate="42704", phase="execute"
        )
    return Chain(where, name, receivers)


def parts(path: str) -> tuple[str, str]:
    """Library and name of `LIBRARY/NAME` or `LIBRARY/NAME(MEMBER)`.

    Raises:
        InterfaceError: it is neither.
    """
    if (match := _QUALIFIED.fullmatch(path)) is None:
        raise InterfaceError(f"expected LIBRARY/NAME, not {path!r}")
    library, name = (part if part.startswith('"') else part.upper() for part in match.groups())
    return library, name


def _minutes(attached: str) -> str:
    """A time of the system without date and hour, which it may tell otherwise in summer than in winter."""
    return attached[14:]
