"""Ages and dates as hospital systems write them."""

from __future__ import annotations

import datetime as dt

import pytest

from miner.values import parse_age, parse_date

AGES = [
    ("67", 67.0),
    ("67Y", 67.0),
    ("067Y", 67.0),
    ("67 years", 67.0),
    ("67 y/o", 67.0),
    ("67yo", 67.0),
    ("67.5", 67.5),
    ("8M", 8 / 12),
    ("008M", 8 / 12),
    ("3 weeks", 3 * 7 / 365.25),
    ("10D", 10 / 365.25),
    ("90+", 90.0),
    (">89", 89.0),
    ("0", 0.0),
    ("120", 120.0),
]


@pytest.mark.parametrize(("given", "years"), AGES)
def test_age_is_read_in_years(given: str, years: float) -> None:
    """An age in any usual spelling is read, months, weeks and days as parts of a year."""
    assert parse_age(given) == pytest.approx(years)


@pytest.mark.parametrize("given", ["121", "999", "-3", "adult", "", "67Q", "1990-01-01", "999Y"])
def test_age_that_is_none_is_none(given: str) -> None:
    """What is no age of 0 to 120 years is not guessed at."""
    assert parse_age(given) is None


DATES = [
    ("2024-02-03", dt.date(2024, 2, 3)),
    ("2024-02-03T10:11:12Z", dt.date(2024, 2, 3)),
    ("2024-02-03 10:11:12.000", dt.date(2024, 2, 3)),
    ("2024/2/3", dt.date(2024, 2, 3)),
    ("20240203", dt.date(2024, 2, 3)),
    ("20240203101112", dt.date(2024, 2, 3)),
    ("02/13/2024", dt.date(2024, 2, 13)),
    ("13/02/2024", dt.date(2024, 2, 13)),
    ("2/3/2024 8:05 AM", dt.date(2024, 2, 3)),
    ("2/3/24", dt.date(2024, 2, 3)),
    ("2/3/71", dt.date(1971, 2, 3)),
    ("3.2.2024", dt.date(2024, 2, 3)),
    ("03-Feb-2024", dt.date(2024, 2, 3)),
    ("3 February 2024", dt.date(2024, 2, 3)),
    ("Feb 3, 2024", dt.date(2024, 2, 3)),
    ("2180-05-06", dt.date(2180, 5, 6)),
]


@pytest.mark.parametrize(("given", "date"), DATES)
def test_date_is_read(given: str, date: dt.date) -> None:
    """A date in any usual spelling is read, a time of day behind it dropped."""
    found = parse_date(given)
    assert found is not None
    assert found.value == date


@pytest.mark.parametrize(
    "given", ["", "yesterday", "2024-13-01", "31/31/2024", "2023-02-29", "0001-01-01", "9999-12-31", "45000", "2024-02"]
)
def test_date_that_is_none_is_none(given: str) -> None:
    """What is no date, or only a placeholder for one, is not guessed at."""
    assert parse_date(given) is None


def test_order_of_day_and_month_is_taken_as_told() -> None:
    """An ambiguous date follows the order asked for, and says that it is ambiguous; an unambiguous one does not."""
    told = parse_date("01/02/2024", day_first=True)
    assert told is not None and told.value == dt.date(2024, 2, 1) and told.ambiguous and told.day_first is None
    clear = parse_date("13/02/2024", day_first=False)
    assert clear is not None and clear.day_first is True and not clear.ambiguous
