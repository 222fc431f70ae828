"""The status of a finding, a context or a named cause: which cues reach it, and which of them decides.

ConText gives each cue its reach inside the sentence. What it cannot know is settled here: commas that open a clause
of their own, articles that presuppose, and the section that the sentence stands in.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from miner.lexicon import CueEntry
from miner.parse import CueHit, Sentence
from miner.records import Cue

_STATUS = {
    "ABSENT": "absent",
    "POSSIBLE": "possible",
    "FAVOURED": "possible",
    "LESS_LIKELY": "possible",
    "ALTERNATIVE": "possible",
    "DISMISSED": "absent",
    "HYPOTHETICAL": "hypothetical",
    "HISTORICAL": "historical",
    "FAMILY": "family",
    "PRESENT": "present",
    "LEADS_IN": "present",
}
_OR = re.compile(r"\b(?:or|nor|and/or)\b")
_LISTING = re.compile(r"\b(?:or|nor|versus|vs|and/or|v)\b")
_CLOSING = re.compile(
    r"\b(?:seen|noted|identified|present|demonstrated|evident|visuali[sz]ed|appreciated|detected|visible|found|shown|"
    r"apparent|suspected)\b\s*(?:,|;|\band\b|\bwith\b|\bbut\b)"
)
_MAKES = re.compile(r"\b(?:makes?|making|renders?|rendering|argues? against|speaks? against)\b")
_COMMA = re.compile(r"[,;:]")
_OPENS = re.compile(
    r"\s*(?:and\s+|but\s+)?(?:an?|the|several|two|three|multiple|numerous|few|some|\d+)\b(?!.*\b(?:or|nor)\b)|"
    r".*\balso\b",
    re.DOTALL,
)
_QUESTION = re.compile(r"\?")
_CLAUSE_END = re.compile(
    r"\s*(?:\Z|\n|[.,;:)]|given\b|over\b|based\b|and\b|but\b|in view\b|because\b|on\b|although\b|however\b|here\b|"
    r"at\b|in\b|with\b|clinically\b|too\b|as well\b)"
)
_PLACED = re.compile(
    r"\s*(?:,\s*\w+ly)?\s*(?:along|at|about|around|within|adjacent|over|overlying|lateral|medial|posterior|"
    r"anterior|superior|inferior|in|of|near|beside|projecting|deep|involving|bridging)\b"
)
_OF_THE = re.compile(r"\b(?:of|in|by|with)\s+(?:the|these|this|those)\s+(?:\w+\s+){0,2}\Z")
_WITH = re.compile(r"([a-z]+)\s+with\s+(?:\w+\s+){0,3}\Z")
_HAS_VERB = re.compile(r"\b(?:is|are|was|were|seems?|thought|felt|considered|would|remains?)\b")
_NEITHER = re.compile(r"\b(?:neither|nor)\b")
_THEN = re.compile(
    r"\s*(?:on (?:the )?(?:prior|previous|last|earlier|old)|previously\b|before\b|in (?:19|20)\d\d|last\b|"
    r"earlier\b|then\b|"
    r"(?:\w+ )?(?:\d+|two|three|four|five|six|a few|several) (?:months?|years?|weeks?|days?) (?:ago|back|earlier|"
    r"before))"
)
_RESUMES = re.compile(r",\s*(?:is|are|was|were|lies?|lay|sits?|there)\b")
_TO_BE = re.compile(r"\s*(?:to (?:be|represent|reflect|have)|as|that)\b")
_STOP = re.compile(r"\s*(?:\Z|[.,;)\n])")
_RELATIVE = re.compile(
    r"\s*(?:which|that|now|since|has|have|is|are|was|were|previously|seen|noted|and|currently|today|this|these|it|"
    r"they)\b"
)
_NEW_NEGATION = re.compile(r"\b(?:no|not|without|nor|never)\b")
_TO_SUGGEST = re.compile(
    r"\b(?:no|without)\b[^.;:\n]*\bto\s+(?:suggest|indicate|support|confirm)\s+(?:[\w-]+\s+){0,3}(?:or\s+)?\Z"
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """A status, the cues that reached the target, and the category of the deciding cue ("" by default)."""

    status: str
    cues: tuple[Cue, ...]
    category: str = ""


def _between(cue: CueHit, start: int, end: int) -> tuple[int, int]:
    return (cue.end, start) if cue.end <= start else (end, cue.start)


def _own_clause(sentence: Sentence, lower: str, comma: int, start: int, end: int) -> bool:
    """Whether the clause after a comma affirms its finding by itself ("no fracture, calcifications are noted")."""
    stop = next((m.start() for m in _COMMA.finditer(lower, end, sentence.end)), sentence.end)
    if _OR.search(lower, comma, stop):
        return False
    if re.search(r"\bwith\b", lower[comma:start]) or (_PLACED.match(lower, end) and not _OR.search(lower, comma, stop)):
        return True
    for entry, first, last in sentence.grammar:
        if entry.role == "affirming_verb" and end <= first and last <= stop:
            word = lower[first:last]
            negated = _NEW_NEGATION.search(lower, end, first) is not None
            if not negated and (
                " " in word or word not in ("seen", "identified", "present", "demonstrated", "evident", "visible")
            ):
                return True
        if entry.role == "there" and comma <= first and last <= start:
            return True
    return False


def _presupposed(sentence: Sentence, lower: str, cue: CueHit, start: int) -> bool:
    """Whether the target stands under a definite article that the negated noun before it presupposes.

    "No mass around the calcification" denies the mass; the calcification is there.
    """
    before = lower[max(sentence.start, start - 60) : start]
    article = re.search(r"\b(?:the|this|these|its|those|their)\b(?=(?:\s+[\w/-]+){0,4}\s*\Z)", before)
    if not article:
        return False
    gap = lower[cue.end : start - len(before) + article.start()]
    return bool(re.search(r"[a-z]{3,}", gap)) and not re.search(
        r"\b(?:evidence|sign|signs|trace|longer)\b\s+of\s*$", gap
    )


def _blocked(sentence: Sentence, lower: str, cue: CueHit, start: int, end: int, kind: str) -> bool:
    """Whether something between a cue and a target keeps them apart although the target lies in the cue's reach."""
    category = cue.entry.category
    first, last = _between(cue, start, end)
    gap = lower[first:last]
    forward = cue.end <= start
    if not cue.entry.through_comma and _COMMA.search(gap) and not _LISTING.search(gap):
        return True
    if (
        forward
        and kind == "contexts"
        and category in ("ABSENT", "HYPOTHETICAL", "POSSIBLE")
        and any(c.entry.category == "LEADS_IN" and cue.end <= c.start and c.end <= start for c in sentence.cues)
    ):
        # "evaluate for heterotopic bone after head injury" asks for the bone, not for the injury
        return True
    if forward and category in ("ABSENT", "HYPOTHETICAL") and "\n" in gap and _unwrapped(lower, first, last):
        return True
    if forward and category in ("ABSENT", "HYPOTHETICAL", "HISTORICAL"):
        if _CLOSING.search(gap) or (category == "ABSENT" and _RESUMES.search(gap)):
            # "within the muscle, without connection to the bone, is an ossified mass"
            return True
        shown = any(
            e.role == "there" and first <= f and t <= last and re.search(r"\band\b|,", lower[first:f])
            for e, f, t in sentence.grammar
        )
        if shown and kind == "findings" and not _NEITHER.search(lower, sentence.start, first):
            # "no longer enhances and shows new calcification"
            return True
        joined = _WITH.search(gap)
        if (
            joined
            and kind == "findings"
            and any(
                e.role == "finding"
                and stop == first + joined.end(1)
                and joined.group(1)
                not in ("mass", "lesion", "nodule", "masses", "lesions", "nodules", "collection", "cyst")
                for e, _, stop in sentence.grammar
            )
        ):
            # "no erosions with calcification of the cartilage"
            return True
        comma = max((m.start() for m in _COMMA.finditer(gap)), default=-1)
        if comma >= 0 and kind == "findings" and category == "ABSENT" and _OPENS.match(gap, comma + 1):
            # "no fracture, a large calcified mass": an article opens a statement of its own
            return True
        if comma >= 0 and kind == "findings" and _own_clause(sentence, lower, first + comma, start, end):
            return True
        if category == "ABSENT" and kind == "findings" and _presupposed(sentence, lower, cue, start):
            return True
    if forward and category == "POSSIBLE" and _OF_THE.search(gap):
        # "the differential of these calcifications": they are there
        return True
    if forward and category in ("POSSIBLE", "FAVOURED") and "," in gap:
        after = lower[end : end + 30]
        if not (_LISTING.search(gap) or re.match(r"\s*,?\s*(?:or|versus|vs)\b", after)) and "list" not in cue.entry.id:
            return True
    if not forward and lower[cue.start : cue.end].endswith(" over"):
        # "X favoured over Y" speaks of X whatever follows
        return False
    bare = not _HAS_VERB.search(lower, cue.start, cue.end)
    if (
        not forward
        and cue.entry.direction == "BACKWARD"
        and category in ("POSSIBLE", "FAVOURED", "LESS_LIKELY")
        and (not _CLAUSE_END.match(lower, cue.end) if bare else _TO_BE.match(lower, cue.end) is not None)
    ):
        # "calcification, likely tendinitis": the hedge belongs to what follows it
        return True
    if not forward and _MAKES.search(gap):
        # "the calcification makes an abscess unlikely"
        return True
    formerly = re.search(r"\b(?:formerly|previously|earlier|where)\b", gap) is not None
    if not forward and cue.entry.id == "neg_none_post" and (formerly or not _STOP.match(lower, cue.end)):
        return True
    if not forward and category in (
        "ABSENT",
        "HISTORICAL",
        "POSSIBLE",
        "FAVOURED",
        "DISMISSED",
        "LESS_LIKELY",
        "HYPOTHETICAL",
    ):
        # looking back, a cue speaks of the subject of its own clause
        if ";" in gap or ". " in gap:
            return True
        comma = gap.rfind(",")
        if comma >= 0 and not _OR.search(gap) and not re.search(r"\band\b", gap[comma:]):
            left = lower[sentence.start : start]
            between = gap[:comma]
            tail = gap[comma + 1 :]
            if (
                re.search(r"[a-z]{3,}", tail)
                and not _RELATIVE.match(tail)
                and (re.search(r"[a-z]{3,}", between) or not _NEW_NEGATION.search(left))
            ):
                return True
        if category == "ABSENT" and _THEN.match(lower, cue.end):
            # "not seen five months back": new, so it is there now
            return True
        if category == "ABSENT" and any(
            other is not cue and other.entry.category == "PRESENT" and end <= other.start and other.end <= cue.start
            for other in sentence.cues
        ):
            return True
    return False


