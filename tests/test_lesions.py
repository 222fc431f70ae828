"""Which mentions speak of the same lesion."""

from __future__ import annotations

import pytest
from marked import settle

from miner.reader import Reader
from miner.records import Report

CASES: dict[str, tuple[str, list[str | None]]] = {
    "one": ("Calcification of the cuff.", ["L1"]),
    "findings and impression": (
        "FINDINGS: Calcification about the hip. IMPRESSION: Heterotopic ossification about the hip.",
        ["L1", "L1"],
    ),
    "name in apposition": ("Calcified mass of the elbow, tumoral calcinosis.", ["L1", "L1"]),
    "name in brackets": ("Heterotopic ossification (HO) about the hip.", ["L1", "L1"]),
    "next sentence": ("Calcification of the cuff. The calcification is unchanged.", ["L1", "L1"]),
    "other place": ("Calcification of the cuff. Calcification of the Achilles tendon.", ["L1", "L2"]),
    "other side": ("Calcification of the left cuff. Calcification of the right cuff.", ["L1", "L2"]),
    "other name": ("Phleboliths in the pelvis. Heterotopic ossification about the hip.", ["L1", "L2"]),
    "coordinated": ("Calcification in the supraspinatus and ossification lateral to the hip.", ["L1", "L2"]),
    "hedged name": ("Calcification of the cuff, likely calcific tendinitis.", ["L1", "L1"]),
    "denied is none": ("No calcification of the cuff.", [None]),
    "asked is none": ("INDICATION: ?HO. FINDINGS: Normal.", [None]),
    "vascular is none": ("Calcification of the aorta. Phleboliths in the pelvis.", [None, "L1"]),
    "possible is one": ("Possible calcification of the cuff.", ["L1"]),
}
"""Texts, and the lesion of every mention in order."""

KNOWN_FAILURES: dict[str, str] = {
    "description and name": "the 'with' of 'consistent with' is taken for a conjunction, so that the two are not tied",
    "described by its order": "cortex and trabeculae beside the mass are a mention and a lesion of their own",
}
"""Texts that are read wrongly at present, with what stands in the way."""


@pytest.mark.parametrize("name", CASES)
def test_lesions(reader: Reader, name: str) -> None:
    """Mentions of the same thing share a lesion, mentions of different things do not."""
    text, expected = CASES[name]
    found = [m.lesion_id for m in reader.read(Report(name, text)).mentions]
    settle(name, [] if found == expected else [f"{found} instead of {expected}"], KNOWN_FAILURES)


def test_every_lesion_has_a_differential(reader: Reader) -> None:
    """Each lesion has one differential, in order, over every cause of the lexicon."""
    reading = reader.read(Report("r", CASES["other place"][0]))
    assert [d.lesion_id for d in reading.differentials] == ["L1", "L2"]
    for differential in reading.differentials:
        assert {c.cause for c in differential.candidates} == set(reader.causes)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Calcification of the cuff.", "calcification"),
        ("Ossification about the hip.", "ossification"),
        ("Corticated calcified mass of the thigh.", "ossification"),
        ("Calcification of the cuff. Ossification about the hip.", "both"),
        ("No calcification of the cuff.", None),
        ("Calcification of the aorta.", None),
    ],
)
def test_kind_of_a_report(reader: Reader, text: str, kind: str | None) -> None:
    """The kind comes from the words and from the order described, over the open soft tissue lesions."""
    assert reader.read(Report("r", text)).kind == kind


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("Phleboliths in the pelvis. Heterotopic ossification about the hip.", "heterotopic_ossification"),
        ("Heterotopic ossification about the hip. Phleboliths in the pelvis.", "heterotopic_ossification"),
        ("Possible heterotopic ossification about the hip. Phleboliths in the pelvis.", "phlebolith"),
        ("No heterotopic ossification about the hip. Phleboliths in the pelvis.", "phlebolith"),
    ],
)
def test_headline(reader: Reader, text: str, cause: str) -> None:
    """The differential of the report is that of the gravest lesion; what is present comes before what is possible."""
    headline = reader.read(Report("r", text)).cause
    assert headline is not None
    assert headline.cause == cause
