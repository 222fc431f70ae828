"""Where a mention lies: the place that decides, those that are kept, those taken from the examination."""

from __future__ import annotations

import re
from collections.abc import Sequence

from miner.draft import Draft
from miner.examination import Examination
from miner.lexicon import Lexicon, Site
from miner.linking import PREPOSITION, covers, unknown

_LANDMARK = re.compile(
    r"\b(?:adjacent to|beside|near|next to|overlying|overlies|overlie|over|superficial to|deep to|lateral to|"
    r"medial to|anterior to|"
    r"posterior to|superior to|inferior to|above|below|abutting|close to|distal to|proximal to|off)\s+(?:the\s+|"
    r"its\s+)?(?:\w+\s+){0,2}\Z"
)
_PARTS = ("", "muscle", "breast")
_BODY = ("soft_tissue", "organ")
_INSIDE = re.compile(r"\b(?:in|within|inside|of)\s+(?:the\s+|an?\s+)?(?:\w+\s+){0,3}\Z")
_BREAK = re.compile(
    r"[,;:]|\b(?:in|within|of|at|about|around|to|from|on|by|is|are|was|were|there|no|not|without|with|shows?|has|"
    r"have|contains?)\b"
)
_COPULA = re.compile(r"\b(?:is|are|was|were|appears?|remains?|looks?|being|shows?|has|have|become|becomes)\b")
_SHOWS = re.compile(r"\b(?:shows?|showing|demonstrates?|contains?|has|have|free of|without|exhibits?|with)\b")
_OF = re.compile(r"\s*(?:of|in)\s+(?:(?:the|both|each|either|his|her|left|right)\s+)*")
_OBJECT = re.compile(r"\b(?:in|within|by|into|through|against)\s+(?:the|this)\s+(?:\w+\s+)?\Z")
_WITHIN = re.compile(r"\A[^,;]*\b(?:in|within|of)\b")


def dominant(one: Draft, lower: str) -> Site | None:
    """The place that decides on which side of the scope the mention lies."""
    after = sorted((hit for hit in one.sites if hit[1] >= one.end), key=lambda h: h[1])
    before = sorted((hit for hit in one.sites if hit[2] <= one.start), key=lambda h: -h[2])
    if _OBJECT.search(lower, one.left, one.start):
        # "the vessels run in a groove in the ossification": what stands before it is not where it lies
        before = []
    inside = [] if one.finding.yields else [hit for hit in one.sites if covers(one, hit)]
    order: list[tuple[Site, int, int]] = []
    if one.finding.head:
        near = [
            h
            for h in after
            if not PREPOSITION.search(lower[one.end : h[1]])
            and not _COPULA.search(lower[one.end : h[1]])
            and "," not in lower[one.end : h[1]]
        ]
        subject = [h for h in before if _COPULA.search(lower[h[2] : one.start])]
        # "loose bodies, calcified": the adjective stands behind its noun
        behind = [h for h in before[:1] if re.fullmatch(r"\s*[,(]\s*", lower[h[2] : one.start])]
        # "calcified right hilar nodes": the last of the run of places is the noun
        order = [
            *behind,
            *_nouns(_run(near, lower)),
            *inside,
            *subject,
            *_nouns(_run(after, lower)),
            *after,
            *before,
        ]
    else:
        adjacent = [
            h
            for h in before
            if unknown(one, lower, h[2], one.start) <= 1 and not _BREAK.search(lower[h[2] : one.start])
        ]
        # "femoral vessels show calcification down to the knee": the subject has it
        subject = [
            h
            for h in before
            if h[0].scope
            and not h[0].weak
            and _SHOWS.search(lower[h[2] : one.start])
            and not re.search(r"[,;]", lower[h[2] : one.start])
        ]
        if after and _WITHIN.search(lower[one.end : after[0][1]]):
            subject = []
        order = [*adjacent, *inside, *subject, *_nouns(_run(after, lower)), *after, *before]
    landmarks: list[Site] = []
    leading = _run(sorted(before, key=lambda h: h[1]), lower)
    if order and order[0] in leading and any(h[0].scope == "vascular" for h in leading):
        # "arterial walls of the wrists calcified"
        return next(h[0] for h in leading if h[0].scope == "vascular")
    for hit in order[:1]:
        # "the arteries of both thighs are calcified": the region says where the vessels run
        for vessel in before:
            if vessel[0].scope == "vascular" and vessel[2] <= hit[1] and _OF.fullmatch(lower, vessel[2], hit[1]):
                return vessel[0]
    run = _run(after, lower)
    if run and any(h[0].scope == "vascular" for h in run) and order and order[0] in run:
        # "of the femoral artery stump": an artery decides wherever it stands in the run
        return next(h[0] for h in run if h[0].scope == "vascular")
    for site, start, _ in order:
        if not site.scope:
            continue
        lead = lower[max(one.left, start - 40) : start]
        if start >= one.end and site.scope in ("organ", "other") and _LANDMARK.search(lead):
            landmarks.append(site)
            continue
        if site.id == "bone" and start >= 0 and not _INSIDE.search(lead) and not one.finding.head:
            landmarks.append(site)
            continue
        return site
    if landmarks:
        # what lies beside an organ lies where the examination says
        return None
    return order[0][0] if order else None