def _unwrapped(lower: str, first: int, last: int) -> bool:
    """Whether a line between a cue and a target ends there by intent: it is short in a wide text and leads nowhere."""
    width = max(len(line) for line in lower.split("\n"))
    for match in re.finditer(r"\n", lower[first:last]):
        stop = first + match.start()
        line = lower[lower.rfind("\n", 0, stop) + 1 : stop].rstrip()
        leads_on = re.search(r"(?:,|\b(?:or|and|of|nor|any|the|no|with|in|soft|tissue))\Z", line)
        follows = re.match(r"\s*(?:or|nor|and)\b", lower[stop:last])
        if width >= 50 and len(line) < 0.55 * width and not leads_on and not follows:
            return True
    return False


def cues_on(sentence: Sentence, lower: str, start: int, end: int, kind: str) -> list[CueHit]:
    """The cues whose reach covers a target of a kind (``findings``, ``contexts``, ``causes``) at a place."""
    found = []
    for cue in sentence.cues:
        entry = cue.entry
        if entry.direction in ("TERMINATE", "PSEUDO") or kind not in entry.applies_to:
            continue
        if cue.start < end and start < cue.end:
            continue
        if not (cue.scope_start < end and start < cue.scope_end):
            continue
        if not _blocked(sentence, lower, cue, start, end, kind):
            found.append(cue)
    return found


