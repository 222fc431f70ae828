"""Ages, dates and missing values as hospital systems write them.

Nothing is guessed in silence: what cannot be read becomes null and is counted by the caller.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

MISSING = frozenset({"", "null", "\\n", "nan", "nat", "<na>", "none"})
"""Spellings of "no value" (any case, outer spaces ignored) in identifiers, dates, ages and carried columns."""

OLDEST_YEAR, NEWEST_YEAR = 1850, 2300
"""Years outside are placeholders (0001-01-01, 9999-12-31); de-identified corpora shift dates as far as 2200."""

MAX_AGE = 120.0

_UNITS = {"": 1.0, "y": 1.0, "m": 12.0, "w": 365.25 / 7, "d": 365.25}
_AGE = re.compile(
    r"[>≥]?\s*(\d{1,3}(?:[.,]\d+)?)\s*\+?\s*(years?|yrs?|y/?o|y|months?|mos?|m|weeks?|wks?|w|days?|d|)\.?(?:\s*old)?",
    re.IGNORECASE,
)

_TIME = r"(?:[T ]+\d{1,2}[:.]?\d{2}.*)?"
_YEAR_FIRST = re.compile(r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})" + _TIME)
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})(?:[T ]?\d{4,6}(?:\.\d+)?(?:[-+]\d{4}|Z)?)?")
_YEAR_LAST = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4}|\d{2})" + _TIME)
_DAY_NAME = re.compile(r"(\d{1,2})[-/. ]+([a-z]{3,9})\.?[-/., ]+(\d{4}|\d{2})" + _TIME, re.IGNORECASE)
_NAME_DAY = re.compile(r"([a-z]{3,9})\.? +(\d{1,2}),? +(\d{4})" + _TIME, re.IGNORECASE)
_MONTHS = {
    name: number
    for number, name in enumerate(
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], start=1
    )
}


def parse_age(value: str) -> float | None:
    """Age in years from ``67``, ``67Y``, ``067Y``, ``8M`` (months), ``3W``, ``10D``; None if unreadable or not 0-120.

    Top-coded ages (``90+``, ``>89``) are taken at the figure given.
    """
    match = _AGE.fullmatch(value.strip())
    if match is None:
        return None
    years = float(match[1].replace(",", ".")) / _UNITS[match[2][:1].lower()]
    return years if 0.0 <= years <= MAX_AGE else None


@dataclass(frozen=True, slots=True)
class Date:
    """A date as read; ``ambiguous``: day and month could be exchanged; ``day_first``: which came first, if it shows."""

    value: dt.date
    ambiguous: bool = False
    day_first: bool | None = None


def parse_date(value: str, day_first: bool = False) -> Date | None:
    """Date from ISO, ``YYYYMMDD``, ``m/d/Y`` or ``d/m/Y`` (``day_first`` settles it), ``d.m.Y`` and spelled months.

    A time of day is dropped. A value that is impossible in the asked order and possible in the other is read in the
    other, because 13/02/2024 can only be one thing. Two-digit years: 69-99 are 19xx. None where unreadable.
    """
    value = value.strip()
    if match := _YEAR_FIRST.fullmatch(value):
        return _date(match[1], match[3], match[4])
    if match := _COMPACT.fullmatch(value):
        return _date(match[1], match[2], match[3])
    if match := _YEAR_LAST.fullmatch(value):
        first, second = int(match[1]), int(match[3])
        if match[2] == ".":
            return _date(match[4], match[3], match[1])
        if first > 12 or second > 12:
            shown = first > 12
            found = _date(match[4], second, first) if shown else _date(match[4], first, second)
            return None if found is None else Date(found.value, day_first=shown)
        found = _date(match[4], second, first) if day_first else _date(match[4], first, second)
        return None if found is None else Date(found.value, ambiguous=first != second)
    if match := _DAY_NAME.fullmatch(value):
        return _date(match[3], _MONTHS.get(match[2][:3].lower(), 0), match[1])
    if match := _NAME_DAY.fullmatch(value):
        return _date(match[3], _MONTHS.get(match[1][:3].lower(), 0), match[2])
    return None


def _date(year: str | int, month: str | int, day: str | int) -> Date | None:
    number = int(year)
    if len(str(year)) == 2:
        number += 1900 if number >= 69 else 2000
    if not OLDEST_YEAR <= number <= NEWEST_YEAR:
        return None
    try:
        return Date(dt.date(number, int(month), int(day)))
    except ValueError:
        return None