def _nouns(run: list[tuple[Site, int, int]]) -> list[tuple[Site, int, int]]:
    """A run of places, its noun first: the last one, unless that is only a tissue ("tracheobronchial cartilages")."""
    backwards = run[::-1]
    if backwards and backwards[0][0].weak and backwards[0][0].compartment in ("cartilage", "joint", "ligament"):
        backwards.sort(key=lambda h: h[0].weak)
    return backwards


def _run(hits: list[tuple[Site, int, int]], lower: str) -> list[tuple[Site, int, int]]:
    """The first places of a list that follow each other without a preposition or a verb between them."""
    run: list[tuple[Site, int, int]] = []
    for hit in hits:
        if run:
            gap = lower[run[-1][2] : hit[1]]
            if PREPOSITION.search(gap) or _COPULA.search(gap) or re.search(r"[,;]|\band\b|\bor\b", gap):
                break
        run.append(hit)
    return run


def specific(sites: list[tuple[Site, int, int]]) -> list[tuple[Site, int, int]]:
    """The places without those that only name the larger part of another one, each once."""
    # a larger part that is named elsewhere in the sentence stands for itself
    parents: dict[str, list[tuple[int, int]]] = {}
    for site, start, end in sites:
        if site.parent:
            parents.setdefault(site.parent, []).append((start, end))
    kept: dict[str, tuple[Site, int, int]] = {}
    for hit in sites:
        site = hit[0]
        if site.id in parents and (
            hit[1] < 0 or any(hit[1] < end + 12 and start < hit[2] + 12 for start, end in parents[site.id])
        ):
            continue
        kept.setdefault(site.id, hit)
    return list(kept.values())


def inside(one: Draft) -> list[tuple[Site, int, int]]:
    """The places that are on the mention's own side of the scope; a soft tissue mention does not lie in an organ."""
    if one.scope != "soft_tissue":
        vessels = {s.id for s, _, _ in one.sites if s.scope == "vascular"}
        viscera = {s.id for s, _, _ in one.sites if s.compartment == "viscera"}
        # "atherosclerotic calcification of the aorta" lies there, not in arteries at large
        general = ({"artery"} if len(vessels) > 1 else set()) | ({"lung"} if viscera else set())
        return [hit for hit in one.sites if hit[0].id not in general]
    # ossification "of mature bone" is no place in a bone
    return [
        hit
        for hit in one.sites
        if (hit[0].scope not in ("organ", "vascular") or hit[0].id == "peritoneum") and hit[0].id != "bone"
    ]


