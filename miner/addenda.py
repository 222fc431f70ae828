"""What an addendum takes back: a finding that it denies, a side that it corrects."""

from __future__ import annotations

import re
from collections.abc import Sequence

from miner.draft import Draft
from miner.parse import Sentence
from miner.records import Cue
from miner.status import Verdict

_OPEN = frozenset({"present", "possible"})
_FURTHER = re.compile(r"\b(?:additional|other|further|new|more|acute)\b")
_CORRECTED_SIDE = re.compile(
    r"\b(?:should (?:read|say|be|state)|is actually|was actually|correct side is|refers? to|corrected to|in fact)\b"
    r"[^.]{0,40}?"
    r"\b(left|right)\b|\bfor (?:left|right) read (left|right)\b|"
    r"\b(left|right)\b[^.]{0,30}\b(?:not|instead of|rather than)\b[^.]{0,12}\b(?:left|right)\b"
)


def retract(drafts: Sequence[Draft], sentences: Sequence[Sentence], lower: str) -> None:
    """Lets addenda win over the body: denied findings become absent, a corrected side is taken over."""
    denials = [
        d
        for d in drafts
        if d.sentence.role == "addendum"
        and d.verdict.status == "absent"
        and d.scope == "soft_tissue"
        and not _limited(d, lower)
    ]
    for denial in denials:
        mark = Cue("addendum", "ABSENT", denial.start, denial.end)
        for d in drafts:
            before = d.sentence.index < denial.sentence.index and d.sentence.role != "addendum"
            same = not d.finding.states or not denial.finding.states or d.finding.states == denial.finding.states
            if before and same and d.scope == "soft_tissue" and d.verdict.status in _OPEN and _same_place(d, denial):
                d.verdict = Verdict("absent", (*d.verdict.cues, mark), "ABSENT")
    for sentence in sentences:
        if sentence.role != "addendum":
            continue
        match = _CORRECTED_SIDE.search(lower, sentence.start, sentence.end)
        if match:
            side = match.group(1) or match.group(2) or match.group(3)
            for d in drafts:
                if d.sentence.index < sentence.index:
                    d.side = (side, match.start(), match.end())


def _limited(denial: Draft, lower: str) -> bool:
    """Whether the denial only speaks of more of the same ("no additional calcification")."""
    return _FURTHER.search(lower, max(denial.sentence.start, denial.start - 30), denial.start) is not None


def _same_place(one: Draft, denial: Draft) -> bool:
    own = {s.region for s, start, _ in denial.sites if start >= 0 and s.region}
    there = {s.region for s, start, _ in one.sites if s.region}
    return not own or not there or bool(own & there)
