"""What a report says besides its findings, and the spans of time in it."""

from __future__ import annotations

import pytest

from miner.advice import interval
from miner.reader import Reader
from miner.records import Report
from miner.words import words_of

FINDING = "FINDINGS: Soft tissue calcification of the left thigh. "


def said(reader: Reader, text: str) -> list[tuple[str, str, str | None, int | None]]:
    """Topic, entry, modality and interval of everything that a report says."""
    reading = reader.read(Report("r", text))
    return [(a.topic, a.entry, a.modality, a.interval_days) for a in reading.advice]


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("repeat film in 6 weeks", 42),
        ("in 6 to 8 weeks", 56),
        ("six-month follow up", 180),
        ("in 1 year", 365),
        ("annual radiographs", 365),
        ("in 10 days", 10),
        ("6-8 weeks", 56),
        ("7 cm mass, MRI advised", None),
        ("for many years", None),
        ("since 2019", None),
    ],
)
def test_interval(text: str, days: int | None) -> None:
    """A span of time is its number and unit in days; of a range the longer; numbers of other things are none."""
    assert interval(words_of(text, 0, len(text))) == days


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Repeat radiograph in 6 weeks is advised.", [("follow_up", "advised", "by_radiograph", 42)]),
        ("MRI is recommended.", [("follow_up", "advised", "by_mri", None)]),
        ("No follow up needed.", []),
        ("Compared with 2019 it has grown.", [("comparison", "comparison_made", None, None)]),
        ("No prior studies.", [("comparison", "comparison_lacking", None, None)]),
        ("Correlation with serum phosphate is advised.", [
            ("work_up", "mineral_labs", None, None), ("follow_up", "advised", None, None)
        ]),
        ("Myositis ossificans.", [("naming", "myositis_ossificans", None, None)]),
        ("Myositis ossificans progressiva.", []),
        ("The CT of the chest was normal.", []),
    ],
)  # fmt: skip
def test_what_is_said(reader: Reader, text: str, found: list[tuple[str, str, str | None, int | None]]) -> None:
    """Each topic is found in its wordings, advice with modality and interval of its own sentence."""
    assert said(reader, f"{FINDING}IMPRESSION: {text}") == found


def test_questions_are_no_advice(reader: Reader) -> None:
    """What the request asks for is not what the report advises; a comparison section is a comparison."""
    text = f"INDICATION: MRI recommended by GP, biopsy? COMPARISON: 4 May 2020. {FINDING}"
    assert said(reader, text) == [("comparison", "comparison_made", None, None)]


def test_only_reports_with_soft_tissue_calcification_are_asked(reader: Reader) -> None:
    """A report without an open soft tissue finding gives no rows."""
    assert said(reader, "FINDINGS: No soft tissue calcification. IMPRESSION: MRI in 6 weeks is advised.") == []


def test_places_are_those_of_the_text_as_given(reader: Reader) -> None:
    """Positions point into the report as given, whatever was normalised on the way."""
    text = f"{FINDING}IMPRES\u00adSION: Repeat\u200b radiograph in 6\u00a0weeks is advised."
    (advice,) = reader.read(Report("r", text)).advice
    assert text[advice.start : advice.end].replace("\u200b", "") == "Repeat radiograph in"
