"""Texts of dates and times in the forms that Db2 takes, as constants of DuckDB."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable

from drdarrow.server.engine import SqlError

__all__ = ["FORMS", "date", "ends_a_day", "time", "timestamp"]

#: ISO and JIS, EUR, USA.
_DATES = (
    re.compile(r"(?P<y>\d{4})-(?P<m>\d\d?)-(?P<d>\d\d?)"),
    re.compile(r"(?P<d>\d\d?)\.(?P<m>\d\d?)\.(?P<y>\d{4})"),
    re.compile(r"(?P<m>\d\d?)/(?P<d>\d\d?)/(?P<y>\d{4})"),
)
_DAY_OF_YEAR = re.compile(r"(\d{4})(\d{3})")
_TIMES = (
    re.compile(r"(?P<h>\d\d?)[.:](?P<m>\d\d)(?:[.:](?P<s>\d\d))?"),
    re.compile(r"(?P<h>\d\d?)(?::(?P<m>\d\d))? (?P<half>[AaPp])[Mm]"),
)
_STAMP = re.compile(r"(\d{4}-\d\d?-\d\d?)(?:[- T](\d\d?)[.:](\d\d)[.:](\d\d)(?:\.(\d{0,12}))?)?")
_PACKED = re.compile(r"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)")
#: The same as DuckDB reads them.
FORMS = {
    "DATE": ("%Y-%m-%d", "%d.%m.%Y", "%m/%d/%Y", "%Y-%m-%d-%H.%M.%S.%f", "%Y-%m-%d-%H.%M.%S", "%Y-%m-%d %H:%M:%S.%f",
             "%Y-%m-%d %H:%M:%S", "%Y%j"),
    "TIME": ("%H:%M:%S", "%H.%M.%S", "%H:%M", "%H.%M", "%I:%M %p", "%I %p"),
    "TIMESTAMP": ("%Y-%m-%d-%H.%M.%S.%f", "%Y-%m-%d %H:%M:%S.%f", "%Y-%m-%d-%H.%M.%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d",
                  "%Y-%m-%d %H.%M.%S.%f", "%Y-%m-%d %H.%M.%S", "%Y%m%d%H%M%S"),
}  # fmt: skip


def date(text: str) -> str:
    """A date as ISO has it. Raises SqlError -180 for another text, -181 for a day that does not exist."""
    text = text.strip()
    for form in _DATES:
        if found := form.fullmatch(text):
            return _day(int(found["y"]), int(found["m"]), int(found["d"]))
    if found := _DAY_OF_YEAR.fullmatch(text):
        return _valid(lambda: datetime.date(int(found[1]), 1, 1) + datetime.timedelta(int(found[2]) - 1))
    return timestamp(text)[:10]


def time(text: str) -> str:
    """A time as ISO has it. Raises SqlError -180, -181, as for 24:00:00, which DuckDB has not."""
    text = text.strip()
    for form in _TIMES:
        if found := form.fullmatch(text):
            parts = found.groupdict()
            hour, minute, second = int(parts["h"]), int(parts["m"] or 0), int(parts.get("s") or 0)
            if half := parts.get("half"):
                if not (1 <= hour <= 12 or hour == 0 == minute):
                    raise SqlError(-181, "22007")
                hour = hour % 12 + 12 * (half in "pP")
            return _clock(hour, minute, second)
    return timestamp(text)[11:19]


def timestamp(text: str, midnight: bool = False) -> str:
    """A timestamp as ISO has it, with the digits of its fraction. midnight: 24.00.00 is taken as the first moment of
    the next day, as Derby does; Db2 has the moment, too, but keeps how it was written, which DuckDB cannot.

    Raises SqlError -180, -181.
    """
    found = _stamp(text)
    if not found:
        raise SqlError(-180, "22007", text.strip()[:40])
    day, hour, minute, second = date(found[1]), int(found[2] or 0), int(found[3] or 0), int(found[4] or 0)
    fraction = (found[5] or "").ljust(6, "0")
    if midnight and ends_a_day(text):
        day, hour = _valid(lambda: datetime.date.fromisoformat(day) + datetime.timedelta(1)), 0
    clock = _clock(hour, minute, second)
    return f"{day} {clock}.{fraction.rstrip('0').ljust(6, '0')}"


def ends_a_day(text: str) -> bool:
    """Whether a text is a timestamp at 24.00.00."""
    found = _stamp(text)
    return found is not None and [*found.group(2, 3, 4)] == ["24", "00", "00"] and not (found[5] or "").strip("0")


def _stamp(text: str) -> re.Match[str] | None:
    text = text.strip()
    if found := _PACKED.fullmatch(text):
        text = "{}-{}-{}-{}.{}.{}".format(*found.groups())
    return _STAMP.fullmatch(text)


def _day(year: int, month: int, day: int) -> str:
    return _valid(lambda: datetime.date(year, month, day))


def _clock(hour: int, minute: int, second: int) -> str:
    return _valid(lambda: datetime.time(hour, minute, second))


def _valid(make: Callable[[], datetime.date | datetime.time]) -> str:
    try:
        return make().isoformat()
    except (ValueError, OverflowError):
        raise SqlError(-181, "22007") from None
