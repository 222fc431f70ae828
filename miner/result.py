"""What is handed on of a report: mentions, contexts and differentials in positions of the text as given."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from miner import placement
from miner.draft import Draft
from miner.lesions import Lesion
from miner.lexicon import CauseEntry
from miner.parse import Parse
from miner.records import (
    Advice,
    Attribute,
    Candidate,
    Context,
    Cue,
    Differential,
    Evidence,
    Mention,
    Naming,
    Piece,
    Reading,
    Report,
)


def reading(
    report: Report,
    parse: Parse,
    drafts: list[Draft],
    groups: list[Lesion],
    contexts: list[Context],
    outcomes: list[Differential],
    said: Sequence[Advice],
    causes: Mapping[str, CauseEntry],
    silent: Collection[str],
) -> Reading:
    """The reading of a report from what was decided about its mentions, contexts and lesions.

    ``contexts`` whose entry is ``silent`` were evidence and are no rows of the result.
    """
    span = parse.normal.span

    def back(cue: Cue) -> Cue:
        return Cue(cue.entry, cue.category, *span(cue.start, cue.end))

    mentions = []
    for number, one in enumerate(drafts, 1):
        one.sites = placement.specific(placement.inside(one))
        attributes = tuple(
            Attribute(a.dimension, a.value, *(span(a.start, a.end) if a.start >= 0 else (-1, -1)))
            for a in one.attributes()
        )
        described = dict.fromkeys(
            (
                *one.finding.implies,
                *(d.id for d, _, _ in one.descriptors if d.dimension != "change" and not d.silent),
            )
        )
        mentions.append(
            Mention(
                f"M{number}",
                *span(one.start, one.end),
                one.finding.id,
                one.finding.kind,
                one.verdict.status,
                one.scope,
                one.sentence.section.id,
                tuple(
                    dict.fromkeys(
                        name for site, _, _ in one.sites for name in (site.reported_as or site.id, *site.also)
                    )
                ),
                one.side[0] if one.side else None,
                tuple(described),
                one.size[0] if one.size else None,
                f"L{one.lesion}" if one.lesion > 0 else None,
                tuple(back(c) for c in one.verdict.cues),
                one.scope_basis,
                attributes,
            )
        )
    placed = tuple(
        Context(c.condition, c.status, c.section, *span(c.start, c.end), tuple(back(x) for x in c.cues), c.entry)
        for c in contexts
        if c.entry not in silent
    )
    # most texts are given as they are read
    concluded = tuple(_translated(d, span) for d in outcomes) if parse.normal.cuts else tuple(outcomes)
    soft = [m for m in mentions if m.scope == "soft_tissue"]
    state = _state(m.status for m in soft)
    kinds = {g.kind for g in groups}
    kind = "both" if len(kinds) > 1 or "both" in kinds else next(iter(kinds), None)
    headline = _headline(groups, concluded, causes) if state != "absent" else None
    if headline is not None and headline.stated_cause is None:
        # the conclusion may name the cause beside another lesion of the same disease
        same = next((d for d in concluded if d.stated_cause == headline.cause), None)
        headline = replace(headline, stated_cause=headline.cause, basis="stated") if same else headline
    return Reading(
        report,
        state,
        _state(m.status for m in mentions if m.scope != "soft_tissue"),
        kind if state != "absent" else None,
        tuple(mentions),
        placed,
        concluded,
        headline,
        tuple(replace(a, start=span(a.start, a.end)[0], end=span(a.start, a.end)[1]) for a in said),
    )


def _headline(
    groups: list[Lesion], outcomes: Sequence[Differential], causes: Mapping[str, CauseEntry]
) -> Differential | None:
    """The differential that speaks for the report: present before possible, then the gravest cause, then the one
    that the conclusion names, then the first."""
    best = None
    for lesion, outcome in zip(groups, outcomes, strict=True):
        concluded = any(d.sentence.role in ("conclusion", "addendum") for d in lesion.drafts)
        key = (lesion.status == "present", causes[outcome.cause].severity, concluded, -lesion.number)
        if best is None or key > best[0]:
            best = (key, outcome)
    return best[1] if best else None


def _state(statuses: Iterable[str]) -> str:
    found = set(statuses)
    return "present" if "present" in found else "possible" if "possible" in found else "absent"


def _translated(outcome: Differential, span: object) -> Differential:
    def place(item: Any) -> tuple[int, int]:
        return span(item.start, item.end) if item.start >= 0 else (item.start, item.end)  # type: ignore[no-any-return, operator]

    candidates = tuple(
        Candidate(
            c.cause,
            c.probability,
            c.stated,
            tuple(Evidence(e.entry, e.kind, e.weight, *place(e)) for e in c.evidence),
        )
        for c in outcome.candidates
    )
    return replace(
        outcome,
        candidates=candidates,
        pieces=tuple(Piece(p.feature, *place(p), p.share) for p in outcome.pieces),
        namings=tuple(Naming(n.cause, n.certainty, n.order, *place(n)) for n in outcome.namings),
    )
