"""The opening lines of a report: the title of the examination and questions that no heading marks."""

from __future__ import annotations

import re

from miner.sections import Section
from miner.text import Normal

_TITLE_WORDS = 16
_VERB = re.compile(
    r"\b(?:is|are|was|were|seen|noted|there|has|have|shows?|demonstrat\w*|normal|negative|identified|history|pain|hx)\b"
)
_ASKED = re.compile(
    r"(?:\A|(?<=[\s(,;.:-]))\?+\s?\w|(?:\A|(?<=[\s,.;]))check (?:for )?\w"
    r"|(?:\A|(?<=[\s,.;:-]))(?:query|to exclude|rule out|r/o)\s\w|\w\s?\?+\s*\Z",
    re.IGNORECASE,
)

Chosen = list[tuple[int, int, Section]]


def retitled(chosen: Chosen, normal: Normal, finding_word: re.Pattern[str]) -> Chosen:
    """A first line without a verb and without a finding is the title of the examination."""
    if not chosen or chosen[0][2].role != "start":
        return chosen
    chosen = _asking(chosen, normal, finding_word)
    start, end, part = chosen[0]
    line = normal.lower[start:end]
    if len(line.split()) > _TITLE_WORDS or _VERB.search(line) or finding_word.search(line):
        return chosen
    return [(start, end, Section("exam", "exam", part.start, part.end)), *chosen[1:]]


def _asking(chosen: Chosen, normal: Normal, finding_word: re.Pattern[str]) -> Chosen:
    """Sentences of the first lines that ask ("?HO") are the request, though no heading says so."""
    lines = [m.start() for m in re.finditer(r"\n", normal.text)]
    stop = lines[min(2, len(lines) - 1)] if lines else len(normal.text)
    found = []
    open_ = True
    for start, end, part in chosen:
        asked = _ASKED.search(normal.text[start:end]) is not None
        if open_ and asked and part.role == "start" and end <= stop and end < len(normal.text.rstrip()):
            part = Section("request", "request", start, end)
        elif finding_word.search(normal.lower, start, end):
            open_ = False
        found.append((start, end, part))
    return found
