"""Which causes a report names for its lesions, how surely, and for which lesion."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from miner import differential, status
from miner.draft import Draft
from miner.lesions import Lesion
from miner.lexicon import CueEntry, Lexicon
from miner.lexicon.entries import CauseEntry
from miner.parse import Parse, Sentence
from miner.records import Cue, Naming

_SILENT = frozenset({"request", "history", "technique", "exam", "comparison"})
_NOT_NAMED = frozenset({"ABSENT", "HISTORICAL", "HYPOTHETICAL", "FAMILY", "DISMISSED"})
_TYING = frozenset({"PRESENT", "POSSIBLE", "FAVOURED", "LESS_LIKELY", "DISMISSED", "ABSENT"})
_AGAINST = re.compile(r"\b(?:rather than|instead of|not)\s+(?:an?\s+|the\s+|of\s+|to\s+)?\Z")


@dataclass(frozen=True, slots=True)
class Heard:
    """A named cause in the text, with its certainty."""

    cause: str
    certainty: str
    sentence: Sentence
    start: int
    end: int
    cued: bool


def heard(parse: Parse, lower: str, lexicon: Lexicon) -> list[Heard]:
    """Named causes of the findings parts of a report, with the certainty with which they are named."""
    cues_known = lexicon.of(CueEntry)
    found = []
    for sentence in parse.sentences:
        if sentence.role in _SILENT:
            continue
        for cause, start, end in sentence.causes:
            cues = status.cues_on(sentence, lower, start, end, "causes")
            marks = tuple(Cue(c.entry.id, c.entry.category, c.start, c.end) for c in cues)
            certainty = status.certainty(marks, cues_known)
            if certainty in ("FAMILY", "HISTORICAL", "HYPOTHETICAL"):
                continue
            if sentence.section.id == "differential" and certainty == "PRESENT":
                certainty = "POSSIBLE"
            cued = any(c.entry.category in _TYING for c in cues)
            found.append(Heard(cause.id, certainty, sentence, start, end, cued))
    return found


def dismissed(drafts: Sequence[Draft], lower: str) -> list[Heard]:
    """Mentions that name a cause only to dismiss it ("heterotopic ossification is not favoured")."""
    found = []
    for one in drafts:
        if not one.finding.states or one.verdict.status != "absent" or one.scope != "soft_tissue":
            continue
        against = _AGAINST.search(lower, max(one.sentence.start, one.start - 40), one.start)
        beside = any(d is not one and d.sentence is one.sentence and d.lesion > 0 for d in drafts)
        if one.verdict.category == "DISMISSED" or (against and beside):
            found.append(Heard(one.finding.states, "DISMISSED", one.sentence, one.start, one.end, cued=True))
    return found


def assigned(groups: Sequence[Lesion], heard: Sequence[Heard], lexicon: Lexicon) -> dict[int, list[Heard]]:
    """The heard names of each lesion, by its number; a name belongs to one lesion or to none."""
    causes = lexicon.of(CauseEntry)
    there: dict[int, list[tuple[Lesion, Draft]]] = {}
    for lesion in groups:
        for d in lesion.drafts:
            there.setdefault(d.sentence.index, []).append((lesion, d))
    places = sorted(there)
    found: dict[int, list[Heard]] = {}
    for h in heard:
        free = h.cued or _alone(h, causes[h.cause])
        if h.sentence.index in there:
            if free or causes[h.cause].named == "beside":
                near = there[h.sentence.index]
                _, number = min((abs(d.start - h.start), lesion.number) for lesion, d in near)
                found.setdefault(number, []).append(h)
        elif free and (owner := _before(h, places, there)) is not None:
            found.setdefault(owner.number, []).append(h)
    return found


def _before(h: Heard, places: Sequence[int], there: dict[int, list[tuple[Lesion, Draft]]]) -> Lesion | None:
    """The lesion last spoken of before a name; one that bears the name of another cause is not what it speaks of."""
    last = bisect_left(places, h.sentence.index)
    for place in reversed(places[:last]):
        fitting = [lesion for lesion, _ in there[place] if not lesion.names or h.cause in lesion.names]
        if fitting:
            return min(fitting, key=lambda lesion: lesion.number)
    return min((le for le, _ in there[places[last - 1]]), key=lambda lesion: lesion.number) if last else None


def namings(lesion: Lesion, heard: Sequence[Heard], lexicon: Lexicon) -> list[Naming]:
    """What the report says of the cause of a lesion: by the names of its mentions, and by the names assigned to it."""
    cues_known = lexicon.of(CueEntry)
    causes = lexicon.of(CauseEntry)
    found: list[tuple[str, str, int, int, int]] = []
    for d in lesion.drafts:
        if d.finding.states:
            certainty = status.certainty(d.verdict.cues, cues_known)
            if certainty in _NOT_NAMED:
                certainty = "POSSIBLE" if d.verdict.status == "possible" else "PRESENT"
            found.append((d.finding.states, certainty, d.sentence.index, d.start, d.end))
    found += [(h.cause, h.certainty, h.sentence.index, h.start, h.end) for h in heard]
    told = {cause for cause, certainty, *_ in found if certainty in differential.NAMED}
    return _ordered([f for f in found if f[0] not in causes or told.isdisjoint(causes[f[0]].gives_way_to)])


def _alone(heard: Heard, cause: CauseEntry) -> bool:
    """Whether a name needs no word that ties it to a calcification: by itself, or in the conclusion."""
    return cause.named == "alone" or (cause.concludes and heard.sentence.role in ("conclusion", "addendum"))


def _ordered(found: list[tuple[str, str, int, int, int]]) -> list[Naming]:
    """Namings with their order among those of the same sentence and certainty."""
    result = []
    seen: dict[int, list[str]] = {}
    for cause, certainty, sentence, start, end in sorted(found, key=lambda f: (f[2], f[3])):
        before = seen.setdefault(sentence, [])
        order = before.index(cause) if cause in before else len(before)
        if cause not in before and certainty in differential.NAMED:
            before.append(cause)
        result.append(Naming(cause, certainty, order, start, end))
    return result