def place(
    one: Draft,
    lower: str,
    heading: Examination,
    examination: Examination,
    implied_by_name: Sequence[Site] = (),
) -> None:
    """Gives a mention without a place of its own that of its heading, else that of the examination."""
    if one.finding.yields and one.scope == one.finding.scope:
        # "calcified hilar nodes": the name gives way to other places, but where it stands, its own words are one
        one.sites += [
            hit
            for hit in one.sentence.sites
            if covers(one, hit) and hit[0].scope == one.scope and hit[0].id not in one.finding.sites
        ]
        # "calcified nodes at the right hilum": the node is said by the name, the station beside it
        named = {site.id for site, _, _ in one.sites}
        one.sites += [(site, -1, -1) for site in implied_by_name if named and site.holds and site.id not in named]
    one.hidden = [hit for hit in one.sites if hit[0].silent]
    tissue = [hit for hit in one.sentence.sites if hit[0].id == "soft_tissue" and covers(one, hit)]
    tissue += [hit for hit in one.sites if hit[0].id == "soft_tissue"]
    one.sites = [hit for hit in one.sites if hit[0].id != "soft_tissue" and not hit[0].silent]
    own_place = bool(one.sites)
    if not one.sites and implied_by_name:
        one.sites = [(site, -1, -1) for site in implied_by_name]
    if one.scope == "vascular" and all(covers(one, hit) for hit in one.sites if hit[1] >= 0):
        vessels = [(s, -1, -1) for s in heading.sites if s.scope == "vascular" and s.id != "artery"]
        # "AORTA: atherosclerotic calcification": the heading says which vessel
        one.sites = vessels or one.sites
    if own_place and not any(s.region or s.also or s.scope != one.scope for s, _, _ in one.sites):
        # "SUPRASPINATUS: calcification in the anterior tendon": the heading says the structure, the sentence the tissue
        over = [s for s in heading.sites if s.scope in ("", one.scope)]
        # "subcutaneous calcification", "arterial calcification": the tissue is said, the part is the one examined
        parts = [s for s in examination.sites if s.region and s.compartment in _PARTS and s.scope in _BODY]
        one.sites += [(s, -1, -1) for s in over or parts]
    if all(s.compartment == "joint" for s, _, _ in one.sites):
        # a loose body lies in the joint that was examined
        implied = heading.sites or examination.sites
        fixed = one.finding.scope
        one.sites += [(s, -1, -1) for s in implied if one.sites or not (fixed and s.scope and s.scope != fixed)]
    if one.scope == "soft_tissue":
        # "soft tissue calcification", "in the soft tissues of the calf": said, beside the structure
        one.sites += tissue[:1]
    if one.side is None:
        # a midline structure has no side, whatever was examined
        paired = any(site.paired or not site.region for site, _, _ in one.sites) if own_place else True
        side = heading.laterality or (examination.laterality if paired else None)
        if side:
            one.side = (side, -1, -1)


def lodge(one: Draft, site: Site) -> None:
    """Puts the site where such a finding lodges in place of the region that it lies in."""
    one.sites = [(site, start, end) if s.id == site.parent else (s, start, end) for s, start, end in one.sites]


def tissues(lexicon: Lexicon) -> list[tuple[Site, re.Pattern[str]]]:
    """The sites that are only a tissue (tendon, bursa, muscle ...), each with its words."""
    found = []
    for site in lexicon.of(Site).values():
        if site.weak and site.compartment and not site.region and not site.silent:
            words = "|".join(re.escape(p) for p in lexicon.phrases("sites", site.id))
            found.append((site, re.compile(rf"\b(?:{words})\b")))
    return found


def with_tissue(one: Draft, lower: str, tissues: Sequence[tuple[Site, re.Pattern[str]]]) -> None:
    """Adds the tissue that the words of a place name: "supraspinatus tendon" is a structure and a tendon."""
    have = {site.id for site, _, _ in one.sites}
    for site, start, end in tuple(one.sites):
        for tissue, words in tissues:
            if start >= 0 and site.compartment == tissue.compartment and tissue.id not in have:
                if tissue.id not in site.id and words.search(lower, start, end):
                    one.sites.append((tissue, start, end))
                    have.add(tissue.id)
