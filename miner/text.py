"""The text as the machine reads it, and the way back to the text as given.

Normalisation never loses a position: every offset in every table is translated back to the original.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Collection
from dataclasses import dataclass

_PLAIN = re.compile(r"[\n\x20-\x7e]*\Z")
# what stands before the hyphen is asked after it, since a pattern that begins with a letter is searched for quickly
_HYPHEN = re.compile(r"-(?<=[A-Za-z\d]-)(?=[A-Za-z])")
_LINE_END_HYPHEN = re.compile(r"(-(?<=[A-Za-z]-)[ \t]*\n[ \t]*)(?=[a-z])")
_VANISHING = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")
_LIGATURES = {
    "\ufb00": "ff",
    "\ufb01": "fi",
    "\ufb02": "fl",
    "\ufb03": "ffi",
    "\ufb04": "ffl",
    "\ufb05": "st",
    "\ufb06": "st",
}
_LENGTHENING = re.compile("[\ufb00-\ufb06]")
_WORD_BEFORE = re.compile(r"[A-Za-z]+\Z")
_WORD_AFTER = re.compile(r"[a-z]+")


def _one_to_one() -> dict[int, int]:
    """Characters that have a plain form of the same length: quotes, dashes, spaces, full-width letters, controls."""
    table: dict[int, int] = {}
    for code in range(0x20):
        if code != 0x0A:
            table[code] = 0x20
    for code in [0x7F, 0x85, 0xA0, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000, 0x2028, 0x2029]:
        table[code] = 0x20
    for code in [*range(0x2010, 0x2016), 0x2212, 0xFE58, 0xFE63]:
        table[code] = ord("-")
    for code in [0x2018, 0x2019, 0x201A, 0x201B, 0x2032, 0x60, 0xB4]:
        table[code] = ord("'")
    for code in [0x201C, 0x201D, 0x201E, 0x201F, 0x2033, 0xAB, 0xBB]:
        table[code] = ord('"')
    for code in range(0xFF01, 0xFF5F):
        table[code] = code - 0xFEE0
    for code in [0x2022, 0x25CF, 0x25AA, 0x25E6, 0x00B7, 0x2023, 0x2043]:
        table[code] = ord("*")
    for code in range(0xD800, 0xE000):
        table[code] = 0xFFFD
    return table


_TABLE = _one_to_one()


@dataclass(frozen=True, slots=True)
class Normal:
    """A normalised text; ``cuts`` and ``shifts`` lead from its positions to those of the original."""

    text: str
    lower: str
    cuts: tuple[int, ...] = ()
    shifts: tuple[int, ...] = ()

    def original(self, position: int) -> int:
        """The position in the text as given that belongs to a position in the normalised text."""
        if not self.cuts:
            return position
        index = bisect_right(self.cuts, position) - 1
        return position + self.shifts[index] if index >= 0 else position

    def span(self, start: int, end: int) -> tuple[int, int]:
        """A half-open span, translated so that it covers its last character and nothing behind it."""
        return self.original(start), self.original(end - 1) + 1 if end > start else self.original(start)


def lowered(text: str) -> str:
    """Lower case of the same length, also where ``str.lower`` would lengthen a character."""
    low = text.lower()
    return low if len(low) == len(text) else "".join(c.lower() if len(c.lower()) == 1 else c for c in text)


def normalise(text: str, words: Collection[str] = frozenset()) -> Normal:
    """Makes what looks the same be the same: quotes, dashes, spaces, ligatures, invisible characters, line-end hyphens.

    ``words`` decides whether a word broken at a line end is joined (the joined word is known) or read as two. Hyphens
    inside words become spaces. Lone surrogates become U+FFFD.
    """
    if not _PLAIN.match(text):
        text = text.replace("\r\n", " \n").replace("\r", "\n")
        text = text.translate(_TABLE)
        if not text.isascii():
            text = "".join(_base(c) for c in text) if any(c > "\u024f" for c in text) else text
    cuts: list[int] = []
    shifts: list[int] = []
    if "-" in text or _VANISHING.search(text) or _LENGTHENING.search(text):
        text = _rebuild(text, words, cuts, shifts)
    return Normal(text, lowered(text), tuple(cuts), tuple(shifts))


def _base(character: str) -> str:
    """A compatibility form where it is one character long (mathematical letters and the like)."""
    if character in _LIGATURES or _VANISHING.match(character):
        return character
    plain = unicodedata.normalize("NFKC", character)
    return plain if len(plain) == 1 else character


def _rebuild(text: str, words: Collection[str], cuts: list[int], shifts: list[int]) -> str:
    """Removes and lengthens characters, noting after each place how far the original has moved."""
    edits: list[tuple[int, int, str]] = []
    for match in _VANISHING.finditer(text):
        edits.append((match.start(), match.end(), ""))
    for match in _LENGTHENING.finditer(text):
        edits.append((match.start(), match.end(), _LIGATURES[match.group()]))
    for match in _LINE_END_HYPHEN.finditer(text):
        before = _WORD_BEFORE.search(text, max(0, match.start() - 30), match.start())
        after = _WORD_AFTER.match(text, match.end())
        joined = (before.group() if before else "") + (after.group() if after else "")
        edits.append((match.start(1), match.end(1), "" if joined.lower() in words else " "))
    if edits:
        edits.sort()
        pieces: list[str] = []
        done = 0
        length = 0
        for start, end, new in edits:
            pieces.append(text[done:start])
            length += start - done
            pieces.append(new)
            for offset in range(1, len(new)):
                # every letter of a lengthened character points at that one character
                cuts.append(length + offset)
                shifts.append(start - (length + offset))
            length += len(new)
            cuts.append(length)
            shifts.append(end - length)
            done = end
        pieces.append(text[done:])
        text = "".join(pieces)
    return _HYPHEN.sub(" ", text)
