"""What is tied to a mention: places, side, size, descriptors; and what is not."""

from __future__ import annotations

from typing import Any

import pytest
from marked import settle

from miner.reader import Reader
from miner.records import Mention, Report

CASES: dict[str, tuple[str, list[dict[str, Any]]]] = {
    # places
    "place behind": ("Calcification in the supraspinatus.", [{"sites": {"supraspinatus"}}]),
    "place before": ("The supraspinatus shows calcification.", [{"sites": {"supraspinatus"}}]),
    "place as adjective": (
        "Periarticular calcification about the elbow.",
        [{"sites": {"elbow"}, "descriptors": {"periarticular"}}],
    ),
    "several places": (
        "Calcification in the supraspinatus and infraspinatus.",
        [{"sites": {"supraspinatus", "infraspinatus"}}],
    ),
    "each its own": (
        "Calcification in the left supraspinatus and a large phlebolith in the right pelvis.",
        [
            {"sites": {"supraspinatus"}, "side": "left", "descriptors": set()},
            {"sites": {"pelvic_veins"}, "side": "right", "descriptors": {"large"}},
        ],
    ),
    "two sizes": (
        "A 5 mm calcification in the left gluteus maximus and a 3 cm ossification lateral to the right hip.",
        [{"size": 5.0, "side": "left"}, {"size": 30.0, "side": "right", "sites": {"hip"}}],
    ),
    "heading": ("FINDINGS:\nLEFT ELBOW: Calcification.", [{"sites": {"elbow"}, "side": "left"}]),
    "landmark is no place": ("Phlebolith below the ischial spine.", [{"not_sites": {"spine"}}]),
    # sides
    "left": ("Calcification of the left cuff.", [{"side": "left"}]),
    "both": ("Calcification of both cuffs.", [{"side": "bilateral"}]),
    "bilateral": ("Bilateral hip calcifications.", [{"side": "bilateral"}]),
    "rt.": ("Calcification of the Rt shoulder.", [{"side": "right"}]),
    "no side": ("Calcification of the cuff.", [{"side": None}]),
    # sizes
    "millimetres": ("A 6 mm calcification in the cuff.", [{"size": 6.0}]),
    "centimetres": ("Calcified mass of the thigh measuring 4.5 cm.", [{"size": 45.0}]),
    "largest of three": ("A 2.5 x 1.1 x 3.0 cm calcification about the hip.", [{"size": 30.0}]),
    "range": ("Calcifications of 3-5 mm in the pelvis.", [{"size": 5.0}]),
    "words": ("A calcification of 7 millimeters in the cuff.", [{"size": 7.0}]),
    "distance is no size": ("Calcification in the tendon, 30 mm above the insertion.", [{"size": None}]),
    "slices are no size": ("Calcification in the tendon on 3 mm slices.", [{"size": None}]),
    "of another thing": ("A 4 cm effusion and calcification of the cuff.", [{"size": None}]),
    "of the mass": ("Calcified 4 cm mass of the thigh.", [{"size": 40.0}]),
    # descriptors
    "adjectives": (
        "Small round amorphous calcification of the cuff.",
        [{"descriptors": {"small", "round", "amorphous"}}],
    ),
    "behind the verb": (
        "The calcification of the cuff is coarse and globular.",
        [{"descriptors": {"coarse", "globular"}}],
    ),
    "rice grains": (
        "Rice grain calcifications along the muscle fibers of the thigh.",
        [{"descriptors": {"rice_grain", "along_muscle_fibres"}}],
    ),
    "denied": ("Calcification of the thigh without zoning; not lamellated.", [{"descriptors": set()}]),
    "of another noun": ("Large effusion and calcification of the cuff.", [{"descriptors": set()}]),
    "of a noun behind": ("Calcification of the cuff with a large effusion.", [{"descriptors": set()}]),
    "change is no descriptor": ("Unchanged calcification of the cuff.", [{"descriptors": set()}]),
    "pointing back": (
        "Calcifications in the pelvis. These are round and lamellated.",
        [{"descriptors": {"round", "lamellated"}}],
    ),
    "count is no descriptor": ("Three calcifications in the pelvis.", [{"descriptors": set()}]),
}
"""Texts, and for every mention in order what must be tied to it."""

KNOWN_FAILURES: dict[str, str] = {
    "name and description": "the 'with' of 'consistent with' is taken for a conjunction, so that the two are not tied",
}
"""Texts that are read wrongly at present, with what stands in the way."""


def wrong_with(mention: Mention, expected: dict[str, Any]) -> list[str]:
    """How a mention differs from what is expected of it."""
    got = {
        "sites": set(mention.sites),
        "descriptors": set(mention.descriptors),
        "side": mention.laterality,
        "size": mention.size_mm,
    }
    found = [
        f"{key} {got[key]} instead of {value}" for key, value in expected.items() if key in got and got[key] != value
    ]
    return found + [f"{site} is no place" for site in expected.get("not_sites", ()) if site in mention.sites]


@pytest.mark.parametrize("name", CASES)
def test_what_belongs_to_a_mention(reader: Reader, name: str) -> None:
    """Each mention holds what the sentence says of it, and nothing that the sentence says of something else."""
    text, expected = CASES[name]
    mentions = reader.read(Report(name, text)).mentions
    wrong = [f"{len(mentions)} mentions instead of {len(expected)}"] if len(mentions) != len(expected) else []
    if not wrong:
        wrong = [w for mention, values in zip(mentions, expected, strict=True) for w in wrong_with(mention, values)]
    settle(name, wrong, KNOWN_FAILURES)


@pytest.mark.parametrize(
    ("description", "sites", "side"),
    [
        ("XR SHOULDER RIGHT", {"shoulder"}, "right"),
        ("XR HIPS BILATERAL", {"hip"}, "bilateral"),
        ("CT LEFT FOOT WITHOUT CONTRAST", {"foot"}, "left"),
        ("XR KNEE 2 VIEWS", {"knee"}, None),
    ],
)
def test_place_of_the_examination(reader: Reader, description: str, sites: set[str], side: str | None) -> None:
    """A mention that names no place has the place and side of the examination, from its column or its title line."""
    column = reader.read(Report("r", "FINDINGS: Calcification.", study_description=description)).mentions[0]
    title = reader.read(Report("r", f"{description}\nFINDINGS: Calcification.")).mentions[0]
    for mention in (column, title):
        assert (set(mention.sites), mention.laterality) == (sites, side)
        assert all(a.start == -1 for a in mention.attributes)


def test_own_place_beats_the_examination(reader: Reader) -> None:
    """A place or side in the sentence is taken before that of the examination."""
    (mention,) = reader.read(Report("r", "Calcification in the left calf.", study_description="XR KNEE RIGHT")).mentions
    assert (mention.sites, mention.laterality) == (("calf",), "left")


def test_attributes_point_at_their_words(reader: Reader) -> None:
    """Every attribute of a mention stands where its words stand in the text as given."""
    text = "A\u200b 5 mm round calci\ufb01cation in the left\u00a0thigh."
    (mention,) = reader.read(Report("r", text)).mentions
    found = {(a.dimension, a.value): text[a.start : a.end] for a in mention.attributes}
    assert found == {
        ("size_mm", "5"): "5 mm",
        ("shape", "round"): "round",
        ("site", "thigh"): "thigh",
        ("laterality", "left"): "left",
    }
