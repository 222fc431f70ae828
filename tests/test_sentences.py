"""Sentence boundaries in dictated text."""

from __future__ import annotations

import pytest
from growth import FACTOR, growth
from hypothesis import given, settings
from hypothesis import strategies as st
from marked import settle

from miner import sentences

LONGEST = 1200


def split(text: str) -> list[str]:
    """The sentences of a text."""
    width = sentences.wrap_width(text)
    return [text[start:end] for start, end in sentences.split(text, 0, len(text), width)]


# a bar stands where a sentence ends; what is not a sentence of its own holds none
BOUNDARIES = {
    "full stop": "No fracture.| Calcified.",
    "two full stops": "Calcified..| No fracture.",
    "stop and bracket of a mask": "Calcified. |] No fracture.",
    "exclamation and question": "Calcified!| Is it?| It is.",
    "glued capital": "Mass at the apex.|There is calcification.",
    "glued heading": "Joint normal.|IMPRESSION none",
    "glued behind a level": "Disc at L4-L5.|There is calcification.",
    "glued behind a unit": "It is 3 mm.|Calcified.",
    "glued small letter": "calcified.|no fracture.",
    "decimal": "A 3.5 cm mass of 2.25 ml.| Calcified.",
    "unit with stop in a phrase": "A 3 mm. phlebolith in the pelvis.",
    "unit with stop at an end": "It measures 3 mm.| No fracture.",
    "versus": "Calcification vs. fracture fragment.",
    "versus capital": "Calcification vs. HO.",
    "that is, for example": "Tendon, e.g. supraspinatus, i.e. cuff.| Normal.",
    "approximately": "Calcification of approx. 5 mm.",
    "doctor": "Called to Dr. Smith.| Normal.",
    "saint": "Called to St. Mary ward.| Normal.",
    "number": "Lesion no. 3 is calcified.",
    "the word no": "Is it there, no.| Calcified.",
    "level and stop": "Pain at L5.| Calcified.",
    "question mark that asks": "Pain ?HO after surgery.| Stiff.",
    "question mark apart": "? fracture of the hip",
    # a bare answer belongs to its question, so that it can deny what was asked
    "answered question": "Is it bone? No.",
    "question mark that ends": "Is it bone?| It looks like it.",
    "semicolon stays": "Calcified; normal otherwise.",
    "numbered lines": "1. Calcified.|\n2. Normal.",
    "numbered lines with brackets": "1) Calcified|\n2) Normal",
    "dashed lines": "- Calcified|\n- Normal",
    "starred lines": "* Calcified|\n* Normal",
    "lettered lines": "a. calcified|\nb. normal",
    "roman lines": "i. calcified|\nii. normal",
    "blank line": "Calcified|\n\nnormal",
    "line of blanks": "Calcified|\n   \nnormal",
    "short line before a capital": "Calcified|\nNormal joint",
    "short lines in small letters": "no fracture|\nphleboliths in the pelvis",
    "line that ends in a preposition": "Calcification in\nThe tendon",
    "line that ends in a comma": "Calcified,\nNormal otherwise",
    "line that goes on in small letters": "Calcification of\nthe tendon near\nits insertion.",
    "measure over a line end": "Measuring approximately\n5 mm.",
    "hard wrap before a capital": (
        "There is a large area of soft tissue calcification about the\n"
        "Achilles tendon which extends proximally for several centimeters.|\n"
        "No fracture."
    ),
    "hard wrap in a phrase": (
        "There is a large area of soft tissue calcification about the hip\n"
        "joint, and no evidence of fracture or dislocation is seen on\n"
        "these views.| The bones are normal."
    ),
    "line end after a stop": "Calcified.|\nnormal joint",
}
"""Texts with a bar at every sentence end."""

KNOWN_FAILURES = {
    "glued small letter": "a stop glued to a small letter is taken for an abbreviation or a file name",
    "roman lines": "a stop behind a small roman number ends a sentence",
    "saint": "'St.' before a capital is taken for a sentence end",
}
"""Texts that are not split as they should be at present, with what stands in the way."""


@pytest.mark.parametrize("name", BOUNDARIES)
def test_boundaries(name: str) -> None:
    """Sentences end where a reader would end them."""
    expected = [part.strip() for part in BOUNDARIES[name].split("|")]
    found = split(BOUNDARIES[name].replace("|", ""))
    settle(name, [] if found == expected else [f"{found} instead of {expected}"], KNOWN_FAILURES)


@pytest.mark.parametrize("text", ["", " ", "\n\n", "\t \n "])
def test_blank_text_has_no_sentence(text: str) -> None:
    """A blank text holds no sentence."""
    assert split(text) == []


@given(st.lists(st.sampled_from([*"aB1 \n\n.?,;:)(-", ".. ", "3 mm. ", "vs. "]), max_size=60).map("".join))
@settings(max_examples=400, deadline=None)
def test_sentences_cover_the_text(text: str) -> None:
    """Sentences lie in order, without blanks at their ends, and leave nothing but blanks between them."""
    width = sentences.wrap_width(text)
    position = 0
    for start, end in sentences.split(text, 0, len(text), width):
        assert position <= start < end <= len(text)
        assert not text[position:start].strip()
        assert text[start:end] == text[start:end].strip()
        position = end
    assert not text[position:].strip()


@given(
    st.lists(st.sampled_from(["word ", "word, ", "word; ", "x" * 700, "x" * 3000, "mm. "]), max_size=60).map("".join)
)
@settings(max_examples=200, deadline=None)
def test_no_sentence_is_longer_than_the_bound(text: str) -> None:
    """Whatever the text, a sentence has at most 1,200 characters."""
    assert all(len(sentence) <= LONGEST for sentence in split(text))


def test_long_sentence_is_cut_at_a_comma() -> None:
    """A sentence that is too long is cut behind its last comma within the bound, not inside a word."""
    text = "calcification of the tendon, " * 100
    found = split(text)
    assert len(found) > 1
    assert all(sentence.rstrip().endswith(",") for sentence in found)


def test_part_of_a_text() -> None:
    """Only the part between the given positions is split."""
    text = "One. Two. Three. Four."
    assert [text[a:b] for a, b in sentences.split(text, 5, 16, 10**9)] == ["Two.", "Three."]


NASTY = {
    "words": "calcification ",
    "one word": "a",
    "stops": ".",
    "stops apart": ". ",
    "line ends": "\n",
    "blank lines": " \n",
    "lines with blanks": "          \n",
    "list items": "1. a\n",
    "dashes": "- ",
    "questions": "?",
    "decimals": "3.5",
    "units": "3 mm. ",
    "abbreviations": "vs. ",
    "commas": "a, ",
    "open lines": "of the\n",
    "blanks": " ",
    "brackets": "(",
}


@pytest.mark.parametrize("name", NASTY)
def test_time_grows_with_the_text(name: str) -> None:
    """Four times as much of a nasty text takes about four times as long."""
    assert growth(split, NASTY[name]) < FACTOR
