"""A report's text cut into pieces, each with the marks that lie on it: what the reading page and the terminal show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from unicodedata import category

from miner.pages.words import name
from miner.records import Reading

LETTERS: Mapping[str, str] = {
    "M": "mention",
    "S": "site",
    "D": "descriptor or measurement",
    "X": "context",
    "C": "cue",
}
"""The letter of each mark and what it stands for; the number behind it is that of the mention (or context)."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A marked stretch of text: half-open ``str`` positions, a letter, what is written before it, what it is."""

    start: int
    end: int
    letter: str
    tag: str
    what: str


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text over which the marks do not change: outermost first, and those that begin or end with it."""

    text: str
    marks: tuple[Mark, ...]
    opens: tuple[Mark, ...]
    closes: tuple[Mark, ...]


def marks(reading: Reading, labels: Mapping[str, str]) -> tuple[Mark, ...]:
    """Every place in the text that the reading rests on, in reading order, outer marks before inner ones.

    One stretch that serves several mentions (a site, a cue) is one mark with several numbers.
    """
    found: dict[tuple[int, int, str, str], list[str]] = {}

    def add(start: int, end: int, letter: str, what: str, number: str) -> None:
        if 0 <= start < end <= len(reading.report.text):
            numbers = found.setdefault((start, end, letter, what), [])
            if number not in numbers:
                numbers.append(number)

    for place, mention in enumerate(reading.mentions, start=1):
        number = str(place)
        add(mention.start, mention.end, "M", f"{name(mention.concept, labels)}: {mention.status}", number)
        for tied in mention.attributes:
            letter = "S" if tied.dimension in ("site", "laterality") else "D"
            add(tied.start, tied.end, letter, f"{name(tied.dimension, labels)}: {name(tied.value, labels)}", number)
        for cue in mention.cues:
            add(cue.start, cue.end, "C", f"{name(cue.category, labels)}: {name(cue.entry, labels)}", number)
    for place, context in enumerate(reading.contexts, start=1):
        add(context.start, context.end, "X", f"{name(context.condition, labels)}: {context.status}", str(place))
        for cue in context.cues:
            add(cue.start, cue.end, "C", f"{name(cue.category, labels)}: {name(cue.entry, labels)}", f"X{place}")
    made = [
        Mark(start, end, letter, f"{letter}{','.join(numbers)}", what)
        for (start, end, letter, what), numbers in found.items()
    ]
    order = list(LETTERS)
    return tuple(sorted(made, key=lambda mark: (mark.start, -mark.end, order.index(mark.letter), mark.tag)))


def pieces(text: str, marked: tuple[Mark, ...]) -> tuple[Piece, ...]:
    """The whole text in pieces; joined, their texts give it back. Control characters are made visible as U+FFFD."""
    bounds = sorted({0, len(text), *(mark.start for mark in marked), *(mark.end for mark in marked)})
    shown = visible(text)
    made = []
    for start, end in pairwise(bounds):
        over = tuple(mark for mark in marked if mark.start < end and mark.end > start)
        made.append(
            Piece(
                shown[start:end],
                over,
                tuple(mark for mark in over if mark.start == start),
                tuple(mark for mark in over if mark.end == end),
            )
        )
    return tuple(made)


def visible(text: str) -> str:
    """The text, no character longer or shorter, with control characters replaced so that none reaches a terminal."""
    lines = text.replace("\r\n", " \n").replace("\r", "\n")
    return "".join(sign if sign in "\n\t" or category(sign)[0] != "C" else "\ufffd" for sign in lines)


def words(text: str, start: int, end: int) -> str:
    """The words at a place on one line, without marks; empty where the place is none (start below 0)."""
    return " ".join(visible(text[start:end]).split()) if 0 <= start < end <= len(text) else ""
