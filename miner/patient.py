"""Age and sex of the patient, from the columns or, where those are empty, from the words of the report."""

from __future__ import annotations

import re

from miner.records import Report

_AGE = re.compile(
    r"\b(\d{1,3})[ -]?(?:years?|yrs?|y)[ /-]?(?:o|old|of age)\b|\b(\d{1,3}) ?(?:yo|y/o|yof|yom)\b|"
    r"(?<!since )(?<!from )(?<!at )\bage[d:]? ?(\d{1,3})\b|"
    r"\b(\d{1,2}) ?(?:f|m)\b(?= |,|\.|;)|\b(\d{1,2})[ -]?(?:months?|mo)[ -]old\b"
)
_CHILD = re.compile(
    r"\b(?:child|boy|girl|infant|toddler|paediatric|pediatric|schoolchild|newborn|adolescent|teenager)\b"
)
_WORDS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_WORD_AGE = re.compile(r"\b(" + "|".join(_WORDS) + r")[ -]years?[ -]old\b")
_FEMALE = re.compile(r"\b(?:female|woman|girl|lady|\d{1,2} ?f|she|her)\b")
_MALE = re.compile(r"\b(?:male|man|boy|gentleman|\d{1,2} ?m|he|his)\b")
_ADULT, _YOUNG = 120.0, 8.0


def age(report: Report, lower: str) -> float | None:
    """Age in years; a child without a stated age counts as eight."""
    if report.age is not None:
        return report.age
    match = _AGE.search(lower)
    if match:
        value = next(float(g) for g in match.groups() if g)
        years = value / 12 if match.group(5) else value
        return years if years <= _ADULT else None
    word = _WORD_AGE.search(lower)
    if word:
        return float(_WORDS.index(word.group(1)) + 1)
    return _YOUNG if _CHILD.search(lower) and not re.search(r"\b(?:as a child|childhood)\b", lower) else None


def sex(report: Report, lower: str) -> str | None:
    """``F`` or ``M``, None where the words do not say or say both."""
    if report.sex in ("F", "M"):
        return report.sex
    female, male = bool(_FEMALE.search(lower)), bool(_MALE.search(lower))
    return "F" if female and not male else "M" if male and not female else None