def resolve(
    sentence: Sentence,
    lower: str,
    start: int,
    end: int,
    kind: str,
    priorities: Mapping[str, int],
    default: str = "present",
) -> Verdict:
    """The status of a target: that of the cue with the highest priority, nearest first; else the default."""
    found = cues_on(sentence, lower, start, end, kind)
    if not found:
        return Verdict(default, ())

    def rank(cue: CueHit) -> tuple[int, int]:
        first, last = _between(cue, start, end)
        return priorities[_STATUS[cue.entry.category]], first - last

    deciding = max(found, key=rank)
    status = _STATUS[deciding.entry.category]
    if status == "present" and default in ("hypothetical", "historical"):
        status = default
    cues = tuple(Cue(c.entry.id, c.entry.category, c.start, c.end) for c in sorted(found, key=lambda c: c.start))
    return Verdict(status, cues, deciding.entry.category)


def asked(lower: str, sentence: Sentence) -> bool:
    """Whether the section of a sentence asks something ("?HO")."""
    return _QUESTION.search(lower, sentence.section.start, sentence.section.end) is not None


def certainty(cues: tuple[Cue, ...], entries: Mapping[str, CueEntry]) -> str:
    """The strongest certainty category among cues, for a named cause."""
    categories = {entries[c.entry].category for c in cues if c.entry in entries}
    for category in (
        "DISMISSED",
        "ABSENT",
        "FAMILY",
        "HISTORICAL",
        "HYPOTHETICAL",
        "LESS_LIKELY",
        "POSSIBLE",
        "ALTERNATIVE",
        "FAVOURED",
    ):
        if category in categories:
            return "POSSIBLE" if category == "ALTERNATIVE" else category
    return "PRESENT"


def to_suggest(lower: str, start: int, end: int) -> bool:
    """Whether what follows is only what a denied sign would show ("no zonal pattern to support ...")."""
    return _TO_SUGGEST.search(lower, start, end) is not None
