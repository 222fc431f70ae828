"""The opening lines of a report: the title of the examination and questions that no heading marks."""

from __future__ import annotations

import re
from itertools import takewhile

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

_ASKING_WORDS = ("?", "check", "query", "exclude", "rule out", "r/o")
"""One of them stands in every text that ``_ASKED`` matches."""

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


def _asks(sentence: str) -> bool:
    return any(word in sentence for word in _ASKING_WORDS) and _ASKED.search(sentence) is not None


def _asking(chosen: Chosen, normal: Normal, finding_word: re.Pattern[str]) -> Chosen:
    """Sentences of the first lines that ask ("?HO") are the request, though no heading says so."""
    stop = len(normal.text)
    for line in (1, 2, 3):
        end_of_line = normal.text.find("\n", 0 if line == 1 else stop + 1)
        if end_of_line < 0:
            break
        stop = end_of_line
    last = len(normal.text.rstrip())
    lines = list(takewhile(lambda sentence: sentence[1] <= stop, chosen))
    asking = {
        index
        for index, (start, end, part) in enumerate(lines)
        if part.role == "start" and end < last and _asks(normal.lower[start:end])
    }
    if not asking:
        return chosen
    found = list(chosen)
    for index, (start, end, _) in enumerate(lines):
        if index in asking:
            found[index] = (start, end, Section("request", "request", start, end))
        elif finding_word.search(normal.lower, start, end):
            break
    return found
