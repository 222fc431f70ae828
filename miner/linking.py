"""Ties descriptors, places, sides and sizes to the mention that they belong to.

A sentence with several mentions is cut into one segment a mention; what stands in a segment belongs to its mention,
unless another noun claims it. A mention without a place of its own borrows from a neighbour that it is tied to, then
from the heading, then from the examination.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from miner import measurement
from miner.draft import Draft, is_head
from miner.lexicon import Descriptor, Site
from miner.parse import Sentence
from miner.status import Verdict

PREPOSITION = re.compile(
    r"\b(?:in|within|of|at|about|around|adjacent to|overlying|over|along|near|beside|to|involving|throughout|from|"
    r"on|by|"
    r"surrounding|above|below|beneath|under|between|across|into|inside|through)\b"
)
_SEPARATOR = re.compile(
    r";|,|\band\b|\bor\b|\bwith\b|\bas well as\b|\bplus\b|\bbut\b|\bnor\b|\bin addition to\b|\bwhile\b|\("
)
_SAID = re.compile(r"\b(?:is|are|was|were|no|without|shows?|has|have)\b")
"""What ends the opening of a sentence, whose place may hold for all that follows."""
_CLAUSE = re.compile(r";|\bwhile\b|\bwhilst\b|\bwhereas\b|\bbut\b|\balthough\b")
_LISTED = re.compile(r"\s*(?:,|and|or|and/or|/|&|,\s*and)\s*")
_LIST = re.compile(
    r"(?:[\s,/&()-]|\b(?:and|or|the|both|left|right|proximal|distal|medial|lateral|anterior|posterior)\b)*"
)
# a part of the body, not a tissue or an organ in it
_PARTS = ("", "muscle", "breast")
_ENDS = re.compile(r"\s*(?:[,.;:)\n]|\Z)")
_ASIDE = re.compile(
    r",\s*(?:just\s+|immediately\s+)?(?:" + PREPOSITION.pattern + r"|behind|deep to|medial to|lateral to)"
)
_OPENS = re.compile(r"\W*(?:in|within|about|around|over|along|at|from|lateral to|medial to|anterior to|posterior to)\b")
_COORDINATION = re.compile(r"[\s,/]*(?:and|or|and/or|&|,|/|plus|as well as|versus|vs\.?)?[\s,/]*\Z")
_APPOSITION = re.compile(r"\s*(?:\(|:|-|,?\s*i\.?e\.?,?|=)\s*\Z")
_PLACES = re.compile(
    PREPOSITION.pattern
    + r"|\b(?:occup|involv|fill|cross|bridg|join|hug|outlin|follow|surround|replac|track|encas|envelop|"
    r"cover|abut|overl|reach|extend|link|connect|run|stud|dot|coat|dispers|strewn|scatter)\w*"
)
_NOUN_FOLLOWS = re.compile(r"\s+([a-z]{4,})\b")
_ANOTHER = re.compile(r"\b(?:and|with)\s+(?:\w+\s+){0,2}\Z")
_BEYOND = re.compile(
    r"\b(?:from|level of|to the level of|extending to)\s+(?:the\s+)?(?:\w+\s+|"
    r"\w+\s+(?:arch|edge|margin|tip|body|base|line) of\s+(?:the\s+)?)?\Z"
)
_IDENTITY = re.compile(
    r"\b(?:is|are|was|were|being|called|so called)\s+(?:an?\s+|the\s+|old\s+|likely\s+|probably\s+|most likely\s+|"
    r"pelvic\s+)*\Z"
)
_NEXT_WORD = re.compile(r"\s+([a-z]+)")
_AFTER_MEASURE = frozenset(
    "in and or within at along with throughout over about around but on size number extent to as than of "
    "through for are is calcification calcifications calcified calcific deposits foci focus ossification round "
    "rounded oval dense".split()
)
_WORD = re.compile(r"[a-z][a-z']*")
_FILLER = frozenset(
    "a an the and or of in to with very is are was were be seen noted appearing shaped like type size sized "
    "soft tissue tissues focus foci area areas density densities deposit deposits collection collections "
    "cluster clusters region regions pattern appearance morphology shape form also quite rather somewhat fairly "
    "more than at least approximately about well there now again old chronic incidental abnormal benign some "
    "further additional other associated overlying underlying calcification calcifications calcified calcific "
    "ossification ossified ossific mineralised mineralized mineralization configuration individual separate "
    "discrete distinct adjacent mass masses body bodies opacity opacities lesion lesions nodule nodules "
    "fragment fragments on this study has have developed are, as within along containing contains".split()
)


def arteries(sentence: Sentence, lower: str) -> None:
    """Makes regions vessels where an artery is coordinated with them ("the axillary and brachial arteries")."""
    hits = sentence.sites
    for index in range(len(hits) - 2, -1, -1):
        site, start, end = hits[index]
        after = hits[index + 1]
        if after[0].compartment == "artery" and lower[after[1] : after[2]].endswith(("arteries", "vessels")):
            if site.region and site.scope != "vascular" and _LISTED.fullmatch(lower, end, after[1]):
                vessel = replace(site, scope="vascular", compartment="artery", reported_as="artery", also=(site.id,))
                hits[index] = (vessel, start, end)


def draft(sentence: Sentence, lower: str, verdicts: Sequence[Verdict]) -> list[Draft]:
    """The mentions of a sentence, each with its segment and what it is tied to."""
    findings = sentence.findings
    drafts: list[Draft] = []
    left = sentence.start
    for index, ((finding, start, end), verdict) in enumerate(zip(findings, verdicts, strict=True)):
        right = sentence.end
        if index + 1 < len(findings):
            right = _boundary(sentence, lower, end, findings[index + 1][1])
        drafts.append(Draft(sentence, finding, start, end, left, right, verdict))
        left = right
    for one, two in pairwise(drafts):
        if _tied(sentence, lower, one, two):
            two.tied = one
            if one.tied is None:
                one.tied = two
    return drafts


def _boundary(sentence: Sentence, lower: str, end: int, start: int) -> int:
    """Where, between two mentions, the segment of the first one ends."""
    gap = lower[end:start]
    listed = re.search(r"\b(?:and|or)\s+(?:an?\s+)?[\w\s.]{0,40}\Z", gap)
    for cue in () if listed and "," not in gap else sentence.cues:
        of_findings = "findings" in cue.entry.applies_to and cue.entry.category not in (
            "TERMINATE",
            "PSEUDO",
            "ALTERNATIVE",
        )
        if of_findings and end <= cue.start and cue.end <= start:
            if cue.entry.direction == "BACKWARD":
                return cue.end
            return _subject(sentence, lower, end, cue.start)
    last = None
    for match in _CLAUSE.finditer(gap):
        # a new clause ends a segment before any comma of a list does
        last = match
    for match in _SEPARATOR.finditer(gap) if last is None else ():
        last = match
    if last is not None:
        return end + last.start()
    return start if PREPOSITION.search(gap) else end


def _subject(sentence: Sentence, lower: str, end: int, cue: int) -> int:
    """Where the subject of a denial begins: in "..., popliteal arteries without calcification" before the arteries."""
    last = None
    for match in _SEPARATOR.finditer(lower, end, cue):
        last = match
    if last is not None and any(last.end() <= hit[1] and hit[2] <= cue for hit in sentence.sites):
        return last.start()
    return cue


def _tied(sentence: Sentence, lower: str, one: Draft, two: Draft) -> bool:
    """Whether two neighbouring mentions speak of the same thing ("calcification ... consistent with phleboliths")."""
    gap = lower[one.end : two.start]
    if ";" in gap:
        return False
    if _APPOSITION.match(gap):
        return True
    if any(e.role == "undecided" and f <= one.end and two.start <= t for e, f, t in sentence.grammar):
        return True
    if (
        two.finding.states
        and not one.finding.states
        and _IDENTITY.search(gap)
        and one.finding.scope in ("", two.finding.scope)
    ):
        return True
    if (
        two.finding.states
        and not one.finding.states
        and gap.rstrip().endswith(",")
        and one.finding.scope in ("", "soft_tissue")
    ):
        # "calcified mass of the elbow, tumoral calcinosis": the name follows as an apposition
        return not re.search(r"\b(?:and|plus)\b", gap)
    return any(
        one.end <= cue.start
        and cue.end <= two.start
        and "findings" in cue.entry.applies_to
        and cue.entry.direction in ("FORWARD", "BIDIRECTIONAL")
        and cue.entry.category in ("PRESENT", "POSSIBLE", "FAVOURED", "LESS_LIKELY")
        and not _ANOTHER.search(lower, cue.end, two.start)
        for cue in sentence.cues
    )


def link(drafts: list[Draft], lower: str) -> None:
    """Fills places, descriptors, sides and sizes of the mentions of one sentence from their segments."""
    if not drafts:
        return
    sentence = drafts[0].sentence
    for one in drafts:
        one.sites = [
            hit
            for hit in sentence.sites
            if one.left <= hit[1] < one.right
            and place_holds(one, hit, lower)
            and not ((hit[0].id == "bone" or one.finding.yields) and covers(one, hit))
        ]
        gone = _elsewhere(one, one.sites, lower)
        one.sites = [hit for hit in one.sites if hit[1] not in gone]
        for hit in sentence.descriptors:
            if one.left <= hit[1] < one.right and describes(one, hit, lower):
                one.describe(hit, lower)
        one.size = measurement.size(one, lower)
        one.side = _side(one)
        one.own_place = bool(one.sites)
    _borrow(drafts, lower)


def place_holds(one: Draft, hit: tuple[Site, int, int], lower: str) -> bool:
    """Whether a place is where the mention lies, not what it spares or is set against."""
    site, start, _ = hit
    if one.spared(start):
        return False
    if site.region and _BEYOND.search(lower[max(one.left, start - 40) : start]):
        # "below the ischial spine", "from the knee down": a landmark, not the place
        return False
    fixed = one.finding.scope
    if one.finding.regional and site.region and site.compartment in _PARTS and site.scope in ("soft_tissue", "organ"):
        # "vascular calcification in both feet", "calcified node in the axilla": the region that it lies in
        return True
    return (one.finding.yields and not anchored(one)) or not (
        fixed and site.scope and site.scope != fixed and not covers(one, hit)
    )


def anchored(one: Draft) -> bool:
    """Whether a name that gives way to other places says its place itself ("calcified mediastinal nodes")."""
    return one.finding.yields and any(
        covers(one, hit) and hit[0].scope == one.finding.scope and hit[0].id not in one.finding.sites
        for hit in one.sentence.sites
    )


def _elsewhere(one: Draft, hits: list[tuple[Site, int, int]], lower: str) -> set[int]:
    """Starts of places that stand in another clause: behind a comma without a preposition, or before one with a verb.

    "Calcification of the tibial arteries, pleura smooth": the second is the subject of what follows. A list ("of the
    hip, knee and ankle") goes on as long as nothing but places and their joints stand in it.
    """
    gone: set[int] = set()
    reach = one.end
    for _, start, end in sorted((h for h in hits if h[1] >= one.end), key=lambda h: h[1]):
        gap = lower[reach:start]
        comma = max(gap.rfind(","), gap.rfind(";"))
        listed = reach > one.end and _LIST.fullmatch(gap) is not None
        # "calcific tendinitis, right supraspinatus tendon": nothing but a run of places stands behind the comma
        stop = _run_end(hits, end, lower)
        bare = _ENDS.match(lower, stop) is not None
        if comma >= 0 and not listed and not bare and not _PLACES.search(gap, comma):
            gone.update(h[1] for h in hits if h[1] >= start)
            break
        reach = max(reach, end)
    reach = one.start
    for _, start, end in sorted((h for h in hits if h[2] <= one.start), key=lambda h: -h[2]):
        gap = lower[end:reach]
        if (
            "," in gap
            and reach < one.start
            and _LIST.fullmatch(gap) is None
            and not _OPENS.match(lower, one.left, start)
            and not _ASIDE.search(gap)
        ):
            gone.update(h[1] for h in hits if h[2] <= end)
            break
        reach = min(reach, start)
    return gone


def _run_end(hits: list[tuple[Site, int, int]], end: int, lower: str) -> int:
    """Where the places that stand side by side from here on end."""
    for _, start, stop in sorted(hits, key=lambda h: h[1]):
        if start >= end and not lower[end:start].strip():
            end = stop
    return end


def covers(one: Draft, hit: tuple[Site, int, int]) -> bool:
    """Whether a place stands inside the words of the mention itself."""
    return one.start <= hit[1] and hit[2] <= one.end


def describes(one: Draft, hit: tuple[Descriptor, int, int], lower: str) -> bool:
    """Whether a descriptor belongs to the mention rather than to another noun of the segment."""
    descriptor, start, end = hit
    if one.start <= start and end <= one.end:
        return True
    others = [(first, last) for entry, first, last in one.sentence.grammar if entry.role == "finding"]
    if end <= one.start:
        gap_start, gap_end = end, one.start
        if any(gap_start <= first and last <= gap_end and not is_head(lower[first:last]) for first, last in others):
            return False
        if descriptor.reach == "sentence":
            return True
        strangers = unknown(one, lower, gap_start, gap_end)
        if descriptor.dimension in ("shape", "texture", "size") and not any(
            one.left <= f < one.start for f, _ in others
        ):
            # nothing else in the segment could own it
            return strangers <= 8 and ";" not in lower[gap_start:gap_end]
        return strangers <= (3 if ";" not in lower[gap_start:gap_end] else 0)
    if descriptor.dimension in ("size", "extent") and not PREPOSITION.fullmatch(lower, start, end):
        word = _NEXT_WORD.match(lower, end)
        if word and word.group(1) not in _AFTER_MEASURE and end < one.right:
            # "around several joints", "with mild hydroureter": the word belongs to the noun behind it
            return False
    gap = lower[one.end : start]
    if ";" in gap and descriptor.reach != "sentence":
        return False
    follows = next((first for first, last in others if first >= end), None)
    if follows is not None and follows < one.right and unknown(one, lower, end, follows) == 0:
        if not is_head(lower[follows : follows + 12].split(" ")[0]) and "," not in lower[end:follows]:
            return False
    if descriptor.dimension in ("size", "extent", "shape", "texture") and _NOUN_FOLLOWS.match(lower, end):
        # "with mild upstream hydroureter": the word describes the noun behind it
        following = _NOUN_FOLLOWS.match(lower, end)
        if (
            following
            and not following.group(1).endswith("ly")
            and following.group(1) not in _AFTER_MEASURE
            and unknown(one, lower, following.start(1), following.end(1))
            and following.end(1) <= one.right
        ):
            return False
    between = [(f, t) for f, t in others if one.end <= f and t <= start and not is_head(lower[f:t])]
    if between and descriptor.reach != "sentence":
        return bool(re.search(r"\b(?:which|that|these|they)\b", lower[between[-1][1] : start]))
    return True


def unknown(one: Draft, lower: str, start: int, end: int) -> int:
    """How many words between two places are neither filler nor a place, side or descriptor."""
    count = 0
    known = [(f, t) for _, f, t in (*one.sentence.descriptors, *one.sentence.sites)]
    known += [
        (f, t)
        for e, f, t in one.sentence.grammar
        if e.role in ("left", "right", "bilateral", "there", "affirming_verb", "anaphor")
    ]
    for match in _WORD.finditer(lower, start, end):
        if match.group() in _FILLER or any(f <= match.start() and match.end() <= t for f, t in known):
            continue
        count += 1
    return count


def _side(one: Draft) -> tuple[str, int, int] | None:
    """The side of the segment nearest to the mention."""
    sides = [
        (entry.role, first, last)
        for entry, first, last in one.sentence.grammar
        if entry.role in ("left", "right", "bilateral") and one.left <= first < one.right
    ]
    for side in sides:
        if side[0] == "bilateral":
            return side
    if not sides:
        return None
    return min(sides, key=lambda s: max(s[1] - one.end, one.start - s[2], 0))


def _borrow(drafts: list[Draft], lower: str) -> None:
    """A mention without a place takes that of a neighbour that it is tied to or coordinated with."""
    sentence = drafts[0].sentence
    first = drafts[0]
    opening = [
        hit for hit in sentence.sites if hit[1] < first.start and not _SAID.search(lower, sentence.start, hit[1])
    ]
    for index, one in enumerate(drafts):
        if one.sites:
            continue
        sources: list[Draft] = []
        if one.tied is not None:
            sources.append(one.tied)
        if index + 1 < len(drafts) and _COORDINATION.match(_plain_gap(one, drafts[index + 1], lower)):
            sources.append(drafts[index + 1])
        if index and _COORDINATION.match(_plain_gap(drafts[index - 1], one, lower)):
            sources.append(drafts[index - 1])
        for source in sources:
            usable = [
                hit
                for hit in source.sites
                if place_holds(one, hit, lower) and not (one.finding.yields and hit[0].holds)
            ]
            if usable:
                one.sites = list(usable)
                one.side = one.side or source.side
                break
        else:
            usable = [hit for hit in opening if place_holds(one, hit, lower)]
            if index and usable and not first.finding.scope:
                one.sites = usable
                one.side = one.side or first.side
    for one in drafts:
        if one.side is None and one.tied is not None:
            one.side = one.tied.side


def _plain_gap(one: Draft, two: Draft, lower: str) -> str:
    """What stands between two mentions once descriptors and sides are taken out."""
    gap = lower[one.end : two.start]
    for _, start, end in two.sentence.descriptors:
        if one.end <= start and end <= two.start:
            gap = gap.replace(lower[start:end], " ", 1)
    return gap
