"""Stated sizes: which measurement of a sentence is that of the mention, and how large it is."""

from __future__ import annotations

import re

from miner.draft import Draft, is_head

_MEASURE = re.compile(
    r"(?<![\w.])(\d{1,3}(?:\.\d{1,2})?)(?:\s*(?:mm|cm)?\s*(?:x|by|to|-|\u00d7)\s*(\d{1,3}(?:\.\d{1,2})?))?"
    r"(?:\s*(?:mm|cm)?\s*(?:x|by|\u00d7)\s*(\d{1,3}(?:\.\d{1,2})?))?\s*(mm|cm|millimet(?:er|re)s?|centimet(?:er|"
    r"re)s?)\b"
)
_DISTANCE = re.compile(
    r"\s*(?:above|below|proximal|distal|from|away|superior|inferior|lateral|medial|posterior|anterior|deep|"
    r"cranial|caudal|"
    r"cephalad|slice|slices|section|sections|thick slices|collimation|intervals|axial)\b"
)


def size(one: Draft, lower: str) -> tuple[float, int, int] | None:
    """The largest dimension stated for the mention, in millimetres."""
    best: tuple[float, int, int] | None = None
    others = [(first, lower[first:last]) for entry, first, last in one.sentence.grammar if entry.role == "finding"]
    for match in _MEASURE.finditer(lower, one.left, one.right):
        if _DISTANCE.match(lower, match.end()):
            continue
        if match.end() <= one.start:
            claimed = any(match.end() <= first < one.start and not is_head(word) for first, word in others)
        else:
            claimed = (
                any(
                    re.fullmatch(r"[\s\w]{0,12}", lower[match.end() : first]) and not is_head(word)
                    for first, word in others
                    if first >= match.end()
                )
                and match.start() > one.end
            )
        if claimed:
            continue
        factor = 10.0 if match.group(4).startswith("c") else 1.0
        value = max(float(v) for v in match.groups()[:3] if v) * factor
        if value <= 500 and (best is None or value > best[0]):
            best = (value, match.start(), match.end())
    return best
